"""What `backpath budget` tells: what a change costs each year, what of it is cash, and which capacity it frees or needs.

What levers provide is bought, whoever uses it; what of a saving people still wait for stands beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from outcomes import paired_difference, too_few_events
from outcomes.economics.budget_impact import NEEDED, RELEASED, budget_of_costs, capacity_released
from outcomes.materiality import finding, least_count
from outcomes.paired import FEW_EVENTS
from outcomes.verdicts import PAGE, if_they_hold, verdict_of
from pathways.files import writing
from pathways.files.writing import new_folder, write_text
from pathways.quantity import DAYS_IN
from sim.costs import capacity_tables, costs_table, prices_table
from sim.experiments.comparison import Comparison
from sim.experiments.price_year import price_basis
from sim.experiments.record import number_or_none, stamp
from sim.results import activity_table
from ui.findings.key_message import judgements
from ui.findings.owed import Owed, owed_json, owed_of, owed_sentence
from ui.reports.decision_table import in_short
from ui.reports.run import run_warnings
from ui.words import NO_VALUE, TOO_RARE, figures, money, span

LINES = {"gross": "Full cost", "cash_releasing": "Of which cash", "capacity": "Of which capacity (not cash)"}


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
            rows.append((service, contacts, np.nan, np.nan, hours, "not material" if many else TOO_RARE))
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


def sentences(comparison: Comparison, budget: Budget) -> list[str]:
    """What must be said beside the figures."""
    set_up = (
        f"Set-up of {money(budget.setup_cost)} falls in year 1."
        if budget.setup_cost
        else "No set-up cost was given (--set-up)."
    )
    services = comparison.plan.pathway.services
    average = "" if comparison.years == 1 else f" on average over {span(comparison.years)}"
    bought = [
        f"{services[service].title} {figures(contacts)} a year at {money(price)}"
        for service, contacts, price, _ in budget.provided.to_numpy().tolist()
    ]
    provided = [
        f"Provided by levers and paid for, whoever uses it: {'; '.join(bought)}; {money(budget.provided['gbp'].sum())} a year{average}. "
        "All of it is cash, but where staff are moved from elsewhere."
    ] * bool(bought)
    priced = prices_table(comparison.plan.pathway, comparison.region).set_index("service")["price_gbp"] > 0
    unsaid = [service.title for name, service in services.items() if service.cash_share is None and priced[name]]
    none_said = [f"No share of cash is said for {', '.join(unsaid)}: there all is told as capacity."] * bool(unsaid)
    return [
        f"{set_up} Undiscounted, in prices of {price_basis(comparison.plan.pathway, comparison.region)}. Capacity is staff and "
        "rooms, not money in hand: it is never added to cash. Where more of it is needed and nobody is free, it has to be "
        "bought. Shares of cash and minutes of a contact are assumed.",
        *provided,
        *none_said,
        *_subject_to(comparison, budget.scenario),
        owed_sentence(budget.owed, comparison.years),
    ]


def _subject_to(comparison: Comparison, scenario: str) -> list[str]:
    """On what all the figures rest."""
    subject = if_they_hold(*judgements(comparison, scenario))
    return [f"All of this holds{subject.removeprefix(',')}. Words: {PAGE}."] * bool(subject)


def budget_tables(comparison: Comparison, budget: Budget) -> list[Table]:
    """Money by year, and capacity by service, for a terminal."""
    title = comparison.cases[budget.scenario].scenario.title
    years = list(dict.fromkeys(budget.by_year["year"]))
    money_table = Table(
        title=f"{title}: change in cost by year, {comparison.region.about.title}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption="Mean, and its 95% interval over paired runs; savings are negative.",
        caption_justify="left",
    )
    money_table.add_column("")
    for year in years:
        money_table.add_column(f"Year {year}", justify="right")
    rows = budget.by_year.set_index(["line", "year"])
    for line, words in LINES.items():
        cells = []
        for year in years:
            mean, low, high = (float(rows.loc[(line, year), each]) for each in ("mean", "low", "high"))
            interval = "" if np.isnan(low) else f"\n({money(low)} to {money(high)})"
            way = "" if line != "capacity" or mean == 0 else f" {RELEASED if mean < 0 else NEEDED}"
            cells.append(f"{money(mean)}{way}{interval}")
        money_table.add_row(words, *cells)
    capacity = Table(
        title=f"{title}: contacts and hours a year in the capacity that exists",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption="Change, and its 95% interval over paired runs. What is seen in what levers provide is not in it.",
        caption_justify="left",
    )
    capacity.add_column("Service")
    for column in ("Contacts", "95% interval", "Hours", ""):
        capacity.add_column(column, justify="right")
    services = comparison.plan.pathway.services
    for name, contacts, low, high, hours, direction in budget.capacity.to_numpy().tolist():
        interval = f"{figures(low)} to {figures(high)}"
        if np.isnan(low):
            interval = "one run: none" if comparison.replications == 1 else NO_VALUE
        capacity.add_row(services[name].title, figures(contacts), interval, figures(hours), direction)
    return [money_table, capacity]


def budget_stamp(comparison: Comparison, budget: Budget) -> dict[str, Any]:
    """What every table of a budget carries."""
    return {**stamp(comparison, setup_cost=budget.setup_cost), "scenario": budget.scenario}


def _stamped(comparison: Comparison, budget: Budget, table: pd.DataFrame) -> pd.DataFrame:
    for name, value in reversed(budget_stamp(comparison, budget).items()):
        table = pd.concat([pd.Series(value, index=table.index, name=name), table], axis=1)
    return table


def budget_csv(comparison: Comparison, budgets: list[Budget]) -> str:
    """One row per scenario, year and line."""
    table = pd.concat([_stamped(comparison, budget, budget.by_year) for budget in budgets])
    return writing.csv_text(table)


def budget_json(comparison: Comparison, budgets: list[Budget]) -> str:
    """Everything as one JSON object; what does not exist is null."""
    scenarios = {
        budget.scenario: {
            **budget_stamp(comparison, budget),
            "setup_cost": budget.setup_cost,
            "by_year": _records(budget.by_year),
            "capacity": _records(budget.capacity),
            "provided": _records(budget.provided),
            "care_owed": owed_json(budget.owed),
            "notes": sentences(comparison, budget),
        }
        for budget in budgets
    }
    return json.dumps(
        {
            **in_short(comparison),
            "against": comparison.base,
            "scenarios": scenarios,
            "warnings": run_warnings(comparison),
        },
        indent=2,
        ensure_ascii=False,
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): number_or_none(value) if isinstance(value, float) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def write_budgets(comparison: Comparison, budgets: list[Budget], folder: Path, *, overwrite: bool = False) -> list[str]:
    """Writes money and capacity as CSV, and both as JSON, into a new folder, whole or not at all; the files' names."""
    with new_folder(folder, overwrite=overwrite) as part:
        write_text(part / "budget.json", budget_json(comparison, budgets))
        write_text(part / "budget.csv", budget_csv(comparison, budgets))
        capacity = pd.concat([_stamped(comparison, budget, budget.capacity) for budget in budgets])
        write_text(part / "capacity.csv", writing.csv_text(capacity))
    return sorted(path.name for path in folder.iterdir())
