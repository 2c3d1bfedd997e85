"""The state of a run at one tick: made from a cohort, copied whole, branched into another scenario."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from sim.arrays.keyed_draws import label
from sim.arrays.layout import (
    CHUNK,
    EVENT,
    LISTED,
    LOG,
    NEVER,
    PRIORITIES,
    SITE_NOW,
    STANDING,
    LogArrays,
    StateArrays,
    bare_state,
    blank,
    chunks_for,
    placed,
)
from sim.arrays.memory import place
from sim.arrays.quantiles import address, first_shares, first_ticks
from sim.capacity import share_acting, site_capacity
from sim.cohort import Cohort
from sim.plan import LeverUse, Plan

BLOCK_ROWS = 1 << 15
"""Rows of the event log that are kept before they are handed on."""

LEVER_LOT = label("lever: lot of a practice")
LEVER_DELAY = label("lever: delay of a practice")
LEVER_ROUNDING = label("lever: practices rounded up or down")
NEVER_CHANGED = ("practice_effects", "lever_from", "capacity", "amounts")
"""Arrays of a state that no run changes: copies share them."""
EMPTY_LIST = np.array((-1, -1, -1, -1), dtype=LISTED)


def new_state(plan: Plan, cohort: Cohort, *, shuffle: int = 0) -> StateArrays:
    """The state before the first tick. With `shuffle`, patients act in another order, which must not matter."""
    span = plan.last_tick - plan.first_tick + 1
    start = bare_state(copied(cohort.patients), cohort.counters.copy(), cohort.practice_effects)
    row = start.memory[0]
    row["tick"], row["next_arrival"], row["shuffle"] = plan.first_tick, cohort.ill_at_start, shuffle
    row["free_chunk"] = -1
    state = start._replace(
        lists=np.full(len(plan.sites) * PRIORITIES, EMPTY_LIST, dtype=LISTED),
        standings=np.zeros(len(cohort) if plan.memory["reviews"] else 1, dtype=STANDING),
        sites=np.zeros(len(plan.sites), dtype=SITE_NOW),
        heads=np.full((2, span), -1, dtype=np.int32),
        due=np.zeros((2, span), dtype=np.int32),
        **levers_of(plan, cohort),
    )
    more = max(64, len(cohort) // 4, chunks_for(2 * cohort.ill_at_start, span))
    return with_scratch(with_chunks(state, more), max(1024, len(cohort)))


def with_chunks(state: StateArrays, more: int) -> StateArrays:
    """The same state with more room in its calendar."""
    old = len(state.chunks)
    chunks = np.empty((old + more, CHUNK), dtype=np.int32)
    chunks[:old] = state.chunks
    chunks[old:, 0] = np.arange(old + 1, old + more + 1)
    chunks[-1, 0] = state.memory[0]["free_chunk"]
    state.memory[0]["free_chunk"] = old
    state.memory[0]["free_chunks"] += more
    return placed(state._replace(chunks=chunks))


def with_scratch(state: StateArrays, size: int) -> StateArrays:
    """The same state with room for so many patients acting in one phase."""
    return placed(state._replace(acting=np.zeros(size, dtype=np.int32), lots=np.zeros(size, dtype=np.uint64)))


def copy_state(state: StateArrays) -> StateArrays:
    """A state of its own, sharing nothing that a run changes."""
    changed = {name: copied(array) for name, array in state._asdict().items() if name not in NEVER_CHANGED}
    return placed(state._replace(**changed))


def copied(array: np.ndarray) -> np.ndarray:
    """A copy of an array of records, made as bytes: several times faster than field by field."""
    copy = blank(array.shape, array.dtype)
    copy.view(np.uint8)[...] = array.view(np.uint8)
    return copy


def branch(state: StateArrays, plan: Plan, cohort: Cohort) -> StateArrays:
    """A copy of a state that goes on under another plan of the same pathway and area.

    The plans must not differ before the state's tick: `plan.differs_from` says from when they may.
    """
    if plan.differs_from < state.memory[0]["tick"]:
        raise ValueError(
            f"the plan differs from tick {plan.differs_from}, before the state's: {state.memory[0]['tick']}"
        )
    return placed(copy_state(state)._replace(**levers_of(plan, cohort)))


def new_block(rows: int = BLOCK_ROWS) -> LogArrays:
    """An empty block of the event log."""
    block = LogArrays(np.zeros(1, dtype=LOG), np.empty(rows, dtype=EVENT))
    place(block.memory, block)
    block.memory[0]["room"] = rows
    return block


def levers_of(plan: Plan, cohort: Cohort) -> dict[str, np.ndarray]:
    """What the levers of a plan come to in one replication: when each practice takes them up, and the capacity by day."""
    adopted = lever_from(plan, cohort)
    capacity, amounts = capacity_with_levers(plan, adopted)
    return {"lever_from": adopted, "capacity": capacity, "amounts": amounts}


def capacity_with_levers(
    plan: Plan, adopted: np.ndarray, *, only: Collection[int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Capacity where each practice takes up each lever at the ticks of `adopted`; see `sim.capacity.own_capacity`.

    What a lever does to a service is as written, however many practices it reaches; it grows as those that take part take
    it up, and is that of the day's first tick (`share_acting`). Factors of several levers multiply, what they add per head
    of the area comes on top. With `only`, no more than these of the pathway's `capacity_changes` act.
    """
    pathway, region = plan.pathway, plan.region
    uses = {use.name: use for use in plan.levers}
    changes = [
        (uses[lever], change)
        for position, (lever, change) in enumerate(pathway.capacity_changes)
        if lever in uses and (only is None or position in only)
    ]
    changed = {change.service for _, change in changes}
    own = plan.arrays.capacity, plan.arrays.amounts
    if not changed:
        return own
    capacity, amounts = (array.copy() for array in own)
    first_day = plan.first_tick // plan.ticks_per_day
    acting = {
        use.name: share_acting(
            adopted[use.position],
            region.people.sum(axis=(1, 2)),
            plan.arrays.strength[use.position],
            ends=use.ends,
            ticks=np.arange(first_day, first_day + capacity.shape[1]) * plan.ticks_per_day,
            ticks_per_day=plan.ticks_per_day,
        )
        for use, _ in changes
    }
    for position, site in enumerate(plan.sites):
        if site.service not in changed:
            continue
        of_service = [other.amount for other in plan.sites if other.service == site.service]
        part = site.amount / sum(of_service) if sum(of_service) > 0 else 1 / len(of_service)
        times, plus = np.ones(capacity.shape[1]), np.zeros(capacity.shape[1])
        for use, change in changes:
            if change.service == site.service and change.capacity_times:
                times *= 1 + (pathway.quantities[change.capacity_times].number() - 1) * acting[use.name]
            elif change.service == site.service and change.capacity_plus_per_100k:
                per_100k = pathway.quantities[change.capacity_plus_per_100k].number()
                plus += per_100k * region.population / 100_000 * part * acting[use.name]
        capacity[position], amounts[position] = site_capacity(
            pathway, region, site, site.amount * times + plus, first_day=first_day
        )
    return capacity, amounts


def lever_from(plan: Plan, cohort: Cohort) -> np.ndarray:
    """The tick at which each practice takes up each lever, shape (levers, practices); NEVER where it does not.

    With a reach of 40%, the four in ten practices with the smallest lots take it up: a wider reach adds
    practices and drops none.
    """
    practices = len(plan.region.codes)
    adopted = np.full((max(1, len(plan.pathway.levers)), practices), NEVER, dtype=np.int32)
    for use in plan.levers:
        with np.errstate(over="ignore"):
            name = label(f"levers.{use.name}")
            lots, delays = first_shares(cohort.practice_keys, name + LEVER_LOT), np.zeros(practices, dtype=np.int64)
            if use.adoption >= 0:
                delays = first_ticks(
                    address(plan.arrays.durations[use.adoption]), cohort.practice_keys, name + LEVER_DELAY
                )
            chosen = _practices_of(use, plan, lots, cohort.practice_keys, name)
        adopted[use.position, chosen] = np.minimum(use.starts + delays[chosen], NEVER)
    return adopted


def _practices_of(use: LeverUse, plan: Plan, lots: np.ndarray, keys: np.ndarray, name: np.uint64) -> np.ndarray:
    codes = plan.region.codes
    if use.practices is not None:
        return np.flatnonzero(np.isin(codes, use.practices))
    # one practice of three at a reach of a half: one in half of the replications, two in the other half
    toss = first_shares(keys.min(keepdims=True), name + LEVER_ROUNDING)[0]
    return np.lexsort((np.array(codes), lots))[: int(use.reach * len(codes) + toss)]
