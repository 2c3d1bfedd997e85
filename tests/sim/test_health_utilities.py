"""What a year is worth to whom: the norm of an age, what a state takes from it, and what else the pain takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from outcomes import qalys_of_time
from pathways import BadInput, Pathway, Region
from pathways.health import STATES
from sim.arrays.layout import AGE, DECILE, FIRST_ATTRIBUTE, PATIENT, SEX, bare_state
from sim.health_utilities import utilities, utility_class_count, utility_classes
from sim.reducers import person_ticks
from sim.results import health_table
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, health, pathway, plan_of, region

WELL, MILD, MODERATE, SEVERE = range(4)
UTILITY = {"well": 0.86, "mild": 0.80, "moderate": 0.70, "severe": 0.46}
NORMS = {"0-44": 0.9, "45-64": 0.8, "65+": 0.7}


def word_of(
    numbers: Numbers, *, norms: dict[str, float] | None = None, decrements: tuple[Any, ...] = (), **sections: Any
) -> Pathway:
    """A GP whom nobody leaves better: people in whom nothing changes, worth `UTILITY`, with norms and decrements."""
    changes: dict[str, Any] = {"utility": {state: numbers(value, "utility") for state, value in UTILITY.items()}}
    if norms:
        changes["norm_by_age"] = numbers(norms, "utility")
    changes["decrements"] = [{"when": when, "by": numbers(by, "utility")} for when, by in decrements]
    return pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "home"}},
        entry="gp",
        health=health(numbers, **changes),
        attributes={
            "kind": {
                "levels": {
                    "plain": {"share": "rest"},
                    "radicular": {"share": numbers(0.5, "share")},
                    "serious": {"share": numbers(0.1, "share")},
                }
            }
        },
        **sections,
    )


def a_year(word: Pathway, state: int, *, age: int = 40, sex: int = 0, decile: int = 5, kind: int = 0) -> float:
    """The utility of a year in a state for one person. Kinds: 0 plain, 1 radicular, 2 serious; sexes: 0 female."""
    plan, patients = plan_of(word, region()), np.zeros(1, dtype=PATIENT)
    patients["attributes"][0, [AGE, SEX, DECILE, FIRST_ATTRIBUTE]] = age, sex, decile, kind
    person = bare_state(patients, np.zeros((1, plan.counters), dtype=np.uint8), np.ones((1, 1)))
    return float(utilities(word)[state, utility_classes(plan, person)[0]])


def test_without_norms_and_decrements_a_state_is_worth_its_utility() -> None:
    word = word_of(Numbers())
    assert utility_class_count(word) == 1
    assert utilities(word)[:, 0].tolist() == pytest.approx([UTILITY[state] for state in STATES])
    assert a_year(word, SEVERE, age=90, kind=2) == 0.46


@pytest.mark.parametrize(
    ("age", "state", "utility"),
    [
        (0, WELL, 0.9),
        (44, WELL, 0.9),
        (45, WELL, 0.8),
        (64, WELL, 0.8),
        (65, WELL, 0.7),
        (104, WELL, 0.7),
        (30, MILD, 0.84),  # 0.9 - (0.86 - 0.80)
        (50, MODERATE, 0.64),  # 0.8 - (0.86 - 0.70)
        (70, SEVERE, 0.30),  # 0.7 - (0.86 - 0.46)
    ],
)
def test_a_state_takes_from_the_norm_of_an_age_what_it_takes_from_someone_average(
    age: int, state: int, utility: float
) -> None:
    assert a_year(word_of(Numbers(), norms=NORMS), state, age=age) == pytest.approx(utility)


def test_a_decrement_takes_more_from_those_it_is_for_and_only_while_in_pain() -> None:
    """By hand, at 40 and with radicular pain: mild 0.9 - 0.06 - 0.12, severe 0.9 - 0.40 - 0.12, well still 0.9."""
    word = word_of(Numbers(), norms=NORMS, decrements=(({"kind": "radicular"}, 0.12),))
    assert a_year(word, MILD, kind=1) == pytest.approx(0.72)
    assert a_year(word, SEVERE, kind=1) == pytest.approx(0.38)
    assert a_year(word, WELL, kind=1) == pytest.approx(0.9)
    assert a_year(word, SEVERE, kind=0) == pytest.approx(0.50)


@pytest.mark.parametrize(
    ("sex", "decile", "takes"),
    [(0, 5, 0.0), (1, 5, 0.05), (0, 1, 0.11), (1, 1, 0.16)],
)
def test_decrements_add_up_and_none_stands_in_for_another(sex: int, decile: int, takes: float) -> None:
    """Three of different size, of which the third is for nobody here; moderate at 50 is 0.8 - 0.16 without them."""
    decrements = (({"sex": "male"}, 0.05), ({"deprivation_decile": "<= 2"}, 0.11), ({"kind": "serious"}, 0.3))
    word = word_of(Numbers(), norms=NORMS, decrements=decrements)
    assert utility_class_count(word) == 3 * 2**3
    assert a_year(word, MODERATE, age=50, sex=sex, decile=decile) == pytest.approx(0.64 - takes)


@pytest.mark.parametrize(("norms", "decrements"), [(None, 13), (NORMS, 11)])
def test_many_decrements_are_counted_where_they_belong(norms: dict[str, float] | None, decrements: int) -> None:
    """Each takes a thousandth from everyone: a year in mild pain is worth that many thousandths less, and all of the
    year is counted in the last class of the age."""
    numbers = Numbers()
    word = word_of(numbers, norms=norms, decrements=(({"age": ">= 0"}, 0.001),) * decrements, onset_rate=0.3)
    plan = plan_of(word, region(2000), years=1)
    cohort = cohort_of(plan)
    worth_more = (norms["0-44"] if norms else UTILITY["well"]) - (UTILITY["well"] - UTILITY["mild"])
    assert a_year(word, MILD) == pytest.approx(worth_more - 0.001 * decrements)
    ticks = person_ticks(Running(plan, cohort).finish().tallies, plan)
    lived = (365 - cohort.patients["onset"]).sum()
    assert ticks[0, MILD, 2**decrements - 1].sum() == lived == ticks.sum()


def test_more_kinds_of_people_than_memory_holds_are_refused() -> None:
    with pytest.raises(
        BadInput, match=r"14 decrements and 1 bands of age tell 16,384 kinds of people apart; 10,000 are"
    ):
        word_of(Numbers(), decrements=(({"age": ">= 0"}, 0.001),) * 14)


@pytest.mark.parametrize(
    ("when", "ages"),
    [
        ({"age": ">= 65"}, {65, 66}),
        ({"age": "> 65"}, {66}),
        ({"age": "< 65"}, {20, 64}),
        ({"age": "<= 64"}, {20, 64}),
        ({"age": "64 to 65"}, {64, 65}),
        ({"age": "= 64"}, {64}),
        ({"age": ">= 65", "kind": ["radicular", "serious"]}, set()),
        ({"age": ">= 65", "kind": ["plain", "serious"]}, {65, 66}),
    ],
)
def test_a_decrement_is_for_the_ages_that_it_names(when: dict[str, Any], ages: set[int]) -> None:
    word = word_of(Numbers(), decrements=((when, 0.1),))
    found = {age for age in (20, 64, 65, 66) if a_year(word, MILD, age=age) < 0.75}
    assert found == ages


def test_a_decrement_may_be_bounded_by_a_quantity() -> None:
    numbers = Numbers()
    word = word_of(numbers, decrements=(({"age": f">= {numbers(65, 'years')}"}, 0.1),))
    assert a_year(word, MILD, age=64) == pytest.approx(0.80)
    assert a_year(word, MILD, age=65) == pytest.approx(0.70)


def test_nothing_is_worth_less_than_the_lowest_of_the_scale() -> None:
    word = word_of(Numbers(), norms={"0+": 0.1}, decrements=(({"kind": "serious"}, 0.9),))
    assert a_year(word, SEVERE, kind=2) == -0.594
    assert a_year(word, WELL, kind=2) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"kind": "radiculous"}, "'kind' has no level 'radiculous'. Did you mean 'radicular'?"),
        ({"visits": {"gp": ">= 1"}}, "'visits' is not known yet when this is decided"),
    ],
)
def test_a_decrement_for_nobody_who_can_be_known_at_onset_is_refused(when: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message.replace("?", r"\?")) as bad:
        word_of(Numbers(), decrements=((when, 0.1),))
    assert "health.decrements[1].when" in str(bad.value)


def everyone(word: Pathway, place: Region, years: float) -> float:
    """The QALYs of a run."""
    plan = plan_of(word, place, years=years)
    running = Running(plan, cohort_of(plan)).finish()
    return float(qalys_of_time(health_table(running.tallies, plan))["qalys"].sum())


def test_qalys_of_a_run_are_peoples_years_times_what_they_are_worth() -> None:
    """300 women of 40 to 44 and 200 of 70 to 74, all with mild pain from the start, for two years: nobody changes.

    2 x (300 x (0.9 - 0.06) + 200 x (0.7 - 0.06)) = 760; with 0.1 less for those over 69, 2 x 200 x 0.1 = 40 less.
    """
    place = region(300)
    people = place.people.copy()
    people[0, 0, 14] = 200
    totals = []
    for decrements in ((), (({"age": ">= 70"}, 0.1),)):
        numbers = Numbers()
        prevalent = {
            "share": numbers(1.0, "share"),
            "since": {"fixed": numbers(30, "days")},
            "state": {"options": {"mild": {"share": "rest"}}},
        }
        word = word_of(numbers, norms=NORMS, decrements=decrements, onset_rate=0.0, prevalent=prevalent)
        totals.append(everyone(word, replace(place, people=people), 2.0))
    assert totals == pytest.approx([760.0, 720.0])
