"""Small numbers of people: what may be shown of counts, and of figures that rest on few people.

Every export of real data goes through here: tables and CSV through `disclose`, JSON and charts through
`disclose_tree`. This protects people. Whether a rate on few events is worth showing is another question, of statistics.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from outcomes.disclosure.cells import DisclosurePolicy, Layout, rows_like_sums, shown_cells, starred_cells
from outcomes.policy_values import library_table
from outcomes.table_rules import Rules, filled

Names = str | Sequence[str]


@functools.cache
def disclosure_policy(policy: str = "hes2018") -> DisclosurePolicy:
    """A rule for small numbers by its name: `hes2018`, `lt5`, or `none` for simulated people only.

    The rules stand in library/disclosure.toml with their sources. Raises ValueError for another name.

    >>> disclosure_policy("hes2018").star_to, disclosure_policy("lt5").star_to, disclosure_policy("none").hides
    (7, 4, False)
    """
    known = library_table("disclosure")
    if policy not in known:
        raise ValueError(f"there is no disclosure policy '{policy}'. There are: {', '.join(known)}")
    return DisclosurePolicy(name=policy, **known[policy])


def disclose_counts(
    counts: Sequence[float] | np.ndarray | pd.Series,
    *,
    policy: str = "hes2018",
    national: bool = False,
    fill_missing: float | None = None,
) -> list[int | str]:
    """Counts of people as they may be shown, in the same order: whole numbers, and "*" for small ones.

    National counts are shown as they are. Raises `BadTable` for counts that are missing, negative or not whole.
    Counts beside a total of theirs belong in `disclose`, which keeps the total from giving them away.

    >>> disclose_counts([0, 4, 7, 8, 12, 13, 103])
    [0, '*', '*', 10, 10, 15, 105]
    >>> disclose_counts([0, 4, 7], policy="lt5"), disclose_counts([4, 7], national=True)
    ([0, '*', 7], [4, 7])
    """
    table = pd.DataFrame({"count": list(counts)})
    shown = disclose(table, counts=["count"], policy=policy, national=national, fill_missing=fill_missing)
    return [cell if isinstance(cell, str) else int(cell) for cell in shown["count"]]


def disclose(
    table: pd.DataFrame,
    counts: Names,
    resting_on: Mapping[str, Names] | None = None,
    *,
    shares: Mapping[str, Names] | None = None,
    sums: Mapping[str, Names] | None = None,
    totals: Mapping[str, object] | None = None,
    by: Names = (),
    policy: str = "hes2018",
    national: bool = False,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """The table as it may leave the house, with "*" for small counts and for all that could give them away.

    - `counts`: the columns that count people.
    - `resting_on`: figures such as means, each with the count or counts it rests on. A figure is starred with its
      count, and otherwise shown as it is.
    - `shares`: shares to be worked out again from the counts shown: {"share_seen": ("seen", "people")}, or
      {"share_of_all": "people"} for shares of the whole column, which are starred where any part of it is.
    - `sums`: counts that are the sum of other columns of counts in their row: {"attended": ["seen", "missed"]}.
    - `totals`: how total rows are marked, {"decile": "England"}; "all", "total", "overall" are known without it.
    - `by`: the other columns that tell rows apart. A total covers the rows that agree with it in them; without
      them it covers every row, which stars more than is needed, never less.

    A row that could be the sum of all others, or of all others of its group, counts as their total whatever it is called,
    and the sentence says so. Total rows and sums one of whose parts is starred are starred too ("withheld"), so nothing
    that is shown depends on how many people a starred cell holds. National figures are shown as they are. Other columns
    are not looked at: name every figure about people. Tables that cut the same people in different ways are safe only if
    they are disclosed as one, above all under `lt5`, whose counts are exact. The sentence that readers must be told is in
    `attrs["disclosure"]` of the result.
    Raises `BadTable` for columns that are absent and counts that are missing, negative or not whole.

    >>> waits = pd.DataFrame({"decile": ["1", "2", "3", "all"], "people": [8, 8, 1, 17], "mean_wait": [20.0, 30.0, 4.0, 23.8]})
    >>> disclose(waits, counts=["people"], resting_on={"mean_wait": "people"})
      decile people mean_wait
    0      1     10      20.0
    1      2     10      30.0
    2      3      *         *
    3    all      *         *
    """
    rule, layout = (
        disclosure_policy(policy),
        layout_of(counts, resting_on=resting_on, shares=shares, sums=sums, totals=totals, by=by),
    )
    for column in layout.all_counts:
        table = filled(table, column, fill_missing)
    rules = Rules("table", table)
    rules.has(*layout.all_counts, *layout.resting_on, *layout.shares, *layout.totals, *layout.by)
    rules.numbers(*layout.all_counts, low=0, whole=rule.hides)
    rules.problems += unknown_bases(layout)
    rules.hold()
    result = table.copy()
    result.attrs["disclosure"] = disclosure_sentence(policy, national=national)
    if national or not rule.hides:
        return result
    columns = list(layout.all_counts)
    numbers = table.assign(**{column: pd.to_numeric(table[column]) for column in columns})
    none = pd.DataFrame(False, index=table.index, columns=columns)
    result = result.assign(**shown_cells(numbers, layout, rule, starred_cells(numbers, layout, rule, none)))
    if many := int(rows_like_sums(numbers, layout, rule).sum()):
        rows = (
            "1 row that could be the sum of others is" if many == 1 else f"{many} rows that could be sums of others are"
        )
        result.attrs["disclosure"] += f" {rows} withheld as a total."
    return result


def disclosure_sentence(policy: str = "hes2018", *, national: bool = False) -> str:
    """What readers must be told beside the numbers; for `none` it is a watermark.

    >>> disclosure_sentence("none").split(":")[0]
    'SYNTHETIC DATA'
    >>> disclosure_sentence("hes2018", national=True)
    'National counts are shown as they are.'
    """
    rule = disclosure_policy(policy)
    return "National counts are shown as they are." if national and rule.hides else rule.sentence


def layout_of(
    counts: Names,
    *,
    resting_on: Mapping[str, Names] | None = None,
    shares: Mapping[str, Names] | None = None,
    sums: Mapping[str, Names] | None = None,
    totals: Mapping[str, object] | None = None,
    by: Names = (),
) -> Layout:
    """What the columns are, from the arguments of `disclose`: one name is a list of one.

    >>> layout_of("people", resting_on={"mean_wait": "people"}).resting_on
    {'mean_wait': ('people',)}
    """
    return Layout(
        counts=_names(counts),
        resting_on={column: _names(bases) for column, bases in (resting_on or {}).items()},
        shares={column: _names(bases) for column, bases in (shares or {}).items()},
        sums={column: _names(parts) for column, parts in (sums or {}).items()},
        totals=dict(totals or {}),
        by=_names(by),
    )


def unknown_bases(layout: Layout) -> list[str]:
    """A sentence for each figure that rests on something which is not a count, and each share of more than two.

    >>> unknown_bases(layout_of(["people"], resting_on={"mean_wait": "n"}))
    ["'mean_wait' rests on 'n', which is not among the counts (people). Add it to `counts`"]
    """
    among = ", ".join(layout.all_counts)
    problems = [
        f"'{column}' rests on '{base}', which is not among the counts ({among}). Add it to `counts`"
        for figures in (layout.resting_on, layout.shares, layout.sums)
        for column, bases in figures.items()
        for base in bases
        if base not in layout.all_counts
    ]
    return problems + [
        f"'{column}' is a share of {len(bases)} counts. Name the count above the line, then the one below it"
        for column, bases in layout.shares.items()
        if not 1 <= len(bases) <= 2
    ]


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
