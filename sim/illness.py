"""How illness runs: three clocks per patient, and what treatment does to their rates.

Each clock has a threshold, drawn once from the unit exponential distribution and used up at the present rate.
When care changes a rate the rest of the threshold is used up faster or slower; it is not drawn again, so that one
patient's luck stays the same luck in every scenario. All numbers are integers: thresholds in 2^-24, rates per tick
in 2^-40, multipliers in 1/65536.

A threshold is drawn again when it has been used up, and only then. Someone whom an operation makes better at once keeps
what is left of theirs: a threshold knows nothing of what has been used up, so the rest of one is as good as a new one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.elements import effects, paces, patients, rates, segments
from sim.arrays.jit import scalar
from sim.arrays.keyed_draws import bits, label
from sim.arrays.layout import CONSULT, IMPROVE, NEVER, WORSEN
from sim.arrays.quantiles import interpolate
from sim.rules import holds, met

WELL = 0
ONE = 65536
FASTEST = 2**42 - 1
"""Four times a tick: what is faster happens in the next tick anyway, and larger numbers would not fit."""
LARGEST_TIMES = 2**29 - 1
"""The most that a rate can be multiplied by, 8191-fold: `pathways.health.MOST_TIMES_TOGETHER` lies below it."""
EXACT_TIMES = 2**21
"""Up to here a multiplier fits with any rate; beyond it the last eight bits of the rate are left out."""

THRESHOLD = label("health: threshold")
CLOCK_LABELS = np.array([label(f"health: {clock}") for clock in ("improve", "worsen", "consult")], dtype=np.uint64)

CLOCK_COUNTERS = 0
"""The first three counters of a patient count the thresholds drawn for each clock."""


@scalar
def wind(plan: Any, state: Any, i: Any, clock: Any) -> Any:
    """Draws a new threshold for one clock of patient i."""
    patient = patients(state, i)
    visit = met(state, i, CLOCK_COUNTERS + clock)
    drawn = interpolate(plan.exponential, bits(patient.key, CLOCK_LABELS[clock] + THRESHOLD, visit))
    patient.clocks[clock] = max(drawn, 1)


@scalar
def set_pace(plan: Any, state: Any, i: Any, tick: Any) -> Any:
    """Works out the patient's own multipliers from their attributes."""
    patient = patients(state, i)
    for clock in range(3):
        patient.pace[clock] = ONE
    for r in range(plan.pace_rules):
        pace = paces(plan, r)
        if holds(plan, state, i, pace.first_test, pace.tests, tick):
            patient.pace[pace.clock] = min((np.int64(patient.pace[pace.clock]) * pace.times) >> 16, LARGEST_TIMES)


@scalar
def phase_at(plan: Any, patient: Any, tick: Any) -> Any:
    """The phase of the episode at a tick (0, 1 or 2), and the tick when it ends."""
    if patient.state == WELL:
        start, first, second = patient.since, plan.recent_until, plan.forgotten_after
    else:
        start, first, second = patient.onset, plan.subacute_from, plan.persistent_from
    elapsed = np.int64(tick) - start
    if elapsed < first:
        return 0, np.int64(start) + first
    if elapsed < second:
        return 1, np.int64(start) + second
    return 2, np.int64(NEVER)


@scalar
def effect_at(plan: Any, effect: Any, elapsed: Any) -> Any:
    """What one treatment does so long after it: excess on improving, on worsening, and until how long after."""
    if effect >= 0:
        record = effects(plan, effect)
        for s in range(record.first_segment, record.first_segment + record.segments):
            segment = segments(plan, s)
            if elapsed < segment.until:
                return np.int64(segment.improve), np.int64(segment.worsen), np.int64(segment.until)
    return np.int64(0), np.int64(0), np.int64(NEVER)


@scalar
def together(first: Any, second: Any, overlap: Any) -> Any:
    """Two effects at once: the stronger in full, and a share of the other."""
    if abs(first) >= abs(second):
        return first + ((second * overlap) >> 16)
    return second + ((first * overlap) >> 16)


@scalar
def renew_effects(plan: Any, patient: Any, tick: Any) -> Any:
    """Works out what the patient's effects do from this tick on, and until when."""
    improve, worsen, until = multipliers_at(plan, patient, tick)
    patient.improve_times = improve
    patient.worsen_times = worsen
    patient.effects_until = until


@scalar
def multipliers_at(plan: Any, patient: Any, tick: Any) -> Any:
    """The multipliers on improving and worsening at a tick, and the tick until when they hold."""
    if patient.effect[0] < 0 and patient.effect[1] < 0:
        return np.int64(ONE), np.int64(ONE), np.int64(NEVER)
    improve_0, worsen_0, until_0 = effect_at(plan, patient.effect[0], tick - patient.effect_from[0])
    improve_1, worsen_1, until_1 = effect_at(plan, patient.effect[1], tick - patient.effect_from[1])
    overlap = plan.overlap
    until = min(until_0 + patient.effect_from[0], until_1 + patient.effect_from[1], np.int64(NEVER))
    improve = min(max(ONE + together(improve_0, improve_1, overlap), 0), LARGEST_TIMES)
    worsen = min(max(ONE + together(worsen_0, worsen_1, overlap), 0), LARGEST_TIMES)
    return improve, worsen, until


@scalar
def rate(plan: Any, patient: Any, clock: Any, phase: Any, improve: Any, worsen: Any) -> Any:
    """The rate of one clock per tick; at most `FASTEST`."""
    base = multiplied(rates(plan, (clock * 4 + patient.state) * 3 + phase), np.int64(patient.pace[clock]))
    if clock == IMPROVE:
        return multiplied(base, np.int64(improve))
    if clock == WORSEN:
        return multiplied(base, np.int64(worsen))
    return base


@scalar
def multiplied(rate: Any, times: Any) -> Any:
    """A rate times a multiplier, at most `FASTEST`."""
    if times <= EXACT_TIMES:
        return min((rate * times) >> 16, FASTEST)
    return min(((rate >> 8) * times) >> 8, FASTEST)


@scalar
def feel(plan: Any, patient: Any, tick: Any) -> Any:
    """Brings the clocks up to a tick: what passed since the last time is used up."""
    at = np.int64(patient.felt_at)
    while at < tick:
        phase, phase_end = phase_at(plan, patient, at)
        if at >= patient.effects_until:
            renew_effects(plan, patient, at)
        until = min(phase_end, np.int64(patient.effects_until), np.int64(tick))
        for clock in range(3):
            used = rate(plan, patient, clock, phase, patient.improve_times, patient.worsen_times) * (until - at)
            patient.clocks[clock] -= used >> 16
        at = until
    patient.felt_at = tick


@scalar
def foresee(plan: Any, patient: Any, last_tick: Any) -> Any:
    """The tick at which the first clock runs out if nothing changes; NEVER if not before the end."""
    at = np.int64(patient.felt_at)
    improving, worsening, consulting = (
        np.int64(patient.clocks[IMPROVE]),
        np.int64(patient.clocks[WORSEN]),
        np.int64(patient.clocks[CONSULT]),
    )
    improve, worsen = np.int64(patient.improve_times), np.int64(patient.worsen_times)
    effect_end = np.int64(patient.effects_until)
    while at < last_tick:
        phase, phase_end = phase_at(plan, patient, at)
        if at >= effect_end:
            improve, worsen, effect_end = multipliers_at(plan, patient, at)
        until = min(phase_end, effect_end, np.int64(last_tick))
        rate_0 = rate(plan, patient, IMPROVE, phase, improve, worsen)
        rate_1 = rate(plan, patient, WORSEN, phase, improve, worsen)
        rate_2 = rate(plan, patient, CONSULT, phase, improve, worsen)
        length = until - at
        soonest = _sooner(_sooner(_sooner(length + 1, improving, rate_0), worsening, rate_1), consulting, rate_2)
        if soonest <= length:
            return at + soonest
        improving -= (rate_0 * length) >> 16
        worsening -= (rate_1 * length) >> 16
        consulting -= (rate_2 * length) >> 16
        at = until
    return np.int64(NEVER)


@scalar
def _sooner(soonest: Any, left: Any, rate: Any) -> Any:
    """`soonest`, or the ticks (at least 1) in which a threshold is used up at a rate, if that is sooner.

    The comparison spares most divisions, which are dear.
    """
    if rate <= 0 or (left << 16) > rate * (soonest - 1):
        return soonest
    return max(((left << 16) + rate - 1) // rate, np.int64(1))


@scalar
def ran_out(patient: Any) -> Any:
    """The clock that has run out, improving before worsening before consulting; -1 if none has."""
    for clock in range(3):
        if patient.clocks[clock] <= 0:
            return clock
    return -1


@scalar
def wind_again(plan: Any, state: Any, i: Any) -> Any:
    """Draws a new threshold for every clock of patient i that has run out. Whether one of them was that of needing care.

    All of them: one left as it is would strike at once in the next episode.
    """
    patient = patients(state, i)
    needs_care = patient.clocks[CONSULT] <= 0
    for clock in range(3):
        if patient.clocks[clock] <= 0:
            wind(plan, state, i, clock)
    return needs_care


@scalar
def enter(patient: Any, new: Any, tick: Any) -> Any:
    """Puts a patient into another state; from well, an episode begins. The ticks they were in the former state."""
    lasted = tick - patient.since
    if patient.state == WELL:
        patient.onset = tick
    patient.state = new
    patient.since = tick
    return lasted


@scalar
def strength_to_come(plan: Any, effect: Any, elapsed: Any) -> Any:
    """The most that a treatment does from now on, so long after it; 0 when it is over, -1 where there is none."""
    if effect < 0:
        return np.int64(-1)
    most = np.int64(0)
    record = effects(plan, effect)
    for s in range(record.first_segment, record.first_segment + record.segments):
        segment = segments(plan, s)
        if elapsed < segment.until:
            most = max(most, abs(np.int64(segment.improve)) + abs(np.int64(segment.worsen)))
    return most


@scalar
def treat(plan: Any, patient: Any, effect: Any, tick: Any) -> Any:
    """Starts a treatment's effect. Two can act at once: a third takes the place of the weaker.

    One that has yet to begin counts with what it will do. Another visit of the same treatment prolongs an effect
    that has begun, and does not make one that is about to begin wait longer.
    """
    slot = -1
    begins = np.int64(tick)
    for s in range(2):
        if patient.effect[s] == effect:
            slot = s
            if strength_to_come(plan, effect, tick - patient.effect_from[s]) > 0:
                onset = segments(plan, effects(plan, effect).first_segment).until
                begins = max(np.int64(patient.effect_from[s]), np.int64(tick) - onset)
    if slot < 0:
        slot = 0
        weakest = np.int64(2**62)
        for s in range(2):
            strength = strength_to_come(plan, patient.effect[s], tick - patient.effect_from[s])
            if strength < weakest:
                weakest = strength
                slot = s
    patient.effect[slot] = effect
    patient.effect_from[slot] = begins
    renew_effects(plan, patient, tick)
