"""How much of what practices are seen to differ by is theirs: partial pooling of counts by practice.

The model. A practice's effect u is normal with mean 0 and sd `spread`, on the log odds scale of a practice effect of
the pathway; its count is Poisson with mean `expected` · exp(`slope` · u). `expected` is what the model makes of the
practice when u is 0, `slope` the change of a log count per unit of u, which runs of the model tell: 1 where the effect
acts on the count itself. The smaller a practice, the more its effect is drawn to 0; how much, the counts of all decide.

The posterior of each u is worked out exactly, zero counts included: by the trapezium rule, over nodes that lie where
the density is. A missing count says nothing. How practices come by their effects in a run is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from outcomes.arrays import Numbers, checked
from outcomes.table_rules import Rules

NODES = 129
"""Points at which a density is looked at."""
DEEP = 32
"""Nodes end where the log density has fallen by so much: nothing beyond them can be told from 0."""
HALVINGS = 40
"""Steps in which the ends are found; each halves what is not known of them."""
SPREADS = 2 * np.arange(101) / 100
"""Spreads tried first, on the log odds scale. At 2 the practices at the ends of a 95% interval differ 2,500-fold in odds."""
FINER = 20
"""Parts into which the steps beside the likeliest spread are divided."""
MOST_SPREAD = 32
"""No larger spread is looked for."""


@dataclass(frozen=True)
class Spread:
    """How much practices differ by more than chance, on the log odds scale: `spread`, the likeliest, which can be 0.

    `curve` has one row for each spread tried: `spread`, `log_likelihood` (of all counts, effects averaged out) and
    `weight`, its share of the likelihood of all (0 to 1, adding to 1): the posterior where all are as likely beforehand.
    """

    spread: float
    curve: pd.DataFrame


def pooled(observed: Numbers, expected: Numbers, *, spread: float, slope: float) -> pd.DataFrame:
    """Each practice's own ratio, and what is left of it when all are seen together; one row per practice.

    `observed` are counts (NaN: not known), `expected` the model's for an effect of 0, both by practice; the index is
    that of `observed`. Columns:

    - `observed`, `expected`, and `ratio`, the one over the other; NaN where nothing is known or expected;
    - `effect`, `effect_sd`: mean and sd of the effect u, given the count, on the log odds scale;
    - `pooled_ratio`: exp(slope · effect), the ratio to believe, which is 1 where nothing is known;
    - `weight`: how far the practice's own count decides, from 0 (the spread alone) to 1 (the count alone):
      1 less the variance of u over that of all practices.
    Raises `BadTable` with everything that is wrong with the numbers.

    >>> table = pooled([0, 30, 3000], [10.0, 20, 2000], spread=0.5, slope=1)
    >>> table[["ratio", "pooled_ratio", "effect", "weight"]].round(2).to_numpy().tolist()
    [[0.0, 0.37, -0.99, 0.49], [1.5, 1.41, 0.34, 0.88], [1.5, 1.5, 0.4, 1.0]]
    """
    counts, means = _checked(observed, expected)
    scale = float(checked("spread", spread, low=0))
    z, weight, _ = _posterior(counts, means, scale * float(checked("slope", slope)))
    mean = (weight * z).sum(axis=-1)
    variance = (weight * (z - mean[:, None]) ** 2).sum(axis=-1)
    known = ~np.isnan(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(known & (means > 0), counts / means, np.nan)
    return pd.DataFrame(
        {
            "observed": counts,
            "expected": means,
            "ratio": ratio,
            "effect": scale * mean,
            "effect_sd": scale * np.sqrt(variance),
            "pooled_ratio": np.exp(slope * scale * mean),
            "weight": np.clip(1 - variance, 0, 1) if scale else np.zeros(len(counts)),
        },
        index=observed.index if isinstance(observed, pd.Series) else None,
    )


def spread_from(observed: Numbers, expected: Numbers, slope: float) -> Spread:
    """The spread under which the counts of all practices are likeliest, effects averaged out; and how likely others are.

    `observed`, `expected` and `slope` as in `pooled`. It is 0 where the counts differ by no more than chance makes
    Poisson counts differ, and where nothing can be told: without counts, or with a slope of 0. Raises `BadTable` with
    everything that is wrong with the numbers.

    >>> spread_from([11, 8, 10, 12, 9, 10], [10.0] * 6, slope=1).spread
    0.0
    >>> wide = spread_from([2, 30, 5, 18, 0, 12], [10.0] * 6, slope=1)
    >>> 0.6 < wide.spread < 1.4, bool(wide.curve["log_likelihood"].iloc[0] < wide.curve["log_likelihood"].max() - 10)
    (True, True)
    """
    counts, means = _checked(observed, expected)
    step = float(checked("slope", slope))
    spreads = SPREADS
    likelihood = _log_likelihood(counts, means, spreads * step)
    while likelihood.argmax() == len(spreads) - 1 and spreads[-1] < MOST_SPREAD:
        spreads = np.append(spreads, spreads[-1] + spreads[1:])
        likelihood = _log_likelihood(counts, means, spreads * step)
    best = int(likelihood.argmax())
    ends = max(best - 1, 0), min(best + 1, len(spreads) - 1)
    near = np.linspace(spreads[ends[0]], spreads[ends[1]], 2 * FINER + 1)
    weight = np.exp(likelihood - likelihood.max())
    curve = pd.DataFrame({"spread": spreads, "log_likelihood": likelihood, "weight": weight / weight.sum()})
    return Spread(float(near[_log_likelihood(counts, means, near * step).argmax()]), curve)


def draw_effects(
    observed: Numbers, expected: Numbers, spreads: Numbers, slope: float, rng: np.random.Generator
) -> np.ndarray:
    """Draws of the effects given the counts, one for each draw of the spread; shape (draws, practices).

    `observed`, `expected` and `slope` as in `pooled`; `spreads` by draw. Effects are drawn by practice: given the spread
    and the slope they do not depend on each other. A spread of 0 makes effects of 0. Raises `BadTable` with everything
    that is wrong with the numbers.

    >>> effects = draw_effects([0, 30, 3000], [10.0, 20, 2000], [0.5] * 4000, slope=1, rng=np.random.default_rng(1))
    >>> effects.shape, effects.mean(axis=0).round(1).tolist()
    ((4000, 3), [-1.0, 0.3, 0.4])
    """
    counts, means = _checked(observed, expected)
    scales = np.atleast_1d(checked("spreads", spreads, low=0))
    step = float(checked("slope", slope))
    chance = rng.random((len(scales), len(counts)))
    effects = np.empty_like(chance)
    for practice in range(len(counts)):  # nodes of all at once would fill the memory
        z, weight, _ = _posterior(counts[practice], means[practice], scales * step)
        effects[:, practice] = scales * _quantiles(z, weight, chance[:, practice])
    return effects


def _quantiles(z: np.ndarray, weight: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Where so much of each row's weight lies below, the density being flat between nodes; shape (rows,)."""
    below = np.cumsum((weight[:, 1:] + weight[:, :-1]) / 2, axis=1)
    below = np.concatenate([np.zeros((len(below), 1)), below / below[:, -1:]], axis=1)
    rows = np.arange(len(z))
    cell = np.clip((below <= chance[:, None]).sum(axis=1), 1, z.shape[1] - 1)
    low, high = below[rows, cell - 1], below[rows, cell]
    part = np.divide(chance - low, high - low, out=np.zeros_like(chance), where=high > low)
    found: np.ndarray = z[rows, cell - 1] + part * (z[rows, cell] - z[rows, cell - 1])
    return found


def _log_likelihood(counts: np.ndarray, means: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Of all counts together, for each of the scales."""
    total: np.ndarray = _posterior(counts, means, scales[:, None])[2].sum(axis=1)
    return total


def _posterior(
    counts: np.ndarray, means: np.ndarray, scale: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, their weights, and the log likelihood, of standard normal z with counts Poisson(means · exp(scale · z)).

    The three arguments are broadcast; nodes and weights have one axis more, the last, along which weights add to 1.
    """
    known = ~np.isnan(counts)
    count, mean, b = np.broadcast_arrays(np.where(known, counts, 0), np.where(known, means, 0), scale)
    with np.errstate(divide="ignore"):
        omega = special.wrightomega(np.log(b**2 * mean) + b**2 * count)  # b² times the Poisson mean at the mode
    mode = np.divide(b**2 * count - omega, b, out=np.zeros(b.shape), where=b != 0)
    at_mode = mean * np.exp(b * mode)
    left, right = (_half_width(at_mode, side * b) for side in (-1, 1))
    away = -left[..., None] + (left + right)[..., None] * np.linspace(0, 1, NODES)
    density = np.exp(-_fall(at_mode[..., None], b[..., None], away))
    total = density.sum(axis=-1)
    step = (left + right) / (NODES - 1)
    log_likelihood = (
        special.xlogy(count, mean) + count * b * mode - at_mode - special.gammaln(count + 1)
        - mode**2 / 2 + np.log(total * step / np.sqrt(2 * np.pi))
    )  # fmt: skip
    return mode[..., None] + away, density / total[..., None], log_likelihood


def _fall(at_mode: np.ndarray, b: np.ndarray, away: np.ndarray) -> np.ndarray:
    """By how much the log density is lower so far away from the mode."""
    lower: np.ndarray = at_mode * (np.expm1(b * away) - b * away) + away**2 / 2
    return lower


def _half_width(at_mode: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far from the mode the log density has fallen by `DEEP`, on the side where z grows with the sign of b."""
    low, high = np.zeros(b.shape), np.full(b.shape, np.sqrt(2 * DEEP))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        with np.errstate(over="ignore"):
            deep = _fall(at_mode, b, middle) > DEEP
        low, high = np.where(deep, low, middle), np.where(deep, middle, high)
    return high


def _checked(observed: Numbers, expected: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Counts and means by practice; raises `BadTable` with everything that is wrong with them."""
    counts, means = (np.atleast_1d(np.asarray(each, dtype=float)) for each in (observed, expected))
    rules = Rules("practices", pd.DataFrame({"observed": pd.Series(counts), "expected": pd.Series(means)}))
    if len(counts) != len(means):
        rules.problems.append(
            f"practices: there are {len(counts)} counts and {len(means)} expected; one of each is needed"
        )
    else:
        rules.rows(
            (counts < 0) | np.isinf(counts), "observed", "a number from 0 is needed, or none where it is not known"
        )
        rules.numbers("expected", low=0)
        rules.rows(
            (counts > 0) & (means == 0), ["observed", "expected"], "what was observed must be expected, however rarely"
        )
    rules.hold()
    return counts, means
