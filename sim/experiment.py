"""Many runs: over processes or a Dask cluster, kept as they come, taken up again after a stop or a kill.

A run is a call of one picklable function with one task; its key stands for everything that can change its result. What
a store has is not run again, so that the same keys give the same results whichever way they came about.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from sim.parallel import LOOKS_PER_SECOND, Progress, Stopped

CHUNK = 16
"""Runs that one process does before it hands them over: a few seconds of work."""
MOST_DEATHS = 2
"""A run whose process dies so often, alone, is recorded as failed."""
MOST_DEATHS_IN_A_ROW = 10
"""Where processes die so often and nothing gets done between, no run is at fault: they cannot work here at all."""
SHARD = "*.parquet"

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
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.glob("*.part"):
            part.unlink(missing_ok=True)

    def read(self) -> Found:
        """Everything that is there. A damaged file is set aside: its runs are done again."""
        found: Found = {}
        for shard in sorted(self.folder.glob(SHARD)):
            try:
                table = pa.parquet.read_table(shard)
            except (pa.ArrowInvalid, OSError):
                shard.rename(shard.with_suffix(".damaged"))
                continue
            for key, values in zip(table["key"].to_pylist(), table["values"].to_pylist(), strict=True):
                found[key] = None if values is None else np.array(values, dtype=float)
        return found

    def write(self, rows: Mapping[str, np.ndarray | None]) -> None:
        """Adds a file with these runs."""
        table = pa.table(
            {
                "key": pa.array(list(rows), type=pa.string()),
                "values": pa.array(
                    [None if values is None else values.tolist() for values in rows.values()],
                    type=pa.list_(pa.float64()),
                ),
            }
        )
        name = self.folder / f"{next(iter(rows))[:12]}-{uuid.uuid4().hex[:8]}.parquet"
        part = name.with_suffix(".part")
        pa.parquet.write_table(table, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(name)


class Pool(Protocol):
    """Where chunks of tasks are done."""

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        """Begins a chunk."""

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
    yield from _elsewhere(lambda: _pool(one, workers, dask), tasks, chunks, workers, stop)


def _elsewhere(
    new_pool: Callable[[], Pool], tasks: Mapping[str, Any], chunks: list[list[str]], workers: int, stop: Event | None
) -> Iterator[Found]:
    """Chunks done in other processes. Those of a process that died are done again, one run at a time in the end."""
    waiting, running, deaths = list(chunks), {}, dict.fromkeys((key for chunk in chunks for key in chunk), 0)
    in_a_row = 0
    pool = new_pool()
    try:
        while waiting or running:
            died: list[list[str]] = []
            while waiting and len(running) < 2 * workers and not died:
                chunk = waiting.pop(0)
                try:
                    running[pool.submit([tasks[key] for key in chunk])] = chunk
                except BrokenProcessPool:
                    waiting.insert(0, chunk)
                    died = list(running.values())
            if stop is not None and stop.is_set():
                raise Stopped
            done, _ = wait(running, timeout=1 / LOOKS_PER_SECOND, return_when=FIRST_COMPLETED)
            for future in done:
                chunk = running.pop(future)
                try:
                    rows = future.result()
                except BrokenProcessPool:
                    died.append(chunk)
                else:
                    in_a_row = 0
                    yield dict(zip(chunk, rows, strict=True))
            if died:
                in_a_row += 1
                if in_a_row == MOST_DEATHS_IN_A_ROW:
                    raise WorkersDie(f"{in_a_row} processes died one after another, and no run was done between")
                died += [chunk for chunk in running.values() if chunk not in died]
                running.clear()
                pool.close()
                pool = new_pool()
                failed, again = _after_a_death(died, deaths)
                if failed:
                    yield dict.fromkeys(failed)
                waiting = again + waiting
    finally:
        pool.close()


def _after_a_death(chunks: list[list[str]], deaths: dict[str, int]) -> tuple[list[str], list[list[str]]]:
    """Which runs are given up, and which chunks are done again, each half as long."""
    failed, again = [], []
    for chunk in chunks:
        if len(chunk) == 1:
            deaths[chunk[0]] += 1
            if deaths[chunk[0]] >= MOST_DEATHS:
                failed.append(chunk[0])
                continue
        half = (len(chunk) + 1) // 2
        again += [part for part in (chunk[:half], chunk[half:]) if part]
    return failed, again


def _pool(one: One, workers: int, dask: str | None) -> Pool:
    return _Processes(one, workers) if dask is None else _Dask(one, dask)


_here: dict[str, One] = {}


def _begin(one: One) -> None:
    """What a process does first: it remembers the function that all its chunks call."""
    _here["one"] = one


def _chunk(tasks: Sequence[Any]) -> list[np.ndarray | None]:
    return [_here["one"](task) for task in tasks]


class _Processes:
    def __init__(self, one: One, workers: int):
        self._pool = ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(one,)
        )

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        return self._pool.submit(_chunk, tasks)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _with(one: One, tasks: Sequence[Any]) -> list[np.ndarray | None]:
    return [one(task) for task in tasks]


class _Dask:
    """Chunks on a cluster; it does those of a dead worker again by itself."""

    def __init__(self, one: One, address: str):
        from distributed import Client

        self._client = Client(address)
        self._one = self._client.scatter(one, broadcast=True)

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        future: Future[list[np.ndarray | None]] = Future()
        remote = self._client.submit(_with, self._one, tasks, pure=False, retries=MOST_DEATHS)
        remote.add_done_callback(lambda done: _hand_over(done, future))
        return future

    def close(self) -> None:
        with suppress(OSError):
            self._client.close()


def _hand_over(done: Any, future: Future[list[np.ndarray | None]]) -> None:
    if done.status == "finished":
        future.set_result(done.result())
    else:
        future.set_exception(done.exception() or RuntimeError(f"the cluster did not do a chunk: {done.status}"))
