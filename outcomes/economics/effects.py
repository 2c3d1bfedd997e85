"""What treatments add to utility over time: when each begins, how long it lasts, how it wanes, and how several combine.

The rule of combining is always the caller's to say: no default is right for all treatments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from outcomes.arrays import as_given, checked
from outcomes.economics.qalys import HIGHEST, LOWEST
from outcomes.table_rules import Rules, written

Stacking = Literal["largest", "capped_sum", "multiplicative"]
"""How effects combine: the largest alone; their sum, up to a cap; or as shares: gains of the utility that is still lost,
harms of the utility that is still held."""

ROUNDING = 1e-12
"""How far beyond what is lost a gain may lie by the rounding of numbers alone."""


@dataclass(frozen=True)
class TreatedUtility:
    """Utility at each time, and a warning with the number of times at which it had to be clipped, or None."""

    utility: np.ndarray
    clipped: int
    warning: str | None


def effect_at(t: np.ndarray, *, gain: float, onset: float, duration: float, half_life: float) -> np.ndarray:
    """What one treatment adds to utility at times `t` (years since it was given).

    Nothing before `onset`; `gain` for `duration`; then it halves every `half_life`, or is gone at once where that is 0.

    >>> effect_at(np.array([0.0, 1.0, 2.0, 3.0]), gain=0.08, onset=0.5, duration=1.5, half_life=1.0).tolist()
    [0.0, 0.08, 0.08, 0.04]
    """
    since_full = t - onset - duration
    later = gain * 0.5 ** (np.maximum(since_full, 0) / half_life) if half_life > 0 else np.zeros_like(t)
    return np.where(t < onset, 0.0, np.where(since_full <= 0, gain, later))


def treated_utility(
    t: np.ndarray, *, untreated: float, effects: pd.DataFrame, stacking: Stacking, cap: float | None = None
) -> TreatedUtility:
    """Utility at times `t` (years) of somebody who would have `untreated` without, under several treatments.

    `effects`: one row per treatment: `service`, `given` (year in which it is given), `gain` (of utility; negative for
    harm), `onset`, `duration`, `half_life` (years). `stacking` says how they combine; `capped_sum` needs `cap`, the most
    that they can add together. Multiplicative: with u untreated, l = 1 - u lost against full health and h = u + 0.594 held
    above the worst, each gain takes its share of what the others leave lost, each harm its share of what they leave held:
    u + l x (1 - Π(1 - gain / l)) - h x (1 - Π(1 - harm / h)). No share is above 1, so that two gains are never worth less
    than one. Gains beyond what is lost, harms beyond what is held and utility beyond -0.594 to 1 are clipped, counted and
    told.

    >>> effects = pd.DataFrame({"service": ["physio", "cft"], "given": [0, 0], "gain": [0.1, 0.2], "onset": [0, 0],
    ...                         "duration": [1, 1], "half_life": [0, 0]})
    >>> now = np.array([0.5])
    >>> for rule, cap in (("largest", None), ("capped_sum", 0.25), ("multiplicative", None)):
    ...     print(rule, treated_utility(now, untreated=0.5, effects=effects, stacking=rule, cap=cap).utility.round(3).tolist())
    largest [0.7]
    capped_sum [0.75]
    multiplicative [0.76]
    """
    rules = Rules("effects", effects)
    rules.has("service", "given", "gain", "onset", "duration", "half_life")
    rules.numbers("given", "gain")
    rules.numbers("onset", "duration", "half_life", low=0)
    if stacking not in ("largest", "capped_sum", "multiplicative"):
        rules.problems.append(f"stacking: '{stacking}'; there are: largest, capped_sum, multiplicative")
    if (stacking == "capped_sum") != (cap is not None):
        rules.problems.append(
            "cap: it goes with stacking 'capped_sum', and is needed there: the most that effects add together"
        )
    elif cap is not None and not cap >= 0:
        rules.problems.append(f"cap: {written(cap)}; a number from 0 is needed")
    _, [utility_untreated] = as_given([untreated])
    if not LOWEST <= utility_untreated <= HIGHEST:
        rules.problems.append(f"untreated: {written(untreated)}; utilities run from {LOWEST:g} to {HIGHEST:g}")
    rules.hold()
    times = checked("t", t)
    each = np.array(
        [
            effect_at(
                times - row["given"],
                gain=float(row["gain"]),
                onset=float(row["onset"]),
                duration=float(row["duration"]),
                half_life=float(row["half_life"]),
            )
            for row in effects.to_dict("records")
        ]
    ).reshape(len(effects), *times.shape)
    added, beyond = _combined(each, untreated, stacking, cap)
    utility = np.clip(untreated + added, LOWEST, HIGHEST)
    clipped = int((beyond | (utility != untreated + added)).sum())
    warning = (
        f"utility was clipped to {LOWEST:g} to {HIGHEST:g} at {clipped} of {times.size} times" if clipped else None
    )
    return TreatedUtility(utility, clipped, warning)


def _combined(
    each: np.ndarray, untreated: float, stacking: Stacking, cap: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """What several effects add together, and where one had to be clipped; shape of the times. Without any, nothing."""
    whole = np.zeros(each.shape[1:], dtype=bool)
    if not len(each):
        return np.zeros(each.shape[1:]), whole
    if stacking == "largest":
        return np.take_along_axis(each, np.abs(each).argmax(axis=0)[None], axis=0)[0], whole
    if stacking == "capped_sum":
        return np.minimum(each.sum(axis=0), np.inf if cap is None else cap), whole
    gained, over = _taken(np.maximum(each, 0), HIGHEST - untreated)
    harmed, under = _taken(np.maximum(-each, 0), untreated - LOWEST)
    return gained - harmed, over | under


def _taken(each: np.ndarray, there: float) -> tuple[np.ndarray, np.ndarray]:
    """How much of what is `there` several take, each its share of what the others leave; and where one asks for more."""
    shares = each / there if there > 0 else (each > 0).astype(float)
    beyond = (each > there * (1 + ROUNDING)).any(axis=0)
    taken = there * (1 - np.prod(1 - np.minimum(shares, 1), axis=0))
    return np.asarray(taken), np.asarray(beyond)
