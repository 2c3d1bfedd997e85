"""The groups that people are compared by: one rule for every table, blanks included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

NOT_KNOWN = "not known"
"""The group of people of whom it is not said which they belong to."""


def groups_of(patients: pd.Series, people: pd.DataFrame, by: str) -> pd.Series:
    """The group of each patient: the column `by` of `people`, which has one row per `patient`.

    An ordered categorical: numbers in rising order and whole where they all are, then words, then `NOT_KNOWN` for those
    whose group is blank and who are not among the people.

    >>> people = pd.DataFrame({"patient": [1, 2, 3], "decile": [10, 1, None]})
    >>> groups_of(pd.Series([1, 2, 3, 4]), people, "decile").tolist()
    [10, 1, 'not known', 'not known']
    """
    found = patients.map(people.set_index("patient")[by].astype(object))
    missing = found.isna().to_numpy()
    values = [_plain(value) for value in found.to_numpy(dtype=object)[~missing]]
    groups = np.full(len(found), NOT_KNOWN, dtype=object)
    groups[~missing] = values
    known = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    labels = pd.Index([*known, *([NOT_KNOWN] if missing.any() and NOT_KNOWN not in known else [])], dtype=object)
    return pd.Series(pd.Categorical(groups, categories=labels, ordered=True), index=patients.index, name=by)


def _plain(value: Any) -> Any:
    """A number as a number, whole where it is; anything else as text."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        return str(value)
    return int(value) if float(value).is_integer() else float(value)
