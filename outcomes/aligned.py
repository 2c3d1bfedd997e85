"""Numbers by group, given as rows of one length: put side by side as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from outcomes.table_rules import BadTable

Row = Sequence[Any] | np.ndarray | pd.Series
"""One value per group: a list, an array or a column."""


def aligned(name: str, **columns: Row | None) -> pd.DataFrame:
    """The rows as columns of a table, in the order given; those that are None are left out.

    Raises `BadTable` where their lengths differ. What the numbers may be is for the caller to say.

    >>> aligned("groups", value=[1, 2], population=[10, 20], rank=None)
       value  population
    0      1          10
    1      2          20
    """
    given = {column: list(values) for column, values in columns.items() if values is not None}
    lengths = {column: len(values) for column, values in given.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{column} has {length}" for column, length in lengths.items())
        raise BadTable([f"{name}: {shown}; all need as many, in the same order"])
    return pd.DataFrame(given)
