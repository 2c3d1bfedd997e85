"""How illness runs: three clocks per patient, and what treatment does to their rates.

Each clock has a threshold, drawn once from the unit exponential distribution and used up at the present rate.
When care changes a rate the rest of the threshold is used up faster or slower; it is not drawn again, so that one
patient's luck stays the same luck in every scenario. All numbers are integers: thresholds in 2^-24, rates per tick
in 2^-40, multipliers in 1/65536.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.draws import bits, label
from sim.jit import scalar
from sim.layout import CONSULT, IMPROVE, NEVER, WORSEN
from sim.quantiles import interpolate
from sim.rules import holds, met

WELL = 0
ONE = 65536
NO_EFFECT = -1

THRESHOLD = label("health: threshold")
CLOCK_LABELS = np.array([label(f"health: {clock}") for clock in ("improve", "worsen", "consult")], dtype=np.uint64)

CLOCK_COUNTERS = 0
"""The first three counters of a patient count the thresholds drawn for each clock."""


@scalar
def wind(plan: Any, state: Any, i: Any, clock: Any) -> Any:
    """Draws a new threshold for one clock of patient i."""
    patient = state.patients[i]
    visit = met(state, i, CLOCK_COUNTERS + clock)
    drawn = interpolate(plan.exponential, bits(patient.key, CLOCK_LABELS[clock] + THRESHOLD, visit))
    patient.clocks[clock] = max(drawn, 1)


@scalar
def set_pace(plan: Any, state: Any, i: Any, tick: Any) -> Any:
    """Works out the patient's own multipliers from their attributes."""
    patient = state.patients[i]
    for clock in range(3):
        patient.pace[clock] = ONE
    for r in range(plan.clock[0].pace_rules):
        pace = plan.paces[r]
        if holds(plan, state, i, pace.first_test, pace.tests, tick):
            patient.pace[pace.clock] = (np.int64(patient.pace[pace.clock]) * pace.times) >> 16


@scalar
def phase_at(plan: Any, patient: Any, tick: Any) -> Any:
    """The phase of the episode at a tick (0, 1 or 2), and the tick when it ends."""
    clock = plan.clock[0]
    if patient.state == WELL:
        start, first, second = patient.since, clock.recent_until, clock.forgotten_after
    else:
        start, first, second = patient.onset, clock.subacute_from, clock.persistent_from
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
        record = plan.effects[effect]
        for s in range(record.first_segment, record.first_segment + record.segments):
            if elapsed < plan.segments[s].until:
                return np.int64(plan.segments[s].improve), np.int64(plan.segments[s].worsen), np.int64(plan.segments[s].until)
    return np.int64(0), np.int64(0), np.int64(NEVER)


@scalar
def together(first: Any, second: Any, overlap: Any) -> Any:
    """Two effects at once: the stronger in full, and a share of the other."""
    if abs(first) >= abs(second):
        return first + ((second * overlap) >> 16)
    return second + ((first * overlap) >> 16)


@scalar
def multipliers_at(plan: Any, patient: Any, tick: Any) -> Any:
    """The multipliers on improving and worsening at a tick, and the tick until when they hold."""
    if patient.effect[0] < 0 and patient.effect[1] < 0:
        return np.int64(ONE), np.int64(ONE), np.int64(NEVER)
    improve_0, worsen_0, until_0 = effect_at(plan, patient.effect[0], tick - patient.effect_from[0])
    improve_1, worsen_1, until_1 = effect_at(plan, patient.effect[1], tick - patient.effect_from[1])
    overlap = plan.clock[0].overlap
    until = min(until_0 + patient.effect_from[0], until_1 + patient.effect_from[1], np.int64(NEVER))
    improve = max(ONE + together(improve_0, improve_1, overlap), np.int64(0))
    worsen = max(ONE + together(worsen_0, worsen_1, overlap), np.int64(0))
    return improve, worsen, until


@scalar
def rate(plan: Any, patient: Any, clock: Any, phase: Any, improve: Any, worsen: Any) -> Any:
    """The rate of one clock per tick."""
    base = (plan.rates[clock, patient.state, phase] * patient.pace[clock]) >> 16
    if clock == IMPROVE:
        return (base * improve) >> 16
    if clock == WORSEN:
        return (base * worsen) >> 16
    return base


@scalar
def feel(plan: Any, patient: Any, tick: Any) -> Any:
    """Brings the clocks up to a tick: what passed since the last time is used up."""
    at = np.int64(patient.felt_at)
    while at < tick:
        phase, phase_end = phase_at(plan, patient, at)
        improve, worsen, effect_end = multipliers_at(plan, patient, at)
        until = min(phase_end, effect_end, np.int64(tick))
        for clock in range(3):
            used = (rate(plan, patient, clock, phase, improve, worsen) * (until - at)) >> 16
            patient.clocks[clock] -= used
        at = until
    patient.felt_at = tick


@scalar
def foresee(plan: Any, patient: Any, last_tick: Any) -> Any:
    """The tick at which the first clock runs out if nothing changes; NEVER if not before the end."""
    at = np.int64(patient.felt_at)
    left_0, left_1, left_2 = (
        np.int64(patient.clocks[0]), np.int64(patient.clocks[1]), np.int64(patient.clocks[2]),
    )  # fmt: skip
    while at < last_tick:
        phase, phase_end = phase_at(plan, patient, at)
        improve, worsen, effect_end = multipliers_at(plan, patient, at)
        until = min(phase_end, effect_end)
        rate_0 = rate(plan, patient, IMPROVE, phase, improve, worsen)
        rate_1 = rate(plan, patient, WORSEN, phase, improve, worsen)
        rate_2 = rate(plan, patient, CONSULT, phase, improve, worsen)
        soonest = min(_ticks_until(left_0, rate_0), _ticks_until(left_1, rate_1), _ticks_until(left_2, rate_2))
        if at + soonest <= until:
            return min(at + soonest, np.int64(NEVER))
        left_0 -= (rate_0 * (until - at)) >> 16
        left_1 -= (rate_1 * (until - at)) >> 16
        left_2 -= (rate_2 * (until - at)) >> 16
        at = until
    return np.int64(NEVER)


@scalar
def _ticks_until(left: Any, rate: Any) -> Any:
    """Ticks until a threshold is used up at a rate, at least 1."""
    if rate <= 0:
        return np.int64(NEVER)
    return max(((left << 16) + rate - 1) // rate, np.int64(1))


@scalar
def ran_out(patient: Any) -> Any:
    """The clock that has run out, improving before worsening before consulting; -1 if none has."""
    for clock in range(3):
        if patient.clocks[clock] <= 0:
            return clock
    return -1


@scalar
def treat(plan: Any, patient: Any, effect: Any, tick: Any) -> Any:
    """Starts a treatment's effect. Two can act at once: a third takes the place of the weaker."""
    slot = -1
    for s in range(2):
        if patient.effect[s] == effect:
            slot = s
    if slot < 0:
        slot = 0
        weakest = np.int64(2**62)
        for s in range(2):
            improve, worsen, _ = effect_at(plan, patient.effect[s], tick - patient.effect_from[s])
            if patient.effect[s] < 0:
                strength = np.int64(-1)
            else:
                strength = abs(improve) + abs(worsen)
            if strength < weakest:
                weakest = strength
                slot = s
    patient.effect[slot] = effect
    patient.effect_from[slot] = tick
