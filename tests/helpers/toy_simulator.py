"""A simulator of a few lines, with the face of the real one: what a fit does can be checked against what must come out."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from calibration.fitting.simulator import Task
from sim.batch.run_store import key_of

MONTHS = 12
REFERRALS, WAITING = "referrals mri", "waiting mri"


def figures_of(values: Mapping[str, list[float]], *, discrepancy: float = 0.0) -> pd.DataFrame:
    """Monthly figures of the named series, as targets have them."""
    rows = []
    for series, numbers in values.items():
        measure, service = series.split()
        for month, value in enumerate(numbers):
            end = (pd.Timestamp("2025-01-01") + pd.DateOffset(months=month + 1) - pd.Timedelta(days=1)).date()
            rows.append(
                {
                    "series": series,
                    "measure": measure,
                    "services": (service,),
                    "place": "",
                    "practices": (),
                    "from_date": end if measure == "waiting" else end.replace(day=1),
                    "to_date": end,
                    "band_low": 0.0,
                    "band_high": np.inf,
                    "value": value,
                    "suppressed": False,
                    "rounded_to": 1.0,
                    "suppressed_below": 0,
                    "share": "",
                    "weight": 1.0,
                    "discrepancy": discrepancy,
                    "source": "toy",
                }
            )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class ToyTargets:
    """Figures, without shares."""

    figures: pd.DataFrame
    quantities: dict[str, Any] = field(default_factory=dict)
    title: str = "toy"

    @property
    def start(self) -> datetime.date:
        """The first day."""
        return min(self.figures["from_date"]).replace(day=1)


@dataclass(frozen=True)
class Toy:
    """Referrals and visits go with the score `demand`, the list with `demand` and against `capacity`; ten others do nothing.

    With `grows`, the list grows by that share from month to month, whatever the scores. A service that is `full` has as many
    visits in every month but for a few, growing by a thousandth in three; nobody knows why its waits differ as they do.
    """

    targets: ToyTargets
    grows: float = 0.0
    seed: int = 1

    names = ["demand", "capacity", *(f"idle_{k}" for k in range(10))]
    candidates = [("visits", "mri"), ("referrals", "gp")]

    @cached_property
    def wanted(self) -> pd.DataFrame:
        """The figures asked for."""
        return self.targets.figures[["measure", "services"]]

    def key(self, task: Task) -> str:
        """The key of a run."""
        return key_of(toy=self.grows, number=task.number, given=dict(task.given), seed=self.seed)

    def __call__(self, task: Task) -> np.ndarray:
        """One run."""
        rng = np.random.default_rng([self.seed, task.number])
        scores = dict(zip(self.names, rng.normal(size=len(self.names)), strict=True)) | dict(task.given)
        demand, capacity = scores["demand"], scores["capacity"]
        figures = self.targets.figures
        month = figures.groupby("series").cumcount().to_numpy()
        listed, timed, full = (
            (figures["measure"] == "waiting").to_numpy(),
            (figures["measure"] == "median_wait").to_numpy(),
            figures["services"].isin([("full",)]).to_numpy(),
        )
        flow, waiting = (
            200 * np.exp(0.2 * demand),
            400 * np.exp(0.3 * demand - 0.3 * capacity) * (1 + self.grows) ** month,
        )
        found = rng.poisson(np.where(listed, waiting, flow)).astype(float)
        if timed.any():
            found[timed] = np.round(22 * np.exp(1.5 * rng.normal()))
        if full.any():
            found[full] = np.round(1000 * (1 + month[full] / 3000) + 0.3 * rng.normal(size=full.sum()))
        candidates = [rng.poisson(1000 * np.exp(0.2 * capacity)), rng.poisson(1000)]
        return np.concatenate([found, candidates, [scores[name] for name in self.names]])

    def published(self, rows: np.ndarray) -> np.ndarray:
        """The figures of runs."""
        return rows[:, : len(self.targets.figures)]
