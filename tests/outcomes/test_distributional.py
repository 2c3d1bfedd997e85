"""Distributional cost-effectiveness: equivalents against a peer, the plane and its aversion by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.equity.distributional import (
    DistributionalResult,
    distributional_cost_effectiveness,
    opportunity_cost_shares,
    qale_by_fifth,
)
from outcomes.equity.equally_distributed import (
    atkinson_ede,
    atkinson_index,
    equity_weights,
    extended_gini_ede,
    extended_gini_index,
    kolm_ede,
    kolm_index,
    mean_health,
)
from outcomes.policy_values import policy_value
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases, needs_vectors, vector

QALE = [63.2, 67.7, 70.0, 73.2, 75.1]
PEOPLE = [1000.0] * 5
GROUPS = st.lists(st.tuples(st.floats(1, 100), st.floats(1, 1e6)), min_size=1, max_size=10)
EPSILONS = [0.5, 1, 2, 7, 10.95, 15]


def of(gain: list[float], cost: float = 0, shares: Any = "flat", epsilon: float | None = None) -> DistributionalResult:
    """The analysis of a policy on five fifths of a thousand."""
    return distributional_cost_effectiveness(
        QALE, PEOPLE, gain, total_cost=cost, threshold=20_000, opportunity_cost_shares=shares, epsilon=epsilon
    )


# against the peer


@pytest.mark.parametrize("case", cases("dcea_ede"))
def test_equivalents_agree_with_the_peer(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    health, population = given["health"], given["population"]
    assert mean_health(health, population) == pytest.approx(expected["mean"], rel=1e-9)
    for name, equivalent in (("atkinson", atkinson_ede), ("kolm", kolm_ede), ("extended_gini", extended_gini_ede)):
        for parameter, value in expected.get(name, {}).items():
            assert equivalent(health, population, float(parameter)) == pytest.approx(value, rel=1e-9)


@needs_vectors
def test_the_final_health_of_the_peers_ten_groups_is_baseline_and_benefit() -> None:
    """Its benefits are net already and its shares of opportunity cost add up to 1."""
    table = vector("dcea_ede")["inputs"]["table"]
    baseline, people, benefit, shares = (
        np.array([row[name] for row in table])
        for name in ("BASELINE", "POPULATION", "INCREMENTAL_HEALTH_BENEFIT", "OPPORTUNITY_COST_WEIGHTS")
    )
    result = distributional_cost_effectiveness(
        baseline, people, benefit * people, total_cost=0, threshold=20_000, opportunity_cost_shares=shares
    )
    assert result.groups["final_qale"].to_numpy() == pytest.approx(baseline + benefit, rel=1e-12)
    assert result.net_health == pytest.approx(float(benefit @ people), rel=1e-9)
    assert result.quadrant == "more health, less inequality"


@needs_vectors
def test_reference_data_are_those_of_the_peer() -> None:
    reference = vector("dcea_ede")["reference_data"]
    assert qale_by_fifth()["qale"].tolist() == reference["qale_imd5"]
    assert set(qale_by_fifth()["population"]) == {reference["population_per_fifth"]}
    for preset, shares in reference["health_opportunity_cost_share"].items():
        assert opportunity_cost_shares(preset) == shares
    assert set(qale_by_fifth()["grade"]) == {"read"}


@needs_vectors
def test_a_year_for_the_most_over_a_year_for_the_least_deprived_is_worth_what_the_peer_says() -> None:
    """The peer's implicit weights are for one whole QALY each, not at the margin."""
    fifths, reference = qale_by_fifth(), vector("dcea_ede")["reference_data"]
    for row in reference["implicit_weight_atkinson"]:
        first, *_, last = (
            atkinson_ede(fifths["qale"] + np.eye(5)[place], fifths["population"], row["ia"])
            - atkinson_ede(fifths["qale"], fifths["population"], row["ia"])
            for place in range(5)
        )
        assert first / last == pytest.approx(row["imp_weight"], rel=1e-9)


def test_weights_at_the_public_aversion() -> None:
    weights = equity_weights(qale_by_fifth()["qale"], policy_value("atkinson_aversion"))
    assert weights.round(2).tolist() == [2.32, 1.10, 0.76, 0.47, 0.35]
    assert weights.mean() == pytest.approx(1)
    assert equity_weights(QALE, 2, [3, 1, 1, 1, 1]) @ [3, 1, 1, 1, 1] == pytest.approx(7)


# verification


@given(groups=GROUPS, nothing=st.just(0))
def test_V63_without_aversion_the_equivalent_is_the_mean(groups: Any, nothing: float) -> None:
    health, people = zip(*groups, strict=True)
    mean = mean_health(health, people)
    assert atkinson_ede(health, people, nothing) == pytest.approx(mean, rel=1e-12)
    assert kolm_ede(health, people, nothing) == pytest.approx(mean, rel=1e-12)
    assert extended_gini_ede(health, people, 1) == pytest.approx(mean, rel=1e-12)


@given(health=st.floats(0.1, 100), groups=st.integers(1, 12), epsilon=st.sampled_from(EPSILONS))
def test_V64_the_same_health_in_all_groups_costs_nothing_at_any_aversion(
    health: float, groups: int, epsilon: float
) -> None:
    people = range(1, groups + 1)
    assert atkinson_index([health] * groups, people, epsilon) == pytest.approx(0, abs=1e-12)
    assert kolm_index([health] * groups, people, epsilon) == pytest.approx(0, abs=1e-12 * health)
    assert extended_gini_index([health] * groups, people, 1 + epsilon) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_V66_a_year_for_the_most_deprived_is_worth_more_with_aversion(epsilon: float) -> None:
    to_most, to_least = [1.0, 0, 0, 0, 0], [0, 0, 0, 0, 1.0]
    assert (
        of(to_most, epsilon=epsilon).equally_distributed_benefit
        > of(to_least, epsilon=epsilon).equally_distributed_benefit
    )
    assert of(to_most, epsilon=0).equally_distributed_benefit == pytest.approx(1, abs=1e-6)
    assert of(to_least, epsilon=0).equally_distributed_benefit == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shares", [[0.2] * 4 + [0.1], [0.3] * 5])
def test_V67_shares_of_opportunity_cost_that_do_not_add_up_to_one_are_refused(shares: list[float]) -> None:
    with pytest.raises(BadTable) as raised:
        of([1, 1, 1, 1, 1], 100, shares)
    assert raised.value.problems == [
        f"opportunity_cost_shares: they add up to {sum(shares):.6g}, they must add up to 1. Divide each by their sum"
    ]


# properties


@given(groups=GROUPS, low=st.floats(0, 14), more=st.floats(0.1, 20))
def test_more_aversion_never_raises_the_equivalent(groups: Any, low: float, more: float) -> None:
    health, people = zip(*groups, strict=True)
    least = atkinson_ede(health, people, low + more)
    assert least <= atkinson_ede(health, people, low) * (1 + 1e-12)
    assert min(health) * (1 - 1e-12) <= least


@given(epsilon=st.sampled_from([1 - 1e-9, 1 + 1e-9]))
def test_the_equivalent_is_continuous_at_one(epsilon: float) -> None:
    assert atkinson_ede(QALE, PEOPLE, epsilon) == pytest.approx(atkinson_ede(QALE, PEOPLE, 1), rel=1e-9)


def test_the_equivalent_nears_the_worst_off_with_endless_aversion() -> None:
    assert atkinson_ede(QALE, PEOPLE, 1e6) == pytest.approx(min(QALE), rel=1e-4)
    assert kolm_ede(QALE, PEOPLE, 1e6) == pytest.approx(min(QALE), rel=1e-4)


@given(health=st.lists(st.floats(1, 100), min_size=2, max_size=6), amount=st.floats(-500, 500))
def test_kolm_moves_with_what_is_added_to_everybody(health: list[float], amount: float) -> None:
    people = [1] * len(health)
    moved = kolm_ede(np.array(health) + amount, people, 0.1)
    assert moved == pytest.approx(kolm_ede(health, people, 0.1) + amount, abs=1e-9)


# the analysis


def test_cost_displaces_health_by_the_shares_given() -> None:
    steep, flat = of([30, 10, 10, 10, 0], 800_000, "steep"), of([30, 10, 10, 10, 0], 800_000, "flat")
    assert steep.groups["opportunity_cost"].tolist() == pytest.approx([10.4, 8.8, 8.8, 6.4, 5.6])
    assert flat.net_health == pytest.approx(20)
    assert steep.net_health == pytest.approx(20)
    assert steep.net_inequality_benefit < flat.net_inequality_benefit
    assert flat.groups["final_qale"].tolist() == pytest.approx([63.222, 67.702, 70.002, 73.202, 75.092])


def test_the_plane_has_four_corners_and_a_middle() -> None:
    assert of([10, 0, 0, 0, 0]).quadrant == "more health, less inequality"
    assert of([0, 0, 0, 0, 10]).quadrant == "more health, more inequality"
    assert of([-10, 0, 0, 0, 0]).quadrant == "less health, more inequality"
    assert of([0, 0, 0, 0, -10]).quadrant == "less health, less inequality"
    assert of([0, 0, 0, 0, 0]).quadrant == "no change in health, no change in inequality"
    assert of([0, 0, 0, 0, 10], epsilon=0).quadrant == "more health, no change in inequality"


def test_the_slope_falls_by_what_the_ends_gain() -> None:
    """One QALY per person for the most deprived fifth: ridit -0.4 of a variance of 0.08·5/5, so 0.4/5/0.08 = 1."""
    assert of([1000, 0, 0, 0, 0]).slope_index_fall == pytest.approx(1)
    assert of([0, 0, 1000, 0, 0]).slope_index_fall == pytest.approx(0)


def test_the_break_even_aversion_is_where_the_worth_is_nothing() -> None:
    """It takes 12 QALYs from the least deprived to give 10 to the most: worth it only with enough aversion."""
    result = of([10, 0, 0, 0, -12])
    assert result.net_health == pytest.approx(-2)
    assert result.break_even_epsilon is not None
    assert of([10, 0, 0, 0, -12], epsilon=result.break_even_epsilon).equally_distributed_benefit == pytest.approx(
        0, abs=1e-6
    )
    # At the margin (75.1/63.2)^ε = 1.2.
    assert result.break_even_epsilon == pytest.approx(np.log(1.2) / np.log(75.1 / 63.2), abs=0.01)
    assert of([10, 0, 0, 0, 0]).break_even_epsilon is None
    assert of([10, 0, 0, 0, -10]).break_even_epsilon is None


def test_the_range_of_aversion_is_that_of_the_policy_file_and_the_chosen_one_is_marked() -> None:
    sensitivity = of([10, 0, 0, 0, -5]).sensitivity
    assert sensitivity["epsilon"].min() == 0
    assert sensitivity["epsilon"].max() == 15
    assert sensitivity.loc[sensitivity["chosen"], "epsilon"].tolist() == [policy_value("atkinson_aversion")]
    assert sensitivity["equally_distributed_benefit"].is_monotonic_increasing
    parts = sensitivity["net_health"] + sensitivity["net_inequality_benefit"]
    assert parts.tolist() == pytest.approx(sensitivity["equally_distributed_benefit"].tolist())


def test_groups_keep_their_names_and_few_groups_have_no_slope() -> None:
    result = distributional_cost_effectiveness(
        [60, 70],
        [1, 1],
        [0.1, 0],
        total_cost=0,
        threshold=1,
        opportunity_cost_shares=[0.5, 0.5],
        group=["north", "south"],
    )
    assert result.groups["group"].tolist() == ["north", "south"]
    assert np.isnan(result.slope_index_fall)


# bad input


def test_everything_wrong_with_the_groups_is_said_at_once() -> None:
    with pytest.raises(BadTable) as raised:
        distributional_cost_effectiveness(
            [0, 67, 70], [1, 1, -1], [1, None, 1], total_cost=0, threshold=1, opportunity_cost_shares=[0.5, 0.6, -0.1]
        )
    assert raised.value.problems == [
        "groups: baseline_qale: row 0: 0; a number above 0 is needed",
        "groups: population: row 2: -1; a number above 0 is needed",
        "groups: qaly_gain: row 1: missing; a number is needed",
        "groups: share: row 2: -0.1; a number from 0 to 1 is needed",
    ]


def test_a_policy_cannot_take_more_health_than_there_is() -> None:
    with pytest.raises(BadTable, match=r"final_qale: row 0: -6.8; the policy would take all their lifetime health"):
        of([-70_000, 0, 0, 0, 0])


def test_presets_are_for_fifths_and_have_names() -> None:
    with pytest.raises(BadTable, match=r"no preset 'gentle'. There are: flat, moderate, steep"):
        of([0] * 5, 1, "gentle")
    with pytest.raises(BadTable, match="groups: baseline_qale has 2, population has 2, qaly_gain has 2, share has 5"):
        distributional_cost_effectiveness(
            [60, 70], [1, 1], [1, 1], total_cost=1, threshold=1, opportunity_cost_shares="flat"
        )


def test_health_at_or_below_zero_has_no_equivalent() -> None:
    with pytest.raises(BadTable, match="groups: health: row 1: -1; a number above 0 is needed"):
        atkinson_ede([1, -1], [1, 1], 2)
    with pytest.raises(BadTable, match="epsilon: -1; a number from 0 is needed"):
        atkinson_ede([1, 1], [1, 1], -1)
    with pytest.raises(BadTable, match="groups: there are none; one at least is needed"):
        mean_health([], [])
