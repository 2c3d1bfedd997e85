"""What net benefit is expected to be, given some parameters: regressions whose fit is linear in what they are fitted to.

`spline`: a straight line in each parameter, which is not penalised, plus bends of each (a cubic at knots on its
quantiles) and products of pairs, which are shrunk together as far as generalised cross-validation asks. `polynomial`:
least squares on the powers of each parameter, without products.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # its parts load when they are first used

Method = Literal["spline", "polynomial"]

KNOTS = 8
"""So many knots bend each parameter."""
FEW = 3
"""Up to so many parameters, products of their squares are fitted too."""
STRENGTHS = np.logspace(-6, 6, 61)
"""The strengths of shrinking among which cross-validation chooses, against the largest singular value."""


@dataclass(frozen=True)
class FittedCurve:
    """A fitted curve: its `values`, shape (draws,), and `smooth`, which fits anything else in the same way.

    `smooth` is linear and symmetric: `values` is `smooth` of what was fitted.
    """

    values: np.ndarray
    smooth: Callable[[np.ndarray], np.ndarray]


def fits(x: np.ndarray, y: np.ndarray, *, method: Method = "spline", degree: int = 2) -> list[FittedCurve]:
    """The expectation of each column of `y`, shape (draws, columns), given the parameters `x`, shape (draws, parameters).

    Parameters that never vary are left out. Raises ValueError with fewer than two draws for each free coefficient.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> [line] = fits(x, 1 + 2 * x)
    >>> line.values.round(6).tolist()
    [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
    """
    if method not in ("spline", "polynomial"):
        raise ValueError(f"method: there is no '{method}'; there are: spline, polynomial")
    varying = x[:, np.ptp(x, axis=0) > 0]
    z = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    powers = range(1, 2 if method == "spline" else degree + 1)
    free = np.column_stack([np.ones(len(z)), *(z**power for power in powers)])
    if len(y) < 2 * free.shape[1]:
        raise ValueError(
            f"draws: {len(y)} are too few for {x.shape[1]} parameters; at least {2 * free.shape[1]} are needed"
        )
    span = scipy.linalg.orth(free)
    if method == "polynomial":
        none = np.empty((len(z), 0))
        return [_smoothed(column, span, none, np.empty(0)) for column in y.T]
    axes, size = _main_directions(_bends(z), span)
    return [_smoothed(column, span, axes, _shrinking(column, span, axes, size)) for column in y.T]


def _smoothed(y: np.ndarray, span: np.ndarray, axes: np.ndarray, kept: np.ndarray) -> FittedCurve:
    """What `span` explains, and of each of the other axes the share that is kept."""

    def smooth(values: np.ndarray) -> np.ndarray:
        return np.asarray(span @ (span.T @ values) + axes @ (kept * (axes.T @ values)))

    return FittedCurve(values=smooth(y), smooth=smooth)


def _bends(z: np.ndarray) -> np.ndarray:
    """What the straight lines lack: cubics around knots, a low-rank thin-plate spline for each parameter, and products."""
    columns = [np.empty((len(z), 0))]
    for each in z.T:
        knots = np.unique(np.quantile(each, np.arange(1, KNOTS + 1) / (KNOTS + 1)))
        turn, size, back = scipy.linalg.svd(np.abs(knots[:, None] - knots) ** 3)
        root = turn / np.sqrt(size) @ back if len(knots) > 1 else np.ones((1, 1))
        columns.append(np.abs(each[:, None] - knots) ** 3 @ root)
    powers = [1, 2] if z.shape[1] <= FEW else [1]
    for one, other in itertools.combinations(z.T, 2):
        columns += [(one**a * other**b)[:, None] for a in powers for b in powers]
    return np.column_stack(columns)


def _main_directions(bends: np.ndarray, span: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthogonal directions of what the bends add to `span`, and how much of the bends lies along each."""
    bends = bends - span @ (span.T @ bends)
    norm = np.sqrt((bends**2).sum(axis=0))
    bent = norm > np.sqrt(np.finfo(float).eps)
    axes, size, _ = scipy.linalg.svd(bends[:, bent] / norm[bent], full_matrices=False)
    large = size > size.max(initial=0.0) * np.sqrt(np.finfo(float).eps)
    return axes[:, large], size[large]


def _shrinking(y: np.ndarray, span: np.ndarray, axes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The share of each axis that is kept, by generalised cross-validation."""
    squared = size[:, None] ** 2
    kept = squared / (squared + STRENGTHS * squared.max(initial=0.0))
    left = y - span @ (span.T @ y)
    along = axes.T @ left
    misfit = (left**2).sum() - (along**2).sum() + (((1 - kept) * along[:, None]) ** 2).sum(axis=0)
    freedom = span.shape[1] + kept.sum(axis=0)
    score = np.where(freedom <= len(y) / 2, misfit / (1 - freedom / len(y)) ** 2, np.inf)
    return np.asarray(kept[:, int(score.argmin())])
