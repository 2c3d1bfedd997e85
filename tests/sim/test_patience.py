"""How long people stay on a list: each joining has its own patience and lot; who has waited already, what is left of it."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pathways import Waiting
from sim.arrays.keyed_draws import bits, label
from sim.arrays.layout import GAVE_UP, SEEN
from sim.arrays.quantiles import TICK_BITS, address, duration_table, rest_of, ticks
from sim.rules import LOT
from tests.helpers.build import Numbers, cohort_of, compiled_log, pathway, plan_of, reference_log, region

WEEK = 7


def clinic(numbers: Numbers, patience: dict[str, Any], **waiting: Any) -> dict[str, Any]:
    """A clinic on whose list people stay so long."""
    return {"clinic": {"capacity": "slots", "next": "home", "waiting": {"patience": patience, **waiting}}}


def listed(people: int, weeks: int) -> tuple[Waiting, ...]:
    """So many people on the clinic's list at the start."""
    return (Waiting("clinic", "clinic", "", weeks, people),)


def log_of_the_listed(
    patience: dict[str, Any], numbers: Numbers, *, weeks: int, people: int, **more: Any
) -> np.ndarray:
    """The log of people on a list at the start, of whom nobody is ever seen unless there are `slots` a week."""
    slots, years = more.pop("slots", 0.0), more.pop("years", 1.0)
    word = pathway(numbers, clinic(numbers, patience, **more), entry="clinic", onset_rate=0.0)
    plan = plan_of(word, region(1000, sites={"clinic": slots}, waiting=listed(people, weeks)), years=years)
    cohort = cohort_of(plan)
    log = compiled_log(plan, cohort)
    assert np.array_equal(log, reference_log(plan, cohort))
    return log


def test_who_joins_a_list_again_is_patient_anew() -> None:
    """People who lose patience are referred to the same list again, not having been seen: their second patience is
    exponential too, and does not know of the first."""
    numbers = Numbers()
    patience = {"exponential": numbers(40, "days")}
    log = log_of_the_listed(patience, numbers, weeks=0, people=800, gives_up_to="clinic", years=2)
    gave_up = log[log["kind"] == GAVE_UP]
    waits = [gave_up["value"][gave_up["patient"] == i] for i in np.unique(gave_up["patient"])]
    second, third = np.array([wait[1:3] for wait in waits if len(wait) > 2]).T
    assert len(second) > 700
    assert abs(np.corrcoef(second, third)[0, 1]) < 4.5 / sqrt(len(second))
    assert (second == third).mean() < 0.05
    assert abs(second.mean() - 40) < 4.5 * 40 / sqrt(len(second))


def test_who_joins_a_list_again_has_another_lot() -> None:
    """Everyone joins on the same day, those who are left a second time thirty days later: each time in the order of
    that joining's lots."""
    numbers = Numbers()
    patience = {"fixed": numbers(30, "days")}
    log = log_of_the_listed(patience, numbers, weeks=0, people=200, gives_up_to="clinic", slots=14.0, years=0.15)
    keys = cohort_of(
        plan_of(
            pathway(Numbers(), {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", onset_rate=0.0),
            region(1000, sites={"clinic": 14.0}, waiting=listed(200, 0)),
        )
    ).patients["key"]
    seen = log[log["kind"] == SEEN]
    rejoined = log["tick"][log["kind"] == GAVE_UP].min()
    for joining, chosen in enumerate((seen["tick"] < rejoined, seen["tick"] >= rejoined)):
        in_turn = seen[chosen][np.argsort(seen["tick"][chosen], kind="stable")]
        assert len(in_turn) > 40
        lots = np.array(
            [bits(keys[i], np.uint64(label("services.clinic") + LOT), joining) for i in in_turn["patient"]], dtype=float
        )
        days = in_turn["tick"]
        assert all(lots[days == day].max() < lots[days == day + 1].min() for day in np.unique(days)[:-1])


@pytest.mark.parametrize("weeks", [0, 3, 9])
def test_a_fixed_patience_counts_the_weeks_already_waited(weeks: int) -> None:
    """70 days of patience, so many weeks waited: everyone leaves 70 days after they joined, not 70 days from now."""
    numbers = Numbers()
    log = log_of_the_listed({"fixed": numbers(70, "days")}, numbers, weeks=weeks, people=50)
    gave_up = log[log["kind"] == GAVE_UP]
    assert len(gave_up) == 50
    assert set(gave_up["value"].tolist()) == {70}
    assert set(gave_up["tick"].tolist()) == {70 - WEEK * weeks - 1}  # they joined on the eve of the first day


def test_what_is_left_of_an_exponential_patience_is_exponential() -> None:
    """It has no memory: whoever has waited 20 weeks stays for 60 more days on average."""
    numbers = Numbers()
    log = log_of_the_listed({"exponential": numbers(60, "days")}, numbers, weeks=20, people=3000, years=3)
    left = log["tick"][log["kind"] == GAVE_UP]
    assert len(left) == 3000
    assert stats.kstest(left - 0.5, stats.expon(scale=60).cdf).statistic < 2 / sqrt(3000)


def test_what_is_left_of_a_uniform_patience_is_uniform() -> None:
    """From 10 to 110 days, 50 passed: uniform between 50 and 110 days in all."""
    numbers = Numbers()
    patience = {"uniform": [numbers(10, "days"), numbers(110, "days")]}
    log = log_of_the_listed(patience, numbers, weeks=7, people=3000)
    waits = log["value"][log["kind"] == GAVE_UP]
    assert waits.min() > 50
    assert waits.max() <= 110
    assert stats.kstest(waits - 0.5, stats.uniform(50, 60).cdf).statistic < 2 / sqrt(3000)


def test_who_has_waited_longer_than_any_patience_stays() -> None:
    """The list says that they wait, the pathway that nobody would: the list is believed, and nobody knows until when."""
    numbers = Numbers()
    log = log_of_the_listed({"fixed": numbers(70, "days")}, numbers, weeks=12, people=40, slots=1.0)
    assert not (log["kind"] == GAVE_UP).any()
    assert (log["kind"] == SEEN).sum() == 40


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [
        ("exponential", (30.0,)),
        ("gamma", (50.0, 20.0)),
        ("lognormal", (40.0, 90.0)),
        ("empirical", (0, 0.5, 1, 0, 9, 99)),
    ],
)
def test_the_rest_of_a_duration_is_that_of_those_that_last_longer(shape: str, parameters: tuple[float, ...]) -> None:
    """Against a large sample of the duration itself, cut off at what has passed."""
    row = address(duration_table(shape, parameters, 1))
    rng = np.random.default_rng(4)
    whole = np.array([ticks(row, np.uint64(at)) for at in rng.integers(0, 2**64, 60_000, dtype=np.uint64)])
    passed = int(np.quantile(whole, 0.6))
    left = np.array([rest_of(row, np.uint64(at), passed) for at in rng.integers(0, 2**64, 5000, dtype=np.uint64)])
    longer = whole[whole > passed] - passed
    assert left.min() >= 1
    assert stats.ks_2samp(left, longer).pvalue > 1e-4
    assert rest_of(row, np.uint64(1), 2**31 >> TICK_BITS) == 0
