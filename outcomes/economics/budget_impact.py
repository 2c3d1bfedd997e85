"""Budget impact in the first years, undiscounted, and the capacity that changes free or need.

Money and capacity are told apart: what is not released in cash is staff and rooms that can be used for something else,
never money in hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, checked
from outcomes.economics.activity_costs import cost_of_activity, prices_of
from outcomes.lengths_of_time import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from outcomes.table_rules import Rules, hold

HORIZON = 5
"""A budget impact looks so many years ahead, at most."""
PER_YEAR = {
    "day": float(DAYS_IN_A_YEAR),
    "week": DAYS_IN_A_YEAR / DAYS_IN_A_WEEK,
    "month": 12.0,
    "quarter": 4.0,
    "year": 1.0,
}
"""How many of each a year has."""
RELEASED, NEEDED, UNCHANGED = "released", "extra needed", "no change"


@dataclass(frozen=True)
class BudgetImpact:
    """What a change costs in its first years, undiscounted, in GBP; savings are negative.

    `by_year`: one row per year: `year` (from 1), `people` (treated), `setup_cost`, and three lines: `gross` (at full
    cost), `cash_releasing` (what is paid or saved in cash) and `capacity` (the worth of staff and rooms that are used
    or freed, which is no money): gross is the sum of the other two. The totals are those of the years.
    """

    by_year: pd.DataFrame
    gross: float
    cash_releasing: float
    capacity: float


def budget_impact(
    eligible: Numbers,
    uptake: Numbers,
    net_cost_per_person: Numbers,
    *,
    variable_share: Numbers,
    setup_cost: Numbers = 0,
) -> BudgetImpact:
    """Budget impact of a change in years 1 to 5: eligible x uptake x net cost per person, plus set-up.

    One number for all years, or one for each year: people `eligible` in a year, `uptake` (share of them who have it),
    `net_cost_per_person` (GBP; negative where it saves), `variable_share` (share of that which is paid or saved in cash)
    and `setup_cost` (GBP, all of it cash). Never discounted.

    >>> found = budget_impact([1000, 1000], [0.25, 0.5], -40, variable_share=0.5, setup_cost=[3000, 0])
    >>> found.by_year
       year  people  setup_cost    gross  cash_releasing  capacity
    0     1   250.0      3000.0  -7000.0         -2000.0   -5000.0
    1     2   500.0         0.0 -20000.0        -10000.0  -10000.0
    >>> found.gross, found.cash_releasing
    (-27000.0, -12000.0)
    """
    given = {
        "eligible": checked("eligible", eligible, low=0),
        "uptake": checked("uptake", uptake, low=0, high=1),
        "net_cost_per_person": checked("net_cost_per_person", net_cost_per_person),
        "variable_share": checked("variable_share", variable_share, low=0, high=1),
        "setup_cost": checked("setup_cost", setup_cost, low=0),
    }
    years = max(np.atleast_1d(values).size for values in given.values())
    wrong = [name for name, values in given.items() if values.size not in (1, years)]
    if wrong or years > HORIZON:
        counts = ", ".join(f"{name} {values.size}" for name, values in given.items() if values.ndim)
        raise ValueError(
            f"Give one number for all years or one for each, for 1 to {HORIZON} years; there are: {counts}"
        )
    table = pd.DataFrame({name: np.broadcast_to(values, years) for name, values in given.items()}).astype(float)
    people = table["eligible"] * table["uptake"]
    cost = people * table["net_cost_per_person"]
    cash = cost * table["variable_share"]
    by_year = pd.DataFrame(
        {
            "year": np.arange(1, years + 1),
            "people": people,
            "setup_cost": table["setup_cost"],
            "gross": cost + table["setup_cost"],
            "cash_releasing": cash + table["setup_cost"],
            "capacity": cost - cash,
        }
    )
    lines = by_year[["gross", "cash_releasing", "capacity"]].sum()
    return BudgetImpact(by_year, float(lines["gross"]), float(lines["cash_releasing"]), float(lines["capacity"]))


def budget_of_activity(change: pd.DataFrame, prices: pd.DataFrame, *, setup_cost: float = 0) -> pd.DataFrame:
    """Budget impact by year of a change in activity, undiscounted; savings are negative.

    `change`: one row per service and year: `service`, `year`, `seen` and `missed` (contacts more, or fewer where
    negative). `prices` as in `cost_of_activity`, with `cash_share`: the share of a price that is paid or saved in cash.
    `setup_cost` (GBP) falls in the first year, all of it cash. Returns the three lines of `BudgetImpact.by_year`.
    Where slots are bought, see `outcomes.economics.bought_capacity` and `budget_of_costs`.

    >>> change = pd.DataFrame({"service": ["gp", "mri"], "year": [1, 1], "seen": [-100, 10], "missed": [0, 0]})
    >>> prices = pd.DataFrame({"service": ["gp", "mri"], "price_gbp": [40.0, 200.0], "price_share_of_missed": 0.0,
    ...                        "cash_share": [0.0, 0.5]})
    >>> budget_of_activity(change, prices, setup_cost=500)
       year  setup_cost   gross  cash_releasing  capacity
    0     1       500.0 -1500.0          1500.0   -3000.0
    """
    costs = cost_of_activity(change, prices)
    cash_share = costs["service"].map(prices_of(change, prices, "cash_share")["cash_share"]).astype(float)
    return budget_of_costs(costs.assign(cash_gbp=costs["cost_gbp"] * cash_share), setup_cost=setup_cost)


def budget_of_costs(change: pd.DataFrame, *, setup_cost: float = 0) -> pd.DataFrame:
    """Budget impact by year of a change in costs, undiscounted; savings are negative.

    `change`: any number of rows per year: `year`, `cost_gbp`, and `cash_gbp`, the part of it that is paid or saved in
    cash. Years are labels: the first of them, whatever it is called, carries the set-up cost (GBP, all of it cash);
    where there is no year at all there is a year 1 for it.

    >>> change = pd.DataFrame({"year": [2027, 2026], "cost_gbp": [100.0, -40.0], "cash_gbp": [100.0, -10.0]})
    >>> budget_of_costs(change, setup_cost=500)
       year  setup_cost  gross  cash_releasing  capacity
    0  2026       500.0  460.0           490.0     -30.0
    1  2027         0.0  100.0           100.0       0.0
    """
    rules = Rules("change", change)
    if rules.has("year", "cost_gbp", "cash_gbp"):
        rules.numbers("year", "cost_gbp", "cash_gbp")
    rules.hold()
    set_up = float(checked("setup_cost", setup_cost, low=0))
    by_year = change.groupby("year")[["cost_gbp", "cash_gbp"]].sum().astype(float)
    if by_year.empty and set_up:
        by_year = pd.DataFrame({"cost_gbp": [0.0], "cash_gbp": [0.0]}, index=[1])
    at_first = np.where(np.arange(len(by_year)) == 0, set_up, 0.0)
    return pd.DataFrame(
        {
            "year": by_year.index,
            "setup_cost": at_first,
            "gross": by_year["cost_gbp"].to_numpy() + at_first,
            "cash_releasing": by_year["cash_gbp"].to_numpy() + at_first,
            "capacity": (by_year["cost_gbp"] - by_year["cash_gbp"]).to_numpy(),
        }
    )


def capacity_released(change: pd.DataFrame, resources: pd.DataFrame) -> pd.DataFrame:
    """Sessions, slots or days a year that a change in activity frees or needs; no price is put on them.

    `change`: one row per service: `service`, `change` (contacts more, or fewer where negative) and `per` ('day', 'week',
    'month', 'quarter' or 'year'). `resources`: one row per service and resource it uses: `service`, `resource`,
    `minutes_per_contact` and `minutes_per_session`; for what is counted rather than timed (bed days, appointments),
    give how many a contact takes, and 1. Returns one row per resource, in order of appearance: `resource`, `minutes` and
    `sessions` a year, freed or needed, never negative, and `direction`: 'released', 'extra needed' or 'no change'.

    >>> change = pd.DataFrame({"service": ["gp", "mri"], "change": [-120, 30], "per": ["month", "year"]})
    >>> resources = pd.DataFrame({"service": ["gp", "mri"], "resource": ["GP sessions", "MRI slots"],
    ...                           "minutes_per_contact": [10, 30], "minutes_per_session": [240, 30]})
    >>> capacity_released(change, resources)
          resource  minutes  sessions     direction
    0  GP sessions  14400.0      60.0      released
    1    MRI slots    900.0      30.0  extra needed
    """
    rules = Rules("change", change)
    rules.has("service", "change", "per")
    rules.numbers("change")
    rules.unique("service")
    needs = Rules("resources", resources)
    if needs.has("service", "resource", "minutes_per_contact", "minutes_per_session"):
        needs.numbers("minutes_per_contact", low=0)
        needs.numbers("minutes_per_session", above=0)
        needs.unique("service", "resource")
        rules.among("service", set(resources["service"]), rule="resources has no row for it; say what a contact takes")
        sizes = resources.groupby("resource")["minutes_per_session"].transform("nunique")
        needs.rows(sizes > 1, ["resource", "minutes_per_session"], "a session of one resource has one length")
    rules.among("per", PER_YEAR)
    hold(rules, needs)
    yearly = per_year(change, "change").set_index("service")["change"]
    used = resources["minutes_per_contact"] * resources["service"].map(yearly).fillna(0.0)
    minutes = used.groupby(resources["resource"], sort=False).sum()
    sessions = minutes / resources.groupby("resource", sort=False)["minutes_per_session"].first()
    direction = np.select([minutes < 0, minutes > 0], [RELEASED, NEEDED], UNCHANGED)
    return pd.DataFrame(
        {
            "resource": minutes.index,
            "minutes": minutes.abs().to_numpy(),
            "sessions": sessions.abs().to_numpy(),
            "direction": direction,
        }
    )


def per_year(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Counts or rates `per` day, week, month, quarter or year as those per year.

    `table` has a column `per` beside the columns named; without it nobody knows what they mean (`BadTable`). Returns the
    table with them multiplied, and 'year' in `per`.

    >>> per_year(pd.DataFrame({"referrals": [10.0, 30.0], "per": ["month", "year"]}), "referrals")["referrals"].tolist()
    [120.0, 30.0]
    """
    rules = Rules("table", table)
    rules.has("per", *columns)
    rules.among("per", PER_YEAR)
    rules.numbers(*columns)
    rules.hold()
    times = table["per"].map(PER_YEAR).astype(float)
    return table.assign(**{column: table[column] * times for column in columns}, per="year")
