"""What the sums of a table's rows and columns, as they are shown, tell of the cells inside, which are not.

Whoever knows that the rows and the columns add to the same can narrow down what a cell holds. Here it is found out by how
much, from what is shown alone: the answer tells nothing that the reader of the table could not find out as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Range = tuple[int, int]
"""The least and the most that a count can be."""


def every_value_stays_possible(rows: Sequence[Range], columns: Sequence[Range], *, small: Range) -> bool:
    """Whether the margins of a table leave all its hidden counts what the rule lets them be.

    `rows` and `columns`: what each sum can be by what is shown of it. `small`: the counts that are hidden. True where

    - each sum of a row can still be all that its own range allows, and so can each small sum of a column;
    - each cell inside that can be a small number can be any of them.

    Two rows of 8 to 12 and two columns of 8 to 12 leave all open. With rows of exactly 10 events, a column of exactly 19
    leaves each of its cells 9 at least; the column of 1 is 0 or 1 in both, never 2:

    >>> every_value_stays_possible([(8, 12), (8, 12)], [(8, 12), (8, 12)], small=(1, 7))
    True
    >>> every_value_stays_possible([(10, 10), (10, 10)], [(19, 19), (1, 1)], small=(1, 4))
    False
    """
    row, column = np.array(rows, dtype=int).reshape(-1, 2), np.array(columns, dtype=int).reshape(-1, 2)
    if not (_left_open(row, column).all() and _left_open(column, row)[column[:, 0] <= small[1]].all()):
        return False
    others_of_column = row[:, 1].sum() - row[:, 1]
    others_of_row = column[:, 1].sum() - column[:, 1]
    least = np.maximum(
        np.maximum(0, row[:, :1] - others_of_row[None, :]), column[:, 0][None, :] - others_of_column[:, None]
    )
    most = np.minimum(row[:, 1:], column[:, 1][None, :])
    all_of_them = (least <= small[0]) & (most >= small[1])
    none_of_them = (least > small[1]) | (most < small[0])
    return bool((all_of_them | none_of_them).all())


def _left_open(sums: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Whether each sum can be all of its range, given that all of them add to as much as those `across`."""
    least, most = sums[:, 0], sums[:, 1]
    implied_least = across[:, 0].sum() - (most.sum() - most)
    implied_most = across[:, 1].sum() - (least.sum() - least)
    return np.asarray((implied_least <= least) & (implied_most >= most))
