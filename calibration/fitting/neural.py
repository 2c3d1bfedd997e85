"""The posterior by a neural network: a second way to joint draws that shares no assumption of the emulator's.

A masked autoregressive flow learns from the prior bank alone which scores go with which summaries (neural posterior
estimation, Papamakarios and Murray 2016; Greenberg, Nonnenmacher and Macke 2019). It learns what a linear regression of
the scores on the summaries leaves over, and begins as no change to that: with few runs it stays there, with many it
bends. Once it has learnt, any figures are answered at once, so that it can be asked about many runs whose truth is known.

Needs the packages sbi and torch, which are loaded only here. The same seed gives the same draws on the same machine with
the same versions; elsewhere they may differ in the last digits. Nothing is fetched and no file is left behind.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from calibration.fitting.fit import tasks_at
from calibration.fitting.found import Fit
from calibration.fitting.likelihood import beyond_noise
from calibration.fitting.network import Network, learnt
from calibration.fitting.runner import Runner
from calibration.fitting.settings import EMULATE, FRESH, METHODS, MOST_WAVES, WAVE
from pathways import Problem
from sim.batch.threads import Progress

QUESTIONS = 200
"""Runs of the bank, or an eighth of it, that are not learnt from: their truths are asked for."""


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
