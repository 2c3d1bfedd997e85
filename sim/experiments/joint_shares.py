"""Shares of one whole at standard normal scores: drawn together, so that they always fit and each keeps its mean.

A stick is broken: the shares of a decision are taken in a fixed order, and each is a part of what those before it leave
that may be open to the same patient. Its part is drawn from a beta distribution, by the share's own score, with the mean
and the spread that give the share those of its own distribution; where less is left than that spread needs, the mean is
kept and the spread is what fits. Where all options may be open at once this is the generalised Dirichlet distribution
(Connor and Mosimann 1969). The first of each whole is drawn from its own distribution exactly.

In order come shares that are fixed, those open to everyone, the narrower first, then those open to some: what concerns a
few patients gives way. A share that stands in several decisions is drawn once and fits into all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import special

from pathways import Pathway, Quantity
from pathways.checks import HALF_INTERVAL, shares_together
from sim.experiments.distributions import is_drawn, moments, value_at

POINTS = 2048
"""So many evenly spread points tell how much the shares before one leave it, on average and in spread."""
TAILS = tuple(special.ndtr([-HALF_INTERVAL, HALF_INTERVAL]))
"""Between these quantiles lie 95% of the draws."""
DIGITS = 10
"""Parts are told to so many digits, so that the last bits of a mean over points are the same on every machine."""

Cases = tuple[tuple[tuple[str, int], ...], ...]
"""Shares that may be open at once, and how often each stands there."""


@dataclass(frozen=True)
class Share:
    """One share of a stick. `before`: for every case in which it stands, how often, and which come before it.

    `left` is the mean of what they leave. Its part of that has a beta distribution with mean `part`, as narrow as `size`,
    the sum of both parameters; `size` is infinite where the part never differs, and None for the first of a whole,
    which has its own distribution. `drawn`: what comes out, as `drawn_of` tells it.
    """

    name: str
    quantity: Quantity
    before: tuple[tuple[int, tuple[tuple[str, int], ...]], ...]
    left: float = 1.0
    part: float = 1.0
    size: float | None = None
    drawn: tuple[float, float, float] = (math.nan, math.nan, math.nan)

    def most(self, values: Mapping[str, float]) -> float:
        """The most it can be beside the values of those before it."""
        taken = [(1 - sum(times * values[name] for name, times in others)) / own for own, others in self.before]
        return max(min(taken, default=1.0), 0.0)

    def at(self, score: float | None, most: float) -> float:
        """Its value at a score, where it can be so much at most. Without a score it stands at its value, moved as what
        is left for it has."""
        if score is None:
            return min(self.quantity.number() * most / self.left, most) if self.left else 0.0
        if self.size is None:
            return value_at(self.quantity, score)
        return most * float(_part(self.part, self.size, special.ndtr(score)))


def shares_at(pathway: Pathway, scores: Mapping[str, float]) -> dict[str, float]:
    """The values of shares at these scores, as `value_at` gives those of other quantities.

    A share without a score stands at its value, unless shares that come before it have one: then it is that part of
    what they leave which it is at everyone's values, so that means are kept.
    """
    values: dict[str, float] = {}
    moved: dict[str, float] = {}
    for share in sticks(pathway):
        values[share.name] = share.quantity.number()
        beside = {name for _, others in share.before for name, _ in others}
        if is_drawn(share.quantity) and (share.name in scores or not moved.keys().isdisjoint(beside)):
            values[share.name] = moved[share.name] = share.at(scores.get(share.name), share.most(values))
    return moved


def beside(pathway: Pathway, name: str) -> list[str]:
    """The shares that may be open beside one: with their distributions they say what its score means."""
    others = {other for cases in shares_together(pathway) for case in cases if name in case for other in case}
    return sorted(others - {name})


def drawn_of(pathway: Pathway) -> dict[str, tuple[float, float, float]]:
    """The mean of what is drawn for each uncertain quantity of a pathway, and the ends of 95% of it.

    >>> from pathways import load_pathway
    >>> [round(each, 2) for each in drawn_of(load_pathway("usual_care"))["gp_refers_physio_share"]]
    [0.2, 0.11, 0.31]
    """
    found = {
        name: (moments(quantity)[0], value_at(quantity, -HALF_INTERVAL), value_at(quantity, HALF_INTERVAL))
        for name, quantity in sorted(pathway.quantities.items())
        if is_drawn(quantity)
    }
    return found | {share.name: share.drawn for share in sticks(pathway) if is_drawn(share.quantity)}


def sticks(pathway: Pathway) -> tuple[Share, ...]:
    """The shares of a pathway's decisions, in the order in which they are taken."""
    wholes = shares_together(pathway)
    always = {name for cases in wholes for name in cases[0] if all(name in case for case in cases)}
    names = sorted({name for cases in wholes for case in cases for name in case})
    quantities = {name: pathway.quantities[name] for name in names}

    def comes(name: str) -> tuple[bool, bool, float, str]:
        spread = moments(quantities[name])[1]
        return is_drawn(quantities[name]), name not in always, spread, name

    order = tuple((name, quantities[name]) for name in sorted(names, key=comes))
    cases = sorted({tuple(sorted(case.items())) for cases in wholes for case in cases if case})
    return _broken(order, tuple(cases))


@lru_cache(maxsize=64)
def _broken(order: tuple[tuple[str, Quantity], ...], cases: Cases) -> tuple[Share, ...]:
    """The shares in this order, each with its part of what is left."""
    points: dict[str, np.ndarray] = {}
    found = []
    for position, (name, quantity) in enumerate(order):
        before = tuple(_before(name, case, points) for case in cases if name in dict(case))
        share = Share(name, quantity, before)
        if not is_drawn(quantity):
            points[name] = np.full(POINTS, quantity.number())
        elif all(own == 1 and not others for own, others in before):
            alone = np.array([value_at(quantity, float(special.ndtri(under))) for under in _spread(position)])
            points[name] = alone * moments(quantity)[0] / alone.mean()
        else:
            most = np.maximum(np.min([_left(own, others, points) for own, others in before], axis=0), 0.0)
            share = _with_part(share, most)
            assert share.size is not None
            drawn = most * _part(share.part, share.size, _spread(position))
            # what so many points miss of the mean would add up from share to share
            points[name] = drawn if share.part == 1.0 else drawn * moments(quantity)[0] / drawn.mean()
        low, high = np.quantile(points[name], TAILS)
        found.append(replace(share, drawn=(float(points[name].mean()), float(low), float(high))))
    return tuple(found)


def _before(
    name: str, case: Sequence[tuple[str, int]], known: Mapping[str, np.ndarray]
) -> tuple[int, tuple[tuple[str, int], ...]]:
    return dict(case)[name], tuple((other, times) for other, times in case if other in known)


def _left(own: int, others: Sequence[tuple[str, int]], points: Mapping[str, np.ndarray]) -> np.ndarray:
    taken = np.sum([times * points[name] for name, times in others], axis=0) if others else np.zeros(POINTS)
    return np.asarray((1 - taken) / own)


def _with_part(share: Share, most: np.ndarray) -> Share:
    """The share with the part of what is left that keeps its mean and, as far as may be, its spread."""
    mean, spread = moments(share.quantity)
    left, square = float(most.mean()), float((most**2).mean())
    part = min(mean / left, 1.0) if left > 0 else 1.0
    variance = (spread**2 + mean**2) / square - part**2 if square > 0 else 0.0
    # never more than a part that has one peak: a wider one would be all of what is left, or nothing
    widest = part * (1 - part) / (1 + 1 / max(part, 1 - part))
    variance = min(max(variance, 0.0), widest)
    size = part * (1 - part) / variance - 1 if variance > 0 else math.inf
    return replace(share, left=_told(left), part=_told(part), size=_told(size))


def _told(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _part(mean: float, size: float, under: float | np.ndarray) -> np.ndarray:
    """The part below which it lies with these probabilities."""
    if math.isinf(size):
        return np.full_like(under, mean, dtype=float)
    return np.asarray(special.betaincinv(mean * size, (1 - mean) * size, under))


def _spread(position: int) -> np.ndarray:
    """Points between 0 and 1, evenly spread, and together with those of other positions too (Richtmyer)."""
    points = ((np.arange(POINTS) + 0.5) * math.sqrt(_prime(position))) % 1.0
    return np.asarray((points.argsort().argsort() + 0.5) / POINTS)


def _prime(position: int) -> int:
    """The primes in order, from 2."""
    found: list[int] = []
    number = 2
    while len(found) <= position:
        if all(number % each for each in found):
            found.append(number)
        number += 1
    return found[position]
