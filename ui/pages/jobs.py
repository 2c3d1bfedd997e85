"""A comparison that runs in the background while the app stays alive: its progress, its result, how to stop it.

A page that shows a job says so again and again; a job that no page shows any more, because the tab was closed or the connection
was lost, is stopped after some seconds.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from threading import Event, Thread

from pathways import BadInput, Problem
from sim.batch.threads import Stopped
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment

ABANDONED_AFTER = 15.0
"""Seconds without a page that shows it after which a job is stopped; a browser that lost its connection is back by then."""
LOOK_EVERY = 0.5


@dataclass
class Job:
    """One comparison in a thread of its own. `key` tells what was asked for, `problems` why it cannot be run."""

    key: tuple[object, ...]
    done: int = 0
    total: int = 0
    result: Comparison | None = None
    failed: bool = False
    problems: list[Problem] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    thread: Thread | None = None
    wanted_at: float = field(default_factory=lambda: time.monotonic())

    def is_wanted(self) -> None:
        """Called by the page that shows it."""
        self.wanted_at = time.monotonic()

    def stop_when_abandoned(self) -> None:
        """Stops it once no page has shown it for some seconds; returns when it has ended or is stopped."""
        while self.running and not self.stop.wait(LOOK_EVERY):
            if time.monotonic() - self.wanted_at > ABANDONED_AFTER:
                self.stop.set()

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self.thread is not None and self.thread.is_alive()

    def progress(self, done: int, total: int) -> None:
        """Called by the comparison as its parts finish."""
        self.done, self.total = done, total


def start(key: tuple[object, ...], experiment: Experiment, *, workers: int) -> Job:
    """Starts a comparison; returns at once."""
    job = Job(key)

    def work() -> None:
        try:
            job.result = compare(experiment, workers=workers, progress=job.progress, stop=job.stop)
        except Stopped:
            pass
        except BadInput as bad:
            job.problems = bad.problems
        except Exception:
            logging.getLogger("backpath").exception("a comparison failed: %s", key)
            job.failed = True

    job.thread = Thread(target=work, daemon=True)
    job.thread.start()
    Thread(target=job.stop_when_abandoned, daemon=True).start()
    return job
