"""Chance: keyed draws. Every draw is a pure function of its key; there are no streams and no hidden state.

A patient's `key` comes from the seed, the replication, the practice and the person; a `label` from the name of
what is decided; `visit` counts how often this patient has met it. One 64-bit number comes out.

Each pair (patient, label) is a place on the SplitMix64 cycle, and visits are the steps from there: the sum
`key + label + visit * GOLDEN` enters the finaliser of SplitMix64 (variant 13 of Stafford). Integers only, so
that every engine, thread and machine draws the same.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from sim.arrays.jit import scalar

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_TO_SHARE = 2.0**-53


def label(name: str) -> np.uint64:
    """The number that stands for a name.

    >>> int(label("gp_plan"))
    9148140805653758886
    """
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


@scalar
def mix(z: Any) -> Any:
    """Scrambles 64 bits: every bit in moves about half of the bits out."""
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@scalar
def bits(key: Any, label: Any, visit: Any) -> Any:
    """The 64 random bits of this patient (`key`), at this decision (`label`), for the `visit`-th time from 0."""
    return mix(key + label + np.uint64(visit) * GOLDEN)


@scalar
def share(random_bits: Any) -> Any:
    """Random bits as a number from 0 (included) to 1 (excluded)."""
    return np.float64(random_bits >> _11) * _TO_SHARE


def run_key(seed: int, replication: int) -> np.uint64:
    """The key of one replication, from which all others descend. Seeds and replications are whole and not negative."""
    with np.errstate(over="ignore"):
        seeded = mix(np.uint64(seed) + GOLDEN)
        return np.uint64(mix(np.uint64(seeded) + np.uint64(replication + 1) * GOLDEN))


def child_key(key: np.uint64, name: str) -> np.uint64:
    """The key of something named within something keyed: a practice within a run."""
    with np.errstate(over="ignore"):
        return np.uint64(mix(np.uint64(key) + label(name)))
