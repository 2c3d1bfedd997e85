"""Care owed to people who still wait, beside a difference in cost: what they were not given is no saving yet."""

from __future__ import annotations

from dataclasses import dataclass

from outcomes import PairedDifference
from sim.experiments.comparison import Comparison
from sim.results import OWED


@dataclass(frozen=True)
class Owed:
    """Care owed at the end of the run, in GBP: means in the base and in a scenario, and the difference over paired runs.

    `cost` is the difference in cost over the measured years, None where the pathway has no outcome that is a cost.
    """

    base: float
    scenario: float
    difference: PairedDifference
    cost: PairedDifference | None

    @property
    def saving(self) -> float:
        """What the scenario costs less on average; 0 where it does not, or where that cannot be told from chance."""
        return 0.0 if self.cost is None or self.cost.mean >= 0 or self.cost.high >= 0 else -self.cost.mean

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
    )
