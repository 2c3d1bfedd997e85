"""What `backpath run` prints: activity, waits and lists of one scenario, means over its runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
from rich.table import Table

from pathways.files.writing import csv_text
from sim.events import EventLog
from sim.experiments.as_written import unheeded
from sim.experiments.comparison import Comparison
from sim.experiments.need import far_from_need
from sim.experiments.record import number_or_none, stamp
from sim.measures.service_years import last_year, outcome_means, service_years
from sim.results import within_days
from ui.reports.decision_table import in_short
from ui.words import amount, figures, per_year, span, waits_are


def run_tables(comparison: Comparison) -> list[Table]:
    """The run as tables for a terminal: outcomes, and the last year's activity by service."""
    scenario = comparison.cases[comparison.base].scenario
    outcomes = Table(
        title=f"{scenario.title}: {comparison.region.about.title}, a year on average", title_justify="left"
    )
    outcomes.add_column("Outcome")
    outcomes.add_column("Mean", justify="right")
    for title, mean in _outcomes(comparison):
        outcomes.add_row(title, mean)
    frame = service_years(comparison)
    year, length = last_year(comparison)
    about = waits_are(within_days(comparison.plan))
    services = Table(
        title=f"By service, {'year ' + str(year) if length == 1 else 'the first ' + span(length)}",
        caption=f"{about[:1].upper()}{about[1:]}.",
        title_justify="left",
        caption_justify="left",
    )
    services.add_column("Service")
    for column in ("Referred", "Seen", "Missed", "Gave up", "Mean wait (days)", "Waiting at its end"):
        services.add_column(column, justify="right")
    last = frame[frame["year"] == year]
    shown = ("referred", "seen", "missed", "gave_up", "restricted_mean_wait_days", "waiting_at_end")
    for service, *cells in last[["service", *shown]].to_numpy().tolist():
        title = comparison.plan.pathway.services[str(service)].title
        services.add_row(title, *(figures(float(cell)) for cell in cells))
    return [outcomes, services]


def run_warnings(comparison: Comparison) -> list[str]:
    """What a reader must know of any run: what was written and did not happen, and figures far from need."""
    return [*unheeded(comparison), *far_from_need(comparison)]


def run_json(comparison: Comparison) -> str:
    """The run as one JSON object: outcomes a year on average, services year by year."""
    words = comparison.plan.pathway.outcomes
    outcomes = {
        name: number_or_none(per_year(mean, words[name], comparison.years) if name in words else mean)
        for name, mean in outcome_means(comparison).items()
    }
    frame = service_years(comparison).astype(object)
    rows = [
        {str(key): number_or_none(value) if isinstance(value, float) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]
    return json.dumps(
        {
            "scenario": comparison.base,
            **in_short(comparison),
            "outcomes": outcomes,
            "services": rows,
            "warnings": run_warnings(comparison),
        },
        indent=2,
    )


def outcomes_text(comparison: Comparison) -> str:
    """The outcomes of the run, a year on average, one on each line after a title."""
    scenario = comparison.cases[comparison.base].scenario
    title = f"{scenario.title}: {comparison.region.about.title}, a year on average"
    return "\n".join([title, *(f"{name}: {mean}" for name, mean in _outcomes(comparison))])


def _outcomes(comparison: Comparison) -> list[tuple[str, str]]:
    """Each outcome's title and its mean; of QALYs, a total of everyone ever ill, only what is gained means something."""
    return [
        (word.title, amount(per_year(comparison.mean(comparison.base, name), word, comparison.years), word))
        for name, word in comparison.plan.pathway.outcomes.items()
        if word.of != "qalys"
    ]


def logs_of_run(comparison: Comparison) -> Iterator[EventLog]:
    """The event logs of a run, made again: one area and replication after another."""
    asked = replace(comparison.experiment, replications=comparison.replications)
    return asked.logs(comparison.base)


def event_table(comparison: Comparison) -> pd.DataFrame:
    """The events of a run as `run --log` writes them; with more than one replication its number stands in a last column."""
    areas, frames = len(comparison.region.area_names()), []
    for position, log in enumerate(logs_of_run(comparison)):
        frame = log.frame()
        frames.append(frame.assign(replication=position // areas) if comparison.replications > 1 else frame)
    return pd.concat(frames, ignore_index=True)


def run_table(comparison: Comparison) -> pd.DataFrame:
    """One row per service and year, with the scenario and what the run was made from."""
    return service_years(comparison).assign(scenario=comparison.base, **stamp(comparison))


def run_csv(comparison: Comparison) -> str:
    """The same as CSV."""
    return csv_text(run_table(comparison))
