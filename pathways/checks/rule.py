"""The list of the named checks: how a rule gets on it, and how it says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pathways.draft import Draft
from pathways.problems import Problem

Check = Callable[[Draft], Iterator[Problem]]
CHECKS: list[Check] = []
CHECKS_OF_VALUES: list[Check] = []
"""Those that other values of single numbers can break where the words stay as they are."""


def check(rule: Check) -> Check:
    """Adds a rule to the list of checks."""
    CHECKS.append(rule)
    return rule


def check_of_values(rule: Check) -> Check:
    """Adds a rule to the list of checks, and to those that other values of single numbers can break."""
    CHECKS_OF_VALUES.append(rule)
    return check(rule)


def problem(draft: Draft, rule: Check, path: str, says: str, *, warning: bool = False) -> Problem:
    """What a rule finds wrong at a path of a draft."""
    return Problem(rule.__name__, f"{draft.file}: {path}", says, "warning" if warning else "error")
