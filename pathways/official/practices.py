"""Reader of patients registered at a GP practice, and what all readers of official tables of practices share.

Files are read as they are published, zipped or not, in the formats of several years. Publisher: NHS England, under the
Open Government Licence; no copy ships with the project. The map and the scores are read by `places`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from pathways.files.cells import cells_of
from pathways.files.opened import name_of
from pathways.files.table import Column, typed
from pathways.files.values import NotThat, date_in
from pathways.problems import ROWS_SHOWN, BadInput, Problem, did_you_mean, first_few, refuse
from pathways.region import AGE_BANDS, SEXES
from pathways.region_folder import MOST_PEOPLE

Names = Mapping[str, tuple[str, ...]]
"""Our name of a column, and the names that publishers have given it."""

REGISTERED: Names = {
    "kind": ("ORG_TYPE", "TYPE"),
    "practice": ("ORG_CODE", "CODE"),
    "sex": ("SEX",),
    "age_band": ("AGE_GROUP_5", "AGE"),
    "people": ("NUMBER_OF_PATIENTS",),
    "date": ("EXTRACT_DATE",),
}
PRACTICE_MAP: Names = {
    "practice": ("PRACTICE_CODE",),
    "name": ("PRACTICE_NAME",),
    "network": ("PCN_CODE",),
    "network_name": ("PCN_NAME",),
    "area": ("SUB_ICB_LOCATION_CODE", "CCG_CODE"),
    "area_name": ("SUB_ICB_LOCATION_NAME", "CCG_NAME"),
    "icb": ("ICB_CODE", "STP_CODE"),
    "icb_name": ("ICB_NAME", "STP_NAME"),
    "date": ("EXTRACT_DATE",),
}
DEPRIVATION: Names = {
    "practice": ("PRACTICE_CODE", "Area Code"),
    "score": ("IMD_SCORE", "Value"),
    "level": ("Area Type",),
    "indicator": ("Indicator Name",),
    "edition": ("IMD_YEAR", "Time period"),
}
MAY_LACK = ("network_name", "area_name", "icb", "icb_name", "date", "level", "indicator", "edition")
WHAT = {
    "registered": "patients registered at a GP practice",
    "map": "the map of practices to networks",
    "deprivation": "deprivation score by practice",
}
FILES: dict[str, Names] = {"registered": REGISTERED, "map": PRACTICE_MAP, "deprivation": DEPRIVATION}
CODES = ("practice", "network", "area", "icb")
"""Columns of codes, which are read in capitals."""
BOTH = "ALL"
"""Rows of totals, over sexes or ages."""
SEX = {"FEMALE": 0, "MALE": 1}
NOT_STATED = ("INDETERMINATE", "UNKNOWN", "NOT KNOWN", "UNSPECIFIED")
"""Sexes of people who are left out, and told as such with those whose age is not known."""


@dataclass(frozen=True)
class Registered:
    """People registered by practice. `people` is by practice, sex and age band where `by_age`, else totals in one column.

    `missing` are people of a practice's total who stand in no row of a sex and an age; practices without such are left out.
    """

    date: date
    codes: tuple[str, ...]
    people: np.ndarray
    by_age: bool
    missing: Mapping[str, int] = field(default_factory=dict)

    @property
    def sizes(self) -> np.ndarray:
        """People of each practice in `people`, sexes and ages together."""
        return self.people.reshape(len(self.codes), -1).sum(axis=1)

    def places_of(self, codes: Sequence[str]) -> np.ndarray:
        """The places of some practices in `codes` and `people`."""
        position = {code: place for place, code in enumerate(self.codes)}
        return np.array([position[code] for code in codes])


# what all tables share


def open_table(path: Path, *, what: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """The columns of an official CSV file under our names, as text, and what the file calls them.

    The index is the row of the file. Codes are in capitals. `what` is "registered", "map" or "deprivation": the file
    that was asked for, so that a wrong one can be named.
    """
    try:
        cells = cells_of(path)
    except BadInput as error:
        needed = f"The file of {WHAT[what]} is needed, as published."
        told = [
            replace(problem, says=f"{problem.says} {needed}") if problem.where == name_of(path) else problem
            for problem in error.problems
        ]
        raise BadInput(told) from None
    found = {ours: next((name for name in theirs if name in cells.header), "") for ours, theirs in FILES[what].items()}
    if missing := [FILES[what][ours] for ours, theirs in found.items() if not theirs and ours not in MAY_LACK]:
        raise _another_file(path, what, cells.header, missing)
    named = {ours: theirs for ours, theirs in found.items() if theirs}
    table = cells.table()[list(named.values())].set_axis(list(named), axis=1)
    return table.assign(**{name: table[name].str.upper() for name in CODES if name in table}), named


def _another_file(path: Path, what: str, header: list[str], missing: list[tuple[str, ...]]) -> BadInput:
    """That this is not the file that is needed, and which it seems to be."""
    others = [
        other
        for other, names in FILES.items()
        if other != what
        and all(any(name in header for name in theirs) for ours, theirs in names.items() if ours not in MAY_LACK)
    ]
    seems = f" It looks like {WHAT[others[0]]} (--{others[0]}): were two files swapped?" if others else ""
    columns = ", ".join(" or ".join(theirs) for theirs in missing)
    says = f"this is not {WHAT[what]}: there is no column {columns}.{seems}"
    return refuse("file_is_the_right_one", name_of(path), says)


def one_date(table: pd.DataFrame, named: Mapping[str, str], file: str) -> date | None:
    """The day that a table is of, or None where it does not say; `BadInput` where rows are of several, or it is none."""
    if "date" not in table or table.empty:
        return None
    days = {}
    for text, row in zip(table["date"][::-1], table.index[::-1], strict=True):
        try:
            days[date_in(text)] = row
        except NotThat as error:
            raise refuse("date_can_be_read", f"{file}: row {row}, column {named['date']}", str(error)) from None
    if len(days) > 1:
        (first, _), (other, row) = sorted(days.items(), key=lambda day: day[1])[:2]
        says = f"the rows are of several days ({first}, and {other} in row {row}): people would be counted for each. Keep one month."
        raise refuse("one_month", f"{file}: column {named['date']}", says)
    return next(iter(days))


def repeats(table: pd.DataFrame, keys: list[str], file: str) -> list[Problem]:
    """Rows that tell the same as one above them, and rows without a code."""
    problems = [
        Problem("codes_exist", f"{file}: row {row}", "there is no code of a practice. Write it, or remove the row.")
        for row in table.index[table["practice"] == ""][:ROWS_SHOWN]
    ]
    twice = []
    for row, practice, *rest in table.loc[table.duplicated(keys), keys].itertuples(name=None):
        for_whom = f" for sex {rest[0]}, age {rest[1]}" if rest else ""
        says = f"the practice '{practice}' stands twice{for_whom}. Remove one row, or use one edition of the file."
        twice.append(Problem("no_duplicates", f"{file}: row {row}", says))
    return problems + first_few(twice, "more rows stand twice.", file)


# registered patients


def read_registered(path: Path) -> Registered:
    """People registered at each GP practice, by sex and five-year age band where the file has them.

    Other organisations stand in the same file and would be counted again; totals stand in it as rows. Both are left out,
    but no practice may have more people by age than its total says.
    """
    table, named = open_table(path, what="registered")
    file = name_of(path)
    kinds = table["kind"].str.upper()
    practices = table[kinds == "GP"]
    if practices.empty:
        has = ", ".join(sorted(set(kinds) - {""})[:5]) or "none"
        says = f"no row has the organisation type 'GP'. There are: {has}."
        raise refuse("practices_exist", f"{file}: column {named['kind']}", says)
    practices = practices.assign(sex=practices["sex"].str.upper(), age_band=practices["age_band"].str.upper())
    problems = _kinds_of_people(practices, file)
    counts = practices[["people"]].set_axis([named["people"]], axis=1)
    column = Column(named["people"], "whole", high=MOST_PEOPLE)
    try:
        people = typed(counts, [column], file=file)[column.name]
    except BadInput as error:
        raise BadInput([*problems, *error.problems]) from None
    problems += repeats(practices, ["practice", "sex", "age_band"], file)
    if problems:
        raise BadInput(problems)
    practices = practices.assign(people=people)
    day = one_date(practices, named, file)
    if day is None:
        raise refuse("date_can_be_read", file, "there is no column EXTRACT_DATE: nothing tells of which month it is.")
    codes = tuple(sorted(set(practices["practice"])))
    bands = practices[practices["sex"].isin(list(SEX)) & (practices["age_band"] != BOTH)]
    totals = practices[(practices["sex"] == BOTH) & (practices["age_band"] == BOTH)].set_index("practice")["people"]
    if bands.empty:
        return Registered(day, codes, totals.reindex(codes).fillna(0).to_numpy(dtype=np.int64), False)
    if problems := _beyond_totals(practices, bands, file):
        raise BadInput(problems)
    missing = totals - bands.groupby("practice")["people"].sum().reindex(totals.index).fillna(0)
    short = {str(code): int(count) for code, count in missing.items() if count > 0}
    return Registered(day, codes, _by_age(bands, codes), True, short)


def _kinds_of_people(practices: pd.DataFrame, file: str) -> list[Problem]:
    """Sexes and ages that are none; the first row of each."""
    problems = []
    known = [*SEX, BOTH]
    for sex, row in _first_rows(practices["sex"], {*known, *NOT_STATED}):
        says = f"the sex '{sex}' is not known. There are: {', '.join(known)}."
        problems.append(Problem("sexes_are_known", f"{file}: row {row}", says))
    bands = practices["age_band"].str.replace("_", "-", regex=False)
    for band, row in _first_rows(bands, {*AGE_BANDS, BOTH}):
        says = f"the age band '{band}' is not a five-year band. {did_you_mean(band, AGE_BANDS)}"
        problems.append(Problem("age_bands_are_known", f"{file}: row {row}", says))
    return problems


def _first_rows(cells: pd.Series, known: set[str]) -> list[tuple[str, int]]:
    odd = cells[~cells.isin(known)].drop_duplicates()
    return [(str(cell), int(str(row))) for row, cell in odd.head(ROWS_SHOWN).items()]


def _beyond_totals(practices: pd.DataFrame, bands: pd.DataFrame, file: str) -> list[Problem]:
    """Practices whose people by age are more than their total, of one sex or of both."""
    problems = []
    for sex in (BOTH, *SEX):
        of_sex = bands if sex == BOTH else bands[bands["sex"] == sex]
        added = of_sex.groupby("practice")["people"].sum()
        stated = practices[(practices["sex"] == sex) & (practices["age_band"] == BOTH)]
        for row, code, total in stated[["practice", "people"]].itertuples(name=None):
            if (count := int(added.get(code, 0))) > total:
                whose = "people" if sex == BOTH else f"{sex.lower()} people"
                says = f"the practice '{code}' has {total:,} {whose} in all, and its age bands add to {count:,}. Download the file again."
                problems.append(Problem("bands_fit_the_total", f"{file}: row {row}", says))
    return first_few(problems, "more totals are too small.", file)


def _by_age(bands: pd.DataFrame, codes: tuple[str, ...]) -> np.ndarray:
    names = bands["age_band"].str.replace("_", "-", regex=False)
    people = np.zeros((len(codes), len(SEXES), len(AGE_BANDS)), dtype=np.int64)
    position = {code: index for index, code in enumerate(codes)}
    band = names.map({name: index for index, name in enumerate(AGE_BANDS)})
    np.add.at(people, (bands["practice"].map(position), bands["sex"].map(SEX), band), bands["people"])
    return people
