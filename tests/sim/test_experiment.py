"""Many runs: the same whichever way they came about, kept through stops, kills and damage, and no run lost or blamed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from pathways.files import temporary
from sim.batch.perform import CHUNK, MOST_DEATHS, perform
from sim.batch.pool import One, WorkersDie
from sim.batch.run_store import Found, RunStore, key_of
from sim.batch.threads import Stopped
from tests.helpers import experiment_tasks
from tests.helpers.experiment_tasks import (
    SENSELESS,
    NotForOthers,
    always_deadly,
    deadly,
    deadly_once,
    slow,
    told,
    wrong,
)
from tests.helpers.experiments import MANY, expected, marks, same, store, tasks_of, times_done, until

__all__ = ["marks", "store"]

ROOT = Path(__file__).resolve().parent.parent.parent


# keys and the store


def test_a_key_stands_for_its_inputs_to_the_last_bit() -> None:
    assert key_of(a=1, b=[0.1]) == key_of(b=[0.1], a=1)
    assert key_of(a=0.1) != key_of(a=np.nextafter(0.1, 1).item())
    assert len({key_of(a=1), key_of(a="1"), key_of(a=[1]), key_of(b=1), key_of(a=None)}) == 5


def test_a_store_gives_back_what_was_written(store: RunStore) -> None:
    rows: Found = {"a": np.array([0.1, np.nan, np.inf, -0.0, 5e-324]), "b": None, "c": np.zeros(0)}
    store.write(rows)
    store.write({"d": np.array([1.0])})
    found = RunStore(store.folder).read()
    assert sorted(found) == ["a", "b", "c", "d"]
    assert same({key: found[key] for key in rows}, rows)
    assert np.signbit(found["a"][3])  # type: ignore[index]


def test_the_same_runs_written_twice_are_there_once(store: RunStore) -> None:
    for _ in range(2):
        store.write({"a": np.array([1.0])})
    assert len(list(store.folder.iterdir())) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: b"",
        lambda whole: whole[:20],
        lambda whole: whole[:-20],
        lambda whole: b"not a table" * 50,
        lambda whole: whole[:60] + bytes([whole[60] ^ 255]) + whole[61:],
    ],
    ids=["empty", "begun", "cut", "other", "a byte"],
)
def test_a_damaged_file_is_set_aside_and_its_runs_done_again(store: RunStore, marks: Path, spoil) -> None:
    tasks = tasks_of(2 * CHUNK)
    perform(told, tasks, store)
    damaged = next(path for path in sorted(store.folder.iterdir()) if path.name.startswith("000000000000"))
    damaged.write_bytes(spoil(damaged.read_bytes()))
    assert same(perform(told, tasks, store), expected(tasks))
    assert sorted(times_done(marks).values()) == [1] * CHUNK + [2] * CHUNK
    assert damaged.with_suffix(".damaged").exists()
    assert same(perform(wrong, tasks, store), expected(tasks))


def test_no_damaged_byte_gives_other_numbers(store: RunStore) -> None:
    """Every byte of a file spoilt in turn: it is set aside, or nothing has changed."""
    rows: Found = {f"{number:032x}": np.array([number / 7, number / 11]) for number in range(4)}
    store.write(rows)
    (path,) = store.folder.iterdir()
    whole = path.read_bytes()
    aside = 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        found = store.read()
        aside += not found
        assert not found or same(found, rows), place
    assert aside > 20


def test_a_file_of_other_columns_is_set_aside(store: RunStore) -> None:
    import pyarrow as pa

    for columns in ({"run": [1]}, {"key": ["a"], "values": ["many"]}, {"key": [[1]], "values": [[1.0]]}):
        pa.parquet.write_table(pa.table(columns), store.folder / "a.parquet")
        assert store.read() == {}
        assert [path.name for path in store.folder.iterdir()] == ["a.damaged"]


def test_what_a_killed_program_left_is_removed_and_nothing_else(store: RunStore) -> None:
    store.write({"a": np.array([1.0])})
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = f".backpath-{temporary._machine()}-{int(ended.stdout)}-0"
    (store.folder / left).write_bytes(b"half")
    (store.folder / "notes.txt").write_text("mine")
    assert list(RunStore(store.folder).read()) == ["a"]
    assert sorted(path.suffix for path in store.folder.iterdir()) == [".parquet", ".txt"]


def test_a_second_program_that_begins_in_the_same_folder_takes_nothing_away(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[str]] = []

    def fsync(_: int) -> None:
        code = (
            f"from pathlib import Path; from sim.batch.run_store import RunStore; RunStore(Path({str(store.folder)!r}))"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
        begun.append([path.name for path in store.folder.iterdir()])

    monkeypatch.setattr(os, "fsync", fsync)
    store.write({"a": np.array([1.0])})
    assert [len(names) for names in begun] == [1]
    assert list(store.read()) == ["a"]


# one process, several


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    tasks = tasks_of()
    found = [perform(told, tasks, RunStore(tmp_path / str(workers)), workers=workers) for workers in (1, 2, 3)]
    assert found[0][f"{SENSELESS:032x}"] is None
    assert all(same(each, expected(tasks)) for each in found)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_there_is_not_done_again(store: RunStore, marks: Path, workers: int) -> None:
    tasks = tasks_of(CHUNK + 3)
    some = dict(list(tasks.items())[::2])
    store.write({"another": np.array([9.0])})
    perform(told, some, store, workers=workers)
    said: list[tuple[int, int]] = []
    found = perform(told, tasks, store, workers=workers, progress=lambda done, total: said.append((done, total)))
    assert same(found, expected(tasks))
    assert set(times_done(marks).values()) == {1}
    assert said == [(len(tasks), len(tasks))]
    assert same(perform(wrong, tasks, store, workers=workers), found)


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_to_do(store: RunStore, workers: int) -> None:
    said: list[tuple[int, int]] = []
    assert perform(told, {}, store, workers=workers, progress=lambda *each: said.append(each)) == {}
    assert said == [(0, 0)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_mistake_in_the_function_is_raised(store: RunStore, workers: int) -> None:
    with pytest.raises(ZeroDivisionError, match="task 0"):
        perform(wrong, tasks_of(3), store, workers=workers)


# deaths


@pytest.mark.parametrize("deaths", [(20,), (0,), (MANY - 1,), (3, 4), (5, 37)])
def test_a_run_that_kills_its_process_is_given_up_and_no_other(
    store: RunStore, marks: Path, monkeypatch: pytest.MonkeyPatch, deaths: tuple[int, ...]
) -> None:
    monkeypatch.setenv("BACKPATH_TEST_DEADLY", " ".join(map(str, deaths)))
    tasks = tasks_of()
    assert same(perform(deadly, tasks, store, workers=2), expected(tasks, failed=deaths))
    assert set(times_done(marks)) == set(range(MANY)) - set(deaths)
    assert same(perform(wrong, tasks, store, workers=2), expected(tasks, failed=deaths))


def test_a_single_run_that_kills_its_process(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKPATH_TEST_DEADLY", "0")
    assert perform(deadly, tasks_of(1), store, workers=2) == {f"{0:032x}": None}


def test_a_process_that_dies_once_loses_nothing(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where memory was short for a moment."""
    monkeypatch.setenv("BACKPATH_TEST_DEADLY", "1 18 40 41 70")
    tasks = tasks_of()
    assert same(perform(deadly_once, tasks, store, workers=2), expected(tasks))


@pytest.mark.parametrize("one", [NotForOthers(), always_deadly], ids=["at once", "at every run"])
def test_where_processes_cannot_work_no_run_is_blamed(store: RunStore, one: One) -> None:
    with pytest.raises(WorkersDie, match=r"a process died before it had anything to do|10 processes died one after"):
        perform(one, tasks_of(), store, workers=2)
    assert RunStore(store.folder).read() == {}
    assert MOST_DEATHS == 2


# stops and kills


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_keeps_what_is_done_and_the_rest_is_done_later(store: RunStore, marks: Path, workers: int) -> None:
    tasks = tasks_of()
    stop = Event()
    with pytest.raises(Stopped):
        perform(slow, tasks, store, workers=workers, stop=stop, progress=lambda *_: stop.set())
    kept = store.read()
    assert 0 < len(kept) < len(tasks)
    before = times_done(marks)
    assert set(before) == {tasks[key] for key in kept}
    assert same(perform(slow, tasks, store, workers=workers), expected(tasks))
    assert times_done(marks) == dict.fromkeys(range(MANY), 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_before_the_beginning_does_nothing(store: RunStore, marks: Path, workers: int) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        perform(told, tasks_of(), store, workers=workers, stop=stop)
    assert len(times_done(marks)) <= 3 * CHUNK
    assert set(times_done(marks)) == {int(key, 16) for key in store.read()}


def begun(folder: Path, marks: Path, count: int = MANY) -> subprocess.Popen[str]:
    """A program that does the tasks, in a process group of its own, once it has written something."""
    command = [sys.executable, "-m", experiment_tasks.__name__, str(folder), str(count), "2"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True)
    until(lambda: any(folder.glob("*.parquet")) or process.poll() is not None)
    assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def alive(process: int) -> bool:
    """Whether a process is there and not yet dead."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc for processes")


@on_linux
def test_killed_in_the_middle_and_taken_up_again(store: RunStore, marks: Path) -> None:
    process = begun(store.folder, marks)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = RunStore(store.folder).read()
    assert 0 < len(kept) < MANY
    tasks = tasks_of()
    assert same(perform(slow, tasks, store, workers=2), expected(tasks))
    again = {task for task, times in times_done(marks).items() if times > 1}
    assert not again & {tasks[key] for key in kept}


@on_linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_the_program_that_began_them(store: RunStore, marks: Path, how: signal.Signals) -> None:
    """Where only the program itself is killed, its processes are not left behind."""
    process = begun(store.folder, marks, count=20 * MANY)
    workers = {int(line) for path in marks.iterdir() for line in path.read_text().split()}
    assert workers
    process.send_signal(how)
    process.communicate()
    until(lambda: not any(alive(worker) for worker in workers), seconds=10)


@on_linux
def test_an_interrupt_ends_it_without_a_word_of_the_processes(store: RunStore, marks: Path) -> None:
    """Ctrl-C reaches the whole group: the processes leave it to the program."""
    process = begun(store.folder, marks, count=20 * MANY)  # so many that a busy machine is not done before
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert said.count("Traceback") == 1
    assert said.rstrip().endswith("KeyboardInterrupt")
