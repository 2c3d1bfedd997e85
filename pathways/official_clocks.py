"""Reader of NHS England's full extract of referral to treatment: clocks that run, and clocks stopped by treatment."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from pathways.files.opened import unpacked
from pathways.official_files import OfficialWaits, check_codes, is_workbook, official_waits, seems_to_be
from pathways.periods import band, month
from pathways.problems import BadInput, did_you_mean, refuse

WAITING, WAITED = "rtt_waiting", "rtt_waited"
RTT_KEYS = ("Period", "Commissioner Org Code", "RTT Part Type", "Treatment Function Code")
UNKNOWN = "Patients with unknown clock start date"
"""A column of the full extract."""
PARTS = {"Part_2": WAITING, "Part_1A": WAITED, "Part_1B": WAITED}
"""Parts of the referral-to-treatment file that are read: running clocks, and those stopped with and without admission."""


def read_referral_to_treatment(path: Path, *, codes: Collection[str], treatment_function: str) -> OfficialWaits:
    """Running and stopped clocks of a month by weeks waited, from the full extract (zipped or not), by commissioner.

    The measures are `rtt_waiting`, clocks that run at the end of the month, and `rtt_waited`, those stopped by treatment
    in it, admitted or not. `treatment_function` is a code such as "C_110"; "C_999" is the total of all. `BadInput` where
    this is another file, or has no such organisation or function.
    """
    if is_workbook(path):
        raise _wrong(path)
    data = unpacked(path)
    first, _, body = data.partition(b"\n")
    header = next(csv.reader([first.decode("utf-8-sig", errors="replace").strip()]), [])
    bands = {name: found for name in header if (found := _weeks(name)) is not None}
    if not set(RTT_KEYS) <= set(header) or not bands:
        raise _wrong(path)
    wanted = [code.encode() for code in codes]
    function = treatment_function.encode()
    lines = [line for line in io.BytesIO(body) if function in line and any(code in line for code in wanted)]
    table = _rtt_columns(b"".join(lines), header, [*RTT_KEYS, *bands, UNKNOWN])
    table = table[table["Commissioner Org Code"].isin(codes) & (table["Treatment Function Code"] == treatment_function)]
    if set(codes) - set(table["Commissioner Org Code"]):
        raise _nothing_found(_rtt_columns(body, header, RTT_KEYS), codes, treatment_function, path.name)
    return _clocks(table.assign(measure=table["RTT Part Type"].map(PARTS)), bands, path.name)


def _wrong(path: Path) -> BadInput:
    says = f"this is not the full extract of referral to treatment. {seems_to_be(path)}"
    return refuse("file_is_the_right_one", path.name, says.strip())


def _rtt_columns(lines: bytes, header: list[str], wanted: Collection[str]) -> pd.DataFrame:
    # only codes and counts are wanted: whatever the letters of the names are, they need not be understood
    return pd.read_csv(
        io.BytesIO(lines), names=header, header=None, usecols=[name for name in header if name in wanted], dtype=str,
        keep_default_na=False, encoding="latin-1",
    )  # fmt: skip


def _nothing_found(table: pd.DataFrame, codes: Collection[str], function: str, file: str) -> BadInput:
    """Which of the codes the file does not have."""
    functions = set(table["Treatment Function Code"])
    if function not in functions:
        says = f"there is no treatment function '{function}'. {did_you_mean(function, functions)}"
        return refuse("treatment_function_exists", file, says)
    check_codes(codes, set(table["Commissioner Org Code"]), file)
    has = set(table.loc[table["Treatment Function Code"] == function, "Commissioner Org Code"])
    without = next(code for code in codes if code not in has)
    return refuse(
        "codes_have_clocks", file, f"'{without}' has no clocks of the treatment function '{function}'. Take it out."
    )


def _clocks(table: pd.DataFrame, bands: Mapping[str, tuple[int, float]], file: str) -> OfficialWaits:
    """Clocks added up over providers, and over those admitted and not."""
    columns = [*bands, *(name for name in (UNKNOWN,) if name in table)]
    numbers = table[columns].apply(pd.to_numeric, errors="coerce").fillna(0)
    keys = ["measure", "Commissioner Org Code", "Period"]
    added = numbers.groupby([table[key] for key in keys]).sum().reset_index()
    rows: list[tuple[object, ...]] = []
    notes = []
    for row in added.to_dict("records"):
        measure, code = str(row["measure"]), str(row["Commissioner Org Code"])
        when = month(str(row["Period"]).removeprefix("RTT-"))
        if when is None:
            says = f"'{row['Period']}' in the column Period is no month such as RTT-January-2026."
            raise refuse("period_is_told", file, says)
        begin = when[1] if measure == WAITING else when[0]
        rows += [(measure, code, begin, when[1], *days, row[name], False) for name, days in bands.items()]
        if row.get(UNKNOWN, 0) > 0:
            notes.append(
                f"{file}: {code}: {row[UNKNOWN]:,.0f} clocks of {measure} have no start date, and are in no band."
            )
    return official_waits(rows, notes)


def _weeks(name: str) -> tuple[int, float] | None:
    """The band of a column such as 'Gt 17 To 18 Weeks SUM 1'."""
    if found := re.fullmatch(r"Gt (\d+) To (\d+) Weeks(?: SUM 1)?", name):
        return band(f"{int(found[1])}-{int(found[2])} weeks")
    found = re.fullmatch(r"Gt (\d+) Weeks(?: SUM 1)?", name)
    return band(f"over {int(found[1])} weeks") if found else None
