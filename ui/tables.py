"""The decision table: one row per outcome, today beside each scenario. As text for a terminal, JSON, CSV and HTML cells."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

from sim.compare import Comparison, warnings_of
from sim.record import fingerprint
from ui.key_message import KeyMessage, key_message
from ui.words import NO_VALUE, amount, per_year, percent, signed

WIDE = 112
COLOUR_OF = {"better": "green", "worse": "red", "unclear": "yellow", "no change": "", "none": ""}
SYMBOL_OF = {"better": "✓", "worse": "✗", "unclear": "?", "no change": "=", "none": ""}


@dataclass(frozen=True)
class Row:
    """One line of a decision table, in words."""

    outcome: str
    title: str
    today: str
    scenario: str
    change: str
    interval: str
    agreement: str
    message: KeyMessage


def rows_of(comparison: Comparison, scenario: str) -> list[Row]:
    """The decision table of one scenario. Counts and money are yearly averages."""
    rows = []
    for outcome, word in comparison.plan.pathway.outcomes.items():
        message = key_message(comparison, scenario, outcome)
        difference = comparison.difference(scenario, outcome)
        years = comparison.years
        today, then = (per_year(comparison.mean(name, outcome), word, years) for name in (comparison.base, scenario))
        low, high = (per_year(value, word, years) for value in (difference.low, difference.high))
        lower, higher = (
            round(share * difference.runs) if difference.runs else 0
            for share in (difference.share_lower, difference.share_higher)
        )
        agreement = f"{max(lower, higher)} of {difference.runs} {'lower' if lower >= higher else 'higher'}"
        interval = f"{signed(low, word)} to {signed(high, word)}"
        if difference.runs < 2:
            interval = "one run: none" if difference.runs else NO_VALUE
        rows.append(
            Row(
                outcome=outcome,
                title=word.title,
                today=amount(today, word),
                scenario=amount(then, word),
                change=f"{signed(then - today, word)} ({percent(message.median)})",
                interval=interval,
                agreement=NO_VALUE if not difference.runs else "none differs" if lower == higher == 0 else agreement,
                message=message,
            )
        )
    return rows


def terminal_table(comparison: Comparison, scenario: str, *, width: int = WIDE) -> Table:
    """The decision table for a terminal; a narrow one leaves out what can be worked out from the rest."""
    title = comparison.cases[scenario].scenario.title
    base = comparison.cases[comparison.base].scenario.title
    wide = width >= WIDE
    table = Table(
        title=f"{title} against {base[:1].lower()}{base[1:]}: {comparison.region.about.title}, a year on average",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
    )
    table.add_column("Outcome", no_wrap=True)
    for column in (base, title, "Change", "95% interval", "Runs") if wide else (base, "Change", "95% interval"):
        table.add_column(column, justify="right")
    table.add_column("", no_wrap=True)
    for row in rows_of(comparison, scenario):
        verdict = row.message.verdict
        mark = f"{SYMBOL_OF[verdict]} {verdict}" if verdict != "none" else ""
        cells = (
            (row.today, row.scenario, row.change, row.interval, row.agreement)
            if wide
            else (row.today, row.change, row.interval)
        )
        table.add_row(row.title, *cells, mark if wide else SYMBOL_OF[verdict], style=COLOUR_OF[verdict])
    return table


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as one object; a number that does not exist is null."""
    scenarios: dict[str, Any] = {}
    for name in comparison.scenarios:
        scenarios[name] = {}
        for outcome in comparison.outcomes:
            difference = comparison.difference(name, outcome)
            scenarios[name][outcome] = {
                "base": _number(comparison.mean(comparison.base, outcome)),
                "scenario": _number(comparison.mean(name, outcome)),
                "difference": {
                    "mean": _number(difference.mean),
                    "low": _number(difference.low),
                    "high": _number(difference.high),
                    "share_lower": _number(difference.share_lower),
                },
            }
    return {
        "region": comparison.region.name,
        "population": comparison.region.population,
        "years": comparison.years,
        "replications": comparison.replications,
        "seed": comparison.seed,
        "fingerprint": fingerprint(comparison),
        "against": comparison.base,
        "interval": 0.95,
        "scenarios": scenarios,
        "warnings": warnings_of(comparison),
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def json_text(comparison: Comparison) -> str:
    """The comparison as JSON text."""
    return json.dumps(as_json(comparison), indent=2, ensure_ascii=False)


CSV_COLUMNS = (
    "scenario",
    "outcome",
    "base",
    "scenario_mean",
    "difference",
    "low",
    "high",
    "share_lower",
    "share_higher",
    "runs",
)


def csv_text(comparison: Comparison) -> str:
    """The comparison as CSV: one row per scenario and outcome, totals over the measured years."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in comparison.table()[list(CSV_COLUMNS)].itertuples(index=False):
        writer.writerow(["" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row])
    return out.getvalue()
