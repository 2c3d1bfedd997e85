"""The pages of the documentation, block by block, and what they need to be followed."""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pathways.region import AGE_BANDS
from tests.helpers.official import HEAD, MAP_HEAD
from tests.helpers.shared import MID_NOTTS

ROOT = Path(__file__).resolve().parent.parent.parent
SHOWN_ONLY = ("text",)
HUMBER = ("02Y", "03F", "03H", "03K", "03Q", "42D")
FENCE = re.compile(
    r"(?:<!-- (?P<what>file|add|not run): (?P<words>[^\n]*?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page, with what the comment before it says: `file`, `add` or `not run`, and its words."""

    page: Path
    language: str
    text: str
    what: str
    words: str

    @property
    def runs(self) -> bool:
        """Whether following the page does something with it."""
        return self.language not in SHOWN_ONLY and self.what != "not run"


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    return [
        Block(page, found["language"], found["text"], found["what"] or "", found["words"] or "")
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def named(page: Path) -> str:
    """A page's name in a test's name."""
    return str(page.relative_to(ROOT))


def reader_environment(tools: Path, root: Path = ROOT) -> dict[str, str]:
    """The environment of a reader who has activated that of the project which stands at `root`."""
    tools.mkdir()
    for name, command in (("backpath", "-m ui.command_line "), ("python", ""), ("python3", "")):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command}"$@"\n')
        tool.chmod(0o755)
    return os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(root), "COLUMNS": "120"}


def for_reader(commands: str, shell: dict[str, str], folder: Path | None = None) -> None:
    """Types the commands of a block; each must end without error."""
    done = subprocess.run(
        ["sh", "-eu", "-c", commands], env=shell, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def put_official_files(folder: Path) -> None:
    """Small files in the formats of the publishers, under the names that the pages use: a practice in each network, and
    one in each of the sub-ICB locations of Humber Coast and Vale."""
    people, places, scores = [HEAD], [MAP_HEAD], ["PRACTICE_CODE,PRACTICE_NAME,IMD_YEAR,IMD_SCORE"]
    where = [(network, "52R") for network in MID_NOTTS] + [("U", area) for area in HUMBER]
    for number, (network, area) in enumerate(where):
        code = f"C84{number:03d}"
        for sex in ("FEMALE", "MALE"):
            for band in AGE_BANDS:
                people.append(f"GP_PRAC_PAT_LIST,2026-07-01,GP,{code},,NG1 1AA,{sex},{band.replace('-', '_')},40")
        places.append(f"GP_PRAC_PAT_LIST,01Jul2026,{code},SURGERY {number},NG1 1AA,{network},A PCN,E1,{area},NHS X")
        scores.append(f"{code},Surgery {number},2025,{10 + 5 * number}")
    for name, lines in (("gp-reg-pat-prac-quin-age", people), ("gp-reg-pat-prac-map", places)):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.csv", "\r\n".join(lines) + "\r\n")
    (folder / "deprivation.csv").write_text("\n".join(scores) + "\n")


def save(block: Block, folder: Path) -> list[Path]:
    """Saves a block, or adds it to the file if an earlier block of the page has begun it."""
    path = folder / block.words
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.read_text() + "\n" if path.exists() and path.suffix == ".toml" else ""
    path.write_text(begun + block.text, encoding="utf-8")
    return [path]


def add(block: Block, folder: Path) -> None:
    """Adds a block to a file: below the one line that begins as the comment says, or at the end."""
    name, _, line = block.words.partition(": ")
    path = folder / name
    lines = path.read_text(encoding="utf-8").splitlines()
    if line:
        found = [at for at, text in enumerate(lines, start=1) if text.strip().startswith(line)]
        assert len(found) == 1, f"{named(block.page)}: {len(found)} lines of {name} begin with {line!r}"
        lines[found[0] : found[0]] = block.text.splitlines()
    else:
        lines += ["", *block.text.splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def example(block: Block, known: dict[str, Any]) -> dict[str, Any]:
    """Runs the examples of a block with the names that earlier ones made; returns the names."""
    test = doctest.DocTestParser().get_doctest(block.text, known, named(block.page), str(block.page), 0)
    assert test.examples, f"no example in:\n{block.text}"
    said: list[str] = []
    found = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        test, out=said.append, clear_globs=False
    )
    assert found.failed == 0, "".join(said)
    return test.globs


def script(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
