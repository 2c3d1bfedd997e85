"""Expected results from independent peers, beside the project: read where they are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "vectors"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the vectors of independent peers are not beside the project"
)


def vector(name: str) -> dict[str, Any]:
    """A whole file; empty where the vectors are absent."""
    path = VECTORS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"cases": []}
    return found


def cases(name: str) -> list[Any]:
    """The cases of a file, each a parameter of a test that is named by its id."""
    found = vector(name)["cases"]
    if not found:
        return [pytest.param({}, id="absent", marks=pytest.mark.skip(reason="the vectors are not beside the project"))]
    return [pytest.param(case, id=case["id"]) for case in found]
