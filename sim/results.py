"""From tallies to tidy tables and to the figures that a comparison reports.

| table | one row per | columns |
|---|---|---|
| activity | service, year | referred, joined, seen, missed, gave_up |
| waits | service, year | people (first visits), mean, median and 92nd percentile in days, share within 2, 6 and 18 weeks |
| lists | service, week | waiting (at the end of the week; week 0 is the first measured) |
| health | year, state, decile, utility | person_years |
| by_practice | practice, service | referred, seen, missed |
| by_decile | decile, service, year | referred, seen, missed |
| flows | from, to | people |
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes import qalys_of_time
from outcomes.discounting import discount_flow
from pathways.health import STATES
from pathways.pathway import Outcome
from sim.costs import costs_table, owed_table
from sim.costs import prices_table as prices_table  # so that whoever reads tables finds them all here
from sim.events import ENTRY
from sim.layout import DID_NOT_ATTEND, GAVE_UP, JOINED, REFERRAL, SEEN
from sim.plan import DAYS_IN_A_YEAR, Plan
from sim.reducers import Tallies, list_sizes, person_ticks, weeks_before, year_count, yearly
from sim.worth import worth

COUNTED = {"referred": REFERRAL, "joined": JOINED, "seen": SEEN, "missed": DID_NOT_ATTEND, "gave_up": GAVE_UP}
HOME = "home"
OWED = "care_owed_gbp"
"""The name of care owed among the values of a run."""
P92 = 0.92
"""The percentile that NHS statistics of waits publish beside the median."""


def activity_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """What happened at each service in each measured year (from 1)."""
    service, year = np.indices((len(plan.services), year_count(plan))).reshape(2, -1)
    events = yearly(tallies)
    table = {"service": np.array(plan.services)[service], "year": year + 1}
    return pd.DataFrame(table | {name: events[kind, service, year] for name, kind in COUNTED.items()})


def waits_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """How long people waited from referral to their first visit; NaN where nobody was seen."""
    service, year = np.indices((len(plan.services), year_count(plan))).reshape(2, -1)
    people = tallies.waits[service, year].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = tallies.wait_ticks[service, year] / people / plan.ticks_per_day
        within = {
            f"share_within_{weeks}_weeks": tallies.waits[service, year, :weeks].sum(axis=1) / people
            for weeks in (2, 6, 18)
        }
    percentiles = {
        f"{name}_wait_days": _day_by_which(tallies.waits[service, year], share)
        for name, share in (("median", 0.5), ("p92", P92))
    }
    table = {"service": np.array(plan.services)[service], "year": year + 1, "people": people, "mean_wait_days": mean}
    return pd.DataFrame(table | percentiles | within)


def _day_by_which(waits: np.ndarray, share: float) -> np.ndarray:
    """The day by which so many had been seen, from counts by whole weeks waited, as if spread evenly through each week.

    `waits` has shape (rows, weeks). NaN where nobody was seen.
    """
    seen = np.cumsum(waits, axis=1)
    wanted = share * seen[:, -1:]
    week = (seen >= wanted).argmax(axis=1)
    rows = np.arange(len(waits))
    before = seen[rows, week] - waits[rows, week]
    with np.errstate(invalid="ignore", divide="ignore"):
        days: np.ndarray = 7 * (week + (wanted[:, 0] - before) / waits[rows, week])
    return days


def lists_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """People waiting at the end of each week, for services that have lists."""
    sizes = list_sizes(tallies)
    queued = [name for name in plan.services if plan.pathway.services[name].capacity != "open"]
    tables = [
        pd.DataFrame(
            {
                "service": name,
                "week": np.arange(sizes.shape[1]) - weeks_before(plan),
                "waiting": sizes[plan.services.index(name)],
            }
        )
        for name in queued
    ]
    empty = pd.DataFrame({"service": [], "week": [], "waiting": []})
    return pd.concat(tables, ignore_index=True) if tables else empty


def health_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """Years lived in each state by everyone who has fallen ill, by year, deprivation decile and what they are worth.

    `utility` is that of a year in the state for people of this age and kind. Rows without time are left out, but for
    those of the first class, so that every year, state and decile has a row.
    """
    lived = person_ticks(tallies, plan)
    year, state, kind, decile = np.indices(lived.shape).reshape(4, -1)
    table = pd.DataFrame(
        {
            "year": year + 1,
            "state": np.array(STATES)[state],
            "decile": decile + 1,
            "utility": worth(plan.pathway)[state, kind],
            "person_years": lived.ravel() / (DAYS_IN_A_YEAR * plan.ticks_per_day),
        }
    )
    return table[(table["person_years"] != 0) | (kind == 0)].reset_index(drop=True)


def by_practice_table(tallies: Tallies, plan: Plan, codes: tuple[str, ...]) -> pd.DataFrame:
    """Activity by practice over the measured years; `codes` are those of the whole region."""
    practice, service = np.indices((len(codes), len(plan.services))).reshape(2, -1)
    counts = {name: tallies.by_practice[k, service, practice] for k, name in enumerate(("seen", "referred", "missed"))}
    return pd.DataFrame({"practice": np.array(codes)[practice], "service": np.array(plan.services)[service]} | counts)


def by_decile_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """Activity by deprivation decile and year."""
    decile, service, year = np.indices((10, len(plan.services), year_count(plan))).reshape(3, -1)
    counts = {
        name: tallies.by_decile[k, service, year, decile] for k, name in enumerate(("seen", "referred", "missed"))
    }
    names = {"decile": decile + 1, "service": np.array(plan.services)[service], "year": year + 1}
    return pd.DataFrame(names | counts)


def flows_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """People who went from one service to another over the measured years, without the ways nobody took."""
    sources, targets = [ENTRY, *plan.services], [*plan.services, HOME]
    source, target = np.nonzero(tallies.flows)
    return pd.DataFrame(
        {
            "from": np.array(sources)[source],
            "to": np.array(targets)[target],
            "people": tallies.flows[source, target],
        }
    )


def outcome_values(tallies: Tallies, plan: Plan) -> dict[str, float]:
    """The pathway's outcomes of one run: totals over the measured years, or mean waits in days (NaN if none). Beside
    them, under `OWED`, the care that people still wait for at the end, in GBP: see `sim.costs`."""
    values = {name: _value(outcome, tallies, plan) for name, outcome in plan.pathway.outcomes.items()}
    return {**values, OWED: float(owed_table(tallies, plan)["owed_gbp"].sum())}


def by_year(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """What each measured year cost and was worth: `year` from 1, its `length_years`, `cost_gbp`, `qalys`; undiscounted."""
    costs = costs_table(tallies, plan)
    qalys = qalys_of_time(health_table(tallies, plan))
    table = pd.DataFrame({"year": np.arange(year_count(plan)) + 1})
    table["length_years"] = np.minimum(1.0, plan.last_tick / (DAYS_IN_A_YEAR * plan.ticks_per_day) - table["year"] + 1)
    for name, found in (("cost_gbp", costs), ("qalys", qalys)):
        table[name] = table["year"].map(found.groupby("year")[name].sum()).fillna(0.0)
    return table


def discounted(table: pd.DataFrame, column: str, *, annual_rate: float) -> float:
    """The total of a column of `by_year` at what it is worth at the start: each year's amount flows evenly through it.

    >>> table = pd.DataFrame({"year": [1, 2], "length_years": [1.0, 1.0], "cost_gbp": [100.0, 100.0]})
    >>> discounted(table, "cost_gbp", annual_rate=0), round(discounted(table, "cost_gbp", annual_rate=0.035), 2)
    (200.0, 193.27)
    """
    start = table["year"] - 1
    flow = table[column] / table["length_years"]
    return float(discount_flow(flow, start, start + table["length_years"], annual_rate=annual_rate).sum())


def _value(outcome: Outcome, tallies: Tallies, plan: Plan) -> float:
    chosen = [plan.services.index(name) for name in outcome.services]
    match outcome.of:
        case "seen":
            return float(tallies.monthly[SEEN, chosen].sum())
        case "referral":
            return float(tallies.monthly[REFERRAL, chosen].sum())
        case "wait":
            people = tallies.waits[chosen].sum()
            return float(tallies.wait_ticks[chosen].sum() / people / plan.ticks_per_day) if people else float("nan")
        case "cost":
            return float(costs_table(tallies, plan)["cost_gbp"].sum())
        case "qalys":
            return float(qalys_of_time(health_table(tallies, plan))["qalys"].sum())
