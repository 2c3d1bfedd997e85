"""Checks of people and illness: what is known when, first states, phases, and the clock it all runs by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pathways.checks.rule import check, check_of_values, problem
from pathways.checks.walk import conditions, decisions_of, paces, single
from pathways.condition import Condition
from pathways.draft import Draft
from pathways.health import MOST_TIMES, MOST_TIMES_TOGETHER, PAIN_STATES
from pathways.problems import Problem
from pathways.quantity import DAYS_IN, DAYS_IN_A_YEAR, YEARS_PER
from pathways.timing import length_in_days, ticks_in_a_day

MOST_ATTRIBUTES = 13
MOST_CLASSES = 10_000
"""Kinds of people whose time is counted apart because it is worth something else."""
MOST_ONSETS = DAYS_IN_A_YEAR
"""Of one person in a year: one a day."""
MOST_OPTIONS = 32


@check
def facts_of_onset_are_known_at_onset(draft: Draft) -> Iterator[Problem]:
    """What is drawn at onset, and the pace of illness, depend only on attributes drawn before.

    Attributes may depend on the weeks since onset too: 0 for someone who falls ill, more for someone ill at the start.
    """
    order = ["age", "sex", "deprivation_decile", *draft.named["attributes"]]
    for path, decision in decisions_of(draft):
        if path.startswith("decisions."):
            continue
        name = path.removeprefix("attributes.")
        allowed = [*(order[: order.index(name)] if name in order else order), "weeks_since_onset"]
        whens = [(f"{path}.options.{key}.when", option.when) for key, option in decision.options.items()]
        whens += [(f"{path}.odds[{i}].when", odds.when) for i, odds in enumerate(decision.odds, 1)]
        yield from _only(draft, whens, allowed)
    yield from _only(draft, list(paces(draft)), order)


def _only(draft: Draft, whens: Iterable[tuple[str, dict[str, Any]]], allowed: list[str]) -> Iterator[Problem]:
    for path, when in whens:
        for feature in when:
            if feature not in allowed and not conditions(draft, {feature: when[feature]})[1]:
                yield problem(
                    draft,
                    facts_of_onset_are_known_at_onset,
                    path,
                    f"'{feature}' is not known yet when this is decided. Known are: {', '.join(allowed)}.",
                )


@check_of_values
def people_fall_ill_at_possible_rates(draft: Draft) -> Iterator[Problem]:
    """Nobody falls ill more than once a day on average; and where more than everyone would be ill at the start, it is said."""
    for name, number, most in (("onset", "rate", MOST_ONSETS), ("prevalent", "share", 1)):
        word = draft.singles.get(name)
        quantity = single(draft, getattr(word, number)) if word else None
        if quantity is None or quantity.unit not in (*YEARS_PER, "share"):
            continue
        stated = quantity.per_year() if name == "onset" else quantity.number()
        highest = stated * _highest_factor(draft, word)
        path, says = (
            f"{name}.{number}",
            f"'{getattr(word, number)}' is {quantity.number():g} {quantity.unit}, with its factors ",
        )
        if name == "onset" and highest > most:
            says += (
                f"up to {highest:,.4g} onsets a year of one person; {most} are the most. Lower the rate or the factors."
            )
            yield problem(draft, people_fall_ill_at_possible_rates, path, says)
        elif name == "prevalent" and highest > most:
            says += f"{highest:.3g} in those with the highest; it is taken as 1 there. Lower the share or the factors."
            yield problem(draft, people_fall_ill_at_possible_rates, path, says, warning=True)


def _highest_factor(draft: Draft, word: Any) -> float:
    """The largest factor of age, sex and deprivation together."""
    by_age = draft.named["quantities"].get(word.by_age)
    factor = max(by_age.value.values()) if by_age and isinstance(by_age.value, dict) else 1.0
    for name in (word.female_times, word.most_deprived_times):
        times = single(draft, name)
        if times is not None and times.number() > 0:
            factor *= max(times.number(), 1 / times.number()) ** 0.5
    return factor


@check
def kinds_of_people_can_be_counted(draft: Draft) -> Iterator[Problem]:
    """Bands of the age norm and decrements, each of which may apply or not, tell so many kinds apart that memory holds them."""
    health = draft.singles.get("health")
    if health is None:
        return
    norm = draft.named["quantities"].get(health.norm_by_age)
    bands = len(norm.value) if norm and isinstance(norm.value, dict) else 1
    kinds = bands * 2 ** len(health.decrements)
    if kinds > MOST_CLASSES:
        says = (
            f"{len(health.decrements)} decrements and {bands} bands of age tell {kinds:,} kinds of people apart; "
            f"{MOST_CLASSES:,} are the most. Put decrements together, or use fewer bands in 'norm_by_age'."
        )
        yield problem(draft, kinds_of_people_can_be_counted, "health.decrements", says)


@check
def first_states_are_states(draft: Draft) -> Iterator[Problem]:
    """The options of a first state are mild, moderate and severe, and do nothing else."""
    for name in ("onset", "prevalent"):
        options = draft.singles[name].state.options if name in draft.singles else {}
        for option, word in options.items():
            path = f"{name}.state.options.{option}"
            if option not in PAIN_STATES:
                yield problem(draft, first_states_are_states, path, f"the states are {', '.join(PAIN_STATES)}.")
            for field in ("to", "sets", "effect", "state"):
                if getattr(word, field):
                    says = f"'{field}' has no meaning for a first state. Remove it."
                    yield problem(draft, first_states_are_states, f"{path}.{field}", says)


@check_of_values
def multipliers_are_within_reach(draft: Draft) -> Iterator[Problem]:
    """No treatment or attribute multiplies a rate of illness by more than the engine can do, alone or together."""
    for name, effect in draft.named["effects"].items():
        for field in ("improve_times", "worsen_times"):
            yield from _too_large(draft, getattr(effect, field), f"effects.{name}.{field}")
    if health := draft.singles.get("health"):
        for clock in ("improve", "worsen", "consult"):
            rules = getattr(health, clock).times
            for i, rule in enumerate(rules, 1):
                yield from _too_large(draft, rule.times, f"health.{clock}.times[{i}].times")
            parsed = [(_largest(draft, rule.times), conditions(draft, rule.when)[0]) for rule in rules]
            most = most_at_once([(times, when) for times, when in parsed if 1 < times <= MOST_TIMES])
            if most > MOST_TIMES_TOGETHER:
                says = (
                    f"someone of whom all these hold may have a rate multiplied by {most:,.0f}; "
                    f"all together the most is {MOST_TIMES_TOGETHER:,}. Lower some of them, or the top of their ranges."
                )
                yield problem(draft, multipliers_are_within_reach, f"health.{clock}.times", says)


def _largest(draft: Draft, name: str | None) -> float:
    """The value of a quantity or the top of its range, which may be drawn."""
    quantity = single(draft, name)
    return max(quantity.number(), quantity.high or 0.0) if quantity is not None else 1.0


def _too_large(draft: Draft, name: str | None, path: str) -> Iterator[Problem]:
    if (largest := _largest(draft, name)) > MOST_TIMES:
        says = (
            f"'{name}' may be {largest:,g}; the most by which a rate of illness is multiplied is {MOST_TIMES:,}. "
            "Lower it, or the top of its range; for health that changes at once, give an option of a decision 'state'."
        )
        yield problem(draft, multipliers_are_within_reach, path, says)


def most_at_once(rules: Sequence[tuple[float, list[Condition]]]) -> float:
    """The largest product of multipliers above one that can hold for one patient, given as (times, conditions).

    >>> only_a, only_b = ([Condition("kind", levels=frozenset({level}))] for level in "ab")
    >>> most_at_once([(5.0, only_a), (7.0, only_b), (2.0, [])])
    14.0
    """
    if not rules:
        return 1.0
    (times, when), *others = rules
    beside = [other for other in others if not any(one.excludes(another) for one in when for another in other[1])]
    most = times * most_at_once(beside)
    return most if len(beside) == len(others) else max(most, most_at_once(others))


@check_of_values
def phases_follow_each_other(draft: Draft) -> Iterator[Problem]:
    """The persistent phase begins after the subacute one, and forgetting after the recent time."""
    if not (health := draft.singles.get("health")):
        return
    again = health.recurrence
    pairs = (
        ("subacute_from", health.subacute_from, "persistent_from", health.persistent_from),
        ("recurrence.recent_for", again.recent_for, "recurrence.forgotten_after", again.forgotten_after),
    )
    for first, earlier, second, later in pairs:
        quantities = [single(draft, name) for name in (earlier, later)]
        days = [quantity.days() for quantity in quantities if quantity is not None and quantity.unit in DAYS_IN]
        if len(days) == 2 and days[0] >= days[1]:
            says = f"is {days[1]:g} days, which is not after 'health.{first}' ({days[0]:g} days)."
            yield problem(draft, phases_follow_each_other, f"health.{second}", says)


@check
def times_can_be_read(draft: Draft) -> Iterator[Problem]:
    """The clock's tick divides a day, and its warm-up is a length of time."""
    clock = draft.singles.get("clock")
    for field, read in (("tick", ticks_in_a_day), ("warm_up", length_in_days)):
        if clock is not None:
            try:
                read(getattr(clock, field))
            except ValueError as error:
                yield problem(draft, times_can_be_read, f"clock.{field}", f"{error}.")


@check_of_values
def sizes_are_in_bounds(draft: Draft) -> Iterator[Problem]:
    """There are not more attributes, levels or options than the engine has room for."""
    if len(draft.named["attributes"]) > MOST_ATTRIBUTES:
        yield problem(draft, sizes_are_in_bounds, "attributes", f"at most {MOST_ATTRIBUTES} attributes are possible.")
    for path, decision in decisions_of(draft):
        if len(decision.options) > MOST_OPTIONS:
            yield problem(draft, sizes_are_in_bounds, path, f"at most {MOST_OPTIONS} options are possible.")
