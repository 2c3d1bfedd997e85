"""Which cells of a table are starred, and what is shown in the others. `outcomes.disclosure.tables` is the way in.

The rule behind it: nothing that is shown may depend on how many people a starred cell holds. So a sum with a starred
part, the total of rows one of which is starred, and every figure that rests on either, are starred as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

STAR = "*"
"""What stands in place of a number that is not shown."""
FEWEST_SUMMED, FEWEST_IN_A_GROUP = 2, 4
"""Of fewer rows another is no sum (one more where counts are rounded); in smaller groups rows add up by chance."""
TOTAL_WORDS = frozenset({"all", "both", "everyone", "grand total", "overall", "total"})
"""Text that marks a row as the total of others, in capitals or not, whether or not the caller says so."""


@dataclass(frozen=True)
class DisclosurePolicy:
    """A rule for small numbers: counts from `star_from` to `star_to` are starred, others rounded to the nearest `nearest`.

    `sentence` is what a reader must be told wherever the numbers stand. `bands_as` names the rule for counts of sexes and
    age bands of all practices together, which say how events go with age.
    """

    name: str
    star_from: int
    star_to: int
    nearest: int
    sentence: str
    source: str
    grade: str
    bands_as: str = "none"

    @property
    def hides(self) -> bool:
        """Whether any count is starred at all."""
        return self.star_from <= self.star_to

    def small(self, counts: pd.Series) -> pd.Series:
        """Where a count is starred for its own sake."""
        return counts.between(self.star_from, self.star_to)

    def rounded(self, counts: pd.Series) -> pd.Series:
        """Counts as they are shown: rounded to the nearest multiple, halves upwards."""
        return (2 * counts + self.nearest) // (2 * self.nearest) * self.nearest

    def told(self, number: int) -> tuple[str, int]:
        """A number as a sentence may tell it: what to say before it, and what it is.

        >>> rule = DisclosurePolicy("hes2018", star_from=1, star_to=7, nearest=5, sentence="", source="", grade="recalled")
        >>> rule.told(3), rule.told(13)
        (('fewer than ', 8), ('about ', 15))
        """
        if not self.hides:
            return "", number
        if self.star_from <= number <= self.star_to:
            return "fewer than ", self.star_to + 1
        return "about " if self.nearest > 1 else "", int(self.rounded(pd.Series([number])).iloc[0])

    def possible(self, shown: float | str) -> tuple[int, int]:
        """The least and the most that a count can be which is shown so.

        >>> rule = DisclosurePolicy("hes2018", star_from=1, star_to=7, nearest=5, sentence="", source="", grade="recalled")
        >>> rule.possible("*"), rule.possible(10), rule.possible(40), rule.possible(0)
        ((1, 7), (8, 12), (38, 42), (0, 0))
        """
        if isinstance(shown, str):
            return self.star_from, self.star_to
        if shown == 0:
            return 0, 0
        least, most = int(shown) - self.nearest // 2, int(shown) + (self.nearest - 1) // 2
        return max(least, self.star_to + 1), most


@dataclass(frozen=True)
class Layout:
    """What the columns of a table are; `disclose` explains each."""

    counts: tuple[str, ...]
    resting_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shares: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    totals: Mapping[str, object] = field(default_factory=dict)
    by: tuple[str, ...] = ()

    @property
    def all_counts(self) -> tuple[str, ...]:
        """Every column of counts, sums of others among them."""
        return (*self.counts, *(column for column in self.sums if column not in self.counts))


def starred_cells(table: pd.DataFrame, layout: Layout, rule: DisclosurePolicy, also: pd.DataFrame) -> pd.DataFrame:
    """True where a count is starred: one column per count, one row per row of the table.

    `also` holds cells that must be starred for reasons outside the table, in the same shape.
    """
    stars = also.copy()
    for column in stars:
        stars[column] |= rule.small(table[column])
    if rule.nearest == 1:
        # Exact counts: those who are not in the numerator can be counted from the two that are shown.
        for share in layout.shares.values():
            if len(share) == 2 and set(share) <= set(stars):
                stars[share[0]] |= rule.small(table[share[1]] - table[share[0]])
    for column, parts in layout.sums.items():
        if column in stars:
            stars[column] |= stars[[part for part in parts if part in stars]].any(axis=1)
    return stars | _total_of_starred(table, layout, stars) | _sum_with_starred(table, layout, rule, stars)


def rows_like_sums(table: pd.DataFrame, layout: Layout, rule: DisclosurePolicy) -> pd.Series:
    """True in rows that no word marks as a total and that could be one, by what is shown: the sum of all others.

    >>> rule = DisclosurePolicy("lt5", star_from=1, star_to=4, nearest=1, sentence="", source="", grade="recalled")
    >>> table = pd.DataFrame({"area": ["North", "Bay", "South", "West"], "people": [20, 63, 3, 40]})
    >>> rows_like_sums(table, Layout(counts=("people",)), rule).tolist()
    [False, True, False, False]
    """
    stars = pd.DataFrame({column: rule.small(table[column]) for column in layout.all_counts}, index=table.index)
    return _sum_with_starred(table, layout, rule, stars).any(axis=1)


def _sum_with_starred(table: pd.DataFrame, layout: Layout, rule: DisclosurePolicy, stars: pd.DataFrame) -> pd.DataFrame:
    """True where a count could be the sum of all other rows, one of which is starred: whatever the row is called.

    It is judged by what is shown, not by the counts: whether a row is withheld must not tell what a starred cell holds.
    Rows are compared among all, and within the groups of each column that has some of four rows or more.
    """
    numbers = table[list(stars)].fillna(0)
    shown = numbers.apply(rule.rounded)
    small = numbers.apply(rule.small)
    ranges = np.array([[rule.possible(each) for each in row] for row in shown.to_numpy()], dtype=float)
    low, high = ranges.reshape(*shown.shape, 2).transpose(2, 0, 1)
    low, high = np.where(stars, 0, low), np.where(stars, np.inf, high)
    low, high = np.where(small, rule.star_from, low), np.where(small, rule.star_to, high)
    unmarked = ~_marks_of_totals(table, layout).any(axis=1).to_numpy(dtype=bool)
    given = stars.to_numpy(dtype=bool)
    withheld = np.zeros_like(given)
    for rows in _groups_of_rows(table, layout, unmarked):
        someone = (high[rows] > 0).any(axis=1)
        least, most = (end[rows].sum(axis=0) - end[rows] for end in (low, np.where(np.isinf(high), 1e18, high)))
        like_sum = ((low[rows] <= most) & (high[rows] >= least)).all(axis=1) & someone
        if someone.sum() > (FEWEST_SUMMED if rule.nearest == 1 else FEWEST_SUMMED + 1):
            others = given[rows].sum(axis=0) - given[rows] > 0
            withheld[rows] |= like_sum[:, None] & others
    return pd.DataFrame(withheld, stars.index, stars.columns)


def _groups_of_rows(table: pd.DataFrame, layout: Layout, unmarked: np.ndarray) -> list[np.ndarray]:
    """Places of the rows that are compared with each other: all, by the columns of `by`; and the groups of other columns."""
    by = [column for column in layout.by if column in table]
    figures = {*layout.all_counts, *layout.resting_on, *layout.shares, *by}
    keys = [by, *([*by, column] for column in table.columns if column not in figures)]
    found: list[np.ndarray] = []
    for key in keys:
        if not key:
            found.append(np.flatnonzero(unmarked))
            continue
        groups = map(np.asarray, table.groupby(key, dropna=False, sort=False).indices.values())
        found += [rows[unmarked[rows]] for rows in groups if key == by or len(rows) >= FEWEST_IN_A_GROUP]
    return [rows for rows in found if len(rows) > FEWEST_SUMMED]


def _total_of_starred(table: pd.DataFrame, layout: Layout, stars: pd.DataFrame) -> pd.DataFrame:
    """True in rows that are the total of rows of which one is starred, column by column."""
    withheld = pd.DataFrame(False, index=stars.index, columns=stars.columns)
    marks = _marks_of_totals(table, layout)
    if marks.empty:
        return withheld
    for pattern in marks.drop_duplicates().itertuples(index=False):
        if not any(pattern):
            continue
        rows = (marks == list(pattern)).all(axis=1)
        keys = [*layout.by, *(column for column, summed in zip(marks.columns, pattern, strict=True) if not summed)]
        keys = [key for key in dict.fromkeys(keys) if key in table]
        if keys:
            some = stars.groupby([table[key] for key in keys], dropna=False, sort=False).transform("any")
        else:
            some = pd.DataFrame(np.tile(stars.any().to_numpy(), (len(stars), 1)), stars.index, stars.columns)
        withheld |= some.where(rows, False)
    return withheld


def _marks_of_totals(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """True where a cell says that its row is a total over that column; only columns in which some cell does.

    Levels of the index are looked at like columns.
    """
    figures = {*layout.all_counts, *layout.resting_on, *layout.shares}
    labels = {column: table[column] for column in table.columns.difference(list(figures), sort=False)}
    for level in range(table.index.nlevels):
        labels[f"level {level} of the index"] = pd.Series(table.index.get_level_values(level).to_numpy(), table.index)
    marks = {}
    for column, cells in labels.items():
        mark = cells.map(lambda cell: isinstance(cell, str) and cell.strip().casefold() in TOTAL_WORDS)
        if column in layout.totals:
            mark |= cells == layout.totals[column]
        if mark.any():
            marks[column] = mark.to_numpy(dtype=bool)
    return pd.DataFrame(marks, index=table.index)


def shown_cells(
    table: pd.DataFrame, layout: Layout, rule: DisclosurePolicy, stars: pd.DataFrame
) -> dict[str, pd.Series]:
    """What stands in the columns that are counts or rest on them, by column; absent counts stay missing.

    Shares are worked out again from the counts that are shown; of all rows but totals where no count below is named.
    """
    counts = {str(column): rule.rounded(table[column]).where(~stars[column]) for column in stars}
    shown: dict[str, pd.Series] = {
        column: _with_stars(values, stars[column], whole=True) for column, values in counts.items()
    }
    for column, bases in layout.resting_on.items():
        if column in table:
            hidden = stars[[base for base in bases if base in stars]].any(axis=1)
            shown[column] = _with_stars(table[column], hidden, whole=False)
    parts = ~_marks_of_totals(table, layout).any(axis=1)
    for column, share in layout.shares.items():
        if column in table and set(share) <= set(stars):
            numerator, hidden = counts[share[0]], stars[list(share)].any(axis=1)
            if len(share) == 2:
                denominator = counts[share[1]]
            else:
                denominator = pd.Series(numerator[parts].sum(), index=numerator.index)
                hidden = pd.Series(bool(hidden.any()), index=hidden.index)
            shown[column] = _with_stars(numerator / denominator.where(denominator != 0), hidden, whole=False)
    return shown


def _with_stars(values: pd.Series, hidden: pd.Series, *, whole: bool) -> pd.Series:
    """Values as objects, whole numbers as such, with a star where they are hidden."""
    there = [
        STAR if star else int(value) if whole and not pd.isna(value) else value
        for value, star in zip(values.tolist(), hidden.tolist(), strict=True)
    ]
    return pd.Series(there, index=values.index, dtype=object)
