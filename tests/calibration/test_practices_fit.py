"""Practices with counts of their own: how they differ is found, drawn towards the area, and used by later runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration.calibrate import registered
from calibration.fitting.fit import fit
from calibration.fitting.found import Fit
from calibration.fitting.practices import PracticeFit, effects_on, fit_practices
from calibration.fitting.runner import Runner, bank_of
from calibration.fitting.settings import Settings
from calibration.fitting.simulator import Simulator, Task
from calibration.fitting.summaries import Summaries
from calibration.local_data.local_targets import LocalTargets, load_local_targets
from pathways import Pathway, Region, load_pathway, load_region, load_scenario
from sim.run import Case
from tests.helpers.build import shrunk

HIGH, LOW = 3, 7
"""Two practices that differ from the others."""


def targets_of(values: dict[str, float] | None, folder: Path, region: Region, pathway: Pathway) -> LocalTargets:
    """A year of referrals to MRI by practice."""
    rows = [
        {"measure": "referrals", "service": "mri", "place": code, "from": "2026-07-01", "to": "2027-06-30",
         "value": 1 if values is None else values[code]}
        for code in region.codes
    ]  # fmt: skip
    file = folder / "by_practice.csv"
    pd.DataFrame(rows).to_csv(file, index=False)
    return load_local_targets(file, region=region, pathway=pathway)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fit, PracticeFit, Runner]:
    folder = tmp_path_factory.mktemp("practices")
    region, case = shrunk(load_region("demonstration"), 2), Case(*load_scenario("usual_care"))
    empty = Simulator(case, region, targets_of(None, folder, region, case.pathway), seed=42)
    scores = [0.0] * len(region.codes)
    scores[HIGH], scores[LOW] = 3.0, -3.0
    place = replace(empty.place, practice_scores={"imaging": tuple(scores)})
    counts = np.mean([empty.figures(case, place, 10_000 + k)[: len(region.codes)] for k in range(12)], axis=0)
    values = dict(zip(region.codes, counts.round(), strict=True))
    simulator = replace(empty, targets=targets_of(values, folder, region, case.pathway))
    settings = Settings(runs=450, unknowns=3, workers=min(2, os.cpu_count() or 1))
    runner = Runner(
        simulator, Summaries(simulator.targets.figures, registered(region)), folder=folder / "runs", settings=settings
    )
    found = fit(runner, bank_of(runner))
    practices = fit_practices(found, runner)
    assert practices is not None
    return found, practices, runner


@pytest.mark.slow
def test_practices_that_differ_are_found_and_drawn_towards_the_area(
    fitted: tuple[Fit, PracticeFit, Runner],
) -> None:
    _, practices, _ = fitted
    scores = practices.scores["imaging"].mean().to_numpy()
    others = np.delete(scores, [HIGH, LOW])
    assert scores[HIGH] > others.max() + 0.5
    assert scores[LOW] < others.min()
    table = practices.table.set_index("practice")
    raw = table["observed"] / table["expected"]
    high = table.index[HIGH]
    assert 1 < table.loc[high, "ratio"] < raw[high]
    assert table["weight"].between(0, 1).all()
    assert (table["low"] < table["ratio"]).all()
    assert (table["ratio"] < table["high"]).all()


@pytest.mark.slow
def test_pinned_practices_give_their_counts_again(fitted: tuple[Fit, PracticeFit, Runner]) -> None:
    found, practices, runner = fitted
    simulator = runner.simulator
    draw = practices.scores["imaging"].mean()
    pinned = replace(simulator.place, practice_scores={"imaging": tuple(draw.reindex(simulator.place.codes))})
    counts = np.mean([simulator.figures(simulator.case, pinned, 20_000 + k)[:12] for k in range(4)], axis=0)
    ratio = counts / counts.sum() / (found.summaries.published / found.summaries.published.sum())
    assert ratio[HIGH] == pytest.approx(1, abs=0.35)
    assert ratio[LOW] == pytest.approx(1, abs=0.5)
    free = np.mean([simulator.figures(simulator.case, simulator.place, 20_000 + k)[:12] for k in range(4)], axis=0)
    without = free / free.sum() / (found.summaries.published / found.summaries.published.sum())
    assert abs(np.log(ratio[HIGH])) < abs(np.log(without[HIGH]))


def test_an_effect_is_known_by_where_it_leads() -> None:
    pathway = load_pathway("usual_care")
    assert effects_on(pathway, ("mri",)) == ["imaging"]
    assert effects_on(pathway, ("community_physio",)) == []
    assert "referral" in effects_on(pathway, ("msk_triage",))


def test_tasks_with_practices_pinned_are_other_runs(tmp_path: Path) -> None:
    region, case = load_region("demonstration"), Case(*load_scenario("usual_care"))
    simulator = Simulator(case, region, targets_of(None, tmp_path, region, case.pathway), seed=42)
    assert simulator.key(Task(1, {})) != simulator.key(Task(1, {}, {"imaging": 0.0}))
    assert simulator.key(Task(1, {})) != simulator.key(Task(2, {}))
    assert simulator.key(Task(1, {})) != replace(simulator, seed=43).key(Task(1, {}))
