"""How work is seen, and how it is stopped: a bar on a terminal, a line in a notebook, and an event that an interrupt sets."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from sim.batch.threads import Stopped
from ui.terminal.telling import err

INTERRUPTED = 130
"""The exit code of a command that was interrupted."""


@contextmanager
def watched(what: str) -> Iterator[tuple[Any, Event]]:
    """A progress bar on a terminal, and an event that an interrupt sets; work that was stopped by it ends as interrupted."""
    with watched_stages() as (stage, stop):
        yield stage(what), stop


@contextmanager
def watched_stages() -> Iterator[tuple[Callable[[str], Callable[[int, int], None]], Event]]:
    """The same for work in several stages: a function that begins one, by its name, and gives what tells its progress.

    A second interrupt ends at once what does not look at the event.
    """
    stop = Event()
    previous = signal.getsignal(signal.SIGINT)

    def interrupt(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    try:
        signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread: then there is no interrupt to catch
        previous = None
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    shown: list[Any] = []

    def stage(what: str) -> Callable[[int, int], None]:
        if (line := _line_in_a_notebook(what)) is not None:
            return line
        while shown:
            bar.remove_task(shown.pop())
        task = bar.add_task(what, total=None)
        shown.append(task)
        return lambda done, total: bar.update(task, completed=done, total=total)

    try:
        with bar:
            yield stage, stop
    except Stopped:
        raise KeyboardInterrupt from None
    finally:
        if previous is not None:
            signal.signal(signal.SIGINT, previous)


def _line_in_a_notebook(what: str) -> Callable[[int, int], None] | None:
    """What tells progress beneath the cell of a notebook that is at work; None where this is no notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    def told(done: int, total: int) -> dict[str, str]:
        return {"text/plain": f"{what}: {done:,} of {total:,}"}

    lines: list[Any] = []

    def tell(done: int, total: int) -> None:
        if not lines:
            lines.append(display(told(done, total), raw=True, display_id=True))
        else:
            lines[0].update(told(done, total), raw=True)

    return tell
