"""Draws from a density by differential evolution: many chains, each moved by the difference of two of the others.

Method: ter Braak 2006, "A Markov chain Monte Carlo version of the genetic algorithm Differential Evolution", with two
half-ensembles that move in turn, so that all chains of a half move at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

JUMP = 2.38
"""Times 1 / √(2 × dimensions): the size of a move that serves a normal density best."""
SHORTEST, LONGEST = 0.5, 1.1
"""Moves are this much of their best size, drawn anew each time."""
LEAP = 0.1
"""The share of moves of full length, by which chains change between hills."""
JITTER = 1e-3
"""A little noise, without which chains would stay on the lines between them."""
HALVES = 2


@dataclass(frozen=True)
class Chains:
    """What came out. `draws` has shape (steps, chains, dimensions); `accepted` is the share of moves taken."""

    draws: np.ndarray
    accepted: float

    @property
    def r_hat(self) -> np.ndarray:
        """Split R-hat by dimension: how much wider all chains together are than each half chain alone; 1 when done."""
        return split_r_hat(self.draws)

    @property
    def effective(self) -> np.ndarray:
        """Effective sample size by dimension, from the chains' autocorrelation."""
        return effective_size(self.draws)

    def thinned(self, count: int) -> np.ndarray:
        """So many draws, spread evenly over steps and chains; shape (count, dimensions)."""
        flat = self.draws.reshape(-1, self.draws.shape[2])
        return np.asarray(flat[np.linspace(0, len(flat) - 1, count).astype(int)])


def de_mc(
    log_density: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    *,
    steps: int,
    warm_up: int,
    rng: np.random.Generator,
    every: int = 1,
) -> list[Chains]:
    """Draws for several questions at once: `start` has shape (questions, chains, dimensions).

    `log_density` takes points of shape (questions, some, dimensions) and gives one number each, (questions, some). Every
    chain makes `warm_up` and then `steps` moves, of which one in `every` is kept. Chains of one question never meet
    those of another.

    >>> rng = np.random.default_rng(1)
    >>> normal = lambda z: -0.5 * (z**2).sum(axis=2)
    >>> (found,) = de_mc(normal, rng.normal(size=(1, 40, 2)), steps=500, warm_up=200, rng=rng)
    >>> bool(abs(found.draws.std() - 1) < 0.05), bool(found.r_hat.max() < 1.05)
    (True, True)
    """
    questions, chains, dimensions = start.shape
    here, density = start.copy(), log_density(start)
    half = chains // HALVES
    halves = (slice(0, half), slice(half, chains))
    best = JUMP / np.sqrt(2 * dimensions)
    kept = np.empty((steps // every, questions, chains, dimensions))
    taken = np.zeros(questions)
    each = np.arange(questions)[:, None]
    for step in range(warm_up + steps):
        for moving, others in (halves, halves[::-1]):
            now, pool = here[:, moving], here[:, others]
            shape, size = now.shape[:2], pool.shape[1]
            first = rng.integers(0, size, shape)
            second = (first + rng.integers(1, size, shape)) % size
            length = best * rng.uniform(SHORTEST, LONGEST, shape)
            length[rng.random(shape) < LEAP] = 1.0
            there = now + length[..., None] * (pool[each, first] - pool[each, second])
            there += JITTER * rng.normal(size=there.shape)
            found = log_density(there)
            takes = np.log(rng.random(shape)) < found - density[:, moving]
            here[:, moving] = np.where(takes[..., None], there, now)
            density[:, moving] = np.where(takes, found, density[:, moving])
            taken += takes.sum(axis=1) if step >= warm_up else 0
        after = step - warm_up
        if after >= 0 and (after + 1) % every == 0:
            kept[after // every] = here
    return [Chains(kept[:, k], float(taken[k] / (steps * chains))) for k in range(questions)]


def split_r_hat(draws: np.ndarray) -> np.ndarray:
    """Gelman and Rubin's R-hat of chains split in two; draws of shape (steps, chains, dimensions)."""
    half = len(draws) // 2
    parts = np.concatenate([draws[:half], draws[half : 2 * half]], axis=1)
    within = parts.var(axis=0, ddof=1).mean(axis=0)
    between = half * parts.mean(axis=0).var(axis=0, ddof=1)
    return np.asarray(np.sqrt(((half - 1) / half * within + between / half) / within))


def effective_size(draws: np.ndarray) -> np.ndarray:
    """Draws that independent ones would be worth, by dimension: Geyer's initial positive sequence over all chains."""
    steps, chains, dimensions = draws.shape
    centred = draws - draws.mean(axis=(0, 1))
    spectrum = np.fft.rfft(centred, n=2 * steps, axis=0)
    lagged = np.fft.irfft(spectrum * spectrum.conj(), axis=0)[:steps].mean(axis=1) / steps
    correlation = lagged / lagged[0]
    found = np.empty(dimensions)
    for place in range(dimensions):
        pairs = correlation[0 : 2 * (steps // 2) : 2, place] + correlation[1 : 2 * (steps // 2) : 2, place]
        last = int(np.argmax(pairs < 0)) if (pairs < 0).any() else len(pairs)
        found[place] = steps * chains / max(2 * pairs[:last].sum() - 1, 1.0)
    return found
