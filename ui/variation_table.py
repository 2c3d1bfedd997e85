"""The table of practices as it may be shown: small numbers hidden, with every figure that gives them away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from outcomes.funnel import NOT_SHOWN
from outcomes.practice_variation import PracticeVariation

Protect = Callable[[pd.DataFrame, Sequence[str]], pd.DataFrame]
"""Hides small numbers in the columns of counts that are named, such as `outcomes.disclose` under a policy."""

COUNTS = ["observed"]
"""Columns of the table that count people who were treated; list sizes are published."""
RESTING = ["ratio", "ratio_lower", "ratio_upper", "rate", "rate_lower", "rate_upper"]
"""Columns of the table that give a count away, or rest on it."""


def variation_table(result: PracticeVariation, *, protect: Protect | None = None) -> pd.DataFrame:
    """The table of practices as it may be shown: with `protect`, small numbers are hidden in it.

    Where a count is hidden, so are its ratio, its rate and its place in the funnel: ratio times expected is the count.
    """
    table = result.table
    if protect is None:
        return table
    shown = protect(table, COUNTS)
    hidden = pd.to_numeric(shown["observed"], errors="coerce").isna()
    resting = {name: shown[name].mask(hidden) for name in RESTING}
    return shown.assign(
        **resting,
        band=shown["band"].mask(hidden, NOT_SHOWN),
        flagged_by=shown["flagged_by"].mask(hidden, ""),
    )
