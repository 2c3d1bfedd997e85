"""The neural posterior: right where the answer is known, the same for a seed, quiet; and a sentence where it is not there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from calibration.diagnostics.checks import another_method, another_seed
from calibration.diagnostics.identifiability import knowledge
from calibration.diagnostics.simulated_truths import global_sbc, local_sbc
from calibration.fitting import neural
from calibration.fitting.fit import fit
from calibration.fitting.network import _beginning_as_no_change, learnt
from calibration.fitting.neural import by_network, method_problems, neural_draws, not_installed
from calibration.fitting.runner import bank_of
from calibration.fitting.settings import Settings
from calibration.reproduced import reproduced
from tests.helpers.fits import published, toy_runner

UNKNOWNS, SUMMARIES, RUNS = 4, 6, 2000


def test_without_the_libraries_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"torch"}
    monkeypatch.setattr(neural, "find_spec", lambda name: name if name in there else None)
    said = not_installed()
    assert said is not None
    assert said.startswith('needs sbi, which is not installed here: pip install "backpath[npe]". ')
    assert "CPU index" in said
    assert "://" not in said
    there.clear()
    (problem,) = method_problems("npe")
    assert str(problem).startswith("--method npe: needs sbi and torch, which are not installed here: pip install")
    there |= {"sbi", "torch"}
    assert not_installed() is None
    assert method_problems("npe", np.ones(3)) == []


def test_the_emulator_needs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural, "find_spec", lambda _: None)
    assert method_problems("emulate", np.array([1.0, 2.0])) == []


def test_figures_with_weights_and_unknown_methods_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural, "find_spec", lambda name: name)
    (problem,) = method_problems("npe", np.array([1.0, 2.0]))
    assert str(problem) == (
        "--method npe: it cannot count some figures more than others. Leave the column weight out, or use --method emulate."
    )
    (problem,) = method_problems("abc")
    assert str(problem) == "--method abc: write emulate or npe."


@pytest.fixture(scope="module")
def libraries() -> None:
    """Skips what needs them."""
    pytest.importorskip("sbi", reason="sbi is not installed")
    pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="module")
def known(libraries: None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Slopes, noise, prior and exact posterior covariance of a linear model with normal noise."""
    rng = np.random.default_rng(1)
    slopes = rng.normal(size=(SUMMARIES, UNKNOWNS)) * [2.0, 1.0, 0.5, 0.0]
    noise = 0.5 * np.eye(SUMMARIES) + 0.3
    prior = np.eye(UNKNOWNS)
    prior[0, 1] = prior[1, 0] = 0.6
    exact = np.linalg.inv(np.linalg.inv(prior) + slopes.T @ np.linalg.inv(noise) @ slopes)
    return slopes, noise, prior, exact


def runs_of(known: tuple[np.ndarray, ...], count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and summaries of runs of the linear model, these as large as counts are."""
    slopes, noise, prior, _ = known
    rng = np.random.default_rng(seed)
    scores = rng.multivariate_normal(np.zeros(UNKNOWNS), prior, size=count)
    return scores, 300 + 40 * (scores @ slopes.T + rng.multivariate_normal(np.zeros(SUMMARIES), noise, size=count))


def test_medians_and_spreads_are_those_worked_out_by_hand(known: tuple[np.ndarray, ...]) -> None:
    slopes, noise, prior, exact = known
    network = learnt(*runs_of(known, RUNS, 2), prior, seed=3)
    truths, asked = runs_of(known, 60, 4)
    drawn = network.draws(asked, 400, seed=5)
    assert drawn.shape == (60, 400, UNKNOWNS)
    right = ((asked - 300) / 40) @ (exact @ slopes.T @ np.linalg.inv(noise)).T
    spread = np.sqrt(np.diag(exact))
    off = np.abs(np.median(drawn, axis=1) - right) / spread
    assert off.mean() < 0.12
    assert np.quantile(off, 0.95) < 0.3
    assert drawn.std(axis=1).mean(axis=0) == pytest.approx(spread, rel=0.07)
    together = np.mean([np.corrcoef(each, rowvar=False) for each in drawn], axis=0)
    assert together == pytest.approx(exact / np.outer(spread, spread), abs=0.07)
    ranks = (drawn < truths[:, None]).mean(axis=1)
    assert ((ranks > 0.05) & (ranks < 0.95)).mean() == pytest.approx(0.9, abs=0.05)


def test_what_bends_is_learnt(libraries: None) -> None:
    """A summary that tells only the size of a score: the posterior has two hills, which no regression knows."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(3000, 1))
    summaries = np.abs(scores) + 0.1 * rng.normal(size=scores.shape)
    drawn = learnt(scores, summaries, np.eye(1), seed=1).draws(np.array([[0.5], [2.0]]), 1000, seed=1)
    assert np.abs(drawn[1]).mean() > np.abs(drawn[0]).mean() + 0.3
    assert (drawn < 0).mean(axis=(1, 2)) == pytest.approx(0.5, abs=0.1)


def test_the_same_seed_gives_the_same_draws_and_nothing_else_is_touched(
    known: tuple[np.ndarray, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(99)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    runs, prior = runs_of(known, 300, 2), known[2]
    asked = runs_of(known, 2, 4)[1]
    first, again, other = (learnt(*runs, prior, seed=seed).draws(asked, 50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


def test_it_begins_as_no_change_to_the_regression(libraries: None) -> None:
    """Looks into sbi's network: where a newer sbi names its parts otherwise, this fails."""
    import torch

    torch.manual_seed(1)
    rest, x = torch.randn(4000, 3), torch.randn(4000, 2)
    flow = _beginning_as_no_change(rest, x)
    with torch.no_grad():
        found = flow.log_prob(rest[None, :50], condition=x[:50]).numpy().ravel()
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(rest[:50]).sum(dim=1).numpy()
    assert found == pytest.approx(normal, abs=0.25)


def test_draws_stay_where_the_bank_is(known: tuple[np.ndarray, ...]) -> None:
    runs, prior = runs_of(known, 300, 2), known[2]
    drawn = learnt(*runs, prior, seed=1, reach_of=runs[0][:5]).draws(runs_of(known, 20, 4)[1], 50, seed=1)
    inside = np.linalg.inv(prior)
    size = ((drawn @ inside) * drawn).sum(axis=2)
    farthest = max(each @ inside @ each for each in runs[0][:5])
    assert (size <= farthest).mean() > 0.95


def test_a_fit_by_the_network_agrees_with_the_emulator(libraries: None, tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, published(), Settings(runs=2000, unknowns=2))
    emulated = fit(runner, bank_of(runner))
    found = by_network(emulated, runner)
    assert found.draws.shape == emulated.draws.shape
    np.testing.assert_array_equal(found.draws, neural_draws(emulated, draws=len(emulated.draws), seed=42))
    assert found.emulated is emulated
    assert found.runs == emulated.runs + len(found.fresh)
    assert another_method(found).max() < 1
    assert found.draws.std(axis=0) == pytest.approx(emulated.draws.std(axis=0), rel=0.4)
    rng = np.random.default_rng(1)
    overall, near = global_sbc(found, rng), local_sbc(found, rng)
    assert len(overall.ranks) == len(found.network.left_out) == len(found.bank) // 8
    assert overall.coverage == pytest.approx(0.9, abs=0.08)
    assert near.coverage == pytest.approx(0.9, abs=0.12)
    assert another_seed(found, rng).max() < 0.5
    assert reproduced(found).p > 0.01
    assert set(knowledge(found).table["status"]) == {"informed"}
