"""What is wrong with a portfolio: every problem of its tables and settings, before anything is worked out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from outcomes.portfolio.options import NEUTRAL, REQUIRED, USE, ByGroup, Programme, Table
from outcomes.table_rules import Rules, filled, hold

SUM = 1e-6
"""Shares add to one if they miss it by less."""


def programme(
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
) -> Programme:
    """The portfolio, ready to be solved; arguments as in `outcomes.portfolio.allocate.allocate`. Raises `BadTable`.

    >>> yoga = {"service": ["yoga"], "unit_cost": [300.0], "qaly_pp": [0.02], "n_now": [0], "min_n": [0], "max_n": [80]}
    >>> programme(yoga, budget=9000.0).upper.tolist()
    [80.0]
    """
    given = filled(filled(pd.DataFrame(options), "n_now", fill_missing), "min_n", fill_missing)
    lacking = Rules("options", given)
    lacking.has(*REQUIRED)
    lacking.hold()
    absent = {column: value for column, value in NEUTRAL.items() if column not in given}
    table = given.assign(**absent)
    rules = Rules("options", table)
    _columns(rules, table, integer=integer)
    assets = pd.DataFrame({"name": [], "capacity": []} if resources is None else resources)
    steps = pd.DataFrame({"service": [], "from_n": [], "share_of_gain": []} if tranches is None else tranches)
    steps = steps.reset_index(drop=True)
    others = [_resources(assets, rules), _tranches(steps, table, integer=integer)]
    groups = list(dict.fromkeys(table["imd_group"]))
    weight, weight_rules = _by_group("equity_weights", equity_weights, groups, above=0)
    need, need_rules = _by_group("need_share", need_share, groups, low=0)
    if need_share is not None and not need_rules.problems and abs(need.sum() - 1) > SUM:
        need_rules.problems.append(f"need_share: the shares add to {need.sum():g}, they must add to 1")
    settings = _settings(budget, deprived_groups, deprived_share, change_limit, groups)
    hold(rules, *others, weight_rules, need_rules, settings)
    assumed = ("No column variable_share: stopping is taken to free the whole cost.",) * ("variable_share" in absent)
    made = Programme(
        options=table,
        budget=float(budget),
        weight=table["imd_group"].map(weight).to_numpy(dtype=float),
        need=_within_services(table, need),
        resources=assets,
        deprived=table["imd_group"].isin(list(deprived_groups)).to_numpy(),
        deprived_share=deprived_share,
        change_limit=change_limit,
        steps=_steps(steps, table),
        integer=integer,
        assumed=assumed,
    )
    between = "whole number between the" if integer else "number between the"
    rule = f"there is no {between} floor (or today less the change limit) and the most (or today plus the change limit)"
    rules.rows(made.lower > made.upper, ("min_n", "max_n"), rule)
    rules.hold()
    return made


def _columns(rules: Rules, table: pd.DataFrame, *, integer: bool) -> None:
    """The rules of the options' columns."""
    for column in ("service", "imd_group"):
        rules.rows(table[column].isna(), column, "a name is needed")
    rules.unique("service", "imd_group")
    rules.numbers("unit_cost", "setup_cost", low=0)
    rules.numbers("n_now", "min_n", low=0, whole=integer)
    rules.numbers("variable_share", low=0, high=1)
    rules.numbers("qaly_pp")
    for column in ("qaly_sd", "change_limit"):
        known = pd.to_numeric(table[column], errors="coerce")
        rules.rows(table[column].notna() & ~(known >= 0), column, "a number from 0 is needed, or nothing")
    most, floor, now, gain = (
        pd.to_numeric(table[column], errors="coerce") for column in ("max_n", "min_n", "n_now", "qaly_pp")
    )
    unbounded = "without it the plan has no bound: write how many people could be treated at the most"
    rules.rows(~np.isfinite(most), "max_n", unbounded)
    rules.rows(most < 0, "max_n", "a number from 0 is needed")
    rules.rows(floor > most, ("min_n", "max_n"), "the floor must not be above the most")
    only_down = "what gives no health may only be scaled down: lower the floor to today's number, or correct the gain"
    rules.rows((gain <= 0) & (floor > now), ("qaly_pp", "n_now", "min_n"), only_down)
    several = table.groupby("service")["setup_cost"].transform("nunique") > 1
    rules.rows(several, ("service", "setup_cost"), "a service is set up once: write the same cost in each of its rows")


def _resources(assets: pd.DataFrame, options: Rules) -> Rules:
    """The rules of the resources; each has a column in the options that says how much of it a person uses."""
    rules = Rules("resources", assets)
    if rules.has("name", "capacity"):
        rules.unique("name")
        rules.numbers("capacity", low=0)
        columns = [f"{name}{USE}" for name in assets["name"]]
        if options.has(*columns):
            options.numbers(*(column for column in columns if column not in NEUTRAL), low=0)
    return rules


def _tranches(steps: pd.DataFrame, options: pd.DataFrame, *, integer: bool) -> Rules:
    """The rules of falling returns: gains may fall as more people are treated, not rise."""
    rules = Rules("tranches", steps)
    if rules.has("service", "from_n", "share_of_gain"):
        groups = [column for column in ("service", "imd_group") if column in steps]
        rules.among("service", set(options["service"]), rule="there is no such service among the options")
        rules.numbers("from_n", low=0, whole=integer)
        rules.numbers("share_of_gain", low=0, high=1)
        rules.unique(*groups, "from_n")
        if not rules.problems and len(steps):
            before = steps.sort_values("from_n").groupby(groups)["share_of_gain"].shift(fill_value=1)
            rising = steps["share_of_gain"] > before.reindex(steps.index)
            rules.rows(rising, "share_of_gain", "returns may only fall: the share is higher than that before it")
            harms = options.loc[pd.to_numeric(options["qaly_pp"], errors="coerce") <= 0, "service"]
            without = steps["service"].isin(harms)
            rules.rows(without, "service", "it gives no health, so that its returns cannot fall: leave it out")
    return rules


def _steps(tranches: pd.DataFrame, options: pd.DataFrame) -> list[list[tuple[float, float]]]:
    """For each option, from which person on which share of the gain is left."""
    columns = [column for column in ("service", "imd_group") if column in tranches]
    known: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for row in tranches.sort_values("from_n").to_dict("records"):
        step = (float(row["from_n"]), float(row["share_of_gain"]))
        known.setdefault(tuple(row[column] for column in columns), []).append(step)
    return [known.get(tuple(row), []) for row in options[columns].itertuples(index=False, name=None)]


def _by_group(name: str, given: ByGroup | None, groups: list[Any], **bounds: Any) -> tuple[pd.Series, Rules]:
    """A number for each group (all alike where none is given), and what is wrong with them."""
    if given is None:
        return pd.Series(1.0, index=groups), Rules(name, pd.DataFrame())
    values = pd.Series(given)
    rules = Rules(name, pd.DataFrame({"imd_group": values.index, name: values.to_numpy()}, index=values.index))
    rules.numbers(name, **bounds)
    rules.problems += [f"{name}: imd_group {group} of the options has none" for group in groups if group not in values]
    rules.rows(~values.index.isin(groups), "imd_group", "no option is for this group")
    return values.reindex(groups), rules


def _within_services(options: pd.DataFrame, need: pd.Series) -> np.ndarray:
    """Each row's share of the need among the groups that its service is for; equal shares where that is nothing."""
    own = options["imd_group"].map(need).astype(float)
    together = own.groupby(options["service"]).transform("sum")
    rows = own.groupby(options["service"]).transform("size")
    return np.where(together > 0, own / together.where(together > 0), 1 / rows)


def _settings(
    budget: float,
    deprived_groups: Collection[Any],
    deprived_share: float | None,
    change_limit: float | None,
    groups: list[Any],
) -> Rules:
    """What is wrong with the numbers that stand in no table."""
    rules = Rules("settings", pd.DataFrame())
    for name, value, high in (
        ("budget", budget, np.inf),
        ("deprived_share", deprived_share, 1),
        ("change_limit", change_limit, np.inf),
    ):
        if value is None and name != "budget":
            continue
        if not isinstance(value, (int, float, np.number)) or not np.isfinite(value) or not 0 <= value <= high:
            to = f" to {high}" if np.isfinite(high) else ""
            rules.problems.append(f"{name}: {value}; a number from 0{to} is needed")
    listed = ", ".join(map(str, groups))
    if deprived_share is not None and not set(deprived_groups) & set(groups):
        said = ", ".join(map(str, deprived_groups)) or "none named"
        rules.problems.append(
            f"deprived_groups: {said}; say which groups are deprived, of those in imd_group: {listed}"
        )
    return rules
