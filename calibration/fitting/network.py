"""The network: how it learns from the prior bank which scores go with which summaries, and how it is asked.

A masked autoregressive flow learns what a linear regression of the scores on the summaries leaves over, and begins as no
change to that: with few runs it stays there, with many it bends. Needs the packages sbi and torch, which are loaded only
here.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
TRIES = 50
"""Draws beyond the reach of the bank are drawn again, so many times at most."""
LEAST = 1e-12


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
