"""The smallest pathways and regions that a test needs, built in a few words."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import numpy as np

from pathways import Pathway, Region, Scenario, Site, Waiting, pathway_from_dict
from pathways.region import AGE_BANDS, RegionFile
from sim.cohort import Cohort
from sim.pilot import draw_cohort
from sim.plan import Plan, compile_plan
from sim.reference import Reference
from sim.running import Running


class Numbers:
    """Makes quantities of numbers: `numbers(0.3, "share")` is the name of one; the pathway gets them all."""

    def __init__(self) -> None:
        self.quantities: dict[str, Any] = {}

    def __call__(self, value: float | dict[str, float], unit: str) -> str:
        name = f"q{len(self.quantities)}"
        bounds = {"low_times": 1, "high_times": 1} if isinstance(value, dict) else {"low": value, "high": value}
        self.quantities[name] = {"value": value, "unit": unit, "source": "a test", "grade": "assumed", **bounds}
        return name


def share(numbers: Numbers, value: float) -> dict[str, Any]:
    """An option with a share."""
    return {"share": numbers(value, "share")}


def health(numbers: Numbers, **changes: Any) -> dict[str, Any]:
    """A health section in which nothing ever changes, but for what is given."""
    never = numbers(0, "per year")
    still = {"mild": never, "moderate": never, "severe": never}
    return {
        "subacute_from": numbers(42, "days"),
        "persistent_from": numbers(84, "days"),
        "improve": still,
        "worsen": still,
        "consult": still,
        "recurrence": {
            "recent": never,
            "later": never,
            "recent_for": numbers(100, "days"),
            "forgotten_after": numbers(365, "days"),
        },
        "overlap": numbers(0.3, "share"),
        "utility": {
            state: numbers(value, "utility")
            for state, value in (("well", 0.9), ("mild", 0.8), ("moderate", 0.7), ("severe", 0.4))
        },
        **changes,
    }


def pathway(
    numbers: Numbers,
    services: dict[str, Any],
    *,
    entry: str,
    onset_rate: float = 0.01,
    tick: str = "1 day",
    warm_up: str = "0 days",
    name: str = "small",
    **sections: Any,
) -> Pathway:
    """A pathway of these services; every patient begins with mild pain and is otherwise alike."""
    written: dict[str, Any] = {
        "format": 1,
        "title": "A small pathway",
        "says": "For a test.",
        "clock": {"tick": tick, "warm_up": warm_up},
        "onset": {"rate": numbers(onset_rate, "per year"), "state": {"options": {"mild": {"share": "rest"}}}},
        "health": health(numbers),
        "care": {"entry": entry},
        "services": {key: {"title": key, "price": numbers(1, "GBP"), **value} for key, value in services.items()},
        **sections,
    }
    written["quantities"] = numbers.quantities
    return pathway_from_dict(name, written)


def region(
    people: int = 1000,
    *,
    sites: dict[str, float] | None = None,
    practices: int = 1,
    waiting: tuple[Waiting, ...] = (),
    weekdays: tuple[str, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    deciles: list[float] | None = None,
) -> Region:
    """Practices of equal size, everyone a woman of 40 to 44; sites are named after their services."""
    counts = np.zeros((practices, 2, len(AGE_BANDS)), dtype=np.int64)
    counts[:, 0, 8] = people // practices
    about = RegionFile(
        format=1,
        name="small",
        title="Small",
        says="For a test.",
        start=datetime.date(2026, 6, 1),
        weekdays=list(weekdays),
    )
    nan = float("nan")
    return Region(
        name="small",
        about=about,
        codes=tuple(f"P{k}" for k in range(practices)),
        names=("",) * practices,
        networks=("",) * practices,
        areas=("",) * practices,
        people=counts,
        deciles=np.tile(deciles or [0.1] * 10, (practices, 1)),
        x_km=np.full(practices, nan),
        y_km=np.full(practices, nan),
        sites=tuple(
            Site(service.split("/")[0], service, "", amount, "", nan, nan, "local", "a test")
            for service, amount in (sites or {}).items()
        ),
        waiting=waiting,
    )


def shrunk(place: Region, times: int) -> Region:
    """The region with so many times fewer people, appointments and people waiting."""
    return replace(
        place,
        people=place.people // times,
        sites=tuple(replace(site, amount=site.amount / times) for site in place.sites),
        waiting=tuple(replace(row, people=-(-row.people // times)) for row in place.waiting),
    )


def plan_of(
    word: Pathway, place: Region, *, years: float = 1.0, scenario: Scenario | None = None, name: str = "small"
) -> Plan:
    """The compiled plan."""
    return compile_plan(word, place, scenario=scenario, name=name, years=years)


def cohort_of(plan: Plan, *, seed: int = 1, replication: int = 0) -> Cohort:
    """The plan's cohort."""
    return draw_cohort(plan, seed=seed, replication=replication)


def compiled_log(plan: Plan, cohort: Cohort, *, shuffle: int = 0) -> np.ndarray:
    """The canonical event log of the compiled engine."""
    return Running(plan, cohort, keep_log=True, shuffle=shuffle).finish().log().canonical().rows


def reference_log(plan: Plan, cohort: Cohort, *, shuffle: int = 0) -> np.ndarray:
    """The canonical event log of the reference engine."""
    return Reference(plan, cohort, shuffle=shuffle).run().canonical().rows


def scenario(**levers: Any) -> Scenario:
    """A scenario of the small pathway with these levers set."""
    return Scenario.model_validate(
        {"format": 1, "title": "A scenario", "says": "For a test.", "pathway": "small", "levers": levers}
    )
