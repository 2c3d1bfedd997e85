"""What commands tell: results to standard output; notes, warnings and problems beside them, to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pathways import Problem
from pathways.files.opened import printable
from ui.findings.calibrated import calibration_line

if TYPE_CHECKING:
    from sim.experiments.joint_draws import JointDraws

WIDE = 112
"""Columns where the output goes to a file or a pipe."""
LONGEST_PROBLEM = 2_000
"""Letters of a sentence about what is wrong: what was written may be endless."""

out = Console(width=None if sys.stdout is not None and sys.stdout.isatty() else WIDE)
err = Console(stderr=True)


def print_text(text: str) -> None:
    """Prints JSON, CSV or a page as it is, its last line ended."""
    out.file.write(text if text.endswith("\n") else text + "\n")


def print_parts(parts: Iterable[Any]) -> None:
    """Prints tables as tables and sentences as sentences."""
    for part in parts:
        if isinstance(part, str):
            say(part)
        else:
            out.print(part)


def say(sentence: str, *, aside: bool = False) -> None:
    """Prints a sentence as it is written, on one line; `aside` what is not part of the results."""
    (err if aside else out).print(sentence, markup=False, highlight=False, soft_wrap=True)


def say_wrapped(text: str) -> None:
    """Prints a text as it is written, wrapped to the width of the terminal."""
    out.print(text, markup=False, highlight=False)


def warn(sentence: str) -> None:
    """Prints a warning beside the results."""
    say(f"Warning: {sentence}", aside=True)


def tell_written(folder: Path, files: Sequence[str]) -> None:
    """Says which files stand in a folder now."""
    say(f"Written to {folder}: {', '.join(files)}", aside=True)


def tell_calibration(calibration: JointDraws | None, *, quiet: bool = False, warned: bool = False) -> None:
    """Says which calibration results rest on, unless only tables are wanted; warns where it is in doubt, unless that
    has been said."""
    if calibration is None:
        return
    if not quiet:
        say(calibration_line(calibration))
    if calibration.warning and not warned:
        warn(calibration.warning)


def tell_problems(problems: list[Problem]) -> None:
    """Prints each problem in a sentence, errors and warnings."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if len(errors) > 1:
        err.print(f"{len(errors)} problems:", markup=False, highlight=False)
    for problem in problems:
        prefix = "warning: " if problem.severity == "warning" else ""
        # what was written may be endless: what to do about it is told all the same
        where = printable(problem.where, longest=LONGEST_PROBLEM // 4)
        told = printable(str(replace(problem, where=where)), longest=LONGEST_PROBLEM)
        say(f"{prefix}{told}", aside=True)
