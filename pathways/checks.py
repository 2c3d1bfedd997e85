"""Checks on how the words of a pathway fit together: named functions, one rule each.

Every check takes the draft and yields a problem for each place where its rule is broken. All of them
run on every file; `CHECKS` is the list. A rule that a single word can check about itself lives with the word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pathways.condition import Condition, parse_when
from pathways.decision import REST, Decision
from pathways.draft import Draft
from pathways.health import PAIN_STATES
from pathways.lever import Scenario
from pathways.pathway import Pathway
from pathways.problems import Problem, did_you_mean
from pathways.timing import length_in_days, ticks_in_a_day
from pathways.word import HOME, Units, Word, quantity_uses

MOST_ATTRIBUTES = 13
MOST_OPTIONS = 32
MOST_LEVELS = 60
MOST_CASES = 12
"""Options with conditions up to which every combination of them is tried."""
TOLERANCE = 1e-9

Check = Callable[[Draft], Iterator[Problem]]
CHECKS: list[Check] = []


def check(rule: Check) -> Check:
    """Adds a rule to the list of checks."""
    CHECKS.append(rule)
    return rule


def problems_of(draft: Draft) -> list[Problem]:
    """Everything the checks find wrong with a draft, in the order of the list."""
    return [problem for rule in CHECKS for problem in rule(draft)]


def _problem(draft: Draft, rule: Check, path: str, says: str, *, warning: bool = False) -> Problem:
    return Problem(rule.__name__, f"{draft.file}: {path}", says, "warning" if warning else "error")


def words_of(draft: Draft) -> Iterator[tuple[str, Word]]:
    """Every readable word of a draft with its path."""
    yield from draft.singles.items()
    for section, words in draft.named.items():
        if section != "quantities":
            yield from ((f"{section}.{name}", word) for name, word in words.items())


def quantities_used(draft: Draft) -> Iterator[tuple[str, str, Units]]:
    """Every use of a quantity in a draft: where, which, and the units that fit there."""
    for path, word in words_of(draft):
        yield from quantity_uses(word, path)
    for name, quantity in draft.practice_effects.items():
        yield f"practice_effects.{name}", quantity, Units("spread between practices", ("SD of log odds",))


def decisions_of(draft: Draft) -> Iterator[tuple[str, Decision]]:
    """Every decision with its path: those of care, and those that draw attributes and first states."""
    yield from ((f"decisions.{name}", decision) for name, decision in draft.named["decisions"].items())
    for name, attribute in draft.named["attributes"].items():
        yield f"attributes.{name}", attribute.as_decision(name)
    for single in ("onset", "prevalent"):
        if single in draft.singles:
            yield f"{single}.state", draft.singles[single].state


def whens_of(draft: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every `when` of a draft with its path."""
    for path, decision in decisions_of(draft):
        yield from ((f"{path}.options.{name}.when", option.when) for name, option in decision.options.items())
        yield from ((f"{path}.odds[{i}].when", odds.when) for i, odds in enumerate(decision.odds, 1))
    for name, service in draft.named["services"].items():
        if service.attendance:
            yield from (
                (f"services.{name}.attendance.odds[{i}].when", odds.when)
                for i, odds in enumerate(service.attendance.odds, 1)
            )
        if service.waiting:
            yield from (
                (f"services.{name}.waiting.priorities[{i}].when", rule.when)
                for i, rule in enumerate(service.waiting.priorities, 1)
            )
    for name, lever in draft.named["levers"].items():
        yield from ((f"levers.{name}.changes[{i}].when", change.when) for i, change in enumerate(lever.changes, 1))
    for path, when in _paces(draft):
        yield path, when


def _paces(draft: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    if health := draft.singles.get("health"):
        for clock in ("improve", "worsen", "consult"):
            yield from (
                (f"health.{clock}.times[{i}].when", pace.when) for i, pace in enumerate(getattr(health, clock).times, 1)
            )


def conditions(draft: Draft, when: dict[str, Any]) -> tuple[list[Condition], list[str]]:
    """A `when` of a draft, parsed with the names that the draft knows."""
    return parse_when(
        when,
        attributes=draft.named["attributes"],
        services=draft.known["services"],
        levers=draft.known["levers"],
        quantities=draft.known["quantities"],
    )


def destinations_of(draft: Draft) -> Iterator[tuple[str, str, str | None]]:
    """Every way onward, as (path, destination, the service it leaves or None)."""
    if care := draft.singles.get("care"):
        yield "care.entry", care.entry, None
        if care.while_waiting:
            yield "care.while_waiting.then", care.while_waiting.then, None
    for name, service in draft.named["services"].items():
        path = f"services.{name}"
        yield f"{path}.next", service.next, name
        if service.course and service.course.after_cap:
            yield f"{path}.course.after_cap", service.course.after_cap, name
        if service.attendance:
            yield f"{path}.attendance.otherwise", service.attendance.otherwise, name
        if service.waiting:
            yield f"{path}.waiting.gives_up_to", service.waiting.gives_up_to, name
    for name, decision in draft.named["decisions"].items():
        for option in decision.options:
            yield f"decisions.{name}.options.{option}", decision.destination(option), None


@check
def quantities_exist(draft: Draft) -> Iterator[Problem]:
    """Every name of a quantity is defined."""
    for path, name, units in quantities_used(draft):
        rest = name == REST and units.family == "share"
        if not rest and name not in draft.known["quantities"]:
            hint = did_you_mean(name, draft.known["quantities"])
            yield _problem(draft, quantities_exist, path, f"there is no quantity '{name}'. {hint}")


@check
def units_fit(draft: Draft) -> Iterator[Problem]:
    """A quantity has a unit that fits the place where it is used."""
    for path, name, units in quantities_used(draft):
        quantity = draft.named["quantities"].get(name)
        if quantity is not None and quantity.unit not in units.allowed:
            yield _problem(
                draft,
                units_fit,
                path,
                f"'{name}' is in '{quantity.unit}', but a {units.family} is needed here: {', '.join(units.allowed)}.",
            )


@check
def values_are_possible(draft: Draft) -> Iterator[Problem]:
    """Shares and utilities lie where they can, and nothing else is negative."""
    for name, quantity in draft.named["quantities"].items():
        values = list(quantity.value.values()) if isinstance(quantity.value, dict) else [quantity.value]
        for value in values:
            if quantity.unit == "share" and not 0 <= value <= 1:
                says = f"a share of {value:g} is impossible: shares run from 0 to 1."
            elif quantity.unit == "utility" and not -0.594 <= value <= 1:
                says = f"a utility of {value:g} is impossible: utilities run from -0.594 to 1."
            elif value < 0 and not quantity.unit.startswith("utility"):
                says = f"{value:g} {quantity.unit} is negative."
            else:
                continue
            yield _problem(draft, values_are_possible, f"quantities.{name}", says)
            break


@check
def tables_only_where_needed(draft: Draft) -> Iterator[Problem]:
    """A table of numbers stands where a table is read, a single number everywhere else."""
    for path, name, _ in quantities_used(draft):
        quantity = draft.named["quantities"].get(name)
        if quantity is None:
            continue
        table = path.endswith((".by_age", ".norm_by_age", ".by_month", ".empirical", "course.visits", ".sites"))
        if isinstance(quantity.value, dict) != table:
            yield _problem(
                draft,
                tables_only_where_needed,
                path,
                f"'{name}' is {'a single number; a table' if table else 'a table; a single number'} is needed here.",
            )


@check
def tables_have_good_levels(draft: Draft) -> Iterator[Problem]:
    """Tables of visits, months, ages and cumulative shares have the levels that their use needs."""
    for path, name, _ in quantities_used(draft):
        quantity = draft.named["quantities"].get(name)
        if quantity is None or not isinstance(quantity.value, dict):
            continue
        for says in _level_faults(path, quantity.value):
            yield _problem(draft, tables_have_good_levels, f"quantities.{name}", says)


def _level_faults(path: str, table: dict[str, float]) -> Iterator[str]:
    if path.endswith("course.visits"):
        if not all(level.isdigit() and 1 <= int(level) <= 200 for level in table):
            yield "the levels must be numbers of visits, from 1 to 200."
        elif abs(sum(table.values()) - 1) > TOLERANCE:
            yield f"the shares add to {sum(table.values()):.4g}, they must add to 1."
    elif path.endswith(".by_month") and list(table) != [str(month) for month in range(1, 13)]:
        yield "the levels must be the months '1' to '12', in order."
    elif path.endswith("by_age"):
        try:
            ages = [age_band(level) for level in table]
        except ValueError as error:
            yield str(error)
            return
        if ages[0][0] != 0 or any(low != high + 1 for (low, _), (_, high) in zip(ages[1:], ages, strict=False)):
            yield "the age bands must begin at 0 and follow each other without gap or overlap."
        elif ages[-1][1] < 200:
            yield "the last age band must be open: write it as '85+'."
    elif path.endswith(".empirical"):
        try:
            shares = [float(level) for level in table]
        except ValueError:
            yield "the levels must be cumulative shares from 0 to 1."
            return
        times = list(table.values())
        if shares != sorted(set(shares)) or shares[0] != 0 or shares[-1] != 1 or times != sorted(times):
            yield "cumulative shares must rise from 0 to 1, and the times must not fall."


def age_band(level: str) -> tuple[int, int]:
    """First and last age of a band; ValueError where it is none."""
    low, dash, high = level.partition("-")
    if level.endswith("+") and level[:-1].isdigit():
        return int(level[:-1]), 999
    if dash and low.isdigit() and high.isdigit() and int(low) <= int(high):
        return int(low), int(high)
    raise ValueError(f"'{level}' is no age band: write '18-24', or '75+' for the last.")


@check
def shares_add_to_one(draft: Draft) -> Iterator[Problem]:
    """The shares of a decision's options add to one, with at most one 'rest'.

    Options that are never open to the same patient do not add up: those of the fullest possible case count.
    """
    for path, decision in decisions_of(draft):
        shares = {name: option.share for name, option in decision.options.items()}
        if REST in shares.values():
            fullest = _fullest(draft, decision)
            shares = {name: share for name, share in shares.items() if share == REST or name in fullest}
        yield from _shares(draft, path, shares, what="the shares")
    for name, lever in draft.named["levers"].items():
        for position, change in enumerate(lever.changes, 1):
            if change.freed:
                yield from _shares(
                    draft, f"levers.{name}.changes[{position}].freed", change.freed, what="what is freed"
                )


def _fullest(draft: Draft, decision: Decision) -> set[str]:
    """The options besides the rest that may be open to one patient at once and have the largest shares together."""
    options = {name: option for name, option in decision.options.items() if option.share != REST}
    levels = {
        name: {
            condition.feature: condition.levels
            for condition in conditions(draft, option.when)[0]
            if condition.levels is not None
        }
        for name, option in options.items()
    }

    def share(name: str) -> float:
        quantity = draft.named["quantities"].get(options[name].share)
        return quantity.number() if quantity is not None and not isinstance(quantity.value, dict) else 0.0

    def together(first: str, second: str) -> bool:
        both = levels[first].keys() & levels[second].keys()
        return all(levels[first][feature] & levels[second][feature] for feature in both)

    always = {name for name in options if not levels[name]}
    some = [name for name in options if levels[name]]
    if len(some) > MOST_CASES:
        return set(options)
    cases: list[set[str]] = [set()]
    for name in some:
        cases += [case | {name} for case in cases if all(together(name, other) for other in case)]
    return always | max(cases, key=lambda case: sum(share(name) for name in case))


def _shares(draft: Draft, path: str, shares: dict[str, str], *, what: str) -> Iterator[Problem]:
    rests = [name for name, share in shares.items() if share == REST]
    given = {name: draft.named["quantities"].get(share) for name, share in shares.items() if share != REST}
    if any(quantity is None or isinstance(quantity.value, dict) for quantity in given.values()):
        return
    values = {name: quantity.number() for name, quantity in given.items() if quantity is not None}
    total = sum(values.values())
    if len(rests) > 1:
        yield _problem(
            draft, shares_add_to_one, path, f"'rest' is written for {' and '.join(rests)}; only one can have it."
        )
    elif rests and total > 1 + TOLERANCE:
        largest = max(values, key=lambda name: values[name])
        yield _problem(
            draft,
            shares_add_to_one,
            path,
            f"{what} add to {total:.4g} before 'rest', so nothing is left for '{rests[0]}'. "
            f"Lower '{largest}' ({values[largest]:g}).",
        )
    elif not rests and abs(total - 1) > TOLERANCE:
        largest = max(values, key=lambda name: values[name])
        yield _problem(
            draft,
            shares_add_to_one,
            path,
            f"{what} add to {total:.4g}, they must add to 1. "
            f"{'Lower' if total > 1 else 'Raise'} '{largest}' ({values[largest]:g}), "
            "or write 'rest' for one of them to let it take what is left.",
        )


@check
def destinations_exist(draft: Draft) -> Iterator[Problem]:
    """Every way onward leads to a service, a decision, or home."""
    known = draft.known["services"] | draft.known["decisions"] | {HOME}
    for path, destination, _ in destinations_of(draft):
        if destination not in known:
            yield _problem(
                draft,
                destinations_exist,
                path,
                f"there is no service or decision '{destination}'. {did_you_mean(destination, known)}",
            )


@check
def names_are_not_shared(draft: Draft) -> Iterator[Problem]:
    """A service and a decision have different names, so that a destination means one thing."""
    for name in sorted(draft.known["services"] & draft.known["decisions"]):
        yield _problem(draft, names_are_not_shared, f"decisions.{name}", "a service has this name too. Rename one.")


@check
def conditions_make_sense(draft: Draft) -> Iterator[Problem]:
    """Every condition compares a feature that exists with levels or numbers that it can have."""
    for path, when in whens_of(draft):
        for says in conditions(draft, when)[1]:
            yield _problem(draft, conditions_make_sense, path, says if says.endswith((".", "?")) else says + ".")


@check
def facts_of_onset_are_known_at_onset(draft: Draft) -> Iterator[Problem]:
    """What is drawn at onset, and the pace of illness, depend only on attributes drawn before."""
    order = ["age", "sex", "deprivation_decile", *draft.named["attributes"]]
    for path, decision in decisions_of(draft):
        if path.startswith("decisions."):
            continue
        name = path.removeprefix("attributes.")
        allowed = order[: order.index(name)] if name in order else order
        whens = [(f"{path}.options.{key}.when", option.when) for key, option in decision.options.items()]
        whens += [(f"{path}.odds[{i}].when", odds.when) for i, odds in enumerate(decision.odds, 1)]
        yield from _only(draft, whens, allowed)
    yield from _only(draft, list(_paces(draft)), order)


def _only(draft: Draft, whens: Iterable[tuple[str, dict[str, Any]]], allowed: list[str]) -> Iterator[Problem]:
    for path, when in whens:
        for feature in when:
            if feature not in allowed and not conditions(draft, {feature: when[feature]})[1]:
                yield _problem(
                    draft,
                    facts_of_onset_are_known_at_onset,
                    path,
                    f"'{feature}' is not known yet when this is decided. Known are: {', '.join(allowed)}.",
                )


@check
def references_exist(draft: Draft) -> Iterator[Problem]:
    """Effects, attributes, practice effects, options and services that are named exist."""
    for path, word, kind, known in _references(draft):
        if word not in known:
            yield _problem(draft, references_exist, path, f"there is no {kind} '{word}'. {did_you_mean(word, known)}")


def _references(draft: Draft) -> Iterator[tuple[str, str, str, Iterable[str]]]:
    effects, services = draft.known["effects"], draft.known["services"]
    for name, service in draft.named["services"].items():
        if service.effect:
            yield f"services.{name}.effect", service.effect, "effect", effects
    for path, decision in decisions_of(draft):
        for i, odds in enumerate(decision.odds, 1):
            yield f"{path}.odds[{i}].option", odds.option, "option", decision.options
            if odds.practice_effect:
                yield (
                    f"{path}.odds[{i}].practice_effect",
                    odds.practice_effect,
                    "practice effect",
                    draft.practice_effects,
                )
        for name, option in decision.options.items():
            if option.effect:
                yield f"{path}.options.{name}.effect", option.effect, "effect", effects
            for attribute, level in option.sets.items():
                yield f"{path}.options.{name}.sets", attribute, "attribute", draft.known["attributes"]
                if attribute in draft.named["attributes"]:
                    levels = draft.named["attributes"][attribute].levels
                    yield f"{path}.options.{name}.sets.{attribute}", level, "level", levels
    for name, lever in draft.named["levers"].items():
        for i, change in enumerate(lever.changes, 1):
            path = f"levers.{name}.changes[{i}]"
            if change.service:
                yield f"{path}.service", change.service, "service", services
            elif change.decision not in draft.named["decisions"]:
                yield f"{path}.decision", str(change.decision), "decision", draft.known["decisions"]
            else:
                options = draft.named["decisions"][change.decision].options
                for option in (str(change.option), *change.freed, *change.taken_from):
                    yield f"{path}.option", option, f"option of '{change.decision}'", options
    for name, outcome in draft.named["outcomes"].items():
        for service in outcome.services:
            yield f"outcomes.{name}.services", service, "service", services
    if (care := draft.singles.get("care")) and care.while_waiting:
        yield "care.while_waiting.service", care.while_waiting.service, "service", services


@check
def levers_that_raise_keep_below_one(draft: Draft) -> Iterator[Problem]:
    """A lever that multiplies a share upwards says where it stops."""
    for name, lever in draft.named["levers"].items():
        for i, change in enumerate(lever.changes, 1):
            quantity = draft.named["quantities"].get(change.times) if change.times else None
            if quantity is None or isinstance(quantity.value, dict):
                continue
            if max(quantity.number(), quantity.high or 0) > 1 and change.at_most is None:
                yield _problem(
                    draft,
                    levers_that_raise_keep_below_one,
                    f"levers.{name}.changes[{i}]",
                    f"'{change.times}' can raise a share above 1. Add 'at_most', the share where it stops.",
                )
            if change.freed and quantity.number() > 1:
                yield _problem(
                    draft,
                    levers_that_raise_keep_below_one,
                    f"levers.{name}.changes[{i}].freed",
                    f"nothing is freed where '{change.times}' raises the share. Write 'taken_from', or remove 'freed'.",
                )
            if change.taken_from and max(quantity.number(), quantity.high or 0) <= 1:
                yield _problem(
                    draft,
                    levers_that_raise_keep_below_one,
                    f"levers.{name}.changes[{i}].taken_from",
                    f"nothing is taken where '{change.times}' lowers the share. Write 'freed', or remove 'taken_from'.",
                )


@check
def levers_do_something(draft: Draft) -> Iterator[Problem]:
    """A lever changes something, or some condition names it."""
    named = {condition.argument for _, when in whens_of(draft) for condition in conditions(draft, when)[0]}
    for name, lever in draft.named["levers"].items():
        if not lever.changes and name not in named:
            yield _problem(
                draft,
                levers_do_something,
                f"levers.{name}",
                f"changes nothing, and no condition names it. Give it 'changes', or write when = {{ lever = '{name}' }}.",
            )


@check
def first_states_are_states(draft: Draft) -> Iterator[Problem]:
    """The options of a first state are mild, moderate and severe."""
    for single in ("onset", "prevalent"):
        if single in draft.singles:
            for option in draft.singles[single].state.options:
                if option not in PAIN_STATES:
                    yield _problem(
                        draft,
                        first_states_are_states,
                        f"{single}.state.options.{option}",
                        f"the states are {', '.join(PAIN_STATES)}.",
                    )


@check
def someone_always_has_a_way(draft: Draft) -> Iterator[Problem]:
    """At least one option of a decision is open to everyone."""
    for path, decision in decisions_of(draft):
        if all(option.when for option in decision.options.values()):
            yield _problem(
                draft,
                someone_always_has_a_way,
                path,
                "every option has a 'when', so some patients may have nowhere to go. Leave one open.",
            )


@check
def sizes_are_in_bounds(draft: Draft) -> Iterator[Problem]:
    """There are not more attributes, levels or options than the engine has room for."""
    if len(draft.named["attributes"]) > MOST_ATTRIBUTES:
        yield _problem(draft, sizes_are_in_bounds, "attributes", f"at most {MOST_ATTRIBUTES} attributes are possible.")
    for path, decision in decisions_of(draft):
        most = MOST_LEVELS if path.startswith("attributes.") else MOST_OPTIONS
        if len(decision.options) > min(most, MOST_OPTIONS):
            yield _problem(draft, sizes_are_in_bounds, path, f"at most {MOST_OPTIONS} options are possible.")


@check
def decisions_do_not_go_round(draft: Draft) -> Iterator[Problem]:
    """Decisions lead to a service or home in the end, never back to themselves without a visit between."""
    leads_to = _decision_graph(draft)
    reported: set[str] = set()
    for start in leads_to:
        seen, frontier = set(), {start}
        while frontier:
            frontier = {onward for name in frontier for onward in leads_to.get(name, ()) if onward not in seen}
            seen |= frontier
        if start in seen and not reported & seen:
            reported |= seen
            yield _problem(
                draft,
                decisions_do_not_go_round,
                f"decisions.{start}",
                "leads back to itself without a service in between. Put a service into the loop.",
            )


def _decision_graph(draft: Draft) -> dict[str, set[str]]:
    return {
        name: {decision.destination(option) for option in decision.options}
        for name, decision in draft.named["decisions"].items()
    }


@check
def every_service_can_be_left(draft: Draft) -> Iterator[Problem]:
    """From every service there is a way home."""
    leads_to = _decision_graph(draft)
    for _, destination, service in destinations_of(draft):
        if service is not None:
            leads_to.setdefault(service, set()).add(destination)
    ends = {HOME} | {
        name for section in ("services", "decisions") for name in draft.known[section] - set(draft.named[section])
    }
    grown = True
    while grown:
        more = {name for name, onward in leads_to.items() if name not in ends and onward & ends}
        ends |= more
        grown = bool(more)
    known = draft.known["services"] | draft.known["decisions"] | {HOME}
    for name in draft.named["services"]:
        if name not in ends and leads_to.get(name, set()) <= known:
            yield _problem(
                draft,
                every_service_can_be_left,
                f"services.{name}",
                f"nobody can leave '{name}': no way from it ends at 'home'. Add one.",
            )


@check
def every_service_can_be_reached(draft: Draft) -> Iterator[Problem]:
    """From the entry there is a way to every service (a warning: an unused service does no harm)."""
    care = draft.singles.get("care")
    if care is None:
        return
    leads_to = _decision_graph(draft)
    for _, destination, service in destinations_of(draft):
        if service is not None:
            leads_to.setdefault(service, set()).add(destination)
    reached = {care.entry} | ({care.while_waiting.then, care.while_waiting.service} if care.while_waiting else set())
    frontier = set(reached)
    while frontier:
        frontier = {onward for name in frontier for onward in leads_to.get(name, ()) if onward not in reached}
        reached |= frontier
    for name in draft.named["services"]:
        if name not in reached:
            yield _problem(
                draft,
                every_service_can_be_reached,
                f"services.{name}",
                f"nobody can reach '{name}'. Lead an option to it, or remove it.",
                warning=True,
            )


@check
def places_to_wait_are_open_services(draft: Draft) -> Iterator[Problem]:
    """The visit that people make while they wait is to an open service."""
    care = draft.singles.get("care")
    if care and care.while_waiting:
        service = draft.named["services"].get(care.while_waiting.service)
        if service is not None and service.capacity != "open":
            yield _problem(
                draft,
                places_to_wait_are_open_services,
                "care.while_waiting.service",
                f"'{care.while_waiting.service}' has a queue of its own; name a service with capacity 'open'.",
            )


@check
def times_can_be_read(draft: Draft) -> Iterator[Problem]:
    """The clock's tick divides a day, and its warm-up is a length of time."""
    clock = draft.singles.get("clock")
    for field, read in (("tick", ticks_in_a_day), ("warm_up", length_in_days)):
        if clock is not None:
            try:
                read(getattr(clock, field))
            except ValueError as error:
                yield _problem(draft, times_can_be_read, f"clock.{field}", f"{error}.")


@check
def phases_follow_each_other(draft: Draft) -> Iterator[Problem]:
    """The persistent phase begins after the subacute one, and forgetting after the recent time."""
    if not (health := draft.singles.get("health")):
        return
    pairs = (
        ("subacute_from", health.subacute_from, "persistent_from", health.persistent_from),
        (
            "recurrence.recent_for",
            health.recurrence.recent_for,
            "recurrence.forgotten_after",
            health.recurrence.forgotten_after,
        ),
    )
    for first, earlier, second, later in pairs:
        quantities = [draft.named["quantities"].get(name) for name in (earlier, later)]
        if any(quantity is None or isinstance(quantity.value, dict) for quantity in quantities):
            continue
        try:
            days = [quantity.days() for quantity in quantities if quantity is not None]
        except KeyError:
            continue
        if days[0] >= days[1]:
            yield _problem(
                draft,
                phases_follow_each_other,
                f"health.{second}",
                f"is {days[1]:g} days, which is not after 'health.{first}' ({days[0]:g} days).",
            )


@check
def outcomes_have_services(draft: Draft) -> Iterator[Problem]:
    """Outcomes that count or wait name the services they mean."""
    for name, outcome in draft.named["outcomes"].items():
        if outcome.of in ("seen", "referral", "wait") and not outcome.services:
            yield _problem(
                draft, outcomes_have_services, f"outcomes.{name}", f"'{outcome.of}' needs 'services': which ones?"
            )


@check
def own_quantities_are_used(draft: Draft) -> Iterator[Problem]:
    """Quantities defined in the file itself are used by it (a warning)."""
    used = {name for _, name, _ in quantities_used(draft)}
    for _, when in whens_of(draft):
        for condition in conditions(draft, when)[0]:
            used |= {bound for bound in (condition.low, condition.high) if isinstance(bound, str)}
    for name in sorted(draft.own_quantities - used):
        yield _problem(draft, own_quantities_are_used, f"quantities.{name}", "is used nowhere.", warning=True)


def scenario_problems(scenario: Scenario, pathway: Pathway, *, file: str) -> list[Problem]:
    """What is wrong with a scenario, given its pathway: levers that do not exist, starts that are no time."""
    problems = []
    for name, setting in scenario.levers.items():
        where = f"{file}: levers.{name}"
        if name not in pathway.levers:
            hint = did_you_mean(name, pathway.levers)
            says = f"there is no lever '{name}' in the pathway '{pathway.name}'. {hint}"
            problems.append(Problem("levers_exist", where, says))
        lengths: dict[str, float] = {}
        for word, text in (("starts", setting.starts), ("ends", setting.ends)):
            try:
                lengths |= {} if text is None else {word: length_in_days(text)}
            except ValueError as error:
                problems.append(Problem(f"{word}_can_be_read", f"{where}.{word}", f"{error}."))
        if lengths.get("ends", float("inf")) <= lengths.get("starts", 0.0):
            says = f"'{setting.ends}' is not after the start, '{setting.starts}'."
            problems.append(Problem("levers_end_after_they_start", f"{where}.ends", says))
    return problems
