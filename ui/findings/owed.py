"""Care owed to people who still wait, told beside a difference in cost: what they were not given is no saving yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from outcomes import PairedDifference
from sim.experiments.comparison import Comparison
from sim.experiments.record import number_or_none
from sim.results import OWED
from ui.words import money, span

TODAY = "today"


def of_the_base(comparison: Comparison) -> str:
    """What figures of the base are called in a sentence: of today, or of the scenario that others are compared with."""
    scenario = comparison.cases[comparison.base].scenario
    return f"under '{scenario.title}'" if scenario.levers else TODAY


@dataclass(frozen=True)
class Owed:
    """Care owed at the end of the run, in GBP: means in the base and in a scenario, and the difference over paired runs.

    `cost` is the difference in cost over the measured years, None where the pathway has no outcome that is a cost.
    `of_the_base` is what figures of the base are called.
    """

    base: float
    scenario: float
    difference: PairedDifference
    cost: PairedDifference | None
    of_the_base: str = TODAY

    @property
    def saving(self) -> float:
        """What the scenario costs less on average; 0 where it does not, or where that cannot be told from chance."""
        return 0.0 if self.cost is None or self.cost.mean >= 0 or self.cost.high >= 0 else -self.cost.mean

    @property
    def said(self) -> str:
        """What of the saving people are still waiting for; empty where nothing is saved, or no more is owed."""
        return of_the_saving(self.saving, self.difference.mean)

    @property
    def outweighs_the_saving(self) -> bool:
        """Whether a saving is no larger than what is owed more."""
        return 0 < self.saving <= self.difference.mean


def owed_of(comparison: Comparison, scenario: str) -> Owed:
    """What is owed under a scenario of a comparison."""
    costs = [name for name, word in comparison.plan.pathway.outcomes.items() if word.of == "cost"]
    return Owed(
        base=comparison.mean(comparison.base, OWED),
        scenario=comparison.mean(scenario, OWED),
        difference=comparison.difference(scenario, OWED),
        cost=comparison.difference(scenario, costs[0]) if costs else None,
        of_the_base=of_the_base(comparison),
    )


def owed_sentence(owed: Owed, years: float) -> str:
    """What people are still waiting for, in money, and what it makes of a saving."""
    change, low, high = owed.difference.mean, owed.difference.low, owed.difference.high
    interval = "" if np.isnan(low) else f", 95% interval {money(low)} to {money(high)}"
    said = (
        f"Care owed to people who still wait after {span(years)}: {money(owed.base)} {owed.of_the_base}, {money(owed.scenario)} then "
        f"({'+' if change > 0 else ''}{money(change)}{interval})."
    )
    return f"{said} {owed.said}".strip()


def of_the_saving(saving: float, owed_more: float) -> str:
    """What of a saving people are still waiting for; nothing to say where nothing is saved, or no more is owed.

    >>> of_the_saving(200_000, 50_000)
    'Of the saving of £200,000, £50,000 is care that people are still waiting for.'
    >>> of_the_saving(200_000, 250_000)
    'Of the saving of £200,000, all is care that people are still waiting for: they are owed £250,000 more.'
    >>> of_the_saving(-200_000, 50_000), of_the_saving(200_000, -50_000)
    ('', '')
    """
    if saving <= 0 or owed_more <= 0:
        return ""
    if owed_more < saving:
        return f"Of the saving of {money(saving)}, {money(owed_more)} is care that people are still waiting for."
    return f"Of the saving of {money(saving)}, all is care that people are still waiting for: they are owed {money(owed_more)} more."


def owed_json(owed: Owed) -> dict[str, Any]:
    """Care owed as a JSON object, in GBP."""
    return {
        "base": number_or_none(owed.base),
        "scenario": number_or_none(owed.scenario),
        "difference": {of: number_or_none(getattr(owed.difference, of)) for of in ("mean", "low", "high")},
        "of_the_saving": owed.said or None,
    }
