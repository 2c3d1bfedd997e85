"""Confidence limits of counts and of proportions: Byar, exact Poisson, Wilson, at any confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from outcomes.arrays import Numbers, checked, plain, together
from outcomes.table_rules import BadTable

CONFIDENCE = 0.95
"""The confidence of limits, unless another is asked for."""
EXACT_BELOW = 10
"""Counts below this get exact limits: Byar's approximation is good from 10 events."""


def byar_limits(count: Numbers, *, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Byar's limits of counts, lower and upper: floats for one count, arrays of the same shape for several.

    Good from 10 events. The lower limit of no events is 0, and so is one that the approximation puts below 0 (a single
    event at 99.8%). Raises `BadTable` for counts that are missing or negative.
    Method: Breslow and Day 1987, x(1 - 1/(9x) - z/(3√x))³ and the same of x + 1 with + z.

    >>> lower, upper = byar_limits(65)
    >>> round(lower, 3), round(upper, 3)
    (50.163, 82.849)
    """
    events = checked("count", count, low=0)
    z = z_of(confidence)
    there = np.maximum(events, 1 / 9)  # keeps the division possible; what is so small has a limit below 0 anyway
    lower = there * (1 - 1 / (9 * there) - z / (3 * np.sqrt(there))) ** 3
    more = events + 1
    upper = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return plain(np.maximum(lower, 0)), plain(upper)


def exact_poisson_limits(count: Numbers, *, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Exact limits of the mean of a Poisson count, lower and upper: floats for one count, arrays for several.

    They are also the least and the most events expected with which the count does not stand out (a funnel read along
    its other axis). The lower limit of no events is 0. Raises `BadTable` for counts that are missing or negative.
    Method: Garwood 1936, half the quantiles of χ² with 2x and 2x + 2 degrees of freedom.

    >>> lower, upper = exact_poisson_limits(5)
    >>> round(lower, 3), round(upper, 3)
    (1.623, 11.668)
    """
    events = checked("count", count, low=0)
    tail = tail_of(confidence)
    with np.errstate(invalid="ignore"):
        lower = np.where(events > 0, special.gammaincinv(events, tail), 0)
    return plain(lower), plain(special.gammainccinv(events + 1, tail))


def count_limits(count: Numbers, *, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Limits of counts as published statistics give them: exact below 10 events, Byar's from 10.

    >>> lower, upper = count_limits([9, 10])
    >>> lower.round(3).tolist(), upper.round(3).tolist()
    ([4.115, 4.787], [17.085, 18.391])
    """
    events = checked("count", count, low=0)
    few = events < EXACT_BELOW
    exact, byar = exact_poisson_limits(events, confidence=confidence), byar_limits(events, confidence=confidence)
    return plain(np.where(few, exact[0], byar[0])), plain(np.where(few, exact[1], byar[1]))


def wilson_limits(numerator: Numbers, denominator: Numbers, *, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Wilson's limits of proportions, lower and upper, as shares: floats for one proportion, arrays for several.

    Raises `BadTable` for numerators that are missing, negative or above their denominators, and for denominators that
    are not above 0. Method: Wilson 1927, the score interval.

    >>> lower, upper = wilson_limits(65, 100)
    >>> round(lower, 4), round(upper, 4)
    (0.5525, 0.7364)
    """
    total = checked_sizes("denominator", denominator)
    part = checked("numerator", numerator, low=0)
    together(numerator=part, denominator=total)
    checked("numerator / denominator", part / total, high=1)
    z = z_of(confidence)
    centre = part + z * z / 2
    half = z * np.sqrt(part * (1 - part / total) + z * z / 4)
    lower, upper = (centre - half) / (total + z * z), (centre + half) / (total + z * z)
    return plain(np.maximum(lower, 0)), plain(np.minimum(upper, 1))  # rounding of numbers may put them beyond


def checked_sizes(name: str, values: Numbers) -> np.ndarray:
    """Numbers of people or of expected events as an array; `BadTable` where one is missing or not above 0.

    >>> checked_sizes("expected", [4, 0])
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: expected: place 1: 0; a number above 0 is needed
    """
    found = checked(name, values, low=0)
    if (found == 0).any():
        places = "; ".join(f"place {place}: 0" for place in np.flatnonzero(found == 0)) if found.ndim else "0"
        raise BadTable([f"{name}: {places}; a number above 0 is needed"])
    return found


def z_of(confidence: float) -> float:
    """How many standard deviations limits of this confidence lie from the middle of a normal distribution.

    >>> round(z_of(0.95), 6)
    1.959964
    """
    return float(-special.ndtri(tail_of(confidence)))


def tail_of(confidence: float) -> float:
    """The share beyond each of the two limits: 0.025 for 95%.

    >>> round(tail_of(0.95), 12)
    0.025
    >>> tail_of(95)
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: confidence: 95; a number from 0 below 1 is needed (95% is written 0.95)
    """
    return (1 - float(checked("confidence", confidence, low=0, below=1, hint=" (95% is written 0.95)"))) / 2
