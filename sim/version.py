"""Versions: of the model, which says what results the same inputs give, and of all that calculates."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

MODEL = 4
"""Raised whenever the same inputs give other results than before."""
LIBRARIES = ("numpy", "numba", "scipy", "simpy")


def versions() -> dict[str, str]:
    """The versions of Backpath, Python and the libraries that calculate."""
    found = {"python": platform.python_version()}
    for package in ("backpath", *LIBRARIES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def versions_in_words() -> str:
    """The versions in one line, for the foot of a report."""
    return ", ".join(f"{name} {number}" for name, number in versions().items())
