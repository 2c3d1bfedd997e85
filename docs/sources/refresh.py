"""Writes into the pages of the source documents what their examples give now: `python docs/sources/refresh.py [PAGE.md …]`.

For use after the model has changed. A page is followed as its test follows it: files are saved, commands typed, Python
examples run; only what stands below an example is replaced. Read the text around it: sentences are not rewritten.
"""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tests.helpers.documents import Block, blocks_of, put_official_files, save  # noqa: E402


class Collector(doctest.DocTestRunner):
    """Runs examples and keeps what those print that differ from the page, by line."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.got: dict[int, str] = {}

    def report_failure(self, out: Any, test: Any, example: doctest.Example, got: str) -> None:
        """Keeps what was printed."""
        self.got[example.lineno] = got

    def report_unexpected_exception(self, out: Any, test: Any, example: doctest.Example, exc_info: Any) -> None:
        """A page whose example fails is not rewritten."""
        raise SystemExit(f"{test.name}: {example.source}{exc_info[1]!r}")


def refreshed(block: Block, known: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of a block of examples with what they give now, and the names that they made."""
    test = doctest.DocTestParser().get_doctest(block.text, known, block.page.name, str(block.page), 0)
    collector = Collector()
    collector.run(test, clear_globs=False)
    lines = block.text.splitlines(keepends=True)
    for example in reversed(test.examples):
        if example.lineno in collector.got:
            start = example.lineno + len(example.source.splitlines())
            lines[start : start + len(example.want.splitlines())] = [collector.got[example.lineno]]
    return "".join(lines), test.globs


def refresh(page: Path) -> bool:
    """Follows a page and rewrites its examples; whether anything has changed."""
    text = before = page.read_text(encoding="utf-8")
    known: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        tools = folder / ".bin"
        tools.mkdir()
        script = tools / "backpath"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ui.command_line "$@"\n')
        script.chmod(0o755)
        environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        put_official_files(folder)
        before_here = Path.cwd()
        os.chdir(folder)
        for block in blocks_of(page):
            if not block.runs:
                continue
            if block.what == "file":
                save(block, folder)
            elif block.language == "sh":
                subprocess.run(["sh", "-eu", "-c", block.text], env=environment, check=True, stdout=subprocess.DEVNULL)
            else:
                now, known = refreshed(block, known)
                text = text.replace(block.text, now)
        os.chdir(before_here)
    if text != before:
        page.write_text(text, encoding="utf-8")
    return text != before


if __name__ == "__main__":
    for each in [Path(name).resolve() for name in sys.argv[1:]] or sorted(HERE.glob("*.md")):
        print(f"{each.name}: {'changed' if refresh(each) else 'as it was'}")
