"""The budget impact of a scenario: what it costs each year, what of it is cash, which capacity it frees or needs, and what
levers provide, which is bought whoever uses it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes import paired_difference, too_few_events
from outcomes.economics.budget_impact import NEEDED, RELEASED, budget_of_costs, capacity_released
from outcomes.materiality import finding, least_count
from outcomes.paired import FEW_EVENTS
from outcomes.verdicts import verdict_of
from pathways.quantity import DAYS_IN
from sim.costs import capacity_tables, costs_table, prices_table
from sim.experiments.comparison import Comparison
from sim.measures.owed import Owed, owed_of
from sim.results import activity_table

LINES = ("gross", "cash_releasing", "capacity")
"""Full cost; which of it is cash; which of it is capacity."""


@dataclass(frozen=True)
class Budget:
    """The budget impact of one scenario, over all runs.

    `by_year`: one row per year and line: `year`, `line`, `mean`, `low`, `high` in GBP, savings negative, the 95% interval
    of the mean over paired runs. `capacity`: one row per service that changes: `service`, `contacts`, `low`, `high` and
    `hours` a year (missing where nobody said how long a contact takes), `direction`; what is too rare to tell has no
    interval. `provided`: one row per service at which levers provide something: `service`, `contacts` a year that it has
    room for, their mean `price_gbp`, and `gbp` a year, means over the runs. `owed` is the care that people still wait for at the end.
    """

    scenario: str
    setup_cost: float
    by_year: pd.DataFrame
    capacity: pd.DataFrame
    provided: pd.DataFrame
    owed: Owed


def budget_of(comparison: Comparison, scenario: str, *, setup_cost: float) -> Budget:
    """The budget impact of a scenario of a comparison."""
    runs = [budget_of_costs(change, setup_cost=setup_cost) for change in cost_changes(comparison, scenario)]
    rows = []
    for position, year in enumerate(runs[0]["year"]):
        for line in LINES:
            values = np.array([run[line].iloc[position] for run in runs])
            rows.append((int(year), line, *_interval(values)))
    by_year = pd.DataFrame(rows, columns=["year", "line", "mean", "low", "high"])
    capacity = _capacity(comparison, scenario, activity_changes(comparison, scenario))
    provided = _provided(comparison, scenario)
    return Budget(scenario, setup_cost, by_year, capacity, provided, owed_of(comparison, scenario))


def cost_changes(comparison: Comparison, scenario: str) -> list[pd.DataFrame]:
    """Run by run, what each service costs more or less than in the base, by year: `cost_gbp` and, of it, `cash_gbp`."""
    found = []
    for run in range(comparison.replications):
        after, before = (
            costs_table(comparison.tallies[name][run], comparison.plan_of(name, run))
            for name in (scenario, comparison.base)
        )
        changes = {of: after[of] - before[of] for of in ("cost_gbp", "cash_gbp")}
        found.append(after[["service", "year"]].assign(**changes))
    return found


def _provided(comparison: Comparison, scenario: str) -> pd.DataFrame:
    """What levers provide beside what exists, by service, a year on average over the runs."""
    tables = [
        capacity_tables(tallies, comparison.plan_of(scenario, run))[1]
        for run, tallies in enumerate(comparison.tallies[scenario])
    ]
    table = pd.concat(tables)
    table = table.assign(gbp=table["contacts"] * table["price_gbp"])
    yearly = table.groupby("service", sort=False)[["contacts", "gbp"]].sum().reset_index()
    yearly[["contacts", "gbp"]] /= comparison.replications * comparison.years
    yearly.insert(2, "price_gbp", yearly["gbp"] / yearly["contacts"])
    return yearly


def activity_changes(comparison: Comparison, scenario: str) -> list[pd.DataFrame]:
    """Run by run, people `seen` more or fewer than `in_base`, by service and year, in the capacity that exists: what is
    seen in what levers provide frees or needs nothing else."""
    found = []
    for run in range(comparison.replications):
        seen = []
        for name in (scenario, comparison.base):
            tallies, plan = comparison.tallies[name][run], comparison.plan_of(name, run)
            table = activity_table(tallies, plan)
            in_existing = costs_table(tallies, plan)["contacts"]
            seen.append(table["seen"] * in_existing / (table["seen"] + table["missed"]).clip(lower=1))
        found.append(table[["service", "year"]].assign(seen=seen[0] - seen[1], in_base=seen[1]))
    return found


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    difference = paired_difference(values, np.zeros(len(values)))
    return difference.mean, difference.low, difference.high


def _capacity(comparison: Comparison, scenario: str, changes: list[pd.DataFrame]) -> pd.DataFrame:
    """Contacts and hours a year by service, where any run differs."""
    services = comparison.cases[scenario].pathway.services
    quantities = comparison.cases[scenario].pathway.quantities
    by_run, in_base = (
        pd.concat([change.groupby("service")[column].sum() for change in changes], axis=1)
        for column in ("seen", "in_base")
    )
    rows = []
    for service, word in services.items():
        values = by_run.loc[service].to_numpy(dtype=float) / comparison.years
        if not values.any():
            continue
        contacts, low, high = _interval(values)
        change = pd.DataFrame({"service": [service], "change": [contacts], "per": ["year"]})
        minutes = quantities[word.contact].days() / DAYS_IN["minutes"] if word.contact else 0.0
        uses = [(service, service, minutes, DAYS_IN["hours"] / DAYS_IN["minutes"])]
        columns = ["service", "resource", "minutes_per_contact", "minutes_per_session"]
        released = capacity_released(change, pd.DataFrame(uses, columns=columns)).iloc[0]
        hours = float(released["sessions"]) if word.contact else np.nan
        before = in_base.loc[service].to_numpy(dtype=float)
        least = least_count(before.mean(), people=comparison.region.population, years=comparison.years)
        if too_few_events(before + values * comparison.years, before):
            many = least * len(before) >= FEW_EVENTS
            rows.append((service, contacts, np.nan, np.nan, hours, "not material" if many else "too rare to tell"))
            continue
        direction = _direction(contacts, low, high, least=least / comparison.years)
        rows.append((service, contacts, low, high, hours, direction))
    return pd.DataFrame(rows, columns=["service", "contacts", "low", "high", "hours", "direction"])


def _direction(contacts: float, low: float, high: float, *, least: float) -> str:
    """Whether capacity is freed or needed, in the words of every face; `least` is the least change a year that matters.

    >>> _direction(-50.0, -60.0, -40.0, least=10.0), _direction(3.0, 1.0, 5.0, least=10.0)
    ('released', 'not material')
    """
    found = finding(contacts, low, high, least=least)
    word = verdict_of(found, rises=contacts > 0, better="neither")
    return (RELEASED if contacts < 0 else NEEDED) if word in ("changed", "small") else word


def without_share_of_cash(comparison: Comparison) -> list[str]:
    """The services that have a price and of which no share of cash is said, by their titles: there all is capacity."""
    plan = comparison.plan
    priced = prices_table(plan.pathway, comparison.region).set_index("service")["price_gbp"] > 0
    return [
        service.title for name, service in plan.pathway.services.items() if service.cash_share is None and priced[name]
    ]
