"""Outcomes and lists of a comparison by period: mean and range of the runs, as charts draw them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes import qalys_of_time
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.arrays.layout import REFERRAL, SEEN
from sim.costs import costs_table
from sim.experiments.comparison import Comparison
from sim.reducers import list_sizes, weeks_before
from sim.results import health_table, wait_by_year, year_lengths

ROUNDING = 1e-9
"""A year that falls short of a whole one by less is whole."""
PERIODS = {"quarter": (4, 0.5), "year": (1, 1)}
"""Of each period how many there are in a year, and at which part of it its figure stands: a quarter's in its middle, a
year's at its end."""


def over_time(comparison: Comparison, scenario: str, outcome: str) -> tuple[np.ndarray, str]:
    """One outcome by period in each run, shape (runs, periods), and the period: counts by quarter, all else by year.

    Only whole quarters and years: a last part of one would look like a fall. Waits are by the year of referral. In a run
    of less than a quarter or a year its only part is given.
    """
    word = comparison.plan.pathway.outcomes[outcome]
    plan = comparison.plan
    chosen = [plan.services.index(name) for name in word.services]
    runs = comparison.tallies[scenario]
    whole = max(int(year_lengths(plan).sum() + ROUNDING), 1)
    match word.of:
        case "seen" | "referral":
            kind = SEEN if word.of == "seen" else REFERRAL
            monthly = np.array([tallies.monthly[kind, chosen].sum(axis=0) for tallies in runs], dtype=float)
            quarters = monthly.reshape(len(runs), -1, 3).sum(axis=2)
            return quarters[:, : max(int(4 * year_lengths(plan).sum() + ROUNDING), 1)], "quarter"
        case "wait":
            means = [wait_by_year(word.services, tallies, plan) for tallies in runs]
            return np.array(means)[:, :whole], "year"
        case "cost":
            costs = [costs_table(tallies, comparison.plan_of(scenario, run)) for run, tallies in enumerate(runs)]
            return np.array([each.groupby("year")["cost_gbp"].sum() for each in costs])[:, :whole], "year"
        case _:
            worths = [qalys_of_time(health_table(tallies, plan)) for tallies in runs]
            return np.array([each.groupby("year")["qalys"].sum() for each in worths])[:, :whole], "year"


def outcome_over_time(comparison: Comparison, outcome: str) -> tuple[pd.DataFrame, str]:
    """One outcome by period: a row for each case, the base first, and period, with `scenario`, `year` (years from the start),
    and over the runs in which there is a figure `mean`, `low` and `high`; and the period.

    Of QALYs, what each scenario gains on the base in each period; the base then has no rows.
    """
    gained = comparison.plan.pathway.outcomes[outcome].of == "qalys"
    before, period = over_time(comparison, comparison.base, outcome)
    many, at = PERIODS[period]
    rows = []
    for name in base_first(comparison)[int(gained) :]:
        values = over_time(comparison, name, outcome)[0] - (before if gained else 0)
        for k, column in enumerate(values.T):
            rows += _row(name, (k + at) / many, column[~np.isnan(column)])
    return pd.DataFrame(rows, columns=["scenario", "year", "mean", "low", "high"]), period


def list_over_time(comparison: Comparison, service: str, *, every: int = 4) -> pd.DataFrame:
    """People waiting for a service at the end of every fourth week: columns as of `outcome_over_time`."""
    plan = comparison.plan
    first_week, position = weeks_before(plan), plan.services.index(service)
    rows = []
    for name in base_first(comparison):
        sizes = np.array([list_sizes(tallies)[position, first_week:] for tallies in comparison.tallies[name]])[:, :-1]
        for week in range(0, sizes.shape[1], every):
            rows += _row(name, (week + 1) * DAYS_IN_A_WEEK / DAYS_IN_A_YEAR, sizes[:, week])
    return pd.DataFrame(rows, columns=["scenario", "year", "mean", "low", "high"])


def base_first(comparison: Comparison) -> list[str]:
    """The names of the cases, the base first."""
    return [comparison.base, *(name for name in comparison.scenarios if name != comparison.base)]


def _row(name: str, year: float, values: np.ndarray) -> list[tuple[str, float, float, float, float]]:
    """One row, or none where no run has a figure."""
    return [(name, year, float(values.mean()), float(values.min()), float(values.max()))] if len(values) else []
