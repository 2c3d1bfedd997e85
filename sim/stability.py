"""The stability doctor: what would come to each service if there were room for all, against the room there is.

One run with unlimited capacity tells the offered load, whatever the pathway's loops and conditions; no formula
could follow them all. A service that is offered more than it can take has a list without end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pathways import Pathway, Region
from sim.cohort import draw_cohort
from sim.layout import DID_NOT_ATTEND, REFERRAL, SEEN
from sim.plan import Plan, compile_plan
from sim.quantiles import mean_of
from sim.running import Running

PLENTY = 1000.0
TOLERANCE = 1.01
"""An offered load up to 1% above capacity is within the noise of one run."""
YEARS = 1.0
SEED = 1


@dataclass(frozen=True)
class Load:
    """The offered load of one service in an area, a week: people referred, appointments (or places) wanted, and had."""

    service: str
    area: str
    people: float
    wanted: float
    had: float

    @property
    def too_much(self) -> bool:
        """Whether more is wanted than there is."""
        return self.wanted > TOLERANCE * self.had

    @property
    def growth_a_year(self) -> float:
        """People by which the list grows in a year while nobody gives up."""
        return self.people * (1 - self.had / self.wanted) * 365 / 7 if self.wanted > 0 else 0.0


def offered_loads(pathway: Pathway, area: Region) -> list[Load]:
    """The offered load of every service with limited capacity, from one run with room for all."""
    roomy = replace(
        area, sites=tuple(replace(site, amount=max(site.amount, 1.0) * PLENTY) for site in area.sites), waiting=()
    )
    plan = compile_plan(pathway, roomy, years=YEARS)
    running = Running(plan, draw_cohort(plan, seed=SEED, replication=0)).finish()
    weeks = YEARS * 365 / 7
    loads = []
    for position, (name, service) in enumerate(pathway.services.items()):
        if service.capacity == "open":
            continue
        amounts = [site.amount for site in area.sites if site.service == name]
        had = float(sum(amounts))
        events = running.tallies.monthly[:, position].sum(axis=1)
        wanted = float(events[SEEN] + events[DID_NOT_ATTEND]) / weeks
        if service.capacity == "places":
            wanted *= _mean_stay_weeks(plan, position)
            had = float(np.rint(amounts).sum())
        area_name = area.area_names()[0] if area.area_names() else ""
        loads.append(Load(name, area_name, float(events[REFERRAL]) / weeks, wanted, had))
    return loads


def _mean_stay_weeks(plan: Plan, position: int) -> float:
    table = plan.arrays.durations[plan.arrays.services[position]["stay"]]
    return max(mean_of(table), 1.0) / (7 * plan.ticks_per_day)


def sentence(load: Load, pathway: Pathway) -> str:
    """What the doctor says of a service that is offered too much.

    >>> from pathways import load_pathway
    >>> sentence(Load("discectomy", "", 14.2, 14.2, 12.0), load_pathway("usual_care"))
    'Discectomy: 14.2 referrals a week for 12 slots; the list grows by about 115 a year, less those who give up.'
    """
    service = pathway.services[load.service]
    where = f" ({load.area})" if load.area else ""
    grows = f"the list grows by about {load.growth_a_year:.0f} a year, less those who give up."
    if service.capacity == "places":
        return f"{service.title}{where}: {load.wanted:.1f} places are wanted and there are {load.had:g}; {grows}"
    if service.course or service.attendance:
        return (
            f"{service.title}{where}: {load.people:.1f} referrals a week need {load.wanted:.1f} appointments, "
            f"for {load.had:g} slots; {grows}"
        )
    return f"{service.title}{where}: {load.people:.1f} referrals a week for {load.had:g} slots; {grows}"
