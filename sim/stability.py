"""The stability doctor: what would come to each service if there were room for all, against the room there is.

One run with unlimited capacity tells the offered load, whatever the pathway's loops and conditions; no formula
could follow them all. A service that is offered more than it can take has a list without end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pathways import Pathway, Region, Scenario
from sim.cohort import Cohort, draw_cohort
from sim.layout import DID_NOT_ATTEND, MICRO, REFERRAL, SEEN
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
        return self.people * (1 - self.had / self.wanted) * 365 / 7 if self.wanted > 0 else 0.0


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
    had_by_service = _mean_amounts(compile_plan(pathway, area, scenario=scenario, years=YEARS), cohort)
    running = Running(plan, cohort).finish()
    weeks = YEARS * 365 / 7
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


def _mean_amounts(plan: Plan, cohort: Cohort) -> dict[str, float]:
    """What each service has on average over the measured days, its sites together: appointments a week, or places."""
    means = levers_of(plan, cohort)["amounts"][:, -plan.first_tick // plan.ticks_per_day :].mean(axis=1) / MICRO
    found: dict[str, float] = {}
    for site, mean in zip(plan.sites, means.tolist(), strict=True):
        found[site.service] = found.get(site.service, 0.0) + mean
    return found


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
