"""What care costs where capacity is bought: slots that are provided are paid for, whoever uses them or not.

The rule. The slots that exist are filled first. A contact in one of them costs the price of a contact; where it does not
happen, only its cash share is money. What a service sees beyond them is seen in the slots that were provided in
addition: these cost what they cost, used or not, and the contacts in them are not paid again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes.economics.activity_costs import cost_of_activity, prices_of
from outcomes.table_rules import Rules, hold

KEY = ["service", "year"]


def cost_of_care(
    activity: pd.DataFrame, prices: pd.DataFrame, *, existing: pd.DataFrame, provided: pd.DataFrame
) -> pd.DataFrame:
    """Costs by service and year, and what of them is cash.

    `activity` and `prices` as in `cost_of_activity`, by `service` and `year`; prices also have `cash_share`, the share of a
    contact's price that is saved in cash where it does not happen. `existing`: `service`, `year` and `contacts`, how many the slots that
    exist can take (seen or missed); a service without a row has room for everyone. `provided`: what was provided in
    addition, a row for each purchase: `service`, `year`, `contacts` (as many as the slots can take), `price_gbp` of each and
    `cash_share` of it (1 where it is bought, less where staff are moved from elsewhere).

    Returns a row per service and year: `contacts` (seen or missed, in slots that exist), `contacts_gbp` (of these),
    `provided_gbp`, `cost_gbp` (both), `cash_gbp`.

    A service sees 100 contacts at 60 pounds in 100 slots; with 20 slots more at 80 pounds it sees 110:

    >>> activity = pd.DataFrame({"service": ["physio"], "year": [1], "seen": [110], "missed": [0]})
    >>> prices = pd.DataFrame({"service": ["physio"], "price_gbp": [60.0], "price_share_of_missed": [0.0], "cash_share": [0.1]})
    >>> slots = pd.DataFrame({"service": ["physio"], "year": [1], "contacts": [100.0]})
    >>> bought = slots.assign(contacts=20.0, price_gbp=80.0, cash_share=1.0)
    >>> cost_of_care(activity, prices, existing=slots, provided=bought).drop(columns="contacts")
      service  year  contacts_gbp  provided_gbp  cost_gbp  cash_gbp
    0  physio     1        6000.0        1600.0    7600.0    2200.0
    """
    bought = _purchases(existing, provided)
    costs = cost_of_activity(activity, prices)
    known = prices_of(activity, prices, "cash_share")
    index = pd.MultiIndex.from_frame(activity[KEY])
    room = existing.set_index(KEY)["contacts"].reindex(index).to_numpy(dtype=float)
    added, provided_gbp, provided_cash = (
        bought[column].reindex(index, fill_value=0.0).to_numpy(dtype=float) for column in ("contacts", "gbp", "cash")
    )
    every = (activity["seen"] + activity["missed"]).to_numpy(dtype=float)
    contacts = every - np.clip(every - np.where(np.isnan(room), np.inf, room), 0, added)
    cost = costs["cost_gbp"].to_numpy(dtype=float)
    # multiplied first, so that whole pounds stay whole
    contacts_gbp = np.where(contacts == every, cost, cost * contacts / np.where(every > 0, every, 1))
    cash_share = activity["service"].map(known["cash_share"]).to_numpy(dtype=float)
    return activity[KEY].assign(
        contacts=contacts,
        contacts_gbp=contacts_gbp,
        provided_gbp=provided_gbp,
        cost_gbp=contacts_gbp + provided_gbp,
        cash_gbp=contacts_gbp * cash_share + provided_cash,
    )


def _purchases(existing: pd.DataFrame, provided: pd.DataFrame) -> pd.DataFrame:
    """What was provided by service and year: `contacts`, `gbp`, `cash`."""
    slots = Rules("existing", existing)
    if slots.has(*KEY, "contacts"):
        slots.numbers("contacts", low=0)
        slots.unique(*KEY)
    rules = Rules("provided", provided)
    if rules.has(*KEY, "contacts", "price_gbp", "cash_share"):
        rules.numbers("contacts", "price_gbp", low=0)
        rules.numbers("cash_share", low=0, high=1)
    hold(slots, rules)
    gbp = provided["contacts"] * provided["price_gbp"]
    table = provided[KEY].assign(contacts=provided["contacts"], gbp=gbp, cash=gbp * provided["cash_share"])
    return table.groupby(KEY)[["contacts", "gbp", "cash"]].sum()


def care_owed(waiting: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """What the care costs that people still wait for: a saving that comes from not having seen them is not one yet.

    `waiting`: one row per service and whatever else (year, scenario), with the visits owed to those on its list:
    `visits`. `prices` as in `cost_of_activity`. Returns the table with `owed_gbp`: visits times the price of a contact.

    >>> lists = pd.DataFrame({"service": ["physio", "mri"], "waiting": [30, 10], "visits": [90.0, 10.0]})
    >>> prices = pd.DataFrame({"service": ["physio", "mri"], "price_gbp": [60.0, 200.0]})
    >>> care_owed(lists, prices)["owed_gbp"].tolist()
    [5400.0, 2000.0]
    """
    rules = Rules("waiting", waiting)
    if rules.has("service", "visits"):
        rules.numbers("visits", low=0)
    hold(rules)
    known = prices_of(waiting.assign(seen=0, missed=0), prices, "price_gbp")
    return waiting.assign(owed_gbp=waiting["visits"] * waiting["service"].map(known["price_gbp"]).astype(float))
