"""Costs of activity: how much was done, times what it costs."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from outcomes.arrays import checked_rate
from outcomes.economics.discounting import discount_factor
from outcomes.economics.inflation import uplift_factors
from outcomes.table_rules import Rules, filled, hold

DECILES = range(1, 11)
"""Deciles of deprivation; 1 is the most deprived."""


def cost_of_activity(activity: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Costs by row of activity.

    `activity`: one row per service and whatever else (year, decile), with `seen` and `missed` counts.
    `prices`: one row per service with `price_gbp` of a contact and `price_share_of_missed`, the share of it that a
    missed appointment costs. Returns the activity with a column `cost_gbp`. A service whose price is not known raises
    `BadTable`: a missing price is not a price of zero; what costs nothing says 0.

    >>> activity = pd.DataFrame({"service": ["gp", "mri"], "seen": [10, 2], "missed": [0, 1]})
    >>> prices = pd.DataFrame({"service": ["gp", "mri"], "price_gbp": [42.0, 190.0], "price_share_of_missed": [0.0, 1.0]})
    >>> cost_of_activity(activity, prices)["cost_gbp"].tolist()
    [420.0, 570.0]
    """
    known = prices_of(activity, prices, "price_gbp", "price_share_of_missed")
    price, missed_share = (
        activity["service"].map(known[column]).astype(float) for column in ("price_gbp", "price_share_of_missed")
    )
    return activity.assign(cost_gbp=price * (activity["seen"] + activity["missed"] * missed_share))


def prices_of(activity: pd.DataFrame, prices: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The table of prices by service, once every service with activity has a number in each of these columns.

    Raises `BadTable` naming each service that lacks one, and counts of activity that are missing.

    >>> activity = pd.DataFrame({"service": ["gp", "mri"], "seen": [10, 2], "missed": [0, 1]})
    >>> prices_of(activity, pd.DataFrame({"service": ["gp", "mri"], "price_gbp": [42.0, None]}), "price_gbp")
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: prices: service, price_gbp: row 1: 'mri', missing; a missing price is not a price of 0: write what it is
    """
    counts = Rules("activity", activity)
    counts.numbers("seen", "missed")
    rules = Rules("prices", prices)
    if rules.has("service", *columns):
        lacking = sorted(set(activity["service"]) - set(prices["service"]))
        if lacking:
            says = f"prices: no row for {', '.join(lacking)}. Add a price for each service with activity"
            rules.problems.append(says)
        rules.unique("service")
        asked = prices["service"].isin(activity["service"])
        for column in columns:
            value = pd.to_numeric(prices[column], errors="coerce")
            what = (
                "a missing price is not a price of 0: write what it is" if column == "price_gbp" else "write it, or 0"
            )
            rules.rows(asked & ~np.isfinite(value), ["service", column], what)
    hold(counts, rules)
    return prices.set_index("service")


def costs(
    activity: pd.DataFrame,
    unit_cost: pd.DataFrame,
    price_index: pd.DataFrame | None = None,
    *,
    price_year: int,
    discount_rate: float,
    years: int | None = None,
    practices: Collection[object] | None = None,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """Costs over time in the prices of one year: in total, by service, by year, by decile and by practice.

    `activity`: one row per contact or count of them: `t` (years from the start), `service`, `qty`; if it has `imd`
    (decile, 1 is the most deprived) or `practice`, costs are told by them too; other columns are not looked at.
    `unit_cost`: one row per service: `service`, `cost` (GBP), `price_year`, `perspective` (one for all), `variable_share`
    (the share of the cost that is saved in cash when a contact is not made) and `source`. `price_index` (see `inflation`)
    is needed where price years differ. `years` is the horizon, `practices` all that there are: years, deciles, services
    and practices without activity have rows of 0.

    A row: `by` ('total', 'service', 'year', 'imd' or 'practice'), `group` (which, as text; the first year is '1'), `qty`,
    `cost`, `discounted_cost`, and of both the part that is released in cash: `cash_releasing` and
    `discounted_cash_releasing`; then `price_year`, `perspective` and `discount_cost`, the rate. A contact at t costs
    qty x cost x uplift x (1 + rate)^-t. Everything wrong with the tables is raised at once (`BadTable`).

    >>> activity = pd.DataFrame({"t": [0, 1, 1], "service": ["gp", "gp", "mri"], "qty": [10, 5, 1]})
    >>> prices = pd.DataFrame({"service": ["gp", "mri"], "cost": [40.0, 200.0], "price_year": 2024,
    ...                        "perspective": "NHS and PSS", "variable_share": [0.5, 0.0], "source": "an example"})
    >>> table = costs(activity, prices, price_year=2024, discount_rate=0.25)
    >>> table[["by", "group", "qty", "cost", "discounted_cost", "cash_releasing"]]
            by group   qty   cost  discounted_cost  cash_releasing
    0    total   all  16.0  800.0            720.0           300.0
    1  service    gp  15.0  600.0            560.0           300.0
    2  service   mri   1.0  200.0            160.0             0.0
    3     year     1  10.0  400.0            400.0           200.0
    4     year     2   6.0  400.0            320.0           100.0
    """
    activity = filled(activity, "qty", fill_missing)
    hold(_activity_rules(activity, unit_cost, years, practices), _unit_cost_rules(unit_cost))
    rate = checked_rate(discount_rate)
    known = unit_cost.set_index("service")
    factors = uplift_factors(price_index, known["price_year"].astype(int), to_year=price_year)
    price = known["cost"].astype(float) * factors

    qty, t = activity["qty"].astype(float), activity["t"].astype(float)
    cost = qty * activity["service"].map(price).astype(float)
    cash = cost * activity["service"].map(known["variable_share"]).astype(float)
    later = np.asarray(discount_factor(t, annual_rate=rate))
    amounts = pd.DataFrame(
        {
            "qty": qty,
            "cost": cost,
            "discounted_cost": cost * later,
            "cash_releasing": cash,
            "discounted_cash_releasing": cash * later,
        }
    )
    year = t.astype(int) + 1
    last = (int(year.max()) if len(year) else 0) if years is None else years
    parts = [
        _totals(amounts, "total", pd.Series("all", index=amounts.index), ["all"]),
        _totals(amounts, "service", activity["service"], known.index),
        _totals(amounts, "year", year, range(1, last + 1)),
    ]
    if "imd" in activity:
        parts.append(_totals(amounts, "imd", activity["imd"].astype(int), DECILES))
    if "practice" in activity:
        listed = sorted(activity["practice"].unique()) if practices is None else practices
        parts.append(_totals(amounts, "practice", activity["practice"], listed))
    perspective = unit_cost["perspective"].iloc[0]
    return pd.concat(parts, ignore_index=True).assign(
        price_year=price_year, perspective=perspective, discount_cost=rate
    )


def _totals(amounts: pd.DataFrame, by: str, groups: pd.Series, listed: Collection[object]) -> pd.DataFrame:
    """Sums by group, one row for each that is listed, of 0 where nothing was done."""
    sums = amounts.groupby(groups.to_numpy()).sum().reindex(list(listed), fill_value=0.0).reset_index(drop=True)
    sums.insert(0, "by", by)
    sums.insert(1, "group", [str(each) for each in listed])
    return sums


def _activity_rules(
    activity: pd.DataFrame, unit_cost: pd.DataFrame, years: int | None, practices: Collection[object] | None
) -> Rules:
    """What the table of activity must keep."""
    rules = Rules("activity", activity)
    rules.has("t", "service", "qty")
    rules.numbers("t", "qty", low=0)
    if years is not None and "t" in activity:
        late = pd.to_numeric(activity["t"], errors="coerce") >= years
        rules.rows(late, "t", f"the horizon is {years} years: leave out what comes later, or lengthen it")
    if "service" in unit_cost:
        rules.among("service", set(unit_cost["service"]), rule="unit_cost has no row for it; add what it costs")
    rules.among("imd", DECILES, rule="deciles run from 1 (most deprived) to 10")
    if practices is not None:
        rules.among("practice", practices, rule="it is not among the practices; add it or correct the code")
    if "practice" in activity and practices is None:
        rules.rows(activity["practice"].isna(), "practice", "say which practice it is")
    return rules


def _unit_cost_rules(unit_cost: pd.DataFrame) -> Rules:
    """What the table of unit costs must keep."""
    rules = Rules("unit_cost", unit_cost)
    if not rules.has("service", "cost", "price_year", "perspective", "variable_share", "source"):
        return rules
    rules.numbers("cost", low=0)
    rules.numbers("variable_share", low=0, high=1)
    year = pd.to_numeric(unit_cost["price_year"], errors="coerce")
    rules.rows(
        ~np.isfinite(year) | (year != np.floor(year)), ["service", "price_year"], "say of which year the price is"
    )
    rules.rows(unit_cost["source"].isna(), ["service", "source"], "say where the price comes from")
    rules.unique("service")
    perspectives = unit_cost["perspective"].unique()
    if len(perspectives) > 1:
        listed = ", ".join(map(str, perspectives))
        rules.problems.append(f"unit_cost: perspective: there are {listed}; costs are added up from one: choose it")
    return rules
