"""A plan for a fixed budget beside what is done today, and what it says in words: what changes, what binds, what to doubt."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from outcomes.policy_values import policy, policy_value
from outcomes.portfolio.league_table import LeagueTable
from outcomes.portfolio.options import ROUNDING
from outcomes.portfolio.words import listed, number, pounds, share

NAMED = 3
"""So many options are named in a sentence; the rest are counted."""


@dataclass(frozen=True)
class Allocation:
    """A plan for a fixed budget, beside what is done today.

    `plan`: one row per option, in the order given: `service`, `imd_group`, `evidence_class`, `decision` (one of
    `DECISIONS`), `n_now`, `n_after`, `change`, `cost_now`, `cost_after`, `qalys_now`, `qalys_after`. Costs in pounds hold
    what stopping does not free, and setting up. `objective`: QALYs times equity weights, which the plan maximises;
    `qalys` are without weights. `moved_gbp`: pounds taken from services that cost less than today. `shadow_price`: pounds
    that one (weighted) QALY more would cost, NaN where money is left. `shadow_prices`: one row per limit that binds, as
    `shadow_prices.shadow_prices` returns them. `assumed`: what was taken for granted because a column is missing.
    """

    plan: pd.DataFrame
    objective: float
    objective_now: float
    qalys: float
    qalys_now: float
    people: float
    people_now: float
    budget: float
    spend: float
    spend_now: float
    moved_gbp: float
    shadow_price: float
    shadow_prices: pd.DataFrame
    league_table: LeagueTable
    weighted: bool
    assumed: tuple[str, ...]

    @property
    def binding(self) -> tuple[str, ...]:
        """The limits that keep the plan from more health, in words, the money first."""
        return binding(self)

    @property
    def implausible(self) -> tuple[str, ...]:
        """Why the gains are not to be believed, where they are larger than trials have found; else nothing."""
        return implausible(self.plan)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result in words: what changes, what it costs, how it compares, and every doubt."""
        return result(self)


def result(found: Allocation) -> tuple[str, ...]:
    """Everything there is to say of an allocation, the finding first and the doubts last."""
    return (
        _health(found),
        _money(found),
        _margin(found),
        _against_ranking(found),
        *implausible(found.plan),
        *found.assumed,
    )


def _health(found: Allocation) -> str:
    gain = found.qalys - found.qalys_now
    more = f"{number(abs(gain))} {'more' if gain >= 0 else 'fewer'}"
    if found.qalys_now > 0:
        more += f", {share(abs(gain) / found.qalys_now)}"
    return (
        f"Today {pounds(found.spend_now)} gives {number(found.qalys_now)} QALYs; the plan gives {number(found.qalys)} "
        f"for {pounds(found.spend)} ({more})."
    )


def _money(found: Allocation) -> str:
    counts = found.plan["decision"].value_counts()
    parts = [
        f"{counts[decision]} {decision}"
        for decision in ("stopped", "scaled down", "scaled up", "started", "unchanged")
        if decision in counts
    ]
    part = f" ({share(found.moved_gbp / found.spend_now)} of what is spent today)" if found.spend_now > 0 else ""
    return f"{pounds(found.moved_gbp)}{part} is moved. Options: {listed(parts)}."


def _margin(found: Allocation) -> str:
    if pd.isna(found.shadow_price):
        return f"{pounds(found.budget - found.spend)} is left: within the other limits more money would add no health."
    weighted = " weighted" * found.weighted
    return f"At the margin one{weighted} QALY more would cost {pounds(found.shadow_price)}."


def _against_ranking(found: Allocation) -> str:
    ranked = found.league_table
    if ranked.breaks:
        return f"Ranking by QALYs for a pound would break a limit: {listed(ranked.breaks)}."
    fewer = found.objective - ranked.objective
    if fewer > ROUNDING * max(abs(found.objective), 1):
        return f"Ranking by QALYs for a pound, the usual list, would find {number(fewer)} QALYs fewer."
    return "Ranking by QALYs for a pound, the usual list, finds the same health."


def binding(found: Allocation) -> tuple[str, ...]:
    """The limits that bind, in words, the money first and then those whose unit is worth most."""
    prices = found.shadow_prices
    order = prices.assign(last=prices["limit"] != "budget").sort_values(
        ["last", "qalys_per_unit"], ascending=[True, False], kind="stable"
    )
    return tuple(_limit(found, limit, name, bound, worth) for limit, name, bound, worth, _ in order.to_numpy())


def _limit(found: Allocation, limit: str, name: str, bound: float, worth: float) -> str:
    match limit:
        case "budget":
            return f"Money: all of {pounds(bound)} counts; {_margin(found)[:1].lower()}{_margin(found)[1:]}"
        case "resource":
            return f"{name}: all {number(bound)} are used; one more would add {number(worth)} QALYs."
        case "deprived share":
            return f"imd_group {name}: just the {share(bound)} of people that they must have; the last place costs {number(worth)} QALYs."
        case "floor":
            return f"{name}: at its floor of {number(bound)}; one person fewer would free money worth {number(worth)} QALYs."
        case _:
            return f"{name}: at its most of {number(bound)}; one person more would add {number(worth)} QALYs."


def implausible(plan: pd.DataFrame) -> tuple[str, ...]:
    """A warning where people gain more than is plausible, on average or from single options; see policy.toml.

    >>> plan = pd.DataFrame({"service": ["class"], "n_now": [10.0], "n_after": [20.0], "qalys_now": [3.0], "qalys_after": [6.0]})
    >>> for sentence in implausible(plan):
    ...     print(sentence.split(";")[0])
    Implausible gains: 0.3 QALYs a person today, 0.3 in the plan
    """
    highest = policy_value("implausible_gain")
    means = [
        plan[f"qalys_{when}"].sum() / people if (people := plan[f"n_{when}"].sum()) > 0 else 0.0
        for when in ("now", "after")
    ]
    why = f"more than {highest:g} per treated person and year is not believable without a reason. {policy()['implausible_gain']['source']}."
    if max(means) > highest:
        return (f"Implausible gains: {number(means[0])} QALYs a person today, {number(means[1])} in the plan; {why}",)
    treated = plan[plan["n_after"] > 0]
    each = (treated["qalys_after"] / treated["n_after"]).groupby(treated["service"], sort=False).max()
    large = each[each > highest].sort_values(ascending=False, kind="stable")
    if not len(large):
        return ()
    named = [f"{service} {number(gain)}" for service, gain in large.head(NAMED).items()]
    more = f" and {len(large) - NAMED} more" if len(large) > NAMED else ""
    return (f"Implausible gains of single services: {', '.join(named)}{more} QALYs a person; {why}",)
