"""The file that `backpath value` reads: one row per service (and group of deprivation), and the options of the command.

Everything wrong with it is told at once, by the row that a spreadsheet shows.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from outcomes.policy_values import LIBRARY as DATA
from outcomes.portfolio.options import NEUTRAL, USE
from outcomes.portfolio.value import GAINS, GRADE, TRIAL, PortfolioSettings, share_of_today, spend_today
from pathways import BadInput, Problem, did_you_mean, refuse
from pathways.files.cells import cells_of
from pathways.files.opened import is_there
from pathways.files.persons import persons_in
from pathways.files.table import PRICE_BLANK, Column, typed
from pathways.files.values import NotThat, number_in
from pathways.problems import plain

LIBRARY = MappingProxyType({"midnotts": "Back pain care in Mid-Nottinghamshire: a worked example"})
"""Portfolios that ship with the project, by name, with their titles."""
TOTAL = re.compile(r"\s*(?:(?:grand|sub)?[ -]?totals?|sum|overall|all(?: services)?|england)\s*:?\s*", re.IGNORECASE)
"""What a row is called that adds others up."""
FEWEST_SUMMED = 2
"""Of one row alone another is a copy, not a sum."""
MOST_POUNDS = 1_000_000_000_000
MOST_PEOPLE = 1_000_000_000
MOST_QALYS = 1_000
"""Of a person, either way. Above these a number is a slip, and numbers so far apart can no longer be reckoned with."""
COLUMNS = (
    Column("service"),
    Column("unit_cost", "number", high=MOST_POUNDS, blank=PRICE_BLANK),
    Column(GAINS, "number", low=-MOST_QALYS, high=MOST_QALYS),
    Column("n_now", "number", high=MOST_PEOPLE),
    Column("min_n", "number", high=MOST_PEOPLE),
    Column("max_n", "number", high=MOST_PEOPLE, optional=True),
)
MAY_BE = (
    Column("imd_group", optional=True),
    Column("evidence_class", optional=True),
    Column("variable_share", "number", optional=True),
    Column("qaly_sd", "number", high=MOST_QALYS, optional=True),
    Column("setup_cost", "number", high=MOST_POUNDS, optional=True),
    Column("change_limit", "number", optional=True),
)


def read_portfolio(
    name_or_path: str | Path,
    *,
    gains: str = TRIAL,
    budget: float | None = None,
    deprived: str = "",
    deprived_share: float | None = None,
    change_limit: str = "",
    weights: str = "",
    need: str = "",
    capacity: str = "",
    integer: bool = True,
) -> tuple[pd.DataFrame, PortfolioSettings]:
    """Options and settings from a CSV file, or from a portfolio of the library; `BadInput` with everything wrong.

    `gains`: trial (the column `qaly_pp`), or a name whose column `qaly_pp_<name>` the file has. `budget` in pounds: what
    is spent today, if left out. `deprived`: groups, "1,2", of whom `deprived_share` of all people treated must be.
    `change_limit`: "200" people, or "25%" of today's number (of new services none). `weights` and `need`: by group,
    "1=1.5,2=1". `capacity`: "sessions=1200", of which a person uses what the column `sessions_per_person` says.
    The table has every column of the file, numbers as numbers; its index is the row in a spreadsheet.
    """
    path, title = _found(name_or_path)
    cells = _cells(path)
    header = [str(name) for name in cells]
    known = [*COLUMNS, *(column for column in MAY_BE if column.name in header)]
    other_gains = tuple(
        name.removeprefix(f"{GAINS}_") for name in header if name.startswith(f"{GAINS}_") and not name.endswith(GRADE)
    )
    known += [Column(f"{GAINS}_{name}", "number", low=-MOST_QALYS, high=MOST_QALYS) for name in other_gains]
    known += [Column(name, "number", high=MOST_PEOPLE, optional=True) for name in header if name.endswith(USE)]
    numbers = [column.name for column in known if column.kind == "number" and column.name in cells]
    in_figures = cells.assign(**{name: cells[name].str.replace(r"^(-?)£ ?", r"\1", regex=True) for name in numbers})
    problems = _misnamed(header, path.name) + _rows_that_are_no_options(cells, path.name)
    table = cells
    try:
        table = typed(in_figures, known, file=path.name)
        problems += _sums_of_others(table, path.name)
    except BadInput as bad:
        problems += bad.problems
    asked = _Asked(problems)
    by_group = {name: asked.pairs(f"--{name}", text) for name, text in (("weights", weights), ("need", need))}
    capacities = asked.pairs("--capacity", capacity)
    limit, limit_share = asked.limit("--change-limit", change_limit)
    if gains not in (TRIAL, *other_gains):
        there = ", ".join((TRIAL, *other_gains))
        says = f"the file has no column '{GAINS}_{gains}'. There are: {there}."
        problems.append(Problem("gains_exist", f"--gains {gains}", says))
    if problems:
        raise BadInput(problems)
    rest = cells[[name for name in cells if name not in table]]
    options = pd.concat([table, rest], axis=1)
    if "imd_group" in options:
        options["imd_group"] = options["imd_group"].replace("", str(NEUTRAL["imd_group"]))
    if limit_share is not None:
        options["change_limit"] = share_of_today(options, limit_share)
    limits = {
        "budget": spend_today(options) if budget is None else budget,
        "deprived_groups": tuple(each.strip() for each in deprived.split(",") if each.strip()),
        "deprived_share": deprived_share,
        "change_limit": limit,
        "equity_weights": by_group["weights"] or None,
        "need_share": by_group["need"] or None,
        "resources": pd.DataFrame({"name": list(capacities), "capacity": list(capacities.values())}, dtype=object)
        if capacities
        else None,
        "integer": integer,
    }
    name = str(name_or_path) if str(name_or_path) in LIBRARY else path.stem
    return options, PortfolioSettings(name, title, path.name, gains, other_gains, MappingProxyType(limits))


def _misnamed(header: list[str], file: str) -> list[Problem]:
    """Columns that look like a misspelt one of those that mean something: they would count as not there."""
    meant = [column.name for column in (*COLUMNS, *MAY_BE)]
    problems = []
    for name in header:
        if name in meant or name.startswith(f"{GAINS}_") or name.endswith((USE, GRADE, "_source")):
            continue
        hint = did_you_mean(name.lower().replace(" ", "_"), [each for each in meant if each not in header])
        if hint.startswith("Did you mean"):
            says = f"'{name}' is none of the columns that are read. {hint} Call it so, or call it something else."
            problems.append(Problem("columns_are_known", f"{file}: column {name}", says))
    return problems


def _rows_that_are_no_options(cells: pd.DataFrame, file: str) -> list[Problem]:
    """Rows of a total, and rows without a group where others have one: both would count people twice."""
    problems = []
    if "service" in cells:
        for row, service in cells["service"].items():
            if TOTAL.fullmatch(service):
                says = f"'{service}' looks like a total of other rows. Remove it: its people and its cost would count twice."
                problems.append(Problem("rows_are_options", f"{file}: row {row}, column service", says))
        problems += _twice_but_for_case(cells, file)
    if {"service", "imd_group"} <= set(cells) and (cells["imd_group"] != "").any():
        split = set(cells.loc[cells["imd_group"] != "", "service"])
        for row in cells.index[(cells["imd_group"] == "") & cells["service"].isin(split)]:
            says = "is blank, and other rows of this service have a group. Write its group, or remove the row if it is their total."
            problems.append(Problem("groups_are_told", f"{file}: row {row}, column imd_group", says))
    return problems


def _twice_but_for_case(cells: pd.DataFrame, file: str) -> list[Problem]:
    """Services that differ in case and blanks only: one of them would count for itself."""
    names = cells["service"].tolist()
    keys = [plain(name) for name in names]
    first = dict(zip(keys[::-1], names[::-1], strict=True))
    says = "is '{}' but for case and blanks. Write both alike if they are one service, or name them apart."
    return [
        Problem("services_differ", f"{file}: row {row}, column service", f"'{name}' {says.format(first[key])}")
        for row, name, key in zip(cells.index, names, keys, strict=True)
        if name and name != first[key]
    ]


def _sums_of_others(table: pd.DataFrame, file: str) -> list[Problem]:
    """A row whose people today and at most are those of all other rows together, whatever it is called: a total."""
    numbers = table[["n_now", "max_n"]]
    if len(numbers) <= FEWEST_SUMMED or numbers.isna().any(axis=None):
        return []
    says = "its people are those of all other rows together. Is it their total? Remove it: they would count twice."
    return [
        Problem("rows_are_options", f"{file}: row {row}", says)
        for row in numbers.index[(2 * numbers == numbers.sum()).all(axis=1) & (numbers["n_now"] > 0)]
    ]


def _found(name_or_path: str | Path) -> tuple[Path, str]:
    """The file and its title. A bare name is looked for in the library first."""
    name, path = str(name_or_path), Path(name_or_path)
    if name in LIBRARY:
        return DATA / f"{name}_portfolio.csv", LIBRARY[name]
    if not path.suffix and not is_there(path):
        says = f"there is no portfolio of that name in the library and no such file. {did_you_mean(name, LIBRARY)}"
        raise refuse("portfolio_exists", name, says)
    return path, f"Portfolio {path.stem}"


def _cells(path: Path) -> pd.DataFrame:
    """The file's cells as text; the index is the row of the file."""
    cells = cells_of(path)
    if persons := persons_in(cells.file, cells.header, cells.rows):
        raise BadInput(persons)
    if not cells.rows:
        raise refuse("rows_exist", path.name, "there are no services in it. Write a header and one row for each.")
    return cells.table()[[name for name in cells.header if name]]


class _Asked:
    """Options of the command as numbers; what is wrong with them is added to `problems`."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems

    def pairs(self, option: str, text: str) -> dict[str, float]:
        """Names with numbers: "1=1.5,2=1"."""
        found = {}
        for part in (part for part in text.split(",") if part.strip()):
            name, equals, value = part.partition("=")
            number = _number(value)
            if not equals or not name.strip() or number is None:
                says = f"'{part.strip()}' is not a name and a number. Write them like 1=1.5,2=1."
                self.problems.append(Problem("pairs", f"{option} {text}", says))
                return {}
            found[name.strip()] = number
        return found

    def limit(self, option: str, text: str) -> tuple[float | None, float | None]:
        """A number of people, or a share."""
        if not text.strip():
            return None, None
        number = _number(text.strip().removesuffix("%"))
        of_people = not text.strip().endswith("%")
        if number is None or number < 0 or (of_people and 0 < number < 1):
            says = "write a number of people, like 200, or a share of today's, like 25%."
            if number is not None and 0 < number < 1:
                says = f"this is less than one person. Write {100 * number:g}% for a share of today's people."
            self.problems.append(Problem("change_limit", f"{option} {text}", says))
            return None, None
        return (number, None) if of_people else (None, number / 100)


def _number(text: str) -> float | None:
    try:
        return number_in(text)
    except NotThat:
        return None
