"""The compiled engine: the two-phase clock over arrays. Use this one; read `sim.reference` to understand it.

A calendar with a bucket for each tick and thread holds who is due; a bucket is a chain of chunks of 15 patients.
An entry that no longer counts (the patient was seen before losing patience) stays in its bucket and is passed over
when its tick comes. Waiting lists are doubly linked through the patients' records. Nothing is allocated while
ticks run: before each tick the engine makes sure of room for all that can happen in it, and otherwise returns to ask.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.elements import (
    acting,
    capacities,
    chunk_numbers,
    counters,
    decisions,
    due_counts,
    heads,
    lists,
    lots,
    options,
    patients,
    plan_sites,
    rows,
    services,
    set_acting,
    set_chunk_number,
    set_due_count,
    set_head,
    set_lot,
    settings,
    sites_now,
    standings,
)
from sim.arrays.jit import loop, scalar
from sim.arrays.keyed_draws import GOLDEN, mix
from sim.arrays.layout import (
    AT_HOME,
    BETWEEN_VISITS,
    CHUNK,
    DECISION,
    DID_NOT_ATTEND,
    DISCHARGE,
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
    LINE,
    MISSED,
    MOST_LEVELS,
    NEEDS_CARE,
    NEVER,
    NOT_CALLED,
    OFFERED,
    ONSET,
    OPEN,
    OUT_OF_PATIENCE,
    PATIENT,
    PER_CHUNK,
    PLACES,
    PRESCRIPTION,
    PRIORITIES,
    REFERRAL,
    REFERRED,
    SEEN,
    WAITING,
    WENT_ELSEWHERE,
    WORSEN,
    chunks_for,
)
from sim.arrays.memory import prefetch
from sim.illness import WELL, enter, feel, foresee, ran_out, set_pace, treat, wind_again
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
    today,
    visits_needed,
)

BACK, CARE = 0, 1
NOWHERE = -2
DONE, LOG_FULL, CALENDAR_FULL, SCRATCH_FULL = range(4)
ROWS_OF_AN_ACT = 9
AHEAD = 6
UNFORESEEN = -NEVER
"""When the back is due of someone whose illness has just been given another course."""
SECOND_LINE = np.uint64(LINE)
PATIENT_BYTES = np.uint64(PATIENT.itemsize)


@scalar
def emit(log: Any, tick: Any, kind: Any, i: Any, service: Any, site: Any, detail: Any, value: Any) -> Any:
    """Writes one row of the event log."""
    row = rows(log, log.written)
    row.tick = tick
    row.patient = i
    row.value = value
    row.service = service
    row.site = site
    row.detail = detail
    row.kind = kind
    log.written += 1


# the calendar


@scalar
def push(plan: Any, state: Any, thread: Any, i: Any, tick: Any) -> Any:
    """Enters patient i in the bucket of a tick; beyond the end of the run nothing is kept."""
    if tick >= plan.last_tick:
        return
    bucket = thread * state.span + tick - plan.first_tick
    count = due_counts(state, bucket)
    place = count % PER_CHUNK
    if place == 0:
        chunk = state.free_chunk
        state.free_chunk = chunk_numbers(state, chunk * CHUNK)
        state.free_chunks -= 1
        set_chunk_number(state, chunk * CHUNK, heads(state, bucket))
        set_head(state, bucket, chunk)
    set_chunk_number(state, np.int64(heads(state, bucket)) * CHUNK + place + 1, i)
    set_due_count(state, bucket, count + 1)


@scalar
def take(plan: Any, state: Any, thread: Any, tick: Any) -> Any:
    """Empties a bucket into `acting`, in any order; how many there are."""
    bucket = thread * state.span + tick - plan.first_tick
    chunk = np.int64(heads(state, bucket))
    left = np.int64(due_counts(state, bucket))
    taken = 0
    while left > 0:
        here = (left - 1) % PER_CHUNK + 1
        for place in range(1, here + 1):
            set_acting(state, taken, chunk_numbers(state, chunk * CHUNK + place))
            taken += 1
        left -= here
        following = np.int64(chunk_numbers(state, chunk * CHUNK))
        set_chunk_number(state, chunk * CHUNK, state.free_chunk)
        state.free_chunk = chunk
        state.free_chunks += 1
        chunk = following
    set_head(state, bucket, -1)
    set_due_count(state, bucket, 0)
    if state.shuffle != np.uint64(0):
        for k in range(taken - 1, 0, -1):
            state.shuffle = mix(state.shuffle + GOLDEN)
            other = np.int64(state.shuffle % np.uint64(k + 1))
            swapped = acting(state, k)
            set_acting(state, k, acting(state, other))
            set_acting(state, other, swapped)
    return taken


@scalar
def ahead(state: Any, k: Any, count: Any) -> Any:
    """Fetches the record and the counters of a patient who will act soon."""
    if k < count:
        fetch(state, np.int64(acting(state, k)))


@scalar
def fetch(state: Any, i: Any) -> Any:
    """Asks for the record and the counters of patient i."""
    record = state.patients + np.uint64(i) * PATIENT_BYTES
    met_before = state.counters + np.uint64(i) * np.uint64(state.counter_count)
    prefetch(record)
    prefetch(record + SECOND_LINE)
    prefetch(met_before)
    prefetch(met_before + SECOND_LINE)


# waiting lists


@scalar
def join(plan: Any, state: Any, log: Any, i: Any, tick: Any, joined: Any) -> Any:
    """Puts patient i among today's newcomers to the list of their service and site."""
    patient = patients(state, i)
    service = services(plan, patient.service)
    patient.stage = WAITING
    patient.priority = (
        service.follow_up_priority if patient.visit > 1 else priority(plan, state, i, np.int64(patient.service), tick)
    )
    met(state, i, service.counter + JOININGS)
    patient.care_due = min(tick + patience(plan, state, i, np.int64(patient.service), tick - joined), NEVER)
    if patient.care_due < NEVER:
        push(plan, state, CARE, i, patient.care_due)
    if service.reviews != 0:
        standing = standings(state, i)
        standing.joined = joined
        standing.review_due = next_review(plan, state, i, tick) if patient.visit == 1 else NEVER
        push(plan, state, CARE, i, standing.review_due)
    come(state, i)
    emit(log, tick, JOINED, i, patient.service, patient.site, patient.visit, tick - joined)


@scalar
def come(state: Any, i: Any) -> Any:
    """Adds patient i to the newcomers of their list and class."""
    patient = patients(state, i)
    listed = lists(state, np.int64(patient.site) * PRIORITIES + patient.priority)
    patient.list_next = listed.newcomers
    listed.newcomers = i
    listed.new = 1 if listed.new < 0 else listed.new + 1
    sites_now(state, patient.site).waiting += 1


@scalar
def review(plan: Any, state: Any, i: Any, tick: Any) -> Any:
    """Looks again at the class of someone who waits; in another class they take the place of when they joined."""
    patient = patients(state, i)
    standing = standings(state, i)
    due = next_review(plan, state, i, tick)
    if due != standing.review_due:
        standing.review_due = due
        push(plan, state, CARE, i, due)
    new = priority(plan, state, i, np.int64(patient.service), tick)
    if new != patient.priority:
        unlink(state, i)
        patient.priority = new
        come(state, i)


@scalar
def line_up(plan: Any, state: Any, which: Any) -> Any:
    """Puts the newcomers to a list in their places, by tick joined and lot.

    All have joined today, and stand behind everyone else in the order of their lots, but for those who come from
    another class; a walk from the end of the list, once for all of them, finds where these belong.
    """
    listed = lists(state, which)
    if listed.new <= 0:
        return
    count = 0
    i = np.int64(listed.newcomers)
    while i >= 0:
        patient = patients(state, i)
        set_acting(state, count, i)
        set_lot(state, count, lot(plan, state, i, np.int64(patient.service)))
        count += 1
        i = np.int64(patient.list_next)
    reviewed = services(plan, plan_sites(plan, which // PRIORITIES).service).reviews != 0
    sort_newcomers(state, count, reviewed)
    before, after = np.int64(listed.tail), np.int64(-1)
    for k in range(count - 1, -1, -1):
        i = np.int64(acting(state, k))
        while reviewed and before >= 0 and stands_before(plan, state, i, before):
            after = before
            before = np.int64(patients(state, before).list_previous)
        link(state, which, before, i, after)
        after = i
    listed.newcomers = -1
    listed.new = 0


@scalar
def stands_before(plan: Any, state: Any, one: Any, other: Any) -> Any:
    """Whether one patient stands before another of the same class: by tick joined, then lot, then number."""
    if standings(state, one).joined != standings(state, other).joined:
        return standings(state, one).joined < standings(state, other).joined
    service = np.int64(patients(state, one).service)
    its_lot, others_lot = lot(plan, state, one, service), lot(plan, state, other, service)
    return one < other if its_lot == others_lot else its_lot < others_lot


@scalar
def link(state: Any, which: Any, before: Any, i: Any, after: Any) -> Any:
    """Puts patient i on a list between two others; -1 is none."""
    patients(state, i).list_previous = before
    patients(state, i).list_next = after
    if before >= 0:
        patients(state, before).list_next = i
    else:
        lists(state, which).head = i
    if after >= 0:
        patients(state, after).list_previous = i
    else:
        lists(state, which).tail = i


@scalar
def sort_newcomers(state: Any, count: Any, reviewed: Any) -> Any:
    """Heap sort of the newcomers into the order of a list: in place, and as fast when many come at once."""
    for start in range(count // 2 - 1, -1, -1):
        sift(state, start, count, reviewed)
    for end in range(count - 1, 0, -1):
        swap(state, 0, end)
        sift(state, 0, end, reviewed)


@scalar
def sift(state: Any, root: Any, end: Any, reviewed: Any) -> Any:
    """Lets the newcomer at `root` sink to its place in the heap."""
    while True:
        child = 2 * root + 1
        if child >= end:
            return
        if child + 1 < end and comes_before(state, child, child + 1, reviewed):
            child += 1
        if not comes_before(state, root, child, reviewed):
            return
        swap(state, root, child)
        root = child


@scalar
def comes_before(state: Any, one: Any, other: Any, reviewed: Any) -> Any:
    """Whether one newcomer has the smaller lot; equal lots go by number. Where priority is reviewed, tick joined first."""
    if reviewed:
        first = standings(state, np.int64(acting(state, one))).joined
        second = standings(state, np.int64(acting(state, other))).joined
        if first != second:
            return first < second
    if lots(state, one) != lots(state, other):
        return lots(state, one) < lots(state, other)
    return acting(state, one) < acting(state, other)


@scalar
def swap(state: Any, one: Any, other: Any) -> Any:
    """Exchanges two newcomers."""
    i, its_lot = acting(state, one), lots(state, one)
    set_acting(state, one, acting(state, other))
    set_lot(state, one, lots(state, other))
    set_acting(state, other, i)
    set_lot(state, other, its_lot)


@scalar
def unlink(state: Any, i: Any) -> Any:
    """Takes patient i off the list they are on."""
    patient = patients(state, i)
    listed = lists(state, np.int64(patient.site) * PRIORITIES + patient.priority)
    before, after = patient.list_previous, patient.list_next
    if before >= 0:
        patients(state, before).list_next = after
    else:
        listed.head = after
    if after >= 0:
        patients(state, after).list_previous = before
    else:
        listed.tail = before
    patient.list_next = -1
    patient.list_previous = -1
    sites_now(state, patient.site).waiting -= 1


# phase 1: patients act


@scalar
def reschedule_back(plan: Any, state: Any, i: Any) -> Any:
    """Foresees the next change of health and enters it in the calendar."""
    patient = patients(state, i)
    patient.back_due = foresee(plan, patient, plan.last_tick)
    push(plan, state, BACK, i, patient.back_due)


@scalar
def call(plan: Any, state: Any, i: Any, reason: Any, tick: Any) -> Any:
    """The back asks something of the care thread, to be answered later in this phase."""
    patients(state, i).called = reason
    push(plan, state, CARE, i, tick)


@scalar
def fall_ill(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """A new patient: the episode begins and care is sought."""
    patient = patients(state, i)
    emit(log, tick, ONSET, i, -1, -1, patient.state, tick - patient.onset)
    push(plan, state, BACK, i, patient.back_due)


@scalar
def act_back(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """What the back does when one of its clocks has run out."""
    patient = patients(state, i)
    feel(plan, patient, tick)
    clock = ran_out(patient)  # where two would change the state in one tick, the better change counts
    needs_care = wind_again(plan, state, i)
    reason = NOT_CALLED
    if clock == IMPROVE or clock == WORSEN:
        new = np.int64(patient.state) - 1
        if clock == WORSEN:
            new = np.int64(patient.state) + 1
            if patient.state == WELL:
                first = np.int64(plan.onset_state)
                patient.onset = tick
                new = np.int64(
                    options(plan, decisions(plan, first).first_option + decide(plan, state, i, first, tick)).to
                )
        change_state(log, patient, i, new, tick)
        if patient.state == WELL and leaves_when_better(plan, state, i):
            reason = IS_BETTER
        elif is_reviewed(plan, state, i):
            reason = HAS_CHANGED
    if needs_care and patient.state != WELL:
        reason = NEEDS_CARE
    if reason != NOT_CALLED:
        call(plan, state, i, reason, tick)
    reschedule_back(plan, state, i)


@scalar
def change_state(log: Any, patient: Any, i: Any, new: Any, tick: Any) -> Any:
    """Patient i is in another state of health from now on."""
    old = patient.state
    lasted = enter(patient, new, tick)
    emit(log, tick, HEALTH, i, -1, -1, old * 4 + new, lasted)


@scalar
def act_care(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """What the care thread does: answers the back's call, then what is due.

    A need for care that came during a visit is answered when that visit is over; a visit on the same day to the service
    that people see while they wait answers it. At last, the class of someone who still waits is looked at again: only so
    do newcomers to a class stay on their list until it is lined up.
    """
    patient = patients(state, i)
    to = np.int64(NOWHERE)
    arrives = False
    if patient.called != NOT_CALLED and not is_visiting(patient):
        to = answer(plan, state, log, i, tick)
    if to == NOWHERE and patient.care_due == tick:
        service = services(plan, patient.service)
        if patient.stage == WAITING:
            unlink(state, i)
            emit(log, tick, GAVE_UP, i, patient.service, patient.site, OUT_OF_PATIENCE, tick - patient.asked)
            to = np.int64(service.gives_up_to)
        elif patient.stage == MISSED:
            arrives = rebooks(plan, state, i)
            if arrives:
                patient.stage = REFERRED
            else:
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
    waits = not arrives or services(plan, patient.service).capacity != OPEN or patient.service == plan.waiting_service
    if patient.called != NOT_CALLED and waits and not is_visiting(patient):
        to = answer(plan, state, log, i, tick)
        if to != NOWHERE:
            arrives = route(plan, state, log, i, to, tick)
    if arrives:
        if services(plan, patient.service).capacity == OPEN:
            meet(plan, state, log, i, tick)
        else:
            join(plan, state, log, i, tick, tick)
    elif is_reviewed(plan, state, i) and standings(state, i).joined < tick:
        review(plan, state, i, tick)
    if patient.back_due == UNFORESEEN:
        reschedule_back(plan, state, i)


@scalar
def is_visiting(patient: Any) -> Any:
    """Whether a patient is just being seen, or has just missed it."""
    return patient.stage == IN_VISIT or patient.stage == MISSED


@scalar
def is_review_due(plan: Any, state: Any, i: Any, tick: Any) -> Any:
    """Whether this is the tick at which patient i's priority is looked at because time has passed."""
    return plan.reviews != 0 and standings(state, i).review_due == tick


@scalar
def answer(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """What follows from the back's call: a destination, or NOWHERE to stay as they are."""
    patient = patients(state, i)
    reason = patient.called
    patient.called = NOT_CALLED
    if reason == NEEDS_CARE and patient.state == WELL:  # the need has gone since
        return np.int64(NOWHERE)
    if patient.stage == AT_HOME:
        if reason != NEEDS_CARE:
            return np.int64(NOWHERE)
        patient.care_since = tick
        patient.last_service = -1
        return np.int64(plan.entry)
    if reason == IS_BETTER:
        leave(state, log, i, GOT_BETTER, tick)
        return np.int64(HOME)
    if reason != NEEDS_CARE or not is_seen_while_waiting(plan, state, i):
        return np.int64(NOWHERE)
    service = services(plan, plan.waiting_service)
    met(state, i, service.counter + ATTENDED)
    emit(log, tick, SEEN, i, plan.waiting_service, service.first_site, 0, 0)
    to = follow_decisions(plan, state, log, i, np.int64(plan.waiting_then), tick)
    if to == HOME:
        if patient.state == WELL and leaves_when_better(plan, state, i):
            leave(state, log, i, GOT_BETTER, tick)
            return np.int64(HOME)
        return np.int64(NOWHERE)
    leave(state, log, i, WENT_ELSEWHERE, tick)
    patient.last_service = plan.waiting_service
    return to


@scalar
def leave(state: Any, log: Any, i: Any, reason: Any, tick: Any) -> Any:
    """Patient i no longer waits for the service they were referred to."""
    patient = patients(state, i)
    site = np.int64(-1)
    if patient.stage == WAITING:
        site = np.int64(patient.site)
        unlink(state, i)
    emit(log, tick, GAVE_UP, i, patient.service, site, reason, tick - patient.asked)


@scalar
def end_visit(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """A visit is over: its effect begins; the next visit of the course is due, or the way onward is returned."""
    patient = patients(state, i)
    service = services(plan, patient.service)
    visited = tick - 1
    if service.capacity == PLACES:
        visited = tick
        sites_now(state, patient.site).occupied -= 1
        emit(log, tick, LEFT, i, patient.service, patient.site, patient.visit, tick - patient.asked - patient.waited)
    patient.last_service = patient.service
    if service.effect >= 0:
        feel(plan, patient, tick)
        treat(plan, patient, service.effect, tick)
        patient.back_due = UNFORESEEN
    if patient.visit >= patient.planned:
        return np.int64(service.after_cap if patient.capped else service.next)
    patient.visit += 1
    patient.stage = BETWEEN_VISITS
    visit = counters(state, i * state.counter_count + service.counter + APPOINTMENTS)
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
    patient = patients(state, i)
    while to >= DECISION:
        decision = decisions(plan, to - DECISION)
        option = options(plan, decision.first_option + decide(plan, state, i, to - DECISION, tick))
        if option.settings > 0 or option.effect >= 0 or option.state >= 0:
            feel(plan, patient, tick)
            for s in range(option.first_setting, option.first_setting + option.settings):
                setting = settings(plan, s)
                patient.attributes[setting.attribute] = setting.level
                emit(
                    log,
                    tick,
                    PRESCRIPTION,
                    i,
                    patient.last_service,
                    -1,
                    setting.attribute * MOST_LEVELS + setting.level,
                    0,
                )
            if option.effect >= 0:
                treat(plan, patient, option.effect, tick)
            if option.state >= 0 and option.state != patient.state:
                change_state(log, patient, i, np.int64(option.state), tick)
            set_pace(plan, state, i, tick)
            patient.back_due = UNFORESEEN
        to = np.int64(option.to)
    return to


@scalar
def route(plan: Any, state: Any, log: Any, i: Any, to: Any, tick: Any) -> Any:
    """Sends patient i onward; whether they arrive at once."""
    patient = patients(state, i)
    to = follow_decisions(plan, state, log, i, to, tick)
    if to == HOME:
        patient.stage = AT_HOME
        patient.care_due = NEVER
        emit(log, tick, DISCHARGE, i, patient.last_service, -1, 0, tick - patient.care_since)
        return False
    service = services(plan, to)
    visit = plan_course(plan, state, i, to)
    delay = duration(plan, service.delay, patient.key, service.label, DELAY, visit)
    emit(log, tick, REFERRAL, i, to, -1, patient.last_service + 1, delay)
    patient.asked = tick
    patient.site = service.first_site
    if service.sites > 1:
        patient.site = choose_site(plan, state, i, to, visit)
        emit(log, tick, OFFERED, i, to, patient.site, service.sites, sites_now(state, patient.site).published)
    patient.stage = REFERRED
    if delay <= 0:
        return True
    patient.care_due = min(tick + delay, NEVER)
    push(plan, state, CARE, i, patient.care_due)
    return False


@scalar
def plan_course(plan: Any, state: Any, i: Any, to: Any) -> Any:
    """How many visits it will be, at the most; returns how often patient i has been referred there before."""
    patient = patients(state, i)
    service = services(plan, to)
    visit = met(state, i, service.counter + REFERRALS)
    needed = visits_needed(plan, patient.key, to, visit)
    patient.service = to
    patient.visit = 1
    patient.capped = needed > service.cap
    patient.planned = min(needed, service.cap)
    return visit


# phase 2: services see


@scalar
def meet(plan: Any, state: Any, log: Any, i: Any, tick: Any) -> Any:
    """Patient i's appointment, or the start of their stay."""
    patient = patients(state, i)
    service = services(plan, patient.service)
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
            sites_now(state, patient.site).occupied += 1
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
        i = np.int64(lists(state, which).head)
        if i < 0:
            which += 1
            continue
        following = np.int64(patients(state, i).list_next)
        if following >= 0:
            fetch(state, following)
        unlink(state, i)
        meet(plan, state, log, i, tick)
        free -= 1


# the clock


@scalar
def room(plan: Any, state: Any, log: Any, tick: Any) -> Any:
    """Whether there is room for all that can happen in this tick; if not, for how much more."""
    bucket = tick - plan.first_tick
    arrivals = 0
    following = state.next_arrival
    while following + arrivals < state.patient_count and patients(state, following + arrivals).onset == tick:
        arrivals += 1
    back = np.int64(due_counts(state, BACK * state.span + bucket)) + arrivals
    care = np.int64(due_counts(state, CARE * state.span + bucket)) + back
    seen = np.int64(0)
    for site in range(plan.site_count):
        capacity = np.int64(capacities(state, today(plan, site, tick)))
        seen += min(capacity, sites_now(state, site).waiting + care)
    needed = back + care * (ROWS_OF_AN_ACT + 2 * plan.most_settings) + seen
    if log.written + needed > log.room:
        return LOG_FULL, needed
    pushes = 2 * back + 5 * care + seen
    chunks = chunks_for(pushes, state.span)
    if state.free_chunks < chunks:
        return CALENDAR_FULL, chunks
    if state.scratch < care:
        return SCRATCH_FULL, care
    return DONE, np.int64(0)


@loop
def advance(plan: Any, state: Any, log: Any, until: Any) -> Any:
    """Runs ticks up to `until` (not included). Returns DONE, or what there is no room for and how much is needed."""
    while state.tick < until:
        tick = state.tick
        lacks, amount = room(plan, state, log, tick)
        if lacks != DONE:
            return lacks, amount
        while state.next_arrival < state.patient_count and patients(state, state.next_arrival).onset == tick:
            fall_ill(plan, state, log, state.next_arrival, tick)
            call(plan, state, state.next_arrival, NEEDS_CARE, tick)
            state.next_arrival += 1
        count = take(plan, state, BACK, tick)
        for k in range(count):
            ahead(state, k + AHEAD, count)
            i = np.int64(acting(state, k))
            if patients(state, i).back_due == tick:
                act_back(plan, state, log, i, tick)
        count = take(plan, state, CARE, tick)
        for k in range(count):
            ahead(state, k + AHEAD, count)
            i = np.int64(acting(state, k))
            patient = patients(state, i)
            if patient.called != NOT_CALLED or patient.care_due == tick or is_review_due(plan, state, i, tick):
                act_care(plan, state, log, i, tick)
        for site in range(plan.site_count):
            if sites_now(state, site).waiting > 0:
                serve(plan, state, log, site, tick)
        settle(plan, state, tick)
        publish(plan, state, tick)
        state.tick += 1
    return DONE, np.int64(0)


@loop
def begin(plan: Any, state: Any, log: Any) -> Any:
    """Before the first tick: those who are ill already, but for those on today's waiting lists."""
    publish_all(plan, state, np.int64(plan.first_tick))
    for ill in range(state.next_arrival):
        if patients(state, ill).site < 0:
            fall_ill(plan, state, log, ill, np.int64(plan.first_tick))


@loop
def enter_lists(plan: Any, state: Any, log: Any, listed: Any) -> Any:
    """Before the first measured tick: those on today's waiting lists, in order of joining."""
    tick = np.int64(state.tick)
    for k in range(len(listed)):
        i = np.int64(listed[k])
        fall_ill(plan, state, log, i, tick)
        patient = patients(state, i)
        if k > 0 and patients(state, listed[k - 1]).asked != patient.asked:
            line_up_all(plan, state)
        plan_course(plan, state, i, np.int64(patient.service))
        patient.care_since = patient.asked
        join(plan, state, log, i, tick, np.int64(patient.asked))
    line_up_all(plan, state)
    publish_all(plan, state, tick)


@scalar
def line_up_all(plan: Any, state: Any) -> Any:
    """Appends the newcomers to every list."""
    for which in range(plan.site_count * PRIORITIES):
        line_up(plan, state, which)
