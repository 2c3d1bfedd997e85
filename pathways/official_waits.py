"""Readers of official figures of waits as they are published: imaging and community services; clocks in `official_clocks`.

Publisher: NHS England (Diagnostic Imaging Dataset, Community Health Services SitRep, Consultant-led Referral to Treatment
Waiting Times). All under the Open Government Licence; no copy ships with the project. None of them tells back pain alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import pairwise
from math import isfinite, nan
from pathlib import Path

import pandas as pd

from pathways.official_clocks import read_referral_to_treatment
from pathways.official_files import (
    COLUMNS,
    Cells,
    OfficialWaits,
    check_codes,
    is_workbook,
    number_in,
    official_waits,
    seems_to_be,
    sheets_of,
    table_of,
)
from pathways.periods import band, financial_year, month
from pathways.problems import did_you_mean, refuse

IMAGING_ROUNDED_TO = 5
"""The publisher of the Diagnostic Imaging Dataset rounds counts by commissioner to the nearest five."""
IMAGING_SUPPRESSED_BELOW = 3
"""And suppresses counts below three."""
FIRST_BAND = "0-7 days"
"""A column that Table 7a of imaging has, and Table 7b (from test to report) has not."""
__all__ = ["OfficialWaits", "read_community_waiting", "read_diagnostic_imaging", "read_referral_to_treatment"]

MUSCULOSKELETAL = "(A) Musculoskeletal service"
"""The line of the community services' figures that is read unless another is named."""

# imaging


def read_diagnostic_imaging(path: Path, *, codes: Collection[str], modality: str) -> OfficialWaits:
    """Tests in a financial year by days from request to test: Table 7a of the Diagnostic Imaging Dataset, by commissioner.

    `modality` as the file names it, such as "Magnetic Resonance Imaging". The measure is `waited`. Tests whose time is
    not known are told in a note and are in no band. `BadInput` where this is another file, or has no such organisation.
    """
    above, header, body = _imaging_table(path)
    code, kind = header.index("CCG Code"), header.index("Modality")
    check_codes(codes, {str(row[code]) for row in body if len(row) > code and row[code]} - {"-"}, path.name)
    kinds = {str(row[kind]) for row in body if len(row) > kind and row[kind]}
    if modality not in kinds:
        says = f"there is no modality '{modality}'. {did_you_mean(modality, kinds)}"
        raise refuse("modality_exists", path.name, says)
    begin, end = _imaging_year(above, path.name)
    bands = {column: found for column, name in enumerate(header) if (found := band(name)) is not None}
    found_rows: list[tuple[object, ...]] = []
    notes: list[str] = []
    for row in body:
        if len(row) <= kind or row[code] not in codes or row[kind] != modality:
            continue
        name = str(row[code])
        cells = {column: row[column] if column < len(row) else None for column in range(len(header))}
        for column, (low, high) in bands.items():
            hidden = str(cells[column]).strip() == "*"
            value = IMAGING_SUPPRESSED_BELOW / 2 if hidden else number_in(cells[column])
            found_rows.append(("waited", name, begin, end, low, high, value, hidden))
        notes += _imaging_notes(cells, header, list(bands), f"{path.name}: {name}")
    return official_waits(
        found_rows, notes, rounded_to=IMAGING_ROUNDED_TO, suppressed_below=IMAGING_SUPPRESSED_BELOW
    )  # fmt: skip


def _imaging_table(path: Path) -> tuple[list[Cells], list[str], list[Cells]]:
    """The sheet of days from request to test: what stands above its header, the header, and the rows below."""
    for _, rows in sheets_of(path):
        above: list[Cells] = []
        for row in rows:
            header = [str(cell or "").strip() for cell in row]
            if {"CCG Code", "Modality", FIRST_BAND} <= set(header):
                return above, header, list(rows)
            above.append(row)
    says = f"this is not Table 7 of the Diagnostic Imaging Dataset by CCG. {seems_to_be(path)}"
    raise refuse("file_is_the_right_one", path.name, says.strip())


def _imaging_year(above: list[Cells], file: str) -> tuple[date, date]:
    cells = [str(cell) for row in above for cell in row if cell is not None]
    for label, value in pairwise(cells):
        if label.strip().startswith("Period") and (year := financial_year(value)) is not None:
            return year
    raise refuse("period_is_told", file, "no financial year stands beside 'Period:'.")


def _imaging_notes(cells: dict[int, object], header: list[str], bands: list[int], where: str) -> Iterator[str]:
    def of(name: str) -> float:
        return number_in(cells[header.index(name)]) if name in header else nan

    unknown, total = of("Time not known"), of("Total")
    if unknown > 0:
        yield f"{where}: {unknown:,.0f} of {total:,.0f} tests have no time from request to test, and are in no band."
    known = [number_in(cells[column]) for column in bands]
    difference = sum(value for value in known if isfinite(value)) + (unknown if isfinite(unknown) else 0) - total
    if abs(difference) > IMAGING_ROUNDED_TO * (len(bands) + 2) / 2:
        yield f"{where}: the bands add to {abs(difference):,.0f} {'more' if difference > 0 else 'less'} than the total of {total:,.0f}."


# community services


def read_community_waiting(path: Path, *, codes: Collection[str], line: str = MUSCULOSKELETAL) -> OfficialWaits:
    """People on community services' waiting lists at the end of a month, by days waited. The measure is `waiting`.

    Two shapes are read: the publisher's workbook of one month, with a sheet for each band; and a table of several months
    with the columns `band` (the title of a sheet), `org_code` and `msk_waiting`. `codes` are of integrated care boards
    or providers, `line` the column of the workbook. A blank was not submitted; a total that is not the sum of its bands
    is told in a note. `BadInput` where this is another file, or has no such organisation.
    """
    titled = _community_cells(path, line)
    known = {code for _, code, _ in titled if code}
    check_codes(codes, known, path.name)
    rows: list[tuple[object, ...]] = []
    totals: dict[tuple[date, str], float] = {}
    for title, code, cell in titled:
        when = month(title.rpartition(", ")[2])
        if code not in codes or when is None:
            continue
        value = number_in(cell)
        days = _community_band(title)
        if days is None:
            totals[when[1], code] = value
        else:
            rows.append(("waiting", code, when[1], when[1], *days, value, False))
    if not rows:
        raise refuse(
            "bands_exist", path.name, "no sheet tells how long people have waited ('Number waiting 0-1 weeks …')."
        )
    return official_waits(rows, [*_differences(rows, totals, path.name)])


def _community_band(title: str) -> tuple[int, float] | None:
    """The band in 'Number waiting >1-2 weeks (8-14 days) by service, July 2025'."""
    found = re.match(r"Number waiting (.+? weeks)", title)
    return band(found[1]) if found else None


def _community_cells(path: Path, line: str) -> list[tuple[str, str, object]]:
    """Every cell of the line: the title of its sheet, the organisation's code, and what stands there."""
    wrong = "this is not a file of the community services' waiting lists."
    if is_workbook(path):
        found = [cell for _, rows in sheets_of(path) for cell in _community_sheet(rows, line, path.name)]
    else:
        table = table_of(path)
        if missing := {"band", "org_code", "msk_waiting"} - set(table.columns):
            says = f"{wrong} There is no column {', '.join(sorted(missing))}. {seems_to_be(path)}"
            raise refuse("file_is_the_right_one", path.name, says.strip())
        found = list(zip(table["band"], table["org_code"], table["msk_waiting"], strict=True))
    if not found:
        raise refuse("file_is_the_right_one", path.name, f"{wrong} {seems_to_be(path)}".strip())
    return found


def _community_sheet(rows: Iterator[Cells], line: str, file: str) -> Iterator[tuple[str, str, object]]:
    title = next((str(row[0]) for row in rows if row and row[0]), "")
    if not title.startswith(("Number waiting ", "Total waiting list by service")):
        return
    header: list[str] = []
    for row in rows:
        if not header:
            header = [str(cell or "").strip() for cell in row] if "Organisation Code" in row else []
            if header and line not in header:
                says = f"there is no line '{line}'. {did_you_mean(line, [name for name in header if name.startswith('(')])}"
                raise refuse("line_exists", file, says)
            continue
        code, column = header.index("Organisation Code"), header.index(line)
        if len(row) > code and row[code]:
            yield title, str(row[code]), row[column] if len(row) > column else None


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
