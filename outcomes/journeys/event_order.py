"""Tables of events in the order in which they happened to each person, and the spells between a start and a stop.

The events are those of the log's dictionary, from a simulation or from real records brought into the same form:

| kind | what happened |
|---|---|
| onset | a new episode of pain began |
| referral | the person was referred to `service` (from `detail`, where that is known) |
| joined | they joined its list (`value`: days they had waited already, for people listed when the data begin) |
| seen | they were seen there, at `site` (`detail`: which visit of a course; 0: one made while waiting for another) |
| did_not_attend, gave_up, left | an appointment was missed, a wait was given up, a place was given back |
| decision_not_to_treat | treatment was decided against (not in the simulation's log) |
| discharge | care ended; nothing is waited for any longer |

`day` is a number, counted from anywhere; parts of days count. Events of other kinds are not looked at. Everything here
works on whole columns, so that ten million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from outcomes.table_rules import Rules

WITHOUT_SERVICE = ("onset", "discharge", "decision_not_to_treat")
"""Kinds of events that need no service."""

MEANWHILE = ("0", 0)
"""The number of a visit, in `detail`, that is made while waiting for another, as text or as a number."""


def events_of_kinds(events: pd.DataFrame, kinds: Collection[str]) -> np.ndarray:
    """Which events are of these kinds. Raises `BadTable` with everything that is wrong with them.

    >>> events = pd.DataFrame({"patient": 1, "day": [0, 3], "kind": ["referral", "seen"], "service": "gp"})
    >>> events_of_kinds(events, ["seen"]).tolist()
    [False, True]
    """
    rules = Rules("events", events)
    chosen = np.zeros(0, dtype=bool)
    if rules.has("patient", "day", "kind", "service"):
        rules.numbers("day")
        chosen = among(events["kind"], kinds)
        rules.rows(chosen & events["patient"].isna().to_numpy(), "patient", "each event needs a patient")
        bare = chosen & events["service"].isna().to_numpy() & ~among(events["kind"], WITHOUT_SERVICE)
        rules.rows(bare, ["kind", "service"], "such an event needs a service")
    rules.hold()
    return chosen


def ordered_events(events: pd.DataFrame, kinds: Collection[str], *, also: Sequence[str] = ()) -> pd.DataFrame:
    """The events of these kinds by person, then by day, then as they stand: `patient`, `day`, `kind`, `service` and `also`.

    `patient` is a number from 0, in the order of the names in `attrs["patients"]`. Columns of `also` that the table does
    not have are left out. Raises `BadTable` with everything that is wrong with the events.

    >>> events = pd.DataFrame({"patient": ["b", "a", "b"], "day": [3, 2, 1], "kind": ["seen", "seen", "referral"],
    ...                        "service": ["gp", "gp", "gp"]})
    >>> ordered_events(events, ["referral", "seen"])[["patient", "day", "kind"]].to_numpy().tolist()
    [[0, 2.0, 'seen'], [1, 1.0, 'referral'], [1, 3.0, 'seen']]
    """
    chosen = events_of_kinds(events, kinds)
    rows = events.loc[chosen, ["patient", "day", "kind", "service", *(column for column in also if column in events)]]
    codes, names = pd.factorize(rows["patient"], sort=True)
    day = rows["day"].to_numpy(dtype=float)
    order = np.lexsort((day, codes))
    table = pd.DataFrame({"patient": codes[order], "day": day[order]})
    for column in rows.columns[2:]:
        values = rows[column] if column == "value" else rows[column].astype("category")
        table[column] = values.array[order]
    table.attrs["patients"] = np.asarray(names)
    return table


def spells(group: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows at which spells start and stop; -1 where a spell has not stopped.

    All three are by row; rows of a group stand together, in order of time. A start within a spell that has not stopped
    begins no other, a stop without a start ends none.

    >>> first, last = spells(np.array([1, 1, 1, 1, 2]), np.array([1, 1, 0, 0, 1], dtype=bool), np.array([0, 0, 1, 1, 0], dtype=bool))
    >>> first.tolist(), last.tolist()
    ([0, 4], [2, -1])
    """
    rows = np.flatnonzero(starts | stops)
    groups, start = group[rows], starts[rows]
    follows = np.append(False, (groups[1:] == groups[:-1]) & start[:-1])[: len(rows)]
    begins, ends = np.flatnonzero(start & ~follows), np.flatnonzero(~start & follows)
    place = np.searchsorted(ends, begins)
    found = np.append(ends, len(rows))[place]
    stopped = np.append(groups, -1)[found] == groups[begins]
    return rows[begins], np.where(stopped, np.append(rows, -1)[found], -1)


def numbered_runs(*keys: np.ndarray) -> np.ndarray:
    """Numbers from 0 for runs of rows that agree in all keys.

    >>> numbered_runs(np.array([5, 5, 7, 7]), np.array([1, 1, 1, 2])).tolist()
    [0, 0, 1, 2]
    """
    changed = np.zeros(len(keys[0]), dtype=bool)
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.cumsum(changed)


def spells_of_care(patient: np.ndarray, discharged: np.ndarray) -> np.ndarray:
    """Numbers from 0 for the spells of care of each person: a discharge is the last event of one.

    >>> spells_of_care(np.array([1, 1, 1, 2]), np.array([False, True, False, False])).tolist()
    [0, 0, 1, 2]
    """
    return numbered_runs(patient, np.append(0, np.cumsum(discharged))[:-1])


def listed_before(table: pd.DataFrame, care: np.ndarray) -> np.ndarray:
    """Which events say that somebody was on a list before the data begin: `joined`, and nothing of that service before it.

    `table` as `ordered_events` gives it, `care` as `spells_of_care`.

    >>> table = pd.DataFrame({"kind": ["joined", "referral", "joined"], "service": ["mri", "gp", "gp"]}, dtype="category")
    >>> listed_before(table, np.zeros(3, dtype=int)).tolist()
    [True, False, False]
    """
    service = table["service"].cat
    first = ~pd.Series(care * (len(service.categories) + 1) + service.codes.to_numpy()).duplicated().to_numpy()
    return is_kind(table, "joined") & first


def days_before(table: pd.DataFrame, listed: np.ndarray) -> np.ndarray:
    """Days already waited at each event: `value` of those that `listed_before` found, 0 of others and without `value`.

    >>> days_before(pd.DataFrame({"value": [30.0, 5.0]}), np.array([True, False])).tolist()
    [30.0, 0.0]
    """
    if "value" not in table:
        return np.zeros(len(table))
    return np.where(listed, np.nan_to_num(table["value"].to_numpy(dtype=float)), 0)


def meanwhile(table: pd.DataFrame) -> np.ndarray:
    """Which visits were made while waiting for another: `detail`, the number within the course, is 0. None without `detail`.

    >>> meanwhile(pd.DataFrame({"kind": ["seen", "seen"], "detail": ["0", "1"]})).tolist()
    [True, False]
    """
    if "detail" not in table:
        return np.zeros(len(table), dtype=bool)
    return is_kind(table, "seen") & among(table["detail"], MEANWHILE)


def among(column: pd.Series, names: Collection[object]) -> np.ndarray:
    """Which rows of a column have one of these names; quick where the column is a categorical.

    >>> among(pd.Series(["gp", "mri", None], dtype="category"), ["mri"]).tolist()
    [False, True, False]
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.isin(list(names)).to_numpy(dtype=bool)
    chosen: np.ndarray = np.append(column.cat.categories.isin(list(names)), False)[column.cat.codes.to_numpy()]
    return chosen


def is_kind(table: pd.DataFrame, kind: str) -> np.ndarray:
    """Which events are of a kind.

    >>> is_kind(pd.DataFrame({"kind": ["seen", "referral"]}), "seen").tolist()
    [True, False]
    """
    return among(table["kind"], [kind])


def last_day(events: pd.DataFrame, end_day: float | None) -> float:
    """The day on which the data end: the one given, or that of the last event.

    >>> last_day(pd.DataFrame({"day": [3.0, 9.5]}), None)
    9.5
    """
    return float(events["day"].max()) if end_day is None else float(end_day)


def named(codes: np.ndarray, names: Sequence[str]) -> pd.Categorical[str]:
    """Names for codes from 0, none for -1.

    >>> named(np.array([1, -1]), ["seen", "waiting"]).tolist()
    ['waiting', nan]
    """
    return pd.Categorical.from_codes(codes.astype(np.int8), categories=pd.Index(list(names)))
