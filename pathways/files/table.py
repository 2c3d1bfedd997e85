"""Reading a CSV table with columns of known kinds, telling every bad cell by row and column."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import Literal

import pandas as pd

from pathways.files.cells import cells_of
from pathways.files.persons import persons_in
from pathways.files.values import NotThat, number_in, told, whole_in
from pathways.problems import ROWS_SHOWN, BadInput, Problem, did_you_mean, plain

LIKE = 0.85
"""From so alike on, a name is a misspelt one: `back_pain_shares`, not `x_miles` for `x_km`."""


@dataclass(frozen=True)
class Column:
    """One column: its name, what its cells hold, and between which bounds.

    Numbers are finite, and never negative unless `low` says so. An optional column that is absent is filled with blanks.
    `blank` is what to do about a blank cell of a column of numbers.
    """

    name: str
    kind: Literal["text", "whole", "number"] = "text"
    optional: bool = False
    low: float = 0
    high: float = inf
    blank: str = "write 0 if none"


PRICE_BLANK = "a price that is not known is not 0: write what it is, or 0 where it costs nothing"
"""What to do about a blank price."""


def read_csv(path: Path, columns: Sequence[Column], *, file: str | None = None) -> pd.DataFrame:
    """The table at `path` with exactly these columns, numbers as numbers; `BadInput` with every bad cell.

    Read as `pathways.files.cells` reads; extra columns are accepted, but for one that looks like an optional column
    that is absent, or could tell who somebody is. The index is the row as a spreadsheet shows it, the header being row 1.
    Blank cells of optional number columns are NaN.
    """
    cells = cells_of(path)
    if persons := persons_in(file or cells.file, cells.header, cells.rows):
        raise BadInput(persons)
    problems = _misspelt([name for name in cells.header if name], columns, file or cells.file)
    try:
        read = typed(cells.table(), columns, file=file or cells.file)
    except BadInput as bad:
        raise BadInput([*problems, *bad.problems]) from None
    if problems:
        raise BadInput(problems)
    return read


def _misspelt(header: Sequence[str], columns: Sequence[Column], file: str) -> list[Problem]:
    """Columns that look like an optional one that is absent: what they hold would be lost without a word."""
    known = {column.name for column in columns}
    absent = {plain(column.name): column.name for column in columns if column.optional and column.name not in header}
    problems = []
    for name in header:
        near = difflib.get_close_matches(plain(name), absent, n=1, cutoff=LIKE) if name not in known else []
        if near:
            says = f"there is no column '{name}' here. Did you mean '{absent[near[0]]}'? If not, call it otherwise, or remove it."
            problems.append(Problem("columns_are_known", file, says))
    return problems


def typed(table: pd.DataFrame, columns: Sequence[Column], *, file: str) -> pd.DataFrame:
    """A table of text turned into the kinds that `columns` tell; `BadInput` with every bad cell.

    The table's index is the row of the file, as that of `pathways.files.cells`.
    """
    found = [str(column).strip() for column in table.columns]
    table = table.set_axis(found, axis=1)
    problems = [
        Problem("columns_exist", file, f"there is no column '{column.name}'. {did_you_mean(column.name, found)}")
        for column in columns
        if column.name not in found and not column.optional
    ]
    if problems:
        raise BadInput(problems)
    made = {}
    for column in columns:
        cells = table[column.name].str.strip() if column.name in found else pd.Series("", index=table.index, dtype=str)
        place = _Place(file, column)
        if column.kind == "text":
            made[column.name] = cells
            problems += [] if column.optional else place.bad(cells, {"": "is blank."})
        else:
            made[column.name], wrong = _numbers(cells, place)
            problems += wrong
    if problems:
        raise BadInput(problems)
    return pd.DataFrame(made, index=table.index)


@dataclass(frozen=True)
class _Place:
    """A column of a file."""

    file: str
    column: Column

    def bad(self, cells: pd.Series, faults: Mapping[str, str]) -> list[Problem]:
        """A problem for each of the first cells that have a fault, and one for how many more there are."""
        wrong = [(row, faults[cell]) for row, cell in cells.items() if cell in faults]
        where = f"column {self.column.name}"
        problems = [
            Problem("cells_are_good", f"{self.file}: row {row}, {where}", says) for row, says in wrong[:ROWS_SHOWN]
        ]
        if len(wrong) > ROWS_SHOWN:
            says = f"{len(wrong) - ROWS_SHOWN} more cells like these: {wrong[ROWS_SHOWN][1]}"
            problems.append(Problem("cells_are_good", f"{self.file}: {where}", says))
        return problems


def _numbers(cells: pd.Series, place: _Place) -> tuple[pd.Series, list[Problem]]:
    column = place.column
    good: dict[str, float] = {}
    faults: dict[str, str] = {}
    for cell in set(cells):
        try:
            good[cell] = _number(cell, column)
        except NotThat as error:
            faults[cell] = str(error)
    problems = place.bad(cells, faults)
    numbers = cells.map(good).astype(float)
    if column.kind == "whole" and not column.optional and not problems:
        return numbers.astype("int64"), problems
    return numbers, problems


def _number(cell: str, column: Column) -> float:
    """The number in a cell of a column, NaN in a blank one where that may be; `NotThat` with what is wrong."""
    if not cell and column.optional:
        return nan
    if not cell:
        raise NotThat(f"is blank; {column.blank}.")
    number = whole_in(cell) if column.kind == "whole" else number_in(cell)
    if number < column.low:
        least = "is negative" if column.low == 0 else f"is below {column.low:,.0f}, the least that is possible"
        raise NotThat(f"{told(cell)} {least}.")
    if number > column.high:
        raise NotThat(f"{told(cell)} is above {column.high:,.0f}, the most that is possible.")
    return number
