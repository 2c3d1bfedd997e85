"""How often the 95% intervals of `compare` hold the truth: batches of ten paired replications, outcome by outcome.

    python benchmarks/intervals.py --folder coverage

The area is the demonstration region made twenty times smaller, for one measured year; the scenarios move demand and
capacity. Runs are made in parts, each with a seed of its own and kept in the folder, so that an interrupted run goes on
where it was. It uses one core; lower its priority (`nice -n 19`) on a machine that is used.

The truth of a batch is the mean of all other batches: its own error widens what is compared by a factor of
√(1 + 1 / (batches - 1)), one in two thousand with a thousand batches, and is left in. Coverage is judged over the intervals that
were told; an outcome of which one in twenty batches or more is told as too rare is shown and not judged.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
from scipy import stats

from pathways import Region, load_region
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.experiments.record import run_id
from ui.inputs.cases import gather

SCENARIOS = ("mri_guidance", "waiting_list_initiative")
SMALLER, BATCH, PART = 20, 10, 250
"""How many times smaller the area is, the replications of a batch, and those of a part."""
POOLED, EACH, LEVEL = (0.94, 0.96), (0.93, 0.97), 0.99
"""Where coverage must lie: of all outcomes together, and the 99% interval of each must not lie outside."""
SOMETIMES_RARE = 0.05


def small_region() -> Region:
    """The demonstration region with so many times fewer people, appointments and people waiting."""
    place = load_region("demonstration")
    return replace(
        place,
        people=place.people // SMALLER,
        sites=tuple(replace(site, amount=site.amount / SMALLER) for site in place.sites),
        waiting=tuple(replace(row, people=-(-row.people // SMALLER)) for row in place.waiting),
    )


def intervals(folder: Path, batches: int) -> pd.DataFrame:
    """What every batch says of every scenario and outcome: a row each. Parts that are there are read."""
    cases, base = gather(list(SCENARIOS), against="usual_care")
    place, parts = small_region(), -(-batches * BATCH // PART)
    folder.mkdir(parents=True, exist_ok=True)
    tables, began = [], time.monotonic()
    one = compare(Experiment(cases, base=base, region=place, years=1, replications=1, seed=0))
    for part in range(parts):
        path = folder / f"{run_id(one)}-{part}.parquet"
        if not path.exists():
            compared = compare(Experiment(cases, base=base, region=place, years=1, replications=PART, seed=part))
            pd.concat([batch_of(compared, first) for first in range(0, PART, BATCH)]).to_parquet(path)
            print(f"part {part + 1} of {parts}: {time.monotonic() - began:.0f} s", flush=True)
        tables.append(pd.read_parquet(path))
    return pd.concat(tables, ignore_index=True)


def batch_of(compared: Comparison, first: int) -> pd.DataFrame:
    """What a comparison of just these replications says, as every face does."""
    chosen = slice(first, first + BATCH)
    batch = replace(
        compared,
        tallies={name: runs[chosen] for name, runs in compared.tallies.items()},
        values={name: values.iloc[chosen].reset_index(drop=True) for name, values in compared.values.items()},
    )
    rows = []
    for scenario in batch.scenarios:
        for outcome in batch.outcomes:
            found = batch.difference(scenario, outcome)
            rows.append((scenario, outcome, found.mean, found.low, found.high, batch.too_rare(scenario, outcome)))
    return pd.DataFrame(rows, columns=["scenario", "outcome", "mean", "low", "high", "too_rare"])


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """One row per scenario and outcome: how many intervals were told, and how many of them hold the truth."""
    rows = []
    for (scenario, outcome), found in table.groupby(["scenario", "outcome"], sort=False):
        truth = (found["mean"].sum() - found["mean"]) / (len(found) - 1)
        held, told = (found["low"] <= truth) & (truth <= found["high"]), ~found["too_rare"]
        rows.append((scenario, outcome, 1 - told.mean(), told.sum(), held[told].sum(), held.sum(), len(held)))
    return pd.DataFrame(rows, columns=["scenario", "outcome", "rare", "told", "held", "held_of_all", "batches"])


def main() -> None:
    """Runs what is missing, prints the coverage of every outcome and says whether it is what it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("coverage"), help="where parts are kept")
    parser.add_argument("--batches", type=int, default=1000, help=f"batches of {BATCH} replications")
    asked = parser.parse_args()
    found = coverage(intervals(asked.folder, asked.batches))
    judged = found[found["rare"] < SOMETIMES_RARE]
    worst = []
    for row in found.itertuples():
        share = f"{row.held / row.told:.3f}" if row.told else "-"
        said = f"{row.scenario:26}{row.outcome:24}{share:>7} of {row.told:5} intervals"
        if row.Index not in judged.index:
            print(
                f"{said}; too rare to tell in {row.rare:.0%} of batches (all intervals: {row.held_of_all / row.batches:.3f})"
            )
            continue
        limits = stats.binomtest(int(row.held), int(row.told)).proportion_ci(LEVEL)
        outside = limits.high < EACH[0] or limits.low > EACH[1]
        worst += [f"{row.outcome} under {row.scenario}"] if outside else []
        print(f"{said}; 99% interval {limits.low:.3f} to {limits.high:.3f}{'  OUTSIDE' if outside else ''}")
    pooled = judged["held"].sum() / judged["told"].sum()
    kept = POOLED[0] <= pooled <= POOLED[1] and not worst
    print(f"all {len(judged)} outcomes judged: {pooled:.4f} of {judged['told'].sum():,} intervals hold the truth")
    print("kept" if kept else f"MISSED{': ' + ', '.join(worst) if worst else ''}")


if __name__ == "__main__":
    main()
