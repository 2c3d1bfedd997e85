"""The wheel: what is installed is the six rooms and app.py, and it works from wherever it lies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = {"backpath", "ui", "calibration", "sim", "pathways", "outcomes"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def needs_setuptools() -> None:
    """Skips where wheels cannot be built without the network."""
    wanted = PROJECT["build-system"]["requires"][0].partition(">=")[2]
    try:
        there = version("setuptools")
    except PackageNotFoundError:
        pytest.skip("setuptools is not installed: no wheel can be built without fetching it")
    if int(there.split(".")[0]) < int(wanted):
        pytest.skip(f"setuptools {there} is too old to build the wheel, which needs {wanted}")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, built from a copy of the project so that nothing is left in it."""
    needs_setuptools()
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "app.py"):
        shutil.copy(ROOT / name, copy / name)
    for name in (*ROOMS, "docs", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = ["wheel", str(copy), "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *build, "--wheel-dir", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(folder / "unpacked")
    return folder / "unpacked"


def python(unpacked: Path, folder: Path, *arguments: str) -> str:
    """What Python prints, in a folder elsewhere, with the unpacked wheel and nothing else of the project."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_only_the_six_rooms_and_the_app_are_installed(unpacked: Path) -> None:
    info = f"backpath-{PROJECT['project']['version']}.dist-info"
    assert {path.name for path in unpacked.iterdir()} == {*ROOMS, "app.py", info}
    assert (unpacked / "backpath" / "py.typed").is_file()


def test_a_comparison_runs_from_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    asked = ("compare", "mri_guidance", "--years", "1", "--replications", "1", "--json")
    told = json.loads(python(unpacked, tmp_path, "-m", "ui.command_line", *asked))
    assert told["scenarios"]["mri_guidance"]["mri_scans"]["scenario"] > 0


def test_python_imports_backpath_from_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "import backpath, sim, ui; print(backpath.__file__, sim.__file__, backpath.load_scenario('mri_guidance').name)"
    )
    where = python(unpacked, tmp_path, "-c", code).split()
    assert where == [str(unpacked / "backpath" / "__init__.py"), str(unpacked / "sim" / "__init__.py"), "mri_guidance"]
