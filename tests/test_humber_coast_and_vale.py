"""Document 001, Humber Coast and Vale: what the model can represent of its facts, row by row of docs/sources/humber-coast-and-vale.md.

Small runs of today's pathway in the demonstration area. Where a lever's size is checked, it is checked on the first
request of each patient: up to there the patient's way is the same with and without the lever, so that each request
is one trial of the share that the lever keeps. Limits are four standard errors unless a test says otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from math import prod, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration.validation.observed import Observed
from calibration.validation.places import standardised
from calibration.validation.targets import load_targets
from pathways import Region, load_scenario
from sim.pilot import draw_cohort
from sim.state import lever_from
from tests.helpers.sources import (
    SEED,
    Runs,
    clearly,
    demonstration,
    every_fact_is_on_the_page,
    every_row_names_its_tests,
    figures,
    from_library,
    gp_requests,
    referrals,
    today,
    variant,
    visits,
)

PAGE = "humber-coast-and-vale"
PUBLISHED = figures("humber_coast_and_vale")
SPELLS = (
    "facet_injection",
    "nerve_root_injection",
    "denervation",
    "discectomy",
    "decompression",
    "fusion",
    "emergency_surgery",
)
PILOTS = ["D00001", "D00003", "D00005", "D00007", "D00009", "D00011"]
EVERYWHERE_AT_ONCE = {"mri_form_adoption_last": 0.0}
FORM = {"mri_form": {"reach": 1.0}}
LEVERS = ("mri_form", "mri_reminder", "guidance_postcard", "information_campaign", "patient_education")
THREE = ("mri_form", "patient_education", "information_campaign")
"""The document's three interventions: guidance on requests, education of patients, a campaign for clinicians."""
BASELINES = (0.03, 0.05, 0.10)
RUNS = Runs(
    variant("today"),
    *(variant(lever, {lever: FORM.get(lever, {})}, **EVERYWHERE_AT_ONCE) for lever in LEVERS),
    variant("three", {lever: FORM.get(lever, {}) for lever in THREE}, **EVERYWHERE_AT_ONCE),
    variant("form_and_card", {**FORM, "guidance_postcard": {}}, **EVERYWHERE_AT_ONCE),
    variant("pilots", {"mri_form": {"practices": PILOTS}}, **EVERYWHERE_AT_ONCE),
    variant("form_and_stop", {**FORM, "stop_low_value": {}}, **EVERYWHERE_AT_ONCE),
    from_library("mri_guidance"),
)
REPLICATIONS = range(6)


def number(name: str) -> float:
    """A quantity of today's pathway."""
    return today().quantities[name].number()


def per_100k(count: float, region: Region) -> float:
    """A rate per 100,000 residents."""
    return 1e5 * count / region.population


def differences(scenario: str, count: Callable[[Observed], float]) -> np.ndarray:
    """Scenario minus today, run by run."""
    return np.array([count(RUNS.seen(scenario, r)) - count(RUNS.seen("today", r)) for r in REPLICATIONS])


@functools.cache
def first_requests(scenario: str) -> pd.DataFrame:
    """Every patient's first request by a GP under today's pathway, and whether it is still made in the scenario."""
    tables = []
    for replication in REPLICATIONS:
        base = RUNS.seen("today", replication)
        first = gp_requests(base).drop_duplicates("patient").set_index(["patient", "day"])
        then = gp_requests(RUNS.seen(scenario, replication)).set_index(["patient", "day"])
        people = base.people.loc[first.index.get_level_values("patient")]
        tables.append(
            pd.DataFrame(
                {
                    "kept": first.index.isin(then.index),
                    "day": first.index.get_level_values("day"),
                    "symptom_class": people["symptom_class"].astype(str).to_numpy(),
                    "expects_scan": people["expects_scan"].astype(str).to_numpy(),
                    "decile": people["decile"].to_numpy(),
                    "practice": people["practice"].astype(str).to_numpy(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def shares_kept(table: pd.DataFrame, lever: str) -> np.ndarray:
    """The share of each request that the lever's quantities say is still made, worked out from who asks and when."""
    if lever == "mri_form":
        usual = table["symptom_class"].isin(["nonspecific", "radicular"])
        return np.where(usual, number("mri_form_times"), number("mri_form_times_indicated"))
    if lever == "mri_reminder":
        return np.full(len(table), number("mri_reminder_times"))
    if lever == "patient_education":
        times = np.where(
            table["decile"] <= 2, number("patient_education_times_deprived"), number("patient_education_times")
        )
        return np.where(table["expects_scan"] == "yes", times, 1.0)
    # the card and the campaign fade from week to week
    half_life = today().quantities["guidance_postcard_half_life"].days()
    strength = 0.5 ** (table["day"] // 7 * 7 / half_life)
    return np.asarray(1 - (1 - number(f"{lever}_times")) * strength)


def agrees(kept: np.ndarray | pd.Series, shares: np.ndarray) -> None:
    """Asserts that as many requests are kept as their shares say, within four standard errors."""
    assert len(kept) == len(shares)
    assert len(kept) > 500
    error = sqrt(float((shares * (1 - shares)).sum()))
    assert abs(float(np.sum(kept)) - float(shares.sum())) <= 4 * error, (np.mean(kept), shares.mean())


# the area today


def test_an_area_whose_gps_request_half_as_many_scans_again_has_a_ratio_above_one() -> None:
    """Requests over those that the region's own rates by age and sex would give: half as many again, as was set."""
    more = Runs(variant("more", gp_requests_mri_share=1.5 * number("gp_requests_mri_share")))
    observed = expected = 0.0
    for replication in range(3):
        base, seen = RUNS.seen("today", replication), more.seen("more", replication)
        asked = base.people.loc[gp_requests(base)["patient"]].assign(place="all")
        expected += standardised(asked, base.residents.assign(place="all"), "place")["expected"].sum()
        observed += len(gp_requests(seen))
    ratio = observed / expected
    error = ratio * sqrt(1 / observed + 1 / expected)
    assert ratio - 4 * error > 1
    assert abs(ratio - 1.5) <= 4 * error


def test_each_scan_shows_whether_it_explained_the_pain() -> None:
    """Most scans that GPs requested show nothing that explains the pain; few patients have signs of serious disease."""
    scans = explained = serious = 0
    for replication in REPLICATIONS:
        seen = RUNS.seen("today", replication)
        done = seen.contacts[(seen.contacts["service"] == "mri") & (seen.contacts["came_from"] == "gp")]
        found = seen.settings[seen.settings["setting"] == "finding = relevant"]
        scans += len(done)
        explained += int(done["patient"].isin(found["patient"]).sum())
        serious += int((seen.people.loc[done["patient"], "symptom_class"] == "serious").sum())
    assert scans > 500
    assert explained / scans < 0.5
    assert serious / scans < PUBLISHED["clearly_indicated"] / 100


def test_spells_per_100000_are_above_the_national_rate_of_2013() -> None:
    """Injections, denervations and operations together, each visit a spell. The area's own rate is not a pass rule."""
    rates = [per_100k(visits(RUNS.seen("today", r), *SPELLS), demonstration()) for r in REPLICATIONS]
    national = load_targets().targets["admissions"].value
    assert clearly(np.array(rates) - national) == 1
    assert 1e5 * PUBLISHED["spells"] / PUBLISHED["residents"] > national


def test_an_area_that_injects_half_as_much_again_has_a_ratio_above_one() -> None:
    """Decisions for an injection and places for it both half as many again; where only decisions grow, the list does."""
    region = demonstration()
    injections = ("facet_injection", "nerve_root_injection")
    places = tuple(
        replace(site, amount=1.5 * site.amount) if site.service in injections else site for site in region.sites
    )
    names = ("triage_facet_share", "triage_nerve_root_share", "pain_facet_share", "spinal_facet_share",
             "spinal_nerve_root_share")  # fmt: skip
    more = {name: 1.5 * number(name) for name in names}
    with_places = Runs(variant("more", **more), region=replace(region, sites=places))
    without = Runs(variant("more", **more))
    ratios = {
        "places": [visits(with_places.seen("more", r), *injections) for r in range(4)],
        "no places": [visits(without.seen("more", r), *injections) for r in range(4)],
        "today": [visits(RUNS.seen("today", r), *injections) for r in range(4)],
    }
    assert sum(ratios["places"]) / sum(ratios["today"]) > 1.25
    assert sum(ratios["no places"]) < sum(ratios["places"])


def adherence(seen: Observed) -> float:
    """The share of people with non-specific pain seen in primary care for whom no GP requested a scan and who had neither
    a facet injection nor a fusion: what NG59 says not to offer."""
    cared_for = seen.contacts.loc[seen.contacts["service"].isin(["gp", "first_contact_physio"]), "patient"]
    people = seen.people.loc[cared_for.unique()]
    usual = people.index[people["symptom_class"] == "nonspecific"]
    against = seen.contacts.loc[seen.contacts["service"].isin(["facet_injection", "fusion"]), "patient"]
    return float(1 - usual.isin(pd.concat([gp_requests(seen)["patient"], against])).mean())


def test_adherence_to_ng59_can_be_measured_and_rises_with_guidance_and_fewer_procedures() -> None:
    assert all(0.9 < adherence(RUNS.seen("today", r)) < 1 for r in REPLICATIONS)
    assert (differences("form_and_stop", adherence) > 0).all()


# guidance


@pytest.mark.parametrize("lever", LEVERS)
def test_each_intervention_alone_cuts_requests_by_what_its_study_measured(lever: str) -> None:
    """A form that cuts requests by 37% cuts requests by 37% where it is on; the card and the campaign hardly do."""
    table = first_requests(lever)
    agrees(table["kept"], shares_kept(table, lever))


def test_the_form_cuts_requests_in_the_practices_that_use_it_and_in_no_other() -> None:
    """In pilot practices by 37%; elsewhere requests are made on the day on which they were made without the form, but for
    those of people whom a shorter list has moved."""
    table = first_requests("pilots")
    pilot = table["practice"].isin(PILOTS)
    assert 0.3 < pilot.mean() < 0.7
    assert table["kept"][~pilot].mean() > 0.99
    agrees(table["kept"][pilot], shares_kept(table[pilot], "mri_form"))


def test_the_interventions_together_cut_less_than_the_sum_of_each_alone() -> None:
    """Each works on what the others leave: what is kept is the product of the shares, not one minus the sum of the cuts."""
    table = first_requests("three")
    shares = np.array([shares_kept(table, lever) for lever in THREE])
    agrees(table["kept"], np.prod(shares, axis=0))
    alone = [1 - first_requests(lever)["kept"].mean() for lever in THREE]
    together = 1 - table["kept"].mean()
    assert together < sum(alone)
    assert abs(together - (1 - prod(1 - cut for cut in alone))) < 0.03


def test_the_form_and_the_card_cut_scans_and_all_requests_in_the_year() -> None:
    """Over the whole year, in which people who were refused may ask again or go another way, requests still fall by about
    as much; scans fall in every run, but by less than requests by GPs."""
    requested = differences("form_and_card", lambda seen: len(gp_requests(seen)))
    today_requested = sum(len(gp_requests(RUNS.seen("today", r))) for r in REPLICATIONS)
    fall = -requested.sum() / today_requested
    assert 0.30 < fall < 0.44
    scans = differences("form_and_card", lambda seen: visits(seen, "mri", "mri_urgent", "emergency_mri"))
    assert (scans < 0).all()
    assert requested.sum() < scans.sum()


def test_blocked_requests_go_to_triage_and_fewer_reports_lead_on() -> None:
    """Three in ten blocked requests become a referral to triage; fewer scans set off fewer referrals to triage and to the
    spinal clinic. Operations do not change so that it could be told from chance."""
    blocked = refused = 0
    for replication in REPLICATIONS:
        base, then = RUNS.seen("today", replication), RUNS.seen("mri_form", replication)
        first = gp_requests(base).drop_duplicates("patient")
        at = pd.MultiIndex.from_frame(first[["patient", "day"]])
        stopped = at[~at.isin(pd.MultiIndex.from_frame(gp_requests(then)[["patient", "day"]]))]
        sent = then.referrals[(then.referrals["service"] == "msk_triage") & (then.referrals["came_from"] == "gp")]
        refused += len(stopped)
        blocked += int(stopped.isin(pd.MultiIndex.from_frame(sent[["patient", "day"]])).sum())
    share = number("mri_form_displaced")
    assert abs(blocked - share * refused) <= 4 * sqrt(refused * share * (1 - share))

    def from_reports(seen: Observed) -> int:
        return int((seen.referrals["came_from"] == "mri").sum())

    assert clearly(differences("mri_form", from_reports)) == -1
    assert clearly(differences("mri_form", lambda seen: referrals(seen, "spinal_clinic"))) == -1
    assert clearly(differences("mri_form", lambda seen: visits(seen, "discectomy", "decompression", "fusion"))) == 0


SURVEY = """
format = 1
title = "As our GPs say"
says = "The share of consultations after which our GPs request a scan, from a survey of all of them."
pathway = "usual_care"

[quantities.gp_requests_mri_share]
value = 0.05
low = 0.03
high = 0.08
unit = "share"
source = "Survey of GPs"
grade = "local"
"""


def test_figures_of_a_survey_of_gps_take_the_place_of_ours(tmp_path: Path) -> None:
    """Answers are written into a scenario as quantities of the grade 'local'; the pathway then runs with them."""
    file = tmp_path / "survey.toml"
    file.write_text(SURVEY, encoding="utf-8")
    _, _, pathway = load_scenario(file)
    asked = pathway.quantities["gp_requests_mri_share"]
    assert (asked.number(), asked.grade) == (0.05, "local")
    assert (number("gp_requests_mri_share"), today().quantities["gp_requests_mri_share"].grade) != (0.05, "local")


def test_messages_to_patients_lower_what_those_who_expect_a_scan_ask_for() -> None:
    """Over a third of GPs' requests are by people who expect a scan; only theirs fall, less so in the most deprived fifth.

    Of all others' one in a hundred at most: shorter lists move when a few of them see their GP again.
    """
    table = first_requests("patient_education")
    asks = table["expects_scan"] == "yes"
    published = load_targets().targets["gp_mri_from_patient_request"]
    error = 100 * sqrt(asks.mean() * (1 - asks.mean()) / len(table))
    assert published.low is not None
    assert published.high is not None
    assert published.low - 3 * error < 100 * asks.mean() < published.high + 3 * error
    assert table["kept"][~asks].mean() > 0.99
    assert table["kept"][asks].mean() < 0.9
    fewer = Runs(
        variant(
            "fewer",
            **{f"consult_{state}": 0.8 * number(f"consult_{state}") for state in ("mild", "moderate", "severe")},
        )
    )
    for replication in range(2):
        assert visits(fewer.seen("fewer", replication), "gp") < visits(RUNS.seen("today", replication), "gp")


def test_the_scenario_says_that_no_outcome_was_measured() -> None:
    scenario = RUNS.cases["mri_guidance"].scenario
    assert "no outcome was measured" in str(scenario.cannot_tell)
    assert "reported no result" in str(scenario.evidence)


# physiotherapists first


@functools.cache
def first_contacts(baseline: float) -> pd.DataFrame:
    """How many people's first entry of the year was to a first contact physiotherapist: rows are pilot or not, columns
    today and under the lever, with all first entries. Nobody new is brought to care, to see the factor alone."""
    numbers = {"first_contact_physio_share": baseline, "physio_first_new_demand": 0.0}
    runs = Runs(variant("before", **numbers), variant("after", {"physio_first": {"practices": PILOTS}}, **numbers))
    counts = pd.DataFrame(0, index=[True, False], columns=["before", "after", "entries"])
    for replication in range(4):
        for name in ("before", "after"):
            seen = runs.seen(name, replication)
            entries = seen.referrals[seen.referrals["came_from"] == "entry"].drop_duplicates("patient")
            pilot = seen.people["practice"].loc[entries["patient"]].isin(PILOTS).to_numpy()
            physio = (entries["service"] == "first_contact_physio").to_numpy()
            for where in (True, False):
                counts.loc[where, name] += int((physio & (pilot == where)).sum())
                if name == "before":
                    counts.loc[where, "entries"] += int((pilot == where).sum())
    return counts


@pytest.mark.parametrize("baseline", BASELINES)
def test_first_contacts_with_physiotherapists_triple_in_pilot_practices_only(baseline: float) -> None:
    """From 3, 5 and 10%: three times as many first contacts in the pilots, none more elsewhere."""
    counts = first_contacts(baseline)
    before, after = counts.loc[True, ["before", "after"]]
    times = number("physio_first_times")
    added = after - before
    assert abs(added / before - (times - 1)) <= 4 * (times - 1) * sqrt(1 / added + 1 / before)
    others = counts.loc[False, ["before", "after"]]
    assert abs(others["after"] - others["before"]) <= 0.01 * others["before"]


def test_three_times_a_small_share_is_another_policy_than_three_times_a_large_one() -> None:
    """The first contacts gained grow with the share today: from 10% more than twice what they are from 3%."""
    gained = [first_contacts(baseline).loc[True] for baseline in BASELINES]
    more = [float(counts["after"] - counts["before"]) for counts in gained]
    assert more == sorted(more)
    assert more[-1] > 2 * more[0]


# the roll-out

WEEKS = 104
MONTHS = 24
MONTH = 365 / 12


@functools.cache
def rolled_out() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A form that practices take up over two years: requests by (replication, practice, month) today and with it, and
    whether the form was on in that month (none for the month in which it came)."""
    case = variant("steps", FORM, mri_form_adoption_last=WEEKS)
    runs = Runs(variant("today"), case, years=2)
    region = demonstration()
    plan = case.plan(region, 2)
    lever = list(plan.pathway.levers).index("mri_form")
    starts = MONTH * np.arange(MONTHS)
    before, after, on = [], [], []
    for replication in range(8):
        adopted = lever_from(plan, draw_cohort(plan, seed=SEED, replication=replication))[lever][:, None]
        on.append(np.where(starts >= adopted, 1.0, np.where(starts + MONTH <= adopted, 0.0, np.nan)))
        for name, counts in (("today", before), ("steps", after)):
            seen = runs.seen(name, replication)
            asked = gp_requests(seen)
            month = np.minimum(asked["day"] // MONTH, MONTHS - 1).astype(int).to_numpy()
            practice = pd.Index(region.codes).get_indexer(seen.people["practice"].loc[asked["patient"]])
            table = np.zeros((len(region.codes), MONTHS))
            np.add.at(table, (practice, month), 1)
            counts.append(table)
    return np.array(before), np.array(after), np.array(on)


def stepped_wedge(counts: np.ndarray, on: np.ndarray) -> float:
    """The ratio of requests with the form to those without, as an analyst would estimate it: a Poisson regression with a
    level for each practice and each month, solved by adjusting one set of factors after another."""
    known = ~np.isnan(on)
    form = known & (on == 1)
    counts = counts * known
    practice, month, ratio = np.ones(counts.shape[:2]), np.ones(MONTHS), 1.0
    for _ in range(200):
        times = known * np.where(form, ratio, 1.0)
        practice = counts.sum(axis=2) / (times * month).sum(axis=2)
        month = counts.sum(axis=(0, 1)) / (times * practice[:, :, None]).sum(axis=(0, 1))
        ratio = counts[form].sum() / (practice[:, :, None] * month * np.ones_like(counts))[form].sum()
    return float(ratio)


def test_a_stepped_roll_out_reaches_practices_one_after_another() -> None:
    """Half of the practices by the end of the first year, all but those of the last month by the end of the second."""
    _, _, on = rolled_out()
    share = np.nanmean(on, axis=(0, 1))
    assert (np.diff(share) >= -1e-9).all()
    assert 0.35 < share[11] < 0.65
    assert share[0] < 0.1
    assert share[-1] > 0.9


def test_an_analyst_of_the_roll_out_finds_the_effect_that_the_model_put_there() -> None:
    """The analyst's estimate tells the form from no effect. It differs from the truth, which only a model knows (the same
    practices in the same months without the form), by what the same analysis of those months finds where no form came:
    by chance. Intervals leave out each replication in turn."""
    before, after, on = rolled_out()
    truth = after[on == 1].sum() / before[on == 1].sum()
    assert abs(truth - number("mri_form_times")) < 0.05

    def estimates(runs: list[int]) -> tuple[float, float]:
        return tuple(np.log(stepped_wedge(counts[runs], on[runs])) for counts in (after, before))  # type: ignore[return-value]

    everyone = list(range(len(on)))
    found, by_chance = estimates(everyone)
    each = np.array([estimates([other for other in everyone if other != left_out]) for left_out in everyone])
    error = sqrt((len(each) - 1) * each[:, 0].var())
    assert found + 1.96 * error < 0
    error_of_difference = sqrt((len(each) - 1) * (each[:, 0] - each[:, 1]).var())
    assert abs(found - by_chance - np.log(truth)) <= 3 * error_of_difference
    assert error_of_difference < error


# the page


def test_the_page_has_every_fact_of_the_document() -> None:
    every_fact_is_on_the_page(PAGE, "001")


def test_the_page_names_the_test_of_each_row() -> None:
    every_row_names_its_tests(PAGE, globals())
