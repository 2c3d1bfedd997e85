"""Bands of draws, as charts show them: of series over time, of quantities beside what was known of them, of ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from calibration.diagnostics.simulated_truths import Calibrated
from calibration.fitting.found import Fit
from calibration.fitting.summaries import Summaries

BANDS = {"lowest": 0.05, "low": 0.25, "middle": 0.5, "high": 0.75, "highest": 0.95}
"""The ends of a band of 90% and of one of 50%, and the median between them."""
NINETY = float(special.ndtri(BANDS["highest"]))
"""Half of 90% of a standard normal score: how wide a quantity is before any data, in spreads of its range."""
BINS = 10
"""Ranks are told by tenths."""


def bands_of(draws: np.ndarray) -> dict[str, float]:
    """The quantiles of some draws, by the names of `BANDS`.

    >>> bands_of(np.arange(21.0))
    {'lowest': 1.0, 'low': 5.0, 'middle': 10.0, 'high': 15.0, 'highest': 19.0}
    """
    return dict(zip(BANDS, np.quantile(draws, list(BANDS.values())).tolist(), strict=True))


def bands_over_time(summaries: Summaries, series: Sequence[str], draws: np.ndarray) -> pd.DataFrame:
    """Of each series and time what was published, and the bands of `draws` (draws, figures) of what might have been.

    Rows: `series`, `from_date`, `to_date`, `published` (NaN where a part of it was not), `times` (how many the series has),
    and the columns of `bands_of`. Bands of days and practices are taken together.
    """
    rows = []
    for name in series:
        columns = sorted({column for part in summaries.parts if part.series == name for column in part.columns})
        times = summaries.figures.iloc[columns].groupby(["from_date", "to_date"], sort=True)
        for (begin, end), at in times:
            places = summaries.figures.index.get_indexer(at.index)
            rows.append(
                {
                    "series": name,
                    "from_date": begin,
                    "to_date": end,
                    "published": float(summaries.published[places].sum()),
                    "times": times.ngroups,
                    **bands_of(draws[:, places].sum(axis=1)),
                }
            )
    return pd.DataFrame(rows)


def bands_of_quantities(fit: Fit) -> pd.DataFrame:
    """Of each quantity fitted (the index) the bands of its draws, in standard deviations of the range it had before."""
    spread = np.sqrt(np.diag(fit.prior))
    return pd.DataFrame([bands_of(column) for column in (fit.draws / spread).T], index=list(fit.unknowns))


def shares_of_ranks(checked: Calibrated) -> pd.DataFrame:
    """Shares of ranks by tenth: `from` and `until` in percent, `share`, and `low` and `high`, the band in which even ones
    would lie: truths of one question hang together.

    >>> found = shares_of_ranks(Calibrated(np.array([[0.05, 0.05], [0.95, 0.99]]), 0.0, 0.0, np.zeros(2)))
    >>> found["share"].tolist()
    [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    """
    places = np.minimum((checked.ranks * BINS).astype(int), BINS - 1)
    by_question = np.stack([(places == each).mean(axis=1) for each in range(BINS)], axis=1)
    error = by_question.std(axis=0, ddof=1).mean() / np.sqrt(len(by_question))
    even = 1 / BINS
    return pd.DataFrame(
        [
            {
                "from": 100 * even * each,
                "until": 100 * even * (each + 1),
                "share": float(by_question[:, each].mean()),
                "low": max(even - 2 * error, 0),
                "high": even + 2 * error,
            }
            for each in range(BINS)
        ]
    )
