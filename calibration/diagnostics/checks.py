"""Whether a fit can be believed: what its posterior knows, whether its intervals hold, whether other ways agree.

Each check is a function from a fit to a small record of plain numbers; `calibration.diagnostics.verdict` weighs them. Fresh runs are
compared with the published figures in `calibration.reproduced`.
"""

from __future__ import annotations

import numpy as np

from calibration.fitting.fit import settled
from calibration.fitting.found import Fit
from calibration.fitting.neural import network_of
from calibration.fitting.settings import EMULATE, NPE

MANY_DRAWS = 4000
"""Draws of two networks that are compared: their chance must be far below what would be told."""
SECOND = {EMULATE: "comparison with the bank", NPE: "the emulator"}
"""What a fit by each method is compared with."""
NEAREST_SHARE = 0.15
"""Of the bank, the share that the regression-adjusted comparison keeps."""
FEWEST_NEAR = 30
"""It keeps so many runs at least."""
RIDGE = 1.0
LEAST = 1e-12


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
