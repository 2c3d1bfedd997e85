"""What a change in an outcome of a comparison is measured against: the least that matters, and on what its numbers rest."""

from __future__ import annotations

from outcomes.materiality import least_cost, least_count, least_wait, limit
from outcomes.paired import FEW_EVENTS
from sim.experiments.comparison import Comparison


def least_percent(comparison: Comparison, outcome: str) -> float:
    """The least change of an outcome that matters, in percent of the base's mean; of nothing there is no percentage."""
    word, base = comparison.plan.pathway.outcomes[outcome], abs(comparison.mean(comparison.base, outcome))
    if not base > 0 or word.of == "qalys":
        return limit("of_the_base")
    match word.of:
        case "wait":
            least = least_wait(base)
        case "cost":
            least = least_cost(base)
        case _:
            least = least_count(base, people=comparison.region.population, years=comparison.years)
    return 100 * least / base


def judgements(comparison: Comparison, scenario: str) -> tuple[int, int]:
    """How many of the numbers of a scenario's pathway are assumed, and how many there are; what a calibration gives is not."""
    quantities = comparison.cases[scenario].pathway.quantities
    found = set(comparison.calibration.scores) if comparison.calibration else set()
    assumed = sum(word.grade == "assumed" and name not in found for name, word in quantities.items())
    return assumed, len(quantities)


def is_rare(comparison: Comparison, outcome: str) -> bool:
    """Whether an outcome itself is rare: so few events in all runs of the base that a change of a hundredth is too few to
    tell. Of what is common, and of waits, cost and QALYs, it is the difference that rests on too few."""
    counted = comparison.plan.pathway.outcomes[outcome].of in ("seen", "referral")
    return counted and float(comparison.values[comparison.base][outcome].sum()) < 100 * FEW_EVENTS
