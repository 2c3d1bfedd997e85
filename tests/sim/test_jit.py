"""Compiled code is compiled anew when anything changes that went into it."""

from pathlib import Path

import pytest

from outcomes.economics import qalys
from sim.arrays.jit import ROOM, cache_folder, code_digest


def test_a_file_of_an_inner_room_changes_the_name_of_the_cache(tmp_path: Path) -> None:
    inner = tmp_path / "arrays" / "keyed_draws.py"
    inner.parent.mkdir()
    inner.write_text("GOLDEN = 1\n")
    before = code_digest(tmp_path)
    inner.write_text("GOLDEN = 2\n")
    assert code_digest(tmp_path) != before


def test_a_constant_of_a_room_below_changes_the_name_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest()
    monkeypatch.setattr(qalys, "LOWEST", qalys.LOWEST - 1)
    assert code_digest() != before


def test_names_on_several_lines_are_constants_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "health_utilities.py").write_text(
        "from outcomes.economics.qalys import (\n    LOWEST,\n    qalys,\n)\n"
    )
    before = code_digest(tmp_path)
    monkeypatch.setattr(qalys, "LOWEST", qalys.LOWEST - 1)
    assert code_digest(tmp_path) != before


def test_the_same_code_finds_its_cache_again() -> None:
    assert code_digest(ROOM) == code_digest()
    assert cache_folder().is_dir()
