"""The fit: from a prior bank through waves of runs to joint draws of what local data can tell.

    prior bank ─▶ screening ─▶ emulator ─▶ ensemble smoother ─▶ ┌ runs ─▶ emulator ─▶ DE-MC ┐ ─▶ fresh runs
                                                                └────────── waves ──────────┘

Every run is a task with a number of its own; a fit that was killed finds its runs again in the store and goes on. The
answer depends on the seed alone, not on workers, stops or machines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter

import numpy as np

from calibration.dispersion import beyond_runs
from calibration.fitting.de_mc import Chains, de_mc
from calibration.fitting.emulator import fit_emulator
from calibration.fitting.ensemble_smoother import smoothed
from calibration.fitting.found import Fit, Runs, Wave
from calibration.fitting.likelihood import Posterior
from calibration.fitting.runner import Runner
from calibration.fitting.screening import telling
from calibration.fitting.settings import FEWEST_WAVES, FRESH, WAVE
from calibration.fitting.simulator import Simulator, Task
from calibration.fitting.summaries import Summaries
from sim.experiments.parameters import read_correlation

NEAREST = 750
"""So many runs, the nearest to the answer, are what the emulator of a wave is fitted to."""
WIDER = 1.4
"""The runs of a wave lie so much wider than the posterior that they are drawn from."""
SURPRISED = 1.3
"""Waves end when fresh runs are predicted with no more than so many times the expected squared error."""
CHAINS_PER_UNKNOWN, FEWEST_CHAINS = 2, 80
"""Chains, which must be more than the dimensions that they span."""
STEPS_PER_UNKNOWN, FEWEST_STEPS, EVERY = 100, 1500, 30
"""Moves of each chain, more where there is more to explore, and half as many before; one in so many is kept."""
QUICK = 4
"""Between waves a fourth of that will do: the chains only have to say where the next runs go."""
APART = 0.1
"""Chains begin so much apart, in spreads, where two begin at one draw."""
MOST_TRIES = 4
"""Chains that do not agree yet go on, so many times at most."""
R_HAT, EFFECTIVE = 1 + 0.05, 400
"""Chains have come to agree below the first and with more effective draws than the second."""
DRAWS = 400
"""Joint draws that are kept."""
SPREAD = 1e-9

Say = Callable[[str], None]


def prior_of(names: tuple[str, ...]) -> np.ndarray:
    """The covariance of scores before any data: none, but between quantities that were fitted together."""
    known = read_correlation().reindex(index=list(names), columns=list(names)).to_numpy(dtype=float)
    return np.where(np.isnan(known), np.eye(len(names)), known)


def unknowns_of(bank: Runs, simulator: Simulator, summaries: Summaries, *, most: int) -> tuple[str, ...]:
    """The quantities that are fitted: all shares of the targets, and those that the targets visibly depend on."""
    shares = tuple(simulator.names.index(name) for name in sorted(simulator.targets.quantities))
    chosen = telling(bank.scores, summaries.of(bank.published), most=most, first=shares)
    return tuple(simulator.names[place] for place in chosen)


def fit(runner: Runner, bank: Runs, *, say: Say = lambda _: None) -> Fit:
    """Fits the unknowns to the published figures, starting from the bank."""
    simulator, summaries, settings = runner.simulator, runner.summaries, runner.settings
    rng = np.random.default_rng([settings.seed, 1])
    clock = perf_counter()
    unknowns = unknowns_of(bank, simulator, summaries, most=settings.unknowns)
    places = [simulator.names.index(name) for name in unknowns]
    prior = prior_of(unknowns)
    observed, weights = summaries.observed, summaries.weights
    every = bank
    emulator = fit_emulator(every.scores[:, places], summaries.of(every.published))
    ensemble = rng.multivariate_normal(np.zeros(len(unknowns)), prior, size=WAVE)
    draws = smoothed(ensemble, emulator, observed, beyond_runs(summaries, bank.published), rng)
    waves: list[Wave] = []
    seconds = {"emulator and smoother": perf_counter() - clock}
    why = f"the runs asked for ({settings.runs}) were made"
    number = settings.bank
    posterior: Posterior | None = None
    for wave in range(1, settings.waves + 1):
        clock = perf_counter()
        points = _wider(draws, rng)
        tasks = tasks_at(unknowns, points, first=number)
        number += len(tasks)
        runs, _ = runner.made(f"wave_{wave}", tasks)
        new, found = runs.scores[:, places], summaries.of(runs.published)
        surprise = emulator.surprise(new, found) if len(new) else np.full(len(summaries), np.inf)
        beyond = float((emulator.distance(new) > 1).mean()) if len(new) else 1.0
        every = every + runs
        scores = every.scores[:, places]
        near = nearest(scores, draws, NEAREST)
        own = near >= len(bank) if wave > 1 else np.ones(len(near), dtype=bool)
        emulator = fit_emulator(scores[near], summaries.of(every.published[near]), near=own)
        apart = beyond_runs(summaries, every.published[near[own]])
        posterior = Posterior(emulator, observed, weights, apart, prior)
        quick = partial(_chains, posterior, draws, rng, steps=_steps(draws) // QUICK)
        chains = runner.then("chains", 0, quick)
        draws = chains.thinned(DRAWS)
        took = perf_counter() - clock
        waves.append(Wave(wave, len(tasks), runs.failed, surprise, beyond, emulator.explained, took))
        say(f"Wave {wave}: {len(runs)} runs, squared error {np.mean(surprise):.2f} of that expected.")
        if wave >= FEWEST_WAVES and np.mean(surprise) <= SURPRISED:
            why = f"fresh runs were predicted as well as expected after {wave} waves"
            break
    clock = perf_counter()
    assert posterior is not None
    chains = runner.then("chains", 0, partial(settled, posterior, draws, rng))
    draws = chains.thinned(DRAWS)
    seconds["last chains"] = perf_counter() - clock
    clock = perf_counter()
    given = draws[np.linspace(0, len(draws) - 1, FRESH).astype(int)]
    fresh, came = runner.made("fresh", tasks_at(unknowns, given, first=number))
    seconds |= {"fresh runs": perf_counter() - clock}
    return Fit(
        simulator, settings, summaries, bank, unknowns, prior, tuple(waves), posterior, chains, draws, fresh,
        given[came], why, seconds,
    )  # fmt: skip


def settled(posterior: Posterior, start: np.ndarray, rng: np.random.Generator) -> Chains:
    """Chains from the posterior, begun at `start`, that have come to agree; or as near as the tries allow."""
    steps = _steps(start)
    chains = _chains(posterior, start, rng, steps=steps)
    for _ in range(MOST_TRIES - 1):
        if chains.r_hat.max() < R_HAT and chains.effective.min() > EFFECTIVE:
            break
        (chains,) = de_mc(posterior, chains.draws[-1][None], steps=2 * steps, warm_up=0, rng=rng, every=2 * EVERY)
    return chains


def _steps(draws: np.ndarray) -> int:
    return max(FEWEST_STEPS, STEPS_PER_UNKNOWN * draws.shape[1])


def _chains(posterior: Posterior, start: np.ndarray, rng: np.random.Generator, *, steps: int) -> Chains:
    count = max(FEWEST_CHAINS, CHAINS_PER_UNKNOWN * start.shape[1])
    here = start[rng.integers(0, len(start), count)]
    here = here + APART * start.std(axis=0) * rng.normal(size=here.shape)
    (chains,) = de_mc(posterior, here[None], steps=steps, warm_up=steps // 2, rng=rng, every=EVERY)
    return chains


def nearest(scores: np.ndarray, draws: np.ndarray, count: int) -> np.ndarray:
    """The places of so many runs, those nearest to the middle of the draws in their own spread."""
    spread = np.atleast_2d(np.cov(draws, rowvar=False)) + SPREAD * np.eye(draws.shape[1])
    away = scores - draws.mean(axis=0)
    distance = ((away @ np.linalg.inv(spread)) * away).sum(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:count])


def _wider(draws: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points of a wave: draws, spread out around their middle."""
    chosen = draws[rng.permutation(len(draws))[:WAVE]]
    middle = draws.mean(axis=0)
    return np.asarray(middle + WIDER * (chosen - middle))


def tasks_at(
    unknowns: tuple[str, ...], points: np.ndarray, *, first: int, practices: Mapping[str, float] | None = None
) -> list[Task]:
    """A run for each point (points, unknowns), numbered from `first`; `practices` pins all practices in each.

    >>> tasks_at(("onset_rate",), np.array([[0.5], [-1.0]]), first=7)[1]
    Task(number=8, given={'onset_rate': -1.0}, practices={})
    """
    return [
        Task(first + k, dict(zip(unknowns, map(float, point), strict=True)), dict(practices or {}))
        for k, point in enumerate(points)
    ]
