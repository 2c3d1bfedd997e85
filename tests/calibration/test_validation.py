"""The model against published results: the data file, what is measured in a run, the verdicts, and the page."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from calibration.validation import activity, courses, places
from calibration.validation.observed import Observed, observe, observed_of, together
from calibration.validation.targets import (
    FILE,
    TABLES,
    Targets,
    ValidationTarget,
    beside_of,
    load_targets,
    measure,
    measure_all,
)
from calibration.validation.validate import Simulated, TargetResult, judge, simulated, validate
from pathways import BadInput, load_region, load_scenario
from sim.pilot import draw_cohort
from sim.reducers import person_ticks, yearly
from sim.results import health_table
from sim.run import Case
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, pathway, plan_of, region, share
from tests.helpers.shared import SHARED
from tests.helpers.validation import TARGETS, imagined
from ui.reports.validation import (
    exact,
    failures,
    markdown_page,
    published,
    validation_html,
    validation_json,
    write_validation,
)

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "validation.md"
EVIDENCE = SHARED / "evidence"
YEARS = 2.0

needs_evidence = pytest.mark.skipif(
    not EVIDENCE.exists(), reason="the evidence pack is not beside the project (../shared/evidence)"
)


# the data file


def spoiled(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the data file with a text replaced."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "targets.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('measure = "mean_score"', 'measure = "mean_scor"', "there is no measure 'mean_scor'. Did you mean 'mean_score'?"),
        ('with = { score = "pain", weeks = 0 }', 'with = { score = "pain" }', "targets.acute_pain_at_the_start.with: 'weeks' is missing"),
        ('with = { score = "pain", weeks = 0 }', 'with = { score = "pain", week = 0 }', "there is no argument 'week'. Did you mean 'weeks'?"),
        ('section = "course"', 'section = "cours"', "there is no 'cours'. Did you mean 'course'?"),
        ('cohort = "acute"', 'cohort = "acut"', "there is no 'acut'. Did you mean 'acute'?"),
        ('cohort = "acute"\n', "", "the measure 'mean_score' needs a cohort"),
        ("low = 48", "low = 53", "the value 52 is not between low 53 and high 57"),
        ("low = 48\n", "", "'low', 'high' and 'interval' go together"),
        ('kind = "above", than = 0', 'kind = "above"', "'above' needs 'than'"),
        ('rule = { kind = "mean_inside" }', 'rule = { kind = "near" }', "'near' is not one of mean_inside"),
        ('measure = "new_episodes"', 'measure = "episodes"', "cohorts.acute.measure: there is no measure 'episodes'"),
        ('fitted = true', 'fited = true', "there is no field 'fited' here. Did you mean 'fitted'?"),
    ],
)  # fmt: skip
def test_a_spoiled_data_file_is_explained(tmp_path: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(BadInput) as bad:
        load_targets(spoiled(tmp_path, old, new))
    assert expected in str(bad.value)


def test_services_and_levels_that_targets_name_exist_in_the_pathway() -> None:
    """A misspelt service would be a figure of nothing, not an error."""
    _, _, word = load_scenario("usual_care")
    known = {"entry", "home", *word.services}
    levels = {name: set(attribute.levels) for name, attribute in word.attributes.items()}
    words = [*TARGETS.cohorts.values(), *TARGETS.targets.values()]
    for each in [*words, *(target.beside for target in TARGETS.targets.values() if target.beside)]:
        given = {
            name: TARGETS.groups.get(value, value) if isinstance(value, str) else value
            for name, value in each.arguments.items()
        }
        for name in ("services", "came_from", "led_to"):
            assert set(given.get(name, [])) <= known, (each, name)
        assert {given[name] for name in ("service",) if name in given} <= known
        if "attribute" in given:
            assert given["level"] in levels[given["attribute"]]
        assert set(given.get("kinds", [])) <= levels["symptom_class"]


def test_every_target_of_the_fit_says_that_it_is_one() -> None:
    """The natural history is fitted to these figures: agreement with them shows the fit, nothing else."""
    fitted = {target.evidence for target in TARGETS.targets.values() if target.fitted}
    assert fitted == {"NAT01", "NAT02", "NAT03", "NAT04", "NAT09", "NAT12", "NAT14", "NAT15", "NAT16", "NAT17"}
    assert not [name for name, t in TARGETS.targets.items() if t.evidence in fitted and not t.fitted]


OWN_SUMS = {"consulters_ill_longer_than_3_months": 20 + 22 + 20}
"""Published figures that are sums of what the evidence pack holds."""


@needs_evidence
def test_published_figures_are_those_of_the_evidence_pack() -> None:
    """Each value stands in the pack's row (as it is, with the other sign, or a pain score of 10 as one of 100), and so
    do the limits that are called published."""
    with (EVIDENCE / "evidence.csv").open(encoding="utf-8") as file:
        pack = {row["id"]: row for row in csv.DictReader(file)}
    checked = 0
    for name, target in TARGETS.targets.items():
        if target.evidence not in pack:
            continue
        row = pack[target.evidence]
        numbers = numbers_in(f"{row['value']} {row['note']}") | {float(OWN_SUMS.get(name, np.nan))}
        assert {abs(target.value), abs(target.value) / 10} & numbers, name
        if target.interval == "published":
            assert {target.low, target.high} <= numbers_in(f"{row['low']} {row['high']}"), name
        checked += 1
    assert checked > 40


def numbers_in(text: str) -> set[float]:
    """The numbers in a text.

    >>> sorted(numbers_in("216.2 / 48.8, 1,287"))
    [48.8, 216.2, 1287.0]
    """
    return {float(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}


@needs_evidence
def test_the_age_table_is_that_of_the_evidence_pack() -> None:
    table = pd.read_csv(EVIDENCE / "age_by_imd.csv").set_index("age_band")
    expected = {band: list(row) for band, row in table[[f"imd_{k}" for k in range(1, 11)]].iterrows()}
    assert TARGETS.groups["age_by_decile"] == expected


def test_the_mean_ages_are_those_of_the_age_table() -> None:
    """From the middles of the bands, as the targets say: 18-27 ends on the 28th birthday, so its middle is 23."""
    table = pd.DataFrame(TARGETS.groups["age_by_decile"], index=range(1, 11)).T
    middles = pd.Series([int(band.split("-")[0]) + 5 for band in table.index], index=table.index)
    means = table.mul(middles, axis=0).sum() / table.sum()
    for decile in range(1, 11):
        assert TARGETS.targets[f"mean_age_decile_{decile}"].value == pytest.approx(means[decile], abs=0.051)
    assert TARGETS.targets["years_between_deciles_1_and_10"].value == pytest.approx(means[10] - means[1], abs=0.051)


# the tables of a run


@pytest.fixture(scope="module")
def run() -> tuple[Running, Observed]:
    """Two years of usual care in the demonstration area."""
    case = case_of("usual_care")
    plan = case.plan(load_region("demonstration"), YEARS)
    cohort = draw_cohort(plan, seed=7, replication=0)
    running = Running(plan, cohort, keep_log=True).finish()
    return running, observed_of(running.log(), cohort)


def case_of(name: str) -> Case:
    """A scenario of the library."""
    known, scenario, word = load_scenario(name)
    return Case(known, scenario, word)


def test_tables_count_what_the_reducers_count(run: tuple[Running, Observed]) -> None:
    """The reducers read the log in compiled code: another way to the same numbers."""
    from sim.arrays.layout import DID_NOT_ATTEND, REFERRAL, SEEN

    running, seen = run
    events = yearly(running.tallies).sum(axis=2)
    for position, service in enumerate(running.plan.services):
        for kind, table in ((SEEN, seen.contacts), (REFERRAL, seen.referrals), (DID_NOT_ATTEND, seen.missed)):
            assert (table["service"] == service).sum() == events[kind, position], service


def test_spells_follow_each_other_and_add_up_to_the_time_lived(run: tuple[Running, Observed]) -> None:
    """Every patient is in one state at a time until the end; the measured time in each state is the reducers'."""
    running, seen = run
    spells = seen.spells
    own = spells["patient"].eq(spells["patient"].shift(-1))
    assert (spells["to_day"][own] == spells["from_day"].shift(-1)[own]).all()
    assert (spells["to_day"][~own] == seen.days).all()
    measured = (spells["to_day"] - spells["from_day"].clip(lower=0)).clip(lower=0)
    lived = person_ticks(running.tallies, running.plan).sum(axis=(0, 2, 3)) / running.plan.ticks_per_day
    found = measured.groupby(spells["state"], observed=False).sum()
    np.testing.assert_allclose(found.to_numpy(), lived)


def test_utility_lost_is_what_the_health_table_loses(run: tuple[Running, Observed]) -> None:
    """Over everyone and the measured years: years lived at the utility of being well, minus years at their own."""
    running, seen = run
    spells = seen.spells[seen.spells["from_day"] >= 0]
    everyone = seen.people[seen.people["onset_day"] >= 0]
    cohort = pd.DataFrame({"patient": everyone.index, "day": everyone["onset_day"]})
    found = courses.qalys_lost(spells, seen.people, cohort, weeks=1000) * len(cohort)
    years = (spells["to_day"] - spells["from_day"]) / 365
    lost = sum(
        float(
            (years * (spells["state"] == state) * seen.people[f"lost_{state}"].loc[spells["patient"]].to_numpy())[
                spells["patient"].isin(everyone.index)
            ].sum()
        )
        for state in ("mild", "moderate", "severe")
    )
    assert found == pytest.approx(lost)
    table = health_table(running.tallies, running.plan)
    in_pain = table[table["state"] != "well"]
    assert seen.people["lost_severe"].max() > seen.people["lost_mild"].max() > 0
    assert in_pain["utility"].min() >= -0.594


def test_where_patients_came_from_and_went_is_read_from_the_log(run: tuple[Running, Observed]) -> None:
    """By hand, patient after patient, for the first few hundred who have visits."""
    running, seen = run
    log = running.log().canonical().frame()
    log = log[log["patient"].isin(seen.contacts["patient"].unique()[:400])]
    expected = []
    for patient, own in log.groupby("patient"):
        rows = [
            row
            for row in own.itertuples()
            if row.kind in ("referral", "joined", "seen", "did_not_attend", "gave_up", "discharge")
        ]
        rows = [row for row in rows if not (row.kind == "seen" and row.detail == "0")]
        came = None
        for place, row in enumerate(rows):
            if row.kind == "referral":
                came = row.detail
            if row.kind != "seen" or row.tick < 0:
                continue
            after = rows[place + 1] if place + 1 < len(rows) else None
            to = None
            if after is not None and after.kind == "referral" and after.detail == row.service:
                to = after.service
            if after is not None and after.kind == "discharge":
                to = "home"
            expected.append((patient, float(row.tick), row.service, int(row.detail), came, to))
    found = seen.contacts[(seen.contacts["visit"] > 0) & seen.contacts["patient"].isin(log["patient"])]
    as_told = found[["patient", "day", "service", "visit", "came_from", "led_to"]].astype(object)
    as_told = as_told.where(as_told.notna(), None)
    assert len(expected) > 400
    assert sorted(map(tuple, as_told.to_numpy().tolist()), key=str) == sorted(expected, key=str)


def test_the_acute_cohort_is_who_sought_nhs_care_on_the_day_of_onset(run: tuple[Running, Observed]) -> None:
    """By hand from the log's onsets and first referrals; mean pain at the start from their first states."""
    running, seen = run
    word = TARGETS.cohorts["acute"]
    cohort = measure(word, seen, TARGETS)
    log = running.log().canonical().frame()
    onset = log[(log["kind"] == "onset") & (log["tick"] >= 0) & (log["tick"] <= seen.days - 365)].set_index("patient")
    first = (
        log[(log["kind"] == "referral") & (log["detail"] == "entry")].drop_duplicates("patient").set_index("patient")
    )
    people = seen.people.loc[onset.index]
    services = TARGETS.groups["nhs_first_contacts"]
    chosen = onset[
        first["service"].reindex(onset.index).isin(services).to_numpy()
        & (first["tick"].reindex(onset.index) == onset["tick"]).to_numpy()
        & (people["age"] >= 18).to_numpy()
        & people["symptom_class"].isin(["nonspecific", "radicular"]).to_numpy()
    ]
    assert len(cohort) > 1000
    assert sorted(cohort["patient"]) == sorted(chosen.index)
    assert (cohort["weeks_ill"] == 0).all()
    pain = seen.scores["pain"]
    found = courses.mean_score(seen.spells, seen.scores, cohort, score="pain", weeks=0)
    assert found == pytest.approx(chosen["detail"].map(pain).astype(float).mean())


def test_the_persistent_cohort_is_in_pain_that_is_months_old(run: tuple[Running, Observed]) -> None:
    _, seen = run
    cohort = measure(TARGETS.cohorts["persistent"], seen, TARGETS)
    assert len(cohort) > 100
    assert cohort["weeks_ill"].between(13, 52).all()
    assert (cohort["day"] <= seen.days - 365).all()
    assert not cohort.assign(year=cohort["day"] // 365).duplicated(["patient", "year"]).any()
    states = courses.state_on(seen.spells, cohort["patient"], cohort["day"])
    assert "well" not in states
    visits = seen.contacts[seen.contacts["service"].isin(["gp", "first_contact_physio"])]
    assert len(cohort.merge(visits, on=["patient", "day"])) >= len(cohort)


def test_visits_of_someone_who_waits_have_no_number_in_a_course(run: tuple[Running, Observed]) -> None:
    _, seen = run
    waiting = seen.contacts[seen.contacts["visit"] == 0]
    assert len(waiting) > 0
    assert set(waiting["service"]) == {"gp"}
    assert waiting["led_to"].isna().all()


def test_residents_add_up_to_the_region(run: tuple[Running, Observed]) -> None:
    running, seen = run
    assert seen.residents["people"].sum() == pytest.approx(running.plan.region.population)
    everyone = activity.residents_aged(seen.residents, age_from=0, age_to=120)
    assert everyone.sum() == pytest.approx(running.plan.region.population)


def test_areas_together_have_everyone_of_each() -> None:
    """Two copies of an area: twice the rows, nobody's rows mixed with another's, and the same shares."""
    numbers = Numbers()
    word = pathway(numbers, {"gp": {"capacity": "open", "next": "home"}}, entry="gp", onset_rate=0.3)
    plan = plan_of(word, region(500))
    cohort = cohort_of(plan)
    one = observed_of(Running(plan, cohort, keep_log=True).finish().log(), cohort)
    both = together([one, one])
    assert len(both.people) == 2 * len(one.people)
    for name in TABLES:
        if name not in ("scores", "days"):
            assert len(getattr(both, name)) == 2 * len(getattr(one, name)), name
    assert sorted(both.contacts["patient"].unique()) == list(range(2 * len(one.people)))
    told = {"services": ["gp"], "age_from": 0, "age_to": 99, "per": 100}
    rates = [activity.people_seen_each_year(t.contacts, t.people, t.residents, t.days, **told) for t in (one, both)]
    assert rates[0] == pytest.approx(rates[1])
    assert rates[0][0] > 10


def test_a_chain_of_services_is_followed_by_hand() -> None:
    """Everyone goes from the GP to a scan; then three in ten to a clinic. Nobody falls ill before the first day."""
    numbers = Numbers()
    services = {
        "gp": {"capacity": "open", "next": "scan"},
        "scan": {"capacity": "open", "next": "report"},
        "clinic": {"capacity": "open", "next": "home"},
    }
    report = {"says": "after the scan", "options": {"clinic": share(numbers, 0.3), "home": {"share": "rest"}}}
    word = pathway(numbers, services, entry="gp", onset_rate=0.5, decisions={"report": report})
    plan = plan_of(word, region(8000), years=1)
    cohort = cohort_of(plan)
    seen = observed_of(Running(plan, cohort, keep_log=True).finish().log(), cohort)
    led = activity.share_led_to(seen.contacts, services=["scan"], came_from=["gp"], led_to=["clinic"])
    scans = (seen.contacts["service"] == "scan").sum()
    assert scans > 2000
    assert led == pytest.approx(30, abs=4 * 100 * np.sqrt(0.3 * 0.7 / scans))
    assert np.isnan(activity.share_led_to(seen.contacts, services=["scan"], came_from=["clinic"], led_to=["home"]))
    assert (seen.contacts.loc[seen.contacts["service"] == "gp", "came_from"] == "entry").all()


# chance between practices


def test_the_fold_by_chance_is_that_of_the_evidence_pack() -> None:
    """40 practices: chance alone gives a fold of 1.9 with about 60 events expected in each, 2.9 with about 20.

    By hand, for equal practices: the extremes of 40 normal draws are 2.16 deviations out, and one deviation of the
    logarithm is 1/sqrt(60) or 1/sqrt(20): exp(2 x 2.16 / sqrt(60)) = 1.75, exp(2 x 2.16 / sqrt(20)) = 2.63.
    """
    assert 1.7 < places.chance_fold(np.full(40, 60.0), at_least=1) < 1.95
    assert 2.6 < places.chance_fold(np.full(40, 20.0), at_least=1) < 3.2


def test_practices_that_differ_by_chance_alone_show_the_fold_by_chance() -> None:
    """Forty worlds of twelve alike practices: the mean fold is the one that chance gives."""
    rng = np.random.default_rng(3)
    residents = pd.DataFrame(
        {"practice": [f"P{k}" for k in range(12)], "sex": "male", "age_low": 30, "decile": 5, "people": 1000.0}
    )
    found, expected = [], []
    for _ in range(40):
        users = np.repeat(residents["practice"].to_numpy(), rng.poisson(60, 12))
        people = pd.DataFrame({"age": 30, "sex": "male", "practice": users})
        contacts = pd.DataFrame({"patient": people.index, "day": 1.0, "service": "mri"})
        told = {"services": ["mri"], "years": 1, "at_least": 10}
        found += places.fold(contacts, people, residents, 365, **told)
        expected += places.fold_by_chance(contacts, people, residents, 365, **told)
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=4 * np.std(found) / np.sqrt(40))


def test_standardised_ratios_take_out_age() -> None:
    """Practice B has only old people, who are seen four times as often: its ratio is 1 all the same."""
    residents = pd.DataFrame(
        {"practice": ["A", "A", "B"], "sex": "male", "age_low": [30, 70, 70], "people": [100.0, 100.0, 100.0]}
    )
    people = pd.DataFrame(
        {"age": [30] * 5 + [70] * 40, "sex": "male", "practice": ["A"] * 25 + ["B"] * 20}
    )  # 5 of 100 young, 20 of 100 old in each practice
    table = places.standardised(people, residents, "practice")
    np.testing.assert_allclose(table["observed"] / table["expected"], [1.0, 1.0])
    np.testing.assert_allclose(table["expected"], [25.0, 20.0])


# verdicts


def found_of(mean: float, half: float = 1.0) -> Simulated:
    """A figure with its interval, its single runs twice as far apart."""
    return Simulated(mean, mean - half, mean + half, mean - 2 * half, mean + 2 * half, 5)


def target_of(**changes: Any) -> ValidationTarget:
    """A target of 50 (40 to 60)."""
    written = {
        "title": "A figure", "section": "course", "value": 50, "low": 40, "high": 60, "interval": "published",
        "unit": "of 100", "source": "a test", "grade": "read", "compared": "a test", "measure": "share_ill_for",
        "with": {"weeks": 1}, "rule": {"kind": "mean_inside"},
    }  # fmt: skip
    return ValidationTarget.model_validate(written | changes)


@pytest.mark.parametrize(
    ("rule", "mean", "half", "verdict"),
    [
        ({"kind": "mean_inside"}, 40.0, 99.0, "pass"),
        ({"kind": "mean_inside"}, 60.1, 99.0, "fail"),
        ({"kind": "intervals_overlap"}, 62.0, 2.0, "pass"),
        ({"kind": "intervals_overlap"}, 62.0, 1.9, "fail"),
        ({"kind": "intervals_overlap"}, 38.0, 1.9, "fail"),
        ({"kind": "above", "than": 50}, 51.1, 1.0, "pass"),
        ({"kind": "above", "than": 50}, 51.0, 1.0, "fail"),  # the interval touches 50
        ({"kind": "below", "than": 50}, 48.9, 1.0, "pass"),
        ({"kind": "below", "than": 50}, 51.0, 1.0, "fail"),
        ({"kind": "range_contains"}, 52.0, 1.0, "pass"),
        ({"kind": "range_contains"}, 52.1, 1.0, "fail"),
        ({"kind": "mean_inside"}, float("nan"), 1.0, "no value"),
        ({"kind": "above", "than": 50}, 60.0, float("nan"), "fail"),  # one run: nothing can be told from chance
    ],
)
def test_rules_are_what_they_say(rule: dict[str, Any], mean: float, half: float, verdict: str) -> None:
    assert judge(target_of(rule=rule), found_of(mean, half)) == verdict


def test_intervals_are_t_intervals_over_replications() -> None:
    """SciPy's interval of the replications' means; a replication without a value is left out."""
    found = simulated([[4.0], [6.0, 8.0], [float("nan")], [9.0]])
    expected = stats.ttest_1samp([4.0, 7.0, 9.0], 0.0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.runs == 3
    assert (found.range_low, found.range_high) == pytest.approx(tuple(np.quantile([4, 6, 8, 9], [0.05, 0.95])))


def only(*names: str, **changes: Any) -> Targets:
    """The data file with these targets alone, changed."""
    chosen = {name: TARGETS.targets[name].model_copy(update=changes) for name in names}
    return TARGETS.model_copy(update={"targets": chosen})


def test_a_scenario_against_itself_changes_nothing() -> None:
    same = only("spinal_referrals_with_any_qualified_provider", scenario="usual_care")
    result = validate(same, load_region("demonstration"), years=1, replications=2, seed=3).results[0]
    assert (result.found.mean, result.found.low, result.found.high) == (0, 0, 0)
    assert result.verdict == "fail"  # the rule asks for less than 0


def test_results_do_not_depend_on_the_number_of_workers() -> None:
    few = only("acute_pain_at_6_weeks", "mri_wait", "fold_variation_procedures")
    place = load_region("demonstration")
    one, two = (validate(few, place, years=2, replications=3, seed=5, workers=workers) for workers in (1, 2))
    assert [result.found for result in one.results] == [result.found for result in two.results]
    assert [result.beside for result in one.results] == [result.beside for result in two.results]
    pd.testing.assert_frame_equal(one.age_bands, two.age_bands)


def test_every_target_has_a_value_in_five_years() -> None:
    """Except the one time that the model may truly not reach; a misspelt group or service would show here."""
    wanted = {name: target for name, target in TARGETS.targets.items() if target.scenario == "usual_care"}
    found = measure_all(
        observe(case_of("usual_care").run(load_region("demonstration"), years=5, seed=1, replication=0)),
        TARGETS,
        wanted,
    )
    assert {name for name, values in found.items() if np.isnan(values).all()} <= {
        "median_days_to_recurrence",
        "median_days_to_recovery",
    }
    assert {beside_of(name) for name, target in wanted.items() if target.beside} <= set(found)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            {"replications": 1},
            "replications: 1 is written; use a whole number from 2: one run cannot be told from chance",
        ),
        ({"years": 0.5}, "years: 0.5 is written; people are followed for a year"),
        ({"seed": -1}, "seed: -1 is written"),
        ({"workers": 0}, "workers: 0 is written"),
    ],
)
def test_what_cannot_be_run_is_refused_before_running(asked: dict[str, Any], expected: str) -> None:
    request: dict[str, Any] = {"years": 5.0, "replications": 2, "seed": 1, "workers": 1} | asked
    with pytest.raises(BadInput, match=re.escape(expected)):
        validate(TARGETS, load_region("demonstration"), **request)


# the page


def rows_of_page(text: str) -> dict[str, list[str]]:
    """The cells of a Markdown page's table rows, by the first."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return {cells[0]: cells[1:] for cells in lines}


def test_nothing_that_fails_is_left_out() -> None:
    """A model that gives -1,000 for everything fails wherever less is not asked for; one row each, and in the list."""
    bad = imagined(lambda target: -1000.0)
    rows = rows_of_page(markdown_page(bad, picture="p.svg"))
    for result in bad.results:
        cells = rows[f"{result.target.title} ({result.target.unit})"]
        assert cells[0] == published(result)
        assert ("fail" in cells[3]) == (result.target.rule.kind != "below")
    assert len(failures(bad)) == sum(target.rule.kind != "below" for target in TARGETS.targets.values())
    page = validation_html(bad)
    assert all(sentence.split(":")[0].replace("'", "&#x27;") in page for sentence in failures(bad))
    assert page.count("✗ fail") == len(failures(bad))


def test_a_model_without_values_passes_nothing() -> None:
    empty = imagined(lambda target: float("nan"))
    assert empty.count("pass") == 0
    assert empty.count("no value") == len(TARGETS.targets)
    assert json.loads(validation_json(empty))["targets"]["mri_wait"]["simulated"]["mean"] is None


def test_the_page_says_what_is_fitted() -> None:
    good = imagined(lambda target: target.value)
    rows = rows_of_page(markdown_page(good, picture="p.svg"))
    for result in good.results:
        use = rows[f"{result.target.title} ({result.target.unit})"][4]
        assert ("used in the fit" in use) == result.target.fitted
        assert (use == "held out") == (not result.target.fitted and not result.target.tuned)


def test_the_page_is_plain_html_with_its_picture_inside(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert write_validation(imagined(lambda target: target.value), path) == ["page.html"]
    text = path.read_text()
    assert "<script" not in text
    assert text.count("<svg") == 1
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<meta http-equiv=', "", text)  # nothing is fetched


def test_a_page_of_another_kind_or_nowhere_is_refused(tmp_path: Path) -> None:
    good = imagined(lambda target: target.value)
    with pytest.raises(BadInput, match=r"written as \.html or \.md"):
        write_validation(good, tmp_path / "page.txt")
    with pytest.raises(BadInput, match="the folder does not exist"):
        write_validation(good, tmp_path / "none" / "page.md")
    assert not list(tmp_path.iterdir())


def test_the_committed_page_holds_every_target_with_its_published_figure() -> None:
    """And as many failures in its list as rows that fail, so that none was taken out by hand."""
    text = PAGE.read_text(encoding="utf-8")
    rows = rows_of_page(text)
    for name, target in TARGETS.targets.items():
        cells = rows[f"{target.title} ({target.unit})"]
        nothing = Simulated(*[float("nan")] * 5, 0)
        assert cells[0] == published(TargetResult(name, target, nothing, None, "no value", ())), name
        assert cells[2] == TARGETS.rule_in_words(target.rule), name
        assert cells[3] in ("✓ pass", "✗ fail", "✗ no value"), name
        assert ("used in the fit" in cells[4]) == target.fitted, name
    listed = text.split("## What fails")[1].split("![")[0].count("\n- ")
    assert listed == sum(cells[3].startswith("✗") for title, cells in rows.items() if len(cells) == 5)
    for band, values in TARGETS.groups["age_by_decile"].items():
        assert [cell.split("(")[1].strip(")") for cell in rows[band]] == [exact(value) for value in values]
    assert PAGE.with_suffix(".svg").exists()


# the command


def backpath(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ui.command_line", "validate", *words],
        capture_output=True, text=True, timeout=300, cwd=PAGE.parent.parent,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_prints_json_and_writes_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    done = backpath("--years", "1", "--replications", "2", "--json", "--out", str(page))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["targets"]) == set(TARGETS.targets)
    assert told["passed"] + told["failed"] == len(TARGETS.targets)
    assert told["targets"]["fold_variation_hospital_four_years"]["verdict"] == "no value"  # one year is not four
    rows = rows_of_page(page.read_text(encoding="utf-8"))
    for each in told["targets"].values():
        assert each["verdict"] in rows[f"{each['title']} ({each['unit']})"][3]
    assert page.with_suffix(".svg").read_text().startswith("<svg")


@pytest.mark.slow
def test_the_command_refuses_before_it_runs(tmp_path: Path) -> None:
    done = backpath("--out", str(tmp_path / "page.txt"))
    assert (done.returncode, done.stdout) == (2, "")
    assert ".html or .md" in done.stderr
    assert "Traceback" not in done.stderr
