"""Probabilistic sensitivity analysis: what is drawn moves the results, what is not does not; money and capacity by year."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from outcomes import paired_difference
from outcomes.paired import FEW_EVENTS
from pathways import BadInput, Region, load_pathway, load_region
from pathways.checks import quantities_of_levers
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.experiments.scores import at_scores, value_at
from sim.experiments.sensitivity_analysis import Bar, Psa, Tornado, most_telling, psa, tornado
from sim.measures.budget import activity_changes, budget_of
from sim.results import OWED, by_year, discounted
from sim.run import Case
from tests.helpers.typed import backpath
from ui.charts.uncertainty import acceptability_chart
from ui.findings.value_for_money import (
    CURVE,
    base_case_line,
    caveat,
    findings_of,
    headline,
    value_of_information,
    what_could_change,
)
from ui.inputs.cases import gather
from ui.reports.psa import psa_dict, psa_html, quantities_csv
from ui.result_files import unlike

RATE = 0.035


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("demonstration")


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return gather(["mri_guidance"], against="usual_care")[0]


def run(cases: dict[str, Case], region: Region, *, draws: int = 3, rate: float = RATE, workers: int = 2) -> Psa:
    return psa(
        Experiment(cases, base="usual_care", region=region, years=1, replications=2, seed=5),
        draws=draws,
        annual_rate=rate,
        workers=workers,
    )


@pytest.fixture(scope="module")
def found(cases: dict[str, Case], region: Region) -> Psa:
    return run(cases, region)


@pytest.fixture(scope="module")
def comparison(cases: dict[str, Case], region: Region) -> Comparison:
    return compare(Experiment(cases, base="usual_care", region=region, years=2, replications=4, seed=5), workers=2)


def fixed(case: Case, **values: float) -> Case:
    """The case with nothing uncertain, and some other values."""
    quantities = {
        name: quantity.model_copy(
            update={"distribution": "fixed", **({"value": values[name]} if name in values else {})}
        )
        for name, quantity in case.pathway.quantities.items()
    }
    return replace(case, pathway=replace(case.pathway, quantities=quantities))


def test_every_draw_has_every_strategy_and_replication(found: Psa) -> None:
    assert len(found.values) == 3 * 2 * 2
    assert not found.values.duplicated(["draw", "replication", "strategy"]).any()
    assert {"cost", "qaly", "mri_scans", "total_cost_gbp"} <= set(found.values)
    assert np.isfinite(found.values[["cost", "qaly"]].to_numpy()).all()


def test_V49_the_same_seed_gives_the_same_whatever_the_workers(
    found: Psa, cases: dict[str, Case], region: Region
) -> None:
    pd.testing.assert_frame_equal(run(cases, region, workers=1).values, found.values)


def test_V47_with_nothing_uncertain_a_draw_is_a_plain_comparison(cases: dict[str, Case], region: Region) -> None:
    """Exactly: each draw meets the replications that a comparison of as many runs meets, in turn."""
    both = {name: fixed(case) for name, case in cases.items()}
    plain = compare(Experiment(both, base="usual_care", region=region, years=1, replications=6, seed=5), workers=2)
    drawn = run(both, region)
    assert drawn.draws.scores.shape == (3, 0)
    for name in both:
        rows = drawn.values[drawn.values["strategy"] == name]
        for outcome in plain.outcomes:
            assert rows[outcome].tolist() == plain.values[name][outcome].tolist(), outcome


def test_V03_one_price_higher_costs_as_much_more_as_there_are_contacts(cases: dict[str, Case], region: Region) -> None:
    """In a run whose other quantities stand still; undiscounted."""
    price = cases["usual_care"].pathway.quantities["gp_price"].number()
    before, after = (
        run({name: fixed(case, gp_price=each) for name, case in cases.items()}, region, draws=2, rate=0.0)
        for each in (price, price + 1)
    )
    contacts = before.values["gp_consultations"]
    assert (after.values["cost"] - before.values["cost"]).to_numpy() == pytest.approx(contacts.to_numpy())
    assert after.values["qaly"].tolist() == before.values["qaly"].tolist()


def test_V35_discounting_lowers_both_totals(found: Psa, cases: dict[str, Case], region: Region) -> None:
    undiscounted = run(cases, region, rate=0.0)
    for column in ("cost", "qaly"):
        assert (undiscounted.values[column] > found.values[column]).all()
    assert undiscounted.values["cost"].to_numpy() == pytest.approx(undiscounted.values["total_cost_gbp"].to_numpy())


def test_a_year_counts_as_it_flows(comparison: Comparison) -> None:
    """By hand: each year's amount spread evenly, at a continuous rate of ln(1.035)."""
    tallies = comparison.tallies["usual_care"][0]
    yearly = by_year(tallies, comparison.plan)
    force = np.log(1.035)
    by_hand = sum(
        amount * (np.exp(-force * year) - np.exp(-force * (year + 1))) / force
        for year, amount in enumerate(yearly["cost_gbp"])
    )
    assert discounted(yearly, "cost_gbp", annual_rate=RATE) == pytest.approx(by_hand)
    assert yearly["cost_gbp"].sum() == pytest.approx(comparison.values["usual_care"]["total_cost_gbp"].iloc[0])
    assert yearly["qalys"].sum() == pytest.approx(comparison.values["usual_care"]["qalys"].iloc[0])


def test_a_quantity_that_acts_shows_in_the_draws(cases: dict[str, Case], region: Region) -> None:
    """Everything stands still but the price of a GP consultation: costs move by just that, draw by draw, QALYs do not."""
    still = {name: fixed(case) for name, case in cases.items()}
    moving = {}
    price = cases["usual_care"].pathway.quantities["gp_price"]
    for name, case in still.items():
        quantities = {**case.pathway.quantities, "gp_price": price}
        moving[name] = replace(case, pathway=replace(case.pathway, quantities=quantities))
    drawn, base = (run(each, region, draws=4, rate=0.0) for each in (moving, still))
    assert list(drawn.draws.scores) == ["gp_price"]
    dearer = drawn.values["draw"].map(
        {draw: value_at(price, score) for draw, score in enumerate(drawn.draws.scores["gp_price"])}
    )
    moved = (drawn.values["cost"] - base.values["cost"]) / base.values["gp_consultations"]
    assert moved.to_numpy() == pytest.approx((dearer - price.number()).to_numpy())
    assert drawn.values["qaly"].tolist() == base.values["qaly"].tolist()
    assert most_telling(drawn, "mri_guidance", "cost", threshold=0, count=3) == ["gp_price"]


def test_the_quantities_of_a_scenarios_levers_are_always_looked_at(found: Psa, cases: dict[str, Case]) -> None:
    own = quantities_of_levers(cases["mri_guidance"].pathway, cases["mri_guidance"].scenario.levers)
    assert {"mri_form_times", "mri_reminder_times"} <= set(own)
    assert "physio_first_times" not in own
    names = most_telling(found, "mri_guidance", "net_benefit", threshold=20_000, count=2)
    drawn = [name for name in own if name in found.draws.scores]
    assert names[: len(drawn)] == drawn
    assert len(names) == len(drawn) + 2


@pytest.fixture(scope="module")
def bars(found: Psa) -> Tornado:
    return tornado(
        found,
        "mri_guidance",
        ["mri_price", "cft_price", "triage_mri_share"],
        threshold=20_000,
        replications=6,
        workers=2,
    )


def test_V56_the_base_case_of_a_tornado_is_the_base_case(bars: Tornado, cases: dict[str, Case], region: Region) -> None:
    """The same as a comparison with every quantity at its value; a quantity without effect leaves it exactly there."""
    plain = psa(
        Experiment(
            {name: fixed(case) for name, case in at_scores(cases, {}).items()},
            base="usual_care",
            region=region,
            years=1,
            replications=6,
            seed=5,
        ),
        draws=2,
        annual_rate=RATE,
        workers=2,
    )
    benefit = plain.values.assign(net=20_000 * plain.values["qaly"] - plain.values["cost"])
    wide = benefit[benefit["draw"] == 0].pivot_table(index="replication", columns="strategy", values="net")
    assert bars.base_case.mean == pytest.approx((wide["mri_guidance"] - wide["usual_care"]).mean())
    for bar in bars.bars:
        if bar.quantity == "cft_price":
            assert bar.shift is not None
            assert (bar.shift.mean, bar.shift.low, bar.shift.high) == (0, 0, 0)


def test_a_dearer_scan_makes_guidance_save_more(bars: Tornado) -> None:
    by_end = {bar.end: bar for bar in bars.bars if bar.quantity == "mri_price"}
    low, high = by_end["low"].difference, by_end["high"].difference
    assert low is not None
    assert high is not None
    assert low.mean < bars.base_case.mean < high.mean
    assert bars.quantities()[0] == "mri_price"
    assert bars.beyond_chance("mri_price")
    assert not bars.beyond_chance("cft_price")


def test_an_end_that_does_not_fit_is_told_as_such(bars: Tornado) -> None:
    high = next(bar for bar in bars.bars if bar.quantity == "triage_mri_share" and bar.end == "high")
    assert high.difference is None
    assert high.problem is not None
    assert "the shares add to" in high.problem


def told_of(base_case: list[float], **ends: list[float]) -> Tornado:
    """A tornado of these differences, run by run, in the base case and with each quantity at its low end."""
    nothing = [0.0] * len(base_case)
    bars = [
        Bar(name, "low", 1.0, paired_difference(end, nothing), paired_difference(end, base_case), None)
        for name, end in ends.items()
    ]
    return Tornado("mri_guidance", "net_benefit", 20_000, paired_difference(base_case, nothing), bars)


def test_an_answer_is_turned_only_where_both_signs_are_known() -> None:
    told = told_of(
        [10.0, 11.0, 9.0],
        turns=[-5.0, -4.1, -5.9],
        chance=[-30.0, 26.0, -11.0],
        stays=[5.0, 5.9, 4.1],
        nothing=[10.0, 11.0, 9.0],
    )
    assert {name: told.turns_the_answer(name) for name in told.quantities()} == {
        "turns": "yes",
        "chance": "not shown",
        "stays": "no",
        "nothing": "no",
    }


def test_no_quantity_turns_an_answer_that_is_not_known() -> None:
    """A base case of +26 with an interval from -269 to +320 was 'turned' by an end of -37: neither sign is known.

    What changes nothing in any run does not turn it, whatever it is.
    """
    told = told_of([163.0, -111.0], seems=[100.0, -174.0], nothing=[163.0, -111.0])
    assert told.beyond_chance("seems")
    assert [told.turns_the_answer(name) for name in ("seems", "nothing")] == ["not shown", "no"]


def test_too_few_runs_are_told_as_such(found: Psa, bars: Tornado) -> None:
    """Two runs said that no quantity turns the answer; they do not show it."""
    two = tornado(found, "mri_guidance", ["mri_price", "cft_price"], threshold=20_000, replications=2, workers=2)
    hidden = replace(two, base_case=paired_difference([900.0, -100.0], [0.0, 0.0]))
    findings = findings_of(found, {"mri_guidance": hidden}, threshold=20_000)
    said = what_could_change(findings, "mri_guidance")
    assert said[0].startswith(
        "Whether 1 of the 2 quantities looked at turn the answer around is not shown by so few runs (2): with every "
        "quantity at its value the net benefit may be "
    )
    assert "Take more (--one-way)." in said[0]
    assert said[1].startswith("1 of the 2 quantities looked at does not turn the answer around")
    rows = {
        row["quantity"]: row["turns_the_answer"] for row in psa_dict(findings)["scenarios"]["mri_guidance"]["tornado"]
    }
    assert rows == {"mri_price": "not shown", "cft_price": "no"}
    assert "not shown" in psa_html(findings)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"draws": 1}, "draws: 1 is written; use a whole number from 2."),
        ({"replications": 0}, "replications: 0 is written"),
        (
            {"replications": 1},
            "replications: 1 is written; use a whole number from 2: one run cannot be told from chance.",
        ),
        ({"seed": -1}, "seed: -1 is written"),
        ({"workers": 0}, "workers: 0 is written"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    changes: dict[str, int], says: str, cases: dict[str, Case], region: Region
) -> None:
    asked = {"replications": 2, "seed": 1} | {
        name: at for name, at in changes.items() if name in ("replications", "seed")
    }
    on = {"draws": 2, "workers": 1} | {name: at for name, at in changes.items() if name in ("draws", "workers")}
    with pytest.raises(BadInput) as bad:
        psa(Experiment(cases, base="usual_care", region=region, years=1, **asked), annual_rate=RATE, **on)
    assert says in str(bad.value)


# what is told


def test_a_saving_of_the_draws_is_told_with_the_care_that_is_owed_for_it(found: Psa, bars: Tornado) -> None:
    """Form saves 1,000 pounds and gains a QALY in every draw, and owes 1,500 pounds more: it was said to dominate."""
    values = found.values.copy()
    form = values["strategy"] == "mri_guidance"
    base = values.loc[~form].set_index(["draw", "replication"])[["cost", "qaly", OWED]]
    paired = base.loc[list(zip(values.loc[form, "draw"], values.loc[form, "replication"], strict=True))].to_numpy()
    values.loc[form, ["cost", "qaly", OWED]] = paired + np.array([-1000.0, 1.0, 1500.0])
    findings = findings_of(replace(found, values=values), {"mri_guidance": bars}, threshold=20_000)
    told = psa_dict(findings)["scenarios"]["mri_guidance"]
    assert told["result"] == "dominates"
    assert told["result_with_care_owed"] == "cost per QALY gained"
    assert told["care_owed"]["mean"] == pytest.approx(1500)
    said = "Of the saving of £1,000, all is care that people are still waiting for: they are owed £1,500 more."
    assert said in told["care_owed_line"]
    assert said in psa_html(findings)


def test_a_saving_that_so_few_draws_do_not_show_is_not_told_as_one(found: Psa, bars: Tornado) -> None:
    """Form costs 3,000 pounds less, 2,500 more and 1,000 less: 500 saved on average, between thousands either way."""
    values = found.values.copy()
    form = values["strategy"] == "mri_guidance"
    base = values.loc[~form].set_index(["draw", "replication"])[["cost", OWED]]
    paired = base.loc[list(zip(values.loc[form, "draw"], values.loc[form, "replication"], strict=True))].to_numpy()
    more = values.loc[form, "draw"].map({0: -3000.0, 1: 2500.0, 2: -1000.0}).to_numpy()
    values.loc[form, ["cost", OWED]] = paired + np.column_stack([more, np.full(len(more), 100.0)])
    findings = findings_of(replace(found, values=values), {"mri_guidance": bars}, threshold=20_000)
    assert findings.values["mri_guidance"].cost[0] == pytest.approx(-500)
    assert "Of the saving" not in psa_dict(findings)["scenarios"]["mri_guidance"]["care_owed_line"]


def test_the_page_and_the_json_say_the_same(found: Psa, bars: Tornado) -> None:
    findings = findings_of(found, {"mri_guidance": bars}, threshold=20_000)
    told = psa_dict(findings)
    page = psa_html(findings)
    assert (
        told["scenarios"]["mri_guidance"]["headline"]
        == headline(findings, "mri_guidance")
        in page.replace("&#x27;", "'")
    )
    assert told["grades"]["assumed"] + told["grades"]["recalled"] + told["grades"]["read"] == told["quantities"]
    assert what_could_change(findings, "mri_guidance")[0].count("(") >= 1
    assert {"run_id", "seed", "price_year", "discount_cost", "discount_qaly"} <= set(told)
    assert "<script" not in page
    assert "://" not in page.replace("http://www.w3.org", "")


def test_an_acceptability_curve_is_refused_where_chance_hides_what_is_not_known(found: Psa, bars: Tornado) -> None:
    """Three draws of two runs are far too few: no curve, no share, and the number that it would take."""
    findings = findings_of(found, {"mri_guidance": bars}, threshold=20_000)
    assert findings.refused is not None
    assert "in each draw" in findings.refused
    assert psa_dict(findings)["acceptability"] is None
    assert psa_dict(findings)["scenarios"]["mri_guidance"]["share_better"] is None
    assert psa_dict(findings)["evpi"] is None
    assert "cannot be told" in headline(findings, "mri_guidance")
    assert value_of_information(findings).startswith(
        "What it would be worth to know all quantities for certain cannot be told."
    )


def made_up(found: Psa, *, cost: float, noise: float, draws: int = 40) -> Psa:
    """An analysis in which health differs by draws of sd 1 without noise, and costs by `cost` with noise of such sd."""
    rng = np.random.default_rng(3)
    rows = []
    for draw in range(draws):
        health, dearer = rng.normal(0.05, 1), cost * rng.normal()
        for replication in range(2):
            zero = {
                "draw": draw,
                "replication": replication,
                "strategy": "usual_care",
                "cost": 0.0,
                "qaly": 0.0,
                OWED: 0.0,
            }
            more = {"strategy": "mri_guidance", "cost": dearer + noise * rng.normal(), "qaly": health, OWED: 0.0}
            rows += [zero, {**zero, **more}]
    scores = pd.DataFrame({"gp_price": rng.normal(size=draws)})
    return replace(found, values=pd.DataFrame(rows), draws=replace(found.draws, scores=scores))


def test_a_curve_is_drawn_only_where_chance_does_not_hide_it(found: Psa, bars: Tornado) -> None:
    """At £20,000 health decides and chance is nothing; at £0 only costs count, and they are chance."""
    analysis = made_up(found, cost=300.0, noise=1500.0)
    findings = findings_of(analysis, {"mri_guidance": bars}, threshold=20_000)
    assert findings.curves is not None
    assert findings.refused is not None
    first = findings.curves["threshold"].min()
    assert 0 < first < 20_000
    told = psa_dict(findings)
    assert {row["threshold"] for row in told["acceptability"]} == set(findings.curves["threshold"])
    assert told["scenarios"]["mri_guidance"]["share_better"] is not None
    page = psa_html(findings)
    assert (
        f"The curve is drawn at {findings.curves['threshold'].nunique()} of 51 thresholds, from £{first:,.0f}" in page
    )
    chart = acceptability_chart(findings.curves, findings.titles(), base="usual_care", grid=CURVE)
    assert min(row["threshold"] for row in chart.spec["data"]["values"]) == first
    assert "at £0 per QALY" not in chart.alt


def test_a_gap_in_a_curve_is_a_gap_in_its_line() -> None:
    table = pd.DataFrame({"threshold": [0.0, 1.0, 3.0], "strategy": "a", "probability": [0.5, 0.6, 0.7]})
    chart = acceptability_chart(table, {"a": "A"}, base="a", grid=[0, 1, 2, 3])
    pieces = [row["piece"] for row in chart.spec["data"]["values"]]
    assert pieces[0] == pieces[1] != pieces[2]


def test_what_chance_hides_has_no_worth_that_is_told(found: Psa, bars: Tornado) -> None:
    """Slices of the same draws gave £211 to £1,245, and share and curve were refused: so is the worth of knowing.

    Where it is told it has a standard error.
    """
    noisy = findings_of(made_up(found, cost=300.0, noise=40_000.0), {"mri_guidance": bars}, threshold=20_000)
    assert psa_dict(noisy)["evpi"] is None
    assert "Run " in psa_dict(noisy)["evpi_refused"]
    told = psa_dict(findings_of(made_up(found, cost=300.0, noise=1500.0), {"mri_guidance": bars}, threshold=20_000))
    assert 0 < told["evpi_standard_error"] < told["evpi"]


def test_the_base_case_stands_beside_the_mean_of_the_draws(found: Psa, bars: Tornado) -> None:
    """With how far they lie apart, which chance may make: draws that mean another base case would not be seen else."""
    findings = findings_of(found, {"mri_guidance": bars}, threshold=20_000)
    value = findings.values["mri_guidance"]
    told = psa_dict(findings)["scenarios"]["mri_guidance"]
    difference = found.differences("mri_guidance", "net_benefit", threshold=20_000)
    assert told["mean_of_draws"]["mean"] == pytest.approx(difference.mean())
    assert told["base_case"]["mean"] == bars.base_case.mean
    apart = told["mean_of_draws_minus_base_case"]
    assert apart["mean"] == pytest.approx(difference.mean() - bars.base_case.mean)
    half = np.hypot(value.mean.high - value.mean.mean, bars.base_case.high - bars.base_case.mean)
    assert apart["high"] - apart["mean"] == pytest.approx(half)
    assert base_case_line(findings, "mri_guidance").startswith("With every quantity at its value the net benefit is ")
    assert base_case_line(findings, "mri_guidance") in psa_html(findings).replace("&#x27;", "'")


def test_a_sign_that_so_few_draws_do_not_show_is_not_told(found: Psa, bars: Tornado) -> None:
    findings = findings_of(made_up(found, cost=300.0, noise=40_000.0), {"mri_guidance": bars}, threshold=20_000)
    said = headline(findings, "mri_guidance")
    assert "whether it is better value for money than usual care on average cannot be told from so few draws" in said


def test_every_quantity_stands_as_written_beside_as_drawn(found: Psa, bars: Tornado) -> None:
    findings = findings_of(found, {"mri_guidance": bars}, threshold=20_000)
    rows = {row["quantity"]: row for row in psa_dict(findings)["quantities_drawn"]}
    assert set(rows) == set(found.draws.scores)
    price = found.cases["usual_care"].pathway.quantities["gp_price"]
    values = [value_at(price, score) for score in found.draws.scores["gp_price"]]
    assert rows["gp_price"]["value"] == price.value
    assert rows["gp_price"]["drawn_mean"] == pytest.approx(np.mean(values))
    drawn = [found.draws.cases(found.cases, draw)["usual_care"].pathway.quantities for draw in range(3)]
    share = [each["gp_self_management_share"].number() for each in drawn]
    assert rows["gp_self_management_share"]["drawn_mean"] == pytest.approx(np.mean(share))
    assert "Every quantity as written and as drawn" in psa_html(findings)


def test_quantities_without_a_distribution_are_named_as_known(found: Psa, bars: Tornado) -> None:
    case = found.cases["usual_care"]
    bare = case.pathway.quantities["gp_price"].model_copy(update={"distribution": None})
    pathway = replace(case.pathway, quantities={**case.pathway.quantities, "gp_price": bare})
    cases = {**found.cases, "usual_care": replace(case, pathway=pathway)}
    known = replace(found, experiment=replace(found.experiment, cases=cases))
    findings = findings_of(known, {"mri_guidance": bars}, threshold=20_000)
    assert "Taken as known, for they have a range and no distribution: gp_price." in caveat(findings)
    assert psa_dict(findings)["quantities_taken_as_known"] == ["gp_price"]


def test_the_values_drawn_are_written(found: Psa, bars: Tornado) -> None:
    findings = findings_of(found, {"mri_guidance": bars}, threshold=20_000)
    lines = quantities_csv(findings).splitlines()
    assert len(lines) == 4
    names = lines[0].split(",")
    assert "gp_price" in names
    assert unlike("psa", "quantities.csv", names, each=found.draws.scores.columns) == ""
    assert dict(zip(names, lines[1].split(","), strict=True))["years"] == str(float(found.years))
    assert psa_dict(findings)["per"] == "measured years"


def test_psa_is_a_command(tmp_path: Path) -> None:
    folder = tmp_path / "found"
    done = backpath(
        "psa",
        "mri_guidance",
        "--draws",
        "3",
        "--years",
        "1",
        "--one-way",
        "2",
        "--json",
        "--out",
        str(folder),
        "--seed",
        "5",
    )
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["draws"] == 3
    assert set(told["scenarios"]) == {"mri_guidance"}
    assert sorted(path.name for path in folder.iterdir()) == ["psa.html", "psa.json", "quantities.csv", "values.csv"]
    header = (folder / "values.csv").read_text().splitlines()[0].split(",")
    outcomes = tuple(load_pathway("usual_care").outcomes)
    assert (fault := unlike("psa", "values.csv", header, each=outcomes)) == "", fault
    assert header[:6] == ["run_id", "seed", "years", "price_year", "discount_cost", "discount_qaly"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["psa", "usual_care"], "there is nothing to compare with 'usual_care'"),
        (["psa", "mri_guidance", "--replications", "1"], "write a whole number from 2"),
        (["psa", "mri_guidance", "--years", "0"], "nothing is measured"),
        (["psa", "mri_guidance", "--discount", "3.5"], "write a share a year from 0, like 0.035"),
        (["psa", "mri_guidance", "--threshold", "-1"], "write pounds per QALY from 0"),
        (["psa", "mri_guidence"], "Did you mean 'mri_guidance'?"),
        (["psa", "mri_guidance", "--json", "--csv"], "choose one of the two"),
        (["budget", "mri_guidance", "--years", "1.5"], "a budget is told by whole years"),
        (["budget", "mri_guidance", "--set-up", "-5"], "write pounds from 0"),
        (["budget", "mri_guidance", "--price-year", "2025"], "go together"),
        (
            ["budget", "mri_guidance", "--price-year", "2025", "--price-index", "nowhere.csv"],
            "nowhere.csv: there is no such file.",
        ),
        (
            ["budget", "mri_guidance", "--price-year", "99999999999", "--price-index", "nowhere.csv"],
            "--price-year 99999999999: write a year from 1990 to 2100.",
        ),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(words: list[str], says: str) -> None:
    done = backpath(*words)
    assert done.code == 2
    assert says in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ('2024,"2,7",x', "rates.csv: row 2, column rate_percent: '2,7' is not a number: a comma only parts thousands (1,234). Write 2.7"),
        ("2024,,x", "rates.csv: row 2, column rate_percent: is blank; write the rate, or remove the row."),
        ("2024,nan,x", "rates.csv: row 2, column rate_percent: 'nan' is not a number."),
        ("2024,2.7,", "rates.csv: row 2, column source: is blank."),
        ("99999999999,2.7,x", "rates.csv: row 2, column year: '99999999999' is above 2,100"),
        ("2024,2.7,x\n2024,2.8,y", "rates.csv: row 3, column year: 2024 stands in a row above already."),
        ("2024,103.5,x\n2025,107.2,x", "no rate is below 103.5: these look like an index."),
        ("2024,0.027,x\n2025,0.031,x", "no rate is above 0.031: these look like shares. Write percent, 3.1 for 0.031."),
    ],
)  # fmt: skip
def test_rates_of_inflation_that_cannot_be_are_told(tmp_path: Path, rows: str, says: str) -> None:
    index = tmp_path / "rates.csv"
    index.write_text(f"year,rate_percent,source\n{rows}\n")
    done = backpath("budget", "mri_guidance", "--price-year", "2025", "--price-index", str(index))
    assert done.code == 2
    assert says in " ".join(done.err.split())


# budget


def test_V45_the_years_of_a_budget_add_to_the_undiscounted_change(comparison: Comparison) -> None:
    budget = budget_of(comparison, "mri_guidance", setup_cost=0)
    gross = budget.by_year[budget.by_year["line"] == "gross"]["mean"].sum()
    assert gross == pytest.approx(comparison.difference("mri_guidance", "total_cost_gbp").mean)


def test_V46_what_is_cash_and_what_is_capacity_add_to_the_full_cost(comparison: Comparison) -> None:
    wide = budget_of(comparison, "mri_guidance", setup_cost=0).by_year.pivot_table(
        index="year", columns="line", values="mean"
    )
    assert (wide["cash_releasing"] + wide["capacity"]).to_numpy() == pytest.approx(wide["gross"].to_numpy())
    assert (wide["cash_releasing"].abs() < wide["gross"].abs()).all()


def test_set_up_falls_in_the_first_year_and_is_cash(comparison: Comparison) -> None:
    without, with_ = (
        budget_of(comparison, "mri_guidance", setup_cost=cost).by_year.set_index(["line", "year"])["mean"]
        for cost in (0, 1000)
    )
    extra = with_ - without
    assert extra["gross"].tolist() == pytest.approx([1000, 0])
    assert extra["cash_releasing"].tolist() == pytest.approx([1000, 0])
    assert extra["capacity"].tolist() == pytest.approx([0, 0])


def test_hours_freed_are_contacts_times_minutes(comparison: Comparison) -> None:
    """Scans that are not made, at the minutes of the evidence table, and only where the runs agree on a direction.

    Ten opioid reviews more in all runs together were "extra needed" where the comparison said too rare to tell.
    """
    budget = budget_of(comparison, "mri_guidance", setup_cost=0)
    row = budget.capacity.set_index("service").loc["mri"]
    fewer = (
        -np.mean(
            [
                change[change["service"] == "mri"]["seen"].sum()
                for change in activity_changes(comparison, "mri_guidance")
            ]
        )
        / 2
    )
    minutes = comparison.plan.pathway.quantities["scan_minutes"].number()
    assert row["contacts"] == pytest.approx(-fewer)
    assert row["hours"] == pytest.approx(fewer * minutes / 60)
    assert row["direction"] == "released"
    changes = activity_changes(comparison, "mri_guidance")
    for service, told in budget.capacity.set_index("service").iterrows():
        runs = [change[change["service"] == service]["seen"].sum() for change in changes]
        if 0 < np.abs(runs).sum() < FEW_EVENTS:
            assert told["direction"] in ("too rare to tell", "not material"), service
            assert math.isnan(told["low"]), service
    assert "too rare to tell" in set(budget.capacity["direction"])
    unclear = budget.capacity[(budget.capacity["low"] <= 0) & (budget.capacity["high"] >= 0)]
    assert set(unclear["direction"]) <= {"not shown", "not material"}


def test_budget_is_a_command_and_its_tables_carry_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "budget"
    done = backpath("budget", "mri_guidance", "--years", "1", "--replications", "2", "--csv", "--out", str(folder))
    assert done.code == 0, done.err
    table = pd.read_csv(folder / "budget.csv")
    assert done.out == (folder / "budget.csv").read_text()
    assert table["line"].tolist() == ["gross", "cash_releasing", "capacity"]
    assert list(table)[:7] == ["run_id", "seed", "years", "price_year", "discount_cost", "discount_qaly", "scenario"]
    assert json.loads((folder / "budget.json").read_text())["scenarios"]["mri_guidance"]["by_year"]


def test_prices_are_brought_to_one_year(tmp_path: Path) -> None:
    """At 10% a year for every year, prices of 2012 rise by more than those of 2023; the result says its year."""
    index = tmp_path / "index.csv"
    index.write_text("year,rate_percent,source\n" + "".join(f"{year},10,a test\n" for year in range(2013, 2026)))
    words = ("budget", "mri_guidance", "--years", "1", "--replications", "2", "--csv")
    plain, moved = (backpath(*words, *more) for more in ((), ("--price-year", "2025", "--price-index", str(index))))
    first, second = (pd.read_csv(io.StringIO(done.out)) for done in (plain, moved))
    assert first["price_year"].unique().tolist() == ["2012 to 2023 (as published)"]
    assert second["price_year"].unique().tolist() == [2025]
    ratio = second["mean"] / first["mean"]
    assert ratio.min() > 1.2


def test_a_rate_that_is_lacking_is_named(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    index.write_text("year,rate_percent,source\n2024,10,a test\n")
    done = backpath("budget", "mri_guidance", "--price-year", "2025", "--price-index", str(index))
    assert done.code == 2
    assert "price_index has no rate for 2025 (needed to move 'gp_price' from 2023 to 2025)." in done.err
