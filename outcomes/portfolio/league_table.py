"""A league table of cost-effectiveness: rank by health for a pound, and pay down the list until the money is spent.

With one budget and people who can be split it finds the best plan. With set-up costs, whole people, or further limits it
need not, and it may break those limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.portfolio.options import ROUNDING, Programme


@dataclass(frozen=True)
class LeagueTable:
    """The plan that ranking finds: after the floors, money goes down the list of QALYs for a pound until it is spent.

    `table`: one row per option, with `service`, `imd_group`, `qalys_per_pound` of its first person (weighted), `rank` (1
    is first) and `n_after`. `breaks` names the limits besides floors, mosts and budget that this plan does not keep.
    """

    table: pd.DataFrame
    objective: float
    spend: float
    breaks: tuple[str, ...]


def by_league_table(programme: Programme) -> LeagueTable:
    """What ranking by (weighted) QALYs for a pound makes of a portfolio. A service that must be set up is begun where
    enough is left for that and for one person."""
    segments = programme.segments
    worth = programme.weight[segments.row] * segments.gain
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(worth > 0, worth / segments.cost, np.where(segments.cost > 0, worth / segments.cost, 0.0))
    n = programme.lower.copy()
    begun = np.bincount(programme.service, n) > 0
    left = programme.budget - programme.spend(n)
    for place in np.lexsort((segments.start, segments.row, -ratio)):
        row, cost = segments.row[place], segments.cost[place]
        service = programme.service[row]
        most = min(programme.upper[row], segments.start[place] + segments.width[place])
        room = most - n[row]
        first = 0.0 if begun[service] else programme.setup[service]
        affordable = (left - first) / cost if cost > 0 else room if left >= first else 0.0
        bought = min(room, affordable)
        if programme.integer:
            bought = np.floor(bought + ROUNDING)
        if worth[place] <= 0 or bought <= 0:
            continue
        n[row] += bought
        left -= first + bought * cost
        begun[service] = True
    table = programme.options[["service", "imd_group"]].assign(
        qalys_per_pound=ratio[segments.start == 0], rank=_ranks(ratio[segments.start == 0]), n_after=n
    )
    return LeagueTable(
        table, float(programme.weight @ programme.qalys(n)), programme.spend(n), tuple(_broken(programme, n))
    )


def _ranks(ratio: np.ndarray) -> np.ndarray:
    """Places in the list, 1 for the most health for a pound; equals share the better place."""
    return pd.Series(-ratio).rank(method="min").astype(int).to_numpy()


def _broken(programme: Programme, n: np.ndarray) -> list[str]:
    """Which further limits `n` does not keep."""
    used = programme.use @ n
    over = used > programme.capacity + ROUNDING * np.maximum(programme.capacity, 1)
    broken = [str(name) for name in programme.resources["name"][over]]
    if programme.deprived_share is not None:
        deprived = n[programme.deprived].sum()
        if deprived < programme.deprived_share * n.sum() - ROUNDING * max(n.sum(), 1):
            broken.append("share of the deprived groups")
    return broken
