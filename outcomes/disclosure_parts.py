"""Parts of a total that others may know: which are shown, so that nobody can subtract their way to a small one.

Who knows how many people a group has, or has the same table without groups, knows its total although it is not shown here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from outcomes.disclosure_cells import DisclosurePolicy

ROUNDING = 1e-6
"""How far a number of people may be from a whole one but for the rounding of numbers."""


def withheld_beside(parts: Sequence[int], starred: Sequence[bool], rule: DisclosurePolicy) -> list[bool]:
    """Which parts of a total are not shown: those `starred`, and so many more that each small one can be any small number.

    Whoever knows the total and sees the other parts, rounded as they are, must not narrow a small one down. The smallest
    parts that are shown are withheld first; 0 is always shown.

    Of 40 people 37 were seen, and 3 wait: with 37 shown as 35, and 40 known, between 3 and 7 would wait.

    >>> hes2018 = DisclosurePolicy("hes2018", star_from=1, star_to=7, nearest=5, sentence="", source="", grade="recalled")
    >>> withheld_beside([37, 0, 3], [False, False, True], hes2018)
    [True, False, True]
    >>> withheld_beside([20, 3, 40, 5], [False, True, False, True], hes2018)
    [False, True, False, True]
    """
    counts, hidden = np.asarray(parts, dtype=int), np.array(starred, dtype=bool)
    total = int(counts.sum())
    small = rule.small(pd.Series(counts)).to_numpy() & hidden
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


def withheld_across(parts: pd.DataFrame, starred: pd.DataFrame, rule: DisclosurePolicy) -> pd.DataFrame:
    """The same of a table whose rows and whose columns add to totals that others may know; True where a part is not shown.

    A linear programme finds what each small part could be, by all totals and all parts shown together. Where that is less
    than the rule allows, the smallest part shown in its row or column is withheld as well, until none is left.

    >>> hes2018 = DisclosurePolicy("hes2018", star_from=1, star_to=7, nearest=5, sentence="", source="", grade="recalled")
    >>> parts = pd.DataFrame({"seen": [37, 60, 50], "waiting": [3, 30, 40]})
    >>> withheld_across(parts, parts < 8, hes2018).to_numpy().tolist()
    [[True, True], [False, False], [False, False]]
    """
    counts, found = parts.to_numpy(dtype=int), starred.to_numpy(dtype=bool).copy()
    small = found & np.array([rule.small(parts[column]).to_numpy() for column in parts]).T.reshape(counts.shape)
    for row in range(len(counts)):
        found[row] = withheld_beside(counts[row].tolist(), found[row].tolist(), rule)
    for cell in np.argwhere(small) if len(counts) > 1 else ():
        while not _left_open(counts, found, small, tuple(cell), rule):
            beside = np.zeros_like(found)
            beside[cell[0], :] = beside[:, cell[1]] = True
            for where in (beside, np.ones_like(found)):
                can_go = where & ~found & (counts > 0)
                if can_go.any():
                    break
            else:
                break
            found[np.unravel_index(np.where(can_go, counts, counts.max() + 1).argmin(), counts.shape)] = True
    return pd.DataFrame(found, parts.index, parts.columns)


def _left_open(
    counts: np.ndarray, hidden: np.ndarray, small: np.ndarray, cell: tuple[int, ...], rule: DisclosurePolicy
) -> bool:
    """Whether a small part can be any small number, given the totals of rows and columns, and all parts as shown."""
    shape = counts.shape
    shown = np.array([rule.rounded(pd.Series(row)).to_numpy() for row in counts])
    bounds = [
        (rule.star_from, rule.star_to) if few else (1, int(counts.sum())) if star else rule.possible(int(each))
        for few, star, each in zip(small.ravel(), hidden.ravel(), shown.ravel(), strict=True)
    ]
    of_rows = np.kron(np.eye(shape[0]), np.ones(shape[1]))
    of_columns = np.kron(np.ones(shape[0]), np.eye(shape[1]))
    totals = np.concatenate([counts.sum(axis=1), counts.sum(axis=0)])
    objective = np.zeros(shape)
    objective[cell] = 1
    for sign, bound in ((1, rule.star_from), (-1, rule.star_to)):
        done = linprog(
            sign * objective.ravel(), A_eq=np.vstack([of_rows, of_columns]), b_eq=totals, bounds=bounds, method="highs"
        )
        if done.fun is None or round(sign * done.fun) != bound:
            return False
    return True


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
