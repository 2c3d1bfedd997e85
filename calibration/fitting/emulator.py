"""A stand-in for the simulation near the answer: each summary as a quadratic of the scores, with what it does not explain.

Fitted by ridge regression to the runs nearest to where the answer lies; what is left (chance between runs, quantities
that are not fitted, the curve's own error) becomes the noise of the likelihood, by leaving each run out in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.fitting.screening import z_scores

RIDGE = 1.0
"""Weight of the penalty on every coefficient but the mean, in runs: scores have a spread of about one."""
PRODUCTS = 8
"""Of so many scores, those that the summaries depend on most, all products are among the terms."""
LEAST_SPREAD = 1e-9
WITHIN_REACH = 0.98
"""The share of the runs that lie within the emulator's reach."""


@dataclass(frozen=True)
class Features:
    """Which terms the quadratic has: every score, its square, and products of those in `crossed`.

    Scores are first brought to mean 0 and spread 1 by `middle` and `spread`.
    """

    middle: np.ndarray
    spread: np.ndarray
    crossed: tuple[int, ...]

    def of(self, scores: np.ndarray) -> np.ndarray:
        """The terms; shape (points, scores) to (points, terms). The first term is 1."""
        x = (scores - self.middle) / self.spread
        crossed = x[:, list(self.crossed)]
        first, second = np.triu_indices(len(self.crossed), k=1)
        products = crossed[:, first] * crossed[:, second]
        return np.concatenate([np.ones((len(x), 1)), x, x**2 - 1, products], axis=1)


@dataclass(frozen=True)
class Emulator:
    """The fitted quadratic.

    `inverse` is that of the penalised cross product of the terms, `noise` the covariance (summaries, summaries) of what
    the terms do not explain, `explained` each summary's share of variance that the left-out
    predictions explain, `freedom` runs less the terms that they were spent on. `reach` is the distance within which 98
    of 100 runs lie, in spreads.
    """

    features: Features
    coefficients: np.ndarray
    inverse: np.ndarray
    noise: np.ndarray
    explained: np.ndarray
    freedom: float
    middle: np.ndarray
    whitening: np.ndarray
    reach: float
    runs: int

    def mean(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predicted summaries (points, summaries), and by how much not knowing the coefficients widens the noise: a
        factor from 1, by point."""
        terms = self.features.of(scores)
        return terms @ self.coefficients, 1 + ((terms @ self.inverse) * terms).sum(axis=1)

    def distance(self, scores: np.ndarray) -> np.ndarray:
        """How far points lie from the middle of the runs, as a multiple of `reach`."""
        away = (scores - self.middle) @ self.whitening
        return np.asarray(np.sqrt((away**2).sum(axis=1)) / self.reach)

    def surprise(self, scores: np.ndarray, summaries: np.ndarray) -> np.ndarray:
        """Mean squared error of predicting fresh runs over what was expected, by summary; about 1 where all is well."""
        predicted, factor = self.mean(scores)
        expected = np.maximum(np.diag(self.noise), LEAST_SPREAD) * factor[:, None]
        return np.asarray(((summaries - predicted) ** 2 / expected).mean(axis=0))


def fit_emulator(scores: np.ndarray, summaries: np.ndarray, *, near: np.ndarray | None = None) -> Emulator:
    """Fits an emulator to runs: scores (runs, scores) and summaries (runs, summaries).

    The noise is that of the runs that `near` marks, those next to the answer; of all where it is not given.

    >>> rng = np.random.default_rng(1)
    >>> z = rng.normal(size=(400, 2))
    >>> s = (z[:, :1] + z[:, :1] * z[:, 1:]) + 0.1 * rng.normal(size=(400, 1))
    >>> emulator = fit_emulator(z, s)
    >>> round(float(emulator.explained[0]), 2), round(float(np.sqrt(emulator.noise[0, 0])), 1)
    (0.99, 0.1)
    """
    middle, spread = scores.mean(axis=0), np.maximum(scores.std(axis=0), LEAST_SPREAD)
    features = Features(middle, spread, _most_telling(scores, summaries))
    terms = features.of(scores)
    penalty = np.full(terms.shape[1], RIDGE)
    penalty[0] = 0.0
    inverse = np.linalg.inv(terms.T @ terms + np.diag(penalty))
    coefficients = inverse @ terms.T @ summaries
    lever = ((terms @ inverse) * terms).sum(axis=1)
    left_out = (summaries - terms @ coefficients) / (1 - lever)[:, None]
    # what is left after the fit is too little by the terms spent on it; left out in turn it would be too much
    fair = left_out * np.sqrt(1 - lever)[:, None]
    total = summaries.var(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = np.where(total > LEAST_SPREAD, 1 - (left_out**2).mean(axis=0) / total, 0.0)
    covariance = np.atleast_2d(np.cov(scores, rowvar=False)) + LEAST_SPREAD * np.eye(len(middle))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance))
    distance = np.sqrt((((scores - middle) @ whitening) ** 2).sum(axis=1))
    return Emulator(
        features,
        coefficients,
        inverse,
        shrunk_covariance(fair if near is None else fair[near]),
        explained,
        float(len(scores) - lever.sum()),
        middle,
        whitening,
        float(np.quantile(distance, WITHIN_REACH)),
        len(scores),
    )


def _most_telling(scores: np.ndarray, summaries: np.ndarray) -> tuple[int, ...]:
    """The scores with which the summaries go most, each score by the summary that shows it best."""
    with_each = np.abs(z_scores(scores).T @ z_scores(summaries) / len(scores)).max(axis=1)
    return tuple(sorted(int(place) for place in np.argsort(-with_each, kind="stable")[:PRODUCTS]))


def shrunk_covariance(left: np.ndarray) -> np.ndarray:
    """The second moments of rows about zero, correlations drawn towards none as far as their own uncertainty asks for.

    Method: Schäfer and Strimmer 2005, "A shrinkage approach to large-scale covariance matrix estimation", with the
    variances left as they are.

    >>> rng = np.random.default_rng(1)
    >>> found = shrunk_covariance(rng.normal(size=(500, 2)))
    >>> bool(abs(found[0, 1]) < 0.05), bool(abs(found[0, 0] - 1) < 0.15)
    (True, True)
    """
    count = len(left)
    spread = np.maximum(np.sqrt((left**2).mean(axis=0)), LEAST_SPREAD)
    x = left / spread
    correlation = x.T @ x / count
    uncertainty = ((x**2).T @ (x**2) / count - correlation**2) / count
    apart = ~np.eye(len(spread), dtype=bool)
    size = (correlation[apart] ** 2).sum()
    intensity = float(np.clip(uncertainty[apart].sum() / size, 0, 1)) if size > 0 else 0.0
    shrunk = np.where(apart, (1 - intensity) * correlation, 1.0)
    return np.asarray(shrunk * np.outer(spread, spread))
