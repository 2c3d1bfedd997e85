"""Bad days: readers that go away, disks that are full, memory that is short, results that are there already."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from tests.helpers.compared import quick
from tests.helpers.typed import backpath
from ui.command_line import app
from ui.reports import drawing
from ui.reports.comparison import write_results
from ui.reports.drawing import NotDrawn

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = f"{sys.executable} -m ui.command_line"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """A line as it is typed, `backpath` standing for the program; its exit code is that of the program, not of what reads it."""
    line = f"set -o pipefail; {command.replace('backpath', PROGRAM)}"
    return subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)


# outputs


@pytest.mark.parametrize(
    "command",
    ["backpath show evidence | head -1", "backpath show evidence --json | head -c 10", "backpath schema | true", "backpath --help | true"],
)  # fmt: skip
def test_a_reader_that_goes_away_is_no_error_whoever_prints(command: str) -> None:
    done = shell(command)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("backpath show pathway usual_care >&-", 0),
        ("backpath show pathway nowhere 2>&-", 2),
        ("backpath show pathway usual_care >&- 2>&-", 0),
        ("backpath show pathway nowhere 2>&1 | true", 2),
    ],
)
def test_an_output_that_is_closed_is_no_error(command: str, code: int) -> None:
    done = shell(command)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_behind_the_output_is_told_in_a_sentence() -> None:
    done = shell("backpath show evidence --csv > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "What was printed could not all be handed over: No space left on device.\n"


# results that are there already


def commands(found: object = None, name: str = "") -> dict[str, set[str]]:
    """The options of every command, by its name."""
    found = typer.main.get_command(app) if found is None else found
    inner = getattr(found, "commands", {})
    if not inner:
        return {name.strip(): {option for each in found.params for option in each.opts}}  # type: ignore[attr-defined]
    return {whole: of for part, each in inner.items() for whole, of in commands(each, f"{name} {part}").items()}


def test_every_command_that_writes_files_replaces_them_by_one_and_the_same_option() -> None:
    writes = {name for name, options in commands().items() if options & {"--out", "--svg", "--log"}}
    assert writes == {
        "show", "region new", "compare", "run", "validate", "calibrate", "psa", "budget", "value", "variation", "journeys",
    }  # fmt: skip
    assert {name for name, options in commands().items() if "--overwrite" in options} == writes


def test_a_drawing_is_replaced_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "pathway.svg"
    path.write_text("mine")
    seen = backpath("show", "pathway", "usual_care", "--svg", path)
    assert (seen.code, seen.out, path.read_text()) == (2, "", "mine")
    assert "pathway.svg: it exists already, and is left as it is. Choose another name, or give --overwrite" in seen.err
    assert backpath("show", "pathway", "usual_care", "--svg", path, "--overwrite").code == 0
    assert path.read_text().startswith("<svg")


def test_two_results_cannot_have_one_name(tmp_path: Path) -> None:
    seen = backpath("run", "usual_care", "--out", tmp_path / "a.csv", "--log", tmp_path / "a.csv", "--years", 0.1)
    assert seen.code == 2
    assert "two results cannot have one name" in seen.err


# memory


def test_a_chart_library_that_ends_takes_no_results_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be drawn, the report says so in a sentence and tells what the chart shows; the tables are there."""
    ends = tmp_path / "ends.py"
    ends.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(drawing, "__file__", str(ends))
    monkeypatch.setattr(drawing, "_artist", drawing._Artist())
    with pytest.raises(NotDrawn, match="the program that draws ended"):
        drawing.drawn({})
    files = write_results(quick(), tmp_path / "out", region_from="demonstration")
    assert {"report.html", "record.json", "differences.csv", "by_practice.csv"} <= set(files)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<svg" not in page
    assert (
        page.count("A chart could not be drawn: the program that draws ended: memory may be short. What it shows:") > 1
    )
    assert "<table>" in page


def test_a_page_that_memory_is_too_short_for_does_not_take_the_tables_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(_: object) -> str:
        raise MemoryError

    monkeypatch.setattr("ui.reports.comparison.html_report", short)
    files = write_results(quick(), tmp_path / "out", region_from="demonstration")
    assert {"record.json", "differences.csv", "by_practice.csv"} <= set(files)
    assert "Memory was too short for this page" in (tmp_path / "out" / "report.html").read_text()


def came_of(error: Exception, cause: Exception) -> Exception:
    """An error that was raised because of another."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(), OSError(12, "Cannot allocate memory"), RuntimeError("can't start new thread"), ImportError("failed to map segment"),
        came_of(OSError("Could not find/load shared object file 'libllvmlite.so'"), OSError("libllvmlite.so: failed to map segment from")),
    ],
)  # fmt: skip
def test_memory_that_is_short_is_told_in_a_sentence(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise error

    monkeypatch.setattr("ui.inputs.checking.check_path", short)
    seen = backpath("check", "usual_care")
    assert seen.code == 2
    assert seen.err.startswith("Memory is short: the work was given up. Choose fewer --workers")


def test_the_program_that_draws_is_used_again_and_begun_anew_where_it_ended() -> None:
    spec = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
    artist = drawing._Artist()
    first = artist.draw(spec)
    process = artist._process
    assert artist.draw(spec) == first
    assert artist._process is process
    with pytest.raises(NotDrawn, match="the chart library refused it"):
        artist.draw({"mark": 3})
    assert process is not None
    process.kill()
    process.wait()
    with pytest.raises(NotDrawn, match="the program that draws ended"):
        artist.draw(spec)
    assert artist.draw(spec) == first
    artist.end()
