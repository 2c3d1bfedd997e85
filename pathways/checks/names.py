"""Checks of names: what is named exists, means one thing, and is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pathways.checks.rule import check, problem
from pathways.checks.walk import bounds_used, conditions, decisions_of, destinations_of, quantities_used, whens_of
from pathways.condition import LEVEL_FEATURES, NAMED_FEATURES, NUMBER_FEATURES
from pathways.decision import REST
from pathways.draft import Draft
from pathways.problems import Problem, did_you_mean
from pathways.word import HOME


@check
def quantities_exist(draft: Draft) -> Iterator[Problem]:
    """Every name of a quantity is defined."""
    for path, name, units in quantities_used(draft):
        rest = name == REST and units.family == "share"
        if not rest and name not in draft.known["quantities"]:
            hint = did_you_mean(name, draft.known["quantities"])
            yield problem(draft, quantities_exist, path, f"there is no quantity '{name}'. {hint}")


@check
def destinations_exist(draft: Draft) -> Iterator[Problem]:
    """Every way onward leads to a service, a decision, or home."""
    known = draft.known["services"] | draft.known["decisions"] | {HOME}
    for path, destination, _ in destinations_of(draft):
        if destination not in known:
            yield problem(
                draft,
                destinations_exist,
                path,
                f"there is no service or decision '{destination}'. {did_you_mean(destination, known)}",
            )


@check
def names_are_not_shared(draft: Draft) -> Iterator[Problem]:
    """A service and a decision have different names, so that a destination means one thing; likewise a feature."""
    for name in sorted(draft.known["services"] & draft.known["decisions"]):
        yield problem(draft, names_are_not_shared, f"decisions.{name}", "a service has this name too. Rename one.")
    for section in ("services", "decisions"):
        if HOME in draft.known[section]:
            says = f"'{HOME}' is where care ends. Give it another name."
            yield problem(draft, names_are_not_shared, f"{section}.{HOME}", says)
    for name in sorted(draft.known["attributes"] & {*LEVEL_FEATURES, *NUMBER_FEATURES, *NAMED_FEATURES}):
        says = f"conditions know '{name}' as something else. Give the attribute another name."
        yield problem(draft, names_are_not_shared, f"attributes.{name}", says)


@check
def conditions_make_sense(draft: Draft) -> Iterator[Problem]:
    """Every condition compares a feature that exists with levels or numbers that it can have."""
    for path, when in whens_of(draft):
        for says in conditions(draft, when)[1]:
            yield problem(draft, conditions_make_sense, path, says if says.endswith((".", "?")) else says + ".")


@check
def references_exist(draft: Draft) -> Iterator[Problem]:
    """Effects, attributes, practice effects, options and services that are named exist."""
    for path, word, kind, known in _references(draft):
        if word not in known:
            yield problem(draft, references_exist, path, f"there is no {kind} '{word}'. {did_you_mean(word, known)}")


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
def outcomes_have_services(draft: Draft) -> Iterator[Problem]:
    """Outcomes that count or wait name the services they mean."""
    for name, outcome in draft.named["outcomes"].items():
        if outcome.of in ("seen", "referral", "wait") and not outcome.services:
            yield problem(
                draft, outcomes_have_services, f"outcomes.{name}", f"'{outcome.of}' needs 'services': which ones?"
            )


@check
def own_quantities_are_used(draft: Draft) -> Iterator[Problem]:
    """Quantities defined in the file itself are used by it (a warning)."""
    used = {name for _, name, _ in quantities_used(draft)} | {name for _, name in bounds_used(draft)}
    for name in sorted(draft.own_quantities - used):
        yield problem(draft, own_quantities_are_used, f"quantities.{name}", "is used nowhere.", warning=True)
