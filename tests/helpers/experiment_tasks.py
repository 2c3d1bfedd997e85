"""Runs for the tests of experiments, in a module of their own: another process must be able to import them.

A task is a number. What else a run does it reads from the environment, which the processes inherit.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

SENSELESS = 7
"""A task that makes no sense."""


def numbers(task: int) -> np.ndarray | None:
    """Two numbers that stand for the task; None for one that makes no sense."""
    return None if task == SENSELESS else np.array([task / 3, float(task) ** 2])


def told(task: int) -> np.ndarray | None:
    """The same, leaving a mark for each time that it is done."""
    with (Path(os.environ["BACKPATH_TEST_MARKS"]) / str(task)).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return numbers(task)


def slow(task: int) -> np.ndarray | None:
    """The same, in a while."""
    time.sleep(0.05)
    return told(task)


def deadly(task: int) -> np.ndarray | None:
    """Kills its process at the tasks that are named."""
    if str(task) in os.environ["BACKPATH_TEST_DEADLY"].split():
        die()
    return told(task)


def deadly_once(task: int) -> np.ndarray | None:
    """Kills its process at the tasks that are named, the first time only."""
    folder = Path(os.environ["BACKPATH_TEST_MARKS"])
    if str(task) in os.environ["BACKPATH_TEST_DEADLY"].split() and not (folder / f"died {task}").exists():
        (folder / f"died {task}").touch()
        die()
    return told(task)


def always_deadly(task: int) -> np.ndarray | None:
    """Kills its process at every task."""
    die()
    return numbers(task)


def wrong(task: int) -> np.ndarray | None:
    """Has a mistake in it."""
    raise ZeroDivisionError(f"task {task}")


class NotForOthers:
    """A function that another process cannot load."""

    def __call__(self, task: int) -> np.ndarray | None:
        """Two numbers."""
        return numbers(task)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Loaded as a call that ends the process which loads it."""
        return sys.exit, ("this function is not for other processes",)


def die() -> None:
    """Ends this process as the kernel ends one when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Does the tasks in a program of its own, for tests that end it: folder, how many, processes."""
    from sim.batch.perform import perform
    from sim.batch.run_store import RunStore

    folder, count, workers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    tasks = {f"{number:032x}": number for number in range(count)}
    perform(slow, tasks, RunStore(folder), workers=workers)


if __name__ == "__main__":
    main()
