"""Comparisons: their shape, their pairing, how many replications they take, and what they warn of."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import ceil, isnan
from threading import Event
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pathways import BadInput, Pathway, Region, Scenario, Waiting, load_region
from sim.batch.threads import Stopped
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment, shares_warm_up
from sim.experiments.precision import AUTO_MOST, AUTO_STEP, PRECISION, too_wide, warnings_of
from sim.experiments.record import fingerprint, record_of
from sim.results import by_practice_table, lists_table, outcome_values
from sim.run import Case
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, pathway, region, scenario
from tests.helpers.compared import with_more_referrals
from ui.findings.key_message import key_message
from ui.inputs.cases import gather
from ui.reports.decision_table import comparison_dict, comparison_json

TOP = {"region", "population", "years", "replications", "seed", "fingerprint", "scenarios"}
MORE = {"format", "per", "capacity", "care_owed", "rests_on", "against", "interval", "warnings", "waits_within_days"}
"""What the object holds besides what was promised."""
DIFFERENCE = {"mean", "low", "high", "lowest_run", "highest_run", "share_lower", "too_rare"}
PROMISED = [
    "gp_consultations",
    "first_contact_physio",
    "physio_referrals",
    "mri_scans",
    "msk_triage_referrals",
    "spinal_referrals",
    "injections",
    "surgery",
    "physio_wait_days",
    "mri_wait_days",
    "spinal_wait_days",
    "total_cost_gbp",
    "qalys",
]
WEEKS = 365 / 7


def small() -> Pathway:
    """A GP who asks for scans; levers: a form on requests, and more or fewer slots for scans."""
    numbers = Numbers()
    return pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "mri": {"capacity": "slots", "next": "home"}},
        entry="gp",
        onset_rate=0.2,
        warm_up="4 weeks",
        decisions={"plan": {"options": {"home": {"share": "rest"}, "mri": {"share": numbers(0.4, "share")}}}},
        levers={
            "form": lever({"decision": "plan", "option": "mri", "times": numbers(0.63, "ratio")}),
            "nothing": lever({"decision": "plan", "option": "mri", "times": numbers(1.0, "ratio")}),
            "fewer": lever({"service": "mri", "capacity_times": numbers(0.5, "ratio")}),
        },
        outcomes={
            name: {"title": title, "of": of, "services": services, "better": "less"}
            for name, title, of, services in (
                ("scans", "Scans", "seen", ["mri"]),
                ("wait", "Wait for a scan", "wait", ["mri"]),
                ("visits", "GP visits", "seen", ["gp"]),
                ("cost", "Cost", "cost", []),
                ("qalys", "QALYs", "qalys", []),
            )
        },
    )


def lever(change: dict[str, Any]) -> dict[str, Any]:
    """A lever with one change."""
    return {"title": "A lever", "says": "For a test", "counter_effects": "None", "changes": [change]}


def case(name: str, settings: Scenario | None = None, word: Pathway | None = None) -> Case:
    """A case of the small pathway."""
    return Case(name, settings or scenario(), word or small())


def place(people: int = 2000, slots: float = 7.0, **more: Any) -> Region:
    """Where it runs: 2,000 people make about seven requests for a scan in two weeks."""
    return region(people, sites={"mri": slots}, **more)


def two_areas(people: int = 3000) -> Region:
    """Two areas that share nothing, with two practices and one."""
    whole = region(people, practices=3, sites={"mri/north": 5.0, "mri/south": 3.0})
    sites = tuple(replace(site, area=area) for site, area in zip(whole.sites, ("North", "South"), strict=True))
    return replace(whole, areas=("North", "South", "North"), sites=sites)


def found(
    *cases: Case,
    where: Region | None = None,
    years: float = 0.5,
    replications: int | Literal["auto"] = 4,
    seed: int = 7,
    **more: Any,
) -> Comparison:
    """A comparison of these cases with usual care."""
    together = {each.name: each for each in (case("usual"), *cases)}
    on = {name: more.pop(name) for name in ("workers", "progress", "stop") if name in more}
    experiment = Experiment(
        together, base="usual", region=where or place(), years=years, replications=replications, seed=seed, **more
    )
    return compare(experiment, **on)


FORM = scenario(form={})


# the shape


@pytest.fixture(scope="module")
def library() -> Comparison:
    """Two library scenarios, briefly."""
    cases, base = gather(["mri_guidance", "physio_first"], against="usual_care")
    return compare(
        Experiment(cases, base=base, region=load_region("demonstration"), years=0.2, replications=3, seed=11)
    )


def test_the_object_has_the_promised_keys_and_no_others(library: Comparison) -> None:
    written = comparison_dict(library)
    assert set(written) == TOP | MORE
    assert list(written["scenarios"]) == ["mri_guidance", "physio_first"]
    for outcomes in written["scenarios"].values():
        assert set(outcomes) >= set(PROMISED)
        for outcome in outcomes.values():
            assert set(outcome) - {"still_waiting_share"} == {"base", "scenario", "difference", "verdict", "headline"}
            assert set(outcome["difference"]) == DIFFERENCE
    assert (written["region"], written["population"], written["seed"]) == ("demonstration", 104_000, 11)
    assert (written["years"], written["replications"], written["against"]) == (0.2, 3, "usual_care")
    assert re.fullmatch("[0-9a-f]{20}", written["fingerprint"])


def a_year(library: Comparison, outcome: str, values: Any) -> Any:
    """Values of an outcome as everybody is told them: a year on average, but for waits."""
    return values if library.plan.pathway.outcomes[outcome].of == "wait" else values / library.years


def test_the_objects_numbers_are_those_of_the_runs(library: Comparison) -> None:
    """Worked out here from each run's values, a year on average, with SciPy's t interval."""
    for name, outcomes in comparison_dict(library)["scenarios"].items():
        for outcome, written in outcomes.items():
            base, then = (a_year(library, outcome, library.values[each][outcome]) for each in ("usual_care", name))
            pairs = (then - base).dropna()
            assert len(base) == 3
            assert written["base"] == pytest.approx(base.mean(), rel=1e-12)
            assert written["scenario"] == pytest.approx(then.mean(), rel=1e-12)
            assert written["difference"]["mean"] == pytest.approx(pairs.mean(), rel=1e-12, abs=1e-12)
            assert written["difference"]["share_lower"] == (pairs < 0).mean()
            assert written["difference"]["lowest_run"] == pytest.approx(pairs.min(), rel=1e-9, abs=1e-9)
            assert written["difference"]["highest_run"] == pytest.approx(pairs.max(), rel=1e-9, abs=1e-9)
            if written["difference"]["too_rare"]:
                assert (written["difference"]["low"], written["difference"]["high"]) == (None, None)
                continue
            half = stats.t.ppf(0.975, 2) * pairs.std() / np.sqrt(3)
            assert written["difference"]["low"] == pytest.approx(pairs.mean() - half, rel=1e-9, abs=1e-9)
            assert written["difference"]["high"] == pytest.approx(pairs.mean() + half, rel=1e-9, abs=1e-9)


def test_a_number_that_does_not_exist_is_null_and_the_text_is_strict_json() -> None:
    """Nobody falls ill where nobody lives, so nobody waits; one run has no interval."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    none = found(case("form", FORM), where=place(people=0), replications=1)
    written = json.loads(comparison_json(none), parse_constant=refuse)["scenarios"]["form"]
    assert written["wait"] == {
        "base": None,
        "scenario": None,
        "difference": dict.fromkeys(DIFFERENCE) | {"too_rare": False},
        "still_waiting_share": {"base": None, "scenario": None},
        "verdict": "nothing to compare",
        "headline": "No change in wait for a scan can be told: there is nothing to compare with.",
    }
    assert written["visits"]["difference"] == {
        "mean": 0.0,
        "low": None,
        "high": None,
        "lowest_run": 0.0,
        "highest_run": 0.0,
        "share_lower": 0.0,
        "too_rare": False,
    }
    assert written["scans"]["base"] == 0


def test_the_table_says_what_the_object_says(library: Comparison) -> None:
    table = library.table().set_index(["scenario", "outcome"])
    written = comparison_dict(library)["scenarios"]
    assert len(table) == 2 * len(library.outcomes)
    for (name, outcome), row in table.iterrows():
        assert a_year(library, outcome, row["base"]) == pytest.approx(written[name][outcome]["base"])
        told = written[name][outcome]["difference"]["mean"]
        assert a_year(library, outcome, row["difference"]) == pytest.approx(told, abs=1e-9)
        assert row["share_lower"] == written[name][outcome]["difference"]["share_lower"]
        assert row["share_lower"] + row["share_higher"] <= 1
        assert row["runs"] == 3


# the pairing


def test_a_scenario_that_changes_nothing_differs_by_exactly_zero_on_every_way_of_running_it() -> None:
    """A lever that multiplies by one branches off the base; one that comes too late never does; a quantity replaced by
    itself is run by itself, warm-up included. In every run and outcome, both engines, two areas."""
    word = small()
    same = next(name for name, quantity in word.quantities.items() if quantity.unit == "GBP")
    record = word.quantities[same].model_dump(exclude_none=True)
    cases = (
        case("plain"),
        case("times_one", scenario(nothing={"starts": "3 weeks"})),
        case("too_late", scenario(form={"starts": "100 weeks"})),
        case("by_itself", scenario().model_copy(update={"quantities": {same: record}})),
    )
    for engine, years, runs in (("compiled", 0.5, 4), ("reference", 0.1, 2)):
        compared = found(*cases, where=two_areas(), years=years, replications=runs, engine=engine)
        assert compared.values["usual"]["scans"].min() > 0
        for each in cases:
            pd.testing.assert_frame_equal(compared.values[each.name], compared.values["usual"], check_exact=True)
            for outcome in compared.outcomes:
                difference = compared.difference(each.name, outcome)
                assert (difference.mean, difference.low, difference.high, difference.share_lower) == (0, 0, 0, 0)


def test_a_scenario_is_what_it_is_by_itself() -> None:
    """Branched off the base at week 5, or with other quantities from the start: the same as run through alone."""
    word = small()
    scan_share = next(name for name, quantity in word.quantities.items() if quantity.value == 0.4)
    fewer = {
        name: quantity.with_value(0.1, source="a test", grade="assumed") if name == scan_share else quantity
        for name, quantity in word.quantities.items()
    }
    changed = scenario().model_copy(update={"quantities": {scan_share: fewer[scan_share].model_dump()}})
    cases = {
        "usual": case("usual"),
        "form": case("form", scenario(form={"starts": "5 weeks"})),
        "fewer": Case("fewer", changed, replace(word, quantities=fewer)),
    }
    plans = {name: each.plan(place(), 0.5) for name, each in cases.items()}
    assert [shares_warm_up(plans[name], plans["usual"]) for name in ("form", "fewer")] == [True, False]
    asked = Experiment(cases, base="usual", region=place(), years=0.5, replications=4, seed=7)
    together = asked.tallies(3)
    assert list(together) == list(cases)
    for name, plan in plans.items():
        alone = Running(plan, cohort_of(plan, seed=7, replication=3)).finish().tallies
        assert all(np.array_equal(one, other) for one, other in zip(together[name], alone, strict=True)), name
    assert (
        outcome_values(together["fewer"], plans["fewer"])["scans"]
        < 0.5 * outcome_values(together["usual"], plans["usual"])["scans"]
    )


def test_the_order_of_scenarios_and_which_others_there_are_change_nothing() -> None:
    form, fewer = case("form", FORM), case("fewer", scenario(fewer={"starts": "10 weeks"}))
    one, other, alone = found(form, fewer), found(fewer, form), found(fewer)
    for name in ("usual", "form", "fewer"):
        pd.testing.assert_frame_equal(one.values[name], other.values[name], check_exact=True)
    pd.testing.assert_frame_equal(one.values["fewer"], alone.values["fewer"], check_exact=True)
    assert other.scenarios == ["fewer", "form"]


def test_replications_are_pairs_and_more_of_them_keep_the_first() -> None:
    """Replication r is the same whether 3 or 6 are asked for; another seed gives others."""
    few, many = found(case("form", FORM), replications=3), found(case("form", FORM), replications=6)
    other = found(case("form", FORM), replications=3, seed=8)
    for name in ("usual", "form"):
        pd.testing.assert_frame_equal(few.values[name], many.values[name].iloc[:3], check_exact=True)
        assert not few.values[name].equals(other.values[name])
    assert few.replications == 3
    assert (few.values["form"]["scans"] < few.values["usual"]["scans"]).all()
    assert few.difference("form", "scans").share_lower == 1.0


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_two_workers_find_what_one_finds(engine: Any) -> None:
    """In two areas, for both engines, to the last count; and both engines find the same."""
    cases = (case("form", FORM), case("fewer", scenario(fewer={})))
    more: dict[str, Any] = {"where": two_areas(1200), "years": 0.1, "replications": 3}
    one = found(*cases, **more, engine="compiled", workers=1)
    two = found(*cases, **more, engine=engine, workers=2)
    for name in one.tallies:
        for left, right in zip(one.tallies[name], two.tallies[name], strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
    assert comparison_dict(one) == comparison_dict(two)


def test_areas_are_run_one_by_one_and_put_together() -> None:
    """Each area alone gives its part: counts add, and every practice keeps its own, wherever it stands in the file."""
    where = two_areas()
    whole = found(case("form", FORM), where=where)
    parts = [found(case("form", FORM), where=where.area(name)) for name in ("North", "South")]
    for name in ("usual", "form"):
        total = sum(part.values[name]["scans"] for part in parts)
        assert whole.values[name]["scans"].tolist() == total.tolist()
        for r in range(4):
            tables = [
                by_practice_table(each.tallies[name][r], each.plan, each.region.codes) for each in (whole, *parts)
            ]
            together, *apart = (table.set_index(["practice", "service"]).sort_index() for table in tables)
            pd.testing.assert_frame_equal(together, pd.concat(apart).sort_index())
            assert len(set(together["seen"].groupby("practice").sum())) > 1
    assert whole.region.population == 3000


def test_progress_is_told_and_never_goes_back() -> None:
    told: list[tuple[int, int]] = []
    found(case("form", FORM), where=two_areas(), replications=4, workers=2, progress=lambda *at: told.append(at))
    assert told[-1] == (8, 8)  # four replications of two areas
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {8}


def test_a_run_that_is_stopped_ends_without_a_result() -> None:
    stop = Event()

    def after_two(done: int, total: int) -> None:
        assert done < total
        if done >= 2:
            stop.set()

    with pytest.raises(Stopped):
        found(case("form", FORM), replications=50, progress=after_two, stop=stop)


def test_everything_wrong_with_a_request_is_told_at_once() -> None:
    with pytest.raises(BadInput) as told:
        found(replications=0, seed=-1, workers=0)
    assert [problem.where for problem in told.value.problems] == ["replications", "seed", "workers"]
    assert "use a whole number from 1, or 'auto'" in str(told.value)


@pytest.mark.parametrize("years", [-1.0, 101.0, float("nan"), float("inf")])
def test_years_that_cannot_be_are_refused(years: float) -> None:
    with pytest.raises(BadInput, match="use a number from 0 to 100"):
        found(years=years)


def test_a_comparison_of_nothing_shows_the_base() -> None:
    alone = found()
    assert alone.scenarios == ["usual"]
    assert set(comparison_dict(alone)["scenarios"]) == {"usual"}


# how many replications


def relative_half_widths(compared: Comparison, name: str) -> dict[str, float]:
    """Half the interval of each difference, as a share of the base: worked out with SciPy. None where the base is zero.

    Waits as a share of 25 days at least; QALYs so that one a year per 100,000 people is 2%.
    """
    widths = {}
    for outcome in compared.outcomes:
        pairs = (compared.values[name][outcome] - compared.values["usual"][outcome]).dropna()
        half = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std() / np.sqrt(len(pairs))
        base = abs(compared.mean("usual", outcome))
        if outcome == "wait":
            base = max(base, 25)
        if outcome == "qalys":
            base = 50 * compared.years * compared.region.population / 100_000
        widths[outcome] = half / base if base > 0 else 0.0
    return widths


def test_auto_stops_at_once_where_nothing_differs() -> None:
    assert found(case("same"), replications="auto").replications == AUTO_STEP


def test_auto_goes_on_until_every_interval_is_narrow_enough() -> None:
    """Not before: ten replications fewer are too few. And it is what asking for that number gives."""
    where, form = place(1500, slots=70.0), case("form", FORM)
    auto = found(form, where=where, years=1, replications="auto", seed=1)
    runs = auto.replications
    assert runs > AUTO_STEP
    assert runs % AUTO_STEP == 0
    assert runs < AUTO_MOST
    assert max(relative_half_widths(auto, "form").values()) <= PRECISION
    fewer = found(form, where=where, years=1, replications=runs - AUTO_STEP, seed=1)
    assert max(relative_half_widths(fewer, "form").values()) > PRECISION
    as_many = found(form, where=where, years=1, replications=runs, seed=1)
    pd.testing.assert_frame_equal(auto.values["form"], as_many.values["form"], check_exact=True)
    assert fingerprint(auto) == fingerprint(as_many)
    assert too_wide(auto) == []


def test_auto_gives_up_in_the_end_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.experiments.precision.AUTO_MOST", 20)
    monkeypatch.setattr("sim.experiments.compare.AUTO_MOST", 20)
    auto = found(case("form", FORM), where=place(100), replications="auto")
    assert auto.replications == 20
    assert any("Few replications for 'Scans'" in sentence for sentence in warnings_of(auto))
    assert "The width asked for was not reached: --replications auto stops at 20 runs" in warnings_of(auto)[0]
    assert (comparison_dict(auto)["asked"], comparison_dict(auto)["width_reached"]) == ("auto", False)
    record = record_of(auto, region_from="nowhere")
    assert (record["asked"], record["width_reached"]) == ("auto", False)
    twenty = found(case("form", FORM), where=place(100), replications=20)
    assert not any("width asked for" in sentence for sentence in warnings_of(twenty))
    assert "width_reached" not in comparison_dict(twenty)


def test_auto_works_out_each_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not from the beginning after every ten: of 2 cases and 30 replications the outcomes are worked out 60 times."""
    monkeypatch.setattr("sim.experiments.precision.AUTO_MOST", 30)
    monkeypatch.setattr("sim.experiments.compare.AUTO_MOST", 30)
    told = []
    monkeypatch.setattr("sim.experiments.comparison.outcome_values", lambda *of: told.append(1) or outcome_values(*of))
    auto = found(case("form", FORM), where=place(100), replications="auto")
    assert auto.replications == 30
    assert len(told) == 2 * 30
    monkeypatch.undo()
    at_once = found(case("form", FORM), where=place(100), replications=30)
    pd.testing.assert_frame_equal(auto.values["form"], at_once.values["form"], check_exact=True)


def test_too_few_replications_are_told_with_the_number_needed() -> None:
    """Widths fall with the square root of the number: n (half / 2%)² are needed."""
    compared = found(case("form", FORM), where=place(300, slots=70.0), years=1, replications=5)
    widths = relative_half_widths(compared, "form")
    told = dict(zip(("scans", "cost"), too_wide(compared), strict=False))
    wide = [outcome for outcome in compared.outcomes if widths[outcome] > PRECISION]
    assert len(too_wide(compared)) == len(wide) > 0
    assert wide[0] == "scans"
    sentence, needed = told["scans"]
    assert needed == ceil(5 * (widths["scans"] / PRECISION) ** 2) > 5
    assert sentence == (
        f"Few replications for 'Scans' under 'form': the interval is ±{100 * widths['scans']:.1f}% of the base's figure. "
        f"About {needed} replications would bring it to ±2%."
    )
    assert sentence in warnings_of(compared)


def test_as_many_replications_as_were_told_are_about_enough() -> None:
    """The number is an estimate from few runs: with twice as many the interval must be narrow enough."""
    where, form = place(1000, slots=70.0), case("form", FORM)
    needed = max(needed for _, needed in too_wide(found(form, where=where, years=1, replications=10)))
    assert needed > 10
    assert too_wide(found(form, where=where, years=1, replications=2 * needed)) == []


def test_one_replication_is_told_to_be_no_basis() -> None:
    compared = found(case("form", FORM), replications=1)
    assert warnings_of(compared)[0].startswith("One replication gives no interval")
    assert isnan(compared.difference("form", "scans").low)


def test_enough_replications_of_steady_lists_need_no_warning() -> None:
    compared = found(case("form", FORM), where=place(6000, slots=18.0), years=2, replications=20)
    assert compared.values["form"]["scans"].min() > 0
    assert warnings_of(compared) == []


def listed_impatiently() -> tuple[Pathway, Pathway, Region]:
    """A scan is waited for without end, or eight weeks at the most; four people in the south have waited for ten."""
    numbers = Numbers()
    mri = {"capacity": "slots", "next": "home", "waiting": {"gives_up_to": "home"}}
    eight = {"patience": {"fixed": numbers(56, "days")}, "gives_up_to": "home"}
    patient, impatient = (
        pathway(numbers, {"mri": {**mri, "waiting": waiting}}, entry="mri", onset_rate=0.2, warm_up="4 weeks")
        for waiting in (mri["waiting"], eight)
    )
    rows = (Waiting("mri", "mri/north", "North", 1, 9), Waiting("mri", "mri/south", "South", 10, 4))
    return patient, impatient, replace(two_areas(), waiting=rows)


def test_doubts_about_lists_are_told_of_every_area_and_every_case() -> None:
    """Of the second area, where the first has nothing to tell; and of a scenario in which people are less patient."""
    patient, impatient, where = listed_impatiently()
    told = "mri (South): 4 people on its list have waited longer than anyone's patience lasts there"
    for today, then, sentences in (
        (patient, patient, []),
        (impatient, impatient, [told]),
        (patient, impatient, [f"Under 'then': {told}"]),
    ):
        cases = {"today": case("today", word=today), "then": case("then", word=then)}
        compared = compare(Experiment(cases, base="today", region=where, years=0.1, replications=2, seed=1))
        found_here = [sentence for sentence in warnings_of(compared) if "on its list" in sentence]
        assert [sentence.split(",")[0] for sentence in found_here] == sentences


# lists without end


def growing(compared: Comparison) -> list[str]:
    """The warnings of lists."""
    return [sentence for sentence in warnings_of(compared) if "no steady state" in sentence]


def test_a_list_that_grows_without_end_is_told_with_its_growth() -> None:
    """2,000 x 0.2 x 0.4 = 160 requests a year for 2 x 52 slots: about 56 more people each year."""
    compared = found(where=place(2000, slots=2.0), years=3, replications=5)
    (sentence,) = growing(compared)
    expected = 2000 * 0.2 * 0.4 - 2 * WEEKS
    told = re.fullmatch(
        r"The list for 'mri' has no steady state under 'usual': in the second half of the run it grows by about "
        r"(\d+) people a year, to (\d+). Its waits depend on the years simulated.",
        sentence,
    )
    assert told is not None, sentence
    a_year, end = (int(number) for number in told.groups())
    assert a_year == pytest.approx(expected, rel=0.25)
    assert end == pytest.approx(3 * expected, rel=0.25)


def test_growth_of_a_list_is_that_of_its_weeks() -> None:
    """Worked out again from the lists: eight weeks up to the middle, eight before the last whole one."""
    compared = found(where=place(2000, slots=2.0), years=3, replications=5)
    (sentence,) = growing(compared)
    tables = [lists_table(tallies, compared.plan) for tallies in compared.tallies["usual"]]
    weekly = np.mean([table[table["week"] >= 0]["waiting"].to_numpy() for table in tables], axis=0)
    half = len(weekly) // 2
    late = weekly[-9:-1].mean() - weekly[half - 8 : half].mean()
    assert (
        f"about {late / (len(weekly) - half - 1) * WEEKS:.0f} people a year, to {weekly[-9:-1].mean():.0f}." in sentence
    )


def test_a_terminal_is_told_a_few_lists_and_how_many_more(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = found(where=place(2000, slots=2.0), years=0.5, replications=2)
    monkeypatch.setattr("sim.experiments.precision.too_wide", lambda _: [])
    monkeypatch.setattr("sim.experiments.compare.too_wide", lambda _: [])
    monkeypatch.setattr("sim.experiments.precision.growing_lists", lambda *_: [f"List {k}." for k in range(5)])
    assert warnings_of(compared) == [f"List {k}." for k in range(5)]
    assert warnings_of(compared, most=3) == [
        "List 0.", "List 1.", "List 2.", "And 2 more growing lists: see the report (--out)."
    ]  # fmt: skip
    assert warnings_of(compared, most=5) == warnings_of(compared)


def made(outcome: str, base: list[float], then: list[float]) -> Comparison:
    """A comparison in which one outcome has these values and nothing else differs."""
    compared = found(case("form", FORM), years=0.1, replications=len(base))
    zeros = pd.DataFrame({name: np.zeros(len(base)) for name in compared.outcomes})
    values = {"usual": zeros.assign(**{outcome: base}), "form": zeros.assign(**{outcome: then})}
    object.__setattr__(compared, "values", values)
    if outcome == "wait":
        object.__setattr__(compared, "tallies", dict(compared.tallies) | {"form": with_more_referrals(compared)})
    return compared


def test_a_wait_near_zero_does_not_ask_for_more_replications() -> None:
    """Today nobody waits longer than an hour or so; the differences are known to ± 4.30 × 0.1 / √3 = 0.25 days."""
    assert too_wide(made("wait", [0.05, 0.05, 0.05], [0.05, 0.15, 0.25])) == []
    ((sentence, needed),) = too_wide(made("wait", [0.05, 0.05, 0.05], [0.05, 1.05, 2.05]))
    assert needed == ceil(3 * (4.302652729911275 / np.sqrt(3) / 0.5) ** 2)
    assert "the interval is ±2.5 days." in sentence
    assert sentence.endswith("would bring it to ±0.5 days.")


def test_qalys_ask_for_replications_by_what_is_gained_per_head() -> None:
    """2,000 people, a tenth of a year: one a year per 100,000 is 0.002 QALYs here. Their total plays no part."""
    for total in (100.0, 100_000.0):
        narrow = made("qalys", [total] * 3, [total + gained for gained in (0.0100, 0.0104, 0.0108)])
        assert too_wide(narrow) == []
        ((sentence, _),) = too_wide(made("qalys", [total] * 3, [total + gained for gained in (0.01, 0.02, 0.03)]))
        assert "the interval is ±12.4 a year per 100,000 registered people." in sentence  # 4.303 × 0.01 / √3 / 0.002
        assert sentence.endswith("would bring it to ±1.")


def test_more_replications_than_auto_ever_runs_are_told_as_such() -> None:
    """± 4.303 × 30 / √3 = 74.5 of 100: 3 × (74.5 / 2)² = 4,166 replications."""
    ((sentence, needed),) = too_wide(made("scans", [100.0] * 3, [70.0, 100.0, 130.0]))
    assert needed > AUTO_MOST
    assert f"About {needed} replications (--replications auto stops at 200) would bring it to ±2%." in sentence


def test_a_list_is_told_only_under_the_scenario_in_which_it_grows() -> None:
    """Enough slots today, half as many in the scenario."""
    compared = found(case("fewer", scenario(fewer={})), where=place(2000, slots=4.0), years=3, replications=5)
    (sentence,) = growing(compared)
    assert "under 'fewer'" in sentence


@pytest.mark.parametrize(
    ("slots", "listed", "years"),
    [
        (4.0, 0, 3.0),  # more slots than requests
        (8.0, 100, 3.0),  # a long list at the start that is worked off
        (2.0, 0, 0.5),  # too short to tell
    ],
)
def test_other_lists_are_not_told(slots: float, listed: int, years: float) -> None:
    waiting = (Waiting("mri", "mri", "", 4, listed),) if listed else ()
    compared = found(where=place(2000, slots=slots, waiting=waiting), years=years, replications=5)
    assert growing(compared) == []


# waits


def urgent_and_routine() -> Pathway:
    """A clinic for which half are urgent and go first, and a lever that adds 30% to its slots."""
    numbers = Numbers()
    urgent = {"is_urgent": {"levels": {"yes": {"share": numbers(0.5, "share")}, "no": {"share": "rest"}}}}
    return pathway(
        numbers,
        {
            "clinic": {
                "capacity": "slots",
                "next": "home",
                "waiting": {
                    "priority": "routine",
                    "priorities": [{"when": {"is_urgent": "yes"}, "priority": "urgent"}],
                },
            }
        },
        entry="clinic",
        onset_rate=0.5,
        attributes=urgent,
        levers={
            "more": {
                "title": "More",
                "says": "For a test",
                "counter_effects": "None",
                "changes": [{"service": "clinic", "capacity_times": numbers(1.3, "ratio")}],
            }
        },
        outcomes={"wait": {"title": "Wait (days)", "of": "wait", "services": ["clinic"], "better": "less"}},
    )


def test_more_slots_shorten_the_wait_though_those_who_waited_longest_are_seen_at_last() -> None:
    """Half are urgent and take nearly all slots. With 30% more, people who would still wait are seen: the mean of those seen
    rises, which was once compared and told as worse; of everybody who was referred it falls."""
    word = urgent_and_routine()
    cases = {
        name: Case(name, settings, word) for name, settings in (("usual", scenario()), ("more", scenario(more={})))
    }
    where = region(2000, sites={"clinic": 10.0})
    compared = compare(Experiment(cases, base="usual", region=where, years=2, replications=4, seed=1))
    seen = {
        name: np.mean([each.wait_ticks.sum() / each.seen_after.sum() for each in runs])
        for name, runs in compared.tallies.items()
    }
    assert seen["more"] > 2 * seen["usual"]
    difference = compared.difference("more", "wait")
    assert difference.high < -20
    assert key_message(compared, "more", "wait").verdict == "better"
    assert compared.still_waiting("more", "wait") < compared.still_waiting("usual", "wait") - 0.1
    beside = comparison_dict(compared)["scenarios"]["more"]["wait"]["still_waiting_share"]
    assert beside == {
        name: compared.still_waiting(case, "wait") for name, case in (("base", "usual"), ("scenario", "more"))
    }
