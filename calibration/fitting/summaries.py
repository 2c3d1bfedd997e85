"""From published figures to the few numbers that are fitted: level, slope and season of each series.

Each series is brought to a scale on which chance spreads it evenly, then told by its mean, its slope over time and,
where two years of months are there, its yearly wave; a series of bands by its total and by the shares within each band's
end. Simulated and published figures go through the same function, rounding and suppression included. Reducing a series
to such summaries is what makes intervals hold: a covariance of all its months cannot be learnt from a few hundred runs.
What the summaries leave over of a series is judged by `calibration.dispersion`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from calibration.in_common import SeriesScope, alike
from calibration.lines import LEVEL, SLOPE, Line, basis_over, line_of, strands_of
from outcomes.journeys.reported import COUNTS, as_published

SPREAD = "spread between practices"
RARE = 0.01
"""Shares within a band's end below this, or so near to one, are left out: they carry nothing but chance."""
FEWEST_PRACTICES = 5
"""From so many practices on, their counts are told by their sum and by how far they lie apart."""
HALF_A_COUNT = 0.5
"""Added to a practice's count, so that a count of 0 has a logarithm."""
NEAREST = 0.01
"""No model and no count is judged more finely than by this share of a level, or of all for a share."""


@dataclass(frozen=True)
class Summary:
    """One fitted number: which `series` it tells and what of it, with its weight.

    `columns` are the places of the figures that it is made of. `discrepancy` is the standard deviation, on the
    summary's scale, of what the model cannot be expected to reproduce.
    """

    series: str
    what: str
    part: str
    columns: tuple[int, ...]
    weight: float
    discrepancy: float

    @property
    def name(self) -> str:
        """Series, part and what."""
        return " ".join(word for word in (self.series, self.part, self.what) if word)


@dataclass(frozen=True)
class Between:
    """How far practices lie apart: the spread of the logarithms of their counts per registered person."""

    series: str
    columns: tuple[tuple[int, ...], ...]
    people: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """One number per run; values of shape (runs, figures)."""
        counts = np.stack([values[:, list(columns)].sum(axis=1) for columns in self.columns], axis=1)
        return np.asarray(np.log((counts + HALF_A_COUNT) / self.people).std(axis=1, ddof=1))


class Summaries:
    """What is fitted of a set of figures. `observed` are the summaries of the published ones.

    `people` are those registered by practice. `names` are those of the summaries, in the order of the columns of `of`.
    """

    def __init__(self, figures: pd.DataFrame, people: Mapping[str, float]):
        self.figures = figures.reset_index(drop=True)
        self.people = people
        self.published = self.figures["value"].to_numpy(dtype=float)
        self.lines, self._between = _lines(self.figures, self.published, people)
        self.strands = strands_of(self.figures)
        self.observed = self._of(self.published[None, :])[0]
        self.parts = self._parts()
        self.names = [part.name for part in self.parts]

    def __len__(self) -> int:
        return len(self.parts)

    def of(self, simulated: np.ndarray) -> np.ndarray:
        """The summaries of simulated figures, on the publisher's scale: shape (runs, figures) to (runs, summaries)."""
        return self._of(self.as_published(simulated))

    def as_published(self, simulated: np.ndarray) -> np.ndarray:
        """Simulated figures rounded and suppressed as their publisher does it; shape (runs, figures)."""
        found = np.array(simulated, dtype=float)
        counts = self.figures["measure"].isin(COUNTS).to_numpy()
        rules = self.figures[["rounded_to", "suppressed_below"]].to_numpy()
        for rounded_to, below in np.unique(rules[counts], axis=0) if counts.any() else []:
            chosen = counts & (rules == (rounded_to, below)).all(axis=1)
            found[:, chosen] = as_published(found[:, chosen], rounded_to, below)
        return found

    def in_unit(self, place: int, values: np.ndarray) -> np.ndarray:
        """What a summary tells as a reader would say it, by run: the mean count or wait, the share within some days, for
        a slope its second half over its first. `values` (runs, figures) are on the publisher's scale."""
        part = self.parts[place]
        chosen, rows = values[:, list(part.columns)], self.figures.iloc[list(part.columns)]
        late = np.array([day > np.sort(rows["to_date"])[(len(rows) - 1) // 2] for day in rows["to_date"]])
        with np.errstate(invalid="ignore", divide="ignore"):
            if part.what == SLOPE:
                return np.asarray(chosen[:, late].mean(axis=1) / chosen[:, ~late].mean(axis=1))
            if part.part:
                inside = (rows["band_high"] <= float(part.part.split()[1])).to_numpy()
                return np.asarray(chosen[:, inside].sum(axis=1) / chosen.sum(axis=1))
        if part.what == SPREAD:
            found = next(between for between in self._between if between.series == part.series)
            return found.of(values)
        return np.asarray(chosen.sum(axis=1) / len(set(rows["to_date"])))

    def words(self, place: int) -> str:
        """What of its series a summary tells, in words: its level, its trend, the share within some days."""
        part = self.parts[place]
        trend = "trend (second half over first)" if part.what == SLOPE else part.what
        return f"share {part.part}" if part.part and part.what == LEVEL else " ".join(filter(None, (part.part, trend)))

    @property
    def weights(self) -> np.ndarray:
        """How much each summary counts."""
        return np.array([part.weight for part in self.parts])

    @property
    def discrepancy(self) -> np.ndarray:
        """Standard deviations of what the model cannot be expected to reproduce."""
        return np.array([part.discrepancy for part in self.parts])

    @cached_property
    def bias(self) -> np.ndarray:
        """The covariance (summaries, summaries) of what the model cannot be expected to reproduce.

        What a model misses of one series it misses likewise of a series that counts the same: copies add nothing.
        """
        return self.among_alike(alike) * np.outer(self.discrepancy, self.discrepancy)

    def among_alike(self, between: Callable[[Sequence[SeriesScope]], np.ndarray]) -> np.ndarray:
        """Correlations between series, for summaries that tell the same of theirs; none between a level and a slope."""
        found = between([self._abouts[part.series] for part in self.parts])
        same = np.array([[(a.what, a.part) == (b.what, b.part) for b in self.parts] for a in self.parts])
        return np.where(same, found, 0.0) if self.parts else found

    @cached_property
    def floor(self) -> np.ndarray:
        """The standard deviations, on the summary's scale, below which no distance is judged: the last digit that was
        written, and a hundredth of the level."""
        found = [line.summed(line.steps(self.published, self.figures, NEAREST)) for line in self.lines]
        return np.concatenate([*found, np.full(len(self._between), NEAREST)]) if self.parts else np.zeros(0)

    @cached_property
    def _abouts(self) -> dict[str, SeriesScope]:
        columns: dict[str, set[int]] = {}
        for part in self.parts:
            columns.setdefault(part.series, set()).update(part.columns)
        return {name: SeriesScope.of(self.figures.iloc[sorted(at)], self.people) for name, at in columns.items()}

    def _of(self, values: np.ndarray) -> np.ndarray:
        columns = [line.of(values) for line in self.lines]
        columns += [between.of(values)[:, None] for between in self._between]
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(values), 0))

    def _parts(self) -> list[Summary]:
        parts = []
        for line in self.lines:
            rows = self.figures.iloc[list(line.used)]
            each = line.discrepancies(self.published, self.figures)
            # a bias of the level is common to all times; what bends a slope or a wave is not
            common, apart = line.summed(each), line.apart(each)
            for place, name in enumerate(line.names):
                size = float(common[place] if name == LEVEL else apart[place])
                parts.append(Summary(line.series, name, line.part, line.used, float(rows["weight"].mean()), size))
        for between in self._between:
            used = tuple(column for columns in between.columns for column in columns)
            parts.append(Summary(between.series, SPREAD, "", used, float(self.figures["weight"].iloc[used[0]]), 0.0))
        return parts


def _lines(
    figures: pd.DataFrame, published: np.ndarray, people: Mapping[str, float]
) -> tuple[list[Line], list[Between]]:
    """The series as lines in time, and how far practices lie apart; figures that were not submitted are left out."""
    lines: list[Line] = []
    between: list[Between] = []
    submitted = figures[~np.isnan(published)]
    names = submitted["series"].copy()
    of_practices = submitted["place"].isin(list(people)) & submitted["measure"].isin(COUNTS)
    whole_lists = submitted["band_high"].isin([np.inf]) & (submitted["band_low"] == 0)
    for (measure, services), rows in submitted[of_practices & whole_lists].groupby(["measure", "services"], sort=False):
        places = rows.groupby("place", sort=False)
        if places.ngroups >= FEWEST_PRACTICES:
            series = f"{measure} {' + '.join(services)} by practice"
            names[rows.index] = series
            columns = tuple(tuple(int(at) for at in each.index) for _, each in places)
            between.append(Between(series, columns, np.array([people[str(place)] for place, _ in places])))
    for series, rows in submitted.groupby(names, sort=False):
        times = [[int(place) for place in at.index] for _, at in rows.groupby("to_date", sort=True)]
        lines.append(line_of(str(series), "", times, figures))
        if len(set(rows["band_high"])) > 1:
            lines += _cuts(str(series), figures, published, times)
    return lines, between


def _cuts(series: str, figures: pd.DataFrame, published: np.ndarray, times: Sequence[Sequence[int]]) -> list[Line]:
    highest = figures["band_high"].to_numpy()
    ends = sorted({float(highest[place]) for at in times for place in at})[:-1]
    basis, names = basis_over(figures, times)
    lines = []
    for end in ends:
        within = tuple(tuple(place for place in at if highest[place] <= end) for at in times)
        total = sum(published[list(at)].sum() for at in times)
        share = sum(published[list(inside)].sum() for inside in within) / total if total else 0.0
        if all(within) and RARE < share < 1 - RARE:
            whole = tuple(tuple(at) for at in times)
            lines.append(Line(series, f"within {end:g} days", within, whole, "share", basis, names))
    return lines
