"""What a command says where it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.official import Files
from tests.helpers.typed import Seen, backpath


def refused(seen: Seen, *sentences: str) -> None:
    """Exit code 2, the sentences on standard error, nothing on standard output, and never a traceback."""
    assert seen.code == 2, seen.all
    assert seen.out == ""
    for sentence in sentences:
        assert sentence in seen.err
    assert "Traceback" not in seen.err
    assert "This should not have happened" not in seen.err


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Good official files."""
    return Files(tmp_path)


def new_region(files: Files, *selection: str) -> Seen:
    """Types `backpath region new`."""
    named = ("--registered", files.registered, "--map", files.map, "--deprivation", files.deprivation)
    return backpath("region", "new", "ours", *named, *(selection or ("--england",)), "--out", files.folder / "out")
