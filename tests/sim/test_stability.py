"""The stability doctor: what is offered to each service against what it can take, on cases worked by hand."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import pytest

from pathways import BadInput, Pathway, Region, Waiting
from sim.experiments.stability import Load, offered_loads, sentence
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, pathway, plan_of, region, scenario

PEOPLE = 20_000
WEEKS = 365 / 7
A_WEEK = 40.0
"""People who fall ill each week, on average: what comes to the entry."""


def place(sites: dict[str, float], **more: Any) -> Region:
    """The area of `PEOPLE`."""
    return region(PEOPLE, sites=sites, **more)


def word(numbers: Numbers, services: dict[str, Any], **sections: Any) -> Pathway:
    """A pathway to whose first service so many come each week."""
    return pathway(numbers, services, entry=next(iter(services)), onset_rate=A_WEEK * WEEKS / PEOPLE, **sections)


def loads(of: Pathway, where: Region) -> dict[str, Load]:
    """The doctor's findings by service."""
    return {load.service: load for load in offered_loads(of, where)}


def near(value: float, expected: float) -> None:
    """Asserts that a weekly number of one year's run is what is expected, within four standard errors."""
    yearly = expected * WEEKS
    assert abs(value - expected) <= 4 * sqrt(yearly) / WEEKS, (value, expected)


# what is offered


def test_a_clinic_is_offered_those_who_fall_ill() -> None:
    numbers = Numbers()
    load = loads(word(numbers, {"clinic": {"capacity": "slots", "next": "home"}}), place({"clinic": 30.0}))["clinic"]
    near(load.people, A_WEEK)
    assert load.had == 30.0
    # those of the last days are still to be seen when the year ends
    assert load.wanted == pytest.approx(load.people, rel=0.005)


def test_sites_are_counted_together() -> None:
    numbers = Numbers()
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home"}})
    load = loads(of, place({"clinic/a": 30.0, "clinic/b": 12.5, "clinic/c": 0.0}))["clinic"]
    assert load.had == 42.5
    assert not load.too_much


def test_a_decision_passes_on_its_share() -> None:
    """A quarter of those who are seen go on to a scan."""
    numbers = Numbers()
    of = word(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "mri": {"capacity": "slots", "next": "home"}},
        decisions={"plan": {"options": {"home": {"share": "rest"}, "mri": {"share": numbers(0.25, "share")}}}},
    )
    found = loads(of, place({"mri": 12.0}))
    assert set(found) == {"mri"}  # an open service has no list
    near(found["mri"].people, A_WEEK / 4)


def test_the_load_is_what_would_come_if_there_were_room_further_up() -> None:
    """A clinic with one slot a week does not hide that the scanner behind it is too small."""
    numbers = Numbers()
    of = word(
        numbers,
        {"clinic": {"capacity": "slots", "next": "mri"}, "mri": {"capacity": "slots", "next": "home"}},
    )
    narrow, wide = (loads(of, place({"clinic": slots, "mri": 12.0})) for slots in (1.0, 500.0))
    near(narrow["mri"].people, A_WEEK)
    assert (narrow["mri"].people, narrow["mri"].wanted) == (wide["mri"].people, wide["mri"].wanted)
    assert narrow["clinic"].too_much
    assert not wide["clinic"].too_much


def test_a_loop_is_followed_to_its_end() -> None:
    """A third come back each time: 1 + 1/3 + 1/9 + … = 1.5 visits each."""
    numbers = Numbers()
    of = word(
        numbers,
        {"clinic": {"capacity": "slots", "next": "again"}},
        decisions={"again": {"options": {"home": {"share": "rest"}, "clinic": {"share": numbers(1 / 3, "share")}}}},
    )
    near(loads(of, place({"clinic": 100.0}))["clinic"].people, 1.5 * A_WEEK)


def test_a_course_needs_an_appointment_for_each_visit() -> None:
    """Half need one visit, half four: 2.5 appointments for each referral."""
    numbers = Numbers()
    course = {"visits": numbers({"1": 0.5, "4": 0.5}, "share"), "gap": {"fixed": numbers(1, "days")}}
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home", "course": course}})
    load = loads(of, place({"clinic": 90.0}))["clinic"]
    near(load.people, A_WEEK)
    assert abs(load.wanted / load.people - 2.5) < 4 * 1.5 / sqrt(A_WEEK * WEEKS) + 0.02
    assert load.too_much


def test_missed_appointments_that_are_booked_again_need_more_of_them() -> None:
    """A fifth missed, half of those booked again: 1 / (1 - 0.2 x 0.5) = 1.11 appointments each."""
    numbers = Numbers()
    attendance = {"missed": numbers(0.2, "share"), "rebooked": numbers(0.5, "share")}
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home", "attendance": attendance}})
    load = loads(of, place({"clinic": 42.0}))["clinic"]
    assert abs(load.wanted / load.people - 1 / 0.9) < 4 * 0.35 / sqrt(A_WEEK * WEEKS) + 0.01
    assert load.people < 42 < load.wanted


def test_places_are_wanted_for_as_long_as_people_stay() -> None:
    """40 a week for 12 days each are 69 places, by Little's law."""
    numbers = Numbers()
    of = word(numbers, {"ward": {"capacity": "places", "stay": {"fixed": numbers(12, "days")}, "next": "home"}})
    load = loads(of, place({"ward": 50.0}))["ward"]
    near(load.people, A_WEEK)
    assert load.wanted == pytest.approx(load.people * 12 / 7, rel=0.03)
    assert load.had == 50


def test_stays_are_wanted_in_the_whole_ticks_that_they_hold_a_place() -> None:
    """10.5 days are 11 with a tick of a day: of 40 a week each holds a place for 11 days."""
    numbers = Numbers()
    of = word(numbers, {"ward": {"capacity": "places", "stay": {"fixed": numbers(10.5, "days")}, "next": "home"}})
    load = loads(of, place({"ward": 50.0}))["ward"]
    assert load.wanted == pytest.approx(load.people * 11 / 7, rel=0.03)


def test_parts_of_places_count_as_parts() -> None:
    """Three sites with 0.4 of a place each have 1.2 together, and two with 1.6 have 3.2."""
    numbers = Numbers()
    of = word(numbers, {"ward": {"capacity": "places", "stay": {"fixed": numbers(7, "days")}, "next": "home"}})
    assert loads(of, place({"ward/a": 0.4, "ward/b": 0.4, "ward/c": 0.4}))["ward"].had == pytest.approx(1.2)
    assert loads(of, place({"ward/a": 1.6, "ward/b": 1.6}))["ward"].had == pytest.approx(3.2)


def test_a_levers_capacity_is_that_of_the_practices_that_send_the_load() -> None:
    """One practice of one, at a reach of 0.4: all of the lever's slots are had with all of its people, or none with none."""
    numbers = Numbers()
    more = {
        "title": "More",
        "says": "For a test",
        "counter_effects": "None",
        "reach": numbers(0.4, "share"),
        "changes": [{"service": "clinic", "capacity_times": numbers(2.0, "ratio")}],
    }
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, levers={"more": more})
    had = {load.had for load in offered_loads(of, place({"clinic": 30.0}), scenario(more={}))}
    assert had <= {30.0, 60.0}


def test_todays_waiting_list_is_not_a_load() -> None:
    """A long list today does not make a service unstable."""
    numbers = Numbers()
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home"}})
    listed = place({"clinic": 45.0}, waiting=(Waiting("clinic", "clinic", "", 10, 3000),))
    assert loads(of, listed) == loads(of, place({"clinic": 45.0}))
    assert not loads(of, listed)["clinic"].too_much


def test_people_who_would_give_up_are_part_of_the_load() -> None:
    """With room for all nobody gives up: impatience does not make a service that is too small look stable."""
    numbers = Numbers()
    waiting = {"patience": {"fixed": numbers(3, "days")}}
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home", "waiting": waiting}})
    load = loads(of, place({"clinic": 20.0}))["clinic"]
    near(load.wanted, A_WEEK)
    assert load.too_much


def test_no_one_falls_ill_and_nothing_is_wanted() -> None:
    numbers = Numbers()
    of = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", onset_rate=0.0)
    load = loads(of, place({"clinic": 0.0}))["clinic"]
    assert (load.people, load.wanted, load.had) == (0, 0, 0)
    assert not load.too_much
    assert load.growth_a_year == 0


def test_a_service_without_sites_is_told_and_not_diagnosed() -> None:
    numbers = Numbers()
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home"}})
    with pytest.raises(BadInput, match="no row for the service 'clinic'"):
        offered_loads(of, place({}))


def test_each_area_is_diagnosed_by_itself() -> None:
    """Half of the people, half of the load, and the area's name in the sentence."""
    numbers = Numbers()
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home"}})
    whole = region(PEOPLE, practices=2, sites={"clinic/n": 25.0, "clinic/s": 10.0})
    sites = tuple(replace(site, area=area) for site, area in zip(whole.sites, ("North", "South"), strict=True))
    both = replace(whole, areas=("North", "South"), sites=sites)
    north, south = (loads(of, both.area(name))["clinic"] for name in ("North", "South"))
    near(north.people, A_WEEK / 2)
    near(south.people, A_WEEK / 2)
    assert (north.area, north.had, south.area, south.had) == ("North", 25.0, "South", 10.0)
    assert (north.too_much, south.too_much) == (False, True)
    assert sentence(south, of).startswith("clinic (South): ")


# when it is too much, and how fast the list grows


@pytest.mark.parametrize(
    ("wanted", "too_much"), [(0.0, False), (11.9, False), (12.0, False), (12.1, False), (12.13, True), (14.2, True)]
)
def test_up_to_one_percent_above_capacity_is_noise(wanted: float, *, too_much: bool) -> None:
    assert Load("clinic", "", wanted, wanted, 12.0).too_much is too_much


def test_a_list_grows_by_those_who_cannot_be_seen() -> None:
    """14.2 a week for 12 slots: 2.2 a week are 114.7 a year. With two appointments for each person 28.4 are wanted,
    and 12 of them see 6 people: 8.2 a week stay. Nothing to take them all: 14.2 a week."""
    assert Load("clinic", "", 14.2, 14.2, 12.0).growth_a_year == pytest.approx(2.2 * WEEKS)
    assert Load("clinic", "", 14.2, 28.4, 12.0).growth_a_year == pytest.approx(8.2 * WEEKS)
    assert Load("clinic", "", 14.2, 14.2, 0.0).growth_a_year == pytest.approx(14.2 * WEEKS)


def test_a_list_grows_as_the_doctor_foretells() -> None:
    """A run with the capacity there is: the list after a year against the year's growth, within four standard errors."""
    numbers = Numbers()
    of = word(numbers, {"clinic": {"capacity": "slots", "next": "home"}})
    area = place({"clinic": 25.0})
    told = loads(of, area)["clinic"].growth_a_year
    plan = plan_of(of, area)
    grown = float(Running(plan, cohort_of(plan, seed=2)).finish().waiting()[0])
    assert told == pytest.approx(15 * WEEKS, rel=0.15)
    assert abs(grown - told) < 4 * sqrt(2 * A_WEEK * WEEKS)


# what it says


def service(**more: Any) -> Pathway:
    """A pathway with one service called Back clinic."""
    numbers = Numbers()
    given = {name: make(numbers) for name, make in more.items()}
    return word(numbers, {"clinic": {"title": "Back clinic", "capacity": "slots", "next": "home", **given}})


def test_a_clinic_is_told_in_referrals_and_slots() -> None:
    """14.2 less 12 a week are 115 a year."""
    assert sentence(Load("clinic", "", 14.2, 14.2, 12.0), service()) == (
        "Back clinic: 14.2 referrals a week for 12 slots; the list grows by about 115 a year, less those who give up."
    )


def test_a_course_is_told_in_appointments() -> None:
    """20 referrals need 50 appointments; 30 see 12 of them; 8 a week are 417 a year."""
    of = service(
        course=lambda numbers: {
            "visits": numbers({"1": 0.5, "4": 0.5}, "share"),
            "gap": {"fixed": numbers(7, "days")},
        }
    )
    assert sentence(Load("clinic", "", 20.0, 50.0, 30.0), of) == (
        "Back clinic: 20.0 referrals a week need 50.0 appointments, for 30 slots; "
        "the list grows by about 417 a year, less those who give up."
    )


def test_a_ward_is_told_in_places() -> None:
    """5 a week want 7.5 places; 6 take 4 of them; 1 a week is 52 a year."""
    of = service(capacity=lambda _: "places", stay=lambda numbers: {"fixed": numbers(10.5, "days")})
    assert sentence(Load("clinic", "West", 5.0, 7.5, 6.0), of) == (
        "Back clinic (West): 7.5 places are wanted and there are 6; "
        "the list grows by about 52 a year, less those who give up."
    )
