"""Document 003, cognitive functional therapy in Coventry: each fact of its table that the model can represent.

The three groups are those of docs/sources/pictures/coventry.py: the treated, the same people in a simulation without
the offer, and people whom the finder would have found in practices without it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from outcomes import before_and_after, effect_beside_regression
from sim.pilot import draw_cohort
from sim.plan import Plan
from sim.results import outcome_values
from sim.running import Running
from sim.state import new_state
from tests.helpers.build import cohort_of
from tests.helpers.documents import script
from tests.helpers.sources import (
    ROOT,
    demonstration,
    every_fact_is_on_the_page,
    every_row_names_its_tests,
    figures,
    page_of,
    today,
    variant,
)

SAID = figures("coventry")
PICTURES = ROOT / "docs" / "sources" / "pictures"
PICTURE = PICTURES / "coventry.svg"
coventry = script(PICTURES / "coventry.py")
REPLICATIONS = 2
FINDER = {"age", "weeks_since_onset", "deprivation_decile", "comorbidity", "opioid", "working"}


class World(NamedTuple):
    """The groups of some replications in an area where everyone lives in the most deprived fifth."""

    lived: list[dict]
    people: list[pd.DataFrame]

    def both(self, group: str) -> list[tuple]:
        """What each replication knows of a group: the simulation it lives in, and its people."""
        return [
            (lived[group], people[people["group"] == group])
            for lived, people in zip(self.lived, self.people, strict=True)
        ]

    def courses(self) -> pd.DataFrame:
        """Pain and opioids around the invitation, by group, replications together."""
        tables = [coventry.courses(lived, people) for lived, people in zip(self.lived, self.people, strict=True)]
        return coventry.pooled(tables, by=["group", "offset"])

    def pooled(self, services: tuple[str, ...], kind: str = "seen") -> pd.DataFrame:
        """Events before and after the invitation, by group, replications together."""
        tables = [
            before_and_after(coventry.visits(lived, services, kind), people)
            for lived, people in zip(self.lived, self.people, strict=True)
        ]
        return coventry.pooled(tables).set_index("group")


@pytest.fixture(scope="module")
def world() -> World:
    area = coventry.deprived(demonstration())
    found = [coventry.groups(area, replication) for replication in range(REPLICATIONS)]
    return World([lived for lived, _ in found], [people for _, people in found])


def taken_up(levers: dict, **numbers: float) -> pd.DataFrame:
    """The events of cognitive functional therapy in one year of the deprived area, with other values of quantities."""
    _, running = run(levers, **numbers)
    log = running.log().frame()
    return log[(log["service"] == "cft") & (log["tick"] >= 0)]


def run(levers: dict, *, keep_log: bool = True, **numbers: float) -> tuple[Plan, Running]:
    """One year of the deprived area with levers set."""
    plan = variant("cft", levers, **numbers).plan(coventry.deprived(demonstration()), 1)
    return plan, Running(plan, draw_cohort(plan, seed=1, replication=0), keep_log=keep_log).finish()


def number(name: str) -> float:
    """The value of a quantity of the pathway."""
    return today().quantities[name].number()


OFFER = {"cft_offer": {}}
WITH_OUTREACH = {"cft_offer": {}, "cft_outreach": {}}


# the page


def test_the_page_has_every_fact_of_the_document() -> None:
    every_fact_is_on_the_page("coventry", "003")


def test_the_page_names_its_tests() -> None:
    every_row_names_its_tests("coventry", globals())


def test_the_page_tells_the_numbers_of_its_picture(world: World) -> None:
    """The picture's description holds the consultations of each group; each number stands on the page, and a small run
    today still comes near: run the script again where it does not."""
    said = re.findall(r"\d\.\d\d", PICTURE.read_text(encoding="utf-8").partition("<desc>")[2].partition("</desc>")[0])
    assert len(said) == 6
    assert not [number for number in said if number not in page_of("coventry")]
    today = world.pooled(coventry.CONSULTATIONS)[["before", "after"]].to_numpy().ravel()
    assert today == pytest.approx([float(number) for number in said], abs=0.4)


def test_the_page_has_a_picture_that_its_script_draws(world: World) -> None:
    """A small version of it: three courses of pain, six bars, a description; and the same groups as in the kept one."""
    table = world.pooled(coventry.CONSULTATIONS).reset_index()
    drawn = coventry.draw(table, world.courses())
    tree = ElementTree.fromstring(drawn)
    tags = [element.tag.split("}")[1] for element in tree.iter()]
    assert (tags.count("polyline"), tags.count("rect")) == (3, 7)
    for group in coventry.STYLE:
        assert f">{group} (" in drawn
        assert f">{group} (" in PICTURE.read_text(encoding="utf-8")


# cohort


def test_the_finder_finds_only_people_who_meet_all_its_conditions(world: World) -> None:
    """Working age, persistent pain, most deprived fifth, another condition, opioids, not working: on the day of it."""
    assert {condition.feature for condition in coventry.conditions()} == FINDER
    for followed, people in world.both(coventry.TREATED):
        met = coventry.meet(followed, people["person"], people["day"].to_numpy())
        assert len(met) > 50
        assert set(met.columns) == FINDER
        assert met.all(axis=None)


def test_each_condition_of_the_finder_makes_the_cohort_smaller(world: World) -> None:
    """A register of the first measured day. Where everyone lives in the most deprived fifth, other conditions leave the
    shares that the pathway states: odds of 0.33 times 1.7 for another condition, of 0.38 times 2 for not working."""
    counts = coventry.register(world.lived[0][coventry.SAME])
    assert list(counts.index[1:]) == [condition.feature for condition in coventry.conditions()]
    assert (np.diff(counts) <= 0).all()
    assert counts["deprivation_decile"] == counts["weeks_since_onset"]
    for feature, before, share, odds in (
        ("comorbidity", "deprivation_decile", "comorbidity_share", "comorbidity_odds_deprived"),
        ("working", "opioid", "not_working_share", "not_working_odds_deprived"),
    ):
        moved = number(share) / (1 - number(share)) * number(odds)
        expected = moved / (1 + moved)
        error = np.sqrt(expected * (1 - expected) / counts[before])
        assert abs(counts[feature] / counts[before] - expected) < 4 * error, feature


def test_the_finder_returns_fewer_than_the_cohort_in_a_mixed_network(world: World) -> None:
    """A network of 50,000 people: the demonstration area's mixture gives far fewer than 150, and one where everyone
    is deprived at least three times as many, as 24% of the demonstration's people live in the most deprived fifth."""
    per_network = 50_000 / demonstration().population
    mixed = coventry.register(coventry.follow("usual_care", demonstration(), years=0.1)).iloc[-1] * per_network
    deprived = coventry.register(world.lived[0][coventry.SAME]).iloc[-1] * per_network
    assert 0 < mixed < SAID["people"] / 2
    assert 3 * mixed < deprived < 1.5 * SAID["people"]


def test_the_clinic_has_room_for_the_cohort() -> None:
    """150 people at the mean number of sessions, missed ones included, need what 52 weeks of the clinic have, to a sixth."""
    sessions = today().quantities["cft_visits"].levels()
    mean = sum(int(visits) * share for visits, share in sessions.items()) / sum(sessions.values())
    needed = SAID["people"] * mean / (1 - number("cft_missed_share"))
    had = 52 * sum(site.amount for site in demonstration().sites if site.service == "cft")
    assert needed == pytest.approx(had, rel=1 / 6)


# GP visits


def test_visits_of_the_cohort_cost_what_was_said() -> None:
    visits = SAID["people"] * SAID["gp_visits_a_person_and_year"]
    assert visits == SAID["gp_visits_of_all"]
    assert round(visits * number("gp_price") / 1000) == SAID["cost_of_visits_low"]
    assert round(visits * SAID["gp_price_high"] / 1000) == SAID["cost_of_visits_high"]
    assert today().quantities["gp_price"].high == SAID["gp_price_high"]


def test_people_differ_in_how_often_they_consult(world: World) -> None:
    """Visits in a year of people who meet the finder's first five conditions vary more than Poisson counts of one rate
    would: a variance of more than 1.2 times the mean, where chance alone gives 1 and a standard error of 0.05."""
    followed = world.lived[0][coventry.SAME]
    everyone = np.arange(len(followed.cohort))
    ill = everyone[followed.state(everyone, 0) > 0]
    log = followed.log
    visits = log[(log["kind"] == "seen") & (log["service"] == "gp") & log["tick"].between(0, 364)]
    counts = visits.groupby("patient").size().reindex(ill, fill_value=0)
    assert counts.var() > 1.2 * counts.mean()


def test_the_model_holds_consultations_for_back_pain_only(world: World) -> None:
    """A few a year, not 32: those for other causes are not modelled."""
    before = world.pooled(coventry.CONSULTATIONS)["before"]
    assert (before < SAID["gp_visits_a_person_and_year"] / 5).all()
    assert (before > 1).all()


def test_people_chosen_for_many_visits_have_fewer_next_year_with_nothing_done() -> None:
    """The toy: personal rates are Gamma, visits Poisson, nothing changes. Of people chosen for a count, the expected
    count next year lies towards the mean m by 1 part in 1 + b (Gamma's inverse scale): m + (before - m) / (1 + b).
    With m = 6 and b = 0.11 people chosen for 23 visits and more have 31 in one year and 2.5, 8%, fewer in the next."""
    mean, inverse_scale, chosen_from = 6.0, 0.11, 23
    chance = np.random.default_rng(3)
    rates = chance.gamma(mean * inverse_scale, 1 / inverse_scale, size=400_000)
    counts = chance.poisson(rates, size=(2, len(rates)))
    chosen = np.flatnonzero(counts[0] >= chosen_from)
    people = pd.DataFrame({"group": "chosen", "person": chosen, "day": 365})
    visits = pd.DataFrame(
        {
            "group": "chosen",
            "person": np.concatenate([np.repeat(chosen, counts[year][chosen]) for year in (0, 1)]),
            "day": np.repeat([100, 500], [counts[0][chosen].sum(), counts[1][chosen].sum()]),
        }
    )
    found = before_and_after(visits, people).iloc[0]
    error = np.sqrt(found["after"] / len(chosen)) * 2
    assert found["after"] == pytest.approx(mean + (found["before"] - mean) / (1 + inverse_scale), abs=4 * error)
    assert found["before"] == pytest.approx(SAID["toy_visits_before"], abs=1)
    assert found["after"] == pytest.approx(SAID["toy_visits_after"], abs=1)
    assert -found["change"] == pytest.approx(SAID["toy_fall"], abs=0.4)


def test_frequent_consulters_consult_less_next_year_with_nothing_done(world: World) -> None:
    """In the model as in the toy: people in pain today who consulted four times and more last year, under usual care."""
    found = pd.concat([coventry.frequent(lived[coventry.SAME], at_least=4) for lived in world.lived])
    assert found["people"].sum() > 200
    assert (found["before"] >= 4).all()
    assert (found["after"] < 0.7 * found["before"]).all()


# dose


def test_the_dose_adds_up_to_hours_and_money() -> None:
    dose = SAID["first_session"] + SAID["later_sessions_at_most"] * SAID["later_session"]
    assert dose == SAID["dose"]
    assert SAID["people"] * dose / 60 == SAID["clinician_hours"]
    sessions = 1 + SAID["later_sessions_at_most"]
    cost = sessions * number("cft_price")
    assert cost == pytest.approx(SAID["cost_of_dose"])
    assert cost / number("gp_price") == pytest.approx(SAID["breakeven_visits"], abs=0.05)
    share = cost / number("gp_price") / SAID["gp_visits_a_person_and_year"]
    assert round(100 * share) == SAID["breakeven_share"]


def test_nobody_gets_more_than_one_long_and_four_short_sessions(world: World) -> None:
    log = pd.concat([lived[coventry.TREATED].log for lived in world.lived])
    seen = log[(log["kind"] == "seen") & (log["service"] == "cft")]
    assert set(seen["detail"]) == {"1", "2", "3", "4", "5"}
    assert 1 + SAID["later_sessions_at_most"] == 5


# pain and disability


def test_pain_falls_without_treatment_and_further_with_it(world: World) -> None:
    """Six months after the invitation. The untreated fall too, and both untreated groups alike: regression to the mean."""
    table = world.courses().set_index(["group", "offset"])["pain"]
    treated, same, elsewhere = (table[group] for group in (coventry.TREATED, coventry.SAME, coventry.ELSEWHERE))
    assert treated[0] == pytest.approx(same[0], abs=1)
    for untreated in (same, elsewhere):
        assert untreated[180] < untreated[0] - 5
    assert treated[180] < same[180] - 10
    assert same[180] == pytest.approx(elsewhere[180], abs=7)


def test_more_than_half_of_the_fall_in_consultations_comes_without_treatment(
    world: World,
) -> None:
    """Counted as practices count, the visit that led to the invitation being one of the year before."""
    table = world.pooled(coventry.CONSULTATIONS).reset_index()
    parts = []
    for untreated in (coventry.SAME, coventry.ELSEWHERE):
        split = effect_beside_regression(table, treated=coventry.TREATED, untreated=untreated)
        seen, anyway, effect = split["visits"]
        assert seen < anyway < 0
        assert anyway / seen > 0.5
        assert effect == pytest.approx(seen - anyway)
        parts.append(anyway)
    assert parts[0] == pytest.approx(parts[1], abs=0.5)


def test_disability_falls_by_the_diluted_effect_of_the_trial(world: World) -> None:
    """At 13 weeks from the first session six tenths of 4.6 points were fitted for people with persistent pain. Those
    invited have more pain to lose and some never come: the difference lies between half of that and the whole 4.6."""
    points = today().health.disability
    assert points is not None
    score = np.array([number(points[state]) for state in ("well", "mild", "moderate", "severe")])
    differences = []
    for (treated, people), (untreated, _) in zip(world.both(coventry.TREATED), world.both(coventry.SAME), strict=True):
        day = people["day"].to_numpy() + 13 * 7 + 14
        person = people["person"]
        differences += list(score[treated.state(person, day)] - score[untreated.state(person, day)])
    diluted = SAID["dilution"] * SAID["trial_effect"]
    assert -SAID["trial_effect"] < np.mean(differences) < -diluted / 2


# opioids, imaging, specialists


def test_more_of_the_treated_come_off_opioids_than_of_the_same_people_untreated(
    world: World,
) -> None:
    """All take one on the day they are found. Of those untreated some stop as well."""
    for followed, people in world.both(coventry.TREATED):
        assert (followed.opioid(people["person"], people["day"]) != "none").all()
    off = {}
    for group in (coventry.TREATED, coventry.SAME):
        off[group] = np.concatenate(
            [followed.opioid(people["person"], people["day"] + 365) == "none" for followed, people in world.both(group)]
        ).mean()
    assert 0 < off[coventry.SAME] < off[coventry.TREATED] - 0.05


def test_opioids_stop_after_the_course_as_often_as_the_stated_share() -> None:
    """The share is a quantity: none, a fifth, all. Attendance decides who comes to the end of a course."""
    stopped = []
    for share in (0.0, 0.2, 1.0):
        _, running = run(WITH_OUTREACH, cft_opioid_stops_share=share)
        log = running.log().frame()
        stopped.append(((log["kind"] == "prescription") & (log["service"] == "cft") & (log["tick"] >= 0)).sum())
    assert stopped[0] == 0
    assert stopped[1] / stopped[2] == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / stopped[2]))


def test_scans_and_specialist_referrals_fall_because_people_consult_less(world: World) -> None:
    """Against the same people untreated; no multiplier is put on them."""
    table = world.pooled(coventry.CASCADE, "referral")
    assert table.loc[coventry.TREATED, "after"] < table.loc[coventry.SAME, "after"]
    assert table.loc[coventry.TREATED, "before"] == pytest.approx(table.loc[coventry.SAME, "before"], abs=0.05)


# planned outcomes


def test_health_and_the_use_of_services_are_outcomes() -> None:
    """Pain, disability and utility belong to every state, the economic outcomes are counted, and QALYs rise."""
    pathway = today()
    assert pathway.health.pain
    assert pathway.health.disability
    assert pathway.health.utility
    wanted = {"gp_consultations", "msk_triage_referrals", "spinal_referrals", "mri_scans", "opioid_reviews", "qalys"}
    assert wanted <= set(pathway.outcomes)
    qalys = {}
    for levers in ({}, WITH_OUTREACH):
        plan, running = run(levers, keep_log=False)
        qalys[len(levers)] = outcome_values(running.tallies, plan)["qalys"]
    assert qalys[2] > qalys[0]


def test_self_efficacy_stress_mood_and_anxiety_are_not_in_the_model() -> None:
    """The page says so. Depression is a fact of onset that no treatment changes."""
    attributes = today().attributes
    assert not {"self_efficacy", "stress", "mood", "anxiety"} & set(attributes)
    sets = [option.sets for decision in today().decisions.values() for option in decision.options.values()]
    assert not [each for each in sets if each and "depression" in each]


# trust, access, training


def test_acceptance_and_outreach_decide_how_many_take_it_up() -> None:
    """Outreach multiplies take-up by 1.4, up to 0.8: from 0.3 to 0.42, from 0.5 to 0.7. Who is taken up leaves the
    register of those to be found, so that later invitations are fewer: the ratios are those of the shares or less."""
    people = {}
    for accepts in (0.3, 0.5):
        for levers in (OFFER, WITH_OUTREACH):
            log = taken_up(levers, cft_accepts_share=accepts)
            people[accepts, len(levers)] = log[log["kind"] == "referral"]["patient"].nunique()
    assert people[0.3, 1] < people[0.3, 2] < people[0.5, 2]
    for accepts in (0.3, 0.5):
        assert 1.1 < people[accepts, 2] / people[accepts, 1] < number("cft_outreach_times") + 0.15
    assert number("cft_outreach_times") * 0.5 < number("cft_outreach_at_most")


def test_half_complete_all_five_sessions_as_retention_was() -> None:
    """53% were still taking part after a year in an NHS trial; the table of sessions has half at all five."""
    sessions = today().quantities["cft_visits"].levels()
    assert sessions["5"] == pytest.approx(SAID["retention_at_twelve_months"] / 100, abs=0.05)


def test_accessible_venues_mean_fewer_missed_sessions() -> None:
    missed = {}
    for share in (0.02, 0.3):
        log = taken_up(WITH_OUTREACH, cft_missed_share=share)
        kinds = log["kind"].value_counts()
        missed[share] = kinds["did_not_attend"] / (kinds["did_not_attend"] + kinds["seen"])
        assert missed[share] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / kinds["seen"]))
    assert missed[0.02] < missed[0.3]


def test_training_takes_appointments_from_community_physiotherapy() -> None:
    """By the stated share, on every measured day and on none of the warm-up's."""
    plans = {name: variant(name, levers).plan(demonstration(), 1) for name, levers in (("today", {}), ("cft", OFFER))}
    physio = [k for k, site in enumerate(plans["today"].sites) if site.service == "community_physio"]
    had = {name: new_state(plan, cohort_of(plan)).capacity[physio].sum(axis=0) for name, plan in plans.items()}
    warm_up = -plans["today"].first_tick
    year = slice(warm_up, warm_up + 364)
    assert (had["cft"][:warm_up] == had["today"][:warm_up]).all()
    assert had["cft"][year].sum() / had["today"][year].sum() == pytest.approx(number("cft_physio_times"), abs=0.005)


# cost-effectiveness


def test_costs_are_those_of_the_nhs_and_no_trials_savings_are_imported() -> None:
    """The trial's saving was productivity in Australian dollars (EFF21); nothing in the pathway cites it, every price is
    in pounds, and what patients pay costs the NHS nothing."""
    quantities = today().quantities.values()
    assert not [quantity for quantity in quantities if quantity.evidence == "EFF21" or "AUD" in quantity.unit]
    prices = {name: today().quantities[service.price] for name, service in today().services.items()}
    assert {price.unit for price in prices.values()} == {"GBP"}
    assert prices["private_therapy"].number() == 0
    assert prices["cft"].number() > 0
