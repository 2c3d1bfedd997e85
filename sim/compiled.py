"""The compiled engine: the two-phase clock over arrays. Use this one; read `sim.reference` to understand it.

A calendar with a bucket for each tick and thread holds who is due; a bucket is a chain of chunks of 15 patients.
An entry that no longer counts (the patient was seen before losing patience) stays in its bucket and is passed over
when its tick comes. Waiting lists are doubly linked through the patients' records. Nothing is allocated while
ticks run: before each tick the engine makes sure of room for all that can happen in it, and otherwise returns to ask.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.draws import GOLDEN, mix
from sim.health import WELL, feel, foresee, ran_out, set_pace, treat, wind
from sim.jit import hot, prefetch, scalar
from sim.layout import (
    AT_HOME,
    BETWEEN_VISITS,
    CHUNK,
    CONSULT,
    DECISION,
    DID_NOT_ATTEND,
    DISCHARGE,
    GAVE_UP,
    GOT_BETTER,
    HEALTH,
    HOME,
    IMPROVE,
    IN_VISIT,
    IS_BETTER,
    JOINED,
    LEFT,
    MISSED,
    NEEDS_CARE,
    NEVER,
    NOT_CALLED,
    OFFERED,
    ONSET,
    OPEN,
    OUT_OF_PATIENCE,
    PLACES,
    PRESCRIPTION,
    PRIORITIES,
    REFERRAL,
    REFERRED,
    SEEN,
    WAITING,
    WENT_ELSEWHERE,
    WORSEN,
)
from sim.rules import (
    APPOINTMENTS,
    ATTENDED,
    DELAY,
    GAP,
    PATIENCE,
    REFERRALS,
    STAY,
    choose_site,
    decide,
    duration,
    free_capacity,
    leaves_when_better,
    lot,
    met,
    priority,
    publish,
    rebooks,
    visits_needed,
)

BACK, CARE = 0, 1
NOWHERE = -2
DONE, LOG_FULL, CALENDAR_FULL, SCRATCH_FULL = range(4)
ROWS_OF_AN_ACT = 9
PER_CHUNK = CHUNK - 1
AHEAD = 6
LINE = 64


@scalar
def emit(log: Any, tick: Any, kind: Any, i: Any, service: Any, site: Any, detail: Any, value: Any) -> Any:
    """Writes one row of the event log."""
    row = log.rows[log.written[0]]
    row.tick = tick
    row.patient = i
    row.value = value
    row.service = service
    row.site = site
    row.detail = detail
    row.kind = kind
    log.written[0] += 1


# the calendar


@scalar
def push(plan: Any, state: Any, thread: Any, i: Any, tick: Any) -> Any:
    """Enters patient i in the bucket of a tick; beyond the end of the run nothing is kept."""
    clock = plan.clock[0]
    if tick >= clock.last_tick:
        return
    bucket = tick - clock.first_tick
    place = state.due[thread, bucket] % PER_CHUNK
    if place == 0:
        now = state.now[0]
        chunk = now.free_chunk
        now.free_chunk = state.chunks[chunk, 0]
        now.free_chunks -= 1
        state.chunks[chunk, 0] = state.heads[thread, bucket]
        state.heads[thread, bucket] = chunk
    state.chunks[state.heads[thread, bucket], place + 1] = i
    state.due[thread, bucket] += 1


@scalar
def take(state: Any, thread: Any, bucket: Any) -> Any:
    """Empties a bucket into `acting`, in any order; how many there are."""
    now = state.now[0]
    entries = state.due[thread, bucket]
    chunk = state.heads[thread, bucket]
    left = entries
    taken = 0
    while left > 0:
        here = (left - 1) % PER_CHUNK + 1
        for place in range(1, here + 1):
            state.acting[taken] = state.chunks[chunk, place]
            taken += 1
        left -= here
        following = state.chunks[chunk, 0]
        state.chunks[chunk, 0] = now.free_chunk
        now.free_chunk = chunk
        now.free_chunks += 1
        chunk = following
    state.heads[thread, bucket] = -1
    state.due[thread, bucket] = 0
    if now.shuffle != np.uint64(0):
        for k in range(taken - 1, 0, -1):
            now.shuffle = mix(now.shuffle + GOLDEN)
            other = np.int64(now.shuffle % np.uint64(k + 1))
            state.acting[k], state.acting[other] = state.acting[other], state.acting[k]
    return taken


@scalar
def ahead(state: Any, k: Any, count: Any) -> Any:
    """Fetches the record and the counters of a patient who will act soon."""
    if k < count:
        i = state.acting[k]
        prefetch(state.patients, i, 0)
        prefetch(state.patients, i, LINE)
        prefetch(state.counters, i, 0)
        prefetch(state.counters, i, LINE)


# waiting lists


@scalar
def join(plan: Any, state: Any, log: Any, i: Any, tick: Any, joined: Any) -> Any:
    """Puts patient i among today's newcomers to the list of their service and site."""
    patient = state.patients[i]
    service = plan.services[patient.service]
    patient.stage = WAITING
    patient.joined = joined
    patient.priority = (
        service.follow_up_priority if patient.visit > 1 else priority(plan, state, i, np.int64(patient.service), tick)
    )
    patient.care_due = NEVER
    if service.patience >= 0:
        visit = state.counters[i, service.counter + APPOINTMENTS]
        patience = duration(plan, service.patience, patient.key, service.label, PATIENCE, visit)
        patient.care_due = min(tick + max(patience, 1), NEVER)
        push(plan, state, CARE, i, patient.care_due)
    listed = state.lists[np.int64(patient.site) * PRIORITIES + patient.priority]
    patient.list_next = listed.newcomers
    listed.newcomers = i
    listed.new = 1 if listed.new < 0 else listed.new + 1
    state.sites[patient.site].waiting += 1
    emit(log, tick, JOINED, i, patient.service, patient.site, patient.visit, tick - joined)


@scalar
def line_up(plan: Any, state: Any, which: Any) -> Any:
    """Appends today's newcomers to a list in the order of their lots."""
    listed = state.lists[which]
    if listed.new <= 0:
        return
    count = 0
    i = np.int64(listed.newcomers)
    while i >= 0:
        state.acting[count] = i
        state.lots[count] = lot(plan, state, i, np.int64(state.patients[i].service))
        count += 1
        i = np.int64(state.patients[i].list_next)
    sort_by_lot(state.acting, state.lots, count)
    tail = listed.tail
    for k in range(count):
        i = np.int64(state.acting[k])
        state.patients[i].list_previous = tail
        if tail >= 0:
            state.patients[tail].list_next = i
        else:
            listed.head = i
        tail = i
    state.patients[tail].list_next = -1
    listed.tail = tail
    listed.newcomers = -1
    listed.new = 0


@scalar
def sort_by_lot(ids: Any, lots: Any, count: Any) -> Any:
    """Heap sort by lot, then by number: in place, and as fast when many come at once."""
    for start in range(count // 2 - 1, -1, -1):
        sift(ids, lots, start, count)
    for end in range(count - 1, 0, -1):
        ids[0], ids[end] = ids[end], ids[0]
        lots[0], lots[end] = lots[end], lots[0]
        sift(ids, lots, 0, end)


@hot
def sift(ids: Any, lots: Any, root: Any, end: Any) -> Any:
    """Lets the entry at `root` sink to its place in the heap."""
    while True:
        child = 2 * root + 1
        if child >= end:
            return
        if child + 1 < end and (
            lots[child] < lots[child + 1] or (lots[child] == lots[child + 1] and ids[child] < ids[child + 1])
        ):
            child += 1
        if lots[root] > lots[child] or (lots[root] == lots[child] and ids[root] > ids[child]):
            return
        ids[root], ids[child] = ids[child], ids[root]
        lots[root], lots[child] = lots[child], lots[root]
        root = child


@scalar
def unlink(state: Any, i: Any) -> Any:
    """Takes patient i off the list they are on."""
    patient = state.patients[i]
    listed = state.lists[np.int64(patient.site) * PRIORITIES + patient.priority]
    before, after = patient.list_previous, patient.list_next
    if before >= 0:
        state.patients[before].list_next = after
    else:
        listed.head = after
    if after >= 0:
        state.patients[after].list_previous = before
    else:
        listed.tail = before
    patient.list_next = -1
    patient.list_previous = -1
    state.sites[patient.site].waiting -= 1


# phase 1: patients act


@scalar
def reschedule_back(plan: Any, state: Any, i: Any) -> Any:
    """Foresees the next change of health and enters it in the calendar."""
    patient = state.patients[i]
    patient.back_due = foresee(plan, patient, plan.clock[0].last_tick)
    push(plan, state, BACK, i, patient.back_due)


@scalar
def call(plan: Any, state: Any, i: Any, reason: Any, tick: Any) -> Any:
    """The back asks something of the care thread, to be answered later in this phase."""
    state.patients[i].called = reason
    push(plan, state, CARE, i, tick)


@scalar
def fall_ill(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """A new patient: the episode begins and care is sought."""
    patient = state.patients[i]
    emit(log, tick, ONSET, i, -1, -1, patient.state, tick - patient.onset)
    push(plan, state, BACK, i, patient.back_due)


@scalar
def act_back(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """What the back does when one of its clocks has run out."""
    patient = state.patients[i]
    feel(plan, patient, tick)
    clock = ran_out(patient)
    if clock == CONSULT:
        wind(plan, state, i, CONSULT)
        call(plan, state, i, NEEDS_CARE, tick)
    elif clock >= 0:
        old = patient.state
        if clock == IMPROVE:
            patient.state = old - 1
            if patient.clocks[WORSEN] <= 0:  # both in one tick: the better change counts
                wind(plan, state, i, WORSEN)
        elif old == WELL:
            first = np.int64(plan.clock[0].onset_state)
            patient.onset = tick
            chosen = decide(plan, state, i, first, tick)
            patient.state = plan.options[plan.decisions[first].first_option + chosen].to
        else:
            patient.state = old + 1
        wind(plan, state, i, clock)
        emit(log, tick, HEALTH, i, -1, -1, old * 4 + patient.state, tick - patient.since)
        patient.since = tick
        if patient.state == WELL and leaves_when_better(plan, state, i):
            call(plan, state, i, IS_BETTER, tick)
    reschedule_back(plan, state, i)


@scalar
def act_care(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """What the care thread does: answers the back's call, then what is due."""
    patient = state.patients[i]
    to = np.int64(NOWHERE)
    arrives = False
    if patient.called != NOT_CALLED:
        to = answer(plan, state, log, i, tick)
    if to == NOWHERE and patient.care_due == tick:
        service = plan.services[patient.service]
        if patient.stage == WAITING:
            unlink(state, i)
            emit(log, tick, GAVE_UP, i, patient.service, patient.site, OUT_OF_PATIENCE, tick - patient.asked)
            to = np.int64(service.gives_up_to)
        elif patient.stage == MISSED:
            arrives = rebooks(plan, state, i)
            if not arrives:
                to = np.int64(service.misses_to)
        elif patient.stage == IN_VISIT:
            to = end_visit(plan, state, log, i, tick)
            arrives = to == NOWHERE and patient.care_due == tick
        else:
            if patient.stage == BETWEEN_VISITS:
                patient.asked = tick
            arrives = True
    if to != NOWHERE:
        arrives = route(plan, state, log, i, to, tick)
    if arrives:
        if plan.services[patient.service].capacity == OPEN:
            meet(plan, state, log, i, tick)
        else:
            join(plan, state, log, i, tick, tick)


@scalar
def answer(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """What follows from the back's call: a destination, or NOWHERE to stay as they are."""
    patient = state.patients[i]
    reason = patient.called
    patient.called = NOT_CALLED
    clock = plan.clock[0]
    if patient.stage == AT_HOME:
        if reason != NEEDS_CARE:
            return np.int64(NOWHERE)
        patient.care_since = tick
        patient.last_service = -1
        return np.int64(clock.entry)
    if patient.stage == IN_VISIT or patient.stage == MISSED:
        return np.int64(NOWHERE)
    if reason == IS_BETTER:
        leave(state, log, i, GOT_BETTER, tick)
        return np.int64(HOME)
    if clock.waiting_service < 0:
        return np.int64(NOWHERE)
    service = plan.services[clock.waiting_service]
    met(state, i, service.counter + ATTENDED)
    emit(log, tick, SEEN, i, clock.waiting_service, service.first_site, 0, 0)
    to = follow_decisions(plan, state, log, i, np.int64(clock.waiting_then), tick)
    if to == HOME:
        return np.int64(NOWHERE)
    leave(state, log, i, WENT_ELSEWHERE, tick)
    patient.last_service = clock.waiting_service
    return to


@scalar
def leave(state: Any, log: Any, i: Any, reason: Any, tick: Any) -> Any:
    """Patient i no longer waits for the service they were referred to."""
    patient = state.patients[i]
    site = np.int64(-1)
    if patient.stage == WAITING:
        site = np.int64(patient.site)
        unlink(state, i)
    emit(log, tick, GAVE_UP, i, patient.service, site, reason, tick - patient.asked)


@scalar
def end_visit(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """A visit is over: its effect begins; the next visit of the course is due, or the way onward is returned."""
    patient = state.patients[i]
    service = plan.services[patient.service]
    visited = tick - 1
    if service.capacity == PLACES:
        visited = tick
        state.sites[patient.site].occupied -= 1
        emit(log, tick, LEFT, i, patient.service, patient.site, patient.visit, tick - patient.asked - patient.waited)
    patient.last_service = patient.service
    if service.effect >= 0:
        feel(plan, patient, tick)
        treat(plan, patient, service.effect, tick)
        reschedule_back(plan, state, i)
    if patient.visit >= patient.planned:
        return np.int64(service.after_cap if patient.capped else service.next)
    patient.visit += 1
    patient.stage = BETWEEN_VISITS
    visit = state.counters[i, service.counter + APPOINTMENTS]
    gap = duration(plan, service.gap, patient.key, service.label, GAP, visit)
    patient.care_due = min(max(visited + gap, tick), NEVER)
    if patient.care_due == tick:
        patient.asked = tick
    else:
        push(plan, state, CARE, i, patient.care_due)
    return np.int64(NOWHERE)


@scalar
def follow_decisions(plan: Any, state: Any, log: Any, i: Any, to: Any, tick: Any) -> Any:
    """Takes decisions until one leads to a service or home."""
    patient = state.patients[i]
    while to >= DECISION:
        decision = plan.decisions[to - DECISION]
        option = plan.options[decision.first_option + decide(plan, state, i, to - DECISION, tick)]
        if option.settings > 0 or option.effect >= 0:
            feel(plan, patient, tick)
            for s in range(option.first_setting, option.first_setting + option.settings):
                setting = plan.settings[s]
                patient.attributes[setting.attribute] = setting.level
                emit(log, tick, PRESCRIPTION, i, patient.last_service, -1, setting.attribute * 64 + setting.level, 0)
            if option.effect >= 0:
                treat(plan, patient, option.effect, tick)
            set_pace(plan, state, i, tick)
            reschedule_back(plan, state, i)
        to = np.int64(option.to)
    return to


@scalar
def route(plan: Any, state: Any, log: Any, i: Any, to: Any, tick: Any) -> Any:
    """Sends patient i onward; whether they arrive at once."""
    patient = state.patients[i]
    to = follow_decisions(plan, state, log, i, to, tick)
    if to == HOME:
        patient.stage = AT_HOME
        patient.care_due = NEVER
        emit(log, tick, DISCHARGE, i, patient.last_service, -1, 0, tick - patient.care_since)
        return False
    service = plan.services[to]
    visit = met(state, i, service.counter + REFERRALS)
    delay = duration(plan, service.delay, patient.key, service.label, DELAY, visit)
    emit(log, tick, REFERRAL, i, to, -1, patient.last_service + 1, delay)
    needed = visits_needed(plan, patient.key, to, visit)
    patient.service = to
    patient.visit = 1
    patient.capped = needed > service.cap
    patient.planned = min(needed, service.cap)
    patient.asked = tick
    patient.site = service.first_site
    if service.sites > 1:
        patient.site = choose_site(plan, state, i, to, visit)
        emit(log, tick, OFFERED, i, to, patient.site, service.sites, state.sites[patient.site].published)
    if delay <= 0:
        return True
    patient.stage = REFERRED
    patient.care_due = min(tick + delay, NEVER)
    push(plan, state, CARE, i, patient.care_due)
    return False


# phase 2: services see


@scalar
def meet(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """Patient i's appointment, or the start of their stay."""
    patient = state.patients[i]
    service = plan.services[patient.service]
    visit = met(state, i, service.counter + APPOINTMENTS)
    patient.waited = tick - patient.asked
    patient.care_due = tick + 1
    if service.attendance >= 0 and decide(plan, state, i, np.int64(service.attendance), tick) == 1:
        patient.stage = MISSED
        emit(log, tick, DID_NOT_ATTEND, i, patient.service, patient.site, patient.visit, patient.waited)
    else:
        patient.stage = IN_VISIT
        met(state, i, service.counter + ATTENDED)
        emit(log, tick, SEEN, i, patient.service, patient.site, patient.visit, patient.waited)
        if service.capacity == PLACES:
            state.sites[patient.site].occupied += 1
            stay = duration(plan, service.stay, patient.key, service.label, STAY, visit)
            patient.care_due = min(tick + max(stay, 1), NEVER)
    push(plan, state, CARE, i, patient.care_due)


@scalar
def serve(plan: Any, state: Any, log: Any, site: Any, tick: Any) -> Any:
    """A site takes people from its list, class by class, the longest there first."""
    first = site * PRIORITIES
    for which in range(first, first + PRIORITIES):
        line_up(plan, state, which)
    free = free_capacity(plan, state, site, tick)
    which = first
    while free > 0 and which < first + PRIORITIES:
        i = np.int64(state.lists[which].head)
        if i < 0:
            which += 1
            continue
        unlink(state, i)
        meet(plan, state, log, i, tick)
        free -= 1


# the clock


@scalar
def room(plan: Any, state: Any, log: Any, tick: Any) -> Any:
    """Whether there is room for all that can happen in this tick; if not, for how much more."""
    clock = plan.clock[0]
    bucket = tick - clock.first_tick
    arrivals = 0
    following = np.int64(state.now[0].next_arrival)
    while following + arrivals < len(state.patients) and state.patients[following + arrivals].onset == tick:
        arrivals += 1
    back = np.int64(state.due[BACK, bucket]) + arrivals
    care = np.int64(state.due[CARE, bucket]) + back
    seen = np.int64(0)
    for site in range(len(state.sites)):
        seen += min(np.int64(plan.capacity[site, bucket // clock.ticks_per_day]), state.sites[site].waiting + care)
    rows = back + care * (ROWS_OF_AN_ACT + clock.most_settings) + seen
    if log.written[0] + rows > len(log.rows):
        return LOG_FULL, rows
    pushes = 2 * back + 4 * care + seen
    chunks = pushes // PER_CHUNK + min(pushes, np.int64(state.due.size)) + 2
    if state.now[0].free_chunks < chunks:
        return CALENDAR_FULL, chunks
    if len(state.acting) < care:
        return SCRATCH_FULL, care
    return DONE, np.int64(0)


@hot
def advance(plan: Any, state: Any, log: Any, until: Any) -> Any:
    """Runs ticks up to `until` (not included). Returns DONE, or what there is no room for and how much is needed."""
    now = state.now[0]
    first_tick = plan.clock[0].first_tick
    while now.tick < until:
        tick = np.int64(now.tick)
        lacks, amount = room(plan, state, log, tick)
        if lacks != DONE:
            return lacks, amount
        bucket = tick - first_tick
        while now.next_arrival < len(state.patients) and state.patients[now.next_arrival].onset == tick:
            i = np.int64(now.next_arrival)
            fall_ill(plan, state, log, i, tick)
            call(plan, state, i, NEEDS_CARE, tick)
            now.next_arrival += 1
        count = take(state, BACK, bucket)
        for k in range(count):
            ahead(state, k + AHEAD, count)
            i = np.int64(state.acting[k])
            if state.patients[i].back_due == tick:
                act_back(plan, state, log, i, tick)
        count = take(state, CARE, bucket)
        for k in range(count):
            ahead(state, k + AHEAD, count)
            i = np.int64(state.acting[k])
            if state.patients[i].called != NOT_CALLED or state.patients[i].care_due == tick:
                act_care(plan, state, log, i, tick)
        for site in range(len(state.sites)):
            if state.sites[site].waiting > 0:
                serve(plan, state, log, site, tick)
        if (bucket + 1) % plan.clock[0].published_every == 0:
            publish(plan, state, tick)
        now.tick += 1
    return DONE, np.int64(0)


@hot
def begin(plan: Any, state: Any, log: Any, listed: Any) -> Any:
    """Before the first tick: those who are ill already, and those on today's waiting lists in order of joining."""
    tick = np.int64(plan.clock[0].first_tick)
    for i in range(state.now[0].next_arrival):
        fall_ill(plan, state, log, i, tick)
    for k in range(len(listed)):
        i = np.int64(listed[k])
        patient = state.patients[i]
        if k > 0 and state.patients[listed[k - 1]].joined != patient.joined:
            for which in range(len(state.lists)):
                line_up(plan, state, which)
        service = plan.services[patient.service]
        visit = met(state, i, service.counter + REFERRALS)
        needed = visits_needed(plan, patient.key, np.int64(patient.service), visit)
        patient.visit = 1
        patient.capped = needed > service.cap
        patient.planned = min(needed, service.cap)
        patient.care_since = patient.asked
        join(plan, state, log, i, tick, np.int64(patient.joined))
    for which in range(len(state.lists)):
        line_up(plan, state, which)
