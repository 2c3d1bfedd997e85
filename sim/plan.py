"""The plan: a pathway with a scenario's levers, compiled for one area into arrays that the engines read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathways import BadInput, Pathway, Problem, Region, Scenario, Service, Site, did_you_mean
from pathways.health import PAIN_STATES, PHASES, STATES, Effect
from pathways.quantity import DAYS_IN_A_YEAR
from pathways.service import WEEKDAYS, WaitingList
from pathways.timing import length_in_days, ticks_in_a_day
from pathways.word import PRIORITIES as PRIORITY_WORDS
from sim.arrays.keyed_draws import label
from sim.arrays.layout import (
    BY_CAPACITY,
    BY_PATIENT,
    EFFECT,
    NEAREST,
    NEVER,
    OPEN,
    PACE,
    PLACES,
    PLAN,
    READS_CHANGES,
    READS_EPISODE,
    READS_WAIT,
    SEGMENT,
    SERVICE,
    SITE,
    SLOTS,
    URGENCY,
    VISITS_NEEDED,
    PlanArrays,
)
from sim.arrays.memory import place
from sim.arrays.quantiles import CLOCK_BITS, gumbel, mean_ticks, unit_exponential
from sim.builder import Builder
from sim.capacity import open_in_the_first_year, own_capacity
from sim.illness import FASTEST

ONE = 65536
HALVINGS = 5
"""A fading treatment is gone after so many half-lives."""
FAR_BELOW = -(2**40)
CAPACITY_KINDS = {"open": OPEN, "slots": SLOTS, "places": PLACES}
CHOICES = {"capacity": BY_CAPACITY, "nearest": NEAREST, "patient": BY_PATIENT}


@dataclass(frozen=True)
class LeverUse:
    """A lever that a scenario sets, as the run needs it: from which tick, in which practices, how fast."""

    name: str
    position: int
    starts: int
    ends: int
    reach: float
    practices: tuple[str, ...] | None
    adoption: int


@dataclass(frozen=True)
class Plan:
    """What can happen in one area under one scenario. Made by `compile_plan`, never changed.

    `arrays` is what the engines read, `memory` the record by which compiled code finds them; the names give
    positions their meaning. Ticks run from `first_tick` (the warm-up is negative) to before `last_tick`; what
    happens from tick 0 on is measured.
    """

    arrays: PlanArrays
    memory: np.void
    pathway: Pathway
    region: Region
    scenario: str
    services: tuple[str, ...]
    decisions: tuple[str, ...]
    attributes: tuple[str, ...]
    sites: tuple[Site, ...]
    counters: int
    decrement_tests: tuple[tuple[int, int], ...]
    levers: tuple[LeverUse, ...]
    first_tick: int
    last_tick: int
    ticks_per_day: int
    years: float
    differs_from: int
    """The first tick at which this plan may differ from the same pathway without levers."""

    @property
    def attribute_decisions(self) -> range:
        """The positions of the decisions that draw attributes."""
        return range(len(self.pathway.decisions), len(self.pathway.decisions) + len(self.pathway.attributes))

    @property
    def days(self) -> int:
        """Days simulated, warm-up included."""
        return -(-(self.last_tick - self.first_tick) // self.ticks_per_day)


def compile_plan(
    pathway: Pathway,
    region: Region,
    *,
    scenario: Scenario | None = None,
    name: str = "usual_care",
    years: float,
    changed_quantities: bool | None = None,
) -> Plan:
    """Compiles a pathway for one area.

    `years` are measured years of 365 days, after the pathway's warm-up; 0 gives a run that measures nothing.
    `changed_quantities` tells that the pathway's quantities are not the base's, so that nothing can be shared
    with the base's warm-up (by default: whether the scenario replaces any). Raises `BadInput` where the region
    lacks what the pathway needs.
    """
    levers = scenario.levers if scenario else {}
    _refuse_impossible(pathway, region, levers, name=name, years=years)
    ticks_per_day = ticks_in_a_day(pathway.clock.tick)
    first_tick = -round(length_in_days(pathway.clock.warm_up)) * ticks_per_day
    last_tick = round(years * DAYS_IN_A_YEAR) * ticks_per_day
    builder = Builder(pathway, ticks_per_day)
    uses = tuple(_lever_use(builder, lever, levers[lever], region) for lever in builder.levers if lever in levers)
    builder.add_changes([use.name for use in uses])
    sites = _sites(pathway, region)
    decisions = _add_decisions(builder)
    arrays, decrement_tests = _arrays(
        builder, region, sites, decisions=decisions, levers=uses, first_tick=first_tick, last_tick=last_tick
    )
    starts = [use.starts for use in uses]
    if changed_quantities is None:
        changed_quantities = bool(scenario and scenario.quantities)
    return Plan(
        arrays=arrays,
        memory=_memory(builder, arrays, decisions, first_tick=first_tick, last_tick=last_tick)[0],
        pathway=pathway,
        region=region,
        scenario=name,
        services=tuple(builder.services),
        decisions=tuple(decisions),
        attributes=("age", "sex", "deprivation_decile", *builder.attributes),
        sites=tuple(sites),
        counters=builder.counters,
        decrement_tests=decrement_tests,
        levers=uses,
        first_tick=first_tick,
        last_tick=last_tick,
        ticks_per_day=ticks_per_day,
        years=years,
        differs_from=first_tick if changed_quantities else min([last_tick, *starts]),
    )


def _refuse_impossible(pathway: Pathway, region: Region, levers: Mapping[str, Any], *, name: str, years: float) -> None:
    problems = _region_problems(pathway, region) + _lever_problems(levers, region, name)
    if not 0 <= years <= 100:
        problems.append(Problem("years_are_possible", "years", f"{years:g} is written; use a number from 0 to 100."))
    if problems:
        raise BadInput(problems)


def _arrays(
    builder: Builder,
    region: Region,
    sites: list[Site],
    *,
    decisions: dict[str, int],
    levers: tuple[LeverUse, ...],
    first_tick: int,
    last_tick: int,
) -> tuple[PlanArrays, tuple[tuple[int, int], ...]]:
    """What the engines read, and of each decrement the tests that tell when it holds.

    What is added to the builder is read from it after that: its tests, numbers and durations stand in the order in which
    they were added.
    """
    services, urgencies, visits_needed = _services(builder, sites, decisions)
    days = max(-(-(last_tick - first_tick) // builder.ticks_per_day), 1)
    paces = _paces(builder)
    effects, segments = _effects(builder)
    decrement_tests = tuple(builder.tests(decrement.when) for decrement in builder.pathway.health.decrements)
    first_day = first_tick // builder.ticks_per_day
    capacity, amounts = own_capacity(builder.pathway, region, sites, first_day=first_day, days=days)
    arrays = PlanArrays(
        services=services,
        decisions=builder.array("decisions"),
        options=builder.array("options"),
        settings=builder.array("settings"),
        odds=builder.array("odds"),
        changes=builder.array("changes"),
        freed=builder.array("freed"),
        tests=builder.array("tests"),
        urgencies=urgencies,
        paces=paces,
        visits_needed=visits_needed,
        effects=effects,
        segments=segments,
        sites=np.array(
            [(int(label(f"{site.service}/{site.name}")), builder.services[site.service]) for site in sites], dtype=SITE
        ),
        rates=_rates(builder),
        durations=builder.duration_rows(),
        exponential=unit_exponential(),
        gumbel=gumbel(),
        capacity=capacity,
        amounts=amounts,
        attraction=_attraction(builder, region, sites),
        strength=_strength(builder, days),
        ends=_ends(builder, levers),
    )
    return arrays, decrement_tests


def _region_problems(pathway: Pathway, region: Region) -> list[Problem]:
    """What the region lacks for this pathway, and what it has that the pathway does not know."""
    problems = []
    with_sites = {site.service for site in region.sites}
    in_areas = {(site.area, site.service) for site in region.sites}
    for area in region.area_names():
        where = f" in the area '{area}'" if area else ""
        for service, word in pathway.services.items():
            if word.capacity != "open" and (area, service) not in in_areas:
                says = f"no row for the service '{service}'{where}, which has capacity '{word.capacity}'. Add its sites and amounts."
                problems.append(Problem("services_have_sites", "capacity.csv", says))
    known = {service for service, word in pathway.services.items() if word.capacity != "open"}
    for service in sorted(with_sites - known):
        says = f"'{service}' is no service of '{pathway.name}' with limited capacity. {did_you_mean(service, known)}"
        problems.append(Problem("sites_have_services", "capacity.csv", says))
    for service in sorted(set(region.prices) - set(pathway.services)):
        says = f"'{service}' is no service of '{pathway.name}'. {did_you_mean(service, pathway.services)}"
        problems.append(Problem("prices_have_services", "prices.csv", says))
    bad_days = [day for day in region.about.weekdays if day not in WEEKDAYS]
    if bad_days or not region.about.weekdays:
        problems.append(Problem("weekdays_exist", "region.toml: weekdays", f"use {', '.join(WEEKDAYS)}, at least one."))
        return problems
    for service in sorted(with_sites & known):
        word = pathway.services[service]
        if word.capacity == "places":
            continue
        open_on, _ = open_in_the_first_year(word, region.about)
        if not open_on:
            days = ", ".join(word.weekdays or region.about.weekdays)
            says = f"'{service}' is never open in the first year: it has appointments on {days}, and all of these days are closed."
            problems.append(Problem("services_are_open", "region.toml: closed", f"{says} Take days out of 'closed'."))
    return problems


def _lever_problems(levers: Mapping[str, Any], region: Region, name: str) -> list[Problem]:
    problems = []
    for lever, setting in levers.items():
        for code in setting.practices or ():
            known = (*region.codes, *region.elsewhere)
            if code not in known:
                says = f"there is no practice '{code}' in {region.about.title}. {did_you_mean(code, known)}"
                problems.append(Problem("lever_practices_exist", f"{name}: levers.{lever}.practices", says))
    return problems


def _lever_use(builder: Builder, name: str, setting: Any, region: Region) -> LeverUse:
    lever = builder.pathway.levers[name]
    reach = setting.reach if setting.reach is not None else builder.number(lever.reach) if lever.reach else 1.0
    return LeverUse(
        name=name,
        position=builder.levers[name],
        starts=round(length_in_days(setting.starts) * builder.ticks_per_day),
        ends=round(length_in_days(setting.ends) * builder.ticks_per_day) if setting.ends else NEVER,
        reach=reach,
        practices=None if setting.practices is None else tuple(setting.practices),
        adoption=builder.duration(lever.adoption),
    )


def _sites(pathway: Pathway, region: Region) -> list[Site]:
    """The sites of each service in the pathway's order; an open service has one of its own."""
    sites = []
    for service, word in pathway.services.items():
        if word.capacity == "open":
            sites.append(Site(service, service, "", 0.0, "", np.nan, np.nan, "assumed", "open"))
        else:
            sites += region.sites_of(service)
    return sites


def _add_decisions(builder: Builder) -> dict[str, int]:
    """Adds every decision: of care, of attributes, of first states, of attendance. Their positions by path."""
    pathway = builder.pathway
    positions = {}
    for name, decision in pathway.decisions.items():
        to = {option: builder.destination(decision.destination(option)) for option in decision.options}
        positions[f"decisions.{name}"] = builder.decision(f"decisions.{name}", decision, to)
    for name, attribute in pathway.attributes.items():
        decision = attribute.as_decision(name)
        positions[f"attributes.{name}"] = builder.decision(
            f"attributes.{name}", decision, dict.fromkeys(decision.options, -1)
        )
    for path, first in (("onset.state", pathway.onset), ("prevalent.state", pathway.prevalent)):
        if first is not None:
            to = {option: STATES.index(option) for option in first.state.options}
            positions[path] = builder.decision(path, first.state, to)
    for name, service in pathway.services.items():
        if service.attendance:
            positions[f"services.{name}.attendance"] = builder.attendance(name, service)
    return positions


def _services(
    builder: Builder, sites: list[Site], decisions: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.zeros(len(builder.services), dtype=SERVICE)
    urgencies: list[tuple[int, int, int]] = []
    visits_needed: list[tuple[float, int]] = []
    for position, (name, word) in enumerate(builder.pathway.services.items()):
        row = rows[position]
        own = [index for index, site in enumerate(sites) if site.service == name]
        row["label"] = label(f"services.{name}")
        row["capacity"] = CAPACITY_KINDS[word.capacity]
        row["first_site"], row["sites"] = own[0], len(own)
        row["counter"] = builder.service_counter(name)
        row["delay"], row["stay"] = builder.duration(word.delay), builder.duration(word.stay)
        row["next"] = builder.destination(word.next)
        row["effect"] = builder.effects[word.effect] if word.effect else -1
        row["attendance"] = decisions.get(f"services.{name}.attendance", -1)
        _fill_course(builder, row, word, visits_needed)
        _fill_waiting(builder, row, word, urgencies)
        if word.attendance:
            row["rebooked"] = builder.number(word.attendance.rebooked)
            row["misses_to"] = builder.destination(word.attendance.otherwise)
        row["turnover"] = 7 * builder.ticks_per_day
        if word.stay:
            row["turnover"] = mean_ticks(builder.duration_rows()[row["stay"]], at_least=1)
        row["published_every"] = builder.ticks_per_day
        if word.choice and word.choice.published_every:
            row["published_every"] = max(1, builder.ticks(word.choice.published_every))
        if word.choice:
            row["choice"] = CHOICES[word.choice.by]
            weight = builder.number(word.choice.wait) if word.choice.wait else 0.0
            row["choice_wait"] = round(weight / (7 * builder.ticks_per_day) * 2**CLOCK_BITS)
    return rows, np.array(urgencies, dtype=URGENCY), np.array(visits_needed, dtype=VISITS_NEEDED)


def _fill_course(builder: Builder, row: Any, word: Service, visits_needed: list[tuple[float, int]]) -> None:
    row["gap"], row["after_cap"], row["cap"] = -1, -1, 255
    row["first_visits"] = len(visits_needed)
    if word.course:
        table = sorted(
            (int(level), share) for level, share in builder.pathway.quantities[word.course.visits].levels().items()
        )
        cumulated = np.cumsum([share for _, share in table])
        visits_needed += [(float(up_to), visits) for up_to, (visits, _) in zip(cumulated, table, strict=True)]
        row["visits"] = len(table)
        row["gap"] = builder.duration(word.course.gap)
        row["follow_up_priority"] = PRIORITY_WORDS.index(word.course.follow_up_priority)
        if word.course.cap:
            row["cap"] = round(builder.number(word.course.cap))
            row["after_cap"] = builder.destination(str(word.course.after_cap))


def _fill_waiting(builder: Builder, row: Any, word: Service, urgencies: list[tuple[int, int, int]]) -> None:
    row["patience"], row["gives_up_to"] = -1, -1
    row["priority"] = PRIORITY_WORDS.index("routine")
    row["first_urgency"] = len(urgencies)
    if word.waiting:
        row["patience"] = builder.duration(word.waiting.patience)
        row["gives_up_to"] = builder.destination(word.waiting.gives_up_to)
        row["priority"] = PRIORITY_WORDS.index(word.waiting.priority)
        row["urgencies"] = len(word.waiting.priorities)
        row["reviews"] = _reviews(builder.pathway, word.waiting)
        if word.waiting.leaves_when_better:
            row["leaves_when_better"] = builder.number(word.waiting.leaves_when_better)
        for rule in word.waiting.priorities:
            urgencies.append((*builder.tests(rule.when), PRIORITY_WORDS.index(rule.priority)))


def _reviews(pathway: Pathway, waiting: WaitingList) -> int:
    """What the rules of priority read that can change while people wait, as the engines know it; 0 for nothing."""
    read = {feature for rule in waiting.priorities for feature in rule.when}
    given = {
        attribute
        for decision in pathway.decisions.values()
        for option in decision.options.values()
        for attribute in option.sets
    }
    by_time = READS_WAIT * bool(read & {"weeks_waited", "lever"}) + READS_EPISODE * ("weeks_since_onset" in read)
    return by_time + READS_CHANGES * bool(read & {"state", "visits", *given})


def _paces(builder: Builder) -> np.ndarray:
    rows = []
    for clock, name in enumerate(("improve", "worsen", "consult")):
        for pace in getattr(builder.pathway.health, name).times:
            rows.append((clock, *builder.tests(pace.when), round(builder.number(pace.times) * ONE)))
    return np.array(rows, dtype=PACE)


def _rates(builder: Builder) -> np.ndarray:
    """Hazards per tick in 2^-40, shape (3 clocks, 4 states, 3 phases)."""
    health = builder.pathway.health
    per_tick = 2.0**40 / (DAYS_IN_A_YEAR * builder.ticks_per_day)
    rates = np.zeros((3, len(STATES), len(PHASES)), dtype=np.int64)

    def hazard(quantity: str, times: str | None = None) -> int:
        yearly = builder.pathway.quantities[quantity].per_year() * (builder.number(times) if times else 1.0)
        return min(round(yearly * per_tick), FASTEST)

    for clock, words in enumerate((health.improve, health.worsen, health.consult)):
        for state in PAIN_STATES:
            if quantity := getattr(words, state):
                for phase, name in enumerate(PHASES):
                    rates[clock, STATES.index(state), phase] = hazard(quantity, words.phase_times.get(name))
    rates[1, STATES.index("severe")] = 0
    rates[1, STATES.index("well"), :2] = hazard(health.recurrence.recent), hazard(health.recurrence.later)
    return rates


def effect_steps(effect: Effect, length: Callable[[str], int]) -> list[tuple[int, float]]:
    """How strongly a treatment acts, in steps: until how long after the visit, and as what share of its full effect.

    `length` tells how long a quantity of time is. After the last step the treatment does nothing.
    """
    until = length(effect.starts_after) if effect.starts_after else 0
    steps = [(until, 0.0)]
    until += length(effect.lasts)
    steps.append((until, 1.0))
    if effect.half_life:
        for halving in range(1, HALVINGS + 1):
            until += length(effect.half_life)
            steps.append((until, 0.5**halving))
    return steps


def _effects(builder: Builder) -> tuple[np.ndarray, np.ndarray]:
    effects: list[tuple[int, int]] = []
    segments: list[tuple[int, int, int]] = []
    for effect in builder.pathway.effects.values():
        first = len(segments)
        improve = builder.number(effect.improve_times) - 1 if effect.improve_times else 0.0
        worsen = builder.number(effect.worsen_times) - 1 if effect.worsen_times else 0.0
        for until, share in effect_steps(effect, builder.ticks):
            segments.append((until, round(improve * ONE * share), round(worsen * ONE * share)))
        effects.append((first, len(segments) - first))
    return np.array(effects, dtype=EFFECT), np.array(segments, dtype=SEGMENT)


def _memory(
    builder: Builder, arrays: PlanArrays, decisions: dict[str, int], *, first_tick: int, last_tick: int
) -> np.ndarray:
    """The plan as compiled code sees it, shape (1,)."""
    pathway, health = builder.pathway, builder.pathway.health
    memory = np.zeros(1, dtype=PLAN)
    place(memory, arrays)
    row = memory[0]
    row["first_tick"], row["last_tick"], row["ticks_per_day"] = first_tick, last_tick, builder.ticks_per_day
    row["entry"] = builder.destination(pathway.care.entry)
    row["waiting_service"], row["waiting_then"] = -1, -1
    if waiting := pathway.care.while_waiting:
        row["waiting_service"] = builder.services[waiting.service]
        row["waiting_then"] = builder.destination(waiting.then)
    row["onset_state"] = decisions["onset.state"]
    row["overlap"] = round(builder.number(health.overlap) * ONE)
    row["pace_rules"] = len(arrays.paces)
    row["reviews"] = arrays.services["reviews"].any()
    row["most_settings"] = sum(
        max(len(option.sets) + bool(option.state) for option in decision.options.values())
        for decision in pathway.decisions.values()
    )
    row["subacute_from"], row["persistent_from"] = (
        builder.ticks(health.subacute_from),
        builder.ticks(health.persistent_from),
    )
    row["recent_until"] = builder.ticks(health.recurrence.recent_for)
    row["forgotten_after"] = builder.ticks(health.recurrence.forgotten_after)
    row["site_count"], row["days"] = arrays.capacity.shape
    row["weeks"] = arrays.strength.shape[1]
    return memory


def _ends(builder: Builder, uses: tuple[LeverUse, ...]) -> np.ndarray:
    """The tick from which each lever is off again, shape (levers,)."""
    ends = np.full(max(1, len(builder.levers)), NEVER, dtype=np.int32)
    for use in uses:
        ends[use.position] = use.ends
    return ends


def _strength(builder: Builder, days: int) -> np.ndarray:
    """How strongly each lever acts by whole weeks since adoption, shape (levers, weeks)."""
    weeks = np.arange(days // 7 + 2)
    strength = np.ones((max(1, len(builder.levers)), len(weeks)))
    for position, lever in enumerate(builder.pathway.levers.values()):
        if lever.half_life:
            half_life = builder.pathway.quantities[lever.half_life].days()
            # rounded, so that every machine has the same number
            strength[position] = np.round(0.5 ** (weeks * 7 / half_life), 9)
    return strength


def _attraction(builder: Builder, region: Region, sites: list[Site]) -> np.ndarray:
    """The fixed part of each site's utility by practice, in 2^-24. Shape (practices, sites)."""
    attraction = np.zeros((len(region.codes), len(sites)))
    for position, site in enumerate(sites):
        choice = builder.pathway.services[site.service].choice
        distance = np.nan_to_num(np.hypot(region.x_km - site.x_km, region.y_km - site.y_km))
        match choice.by if choice else "capacity":
            case "capacity":
                attraction[:, position] = np.log(site.amount) if site.amount > 0 else FAR_BELOW / 2**CLOCK_BITS
            case "nearest":
                attraction[:, position] = -distance
            case _ if choice:
                weight = builder.number(choice.distance) if choice.distance else 0.0
                discipline = choice.disciplines.get(site.discipline)
                attraction[:, position] = weight * distance + (builder.number(discipline) if discipline else 0.0)
    # rounded before scaling, so that every machine has the same whole number
    scaled: np.ndarray = np.rint(np.round(attraction, 6) * 2**CLOCK_BITS).astype(np.int64)
    return scaled
