"""What becomes of a pathway's patients without care: expectations from its [health], without chance.

A patient's back is a Markov chain by day over course x state x days since onset (or since recovery), and runs as the
engines do at a tick of one day. Rules on other attributes than `course` are left out: they should move people between
courses rather than change the average. What is known of real patients, and the fit to it, is in `natural_history`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from pathways import Pathway, Quantity
from pathways.decision import REST
from pathways.health import PAIN_STATES, PHASES, STATES, Rates
from pathways.quantity import DAYS_IN_A_YEAR

COURSE = "course"
WELL = STATES.index("well")


def chance(rate_per_day: np.ndarray) -> np.ndarray:
    """The chance that something which happens at a rate happens within a day.

    >>> chance(np.array([0.0, np.log(2)])).tolist()
    [0.0, 0.5]
    """
    return -np.expm1(-rate_per_day)


class Untreated:
    """The expected course of a pathway's patients without care.

    A vector holds how many people are at each place: `course`, `state` and `elapsed` days, all of one length. Days
    since onset are told apart up to the persistent phase (or `days_apart`), days since recovery until forgotten.
    `settings` are those of fit.toml: how published cohorts are found among the model's patients.
    """

    def __init__(self, pathway: Pathway, settings: Mapping[str, Quantity], *, days_apart: int = 0):
        self.health, self.quantities, self.settings = pathway.health, pathway.quantities, settings
        levels = pathway.attributes[COURSE].levels
        self.courses = tuple(levels)
        self.shares = self._shares({name: level.share for name, level in levels.items()})
        self.first = self._shares({state: option.share for state, option in pathway.onset.state.options.items()})
        words = self.health.recurrence
        self.phases = [self._days(self.health.subacute_from), self._days(self.health.persistent_from)]
        self.well_phases = [self._days(words.recent_for), self._days(words.forgotten_after)]
        self.ill_days, well_days = max(self.phases[-1], days_apart) + 1, self.well_phases[-1] + 1
        self.size = len(PAIN_STATES) * self.ill_days + well_days
        state = [*np.repeat(range(1, len(STATES)), self.ill_days), *[WELL] * well_days]
        elapsed = [*list(range(self.ill_days)) * len(PAIN_STATES), *range(well_days)]
        self.state = np.tile(state, len(self.courses))
        self.elapsed = np.tile(elapsed, len(self.courses))
        self.course = np.repeat(np.arange(len(self.courses)), self.size)
        self.pain = self.score(self.health.pain)

    def score(self, by_state: Mapping[Any, str]) -> np.ndarray:
        """A score of each state, at each place."""
        return np.array([self.quantities[by_state[name]].number() for name in STATES])[self.state]

    def _shares(self, names: Mapping[str, str]) -> dict[str, float]:
        known = {name: self.quantities[share].number() for name, share in names.items() if share != REST}
        return {name: known.get(name, 1 - sum(known.values())) for name in names}

    def _days(self, time: str) -> int:
        return round(self.quantities[time].days())

    def _pace(self, rates: Rates) -> np.ndarray:
        """The multipliers of the courses, at each place."""
        times = np.ones(len(self.courses))
        for rule in rates.times:
            if list(rule.when) == [COURSE]:
                written = rule.when[COURSE]
                named = [written] if isinstance(written, str) else written
                times[[course in named for course in self.courses]] *= self.quantities[rule.times].number()
        return times[self.course]

    def _hazard(self, rates: Rates) -> np.ndarray:
        """Per day, at each place; nothing for those who are well."""
        names = [getattr(rates, state) for state in PAIN_STATES]
        yearly = np.array([0.0, *(self.quantities[name].per_year() if name else 0.0 for name in names)])
        times = [rates.phase_times.get(phase) for phase in PHASES]
        by_phase = np.array([self.quantities[name].number() if name else 1.0 for name in times])
        hazard: np.ndarray = yearly[self.state] * by_phase[np.digitize(self.elapsed, self.phases)] * self._pace(rates)
        return hazard / DAYS_IN_A_YEAR

    @cached_property
    def recurring(self) -> np.ndarray:
        """The rate per day of a new episode, at each place; nothing for those in pain."""
        words = self.health.recurrence
        yearly = np.array([self.quantities[words.recent].per_year(), self.quantities[words.later].per_year(), 0.0])
        by_time = yearly[np.digitize(self.elapsed, self.well_phases)] / DAYS_IN_A_YEAR
        hazard: np.ndarray = by_time * (self.state == WELL) * self._pace(self.health.worsen)
        return hazard

    @cached_property
    def consulting(self) -> np.ndarray:
        """The chance of seeking care within a day, at each place."""
        return chance(self._hazard(self.health.consult))

    @cached_property
    def start(self) -> np.ndarray:
        """One person who falls ill today."""
        people = np.zeros(len(self.state))
        for name, share in self.first.items():
            now = (self.state == STATES.index(name)) & (self.elapsed == 0)
            people[now] = np.array(list(self.shares.values())) * share
        return people

    def step(self, *, recurs: bool = True, improve_times: float = 1.0) -> sparse.csr_array:
        """One day: `step() @ people`. Where getting better and worse fall on one day, better counts, as in the engine.

        `improve_times` is what a treatment that acts on everyone multiplies the rate of improving by.
        """
        here = np.arange(len(self.state))
        better = chance(self._hazard(self.health.improve) * improve_times)
        worse = chance(self._hazard(self.health.worsen)) * (1 - better) * (self.state < len(PAIN_STATES))
        again = chance(self.recurring) * recurs
        last = np.where(self.state == WELL, self.well_phases[-1], self.ill_days - 1)
        stays = here + (self.elapsed < last)
        base = self.course * self.size
        recovers = np.where(self.state == 1, base + len(PAIN_STATES) * self.ill_days, stays - self.ill_days)
        moves = [(stays, 1 - better - worse - again), (recovers, better), (stays + self.ill_days, worse)]
        for name, share in self.first.items():
            moves.append((base + (STATES.index(name) - 1) * self.ill_days, again * share))
        to, chances = (np.concatenate(parts) for parts in zip(*moves, strict=True))
        happens = chances > 0
        places = to[happens], np.tile(here, len(moves))[happens]
        return sparse.csr_array((chances[happens], places), shape=(len(here), len(here)))

    def follow(self, people: np.ndarray, step: sparse.csr_array, *, days: int = DAYS_IN_A_YEAR) -> np.ndarray:
        """The people by day, from day 0 to `days`; shape (days + 1, places)."""
        by_day = [people]
        for _ in range(days):
            by_day.append(step @ by_day[-1])
        return np.array(by_day)

    def by_course(self, people: np.ndarray) -> np.ndarray:
        """Sums over everything but the course, which becomes the last axis."""
        sums: np.ndarray = people.reshape(*people.shape[:-1], len(self.courses), self.size).sum(axis=-1)
        return sums

    # cohorts

    @cached_property
    def acute(self) -> np.ndarray:
        """A year from the day on which pain begins and care is sought."""
        return self.follow(self.start, self.step())

    @cached_property
    def first_episode(self) -> np.ndarray:
        """The same year, were nobody to fall ill again."""
        return self.follow(self.start, self.step(recurs=False))

    @cached_property
    def recovered(self) -> np.ndarray:
        """Share whose first episode is over, by day and course."""
        return self.by_course(self.first_episode * (self.state == WELL))

    @cached_property
    def entering(self) -> np.ndarray:
        """One person who consults during the settings' days of a first episode, all such days alike."""
        first, last = (round(self.settings[name].days()) for name in ("persistent_from", "persistent_until"))
        people = self.first_episode[first : last + 1].sum(axis=0) * self.consulting
        entering: np.ndarray = people / people.sum()
        return entering

    @cached_property
    def persistent(self) -> np.ndarray:
        """A year from that consultation."""
        return self.follow(self.entering, self.step())

    @cached_property
    def recurred(self) -> np.ndarray:
        """Share with a new episode by days since recovery, among those who recover within a year of onset."""
        well = self.recurring[self.state == WELL].reshape(len(self.courses), -1)
        still_well = np.exp(-np.cumsum(np.insert(well, 0, 0.0, axis=1), axis=1))
        mix = self.recovered[-1] / self.recovered[-1].sum()
        share: np.ndarray = 1 - mix @ still_well
        return share

    @cached_property
    def ever(self) -> np.ndarray:
        """Expected days at each place per person who falls ill, until they leave for good."""
        staying = 1 - 1 / self.settings["people_stay"].days()
        gone = sparse.eye_array(len(self.state)) - staying * self.step()
        days: np.ndarray = sparse.linalg.spsolve(gone.tocsc(), self.start)
        return days

    @cached_property
    def consulters(self) -> np.ndarray:
        """Who consults within a window, counted once, when one person falls ill a day; where they are at the time."""
        window = round(self.settings["recruited_within"].days())
        unseen, recruited, step = self.ever, self.start * window, self.step()
        for _ in range(window):
            recruited = recruited + unseen * self.consulting
            unseen = step @ (unseen * (1 - self.consulting))
        return recruited

    @cached_property
    def pain_of_consulters(self) -> np.ndarray:
        """Mean pain over the year after that consultation, by course."""
        by_day = self.follow(self.consulters, self.step())
        means: np.ndarray = (self.by_course(by_day * self.pain) / self.by_course(by_day)).mean(axis=0)
        return means
