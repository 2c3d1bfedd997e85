"""Document 004, any qualified provider in North East Essex: each fact of its table and each of the public's questions.

Small runs of the demonstration area; one number or one word of the library's scenario is changed at a time.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from outcomes import cost_of_activity
from pathways import Region, Site, load_scenario, pathway_from_dict, pathway_to_dict
from pathways.load import LIBRARY
from sim.plan import compile_plan
from sim.results import activity_table, health_table, prices_table
from sim.run import Case
from tests.helpers.documents import script
from tests.helpers.shared import SHARED
from tests.helpers.sources import (
    NOT_SHOWN,
    ROOT,
    Fact,
    demonstration,
    every_fact_is_on_the_page,
    facts_on_page,
    figures,
    page_of,
    plain,
    table_after,
    today,
)

SAID = figures("north_east_essex")
essex = script(ROOT / "docs" / "sources" / "pictures" / "north_east_essex.py")
AQP = "any_qualified_provider"
STEERED = "any_qualified_provider_steered"
MT = essex.SERVICE
GP_REFERS = ("gp_plan", "first_contact_physio_plan")


@functools.cache
def lived(name: str = AQP, *, years: float = 1, replication: int = 0, **numbers: float) -> Any:
    """A run of the demonstration area under a scenario of the library with other values of quantities."""
    return essex.live(essex.with_numbers(name, **numbers), demonstration(), years=years, replication=replication)


def in_place(region: Region, **numbers: float) -> Any:
    """A run of one year in another place."""
    return essex.live(essex.with_numbers(AQP, **numbers), region, years=1)


def rewritten(change: Callable[[dict[str, Any]], None]) -> Any:
    """A run of one year under a pathway of one's own: the library's, with some words changed."""
    name, scenario, pathway = load_scenario(AQP)
    written = pathway_to_dict(pathway)
    change(written)
    return essex.live(Case(name, scenario, pathway_from_dict(pathway.name, written)), demonstration(), years=1)


def number(name: str) -> float:
    """The value of a quantity of the pathway."""
    return today().quantities[name].number()


def needed() -> pd.Series:
    """The share of people by the number of sessions that they need."""
    levels = today().quantities["manual_therapy_visits"].levels()
    shares = pd.Series({int(sessions): share for sessions, share in levels.items()})
    return shares / shares.sum()


def near(found: float, expected: float, people: int) -> bool:
    """Whether a share is within four standard errors of what it should be."""
    return abs(found - expected) < 4 * np.sqrt(max(expected * (1 - expected), 0.01) / people)


def at_visit(run: Any, visit: int) -> int:
    """How many visits of this number there were."""
    return int((run.events("seen")["detail"] == str(visit)).sum())


def difference(outcome: str, name: str = AQP, **numbers: float) -> np.ndarray:
    """Scenario minus usual care, two replications of a year."""
    return np.array(
        [
            lived(name, replication=k, **numbers).outcomes[outcome]
            - lived("usual_care", replication=k).outcomes[outcome]
            for k in range(2)
        ]
    )


# the page


def questions_on_page() -> list[Fact]:
    """The public's questions on the page, without their numbers."""
    return [Fact(*row[1:]) for row in table_after(page_of("north-east-essex"), "#")]


def test_the_page_has_every_fact_of_the_document() -> None:
    every_fact_is_on_the_page("north-east-essex", "004")


def test_the_page_has_every_question_of_the_public() -> None:
    path = SHARED / "SOURCES.md"
    if not path.exists():
        pytest.skip("the list of the public's questions is not beside the project (../shared/SOURCES.md)")
    asked = [row[:2] for row in table_after(path.read_text(encoding="utf-8"), "#")]
    told = [row[:2] for row in table_after(page_of("north-east-essex"), "#")]
    assert [[number, plain(question)] for number, question in told] == [[n, plain(q)] for n, q in asked]
    assert [number for number, _ in told] == [str(n) for n in range(1, 20)]


def test_the_page_names_its_tests() -> None:
    """Each fact and question names tests of this module or says why nothing is shown; and no test is left out."""
    tests = {name for name in globals() if name.startswith("test_") and not name.startswith("test_the_page")}
    named: set[str] = set()
    for row in [*facts_on_page("north-east-essex"), *questions_on_page()]:
        shown = set(re.findall(r"`(test_\w+)`", row.shown))
        assert shown <= tests, f"{row.fact}: there is no {sorted(shown - tests)}"
        assert shown or row.shown.startswith(f"{NOT_SHOWN}: "), f"{row.fact}: neither a test nor a reason"
        named |= shown
    assert named == tests, f"no row names {sorted(tests - named)}"


def test_the_page_has_a_picture_that_its_script_draws() -> None:
    """From a small curve; the kept picture has as many lines and points as the script's two sizes by six capacities."""
    points = [(size, times) for size in (1, 3) for times in (0.75, 0.85, 1.0, 1.25, 1.5, 2.0)]
    table = pd.DataFrame(
        {"utilisation": np.linspace(0.9, 0.3, 12), "within two weeks": np.linspace(0.5, 1, 12)},
        index=pd.MultiIndex.from_tuples(points),
    )
    kept = (ROOT / "docs" / "sources" / "pictures" / "north_east_essex.svg").read_text(encoding="utf-8")
    for drawn in (essex.draw(table), kept):
        assert (drawn.count("<polyline"), drawn.count("<circle")) == (2, 12)


def test_the_page_tells_what_the_model_still_gives() -> None:
    """Caps, choice and the policy after the cap in one small run each come near the page's tables: where they do not,
    run the script again."""
    page = page_of("north-east-essex")
    caps = {row[0]: row for row in table_after(page, "cap")}
    for cap in (4, 12):
        run = lived(manual_therapy_cap=cap)
        _, people, sessions, _, within, _ = caps[str(cap)]
        assert at_visit(run, 1) == pytest.approx(float(people), rel=0.15)
        assert len(run.events("seen")) / at_visit(run, 1) == pytest.approx(float(sessions), abs=0.3)
        assert 100 * essex.share_within(run) == pytest.approx(float(within.rstrip("%")), abs=10)
    choosing = {row[0].split(",")[0]: row for row in table_after(page, "who chooses")}
    for who, name in (("patients", AQP), ("the GP", STEERED)):
        found = 100 * (essex.first_visits(lived(name))["discipline"] == "physiotherapy").mean()
        assert found == pytest.approx(float(choosing[who][1].rstrip("%")), abs=6)
    after = {row[0]: float(row[1].replace("−", "-")) for row in table_after(page, "after the cap, everyone")}
    for policy in ("back to the GP", "give up"):
        found = difference("gp_consultations", **essex.policy(policy)).mean()
        assert found == pytest.approx(after[policy], abs=90)
        assert np.sign(found) == np.sign(after[policy])


# the facts


def test_there_are_twenty_providers_of_three_disciplines() -> None:
    found = pd.Series([site.discipline for site in demonstration().sites if site.service == MT]).value_counts()
    said = {name: SAID[name] for name in ("chiropractic", "osteopathy", "physiotherapy")}
    assert found.to_dict() == said
    assert sum(said.values()) == 20
    assert today().quantities["manual_therapy_sites"].levels() == said


def test_users_of_a_provider_add_up() -> None:
    assert int(SAID["users"] / 20) == SAID["users_of_a_provider"]
    assert round(SAID["users"] / 20 / 52, 1) == SAID["users_of_a_provider_a_week"]
    assert round(SAID["users"] * SAID["seen_within_two_weeks"] / 100) == SAID["people_seen_within_two_weeks"]


def test_people_use_it_as_often_as_in_essex_to_a_third() -> None:
    """New users a head and year. The share that GPs send is an assumption that was not fitted to this figure."""
    found = len(essex.first_visits(lived())) / demonstration().population
    assert found == pytest.approx(SAID["users"] / SAID["residents"], rel=1 / 3)


def test_fewer_are_seen_within_two_weeks_as_providers_fill_up() -> None:
    """The same people with less and more capacity."""
    runs = [in_place(essex.with_capacity(demonstration(), times)) for times in (0.8, 1.5)]
    full, slack = ((essex.utilisation(run), essex.share_within(run)) for run in [runs[0], runs[1]])
    middle = essex.utilisation(lived()), essex.share_within(lived())
    assert full[0] > middle[0] > slack[0]
    assert full[1] < middle[1] < slack[1]
    assert slack[1] > SAID["seen_within_two_weeks"] / 100 - 0.02


def test_the_demonstration_area_does_not_reach_97_in_100_and_one_of_essexs_size_nearly_does() -> None:
    """Three times the people, appointments and lists with twenty providers as before: as full, but larger queues mix
    luck better. The published share is taken to within its last two points."""
    small = lived()
    large = in_place(essex.larger(demonstration(), 3))
    assert essex.utilisation(large) == pytest.approx(essex.utilisation(small), abs=0.05)
    assert essex.share_within(small) < SAID["seen_within_two_weeks"] / 100 - 0.05
    assert essex.share_within(large) == pytest.approx(SAID["seen_within_two_weeks"] / 100, abs=0.025)


def test_nobody_has_more_than_four_treatments_in_a_course() -> None:
    run = lived()
    assert set(run.events("seen")["detail"]) == {"1", "2", "3", "4"}
    assert SAID["users"] * SAID["sessions_at_most"] == SAID["sessions_a_year_at_most"]
    assert len(run.events("seen")) <= 4 * len(run.events("referral")) + 4 * 20


def test_the_gain_in_health_rests_on_the_effect_of_manual_therapy() -> None:
    """QALYs against today fall with the effect: as fitted, as that of physiotherapy, none, which is within its range."""
    gained = []
    for effect in (number("manual_therapy_improves"), number("physiotherapy_improves"), 1.0):
        gained.append(difference("qalys", manual_therapy_improves=effect).mean())
    assert gained[0] > gained[1] > 0 > gained[2]
    assert today().quantities["manual_therapy_improves"].low <= 1


def test_a_course_has_one_agreed_price_whoever_gives_it() -> None:
    """Four sessions cost the tariff; every provider's sessions cost the same; the referrer is where people return to."""
    assert SAID["sessions_at_most"] * number("manual_therapy_price") == SAID["tariff"]
    run = lived()
    prices = prices_table(run.plan.pathway, demonstration())
    cost = cost_of_activity(activity_table(run.tallies, run.plan), prices).set_index("service")["cost_gbp"]
    assert cost.loc[MT].sum() == pytest.approx(len(run.events("seen")) * number("manual_therapy_price"))
    assert today().decisions["manual_therapy_cap_reached"].options["back_to_gp"].to == "gp"


def test_spinal_referrals_do_not_fall_by_a_quarter() -> None:
    """The published fall had no comparison group. Against the same people without the scheme they change by less than
    a tenth in either direction: the scheme takes people from physiotherapy, who would seldom have come to a surgeon."""
    before = np.mean([lived("usual_care", replication=k).outcomes["spinal_referrals"] for k in range(2)])
    change = 100 * difference("spinal_referrals").mean() / before
    assert abs(change) < 10 < SAID["fall_in_spinal_referrals"]


def test_consultations_fall_or_rise_with_the_policy_after_the_cap() -> None:
    """With everyone back to the GP they rise, with everyone giving up they fall, and opioids begun go with them: the
    claimed fall and the Department's answer do not go together."""
    back, up = (essex.policy(name) for name in ("back to the GP", "give up"))
    assert (difference("gp_consultations", **back) > 0).all()
    assert (difference("gp_consultations", **up) < 0).all()
    begun = {}
    for name, policy in (("back", back), ("up", up)):
        log = pd.concat([lived(replication=k, **policy).log for k in range(2)])
        begun[name] = ((log["kind"] == "prescription") & (log["detail"] == "opioid = weak")).sum()
    assert begun["up"] < begun["back"]


def test_scans_hardly_change() -> None:
    before = np.mean([lived("usual_care", replication=k).outcomes["mri_scans"] for k in range(2)])
    assert abs(difference("mri_scans").mean()) < 0.05 * before


def test_nobody_is_sent_before_four_weeks_of_pain() -> None:
    """The gate is a number; with ten weeks nobody comes before ten. Who goes on to another course is not asked again."""
    for weeks in (SAID["weeks_of_pain"], 10):
        run = lived(manual_therapy_weeks_of_pain=weeks)
        sent = run.events("referral")
        sent = sent[sent["detail"].isin(["gp", "first_contact_physio"])]
        began = pd.Series(run.cohort.patients["onset"])
        again = run.log[(run.log["kind"] == "health") & run.log["detail"].astype(str).str.startswith("well to")]
        once = sent[~sent["patient"].isin(again["patient"])]
        pain = (once["tick"] - began[once["patient"]].to_numpy()) // 7
        assert len(pain) > 100
        assert pain.min() >= weeks
        assert pain.min() < weeks + 3


# 1: after the cap


@pytest.mark.parametrize("name", essex.AFTER_CAP)
def test_each_policy_after_the_cap_moves_people_where_it_says(name: str) -> None:
    """Of those at their fourth session the ones who need more go there: 0.35 of the 0.55 who need four or more. The rest
    go as after any course: home, to triage (0.05), or back to the GP because they are worse (0.02)."""
    run = lived(**essex.policy(name))
    people = at_visit(run, 4)
    shares = needed()
    capped = shares[shares.index > 4].sum() / shares[shares.index >= 4].sum()
    to = essex.AFTER_CAP[name][1]
    after_any = {
        "msk_triage": number("manual_therapy_to_triage_share"),
        "gp": number("manual_therapy_worse_share"),
    }
    after_any["home"] = 1 - sum(after_any.values())
    found = essex.after_visit(run, 4)
    assert people > 200
    for destination in {to, *after_any, *found.index}:
        expected = (capped if destination == to else 0) + (1 - capped) * after_any.get(destination, 0)
        assert abs(found.get(destination, 0) - expected) < 0.03 + 4 * np.sqrt(expected * (1 - expected) / people), (
            destination
        )


def test_by_default_most_go_back_to_their_gp_some_pay_and_some_give_up() -> None:
    shares = {share: number(share) for share, _ in essex.AFTER_CAP.values() if share}
    assert {name for name, share in shares.items() if share > 0} == {
        "manual_therapy_cap_to_private_share",
        "manual_therapy_cap_gives_up_share",
    }
    found = essex.after_visit(lived(), 4)
    assert found["gp"] > found["private_therapy"] > 0
    assert found["gp"] > 0.4


def test_switching_ends_when_most_sessions_are_used() -> None:
    run = lived(**essex.policy("switch provider"))
    referred = run.events("referral")
    again = referred[referred["detail"] == MT]
    visits = run.events("seen")
    before = [((visits["patient"] == row.patient) & (visits["tick"] < row.tick)).sum() for row in again.itertuples()]
    assert max(before) < number("manual_therapy_most_sessions")
    assert max(before) > SAID["sessions_at_most"]


def test_more_sessions_and_another_provider_are_one_thing_in_the_model() -> None:
    """Both send people to choose again among all providers; the same log follows. The page says so."""
    logs = [lived(**essex.policy(name)).log for name in ("switch provider", "more sessions")]
    assert logs[0].astype({"detail": str}).equals(logs[1].astype({"detail": str}))
    first = essex.first_visits(lived(**essex.policy("switch provider"))).sort_values(["patient", "tick"])
    same = first["site"].eq(first.groupby("patient")["site"].shift())
    again = first["patient"].duplicated()
    assert again.sum() > 100
    assert same[again].mean() < 0.25


def test_a_pathway_of_ones_own_can_bar_a_second_course() -> None:
    """As one real service does for a year; here for good, by a condition on visits so far."""

    def barred(written: dict[str, Any]) -> None:
        for change in written["levers"][AQP]["changes"]:
            change["when"]["visits"] = {MT: "= 0"}

    runs = {"open": lived(), "barred": rewritten(barred)}
    returned = {}
    for name, run in runs.items():
        referred = run.events("referral")
        visits = run.events("seen").groupby("patient")["tick"].min()
        returned[name] = (referred["tick"] > referred["patient"].map(visits)).sum()
    assert returned["open"] > 10
    assert returned["barred"] == 0


# 2 and 3: caps


def test_a_scenario_file_sets_the_cap(tmp_path: Path) -> None:
    """As a planner would: the library's scenario, with the cap replaced in full record."""
    text = (LIBRARY / "scenarios" / f"{AQP}.toml").read_text(encoding="utf-8")
    record = '\n[quantities.manual_therapy_cap]\nvalue = 6\nlow = 6\nhigh = 6\nunit = "visits"\nsource = "The contract"\ngrade = "local"\n'
    path = tmp_path / "six_sessions.toml"
    path.write_text(text + record, encoding="utf-8")
    assert tomllib.loads(path.read_text())["quantities"]["manual_therapy_cap"]["value"] == 6
    name, scenario, pathway = load_scenario(path)
    plan = compile_plan(pathway, demonstration(), scenario=scenario, name=name, years=1)
    assert plan.arrays.services["cap"][plan.services.index(MT)] == 6


def test_caps_from_two_to_twelve_give_more_sessions_and_send_fewer_back() -> None:
    """Of those at the last session that the cap allows, the ones who need more are sent on: 0.75 of 0.9 at two, 0.35 of
    0.55 at four, 0.15 of 0.35 at six, nobody at twelve. Waits grow where capacity does not."""
    shares, sessions, within = needed(), [], []
    for cap in (2, 4, 6, 12):
        run = lived(manual_therapy_cap=cap)
        people = at_visit(run, cap)
        capped = shares[shares.index > cap].sum() / shares[shares.index >= cap].sum()
        sent = 1 - essex.after_visit(run, cap).get("home", 0)
        kept = number("manual_therapy_to_triage_share") + number("manual_therapy_worse_share")
        gives_up = number("manual_therapy_cap_gives_up_share")
        assert near(sent, capped * (1 - gives_up) + (1 - capped) * kept, people), cap
        sessions.append(len(run.events("seen")) / at_visit(run, 1))
        within.append(essex.share_within(run))
    assert sessions == sorted(sessions)
    assert within == sorted(within, reverse=True)
    assert needed()[needed().index <= 4].sum() == pytest.approx(SAID["recover_within_four"] / 100)


# 4, 5 and 6: choice


def test_people_weigh_distance_wait_and_discipline() -> None:
    """Each weight alone, made strong, moves what it is about: nearer providers, shorter published waits, chiropractors."""
    where = {site.name: (site.x_km, site.y_km) for site in demonstration().sites if site.service == MT}

    def distance(run: Any) -> float:
        first = essex.first_visits(run)
        homes = run.cohort.practice[first["patient"]]
        x, y = np.array([where[site] for site in first["site"]]).T
        return float(np.hypot(x - demonstration().x_km[homes], y - demonstration().y_km[homes]).mean())

    def published(run: Any) -> float:
        return float(run.events("offered")["value"].mean())

    def chiropractors(run: Any) -> float:
        return float((essex.first_visits(run)["discipline"] == "chiropractic").mean())

    for measure, weight, sign in (
        (distance, {"choice_km": -2.0}, -1),
        (published, {"choice_week": -2.0}, -1),
        (chiropractors, {"choice_chiropractic": 2.0}, 1),
    ):
        change = measure(lived(**weight)) - measure(lived())
        assert np.sign(change) == sign, weight
        assert abs(change) > 0.1 * measure(lived()), weight


def test_a_gp_who_steers_sends_nearly_everyone_to_physiotherapists() -> None:
    """By the rule of choice, leaving waits and distances aside, eleven physiotherapists at weight w against nine others
    have 11e^w / (9 + 11e^w): 0.67 at the patients' 0.5, 0.96 at the GP's 3. Waits bend the first a little."""
    for name, weight in ((AQP, number("choice_physiotherapy")), (STEERED, 3.0)):
        found = (essex.first_visits(lived(name))["discipline"] == "physiotherapy").mean()
        expected = 11 * np.exp(weight) / (9 + 11 * np.exp(weight))
        assert found == pytest.approx(expected, abs=0.06), name
    assert essex.share_within(lived(STEERED)) < essex.share_within(lived()) - 0.2


def test_a_practice_that_owns_a_provider_keeps_its_patients() -> None:
    """A provider in the practice's own house, and people who go to the nearest: nearly all of them go there."""
    home = demonstration()
    at = home.codes.index("D00007")
    own = next(site for site in home.sites if site.service == MT)
    moved = replace(own, x_km=float(home.x_km[at]), y_km=float(home.y_km[at]), amount=10 * own.amount)
    region = replace(home, sites=tuple(moved if site == own else site for site in home.sites))

    def kept(run: Any) -> float:
        first = essex.first_visits(run)
        return float((first["site"][run.cohort.practice[first["patient"]] == at] == own.name).mean())

    assert kept(in_place(region, choice_km=-3.0)) > 0.9
    assert kept(lived()) < 0.3


def test_one_day_a_week_makes_people_wait_longer_than_five() -> None:
    """The same appointments a week, all on Wednesdays (days 7k of a region that begins on one)."""

    def wednesdays(written: dict[str, Any]) -> None:
        written["services"][MT]["weekdays"] = ["Wed"]

    assert demonstration().about.start.weekday() == 2
    run = rewritten(wednesdays)
    assert (run.events("seen")["tick"] % 7 == 0).all()
    assert (lived().events("seen")["tick"] % 7 != 0).any()
    one, five = (essex.first_visits(each)["wait"] for each in (run, lived()))
    assert one.median() > five.median()
    assert one.mean() > five.mean() + 1


# 7 and 8: paying


def test_paying_while_waiting_is_commoner_in_affluent_neighbourhoods() -> None:
    """At each consultation while waiting, by the stated odds (0.39 and 2.4): rates at least three times apart."""
    rates = essex.paying(lived("usual_care", private_while_waiting_share=0.12))["rate"]
    assert rates["9-10"] > 3 * rates["1-2"] > 0
    assert (
        essex.paying(lived("usual_care", private_while_waiting_share=0.0))["paid"].sum()
        < essex.paying(lived("usual_care", private_while_waiting_share=0.12))["paid"].sum()
    )


def test_payers_leave_the_list_and_those_who_cannot_pay_are_seen_sooner_too() -> None:
    """Therapy within six weeks of referral, nobody paying against the top of the range: more in both groups. The model's
    gap in access does not widen, because who pays gives up an NHS place; the gap in money does."""
    none, many = (
        [essex.soon(lived("usual_care", replication=k, private_while_waiting_share=share)) for k in range(2)]
        for share in (0.0, 0.12)
    )
    gained = (sum(many) - sum(none)) / 2
    assert gained["1-2"] > 0
    assert gained["9-10"] > 0


def test_what_follows_the_free_sessions_can_be_paid_for() -> None:
    """Visits that patients pay for themselves after the cap; the NHS pays nothing for them. Deprived people pay seldomer."""
    run = lived()
    went = run.events("referral", "private_therapy")
    went = went[went["detail"] == MT]
    capped = run.events("seen")
    capped = capped[capped["detail"] == "4"]
    rate = essex.by_decile(run, went["patient"]) / essex.by_decile(run, capped["patient"])
    assert rate["1-2"] < rate["3-8"]
    more = lived(**essex.policy("pay")).events("referral", "private_therapy")
    assert (more["detail"] == MT).sum() > 3 * len(went)
    assert number("paid_by_patients") == 0


def test_each_providers_income_from_the_nhs_can_be_told() -> None:
    """Sessions by site times the price, which add up to what the service costs."""
    run = lived()
    income = run.events("seen")["site"].value_counts() * number("manual_therapy_price")
    income = income[income > 0]
    assert len(income) == 20
    assert income.sum() == len(run.events("seen")) * number("manual_therapy_price")
    assert income.max() > 1.3 * income.min()


# 9, 10 and 11: fragments, shopping, harm


def test_switching_brings_people_to_more_providers() -> None:
    """Providers seen a person, among those treated: the message of each is not modelled, their number is counted."""

    def providers(run: Any) -> float:
        seen = run.log[
            (run.log["kind"] == "seen") & run.log["service"].isin([MT, "community_physio", "private_therapy"])
        ]
        names = seen.assign(site=seen["site"].astype(str)).groupby("patient")["site"].nunique()
        return float(names[run.events("seen")["patient"].unique()].mean())

    assert (
        providers(lived(**essex.policy("give up")))
        < providers(lived())
        < providers(lived(**essex.policy("switch provider")))
    )


def test_switching_without_limit_makes_a_tail_of_heavy_users() -> None:
    """People with more than twelve sessions in a year: none without switching, some with it, more where the limit is 24."""
    tail = []
    for numbers in (
        essex.policy("give up"),
        essex.policy("switch provider"),
        essex.policy("switch provider") | {"manual_therapy_most_sessions": 24.0},
    ):
        sessions = lived(**numbers).events("seen").groupby("patient").size()
        tail.append(int((sessions > 12).sum()))
    assert tail[0] <= 1
    assert tail[0] < tail[1] < tail[2]


def test_people_made_worse_come_back_to_their_gp_and_lose_health() -> None:
    """Three in ten instead of one in fifty: those who need no more sessions are sent back in that share."""
    shares = needed()
    worse = {share: lived(manual_therapy_worse_share=share) for share in (0.0, 0.3)}
    for share, run in worse.items():
        found = essex.after_visit(run, 1).get("gp", 0)
        assert near(found, shares[1] * share, at_visit(run, 1)), share
    assert worse[0.3].outcomes["gp_consultations"] > worse[0.0].outcomes["gp_consultations"]
    assert worse[0.3].outcomes["qalys"] < worse[0.0].outcomes["qalys"]


# 12, 13 and 14: self-care, exercise, adherence


def test_self_management_support_is_a_service_that_gps_can_use_more() -> None:
    seen = [len(lived(gp_self_management_share=share).events("seen", "self_management")) for share in (0.0, 0.1, 0.3)]
    assert seen[0] < seen[1] < seen[2]
    effect = today().effects["self_management"]
    assert today().quantities[effect.improve_times].number() > 1


def test_exercise_groups_are_a_service_of_up_to_eight_classes() -> None:
    run = lived()
    classes = run.events("seen", "group_exercise")["detail"].astype(str).astype(int)
    assert classes.max() == 8
    more = lived(gp_group_exercise_share=0.2)
    assert len(more.events("referral", "group_exercise")) > 2 * len(run.events("referral", "group_exercise"))


def test_whether_people_pay_makes_no_difference_to_what_treatment_does() -> None:
    """By default. A planner who thinks that NHS patients do less can shorten their courses: a number does it."""
    services = today().services
    assert services["private_therapy"].effect == services["community_physio"].effect
    shorter = essex.with_numbers(AQP)
    quantity = shorter.pathway.quantities["manual_therapy_visits"].model_copy(update={"value": {"1": 0.5, "2": 0.5}})
    case = Case(
        shorter.name,
        shorter.scenario,
        replace(shorter.pathway, quantities={**shorter.pathway.quantities, "manual_therapy_visits": quantity}),
    )
    run = essex.live(case, demonstration(), years=1)
    assert set(run.events("seen")["detail"]) == {"1", "2"}


# 15 and 16: money


def test_paid_from_the_existing_budget_the_wait_for_physiotherapy_is_longer() -> None:
    """New money leaves physiotherapy's appointments as they are. Otherwise as many are taken away as the scheme's bill
    would pay for; what is left then goes to fewer people, who wait longer than under new money."""
    new = lived()
    bill = len(new.events("seen")) * number("manual_therapy_price")
    physio = [site for site in demonstration().sites if site.service == "community_physio"]
    left = 1 - bill / number("physio_price") / 52 / sum(site.amount for site in physio)
    assert 0.4 < left < 0.9
    sites = [replace(s, amount=s.amount * left) if s in physio else s for s in demonstration().sites]
    same = in_place(replace(demonstration(), sites=tuple(sites)))
    assert same.outcomes["physio_wait_days"] > new.outcomes["physio_wait_days"] + 7
    assert same.outcomes["total_cost_gbp"] < new.outcomes["total_cost_gbp"]


def test_the_existing_service_loses_a_quarter_of_its_referrals() -> None:
    """GPs send 0.12 of 0.2 to the scheme where pain has lasted: between a tenth and a half of all referrals."""
    before = sum(lived("usual_care", replication=k).outcomes["physio_referrals"] for k in range(2)) / 2
    assert -0.5 < difference("physio_referrals").mean() / before < -0.1


def test_contracts_by_session_course_and_year_give_different_bills_for_the_same_work() -> None:
    """Per session, per course of four, per person and year: arithmetic on one run. Not everyone needs four, so that the
    price of a course is the dearest; some have two courses, so that a price of a year would buy more."""
    run = lived(**essex.policy("switch provider"))
    per_session = len(run.events("seen")) * number("manual_therapy_price")
    courses = len(essex.first_visits(run))
    people = essex.first_visits(run)["patient"].nunique()
    assert people < courses
    assert per_session < courses * SAID["tariff"]


def test_nobody_comes_outside_the_criteria() -> None:
    """Without the scenario nobody is sent; with it only people with the two classes of pain that it names."""
    assert len(lived("usual_care").events("seen")) == 0
    run = lived()
    sent = run.events("referral")["patient"].unique()
    classes = run.cohort.table(run.plan)["symptom_class"].to_numpy()[sent]
    assert set(classes) == {"nonspecific", "radicular"}


# 17 and 18: who may offer, who decides


def test_new_kinds_of_provider_can_enter_and_take_a_share() -> None:
    """Two acupuncturists in the region's table of capacity, with neither more nor fewer people referred at first."""
    home = demonstration()
    model = next(site for site in home.sites if site.service == MT)
    entrants = tuple(replace(model, name=f"Acupuncture {k}", discipline="acupuncture") for k in (1, 2))
    assert all(isinstance(site, Site) for site in entrants)
    run = in_place(replace(home, sites=(*home.sites, *entrants)))
    shares = essex.first_visits(run)["discipline"].value_counts(normalize=True)
    assert 0.02 < shares["acupuncture"] < 0.2
    assert len(run.events("referral")) == pytest.approx(len(lived().events("referral")), rel=0.05)


def test_rural_practices_travel_further_and_are_referred_as_often() -> None:
    """A practice put 30 km away: its people choose among the same providers by the same weights; nobody stays away for
    the distance, which is a limit of the model."""
    home = demonstration()
    at = home.codes.index("D00002")
    x = home.x_km.copy()
    x[at] += 30
    run = in_place(replace(home, x_km=x))
    sent = {
        name: (each.cohort.practice[each.events("referral")["patient"]] == at).sum()
        for name, each in (("near", lived()), ("far", run))
    }
    assert sent["far"] == pytest.approx(sent["near"], rel=0.15)
    first = essex.first_visits(run)
    mine = first[run.cohort.practice[first["patient"]] == at]
    east = {site.name: site.x_km for site in home.sites if site.service == MT}
    assert mine["site"].map(east).mean() > first["site"].map(east).mean()


def test_more_first_contact_physiotherapists_means_more_choices_made_by_them() -> None:
    """Who refers to manual therapy: GPs and physiotherapists each decide where they see people first."""
    shares = []
    for share in (0.05, 0.4):
        by = lived(first_contact_physio_share=share).events("referral")["detail"].value_counts(normalize=True)
        shares.append(by["first_contact_physio"])
        assert set(by[by > 0].index) <= {"gp", "first_contact_physio"}
    assert shares[0] < shares[1]
    changes = today().levers[AQP].changes
    assert {change.decision for change in changes} == set(GP_REFERS)


def test_health_by_deprivation_is_reported() -> None:
    """What equity questions need: years lived in each state, and what they are worth, by decile."""
    run = lived()
    table = health_table(run.tallies, run.plan)
    assert sorted(table["decile"].unique()) == list(range(1, 11))
