"""Checks of the ways through care: none goes round in circles, every service can be reached and left."""

from __future__ import annotations

from collections.abc import Iterator

from pathways.checks.rule import check, problem
from pathways.checks.walk import destinations_of, ways_of
from pathways.draft import Draft
from pathways.problems import Problem
from pathways.word import HOME


@check
def decisions_do_not_go_round(draft: Draft) -> Iterator[Problem]:
    """Decisions lead to a service or home in the end, never back to themselves without a visit between."""
    leads_to = ways_of(draft)
    reported: set[str] = set()
    for start in leads_to:
        seen, frontier = set(), {start}
        while frontier:
            frontier = {onward for name in frontier for onward in leads_to.get(name, ()) if onward not in seen}
            seen |= frontier
        if start in seen and not reported & seen:
            reported |= seen
            yield problem(
                draft,
                decisions_do_not_go_round,
                f"decisions.{start}",
                "leads back to itself without a service in between. Put a service into the loop.",
            )


@check
def every_service_can_be_left(draft: Draft) -> Iterator[Problem]:
    """From every service there is a way home."""
    leads_to = ways_of(draft)
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
            yield problem(
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
    leads_to = ways_of(draft)
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
            yield problem(
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
            yield problem(
                draft,
                places_to_wait_are_open_services,
                "care.while_waiting.service",
                f"'{care.while_waiting.service}' has a queue of its own; name a service with capacity 'open'.",
            )
