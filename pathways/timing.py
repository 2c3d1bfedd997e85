"""Lengths of time written as text ("15 minutes", "52 weeks"), for clocks and policies."""

from __future__ import annotations

import re

from pathways.quantity import DAYS_IN, LONGEST_DAYS

_LENGTH = re.compile(r"^\s*(?P<number>\d+(\.\d+)?)\s+(?P<unit>[a-z]+)\s*$")
MINUTES_IN_A_DAY = 1440


def length_in_days(text: str) -> float:
    """A length of time in days; ValueError with advice where it makes no sense.

    >>> length_in_days("2 weeks")
    14.0
    """
    match = _LENGTH.match(text)
    unit = match["unit"] if match else ""
    unit = unit if unit.endswith("s") else unit + "s"
    if not match or unit not in DAYS_IN:
        raise ValueError(f"'{text}' is no length of time. Write a number and a unit: '1 day', '15 minutes', '26 weeks'")
    days = float(match["number"]) * DAYS_IN[unit]
    if days > LONGEST_DAYS:
        raise ValueError(f"'{text}' is longer than {LONGEST_DAYS / DAYS_IN['years']:g} years")
    return days


def ticks_in_a_day(tick: str) -> int:
    """How many ticks make a day; ValueError where a day is not a whole number of them.

    >>> ticks_in_a_day("15 minutes")
    96
    """
    days = length_in_days(tick)
    per_day = 0 if days <= 0 else round(1 / days)
    if per_day < 1 or per_day > MINUTES_IN_A_DAY or abs(per_day * days - 1) > 1e-9:
        raise ValueError(
            f"a tick of '{tick}' does not divide a day. Use '1 day', or hours or minutes that divide 24 hours"
        )
    return per_day
