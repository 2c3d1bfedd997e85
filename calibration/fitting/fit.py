"""The fit: from a prior bank through waves of runs to joint draws of what local data can tell.

    prior bank ─▶ screening ─▶ emulator ─▶ smoother ─▶ ┌ runs ─▶ emulator ─▶ DE-MC ┐ ─▶ fresh runs
                                                       └────────── waves ──────────┘

Every run is a task with a number of its own; a fit that was killed finds its runs again in the store and goes on. The
answer depends on the seed alone, not on workers, stops or machines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calibration.dispersion import beyond_runs
from calibration.fitting.de_mc import Chains, de_mc
from calibration.fitting.emulator import fit_emulator
from calibration.fitting.likelihood import Posterior
from calibration.fitting.screening import telling
from calibration.fitting.simulator import Simulator, Task
from calibration.fitting.smoother import smoothed
from calibration.fitting.summaries import Summaries
from calibration.parameters import read_correlation
from sim.experiment import RunStore, perform
from sim.parallel import Progress, Stopped

DEFAULT_RUNS = 2000
"""Runs in all, unless asked for otherwise: about what the method needed in trials."""
DEFAULT_SEED = 42
"""The seed of all chance, unless given."""
WAVE = 250
"""Runs of one wave."""
FRESH = 64
"""Runs of the posterior that no emulator has seen, by which the fit is checked."""
FEWEST_WAVES, MOST_WAVES = 2, 8
NEAREST = 750
"""So many runs, the nearest to the answer, are what the emulator of a wave is fitted to."""
WIDER = 1.4
"""The runs of a wave lie so much wider than the posterior that they are drawn from."""
SURPRISED = 1.3
"""Waves end when fresh runs are predicted with no more than so many times the expected squared error."""
MOST_UNKNOWN = 60
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

EMULATE, NPE = METHODS = ("emulate", "npe")
"""By an emulator in waves, or by a neural network that learns from the bank (`calibration.fitting.neural`)."""

if TYPE_CHECKING:
    from calibration.fitting.neural import Network

Say = Callable[[str], None]
Found = TypeVar("Found")
PARTS = {"chains": 1, "checks": 3}
"""Work without runs, and its steps that are shown."""


@dataclass(frozen=True)
class Settings:
    """What a user may set: runs in all, seed, how many quantities are fitted at most, where runs are made, and how."""

    runs: int = DEFAULT_RUNS
    seed: int = DEFAULT_SEED
    unknowns: int = MOST_UNKNOWN
    workers: int = 1
    dask: str | None = None
    method: str = EMULATE

    @property
    def bank(self) -> int:
        """Runs of the prior bank: the power of two next to half of all, so that other fits find it again.

        A network learns from the bank alone: then it is the greatest power of two within all.
        """
        if self.method == NPE:
            return int(2 ** max(5, np.floor(np.log2(max(self.runs, 1)))))
        return int(2 ** max(5, round(np.log2(max(self.runs, 1) / 2))))

    @property
    def waves(self) -> int:
        """Waves that the rest is enough for."""
        return int(np.clip((self.runs - self.bank - FRESH) // WAVE, FEWEST_WAVES, MOST_WAVES))


@dataclass(frozen=True)
class Runs:
    """Runs that were made: `scores` (runs, everything drawn), `published` (runs, figures), `candidates` (runs, …).

    `failed` tasks made no sense, gave no value for some figure, or killed their process.
    """

    scores: np.ndarray
    published: np.ndarray
    candidates: np.ndarray
    failed: int

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def made(self) -> int:
        """All of them, those that failed included."""
        return len(self) + self.failed

    def __add__(self, other: Runs) -> Runs:
        return Runs(
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.published, other.published]),
            np.concatenate([self.candidates, other.candidates]),
            self.failed + other.failed,
        )


@dataclass(frozen=True)
class Wave:
    """What is known of a wave: its runs, how well they had been predicted (by summary), the share that lay beyond the
    runs before, and how much of each summary the emulator explains after it."""

    number: int
    runs: int
    failed: int
    surprise: np.ndarray
    beyond: float
    explained: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Fit:
    """A fit. `draws` (draws, unknowns) are joint scores of `unknowns`; `fresh_given` (runs, unknowns) are those with
    which the `fresh` runs were made. `why_stopped` is a sentence, `seconds` are by stage. Where a `network` gave the
    draws, `emulated` is what the emulator had found.
    """

    simulator: Simulator
    settings: Settings
    summaries: Summaries
    bank: Runs
    unknowns: tuple[str, ...]
    prior: np.ndarray
    waves: tuple[Wave, ...]
    posterior: Posterior
    chains: Chains
    draws: np.ndarray
    fresh: Runs
    fresh_given: np.ndarray
    why_stopped: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    network: Network | None = None
    emulated: Fit | None = None

    @cached_property
    def places(self) -> list[int]:
        """Where the unknowns stand among everything that is drawn."""
        return [self.simulator.names.index(name) for name in self.unknowns]

    @property
    def runs(self) -> int:
        """Runs in all, the bank's included."""
        before = self.emulated.fresh.made if self.emulated else 0
        return self.bank.made + sum(wave.runs for wave in self.waves) + self.fresh.made + before

    @property
    def failed(self) -> int:
        """Runs that came to nothing, of the bank, the waves and the fresh ones."""
        return self.bank.failed + sum(wave.failed for wave in self.waves) + self.fresh.failed


class Runner:
    """Makes runs of a simulator and keeps them in a folder."""

    def __init__(
        self,
        simulator: Simulator,
        summaries: Summaries,
        folder: Path,
        settings: Settings,
        progress: Callable[[str], Progress | None] = lambda _: None,
        stop: Event | None = None,
    ):
        self.simulator, self.summaries, self.settings = simulator, summaries, settings
        self.folder, self.progress, self.stop = folder, progress, stop

    def then(self, part: str, done: int, work: Callable[[], Found]) -> Found:
        """Does the work, shown as so many steps of this part done; `Stopped` before it where the user says so."""
        if self.stop is not None and self.stop.is_set():
            raise Stopped
        show = self.progress(part)
        if show is not None:
            show(done, PARTS[part])
        return work()

    def made(self, part: str, tasks: list[Task]) -> tuple[Runs, np.ndarray]:
        """Runs of the tasks, and which of them came to something."""
        found = perform(
            self.simulator,
            {self.simulator.key(task): task for task in tasks},
            RunStore(self.folder / part),
            workers=self.settings.workers,
            dask=self.settings.dask,
            progress=self.progress(part),
            stop=self.stop,
        )
        results = list(found.values())
        asked = len(self.simulator.wanted)
        wanted = asked + len(self.simulator.candidates)
        width = wanted + len(self.simulator.names)
        rows = np.array([row for row in results if row is not None]).reshape(-1, width)
        published = self.simulator.published(rows)
        whole = ~np.isnan(self.summaries.of(published)).any(axis=1) if len(rows) else np.zeros(0, dtype=bool)
        came = np.array([row is not None for row in results], dtype=bool)
        came[came] = whole
        kept = rows[whole]
        runs = Runs(kept[:, wanted:], published[whole], kept[:, asked:wanted], len(tasks) - len(kept))
        return runs, came


def bank_of(runner: Runner) -> Runs:
    """The prior bank: runs with every quantity drawn from its range."""
    runs, _ = runner.made("bank", [Task(number, {}) for number in range(runner.settings.bank)])
    return runs


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
