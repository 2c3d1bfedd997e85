"""Comparing scenarios: paired replications under common random numbers, area by area, on as many threads as asked for.

Within a replication the base is burned in once; each scenario branches off at the first tick where it may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Literal

import numpy as np
import pandas as pd

from pathways import BadInput, Problem, Region
from sim.batch.asked import too_much
from sim.batch.threads import LOOKS_PER_SECOND, Progress, Stopped
from sim.events import EventLog
from sim.experiments.case import Case
from sim.experiments.comparison import Comparison
from sim.experiments.joint_draws import JointDraws
from sim.experiments.precision import AUTO_MOST, AUTO_STEP, too_wide
from sim.pilot import draw_cohort
from sim.plan import Plan
from sim.reducers import Tallies, add_areas, narrow
from sim.running import Running, tallies_of

Engine = Literal["compiled", "reference"]


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
