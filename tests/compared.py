"""Comparisons for tests of the faces: a real one that runs quickly, and ones whose figures a test makes up."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pathways import load_region
from sim.compare import Comparison, compare
from ui.cases import gather

BASE_VALUE = 1000.0


@functools.cache
def quick() -> Comparison:
    """The library's scenarios over one year of the demonstration area, four runs. Shared: never change it."""
    cases, base = gather(["mri_guidance", "physio_first"], against="usual_care")
    region = load_region("demonstration")
    return compare(cases, base=base, region=region, years=1, replications=4, seed=42, workers=2)


def made_up(changes: Mapping[str, Sequence[float]], *, scenario: str = "mri_guidance") -> Comparison:
    """`quick()` with other figures: the base is 1,000 in every run, the scenario differs by these percents.

    Outcomes that are not named do not change at all.
    """
    comparison = copy.copy(quick())
    runs = max(len(each) for each in changes.values())
    base = pd.DataFrame({outcome: np.full(runs, BASE_VALUE) for outcome in comparison.outcomes})
    other = base.copy()
    for outcome, percents in changes.items():
        other[outcome] = BASE_VALUE * (1 + np.array(percents) / 100)
    values = dict.fromkeys(comparison.cases, base) | {scenario: other}
    object.__setattr__(comparison, "values", values)
    return comparison
