"""The file that `backpath variation` reads: one row per practice, or per practice, sex and age band.

Everything wrong with it is told at once, by the row that a spreadsheet shows. Columns that could tell who somebody is
are refused before anything of the file is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from outcomes.disclosure.cells import TOTAL_WORDS
from outcomes.table_rules import BadTable, Rules
from pathways import BadInput, Problem, did_you_mean
from pathways.files.cells import cells_of
from pathways.files.persons import persons_in
from pathways.files.table import Column, typed
from pathways.files.values import NotThat, date_in
from ui.inputs.practice_rows import more_events_than_people, practices_only, with_bands_of_nobody

PRACTICE = ("practice_code", "practice")
PEOPLE = ("population", "list_size", "n")
COUNTS = ("count", "events", "mri_referrals", "spinal_referrals", "physio_first", "injections")
AGES = ("ageband", "age_band")
PERIOD = ("period_start", "period_end")
MOST_SHOWN = 5


def read_variation_file(
    path: Path, *, count: str | None = None, fill_missing: float | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and people by practice from a CSV file, for `practice_variation`; `BadInput` with everything wrong.

    Columns: `practice_code` or `practice`; the events, in `count` or in the column that `count` names; people, in
    `population` or `list_size`; if wanted `sex`, `ageband`, `imd_decile`, `period_start`, `period_end`. Others are left
    alone. Returns events (`practice`, `sex`, `ageband`, `count`, and the period as dates) and population (`practice`,
    `sex`, `ageband`, `n`, `imd_decile`), each with those columns that the file has. A blank count is an error, unless
    `fill_missing=0`.

    Rows of other levels, and rows that are the sum of others, are left out; bands that a practice has no row for are taken
    as nobody. `attrs["notes"]` of the events tell of it, and `attrs["doubts"]` what the one who gave the file must hear.
    """
    cells = cells_of(path)
    file = cells.file
    problems = persons_in(file, cells.header, cells.rows)
    if problems:
        raise BadInput(problems)
    if not cells.rows:
        says = "there are no rows of data. Give a header and one row for each practice."
        raise BadInput([Problem("rows_exist", file, says)])
    table = cells.table()
    columns, problems = _columns(cells.header, count, file)
    if problems:
        raise BadInput(problems)
    made = pd.DataFrame(index=table.index)
    for ours, column in columns.items():
        text = table[column.name]
        if column.kind != "text":
            stars = text.str.match(r"\s*(\*|<)").astype(bool)
            problems += _suppressed(text, stars, file)
            text = text.mask(stars, "1")
        if ours == "count" and fill_missing is not None:
            text = text.mask(text == "", str(fill_missing))
        try:
            made[ours] = typed(text.to_frame(), [column], file=file)[column.name]
        except BadInput as error:
            problems += error.problems
    for ours in PERIOD:
        if ours in made:
            made[ours], wrong = _dates(made[ours], file)
            problems += wrong
    problems += _row_problems(made, columns, file)
    if problems:
        raise BadInput(problems)
    groups = table.drop(columns=[column.name for column in columns.values()])
    made, notes = practices_only(made, groups)
    if not made["n"].sum():
        raise BadInput(
            [Problem("rows_exist", file, f"no practice has any people: column {columns['n'].name} holds 0 only.")]
        )
    made, more = with_bands_of_nobody(made)
    return _as_tables(made, notes + more)


def _as_tables(made: pd.DataFrame, notes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events, with what is told of the file, and population; rows from 0."""
    whole = made.reset_index(drop=True)
    keys = [column for column in ("practice", "sex", "ageband") if column in made]
    own = [column for column in ("imd_decile",) if column in made]
    period = [column for column in PERIOD if column in made]
    events, population = whole[[*keys, "count", *period]], whole[[*keys, "n", *own]]
    events.attrs |= {"notes": notes, "doubts": more_events_than_people(whole)}
    return events, population


def bad_input(error: BadTable, where: str) -> BadInput:
    """The problems of tables as problems of a file.

    >>> str(bad_input(BadTable(["population: n: row 1: 0; a number above 0 is needed"]), "south.csv"))
    'south.csv: population: n: row 1: 0; a number above 0 is needed.'
    """
    return BadInput([Problem("tables_are_good", where, f"{each.rstrip('.')}.") for each in error.problems])


def _columns(header: list[str], count: str | None, file: str) -> tuple[dict[str, Column], list[Problem]]:
    """Our columns, each under the name that the file gives it; and what is lacking."""
    problems: list[Problem] = []

    def one_of(names: Sequence[str]) -> str | None:
        found = [name for name in header if name.lower() in names]
        if len(found) > 1:
            says = f"the columns {', '.join(found)} stand for the same. Keep one."
            problems.append(Problem("columns_are_clear", file, says))
        return found[0] if found else None

    def needed(names: Sequence[str], what: str) -> str:
        found = one_of(names)
        if found is None:
            says = f"there is no column for {what}: {' or '.join(names)}. The file has: {', '.join(header)}."
            problems.append(Problem("columns_exist", file, says))
        return found or names[0]

    columns = {
        "practice": Column(needed(PRACTICE, "the practice")),
        "count": Column(_count_column(header, count, file, problems), "whole"),
        "n": Column(needed(PEOPLE, "its people"), "whole"),
    }
    for ours, names in (("sex", ("sex",)), ("ageband", AGES)):
        if found := one_of(names):
            columns[ours] = Column(found)
    if found := one_of(("imd_decile",)):
        columns["imd_decile"] = Column(found, "whole", optional=True, low=1, high=10)
    for ours in PERIOD:
        if found := one_of((ours,)):
            columns[ours] = Column(found)
    return columns, problems


def _count_column(header: list[str], count: str | None, file: str, problems: list[Problem]) -> str:
    """The column that holds the events: the one asked for, `count`, or the only one of the usual names."""
    if count is not None:
        if count not in header:
            says = f"there is no column '{count}' to count. {did_you_mean(count, header)}"
            problems.append(Problem("columns_exist", file, says))
        return count
    known = [name for name in header if name.lower() in COUNTS]
    plain = [name for name in known if name.lower() == "count"]
    if not known:
        says = f"there is no column of events. Call it 'count', or name it. The file has: {', '.join(header)}."
        problems.append(Problem("columns_exist", file, says))
    elif len(known) > 1 and not plain:
        says = f"there are several columns of events: {', '.join(known)}. Name the one to count."
        problems.append(Problem("columns_are_clear", file, says))
    return (plain or known or ["count"])[0]


def _suppressed(cells: pd.Series, stars: pd.Series, file: str) -> list[Problem]:
    says = (
        "'{}' stands for a small number that was hidden: it cannot be counted. "
        "Ask for the number, or leave the practice out."
    )
    faults = [(row, says.format(cells[row])) for row in cells.index[stars].tolist()]
    return _told("counts_are_known", file, str(cells.name), faults, more="hold hidden numbers")


def _dates(cells: pd.Series, file: str) -> tuple[pd.Series, list[Problem]]:
    """Dates, and what is not one."""
    found: list[date | None] = []
    faults = []
    for row, cell in zip(cells.index.tolist(), cells, strict=True):
        try:
            found.append(date_in(cell))
        except NotThat as error:
            found.append(None)
            faults.append((row, str(error)))
    problems = _told("dates_are_dates", file, str(cells.name), faults, more="are not dates")
    return pd.Series(found, index=cells.index, dtype=object), problems


def _told(rule: str, file: str, column: str, faults: Sequence[tuple[int, str]], *, more: str) -> list[Problem]:
    """The first faults of a column, each by the row of the file, and how many more cells have such a fault."""
    where = f"column {column}"
    problems = [Problem(rule, f"{file}: row {number}, {where}", says) for number, says in faults[:MOST_SHOWN]]
    if len(faults) > MOST_SHOWN:
        problems.append(Problem(rule, f"{file}: {where}", f"{len(faults) - MOST_SHOWN} more cells {more}."))
    return problems


def _row_problems(made: pd.DataFrame, columns: dict[str, Column], file: str) -> list[Problem]:
    """What is wrong with rows whose cells are good: nobody registered, rows that stand twice, periods that differ."""
    named = {ours: column.name for ours, column in columns.items()}
    keys = [named[column] for column in ("practice", "sex", "ageband") if column in made]
    rules = Rules(file, made.rename(columns=named))
    if {"n", "count"} <= set(made):
        among_nobody = (made["n"] == 0) & (made["count"] > 0)
        rules.rows(among_nobody, [named["count"], named["n"]], "events among nobody; correct one of the two")
    if "practice" in made:
        alike = rules.table[keys].apply(lambda names: names.str.casefold())
        twice = alike.duplicated() & (made["practice"] != "")
        rules.rows(twice, keys, "each practice, sex and age band may stand once only")
    if "practice" in made:
        whole = made["practice"].str.strip().str.casefold().isin(TOTAL_WORDS)
        rules.rows(whole, named["practice"], "a total is no practice; leave the row out")
    if set(PERIOD) <= set(made):
        start, end = made["period_start"], made["period_end"]
        both = start.notna() & end.notna()
        backwards = pd.Series([bool(ok) and a > b for a, b, ok in zip(start, end, both, strict=True)], index=made.index)
        rules.rows(backwards, [named[column] for column in PERIOD], "a period ends after it starts")
    for column in PERIOD:
        if column in made and made[column].notna().all():
            other = made[column] != made[column].iloc[0]
            rules.rows(other, named[column], "all rows need the same period: rates over different times do not compare")
    parts = [problem.removeprefix(f"{file}: ") for problem in rules.problems]
    return [Problem("rows_are_good", file, f"{part}.") for part in parts]
