"""Tables of draws as arrays: what each strategy costs and gains in each draw of the uncertain parameters.

A table has one row per draw and strategy: `draw` (or `sample`), `strategy`, `cost` in GBP and `qaly` (or `effect`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.noise import NOISE
from outcomes.table_rules import SHOWN, BadTable, Rules


@dataclass(frozen=True)
class StrategyDraws:
    """What a table of draws holds: `cost` and `qaly` have shape (draws, strategies), in order of first appearance."""

    draws: pd.Index
    strategies: tuple[str, ...]
    cost: np.ndarray
    qaly: np.ndarray

    def net_benefit(self, threshold: float) -> np.ndarray:
        """Net monetary benefit of each strategy in each draw; shape (draws, strategies)."""
        return np.asarray(threshold * self.qaly - self.cost)

    def best(self, threshold: float) -> np.ndarray:
        """The column of the highest net benefit in each draw, the first of those that differ by rounding alone."""
        benefit = self.net_benefit(threshold)
        room = NOISE * (threshold * np.abs(self.qaly) + np.abs(self.cost)).max(axis=1, keepdims=True)
        return np.asarray((benefit >= benefit.max(axis=1, keepdims=True) - room).argmax(axis=1))

    def best_on_average(self, threshold: float) -> int:
        """The column of the highest mean net benefit, the first of those that differ by rounding alone."""
        mean = threshold * self.qaly.mean(axis=0) - self.cost.mean(axis=0)
        room = NOISE * (threshold * np.abs(self.qaly) + np.abs(self.cost)).mean(axis=0).max()
        return int((mean >= mean.max() - room).argmax())

    def position(self, strategy: str, role: str = "baseline") -> int:
        """The column of a strategy; ValueError where there is no such strategy."""
        if strategy not in self.strategies:
            raise ValueError(f"{role}: there is no strategy '{strategy}'; there are: {', '.join(self.strategies)}")
        return self.strategies.index(strategy)

    def means(self) -> pd.DataFrame:
        """One row per strategy: `strategy`, mean `cost` and mean `qaly`."""
        return pd.DataFrame(
            {"strategy": self.strategies, "cost": self.cost.mean(axis=0), "qaly": self.qaly.mean(axis=0)}
        )


def either(table: pd.DataFrame, name: str, other: str) -> str:
    """Which of two names a column has; the first where it has neither.

    >>> either(pd.DataFrame({"effect": [1.0]}), "qaly", "effect")
    'effect'
    """
    return other if other in table and name not in table else name


def read_draws(table: pd.DataFrame) -> StrategyDraws:
    """The table as arrays. Every draw needs every strategy exactly once; all that is wrong is raised (`BadTable`).

    >>> table = pd.DataFrame({"sample": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5, 9, 6, 8],
    ...                       "effect": [0.5, 0.75, 0.5, 1.0]})
    >>> found = read_draws(table)
    >>> found.strategies, found.cost.tolist(), found.net_benefit(8).tolist()
    (('usual', 'cft'), [[5.0, 9.0], [6.0, 8.0]], [[-1.0, -3.0], [-2.0, 0.0]])
    """
    draw, health = either(table, "draw", "sample"), either(table, "qaly", "effect")
    rules = Rules("draws", table)
    if rules.has(draw, "strategy", "cost", health):
        rules.numbers("cost", health)
        rules.rows(
            table[[draw, "strategy"]].isna().any(axis=1), [draw, "strategy"], "say which draw and strategy it is"
        )
        rules.unique(draw, "strategy")
        if not len(table):
            rules.problems.append("draws: the table has no rows; give one for each draw and strategy")
    rules.hold()
    order, rows = table["strategy"].unique(), pd.Index(table[draw].unique(), name="draw")
    every = pd.MultiIndex.from_product([rows, order])
    values = table.set_index([draw, "strategy"])[["cost", health]].reindex(every)
    lacking = every[values["cost"].isna()]
    if len(lacking):
        shown = "; ".join(f"draw {one} has no row for '{strategy}'" for one, strategy in lacking[:SHOWN])
        more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
        raise BadTable([f"draws: {shown}{more}; every draw needs every strategy"])
    both = values.to_numpy(dtype=float).reshape(len(rows), len(order), 2)
    return StrategyDraws(
        draws=rows,
        strategies=tuple(str(each) for each in order),
        cost=both[:, :, 0],
        qaly=both[:, :, 1],
    )


def read_parameters(parameters: pd.DataFrame, draws: pd.Index, names: Sequence[str] | None = None) -> np.ndarray:
    """The drawn values of parameters, one row per draw in the order of `draws`; shape (draws, parameters).

    `parameters` has one row per draw and a column for each parameter. A column `draw` (or `sample`) says which draw a
    row is; without it, rows stand in the order in which draws first appear. `names` chooses parameters, by default all.

    >>> table = pd.DataFrame({"draw": [2, 1], "p": [0.5, 0.25]})
    >>> read_parameters(table, pd.Index([1, 2])).tolist()
    [[0.25], [0.5]]
    """
    draw = either(parameters, "draw", "sample")
    chosen = parameter_names(parameters) if names is None else list(names)
    rules = Rules("parameters", parameters)
    rules.has(*chosen)
    rules.numbers(*chosen)
    if not chosen:
        rules.problems.append("parameters: none is named; give at least one")
    if draw in parameters:
        rules.unique(draw)
        lacking = [str(each) for each in draws if each not in set(parameters[draw])]
        if lacking:
            shown = ", ".join(lacking[:SHOWN]) + (f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else "")
            rules.problems.append(f"parameters: {draw}: there is no row for draw {shown}")
    elif len(parameters) != len(draws):
        rules.problems.append(
            f"parameters: there are {len(parameters)} rows for {len(draws)} draws; give one for each, or a column 'draw'"
        )
    rules.hold()
    ordered = parameters.set_index(draw).loc[draws] if draw in parameters else parameters
    return ordered[chosen].to_numpy(dtype=float)


def parameter_names(parameters: pd.DataFrame) -> list[str]:
    """The columns of a table of parameters, without the one that says which draw it is."""
    return [str(name) for name in parameters if name not in ("draw", "sample")]
