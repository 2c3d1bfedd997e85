"""How sure a choice is: acceptability curves, their frontier, expected losses, and where the best choice changes.

Every function takes a table of draws: `draw` (or `sample`), `strategy`, `cost`, `qaly` (or `effect`), one row per draw
and strategy. The best of a draw has the highest net benefit; of equals (by all but the rounding of numbers: `noise`), the
one that comes first in the table.
For draws that are means of a few noisy runs, see `nested_draws`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, checked_thresholds
from outcomes.economics.draw_tables import StrategyDraws, read_draws
from outcomes.economics.incremental import icer_table
from outcomes.noise import apart


def ceac(draws: pd.DataFrame, thresholds: Numbers) -> pd.DataFrame:
    """Cost-effectiveness acceptability curves: the share of draws in which each strategy is the best.

    One row per threshold (GBP per QALY) and strategy: `threshold`, `strategy`, `probability`, and `on_frontier`, whether
    it is the one with the highest mean net benefit. Probabilities add to 1 at each threshold.

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5.0, 9, 6, 8],
    ...                       "qaly": [0.5, 0.75, 0.5, 1.0]})
    >>> ceac(draws, [0, 10])
       threshold strategy  probability  on_frontier
    0        0.0    usual          1.0         True
    1        0.0      cft          0.0        False
    2       10.0    usual          0.5        False
    3       10.0      cft          0.5         True
    """
    found = read_draws(draws)
    tables = []
    for threshold in checked_thresholds(thresholds):
        wins = np.bincount(found.best(threshold), minlength=len(found.strategies))
        tables.append(_by_strategy(found, threshold, "probability", wins / len(found.draws)))
    return pd.concat(tables, ignore_index=True)


def ceaf(draws: pd.DataFrame, thresholds: Numbers) -> pd.DataFrame:
    """Acceptability frontier: at each threshold the strategy of the highest mean net benefit, and how often it is the best.

    One row per threshold: `threshold`, `strategy`, `probability`.

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5.0, 9, 6, 8],
    ...                       "qaly": [0.5, 0.75, 0.5, 1.0]})
    >>> ceaf(draws, [0, 10])
       threshold strategy  probability
    0        0.0    usual          1.0
    1       10.0      cft          0.5
    """
    curves = ceac(draws, thresholds)
    return curves[curves["on_frontier"]].drop(columns="on_frontier").reset_index(drop=True)


def expected_loss(draws: pd.DataFrame, thresholds: Numbers) -> pd.DataFrame:
    """What choosing each strategy is expected to lose against choosing the best in each draw, in GBP.

    One row per threshold and strategy: `threshold`, `strategy`, `expected_loss`, `on_frontier`. The loss of the strategy
    on the frontier is the expected value of perfect information.

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5.0, 9, 6, 8],
    ...                       "qaly": [0.5, 0.75, 0.5, 1.0]})
    >>> expected_loss(draws, 10)["expected_loss"].tolist()
    [1.5, 0.75]
    """
    found = read_draws(draws)
    tables = []
    for threshold in checked_thresholds(thresholds):
        benefit = found.net_benefit(threshold)
        loss = (benefit.max(axis=1, keepdims=True) - benefit).mean(axis=0)
        tables.append(_by_strategy(found, threshold, "expected_loss", loss))
    return pd.concat(tables, ignore_index=True)


def pairwise_acceptability(draws: pd.DataFrame, thresholds: Numbers, *, reference: str) -> pd.DataFrame:
    """One strategy against each other alone: its mean advantage in net benefit, and how often it has one.

    One row per threshold and comparator: `threshold`, `comparator`, `expected_incremental_benefit` (mean net benefit of
    the reference minus that of the comparator, GBP) and `probability` (share of draws in which the difference is above 0).

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5.0, 9, 6, 8],
    ...                       "qaly": [0.5, 0.75, 0.5, 1.0]})
    >>> pairwise_acceptability(draws, 10, reference="cft")
       threshold comparator  expected_incremental_benefit  probability
    0       10.0      usual                          0.75          0.5
    """
    found = read_draws(draws)
    place = found.position(reference, "reference")
    rows = []
    for threshold in checked_thresholds(thresholds):
        benefit = found.net_benefit(threshold)
        for column, strategy in enumerate(found.strategies):
            if column != place:
                more = apart(benefit[:, place], benefit[:, column])
                rows.append((threshold, strategy, float(more.mean()), float((more > 0).mean())))
    return pd.DataFrame(rows, columns=["threshold", "comparator", "expected_incremental_benefit", "probability"])


def break_even_thresholds(draws: pd.DataFrame) -> pd.DataFrame:
    """The thresholds at which the strategy of the highest mean net benefit changes: the ratios along the frontier.

    One row per change: `threshold` (GBP per QALY), `below` and `above`, the best strategy on either side of it.

    >>> draws = pd.DataFrame({"draw": [1, 1], "strategy": ["usual", "cft"], "cost": [500, 700], "qaly": [0.5, 0.75]})
    >>> break_even_thresholds(draws)
       threshold  below above
    0      800.0  usual   cft
    """
    table = icer_table(read_draws(draws).means())
    frontier = table[table["status"] == "ND"].reset_index(drop=True)
    changes = pd.DataFrame(
        {"threshold": frontier["icer"], "below": frontier["strategy"].shift(), "above": frontier["strategy"]}
    )
    return changes.iloc[1:].reset_index(drop=True)


def k_star(draws: pd.DataFrame, thresholds: Numbers) -> list[float]:
    """Those of the thresholds, in rising order, at which another strategy is the best on average than at the one before.

    The thresholds themselves are as coarse as the grid given; `break_even_thresholds` has the exact ones.

    >>> draws = pd.DataFrame({"draw": [1, 1], "strategy": ["usual", "cft"], "cost": [500, 700], "qaly": [0.5, 0.75]})
    >>> k_star(draws, [0, 500, 1000, 1500])
    [1000.0]
    """
    found = read_draws(draws)
    grid = sorted(checked_thresholds(thresholds))
    best = [found.best_on_average(threshold) for threshold in grid]
    return [here for here, now, then in zip(grid[1:], best[1:], best, strict=False) if now != then]


def _by_strategy(found: StrategyDraws, threshold: float, name: str, values: np.ndarray) -> pd.DataFrame:
    """One row per strategy at a threshold."""
    best = found.best_on_average(threshold)
    return pd.DataFrame(
        {
            "threshold": threshold,
            "strategy": found.strategies,
            name: values,
            "on_frontier": np.arange(len(found.strategies)) == best,
        }
    )
