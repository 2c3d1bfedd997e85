"""The event log: its dictionary, its canonical order, and its export with names.

The log is the engine's only output. One row is one event of one patient:

| kind | service, site | detail | value |
|---|---|---|---|
| onset | | first state | ticks since the episode began (0 unless ill at the start) |
| referral | where to | where from: a service, or `entry` | ticks until they arrive |
| offered | the site chosen | sites on offer | published wait in ticks |
| joined | the list | visit number within the course | ticks already waited (people listed at the start) |
| seen | where | visit number (0: while waiting for something else) | ticks waited since referral, or since the follow-up was due |
| did_not_attend | where | visit number | ticks waited |
| gave_up | the list, or no site if not yet on it | why | ticks waited |
| left | the place given back | visit number | ticks stayed |
| health | | from one state to another | ticks in the former state |
| prescription | the service before | the attribute set, and to what | 0 |
| discharge | the last service | | ticks since care was sought |

Canonical order is by tick, then by patient, then as it happened to that patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from pathways import refuse
from pathways.files.formulas import as_text_cell
from pathways.files.writing import written
from pathways.health import STATES
from sim.arrays.layout import DISCHARGE, GAVE_UP, HEALTH, KINDS, MOST_LEVELS, ONSET, PRESCRIPTION, REASONS, REFERRAL
from sim.plan import Plan

COLUMNS = ("tick", "patient", "kind", "service", "site", "detail", "value")
FORMATS = (".parquet", ".csv")
ENTRY = "entry"
"""Where a referral comes from that is the patient's own."""
DETAILS = 2**15
SECONDS_IN_A_DAY = 86_400


@dataclass(frozen=True)
class EventLog:
    """Rows of events, with the plan that gives their numbers names. `rows` has the record type `EVENT`."""

    rows: np.ndarray
    plan: Plan

    def __len__(self) -> int:
        return len(self.rows)

    def canonical(self) -> EventLog:
        """The same events in canonical order. What happens to one patient within a tick stays in its order."""
        key = (self.rows["tick"].astype(np.int64) << 32) + self.rows["patient"]
        return EventLog(self.rows[np.argsort(key, kind="stable")], self.plan)

    def table(self) -> pa.Table:
        """The log as a table with names, in the columns `COLUMNS`."""
        rows, plan = self.rows, self.plan
        services, sites = list(plan.services), [site.name for site in plan.sites]
        return pa.table(
            {
                "tick": rows["tick"],
                "patient": rows["patient"],
                "kind": _names(rows["kind"].astype(np.int32), list(KINDS)),
                "service": _names(rows["service"].astype(np.int32), services),
                "site": _names(rows["site"].astype(np.int32), sites),
                "detail": self._details(),
                "value": rows["value"],
            }
        )

    def _details(self) -> pa.Array:
        """The text of each row's detail, as its kind defines it."""
        rows, plan = self.rows, self.plan
        code = rows["kind"].astype(np.int64) * DETAILS + rows["detail"]
        counted = np.bincount(code, minlength=1)
        texts = {
            int(each): _detail(int(each) // DETAILS, int(each) % DETAILS, plan) for each in np.flatnonzero(counted)
        }
        names = sorted(set(texts.values()) - {""})
        position = np.full(len(counted), -1, dtype=np.int32)
        for each, text in texts.items():
            position[each] = names.index(text) if text else -1
        return _names(position[code], names)

    def frame(self) -> pd.DataFrame:
        """The log as a data frame with names."""
        frame: pd.DataFrame = self.table().to_pandas()
        return frame

    def for_outcomes(self) -> pd.DataFrame:
        """The log as `outcomes` takes events, simulated or real: `day` and `value` in days instead of ticks."""
        frame = self.frame()
        per_day = self.plan.ticks_per_day
        days = {"day": frame.pop("tick") / per_day, "value": frame["value"] / per_day}
        return frame.assign(**days)

    def for_process_mining(self) -> pd.DataFrame:
        """The log as process-mining tools expect it: case, activity, timestamp, resource; one row per step of care."""
        frame = self.frame()
        steps = frame[frame["kind"].isin(["referral", "joined", "seen", "did_not_attend", "gave_up", "discharge"])]
        plan = self.plan
        seconds = steps["tick"].astype("int64") * (SECONDS_IN_A_DAY // plan.ticks_per_day)
        return pd.DataFrame(
            {
                "case_id": steps["patient"].to_numpy(),
                "activity": (
                    steps["service"].astype(object).fillna("care") + ": " + steps["kind"].astype(object)
                ).to_numpy(),
                "timestamp": (pd.Timestamp(plan.region.about.start) + pd.to_timedelta(seconds, unit="s")).to_numpy(),
                "resource": steps["site"].astype(object).to_numpy(),
            }
        )


def _detail(kind: int, detail: int, plan: Plan) -> str:
    """The text of one detail; blank where its kind has none."""
    match kind:
        case k if k == ONSET:
            return STATES[detail]
        case k if k == REFERRAL:
            return plan.services[detail - 1] if detail else ENTRY
        case k if k == GAVE_UP:
            return REASONS[detail]
        case k if k == HEALTH:
            return f"{STATES[detail // len(STATES)]} to {STATES[detail % len(STATES)]}"
        case k if k == PRESCRIPTION:
            name = plan.attributes[detail // MOST_LEVELS]
            return f"{name} = {list(plan.pathway.attributes[name].levels)[detail % MOST_LEVELS]}"
        case k if k == DISCHARGE:
            return ""
        case _:
            return str(detail)


def _names(codes: np.ndarray, names: list[str]) -> pa.Array:
    """Text for codes, none for -1, stored as a dictionary."""
    indices = pa.array(codes, mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, type=pa.string()))


def log_path_problem(path: Path) -> None:
    """Raises `BadInput` where the ending of `path` is that of no log."""
    if path.suffix not in FORMATS:
        raise refuse(
            "log_format", str(path), f"a log is written as {' or '.join(FORMATS)}. Choose one of these endings."
        )


def write_logs(logs: Iterable[EventLog], path: Path, *, replications: int, areas: int, overwrite: bool = False) -> int:
    """Writes logs, one area and replication after another, into one file, whole or not at all; the number of events.

    With more than one replication a column `replication` follows the others.
    """
    count = 0
    with written(path, overwrite=overwrite) as part, _writer(part, path.suffix) as write:
        for position, log in enumerate(logs):
            table = log.table()
            if replications > 1:
                replication = np.full(len(log), position // areas, dtype=np.int32)
                table = table.append_column("replication", pa.array(replication))
            write(table)
            count += len(log)
    return count


@contextmanager
def _writer(part: Path, form: str) -> Iterator[Callable[[pa.Table], None]]:
    """A function that appends tables to a file, in the form that its ending names."""
    opened: list[Any] = []

    def write(table: pa.Table) -> None:
        if form == ".csv":
            table = pa.table({name: _texts(table[name]) for name in table.column_names})
        if not opened:
            opened.append(
                pa.csv.CSVWriter(part, table.schema) if form == ".csv" else pa.parquet.ParquetWriter(part, table.schema)
            )
        opened[0].write_table(table)

    try:
        yield write
    finally:
        for writer in opened:
            writer.close()


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names as text that no spreadsheet runs; numbers as they are."""
    if not pa.types.is_dictionary(column.type):
        return column
    safe = [
        pa.DictionaryArray.from_arrays(
            chunk.indices, pa.array([as_text_cell(name) for name in chunk.dictionary.to_pylist()], type=pa.string())
        )
        for chunk in column.chunks
    ]
    return pa.chunked_array(safe, type=column.type).cast(pa.string())
