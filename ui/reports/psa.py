"""What `backpath psa` gives: its tables for a terminal, JSON, CSV and the page; the sentences are `ui.findings.value_for_money`'s."""

from __future__ import annotations

import json
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from outcomes import PairedDifference
from outcomes.economics.incremental import cost_effectiveness_plane
from outcomes.economics.value_for_money import ValueForMoney
from outcomes.verdicts import PAGE
from pathways.files import writing
from pathways.files.writing import new_folder, write_text
from sim.experiments.as_written import unheeded
from sim.experiments.record import number_or_none, region_digest, stamp
from sim.experiments.sensitivity_analysis import Tornado
from sim.version import versions_in_words
from ui.charts.uncertainty import acceptability_chart, plane_chart, tornado_chart
from ui.findings.calibrated import calibration_json, calibration_line_html
from ui.findings.value_for_money import (
    CURVE,
    SHOWN,
    Findings,
    base_case_line,
    caveat,
    curve_refused,
    gain_in_pounds,
    headline,
    owed_line,
    redrawn_line,
    share_of_draws,
    signed_figures,
    value_of_information,
    what_could_change,
    with_range,
)
from ui.reports.comparison import write_page
from ui.reports.page import html_page, html_table, svg
from ui.words import figures, money, per_year, span


def psa_tables(findings: Findings) -> list[Table]:
    """Value for money of each scenario, and what could change it."""
    values = Table(
        title=f"Against {findings.title(findings.found.base).lower()}: {findings.found.region.about.title}, "
        f"{span(findings.found.years)}, discounted",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption=f"Mean, and 95% of the draws. Words: {PAGE}.",
        caption_justify="left",
    )
    values.add_column("Scenario")
    for column in ("Cost", "QALYs", f"Net benefit at {money(findings.threshold)}", "Better value in"):
        values.add_column(column, justify="right")
    for name, value in findings.values.items():
        values.add_row(findings.title(name), *_cells(value))
    tables = [values]
    for name, tornado in findings.tornadoes.items():
        table = Table(
            title=f"{findings.title(name)}: net benefit with one quantity at either end of its range",
            title_justify="left",
            box=box.SIMPLE_HEAD,
        )
        table.add_column("Quantity")
        for column in ("Grade", "Low end", "High end", "Turns the answer"):
            table.add_column(column, justify="right")
        for row in _bars(findings, tornado):
            table.add_row(*row)
        tables.append(table)
    return tables


def _cells(value: ValueForMoney) -> tuple[str, str, str, str]:
    cost, qaly, benefit = value.cost, value.qaly, value.net_benefit
    return (
        f"{gain_in_pounds(cost[0])} ({gain_in_pounds(cost[1])} to {gain_in_pounds(cost[2])})",
        f"{signed_figures(qaly[0])} ({signed_figures(qaly[1])} to {signed_figures(qaly[2])})",
        f"{gain_in_pounds(benefit[0])} ({gain_in_pounds(benefit[1])} to {gain_in_pounds(benefit[2])})",
        "not shown" if value.share_better is None else share_of_draws(value.share_better),
    )


def _bars(findings: Findings, tornado: Tornado) -> list[tuple[str, str, str, str, str]]:
    """A row for each of the quantities with the longest bars."""
    rows = []
    for name in tornado.quantities()[:SHOWN]:
        ends = {bar.end: bar for bar in tornado.bars if bar.quantity == name}
        low, high = ends["low"], ends["high"]
        shown = [
            "does not fit" if bar.difference is None else f"{with_range(bar.difference)} (at {figures(bar.value)})"
            for bar in (low, high)
        ]
        turns = {
            "yes": "yes",
            "not shown": "not shown",
            "no": "no" if tornado.beyond_chance(name) else "no: within chance",
        }
        told = turns[tornado.turns_the_answer(name)]
        rows.append((name, findings.grade(name, tornado.scenario), shown[0], shown[1], told))
    return rows


def psa_dict(findings: Findings) -> dict[str, Any]:
    """Everything found as one object; what does not exist is null."""
    found = findings.found
    scenarios = {}
    for name, value in findings.values.items():
        tornado = findings.tornadoes[name]
        scenarios[name] = {
            **{
                of: dict(zip(("mean", "low", "high"), each, strict=True))
                for of, each in (("cost", value.cost), ("qaly", value.qaly), ("net_benefit", value.net_benefit))
            },
            "share_better": value.share_better,
            "result": value.result,
            "care_owed": dict(zip(("mean", "low", "high"), value.owed, strict=True)),
            "result_with_care_owed": value.result_with_owed,
            "care_owed_line": owed_line(findings, name),
            "noise": number_or_none(value.noise),
            "mean_of_draws": _as_interval(value.mean),
            "base_case": _as_interval(tornado.base_case),
            "mean_of_draws_minus_base_case": dict(zip(("mean", "low", "high"), findings.apart(name), strict=True)),
            "verdict": findings.verdict(name),
            "headline": headline(findings, name),
            "base_case_line": base_case_line(findings, name),
            "what_could_change": what_could_change(findings, name),
            "tornado": [
                {
                    "quantity": bar.quantity,
                    "grade": findings.grade(bar.quantity, name),
                    "end": bar.end,
                    "value": bar.value,
                    "net_benefit": None if bar.difference is None else bar.difference.mean,
                    "net_benefit_low": None if bar.difference is None else bar.difference.low,
                    "net_benefit_high": None if bar.difference is None else bar.difference.high,
                    "problem": bar.problem,
                    "turns_the_answer": tornado.turns_the_answer(bar.quantity),
                }
                for bar in tornado.bars
            ],
        }
    return {
        **psa_stamp(findings),
        **calibration_json(found.calibration),
        "region": found.region.name,
        "population": found.region.population,
        "years": found.years,
        "per": "measured years",
        "draws": len(found.draws.scores),
        "draws_with_some_quantities_redrawn": found.draws.redrawn,
        "quantities_redrawn": dict(found.draws.again),
        "quantities_taken_as_known": findings.known,
        "quantities_drawn": json.loads(
            found.draws.beside_written(found.cases[found.base]).to_json(orient="records", double_precision=10)
        ),
        "replications": found.replications,
        "against": found.base,
        "threshold": findings.threshold,
        "quantities": len(found.draws.scores.columns),
        "grades": dict(findings.grades()),
        "evpi": None if findings.evpi is None else findings.evpi.evpi,
        "evpi_standard_error": None if findings.evpi is None else number_or_none(findings.evpi.standard_error),
        "evpi_refused": findings.evpi_refused,
        "acceptability": None
        if findings.curves is None
        else findings.curves[["threshold", "strategy", "probability"]].to_dict("records"),
        "acceptability_refused": findings.refused,
        "scenarios": scenarios,
        "caveat": caveat(findings),
        "warnings": unheeded(found),
    }


def _as_interval(difference: PairedDifference) -> dict[str, float | None]:
    return {of: number_or_none(getattr(difference, of)) for of in ("mean", "low", "high")}


def psa_stamp(findings: Findings) -> dict[str, Any]:
    """What every table of the analysis carries."""
    found = findings.found
    drawn_from = region_digest(found.region, grades=True)
    return stamp(found, annual_rate=found.annual_rate, draws=len(found.draws.scores), region=drawn_from)


def psa_json(findings: Findings) -> str:
    """The findings as JSON text."""
    return json.dumps(psa_dict(findings), indent=2, ensure_ascii=False)


def values_table(findings: Findings) -> pd.DataFrame:
    """One row per draw, replication and scenario: discounted cost and QALYs over the years, and every outcome a year."""
    found = findings.found
    table = found.values.rename(columns={"strategy": "scenario"})
    for name, word in found.cases[found.base].pathway.outcomes.items():
        table[name] = [per_year(value, word, found.years) for value in table[name]]
    for name, value in reversed(psa_stamp(findings).items()):
        table.insert(0, name, value)
    return table


def quantities_table(findings: Findings) -> pd.DataFrame:
    """The value of every quantity in every draw, in the base's pathway."""
    found = findings.found
    table = found.draws.values(found.cases[found.base])
    for name, value in reversed({**psa_stamp(findings), "draw": range(len(table))}.items()):
        table.insert(0, name, value)
    return table


def psa_csv(findings: Findings) -> str:
    """The table of values as CSV."""
    return writing.csv_text(values_table(findings))


def quantities_csv(findings: Findings) -> str:
    """The table of quantities as CSV."""
    return writing.csv_text(quantities_table(findings))


def psa_html(findings: Findings) -> str:
    """The page of a sensitivity analysis."""
    found = findings.found
    names = " and ".join(findings.title(name) for name in found.scenarios)
    parts = [
        f"<h1>How sure: {escape(names)} in {escape(found.region.about.title)}</h1>",
        f'<p class="small">A projection from a model, not counts of real patients. {escape(caveat(findings))} '
        f"{date.today():%d %B %Y}.</p>",
        calibration_line_html(found.calibration),
    ]
    for name in found.scenarios:
        told = "".join(f"<li>{escape(sentence)}</li>" for sentence in what_could_change(findings, name))
        base_case = f"<p>{escape(owed_line(findings, name))}</p><p>{escape(base_case_line(findings, name))}</p>"
        parts.append(
            f'<h2>{escape(findings.title(name))}</h2><div class="message"><p><strong>{escape(headline(findings, name))}'
            f"</strong></p>{base_case}<p><strong>What could change this answer:</strong></p><ul>{told}</ul></div>"
        )
        chart = tornado_chart(
            findings.tornadoes[name],
            title=findings.title(name),
            words=f"Net benefit at {money(findings.threshold)} per QALY (£)",
            count=SHOWN,
        )
        parts.append(f"<figure>{svg(chart)}</figure>")
        head = ("Quantity", "Grade", "Low end", "High end", "Turns the answer")
        parts.append(
            html_table("Net benefit with one quantity at a time", head, _bars(findings, findings.tornadoes[name]))
        )
    rows = [(findings.title(name), *_cells(value)) for name, value in findings.values.items()]
    head = ("Scenario", "Cost", "QALYs", f"Net benefit at {money(findings.threshold)}", "Better value in")
    parts.append("<h2>Value for money</h2>" + html_table("Mean, and 95% of the draws", head, rows))
    plane = cost_effectiveness_plane(findings.corrected, baseline=found.base)
    parts.append(f"<figure>{svg(plane_chart(plane, findings.titles(), threshold=findings.threshold))}</figure>")
    if findings.curves is not None:
        chart = acceptability_chart(findings.curves, findings.titles(), base=found.base, grid=CURVE)
        parts.append(f"<figure>{svg(chart)}</figure>")
    if unheard := unheeded(found):
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in unheard)
        parts.append(f'<div class="message warning"><ul>{items}</ul></div>')
    if findings.refused is not None:
        parts.append(f'<div class="message warning"><p>{escape(curve_refused(findings))}</p></div>')
    parts.append(f"<p>{escape(value_of_information(findings))}</p>")
    used = versions_in_words()
    parts.append(
        f'<h2>How this was made</h2><p class="small">Run {psa_stamp(findings)["run_id"]}, seed {found.seed}, {escape(used)}. '
        f"{escape(redrawn_line(findings))}</p>"
    )
    parts.append(f"<details><summary>Every quantity as written and as drawn</summary>{_drawn_html(findings)}</details>")
    return html_page(f"Backpath: how sure, {names}", parts)


def _drawn_html(findings: Findings) -> str:
    found = findings.found
    head = ("Quantity", "Distribution", "Value", "Range", "Mean of the draws", "95% of the draws")
    rows = [
        (
            str(row["quantity"]),
            str(row["distribution"]),
            figures(row["value"]),
            f"{figures(row['low'])} to {figures(row['high'])}",
            f"{figures(row['drawn_mean'])} ± {figures(row['standard_error'])}",
            f"{figures(row['drawn_low'])} to {figures(row['drawn_high'])}",
        )
        for row in found.draws.beside_written(found.cases[found.base]).to_dict("records")
    ]
    return html_table("Stated, and drawn (± standard error of a mean of so many draws)", head, rows)


def write_findings(findings: Findings, folder: Path, *, overwrite: bool = False) -> list[str]:
    """Writes page, tables and JSON into a new folder, whole or not at all; the names of the files."""
    with new_folder(folder, overwrite=overwrite) as part:
        write_text(part / "psa.json", psa_json(findings))
        write_text(part / "values.csv", psa_csv(findings))
        write_text(part / "quantities.csv", quantities_csv(findings))
        write_page(part / "psa.html", lambda: psa_html(findings))
    return sorted(path.name for path in folder.iterdir())
