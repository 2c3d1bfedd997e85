"""From tallies to tidy tables and to the figures that a comparison reports.

| table | one row per | columns |
|---|---|---|
| activity | service, year | length_years, referred, joined, seen, missed, gave_up |
| waits | service, year of referral | see `waits_table`: everyone who was referred is counted, also who still waits |
| lists | service, week | waiting (at the end of the week; week 0 is the first measured) |
| health | year, state, decile, utility | person_years |
| by_practice | practice, service | referred, seen, missed |
| by_decile | decile, service, year | length_years, referred, seen, missed |
| flows | from, to | people |

Years count from 1; the last may be part of a year, and `length_years` says how much of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from outcomes import qalys_of_time
from outcomes.economics.discounting import discount_flow
from outcomes.journeys.waiting import WEEKS, day_by_which, restricted_mean_days, share_seen, watched_days
from pathways.health import STATES
from pathways.pathway import Outcome
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.arrays.layout import DID_NOT_ATTEND, GAVE_UP, JOINED, REFERRAL, SEEN
from sim.costs import costs_table, owed_table
from sim.costs import prices_table as prices_table  # so that whoever reads tables finds them all here
from sim.events import ENTRY
from sim.health_utilities import utilities
from sim.plan import Plan
from sim.reducers import (
    WAIT_DAYS,
    Tallies,
    class_days,
    last_day,
    list_sizes,
    person_ticks,
    weeks_before,
    year_count,
    yearly,
)

COUNTED = {"referred": REFERRAL, "joined": JOINED, "seen": SEEN, "missed": DID_NOT_ATTEND, "gave_up": GAVE_UP}
HOME = "home"
OWED = "care_owed_gbp"
"""The name of care owed among the values of a run."""
P92 = 0.92
"""The percentile that NHS statistics of waits publish beside the median."""


def year_lengths(plan: Plan) -> np.ndarray:
    """How long each measured year is, in years: all but the last are 1."""
    lengths: np.ndarray = np.minimum(
        1.0, plan.last_tick / (DAYS_IN_A_YEAR * plan.ticks_per_day) - np.arange(year_count(plan))
    )
    return lengths


def activity_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """What happened at each service in each measured year (from 1)."""
    service, year = np.indices((len(plan.services), year_count(plan))).reshape(2, -1)
    events = yearly(tallies)
    table = {
        "service": np.array(plan.services)[service],
        "year": year + 1,
        "length_years": year_lengths(plan)[year],
    }
    return pd.DataFrame(table | {name: events[kind, service, year] for name, kind in COUNTED.items()})


def within_days(plan: Plan) -> int:
    """The days within which mean waits are counted: 52 weeks, or as long as anybody is watched in a shorter run."""
    return max(min(WAIT_DAYS, last_day(plan)), 0)


def waits_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """How long people waited for their first visit, from referral, by the year in which they were referred.

    Columns, times in days:

    - `length_years`: of the year in which they were referred; the last may be part of one;
    - `people` referred; `seen`, `left` without being seen, `still_waiting` at the end of the run, `share_still_waiting`;
    - `restricted_mean_wait_days`: the mean, who waits longer than `within_days` counted with these; `median_wait_days` and
      `p92_wait_days` (beyond 52 weeks to the week); `share_within_2_weeks` … `_52_weeks`, that day included. All count those
      still waiting and those who left for as long as they were watched (`outcomes.journeys.waiting`), and are NaN where not known;
    - `carried_on_from_day`: where nobody was watched for `within_days`, the day from which the mean takes it that nobody
      else was seen; NaN where nothing had to be assumed;
    - `mean_wait_days_of_seen`: of those alone who have been seen. It leaves out the longest waits: never compare it.

    Year 0 are the people who waited when the first measured day came. They are those who had not been seen before, and
    only counts and the last column are told of them.
    """
    service, year = np.indices((len(plan.services), year_count(plan) + 1)).reshape(2, -1)
    seen, left = tallies.seen_after[service, year].sum(axis=1), tallies.left[service, year]
    waiting = tallies.unseen_after[service, year].sum(axis=1) - left
    reached = share_seen(tallies.seen_after[service, year], tallies.unseen_after[service, year])
    reached[year == 0] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        share_waiting = waiting / (seen + left + waiting)
        mean_of_seen = tallies.wait_ticks[service, year] / seen / plan.ticks_per_day
    within = within_days(plan)
    first_year, days = reached[:, : WAIT_DAYS + 1], class_days()
    watched = watched_days(first_year, days[: WAIT_DAYS + 1])
    return pd.DataFrame(
        {
            "service": np.array(plan.services)[service],
            "year": year,
            "length_years": np.append(np.nan, year_lengths(plan))[year],
            "people": seen + left + waiting,
            "seen": seen,
            "left": left,
            "still_waiting": waiting,
            "share_still_waiting": share_waiting,
            "restricted_mean_wait_days": np.where(
                year > 0,
                _mean_wait(tallies.seen_after[service, year], tallies.unseen_after[service, year], plan),
                np.nan,
            ),
            "within_days": within,
            "carried_on_from_day": np.where(watched < within, watched, np.nan),
            "median_wait_days": day_by_which(reached, days, 0.5),
            "p92_wait_days": day_by_which(reached, days, P92),
            **{f"share_within_{weeks}_weeks": reached[:, DAYS_IN_A_WEEK * weeks] for weeks in WEEKS},
            "mean_wait_days_of_seen": mean_of_seen,
        }
    )


def wait_by_year(services: Sequence[str], tallies: Tallies, plan: Plan) -> np.ndarray:
    """The restricted mean wait in days of all referred to some services, by year of referral; shape (years,)."""
    chosen = [plan.services.index(name) for name in services]
    seen, unseen = (each[chosen, 1:].sum(axis=0) for each in (tallies.seen_after, tallies.unseen_after))
    return _mean_wait(seen, unseen, plan)


def _mean_wait(seen: np.ndarray, unseen: np.ndarray, plan: Plan) -> np.ndarray:
    """The restricted mean of counts by class of days, shape (..., classes)."""
    first_year = slice(WAIT_DAYS + 1)
    return restricted_mean_days(
        share_seen(seen, unseen)[..., first_year], class_days()[first_year], within=within_days(plan)
    )


def share_still_waiting(services: Sequence[str], tallies: Tallies, plan: Plan) -> float:
    """The share of those referred in the measured years who wait at the end of the run; NaN where nobody was referred."""
    chosen = [plan.services.index(name) for name in services]
    seen, unseen, left = (each[chosen, 1:].sum() for each in (tallies.seen_after, tallies.unseen_after, tallies.left))
    return float((unseen - left) / (seen + unseen)) if seen + unseen else float("nan")


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
    """Years lived in each state by everyone who has fallen ill, by year, deprivation decile and utility.

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
            "utility": utilities(plan.pathway)[state, kind],
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
    names = {
        "decile": decile + 1,
        "service": np.array(plan.services)[service],
        "year": year + 1,
        "length_years": year_lengths(plan)[year],
    }
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


TABLES: dict[str, Callable[[Tallies, Plan, tuple[str, ...]], pd.DataFrame]] = {
    "activity": lambda tallies, plan, _: activity_table(tallies, plan),
    "waits": lambda tallies, plan, _: waits_table(tallies, plan),
    "lists": lambda tallies, plan, _: lists_table(tallies, plan),
    "health": lambda tallies, plan, _: health_table(tallies, plan),
    "by_decile": lambda tallies, plan, _: by_decile_table(tallies, plan),
    "by_practice": by_practice_table,
}
"""The tables that are written of every run, each in a file of its name; the codes are those of the region's practices."""


def outcome_values(tallies: Tallies, plan: Plan) -> dict[str, float]:
    """The pathway's outcomes of one run: totals over the measured years, or waits. Beside them, under `OWED`, the care
    that people still wait for at the end, in GBP: see `sim.costs`.

    A wait is the mean of everyone referred in the measured years, those still waiting counted: see `waits_table`, whose
    years are taken together. NaN where nobody was referred.
    """
    values = {name: _value(outcome, tallies, plan) for name, outcome in plan.pathway.outcomes.items()}
    return {**values, OWED: float(owed_table(tallies, plan)["owed_gbp"].sum())}


def by_year(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """What each measured year cost and was worth: `year` from 1, its `length_years`, `cost_gbp`, `qalys`; undiscounted."""
    costs = costs_table(tallies, plan)
    qalys = qalys_of_time(health_table(tallies, plan))
    table = pd.DataFrame({"year": np.arange(year_count(plan)) + 1})
    table["length_years"] = year_lengths(plan)
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
            seen, unseen = (each[chosen, 1:].sum(axis=(0, 1)) for each in (tallies.seen_after, tallies.unseen_after))
            return float(_mean_wait(seen, unseen, plan))
        case "cost":
            return float(costs_table(tallies, plan)["cost_gbp"].sum())
        case "qalys":
            return float(qalys_of_time(health_table(tallies, plan))["qalys"].sum())
