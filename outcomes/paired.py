"""Differences between a scenario and its base under common random numbers: paired, replication by replication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

LEVEL = 0.95
"""The confidence level of an interval, unless another is asked for."""

FEW_EVENTS = 20
"""Differences that rest on fewer events than this, over all runs together, are too rare to tell. A judgement of ours, the
usual limit below which rates are called unreliable; `benchmarks/intervals.py` measures what intervals are worth above it."""
FEW_RUNS = 10
"""So are those of which fewer runs than this, and less than half of all, differ at all."""


@dataclass(frozen=True)
class PairedDifference:
    """The difference of paired runs: its mean with a t interval, the range of the runs, and how many agree on its sign.

    `share_lower` and `share_higher` are shares of runs in which the scenario is strictly lower or higher than the
    base; runs that are equal count for neither. With one run there is no interval: `low` and `high` are NaN.
    """

    mean: float
    low: float
    high: float
    share_lower: float
    share_higher: float
    runs: int
    lowest: float
    highest: float

    @property
    def runs_lower(self) -> int:
        """In how many runs the scenario is lower."""
        return round(self.share_lower * self.runs) if self.runs else 0

    @property
    def runs_higher(self) -> int:
        """In how many runs the scenario is higher."""
        return round(self.share_higher * self.runs) if self.runs else 0


def t_half_width(values: np.ndarray, *, level: float = LEVEL) -> float:
    """Half the width of the t interval of a mean; NaN for fewer than two values, 0 where all are equal.

    >>> round(t_half_width(np.array([1.0, 2.0, 3.0])), 3)
    2.484
    """
    runs = len(values)
    if runs < 2:
        return float("nan")
    return float(special.stdtrit(runs - 1, 0.5 + level / 2) * values.std(ddof=1) / np.sqrt(runs))


def paired_difference(
    scenario: Sequence[float] | np.ndarray, base: Sequence[float] | np.ndarray, *, level: float = LEVEL
) -> PairedDifference:
    """Scenario minus base, run by run: both hold one number per run, in the same order of runs.

    Runs in which either number is missing (NaN: nobody was seen, so there is no mean wait) are left out.
    Raises ValueError where the numbers of runs differ.

    >>> difference = paired_difference([9.0, 12.0, 10.0], [10.0, 12.0, 12.0])
    >>> difference.mean, round(difference.low, 2), round(difference.share_lower, 2)
    (-1.0, -3.48, 0.67)
    """
    one, other = _pairs(scenario, base)
    differences = one - other
    if len(differences) == 0:
        nan = float("nan")
        return PairedDifference(nan, nan, nan, nan, nan, 0, nan, nan)
    mean, half = float(differences.mean()), t_half_width(differences, level=level)
    return PairedDifference(
        mean=mean,
        low=mean - half,
        high=mean + half,
        share_lower=float((differences < 0).mean()),
        share_higher=float((differences > 0).mean()),
        runs=len(differences),
        lowest=float(differences.min()),
        highest=float(differences.max()),
    )


def percent_changes(scenario: np.ndarray, base: np.ndarray) -> np.ndarray:
    """The differences of paired runs in percent of the base's mean; without a run in which either is missing.

    Nothing where the base is nought in all of them: there is no percentage of nothing.

    >>> percent_changes(np.array([3.0, 5.0, np.nan]), np.array([4.0, 4.0, 9.0])).tolist()
    [-25.0, 25.0]
    """
    usable = np.isfinite(scenario) & np.isfinite(base)
    scale = abs(float(base[usable].mean())) if usable.any() else 0.0
    changes: np.ndarray = 100 * (scenario[usable] - base[usable]) / scale if scale else np.zeros(0)
    return changes


def sign(difference: PairedDifference) -> int:
    """1 or -1 where the whole interval of a difference lies on one side of 0; else 0, for then its sign is not known."""
    return int(difference.low > 0) - int(difference.high < 0)


def too_few_runs_differ(scenario: Sequence[float] | np.ndarray, base: Sequence[float] | np.ndarray) -> bool:
    """Whether so few runs differ, or none, that their mean has no interval to speak of.

    That none differs does not show that there is no difference: where it is known by construction, ask that first. Runs in
    which either is missing are left out; of fewer than two there is no interval anyway, and the answer is no.

    >>> too_few_runs_differ([5.0] * 9 + [9.0], [5.0] * 10), too_few_runs_differ([4.0] * 9 + [9.0], [5.0] * 10)
    (True, False)
    """
    one, other = _pairs(scenario, base)
    return len(one) > 1 and int((one != other).sum()) < min(FEW_RUNS, len(one) / 2)


def too_few_events(scenario: Sequence[float] | np.ndarray, base: Sequence[float] | np.ndarray) -> bool:
    """Whether counts rest on too few events to tell how they differ: one number of events per run on both sides.

    What counts is by how many events the runs differ, one after another, however many there are: fifty operations in ten
    runs, the same fifty on both sides, do not show that none is ever spared. Of so few the interval has no width, or one by
    accident, and holds the truth hardly ever. Where it is known by construction that nothing differs, ask that first. Of
    fewer than two runs there is no interval anyway, and the answer is no.

    >>> too_few_events([5] * 10, [5] * 10), too_few_events([999, 1002], [999, 1000]), too_few_events([990] * 10, [1000] * 10)
    (True, True, False)
    """
    one, other = _pairs(scenario, base)
    return len(one) > 1 and bool(np.abs(one - other).sum() < FEW_EVENTS or too_few_runs_differ(one, other))


def replications_are_enough(differences: np.ndarray, *, scale: float, precision: float) -> bool:
    """Whether the interval of a mean is narrow: half its width within `precision` of `scale`, or of the mean.

    `scale` is what the difference is measured against, usually the base's mean.

    >>> replications_are_enough(np.array([-5.0, -5.1, -4.9]), scale=100.0, precision=0.05)
    True
    """
    if len(differences) < 2:
        return False
    allowed = precision * max(abs(scale), abs(float(differences.mean())))
    return bool(t_half_width(differences) <= allowed)


def variance_ratio(scenario: Sequence[float] | np.ndarray, base: Sequence[float] | np.ndarray) -> float:
    """Variance of paired differences against that of independent runs: below 1, pairing has made the answer sharper.

    var(scenario - base) / (var(scenario) + var(base)); runs in which either is missing are left out. NaN with fewer than
    two runs, or where neither varies.

    >>> variance_ratio([11.0, 13.0, 12.0], [10.0, 12.0, 14.0])
    0.6
    """
    one, other = _pairs(scenario, base)
    if len(one) < 2:
        return float("nan")
    independent = float(one.var(ddof=1) + other.var(ddof=1))
    return float((one - other).var(ddof=1)) / independent if independent > 0 else float("nan")


def paired_p_value(scenario: Sequence[float] | np.ndarray, base: Sequence[float] | np.ndarray) -> float:
    """Two-sided p value of the paired t test: how often chance alone gives a mean difference as far from 0.

    Runs in which either is missing are left out. NaN with fewer than two runs, or where all differences are the same.

    >>> round(paired_p_value([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]), 4)
    0.0742
    """
    one, other = _pairs(scenario, base)
    differences = one - other
    if len(differences) < 2 or np.ptp(differences) == 0:
        return float("nan")
    t = differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences)))
    return float(2 * special.stdtr(len(differences) - 1, -abs(t)))


def _pairs(scenario: Sequence[float] | np.ndarray, base: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of the runs in which neither is missing; ValueError where the numbers of runs differ."""
    if len(scenario) != len(base):
        raise ValueError(f"the scenario has {len(scenario)} runs and the base {len(base)}: they cannot be paired")
    one, other = np.asarray(scenario, dtype=float), np.asarray(base, dtype=float)
    there = ~np.isnan(one - other)
    return one[there], other[there]
