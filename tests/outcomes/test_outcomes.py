"""What results mean: each function of `outcomes` against numbers worked by hand, SciPy, or a published vector."""

from __future__ import annotations

import inspect
import json
from math import isnan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import outcomes
from outcomes import cost_of_activity, paired_difference, qalys_of_time, replications_are_enough, t_half_width
from tests.helpers.shared import SHARED

VECTOR = SHARED / "vectors" / "crn_paired.json"
NUMBER = st.integers(-1_000_000, 1_000_000).map(float)
RUNS = st.lists(NUMBER, min_size=2, max_size=30)

ACTIVITY = pd.DataFrame(
    {
        "service": ["gp", "mri", "gp", "physio"],
        "year": [1, 1, 2, 2],
        "seen": [100, 7, 90, 40],
        "missed": [3, 2, 0, 10],
    }
)
PRICES = pd.DataFrame(
    {
        "service": ["gp", "mri", "physio", "surgery"],
        "price_gbp": [42.0, 190.0, 60.0, 9000.0],
        "price_share_of_missed": [0.0, 1.0, 0.25, 0.0],
    }
)
TIME = pd.DataFrame(
    {
        "state": ["well", "mild", "severe", "well"],
        "decile": [1, 1, 1, 10],
        "utility": [0.9, 0.8, -0.1, 0.9],
        "person_years": [10.0, 2.5, 0.5, 4.0],
    }
)


def test_everything_public_is_explained_and_can_be_imported() -> None:
    for name in outcomes.__all__:
        assert inspect.getdoc(getattr(outcomes, name)), name


# costs


def test_costs_are_seen_and_missed_times_their_prices() -> None:
    """100 x 42; (7 + 2 x 1) x 190; 90 x 42; (40 + 10 x 0.25) x 60."""
    assert cost_of_activity(ACTIVITY, PRICES)["cost_gbp"].tolist() == [4200.0, 1710.0, 3780.0, 2550.0]


def test_costs_keep_the_activity_and_leave_the_input_alone() -> None:
    before = ACTIVITY.copy()
    costs = cost_of_activity(ACTIVITY, PRICES)
    pd.testing.assert_frame_equal(ACTIVITY, before)
    pd.testing.assert_frame_equal(costs.drop(columns="cost_gbp"), before)


def test_costs_do_not_depend_on_the_order_of_prices() -> None:
    pd.testing.assert_frame_equal(
        cost_of_activity(ACTIVITY, PRICES), cost_of_activity(ACTIVITY, PRICES.iloc[::-1].reset_index(drop=True))
    )


def test_a_service_without_a_price_is_refused_by_name() -> None:
    """A missing price is not a price of zero; every service that lacks one is named."""
    with pytest.raises(ValueError, match="no row for gp, physio"):
        cost_of_activity(ACTIVITY, PRICES[PRICES["service"].isin(["mri"])])


def test_no_activity_costs_nothing() -> None:
    assert cost_of_activity(ACTIVITY.assign(seen=0, missed=0), PRICES)["cost_gbp"].tolist() == [0.0] * 4
    assert cost_of_activity(ACTIVITY.iloc[:0], PRICES)["cost_gbp"].sum() == 0


def test_v01_without_prices_every_cost_is_zero() -> None:
    assert (cost_of_activity(ACTIVITY, PRICES.assign(price_gbp=0.0))["cost_gbp"] == 0).all()


def test_v02_twice_the_prices_are_twice_the_costs() -> None:
    doubled = cost_of_activity(ACTIVITY, PRICES.assign(price_gbp=2 * PRICES["price_gbp"]))["cost_gbp"]
    np.testing.assert_allclose(doubled, 2 * cost_of_activity(ACTIVITY, PRICES)["cost_gbp"], rtol=1e-12)


@pytest.mark.parametrize(("service", "units"), [("gp", 190.0), ("mri", 9.0), ("physio", 42.5), ("surgery", 0.0)])
def test_v03_a_pound_more_costs_as_many_pounds_as_there_is_activity(service: str, units: float) -> None:
    """Units: seen, plus what of the missed appointments is paid for."""
    dearer = PRICES.assign(price_gbp=PRICES["price_gbp"] + (PRICES["service"] == service))
    more = cost_of_activity(ACTIVITY, dearer)["cost_gbp"].sum() - cost_of_activity(ACTIVITY, PRICES)["cost_gbp"].sum()
    assert more == pytest.approx(units, abs=1e-9)


# QALYs


def test_qalys_are_years_times_utility() -> None:
    """10 x 0.9; 2.5 x 0.8; 0.5 x -0.1; 4 x 0.9. States may be worse than death, down to -0.594."""
    before = TIME.copy()
    found = qalys_of_time(TIME)
    np.testing.assert_allclose(found["qalys"], [9.0, 2.0, -0.05, 3.6], rtol=1e-12)
    pd.testing.assert_frame_equal(TIME, before)
    pd.testing.assert_frame_equal(found.drop(columns="qalys"), before)


def test_v04_qalys_of_full_health_are_the_years_lived() -> None:
    assert qalys_of_time(TIME.assign(utility=1.0))["qalys"].tolist() == TIME["person_years"].tolist()


def test_v05_qalys_without_utility_are_zero() -> None:
    assert (qalys_of_time(TIME.assign(utility=0.0))["qalys"] == 0).all()


def test_v06_half_the_utility_is_half_the_qalys() -> None:
    half = qalys_of_time(TIME.assign(utility=TIME["utility"] / 2))["qalys"]
    np.testing.assert_allclose(half, qalys_of_time(TIME)["qalys"] / 2, rtol=1e-12)


@pytest.mark.parametrize("value", [1.01, -0.6, float("nan"), float("inf")])
def test_v07_a_utility_out_of_range_is_refused_by_row(value: float) -> None:
    with pytest.raises(ValueError, match=f"utility: row 1: {value}; utilities run from -0.594 to 1"):
        qalys_of_time(TIME.assign(utility=[0.9, value, -0.1, 0.9]))


@pytest.mark.parametrize("value", [1.0, -0.594])
def test_the_bounds_of_utility_are_allowed(value: float) -> None:
    assert qalys_of_time(TIME.assign(utility=value))["qalys"].iloc[1] == pytest.approx(2.5 * value)


# paired differences


@given(RUNS, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_is_that_of_a_paired_t_test(differences: list[float], level: float) -> None:
    """SciPy's one-sample t interval of the differences."""
    values = np.array(differences)
    found = paired_difference(values, np.zeros(len(values)), level=level)
    if values.std(ddof=1) == 0:
        assert (found.low, found.mean, found.high) == (values.mean(),) * 3
        return
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(level)
    scale = np.abs(values).max()
    assert found.mean == pytest.approx(values.mean(), rel=1e-12, abs=1e-12 * scale)
    assert found.low == pytest.approx(expected.low, rel=1e-9, abs=1e-9 * scale)
    assert found.high == pytest.approx(expected.high, rel=1e-9, abs=1e-9 * scale)


def test_differences_are_taken_run_by_run() -> None:
    """SciPy's related-samples t test. Runs that vary together leave a narrow interval; unpaired it would be wide."""
    rng = np.random.default_rng(4)
    base = rng.normal(1000, 100, 20)
    scenario = base - 30 + rng.normal(0, 5, 20)
    found = paired_difference(scenario, base)
    paired, unpaired = stats.ttest_rel(scenario, base), stats.ttest_ind(scenario, base)
    assert found.low == pytest.approx(paired.confidence_interval().low)
    assert found.high == pytest.approx(paired.confidence_interval().high)
    width = unpaired.confidence_interval().high - unpaired.confidence_interval().low
    assert found.high - found.low < 0.1 * width


@pytest.mark.skipif(not VECTOR.exists(), reason="the published vectors are not beside the project (../shared/vectors)")
def test_the_published_paired_cases_are_reproduced() -> None:
    cases: list[dict[str, Any]] = json.loads(VECTOR.read_text())["cases"]
    assert len(cases) >= 2
    for case in cases:
        found = paired_difference(case["input"]["scenario"], case["input"]["baseline"])
        assert found.mean == pytest.approx(case["expected"]["mean_diff"], rel=1e-9, abs=1e-9), case["id"]
        for side, value in (("lower95", found.low), ("upper95", found.high)):
            if isinstance(expected := case["expected"].get(side), float):
                assert value == pytest.approx(expected, rel=1e-9, abs=1e-9), case["id"]


def test_runs_that_are_equal_count_as_neither_lower_nor_higher() -> None:
    """Differences -2, -1, 0, 0, 3: two of five are lower, one is higher."""
    found = paired_difference([8.0, 9.0, 10.0, 10.0, 13.0], [10.0] * 5)
    assert (found.share_lower, found.share_higher, found.runs) == (0.4, 0.2, 5)
    assert found.mean == 0.0


def test_one_run_has_a_difference_and_no_interval() -> None:
    found = paired_difference([7.0], [10.0])
    assert (found.mean, found.share_lower, found.share_higher, found.runs) == (-3.0, 1.0, 0.0, 1)
    assert isnan(found.low)
    assert isnan(found.high)


def test_runs_in_which_either_side_has_no_value_are_left_out() -> None:
    """Nobody was seen in run 2 of the base and run 3 of the scenario: left are -1 and -3."""
    nan = float("nan")
    found = paired_difference([9.0, 5.0, nan, 7.0], [10.0, nan, 4.0, 10.0])
    assert (found.mean, found.runs, found.share_lower) == (-2.0, 2, 1.0)
    assert found == paired_difference([9.0, 7.0], [10.0, 10.0])


def test_without_any_value_nothing_is_claimed() -> None:
    found = paired_difference([float("nan")] * 3, [1.0, 2.0, 3.0])
    assert found.runs == 0
    assert all(isnan(value) for value in (found.mean, found.low, found.high, found.share_lower, found.share_higher))


def test_runs_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="the scenario has 2 runs and the base 3"):
        paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])


@given(RUNS)
def test_v29_the_same_runs_differ_by_exactly_zero(values: list[float]) -> None:
    found = paired_difference(values, values)
    assert (found.mean, found.low, found.high, found.share_lower, found.share_higher) == (0, 0, 0, 0, 0)


@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=20))
def test_v30_swapping_the_arms_changes_the_sign(pairs: list[tuple[float, float]]) -> None:
    one, other = zip(*pairs, strict=True)
    there, back = paired_difference(one, other), paired_difference(other, one)
    assert (there.mean, there.low, there.high) == (-back.mean, -back.high, -back.low)
    assert (there.share_lower, there.share_higher) == (back.share_higher, back.share_lower)


# how wide


def test_half_the_width_is_worked_out_by_hand() -> None:
    """1, 2, 3: standard deviation 1, t with 2 degrees of freedom at 97.5% is 4.3027 (Student's table)."""
    assert t_half_width(np.array([1.0, 2.0, 3.0])) == pytest.approx(4.3027 / sqrt(3), abs=1e-4)


def test_half_the_width_of_one_value_is_unknown_and_of_equal_values_nothing() -> None:
    assert isnan(t_half_width(np.array([5.0])))
    assert isnan(t_half_width(np.array([])))
    assert t_half_width(np.array([5.0, 5.0])) == 0.0


def test_v55_four_times_the_runs_halve_the_interval() -> None:
    values = np.random.default_rng(8).normal(0, 1, 800)
    assert 0.45 < t_half_width(values) / t_half_width(values[:200]) < 0.55


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    """2,000 samples of six from a normal distribution: 95% within four standard errors of a share."""
    samples = np.random.default_rng(2).normal(3.0, 2.0, (2000, 6))
    halves = np.array([t_half_width(sample) for sample in samples])
    covered = (np.abs(samples.mean(axis=1) - 3.0) <= halves).mean()
    assert abs(covered - 0.95) < 4 * sqrt(0.95 * 0.05 / 2000)


@pytest.mark.parametrize(
    ("scale", "precision", "enough"),
    [
        (124.3, 0.02, True),  # 2.484 is just within 2% of 124.3
        (124.1, 0.02, False),
        (-124.3, 0.02, True),  # the sign of the scale does not matter
        (0.0, 1.25, True),  # where the difference itself (2) is larger than the scale, it is the yardstick
        (0.0, 1.24, False),
    ],
)
def test_replications_are_enough_when_half_the_interval_is_within_precision(
    scale: float, precision: float, *, enough: bool
) -> None:
    """1, 2, 3 have half a width of 2.4841 (see above)."""
    assert replications_are_enough(np.array([1.0, 2.0, 3.0]), scale=scale, precision=precision) is enough


def test_one_replication_is_never_enough() -> None:
    assert not replications_are_enough(np.array([1.0]), scale=1e9, precision=1.0)
