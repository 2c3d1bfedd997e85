"""When two numbers are the same: they differ by no more than the rounding of numbers. One tolerance for all comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

NOISE = 1e-12
"""Numbers that differ by no more than this part of the largest among them are the same: the sums of a million people in
another order differ by less."""


def snapped(values: Any) -> np.ndarray:
    """Values, those that are the same by all but rounding made equal to the lowest of them.

    >>> snapped([0.1 + 0.2, 0.3, 0.5]).tolist()
    [0.3, 0.3, 0.5]
    """
    found = np.array(values, dtype=float)
    room = NOISE * np.abs(found).max(initial=0.0)
    start = -np.inf
    for place in np.argsort(found, kind="stable"):
        start = start if found[place] - start <= room else found[place]
        found[place] = start
    return found


def apart(more: Any, less: Any) -> np.ndarray:
    """How far the one lies above the other: exactly 0 where all but rounding says so. Row by row, of one shape.

    >>> apart([0.1 + 0.2, 1.0], [0.3, 0.5]).tolist()
    [0.0, 0.5]
    """
    one, other = np.asarray(more, dtype=float), np.asarray(less, dtype=float)
    room = NOISE * max(np.abs(one).max(initial=0.0), np.abs(other).max(initial=0.0))
    return np.where(np.abs(one - other) <= room, 0.0, one - other)
