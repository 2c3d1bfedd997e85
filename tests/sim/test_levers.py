"""Levers move what they say, by the size they state, where and when they are on, and nothing else.

All services here are open, so that nobody queues: then a lever touches only those whom it diverts. The same patients
are compared with and without the lever. Statistical limits are four standard errors.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest

from pathways import BadInput, Pathway
from sim.arrays.layout import NEVER, SEEN
from sim.plan import Plan, compile_plan
from sim.state import lever_from, new_state
from tests.helpers.build import Numbers, cohort_of, compiled_log, pathway, plan_of, region, scenario
from tests.helpers.levers import PEOPLE, WEEK, Pair, agrees, lever

WAYS = ("mri", "triage", "physio")
REQUESTS = 0.4
"""The share of GP visits that end in a request for a scan; 0.2 go to triage, 0.1 to physiotherapy, the rest home."""


def change(numbers: Numbers, option: str, times: float, **more: Any) -> dict[str, Any]:
    """The share of one option of the GP's plan is multiplied."""
    return {"decision": "plan", "option": option, "times": numbers(times, "ratio"), **more}


def practice(numbers: Numbers, levers: dict[str, Any], **more: Any) -> Pathway:
    """A GP who sends people on to a scan, triage, physiotherapy or home."""
    shares = {"mri": REQUESTS, "triage": 0.2, "physio": 0.1}
    options = {name: {"share": numbers(share, "share")} for name, share in shares.items()}
    services = {"gp": {"capacity": "open", "next": "plan"}} | {
        name: {"capacity": "open", "next": "home"} for name in WAYS
    }
    return pathway(
        numbers,
        services,
        entry="gp",
        onset_rate=0.5,
        decisions={"plan": {"options": {"home": {"share": "rest"}, **options}}},
        levers=levers,
        **more,
    )


# by how much, and to where


def test_a_form_that_cuts_requests_by_37_percent_cuts_requests_by_37_percent() -> None:
    numbers = Numbers()
    pair = Pair(practice(numbers, {"form": lever(change(numbers, "mri", 0.63))}), scenario(form={}))
    requests, left = pair.kept("mri")
    assert requests > 8000
    agrees(left, requests, 0.63)
    agrees(int((pair.after == pair.base.services.index("mri")).sum()), len(pair.cohort), 0.63 * REQUESTS)


def test_only_those_who_are_diverted_go_elsewhere() -> None:
    numbers = Numbers()
    pair = Pair(practice(numbers, {"form": lever(change(numbers, "mri", 0.63))}), scenario(form={}))
    mri = pair.base.services.index("mri")
    assert np.array_equal(pair.before[pair.before != mri], pair.after[pair.before != mri])


def test_blocked_requests_go_where_the_lever_says() -> None:
    """Three in ten become a referral to triage, the rest go home; nobody else changes place."""
    numbers = Numbers()
    freed = {"triage": numbers(0.3, "share"), "home": "rest"}
    pair = Pair(practice(numbers, {"form": lever(change(numbers, "mri", 0.5, freed=freed))}), scenario(form={}))
    number = {name: position for position, name in enumerate(pair.base.services)}
    blocked = (pair.before == number["mri"]) & (pair.after != number["mri"])
    assert blocked.sum() > 4000
    agrees(int((pair.after[blocked] == number["triage"]).sum()), int(blocked.sum()), 0.3)
    assert set(pair.after[blocked]) == {0, number["triage"]}


def test_blocked_requests_without_a_destination_go_the_other_ways_in_proportion() -> None:
    """Of the other 0.6, a third goes to triage, a sixth to physiotherapy, a half home."""
    numbers = Numbers()
    pair = Pair(practice(numbers, {"form": lever(change(numbers, "mri", 0.5))}), scenario(form={}))
    number = {name: position for position, name in enumerate(pair.base.services)}
    blocked = pair.after[(pair.before == number["mri"]) & (pair.after != number["mri"])]
    for way, share in ((number["triage"], 1 / 3), (number["physio"], 1 / 6), (0, 1 / 2)):
        agrees(int((blocked == way).sum()), len(blocked), share)


@pytest.mark.parametrize("times", [0.0, 1.0])
def test_a_lever_of_nothing_and_a_lever_of_everything(times: float) -> None:
    numbers = Numbers()
    pair = Pair(practice(numbers, {"form": lever(change(numbers, "mri", times))}), scenario(form={}))
    requests, left = pair.kept("mri")
    assert left == times * requests
    assert np.array_equal(*pair.logs) == (times == 1.0)


def test_a_lever_that_raises_a_share_draws_from_the_others_in_proportion() -> None:
    """Physiotherapy from 0.1 to 0.3: everyone who went there still does, and 0.2 / 0.9 of each other way come over."""
    numbers = Numbers()
    raised = change(numbers, "physio", 3.0, at_most=numbers(1.0, "share"))
    pair = Pair(practice(numbers, {"first": lever(raised)}), scenario(first={}))
    there, stay = pair.kept("physio")
    assert there == stay
    agrees(int((pair.after == pair.base.services.index("physio")).sum()), len(pair.cohort), 0.3)
    for way in ("mri", "triage"):
        before, left = pair.kept(way)
        agrees(left, before, 1 - 0.2 / 0.9)


@pytest.mark.parametrize(("at_most", "expected"), [(0.25, 0.25), (0.9, 0.3), (0.05, 0.1)])
def test_a_share_is_raised_to_its_limit_and_no_further(at_most: float, expected: float) -> None:
    """Three times 0.1 is 0.3; a limit below today's share takes nobody away."""
    numbers = Numbers()
    raised = change(numbers, "physio", 3.0, at_most=numbers(at_most, "share"))
    pair = Pair(practice(numbers, {"first": lever(raised)}), scenario(first={}))
    agrees(int((pair.after == pair.base.services.index("physio")).sum()), len(pair.cohort), expected)
    there, stay = pair.kept("physio")
    assert there == stay


def test_two_levers_on_one_share_multiply() -> None:
    """A form (0.63) and a reminder (0.8) leave 0.504; each alone leaves its own."""
    numbers = Numbers()
    levers = {"form": lever(change(numbers, "mri", 0.63)), "reminder": lever(change(numbers, "mri", 0.8))}
    word = practice(numbers, levers)
    for settings, left in (({"form": {}}, 0.63), ({"reminder": {}}, 0.8), ({"form": {}, "reminder": {}}, 0.504)):
        requests, kept = Pair(word, scenario(**settings)).kept("mri")
        agrees(kept, requests, left)


def test_a_second_lever_touches_nobody_whom_the_first_diverts_alone() -> None:
    """Who is stopped by the form is stopped by form and reminder too."""
    numbers = Numbers()
    levers = {"form": lever(change(numbers, "mri", 0.63)), "reminder": lever(change(numbers, "mri", 0.8))}
    word = practice(numbers, levers)
    mri = list(word.services).index("mri")
    form, both = Pair(word, scenario(form={})), Pair(word, scenario(form={}, reminder={}))
    assert set(np.flatnonzero(both.after == mri)) < set(np.flatnonzero(form.after == mri))


def test_a_change_for_some_patients_leaves_the_others_alone() -> None:
    """The form stops requests for plain back pain and not for pain with a pinched nerve."""
    numbers = Numbers()
    attributes = {"kind": {"levels": {"plain": {"share": "rest"}, "nerve": {"share": numbers(0.3, "share")}}}}
    form = lever(change(numbers, "mri", 0.63, when={"kind": "plain"}))
    pair = Pair(practice(numbers, {"form": form}, attributes=attributes), scenario(form={}))
    plain = pair.cohort.patients["attributes"][:, 3] == 0
    agrees(int((~plain).sum()), len(plain), 0.3)
    requests, left = pair.kept("mri", plain)
    agrees(left, requests, 0.63)
    assert np.array_equal(pair.before[~plain], pair.after[~plain])


def test_other_decisions_can_ask_whether_a_lever_is_on() -> None:
    """Where the lever is on and from its start, triage is twice as likely (odds); elsewhere nothing changes."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "triage": {"capacity": "open", "next": "home"}},
        entry="gp",
        onset_rate=0.5,
        decisions={
            "plan": {
                "options": {"home": {"share": "rest"}, "triage": {"share": numbers(0.2, "share")}},
                "odds": [{"option": "triage", "when": {"lever": "form"}, "times": numbers(2.0, "odds ratio")}],
            }
        },
        levers={"form": lever(change(numbers, "triage", 1.0))},
    )
    pair = Pair(word, scenario(form={"starts": "100 days", "practices": ["P1"]}), practices=2)
    on = (pair.day >= 100) & (pair.cohort.practice == 1)
    assert np.array_equal(pair.before[~on], pair.after[~on])
    agrees(int((pair.after[on] == 1).sum()), int(on.sum()), 0.4 / 1.2)


# where


@pytest.mark.parametrize("reach", [0.0, 0.5, 1.0])
def test_a_lever_reaches_its_share_of_practices(reach: float) -> None:
    """Of ten practices, that many change; people of the others have the same log, event by event."""
    numbers = Numbers()
    pair = Pair(
        practice(numbers, {"form": lever(change(numbers, "mri", 0.5))}), scenario(form={"reach": reach}), practices=10
    )
    changed = {int(pair.cohort.practice[i]) for i in np.flatnonzero(pair.before != pair.after)}
    assert len(changed) == 10 * reach
    elsewhere = np.flatnonzero(~np.isin(pair.cohort.practice, list(changed)))
    before, after = (log[np.isin(log["patient"], elsewhere)] for log in pair.logs)
    assert np.array_equal(before, after)
    if changed:
        requests, left = pair.kept("mri", np.isin(pair.cohort.practice, list(changed)))
        agrees(left, requests, 0.5)


def test_the_levers_own_reach_holds_where_a_scenario_says_nothing() -> None:
    numbers = Numbers()
    form = lever(change(numbers, "mri", 0.5), reach=numbers(0.3, "share"))
    word = practice(numbers, {"form": form})
    place = region(1000, practices=10)
    counts = []
    for setting in ({}, {"reach": 0.8}, {"practices": ["P2", "P7"]}):
        plan = plan_of(word, place, scenario=scenario(form=setting))
        counts.append(int((lever_from(plan, cohort_of(plan))[0] < NEVER).sum()))
    assert counts == [3, 8, 2]


def test_a_wider_reach_adds_practices_and_drops_none() -> None:
    numbers = Numbers()
    word = practice(numbers, {"form": lever(change(numbers, "mri", 0.5))})
    place = region(1000, practices=20)
    taking: list[set[int]] = []
    for reach in (0.0, 0.25, 0.5, 0.75, 1.0):
        plan = plan_of(word, place, scenario=scenario(form={"reach": reach}))
        taking.append(set(np.flatnonzero(lever_from(plan, cohort_of(plan))[0] < NEVER)))
    assert [len(each) for each in taking] == [0, 5, 10, 15, 20]
    assert all(narrow < wide for narrow, wide in pairwise(taking))


def test_which_practices_take_part_is_drawn_anew_in_each_replication() -> None:
    """Over 200 replications each of ten practices is among the three about 60 times."""
    numbers = Numbers()
    word = practice(numbers, {"form": lever(change(numbers, "mri", 0.5))})
    plan = plan_of(word, region(10, practices=10), scenario=scenario(form={"reach": 0.3}))
    chosen = np.array([lever_from(plan, cohort_of(plan, replication=r))[0] < NEVER for r in range(200)])
    assert (chosen.sum(axis=1) == 3).all()
    assert (np.abs(chosen.sum(axis=0) - 60) < 4 * sqrt(200 * 0.3 * 0.7)).all()


def test_people_outside_the_named_practices_are_untouched() -> None:
    numbers = Numbers()
    word = practice(numbers, {"form": lever(change(numbers, "mri", 0.5))})
    pair = Pair(word, scenario(form={"practices": ["P1", "P3"]}), practices=5)
    inside = np.isin(pair.cohort.practice, [1, 3])
    before, after = (log[~inside[log["patient"]]] for log in pair.logs)
    assert len(before) > 10_000
    assert np.array_equal(before, after)
    requests, left = pair.kept("mri", inside)
    agrees(left, requests, 0.5)


def test_a_practice_that_does_not_exist_is_told() -> None:
    numbers = Numbers()
    word = practice(numbers, {"form": lever(change(numbers, "mri", 0.5))})
    with pytest.raises(BadInput, match="there is no practice 'Q1' in Small"):
        plan_of(word, region(10, practices=3), scenario=scenario(form={"practices": ["P1", "Q1"]}))


# when


def test_nothing_differs_before_the_start_and_the_stated_size_after_it() -> None:
    numbers = Numbers()
    word = practice(numbers, {"form": lever(change(numbers, "mri", 0.63))})
    pair = Pair(word, scenario(form={"starts": "26 weeks"}))
    start = 26 * WEEK
    assert pair.plan.differs_from == start
    early = pair.day < start
    assert np.array_equal(pair.before[early], pair.after[early])
    before, after = (log[log["tick"] < start] for log in pair.logs)
    assert np.array_equal(before, after)
    requests, left = pair.kept("mri", ~early)
    agrees(left, requests, 0.63)
    on_the_first_day = pair.kept("mri", pair.day == start)
    assert on_the_first_day[0] > on_the_first_day[1]


def test_practices_take_a_lever_up_after_the_time_of_adoption() -> None:
    """Each at its own day, from 40 to 80 days after the start, spread evenly; nothing before it, all of it after."""
    numbers = Numbers()
    adoption = {"uniform": [numbers(40, "days"), numbers(80, "days")]}
    word = practice(numbers, {"form": lever(change(numbers, "mri", 0.0), adoption=adoption)})
    pair = Pair(word, scenario(form={"starts": "10 days"}), practices=40)
    days = lever_from(pair.plan, pair.cohort)[0]
    assert 50 <= days.min() < 60
    assert 80 < days.max() <= 90
    assert abs(days.mean() - 70) < 4 * 40 / sqrt(12 * 40)
    adopted = pair.day >= days[pair.cohort.practice]
    requests, left = pair.kept("mri", adopted)
    assert requests > 5000
    assert left == 0
    assert np.array_equal(pair.before[~adopted], pair.after[~adopted])


def test_a_lever_fades_by_its_half_life() -> None:
    """Half-life four weeks, renewed weekly: in week w requests fall by 0.5 times one half to the power of w / 4."""
    numbers = Numbers()
    word = practice(numbers, {"card": lever(change(numbers, "mri", 0.5), half_life=numbers(4, "weeks"))})
    pair = Pair(word, scenario(card={"starts": "30 days"}), people=4 * PEOPLE)
    week = (pair.day - 30) // WEEK
    np.testing.assert_allclose(pair.plan.arrays.strength[0, :5], [1, 0.5**0.25, 0.5**0.5, 0.5**0.75, 0.5], atol=1e-9)
    for first, last in ((0, 0), (1, 3), (4, 7), (8, 15), (16, 30)):
        during = (week >= first) & (week <= last)
        shares = 1 - 0.5 * 0.5 ** (week[during & (pair.before == pair.base.services.index("mri"))] / 4)
        requests, left = pair.kept("mri", during)
        assert abs(left - shares.sum()) <= 4 * sqrt((shares * (1 - shares)).sum()), (first, last)
        assert requests == len(shares) > 500
    early = pair.day < 30
    assert np.array_equal(pair.before[early], pair.after[early])


def test_a_fading_lever_begins_to_fade_when_a_practice_takes_it_up() -> None:
    """Not when the lever starts: a practice that adopts it on day 100 has it in full on day 100."""
    numbers = Numbers()
    late = {"fixed": numbers(100, "days")}
    card = lever(change(numbers, "mri", 0.0), half_life=numbers(1, "weeks"), adoption=late)
    pair = Pair(practice(numbers, {"card": card}), scenario(card={}))
    requests, left = pair.kept("mri", (pair.day >= 100) & (pair.day < 107))
    assert requests > 50
    assert left == 0
    requests, left = pair.kept("mri", (pair.day >= 107) & (pair.day < 114))
    agrees(left, requests, 0.5)


# capacity


def clinic(numbers: Numbers, capacity: str, *levers: tuple[str, dict[str, Any]]) -> Pathway:
    """A clinic with limited capacity and levers on it."""
    stay = {"stay": {"fixed": numbers(10, "days")}} if capacity == "places" else {}
    service = {"capacity": capacity, "next": "home", **stay}
    return pathway(numbers, {"clinic": service}, entry="clinic", onset_rate=1.0, levers=dict(levers))


def capacity_of(plan: Plan, site: int = 0) -> np.ndarray:
    """Appointments by day, or places, in one replication."""
    return new_state(plan, cohort_of(plan)).capacity[site]


@pytest.mark.parametrize("capacity", ["slots", "places"])
def test_a_capacity_lever_multiplies_what_there_is_from_its_start(capacity: str) -> None:
    """14 a week become 21, from day 70 on, and as many more are seen where more are waiting than can be."""
    numbers = Numbers()
    more = {"service": "clinic", "capacity_times": numbers(1.5, "ratio")}
    word = clinic(numbers, capacity, ("more", lever(more)))
    place = region(20_000, sites={"clinic": 14.0})
    base = plan_of(word, place)
    plan = plan_of(word, place, scenario=scenario(more={"starts": "10 weeks"}))
    before, after = capacity_of(base), capacity_of(plan)
    assert np.array_equal(before[:70], after[:70])
    weekly = 14 if capacity == "slots" else 7 * 14
    assert set(before.reshape(-1)[:364].reshape(52, 7).sum(axis=1)) == {weekly}
    assert set(after[70:364].reshape(42, 7).sum(axis=1)) == {weekly * 3 // 2}
    if capacity == "slots":
        logs = [compiled_log(each, cohort_of(each)) for each in (base, plan)]
        seen = [np.bincount(log[log["kind"] == SEEN]["tick"], minlength=365) for log in logs]
        assert np.array_equal(seen[1][70:], after[70:])
        assert np.array_equal(seen[0][:70], seen[1][:70])
    else:
        assert capacity_of(plan)[70] == 21


def test_capacity_per_head_is_shared_among_sites_by_their_size() -> None:
    """20 a week per 100,000 for 50,000 people are 10 more: 7.5 at the site that has three quarters."""
    numbers = Numbers()
    more = {
        "service": "clinic",
        "capacity_plus_per_100k": numbers(20, "appointments per week per 100,000"),
    }
    word = clinic(numbers, "slots", ("more", lever(more)))
    place = region(50_000, sites={"clinic/large": 30.0, "clinic/small": 10.0})
    plan = plan_of(word, place, scenario=scenario(more={}))
    year = [capacity_of(plan, site)[:364].sum() / 52 for site in (0, 1)]
    assert year == pytest.approx([37.5, 12.5], abs=1.1 / 52)  # whole appointments only


@pytest.mark.parametrize(("one", "other", "left"), [(0.4, 0.4, 16), (1.5, 1.5, 225), (1.5, 1.1, 165), (0.0, 2.0, 0)])
def test_factors_of_two_levers_on_one_service_multiply(one: float, other: float, left: int) -> None:
    """Four tenths of 100, twice, leave 16; none left stays none."""
    numbers = Numbers()
    levers = [
        (name, lever({"service": "clinic", "capacity_times": numbers(times, "ratio")}))
        for name, times in (("one", one), ("other", other))
    ]
    plan = plan_of(
        clinic(numbers, "places", *levers), region(10, sites={"clinic": 100}), scenario=scenario(one={}, other={})
    )
    assert set(capacity_of(plan)) == {left}


def test_what_levers_add_per_head_comes_on_top_of_factors() -> None:
    """Half of 100, and 5 per 100,000 for 200,000 people: 60."""
    numbers = Numbers()
    half = lever({"service": "clinic", "capacity_times": numbers(0.5, "ratio")})
    more = lever({"service": "clinic", "capacity_plus_per_100k": numbers(5, "places per 100,000")})
    word = clinic(numbers, "places", ("half", half), ("more", more))
    plan = plan_of(word, region(200_000, sites={"clinic": 100}), scenario=scenario(half={}, more={}))
    assert set(capacity_of(plan)) == {60}


def test_a_capacity_lever_fades_week_by_week() -> None:
    """100 places more, half of them gone after four weeks."""
    numbers = Numbers()
    initiative = lever({"service": "clinic", "capacity_times": numbers(2.0, "ratio")}, half_life=numbers(4, "weeks"))
    plan = plan_of(
        clinic(numbers, "places", ("more", initiative)),
        region(10, sites={"clinic": 100}),
        scenario=scenario(more={"starts": "14 days"}),
    )
    places = capacity_of(plan)
    assert set(places[:14]) == {100}
    assert places[[14, 20, 42, 70]].tolist() == [200, 200, 150, 125]


def test_a_lever_can_close_a_service() -> None:
    numbers = Numbers()
    stop = lever({"service": "clinic", "capacity_times": numbers(0.0, "ratio")})
    word = clinic(numbers, "slots", ("stop", stop))
    plan = plan_of(word, region(5000, sites={"clinic": 35.0}), scenario=scenario(stop={"starts": "20 weeks"}))
    log = compiled_log(plan, cohort_of(plan))
    seen = log[log["kind"] == SEEN]["tick"]
    assert len(seen) > 500
    assert seen.max() == 20 * WEEK - 1


# a lever that is not set


def test_a_lever_that_no_scenario_sets_is_off() -> None:
    numbers = Numbers()
    levers = {"form": lever(change(numbers, "mri", 0.0)), "reminder": lever(change(numbers, "mri", 0.5))}
    word = practice(numbers, levers)
    place = region(5000)
    base = plan_of(word, place)
    assert base.levers == ()
    assert base.differs_from == base.last_tick
    only = plan_of(word, place, scenario=scenario(reminder={}))
    assert [use.name for use in only.levers] == ["reminder"]
    state = new_state(only, cohort_of(only))
    assert state.lever_from[0].min() == NEVER
    assert state.lever_from[1].max() == 0
    with pytest.raises(ValueError, match="give 'reach' or 'practices'"):
        compile_plan(word, place, scenario=scenario(form={"reach": 0.5, "practices": ["P0"]}), years=1)
