"""Charts as pictures, drawn by a process of its own: where that one ends for want of memory, no results end with it.

Run as a program it draws one chart after another: a specification a line comes in, a picture a line goes out, as JSON.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

ENDED = "the program that draws ended: memory may be short"


class NotDrawn(Exception):
    """Why a chart could not be drawn, as the end of a sentence."""


def drawn(spec: Any) -> str:
    """A chart as SVG from its Vega-Lite specification; `NotDrawn` where it cannot be had."""
    return _artist.draw(spec)


class _Artist:
    """The process that draws, begun when it is first needed; a new one takes the place of one that has ended."""

    def __init__(self) -> None:
        self._one_at_a_time, self._process = Lock(), None

    _process: subprocess.Popen[str] | None

    def draw(self, spec: Any) -> str:
        """One chart."""
        with self._one_at_a_time:
            try:
                answer = self._answer(json.dumps(spec))
            except OSError:
                answer = ""
            if not answer:
                self.end()
                raise NotDrawn(ENDED)
        said = json.loads(answer)
        if "fault" in said:
            raise NotDrawn(said["fault"])
        return str(said["svg"])

    def _answer(self, asked: str) -> str:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{asked}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def end(self) -> None:
        """Ends the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            try:
                process.communicate()
            except OSError:  # what it was told last could not be handed over
                process.wait()


def _draw_what_comes_in() -> None:
    import vl_convert

    for line in sys.stdin:
        try:
            answer = {"svg": str(vl_convert.vegalite_to_svg(json.loads(line)))}
        except (ValueError, MemoryError) as error:
            answer = {"fault": f"the chart library refused it: {' '.join(str(error).split())[:200]}"}
        print(json.dumps(answer), flush=True)


_artist = _Artist()
atexit.register(_artist.end)

if __name__ == "__main__":
    _draw_what_comes_in()
