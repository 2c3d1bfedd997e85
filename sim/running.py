"""One run in progress: a state that goes on tick by tick, its events counted and, if asked for, kept.

A run can be branched: burned in once, then copied into every scenario.
"""

from __future__ import annotations

import numpy as np

from sim import compiled
from sim.arrays.layout import LogArrays, StateArrays, chunks_for
from sim.cohort import Cohort
from sim.events import EventLog
from sim.plan import Plan
from sim.provided import with_capacity
from sim.reducers import Counter, Tallies, copy_tallies, new_tallies, nobody_waiting
from sim.state import branch, copy_state, lever_from, new_block, new_state, with_chunks, with_scratch


class Running:
    """A run of the compiled engine. Memory is that of the patients, unless `keep_log` is set."""

    def __init__(self, plan: Plan, cohort: Cohort, *, keep_log: bool = False, shuffle: int = 0):
        self.plan = plan
        self.cohort = cohort
        self.kept: list[np.ndarray] | None = [] if keep_log else None
        self._state: StateArrays = new_state(plan, cohort, shuffle=shuffle)
        tallies = with_capacity(new_tallies(plan), plan, self._state.lever_from)
        self._counter = _counter(tallies, plan, cohort, nobody_waiting(len(cohort)))
        self._block: LogArrays = new_block(max(1 << 15, 2 * cohort.ill_at_start + 1))
        self._listed_are_in = False
        compiled.begin(plan.memory, self._state.memory[0], self._block.memory[0])
        self._hand_on()

    @property
    def tallies(self) -> Tallies:
        """The events so far, counted."""
        return self._counter.tallies

    @property
    def tick(self) -> int:
        """The tick that comes next."""
        return int(self._state.memory[0]["tick"])

    def advance(self, until: int) -> None:
        """Runs the ticks before `until`. Before tick 0, people on today's lists take their places."""
        if until > 0 and not self._listed_are_in:
            self._advance(0)
            self._enter_lists()
        self._advance(until)

    def _enter_lists(self) -> None:
        listed = self.cohort.listed
        self._state = with_chunks(self._state, chunks_for(4 * len(listed), self._state.heads.shape[1]))
        if len(self._block.rows) < 2 * len(listed):
            self._block = new_block(2 * len(listed))
        compiled.enter_lists(self.plan.memory, self._state.memory[0], self._block.memory[0], listed)
        self._hand_on()
        self._listed_are_in = True

    def _advance(self, until: int) -> None:
        while True:
            lacks, amount = compiled.advance(self.plan.memory, self._state.memory[0], self._block.memory[0], until)
            if lacks == compiled.DONE:
                self._hand_on()
                return
            if lacks == compiled.LOG_FULL:
                self._hand_on()
                if amount > len(self._block.rows):
                    self._block = new_block(2 * amount)
            elif lacks == compiled.CALENDAR_FULL:
                self._state = with_chunks(self._state, max(2 * amount, len(self._state.chunks)))
            else:
                self._state = with_scratch(self._state, 2 * amount)

    def finish(self) -> Running:
        """Runs to the end of the plan; returns itself."""
        self.advance(self.plan.last_tick)
        return self

    def copy(self) -> Running:
        """A run of its own that stands where this one does."""
        return self._branched(self.plan, copy_state(self._state))

    def branch(self, plan: Plan) -> Running:
        """A copy of this run that goes on under another plan, which must not differ before the present tick."""
        return self._branched(plan, branch(self._state, plan, self.cohort))

    def _branched(self, plan: Plan, state: StateArrays) -> Running:
        other = object.__new__(Running)
        other.__dict__.update(self.__dict__)
        other.plan = plan
        tallies = with_capacity(copy_tallies(self.tallies), plan, state.lever_from)
        other._counter = _counter(tallies, plan, self.cohort, self._counter.waiting.copy())
        other.kept = None if self.kept is None else list(self.kept)
        other._state = state
        other._block = new_block(len(self._block.rows))
        return other

    def log(self) -> EventLog:
        """The events so far, in the order in which they happened; only where they were kept."""
        if self.kept is None:
            raise ValueError("the log of this run was not kept: start it with keep_log=True")
        return EventLog(np.concatenate([self._block.rows[:0], *self.kept]), self.plan)

    def take_log(self) -> np.ndarray:
        """The events since this was last asked for, which are kept no longer; only where they were kept."""
        rows = self.kept[0] if self.kept is not None and len(self.kept) == 1 else self.log().rows
        self.kept = []
        return rows

    def people(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The records of these patients as they are now and what they have met so far, copied."""
        return self._state.patients[which], self._state.counters[which]

    def waiting(self) -> np.ndarray:
        """People on each site's list now, in the order of the plan's sites."""
        waiting: np.ndarray = self._state.sites["waiting"].copy()
        return waiting

    def _hand_on(self) -> None:
        """Counts the block's rows, keeps them if asked to, and empties it."""
        count = int(self._block.memory[0]["written"])
        self._counter.count(self._block.rows, count)
        if self.kept is not None:
            self.kept.append(self._block.rows[:count].copy())
        self._block.memory[0]["written"] = 0


def tallies_of(log: EventLog, cohort: Cohort) -> Tallies:
    """The tallies of a whole event log, whichever engine wrote it."""
    plan = log.plan
    tallies = with_capacity(new_tallies(plan), plan, lever_from(plan, cohort))
    _counter(tallies, plan, cohort, nobody_waiting(len(cohort))).count(log.rows, len(log.rows))
    return tallies


def _counter(tallies: Tallies, plan: Plan, cohort: Cohort, waiting: np.ndarray) -> Counter:
    return Counter(tallies, plan, practice=cohort.practice, group=cohort.group, waiting=waiting)
