"""Rules that tables must keep: everything that is wrong with one is found before anything is worked out from it.

Each problem names the table, the column, the first rows at fault and the rule. What the tables mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

SHOWN = 5
"""So many rows at fault are named; the rest are counted."""
HIDDEN = re.compile(r"\s*([*†‡]+|<\s*\d+|\[?[cC]\]?)\s*")
"""How publishers write a small number that they hide: `*`, `<5`, `[c]`."""
HIDDEN_HINT = " ({} stands for a small number that was hidden, not for 0: ask for the number, or leave the row out)"


class BadTable(ValueError):
    """Everything that is wrong with the tables given, one sentence each in `problems`."""

    def __init__(self, problems: Sequence[str]):
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Rules:
    """Collects what is wrong with one table, rule by rule; `hold` raises it all together.

    Rows are named by their index; `first_row` is added to it (2 for a file with a header, so that the number is that of
    a spreadsheet). Rules on columns that are missing or hold text say nothing more about them.

    >>> prices = pd.DataFrame({"service": ["gp", "gp"], "cost": [42.0, -1.0]})
    >>> rules = Rules("unit_cost", prices)
    >>> rules.has("service", "cost", "price_year")
    False
    >>> rules.numbers("cost", low=0)
    >>> rules.unique("service")
    >>> for problem in rules.problems:
    ...     print(problem)
    unit_cost: there is no column 'price_year'. Its columns are: service, cost
    unit_cost: cost: row 1: -1; a number from 0 is needed
    unit_cost: service: row 1: 'gp'; each row must differ in it
    """

    def __init__(self, name: str, table: pd.DataFrame, *, first_row: int = 0):
        self.name, self.table, self.first_row = name, table, first_row
        self.problems: list[str] = []

    def has(self, *columns: str) -> bool:
        """Whether the table has all these columns."""
        there = ", ".join(map(str, self.table.columns)) or "none"
        lacking = [column for column in columns if column not in self.table]
        self.problems += [f"{self.name}: there is no column '{column}'. Its columns are: {there}" for column in lacking]
        return not lacking

    def numbers(
        self, *columns: str, low: float = -np.inf, high: float = np.inf, above: float | None = None, whole: bool = False
    ) -> None:
        """Each of these columns that is there holds numbers, none missing, from `low` to `high`, more than `above`."""
        bounds = (
            f" from {low:g}" * (low > -np.inf)
            + f" to {high:g}" * (high < np.inf)
            + f" above {above}" * (above is not None)
        )
        for column in columns:
            if column not in self.table:
                continue
            value = as_numbers(self.table[column])
            bad = ~np.isfinite(value) | (value < low) | (value > high)
            if above is not None:
                bad |= value <= above
            if whole:
                bad |= value != np.floor(value)
            self.rows(
                bad, column, f"a {'whole ' * whole}number{bounds} is needed{hidden_hint(self.table[column][bad])}"
            )

    def unique(self, *columns: str) -> None:
        """No two rows agree in all these columns."""
        if columns and set(columns) <= set(self.table):
            self.rows(self.table.duplicated(list(columns)), columns, "each row must differ in it")

    def among(self, column: str, allowed: Collection[object], *, rule: str = "") -> None:
        """The column holds only these values."""
        if column in self.table:
            listed = ", ".join(map(str, allowed)) if len(allowed) <= 12 else f"{len(allowed)} values"
            self.rows(~self.table[column].isin(list(allowed)), column, rule or f"there are: {listed}")

    def rows(self, bad: pd.Series | np.ndarray, columns: str | Sequence[str], rule: str) -> None:
        """Says that the rows where `bad` is true break a rule, and what stands there."""
        chosen = np.flatnonzero(np.asarray(bad, dtype=bool))
        if not len(chosen):
            return
        names = [columns] if isinstance(columns, str) else list(columns)
        shown = []
        for position in chosen[:SHOWN]:
            values = ", ".join(written(self.table[name].iloc[position]) for name in names)
            index = self.table.index[position]
            number = index + self.first_row if isinstance(index, (int, np.integer)) else index
            shown.append(f"row {number}: {values}")
        more = f" and {len(chosen) - SHOWN} more" if len(chosen) > SHOWN else ""
        self.problems.append(f"{self.name}: {', '.join(names)}: {'; '.join(shown)}{more}; {rule}")

    def hold(self) -> None:
        """Raises `BadTable` with every problem found."""
        hold(self)


def as_numbers(values: Any) -> np.ndarray:
    """A row of values as numbers; NaN where nothing stands, or what is no number.

    >>> as_numbers([3, "4", "*", None, pd.NA]).tolist()
    [3.0, 4.0, nan, nan, nan]
    """
    column = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def hidden_hint(bad: Any) -> str:
    """What to do about small numbers that a publisher hid, where one is among these values; else nothing.

    >>> hidden_hint([None, "<5"])
    " ('<5' stands for a small number that was hidden, not for 0: ask for the number, or leave the row out)"
    """
    return next(
        (HIDDEN_HINT.format(f"'{each}'") for each in bad if isinstance(each, str) and HIDDEN.fullmatch(each)), ""
    )


def hold(*rules: Rules) -> None:
    """Raises `BadTable` with the problems of several tables together."""
    problems = [problem for each in rules for problem in each.problems]
    if problems:
        raise BadTable(problems)


def filled(table: pd.DataFrame, column: str, fill_missing: float | None) -> pd.DataFrame:
    """The table with missing counts replaced, where the caller says by what: a missing count is not a count of zero.

    >>> filled(pd.DataFrame({"count": [3.0, None]}), "count", 0)["count"].tolist()
    [3.0, 0.0]
    """
    if fill_missing is None or column not in table:
        return table
    return table.assign(**{column: table[column].fillna(fill_missing)})


def written(value: object) -> str:
    """A cell as a reader would write it."""
    if isinstance(value, (float, np.floating)):
        return "missing" if np.isnan(value) else f"{value:g}"
    if isinstance(value, (int, np.integer)):
        return str(value)
    return "missing" if value is None or value is pd.NaT or value is pd.NA else f"'{value}'"
