"""Levers that add to a share: how many they move, from where, when, and whom they leave alone.

Everyone sees a GP once, who sends them on; nothing else happens to them, so that each patient has one route with the
lever and one without. Limits are four standard errors of the share that the lever should move.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pathways import BadInput, Pathway
from sim.arrays.layout import DECILE
from sim.state import new_state
from tests.helpers.build import Numbers, cohort_of, pathway, plan_of, region, scenario, share
from tests.helpers.levers import WEEK, Pair, agrees, lever


def world(
    numbers: Numbers, levers: dict[str, list[dict[str, Any]]], *, odds: tuple[dict[str, Any], ...] = (), **more: Any
) -> Pathway:
    """A GP who sends 20% to clinic, 30% to a, 10% to b, nobody to shut, and the rest home."""
    services = {"gp": {"capacity": "open", "next": "plan"}}
    services |= {name: {"capacity": "open", "next": "home"} for name in ("clinic", "a", "b", "shut")}
    options = {
        "home": {"share": "rest"},
        "clinic": share(numbers, 0.2),
        "a": share(numbers, 0.3),
        "b": share(numbers, 0.1),
        "shut": {**share(numbers, 0.0), "when": {"sex": "male"}},
    }
    return pathway(
        numbers,
        services,
        entry="gp",
        onset_rate=0.5,
        decisions={"plan": {"options": options, "odds": list(odds)}},
        levers={name: lever(*changes, **more) for name, changes in levers.items()},
    )


def to_clinic(numbers: Numbers, plus: float, **more: Any) -> dict[str, Any]:
    """A change that adds to the share of clinic."""
    return {"decision": "plan", "option": "clinic", "plus": numbers(plus, "share"), **more}


def routes(word: Pathway, **settings: dict[str, Any]) -> pd.DataFrame:
    """Every patient's way `before` (no lever on) and `after` (as set), with their practice, decile and `day`."""
    pair = Pair(word, scenario(**settings), people=30_000, practices=10)
    ways = np.array(["home", *pair.base.services[1:]])
    table = pd.DataFrame(
        {
            "practice": pair.cohort.practice,
            "decile": pair.cohort.patients["attributes"][:, DECILE],
            "day": pair.day,
            "before": ways[pair.before],
            "after": ways[pair.after],
        }
    )
    seen = table[table["day"] < pair.plan.last_tick].copy()
    seen["moved"] = seen["before"] != seen["after"]
    assert len(seen) > 10_000
    return seen


def moves(table: pd.DataFrame, share_of_all: float, before: str | None = None) -> None:
    """Asserts that this share of everyone in the table was moved, or that so many were moved from one way."""
    counted = table["moved"] if before is None else table["moved"] & (table["before"] == before)
    agrees(int(counted.sum()), len(table), share_of_all)


def test_plus_moves_exactly_its_share_of_everyone_and_only_from_where_it_is_taken() -> None:
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.1, taken_from=["a"])]}), more={})
    moves(table, 0.1)
    assert set(table["before"][table["moved"]]) == {"a"}
    assert set(table["after"][table["moved"]]) == {"clinic"}
    agrees(int((table["after"] == "clinic").sum()), len(table), 0.3)
    agrees(int((table["after"] == "a").sum()), len(table), 0.2)


def test_several_sources_give_in_proportion_to_their_shares() -> None:
    """0.2 from a (0.3) and b (0.1): three quarters of it from a."""
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.2, taken_from=["a", "b"])]}), more={})
    sources = table["before"][table["moved"]]
    assert set(sources) == {"a", "b"}
    moves(table, 0.15, before="a")
    moves(table, 0.05, before="b")


def test_without_taken_from_all_others_give_in_proportion() -> None:
    """0.2 from a (0.3), b (0.1) and home (0.4), which together have 0.8: a quarter of each."""
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.2)]}), more={})
    for source, given in (("a", 0.075), ("b", 0.025), ("home", 0.1)):
        moves(table, given, before=source)


def test_a_source_cannot_give_more_than_it_has() -> None:
    """0.6 is asked of b, which has 0.1: everyone who would go to b is moved, and nobody else."""
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.6, taken_from=["b"])]}), more={})
    assert (table["moved"] == (table["before"] == "b")).all()


def test_a_second_lever_works_on_what_the_first_could_move() -> None:
    """Of 0.6 asked b could give its 0.1, so clinic has 0.3; up to 0.35 a second lever then adds 0.05 from a."""
    numbers = Numbers()
    levers = {
        "first": [to_clinic(numbers, 0.6, taken_from=["b"])],
        "then": [to_clinic(numbers, 0.2, taken_from=["a"], at_most=numbers(0.35, "share"))],
    }
    table = routes(world(numbers, levers), first={}, then={})
    assert table["moved"][table["before"] == "b"].all()
    moves(table, 0.05, before="a")
    moves(table, 0.15)


def test_plus_stops_at_the_limit() -> None:
    """0.2 + 0.1 up to 0.25 moves 0.05."""
    numbers = Numbers()
    change = to_clinic(numbers, 0.1, taken_from=["a"], at_most=numbers(0.25, "share"))
    table = routes(world(numbers, {"more": [change]}), more={})
    moves(table, 0.05)


def test_times_may_take_from_a_named_option_too() -> None:
    """Twice 0.2 is 0.2 more, all of it from a."""
    numbers = Numbers()
    change = {
        "decision": "plan",
        "option": "clinic",
        "times": numbers(2.0, "ratio"),
        "at_most": numbers(0.9, "share"),
        "taken_from": ["a"],
    }
    table = routes(world(numbers, {"more": [change]}), more={})
    moves(table, 0.2)
    assert set(table["before"][table["moved"]]) == {"a"}


def test_two_levers_that_add_to_one_option_both_count() -> None:
    """0.1 and 0.15 from a, which has 0.3: clinic has 0.45, and a what is left."""
    numbers = Numbers()
    levers = {
        "one": [to_clinic(numbers, 0.1, taken_from=["a"])],
        "two": [to_clinic(numbers, 0.15, taken_from=["a"])],
    }
    table = routes(world(numbers, levers), one={}, two={})
    agrees(int((table["after"] == "clinic").sum()), len(table), 0.45)
    agrees(int((table["after"] == "a").sum()), len(table), 0.05)
    assert set(table["before"][table["moved"]]) == {"a"}


@pytest.mark.parametrize(("at_most", "added"), [(1.0, 0.1), (0.5, 0.1 / 1.4)])
def test_plus_adds_to_what_odds_have_made_of_the_share(at_most: float, added: float) -> None:
    """Odds of three turn 0.2 into 0.6 / 1.4 of everyone and a's 0.3 into 0.3 / 1.4; plus adds 0.1 all the same.

    Up to 0.5 there is room for 0.1 / 1.4 only.
    """
    numbers = Numbers()
    odds = {"option": "clinic", "when": {"sex": "female"}, "times": numbers(3.0, "odds ratio")}
    change = to_clinic(numbers, 0.1, taken_from=["a"], at_most=numbers(at_most, "share"))
    table = routes(world(numbers, {"more": [change]}, odds=(odds,)), more={})
    agrees(int((table["before"] == "clinic").sum()), len(table), 0.6 / 1.4)
    moves(table, added)


def test_nobody_is_moved_to_an_option_that_is_closed_to_them() -> None:
    numbers = Numbers()
    change = {"decision": "plan", "option": "shut", "plus": numbers(0.3, "share"), "taken_from": ["a"]}
    table = routes(world(numbers, {"more": [change]}), more={})
    assert not table["moved"].any()


def test_only_patients_of_whom_the_condition_holds_are_moved() -> None:
    """Tenths 1 to 3 hold three in ten people: 0.1 of these, and nobody else."""
    numbers = Numbers()
    change = to_clinic(numbers, 0.1, taken_from=["a"], when={"deprivation_decile": "<= 3"})
    table = routes(world(numbers, {"more": [change]}), more={})
    poor = table["decile"] <= 3
    assert not table["moved"][~poor].any()
    moves(table[poor], 0.1)


def test_practices_without_the_lever_move_nobody() -> None:
    numbers = Numbers()
    table = routes(
        world(numbers, {"more": [to_clinic(numbers, 0.2, taken_from=["a"])]}), more={"practices": ["P3", "P7"]}
    )
    inside = table["practice"].isin([3, 7])
    assert not table["moved"][~inside].any()
    moves(table[inside], 0.2)


def test_reach_puts_the_lever_into_that_share_of_practices() -> None:
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.2, taken_from=["a"])]}), more={"reach": 0.4})
    assert table["practice"][table["moved"]].nunique() == 4


def test_a_lever_acts_from_its_start_until_it_ends() -> None:
    numbers = Numbers()
    word = world(numbers, {"more": [to_clinic(numbers, 0.3, taken_from=["a"])]})
    table = routes(word, more={"starts": "10 weeks", "ends": "30 weeks"})
    days = table["day"][table["moved"]]
    assert (days.min(), days.max()) == (10 * WEEK, 30 * WEEK - 1)
    acting = table["day"].between(10 * WEEK, 30 * WEEK - 1)
    moves(table[acting], 0.3)


def test_capacity_that_a_lever_adds_ends_with_it() -> None:
    """Seven appointments a week on seven days, doubled in weeks 3 and 4 only."""
    numbers = Numbers()
    extra = lever({"service": "clinic", "capacity_times": numbers(2.0, "ratio")})
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", levers={"extra": extra})
    setting = scenario(extra={"starts": "2 weeks", "ends": "4 weeks"})
    plan = plan_of(word, region(100, sites={"clinic": 7}), scenario=setting)
    weekly = new_state(plan, cohort_of(plan)).capacity[0][: 6 * WEEK].reshape(6, WEEK).sum(axis=1)
    assert weekly.tolist() == [7, 7, 14, 14, 7, 7]


def test_plus_fades_by_half_lives_in_whole_weeks() -> None:
    """With a half-life of four weeks, week k adds 0.3 x 0.5^(k/4): by hand 0.3 at first, 0.15 in week 4, 0.075 in 8."""
    numbers = Numbers()
    word = world(numbers, {"more": [to_clinic(numbers, 0.3, taken_from=["a"])]}, half_life=numbers(4, "weeks"))
    table = routes(word, more={})
    week = table["day"] // WEEK
    for first, last in ((0, 3), (4, 7), (8, 11), (12, 19)):
        within = week.between(first, last)
        expected = np.mean([0.3 * 0.5 ** (k / 4) for k in week[within]])
        moves(table[within], float(expected))
    assert table["moved"][week >= 40].mean() < 0.002


def test_those_a_lever_does_not_move_have_the_same_log() -> None:
    numbers = Numbers()
    pair = Pair(world(numbers, {"more": [to_clinic(numbers, 0.1, taken_from=["a"])]}), scenario(more={}))
    alone = np.flatnonzero(pair.before == pair.after)
    before, after = (log[np.isin(log["patient"], alone)] for log in pair.logs)
    assert np.array_equal(before, after)
    assert len(alone) < len(pair.cohort)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"freed": {"a": "rest"}}, "'plus' makes it grow: use 'taken_from'"),
        ({"times": "twice"}, "one of 'times', 'plus'"),
        ({"taken_from": ["a", "clinic"]}, "'clinic' stands in its own 'taken_from'"),
        ({"taken_from": ["c"]}, "there is no option of 'plan' 'c'"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(words: dict[str, Any], says: str) -> None:
    numbers = Numbers()
    with pytest.raises(BadInput, match=says):
        world(numbers, {"more": [to_clinic(numbers, 0.1, **words)]})
