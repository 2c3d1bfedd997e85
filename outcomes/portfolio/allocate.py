"""The same money, otherwise: how many people each service should treat within a fixed budget, so that health is largest.

Health is what the options table says a person gains; nothing is simulated here. What a plan is worth is no better than
those gains: `Allocation.implausible` says where they are larger than any trial has found.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.checks import programme as checked
from outcomes.portfolio.league_table import by_league_table
from outcomes.portfolio.options import ByGroup, Programme, Table
from outcomes.portfolio.programme import best_plan
from outcomes.portfolio.shadow_prices import shadow_prices

DECISIONS = ("stopped", "scaled down", "unchanged", "scaled up", "started")


def allocate(
    options: Table,
    *,
    budget: float,
    resources: Table | None = None,
    equity_weights: ByGroup | None = None,
    deprived_groups: Collection[Any] = (),
    deprived_share: float | None = None,
    need_share: ByGroup | None = None,
    change_limit: float | None = None,
    tranches: Table | None = None,
    integer: bool = False,
    fill_missing: float | None = None,
) -> Allocation:
    """The plan of most health for a fixed budget. Each row of `options` is a service for a group of people:

    `service`, `unit_cost` (pounds a person), `qaly_pp` (QALYs a person gains; none or harm: only down), `n_now`, `min_n`,
    `max_n` (people a year); and, where they are known, `imd_group` (1 is most deprived), `variable_share` (of the cost,
    0-1: what stopping frees), `qaly_sd`, `setup_cost` (pounds, paid once by a service that nobody has today),
    `change_limit` (people), `sessions_per_person`, `evidence_class`, `source`.

    `resources`: `name` and `capacity`; a person uses what the options' column `<name>_per_person` says.
    `equity_weights`: what a QALY counts, by imd_group (all 1). `deprived_share`: the least share of all people treated
    who are of the `deprived_groups`. `need_share`: by imd_group, adding to 1 (equal). `change_limit`: people by whom any
    row may change. `tranches`: `service` (and `imd_group`), `from_n`, `share_of_gain`: people beyond `from_n` gain only
    this share. `integer`: whole people. `fill_missing`: what a missing n_now or min_n counts as.

    Several plans may be equally healthy: the cheapest is taken; of those, the one in which each service is split nearest
    to need (the least sum of differences between n of the group and its need share of the service's n), and of those the least change.

    Raises `BadTable` with everything that is wrong, and its kind `Infeasible` where the limits cannot be kept together.
    Method: linear programming (Stinnett and Paltiel 1996), integers and set-up costs by branch and bound.

    >>> services = {"service": ["injection", "class"], "unit_cost": [600, 200], "qaly_pp": [0.0, 0.02],
    ...             "n_now": [100, 50], "min_n": [10, 0], "max_n": [100, 400]}
    >>> found = allocate(services, budget=70_000)
    >>> found.plan[["service", "n_now", "n_after"]]
         service  n_now  n_after
    0  injection  100.0     10.0
    1      class   50.0    320.0
    >>> round(found.qalys, 3), round(found.spend), round(found.moved_gbp), round(found.shadow_price)
    (6.4, 70000, 54000, 10000)
    """
    programme = checked(
        options,
        budget=budget,
        resources=resources,
        equity_weights=equity_weights,
        deprived_groups=deprived_groups,
        deprived_share=deprived_share,
        need_share=need_share,
        change_limit=change_limit,
        tranches=tranches,
        integer=integer,
        fill_missing=fill_missing,
    )
    best = best_plan(programme)
    plan = plan_table(programme, best.n)
    prices = shadow_prices(programme, best)
    of_money = prices.loc[prices["limit"] == "budget", "qalys_per_unit"]
    less = plan["cost_now"] - plan["cost_after"]
    return Allocation(
        plan=plan,
        objective=float(programme.weight @ programme.qalys(best.n)),
        objective_now=float(programme.weight @ programme.qalys(programme.now)),
        qalys=float(plan["qalys_after"].sum()),
        qalys_now=float(plan["qalys_now"].sum()),
        people=float(plan["n_after"].sum()),
        people_now=float(plan["n_now"].sum()),
        budget=programme.budget,
        spend=float(plan["cost_after"].sum()),
        spend_now=float(plan["cost_now"].sum()),
        moved_gbp=float(less[less > 0].sum()),
        shadow_price=float(1 / of_money.iloc[0]) if len(of_money) else float("nan"),
        shadow_prices=prices,
        league_table=by_league_table(programme),
        weighted=bool((programme.weight != 1).any()),
        assumed=programme.assumed,
    )


def plan_table(programme: Programme, n: np.ndarray) -> pd.DataFrame:
    """What `n` people in each row mean, beside today: the columns of `Allocation.plan`."""
    now = programme.now
    return programme.options[["service", "imd_group", "evidence_class"]].assign(
        decision=decisions(now, n),
        n_now=now,
        n_after=n,
        change=n - now,
        cost_now=programme.cost(now),
        cost_after=programme.cost(n) + programme.setup_paid(n),
        qalys_now=programme.qalys(now),
        qalys_after=programme.qalys(n),
    )


def decisions(now: np.ndarray, n: np.ndarray) -> np.ndarray:
    """What is decided by row, one of `DECISIONS`, where so many people are treated now, and then.

    >>> decisions(np.array([5, 5, 5, 5, 0]), np.array([0, 4, 5, 6, 1])).tolist()
    ['stopped', 'scaled down', 'unchanged', 'scaled up', 'started']
    """
    down, up = n < now, n > now
    return np.select(
        [down & (n == 0), down, up & (now == 0), up], ["stopped", "scaled down", "started", "scaled up"], "unchanged"
    )
