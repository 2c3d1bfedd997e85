"""Distributions drawn by integer interpolation have the shape that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy import stats

from pathways import Duration, Quantity
from pathways.durations import mean_days, shape_in_days
from sim.arrays.keyed_draws import bits, label, run_key
from sim.arrays.quantiles import (
    TICK_BITS,
    address,
    duration_table,
    gumbel,
    interpolate,
    tail_shares,
    ticks,
    unit_exponential,
)

COUNT = 400_000


@njit
def _values(row, count, key, name):  # type: ignore[no-untyped-def]
    out = np.empty(count, dtype=np.int64)
    for k in range(count):
        out[k] = interpolate(row, bits(key, name, k))
    return out


def drawn(row: np.ndarray, unit: float) -> np.ndarray:
    """Values of a row in its own units."""
    return _values(address(row), COUNT, run_key(3, 0), label("a test")) / unit


def mean_of(row: np.ndarray) -> float:
    """The mean in ticks of the durations that a row gives."""
    shares = tail_shares()
    sides = row.reshape(2, -1).astype(float)
    middles = (sides[:, 1:] + sides[:, :-1]) / 2
    return float((middles * np.diff(shares)).sum() + sides[:, 0].sum() * shares[0]) / 2**TICK_BITS


CASES = [
    ("exponential", (10.0,), stats.expon(scale=10)),
    ("gamma", (30.0, 20.0), stats.gamma(2.25, scale=400 / 30)),
    ("lognormal", (26.0, 104.0), stats.lognorm(np.log(4) / stats.norm.ppf(0.9), scale=26)),
    ("weibull", (20.0, 1.7), stats.weibull_min(1.7, scale=20 / np.log(2) ** (1 / 1.7))),
    ("uniform", (5.0, 60.0), stats.uniform(5, 55)),
]


@pytest.mark.parametrize(("shape", "parameters", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_duration_has_its_distribution(
    shape: str, parameters: tuple[float, ...], expected: stats.rv_continuous
) -> None:
    values = drawn(duration_table(shape, parameters, 1), 256)
    assert abs(values.mean() - expected.mean()) < 5 * expected.std() / np.sqrt(COUNT) + 0.002 * expected.mean()
    assert stats.kstest(values + 1e-9, expected.cdf).statistic < 2 / np.sqrt(COUNT) + 1 / 256
    for tail in (1e-4, 1e-3, 0.999, 0.9999):
        assert np.isclose(
            (values <= expected.ppf(tail)).mean(), tail, rtol=0.0, atol=5 * np.sqrt(tail * (1 - tail) / COUNT) + 1e-5
        )
    assert abs(mean_of(duration_table(shape, parameters, 1)) - expected.mean()) < 0.003 * expected.mean()


def test_the_same_duration_in_finer_ticks() -> None:
    days = mean_of(duration_table("gamma", (5.0, 5.0), 1))
    quarters = mean_of(duration_table("gamma", (5.0, 5.0), 96))
    assert np.isclose(quarters / 96, days, rtol=1e-3)


@pytest.mark.parametrize(("shape", "parameters"), [("fixed", (7.0,)), ("gamma", (7.0, 0.0)), ("lognormal", (7.0, 7.0))])
def test_a_distribution_without_spread_is_always_its_value(shape: str, parameters: tuple[float, ...]) -> None:
    assert set(drawn(duration_table(shape, parameters, 1), 256)) == {7.0}


def test_an_empirical_duration_keeps_its_quantiles() -> None:
    row = duration_table("empirical", (0.0, 0.25, 0.5, 0.9, 1.0, 0.0, 3.0, 7.0, 30.0, 90.0), 1)
    values = drawn(row, 256)
    for level, days in ((0.25, 3), (0.5, 7), (0.9, 30)):
        assert np.isclose((values <= days).mean(), level, atol=0.01)
    assert values.max() <= 90


def test_ticks_are_the_nearest_whole_number() -> None:
    row = duration_table("fixed", (2.6,), 1)
    assert ticks(address(row), np.uint64(123)) == 3


def test_thresholds_are_unit_exponential_and_noise_is_gumbel() -> None:
    thresholds = drawn(unit_exponential(), 2**24)
    assert stats.kstest(thresholds, "expon").pvalue > 1e-4
    noise = drawn(gumbel(), 2**24)
    assert stats.kstest(noise, "gumbel_r").pvalue > 1e-4


def test_cells_are_finer_towards_both_tails() -> None:
    shares = tail_shares()
    widths = np.diff(shares)
    assert (np.diff(shares) > 0).all()
    assert widths[0] < 1e-8
    assert widths[-1] == 1 / 128


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ({"fixed": "a"}, {"a": 9.0}),
        ({"exponential": "a"}, {"a": 9.0}),
        ({"gamma": "a", "sd": "b"}, {"a": 30.0, "b": 20.0}),
        ({"lognormal": "a", "p90": "b"}, {"a": 10.0, "b": 80.0}),
        ({"weibull": "a", "shape": "b"}, {"a": 20.0, "b": 0.7}),
        ({"uniform": ("a", "b")}, {"a": 0.1, "b": 0.5}),
        ({"empirical": "a"}, {"a": {"0": 1.0, "0.5": 2.0, "0.9": 10.0, "1": 60.0}}),
    ],
)
def test_the_mean_of_a_duration_is_the_mean_of_its_draws(written: dict[str, str], values: dict[str, float]) -> None:
    """Of every kind; the mean of a lognormal lies far above its median, and less than a day stays less than a day."""
    quantities = {
        name: Quantity.model_validate(
            {
                "value": value,
                "unit": "ratio" if written.get("shape") == name else "days",
                "source": "a test",
                "grade": "assumed",
                **({"low_times": 1, "high_times": 1} if isinstance(value, dict) else {"low": value, "high": value}),
            }
        )
        for name, value in values.items()
    }
    duration = Duration.model_validate(written)
    values_drawn = drawn(duration_table(*shape_in_days(duration, quantities), 1), 256)
    error = 5 * values_drawn.std() / np.sqrt(COUNT) + 0.004 * values_drawn.mean()
    assert abs(mean_days(duration, quantities) - values_drawn.mean()) < error
