"""Common random numbers: the same patient has the same luck, except where a scenario touches them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pathways import load_region, load_scenario, pathway_from_dict, pathway_to_dict
from sim.experiments.compare import compare
from sim.experiments.experiment import Experiment
from sim.plan import compile_plan
from sim.run import Case
from tests.helpers.build import Numbers, cohort_of, compiled_log, pathway, plan_of, region, scenario

YEARS = 0.5


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """The library's pathway as plain tables."""
    return pathway_to_dict(load_scenario("usual_care")[2])


@pytest.fixture(scope="module")
def base_events() -> pd.DataFrame:
    """The named log of usual care."""
    return events(pathway_to_dict(load_scenario("usual_care")[2]))


def events(written: dict[str, Any], **changes: Any) -> pd.DataFrame:
    """The named log of a pathway in the demonstration region."""
    from sim.running import Running

    place = replace(load_region("demonstration"), **changes)
    plan = compile_plan(pathway_from_dict("usual_care", written), place, years=YEARS)
    return Running(plan, cohort_of(plan), keep_log=True).finish().log().canonical().frame()


def with_entry(written: dict[str, Any], section: str, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The same pathway with one more word, put before all others of its kind."""
    return {**written, section: {name: entry, **written[section]}}


def test_adding_an_unused_service_does_not_change_anyones_draws(
    written: dict[str, Any], base_events: pd.DataFrame
) -> None:
    leaflet = {"title": "Leaflet", "capacity": "open", "price": "gp_price", "next": "home"}
    more = events(with_entry(written, "services", "leaflet", leaflet))
    pd.testing.assert_frame_equal(more.astype(object), base_events.astype(object))


def test_adding_an_unused_decision_does_not_change_anyones_draws(
    written: dict[str, Any], base_events: pd.DataFrame
) -> None:
    unused = {"options": {"home": {"share": "rest"}, "gp": {"share": "gp_opioid_share"}}}
    more = events(with_entry(written, "decisions", "unused", unused))
    pd.testing.assert_frame_equal(more.astype(object), base_events.astype(object))


def test_adding_an_unused_lever_does_not_change_anyones_draws(
    written: dict[str, Any], base_events: pd.DataFrame
) -> None:
    lever = {
        "title": "Unused",
        "says": "Not switched on",
        "counter_effects": "None",
        "changes": [{"decision": "gp_plan", "option": "mri", "times": "mri_form_times"}],
    }
    more = events(with_entry(written, "levers", "unused", lever))
    pd.testing.assert_frame_equal(more.astype(object), base_events.astype(object))


def test_a_closed_practice_changes_nothing_in_the_others_where_nobody_queues() -> None:
    """Keys are made from a practice's code and not from its place in a list."""
    numbers = Numbers()
    word = pathway(numbers, {"gp": {"capacity": "open", "next": "home"}}, entry="gp", onset_rate=0.3)
    whole = region(3000, practices=3)
    fewer = replace(
        whole,
        codes=whole.codes[1:],
        names=whole.names[1:],
        networks=whole.networks[1:],
        areas=whole.areas[1:],
        people=whole.people[1:],
        deciles=whole.deciles[1:],
        x_km=whole.x_km[1:],
        y_km=whole.y_km[1:],
    )
    all_keys = keys_of(plan_of(word, whole))
    some_keys = keys_of(plan_of(word, fewer))
    assert some_keys < all_keys
    assert len(some_keys) > 300


def keys_of(plan: Any) -> set[tuple[int, int]]:
    """Who falls ill when."""
    patients = cohort_of(plan).patients
    return set(zip(patients["key"].tolist(), patients["onset"].tolist(), strict=True))


def test_a_longer_horizon_and_another_warm_up_keep_the_same_people() -> None:
    numbers = Numbers()
    services = {"gp": {"capacity": "open", "next": "home"}}
    place = region(5000)
    short = keys_of(plan_of(pathway(numbers, services, entry="gp", onset_rate=0.2), place, years=1))
    long = keys_of(plan_of(pathway(numbers, services, entry="gp", onset_rate=0.2), place, years=3))
    warm = keys_of(plan_of(pathway(numbers, services, entry="gp", onset_rate=0.2, warm_up="52 weeks"), place, years=1))
    assert short < long
    assert short < warm


def test_v27_shuffled_rows_of_practices_give_the_same_totals() -> None:
    """V27: the order of the input's rows decides nothing."""
    _, _, word = load_scenario("usual_care")
    place = load_region("demonstration")
    order = np.array([7, 3, 11, 0, 5, 1, 2, 10, 4, 9, 8, 6])
    shuffled = replace(
        place,
        codes=tuple(place.codes[k] for k in order),
        names=tuple(place.names[k] for k in order),
        networks=tuple(place.networks[k] for k in order),
        people=place.people[order],
        deciles=place.deciles[order],
        x_km=place.x_km[order],
        y_km=place.y_km[order],
        sites=tuple(reversed(place.sites)),
        waiting=tuple(reversed(place.waiting)),
    )
    counts = []
    for each in (place, shuffled):
        plan = compile_plan(word, each, years=YEARS)
        log = compiled_log(plan, cohort_of(plan))
        counts.append(np.bincount(log["kind"].astype(int) * 100 + log["service"] + 1))
    assert np.array_equal(*counts)


def test_v29_a_scenario_without_changes_differs_by_exactly_zero() -> None:
    """V29: in every outcome and every replication, also where a lever is on and does nothing."""
    name, word, own = load_scenario("usual_care")
    _, guidance, _ = load_scenario("mri_guidance")
    nowhere = guidance.model_copy(
        update={
            "levers": {lever: setting.model_copy(update={"reach": 0.0}) for lever, setting in guidance.levers.items()}
        }
    )
    cases = {name: Case(name, word, own), "same": Case("same", word, own), "nowhere": Case("nowhere", nowhere, own)}
    found = compare(Experiment(cases, base=name, region=load_region("demonstration"), years=1, replications=3, seed=5))
    for other in ("same", "nowhere"):
        pd.testing.assert_frame_equal(found.values[other], found.values[name], check_exact=True)
        for outcome in found.outcomes:
            difference = found.difference(other, outcome)
            assert (difference.mean, difference.low, difference.high) == (0, 0, 0)


def test_a_lever_touches_only_those_it_diverts() -> None:
    """Where nobody queues, a patient whom the lever does not divert has the same log with it as without it."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "mri": {"capacity": "open", "next": "home"}},
        entry="gp",
        onset_rate=0.5,
        decisions={"plan": {"options": {"home": {"share": "rest"}, "mri": {"share": numbers(0.4, "share")}}}},
        levers={
            "form": {
                "title": "Form",
                "says": "A form",
                "counter_effects": "None",
                "changes": [{"decision": "plan", "option": "mri", "times": numbers(0.5, "ratio")}],
            }
        },
    )
    place = region(4000)
    without = plan_of(word, place)
    with_form = plan_of(word, place, scenario=scenario(form={}))
    cohort = cohort_of(without)
    before, after = compiled_log(without, cohort), compiled_log(with_form, cohort)
    scanned_before = set(before[(before["service"] == 1) & (before["kind"] == 4)]["patient"].tolist())
    scanned_after = set(after[(after["service"] == 1) & (after["kind"] == 4)]["patient"].tolist())
    assert scanned_after < scanned_before
    untouched = np.array(sorted(set(range(len(cohort))) - (scanned_before - scanned_after)))
    assert np.array_equal(before[np.isin(before["patient"], untouched)], after[np.isin(after["patient"], untouched)])
    assert abs(len(scanned_after) / len(scanned_before) - 0.5) < 0.06


def test_v54_pairing_narrows_the_difference() -> None:
    """V54: differences under common random numbers vary less than between independent runs."""
    cases = {
        name: Case(name, word, own) for name, word, own in (load_scenario("usual_care"), load_scenario("physio_first"))
    }
    place = load_region("demonstration")
    found = compare(Experiment(cases, base="usual_care", region=place, years=2, replications=12, seed=3), workers=2)
    for outcome in ("gp_consultations", "physio_referrals", "total_cost_gbp"):
        paired = found.values["physio_first"][outcome] - found.values["usual_care"][outcome]
        independent = found.values["physio_first"][outcome].var() + found.values["usual_care"][outcome].var()
        assert paired.var() < 0.7 * independent
