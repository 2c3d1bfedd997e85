"""The posterior by a neural network: a second way to joint draws that shares no assumption of the emulator's.

A masked autoregressive flow learns from the prior bank alone which scores go with which summaries (neural posterior
estimation, Papamakarios and Murray 2016; Greenberg, Nonnenmacher and Macke 2019). It learns what a linear regression of
the scores on the summaries leaves over, and begins as no change to that: with few runs it stays there, with many it
bends. Once it has learnt, any figures are answered at once, so that it can be asked about many runs whose truth is known.

Needs the packages sbi and torch, which are loaded only here. The same seed gives the same draws on the same machine with
the same versions; elsewhere they may differ in the last digits. Nothing is fetched and no file is left behind.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from calibration.fitting.fit import EMULATE, FRESH, METHODS, MOST_WAVES, WAVE, Fit, Runner, tasks_at
from calibration.fitting.likelihood import beyond_noise
from pathways import Problem
from sim.parallel import Progress

if TYPE_CHECKING:
    import torch

HIDDEN, TRANSFORMS = 32, 2
"""Units of each layer, and layers that follow each other: a small network for a few thousand runs."""
BATCH = 50
"""Runs that each step of learning looks at."""
RATE = 1e-3
"""How far a step goes."""
PATIENCE = 30
"""So many rounds without getting better on the tenth of the runs that it does not learn from, and learning ends."""
SMALL = 1e-2
"""The network's last weights begin so much smaller, which makes it next to no change at first."""
ONE = float(np.log(np.expm1(1.0)))
"""Where softplus is 1: a flow that scales by it leaves lengths as they are."""
RIDGE = 1.0
QUESTIONS = 200
"""Runs of the bank, or an eighth of it, that are not learnt from: their truths are asked for."""
TRIES = 50
"""Draws beyond the reach of the bank are drawn again, so many times at most."""
LEAST = 1e-12


def not_installed() -> str | None:
    """A sentence on what to install, None where nothing is missing."""
    missing = [name for name in ("sbi", "torch") if find_spec(name) is None]
    if not missing:
        return None
    are = "is" if len(missing) == 1 else "are"
    return (
        f'needs {" and ".join(missing)}, which {are} not installed here: pip install "backpath[npe]". Without a graphics '
        "card install torch first from the CPU index that its own page of installation names: it is far smaller."
    )


def method_problems(method: str, weights: np.ndarray | None = None) -> list[Problem]:
    """What speaks against a method: it is not known, it is not installed, or figures have weights that it cannot heed.

    >>> [str(problem) for problem in method_problems("best")]
    ['--method best: write emulate or npe.']
    """
    where = f"--method {method}"
    if method not in METHODS:
        return [Problem("method", where, f"write {' or '.join(METHODS)}.")]
    if method == EMULATE:
        return []
    missing = not_installed()
    if missing:
        return [Problem("method_installed", where, missing)]
    if weights is not None and (weights != 1).any():
        says = "it cannot count some figures more than others. Leave the column weight out, or use --method emulate."
        return [Problem("method_weights", where, says)]
    return []


@dataclass(frozen=True)
class Network:
    """What was learnt. `flow` gives what is left of the scores after the regression, whitened by `root`.

    `coefficients` (1 + summaries, unknowns) are of the regression on summaries brought to mean 0 and spread 1;
    `within` is the inverse of the prior's covariance and `reach` the squared distance in it of the outermost run.
    `rounds` is how long it learnt, `left_out` (runs) which runs of the bank it did not see.
    """

    flow: Any
    middle: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    root: np.ndarray
    within: np.ndarray
    reach: float
    rounds: int
    left_out: np.ndarray

    def draws(self, observed: np.ndarray, count: int, *, seed: int) -> np.ndarray:
        """So many draws for each row of summaries; shape (questions, summaries) to (questions, count, unknowns)."""
        import torch

        x = (observed - self.middle) / self.spread
        base = _with_one(x) @ self.coefficients
        condition = torch.as_tensor(x, dtype=torch.float32)
        found = np.full((len(x), count, base.shape[1]), np.nan)
        beyond = np.ones(found.shape[:2], dtype=bool)
        with _alone(seed), torch.no_grad():
            for _ in range(TRIES):
                again = beyond.any(axis=1)
                if not again.any():
                    break
                rest = self.flow.sample((count,), condition=condition[again]).permute(1, 0, 2).numpy().astype(float)
                drawn = base[again, None] + rest @ self.root.T
                found[again] = np.where(beyond[again, :, None], drawn, found[again])
                beyond = ((found @ self.within) * found).sum(axis=2) > self.reach
        return found


def learnt(
    scores: np.ndarray,
    summaries: np.ndarray,
    prior: np.ndarray,
    *,
    seed: int,
    left_out: np.ndarray | None = None,
    reach_of: np.ndarray | None = None,
) -> Network:
    """Learns from runs: scores (runs, unknowns), drawn from a normal prior of this covariance, and their summaries.

    `left_out` is only noted. `reach_of` are scores that tell how far draws may lie, those of the runs if not given.
    """
    import torch
    from sbi.inference import NPE as Inference

    middle, spread = summaries.mean(axis=0), np.maximum(summaries.std(axis=0), LEAST)
    x = (summaries - middle) / spread
    coefficients, left = _regression(x, scores)
    root = np.linalg.cholesky(left.T @ left / len(left) + LEAST * np.eye(left.shape[1]))
    rest = np.linalg.solve(root, left.T).T
    inside = np.linalg.inv(prior)
    far = scores if reach_of is None else reach_of
    with _alone(seed):
        inference = Inference(
            prior=torch.distributions.MultivariateNormal(
                torch.zeros(len(prior)), torch.as_tensor(prior, dtype=torch.float32)
            ),
            density_estimator=_beginning_as_no_change,
            show_progress_bars=False,
            tracker=_Nobody(),
        )
        inference.append_simulations(
            torch.as_tensor(rest, dtype=torch.float32), torch.as_tensor(x, dtype=torch.float32)
        )
        flow = inference.train(training_batch_size=BATCH, learning_rate=RATE, stop_after_epochs=PATIENCE)
        flow.eval()
    return Network(
        flow,
        middle,
        spread,
        coefficients,
        root,
        inside,
        float(((far @ inside) * far).sum(axis=1).max()),
        int(inference.summary["epochs_trained"][-1]),
        np.zeros(0, dtype=int) if left_out is None else left_out,
    )


def network_of(fit: Fit, *, seed: int) -> Network:
    """A network that has learnt from a fit's bank, but for the runs that are kept for questions."""
    rng = np.random.default_rng([fit.settings.seed, 4])
    left_out = np.sort(rng.permutation(len(fit.bank))[: min(QUESTIONS, len(fit.bank) // 8)])
    learns = np.setdiff1d(np.arange(len(fit.bank)), left_out)
    scores = fit.bank.scores[:, fit.places]
    found = fit.summaries.of(fit.bank.published)
    noisy = found + beyond_noise(fit.posterior.beyond, len(found), rng)
    return learnt(scores[learns], noisy[learns], fit.prior, seed=seed, left_out=left_out, reach_of=scores)


def neural_draws(fit: Fit, *, draws: int, seed: int, progress: Progress | None = None) -> np.ndarray:
    """Joint draws of a fit's unknowns, learnt from its prior bank; shape (draws, unknowns)."""
    if progress is not None:
        progress(0, 1)
    found = network_of(fit, seed=seed).draws(fit.summaries.observed[None], draws, seed=seed)[0]
    if progress is not None:
        progress(1, 1)
    return found


def by_network(fit: Fit, runner: Runner) -> Fit:
    """The fit with the network's draws in place of the emulator's, and fresh runs made at them.

    What the emulator found stays within, as `emulated`.
    """
    seed = fit.settings.seed
    network = network_of(fit, seed=seed)
    draws = network.draws(fit.summaries.observed[None], len(fit.draws), seed=seed)[0]
    given = draws[:FRESH]
    first = fit.settings.bank + MOST_WAVES * WAVE + FRESH
    fresh, came = runner.made("fresh_npe", tasks_at(fit.unknowns, given, first=first))
    return replace(fit, draws=draws, fresh=fresh, fresh_given=given[came], network=network, emulated=fit)


def _regression(x: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of scores on summaries by ridge, and what each run leaves over when it is left out."""
    terms = _with_one(x)
    penalty = np.diag([0.0] + [RIDGE] * x.shape[1])
    inverse = np.linalg.inv(terms.T @ terms + penalty)
    coefficients = inverse @ terms.T @ scores
    lever = ((terms @ inverse) * terms).sum(axis=1)
    return coefficients, (scores - terms @ coefficients) / (1 - lever)[:, None]


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(x), 1)), x], axis=1)


def _beginning_as_no_change(rest: torch.Tensor, x: torch.Tensor) -> Any:
    """A masked autoregressive flow whose last layers begin near nothing."""
    import torch
    from sbi.neural_nets import posterior_nn

    flow = posterior_nn(model="maf", hidden_features=HIDDEN, num_transforms=TRANSFORMS)(rest, x)
    for module in flow.modules():
        if hasattr(module, "final_layer"):
            with torch.no_grad():
                module.final_layer.weight.mul_(SMALL)
                module.final_layer.bias.zero_()
                module.final_layer.bias[::2] = ONE  # scales and shifts take turns
    return flow


@contextlib.contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread and a seed of its own, nothing printed; all is afterwards as it was before."""
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


class _Nobody:
    """Whom sbi tells how it goes, in place of files in the current folder."""

    log_dir = None

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None
