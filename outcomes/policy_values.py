"""Values of policy: discount rates, what a QALY may cost, aversion to inequality. Their numbers stand in library/policy.toml."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

LIBRARY = Path(__file__).parent / "library"


@functools.cache
def library_table(name: str) -> Mapping[str, Mapping[str, Any]]:
    """A file of the library, `<name>.toml`: each of its values with what is told of it, by name.

    >>> library_table("policy")["threshold"]["unit"]
    'GBP per QALY'
    """
    return MappingProxyType(tomllib.loads((LIBRARY / f"{name}.toml").read_text(encoding="utf-8")))


def policy() -> Mapping[str, Mapping[str, Any]]:
    """Every value with its unit, range, source and grade, by name."""
    return library_table("policy")


def policy_value(name: str) -> float:
    """One value. Raises KeyError for a name that is not in the file.

    >>> policy_value("discount_rate"), policy_value("threshold")
    (0.035, 20000.0)
    """
    return float(policy()[name]["value"])
