"""How much more published figures vary about their level, slope and season than runs do, and what is made of it.

Real counts vary more than a simulator's chance: weather, working days, who was on leave, how somebody counted. What the
residuals of a series show of it widens the noise of that series. It is taken as each date's own: what goes on from date to
date is shape, and no noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from calibration.fitting.summaries import NEAREST, Summaries
from calibration.in_common import chance_shared
from calibration.lines import Line

FEWEST_LEFT = 4
"""With fewer figures left over by level, slope and season nothing is said of how much a series varies."""


@dataclass(frozen=True)
class Dispersed:
    """How a line varies beside runs.

    `factor`: the variance of its residuals over what runs and discrepancy give, 1 at least; NaN where too few figures are
    left over. `excess`: the variance on the line's scale, by date, that runs lack. `p`: how often runs have residuals as
    large. `typical`: the size of its residuals as a share of its level (of all, for a share).
    """

    series: str
    part: str
    factor: float
    excess: float
    p: float
    typical: float

    @property
    def told(self) -> bool:
        """Whether there were enough figures to tell."""
        return not np.isnan(self.factor)


def dispersed(line: Line, summaries: Summaries, runs: np.ndarray) -> Dispersed:
    """A line beside runs, which are on the publisher's scale; shape (runs, figures).

    Residuals of runs have the mean that runs have (a list that fills and then stays is no noise), and their own spread
    says what chance can do, whether their months depend on each other or not.
    """
    published, figures = summaries.published, summaries.figures
    freedom = line.freedom
    if freedom < FEWEST_LEFT or len(runs) < 2:
        return Dispersed(line.series, line.part, np.nan, 0.0, 1.0, 0.0)
    left = line.left(runs)
    middle = left.mean(axis=0)
    by_run = ((left - middle) ** 2).sum(axis=1) / freedom * len(runs) / (len(runs) - 1)
    of_runs = float(by_run.mean())
    found = float(((line.left(published[None, :])[0] - middle) ** 2).sum() / freedom * len(runs) / (len(runs) + 1))
    stated = float((line.discrepancies(published, figures) ** 2).mean())
    least = float((line.steps(published, figures, NEAREST) ** 2).mean())
    ratio = found / (max(of_runs, least) + stated)
    steady = 2 * of_runs**2 / float(by_run.var(ddof=1)) if by_run.var() > 0 else float(freedom)
    # the variance is itself known from few figures only: as much wider as Student's t is
    excess = max(0.0, found - of_runs - stated) * freedom / (freedom - 2)
    levels = line.levels(published[None, :])[0]
    slope, reach = np.abs(line.steepness(levels)).mean(), 1.0 if line.scale == "share" else levels.mean()
    typical = np.sqrt(found) / (slope * reach) if slope * reach > 0 else 0.0
    p = float(stats.f.sf(ratio, steady, steady * (len(runs) - 1)))
    return Dispersed(line.series, line.part, max(1.0, ratio), excess, p, float(typical))


def all_dispersed(lines: Sequence[Line], summaries: Summaries, simulated: np.ndarray) -> list[Dispersed]:
    """Each line beside simulated figures, shape (runs, figures), which are rounded and suppressed first."""
    runs = summaries.as_published(simulated)
    return [dispersed(line, summaries, runs) for line in lines]


def own_chance(summaries: Summaries, simulated: np.ndarray) -> np.ndarray:
    """The covariance (summaries, summaries) of the chance that runs lack; series of the same people and days share it.
    `simulated` (runs, figures) are runs near the answer."""
    excess = {(each.series, each.part): each.excess for each in all_dispersed(summaries.lines, summaries, simulated)}
    size = np.sqrt([excess.get((part.series, part.part), 0.0) for part in summaries.parts])
    return summaries.among_alike(chance_shared) * np.outer(size, size)


def beyond_runs(summaries: Summaries, simulated: np.ndarray) -> np.ndarray:
    """The covariance of what separates published summaries from runs at the true quantities: what the model may miss, and
    what runs lack of chance."""
    return summaries.bias + own_chance(summaries, simulated)
