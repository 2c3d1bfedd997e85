"""The stability doctor: what would come to each service if there were room for all, against the room there is.

One run with unlimited capacity tells the offered load, whatever the pathway's loops and conditions; no formula
could follow them all. A service that is offered more than it can take has a list without end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pathways import Pathway, Region, Scenario
from pathways.provision import rounded
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.arrays.layout import DID_NOT_ATTEND, MICRO, REFERRAL, SEEN
from sim.capacity import open_days, open_in_the_first_year
from sim.cohort import Cohort
from sim.pilot import draw_cohort
from sim.plan import Plan, compile_plan
from sim.running import Running
from sim.state import levers_of

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
        return self.people * (1 - self.had / self.wanted) * DAYS_IN_A_YEAR / DAYS_IN_A_WEEK if self.wanted > 0 else 0.0


def offered_loads(pathway: Pathway, area: Region, scenario: Scenario | None = None) -> list[Load]:
    """The offered load of every service with limited capacity, from one run with room for all.

    With a scenario, its levers act from the first day in every practice that takes part, so that the year shows what
    comes once all have taken them up; where they change capacity, the room is what it is on average over that year,
    with the practices that take part in this run.
    """
    if scenario is not None and scenario.levers:
        pathway, scenario = _taken_up(pathway, scenario)
    else:
        scenario = None
    roomy = replace(
        area, sites=tuple(replace(site, amount=max(site.amount, 1.0) * PLENTY) for site in area.sites), waiting=()
    )
    plan = compile_plan(pathway, roomy, scenario=scenario, years=YEARS)
    cohort = draw_cohort(plan, seed=SEED, replication=0)
    plan_as_it_is = compile_plan(pathway, area, scenario=scenario, years=YEARS)
    had_by_service = _mean_amounts(plan_as_it_is, cohort, pathway, area)
    running = Running(plan, cohort).finish()
    weeks = YEARS * DAYS_IN_A_YEAR / DAYS_IN_A_WEEK
    loads = []
    for position, (name, service) in enumerate(pathway.services.items()):
        if service.capacity == "open":
            continue
        events = running.tallies.monthly[:, position].sum(axis=1)
        wanted = float(events[SEEN] + events[DID_NOT_ATTEND]) / weeks
        if service.capacity == "places":
            wanted *= plan.arrays.services[position]["turnover"] / (7 * plan.ticks_per_day)
        area_name = area.area_names()[0] if area.area_names() else ""
        loads.append(Load(name, area_name, float(events[REFERRAL]) / weeks, wanted, had_by_service[name]))
    return loads


def _taken_up(pathway: Pathway, scenario: Scenario) -> tuple[Pathway, Scenario]:
    """The same with every lever on from the first day."""
    levers = {name: lever.model_copy(update={"adoption": None}) for name, lever in pathway.levers.items()}
    settings = {name: setting.model_copy(update={"starts": "0 weeks"}) for name, setting in scenario.levers.items()}
    return replace(pathway, levers=levers), scenario.model_copy(update={"levers": settings})


def _mean_amounts(plan: Plan, cohort: Cohort, pathway: Pathway, area: Region) -> dict[str, float]:
    """What each service has on average over the measured days, its sites together: places, or appointments a week in
    the days that are open."""
    first = -plan.first_tick // plan.ticks_per_day
    amounts = levers_of(plan, cohort)["amounts"][:, first:] / MICRO
    found: dict[str, float] = {}
    for site, amount in zip(plan.sites, amounts, strict=True):
        word = pathway.services[site.service]
        has, is_open = open_days(word, area.about, np.arange(amount.shape[0]))
        mean = amount.mean() if word.capacity == "places" else (amount * is_open)[has].mean() if has.any() else 0.0
        found[site.service] = found.get(site.service, 0.0) + round(float(mean), 9)
    return found


def open_sentences(pathway: Pathway, area: Region) -> list[str]:
    """For each service with appointments, the slots of a week in the days that are open.

    They are what `capacity.csv` says times the share of the days that are not closed.
    """
    said = []
    for name, service in pathway.services.items():
        amount = area.amount_of(name)
        if service.capacity in ("open", "places") or not amount:
            continue
        is_open, has = open_in_the_first_year(service, area.about)
        slots = f"{rounded(amount * is_open / has, digits=3)} slots a week" if has else "no slots"
        without = "" if is_open == has else f", {rounded(amount, digits=3)} without the closed days"
        said.append(f"{service.title}: {slots} in the first year, open on {is_open} of {has} days{without}.")
    return said


def sentence(load: Load, pathway: Pathway) -> str:
    """What the doctor says of a service that is offered too much.

    >>> from pathways import load_pathway
    >>> sentence(Load("discectomy", "", 14.2, 14.2, 12.0), load_pathway("usual_care"))
    'Discectomy: 14.2 referrals a week for 12 slots; the list grows by about 115 a year, less those who give up.'
    """
    service = pathway.services[load.service]
    where = f" ({load.area})" if load.area else ""
    grows = f"the list grows by about {load.growth_a_year:,.0f} a year, less those who give up."
    if service.capacity == "places":
        return (
            f"{service.title}{where}: {load.wanted:,.1f} places are wanted and there are {rounded(load.had)}; {grows}"
        )
    if service.course or service.attendance:
        return (
            f"{service.title}{where}: {load.people:,.1f} referrals a week need {load.wanted:,.1f} appointments, "
            f"for {rounded(load.had)} slots; {grows}"
        )
    return f"{service.title}{where}: {load.people:,.1f} referrals a week for {rounded(load.had)} slots; {grows}"


def in_one_sentence(loads: list[Load], pathway: Pathway) -> str:
    """What the doctor says of several services that are offered too much, in short.

    >>> from pathways import load_pathway
    >>> small = [Load("discectomy", "", 14.2, 14.2, 12.0), Load("fusion", "", 0.4, 0.4, 0.35)]
    >>> in_one_sentence(small, load_pathway("usual_care"))
    'Lists grow at 2 more services, by about so many a year: Discectomy 115; Fusion 3.'
    """
    each = "; ".join(f"{pathway.services[load.service].title} {load.growth_a_year:,.0f}" for load in loads)
    where = f" ({loads[0].area})" if loads[0].area else ""
    several = f"Lists grow at {len(loads)} more services" if len(loads) > 1 else "The list grows at one more service"
    return f"{several}{where}, by about so many a year: {each}."
