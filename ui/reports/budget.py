"""What `backpath budget` tells: what a change costs each year, what of it is cash, and which capacity it frees or needs.

What levers provide is bought, whoever uses it; what of a saving people still wait for stands beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from outcomes.economics.budget_impact import NEEDED, RELEASED
from outcomes.verdicts import PAGE, if_they_hold
from pathways.files import writing
from pathways.files.writing import new_folder, write_text
from sim.experiments.comparison import Comparison
from sim.experiments.price_year import price_basis
from sim.experiments.record import number_or_none, stamp
from sim.measures.budget import Budget, without_share_of_cash
from sim.measures.changes import judgements
from ui.findings.owed import owed_json, owed_sentence
from ui.reports.decision_table import in_short
from ui.reports.run import run_warnings
from ui.words import NO_VALUE, figures, money, span

LINES = {"gross": "Full cost", "cash_releasing": "Of which cash", "capacity": "Of which capacity (not cash)"}


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
    unsaid = without_share_of_cash(comparison)
    none_said = [f"No share of cash is said for {', '.join(unsaid)}: there all is told as capacity."] * bool(unsaid)
    return [
        f"{set_up} Undiscounted, in prices of {price_basis(comparison.plan.pathway, comparison.region)}. Capacity is staff and "
        "rooms, not money in hand: it is never added to cash. Where more of it is needed and nobody is free, it has to be "
        "bought. Shares of cash and minutes of a contact are assumed.",
        *provided,
        *none_said,
        *_subject_to(comparison, budget.scenario),
        owed_sentence(comparison, budget.owed),
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
