"""Funnel plots: between which limits units would lie by chance, widened where they differ more than chance would have it.

Spiegelhalter 2005, "Funnel plots for comparing institutional performance" and "Handling over-dispersion of performance
indicators". A unit outside is a reason to ask, not proof of poor care.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, as_given
from outcomes.limits import CONFIDENCE
from outcomes.practices.chance_limits import funnel_limits, proportion_limits, rate_limits, ratio_limits
from outcomes.practices.overdispersion import TRIM_SHARE, Kind, Method, Trim, checked_units, overdispersion, target_of
from outcomes.practices.phi_by_chance import phi_by_chance
from outcomes.practices.rates import FEWEST_EVENTS
from outcomes.table_rules import BadTable, Rules, hidden_hint

__all__ = [
    "BANDS",
    "CONFIDENCE",
    "CONTROL",
    "FEWEST_UNITS",
    "NOT_SHOWN",
    "Funnel",
    "Kind",
    "Method",
    "Trim",
    "bands",
    "funnel",
    "funnel_limits",
    "limits_by_column",
    "proportion_limits",
    "rate_limits",
    "ratio_limits",
]

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
    count are widened; `why` says it in a sentence. `phi` and `tau2` are NaN with fewer than 10 units, and so is
    `phi_by_chance`, what `phi` comes to on average in units of these sizes that are all alike.
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
    phi_by_chance: float = float("nan")


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

    Limits are not widened where chance alone gives units of these sizes as high a φ, and no limit is narrower than chance
    has it. Where events expected come from elsewhere and all units together have more or fewer, give their ratio as
    `target`: around 1, φ counts the level as well.

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
    phi = tau2 = alike = float("nan")
    if count >= FEWEST_UNITS:
        settings_of_phi = {**settings, "trim": trim, "trim_share": trim_share}
        found = overdispersion(units["numerator"][shown], units["denominator"][shown], **settings_of_phi)
        phi, tau2, alike = found.phi, found.tau2, phi_by_chance(units[shown], **settings_of_phi)
    adjusted = count >= FEWEST_UNITS and phi > max(1, alike) and tau2 > 0
    table = units.assign(value=multiplier * units["numerator"] / units["denominator"])
    limits = limits_by_column(units["denominator"][shown].to_numpy(), adjusted=adjusted, tau2=tau2, **settings)
    for column, limit in limits.items():
        table.loc[shown, column] = multiplier * limit
    table["band"] = bands(table)
    outside = ~table["band"].isin(["inside", NOT_SHOWN])
    table["flagged_by"] = np.where(outside, "widened limits" if adjusted else "limits of chance alone", "")
    why = _why(count, phi, alike, adjusted)
    return Funnel(kind, method, multiplier * goal, multiplier, count, phi, tau2, adjusted, why, table, alike)


def limits_by_column(
    denominators: np.ndarray, *, kind: Kind, method: Method, target: float, adjusted: bool, tau2: float
) -> dict[str, np.ndarray]:
    """Limits of units of these sizes: `lower95`, `upper95`, `lower99_8`, `upper99_8`, and `unadjusted_lower95` and so on of
    chance alone. Arguments as of `funnel_limits`.

    >>> found = limits_by_column(np.array([50.0]), kind="ratio", method="square_root", target=1, adjusted=False, tau2=0)
    >>> [found[column].round(2).tolist() for column in ("lower95", "unadjusted_upper99_8")]
    [[0.72], [1.47]]
    """
    found = {}
    for prefix, widened in (("", adjusted), ("unadjusted_", False)):
        for name, confidence in (("95", CONFIDENCE), ("99_8", CONTROL)):
            limits = funnel_limits(
                denominators,
                kind=kind,
                method=method,
                target=target,
                adjusted=widened,
                tau2=tau2,
                confidence=confidence,
            )
            for side, limit in zip(("lower", "upper"), limits, strict=True):
                found[f"{prefix}{side}{name}"] = np.asarray(limit)
    return found


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
    unknown = table[["value", "lower99_8", "lower95", "upper95", "upper99_8"]].isna().any(axis=1)
    found = np.select([unknown, *chosen], [NOT_SHOWN, *names], default="inside")
    return pd.Series(found, index=table.index, dtype=str)


def _why(units: int, phi: float, alike: float, adjusted: bool) -> str:
    if units < FEWEST_UNITS:
        return (
            f"There are fewer than {FEWEST_UNITS} units: how much they differ cannot be told from so few, "
            "so the limits are those of chance alone."
        )
    phis = f"(φ is {phi:.1f}; chance alone gives about {alike:.1f})"
    if adjusted:
        return (
            f"The spread is wider than chance alone gives on average {phis}, "
            "so the limits are widened by the usual difference between units."
        )
    if round(phi, 1) > round(alike, 1):
        return (
            f"Units differ a little more than chance alone makes them on average {phis}, "
            "too little to widen the limits, so they are those of chance alone."
        )
    return f"Units differ no more than chance alone would make them {phis}, so the limits are those of chance alone."


def _with_rates(units: pd.DataFrame, rates: Numbers, kind: Kind, multiplier: float) -> pd.DataFrame:
    """Units whose denominators are events over directly standardised rate; NaN below 10 events."""
    if kind != "rate":
        raise BadTable([f"rates: they belong to kind 'rate', not '{kind}'. Leave them out, or say kind='rate'"])
    written, given = as_given(rates)
    if given.shape != (len(units),):
        raise BadTable([f"rates: there are {given.size} for {len(units)} units; one for each is needed"])
    shown = units["numerator"] >= FEWEST_EVENTS
    bad = (shown & ~((given > 0) & np.isfinite(given))).to_numpy()
    rules = Rules("units", units.assign(rate=written))
    rules.rows(bad, "rate", f"a rate above 0 is needed where there are events{hidden_hint(written[bad])}")
    rules.hold()
    with np.errstate(divide="ignore", invalid="ignore"):
        return units.assign(denominator=np.where(shown, multiplier * units["numerator"] / given, np.nan))
