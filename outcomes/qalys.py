"""Quality-adjusted life years from time lived in states of health."""

from __future__ import annotations

import pandas as pd

LOWEST, HIGHEST = -0.594, 1.0
"""The range of utilities (EQ-5D-3L, UK value set)."""


def qalys_of_time(time_in_state: pd.DataFrame) -> pd.DataFrame:
    """QALYs by row: years lived, times the utility of a year.

    `time_in_state` has columns `person_years` and `utility`, and whatever else. Returns it with a column `qalys`.
    A utility that is missing or outside -0.594 to 1 raises ValueError, naming the first such rows.

    >>> time = pd.DataFrame({"state": ["well", "mild"], "utility": [0.9, 0.8], "person_years": [10.0, 2.0]})
    >>> qalys_of_time(time)["qalys"].tolist()
    [9.0, 1.6]
    """
    bad = time_in_state[~time_in_state["utility"].between(LOWEST, HIGHEST)]
    if len(bad):
        rows = ", ".join(f"row {row}: {value}" for row, value in bad["utility"].head(5).items())
        raise ValueError(f"utility: {rows}; utilities run from {LOWEST} to {HIGHEST:g}")
    return time_in_state.assign(qalys=time_in_state["utility"] * time_in_state["person_years"])
