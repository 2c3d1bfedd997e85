"""Runs on a Dask cluster: many machines in place of the processes of one. Needs the package distributed.

The cluster does the chunks of a dead worker again by itself, on another; a chunk that kills worker after worker comes
back as one whose process died. The workers need the same Backpath.
"""

from __future__ import annotations

import logging
import pickle
import sys
from asyncio import CancelledError
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import numpy as np

from pathways import Problem
from sim.batch.pool import One, WorkersDie
from sim.version import MODEL

CONNECT_SECONDS = 5
"""How long an address is given to answer."""
TRIES_AGAIN = 2
"""A chunk that fails on a worker is tried so often on another."""
LOOKS = 25
"""Every so many looks with nothing done the cluster is asked for its workers."""
LOUD = ("distributed", "distributed.client", "distributed.core", "distributed.utils", "tornado.application")
"""Loggers that would tell in pages of their own words what is told here in a sentence."""
MOST_LOOKS = 12
"""Asked so often, and none was there each time: nothing can come of waiting."""


class DaskPool:
    """A cluster that takes in all chunks at once and shares them out itself."""

    def __init__(self, one: One, address: str):
        self.at_once = sys.maxsize
        self._address = address
        self._client = _client(address)
        # not scattered: what is worked out from here can be worked out again when the workers that hold it die
        self._one = self._client.submit(pickle.loads, pickle.dumps(one), pure=True)
        self._futures: list[Any] = []
        self._looks = self._without = 0

    def submit(self, tasks: Sequence[Any]) -> Future[list[np.ndarray | None]]:
        """Begins a chunk."""
        future: Future[list[np.ndarray | None]] = Future()
        remote = self._client.submit(_with, self._one, tasks, pure=False, retries=TRIES_AGAIN)
        self._futures.append(remote)
        remote.add_done_callback(lambda done: _hand_over(done, future))
        self._looks = self._without = 0
        return future

    def look(self) -> None:
        """Raises `WorkersDie` where the cluster has had no workers for a minute, `OSError` where it is gone."""
        self._looks += 1
        if self._looks % LOOKS:
            return
        if self._client.status != "running":
            raise OSError(f"the connection to {self._address} was lost")
        self._without = 0 if self._client.nthreads() else self._without + 1
        if self._without == MOST_LOOKS:
            raise WorkersDie(f"{self._address} has no workers any more")

    def close(self) -> None:
        """Leaves the cluster to others: what has not begun is not begun."""
        with suppress(Exception, CancelledError):  # a cluster that is gone has nothing to be told
            self._client.close(timeout=CONNECT_SECONDS)
        self._futures.clear()


def dask_problems(address: str) -> list[Problem]:
    """What speaks against runs on the cluster at this address; nothing where it is ready.

    It answers within seconds, whether or not anything listens there.
    """
    where = f"--dask {address}"
    if find_spec("distributed") is None:
        says = 'needs the package distributed, which is not installed here: pip install "backpath[dask]".'
        return [Problem("dask_installed", where, says)]
    try:
        client = _client(address)
    except (OSError, ValueError) as error:
        says = (
            f"no Dask scheduler answers there ({_first_line(error)}). Begin one with 'dask scheduler', then write the "
            "address that it prints, such as tcp://127.0.0.1:8786."
        )
        return [Problem("dask_answers", where, says)]
    try:
        return [Problem(rule, where, says) for rule, says in _wrong_with(client, address)]
    finally:
        client.close()


def _wrong_with(client: Any, address: str) -> list[tuple[str, str]]:
    if not client.nthreads():
        return [("dask_workers", f"it has no workers. Begin some with 'dask worker {address}'.")]
    said = []
    for worker, found in sorted(client.run(_model_here, on_error="return").items()):
        if isinstance(found, Exception):
            says = f"its worker {worker} cannot load Backpath ({_first_line(found)}). Install the same Backpath there."
            said.append(("dask_same_code", says))
        elif found != MODEL:
            says = f"its worker {worker} has model {found}, and here it is {MODEL}. Install the same Backpath there."
            said.append(("dask_same_code", says))
    return said


def _client(address: str) -> Any:
    from distributed import Client

    for name in LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _model_here() -> int:
    return MODEL


def _with(one: One, tasks: Sequence[Any]) -> list[np.ndarray | None]:
    return [one(task) for task in tasks]


def _hand_over(done: Any, future: Future[list[np.ndarray | None]]) -> None:
    """Gives what came of a chunk to whoever waits for it, whatever it is: nobody must wait for ever."""
    from distributed import KilledWorker

    try:
        found = done.result()
    except KilledWorker as error:
        future.set_exception(BrokenProcessPool(str(error)))
    except BaseException as error:
        own = done.status == "error" and isinstance(error, Exception)
        future.set_exception(error if own else OSError("the connection to the cluster was lost"))
    else:
        future.set_result(found)
