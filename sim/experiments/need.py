"""Capacity and lists that are far from what people with back pain need: figures of more than back pain, most likely.

Before a run the need is the offered load (`sim.experiments.stability`), in a run what is seen, missed and added to the list. What the
pathway itself assumes per head is for back pain alone, so that it is never asked about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from outcomes.lengths_of_time import WEEKS_OF_A_LIST
from pathways import Pathway, Region
from pathways.provision import rounded
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.arrays.layout import DID_NOT_ATTEND, SEEN
from sim.experiments.stability import Load
from sim.reducers import list_sizes, weeks_before

if TYPE_CHECKING:
    from sim.experiments.comparison import Comparison

TIMES_NEED = 2.0
"""Capacity of so many times what is needed is asked about,"""
LEAST_IDLE = 10.0
"""where that leaves so many appointments a week, or places, unused."""
YEARS_OF_REFERRALS = 2
"""A list of more than so many years' referrals is asked about,"""
SHARE_OF_PEOPLE = 0.02
"""or one of more than this share of all people,"""
PEOPLE = 100_000
LEAST_LISTED = 50
"""where so many people are on it."""
LEFT_OF_A_LIST = 0.1
"""A list of which less than this is left after a year is asked about too."""
ROUNDED = 1.01
"""What is written may be so much more than what is assumed per head, by rounding."""
HINT = "Figures are for back pain alone: if these are of all musculoskeletal conditions, write a 'back_pain_share' beside them"


def capacity_beyond_need(loads: Iterable[Load], pathway: Pathway, region: Region) -> list[str]:
    """A sentence for each service with far more capacity than is asked for; what nobody is sent to is no matter."""
    far = [load for load in loads if _is_far(load, pathway, region)]
    return [_too_much(pathway, load.service, load.area, load.had, load.wanted) for load in far]


def _is_far(load: Load, pathway: Pathway, region: Region) -> bool:
    far = 0 < TIMES_NEED * load.wanted < load.had and load.had - load.wanted >= LEAST_IDLE
    return far and not _as_assumed(load.had, pathway.services[load.service].per_100k, pathway, region)


def _as_assumed(amount: float, per_100k: str | None, pathway: Pathway, region: Region) -> bool:
    """Whether an amount, or a list, is no more than what the pathway assumes for so many people."""
    return per_100k is not None and (
        amount <= ROUNDED * pathway.quantities[per_100k].number() * region.population / PEOPLE + 1
    )


def _too_much(pathway: Pathway, service: str, area: str, had: float, wanted: float) -> str:
    word = pathway.services[service]
    where = f" ({area})" if area else ""
    return f"{word.title}{where}: there are {rounded(had)} {word.unit} in capacity.csv and {rounded(wanted, digits=3)} are needed. {HINT}."


def lists_beyond_need(loads: Iterable[Load], pathway: Pathway, region: Region) -> list[str]:
    """A sentence for each list at the start that is longer than the people and their referrals explain."""
    said = []
    for load in loads:
        people = sum(row.people for row in region.waiting if (row.service, row.area) == (load.service, load.area))
        of_all = people / max(region.population, 1)
        if people < LEAST_LISTED or (
            people <= YEARS_OF_REFERRALS * WEEKS_OF_A_LIST * load.people and of_all <= SHARE_OF_PEOPLE
        ):
            continue
        where = f" ({load.area})" if load.area else ""
        compared = (
            f"as many as are referred for back pain in {people / load.people:,.0f} weeks"
            if load.people
            else "and nobody is referred"
        )
        says = (
            f"{people:,} people wait at the start in waiting_lists.csv, {compared}, of {region.population:,} registered"
        )
        said.append(f"{pathway.services[load.service].title}{where}: {says}. {HINT}.")
    return said


def far_from_need(comparison: Comparison) -> list[str]:
    """What a run of the base shows of capacity far above need, and of lists at the start that are gone within a year."""
    plan, runs = comparison.plan, comparison.tallies[comparison.base]
    if comparison.years < 1:
        return []
    weeks = comparison.years * DAYS_IN_A_YEAR / DAYS_IN_A_WEEK
    sizes = np.mean([list_sizes(tallies)[:, weeks_before(plan) :] for tallies in runs], axis=0)
    said = []
    for position, (name, word) in enumerate(plan.pathway.services.items()):
        if word.capacity == "open":
            continue
        had = comparison.region.amount_of(name)
        contacts = np.mean([tallies.monthly[[SEEN, DID_NOT_ATTEND], position].sum() for tallies in runs]) / weeks
        wanted = float(contacts + max(0.0, sizes[position, -1] - sizes[position, 0]) / weeks)
        if word.capacity == "places":
            wanted *= float(plan.arrays.services[position]["turnover"]) / (7 * plan.ticks_per_day)
        if _is_far(Load(name, "", 0.0, wanted, had), plan.pathway, comparison.region):
            said.append(_too_much(plan.pathway, name, "", had, wanted))
            continue
        listed = comparison.region.waiting_for(name)
        after = float(sizes[position, min(WEEKS_OF_A_LIST, sizes.shape[1] - 1)])
        assumed = _as_assumed(listed, word.waiting_per_100k, plan.pathway, comparison.region)
        if listed >= LEAST_LISTED and after < LEFT_OF_A_LIST * listed and not assumed:
            says = f"{listed:,} people wait at the start in waiting_lists.csv and {after:,.0f} a year later"
            said.append(
                f"{word.title}: {says}: there is more capacity than need, or the list is of more than back pain. {HINT}."
            )
    return said
