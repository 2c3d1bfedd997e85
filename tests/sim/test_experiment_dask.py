"""Runs on a Dask cluster: the same as in one process, none lost with a worker, and clear words where there is none."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from sim.batch import dask
from sim.batch.dask import dask_problems
from sim.batch.perform import CHUNK, perform
from sim.batch.pool import WorkersDie
from sim.batch.run_store import RunStore
from sim.batch.threads import Stopped
from tests.helpers.experiment_tasks import deadly, numbers, slow, told, wrong
from tests.helpers.experiments import expected, marks, same, store, tasks_of, times_done, until

__all__ = ["marks", "store"]
ROOT = Path(__file__).resolve().parent.parent.parent
MANY = 5 * CHUNK


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "find_spec", lambda _: None)
    (problem,) = dask_problems("tcp://127.0.0.1:8786")
    assert str(problem) == (
        "--dask tcp://127.0.0.1:8786: needs the package distributed, which is not installed here: "
        'pip install "backpath[dask]".'
    )


class Cluster:
    """A scheduler and its workers as programs of their own, as somebody would begin them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.programs: list[subprocess.Popen[str]] = []
        scheduler = self._begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0")
        self.address = self._told(scheduler, r"Scheduler at:\s*(tcp://\S+)")

    def workers(self, count: int, *, where: Path = ROOT, nanny: bool = False) -> None:
        """Begins workers of one thread each, in a folder from which they load the code."""
        for _ in range(count):
            words = [self.address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder)]
            worker = self._begin("worker", *words, "--nanny" if nanny else "--no-nanny", where=where)
            self._told(worker, r"Registered to:\s*(tcp://\S+)")

    def _begin(self, *words: str, where: Path = ROOT) -> subprocess.Popen[str]:
        shell = os.environ | {"PYTHONPATH": str(where), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
        program = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
            cwd=self.folder, env=shell, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.programs.append(program)
        return program

    @staticmethod
    def _told(program: subprocess.Popen[str], pattern: str) -> str:
        assert program.stderr is not None
        for line in program.stderr:
            found = re.search(pattern, line)
            if found:
                return found[1]
        raise AssertionError(f"it ended with {program.wait()}")

    def end(self) -> None:
        """Ends all of it."""
        for program in self.programs:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.communicate()


@pytest.fixture
def cluster(tmp_path: Path, marks: Path) -> Iterator[Cluster]:
    """A cluster without workers; those begun later inherit the folder of the marks."""
    pytest.importorskip("distributed", reason="distributed is not installed")
    folder = tmp_path / "cluster"
    folder.mkdir()
    found = Cluster(folder)
    yield found
    found.end()


def test_a_cluster_gives_what_one_process_gives(cluster: Cluster, store: RunStore, marks: Path) -> None:
    cluster.workers(2)
    assert dask_problems(cluster.address) == []
    tasks = tasks_of(MANY)
    said: list[int] = []
    found = perform(told, tasks, store, dask=cluster.address, progress=lambda done, _: said.append(done))
    assert same(found, expected(tasks))
    assert said == list(range(CHUNK, MANY + 1, CHUNK))
    assert times_done(marks) == dict.fromkeys(range(MANY), 1)
    assert len({path.read_text() for path in marks.iterdir()}) == 2
    assert same(perform(wrong, tasks, store, dask=cluster.address), found)
    with pytest.raises(ZeroDivisionError, match="task 0"):
        perform(wrong, tasks_of(3), RunStore(store.folder / "wrong"), dask=cluster.address)
    other = {f"x{number}": number for number in range(3)}
    assert list(perform(numbers, other, store, dask=cluster.address)) == list(other)


def test_a_worker_killed_in_the_middle_loses_nothing(cluster: Cluster, store: RunStore, marks: Path) -> None:
    cluster.workers(2)
    killed: list[int] = []

    def kill(*_: int) -> None:
        if not killed:
            killed.append(cluster.programs[1].pid)
            os.kill(killed[0], signal.SIGKILL)

    tasks = tasks_of(MANY)
    assert same(perform(slow, tasks, store, dask=cluster.address, progress=kill), expected(tasks))
    assert killed
    assert set(times_done(marks)) == set(range(MANY))


def test_a_run_that_kills_its_worker_is_given_up_and_no_other(
    cluster: Cluster, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster begins workers anew; even when all have died once, nothing that they held is lost."""
    monkeypatch.setenv("BACKPATH_TEST_DEADLY", "2")
    monkeypatch.setattr("sim.batch.perform.CHUNK", 2)
    cluster.workers(2, nanny=True)
    tasks = tasks_of(6)
    assert same(perform(deadly, tasks, store, dask=cluster.address), expected(tasks, failed=(2,)))


def test_a_stop_keeps_what_is_done_and_leaves_the_cluster_free(cluster: Cluster, store: RunStore, marks: Path) -> None:
    cluster.workers(1)
    tasks, stop = tasks_of(MANY), Event()
    with pytest.raises(Stopped):
        perform(slow, tasks, store, dask=cluster.address, stop=stop, progress=lambda *_: stop.set())
    kept = store.read()
    assert len(kept) == CHUNK
    time.sleep(1.5)
    assert len(times_done(marks)) < MANY, "the cluster went on with what nobody waits for"
    assert same(perform(slow, tasks, store, dask=cluster.address), expected(tasks))
    assert {times_done(marks)[tasks[key]] for key in kept} == {1}


def test_a_cluster_that_loses_its_workers_is_not_waited_for(
    cluster: Cluster, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "LOOKS", 2)
    monkeypatch.setattr(dask, "MOST_LOOKS", 3)
    cluster.workers(1)
    with pytest.raises(WorkersDie, match="has no workers any more"):
        perform(slow, tasks_of(MANY), store, dask=cluster.address, progress=lambda *_: cluster.programs[1].kill())
    assert store.read()


def test_a_scheduler_that_is_gone_is_not_waited_for(
    cluster: Cluster, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "LOOKS", 2)
    cluster.workers(1)
    with pytest.raises(OSError, match="lost"):
        perform(slow, tasks_of(MANY), store, dask=cluster.address, progress=lambda *_: cluster.programs[0].kill())
    assert store.read()


# before the beginning


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "127.0.0.1:{port}", "nonsense://x", "tcp://no such host:1"]
)
def test_where_nothing_listens_a_sentence_says_so_soon(address: str) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    written = address.format(port=free_port())
    begun = time.monotonic()
    (problem,) = dask_problems(written)
    assert time.monotonic() - begun < 15
    assert str(problem).startswith(f"--dask {written}: no Dask scheduler answers there (")
    assert str(problem).endswith(
        "). Begin one with 'dask scheduler', then write the address that it prints, such as tcp://127.0.0.1:8786."
    )
    assert "\n" not in str(problem)


def test_a_cluster_without_workers_is_told(cluster: Cluster) -> None:
    (problem,) = dask_problems(cluster.address)
    assert problem.says == f"it has no workers. Begin some with 'dask worker {cluster.address}'."


def test_workers_without_backpath_or_with_another_are_told(cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "sim").mkdir(parents=True)
    (other / "sim" / "__init__.py").touch()
    cluster.workers(1, where=other)
    (problem,) = dask_problems(cluster.address)
    assert re.fullmatch(
        r"its worker tcp://\S+ cannot load Backpath \(.*\)\. Install the same Backpath there\.", problem.says
    )
    (other / "sim" / "batch" / "dask.py").write_text("def _model_here(): return -1\n")
    cluster.workers(1, where=other)
    until(lambda: len(dask_problems(cluster.address)) == 2)
    assert any("has model -1, and here it is" in problem.says for problem in dask_problems(cluster.address))
