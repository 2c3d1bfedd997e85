"""How much units vary: ratios of high to low, the part beyond chance, and what chance alone would give.

A ratio of the highest to the lowest grows with the number of units and with small counts: it says nothing without the
ratio that chance alone would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from outcomes.arrays import Numbers, checked
from outcomes.limits import CONFIDENCE, tail_of
from outcomes.practices.chance import poisson_counts
from outcomes.practices.rates import checked_columns
from outcomes.table_rules import BadTable

FEWEST_EVENTS = 10
"""Units with fewer events do not count as highest or lowest."""
DRAWS = 2000
"""Of chance alone, unless another number is asked for."""
SEED = 42
"""Of the draws of chance, unless another is asked for."""
ABOUT_ONE = 1e-6
"""A level nearer to 1 than this differs from it by the rounding of numbers."""
QUANTILES = (0.05, 0.25, 0.75, 0.95)
"""The shares of units below the values that the 95/5 and the 75/25 ratio compare."""


@dataclass(frozen=True)
class ChanceFold:
    """The highest over the lowest among units that are all alike, by chance alone: median, and limits at `confidence`.

    `share_at_least`: the share of `draws` in which it was as high as observed or higher; NaN where nothing could be
    compared. `ratio_95_5` is the median of the 95/5 ratio by chance alone.
    """

    median: float
    lower: float
    upper: float
    share_at_least: float
    ratio_95_5: float
    confidence: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Variation:
    """How much units vary.

    `fold`: highest over lowest ratio of observed to expected among units with at least 10 events; `excluded` units had
    fewer. `max_min`: the same of all units, NaN where one has none (`zero_units`). `ratio_95_5`, `ratio_75_25`: of all
    units, NaN where the lower one is 0. `scv`: systematic component of variation times 100, 0 where chance alone
    explains all. `cv`: standard deviation over mean of the rates. `chi_square` with `degrees` of freedom and `p`.
    `fold_shown`: the fold as it is to be shown.
    `level`: all events observed over all expected. Where those expected come from elsewhere it is not 1, and `scv`,
    `chi_square` and `p` tell of the level as well as of variation between units. `scv_between`, `chi_square_between` and
    `p_between` are of expected events scaled to as many as were observed, and so is `chance`: of variation between units
    alone (NaN without any events). `level_says` says so in a sentence where the two differ.
    """

    units: int
    observed: float
    expected: float
    fold: float
    excluded: int
    max_min: float
    zero_units: int
    ratio_95_5: float
    ratio_75_25: float
    scv: float
    cv: float
    chi_square: float
    degrees: int
    p: float
    chance: ChanceFold
    fold_shown: str
    level: float
    scv_between: float
    chi_square_between: float
    p_between: float
    level_says: str


def variation(
    observed: Numbers,
    expected: Numbers,
    *,
    rates: Numbers | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    unit: str = "practice",
    fill_missing: float | None = None,
) -> Variation:
    """All measures of variation between units, beside what chance alone would give.

    `observed` and `expected` events, one number per unit. Ratios and the coefficient of variation are of observed over
    expected, or of `rates` where those are given. `unit` is the word for one unit in `fold_shown`.

    >>> found = variation([10, 20, 30], [20, 20, 20])
    >>> found.fold, round(found.scv, 3), found.cv, found.chi_square, found.degrees
    (3.0, 11.667, 0.5, 10.0, 2)
    >>> 1 < found.chance.median < found.chance.upper
    True
    >>> variation([0, 20, 30], [20, 20, 20]).fold_shown
    'not defined, 1 practice at zero'
    """
    units = _checked(observed, expected, fill_missing)
    seen, due = units["observed"].to_numpy(), units["expected"].to_numpy()
    values = seen / due
    if rates is not None:
        values = checked_columns("units", counts={"observed": seen, "rate": rates}, sizes={})["rate"].to_numpy()
    enough = seen >= FEWEST_EVENTS
    fold = extremal_quotient(values[enough]) if enough.sum() > 1 else float("nan")
    low, lower_quarter, upper_quarter, high = np.quantile(values, QUANTILES)
    zero = int((values == 0).sum())
    level = float(seen.sum() / due.sum())
    scaled = due * level if level > 0 else due
    degrees = len(units) - 1
    (scv, chi_square, p), between = (_beyond_chance(seen, each) for each in (due, scaled))
    scv_between, chi_square_between, p_between = between if level > 0 else (float("nan"),) * 3
    return Variation(
        units=len(units),
        observed=float(seen.sum()),
        expected=float(due.sum()),
        fold=fold,
        excluded=int((~enough).sum()),
        max_min=extremal_quotient(values),
        zero_units=zero,
        ratio_95_5=_ratio(high, low),
        ratio_75_25=_ratio(upper_quarter, lower_quarter),
        scv=scv,
        cv=coefficient_of_variation(values),
        chi_square=chi_square,
        degrees=degrees,
        p=p,
        chance=fold_by_chance(scaled, observed_fold=fold, draws=draws, seed=seed),
        fold_shown=_fold_shown(fold, zero, unit),
        level=level,
        scv_between=scv_between,
        chi_square_between=chi_square_between,
        p_between=p_between,
        level_says=_level_says(level, unit),
    )


def fold_by_chance(
    expected: Numbers,
    *,
    observed_fold: float = float("nan"),
    fewest_events: int = FEWEST_EVENTS,
    draws: int = DRAWS,
    seed: int = SEED,
    confidence: float = CONFIDENCE,
) -> ChanceFold:
    """The highest over the lowest that units with these expected events would show if they were all alike.

    Each of `draws` gives every unit a Poisson count around its expected events; units that get fewer than
    `fewest_events` are left out, as they are of what was observed. The same `seed` gives the same numbers.

    >>> round(fold_by_chance([60] * 40).median, 2), round(fold_by_chance([20] * 40).median, 2)
    (1.75, 2.64)
    """
    due = checked_columns("units", counts={}, sizes={"expected": expected})["expected"].to_numpy()
    counts = poisson_counts(due, draws=draws, seed=seed)
    folds = folds_of(counts, due, fewest_events=fewest_events)
    low, _, _, high = np.quantile(counts / due, QUANTILES, axis=1)
    nan = float("nan")
    if not len(folds):
        return ChanceFold(nan, nan, nan, nan, _middle_ratio(high, low), confidence, draws, seed)
    tail = tail_of(confidence)
    lower, median, upper = (float(each) for each in np.quantile(folds, [tail, 0.5, 1 - tail]))
    at_least = nan if np.isnan(observed_fold) else float((folds >= observed_fold).mean())
    return ChanceFold(median, lower, upper, at_least, _middle_ratio(high, low), confidence, draws, seed)


def folds_of(counts: np.ndarray, expected: np.ndarray, *, fewest_events: int) -> np.ndarray:
    """The highest over the lowest ratio of counts to expected events in each draw, among units with so many events.

    `counts` has a row per draw and a column per unit; a draw in which fewer than two units have them gives none.

    >>> folds_of(np.array([[10, 30], [20, 2]]), np.array([10.0, 20.0]), fewest_events=5).tolist()
    [1.5]
    """
    enough = counts >= fewest_events
    some = enough.sum(axis=1) > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = counts / expected
        highest = np.where(enough, ratios, -np.inf).max(axis=1)[some]
        folds: np.ndarray = highest / np.where(enough, ratios, np.inf).min(axis=1)[some]
    return folds


def systematic_component_of_variation(
    observed: Numbers, expected: Numbers, *, fill_missing: float | None = None
) -> float:
    """How much units vary beyond chance, times 100: the variance of observed over expected less what chance adds.

    Can be below 0 where units differ less than chance would have it; to be reported as 0 then, as `variation` does.
    Where the events expected do not add to those observed, it tells of the level as well: `variation` gives it without
    (`scv_between`).
    Method: McPherson and others 1982, 100/k·(Σ(O - E)²/E² - Σ1/E).

    >>> round(systematic_component_of_variation([10, 20, 30], [20, 20, 20]), 3)
    11.667
    >>> round(systematic_component_of_variation([20, 20], [20, 20]), 3)
    -5.0
    """
    units = _checked(observed, expected, fill_missing)
    seen, due = units["observed"], units["expected"]
    return float(100 * (((seen - due) / due) ** 2 - 1 / due).mean())


def coefficient_of_variation(rates: Numbers) -> float:
    """Standard deviation of rates over their mean, each unit counting the same; NaN for one unit or a mean of 0.

    >>> coefficient_of_variation([1, 2, 3])
    0.5
    """
    values = np.atleast_1d(checked("rates", rates))
    return _ratio(float(values.std(ddof=1)), float(values.mean())) if len(values) > 1 else float("nan")


def extremal_quotient(rates: Numbers) -> float:
    """The highest rate over the lowest; NaN where a rate is 0, because there is no such number then.

    >>> extremal_quotient([1, 2, 3]), extremal_quotient([0, 2, 3])
    (3.0, nan)
    """
    values = np.atleast_1d(checked("rates", rates))
    if not values.size:
        raise BadTable(["rates: there are none; one at least is needed"])
    return _ratio(float(values.max()), float(values.min()))


def _beyond_chance(seen: np.ndarray, due: np.ndarray) -> tuple[float, float, float]:
    """Systematic component, χ² and its p."""
    chi_square, degrees = float(((seen - due) ** 2 / due).sum()), len(seen) - 1
    p = float(special.chdtrc(degrees, chi_square)) if degrees else float("nan")
    return max(0.0, systematic_component_of_variation(seen, due)), chi_square, p


def _level_says(level: float, unit: str) -> str:
    if abs(level - 1) < ABOUT_ONE:
        return ""
    return (
        f"All {unit}s together have {level:.2f} times the events expected: what is said of variation between them is of "
        "expected events scaled to as many as were observed."
    )


def _ratio(high: float, low: float) -> float:
    return float(high / low) if low > 0 else float("nan")


def _middle_ratio(high: np.ndarray, low: np.ndarray) -> float:
    """The median of ratios whose lower part may be 0: such a ratio counts as endless."""
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = float(np.median(np.where(low > 0, high / low, np.inf)))
    return middle if np.isfinite(middle) else float("nan")


def _fold_shown(fold: float, zero_units: int, unit: str) -> str:
    if zero_units:
        return f"not defined, {zero_units} {unit}{'' if zero_units == 1 else 's'} at zero"
    return "not defined, fewer than two have 10 events" if np.isnan(fold) else f"{fold:.1f}"


def _checked(observed: Numbers, expected: Numbers, fill_missing: float | None) -> pd.DataFrame:
    return checked_columns(
        "units",
        counts={"observed": observed},
        sizes={"expected": expected},
        fill_missing=fill_missing,
    )
