"""Draws of parameters outside, replications of the model inside: telling what is not known from mere chance of a run.

Chance within draws is no uncertainty about the decision: no study could remove it. Left in, it inflates the value of
information and flattens acceptability curves. A table has one row per draw, replication and strategy: `draw` (or
`sample`), `replication`, `strategy`, `cost`, `qaly` (or `effect`); replication r has the same luck in all strategies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy  # its parts load when they are first used

from outcomes.arrays import Numbers, checked, checked_thresholds
from outcomes.economics.acceptability import ceac
from outcomes.economics.draw_tables import StrategyDraws, either, parameter_names, read_draws, read_parameters
from outcomes.economics.value_of_information import value_of_fit
from outcomes.table_rules import BadTable, Rules

LARGEST_NOISE = 0.25
"""Above this share of the spread between draws, the standard error within them makes a curve of acceptability false."""


NEARLY_ALIKE = 1e-6
"""Measures of draws that vary together but for this share are taken as one."""
MOST_PARTS = 100
"""A jackknife leaves out one draw at a time, or one of so many parts of them."""

_Noise = tuple[float, float, str, str, float]
"""Noise, replications needed, two strategies and the threshold at which they are compared."""
_NO_CURVES = pd.DataFrame(columns=["threshold", "strategy", "probability", "on_frontier"])


@dataclass(frozen=True)
class NestedEvpi:
    """What it would be worth to know all parameters, in GBP per person, without the chance of single runs.

    `naive` is what the best of each noisy draw would give: too much.
    """

    threshold: float
    evpi: float
    standard_error: float
    naive: float


@dataclass(frozen=True)
class _Loops:
    """`cost` and `qaly` of shape (draws, replications, strategies)."""

    draws: pd.Index
    strategies: tuple[str, ...]
    cost: np.ndarray
    qaly: np.ndarray

    def means(self) -> StrategyDraws:
        """Means over the replications of each draw."""
        return StrategyDraws(self.draws, self.strategies, self.cost.mean(axis=1), self.qaly.mean(axis=1))


def between_and_within(table: pd.DataFrame, *, threshold: float, baseline: str) -> pd.DataFrame:
    """How far draws differ, and how far runs of one draw do: components of variance of differences in net benefit.

    One row per strategy but the baseline: `strategy`, `inc_nmb` (mean, GBP), `between_variance` (of what draws truly
    differ by: the variance of their means less what chance adds to it, or 0), `within_variance` (between replications
    of a draw), `outer_sd` and `inner_se` (the root of either, the latter of a draw's mean), `noise` (inner_se /
    outer_sd, missing where draws do not differ), `replications`, and `replications_needed` for noise of at most a
    quarter (missing where no number would do). Method: one-way analysis of variance with random effects.

    >>> table = pd.DataFrame({"draw": [1] * 4 + [2] * 4, "replication": [1, 1, 2, 2] * 2, "strategy": ["usual", "cft"] * 4,
    ...                       "cost": 0.0, "qaly": [0, 1, 0, 3, 0, 7, 0, 9]})
    >>> between_and_within(table, threshold=1, baseline="usual").iloc[0].to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'strategy': 'cft', 'inc_nmb': 5.0, 'between_variance': 17.0, 'within_variance': 2.0,
     'outer_sd': 4.123105625617661, 'inner_se': 1.0, 'noise': 0.24253562503633297, 'replications': 2,
     'replications_needed': 2}
    """
    loops = _read(table)
    start = loops.means().position(baseline)
    benefit = float(checked("threshold", threshold, low=0)) * loops.qaly - loops.cost
    return pd.DataFrame(
        [
            {"strategy": strategy, **_components(benefit[:, :, column] - benefit[:, :, start])}
            for column, strategy in enumerate(loops.strategies)
            if column != start
        ]
    )


def corrected_draws(table: pd.DataFrame) -> pd.DataFrame:
    """Draws of means without the chance of single runs, for everything that takes draws.

    The first strategy, and what the others differ from it, are each moved towards their common mean just so far that
    costs and QALYs vary and vary together as the draws truly do: the least movement that turns the covariance of means T
    into B = T - W/R, by T^-1/2 (T^1/2 B T^1/2)^1/2 T^-1/2, where W is the covariance within draws and R the number of
    replications. Differences are moved apart from levels, beside which they are small. No spread grows, and means over
    draws stay what they are. Returns one row per draw and strategy: `draw`, `strategy`, `cost`, `qaly`.

    >>> table = pd.DataFrame({"draw": [1, 1, 2, 2], "replication": [1, 2, 1, 2], "strategy": "usual",
    ...                       "cost": [1.0, 3.0, 7.0, 9.0], "qaly": 1.0})
    >>> corrected_draws(table)["cost"].round(4).tolist()  # means 2 and 8: variance 18, of which 1 is chance
    [2.0845, 7.9155]
    """
    loops = _read(table)
    cost, qaly = _corrected(loops.cost, loops.qaly)
    return pd.DataFrame(
        {
            "draw": np.repeat(loops.draws.to_numpy(), len(loops.strategies)),
            "strategy": np.tile(loops.strategies, len(cost)),
            "cost": cost.ravel(),
            "qaly": qaly.ravel(),
        }
    )


def ceac_of_nested_draws(table: pd.DataFrame, thresholds: Numbers) -> pd.DataFrame:
    """Acceptability curves from `corrected_draws`, where there are replications enough for curves to mean anything.

    Rows as in `ceac`. Refused (`BadTable`, with the number of replications needed) where, at any threshold, chance within
    draws is more than a quarter of the spread between them, for the best strategy on average against any other.

    >>> table = pd.DataFrame({"draw": [1] * 4 + [2] * 4, "replication": [1, 1, 2, 2] * 2, "strategy": ["usual", "cft"] * 4,
    ...                       "cost": 0.0, "qaly": [0, 1, 0, 3, 0, 6, 0, 8]})
    >>> ceac_of_nested_draws(table, 1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: ...with 2 in each draw, chance is 29% of the spread between draws... Run 3 in each draw.
    """
    curves, refused = ceac_where_told(table, thresholds)
    if refused is not None:
        raise BadTable([refused])
    return curves


def ceac_where_told(table: pd.DataFrame, thresholds: Numbers) -> tuple[pd.DataFrame, str | None]:
    """Acceptability curves at those of the thresholds at which `ceac_of_nested_draws` would not refuse them, and why it would
    at the others, or None.

    >>> table = pd.DataFrame({"draw": [1] * 4 + [2] * 4, "replication": [1, 1, 2, 2] * 2, "strategy": ["usual", "cft"] * 4,
    ...                       "cost": [0, 1, 0, 3, 0, 6, 0, 8], "qaly": [0.0, 1] * 4})
    >>> curves, refused = ceac_where_told(table, [0, 1000])
    >>> len(curves), str(refused)[-19:]
    (0, 'Run 3 in each draw.')
    """
    loops, told = _read(table), []
    noisy: list[_Noise] = []
    for threshold in checked_thresholds(thresholds):
        here = _noisy(loops, threshold)
        noisy += here
        told += [] if here else [threshold]
    curves = ceac(corrected_draws(table), told) if told else _NO_CURVES.copy()
    return curves, _refusal(noisy, loops.cost.shape[1]) if noisy else None


def evpi_of_corrected(table: pd.DataFrame, threshold: float) -> NestedEvpi:
    """Expected value of perfect information on all that differs between draws, from `corrected_draws`.

    For more parameters than draws, where `evpi_of_nested_draws` has nothing to regress on. Refused (`BadTable`) where an
    acceptability curve is: what chance hides has no worth that could be told. Standard error by the jackknife over draws,
    the correction included; NaN with two draws.

    >>> table = pd.DataFrame({"draw": np.repeat([1, 2, 3, 4], 4), "replication": [1, 1, 2, 2] * 4,
    ...                       "strategy": ["usual", "cft"] * 8, "qaly": 0.0,
    ...                       "cost": [0.0, -3, 0, -3, 0, -1, 0, -1, 0, 1, 0, 1, 0, 3, 0, 3]})
    >>> found = evpi_of_corrected(table, 20_000)
    >>> round(found.evpi, 9), round(found.standard_error, 3), found.naive
    (1.0, 0.577, 1.0)
    """
    loops = _read(table)
    limit = float(checked("threshold", threshold, low=0))
    if noisy := _noisy(loops, limit):
        raise BadTable([_refusal(noisy, loops.cost.shape[1], "the value of information", "it has no worth to tell")])

    def worth(kept: np.ndarray) -> float:
        cost, qaly = _corrected(loops.cost[kept], loops.qaly[kept])
        return _worth(limit * qaly - cost)

    every = np.arange(len(loops.draws))
    error = math.nan
    if len(every) > 2:
        parts = np.array_split(every, min(len(every), MOST_PARTS))
        without = np.array([worth(np.setdiff1d(every, part)) for part in parts])
        error = float(without.std() * math.sqrt(len(parts) - 1))
    naive = _worth(loops.means().net_benefit(limit))
    return NestedEvpi(limit, worth(every), error, naive)


def _worth(benefit: np.ndarray) -> float:
    """Mean of the best in each draw minus the best mean; `benefit` has shape (draws, strategies)."""
    return float(benefit.max(axis=1).mean() - benefit.mean(axis=0).max())


def evpi_of_nested_draws(table: pd.DataFrame, parameters: pd.DataFrame, threshold: float) -> NestedEvpi:
    """Expected value of perfect information on all parameters, by regression of noisy means on them.

    `parameters` as in `value_of_information.evppi`: all that differ between draws must be there. The regression leaves out what
    does not come from them, which is chance.

    >>> table = pd.DataFrame({"draw": np.repeat([1, 2, 3, 4], 4), "replication": [1, 1, 2, 2] * 4,
    ...                       "strategy": ["usual", "cft"] * 8, "qaly": 0.0,
    ...                       "cost": [0.0, -4, 0, -2, 0, -2, 0, 0, 0, 0, 0, 2, 0, 2, 0, 4]})
    >>> found = evpi_of_nested_draws(table, pd.DataFrame({"p": [1, 2, 3, 4]}), 20_000)
    >>> round(found.evpi, 9), found.naive
    (1.0, 1.0)
    """
    means = _read(table).means()
    names = parameter_names(parameters)
    x = read_parameters(parameters, means.draws, names)
    benefit = means.net_benefit(float(checked("threshold", threshold, low=0)))
    found = value_of_fit(benefit, x, names=names, threshold=threshold)
    return NestedEvpi(found.threshold, found.evppi, found.standard_error, found.evpi)


def _read(table: pd.DataFrame) -> _Loops:
    """The table as arrays. Every draw needs the same replications of every strategy."""
    draw = either(table, "draw", "sample")
    rules = Rules("table", table)
    if rules.has(draw, "replication"):
        rules.rows(table[[draw, "replication"]].isna().any(axis=1), [draw, "replication"], "say which run it is")
    rules.hold()
    runs = table.drop(columns="replication")
    runs[draw] = list(zip(table[draw], table["replication"], strict=True))
    found = read_draws(runs)
    codes, draws = pd.factorize(pd.Index([run[0] for run in found.draws]))
    counts = np.bincount(codes)
    if counts.min() < counts.max() or counts.min() < 2 or len(counts) < 2:
        raise BadTable(
            [
                f"table: replication: there are {len(counts)} draws with {counts.min()} to {counts.max()} replications; "
                "at least 2 draws are needed, each with the same number of replications, at least 2"
            ]
        )
    order = np.argsort(codes, kind="stable")
    shape = (len(counts), counts[0], len(found.strategies))
    return _Loops(
        draws=pd.Index(draws, name="draw"),
        strategies=found.strategies,
        cost=found.cost[order].reshape(shape),
        qaly=found.qaly[order].reshape(shape),
    )


def _components(values: np.ndarray) -> dict[str, float]:
    """Components of variance of values of shape (draws, replications)."""
    count = values.shape[1]
    within = float(values.var(axis=1, ddof=1).mean())
    between = max(0.0, float(values.mean(axis=1).var(ddof=1)) - within / count)
    needed = math.ceil(within / between / LARGEST_NOISE**2) if between > 0 else math.nan
    return {
        "inc_nmb": float(values.mean()),
        "between_variance": between,
        "within_variance": within,
        "outer_sd": math.sqrt(between),
        "inner_se": math.sqrt(within / count),
        "noise": math.sqrt(within / count / between) if between > 0 else math.nan,
        "replications": count,
        "replications_needed": max(needed, 2) if between > 0 else math.nan,
    }


def _noisy(loops: _Loops, threshold: float) -> list[_Noise]:
    """Pairs of the best on average and another that chance within draws hides at a threshold."""
    found = []
    benefit = threshold * loops.qaly - loops.cost
    best = int(benefit.mean(axis=(0, 1)).argmax())
    for column in range(len(loops.strategies)):
        parts = _components(benefit[:, :, best] - benefit[:, :, column])
        if parts["inner_se"] > LARGEST_NOISE * parts["outer_sd"]:
            one, other = (loops.strategies[place] for place in sorted((best, column)))
            found.append((parts["noise"], parts["replications_needed"], one, other, threshold))
    return found


def _refusal(
    noisy: list[_Noise], count: int, what: str = "an acceptability curve", none: str = "no curve can be drawn"
) -> str:
    """Why something is refused, at the worst of the thresholds, and what would do."""
    worst = max(noisy, key=lambda each: math.inf if math.isnan(each[0]) else each[0])
    share, needed, one, other, threshold = worst
    where = f"('{other}' against '{one}', {threshold:,.0f} GBP per QALY)"
    if math.isnan(share):
        return (
            f"replications: with {count} in each draw, draws differ by no more than chance {where}: {none}. "
            "Run many more in each draw, or show the mean difference with its interval."
        )
    return (
        f"replications: with {count} in each draw, chance is {share:.0%} of the spread between draws {where}; "
        f"{what} needs at most {LARGEST_NOISE:.0%}. Run {needed:.0f} in each draw."
    )


def _corrected(cost: np.ndarray, qaly: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`corrected_draws` of arrays (draws, replications, strategies); each of shape (draws, strategies)."""
    first = _moved(np.stack([cost[:, :, 0], qaly[:, :, 0]], axis=2))
    more = np.concatenate([values[:, :, 1:] - values[:, :, :1] for values in (cost, qaly)], axis=2)
    others = _moved(more).reshape(len(first), 2, cost.shape[2] - 1)
    both = [np.concatenate([first[:, [k]], first[:, [k]] + others[:, k]], axis=1) for k in (0, 1)]
    return both[0], both[1]


def _moved(runs: np.ndarray) -> np.ndarray:
    """Means over replications without what chance adds to their spread; `runs` has shape (draws, replications, measures)."""
    if not runs.shape[2]:
        return runs.mean(axis=1)
    # Equal columns stay exactly equal: rounding would make a tie of two strategies a matter of chance.
    columns, which = np.unique(runs.reshape(-1, runs.shape[2]), axis=1, return_inverse=True)
    found = columns.reshape(*runs.shape[:2], -1)
    means = found.mean(axis=1)
    centre = means.mean(axis=0)
    inside = (found - means[:, None]).reshape(-1, found.shape[2])
    spread = means.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    total = np.atleast_2d(np.cov(means / scale, rowvar=False))
    within = (inside / scale).T @ (inside / scale) / (len(means) * (found.shape[1] - 1))
    root = _root(total)
    back = scipy.linalg.pinvh(root, rtol=NEARLY_ALIKE)
    move = back @ _root(root @ _positive(total - within / found.shape[1]) @ root) @ back
    moved = (means - centre) / scale @ move * scale
    # with hardly more draws than measures the covariances are guesses: at least no spread grows
    after = moved.std(axis=0)
    shrink = np.where(after > spread, spread / np.where(after > 0, after, 1.0), 1.0)
    return np.asarray((centre + moved * shrink)[:, which.ravel()])


def _positive(square: np.ndarray) -> np.ndarray:
    """The nearest covariance: without what would be a negative variance."""
    size, axes = scipy.linalg.eigh(square)
    return np.asarray(axes * np.maximum(size, 0.0) @ axes.T)


def _root(square: np.ndarray) -> np.ndarray:
    """The symmetric root of a covariance."""
    size, axes = scipy.linalg.eigh(square)
    return np.asarray(axes * np.sqrt(np.maximum(size, 0.0)) @ axes.T)
