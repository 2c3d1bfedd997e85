"""The decision table: one row per outcome, today beside each scenario. As text for a terminal, JSON, CSV and HTML cells."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from outcomes.verdicts import MEANINGS, PAGE, Tone, marked
from pathways.files import writing
from pathways.provision import Provision, provision
from sim.experiments.comparison import Comparison
from sim.experiments.precision import warnings_of, width_reached
from sim.experiments.record import fingerprint, number_or_none, stamp
from sim.measures.changes import is_rare
from sim.measures.owed import owed_of
from sim.results import within_days
from ui.findings.calibrated import calibration_json
from ui.findings.key_message import KeyMessage, key_message, rests_on
from ui.findings.owed import owed_json
from ui.words import (
    NO_VALUE,
    NONE_DIFFERS,
    TOO_FEW,
    TOO_RARE,
    amount,
    in_a_sentence,
    per_year,
    percent,
    percent_of,
    row_title,
    signed,
    waits_are,
)

FORMAT = 2
"""Of every JSON object and CSV of results. In the first, counts and costs of `compare` and `run` were totals over the years."""
FULL_WIDTH = 100
"""A terminal of so many columns shows the whole table, each outcome on one line."""
COLOUR_OF: dict[Tone, str] = {"good": "green", "bad": "red", "doubt": "yellow", "plain": ""}


@dataclass(frozen=True)
class DecisionRow:
    """One line of a decision table, in words.

    `change` is the mean of the paired differences with its percentage of the base's mean, `interval` the 95% interval
    of that mean, or that it is too rare to tell. Of QALYs there is no total and no percentage.
    """

    outcome: str
    title: str
    today: str
    scenario: str
    change: str
    interval: str
    agreement: str
    runs: str
    message: KeyMessage


def rows_of(comparison: Comparison, scenario: str) -> list[DecisionRow]:
    """The decision table of one scenario. Counts and money are yearly averages."""
    rows = []
    for outcome, word in comparison.plan.pathway.outcomes.items():
        message = key_message(comparison, scenario, outcome)
        difference = comparison.difference(scenario, outcome)
        years = comparison.years
        today, then = (per_year(comparison.mean(name, outcome), word, years) for name in (comparison.base, scenario))
        mean, low, high = (per_year(value, word, years) for value in (difference.mean, difference.low, difference.high))
        gained = word.of == "qalys"
        share = "" if gained else f" ({percent(100 * mean / abs(today) if today else math.nan)})"
        lower, higher = difference.runs_lower, difference.runs_higher
        agreement = f"{max(lower, higher)} of {difference.runs} {'lower' if lower >= higher else 'higher'}"
        interval = f"{signed(low, word)} to {signed(high, word)}"
        if comparison.too_rare(scenario, outcome):
            few = TOO_RARE if is_rare(comparison, outcome) else TOO_FEW
            interval = few if difference.lowest < difference.highest else NONE_DIFFERS
        elif difference.runs < 2:
            interval = "one run: none" if difference.runs else NO_VALUE
        rows.append(
            DecisionRow(
                outcome=outcome,
                title=row_title(word),
                today=NO_VALUE if gained else amount(today, word),
                scenario=NO_VALUE if gained else amount(then, word),
                change=f"{signed(mean, word)}{share}" if difference.runs else NO_VALUE,
                interval=interval,
                agreement=NO_VALUE if not difference.runs else NONE_DIFFERS if lower == higher == 0 else agreement,
                runs=NO_VALUE if not difference.runs else _runs(lower, higher, difference.runs),
                message=message,
            )
        )
    return rows


def _runs(lower: int, higher: int, runs: int) -> str:
    """How many runs agree, and on which way: 9/10↓."""
    if lower == higher == 0:
        return f"0/{runs}"
    return f"{max(lower, higher)}/{runs}{'↓' if lower >= higher else '↑'}"


def still_waiting(comparison: Comparison, scenario: str) -> str:
    """What stands beside the waits of a decision table: the shares of those referred who wait at the end; "" without waits."""
    said = [
        f"{in_a_sentence(word.title)} {percent_of(comparison.still_waiting(comparison.base, outcome))} → "
        f"{percent_of(comparison.still_waiting(scenario, outcome))}"
        for outcome, word in comparison.plan.pathway.outcomes.items()
        if word.of == "wait"
    ]
    return f"Still waiting at the end, of all referred: {', '.join(said)}." if said else ""


def capacity_of(comparison: Comparison, scenario: str) -> list[Provision]:
    """What the levers of a scenario do to the capacity of the region, in appointments a week or places."""
    case = comparison.cases[scenario]
    return provision(case.pathway, comparison.region, case.scenario)


def capacity_lines(comparison: Comparison, scenario: str) -> list[str]:
    """The same in sentences, one for each service whose capacity changes."""
    return [f"{each.sentence}." for each in capacity_of(comparison, scenario)]


def _narrow(text: str) -> str:
    """Pounds and numbers from ten thousand in thousands, so that a row fits on a line: £85,900 is £85.9k.

    >>> _narrow("−£123,000 to −£5,600"), _narrow("7,320"), _narrow("−12,300 (−20%)")
    ('−£123k to −£5.6k', '7,320', '−12.3k (−20%)')
    """
    return re.sub(
        r"£\d+,\d{3}|\d{2,3},\d{3}",
        lambda found: f"{'£' * found[0].startswith('£')}{int(found[0].lstrip('£').replace(',', '')) / 1000:g}k",
        text,
    )


def _of_waits(comparison: Comparison, scenario: str) -> tuple[str, ...]:
    """The lines beneath a table that say what its waits are; none without waits."""
    beside = still_waiting(comparison, scenario)
    about = waits_are(within_days(comparison.plan))
    return (f"{about[:1].upper()}{about[1:]}.", beside) if beside else ()


def terminal_table(comparison: Comparison, scenario: str, *, width: int = FULL_WIDTH) -> Table:
    """The decision table for a terminal; a narrow one leaves out what can be worked out from the rest."""
    title = comparison.cases[scenario].scenario.title
    base = comparison.cases[comparison.base].scenario.title
    wide = width >= FULL_WIDTH
    table = Table(
        title=f"{title} against {base[:1].lower()}{base[1:]}: {comparison.region.about.title}, a year on average",
        title_justify="left",
        title_style="bold",
        caption="\n".join(
            (
                "Change: mean of the paired differences (% of the base's mean). Runs: how many agree.",
                f"What the words mean, and from what size a change matters: {PAGE}.",
                *_of_waits(comparison, scenario),
            )
        ),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Outcome", no_wrap=True)
    for column in (
        ("Base", "Scenario", "Change", "95% interval", "Runs") if wide else ("Base", "Change", "95% interval")
    ):
        table.add_column(column, justify="right")
    table.add_column("", no_wrap=True)
    for row in rows_of(comparison, scenario):
        verdict = row.message.verdict
        meaning = MEANINGS[verdict]
        cells = (
            (row.today, row.scenario, row.change, row.interval, row.runs)
            if wide
            else (row.today, row.change, row.interval)
        )
        shown = [_narrow(cell) for cell in cells]
        table.add_row(row.title, *shown, marked(verdict) if wide else meaning.symbol, style=COLOUR_OF[meaning.tone])
    return table


def in_short(comparison: Comparison) -> dict[str, Any]:
    """What was run, as every JSON object of a comparison says it."""
    return {
        "format": FORMAT,
        "per": "year",
        "region": comparison.region.name,
        "population": comparison.region.population,
        "years": comparison.years,
        "replications": comparison.replications,
        **(
            {"asked": "auto", "width_reached": width_reached(comparison)}
            if comparison.experiment.replications == "auto"
            else {}
        ),
        "waits_within_days": within_days(comparison.plan),
        "seed": comparison.seed,
        "fingerprint": fingerprint(comparison),
        **calibration_json(comparison.calibration),
    }


def comparison_dict(comparison: Comparison) -> dict[str, Any]:
    """The comparison as one object; a number that does not exist is null.

    Counts, costs and QALYs are a year on average, as in the table; waits are days.
    """
    scenarios: dict[str, Any] = {}
    outcomes = comparison.plan.pathway.outcomes

    def yearly(value: float, outcome: str) -> float | None:
        return number_or_none(per_year(value, outcomes[outcome], comparison.years))

    for name in comparison.scenarios:
        scenarios[name] = {}
        for outcome in comparison.outcomes:
            difference, rare = comparison.difference(name, outcome), comparison.too_rare(name, outcome)
            message = key_message(comparison, name, outcome)
            scenarios[name][outcome] = {
                "base": yearly(comparison.mean(comparison.base, outcome), outcome),
                "scenario": yearly(comparison.mean(name, outcome), outcome),
                "difference": {
                    "mean": yearly(difference.mean, outcome),
                    "low": None if rare else yearly(difference.low, outcome),
                    "high": None if rare else yearly(difference.high, outcome),
                    "lowest_run": yearly(difference.lowest, outcome),
                    "highest_run": yearly(difference.highest, outcome),
                    "share_lower": number_or_none(difference.share_lower),
                    "too_rare": rare,
                },
                "verdict": message.verdict,
                "headline": message.headline,
            }
            if outcomes[outcome].of == "wait":
                scenarios[name][outcome]["still_waiting_share"] = {
                    side: number_or_none(comparison.still_waiting(each, outcome))
                    for side, each in (("base", comparison.base), ("scenario", name))
                }
    return {
        **in_short(comparison),
        "against": comparison.base,
        "interval": 0.95,
        "scenarios": scenarios,
        "rests_on": {name: rests_on(comparison, name) for name in comparison.scenarios},
        "capacity": {
            name: [
                {
                    "service": of.service,
                    "unit": of.unit,
                    "before": of.before,
                    "after": of.after,
                    "levers": list(of.levers),
                }
                for of in capacity_of(comparison, name)
            ]
            for name in comparison.scenarios
        },
        "care_owed": {name: owed_json(owed_of(comparison, name)) for name in comparison.scenarios},
        "warnings": warnings_of(comparison),
    }


def comparison_json(comparison: Comparison) -> str:
    """The comparison as JSON text."""
    return json.dumps(comparison_dict(comparison), indent=2, ensure_ascii=False)


CSV_COLUMNS = (
    "scenario",
    "outcome",
    "base",
    "scenario_mean",
    "difference",
    "low",
    "high",
    "lowest",
    "highest",
    "too_rare",
    "verdict",
    "share_lower",
    "share_higher",
    "runs",
    "base_still_waiting",
    "scenario_still_waiting",
    "run_id",
    "seed",
    "years",
    "price_year",
    "discount_cost",
    "discount_qaly",
)


PER_YEAR = ("base", "scenario_mean", "difference", "low", "high", "lowest", "highest")
"""Columns that are told a year on average; of waits they are days."""


def decision_frame(comparison: Comparison, scenario: str) -> pd.DataFrame:
    """The decision table of a scenario as text, one row per outcome, by its title: both sides, `change`, `interval_95`,
    `runs` and `verdict`."""
    rows = rows_of(comparison, scenario)
    columns = {
        comparison.base: [row.today for row in rows],
        scenario: [row.scenario for row in rows],
        "change": [row.change for row in rows],
        "interval_95": [row.interval for row in rows],
        "runs": [row.runs for row in rows],
        "verdict": [row.message.verdict for row in rows],
    }
    return pd.DataFrame(columns, index=pd.Index([row.title for row in rows], name="outcome"))


def differences_table(comparison: Comparison) -> pd.DataFrame:
    """One row per scenario and outcome, counts, costs and QALYs a year on average as in the table: `differences.csv`."""
    columns = [*CSV_COLUMNS, *(["calibration"] if comparison.calibration else [])]
    table = comparison.table().assign(**stamp(comparison))
    pairs = zip(table["scenario"], table["outcome"], strict=True)
    table["verdict"] = [key_message(comparison, *pair).verdict for pair in pairs]
    words = comparison.plan.pathway.outcomes
    for column in PER_YEAR:
        values = zip(table[column], table["outcome"], strict=True)
        table[column] = [per_year(value, words[outcome], comparison.years) for value, outcome in values]
    return table[columns]


def comparison_csv(comparison: Comparison) -> str:
    """The same as CSV."""
    return writing.csv_text(differences_table(comparison))
