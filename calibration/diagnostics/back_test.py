"""Back-test: fit the first part of the data, predict the rest, and tell how far off that was, service by service.

How well a fit reproduces what it was fitted to says nothing about the months that come; what was held out does.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calibration.expected import excess_of, expected
from calibration.fitting.fit import fit
from calibration.fitting.found import Fit, Runs
from calibration.fitting.runner import Runner
from calibration.fitting.summaries import Summaries
from calibration.reproduced import BANDS

HELD_OUT = 1 / 3
"""The share of the time at the end that is predicted."""


@dataclass(frozen=True)
class BackTest:
    """What came of predicting. `split` is the last day that was fitted.

    `table` has by series: `figures` held out, `published` and `predicted` (the mean of a date, the median of the runs), `error`
    (relative, of the mean), `as_last` (the error of saying that all stays as it was last), `within_90`, the share of the
    held-out figures inside the 90% band. `draws` as in `Reproduced`.
    """

    split: datetime.date
    fit: Fit
    table: pd.DataFrame
    draws: np.ndarray

    @property
    def coverage(self) -> float:
        """The share of all held-out figures inside their 90% bands."""
        weights = self.table["figures"]
        return float((self.table["within_90"] * weights).sum() / weights.sum())

    def typical(self, column: str) -> float:
        """The median size of the errors of all series, `error` or `as_last`."""
        return float(self.table[column].abs().median())


def split_day(figures: pd.DataFrame) -> datetime.date | None:
    """The last day of the part that is fitted; None where there is nothing to hold out."""
    ends = sorted(set(figures.loc[figures["value"].notna(), "to_date"]))
    if len(ends) < 2:
        return None
    first, last = min(figures["from_date"]), ends[-1]
    wanted = last - datetime.timedelta(days=round((last - first).days * HELD_OUT))
    before = [day for day in ends if day <= wanted]
    return before[-1] if before and before[-1] < last else None


def back_test(runner: Runner, bank: Runs) -> BackTest | None:
    """Fits again without the last part and compares its fresh runs with what was published then.

    The same bank serves; None where no series reaches across the split.
    """
    whole = runner.summaries
    figures = whole.figures
    day = split_day(figures)
    if day is None:
        return None
    held = (figures["to_date"] > day) & figures["value"].notna()
    before = figures[~held & figures["value"].notna()]
    counted = before.groupby("series").size()
    told = figures[held & figures["series"].isin(counted.index)]
    if told.empty or before.empty:
        return None
    first = Summaries(figures.assign(value=figures["value"].where(~held)), whole.people)
    part = Runner(
        runner.simulator,
        first,
        folder=runner.folder / "back_test",
        settings=runner.settings,
        progress=lambda name: runner.progress(f"back-test {name}"),
        stop=runner.stop,
    )
    found = fit(part, bank)
    shown = whole.as_published(found.fresh.published)
    draws = expected(whole, found.fresh.published, excess_of(first, found.fresh.published))
    bands = np.quantile(draws, BANDS, axis=0)
    rows = []
    for name, each in told.groupby("series", sort=False):
        at = each.index.to_numpy()
        earlier = before[before["series"] == name]
        last = earlier[earlier["to_date"] == earlier["to_date"].max()]["value"].sum()
        dates = each["to_date"].nunique()
        published, predicted = each["value"].sum() / dates, float(np.median(shown[:, at].sum(axis=1))) / dates
        rows.append(
            {
                "series": str(name),
                "figures": len(each),
                "published": float(published),
                "predicted": predicted,
                "error": predicted / published - 1 if published else np.nan,
                "as_last": last / published - 1 if published else np.nan,
                "within_90": float(((each["value"] >= bands[0][at]) & (each["value"] <= bands[4][at])).mean()),
            }
        )
    return BackTest(day, found, pd.DataFrame(rows), draws)
