"""Paired differences against published runs: means, limits, variance ratio and p value."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from outcomes.paired import paired_difference, paired_p_value, variance_ratio
from tests.helpers.vectors import cases

PAIRS = st.lists(st.tuples(st.integers(-999, 999), st.integers(-999, 999)), min_size=2, max_size=25)


@pytest.mark.parametrize("case", cases("crn_paired"))
def test_published_paired_runs_are_reproduced(case: dict[str, Any]) -> None:
    scenario, base, expected = case["input"]["scenario"], case["input"]["baseline"], case["expected"]
    found = paired_difference(scenario, base)
    assert found.mean == pytest.approx(expected["mean_diff"], rel=1e-9)
    assert found.low == pytest.approx(expected["lower95"], rel=1e-9)
    assert found.high == pytest.approx(expected["upper95"], rel=1e-9)
    assert variance_ratio(scenario, base) == pytest.approx(expected["var_ratio_vs_independent"], rel=1e-9)
    assert paired_p_value(scenario, base) == pytest.approx(expected["p"], rel=1e-9)


@given(PAIRS)
def test_the_p_value_is_that_of_a_paired_t_test(pairs: list[tuple[int, int]]) -> None:
    """SciPy's, and unknown where all differences are the same."""
    scenario, base = np.array(pairs, dtype=float).T
    found = paired_p_value(scenario, base)
    if np.ptp(scenario - base) == 0:
        assert isnan(found)
    else:
        assert found == pytest.approx(stats.ttest_rel(scenario, base).pvalue, rel=1e-9)


@given(PAIRS)
def test_V30_swapping_the_arms_keeps_the_ratio_and_the_p_value(pairs: list[tuple[int, int]]) -> None:
    scenario, base = np.array(pairs, dtype=float).T
    assert variance_ratio(scenario, base) == pytest.approx(variance_ratio(base, scenario), nan_ok=True)
    assert paired_p_value(scenario, base) == pytest.approx(paired_p_value(base, scenario), nan_ok=True)


def test_V29_the_same_runs_have_no_variance_of_their_difference() -> None:
    assert variance_ratio([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]) == 0
    assert isnan(paired_p_value([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]))


def test_the_variance_ratio_tells_pairing_from_chance() -> None:
    """1 for runs that know nothing of each other, 2 for opposites."""
    one, other = np.random.default_rng(3).normal(size=(2, 20_000))
    assert variance_ratio(one, other) == pytest.approx(1, abs=0.03)
    assert variance_ratio(one, -one) == pytest.approx(2, rel=1e-12)


def test_where_there_is_too_little_nothing_is_claimed() -> None:
    nan = float("nan")
    for function in (variance_ratio, paired_p_value):
        assert isnan(function([1.0], [2.0]))
        assert isnan(function([1.0, nan], [2.0, 3.0]))
        assert isnan(function([5.0, 5.0], [4.0, 4.0]))
        assert function([1.0, 9.0, 4.0, nan], [2.0, 3.0, 5.0, 1.0]) == function([1.0, 9.0, 4.0], [2.0, 3.0, 5.0])
        with pytest.raises(ValueError, match="the scenario has 1 runs and the base 2: they cannot be paired"):
            function([1.0], [1.0, 2.0])
