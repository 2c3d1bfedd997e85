"""Comparing the cases of an experiment: paired replications, area by area, on as many threads as asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event

import numpy as np
import pandas as pd

from pathways import Region
from sim.batch.threads import Progress, in_order
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment, together
from sim.experiments.precision import AUTO_MOST, AUTO_STEP, too_wide
from sim.reducers import Tallies, narrow


def compare(
    experiment: Experiment, *, workers: int = 1, progress: Progress | None = None, stop: Event | None = None
) -> Comparison:
    """Runs every case over the same people and compares each with the base.

    Differences are paired, with a calibration too, whose draws must suffice for a replication each; then intervals cover
    what it leaves open. `replications="auto"` adds replications ten at a time until the intervals are narrow enough, up
    to 200. `progress(done, total)` is called from this thread; setting `stop` ends the run with `Stopped`.
    The result does not depend on `workers`.
    """
    experiment.check(workers=workers)
    asked, calibration, most = experiment.replications, experiment.calibration, AUTO_MOST
    if calibration is not None:
        wanted, least = (AUTO_MOST, AUTO_STEP) if asked == "auto" else (asked, asked)
        calibration = calibration.fitting(experiment.cases, wanted, least=least)
        experiment, most = replace(experiment, calibration=calibration), min(AUTO_MOST, calibration.count)
    in_areas = [experiment.plans(0, area) for area in range(len(experiment.areas))]
    order = _order_of_practices(experiment.region)
    found: dict[str, list[Tallies]] = {name: [] for name in experiment.cases}
    values: Mapping[str, pd.DataFrame] = {}
    target = AUTO_STEP if asked == "auto" else asked
    while True:
        batch = range(len(found[experiment.base]), target)
        for tallies in _replications(experiment, batch, workers=workers, progress=progress, stop=stop):
            for name, each in tallies.items():
                found[name].append(narrow(each)._replace(by_practice=each.by_practice[:, :, order]))
        used = calibration.first(target) if calibration else None
        result = Comparison(replace(experiment, calibration=used), found, in_areas, values)
        values = result.values
        if asked != "auto" or target + AUTO_STEP > most or not too_wide(result):
            return result
        target += AUTO_STEP


def _order_of_practices(region: Region) -> np.ndarray:
    """Where each practice of the region stands when its areas' practices follow each other."""
    by_area = [np.flatnonzero(np.array(region.areas) == name) for name in region.area_names()]
    return np.argsort(np.concatenate(by_area))


def _replications(
    experiment: Experiment, batch: range, *, workers: int, progress: Progress | None, stop: Event | None
) -> Iterator[dict[str, Tallies]]:
    """What is counted in each replication of a batch, in order; their areas are spread over the threads."""
    areas = len(experiment.areas)
    before, total = batch.start * areas, batch.stop * areas

    def one(piece: int) -> dict[str, Tallies]:
        return experiment.tallies_in_area(batch.start + piece // areas, piece % areas)

    def told(done: int, _: int) -> None:
        if progress is not None:
            progress(before + done, total)

    pieces = in_order(one, total - before, workers=workers, progress=told, stop=stop)
    for _ in batch:
        yield together([next(pieces) for _ in range(areas)])
