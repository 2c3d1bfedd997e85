"""Whether what was published is possible at all before any fitting: each summary beside those of the prior bank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.fitting.found import Runs
from calibration.fitting.summaries import Summaries
from calibration.lines import LEVEL, SLOPE
from calibration.wording import alike_written

RANGE = (0.01, 0.5, 0.99)
"""Quantiles of the bank between which a published series is nothing special, and the middle."""
AWAY = 2.0
"""Further from the middle of the bank than so many times its 1% or 99% point: no values of the quantities give that."""


@dataclass(frozen=True)
class Placed:
    """A published series beside what the prior gives.

    `what` is its level, its trend or the share within some days; `published`, `low` and `high` are in the publisher's unit
    (for a trend: last part over first part). `impossible` where it lies far outside, else it is only rare.
    """

    series: str
    what: str
    published: float
    low: float
    high: float
    impossible: bool

    def __str__(self) -> str:
        published, low, high = alike_written(self.published, self.low, self.high, digits=3)
        return (
            f"{self.series}, {self.what}: {published} was published; 98 of 100 runs with quantities drawn from their ranges "
            f"give {low} to {high}"
        )


def placed(bank: Runs, summaries: Summaries) -> list[Placed]:
    """The published series that lie outside the 1% to 99% range of the bank, the impossible ones first."""
    found = summaries.of(bank.published)
    low, middle, high = np.quantile(found, RANGE, axis=0)
    shown = summaries.as_published(bank.published)
    rows = []
    for place, part in enumerate(summaries.parts):
        if part.what not in (LEVEL, SLOPE):
            continue
        slack = 2 * summaries.discrepancy[place]
        wanted = summaries.observed[place]
        if low[place] - slack <= wanted <= high[place] + slack:
            continue
        floor = middle[place] - AWAY * (middle[place] - low[place]) - slack
        ceiling = middle[place] + AWAY * (high[place] - middle[place]) + slack
        value = summaries.in_unit(place, summaries.published[None, :])[0]
        given = summaries.in_unit(place, shown)
        edges = np.nanquantile(given, [RANGE[0], RANGE[2]])
        rows.append(
            Placed(
                part.series,
                summaries.words(place),
                float(value),
                float(edges[0]),
                float(edges[1]),
                not floor <= wanted <= ceiling,
            )
        )
    return sorted(rows, key=lambda row: not row.impossible)
