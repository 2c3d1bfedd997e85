"""What `backpath psa` tells: value for money under everything that is not known, and what could change the answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from calibration.psa import Psa, Tornado
from outcomes.acceptability import ceac
from outcomes.incremental import cost_effectiveness_plane, incremental_result
from outcomes.information import evpi
from outcomes.noise import apart
from outcomes.paired import LEVEL
from outcomes.tables import BadTable
from outcomes.two_loops import (
    LARGEST_NOISE,
    between_and_within,
    ceac_two_loops,
    corrected_draws,
)
from sim.prices import price_basis
from sim.record import number_or_none, region_digest, stamp, versions
from sim.scores import uncertain, value_at
from ui.calibrated import calibration_html, calibration_json, calibration_line
from ui.report import html_page, html_table, new_folder, svg
from ui.uncertainty_charts import acceptability_chart, plane_chart, tornado_chart
from ui.words import MINUS, figures, money, span

CURVE = np.arange(0, 50_001, 1000)
"""Thresholds of a curve of acceptability, in pounds per QALY."""
SHOWN = 8
"""So many quantities of a tornado are drawn and named."""


@dataclass(frozen=True)
class Value:
    """What a scenario is worth against the base: means and 95% of the draws, over the measured years, discounted."""

    scenario: str
    cost: tuple[float, float, float]
    qaly: tuple[float, float, float]
    net_benefit: tuple[float, float, float]
    share_better: float | None
    result: str
    noise: float


@dataclass(frozen=True)
class Findings:
    """Everything that a sensitivity analysis found, ready to be told.

    `corrected` are draws without the chance of single runs: their intervals are of what is not known. `evpi` is what it would
    be worth to this area to know everything, in GBP. `curves` of
    acceptability are None where chance hides what is not known; `refused` then says how many replications it takes.
    """

    found: Psa
    tornadoes: Mapping[str, Tornado]
    threshold: float
    corrected: pd.DataFrame
    values: Mapping[str, Value]
    curves: pd.DataFrame | None
    refused: str | None
    evpi: float

    def title(self, name: str) -> str:
        """What a scenario is called."""
        return self.found.cases[name].scenario.title

    def titles(self) -> dict[str, str]:
        """What each is called, by name."""
        return {name: self.title(name) for name in self.found.cases}

    def grade(self, quantity: str, scenario: str) -> str:
        """How good the evidence for a quantity is in a scenario's pathway."""
        return self.found.cases[scenario].pathway.quantities[quantity].grade

    def grades(self) -> Counter[str]:
        """How many of the quantities drawn have which grade in the base's pathway."""
        return Counter(self.grade(str(name), self.found.base) for name in self.found.draws.scores.columns)


def findings_of(found: Psa, tornadoes: Mapping[str, Tornado], *, threshold: float) -> Findings:
    """What an analysis found at a threshold, in pounds per QALY."""
    corrected = corrected_draws(found.values)
    curves, refused = None, None
    try:
        ceac_two_loops(found.values, [threshold])
        curves = ceac(corrected, CURVE)
    except BadTable as noisy:
        refused = str(noisy)
    parts = between_and_within(found.values, threshold=threshold, baseline=found.base)
    noise = dict(zip(parts["strategy"], parts["noise"].astype(float), strict=True))
    wide = corrected.pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    values = {}
    for name in found.scenarios:
        cost, qaly = (wide[of][name] - wide[of][found.base] for of in ("cost", "qaly"))
        benefit = threshold * qaly - cost
        values[name] = Value(
            scenario=name,
            cost=_interval(cost),
            qaly=_interval(qaly),
            net_benefit=_interval(benefit),
            share_better=float((benefit > 0).mean()) if noise[name] <= LARGEST_NOISE else None,
            result=incremental_result(
                **{
                    f"inc_{of}": float(apart(wide[of][name].mean(), wide[of][found.base].mean()))
                    for of in ("cost", "qaly")
                }
            ),
            noise=noise[name],
        )
    perfect = float(evpi(corrected, threshold)["evpi"].iloc[0])
    return Findings(found, tornadoes, threshold, corrected, values, curves, refused, perfect)


def _interval(values: pd.Series) -> tuple[float, float, float]:
    """Mean, and the ends of 95% of the draws."""
    tail = (1 - LEVEL) / 2
    return float(values.mean()), float(values.quantile(tail)), float(values.quantile(1 - tail))


def headline(findings: Findings, scenario: str) -> str:
    """What a board reads: net benefit, how often, and on what it rests."""
    value = findings.values[scenario]
    mean, low, high = value.net_benefit
    better = "better" if mean > 0 else "worse"
    sure = (
        f"{better} value in {_share(value.share_better if mean > 0 else 1 - value.share_better)} of draws"
        if value.share_better is not None
        else "how often cannot be told: chance hides it (more --replications)"
    )
    return (
        f"{findings.title(scenario)}: {better} value for money than {findings.title(findings.found.base).lower()} on average, "
        f"by {money(abs(mean))} ({_pounds(low)} to {_pounds(high)}) at {money(findings.threshold)} per QALY; {sure}."
    )


def what_could_change(findings: Findings, scenario: str) -> list[str]:
    """The quantities that would turn the answer around, with their grade; or that none of those looked at does."""
    tornado = findings.tornadoes[scenario]
    turning = [name for name in tornado.quantities() if tornado.changes_the_answer(name)]
    looked_at = len(tornado.quantities())
    if not turning:
        telling = [
            f"{name} ({findings.grade(name, scenario)})" for name in tornado.quantities() if tornado.beyond_chance(name)
        ]
        most = (
            f" The most telling: {', '.join(telling[:3])}." if telling else " None moves it by more than chance does."
        )
        return [
            f"None of the {looked_at} quantities looked at turns the answer around alone, at either end of its range.{most}"
        ]
    said = []
    for name in turning:
        for bar in tornado.bars:
            if bar.quantity == name and bar.difference is not None and bar.turns(tornado.base_case.mean):
                unit = findings.found.cases[scenario].pathway.quantities[name].unit
                at = f"{name} ({findings.grade(name, scenario)}): at {figures(bar.value)} {unit}"
                said.append(f"{at} the net benefit is {_pounds(bar.difference)}.")
    return said


def caveat(findings: Findings) -> str:
    """On what the draws rest."""
    grades = findings.grades()
    counted = ", ".join(
        f"{grades[grade]} {grade}" for grade in ("read", "recalled", "assumed", "local") if grades[grade]
    )
    found = findings.found
    return (
        f"{len(found.draws.scores)} draws of {len(found.draws.scores.columns)} quantities ({counted}), {found.replications} "
        f"runs each over {span(found.years)}. Costs and QALYs discounted at {100 * found.annual_rate:g}% a year, prices of "
        f"{price_basis(found.cases[found.base].pathway, found.region)}. {_cover(found)}, not errors of the model's structure."
    )


def _cover(found: Psa) -> str:
    """What the draws cover."""
    if found.calibration is None:
        return "Draws cover what the quantities' ranges say"
    return f"{calibration_line(found.calibration)} Draws cover what it leaves open and what the other quantities' ranges say"


def _share(share: float | None) -> str:
    """A share that reads all or none only where it is."""
    assert share is not None
    if share in (0.0, 1.0):
        return "all" if share else "none"
    return f"{min(max(round(100 * share), 1), 99)}%"


def _pounds(value: float) -> str:
    return money(value) if value < 0 else f"+{money(value)}"


def _signed(value: float) -> str:
    text = figures(value)
    return text if text.startswith(MINUS) or value == 0 else f"+{text}"


def terminal_tables(findings: Findings) -> list[Table]:
    """Value for money of each scenario, and what could change it."""
    values = Table(
        title=f"Against {findings.title(findings.found.base).lower()}: {findings.found.region.about.title}, "
        f"{span(findings.found.years)}, discounted",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption="Mean, and 95% of the draws.",
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


def _cells(value: Value) -> tuple[str, str, str, str]:
    cost, qaly, benefit = value.cost, value.qaly, value.net_benefit
    return (
        f"{_pounds(cost[0])} ({_pounds(cost[1])} to {_pounds(cost[2])})",
        f"{_signed(qaly[0])} ({_signed(qaly[1])} to {_signed(qaly[2])})",
        f"{_pounds(benefit[0])} ({_pounds(benefit[1])} to {_pounds(benefit[2])})",
        "cannot be told" if value.share_better is None else f"{_share(value.share_better)} of draws",
    )


def _bars(findings: Findings, tornado: Tornado) -> list[tuple[str, str, str, str, str]]:
    """A row for each of the quantities with the longest bars."""
    rows = []
    for name in tornado.quantities()[:SHOWN]:
        ends = {bar.end: bar for bar in tornado.bars if bar.quantity == name}
        low, high = ends["low"], ends["high"]
        shown = [
            "does not fit" if bar.difference is None else f"{_pounds(bar.difference)} (at {figures(bar.value)})"
            for bar in (low, high)
        ]
        turns = (
            "yes" if tornado.changes_the_answer(name) else "no" if tornado.beyond_chance(name) else "no: within chance"
        )
        rows.append((name, findings.grade(name, tornado.scenario), shown[0], shown[1], turns))
    return rows


def as_json(findings: Findings) -> dict[str, Any]:
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
            "noise": number_or_none(value.noise),
            "headline": headline(findings, name),
            "what_could_change": what_could_change(findings, name),
            "tornado": [
                {
                    "quantity": bar.quantity,
                    "grade": findings.grade(bar.quantity, name),
                    "end": bar.end,
                    "value": bar.value,
                    "net_benefit": bar.difference,
                    "problem": bar.problem,
                    "turns_the_answer": tornado.changes_the_answer(bar.quantity),
                }
                for bar in tornado.bars
            ],
        }
    return {
        **carried(findings),
        **calibration_json(found.calibration),
        "region": found.region.name,
        "population": found.region.population,
        "years": found.years,
        "draws": len(found.draws.scores),
        "draws_with_some_quantities_redrawn": found.draws.redrawn,
        "replications": found.replications,
        "against": found.base,
        "threshold": findings.threshold,
        "quantities": len(found.draws.scores.columns),
        "grades": dict(findings.grades()),
        "evpi": findings.evpi,
        "acceptability": None
        if findings.curves is None
        else findings.curves[["threshold", "strategy", "probability"]].to_dict("records"),
        "acceptability_refused": findings.refused,
        "scenarios": scenarios,
        "caveat": caveat(findings),
    }


def carried(findings: Findings) -> dict[str, Any]:
    """What every table of the analysis carries."""
    found = findings.found
    drawn_from = region_digest(found.region, grades=True)
    return stamp(found, annual_rate=found.annual_rate, draws=len(found.draws.scores), region=drawn_from)


def json_text(findings: Findings) -> str:
    """The findings as JSON text."""
    return json.dumps(as_json(findings), indent=2, ensure_ascii=False)


def csv_text(findings: Findings) -> str:
    """One row per draw, replication and scenario, with every outcome, discounted cost and QALYs."""
    table = findings.found.values.rename(columns={"strategy": "scenario"})
    for name, value in reversed(carried(findings).items()):
        table.insert(0, name, value)
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def quantities_csv(findings: Findings) -> str:
    """The value of every quantity in every draw, in the base's pathway."""
    quantities = findings.found.cases[findings.found.base].pathway.quantities
    scores = findings.found.draws.scores
    table = pd.DataFrame(
        {name: [value_at(quantities[name], score) for score in scores[name]] for name in uncertain_in(findings)}
    )
    table.insert(0, "draw", range(len(table)))
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def uncertain_in(findings: Findings) -> list[str]:
    """The quantities drawn that the base's pathway draws."""
    return uncertain(findings.found.cases[findings.found.base].pathway)


def html(findings: Findings) -> str:
    """The page of a sensitivity analysis."""
    found = findings.found
    names = " and ".join(findings.title(name) for name in found.scenarios)
    parts = [
        f"<h1>How sure: {escape(names)} in {escape(found.region.about.title)}</h1>",
        f'<p class="small">A projection from a model, not counts of real patients. {escape(caveat(findings))} '
        f"{date.today():%d %B %Y}.</p>",
        calibration_html(found.calibration),
    ]
    for name in found.scenarios:
        told = "".join(f"<li>{escape(sentence)}</li>" for sentence in what_could_change(findings, name))
        parts.append(
            f'<h2>{escape(findings.title(name))}</h2><div class="message"><p><strong>{escape(headline(findings, name))}'
            f"</strong></p><p><strong>What could change this answer:</strong></p><ul>{told}</ul></div>"
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
        chart = acceptability_chart(findings.curves, findings.titles(), base=found.base)
        parts.append(f"<figure>{svg(chart)}</figure>")
    else:
        parts.append(f'<div class="message warning"><p>{escape(str(findings.refused))}</p></div>')
    parts.append(f"<p>{escape(worth_of_knowing(findings))}</p>")
    used = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts.append(
        f'<h2>How this was made</h2><p class="small">Run {carried(findings)["run_id"]}, seed {found.seed}, {escape(used)}. '
        f"In {found.draws.redrawn} draws some shares did not fit together at first and were drawn again.</p>"
    )
    return html_page(f"Backpath: how sure, {names}", parts)


def worth_of_knowing(findings: Findings) -> str:
    """What perfect knowledge would be worth, in a sentence."""
    return (
        f"To know all quantities for certain before choosing would be worth up to {money(findings.evpi)} to this area over "
        f"{span(findings.found.years)}."
    )


def write_findings(findings: Findings, folder: Path) -> list[str]:
    """Writes page, tables and JSON into a new folder, whole or not at all; the names of the files."""
    with new_folder(folder) as part:
        (part / "psa.html").write_text(html(findings), encoding="utf-8")
        (part / "psa.json").write_text(json_text(findings), encoding="utf-8")
        (part / "values.csv").write_text(csv_text(findings), encoding="utf-8")
        (part / "quantities.csv").write_text(quantities_csv(findings), encoding="utf-8")
    return sorted(path.name for path in folder.iterdir())
