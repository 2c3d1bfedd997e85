"""Whether intervals hold what they should: runs whose truth is known are asked for it (simulation-based calibration)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import stats

from calibration.fitting.de_mc import de_mc
from calibration.fitting.emulator import fit_emulator
from calibration.fitting.fit import APART
from calibration.fitting.found import Fit
from calibration.fitting.likelihood import Posterior, beyond_noise

SBC_QUESTIONS = 100
SBC_CHAINS, SBC_STEPS, SBC_WARM_UP, SBC_EVERY = 60, 500, 1000, 5
"""Chains of each simulated truth, their moves, those before, and which of them are kept."""
SBC_DRAWS = 200
"""Draws of a network for each simulated truth."""
NINETY = 0.9
"""The interval whose coverage is told."""


@dataclass(frozen=True)
class Calibrated:
    """Whether intervals hold what they should, by simulated truths: `ranks` (questions, unknowns) from 0 to 1.

    `coverage` is that of 90% intervals over all, with its standard error; `p_values` are by unknown, of the ranks being
    even (Kolmogorov and Smirnov).
    """

    ranks: np.ndarray
    coverage: float
    error: float
    p_values: np.ndarray


def local_sbc(fit: Fit, rng: np.random.Generator) -> Calibrated:
    """Fresh runs at draws of the posterior: their own figures are asked for the scores that they were made with."""
    truths = fit.fresh_given
    summaries = fit.summaries.of(fit.fresh.published)
    if fit.network is not None:
        return _asked_network(fit, truths, summaries, rng)
    return _asked(fit.posterior, truths, summaries, fit.draws, rng)


def global_sbc(fit: Fit, rng: np.random.Generator) -> Calibrated:
    """Runs of the prior bank, asked likewise with the emulator of the bank; of a network those that it did not see."""
    runs = fit.bank
    scores = runs.scores[:, fit.places]
    summaries = fit.summaries.of(runs.published)
    if fit.network is not None:
        return _asked_network(fit, scores[fit.network.left_out], summaries[fit.network.left_out], rng)
    asked = rng.permutation(len(runs))[:SBC_QUESTIONS]
    left = np.setdiff1d(np.arange(len(runs)), asked)
    emulator = fit_emulator(scores[left], summaries[left])
    posterior = Posterior(emulator, fit.summaries.observed, fit.summaries.weights, fit.posterior.beyond, fit.prior)
    start = rng.multivariate_normal(np.zeros(len(fit.unknowns)), fit.prior, size=SBC_CHAINS * 4)
    return _asked(posterior, scores[asked], summaries[asked], start, rng)


def _asked(
    posterior: Posterior, truths: np.ndarray, summaries: np.ndarray, start: np.ndarray, rng: np.random.Generator
) -> Calibrated:
    noisy = summaries + beyond_noise(posterior.beyond, len(summaries), rng)
    begin = start[rng.integers(0, len(start), (len(truths), SBC_CHAINS))]
    begin = begin + APART * start.std(axis=0) * rng.normal(size=begin.shape)
    chains = de_mc(
        partial(posterior, observed=noisy), begin, steps=SBC_STEPS, warm_up=SBC_WARM_UP, rng=rng, every=SBC_EVERY
    )
    ranks = np.array(
        [(each.draws < truth).mean(axis=(0, 1)) for each, truth in zip(chains, truths, strict=True)]
    ).reshape(truths.shape)
    return _held(ranks)


def _asked_network(fit: Fit, truths: np.ndarray, summaries: np.ndarray, rng: np.random.Generator) -> Calibrated:
    assert fit.network is not None
    noisy = summaries + beyond_noise(fit.posterior.beyond, len(summaries), rng)
    drawn = fit.network.draws(noisy, SBC_DRAWS, seed=fit.settings.seed)
    return _held((drawn < truths[:, None]).mean(axis=1))


def _held(ranks: np.ndarray) -> Calibrated:
    tail = (1 - NINETY) / 2
    held = ((ranks >= tail) & (ranks <= 1 - tail)).mean(axis=1)
    p_values = np.array([stats.kstest(column, "uniform").pvalue for column in ranks.T])
    return Calibrated(ranks, float(held.mean()), float(held.std(ddof=1) / np.sqrt(len(held))), p_values)
