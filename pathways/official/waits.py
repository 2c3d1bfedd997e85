"""Readers of official figures of waits as they are published: imaging and community services.

Clocks are read in `clocks`, monthly diagnostics in `diagnostics`. Publisher: NHS England (Diagnostic
Imaging Dataset, Community Health Services SitRep). All under the Open Government Licence; no copy ships with the project.
None of them tells back pain alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isfinite, nan
from pathlib import Path

import pandas as pd

from pathways.files.opened import name_of
from pathways.official.cells import Counts, OfficialRow, check_bands, once, stripped, sums_told
from pathways.official.files import (
    COLUMNS,
    OfficialWaits,
    check_codes,
    is_workbook,
    official_waits,
    rows_of,
    sheets_by_row,
    wrong_file,
)
from pathways.official.periods import band, financial_year, month
from pathways.problems import did_you_mean, refuse

IMAGING_ROUNDED_TO = 5
"""The publisher of the Diagnostic Imaging Dataset rounds counts by commissioner to the nearest five."""
IMAGING_SUPPRESSED_BELOW = 3
"""And suppresses counts below three."""
IMAGING_INSTEAD = {"": nan, "-": 0.0, "–": 0.0, "*": IMAGING_SUPPRESSED_BELOW / 2}
"""What stands there for a count: blank was not submitted, a dash is none, a star is one or two."""
FIRST_BAND = "0-7 days"
"""A column that Table 7a of imaging has, and Table 7b (from test to report) has not."""
COMMUNITY_INSTEAD = {"": nan}
"""Community services: blank was not submitted, and nothing else stands for a count."""
TOTAL = "Total waiting list by service"
MUSCULOSKELETAL = "(A) Musculoskeletal service"
"""The line of the community services' figures that is read unless another is named."""

# imaging


def read_diagnostic_imaging(path: Path, *, codes: Collection[str], modality: str) -> OfficialWaits:
    """Tests in a financial year by days from request to test: Table 7a of the Diagnostic Imaging Dataset, by commissioner.

    `modality` as the file names it, such as "Magnetic Resonance Imaging". The measure is `waited`. Tests whose time is
    not known are told in a note and are in no band. `BadInput` where this is another file, has no such organisation, or
    holds what is no count.
    """
    above, header, body = _imaging_table(path)
    codes = stripped(codes)
    code, kind = header.index("CCG Code"), header.index("Modality")
    check_codes(codes, {row.text(code) for row in body} - {"-", ""}, name_of(path))
    kinds = {row.text(kind) for row in body} - {""}
    if modality.strip() not in kinds:
        says = f"there is no modality '{modality}'. {did_you_mean(modality, kinds)}"
        raise refuse("modality_exists", name_of(path), says)
    begin, end = _imaging_year(above, name_of(path))
    bands = {column: found for column, name in enumerate(header) if (found := band(name)) is not None}
    check_bands(bands.values(), name_of(path))
    wanted = [row for row in body if row.text(code) in codes and row.text(kind) == modality.strip()]
    rows, notes = once(((row.text(code), row.text(kind)), row) for row in wanted)
    counts = Counts(IMAGING_INSTEAD)
    found_rows: list[tuple[object, ...]] = []
    for row in rows:
        name = row.text(code)
        values = {column: counts.of(row, column) for column in bands}
        found_rows += [
            ("waited", name, begin, end, *days, values[column], row.text(column) == "*")
            for column, days in bands.items()
        ]
        notes += _imaging_notes(row, header, list(values.values()), f"{name_of(path)}: {name}")
    counts.refused()
    return official_waits(
        found_rows, notes, rounded_to=IMAGING_ROUNDED_TO, suppressed_below=IMAGING_SUPPRESSED_BELOW
    )  # fmt: skip


def _imaging_table(path: Path) -> tuple[list[OfficialRow], list[str], list[OfficialRow]]:
    """The sheet of days from request to test: what stands above its header, the header, and the rows below."""
    for rows in sheets_by_row(path):
        above: list[OfficialRow] = []
        for row in rows:
            header = row.texts
            if {"CCG Code", "Modality", FIRST_BAND} <= set(header):
                return above, header, list(rows)
            above.append(row)
    raise wrong_file(path, "this is not Table 7 of the Diagnostic Imaging Dataset by CCG.")


def _imaging_year(above: list[OfficialRow], file: str) -> tuple[date, date]:
    cells = [str(cell) for row in above for cell in row.cells if cell is not None]
    for label, value in pairwise(cells):
        if label.strip().startswith("Period") and (year := financial_year(value)) is not None:
            return year
    raise refuse("period_is_told", file, "no financial year stands beside 'Period:'.")


def _imaging_notes(row: OfficialRow, header: list[str], values: list[float], where: str) -> Iterator[str]:
    counts = Counts(IMAGING_INSTEAD)

    def of(name: str) -> float:
        return counts.of(row, header.index(name), needed=False) if name in header else nan

    unknown, total = of("Time not known"), of("Total")
    if unknown > 0:
        yield f"{where}: {unknown:,.0f} of {total:,.0f} tests have no time from request to test, and are in no band."
    slack = IMAGING_ROUNDED_TO * (len(values) + 2) / 2
    added = sum(value for value in values if isfinite(value))
    yield from sums_told(where, added, total, unknown=unknown if isfinite(unknown) else 0.0, slack=slack)


# community services


def read_community_waiting(path: Path, *, codes: Collection[str], line: str = MUSCULOSKELETAL) -> OfficialWaits:
    """People on community services' waiting lists at the end of a month, by days waited. The measure is `waiting`.

    Two shapes are read: the publisher's workbook of one month, with a sheet for each band; and a table of several months
    with the columns `band` (the title of a sheet), `org_code` and `msk_waiting`. `codes` are of integrated care boards
    or providers, `line` the column of the workbook. A blank was not submitted; a total that is not the sum of its bands
    is told in a note. `BadInput` where this is another file, has no such organisation, or holds what is no count; or where
    the organisations are of several levels, whose people would be counted twice.
    """
    codes = stripped(codes)
    titled = _community_cells(path, line)
    check_codes(codes, {cell.code for cell in titled if cell.code}, name_of(path))
    titled = [cell for cell in titled if cell.code in codes]
    _one_level(titled, name_of(path))
    kept, notes = once(((cell.title, cell.code), cell.row) for cell in titled)
    first = {id(row) for row in kept}
    rows: list[tuple[object, ...]] = []
    totals: dict[tuple[date, str], float] = {}
    counts = Counts(COMMUNITY_INSTEAD)
    for cell in (cell for cell in titled if id(cell.row) in first):
        day, days = _community_title(cell)
        value = counts.of(cell.row, cell.column)
        if days is None:
            totals[day, cell.code] = value
        else:
            rows.append(("waiting", cell.code, day, day, *days, value, False))
    counts.refused()
    if not rows:
        raise refuse(
            "bands_exist", name_of(path), "no sheet tells how long people have waited ('Number waiting 0-1 weeks …')."
        )
    return official_waits(rows, [*notes, *_differences(rows, totals, name_of(path))])


@dataclass(frozen=True)
class _Cell:
    """A cell of the line: the title of its sheet, the organisation's code and level, its row and column."""

    title: str
    code: str
    level: str
    row: OfficialRow
    column: int


def _one_level(cells: Sequence[_Cell], file: str) -> None:
    levels = {cell.code: cell.level for cell in cells if cell.level}
    if len(set(levels.values())) > 1:
        told = ", ".join(f"'{code}' ({level})" for code, level in levels.items())
        says = f"these organisations are of several levels, and the same people stand in both: {told}. Name those of one level."
        raise refuse("codes_of_one_level", file, says)


def _community_title(cell: _Cell) -> tuple[date, tuple[int, float] | None]:
    """The day and the band in 'Number waiting >1-2 weeks (8-14 days) by service, July 2025'; no band for the total."""
    when = month(cell.title.rpartition(", ")[2])
    found = re.match(r"Number waiting (.+? weeks)", cell.title)
    days = band(found[1]) if found else None
    if when is None or (days is None and not cell.title.startswith(TOTAL)):
        says = f"'{cell.title}' names no month or no band such as 'Number waiting 0-1 weeks (0-7 days) by service, July 2025'."
        raise refuse("bands_are_bands", cell.row.place, says)
    return when[1], days


def _community_cells(path: Path, line: str) -> list[_Cell]:
    """Every cell of the line."""
    wrong = "this is not a file of the community services' waiting lists."
    if is_workbook(path):
        found = [cell for rows in sheets_by_row(path) for cell in _community_sheet(rows, line, name_of(path))]
    else:
        header, rows = rows_of(path)
        if missing := {"band", "org_code", "msk_waiting"} - set(header):
            raise wrong_file(path, f"{wrong} There is no column {', '.join(sorted(missing))}.")
        title, code, column = (header.index(name) for name in ("band", "org_code", "msk_waiting"))
        level = header.index("org_type") if "org_type" in header else len(header)
        found = [_Cell(row.text(title), row.text(code), row.text(level), row, column) for row in rows]
    if not found:
        raise wrong_file(path, wrong)
    return found


def _community_sheet(rows: Iterator[OfficialRow], line: str, file: str) -> Iterator[_Cell]:
    title = next((row.text(0) for row in rows if row.text(0)), "")
    if not title.startswith(("Number waiting ", TOTAL)):
        return
    header: list[str] = []
    for row in rows:
        if not header:
            header = row.texts if "Organisation Code" in row.cells else []
            if header and line not in header:
                says = f"there is no line '{line}'. {did_you_mean(line, [name for name in header if name.startswith('(')])}"
                raise refuse("line_exists", file, says)
            continue
        code = row.text(header.index("Organisation Code"))
        level = row.text(header.index("Organisation Type")) if "Organisation Type" in header else ""
        if code:
            yield _Cell(title, code, level, row, header.index(line))


def _differences(rows: Sequence[tuple[object, ...]], totals: dict[tuple[date, str], float], file: str) -> Iterator[str]:
    """Totals that are not the sum of their bands."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    for (day, code), total in totals.items():
        of_month = table[(table["to_date"] == day) & (table["organisation"] == code)]
        added = float(of_month["value"].sum(skipna=False))
        if isfinite(total) and isfinite(added) and total != added:
            yield (
                f"{file}: {code}, {day:%B %Y}: the total is {total:,.0f} and its bands add to {added:,.0f}; the bands are used. "
                "Some providers do not tell how long people have waited."
            )
