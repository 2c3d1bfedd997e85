"""Every example in a docstring gives what it shows."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

ROOMS = ("pathways", "outcomes", "sim", "calibration", "ui", "backpath")


def modules() -> Iterator[str]:
    """Every module of the six rooms."""
    for room in ROOMS:
        yield room
        for found in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            yield found.name


def examples(name: str) -> int:
    """How many examples a module has."""
    return sum(len(each.examples) for each in doctest.DocTestFinder().find(importlib.import_module(name)))


@pytest.mark.parametrize("name", list(modules()))
def test_examples_give_what_they_show(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
    assert found.attempted == examples(name)


def test_there_are_examples_to_run() -> None:
    """So that the test above cannot pass because nothing was found."""
    assert examples("ui.words") >= 5
    assert sum(examples(name) for name in modules()) >= 40
