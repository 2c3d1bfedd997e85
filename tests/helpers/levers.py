"""Pairs of runs with and without a lever."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from pathways import Pathway, Scenario
from sim.arrays.layout import REFERRAL
from tests.helpers.build import cohort_of, compiled_log, plan_of, region

PEOPLE = 60_000
WEEK = 7


def lever(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A lever with these changes."""
    return {"title": "A lever", "says": "For a test", "counter_effects": "None", "changes": list(changes), **more}


class Pair:
    """The same patients without and with levers: where each went from the GP, and when."""

    def __init__(
        self, word: Pathway, levers: Scenario, *, people: int = PEOPLE, practices: int = 1, years: float = 1.0
    ):
        place = region(people, practices=practices)
        self.base = plan_of(word, place, years=years)
        self.plan = plan_of(word, place, years=years, scenario=levers)
        self.cohort = cohort_of(self.base)
        self.logs = [compiled_log(self.base, self.cohort), compiled_log(self.plan, cohort_of(self.plan))]
        self.before, self.after = (self._went(log) for log in self.logs)
        self.day = self.cohort.patients["onset"] + 1  # the day on which the GP's plan takes effect

    def _went(self, log: np.ndarray) -> np.ndarray:
        """The service each patient was referred to by the GP: 0 is home."""
        went = np.zeros(len(self.cohort), dtype=int)
        sent = log[(log["kind"] == REFERRAL) & (log["detail"] > 0)]
        went[sent["patient"]] = sent["service"]
        return went

    def kept(self, way: str, where: np.ndarray | None = None) -> tuple[int, int]:
        """How many went this way without the levers, and how many of those still do with them."""
        number = self.base.services.index(way)
        went = (self.before == number) & (True if where is None else where)
        return int(went.sum()), int((went & (self.after == number)).sum())


def agrees(count: int, total: int, share: float) -> None:
    """Asserts that so many of a total are what a share gives by chance, within four standard errors."""
    assert total > 100
    assert abs(count - total * share) <= 4 * sqrt(total * share * (1 - share)), (count, total, share)
