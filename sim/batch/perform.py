"""Many runs: over processes or a Dask cluster, kept as they come, taken up again after a stop or a kill.

A run is a call of one picklable function with one task; its key stands for everything that can change its result. What
a store has is not run again, so that the same keys give the same results whichever way they came about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from threading import Event
from typing import Any

import numpy as np

from sim.batch.pool import One, Pool, WorkersDie
from sim.batch.processes import Processes
from sim.batch.run_store import Found, RunStore
from sim.batch.threads import LOOKS_PER_SECOND, Progress, Stopped

CHUNK = 16
"""Runs that one process does before it hands them over: a few seconds of work."""
MOST_DEATHS = 2
"""A run whose process dies so often, while nothing else runs, is recorded as failed."""
MOST_DEATHS_IN_A_ROW = 10
"""Where processes die so often and nothing gets done between, no run is at fault: they cannot work here at all."""


def perform(
    one: One,
    tasks: Mapping[str, Any],
    store: RunStore,
    *,
    workers: int = 1,
    dask: str | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Found:
    """Does every task whose key the store does not have; the results of all, in the order of `tasks`.

    `dask` is the address of a Dask cluster to be used instead of processes here. Results do not depend on where they
    were made. Raises `Stopped` where `stop` is set: what is done by then stays in the store.
    """
    found = {key: values for key, values in store.read().items() if key in tasks}
    missing = [key for key in tasks if key not in found]
    before = len(found)
    if missing:
        for rows in _done(one, tasks, missing, workers=workers, dask=dask, stop=stop):
            store.write(rows)
            found |= rows
            if progress is not None:
                progress(len(found), len(tasks))
    if progress is not None and before == len(tasks):
        progress(before, before)
    return {key: found[key] for key in tasks}


def _done(
    one: One, tasks: Mapping[str, Any], missing: list[str], *, workers: int, dask: str | None, stop: Event | None
) -> Iterator[Found]:
    chunks = [missing[start : start + CHUNK] for start in range(0, len(missing), CHUNK)]
    if dask is None and workers == 1:
        for chunk in chunks:
            rows: Found = {}
            for key in chunk:
                if stop is not None and stop.is_set():
                    if rows:
                        yield rows
                    raise Stopped
                rows[key] = one(tasks[key])
            yield rows
        return
    if dask is None:
        pool: Pool = Processes(one, workers)
    else:
        from sim.batch.dask import DaskPool

        pool = DaskPool(one, dask)
    try:
        yield from _elsewhere(pool, tasks, chunks, stop)
    finally:
        pool.close()


def _elsewhere(pool: Pool, tasks: Mapping[str, Any], chunks: list[list[str]], stop: Event | None) -> Iterator[Found]:
    """Chunks done in other processes.

    Those that were begun when a process died are suspects: each is done again while nothing else runs, after an empty
    chunk that tells whether processes can work here at all. One that dies then is halved, down to the run at fault.
    """
    waiting, suspects = deque(chunks), deque[list[str]]()
    running: dict[Future[list[np.ndarray | None]], tuple[list[str], bool]] = {}
    deaths: dict[str, int] = {}
    failed: list[str] = []
    in_a_row = 0
    while waiting or suspects or running:
        if suspects and not running:
            chunk = suspects.popleft()
            running[pool.submit([tasks[key] for key in chunk])] = (chunk, True)
        while waiting and not suspects and len(running) < pool.at_once and not _alone(running):
            chunk = waiting.popleft()
            running[pool.submit([tasks[key] for key in chunk])] = (chunk, False)
        if stop is not None and stop.is_set():
            pool.close()
            rows = _rows_of(running)
            if rows:
                yield rows
            raise Stopped
        done, _ = wait(running, timeout=1 / LOOKS_PER_SECOND, return_when=FIRST_COMPLETED)
        if not done:
            pool.look()
        for future in done:
            chunk, alone = running.pop(future)
            try:
                rows = dict(zip(chunk, future.result(), strict=True))
            except BrokenProcessPool:
                if not alone:
                    suspects += [chunk] if suspects else [[], chunk]
                    continue
                in_a_row += 1
                if not chunk or in_a_row == MOST_DEATHS_IN_A_ROW:
                    raise WorkersDie(_no_run_at_fault(in_a_row)) from None
                given_up, again = _after_a_death(chunk, deaths)
                failed += given_up
                suspects.extendleft(reversed(again))
            else:
                if rows:
                    in_a_row = 0
                    yield rows | dict.fromkeys(failed)
                    failed = []
    if failed:
        yield dict.fromkeys(failed)


def _alone(running: Mapping[Any, tuple[list[str], bool]]) -> bool:
    return any(alone for _, alone in running.values())


def _rows_of(running: Mapping[Future[list[np.ndarray | None]], tuple[list[str], bool]]) -> Found:
    """What was done by the end of the chunks that had begun, of some of them only the first runs."""
    found: Found = {}
    for future, (chunk, _) in running.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            found |= zip(chunk, future.result(), strict=False)
    return found


def _after_a_death(chunk: list[str], deaths: dict[str, int]) -> tuple[list[str], list[list[str]]]:
    """Which run is given up, and which chunks are done again: the halves, or the single run once more.

    >>> _after_a_death(["a", "b", "c"], {}), _after_a_death(["a"], {"a": 1})
    (([], [['a', 'b'], ['c']]), (['a'], []))
    """
    if len(chunk) > 1:
        half = (len(chunk) + 1) // 2
        return [], [chunk[:half], chunk[half:]]
    deaths[chunk[0]] = deaths.get(chunk[0], 0) + 1
    return (chunk, []) if deaths[chunk[0]] >= MOST_DEATHS else ([], [chunk])


def _no_run_at_fault(in_a_row: int) -> str:
    if in_a_row == 1:
        return "a process died before it had anything to do"
    return f"{in_a_row} processes died one after another, and no run was done between"
