"""Comparisons for tests of the faces: a real one that runs quickly, and ones whose figures a test makes up."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.folder import joint_draws, write_joint_draws
from pathways import Region, load_region
from sim.arrays.layout import KINDS, REFERRAL
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.reducers import Tallies
from sim.results import OWED
from ui.inputs.cases import gather

BASE_VALUE = 1000.0


@functools.cache
def quick() -> Comparison:
    """The library's scenarios over one year of the demonstration area, four runs. Shared: never change it."""
    cases, base = gather(["mri_guidance", "physio_first"], against="usual_care")
    region = load_region("demonstration")
    return compare(Experiment(cases, base=base, region=region, years=1, replications=4, seed=42), workers=2)


def made_up(changes: Mapping[str, Sequence[float]], *, scenario: str = "mri_guidance") -> Comparison:
    """`quick()` with other figures: the base is 1,000 in every run, the scenario differs by these percents.

    Outcomes that are not named do not change at all. Of waits that are, so do the people who are referred.
    """
    comparison = copy.copy(quick())
    runs = max(len(each) for each in changes.values())
    base = pd.DataFrame({outcome: np.full(runs, BASE_VALUE) for outcome in [*comparison.outcomes, OWED]})
    other = base.copy()
    for outcome, percents in changes.items():
        other[outcome] = BASE_VALUE * (1 + np.array(percents) / 100)
    values = dict.fromkeys(comparison.cases, base) | {scenario: other}
    object.__setattr__(comparison, "values", values)
    if any(comparison.plan.pathway.outcomes[outcome].of == "wait" and any(changes[outcome]) for outcome in changes):
        object.__setattr__(
            comparison, "tallies", dict(comparison.tallies) | {scenario: with_more_referrals(comparison)}
        )
    return comparison


def with_more_referrals(comparison: Comparison) -> list[Tallies]:
    """The tallies of the base with ten more referrals in every run, to every service and in every month."""
    more = (np.arange(len(KINDS)) == REFERRAL)[:, None, None] * 10
    return [tallies._replace(monthly=tallies.monthly + more) for tallies in comparison.tallies[comparison.base]]


def calibrated_by_hand(folder: Path, *, count: int = 5, region: Region | None = None) -> Path:
    """A calibration in a folder that is there, of the demonstration area if no other: a few draws made up by hand, and in doubt."""
    cases, base = gather(["usual_care"], against="usual_care")
    pathway, region = cases[base].pathway, region or load_region("demonstration")
    names = ["physio_per_100k", "physio_waiting_per_100k", "gp_price"]
    scores = pd.DataFrame(np.linspace(-1, 1, 3 * count).reshape(count, 3), columns=names)
    draws = joint_draws(
        scores,
        title="By hand",
        verdict="NOT MATCHED: by hand",
        region=region,
        pathway=pathway,
        practice_scores={"imaging": pd.DataFrame({region.codes[0]: np.linspace(0, 1, count)})},
    )
    write_joint_draws(folder, draws, region=region, pathway=pathway)
    return folder
