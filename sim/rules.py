"""The rules of care, one patient at a time: both engines call these and nothing else to decide anything.

Each function takes the plan's arrays, the state's arrays and the number of a patient. What illness does is in
`sim.illness`; who acts when is the engines' business.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.elements import (
    adopted_at,
    amounts,
    attractions,
    capacities,
    changes,
    counters,
    decisions,
    ends,
    freed_to,
    odds_of,
    options,
    patients,
    plan_sites,
    practice_effects,
    services,
    set_counter,
    set_weight,
    sites_now,
    strengths,
    tests,
    urgencies,
    visits_table,
    weights,
)
from sim.arrays.jit import scalar
from sim.arrays.keyed_draws import bits, label, share
from sim.arrays.layout import (
    ATTRIBUTE,
    BETWEEN_VISITS,
    BY_PATIENT,
    MICRO,
    NEAREST,
    NEVER,
    OPEN,
    PLACES,
    READS_EPISODE,
    READS_WAIT,
    REFERRED,
    STATE_NOW,
    VISITS,
    WAITING,
    WEEKS_SINCE_ONSET,
    WEEKS_WAITED,
)
from sim.arrays.quantiles import ROW_BYTES, interpolate, rest_of, ticks

# What is drawn at a service, besides its decisions: added to the service's label.
DELAY = label("service: delay")
STAY = label("service: stay")
PATIENCE = label("service: patience")
GAP = label("service: gap")
NEEDED = label("service: visits needed")
LOT = label("service: lot")
REBOOKING = label("service: rebooking")
LEAVING = label("service: leaves when better")
SITE_NOISE = label("service: site")
FREED_DRAW = label("change: freed to")
FREED_AGAIN = label("change: freed to another, where the first is closed")

LONGEST_PUBLISHED_DAYS = 3650

REFERRALS, APPOINTMENTS, ATTENDED, JOININGS = 0, 1, 2, 3
"""A service's four counters, counted from its `counter`. Joinings are of its waiting list."""


@scalar
def feature(plan: Any, state: Any, i: Any, code: Any, argument: Any, tick: Any) -> Any:
    """The value of a feature of patient i now, as a whole number."""
    patient = patients(state, i)
    if code == ATTRIBUTE:
        return np.int64(patient.attributes[argument])
    if code == STATE_NOW:
        return np.int64(patient.state)
    week = 7 * plan.ticks_per_day
    if code == WEEKS_SINCE_ONSET:
        return np.int64((tick - patient.onset) // week)
    if code == WEEKS_WAITED:
        waits = patient.stage == REFERRED or patient.stage == WAITING
        return np.int64((tick - patient.asked if waits else patient.waited) // week)
    if code == VISITS:
        return np.int64(counters(state, i * state.counter_count + argument))
    return np.int64(lever_strength(plan, state, i, argument, tick) > 0.0)


@scalar
def holds(plan: Any, state: Any, i: Any, first_test: Any, count: Any, tick: Any) -> Any:
    """Whether all of a run of tests hold for patient i."""
    for t in range(first_test, first_test + count):
        test = tests(plan, t)
        value = feature(plan, state, i, test.feature, test.argument, tick)
        if test.levels != np.uint64(0):
            if (test.levels >> np.uint64(value)) & np.uint64(1) == np.uint64(0):
                return False
        elif value < test.low or value > test.high:
            return False
    return True


@scalar
def lever_strength(plan: Any, state: Any, i: Any, lever: Any, tick: Any) -> Any:
    """How strongly a lever acts in patient i's practice at this tick, from 0 to 1."""
    adopted = adopted_at(state, lever * state.practice_count + patients(state, i).practice)
    if tick < adopted or tick >= ends(plan, lever):
        return 0.0
    week = (tick - adopted) // (7 * plan.ticks_per_day)
    return strengths(plan, lever * plan.weeks + min(week, plan.weeks - 1))


@scalar
def met(state: Any, i: Any, counter: Any) -> Any:
    """How often patient i has met something before now; counts this time."""
    at = i * state.counter_count + counter
    visit = counters(state, at)
    set_counter(state, at, visit + 1)
    return np.int64(visit)


@scalar
def pick(state: Any, count: Any, at: Any) -> Any:
    """The option at a place from 0 to 1 along the weights."""
    left = at * total_weight(state, count)
    chosen = 0
    for k in range(count):
        weight = weights(state, k)
        if weight > 0.0:
            chosen = k
            if left < weight:
                break
            left -= weight
    return chosen


@scalar
def total_weight(state: Any, count: Any) -> Any:
    """The sum of the weights."""
    total = 0.0
    for k in range(count):
        total += weights(state, k)
    return total


@scalar
def first_open(plan: Any, state: Any, i: Any, record: Any, tick: Any) -> Any:
    """The option of someone for whom every open option has come to nothing: the rest if it is open, else the first."""
    for k in range(-1, record.options):
        at = record.rest if k < 0 else k
        if at >= 0:
            option = options(plan, record.first_option + at)
            if holds(plan, state, i, option.first_test, option.tests, tick):
                return np.int64(at)
    return np.int64(0)


@scalar
def decide(plan: Any, state: Any, i: Any, decision: Any, tick: Any) -> Any:
    """The option that patient i takes at a decision, as a position within it.

    Shares, moved by odds, give the option; levers then divert some patients from it. A patient whom no lever
    diverts takes the same option with it as without it.
    """
    record = decisions(plan, decision)
    patient = patients(state, i)
    closed = 0.0
    for k in range(record.options):
        option = options(plan, record.first_option + k)
        open_to = option.tests == 0 or holds(plan, state, i, option.first_test, option.tests, tick)
        set_weight(state, k, option.share if open_to else 0.0)
        closed += 0.0 if open_to else option.share
    if record.rest >= 0:
        rest = options(plan, record.first_option + record.rest)
        if rest.tests == 0 or holds(plan, state, i, rest.first_test, rest.tests, tick):
            set_weight(state, record.rest, max(weights(state, record.rest) + closed, 0.0))
    for j in range(record.first_odds, record.first_odds + record.odds):
        odds = odds_of(plan, j)
        if odds.tests == 0 or holds(plan, state, i, odds.first_test, odds.tests, tick):
            times = odds.times
            if odds.practice_effect >= 0:
                times = practice_effects(state, odds.practice_effect * state.practice_count + patient.practice)
            set_weight(state, odds.option, weights(state, odds.option) * times)
    visit = met(state, i, record.counter)
    if total_weight(state, record.options) <= 0.0:
        return first_open(plan, state, i, record, tick)
    chosen = pick(state, record.options, share(bits(patient.key, record.label, visit)))
    for c in range(record.first_change, record.first_change + record.changes):
        chosen = divert(plan, state, i, record, c, chosen, visit, tick)
    return chosen


@scalar
def divert(plan: Any, state: Any, i: Any, record: Any, c: Any, chosen: Any, visit: Any, tick: Any) -> Any:
    """The option after one lever's change, for a patient who had chosen another or the same.

    The weights are brought up to date for the changes that follow.
    """
    change = changes(plan, c)
    strength = lever_strength(plan, state, i, change.lever, tick)
    if strength == 0.0 or not holds(plan, state, i, change.first_test, change.tests, tick):
        return chosen
    total = total_weight(state, record.options)
    before = weights(state, change.option) / total
    after = before * (1.0 + (change.times - 1.0) * strength) + change.plus * strength
    available = 0.0
    if after > before:
        option = options(plan, record.first_option + change.option)
        if not holds(plan, state, i, option.first_test, option.tests, tick):
            return chosen
        available = 1.0 - before if change.freed == 0 else _sources(plan, state, change) / total
        after = max(before, min(after, change.at_most, before + available))
    if after == before:
        return chosen
    luck = share(bits(patients(state, i).key, change.label, visit))
    if after > before:
        diverted = _is_source(plan, change, chosen) and luck * available < after - before
        target = change.option
    else:
        diverted = chosen == change.option and luck * before >= after
        target = chosen
        if diverted:
            target = freed_option(plan, state, i, record, change, visit, tick)
    _move(plan, state, i, record, change, before, after, available, total, tick)
    return target if diverted else chosen


@scalar
def _sources(plan: Any, state: Any, change: Any) -> Any:
    """The weight of the options from which a growing one may take."""
    weight = 0.0
    for f in range(change.first_freed, change.first_freed + change.freed):
        weight += weights(state, freed_to(plan, f).option)
    return weight


@scalar
def _is_source(plan: Any, change: Any, chosen: Any) -> Any:
    """Whether a growing option may take a patient from the one they chose."""
    if change.freed == 0:
        return chosen != change.option
    for f in range(change.first_freed, change.first_freed + change.freed):
        if freed_to(plan, f).option == chosen:
            return True
    return False


@scalar
def freed_option(plan: Any, state: Any, i: Any, record: Any, change: Any, visit: Any, tick: Any) -> Any:
    """Where a patient goes whom a lever keeps from an option."""
    at = share(bits(patients(state, i).key, change.label + FREED_DRAW, visit))
    if change.freed > 0:
        target = freed_to(plan, change.first_freed).option
        for f in range(change.first_freed, change.first_freed + change.freed):
            freed = freed_to(plan, f)
            target = freed.option
            if at < freed.share:
                break
            at -= freed.share
        option = options(plan, record.first_option + target)
        if holds(plan, state, i, option.first_test, option.tests, tick):
            return np.int64(target)
        at = share(bits(patients(state, i).key, change.label + FREED_AGAIN, visit))
    kept = weights(state, change.option)
    set_weight(state, change.option, 0.0)
    target = np.int64(change.option)
    if total_weight(state, record.options) > 0.0:
        target = np.int64(pick(state, record.options, at))
    set_weight(state, change.option, kept)
    return target


@scalar
def _move(
    plan: Any,
    state: Any,
    i: Any,
    record: Any,
    change: Any,
    before: Any,
    after: Any,
    available: Any,
    total: Any,
    tick: Any,
) -> Any:
    """Sets the weights to what they are after a change: shares that add to one."""
    for k in range(record.options):
        set_weight(state, k, weights(state, k) / total)
    loose = before - after
    if loose < 0.0 and change.freed > 0:
        kept = 1.0 + loose / available
        for f in range(change.first_freed, change.first_freed + change.freed):
            source = freed_to(plan, f).option
            set_weight(state, source, weights(state, source) * kept)
        loose = 0.0
    elif loose > 0.0:
        for f in range(change.first_freed, change.first_freed + change.freed):
            freed = freed_to(plan, f)
            option = options(plan, record.first_option + freed.option)
            if holds(plan, state, i, option.first_test, option.tests, tick):
                set_weight(state, freed.option, weights(state, freed.option) + (before - after) * freed.share)
                loose -= (before - after) * freed.share
    others = 0.0
    for k in range(record.options):
        if k != change.option:
            others += weights(state, k)
    for k in range(record.options):
        if k != change.option and others > 0.0:
            set_weight(state, k, weights(state, k) * (1.0 + loose / others))
    set_weight(state, change.option, after)


@scalar
def duration(plan: Any, table: Any, key: Any, label: Any, purpose: Any, visit: Any) -> Any:
    """A duration in ticks from a table of the plan, drawn for a service's label and one of the purposes above.

    0 where there is no table.
    """
    if table < 0:
        return np.int64(0)
    return ticks(plan.durations + np.uint64(table) * ROW_BYTES, bits(key, label + purpose, visit))


@scalar
def priority(plan: Any, state: Any, i: Any, service: Any, tick: Any) -> Any:
    """The class in which patient i waits at a service on a first visit; the first rule that holds counts."""
    record = services(plan, service)
    for u in range(record.first_urgency, record.first_urgency + record.urgencies):
        urgency = urgencies(plan, u)
        if holds(plan, state, i, urgency.first_test, urgency.tests, tick):
            return urgency.priority
    return record.priority


@scalar
def is_reviewed(plan: Any, state: Any, i: Any) -> Any:
    """Whether patient i stands on a list where their class may change: on a first visit, by rules that can change."""
    patient = patients(state, i)
    return patient.stage == WAITING and patient.visit == 1 and services(plan, patient.service).reviews != 0


@scalar
def next_review(plan: Any, state: Any, i: Any, tick: Any) -> Any:
    """When the class of patient i, who waits, is next looked at because time has passed; NEVER where no rule reads time.

    That is when another week since the referral is full, or one since the episode began: then a number of whole weeks
    changes. A lever is noticed on the same days.
    """
    patient = patients(state, i)
    reviews = services(plan, patient.service).reviews
    week = np.int64(7 * plan.ticks_per_day)
    due = np.int64(NEVER)
    if reviews & READS_WAIT:
        due = tick + week - (tick - patient.asked) % week
    if reviews & READS_EPISODE:
        due = min(due, tick + week - (tick - patient.onset) % week)
    return due


@scalar
def visits_needed(plan: Any, key: Any, service: Any, visit: Any) -> Any:
    """How many visits a course takes for this patient; 1 where there is no course."""
    record = services(plan, service)
    if record.visits == 0:
        return 1
    at = share(bits(key, record.label + NEEDED, visit))
    row = record.first_visits
    while row < record.first_visits + record.visits - 1 and at >= visits_table(plan, row).up_to_share:
        row += 1
    return visits_table(plan, row).visits


@scalar
def choose_site(plan: Any, state: Any, i: Any, service: Any, visit: Any) -> Any:
    """The site where patient i is seen: the one with the largest utility, noise included.

    The noise is keyed by the site's name, so that a new site takes patients from the others and nothing else moves.
    """
    record = services(plan, service)
    patient = patients(state, i)
    best = record.first_site
    best_utility = np.int64(-(2**62))
    for site in range(record.first_site, record.first_site + record.sites):
        utility = attractions(plan, patient.practice * plan.site_count + site)
        if record.choice == BY_PATIENT:
            utility += record.choice_wait * sites_now(state, site).published
        if record.choice != NEAREST:
            noise = bits(patient.key, plan_sites(plan, site).label + SITE_NOISE, visit)
            utility += interpolate(plan.gumbel, noise)
        if utility > best_utility:
            best_utility = utility
            best = site
    return best


@scalar
def last_joining(plan: Any, state: Any, i: Any, service: Any) -> Any:
    """How often patient i, who is on a service's list, had joined it before; counted in eight bits, like all visits."""
    joinings = counters(state, i * state.counter_count + services(plan, service).counter + JOININGS)
    return (np.int64(joinings) - 1) & 255


@scalar
def lot(plan: Any, state: Any, i: Any, service: Any) -> Any:
    """The lot of patient i among those who joined a list in the same tick: smaller is seen earlier."""
    joining = last_joining(plan, state, i, service)
    return bits(patients(state, i).key, services(plan, service).label + LOT, joining)


@scalar
def patience(plan: Any, state: Any, i: Any, service: Any, waited: Any) -> Any:
    """How many ticks more patient i, who joins a service's list now, stays on it: at least 1, NEVER without an end.

    Someone who has `waited` for it already, on a list at the start, stays for what is left of a patience that has
    lasted so long. Where the pathway knows of none that does, the list is believed: they stay until they are seen.
    """
    record = services(plan, service)
    if record.patience < 0:
        return np.int64(NEVER)
    joining = last_joining(plan, state, i, service)
    if waited <= 0:
        return max(duration(plan, record.patience, patients(state, i).key, record.label, PATIENCE, joining), 1)
    luck = bits(patients(state, i).key, record.label + PATIENCE, joining)
    left = rest_of(plan.durations + np.uint64(record.patience) * ROW_BYTES, luck, waited)
    return left if left > 0 else np.int64(NEVER)


@scalar
def is_seen_while_waiting(plan: Any, state: Any, i: Any) -> Any:
    """Whether patient i, who waits and needs care, makes a visit meanwhile: not at the very service they wait for."""
    return plan.waiting_service >= 0 and patients(state, i).service != plan.waiting_service


@scalar
def leaves_when_better(plan: Any, state: Any, i: Any) -> Any:
    """Whether patient i, now well, gives up the care they are waiting for."""
    patient = patients(state, i)
    if patient.stage != REFERRED and patient.stage != WAITING and patient.stage != BETWEEN_VISITS:
        return False
    service = services(plan, patient.service)
    visit = counters(state, i * state.counter_count + service.counter + REFERRALS)
    return share(bits(patient.key, service.label + LEAVING, visit)) < service.leaves_when_better


@scalar
def rebooks(plan: Any, state: Any, i: Any) -> Any:
    """Whether patient i books again the appointment they have missed."""
    patient = patients(state, i)
    service = services(plan, patient.service)
    visit = counters(state, i * state.counter_count + service.counter + APPOINTMENTS)
    return share(bits(patient.key, service.label + REBOOKING, visit)) < service.rebooked


@scalar
def today(plan: Any, site: Any, tick: Any) -> Any:
    """Where a site's capacity on the day of a tick stands."""
    return site * plan.days + (tick - plan.first_tick) // plan.ticks_per_day


@scalar
def free_capacity(plan: Any, state: Any, site: Any, tick: Any) -> Any:
    """How many people a site can take in this tick.

    Of places the last may be there in part only. It is taken whole, and then rests: see `settle`.
    """
    if services(plan, plan_sites(plan, site).service).capacity == PLACES:
        now = sites_now(state, site)
        places = amounts(state, today(plan, site, tick))
        last = 1 if places % MICRO > 0 and now.debt <= 0 else 0
        return places // MICRO + last - now.occupied
    amount = np.int64(capacities(state, today(plan, site, tick)))
    part = (tick - plan.first_tick) % plan.ticks_per_day
    return (part + 1) * amount // plan.ticks_per_day - part * amount // plan.ticks_per_day


@scalar
def settle(plan: Any, state: Any, tick: Any) -> Any:
    """Counts, at the end of a tick, how much longer the place of which there is only a part was used than that part.

    While it is owed any time the place rests. So 0.4 of a place is in use for four tenths of the time where people wait,
    however long they stay.
    """
    for site in range(plan.site_count):
        if services(plan, plan_sites(plan, site).service).capacity == PLACES:
            now = sites_now(state, site)
            places = amounts(state, today(plan, site, tick))
            part = places % MICRO
            if part > 0 and now.occupied > places // MICRO:
                now.debt += MICRO - part
            elif now.debt > 0:
                now.debt -= part


@scalar
def publish(plan: Any, state: Any, tick: Any) -> Any:
    """Renews, at the end of a tick, the waits that are published then."""
    for site in range(plan.site_count):
        if (tick + 1) % services(plan, plan_sites(plan, site).service).published_every == 0:
            publish_site(plan, state, site, tick)


@scalar
def publish_all(plan: Any, state: Any, tick: Any) -> Any:
    """Publishes every wait before a tick: when a run begins, and when today's lists have been put in."""
    for site in range(plan.site_count):
        publish_site(plan, state, site, tick)


@scalar
def publish_site(plan: Any, state: Any, site: Any, tick: Any) -> Any:
    """Publishes a site's wait: the time in which its capacity of this day would see everyone on its list.

    Closed days count no more than others. What levers will add is not foreseen: nothing differs before they begin.
    """
    service = services(plan, plan_sites(plan, site).service)
    longest = LONGEST_PUBLISHED_DAYS * plan.ticks_per_day
    amount = amounts(state, today(plan, site, tick))
    now = sites_now(state, site)
    now.published = longest
    if service.capacity == OPEN:
        now.published = 0
    elif amount > 0:
        now.published = np.int64(min(now.waiting * service.turnover * MICRO / amount, longest))
