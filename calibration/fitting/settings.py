"""What a user may set of a fit: runs, seed, how many quantities are fitted, where runs are made, and how."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DEFAULT_RUNS = 2000
"""Runs in all, unless asked for otherwise: about what the method needed in trials."""
DEFAULT_SEED = 42
"""The seed of all chance, unless given."""
WAVE = 250
"""Runs of one wave."""
FRESH = 64
"""Runs of the posterior that no emulator has seen, by which the fit is checked."""
FEWEST_WAVES, MOST_WAVES = 2, 8
MOST_UNKNOWN = 60

EMULATE, NPE = METHODS = ("emulate", "npe")
"""By an emulator in waves, or by a neural network that learns from the bank (`calibration.fitting.neural`)."""


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
