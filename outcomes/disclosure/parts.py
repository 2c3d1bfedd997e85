"""Parts of a total that others may know: which are shown, so that nobody can subtract their way to a small one.

Who knows how many people a group has, or has the same table without groups, knows its total although it is not shown here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from outcomes.disclosure.cells import DisclosurePolicy

ROUNDING = 1e-6
"""How far a number of people may be from a whole one but for the rounding of numbers."""

MANY_GROUPS = 20
"""With more groups, parts are withheld for all of them at once: a few more than is needed, in far less time."""


def withheld_beside(parts: Sequence[int], rule: DisclosurePolicy) -> list[bool]:
    """Which parts of a total are not shown: the small ones, and so many more that each small one can be any small number.

    Whoever knows the total and sees the other parts, rounded as they are, must not narrow a small one down. The smallest
    parts that are shown are withheld first; 0 is always shown.

    Of 40 people 37 were seen, and 3 wait: with 37 shown as 35, and 40 known, between 3 and 7 would wait.

    >>> hes2018 = DisclosurePolicy("hes2018", star_from=1, star_to=7, nearest=5, sentence="", source="", grade="recalled")
    >>> withheld_beside([37, 0, 3], hes2018)
    [True, False, True]
    >>> withheld_beside([20, 3, 40, 5], hes2018)
    [False, True, False, True]
    """
    counts = np.asarray(parts, dtype=int)
    total = int(counts.sum())
    small = rule.small(pd.Series(counts)).to_numpy()
    hidden = small.copy()
    shown = rule.rounded(pd.Series(counts)).to_numpy()
    while True:
        ranges = np.array(
            [
                (rule.star_from, rule.star_to) if few else (1, total) if star else rule.possible(int(each))
                for few, star, each in zip(small, hidden, shown, strict=True)
            ]
        ).reshape(-1, 2)
        least, most = (ranges[:, end].sum() - ranges[:, end] for end in (0, 1))
        left_open = (least <= total - rule.star_to) & (most >= total - rule.star_from)
        can_go = ~hidden & (counts > 0)
        if left_open[small].all() or not can_go.any():
            return [bool(each) for each in hidden]
        hidden[np.flatnonzero(can_go)[counts[can_go].argmin()]] = True


def withheld_across(parts: pd.DataFrame, rule: DisclosurePolicy) -> pd.DataFrame:
    """The same of a table whose rows and whose columns add to totals that others may know; True where a part is not shown.

    A linear programme finds what each small part could be, by all totals and all parts shown together. Where that is less
    than the rule allows, the smallest part shown in its row or column is withheld as well, until none is left.

    >>> hes2018 = DisclosurePolicy("hes2018", star_from=1, star_to=7, nearest=5, sentence="", source="", grade="recalled")
    >>> parts = pd.DataFrame({"seen": [37, 60, 50], "waiting": [3, 30, 40]})
    >>> withheld_across(parts, hes2018).to_numpy().tolist()
    [[True, True], [False, False], [False, False]]
    """
    counts, small = parts.to_numpy(dtype=int), parts.apply(rule.small).to_numpy(dtype=bool)
    found = np.array([withheld_beside(row, rule) for row in counts.tolist()], dtype=bool).reshape(counts.shape)
    if len(counts) > 1:
        for most in (False, True):
            _open_up(counts, found, small, rule, most=most)
    return pd.DataFrame(found, parts.index, parts.columns)


def _open_up(counts: np.ndarray, hidden: np.ndarray, small: np.ndarray, rule: DisclosurePolicy, *, most: bool) -> None:
    """Withholds more parts, in `hidden`, until each small one can be the least, or the most, that the rule allows."""
    wanted = small.copy()
    while wanted.any():
        reached = _reached(counts, hidden, small, wanted, rule, most=most)
        wanted &= ~reached
        if len(counts) > MANY_GROUPS:
            if wanted.any() and not _withheld_more(counts, hidden, wanted):
                return
        elif not reached.any():
            one = _first(wanted)
            if _reached(counts, hidden, small, one, rule, most=most).any():
                wanted &= ~one
            elif not _withheld_more(counts, hidden, one):
                return


def _reached(
    counts: np.ndarray, hidden: np.ndarray, small: np.ndarray, wanted: np.ndarray, rule: DisclosurePolicy, *, most: bool
) -> np.ndarray:
    """Which of the parts wanted reach their bound together, given the totals of rows and columns, and all parts as shown."""
    bounds = np.empty((*counts.shape, 2))
    shown = rule.rounded(pd.Series(counts.ravel())).to_numpy().reshape(counts.shape)
    bounds[~hidden] = np.array([rule.possible(int(each)) for each in shown[~hidden]]).reshape(-1, 2)
    bounds[hidden] = 1, counts.sum()
    bounds[small] = rule.star_from, rule.star_to
    limits: Any = bounds.reshape(-1, 2)
    rows, columns = counts.shape
    sums: Any = sparse.vstack(
        [
            sparse.kron(sparse.eye_array(rows), np.ones((1, columns))),
            sparse.kron(np.ones((1, rows)), sparse.eye_array(columns)),
        ]
    )
    done = linprog(
        np.where(wanted, -1.0 if most else 1.0, 0.0).ravel(),
        A_eq=sums,
        b_eq=np.concatenate([counts.sum(axis=1), counts.sum(axis=0)]),
        bounds=limits,
        method="highs-ds",  # ends in a corner, where as many parts as can be stand at a bound
    )
    bound = rule.star_to if most else rule.star_from
    found = np.asarray(done.x).reshape(counts.shape)
    return np.asarray(wanted & (np.abs(found - bound) < ROUNDING))


def _withheld_more(counts: np.ndarray, hidden: np.ndarray, beside: np.ndarray) -> bool:
    """Withholds, in `hidden`, for each of these parts the smallest that is shown in its row or column, or anywhere; whether
    there was one.
    """
    any_more = False
    for row, column in np.argwhere(beside):
        near = np.zeros_like(hidden)
        near[row, :] = near[:, column] = True
        for where in (near, np.ones_like(hidden)):
            can_go = where & ~hidden & (counts > 0)
            if can_go.any():
                hidden[np.unravel_index(np.where(can_go, counts, counts.max() + 1).argmin(), counts.shape)] = True
                any_more = True
                break
    return any_more


def _first(parts: np.ndarray) -> np.ndarray:
    """The first of these parts alone."""
    found = np.zeros_like(parts)
    found.ravel()[np.flatnonzero(parts)[0]] = True
    return found


def shown_steps(reached: Sequence[float], total: float, rule: DisclosurePolicy) -> list[bool]:
    """Which of several numbers that were reached one after the other are shown, of a total that is shown.

    The difference between two that are shown, and what the total is beyond the last, is 0 or no small number: of 40 people
    20 within two weeks, 22 within six and 31 within eighteen tell that two came between the second week and the sixth.

    >>> lt5 = DisclosurePolicy("lt5", star_from=1, star_to=4, nearest=1, sentence="", source="", grade="recalled")
    >>> shown_steps([20, 22, 31, 38], 40, lt5)
    [True, False, True, False]
    """
    last, found = 0.0, []
    for each in reached:
        show = not (_few(each - last, rule) or _few(total - each, rule))
        found.append(show)
        last = each if show else last
    return found


def _few(number: float, rule: DisclosurePolicy) -> bool:
    """Whether a number of people, which a curve may give as a fraction, is small but not 0."""
    return ROUNDING < number < rule.star_to + 1 - ROUNDING
