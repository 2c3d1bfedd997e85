"""What a user types at a terminal, and what they see."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from ui.command_line import main


@dataclass(frozen=True)
class Seen:
    """The exit code of a command, and its two outputs."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Both outputs."""
        return self.out + self.err


def backpath(*words: str | Path | float) -> Seen:
    """Types `backpath …` within this process: as quick as a function, and just as a terminal would show it."""
    out, err = io.StringIO(), io.StringIO()
    typed = ["backpath", *map(str, words)]
    code: object = 0
    with patch.object(sys, "argv", typed), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Seen(code, out.getvalue(), err.getvalue())
