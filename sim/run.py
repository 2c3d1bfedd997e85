"""A case, and one run of it: one replication in every area of a region.

The areas of a region are simulated one after another, each with its own plan and people. Many runs, and several cases
over the same people, are an `Experiment`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pathways import Pathway, Region, Scenario
from sim.cohort import Cohort
from sim.events import EventLog
from sim.pilot import draw_cohort
from sim.plan import Plan, compile_plan
from sim.reducers import Tallies
from sim.running import Running, tallies_of

Engine = Literal["compiled", "reference"]


@dataclass(frozen=True)
class Case:
    """A scenario with its pathway, ready to be compiled for any area."""

    name: str
    scenario: Scenario
    pathway: Pathway

    def plan(self, area: Region, years: float) -> Plan:
        """The plan of this case for one area."""
        return compile_plan(self.pathway, area, scenario=self.scenario, name=self.name, years=years)

    def run(self, region: Region, *, years: float, seed: int, replication: int) -> Run:
        """One replication of this case in a region."""
        plans = [self.plan(region.area(name), years) for name in region.area_names()]
        return Run(plans, seed, replication)


@dataclass(frozen=True)
class AreaRun:
    """What happened in one area: its people, every event, and what was counted of them."""

    cohort: Cohort
    log: EventLog
    tallies: Tallies


@dataclass(frozen=True)
class Run:
    """One replication of a case in a region: `plans` are the case's for its areas, in their order."""

    plans: Sequence[Plan]
    seed: int
    replication: int
    engine: Engine = "compiled"

    def areas(self) -> Iterator[AreaRun]:
        """What happened in each area. They are simulated as they are asked for, so that one log is held at a time."""
        for plan in self.plans:
            cohort = draw_cohort(plan, seed=self.seed, replication=self.replication)
            if self.engine == "reference":
                from sim.reference import Reference

                log = Reference(plan, cohort).run()
                yield AreaRun(cohort, log, tallies_of(log, cohort))
            else:
                running = Running(plan, cohort, keep_log=True).finish()
                yield AreaRun(cohort, running.log(), running.tallies)

    def logs(self) -> Iterator[EventLog]:
        """The event log of each area in canonical order; patients are numbered on from area to area."""
        offset = 0
        for area in self.areas():
            area.log.rows["patient"] += offset
            offset += len(area.cohort)
            yield area.log.canonical()
