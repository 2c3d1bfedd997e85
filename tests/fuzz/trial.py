"""One damaged input: made, tried within bounds, and judged."""

from __future__ import annotations

import csv
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from sim.batch.threads import Stopped
from tests.fuzz import hostile
from tests.fuzz.damage import of_file, quoted
from tests.fuzz.surfaces import OPTION_VALUES, OPTIONS, Surface, good_files, place, surfaces
from tests.helpers.typed import Seen, backpath

CPU_SECONDS = 30.0
"""Of the processor, so that a busy machine does not matter."""
WAITING_SECONDS = 600.0
"""Of the clock: for what waits for ever without working."""
SWELLS_MB = 2500
"""More memory than this, beyond what was used before, is an escape."""
FINE, NO, UNUSABLE, STOPPED = 0, 1, 2, 130
ESCAPES = (
    "Traceback", "should not have happened", "NoneType", "<class", "object at 0x", "could not convert", "invalid literal",
    "unhashable", "dtype", "KeyError", "ValueError", "TypeError", "IndexError", "AttributeError", "OverflowError",
    "codec can't", "Errno", "ArrowInvalid", "pydantic", "has no attribute", "positional argument", "string_type",
)  # fmt: skip
"""What no sentence for a user holds: the words of a programming language."""


class Hang(BaseException):
    """The input took longer than any input may; no handler of ordinary errors catches it."""


@dataclass(frozen=True)
class Trial:
    """One input: where it goes, its files, what is typed, what was done to it, and whether that must be refused, or taken."""

    number: int
    surface: str
    words: tuple[str, ...]
    files: Mapping[str, bytes]
    how: tuple[str, ...]
    touched: tuple[str, ...] = ()
    must_refuse: bool = False
    must_take: bool = False
    guarded: bool = False


@dataclass(frozen=True)
class Escape:
    """What got through: of which input, what kind of fault, and what was seen of it."""

    trial: Trial
    fault: str
    seen: str

    @property
    def kind(self) -> str:
        """What findings of one cause have in common: the command, the fault, and the line that tells of it."""
        lines = [line for line in self.seen.strip().split("\n") if any(word in line for word in ESCAPES)]
        at = re.findall(r'File "[^"]*?([^/"]+)", line \d+', self.seen)
        told = re.sub(r"\d+", "N", lines[-1])[:120] if lines else ""
        return ": ".join(part for part in (self.trial.words[0], self.fault, told, *at[-1:]) if part)

    def __str__(self) -> str:
        return f"{self.trial.number} ({self.trial.surface}; {'; '.join(self.trial.how)}): {self.fault}\n{self.seen[-1200:]}"


def trial_of(seed: int, number: int) -> Trial:
    """The input of this number: a function of the seed and the number alone."""
    random = Random(f"{seed}/{number}")
    if random.random() < 0.15:
        return _options(random, number)
    chosen = random.choices(surfaces(), [surface.weight for surface in surfaces()])[0]
    if chosen.exact and random.random() < 0.15:
        return _surely_wrong(random, number, chosen)
    if chosen.guarded and random.random() < 0.08:
        return _with_person(random, number, chosen)
    files = dict(chosen.files)
    how, touched = [], []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        name = random.choice(sorted(files))
        made = of_file(random, name, files[name])
        files[name] = made.data
        how.append(f"{name}: {made.how}")
        touched.append(name)
    return Trial(number, chosen.name, chosen.words, files, tuple(how), tuple(touched))


def _options(random: Random, number: int) -> Trial:
    """Good files, and options that are not."""
    words = list(random.choice(OPTIONS))
    how = []
    for _ in range(random.choice((1, 1, 2))):
        at = random.randrange(1, len(words))
        what = random.choice(("value", "value", "value", "gone", "twice", "moved"))
        if what == "value":
            words[at] = random.choice(OPTION_VALUES)
        elif what == "gone" and len(words) > 2:
            del words[at]
        elif what == "twice":
            words.insert(at, words[at])
        else:
            words.insert(random.randrange(1, len(words) + 1), words.pop(at))
        how.append(f"word {at} {what}: {' '.join(words)[:300]}")
    return Trial(number, f"{words[0]} options", tuple(words), good_files(), tuple(how), ())


def _surely_wrong(random: Random, number: int, surface: Surface) -> Trial:
    """A cell that must be a number and is none: it has to be refused by its file and its row."""
    name = random.choice(sorted(surface.exact))
    column = random.choice(surface.exact[name])
    lines = surface.files[name].decode().replace("\r\n", "\n").strip("\n").split("\n")
    row = random.randrange(1, len(lines))
    header, cells = csv.reader([lines[0], lines[row]])
    value = random.choice(hostile.NOT_NUMBERS)
    cells[header.index(column)] = value
    lines[row] = ",".join(map(quoted, cells))
    files = {**surface.files, name: ("\n".join(lines) + "\n").encode()}
    return Trial(
        number,
        surface.name,
        surface.words,
        files,
        (f"{name}: row {row + 1}, {column}: {value[:20]!r}",),
        (name,),
        must_refuse=True,
    )


def _with_person(random: Random, number: int, surface: Surface) -> Trial:
    """Something in the shape of an NHS number, anywhere in a table."""
    name = random.choice(sorted(surface.files))
    lines = surface.files[name].decode().strip("\n").split("\n")
    row = random.randrange(len(lines))
    cells = lines[row].split(",")
    cells[random.randrange(len(cells))] = random.choice(hostile.PERSONS)
    lines[row] = ",".join(cells)
    files = {**surface.files, name: ("\n".join(lines) + "\n").encode()}
    how = (f"{name}: an NHS number in row {row + 1}",)
    return Trial(number, surface.name, surface.words, files, how, (name,), must_refuse=True, guarded=True)


# trying


def escape_of(trial: Trial, keep: Path | None = None) -> Escape | None:
    """Tries an input in a folder of its own; what escaped, or nothing. With `keep` the files are left there."""
    with tempfile.TemporaryDirectory() as made:
        folder = (keep or Path(made) / "here").resolve()
        folder.mkdir(exist_ok=True)
        place(folder, trial.files)
        before = {str(path.relative_to(folder)) for path in folder.rglob("*")}
        used = _memory_mb()
        words = [word.replace("{}", str(folder)) for word in trial.words]
        here = Path.cwd()
        os.chdir(folder)  # a name that is made up must not be written elsewhere
        try:
            with bounded(), without_long_work():
                seen = backpath(*words)
        except Hang as hang:
            return Escape(trial, str(hang), traceback.format_exc())
        except BaseException as error:
            return Escape(trial, type(error).__name__, traceback.format_exc())
        finally:
            os.chdir(here)
        after = {str(path.relative_to(folder)) for path in folder.rglob("*")}
        fault = fault_in(trial, seen, new=after - before, swollen=_memory_mb() - used)
        return Escape(trial, fault, seen.all) if fault else None


def fault_in(trial: Trial, seen: Seen, *, new: set[str], swollen: float = 0.0) -> str:
    """What is wrong with what was seen, in a few words; nothing where all is as it should be."""
    said = next((word for word in ESCAPES if word in seen.all and word not in " ".join(trial.words)), None)
    if said:
        return f"says {said!r}"
    if seen.code not in (FINE, NO, UNUSABLE, STOPPED):
        return f"exit code {seen.code}"
    if swollen > SWELLS_MB:
        return "took too much memory"
    if trial.guarded and re.search(r"9\D?9\D?9\D?0\D?0\D?0\D?0\D?0\D?1\D?8", seen.all):
        return "printed what looks like an NHS number"
    if seen.code == UNUSABLE:
        if not seen.err.strip():
            return "refused without a word"
        if new:
            return f"refused, and yet wrote {sorted(new)[0]}"
        if trial.touched and not any(part in seen.err for part in _parts(trial)):
            return "names no file"
        if trial.must_take:
            return "a good input is refused"
    elif trial.must_refuse:
        return "taken though it is surely wrong"
    return ""


def _parts(trial: Trial) -> set[str]:
    """What a sentence may name as the place: a file that was damaged, its folder, or a file or folder that was typed."""
    typed = {Path(word).name for word in trial.words if word.startswith("{}/")}
    return typed | {part for name in trial.touched for part in (Path(name).name, Path(name).stem)}


@contextmanager
def bounded() -> Iterator[None]:
    """Raises `Hang` where what is within takes too long."""

    def too_long(number: int, _: object) -> None:
        what = "works on and on" if number == signal.SIGPROF else "waits for ever"
        raise Hang(what)

    before = {number: signal.signal(number, too_long) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS, 1.0)
    signal.setitimer(signal.ITIMER_REAL, WAITING_SECONDS, 10.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def without_long_work() -> Iterator[None]:
    """Calibrations, validations and the app end where their work would begin: what is fuzzed is what they read."""

    def stopped(*_: Any, **__: Any) -> None:
        raise Stopped

    with (
        patch("calibration.calibrate.calibrate", stopped),
        patch("calibration.validation.validate.validate", stopped),
        patch.object(subprocess, "call", lambda *_, **__: 0),
    ):
        yield


def _memory_mb() -> float:
    """The most memory that this process has used."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def undamaged() -> list[Escape]:
    """What escapes where nothing was damaged: every surface has to be taken as it is, or its trials tell nothing."""
    found = []
    for surface in surfaces():
        trial = Trial(-1, surface.name, surface.words, surface.files, ("undamaged",), must_take=True)
        if escape := escape_of(trial):
            found.append(escape)
    return found
