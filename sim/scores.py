"""Quantities at standard normal scores: what a draw of what is not known makes of a pathway.

A score is keyed by a quantity's name; `value_at` turns it into a value by the quantity's own distribution, so that two
pathways that write a quantity differently have the same luck with it. Whatever draws the scores stands elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from scipy import special

from pathways import Pathway, Quantity

if TYPE_CHECKING:
    from sim.compare import Case

HALF_INTERVAL = float(special.ndtri(0.975))
"""Half a 95% interval, in standard errors."""
FARTHEST = 8.0
"""No score lies further out: beyond it a share is 1 to the last digit, and a quantity may be endless."""


def uncertain(pathway: Pathway) -> list[str]:
    """The names of the quantities that are drawn: single numbers with a range and a distribution, in order of name."""
    return sorted(
        name
        for name, quantity in pathway.quantities.items()
        if not isinstance(quantity.value, dict)
        and quantity.distribution not in (None, "fixed")
        and quantity.low != quantity.high
    )


def value_at(quantity: Quantity, score: float) -> float:
    """The value of a quantity at a standard normal score: 0 is its middle, -1.96 and 1.96 the ends of its interval.

    `beta` and `gamma` keep the value as their mean and take the standard error that the interval's width implies;
    `normal` and `lognormal` keep it as their median and meet both ends of the interval, which may lie at different
    distances; `uniform` and `triangular` run from end to end. Method: Briggs, Sculpher and Claxton, Decision Modelling
    for Health Economic Evaluation, chapter 4.

    >>> price = Quantity(value=40, low=30, high=50, unit="GBP", distribution="gamma", source="ours", grade="assumed")
    >>> round(value_at(price, -1.96), 1), round(value_at(price, 1.96), 1)
    (30.6, 50.6)
    >>> ratio = Quantity(value=2, low=1, high=8, unit="ratio", distribution="lognormal", source="ours", grade="assumed")
    >>> round(value_at(ratio, -1.96), 2), value_at(ratio, 0), round(value_at(ratio, 1.96), 2)
    (1.0, 2.0, 8.0)
    """
    value, (low, high) = quantity.number(), quantity.interval()
    match quantity.distribution:
        case "lognormal":
            return math.exp(_about(math.log(value), math.log(low), math.log(high), score))
        case "normal":
            return _about(value, low, high, score)
        case "uniform":
            return low + (high - low) * float(special.ndtr(score))
        case "triangular":
            under, rises = float(special.ndtr(score)), (value - low) / (high - low)
            if under <= rises:
                return low + math.sqrt(under * (high - low) * (value - low))
            return high - math.sqrt((1 - under) * (high - low) * (high - value))
        case "gamma":
            error = (high - low) / (2 * HALF_INTERVAL)
            shape = (value / error) ** 2
            return float(special.gammaincinv(shape, float(special.ndtr(score))) * value / shape)
        case "beta":
            error = (high - low) / (2 * HALF_INTERVAL)
            size = value * (1 - value) / error**2 - 1
            return float(special.betaincinv(value * size, (1 - value) * size, float(special.ndtr(score))))
        case _:
            return value


def _about(value: float, low: float, high: float, score: float) -> float:
    """From the middle towards one of two ends at unlike distances."""
    return value + score / HALF_INTERVAL * (high - value if score > 0 else value - low)


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
    """The pathway with the values of some quantities at these scores.

    What is fixed there stays; names that the pathway does not have are other pathways' business.
    """
    quantities = pathway.quantities
    drawn = {
        name: score
        for name, score in scores.items()
        if name in quantities and quantities[name].distribution not in (None, "fixed")
    }
    return with_values(pathway, {name: value_at(quantities[name], score) for name, score in drawn.items()})


def with_values(pathway: Pathway, values: Mapping[str, float]) -> Pathway:
    """The pathway with other values of some of its quantities, their ranges left as they are."""
    changed = {name: pathway.quantities[name].model_copy(update={"value": value}) for name, value in values.items()}
    return replace(pathway, quantities={**pathway.quantities, **changed})
