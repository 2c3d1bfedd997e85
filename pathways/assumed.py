"""What a region is assumed to have where its own figures are missing: capacity and lists per head.

The amounts are quantities of the pathway, of grade assumed, times the registered population. Where the quantities turn
out otherwise, so do the amounts: `region_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, nan

from pathways.durations import mean_days
from pathways.pathway import Pathway
from pathways.region import ASSUMED, Region, Site, Waiting
from pathways.service import Service

DIGITS = 6
"""Amounts are rounded to so many, so that every machine has the same."""


def assumed_sites(pathway: Pathway, *, population: int, area: str) -> tuple[list[Site], list[str]]:
    """One site per service with limited capacity (or as many as the service says), sized per head, and a sentence
    for each assumption."""
    sites, said = [], []
    for name, service in pathway.services.items():
        if service.capacity == "open":
            continue
        if service.per_100k is None:
            said.append(f"{service.title}: no amount per head is given, so none is assumed; add it to capacity.csv")
            continue
        quantity = pathway.quantities[service.per_100k]
        amount = round(quantity.number() * population / 100_000, 2)
        unit = quantity.unit.replace(" per 100,000", "")
        source = f"{quantity.number():g} {quantity.unit} ({service.per_100k})"
        providers = _providers(pathway, service)
        for provider, discipline in providers:
            own = f"{name}_{provider}" if provider else name
            part = round(amount / len(providers), 2)
            sites.append(
                Site(name, f"{own}_{area}" if area else own, area, part, discipline, nan, nan, ASSUMED, source)
            )
        at = f" at {len(providers)} providers" if len(providers) > 1 else ""
        said.append(f"{service.title}: {amount:g} {unit}{at}, from {source}")
    return sites, said


def _providers(pathway: Pathway, service: Service) -> list[tuple[str, str]]:
    """The assumed providers of a service: what tells their names apart, and their discipline."""
    if service.sites is None:
        return [("", "")]
    table = pathway.quantities[service.sites].levels()
    return [(f"{discipline}_{k + 1}", discipline) for discipline, count in table.items() for k in range(round(count))]


def assumed_waiting(pathway: Pathway, sites: list[Site]) -> tuple[list[Waiting], list[str]]:
    """Lists at the start, per head, shared among a service's sites by capacity and spread evenly over the weeks
    in which the site sees that many new people; with a sentence for each assumption."""
    rows, said = [], []
    for site in sites:
        service = pathway.services[site.service]
        if service.waiting_per_100k is None or service.per_100k is None or site.amount <= 0:
            continue
        per_head = pathway.quantities[service.per_100k].number()
        quantity = pathway.quantities[service.waiting_per_100k]
        people = round(quantity.number() * site.amount / per_head)
        weeks = max(1, round(people / new_people_per_week(pathway, site)))
        counts = [people * (week + 1) // weeks - people * week // weeks for week in range(weeks)]
        rows += [Waiting(site.service, site.name, site.area, week, count) for week, count in enumerate(counts) if count]
        said.append(
            f"{service.title}: {people} people waiting at the start, for up to {weeks} weeks, from "
            f"{quantity.number():g} {quantity.unit} ({service.waiting_per_100k})"
        )
    return rows, said


def new_people_per_week(pathway: Pathway, site: Site) -> float:
    """How many people a site can begin to see in a week: its capacity over the mean visits or stay of each.

    Where a stay takes no time, without end.
    """
    service = pathway.services[site.service]
    if service.stay is not None:
        stay = mean_days(service.stay, pathway.quantities)
        return 7 * site.amount / stay if stay > 0 else inf
    if service.course is None:
        return site.amount
    table = pathway.quantities[service.course.visits].levels()
    cap = pathway.quantities[service.course.cap].number() if service.course.cap else float("inf")
    return site.amount / sum(min(int(visits), cap) * share for visits, share in table.items())


def region_at(region: Region, before: Pathway, after: Pathway) -> Region:
    """The region where the amounts per head are those of `after`; it was assumed with those of `before`.

    The amount of a site of grade assumed goes with its service's `per_100k`; the lists of a service whose sites in the
    area are all assumed go with its `waiting_per_100k`, in whole people. What is local stays.
    """
    amounts = _times(before, after, {name: service.per_100k for name, service in before.services.items()})
    people = _times(before, after, {name: service.waiting_per_100k for name, service in before.services.items()})
    known = {(site.area, site.service) for site in region.sites if site.grade != ASSUMED}
    sites = tuple(
        replace(site, amount=round(site.amount * amounts[site.service], DIGITS))
        if site.grade == ASSUMED and site.service in amounts
        else site
        for site in region.sites
    )
    return replace(region, sites=sites, waiting=_lists_at(region.waiting, people, known))


def _times(before: Pathway, after: Pathway, named: Mapping[str, str | None]) -> dict[str, float]:
    """How many times what it was each service's quantity is, for those that are another; what was 0 stays."""
    found = {}
    for service, name in named.items():
        if name is None or name not in after.quantities:
            continue
        then, now = before.quantities[name].number(), after.quantities[name].number()
        if then > 0 and now != then:
            found[service] = now / then
    return found


def _lists_at(
    waiting: tuple[Waiting, ...], times: Mapping[str, float], known: set[tuple[str, str]]
) -> tuple[Waiting, ...]:
    """The lists that are assumed, so many times as long; each site's total is rounded, not each week.

    A list on which nobody is left stays known to be empty.
    """
    exact: dict[tuple[str, str, str], float] = {}
    rows = []
    for row in waiting:
        if row.service not in times or (row.area, row.service) in known:
            rows.append(row)
            continue
        place = (row.area, row.service, row.site)
        so_far = exact.get(place, 0.0)
        exact[place] = so_far + row.people * times[row.service]
        rows.append(replace(row, people=round(exact[place]) - round(so_far)))
    return tuple(rows)
