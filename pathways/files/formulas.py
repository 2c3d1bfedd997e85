"""Cells that a spreadsheet would run as a formula: written as text, and read back as they were."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

_BEGINS = r"[=+\-@\t\n＝＋－＠]"
"""What a formula begins with, in half and in full width; blank signs, because programs take them off before they look."""
_RUNS = re.compile(f"'*{_BEGINS}")
_NEGATIVE = re.compile(r"-(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def as_text_cell(text: str) -> str:
    """Text as it stands in a CSV: with an apostrophe before it where a spreadsheet would run it. Numbers are left alone.

    Lines within a cell end in one way, which every reader takes for a part of the cell.

    >>> [as_text_cell(text) for text in ("=1+1", "+44 20", "-12", "-x", "Bay", "'=1")]
    ["'=1+1", "'+44 20", '-12', "'-x", 'Bay', "''=1"]
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if _RUNS.match(text) and not _NEGATIVE.fullmatch(text) else text


def from_text_cell(cell: str) -> str:
    """The text of a cell that `as_text_cell` wrote; any other cell as it is.

    >>> [from_text_cell(cell) for cell in ("'=1+1", "=1+1", "'-12", "'tis", "''=1")]
    ['=1+1', '=1+1', '-12', "'tis", "'=1"]
    """
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell


def as_text_cells(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts, names of columns included, no spreadsheet runs."""
    made = table.set_axis(range(table.shape[1]), axis=1).apply(_column)
    return made.set_axis([_cell(name) for name in table.columns], axis=1)


def _column(cells: pd.Series) -> pd.Series:
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(object)
    return cells if pd.api.types.is_numeric_dtype(cells.dtype) else cells.map(_cell)


def _cell(value: Any) -> Any:
    return as_text_cell(value) if isinstance(value, str) else value
