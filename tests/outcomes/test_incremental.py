"""Incremental analysis: the table of ratios, every arm against a baseline, net benefit, and the plane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from outcomes.economics.incremental import (
    against_baseline,
    cost_effectiveness_plane,
    icer_table,
    incremental_result,
    net_health_benefit,
    net_monetary_benefit,
)
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases

ARMS = pd.DataFrame(
    {"strategy": ["usual", "cft", "inject", "mri"], "cost": [500.0, 700, 1000, 900], "qaly": [0.5, 0.75, 1.0, 0.5]}
)
POINT = st.tuples(st.integers(0, 60), st.integers(0, 40))
TABLES = st.lists(POINT, min_size=1, max_size=12).map(
    lambda points: pd.DataFrame(
        {
            "strategy": [f"s{k:02d}" for k in range(len(points))],
            "cost": [float(cost) for cost, _ in points],
            "qaly": [float(health) for _, health in points],
        }
    )
)


def frontier(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of an incremental table that are on the frontier."""
    return table[table["status"] == "ND"].reset_index(drop=True)


# the table of ratios


@pytest.mark.parametrize("case", cases("icer"))
def test_published_tables_are_reproduced(case: dict[str, Any]) -> None:
    """The peer calls an exact duplicate dominated; here it is equal, which is what it is. It orders rows by status."""
    found = icer_table(pd.DataFrame(case["input"])).set_index("strategy")
    duplicates = {"b"} if case["id"] == "icer-edge-dup" else set()
    assert len(found) == len(case["expected"])
    for row in case["expected"]:
        mine = found.loc[row["Strategy"]]
        assert mine["status"] == ("EQ" if row["Strategy"] in duplicates else row["Status"])
        for column, theirs in (("inc_cost", "Inc_Cost"), ("inc_effect", "Inc_Effect"), ("icer", "ICER")):
            if row[theirs] is None:
                assert math.isnan(mine[column])
            else:
                assert mine[column] == pytest.approx(row[theirs], rel=1e-9)
    on = [row["Strategy"] for row in case["expected"] if row["Status"] == "ND"]
    assert found.index[found["status"] == "ND"].tolist() == on


def test_extended_dominance_is_looked_for_until_ratios_rise() -> None:
    """By hand: b costs 100 per unit, c 60, d 20. c falls to d, then b does: only a and d are left, at 180/5."""
    table = icer_table(pd.DataFrame({"strategy": list("abcd"), "cost": [0, 100, 160, 180], "qaly": [0, 1, 2, 5]}))
    assert table["status"].tolist() == ["ND", "ED", "ED", "ND"]
    assert table["icer"].tolist()[-1] == 36.0


def test_of_equal_costs_the_one_with_more_health_stands_first_and_dominates() -> None:
    table = icer_table(pd.DataFrame({"strategy": ["less", "more"], "cost": [100, 100], "qaly": [1, 2]}))
    assert table[["strategy", "status"]].to_numpy().tolist() == [["more", "ND"], ["less", "D"]]


def test_points_on_a_straight_line_all_stay_on_the_frontier() -> None:
    """Ratios of 1000 each, which fall by rounding: 100/(0.3 - 0.2) is more than 100/(0.4 - 0.3)."""
    table = icer_table(
        pd.DataFrame({"strategy": list("abcd"), "cost": [0, 100, 200, 300], "qaly": [0.2, 0.3, 0.4, 0.5]})
    )
    assert table["status"].tolist() == ["ND"] * 4


def test_duplicates_of_what_is_off_the_frontier_are_off_it_too() -> None:
    points = {"strategy": list("abcdefg"), "cost": [0, 9, 9, 10, 10, 12, 12], "qaly": [0, 1, 1, 5, 5, 2, 2]}
    assert icer_table(pd.DataFrame(points))["status"].tolist() == ["ND", "ED", "ED", "ND", "EQ", "D", "D"]


def test_one_strategy_alone_is_the_frontier() -> None:
    table = icer_table(ARMS.iloc[:1])
    assert table["status"].tolist() == ["ND"]
    assert table[["inc_cost", "inc_qaly", "icer"]].isna().all(axis=None)


@settings(max_examples=50)
@given(TABLES)
def test_the_frontier_holds_the_best_at_every_threshold(strategies: pd.DataFrame) -> None:
    """Independent of the algorithm: the highest net benefit is reached on the frontier, whatever a QALY may cost."""
    on = frontier(icer_table(strategies))
    for threshold in (0.0, 0.3, 1.0, 2.5, 7.0, 60.0, 1e9):
        best = (threshold * strategies["qaly"] - strategies["cost"]).max()
        assert (threshold * on["qaly"] - on["cost"]).max() == best


@settings(max_examples=50)
@given(TABLES)
def test_ratios_on_the_frontier_rise_and_are_never_negative(strategies: pd.DataFrame) -> None:
    ratios = frontier(icer_table(strategies))["icer"].to_numpy()[1:]
    assert (ratios > 0).all()
    assert (np.diff(ratios) > -1e-9).all()


@settings(max_examples=50)
@given(TABLES, st.randoms(use_true_random=False))
def test_V42_the_order_of_the_input_does_not_matter(strategies: pd.DataFrame, chance: Any) -> None:
    order = list(range(len(strategies)))
    chance.shuffle(order)
    pd.testing.assert_frame_equal(icer_table(strategies), icer_table(strategies.iloc[order]), check_exact=True)


@settings(max_examples=50)
@given(TABLES)
def test_V40_a_duplicate_changes_nothing_for_the_others(strategies: pd.DataFrame) -> None:
    before = icer_table(strategies)
    for row in strategies.to_dict("records"):
        after = icer_table(pd.concat([strategies, pd.DataFrame([{**row, "strategy": "zz"}])], ignore_index=True))
        others = after[after["strategy"] != "zz"].reset_index(drop=True)
        pd.testing.assert_frame_equal(others, before, check_exact=True)
        assert after.set_index("strategy").loc["zz", "status"] in ("EQ", "D", "ED")


def test_V40_the_duplicate_of_an_arm_on_the_frontier_is_equal() -> None:
    twin = pd.DataFrame([{"strategy": "twin", "cost": 700.0, "qaly": 0.75}])
    assert icer_table(pd.concat([ARMS, twin])).set_index("strategy").loc["twin", "status"] == "EQ"


@settings(max_examples=50)
@given(TABLES)
def test_V41_a_dominated_arm_changes_nothing_for_the_others(strategies: pd.DataFrame) -> None:
    worse = {"strategy": "worse", "cost": strategies["cost"].max() + 1, "qaly": strategies["qaly"].min() - 1}
    after = icer_table(pd.concat([strategies, pd.DataFrame([worse])], ignore_index=True))
    assert after.iloc[-1][["strategy", "status"]].tolist() == ["worse", "D"]
    pd.testing.assert_frame_equal(after.iloc[:-1], icer_table(strategies), check_exact=True)


def test_V31_with_the_same_effects_the_cheapest_dominates() -> None:
    arms = ARMS.assign(qaly=0.7)
    table = icer_table(arms).set_index("strategy")
    assert table["status"].to_dict() == {"usual": "ND", "cft": "D", "mri": "D", "inject": "D"}
    benefit = net_monetary_benefit(qalys=arms["qaly"], cost=arms["cost"], threshold=20_000)
    assert np.argsort(-benefit).tolist() == np.argsort(arms["cost"].to_numpy()).tolist()


def test_V32_with_the_same_costs_the_most_effective_is_chosen_at_every_threshold() -> None:
    arms = ARMS.assign(cost=800.0)
    assert frontier(icer_table(arms))["strategy"].tolist() == ["inject"]
    for threshold in (0.01, 1, 20_000, 1e9):
        assert np.argmax(net_monetary_benefit(qalys=arms["qaly"], cost=arms["cost"], threshold=threshold)) == 2


def test_the_input_is_left_alone_and_the_name_of_health_is_kept() -> None:
    given_table = ARMS.rename(columns={"qaly": "effect"})
    before = given_table.copy()
    assert {"effect", "inc_effect"} <= set(icer_table(given_table))
    assert "inc_effect" in against_baseline(given_table, baseline="usual")
    pd.testing.assert_frame_equal(given_table, before)


def test_bad_strategies_are_all_named_at_once() -> None:
    bad = pd.DataFrame({"strategy": ["a", "a", "b"], "cost": [1.0, None, 3.0], "qaly": [1.0, 2.0, float("inf")]})
    with pytest.raises(BadTable) as found:
        icer_table(bad)
    assert found.value.problems == [
        "strategies: cost: row 1: missing; a number is needed",
        "strategies: qaly: row 2: inf; a number is needed",
        "strategies: strategy: row 1: 'a'; each row must differ in it",
    ]
    with pytest.raises(BadTable, match=r"strategies: there is no column 'qaly'. Its columns are: strategy, cost"):
        icer_table(ARMS[["strategy", "cost"]])
    with pytest.raises(BadTable, match="strategies: the table has no rows; give one for each strategy"):
        icer_table(ARMS.iloc[:0])


# against a baseline


@pytest.mark.parametrize(
    ("inc_cost", "inc_qaly", "result"),
    [
        (1, 1, "cost per QALY gained"),
        (-1, 1, "dominates"),
        (0, 1, "dominates"),
        (-1, 0, "dominates"),
        (-1, -1, "saving per QALY lost"),
        (1, -1, "dominated"),
        (0, -1, "dominated"),
        (1, 0, "dominated"),
        (0, 0, "not defined: no difference"),
    ],
)
def test_every_direction_has_its_words(inc_cost: float, inc_qaly: float, result: str) -> None:
    assert incremental_result(inc_cost=inc_cost, inc_qaly=inc_qaly) == result


@pytest.mark.parametrize("unknown", [float("nan"), None, pd.NA, np.nan, float("inf"), -float("inf"), "*"], ids=str)
def test_what_is_not_known_is_not_dominated(unknown: Any) -> None:
    for change in (-1.0, 0.0, 1.0):
        assert incremental_result(inc_cost=unknown, inc_qaly=change) == "not known: a cost or a gain is missing"
        assert incremental_result(inc_cost=change, inc_qaly=unknown) == "not known: a cost or a gain is missing"


def test_strategies_that_differ_by_rounding_alone_are_the_same() -> None:
    """0.1 + 0.2 is not 0.3 to a computer: the dearer one was not dominated, or stood on the frontier."""
    table = icer_table(
        pd.DataFrame({"strategy": ["a", "b", "c"], "cost": [100.0, 200.0, 300.0], "qaly": [0.3, 0.1 + 0.2, 0.5]})
    )
    assert table["status"].tolist() == ["ND", "D", "ND"]
    assert table["inc_cost"].tolist()[-1] == 200
    equal = icer_table(pd.DataFrame({"strategy": ["b", "a"], "cost": [100 * 1.1, 110.0], "qaly": [0.1 + 0.2, 0.3]}))
    assert equal[["strategy", "status"]].to_numpy().tolist() == [["a", "ND"], ["b", "EQ"]]


def test_of_strategies_of_the_same_cost_but_for_rounding_the_better_dominates() -> None:
    table = icer_table(pd.DataFrame({"strategy": ["a", "b"], "cost": [110.0, 100 * 1.1], "qaly": [0.3, 0.5]}))
    assert table[["strategy", "status"]].to_numpy().tolist() == [["b", "ND"], ["a", "D"]]
    assert table["icer"].isna().all()


def test_rounding_is_no_difference_from_a_baseline_nor_on_the_plane() -> None:
    table = pd.DataFrame({"strategy": ["usual", "same"], "cost": [100 * 1.1, 110.0], "qaly": [0.3, 0.1 + 0.2]})
    found = against_baseline(table, baseline="usual")
    assert found["result"].tolist() == ["not defined: no difference"]
    assert found[["inc_cost", "inc_qaly"]].to_numpy().tolist() == [[0, 0]]
    plane = cost_effectiveness_plane(table.assign(draw=1), baseline="usual")
    assert plane.quadrants["same"].tolist() == [1.0]


@given(TABLES)
def test_rounding_moves_no_strategy_of_a_table(strategies: pd.DataFrame) -> None:
    shaken = strategies.assign(cost=strategies["cost"] * (1 + 2e-16), qaly=strategies["qaly"] * (1 - 2e-16))
    one, other = icer_table(strategies), icer_table(shaken)
    assert one[["strategy", "status"]].to_numpy().tolist() == other[["strategy", "status"]].to_numpy().tolist()


def test_V29_arms_that_are_the_same_have_no_ratio() -> None:
    same = against_baseline(
        pd.DataFrame({"strategy": ["a", "b"], "cost": [5.0, 5.0], "qaly": [0.3, 0.3]}), baseline="a"
    )
    assert same.loc[0, ["inc_cost", "inc_qaly"]].tolist() == [0, 0]
    assert same.loc[0, "result"] == "not defined: no difference"
    assert math.isnan(same.loc[0, "icer"])


OPPOSITE = {
    "dominates": "dominated",
    "dominated": "dominates",
    "cost per QALY gained": "saving per QALY lost",
    "saving per QALY lost": "cost per QALY gained",
    "not defined: no difference": "not defined: no difference",
}


@settings(max_examples=50)
@given(TABLES.filter(lambda table: len(table) > 1))
def test_V30_swapping_two_arms_changes_signs_and_labels_and_keeps_the_ratio(strategies: pd.DataFrame) -> None:
    two = strategies.iloc[:2]
    there = against_baseline(two, baseline="s00").iloc[0]
    back = against_baseline(two, baseline="s01").iloc[0]
    assert (there["inc_cost"], there["inc_qaly"]) == (-back["inc_cost"], -back["inc_qaly"])
    assert there["result"] == OPPOSITE[back["result"]]
    assert there["icer"] == back["icer"] or (math.isnan(there["icer"]) and math.isnan(back["icer"]))


def test_V43_saving_and_gaining_dominates_and_no_negative_ratio_is_given() -> None:
    found = against_baseline(
        pd.DataFrame({"strategy": ["usual", "better"], "cost": [500, 300], "qaly": [0.5, 0.6]}), baseline="usual"
    )
    assert found["result"].tolist() == ["dominates"]
    assert found["icer"].isna().all()
    assert "-2000" not in found.to_string()


@settings(max_examples=50)
@given(TABLES)
def test_V43_no_ratio_is_ever_negative(strategies: pd.DataFrame) -> None:
    ratios = against_baseline(strategies, baseline="s00")["icer"].dropna()
    assert (ratios > 0).all()


def test_V44_saving_at_the_cost_of_health_is_called_a_saving_per_qaly_lost() -> None:
    found = against_baseline(
        pd.DataFrame({"strategy": ["usual", "less"], "cost": [500, 300], "qaly": [0.5, 0.375]}), baseline="usual"
    )
    assert found[["icer", "result"]].to_numpy().tolist() == [[1600.0, "saving per QALY lost"]]


def test_a_baseline_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="baseline: there is no strategy 'usul'; there are: usual, cft, inject, mri"):
        against_baseline(ARMS, baseline="usul")


# net benefit


def test_net_benefit_is_worked_out_by_hand() -> None:
    """0.05 QALYs at 20,000 are 1,000 pounds; 600 pounds at 20,000 a QALY are 0.03 QALYs."""
    assert net_monetary_benefit(qalys=[0.05, 0.0], cost=[600, 600], threshold=20_000).tolist() == [400.0, -600.0]
    assert net_health_benefit(qalys=0.05, cost=600, threshold=20_000) == pytest.approx(0.02, rel=1e-12)


def test_V38_without_worth_of_health_net_benefit_is_minus_the_cost() -> None:
    assert net_monetary_benefit(qalys=ARMS["qaly"], cost=ARMS["cost"], threshold=0).tolist() == (-ARMS["cost"]).tolist()


def test_V39_where_health_is_worth_everything_only_health_ranks() -> None:
    benefit = net_monetary_benefit(qalys=ARMS["qaly"], cost=ARMS["cost"], threshold=1e9)
    assert np.argsort(benefit, kind="stable").tolist() == [3, 0, 1, 2]  # of equal health, the dearer is worse


def test_thresholds_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BadTable, match=r"^threshold: -1; a number from 0 is needed$"):
        net_monetary_benefit(qalys=1, cost=1, threshold=-1)
    with pytest.raises(ValueError, match="threshold: 0; a QALY that costs nothing elsewhere outweighs any cost"):
        net_health_benefit(qalys=1, cost=1, threshold=0)


# the plane

DRAWS = pd.DataFrame(
    {
        "draw": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
        "strategy": ["usual", "cft"] * 5,
        "cost": [10.0, 11, 10, 9, 10, 9, 10, 11, 10, 10],
        "qaly": [0.5, 0.75, 0.5, 0.75, 0.5, 0.25, 0.5, 0.25, 0.5, 0.5],
    }
)


def test_shares_of_quadrants_are_counted_by_hand() -> None:
    row = cost_effectiveness_plane(DRAWS, baseline="usual").quadrants.iloc[0]
    assert row[["north_east", "south_east", "south_west", "north_west", "same"]].tolist() == [0.2] * 5
    assert (row["inc_cost"], row["inc_qaly"]) == (0, 0)


def test_differences_are_joint_and_by_draw_in_any_order_of_rows() -> None:
    plane = cost_effectiveness_plane(DRAWS, baseline="usual")
    assert plane.differences["inc_cost"].tolist() == [1, -1, -1, 1, 0]
    assert plane.differences["inc_qaly"].tolist() == [0.25, 0.25, -0.25, -0.25, 0]
    mixed = DRAWS.sort_values(["strategy", "draw"]).rename(columns={"draw": "sample", "qaly": "effect"})
    again = cost_effectiveness_plane(mixed, baseline="usual").differences
    pd.testing.assert_frame_equal(again, plane.differences)


def test_the_ellipse_holds_95_percent_of_a_normal_distribution() -> None:
    """Every point lies at the Mahalanobis distance of chi-square's 95% point, and 95% of 20,000 draws lie within."""
    rng = np.random.default_rng(5)
    more = rng.multivariate_normal([300, 0.04], [[10_000, 1.2], [1.2, 0.0004]], 20_000)
    table = pd.DataFrame(
        {
            "draw": np.repeat(np.arange(20_000), 2),
            "strategy": ["usual", "cft"] * 20_000,
            "cost": np.column_stack([np.full(20_000, 500.0), 500 + more[:, 0]]).ravel(),
            "qaly": np.column_stack([np.full(20_000, 0.6), 0.6 + more[:, 1]]).ravel(),
        }
    )
    plane = cost_effectiveness_plane(table, baseline="usual")
    values = plane.differences[["inc_cost", "inc_qaly"]].to_numpy()
    inverse = np.linalg.inv(np.cov(values, rowvar=False))

    def distance(points: np.ndarray) -> np.ndarray:
        away = points - values.mean(axis=0)
        return np.einsum("ij,jk,ik->i", away, inverse, away)

    limit = stats.chi2.ppf(0.95, 2)
    np.testing.assert_allclose(distance(plane.ellipses[["inc_cost", "inc_qaly"]].to_numpy()), limit, rtol=1e-9)
    assert abs((distance(values) <= limit).mean() - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 20_000)


def test_a_plane_needs_something_to_compare() -> None:
    with pytest.raises(ValueError, match="draws: there is no strategy but 'usual'; give one to compare it with"):
        cost_effectiveness_plane(DRAWS[DRAWS["strategy"] == "usual"], baseline="usual")
    with pytest.raises(ValueError, match="baseline: there is no strategy 'none'; there are: usual, cft"):
        cost_effectiveness_plane(DRAWS, baseline="none")


def test_draws_that_lack_a_strategy_are_named() -> None:
    with pytest.raises(BadTable) as found:
        cost_effectiveness_plane(DRAWS.drop(index=[3, 6]), baseline="usual")
    assert found.value.problems == [
        "draws: draw 2 has no row for 'cft'; draw 4 has no row for 'usual'; every draw needs every strategy"
    ]
