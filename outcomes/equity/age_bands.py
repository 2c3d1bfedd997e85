"""Age bands as people write them: "18-27", "5 to 9", "0", "under 1", and open ones such as "85+" and "90 and over"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from outcomes.table_rules import Rules, written

AGE = r"(?:ages?|aged)?\s*(\d+)"
CLOSED = re.compile(rf"{AGE}\s*(?:[-–—]|to)\s*(\d+)\s*(?:years?)?", re.IGNORECASE)
SINGLE = re.compile(rf"{AGE}(?:\.0+)?\s*(?:years?)?", re.IGNORECASE)
UNDER = re.compile(r"(?:under|below|<|less than)\s*(\d+)\s*(?:years?)?", re.IGNORECASE)
OPEN = re.compile(
    rf"{AGE}\s*(?:years?)?\s*(?:\+|plus|(?:and|or|&)\s+(?:over|above|older|more))\s*(?:years?)?", re.IGNORECASE
)
HOW = "a band is written 18-27: the first and the last age in it; the last can be open, as 85+ or 85 and over"


def band_edges(bands: Sequence[object]) -> tuple[np.ndarray, np.ndarray]:
    """Where bands begin and end: "18-27" at the 18th birthday and at the 28th; an open band at infinity.

    Raises `BadTable` for bands that are written otherwise, leave gaps or are out of order, and for an open band that is
    not the last.

    >>> low, high = band_edges(["under 18", "18-27", "28 and over"])
    >>> low.tolist(), high.tolist()
    ([0.0, 18.0, 28.0], [18.0, 28.0, inf])
    """
    found = [_edges(each) for each in bands]
    low, high = (np.array([each[side] if each else np.nan for each in found], dtype=float) for side in (0, 1))
    rules = Rules("bands", pd.DataFrame({"band": list(bands)}, dtype=object))
    rules.rows(~(high > low), "band", HOW)
    if not rules.problems:
        open_inside = np.isinf(high) & (np.arange(len(high)) < len(high) - 1)
        rules.rows(open_inside, "band", "only the last band can be open; give the ages of this one")
        rules.rows(
            np.append(False, low[1:] != high[:-1])[: len(low)], "band", "each band must begin where the one before ends"
        )
    rules.hold()
    return low, high


def first_ages(rules: Rules, column: str) -> pd.Series:
    """The first age of each row's band, from numbers or from text; what cannot be read is told to `rules`.

    Where bands are text, the last must be open and none may end before the next begins.

    >>> table = pd.DataFrame({"start_age": ["0", "1-4", "5-84", "85+"]})
    >>> first_ages(Rules("bands", table), "start_age").tolist()
    [0.0, 1.0, 5.0, 85.0]
    """
    values = rules.table[column]
    if not any(isinstance(each, str) for each in values):
        rules.numbers(column, low=0)
        return values
    found = [_edges(each) for each in values]
    unread = np.array([each is None for each in found])
    rules.rows(unread, column, HOW)
    if unread.any():
        return pd.Series(np.nan, index=values.index)
    low, high = (np.array([each[side] for each in found if each], dtype=float) for side in (0, 1))
    told = np.array([isinstance(each, str) and not SINGLE.fullmatch(each.strip()) for each in values])
    inside = np.arange(len(low)) < len(low) - 1
    rules.rows(told & inside & np.isinf(high), column, "only the last band can be open; give the ages of this one")
    gap = told & inside & np.isfinite(high) & (high != np.append(low[1:], np.nan))
    rules.rows(gap, column, "each band must end where the next begins")
    rules.rows(
        told & ~inside & np.isfinite(high), column, "the last band of a life table has no end: write it like 90+"
    )
    return pd.Series(low, index=values.index)


def _edges(band: object) -> tuple[float, float] | None:
    """The ages from which and until which; None where it is no band."""
    text = band.strip() if isinstance(band, str) else written(band)
    if found := CLOSED.fullmatch(text):
        return float(found[1]), float(found[2]) + 1
    if found := OPEN.fullmatch(text):
        return float(found[1]), float("inf")
    if found := UNDER.fullmatch(text):
        return 0.0, float(found[1])
    if found := SINGLE.fullmatch(text):
        return float(found[1]), float(found[1]) + 1
    return None
