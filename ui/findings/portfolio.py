"""What is said of a portfolio that was valued, alike on every face: how sure its plan is, and what else must be told."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd

from outcomes.portfolio.value import DRAWS, SEED, PortfolioSettings, PortfolioValue, portfolio_value
from outcomes.table_rules import BadTable
from pathways import BadInput, Problem
from ui.findings.portfolio_example import midnotts_sentences
from ui.words import MINUS

EXAMPLE = "midnotts"
TABLES = ("options: ", "settings: ")


def value_portfolio(
    options: pd.DataFrame, settings: PortfolioSettings, *, seed: int = SEED, draws: int = DRAWS
) -> PortfolioValue:
    """Values what `read_portfolio` has read; `BadInput` where it cannot be valued, or no plan keeps all limits."""
    try:
        with _solver_is_silent():
            found = portfolio_value(options, settings, seed=seed, draws=draws)
    except BadTable as bad:
        raise BadInput([_problem(settings, said) for said in bad.problems]) from None
    if settings.name != EXAMPLE:
        return found
    first = len(found.allocation.implausible) + len(found.allocation.assumed)
    said = midnotts_sentences(options, found.plans)
    return replace(found, warnings=(*found.warnings[:first], *said, *found.warnings[first:]))


def sure(value: PortfolioValue) -> tuple[str, ...]:
    """How sure the plan is, in words; nothing where nothing is known."""
    found = value.uncertainty
    if found is None:
        return ()
    kept = found.no_regrets["service"].drop_duplicates()
    better = round(100 * found.probability_better)
    often = f"{min(max(better, 1), 99)}%" if 0 < found.probability_better < 1 else "none" if better == 0 else "all"
    gain, low, high = (
        f"{each:+,.0f}".replace("-", MINUS) for each in (found.gain_mean, found.gain_low, found.gain_high)
    )
    return (
        f"The plan gives more health than today in {often} of {found.draws} draws of the gains: {gain} QALYs, "
        f"95% of draws {low} to {high}.",
        f"No regrets: {len(found.no_regrets)} of the {value.changes} changes are right in at least 90% of draws"
        f"{': ' * bool(len(kept))}{'; '.join(kept)}.",
    )


def _problem(settings: PortfolioSettings, said: str) -> Problem:
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
