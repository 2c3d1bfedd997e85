"""A state can be copied at any tick and go on; neither that nor the number of workers changes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathways import Scenario, Waiting, load_region, load_scenario
from sim.experiments.compare import compare
from sim.experiments.experiment import Experiment
from sim.experiments.precision import warnings_of
from sim.plan import Plan, compile_plan
from sim.run import Case
from sim.running import Running
from tests.helpers.build import (
    Numbers,
    cohort_of,
    compiled_log,
    pathway,
    plan_of,
    reference_log,
    region,
    scenario,
    shrunk,
)


def plan_for(name: str, years: float = 0.6) -> Plan:
    """A library scenario in the demonstration region."""
    _, word, own = load_scenario(name)
    return compile_plan(own, load_region("demonstration"), scenario=word, name=name, years=years)


@pytest.mark.parametrize("ticks", [(-364, 0), (-200, -3, 17, 100), tuple(range(-364, 200, 41))])
def test_resumed_from_a_copied_state_is_uninterrupted(ticks: tuple[int, ...]) -> None:
    plan = plan_for("usual_care")
    cohort = cohort_of(plan)
    running = Running(plan, cohort, keep_log=True)
    for tick in ticks:
        running.advance(tick)
        original = running
        running = running.copy()
        original.finish()  # the one left behind goes on and must not disturb the copy
    log = running.finish().log().canonical().rows
    assert np.array_equal(log, compiled_log(plan, cohort))


@pytest.mark.parametrize("name", ["mri_guidance", "physio_first"])
def test_a_branch_from_the_bases_state_is_the_scenario_run_through(name: str) -> None:
    """Burned in once, then branched; the reference simply runs through, and agrees."""
    base, plan = plan_for("usual_care", 0.15), plan_for(name, 0.15)
    cohort = cohort_of(base)
    running = Running(base, cohort, keep_log=True)
    running.advance(plan.differs_from)
    branched = running.branch(plan).finish().log().canonical().rows
    assert np.array_equal(branched, compiled_log(plan, cohort_of(plan)))
    assert np.array_equal(branched, reference_log(plan, cohort_of(plan)))


def branched_log(base: Plan, plan: Plan, *, seed: int = 1) -> np.ndarray:
    """The log of a plan that goes on from the state of another where it may first differ."""
    running = Running(base, cohort_of(base, seed=seed), keep_log=True)
    running.advance(plan.differs_from)
    return running.branch(plan).finish().log().canonical().rows


@pytest.mark.parametrize(
    ("name", "start"),
    [("waiting_list_initiative", "12 weeks"), ("waiting_list_initiative", "25 days"), ("self_referral", "40 days")],
)
def test_a_scenario_that_starts_later_is_the_same_branched_and_run_alone(name: str, start: str) -> None:
    """Where people choose by published waits, and capacity grows within days of a publication."""
    place = shrunk(load_region("demonstration"), 8)
    _, word, own = load_scenario(name)
    later = word.model_copy(
        update={"levers": {lever: each.model_copy(update={"starts": start}) for lever, each in word.levers.items()}}
    )
    base, plan = (compile_plan(own, place, scenario=each, name=name, years=0.35) for each in (None, later))
    assert plan.differs_from > 0
    alone = compiled_log(plan, cohort_of(plan))
    assert not np.array_equal(alone, compiled_log(base, cohort_of(base)))
    assert np.array_equal(branched_log(base, plan), alone)
    assert np.array_equal(alone, reference_log(plan, cohort_of(plan)))


def levers_at_any_time() -> st.SearchStrategy[Scenario]:
    """Levers that start and perhaps end on any day of the run, in some practices or in all."""
    day = st.integers(0, 60)
    setting = st.tuples(day, st.none() | st.integers(1, 40), st.sampled_from([0.0, 0.4, 1.0])).map(
        lambda found: (
            {"starts": f"{found[0]} days", "reach": found[2]}
            | ({} if found[1] is None else {"ends": f"{found[0] + found[1]} days"})
        )
    )
    names = st.sampled_from(["more", "fewer", "added", "sooner"])
    return st.dictionaries(names, setting, min_size=1).map(lambda levers: scenario(**levers))


def choosing(numbers: Numbers) -> Any:
    """Slots and places at three sites each, chosen by published waits, and levers on their capacity."""

    def lever(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"title": "A lever", "says": "For a test", "counter_effects": "None", "changes": list(changes), **more}

    def chosen(every: int) -> dict[str, Any]:
        every_days = numbers(every, "days")
        return {"by": "patient", "wait": numbers(-2, "utility per week"), "published_every": every_days}

    return pathway(
        numbers,
        {
            "gp": {"capacity": "open", "next": "plan"},
            "clinic": {"capacity": "slots", "next": "home", "choice": chosen(7)},
            "ward": {"capacity": "places", "next": "home", "choice": chosen(10), "stay": {"fixed": numbers(5, "days")}},
        },
        entry="gp",
        onset_rate=2.0,
        warm_up="20 days",
        decisions={"plan": {"options": {"clinic": {"share": "rest"}, "ward": {"share": numbers(0.3, "share")}}}},
        levers={
            "more": lever({"service": "clinic", "capacity_times": numbers(2.5, "ratio")}, half_life=numbers(9, "days")),
            "fewer": lever(
                {"service": "clinic", "capacity_times": numbers(0.3, "ratio")},
                {"service": "ward", "capacity_times": numbers(0.7, "ratio")},
            ),
            "added": lever(
                {"service": "ward", "capacity_plus_per_100k": numbers(600, "places per 100,000")},
                adoption={"uniform": [numbers(0, "days"), numbers(30, "days")]},
            ),
            "sooner": lever({"decision": "plan", "option": "ward", "times": numbers(0.2, "ratio")}),
        },
    )


@settings(max_examples=25)
@given(levers_at_any_time(), st.integers(0, 1000))
def test_levers_that_start_on_any_day_are_the_same_branched_run_alone_and_by_reference(
    levers: Scenario, seed: int
) -> None:
    word = choosing(Numbers())
    sites = {"clinic/a": 2.0, "clinic/b": 10.0, "clinic/c": 0.4, "ward/a": 1.6, "ward/b": 3.0, "ward/c": 0.3}
    listed = (Waiting("clinic", "clinic/a", "", 1, 9), Waiting("clinic", "clinic/b", "", 2, 6))
    place = region(300, practices=3, sites=sites, waiting=listed)
    base, plan = (plan_of(word, place, years=80 / 365, scenario=each) for each in (None, levers))
    assert plan.differs_from == min(use.starts for use in plan.levers)
    alone = compiled_log(plan, cohort_of(plan, seed=seed))
    assert np.array_equal(branched_log(base, plan, seed=seed), alone)
    assert np.array_equal(alone, reference_log(plan, cohort_of(plan, seed=seed)))


def test_a_branch_after_the_plans_part_is_refused() -> None:
    base, plan = plan_for("usual_care"), plan_for("mri_guidance")
    running = Running(base, cohort_of(base))
    running.advance(30)
    with pytest.raises(ValueError, match="the plan differs from tick 0"):
        running.branch(plan)


def cases(*names: str) -> dict[str, Case]:
    """Library scenarios ready to compare."""
    made = {}
    for name in names:
        _, word, own = load_scenario(name)
        made[name] = Case(name, word, own)
    return made


def test_the_number_of_workers_changes_nothing() -> None:
    place = load_region("demonstration")
    words = cases("usual_care", "mri_guidance", "physio_first")
    one = compare(Experiment(words, base="usual_care", region=place, years=1, replications=5, seed=9), workers=1)
    many = compare(Experiment(words, base="usual_care", region=place, years=1, replications=5, seed=9), workers=4)
    for name in words:
        pd.testing.assert_frame_equal(one.values[name], many.values[name], check_exact=True)
        for left, right in zip(one.tallies[name], many.tallies[name], strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
    assert warnings_of(one) == warnings_of(many)


def test_both_engines_give_the_same_comparison() -> None:
    words = cases("usual_care", "mri_guidance")
    asked = Experiment(words, base="usual_care", region=load_region("demonstration"), years=0.1, replications=1, seed=3)
    compiled, reference = asked.tallies(0), replace(asked, engine="reference").tallies(0)
    for name in words:
        assert all(np.array_equal(a, b) for a, b in zip(compiled[name], reference[name], strict=True))


def test_small_room_for_log_and_calendar_only_costs_time() -> None:
    """The engine stops before a tick that could overflow its arrays, is given room, and goes on."""
    from sim.state import new_block

    plan = plan_for("usual_care", 0.2)
    cohort = cohort_of(plan)
    running = Running(plan, cohort, keep_log=True)
    running._block = new_block(64)
    log = running.finish().log().canonical().rows
    assert len(running._block.rows) > 64
    assert np.array_equal(log, compiled_log(plan, cohort))
