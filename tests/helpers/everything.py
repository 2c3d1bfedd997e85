"""One small pathway in which everything happens that can happen, and a place for it to run in."""

from __future__ import annotations

from typing import Any

from pathways import Pathway, Region, Waiting
from pathways.health import PAIN_STATES
from tests.helpers.build import Numbers, health, pathway, region

TICKS = 4
"""Ticks in a day."""
YEARS, WARM_UP = 2.4, 17
"""Two measured years and a part of a third; a warm-up that is no whole number of weeks."""
PRICES = {"gp": 40.0, "physio": 60.0, "mri": 190.0, "ward": 900.0}
UTILITY = {"well": 0.9, "mild": 0.8, "moderate": 0.7, "severe": 0.4}


def everything() -> tuple[Pathway, Region]:
    """Lists by site, missed and rebooked appointments, a course, places, people who give up for every reason, GP visits
    while waiting, a drug, people on lists and in pain at the start, recurrences; six-hour ticks."""
    numbers = Numbers()
    return pathway(
        numbers,
        _services(numbers),
        entry="gp",
        onset_rate=0.4,
        tick="6 hours",
        warm_up=f"{WARM_UP} days",
        health=_illness(numbers),
        care={"entry": "gp", "while_waiting": {"service": "gp", "then": "meanwhile"}},
        prevalent={
            "share": numbers(0.05, "share"),
            "since": {"exponential": numbers(100, "days")},
            "state": {"options": {"moderate": {"share": "rest"}}},
        },
        attributes={"drug": {"levels": {"none": {"share": "rest"}, "weak": {"share": numbers(0.1, "share")}}}},
        decisions=_decisions(numbers),
        outcomes=_outcomes(),
    ), region(
        1500,
        practices=3,
        sites={"physio/a": 9.0, "physio/b": 5.0, "mri": 4.0, "ward": 2.0},
        waiting=(Waiting("physio", "physio/a", "", 3, 12), Waiting("mri", "mri", "", 0, 5)),
        deciles=[0.2, 0.0, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0, 0.1],
    )


def _services(numbers: Numbers) -> dict[str, Any]:
    waiting = {
        "patience": {"exponential": numbers(60, "days")},
        "leaves_when_better": numbers(0.5, "share"),
        "gives_up_to": "gp",
    }
    services: dict[str, Any] = {
        "gp": {"capacity": "open", "next": "plan", "delay": {"exponential": numbers(5, "days")}},
        "physio": {
            "capacity": "slots",
            "next": "home",
            "waiting": waiting,
            "course": {"visits": numbers({"1": 0.5, "2": 0.5}, "share"), "gap": {"fixed": numbers(14, "days")}},
            "attendance": {
                "missed": numbers(0.2, "share"),
                "rebooked": numbers(0.6, "share"),
                "price_share_of_missed": numbers(0.25, "share"),
            },
            "choice": {"by": "capacity"},
        },
        "mri": {"capacity": "slots", "weekdays": ["Mon", "Thu"], "next": "after_scan", "waiting": waiting},
        "ward": {"capacity": "places", "stay": {"exponential": numbers(9, "days")}, "next": "home"},
    }
    return {name: {**service, "price": numbers(PRICES[name], "GBP")} for name, service in services.items()}


def _decisions(numbers: Numbers) -> dict[str, Any]:
    rest = {"share": "rest"}
    return {
        "plan": {
            "options": {
                "home": rest,
                "physio": {"share": numbers(0.4, "share")},
                "mri": {"share": numbers(0.2, "share")},
                "drug": {"share": numbers(0.1, "share"), "to": "home", "sets": {"drug": "weak"}},
            }
        },
        "after_scan": {"options": {"home": rest, "ward": {"share": numbers(0.3, "share")}}},
        "meanwhile": {"options": {"home": rest, "ward": {"share": numbers(0.1, "share")}}},
    }


def _illness(numbers: Numbers) -> dict[str, Any]:
    rates = {state: numbers(2.0, "per year") for state in PAIN_STATES}
    return health(
        numbers,
        improve=rates,
        worsen=rates,
        consult={state: numbers(3.0, "per year") for state in PAIN_STATES},
        recurrence={
            "recent": numbers(2.0, "per year"),
            "later": numbers(0.5, "per year"),
            "recent_for": numbers(90, "days"),
            "forgotten_after": numbers(365, "days"),
        },
        utility={state: numbers(value, "utility") for state, value in UTILITY.items()},
    )


def _outcomes() -> dict[str, Any]:
    outcomes = {
        "gp_seen": ("seen", ["gp"]),
        "referred": ("referral", ["physio", "mri"]),
        "wait": ("wait", ["physio", "mri"]),
        "ward_wait": ("wait", ["ward"]),
        "cost": ("cost", []),
        "qalys": ("qalys", []),
    }
    return {
        name: {"title": name, "of": of, "services": names, "better": "less"} for name, (of, names) in outcomes.items()
    }
