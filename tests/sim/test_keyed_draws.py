"""Keyed draws are as good as independent ones: across patients, labels, visits and replications, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from sim.arrays.keyed_draws import bits, child_key, label, mix, run_key, share

SIZE = 200_000


@njit
def _grid(keys, labels, visits):  # type: ignore[no-untyped-def]
    out = np.empty(len(keys), dtype=np.uint64)
    for k in range(len(keys)):
        out[k] = bits(keys[k], labels[k], visits[k])
    return out


@njit
def _mixed(numbers):  # type: ignore[no-untyped-def]
    out = np.empty_like(numbers)
    for k in range(len(numbers)):
        out[k] = mix(numbers[k])
    return out


def patient_keys(count: int, seed: int = 1, replication: int = 0) -> np.ndarray:
    """Keys of patients as the cohort makes them: mixed from the practice's key and a running number."""
    practice = child_key(run_key(seed, replication), "practice: C84001")
    with np.errstate(over="ignore"):
        return _mixed(practice + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def along(what: str) -> np.ndarray:
    """A long series of draws in which only one part of the key changes."""
    keys = np.full(SIZE, patient_keys(1)[0], dtype=np.uint64)
    labels = np.full(SIZE, label("gp_plan"), dtype=np.uint64)
    visits = np.zeros(SIZE, dtype=np.int64)
    match what:
        case "patients":
            keys = patient_keys(SIZE)
        case "labels":
            labels = np.array([label(f"decision {k}") for k in range(SIZE)], dtype=np.uint64)
        case "visits":
            visits = np.arange(SIZE)
        case "replications":
            keys = np.array([_mixed(np.array([run_key(1, k)]))[0] for k in range(SIZE // 10)], dtype=np.uint64)
            labels, visits = labels[: len(keys)], visits[: len(keys)]
    return _grid(keys, labels, visits)


@pytest.mark.parametrize("what", ["patients", "labels", "visits", "replications"])
def test_draws_are_uniform_and_independent(what: str) -> None:
    """Uniform, without serial correlation, every bit a fair coin, neighbouring bits independent, few long runs."""
    drawn = along(what)
    uniform = (drawn >> np.uint64(11)) * 2.0**-53
    assert stats.kstest(uniform, "uniform").pvalue > 1e-4
    counts = np.bincount((uniform * 1024).astype(int), minlength=1024)
    assert stats.chisquare(counts).pvalue > 1e-4
    for lag in (1, 2, 7):
        correlation = np.corrcoef(uniform[:-lag], uniform[lag:])[0, 1]
        assert abs(correlation) < 4.5 / np.sqrt(len(uniform))
    pairs = (uniform[0::2][: len(uniform) // 2] * 32).astype(int) * 32 + (
        uniform[1::2][: len(uniform) // 2] * 32
    ).astype(int)
    assert stats.chisquare(np.bincount(pairs, minlength=1024)).pvalue > 1e-4
    ones = np.array([((drawn >> np.uint64(bit)) & np.uint64(1)).mean() for bit in range(64)])
    assert np.abs(ones - 0.5).max() < 5 * 0.5 / np.sqrt(len(drawn))
    steps = (np.diff(uniform) > 0).sum()
    mean, variance = (len(uniform) - 1) / 2, (len(uniform) + 1) / 12
    assert abs(steps - mean) < 5 * np.sqrt(variance)


@pytest.mark.parametrize("one", ["patient", "label", "visit"])
def test_two_series_that_differ_in_one_part_are_uncorrelated(one: str) -> None:
    keys = patient_keys(SIZE)
    labels = np.full(SIZE, label("mri"), dtype=np.uint64)
    visits = np.zeros(SIZE, dtype=np.int64)
    first = _grid(keys, labels, visits)
    match one:
        case "patient":
            second = _grid(np.roll(keys, 1), labels, visits)
        case "label":
            second = _grid(keys, np.full(SIZE, label("mri_report"), dtype=np.uint64), visits)
        case _:
            second = _grid(keys, labels, visits + 1)
    agreement = np.array([(~(first ^ second) >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)])
    assert np.abs(agreement - 0.5).max() < 5 * 0.5 / np.sqrt(SIZE)
    left, right = (first >> np.uint64(11)) * 2.0**-53, (second >> np.uint64(11)) * 2.0**-53
    assert abs(np.corrcoef(left, right)[0, 1]) < 4.5 / np.sqrt(SIZE)


def test_flipping_one_bit_of_the_key_flips_half_of_the_draw() -> None:
    keys = patient_keys(2000)
    labels, visits = np.full(2000, label("x"), dtype=np.uint64), np.zeros(2000, dtype=np.int64)
    before = _grid(keys, labels, visits)
    for bit in range(64):
        after = _grid(keys ^ (np.uint64(1) << np.uint64(bit)), labels, visits)
        flipped = np.unpackbits((before ^ after).view(np.uint8)).mean()
        assert abs(flipped - 0.5) < 0.02


def test_runs_seeds_and_names_have_their_own_keys() -> None:
    keys = {int(run_key(seed, replication)) for seed in range(100) for replication in range(100)}
    assert len(keys) == 10_000
    assert run_key(1, 2) != run_key(2, 1)
    assert child_key(run_key(1, 0), "practice: A") != child_key(run_key(1, 0), "practice: B")


def test_draws_are_the_same_on_every_machine() -> None:
    """Frozen values: a change here changes every result ever published."""
    key = run_key(42, 7)
    assert int(key) == FROZEN["run_key"]
    assert int(label("services.mri")) == FROZEN["label"]
    assert int(bits(np.uint64(key), label("services.mri"), 3)) == FROZEN["bits"]


@given(st.integers(0, 2**64 - 1))
def test_shares_lie_from_zero_to_one(number: int) -> None:
    assert 0.0 <= share(np.uint64(number)) < 1.0


FROZEN = {"run_key": 13553200262973777806, "label": 3057983540595910497, "bits": 10521721154483845056}
