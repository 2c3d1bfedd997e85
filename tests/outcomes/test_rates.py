"""Rates and their limits: against an independent peer's results, closed forms and SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from outcomes.limits import byar_limits, count_limits, exact_poisson_limits, tail_of, wilson_limits
from outcomes.practices.rates import (
    Rate,
    crude_proportion,
    crude_rate,
    directly_standardised_rate,
    directly_standardised_rate_of_repeat_events,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
)
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases

CLOSE = 1e-9
CONFIDENCES = {"95": 0.95, "99_8": 0.998}
BAND = st.tuples(st.integers(0, 500), st.integers(1, 20_000), st.integers(1, 10_000))


def near(expected: float) -> Any:
    return pytest.approx(expected, rel=CLOSE, abs=1e-12)


def agrees(make: Callable[[float], Any], expected: dict[str, Any]) -> None:
    """Value and both limits at 95% and 99.8% are those expected."""
    for name, confidence in CONFIDENCES.items():
        made = make(confidence)
        assert made.value == near(expected["value"])
        assert made.lower == near(expected[f"lower{name}"])
        assert made.upper == near(expected[f"upper{name}"])


# limits


@pytest.mark.parametrize("case", cases("ci_byar_wilson"))
def test_limits_of_counts_and_proportions_are_the_peers(case: dict[str, Any]) -> None:
    """Where the peer has no lower limit (Byar's falls below 0 for one event at 99.8%), ours is 0."""
    given, expected = case["input"], case["expected"]
    written = given["confidence"]
    confidence = written if isinstance(written, float) else float(written.rstrip("%")) / 100
    if given["method"] == "Byars":
        lower, upper = byar_limits(given["x"], confidence=confidence)
    else:
        lower, upper = wilson_limits(given["x"], given["n"], confidence=confidence)
    assert lower == near(0 if expected["lower"] is None else expected["lower"])
    assert upper == near(expected["upper"])


def test_no_events_have_a_lower_limit_of_zero() -> None:
    """The peer's is not a number."""
    assert byar_limits(0)[0] == 0
    assert exact_poisson_limits(0) == (0, pytest.approx(-math.log(0.025)))


@given(st.integers(0, 400), st.sampled_from([0.8, 0.95, 0.998]))
def test_exact_limits_are_where_the_poisson_tails_say(count: int, confidence: float) -> None:
    lower, upper = exact_poisson_limits(count, confidence=confidence)
    tail = (1 - confidence) / 2
    assert stats.poisson.cdf(count, upper) == pytest.approx(tail)
    if count:
        assert stats.poisson.sf(count - 1, lower) == pytest.approx(tail)


def test_limits_change_from_exact_to_byars_at_ten_events() -> None:
    lower, upper = count_limits([9, 10])
    assert (lower[0], upper[0]) == exact_poisson_limits(9)
    assert (lower[1], upper[1]) == byar_limits(10)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_many_counts_at_once_have_the_limits_of_each(counts: list[int]) -> None:
    for limits in (byar_limits, exact_poisson_limits, count_limits):
        lower, upper = limits(pd.Series(counts))
        assert np.column_stack([lower, upper]) == pytest.approx(np.array([limits(count) for count in counts]))


def test_limits_of_bad_input_say_what_is_wrong() -> None:
    with pytest.raises(BadTable, match=r"^count: place 1: -3; a number from 0 is needed$"):
        byar_limits([1, -3])
    with pytest.raises(BadTable, match=r"^confidence: 95; a number from 0 below 1 is needed \(95% is written 0\.95\)$"):
        exact_poisson_limits(3, confidence=95)
    with pytest.raises(BadTable, match=r"^numerator / denominator: 1\.5; a number to 1 is needed$"):
        wilson_limits(3, 2)
    with pytest.raises(BadTable, match=r"^denominator: 0; a number above 0 is needed$"):
        wilson_limits(0, 0)


# crude


@pytest.mark.parametrize("case", cases("crude_rate"))
def test_crude_rates_are_the_peers(case: dict[str, Any]) -> None:
    given = case["input"]
    method = crude_rate(given["x"], given["n"]).method
    assert method == {"Byars": "Byar", "Exact": "exact"}[case["expected"]["method"]]
    agrees(
        lambda level: crude_rate(given["x"], given["n"], multiplier=given["multiplier"], confidence=level),
        case["expected"],
    )


@pytest.mark.parametrize("case", cases("crude_proportion"))
def test_crude_proportions_are_the_peers(case: dict[str, Any]) -> None:
    given = case["input"]
    agrees(
        lambda level: crude_proportion(given["x"], given["n"], multiplier=given["multiplier"], confidence=level),
        case["expected"],
    )


# direct standardisation


@pytest.mark.parametrize("case", cases("dsr"))
def test_directly_standardised_rates_are_the_peers(case: dict[str, Any]) -> None:
    """The peer reads a missing count as 0; here that takes `fill_missing=0`."""
    given, expected = case["input"], case["expected"]

    def make(level: float) -> Rate:
        return directly_standardised_rate(
            given["x"],
            given["n"],
            given["stdpop"],
            multiplier=given["multiplier"],
            confidence=level,
            fill_missing=0 if None in given["x"] else None,
        )

    assert (make(0.95).count, make(0.95).population) == (expected["total_count"], expected["total_pop"])
    if expected["suppressed"]:
        assert math.isnan(make(0.95).value)
        assert math.isnan(make(0.95).lower)
        assert make(0.95).method == "not shown: fewer than 10 events"
    else:
        agrees(make, expected)


@pytest.mark.parametrize("case", cases("dsr_nonindependent"))
def test_rates_of_repeat_events_are_the_peers(case: dict[str, Any]) -> None:
    given = case["input"]
    persons = {times: given[f"persons_with_{times}"] for times in (1, 2, 3, 4)}
    agrees(
        lambda level: directly_standardised_rate_of_repeat_events(
            persons, given["pop"], given["stdpop"], multiplier=given["multiplier"], confidence=level
        ),
        case["expected"],
    )


@given(st.lists(BAND, min_size=1, max_size=6))
def test_persons_with_one_event_each_give_the_plain_rate(bands: list[tuple[int, int, int]]) -> None:
    counts, people, standard = zip(*bands, strict=True)
    plain = directly_standardised_rate(counts, people, standard)
    assert directly_standardised_rate_of_repeat_events({1: counts}, people, standard) == plain or math.isnan(
        plain.value
    )


@given(st.lists(BAND, min_size=1, max_size=6))
def test_V70_rates_standardised_to_the_own_population_are_the_crude_rate(bands: list[tuple[int, int, int]]) -> None:
    """And with the own rates as reference, observed over expected is 1."""
    counts, people, _ = (np.array(column, dtype=float) for column in zip(*bands, strict=True))
    if counts.sum() >= 10:
        own = directly_standardised_rate(counts, people, people)
        crude = crude_rate(counts.sum(), people.sum())
        assert own.value == pytest.approx(crude.value, rel=1e-12)
        ratio = indirectly_standardised_ratio(counts, people, counts, people)
        assert ratio.value == pytest.approx(1, rel=1e-12)


@given(st.lists(BAND, min_size=1, max_size=6), st.integers(2, 50))
def test_V69_k_times_the_events_and_people_leave_rates_and_narrow_limits(
    bands: list[tuple[int, int, int]], k: int
) -> None:
    counts, people, standard = (np.array(column, dtype=float) for column in zip(*bands, strict=True))
    if counts.sum() >= 10:
        once, more = (
            directly_standardised_rate(times * counts, times * people, standard, multiplier=1000) for times in (1, k)
        )
        assert more.value == pytest.approx(once.value, rel=1e-12)
        assert more.upper - more.lower < once.upper - once.lower
        once, more = (crude_rate(times * counts.sum(), times * people.sum()) for times in (1, k))
        assert more.value == pytest.approx(once.value, rel=1e-12)
        assert more.upper - more.lower < once.upper - once.lower
        few, many = (indirectly_standardised_ratio(t * counts, t * people, counts + 1, people) for t in (1, k))
        assert many.value == pytest.approx(few.value, rel=1e-12)
        assert many.upper - many.lower < few.upper - few.lower


def test_the_size_of_the_standard_population_does_not_matter() -> None:
    first, second = (directly_standardised_rate([20, 60], [100, 150], weights) for weights in ([7, 3], [0.7, 0.3]))
    assert first.value == pytest.approx(second.value, rel=1e-12)
    assert first.upper == pytest.approx(second.upper, rel=1e-12)


# indirect standardisation


@pytest.mark.parametrize("case", cases("isr"))
def test_indirectly_standardised_ratios_and_rates_are_the_peers(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    arguments = [given[name] for name in ("x", "n", "x_ref", "n_ref")]
    fill: dict[str, Any] = {"fill_missing": 0 if None in given["x"] else None}
    agrees(
        lambda level: indirectly_standardised_ratio(
            *arguments, reference_value=given["refvalue"], confidence=level, **fill
        ),
        expected | {"value": expected["ratio"]},
    )
    ratio = indirectly_standardised_ratio(*arguments, **fill)
    assert (ratio.observed, ratio.expected) == (expected["observed"], near(expected["expected"]))
    assert ratio.method == {"Byars": "Byar", "Exact": "exact"}[expected["ci_method"]]
    rate = indirectly_standardised_rate(*arguments, **fill)
    assert rate.value == near(expected["israte_per_100k"])
    assert rate.lower == near(expected["israte_lower95"])
    assert rate.upper == near(expected["israte_upper95"])


# bad input


def test_everything_wrong_with_the_bands_is_told_at_once() -> None:
    with pytest.raises(BadTable) as caught:
        directly_standardised_rate([1, None, -2], [0, 5, 5], [1, 1, float("nan")])
    assert caught.value.problems == [
        "bands: count: row 1: missing; row 2: -2; a number from 0 is needed",
        "bands: standard: row 2: missing; a number from 0 is needed",
        "bands: population: row 0: 0; a number above 0 is needed",
    ]


def test_a_missing_count_is_zero_only_where_the_caller_says_so() -> None:
    with pytest.raises(BadTable, match="missing"):
        indirectly_standardised_ratio([None, 12], [10, 10], [5, 5], [10, 10])
    assert indirectly_standardised_ratio([None, 12], [10, 10], [5, 5], [10, 10], fill_missing=0).observed == 12


def test_bands_that_do_not_match_are_refused() -> None:
    with pytest.raises(BadTable, match=r"^bands: count has 2, standard has 3, population has 2; all need as many"):
        directly_standardised_rate([1, 2], [10, 10], [1, 1, 1])


def test_a_reference_without_events_is_refused() -> None:
    with pytest.raises(BadTable, match=r"^bands: reference_count: no events are expected; choose a reference"):
        indirectly_standardised_ratio([5], [10], [0], [10])


def test_a_standard_without_people_is_refused() -> None:
    with pytest.raises(BadTable, match=r"^bands: standard: all are 0; a standard population has people$"):
        directly_standardised_rate([15], [10], [0])


def test_persons_with_no_events_are_no_key() -> None:
    with pytest.raises(BadTable, match=r"^persons_with: \[0\]; whole numbers of events from 1 are needed as keys$"):
        directly_standardised_rate_of_repeat_events({0: [3], 1: [2]}, [10], [1])


def test_crude_rates_and_proportions_refuse_what_cannot_be() -> None:
    with pytest.raises(BadTable, match=r"^crude rate: population: row 0: 0; a number above 0 is needed$"):
        crude_rate(3, 0)
    with pytest.raises(BadTable, match=r"^numerator / denominator: 1\.5; a number to 1 is needed$"):
        crude_proportion(3, 2)


def test_tails_of_a_confidence() -> None:
    assert tail_of(0.998) == pytest.approx(0.001)


def test_no_limit_of_a_rate_is_below_zero() -> None:
    """Ten events of one person, and ten of which one counts for most: limits at 99.8% began below 0."""
    of_one = directly_standardised_rate_of_repeat_events(
        {10: [1, 0]}, [1000, 1000], [1, 1], multiplier=1000, confidence=0.998
    )
    uneven = directly_standardised_rate([9, 1], [10_000, 100], [1, 99], multiplier=1000, confidence=0.998)
    for rate in (of_one, uneven):
        assert rate.lower == 0
        assert rate.upper > rate.value > 0


def test_wilson_limits_stay_within_nobody_and_everybody() -> None:
    for total in range(1, 200):
        assert wilson_limits(0, total)[0] >= 0
        assert wilson_limits(total, total)[1] <= 1


def test_events_among_nobody_are_an_error() -> None:
    """They counted as observed, and nobody was expected to have them."""
    for made in (indirectly_standardised_ratio, indirectly_standardised_rate):
        with pytest.raises(
            BadTable,
            match=r"^bands: count, population: row 1: 3, 0; events among nobody: correct the population, or widen the band$",
        ):
            made([10, 3], [500, 0], [200, 100], [10_000, 5000])
    assert indirectly_standardised_ratio([10, 0], [500, 0], [200, 100], [10_000, 5000]).value == 1
