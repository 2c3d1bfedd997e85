"""Acceptability curves, frontier, expected losses, pairwise comparison and break-even, against published runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from outcomes.economics.acceptability import (
    break_even_thresholds,
    ceac,
    ceaf,
    expected_loss,
    k_star,
    pairwise_acceptability,
)
from outcomes.economics.incremental import icer_table
from outcomes.economics.value_of_information import evpi
from outcomes.table_rules import BadTable
from tests.helpers.samples import NAMES, SAMPLES, published_draws, table_of
from tests.helpers.vectors import needs_vectors, vector


@pytest.fixture(scope="module")
def psa() -> dict[str, Any]:
    """Published results on the sample."""
    return vector("psa_ceac_evpi_evppi")


@pytest.fixture(scope="module")
def draws() -> pd.DataFrame:
    """The sample."""
    return published_draws()


# published runs


@needs_vectors
def test_the_ratios_of_the_means_are_reproduced(psa: dict[str, Any], draws: pd.DataFrame) -> None:
    found = icer_table(draws.groupby("strategy", as_index=False)[["cost", "qaly"]].mean()).set_index("strategy")
    for row in psa["icers_of_means"]:
        assert found.loc[row["Strategy"], "status"] == row["Status"]
        expected = np.nan if row["ICER"] is None else row["ICER"]
        assert found.loc[row["Strategy"], "icer"] == pytest.approx(expected, rel=1e-9, nan_ok=True)


@needs_vectors
def test_published_acceptability_curves_are_reproduced(psa: dict[str, Any], draws: pd.DataFrame) -> None:
    """The peer breaks near-ties at random and counts one draw of 1,000 at 10,000 for the wrong strategy."""
    found = ceac(draws, psa["wtp"]).pivot_table(index="threshold", columns="strategy", values="probability")
    for row in psa["ceac_exact"]:
        assert found.loc[row["wtp"], NAMES].tolist() == [row[name] for name in NAMES]
    peer = pd.DataFrame(psa["ceac"])
    mine = ceac(draws, psa["wtp"])
    assert mine["strategy"].tolist() == peer["Strategy"].tolist()
    assert (mine["probability"] - peer["Proportion"]).abs().max() == pytest.approx(0.001)
    assert mine["on_frontier"].tolist() == peer["On_Frontier"].tolist()


@needs_vectors
def test_the_published_frontier_is_reproduced(psa: dict[str, Any], draws: pd.DataFrame) -> None:
    assert ceaf(draws, psa["wtp"])["strategy"].tolist() == psa["ceaf_exact"]


@needs_vectors
def test_published_expected_losses_are_reproduced(psa: dict[str, Any], draws: pd.DataFrame) -> None:
    """To a tenth of a penny: the peer's near-ties at random blur it."""
    found = expected_loss(draws, psa["wtp"])
    peer = pd.DataFrame(psa["expected_loss"])
    assert found["strategy"].tolist() == peer["Strategy"].tolist()
    np.testing.assert_allclose(found["expected_loss"], peer["Expected_Loss"], atol=1e-3)


@needs_vectors
def test_published_pairwise_results_are_reproduced(draws: pd.DataFrame) -> None:
    case = vector("bcea_pairwise")
    expected = case["expected"]
    found = pairwise_acceptability(draws, case["wtp"], reference=case["reference"])
    for name in ("usual", "inject"):
        rows = found[found["comparator"] == name]
        np.testing.assert_allclose(rows["expected_incremental_benefit"], expected["eib"][name], rtol=1e-9)
        np.testing.assert_allclose(rows["probability"], expected["ceac_pairwise"][name], rtol=1e-12)
    assert k_star(draws, case["wtp"]) == [expected["kstar"]]
    best = [NAMES.index(name) + 1 for name in ceaf(draws, case["wtp"])["strategy"]]
    assert best == expected["best_interv"]
    np.testing.assert_allclose(evpi(draws, case["wtp"])["evpi"], expected["evi"], rtol=1e-9)


@needs_vectors
def test_the_exact_break_even_is_the_ratio_of_the_means(draws: pd.DataFrame) -> None:
    """The peer's k* of 5,000 is the next point of its grid."""
    expected = vector("bcea_pairwise")["expected"]["icer"]["usual"]
    found = break_even_thresholds(draws)
    assert found[["below", "above"]].to_numpy().tolist() == [["usual", "cft"]]
    assert found["threshold"].tolist() == pytest.approx([expected], rel=1e-9)
    edge = found["threshold"][0]
    assert ceaf(draws, [edge * (1 - 1e-9), edge * (1 + 1e-9)])["strategy"].tolist() == ["usual", "cft"]


# by hand and in general


def test_of_equals_the_first_of_the_table_is_the_best() -> None:
    same = table_of(np.array([[[5.0, 1], [5, 1], [9, 1]]] * 3), ["b", "a", "c"])
    found = ceac(same, [0, 20_000])
    assert found["probability"].tolist() == [1, 0, 0] * 2
    assert found["on_frontier"].tolist() == [True, False, False] * 2


def test_near_ties_are_no_ties() -> None:
    """A penny in a million decides."""
    near = table_of(np.array([[[1_000_000.01, 0], [1_000_000.0, 0]]]))
    assert ceac(near, 20_000)["probability"].tolist() == [0, 1]


@settings(max_examples=40)
@given(SAMPLES)
def test_V50_curves_add_to_one_and_the_frontier_is_the_curve_of_the_best_mean(table: pd.DataFrame) -> None:
    thresholds = [0.0, 0.5, 3.0, 1e4]
    curves = ceac(table, thresholds)
    np.testing.assert_allclose(curves.groupby("threshold")["probability"].sum(), 1, rtol=1e-12)
    edge = ceaf(table, thresholds)
    assert edge["threshold"].tolist() == thresholds
    assert (edge["probability"] <= 1).all()
    for row in edge.itertuples():
        means = (row.threshold * table["qaly"] - table["cost"]).groupby(table["strategy"]).mean()
        assert means[row.strategy] == pytest.approx(means.max(), rel=1e-12, abs=1e-9)
        there = curves[(curves["threshold"] == row.threshold) & (curves["strategy"] == row.strategy)]
        assert there["probability"].tolist() == [row.probability]


@settings(max_examples=40)
@given(SAMPLES)
def test_V38_without_worth_of_health_the_curve_is_how_often_each_is_the_cheapest(table: pd.DataFrame) -> None:
    wide = table.pivot_table(index="draw", columns="strategy", values="cost")
    cheapest = wide.idxmin(axis=1).value_counts(normalize=True)
    found = ceac(table, 0).set_index("strategy")["probability"]
    assert found.to_dict() == {name: cheapest.get(name, 0.0) for name in wide.columns}


@settings(max_examples=40)
@given(SAMPLES)
def test_V39_where_health_is_worth_everything_the_most_effective_is_chosen(table: pd.DataFrame) -> None:
    means = table.groupby("strategy")[["cost", "qaly"]].mean().round(9)
    chosen = means.loc[ceaf(table, 1e9)["strategy"][0]]
    assert chosen["qaly"] == means["qaly"].max()


@settings(max_examples=40)
@given(SAMPLES)
def test_V47_draws_that_never_differ_leave_no_doubt(table: pd.DataFrame) -> None:
    one = table[table["draw"] == 0]
    same = pd.concat([one.assign(draw=draw) for draw in range(5)])
    found = ceac(same, [0, 3, 1e4])
    assert set(found["probability"]) <= {0.0, 1.0}
    assert found["probability"].tolist() == found["on_frontier"].astype(float).tolist()
    assert (evpi(same, [0, 3, 1e4])["evpi"] == 0).all()


@settings(max_examples=40)
@given(SAMPLES)
def test_V40_a_duplicate_that_stands_last_changes_no_curve(table: pd.DataFrame) -> None:
    twin = table[table["strategy"] == "s0"].assign(strategy="twin")
    more = ceac(pd.concat([table, twin]), [0, 3, 1e4])
    pd.testing.assert_frame_equal(
        more[more["strategy"] != "twin"].reset_index(drop=True), ceac(table, [0, 3, 1e4]), check_exact=True
    )
    assert (more.loc[more["strategy"] == "twin", "probability"] == 0).all()


def test_V29_arms_that_are_the_same_neither_gain_nor_lose() -> None:
    same = table_of(np.array([[[5.0, 1], [5, 1]], [[7, 2], [7, 2]]]))
    found = pairwise_acceptability(same, [0, 20_000], reference="s0")
    assert found["expected_incremental_benefit"].tolist() == [0, 0]
    assert found["probability"].tolist() == [0, 0]
    assert len(break_even_thresholds(same)) == 0
    assert k_star(same, [0, 20_000]) == []


@settings(max_examples=40)
@given(SAMPLES.filter(lambda table: table["strategy"].nunique() == 2))
def test_V30_swapping_reference_and_comparator_changes_the_sign(table: pd.DataFrame) -> None:
    there = pairwise_acceptability(table, [0, 3], reference="s0")["expected_incremental_benefit"]
    back = pairwise_acceptability(table, [0, 3], reference="s1")["expected_incremental_benefit"]
    assert there.tolist() == (-back).tolist()


def test_bad_draws_are_all_named_at_once() -> None:
    bad = pd.DataFrame(
        {
            "sample": [1, 1, 2, 2],
            "strategy": ["a", "a", "a", None],
            "cost": [1.0, 2, np.nan, 4],
            "effect": [1.0, 1, 1, 1],
        }
    )
    with pytest.raises(BadTable) as found:
        ceac(bad, 20_000)
    assert found.value.problems == [
        "draws: cost: row 2: missing; a number is needed",
        "draws: sample, strategy: row 3: 2, missing; say which draw and strategy it is",
        "draws: sample, strategy: row 1: 1, 'a'; each row must differ in it",
    ]
    with pytest.raises(BadTable, match="draws: the table has no rows; give one for each draw and strategy"):
        ceac(bad.iloc[:0], 20_000)
    with pytest.raises(BadTable, match=r"^thresholds: place 1: -5; a number from 0 is needed$"):
        ceac(table_of(np.zeros((1, 1, 2))), [0, -5])
    with pytest.raises(ValueError, match="reference: there is no strategy 'x'; there are: s0"):
        pairwise_acceptability(table_of(np.zeros((1, 1, 2))), 0, reference="x")


def test_strategies_that_differ_by_rounding_alone_share_no_wins_at_random() -> None:
    """The first of the table wins: by exact comparison the second won every draw in which its sum was rounded up."""
    draws = pd.DataFrame(
        {"draw": [1, 1, 2, 2], "strategy": ["usual", "same"] * 2, "cost": 100.0, "qaly": [0.3, 0.1 + 0.2, 0.7, 0.7]}
    )
    assert ceac(draws, 20_000)["probability"].tolist() == [1, 0]
    assert ceaf(draws, 20_000)["strategy"].tolist() == ["usual"]
    assert pairwise_acceptability(draws, 20_000, reference="same")["probability"].tolist() == [0]
    assert k_star(draws, [0, 20_000, 30_000]) == []
