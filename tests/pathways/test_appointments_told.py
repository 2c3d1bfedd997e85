"""What levers make of capacity, told in appointments a week or places: how many before and after, by which lever, when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pathways import Pathway, load_pathway, load_region, load_scenario
from pathways.provision import provision
from tests.helpers.build import Numbers, pathway, region, scenario
from tests.helpers.capacity import lever

AREA = region(50_000, practices=5, sites={"clinic": 40.0, "ward": 6.0})


def world(*, slowly: bool = False) -> Pathway:
    """A clinic and a ward; one lever makes half as much more of the clinic, one adds to both (`slowly` taken up, and
    wearing off), one takes a tenth away."""
    numbers = Numbers()
    more = {"adoption": {"fixed": numbers(5, "days")}, "half_life": numbers(9, "weeks")} if slowly else {}
    plus = numbers(20.0, "appointments per week per 100,000")
    places = numbers(3.0, "places per 100,000")
    return pathway(
        numbers,
        {
            "clinic": {"capacity": "slots", "next": "ward"},
            "ward": {"capacity": "places", "stay": {"fixed": numbers(7, "days")}, "next": "home"},
        },
        entry="clinic",
        levers={
            "half": lever({"service": "clinic", "capacity_times": numbers(1.5, "ratio")}) | {"title": "Half"},
            "added": lever(
                {"service": "clinic", "capacity_plus_per_100k": plus},
                {"service": "ward", "capacity_plus_per_100k": places},
                **more,
            )
            | {"title": "Added"},
            "less": lever({"service": "clinic", "capacity_times": numbers(0.9, "ratio")}) | {"title": "Less"},
        },
    )


def told(word: Pathway, place: Any = AREA, **levers: Any) -> list[str]:
    """The sentences for these levers."""
    return [each.sentence for each in provision(word, place, scenario(**levers))]


def test_a_factor_and_an_addition_are_told_in_appointments_and_in_places() -> None:
    """40 times 1.5, and 20 for each 100,000 of 50,000 people: 70; 6 places and 1.5."""
    assert told(world(), half={}, added={}) == [
        "clinic from 40 to 70 appointments a week (Half from the start; Added from the start)",
        "ward from 6 to 7.5 places (Added from the start)",
    ]


def test_when_it_is_so_is_told() -> None:
    weeks = {"starts": "13 weeks", "ends": "26 weeks"}
    assert told(world(), half=weeks) == [
        "clinic from 40 to 60 appointments a week (Half from 13 weeks on until 26 weeks)"
    ]
    grows = "Added from the start, once all that take part have taken it up, wearing off"
    assert told(world(slowly=True), added={})[1] == f"ward from 6 to 7.5 places ({grows})"


def test_levers_that_are_never_on_together_are_not_multiplied() -> None:
    """From 40 to 54 was told: half more for half a year and a tenth less after a year are never there together."""
    assert told(world(), half={"ends": "26 weeks"}, less={"starts": "52 weeks"}) == [
        "clinic from 40 to 60 appointments a week (Half from the start until 26 weeks)",
        "clinic from 40 to 36 appointments a week (Less from 52 weeks on)",
    ]
    assert told(world(), half={"ends": "26 weeks"}, less={"starts": "25 weeks"}) == [
        "clinic from 40 to 54 appointments a week (Half from the start until 26 weeks; Less from 25 weeks on)"
    ]


@pytest.mark.parametrize("setting", [{"reach": 0.2}, {"practices": ["P0"]}])
def test_the_change_is_as_written_however_few_take_part(setting: dict[str, Any]) -> None:
    assert told(world(), half=setting)[0].startswith("clinic from 40 to 60 appointments a week")


def test_a_lever_that_nobody_takes_up_and_one_that_changes_nothing_are_not_told() -> None:
    assert told(world(), half={"reach": 0}) == []
    word = world()
    one = word.quantities["q0"].model_copy(update={"value": 1.0})
    name = str(word.levers["half"].changes[0].capacity_times)
    word = replace(word, quantities={**word.quantities, name: one})
    assert told(word, half={}) == []
    assert told(word, half={}, less={}) == ["clinic from 40 to 36 appointments a week (Less from the start)"]


def test_practices_of_one_area_change_the_capacity_of_that_area_alone() -> None:
    """Two areas with 20 a week each: half more in one of them is 50."""
    place = replace(
        AREA,
        areas=("A", "A", "A", "B", "B"),
        sites=tuple(replace(AREA.sites[0], area=area, name=f"clinic {area}", amount=20.0) for area in "AB")
        + tuple(replace(AREA.sites[1], area=area, name=f"ward {area}") for area in "AB"),
    )
    assert told(world(), place, half={"practices": ["P0"]}) == [
        "clinic from 40 to 50 appointments a week (Half from the start)"
    ]


def test_what_the_library_provides_is_told_of_the_demonstration_area() -> None:
    """104 appointments a week of physiotherapy, a quarter more for a year."""
    _, word, own = load_scenario("waiting_list_initiative")
    first = provision(own, load_region("demonstration"), word)[0]
    assert (first.service, first.before, first.after, first.levers) == (
        "community_physio", pytest.approx(104), pytest.approx(130), ("waiting_list_initiative",),
    )  # fmt: skip
    assert load_pathway("usual_care").services[first.service].title == first.title
