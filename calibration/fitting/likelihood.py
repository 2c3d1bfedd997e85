"""How likely published summaries are at given scores: a synthetic likelihood with heavy tails, on an emulator.

Student's t, because the noise is estimated from a few hundred runs; widened by what the model cannot be expected to
reproduce (discrepancy) and by what runs lack of chance (dispersion). Far outside the runs that the emulator was fitted to,
the likelihood falls away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibration.fitting.emulator import Emulator

BEYOND_REACH = 50.0
"""Log-likelihood lost for each further reach from the runs, squared."""


@dataclass(frozen=True)
class Posterior:
    """The log density of scores, up to a constant, given published summaries.

    `prior` is the covariance of the scores before any data; `weights` are by summary; `beyond` is the covariance of what
    separates published summaries from runs (`calibration.dispersion.beyond_runs`). Without summaries the posterior is the
    prior.
    """

    emulator: Emulator | None
    observed: np.ndarray
    weights: np.ndarray
    beyond: np.ndarray
    prior: np.ndarray

    @cached_property
    def _prior_inverse(self) -> np.ndarray:
        return np.asarray(np.linalg.inv(self.prior))

    @cached_property
    def _precision(self) -> np.ndarray:
        """The inverse of the noise of runs and what lies beyond it, weighted; only with an emulator."""
        assert self.emulator is not None
        root = np.sqrt(self.weights)
        return np.linalg.inv(self.emulator.noise + self.beyond) * np.outer(root, root)

    def __call__(self, scores: np.ndarray, observed: np.ndarray | None = None) -> np.ndarray:
        """The log density at each point; shape (questions, points, scores) to (questions, points).

        `observed` (questions, summaries) takes the place of the published summaries, to ask many questions at once.
        """
        flat = scores.reshape(-1, scores.shape[-1])
        density = -0.5 * ((flat @ self._prior_inverse) * flat).sum(axis=1)
        if self.emulator is not None and len(self.observed):
            predicted, factor = self.emulator.mean(flat)
            wanted = self.observed if observed is None else np.repeat(observed, scores.shape[1], axis=0)
            away = wanted - predicted
            q = ((away @ self._precision) * away).sum(axis=1)
            size, freedom = len(self.observed), self.emulator.freedom
            density -= size / 2 * np.log(factor) + (freedom + size) / 2 * np.log1p(q / (freedom * factor))
            beyond = np.maximum(0.0, self.emulator.distance(flat) - 1)
            density -= BEYOND_REACH * beyond**2
        return np.asarray(density.reshape(scores.shape[:-1]))


def beyond_noise(beyond: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of what separates published summaries from runs; shape (count, summaries). `beyond` may be singular.

    >>> beyond_noise(np.ones((2, 2)), 3, np.random.default_rng(1)).std(axis=1).round(6).tolist()
    [0.0, 0.0, 0.0]
    """
    values, vectors = np.linalg.eigh(beyond)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return np.asarray(rng.normal(size=(count, len(beyond))) @ root.T)
