"""The reference engine, in SimPy: read this to understand the model. It gives the same event log as `sim.compiled`.

Each patient has two processes, their back and their care; the services are a third kind. A tick has its phases at
parts of a unit of time: backs act at t, cares at t + 1/4, services see at t + 1/2. What is decided, and how illness
runs, is in `sim.rules` and `sim.illness`, which both engines call; here are only the clock, the lists and the story.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
from heapq import heappush
from random import Random
from typing import Any

import numpy as np
import simpy

from sim.arrays.layout import (
    AT_HOME,
    BETWEEN_VISITS,
    DECISION,
    DID_NOT_ATTEND,
    DISCHARGE,
    EVENT,
    GAVE_UP,
    GOT_BETTER,
    HAS_CHANGED,
    HEALTH,
    HOME,
    IMPROVE,
    IN_VISIT,
    IS_BETTER,
    JOINED,
    LEFT,
    MISSED,
    MOST_LEVELS,
    NEEDS_CARE,
    NEVER,
    NOT_CALLED,
    OFFERED,
    ONSET,
    OPEN,
    OUT_OF_PATIENCE,
    PLACES,
    PRESCRIPTION,
    REFERRAL,
    REFERRED,
    SEEN,
    WAITING,
    WENT_ELSEWHERE,
    WORSEN,
)
from sim.cohort import Cohort
from sim.events import EventLog
from sim.illness import WELL, enter, feel, foresee, ran_out, set_pace, treat, wind_again
from sim.plan import Plan
from sim.rules import (
    APPOINTMENTS,
    ATTENDED,
    DELAY,
    GAP,
    JOININGS,
    REFERRALS,
    STAY,
    choose_site,
    decide,
    duration,
    free_capacity,
    is_reviewed,
    is_seen_while_waiting,
    leaves_when_better,
    lot,
    met,
    next_review,
    patience,
    priority,
    publish,
    publish_all,
    rebooks,
    settle,
    visits_needed,
)
from sim.state import new_state

BACK, CARE, SERVICES = 0.0, 0.25, 0.5
"""When in a tick the phases are."""

Process = Generator[simpy.Event, Any, Any]


class ShuffledEnvironment(simpy.Environment):
    """Takes simultaneous events in a random order instead of the order in which they were made."""

    def __init__(self, initial_time: float, seed: int):
        self._order = Random(seed)
        super().__init__(initial_time)

    def schedule(self, event: simpy.Event, priority: Any = simpy.events.NORMAL, delay: float = 0) -> None:
        """Puts an event in the queue, at a random place among those of its time."""
        heappush(self._queue, (self._now + delay, priority, self._order.getrandbits(62), event))


class Reference:
    """A run of the reference engine over one plan and cohort. `run()` returns its event log."""

    def __init__(self, plan: Plan, cohort: Cohort, *, shuffle: int = 0):
        self.plan, self.rules, self.arrays = plan, plan.memory, plan.arrays
        state = new_state(plan, cohort)
        self.state, self.patients, self.counters, self.sites = (
            state.memory[0],
            state.patients,
            state.counters,
            state.sites,
        )
        self.kept_alive = state
        self.services = plan.arrays.services
        first = float(plan.first_tick)
        self.env = ShuffledEnvironment(first, shuffle) if shuffle else simpy.Environment(first)
        self.lists: list[list[tuple[int, int, int, int, simpy.Event]]] = [[] for _ in plan.sites]
        self.called = [self.env.event() for _ in range(len(cohort))]
        self.disturbed = [self.env.event() for _ in range(len(cohort))]
        self.rows: list[tuple[int, int, int, int, int, int, int]] = []
        self.listed = [int(i) for i in cohort.listed]
        on_lists = set(self.listed)
        publish_all(self.rules, self.state, plan.first_tick)
        for i in range(len(cohort)):
            if i not in on_lists:
                self.enter(i, ill=i < cohort.ill_at_start)
        self.env.process(self.see())

    def run(self) -> EventLog:
        """Runs to the end of the plan. Before tick 0, people on today's lists take their places."""
        if self.plan.last_tick > 0:
            if self.plan.first_tick < 0:
                self.env.run(until=0)
            for i in self.listed:
                self.enter(i, ill=True, listed=True)
            publish_all(self.rules, self.state, self.tick)
        if self.plan.last_tick > self.plan.first_tick:
            self.env.run(until=self.plan.last_tick)
        return EventLog(np.array(self.rows, dtype=EVENT), self.plan)

    def enter(self, i: int, *, ill: bool, listed: bool = False) -> None:
        """Patient i comes into the simulation, ill already or to fall ill; perhaps on a list."""
        if ill:
            self.emit(ONSET, i, detail=self.patients[i]["state"], value=self.tick - int(self.patients[i]["onset"]))
        self.env.process(self.back(i, ill=ill))
        self.env.process(self.care(i, self.join_at_start(i) if listed else None))

    # the clock

    @property
    def tick(self) -> int:
        """The present tick."""
        return int(self.env.now // 1)

    def at(self, tick: int, phase: float) -> simpy.Event:
        """The event of a phase of a tick coming."""
        return self.env.timeout(max(tick + phase - self.env.now, 0.0))

    def emit(self, kind: int, i: int, *, service: int = -1, site: int = -1, detail: int = 0, value: int = 0) -> None:
        """Writes one row of the event log."""
        self.rows.append((self.tick, i, int(value), int(service), int(site), int(detail), kind))

    # the back

    def back(self, i: int, *, ill: bool) -> Process:
        """One patient's illness: onset, then a change or a need for care each time a clock runs out."""
        patient = self.patients[i]
        if not ill:
            yield self.at(int(patient["onset"]), BACK)
            self.emit(ONSET, i, detail=patient["state"])
            self.call(i, NEEDS_CARE)
        while True:
            due = foresee(self.rules, patient, self.rules["last_tick"])
            disturbed = self.disturbed[i]
            if due >= self.plan.last_tick:
                yield disturbed
            else:
                yield self.at(due, BACK) | disturbed
            if disturbed.triggered:
                self.disturbed[i] = self.env.event()
            else:
                feel(self.rules, patient, due)
                self.clocks_run_out(i)

    def clocks_run_out(self, i: int) -> None:
        """What happens when clocks have run out: where two would change the state, the better change counts."""
        patient = self.patients[i]
        clock = ran_out(patient)
        needs_care = wind_again(self.rules, self.state, i)
        reason = NOT_CALLED
        if clock in (IMPROVE, WORSEN):
            self.change_state(i, int(patient["state"]) - 1 if clock == IMPROVE else self.worse_state(i))
            if patient["state"] == WELL and leaves_when_better(self.rules, self.state, i):
                reason = IS_BETTER
            elif is_reviewed(self.rules, self.state, i):
                reason = HAS_CHANGED
        if needs_care and patient["state"] != WELL:
            reason = NEEDS_CARE
        if reason != NOT_CALLED:
            self.call(i, reason)

    def change_state(self, i: int, new: int) -> None:
        """Patient i is in another state of health from now on."""
        patient = self.patients[i]
        old = int(patient["state"])
        lasted = enter(patient, new, self.tick)
        self.emit(HEALTH, i, detail=old * 4 + new, value=lasted)

    def worse_state(self, i: int) -> int:
        """The state after worsening: the next one, or that in which a new episode begins."""
        patient = self.patients[i]
        if patient["state"] != WELL:
            return int(patient["state"]) + 1
        patient["onset"] = self.tick
        return self.first_state(i)

    def first_state(self, i: int) -> int:
        """How bad a new episode is at first."""
        decision = int(self.rules["onset_state"])
        chosen = decide(self.rules, self.state, i, decision, self.tick)
        return int(self.arrays.options[self.arrays.decisions[decision]["first_option"] + chosen]["to"])

    def call(self, i: int, reason: int) -> None:
        """The back asks something of the care thread. Someone who is just being seen hears it when the visit is over."""
        if not self.called[i].triggered:
            self.called[i].succeed(reason)

    # the care

    def care(self, i: int, seen: simpy.Event | None) -> Process:
        """One patient's care, from each need for it to the discharge."""
        patient = self.patients[i]
        to = HOME
        if seen is not None:
            to = yield from self.visit(i, seen)
            to = yield from self.go_on(i, to)
        while True:
            patient["stage"] = AT_HOME
            yield self.called[i]
            yield self.at(self.tick, CARE)
            if self.hear(i) == NEEDS_CARE:
                patient["care_since"], patient["last_service"] = self.tick, -1
                yield from self.go_on(i, int(self.rules["entry"]))

    def go_on(self, i: int, to: int) -> Process:
        """From service to service until the patient is home."""
        while (to := self.follow_decisions(i, to)) != HOME:
            to = yield from self.visit(i, None, service=to)
        patient = self.patients[i]
        self.emit(DISCHARGE, i, service=patient["last_service"], value=self.tick - int(patient["care_since"]))
        return to

    def hear(self, i: int) -> int:
        """What the back has called for, if the need has not gone since; ready for the next call."""
        reason = int(self.called[i].value or 0)
        self.called[i] = self.env.event()
        return NOT_CALLED if reason == NEEDS_CARE and self.patients[i]["state"] == WELL else reason

    def follow_decisions(self, i: int, to: int) -> int:
        """Takes decisions until one leads to a service or home."""
        patient, tick = self.patients[i], self.tick
        while to >= DECISION:
            chosen = decide(self.rules, self.state, i, to - DECISION, tick)
            option = self.arrays.options[self.arrays.decisions[to - DECISION]["first_option"] + chosen]
            if option["settings"] > 0 or option["effect"] >= 0 or option["state"] >= 0:
                feel(self.rules, patient, tick)
                for s in range(option["first_setting"], option["first_setting"] + option["settings"]):
                    attribute, level = (int(number) for number in self.arrays.settings[s])
                    patient["attributes"][attribute] = level
                    self.emit(PRESCRIPTION, i, service=patient["last_service"], detail=attribute * MOST_LEVELS + level)
                if option["effect"] >= 0:
                    treat(self.rules, patient, option["effect"], tick)
                if option["state"] >= 0 and option["state"] != patient["state"]:
                    self.change_state(i, int(option["state"]))
                set_pace(self.rules, self.state, i, tick)
                self.disturb(i)
            to = int(option["to"])
        return to

    def disturb(self, i: int) -> None:
        """Something has changed how illness runs: the back foresees anew."""
        if not self.disturbed[i].triggered:
            self.disturbed[i].succeed()

    def visit(self, i: int, seen: simpy.Event | None, *, service: int = -1) -> Process:
        """Everything at one service: referral, waiting, the visits of a course. Returns where to go next.

        With `seen` given, the patient is on its list already.
        """
        patient = self.patients[i]
        if seen is None:
            delay = self.refer(i, service)
            patient["stage"] = REFERRED
            if delay > 0:
                to = yield from self.wait(i, self.tick + delay)
                if to is not None:
                    return to
        record = self.services[patient["service"]]
        while True:
            if record["capacity"] == OPEN:
                if patient["service"] == self.rules["waiting_service"] and self.called[i].triggered:
                    self.hear(i)  # this very visit answers a need that came during the one before
                self.meet(i)
            else:
                if seen is None and self.called[i].triggered and (to := self.answer(i)) is not None:
                    return to
                to = yield from self.queue(i, seen or self.join(i))
                seen = None
                if to is not None:
                    return to
            yield self.at(int(patient["care_due"]), CARE)
            if patient["stage"] == MISSED:
                if not rebooks(self.rules, self.state, i):
                    return int(record["misses_to"])
                patient["stage"] = REFERRED
                continue
            self.end_visit(i)
            if patient["visit"] >= patient["planned"]:
                return int(record["after_cap"] if patient["capped"] else record["next"])
            patient["visit"] += 1
            to = yield from self.gap(i)
            if to is not None:
                return to
            patient["asked"] = self.tick

    def refer(self, i: int, service: int) -> int:
        """Sends patient i to a service and its site; the ticks until they arrive."""
        patient, record = self.patients[i], self.services[service]
        visit = met(self.state, i, record["counter"] + REFERRALS)
        delay = int(duration(self.rules, record["delay"], patient["key"], record["label"], DELAY, visit))
        self.emit(REFERRAL, i, service=service, detail=patient["last_service"] + 1, value=delay)
        self.plan_course(i, service, visit)
        patient["asked"], patient["site"] = self.tick, record["first_site"]
        if record["sites"] > 1:
            site = choose_site(self.rules, self.state, i, service, visit)
            patient["site"] = site
            published = self.sites[site]["published"]
            self.emit(OFFERED, i, service=service, site=site, detail=record["sites"], value=published)
        return delay

    def plan_course(self, i: int, service: int, visit: int) -> None:
        """How many visits it will be, at the most."""
        patient, record = self.patients[i], self.services[service]
        needed = visits_needed(self.rules, patient["key"], service, visit)
        patient["service"], patient["visit"] = service, 1
        patient["capped"], patient["planned"] = needed > record["cap"], min(needed, int(record["cap"]))

    def wait(self, i: int, until: int) -> Process:
        """Waits for a tick, answering the back's calls. Returns a destination if the patient leaves, else None."""
        while True:
            called = self.called[i]
            yield self.at(until, CARE) | called
            if not called.triggered:
                return None
            yield self.at(self.tick, CARE)
            to = self.answer(i)
            if to is not None or self.tick == until:
                return to

    def answer(self, i: int) -> int | None:
        """What follows from the back's call to someone who is waiting: a destination, or None to go on waiting."""
        patient = self.patients[i]
        reason = self.hear(i)
        if reason == IS_BETTER:
            self.leave(i, GOT_BETTER)
            return HOME
        if reason != NEEDS_CARE or not is_seen_while_waiting(self.rules, self.state, i):
            return None
        waiting_service = int(self.rules["waiting_service"])
        record = self.services[waiting_service]
        met(self.state, i, record["counter"] + ATTENDED)
        self.emit(SEEN, i, service=waiting_service, site=record["first_site"])
        to = self.follow_decisions(i, int(self.rules["waiting_then"]))
        if to == HOME:
            if patient["state"] == WELL and leaves_when_better(self.rules, self.state, i):
                self.leave(i, GOT_BETTER)
                return HOME
            return None
        self.leave(i, WENT_ELSEWHERE)
        patient["last_service"] = waiting_service
        return to

    def leave(self, i: int, reason: int) -> None:
        """Patient i no longer waits for the service they were referred to."""
        patient = self.patients[i]
        site = int(patient["site"]) if patient["stage"] == WAITING else -1
        if site >= 0:
            self.take_off(i)
        waited = self.tick - int(patient["asked"])
        self.emit(GAVE_UP, i, service=patient["service"], site=site, detail=reason, value=waited)

    # waiting lists

    def join_at_start(self, i: int) -> simpy.Event:
        """Someone who is on a list when the simulation begins."""
        patient = self.patients[i]
        service = int(patient["service"])
        self.plan_course(i, service, met(self.state, i, self.services[service]["counter"] + REFERRALS))
        patient["care_since"] = patient["asked"]
        return self.join(i, joined=int(patient["asked"]))

    def join(self, i: int, *, joined: int | None = None) -> simpy.Event:
        """Puts patient i on their list. Returns the event of being seen."""
        patient, tick = self.patients[i], self.tick
        service = int(patient["service"])
        record = self.services[service]
        patient["stage"] = WAITING
        joined = tick if joined is None else joined
        first_visit = patient["visit"] == 1
        patient["priority"] = (
            priority(self.rules, self.state, i, service, tick) if first_visit else record["follow_up_priority"]
        )
        met(self.state, i, record["counter"] + JOININGS)
        stays = int(patience(self.rules, self.state, i, service, tick - joined))
        patient["care_due"] = min(tick + stays, NEVER)
        seen = self.env.event()
        place = (int(patient["priority"]), joined, lot(self.rules, self.state, i, service), i, seen)
        insort(self.lists[patient["site"]], place, key=lambda entry: entry[:4])
        self.emit(
            JOINED,
            i,
            service=service,
            site=patient["site"],
            detail=patient["visit"],
            value=tick - joined,
        )
        self.sites[patient["site"]]["waiting"] += 1
        return seen

    def take_off(self, i: int) -> None:
        """Takes patient i off their list."""
        site = self.patients[i]["site"]
        self.lists[site] = [entry for entry in self.lists[site] if entry[3] != i]
        self.sites[site]["waiting"] -= 1

    def queue(self, i: int, seen: simpy.Event) -> Process:
        """Waits on a list until seen (None), out of patience, or called away (a destination)."""
        patient = self.patients[i]
        give_up = int(patient["care_due"])
        review = self.next_review(i)
        while True:
            called = self.called[i]
            due = min(give_up, review)
            yield (seen | called | self.at(due, CARE)) if due < self.plan.last_tick else (seen | called)
            if seen.triggered:
                return None
            if called.triggered:
                yield self.at(self.tick, CARE)
                to = self.answer(i)
                if to is not None:
                    return to
            if self.tick == give_up:
                self.leave(i, OUT_OF_PATIENCE)
                return int(self.services[patient["service"]]["gives_up_to"])
            self.review(i)
            review = self.next_review(i)

    def next_review(self, i: int) -> int:
        """When patient i's priority is next looked at because time has passed."""
        return int(next_review(self.rules, self.state, i, self.tick)) if self.is_reviewed(i) else NEVER

    def is_reviewed(self, i: int) -> bool:
        """Whether patient i stands on a list where their class may change."""
        return bool(is_reviewed(self.rules, self.state, i))

    def review(self, i: int) -> None:
        """Looks again at the class of someone who waits; in another class they take the place of when they joined."""
        if not self.is_reviewed(i):
            return
        patient = self.patients[i]
        waiting = self.lists[patient["site"]]
        patient["priority"] = priority(self.rules, self.state, i, int(patient["service"]), self.tick)
        place = next(entry for entry in waiting if entry[3] == i)
        waiting.remove(place)
        insort(waiting, (int(patient["priority"]), *place[1:]), key=lambda entry: entry[:4])

    # services

    def see(self) -> Process:
        """The second phase of every tick: sites with free capacity take people from their lists."""
        while True:
            yield self.at(self.tick, SERVICES)
            for site, waiting in enumerate(self.lists):
                if waiting:
                    free = max(free_capacity(self.rules, self.state, site, self.tick), 0)
                    self.lists[site] = waiting[free:]
                    for *_, i, seen in waiting[:free]:
                        self.sites[site]["waiting"] -= 1
                        self.meet(i)
                        seen.succeed()
            settle(self.rules, self.state, self.tick)
            publish(self.rules, self.state, self.tick)
            yield self.at(self.tick + 1, BACK)

    def meet(self, i: int) -> None:
        """Patient i's appointment, or the start of their stay."""
        patient, tick = self.patients[i], self.tick
        service = int(patient["service"])
        record = self.services[service]
        visit = met(self.state, i, record["counter"] + APPOINTMENTS)
        patient["waited"], patient["care_due"] = tick - int(patient["asked"]), tick + 1
        attendance = int(record["attendance"])
        missed = attendance >= 0 and decide(self.rules, self.state, i, attendance, tick) == 1
        patient["stage"] = MISSED if missed else IN_VISIT
        self.emit(
            DID_NOT_ATTEND if missed else SEEN,
            i,
            service=service,
            site=patient["site"],
            detail=patient["visit"],
            value=patient["waited"],
        )
        if missed:
            return
        met(self.state, i, record["counter"] + ATTENDED)
        if record["capacity"] == PLACES:
            self.sites[patient["site"]]["occupied"] += 1
            stay = int(duration(self.rules, record["stay"], patient["key"], record["label"], STAY, visit))
            patient["care_due"] = min(tick + max(stay, 1), NEVER)

    def end_visit(self, i: int) -> None:
        """A visit is over: the place is free again and the treatment's effect begins."""
        patient, tick = self.patients[i], self.tick
        record = self.services[patient["service"]]
        if record["capacity"] == PLACES:
            self.sites[patient["site"]]["occupied"] -= 1
            stayed = tick - int(patient["asked"]) - int(patient["waited"])
            self.emit(LEFT, i, service=patient["service"], site=patient["site"], detail=patient["visit"], value=stayed)
        patient["last_service"] = patient["service"]
        if record["effect"] >= 0:
            feel(self.rules, patient, tick)
            treat(self.rules, patient, record["effect"], tick)
            self.disturb(i)

    def gap(self, i: int) -> Process:
        """The time between two visits of a course. Returns a destination if the patient leaves, else None."""
        patient = self.patients[i]
        record = self.services[patient["service"]]
        visit = self.counters[i, record["counter"] + APPOINTMENTS]
        length = int(duration(self.rules, record["gap"], patient["key"], record["label"], GAP, visit))
        visited = self.tick if record["capacity"] == PLACES else self.tick - 1
        until = visited + length
        patient["stage"] = BETWEEN_VISITS
        if until <= self.tick:
            return None
        return (yield from self.wait(i, until))
