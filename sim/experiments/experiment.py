"""An experiment: which cases are run over the same people of a region, for how long, how often, and by which chance.

Within a replication the base is burned in once; each case branches off at the first tick where it may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Literal

from pathways import BadInput, Problem, Region
from sim.batch.asked import too_much
from sim.events import EventLog
from sim.experiments.joint_draws import JointDraws
from sim.pilot import draw_cohort
from sim.plan import Plan
from sim.reducers import Tallies, add_areas
from sim.run import Case, Engine, Run
from sim.running import Running


@dataclass(frozen=True)
class Experiment:
    """What is asked: `cases`, among them the `base`, over the same people with the same luck in each replication.

    With a `calibration` each replication takes its own draw, for all cases and the region alike. `replications` is
    "auto" where as many are wanted as the intervals need.
    """

    cases: Mapping[str, Case]
    _: KW_ONLY
    base: str
    region: Region
    years: float
    replications: int | Literal["auto"]
    seed: int
    engine: Engine = "compiled"
    calibration: JointDraws | None = None

    def check(self, *more: Problem, workers: int = 1, least: Literal[1, 2] = 1) -> None:
        """Raises `BadInput` with all that makes no sense, `more` and the number of threads among it; else with what an
        area lacks. Where at `least` two replications must be, their number must be written."""
        count = self.replications
        enough = count >= least if isinstance(count, int) else count == "auto" and least == 1
        rest = ", or 'auto'" if least == 1 else ": one run cannot be told from chance"
        asked = (
            ("replications", count, enough, f"{least}{rest}"),
            ("seed", self.seed, self.seed >= 0, "0"),
            ("workers", workers, workers >= 1, "1"),
        )
        problems = [
            Problem(name, name, f"{written} is written; use a whole number from {says}.")
            for name, written, right, says in asked
            if not right
        ]
        problems += [*more, *too_much(**{name: number for name, number, *_ in asked if isinstance(number, int)})]
        if problems:
            raise BadInput(problems)
        _ = self.plans_as_written

    @property
    def count(self) -> int:
        """How many replications there are, once that is a number."""
        assert self.replications != "auto"
        return self.replications

    @cached_property
    def areas(self) -> list[Region]:
        """The areas of the region, in their order."""
        return [self.region.area(name) for name in self.region.area_names()]

    @cached_property
    def plans_as_written(self) -> list[dict[str, Plan]]:
        """The plans of the cases for each area, as they are without a calibration; what an area lacks is told here."""
        return [self._compiled(self.cases, area) for area in self.areas]

    def plans(self, replication: int, area: int) -> dict[str, Plan]:
        """The plans of the cases in one replication for the area at a position: with a calibration at its draw."""
        if self.calibration is None:
            return self.plans_as_written[area]
        cases = self.calibration.cases_at(self.cases, replication)
        before = self.cases[self.base].pathway
        return self._compiled(cases, self.calibration.region_at(self.areas[area], before, replication))

    def _compiled(self, cases: Mapping[str, Case], area: Region) -> dict[str, Plan]:
        return {name: case.plan(area, self.years) for name, case in cases.items()}

    def run(self, name: str, replication: int) -> Run:
        """One replication of one case alone, with every event."""
        plans = [self.plans(replication, area)[name] for area in range(len(self.areas))]
        return Run(plans, self.seed, replication, self.engine)

    def logs(self, name: str) -> Iterator[EventLog]:
        """The event logs of a case, one area and replication after another; patients are numbered anew in each."""
        for replication in range(self.count):
            yield from self.run(name, replication).logs()

    def tallies(self, replication: int) -> dict[str, Tallies]:
        """What is counted of each case in one replication, over all areas."""
        return together([self.tallies_in_area(replication, area) for area in range(len(self.areas))])

    def tallies_in_area(self, replication: int, area: int) -> dict[str, Tallies]:
        """What is counted of each case in one replication in the area at a position, over the same people.

        The base runs once; a case branches off where it may first differ. One that never differs is the base.
        """
        plans = self.plans(replication, area)
        if self.engine == "reference":
            alone = {name: Run([plan], self.seed, replication, self.engine) for name, plan in plans.items()}
            return {name: next(run.areas()).tallies for name, run in alone.items()}
        base = plans[self.base]
        shared = [name for name, plan in plans.items() if shares_warm_up(plan, base)]
        running = self._begun(base, replication)
        found = {}
        for name in sorted(shared, key=lambda name: plans[name].differs_from):
            if name != self.base:
                running.advance(plans[name].differs_from)
                found[name] = running.branch(plans[name]).finish().tallies
        found[self.base] = running.finish().tallies
        for name in plans.keys() - found.keys():
            found[name] = self._begun(plans[name], replication).finish().tallies
        return {name: found[name] for name in plans}

    def _begun(self, plan: Plan, replication: int) -> Running:
        return Running(plan, draw_cohort(plan, seed=self.seed, replication=replication))


@dataclass(frozen=True)
class Result:
    """What came of an experiment, with all that was asked."""

    experiment: Experiment

    @property
    def cases(self) -> Mapping[str, Case]:
        """The scenarios, with their pathways."""
        return self.experiment.cases

    @property
    def base(self) -> str:
        """The scenario that the others are compared with."""
        return self.experiment.base

    @property
    def region(self) -> Region:
        """The region."""
        return self.experiment.region

    @property
    def years(self) -> float:
        """Measured years."""
        return self.experiment.years

    @property
    def seed(self) -> int:
        """The seed of all chance."""
        return self.experiment.seed

    @property
    def replications(self) -> int:
        """How many replications were run."""
        return self.experiment.count

    @property
    def calibration(self) -> JointDraws | None:
        """The joint draws that the runs took, where they rest on a calibration."""
        return self.experiment.calibration


def together(areas: list[dict[str, Tallies]]) -> dict[str, Tallies]:
    """What was counted of each case in some areas, over them all."""
    return {name: add_areas([area[name] for area in areas]) for name in areas[0]}


def shares_warm_up(plan: Plan, base: Plan) -> bool:
    """Whether a plan can branch off the base's run: the same pathway with the same quantities, the base without levers."""
    return not base.levers and plan.pathway == base.pathway and plan.differs_from >= plan.first_tick
