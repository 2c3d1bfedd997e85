"""Care owed to people who still wait, told beside a difference in cost: what they were not given is no saving yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.experiments.comparison import Comparison
from sim.experiments.record import number_or_none
from sim.measures.owed import Owed
from ui.words import money, span

TODAY = "today"


def of_the_base(comparison: Comparison) -> str:
    """What figures of the base are called in a sentence: of today, or of the scenario that others are compared with."""
    scenario = comparison.cases[comparison.base].scenario
    return f"under '{scenario.title}'" if scenario.levers else TODAY


def said_of(owed: Owed) -> str:
    """What of the saving people are still waiting for; empty where nothing is saved, or no more is owed."""
    return of_the_saving(owed.saving, owed.difference.mean)


def owed_sentence(comparison: Comparison, owed: Owed) -> str:
    """What people are still waiting for, in money, and what it makes of a saving."""
    change, low, high = owed.difference.mean, owed.difference.low, owed.difference.high
    interval = "" if np.isnan(low) else f", 95% interval {money(low)} to {money(high)}"
    said = (
        f"Care owed to people who still wait after {span(comparison.years)}: {money(owed.base)} {of_the_base(comparison)}, "
        f"{money(owed.scenario)} then "
        f"({'+' if change > 0 else ''}{money(change)}{interval})."
    )
    return f"{said} {said_of(owed)}".strip()


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
        "of_the_saving": said_of(owed) or None,
    }
