"""What a publisher would report of a table of events: counts by month and place, lists by days waited, waits of those seen.

One function reproduces every figure of a planner's targets, from a simulated log and from real records alike. What the
figures are fitted to, and what share of a published one is back pain, is not known here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.journeys.event_order import WITHOUT_SERVICE, among, events_of_kinds, is_kind
from outcomes.journeys.referral_to_treatment import KINDS as CLOCK_KINDS
from outcomes.journeys.referral_to_treatment import clocks_of
from outcomes.journeys.waiting import KINDS as WAIT_KINDS
from outcomes.journeys.waiting import PERCENTILES, wait_spells
from outcomes.table_rules import BadTable, Rules, hold

KINDS = tuple(sorted({"did_not_attend", *WAIT_KINDS, *CLOCK_KINDS}))
"""Kinds of events that are looked at."""
WAITS, WAITED, CLOCKS, TREATED = "waits", "waits of those seen", "clocks", "clocks of those treated"
PERCENTILE_OF = dict(zip(("median_wait", *(f"p{each}_wait" for each in PERCENTILES[1:])), PERCENTILES, strict=True))
"""Measures that are a percentile of the days that people waited who were first seen in the period."""
COUNTED = {
    "referrals": "referral",
    "visits": "seen",
    "first_visits": WAITED,
    "missed": "did_not_attend",
    "waiting": WAITS,
    "waited": WAITED,
    "rtt_waiting": CLOCKS,
    "rtt_waited": TREATED,
}
"""What the measures count that are counts."""
COUNTS = tuple(COUNTED)
MISSED_SHARE = "missed_share"
MEASURES = (*COUNTS, MISSED_SHARE, *PERCENTILE_OF)
SNAPSHOTS, BANDED = ("waiting", "rtt_waiting"), ("waited", "rtt_waited")
COLUMNS = ("measure", "services", "practices", "from_day", "to_day", "band_low", "band_high")
EVENT_COLUMNS = ("patient", "day", "kind", "service", "value", "detail")
NAMES = ("services", "practices")
Services = tuple[str, ...]


def reported(
    events: pd.DataFrame,
    figures: pd.DataFrame,
    *,
    treatments: Collection[str] = (),
    practice_of: pd.Series | None = None,
) -> np.ndarray:
    """What each figure would be if these events were all that happened; shape (figures,).

    `events` as in `wait_spells`. `figures` has one row per figure, with the columns

    - `measure`, one of `MEASURES`; `services`, names in a tuple: what happens at any of them counts together;
    - `practices`, codes in a tuple: only their patients count; an empty tuple for everybody. `practice_of` has the code
      of each patient, its index being `patient`;
    - `from_day`, `to_day`: whole days, both included; day 3 ends where day 4 begins;
    - `band_low`, `band_high`: whole days waited, both included; 0 and infinity where there is no band.

    Measures of a period:

    - `referrals`; `visits`: appointments attended; `missed`: appointments missed; `missed_share`: per cent missed of both;
    - `first_visits`: waits that ended with being seen; `waited`: those of them that took so many days;
    - `median_wait`, `p75_wait`, `p90_wait`, `p92_wait`, `p95_wait`: days that they took;
    - `rtt_waited`: clocks of referral to treatment that treatment stopped, by days.

    Snapshots at the end of `to_day`: `waiting`, people referred by then and not yet seen nor gone, by days since
    referral; `rtt_waiting`, clocks that run, by days. Services of the measures `rtt_…` are those to which a referral starts
    a clock; `treatments` as in `referral_to_treatment`. Days waited are whole ones, from date to date, those before the
    data begin included (`value` of `joined`). Percentiles and shares of nobody are NaN.
    Raises `BadTable` with everything that is wrong with the tables.

    >>> events = pd.DataFrame({"patient": [1, 1, 2], "day": [0, 30, 10], "kind": ["referral", "seen", "referral"],
    ...                        "service": "physio"})
    >>> figures = pd.DataFrame({"measure": ["referrals", "median_wait", "waiting", "waiting"], "from_day": [0, 0, 20, 20],
    ...                         "to_day": [30, 30, 20, 20], "band_low": [0, 0, 0, 11], "band_high": np.inf})
    >>> figures["services"], figures["practices"] = [("physio",)] * 4, [()] * 4
    >>> reported(events, figures).tolist()
    [2.0, 30.0, 2.0, 1.0]
    """
    _check(figures, treatments, practice_of)
    log = _CountedEvents(events, figures, tuple(treatments), practice_of)
    days = figures[["from_day", "to_day", "band_low", "band_high"]].to_numpy(dtype=float)
    series: dict[tuple[str, Services, Services], list[int]] = {}
    for row, (measure, services, practices) in enumerate(
        zip(figures["measure"], figures["services"], figures["practices"], strict=True)
    ):
        series.setdefault((measure, tuple(services), tuple(practices)), []).append(row)
    values = np.full(len(figures), np.nan)
    for (measure, services, practices), rows in series.items():
        values[rows] = _values(log, measure, services, practices, days[rows].T)
    return values


def as_published(
    values: np.ndarray, rounded_to: float | np.ndarray, suppressed_below: float | np.ndarray
) -> np.ndarray:
    """What a publisher makes of true counts, shape as given: small ones suppressed, others rounded.

    A count from 1 to `suppressed_below` less 1 becomes the middle of these; every other the nearest multiple of
    `rounded_to`, upwards from the middle between two. Missing stays missing. Only for the measures in `COUNTS`.

    >>> as_published(np.array([0, 1, 2, 3, 12, 13, np.nan]), 5, 3).tolist()
    [0.0, 1.5, 1.5, 5.0, 10.0, 15.0, nan]
    """
    whole = np.floor(np.asarray(values, dtype=float) + 0.5)
    shown = np.floor(whole / rounded_to + 0.5) * rounded_to
    return np.where((whole >= 1) & (whole < suppressed_below), np.divide(suppressed_below, 2), shown)


@dataclass(frozen=True)
class _Happened:
    """What a series counts, in order of `day`.

    `day` is the whole day of an event or of the end of a wait, and for a snapshot that on which a wait began; `other` the
    days waited, and for a snapshot the day on which the wait ended; `practice` the position of the patient's, or -1.
    """

    day: np.ndarray
    other: np.ndarray
    practice: np.ndarray


class _CountedEvents:
    """A table of events, in which everything that the figures count is found once."""

    def __init__(
        self, events: pd.DataFrame, figures: pd.DataFrame, treatments: Services, practice_of: pd.Series | None
    ):
        waits = figures["measure"].map(COUNTED).isin([WAITS, WAITED]) | figures["measure"].isin(PERCENTILE_OF)
        self.waited = {name for services in figures.loc[waits, "services"] for name in services}
        used = {*treatments, *(name for services in figures["services"] for name in services)}
        chosen = events_of_kinds(events, KINDS) & _of_services(events, used)
        self.events = events.loc[chosen, [name for name in EVENT_COLUMNS if name in events]]
        self.treatments = treatments
        self.patients, self.practices, self.practice = pd.Index([]), pd.Index([]), np.zeros(0, dtype=int)
        if practice_of is not None and figures["practices"].map(len).any():
            self.practice, names = pd.factorize(practice_of)
            self.patients, self.practices = practice_of.index, pd.Index(names)
        self._tables: dict[tuple[str, Services], pd.DataFrame] = {}
        self._found: dict[tuple[str, Services], _Happened] = {}

    def happened(self, source: str, services: Services, practices: Services) -> _Happened:
        """What `source` names at these services, of the patients of these practices, or of everybody."""
        if (source, services) not in self._found:
            self._found[source, services] = self._in_order(*self._find(source, services))
        found = self._found[source, services]
        if not practices:
            return found
        chosen = np.append(self.practices.isin(practices), False)[found.practice]
        return _Happened(found.day[chosen], found.other[chosen], found.practice[chosen])

    def _find(self, source: str, services: Services) -> tuple[pd.Series, np.ndarray, np.ndarray]:
        """Who, and the `day` and `other` of `_Happened`, in any order."""
        if source in (CLOCKS, TREATED):
            return _spans(self._table(CLOCKS, services), source == CLOCKS)
        table = self._table(WAITS if source == WAITED else source, ())
        rows = table[among(table["service"], services)]
        if source in (WAITS, WAITED):
            return _spans(rows, source == WAITS)
        day = np.floor(rows["day"].to_numpy(dtype=float))
        return rows["patient"], day, day

    def _table(self, source: str, services: Services) -> pd.DataFrame:
        """Events of a kind, all waits, or the clocks of these services, the latter two with `stop_day` and `seen`."""
        if (source, services) not in self._tables:
            self._tables[source, services] = self._make(source, services)
        return self._tables[source, services]

    def _make(self, source: str, services: Services) -> pd.DataFrame:
        if source == WAITS:
            spells = wait_spells(self.events[_of_services(self.events, self.waited)], end_day=np.inf)
            return spells.assign(stop_day=spells["end_day"], seen=spells["outcome"] == "seen")
        if source == CLOCKS:
            part = self.events[_of_services(self.events, {*services, *self.treatments})]
            clocks = clocks_of(part, consultant_led=services, treatments=self.treatments)
            return clocks.assign(stop_day=clocks["stop_day"].fillna(np.inf), seen=clocks["stopped_by"] == "treatment")
        return self.events[is_kind(self.events, source)]

    def _in_order(self, patient: pd.Series, day: np.ndarray, other: np.ndarray) -> _Happened:
        practice = np.full(len(day), -1)
        if len(self.practices):
            position = self.patients.get_indexer(pd.Index(patient))
            _has_practices(patient, position)
            practice = self.practice[position]
        order = np.argsort(day, kind="stable")
        return _Happened(day[order], other[order], practice[order])


def _of_services(events: pd.DataFrame, services: Collection[str]) -> np.ndarray:
    """Which events are of these services, or of a kind that needs none."""
    return among(events["service"], services) | among(events["kind"], WITHOUT_SERVICE)


def _spans(table: pd.DataFrame, all_of_them: bool) -> tuple[pd.Series, np.ndarray, np.ndarray]:
    """Who, start and stop of all waits or clocks; or of those seen the stop, and the days that it took."""
    start, stop = (np.floor(table[name].to_numpy(dtype=float)) for name in ("start_day", "stop_day"))
    if all_of_them:
        return table["patient"], start, stop
    seen = table["seen"].to_numpy(dtype=bool)
    return table.loc[seen, "patient"], stop[seen], (stop - start)[seen]


def _values(log: _CountedEvents, measure: str, services: Services, practices: Services, days: np.ndarray) -> np.ndarray:
    """The figures of one series; `days` has shape (4, figures): from, to, and the band's low and high."""
    if measure == MISSED_SHARE:
        missed, attended = (_values(log, each, services, practices, days) for each in ("missed", "visits"))
        with np.errstate(invalid="ignore"):
            share: np.ndarray = 100 * missed / (missed + attended)
        return share
    found = log.happened(COUNTED.get(measure, WAITED), services, practices)
    from_day, to_day, low, high = days
    if measure in SNAPSHOTS:
        from_day, to_day = to_day - high, to_day - low
    rows = [
        found.other[first:last]
        for first, last in zip(
            np.searchsorted(found.day, from_day), np.searchsorted(found.day, to_day, side="right"), strict=True
        )
    ]
    if measure in SNAPSHOTS:
        return np.array([np.count_nonzero(each > day) for each, day in zip(rows, days[1], strict=True)], dtype=float)
    if measure in BANDED:
        bands = zip(rows, low, high, strict=True)
        return np.array([np.count_nonzero((each >= a) & (each <= b)) for each, a, b in bands], dtype=float)
    if measure in PERCENTILE_OF:
        share_below = PERCENTILE_OF[measure] / 100
        return np.array([np.quantile(each, share_below) if len(each) else np.nan for each in rows])
    return np.array([len(each) for each in rows], dtype=float)


def _check(figures: pd.DataFrame, treatments: Collection[str], practice_of: pd.Series | None) -> None:
    """Raises `BadTable` with everything that is wrong with what is asked for."""
    rules = Rules("figures", figures)
    if rules.has(*COLUMNS):
        rules.among("measure", MEASURES, rule=f"there are: {', '.join(MEASURES)}")
        lists = {name: figures[name].map(lambda each: isinstance(each, tuple)).to_numpy() for name in NAMES}
        some = {name: lists[name] & figures[name].map(np.size).to_numpy().astype(bool) for name in NAMES}
        rules.rows(~some["services"], "services", "a tuple with the names of services is needed")
        rules.rows(~lists["practices"], "practices", "a tuple of codes is needed, () for everybody")
        if practice_of is None:
            rules.rows(some["practices"], "practices", "practice_of must say which practice each patient is of")
        if not len(treatments):
            clocks = figures["measure"].map(COUNTED).isin([CLOCKS, TREATED])
            rules.rows(clocks, "measure", "treatments must name the services where a clock stops")
        rules.numbers("from_day", "to_day", whole=True)
        rules.numbers("band_low", low=0)
        days = figures[list(COLUMNS[3:])].apply(pd.to_numeric, errors="coerce")
        rules.rows(days["from_day"] > days["to_day"], ["from_day", "to_day"], "it must not end before it begins")
        rules.rows(
            ~(days["band_high"] >= days["band_low"]), ["band_low", "band_high"], "a band ends where it begins, or above"
        )
    patients = Rules("practice_of", pd.DataFrame({"patient": [] if practice_of is None else practice_of.index}))
    patients.unique("patient")
    hold(rules, patients)


def _has_practices(patient: pd.Series, position: np.ndarray) -> None:
    lacking = patient[position < 0].unique()
    if len(lacking):
        raise BadTable([f"practice_of: there is no row for patient {lacking[0]}; each patient needs one"])
