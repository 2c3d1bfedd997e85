"""Events in an order that can have happened: what cannot have is counted and left out, never silently in a result.

Records of real people hold slips: a visit dated before its referral, a discharge before the first contact. A wait that
such rows seem to tell goes on for ever. Here they are found, by person, and nobody is named. The kinds of events are told
in `outcomes.journeys.event_order`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outcomes.journeys.event_order import events_of_kinds, is_kind, meanwhile, numbered_runs, spells_of_care
from outcomes.lengths_of_time import DAYS_IN_A_YEAR

KINDS = ("referral", "joined", "seen", "did_not_attend", "gave_up", "left", "decision_not_to_treat", "discharge")
STARTS, ENDS = ("referral", "joined"), ("seen", "gave_up")
IMPOSSIBLE = {
    "seen_before_referral": "seen by a service, or gave up waiting for it, before the referral to it and not after",
    "seen_after_discharge": "discharged while waiting for a service, and seen by it later without a new referral",
    "seen_after_giving_up": "gave up waiting for a service, and seen by it later without a new referral",
    "discharged_before_referral": "discharged before anything else, and referred later",
    "treated_before_referral": "treated, or treatment decided against, before the referral that starts the clock and not after",
}
"""Orders that cannot have happened."""
UNTOLD = {
    "seen_without_referral": "seen by a service without a referral to it: the visits count, no wait can be told",
    "seen_again_after_discharge": "seen again by a service after a discharge, without a new referral: the visits count",
    "missed_before_referral": "missed an appointment of a service, or left it, before the referral to it: the wait counts from it",
    "joined_before_referral": "joined a list before the referral to it: the wait counts from the day of joining",
}
"""What may have happened, though something is missing of it; nothing of it is left out."""


@dataclass(frozen=True)
class PossibleEvents:
    """Events without what cannot have happened, and how many people have each kind of fault (`IMPOSSIBLE`, `UNTOLD`)."""

    events: pd.DataFrame
    people: dict[str, int]


def possible_events(
    events: pd.DataFrame, *, consultant_led: Collection[str] = (), treatments: Collection[str] = ()
) -> PossibleEvents:
    """Events as they can have happened.

    `events` as in `wait_spells`; `consultant_led` and `treatments` as in `referral_to_treatment`. Rows of one day may stand
    in any order where only one can be meant: a visit goes behind the referral to it, a discharge behind the visits of its
    day. What is left out: all rows of a person at a service whose visits lie before the referral; of a wait that ended with
    a discharge or with giving up and was followed by a visit, the rows of that wait; a discharge before everything else.
    Raises `BadTable` with everything that is wrong with the events.

    >>> events = pd.DataFrame({"patient": [1, 1, 2, 2], "day": [10, 8, 0, 30], "kind": ["referral", "seen"] * 2,
    ...                        "service": "mri"})
    >>> found = possible_events(events)
    >>> found.events["patient"].tolist(), found.people["seen_before_referral"]
    ([2, 2], 1)
    """
    people: dict[str, set[Any]] = {name: set() for name in (*IMPOSSIBLE, *UNTOLD)}
    while True:
        events = _in_order_of_each_day(events)
        log = _Log.of(events)
        found = _faults(log, consultant_led, treatments)
        patients = events["patient"].to_numpy()
        for name, rows in found.items():
            people[name] |= set(patients[log.row[rows]])
        out = np.zeros(len(events), dtype=bool)
        for name in IMPOSSIBLE:
            out[log.row[found[name]]] = True
        if not out.any():
            return PossibleEvents(events, {name: len(of) for name, of in people.items()})
        events = events[~out].reset_index(drop=True)  # what was left out may have hidden another


def _faults(log: _Log, consultant_led: Collection[str], treatments: Collection[str]) -> dict[str, np.ndarray]:
    """By fault, the places of its rows in the log."""
    return {
        **_waits_that_cannot_be(log),
        "missed_before_referral": _early_misses(log),
        "discharged_before_referral": _early_discharges(log),
        "treated_before_referral": _early_treatments(log, consultant_led, treatments),
    }


def without_repeats(events: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Events without rows that repeat another in every column, and how many those were; the first of them stays.

    >>> events, repeats = without_repeats(pd.DataFrame({"patient": [1, 1, 1], "day": [0, 0, 3], "kind": "seen"}))
    >>> events["day"].tolist(), repeats
    ([0, 3], 1)
    """
    repeated = events.duplicated().to_numpy()
    return (events[~repeated], int(repeated.sum())) if repeated.any() else (events, 0)


LEAST_GAP_DAYS, LARGER, FEW = 90, 5, 0.05
"""Days without any event, at least, that set an end apart; so many times as long as any other; and the most of the events
beyond."""
YEARS_OF_NOTHING, NOT_MOST = 5 * DAYS_IN_A_YEAR, 0.5
"""After so many days without any event an end stands apart whatever lies beyond, as long as it is not most of the events."""


def isolated_end(days: np.ndarray) -> tuple[float, float, int] | None:
    """The last day before a far end that stands apart, the far end, and the events beyond; None without such an end.

    An end stands apart where at most a twentieth of the events (or one) lie behind a gap of at least 90 days that is five
    times as long as any between the others; or less than half of them, where the gap is one of years. For a far beginning
    give the days with their signs turned.

    >>> isolated_end(np.array([0.0, 10, 50, 60, 100, 120, 27_392]))
    (120.0, 27392.0, 1)
    >>> isolated_end(np.array([0.0, 10, 50, 60, 100, 120]))
    """
    when, counts = np.unique(days, return_counts=True)
    beyond = counts[::-1].cumsum()[::-1]
    gaps = np.diff(when)
    longest_before = np.maximum.accumulate(np.append(0, gaps))[:-1]
    few = (beyond[1:] <= max(1, FEW * len(days))) | ((gaps >= YEARS_OF_NOTHING) & (beyond[1:] < NOT_MOST * len(days)))
    apart = few & (gaps >= LEAST_GAP_DAYS) & (gaps >= LARGER * longest_before)
    apart &= np.arange(len(gaps)) > 0
    if not apart.any():
        return None
    first = int(np.flatnonzero(apart)[0])
    return float(when[first]), float(when[-1]), int(beyond[first + 1])


@dataclass(frozen=True)
class _Log:
    """The events that are looked at, by person, day and place in the table; `row` says where each stands in the table."""

    row: np.ndarray
    patient: np.ndarray
    day: np.ndarray
    service: np.ndarray
    kind: dict[str, np.ndarray]
    sought_no_care: np.ndarray
    names: pd.Index

    @classmethod
    def of(cls, events: pd.DataFrame) -> _Log:
        row = np.flatnonzero(events_of_kinds(events, KINDS))
        patient, _ = pd.factorize(events["patient"].to_numpy()[row])
        day = events["day"].to_numpy(dtype=float)[row]
        order = np.lexsort((day, patient))
        row = row[order]
        table = events.iloc[row]
        service, names = pd.factorize(table["service"])
        kind = {name: is_kind(table, name) for name in KINDS}
        kind["seen"] = kind["seen"] & ~meanwhile(table)
        ill = events["patient"][is_kind(events, "onset")].unique()
        alone = kind["discharge"] & (service < 0) & table["patient"].isin(ill).to_numpy()
        return cls(row, patient[order], day[order], service, kind, alone, pd.Index(names))

    def any_of(self, kinds: Collection[str]) -> np.ndarray:
        return np.logical_or.reduce([self.kind[name] for name in kinds])

    def at(self, services: Collection[str]) -> np.ndarray:
        return np.isin(self.service, np.flatnonzero(self.names.isin(list(services))))


def _in_order_of_each_day(events: pd.DataFrame) -> pd.DataFrame:
    """The rows of each person and day in the one order that can be meant, where they do not stand in it."""
    place = np.arange(len(events), dtype=float)
    log = _Log.of(events)
    by_service, group = _by_service(log, (*STARTS, *ENDS, "did_not_attend", "left"))
    starts = log.any_of(STARTS)[by_service]
    first = _first_of_group(group, starts)
    early = (first > np.arange(len(group))) & (first < len(group))
    early &= log.day[by_service] == np.append(log.day[by_service], np.nan)[first]
    behind = by_service[np.where(early, first, 0)] if len(by_service) else by_service
    place[log.row[by_service[early]]] = place[log.row[behind[early]]] + 1 / 2
    place = _discharges_behind_visits(log, place)
    order = np.argsort(place, kind="stable")
    return events if (np.diff(order) == 1).all() else events.iloc[order].reset_index(drop=True)


def _discharges_behind_visits(log: _Log, place: np.ndarray) -> np.ndarray:
    """Places of rows, those of a discharge behind the visits of its day where nothing begins anew on that day."""
    order = np.lexsort((place[log.row], log.day, log.patient))
    patient, days = log.patient[order], numbered_runs(log.patient[order], log.day[order])
    starts, visits = log.any_of(STARTS)[order], log.any_of((*ENDS, "did_not_attend"))[order]
    discharged = log.kind["discharge"][order]
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)[days] if len(days) else days

    def after(chosen: np.ndarray) -> np.ndarray:
        so_far = np.cumsum(chosen)
        return np.asarray(so_far[last] > so_far)

    new = np.append(True, np.diff(patient) != 0)[: len(patient)]
    moved = discharged & after(visits) & (~after(starts) | new)
    place[log.row[order[moved]]] = place[log.row[order[last[moved]]]] + 3 / 4
    return place


def _by_service(log: _Log, kinds: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
    """Where the events of these kinds stand in the log, by person, service and time, and a number for each such pair."""
    rows = np.flatnonzero(log.any_of(kinds))
    rows = rows[np.lexsort((log.service[rows], log.patient[rows]))]
    return rows, numbered_runs(log.patient[rows], log.service[rows])


def _first_of_group(group: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """By row, where the first chosen row of its group stands; the number of rows where there is none."""
    first = np.full(group.max(initial=-1) + 1, len(group))
    places = np.flatnonzero(chosen)[::-1]
    first[group[places]] = places
    return first[group]


def _latest(group: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """By row, where the last chosen row of its group before it stands; -1 where there is none."""
    places = np.where(chosen, np.arange(len(group)), -1)
    latest = np.append(-1, np.maximum.accumulate(places)[:-1])[: len(group)] if len(group) else places
    begins = _first_of_group(group, np.ones(len(group), dtype=bool))
    return np.where(latest >= begins, latest, -1)


def _waits_that_cannot_be(log: _Log) -> dict[str, np.ndarray]:
    """By fault, the places of rows in the log: of what is impossible all that is left out."""
    rows, group = _by_service(log, (*STARTS, *ENDS))
    starts, seen = log.any_of(STARTS)[rows], log.kind["seen"][rows]
    gave_up, referral = log.kind["gave_up"][rows], log.kind["referral"][rows]
    care = spells_of_care(log.patient, log.kind["discharge"])[rows]
    start, ended = _latest(group, starts), _latest(group, seen | gave_up)
    first = _first_of_group(group, starts)
    ends_after = np.zeros(group.max(initial=-1) + 1, dtype=bool)
    ends_after[group[(seen | gave_up) & (start >= 0)]] = True
    early = (seen | gave_up) & (start < 0)
    never = early & (first < len(group)) & ~ends_after[group]
    again = seen & (start >= 0)
    other_care = again & (care != np.append(care, -1)[start])
    open_wait = ended < start
    discharged, passed = other_care & open_wait, other_care & ~open_wait & np.append(seen, False)[ended]
    given_up = again & ~open_wait & np.append(gave_up, False)[ended]
    spell = np.cumsum(starts & ((start < 0) | (ended > start) | (care != np.append(care, -1)[start])))
    late = (
        referral & (start >= 0) & open_wait & np.append(~referral, False)[start] & (care == np.append(care, -1)[start])
    )
    return {
        "seen_before_referral": rows[np.isin(group, group[never])],
        "seen_after_discharge": rows[_of_spells(group, spell, discharged)],
        "seen_after_giving_up": rows[_of_spells(group, spell, given_up)],
        "seen_without_referral": rows[early & ~never & seen],
        "seen_again_after_discharge": rows[passed],
        "joined_before_referral": rows[late],
    }


def _early_misses(log: _Log) -> np.ndarray:
    """Appointments missed and places left before anything else of a service, which the person is referred to later."""
    rows, group = _by_service(log, (*STARTS, "seen", "did_not_attend", "left"))
    misses = log.any_of(("did_not_attend", "left"))[rows]
    later = _first_of_group(group, log.any_of(STARTS)[rows])
    return rows[misses & (_latest(group, ~misses) < 0) & (later < len(group))]


def _of_spells(group: np.ndarray, spell: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """All rows of the spells within groups that have a chosen row."""
    whole = group * (spell.max(initial=0) + 1) + spell
    return np.isin(whole, whole[chosen])


def _early_discharges(log: _Log) -> np.ndarray:
    """Discharges before all that is told of a person who is referred on a later day.

    Who falls ill and asks nobody is discharged from no service: after an onset that is no slip.
    """
    discharge = log.kind["discharge"] & ~log.sought_no_care
    others = ~log.kind["discharge"]
    nothing, first = _latest(log.patient, others) < 0, _first_of_group(log.patient, others)
    later = np.append(log.day, -np.inf)[first] > log.day
    return np.flatnonzero(discharge & nothing & later)


def _early_treatments(log: _Log, consultant_led: Collection[str], treatments: Collection[str]) -> np.ndarray:
    """Treatments, and decisions against them, before the only referral that could have led to them, with that referral.

    A treatment to which the person was referred, or whose list they had joined, is no such slip.
    """
    led, treats = log.at(consultant_led), log.at(treatments)
    starts = log.any_of(STARTS)
    clock = starts & led
    treated = log.kind["seen"] & treats | log.kind["decision_not_to_treat"]
    asked = np.unique(log.patient[starts & treats])
    before = _latest(log.patient, clock) < 0
    stops = treated | log.kind["discharge"] | log.kind["gave_up"] & (led | treats)
    ended = np.unique(log.patient[stops & ~before])
    early = treated & before & (_first_of_group(log.patient, clock) < len(log.patient))
    early &= ~np.isin(log.patient, asked) & ~np.isin(log.patient, ended)
    return np.flatnonzero(np.isin(log.patient, log.patient[early]) & (clock | early))


__all__ = ["IMPOSSIBLE", "UNTOLD", "PossibleEvents", "isolated_end", "possible_events", "without_repeats"]
