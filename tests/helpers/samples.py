"""Samples of costs and health whose answers are published."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.helpers.vectors import VECTORS

NAMES = ["usual", "cft", "inject"]
VALUE = st.integers(-50, 50).map(float)
SAMPLES = st.integers(1, 8).flatmap(
    lambda draws: st.integers(1, 4).flatmap(
        lambda arms: st.lists(st.tuples(VALUE, VALUE), min_size=draws * arms, max_size=draws * arms).map(
            lambda points: table_of(np.array(points).reshape(draws, arms, 2))
        )
    )
)


def table_of(values: np.ndarray, names: list[str] | None = None) -> pd.DataFrame:
    """A table of draws from costs and QALYs of shape (draws, strategies, 2)."""
    draws, arms, _ = values.shape
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(draws), arms),
            "strategy": (names or [f"s{k}" for k in range(arms)]) * draws,
            "cost": values[:, :, 0].ravel(),
            "qaly": values[:, :, 1].ravel(),
        }
    )


def published_draws() -> pd.DataFrame:
    """The synthetic sample of 1,000 draws that lies beside the vectors."""
    wide = pd.read_csv(VECTORS / "psa_sample.csv")
    values = np.stack([wide[[f"cost_{name}", f"qaly_{name}"]].to_numpy() for name in NAMES], axis=1)
    return table_of(values, NAMES)
