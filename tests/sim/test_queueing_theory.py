"""Queueing theory at a fine tick: the engine gives the waits and losses that theory does, within confidence limits.

Each case is many independent runs of a year with a tick of one minute; their means give a t interval. Theory must
lie in the 99.9% interval, widened by half a percent for the length of the tick (see docs/clock.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, factorial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.arrays.layout import GAVE_UP, JOINED, LEFT, SEEN
from sim.plan import Plan
from tests.helpers.build import Numbers, cohort_of, compiled_log, pathway, plan_of, region

RUNS = 24
MINUTES = 60 * 24 * 365
SERVICE = 120.0
"""Mean service time in minutes."""
PEOPLE = 300_000


def queue(*, servers: float, load: float, stay: dict[str, Any], numbers: Numbers, patience: bool = False) -> Plan:
    """A service with servers held for a stay, offered `load` (arrival rate times mean stay)."""
    arrivals = load / SERVICE * MINUTES
    waiting = {"waiting": {"patience": {"fixed": numbers(0, "minutes")}}} if patience else {}
    word = pathway(
        numbers,
        {"desk": {"capacity": "places", "stay": stay, "next": "home", **waiting}},
        entry="desk",
        onset_rate=arrivals / PEOPLE,
        tick="1 minute",
        warm_up="20 days",
    )
    return plan_of(word, region(PEOPLE, sites={"desk": servers}))


def whole_runs(plan: Plan, count: int = RUNS) -> Iterator[np.ndarray]:
    """The events of independent runs, warm-up included."""
    for replication in range(count):
        yield compiled_log(plan, cohort_of(plan, seed=11, replication=replication))


def runs(plan: Plan, count: int = RUNS) -> Iterator[np.ndarray]:
    """The measured events of independent runs."""
    for log in whole_runs(plan, count):
        yield log[log["tick"] >= 0]


def number_present(log: np.ndarray, plan: Plan, *, enter: int, leave: int) -> np.ndarray:
    """How many are present after each measured tick: those who entered and have not left, from the very beginning."""
    span = plan.last_tick - plan.first_tick
    change = np.bincount(log[log["kind"] == enter]["tick"] - plan.first_tick, minlength=span)
    change = change - np.bincount(log[log["kind"] == leave]["tick"] - plan.first_tick, minlength=span)
    present: np.ndarray = np.cumsum(change)[-plan.first_tick :]
    return present


def agrees(values: list[float], theory: float, *, tick: float = 0.005) -> None:
    """Asserts that theory lies in the 99.9% t interval of independent values, widened by the tick's error."""
    sample = np.array(values)
    half = stats.t.ppf(0.9995, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample))
    assert abs(sample.mean() - theory) <= half + tick * theory, (sample.mean(), theory, half)
    assert half < 0.2 * theory, "the test is too weak to tell"


def erlang_c(servers: int, load: float) -> float:
    """The probability of waiting."""
    top = load**servers / factorial(servers) * servers / (servers - load)
    return top / (sum(load**k / factorial(k) for k in range(servers)) + top)


def mean_wait(log: np.ndarray) -> float:
    """Mean minutes from referral to being seen."""
    return float(log[log["kind"] == SEEN]["value"].mean())


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (3, 2.4)])
def test_v18_waits_are_those_of_erlang_c(servers: int, load: float) -> None:
    """V18: M/M/1 and M/M/3."""
    numbers = Numbers()
    plan = queue(servers=servers, load=load, stay={"exponential": numbers(SERVICE, "minutes")}, numbers=numbers)
    theory = erlang_c(servers, load) * SERVICE / (servers - load)
    agrees([mean_wait(log) for log in runs(plan)], theory)


def test_fixed_service_times_halve_the_wait() -> None:
    """M/D/1, by Pollaczek and Khinchine."""
    numbers = Numbers()
    plan = queue(servers=1, load=0.7, stay={"fixed": numbers(SERVICE, "minutes")}, numbers=numbers)
    agrees([mean_wait(log) for log in runs(plan)], 0.7 * SERVICE / (2 * (1 - 0.7)))


def test_occupancy_with_room_for_all_is_poisson_whatever_the_stay() -> None:
    """M/G/infinity: mean and variance of the number present are the load."""
    numbers = Numbers()
    stay = {"gamma": numbers(SERVICE, "minutes"), "sd": numbers(2 * SERVICE, "minutes")}
    plan = queue(servers=1e6, load=3.0, stay=stay, numbers=numbers)
    means, variances = [], []
    for log in whole_runs(plan):
        present = number_present(log, plan, enter=SEEN, leave=LEFT)
        means.append(float(present.mean()))
        variances.append(float(present.var()))
    agrees(means, 3.0)
    agrees(variances, 3.0, tick=0.01)


def test_lost_people_are_those_of_erlang_b() -> None:
    """M/G/c/c: people who find no free server leave at once; insensitive to the distribution of the stay."""
    numbers = Numbers()
    stay = {"lognormal": numbers(80, "minutes"), "p90": numbers(80 * exp(1.2816 * np.sqrt(2 * np.log(1.5))), "minutes")}
    plan = queue(servers=2, load=1.5, stay=stay, numbers=numbers, patience=True)
    lost = [float((log["kind"] == GAVE_UP).sum() / (log["kind"] == JOINED).sum()) for log in runs(plan)]
    terms = [1.5**k / factorial(k) for k in range(3)]
    agrees(lost, terms[2] / sum(terms))


def test_the_list_of_a_slotted_service_has_its_exact_distribution() -> None:
    """Appointments every day, arrivals by chance: the list after each day's clinic is a Markov chain."""
    slots, arrivals_a_day, people = 4, 3.4, 400_000
    numbers = Numbers()
    word = pathway(
        numbers,
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        onset_rate=arrivals_a_day * 365 / people,
        warm_up="200 days",
    )
    plan = plan_of(word, region(people, sites={"clinic": 7.0 * slots}), years=3)
    lists = [number_present(log, plan, enter=JOINED, leave=SEEN) for log in whole_runs(plan, 100)]
    size = 300
    arrivals = stats.poisson.pmf(np.arange(size), arrivals_a_day)
    chain = np.zeros((size, size))
    for now in range(size):
        for came in range(60):
            chain[now, min(max(now + came - slots, 0), size - 1)] += arrivals[came]
    stationary = np.linalg.matrix_power(chain, 4096)[0]
    agrees([float(listed.mean()) for listed in lists], float(stationary @ np.arange(size)), tick=0.0)
    agrees([float((listed == 0).mean()) for listed in lists], float(stationary[0]), tick=0.0)


def test_v17_littles_law() -> None:
    """V17: people waiting = arrivals a day times the mean wait, on a stable list."""
    numbers = Numbers()
    plan = queue(servers=2, load=1.7, stay={"exponential": numbers(SERVICE, "minutes")}, numbers=numbers)
    ratios = []
    for log in whole_runs(plan, 12):
        waiting = number_present(log, plan, enter=JOINED, leave=SEEN).mean()
        measured = log[log["tick"] >= 0]
        arrivals_a_minute = (measured["kind"] == JOINED).sum() / MINUTES
        ratios.append(float(waiting / (arrivals_a_minute * mean_wait(measured))))
    agrees(ratios, 1.0)
