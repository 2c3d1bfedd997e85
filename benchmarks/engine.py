"""How fast the engines are, as ratios and times measured in one run on one machine.

    python benchmarks/engine.py                       everything that needs no official files
    python benchmarks/engine.py engines growth        only these
    python benchmarks/engine.py england --region DIR  all of England, from `backpath region new ... --england`

Every figure is a median or a best of interleaved repeats. What is printed is measured, never remembered.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from pathways import Region, load_pathway, load_region
from sim.cohort import Cohort
from sim.experiments.compare import compare
from sim.experiments.experiment import Experiment
from sim.pilot import draw_cohort
from sim.plan import Plan, compile_plan
from sim.reference import Reference
from sim.results import outcome_values
from sim.running import Running
from ui.inputs.cases import gather

SEED = 42
GROWTH = (10_000, 30_000, 100_000, 300_000, 1_000_000)
SCENARIOS = ["mri_guidance", "physio_first"]


def grown(region: Region, people: int) -> Region:
    """The region with about so many people at the same practices, and capacity and lists in proportion."""
    times = people / region.population
    return replace(
        region,
        people=np.round(region.people * times).astype(np.int64),
        sites=tuple(replace(site, amount=site.amount * times) for site in region.sites),
        waiting=tuple(replace(row, people=round(row.people * times)) for row in region.waiting),
    )


def planned(region: Region, years: float) -> Plan:
    """Today's pathway in a region."""
    return compile_plan(load_pathway("usual_care"), region, name="usual_care", years=years)


def seconds(do: Callable[[], object]) -> float:
    """How long it takes, by the wall."""
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def run(plan: Plan, cohort: Cohort) -> Running:
    """One run of the compiled engine, counted and not kept."""
    return Running(plan, cohort).finish()


def rows_per_run(plan: Plan, cohort: Cohort) -> int:
    """Events of one run."""
    return len(Running(plan, cohort, keep_log=True).finish().log().rows)


def engines(_: str | None) -> None:
    """The compiled engine against the reference: same plan, same cohort, same log, interleaved."""
    plan = planned(grown(load_region("demonstration"), 20_000), years=1)
    cohort = draw_cohort(plan, seed=SEED, replication=0)
    fast = Running(plan, cohort, keep_log=True).finish().log().canonical().rows
    slow = Reference(plan, cohort).run().canonical().rows
    if not np.array_equal(fast, slow):
        raise SystemExit("The engines wrote different logs: no comparison of their speed means anything.")
    ratios, per_row = [], []
    for _repeat in range(3):
        slow_seconds = seconds(lambda: Reference(plan, cohort).run())
        fast_seconds = min(seconds(lambda: Running(plan, cohort, keep_log=True).finish()) for _again in range(5))
        ratios.append(slow_seconds / fast_seconds)
        per_row.append((slow_seconds / len(fast) * 1e6, fast_seconds / len(fast) * 1e9))
    micro, nano = (statistics.median(column) for column in zip(*per_row, strict=True))
    print(f"{len(cohort):,} patients, {len(fast):,} events in both logs, row for row the same")
    print(f"reference {micro:.0f} µs an event, compiled {nano:.0f} ns an event, all outcomes counted and the log kept")
    print(f"ratio {statistics.median(ratios):.0f} (from {min(ratios):.0f} to {max(ratios):.0f}); asked for: 150")


def growth(_: str | None) -> None:
    """Cost of an event from ten thousand to a million patients in one area, interleaved."""
    base = load_region("demonstration")
    drawn = draw_cohort(planned(base, 1), seed=SEED, replication=0)
    per_patient = base.population / len(drawn)
    cases = []
    for patients in GROWTH:
        plan = planned(grown(base, round(patients * per_patient)), years=1)
        cohort = draw_cohort(plan, seed=SEED, replication=0)
        cases.append((plan, cohort, rows_per_run(plan, cohort)))
    best = [float("inf")] * len(cases)
    for _repeat in range(4):
        for position, (plan, cohort, rows) in enumerate(cases):
            taken = seconds(partial(run, plan, cohort))
            best[position] = min(best[position], taken / rows * 1e9)
    for (_plan, cohort, rows), nano in zip(cases, best, strict=True):
        print(f"{len(cohort):>9,} patients {rows:>11,} events {nano:6.0f} ns an event")
    print(f"largest over smallest cost of an event: {max(best) / min(best):.2f}; asked for: at most 2")


def million(_: str | None) -> None:
    """A million people over five years, all outcomes, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        print(pool.apply(_million))


def _million() -> str:
    region = grown(load_region("demonstration"), 1_000_000)
    warm = planned(grown(region, 10_000), years=1)
    run(warm, draw_cohort(warm, seed=SEED, replication=0))
    lines = []
    for repeat in range(3):
        start = time.perf_counter()
        plan = planned(region, years=5)
        compiled = time.perf_counter()
        cohort = draw_cohort(plan, seed=SEED, replication=repeat)
        drawn = time.perf_counter()
        values = outcome_values(run(plan, cohort).tallies, plan)
        done = time.perf_counter()
        lines.append(
            f"{region.population:,} people, five years and the warm-up, {len(cohort):,} patients, {len(values)} outcomes: "
            f"{done - start:.2f} s (plan {compiled - start:.2f}, cohort {drawn - compiled:.2f}, run {done - drawn:.2f}), "
            f"one core; asked for: about 2"
        )
    return "\n".join([*lines, f"memory at most {peak_gigabytes():.2f} GB; asked for: 2"])


def peak_gigabytes() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def batch(_: str | None) -> None:
    """350,000 people, five years, 30 paired replications of three scenarios on two threads."""
    region = grown(load_region("demonstration"), 350_000)
    cases, base = gather(SCENARIOS, against="usual_care")
    compare(Experiment(cases, base=base, region=grown(region, 10_000), years=1, replications=1, seed=SEED))
    taken = seconds(
        lambda: compare(Experiment(cases, base=base, region=region, years=5, replications=30, seed=SEED), workers=2),
    )
    print(
        f"{region.population:,} people, 5 years, 30 replications of {len(cases)} scenarios, 2 threads: {taken:.1f} s;",
        end=" ",
    )
    print("asked for: about 10")


def first(_: str | None) -> None:
    """The first result from the command line, compiled code being on disk, in new processes."""
    command = [sys.executable, "-m", "ui.command_line", "compare", *SCENARIOS]
    times = [seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _repeat in range(3)]
    print(f"backpath compare {' '.join(SCENARIOS)}: {min(times):.1f} to {max(times):.1f} s; asked for: under 5")


def england(folder: str | None) -> None:
    """All of England over five years, one replication, its areas one after another on one core."""
    if folder is None:
        raise SystemExit("england needs --region DIR: the folder that 'backpath region new ... --england' wrote.")
    whole = load_region(folder)
    warm = planned(grown(load_region("demonstration"), 10_000), years=1)
    run(warm, draw_cohort(warm, seed=SEED, replication=0))
    start = time.perf_counter()
    events = patients = 0
    slowest = cheapest = float("nan")
    for name in whole.area_names():
        plan = planned(whole.area(name), years=5)
        cohort = draw_cohort(plan, seed=SEED, replication=0)
        began = time.perf_counter()
        running = run(plan, cohort)
        rows = int(running.tallies.monthly.sum())
        cost = (time.perf_counter() - began) / rows * 1e9
        slowest, cheapest = np.fmax(slowest, cost), np.fmin(cheapest, cost)
        events, patients = events + rows, patients + len(cohort)
        outcome_values(running.tallies, plan)
    taken = time.perf_counter() - start
    print(
        f"{whole.population:,} people at {len(whole.codes):,} practices in {len(whole.area_names())} areas, five years, "
        f"one replication, one core: {taken:.0f} s; asked for: 120"
    )
    print(
        f"{patients:,} patients, {events:,} events of care in the measured years: {taken / events * 1e9:.0f} ns each, all "
        f"work included; by area from {cheapest:.0f} to {slowest:.0f} ns. Memory at most {peak_gigabytes():.1f} GB; asked for: 12"
    )


PARTS = {part.__name__: part for part in (engines, growth, million, batch, first, england)}


def main() -> None:
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--region", metavar="DIR", help="the region of the part england")
    chosen = parser.parse_args()
    unknown = [part for part in chosen.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    for name in chosen.parts or [part for part in PARTS if part != "england"]:
        print(f"== {(PARTS[name].__doc__ or name).strip()}")
        PARTS[name](chosen.region)


if __name__ == "__main__":
    main()
