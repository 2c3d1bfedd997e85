"""Quantities at standard normal scores: what a draw of what is not known makes of a pathway.

A score is keyed by a quantity's name; the quantity's own distribution turns it into a value (`sim.experiments.distributions`), so that
two pathways that write a quantity differently have the same luck with it. Shares of one decision turn their scores into
values together (`sim.experiments.joint_shares`). Whatever draws the scores stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pathways import Pathway
from sim.experiments.distributions import HALF_INTERVAL, is_drawn, value_at
from sim.experiments.joint_shares import shares_at

if TYPE_CHECKING:
    from sim.run import Case

__all__ = [
    "FARTHEST",
    "HALF_INTERVAL",
    "at_scores",
    "case_at",
    "pathway_at",
    "uncertain",
    "value_at",
    "value_of",
    "with_values",
    "without_distribution",
]

FARTHEST = 8.0
"""No score lies further out: beyond it a share is 1 to the last digit, and a quantity may be endless."""


def uncertain(pathway: Pathway) -> list[str]:
    """The names of the quantities that are drawn, in order."""
    return sorted(name for name, quantity in pathway.quantities.items() if is_drawn(quantity))


def without_distribution(pathway: Pathway) -> list[str]:
    """The names of the quantities that have a range and no distribution, and so are taken as known; in order."""
    return sorted(
        name
        for name, quantity in pathway.quantities.items()
        if not isinstance(quantity.value, dict) and quantity.distribution is None and quantity.low != quantity.high
    )


def value_of(pathway: Pathway, name: str, score: float) -> float:
    """The value of one quantity of a pathway at a score, all others at their values."""
    return pathway_at(pathway, {name: score}).quantities[name].number()


def case_at(case: Case, scores: Mapping[str, float]) -> Case:
    """The case with the values of some quantities at these scores."""
    return replace(case, pathway=pathway_at(case.pathway, scores))


def at_scores(cases: Mapping[str, Case], scores: Mapping[str, float]) -> dict[str, Case]:
    """The cases with other values of the quantities named: each pathway by its own distributions.

    Cases that share a pathway still do, so that they share its warm-up.
    """
    changed = {id(case.pathway): case.pathway for case in cases.values()}
    changed = {key: pathway_at(pathway, scores) for key, pathway in changed.items()}
    return {name: replace(case, pathway=changed[id(case.pathway)]) for name, case in cases.items()}


def pathway_at(pathway: Pathway, scores: Mapping[str, float]) -> Pathway:
    """The pathway with the values of some quantities at these scores; ranges are those of its own values.

    What is fixed there stays; names that the pathway does not have are other pathways' business. Shares without a score
    may move with those that have one, see `shares_at`.
    """
    quantities = pathway.quantities
    drawn = {name: score for name, score in scores.items() if name in quantities and is_drawn(quantities[name])}
    shares = shares_at(pathway, drawn)
    alone = {name: value_at(quantities[name], score) for name, score in drawn.items() if name not in shares}
    return with_values(pathway, {**alone, **shares})


def with_values(pathway: Pathway, values: Mapping[str, float]) -> Pathway:
    """The pathway with other values of some of its quantities, their ranges left as they are."""
    changed = {name: pathway.quantities[name].model_copy(update={"value": value}) for name, value in values.items()}
    return replace(pathway, quantities={**pathway.quantities, **changed})
