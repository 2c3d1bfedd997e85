"""Numbers as callers give them: one, a list, an array or a column; and the checks of single numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from outcomes.table_rules import SHOWN, BadTable, as_numbers, hidden_hint, written

Numbers = float | Sequence[float] | np.ndarray | pd.Series
"""One number or a row of them."""


def plain(values: Any) -> Any:
    """A plain float for one number, an array for several.

    >>> plain(np.float64(2.0)), plain([1, 2]).tolist()
    (2.0, [1.0, 2.0])
    """
    found = np.asarray(values, dtype=float)
    return float(found) if found.ndim == 0 else found


def checked(
    name: str,
    values: Numbers,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    below: float | None = None,
    hint: str = "",
) -> np.ndarray:
    """The numbers as an array; raises `BadTable` where one is missing or out of range, and says which.

    >>> checked("uptake", [0.5, 30], low=0, high=1)
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: uptake: place 1: 30; a number from 0 to 1 is needed
    """
    given, found = as_given(values)
    bad = ~np.isfinite(found) | (found < low) | (found > high)
    if below is not None:
        bad |= found >= below
    if bad.any():
        wrong, where = given[bad], np.flatnonzero(bad)
        shown = [f"{each:g}" if isinstance(each, float) else written(each) for each in wrong[:SHOWN]]
        if found.ndim:
            shown = [f"place {place}: {each}" for place, each in zip(where, shown, strict=False)]
        more = f" and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
        bounds = f" from {low:g}" * bool(low > -np.inf) + f" to {high:g}" * bool(high < np.inf)
        bounds += "" if below is None else f" below {below:g}"
        raise BadTable([f"{name}: {'; '.join(shown)}{more}; a number{bounds} is needed{hint or hidden_hint(wrong)}"])
    return found


def together(**values: np.ndarray) -> None:
    """Raises `BadTable` where rows of numbers that belong together have different lengths; single numbers go with any.

    >>> together(qalys=np.array([1.0, 2.0]), cost=np.array([5.0, 6.0, 7.0]))
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: qalys has 2, cost has 3; all need as many, in the same order
    """
    rows = {name: len(each) for name, each in values.items() if each.ndim}
    if len(set(rows.values())) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in rows.items())
        raise BadTable([f"{shown}; all need as many, in the same order"])


def as_given(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """What was given, as it was written, and as numbers: NaN where nothing stands, or what is no number.

    >>> given, found = as_given([3, "*"])
    >>> given.tolist(), found.tolist()
    ([3, '*'], [3.0, nan])
    """
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        given = np.asarray(values, dtype=object)
        return given, as_numbers(given.ravel()).reshape(given.shape)
    return given, given.astype(float)


def checked_rate(annual_rate: float) -> float:
    """A yearly rate of discount as a share: 3.5% is 0.035.

    >>> checked_rate(3.5)
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: discount rate: 3.5; a number from 0 below 1 is needed (3.5% is written 0.035)
    """
    return float(checked("discount rate", annual_rate, low=0, below=1, hint=" (3.5% is written 0.035)"))


def checked_thresholds(thresholds: Numbers) -> list[float]:
    """What a QALY may cost, in pounds: one value or several.

    >>> checked_thresholds(20_000)
    [20000.0]
    """
    found: list[float] = np.atleast_1d(checked("thresholds", thresholds, low=0)).tolist()
    return found
