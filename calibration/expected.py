"""What might have been published if the fit were right: fresh runs, with what the model may miss and what chance it lacks.

Figures are judged by bands of these, and the shares of figures inside bands by what the same shares are for the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from calibration.dispersion import all_dispersed
from calibration.fitting.summaries import NEAREST, Summaries
from calibration.in_common import SeriesScope, alike
from calibration.lines import BACK, PERCENT

COPIES = 8
"""Each run is taken so many times, each time with other chance beyond it."""
SEED = 6
JITTER = 1e-9
LEAST_SHARED = 0.001
"""What months share of their chance is not told from none, or from all, more finely than this."""
HALF, MOST = 0.5, 0.9
"""The bands whose shares inside are judged."""

Excess = Mapping[tuple[str, str], float]


def excess_of(summaries: Summaries, simulated: np.ndarray) -> Excess:
    """The variance that runs lack, by series and band."""
    found = all_dispersed(summaries.strands, summaries, simulated)
    return {(each.series, each.part): each.excess for each in found}


def expected(summaries: Summaries, simulated: np.ndarray, excess: Excess) -> np.ndarray:
    """Figures that might have been published; shape (runs, figures) to (`COPIES` × runs, figures), all runs, then again.

    The error of a series that the model may miss is common to all its dates, and shared with series that count the same;
    as much again is each date's own.
    """
    rng = np.random.default_rng(SEED)
    found = np.tile(simulated, (COPIES, 1))
    names = list(dict.fromkeys(strand.series for strand in summaries.strands))
    rows = [summaries.figures[summaries.figures["series"] == name] for name in names]
    between = alike([SeriesScope.of(each, summaries.people) for each in rows]) + JITTER * np.eye(len(names))
    common = rng.normal(size=(len(found), len(names))) @ np.linalg.cholesky(between).T
    for strand in summaries.strands:
        each = strand.discrepancies(summaries.published, summaries.figures)
        own = np.hypot(np.sqrt(excess.get((strand.series, strand.part), 0.0)), each)
        noise = own * rng.normal(size=(len(found), len(each))) + each * common[:, [names.index(strand.series)]]
        if own.any():
            columns = [column for (column,) in strand.columns]
            moved = BACK[strand.scale](strand.points(found) + noise)
            found[:, columns] = moved * PERCENT if strand.scale == "share" else moved
    return summaries.as_published(found)


@dataclass(frozen=True)
class Inside:
    """How many of some figures lie inside the 50% and 90% bands, or as near as they are judged, and how rarely chance gives
    as few (`chance`: the rarer of both bands, asked twice)."""

    figures: int
    within_50: int
    within_90: int
    chance: float


def inside(summaries: Summaries, draws: np.ndarray, groups: Sequence[Sequence[int]]) -> list[Inside]:
    """How many figures of each group (places of columns) lie inside the bands of `draws` (as `expected` gives them).

    Chance is judged by the runs: each against the bands of all others, so that months that depend on each other count as
    little as they tell.
    """
    step = figure_steps(summaries)
    runs = len(draws) // COPIES
    of_run = np.tile(np.arange(runs), COPIES)
    published = summaries.published
    here = {share: _in_band(published, draws, step, share) for share in (HALF, MOST)}
    left = [(draws[k], draws[of_run != k]) for k in range(runs)]
    theirs = {share: np.array([_in_band(one, others, step, share) for one, others in left]) for share in here}
    found = []
    for group in groups:
        at = list(group)
        counts = {share: int(here[share][at].sum()) for share in here}
        p = [_as_few(counts[share], theirs[share][:, at].sum(axis=1), len(at)) for share in here]
        found.append(Inside(len(at), counts[HALF], counts[MOST], min(1.0, 2 * min(p))))
    return found


def figure_steps(summaries: Summaries) -> np.ndarray:
    """Half a rounding step of each figure, or a hundredth of it: no figure is judged more finely."""
    figures, published = summaries.figures, np.nan_to_num(summaries.published)
    rounding = figures["rounded_to"].to_numpy() / 2
    exact = np.zeros(len(figures), dtype=bool)
    for strand in summaries.strands:
        exact[list(strand.used)] = strand.exact(figures)
    return np.asarray(np.maximum(NEAREST * published, np.where(exact, 0.0, rounding)))


def _in_band(values: np.ndarray, draws: np.ndarray, step: np.ndarray, share: float) -> np.ndarray:
    most = 1 - (1 - share) / 2
    return np.asarray(((draws < values - step).mean(axis=0) <= most) & ((draws > values + step).mean(axis=0) <= most))


def _as_few(count: int, counts: np.ndarray, figures: int) -> float:
    """The chance of so few or fewer of the figures, by a beta-binomial with the mean and the spread of the runs' counts.

    >>> even = np.full(64, 9)
    >>> round(_as_few(9, even, 10), 2), round(_as_few(5, even, 10), 3)
    (0.65, 0.002)
    >>> round(_as_few(5, np.array([10] * 56 + [2] * 8), 10), 2)
    0.1
    """
    mean = float(np.clip(counts.mean() / figures, 0.5 / (len(counts) + 1), 1 - 0.5 / (len(counts) * figures + 1)))
    binomial = mean * (1 - mean) / figures
    if figures == 1:
        return float(stats.binom.cdf(count, 1, mean))
    shared = float(np.clip(((counts / figures).var(ddof=1) / binomial - 1) / (figures - 1), 0, 1 - LEAST_SHARED))
    if shared < LEAST_SHARED:
        return float(stats.binom.cdf(count, figures, mean))
    weight = 1 / shared - 1
    return float(stats.betabinom.cdf(count, figures, mean * weight, (1 - mean) * weight))
