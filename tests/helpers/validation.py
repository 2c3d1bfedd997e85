"""A validation that is quick to make."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from calibration.validation.targets import ValidationTarget, load_targets
from calibration.validation.validate import Simulated, TargetResult, Validation, judge
from pathways import load_region, load_scenario

TARGETS = load_targets()


def imagined(give: Callable[[ValidationTarget], float]) -> Validation:
    """A validation without a run, in which the model gives what is told."""
    place = load_region("demonstration")
    _, _, word = load_scenario("usual_care")
    results = []
    for name, target in TARGETS.targets.items():
        mean = give(target)
        found = Simulated(mean, mean - 0.1, mean + 0.1, mean, mean, 8)
        beside = Simulated(2, 1.9, 2.1, 1, 3, 8) if target.beside else None
        results.append(TargetResult(name, target, found, beside, judge(target, found), ()))
    bands = pd.DataFrame(TARGETS.groups["age_by_decile"], index=range(1, 11)).T
    return Validation(TARGETS, place, word, 5, 8, 42, results, bands)
