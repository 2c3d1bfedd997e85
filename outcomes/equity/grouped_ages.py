"""Ages in a published table of percentages by age band and deprivation: median, mode and mean of each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.arrays import checked
from outcomes.equity.age_bands import band_edges
from outcomes.equity.inequality import FEWEST_GROUPS, slope_index_of_inequality
from outcomes.table_rules import BadTable, Rules

ROUNDING = 1e-12
"""Shares that add to less than a half by the rounding of numbers alone make a half."""
__all__ = ["GroupedAges", "band_edges", "grouped_ages", "modal_band", "share_of_ages"]

Table = pd.DataFrame | np.ndarray | Sequence[Sequence[float]]


@dataclass(frozen=True)
class GroupedAges:
    """Ages by column of a table of percentages.

    `ages`: one row per column, in the order of the table: `group`, `sum_percent` as printed, `modal_band`, `median_age`
    (interpolated within its band), `mean_age` (from the middles of bands). An open band ("88+") has no end: a median in it
    is NaN, and so is the mean of a column that has anybody in it. `median_age_slope`: how much the median rises from the
    most to the least deprived end, in years (NaN for fewer than 5 columns, or where a median is NaN).
    """

    ages: pd.DataFrame
    median_age_slope: float


def grouped_ages(bands: Sequence[str], percentages: Table, *, groups: Sequence[object] | None = None) -> GroupedAges:
    """Ages by deprivation from a table of percentages: one row per age band, one column per group, most deprived first.

    `bands` are written "18-27": from the first birthday named until the last but one named, in rising order; the last can
    be open: "88+", "88 and over". Columns are
    scaled to 100, as printed percentages are rounded. Raises `BadTable` for bands that are written otherwise or
    leave gaps, percentages that are missing or below 0, and columns that hold nothing.

    >>> table = grouped_ages(["18-27", "28-37"], [[75.0, 20.0], [25.0, 79.9]])
    >>> table.ages.round(2)
       group  sum_percent modal_band  median_age  mean_age
    0      1        100.0      18-27       24.67      25.5
    1      2         99.9      28-37       31.75      31.0
    """
    table = pd.DataFrame(percentages).set_axis(list(bands)) if len(bands) == len(percentages) else None
    if table is None:
        raise BadTable(
            [f"percentages: there are {len(percentages)} rows for {len(bands)} bands; each band needs a row"]
        )
    if groups is not None and len(groups) != table.shape[1]:
        raise BadTable([f"groups: there are {len(groups)} for {table.shape[1]} columns; each column needs a name"])
    table.columns = pd.Index([str(each) for each in (groups or range(1, table.shape[1] + 1))])
    low, high = band_edges(bands)
    rules = Rules("percentages", table)
    rules.numbers(*table.columns, low=0)
    if not rules.problems:
        empty = [str(column) for column in table if table[column].sum() == 0]
        rules.problems += [f"percentages: {column}: all are 0; there is nobody to have an age" for column in empty]
    rules.hold()
    shares = table.to_numpy(dtype=float) / table.to_numpy(dtype=float).sum(axis=0)
    medians = [_median(column, low, high) for column in shares.T]
    ages = pd.DataFrame(
        {
            "group": list(groups or range(1, table.shape[1] + 1)),
            "sum_percent": table.to_numpy(dtype=float).sum(axis=0),
            "modal_band": [modal_band(column, bands) for column in shares.T],
            "median_age": medians,
            "mean_age": [_mean(column, low, high) for column in shares.T],
        }
    )
    enough = len(medians) >= FEWEST_GROUPS and bool(np.isfinite(medians).all())
    slope = slope_index_of_inequality(medians, [1] * len(medians)).sii if enough else float("nan")
    return GroupedAges(ages, slope)


def share_of_ages(bands: Sequence[str], percentages: Table, *, from_age: float, to_age: float) -> list[float]:
    """The share of each column that is at least `from_age` and younger than `to_age`; both must be edges of bands.

    An open band ends at infinity. Raises `BadTable` for percentages that are missing or below 0.

    >>> share_of_ages(["18-27", "28-37", "38-47"], [[50.0], [30.0], [19.9]], from_age=28, to_age=38)
    [0.3003003003003003]
    """
    low, high = band_edges(bands)
    problems = [
        f"{name}: {age:g}; no band {verb}s there. Bands {verb} at {', '.join(f'{edge:g}' for edge in edges)}"
        for name, age, verb, edges in (("from_age", from_age, "begin", low), ("to_age", to_age, "end", high))
        if age not in edges
    ]
    if problems:
        raise BadTable(problems)
    table = checked("percentages", np.asarray(percentages), low=0)
    if len(table) != len(low):
        raise BadTable([f"percentages: there are {len(table)} rows for {len(low)} bands; each band needs a row"])
    if (table.sum(axis=0) == 0).any():
        raise BadTable(["percentages: a column holds nothing; there is nobody to have an age"])
    inside = (low >= from_age) & (high <= to_age)
    shares: list[float] = (table[inside].sum(axis=0) / table.sum(axis=0)).tolist()
    return shares


def modal_band(counts: Sequence[float] | np.ndarray, bands: Sequence[str]) -> str:
    """The band that holds most; the youngest of those that hold as many.

    >>> modal_band([3, 5, 5], ["18-27", "28-37", "38-47"])
    '28-37'
    """
    return bands[int(np.argmax(counts))]


def _median(shares: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The age that half are younger than, ages spread evenly within each band."""
    below = np.append(0, np.cumsum(shares))
    place = int(np.argmax(below[1:] >= 0.5 - ROUNDING))
    if np.isinf(high[place]):
        return float("nan")
    return float(low[place] + (high[place] - low[place]) * (0.5 - below[place]) / shares[place])


def _mean(shares: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The mean, everybody in the middle of their band; NaN where somebody is in a band that has none."""
    there = shares > 0
    mean = float((low + high)[there] / 2 @ shares[there])
    return mean if np.isfinite(mean) else float("nan")
