"""Fresh runs of the posterior beside the published figures: level and trend, shape, and how many figures lie inside bands.

Everything is measured on a scale with a floor: what a figure's last digit hides, or a hundredth of it, is no distance.
`calibration.diagnostics.verdict` weighs what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from calibration.dispersion import Dispersed, all_dispersed, own_chance
from calibration.expected import Inside, excess_of, expected, inside
from calibration.fitting.found import Fit
from calibration.fitting.summaries import NEAREST, Summaries
from calibration.wording import alike_written
from pathways.official.periods import band_in_words, period_in_words

BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of fresh runs: the ends of both bands, and the middle."""
WORST = 5
ONCE = 0.001
"""A figure is far off where chance gives that to any of all figures more rarely than this."""
FAR = 2.0
"""Standard deviations between fresh runs and what was published that are told."""


@dataclass(frozen=True)
class Compared:
    """One series beside fresh runs.

    `published` and `simulated`: its level in the publisher's unit, a date's bands together. `off`: how far its worst
    summary is off, in standard deviations of what is expected; `worst` says which, `worst_published` and
    `worst_simulated` how much of it, `worst_low` and `worst_high` the ends of its 90% interval, and `excluded` whether that
    interval excludes what was published by more than its own width.
    `within_50`, `within_90`: the shares of its `figures` inside these bands; `few_inside` how rarely chance gives so few;
    `far` tells the figure that its own band excludes furthest, where one is excluded by far, else it is blank.
    """

    series: str
    published: float
    simulated: float
    off: float
    worst: str
    worst_published: float
    worst_simulated: float
    worst_low: float
    worst_high: float
    excluded: bool
    figures: int
    within_50: float
    within_90: float
    few_inside: float
    far: str = ""

    def __str__(self) -> str:
        published, simulated, low, high = alike_written(
            self.worst_published, self.worst_simulated, self.worst_low, self.worst_high
        )
        beyond = ", and beyond that interval by more than its width" if self.excluded else ""
        return (
            f"{self.series}, {self.worst}: {published} was published and the fit comes to {simulated} (90% of runs {low} to "
            f"{high}), {self.off:.1f} standard deviations off{beyond}."
        )


@dataclass(frozen=True)
class Reproduced:
    """Fresh runs of the posterior beside the published figures, series by series.

    `chi_square` over all summaries has `freedom` degrees and a probability `p`. `together`: all figures inside bands.
    `dispersed`: by line how much more it varies than runs. `draws` (draws, figures) are what might have been published
    (`calibration.expected`), `bands` their quantiles 5, 25, 50, 75 and 95.
    """

    compared: tuple[Compared, ...]
    chi_square: float
    freedom: int
    p: float
    together: Inside
    dispersed: tuple[Dispersed, ...]
    draws: np.ndarray
    bands: np.ndarray

    @property
    def series(self) -> pd.DataFrame:
        """The series as a table."""
        return pd.DataFrame([vars(each) for each in self.compared])

    @property
    def worst(self) -> pd.DataFrame:
        """The series furthest from the published figures."""
        return self.series.sort_values("off", ascending=False, kind="stable").head(WORST)

    def share_inside(self, percent: int) -> float:
        """The share of all figures inside the 50 or the 90 percent bands."""
        table = self.series
        return float((table[f"within_{percent}"] * table["figures"]).sum() / table["figures"].sum())


def reproduced(fit: Fit) -> Reproduced:
    """Compares the fresh runs with what was published, figure by figure and summary by summary."""
    summaries, runs = fit.summaries, fit.fresh.published
    shown = summaries.as_published(runs)
    draws = expected(summaries, runs, excess_of(summaries, runs))
    found = summaries.of(runs)
    away = summaries.observed - found.mean(axis=0)
    noise = (
        np.atleast_2d(np.cov(found, rowvar=False))
        + summaries.bias
        + own_chance(summaries, runs)
        + np.diag(summaries.floor**2)
    )
    off = np.abs(away) / np.sqrt(np.diag(noise) * (1 + 1 / len(found)))
    ends = [_interval(fit, place, shown, draws) for place in range(len(off))]
    excluded = np.array(
        [off[place] > FAR and bool(_excludes(ends[place][0], *ends[place][2:])) for place in range(len(off))]
    )
    names = list(dict.fromkeys(part.series for part in summaries.parts))
    groups = {
        name: sorted({at for part in summaries.parts if part.series == name for at in part.columns}) for name in names
    }
    counted = inside(summaries, draws, [*groups.values(), sorted({at for each in groups.values() for at in each})])
    published = summaries.published
    bands = np.quantile(draws, BANDS, axis=0)
    far = _far_figures(summaries, draws, bands)
    rows = []
    for name, few in zip(names, counted, strict=False):
        places = [k for k, part in enumerate(summaries.parts) if part.series == name]
        worst = max(places, key=lambda place: (excluded[place], off[place]))
        value, middle, low, high = ends[worst]
        columns = groups[name]
        values = published[columns]
        rows.append(
            Compared(
                name,
                published=ends[places[0]][0],
                simulated=ends[places[0]][1],
                off=float(off[worst]),
                worst=summaries.words(worst),
                worst_published=value,
                worst_simulated=middle,
                worst_low=low,
                worst_high=high,
                excluded=bool(excluded[worst]),
                figures=len(columns),
                within_50=float(((values >= bands[1][columns]) & (values <= bands[3][columns])).mean()),
                within_90=float(((values >= bands[0][columns]) & (values <= bands[4][columns])).mean()),
                few_inside=few.chance,
                far=_furthest(summaries, columns, far, bands),
            )
        )
    statistic, p = _together(away, noise, off, len(found))
    lines = tuple(all_dispersed(summaries.lines, summaries, runs))
    return Reproduced(tuple(rows), statistic, len(away), p, counted[-1], lines, draws, bands)


def _interval(fit: Fit, place: int, shown: np.ndarray, draws: np.ndarray) -> tuple[float, float, float, float]:
    """What a summary is in the reader's unit: published, the median of runs, and the ends of its 90% interval."""
    summaries = fit.summaries
    published = float(summaries.in_unit(place, summaries.published[None, :])[0])
    middle, *ends = (
        float(np.quantile(told, share)) if len(told) else np.nan
        for values, share in ((shown, 0.5), (draws, BANDS[0]), (draws, BANDS[-1]))
        for told in [_finite(summaries.in_unit(place, values))]
    )
    return published, middle, ends[0], ends[1]


def _finite(values: np.ndarray) -> np.ndarray:
    """Without the trends of series that begin with nobody."""
    return values[np.isfinite(values)]


def _excludes(published: Any, low: Any, high: Any) -> Any:
    """Whether an interval excludes what was published by more than its own width; numbers or arrays.

    >>> bool(_excludes(385.0, 7.9, 136.3)), bool(_excludes(200.0, 7.9, 136.3))
    (True, False)
    """
    return np.maximum(low - published, published - high) > high - low


def _far_figures(summaries: Summaries, draws: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """By how many standard deviations each figure is off, where its own band excludes it by far; else 0.

    Level, trend and shares may all be met by a series of which no figure is: people who all wait in the last band, where
    runs have them in the first, are as many. Small counts are never judged more finely than a Poisson count is.
    """
    published, figures = summaries.published, summaries.figures
    limit = float(stats.norm.isf(ONCE / max(1, len(published))))
    found = np.zeros(len(published))
    for strand in summaries.strands:
        at = [column for (column,) in strand.columns]
        points, here = strand.points(draws), strand.points(published[None, :])[0]
        low, high = np.quantile(points, (BANDS[0], BANDS[-1]), axis=0)
        by_width = _excludes(here, low, high) | _excludes(published[at], bands[0, at], bands[-1, at])
        chance = points.std(axis=0)
        chance = np.maximum(chance, 1.0) if strand.scale == "count" else chance
        off = np.abs(here - points.mean(axis=0)) / np.hypot(chance, strand.steps(published, figures, NEAREST))
        found[at] = np.where(by_width & (off > limit), off, 0.0)
    return found


def _furthest(summaries: Summaries, columns: list[int], far: np.ndarray, bands: np.ndarray) -> str:
    """The figure of a series that is furthest off, in a sentence; blank where none is far off."""
    off = far[columns]
    if not off.any():
        return ""
    column = columns[int(np.argmax(off))]
    figure = summaries.figures.iloc[column]
    numbers = (summaries.published[column], *bands[[2, 0, 4], column])
    published, simulated, low, high = alike_written(*map(float, numbers), digits=3)
    band = band_in_words(figure["band_low"], figure["band_high"])
    when = period_in_words(figure["from_date"], figure["to_date"])
    others = int((off > 0).sum()) - 1
    more = f" So {'is' if others == 1 else 'are'} {others} more of its figures." if others else ""
    return (
        f"{', '.join(filter(None, (str(figure['series']), when, band)))}: {published} was published and the fit comes to "
        f"{simulated} (90% of runs {low} to {high}), {off.max():.1f} standard deviations off, and beyond that interval by more "
        f"than its width.{more}"
    )


def _together(away: np.ndarray, noise: np.ndarray, off: np.ndarray, runs: int) -> tuple[float, float]:
    """All summaries together and their probability: Hotelling's T² of one new observation against the runs, where there are
    enough of them; else summary by summary."""
    size = len(away)
    if runs > size + 2:
        t2 = float(away @ np.linalg.solve(noise, away)) * runs / (runs + 1)
        return t2, float(stats.f.sf(t2 * (runs - size) / (size * (runs - 1)), size, runs - size))
    t2 = float((off**2).sum())
    return t2, float(stats.chi2.sf(t2, size))
