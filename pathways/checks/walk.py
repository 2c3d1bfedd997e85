"""A walk through a draft: all its words, decisions, conditions and ways onward, each with its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pathways.condition import Condition, parse_when
from pathways.decision import Decision
from pathways.draft import Draft
from pathways.pathway import Pathway
from pathways.quantity import Quantity
from pathways.word import Units, Word, quantity_uses


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


def quantities_of_levers(pathway: Pathway, levers: Iterable[str]) -> list[str]:
    """The quantities that some levers use, in the order of the levers."""
    used = [(path, name) for path, name, _ in quantities_used(Draft.of(pathway)) if name in pathway.quantities]
    places = [f"levers.{lever}." for lever in levers]
    return list(dict.fromkeys(name for place in places for path, name in used if path.startswith(place)))


def bounds_used(draft: Draft) -> Iterator[tuple[str, str]]:
    """Every quantity that a condition compares a feature with: where, and which."""
    for path, when in whens_of(draft):
        for feature in when:
            for condition in conditions(draft, {feature: when[feature]})[0]:
                names = dict.fromkeys(bound for bound in (condition.low, condition.high) if isinstance(bound, str))
                yield from ((f"{path}.{feature}", name) for name in names)


def single(draft: Draft, name: str | None) -> Quantity | None:
    """The quantity of that name where it is a single number; None where it is a table, or there is none."""
    quantity = None if name is None else draft.named["quantities"].get(name)
    return None if quantity is None or isinstance(quantity.value, dict) else quantity


def decisions_of(draft: Draft) -> Iterator[tuple[str, Decision]]:
    """Every decision with its path: those of care, and those that draw attributes and first states."""
    yield from ((f"decisions.{name}", decision) for name, decision in draft.named["decisions"].items())
    for name, attribute in draft.named["attributes"].items():
        yield f"attributes.{name}", attribute.as_decision(name)
    for name in ("onset", "prevalent"):
        if name in draft.singles:
            yield f"{name}.state", draft.singles[name].state


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
    for path, when in paces(draft):
        yield path, when


def paces(draft: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every `when` of the health section with its path."""
    if health := draft.singles.get("health"):
        for clock in ("improve", "worsen", "consult"):
            yield from (
                (f"health.{clock}.times[{i}].when", pace.when) for i, pace in enumerate(getattr(health, clock).times, 1)
            )
        yield from ((f"health.decrements[{i}].when", word.when) for i, word in enumerate(health.decrements, 1))


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


def ways_of(draft: Draft) -> dict[str, set[str]]:
    """Where each decision leads."""
    return {
        name: {decision.destination(option) for option in decision.options}
        for name, decision in draft.named["decisions"].items()
    }
