"""Inequality between groups from most to least deprived: slope and relative index, concentration index.

Ranks of deprivation run from the most deprived (1) upwards, as those of the English Indices of Deprivation do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from outcomes.aligned import Row, aligned
from outcomes.limits import CONFIDENCE, z_of
from outcomes.table_rules import Rules, as_numbers

FEWEST_GROUPS, MOST_GROUPS = 5, 100
Transform = Literal["none", "log", "logit"]
BELOW_ZERO = (
    "The concentration index has no meaning for values below 0, whose mean may be near 0; declare `bounds` below 0 for "
    "Erreygers' index, or take the slope index."
)
NOTHING_AT_ALL = "The mean is 0: there is nothing that could be concentrated, and no index."


@dataclass(frozen=True)
class Scale:
    """How values are turned into those to which the line is fitted, and back.

    `holds` says which values can be; `steepness` how fast what is read back moves with the line, at such values.
    """

    holds: Callable[[pd.Series], pd.Series]
    to_line: Callable[[np.ndarray], np.ndarray]
    from_line: Callable[[np.ndarray], np.ndarray]
    steepness: Callable[[np.ndarray], np.ndarray]


SCALES = {
    "none": Scale(lambda y: y == y, lambda y: y, lambda y: y, np.ones_like),
    "log": Scale(lambda y: y > 0, np.log, np.exp, lambda y: y),
    "logit": Scale(lambda y: (y > 0) & (y < 1), special.logit, special.expit, lambda y: y * (1 - y)),
}
"""The transforms by name."""


@dataclass(frozen=True)
class SlopeIndex:
    """The line through the groups, from the most deprived end (`intercept`) to the least deprived end.

    `sii` is the difference of the two ends in units of the values (times the multiplier), `rii` their ratio, least over
    most deprived. `standard_error` is that of `sii`; it and the limits are NaN without standard errors of the values.
    `sign` says in words how to read `sii`.
    """

    sii: float
    sii_lower: float
    sii_upper: float
    rii: float
    rii_lower: float
    rii_upper: float
    intercept: float
    standard_error: float
    confidence: float
    groups: int
    sign: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConcentrationIndex:
    """How far something is concentrated among the less deprived (above 0) or the more deprived (below 0).

    `index` runs from -1 to 1, with `variance` (NaN where rows weigh differently); `generalised` is the index times the
    mean; `erreygers` takes account of the `bounds` and is NaN without them. `sign` says in words how to read them.
    `notes` say why `index` is NaN where it is: values below 0, or a mean of 0.
    """

    index: float
    variance: float
    generalised: float
    erreygers: float
    mean: float
    rows: int
    sign: str
    notes: tuple[str, ...] = ()


def slope_index_of_inequality(
    value: Row,
    population: Row,
    standard_error: Row | None = None,
    *,
    transform: Transform = "none",
    multiplier: float = 1,
    confidence: float = CONFIDENCE,
) -> SlopeIndex:
    """Slope and relative index of inequality of values (rates, shares, years of life) by group.

    `value`, `population` and `standard_error` are by group, the most deprived first; 5 to 100 groups. With `transform`
    "log" (rates) or "logit" (shares) the line is fitted to transformed values and read back, and `standard_error` is
    that of the transformed values. `multiplier` scales the SII (100 for shares in percent); a negative one turns its
    sign and inverts the RII, so that more use among the deprived comes out above 0.
    Raises `BadTable` with everything that is wrong with the groups.

    Method: least squares weighted by population on the ridit (the middle of a group's place from 0 to 1). The index is
    linear in the values, so its standard error is √Σ(c·se)², c the second row of (XᵀWX)⁻¹XᵀW; no simulation. Limits of
    the RII: Fieller's; exact on the log scale; by the delta method, as those of the SII, after a transform. Where the end
    that is divided by may be 0, Fieller's limits do not exist: they are NaN, and `notes` says so. `notes` also says where
    the line falls below 0, so that their ratio means nothing.

    >>> slope = slope_index_of_inequality([50, 40, 30, 20, 10], [1000] * 5, [2] * 5)
    >>> round(slope.sii, 6), round(slope.rii, 6), round(slope.intercept, 6), round(slope.standard_error, 4)
    (-50.0, 0.090909, 55.0, 3.1623)
    >>> slope.sign
    'negative = more use in deprived'
    """
    table = aligned("groups", value=value, population=population, standard_error=standard_error)
    rules = Rules("groups", table)
    rules.numbers("value")
    rules.numbers("population", above=0)
    rules.numbers("standard_error", low=0)
    if transform not in SCALES:
        rules.problems.append(f"transform: '{transform}'; there are: {', '.join(SCALES)}")
    elif not rules.problems:
        rules.rows(~SCALES[transform].holds(table["value"]), "value", f"the {transform} of it does not exist")
    if not FEWEST_GROUPS <= len(table) <= MOST_GROUPS:
        rules.problems.append(
            f"groups: there are {len(table)}; a slope needs {FEWEST_GROUPS} to {MOST_GROUPS}. Use fifths or tenths of deprivation"
        )
    if not np.isfinite(multiplier) or multiplier == 0:
        rules.problems.append(f"multiplier: {multiplier:g}; a number other than 0 is needed")
    rules.hold()
    numbers = table.astype(float)
    weight = (numbers["population"] / numbers["population"].sum()).to_numpy()
    design = np.column_stack([np.ones(len(weight)), np.cumsum(weight) - weight / 2])
    solve = np.linalg.solve(design.T @ (design * weight[:, None]), (design * weight[:, None]).T)
    line = solve @ SCALES[transform].to_line(numbers["value"].to_numpy())
    errors = numbers["standard_error"].to_numpy() if "standard_error" in numbers else np.full(len(weight), np.nan)
    scale, known = SCALES[transform], "standard_error" in numbers
    return _index(
        line,
        (solve * errors**2) @ solve.T,
        scale,
        multiplier=multiplier,
        confidence=confidence,
        groups=len(weight),
        known=known,
    )


def concentration_index(
    value: Row, rank: Row, weight: Row | None = None, *, bounds: tuple[float, float] | None = None
) -> ConcentrationIndex:
    """Concentration index of values of people or groups by their rank, lowest (most deprived) first.

    `rank` may have ties, such as deciles of people: they share their average rank. `weight` is how many people a row
    stands for. `bounds` are the least and the most that a value can be (0 and 1 for a share), for Erreygers' index;
    they must be declared, never taken from the values. At least 5 rows. Raises `BadTable` with everything wrong, such as
    values below 0 (their mean may be near 0, and the index anything): only where `bounds` go below 0, as those of
    utilities do, are they taken, for the generalised and Erreygers' index, and `index` is NaN.
    Method: 2·cov_w(y, R)/ȳ; Erreygers 2009, 4ȳ·C/(b - a); variance after Kakwani, Wagstaff and van Doorslaer 1997.

    >>> use = concentration_index([0.5, 0.4, 0.3, 0.2, 0.1], rank=[1, 2, 3, 4, 5], bounds=(0, 1))
    >>> round(use.index, 6), round(use.generalised, 6), round(use.erreygers, 6), use.sign
    (-0.266667, -0.08, -0.32, 'negative = more use in deprived')
    """
    table = aligned("rows", value=value, rank=rank, weight=weight)
    rules = Rules("rows", table)
    rules.numbers("value", "rank")
    rules.numbers("weight", above=0)
    if len(table) < FEWEST_GROUPS:
        rules.problems.append(
            f"rows: there are {len(table)}; a concentration index needs at least {FEWEST_GROUPS} people or groups"
        )
    if bounds is not None and not bounds[0] < bounds[1]:
        rules.problems.append(f"bounds: {bounds[0]:g} and {bounds[1]:g}; the least must be below the most")
    elif bounds is not None:
        rules.numbers("value", low=bounds[0], high=bounds[1])
    else:
        rules.rows(as_numbers(table["value"]) < 0, "value", BELOW_ZERO[:1].lower() + BELOW_ZERO[1:-1])
    rules.hold()
    rows = table.astype(float).sort_values("rank", kind="stable")
    y = rows["value"].to_numpy()
    f = rows["weight"].to_numpy() if "weight" in rows else np.ones(len(y))
    equal, f = bool((f == f[0]).all()), f / f.sum()
    tied = pd.Series(f).groupby(rows["rank"].to_numpy(), sort=False)
    up_to = tied.sum().cumsum().to_numpy()[tied.ngroup()]
    ridit = up_to - tied.transform("sum").to_numpy() / 2
    mean = float(f @ y)
    generalised = float(2 * (f * (y - mean)) @ ridit)
    note = BELOW_ZERO if (y < 0).any() else NOTHING_AT_ALL if mean == 0 else ""
    index = float("nan") if note else generalised / mean
    return ConcentrationIndex(
        index=index,
        variance=_variance(y, ridit, index, mean) if equal and not note else float("nan"),
        generalised=generalised,
        erreygers=4 * generalised / (bounds[1] - bounds[0]) if bounds else float("nan"),
        mean=mean,
        rows=len(y),
        sign=_sign(1),
        notes=(note,) if note else (),
    )


def _index(
    line: np.ndarray,
    covariance: np.ndarray,
    scale: Scale,
    *,
    multiplier: float,
    confidence: float,
    groups: int,
    known: bool,
) -> SlopeIndex:
    """Both indices from the fitted line (intercept and slope) and the covariance of the two, where it is `known`."""
    ends = np.array([[1, 0], [1, 1]])
    most, least = scale.from_line(ends @ line)
    between = ends @ covariance @ ends.T
    steepness = scale.steepness(np.array([most, least]))
    z = z_of(confidence)
    error = float(np.sqrt(np.array([-1, 1]) * steepness @ between @ (np.array([-1, 1]) * steepness)))
    sii = least - most
    sii_limits = sorted(multiplier * (sii + side * z * error) for side in (-1, 1))
    # a negative multiplier asks for the ratio the other way round, whose limits are not always those turned over
    order = [0, 1] if multiplier > 0 else [1, 0]
    under, over = np.array([most, least])[order]
    rii = float(over / under) if under else float("nan")
    if scale is SCALES["none"]:
        ratios = _fieller(under, over, between[np.ix_(order, order)], z)
    else:
        relative = np.array([-1, 1]) * steepness / np.array([most, least])
        half = z * np.sqrt(relative @ between @ relative)
        ratios = (float(rii * np.exp(-half)), float(rii * np.exp(half)))
    return SlopeIndex(
        sii=float(multiplier * sii),
        sii_lower=float(sii_limits[0]),
        sii_upper=float(sii_limits[1]),
        rii=rii,
        rii_lower=float(ratios[0]),
        rii_upper=float(ratios[1]),
        intercept=float(most),
        standard_error=abs(multiplier) * error,
        confidence=confidence,
        groups=groups,
        sign=_sign(multiplier),
        notes=tuple(
            _notes(
                rii,
                most=most,
                least=least,
                unbounded=known and bool(np.isnan(ratios[0])),
                multiplier=multiplier,
                confidence=confidence,
            )
        ),
    )


def _notes(
    rii: float, *, most: float, least: float, unbounded: bool, multiplier: float, confidence: float
) -> list[str]:
    """Why the ratio has no limits, or means nothing."""
    ends = {"most": most, "least": least}
    below = [f"the {name} deprived end ({value:.3g})" for name, value in ends.items() if value < 0]
    said = []
    if below:
        said.append(
            f"The fitted line falls below 0 at {' and '.join(below)}: a straight line does not fit these values, and the "
            f"RII of {rii:.3g} means nothing as a ratio. Read the SII, or take transform='log'."
        )
    divided = "most" if multiplier > 0 else "least"
    if np.isnan(rii):
        said.append(f"The fitted line is 0 at the {divided} deprived end: there is no RII. Read the SII.")
    elif unbounded:
        said.append(
            f"The RII has no limits: at {100 * confidence:g}% confidence the fitted line may be 0 at the {divided} deprived "
            "end, by which is divided. Read the SII and its limits."
        )
    return said


def _fieller(under: float, over: float, between: np.ndarray, z: float) -> tuple[float, float]:
    """Fieller's limits of one end over the other; NaN where that below may be zero: the set of ratios has no ends then."""
    a = under**2 - z**2 * between[0, 0]
    b = under * over - z**2 * between[0, 1]
    c = over**2 - z**2 * between[1, 1]
    if not a > 0:
        return float("nan"), float("nan")
    half = np.sqrt(np.maximum(b * b - a * c, 0))
    return float((b - half) / a), float((b + half) / a)


def _variance(y: np.ndarray, ridit: np.ndarray, index: float, mean: float) -> float:
    """Variance of a concentration index of rows that weigh the same."""
    up_to = pd.Series(np.cumsum(y) / mean / len(y)).groupby(ridit).transform("last").to_numpy()
    tied = pd.Series(y / mean / len(y)).groupby(ridit).transform("sum").to_numpy()
    a = y / mean * (2 * ridit - 1 - index) + 2 - up_to - (up_to - tied)
    return float((np.mean(a**2) - (1 + index) ** 2) / len(y))


def _sign(multiplier: float) -> str:
    return "negative = more use in deprived" if multiplier > 0 else "positive = more use in deprived"
