"""What two series have in common: the same measure, services, people and time, told as correlations.

Two series that count the same are not two witnesses. What a model misses of one it misses of the other, and what chance
does to one it does to the other; how far, is worked out here from what they count.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

FLOW, LIST, WAIT, MISSED = "flow", "list", "wait", "missed"
KINDS = {
    "referrals": FLOW,
    "visits": FLOW,
    "first_visits": FLOW,
    "waited": FLOW,
    "rtt_waited": FLOW,
    "waiting": LIST,
    "rtt_waiting": LIST,
    "missed": MISSED,
    "missed_share": MISSED,
}
"""Measures that tell of the same thing; those that are not named are waits."""
SAME = {"waited": "first_visits"}
"""Measures that count what another does: those first seen, by their wait or not."""
NEARLY = 0.9
"""What is held in common by two measures of a kind, or by one measure of two places: much, and not all. Our judgement."""


@dataclass(frozen=True)
class SeriesScope:
    """What a series counts: its measure, services and practices (with `people`, how many of all), and its days.

    `copy` stands for its figures, so that one series under two names is known.
    """

    measure: str
    services: frozenset[str]
    practices: frozenset[str]
    every: int
    begin: datetime.date
    end: datetime.date
    copy: tuple[object, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame, people: Mapping[str, float]) -> SeriesScope:
        """Of the rows of a series; `people` has all practices of the region."""
        first = rows.iloc[0]
        told = rows[rows["value"].notna()]
        return cls(
            measure=SAME.get(str(first["measure"]), str(first["measure"])),
            services=frozenset(first["services"]),
            practices=frozenset(code for codes in rows["practices"] for code in codes),
            every=len(people),
            begin=min(rows["from_date"]),
            end=max(rows["to_date"]),
            copy=tuple(told[["to_date", "band_low", "band_high", "value"]].itertuples(index=False, name=None)),
        )

    @property
    def kind(self) -> str:
        """Flow, list, wait or share missed."""
        return KINDS.get(self.measure, WAIT)


def alike(abouts: Sequence[SeriesScope]) -> np.ndarray:
    """How far the model is wrong about series together: correlations, shape (series, series).

    One for copies; the cosine of their services for one measure, a little less for measures of a kind and for the same of
    two places; none between kinds (a model may be right about referrals and wrong about lists).
    """
    found = _originals(abouts)
    return np.array([[_measure(a, b) * _services(a, b) * _place(a, b) for b in found] for a in found]).reshape(
        len(found), len(found)
    )


def chance_shared(abouts: Sequence[SeriesScope]) -> np.ndarray:
    """How far the same people and days make up series: correlations of what chance does to them."""
    found = _originals(abouts)
    return np.array(
        [[_measure(a, b) * _services(a, b) * _people(a, b) * _days(a, b) for b in found] for a in found]
    ).reshape(len(found), len(found))


def overlap(a: SeriesScope, b: SeriesScope) -> bool:
    """Whether two series tell of the same people at one service in the same time by measures of a kind.

    Two percentiles of a wait, or a list and a flow, are different things and both worth having.
    """
    return a.kind == b.kind != WAIT and bool(_services(a, b) and _people(a, b) and _days(a, b))


def _originals(abouts: Sequence[SeriesScope]) -> list[SeriesScope]:
    """Each series, or the first of which it is a copy."""
    first: dict[tuple[object, ...], SeriesScope] = {}
    return [first.setdefault(each.copy, each) if len(each.copy) > 1 else each for each in abouts]


def _measure(a: SeriesScope, b: SeriesScope) -> float:
    return 1.0 if a.measure == b.measure else NEARLY if a.kind == b.kind else 0.0


def _services(a: SeriesScope, b: SeriesScope) -> float:
    return len(a.services & b.services) / sqrt(len(a.services) * len(b.services))


def _place(a: SeriesScope, b: SeriesScope) -> float:
    return 1.0 if a.practices == b.practices else NEARLY


def _people(a: SeriesScope, b: SeriesScope) -> float:
    """The cosine of two sets of practices; no practices are the whole region."""
    if a.practices == b.practices:
        return 1.0
    sizes = [len(each.practices) or max(each.every, 1) for each in (a, b)]
    both = len(a.practices & b.practices) if a.practices and b.practices else min(sizes)
    return both / sqrt(sizes[0] * sizes[1])


def _days(a: SeriesScope, b: SeriesScope) -> float:
    both = (min(a.end, b.end) - max(a.begin, b.begin)).days + 1
    lengths = [(each.end - each.begin).days + 1 for each in (a, b)]
    return max(both, 0) / sqrt(lengths[0] * lengths[1])
