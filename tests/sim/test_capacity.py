"""Capacity: whose it is when levers change it, parts of appointments and places, and the waits that are published of it.

In every case more people come than can be seen, so that those who are seen are the capacity.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pathways import Region, Waiting
from sim.arrays.layout import OFFERED, REFERRAL, SEEN
from sim.plan import Plan
from sim.state import lever_from
from tests.helpers.build import (
    Numbers,
    cohort_of,
    compiled_log,
    pathway,
    plan_of,
    reference_log,
    region,
    scenario,
    share,
)
from tests.helpers.capacity import lever

WEEK = 7


def by_day(log: np.ndarray, plan: Plan, kind: int = SEEN, service: int = 0) -> np.ndarray:
    """Events of a kind at a service, by day."""
    ticks = log["tick"][(log["kind"] == kind) & (log["service"] == service)] // plan.ticks_per_day
    return np.bincount(ticks, minlength=plan.days)


# levers: capacity and demand are one realisation


def test_a_levers_capacity_comes_with_the_practices_that_take_it_up() -> None:
    """One practice in ten replications, at a reach of 0.4: where it takes part 14 a week become 28 and nobody is sent
    home any more; where it does not, neither happens."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "clinic": {"capacity": "slots", "next": "home"}},
        entry="gp",
        onset_rate=1.0,
        decisions={"plan": {"options": {"clinic": {"share": "rest"}, "home": share(numbers, 0.5)}}},
        levers={
            "more": lever(
                {"service": "clinic", "capacity_times": numbers(2.0, "ratio")},
                {"decision": "plan", "option": "home", "times": numbers(0.0, "ratio")},
                reach=numbers(0.4, "share"),
            )
        },
    )
    plan = plan_of(word, region(4000, sites={"clinic": 14.0}), years=0.2, scenario=scenario(more={}))
    found = set()
    for replication in range(10):
        cohort = cohort_of(plan, replication=replication)
        log = compiled_log(plan, cohort)
        takes_part = bool(lever_from(plan, cohort)[0, 0] == 0)
        weekly = by_day(log, plan, service=1)[WEEK : 9 * WEEK].reshape(8, WEEK).sum(axis=1)
        assert set(weekly) == {28 if takes_part else 14}
        gp, clinic = (int(((log["kind"] == REFERRAL) & (log["service"] == service)).sum()) for service in (0, 1))
        assert (clinic > 0.9 * gp) == takes_part
        found.add(takes_part)
    assert found == {True, False}


@pytest.mark.parametrize(
    ("setting", "change", "expected"),
    [
        ({"reach": 1 / 3}, {"capacity_times": (1.1, "ratio")}, 110),
        ({"practices": ["P0"]}, {"capacity_times": (1.1, "ratio")}, 110),
        ({"reach": 1 / 3}, {"capacity_plus_per_100k": (20, "appointments per week per 100,000")}, 120),
        ({"practices": ["P0", "P1"]}, {"capacity_times": (0.9, "ratio")}, 90),
    ],
)
def test_a_tenth_more_appointments_are_a_tenth_more_however_many_practices_take_part(
    setting: dict[str, Any], change: dict[str, Any], expected: int
) -> None:
    """Three practices of the same size, 100 appointments a week: the change is that of the service, as it is written."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        onset_rate=0.1,
        levers={"more": lever({"service": "clinic"} | {name: numbers(*of) for name, of in change.items()})},
    )
    place = region(99_999, practices=3, sites={"clinic": 100.0})
    plan = plan_of(word, place, years=0.25, scenario=scenario(more=setting))
    for replication in range(3):
        cohort = cohort_of(plan, replication=replication)
        if (lever_from(plan, cohort)[0] == 0).any():
            log = compiled_log(plan, cohort)
            weekly = by_day(log, plan)[2 * WEEK : 12 * WEEK].reshape(10, WEEK).sum(axis=1)
            assert weekly.mean() == pytest.approx(expected, abs=1)
            assert replication > 0 or np.array_equal(log, reference_log(plan, cohort))


def test_capacity_grows_on_the_days_on_which_practices_take_a_lever_up() -> None:
    """Ten a day, and 50 once all four practices have taken it up: ten for each of them from its own day on."""
    numbers = Numbers()
    more = lever(
        {"service": "clinic", "capacity_times": numbers(5.0, "ratio")},
        adoption={"uniform": [numbers(5, "days"), numbers(60, "days")]},
    )
    word = pathway(
        numbers,
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        onset_rate=5.0,
        levers={"more": more},
    )
    plan = plan_of(
        word,
        region(40_000, practices=4, sites={"clinic": 70.0}),
        years=0.25,
        scenario=scenario(more={"starts": "10 days"}),
    )
    cohort = cohort_of(plan)
    since = lever_from(plan, cohort)[0]
    assert len(set(since)) == 4
    days = np.arange(3, plan.days)
    expected = 10 + 10 * (days[:, None] >= since).sum(axis=1)
    assert by_day(compiled_log(plan, cohort), plan)[3:].tolist() == expected.tolist()


def test_within_a_day_nothing_is_added_before_a_lever_starts() -> None:
    """With ticks of six hours, a lever that starts at noon adds from the next day on: capacity is given out by the day."""
    numbers = Numbers()
    more = lever({"service": "clinic", "capacity_times": numbers(2.0, "ratio")})
    word = pathway(
        numbers,
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        onset_rate=5.0,
        tick="6 hours",
        levers={"more": more},
    )
    plan = plan_of(
        word, region(4000, sites={"clinic": 28.0}), years=0.1, scenario=scenario(more={"starts": "252 hours"})
    )
    assert by_day(compiled_log(plan, cohort_of(plan)), plan)[8:14].tolist() == [4, 4, 4, 8, 8, 8]


# parts of places


def ward(numbers: Numbers, stay: dict[str, Any], **more: Any) -> Any:
    """A ward to which many come, each for a stay."""
    services = {"ward": {"capacity": "places", "stay": stay, "next": "home"}}
    return pathway(numbers, services, entry="ward", onset_rate=20.0, **more)


@pytest.mark.parametrize("days", [1, 2, 7, 42])
@pytest.mark.parametrize("places", [0.4, 1.0, 3.6, 4.0, 5.84])
def test_places_see_as_many_as_their_amount_over_the_stay(places: float, days: int) -> None:
    """Whatever the part, and however long it is held: 3.6 places for seven days see 3.6 / 7 a day.

    At the start each place, and the part of one, takes somebody at once; so many are added to what the days allow.
    """
    numbers = Numbers()
    plan = plan_of(ward(numbers, {"fixed": numbers(days, "days")}), region(5000, sites={"ward": places}), years=2)
    log = compiled_log(plan, cohort_of(plan))
    seen = int((log["kind"] == SEEN).sum())
    most = int(np.ceil(places))
    first = int(log["tick"][log["kind"] == SEEN].min())
    assert places * (plan.last_tick - first) / days - 1 <= seen <= places * (plan.last_tick - first) / days + most


def test_parts_of_places_work_with_stays_of_chance() -> None:
    """Stays of two weeks on average: 2.5 places for three years see 2.5 / 14 a day, within four standard errors."""
    numbers = Numbers()
    plan = plan_of(ward(numbers, {"exponential": numbers(14, "days")}), region(500, sites={"ward": 2.5}), years=20)
    log = compiled_log(plan, cohort_of(plan))
    expected = 2.5 * plan.last_tick / plan.arrays.services[0]["turnover"]
    assert plan.arrays.services[0]["turnover"] == pytest.approx(14, rel=0.003)
    assert abs((log["kind"] == SEEN).sum() - expected) < 4 * np.sqrt(expected)


def test_a_tenth_more_of_four_beds_sees_a_tenth_more() -> None:
    """At the start each place, and the part of one, takes somebody at once: at most five people more."""
    numbers = Numbers()
    word = ward(
        numbers,
        {"fixed": numbers(5, "days")},
        levers={"tenth": lever({"service": "ward", "capacity_times": numbers(1.1, "ratio")})},
    )
    place = region(500, sites={"ward": 4.0})
    seen = []
    for setting in (None, scenario(tenth={})):
        plan = plan_of(word, place, years=4, scenario=setting)
        seen.append(int((compiled_log(plan, cohort_of(plan))["kind"] == SEEN).sum()))
    assert 1.1 * seen[0] <= seen[1] <= 1.1 * seen[0] + 5


# published waits


def two_sites(numbers: Numbers, service: dict[str, Any]) -> Any:
    """A service at two sites, whose published waits are renewed every four weeks and weigh nothing."""
    choice = {
        "by": "patient",
        "wait": numbers(0, "utility per week"),
        "published_every": numbers(28, "days"),
    }
    services = {"clinic": {"next": "home", "choice": choice, **service}}
    return pathway(numbers, services, entry="clinic", onset_rate=1.0)


def published(word: Any, where: Region, *, until: int = 28) -> dict[str, set[int]]:
    """What people were told of each site's wait before a day, in days."""
    plan = plan_of(word, where, years=0.2)
    log = compiled_log(plan, cohort_of(plan))
    told = log[(log["kind"] == OFFERED) & (log["tick"] < until)]
    return {site.name: set(told["value"][told["site"] == k].tolist()) for k, site in enumerate(plan.sites)}


def listed(*people: tuple[str, int]) -> tuple[Waiting, ...]:
    """People on the lists of sites today."""
    return tuple(Waiting("clinic", site, "", 1, count) for site, count in people)


def test_the_first_waits_that_people_hear_of_are_those_of_todays_lists() -> None:
    """Ten waiting for one slot in four weeks wait 40 weeks; 28 waiting for 14 slots a week wait two."""
    where = region(
        2000,
        sites={"clinic/slow": 0.25, "clinic/fast": 14.0},
        waiting=listed(("clinic/slow", 10), ("clinic/fast", 28)),
    )
    assert published(two_sites(Numbers(), {"capacity": "slots"}), where) == {"clinic/slow": {280}, "clinic/fast": {14}}


def test_closed_weeks_ahead_do_not_change_what_is_published() -> None:
    where = region(2000, sites={"clinic/a": 7.0, "clinic/b": 14.0}, waiting=listed(("clinic/a", 10), ("clinic/b", 28)))
    closed = [where.about.start + datetime.timedelta(days=day) for day in range(14)]
    shut = replace(where, about=where.about.model_copy(update={"closed": closed}))
    assert published(two_sites(Numbers(), {"capacity": "slots"}), shut) == {"clinic/a": {10}, "clinic/b": {14}}


def test_the_published_wait_for_places_counts_the_stay() -> None:
    """Two places for two weeks each see one a week: six waiting wait six weeks; at half a place they wait 24."""
    numbers = Numbers()
    where = region(2000, sites={"clinic/a": 2.0, "clinic/b": 0.5}, waiting=listed(("clinic/a", 6), ("clinic/b", 6)))
    word = two_sites(numbers, {"capacity": "places", "stay": {"fixed": numbers(14, "days")}})
    assert published(word, where) == {"clinic/a": {42}, "clinic/b": {168}}


def test_a_site_that_sees_nobody_does_not_publish_that_there_is_no_wait() -> None:
    """Nobody waits at it: ten years, the longest that is published, and not 0."""
    where = region(2000, sites={"clinic/shut": 0.0, "clinic/open": 14.0})
    told = published(two_sites(Numbers(), {"capacity": "slots"}), where)
    # by chance some are sent there all the same: waits weigh nothing here
    assert told == {"clinic/shut": {3650}, "clinic/open": {0}}
