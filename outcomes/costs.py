"""Costs of activity: how much was done, times what it costs."""

from __future__ import annotations

import pandas as pd


def cost_of_activity(activity: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Costs by row of activity.

    `activity`: one row per service and whatever else (year, decile), with `seen` and `missed` counts.
    `prices`: one row per service with `price_gbp` of a contact and `price_share_of_missed`, the share of it that a
    missed appointment costs. Returns the activity with a column `cost_gbp`. A service without a price raises
    ValueError: a missing price is not a price of zero.

    >>> activity = pd.DataFrame({"service": ["gp", "mri"], "seen": [10, 2], "missed": [0, 1]})
    >>> prices = pd.DataFrame({"service": ["gp", "mri"], "price_gbp": [42.0, 190.0], "price_share_of_missed": [0.0, 1.0]})
    >>> cost_of_activity(activity, prices)["cost_gbp"].tolist()
    [420.0, 570.0]
    """
    known = prices.set_index("service")
    missing = sorted(set(activity["service"]) - set(known.index))
    if missing:
        raise ValueError(f"prices: no row for {', '.join(missing)}. Add a price for each service with activity")
    price = activity["service"].map(known["price_gbp"]).astype(float)
    missed_share = activity["service"].map(known["price_share_of_missed"]).astype(float)
    return activity.assign(cost_gbp=price * (activity["seen"] + activity["missed"] * missed_share))
