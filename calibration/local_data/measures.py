"""What a planner's figures can measure: in which unit, over a period or on a day, by days waited or not, by which clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

REFERRED = "from referral to the first visit"
TREATED = "from referral to treatment"
MOST_DAYS = 3650
"""Days: no wait is longer. A longer one is a slip of the keyboard, or has another unit."""


@dataclass(frozen=True)
class Measure:
    """One kind of figure.

    `kind`: a count of people or visits, days, or percent. `snapshot`: it stands at the end of a day, not for a period.
    `banded`: it may be told by days waited. `clock`: what a wait is counted from and to, or nothing.
    `needs`: what the pathway's service must have for it: a list, or appointments that are missed.
    """

    says: str
    kind: Literal["count", "days", "percent"] = "count"
    snapshot: bool = False
    banded: bool = False
    clock: str = ""
    needs: Literal["", "list", "attendance"] = ""


MEASURES = {
    "referrals": Measure("referrals made in the period"),
    "visits": Measure("appointments attended in the period, all visits of a course"),
    "first_visits": Measure("people seen for the first time after a referral, in the period"),
    "missed": Measure("appointments missed in the period", needs="attendance"),
    "missed_share": Measure("percent missed, of all missed and attended", "percent", needs="attendance"),
    "waiting": Measure(
        "people waiting at the end of the day", snapshot=True, banded=True, clock="days since referral", needs="list"
    ),
    "waited": Measure("people first seen in the period, by their wait", banded=True, clock=REFERRED, needs="list"),
    "median_wait": Measure("median wait of those first seen in the period", "days", clock=REFERRED, needs="list"),
    "p75_wait": Measure("75th percentile of their waits", "days", clock=REFERRED, needs="list"),
    "p90_wait": Measure("90th percentile of their waits", "days", clock=REFERRED, needs="list"),
    "p92_wait": Measure("92nd percentile of their waits", "days", clock=REFERRED, needs="list"),
    "p95_wait": Measure("95th percentile of their waits", "days", clock=REFERRED, needs="list"),
    "rtt_waiting": Measure(
        "clocks of referral to treatment that run at the end of the day", snapshot=True, banded=True, clock=TREATED
    ),
    "rtt_waited": Measure("clocks stopped by treatment in the period, by their length", banded=True, clock=TREATED),
}
"""Everything that can be measured, by name, in the order of the documentation."""

UNITS = {"count": ("people",), "days": ("days", "weeks"), "percent": ("percent",)}
"""Units in which each kind may be written. Waits must say theirs; the others may leave it blank."""


def about_treatment(measure: str) -> bool:
    """Whether a measure needs to know which services are treatment.

    >>> about_treatment("rtt_waited"), about_treatment("waited")
    (True, False)
    """
    return measure in MEASURES and MEASURES[measure].clock == TREATED
