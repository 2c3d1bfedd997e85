"""A case: a scenario with its pathway, as it is simulated."""

from __future__ import annotations

from dataclasses import dataclass

from pathways import Pathway, Region, Scenario
from sim.plan import Plan, compile_plan


@dataclass(frozen=True)
class Case:
    """A scenario with its pathway, ready to be compiled for any area."""

    name: str
    scenario: Scenario
    pathway: Pathway

    def plan(self, area: Region, years: float) -> Plan:
        """The plan of this case for one area."""
        return compile_plan(self.pathway, area, scenario=self.scenario, name=self.name, years=years)
