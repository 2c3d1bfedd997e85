"""Reader of NHS England's monthly diagnostics (DM01): people who wait for a test at the end of a month, by weeks waited.

The publisher's workbooks by provider and by commissioner (.xls or .xlsx), and the full extract as CSV, zipped or not.
Under the Open Government Licence; no copy ships with the project. It does not tell back pain alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import inf, isfinite, nan
from pathlib import Path

from pathways.files.opened import name_of
from pathways.official.cells import Counts, OfficialRow, check_bands, once, stripped, sums_told
from pathways.official.files import (
    OfficialWaits,
    check_codes,
    is_workbook,
    official_waits,
    rows_of,
    sheets_by_row,
    wrong_file,
)
from pathways.official.periods import month
from pathways.problems import did_you_mean, listed, refuse
from pathways.quantity import DAYS_IN_A_WEEK

INSTEAD = {"": nan}
"""A blank was not submitted; nobody is written as 0."""
ORGANISATIONS = (
    ("commissionerorgcode", "commissionercode"),
    ("providerorgcode", "providercode"),
    ("commissionerparentorgcode",),
    ("providerparentorgcode",),
)
"""Columns of organisations' codes, those of one kind together. All codes of an entry are found in columns of one kind."""
TESTS = ("diagnostictestname", "diagnostictests", "diagnostictest")
PERIODS = ("reportingperiod", "period")
TOTALS = ("totalwaitinglist", "totalwl")
SHOWN = 20
"""Tests that are named."""


@dataclass(frozen=True)
class _Table:
    """A sheet or a file: its header, its rows, and the month that stands above them, if one does."""

    header: Sequence[str]
    rows: Sequence[OfficialRow]
    above: str

    def column(self, names: Iterable[str]) -> int | None:
        """The place of the first of these columns, however it is written; None where there is none."""
        plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in self.header]
        return next((plain.index(name) for name in names if name in plain), None)

    @property
    def bands(self) -> dict[int, tuple[int, float]]:
        """The columns of waits."""
        found = {column: days for column, name in enumerate(self.header) if (days := _weeks(name)) is not None}
        closed = {column: days for column, days in found.items() if days[1] != inf}
        top = max((high for _, high in closed.values()), default=-1)
        # "6+ weeks" beside the single weeks is a sum of them; only what goes on from the last of them is a band
        return {column: days for column, days in found.items() if column in closed or days[0] == top + 1}


def read_monthly_diagnostics(path: Path, *, codes: Collection[str], modality: str) -> OfficialWaits:
    """People waiting for a test at the end of a month, by days waited. The measure is `waiting`.

    `modality` is the test as the file names it, such as "Magnetic Resonance Imaging"; `codes` are of commissioners or of
    providers (or of their parents), all of one kind. A week is days 0 to 6, 7 to 13 and so on, as the form counts them.
    `BadInput` where this is another file, has no such organisation or test, or holds what is no count.
    """
    codes, modality = stripped(codes), modality.strip()
    table = _table(path)
    test, bands = table.column(TESTS), table.bands
    assert test is not None
    check_bands(bands.values(), name_of(path))
    code = _organisations(table, codes, name_of(path))
    tests = {row.text(test) for row in table.rows} - {""}
    if modality not in tests:
        raise refuse("modality_exists", name_of(path), f"there is no test '{modality}'. {_tests(modality, tests)}")
    wanted = [row for row in table.rows if row.text(code) in codes and row.text(test) == modality]
    numbers = {*bands, *(column for column in (table.column(TOTALS),) if column is not None)}
    kept, notes = once((_key(table, row), row) for row in wanted)
    if without := [each for each in codes if each not in {row.text(code) for row in kept}]:
        says = f"'{without[0]}' has nobody of the test '{modality}' in this file. Take it out, or name another test."
        raise refuse("codes_have_tests", name_of(path), says)
    counts = Counts(INSTEAD)
    added: dict[tuple[str, date], dict[int, float]] = {}
    for row in kept:
        values = {column: counts.of(row, column) for column in numbers}
        sums = added.setdefault((row.text(code), _month_of(table, row, name_of(path))), dict.fromkeys(numbers, 0.0))
        for column, value in values.items():
            sums[column] += value
    counts.refused()
    rows: list[tuple[object, ...]] = []
    for (name, day), sums in sorted(added.items()):
        rows += [("waiting", name, day, day, *days, sums[column], False) for column, days in bands.items()]
        notes += _totals(table, sums, f"{name_of(path)}: {name}, {day:%B %Y}")
    return official_waits(rows, notes)


def _totals(table: _Table, sums: dict[int, float], where: str) -> Iterator[str]:
    total = table.column(TOTALS)
    if total is not None and isfinite(sums[total]):
        yield from sums_told(where, sum(sums[column] for column in table.bands), sums[total])


def _key(table: _Table, row: OfficialRow) -> tuple[str, ...]:
    """What a row is about: everything that stands left of its counts."""
    first = min(table.bands)
    total = table.column(TOTALS)
    return tuple(row.text(column) for column in range(min(first, first if total is None else total)))


def _table(path: Path) -> _Table:
    """The table by organisation and test; `BadInput` where the file has none."""
    for header, above, rows in _candidates(path):
        found = _Table(header, rows, above)
        if (
            found.column(TESTS) is not None
            and found.bands
            and any(found.column(each) is not None for each in ORGANISATIONS)
        ):
            return found
    raise wrong_file(path, "this is not monthly diagnostics (DM01) by organisation and test.")


def _candidates(path: Path) -> Iterator[tuple[list[str], str, list[OfficialRow]]]:
    """Everything in a file that may be the table: its header, the month above it, and its rows."""
    if not is_workbook(path):
        header, rows = rows_of(path)
        yield header, "", rows
        return
    for sheet in sheets_by_row(path):
        above = ""
        for row in sheet:
            texts = row.texts
            for label, value in pairwise(texts):
                above = value if label.startswith("Period") else above
            if _Table(texts, (), "").column(TESTS) is not None:
                yield texts, above, list(sheet)


def _organisations(table: _Table, codes: Collection[str], file: str) -> int:
    """The column in which all of the codes stand."""
    columns = [column for names in ORGANISATIONS if (column := table.column(names)) is not None]
    there = {column: {row.text(column) for row in table.rows} - {""} for column in columns}
    for column, known in there.items():
        if set(codes) <= known:
            return column
    check_codes(codes, set().union(*there.values()), file)
    told = "; ".join(
        f"{', '.join(code for code in codes if code in known)} in {table.header[column]}"
        for column, known in there.items()
        if set(codes) & known
    )
    says = (
        f"these organisations are of several kinds, and the same people stand in both: {told}. Name those of one kind."
    )
    raise refuse("codes_of_one_level", file, says)


def _month_of(table: _Table, row: OfficialRow, file: str) -> date:
    column = table.column(PERIODS)
    written = row.text(column) if column is not None else table.above
    found = month(re.sub(r"^(DM01|dm01)[- ]", "", written))
    if found is None:
        place = row.place if column is not None else file
        says = (
            f"'{written}' is no month such as July 2025 or DM01-JULY-2025. It stands beside 'Period:', or in a column."
        )
        raise refuse("period_is_told", place, says)
    return found[1]


def _tests(modality: str, tests: Collection[str]) -> str:
    hint = did_you_mean(modality, tests)
    return hint if hint.startswith("Did you mean") else f"There are: {listed(sorted(tests), SHOWN)}."


def _weeks(name: str) -> tuple[int, float] | None:
    """The days of a column such as '00<01w', '0 <01 weeks' or '13+ weeks'.

    >>> _weeks("0 <01 weeks"), _weeks("05<06w"), _weeks("13+ weeks"), _weeks("Number waiting 6+ Weeks")
    ((0, 6), (35, 41), (91, inf), None)
    """
    text = re.sub(r"\s+", "", name.lower())
    if found := re.fullmatch(r"(\d{1,3})<(\d{1,3})w(?:eeks?|ks?)?", text, re.ASCII):
        low, high = int(found[1]) * DAYS_IN_A_WEEK, int(found[2]) * DAYS_IN_A_WEEK - 1
        return (low, high) if low <= high else None
    found = re.fullmatch(r"(\d{1,3})\+w(?:eeks?|ks?)?", text, re.ASCII)
    return (int(found[1]) * DAYS_IN_A_WEEK, inf) if found else None
