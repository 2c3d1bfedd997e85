"""Opening official workbooks and tables, the record of what was read, and what a file seems to be that was not wanted."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
import pandas as pd

from pathways.files.opened import unpacked
from pathways.problems import BadInput, refuse

Cells = tuple[object, ...]
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
"""The first bytes of Excel's files before 2007."""
DAMAGED = (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, OSError, EOFError)
"""What a damaged workbook raises."""
SEEMS = {
    frozenset({"RTT Part Type"}): "the full extract of referral to treatment (form referral_to_treatment)",
    frozenset({"org_code", "msk_waiting"}): "a table of community services' waiting lists (form community_waiting)",
    frozenset({"measure", "service"}): "a CSV file of the template, which is read without being named in targets.toml",
    frozenset({"NUMBER_OF_PATIENTS"}): "patients registered at a GP practice",
    frozenset({"PCN_CODE", "PRACTICE_CODE"}): "the map of practices to networks",
    frozenset({"SUBMITTER_NAME", "REPORTING_PERIOD"}): "monthly diagnostics",
}
"""What a table is, by columns that it has."""

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


def number_in(cell: object) -> float:
    """The number in a cell: a dash is nought, a blank was not submitted, and NaN stands for what is no number."""
    if isinstance(cell, int | float):
        return float(cell)
    text = str(cell or "").strip().replace(",", "")
    try:
        return 0.0 if text in ("-", "–") else float(text)
    except ValueError:
        return nan


def sheets_of(path: Path) -> Iterator[tuple[str, Iterator[Cells]]]:
    """The sheets of a workbook, one after the other: the name of each, and its rows, blank cells at the end left out.

    The size that a sheet says it has is not believed: publishers' files say wrong ones. `BadInput` where the file is
    damaged or no workbook of today.
    """
    data = _workbook(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except DAMAGED as error:
        raise _damaged(path, error) from None
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        yield sheet.title, _rows(sheet.iter_rows(values_only=True), path)


def _damaged(path: Path, error: Exception) -> BadInput:
    says = f"the workbook is damaged or cut short ({error}). Download the file again."
    return refuse("workbook_is_whole", path.name, says)


def _rows(rows: Iterable[Iterable[object]], path: Path) -> Iterator[Cells]:
    try:
        yield from map(_trimmed, rows)
    except DAMAGED as error:
        raise _damaged(path, error) from None


def _trimmed(row: Iterable[object]) -> Cells:
    cells = list(row)
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def _workbook(path: Path) -> bytes:
    """The bytes of a workbook; `BadInput` where there is none, or one of before 2007."""
    if path.is_dir():
        raise refuse("file_exists", str(path), "this is a folder; a file is needed.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise refuse("file_exists", str(path), "there is no such file.") from None
    except OSError as error:
        raise refuse("file_can_be_read", str(path), f"it cannot be read: {error.strerror or error}.") from None
    if data.startswith(OLD_WORKBOOK):
        says = "this is a workbook of Excel before 2007 (.xls), or one with a password. Open it, and save it as .xlsx."
        raise refuse("workbook_is_new", path.name, says)
    if not data.startswith(b"PK"):
        says = f"this is no workbook (.xlsx). {seems_to_be(path)}"
        raise refuse("file_is_the_right_one", path.name, says.strip())
    return data


def is_workbook(path: Path) -> bool:
    """Whether a file is an Excel workbook, whatever its name says."""
    try:
        return zipfile.is_zipfile(path) and "xl/workbook.xml" in zipfile.ZipFile(path).namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def table_of(path: Path) -> pd.DataFrame:
    """The table in a CSV file, zipped, gzipped or plain, all as text; `BadInput` where it is none."""
    try:
        table = pd.read_csv(io.BytesIO(unpacked(path)), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise refuse("file_is_csv", path.name, f"this is not a CSV table. {seems_to_be(path)}".strip()) from None
    return table.rename(columns=str.strip)


def seems_to_be(path: Path) -> str:
    """A sentence on what a file looks like, or nothing where that cannot be told. Never raises `BadInput`."""
    try:
        if is_workbook(path):
            return _workbook_seems(path)
        if path.read_bytes()[: len(OLD_WORKBOOK)] == OLD_WORKBOOK:
            return "It is a workbook of Excel before 2007 (.xls)."
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
    """The title that stands in the first rows of a workbook, of its last sheet that has one."""
    title = ""
    for _, rows in sheets_of(path):
        for _, row in zip(range(12), rows, strict=False):
            texts = [str(cell).strip() for cell in row if cell is not None and str(cell).strip()]
            if texts[:1] == ["Title:"] and len(texts) > 1:
                title = texts[1]
                break
            title = title or (texts[0] if texts else "")
    return f"It looks like '{title}'." if title else ""
