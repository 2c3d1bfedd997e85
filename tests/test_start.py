"""The front door: what `start.py` does on a fresh machine, on the second day, and where something is missing."""

from __future__ import annotations

import ast
import collections
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import start

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = """WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection'
ERROR: Could not find a version that satisfies the requirement numba==0.61
ERROR: No matching distribution found for numba==0.61
"""


class Machine:
    """A folder that `start.py` takes for its own, on which nothing is really run: commands are written down."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []
        self.answers: dict[str, tuple[int, str]] = {}
        for name in ("pyproject.toml", *start.PINS["test"]):
            (folder / name).write_text(f"{name}\n")
        patch.setattr(start, "HERE", str(folder))
        patch.setattr(start, "ENVIRONMENT", str(folder / ".venv"))
        patch.setattr(start, "REPORT", str(folder / "results" / "first-look"))
        patch.setattr(start.subprocess, "run", self.run)
        patch.setattr(start.subprocess, "call", lambda command, **more: self.run(command, **more).returncode)
        patch.setattr("venv.EnvBuilder.create", self.create)
        patch.setattr(start.shutil, "disk_usage", lambda _: self.disk)
        self.disk = collections.namedtuple("usage", "total used free")(10**12, 0, 10**12)
        self.made = 0

    def create(self, folder: str) -> None:
        """Stands in for the making of an environment, which takes seconds."""
        self.made += 1
        Path(start.python()).parent.mkdir(parents=True, exist_ok=True)
        Path(start.python()).write_text("")

    def run(self, command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        """Stands in for a command: exit code and error output as the test has set them for one of its words."""
        assert more["cwd"] == str(self.folder)
        assert command[0] == start.python()
        self.commands.append(command[1:])
        code, words = next((self.answers[word] for word in command if word in self.answers), (0, ""))
        return subprocess.CompletedProcess(command, code, "", words)

    def typed(self) -> list[str]:
        """The commands in short: what Python was asked to run."""
        return [" ".join(word for word in words if word not in ("-m", "--disable-pip-version-check", "--quiet", "--no-input")) for words in self.commands]  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A fresh machine."""
    return Machine(tmp_path, monkeypatch)


COMPARE = "ui.command_line compare mri_guidance physio_first --out {}/results/first-look"
INSTALL = ["pip install -r requirements.txt", "pip install --no-deps --editable ."]


def test_a_fresh_machine_gets_an_environment_and_a_first_result(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start.main([]) == 0
    assert machine.made == 1
    assert machine.typed() == [*INSTALL, COMPARE.format(machine.folder)]
    said = capsys.readouterr().out
    assert f"Report: {machine.folder}/results/first-look/report.html" in said
    assert "Next: open the app with" in said
    assert "backpath app" in said


def test_the_second_run_starts_at_once(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """No environment is made, nothing is installed, and a disk that is full by now is no obstacle."""
    assert start.main([]) == 0
    machine.commands.clear()
    capsys.readouterr()
    machine.disk = machine.disk._replace(free=0)
    assert start.main([]) == 0
    assert machine.made == 1
    assert machine.typed() == [COMPARE.format(machine.folder)]
    assert "Setting up" not in capsys.readouterr().out


def test_the_first_report_gives_way_to_the_next(machine: Machine) -> None:
    """The command never overwrites a folder, so the old one is taken away, and nothing else."""
    results = machine.folder / "results"
    (results / "first-look").mkdir(parents=True)
    (results / "first-look" / "report.html").write_text("old")
    (results / "mine").mkdir()
    assert start.main([]) == 0
    assert [path.name for path in results.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.txt"])
def test_other_pins_are_installed(machine: Machine, name: str) -> None:
    """After an update of the project the libraries are brought up to date, in the same environment."""
    assert start.main([]) == 0
    machine.commands.clear()
    (machine.folder / name).write_text("newer\n")
    assert start.main([]) == 0
    assert machine.made == 1
    assert machine.typed()[:2] == INSTALL


def test_an_environment_that_was_taken_away_is_made_again(machine: Machine) -> None:
    assert start.main([]) == 0
    shutil.rmtree(machine.folder / ".venv")
    assert start.main([]) == 0
    assert machine.made == 2


def test_the_tests_are_run_in_order(machine: Machine) -> None:
    assert start.main(["test"]) == 0
    assert machine.typed() == [
        "pip install -r requirements.txt -r requirements-docs.txt -r requirements-test.txt",
        "pip install --no-deps --editable .",
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "pytest -n auto",
    ]


def test_the_site_is_built_with_its_own_libraries(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["docs"]) == 0
    assert machine.typed()[0] == "pip install -r requirements.txt -r requirements-docs.txt"
    assert machine.commands[-1] == ["-m", *start.SITE_COMMAND, start.SITE]
    assert capsys.readouterr().out.endswith("index.html\n")


@pytest.mark.parametrize(("tool", "code", "last"), [("ruff", 1, "ruff check ."), ("mypy", 2, "mypy"), ("pytest", 5, "pytest -n auto")])  # fmt: skip
def test_the_first_failure_ends_the_tests_with_its_code(machine: Machine, tool: str, code: int, last: str) -> None:
    machine.answers[tool] = (code, "")
    assert start.main(["test"]) == code
    assert machine.typed()[-1] == last


def test_what_the_main_job_says_is_passed_on(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.answers["compare"] = (2, "")
    assert start.main([]) == 2
    assert "Report:" not in capsys.readouterr().out


# where something is missing


@pytest.mark.parametrize("arguments", [["tests"], ["--help"], ["test", "now"], [""]])
def test_unknown_words_are_answered_and_nothing_is_done(
    machine: Machine, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert start.main(arguments) == 2
    assert capsys.readouterr().out == "Use 'python3 start.py', 'python3 start.py test' or 'python3 start.py docs'.\n"
    assert machine.commands == []
    assert machine.made == 0


def stopped(machine: Machine, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said when nothing could be started; nothing was made."""
    assert start.main([]) == 1
    assert machine.made == 0
    assert machine.commands == []
    return capsys.readouterr().out


def test_an_old_python_is_told_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 2, "final", 0))
    said = stopped(machine, capsys)
    assert said.startswith("Backpath needs Python 3.11 or newer, and this is 3.9.")
    assert "then run this again" in said


def test_even_old_pythons_can_read_the_script() -> None:
    """It is in the grammar of Python 3.5, has no f-strings, and needs the standard library alone."""
    source = (ROOT / "start.py").read_text()
    tree = ast.parse(source, feature_version=(3, 5))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]
    used = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert used <= sys.stdlib_module_names
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_environments_is_told_what_to_install(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert "the venv module is missing" in stopped(machine, capsys)


def test_a_full_disk_is_told_before_anything_is_made(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.disk = machine.disk._replace(free=3 * 10**8)
    said = stopped(machine, capsys)
    assert said.startswith("The disk is nearly full: 0.3 GB are free in ")
    assert "Make room, then run this again." in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (OFFLINE, "Setting up needs the network once; after that Backpath works without it."),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full: the libraries did not fit."),
        ("error: subprocess-exited-with-error\nsomething of its own", "Installing failed:\nerror: subprocess-exited-with-error\nsomething of its own"),
    ],
    ids=["no network", "disk full", "something else"],
)  # fmt: skip
def test_a_failed_installation_is_explained_and_tried_again_next_time(
    machine: Machine, capsys: pytest.CaptureFixture[str], words: str, expected: str
) -> None:
    machine.answers["pip"] = (1, words)
    assert start.main([]) == 1
    said = capsys.readouterr().out
    assert expected in said
    assert "Traceback" not in said
    assert machine.typed() == INSTALL[:1]
    machine.answers.clear()
    assert start.main([]) == 0
    assert machine.typed()[1:3] == INSTALL


def test_the_reason_of_a_failed_download_is_shown(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.answers["pip"] = (1, OFFLINE)
    start.main([])
    assert capsys.readouterr().out.endswith("ERROR: No matching distribution found for numba==0.61\n")


@pytest.mark.parametrize(
    "error", [OSError(13, "Permission denied"), subprocess.CalledProcessError(1, ["python", "-m", "ensurepip"])]
)
def test_an_environment_that_cannot_be_made_is_no_traceback(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr("venv.EnvBuilder.create", refused)
    assert start.main([]) == 1
    assert "The environment could not be made: " in capsys.readouterr().out
    assert machine.commands == []


def test_an_interrupted_installation_is_not_taken_for_done(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(start.subprocess, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            start.main([])
    assert not start.is_ready("run")
    assert start.main([]) == 0
    assert machine.typed()[:2] == INSTALL


def test_an_environment_that_was_left_half_made_is_made_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after Python was put there and before pip was."""

    def half(*_: object) -> None:
        machine.create(start.ENVIRONMENT)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("venv.EnvBuilder.create", half)
        with pytest.raises(KeyboardInterrupt):
            start.main([])
    assert start.main([]) == 0
    assert machine.made == 2


def test_the_pins_that_it_installs_are_there_and_each_is_exact() -> None:
    """Every library that the project says it needs is pinned to one version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = {
        "run": project["dependencies"],
        "docs": [*project["dependencies"], *extras["docs"]],
        "test": [*project["dependencies"], *extras["docs"], *extras["test"]],
    }
    for kind, names in start.PINS.items():
        pinned: set[str] = set()
        lines = [line.strip() for name in names for line in (ROOT / name).read_text().splitlines()]
        pins = [line for line in lines if line and not line.startswith(("#", "-"))]
        assert all("==" in line for line in pins)
        pinned |= {line.split("==")[0].lower() for line in pins}
        assert {re.split(r"[<>=\[; ]", line)[0].lower() for line in needed[kind]} <= pinned, kind


def test_the_real_script_answers_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "start.py"), "nonsense"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("Use 'python3 start.py'")
