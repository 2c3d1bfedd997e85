"""Draws the people of a run, and by a pilot those whom the people on the lists at the start take after.

A pilot of the warm-up runs with nobody on a list and no levers. Whoever joins the list of a service there for a first
visit is remembered as they were then: state, attributes, where they live, how long they have been ill, what they have
been treated with. The pilot has a seed of its own, always the same: it belongs to the pathway and the area, not to a
run, so that the runs of one seed share no chance through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock
from weakref import ref

import numpy as np

from pathways import Pathway, Region, Waiting
from sim.arrays.keyed_draws import label
from sim.arrays.layout import IN_VISIT, JOINED, PATIENT
from sim.arrays.quantiles import longest
from sim.cohort import Cohort, cohort_with
from sim.joiners import Joiners, joiners_among
from sim.plan import Plan, compile_plan
from sim.rules import ATTENDED
from sim.running import Running

PILOT_SEED = int(label("pilot of the warm-up")) >> 2
"""No seed that a user would choose, so that nobody's run is the pilot itself."""
PILOTS_KEPT = 16
"""For each area: a region of many areas comes back to each of them in every replication."""


def draw_cohort(plan: Plan, *, seed: int, replication: int) -> Cohort:
    """Draws the people of one replication. Takes well under a second for a million registered."""
    joiners = joiners_of(plan) if any(row.people for row in plan.region.waiting) else None
    return cohort_with(joiners, plan, seed=seed, replication=replication)


@dataclass
class Pilot:
    """A pilot that is running or has run, for one pathway in one area, which it does not keep alive."""

    pathway: Pathway
    area: ref[Region]
    lock: Lock
    found: Joiners | None = None

    def serves(self, plan: Plan) -> bool:
        """Whether it is the pilot of a plan, whichever levers that has."""
        same = self.pathway is plan.pathway or self.pathway == plan.pathway
        return same and self.area() is plan.region


_pilots: list[Pilot] = []
_lock = Lock()


def joiners_of(plan: Plan) -> Joiners:
    """Those who join the lists of the services that have one at the start.

    Kept while the area is in use, as all replications ask for the same.
    """
    with _lock:
        pilot = next((known for known in _pilots if known.serves(plan)), None)
        if pilot is None:
            pilot = Pilot(plan.pathway, ref(plan.region), Lock())
            in_use = [(area, known) for known in _pilots if (area := known.area()) is not None]
            here = [known for area, known in in_use if area is plan.region]
            elsewhere = [known for area, known in in_use if area is not plan.region]
            _pilots[:] = [*elsewhere, *here[1 - PILOTS_KEPT :], pilot]
    with pilot.lock:
        if pilot.found is None:
            pilot.found = _found(plan)
        return pilot.found


def doubts_about_lists(plan: Plan) -> list[str]:
    """What the lists at the start say that the pathway does not: people where nobody joins, waits that nobody would bear."""
    rows: dict[str, list[Waiting]] = {}
    for row in plan.region.waiting:
        rows.setdefault(row.service, []).append(row)
    return [
        says
        for service, own in rows.items()
        for says in (_nobody_joins(plan, service, own), _impatient(plan, service, own))
        if says
    ]


def _nobody_joins(plan: Plan, service: str, rows: list[Waiting]) -> str:
    people = sum(row.people for row in rows)
    if not people or len(joiners_of(plan).of[plan.services.index(service)]):
        return ""
    return (
        f"{_title(plan, service)}: {people} people are on its list at the start, and nobody joins it in "
        "the warm-up. They are taken from all registered people in pain, and not from those whom the pathway sends there."
    )


def _impatient(plan: Plan, service: str, rows: list[Waiting]) -> str:
    patience = plan.arrays.services[plan.services.index(service)]["patience"]
    if patience < 0:
        return ""
    week, most = 7 * plan.ticks_per_day, longest(plan.arrays.durations[patience])
    people = sum(row.people for row in rows if row.weeks_waited * week + 1 >= most)
    if not people:
        return ""
    return (
        f"{_title(plan, service)}: {people} people on its list have waited longer than anyone's patience "
        f"lasts there, which is {most / week:.3g} weeks at most. The list is believed: they stay until they are seen. "
        "Look at the list or at 'patience'."
    )


def _title(plan: Plan, service: str) -> str:
    """What a service is called, with the area where a region has several."""
    area = ", ".join(plan.region.area_names())
    return plan.pathway.services[service].title + (f" ({area})" if area else "")


def _found(plan: Plan) -> Joiners:
    with_a_list = sorted({plan.services.index(row.service) for row in plan.region.waiting})
    found = list(_pilot(plan, with_a_list)) if plan.first_tick < 0 else []
    # as bytes: putting arrays of records together takes NumPy many times as long
    raw = np.concatenate(
        [
            np.zeros((0, PATIENT.itemsize), np.uint8),
            *(each[0].view(np.uint8).reshape(-1, PATIENT.itemsize) for each in found),
        ]
    )
    people = raw.view(PATIENT)[:, 0]
    attended = np.concatenate([np.zeros((0, len(plan.services)), dtype=np.uint8), *(each[1] for each in found)])
    return joiners_among(people, attended, with_a_list)


def _pilot(plan: Plan, services: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Who joins the services in each tick of the warm-up, and their visits before."""
    nobody = tuple(replace(row, people=0) for row in plan.region.waiting)
    bare = compile_plan(plan.pathway, replace(plan.region, waiting=nobody), years=0)
    running = Running(bare, cohort_with(None, bare, seed=PILOT_SEED, replication=0), keep_log=True)
    running.take_log()
    wanted = np.zeros(len(plan.services), dtype=bool)
    wanted[services] = True
    for tick in range(bare.first_tick, 0):
        running.advance(tick + 1)
        rows = running.take_log()
        joined = rows[(rows["kind"] == JOINED) & (rows["detail"] == 1)]
        joined = joined[wanted[joined["service"]]]
        if len(joined):
            yield _as_they_joined(running, tick, joined)


def _as_they_joined(running: Running, tick: int, joined: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The people of these events of the tick that is just over, and their visits before."""
    people, counters = running.people(joined["patient"])
    attended = counters[:, running.plan.arrays.services["counter"] + ATTENDED]
    # some have been seen at once, in the second phase of the tick: they had not been when they joined
    at_once = np.flatnonzero(people["stage"] == IN_VISIT)
    attended[at_once, joined["service"][at_once]] -= 1
    for time in ("onset", "since", "effect_from"):
        people[time] -= tick
    return people, attended
