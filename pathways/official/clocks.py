"""Reader of NHS England's full extract of referral to treatment: clocks that run, and clocks stopped by treatment."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pathways.files.opened import bytes_of, kind_of, name_of, unpacked_in
from pathways.official.cells import Counts, OfficialRow, check_bands, once, stripped, sums_told
from pathways.official.files import WORKBOOKS, OfficialWaits, check_codes, check_widths, official_waits, wrong_file
from pathways.official.periods import band, month
from pathways.problems import BadInput, did_you_mean, refuse

WAITING, WAITED = "rtt_waiting", "rtt_waited"
PERIOD, PROVIDER, CODE, PART, FUNCTION = (
    "Period", "Provider Org Code", "Commissioner Org Code", "RTT Part Type", "Treatment Function Code",
)  # fmt: skip
RTT_KEYS = (PERIOD, CODE, PART, FUNCTION)
UNKNOWN, TOTAL = "Patients with unknown clock start date", "Total All"
"""Columns of the full extract."""
PARTS = {"Part_2": WAITING, "Part_1A": WAITED, "Part_1B": WAITED}
"""Parts of the referral-to-treatment file that are read: running clocks, and those stopped with and without admission."""
INSTEAD = {"": 0.0}
"""A blank is nobody: the publisher leaves weeks blank where none waited so long."""


def read_referral_to_treatment(path: Path, *, codes: Collection[str], treatment_function: str) -> OfficialWaits:
    """Running and stopped clocks of a month by weeks waited, from the full extract (zipped or not), by commissioner.

    The measures are `rtt_waiting`, clocks that run at the end of the month, and `rtt_waited`, those stopped by treatment
    in it, admitted or not. `treatment_function` is a code such as "C_110"; "C_999" is the total of all. `BadInput` where
    this is another file, has no such organisation or function, or holds what is no count.
    """
    data = bytes_of(path)
    if kind_of(data) in WORKBOOKS:
        raise _wrong(path)
    file = name_of(path)
    lines = _lines_of(unpacked_in(data, path))
    header = [name.strip() for name in _cells(lines[0].decode("utf-8-sig", errors="replace"), f"{file}: row 1")]
    bands = {name: found for name in header if (found := _weeks(name)) is not None}
    if not set(RTT_KEYS) <= set(header) or not bands:
        raise _wrong(path)
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise refuse("columns_once", file, f"the column '{twice[0]}' stands twice. Download the file again.")
    check_bands(bands.values(), file)
    codes, function = stripped(codes), treatment_function.strip()
    named = _Named(header)
    of_function = [row for row in _rows_with(lines, function.encode(), file) if named(row, FUNCTION) == function]
    rows = [row for row in of_function if named(row, CODE) in codes]
    if set(codes) - {named(row, CODE) for row in rows}:
        raise _nothing_found(list(_rows_with(lines, b"", file)), named, codes, function, file)
    check_widths(rows, len(header))
    notes: list[str] = []
    if PROVIDER in header:
        keys = (PERIOD, PROVIDER, CODE, PART, FUNCTION)
        rows, notes = once((tuple(named(row, key) for key in keys), row) for row in rows)
    return _clocks(rows, named, bands, notes, file)


def _wrong(path: Path) -> BadInput:
    return wrong_file(path, "this is not the full extract of referral to treatment.")


class _Named:
    """The cell of a row in a column that is called by its name."""

    def __init__(self, header: Sequence[str]):
        self.columns = {name: column for column, name in enumerate(header)}

    def __call__(self, row: OfficialRow, name: str) -> str:
        return row.text(self.columns[name])


def _lines_of(data: bytes) -> list[bytes]:
    if kind_of(data) == "utf-16":
        data = data.decode("utf-16", errors="replace").encode()
    return data.splitlines()


def _rows_with(lines: Sequence[bytes], part: bytes, file: str) -> Iterator[OfficialRow]:
    """The rows of a table in which some bytes stand, the header being row 1.

    Only codes and counts are wanted: whatever the letters of names are, they need not be understood. Files have 85 MB:
    lines are chosen before they are taken apart, unless some text in quotes goes on over lines.
    """
    if any(line.count(b'"') % 2 for line in lines):
        text = b"\n".join(lines).decode("latin-1")
        rows = csv.reader(io.StringIO(text, newline=""))
        try:
            yield from (
                OfficialRow(file, number, cells) for number, cells in enumerate(rows, start=1) if cells and number > 1
            )
        except csv.Error as error:
            raise _no_csv(file, error) from None
        return
    for number, line in enumerate(lines[1:], start=2):
        if part in line and line.strip():
            yield OfficialRow(file, number, _cells(line.decode("latin-1"), f"{file}: row {number}"))


def _cells(line: str, place: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error as error:
        raise _no_csv(place, error) from None


def _no_csv(place: str, error: csv.Error) -> BadInput:
    return refuse("file_is_csv", place, f"this is not a CSV table: {error}. Download the file again.")


def _nothing_found(
    rows: Sequence[OfficialRow], named: _Named, codes: Collection[str], function: str, file: str
) -> BadInput:  # fmt: skip
    """Which of the codes the file does not have."""
    functions = {named(row, FUNCTION) for row in rows}
    if function not in functions:
        says = f"there is no treatment function '{function}'. {did_you_mean(function, functions)}"
        return refuse("treatment_function_exists", file, says)
    check_codes(codes, {named(row, CODE) for row in rows}, file)
    has = {named(row, CODE) for row in rows if named(row, FUNCTION) == function}
    without = next(code for code in codes if code not in has)
    return refuse(
        "codes_have_clocks", file, f"'{without}' has no clocks of the treatment function '{function}'. Take it out."
    )


def _clocks(
    rows: Sequence[OfficialRow], named: _Named, bands: Mapping[str, tuple[int, float]], notes: list[str], file: str
) -> OfficialWaits:
    """Clocks added up over providers, and over those admitted and not."""
    counts = Counts(INSTEAD)
    others = [name for name in (UNKNOWN, TOTAL) if name in named.columns]
    added: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in rows:
        measure = PARTS.get(named(row, PART))
        if measure is None:
            continue
        values = {name: counts.of(row, named.columns[name]) for name in [*bands, *others]}
        if not counts.problems and TOTAL in values and values[TOTAL] > 0:
            in_bands = sum(values[name] for name in bands)
            notes += sums_told(row.place, in_bands, values[TOTAL], unknown=values.get(UNKNOWN, 0))
        sums = added.setdefault((measure, named(row, CODE), named(row, PERIOD)), dict.fromkeys(values, 0.0))
        for name, value in values.items():
            sums[name] += value
    counts.refused()
    found: list[tuple[object, ...]] = []
    for (measure, code, written), sums in sorted(added.items()):
        when = month(written.removeprefix("RTT-"))
        if when is None:
            says = f"'{written}' in the column Period is no month such as RTT-January-2026."
            raise refuse("period_is_told", file, says)
        begin = when[1] if measure == WAITING else when[0]
        found += [(measure, code, begin, when[1], *days, sums[name], False) for name, days in bands.items()]
        if sums.get(UNKNOWN, 0) > 0:
            notes.append(
                f"{file}: {code}: {sums[UNKNOWN]:,.0f} clocks of {measure} have no start date, and are in no band."
            )
    return official_waits(found, notes)


def _weeks(name: str) -> tuple[int, float] | None:
    """The band of a column such as 'Gt 17 To 18 Weeks SUM 1'."""
    if found := re.fullmatch(r"Gt (\d{1,4}) To (\d{1,4}) Weeks(?: SUM 1)?", name, re.ASCII):
        return band(f"{int(found[1])}-{int(found[2])} weeks")
    found = re.fullmatch(r"Gt (\d{1,4}) Weeks(?: SUM 1)?", name, re.ASCII)
    return band(f"over {int(found[1])} weeks") if found else None
