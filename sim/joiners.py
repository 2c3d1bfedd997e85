"""Who joins a waiting list: the people who stand for those on today's lists, of whom a region says only how many.

Each person on a list takes after one of those who join it. `sim.pilot` finds them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.jit import loop
from sim.arrays.keyed_draws import bits, label

JOINER = label("joiner: of a pilot")
MOST_OF_A_SERVICE = 1000
"""More people than this say nothing new about who joins a list."""


class Joiners(NamedTuple):
    """People who joined lists, each as they were then; `of` tells which are those of a service.

    Their times (onset, since, effect_from) are ticks from the joining, and so not above 0. `attended` counts the
    visits to each service until then, shape (people, services). `ids` are numbers by which one is chosen.
    """

    people: np.ndarray  # PATIENT
    attended: np.ndarray  # uint8
    ids: np.ndarray  # uint64
    of: dict[int, range]


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


def joiners_among(people: np.ndarray, attended: np.ndarray, services: list[int]) -> Joiners:
    """The joiners of one service after the other; of many, those with the smallest numbers."""
    ids = _ids(people["key"], people["onset"])
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
