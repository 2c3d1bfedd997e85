"""Services of one scenario year by year: activity, waits and lists, means over the runs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.experiments.comparison import Comparison
from sim.results import activity_table, lists_table, waits_table, year_lengths

WAITS = (
    "restricted_mean_wait_days",
    "median_wait_days",
    "p92_wait_days",
    "share_within_18_weeks",
    "share_still_waiting",
)


def service_years(comparison: Comparison) -> pd.DataFrame:
    """One row per service and year: activity, waits of those referred in it, people waiting at its end; means over the runs."""
    plan, runs = comparison.plan, comparison.tallies[comparison.base]
    frames = []
    for tallies in runs:
        frame = activity_table(tallies, plan).merge(
            waits_table(tallies, plan)[["service", "year", *WAITS]], on=["service", "year"]
        )
        lists = lists_table(tallies, plan)
        ends = (
            lists.assign(year=((lists["week"] + 1) * DAYS_IN_A_WEEK / DAYS_IN_A_YEAR).apply(math.ceil))
            .groupby(["service", "year"])["waiting"]
            .last()
        )
        frames.append(frame.merge(ends.rename("waiting_at_end"), on=["service", "year"], how="left"))
    together = pd.concat(frames)
    return together.groupby(["service", "year"], sort=False).mean(numeric_only=True).reset_index()


def last_year(comparison: Comparison) -> tuple[int, float]:
    """The last whole year, or the only part of one, and its length in years."""
    lengths = year_lengths(comparison.plan)
    whole = int((lengths >= 1).sum())
    return (whole, 1.0) if whole else (1, round(float(lengths.sum()), 2))


def outcome_means(comparison: Comparison) -> dict[str, float]:
    """The mean of each figure of the base over the runs that have one; NaN where none has."""
    values = comparison.values[comparison.base]
    return {str(name): float(np.nanmean(values[name])) if values[name].notna().any() else math.nan for name in values}
