"""Funnel plots: between which limits units would lie by chance, widened where they differ more than chance would have it.

Spiegelhalter 2005, "Funnel plots for comparing institutional performance" and "Handling over-dispersion of performance
indicators". A unit outside is a reason to ask, not proof of poor care.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from outcomes.arrays import Numbers, checked, plain
from outcomes.limits import CONFIDENCE, checked_sizes, tail_of, z_of
from outcomes.overdispersion import (
    TRIM_SHARE,
    Kind,
    Method,
    Trim,
    checked_units,
    one_of,
    overdispersed_limits,
    overdispersion,
    target_of,
)
from outcomes.rates import FEWEST_EVENTS
from outcomes.tables import BadTable, Rules

CONTROL = 0.998
"""The confidence of the outer limits: about three standard deviations."""
FEWEST_UNITS = 10
"""With fewer units, how much they differ cannot be told well enough to widen the limits."""
BANDS = ("below 99.8%", "below 95%", "inside", "above 95%", "above 99.8%")
"""Where a unit lies: inside the 95% limits, or beyond them or beyond the 99.8% limits, on which side."""
NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class Funnel:
    """A funnel and where each unit lies in it.

    `table`: one row per unit: `numerator`, `denominator`, `value`; the limits that count, `lower95`, `upper95`,
    `lower99_8`, `upper99_8`; those of chance alone, `unadjusted_lower95` and so on; `band` (one of `BANDS`) and
    `flagged_by`, which limits a unit outside lies beyond (blank for units inside). `adjusted`: whether the limits that
    count are widened; `why` says it in a sentence. `phi` and `tau2` are NaN with fewer than 10 units.
    """

    kind: Kind
    method: Method
    target: float
    multiplier: float
    units: int
    phi: float
    tau2: float
    adjusted: bool
    why: str
    table: pd.DataFrame


def ratio_limits(expected: Numbers, *, target: float = 1, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Within which limits observed over expected lies by chance, at these expected events: lower and upper.

    Exact: a unit lies outside just where so few events, or so many, had a chance below (1 - confidence) / 2. The limits
    of a mean (`exact_poisson_limits(expected)`), which some draw instead, flag units without events far too often.
    Between whole numbers of events the curve is that of the gamma function. `expected` are at a ratio of 1.

    >>> lower, upper = ratio_limits([18.390357, 4.795387])
    >>> round(float(lower[0]) * 18.390357, 2), round(float(upper[1]) * 4.795387, 2)
    (10.0, 10.0)
    """
    mean = target * checked_sizes("expected", expected)
    tail = tail_of(confidence)
    lower = np.maximum(special.gdtrib(1, 1 - tail, mean) - 1, 0)
    return plain(target * lower / mean), plain(target * special.gdtrib(1, tail, mean) / mean)


def rate_limits(
    population: Numbers, *, target: float, multiplier: float = 1, confidence: float = CONFIDENCE
) -> tuple[Any, Any]:
    """Within which limits a rate per `multiplier` people lies by chance, where `target` is the average rate.

    Exact Poisson limits, as of `ratio_limits`. For directly standardised rates, `population` is events over rate.

    >>> lower, upper = rate_limits(100_000, target=60, multiplier=100_000)
    >>> round(lower, 1), round(upper, 1)
    (44.8, 76.1)
    """
    expected = target / multiplier * np.asarray(population, dtype=float)
    lower, upper = ratio_limits(expected, confidence=confidence)
    return plain(target * np.asarray(lower)), plain(target * np.asarray(upper))


def proportion_limits(
    denominator: Numbers, *, target: float, multiplier: float = 1, confidence: float = CONFIDENCE
) -> tuple[Any, Any]:
    """Within which limits a proportion lies by chance around `target`: normal, never below 0 or above the whole.

    `target` and limits are times `multiplier` (100 for percent). A unit lies outside just where its Wilson limits
    exclude the target.

    >>> lower, upper = proportion_limits([10, 1008], target=80, multiplier=100)
    >>> lower.round(2).tolist(), upper.round(2).tolist()
    ([55.21, 77.53], [100.0, 82.47])
    """
    total = checked_sizes("denominator", denominator)
    share = float(checked("target / multiplier", target / multiplier, low=0, high=1))
    half = z_of(confidence) * np.sqrt(share * (1 - share) / total)
    return plain(multiplier * np.maximum(share - half, 0)), plain(multiplier * np.minimum(share + half, 1))


def funnel_limits(
    denominator: Numbers,
    *,
    kind: Kind = "ratio",
    method: Method = "square_root",
    target: float = 1,
    adjusted: bool,
    tau2: float = 0,
    confidence: float = CONFIDENCE,
) -> tuple[Any, Any]:
    """The limits that a `Funnel` with these attributes has at any denominator: for drawing its curves.

    >>> lower, upper = funnel_limits([50, 100], adjusted=False)
    >>> upper.round(3).tolist()
    [1.296, 1.206]
    """
    if adjusted:
        return overdispersed_limits(
            denominator, tau2=tau2, kind=kind, method=method, target=target, confidence=confidence
        )
    match one_of(kind, Kind, "kind"):
        case "proportion":
            return proportion_limits(denominator, target=target, confidence=confidence)
        case "counts":
            return overdispersed_limits(denominator, tau2=0, kind=kind, target=target, confidence=confidence)
        case _:
            return ratio_limits(denominator, target=target, confidence=confidence)


def funnel(
    numerator: Numbers,
    denominator: Numbers,
    *,
    kind: Kind = "ratio",
    method: Method = "square_root",
    trim: Trim = "winsorise",
    trim_share: float = TRIM_SHARE,
    target: float | None = None,
    rates: Numbers | None = None,
    multiplier: float = 1,
    fill_missing: float | None = None,
) -> Funnel:
    """Limits at 95% and 99.8%, and where each unit lies; widened for overdispersion where there are 10 units and φ > 1.

    Arguments as of `overdispersion`. `rates` are directly standardised rates per `multiplier` (kind "rate" only): the
    denominators are then events over rate, and units with fewer than 10 events are "not shown". `target` and limits in
    the result are times `multiplier`. Raises `BadTable` with everything wrong in the counts.

    >>> made = funnel([30, 50, 95], [50, 50, 50])
    >>> made.table["band"].tolist(), made.adjusted
    (['below 95%', 'inside', 'above 99.8%'], False)
    >>> made.why
    'There are fewer than 10 units: how much they differ cannot be told from so few, so the limits are those of chance alone.'
    """
    units = checked_units(numerator, denominator, kind, fill_missing)
    if rates is not None:
        units = _with_rates(units, rates, kind, multiplier)
    shown = units["denominator"].notna().to_numpy()
    goal = target_of(units[shown], kind, target if target is None else target / multiplier)
    count = int(shown.sum())
    settings: dict[str, Any] = {"kind": kind, "method": method, "target": goal}
    phi = tau2 = float("nan")
    if count >= FEWEST_UNITS:
        found = overdispersion(
            units["numerator"][shown], units["denominator"][shown], trim=trim, trim_share=trim_share, **settings
        )
        phi, tau2 = found.phi, found.tau2
    adjusted = count >= FEWEST_UNITS and phi > 1 and tau2 > 0
    table = units.assign(value=multiplier * units["numerator"] / units["denominator"])
    for prefix, widened in (("", adjusted), ("unadjusted_", False)):
        for name, confidence in (("95", CONFIDENCE), ("99_8", CONTROL)):
            limits = funnel_limits(
                units["denominator"][shown].to_numpy(), adjusted=widened, tau2=tau2, confidence=confidence, **settings
            )
            for side, limit in zip(("lower", "upper"), limits, strict=True):
                table.loc[shown, f"{prefix}{side}{name}"] = multiplier * np.asarray(limit)
    table["band"] = bands(table)
    outside = ~table["band"].isin(["inside", NOT_SHOWN])
    table["flagged_by"] = np.where(outside, "widened limits" if adjusted else "limits of chance alone", "")
    why = _why(count, phi, adjusted)
    return Funnel(kind, method, multiplier * goal, multiplier, count, phi, tau2, adjusted, why, table)


def bands(table: pd.DataFrame) -> pd.Series:
    """Where each `value` lies between its limits `lower95`, `upper95`, `lower99_8`, `upper99_8`: one of `BANDS`.

    >>> limits = {"lower95": 0.8, "upper95": 1.2, "lower99_8": 0.7, "upper99_8": 1.3}
    >>> bands(pd.DataFrame([{"value": 1.25, **limits}, {"value": 0.6, **limits}])).tolist()
    ['above 95%', 'below 99.8%']
    """
    value = table["value"]
    chosen = [
        value < table["lower99_8"],
        value < table["lower95"],
        value > table["upper99_8"],
        value > table["upper95"],
    ]
    names = ["below 99.8%", "below 95%", "above 99.8%", "above 95%"]
    found = np.select([value.isna(), *chosen], [NOT_SHOWN, *names], default="inside")
    return pd.Series(found, index=table.index, dtype=str)


def _why(units: int, phi: float, adjusted: bool) -> str:
    if units < FEWEST_UNITS:
        return (
            f"There are fewer than {FEWEST_UNITS} units: how much they differ cannot be told from so few, "
            "so the limits are those of chance alone."
        )
    if adjusted:
        return (
            f"The spread is wider than chance alone gives on average (φ is {phi:.1f}; chance alone gives 1), "
            "so the limits are widened by the usual difference between units."
        )
    return (
        f"Units differ no more than chance alone would make them (φ is {phi:.1f}; chance alone gives 1), "
        "so the limits are those of chance alone."
    )


def _with_rates(units: pd.DataFrame, rates: Numbers, kind: Kind, multiplier: float) -> pd.DataFrame:
    """Units whose denominators are events over directly standardised rate; NaN below 10 events."""
    if kind != "rate":
        raise BadTable([f"rates: they belong to kind 'rate', not '{kind}'. Leave them out, or say kind='rate'"])
    given = np.asarray(rates, dtype=float)
    if given.shape != (len(units),):
        raise BadTable([f"rates: there are {given.size} for {len(units)} units; one for each is needed"])
    shown = units["numerator"] >= FEWEST_EVENTS
    rules = Rules("units", units.assign(rate=given))
    rules.rows(shown & ~(given > 0), "rate", "a rate above 0 is needed where there are events")
    rules.hold()
    with np.errstate(divide="ignore", invalid="ignore"):
        return units.assign(denominator=np.where(shown, multiplier * units["numerator"] / given, np.nan))
