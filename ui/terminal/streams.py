"""The two outputs of a program, where their readers go away, or were never there: nothing is said of it, and work goes on."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO

GONE = {errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE}


def outputs_ready() -> None:
    """Makes both outputs such that a closed pipe swallows what nobody reads.

    One that is closed already gets nowhere to write to, so that no file of ours is opened in its place.
    """
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere(number))
        elif stream is getattr(sys, f"__{name}__") and _is(stream, number):
            setattr(sys, name, _forgiving(stream, number))


def outputs_done() -> str:
    """Hands over what was printed; why that was not possible, as the end of a sentence, or nothing.

    A reader that goes away is no reason: they have what they want.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return "; ".join(dict.fromkeys(_faults))


_faults: list[str] = []


class _Pipe(io.FileIO):
    """A file to which writing never fails: what cannot be handed over goes nowhere, and why is remembered."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in GONE:
                _faults.append(error.strerror or str(error))
            _point_nowhere(self.fileno())
            return len(memoryview(data).cast("B"))


def _forgiving(stream: TextIO, number: int) -> TextIO:
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Pipe(number, "wb", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=bool(getattr(stream, "line_buffering", False)),
        write_through=bool(getattr(stream, "write_through", False)),
    )


def _nowhere(number: int) -> TextIO:
    try:
        os.fstat(number)
    except OSError:
        _point_nowhere(number)
    return open(os.devnull, "w", encoding="utf-8")  # it is open as long as the program runs


def _point_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _is(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False
