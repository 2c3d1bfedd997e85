"""A state can be copied at any tick and go on; neither that nor the number of workers changes anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pathways import load_region, load_scenario
from sim.compare import Case, compare, one_replication, warnings_of
from sim.plan import Plan, compile_plan
from sim.running import Running
from tests.build import cohort_of, compiled_log, reference_log


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
    one = compare(words, base="usual_care", region=place, years=1, replications=5, seed=9, workers=1)
    many = compare(words, base="usual_care", region=place, years=1, replications=5, seed=9, workers=4)
    for name in words:
        pd.testing.assert_frame_equal(one.values[name], many.values[name], check_exact=True)
        for left, right in zip(one.tallies[name], many.tallies[name], strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
    assert warnings_of(one) == warnings_of(many)


def test_both_engines_give_the_same_comparison() -> None:
    words = cases("usual_care", "mri_guidance")
    plans = {name: case.plan(load_region("demonstration"), 0.1) for name, case in words.items()}
    compiled = one_replication(plans, "usual_care", 3, 0, "compiled")
    reference = one_replication(plans, "usual_care", 3, 0, "reference")
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
