"""Reading a CSV table with columns of known kinds, telling every bad cell by row and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

import pandas as pd

from pathways.problems import BadInput, Problem, did_you_mean, refuse

ROWS_SHOWN = 5


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

    A byte-order mark, CRLF line ends and extra columns are accepted. Rows are numbered as a spreadsheet
    shows them, the header being row 1. Blank cells of optional number columns are NaN.
    """
    name = file or path.name
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True)
    except FileNotFoundError:
        raise refuse("file_exists", name, "there is no such file.") from None
    except OSError as error:
        raise refuse("file_can_be_read", name, f"it cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise refuse("file_is_text", name, "this is not a text file in UTF-8. Save it as CSV UTF-8.") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise refuse("file_is_csv", name, f"this is not a CSV table: {error}.") from None
    return typed(table, columns, file=name)


def typed(table: pd.DataFrame, columns: Sequence[Column], *, file: str) -> pd.DataFrame:
    """A table of text turned into the kinds that `columns` tell; `BadInput` with every bad cell."""
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
        cells = table[column.name].str.strip() if column.name in found else pd.Series([""] * len(table), dtype=str)
        if column.kind == "text":
            made[column.name] = cells
            problems += _blanks(cells, column, file)
        else:
            made[column.name], wrong = _numbers(cells, column, file)
            problems += wrong
    if problems:
        raise BadInput(problems)
    return pd.DataFrame(made)


def _blanks(cells: pd.Series, column: Column, file: str) -> list[Problem]:
    return [] if column.optional else _bad_cells(cells, cells == "", column, file, "is blank")


def _numbers(cells: pd.Series, column: Column, file: str) -> tuple[pd.Series, list[Problem]]:
    blank = cells == ""
    numbers = pd.to_numeric(cells.where(~blank, None).str.replace(",", "", regex=False), errors="coerce")
    problems = [] if column.optional else _bad_cells(cells, blank, column, file, f"is blank; {column.blank}")
    problems += _bad_cells(cells, numbers.isna() & ~blank, column, file, "is not a number")
    endless = numbers.isin([inf, -inf])
    problems += _bad_cells(cells, endless, column, file, "is not a finite number")
    numbers = numbers.where(~endless)
    if column.kind == "whole":
        problems += _bad_cells(cells, numbers.notna() & (numbers % 1 != 0), column, file, "is not a whole number")
    below, above = numbers < column.low, numbers > column.high
    least = "is negative" if column.low == 0 else f"is below {column.low:,.0f}, the least that is possible"
    problems += _bad_cells(cells, below, column, file, least)
    problems += _bad_cells(cells, above, column, file, f"is above {column.high:,.0f}, the most that is possible")
    if column.kind == "whole" and not column.optional and not problems:
        numbers = numbers.astype("int64")
    return numbers, problems


def _bad_cells(cells: pd.Series, bad: pd.Series, column: Column, file: str, fault: str) -> list[Problem]:
    rows = [position for position, is_bad in enumerate(bad.fillna(False).tolist()) if is_bad]
    problems = []
    for position in rows[:ROWS_SHOWN]:
        written = f"'{cells.iloc[position]}' " if cells.iloc[position] else ""
        problems.append(
            Problem("cells_are_good", f"{file}: row {position + 2}, column {column.name}", f"{written}{fault}.")
        )
    if len(rows) > ROWS_SHOWN:
        problems.append(
            Problem("cells_are_good", f"{file}: column {column.name}", f"{len(rows) - ROWS_SHOWN} more cells: {fault}.")
        )
    return problems
