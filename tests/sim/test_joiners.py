"""Who is on a waiting list at the start: people like those who join it, with what they have behind them."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest

from pathways import Pathway, Region, Waiting, load_region, load_scenario
from sim import pilot
from sim.arrays.layout import AGE, FIRST_ATTRIBUTE, JOINED
from sim.cohort import Cohort
from sim.pilot import doubts_about_lists, joiners_of
from sim.plan import Plan, compile_plan
from sim.rules import ATTENDED
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, compiled_log, pathway, plan_of, reference_log, region, scenario

RUNS = 6
AS_NAMED = ("discectomy", "pain_programme", "nerve_root_injection", "facet_injection", "spinal_clinic", "msk_triage")


def facts(patients: np.ndarray, word: Pathway) -> dict[str, np.ndarray]:
    """Of whom what is true, by what."""
    classes = list(word.attributes["symptom_class"].levels)
    at = FIRST_ATTRIBUTE + list(word.attributes).index("symptom_class")
    about = patients["attributes"]
    return {
        "radicular": about[:, at] == classes.index("radicular"),
        "under 18": about[:, AGE] < 18,
        "65 and over": about[:, AGE] >= 65,
        "in severe pain": patients["state"] == 3,
        "in mild pain": patients["state"] == 1,
    }


@pytest.fixture(scope="module")
def at_the_start_and_later() -> tuple[Plan, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """In the demonstration area: people on the lists of six replications, and those who join in the first year of three."""
    place = load_region("demonstration")
    plan = compile_plan(load_scenario("usual_care")[2], place.area(place.area_names()[0]), years=1)
    cohorts = [cohort_of(plan, replication=r) for r in range(RUNS)]
    start = np.concatenate([cohort.patients[cohort.listed] for cohort in cohorts])
    later: list[np.ndarray] = []
    for cohort in cohorts[:3]:
        running = Running(plan, cohort, keep_log=True)
        running.advance(1)
        running.take_log()
        for tick in range(1, plan.last_tick):
            running.advance(tick + 1)
            rows = running.take_log()
            joined = rows[(rows["kind"] == JOINED) & (rows["detail"] == 1)]
            later.append(running.people(joined["patient"])[0])
    joined = np.concatenate(later)
    return plan, *(
        {name: people[people["service"] == plan.services.index(name)] for name in AS_NAMED}
        for people in (start, joined)
    )


@pytest.mark.parametrize("service", AS_NAMED)
def test_people_on_a_list_are_like_those_who_join_it_later(service: str, at_the_start_and_later: Any) -> None:
    """Class of symptoms, age and state, within what chance leaves between so many joiners of a pilot and of three runs.

    Taken from everyone in pain, a sixth of those waiting for a discectomy or a nerve root injection were radicular.
    """
    plan, start, later = at_the_start_and_later
    in_pilot = len(joiners_of(plan).of[plan.services.index(service)])
    assert in_pilot >= 25
    then, after = (facts(each[service], plan.pathway) for each in (start, later))
    for what, is_so in after.items():
        share = is_so.mean()
        spread = sqrt(share * (1 - share) * (1 / in_pilot + 1 / len(is_so) + 1 / len(then[what])))
        assert abs(then[what].mean() - share) < 3.5 * spread + 0.02, what


# a small pathway: ten days to the GP, who sends everyone to the clinic


def small(numbers: Numbers, waiting: dict[str, Any] | None = None, **more: Any) -> Pathway:
    """Everyone sees the GP after ten days and is sent to the clinic."""
    services = {
        "gp": {"capacity": "open", "next": "clinic", "delay": {"fixed": numbers(10, "days")}, "effect": "advice"},
        "clinic": {"capacity": "slots", "next": "home", **({"waiting": waiting} if waiting else {})},
    }
    effects = {"advice": {"improve_times": numbers(2, "hazard ratio"), "lasts": numbers(60, "days")}}
    return pathway(
        numbers, services, entry="gp", **{"onset_rate": 0.2, "warm_up": "26 weeks", "effects": effects, **more}
    )


def listing(*rows: tuple[int, int], people: int = 2000) -> Region:
    """A place with lists of (weeks waited, people)."""
    waiting = tuple(Waiting("clinic", "clinic", "", weeks, count) for weeks, count in rows)
    return region(people, sites={"clinic": 10.0}, waiting=waiting, practices=2)


def on_the_list(cohort: Cohort) -> np.ndarray:
    """The patients on a list at the start."""
    return cohort.patients[cohort.listed]


def test_people_on_a_list_have_their_history_behind_them() -> None:
    """They fell ill eleven days before they joined (ten to the GP, one to the clinic), saw the GP once, and the advice
    of that visit still acts."""
    plan = plan_of(small(Numbers()), listing((2, 40), (7, 30)))
    cohort = cohort_of(plan)
    listed = on_the_list(cohort)
    assert len(listed) == 70
    assert set((listed["asked"] - listed["onset"]).tolist()) == {11}
    visits = cohort.counters[cohort.listed][:, plan.arrays.services["counter"] + ATTENDED]
    assert visits.tolist() == [[1, 0]] * 70
    assert (listed["effect"][:, 0] == 0).all()
    assert set((listed["asked"] - listed["effect_from"][:, 0]).tolist()) == {0}
    acts = listed["asked"] + 60 > 0
    assert (listed["improve_times"] == np.where(acts, 2 * 65536, 65536)).all()
    assert np.array_equal(compiled_log(plan, cohort), reference_log(plan, cohort))


def test_a_longer_list_adds_people_and_changes_nobody() -> None:
    word = small(Numbers())
    some, more = (cohort_of(plan_of(word, listing((2, count), (7, 30)))) for count in (40, 60))
    of_some, of_more = ({str(row) for row in on_the_list(cohort)} for cohort in (some, more))
    assert of_some < of_more
    assert len(of_more) == 90


def test_levers_and_replications_share_one_pilot() -> None:
    """Who stands for the people on a list belongs to the pathway and the area, not to a run."""
    numbers = Numbers()
    lever = {
        "title": "More",
        "says": "For a test",
        "counter_effects": "None",
        "changes": [{"service": "clinic", "capacity_times": numbers(2, "ratio")}],
    }
    word, area = small(numbers, levers={"more": lever}), listing((2, 40))
    without, with_lever = plan_of(word, area), plan_of(word, area, scenario=scenario(more={}))
    assert joiners_of(without) is joiners_of(with_lever)
    assert np.array_equal(cohort_of(without).patients, cohort_of(with_lever).patients)
    keys = [set(on_the_list(cohort_of(without, replication=r))["key"].tolist()) for r in range(2)]
    assert not keys[0] & keys[1]


def test_one_pilot_runs_for_each_area_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty areas, replication after replication: each area is come back to after all of the others."""
    names = [f"A{k}" for k in range(20)]
    one = listing((2, 3), people=40)
    whole = replace(
        one,
        codes=tuple(names),
        areas=tuple(names),
        **{field: getattr(one, field)[:1] * 20 for field in ("names", "networks")},
        **{field: np.repeat(getattr(one, field)[:1], 20, axis=0) for field in ("people", "deciles", "x_km", "y_km")},
        sites=tuple(replace(one.sites[0], area=name) for name in names),
        waiting=tuple(replace(one.waiting[0], area=name) for name in names),
    )
    word = small(Numbers())
    plans = [plan_of(word, whole.area(name)) for name in names]
    pilots: list[Plan] = []
    found = pilot._found
    monkeypatch.setattr(pilot, "_found", lambda plan: pilots.append(plan) or found(plan))
    for replication in range(3):
        for plan in plans:
            cohort_of(plan, replication=replication)
    assert len(pilots) == 20


def test_pilots_of_an_area_that_is_gone_are_forgotten() -> None:
    place = listing((2, 30))
    joiners_of(plan_of(small(Numbers()), place))
    kept, gone = len(pilot._pilots), weakref.ref(place)
    del place
    gc.collect()
    assert gone() is None
    joiners_of(plan_of(small(Numbers()), listing((2, 30))))
    assert len(pilot._pilots) <= kept


def test_where_nobody_falls_ill_a_list_is_of_registered_people() -> None:
    """An onset rate of 0: everyone registered is 40 to 44, and so is everyone on the list; half are in each practice."""
    plan = plan_of(small(Numbers(), onset_rate=0.0), listing((2, 400)))
    listed = on_the_list(cohort_of(plan))
    assert set(listed["attributes"][:, AGE].tolist()) == {40, 41, 42, 43, 44}
    assert abs((listed["practice"] == 0).sum() - 200) < 4 * sqrt(100)


def test_a_list_that_nobody_joins_is_named() -> None:
    nobody = plan_of(small(Numbers(), onset_rate=0.0), listing((2, 30), (3, 10)))
    (sentence,) = doubts_about_lists(nobody)
    assert sentence.startswith("clinic: 40 people are on its list at the start, and nobody joins it in the warm-up.")
    assert doubts_about_lists(plan_of(small(Numbers()), listing((2, 30)))) == []


def test_waits_longer_than_any_patience_are_named() -> None:
    """70 days: people who have waited 9 weeks have a week left, those of 10 and 12 weeks are past it."""
    numbers = Numbers()
    word = small(numbers, waiting={"patience": {"fixed": numbers(70, "days")}})
    (sentence,) = doubts_about_lists(plan_of(word, listing((9, 20), (10, 5), (12, 3))))
    assert sentence.startswith(
        "clinic: 8 people on its list have waited longer than anyone's patience lasts there, which is 10 weeks at most."
    )
