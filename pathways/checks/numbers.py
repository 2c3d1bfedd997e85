"""Checks of numbers: units that fit, values that are possible, tables with good levels."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite

from pathways.checks.rule import check, check_of_values, problem
from pathways.checks.walk import bounds_used, quantities_used, single, words_of
from pathways.condition import BOUND_UNITS
from pathways.draft import Draft
from pathways.pathway import Clock
from pathways.problems import Problem
from pathways.quantity import DAYS_IN, LONGEST_DAYS, YEARS_PER
from pathways.timing import ticks_in_a_day
from pathways.word import AMOUNT_OF, Duration, words_within

MOST_VISITS = 200
TOLERANCE = 1e-9
POSSIBLE: dict[str, tuple[float, float]] = {
    "share": (0, 1),
    "utility": (-0.594, 1),
    "points 0-100": (0, 100),
    "points 0-24": (0, 24),
    "GBP": (0, 10_000_000),
    "visits": (0, 1000),
    "sites": (0, 1000),
    "SD of log odds": (0, 10),
    **dict.fromkeys(("utility per week", "utility per km", "utility of choice"), (-1000, 1000)),
    **dict.fromkeys(("odds ratio", "rate ratio", "hazard ratio", "ratio"), (0, 10_000)),
    **dict.fromkeys((*AMOUNT_OF.values(), "people per 100,000"), (0, 100_000)),
    **{unit: (0, LONGEST_DAYS / days) for unit, days in DAYS_IN.items()},
    **{unit: (0, 100_000 / years) for unit, years in YEARS_PER.items()},
}
"""The least and the most that a quantity can be, by unit. In other units it is not negative."""


@check
def units_fit(draft: Draft) -> Iterator[Problem]:
    """A quantity has a unit that fits the place where it is used."""
    for path, name, units in quantities_used(draft):
        quantity = draft.named["quantities"].get(name)
        if quantity is not None and quantity.unit not in units.allowed:
            yield problem(
                draft,
                units_fit,
                path,
                f"'{name}' is in '{quantity.unit}', but a {units.family} is needed here: {', '.join(units.allowed)}.",
            )


@check_of_values
def values_are_possible(draft: Draft) -> Iterator[Problem]:
    """Shares and utilities lie where they can, nothing else is negative, and nothing is absurdly large."""
    for name, quantity in draft.named["quantities"].items():
        values = list(quantity.value.values()) if isinstance(quantity.value, dict) else [quantity.value]
        low, high = POSSIBLE.get(quantity.unit, (0, inf))
        value = next((value for value in values if not low <= value <= high), None)
        if value is None:
            continue
        if quantity.unit == "share":
            says = f"a share of {value:g} is impossible: shares run from 0 to 1."
        elif quantity.unit == "utility":
            says = f"a utility of {value:g} is impossible: utilities run from {low:g} to {high:g}."
        elif value < low == 0:
            says = f"{value:g} {quantity.unit} is negative."
        else:
            says = f"{value:,g} {quantity.unit} is impossible: write a number from {low:,g} to {high:,.0f}."
        yield problem(draft, values_are_possible, f"quantities.{name}", says)


@check
def tables_only_where_needed(draft: Draft) -> Iterator[Problem]:
    """A table of numbers stands where a table is read, a single number everywhere else."""
    for path, name, _ in quantities_used(draft):
        quantity = draft.named["quantities"].get(name)
        if quantity is None:
            continue
        table = path.endswith((".by_age", ".norm_by_age", ".by_month", ".empirical", "course.visits", ".sites"))
        if isinstance(quantity.value, dict) != table:
            yield problem(
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
            yield problem(draft, tables_have_good_levels, f"quantities.{name}", says)


def _level_faults(path: str, table: dict[str, float]) -> Iterator[str]:
    if path.endswith("course.visits"):
        if not all(level.isdecimal() and 1 <= int(level) <= MOST_VISITS for level in table):
            yield f"the levels must be numbers of visits, from 1 to {MOST_VISITS}."
        elif abs(sum(table.values()) - 1) > TOLERANCE:
            yield f"the shares add to {sum(table.values()):.4g}, they must add to 1."
    elif path.endswith(".by_month") and list(table) != [str(month) for month in range(1, 13)]:
        yield "the levels must be the months '1' to '12', in order."
    elif path.endswith(".sites") and (not any(table.values()) or any(count % 1 for count in table.values())):
        yield "the numbers of sites must be whole, and not all 0."
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
        if not all(isfinite(share) for share in shares):
            yield "the levels must be cumulative shares from 0 to 1."
        elif shares != sorted(set(shares)) or shares[0] != 0 or shares[-1] != 1 or times != sorted(times):
            yield "cumulative shares must rise from 0 to 1, and the times must not fall."


def age_band(level: str) -> tuple[int, int]:
    """First and last age of a band; ValueError where it is none."""
    low, dash, high = level.partition("-")
    if level.endswith("+") and level[:-1].isdecimal():
        return int(level[:-1]), 999
    if dash and low.isdecimal() and high.isdecimal() and int(low) <= int(high):
        return int(low), int(high)
    raise ValueError(f"'{level}' is no age band: write '18-24', or '75+' for the last.")


@check_of_values
def bounds_fit(draft: Draft) -> Iterator[Problem]:
    """A quantity that a condition compares a feature with is a single number of the feature's own kind."""
    for path, name in bounds_used(draft):
        quantity = draft.named["quantities"].get(name)
        feature = path.rpartition(".")[2]
        if quantity is None:
            continue
        if isinstance(quantity.value, dict):
            says = f"'{name}' is a table; a single number is needed here."
        elif quantity.unit not in BOUND_UNITS[feature]:
            units = " or ".join(f"'{unit}'" for unit in BOUND_UNITS[feature])
            says = f"'{feature}' is compared with '{name}', which is in '{quantity.unit}'. Use a quantity in {units}."
        else:
            continue
        yield problem(draft, bounds_fit, path, says)


@check_of_values
def caps_are_whole(draft: Draft) -> Iterator[Problem]:
    """A course is capped at a whole number of visits, at least one."""
    for name, service in draft.named["services"].items():
        quantity = single(draft, service.course.cap if service.course else None)
        if quantity is not None and (quantity.number() % 1 or not 1 <= quantity.number() <= MOST_VISITS):
            says = f"'{service.course.cap}' is {quantity.number():g}; a cap is a whole number from 1 to {MOST_VISITS}."
            yield problem(draft, caps_are_whole, f"services.{name}.course.cap", says)


@check_of_values
def amounts_fit_the_capacity(draft: Draft) -> Iterator[Problem]:
    """Capacity per head is in appointments where there are slots, in places where there are places."""
    services = draft.named["services"]
    amounts = [(f"services.{name}.per_100k", name, service.per_100k) for name, service in services.items()]
    amounts += [
        (f"levers.{name}.changes[{i}].capacity_plus_per_100k", change.service, change.capacity_plus_per_100k)
        for name, lever in draft.named["levers"].items()
        for i, change in enumerate(lever.changes, 1)
    ]
    for path, service, amount in amounts:
        quantity, word = single(draft, amount), services.get(service)
        if quantity is None or word is None or quantity.unit not in AMOUNT_OF.values():
            continue
        if word.capacity == "open":
            says = f"'{service}' has capacity 'open', to which nothing can be added."
        elif quantity.unit != AMOUNT_OF[word.capacity]:
            needed = AMOUNT_OF[word.capacity]
            says = f"'{amount}' is in '{quantity.unit}', but '{service}' has {word.capacity}: '{needed}' is needed."
        else:
            continue
        yield problem(draft, amounts_fit_the_capacity, path, says)


@check_of_values
def durations_are_possible(draft: Draft) -> Iterator[Problem]:
    """The numbers of a duration's shape go together: nine in ten take longer than half, a range runs upwards."""
    for start, outer in words_of(draft):
        for path, word in words_within(outer, start):
            if isinstance(word, Duration) and (says := _duration_fault(draft, word)):
                yield problem(draft, durations_are_possible, path, says)


def _duration_fault(draft: Draft, duration: Duration) -> str | None:
    def days(name: str | None) -> float | None:
        quantity = single(draft, name)
        return quantity.days() if quantity is not None and quantity.unit in DAYS_IN else None

    shape = single(draft, duration.shape)
    if shape is not None and shape.number() == 0:
        return f"'{duration.shape}' is 0; the shape of a Weibull distribution is above 0."
    names = duration.uniform or (duration.lognormal, duration.p90)
    first, second = (days(name) for name in names)
    if first is None or second is None:
        return None
    if duration.uniform and first > second:
        return f"'{names[0]}' ({first:g} days) is above '{names[1]}' ({second:g} days). Write the shorter time first."
    if duration.lognormal and first == 0:
        return (
            f"'{names[0]}' is 0; the median of a lognormal distribution is above 0. Write 'fixed' for no time at all."
        )
    if duration.lognormal and first >= second:
        return (
            f"'p90', '{names[1]}' ({second:g} days), must be above the median, '{names[0]}' ({first:g} days): "
            "it is the time that nine in ten do not exceed."
        )
    return None


@check_of_values
def times_outlast_a_tick(draft: Draft) -> Iterator[Problem]:
    """Stays and treatments that are shorter than the clock can tell: it would lengthen them, or drop them, in silence."""
    clock = draft.singles.get("clock", Clock())
    try:
        a_tick = 1 / ticks_in_a_day(clock.tick)
    except ValueError:  # told by `times_can_be_read`
        return
    shorter = f"shorter than a tick of the clock ('{clock.tick}')"
    for name, service in draft.named["services"].items():
        days = _typical_days(draft, service.stay) if service.stay else None
        if days is not None and days < a_tick:
            says = (
                f"a stay of {days:g} days is {shorter}, and every stay holds its place for a tick at least. Write a "
                "shorter 'tick' in [clock], or make the capacity 'slots' where a place is an appointment."
            )
            yield problem(draft, times_outlast_a_tick, f"services.{name}.stay", says)
    for name, effect in draft.named["effects"].items():
        lasts = single(draft, effect.lasts)
        if lasts is not None and lasts.unit in DAYS_IN and 0 < lasts.days() < a_tick / 2:
            says = f"{lasts.days():g} days are {shorter}, and come to nothing in whole ticks. Write a shorter 'tick' in [clock]."
            yield problem(draft, times_outlast_a_tick, f"effects.{name}.lasts", says)


def _typical_days(draft: Draft, duration: Duration) -> float | None:
    """The mean or median by which a duration is named; the middle of a range, the longest of a table."""
    names = duration.uniform or (getattr(duration, duration.kind),)
    found = [quantity for name in names if (quantity := draft.named["quantities"].get(name)) is not None]
    if len(found) < len(names) or any(quantity.unit not in DAYS_IN for quantity in found):
        return None
    if any(isinstance(quantity.value, dict) != (duration.empirical is not None) for quantity in found):
        return None
    if duration.empirical:
        return max(found[0].levels().values()) * DAYS_IN[found[0].unit]
    return sum(quantity.days() for quantity in found) / len(found)
