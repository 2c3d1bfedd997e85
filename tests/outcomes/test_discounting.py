"""Discounting by year, as a flow and at an instant, the half-cycle correction, and QALYs over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from outcomes.economics.discounting import (
    discount_by_year,
    discount_factor,
    discount_flow,
    discount_instant,
    half_cycle_correction,
)
from outcomes.economics.qalys import implausible_gain, qalys_over_time
from outcomes.policy_values import policy_value
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases, vector

RATE = st.sampled_from([0.0, 0.015, 0.035, 0.06])
HEALTH = pd.DataFrame(
    {
        "patient_id": ["a", "a", "b"],
        "start": [0.0, 1.0, 0.5],
        "end": [1.0, 3.0, 2.0],
        "utility": [0.5, 0.75, -0.25],
    }
)


# vectors


@pytest.mark.parametrize("case", cases("discounting_halfcycle"))
def test_published_discounting_is_reproduced(case: dict[str, Any]) -> None:
    asked, expected = case["input"], case["expected"]["discounted"]
    if "flow_per_year" in asked:
        found = discount_flow(asked["flow_per_year"], asked["t_start"], asked["t_end"], annual_rate=asked["rate"])
    else:
        found = discount_by_year(
            asked["values"],
            annual_rate=asked["rate"],
            first_year=int(asked["discount_first_period"]),
            cycles_per_year=asked["cycles_per_year"],
        )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("case", vector("discounting_halfcycle").get("half_cycle", []), ids=lambda case: case["id"])
@pytest.mark.parametrize("method", ["beginning", "end", "life_table"])
def test_published_half_cycle_corrections_are_reproduced(case: dict[str, Any], method: Any) -> None:
    asked = case["input"]
    trace = [np.array(asked["start"], dtype=float)]
    for _ in range(asked["n_cycles"]):
        trace.append(trace[-1] @ np.array(asked["P"]))
    people = half_cycle_correction(np.array(trace), method=method)
    assert people.shape == (asked["n_cycles"], len(asked["start"]))
    for name, weight in (("qaly", "utility"), ("cost", "cost")):
        total = discount_by_year(people @ asked[weight], annual_rate=asked["rate"]).sum()
        assert total == pytest.approx(case["expected"][method][name], rel=1e-9)


# by hand and in general


def test_V36_a_flow_of_one_a_year_for_ten_years() -> None:
    assert discount_flow(1, 0, 10, annual_rate=0.035) == pytest.approx((1 - 1.035**-10) / np.log(1.035), rel=1e-12)
    assert discount_flow(1, 0, 10, annual_rate=0.035) == pytest.approx(8.4613, abs=5e-5)
    in_arrears = discount_by_year([1] * 10, annual_rate=0.035, first_year=1).sum()
    assert in_arrears == pytest.approx((1 - 1.035**-10) / 0.035, rel=1e-12)
    assert in_arrears == pytest.approx(8.3166, abs=5e-5)


def test_V33_totals_fall_as_the_rate_rises() -> None:
    rates = [0.0, 0.035, 0.06]
    for totals in (
        [discount_flow(100, 0, 5, annual_rate=rate) for rate in rates],
        [discount_instant([10, 10], [1, 2], annual_rate=rate).sum() for rate in rates],
        [discount_by_year([10, 10], annual_rate=rate).sum() for rate in rates],
        [qalys_over_time(HEALTH.iloc[:2], discount_rate=rate)["qaly"].sum() for rate in rates],
    ):
        assert totals[0] > totals[1] > totals[2] > 0


def test_V34_what_comes_at_the_start_is_not_discounted() -> None:
    assert discount_instant([7.0, 9.0], [0, 0], annual_rate=0.035).tolist() == [7, 9]
    assert discount_by_year([7.0], annual_rate=0.035).tolist() == [7]


@given(st.floats(0, 40), st.floats(0, 40), RATE)
def test_a_flow_is_the_integral_of_instants(start: float, length: float, rate: float) -> None:
    """Against numerical integration of the factor."""
    area, _ = integrate.quad(lambda t: (1 + rate) ** -t, start, start + length)
    assert discount_flow(1, start, start + length, annual_rate=rate) == pytest.approx(area, rel=1e-7, abs=1e-12)


@given(st.floats(0, 20), st.floats(0, 20), st.floats(0, 20), RATE)
def test_a_flow_cut_in_two_is_the_same_flow(one: float, two: float, three: float, rate: float) -> None:
    start, middle, end = sorted([one, two, three])
    parts = discount_flow(5, [start, middle], [middle, end], annual_rate=rate).sum()
    assert parts == pytest.approx(discount_flow(5, start, end, annual_rate=rate), rel=1e-9, abs=1e-9)


def test_a_tiny_rate_is_nearly_none() -> None:
    """No digits are lost where 1 - e^-x would cancel."""
    assert discount_flow(1, 0, 10, annual_rate=1e-13) == pytest.approx(10, rel=1e-11)


def test_discounting_years_of_several_cycles_steps_once_a_year() -> None:
    found = discount_by_year([100.0] * 5, annual_rate=0.25, cycles_per_year=2)
    assert found.tolist() == [100, 100, 80, 80, 64]


def test_rates_and_times_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BadTable) as found:
        discount_factor(1, annual_rate=3.5)
    assert found.value.problems == ["discount rate: 3.5; a number from 0 below 1 is needed (3.5% is written 0.035)"]
    with pytest.raises(BadTable, match=r"^discount rate: -0.01; "):
        discount_flow(1, 0, 1, annual_rate=-0.01)
    with pytest.raises(BadTable, match=r"^t_end - t_start: place 1: -1; a number from 0 is needed$"):
        discount_flow(1, [0, 2], [1, 1], annual_rate=0.035)
    with pytest.raises(BadTable, match=r"^values: place 1: nan; a number is needed$"):
        discount_by_year([1, float("nan")], annual_rate=0.035)
    with pytest.raises(
        BadTable, match=r"^amount: place 0: inf; place 1: inf; .* place 4: inf and 2 more; a number is needed$"
    ):
        discount_instant([np.inf] * 7, 0, annual_rate=0.035)
    with pytest.raises(
        ValueError, match="trace: it has no cycle; give the start and the end of each cycle, a row each"
    ):
        half_cycle_correction(np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match="method: there is no 'middle'; there are: beginning, end, life_table"):
        half_cycle_correction(np.ones((2, 2)), method="middle")  # type: ignore[arg-type]


# QALYs over time


def test_qalys_without_discounting_are_utility_times_years() -> None:
    """a: 0.5 x 1 + 0.75 x 2; b: -0.25 x 1.5."""
    found = qalys_over_time(HEALTH, discount_rate=0)
    assert found["patient_id"].tolist() == ["a", "b"]
    assert found["qaly"].tolist() == [2.0, -0.375]
    assert found["discount_qaly"].tolist() == [0, 0]


def test_discounted_qalys_are_worked_out_by_hand() -> None:
    """With d = ln 1.035, a has 0.5 (1 - 1.035^-1)/d + 0.75 (1.035^-1 - 1.035^-3)/d, and gains 0.2 x 1.035^-2."""
    gains = pd.DataFrame({"patient_id": ["a"], "t": [2.0], "qaly": [0.2]})
    d = np.log(1.035)
    expected = 0.5 * (1 - 1 / 1.035) / d + 0.75 * (1 / 1.035 - 1.035**-3) / d + 0.2 * 1.035**-2
    assert qalys_over_time(HEALTH, gains, discount_rate=0.035)["qaly"][0] == pytest.approx(expected, rel=1e-12)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(-0.5, 1)), min_size=1, max_size=6), RATE)
def test_cutting_a_stretch_changes_nothing(stretches: list[tuple[float, float]], rate: float) -> None:
    ends = np.cumsum([length for length, _ in stretches])
    starts = np.concatenate([[0.0], ends[:-1]])
    middle = (starts + ends) / 2
    utility = [utility for _, utility in stretches]
    whole = pd.DataFrame({"patient_id": 1, "start": starts, "end": ends, "utility": utility})
    halves = pd.concat([whole.assign(end=middle), whole.assign(start=middle)], ignore_index=True)
    one, two = (qalys_over_time(each, discount_rate=rate)["qaly"][0] for each in (whole, halves))
    assert two == pytest.approx(one, rel=1e-9, abs=1e-9)


def test_V07_utilities_out_of_range_and_times_that_overlap_are_all_named_at_once() -> None:
    bad = HEALTH.assign(utility=[1.2, float("nan"), -0.6], start=[0.0, 1.0, -1.0])
    gains = pd.DataFrame({"patient_id": ["c"], "t": [1.0], "qaly": [float("inf")]})
    with pytest.raises(BadTable) as found:
        qalys_over_time(bad, gains, discount_rate=0.035)
    assert found.value.problems == [
        "health: start: row 2: -1; a number from 0 is needed",
        "health: utility: row 0: 1.2; row 1: missing; row 2: -0.6; a number from -0.594 to 1 is needed",
        "gains: qaly: row 0: inf; a number is needed",
        "gains: patient_id: row 0: 'c'; health has no row for this person",
    ]


def test_V11_a_person_counted_twice_is_refused_and_the_first_five_rows_are_named() -> None:
    twice = pd.concat([HEALTH, HEALTH.iloc[:2]] + [HEALTH.iloc[2:]] * 5, ignore_index=True)
    with pytest.raises(BadTable) as found:
        qalys_over_time(twice, discount_rate=0)
    assert found.value.problems == [
        "health: patient_id, start, end: row 3: 'a', 0, 1; row 4: 'a', 1, 3; row 5: 'b', 0.5, 2; row 6: 'b', 0.5, 2; "
        "row 7: 'b', 0.5, 2 and 2 more; this person's time is counted already: stretches must not overlap"
    ]
    with pytest.raises(BadTable, match="health: start, end: row 1: 3, 1; a stretch ends after it starts"):
        qalys_over_time(HEALTH.assign(start=[0.0, 3.0, 0.5], end=[1.0, 1.0, 2.0]), discount_rate=0)


def test_a_moment_at_the_start_of_a_stretch_is_no_time_counted_twice() -> None:
    moment = pd.DataFrame({"patient_id": ["a"], "start": [0.0], "end": [0.0], "utility": [1.0]})
    found = qalys_over_time(pd.concat([HEALTH, moment], ignore_index=True), discount_rate=0)
    assert found["qaly"].tolist() == [2.0, -0.375]


def test_time_that_nobody_lived_counts_nothing() -> None:
    found = qalys_over_time(HEALTH.assign(end=HEALTH["start"]), discount_rate=0.035)
    assert found["qaly"].tolist() == [0, 0]
    assert len(qalys_over_time(HEALTH.iloc[:0], discount_rate=0.035)) == 0


# too good to be true


def test_a_gain_above_what_trials_find_is_warned_of() -> None:
    """The published total of one programme is 0.265 QALYs a person: implausible if it is gained in one year."""
    limit = policy_value("implausible_gain")
    assert implausible_gain(qalys_gained=265, treated_person_years=1000) == (
        f"The treatment gains 0.265 QALYs per treated person and year; above {limit:g}, "
        "check over how many years, and against whom."
    )
    assert implausible_gain(qalys_gained=265, treated_person_years=5000) is None
    assert implausible_gain(qalys_gained=limit, treated_person_years=1) is None


def test_a_gain_in_no_time_is_warned_of_without_dividing_by_it() -> None:
    assert implausible_gain(qalys_gained=3, treated_person_years=0, treatment="Triage") == (
        "Triage gains 3 QALYs in no time at all. Check over how many years it is gained."
    )
    assert implausible_gain(qalys_gained=0, treated_person_years=0) is None
