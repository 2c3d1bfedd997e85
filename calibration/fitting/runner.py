"""Makes the runs of a fit and keeps them in a folder, where a fit that was killed finds them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TypeVar

import numpy as np

from calibration.fitting.found import Runs
from calibration.fitting.settings import Settings
from calibration.fitting.simulator import Simulator, Task
from calibration.fitting.summaries import Summaries
from sim.batch.perform import perform
from sim.batch.run_store import RunStore
from sim.batch.threads import Progress, Stopped

Found = TypeVar("Found")
PARTS = {"chains": 1, "checks": 3}
"""Work without runs, and its steps that are shown."""


class Runner:
    """Makes runs of a simulator and keeps them in a folder."""

    def __init__(
        self,
        simulator: Simulator,
        summaries: Summaries,
        *,
        folder: Path,
        settings: Settings,
        progress: Callable[[str], Progress | None] = lambda _: None,
        stop: Event | None = None,
    ):
        self.simulator, self.summaries, self.settings = simulator, summaries, settings
        self.folder, self.progress, self.stop = folder, progress, stop

    def then(self, part: str, done: int, work: Callable[[], Found]) -> Found:
        """Does the work, shown as so many steps of this part done; `Stopped` before it where the user says so."""
        if self.stop is not None and self.stop.is_set():
            raise Stopped
        show = self.progress(part)
        if show is not None:
            show(done, PARTS[part])
        return work()

    def made(self, part: str, tasks: list[Task]) -> tuple[Runs, np.ndarray]:
        """Runs of the tasks, and which of them came to something."""
        found = perform(
            self.simulator,
            {self.simulator.key(task): task for task in tasks},
            RunStore(self.folder / part),
            workers=self.settings.workers,
            dask=self.settings.dask,
            progress=self.progress(part),
            stop=self.stop,
        )
        results = list(found.values())
        asked = len(self.simulator.wanted)
        wanted = asked + len(self.simulator.candidates)
        width = wanted + len(self.simulator.names)
        rows = np.array([row for row in results if row is not None]).reshape(-1, width)
        published = self.simulator.published(rows)
        whole = ~np.isnan(self.summaries.of(published)).any(axis=1) if len(rows) else np.zeros(0, dtype=bool)
        came = np.array([row is not None for row in results], dtype=bool)
        came[came] = whole
        kept = rows[whole]
        runs = Runs(kept[:, wanted:], published[whole], kept[:, asked:wanted], len(tasks) - len(kept))
        return runs, came


def bank_of(runner: Runner) -> Runs:
    """The prior bank: runs with every quantity drawn from its range."""
    runs, _ = runner.made("bank", [Task(number, {}) for number in range(runner.settings.bank)])
    return runs
