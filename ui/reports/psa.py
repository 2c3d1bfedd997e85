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

from outcomes import PairedDifference, paired_difference
from outcomes.economics.incremental import cost_effectiveness_plane, incremental_result
from outcomes.economics.nested_draws import (
    LARGEST_NOISE,
    NestedEvpi,
    between_and_within,
    ceac_where_told,
    corrected_draws,
    evpi_of_corrected,
)
from outcomes.materiality import finding, least_qalys
from outcomes.noise import apart
from outcomes.paired import LEVEL
from outcomes.table_rules import BadTable
from outcomes.verdicts import PAGE, Verdict, if_they_hold, verdict_of
from pathways.files import writing
from pathways.files.writing import new_folder, write_text
from sim.experiments.as_written import unheeded
from sim.experiments.price_year import price_basis
from sim.experiments.record import number_or_none, region_digest, stamp, versions
from sim.experiments.scores import uncertain, without_distribution
from sim.experiments.sensitivity_analysis import Psa, Tornado, sign
from sim.results import OWED
from ui.charts.uncertainty import acceptability_chart, plane_chart, tornado_chart
from ui.findings.calibrated import calibration_json, calibration_line, calibration_line_html
from ui.findings.owed import of_the_saving
from ui.reports.comparison import write_page
from ui.reports.page import html_page, html_table, svg
from ui.words import LEAST_MONEY, MINUS, figures, money, per_year, percent_of, span

CURVE = np.arange(0, 50_001, 1000)
"""Thresholds of a curve of acceptability, in pounds per QALY."""
SHOWN = 8
"""So many quantities of a tornado are drawn and named."""
LEAST_DRAWS = 10
"""With fewer it is not known how far draws differ, nor how much of that is chance."""
TOO_FEW = f"in each draw: how far draws differ cannot be told from so few. Take {LEAST_DRAWS} at least (--draws)."


@dataclass(frozen=True)
class Value:
    """What a scenario is worth against the base: means and 95% of the draws, over the measured years, discounted.

    `mean` is the mean net benefit with the 95% interval of a mean of so many draws, chance within them included, and
    `base_case` the net benefit with every quantity at its value. `apart` is how far the first lies from the second.
    `owed` is the change in the care that people still wait for at the end, not discounted, and `result_with_owed` what the
    differences are called with it among the costs. `saving` is what is saved on average; 0 where so few draws do not show it.
    """

    scenario: str
    cost: tuple[float, float, float]
    qaly: tuple[float, float, float]
    net_benefit: tuple[float, float, float]
    mean: PairedDifference
    base_case: PairedDifference
    share_better: float | None
    result: str
    owed: tuple[float, float, float]
    result_with_owed: str
    saving: float
    noise: float

    @property
    def apart(self) -> tuple[float, float, float]:
        """Mean of the draws minus base case, with its 95% interval: both vary by chance, each on its own."""
        difference = self.mean.mean - self.base_case.mean
        half = float(np.hypot(self.mean.high - self.mean.mean, self.base_case.high - self.base_case.mean))
        return difference, difference - half, difference + half


@dataclass(frozen=True)
class Findings:
    """Everything that a sensitivity analysis found, ready to be told.

    `corrected` are draws without the chance of single runs: their intervals are of what is not known. `evpi` is what it
    would be worth to this area to know everything, in GBP; None where chance hides what is not known, and `evpi_refused`
    then says how many replications it takes. `curves` of acceptability have the thresholds at which it does not, or are
    None where there is none; `refused` says why the others are left out. `known` are quantities with a range that are
    taken as known, having no distribution.
    """

    found: Psa
    tornadoes: Mapping[str, Tornado]
    threshold: float
    corrected: pd.DataFrame
    values: Mapping[str, Value]
    curves: pd.DataFrame | None
    refused: str | None
    evpi: NestedEvpi | None
    evpi_refused: str | None
    known: list[str]

    def title(self, name: str) -> str:
        """What a scenario is called."""
        return self.found.cases[name].scenario.title

    def titles(self) -> dict[str, str]:
        """What each is called, by name."""
        return {name: self.title(name) for name in self.found.cases}

    def grade(self, quantity: str, scenario: str) -> str:
        """How good the evidence for a quantity is in a scenario's pathway."""
        return self.found.cases[scenario].pathway.quantities[quantity].grade

    def judgements(self) -> tuple[int, int]:
        """How many of the quantities drawn are assumed, and how many are drawn; what a calibration gives is not assumed."""
        found = set() if self.found.calibration is None else set(self.found.calibration.scores)
        names = [str(name) for name in self.found.draws.scores.columns]
        assumed = sum(self.grade(name, self.found.base) == "assumed" and name not in found for name in names)
        return assumed, len(names)

    def grades(self) -> Counter[str]:
        """How many of the quantities drawn have which grade in the base's pathway."""
        return Counter(self.grade(str(name), self.found.base) for name in self.found.draws.scores.columns)


def findings_of(found: Psa, tornadoes: Mapping[str, Tornado], *, threshold: float) -> Findings:
    """What an analysis found at a threshold, in pounds per QALY."""
    corrected = corrected_draws(found.values)
    draws = len(found.draws.scores)
    few = "" if draws >= LEAST_DRAWS else f"{draws} draws, {found.replications} runs {TOO_FEW}"
    curves, refused = (None, few) if few else ceac_where_told(found.values, CURVE)
    perfect, perfect_refused = None, few or None
    try:
        perfect = None if few else evpi_of_corrected(found.values, threshold)
    except BadTable as noisy:
        perfect_refused = str(noisy)
    parts = between_and_within(found.values, threshold=threshold, baseline=found.base)
    noise = dict(zip(parts["strategy"], parts["noise"].astype(float), strict=True))
    told = dict(zip(parts["strategy"], parts["inner_se"] <= LARGEST_NOISE * parts["outer_sd"], strict=True))
    wide = corrected.pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    values = {}
    for name in found.scenarios:
        cost, qaly = (wide[of][name] - wide[of][found.base] for of in ("cost", "qaly"))
        benefit = threshold * qaly - cost
        owed = pd.Series(found.differences(name, OWED, threshold=threshold))
        cheaper = _mean(found.differences(name, "cost", threshold=threshold))
        between = {
            f"inc_{of}": float(apart(wide[of][name].mean(), wide[of][found.base].mean())) for of in ("cost", "qaly")
        }
        values[name] = Value(
            scenario=name,
            cost=_interval(cost),
            qaly=_interval(qaly),
            net_benefit=_interval(benefit),
            mean=_mean(found.differences(name, "net_benefit", threshold=threshold)),
            base_case=tornadoes[name].base_case,
            share_better=float((benefit > 0).mean()) if told[name] and not few else None,
            result=incremental_result(**between),
            owed=_interval(owed),
            result_with_owed=incremental_result(
                inc_cost=between["inc_cost"] + float(owed.mean()), inc_qaly=between["inc_qaly"]
            ),
            saving=-cheaper.mean if cheaper.high < 0 else 0.0,
            noise=noise[name],
        )
    known = sorted({name for case in found.cases.values() for name in without_distribution(case.pathway)})
    drawn = curves if curves is not None and len(curves) else None
    return Findings(found, tornadoes, threshold, corrected, values, drawn, refused, perfect, perfect_refused, known)


def _mean(values: np.ndarray) -> PairedDifference:
    """The mean of draws with its interval."""
    return paired_difference(values, np.zeros(len(values)))


def _interval(values: pd.Series) -> tuple[float, float, float]:
    """Mean, and the ends of 95% of the draws."""
    tail = (1 - LEVEL) / 2
    return float(values.mean()), float(values.quantile(tail)), float(values.quantile(1 - tail))


def headline(findings: Findings, scenario: str) -> str:
    """What a board reads: net benefit, how often, and on what it rests. No sign is told that so few draws do not show."""
    value = findings.values[scenario]
    mean, low, high = value.net_benefit
    title, other = findings.title(scenario), findings.title(findings.found.base).lower()
    subject = if_they_hold(*findings.judgements(), what="ranges")
    at = f"({_pounds(low)} to {_pounds(high)}) at {money(findings.threshold)} per QALY"
    better = "better" if mean > 0 else "worse"
    sure = (
        f"{better} value in {_draws(value.share_better if mean > 0 else 1 - value.share_better)}"
        if value.share_better is not None
        else "how often cannot be told: chance hides it (more --replications)"
    )
    word, least = verdict(findings, scenario), money(least_benefit(findings))
    if word == "not material":
        return (
            f"{title}: no material difference in value for money from {other}: {_pounds(mean)} {at}, and less than {least} does "
            f"not matter; {sure}{subject}."
        )
    if not sign(value.mean):
        return (
            f"{title}: whether it is better value for money than {other} on average cannot be told from so few draws: "
            f"{_pounds(mean)} {at}, and the mean itself may be {_range(value.mean)}; {sure}{subject}."
        )
    small = f", by less than matters ({least})" if word == "small" else ""
    by = f"on average, by {money(abs(mean))} {at}{small}"
    return f"{title}: {better} value for money than {other} {by}; {sure}{subject}."


def psa_sentences(findings: Findings) -> list[str]:
    """All that is said beside the tables, those about a scenario indented beneath its headline."""
    said = []
    for name in findings.found.scenarios:
        said += [
            headline(findings, name),
            f"  {owed_line(findings, name)}",
            f"  {base_case_line(findings, name)}",
            *(f"  What could change this: {sentence}" for sentence in what_could_change(findings, name)),
        ]
    return [*said, value_of_information(findings), caveat(findings)]


def least_benefit(findings: Findings) -> float:
    """The least net benefit that matters, in GBP: the least gain of health that matters, at the threshold."""
    found = findings.found
    return findings.threshold * least_qalys(people=found.region.population, years=found.years)


def verdict(findings: Findings, scenario: str) -> Verdict:
    """The word for a scenario's net benefit: not material where 95% of the draws are not, else what their mean shows."""
    value, least = findings.values[scenario], least_benefit(findings)
    mean, low, high = value.net_benefit
    if finding(mean, low, high, least=least) == "immaterial":
        return "not material"
    if not sign(value.mean):
        return "not shown"
    return verdict_of("material" if abs(mean) > least else "small", rises=mean > 0, better="more")


def owed_line(findings: Findings, scenario: str) -> str:
    """The change in care that people still wait for, and what it makes of a saving."""
    value = findings.values[scenario]
    mean, low, high = value.owed
    said = (
        f"Care owed to people who still wait after {span(findings.found.years)}, not discounted: {_pounds(mean)} "
        f"({_pounds(low)} to {_pounds(high)})."
    )
    return f"{said} {of_the_saving(value.saving, mean)}".strip()


def base_case_line(findings: Findings, scenario: str) -> str:
    """The base case beside the mean of the draws, and how far they lie apart."""
    value = findings.values[scenario]
    apart, low, high = value.apart
    shown = "" if low > 0 or high < 0 else ", which chance alone may make"
    return (
        f"With every quantity at its value the net benefit is {_with_range(value.base_case)}, the mean of the draws "
        f"{_with_range(value.mean)}: {_pounds(apart)} ({_pounds(low)} to {_pounds(high)}) apart{shown}."
    )


def what_could_change(findings: Findings, scenario: str) -> list[str]:
    """The quantities that would turn the answer around, with their grade; of how many of the others that is not shown by
    so few runs, and how many do not."""
    tornado = findings.tornadoes[scenario]
    names: dict[str, list[str]] = {answer: [] for answer in ("yes", "not shown", "no")}
    for name in tornado.quantities():
        names[tornado.turns_the_answer(name)].append(name)
    said = []
    for name in names["yes"]:
        for bar in tornado.bars:
            if bar.quantity == name and bar.difference is not None and bar.turns(tornado.base_case) == "yes":
                unit = findings.found.cases[scenario].pathway.quantities[name].unit
                at = f"{name} ({findings.grade(name, scenario)}): at {figures(bar.value)} {unit}"
                said.append(f"{at} the net benefit is {_with_range(bar.difference)}.")
    if names["not shown"]:
        said.append(_not_shown(findings, tornado, names["not shown"]))
    if names["no"]:
        few, all_of = len(names["no"]), len(tornado.quantities())
        which = f"None of the {all_of} quantities" if few == all_of else f"{few} of the {all_of} quantities"
        turn = "turns" if few == all_of else "does not turn" if few == 1 else "do not turn"
        telling = _telling(findings, tornado, names["no"])
        among = sum(findings.grade(name, scenario) == "assumed" for name in names["no"])
        subject = if_they_hold(among, few, what="ranges")
        said.append(f"{which} looked at {turn} the answer around alone, at either end of its range{subject}.{telling}")
    return said


def _not_shown(findings: Findings, tornado: Tornado, names: list[str]) -> str:
    """That so few runs do not show whether some quantities turn the answer, and why."""
    base_case, runs = tornado.base_case, tornado.base_case.runs
    many = f"{len(names)} of the {len(tornado.quantities())} quantities looked at"
    if not sign(base_case):
        why = f"with every quantity at its value the net benefit may be {_range(base_case)}, so its sign is not known"
    else:
        graded = [f"{name} ({findings.grade(name, tornado.scenario)})" for name in names[:3]]
        why = f"with {', '.join(graded)} at an end of the range its sign is not known"
    return f"Whether {many} turn the answer around is not shown by so few runs ({runs}): {why}. Take more (--one-way)."


def _telling(findings: Findings, tornado: Tornado, among: list[str]) -> str:
    """Which of some quantities move the answer most, beyond chance."""
    names = [name for name in among if tornado.beyond_chance(name)][:3]
    graded = ", ".join(f"{name} ({findings.grade(name, tornado.scenario)})" for name in names)
    return f" The most telling: {graded}." if names else " None moves it by more than chance does."


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
        f"{_known(findings.known)}"
    )


def _known(names: list[str]) -> str:
    """Which quantities are taken as known for want of a distribution."""
    if not names:
        return ""
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    return f" Taken as known, for they have a range and no distribution: {shown}."


def _cover(found: Psa) -> str:
    """What the draws cover."""
    if found.calibration is None:
        return "Draws cover what the quantities' ranges say"
    return f"{calibration_line(found.calibration)} Draws cover what it leaves open and what the other quantities' ranges say"


def _draws(share: float) -> str:
    """A share of the draws, that reads all or none only where it is.

    >>> _draws(1.0), _draws(0.0), _draws(0.999)
    ('all draws', 'no draw', '99% of draws')
    """
    if share in (0.0, 1.0):
        return "all draws" if share else "no draw"
    return f"{percent_of(share)} of draws"


def _range(difference: PairedDifference) -> str:
    """From one end of an interval to the other."""
    return f"{_pounds(difference.low)} to {_pounds(difference.high)}"


def _with_range(difference: PairedDifference) -> str:
    return f"{_pounds(difference.mean)} ({_range(difference)})"


def _pounds(value: float) -> str:
    return money(value) if value < 0 else f"+{money(value)}"


def _signed(value: float) -> str:
    text = figures(value)
    return text if text.startswith(MINUS) or value == 0 else f"+{text}"


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


def _cells(value: Value) -> tuple[str, str, str, str]:
    cost, qaly, benefit = value.cost, value.qaly, value.net_benefit
    return (
        f"{_pounds(cost[0])} ({_pounds(cost[1])} to {_pounds(cost[2])})",
        f"{_signed(qaly[0])} ({_signed(qaly[1])} to {_signed(qaly[2])})",
        f"{_pounds(benefit[0])} ({_pounds(benefit[1])} to {_pounds(benefit[2])})",
        "not shown" if value.share_better is None else _draws(value.share_better),
    )


def _bars(findings: Findings, tornado: Tornado) -> list[tuple[str, str, str, str, str]]:
    """A row for each of the quantities with the longest bars."""
    rows = []
    for name in tornado.quantities()[:SHOWN]:
        ends = {bar.end: bar for bar in tornado.bars if bar.quantity == name}
        low, high = ends["low"], ends["high"]
        shown = [
            "does not fit" if bar.difference is None else f"{_with_range(bar.difference)} (at {figures(bar.value)})"
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
            "base_case": _as_interval(value.base_case),
            "mean_of_draws_minus_base_case": dict(zip(("mean", "low", "high"), value.apart, strict=True)),
            "verdict": verdict(findings, name),
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
        "quantities_drawn": json.loads(drawn_table(findings).to_json(orient="records", double_precision=10)),
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
    table = drawn_values(findings)
    for name, value in reversed({**psa_stamp(findings), "draw": range(len(table))}.items()):
        table.insert(0, name, value)
    return table


def psa_csv(findings: Findings) -> str:
    """The table of values as CSV."""
    return writing.csv_text(values_table(findings))


def quantities_csv(findings: Findings) -> str:
    """The table of quantities as CSV."""
    return writing.csv_text(quantities_table(findings))


def drawn_values(findings: Findings) -> pd.DataFrame:
    """The values drawn in the base's pathway: a row per draw, a column per quantity."""
    found = findings.found
    base, names = found.cases[found.base], uncertain_in(findings)
    drawn = [found.draws.cases({found.base: base}, draw)[found.base].pathway for draw in range(len(found.draws.scores))]
    return pd.DataFrame(
        {name: [pathway.quantities[name].number() for pathway in drawn] for name in names}, index=range(len(drawn))
    )


def drawn_table(findings: Findings) -> pd.DataFrame:
    """What was written of each quantity beside what was drawn, in the base's pathway.

    One row per quantity: `quantity`, `unit`, `distribution`, `value`, `low`, `high`, and of the draws `drawn_mean`,
    `standard_error` of it, `drawn_low` and `drawn_high` (95% of them).
    """
    quantities = findings.found.cases[findings.found.base].pathway.quantities
    values, tail = drawn_values(findings), (1 - LEVEL) / 2
    written = ("unit", "distribution", "value", "low", "high")
    return pd.DataFrame(
        [
            {
                "quantity": name,
                **{word: getattr(quantities[name], word) for word in written},
                "drawn_mean": float(of.mean()),
                "standard_error": float(of.std(ddof=1) / np.sqrt(len(of))),
                "drawn_low": float(of.quantile(tail)),
                "drawn_high": float(of.quantile(1 - tail)),
            }
            for name, of in zip(map(str, values), (values[name] for name in values), strict=True)
        ]
    )


def uncertain_in(findings: Findings) -> list[str]:
    """The quantities drawn that the base's pathway draws."""
    return uncertain(findings.found.cases[findings.found.base].pathway)


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
    used = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts.append(
        f'<h2>How this was made</h2><p class="small">Run {psa_stamp(findings)["run_id"]}, seed {found.seed}, {escape(used)}. '
        f"{escape(redrawn_line(findings))}</p>"
    )
    parts.append(f"<details><summary>Every quantity as written and as drawn</summary>{_drawn_html(findings)}</details>")
    return html_page(f"Backpath: how sure, {names}", parts)


def _drawn_html(findings: Findings) -> str:
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
        for row in drawn_table(findings).to_dict("records")
    ]
    return html_table("Stated, and drawn (± standard error of a mean of so many draws)", head, rows)


def redrawn_line(findings: Findings) -> str:
    """In how many draws something was drawn again, and what; or that nothing was."""
    draws = findings.found.draws
    if not draws.redrawn:
        return "All quantities of every draw fitted together at first."
    often = Counter(draws.again).most_common(SHOWN)
    named = ", ".join(f"{name} ({count})" for name, count in often)
    return f"In {draws.redrawn} draws some quantities did not fit together at first and were drawn again: {named}."


def curve_refused(findings: Findings) -> str:
    """Where no curve of acceptability is drawn, and why."""
    assert findings.refused is not None
    told = [] if findings.curves is None else sorted(set(findings.curves["threshold"]))
    where = (
        f"The curve is drawn at {len(told)} of {len(CURVE)} thresholds, from {money(told[0])} to {money(told[-1])} per QALY. "
        if told
        else "No curve is drawn. "
    )
    return where + findings.refused


def value_of_information(findings: Findings) -> str:
    """What perfect knowledge would be worth, in a sentence; or why that cannot be told."""
    if findings.evpi is None:
        return f"What it would be worth to know all quantities for certain cannot be told. {findings.evpi_refused}"
    if findings.evpi.evpi < LEAST_MONEY:
        return (
            "What it would be worth to know all quantities for certain cannot be seen in these draws: the same choice is best "
            f"in each of the {len(findings.found.draws.scores)}."
        )
    error = findings.evpi.standard_error
    give = f" (standard error {money(error)})" if np.isfinite(error) else ""
    return (
        f"To know all quantities for certain before choosing would be worth up to {money(findings.evpi.evpi)}{give} to this "
        f"area over {span(findings.found.years)}."
    )


def write_findings(findings: Findings, folder: Path, *, overwrite: bool = False) -> list[str]:
    """Writes page, tables and JSON into a new folder, whole or not at all; the names of the files."""
    with new_folder(folder, overwrite=overwrite) as part:
        write_text(part / "psa.json", psa_json(findings))
        write_text(part / "values.csv", psa_csv(findings))
        write_text(part / "quantities.csv", quantities_csv(findings))
        write_page(part / "psa.html", lambda: psa_html(findings))
    return sorted(path.name for path in folder.iterdir())
