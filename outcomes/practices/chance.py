"""What chance alone would give: counts of units that are all alike, drawn again and again, always the same from one seed."""

from __future__ import annotations

import numpy as np
from scipy import special

from outcomes.arrays import Numbers, checked

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
"""The multipliers of SplitMix64 (Steele, Lea and Flood 2014)."""


def even_numbers(seed: int, rows: int, columns: int) -> np.ndarray:
    """Numbers spread evenly between 0 and 1, shape (rows, columns): the same for the same seed, everywhere and always.

    SplitMix64 of a counter. Rows do not depend on how many rows there are.

    >>> even_numbers(1, 2, 2).round(4).tolist() == even_numbers(1, 3, 2)[:2].round(4).tolist()
    True
    """
    counter = np.arange(1, rows * columns + 1, dtype=np.uint64).reshape(rows, columns)
    start = _mixed(np.array([seed % 2**64], dtype=np.uint64))
    bits = _mixed(start + counter * GOLDEN) >> np.uint64(11)
    return (bits.astype(float) + 0.5) * 2.0**-53


def poisson_counts(expected: Numbers, *, draws: int, seed: int) -> np.ndarray:
    """Counts that units with these expected events would have by chance alone, shape (draws, units).

    Raises `BadTable` where expected events are missing or negative.

    >>> counts = poisson_counts([0, 4, 60], draws=1000, seed=1)
    >>> counts.shape, float(counts[:, 0].max()), bool(abs(counts[:, 2].mean() - 60) < 1)
    ((1000, 3), 0.0, True)
    """
    means = np.atleast_1d(checked("expected", expected, low=0))
    even = even_numbers(seed, draws, len(means))
    counts = np.empty(even.shape)
    for unit, mean in enumerate(means):
        spread = 12 * np.sqrt(mean) + 40  # beyond any count that 53 bits can ask for
        least = max(0, int(mean - spread))
        each = np.arange(least, int(mean + spread))
        counts[:, unit] = least + np.searchsorted(special.pdtr(each, mean), even[:, unit])
    return counts


def binomial_counts(total: Numbers, share: float, *, draws: int, seed: int) -> np.ndarray:
    """How many of so many there would be by chance alone where `share` is the chance of each, shape (draws, units).

    >>> counts = binomial_counts([4, 100], 0.25, draws=1000, seed=1)
    >>> counts.shape, float(counts[:, 0].max()), bool(abs(counts[:, 1].mean() - 25) < 1)
    ((1000, 2), 4.0, True)
    """
    totals = np.atleast_1d(checked("total", total, low=0)).round()
    chance = float(checked("share", share, low=0, high=1))
    even = even_numbers(seed, draws, len(totals))
    counts = np.empty(even.shape)
    for unit, most in enumerate(totals):
        spread = 12 * np.sqrt(most * chance * (1 - chance)) + 40
        least = max(0, int(most * chance - spread))
        each = np.arange(least, min(most, int(most * chance + spread)))
        counts[:, unit] = least + np.searchsorted(special.bdtr(each, int(most), chance), even[:, unit])
    return counts


def _mixed(bits: np.ndarray) -> np.ndarray:
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return np.asarray(bits ^ (bits >> np.uint64(31)))
