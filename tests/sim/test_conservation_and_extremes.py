"""Nobody is lost and nobody made up; and at the extremes the model does what common sense says.

Names with a V number are checks of the black-box list for health-economic simulations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pathways import BadInput, Waiting, load_region, load_scenario
from sim.arrays.layout import (
    DID_NOT_ATTEND,
    DISCHARGE,
    GAVE_UP,
    HEALTH,
    JOINED,
    KINDS,
    LEFT,
    ONSET,
    PLACES,
    REFERRAL,
    SEEN,
)
from sim.experiments.compare import compare
from sim.experiments.experiment import Experiment
from sim.plan import Plan, compile_plan
from sim.reducers import list_sizes, person_ticks, yearly
from sim.results import outcome_values
from sim.run import Case
from sim.running import Running, tallies_of
from tests.helpers.build import Numbers, cohort_of, compiled_log, health, pathway, plan_of, region


@pytest.fixture(scope="module")
def library() -> tuple[Plan, Running, np.ndarray]:
    """A year of usual care in the demonstration region: plan, finished run, canonical log."""
    _, word, own = load_scenario("usual_care")
    plan = compile_plan(own, load_region("demonstration"), scenario=word, years=1)
    running = Running(plan, cohort_of(plan), keep_log=True).finish()
    return plan, running, running.log().canonical().rows


def counts(log: np.ndarray, plan: Plan, kind: int, key: str) -> np.ndarray:
    """Events of a kind by tick and by service, site or practice; shape (ticks, keys)."""
    size = {"service": len(plan.services), "site": len(plan.sites)}[key]
    chosen = log[(log["kind"] == kind) & (log["site"] >= 0)]
    table = np.zeros((plan.last_tick - plan.first_tick, size), dtype=np.int64)
    np.add.at(table, (chosen["tick"] - plan.first_tick, chosen[key]), 1)
    return table


def test_v16_patients_in_equal_patients_out_plus_inside_at_every_tick(
    library: tuple[Plan, Running, np.ndarray],
) -> None:
    """On every list of every site, at every tick: joined = seen + missed + gave up + still there, and never below zero."""
    plan, running, log = library
    leavers = sum(counts(log, plan, kind, "site") for kind in (SEEN, DID_NOT_ATTEND, GAVE_UP))
    queued = np.array([plan.pathway.services[site.service].capacity != "open" for site in plan.sites])
    inside = np.cumsum(counts(log, plan, JOINED, "site") - leavers, axis=0)[:, queued]
    assert inside.min() == 0
    assert np.array_equal(inside[-1], running.waiting()[queued])


def test_places_taken_never_exceed_places(library: tuple[Plan, Running, np.ndarray]) -> None:
    plan, _, log = library
    held = np.cumsum(counts(log, plan, SEEN, "site") - counts(log, plan, LEFT, "site"), axis=0)
    sites = [
        k
        for k, site in enumerate(plan.sites)
        if plan.arrays.services[plan.services.index(site.service)]["capacity"] == PLACES
    ]
    assert sites
    for site in sites:
        taken = held[:, site]
        assert taken.min() >= 0
        assert (taken <= plan.arrays.capacity[site, : len(taken)]).all()


def test_every_referral_is_answered_before_the_next_step(library: tuple[Plan, Running, np.ndarray]) -> None:
    """A patient moves on, or home, only after being seen, missing the appointment or giving up where they were referred."""
    _, _, log = library
    answers = (SEEN, DID_NOT_ATTEND, GAVE_UP)
    order = np.argsort(log["patient"], kind="stable")
    patient, waiting_for, checked = -1, -1, 0
    for row in log[order][["patient", "kind", "service", "detail"]].tolist():
        who, kind, service, detail = row
        if who != patient:
            patient, waiting_for = who, -1
        if kind in answers and not (kind == SEEN and detail == 0) and service == waiting_for:
            waiting_for = -1
        elif kind in (REFERRAL, DISCHARGE):
            assert waiting_for == -1, row
            waiting_for = service if kind == REFERRAL else -1
            checked += 1
    assert checked > 10_000


def test_tallies_are_what_a_recount_of_the_log_gives(library: tuple[Plan, Running, np.ndarray]) -> None:
    """The streaming reducers against plain counting, and against tallies taken in one go."""
    plan, running, log = library
    measured = log[log["tick"] >= 0]
    recount = np.zeros((len(KINDS), len(plan.services)), dtype=np.int64)
    with_service = measured[measured["service"] >= 0]
    np.add.at(recount, (with_service["kind"], with_service["service"]), 1)
    assert np.array_equal(yearly(running.tallies).sum(axis=2), recount)
    first = measured[(measured["kind"] == SEEN) & (measured["detail"] == 1)]
    waits = np.bincount(first["service"], weights=first["value"], minlength=len(plan.services))
    assert np.array_equal(running.tallies.wait_ticks.sum(axis=1), waits.astype(np.int64))
    again = tallies_of(running.log(), running.cohort)
    assert all(np.array_equal(one, other) for one, other in zip(again, running.tallies, strict=True))
    assert running.tallies.by_decile.sum() == running.tallies.by_practice.sum()
    assert np.array_equal(running.tallies.flows[:, :-1].sum(axis=0), recount[REFERRAL])
    sizes = list_sizes(running.tallies)
    for service in range(len(plan.services)):
        here = [k for k, site in enumerate(plan.sites) if site.service == plan.services[service]]
        if plan.pathway.services[plan.services[service]].capacity != "open":
            assert sizes[service, -1] == running.waiting()[here].sum()


def test_person_time_is_what_the_log_says(library: tuple[Plan, Running, np.ndarray]) -> None:
    """Ticks in each state, from each patient's own changes of health."""
    plan, running, log = library
    lived = np.zeros(4, dtype=np.int64)
    changes = log[np.isin(log["kind"], [ONSET, HEALTH])]
    order = np.argsort(changes["patient"], kind="stable")
    changes = changes[order]
    ends = np.append(changes["patient"][1:] != changes["patient"][:-1], True)
    until = np.where(ends, plan.last_tick, np.append(changes["tick"][1:], 0))
    state = np.where(changes["kind"] == ONSET, changes["detail"], changes["detail"] % 4)
    spent = np.maximum(until, 0) - np.maximum(changes["tick"], 0)
    np.add.at(lived, state, spent)
    assert np.array_equal(person_ticks(running.tallies, plan).sum(axis=(0, 2, 3)), lived)


def small(numbers: Numbers, **service: Any) -> Any:
    """One service for everyone."""
    return pathway(
        numbers, {"clinic": {"capacity": "slots", "next": "home", **service}}, entry="clinic", onset_rate=0.5
    )


def test_v13_nobody_falls_ill() -> None:
    numbers = Numbers()
    word = pathway(numbers, {"gp": {"capacity": "open", "next": "home"}}, entry="gp", onset_rate=0.0)
    plan = plan_of(word, region(500))
    running = Running(plan, cohort_of(plan)).finish()
    assert len(running.cohort) == 0
    assert all(array.sum() == 0 for array in running.tallies)


def test_v13_reports_say_nothing_instead_of_dividing_by_zero() -> None:
    _, word, own = load_scenario("usual_care")
    nobody = {"onset_rate": 0.0, "ill_at_start_share": 0.0}
    quiet = replace(
        own,
        quantities={
            name: q.with_value(nobody[name], source="a test", grade="assumed") if name in nobody else q
            for name, q in own.quantities.items()
        },
    )
    place = replace(load_region("demonstration"), waiting=())
    found = compare(
        Experiment(
            {"usual_care": Case("usual_care", word, quiet)},
            base="usual_care",
            region=place,
            years=1,
            replications=2,
            seed=1,
        )
    )
    values = found.values["usual_care"]
    assert (values[["mri_scans", "total_cost_gbp", "qalys"]] == 0).all(axis=None)
    assert values[["physio_wait_days"]].isna().all(axis=None)


def test_v14_zero_capacity_lets_the_list_grow_to_all_arrivals() -> None:
    numbers = Numbers()
    plan = plan_of(small(numbers), region(500, sites={"clinic": 0.0}))
    running = Running(plan, cohort_of(plan), keep_log=True).finish()
    kinds = np.bincount(running.log().rows["kind"], minlength=len(KINDS))
    assert kinds[SEEN] == 0
    assert running.waiting()[0] == kinds[JOINED] == len(running.cohort) > 100
    owed = outcome_values(running.tallies, plan)
    assert owed == {"care_owed_gbp": len(running.cohort)}  # a visit costs a pound


def test_v15_infinite_capacity_makes_all_waits_zero() -> None:
    numbers = Numbers()
    plan = plan_of(small(numbers), region(500, sites={"clinic": 1e9}))
    log = compiled_log(plan, cohort_of(plan))
    seen = log[log["kind"] == SEEN]
    assert len(seen) == (log["kind"] == REFERRAL).sum() > 100
    assert (seen["value"] == 0).all()


@pytest.mark.parametrize("way", ["a", "b"])
def test_v19_and_v25_shares_of_zero_and_one(way: str) -> None:
    """Everyone takes the path with share 1; nothing happens downstream of a share of 0."""
    numbers = Numbers()
    other = "b" if way == "a" else "a"
    decisions = {"fork": {"options": {way: {"share": numbers(1.0, "share")}, other: {"share": numbers(0.0, "share")}}}}
    service = {"capacity": "open", "next": "home"}
    word = pathway(
        numbers,
        {"gp": {**service, "next": "fork"}, "a": service, "b": service},
        entry="gp",
        onset_rate=0.5,
        decisions=decisions,
    )
    plan = plan_of(word, region(500))
    running = Running(plan, cohort_of(plan), keep_log=True).finish()
    log = running.log().rows
    taken = {name: int(((log["kind"] == SEEN) & (log["service"] == plan.services.index(name))).sum()) for name in "ab"}
    complete = (log["kind"] == SEEN) & (log["service"] == 0) & (log["tick"] < plan.last_tick - 1)
    assert taken[other] == 0
    assert taken[way] == complete.sum() > 100


def test_v22_a_horizon_of_nothing_measures_nothing() -> None:
    _, word, own = load_scenario("usual_care")
    found = compare(
        Experiment(
            {"usual_care": Case("usual_care", word, own)},
            base="usual_care",
            region=load_region("demonstration"),
            years=0,
            replications=2,
            seed=1,
        )
    )
    values = found.values["usual_care"]
    assert (values[["gp_consultations", "surgery", "total_cost_gbp", "qalys"]] == 0).all(axis=None)


def test_v23_a_longer_horizon_never_costs_less() -> None:
    _, word, own = load_scenario("usual_care")
    costs = []
    for years in (0.5, 1, 2):
        plan = compile_plan(own, load_region("demonstration"), scenario=word, years=years)
        costs.append(outcome_values(Running(plan, cohort_of(plan)).finish().tallies, plan)["total_cost_gbp"])
    assert costs == sorted(costs)


def test_v24_the_warm_up_comes_before_the_measured_years_and_never_eats_them() -> None:
    """A warm-up longer than the horizon is a defined thing: it is simulated in addition, and measured years stay whole."""
    numbers = Numbers()
    word = pathway(
        numbers, {"gp": {"capacity": "open", "next": "home"}}, entry="gp", onset_rate=0.5, warm_up="104 weeks"
    )
    plan = plan_of(word, region(500), years=0.5)
    tallies = Running(plan, cohort_of(plan)).finish().tallies
    assert plan.first_tick == -728
    assert yearly(tallies)[SEEN].sum() > 80


def test_years_out_of_range_are_refused() -> None:
    numbers = Numbers()
    with pytest.raises(BadInput, match="use a number from 0 to 100"):
        plan_of(small(numbers), region(500, sites={"clinic": 1}), years=-1)


def test_v26_longer_stays_never_shorten_the_mean_wait() -> None:
    waits = []
    for days in (2.0, 3.0, 4.0):
        numbers = Numbers()
        word = pathway(
            numbers,
            {"ward": {"capacity": "places", "stay": {"exponential": numbers(days, "days")}, "next": "home"}},
            entry="ward",
            onset_rate=0.2,
        )
        plan = plan_of(word, region(500, sites={"ward": 2}))
        log = compiled_log(plan, cohort_of(plan))
        waits.append(log[log["kind"] == SEEN]["value"].mean())
    assert waits == sorted(waits)


def test_v28_two_halves_make_the_whole_where_nobody_queues() -> None:
    """Practices simulated apart and together give the same counts."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "home"}},
        entry="gp",
        onset_rate=0.5,
        health=health(numbers, consult={"mild": numbers(2, "per year")}, improve={"mild": numbers(1, "per year")}),
    )
    whole = region(2000, practices=2)
    parts = [
        replace(
            whole,
            codes=(code,),
            names=("",),
            networks=("",),
            areas=("",),
            people=whole.people[k : k + 1],
            deciles=whole.deciles[k : k + 1],
            x_km=whole.x_km[k : k + 1],
            y_km=whole.y_km[k : k + 1],
        )
        for k, code in enumerate(whole.codes)
    ]

    def events(place: Any) -> np.ndarray:
        plan = plan_of(word, place)
        return yearly(Running(plan, cohort_of(plan)).finish().tallies)

    assert np.array_equal(events(parts[0]) + events(parts[1]), events(whole))


def test_more_appointments_never_lengthen_one_queue() -> None:
    """True for one queue; in a network with loops it may be false, and is not claimed."""
    waits = []
    for slots in (8, 10, 14):
        numbers = Numbers()
        plan = plan_of(small(numbers), region(1000, sites={"clinic": slots}))
        log = compiled_log(plan, cohort_of(plan))
        waits.append(log[log["kind"] == SEEN]["value"].mean())
    assert waits == sorted(waits, reverse=True)


def test_people_listed_at_the_start_are_seen_first_and_in_order() -> None:
    numbers = Numbers()
    waiting = (Waiting("clinic", "clinic", "", 10, 20), Waiting("clinic", "clinic", "", 2, 20))
    plan = plan_of(small(numbers), region(500, sites={"clinic": 7.0}, waiting=waiting))
    cohort = cohort_of(plan)
    log = compiled_log(plan, cohort)
    seen = log[log["kind"] == SEEN]
    first = seen[np.argsort(seen["tick"], kind="stable")][:40]
    waited = first["value"] - (first["tick"] - plan.first_tick)
    assert (waited[:20] == 71).all()  # referred ten weeks before the eve of the first day
    assert (waited[20:] == 15).all()
    assert len(cohort.listed) == 40
