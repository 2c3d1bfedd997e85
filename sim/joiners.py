"""Who joins a waiting list: the people who stand for those on today's lists, of whom a region says only how many.

A pilot of the warm-up runs with nobody on a list and no levers. Whoever joins the list of a service there for a first
visit is remembered as they were then: state, attributes, where they live, how long they have been ill, what they have
been treated with. Each person on the list takes after one of them. The pilot has a seed of its own, always the same:
it belongs to the pathway and the area, not to a run, so that the runs of one seed share no chance through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

import numpy as np

from pathways import Pathway, Region, Waiting
from sim.draws import bits, label
from sim.jit import loop
from sim.layout import IN_VISIT, JOINED, PATIENT
from sim.plan import Plan, compile_plan
from sim.quantiles import longest
from sim.rules import ATTENDED

if TYPE_CHECKING:
    from sim.running import Running

JOINER = label("joiner: of a pilot")
PILOT_SEED = int(label("pilot of the warm-up")) >> 2
"""No seed that a user would choose, so that nobody's run is the pilot itself."""
MOST_OF_A_SERVICE = 1000
"""More people than this say nothing new about who joins a list."""
PILOTS_KEPT = 16
"""For each area: a region of many areas comes back to each of them in every replication."""


class Joiners(NamedTuple):
    """People who joined lists, each as they were then; `of` tells which are those of a service.

    Their times (onset, since, effect_from) are ticks from the joining, and so not above 0. `attended` counts the
    visits to each service until then, shape (people, services). `ids` are numbers by which one is chosen.
    """

    people: np.ndarray  # PATIENT
    attended: np.ndarray  # uint8
    ids: np.ndarray  # uint64
    of: dict[int, range]


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


@loop
def _ids(keys: Any, since_onset: Any) -> Any:
    """A number for each joiner: of the person and of when they joined, as one may join a list again."""
    out = np.empty(len(keys), dtype=np.uint64)
    for k in range(len(keys)):
        out[k] = bits(keys[k], JOINER, -since_onset[k])
    return out


@loop
def choose(persons: Any, ids: Any) -> Any:
    """For each person one of the joiners, by position: the one with the largest draw of this person's.

    One joiner more or fewer changes only who takes after that one.
    """
    chosen = np.zeros(len(persons), dtype=np.int64)
    for k in range(len(persons)):
        largest = np.uint64(0)
        for j in range(len(ids)):
            drawn = bits(persons[k], ids[j], 0)
            if drawn > largest:
                largest = drawn
                chosen[k] = j
    return chosen


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
    return _by_service(people, attended, _ids(people["key"], people["onset"]), with_a_list)


def _pilot(plan: Plan, services: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Who joins the services in each tick of the warm-up, and their visits before."""
    from sim.cohort import draw_cohort  # which asks for joiners where somebody is on a list: nobody is in a pilot
    from sim.running import Running

    nobody = tuple(replace(row, people=0) for row in plan.region.waiting)
    bare = compile_plan(plan.pathway, replace(plan.region, waiting=nobody), years=0)
    running = Running(bare, draw_cohort(bare, seed=PILOT_SEED, replication=0), keep_log=True)
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


def _by_service(people: np.ndarray, attended: np.ndarray, ids: np.ndarray, services: list[int]) -> Joiners:
    """The joiners of one service after the other; of many, those with the smallest numbers."""
    chosen, of = [], {}
    start = 0
    for service in services:
        own = np.flatnonzero(people["service"] == service)
        own = own[np.argsort(ids[own], kind="stable")][:MOST_OF_A_SERVICE]
        chosen.append(own)
        of[service] = range(start, start + len(own))
        start += len(own)
    which = np.concatenate(chosen)
    return Joiners(people[which], attended[which], ids[which], of)
