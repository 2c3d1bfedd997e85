"""What φ comes to in units that are all alike: not 1, once the extremes are drawn in, nor where few events are expected."""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes.practices.chance import binomial_counts, poisson_counts
from outcomes.practices.overdispersion import Kind, Method, Trim, on_scale, trimmed

DRAWS, FEWEST_DRAWS, MOST_COUNTS = 1000, 100, 1_000_000
"""Of so many draws the mean is taken; of fewer where there are so many units that they need more counts than that."""
SEED = 42
"""The same units always have the same φ by chance."""


def phi_by_chance(
    units: pd.DataFrame,
    *,
    kind: Kind,
    method: Method,
    trim: Trim,
    trim_share: float,
    target: float,
    seed: int = SEED,
) -> float:
    """The mean φ of units as large as these that differ by chance alone; arguments as of `overdispersion`.

    Events are drawn as Poisson counts around those expected, parts of a whole as binomial ones, the first of two counts
    as a binomial part of both. Logarithms need an event: a unit that draws none counts as having had one.

    >>> units = pd.DataFrame({"numerator": 50.0, "denominator": [50.0] * 20})
    >>> settings = {"kind": "ratio", "method": "square_root", "trim": "winsorise", "target": 1}
    >>> round(phi_by_chance(units, trim_share=0.1, **settings), 1), round(phi_by_chance(units, trim_share=0, **settings), 1)
    (0.7, 1.0)
    """
    draws = min(DRAWS, max(FEWEST_DRAWS, MOST_COUNTS // len(units)))
    drawn, whole = _drawn(units, kind, target, draws, seed)
    if method == "log" and kind in ("ratio", "rate"):
        drawn = np.maximum(drawn, 1)
    value, middle, error = on_scale(drawn, whole, kind, method, target)
    return float(np.nanmean(trimmed((value - middle) / error, trim, trim_share) ** 2))


def _drawn(units: pd.DataFrame, kind: Kind, target: float, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numerators and denominators by chance alone, shape (draws, units) each."""
    part, whole = units["numerator"].to_numpy(), units["denominator"].to_numpy()
    if kind == "proportion":
        found = np.minimum(binomial_counts(whole, target, draws=draws, seed=seed), whole)
    elif kind == "counts":
        found = binomial_counts(part + whole, target / (1 + target), draws=draws, seed=seed)
        return found, np.maximum(part + whole - found, 0)
    else:
        found = poisson_counts(target * whole, draws=draws, seed=seed)
    return found, np.broadcast_to(whole, found.shape)
