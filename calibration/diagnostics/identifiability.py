"""What the data tell of each unknown: how much narrower it is than before, what is known only together, what to count next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from calibration.diagnostics.checks import LEAST, RIDGE
from calibration.fitting.found import Fit
from calibration.fitting.screening import z_scores

NOT_INFORMED, WEAK = 0.8, 0.5
"""Posterior spread over prior spread above which a quantity counts as not informed, and as weakly informed."""
TIED = 0.9
"""Correlation of two quantities in the posterior, above which only their combination is known."""
EDGE = 0.02
"""The outermost part of a prior at either end."""
PILED = 0.2
"""A fifth of the draws within the outermost 2% of the prior: the data want what the prior rules out."""


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
