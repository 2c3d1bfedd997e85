"""When a change is worth a word: large enough to matter, and shown beyond chance. The limits stand in library/materiality.toml.

Only the rule is here; the words that findings are told in are in `outcomes.verdicts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from outcomes.policy_values import library_table

PEOPLE = 100_000
"""The people that limits of events and of QALYs are for."""

Finding = Literal["material", "small", "immaterial", "not shown"]
"""What size and certainty come to: shown and large enough to matter; shown but not that large; surely not large enough;
or not shown."""


def limits() -> Mapping[str, Mapping[str, Any]]:
    """Every limit with its unit, range, source and grade, by name."""
    return library_table("materiality")


def limit(name: str) -> float:
    """One limit. Raises KeyError for a name that is not in the file.

    >>> limit("qalys"), limit("agreement")
    (1.0, 95.0)
    """
    return float(limits()[name]["value"])


def least_count(base: float, *, people: int, years: float) -> float:
    """The least change of a count that matters, in events over so many years: a share of the base, and some people at all.

    >>> least_count(50_000, people=200_000, years=5), least_count(100, people=200_000, years=5)
    (500.0, 10.0)
    """
    return max(limit("of_the_base") / 100 * abs(base), limit("events") * people / PEOPLE * years)


def least_wait(base: float) -> float:
    """The least change of a wait that matters, in days: a share of the base, and a day at least.

    >>> least_wait(250.0), least_wait(20.0)
    (2.5, 1.0)
    """
    return max(limit("of_the_base") / 100 * abs(base), limit("wait"))


def least_cost(base: float) -> float:
    """The least change of a cost that matters, in GBP: a share of the base.

    >>> least_cost(6_000_000.0)
    60000.0
    """
    return limit("of_the_base") / 100 * abs(base)


def least_qalys(*, people: int, years: float) -> float:
    """The least change of health that matters, over so many years: so many QALYs a year for the people there are.

    >>> least_qalys(people=349_000, years=1)
    3.49
    """
    return limit("qalys") * people / PEOPLE * years


def finding(mean: float, low: float, high: float, *, least: float, agree: float = 1.0) -> Finding:
    """What a change comes to, from its mean, its 95% interval and the share of the runs that agree on its direction.

    `least` is the least change that matters, in the same unit. An interval wholly within it is immaterial, be it never so
    sure. A change is shown where the interval excludes 0 and enough runs agree; it matters where its mean is larger than
    `least`. Without an interval (NaN: one run) nothing is shown.

    >>> finding(0.6, 0.2, 1.0, least=3.49), finding(5.0, 3.8, 6.2, least=3.49), finding(3.0, 1.0, 5.0, least=3.49)
    ('immaterial', 'material', 'small')
    >>> finding(3.0, -2.0, 8.0, least=3.49), finding(9.0, float("nan"), float("nan"), least=3.49)
    ('not shown', 'not shown')
    """
    if math.isnan(low) or math.isnan(high):
        return "not shown"
    if max(abs(low), abs(high)) <= least:
        return "immaterial"
    if low <= 0 <= high or 100 * agree < limit("agreement"):
        return "not shown"
    return "material" if abs(mean) > least else "small"
