"""What `backpath value` tells of a portfolio, for a terminal, as JSON and as CSV; its page is made by `ui.reports.portfolio_page`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.value import TRIAL, PortfolioValue, largest_first
from pathways.files.writing import csv_text, new_folder, write_text
from ui.findings.portfolio import sure, value_portfolio
from ui.inputs.portfolio import read_portfolio
from ui.reports.portfolio_page import portfolio_page
from ui.words import MINUS, money

__all__ = [
    "portfolio_csv",
    "portfolio_json",
    "portfolio_page",
    "portfolio_terminal",
    "read_portfolio",
    "value_portfolio",
    "write_portfolio",
]

ORDER = ("stopped", "scaled down", "scaled up", "started", "unchanged")
LIMITS_SHOWN = 6


def portfolio_terminal(value: PortfolioValue) -> list[Table | str]:
    """The plan as a table, then the finding, how sure it is, what binds, and every warning, in sentences.

    That gains are implausible is said before the finding.
    """
    found = value.allocation
    table = Table(
        title=Text(f"{value.settings.title}: {money(found.budget)}, gains: {value.settings.gains}", style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Service")
    for column in ("People", "Plan", "Cost", "Plan", "QALYs", "Plan"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in ordered(found.plan).to_dict("records"):
        group = "" if row["imd_group"] == "all" else f" (imd_group {row['imd_group']})"
        table.add_row(
            Text(f"{row['service']}{group}"),
            _whole(row["n_now"]),
            _whole(row["n_after"]),
            money(row["cost_now"]),
            money(row["cost_after"]),
            f"{row['qalys_now']:,.1f}".replace("-", MINUS),
            f"{row['qalys_after']:,.1f}".replace("-", MINUS),
            row["decision"],
        )
    return [table, *portfolio_sentences(value)]


def portfolio_sentences(value: PortfolioValue) -> list[str]:
    """The finding, how sure it is, what binds, and every warning; that gains are implausible is said first."""
    found = value.allocation
    limits = found.binding[:LIMITS_SHOWN]
    more = len(found.binding) - len(limits)
    return [
        *(f"Warning: {sentence}" for sentence in found.implausible),
        *value.sentences,
        *_beside(value),
        *sure(value),
        *(f"Limit: {sentence}" for sentence in limits),
        *([f"{more} more limits bind; --json has all."] if more else []),
        *(f"Warning: {sentence}" for sentence in value.warnings if sentence not in found.implausible),
    ]


def ordered(plan: pd.DataFrame) -> pd.DataFrame:
    """The plan with what is stopped first, then what shrinks, grows and begins; within each, the most money first."""
    return largest_first(plan).sort_values("decision", key=lambda decided: decided.map(ORDER.index), kind="stable")


def portfolio_json(value: PortfolioValue) -> str:
    """Everything as one JSON object; a number that does not exist is null."""
    found, unsure = value.allocation, value.uncertainty
    limits = value.settings.limits
    made: dict[str, Any] = {
        "portfolio": value.settings.name,
        "title": value.settings.title,
        "settings": {
            "gains": value.settings.gains,
            "budget": limits["budget"],
            "deprived_groups": list(limits["deprived_groups"]),
            "deprived_share": limits["deprived_share"],
            "change_limit": limits["change_limit"],
            "equity_weights": limits["equity_weights"],
            "need_share": limits["need_share"],
            "capacity": None if limits["resources"] is None else _records(limits["resources"]),
            "integer": limits["integer"],
            "seed": value.seed,
        },
        **_totals(found),
        "beside": {name: _totals(other) for name, other in value.beside.items()},
        "uncertainty": None
        if unsure is None
        else {
            "draws": unsure.draws,
            "probability_better": unsure.probability_better,
            "gain": {"mean": unsure.gain_mean, "low": unsure.gain_low, "high": unsure.gain_high, "interval": 0.95},
            "no_regrets": _records(unsure.no_regrets),
        },
        "list_rule": {
            "objective": found.league_table.objective,
            "spend": found.league_table.spend,
            "breaks": list(found.league_table.breaks),
        },
        "limits": _records(found.shadow_prices),
        "plan": _records(value.table()),
        "sentences": [*value.sentences, *_beside(value), *sure(value)],
        "warnings": list(value.warnings),
    }
    return json.dumps(made, indent=2, ensure_ascii=False, allow_nan=False)


def portfolio_csv(value: PortfolioValue) -> str:
    """The plan as CSV, one row per option, with everything that the file says of it: sources and grades go along."""
    return csv_text(value.table())


def _totals(found: Allocation) -> dict[str, Any]:
    """The totals of a plan beside those of today."""
    return {
        "today": {"people": found.people_now, "spend": found.spend_now, "qalys": found.qalys_now},
        "after": {"people": found.people, "spend": found.spend, "qalys": found.qalys},
        "objective": found.objective,
        "moved_gbp": found.moved_gbp,
        "gbp_per_qaly_at_the_margin": None if math.isnan(found.shadow_price) else found.shadow_price,
        "implausible": list(found.implausible),
    }


def _beside(value: PortfolioValue) -> list[str]:
    """The same plan with the other gains, one sentence each."""
    return [
        f"With the gains called '{name}': {other.qalys_now:,.0f} QALYs today, {other.qalys:,.0f} in the plan."
        + (" " + " ".join(other.implausible) if other.implausible else "")
        for name, other in value.beside.items()
        if name != TRIAL or value.settings.gains != TRIAL
    ]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON; missing is null."""
    found: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=12))
    return found


def _whole(people: float) -> str:
    return f"{people:,.0f}" if people == round(people) else f"{people:,.1f}"


def write_portfolio(value: PortfolioValue, folder: Path, *, overwrite: bool = False) -> list[str]:
    """Writes page, plan and record into a new folder, whole or not at all; the files' names."""
    from ui.reports.comparison import write_page

    with new_folder(folder, overwrite=overwrite) as part:
        write_text(part / "plan.csv", portfolio_csv(value))
        write_text(part / "portfolio.json", portfolio_json(value) + "\n")
        write_page(part / "portfolio.html", lambda: portfolio_page(value))
    return sorted(path.name for path in folder.iterdir())
