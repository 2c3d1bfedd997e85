"""Stores of runs, and what tests of experiments look at."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from sim.batch.perform import CHUNK
from sim.batch.run_store import Found, RunStore
from tests.helpers.experiment_tasks import numbers

MANY = 5 * CHUNK


@pytest.fixture(autouse=True)
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which runs leave a mark each time they are done."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv("BACKPATH_TEST_MARKS", str(folder))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty store."""
    return RunStore(tmp_path / "runs")


def tasks_of(count: int = MANY) -> dict[str, int]:
    """Tasks by key."""
    return {f"{number:032x}": number for number in range(count)}


def same(one: Found, other: Found) -> bool:
    """Whether two sets of results are the same to the last bit, in the same order."""
    pairs = zip(one.values(), other.values(), strict=True)
    return list(one) == list(other) and all(
        a is b if a is None or b is None else np.array_equal(a, b, equal_nan=True) for a, b in pairs
    )


def expected(tasks: dict[str, int], failed: tuple[int, ...] = ()) -> Found:
    """What should come out."""
    return {key: None if task in failed else numbers(task) for key, task in tasks.items()}


def times_done(marks: Path) -> dict[int, int]:
    """How often each task was done."""
    return {int(path.name): len(path.read_text().split()) for path in marks.iterdir() if path.name.isdigit()}


def until(true: object, seconds: float = 60) -> None:
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)
