"""What a portfolio is worth: its plan, how sure it is, and the same with other gains beside it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from outcomes.portfolio.allocate import allocate
from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.uncertainty import AllocationUncertainty, allocation_uncertainty
from outcomes.tables import BadTable
from pathways import BadInput, Problem
from ui.findings.portfolio_example import midnotts_sentences
from ui.inputs.portfolio import TRIAL, Settings, with_gains
from ui.words import MINUS

DRAWS = 256
SEED = 42
TABLES = ("options: ", "settings: ")


@dataclass(frozen=True)
class PortfolioValue:
    """A portfolio valued: the plan with the gains asked for, plans with the other gains, and what is to be said of them.

    `uncertainty` is None where the file gives no spread of the gains; `warnings` are reasons not to rely on the plan.
    """

    settings: Settings
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


def value_portfolio(
    options: pd.DataFrame, settings: Settings, *, seed: int = SEED, draws: int = DRAWS
) -> PortfolioValue:
    """Values what `read_portfolio` has read; `BadInput` where it cannot be valued, or no plan keeps all limits."""
    chosen = with_gains(options, settings.gains)
    try:
        with _solver_is_silent():
            found = allocate(chosen, **settings.limits)
            others = [name for name in (TRIAL, *settings.other_gains) if name != settings.gains]
            beside = {name: allocate(with_gains(options, name), **settings.limits) for name in others}
            spread = "qaly_sd" in chosen and bool((chosen["qaly_sd"].fillna(0) > 0).any())
            unsure = (
                allocation_uncertainty(chosen, seed=seed, draws=draws, **settings.limits) if spread and draws else None
            )
    except BadTable as bad:
        raise BadInput([_problem(settings, said) for said in bad.problems]) from None
    warnings = [*found.implausible, *found.assumed]
    if settings.name == "midnotts":
        warnings += midnotts_sentences(options, {settings.gains: found, **beside})
    if not spread:
        warnings.append("How sure the plan is cannot be told: these gains have no spread (qaly_sd).")
    return PortfolioValue(settings, chosen, found, beside, unsure, seed, tuple(warnings))


def sure(value: PortfolioValue) -> tuple[str, ...]:
    """How sure the plan is, in words; nothing where nothing is known."""
    found = value.uncertainty
    if found is None:
        return ()
    kept = found.no_regrets["service"].drop_duplicates()
    changes = int((found.moves["decision"] != "unchanged").sum())
    better = round(100 * found.probability_better)
    often = f"{min(max(better, 1), 99)}%" if 0 < found.probability_better < 1 else "none" if better == 0 else "all"
    gain, low, high = (
        f"{each:+,.0f}".replace("-", MINUS) for each in (found.gain_mean, found.gain_low, found.gain_high)
    )
    return (
        f"The plan gives more health than today in {often} of {found.draws} draws of the gains: {gain} QALYs, "
        f"95% of draws {low} to {high}.",
        f"No regrets: {len(found.no_regrets)} of the {changes} changes are right in at least 90% of draws"
        f"{': ' * bool(len(kept))}{'; '.join(kept)}.",
    )


def _problem(settings: Settings, said: str) -> Problem:
    """What `outcomes` says of a table, as a problem of the file."""
    plain = said
    for table in TABLES:
        plain = plain.removeprefix(table)
    return Problem("portfolio_can_be_valued", settings.where, f"{plain.rstrip('.')}.")


@contextmanager
def _solver_is_silent() -> Iterator[None]:
    """Some versions of HiGHS print a line of their own now and then, past Python; within JSON or CSV it would be in the way."""
    if os.name != "posix":
        yield
        return
    sys.stdout.flush()
    printed = ctypes.CDLL(None)
    printed.fflush(None)
    kept = os.dup(1)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            yield
            printed.fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
