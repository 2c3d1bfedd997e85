"""What a sensitivity analysis found, as sentences: value for money under everything that is not known, and what could
change the answer. Alike in the terminal, in JSON and on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes import PairedDifference
from outcomes.economics.nested_draws import NestedEvpi, ceac_where_told, corrected_draws, evpi_of_corrected
from outcomes.economics.value_for_money import LEAST_DRAWS, ValueForMoney, between_means, values_for_money
from outcomes.materiality import least_qalys
from outcomes.paired import sign
from outcomes.table_rules import BadTable
from outcomes.verdicts import Verdict, if_they_hold
from sim.experiments.price_year import price_basis
from sim.experiments.scores import without_distribution
from sim.experiments.sensitivity_analysis import Psa, Tornado
from sim.results import OWED
from ui.findings.calibrated import calibration_line
from ui.findings.owed import of_the_saving
from ui.words import LEAST_MONEY, MINUS, figures, money, percent_of, span

CURVE = np.arange(0, 50_001, 1000)
"""Thresholds of a curve of acceptability, in pounds per QALY."""
SHOWN = 8
"""So many quantities of a tornado are drawn and named."""
TOO_FEW = f"in each draw: how far draws differ cannot be told from so few. Take {LEAST_DRAWS} at least (--draws)."


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
    values: Mapping[str, ValueForMoney]
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

    @property
    def least_benefit(self) -> float:
        """The least net benefit that matters, in GBP: the least gain of health that matters, at the threshold."""
        return self.threshold * least_qalys(people=self.found.region.population, years=self.found.years)

    def verdict(self, scenario: str) -> Verdict:
        """The word for a scenario's net benefit."""
        return self.values[scenario].verdict(least=self.least_benefit)

    def apart(self, scenario: str) -> tuple[float, float, float]:
        """Mean of the draws minus base case, with its 95% interval."""
        return between_means(self.values[scenario].mean, self.tornadoes[scenario].base_case)


def findings_of(found: Psa, tornadoes: Mapping[str, Tornado], *, threshold: float) -> Findings:
    """What an analysis found at a threshold, in pounds per QALY."""
    draws = len(found.draws.scores)
    few = "" if draws >= LEAST_DRAWS else f"{draws} draws, {found.replications} runs {TOO_FEW}"
    curves, refused = (None, few) if few else ceac_where_told(found.values, CURVE)
    perfect, perfect_refused = None, few or None
    try:
        perfect = None if few else evpi_of_corrected(found.values, threshold)
    except BadTable as noisy:
        perfect_refused = str(noisy)
    values = values_for_money(found.values, baseline=found.base, threshold=threshold, owed=OWED)
    return Findings(
        found=found,
        tornadoes=tornadoes,
        threshold=threshold,
        corrected=corrected_draws(found.values),
        values={name: values[name] for name in found.scenarios},
        curves=curves if curves is not None and len(curves) else None,
        refused=refused,
        evpi=perfect,
        evpi_refused=perfect_refused,
        known=sorted({name for case in found.cases.values() for name in without_distribution(case.pathway)}),
    )


def headline(findings: Findings, scenario: str) -> str:
    """What a board reads: net benefit, how often, and on what it rests. No sign is told that so few draws do not show."""
    value = findings.values[scenario]
    mean, low, high = value.net_benefit
    title, other = findings.title(scenario), findings.title(findings.found.base).lower()
    subject = if_they_hold(*findings.judgements(), what="ranges")
    at = f"({gain_in_pounds(low)} to {gain_in_pounds(high)}) at {money(findings.threshold)} per QALY"
    better = "better" if mean > 0 else "worse"
    sure = (
        f"{better} value in {share_of_draws(value.share_better if mean > 0 else 1 - value.share_better)}"
        if value.share_better is not None
        else "how often cannot be told: chance hides it (more --replications)"
    )
    word, least = findings.verdict(scenario), money(findings.least_benefit)
    if word == "not material":
        return (
            f"{title}: no material difference in value for money from {other}: {gain_in_pounds(mean)} {at}, and less than {least} does "
            f"not matter; {sure}{subject}."
        )
    if not sign(value.mean):
        return (
            f"{title}: whether it is better value for money than {other} on average cannot be told from so few draws: "
            f"{gain_in_pounds(mean)} {at}, and the mean itself may be {range_in_words(value.mean)}; {sure}{subject}."
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


def owed_line(findings: Findings, scenario: str) -> str:
    """The change in care that people still wait for, and what it makes of a saving."""
    value = findings.values[scenario]
    mean, low, high = value.owed
    said = (
        f"Care owed to people who still wait after {span(findings.found.years)}, not discounted: {gain_in_pounds(mean)} "
        f"({gain_in_pounds(low)} to {gain_in_pounds(high)})."
    )
    return f"{said} {of_the_saving(value.saving, mean)}".strip()


def base_case_line(findings: Findings, scenario: str) -> str:
    """The base case beside the mean of the draws, and how far they lie apart."""
    value = findings.values[scenario]
    apart, low, high = findings.apart(scenario)
    shown = "" if low > 0 or high < 0 else ", which chance alone may make"
    return (
        f"With every quantity at its value the net benefit is {with_range(findings.tornadoes[scenario].base_case)}, the mean of the draws "
        f"{with_range(value.mean)}: {gain_in_pounds(apart)} ({gain_in_pounds(low)} to {gain_in_pounds(high)}) apart{shown}."
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
                said.append(f"{at} the net benefit is {with_range(bar.difference)}.")
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
        why = f"with every quantity at its value the net benefit may be {range_in_words(base_case)}, so its sign is not known"
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


def share_of_draws(share: float) -> str:
    """A share of the draws, that reads all or none only where it is.

    >>> share_of_draws(1.0), share_of_draws(0.0), share_of_draws(0.999)
    ('all draws', 'no draw', '99% of draws')
    """
    if share in (0.0, 1.0):
        return "all draws" if share else "no draw"
    return f"{percent_of(share)} of draws"


def range_in_words(difference: PairedDifference) -> str:
    """From one end of an interval to the other."""
    return f"{gain_in_pounds(difference.low)} to {gain_in_pounds(difference.high)}"


def with_range(difference: PairedDifference) -> str:
    """A difference in pounds with its interval."""
    return f"{gain_in_pounds(difference.mean)} ({range_in_words(difference)})"


def gain_in_pounds(value: float) -> str:
    """Pounds that always have a sign.

    >>> gain_in_pounds(1200.0), gain_in_pounds(-1200.0)
    ('+£1,200', '−£1,200')
    """
    return money(value) if value < 0 else f"+{money(value)}"


def signed_figures(value: float) -> str:
    """A number that has a sign unless it is 0.

    >>> signed_figures(2.0), signed_figures(-2.0), signed_figures(0.0)
    ('+2', '−2', '0')
    """
    text = figures(value)
    return text if text.startswith(MINUS) or value == 0 else f"+{text}"
