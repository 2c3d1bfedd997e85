"""What treatments add to utility over time: when each begins, how long it lasts, how it wanes, and how several combine.

The rule of combining is always the caller's to say: no default is right for all treatments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from outcomes.qalys import HIGHEST, LOWEST
from outcomes.tables import Rules

Stacking = Literal["largest", "capped_sum", "multiplicative"]
"""How effects combine: the largest alone; their sum, up to a cap; or as shares of the utility that is still lost."""


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
    that they can add together. Multiplicative: each treatment takes its share of what is lost against full health,
    1 - (1 - u) x Π(1 - gain / (1 - u)). Utility beyond -0.594 to 1 is clipped, counted and told.

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
    if not LOWEST <= untreated <= HIGHEST:
        rules.problems.append(f"untreated: {untreated:g}; utilities run from {LOWEST:g} to {HIGHEST:g}")
    rules.hold()
    times = np.asarray(t, dtype=float)
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
    added = _combined(each, untreated, stacking, cap)
    utility = np.clip(untreated + added, LOWEST, HIGHEST)
    clipped = int((utility != untreated + added).sum())
    warning = (
        f"utility was clipped to {LOWEST:g} to {HIGHEST:g} at {clipped} of {times.size} times" if clipped else None
    )
    return TreatedUtility(utility, clipped, warning)


def _combined(each: np.ndarray, untreated: float, stacking: Stacking, cap: float | None) -> np.ndarray:
    """What several effects add together, shape of the times. Without any, nothing."""
    if not len(each):
        return np.zeros(each.shape[1:])
    if stacking == "largest":
        return np.take_along_axis(each, np.abs(each).argmax(axis=0)[None], axis=0)[0]
    if stacking == "capped_sum":
        return np.minimum(each.sum(axis=0), np.inf if cap is None else cap)
    lost = HIGHEST - untreated
    if lost <= 0:
        return np.minimum(each, 0.0).sum(axis=0)
    left: np.ndarray = lost * (1 - np.prod(1 - each / lost, axis=0))
    return left
