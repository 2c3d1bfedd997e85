"""The pilot: an ensemble moved towards the published summaries in a few damped steps.

Ensemble smoother with multiple data assimilation, Emerick and Reynolds 2013. Its forward model is the emulator of the
prior bank, so that it needs no runs of its own; the covariance of the predictions holds no chance, or chance would count
twice.
"""

from __future__ import annotations

import numpy as np

from calibration.fitting.emulator import Emulator

STEPS = 4
"""Times that the data are used, each time with their noise so many times larger."""


def smoothed(
    ensemble: np.ndarray, emulator: Emulator, observed: np.ndarray, beyond: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The ensemble (members, scores) after the steps. `beyond` as in `Posterior`.

    >>> from calibration.fitting.emulator import fit_emulator
    >>> rng = np.random.default_rng(1)
    >>> z = rng.normal(size=(500, 1))
    >>> emulator = fit_emulator(z, 2 * z + 0.1 * rng.normal(size=z.shape))
    >>> moved = smoothed(rng.normal(size=(400, 1)), emulator, np.array([2.0]), np.zeros((1, 1)), rng)
    >>> bool(abs(moved.mean() - 1) < 0.05), bool(moved.std() < 0.1)
    (True, True)
    """
    noise = emulator.noise + beyond
    root = np.linalg.cholesky(noise)
    members = ensemble.copy()
    for _ in range(STEPS):
        predicted, _ = emulator.mean(members)
        z, m = members - members.mean(axis=0), predicted - predicted.mean(axis=0)
        share = np.linalg.solve(m.T @ m / len(z) + STEPS * noise, m.T @ z / len(z))
        disturbed = observed + np.sqrt(STEPS) * rng.normal(size=predicted.shape) @ root.T
        members = members + (disturbed - predicted) @ share
    return members
