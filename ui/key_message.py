"""The key message: what the runs show of one outcome, in words. One function for every face.

Its interval is the range of the runs: from the 5th to the 95th percentile of the paired percent changes. It speaks of
runs, not of probability: runs cover chance (and sampled inputs, where there are any), not errors of the model.

QALYs are told as QALYs gained, judged by the t interval of their mean: their total is that of everyone ever ill and
grows with the horizon, so that a percentage of it means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from outcomes import paired_difference
from pathways.checks import quantities_of_levers
from pathways.pathway import Outcome
from pathways.quantity import GRADES
from sim.compare import Comparison
from ui.owed import Owed, owed_of
from ui.words import comparative, in_a_sentence, per_year, percent, signed, span, with_unit

MATERIAL = 1.0
"""A change whose whole interval lies within so many percent is not material."""
CLEAR, LIKELY = 0.95, 0.80

Verdict = Literal["better", "worse", "changed", "unclear", "no change", "none"]
"""`changed` is a clear change that is neither good nor bad in itself."""


@dataclass(frozen=True)
class KeyMessage:
    """What the runs show of one outcome: a headline, its figures, and a verdict for symbols and colours.

    `median`, `low` and `high` are percent changes: the median and 90% of the runs. Of QALYs they are QALYs gained a
    year: the mean and its 95% interval. `figures` writes the three of them.
    """

    headline: str
    detail: str
    absolute: str
    verdict: Verdict
    median: float
    low: float
    high: float
    figures: str = ""

    @property
    def clear(self) -> bool:
        """Whether the runs agree on a change that matters."""
        return self.verdict in ("better", "worse", "changed")


def percent_changes(scenario: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Percent change in each pair of runs; runs whose base is zero or missing are left out."""
    usable = np.isfinite(scenario) & np.isfinite(base) & (base != 0)
    changes: np.ndarray = 100 * (scenario[usable] - base[usable]) / np.abs(base[usable])
    return changes


def describe(changes: np.ndarray, outcome: Outcome) -> KeyMessage:
    """The key message for paired percent changes.

    >>> scans = Outcome(title="MRI scans", of="seen", services=["mri"], better="less")
    >>> describe(np.array([-23.0, -30.0, -15.0]), scans).headline
    'All 3 runs show fewer MRI scans.'
    """
    name = in_a_sentence(outcome.title)
    runs = len(changes)
    if runs == 0:
        nan = float("nan")
        return KeyMessage(
            f"No change in {name} can be told: there is nothing to compare with.", "", "", "none", nan, nan, nan
        )
    median, low, high = float(np.median(changes)), *map(float, np.quantile(changes, [0.05, 0.95]))
    short = f"{percent(median)} ({percent(low)} to {percent(high)})"
    figures = f"Median {percent(median)}, 90% interval {percent(low)} to {percent(high)} ({runs} runs)."
    if runs == 1:
        short = percent(median)
        figures = f"{percent(median)} in one run, which gives no interval."
    if abs(low) <= MATERIAL and abs(high) <= MATERIAL:
        return KeyMessage(f"No material change in {name}.", figures, "", "no change", median, low, high, short)
    falls, rises = int((changes < 0).sum()), int((changes > 0).sum())
    lower = falls >= rises
    agree = max(falls, rises)
    share = agree / runs
    if share < LIKELY:
        said = f"No clear change in {name}. {_share(falls, runs)} of runs are lower, {_share(rises, runs)} are higher."
        return KeyMessage(said, figures, "", "unclear", median, low, high, short)
    who = f"All {runs} runs show" if agree == runs else f"{_share(agree, runs)} of runs show"
    headline = f"{who if runs > 1 else 'One run shows'} {comparative(outcome, lower=lower)} {name}."
    includes_none = low <= 0 <= high
    if share < CLEAR or includes_none or runs == 1:
        includes = " The interval includes no change." if includes_none else ""
        return KeyMessage(headline, figures + includes, "", "unclear", median, low, high, short)
    return KeyMessage(headline, figures, "", _valued(outcome, lower=lower), median, low, high, short)


def _valued(outcome: Outcome, *, lower: bool) -> Verdict:
    """What a clear change is: better or worse, where the outcome says which way is good."""
    if outcome.better == "neither":
        return "changed"
    return "better" if lower == (outcome.better == "less") else "worse"


def describe_gain(differences: np.ndarray, outcome: Outcome, *, years: float, people: int) -> KeyMessage:
    """The key message for paired differences of QALYs, totals over the measured years.

    A change is clear where the 95% interval of the mean excludes zero, however small it is beside all QALYs.

    >>> qalys = Outcome(title="QALYs", of="qalys", better="more")
    >>> describe_gain(np.array([9.0, 10.0, 11.0]), qalys, years=1, people=100_000).absolute
    '+0.1 a year per 1,000 registered people.'
    """
    name = in_a_sentence(outcome.title)
    gained = differences[np.isfinite(differences)] / (years or 1)
    runs, nan = len(gained), float("nan")
    if runs == 0:
        said = f"No change in {name} can be told: there is nothing to compare with."
        return KeyMessage(said, "", "", "none", nan, nan, nan)
    difference = paired_difference(gained, np.zeros(runs))
    mean, low, high = difference.mean, difference.low, difference.high
    absolute = f"{signed(1000 * mean / max(people, 1), outcome)} a year per 1,000 registered people."
    if not gained.any():
        same = "The same in one run." if runs == 1 else f"The same in all {runs} runs."
        return KeyMessage(f"No change in {name}.", same, absolute, "no change", 0, 0, 0, "0")
    if runs == 1:
        headline = f"One run shows {comparative(outcome, lower=mean < 0)} {name}."
        detail = f"{signed(mean, outcome)} a year in one run, which gives no interval."
        return KeyMessage(headline, detail, absolute, "unclear", mean, mean, mean, signed(mean, outcome))
    interval = f"{signed(low, outcome)} to {signed(high, outcome)}"
    short = f"{signed(mean, outcome)} ({interval})"
    detail = f"{signed(mean, outcome)} a year on average, 95% interval of the mean {interval} ({runs} runs)."
    falls, rises = int((gained < 0).sum()), int((gained > 0).sum())
    if low <= 0 <= high:
        headline = (
            f"No clear change in {name}. {_share(falls, runs)} of runs are lower, {_share(rises, runs)} are higher."
        )
        told = f"{detail} This cannot be told from no change."
        return KeyMessage(headline, told, absolute, "unclear", mean, low, high, short)
    lower = mean < 0
    agree = falls if lower else rises
    who = f"All {runs} runs show" if agree == runs else f"{_share(agree, runs)} of runs show"
    headline = f"{who} {comparative(outcome, lower=lower)} {name}."
    return KeyMessage(headline, detail, absolute, _valued(outcome, lower=lower), mean, low, high, short)


def _share(part: int, whole: int) -> str:
    """A share of runs in whole percent that never reads 0% or 100% unless it is."""
    rounded = round(100 * part / whole)
    if part not in (0, whole):
        rounded = min(max(rounded, 1), 99)
    return f"{rounded}%"


def key_message(comparison: Comparison, scenario: str, outcome: str) -> KeyMessage:
    """The key message of a comparison for one scenario and outcome, with absolute figures."""
    word = comparison.plan.pathway.outcomes[outcome]
    values, before = (comparison.values[name][outcome].to_numpy() for name in (scenario, comparison.base))
    if word.of == "qalys":
        return describe_gain(values - before, word, years=comparison.years, people=comparison.region.population)
    message = describe(percent_changes(values, before), word)
    difference = comparison.difference(scenario, outcome)
    if message.clear and difference.low <= 0 <= difference.high:
        few = f"{message.detail} The 95% interval of the mean difference includes no change: more runs may tell."
        message = replace(message, verdict="unclear", detail=few)
    if word.of == "cost":
        message = _beside_care_owed(message, owed_of(comparison, scenario))
    today = per_year(comparison.mean(comparison.base, outcome), word, comparison.years)
    then = per_year(comparison.mean(scenario, outcome), word, comparison.years)
    yearly = "" if word.of == "wait" else " a year"
    absolute = f"About {with_unit(today, word)}{yearly} today, about {with_unit(then, word)} averaged over {span(comparison.years)}."
    return replace(message, absolute=absolute if message.verdict != "none" else "")


def _beside_care_owed(message: KeyMessage, owed: Owed) -> KeyMessage:
    """The message of a cost with what of a saving people still wait for; a saving that is no larger is no better."""
    verdict: Verdict = "changed" if owed.outweighs_the_saving and message.verdict == "better" else message.verdict
    return replace(message, verdict=verdict, detail=f"{message.detail} {owed.said}".strip())


def rests_on(comparison: Comparison, scenario: str) -> str:
    """The grades of the numbers that a scenario's levers use: how good the evidence is on which its headline rests."""
    case = comparison.cases[scenario]
    quantities = [case.pathway.quantities[name] for name in quantities_of_levers(case.pathway, case.scenario.levers)]
    if not quantities:
        return "No lever is set: nothing rests on evidence about change."
    counts = {grade: sum(quantity.grade == grade for quantity in quantities) for grade in GRADES}
    counted = ", ".join(f"{number} {grade}" for grade, number in counts.items() if number)
    many = f"{len(quantities)} numbers" if len(quantities) > 1 else "one number"
    return f"Its levers rest on {many}: {counted}."


def watch(comparison: Comparison, scenario: str, *, besides: str | None = None) -> list[str]:
    """A sentence for every other outcome that clearly moves the wrong way."""
    sentences = []
    for outcome, word in comparison.plan.pathway.outcomes.items():
        if outcome == besides:
            continue
        message = key_message(comparison, scenario, outcome)
        if message.verdict == "worse":
            rises = message.median > 0
            verb = "goes up" if rises else "goes down"
            if word.of != "wait" and word.of != "cost":
                verb = "go up" if rises else "go down"
            figures = (
                f"{signed(message.median, word)} a year, 95% interval {signed(message.low, word)} to {signed(message.high, word)}"
                if word.of == "qalys"
                else f"Median {percent(message.median)}, 90% interval {percent(message.low)} to {percent(message.high)}"
            )
            sentences.append(f"{in_a_sentence(word.title)} {verb}. {figures}.")
    return sentences
