"""Reducers: from blocks of the event log to counts, while the run goes on.

A `Tallies` holds whole numbers only, so that areas, blocks and machines can be added in any order with the same
result, and memory does not grow with the horizon. What the numbers mean for money and health is `outcomes`' business.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pathways.health import STATES
from sim.jit import hot
from sim.layout import (
    DID_NOT_ATTEND,
    DISCHARGE,
    GAVE_UP,
    HEALTH,
    JOINED,
    KINDS,
    ONSET,
    REFERRAL,
    SEEN,
)
from sim.plan import DAYS_IN_A_YEAR, Plan

MONTH_DAYS = 365 / 12
WAIT_WEEKS = 157
"""Waits are counted by whole weeks, the last class being three years and more."""


class Tallies(NamedTuple):
    """Counts of one run in the measured years; all int64.

    `events` (kinds, services, years); `monthly` (kinds, services, months); `by_practice` and `by_decile` hold the
    seen (0), referred (1) and missed (2); `waits` are first visits by whole weeks waited, `wait_ticks` the sum of
    their waits; `listed` is the change in the number waiting by week of the whole run, warm-up included; `moves` and
    `partial` are the changes between states and the ticks they leave in their year; `flows` counts from where (0 is
    the entry) to where (the last is home).
    """

    events: np.ndarray  # (11, services, years)
    monthly: np.ndarray  # (11, services, months)
    by_practice: np.ndarray  # (3, services, practices)
    by_decile: np.ndarray  # (3, services, years, 10)
    waits: np.ndarray  # (services, years, WAIT_WEEKS)
    wait_ticks: np.ndarray  # (services, years)
    waits_by_decile: np.ndarray  # (services, 10, 2): people, ticks
    listed: np.ndarray  # (services, weeks)
    moves: np.ndarray  # (years + 1, states, 10): net entries; the first row is everything before tick 0
    partial: np.ndarray  # (years, states, 10): ticks from each entry to the end of its year, net
    flows: np.ndarray  # (services + 1, services + 1)


def new_tallies(plan: Plan) -> Tallies:
    """Zeros of the right shapes for a plan."""
    services = len(plan.services)
    years = year_count(plan)
    span = plan.last_tick - plan.first_tick

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.int64)

    return Tallies(
        events=zeros(len(KINDS), services, years),
        monthly=zeros(len(KINDS), services, 12 * years),
        by_practice=zeros(3, services, len(plan.region.codes)),
        by_decile=zeros(3, services, years, 10),
        waits=zeros(services, years, WAIT_WEEKS),
        wait_ticks=zeros(services, years),
        waits_by_decile=zeros(services, 10, 2),
        listed=zeros(services, span // (7 * plan.ticks_per_day) + 1),
        moves=zeros(years + 1, len(STATES), 10),
        partial=zeros(years, len(STATES), 10),
        flows=zeros(services + 1, services + 1),
    )


def year_count(plan: Plan) -> int:
    """Years in which something is measured; the last may be part of a year."""
    return -(-plan.last_tick // (DAYS_IN_A_YEAR * plan.ticks_per_day))


def copy_tallies(tallies: Tallies) -> Tallies:
    """Tallies of one's own."""
    return Tallies(*(array.copy() for array in tallies))


@hot
def tally(
    tallies: Any, rows: Any, count: Any, practice: Any, decile: Any, queued: Any, first_tick: Any, last_tick: Any,
    ticks_per_day: Any,
) -> Any:  # fmt: skip
    """Adds a block of `count` rows.

    `practice` and `decile` (from 0) are by patient; `queued` tells which services have waiting lists.
    """
    year_ticks = DAYS_IN_A_YEAR * ticks_per_day
    week_ticks = 7 * ticks_per_day
    home = tallies.flows.shape[1] - 1
    for r in range(count):
        row = rows[r]
        kind, service, patient = np.int64(row.kind), np.int64(row.service), np.int64(row.patient)
        tick = np.int64(row.tick)
        if kind == HEALTH or kind == ONSET:
            group = np.int64(decile[patient])
            year = tick // year_ticks if tick >= 0 else np.int64(-1)
            left = min((year + 1) * year_ticks, last_tick) - tick
            new = np.int64(row.detail) if kind == ONSET else np.int64(row.detail) % 4
            tallies.moves[year + 1, new, group] += 1
            if year >= 0:
                tallies.partial[year, new, group] += left
            if kind == HEALTH:
                old = np.int64(row.detail) // 4
                tallies.moves[year + 1, old, group] -= 1
                if year >= 0:
                    tallies.partial[year, old, group] -= left
            continue
        if service >= 0 and queued[service] and row.site >= 0:
            if kind == JOINED:
                tallies.listed[service, (tick - first_tick) // week_ticks] += 1
            elif kind == SEEN or kind == DID_NOT_ATTEND or kind == GAVE_UP:
                tallies.listed[service, (tick - first_tick) // week_ticks] -= 1
        if tick < 0:
            continue
        if kind == DISCHARGE:
            tallies.flows[service + 1, home] += 1
        if service < 0:
            continue
        year = tick // year_ticks
        month = min(np.int64((tick - year * year_ticks) // ticks_per_day / MONTH_DAYS), np.int64(11))
        tallies.events[kind, service, year] += 1
        tallies.monthly[kind, service, 12 * year + month] += 1
        what = 0 if kind == SEEN else 1 if kind == REFERRAL else 2 if kind == DID_NOT_ATTEND else -1
        if what < 0:
            continue
        group = np.int64(decile[patient])
        tallies.by_practice[what, service, np.int64(practice[patient])] += 1
        tallies.by_decile[what, service, year, group] += 1
        if what == 1:
            tallies.flows[np.int64(row.detail), service] += 1
        elif what == 0 and row.detail == 1:
            value = np.int64(row.value)
            tallies.waits[service, year, min(value // week_ticks, np.int64(WAIT_WEEKS - 1))] += 1
            tallies.wait_ticks[service, year] += value
            tallies.waits_by_decile[service, group, 0] += 1
            tallies.waits_by_decile[service, group, 1] += value


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
    """Ticks lived in each state by year and decile, shape (years, states, 10), of everyone who has fallen ill.

    Everyone counts from the tick of their onset.
    """
    year_ticks = DAYS_IN_A_YEAR * plan.ticks_per_day
    lengths = np.minimum(np.arange(1, year_count(plan) + 1) * year_ticks, plan.last_tick) - np.arange(year_count(plan)) * year_ticks
    at_start = np.cumsum(tallies.moves, axis=0)[:-1]
    lived: np.ndarray = at_start * lengths[:, None, None] + tallies.partial
    return lived


def list_sizes(tallies: Tallies) -> np.ndarray:
    """People waiting at the end of each week of the run, warm-up included; shape (services, weeks)."""
    sizes: np.ndarray = np.cumsum(tallies.listed, axis=1)
    return sizes
