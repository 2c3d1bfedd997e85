"""What a fit has found: its runs, its waves, and the joint draws with all that they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calibration.fitting.de_mc import Chains
from calibration.fitting.likelihood import Posterior
from calibration.fitting.settings import Settings
from calibration.fitting.simulator import Simulator
from calibration.fitting.summaries import Summaries

if TYPE_CHECKING:
    from calibration.fitting.network import Network


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
