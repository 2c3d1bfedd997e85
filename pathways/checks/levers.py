"""Checks of levers and of the scenarios that set them."""

from __future__ import annotations

from collections.abc import Iterator

from pathways.checks.rule import check, check_of_values, problem
from pathways.checks.walk import conditions, single, whens_of
from pathways.draft import Draft
from pathways.lever import Scenario
from pathways.pathway import Pathway
from pathways.problems import Problem, did_you_mean
from pathways.timing import length_in_days, ticks_in_a_day


@check_of_values
def levers_that_raise_keep_below_one(draft: Draft) -> Iterator[Problem]:
    """A lever that multiplies a share upwards says where it stops."""
    for name, lever in draft.named["levers"].items():
        for i, change in enumerate(lever.changes, 1):
            quantity = single(draft, change.times)
            if quantity is None:
                continue
            if max(quantity.number(), quantity.high or 0) > 1 and change.at_most is None:
                yield problem(
                    draft,
                    levers_that_raise_keep_below_one,
                    f"levers.{name}.changes[{i}]",
                    f"'{change.times}' can raise a share above 1. Add 'at_most', the share where it stops.",
                )
            if change.freed and quantity.number() > 1:
                yield problem(
                    draft,
                    levers_that_raise_keep_below_one,
                    f"levers.{name}.changes[{i}].freed",
                    f"nothing is freed where '{change.times}' raises the share. Write 'taken_from', or remove 'freed'.",
                )
            if change.taken_from and max(quantity.number(), quantity.high or 0) <= 1:
                yield problem(
                    draft,
                    levers_that_raise_keep_below_one,
                    f"levers.{name}.changes[{i}].taken_from",
                    f"nothing is taken where '{change.times}' lowers the share. Write 'freed', or remove 'taken_from'.",
                )


@check
def levers_do_something(draft: Draft) -> Iterator[Problem]:
    """A lever changes something, or some condition names it."""
    parsed = [condition for _, when in whens_of(draft) for condition in conditions(draft, when)[0]]
    named = {condition.argument for condition in parsed if condition.feature == "lever"}
    for name, lever in draft.named["levers"].items():
        if not lever.changes and name not in named:
            yield problem(
                draft,
                levers_do_something,
                f"levers.{name}",
                f"changes nothing, and no condition names it. Give it 'changes', or write when = {{ lever = '{name}' }}.",
            )


@check_of_values
def prices_of_levers_buy_something(draft: Draft) -> Iterator[Problem]:
    """A lever that has a price for what it provides can provide something."""
    for name, lever in draft.named["levers"].items():
        for i, change in enumerate(lever.changes, 1):
            quantity = single(draft, change.capacity_times)
            word = next((word for word in ("price", "premium_times", "cash_share") if getattr(change, word)), None)
            if word and quantity is not None and max(quantity.number(), quantity.high or 0) <= 1:
                says = (
                    f"'{change.capacity_times}' never adds capacity, so there is nothing to pay for. Remove '{word}'."
                )
                yield problem(draft, prices_of_levers_buy_something, f"levers.{name}.changes[{i}].{word}", says)


@check_of_values
def half_lives_take_time(draft: Draft) -> Iterator[Problem]:
    """A lever that wears off does so over some time."""
    for name, lever in draft.named["levers"].items():
        quantity = single(draft, lever.half_life)
        if quantity is not None and quantity.number() == 0:
            says = f"'{lever.half_life}' is 0 {quantity.unit}. Make it longer, or remove 'half_life': the lever then lasts."
            yield problem(draft, half_lives_take_time, f"levers.{name}.half_life", says)


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
        elif len({round(days * ticks_in_a_day(pathway.clock.tick)) for days in lengths.values()}) < len(lengths):
            says = (
                f"'{setting.starts}' to '{setting.ends}' is less than a tick of the clock ('{pathway.clock.tick}'): "
                "in whole ticks the lever would never be on. Let it last longer."
            )
            problems.append(Problem("levers_end_after_they_start", f"{where}.ends", says))
    return problems
