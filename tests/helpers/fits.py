"""A fit of the toy simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from calibration.fitting.runner import Runner
from calibration.fitting.settings import Settings
from calibration.fitting.summaries import Summaries
from tests.helpers.toy_simulator import MONTHS, REFERRALS, WAITING, Toy, ToyTargets, figures_of

SETTINGS = Settings(runs=1000, unknowns=6)
TRUE_DEMAND, TRUE_CAPACITY = 0.8, -0.5


def published(demand: float = TRUE_DEMAND, capacity: float = TRUE_CAPACITY) -> dict[str, list[float]]:
    """What an area with these scores would publish, without chance."""
    return {
        REFERRALS: [round(200 * np.exp(0.2 * demand))] * MONTHS,
        WAITING: [round(400 * np.exp(0.3 * demand - 0.3 * capacity))] * MONTHS,
    }


def toy_runner(
    folder: Path,
    values: dict[str, list[float]],
    settings: Settings = SETTINGS,
    *,
    discrepancy: float = 0.0,
    **more: Any,
) -> Runner:
    toy = Toy(ToyTargets(figures_of(values, discrepancy=discrepancy)), **more)
    return Runner(cast(Any, toy), Summaries(toy.targets.figures, {}), folder=folder, settings=settings)
