"""What strategies are worth against one of them under everything that is not known: means, intervals, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.economics.incremental import incremental_result
from outcomes.economics.nested_draws import LARGEST_NOISE, between_and_within, corrected_draws
from outcomes.materiality import finding
from outcomes.noise import apart
from outcomes.paired import LEVEL, PairedDifference, paired_difference, sign
from outcomes.verdicts import Verdict, verdict_of

LEAST_DRAWS = 10
"""With fewer it is not known how far draws differ, nor how much of that is chance."""

Interval = tuple[float, float, float]
"""Mean, and both ends of 95%."""


@dataclass(frozen=True)
class ValueForMoney:
    """What a strategy is worth against the baseline: means and 95% of the draws without the chance of single runs.

    `mean` is the mean net benefit with the 95% interval of a mean of so many draws, chance within them included.
    `share_better`: of the draws, that in which its net benefit is above 0; None where chance hides it. `result` is what the
    differences are called, `owed` the change in care that is still owed, `result_with_owed` what they are called with it
    among the costs. `saving` is what is saved on average; 0 where so few draws do not show it. `noise` is the standard
    error within draws over the spread between them.
    """

    strategy: str
    cost: Interval
    qaly: Interval
    net_benefit: Interval
    mean: PairedDifference
    share_better: float | None
    result: str
    owed: Interval
    result_with_owed: str
    saving: float
    noise: float

    def verdict(self, *, least: float) -> Verdict:
        """The word for the net benefit, of which `least` is the least that matters: not material where 95% of the draws are
        not, else what their mean shows.
        """
        mean, low, high = self.net_benefit
        if finding(mean, low, high, least=least) == "immaterial":
            return "not material"
        if not sign(self.mean):
            return "not shown"
        return verdict_of("material" if abs(mean) > least else "small", rises=mean > 0, better="more")


def values_for_money(table: pd.DataFrame, *, baseline: str, threshold: float, owed: str) -> dict[str, ValueForMoney]:
    """What each strategy but the baseline is worth, at `threshold` pounds per QALY.

    `table` has one row per `draw`, `replication` and `strategy`, with `cost` and `qaly`; its column `owed` is the care that
    people still wait for, in pounds.

    >>> table = pd.DataFrame({"draw": [1] * 4 + [2] * 4, "replication": [1, 1, 2, 2] * 2, "strategy": ["usual", "cft"] * 4,
    ...                       "cost": 0.0, "qaly": [0, 1, 0, 3, 0, 7, 0, 9], "left": 0.0})
    >>> found = values_for_money(table, baseline="usual", threshold=1, owed="left")["cft"]
    >>> found.net_benefit[0], found.mean.mean, found.share_better, found.result, found.verdict(least=1)
    (5.0, 5.0, None, 'dominates', 'not shown')
    """
    wide = corrected_draws(table).pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    parts = between_and_within(table, threshold=threshold, baseline=baseline).set_index("strategy")
    few = table["draw"].nunique() < LEAST_DRAWS
    means = table.groupby(["strategy", "draw"])[["cost", "qaly", owed]].mean()
    found = {}
    for name in parts.index:
        cost, qaly = (wide[of][name] - wide[of][baseline] for of in ("cost", "qaly"))
        benefit = threshold * qaly - cost
        inc_cost, inc_qaly = (float(apart(wide[of][name].mean(), wide[of][baseline].mean())) for of in ("cost", "qaly"))
        plain = means.loc[name] - means.loc[baseline]
        cheaper = mean_of_draws(plain["cost"])
        of_noise = parts.loc[name]
        told = of_noise["inner_se"] <= LARGEST_NOISE * of_noise["outer_sd"] and not few
        found[str(name)] = ValueForMoney(
            strategy=str(name),
            cost=interval_of_draws(cost),
            qaly=interval_of_draws(qaly),
            net_benefit=interval_of_draws(benefit),
            mean=mean_of_draws(threshold * plain["qaly"] - plain["cost"]),
            share_better=float((benefit > 0).mean()) if told else None,
            result=incremental_result(inc_cost=inc_cost, inc_qaly=inc_qaly),
            owed=interval_of_draws(plain[owed]),
            result_with_owed=incremental_result(inc_cost=inc_cost + float(plain[owed].mean()), inc_qaly=inc_qaly),
            saving=-cheaper.mean if cheaper.high < 0 else 0.0,
            noise=float(parts["noise"].astype(float)[name]),
        )
    return found


def mean_of_draws(values: pd.Series) -> PairedDifference:
    """The mean of draws with its interval."""
    return paired_difference(values.to_numpy(), np.zeros(len(values)))


def interval_of_draws(values: pd.Series) -> Interval:
    """Mean, and the ends of 95% of the draws.

    >>> [round(end, 9) for end in interval_of_draws(pd.Series(range(41)))]
    [20.0, 1.0, 39.0]
    """
    tail = (1 - LEVEL) / 2
    return float(values.mean()), float(values.quantile(tail)), float(values.quantile(1 - tail))


def between_means(one: PairedDifference, other: PairedDifference) -> Interval:
    """How far the one mean lies above the other, with its 95% interval: both vary by chance, each on its own."""
    difference = one.mean - other.mean
    half = float(np.hypot(one.high - one.mean, other.high - other.mean))
    return difference, difference - half, difference + half


def spread_of_draws(values: pd.DataFrame) -> pd.DataFrame:
    """Of each column of draws, one row each in the same order: `drawn_mean`, its `standard_error`, and `drawn_low` and
    `drawn_high`, the ends of 95% of the draws.

    >>> spread_of_draws(pd.DataFrame({"rate": [1.0, 2.0, 3.0]})).round(3).to_dict("records")
    [{'drawn_mean': 2.0, 'standard_error': 0.577, 'drawn_low': 1.05, 'drawn_high': 2.95}]
    """
    ends = [interval_of_draws(values[name]) for name in values]
    mean, low, high = zip(*ends, strict=True) if ends else ((), (), ())
    error = values.std(ddof=1) / np.sqrt(len(values))
    return pd.DataFrame({"drawn_mean": mean, "standard_error": error.to_numpy(), "drawn_low": low, "drawn_high": high})
