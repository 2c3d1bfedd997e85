"""The same money, otherwise: allocation under a budget, against another solver's results, numbers worked by hand, and brute force."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.policy_values import LIBRARY, policy_value
from outcomes.portfolio.allocate import DECISIONS, allocate
from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.programme import Infeasible
from outcomes.portfolio.uncertainty import allocation_uncertainty, sample_gains
from outcomes.portfolio.words import number, pounds
from outcomes.table_rules import BadTable
from tests.helpers.shared import SHARED
from tests.helpers.vectors import cases, needs_vectors, vector

EVIDENCE = SHARED / "evidence"
needs_evidence = pytest.mark.skipif(not EVIDENCE.is_dir(), reason="the evidence is not beside the project")
MIDNOTTS = pd.read_csv(LIBRARY / "midnotts_portfolio.csv")
BUDGET = 4_500_000


def options(**columns: Any) -> pd.DataFrame:
    """Three services: an injection without gain, a class, and a programme that nobody has yet."""
    table: dict[str, Any] = {
        "service": ["injection", "class", "programme"],
        "unit_cost": [600.0, 200.0, 400.0],
        "variable_share": [1.0, 1.0, 1.0],
        "qaly_pp": [0.0, 0.02, 0.06],
        "n_now": [100, 50, 0],
        "min_n": [10, 0, 0],
        "max_n": [100, 400, 100],
    }
    return pd.DataFrame(table | columns)


def people(found: Allocation) -> list[float]:
    """How many people each option has in the plan."""
    return found.plan["n_after"].round(6).tolist()


def calibrated() -> pd.DataFrame:
    """The Mid-Nottinghamshire table with the gains that were multiplied to fit the published total."""
    return MIDNOTTS.assign(qaly_pp=MIDNOTTS["qaly_pp_calibrated"])


# against another solver


@pytest.mark.parametrize("case", cases("allocation_lp"))
def test_another_solver_finds_the_same_health(case: dict[str, Any]) -> None:
    """R's lpSolve; its people too, since none of these programmes has ties, and its spending."""
    given_, expected = case["input"], case["expected"]
    count = len(given_["unit_cost"])
    found = allocate(
        {
            "service": [f"service {row}" for row in range(count)],
            "unit_cost": given_["unit_cost"],
            "qaly_pp": given_["qaly_per_person"],
            "n_now": [0] * count,
            "min_n": given_["min_n"],
            "max_n": given_["max_n"],
        },
        budget=given_["budget"],
        integer=given_["integer"],
    )
    assert found.objective == pytest.approx(expected["objective"], rel=1e-9)
    assert found.spend == pytest.approx(expected["spend"], rel=1e-9)
    assert found.plan["n_after"].to_numpy() == pytest.approx(np.array(expected["n"]), abs=1e-6)


@needs_vectors
def test_the_published_ratios_of_mid_nottinghamshire_follow_from_its_totals() -> None:
    """Arithmetic of the abstract, by the project's own table: people, cost and QALYs are the published totals."""
    published, derived = vector("midnotts_published")["published"], vector("midnotts_published")["derived"]
    found = allocate(calibrated(), budget=published["cost_gbp"], integer=True)
    assert found.people_now == published["people"]
    assert found.spend_now == pytest.approx(published["cost_gbp"], abs=50)
    assert found.qalys_now == pytest.approx(published["qalys_before"], abs=0.5)
    assert found.qalys == pytest.approx(published["qalys_after"], abs=2)
    classes = found.plan[found.plan["evidence_class"] != "new"]["evidence_class"].value_counts()
    named = {name: published[name] for name in ("benefit", "no_evidence", "no_improvement", "possible_harm")}
    assert classes.to_dict() == named
    assert sum(named.values()) == published["interventions"]
    before, after, cost, n = (published[name] for name in ("qalys_before", "qalys_after", "cost_gbp", "people"))
    ratios = {
        "cost_per_person": cost / n,
        "cost_per_qaly_before": cost / before,
        "cost_per_qaly_after": cost / after,
        "qaly_per_person_before": before / n,
        "qaly_per_person_after_if_same_n": after / n,
        "ratio": after / before,
        "gain": after - before,
        "nhb_gain_at_20k": after - before,
        "nmb_gain_at_20k": (after - before) * policy_value("threshold"),
    }
    assert set(ratios) == set(derived)
    for name, value in ratios.items():
        assert value == pytest.approx(derived[name], rel=1e-9), name
    ours = {
        "cost_per_person": found.spend_now / found.people_now,
        "cost_per_qaly_before": found.spend_now / found.qalys_now,
        "cost_per_qaly_after": found.spend / found.qalys,
        "qaly_per_person_before": found.qalys_now / found.people_now,
        "ratio": found.qalys / found.qalys_now,
    }
    for name, value in ours.items():
        assert value == pytest.approx(derived[name], rel=1e-3), name


@needs_evidence
def test_the_worked_plan_of_mid_nottinghamshire_is_reproduced_row_by_row() -> None:
    """7,703.8 QALYs for £4,499,864; £1.30m, 29% of the money, moved; 20,360 people; £1,719 for one more QALY."""
    worked = pd.read_csv(EVIDENCE / "midnotts.csv")
    found = allocate(calibrated(), budget=BUDGET, integer=True)
    assert found.plan["n_after"].tolist() == worked["n_after"].tolist()
    assert found.plan["qalys_after"].to_numpy() == pytest.approx(worked["qalys_after"].to_numpy(), abs=0.06)
    assert found.plan["cost_after"].to_numpy() == pytest.approx(worked["cost_after_gbp"].to_numpy(), abs=0.6)
    assert round(found.qalys, 1) == 7703.8
    assert int(found.spend) == 4_499_864
    assert found.people == 20_360
    assert round(found.moved_gbp / 1e6, 2) == 1.30
    assert round(100 * found.moved_gbp / found.spend_now) == 29
    assert round(found.shadow_price) == 1719


@needs_evidence
def test_the_grid_of_growth_and_new_places_is_reproduced() -> None:
    """midnotts_sensitivity.csv without a cap on people: services that help grow by a share, new ones to a number."""
    grid = pd.read_csv(EVIDENCE / "midnotts_sensitivity.csv")
    grid = grid[(grid["people_cap"] == 0) & grid["growth"].isin([0.0, 0.5, 2.0]) & grid["new_cap"].isin([0, 500, 4000])]
    assert len(grid) == 9
    new = MIDNOTTS["evidence_class"] == "new"
    for row in grid.itertuples():
        most = np.floor(MIDNOTTS["n_now"] * (1 + row.growth) + 1e-9).where(MIDNOTTS["qaly_pp"] > 0, MIDNOTTS["n_now"])
        table = calibrated().assign(max_n=most.mask(new, row.new_cap))
        found = allocate(table, budget=BUDGET, integer=True)
        assert found.qalys == pytest.approx(row.qalys, abs=0.6), (row.growth, row.new_cap)


@needs_evidence
def test_weights_by_deprivation_give_the_worked_split_and_need_settles_what_weights_leave_open() -> None:
    """midnotts_equity.csv. Without weights the worked solution was an arbitrary vertex (1,689 QALYs in the least deprived
    fifth, 1,168 in the most); the tie-break splits by need, so that the most deprived fifth has most."""
    worked = pd.read_csv(EVIDENCE / "midnotts_equity.csv").iloc[:4]
    use, need = np.array([22, 21, 20, 19, 18]) / 100, np.array([26, 22, 20, 17, 15]) / 100
    table = calibrated().loc[np.repeat(MIDNOTTS.index, 5)].reset_index(drop=True)
    fifth = np.tile(np.arange(5), len(MIDNOTTS))
    new = table["evidence_class"] == "new"
    table = table.assign(
        imd_group=fifth + 1,
        n_now=table["n_now"] * use[fifth],
        min_n=table["min_n"] * use[fifth],
        max_n=table["max_n"] * np.where(new, 2 * need[fifth], use[fifth]),
    )
    names = table["service"][new].unique()
    for name in names:
        table[f"{name}_per_person"] = (table["service"] == name).astype(float)
    places = pd.DataFrame({"name": names, "capacity": 816})
    shares = dict(enumerate(need, 1))
    for row in worked.itertuples():
        weights = {group: getattr(row, f"weight_q{group}") for group in range(1, 6)}
        found = allocate(table, budget=BUDGET, resources=places, equity_weights=weights, need_share=shares)
        assert found.qalys == pytest.approx(row.total_qalys, abs=0.15)
        by_fifth = found.plan.groupby("imd_group")["qalys_after"].sum()
        assert found.weighted == (float(row.epsilon) != 0)
        if found.weighted:
            expected = [getattr(row, f"qalys_q{group}") for group in range(1, 6)]
            assert by_fifth.to_numpy() == pytest.approx(np.array(expected), abs=0.06)
        else:
            added = found.plan[found.plan["evidence_class"] == "new"].groupby("imd_group")["n_after"].sum()
            assert (added / added.sum()).to_numpy() == pytest.approx(need, abs=1e-9)


# the checks of allocation


def test_V57_what_is_spent_today_with_floors_and_mosts_as_today_is_today() -> None:
    table = MIDNOTTS.assign(min_n=MIDNOTTS["n_now"], max_n=MIDNOTTS["n_now"])
    now = float((table["n_now"] * table["unit_cost"]).sum())
    found = allocate(table, budget=now)
    assert people(found) == table["n_now"].tolist()
    assert found.qalys == pytest.approx(found.qalys_now, rel=1e-9)
    assert found.spend == pytest.approx(now, rel=1e-9)
    assert found.moved_gbp == 0
    assert set(found.plan["decision"]) == {"unchanged"}


def test_V58_a_budget_below_the_floors_is_refused_with_the_shortfall_and_the_largest_floors() -> None:
    table = options(unit_cost=[60_000, 20_000, 40_000], min_n=[50, 76, 2], n_now=[50, 76, 2], qaly_pp=[0.1, 0.2, 0.3])
    with pytest.raises(Infeasible) as caught:
        allocate(table, budget=4_500_000)
    assert str(caught.value) == (
        "Infeasible: floors need £4.60m, budget is £4.50m (short £0.10m): largest floors injection £3.00m, class £1.52m, "
        "programme £0.08m. Lower them, or raise what there is."
    )


def test_V58_a_small_shortfall_is_told_in_pounds() -> None:
    with pytest.raises(
        Infeasible, match=r"floors need £6,000, budget is £5,990 \(short £10\): largest floors injection £6,000\. "
    ):
        allocate(options(), budget=5990)


@given(st.lists(st.integers(0, 100_000), min_size=3, max_size=6, unique=True))
@settings(max_examples=30)
def test_V59_more_money_never_gives_less_health_and_each_pound_no_more_than_the_one_before(budgets: list[int]) -> None:
    spent = sorted(6000 + budget for budget in budgets)
    health = np.array([allocate(options(), budget=budget).objective for budget in spent])
    a_pound = np.diff(health) / np.diff(spent)
    assert (a_pound >= -1e-6).all()
    assert (np.diff(a_pound) <= 1e-6).all()


def test_V60_without_any_gain_no_more_is_spent_than_the_floors_need() -> None:
    for integer in (False, True):
        found = allocate(options(qaly_pp=[0.0] * 3, min_n=[10, 20, 0]), budget=100_000, integer=integer)
        assert found.objective == 0
        assert people(found) == [10, 20, 0]
        assert found.spend == 10 * 600 + 20 * 200
        assert np.isnan(found.shadow_price)


def test_V60_without_any_gain_nothing_is_set_up() -> None:
    found = allocate(options(qaly_pp=[0.0] * 3, setup_cost=[0, 0, 5000]), budget=100_000)
    assert found.spend == 6000


def test_V61_weights_of_ten_change_the_objective_tenfold_and_the_plan_not_at_all() -> None:
    table = by_group(unit_cost=[300.0] * 5, qaly_pp=[0.05, 0.04, 0.03, 0.02, 0.01])
    ones, tens = (
        allocate(table, budget=60_000, equity_weights=dict.fromkeys(range(1, 6), weight)) for weight in (1.0, 10.0)
    )
    assert people(tens) == people(ones)
    assert tens.objective == pytest.approx(10 * ones.objective, rel=1e-12)
    assert tens.qalys == ones.qalys
    assert (ones.weighted, tens.weighted) == (False, True)


def by_group(**columns: Any) -> pd.DataFrame:
    """One class for five groups of deprivation, all alike."""
    table: dict[str, Any] = {
        "service": ["class"] * 5,
        "imd_group": [1, 2, 3, 4, 5],
        "unit_cost": [200.0] * 5,
        "variable_share": [1.0] * 5,
        "qaly_pp": [0.02] * 5,
        "n_now": [10] * 5,
        "min_n": [0] * 5,
        "max_n": [200] * 5,
    }
    return pd.DataFrame(table | columns)


NEED = {1: 0.26, 2: 0.22, 3: 0.20, 4: 0.17, 5: 0.15}


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("variable", [1.0, 0.5])
def test_V62_groups_alike_are_split_by_need_and_always_the_same(integer: bool, variable: float) -> None:
    table = by_group(variable_share=[variable] * 5)
    found = [allocate(table, budget=20_000, need_share=NEED, integer=integer) for _ in range(3)]
    assert people(found[0]) == [26, 22, 20, 17, 15]
    assert all(people(each) == people(found[0]) for each in found)
    assert found[0].plan.equals(found[1].plan)


def test_V62_without_need_groups_alike_have_equal_shares() -> None:
    assert people(allocate(by_group(), budget=20_000)) == [20] * 5


def test_V62_the_order_of_rows_does_not_matter() -> None:
    table = by_group()
    turned = table.iloc[::-1].reset_index(drop=True)
    one, other = (allocate(each, budget=20_000, need_share=NEED) for each in (table, turned))
    assert people(one) == people(other)[::-1]


def test_need_is_shared_among_the_groups_that_a_service_is_for() -> None:
    """For fifths 1 and 2 alone, 26 and 22 of 48."""
    found = allocate(by_group().iloc[:2], budget=9600, need_share={1: 26 / 48, 2: 22 / 48})
    assert people(found) == [26, 22]
    both = pd.concat([by_group(), by_group(service=["walk"] * 5).iloc[:2]], ignore_index=True)
    walk = allocate(both, budget=100_000_000, need_share=NEED).plan.iloc[5:]
    assert walk["n_after"].tolist() == [200, 200]


# what a plan holds, worked by hand


def test_money_goes_to_the_most_health_for_a_pound_and_the_last_pound_is_priced() -> None:
    """£70,000: the floor of 10 injections takes £6,000; 100 places of the programme (0.15 QALYs per £1,000) £40,000; the
    remaining £24,000 pay for 120 in the class (0.1 per £1,000), whose next person costs £200 for 0.02: £10,000 a QALY."""
    found = allocate(options(), budget=70_000)
    assert people(found) == [10, 120, 100]
    assert found.plan["decision"].tolist() == ["scaled down", "scaled up", "started"]
    assert set(found.plan["decision"]) <= set(DECISIONS)
    assert found.objective == pytest.approx(120 * 0.02 + 100 * 0.06)
    assert (found.spend_now, found.spend) == (70_000, pytest.approx(70_000))
    assert found.moved_gbp == 90 * 600
    assert found.shadow_price == pytest.approx(10_000)
    assert found.sentences[:4] == (
        "Today £70,000 gives 1 QALYs; the plan gives 8.4 for £70,000 (7.4 more, 740%).",
        "£54,000 (77% of what is spent today) is moved. Options: 1 scaled down, 1 scaled up and 1 started.",
        "At the margin one QALY more would cost £10,000.",
        "Ranking by QALYs for a pound, the usual list, finds the same health.",
    )
    prices = found.shadow_prices.set_index(["limit", "name"])["qalys_per_unit"]
    assert prices["most", "programme"] == pytest.approx(0.06 - 400 / 10_000)
    assert prices["floor", "injection"] == pytest.approx(600 / 10_000)
    assert found.binding == (
        "Money: all of £70,000 counts; at the margin one QALY more would cost £10,000.",
        "injection: at its floor of 10; one person fewer would free money worth 0.06 QALYs.",
        "programme: at its most of 100; one person more would add 0.02 QALYs.",
    )


def test_the_price_of_the_last_qaly_is_what_one_more_costs() -> None:
    """By giving a little more money and looking."""
    one, more = (allocate(options(), budget=budget) for budget in (70_000, 70_100))
    assert more.objective - one.objective == pytest.approx(100 / one.shadow_price)


def test_money_that_buys_nothing_more_is_left() -> None:
    found = allocate(options(), budget=1_000_000)
    assert people(found) == [10, 400, 100]
    assert np.isnan(found.shadow_price)
    assert found.spend == 6000 + 80_000 + 40_000
    assert found.sentences[2] == "£874,000 is left: within the other limits more money would add no health."


def test_stopping_frees_only_the_variable_share() -> None:
    """Ten injections stay of 100 at £600, of which 40% is variable: 90 x 240 = £21,600 are freed, £32,400 stay paid. The
    class frees its £10,000 too."""
    found = allocate(options(variable_share=[0.4, 1, 1]), budget=70_000)
    assert found.plan["cost_after"].iloc[0] == pytest.approx(10 * 600 + 90 * 360)
    assert found.moved_gbp == pytest.approx(21_600 + 10_000)
    assert people(found) == [10, 0, pytest.approx((10_000 + 21_600) / 400)]
    assert found.spend == pytest.approx(70_000)


def test_a_service_whose_stopping_frees_nothing_and_that_gives_nothing_stays_as_it_is() -> None:
    found = allocate(options(variable_share=[0.0, 1, 1]), budget=70_000)
    assert people(found)[0] == 100
    assert found.plan["decision"].iloc[0] == "unchanged"


def test_growth_costs_all_of_it_whatever_is_fixed() -> None:
    """With half the cost fixed, 10 more in the class still cost £2,000."""
    table = options(variable_share=[1, 0.5, 1], min_n=[100, 0, 0], max_n=[100, 400, 0])
    assert people(allocate(table, budget=72_000)) == [100, 60, 0]


def test_what_harms_or_gives_nothing_only_shrinks() -> None:
    for gain in (0.0, -0.01):
        found = allocate(options(qaly_pp=[gain, 0.02, 0.06], max_n=[500, 400, 100]), budget=1_000_000)
        assert people(found)[0] == 10
    kept = allocate(options(qaly_pp=[-0.01, 0.02, 0.06], min_n=[100, 0, 0], max_n=[500, 400, 100]), budget=1_000_000)
    assert people(kept)[0] == 100
    assert kept.qalys == pytest.approx(-1 + 8 + 6)


def test_setting_up_is_paid_once_and_only_where_it_is_worth_it() -> None:
    """£20,000 beyond the floor. Setting up for £5,000 leaves £15,000 for 37.5 in the programme: 2.25 QALYs, against 2.0 in
    the class; for £10,000 it leaves 25: 1.5 QALYs. Its first £16,000 of people at £5,000 beat the class."""
    cheap = allocate(options(setup_cost=[0, 0, 5000]), budget=26_000)
    assert people(cheap) == [10, 0, 37.5]
    assert cheap.plan["cost_after"].iloc[2] == pytest.approx(5000 + 37.5 * 400)
    dear = allocate(options(setup_cost=[0, 0, 10_000]), budget=26_000)
    assert people(dear) == [10, 100, 0]
    assert not (dear.shadow_prices["name"] == "programme").any()


def test_the_list_falls_short_where_setting_up_does_not_pay() -> None:
    found = allocate(options(setup_cost=[0, 0, 10_000]), budget=26_000)
    assert found.league_table.objective == pytest.approx(1.5)
    assert "would find 0.5 QALYs fewer" in " ".join(found.sentences)


def test_a_service_that_runs_has_been_set_up() -> None:
    found = allocate(options(setup_cost=[0, 5000, 0]), budget=70_000)
    assert people(found) == [10, 120, 100]


def test_setting_up_is_shared_by_the_groups_of_a_service() -> None:
    table = by_group(n_now=[0] * 5, setup_cost=[1000.0] * 5)
    found = allocate(table, budget=21_000)
    assert people(found) == [20] * 5
    assert found.plan["cost_after"].tolist() == [pytest.approx(4200)] * 5


def test_returns_fall_with_numbers_where_the_tranches_say_so() -> None:
    """Beyond 50, people in the class gain a quarter: less for a pound than an epidural at £2,000 for 0.08."""
    epidural = options().iloc[[2]].assign(service="epidural", unit_cost=2000.0, qaly_pp=0.08, max_n=50)
    table = pd.concat([options(), epidural], ignore_index=True)
    falling = {"service": ["class"], "from_n": [50], "share_of_gain": [0.25]}
    found = allocate(table, budget=76_000, tranches=falling)
    assert people(found) == [10, 50, 100, 10]
    assert found.plan["qalys_after"].tolist() == pytest.approx([0, 1.0, 6.0, 0.8])
    further = allocate(table, budget=156_000 + 400, tranches=falling)
    assert people(further) == [10, 52, 100, 50]
    assert further.plan["qalys_after"].iloc[1] == pytest.approx(50 * 0.02 + 2 * 0.005)


def test_no_row_changes_by_more_than_the_limit_on_change() -> None:
    assert people(allocate(options(), budget=70_000, change_limit=30)) == [70, 80, 30]
    own = allocate(options(change_limit=[None, 30, 20]), budget=70_000)
    assert people(own) == [10, 80, 20]


def test_capacity_binds_and_is_priced() -> None:
    """The programme takes ten sessions a person, the class two: with 500 sessions, 250 in the class give 5 QALYs, 50 in
    the programme 3."""
    table = options(sessions_per_person=[0, 2, 10])
    found = allocate(table, budget=1_000_000, resources={"name": ["sessions"], "capacity": [500]})
    assert people(found) == [10, 250, 0]
    assert "sessions: all 500 are used; one more would add 0.01 QALYs." in found.binding
    assert found.league_table.breaks == ("sessions",)
    assert "Ranking by QALYs for a pound would break a limit: sessions." in found.sentences
    theatre = allocate(
        table.assign(theatre_per_person=[1, 0, 0], min_n=[0, 0, 0], qaly_pp=[0.5, 0.02, 0.06]),
        budget=1_000_000,
        resources={"name": ["sessions", "theatre"], "capacity": [10_000, 7]},
    )
    assert people(theatre) == [7, 400, 100]


def test_the_deprived_groups_get_at_least_their_share() -> None:
    """The least deprived gain most, so that all money would go there."""
    table = by_group(qaly_pp=[0.01, 0.01, 0.01, 0.01, 0.02], n_now=[0] * 5)
    assert people(allocate(table, budget=20_000)) == [0, 0, 0, 0, 100]
    found = allocate(table, budget=20_000, deprived_groups=[1, 2], deprived_share=0.4)
    assert people(found) == [20, 20, 0, 0, 60]
    said = [sentence for sentence in found.binding if sentence.startswith("imd_group")]
    assert said == ["imd_group 1, 2: just the 40% of people that they must have; the last place costs 0.01 QALYs."]
    assert found.league_table.breaks == ("share of the deprived groups",)


def test_weights_move_health_to_the_groups_they_favour() -> None:
    table = by_group(qaly_pp=[0.01, 0.01, 0.01, 0.01, 0.02], n_now=[0] * 5)
    found = allocate(table, budget=20_000, equity_weights={1: 3.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0})
    assert people(found) == [100, 0, 0, 0, 0]
    assert found.objective == pytest.approx(3.0)
    assert found.qalys == pytest.approx(1.0)
    assert "one weighted QALY more" in found.sentences[2]


def test_groups_that_stand_together_are_named_with_their_service() -> None:
    found = allocate(by_group(qaly_pp=[0.05, 0.04, 0.03, 0.02, 0.01]), budget=50_000)
    assert any(sentence.startswith("class (imd_group 1): at its most of 200") for sentence in found.binding)


# properties


PORTFOLIO = st.integers(1, 4).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            "service": st.just([f"s{row}" for row in range(rows)]),
            "unit_cost": st.lists(st.integers(1, 40), min_size=rows, max_size=rows),
            "variable_share": st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=rows, max_size=rows),
            "qaly_pp": st.lists(st.sampled_from([-1, 0, 1, 2, 3, 5]), min_size=rows, max_size=rows),
            "n_now": st.lists(st.integers(0, 4), min_size=rows, max_size=rows),
            "setup_cost": st.lists(st.sampled_from([0, 0, 0, 20, 50]), min_size=rows, max_size=rows),
        }
    )
)


@given(PORTFOLIO, st.integers(0, 300))
@settings(max_examples=150)
def test_no_whole_plan_is_better_than_the_one_found(table: dict[str, list[Any]], budget: int) -> None:
    """By brute force over every plan of at most six people in each service. Stranded costs may leave no plan at all."""
    frame = pd.DataFrame(table).assign(min_n=0, max_n=6)
    now, cost, share, setup = (frame[c].to_numpy(float) for c in ("n_now", "unit_cost", "variable_share", "setup_cost"))

    def spend(n: np.ndarray) -> float:
        below = np.minimum(n, now)
        fixed = cost * (1 - share) * now
        return float((fixed + cost * share * below + cost * (n - below) + setup * ((n > 0) & (now == 0))).sum())

    most = np.where(frame["qaly_pp"] > 0, 6, np.minimum(now, 6)).astype(int)
    every = [np.array(n) for n in itertools.product(*(range(each + 1) for each in most))]
    values = [float(frame["qaly_pp"] @ n) for n in every if spend(n) <= budget + 1e-9]
    if not values:
        with pytest.raises(Infeasible, match="floors need"):
            allocate(frame, budget=budget, integer=True)
        return
    found = allocate(frame, budget=budget, integer=True)
    assert found.objective == pytest.approx(max(values), abs=1e-6)
    assert found.spend == pytest.approx(spend(found.plan["n_after"].to_numpy()))
    assert found.spend <= budget + 1e-6
    split = allocate(frame, budget=budget)
    assert split.objective >= found.objective - 1e-6
    assert split.league_table.objective <= split.objective + 1e-6


@given(PORTFOLIO, st.integers(0, 300))
@settings(max_examples=60)
def test_with_one_budget_and_people_who_can_be_split_the_list_is_best(table: dict[str, list[Any]], budget: int) -> None:
    frame = pd.DataFrame(table).assign(min_n=0, max_n=6, setup_cost=0, variable_share=1)
    found = allocate(frame, budget=budget)
    assert found.league_table.objective == pytest.approx(found.objective, abs=1e-9)
    assert found.league_table.spend <= budget + 1e-9
    assert found.league_table.breaks == ()


def test_options_may_be_given_as_lists_and_are_not_changed() -> None:
    table = options()
    kept = table.copy()
    one = allocate(table, budget=70_000)
    assert table.equals(kept)
    assert allocate(table.to_dict("list"), budget=70_000).plan.equals(one.plan)


# plausibility


def test_gains_beyond_any_trial_are_flagged_on_average() -> None:
    found = allocate(calibrated(), budget=BUDGET, integer=True)
    (said,) = found.implausible
    assert said.startswith(
        "Implausible gains: 0.265 QALYs a person today, 0.378 in the plan; more than 0.15 per treated"
    )
    assert said in found.sentences


def test_gains_as_in_trials_are_not_flagged_and_give_a_fifteenth() -> None:
    """297 QALYs, not 4,571; and 500 in the plan."""
    found = allocate(MIDNOTTS, budget=BUDGET, integer=True)
    assert found.implausible == ()
    assert (round(found.qalys_now), round(found.qalys)) == (297, 500)


def test_a_single_gain_beyond_any_trial_is_flagged_by_name() -> None:
    found = allocate(options(qaly_pp=[0.0, 0.02, 0.4]), budget=70_000)
    assert found.qalys / found.people < policy_value("implausible_gain") * 2
    (said,) = allocate(options(qaly_pp=[0.0, 0.02, 0.4], max_n=[100, 400, 5]), budget=70_000).implausible
    assert said.startswith("Implausible gains of single services: programme 0.4 QALYs a person; more than 0.15")


def test_what_is_taken_for_granted_is_said() -> None:
    found = allocate(options().drop(columns="variable_share"), budget=70_000)
    assert found.assumed == ("No column variable_share: stopping is taken to free the whole cost.",)
    assert found.sentences[-1] == found.assumed[0]
    assert allocate(options(), budget=70_000).assumed == ()


# how sure


def test_a_plan_of_certain_gains_is_better_in_every_draw_or_in_none() -> None:
    sure = allocation_uncertainty(options(), budget=70_000, draws=16)
    assert (sure.probability_better, sure.gain_low, sure.gain_high) == (1.0, sure.gain_mean, sure.gain_mean)
    assert (sure.moves["share_same"] == 1).all()
    same = allocation_uncertainty(options(min_n=[100, 50, 0], max_n=[100, 50, 0]), budget=70_000, draws=16)
    assert same.probability_better == 0.0
    assert len(same.no_regrets) == 0


def test_the_probability_of_a_better_plan_is_that_of_a_normal_distribution() -> None:
    """A programme of gain 0.02 with spread 0.02 takes the place of nothing: better where the draw is above 0, which is
    above one standard deviation below the mean: 84.1%."""
    table = options(qaly_pp=[0.0, 0.0, 0.02], qaly_sd=[0, 0, 0.02])
    found = allocation_uncertainty(table, budget=1_000_000, draws=4096, seed=3)
    assert found.probability_better == pytest.approx(0.841345, abs=0.001)
    assert found.gain_mean == pytest.approx(2.0, abs=0.005)
    assert found.gain_low == pytest.approx(100 * (0.02 - 1.95996 * 0.02), abs=0.05)
    assert found.gain_high == pytest.approx(100 * (0.02 + 1.95996 * 0.02), abs=0.05)


def test_no_regrets_are_changes_that_nine_draws_in_ten_would_make_too() -> None:
    """Given draws: the class is worth having in all ten, the programme in eight, the injection (gain 5) in one."""
    draws = np.array([[0.0, 0.02, 0.06]] * 7 + [[5.0, 0.02, 0.06]] + [[0.0, 0.02, -0.1]] * 2)
    found = allocation_uncertainty(options(), budget=1_000_000, qaly_draws=draws)
    assert found.draws == 10
    assert found.moves["share_same"].tolist() == pytest.approx([0.9, 1.0, 0.8])
    assert found.no_regrets["service"].tolist() == ["injection", "class"]
    assert found.probability_better == pytest.approx(0.7)


def test_the_same_seed_gives_the_same_draws_and_another_one_others() -> None:
    table = options(qaly_sd=[0.01, 0.01, 0.02])
    one, again, other = (sample_gains(table, draws=64, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()
    assert one.mean(axis=0) == pytest.approx(table["qaly_pp"], abs=1e-3)
    assert one.std(axis=0) == pytest.approx(table["qaly_sd"], rel=0.05)
    assert sample_gains(table, draws=65, seed=1).shape == (128, 3)


def test_groups_of_a_service_share_their_draws() -> None:
    drawn = sample_gains(by_group(qaly_sd=[0.01] * 5), draws=16, seed=1)
    assert (drawn == drawn[:, :1]).all()


def test_in_a_draw_without_a_plan_nothing_moves_the_same_way() -> None:
    """Where the deprived gain nothing, their share cannot be reached any more: that draw agrees with no change."""
    table = by_group(n_now=[0] * 5, min_n=[0, 0, 0, 0, 60])
    draws = np.array([[0.02] * 5, [-0.02, -0.02, 0.02, 0.02, 0.02]])
    found = allocation_uncertainty(table, budget=20_000, qaly_draws=draws, deprived_groups=[1, 2], deprived_share=0.4)
    assert (found.moves["share_same"] <= 0.5).all()


# bad input


@pytest.mark.parametrize(
    ("columns", "arguments", "said"),
    [
        ({"max_n": [100, None, np.inf]}, {}, "options: max_n: row 1: missing; row 2: inf; without it the plan has no bound: write how many people could be treated at the most"),
        ({"n_now": [100, None, 0]}, {}, "options: n_now: row 1: missing; a number from 0 is needed"),
        ({"n_now": [100, 50.5, 0]}, {"integer": True}, "options: n_now: row 1: 50.5; a whole number from 0 is needed"),
        ({"unit_cost": [600, -1, 400]}, {}, "options: unit_cost: row 1: -1; a number from 0 is needed"),
        ({"variable_share": [1, 1, 40]}, {}, "options: variable_share: row 2: 40; a number from 0 to 1 is needed"),
        ({"qaly_pp": [0, "much", 0]}, {}, "options: qaly_pp: row 1: 'much'; a number is needed"),
        ({"qaly_sd": [None, -1, 0]}, {}, "options: qaly_sd: row 1: -1; a number from 0 is needed, or nothing"),
        ({"service": ["class", "class", "walk"]}, {}, "options: service, imd_group: row 1: 'class', 'all'; each row must differ in it"),
        ({"min_n": [10, 500, 0]}, {}, "options: min_n, max_n: row 1: 500, 400; the floor must not be above the most"),
        ({"min_n": [101, 0, 0], "max_n": [200, 400, 100]}, {}, "options: qaly_pp, n_now, min_n: row 0: 0, 100, 101; what gives no health may only be scaled down: lower the floor to today's number, or correct the gain"),
        ({"min_n": [10, 0, 60]}, {"change_limit": 50}, "options: min_n, max_n: row 2: 60, 100; there is no number between the floor (or today less the change limit) and the most (or today plus the change limit)"),
        ({}, {"budget": -5}, "budget: -5; a number from 0 is needed"),
        ({}, {"budget": None}, "budget: None; a number from 0 is needed"),
        ({}, {"budget": float("nan")}, "budget: nan; a number from 0 is needed"),
        ({}, {"deprived_share": 40, "deprived_groups": ["all"]}, "deprived_share: 40; a number from 0 to 1 is needed"),
        ({}, {"deprived_share": 0.4}, "deprived_groups: none named; say which groups are deprived, of those in imd_group: all"),
        ({}, {"equity_weights": {1: 2.0}}, "equity_weights: imd_group all of the options has none\nequity_weights: imd_group: row 1: 1; no option is for this group"),
        ({}, {"equity_weights": {"all": 0.0}}, "equity_weights: equity_weights: row all: 0; a number above 0 is needed"),
        ({}, {"need_share": {"all": 0.9}}, "need_share: the shares add to 0.9, they must add to 1"),
        ({}, {"resources": {"name": ["theatre"], "capacity": [5]}}, "options: there is no column 'theatre_per_person'. Its columns are: service, unit_cost, variable_share, qaly_pp, n_now, min_n, max_n, imd_group, qaly_sd, setup_cost, change_limit, evidence_class, source"),
        ({}, {"tranches": {"service": ["class"] * 2, "from_n": [10, 20], "share_of_gain": [0.5, 0.6]}}, "tranches: share_of_gain: row 1: 0.6; returns may only fall: the share is higher than that before it"),
        ({}, {"tranches": {"service": ["injection"], "from_n": [10], "share_of_gain": [0.5]}}, "tranches: service: row 0: 'injection'; it gives no health, so that its returns cannot fall: leave it out"),
        ({}, {"tranches": {"service": ["yoga"], "from_n": [10], "share_of_gain": [0.5]}}, "tranches: service: row 0: 'yoga'; there is no such service among the options"),
    ],
)  # fmt: skip
def test_bad_input_is_told_by_row_with_the_rule(columns: dict[str, Any], arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(BadTable) as caught:
        allocate(options(**columns), **({"budget": 70_000} | arguments))
    assert str(caught.value) == said


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadTable) as caught:
        allocate(options().drop(columns=["max_n", "qaly_pp"]), budget=1)
    assert caught.value.problems == [
        "options: there is no column 'qaly_pp'. Its columns are: service, unit_cost, variable_share, n_now, min_n",
        "options: there is no column 'max_n'. Its columns are: service, unit_cost, variable_share, n_now, min_n",
    ]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadTable) as caught:
        allocate(options(n_now=[None, 50, 0], unit_cost=[600, -1, 400]), budget=-1, equity_weights={"all": -1.0})
    assert len(caught.value.problems) == 4


def test_a_missing_count_is_not_a_count_of_zero_unless_the_caller_says_so() -> None:
    found = allocate(options(n_now=[100, None, 0], min_n=[10, None, 0]), budget=70_000, fill_missing=0)
    assert found.plan["n_now"].tolist() == [100, 0, 0]


def test_one_setting_up_is_written_the_same_in_each_row() -> None:
    with pytest.raises(
        BadTable, match=r"options: service, setup_cost: row 0: 'class', 5; .* write the same cost in each of its rows"
    ):
        allocate(by_group(setup_cost=[5, 5, 5, 5, 6]), budget=1)


def test_too_little_capacity_for_the_floors_is_told_like_too_little_money() -> None:
    table = options(sessions_per_person=[0, 2, 10], min_n=[10, 50, 20])
    with pytest.raises(Infeasible) as caught:
        allocate(table, budget=70_000, resources={"name": ["sessions"], "capacity": [250]})
    assert str(caught.value) == (
        "Infeasible: floors need 300 sessions, capacity is 250 sessions (short 50 sessions): largest floors programme "
        "200 sessions, class 100 sessions. Lower them, or raise what there is."
    )


@pytest.mark.parametrize("integer", [False, True])
def test_a_share_that_cannot_be_reached_is_told_with_what_is_missing(integer: bool) -> None:
    """Of 60 at least in the least deprived fifth 40 must be for the deprived, who have 2 x 10 places: 20 are missing."""
    table = by_group(n_now=[0] * 5, min_n=[0, 0, 0, 0, 60], max_n=[10, 10, 10, 10, 60])
    with pytest.raises(Infeasible) as caught:
        allocate(table, budget=20_000, deprived_groups=[1, 2], deprived_share=0.5, integer=integer)
    assert str(caught.value) == (
        "Infeasible: within the floors, limits and budget imd_group 1, 2 cannot have 50% of all people treated; 20 places "
        "are missing. Lower the share, or raise the most of services for these groups."
    )


@pytest.mark.parametrize(
    ("draws", "shape"),
    [
        (np.zeros((4, 2)), "(4, 2)"),
        (np.zeros(3), "(3,)"),
        (np.zeros((0, 3)), "(0, 3)"),
        (np.full((1, 3), np.nan), "(1, 3)"),
    ],
)
def test_draws_that_do_not_fit_are_refused(draws: np.ndarray, shape: str) -> None:
    with pytest.raises(BadTable) as caught:
        allocation_uncertainty(options(), budget=70_000, qaly_draws=draws)
    assert str(caught.value) == f"qaly_draws: the shape is {shape}; one row per draw, one number per option (3)"


# words


def test_amounts_are_written_as_people_read_them() -> None:
    assert [pounds(value) for value in (0, 999_999, 1e6, -1719.4)] == ["£0", "£999,999", "£1.00m", "−£1,719"]
    assert [number(value) for value in (0, 0.12345, 99.9, 4571.2, -2.0)] == ["0", "0.123", "99.9", "4,571", "−2"]
