"""Figures that follow each other in time, on a scale on which chance spreads them evenly: level, slope, season, and what is left.

Which figures make a line, and what is fitted of it, is said in `calibration.fitting.summaries`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from outcomes.journeys.reported import COUNTS
from pathways.official.periods import band_in_words
from pathways.quantity import DAYS_IN_A_CALENDAR_YEAR

LEVEL, SLOPE, SEASON = "level", "slope", "season"
SEASON_FROM = 24
"""Months that a monthly series must have before its yearly wave is fitted."""
SHARES = ("missed_share",)
PERCENT = 100.0
STEP = 1e-4
"""The relative step by which slopes of a scale are found."""
EVEN = np.sqrt(12)
"""A rounding step over the standard deviation of what rounding hides."""

SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "count": lambda y: 2 * np.sqrt(np.maximum(y, 0) + 3 / 8),
    "wait": lambda y: 4 * np.log(np.maximum(y, 0) + 5),
    "share": lambda y: np.arcsin(np.sqrt(np.clip(y, 0, 1))),
}
BACK: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "count": lambda x: np.maximum((np.maximum(x, 0) / 2) ** 2 - 3 / 8, 0),
    "wait": lambda x: np.maximum(np.exp(x / 4) - 5, 0),
    "share": lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
}
"""The way back from each scale."""


@dataclass(frozen=True)
class Line:
    """Figures over time: `columns` are summed at each time, over those of `over` where it is a share.

    `basis` (times, weights), orthonormal columns with `names`: level, then slope and season where there are enough times.
    """

    series: str
    part: str
    columns: tuple[tuple[int, ...], ...]
    over: tuple[tuple[int, ...], ...]
    scale: str
    basis: np.ndarray
    names: tuple[str, ...]

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The places of all figures that it is made of."""
        return tuple(sorted({column for columns in (*self.columns, *self.over) for column in columns}))

    @property
    def freedom(self) -> int:
        """Times that level, slope and season leave over."""
        return len(self.columns) - self.basis.shape[1]

    def levels(self, values: np.ndarray) -> np.ndarray:
        """The line in its own unit; shape (runs, figures) to (runs, times)."""
        sums = np.stack([values[:, list(columns)].sum(axis=1) for columns in self.columns], axis=1)
        if any(self.over):
            wholes = np.stack([values[:, list(columns)].sum(axis=1) for columns in self.over], axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(wholes > 0, sums / wholes, np.nan)
        return sums / PERCENT if self.scale == "share" else sums

    def points(self, values: np.ndarray) -> np.ndarray:
        """The line on its scale, shape (runs, times)."""
        return SCALES[self.scale](self.levels(values))

    def of(self, values: np.ndarray) -> np.ndarray:
        """Level, slope and season by run, shape (runs, weights).

        The level is that of the mean, not the mean of roots or logarithms: a series that varies more than runs do, with
        the same total, has the same level.
        """
        levels = self.levels(values)
        found = SCALES[self.scale](levels) @ self.basis
        found[:, 0] = np.sqrt(levels.shape[1]) * SCALES[self.scale](levels.mean(axis=1))
        return np.asarray(found)

    def left(self, values: np.ndarray) -> np.ndarray:
        """What level, slope and season leave over of the points, shape (runs, times)."""
        points = self.points(values)
        return np.asarray(points - (points @ self.basis) @ self.basis.T)

    def summed(self, each: np.ndarray) -> np.ndarray:
        """What errors of this size (times) come to in each weight where they all point the same way."""
        return np.asarray(np.abs(self.basis).T @ each)

    def apart(self, each: np.ndarray) -> np.ndarray:
        """What errors of this size (times) come to in each weight where every time has its own."""
        return np.asarray(np.sqrt((self.basis**2).T @ each**2))

    def reach(self, levels: np.ndarray) -> np.ndarray:
        """What a relative error is a share of: a level, or the smaller part of a whole."""
        return np.minimum(levels, 1 - levels) if self.scale == "share" else levels

    def steepness(self, levels: np.ndarray) -> np.ndarray:
        """By how much the scale moves for one of the line's unit."""
        step = np.maximum(np.abs(levels), 1) * STEP
        scale = SCALES[self.scale]
        return np.asarray((scale(levels + step) - scale(levels - step)) / (2 * step))

    def discrepancies(self, published: np.ndarray, figures: pd.DataFrame) -> np.ndarray:
        """Standard deviations on the scale, by time, of what the model may miss though it is right: its discrepancy, and
        what rounding hides of waits and percents (counts of runs are rounded as the published ones are)."""
        levels = self.levels(published[None, :])[0]
        stated = float(figures["discrepancy"].iloc[list(self.used)].max()) * self.reach(levels)
        hidden = 0.0 if self.counted(figures) else self._rounded(levels, published, figures) / EVEN
        return np.asarray(np.abs(self.steepness(levels)) * np.hypot(stated, hidden))

    def steps(self, published: np.ndarray, figures: pd.DataFrame, nearest: float) -> np.ndarray:
        """The distance on the scale, by time, to a figure half a rounding step, or `nearest` of the level, away."""
        levels = self.levels(published[None, :])[0]
        least = nearest * (np.ones_like(levels) if self.scale == "share" else levels)
        step = np.maximum(least, self._rounded(levels, published, figures) / 2)
        scale = SCALES[self.scale]
        here = scale(levels)
        return np.asarray(np.maximum(scale(levels + step) - here, here - scale(np.maximum(levels - step, 0))))

    def counted(self, figures: pd.DataFrame) -> bool:
        """Whether it is made of counts."""
        return figures["measure"].iloc[self.used[0]] in COUNTS

    def exact(self, figures: pd.DataFrame) -> bool:
        """Whether it is made of counts that are not rounded."""
        return self.counted(figures) and float(figures["rounded_to"].iloc[list(self.used)].max()) <= 1

    def _rounded(self, levels: np.ndarray, published: np.ndarray, figures: pd.DataFrame) -> np.ndarray:
        """The rounding step of each time in the line's own unit."""
        step = float(figures["rounded_to"].iloc[list(self.used)].max())
        if self.exact(figures):
            return np.zeros_like(levels)
        if any(self.over):
            return step / np.array([max(published[list(columns)].sum(), 1) for columns in self.over])
        return np.full_like(levels, step / PERCENT if self.scale == "share" else step)


def line_of(series: str, part: str, times: Sequence[Sequence[int]], figures: pd.DataFrame) -> Line:
    """The line of figures that are summed at each of the times."""
    basis, names = basis_over(figures, times)
    measure = str(figures["measure"].iloc[times[0][0]])
    scale = "count" if measure in COUNTS else "share" if measure in SHARES else "wait"
    return Line(series, part, tuple(tuple(at) for at in times), ((),) * len(times), scale, basis, names)


def strands_of(figures: pd.DataFrame) -> list[Line]:
    """Every figure in the line of its own kind: one for each series and band of days, none summed; blanks left out."""
    told = figures[figures["value"].notna()].sort_values("to_date", kind="stable")
    strands: dict[tuple[str, str], list[list[int]]] = {}
    bands = [band_in_words(low, high) for low, high in zip(told["band_low"], told["band_high"], strict=True)]
    for at, series, band in zip(told.index, told["series"], bands, strict=True):
        strands.setdefault((str(series), band), []).append([int(at)])
    return [line_of(series, band, times, figures) for (series, band), times in strands.items()]


def basis_over(figures: pd.DataFrame, times: Sequence[Sequence[int]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Weights over time, each of length one and none of them telling what another tells, and their names."""
    days = np.array([pd.Timestamp(figures["to_date"][at[0]]).toordinal() for at in times], dtype=float)
    columns, names = [np.ones(len(days))], [LEVEL]
    if len(days) > 1:
        columns.append(days - days.mean())
        names.append(SLOPE)
    if len(days) >= SEASON_FROM:
        angle = 2 * np.pi * days / DAYS_IN_A_CALENDAR_YEAR
        columns += [np.cos(angle), np.sin(angle)]
        names += [SEASON, SEASON]
    basis, triangle = np.linalg.qr(np.stack(columns, axis=1))
    names = [f"{name} {names[:k].count(name) + 1}" if names.count(name) > 1 else name for k, name in enumerate(names)]
    return basis * np.sign(np.diag(triangle)), tuple(names)
