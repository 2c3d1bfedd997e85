"""The notebooks of the documentation run, and what is stored in them is what comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="notebooks are run with nbclient, which is not installed")
pytest.importorskip("ipykernel", reason="notebooks are run by ipykernel, which is not installed")

from tests.helpers.notebooks import NOTEBOOKS, printed, read, run


def test_there_are_two_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["planner.ipynb", "researcher.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_gives_what_is_stored_in_it(path: Path) -> None:
    """`python -m tests.helpers.notebooks` stores it anew."""
    stored = printed(read(path))
    assert any(outputs for _, outputs in stored)
    assert printed(run(path)) == stored
