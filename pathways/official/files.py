"""Opening official workbooks and tables, the record of what was read, and what a file seems to be that was not wanted."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import openpyxl
import pandas as pd
import xlrd

from pathways.files.cells import cells_of
from pathways.files.opened import bomb, bytes_of, kind_of, most_of, name_of, unpacked
from pathways.official.cells import OfficialRow
from pathways.problems import BadInput, refuse

Cells = tuple[object, ...]
WORKBOOKS = ("workbook", "old workbook")
"""Kinds of files that are read as workbooks, those of today and those of before 2007."""
DAMAGED = (Exception,)
"""What a damaged workbook raises: whatever its bytes lead the libraries that read it to."""
SEEMS = {
    frozenset({"RTT Part Type"}): "the full extract of referral to treatment (form referral_to_treatment)",
    frozenset({"org_code", "msk_waiting"}): "a table of community services' waiting lists (form community_waiting)",
    frozenset({"measure", "service"}): "a CSV file of the template, which is read without being named in targets.toml",
    frozenset({"NUMBER_OF_PATIENTS"}): "patients registered at a GP practice",
    frozenset({"PCN_CODE", "PRACTICE_CODE"}): "the map of practices to networks",
    frozenset({"Diagnostic Test Name"}): "monthly diagnostics, DM01 (form monthly_diagnostics)",
    frozenset({"DIAGNOSTIC_TEST_NAME"}): "monthly diagnostics, DM01 (form monthly_diagnostics)",
    frozenset({"Diagnostic Tests"}): "monthly diagnostics, DM01 (form monthly_diagnostics)",
    frozenset(
        {"CCG Code", "Modality", "0-7 days"}
    ): "Table 7 of the Diagnostic Imaging Dataset (form diagnostic_imaging_7)",
    frozenset({"Organisation Code", "(A) Musculoskeletal service"}): (
        "community services' waiting lists (form community_waiting)"
    ),
}
"""What a table is, by columns that it has."""
ROWS_OF_TITLES = 40
"""Rows of a sheet among which its title and its header stand."""

COLUMNS = ("measure", "organisation", "from_date", "to_date", "band_low", "band_high", "value", "suppressed")
"""Columns of the tables that are read: one row per organisation, date and band."""


@dataclass(frozen=True)
class OfficialWaits:
    """Figures of one file: `table` with the columns of `COLUMNS`, how its counts are rounded and suppressed, and notes.

    `value` is NaN where nothing was submitted, and the middle of what it can be where it is suppressed.
    """

    table: pd.DataFrame
    rounded_to: int
    suppressed_below: int
    notes: tuple[str, ...]


def official_waits(
    rows: Sequence[tuple[object, ...]], notes: Sequence[str], *, rounded_to: int = 1, suppressed_below: int = 0
) -> OfficialWaits:
    """The record of rows that stand in the order of `COLUMNS`."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS)).astype({"band_high": float, "value": float})
    return OfficialWaits(table, rounded_to, suppressed_below, tuple(notes))


def check_codes(codes: Collection[str], known: Collection[str], file: str) -> None:
    """Refuses codes that are not in a file. No near one is offered: codes are much alike, and mean other places."""
    for code in codes:
        if code not in known:
            capitals = f" Did you mean '{code.upper()}'?" if code.upper() in known else ""
            says = f"there is no organisation '{code}' in this file.{capitals} Codes change when organisations merge."
            raise refuse("codes_exist", file, says)


def sheets_of(path: Path) -> Iterator[tuple[str, Iterator[Cells]]]:
    """The sheets of a workbook, one after the other: the name of each, and its rows, blank cells at the end left out.

    Workbooks of today (.xlsx) and of before 2007 (.xls). The size that a sheet says it has is not believed: publishers'
    files say wrong ones. `BadInput` where the file is damaged, locked, or no workbook.
    """
    data = _workbook(path)
    if kind_of(data) == WORKBOOKS[1]:
        yield from _old_sheets(data, path)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except DAMAGED:
        raise _damaged(path) from None
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        yield sheet.title, _rows(sheet.iter_rows(values_only=True), path)


def sheets_by_row(path: Path) -> Iterator[Iterator[OfficialRow]]:
    """The sheets of a workbook as rows that know their sheet and their number."""
    for title, rows in sheets_of(path):
        where = f"{name_of(path)}: sheet '{title}'"
        yield (OfficialRow(where, number, cells) for number, cells in enumerate(rows, start=1))


def _old_sheets(data: bytes, path: Path) -> Iterator[tuple[str, Iterator[Cells]]]:
    try:
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO(), on_demand=True)
        sheets = [book.sheet_by_index(number) for number in range(book.nsheets)]
    except DAMAGED:
        says = (
            "this is a workbook of Excel before 2007 (.xls) that is damaged, or one with a password. Download it again; "
            "or open it, take the password off, and save it as .xlsx."
        )
        raise refuse("workbook_is_whole", name_of(path), says) from None
    for sheet in sheets:
        rows = ([_old_cell(cell, book.datemode) for cell in sheet.row(number)] for number in range(sheet.nrows))
        yield sheet.name, map(_trimmed, rows)


def _old_cell(cell: xlrd.sheet.Cell, datemode: int) -> object:
    """What a cell of an old workbook holds, as a new one says it."""
    match cell.ctype:
        case xlrd.XL_CELL_EMPTY | xlrd.XL_CELL_BLANK:
            return None
        case xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#ERROR")
        case xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case xlrd.XL_CELL_DATE:
            try:
                return xlrd.xldate_as_datetime(cell.value, datemode)
            except (ValueError, OverflowError):
                return f"date {cell.value}"
        case _:
            return cell.value if cell.value != "" else None


def _damaged(path: Path) -> BadInput:
    return refuse("workbook_is_whole", name_of(path), "the workbook is damaged or cut short. Download the file again.")


def _rows(rows: Iterable[Iterable[object]], path: Path) -> Iterator[Cells]:
    try:
        yield from map(_trimmed, rows)
    except DAMAGED:
        raise _damaged(path) from None


def _trimmed(row: Iterable[object]) -> Cells:
    cells = list(row)
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def _workbook(path: Path) -> bytes:
    """The bytes of a workbook; `BadInput` where there is none, or one that would fill a memory."""
    data = bytes_of(path)
    kind = kind_of(data)
    if kind not in WORKBOOKS and not data.startswith(b"PK"):
        raise wrong_file(path, "this is no workbook (.xlsx or .xls).")
    if kind != "old workbook":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
        except DAMAGED:
            raise _damaged(path) from None
        if size > most_of(data):
            raise bomb(path, most_of(data))
    return data


def is_workbook(path: Path) -> bool:
    """Whether a file is an Excel workbook, new or old, whatever its name says."""
    try:
        return kind_of(bytes_of(path)) in WORKBOOKS
    except BadInput:
        return False


def rows_of(path: Path) -> tuple[list[str], list[OfficialRow]]:
    """The header and the rows of a CSV file, packed or plain, all as text; `BadInput` where it is none."""
    try:
        cells = cells_of(path)
    except BadInput as error:
        seems = seems_to_be(path)
        told = [replace(each, says=f"{each.says} {seems}".strip()) for each in error.problems]
        raise BadInput(told) from None
    return cells.header, [
        OfficialRow(cells.file, number, row) for number, row in zip(cells.numbers, cells.rows, strict=True)
    ]


def check_widths(rows: Iterable[OfficialRow], width: int) -> None:
    """Refuses rows that are shorter or longer than the header: cells are lost in them, or moved."""
    wrong = [row for row in rows if len(row.cells) < width or any(str(cell).strip() for cell in row.cells[width:])]
    if wrong:
        says = f"has {len(wrong[0].cells)} cells for {width} columns. The file is cut short or was edited: download it again."
        raise refuse("rows_fit", wrong[0].place, says)


def wrong_file(path: Path, says: str) -> BadInput:
    """That a file is not the one that is needed, and what it looks like."""
    return refuse("file_is_the_right_one", name_of(path), f"{says} {seems_to_be(path)}".strip())


def seems_to_be(path: Path) -> str:
    """A sentence on what a file looks like, or nothing where that cannot be told. Never raises `BadInput`."""
    try:
        if is_workbook(path):
            return _workbook_seems(path)
        first = unpacked(path).split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    except (BadInput, OSError, zipfile.BadZipFile):
        return ""
    return header_seems(name.strip(' "\r') for name in first.split(","))


def header_seems(names: Iterable[str]) -> str:
    """A sentence on which table has these columns, or nothing.

    >>> header_seems(["EXTRACT_DATE", "NUMBER_OF_PATIENTS"])
    'It looks like patients registered at a GP practice.'
    """
    found = set(names)
    return next((f"It looks like {what}." for columns, what in SEEMS.items() if columns <= found), "")


def _workbook_seems(path: Path) -> str:
    """What the headers of a workbook say that it is; else the title in its first rows, of its last sheet that has one."""
    title = ""
    for _, rows in sheets_of(path):
        titled = False
        for _, row in zip(range(ROWS_OF_TITLES), rows, strict=False):
            texts = [str(cell).strip() for cell in row if cell is not None and str(cell).strip()]
            if seems := header_seems(texts):
                return seems
            if texts[:1] == ["Title:"] and len(texts) > 1 and not titled:
                title, titled = texts[1], True
            title = title or (texts[0] if texts else "")
    return f"It looks like '{title}'." if title else ""
