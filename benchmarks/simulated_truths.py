"""Whether calibrated intervals hold what they promise: made-up areas with known truths, calibrated one after another.

    python benchmarks/simulated_truths.py
    python benchmarks/simulated_truths.py --truths 3 --runs 1000

Each truth is a draw of every uncertain quantity from its range; its run is published as an area would publish it, month by
month, and calibrated from that alone. All share one prior bank, as areas of one structure would. What is printed is
measured, never remembered: coverage of 90% intervals over all fitted quantities, runs, seconds, and how far off the
medians lie in prior standard deviations beside those of knowing nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.calibrate import registered
from calibration.fitting.fit import fit
from calibration.fitting.runner import Runner, bank_of
from calibration.fitting.settings import Settings
from calibration.fitting.simulator import Simulator, Task
from calibration.fitting.summaries import Summaries
from calibration.local_data.local_targets import LocalTargets, load_local_targets
from pathways import Pathway, Region, load_region, load_scenario
from sim.run import Case

SERIES = [
    ("referrals", "gp", 1),
    ("referrals", "mri", 1),
    ("referrals", "msk_triage", 1),
    ("referrals", "spinal_clinic", 1),
    ("visits", "community_physio", 1),
    ("waiting", "community_physio", 1),
    ("waiting", "mri", 1),
    ("median_wait", "msk_triage", 1),
    ("missed_share", "community_physio", 12),
]
"""Measures and services of the made-up data, and over how many months each figure is."""
MONTHS = pd.period_range("2024-04", "2026-03", freq="M")
FIRST_TRUTH = 10_000_000
"""Runs of the truths have numbers that no fit uses."""
SEED = 42


def table_of(values: dict[tuple[str, str, str], float] | None) -> pd.DataFrame:
    """The made-up data in the template, one of them everywhere where no values are given."""
    rows = []
    for measure, service, months in SERIES:
        for month in MONTHS[::months]:
            end = (month + months - 1).end_time.date().isoformat()
            begin = end if measure == "waiting" else month.start_time.date().isoformat()
            unit = "days" if measure.endswith("_wait") else ""
            value = 5.0 if values is None else round(values[measure, service, end], 1)
            rows.append((measure, service, begin, end, value, unit, 0))
    return pd.DataFrame(rows, columns=["measure", "service", "from", "to", "value", "unit", "discrepancy"])


def targets_of(values: dict[tuple[str, str, str], float] | None, region: Region, pathway: Pathway) -> LocalTargets:
    """The made-up data as targets, by way of a file as a planner would write it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made_up.csv"
        table_of(values).to_csv(file, index=False)
        return load_local_targets(file, region=region, pathway=pathway)


def main() -> None:
    """Calibrates to each truth and prints a line for it, then the whole."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--truths", type=int, default=20)
    asked.add_argument("--runs", type=int, default=Settings().runs)
    asked.add_argument("--unknowns", type=int, default=Settings().unknowns)
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--store", type=Path, default=None, help="keep runs here, and find them again")
    options = asked.parse_args()
    region, case = load_region("demonstration"), Case(*load_scenario("usual_care"))
    settings = Settings(runs=options.runs, seed=SEED, unknowns=options.unknowns, workers=options.workers)
    empty = Simulator(case, region, targets_of(None, region, case.pathway), SEED)
    with tempfile.TemporaryDirectory() as temporary:
        store = options.store or Path(temporary)
        clock = time.perf_counter()
        bank = bank_of(
            Runner(empty, Summaries(empty.targets.figures, registered(region)), folder=store, settings=settings)
        )
        print(f"prior bank: {len(bank)} runs, {time.perf_counter() - clock:.0f} s; {len(empty.names)} quantities drawn")
        print(
            f"{'truth':>5} {'fitted':>6} {'covered':>8} {'off':>6} {'blind':>6} {'runs':>5} {'seconds':>8}  stopped because"
        )
        covered, lines = [], []
        for number in range(options.truths):
            clock = time.perf_counter()
            truth = empty(Task(FIRST_TRUTH + number, {}))
            assert truth is not None
            figures = empty.targets.figures
            keys = zip(figures["measure"], figures["services"], figures["to_date"], strict=True)
            values = {
                (measure, services[0], end.isoformat()): value
                for (measure, services, end), value in zip(keys, truth[: len(figures)], strict=True)
            }
            simulator = replace(empty, targets=targets_of(values, region, case.pathway))
            summaries = Summaries(simulator.targets.figures, registered(region))
            runner = Runner(simulator, summaries, folder=store, settings=settings)
            found = fit(runner, bank_of(runner))
            scores = truth[-len(simulator.names) :][found.places]
            low, high = np.quantile(found.draws, [0.05, 0.95], axis=0)
            inside = (low <= scores) & (scores <= high)
            covered.append(inside.mean())
            off, blind = np.abs(np.median(found.draws, axis=0) - scores).mean(), np.abs(scores).mean()
            own = found.runs - len(bank)
            seconds = time.perf_counter() - clock
            lines.append((inside.sum(), len(inside), own, seconds))
            print(
                f"{number:>5} {len(inside):>6} {inside.mean():>8.2f} {off:>6.2f} {blind:>6.2f} {own:>5} {seconds:>8.0f}"
                f"  {found.why_stopped}",
                flush=True,
            )
        inside, asked_of, runs, took = (sum(column) for column in zip(*lines, strict=True))
        error = np.std(covered, ddof=1) / np.sqrt(len(covered)) if len(covered) > 1 else float("nan")
        print(
            f"all: 90% intervals hold {inside / asked_of:.3f} ± {1.96 * error:.3f} of {asked_of} quantities; "
            f"{runs / len(lines):.0f} runs of its own and {took / len(lines):.0f} s for each truth"
        )


if __name__ == "__main__":
    main()
