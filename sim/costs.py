"""What a run costs, and what care is still owed at its end. Every figure in pounds that is told of a run comes from here.

| table | one row per | columns |
|---|---|---|
| prices | service | price_gbp, price_share_of_missed, cash_share |
| costs | service, year | contacts_gbp, provided_gbp, cost_gbp, cash_gbp |
| owed | service with limited capacity | first, later (people who wait), visits, owed_gbp |

Care that is owed: a scenario that does not see people spends less; that is no saving while they wait. So a difference in
cost is told with the difference in care owed beside it. The rule is simple, and rather too low than too high: whoever
waits for a first visit at the end of the run is owed the course that begins with it, of average length; everyone else on
a list the visit that they wait for; at the price of a contact there. What comes after that service is not in it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes import care_owed, cost_of_care
from pathways import Pathway, Region
from sim.arrays.layout import DID_NOT_ATTEND, SEEN
from sim.arrays.quantiles import mean_ticks
from sim.builder import Builder
from sim.plan import Plan
from sim.reducers import Tallies, list_sizes, year_count, yearly


def prices_table(pathway: Pathway, region: Region) -> pd.DataFrame:
    """What a contact costs, what share of it a missed appointment does, and what share of it is cash when it does not
    happen: the region's price, or the pathway's. Where nobody said, no share of a price is cash.
    """

    def number(quantity: str | None) -> float:
        return pathway.quantities[quantity].number() if quantity else 0.0

    rows = []
    for name, service in pathway.services.items():
        price = region.prices[name][0] if name in region.prices else number(service.price)
        missed = service.attendance.price_share_of_missed if service.attendance else None
        rows.append((name, price, number(missed), number(service.cash_share)))
    return pd.DataFrame(rows, columns=["service", "price_gbp", "price_share_of_missed", "cash_share"])


def costs_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """What each service costs in each measured year, and what of it is cash, undiscounted: see `outcomes.cost_of_care`.

    Contacts, and what levers provide, used or not.
    """
    service, year = np.indices((len(plan.services), year_count(plan))).reshape(2, -1)
    events = yearly(tallies)
    activity = pd.DataFrame(
        {
            "service": np.array(plan.services)[service],
            "year": year + 1,
            "seen": events[SEEN, service, year],
            "missed": events[DID_NOT_ATTEND, service, year],
        }
    )
    existing, provided = capacity_tables(tallies, plan)
    return cost_of_care(activity, prices_table(plan.pathway, plan.region), existing=existing, provided=provided)


def capacity_tables(tallies: Tallies, plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How many contacts the capacity that exists can take, by service and year, and what levers provide in addition.

    The latter has a row per change of a lever and year, with `lever`, `price_gbp` of a contact in what is provided and
    `cash_share` of it. A place for as many days as people stay on average takes one contact.
    """
    pathway, years = plan.pathway, range(1, year_count(plan) + 1)
    prices = prices_table(pathway, plan.region).set_index("service")["price_gbp"]
    days = {name: _days_of_a_contact(plan, name) for name in plan.services if pathway.services[name].capacity != "open"}
    rows: list[tuple[object, ...]] = []
    for name in days:
        amounts = tallies.existing[plan.services.index(name)].tolist()
        rows += [(name, year, amount / days[name]) for year, amount in zip(years, amounts, strict=True)]
    existing = pd.DataFrame(rows, columns=["service", "year", "contacts"])

    def number(quantity: str | None, otherwise: float) -> float:
        return pathway.quantities[quantity].number() if quantity else otherwise

    rows = []
    for (lever, change), provided in zip(pathway.capacity_changes, tallies.provided, strict=True):
        name = str(change.service)
        price = number(change.price, float(prices[name]) / days[name]) * number(change.premium_times, 1.0) * days[name]
        told = (price, number(change.cash_share, 1.0))
        rows += [
            (lever, name, year, amount / days[name], *told)
            for year, amount in zip(years, provided.tolist(), strict=True)
            if amount
        ]
    columns = ["lever", "service", "year", "contacts", "price_gbp", "cash_share"]
    return existing, pd.DataFrame(rows, columns=columns)


def _days_of_a_contact(plan: Plan, service: str) -> float:
    """How long a contact holds a place, in days on average; 1 of an appointment, which is counted itself."""
    stay = plan.pathway.services[service].stay
    if stay is None:
        return 1.0
    builder = Builder(plan.pathway, plan.ticks_per_day)
    position = builder.duration(stay)
    return float(mean_ticks(builder.duration_rows()[position], at_least=1)) / plan.ticks_per_day


def owed_table(tallies: Tallies, plan: Plan) -> pd.DataFrame:
    """Care owed at the end of the run, undiscounted: `first` wait for a first visit, since their referral, and `later` are
    all others on the service's list."""
    first = tallies.unseen_after.sum(axis=(1, 2)) - tallies.left.sum(axis=1)
    listed = list_sizes(tallies)[:, -1]
    rows = []
    for position, (name, service) in enumerate(plan.pathway.services.items()):
        if service.capacity != "open":
            later = max(0, int(listed[position] - first[position]))
            visits = int(first[position]) * mean_visits(plan.pathway, name) + later
            rows.append((name, int(first[position]), later, visits))
    table = pd.DataFrame(rows, columns=["service", "first", "later", "visits"])
    return care_owed(table, prices_table(plan.pathway, plan.region))


def mean_visits(pathway: Pathway, service: str) -> float:
    """Visits of a course at a service on average, its cap counted; 1 without a course.

    >>> from pathways import load_pathway
    >>> pathway = load_pathway("usual_care")
    >>> mean_visits(pathway, "mri"), 2 < mean_visits(pathway, "community_physio") < 4
    (1.0, True)
    """
    course = pathway.services[service].course
    if course is None:
        return 1.0
    cap = pathway.quantities[course.cap].number() if course.cap else float("inf")
    needed = pathway.quantities[course.visits].levels()
    return sum(min(int(visits), cap) * share for visits, share in needed.items())
