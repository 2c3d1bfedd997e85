"""What the levers of a run provide, beside what there is without them: appointments, or places for a day.

Counted by measured year from the capacity of the replication itself, practices that took part and all, in whole numbers,
so that areas add up. What it costs is `sim.costs`'s business.
"""

from __future__ import annotations

import numpy as np

from pathways import Pathway
from pathways.lever import Change
from pathways.quantity import DAYS_IN_A_YEAR
from sim.arrays.layout import MICRO
from sim.plan import Plan
from sim.reducers import Tallies, year_count
from sim.state import capacity_with_levers


def with_capacity(tallies: Tallies, plan: Plan, adopted: np.ndarray) -> Tallies:
    """The tallies with the capacity of a run in which the practices take up levers at the ticks of `adopted`.

    What several levers do to one service is told apart by letting them act one after the other: first those that take
    away, then those that multiply, then those that add. What one adds in a year is provided by it; what one takes away
    is missing from what exists.
    """
    total = _by_service_and_year(plan, *capacity_with_levers(plan, adopted, only=()))
    existing, rows = total.copy(), plan.pathway.capacity_changes
    provided = np.zeros((len(rows), year_count(plan)), dtype=np.int64)
    set_levers = {use.name for use in plan.levers}
    acting = [row for row, (lever, _) in enumerate(rows) if lever in set_levers]
    in_turn = sorted(acting, key=lambda row: _turn(plan.pathway, rows[row][1]))
    for count, row in enumerate(in_turn, start=1):
        before = total
        total = _by_service_and_year(plan, *capacity_with_levers(plan, adopted, only=in_turn[:count]))
        service = plan.services.index(str(rows[row][1].service))
        change = total[service] - before[service]
        provided[row] = np.maximum(change, 0)
        existing[service] += np.minimum(change, 0)
    return tallies._replace(existing=existing, provided=provided)


def _turn(pathway: Pathway, change: Change) -> int:
    """When a change acts among others: 0 if it takes away, 1 if it multiplies, 2 if it adds."""
    if change.capacity_times is None:
        return 2
    return 0 if pathway.quantities[change.capacity_times].number() < 1 else 1


def _by_service_and_year(plan: Plan, capacity: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Appointments, or places for a day, in each measured year; shape (services, years). Open services have none.

    `capacity` and `amounts` by site and day are those of `sim.capacity.own_capacity`.
    """
    start, years = -plan.first_tick // plan.ticks_per_day, year_count(plan)
    days = plan.last_tick // plan.ticks_per_day
    found = np.zeros((len(plan.services), years), dtype=np.int64)
    for position, name in enumerate(plan.services):
        own = [index for index, site in enumerate(plan.sites) if site.service == name]
        places = plan.pathway.services[name].capacity == "places"
        by_day = (amounts if places else capacity)[own, start : start + days].sum(axis=0, dtype=np.int64)
        for year in range(years):
            of_year = int(by_day[year * DAYS_IN_A_YEAR : (year + 1) * DAYS_IN_A_YEAR].sum())
            found[position, year] = round(of_year / MICRO) if places else of_year
    return found
