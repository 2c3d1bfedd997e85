"""Overdispersion: how much more units differ than chance would have it, on the scale on which chance spreads them evenly.

Spiegelhalter 2005, "Handling over-dispersion of performance indicators". Where units lie in a funnel is in `funnel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, checked, plain
from outcomes.limits import CONFIDENCE, checked_sizes, z_of
from outcomes.practices.rates import checked_columns
from outcomes.table_rules import BadTable, Rules

Kind = Literal["ratio", "rate", "proportion", "counts"]
"""What is compared: observed over expected events; events over people; a part of a whole; one count over another."""
Method = Literal["square_root", "log"]
Trim = Literal["winsorise", "truncate"]

TRIM_SHARE = 0.1
"""The share at each end whose z scores do not count in full towards overdispersion."""
HALF_A_COUNT = 0.5
"""Added to both counts of a ratio of counts, so that a count of 0 has a logarithm."""


@dataclass(frozen=True)
class Overdispersion:
    """How much more units differ than chance would have it.

    By unit: `z` scores, `z_used` (those of the extremes drawn in, or NaN where left out) and `standard_error`, all on
    the scale of the method. `units`: how many were used. `phi`: mean square of `z_used`; by chance alone about 1
    where all count in full, but only about 0.7 with a tenth drawn in at each end, and more where few events are expected
    (`phi_by_chance`). `tau2`: variance between units beyond chance, on the scale of the method; 0 where there is none.
    """

    z: np.ndarray
    z_used: np.ndarray
    standard_error: np.ndarray
    units: int
    phi: float
    tau2: float


def overdispersion(
    numerator: Numbers,
    denominator: Numbers,
    *,
    kind: Kind = "ratio",
    method: Method = "square_root",
    trim: Trim = "winsorise",
    trim_share: float = TRIM_SHARE,
    target: float | None = None,
    fill_missing: float | None = None,
) -> Overdispersion:
    """z scores, φ and τ² of units: `numerator` and `denominator`, one number per unit.

    `kind` "ratio" takes observed and expected events, on the scale of square roots (method "square_root", which copes
    with units without events) or of logarithms ("log", which does not: an error); "rate" takes events and people;
    "proportion" uses arcsines, "counts" logarithms with half a count added. `trim`: "winsorise" draws the lowest and
    highest `trim_share` of z scores in to the quantiles there, "truncate" leaves that share of units out at each end.
    `target` is 1 for ratios, else the average of all units.

    >>> found = overdispersion([40, 90, 160], [50, 100, 110], trim_share=0)
    >>> found.z.round(3).tolist(), round(found.phi, 3), round(found.tau2, 4)
    ([-1.493, -1.026, 4.322], 7.321, 0.0302)
    """
    units = checked_units(numerator, denominator, kind, fill_missing)
    goal = target_of(units, kind, target)
    if method == "log" and kind in ("ratio", "rate"):
        rules = Rules("units", units)
        rules.rows(units["numerator"] == 0, "numerator", "no events have no logarithm; take method='square_root'")
        rules.hold()
    value, middle, error = on_scale(units["numerator"].to_numpy(), units["denominator"].to_numpy(), kind, method, goal)
    z = (value - middle) / error
    used = trimmed(z, trim, trim_share)
    kept = np.isfinite(used)
    count = int(kept.sum())
    phi = float((used[kept] ** 2).sum() / count)
    weight = error[kept] ** -2
    spread = weight.sum() - (weight**2).sum() / weight.sum()
    tau2 = max(0.0, float((count * phi - (count - 1)) / spread)) if spread > 0 else 0.0
    return Overdispersion(z, used, error, count, phi, tau2)


def trimmed(z: np.ndarray, trim: Trim, share: float) -> np.ndarray:
    """z scores as they count towards φ, the extremes drawn in or left out.

    >>> trimmed(np.array([-4.0, -1, 0, 1, 9]), "truncate", 0.2).tolist()
    [nan, -1.0, 0.0, 1.0, nan]
    """
    return winsorised(z, share) if one_of(trim, Trim, "trim") == "winsorise" else truncated(z, share)


def winsorised(z: Numbers, share: float = TRIM_SHARE) -> np.ndarray:
    """z scores with the lowest and the highest drawn in to the quantiles at `share` and 1 - `share`, row by row.

    >>> winsorised([-4, -1, 0, 1, 9], 0.25).tolist()
    [-1.0, -1.0, 0.0, 1.0, 1.0]
    """
    scores, each = checked("z", z), _checked_share(share)
    if not scores.size:
        return scores
    low, high = np.quantile(scores, [each, 1 - each], axis=-1, keepdims=True)
    return np.clip(scores, low, high)


def truncated(z: Numbers, share: float = TRIM_SHARE) -> np.ndarray:
    """z scores with the lowest and the highest `share` of them, whole units, set to NaN: left out; row by row.

    >>> truncated([-4, -1, 0, 1, 9], 0.25).tolist()
    [nan, -1.0, 0.0, 1.0, nan]
    """
    scores = checked("z", z).copy()
    order = np.argsort(scores, axis=-1, kind="stable")
    units = scores.shape[-1]
    out = int(np.floor(round(_checked_share(share) * units, 9)))
    left_out = np.concatenate([order[..., :out], order[..., units - out :]], axis=-1)
    np.put_along_axis(scores, left_out, np.nan, axis=-1)
    return scores


def overdispersed_limits(
    denominator: Numbers,
    *,
    tau2: float,
    kind: Kind = "ratio",
    method: Method = "square_root",
    target: float = 1,
    confidence: float = CONFIDENCE,
) -> tuple[Any, Any]:
    """Limits at these denominators for units that differ by `tau2` beyond chance: target ± z·√(s² + τ²), turned back.

    s is the standard error on the scale of the method for a unit at the target, so that the limits depend on the
    denominator only and can be drawn. `tau2` comes from `overdispersion` with the same `kind` and `method`.

    >>> lower, upper = overdispersed_limits(100, tau2=0.01)
    >>> round(lower, 3), round(upper, 3)
    (0.61, 1.486)
    """
    size = checked_sizes("denominator", denominator)
    error = np.sqrt(_chance_variance(size, kind, method, target) + tau2)
    half = z_of(confidence) * error
    if kind == "proportion":
        middle = np.arcsin(np.sqrt(target))
        lower, upper = np.maximum(middle - half, 0), np.minimum(middle + half, np.pi / 2)
        return plain(np.sin(lower) ** 2), plain(np.sin(upper) ** 2)
    if kind == "counts" or method == "log":
        return plain(target * np.exp(-half)), plain(target * np.exp(half))
    return plain(target * np.maximum(1 - half, 0) ** 2), plain(target * (1 + half) ** 2)


def checked_units(numerator: Numbers, denominator: Numbers, kind: Kind, fill_missing: float | None) -> pd.DataFrame:
    """The counts as a table with columns `numerator` and `denominator`, one row per unit; `BadTable` with all faults.

    >>> checked_units([1, 6], [4, 5], "proportion", None)
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: units: numerator, denominator: row 1: 6, 5; a part is at most the whole
    """
    one_of(kind, Kind, "kind")
    units = checked_columns(
        "units", counts={"numerator": numerator}, sizes={"denominator": denominator}, fill_missing=fill_missing
    )
    if kind == "proportion":
        rules = Rules("units", units)
        over = units["numerator"] > units["denominator"]
        rules.rows(over, ["numerator", "denominator"], "a part is at most the whole")
        rules.hold()
    return units


def target_of(units: pd.DataFrame, kind: Kind, target: float | None) -> float:
    """What units are compared with: `target` where it is told, else 1 for a ratio and the average of all units.

    >>> target_of(pd.DataFrame({"numerator": [1, 5], "denominator": [4, 8]}), "proportion", None)
    0.5
    """
    if target is None:
        target = 1.0 if kind == "ratio" else float(units["numerator"].sum() / units["denominator"].sum())
    if not target > 0:
        raise BadTable([f"target: {target:g}; a number above 0 is needed: there is no funnel around no events"])
    if kind == "proportion" and target > 1:
        raise BadTable([f"target: {target:g}; a proportion is at most 1 (before the multiplier)"])
    return float(target)


def one_of(value: str, choices: Any, name: str) -> str:
    """The value, where it is one of the choices of a `Literal`.

    >>> one_of("cube_root", Method, "method")
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: method: 'cube_root'; there are: square_root, log
    """
    allowed: Sequence[str] = get_args(choices)
    if value not in allowed:
        raise BadTable([f"{name}: '{value}'; there are: {', '.join(allowed)}"])
    return value


def on_scale(
    part: np.ndarray, whole: np.ndarray, kind: Kind, method: Method, target: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """Values, target and standard errors on the scale on which chance spreads them evenly, shaped as what is given.

    >>> value, middle, error = on_scale(np.array([9]), np.array([4]), "ratio", "square_root", 1)
    >>> value.tolist(), middle, error.tolist()
    ([1.5], 1.0, [0.25])
    """
    match kind:
        case "proportion":
            return np.arcsin(np.sqrt(part / whole)), float(np.arcsin(np.sqrt(target))), 1 / (2 * np.sqrt(whole))
        case "counts":
            more_part, more_whole = part + HALF_A_COUNT, whole + HALF_A_COUNT
            error = np.sqrt(part / more_part**2 + whole / more_whole**2)
            return np.log(more_part / more_whole), float(np.log(target)), error
    expected = target * whole
    if one_of(method, Method, "method") == "square_root":
        return np.sqrt(part / expected), 1.0, 1 / (2 * np.sqrt(expected))
    return np.log(part / expected), 0.0, 1 / np.sqrt(expected)


def _chance_variance(size: np.ndarray, kind: Kind, method: Method, target: float) -> np.ndarray:
    """The variance that chance gives a unit at the target, on the scale of the method."""
    if one_of(kind, Kind, "kind") == "proportion":
        return 1 / (4 * size)
    if kind == "counts":
        return 1 / (target * size) + 1 / size
    return 1 / (target * size) / (1 if one_of(method, Method, "method") == "log" else 4)


def _checked_share(share: float) -> float:
    return float(checked("trim_share", share, low=0, below=0.5, hint=" (10% at each end is written 0.1)"))
