"""Many runs: over processes or a Dask cluster, kept as they come, taken up again after a stop or a kill.

A run is a call of one picklable function with one task; its key stands for everything that can change its result. What
a store has is not run again, so that the same keys give the same results whichever way they came about.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from pathways import refuse
from pathways.files.opened import printable
from pathways.files.temporary import sweep
from pathways.files.writing import cannot_be_written, written
from sim.batch.threads import LOOKS_PER_SECOND, Progress, Stopped

CHUNK = 16
"""Runs that one process does before it hands them over: a few seconds of work."""
MOST_DEATHS = 2
"""A run whose process dies so often, while nothing else runs, is recorded as failed."""
MOST_DEATHS_IN_A_ROW = 10
"""Where processes die so often and nothing gets done between, no run is at fault: they cannot work here at all."""
SHARD = "*.parquet"
FORMAT = 1
"""Of the files of a store; those that do not tell have it too."""
_FORMAT = b"backpath_format"

One = Callable[[Any], np.ndarray | None]
"""One run: its numbers, or None where its task makes no sense."""
Found = dict[str, np.ndarray | None]


def key_of(**inputs: Any) -> str:
    """32 hexadecimal digits that stand for the inputs; floats count to their last bit.

    >>> key_of(wave=1, score=0.1) == key_of(score=0.1, wave=1), key_of(score=0.1) == key_of(score=0.1000001)
    (True, False)
    """
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class WorkersDie(RuntimeError):
    """Processes cannot do any run here."""


class RunStore:
    """Results of runs in a folder, by key. Every file is written whole; none is ever changed.

    >>> import tempfile
    >>> store = RunStore(Path(tempfile.mkdtemp()))
    >>> store.write({"a": np.array([1.0, 2.0]), "b": None})
    >>> store.read()["a"].tolist(), store.read()["b"]
    ([1.0, 2.0], None)
    """

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_be_written(folder, error) from None
        sweep(folder)

    def read(self) -> Found:
        """Everything that is there. A damaged file is set aside: its runs are done again."""
        found: Found = {}
        for shard in sorted(self.folder.glob(SHARD)):
            try:
                table = pa.parquet.read_table(shard, page_checksum_verification=True)
                _format_is_known(table, shard)
                told = zip(table["key"].to_pylist(), table["values"].to_pylist(), strict=True)
                rows = {key: None if values is None else np.array(values, dtype=float) for key, values in told}
            except PermissionError:
                raise
            except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
                shard.replace(shard.with_suffix(".damaged"))
                continue
            found |= rows
        return found

    def write(self, rows: Mapping[str, np.ndarray | None]) -> None:
        """Adds a file with these runs, whose name stands for their keys."""
        table = pa.table(
            {
                "key": pa.array(list(rows), type=pa.string()),
                "values": pa.array(
                    [None if values is None else values.tolist() for values in rows.values()],
                    type=pa.list_(pa.float64()),
                ),
            }
        )
        table = table.replace_schema_metadata({_FORMAT: str(FORMAT)})
        name = self.folder / f"{next(iter(rows))[:12]}-{key_of(keys=list(rows))[:8]}.parquet"
        with written(name, overwrite=True) as part:
            pa.parquet.write_table(table, part, write_page_checksum=True)


def _format_is_known(table: pa.Table, shard: Path) -> None:
    """Raises `BadInput` where a file of runs is of another format: it is not damaged, and is left as it is."""
    told = (table.schema.metadata or {}).get(_FORMAT, str(FORMAT).encode()).decode(errors="replace")
    if told != str(FORMAT):
        says = f"its runs have format {printable(told)}, this version reads {FORMAT}. Take the version of Backpath that made them."
        raise refuse("runs_format", str(shard), says)


class Pool(Protocol):
    """Where chunks of tasks are done. `at_once` is how many it takes in before the first is done."""

    at_once: int

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        """Begins a chunk. Where its process dies, the future raises `BrokenProcessPool`."""

    def look(self) -> None:
        """Raises `WorkersDie` or `OSError` where nothing can come of waiting any longer."""

    def close(self) -> None:
        """Ends, leaving what has not begun."""


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
        for rows in _done(one, tasks, missing, workers, dask, stop):
            store.write(rows)
            found |= rows
            if progress is not None:
                progress(len(found), len(tasks))
    if progress is not None and before == len(tasks):
        progress(before, before)
    return {key: found[key] for key in tasks}


def _done(
    one: One, tasks: Mapping[str, Any], missing: list[str], workers: int, dask: str | None, stop: Event | None
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
        pool: Pool = _Processes(one, workers)
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


class _Processes:
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
        self._ended.value = 1
        self._pool.shutdown(wait=True, cancel_futures=True)
