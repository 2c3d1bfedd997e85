"""One published figure, and the table of many that a calibration is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from math import inf, nan

import numpy as np
import pandas as pd

from calibration.local_data.measures import MEASURES

Span = tuple[date, date]
"""A first and a last day; of a snapshot, its day twice."""


@dataclass(frozen=True)
class Figure:
    """A published number: what, where, when, how rounded, and from which row of which file.

    A snapshot stands at the end of `to_date`, and `from_date` is the same day. Bands are whole days waited, both ends
    included, 0 to infinity where there is none. `value` is NaN where nothing was submitted; a suppressed count is the
    middle of what it can be. `share` names the quantity that says how much of it is back pain, or nothing.
    """

    measure: str
    services: tuple[str, ...]
    place: str
    practices: tuple[str, ...]
    from_date: date
    to_date: date
    band_low: int = 0
    band_high: float = inf
    value: float = nan
    suppressed: bool = False
    rounded_to: float = 1
    suppressed_below: int = 0
    share: str = ""
    weight: float = 1.0
    discrepancy: float = 0.0
    source: str = ""

    @property
    def series(self) -> str:
        """The id of the series that the figure belongs to: figures of one series differ in date and band only."""
        return " ".join(part for part in (self.measure, " + ".join(self.services), self.place) if part)

    @property
    def span(self) -> Span:
        """The days that it stands for."""
        return self.from_date, self.to_date

    @property
    def snapshot(self) -> bool:
        """Whether it stands for a day, and not for a period."""
        return MEASURES[self.measure].snapshot

    @property
    def has_band(self) -> bool:
        """Whether it counts only those who waited within some band."""
        return (self.band_low, self.band_high) != (0, inf)


COLUMNS = ("series", *(field.name for field in fields(Figure)))
"""The columns of the table of figures, in order."""


def by_series(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """The figures of each series, in the order in which they come."""
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.series, []).append(figure)
    return found


def by_span(figures: Iterable[Figure]) -> dict[Span, list[Figure]]:
    """The figures of each day or period, in the order in which they come."""
    found: dict[Span, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.span, []).append(figure)
    return found


def figures_table(figures: Sequence[Figure]) -> pd.DataFrame:
    """One row per figure with the columns of `COLUMNS`, by series, date and band, whatever the order in the files."""
    ordered = sorted(
        figures, key=lambda each: (each.series, each.to_date, each.from_date, each.band_low, each.band_high)
    )
    table = pd.DataFrame([{"series": each.series, **asdict(each)} for each in ordered], columns=list(COLUMNS))
    return table.astype(
        {
            "band_low": np.int64,
            "band_high": float,
            "value": float,
            "suppressed": bool,
            "rounded_to": float,
            "suppressed_below": np.int64,
            "weight": float,
            "discrepancy": float,
        }
    )
