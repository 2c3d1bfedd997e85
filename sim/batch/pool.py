"""What a place where runs are made has to offer, whether processes of this machine or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np

One = Callable[[Any], np.ndarray | None]
"""One run: its numbers, or None where its task makes no sense."""


class WorkersDie(RuntimeError):
    """Processes cannot do any run here."""


class Pool(Protocol):
    """Where chunks of tasks are done. `at_once` is how many it takes in before the first is done."""

    at_once: int

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        """Begins a chunk. Where its process dies, the future raises `BrokenProcessPool`."""

    def look(self) -> None:
        """Raises `WorkersDie` or `OSError` where nothing can come of waiting any longer."""

    def close(self) -> None:
        """Ends, leaving what has not begun."""
