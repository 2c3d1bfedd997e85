"""A comparison that runs in the background while the app stays alive: its progress, its result, how to stop it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import Event, Thread

from pathways import BadInput, Problem, Region
from sim.compare import Case, Comparison, compare
from sim.joint_draws import JointDraws
from sim.parallel import Stopped


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

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self.thread is not None and self.thread.is_alive()

    def progress(self, done: int, total: int) -> None:
        """Called by the comparison as its parts finish."""
        self.done, self.total = done, total


def start(
    key: tuple[object, ...],
    cases: dict[str, Case],
    *,
    base: str,
    region: Region,
    years: float,
    runs: int,
    seed: int,
    workers: int,
    calibration: JointDraws | None = None,
) -> Job:
    """Starts a comparison; returns at once."""
    job = Job(key)

    def work() -> None:
        try:
            job.result = compare(
                cases,
                base=base,
                region=region,
                years=years,
                replications=runs,
                seed=seed,
                workers=workers,
                progress=job.progress,
                stop=job.stop,
                calibration=calibration,
            )
        except Stopped:
            pass
        except BadInput as bad:
            job.problems = bad.problems
        except Exception:
            logging.getLogger("backpath").exception("a comparison failed: %s", key)
            job.failed = True

    job.thread = Thread(target=work, daemon=True)
    job.thread.start()
    return job
