"""The model against published results: the runs that are compared with the targets, and the verdicts.

Targets are data (`targets`, `library/validation.toml`), each with its rule, written before the first comparison; how
the page looks is the user interface's business. Nothing here changes the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal

import numpy as np
import pandas as pd

from calibration.validation.ages import percent_by_age_band
from calibration.validation.observed import observe
from calibration.validation.targets import TODAY, Targets, ValidationTarget, beside_of, measure_all, shared_evidence
from outcomes.paired import t_half_width
from pathways import Pathway, Problem, Region, load_scenario
from sim.batch.threads import Progress, in_order
from sim.experiments.experiment import Experiment
from sim.run import Case

MOST_PEOPLE = 2_000_000
"""Every event of a run is kept: more people would not fit into the memory of a usual machine."""
RANGE = (5, 95)
"""Percentiles of single runs between which the rule `range_contains` looks."""
"""How often a long run looks whether it is to stop."""

Verdict = Literal["pass", "fail", "no value"]

# verdicts


@dataclass(frozen=True)
class Simulated:
    """A figure over replications: its mean with a 95% t interval, and the range of single runs and periods."""

    mean: float
    low: float
    high: float
    range_low: float
    range_high: float
    runs: int


def simulated(replications: Sequence[Sequence[float]]) -> Simulated:
    """Summarises replications, each of one value or one for each period. Replications without a value are left out.

    >>> found = simulated([[1.0, 3.0], [2.0, 4.0]])
    >>> found.mean, round(found.high, 2), round(found.range_low, 2), found.runs
    (2.5, 8.85, 1.15, 2)
    """
    means = np.array([np.nanmean(each) for each in replications if not np.isnan(each).all() and len(each)])
    if not len(means):
        nan = float("nan")
        return Simulated(nan, nan, nan, nan, nan, 0)
    singles = np.concatenate([np.asarray(each, dtype=float) for each in replications])
    range_low, range_high = np.percentile(singles[~np.isnan(singles)], RANGE)
    mean, half = float(means.mean()), t_half_width(means)
    return Simulated(mean, mean - half, mean + half, float(range_low), float(range_high), len(means))


def judge(target: ValidationTarget, found: Simulated) -> Verdict:
    """Whether a target's rule holds; `no value` where the model gives none (which is not a pass).

    >>> from calibration.validation.targets import load_targets
    >>> target = load_targets().targets["recovered_within_a_year"]
    >>> judge(target, simulated([[70.0], [71.0]])), judge(target, simulated([[60.0], [61.0]]))
    ('pass', 'fail')
    """
    rule = target.rule
    if math.isnan(found.mean):
        return "no value"
    low = target.low if target.low is not None else target.value
    high = target.high if target.high is not None else target.value
    match rule.kind:
        case "mean_inside":
            holds = low <= found.mean <= high
        case "intervals_overlap":
            holds = found.low <= high and found.high >= low
        case "above":
            holds = rule.than is not None and found.low > rule.than
        case "below":
            holds = rule.than is not None and found.high < rule.than
        case "range_contains":
            holds = found.range_low <= target.value <= found.range_high
    return "pass" if holds else "fail"


@dataclass(frozen=True)
class TargetResult:
    """A target with what the model gives for it."""

    name: str
    target: ValidationTarget
    found: Simulated
    beside: Simulated | None
    verdict: Verdict
    shared: tuple[str, ...]

    @property
    def held_out(self) -> bool:
        """Whether neither the fit nor a number of the pathway nor a capacity rests on the same figure."""
        return not (self.target.fitted or self.target.tuned or self.shared)


@dataclass(frozen=True)
class Validation:
    """All results of one comparison with published figures.

    `age_bands` are the simulated percentages of each decile's hospital users by age band, mean of the replications.
    """

    targets: Targets
    region: Region
    pathway: Pathway
    years: float
    replications: int
    seed: int
    results: list[TargetResult]
    age_bands: pd.DataFrame

    def count(self, verdict: Verdict) -> int:
        """How many targets have this verdict."""
        return sum(result.verdict == verdict for result in self.results)


def validate(
    targets: Targets,
    region: Region,
    *,
    years: float,
    replications: int,
    seed: int,
    workers: int = 1,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Validation:
    """Runs every scenario that the targets name, and judges each target. The result does not depend on `workers`."""
    names = dict.fromkeys(
        name for each in targets.targets.values() for name in (TODAY, each.scenario, each.change_from) if name
    )
    cases = {name: _case(name) for name in names}
    experiment = Experiment(cases, base=TODAY, region=region, years=years, replications=replications, seed=seed)
    experiment.check(*_request_problems(region, years), workers=workers, least=2)

    def one(replication: int) -> tuple[dict[str, list[float]], pd.DataFrame]:
        return _replication(targets, experiment, replication)

    runs = list(in_order(one, replications, workers=workers, progress=progress, stop=stop))
    results = []
    for name, target in targets.targets.items():
        found = simulated([values[name] for values, _ in runs])
        beside = simulated([values[beside_of(name)] for values, _ in runs]) if target.beside is not None else None
        shared = tuple(shared_evidence(target, cases[TODAY].pathway))
        results.append(TargetResult(name, target, found, beside, judge(target, found), shared))
    bands = sum((table for _, table in runs), start=0 * runs[0][1]) / len(runs)
    return Validation(targets, region, cases[TODAY].pathway, years, replications, seed, results, bands)


def _request_problems(region: Region, years: float) -> list[Problem]:
    problems = []
    if not 1 <= years <= 100:
        says = f"{years:g} is written; people are followed for a year, so use 1 to 100 (the default is 5)."
        problems.append(Problem("years", "years", says))
    if region.population > MOST_PEOPLE:
        says = (
            f"it has {region.population:,} people; choose one of at most {MOST_PEOPLE:,}, because every event is kept."
        )
        problems.append(Problem("region", region.name, says))
    return problems


def _case(name: str) -> Case:
    known, scenario, pathway = load_scenario(name)
    return Case(known, scenario, pathway)


def _replication(
    targets: Targets, experiment: Experiment, replication: int
) -> tuple[dict[str, list[float]], pd.DataFrame]:
    """Every target's values in one replication, and the age bands of hospital users."""
    measured: dict[str, dict[str, list[float]]] = {}
    bands = pd.DataFrame()
    for scenario in experiment.cases:
        seen = observe(experiment.run(scenario, replication))
        wanted = {
            name: target
            for name, target in targets.targets.items()
            if scenario in (target.scenario, target.change_from)
        }
        measured[scenario] = measure_all(seen, targets, wanted)
        if scenario == TODAY:
            bands = percent_by_age_band(
                seen.contacts,
                seen.people,
                services=targets.groups["hospital"],
                bands=list(targets.groups["age_by_decile"]),
            )
    values: dict[str, list[float]] = {}
    for name, target in targets.targets.items():
        values[name] = measured[target.scenario][name]
        if target.change_from is not None:
            values[name] = _change(values[name], measured[target.change_from][name])
        if target.beside is not None:
            values[beside_of(name)] = measured[target.scenario][beside_of(name)]
    return values, bands


def _change(scenario: Sequence[float], base: Sequence[float]) -> list[float]:
    """The change of a total in per cent.

    >>> _change([30.0, 30.0], [50.0, 30.0])
    [-25.0]
    """
    before = sum(base)
    return [100.0 * (sum(scenario) - before) / before if before else float("nan")]
