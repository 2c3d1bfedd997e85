"""The cells of a CSV file as text, as spreadsheets save it: rows numbered as a spreadsheet shows them.

Text is text: `NA`, `null` and `None` are written words, and only an empty cell is missing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pathways.files.formulas import from_text_cell
from pathways.files.opened import TELL, kind_of, name_of, unpacked
from pathways.files.persons import shown
from pathways.problems import BadInput, Problem, first_few, refuse

LONGEST_CELL = 10_000
"""A cell with more letters is one whose quotation mark was not closed."""
BLANKS = "".join(
    chr(code)
    for low, high in (
        (0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0xAD, 0xAD), (0x1680, 0x1680), (0x180E, 0x180E),
        (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x2064), (0x2066, 0x2069), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
    )
    for code in range(low, high + 1)
)  # fmt: skip
"""Letters that nobody sees: blanks of all kinds, zero-width letters, marks of direction and of byte order."""
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "upright lines"}
SAVE_AS = "Save it as 'CSV UTF-8'."


@dataclass(frozen=True)
class Cells:
    """A table of text: `rows` have as many cells as the header has names, and stand in the rows `numbers` of the file.

    `file` is its name in messages. Rows and columns without anything in them are left out.
    """

    file: str
    header: list[str]
    rows: list[list[str]]
    numbers: list[int]

    def table(self) -> pd.DataFrame:
        """The same as a table, a column of text for every name; its index is the row of the file."""
        return pd.DataFrame(
            self.rows, index=pd.Index(self.numbers, dtype=int, name="row"), columns=self.header, dtype=str
        )


def cells_of(path: Path) -> Cells:
    """The cells of a CSV file, plain or packed; `BadInput` with where and why it cannot be read, or is not in shape."""
    return cells_in(unpacked(path), name_of(path))


def cells_in(data: bytes, file: str) -> Cells:
    """The cells in the bytes of a CSV file.

    >>> found = cells_in(b"practice , people\\r\\nP1, NA\\r\\n,\\r\\nP2,5\\r\\n", "lists.csv")
    >>> found.header, found.rows, found.numbers
    (['practice', 'people'], [['P1', 'NA'], ['P2', '5']], [2, 4])
    """
    filled = _records(text_of(data, file), file)
    if not filled:
        raise refuse("file_is_not_empty", file, "there is nothing in it but blanks. Is it whole?")
    (first, header), body = filled[0], filled[1:]
    _separators(header, file)
    while header and not header[-1]:
        header.pop()
    width = len(header)
    problems = _header_problems(header, body, file, first) + _long_rows(body, width, file)
    if problems:
        raise BadInput(problems)
    rows = [cells if len(cells) == width else (cells + [""] * width)[:width] for _, cells in body]
    kept = [column for column in range(width) if header[column] or any(row[column] for row in rows)]
    if len(kept) < width:
        header, rows = [header[column] for column in kept], [[row[column] for column in kept] for row in rows]
    return Cells(file, header, rows, [number for number, _ in body])


def text_of(data: bytes, file: str) -> str:
    """The text of a file: UTF-8, or UTF-16 that says so by its mark; `BadInput` with the row where it is neither."""
    kind = kind_of(data)
    if kind not in ("text", "utf-16"):
        raise refuse("file_is_the_right_one", file, TELL[kind])
    try:
        text = data.decode("utf-16" if kind == "utf-16" else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(data, error, file) from None
    if "\x00" in text:
        row = text[: text.index("\x00")].count("\n") + 1
        raise refuse("file_is_text", f"{file}: row {row}", f"it holds letters that no text has. {SAVE_AS}")
    return text


def _not_text(data: bytes, error: UnicodeDecodeError, file: str) -> BadInput:
    """In which row a file is not in the code that it should be in, and what stands there."""
    if error.encoding != "utf-8":
        return refuse("file_is_text", file, f"it is damaged or cut short: it does not end as UTF-16 does. {SAVE_AS}")
    before = data[: error.start].decode("latin-1")
    row = max(1, sum(1 for _ in csv.reader(io.StringIO(before + "x", newline=""))))
    letter = data[error.start : error.start + 1].decode("cp1252", errors="replace")
    says = f"the letter that may be '{letter}' is not in UTF-8: the file was saved in another code. {SAVE_AS}"
    return refuse("file_is_text", f"{file}: row {row}", says)


def _records(text: str, file: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV text that are not blank, each with its number; blanks around cells taken off, and
    what keeps a formula from running."""
    found: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, raw in enumerate(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True), 1):
            cells = [from_text_cell(cell.strip(BLANKS)) for cell in raw]
            if not any(cells):
                continue
            if max(map(len, cells)) > LONGEST_CELL:
                column = max(range(len(cells)), key=lambda at: len(cells[at])) + 1
                says = f"it has more than {LONGEST_CELL:,} letters. Is a quotation mark not closed?"
                raise refuse("cells_are_short", f"{file}: row {number}, column {column}", says)
            found.append((number, cells))
    except csv.Error as error:
        raise refuse("file_is_csv", f"{file}: row {number + 1}", f"{_why(str(error))} {SAVE_AS}") from None
    return found


def _why(error: str) -> str:
    if "expected after" in error:
        return "text stands behind a closing quotation mark. Within a cell write a quotation mark twice, or not at all."
    if "unexpected end" in error:
        return "a quotation mark is opened and never closed. Close it, or take it out."
    if "larger than field limit" in error:
        return "a cell is far too long. Is a quotation mark not closed?"
    return f"this is not a CSV table: {error}."


def _separators(header: list[str], file: str) -> None:
    """Raises where cells are not parted by commas."""
    if header[0].lower().startswith("sep="):
        raise refuse("file_is_csv", f"{file}: row 1", f"'{shown(header[0])}' is not a header. Remove this row.")
    if len([name for name in header if name]) == 1:
        for mark, named in SEPARATORS.items():
            if mark in header[0]:
                says = f"its cells are separated by {named}, not by commas. {SAVE_AS}"
                raise refuse("file_is_csv", file, says)


def named_twice(header: Sequence[str], where: str) -> list[Problem]:
    """Names that several columns have."""
    twice = sorted({name for name in header if header.count(name) > 1})
    return [Problem("columns_differ", where, f"two columns are called '{shown(name)}'. Remove one.") for name in twice]


def _header_problems(header: list[str], body: list[tuple[int, list[str]]], file: str, first: int) -> list[Problem]:
    """Names that stand twice, and columns that have cells and no name. The first may be without: tools number rows there."""
    problems = named_twice(list(filter(None, header)), f"{file}: row {first}")
    for column, name in enumerate(header[1:], start=1):
        row = next((number for number, cells in body if len(cells) > column and cells[column]), None)
        if not name and row is not None:
            says = f"it has cells (as in row {row}) and no name. Name it, or remove it."
            problems.append(Problem("columns_are_named", f"{file}: column {column + 1}", says))
    return problems


def _long_rows(body: list[tuple[int, list[str]]], width: int, file: str) -> list[Problem]:
    """Rows with more cells than the header has names."""
    long = [number for number, cells in body if len(cells) > width and any(cells[width:])]
    says = (
        f"it has more cells than the header has names ({width}). A number or a name with a comma needs quotation marks."
    )
    problems = [Problem("rows_fit", f"{file}: row {number}", says) for number in long]
    return first_few(problems, "more rows have too many cells.", file)
