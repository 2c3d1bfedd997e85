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
from sim.layout import SEEN
from tests.build import Numbers, cohort_of, compiled_log, pathway, plan_of, region, scenario, share

PLACE = region(30_000, practices=10)
WEEK = 7
DELAY = 1
"""Days from falling ill to the GP's decision."""


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
    words = {
        name: {"title": name, "says": "For a test", "counter_effects": "None", "changes": changes, **more}
        for name, changes in levers.items()
    }
    return pathway(
        numbers,
        services,
        entry="gp",
        onset_rate=0.5,
        decisions={"plan": {"options": options, "odds": list(odds)}},
        levers=words,
    )


def to_clinic(numbers: Numbers, plus: float, **more: Any) -> dict[str, Any]:
    """A change that adds to the share of clinic."""
    return {"decision": "plan", "option": "clinic", "plus": numbers(plus, "share"), **more}


def routes(word: Pathway, **settings: dict[str, Any]) -> pd.DataFrame:
    """Every patient's way `before` (no lever on) and `after` (as set), and the `day` of the GP's decision."""
    base, then = plan_of(word, PLACE), plan_of(word, PLACE, scenario=scenario(**settings))
    cohort = cohort_of(base)
    found = {"practice": cohort.practice, "day": cohort.patients["onset"] + DELAY}
    for name, plan in (("before", base), ("after", then)):
        log = compiled_log(plan, cohort)
        seen = log[(log["kind"] == SEEN) & (log["service"] > 0)]
        way = np.full(len(cohort), "home", dtype=object)
        way[seen["patient"]] = np.array(plan.services, dtype=object)[seen["service"]]
        found[name] = way
    table = pd.DataFrame(found)
    assert len(table) > 10_000
    return table[table["day"] < plan_end(base)]


def plan_end(plan: Any) -> int:
    """The last day on which someone who sees the GP is also seen elsewhere."""
    return int(plan.last_tick) - 3


def moved(table: pd.DataFrame) -> pd.Series:
    """Whether each patient went another way."""
    return table["before"] != table["after"]


def near(found: float, expected: float, people: int) -> bool:
    """Whether a share is within four standard errors of what it should be."""
    return abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / people)


def test_plus_moves_exactly_its_share_of_everyone_and_only_from_where_it_is_taken() -> None:
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.1, taken_from=["a"])]}), more={})
    assert near(moved(table).mean(), 0.1, len(table))
    assert set(table["before"][moved(table)]) == {"a"}
    assert set(table["after"][moved(table)]) == {"clinic"}
    assert near((table["after"] == "clinic").mean(), 0.3, len(table))
    assert near((table["after"] == "a").mean(), 0.2, len(table))


def test_several_sources_give_in_proportion_to_their_shares() -> None:
    """0.2 from a (0.3) and b (0.1): three quarters of it from a."""
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.2, taken_from=["a", "b"])]}), more={})
    sources = table["before"][moved(table)]
    assert set(sources) == {"a", "b"}
    assert near((moved(table) & (table["before"] == "a")).mean(), 0.15, len(table))
    assert near((moved(table) & (table["before"] == "b")).mean(), 0.05, len(table))


def test_without_taken_from_all_others_give_in_proportion() -> None:
    """0.2 from a (0.3), b (0.1) and home (0.4), which together have 0.8: a quarter of each."""
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.2)]}), more={})
    for source, given in (("a", 0.075), ("b", 0.025), ("home", 0.1)):
        assert near((moved(table) & (table["before"] == source)).mean(), given, len(table))


def test_a_source_cannot_give_more_than_it_has() -> None:
    """0.6 is asked of b, which has 0.1: everyone who would go to b is moved, and nobody else."""
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.6, taken_from=["b"])]}), more={})
    assert (moved(table) == (table["before"] == "b")).all()


def test_a_second_lever_works_on_what_the_first_could_move() -> None:
    """Of 0.6 asked b could give its 0.1, so clinic has 0.3; a second lever that halves this frees 0.15 of everyone."""
    numbers = Numbers()
    halved = {"decision": "plan", "option": "clinic", "times": numbers(0.5, "ratio"), "freed": {"home": "rest"}}
    levers = {"first": [to_clinic(numbers, 0.6, taken_from=["b"])], "then": [halved]}
    table = routes(world(numbers, levers), first={}, then={})
    assert near((table["after"] == "clinic").mean(), 0.15, len(table))
    assert near((table["after"] == "home").mean(), 0.55, len(table))
    assert not (table["after"] == "b").any()


def test_plus_stops_at_the_limit() -> None:
    """0.2 + 0.1 up to 0.25 moves 0.05."""
    numbers = Numbers()
    change = to_clinic(numbers, 0.1, taken_from=["a"], at_most=numbers(0.25, "share"))
    table = routes(world(numbers, {"more": [change]}), more={})
    assert near(moved(table).mean(), 0.05, len(table))


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
    assert near(moved(table).mean(), 0.2, len(table))
    assert set(table["before"][moved(table)]) == {"a"}


def test_two_levers_that_add_to_one_option_both_count() -> None:
    """0.1 and 0.15 from a, which has 0.3: clinic has 0.45, and a what is left."""
    numbers = Numbers()
    levers = {
        "one": [to_clinic(numbers, 0.1, taken_from=["a"])],
        "two": [to_clinic(numbers, 0.15, taken_from=["a"])],
    }
    table = routes(world(numbers, levers), one={}, two={})
    assert near((table["after"] == "clinic").mean(), 0.45, len(table))
    assert near((table["after"] == "a").mean(), 0.05, len(table))
    assert set(table["before"][moved(table)]) == {"a"}


def test_plus_adds_to_what_odds_have_made_of_the_share() -> None:
    """Odds of three turn 0.2 into 0.6 / 1.4 of everyone, and a's 0.3 into 0.3 / 1.4; plus then adds 0.1 all the same."""
    numbers = Numbers()
    odds = {"option": "clinic", "when": {"sex": "female"}, "times": numbers(3.0, "odds ratio")}
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.1, taken_from=["a"])]}, odds=(odds,)), more={})
    assert near((table["before"] == "clinic").mean(), 0.6 / 1.4, len(table))
    assert near(moved(table).mean(), 0.1, len(table))


def test_nobody_is_moved_to_an_option_that_is_closed_to_them() -> None:
    numbers = Numbers()
    change = {"decision": "plan", "option": "shut", "plus": numbers(0.3, "share"), "taken_from": ["a"]}
    table = routes(world(numbers, {"more": [change]}), more={})
    assert not moved(table).any()


def test_only_patients_of_whom_the_condition_holds_are_moved() -> None:
    """Tenths 1 to 3 hold three in ten people: 0.1 of these, and nobody else."""
    numbers = Numbers()
    change = to_clinic(numbers, 0.1, taken_from=["a"], when={"deprivation_decile": "<= 3"})
    word = world(numbers, {"more": [change]})
    table = routes(word, more={})
    decile = pd.Series(cohort_of(plan_of(word, PLACE)).patients["attributes"][:, 2]).loc[table.index]
    poor = decile <= 3
    assert not (moved(table) & ~poor).any()
    assert near(moved(table)[poor].mean(), 0.1, int(poor.sum()))


def test_practices_without_the_lever_move_nobody() -> None:
    numbers = Numbers()
    table = routes(
        world(numbers, {"more": [to_clinic(numbers, 0.2, taken_from=["a"])]}), more={"practices": ["P3", "P7"]}
    )
    inside = table["practice"].isin([3, 7])
    assert not (moved(table) & ~inside).any()
    assert near(moved(table)[inside].mean(), 0.2, int(inside.sum()))


def test_reach_puts_the_lever_into_that_share_of_practices() -> None:
    numbers = Numbers()
    table = routes(world(numbers, {"more": [to_clinic(numbers, 0.2, taken_from=["a"])]}), more={"reach": 0.4})
    assert table["practice"][moved(table)].nunique() == 4


def test_a_lever_acts_from_its_start_until_it_ends() -> None:
    numbers = Numbers()
    word = world(numbers, {"more": [to_clinic(numbers, 0.3, taken_from=["a"])]})
    table = routes(word, more={"starts": "10 weeks", "ends": "30 weeks"})
    days = table["day"][moved(table)]
    assert (days.min(), days.max()) == (10 * WEEK, 30 * WEEK - 1)
    acting = table["day"].between(10 * WEEK, 30 * WEEK - 1)
    assert near(moved(table)[acting].mean(), 0.3, int(acting.sum()))


def test_capacity_that_a_lever_adds_ends_with_it() -> None:
    """Seven appointments a week on seven days, doubled in weeks 3 and 4 only."""
    numbers = Numbers()
    lever = {
        "title": "Extra",
        "says": "For a test",
        "counter_effects": "None",
        "changes": [{"service": "clinic", "capacity_times": numbers(2.0, "ratio")}],
    }
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", levers={"extra": lever})
    setting = scenario(extra={"starts": "2 weeks", "ends": "4 weeks"})
    plan = plan_of(word, region(100, sites={"clinic": 7}), scenario=setting)
    weekly = plan.arrays.capacity[0][: 6 * WEEK].reshape(6, WEEK).sum(axis=1)
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
        assert near(moved(table)[within].mean(), expected, int(within.sum())), first
    assert moved(table)[week >= 40].mean() < 0.002


def test_those_a_lever_does_not_move_have_the_same_log() -> None:
    numbers = Numbers()
    word = world(numbers, {"more": [to_clinic(numbers, 0.1, taken_from=["a"])]})
    table = routes(word, more={})
    base, then = plan_of(word, PLACE), plan_of(word, PLACE, scenario=scenario(more={}))
    cohort = cohort_of(base)
    alone = table.index[~moved(table)]
    logs = [compiled_log(plan, cohort) for plan in (base, then)]
    before, after = (log[np.isin(log["patient"], alone)] for log in logs)
    assert np.array_equal(before, after)
    assert len(before) > 10_000


@pytest.mark.parametrize("words", [{"freed": {"a": "rest"}}, {"times": "q0"}])
def test_plus_with_words_that_lower_a_share_is_refused(words: dict[str, Any]) -> None:
    numbers = Numbers()
    with pytest.raises(BadInput, match=r"'taken_from'|one of 'times', 'plus'"):
        world(numbers, {"more": [to_clinic(numbers, 0.1, **words)]})
