"""Partial pooling of practices: limits by hand, against numerical integration, and intervals that hold what they promise."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from calibration.fitting.practice_pooling import draw_effects, pooled, spread_from
from outcomes.table_rules import BadTable

NAN = float("nan")


def posterior_by_integration(count: float, expected: float, spread: float, slope: float) -> tuple[float, float, float]:
    """Mean and sd of the effect and the log likelihood, by Simpson's rule over the model as it is written down."""
    u = np.linspace(-12 * spread, 12 * spread, 100_001)
    joint = stats.poisson.pmf(count, expected * np.exp(slope * u)) * stats.norm.pdf(u, scale=spread)
    total, first, second = (integrate.simpson(u**power * joint, x=u) for power in range(3))
    return first / total, np.sqrt(second / total - (first / total) ** 2), np.log(total)


def counts_of(
    rng: np.random.Generator, expected: np.ndarray, spread: float, slope: float
) -> tuple[np.ndarray, np.ndarray]:
    """True effects and the counts that they make."""
    effects = spread * rng.standard_normal(expected.shape)
    return effects, rng.poisson(expected * np.exp(slope * effects)).astype(float)


# one practice


@pytest.mark.parametrize("slope", [1.0, 0.4, -0.7])
@pytest.mark.parametrize("spread", [0.1, 0.6, 2.0])
@pytest.mark.parametrize(("count", "expected"), [(0, 0.5), (0, 40), (1, 3), (7, 7), (60, 20), (3, 90)])
def test_posterior_and_likelihood_are_those_of_numerical_integration(
    count: int, expected: float, spread: float, slope: float
) -> None:
    mean, sd, log_likelihood = posterior_by_integration(count, expected, spread, slope)
    row = pooled([count], [expected], spread=spread, slope=slope).iloc[0]
    assert row["effect"] == pytest.approx(mean, abs=1e-5)
    assert row["effect_sd"] == pytest.approx(sd, rel=1e-4)
    assert row["pooled_ratio"] == pytest.approx(np.exp(slope * mean), rel=1e-4)
    curve = spread_from([count], [expected], slope=slope).curve
    there = curve["log_likelihood"][np.isclose(curve["spread"], spread)].tolist()
    assert there == [pytest.approx(log_likelihood, abs=1e-6)]


@pytest.mark.parametrize(("count", "expected"), [(NAN, 12.0), (0.0, 0.0), (NAN, 0.0)])
def test_without_data_there_is_the_prior(count: float, expected: float) -> None:
    row = pooled([count], [expected], spread=0.4, slope=1).iloc[0]
    assert row["effect"] == pytest.approx(0, abs=1e-12)
    assert row["effect_sd"] == pytest.approx(0.4, rel=1e-9)
    assert row["weight"] == pytest.approx(0, abs=1e-9)
    assert row["pooled_ratio"] == pytest.approx(1)
    assert np.isnan(row["ratio"])
    drawn = draw_effects([count], [expected], np.full(20_000, 0.4), slope=1, rng=np.random.default_rng(1))
    assert stats.kstest(drawn[:, 0] / 0.4, "norm").pvalue > 0.01


def test_what_a_slope_of_nothing_cannot_tell_stays_the_prior() -> None:
    table = pooled([0, 5, 500], [10.0, 10, 10], spread=0.3, slope=0)
    assert table["effect"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert table["effect_sd"].to_numpy() == pytest.approx(0.3)
    assert spread_from([0, 5, 500], [10.0, 10, 10], slope=0).spread == 0


@pytest.mark.parametrize("slope", [1.0, 2.0, -0.5])
def test_of_big_counts_only_their_own_remains(slope: float) -> None:
    """The effect is the log ratio over the slope, its sd that of a Poisson count: 1 / (slope · √count)."""
    row = pooled([1_500_000], [1_000_000.0], spread=0.5, slope=slope).iloc[0]
    assert row["effect"] == pytest.approx(np.log(1.5) / slope, abs=1e-4)
    assert row["effect_sd"] == pytest.approx(1 / (abs(slope) * np.sqrt(1_500_000)), rel=1e-3)
    assert row["weight"] == pytest.approx(1, abs=1e-4)
    assert row["pooled_ratio"] == pytest.approx(1.5, rel=1e-4)


def test_of_many_events_the_weight_is_that_of_two_normals() -> None:
    """Observed as expected, 400: variances 0.1² of practices and 1/400 of the log count; weight 0.01 / 0.0125."""
    row = pooled([400], [400.0], spread=0.1, slope=1).iloc[0]
    assert row["weight"] == pytest.approx(0.8, abs=0.005)
    assert row["effect_sd"] == pytest.approx(np.sqrt(1 / (100 + 400)), rel=0.005)


def test_no_spread_leaves_no_effect() -> None:
    table = pooled([0, 30, 3000], [10.0, 20, 2000], spread=0, slope=1)
    assert table["effect"].tolist() == table["effect_sd"].tolist() == table["weight"].tolist() == [0, 0, 0]
    assert table["pooled_ratio"].tolist() == [1, 1, 1]
    assert table["ratio"].tolist() == [0, 1.5, 1.5]
    assert not draw_effects([0, 30], [10.0, 20], [0, 0, 0], slope=1, rng=np.random.default_rng(1)).any()


def test_effects_are_drawn_in_towards_0_and_the_less_the_bigger_the_practice() -> None:
    expected = np.array([1, 4, 16, 64, 256, 1024.0])
    for times in (1.5, 0.5):
        table = pooled(times * expected, expected, spread=0.3, slope=1)
        apart = table["effect"].abs()
        assert (apart.diff().dropna() > 0).all()
        assert (apart < abs(np.log(times))).all()
        assert (np.sign(table["effect"]) == np.sign(np.log(times))).all()
        assert table["weight"].between(0, 1).all()
        assert (table["weight"].diff().dropna() > 0).all()
        assert (table["effect_sd"].diff().dropna() < 0).all()


@pytest.mark.parametrize("spread", [0.05, 0.5, 3, 30])
@pytest.mark.parametrize("slope", [0.01, 1, -3])
def test_no_count_makes_an_infinite_effect(spread: float, slope: float) -> None:
    counts, expected = [0, 0, 0, 0, 1, 100_000, 3, 1.5], [1e-9, 1, 1e3, 1e6, 1e-3, 1e-3, 1e6, 1.5]
    table = pooled(counts, expected, spread=spread, slope=slope)
    assert np.isfinite(table.to_numpy()).all()
    assert (table["effect_sd"] <= spread * (1 + 1e-9)).all()
    drawn = draw_effects(counts, expected, np.full(50, spread), slope=slope, rng=np.random.default_rng(1))
    assert np.isfinite(drawn).all()
    assert (np.abs(drawn - table["effect"].to_numpy()) < 7 * table["effect_sd"].to_numpy()).all()


def test_zero_events_say_more_the_more_were_expected() -> None:
    table = pooled([0, 0, 0], [0.1, 10, 1000.0], spread=0.5, slope=1)
    assert (table["effect"].diff().dropna() < 0).all()
    assert table["effect"].iloc[0] == pytest.approx(-(0.5**2) * 0.1, rel=0.2)


def test_the_index_is_that_of_the_counts() -> None:
    assert pooled(pd.Series({"P1": 3.0, "P2": 5}), [4.0, 4], spread=0.3, slope=1).index.tolist() == ["P1", "P2"]


# draws


def test_draws_are_those_of_the_posterior() -> None:
    counts, expected = [0, 2, 15, 400], [6.0, 1, 12, 350]
    table = pooled(counts, expected, spread=0.7, slope=1.3)
    drawn = draw_effects(counts, expected, np.full(40_000, 0.7), slope=1.3, rng=np.random.default_rng(2))
    assert drawn.mean(axis=0) == pytest.approx(table["effect"].to_numpy(), abs=0.01)
    assert drawn.std(axis=0) == pytest.approx(table["effect_sd"].to_numpy(), rel=0.02)
    u = np.linspace(-6, 4, 20_001)
    for practice, (count, mean) in enumerate(zip(counts, expected, strict=True)):
        density = np.exp(count * 1.3 * u - mean * np.exp(1.3 * u) - u**2 / (2 * 0.49))
        below = np.cumsum(density) / density.sum()
        assert stats.kstest(drawn[:, practice], lambda x, cdf=below: np.interp(x, u, cdf)).pvalue > 0.01


def test_each_draw_has_its_own_spread() -> None:
    spreads = np.repeat([0.1, 0.9], 5000)
    drawn = draw_effects([NAN, 9], [5.0, 3], spreads, slope=1, rng=np.random.default_rng(3))
    assert drawn.shape == (10_000, 2)
    for half, spread in ((drawn[:5000], 0.1), (drawn[5000:], 0.9)):
        assert half[:, 0].std() == pytest.approx(spread, rel=0.05)
        assert half[:, 1].mean() == pytest.approx(
            pooled([9], [3.0], spread=spread, slope=1)["effect"].iloc[0], abs=0.04
        )


def test_the_same_generator_draws_the_same() -> None:
    one, other = (
        draw_effects([3, 9], [5.0, 3], [0.2, 0.4], slope=1, rng=np.random.default_rng(3)).tolist() for _ in range(2)
    )
    assert one == other


# all practices


@pytest.mark.parametrize(("spread", "slope"), [(0.2, 1.0), (0.8, 0.6)])
def test_nine_in_ten_true_effects_lie_in_their_ninety_per_cent_intervals(spread: float, slope: float) -> None:
    """1,000 practices of 1 to 300 expected events, the spread worked out from them in groups of 40."""
    rng = np.random.default_rng(4)
    inside = []
    for _ in range(25):
        expected = np.exp(rng.uniform(0, np.log(300), 40))
        effects, counts = counts_of(rng, expected, spread, slope)
        curve = spread_from(counts, expected, slope=slope).curve
        spreads = rng.choice(curve["spread"], size=400, p=curve["weight"])
        low, high = np.quantile(draw_effects(counts, expected, spreads, slope=slope, rng=rng), [0.05, 0.95], axis=0)
        inside += ((low <= effects) & (effects <= high)).tolist()
    assert len(inside) == 1000
    assert 0.85 <= np.mean(inside) <= 0.95


def test_pooled_effects_are_nearer_the_truth_than_own_ratios() -> None:
    rng = np.random.default_rng(5)
    expected = np.exp(rng.uniform(0, np.log(100), 200))
    effects, counts = counts_of(rng, expected, 0.3, 1)
    table = pooled(counts, expected, spread=spread_from(counts, expected, slope=1).spread, slope=1)
    own = np.log((counts + 0.5) / (expected + 0.5))
    assert ((table["effect"] - effects) ** 2).mean() < 0.6 * ((own - effects) ** 2).mean()


@pytest.mark.parametrize("spread", [0.15, 0.5, 1.2, 2.6])
def test_the_spread_is_found_again(spread: float) -> None:
    rng = np.random.default_rng(6)
    expected = rng.uniform(20, 200, 200)
    _, counts = counts_of(rng, expected, spread, 1)
    found = spread_from(counts, expected, slope=1)
    assert found.spread == pytest.approx(spread, rel=0.2)
    assert found.spread == pytest.approx(float((found.curve["spread"] * found.curve["weight"]).sum()), rel=0.05)
    assert spread_from(counts, expected, slope=2).spread == pytest.approx(found.spread / 2, abs=0.01)


def test_practices_that_differ_by_chance_alone_have_a_spread_of_0_half_the_time() -> None:
    """At the edge of what is possible the likeliest spread is 0 in about half of all areas, and small in the others."""
    rng = np.random.default_rng(7)
    expected = rng.uniform(10, 100, 40)
    found = np.array([spread_from(rng.poisson(expected), expected, slope=1).spread for _ in range(60)])
    assert 0.3 <= (found == 0).mean() <= 0.8
    assert found.max() < 0.15
    assert spread_from(expected, expected, slope=1).spread == 0


def test_without_counts_every_spread_is_as_likely() -> None:
    found = spread_from([NAN, NAN], [5.0, 7], slope=1)
    assert found.spread == 0
    assert np.ptp(found.curve["log_likelihood"]) == pytest.approx(0, abs=1e-9)
    assert found.curve["weight"].sum() == pytest.approx(1)


def test_at_a_spread_of_0_the_likelihood_is_that_of_poisson_counts() -> None:
    counts, expected = np.array([0, 3, 30]), np.array([2.0, 3, 20])
    at_0 = spread_from(counts, expected, slope=1).curve.iloc[0]
    assert at_0["spread"] == 0
    assert at_0["log_likelihood"] == pytest.approx(stats.poisson.logpmf(counts, expected).sum())


def test_two_hundred_practices_and_four_hundred_draws_take_a_moment() -> None:
    rng = np.random.default_rng(8)
    expected = rng.uniform(1, 200, 200)
    _, counts = counts_of(rng, expected, 0.4, 1)
    began = time.process_time()
    spread_from(counts, expected, slope=1)
    draw_effects(counts, expected, np.full(400, 0.4), slope=1, rng=rng)
    assert time.process_time() - began < 5


# what is refused


@pytest.mark.parametrize(
    ("observed", "expected", "said"),
    [
        ([1, -2], [1.0, 1], "practices: observed: row 1: -2; a number from 0 is needed, or none where it is not known"),
        ([1, 2], [1.0, NAN], "practices: expected: row 1: missing; a number from 0 is needed"),
        (
            [1, 2],
            [0.0, 1],
            "practices: observed, expected: row 0: 1, 0; what was observed must be expected, however rarely",
        ),
        ([1, 2], [1.0], "practices: there are 2 counts and 1 expected; one of each is needed"),
    ],
)
def test_bad_numbers_are_told_where_and_why(observed: list[Any], expected: list[Any], said: str) -> None:
    for attempt in (
        lambda: pooled(observed, expected, spread=1, slope=1),
        lambda: spread_from(observed, expected, slope=1),
        lambda: draw_effects(observed, expected, [1], slope=1, rng=np.random.default_rng(1)),
    ):
        with pytest.raises(BadTable) as raised:
            attempt()
        assert raised.value.problems == [said]


def test_a_spread_is_not_negative_and_a_slope_a_number() -> None:
    with pytest.raises(BadTable, match="spread: -1; a number from 0 is needed"):
        pooled([1], [1.0], spread=-1, slope=1)
    with pytest.raises(BadTable, match="slope: nan; a number is needed"):
        spread_from([1], [1.0], slope=NAN)
