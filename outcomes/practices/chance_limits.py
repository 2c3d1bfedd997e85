"""Between which limits units would lie by chance alone, and the limits that a funnel draws: never narrower than those.

Where units lie in a funnel is in `funnel`, how much more they differ than by chance in `overdispersion`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from outcomes.arrays import Numbers, checked, plain
from outcomes.limits import CONFIDENCE, checked_sizes, tail_of, z_of
from outcomes.practices.overdispersion import Kind, Method, one_of, overdispersed_limits

Limits = tuple[Any, Any]
"""Lower and upper: floats for one unit, arrays for several."""


def ratio_limits(expected: Numbers, *, target: float = 1, confidence: float = CONFIDENCE) -> Limits:
    """Within which limits observed over expected lies by chance, at these expected events: lower and upper.

    Exact: a unit lies outside just where so few events, or so many, had a chance below (1 - confidence) / 2. The limits
    of a mean (`exact_poisson_limits(expected)`), which some draw instead, flag units without events far too often.
    Between whole numbers of events the curve is that of the gamma function. `expected` are at a ratio of 1.

    >>> lower, upper = ratio_limits([18.390357, 4.795387])
    >>> round(float(lower[0]) * 18.390357, 2), round(float(upper[1]) * 4.795387, 2)
    (10.0, 10.0)
    """
    mean = target * checked_sizes("expected", expected)
    tail = tail_of(confidence)
    lower = np.maximum(special.gdtrib(1, 1 - tail, mean) - 1, 0)
    return plain(target * lower / mean), plain(target * special.gdtrib(1, tail, mean) / mean)


def rate_limits(population: Numbers, *, target: float, multiplier: float = 1, confidence: float = CONFIDENCE) -> Limits:
    """Within which limits a rate per `multiplier` people lies by chance, where `target` is the average rate.

    Exact Poisson limits, as of `ratio_limits`. For directly standardised rates, `population` is events over rate.

    >>> lower, upper = rate_limits(100_000, target=60, multiplier=100_000)
    >>> round(lower, 1), round(upper, 1)
    (44.8, 76.1)
    """
    expected = target / multiplier * checked_sizes("population", population)
    lower, upper = ratio_limits(expected, confidence=confidence)
    return plain(target * np.asarray(lower)), plain(target * np.asarray(upper))


def proportion_limits(
    denominator: Numbers, *, target: float, multiplier: float = 1, confidence: float = CONFIDENCE
) -> Limits:
    """Within which limits a proportion lies by chance around `target`: normal, never below 0 or above the whole.

    `target` and limits are times `multiplier` (100 for percent). A unit lies outside just where its Wilson limits
    exclude the target. Among few people that flags too many: `exact_proportion_limits` does not.

    >>> lower, upper = proportion_limits([10, 1008], target=80, multiplier=100)
    >>> lower.round(2).tolist(), upper.round(2).tolist()
    ([55.21, 77.53], [100.0, 82.47])
    """
    total = checked_sizes("denominator", denominator)
    share = float(checked("target / multiplier", target / multiplier, low=0, high=1))
    half = z_of(confidence) * np.sqrt(share * (1 - share) / total)
    return plain(multiplier * np.maximum(share - half, 0)), plain(multiplier * np.minimum(share + half, 1))


def exact_proportion_limits(denominator: Numbers, *, target: float, confidence: float = CONFIDENCE) -> Limits:
    """Within which limits a proportion lies by chance around `target`, exactly, however few people there are.

    A unit lies outside just where so few, or so many, had a binomial chance below (1 - confidence) / 2.

    >>> lower, upper = exact_proportion_limits([4, 1008], target=0.02)
    >>> lower.round(3).tolist(), upper.round(3).tolist()
    ([0.0, 0.011], [0.338, 0.03])
    """
    total = checked_sizes("denominator", denominator)
    share = float(checked("target", target, low=0, high=1))
    tail = tail_of(confidence)
    return plain(1 - _most(total, 1 - share, tail) / total), plain(_most(total, share, tail) / total)


def funnel_limits(
    denominator: Numbers,
    *,
    kind: Kind = "ratio",
    method: Method = "square_root",
    target: float = 1,
    adjusted: bool,
    tau2: float = 0,
    confidence: float = CONFIDENCE,
) -> Limits:
    """The limits that a `Funnel` with these attributes has at any denominator: for drawing its curves.

    Widened limits rest on approximations that are too narrow where few events are expected; those of chance alone count
    there instead. Of any two limits the outer one counts.

    >>> lower, upper = funnel_limits([50, 100], adjusted=False)
    >>> upper.round(3).tolist()
    [1.296, 1.206]
    >>> funnel_limits(3, adjusted=True, tau2=0.01, confidence=0.998)[0]
    0.0
    """
    alone = _by_chance(denominator, kind, method, target, confidence)
    if not adjusted:
        return alone
    widened = overdispersed_limits(
        denominator, tau2=tau2, kind=kind, method=method, target=target, confidence=confidence
    )
    return _outer(alone, widened)


def _by_chance(denominator: Numbers, kind: Kind, method: Method, target: float, confidence: float) -> Limits:
    """The limits of chance alone: exact where the exact ones are known, the outer of exact and usual for proportions."""
    match one_of(kind, Kind, "kind"):
        case "proportion":
            usual = proportion_limits(denominator, target=target, confidence=confidence)
            return _outer(usual, exact_proportion_limits(denominator, target=target, confidence=confidence))
        case "counts":
            return overdispersed_limits(denominator, tau2=0, kind=kind, target=target, confidence=confidence)
        case _:
            one_of(method, Method, "method")
            return ratio_limits(denominator, target=target, confidence=confidence)


def _outer(one: Limits, other: Limits) -> Limits:
    return plain(np.minimum(one[0], other[0])), plain(np.maximum(one[1], other[1]))


def _most(total: np.ndarray, share: float, tail: float) -> np.ndarray:
    """So many of `total` that as many or more had a chance of `tail`, in between whole numbers too; at most all.

    Where even one had a smaller chance, the curve is that of a Poisson count which is 0 as often.
    """
    if share == 0:
        return np.zeros_like(total)
    if share == 1:
        return total
    none = -total * np.log1p(-share)
    rare = special.gdtrib(1, tail, none)
    usual = special.bdtrik(1 - tail, total, share) + 1
    return np.minimum(np.where(np.exp(-none) > 1 - tail, rare, usual), total)
