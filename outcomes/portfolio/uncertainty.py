"""How sure a plan is: what becomes of it where services gain more or less than thought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy  # its parts load when they are first used

from outcomes.paired import LEVEL
from outcomes.portfolio.allocate import plan_table
from outcomes.portfolio.checks import programme as checked
from outcomes.portfolio.options import Programme, Table
from outcomes.portfolio.programme import SNAP, Infeasible, best_plan
from outcomes.table_rules import BadTable

NO_REGRETS = 0.9
"""A change is without regrets where at least this share of draws would have it too."""
EDGE = 2.0**-31
"""Quantiles are kept this far from 0 and 1, where a normal distribution has no end."""


@dataclass(frozen=True)
class AllocationUncertainty:
    """What draws of the gains say of a plan.

    `probability_better`: the share of draws in which the plan gives more QALYs than what is done today. `gain_mean`,
    `gain_low`, `gain_high`: QALYs gained against today, mean and 95% interval of the draws. `moves`: one row per option,
    with `service`, `imd_group`, `decision` (as in the plan) and `share_same`, the share of draws whose own best plan
    moves it the same way (up, down or not at all). `no_regrets`: the rows of `moves` that change anything and are the
    same in at least 90% of draws.
    """

    probability_better: float
    gain_mean: float
    gain_low: float
    gain_high: float
    moves: pd.DataFrame
    no_regrets: pd.DataFrame
    draws: int


def sample_gains(options: Table, *, draws: int, seed: int) -> np.ndarray:
    """QALYs a person drawn for each option, shape (draws, rows): normal around `qaly_pp` with `qaly_sd`.

    Groups of one service share what is drawn: where it helps more, it helps all of them more. Options without `qaly_sd`
    are certain. Draws are scrambled Sobol points, spread evenly; a number of draws that is no power of two is raised to
    the next. The same seed gives the same draws.

    >>> class_and_belt = {"service": ["class", "belt"], "qaly_pp": [0.02, 0.0], "qaly_sd": [0.01, 0.0]}
    >>> found = sample_gains(class_and_belt, draws=64, seed=1)
    >>> found.shape, found.mean(axis=0).round(4).tolist()
    ((64, 2), [0.02, 0.0])
    """
    table = pd.DataFrame(options)
    spread = table["qaly_sd"].astype(float).fillna(0).to_numpy() if "qaly_sd" in table else np.zeros(len(table))
    services, names = pd.factorize(table["service"])
    points = scipy.stats.qmc.Sobol(len(names), seed=seed).random_base2(max(int(np.ceil(np.log2(draws))), 0))
    standard = scipy.stats.norm.ppf(np.clip(points, EDGE, 1 - EDGE))
    drawn: np.ndarray = table["qaly_pp"].to_numpy(dtype=float) + standard[:, services] * spread
    return drawn


def allocation_uncertainty(
    options: Table,
    *,
    budget: float,
    draws: int = 256,
    seed: int = 0,
    qaly_draws: np.ndarray | None = None,
    **limits: Any,
) -> AllocationUncertainty:
    """How sure the plan is that `allocate` finds for the same arguments (`limits`).

    `qaly_draws`, shape (draws, rows), are used where they are given; else `draws` are sampled (see `sample_gains`). The
    best plan of each draw is found with fractions of people; a draw without one moves nothing the same way. Raises
    `BadTable` as `allocate` does, and for draws that are missing or whose shape does not fit.

    >>> services = {"service": ["injection", "class"], "unit_cost": [600, 200], "qaly_pp": [0.0, 0.02],
    ...             "qaly_sd": [0.001, 0.005], "n_now": [100, 50], "min_n": [10, 0], "max_n": [100, 400]}
    >>> found = allocation_uncertainty(services, budget=70_000, draws=64, seed=1)
    >>> found.probability_better, found.no_regrets["service"].tolist()
    (1.0, ['injection', 'class'])
    """
    programme = checked(options, budget=budget, **limits)
    now, n = programme.now, best_plan(programme).n
    sampled = sample_gains(programme.options, draws=draws, seed=seed) if qaly_draws is None else np.asarray(qaly_draws)
    if sampled.ndim != 2 or sampled.shape[1] != len(now) or not len(sampled) or not np.isfinite(sampled).all():
        raise BadTable(
            [f"qaly_draws: the shape is {sampled.shape}; one row per draw, one number per option ({len(now)})"]
        )
    moved = _direction(n - now)
    gains = np.empty(len(sampled))
    same = np.zeros(len(now))
    for number, qaly_pp in enumerate(sampled):
        drawn = programme.with_gains(qaly_pp)
        gains[number] = (drawn.qalys(n) - drawn.qalys(now)).sum()
        same += _direction(_best(replace(drawn, integer=False)) - now) == moved
    ends = np.quantile(gains, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    moves = plan_table(programme, n)[["service", "imd_group", "decision"]].assign(share_same=same / len(sampled))
    return AllocationUncertainty(
        probability_better=float((gains > 0).mean()),
        gain_mean=float(gains.mean()),
        gain_low=float(ends[0]),
        gain_high=float(ends[1]),
        moves=moves,
        no_regrets=moves[(moves["share_same"] >= NO_REGRETS) & (moved != 0)].reset_index(drop=True),
        draws=len(sampled),
    )


def _best(programme: Programme) -> np.ndarray:
    """The best plan's people; NaN where limits that today's gains can keep cannot be kept with these."""
    try:
        return best_plan(programme).n
    except Infeasible:
        return np.full(len(programme.options), np.nan)


def _direction(change: np.ndarray) -> np.ndarray:
    """Down, not at all, or up: -1, 0, 1; NaN stays."""
    return np.where(np.abs(change) < SNAP, 0, np.sign(change))
