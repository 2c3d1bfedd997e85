"""How long outcomes take: ten million events to the full set, measured in one run on one machine.

    python benchmarks/ten_million.py

The events are simulated first. What is printed is measured, never remembered.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from engine import SEED, grown, planned

from outcomes import (
    age_at_first_treatment,
    concentration_index,
    continuity_by,
    continuity_of_care,
    cost_of_activity,
    list_sizes,
    practice_variation,
    qalys_of_time,
    referral_to_treatment,
    slope_index_of_inequality,
    waits,
)
from pathways import load_region
from pathways.region import DECILES
from sim.pilot import draw_cohort
from sim.results import (
    activity_table,
    by_decile_table,
    by_practice_table,
    health_table,
    lists_table,
    prices_table,
    waits_table,
)
from sim.running import Running, tallies_of

ASKED = 10_000_000
PEOPLE = 1_900_000
YEARS = 5
CONSULTANT_LED = ("spinal_clinic", "pain_service")
TREATMENTS = (
    "facet_injection",
    "nerve_root_injection",
    "denervation",
    "discectomy",
    "decompression",
    "fusion",
    "pain_programme",
)


def main() -> None:
    """Simulates, then times each outcome on the same log."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--people", type=int, default=PEOPLE, help="registered people (fewer for a trial)")
    people_registered = wanted.parse_args().people
    plan = planned(grown(load_region("demonstration"), people_registered), years=YEARS)
    cohort = draw_cohort(plan, seed=SEED, replication=0)
    log = Running(plan, cohort, keep_log=True).finish().log()
    people = cohort.table(plan).rename(columns={"deprivation_decile": "decile"})
    print(f"{len(log):,} events of {len(cohort):,} patients over {YEARS} years (asked for: {ASKED:,} events)")
    if len(log) < ASKED and people_registered == PEOPLE:
        raise SystemExit("There are too few events: raise PEOPLE.")
    tallies = timed("counted, all tables of a run", lambda: tallies_of(log, cohort))
    timed(
        "activity, waits, lists, flows, by decile",
        lambda: [make(tallies, plan) for make in (activity_table, waits_table, lists_table, by_decile_table)],
    )
    prices = prices_table(plan.pathway, plan.region)
    timed("costs by service and year", lambda: cost_of_activity(activity_table(tallies, plan), prices))
    timed("QALYs by year, state and decile", lambda: qalys_of_time(health_table(tallies, plan)))
    timed("practices: rates, funnel, variation", lambda: practice_variation(*by_practice(tallies, plan)))
    timed("inequality: slope and concentration index", lambda: inequality(tallies, plan))
    events = timed("the log as a table of events", log.for_outcomes)
    end = float(plan.last_tick / plan.ticks_per_day)
    timed("waits: percentiles, still waiting counted", lambda: waits(events, end_day=end))
    timed("list sizes by week", lambda: list_sizes(events, end_day=end))
    timed(
        "referral to treatment",
        lambda: referral_to_treatment(events, consultant_led=CONSULTANT_LED, treatments=TREATMENTS, snapshot_day=end),
    )
    timed("continuity of care by decile", lambda: continuity_by(continuity_of_care(events), people))
    timed("age at first injection or operation", lambda: age_at_first(events, people, end))
    print(f"{sum(TAKEN):6.1f} s in all")


TAKEN: list[float] = []


def timed(what: str, do: Callable[[], object]) -> object:
    """Does it, and says how long it took."""
    start = time.perf_counter()
    found = do()
    TAKEN.append(time.perf_counter() - start)
    print(f"{TAKEN[-1]:6.1f} s  {what}")
    return found


def by_practice(tallies, plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scans and people by practice."""
    table = by_practice_table(tallies, plan, plan.region.codes)
    scans = table[table["service"] == "mri"].rename(columns={"seen": "count"})[["practice", "count"]]
    people = plan.region.people.reshape(len(plan.region.codes), -1).sum(axis=1)
    return scans, pd.DataFrame({"practice": plan.region.codes, "n": people})


def inequality(tallies, plan) -> tuple[object, object]:
    """Of scans by deprivation decile."""
    table = by_decile_table(tallies, plan)
    scans = table[table["service"] == "mri"].groupby("decile")["seen"].sum().to_numpy(dtype=float)
    people = np.array([plan.region.people.sum() / len(DECILES)] * len(DECILES), dtype=float)
    rates = 1000 * scans / people
    return slope_index_of_inequality(rates, people), concentration_index(rates, np.array(DECILES), people)


def age_at_first(events: pd.DataFrame, people: pd.DataFrame, end: float) -> object:
    """Crude and standardised, by decile."""
    treated = events[(events["kind"] == "seen") & events["service"].isin(TREATMENTS) & (events["day"] >= 0)]
    known = people.assign(from_day=0.0, age=people["age"].astype(float))
    return age_at_first_treatment(treated[["patient", "day"]], known, end_day=end)


if __name__ == "__main__":
    sys.exit(main())
