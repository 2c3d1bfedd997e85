"""What a portfolio is worth: its plan, how sure it is, and the same with other gains beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from outcomes.portfolio.allocate import allocate, decisions
from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.uncertainty import AllocationUncertainty, allocation_uncertainty

TRIAL = "trial"
"""The gains of the column `qaly_pp`; those of `qaly_pp_<name>` are called by that name."""
GAINS = "qaly_pp"
GRADE = "_grade"
"""How columns end that say how good the evidence for another one is."""
DRAWS = 256
"""Draws of the gains, unless another number is asked for."""
SEED = 42
"""So is the seed of what is drawn."""


@dataclass(frozen=True)
class PortfolioSettings:
    """What a portfolio is valued with: which gains, and the arguments of `allocate` besides the options.

    `other_gains` are the names of further columns of gains; `name`, `title` and `where` are what the portfolio is called:
    by its reader, in headings, and in messages.
    """

    name: str
    title: str
    where: str
    gains: str
    other_gains: tuple[str, ...]
    limits: Mapping[str, Any]


@dataclass(frozen=True)
class PortfolioValue:
    """A portfolio valued: the plan with the gains asked for, plans with the other gains, and what is to be said of them.

    `uncertainty` is None where the options give no spread of the gains; `warnings` are reasons not to rely on the plan.
    """

    settings: PortfolioSettings
    options: pd.DataFrame
    allocation: Allocation
    beside: Mapping[str, Allocation]
    uncertainty: AllocationUncertainty | None
    seed: int
    warnings: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The finding in words, without the warnings."""
        return tuple(each for each in self.allocation.sentences if each not in self.warnings)

    @property
    def plans(self) -> dict[str, Allocation]:
        """Every plan by the name of its gains, those asked for first."""
        return {self.settings.gains: self.allocation, **self.beside}

    @property
    def changes(self) -> int:
        """How many options the plan changes."""
        return int((self.allocation.plan["decision"] != "unchanged").sum())

    @property
    def share_same(self) -> pd.Series:
        """By option the share of draws whose own best plan moves it the same way; NaN where nothing is drawn."""
        if self.uncertainty is None:
            return pd.Series(float("nan"), index=self.allocation.plan.index)
        return self.uncertainty.moves["share_same"]

    def table(self) -> pd.DataFrame:
        """The plan, and beside it the share of draws that agree and every column of the options that is not in it."""
        plan = self.allocation.plan
        said = [column for column in self.options if column not in plan]
        agree = {} if self.uncertainty is None else {"share_of_draws_same": self.share_same.to_numpy()}
        rounded = plan.round({"cost_now": 2, "cost_after": 2, "qalys_now": 9, "qalys_after": 9})
        return rounded.assign(
            gains=self.settings.gains, **agree, **{str(column): self.options[column] for column in said}
        )


def portfolio_value(
    options: pd.DataFrame, settings: PortfolioSettings, *, seed: int = SEED, draws: int = DRAWS
) -> PortfolioValue:
    """Values a portfolio; `BadTable` where it cannot be valued, or no plan keeps all limits.

    >>> services = pd.DataFrame({"service": ["injection", "class"], "unit_cost": [600, 200], "qaly_pp": [0.0, 0.02],
    ...                          "n_now": [100, 50], "min_n": [10, 0], "max_n": [100, 400]})
    >>> asked = PortfolioSettings("ours", "Ours", "ours.csv", TRIAL, (), {"budget": 70_000})
    >>> found = portfolio_value(services, asked)
    >>> round(found.allocation.qalys, 1), found.changes, found.uncertainty, found.warnings[-1]
    (6.4, 2, None, 'How sure the plan is cannot be told: these gains have no spread (qaly_sd).')
    """
    chosen = with_gains(options, settings.gains)
    found = allocate(chosen, **settings.limits)
    others = [name for name in (TRIAL, *settings.other_gains) if name != settings.gains]
    beside = {name: allocate(with_gains(options, name), **settings.limits) for name in others}
    spread = "qaly_sd" in chosen and bool((chosen["qaly_sd"].fillna(0) > 0).any())
    unsure = allocation_uncertainty(chosen, seed=seed, draws=draws, **settings.limits) if spread and draws else None
    warnings = [*found.implausible, *found.assumed]
    if not spread:
        warnings.append("How sure the plan is cannot be told: these gains have no spread (qaly_sd).")
    return PortfolioValue(settings, chosen, found, beside, unsure, seed, tuple(warnings))


def with_gains(options: pd.DataFrame, gains: str) -> pd.DataFrame:
    """The options with one set of gains as theirs. Gains that are not those of trials have no spread of their own."""
    if gains == TRIAL:
        return options
    return options.drop(columns="qaly_sd", errors="ignore").assign(**{GAINS: options[f"{GAINS}_{gains}"]})


def spend_today(options: pd.DataFrame) -> float:
    """What is spent on everyone treated today, in pounds: the budget where none is given."""
    return float((options["n_now"] * options["unit_cost"]).sum())


def share_of_today(options: pd.DataFrame, share: float) -> pd.Series:
    """By how many people each option may change where it is a share of today's; of new services no number limits it."""
    return (share * options["n_now"]).where(options["n_now"] > 0)


def by_service(plan: pd.DataFrame) -> pd.DataFrame:
    """Money and people by service over all its groups, today and in the plan, with what is decided; the largest change of
    money first. The index is the service.

    >>> plan = pd.DataFrame({"service": ["class", "belt", "class"], "cost_now": [10, 40, 5], "cost_after": [20, 40, 0],
    ...                      "n_now": [2, 4, 1], "n_after": [4, 4, 0]})
    >>> by_service(plan)[["cost_now", "cost_after", "decision"]].to_dict("index")["class"]
    {'cost_now': 15, 'cost_after': 20, 'decision': 'scaled up'}
    """
    sums = plan.groupby("service", sort=False)[["cost_now", "cost_after", "n_now", "n_after"]].sum()
    sums["decision"] = decisions(sums["n_now"].to_numpy(), sums["n_after"].to_numpy())
    change = (sums["cost_after"] - sums["cost_now"]).abs()
    return sums.loc[change.sort_values(ascending=False, kind="stable").index]


def largest_first(plan: pd.DataFrame) -> pd.DataFrame:
    """The plan with the options first whose cost changes most."""
    moved = (plan["cost_after"] - plan["cost_now"]).abs()
    return plan.loc[moved.sort_values(ascending=False, kind="stable").index]


def graded(options: pd.DataFrame) -> Counter[str]:
    """How many cells of the options have which grade of evidence; blank ones are counted as "".

    >>> graded(pd.DataFrame({"unit_cost_grade": ["read", "assumed"], "n_now_grade": ["assumed", ""]}))
    Counter({'assumed': 2, 'read': 1, '': 1})
    """
    grades = [column for column in options if str(column).endswith(GRADE)]
    return Counter(options[grades].to_numpy().ravel().tolist())
