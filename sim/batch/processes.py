"""Runs over processes of this machine: how they begin, are interrupted, and end with the program that began them."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from threading import Thread
from typing import Any

import numpy as np

from sim.batch.pool import One

_here: dict[str, Any] = {}


def _begin(one: One, ended: Any = None) -> None:
    """What a process does first: it remembers the function that all its chunks call, and what tells it to end.

    An interrupt is left to the program that began it; where that is gone, the process ends as well.
    """
    _here.update(one=one, ended=ended)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _chunk(tasks: Sequence[Any]) -> list[np.ndarray | None]:
    rows = []
    for task in tasks:
        if _here["ended"] is not None and _here["ended"].value:
            break
        rows.append(_here["one"](task))
    return rows


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Holds interrupts back while processes are started: one that gets it before it has read its data would be waited
    for without end. Where signals cannot be held back, nothing is done."""
    hold = getattr(signal, "pthread_sigmask", None)
    if hold is None:
        yield
        return
    before = hold(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        hold(signal.SIG_SETMASK, before)


class Processes:
    """Processes of this machine. When one dies all end; new ones are begun for the next chunk."""

    def __init__(self, one: One, workers: int):
        self._one, self._workers, self.at_once = one, workers, workers + 1
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._ended = context.RawValue("b", 0)  # without a lock, which a process that is killed would keep
        self._pool = ProcessPoolExecutor(
            self._workers, mp_context=context, initializer=_begin, initargs=(self._one, self._ended)
        )

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        """Begins a chunk, with new processes where the others have died."""
        with _without_interrupts():
            try:
                return self._pool.submit(_chunk, tasks)
            except BrokenProcessPool:
                self.close()
                self._begin()
                return self._pool.submit(_chunk, tasks)

    def look(self) -> None:
        """A process that dies is seen at once: there is nothing to look for."""

    def close(self) -> None:
        """Ends the processes, leaving what has not begun."""
        self._ended.value = 1
        self._pool.shutdown(wait=True, cancel_futures=True)
