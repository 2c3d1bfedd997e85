"""Reducers: from blocks of the event log to counts, while the run goes on.

A `Tallies` holds whole numbers only, so that areas, blocks and machines can be added in any order with the same
result, and memory does not grow with the horizon. What the numbers mean for money and health is `outcomes`' business.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from outcomes.lengths_of_time import WEEKS_OF_A_LIST
from pathways.health import STATES
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.arrays.jit import loop
from sim.arrays.layout import DID_NOT_ATTEND, DISCHARGE, EVENT, GAVE_UP, HEALTH, JOINED, KINDS, ONSET, REFERRAL, SEEN
from sim.arrays.memory import numbers, place, records, sums
from sim.health_utilities import utility_class_count
from sim.plan import Plan

WAIT_DAYS, WAIT_WEEKS = WEEKS_OF_A_LIST * DAYS_IN_A_WEEK, 2 * WEEKS_OF_A_LIST
"""Waits are counted by days up to 52 weeks, then by weeks (each named by its last day), the last class being longer."""

WAIT_CLASSES = WAIT_DAYS + 1 + WAIT_WEEKS + 1

NOBODY = -1
PERSON_WAITING = np.dtype([("since", "i4"), ("service", "i4")])
"""Since which tick somebody waits for a first visit, and where; the service is -1 where they do not."""

STATE_COUNT = len(STATES)


class Tallies(NamedTuple):
    """Counts of one run in the measured years; all whole numbers, int64 while the run goes on (see `narrow`).

    `monthly` counts events (kinds, services, months); `by_practice` and `by_decile` hold the
    seen (0), referred (1) and missed (2).

    `seen_after` and `unseen_after` are people who waited for a first visit, by the year in which they were referred, and
    by days from then: until they were seen, or for as long as they were watched and not seen. The first "year" is of
    those who waited when tick 0 came, the rest are the measured years. `left` are those of the unseen who gave up, or
    were sent elsewhere after a missed appointment; all others wait at the end of the run. `wait_ticks` is the sum of the
    waits of those seen, `waits_by_decile` the same by decile.

    `listed` is the change in the number waiting by week of the whole run, warm-up included; `moves` and
    `partial` are the changes between states and the ticks they leave in their year; `flows` counts from where (0 is
    the entry) to where (the last is home). `existing` is the capacity of each service that is there without what levers
    provide, and `provided` what each change of capacity by a lever adds: appointments, or places for a day (`sim.provided`).
    """

    monthly: np.ndarray  # (11, services, months)
    by_practice: np.ndarray  # (3, services, practices)
    by_decile: np.ndarray  # (3, services, years, 10)
    seen_after: np.ndarray  # (services, years + 1, WAIT_CLASSES)
    unseen_after: np.ndarray  # (services, years + 1, WAIT_CLASSES)
    left: np.ndarray  # (services, years + 1)
    wait_ticks: np.ndarray  # (services, years + 1)
    waits_by_decile: np.ndarray  # (services, 10, 2): people, ticks
    listed: np.ndarray  # (services, weeks)
    moves: np.ndarray  # (years + 1, states, classes, 10): net entries; the first row is everything before tick 0
    partial: np.ndarray  # (years, states, classes, 10): ticks from each entry to the end of its year, net
    flows: np.ndarray  # (services + 1, services + 1)
    existing: np.ndarray  # (services, years)
    provided: np.ndarray  # (changes of capacity by levers, years)


def new_tallies(plan: Plan) -> Tallies:
    """Zeros of the right shapes for a plan."""
    services = len(plan.services)
    years = year_count(plan)

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.int64)

    return Tallies(
        monthly=zeros(len(KINDS), services, 12 * years),
        by_practice=zeros(3, services, len(plan.region.codes)),
        by_decile=zeros(3, services, years, 10),
        seen_after=zeros(services, years + 1, WAIT_CLASSES),
        unseen_after=zeros(services, years + 1, WAIT_CLASSES),
        left=zeros(services, years + 1),
        wait_ticks=zeros(services, years + 1),
        waits_by_decile=zeros(services, 10, 2),
        listed=zeros(services, plan.last_tick // (7 * plan.ticks_per_day) + weeks_before(plan) + 1),
        moves=zeros(years + 1, len(STATES), utility_class_count(plan.pathway), 10),
        partial=zeros(years, len(STATES), utility_class_count(plan.pathway), 10),
        flows=zeros(services + 1, services + 1),
        existing=zeros(services, years),
        provided=zeros(len(plan.pathway.capacity_changes), years),
    )


def nobody_waiting(people: int) -> np.ndarray:
    """What is known of each person's wait before anything has happened."""
    waiting = np.zeros(people, dtype=PERSON_WAITING)
    waiting["service"] = NOBODY
    return waiting


def class_days() -> np.ndarray:
    """The day that each class of waits is named by: itself, the last of a week, NaN for what is longer still.

    >>> class_days()[[0, 126, 364, 365, -2, -1]]
    array([   0.,  126.,  364.,  371., 1092.,   nan])
    """
    weeks = WAIT_DAYS + 7 * np.arange(1, WAIT_WEEKS + 1)
    return np.concatenate([np.arange(WAIT_DAYS + 1), weeks, [np.nan]])


def last_day(plan: Plan) -> int:
    """The last measured day, from 0: nobody referred in the measured years is watched for longer."""
    return (plan.last_tick - 1) // plan.ticks_per_day


def year_count(plan: Plan) -> int:
    """Years in which something is measured; the last may be part of a year."""
    return -(-plan.last_tick // (DAYS_IN_A_YEAR * plan.ticks_per_day))


def weeks_before(plan: Plan) -> int:
    """Weeks of the warm-up; the first is part of a week where the warm-up is no whole number of them."""
    return -(plan.first_tick // (7 * plan.ticks_per_day))


def copy_tallies(tallies: Tallies) -> Tallies:
    """Tallies of one's own."""
    return Tallies(*(array.copy() for array in tallies))


SIZES = ("service_count", "years", "practices", "weeks", "first_tick", "last_tick", "ticks_per_day", "groups")
TALLYING = np.dtype(
    [
        *((name, "u8") for name in Tallies._fields),
        *((name, "u8") for name in ("rows", "practice", "group", "queued", "waiting")),
        *((name, "i8") for name in SIZES),
    ]
)

count_month = sums("monthly")
count_practice = sums("by_practice")
count_decile = sums("by_decile")
count_seen_after = sums("seen_after")
count_unseen_after = sums("unseen_after")
count_left = sums("left")
count_wait_ticks = sums("wait_ticks")
count_wait_decile = sums("waits_by_decile")
count_listed = sums("listed")
count_move = sums("moves")
count_partial = sums("partial")
count_flow = sums("flows")
rows_of = records("rows", EVENT)
practice_of, _ = numbers("practice", "i2")
group_of, _ = numbers("group", "i4")
is_queued, _ = numbers("queued", "u1")
waiting_of = records("waiting", PERSON_WAITING)


class Counter:
    """Counts events into tallies, block by block. What compiled code needs to find its arrays is written down once.

    `practice` is by patient, int16, and so is `group`, int32; the group is ten times the utility class, plus the decile
    from 0. `waiting` is what is known of each patient's wait before the first block (`nobody_waiting`); each block brings
    it up to date.
    """

    def __init__(self, tallies: Tallies, plan: Plan, *, practice: np.ndarray, group: np.ndarray, waiting: np.ndarray):
        self.tallies, self.waiting = tallies, waiting
        queued = np.array([plan.pathway.services[name].capacity != "open" for name in plan.services], dtype=np.uint8)
        arrays = {"practice": practice, "group": group, "queued": queued, "waiting": waiting}
        self._kept_alive = arrays
        self._memory = np.zeros(1, dtype=TALLYING)
        place(self._memory, tallies)
        sizes = (
            len(plan.services),
            year_count(plan),
            len(plan.region.codes),
            tallies.listed.shape[1],
            plan.first_tick,
            plan.last_tick,
            plan.ticks_per_day,
            10 * tallies.moves.shape[2],
        )
        addresses = {name: array.ctypes.data for name, array in arrays.items()}
        for name, number in (*addresses.items(), *zip(SIZES, sizes, strict=True)):
            self._memory[0][name] = number

    def count(self, rows: np.ndarray, number: int) -> None:
        """Adds the first `number` rows of a block."""
        self._memory[0]["rows"] = rows.ctypes.data
        _tally(self._memory[0], number)


@loop
def _tally(to: Any, count: Any) -> Any:
    """Counts row after row; what depends on the tick alone is worked out once for each tick."""
    year_ticks = DAYS_IN_A_YEAR * to.ticks_per_day
    week_ticks = 7 * to.ticks_per_day
    first_week = to.first_tick // week_ticks
    services, years, home = to.service_count, to.years, to.service_count
    tick = to.first_tick - 1
    week, month, year, left = np.int64(0), np.int64(0), np.int64(-1), np.int64(0)
    for r in range(count):
        row = rows_of(to, r)
        kind, service, patient = np.int64(row.kind), np.int64(row.service), np.int64(row.patient)
        if row.tick != tick:
            tick = np.int64(row.tick)
            if tick >= to.last_tick:  # people are ill at the start of a run without a single tick, too
                return
            week = tick // week_ticks - first_week
            year = tick // year_ticks if tick >= 0 else np.int64(-1)
            month = 12 * year + min(12 * (tick - year * year_ticks) // year_ticks, 11)
            left = min((year + 1) * year_ticks, to.last_tick) - tick
        if kind == HEALTH or kind == ONSET:
            group = np.int64(group_of(to, patient))
            new = np.int64(row.detail) if kind == ONSET else np.int64(row.detail) % STATE_COUNT
            count_move(to, ((year + 1) * STATE_COUNT + new) * to.groups + group, 1)
            if year >= 0:
                count_partial(to, (year * STATE_COUNT + new) * to.groups + group, left)
            if kind == HEALTH:
                old = np.int64(row.detail) // STATE_COUNT
                count_move(to, ((year + 1) * STATE_COUNT + old) * to.groups + group, -1)
                if year >= 0:
                    count_partial(to, (year * STATE_COUNT + old) * to.groups + group, -left)
            continue
        if service >= 0 and row.site >= 0 and is_queued(to, service):
            if kind == JOINED:
                count_listed(to, service * to.weeks + week, 1)
            elif kind == SEEN or kind == DID_NOT_ATTEND or kind == GAVE_UP:
                count_listed(to, service * to.weeks + week, -1)
        if kind == REFERRAL or kind == JOINED or kind == SEEN or kind == GAVE_UP or kind == DISCHARGE:
            follow_wait(to, row, kind, service, tick)
        if tick < 0:
            continue
        if kind == DISCHARGE:
            count_flow(to, (service + 1) * (services + 1) + home, 1)
        if service < 0:
            continue
        count_month(to, (kind * services + service) * 12 * years + month, 1)
        what = 0 if kind == SEEN else 1 if kind == REFERRAL else 2 if kind == DID_NOT_ATTEND else -1
        if what < 0:
            continue
        group = np.int64(group_of(to, patient)) % 10
        count_practice(to, (what * services + service) * to.practices + practice_of(to, patient), 1)
        count_decile(to, ((what * services + service) * years + year) * 10 + group, 1)
        if what == 1:
            count_flow(to, np.int64(row.detail) * (services + 1) + service, 1)
        elif what == 0 and row.detail == 1:
            count_wait_decile(to, (service * 10 + group) * 2, 1)
            count_wait_decile(to, (service * 10 + group) * 2 + 1, np.int64(row.value))


@loop
def follow_wait(to: Any, row: Any, kind: Any, service: Any, tick: Any) -> Any:
    """Begins or ends a person's wait for a first visit. Everybody has one thread of care, and so one wait at most.

    Who joins a list without a referral was on it before the first measured day. A wait with a missed appointment goes on
    where there is another, and has ended where the person is referred elsewhere or discharged.
    """
    waiting = waiting_of(to, np.int64(row.patient))
    if waiting.service >= 0 and kind != JOINED:
        if kind != SEEN:
            end_wait(to, waiting, tick, False)
        elif row.detail == 1 and service == waiting.service:
            end_wait(to, waiting, tick, True)
    if kind == REFERRAL or (kind == JOINED and row.detail == 1 and waiting.service < 0):
        waiting.since = tick if kind == REFERRAL else tick - np.int64(row.value)
        waiting.service = service
        count_unseen_after(to, watched_class(to, waiting), 1)


@loop
def end_wait(to: Any, waiting: Any, tick: Any, seen: Any) -> Any:
    """Moves somebody from those who wait at the end to those who were seen or left. Before tick 0 nobody else counts."""
    row = wait_row(to, waiting)
    count_unseen_after(to, watched_class(to, waiting), -1)
    if tick >= 0:
        days = tick // to.ticks_per_day - waiting.since // to.ticks_per_day
        if seen:
            count_seen_after(to, row * WAIT_CLASSES + wait_class(days), 1)
            count_wait_ticks(to, row, tick - waiting.since)
        else:
            count_unseen_after(to, row * WAIT_CLASSES + wait_class(days), 1)
            count_left(to, row, 1)
    waiting.service = NOBODY


@loop
def wait_row(to: Any, waiting: Any) -> Any:
    """Where the service and the year of a wait stand: 0 for those referred before tick 0."""
    year = waiting.since // (DAYS_IN_A_YEAR * to.ticks_per_day) + 1 if waiting.since >= 0 else 0
    return np.int64(waiting.service) * (to.years + 1) + year


@loop
def watched_class(to: Any, waiting: Any) -> Any:
    """Where somebody counts who waits until the end of the run."""
    days = (to.last_tick - 1) // to.ticks_per_day - waiting.since // to.ticks_per_day
    return wait_row(to, waiting) * WAIT_CLASSES + wait_class(days)


@loop
def wait_class(days: Any) -> Any:
    """The class of a wait of so many days; see `class_days`."""
    return days if days <= WAIT_DAYS else min(WAIT_DAYS + (days - WAIT_DAYS + 6) // 7, WAIT_CLASSES - 1)


def yearly(tallies: Tallies) -> np.ndarray:
    """Events by kind, service and year, shape (kinds, services, years)."""
    kinds, services, months = tallies.monthly.shape
    events: np.ndarray = tallies.monthly.reshape(kinds, services, months // 12, 12).sum(axis=3)
    return events


def narrow(tallies: Tallies) -> Tallies:
    """The same counts in half the memory, where they fit: what is kept of many runs. Sums of them are wide again."""
    fits = {
        name: array.astype(np.int32)
        for name, array in tallies._asdict().items()
        if name in ("seen_after", "unseen_after") and np.abs(array).max(initial=0) < 2**31
    }
    return tallies._replace(**fits)


def add_areas(parts: list[Tallies]) -> Tallies:
    """The tallies of a region from those of its areas: practices follow each other, all else is summed."""
    together = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=2)
        if name == "by_practice"
        else np.sum([getattr(part, name) for part in parts], axis=0)
        for name in Tallies._fields
    }
    return Tallies(**together)


def person_ticks(tallies: Tallies, plan: Plan) -> np.ndarray:
    """Ticks lived in each state, shape (years, states, utility classes, 10 deciles), of everyone who has fallen ill.

    Everyone counts from the tick of their onset.
    """
    year_ticks = DAYS_IN_A_YEAR * plan.ticks_per_day
    lengths = (
        np.minimum(np.arange(1, year_count(plan) + 1) * year_ticks, plan.last_tick)
        - np.arange(year_count(plan)) * year_ticks
    )
    at_start = np.cumsum(tallies.moves, axis=0)[:-1]
    lived: np.ndarray = at_start * lengths[:, None, None, None] + tallies.partial
    return lived


def list_sizes(tallies: Tallies) -> np.ndarray:
    """People waiting at the end of each week of the run, warm-up included; shape (services, weeks)."""
    sizes: np.ndarray = np.cumsum(tallies.listed, axis=1)
    return sizes
