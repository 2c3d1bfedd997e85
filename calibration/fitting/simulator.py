"""One run of today's pathway as local data would report it: what is given stays, every other quantity is drawn.

Quantities that are not fitted are drawn from their ranges in every run, so that what they leave open counts as noise.
Besides the figures asked for, a run reports candidates: figures that nobody gave, to tell which would be worth having.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from calibration.local_data.local_targets import LocalTargets
from outcomes.journeys.reported import reported
from pathways import Region, inputs_to_dict
from pathways.assumed import region_at
from pathways.quantity import DAYS_IN_A_YEAR
from sim.arrays.layout import DID_NOT_ATTEND, DISCHARGE, REFERRAL, SEEN
from sim.batch.run_store import key_of
from sim.events import EventLog
from sim.experiments.parameters import NoSensibleDraw, Places, places_of, read_correlation, sensible_draw
from sim.experiments.record import region_digest
from sim.experiments.scores import case_at, uncertain, value_at
from sim.plan import Plan
from sim.reducers import Tallies, add_areas, list_sizes
from sim.run import Case
from sim.version import MODEL

PERCENT = 100.0
CANDIDATES = ("referrals", "visits", "missed_share", "waiting", "mean_wait")
"""What local data could tell of any service, over all months: activity, the list at the end, waits of those seen."""
TASK_SEED = 1 << 32
"""Replications of the runs of a fit, so that they meet other patients than the comparisons that follow."""


@dataclass(frozen=True)
class Task:
    """One run: its number, which stands for its patients and its draws, and the scores that are given.

    `practices` gives every practice the same score of a practice effect; what it does not name is left to chance.
    """

    number: int
    given: Mapping[str, float]
    practices: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Simulator:
    """Today's pathway in a region over the months of the targets. Called with a task, it gives the figures.

    The result is one row: the figures asked for, those of `candidates`, and the scores of `names`.
    """

    case: Case
    region: Region
    targets: LocalTargets
    seed: int

    @cached_property
    def names(self) -> list[str]:
        """Everything that is drawn: quantities of the pathway, and shares of the targets."""
        return uncertain(self.case.pathway) + sorted(self.targets.quantities)

    @cached_property
    def days(self) -> int:
        """Days from the first of the targets to the last, both included."""
        return (self.targets.end - self.targets.start).days + 1

    @cached_property
    def place(self) -> Region:
        """The region, beginning when the targets do."""
        return replace(self.region, about=self.region.about.model_copy(update={"start": self.targets.start}))

    @cached_property
    def wanted(self) -> pd.DataFrame:
        """The figures as `outcomes.journeys.reported` takes them: days count from the first of the targets."""
        figures = self.targets.figures
        return figures[["measure", "services", "practices", "band_low", "band_high"]].assign(
            from_day=[self._day(day) for day in figures["from_date"]],
            to_day=[self._day(day) for day in figures["to_date"]],
        )

    @cached_property
    def candidates(self) -> list[tuple[str, str]]:
        """Measures and services of the candidates."""
        found = []
        for name, service in self.case.pathway.services.items():
            queued = service.capacity != "open"
            for measure in CANDIDATES:
                if measure in ("waiting", "mean_wait") and not queued:
                    continue
                if measure != "missed_share" or service.attendance is not None:
                    found.append((measure, name))
        return found

    @cached_property
    def services(self) -> set[str]:
        """The services that the figures are about, and those where being seen is treatment."""
        return {service for services in self.wanted["services"] for service in services} | set(self.targets.treatments)

    @cached_property
    def _correlation(self) -> pd.DataFrame:
        return read_correlation()

    @cached_property
    def _places(self) -> Places:
        return places_of([self.case.pathway])

    @cached_property
    def identity(self) -> str:
        """Stands for everything but the task that can change a result."""
        return key_of(
            model=MODEL,
            pathway=inputs_to_dict(self.case.pathway),
            scenario=self.case.scenario.model_dump(exclude_defaults=True),
            region=region_digest(self.place),
            wanted=self.wanted.to_dict("list"),
            candidates=self.candidates,
            shares={name: quantity.model_dump() for name, quantity in self.targets.quantities.items()},
            treatments=self.targets.treatments,
            seed=self.seed,
        )

    def key(self, task: Task) -> str:
        """The key of a run in a store."""
        pins = {"practices": dict(task.practices)} if task.practices else {}
        return key_of(simulator=self.identity, number=task.number, given=dict(task.given), **pins)

    def __call__(self, task: Task) -> np.ndarray | None:
        """The figures of one run, and the scores of all that was drawn; None where the scores make no sense together."""
        try:
            scores = self.scores(task)
        except NoSensibleDraw:
            return None
        case = case_at(self.case, scores)
        pins = {effect: (score,) * len(self.place.codes) for effect, score in task.practices.items()}
        place = replace(region_at(self.place, self.case.pathway, case.pathway), practice_scores=pins)
        return np.concatenate([self.figures(case, place, task.number), [scores[name] for name in self.names]])

    def scores(self, task: Task) -> dict[str, float]:
        """The scores of everything in one run."""
        return sensible_draw(
            [self.case.pathway],
            self.names,
            seed=self.seed,
            draw=task.number,
            correlation=self._correlation,
            given=task.given,
            places=self._places,
        ).scores

    def figures(self, case: Case, place: Region, number: int) -> np.ndarray:
        """The figures, as counted (before shares, rounding and suppression), then the candidates."""
        tables, practices, tallies, offset = [], [], [], 0
        run = case.run(place, years=self.days / DAYS_IN_A_YEAR, seed=self.seed, replication=TASK_SEED + number)
        for area in run.areas():
            plan, rows = area.log.plan, area.log.rows
            about = [position for position, service in enumerate(plan.services) if service in self.services]
            asked = np.isin(rows["service"], about) | (rows["kind"] == DISCHARGE)
            events = EventLog(rows[asked], plan).for_outcomes()
            events["patient"] += offset
            tables.append(events)
            practices.append(np.array(plan.region.codes)[area.cohort.practice])
            tallies.append(area.tallies)
            offset += len(area.cohort)
        found = reported(
            pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0],
            self.wanted,
            treatments=self.targets.treatments,
            practice_of=pd.Series(np.concatenate(practices)),
        )
        return np.concatenate([found, self._candidates(add_areas(tallies), plan)])

    def _candidates(self, tallies: Tallies, plan: Plan) -> np.ndarray:
        referred, seen, missed = (tallies.monthly[kind].sum(axis=1) for kind in (REFERRAL, SEEN, DID_NOT_ATTEND))
        people = tallies.seen_after.sum(axis=(1, 2))
        found = {
            "referrals": referred,
            "visits": seen,
            "missed_share": PERCENT * missed / np.maximum(missed + seen, 1),
            "waiting": list_sizes(tallies)[:, -1],
            "mean_wait": tallies.wait_ticks.sum(axis=1) / np.maximum(people, 1) / plan.ticks_per_day,
        }
        return np.array([found[measure][plan.services.index(service)] for measure, service in self.candidates])

    def published(self, rows: np.ndarray) -> np.ndarray:
        """What a publisher would give, before rounding: counts of runs over the share of them that is back pain.

        `rows` are results of runs; shape (runs, figures of the targets).
        """
        figures = self.targets.figures
        found = rows[:, : len(figures)].copy()
        for name, quantity in self.targets.quantities.items():
            place = len(figures) + len(self.candidates) + self.names.index(name)
            shares = np.array([value_at(quantity, score) for score in rows[:, place]])
            chosen = (figures["share"] == name).to_numpy()
            found[:, chosen] /= shares[:, None]
        return found

    def _day(self, day: datetime.date) -> int:
        return (day - self.targets.start).days
