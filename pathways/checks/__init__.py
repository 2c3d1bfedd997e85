"""Checks on how the words of a pathway fit together: named functions, one rule each.

Every check takes the draft and yields a problem for each place where its rule is broken. All of them
run on every file; `CHECKS` is the list. A rule that a single word can check about itself lives with the word.
The rules stand in modules by what they are about; each puts its own on the list when it is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable

from pathways.checks import draws, levers, names, numbers, people, shares, ways
from pathways.checks.draws import HALF_INTERVAL, draw_problem
from pathways.checks.levers import scenario_problems
from pathways.checks.numbers import age_band
from pathways.checks.rule import CHECKS, CHECKS_OF_VALUES, Check, check
from pathways.checks.shares import shares_together
from pathways.checks.walk import (
    bounds_used,
    conditions,
    decisions_of,
    destinations_of,
    quantities_of_levers,
    quantities_used,
    whens_of,
    words_of,
)
from pathways.draft import Draft
from pathways.problems import Problem

__all__ = [
    "CHECKS",
    "CHECKS_OF_VALUES",
    "HALF_INTERVAL",
    "Check",
    "age_band",
    "bounds_used",
    "check",
    "conditions",
    "decisions_of",
    "destinations_of",
    "draw_problem",
    "draws",
    "levers",
    "names",
    "numbers",
    "people",
    "problems_of",
    "quantities_of_levers",
    "quantities_used",
    "scenario_problems",
    "shares",
    "shares_together",
    "ways",
    "whens_of",
    "words_of",
]


def problems_of(draft: Draft, checks: Iterable[Check] = CHECKS) -> list[Problem]:
    """Everything the checks find wrong with a draft, in the order of the list."""
    return [problem for rule in checks for problem in rule(draft)]
