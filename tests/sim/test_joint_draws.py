"""Results that rest on a calibration: each run takes one joint draw, scenarios stay paired, and a replay needs no folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

from calibration.folder import joint_draws, read_joint_draws, write_joint_draws
from pathways import BadInput, Pathway, Quantity, Region, Site, Waiting, load_region
from pathways.assumed import region_at
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.experiments.joint_draws import JointDraws
from sim.experiments.parameters import NoSensibleDraw, draw_together, read_correlation, value_at_end
from sim.experiments.precision import warnings_of
from sim.experiments.record import fingerprint, inputs_of, record_of, region_digest, replay, run_id
from sim.experiments.scores import pathway_at, value_at
from sim.experiments.sensitivity_analysis import Psa, at_draw, psa, tornado
from sim.measures.budget import budget_of
from sim.pilot import draw_cohort
from sim.results import prices_table
from sim.run import Case
from sim.version import MODEL
from tests.helpers.build import Numbers, pathway, region, scenario
from tests.helpers.compared import calibrated_by_hand
from tests.helpers.typed import backpath
from ui.findings.value_for_money import findings_of
from ui.inputs.cases import gather
from ui.reports.comparison import html_report, write_results
from ui.reports.decision_table import comparison_csv, comparison_dict
from ui.reports.psa import psa_dict as psa_json
from ui.reports.psa import psa_html
from ui.reports.run import run_csv

SHARE, SLOTS, LIST, PRICE, SPREAD = "q_share", "q_slots", "q_list", "q_price", "q_spread"
NAMES = [SHARE, SLOTS, LIST, PRICE]
SCORES = pd.DataFrame(
    {
        SHARE: [-1.5, 0.0, 1.5, 0.7, -0.3],
        SLOTS: [1.0, -1.0, 0.2, 0.0, 2.0],
        LIST: [0.5, 0.0, -1.0, 1.0, -2.0],
        PRICE: [0.0, 1.0, -1.0, 0.5, 2.0],
    }
)


def quantity(value: float, low: float, high: float, unit: str, distribution: str = "uniform") -> Quantity:
    return Quantity(
        value=value, low=low, high=high, unit=unit, distribution=distribution, source="a test", grade="assumed"
    )  # type: ignore[arg-type]


UNCERTAIN = {
    SHARE: quantity(0.4, 0.1, 0.7, "share"),
    SLOTS: quantity(500, 100, 900, "appointments per week per 100,000"),
    LIST: quantity(5000, 0, 10_000, "people per 100,000"),
    PRICE: quantity(200, 100, 300, "GBP", "gamma"),
    SPREAD: quantity(0.8, 0.1, 1.5, "SD of log odds"),
}


def small(**others: Quantity) -> Pathway:
    """A GP who asks for scans, each practice in its own way; a form halves the requests."""
    numbers = Numbers()
    form = {
        "title": "Form",
        "says": "A form",
        "counter_effects": "None",
        "changes": [{"decision": "plan", "option": "mri", "times": numbers(0.5, "ratio")}],
    }
    for name, each in {**UNCERTAIN, **others}.items():
        numbers.quantities[name] = each.model_dump(exclude_none=True)
    kinds = {"scans": "seen", "wait": "wait", "cost": "cost"}
    mri = {"capacity": "slots", "next": "home", "price": PRICE, "per_100k": SLOTS, "waiting_per_100k": LIST}
    return pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "mri": mri},
        entry="gp",
        onset_rate=0.3,
        practice_effects={"imaging": SPREAD},
        decisions={
            "plan": {
                "options": {"home": {"share": "rest"}, "mri": {"share": SHARE}},
                "odds": [{"option": "mri", "practice_effect": "imaging"}],
            }
        },
        levers={"form": form},
        outcomes={name: {"title": name, "of": of, "services": ["mri"], "better": "less"} for name, of in kinds.items()},
    )


WORD = small()


def cases(word: Pathway = WORD) -> dict[str, Case]:
    """Usual care and the form."""
    return {"usual": Case("usual", scenario(), word), "form": Case("form", scenario(form={"starts": "4 weeks"}), word)}


def place(grade: str = "assumed") -> Region:
    """Two practices, one place for scans, people waiting."""
    found = region(
        600,
        sites={"mri": 3.0},
        practices=2,
        waiting=(Waiting("mri", "mri", "", 0, 10), Waiting("mri", "mri", "", 1, 11), Waiting("mri", "mri", "", 2, 10)),
    )
    return replace(found, sites=tuple(replace(site, grade=grade) for site in found.sites))


def drawn(verdict: str = "CALIBRATED", **more: Any) -> JointDraws:
    """Five draws."""
    return joint_draws(SCORES, title="A test", verdict=verdict, region=place(), pathway=WORD, **more)


def run(calibration: JointDraws | None, word: Pathway = WORD, **more: Any) -> Comparison:
    """The comparison of the two."""
    asked: dict[str, Any] = {"years": 0.5, "replications": 3, "seed": 3, **more}
    workers = asked.pop("workers", 1)
    experiment = Experiment(cases(word), base="usual", region=place(), calibration=calibration, **asked)
    return compare(experiment, workers=workers)


# draws


def test_a_draw_changes_a_case_by_its_own_distributions() -> None:
    """The same score is another value where a scenario tells the quantity otherwise; what is fixed there stays."""
    other = small(**{SHARE: quantity(0.2, 0.1, 0.3, "share"), PRICE: quantity(50, 50, 50, "GBP", "fixed")})
    draws = drawn()
    for word in (WORD, other):
        at = draws.case_at(Case("usual", scenario(), word), 2).pathway
        assert at.quantities[SHARE].value == value_at(word.quantities[SHARE], 1.5)
        assert at.quantities[SPREAD] == word.quantities[SPREAD]
    assert draws.case_at(Case("usual", scenario(), other), 2).pathway.quantities[PRICE].value == 50


def test_there_is_no_draw_after_the_last() -> None:
    draws = drawn()
    assert (draws.count, draws.names) == (5, NAMES)
    assert draws.scores_of(2) != draws.scores_of(3)
    assert draws.first(2).count == 2
    assert draws.first(9).count == 5
    one, two = (region_digest(draws.region_at(place(), WORD, draw)) for draw in (1, 2))
    assert one != two
    for beyond in (draws.scores_of, lambda draw: draws.region_at(place(), WORD, draw)):
        with pytest.raises(IndexError):
            beyond(5)


def test_fewer_draws_than_runs_are_refused() -> None:
    """Two draws counted as twenty narrowed every interval: the draws vary, and only two were seen."""
    two = drawn().first(2)
    says = "calibration 'A test': {} draws are asked for, one for each run, and it has 2. .* ask for 2 at most."
    with pytest.raises(BadInput, match=says.format(20)):
        run(two, replications=20)
    with pytest.raises(BadInput, match=says.format(10)):
        run(two, replications="auto")
    with pytest.raises(BadInput, match=says.format(6)):
        analysed(two)
    with pytest.raises(BadInput, match=r"--one-way: 6 runs are asked for, .* 2 are drawn"):
        tornado(analysed(two, draws=2), "form", [PRICE], threshold=0, replications=6)
    assert run(two, replications=2).replications == 2


def test_cases_that_share_a_pathway_still_do() -> None:
    at = drawn().cases_at(cases(), 1)
    assert at["usual"].pathway is at["form"].pathway


def test_the_id_stands_for_the_draws_and_for_what_they_are_draws_of() -> None:
    other = small(**{SHARE: quantity(0.4, 0.1, 0.8, "share")})
    moved = SCORES.assign(**{SHARE: SCORES[SHARE] + 1e-9})
    about = {"title": "A test", "verdict": "CALIBRATED", "region": place(), "pathway": WORD}
    ids = [
        drawn().id,
        joint_draws(moved, **about).id,
        joint_draws(SCORES, **{**about, "pathway": other}).id,
        joint_draws(SCORES, **{**about, "region": place("local")}).id,
        drawn(practice_scores={"imaging": pd.DataFrame({"P0": [1.0] * 5})}).id,
    ]
    assert len(set(ids)) == 5
    assert all(len(each) == 12 for each in ids)
    assert drawn("NOT MATCHED").id == drawn().id


# what is assumed per head


def test_what_is_assumed_per_head_goes_with_its_quantities() -> None:
    at = pathway_at(WORD, {SLOTS: special.ndtri(0.25), LIST: special.ndtri(0.75)})  # 300 and 7,500
    found = region_at(place(), WORD, at)
    assert found.sites[0].amount == pytest.approx(3 * 300 / 500)
    assert [row.people for row in found.waiting] == [15, 17, 14]  # 46.5 people, rounded once
    assert [(row.site, row.weeks_waited) for row in found.waiting] == [("mri", 0), ("mri", 1), ("mri", 2)]


def test_what_is_local_is_known() -> None:
    at = pathway_at(WORD, {SLOTS: 1.0, LIST: 1.0})
    found = region_at(place("local"), WORD, at)
    assert region_digest(found) == region_digest(place("local"))


def test_a_list_beside_a_local_site_is_known_in_that_area_only() -> None:
    nowhere = float("nan")
    sites = [("A", "one", "assumed"), ("A", "two", "local"), ("B", "one", "assumed")]
    both = replace(
        place(),
        areas=("A", "B"),
        sites=tuple(Site("mri", name, area, 4.0, "", nowhere, nowhere, grade, "") for area, name, grade in sites),
        waiting=(Waiting("mri", "one", "A", 0, 10), Waiting("mri", "one", "B", 0, 10)),
    )
    found = region_at(both, WORD, pathway_at(WORD, {SLOTS: special.ndtri(0.25), LIST: special.ndtri(0.75)}))
    assert [site.amount for site in found.sites] == [pytest.approx(2.4), 4.0, pytest.approx(2.4)]
    assert [row.people for row in found.waiting] == [10, 15]
    parts = [region_at(both.area(name), WORD, pathway_at(WORD, {SLOTS: 0.3, LIST: 1.1})) for name in ("A", "B")]
    whole = region_at(both, WORD, pathway_at(WORD, {SLOTS: 0.3, LIST: 1.1}))
    assert [site for part in parts for site in part.sites] == list(whole.sites)
    assert [row for part in parts for row in part.waiting] == list(whole.waiting)


def test_a_list_that_a_draw_empties_is_known_to_be_empty() -> None:
    """Its rows stay: without any the warm-up would make a list of its own."""
    found = region_at(place(), WORD, replace(WORD, quantities={**WORD.quantities, LIST: quantity(0, 0, 0, "people")}))
    assert [row.people for row in found.waiting] == [0, 0, 0]
    assert run(None).plan.region.waiting  # such a region runs
    compare(Experiment(cases(), base="usual", region=found, years=0.1, replications=1, seed=1))


def test_unchanged_quantities_leave_the_region_as_it_is() -> None:
    library = load_region("demonstration")
    base = gather(["usual_care"], against="usual_care")[0]["usual_care"].pathway
    assert region_digest(region_at(library, base, base)) == region_digest(library)
    none = replace(WORD, quantities={**WORD.quantities, SLOTS: quantity(0, 0, 1, "appointments")})
    assert region_at(place(), none, WORD).sites[0].amount == 3  # of nothing there is no multiple


# practices


def test_a_score_pins_a_practices_effect_and_leaves_the_others() -> None:
    free, pinned = place(), replace(place(), practice_scores={"imaging": (2.0, float("nan"))})
    both = [draw_cohort(cases()["usual"].plan(each, 0.2), seed=1, replication=0) for each in (free, pinned)]
    effects = [cohort.practice_effects[0] for cohort in both]
    assert effects[1][0] == pytest.approx(np.exp(0.8 * 2.0))
    assert effects[1][0] != effects[0][0]
    assert effects[1][1] == effects[0][1]
    assert np.array_equal(both[0].patients, both[1].patients)


def test_only_scores_that_are_given_are_in_a_regions_digest() -> None:
    assert region_digest(replace(place(), practice_scores={})) == region_digest(place())
    digests = {
        region_digest(replace(place(), practice_scores={"imaging": scores}))
        for scores in ((1.0, float("nan")), (float("nan"), 1.0), (1.0, 1.0))
    }
    assert len(digests | {region_digest(place())}) == 4


def test_practices_take_the_scores_of_their_draw_in_every_area() -> None:
    table = pd.DataFrame({"P1": [0.1, 0.2, 0.3, 0.4, 0.5]})
    draws = drawn(practice_scores={"imaging": table})
    found = draws.region_at(replace(place(), areas=("A", "B"), sites=(), waiting=()), WORD, 3)
    assert found.practice_scores["imaging"][1] == 0.4
    assert np.isnan(found.practice_scores["imaging"][0])
    assert [found.area(name).practice_scores["imaging"] for name in ("B",)] == [(0.4,)]


# comparisons


def test_each_run_takes_the_next_draw_in_every_scenario_alike() -> None:
    """Run by run the same as an uncalibrated comparison of the pathway and the region at that draw."""
    draws = drawn()
    together = run(draws, replications=5)
    for replication in (0, 1, 4):
        at = draws.case_at(cases()["usual"], replication).pathway
        where = draws.region_at(place(), WORD, replication)
        alone = compare(
            Experiment(cases(at), base="usual", region=where, years=0.5, replications=replication + 1, seed=3)
        )
        for name in ("usual", "form"):
            for ours, theirs in zip(together.tallies[name][replication], alone.tallies[name][replication], strict=True):
                assert np.array_equal(ours, theirs)
            assert together.values[name].iloc[replication].equals(alone.values[name].iloc[replication])


def test_a_scenario_that_changes_nothing_differs_in_no_run() -> None:
    """Pairing holds: the same patients, the same draw, the same region."""
    word = {**cases(), "again": Case("again", scenario(), WORD)}
    found = compare(
        Experiment(word, base="usual", region=place(), years=0.5, replications=5, seed=3, calibration=drawn()),
        workers=2,
    )
    assert (found.values["again"] - found.values["usual"]).abs().max().max() == 0
    assert len(set(found.values["usual"]["scans"])) > 1


def test_a_price_that_was_calibrated_is_paid_run_by_run() -> None:
    """Costs of a run are at its own draw's price, in the outcome and in the budget."""
    only = JointDraws(SCORES[[PRICE]], {}, "id", "Prices", "CALIBRATED")
    found, plain = run(only, replications=4, years=1), run(None, replications=4, years=1)
    gp = 1.0
    for replication in range(4):
        price = value_at(UNCERTAIN[PRICE], SCORES[PRICE][replication])
        before, after = (each.values["form"].iloc[replication] for each in (plain, found))
        assert after["scans"] == before["scans"]
        assert after["cost"] - before["cost"] == pytest.approx((price - 200) * after["scans"], abs=1e-6 * gp)
        prices = prices_table(found.plan_of("form", replication).pathway, found.region)
        assert prices.set_index("service")["price_gbp"]["mri"] == price
    budget = budget_of(found, "form", setup_cost=0).by_year
    gross = budget[budget["line"] == "gross"]["mean"].sum()
    assert gross == pytest.approx(found.difference("form", "cost").mean)


def test_workers_and_engines_give_the_same() -> None:
    draws = drawn(practice_scores={"imaging": pd.DataFrame({"P0": [1.0, -1.0, 0.0, 2.0, 0.5]})})
    prints = {fingerprint(run(draws, **each)) for each in ({}, {"workers": 2}, {"engine": "reference"})}
    assert len(prints) == 1


def test_practice_scores_change_results() -> None:
    pinned = drawn(practice_scores={"imaging": pd.DataFrame({"P0": [3.0] * 5, "P1": [3.0] * 5})})
    more, free = (run(each).values["usual"]["wait"].sum() for each in (pinned, drawn()))
    assert more > free


def test_adding_runs_until_they_are_enough_takes_the_draws_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.experiments.compare.AUTO_STEP", 2)
    auto, fixed = run(drawn(), replications="auto"), run(drawn(), replications=5)
    assert auto.replications in (2, 4)
    assert auto.values["form"].equals(fixed.values["form"].iloc[: auto.replications])
    assert auto.calibration is not None
    assert auto.calibration.count == auto.replications


def test_draws_that_break_a_rule_are_passed_over_and_counted() -> None:
    """The third draw asks for more than all patients; the others are taken in turn."""
    word = small(**{SHARE: quantity(0.4, 0.1, 1.2, "share")})
    draws = JointDraws(SCORES, {"imaging": pd.DataFrame({"P0": [0.1, 0.2, 0.3, 0.4, 0.5]})}, "id", "Mine", "CALIBRATED")
    found = run(draws, word, replications=4)
    with pytest.raises(BadInput, match=r"it has 4 that fit \(1 passed over\)"):
        run(draws, word, replications=5)
    used = found.calibration
    assert used is not None
    assert (used.scores[SHARE].tolist(), used.passed_over) == ([-1.5, 0.0, 0.7, -0.3], 1)
    assert used.practice_scores["imaging"]["P0"].tolist() == [0.1, 0.2, 0.4, 0.5]
    assert "4 joint draws of 4 quantities (1 passed over, whose quantities do not fit together)" in html_report(found)
    few = run(draws, word, replications=2).calibration
    assert few is not None
    assert (few.count, few.passed_over) == (2, 0)
    assert analysed(draws, word=word, draws=4).draws.scores[SHARE].tolist() == [-1.5, 0.0, 0.7, -0.3]


def test_draws_that_mostly_break_a_rule_are_refused() -> None:
    word = small(**{SHARE: quantity(0.4, 0.1, 2.5, "share")})
    with pytest.raises(BadInput) as bad:
        run(JointDraws(SCORES, {}, "id", "Mine", "CALIBRATED"), word, replications=5)
    assert str(bad.value).startswith(
        "calibration 'Mine': 4 of the first 5 draws break a rule of the pathway. The first: "
    )
    with pytest.raises(BadInput, match="break a rule"):
        analysed(JointDraws(SCORES, {}, "id", "Mine", "CALIBRATED"), word=word)


def test_the_log_is_of_the_same_runs() -> None:
    draws = drawn()
    found = run(draws)
    asked = Experiment(cases(), base="usual", region=place(), years=0.5, replications=3, seed=3, calibration=draws)
    for replication, log in enumerate(asked.logs("usual")):
        events = log.for_outcomes()
        scans = ((events["kind"] == "seen") & (events["service"] == "mri") & (events["day"] >= 0)).sum()
        assert scans == found.values["usual"]["scans"][replication]


# records


def test_a_replay_needs_no_folder(tmp_path: Path) -> None:
    from pathways import save_region

    (tmp_path / "area").mkdir()
    save_region(place(), tmp_path / "area")
    table = pd.DataFrame({"P0": [1.0, float("nan"), 0.0, 2.0, 0.5], "P1": [0.1] * 5})
    draws = drawn("NOT MATCHED: scans", practice_scores={"imaging": table})
    where = load_region(tmp_path / "area")
    found = compare(
        Experiment(cases(), base="usual", region=where, years=0.5, replications=3, seed=3, calibration=draws)
    )
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record_of(found, region_from=str(tmp_path / "area")), allow_nan=False))
    again = replay(path, workers=2)
    assert again.same, again.differences
    assert again.comparison.calibration is not None
    assert again.comparison.calibration.warning == draws.warning
    written = json.loads(path.read_text())["inputs"]["calibration"]
    assert written["id"] == draws.id
    assert written["scores"][SHARE] == [-1.5, 0.0, 1.5]  # the draws that were used
    assert written["practice_scores"]["imaging"]["P0"] == [1.0, None, 0.0]


def damage(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A record with something wrong in what it holds of the calibration."""
    written = record_of(run(drawn()), region_from="demonstration")
    change(written["inputs"]["calibration"])
    path = tmp_path / "record.json"
    path.write_text(json.dumps(written))
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda of: of["scores"][SHARE].pop(), "its scores do not all have the same number of draws"),
        (lambda of: of["scores"].clear(), "is empty"),
        (lambda of: of["scores"].update({SHARE: [1e300, 0, 0]}), "inputs.calibration.scores.q_share[1]"),
        (lambda of: of["scores"].update({SHARE: ["high", 0, 0]}), "must be a number, but 'high' is written"),
        (lambda of: of.pop("id"), "'id' is missing"),
        (lambda of: of.update(practice_scores={"imaging": {"P0": [1.0]}}), "the same number of draws"),
    ],
)
def test_a_damaged_record_is_told(tmp_path: Path, change: Callable[[dict[str, Any]], None], says: str) -> None:
    with pytest.raises(BadInput) as bad:
        replay(damage(tmp_path, change))
    assert says in str(bad.value)


def test_without_a_calibration_nothing_in_a_record_is_new() -> None:
    """The form in which records were written before there were calibrations; the model is the one that they name."""
    inputs = inputs_of(run(None))
    assert set(inputs) == {"model", "base", "cases", "region", "years", "seed", "replications"}
    assert inputs["model"] == MODEL
    assert run_id(run(None)) != run_id(run(drawn()))
    other = replace(drawn(), title="Another")
    assert fingerprint(run(other)) != fingerprint(run(drawn())) != fingerprint(run(None))


# the folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A calibration's folder."""
    path = tmp_path / "calibrated"
    path.mkdir()
    table = pd.DataFrame({"P0": [1.0, float("nan"), 0.0, 2.0, 0.5], "P1": [0.1] * 5})
    draws = drawn("CALIBRATED WITH WARNINGS: two", practice_scores={"imaging": table})
    write_joint_draws(path, draws, region=place(), pathway=WORD, more={"runs": 1500})
    return path


def read(folder: Path, word: Pathway = WORD, where: Region | None = None, **more: Any) -> JointDraws:
    return read_joint_draws(folder, region=where or place(), pathway=word, **more)


def test_what_is_written_is_read(folder: Path) -> None:
    found = read(folder)
    pd.testing.assert_frame_equal(found.scores, SCORES)
    assert found.practice_scores["imaging"]["P0"].tolist()[2:] == [0.0, 2.0, 0.5]
    assert np.isnan(found.practice_scores["imaging"]["P0"][1])
    assert json.loads((folder / "calibration.json").read_text())["runs"] == 1500
    table = pd.DataFrame({"P0": [1.0, float("nan"), 0.0, 2.0, 0.5], "P1": [0.1] * 5})
    assert found.id == drawn(practice_scores={"imaging": table}).id
    (folder / "practices.csv").unlink()
    assert read(folder).practice_scores == {}


def test_prices_of_a_region_may_change_and_more_columns_may_stand_there(folder: Path) -> None:
    lines = (folder / "posterior.csv").read_text().splitlines()
    (folder / "posterior.csv").write_text(
        "\n".join(f"{line},{'weight' if k == 0 else 1}" for k, line in enumerate(lines))
    )
    assert read(folder, where=replace(place(), prices={"mri": (9.0, 2026)})).names == NAMES


def test_a_quantity_that_the_bases_own_file_sets_keeps_its_distribution(folder: Path) -> None:
    other = small(**{PRICE: quantity(50, 50, 50, "GBP", "fixed"), SHARE: quantity(0.2, 0.1, 0.3, "share")})
    with pytest.raises(BadInput):
        read(folder, other)
    assert read(folder, other, replaced=[PRICE, SHARE]).names == NAMES


@pytest.mark.parametrize(
    ("verdict", "warns"),
    [
        ("CALIBRATED", False),
        ("CALIBRATED WITH WARNINGS: two quantities are not informed", True),
        ("NOT MATCHED: no draw reproduces scans", True),
    ],
)
def test_a_calibration_in_doubt_can_be_used_and_says_so(verdict: str, warns: bool) -> None:
    draws = drawn(verdict)
    found = run(draws)
    sentence = f"The calibration 'A test' that these results rest on: {verdict}"
    assert draws.warning == (sentence if warns else None)
    assert (sentence in warnings_of(found, most=1)) == warns
    assert (sentence in comparison_dict(found)["warnings"]) == warns
    assert comparison_dict(found)["calibration"] == {"id": draws.id, "title": "A test", "verdict": verdict}
    assert "A test" in html_report(found)
    assert ("<strong>The calibration" in html_report(found)) == warns


def about(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Something else in `calibration.json`."""

    def damaged(folder: Path) -> None:
        path = folder / "calibration.json"
        written = json.loads(path.read_text())
        change(written)
        path.write_text(json.dumps(written))

    return damaged


def text(name: str, old: str, new: str) -> Callable[[Path], object]:
    """Other text in one of the files."""

    def damaged(folder: Path) -> None:
        path = folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return damaged


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        (shutil.rmtree, "calibrated: there is no such folder. Calibrations are written by `calibrate --out`."),
        (lambda folder: (folder / "calibration.json").unlink(), "this is not a calibration: there is no calibration.json in it."),
        (lambda folder: (folder / "calibration.json").write_text("{"), "calibration.json: this is not a calibration: Expecting"),
        (lambda folder: (folder / "calibration.json").write_text("[]"), "this is not what a calibration writes."),
        (lambda folder: (folder / "calibration.json").write_bytes(b"\xff\x00"), "calibration.json: row 1: this is not a text file in UTF-8"),
        (about(lambda of: of.update(kind="backpath comparison")), "this is not what a calibration writes."),
        (about(lambda of: of.update(format=7)), "calibration.json: it has format 7, this version reads 2."),
        (about(lambda of: of.update(format=1)), "this version reads 2. Its scores are of shares that were each drawn alone. Calibrate again."),
        (about(lambda of: of.pop("verdict")), "calibration.json: verdict: 'verdict' is missing. Add it."),
        (about(lambda of: of.update(id=["x"])), "calibration.json: id: must be text, but ['x'] is written."),
        (about(lambda of: of.update(quantities=[])), "calibration.json: it names no quantity. Calibrate again."),
        (about(lambda of: of.update(region="0" * 32, region_name="south")), "it was calibrated to the region 'south', and this is 'small'."),
        (about(lambda of: of.update(region="0" * 32)), "the region 'small' has changed since it was calibrated"),
        (about(lambda of: of.update(pathway="usual_care")), "it was calibrated with the pathway 'usual_care', and the base here has 'small'."),
        (about(lambda of: of["quantities"].append("q_shore")), "there is no quantity 'q_shore' in the pathway 'small'. Did you mean 'q_share'?"),
        (about(lambda of: of["quantities"].append("q0")), "'q0' has no range to draw from in the pathway 'small': it is fixed there."),
        (about(lambda of: of["quantities"][0].update(high=0.8)),
         "'q_share' was 0.4 (0.1 to 0.8 share, uniform) when it was calibrated and is 0.4 (0.1 to 0.7 share, uniform) now"),
        (about(lambda of: of["quantities"].append(SPREAD)), "posterior.csv: there is no column 'q_spread'."),
        (lambda folder: (folder / "posterior.csv").unlink(), "posterior.csv: there is no such file."),
        (text("posterior.csv", "-1.5", "low"), "posterior.csv: row 2, column q_share: 'low' is not a number."),
        (text("posterior.csv", "-1.5", ""), "posterior.csv: row 2, column q_share: is blank; write 0 if none."),
        (text("posterior.csv", "-1.5", "-15"), "posterior.csv: row 2, column q_share: '-15' is below -8, the least that is possible."),
        (text("posterior.csv", "-1.5", "inf"), "posterior.csv: row 2, column q_share: 'inf' is not a finite number."),
        (lambda folder: (folder / "posterior.csv").write_text(",".join(NAMES) + "\n"), "posterior.csv: there is no draw in it."),
        (lambda folder: SCORES.iloc[:4].to_csv(folder / "posterior.csv", index=False), "it has 4 draws, and calibration.json says 5: it was cut short or edited."),
        (text("practices.csv", "0,imaging,P0", "7,imaging,P0"), "practices.csv: row 2: draw 7 is not in posterior.csv, which has 5."),
        (text("practices.csv", "0,imaging,P0", "0,imagin,P0"), "practices.csv: row 2: there is no practice effect 'imagin'. Did you mean 'imaging'?"),
        (text("practices.csv", "0,imaging,P0", "0,imaging,P8"), "practices.csv: row 2: there is no practice 'P8' in the region."),
        (text("practices.csv", "0,imaging,P0", "2,imaging,P0"), "this score stands twice. Remove one."),
        (text("practices.csv", "practice", "surgery"), "practices.csv: there is no column 'practice'."),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_used_says_why(folder: Path, damaged: Callable[[Path], object], says: str) -> None:
    damaged(folder)
    with pytest.raises(BadInput) as bad:
        read(folder)
    assert says in str(bad.value)


def test_a_calibration_of_another_model_is_refused_or_told(folder: Path) -> None:
    """Of an older model, or of a pathway whose decisions were others, it is refused; other values are told with results."""
    assert read(folder).verdict == "CALIBRATED WITH WARNINGS: two"
    about(lambda of: of.update(model=MODEL - 1))(folder)
    with pytest.raises(
        BadInput, match=f"it was fitted with model {MODEL - 1}, and this is model {MODEL}: .* Calibrate again."
    ):
        read(folder)
    about(lambda of: [of.pop(name) for name in ("model", "sections", "others")])(folder)
    assert read(folder).verdict == (
        "CALIBRATED WITH WARNINGS: two. It was made by an earlier version, which did not keep with which model. Calibrate again to "
        "be sure."
    )
    assert read(folder).warning is not None


def test_a_calibration_of_a_pathway_that_has_changed_is_refused_or_told(folder: Path) -> None:
    other = replace(WORD, quantities={**WORD.quantities, SPREAD: quantity(0.6, 0.1, 1.5, "SD of log odds")})
    assert read(folder, other).verdict == (
        f"CALIBRATED WITH WARNINGS: two. Since then the pathway 'small' gives other values to '{SPREAD}'. Calibrate again to be sure."
    )
    assert read(folder, other, replaced=[SPREAD]).verdict == "CALIBRATED WITH WARNINGS: two"
    dearer = replace(WORD, title="Another title", levers={})
    assert read(folder, dearer).verdict == "CALIBRATED WITH WARNINGS: two"
    plan = WORD.decisions["plan"].model_copy(update={"odds": []})
    with pytest.raises(BadInput, match=r"the pathway .small. has changed since it was calibrated: its decisions\."):
        read(folder, replace(WORD, decisions={"plan": plan}))


def test_a_share_beside_a_calibrated_one_says_what_its_scores_mean(folder: Path) -> None:
    """`q_beside` is not calibrated, but drawn with `q_share`: another range of it makes another share of a score."""
    one, other = (split(quantity(0.2, 0.1, high, "share")) for high in (0.3, 0.4))
    draws = joint_draws(SCORES, title="A test", verdict="CALIBRATED", region=place(), pathway=one)
    assert draws.id != joint_draws(SCORES, title="A test", verdict="CALIBRATED", region=place(), pathway=other).id
    write_joint_draws(folder, draws, region=place(), pathway=one)
    pd.testing.assert_frame_equal(read(folder, one).scores, SCORES)
    with pytest.raises(BadInput) as bad:
        read(folder, other)
    assert "'q_beside', beside which 'q_share' is drawn, was 0.2 (0.1 to 0.3 share, uniform) when it was" in str(
        bad.value
    )
    with pytest.raises(BadInput, match="'q_share' was drawn with 'q_beside' beside it, and is not now"):
        read(folder, WORD)
    assert read(folder, other, replaced=["q_beside"]).count == 5


def split(beside: Quantity) -> Pathway:
    """The pathway with one share more in the GP's decision."""
    word = small(q_beside=beside)
    plan = word.decisions["plan"]
    option = plan.options["mri"].model_copy(update={"share": "q_beside", "to": "home"})
    options = {**plan.options, "beside": option}
    return replace(word, decisions={"plan": plan.model_copy(update={"options": options})})


def test_a_file_is_no_folder_and_all_problems_are_told_at_once(folder: Path) -> None:
    with pytest.raises(BadInput, match="this is a file; name the folder"):
        read(folder / "posterior.csv")
    text("posterior.csv", "-1.5", "low")(folder)
    text("practices.csv", "0,imaging,P0,1.0", "0,imaging,P0,high")(folder)
    with pytest.raises(BadInput) as bad:
        read(folder)
    assert [problem.where for problem in bad.value.problems] == [
        "posterior.csv: row 2, column q_share",
        "practices.csv: row 2, column score",
    ]


# sensitivity analysis


def analysed(calibration: JointDraws | None, word: Pathway = WORD, **more: Any) -> Psa:
    asked: dict[str, Any] = {"draws": 6, "annual_rate": 0.035, "workers": 2, **more}
    experiment = Experiment(
        cases(word), base="usual", region=place(), years=0.5, replications=2, seed=5, calibration=calibration
    )
    return psa(experiment, **asked)


def test_psa_takes_the_joint_draws_in_turn_and_draws_the_rest() -> None:
    found, plain = analysed(drawn(), draws=5), analysed(None, draws=5)
    pd.testing.assert_frame_equal(found.draws.scores[NAMES], SCORES)
    assert found.draws.scores[SPREAD].tolist() == plain.draws.scores[SPREAD].tolist()
    assert not found.values.equals(plain.values)
    pd.testing.assert_frame_equal(analysed(drawn(), draws=5, workers=1).values, found.values)
    assert run_id(found) != run_id(plain)


def test_psa_draws_capacity_that_is_assumed_and_none_that_is_local() -> None:
    """With one amount per head drawn and all else still: waits move where the site is assumed, and only there."""
    still = {name: quantity(each.value, each.low, each.high, each.unit, "fixed") for name, each in UNCERTAIN.items()}  # type: ignore[arg-type]
    word = small(**{**still, SLOTS: UNCERTAIN[SLOTS]})
    found = {}
    for grade in ("assumed", "local"):
        of = psa(
            Experiment(cases(word), base="usual", region=place(grade), years=0.5, replications=2, seed=5),
            draws=4,
            annual_rate=0,
        )
        rows = of.values[of.values["strategy"] == "usual"]
        plain = compare(Experiment(cases(word), base="usual", region=place(grade), years=0.5, replications=8, seed=5))
        found[grade] = (rows["wait"].to_numpy() - plain.values["usual"]["wait"].to_numpy()).tolist()
        assert list(of.draws.scores) == [SLOTS]
        more = of.draws.scores[SLOTS].to_numpy().repeat(2)
    assert found["local"] == [0.0] * 8
    assert all(np.sign(change) == -np.sign(score) for change, score in zip(found["assumed"], more, strict=True))


def test_a_tornado_moves_assumed_capacity_too() -> None:
    found = analysed(None, draws=2)
    bars = tornado(found, "form", [SLOTS, PRICE], measure="wait", threshold=0, replications=3).bars
    assert any(bar.shift and bar.shift.mean != 0 for bar in bars if bar.quantity == SLOTS)
    assert all(bar.shift and bar.shift.mean == 0 for bar in bars if bar.quantity == PRICE)


def test_a_calibrated_tornado_runs_at_the_draws_with_ends_of_the_draws() -> None:
    draws = drawn()
    found = analysed(draws, draws=5)
    told = tornado(found, "form", [PRICE, SPREAD], measure="scans", threshold=0, replications=4, workers=2)
    compared = compare(
        Experiment(cases(), base="usual", region=place(), years=0.5, replications=4, seed=5, calibration=draws)
    ).difference("form", "scans")
    assert told.base_case.mean == compared.mean
    low, high = (value_at(UNCERTAIN[PRICE], score) for score in np.quantile(SCORES[PRICE], [0.025, 0.975]))
    ends = {bar.end: bar.value for bar in told.bars if bar.quantity == PRICE}
    assert (ends["low"], ends["high"]) == (pytest.approx(low), pytest.approx(high))
    assert value_at_end(WORD, SPREAD, "high", draws) == 1.5


def test_the_region_of_a_draw_has_its_practices_too() -> None:
    draws = drawn(practice_scores={"imaging": pd.DataFrame({"P0": [1.0] * 5, "P1": [2.0] * 5})})
    asked = Experiment(cases(), base="usual", region=place(), years=0.5, replications=2, seed=5, calibration=draws)
    found = at_draw(asked, draws.cases_at(cases(), 1), 1).region
    assert region_digest(found) == region_digest(draws.region_at(place(), WORD, 1))
    assert found.practice_scores == {"imaging": (1.0, 2.0)}


def test_what_was_fitted_with_a_calibrated_quantity_goes_with_it() -> None:
    """Drawn as it is given that one: mean and spread of the conditional normal."""
    both = gather(["usual_care"], against="usual_care")[0]
    known = read_correlation()
    off = known.where(~np.eye(len(known), dtype=bool), 0.0).abs()
    held = str(off.max().idxmax())
    free = str(off[held].idxmax())
    rho = float(known.loc[held, free])
    assert abs(rho) > 0.3
    given = JointDraws(pd.DataFrame({held: [1.5] * 300}), {}, "id", "One", "CALIBRATED")
    pair = known.loc[[held, free], [held, free]]
    names = [name for name in both["usual_care"].pathway.quantities if name not in (held, free)]
    still = both["usual_care"].pathway.quantities | {
        name: both["usual_care"].pathway.quantities[name].model_copy(update={"distribution": "fixed"}) for name in names
    }
    case = replace(both["usual_care"], pathway=replace(both["usual_care"].pathway, quantities=still))
    scores = draw_together({"usual_care": case}, 300, seed=4, correlation=pair, calibration=given).scores
    assert set(scores[held]) == {1.5}
    assert scores[free].mean() == pytest.approx(1.5 * rho, abs=4 / np.sqrt(300))
    assert scores[free].std() == pytest.approx(np.sqrt(1 - rho**2), abs=4 / np.sqrt(600))


def test_given_draws_that_never_fit_are_refused() -> None:
    word = small(**{SHARE: quantity(0.4, 0.1, 2.5, "share")})
    given = JointDraws(SCORES, {}, "id", "Mine", "CALIBRATED")
    with pytest.raises(NoSensibleDraw, match="the quantities that are given do not fit together"):
        draw_together(cases(word), 5, seed=5, calibration=given)


# what is told


def test_every_table_names_the_calibration_and_none_without() -> None:
    draws = drawn("NOT MATCHED: scans")
    calibrated, plain = run(draws), run(None)
    for made, has in ((calibrated, True), (plain, False)):
        for written in (comparison_csv(made), run_csv(made)):
            header, first, *_ = written.splitlines()
            assert (header.split(",")[-1] == "calibration") == has
            assert first.endswith(f",{draws.id}") == has
        assert ("calibration" in comparison_dict(made)) == has
        assert ("A test" in html_report(made)) == has
    assert "They cover chance only" in html_report(plain)
    assert "cover chance and what the calibration leaves open" in " ".join(html_report(calibrated).split())


def test_every_file_of_results_names_the_calibration(tmp_path: Path) -> None:
    draws = drawn()
    files = write_results(run(draws), tmp_path / "out", region_from="demonstration")
    tables = [name for name in files if name.endswith(".csv")]
    assert len(tables) == 7
    for name in tables:
        assert set(pd.read_csv(tmp_path / "out" / name)["calibration"].astype(str)) == {draws.id}


def test_a_sensitivity_analysis_names_the_calibration() -> None:
    found = analysed(drawn("NOT MATCHED: scans"), draws=5)
    told = tornado(found, "form", [PRICE], threshold=20_000, replications=2)
    findings = findings_of(found, {"form": told}, threshold=20_000)
    written = psa_json(findings)
    assert written["calibration"]["title"] == "A test"
    assert "NOT MATCHED" in written["calibration_warning"]
    assert "Calibrated: A test" in written["caveat"]
    assert "<strong>The calibration" in psa_html(findings)
    bare = findings_of(analysed(None), {"form": told}, threshold=20_000)
    assert "calibration" not in psa_json(bare)
    assert (
        "Draws cover what the quantities' ranges say, not errors of the model's structure." in psa_json(bare)["caveat"]
    )


# commands


@pytest.fixture(scope="module")
def library_calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return calibrated_by_hand(tmp_path_factory.mktemp("calibrated"))


WARNED = "Warning: The calibration 'By hand' that these results rest on: NOT MATCHED: by hand"


@pytest.mark.parametrize(
    "words",
    [
        ["run", "usual_care", "--replications", "2"],
        ["compare", "mri_guidance", "--replications", "2"],
        ["budget", "mri_guidance", "--replications", "2"],
        ["psa", "mri_guidance", "--draws", "2", "--one-way", "2"],
    ],
    ids=lambda words: words[0],
)
def test_commands_take_a_calibration_and_say_which(words: list[str], library_calibration: Path, tmp_path: Path) -> None:
    typed = [*words, "--years", "1", "--calibration", str(library_calibration)]
    seen = backpath(*typed)
    assert seen.code == 0, seen.err
    assert "Calibrated: By hand (" in seen.out
    assert seen.err.count(WARNED) == 1
    as_object = backpath(*typed, "--json")
    assert json.loads(as_object.out)["calibration"]["verdict"] == "NOT MATCHED: by hand"
    assert as_object.err.count(WARNED) == 1
    if words[0] == "compare":
        written = backpath(*typed, "--out", tmp_path / "out")
        assert written.code == 0
        assert backpath("replay", tmp_path / "out" / "record.json").out == "The same results came out.\n"


@pytest.mark.parametrize("command", ["run", "compare", "budget", "psa"])
def test_a_calibration_of_another_area_is_refused(command: str, library_calibration: Path, tmp_path: Path) -> None:
    other = tmp_path / "north"
    shutil.copytree(Path(__file__).parent.parent.parent / "pathways" / "library" / "regions" / "demonstration", other)
    people = (other / "population.csv").read_text()
    (other / "population.csv").write_text(people.replace("D00001,female,0-4,236", "D00001,female,0-4,237"))
    seen = backpath(command, "mri_guidance", "--region", other, "--calibration", library_calibration)
    assert (seen.code, seen.out) == (2, "")
    assert "it was calibrated to the region 'demonstration', and this is 'north'." in " ".join(seen.err.split())


def test_the_app_is_opened_with_a_calibration_that_fits(
    library_calibration: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr("ui.commands.app.subprocess.call", lambda command, **more: calls.append(more) or 0)
    assert backpath("app", "--calibration", library_calibration).code == 0
    assert calls[0]["env"]["BACKPATH_CALIBRATION"] == str(library_calibration)
    seen = backpath("app", "--calibration", tmp_path / "nowhere")
    assert (seen.code, len(calls)) == (2, 1)
    assert "there is no such folder" in seen.err
