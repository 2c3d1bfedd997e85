"""Incremental analysis: what more health costs, arm against arm and along the frontier. No negative ratio is given."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, as_given, checked, plain, together
from outcomes.economics.draw_tables import StrategyDraws, either, read_draws
from outcomes.noise import apart, snapped
from outcomes.paired import LEVEL
from outcomes.table_rules import Rules

DOMINATES = "dominates"
DOMINATED = "dominated"
GAIN = "cost per QALY gained"
LOSS = "saving per QALY lost"
SAME = "not defined: no difference"
NOT_KNOWN = "not known: a cost or a gain is missing"
QUADRANTS = {GAIN: "north_east", DOMINATES: "south_east", LOSS: "south_west", DOMINATED: "north_west", SAME: "same"}
"""What a difference is called, and where on the plane of QALYs (east) and costs (north) it lies.

A difference on an axis belongs to what it amounts to: as much health for less money dominates."""
STEPS = 72
"""So many points go around an ellipse."""


@dataclass(frozen=True)
class Plane:
    """Differences from a baseline, draw by draw.

    `differences`: one row per draw and strategy: `draw`, `strategy`, `inc_cost`, `inc_qaly`. `quadrants`: one row per
    strategy: its mean differences, the shares of draws in `north_east` (costs more, gains), `south_east` (dominates),
    `south_west` (saves, loses), `north_west` (dominated) and `same` (no difference). `ellipses`: the points around the
    region that holds 95% of a normal distribution with the same means and covariance: `strategy`, `inc_qaly`, `inc_cost`.
    """

    differences: pd.DataFrame
    quadrants: pd.DataFrame
    ellipses: pd.DataFrame


def net_monetary_benefit(*, qalys: Numbers, cost: Numbers, threshold: float) -> Any:
    """Health gained, in pounds, minus its cost. A float, or an array for several.

    `threshold` is pounds per QALY; the policy values `threshold`, `threshold_high` and `health_displaced` name sources.

    >>> net_monetary_benefit(qalys=0.05, cost=600.0, threshold=20_000.0)
    400.0
    """
    limit = float(checked("threshold", threshold, low=0))
    gained, spent = checked("qalys", qalys), checked("cost", cost)
    together(qalys=gained, cost=spent)
    return plain(limit * gained - spent)


def net_health_benefit(*, qalys: Numbers, cost: Numbers, threshold: float) -> Any:
    """Health gained minus the health that its cost would buy elsewhere, in QALYs. A float, or an array for several.

    >>> net_health_benefit(qalys=0.5, cost=5000.0, threshold=20_000.0)
    0.25
    """
    limit = float(checked("threshold", threshold, low=0))
    if limit == 0:
        raise ValueError("threshold: 0; a QALY that costs nothing elsewhere outweighs any cost: give a number above 0")
    gained, spent = checked("qalys", qalys), checked("cost", cost)
    together(qalys=gained, cost=spent)
    return plain(gained - spent / limit)


def icer_table(strategies: pd.DataFrame) -> pd.DataFrame:
    """Fully incremental analysis: which strategies are worth considering, and what their additional health costs.

    `strategies`: one row each: `strategy`, `cost` (GBP) and `qaly` (or `effect`). Returned sorted by cost, then more
    health first, then name, with the differences from the strategy before it on the frontier (`inc_cost`, `inc_qaly`),
    their ratio `icer` (missing for the first of the frontier and off it) and `status`:

    ND, on the frontier; D, dominated (another costs no more and gains no less); ED, dominated in the extended sense (its
    ratio is above that of the next); EQ, the same in both as one on the frontier that stands before it. Points on a
    straight line of the frontier all stay on it. What differs by rounding alone is the same (`noise`).
    Method: strong dominance, then extended dominance until ratios rise.

    >>> icer_table(pd.DataFrame({"strategy": ["usual", "cft", "inject", "mri"], "cost": [500.0, 700, 1000, 900],
    ...                          "qaly": [0.5, 0.75, 1.0, 0.5]}))
      strategy    cost  qaly  inc_cost  inc_qaly    icer status
    0    usual   500.0  0.50       NaN       NaN     NaN     ND
    1      cft   700.0  0.75     200.0      0.25   800.0     ND
    2      mri   900.0  0.50       NaN       NaN     NaN      D
    3   inject  1000.0  1.00     300.0      0.25  1200.0     ND
    """
    health = _checked(strategies)
    ordered = strategies[["strategy", "cost", health]].astype({"cost": float, health: float})
    ordered = ordered.assign(
        spent=snapped(ordered["cost"]), gained=snapped(ordered[health]), name=ordered["strategy"].astype(str)
    )
    ordered = ordered.sort_values(["spent", "gained", "name"], ascending=[True, False, True]).reset_index(drop=True)
    points = list(zip(ordered["spent"], ordered["gained"], strict=True))
    ordered = ordered.drop(columns=["spent", "gained", "name"])
    frontier, status = _frontier(points)
    table = ordered.assign(inc_cost=math.nan)
    table[f"inc_{health}"] = math.nan
    table = table.assign(icer=math.nan, status=status)
    for before, here in itertools.pairwise(frontier):
        more_cost, more_health = points[here][0] - points[before][0], points[here][1] - points[before][1]
        table.loc[here, ["inc_cost", f"inc_{health}", "icer"]] = more_cost, more_health, more_cost / more_health
    return table


def against_baseline(strategies: pd.DataFrame, *, baseline: str) -> pd.DataFrame:
    """Every other strategy against one, in the order given.

    `strategies` as in `icer_table`. A row: `strategy`, `inc_cost`, `inc_qaly`, `icer` and `result`, which says what the
    ratio is: 'cost per QALY gained', 'saving per QALY lost', or, where there is no ratio and `icer` is missing,
    'dominates', 'dominated' or 'not defined: no difference'.

    >>> table = pd.DataFrame({"strategy": ["usual", "cft", "less"], "cost": [500, 700, 400], "qaly": [0.5, 0.75, 0.25]})
    >>> against_baseline(table, baseline="usual")
      strategy  inc_cost  inc_qaly   icer                result
    0      cft     200.0      0.25  800.0  cost per QALY gained
    1     less    -100.0     -0.25  400.0  saving per QALY lost
    """
    health = _checked(strategies)
    named = strategies["strategy"] == baseline
    if not named.any():
        listed = ", ".join(map(str, strategies["strategy"]))
        raise ValueError(f"baseline: there is no strategy '{baseline}'; there are: {listed}")
    usual, others = strategies[named].iloc[0], strategies[~named]
    found = pd.DataFrame(
        {
            "strategy": others["strategy"],
            "inc_cost": apart(others["cost"], [float(usual["cost"])] * len(others)),
            f"inc_{health}": apart(others[health], [float(usual[health])] * len(others)),
        }
    ).reset_index(drop=True)
    pairs = zip(found["inc_cost"], found[f"inc_{health}"], strict=True)
    results = [incremental_result(inc_cost=cost, inc_qaly=qaly) for cost, qaly in pairs]
    ratio = (found["inc_cost"] / found[f"inc_{health}"]).where(pd.Series(results, dtype=object).isin([GAIN, LOSS]))
    return found.assign(icer=ratio, result=results)


def incremental_result(*, inc_cost: float, inc_qaly: float) -> str:
    """What a difference in cost and health is called; 'not known' where either is missing or endless.

    >>> incremental_result(inc_cost=-100, inc_qaly=0.01), incremental_result(inc_cost=0, inc_qaly=0)
    ('dominates', 'not defined: no difference')
    """
    _, (more_cost, more_health) = as_given([inc_cost, inc_qaly])
    if not (math.isfinite(more_cost) and math.isfinite(more_health)):
        return NOT_KNOWN
    if inc_cost == 0 and inc_qaly == 0:
        return SAME
    if inc_cost > 0 and inc_qaly > 0:
        return GAIN
    if inc_cost < 0 and inc_qaly < 0:
        return LOSS
    return DOMINATES if inc_qaly >= 0 and inc_cost <= 0 else DOMINATED


def cost_effectiveness_plane(draws: pd.DataFrame, *, baseline: str) -> Plane:
    """Joint differences in cost and health from a baseline, with shares of the quadrants and 95% ellipses.

    `draws`: one row per draw and strategy: `draw` (or `sample`), `strategy`, `cost`, `qaly` (or `effect`).
    Ellipse: means + L (cos, sin) x sqrt(-2 ln 0.05), where L L' is the covariance; missing with a single draw.

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5, 9, 6, 4],
    ...                       "qaly": [0.5, 0.75, 0.5, 1.0]})
    >>> plane = cost_effectiveness_plane(draws, baseline="usual")
    >>> plane.quadrants.iloc[0].to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'strategy': 'cft', 'inc_cost': 1.0, 'inc_qaly': 0.375, 'north_east': 0.5, 'south_east': 0.5, 'south_west': 0.0,
     'north_west': 0.0, 'same': 0.0}
    """
    found = read_draws(draws)
    start = found.position(baseline)
    differences, quadrants, ellipses = [], [], []
    for column, strategy in enumerate(found.strategies):
        if column != start:
            more = _difference(found, column, start)
            differences.append(more.assign(strategy=strategy))
            named = [incremental_result(inc_cost=cost, inc_qaly=qaly) for cost, qaly in more.to_numpy()]
            shares = {place: named.count(result) / len(named) for result, place in QUADRANTS.items()}
            mean_cost, mean_qaly = more.mean()
            quadrants.append({"strategy": strategy, "inc_cost": mean_cost, "inc_qaly": mean_qaly, **shares})
            ellipses.append(_ellipse(more).assign(strategy=strategy))
    if not differences:
        raise ValueError(f"draws: there is no strategy but '{baseline}'; give one to compare it with")
    joined = pd.concat(differences).rename_axis("draw").reset_index()
    return Plane(
        differences=joined[["draw", "strategy", "inc_cost", "inc_qaly"]],
        quadrants=pd.DataFrame(quadrants),
        ellipses=pd.concat(ellipses, ignore_index=True)[["strategy", "inc_qaly", "inc_cost"]],
    )


def _frontier(points: list[tuple[float, float]]) -> tuple[list[int], list[str]]:
    """Places on the frontier, and the status of each point; points come by cost, more health first."""
    frontier: list[int] = []
    status = ["D"] * len(points)
    twin: dict[int, int] = {}
    most = -math.inf
    best = -1
    for here, (_, health) in enumerate(points):
        if health <= most:
            if points[here] == points[best]:
                twin[here] = best
            continue
        while len(frontier) > 1 and _ratio_falls(*(points[place] for place in (*frontier[-2:], here))):
            status[frontier.pop()] = "ED"
        frontier.append(here)
        status[here], most, best = "ND", health, here
    for here, other in twin.items():
        status[here] = "EQ" if status[other] == "ND" else status[other]
    return frontier, status


def _ratio_falls(low: tuple[float, float], middle: tuple[float, float], high: tuple[float, float]) -> bool:
    """Whether the step to the middle costs more per unit of health than the step from it; rounding is not a fall."""
    first = (middle[0] - low[0]) / (middle[1] - low[1])
    second = (high[0] - middle[0]) / (high[1] - middle[1])
    return first > second and not math.isclose(first, second)


def _checked(strategies: pd.DataFrame) -> str:
    """The name of the column of health, once the table of strategies is known to be sound."""
    health = either(strategies, "qaly", "effect")
    rules = Rules("strategies", strategies)
    if rules.has("strategy", "cost", health):
        rules.numbers("cost", health)
        rules.unique("strategy")
        if not len(strategies):
            rules.problems.append("strategies: the table has no rows; give one for each strategy")
    rules.hold()
    return health


def _difference(found: StrategyDraws, column: int, start: int) -> pd.DataFrame:
    """Differences of one strategy from another, one row per draw."""
    return pd.DataFrame(
        {
            "inc_cost": apart(found.cost[:, column], found.cost[:, start]),
            "inc_qaly": apart(found.qaly[:, column], found.qaly[:, start]),
        },
        index=found.draws,
    )


def _ellipse(more: pd.DataFrame) -> pd.DataFrame:
    """Points around the region of 95%."""
    angles = np.linspace(0, 2 * np.pi, STEPS + 1)
    circle = np.column_stack([np.cos(angles), np.sin(angles)]) * math.sqrt(-2 * math.log(1 - LEVEL))
    spread = more.std(ddof=1).to_numpy()
    together = more.iloc[:, 0].corr(more.iloc[:, 1]) if (spread > 0).all() else 0.0
    root = np.array([[1.0, 0.0], [together, math.sqrt(max(0.0, 1 - together**2))]]) * spread[:, None]
    return pd.DataFrame(circle @ root.T + more.mean().to_numpy(), columns=more.columns)
