"""Rates of many areas at once: a table in, a table out, with limits at several confidences. One area alone is in `rates`.

Every result has one row per area, in order of appearance, with `value`, limits such as `lower95` and `upper99_8`, one pair
per confidence, and `method`. Rows may come in any order; an area without a row in some band is an error, as are hidden
numbers (`*`) and everything else that is wrong with a table (`BadTable`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from outcomes.limits import CONFIDENCE, EXACT_BELOW, count_limits, wilson_limits
from outcomes.practices.rates import (
    EVENTS_AMONG_NOBODY,
    FEWEST_EVENTS,
    NOT_SHOWN,
    PER_100_000,
    dobson_limits,
    expected_events,
    standardised,
)
from outcomes.table_rules import BadTable, Rules, as_numbers, filled, hold

BANDS = ("sex", "ageband")
"""Columns that a table may be by beside the area, in all tables of a call alike."""
CONFIDENCES = (CONFIDENCE, 0.998)
"""The levels that are published beside rates by area, as the limits of a funnel are."""
AREA = "area"

Levels = float | Sequence[float]
"""One confidence or several, each a share: 0.95."""


def crude_rates(
    table: pd.DataFrame,
    *,
    by: str = AREA,
    multiplier: float = PER_100_000,
    confidence: Levels = CONFIDENCES,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """Events per `multiplier` people by area. `table`: one row per area, named in the column `by`; `count`, `population`.

    >>> areas = pd.DataFrame({"area": ["A", "B"], "count": [20, 4], "population": [100, 50]})
    >>> crude_rates(areas, multiplier=100, confidence=(0.95, 0.998)).round(1)
      area  count  population  value  lower95  upper95  lower99_8  upper99_8 method
    0    A   20.0       100.0   20.0     12.2     30.9        8.9       38.1   Byar
    1    B    4.0        50.0    8.0      2.2     20.5        0.9       29.6  exact
    """
    found = _one_row_each(table, by, ["count"], ["population"], fill_missing)
    per = multiplier / found["population"]

    def limits(level: float) -> tuple[Any, Any]:
        lower, upper = count_limits(found["count"].to_numpy(), confidence=level)
        return per * lower, per * upper

    return _with_limits(found.assign(value=per * found["count"]), limits, confidence, _of_counts(found["count"]))


def crude_proportions(
    table: pd.DataFrame,
    *,
    by: str = AREA,
    multiplier: float = 1,
    confidence: Levels = CONFIDENCES,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """Parts of a whole by area, times `multiplier` (100 for percent), with Wilson's limits.

    `table`: one row per area with `numerator` and `denominator`.

    >>> areas = pd.DataFrame({"area": ["A", "B"], "numerator": [65, 0], "denominator": [100, 10]})
    >>> crude_proportions(areas, multiplier=100, confidence=0.95)[["area", "value", "lower95", "upper95"]].round(2)
      area  value  lower95  upper95
    0    A   65.0    55.25    73.64
    1    B    0.0     0.00    27.75
    """
    found = _one_row_each(table, by, ["numerator"], ["denominator"], fill_missing)
    part, whole = found["numerator"].to_numpy(), found["denominator"].to_numpy()
    rules = Rules("table", found)
    rules.rows(part > whole, ["numerator", "denominator"], "a part is at most the whole")
    rules.hold()

    def limits(level: float) -> tuple[Any, Any]:
        lower, upper = wilson_limits(part, whole, confidence=level)
        return multiplier * lower, multiplier * upper

    return _with_limits(found.assign(value=multiplier * part / whole), limits, confidence, "Wilson")


def directly_standardised_rates(
    table: pd.DataFrame,
    standard: pd.DataFrame,
    *,
    by: str = AREA,
    multiplier: float = PER_100_000,
    confidence: Levels = CONFIDENCES,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """Rates that areas would have if their ages (and sexes) were those of the standard population.

    `table`: one row per area, `ageband` and `sex` (either or both), with `count` and `population`. `standard`: one row
    per band, with `weight`. Areas with fewer than 10 events have no rate: NaN, and `method` says so.

    >>> bands = pd.DataFrame({"area": ["A", "A"], "ageband": ["65+", "0-64"], "count": [60, 20],
    ...                       "population": [15_000, 10_000]})
    >>> standard = pd.DataFrame({"ageband": ["0-64", "65+"], "weight": [70_000, 30_000]})
    >>> directly_standardised_rates(bands, standard, multiplier=1000)[["value", "lower95", "upper99_8"]].round(3)
       value  lower95  upper99_8
    0    2.6    1.953      3.838
    """
    counts, people, weights = _by_band(
        table, standard, "standard", by=by, counts=["weight"], sizes=[], fill_missing=fill_missing
    )
    areas, weight = counts.index, weights["weight"].to_numpy()
    if weight.sum() == 0:
        raise BadTable(["standard: weight: all are 0; a standard population has people"])
    rate, variance, events = standardised({1: counts.to_numpy()}, people.to_numpy(), weight)
    per = np.where(events >= FEWEST_EVENTS, multiplier, np.nan)
    found = pd.DataFrame({by: areas, "count": events, "population": people.sum(axis=1).to_numpy(), "value": per * rate})

    def limits(level: float) -> tuple[Any, Any]:
        lower, upper = dobson_limits(rate, variance, events, confidence=level)
        return per * lower, per * upper

    return _with_limits(found, limits, confidence, np.where(events >= FEWEST_EVENTS, "Dobson", NOT_SHOWN))


def indirectly_standardised_ratios(
    table: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    by: str = AREA,
    reference_value: float = 1,
    confidence: Levels = CONFIDENCES,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """Events observed over those expected at the reference's rates, by area: `observed`, `expected`, `value`.

    `table` as for `directly_standardised_rates`. `reference`: one row per band, with `count` and `population`. An area
    where no events are expected is an error.

    >>> bands = pd.DataFrame({"area": ["A", "B"], "sex": "female", "count": [10, 3], "population": [500, 200]})
    >>> reference = pd.DataFrame({"sex": ["female"], "count": [200], "population": [10_000]})
    >>> found = indirectly_standardised_ratios(bands, reference, confidence=0.95)
    >>> found[["area", "observed", "expected", "value", "lower95", "method"]].round(3)
      area  observed  expected  value  lower95 method
    0    A      10.0      10.0   1.00    0.479   Byar
    1    B       3.0       4.0   0.75    0.155  exact
    """
    counts, people, rates = _by_band(
        table, reference, "reference", by=by, counts=["count"], sizes=["population"], fill_missing=fill_missing
    )
    expected = np.atleast_1d(expected_events(people.to_numpy(), rates["count"] / rates["population"]))
    observed = counts.sum(axis=1).to_numpy()
    found = pd.DataFrame({by: counts.index, "observed": observed, "expected": expected})
    rules = Rules("table", found)
    rules.rows(
        expected == 0, by, "no events are expected here; choose a reference with events in bands that have people"
    )
    rules.hold()
    per = reference_value / expected

    def limits(level: float) -> tuple[Any, Any]:
        lower, upper = count_limits(observed, confidence=level)
        return per * lower, per * upper

    return _with_limits(found.assign(value=per * observed), limits, confidence, _of_counts(observed))


def limit_names(confidence: float) -> tuple[str, str]:
    """What the columns of limits at a confidence are called.

    >>> limit_names(0.998)
    ('lower99_8', 'upper99_8')
    """
    percent = f"{round(100 * confidence, 9):g}".replace(".", "_")
    return f"lower{percent}", f"upper{percent}"


def _with_limits(
    found: pd.DataFrame, limits: Callable[[float], tuple[Any, Any]], confidence: Levels, method: Any
) -> pd.DataFrame:
    """The table with a pair of columns for each confidence, and the method."""
    for level in np.atleast_1d(confidence).tolist():
        lower, upper = limits(level)
        found = found.assign(**dict(zip(limit_names(level), (np.asarray(lower), np.asarray(upper)), strict=True)))
    return found.assign(method=method)


def _of_counts(counts: Any) -> np.ndarray:
    return np.where(np.asarray(counts) < EXACT_BELOW, "exact", "Byar")


def _one_row_each(
    table: pd.DataFrame, by: str, counts: list[str], sizes: list[str], fill_missing: float | None
) -> pd.DataFrame:
    """The columns of a table that has one row per area, as numbers."""
    complete = table
    for column in counts:
        complete = filled(complete, column, fill_missing)
    rules = _rules("table", complete, keys=[by], counts=counts, sizes=sizes)
    rules.hold()
    found = complete[[by, *counts, *sizes]].reset_index(drop=True)
    return found.assign(**{column: as_numbers(found[column]) for column in (*counts, *sizes)})


def _rules(name: str, table: pd.DataFrame, *, keys: list[str], counts: list[str], sizes: list[str]) -> Rules:
    """What a table must keep: all columns, named rows that stand once, counts from 0, sizes above 0."""
    rules = Rules(name, table)
    rules.has(*keys, *counts, *sizes)
    for key in keys:
        if key in table:
            rules.rows(table[key].isna(), key, "a name is needed")
    rules.unique(*keys)
    rules.numbers(*counts, low=0)
    rules.numbers(*sizes, above=0)
    if table.empty:
        rules.problems.append(f"{name}: there are no rows; one at least is needed")
    return rules


def _by_band(
    table: pd.DataFrame,
    other: pd.DataFrame,
    name: str,
    *,
    by: str,
    counts: list[str],
    sizes: list[str],
    fill_missing: float | None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Counts and people, one row per area and one column per band, and the other table by band in the same order."""
    columns = [column for column in BANDS if column in table]
    complete = filled(table, "count", fill_missing)
    direct = not sizes
    rules = _rules(
        "table", complete, keys=[by, *columns], counts=["count"] if direct else ["count", "population"], sizes=[]
    )
    if direct:
        rules.has("population")
        rules.numbers("population", above=0)
    elif not rules.problems:
        among_nobody = (as_numbers(complete["count"]) > 0) & (as_numbers(complete["population"]) == 0)
        rules.rows(among_nobody, [by, *columns, "count", "population"], EVENTS_AMONG_NOBODY)
    about_other = _rules(name, other, keys=columns, counts=counts, sizes=sizes)
    if not columns:
        raise BadTable([f"table: it is by neither sex nor ageband; for rates by {by} alone take crude_rates"])
    strange = [column for column in BANDS if column in other and column not in columns]
    if strange:
        about_other.problems.append(f"{name}: it is by {' and '.join(strange)} too; give both tables the same columns")
    hold(rules, about_other)
    keys = pd.MultiIndex.from_frame(complete[columns].astype(str))
    bands = pd.MultiIndex.from_frame(other[columns].astype(str))
    rules.rows(~keys.isin(bands), columns, f"the {name} has no such band")
    areas = pd.Index(complete[by].unique(), name=by)
    places = areas.get_indexer(complete[by]), bands.get_indexer(keys)
    counted, people = (np.full((len(areas), len(bands)), np.nan) for _ in range(2))
    for matrix, column in ((counted, "count"), (people, "population")):
        matrix[places] = as_numbers(complete[column])
    known = places[1] >= 0
    there = np.zeros(people.shape, dtype=bool)
    there[places[0][known], places[1][known]] = True
    for area, row in zip(areas, there, strict=True):
        lacking = [", ".join(band) for band in bands[~row]]
        if lacking:
            advice = "a missing count is not a count of zero: add the row, or leave the area out"
            rules.problems.append(f"table: {area}: there is no row for {'; '.join(lacking[:5])}; {advice}")
    rules.hold()
    numbers = other.assign(**{column: as_numbers(other[column]) for column in (*counts, *sizes)})
    return pd.DataFrame(counted, index=areas), pd.DataFrame(people, index=areas), numbers
