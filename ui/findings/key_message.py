"""The key message: what the runs show of one outcome, in words. One function for every face.

Its interval is the one of the tables: the 95% t interval of the mean difference, in percent of the base's mean. Beside it
stands the range of the runs, from the lowest to the highest. Both speak of runs, not of probability: runs cover chance
(and sampled inputs, where there are any), not errors of the model. What rests on too few events is told as too rare.

QALYs are told as QALYs gained: their total is that of everyone ever ill and grows with the horizon, so that a percentage
of it means nothing.

What a change is called, and from which size it matters, `outcomes.verdicts` and `outcomes.materiality` say. A headline that
claims something says on how many assumed numbers it rests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from outcomes import paired_difference
from outcomes.materiality import least_qalys, limit
from outcomes.paired import percent_changes
from outcomes.verdicts import CLAIMS, Verdict, if_they_hold, judged, judged_rare
from pathways.checks import quantities_of_levers
from pathways.pathway import Outcome
from pathways.quantity import GRADES
from sim.experiments.comparison import Comparison
from sim.measures.changes import judgements, least_percent
from sim.measures.owed import Owed, owed_of
from sim.results import within_days
from ui.findings.owed import TODAY, of_the_base, said_of
from ui.words import (
    TOO_RARE,
    comparative,
    figures,
    in_a_sentence,
    per_year,
    percent,
    percent_of,
    signed,
    span,
    with_unit,
    within_words,
)


@dataclass(frozen=True)
class KeyMessage:
    """What the runs show of one outcome: a headline, its figures, and a verdict for symbols and colours.

    `mean`, `low` and `high` are the mean change and its 95% interval, `lowest` and `highest` the range of the runs, all in
    percent of the base's mean; of QALYs they are QALYs gained a year. `figures` writes the first three. There is no
    interval of one run, nor of what is too rare.
    """

    headline: str
    detail: str
    absolute: str
    verdict: Verdict
    mean: float
    low: float
    high: float
    lowest: float
    highest: float
    figures: str = ""

    @property
    def clear(self) -> bool:
        """Whether the runs show a change that matters."""
        return self.verdict in CLAIMS


def _nothing(name: str) -> KeyMessage:
    nan = float("nan")
    said = f"No change in {name} can be told: there is nothing to compare with."
    return KeyMessage(said, "", "", "nothing to compare", nan, nan, nan, nan, nan)


def describe(changes: np.ndarray, outcome: Outcome, *, least: float | None = None) -> KeyMessage:
    """The key message for paired percent changes; `least` is the least that matters, in percent of the base as well.

    >>> scans = Outcome(title="MRI scans", of="seen", services=["mri"], better="less")
    >>> message = describe(np.array([-23.0, -30.0, -16.0]), scans)
    >>> message.headline, message.detail
    ('All 3 runs show fewer MRI scans.', 'Mean −23%, 95% interval −40% to −6%; range of the 3 runs −30% to −16%.')
    """
    name = in_a_sentence(outcome.title)
    runs = len(changes)
    if runs == 0:
        return _nothing(name)
    found = paired_difference(changes, np.zeros(runs))
    numbers = (found.mean, found.low, found.high, found.lowest, found.highest)
    mean, low, high, lowest, highest = map(percent, numbers)
    short, said = f"{mean} ({low} to {high})", f"Mean {mean}, 95% interval {low} to {high}"
    said += f"; range of the {runs} runs {lowest} to {highest}."
    if runs == 1:
        short, said = mean, f"{mean} in one run, which gives no interval."
    if not changes.any():
        return _the_same(name, runs, numbers, short)
    verdict, headline = _judged(changes, outcome, limit("of_the_base") if least is None else least)
    includes_none = verdict == "not shown" and found.low <= 0 <= found.high and "clear" not in headline
    includes = " The interval includes no change: more runs may tell." if includes_none else ""
    return KeyMessage(headline, said + includes, "", verdict, *numbers, short)


def _the_same(name: str, runs: int, numbers: tuple[float, ...], short: str) -> KeyMessage:
    """The key message where no run differs."""
    same = "The same in one run." if runs == 1 else f"The same in all {runs} runs."
    mean, low, high, lowest, highest = numbers
    return KeyMessage(f"No change in {name}.", same, "", "same", mean, low, high, lowest, highest, short)


def _judged(changes: np.ndarray, outcome: Outcome, least: float) -> tuple[Verdict, str]:
    """The verdict on paired changes and the headline; `least` is the least change that matters, in their unit."""
    name, runs = in_a_sentence(outcome.title), len(changes)
    found = judged(changes, least=least, better=outcome.better)
    if found.finding == "immaterial":
        return found.verdict, f"No material change in {name}."
    if not found.likely(runs):
        shares = f"{_share(found.falls, runs)} of runs are lower, {_share(found.rises, runs)} are higher."
        return found.verdict, f"No clear change in {name}. {shares}"
    change = f"{comparative(outcome, lower=found.lower)} {name}"
    who = f"all {runs} runs" if found.agree == runs else f"{_share(found.agree, runs)} of runs"
    if found.finding == "not shown":
        return found.verdict, f"Not shown: {change}, in {who if runs > 1 else 'one run'}."
    less = ", by less than is known to matter" if found.finding == "small" else ""
    return found.verdict, f"{who[:1].upper()}{who[1:]} show {change}{less}."


def describe_rare(
    values: np.ndarray, before: np.ndarray, outcome: Outcome, *, base: str = TODAY, least: float | None = None
) -> KeyMessage:
    """The key message for what rests on too few events, or too few runs that differ, to be told from chance.

    Where even as many as are too few would be immaterial among all there are, that is what is told. `least` is the least
    change that matters, in percent of the base.

    >>> fusions = Outcome(title="Fusions", of="seen", services=["fusion"], better="less")
    >>> message = describe_rare(np.array([0.0, 1.0]), np.array([1.0, 1.0]), fusions)
    >>> message.headline, message.detail
    ('Too rare to tell: fusions.', '2 today and 1 then in all 2 runs together; one of the runs differs.')
    """
    nan, name = float("nan"), in_a_sentence(outcome.title)
    there = np.isfinite(values) & np.isfinite(before)
    values, before = values[there], before[there]
    counts = outcome.of in ("seen", "referral")
    counted = f"{figures(before.sum())} {base} and {figures(values.sum())} then in all {len(values)} runs together; "
    differ = int((values != before).sum())
    who = {0: "none of the runs differs", 1: "one of the runs differs"}.get(differ, f"{differ} of the runs differ")
    detail = f"{counted if counts else ''}{who}."
    scale = abs(float(before.mean())) if before.any() else nan
    changes = 100 * (values - before) / scale
    mean, lowest, highest = float(changes.mean()), float(changes.min()), float(changes.max())
    enough = limit("of_the_base") if least is None else least
    events = None if outcome.of in ("cost", "wait") else float(before.sum()) if counts else 0.0
    verdict = judged_rare(changes, least=enough, events=events)
    headline = f"No material change in {name}." if verdict == "not material" else f"Too rare to tell: {name}."
    detail = detail[:1].upper() + detail[1:]
    return KeyMessage(headline, detail, "", verdict, mean, nan, nan, lowest, highest, TOO_RARE)


def describe_gain(differences: np.ndarray, outcome: Outcome, *, years: float, people: int) -> KeyMessage:
    """The key message for paired differences of QALYs, totals over the measured years.

    From what gain on a change matters depends on the people there are, not on the QALYs of everyone ever ill.

    >>> qalys = Outcome(title="QALYs", of="qalys", better="more")
    >>> describe_gain(np.array([9.0, 10.0, 11.0]), qalys, years=1, people=100_000).absolute
    '+0.1 a year per 1,000 registered people.'
    """
    name = in_a_sentence(outcome.title)
    gained = differences[np.isfinite(differences)] / (years or 1)
    runs = len(gained)
    if runs == 0:
        return _nothing(name)
    found = paired_difference(gained, np.zeros(runs))
    mean, low, high = found.mean, found.low, found.high
    numbers = (mean, low, high, found.lowest, found.highest)
    absolute = f"{signed(1000 * mean / max(people, 1), outcome)} a year per 1,000 registered people."
    if not gained.any():
        return replace(_the_same(name, runs, (0, 0, 0, 0, 0), "0"), absolute=absolute)
    interval = f"{signed(low, outcome)} to {signed(high, outcome)}"
    short = f"{signed(mean, outcome)} ({interval})"
    reach = f"range of the {runs} runs {signed(found.lowest, outcome)} to {signed(found.highest, outcome)}"
    detail = f"Mean {signed(mean, outcome)} a year, 95% interval {interval}; {reach}."
    if runs == 1:
        short, detail = signed(mean, outcome), f"{signed(mean, outcome)} a year in one run, which gives no interval."
    verdict, headline = _judged(gained, outcome, least_qalys(people=people, years=1))
    told = " This cannot be told from no change." if verdict == "not shown" and low <= 0 <= high else ""
    return KeyMessage(headline, detail + told, absolute, verdict, *numbers, short)


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
    least = least_percent(comparison, outcome)
    if comparison.too_rare(scenario, outcome):
        message = describe_rare(values, before, word, base=of_the_base(comparison), least=least)
    elif word.of == "qalys":
        message = describe_gain(values - before, word, years=comparison.years, people=comparison.region.population)
    else:
        message = describe(percent_changes(values, before), word, least=least)
    if message.verdict not in ("same", "too rare to tell", "nothing to compare"):
        subject = if_they_hold(*judgements(comparison, scenario))
        message = replace(message, headline=f"{message.headline.removesuffix('.')}{subject}.")
    if word.of == "cost":
        message = _beside_care_owed(message, owed_of(comparison, scenario))
    if word.of == "qalys" or message.verdict == "nothing to compare":
        return message
    means = (comparison.mean(name, outcome) for name in (comparison.base, scenario))
    today, then = (with_unit(per_year(mean, word, comparison.years), word) for mean in means)
    if word.of == "wait":
        return replace(message, absolute=_waits(comparison, scenario, outcome, today=today, then=then))
    return replace(
        message,
        absolute=f"About {today} a year {of_the_base(comparison)}, about {then} averaged over {span(comparison.years)}.",
    )


def _waits(comparison: Comparison, scenario: str, outcome: str, *, today: str, then: str) -> str:
    """What the figures of a wait are, and how many still wait."""
    base = of_the_base(comparison)
    before, after = (percent_of(comparison.still_waiting(name, outcome)) for name in (comparison.base, scenario))
    return (
        f"About {today} {base}, about {then} with it: the mean, each wait counted up to "
        f"{within_words(within_days(comparison.plan))}, of all who are referred over {span(comparison.years)}, those still "
        f"waiting as well. At the end {before} of them still wait {base}, {after} with it."
    )


def _beside_care_owed(message: KeyMessage, owed: Owed) -> KeyMessage:
    """The message of a cost with what of a saving people still wait for; a saving that is no larger is no better."""
    verdict: Verdict = "changed" if owed.outweighs_the_saving and message.verdict == "better" else message.verdict
    return replace(message, verdict=verdict, detail=f"{message.detail} {said_of(owed)}".strip())


def rests_on(comparison: Comparison, scenario: str) -> str:
    """The grades of the numbers that a scenario's levers use: how good the evidence is on which its headline rests."""
    case = comparison.cases[scenario]
    quantities = [case.pathway.quantities[name] for name in quantities_of_levers(case.pathway, case.scenario.levers)]
    if not quantities:
        return "No lever is set: nothing rests on evidence about change."
    counts = {grade: sum(quantity.grade == grade for quantity in quantities) for grade in GRADES}
    counted = ", ".join(f"{number} {grade}" for grade, number in counts.items() if number)
    many = f"{len(quantities)} numbers" if len(quantities) > 1 else "one number"
    return f"Its levers rest on {many}: {counted}.{_of_all(comparison, scenario)}"


def _of_all(comparison: Comparison, scenario: str) -> str:
    """How many of all numbers are assumed, as a sentence; "" where none is."""
    subject = if_they_hold(*judgements(comparison, scenario))
    return f" All that is said here holds{subject.removeprefix(',')}." if subject else ""


def watch(comparison: Comparison, scenario: str, *, besides: str | None = None) -> list[str]:
    """A sentence for every other outcome that clearly moves the wrong way."""
    sentences = []
    for outcome, word in comparison.plan.pathway.outcomes.items():
        if outcome == besides:
            continue
        message = key_message(comparison, scenario, outcome)
        if message.verdict == "worse":
            rises = message.mean > 0
            verb = "goes up" if rises else "goes down"
            if word.of != "wait" and word.of != "cost":
                verb = "go up" if rises else "go down"
            sentences.append(f"{in_a_sentence(word.title)} {verb}. {message.detail}")
    return sentences
