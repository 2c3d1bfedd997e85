"""Temporary names of one's own, and what runs that were killed have left behind.

A name tells whose it is: `.backpath-MACHINE-PROCESS-NUMBER`. What a process that no longer lives has left is removed
by the next that writes into the same folder; what another machine has left is only told, for its process may live.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"\.backpath-(?P<machine>\w+)-(?P<process>\d{1,10})-\d+")
_MOST_SIGNS = 16
_MODE = 0o666
"""All may read and write, but for what the system takes away from every new file."""
_numbers = itertools.count()
_mine: set[str] = set()


def new_file(folder: Path) -> Path:
    """An empty file of one's own in `folder`. It has no ending, so that no reader takes it for what it becomes."""
    while True:
        path = folder / _name()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
        except FileExistsError:
            continue
        _mine.add(path.name)
        return path


def new_directory(folder: Path) -> Path:
    """An empty folder of one's own in `folder`."""
    while True:
        path = folder / _name()
        try:
            path.mkdir()
        except FileExistsError:
            continue
        _mine.add(path.name)
        return path


def away(path: Path) -> None:
    """Removes a temporary file or folder, as far as that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return
    _mine.discard(path.name)


@contextmanager
def for_now(part: Path) -> Iterator[Path]:
    """A temporary file or folder, which is removed at the end where it has not got another name."""
    try:
        yield part
    finally:
        away(part)


def is_mine(path: Path) -> bool:
    """Whether this process made a temporary file or folder of this name, and has not removed it."""
    return path.name in _mine


def sweep(folder: Path) -> list[str]:
    """Removes what killed runs have left in `folder`; a sentence for each, also where it cannot be removed."""
    said = []
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name))
    except OSError:
        return []
    for name in names:
        found = _NAME.fullmatch(name)
        if found is None or name in _mine:
            continue
        path = folder / name
        if found["machine"] != _machine():
            said.append(f"{path}: a run on another machine is at work here or has left this. Remove it if none is.")
            continue
        if _lives(int(found["process"])):
            continue
        away(path)
        says = "cannot be removed: do it yourself" if path.exists() else "removed"
        said.append(f"{path}: a run that was killed had left this half-written; {says}.")
    return said


def _name() -> str:
    return f".backpath-{_machine()}-{os.getpid()}-{next(_numbers)}"


def _machine() -> str:
    return re.sub(r"\W", "_", platform.node(), flags=re.ASCII)[:_MOST_SIGNS] or "here"


def _lives(process: int) -> bool:
    """Whether a process is at work. This one has made none of what it does not know of; elsewhere than on POSIX systems
    a process cannot be asked without harm, so that it is taken to live."""
    if process == os.getpid():
        return False
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
