"""The model against published results: the targets, the runs that are compared with them, and the verdicts.

Targets are data (`library/validation.toml`), each with its rule, written before the first comparison. What is
measured is in `courses`, `activity` and `variation`; how the page looks is the user interface's business.
Nothing here changes the model.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Event
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from calibration import activity, courses, variation
from calibration.observed import Observed, observe
from outcomes.paired import t_half_width
from pathways import BadInput, Pathway, Problem, Region, did_you_mean, load_scenario
from pathways.explain import read_word
from pathways.load import read_toml
from pathways.word import Word
from sim.compare import Case, Stopped

FILE = Path(__file__).parent / "library" / "validation.toml"
TODAY = "usual_care"
FEWEST_REPLICATIONS = 2
MOST_PEOPLE = 2_000_000
"""Every event of a run is kept: more people would not fit into the memory of a usual machine."""
LOWER, UPPER = 0.05, 0.95
"""The range of single runs that the rule `range_contains` looks at."""

Measure = Callable[..., float | list[float]]
MEASURES: dict[str, Measure] = {
    measure.__name__: measure
    for measure in (
        courses.mean_score,
        courses.share_reaching,
        courses.median_days_to_reach,
        courses.share_in,
        courses.share_ill_for,
        courses.share_on_course,
        courses.qalys_lost,
        activity.people_seen_each_year,
        activity.visits_each_year,
        activity.ratio_of_sexes,
        activity.share_returning,
        activity.share_of_referrals,
        activity.share_of_visits,
        activity.share_led_to,
        activity.share_with_visits,
        activity.share_missed,
        activity.median_wait_weeks,
        activity.share_seen_within,
        activity.referrals_each_year,
        variation.mean_age_of_users,
        variation.age_difference,
        variation.age_difference_of_residents,
        variation.modal_bands_that_agree,
        variation.mean_gap_to_table,
        variation.ratio_of_deciles,
        variation.fold,
        variation.fold_by_chance,
        variation.correlation_with_deprivation,
        variation.prescribing_and_deprivation,
    )
}
COHORTS: dict[str, Callable[..., pd.DataFrame]] = {
    cohort.__name__: cohort
    for cohort in (courses.new_episodes, courses.consultations, courses.first_visits, courses.recoveries)
}
TABLES = tuple(field.name for field in fields(Observed))

RuleKind = Literal["mean_inside", "intervals_overlap", "above", "below", "range_contains"]
Verdict = Literal["pass", "fail", "no value"]


# what is written


class Rule(Word):
    """When a target is met. `than` goes with `above` and `below`."""

    kind: RuleKind
    than: float | None = None

    @model_validator(mode="after")
    def _than(self) -> Rule:
        if (self.kind in ("above", "below")) != (self.than is not None):
            raise ValueError(f"'{self.kind}' {'needs' if self.than is None else 'takes no'} 'than'")
        return self


class Measured(Word):
    """A figure of the model: a measure with its arguments."""

    measure: str = Field(min_length=1)
    arguments: dict[str, Any] = Field(default={}, alias="with")


class CohortWord(Measured):
    """People who are followed, and from when."""

    says: str = Field(min_length=1)


class Beside(Measured):
    """A figure that is printed beside another."""

    title: str = Field(min_length=1)


class Target(Measured):
    """A published result, and what it is compared with (the fields are explained at the top of the data file)."""

    title: str = Field(min_length=1)
    section: str
    value: float
    low: float | None = None
    high: float | None = None
    interval: Literal["published", "ours"] | None = None
    unit: str = Field(min_length=1)
    source: str = Field(min_length=1)
    read_at: str = ""
    grade: Literal["read", "recalled", "assumed"]
    evidence: str = ""
    compared: str = Field(min_length=1)
    cohort: str | None = None
    rule: Rule
    scenario: str = TODAY
    change_from: str | None = None
    beside: Beside | None = None
    fitted: bool = False
    tuned: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _interval(self) -> Target:
        if len({self.low is None, self.high is None, self.interval is None}) > 1:
            raise ValueError("'low', 'high' and 'interval' go together: write all three or none")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"the value {self.value:g} is not between low {self.low:g} and high {self.high:g}")
        if self.low is None and self.rule.kind in ("mean_inside", "intervals_overlap"):
            raise ValueError(f"the rule '{self.rule.kind}' needs 'low' and 'high'")
        return self


class Targets(Word):
    """The whole file."""

    format: int = Field(ge=1, le=1)
    rules: dict[RuleKind, str]
    sections: dict[str, str]
    groups: dict[str, Any] = {}
    cohorts: dict[str, CohortWord] = {}
    targets: dict[str, Target]

    def rule_in_words(self, rule: Rule) -> str:
        """The sentence of a rule, with its number."""
        return self.rules[rule.kind].format(than=f"{rule.than:g}" if rule.than is not None else "")


def load_targets(path: Path = FILE) -> Targets:
    """The targets of a data file; `BadInput` tells everything that is wrong with it.

    >>> load_targets().targets["recovered_within_a_year"].value
    72.0
    """
    targets, problems = read_word(Targets, read_toml(path), file=path.name, path="")
    if targets is None:
        raise BadInput(problems)
    problems += _unknown_names(targets, path.name)
    if problems:
        raise BadInput(problems)
    return targets


def _unknown_names(targets: Targets, file: str) -> list[Problem]:
    """Sections, rules, cohorts, measures and arguments that do not exist."""
    problems = []
    for name, cohort in targets.cohorts.items():
        problems += _measure_problems(cohort, COHORTS, f"{file}: cohorts.{name}")
    for name, target in targets.targets.items():
        where = f"{file}: targets.{name}"
        for field, value, known in (
            ("section", target.section, targets.sections),
            ("rule.kind", target.rule.kind, targets.rules),
            ("cohort", target.cohort, targets.cohorts),
        ):
            if value is not None and value not in known:
                problems.append(
                    Problem(
                        "validation_names", f"{where}.{field}", f"there is no '{value}'. {did_you_mean(value, known)}"
                    )
                )
        problems += _measure_problems(target, MEASURES, where, has_cohort=target.cohort is not None)
        if target.beside is not None:
            problems += _measure_problems(target.beside, MEASURES, f"{where}.beside")
    return problems


def _measure_problems(
    word: Measured, known: Mapping[str, Callable[..., Any]], where: str, *, has_cohort: bool = False
) -> list[Problem]:
    if word.measure not in known:
        hint = did_you_mean(word.measure, known)
        return [Problem("validation_measures", f"{where}.measure", f"there is no measure '{word.measure}'. {hint}")]
    tables, needed, allowed = _arguments(known[word.measure])
    problems = [
        Problem("validation_arguments", f"{where}.with", f"'{name}' is missing. Add it.")
        for name in needed
        if name not in word.arguments
    ]
    problems += [
        Problem(
            "validation_arguments", f"{where}.with", f"there is no argument '{name}'. {did_you_mean(name, allowed)}"
        )
        for name in word.arguments
        if name not in allowed
    ]
    if ("cohort" in tables) != has_cohort:
        says = f"the measure '{word.measure}' {'needs a' if 'cohort' in tables else 'takes no'} cohort."
        problems.append(Problem("validation_cohort", f"{where}.cohort", says))
    return problems


def _arguments(measure: Callable[..., Any]) -> tuple[list[str], list[str], list[str]]:
    """A function's tables (what stands before the star), the arguments it needs, and all it takes."""
    parameters = inspect.signature(measure).parameters.values()
    named = [each for each in parameters if each.kind is each.KEYWORD_ONLY]
    return (
        [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY],
        [each.name for each in named if each.default is each.empty],
        [each.name for each in named],
    )


def shared_evidence(target: Target, pathway: Pathway) -> list[str]:
    """The pathway's quantities that rest on the same evidence as a target, by name.

    >>> from pathways import load_pathway
    >>> shared_evidence(load_targets().targets["surgical_conversion"], load_pathway("usual_care"))[0]
    'surgery_conversion_share'
    """
    if not target.evidence:
        return []
    return [name for name, quantity in pathway.quantities.items() if target.evidence == quantity.evidence]


# what is measured


def measure(word: Measured, seen: Observed, targets: Targets, *, cohort: pd.DataFrame | None = None) -> Any:
    """What a measure (or a cohort) gives for one replication."""
    function = MEASURES.get(word.measure) or COHORTS[word.measure]
    tables, _, _ = _arguments(function)
    given = {name: cohort if name == "cohort" else getattr(seen, name) for name in tables}
    named = {
        name: targets.groups[value] if isinstance(value, str) and value in targets.groups else value
        for name, value in word.arguments.items()
    }
    return function(**given, **named)


def measure_all(seen: Observed, targets: Targets, wanted: Mapping[str, Target]) -> dict[str, list[float]]:
    """Every wanted target's value in one replication, one number or one for each period; cohorts are made once.

    What stands beside a target is found under its name with `, beside`.
    """
    needed = {target.cohort for target in wanted.values() if target.cohort is not None}
    cohorts = {name: measure(targets.cohorts[name], seen, targets) for name in sorted(needed)}
    found: dict[str, list[float]] = {}
    for name, target in wanted.items():
        cohort = cohorts[target.cohort] if target.cohort is not None else None
        found[name] = _listed(measure(target, seen, targets, cohort=cohort))
        if target.beside is not None:
            found[beside_of(name)] = _listed(measure(target.beside, seen, targets))
    return found


def beside_of(name: str) -> str:
    """The name under which the figure beside a target is found."""
    return f"{name}, beside"


def _listed(value: float | list[float]) -> list[float]:
    return list(value) if isinstance(value, list) else [value]


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
    range_low, range_high = np.quantile(singles[~np.isnan(singles)], [LOWER, UPPER])
    mean, half = float(means.mean()), t_half_width(means)
    return Simulated(mean, mean - half, mean + half, float(range_low), float(range_high), len(means))


def judge(target: Target, found: Simulated) -> Verdict:
    """Whether a target's rule holds; `no value` where the model gives none (which is not a pass).

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
class Result:
    """A target with what the model gives for it."""

    name: str
    target: Target
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
    results: list[Result]
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
    progress: Callable[[int, int], None] | None = None,
    stop: Event | None = None,
) -> Validation:
    """Runs every scenario that the targets name, and judges each target. The result does not depend on `workers`."""
    problems = _request_problems(region, years, replications, seed, workers)
    if problems:
        raise BadInput(problems)
    names = dict.fromkeys(
        name for each in targets.targets.values() for name in (TODAY, each.scenario, each.change_from) if name
    )
    cases = {name: _case(name) for name in names}
    for case in cases.values():
        for area in region.area_names():
            case.plan(region.area(area), years)  # what the region lacks is told before the runs

    def one(replication: int) -> tuple[dict[str, list[float]], pd.DataFrame]:
        return _replication(targets, cases, region, years=years, seed=seed, replication=replication)

    runs = _all_replications(one, replications, workers, progress, stop)
    results = []
    for name, target in targets.targets.items():
        found = simulated([values[name] for values, _ in runs])
        beside = simulated([values[beside_of(name)] for values, _ in runs]) if target.beside is not None else None
        shared = tuple(shared_evidence(target, cases[TODAY].pathway))
        results.append(Result(name, target, found, beside, judge(target, found), shared))
    bands = sum((table for _, table in runs), start=0 * runs[0][1]) / len(runs)
    return Validation(targets, region, cases[TODAY].pathway, years, replications, seed, results, bands)


def _request_problems(region: Region, years: float, replications: int, seed: int, workers: int) -> list[Problem]:
    problems = []
    if replications < FEWEST_REPLICATIONS:
        says = f"{replications} is written; an interval needs at least {FEWEST_REPLICATIONS}."
        problems.append(Problem("replications", "replications", says))
    if not 0 <= seed < 2**63:
        problems.append(Problem("seed", "seed", f"{seed} is written; use a whole number from 0."))
    if workers < 1:
        problems.append(Problem("workers", "workers", f"{workers} is written; use a whole number from 1."))
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
    targets: Targets, cases: Mapping[str, Case], region: Region, *, years: float, seed: int, replication: int
) -> tuple[dict[str, list[float]], pd.DataFrame]:
    """Every target's values in one replication, and the age bands of hospital users."""
    measured: dict[str, dict[str, list[float]]] = {}
    bands = pd.DataFrame()
    for scenario, case in cases.items():
        seen = observe(case, region, years=years, seed=seed, replication=replication)
        wanted = {
            name: target
            for name, target in targets.targets.items()
            if scenario in (target.scenario, target.change_from)
        }
        measured[scenario] = measure_all(seen, targets, wanted)
        if scenario == TODAY:
            bands = variation.percent_by_age_band(
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


def _all_replications(
    one: Callable[[int], Any],
    replications: int,
    workers: int,
    progress: Callable[[int, int], None] | None,
    stop: Event | None,
) -> list[Any]:
    """The replications in order, on so many threads; `Stopped` where the user stops them."""
    found: dict[int, Any] = {}
    running: dict[Future[Any], int] = {}
    following = 0
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while len(found) < replications:
                while following < replications and len(running) < workers:
                    running[pool.submit(one, following)] = following
                    following += 1
                if stop is not None and stop.is_set():
                    raise Stopped
                done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    found[running.pop(future)] = future.result()
                if progress is not None:
                    progress(len(found), replications)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [found[replication] for replication in range(replications)]
