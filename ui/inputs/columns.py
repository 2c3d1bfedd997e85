"""Columns of a file of events or people: found by their names, read as numbers, days and names. No table is made here."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from pathways import BadInput, Problem, did_you_mean, refuse
from pathways.files.cells import cells_in
from pathways.files.opened import bytes_of, kind_of, name_of, unpacked_in
from pathways.files.parquet import parquet_in
from pathways.files.persons import persons_in, shown
from pathways.files.values import NotThat, date_in, told
from pathways.problems import plain

ROWS_TOLD = 5
FIRST_ROW = 1
"""Rows of a Parquet file are counted from 1; those of a CSV file as a spreadsheet shows them."""
_TIME = re.compile(r"(.*\d)[T ](\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
SECONDS = 86_400


@dataclass(frozen=True)
class Columns:
    """A table as it was read: numbers or text by column, "" where nothing stands, and the row of each in the file."""

    file: str
    table: pd.DataFrame
    numbers: np.ndarray

    def named(self, wanted: str) -> str | None:
        """The column that has this name, or is the only one that has it but for case and blanks; None without."""
        if wanted in self.table:
            return wanted
        found = [name for name in self.table if key_of(name) == key_of(wanted)]
        return str(found[0]) if len(found) == 1 else None

    def lacks(self, wanted: str) -> Problem:
        """That a column is not there."""
        alike = [str(name) for name in self.table if key_of(name) == key_of(wanted)]
        if len(alike) > 1:
            says = f"the columns {', '.join(map(shown, alike))} stand for the same. Keep one, and call it '{wanted}'."
            return Problem("columns_differ", self.file, says)
        names = [shown(str(name)) for name in self.table]
        near = did_you_mean(wanted, names)
        listed = f" Its columns are: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}."
        says = f"there is no column '{wanted}'.{f' {near}' if near.startswith('Did') else ''}{listed}"
        return Problem("columns_exist", self.file, says)

    def told(self, bad: np.ndarray, column: str, says: str | Sequence[str]) -> list[Problem]:
        """Problems of the first rows at fault, and how many more there are; `says` one for all, or one by row."""
        rows = np.flatnonzero(bad)
        where = f"{self.file}: row {{}}, column {shown(column)}"
        problems = [
            Problem("cells_can_be_read", where.format(self.numbers[row]), says if isinstance(says, str) else says[row])
            for row in rows[:ROWS_TOLD]
        ]
        if len(rows) > ROWS_TOLD:
            more = f"{len(rows) - ROWS_TOLD:,} more rows have such a fault."
            problems.append(Problem("cells_can_be_read", f"{self.file}: column {shown(column)}", more))
        return problems


def read_columns(path: Path, *, what: str) -> Columns:
    """The columns of a CSV or Parquet file that names nobody; `BadInput` where it cannot be read or seems to name people."""
    data = bytes_of(path)
    file = name_of(path)
    says = f"this is no table of {what}: give a CSV with commas and a header, or a Parquet file."
    if kind_of(data) == "parquet":
        table = parquet_in(data, file)
        numbers = np.arange(len(table)) + FIRST_ROW
        header = list(map(str, table))
        rows = list(map(list, zip_longest(*(_different(table[name]) for name in header), fillvalue="")))
    elif path.suffix.lower() in (".parquet", ".pq"):
        raise refuse("events_are_a_table", file, f"{says} Its name says Parquet, which it is not.")
    else:
        cells = cells_in(unpacked_in(data, path), file)
        table, numbers = cells.table().reset_index(drop=True), np.asarray(cells.numbers, dtype=np.int64)
        header, rows = cells.header, cells.rows
    if personal := persons_in(file, header, rows):
        patients = [f": column {place} (" for place, name in enumerate(header, 1) if key_of(name).startswith("patient")]
        instead = " Number the patients from 1 instead."
        raise BadInput(
            replace(each, says=each.says + instead * any(column in each.where for column in patients))
            for each in personal
        )
    if not len(table):
        raise refuse(
            "rows_exist", file, f"there are no rows of data. Give a header and one row for each of the {what}."
        )
    return Columns(file, table, numbers)


def _different(column: pd.Series) -> list[str]:
    """The different cells of a column as text."""
    return [text_of(cell) for cell in column.unique()]


def text_of(cell: object) -> str:
    """A cell as text: a whole number without decimals, "" for none.

    >>> text_of(4.0), text_of(float("nan")), text_of("NA")
    ('4', '', 'NA')
    """
    if isinstance(cell, float):
        return "" if np.isnan(cell) else str(int(cell)) if cell.is_integer() else repr(float(cell))
    return str(cell)


def key_of(name: object) -> str:
    """A name without what may differ where the same is meant: case, blanks, dashes.

    >>> key_of("Did not-attend") == key_of("did_not_attend")
    True
    """
    return plain(re.sub("[‐-―]", "-", str(name))).strip("_") or str(name)


def texts(column: pd.Series) -> np.ndarray:
    """A column as text; numbers of identities without decimals, also where a tool wrote them as `12.0`."""
    codes, values = pd.factorize(column.to_numpy(), use_na_sentinel=False)
    words = [text_of(value) for value in values]
    if all(re.fullmatch(r"\d*|\d+\.0", word, re.ASCII) for word in words):
        words = [word.removesuffix(".0") for word in words]
    return np.array(words, dtype=object)[codes]


def read_as(column: pd.Series, read: Callable[[str], float]) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that `read` finds in a column, NaN where nothing stands, and by row what is wrong, "" where nothing is.

    >>> from pathways.files.values import number_in
    >>> numbers, wrong = read_as(pd.Series(["1.5", "", "x"]), number_in)
    >>> numbers.tolist(), wrong.tolist()
    ([1.5, nan, nan], ['', '', "'x' is not a number."])
    """
    if column.dtype.kind == "f":
        numbers = column.to_numpy(dtype=float)
        infinite = np.isinf(numbers)
        return np.where(infinite, np.nan, numbers), np.where(infinite, "it is infinite.", "").astype(object)
    codes, values = pd.factorize(column.to_numpy(), use_na_sentinel=False)
    found, wrong = np.full(len(values), np.nan), np.full(len(values), "", dtype=object)
    for place, value in enumerate(values):
        if not str(value):
            continue
        try:
            found[place] = read(str(value))
        except NotThat as why:
            wrong[place] = str(why)
    return found[codes], wrong[codes]


def moment_in(text: str) -> float:
    """The day that is written, counted from the first of all, with the part of it that the time of day says.

    >>> moment_in("2025-04-02T12:00:00+01:00") - moment_in("01/04/2025")
    1.5
    """
    day = float(date_in(text).toordinal())
    if not (time := _TIME.fullmatch(text.strip())):
        return day
    hours, minutes, seconds = int(time[2]), int(time[3]), float(time[4] or 0)
    if hours > 24 or minutes > 59 or seconds > 60:
        raise NotThat(f"{told(text)} is not a time of day.")
    return day + min((hours * 60 + minutes) * 60 + seconds, SECONDS - 1) / SECONDS


def one_spelling(words: np.ndarray, known: Collection[str]) -> tuple[np.ndarray, dict[str, dict[str, int]]]:
    """Names brought to one spelling where they differ by case, blanks and dashes only; and by spelling which were changed to
    it, in how many rows.

    The spelling of a known name, else that of most rows.

    >>> one_spelling(np.array(["MRI", "gp", "mri ", "GP", "gp"], dtype=object), ["mri"])[1]
    {'mri': {'MRI': 1, 'mri ': 1}, 'gp': {'GP': 1}}
    """
    codes, names = pd.factorize(words)
    rows = np.bincount(codes, minlength=len(names))
    meant: dict[str, str] = {}
    for place in np.lexsort((names.astype(str), -rows)):
        meant.setdefault(key_of(names[place]), str(names[place]))
    for name in known:
        if key_of(name) in meant:
            meant[key_of(name)] = name
    spelled = [meant[key_of(name)] if name else "" for name in names]
    changed: dict[str, dict[str, int]] = {}
    for name, new, count in zip(names, spelled, rows, strict=True):
        if name != new:
            changed.setdefault(new, {})[str(name)] = int(count)
    return np.array(spelled, dtype=object)[codes] if len(names) else words, changed
