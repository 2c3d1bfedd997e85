"""What a duration's shape and numbers are, and how long it is on average. How one is drawn is the simulation's business."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, gamma, log
from statistics import NormalDist

from pathways.quantity import DAYS_IN, Quantity
from pathways.word import Duration

NINE_IN_TEN = 0.9
"""The share of durations that a `p90` says are not longer."""


def shape_in_days(duration: Duration, quantities: Mapping[str, Quantity]) -> tuple[str, tuple[float, ...]]:
    """The kind of a duration and its parameters, in days but for Weibull's shape.

    They are those of `pathways.word.Duration`: (value,), (mean,), (mean, sd), (median, p90), (median, shape),
    (low, high), and for `empirical` the shares followed by the times.
    """
    kind = duration.kind
    first = getattr(duration, kind)
    match kind:
        case "gamma":
            return kind, (quantities[first].days(), quantities[str(duration.sd)].days())
        case "lognormal":
            return kind, (quantities[first].days(), quantities[str(duration.p90)].days())
        case "weibull":
            return kind, (quantities[first].days(), quantities[str(duration.shape)].number())
        case "uniform":
            return kind, tuple(quantities[name].days() for name in first)
        case "empirical":
            table = quantities[first].levels()
            unit = DAYS_IN[quantities[first].unit]
            return kind, (*(float(share) for share in table), *(time * unit for time in table.values()))
        case _:
            return kind, (quantities[first].days(),)


def mean_days(duration: Duration, quantities: Mapping[str, Quantity]) -> float:
    """How long a duration is on average, in days: not its median, where the two differ.

    >>> def days(value):
    ...     return Quantity(value=value, low=value, high=value, unit="days", source="ours", grade="assumed")
    >>> mean_days(Duration(uniform=("short", "long")), {"short": days(2), "long": days(10)})
    6.0
    >>> round(mean_days(Duration(lognormal="median", p90="p90"), {"median": days(10), "p90": days(50)}), 1)
    22.0
    """
    match shape_in_days(duration, quantities):
        case "lognormal", (median, p90):
            if median == 0:
                return 0.0
            sigma = log(p90 / median) / NormalDist().inv_cdf(NINE_IN_TEN)
            return median * exp(sigma**2 / 2)
        case "weibull", (median, form):
            return median / log(2) ** (1 / form) * gamma(1 + 1 / form)
        case "uniform", (low, high):
            return (low + high) / 2
        case "empirical", parameters:
            half = len(parameters) // 2
            shares, times = parameters[:half], parameters[half:]
            return sum((shares[k + 1] - shares[k]) * (times[k] + times[k + 1]) / 2 for k in range(half - 1))
        case _, (mean, *_):
            return mean
    raise ValueError(f"a duration of the kind '{duration.kind}' has no mean here")
