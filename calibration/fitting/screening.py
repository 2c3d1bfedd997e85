"""Which quantities the targets can tell anything about: those whose draws visibly move what is fitted."""

from __future__ import annotations

import numpy as np
from scipy import special

CHANCE = 0.01
"""A quantity is chosen where so strong a link would come about by chance this rarely, over all quantities and summaries."""
LEAST_SPREAD = 1e-9


def telling(scores: np.ndarray, summaries: np.ndarray, *, most: int, first: tuple[int, ...] = ()) -> list[int]:
    """Columns of `scores` in the order in which they explain the summaries best, each beside those before it.

    `scores` (runs, quantities) and `summaries` (runs, summaries). Those of `first` come first, whatever they explain. Ends
    after `most`, or where no link is left that chance would not give too.

    >>> rng = np.random.default_rng(1)
    >>> z = rng.normal(size=(500, 50))
    >>> telling(z, z[:, [7]] + 0.5 * z[:, [3]] + 0.1 * rng.normal(size=(500, 1)), most=10)
    [7, 3]
    """
    x, y = z_scores(scores), z_scores(summaries)
    runs, quantities = x.shape
    limit = float(special.ndtri(1 - CHANCE / 2 / (quantities * max(1, y.shape[1]))))
    chosen: list[int] = []
    while len(chosen) < min(most, quantities):
        freedom = runs - len(chosen) - 2
        strength = _partial(x, y)
        strength[chosen] = 0.0
        waiting = [place for place in first if place not in chosen]
        best = waiting[0] if waiting else int(strength.max(axis=1).argmax())
        link = strength[best].max(initial=0.0)
        if not waiting and link**2 * freedom < limit**2 * (1 - link**2):
            break
        chosen.append(best)
        direction = x[:, best] / np.sqrt((x[:, best] ** 2).sum())
        x = x - np.outer(direction, direction @ x)
        y = y - np.outer(direction, direction @ y)
    return chosen


def _partial(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlations of what is left of the quantities with what is left of the summaries, without sign."""
    across, down = np.sqrt((x**2).sum(axis=0)), np.sqrt((y**2).sum(axis=0))
    scale = np.outer(across, down)
    return np.asarray(np.abs(np.divide(x.T @ y, scale, out=np.zeros_like(scale), where=scale > LEAST_SPREAD)))


def z_scores(table: np.ndarray) -> np.ndarray:
    """Columns brought to mean 0 and spread 1; one that never varies becomes 0.

    >>> z_scores(np.array([[1.0, 5.0], [3.0, 5.0]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    return np.asarray((table - table.mean(axis=0)) / np.maximum(table.std(axis=0), LEAST_SPREAD))
