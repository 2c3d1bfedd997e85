"""Comparing scenarios: paired replications under common random numbers, area by area, on as many threads as asked for.

Within a replication the base is burned in once; each scenario branches off at the first tick where it may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Literal

import numpy as np
import pandas as pd

from outcomes import (
    PairedDifference,
    paired_difference,
    replications_are_enough,
    t_half_width,
    too_few_events,
    too_few_runs_differ,
)
from outcomes.paired import FEW_EVENTS
from pathways import BadInput, Pathway, Problem, Region, Scenario
from sim.batch.asked import too_much
from sim.batch.threads import LOOKS_PER_SECOND, Progress, Stopped
from sim.events import EventLog
from sim.experiments.as_written import unheeded
from sim.experiments.joint_draws import JointDraws
from sim.experiments.need import far_from_need
from sim.layout import REFERRAL, SEEN
from sim.pilot import doubts_about_lists, draw_cohort
from sim.plan import Plan, compile_plan
from sim.reducers import Tallies, add_areas, list_sizes, narrow, weeks_before
from sim.results import outcome_values, share_still_waiting
from sim.running import Running, tallies_of

Engine = Literal["compiled", "reference"]

PRECISION = 0.02
"""Replications are enough when half the interval of a difference is within 2% of the base's figure."""
AUTO_STEP, AUTO_MOST = 10, 200
LEAST_WAIT_DAYS = 25.0
"""Precision of a wait is judged against so many days at least: 2% of them is half a day, and nobody needs to know more."""
QALYS_PER_100K = 1.0
"""Replications are enough when half the interval of the QALYs gained is within one a year per 100,000 registered people.

That is five minutes of full health for each of them. It depends neither on the difference that is found, so that a
run never stops because its result looks clear, nor on the QALYs of everyone ever ill, which grow with the horizon.
"""
MOST_SENTENCES = 3
GROWTH_WEEKS = 8
FEW_PEOPLE = 10
"""A list that grows by fewer people than this over the run is called steady."""


@dataclass(frozen=True)
class Case:
    """A scenario with its pathway, ready to be compiled for any area."""

    name: str
    scenario: Scenario
    pathway: Pathway

    def plan(self, area: Region, years: float) -> Plan:
        """The plan of this case for one area."""
        return compile_plan(self.pathway, area, scenario=self.scenario, name=self.name, years=years)


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    `plans` are those of the cases for the region's first area, `in_areas` those for each. `tallies[name][r]` are the
    counts of scenario `name` in replication r, over all areas; the base is among them. With a `calibration` each
    replication had its own draw, and `plans` are those of the first; for prices and utilities ask `plan_of`.
    `values[name]` are the outcomes, one row per replication; those that are known already need not be worked out again.
    `asked` is how many replications were asked for: "auto" where as many as the intervals needed.
    """

    region: Region
    base: str
    cases: Mapping[str, Case]
    plans: Mapping[str, Plan]
    years: float
    seed: int
    engine: str
    tallies: Mapping[str, list[Tallies]]
    calibration: JointDraws | None = None
    asked: int | Literal["auto"] | None = None
    values: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    in_areas: Sequence[Mapping[str, Plan]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {name: self._values_of(name) for name in self.tallies})

    def _values_of(self, scenario: str) -> pd.DataFrame:
        """The outcomes of each replication of a scenario: those known already, and of the rest what their counts give."""
        known = self.values.get(scenario, pd.DataFrame())
        runs = range(len(known), len(self.tallies[scenario]))
        found = [outcome_values(self.tallies[scenario][run], self.plan_of(scenario, run)) for run in runs]
        return pd.concat([known, pd.DataFrame(found)], ignore_index=True) if found else known

    def plan_of(self, scenario: str, replication: int) -> Plan:
        """A scenario's plan with the quantities of one replication: what its tables are read with.

        What the engines read of it, the `arrays`, is of the first replication.
        """
        plan = self.plans[scenario]
        if self.calibration is None:
            return plan
        return replace(plan, pathway=self.calibration.case_at(self.cases[scenario], replication).pathway)

    @property
    def plan(self) -> Plan:
        """The base's plan for the first area."""
        return self.plans[self.base]

    @property
    def replications(self) -> int:
        """How many replications were run."""
        return len(self.tallies[self.base])

    @property
    def scenarios(self) -> list[str]:
        """The scenarios that are compared with the base."""
        return [name for name in self.cases if name != self.base] or [self.base]

    @property
    def outcomes(self) -> list[str]:
        """The outcomes that are reported."""
        return list(self.plan.pathway.outcomes)

    def difference(self, scenario: str, outcome: str) -> PairedDifference:
        """Scenario minus base, run by run."""
        return paired_difference(self.values[scenario][outcome].to_numpy(), self.values[self.base][outcome].to_numpy())

    def mean(self, scenario: str, outcome: str) -> float:
        """The mean over replications; NaN where no run has a value."""
        values = self.values[scenario][outcome].to_numpy()
        return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")

    def too_rare(self, scenario: str, outcome: str) -> bool:
        """Whether a difference rests on too few events, or too few runs, to have an interval that means something.

        A wait rests on the people who come and who are seen: where neither differ by more than a few, the little that it
        differs hangs on single people in the queue. Where not a single count differs in any run there is no difference,
        however rare the outcome.
        """
        values, before = (self.values[name][outcome].to_numpy() for name in (scenario, self.base))
        word = self.plan.pathway.outcomes[outcome]
        rare = too_few_runs_differ(values, before)
        if word.of in ("seen", "referral"):
            rare = too_few_events(values, before)
        if word.of == "wait":
            rare = rare or all(self._few_events(scenario, kind, word.services) for kind in (REFERRAL, SEEN))
        return rare and not self.nothing_differs(scenario)

    def _few_events(self, scenario: str, kind: int, services: Sequence[str]) -> bool:
        """Whether the runs differ by too few events of a kind at some services."""
        chosen = [self.plan.services.index(name) for name in services]
        sides = (
            [tallies.monthly[kind, chosen].sum() for tallies in self.tallies[name]] for name in (scenario, self.base)
        )
        return too_few_events(*map(np.array, sides))

    def nothing_differs(self, scenario: str) -> bool:
        """Whether a scenario's runs are those of the base, to the last count."""
        pairs = zip(self.tallies[scenario], self.tallies[self.base], strict=True)
        return all(np.array_equal(one, other) for pair in pairs for one, other in zip(*pair, strict=True))

    def still_waiting(self, scenario: str, outcome: str) -> float:
        """The share of those referred in the measured years who wait at the end of the run, for an outcome that is a
        wait: the mean over replications, NaN where nobody was ever referred."""
        services, plan = self.plan.pathway.outcomes[outcome].services, self.plans[scenario]
        shares = np.array([share_still_waiting(services, tallies, plan) for tallies in self.tallies[scenario]])
        return float(np.nanmean(shares)) if not np.isnan(shares).all() else float("nan")

    def table(self) -> pd.DataFrame:
        """One row per scenario and outcome: base, scenario, and the paired difference with its interval.

        `lowest` and `highest` are the range of the runs. A difference that is `too_rare` to tell has no interval. Of waits
        `base_still_waiting` and `scenario_still_waiting` are the shares who wait at the end of the run.
        """
        rows = []
        for scenario in self.scenarios:
            for outcome in self.outcomes:
                difference, rare = self.difference(scenario, outcome), self.too_rare(scenario, outcome)
                waits = self.plan.pathway.outcomes[outcome].of == "wait"
                rows.append(
                    {
                        "scenario": scenario,
                        "outcome": outcome,
                        "base": self.mean(self.base, outcome),
                        "scenario_mean": self.mean(scenario, outcome),
                        "difference": difference.mean,
                        "low": np.nan if rare else difference.low,
                        "high": np.nan if rare else difference.high,
                        "lowest": difference.lowest,
                        "highest": difference.highest,
                        "too_rare": rare,
                        "share_lower": difference.share_lower,
                        "share_higher": difference.share_higher,
                        "runs": difference.runs,
                        **{
                            f"{side}_still_waiting": self.still_waiting(name, outcome) if waits else np.nan
                            for side, name in (("base", self.base), ("scenario", scenario))
                        },
                    }
                )
        return pd.DataFrame(rows)


def compare(
    cases: Mapping[str, Case],
    *,
    base: str,
    region: Region,
    years: float,
    replications: int | Literal["auto"],
    seed: int,
    engine: Engine = "compiled",
    workers: int = 1,
    progress: Progress | None = None,
    stop: Event | None = None,
    calibration: JointDraws | None = None,
) -> Comparison:
    """Runs every case over the same patients and compares each with `base`, which is one of them.

    With a `calibration` each replication takes the next of its draws, for all cases and the region alike: differences
    stay paired, and intervals cover what the calibration leaves open. It must have a draw for each.
    `replications="auto"` adds replications ten at a time until the intervals are narrow enough, up to 200.
    `progress(done, total)` is called from this thread; setting `stop` ends the run with `Stopped`.
    The result does not depend on `workers`.
    """
    problems = _request_problems(replications, seed, workers)
    if problems:
        raise BadInput(problems)
    if calibration is not None:
        wanted, least = (AUTO_MOST, AUTO_STEP) if replications == "auto" else (replications, replications)
        calibration = calibration.fitting(cases, wanted, least=least)
    most = AUTO_MOST if calibration is None else min(AUTO_MOST, calibration.count)
    areas = [region.area(name) for name in region.area_names()]
    plans_of = _plans_of(cases, base, areas, years, calibration)
    in_areas = [plans_of(0, area) for area in range(len(areas))]
    order = _order_of_practices(region)
    found: dict[str, list[Tallies]] = {name: [] for name in cases}
    values: Mapping[str, pd.DataFrame] = {}
    target = AUTO_STEP if replications == "auto" else replications
    while True:
        batch = range(len(found[base]), target)
        ran = _replications(plans_of, len(areas), base, seed, batch, engine, workers, progress, target, stop)
        for _, tallies in ran:
            for name, each in tallies.items():
                found[name].append(narrow(each)._replace(by_practice=each.by_practice[:, :, order]))
        used = calibration.first(target) if calibration else None
        result = Comparison(
            region, base, cases, in_areas[0], years, seed, engine, found, used, replications, values, in_areas
        )
        values = result.values
        if replications != "auto" or target + AUTO_STEP > most or not too_wide(result):
            return result
        target += AUTO_STEP


def _plans_of(
    cases: Mapping[str, Case],
    base: str,
    areas: list[Region],
    years: float,
    calibration: JointDraws | None,
) -> Callable[[int, int], dict[str, Plan]]:
    """The plans of a replication for the area at a position. Without a calibration they are compiled once for all."""

    def compiled(of: Mapping[str, Case], area: Region) -> dict[str, Plan]:
        return {name: case.plan(area, years) for name, case in of.items()}

    def drawn(replication: int, area: int) -> dict[str, Plan]:
        assert calibration is not None
        of = calibration.cases_at(cases, replication)
        return compiled(of, calibration.region_at(areas[area], cases[base].pathway, replication))

    always = [compiled(cases, area) for area in areas] if calibration is None else []
    # what an area lacks is told before the first run, whatever is drawn
    for area in areas if calibration else ():
        compiled(cases, area)
    return drawn if calibration else lambda _, area: always[area]


def _order_of_practices(region: Region) -> np.ndarray:
    """Where each practice of the region stands when its areas' practices follow each other."""
    by_area = [np.flatnonzero(np.array(region.areas) == name) for name in region.area_names()]
    return np.argsort(np.concatenate(by_area))


def _request_problems(replications: int | str, seed: int, workers: int) -> list[Problem]:
    problems = []
    if replications != "auto" and (not isinstance(replications, int) or replications < 1):
        problems.append(
            Problem("replications", "replications", f"{replications} is written; use a whole number from 1, or 'auto'.")
        )
    if seed < 0:
        problems.append(Problem("seed", "seed", f"{seed} is written; use a whole number from 0."))
    if workers < 1:
        problems.append(Problem("workers", "workers", f"{workers} is written; use a whole number from 1."))
    counted = {} if isinstance(replications, str) else {"replications": replications}
    return problems + too_much(seed=seed, workers=workers, **counted)


def _replications(
    plans_of: Callable[[int, int], dict[str, Plan]],
    areas: int,
    base: str,
    seed: int,
    batch: range,
    engine: Engine,
    workers: int,
    progress: Progress | None,
    total: int,
    stop: Event | None,
) -> Iterator[tuple[int, dict[str, Tallies]]]:
    """The tallies of each replication in order, areas put together; the parts run on `workers` threads."""
    parts: dict[int, dict[int, dict[str, Tallies]]] = {replication: {} for replication in batch}
    tasks = [(replication, area) for replication in batch for area in range(areas)]
    waiting_for: dict[Future[dict[str, Tallies]], tuple[int, int]] = {}
    following, finished = 0, 0

    def one(replication: int, area: int) -> dict[str, Tallies]:
        return one_replication(plans_of(replication, area), base, seed, replication, engine)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            ready = batch.start
            while following < len(tasks) or waiting_for:
                # only a few tasks at a time are handed out, so that memory and a stop stay bounded
                while following < len(tasks) and len(waiting_for) < 2 * workers:
                    future = pool.submit(one, *tasks[following])
                    waiting_for[future] = tasks[following]
                    following += 1
                if stop is not None and stop.is_set():
                    raise Stopped
                done, _ = wait(waiting_for, timeout=1 / LOOKS_PER_SECOND, return_when=FIRST_COMPLETED)
                for future in done:
                    replication, area = waiting_for.pop(future)
                    parts[replication][area] = future.result()
                    finished += 1
                if progress is not None:
                    progress(batch.start * areas + finished, total * areas)
                while ready in parts and len(parts[ready]) == areas:
                    found = parts.pop(ready)
                    yield ready, {name: add_areas([found[k][name] for k in range(areas)]) for name in found[0]}
                    ready += 1
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def one_replication(
    plans: dict[str, Plan], base: str, seed: int, replication: int, engine: Engine
) -> dict[str, Tallies]:
    """Every scenario of one replication in one area, over the same patients.

    The base runs once; a scenario branches off where it may first differ. One that never differs is the base.
    """
    if engine == "reference":
        from sim.reference import Reference

        found = {}
        for name, plan in plans.items():
            cohort = draw_cohort(plan, seed=seed, replication=replication)
            found[name] = tallies_of(Reference(plan, cohort).run(), cohort)
        return found
    base_plan = plans[base]
    shared = [name for name, plan in plans.items() if shares_warm_up(plan, base_plan)]
    cohort = draw_cohort(base_plan, seed=seed, replication=replication)
    running = Running(base_plan, cohort)
    found = {}
    for name in sorted(shared, key=lambda name: plans[name].differs_from):
        if name != base:
            running.advance(plans[name].differs_from)
            found[name] = running.branch(plans[name]).finish().tallies
    found[base] = running.finish().tallies
    for name in set(plans) - set(shared) - {base}:
        own = draw_cohort(plans[name], seed=seed, replication=replication)
        found[name] = Running(plans[name], own).finish().tallies
    return {name: found[name] for name in plans}


def shares_warm_up(plan: Plan, base: Plan) -> bool:
    """Whether a plan can branch off the base's run: the same pathway with the same quantities, the base without levers."""
    return not base.levers and plan.pathway == base.pathway and plan.differs_from >= plan.first_tick


def logs_of(
    case: Case,
    *,
    region: Region,
    years: float,
    replications: int,
    seed: int,
    engine: Engine,
    calibration: JointDraws | None = None,
) -> Iterator[EventLog]:
    """The full event log of a case in canonical order, one area and replication after another; patients are numbered on."""
    offset = 0
    areas = [region.area(name) for name in region.area_names()]
    plans_of = _plans_of({case.name: case}, case.name, areas, years, calibration)
    for replication in range(replications):
        for area in range(len(areas)):
            plan = plans_of(replication, area)[case.name]
            cohort = draw_cohort(plan, seed=seed, replication=replication)
            if engine == "reference":
                from sim.reference import Reference

                log = Reference(plan, cohort).run()
            else:
                log = Running(plan, cohort, keep_log=True).finish().log()
            log.rows["patient"] += offset
            offset += len(cohort)
            yield log.canonical()
        offset = 0


# warnings


def warnings_of(comparison: Comparison, *, most: int | None = None) -> list[str]:
    """What a reader must know before believing the figures: too few replications, lists that grow without end.

    `most` sentences of each kind at most, the rest counted; all of them where it is None.
    """
    doubt = [comparison.calibration.warning] if comparison.calibration and comparison.calibration.warning else []
    few = ["One replication gives no interval: nothing here can be told from chance. Run at least 10."]
    if comparison.replications > 1:
        few = [sentence for sentence, _ in too_wide(comparison)]
    if not width_reached(comparison):
        stopped = (
            f"The width asked for was not reached: --replications auto stops at {comparison.replications} runs, and "
            f"{len(few)} of the differences still have a wider interval."
        )
        few = [stopped, *few]
    rare = [sentence for name in comparison.scenarios for sentence in _too_rare(comparison, name)]
    names = dict.fromkeys([comparison.base, *comparison.scenarios])
    at_start = [*far_from_need(comparison), *_doubts_about_lists(comparison)]
    lists = [sentence for name in names for sentence in growing_lists(comparison, name)]
    return [
        *doubt,
        *unheeded(comparison),
        *_shortened(few, most, "wide intervals"),
        *rare,
        *_shortened(at_start, most, "lists at the start"),
        *_shortened(lists, most, "growing lists"),
    ]


def _doubts_about_lists(comparison: Comparison) -> list[str]:
    """What the lists at the start say that the pathway does not, in every area; of a scenario what is not so today."""
    today = [says for plans in comparison.in_areas for says in doubts_about_lists(plans[comparison.base])]
    return today + [
        f"Under '{name}': {says}"
        for name in comparison.scenarios
        for plans in comparison.in_areas
        for says in doubts_about_lists(plans[name])
        if says not in today
    ]


def _too_rare(comparison: Comparison, scenario: str) -> list[str]:
    """A sentence that names the outcomes that are too rare to tell, and may matter; none where there are none."""
    outcomes = comparison.plan.pathway.outcomes
    found = [
        f"'{word.title}'"
        for name, word in outcomes.items()
        if comparison.too_rare(scenario, name) and _may_matter(comparison, scenario, name)
    ]
    if not found or comparison.replications < 2:
        return []
    return [
        f"Too rare to tell in {comparison.replications} runs under '{scenario}': {', '.join(found)}. More runs may tell."
    ]


def _may_matter(comparison: Comparison, scenario: str, outcome: str) -> bool:
    """Whether what is too rare to tell may be more than the precision that is asked for: of counts as many events as would
    be too few, of all else the largest difference of a run."""
    if comparison.plan.pathway.outcomes[outcome].of in ("seen", "referral"):
        return PRECISION * float(comparison.values[comparison.base][outcome].sum()) < FEW_EVENTS
    found = comparison.difference(scenario, outcome)
    return max(abs(found.lowest), abs(found.highest)) > PRECISION * _scale(comparison, outcome)


def _shortened(sentences: list[str], most: int | None, what: str) -> list[str]:
    """The first few sentences, and how many more there are."""
    if most is None or len(sentences) <= most:
        return sentences
    return [*sentences[:most], f"And {len(sentences) - most} more {what}: see the report (--out)."]


def width_reached(comparison: Comparison) -> bool:
    """Whether `--replications auto` found intervals as narrow as it looks for; nothing was looked for otherwise."""
    return comparison.asked != "auto" or not too_wide(comparison)


def too_wide(comparison: Comparison) -> list[tuple[str, int]]:
    """Differences whose interval is wide for the number of replications, with how many would be needed."""
    found = []
    for scenario in comparison.scenarios:
        if scenario == comparison.base:
            continue
        for outcome, word in comparison.plan.pathway.outcomes.items():
            difference = comparison.values[scenario][outcome] - comparison.values[comparison.base][outcome]
            differences = difference.dropna().to_numpy()
            scale = _scale(comparison, outcome)
            if (
                len(differences) < 2
                or scale == 0
                or comparison.too_rare(scenario, outcome)
                or replications_are_enough(differences, scale=scale, precision=PRECISION)
            ):
                continue
            half = t_half_width(differences)
            needed = int(np.ceil(len(differences) * (half / (PRECISION * scale)) ** 2))
            limit = f" (--replications auto stops at {AUTO_MOST})" if needed > AUTO_MOST else ""
            found.append(
                (
                    f"Few replications for '{word.title}' under '{scenario}': the interval is "
                    f"{_width(comparison, outcome, half, scale)}. About {needed} replications{limit} would bring it to "
                    f"{_width(comparison, outcome, PRECISION * scale, scale, short=True)}.",
                    needed,
                )
            )
    return found


def _scale(comparison: Comparison, outcome: str) -> float:
    """What the half width of an interval is measured against; 2% of it is narrow enough."""
    word = comparison.plan.pathway.outcomes[outcome]
    if word.of == "qalys":
        return QALYS_PER_100K * comparison.region.population / 100_000 * comparison.years / PRECISION
    scale = abs(comparison.mean(comparison.base, outcome))
    return max(scale, LEAST_WAIT_DAYS) if word.of == "wait" else scale


def _width(comparison: Comparison, outcome: str, half: float, scale: float, *, short: bool = False) -> str:
    """Half an interval in the unit in which it is judged."""
    word = comparison.plan.pathway.outcomes[outcome]
    if word.of == "qalys":
        per_100k = half / comparison.years / comparison.region.population * 100_000
        return f"±{per_100k:.3g}" + ("" if short else " a year per 100,000 registered people")
    if word.of == "wait" and scale == LEAST_WAIT_DAYS:
        return f"±{half:.1f} days"
    return f"±{100 * half / scale:.3g}%" if short else f"±{100 * half / scale:.1f}% of the base's figure"


def growing_lists(comparison: Comparison, scenario: str) -> list[str]:
    """Lists that still grow in the second half of the run, by more than chance between replications: no steady state.

    Growth is the mean over the replications, from before the middle of the run to its end.
    """
    plan = comparison.plan
    sizes = np.array(
        [list_sizes(tallies)[:, weeks_before(plan) :] for tallies in comparison.tallies[scenario]], dtype=float
    )
    weeks = sizes.shape[2]
    if weeks < 4 * GROWTH_WEEKS:
        return []
    middle = sizes[:, :, weeks // 2 - GROWTH_WEEKS : weeks // 2].mean(axis=2)
    end = sizes[:, :, -GROWTH_WEEKS - 1 : -1].mean(axis=2)
    sentences = []
    for position, service in enumerate(plan.services):
        late = (end - middle)[:, position]
        spread = t_half_width(late) if len(late) > 1 else 0.0
        grows = late.mean() > max(FEW_PEOPLE, 0.1 * middle[:, position].mean()) and late.mean() > spread
        if grows:
            per_year = late.mean() / (weeks - weeks // 2 - 1) * 365 / 7
            sentences.append(
                f"The list for '{plan.pathway.services[service].title}' has no steady state under '{scenario}': in the "
                f"second half of the run it grows by about {per_year:.0f} people a year, to {end[:, position].mean():.0f}. "
                "Its waits depend on the years simulated."
            )
    return sentences
