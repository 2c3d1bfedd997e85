"""Quality-adjusted life years from time lived in states of health."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def qalys_of_time(time_in_state: pd.DataFrame, utility: Mapping[str, float]) -> pd.DataFrame:
    """QALYs by row: years lived in a state times its utility.

    `time_in_state` has columns `state` and `person_years`, and whatever else. Returns it with a column `qalys`.
    A state without a utility raises ValueError, as does a utility outside -0.594 to 1.

    >>> time = pd.DataFrame({"state": ["well", "mild"], "person_years": [10.0, 2.0]})
    >>> qalys_of_time(time, {"well": 0.9, "mild": 0.8})["qalys"].tolist()
    [9.0, 1.6]
    """
    for state, value in utility.items():
        if not -0.594 <= value <= 1:
            raise ValueError(f"utility: '{state}' has {value}; utilities run from -0.594 to 1")
    missing = sorted(set(time_in_state["state"]) - set(utility))
    if missing:
        raise ValueError(f"utility: no value for the state {', '.join(missing)}")
    worth = time_in_state["state"].map(dict(utility)).astype(float)
    return time_in_state.assign(qalys=worth * time_in_state["person_years"])
