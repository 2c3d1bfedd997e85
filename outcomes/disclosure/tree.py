"""Small numbers in what is not a table: results as JSON, and the data within charts.

A list of records is a table, so is a record of records or of lists, and a record by itself is a table of one row. A
count that stands above others in the tree is taken for their total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from outcomes.disclosure.cells import TOTAL_WORDS, DisclosurePolicy, Layout, shown_cells, starred_cells
from outcomes.disclosure.tables import Names, disclosure_policy, disclosure_sentence, layout_of, unknown_bases
from outcomes.table_rules import BadTable, Rules

NAME = "name of the record"
"""The column that holds the names of records which stand in a record, such as deciles."""


def disclose_tree(
    tree: Any,
    counts: Names,
    resting_on: Mapping[str, Names] | None = None,
    *,
    shares: Mapping[str, Names] | None = None,
    sums: Mapping[str, Names] | None = None,
    totals: Mapping[str, object] | None = None,
    policy: str = "hes2018",
    national: bool = False,
) -> Any:
    """Nested data (dicts, lists, numbers, text) as they may leave the house; the tree given stays as it was.

    The arguments are those of `disclose`, with names of entries for names of columns, wherever in the tree they stand.
    A count is starred also where any count of its name, or a part named in `sums`, is starred below it, and in an
    entry named "total" or "all" where one is starred beside it. The sentence for readers is added to a dict as
    "disclosure", and within "usermeta" where the dict is the specification of a chart ("$schema").
    Raises `BadTable` for counts that are missing, negative or not whole, naming the place in the tree.

    >>> result = {"people": 17, "by_decile": [{"decile": 1, "people": 16}, {"decile": 2, "people": 1}]}
    >>> shown = disclose_tree(result, counts=["people"])
    >>> shown["people"], shown["by_decile"]
    ('*', [{'decile': 1, 'people': 15}, {'decile': 2, 'people': '*'}])
    """
    rule, layout = (
        disclosure_policy("none" if national else policy),
        layout_of(counts, resting_on=resting_on, shares=shares, sums=sums, totals=totals),
    )
    walk = _Walk(layout, rule)
    walk.problems += unknown_bases(layout)
    shown: Any = (walk.rows([tree], ["tree"]) if isinstance(tree, Mapping) else walk.sequence(tree, "tree"))[0]
    if walk.problems:
        raise BadTable(walk.problems)
    if not isinstance(tree, Mapping):
        return shown
    sentence = {"disclosure": disclosure_sentence(policy, national=national)}
    return shown[0] | ({"usermeta": {**tree.get("usermeta", {}), **sentence}} if "$schema" in tree else sentence)


class _Walk:
    """A way through a tree, from the leaves up. Each step gives what is shown and the names of counts starred in it."""

    def __init__(self, layout: Layout, rule: DisclosurePolicy):
        self.layout, self.rule = layout, rule
        self.problems: list[str] = []
        self.named = {*layout.all_counts, *layout.resting_on, *layout.shares}

    def sequence(self, node: Any, place: str) -> tuple[Any, set[str]]:
        """A list, or a leaf as it is. The records in a list are the rows of one table."""
        if not _is_list(node):
            return node, set()
        records = [position for position, each in enumerate(node) if isinstance(each, Mapping)]
        rows, stars = self.rows([node[each] for each in records], [f"{place}[{each}]" for each in records])
        shown = dict(zip(records, rows, strict=True))
        for position, each in enumerate(node):
            if position not in shown:
                shown[position], more = self.sequence(each, f"{place}[{position}]")
                stars |= more
        return [shown[position] for position in range(len(node))], stars

    def rows(
        self, rows: Sequence[Mapping[str, Any]], places: Sequence[str], *, beside: Mapping[str, set[str]] | None = None
    ) -> tuple[list[dict[str, Any]], set[str]]:
        """Records as the rows of one table. Those that stand in a record have names, `beside` which counts are starred."""
        inner = [self.entries(row, place) for row, place in zip(rows, places, strict=True)]
        cells = [{key: value for key, value in row.items() if not _is_nested(value)} for row in rows]
        table = pd.DataFrame(cells, index=list(places))
        above = [stars for _, stars in inner]
        if beside is not None:
            table[NAME] = list(beside)
            above = [one | other for one, other in zip(above, beside.values(), strict=True)]
        columns, stars = self.table(table, cells, above)
        shown = [dict(row) for row, _ in inner]
        for position, row in enumerate(shown):
            row.update({name: values[position] for name, values in columns.items() if name in cells[position]})
        return shown, stars.union(*above)

    def entries(self, row: Mapping[str, Any], place: str) -> tuple[dict[str, Any], set[str]]:
        """What a record holds besides cells: lists that are columns, other lists, and records that are rows."""
        shown, stars = dict(row), set[str]()
        columns = {key: value for key, value in row.items() if _is_column(value)}
        if self.named & set(columns):
            lengths = {len(columns[key]) for key in self.named & set(columns)}
            if len(lengths) > 1:
                self.problems.append(f"{place}: its lists differ in length; each must be a column of one table")
                return shown, stars
            table = pd.DataFrame({key: list(value) for key, value in columns.items() if {len(value)} == lengths})
            table.index = pd.Index([f"{place}[{position}]" for position in range(len(table))])
            found, stars = self.table(table, [columns] * len(table), [set()] * len(table))
            shown |= {key: values for key, values in found.items() if key in columns}
        for key, value in row.items():
            if _is_list(value) and key not in self.named:
                shown[key], more = self.sequence(value, f"{place}.{key}")
                stars |= more
        records = {key: value for key, value in row.items() if isinstance(value, Mapping)}
        beside = {key: stars if _is_total(key) else set[str]() for key in records}
        found_rows, more = self.rows(list(records.values()), [f"{place}.{key}" for key in records], beside=beside)
        return shown | dict(zip(records, found_rows, strict=True)), stars | more

    def table(
        self, table: pd.DataFrame, cells: Sequence[Mapping[str, Any]], above: Sequence[set[str]]
    ) -> tuple[dict[str, list[Any]], set[str]]:
        """One table: what stands in its columns, and the counts that are starred in it.

        `above` holds for each row the counts that must be starred whatever they are.
        """
        for column in self.layout.all_counts:
            there = [column in row for row in cells]
            if any(there):
                rules = Rules("tree", table[there])
                rules.numbers(column, low=0, whole=self.rule.hides)
                self.problems += rules.problems
        if self.problems or not self.rule.hides or table.empty:
            return {}, set()
        names = list(self.layout.all_counts)
        numbers = table.assign(
            **{name: pd.to_numeric(table[name]) if name in table else float("nan") for name in names}
        )
        also = [[bool(stars & {name, *self.layout.sums.get(name, ())}) for name in names] for stars in above]
        starred = starred_cells(numbers, self.layout, self.rule, pd.DataFrame(also, table.index, names))
        shown = shown_cells(numbers, self.layout, self.rule, starred)
        return {name: values.tolist() for name, values in shown.items()}, {
            name for name in names if starred[name].any()
        }


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_nested(value: Any) -> bool:
    return _is_list(value) or isinstance(value, Mapping)


def _is_column(value: Any) -> bool:
    return _is_list(value) and not any(_is_nested(each) for each in value)


def _is_total(name: object) -> bool:
    return str(name).strip().casefold() in TOTAL_WORDS
