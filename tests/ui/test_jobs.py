"""Comparisons in the background: who asks for them, and that nobody's runs do not go on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pathways import load_region
from sim.batch.threads import Stopped
from sim.experiments.experiment import Experiment
from ui.pages import jobs


def until_stopped(*_: Any, stop: Any, **__: Any) -> None:
    """A comparison that goes on until it is stopped."""
    assert stop.wait(30)
    raise Stopped


def begun(monkeypatch: pytest.MonkeyPatch, work: Callable[..., Any] = until_stopped) -> jobs.Job:
    """A job that was begun."""
    monkeypatch.setattr(jobs, "compare", work)
    nothing = Experiment({}, base="", region=load_region("demonstration"), years=1, replications=1, seed=1)
    return jobs.start(("question",), nothing, workers=1)


def test_a_run_that_no_page_shows_any_more_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed tab left its run going to the end."""
    clock = [100.0]
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(jobs, "LOOK_EVERY", 0.01)
    job = begun(monkeypatch)
    assert job.thread is not None
    clock[0] += jobs.ABANDONED_AFTER - 1
    job.is_wanted()
    clock[0] += jobs.ABANDONED_AFTER - 1
    assert not job.stop.wait(0.2)
    assert job.running
    clock[0] += 2
    job.thread.join(20)
    assert job.stop.is_set()
    assert not job.running
    assert job.result is None
