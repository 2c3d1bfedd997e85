"""Whether a fit can be believed: what its posterior knows, whether its intervals hold, whether other ways agree.

Each check is a function from a fit to a small record of plain numbers; `calibration.diagnostics.verdict` weighs them. Fresh runs are
compared with the published figures in `calibration.reproduced`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import special, stats

from calibration.de_mc import de_mc
from calibration.emulator import fit_emulator
from calibration.fit import APART, EMULATE, NPE, Fit, settled
from calibration.likelihood import Posterior, beyond_noise
from calibration.neural import network_of
from calibration.screening import z_scores

NOT_INFORMED, WEAK = 0.8, 0.5
"""Posterior spread over prior spread above which a quantity counts as not informed, and as weakly informed."""
TIED = 0.9
"""Correlation of two quantities in the posterior, above which only their combination is known."""
EDGE = 0.02
"""The outermost part of a prior at either end."""
PILED = 0.2
"""A fifth of the draws within the outermost 2% of the prior: the data want what the prior rules out."""
SBC_QUESTIONS = 100
SBC_CHAINS, SBC_STEPS, SBC_WARM_UP, SBC_EVERY = 60, 500, 1000, 5
"""Chains of each simulated truth, their moves, those before, and which of them are kept."""
SBC_DRAWS = 200
"""Draws of a network for each simulated truth."""
MANY_DRAWS = 4000
"""Draws of two networks that are compared: their chance must be far below what would be told."""
SECOND = {EMULATE: "comparison with the bank", NPE: "the emulator"}
"""What a fit by each method is compared with."""
NEAREST_SHARE = 0.15
"""Of the bank, the share that the regression-adjusted comparison keeps."""
FEWEST_NEAR = 30
"""It keeps so many runs at least."""
RIDGE = 1.0
NINETY = 0.9
"""The interval whose coverage is told."""
LEAST = 1e-12


@dataclass(frozen=True)
class Knowledge:
    """What the data tell. `table` has by unknown: `width` (posterior over prior spread) and `status`.

    `tied` are pairs with their correlation; `collinearity` is Brun's index of how far one summary's change can be
    undone by other quantities; `directions` are combinations that the data fix, each with its width.
    """

    table: pd.DataFrame
    tied: tuple[tuple[str, str, float], ...]
    collinearity: float
    directions: tuple[tuple[str, float], ...]

    @property
    def not_informed(self) -> list[str]:
        """Quantities about which the data say next to nothing."""
        return self.table.loc[self.table["status"] == "not informed", "quantity"].tolist()


def knowledge(fit: Fit) -> Knowledge:
    """How much narrower the posterior is than the prior, and which combinations it knows."""
    draws, names = fit.draws, list(fit.unknowns)
    prior = np.sqrt(np.diag(fit.prior))
    width = draws.std(axis=0) / prior
    status = np.select([width > NOT_INFORMED, width > WEAK], ["not informed", "weak"], "informed")
    edge = -float(special.ndtri(EDGE))
    piled = np.maximum((draws / prior > edge).mean(axis=0), (draws / prior < -edge).mean(axis=0))
    table = pd.DataFrame(
        {"quantity": names, "width": width, "status": status, "median": np.median(draws, axis=0), "at_edge": piled}
    )
    between = np.corrcoef(draws, rowvar=False) if len(names) > 1 else np.ones((1, 1))
    tied = tuple(
        (names[a], names[b], float(between[a, b]))
        for a, b in zip(*np.triu_indices(len(names), k=1), strict=True)
        if abs(between[a, b]) > TIED
    )
    root = np.linalg.cholesky(np.linalg.inv(fit.prior))
    values, vectors = np.linalg.eigh(root.T @ np.atleast_2d(np.cov(draws, rowvar=False)) @ root)
    directions = tuple(
        (_in_words(root @ vectors[:, place], names), float(np.sqrt(max(values[place], 0))))
        for place in range(len(names))
        if values[place] < WEAK**2
    )
    return Knowledge(table, tied, _collinearity(fit), directions)


def _in_words(weights: np.ndarray, names: list[str]) -> str:
    """A combination by its heaviest parts."""
    weights = weights / np.abs(weights).max()
    heavy = [place for place in np.argsort(-np.abs(weights)) if abs(weights[place]) >= WEAK][:3]
    return " ".join(f"{'+' if weights[place] > 0 else '−'} {names[place]}" for place in heavy).removeprefix("+ ")


def _collinearity(fit: Fit) -> float:
    emulator = fit.posterior.emulator
    assert emulator is not None
    count = len(fit.unknowns)
    slopes = emulator.coefficients[1 : 1 + count] / emulator.features.spread[:, None]
    scaled = slopes / np.sqrt(np.diag(emulator.noise))
    length = np.sqrt((scaled**2).sum(axis=1, keepdims=True))
    normed = scaled / np.maximum(length, LEAST)
    smallest = float(np.linalg.eigvalsh(normed @ normed.T)[0])
    return 1 / np.sqrt(max(smallest, LEAST))


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


def another_seed(fit: Fit, rng: np.random.Generator) -> np.ndarray:
    """By how many posterior spreads each unknown's median moves when the last stage is done with another seed."""
    if fit.network is not None:
        seed, asked = fit.settings.seed, fit.summaries.observed[None]
        first = fit.network.draws(asked, MANY_DRAWS, seed=seed)[0]
        again = network_of(fit, seed=seed + 1).draws(asked, MANY_DRAWS, seed=seed + 1)[0]
    else:
        first = fit.draws
        again = settled(fit.posterior, fit.draws, rng).thinned(len(fit.draws))
    spread = np.maximum(fit.draws.std(axis=0), LEAST)
    return np.asarray(np.abs(np.median(again, axis=0) - np.median(first, axis=0)) / spread)


def another_method(fit: Fit) -> np.ndarray:
    """By how many spreads the medians of a regression-adjusted comparison with the bank (ABC) differ from the fit's.

    A network's are compared with those of the emulator. Spreads are those of the wider of both posteriors: what one
    method cannot tell is no disagreement.
    """
    if fit.emulated is not None:
        medians, spreads = np.median(fit.emulated.draws, axis=0), fit.emulated.draws.std(axis=0)
    else:
        medians, spreads = bank_abc(fit)
    wider = np.maximum(np.maximum(fit.draws.std(axis=0), spreads), LEAST)
    return np.asarray(np.abs(medians - np.median(fit.draws, axis=0)) / wider)


def bank_abc(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Medians and spreads of the unknowns by comparison with the bank alone.

    The summaries are brought to one prediction for each unknown; the nearest runs are kept, weighted by nearness and
    moved along the regression to where the published figures lie. Method: Beaumont, Zhang and Balding 2002, on the
    summaries of Fearnhead and Prangle 2012.
    """
    scores = fit.bank.scores[:, fit.places]
    found = fit.summaries.of(fit.bank.published)
    middle, spread = found.mean(axis=0), np.maximum(found.std(axis=0), LEAST)
    x, wanted = (found - middle) / spread, (fit.summaries.observed - middle) / spread
    slope = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ scores)
    predicted, aim = x @ slope, wanted @ slope
    scale = np.maximum(predicted.std(axis=0), LEAST)
    distance = np.sqrt((((predicted - aim) / scale) ** 2).sum(axis=1))
    keep = np.argsort(distance, kind="stable")[: max(FEWEST_NEAR, int(NEAREST_SHARE * len(distance)))]
    weight = 1 - (distance[keep] / distance[keep].max()) ** 2
    near = np.concatenate([np.ones((len(keep), 1)), predicted[keep] - aim], axis=1)
    cross = near.T @ (weight[:, None] * near) + LEAST * np.eye(near.shape[1])
    adjust = np.linalg.solve(cross, near.T @ (weight[:, None] * scores[keep]))
    moved = scores[keep] - (predicted[keep] - aim) @ adjust[1:]
    medians = np.array([_weighted_quantile(column, weight, 0.5) for column in moved.T])
    mean = weight @ moved / weight.sum()
    return medians, np.sqrt(weight @ (moved - mean) ** 2 / weight.sum())


def _weighted_quantile(values: np.ndarray, weight: np.ndarray, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][np.searchsorted(reached, share)])


def worth_collecting(fit: Fit, names: list[str]) -> dict[str, tuple[str, float]]:
    """For each named unknown the figure, of those that nobody gave, that would narrow it most, and by what share.

    Worked out from all runs near the answer, as if the figure were one more summary: what it tells of the unknown
    beyond what the targets tell already.
    """
    runs, simulator = fit.bank, fit.simulator
    given = fit.summaries.of(runs.published)
    given = np.concatenate([np.ones((len(runs), 1)), z_scores(given)], axis=1)
    project = given @ np.linalg.solve(given.T @ given + RIDGE * np.eye(given.shape[1]), given.T)
    candidates = np.nan_to_num(runs.candidates, nan=0.0)
    left = z_scores(np.sqrt(np.maximum(candidates, 0)))
    left = left - project @ left
    asked = set(zip(simulator.wanted["measure"], simulator.wanted["services"], strict=True))
    labels = [
        "" if (measure, (service,)) in asked else f"{measure} {service}" for measure, service in simulator.candidates
    ]
    found = {}
    for name in names:
        score = runs.scores[:, simulator.names.index(name)]
        rest = score - project @ score
        scale = np.sqrt((left**2).sum(axis=0) * (rest**2).sum())
        link = np.divide(rest @ left, scale, out=np.zeros(len(scale)), where=scale > LEAST)
        link[[not label for label in labels]] = 0.0
        best = int(np.abs(link).argmax())
        found[name] = (labels[best], float(1 - np.sqrt(1 - min(link[best] ** 2, 1))))
    return found
