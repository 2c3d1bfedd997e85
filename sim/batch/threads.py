"""Independent pieces of a long run on several threads: in order, with progress, and stopped when its user says so.

Compiled code runs beside other compiled code; results do not depend on how many threads there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

Piece = TypeVar("Piece")
Progress = Callable[[int, int], None]
LOOKS_PER_SECOND = 5


class Stopped(Exception):
    """A long run was stopped by its user."""


def in_order(
    one: Callable[[int], Piece],
    count: int,
    *,
    workers: int = 1,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Iterator[Piece]:
    """`one(0)` to `one(count - 1)`, in that order, each as soon as it and those before it are done.

    `Stopped` is raised where `stop` is set before the last is done.

    >>> list(in_order(lambda piece: piece**2, 4, workers=2))
    [0, 1, 4, 9]
    """
    found: dict[int, Piece] = {}
    running: dict[Future[Piece], int] = {}
    following = finished = ready = 0
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while ready < count:
                # only a few pieces at a time are handed out, so that memory and a stop stay bounded
                while following < count and len(running) < 2 * workers:
                    running[pool.submit(one, following)] = following
                    following += 1
                if stop is not None and stop.is_set():
                    raise Stopped
                done, _ = wait(running, timeout=1 / LOOKS_PER_SECOND, return_when=FIRST_COMPLETED)
                for future in done:
                    found[running.pop(future)] = future.result()
                    finished += 1
                if progress is not None:
                    progress(finished, count)
                while ready in found:
                    yield found.pop(ready)
                    ready += 1
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
