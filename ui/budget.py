"""What `backpath budget` tells: what a change costs each year, what of it is cash, and which capacity it frees or needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from outcomes import paired_difference
from outcomes.budget import budget_of_activity, capacity_released
from pathways.quantity import DAYS_IN
from sim.compare import Comparison
from sim.prices import price_basis
from sim.record import number_or_none, stamp
from sim.results import activity_table, prices_table
from ui.report import new_folder
from ui.tables import in_short
from ui.words import figures, money

LINES = {"gross": "Full cost", "cash_releasing": "Of which cash", "capacity": "Of which capacity (not cash)"}
COUNTED = ["seen", "missed"]


@dataclass(frozen=True)
class Budget:
    """The budget impact of one scenario, over all runs.

    `by_year`: one row per year and line: `year`, `line`, `mean`, `low`, `high` in GBP, savings negative, the 95% interval
    of the mean over paired runs. `capacity`: one row per service that changes: `service`, `contacts`, `low`, `high` and
    `hours` a year (missing where nobody said how long a contact takes), `direction`.
    """

    scenario: str
    setup_cost: float
    by_year: pd.DataFrame
    capacity: pd.DataFrame


def budget_of(comparison: Comparison, scenario: str, *, setup_cost: float) -> Budget:
    """The budget impact of a scenario of a comparison."""
    changes = activity_changes(comparison, scenario)
    runs = []
    for run, change in enumerate(changes):
        prices = prices_table(comparison.plan_of(scenario, run).pathway, comparison.region)
        runs.append(budget_of_activity(change, prices, setup_cost=setup_cost))
    rows = []
    for position, year in enumerate(runs[0]["year"]):
        for line in LINES:
            values = np.array([run[line].iloc[position] for run in runs])
            rows.append((int(year), line, *_interval(values)))
    by_year = pd.DataFrame(rows, columns=["year", "line", "mean", "low", "high"])
    return Budget(scenario, setup_cost, by_year, _capacity(comparison, scenario, changes))


def activity_changes(comparison: Comparison, scenario: str) -> list[pd.DataFrame]:
    """Run by run, contacts more or fewer than in the base, by service and year."""
    found = []
    for after, before in zip(comparison.tallies[scenario], comparison.tallies[comparison.base], strict=True):
        tables = [activity_table(tallies, comparison.plan) for tallies in (after, before)]
        found.append(
            tables[0][["service", "year"]].assign(**{name: tables[0][name] - tables[1][name] for name in COUNTED})
        )
    return found


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    difference = paired_difference(values, np.zeros(len(values)))
    return difference.mean, difference.low, difference.high


def _capacity(comparison: Comparison, scenario: str, changes: list[pd.DataFrame]) -> pd.DataFrame:
    """Contacts and hours a year by service, where any run differs."""
    services = comparison.cases[scenario].pathway.services
    quantities = comparison.cases[scenario].pathway.quantities
    by_run = pd.concat([change.groupby("service")["seen"].sum() for change in changes], axis=1)
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
        direction = "no clear change" if not (low > 0 or high < 0) else "released" if contacts < 0 else "extra needed"
        rows.append((service, contacts, low, high, hours, direction))
    return pd.DataFrame(rows, columns=["service", "contacts", "low", "high", "hours", "direction"])


def sentences(comparison: Comparison, budget: Budget) -> list[str]:
    """What must be said beside the figures."""
    set_up = (
        f"Set-up of {money(budget.setup_cost)} falls in year 1."
        if budget.setup_cost
        else "No set-up cost was given (--set-up)."
    )
    return [
        f"{set_up} Undiscounted, in prices of {price_basis(comparison.plan.pathway, comparison.region)}. Capacity is staff and "
        "rooms, not money in hand: it is never added to cash. Shares of cash and minutes of a contact are assumed."
    ]


def terminal_tables(comparison: Comparison, budget: Budget) -> list[Table]:
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
            cells.append(f"{money(mean)}{interval}")
        money_table.add_row(words, *cells)
    capacity = Table(title=f"{title}: contacts and hours a year", title_justify="left", box=box.SIMPLE_HEAD)
    capacity.add_column("Service")
    for column in ("Contacts", "95% interval", "Hours", ""):
        capacity.add_column(column, justify="right")
    services = comparison.plan.pathway.services
    for name, contacts, low, high, hours, direction in budget.capacity.to_numpy().tolist():
        interval = "one run: none" if np.isnan(low) else f"{figures(low)} to {figures(high)}"
        capacity.add_row(services[name].title, figures(contacts), interval, figures(hours), direction)
    return [money_table, capacity]


def carried(comparison: Comparison, budget: Budget) -> dict[str, Any]:
    """What every table of a budget carries."""
    return {**stamp(comparison, setup_cost=budget.setup_cost), "scenario": budget.scenario}


def _stamped(comparison: Comparison, budget: Budget, table: pd.DataFrame) -> pd.DataFrame:
    for name, value in reversed(carried(comparison, budget).items()):
        table = pd.concat([pd.Series(value, index=table.index, name=name), table], axis=1)
    return table


def csv_text(comparison: Comparison, budgets: list[Budget]) -> str:
    """One row per scenario, year and line."""
    table = pd.concat([_stamped(comparison, budget, budget.by_year) for budget in budgets])
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def json_text(comparison: Comparison, budgets: list[Budget]) -> str:
    """Everything as one JSON object; what does not exist is null."""
    scenarios = {
        budget.scenario: {
            **carried(comparison, budget),
            "setup_cost": budget.setup_cost,
            "by_year": _records(budget.by_year),
            "capacity": _records(budget.capacity),
            "notes": sentences(comparison, budget),
        }
        for budget in budgets
    }
    return json.dumps(
        {**in_short(comparison), "against": comparison.base, "scenarios": scenarios}, indent=2, ensure_ascii=False
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): number_or_none(value) if isinstance(value, float) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def write_budgets(comparison: Comparison, budgets: list[Budget], folder: Path) -> list[str]:
    """Writes money and capacity as CSV, and both as JSON, into a new folder, whole or not at all; the files' names."""
    with new_folder(folder) as part:
        (part / "budget.json").write_text(json_text(comparison, budgets), encoding="utf-8")
        (part / "budget.csv").write_text(csv_text(comparison, budgets), encoding="utf-8")
        capacity = pd.concat([_stamped(comparison, budget, budget.capacity) for budget in budgets])
        capacity.to_csv(part / "capacity.csv", index=False, lineterminator="\n")
    return sorted(path.name for path in folder.iterdir())
