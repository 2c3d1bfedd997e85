"""Equally distributed equivalents: the health that, if all had it, would be as good as the health as it is spread.

Three families of judgement on inequality. Each takes health (above 0 for Atkinson's) and people by group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from outcomes.aligned import Row, aligned
from outcomes.arrays import Numbers, checked, plain
from outcomes.table_rules import Rules


def mean_health(health: Row, population: Row) -> float:
    """Health per person.

    >>> mean_health([30, 45, 60], [1, 1, 2])
    48.75
    """
    value, share = _groups(health, population)
    return float(share @ value)


def atkinson_ede(health: Row, population: Row, epsilon: Numbers) -> Any:
    """Atkinson's equivalent: relative differences count, more so the larger `epsilon`; the mean at 0.

    `health` above 0 and `population` by group. A float for one epsilon, an array for several.
    Raises `BadTable` for health at or below 0 and epsilon below 0.
    Method: (Σ p·h^(1-ε))^(1/(1-ε)), the geometric mean at ε = 1; taken around the mean of the logarithms.

    >>> atkinson_ede([30, 45, 60], [1, 1, 1], [0, 1, 2]).round(4).tolist()
    [45.0, 43.2675, 41.5385]
    """
    aversions = checked("epsilon", epsilon, low=0)
    value, share = _groups(health, population)
    logs = np.log(value)
    centre = float(share @ logs)

    def equivalent(power: float) -> float:
        return float(np.exp(centre + (_log_mean_exp(power * (logs - centre), share) / power if power else 0)))

    found = [equivalent(1 - aversion) for aversion in aversions.ravel().tolist()]
    return plain(np.reshape(found, aversions.shape))


def kolm_ede(health: Row, population: Row, alpha: float) -> float:
    """Kolm's equivalent: absolute differences count, more so the larger `alpha`; the mean at 0.

    Health may be at or below 0. Method: -ln(Σ p·e^(-αh))/α, taken around the mean.

    >>> round(kolm_ede([30, 45, 60], [1, 1, 1], alpha=0.1), 4)
    38.573
    """
    checked("alpha", alpha, low=0)
    value, share = _groups(health, population, above=None)
    centre = float(share @ value)
    if alpha == 0:
        return centre
    return centre - _log_mean_exp(-alpha * (value - centre), share) / alpha


def extended_gini_ede(health: Row, population: Row, nu: float) -> float:
    """The extended Gini's equivalent: ranks count, more so the larger `nu`; the mean at 1, the usual Gini's at 2.

    Groups are ranked by their health. Method: Σ h·((1-R₋)^ν - (1-R₊)^ν), R₋ and R₊ where a group's place begins and ends.

    >>> round(extended_gini_ede([30, 45, 60], [1, 1, 1], nu=2), 4)
    38.3333
    """
    checked("nu", nu, low=1)
    value, share = _groups(health, population, above=None)
    order = np.argsort(value, kind="stable")
    above = np.append(1, 1 - np.cumsum(share[order]))
    above[-1] = 0
    return float(value[order] @ (above[:-1] ** nu - above[1:] ** nu))


def atkinson_index(health: Row, population: Row, epsilon: Numbers) -> Any:
    """The share of health that inequality costs: 1 less the equivalent over the mean; 0 where all have the same.

    >>> round(atkinson_index([30, 45, 60], [1, 1, 1], epsilon=2), 4)
    0.0769
    """
    return 1 - atkinson_ede(health, population, epsilon) / mean_health(health, population)


def kolm_index(health: Row, population: Row, alpha: float) -> float:
    """The health per person that inequality costs: the mean less the equivalent, in the units of health.

    >>> round(kolm_index([30, 45, 60], [1, 1, 1], alpha=0.1), 4)
    6.427
    """
    return mean_health(health, population) - kolm_ede(health, population, alpha)


def extended_gini_index(health: Row, population: Row, nu: float) -> float:
    """The share of health that inequality costs by ranks; the Gini coefficient at `nu` = 2.

    >>> round(extended_gini_index([30, 45, 60], [1, 1, 1], nu=2), 4)
    0.1481
    """
    value, share = _groups(health, population)
    return 1 - extended_gini_ede(health, population, nu) / float(share @ value)


def equity_weights(health: Row, epsilon: float, population: Row | None = None) -> np.ndarray:
    """What a year of health counts in each group, 1 on average: more where people have less health to begin with.

    `health` is lifetime health (quality-adjusted life expectancy), above 0. The average is over people where
    `population` is given, over groups otherwise. Method: h^-ε, scaled.

    >>> equity_weights([20, 40], epsilon=1).round(4).tolist()
    [1.3333, 0.6667]
    """
    checked("epsilon", epsilon, low=0)
    value, share = _groups(health, [1] * len(health) if population is None else population)
    weights = (value / value.max()) ** -float(epsilon)
    return np.asarray(weights / (share @ weights))


def _log_mean_exp(values: np.ndarray, share: np.ndarray) -> float:
    """ln Σ p·e^x, exact for values near 0 and safe for large ones."""
    if values.max() > 1:
        return float(special.logsumexp(values, b=share))
    return float(np.log1p(share @ np.expm1(values)))


def _groups(health: Row, population: Row, *, above: float | None = 0) -> tuple[np.ndarray, np.ndarray]:
    """Health and share of people by group; raises `BadTable` with everything that is wrong with them."""
    table = aligned("groups", health=health, population=population)
    rules = Rules("groups", table)
    rules.numbers("health", above=above)
    rules.numbers("population", above=0)
    if table.empty:
        rules.problems.append("groups: there are none; one at least is needed")
    rules.hold()
    people = table["population"].to_numpy(dtype=float)
    return table["health"].to_numpy(dtype=float), people / people.sum()
