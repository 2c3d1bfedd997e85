"""A portfolio as a linear programme: its limits as rows of a matrix, and the best plan.

Solved by HiGHS through SciPy: `linprog`, or `milp` where people are whole or services have to be set up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy  # its parts load when they are first used

from outcomes.portfolio.options import ROUNDING, Programme
from outcomes.portfolio.words import number, share, shortfall
from outcomes.table_rules import BadTable

ZERO = 1e-9
"""A marginal is none where it is so small beside the largest coefficient of the aim."""
NUDGE = 0.001
"""Where two plans differ by nothing else, nobody is moved: pounds, or people away from need, that a move counts as."""
SNAP = 1e-6
"""People: a number this near a floor, a most or today's number is that number."""


class Infeasible(BadTable):
    """No plan keeps all limits together; the message says what they need and what there is."""


class Limits(NamedTuple):
    """Rows of `coefficients` times the variables must not be above `bounds`; `what` has `limit` and `row` for each.

    Variables: people by segment, then services begun (0 or 1), distances from need, and changes from today, by row.
    Each is from 0 to its number in `most`.
    """

    coefficients: np.ndarray
    bounds: np.ndarray
    what: pd.DataFrame
    most: np.ndarray


@dataclass(frozen=True)
class AllocationPlan:
    """How many people by row, and which services that need setting up are begun."""

    n: np.ndarray
    begun: np.ndarray


def limits_of(programme: Programme) -> Limits:
    """Everything a plan must keep, and what ties the auxiliary variables to people."""
    rows, segments = len(programme.options), programme.segments
    to_set_up = np.flatnonzero(programme.setup > 0)
    people = (segments.row == np.arange(rows)[:, None]).astype(float)
    nothing = np.zeros((rows, len(to_set_up)))
    begun = np.where(programme.service[:, None] == to_set_up, programme.upper[:, None], 0.0)
    apart, one = np.zeros((rows, rows)), np.eye(rows)
    within = (programme.service[:, None] == programme.service).astype(float)
    from_need = people - programme.need[:, None] * (within @ people)
    needs_begun = begun.any(axis=1)
    blocks: list[tuple[str, np.ndarray, np.ndarray]] = [
        ("floor", np.hstack([-people, nothing, apart, apart]), -programme.lower),
        ("most", np.hstack([people, -begun, apart, apart]), np.where(needs_begun, 0.0, programme.upper)),
        ("need", np.hstack([from_need, nothing, -one, apart]), np.zeros(rows)),
        ("need", np.hstack([-from_need, nothing, -one, apart]), np.zeros(rows)),
        ("change", np.hstack([people, nothing, apart, -one]), programme.now),
        ("change", np.hstack([-people, nothing, apart, -one]), -programme.now),
    ]
    rest = np.zeros(2 * rows)
    money = np.concatenate([segments.cost, programme.setup[to_set_up], rest])[None, :]
    blocks.append(("budget", money, np.array([programme.budget - programme.stranded.sum()])))
    used = np.hstack([programme.use @ people, np.zeros((len(programme.use), len(to_set_up) + 2 * rows))])
    blocks.append(("resource", used, programme.capacity))
    if programme.deprived_share is not None:
        short = (programme.deprived_share - programme.deprived) @ people
        blocks.append(("deprived share", np.concatenate([short, nothing[0], rest])[None, :], np.zeros(1)))
    what = [{"limit": limit, "row": row} for limit, _, bounds in blocks for row in range(len(bounds))]
    return Limits(
        np.vstack([block for _, block, _ in blocks]),
        np.concatenate([bounds for *_, bounds in blocks]),
        pd.DataFrame(what),
        np.concatenate([segments.width, np.ones(len(to_set_up)), np.full(2 * rows, np.inf)]),
    )


def best_plan(programme: Programme) -> AllocationPlan:
    """The plan of most (weighted) health; among equals the cheapest, of these the nearest to need, changing least.

    Of equal plans that begin different services, the one is taken that the solver finds, always the same. Whole people
    are moved for the sake of cost or need only where that leaves health exactly as it is: from services without gain, and
    between the groups of a service whose costs and gains agree.
    Raises `Infeasible`.
    """
    _floors_fit(programme)
    limits = limits_of(programme)
    segments, rows = programme.segments, len(programme.options)
    first = len(segments.row)
    health = np.zeros(len(limits.most))
    health[:first] = -programme.weight[segments.row] * segments.gain
    money = limits.coefficients[limits.what["limit"] == "budget"][0]
    need, change = np.zeros(len(health)), np.zeros(len(health))
    need[-2 * rows : -rows] = 1
    change[-rows:] = NUDGE
    aims = [health, money + change, need + change]
    begun = slice(first, len(health) - 2 * rows)
    most, least = limits.most.copy(), np.zeros(len(health))
    if programme.integer:
        found = _whole(programme, limits, aims)
    else:
        if most[begun].any():
            whole = np.zeros(len(health))
            whole[begun] = 1
            least[begun] = most[begun] = _most_health(programme, limits, health, whole)[begun]
        found = _with_fractions(programme, limits, aims, least, most)
    n = np.bincount(segments.row, found[:first], minlength=rows)
    for known in (programme.now, programme.lower, programme.upper):
        n = np.where(np.abs(n - known) < SNAP, known, n)
    return AllocationPlan(n, np.round(found[begun]))


def _with_fractions(
    programme: Programme, limits: Limits, aims: list[np.ndarray], least: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """One aim after the other. What a marginal says an aim rests on is held for the aims that follow, so that they choose
    among its best plans only."""
    equal = np.zeros(len(limits.bounds), dtype=bool)
    found = least
    for aim in aims:
        solved = scipy.optimize.linprog(
            aim,
            limits.coefficients[~equal],
            limits.bounds[~equal],
            limits.coefficients[equal] if equal.any() else None,
            limits.bounds[equal] if equal.any() else None,
            bounds=list(zip(least, most, strict=True)),
            method="highs",
        )
        if solved.x is None:
            raise _too_few_places(programme, limits)
        found, small = solved.x, ZERO * np.abs(aim).max()
        most = np.where(np.abs(solved.lower.marginals) > small, least, most)
        least = np.where(np.abs(solved.upper.marginals) > small, most, least)
        equal[np.flatnonzero(~equal)[np.abs(solved.ineqlin.marginals) > small]] = True
    return np.asarray(found)


def _whole(programme: Programme, limits: Limits, aims: list[np.ndarray]) -> np.ndarray:
    """Health first, in whole people. Then only people are moved whose moves leave health as it is."""
    segments, rows = programme.segments, len(programme.options)
    whole = np.ones(len(limits.most))
    whole[-2 * rows :] = 0
    others = len(whole) - len(segments.row)
    gaining = np.unique(segments.row[segments.gain != 0])
    people = (segments.row == gaining[:, None]).astype(float)
    found = _most_health(programme, limits, aims[0], whole)
    all_limits = scipy.optimize.LinearConstraint(limits.coefficients, -np.inf, limits.bounds)
    for aim, kept in zip(aims[1:], (people, _alike(programme)), strict=True):
        kept = np.hstack([kept, np.zeros((len(kept), others))])
        held = scipy.optimize.LinearConstraint(kept, kept @ found, kept @ found)
        solved = _solved(aim, whole, limits.most, all_limits, *([held] if len(kept) else []))
        found = found if solved is None else solved
    return found


def _alike(programme: Programme) -> np.ndarray:
    """Which segments people can be moved among with no other effect: those of one service, at one cost and gain. Shape
    (sets, segments)."""
    segments = programme.segments
    same = pd.DataFrame(
        {
            "service": programme.service[segments.row],
            "cost": segments.cost,
            "gain": programme.weight[segments.row] * segments.gain,
            "deprived": programme.deprived[segments.row],
        }
        | {
            f"use of {name}": use[segments.row]
            for name, use in zip(programme.resources["name"], programme.use, strict=True)
        }
    )
    sets = same.groupby(list(same), sort=False).ngroup().to_numpy()
    return (sets == np.arange(sets.max() + 1)[:, None]).astype(float)


def _most_health(programme: Programme, limits: Limits, aim: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The most health with some variables whole. Distances from need and changes, which bind nothing, are left out."""
    people = len(aim) - 2 * len(programme.options)
    binding = ~limits.what["limit"].isin(["need", "change"]).to_numpy()
    coefficients, bounds = limits.coefficients[binding][:, :people], limits.bounds[binding]
    size = np.abs(coefficients).max(axis=1, keepdims=True, initial=1)
    within = scipy.optimize.LinearConstraint(coefficients / size, -np.inf, bounds / size[:, 0])
    solved = _solved(aim[:people], whole[:people], limits.most[:people], within)
    if solved is None:
        raise _too_few_places(programme, limits)
    return np.concatenate([solved, np.zeros(len(aim) - people)])


def _solved(
    aim: np.ndarray, whole: np.ndarray, most: np.ndarray, *constraints: scipy.optimize.LinearConstraint
) -> np.ndarray | None:
    """What is best for one aim, with some variables `whole`; None where there is nothing."""
    solved = scipy.optimize.milp(
        aim,
        integrality=whole,
        bounds=scipy.optimize.Bounds(0, most),
        constraints=list(constraints),
        options={"mip_rel_gap": 0},
    )
    return None if solved.x is None else np.where(whole > 0, np.round(solved.x), solved.x)


def _floors_fit(programme: Programme) -> None:
    """Raises `Infeasible` where the floors alone need more than there is, of money or of a resource."""
    money = programme.cost(programme.lower) + programme.setup_paid(programme.lower)
    needs = [("budget is", "£", programme.budget, money)]
    resources = zip(programme.resources["name"], programme.capacity, programme.use, strict=True)
    needs += [("capacity is", str(name), capacity, use * programme.lower) for name, capacity, use in resources]
    short = [need for need in needs if need[3].sum() > need[2] + ROUNDING * max(need[2], 1)]
    if short:
        names = [programme.label(row) for row in range(len(programme.options))]
        raise Infeasible(
            [
                shortfall(float(floors.sum()), there, called, unit, list(zip(names, floors.tolist(), strict=True)))
                for called, unit, there, floors in short
            ]
        )


def _too_few_places(programme: Programme, limits: Limits) -> Infeasible:
    """Why there is no plan although the floors fit: the deprived groups' share cannot be reached."""
    asked = (limits.what["limit"] == "deprived share").to_numpy()
    nearest = scipy.optimize.linprog(
        limits.coefficients[asked][0],
        limits.coefficients[~asked],
        limits.bounds[~asked],
        bounds=[(0.0, most) for most in limits.most],
        method="highs",
    )
    return Infeasible(
        [
            f"Infeasible: within the floors, limits and budget imd_group {programme.deprived_names} cannot have "
            f"{share(programme.deprived_share or 0)} of all people treated; {number(nearest.fun or 0)} places are missing. "
            "Lower the share, or raise the most of services for these groups."
        ]
    )
