"""Distributions as tables of quantiles, drawn from by integer interpolation.

Whatever its shape, a distribution becomes one row of int32 when the plan is compiled, and a draw costs a few
integer operations: the same ticks in every engine and on every machine. The cells are finer towards both tails:
each halving of the tail is divided into `CELLS` equal parts, `OCTAVES` times.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from sim.arrays.jit import loop, scalar
from sim.arrays.keyed_draws import bits, share
from sim.arrays.memory import int32_at

OCTAVES = 24
CELLS = 32
ROW = 2 * (OCTAVES * CELLS + 1)
ROW_BYTES = np.uint64(4 * ROW)
TICK_BITS = 8
"""Durations are kept in 1/256 of a tick."""
CLOCK_BITS = 24
"""Thresholds of the clocks of illness are kept in 2^-24."""
LARGEST = 2**31 - 1

POINTS_IN_A_CELL = 64
"""How finely `mean_ticks` looks at a cell."""

_SIDE = OCTAVES * CELLS + 1
_63 = np.uint64(63)
_LOW_63 = np.uint64(2**63 - 1)
_TOP = np.uint64(2**62)
_ONE = np.uint64(1)
_32, _LOW_32, _ALL_ONES = np.uint64(32), np.uint64(2**32 - 1), np.uint64(2**64 - 1)
_CELL_SHIFT, _FRACTION_SHIFT = np.uint64(57), np.uint64(26)
_FRACTION_MASK = np.uint64(2**31 - 1)

Quantile = Callable[[np.ndarray], np.ndarray]


def tail_shares() -> np.ndarray:
    """The tail probabilities of the knots of one side, from the far tail to the median; shape (OCTAVES * CELLS + 1,)."""
    octave = np.repeat(np.arange(OCTAVES)[::-1], CELLS)
    cell = np.tile(np.arange(CELLS), OCTAVES)
    shares = 0.5 ** (octave + 2) * (1 + cell / CELLS)
    return np.append(shares, 0.5)


def table(quantile: Quantile, upper_quantile: Quantile, *, unit_bits: int) -> np.ndarray:
    """The row of int32 for a distribution, in units of 2^-unit_bits.

    `quantile(p)` is the value below which a share p lies, `upper_quantile(p)` the value above which a share p
    lies; two functions, because 1 - p loses the far tail. Values beyond int32 are cut off there.
    """
    shares = tail_shares()
    values = np.concatenate([quantile(shares), upper_quantile(shares)])
    scaled = np.clip(np.nan_to_num(values, posinf=LARGEST, neginf=-LARGEST) * 2**unit_bits, -LARGEST, LARGEST)
    row: np.ndarray = np.rint(scaled).astype(np.int32)
    return row


@scalar
def interpolate(row: Any, random_bits: Any) -> Any:
    """The value at these random bits, in the units of the row, whose address is given: an int64."""
    upper = np.int64(random_bits >> _63)
    m = (random_bits if upper == 0 else ~random_bits) & _LOW_63
    octave = OCTAVES - 1
    while m < _TOP and octave > 0:
        m = m << _ONE
        octave -= 1
    if m < _TOP:
        m = _TOP
    cell = upper * _SIDE + octave * CELLS + np.int64(m >> _CELL_SHIFT) - CELLS
    fraction = np.int64((m >> _FRACTION_SHIFT) & _FRACTION_MASK)
    low, high = np.int64(int32_at(row, cell)), np.int64(int32_at(row, cell + 1))
    return low + (((high - low) * fraction) >> 31)


@scalar
def ticks(row: Any, random_bits: Any) -> Any:
    """A duration in whole ticks, to the nearest, from the address of a row in units of 1/256 of a tick."""
    return (interpolate(row, random_bits) + 128) >> TICK_BITS


@scalar
def rest_of(row: Any, random_bits: Any, passed: Any) -> Any:
    """What is left, in whole ticks, of a duration that has lasted for `passed` ticks: drawn from those that last longer.

    0 where none does. What lasts longer are the random bits from a place on, which is looked for by halving.
    """
    low, high = np.uint64(0), _ALL_ONES
    if ticks(row, high) <= passed:
        return np.int64(0)
    while low < high:
        middle = low + ((high - low) >> _ONE)
        if ticks(row, middle) > passed:
            high = middle
        else:
            low = middle + _ONE
    return ticks(row, low + _part_of(_ALL_ONES - low, random_bits)) - passed


@scalar
def _part_of(whole: Any, random_bits: Any) -> Any:
    """Random bits brought into the range from 0 to `whole`: the upper half of their product, but for rounding."""
    upper, lower = random_bits >> _32, random_bits & _LOW_32
    more, less = whole >> _32, whole & _LOW_32
    return upper * more + ((upper * less) >> _32) + ((lower * more) >> _32)


def address(row: np.ndarray) -> np.uint64:
    """The address of a row, for `interpolate` and `ticks`; the row must be kept alive meanwhile."""
    return np.uint64(row.ctypes.data)


@lru_cache(maxsize=4096)
def duration_table(shape: str, parameters: tuple[float, ...], ticks_per_day: int) -> np.ndarray:
    """The row of a duration whose parameters are in days (but for Weibull's shape), read-only.

    Shapes and parameters are those of `pathways.word.Duration`: (value,), (mean,), (mean, sd), (median, p90),
    (median, shape), (low, high), and for `empirical` the shares followed by the times.
    """
    days, upper_days = _quantiles(shape, parameters)
    row = table(lambda p: days(p) * ticks_per_day, lambda p: upper_days(p) * ticks_per_day, unit_bits=TICK_BITS)
    row.flags.writeable = False
    return row


def _quantiles(shape: str, parameters: tuple[float, ...]) -> tuple[Quantile, Quantile]:
    match shape, parameters:
        case "fixed", (value,):
            return (lambda p: np.full_like(p, value),) * 2
        case "exponential", (mean,):
            return (lambda p: -np.log1p(-p) * mean), (lambda p: -np.log(p) * mean)
        case "gamma", (mean, sd):
            if mean == 0 or sd == 0:
                return _quantiles("fixed", (mean,))
            form, scale = (mean / sd) ** 2, sd**2 / mean
            return (lambda p: special.gammaincinv(form, p) * scale), (lambda p: special.gammainccinv(form, p) * scale)
        case "lognormal", (median, p90):
            if median == 0 or p90 == median:
                return _quantiles("fixed", (median,))
            sigma = np.log(p90 / median) / special.ndtri(0.9)
            return (lambda p: median * np.exp(sigma * special.ndtri(p))), (
                lambda p: median * np.exp(-sigma * special.ndtri(p))
            )
        case "weibull", (median, form):
            scale = median / np.log(2) ** (1 / form)
            return (lambda p: scale * (-np.log1p(-p)) ** (1 / form)), (lambda p: scale * (-np.log(p)) ** (1 / form))
        case "uniform", (low, high):
            return (lambda p: low + (high - low) * p), (lambda p: high - (high - low) * p)
        case "empirical", _:
            half = len(parameters) // 2
            shares, times = np.array(parameters[:half]), np.array(parameters[half:])
            return (lambda p: np.interp(p, shares, times)), (lambda p: np.interp(1 - p, shares, times))
    raise ValueError(f"no shape '{shape}' with {len(parameters)} parameters")


@lru_cache(maxsize=1)
def unit_exponential() -> np.ndarray:
    """The row of the exponential distribution with mean 1, in 2^-24."""
    return table(lambda p: -np.log1p(-p), lambda p: -np.log(p), unit_bits=CLOCK_BITS)


@lru_cache(maxsize=1)
def gumbel() -> np.ndarray:
    """The row of the standard Gumbel distribution, in 2^-24 (clipped at +-127): noise of a choice between sites."""
    return table(lambda p: -np.log(-np.log(p)), lambda p: -np.log(-np.log1p(-p)), unit_bits=CLOCK_BITS)


def longest(row: np.ndarray) -> int:
    """The longest duration that a row gives, in whole ticks."""
    return int(ticks(address(row), _ALL_ONES))


def mean_ticks(row: np.ndarray, *, at_least: int) -> float:
    """The mean of the whole ticks to which a row's durations are rounded, each taken as `at_least` so many.

    >>> mean_ticks(duration_table("uniform", (0.0, 4.0), 1), at_least=1)
    2.125
    """
    points = (np.arange(POINTS_IN_A_CELL) + 0.5) / POINTS_IN_A_CELL
    sides = row.reshape(2, -1).astype(float) / 2**TICK_BITS
    within = sides[:, :-1, None] + np.diff(sides, axis=1)[:, :, None] * points
    means = np.maximum(np.floor(within + 0.5), at_least).mean(axis=2)
    ends = np.maximum(np.floor(sides[:, 0] + 0.5), at_least)
    return float((means * np.diff(tail_shares())).sum() + ends.sum() * tail_shares()[0])


@loop
def first_bits(keys: Any, name: Any) -> Any:
    """The random bits of one draw for each key."""
    out = np.empty(len(keys), dtype=np.uint64)
    for k in range(len(keys)):
        out[k] = bits(keys[k], name, 0)
    return out


@loop
def first_shares(keys: Any, name: Any) -> Any:
    """One draw from 0 to 1 for each key."""
    out = np.empty(len(keys))
    for k in range(len(keys)):
        out[k] = share(bits(keys[k], name, 0))
    return out


@loop
def first_ticks(row: Any, keys: Any, name: Any) -> Any:
    """One duration in ticks for each key."""
    out = np.empty(len(keys), dtype=np.int64)
    for k in range(len(keys)):
        out[k] = ticks(row, bits(keys[k], name, 0))
    return out
