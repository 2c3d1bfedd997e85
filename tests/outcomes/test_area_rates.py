"""Rates of many areas at once are those of each area alone, at every confidence; and what tables must keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import (
    BadTable,
    crude_proportion,
    crude_proportions,
    crude_rate,
    crude_rates,
    directly_standardised_rate,
    directly_standardised_rates,
    indirectly_standardised_ratio,
    indirectly_standardised_ratios,
)
from tests.helpers.vectors import cases

LEVELS = {"95": 0.95, "99_8": 0.998}
BANDS = [("female", "0-64"), ("female", "65+"), ("male", "0-64"), ("male", "65 and over")]


def areas(counts: list[list[int]], people: int = 500) -> pd.DataFrame:
    """Areas A, B, C and so on by sex and age band."""
    rows = [
        (chr(ord("A") + place), *band, count, people * (1 + k))
        for place, each in enumerate(counts)
        for k, (band, count) in enumerate(zip(BANDS, each, strict=True))
    ]
    return pd.DataFrame(rows, columns=["area", "sex", "ageband", "count", "population"])


STANDARD = pd.DataFrame(BANDS, columns=["sex", "ageband"]).assign(weight=[4, 3, 2, 1])
REFERENCE = pd.DataFrame(BANDS, columns=["sex", "ageband"]).assign(
    count=[40, 30, 20, 90], population=[1e4, 2e4, 3e4, 4e4]
)
COUNTS = st.lists(st.lists(st.integers(0, 90), min_size=4, max_size=4), min_size=1, max_size=6)


def same(row: Any, alone: Any, level: str) -> None:
    assert [row["value"], row[f"lower{level}"], row[f"upper{level}"]] == pytest.approx(
        [alone.value, alone.lower, alone.upper], nan_ok=True
    )
    assert row["method"] == alone.method


@given(COUNTS, st.randoms(use_true_random=False))
def test_each_area_of_a_table_in_any_order_has_the_rates_of_the_area_alone(
    counts: list[list[int]], random: Any
) -> None:
    table = areas(counts)
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled, standard, reference = table.iloc[order], STANDARD.iloc[::-1], REFERENCE.iloc[[2, 0, 3, 1]]
    direct: Any = directly_standardised_rates(shuffled, standard).set_index("area")
    indirect: Any = indirectly_standardised_ratios(shuffled, reference, reference_value=100).set_index("area")
    name: Any
    for name, part in table.groupby("area"):
        for level, confidence in LEVELS.items():
            alone = directly_standardised_rate(
                part["count"], part["population"], STANDARD["weight"], confidence=confidence
            )
            same(direct.loc[name], alone, level)
            ratio = indirectly_standardised_ratio(
                part["count"], part["population"], REFERENCE["count"], REFERENCE["population"],
                reference_value=100, confidence=confidence,
            )  # fmt: skip
            same(indirect.loc[name], ratio, level)
    assert list(direct.index) == list(shuffled["area"].unique())


def test_crude_rates_and_proportions_are_those_of_each_area() -> None:
    table = pd.DataFrame({"practice": ["B", "A", "C"], "count": [0, 9, 500], "population": [40, 90, 1000]})
    rates = crude_rates(table, by="practice", multiplier=1000, confidence=[0.9, 0.95, 0.998])
    parts = table.rename(columns={"count": "numerator", "population": "denominator"})
    proportions = crude_proportions(parts, by="practice", confidence=[0.9, 0.95, 0.998])
    place: Any
    for place, row in table.iterrows():
        for level, confidence in {"90": 0.9, **LEVELS}.items():
            alone = crude_rate(row["count"], row["population"], multiplier=1000, confidence=confidence)
            same(rates.loc[place], alone, level)
            part = crude_proportion(row["count"], row["population"], confidence=confidence)
            same(proportions.loc[place], part, level)
    assert rates["practice"].tolist() == ["B", "A", "C"]


@pytest.mark.parametrize("case", cases("dsr"))
def test_standardised_rates_of_a_table_are_the_peers(case: dict[str, Any]) -> None:
    """Of one area, at both confidences in one call."""
    given, expected = case["input"], case["expected"]
    counts, people, weights = given["x"], given["n"], given["stdpop"]
    bands = [f"band {k}" for k in range(len(counts))]
    table = pd.DataFrame({"area": "A", "ageband": bands, "count": counts, "population": people})
    standard = pd.DataFrame({"ageband": bands, "weight": weights})
    [row] = directly_standardised_rates(table, standard, multiplier=given["multiplier"], fill_missing=0).to_dict(
        "records"
    )
    for name in ("value", "lower95", "upper95", "lower99_8", "upper99_8"):
        if expected.get(name) is not None and not expected["suppressed"]:
            assert row[name] == pytest.approx(expected[name], rel=1e-9)


def test_everything_wrong_with_the_tables_is_told_at_once() -> None:
    table = areas([[1, 2, 3, 4], [5, 6, 7, 8]]).astype({"count": object, "population": object})
    table.loc[1, "count"] = "*"
    table.loc[2, "count"] = pd.NA
    table.loc[3, "population"] = 0
    table.loc[4, "area"] = None
    standard = pd.concat([STANDARD, STANDARD.iloc[:1].assign(weight=-1)], ignore_index=True)
    with pytest.raises(BadTable) as bad:
        directly_standardised_rates(table, standard)
    assert bad.value.problems == [
        "table: area: row 4: missing; a name is needed",
        "table: count: row 1: '*'; row 2: missing; a number from 0 is needed ('*' stands for a small number that was "
        "hidden, not for 0: ask for the number, or leave the row out)",
        "table: population: row 3: 0; a number above 0 is needed",
        "standard: sex, ageband: row 4: 'female', '0-64'; each row must differ in it",
        "standard: weight: row 4: -1; a number from 0 is needed",
    ]


def test_bands_that_do_not_meet_are_named() -> None:
    table = areas([[1, 2, 3, 4], [5, 6, 7, 8]])
    with pytest.raises(BadTable) as bad:
        directly_standardised_rates(table.iloc[:-1].replace({"ageband": {"65+": "65-74"}}), STANDARD)
    assert bad.value.problems == [
        "table: sex, ageband: row 1: 'female', '65-74'; row 5: 'female', '65-74'; the standard has no such band",
        "table: A: there is no row for female, 65+; a missing count is not a count of zero: add the row, or leave the area out",
        "table: B: there is no row for female, 65+; male, 65 and over; a missing count is not a count of zero: add the row, or "
        "leave the area out",
    ]
    with pytest.raises(BadTable, match=r"^standard: it is by sex too; give both tables the same columns$"):
        directly_standardised_rates(
            table.drop(columns="sex").drop_duplicates(["area", "ageband"]), STANDARD.iloc[[0, 1, 3]]
        )
    with pytest.raises(
        BadTable, match=r"table: it is by neither sex nor ageband; for rates by area alone take crude_rates"
    ):
        directly_standardised_rates(table[["area", "count", "population"]].drop_duplicates("area"), STANDARD)


def test_events_among_nobody_and_areas_where_none_are_expected_are_refused() -> None:
    table = areas([[1, 2, 3, 4]])
    with pytest.raises(
        BadTable, match=r"row 0: 'A', 'female', '0-64', 1, 0; events among nobody: correct the population"
    ):
        indirectly_standardised_ratios(table.assign(population=[0, 1, 1, 1]), REFERENCE)
    with pytest.raises(BadTable, match=r"^table: area: row 0: 'A'; no events are expected here; choose a reference"):
        indirectly_standardised_ratios(table, REFERENCE.assign(count=0))
    with pytest.raises(BadTable, match=r"^standard: weight: all are 0; a standard population has people$"):
        directly_standardised_rates(table, STANDARD.assign(weight=0))


@pytest.mark.parametrize("made", [crude_rates, crude_proportions])
def test_empty_tables_and_areas_that_stand_twice_are_refused(made: Any) -> None:
    table = pd.DataFrame({"area": ["A", "A"], "count": 1, "population": 5, "numerator": 1, "denominator": 5})
    with pytest.raises(BadTable, match=r"^table: area: row 1: 'A'; each row must differ in it$"):
        made(table)
    with pytest.raises(BadTable, match=r"^table: there are no rows; one at least is needed$"):
        made(table.iloc[:0])
    with pytest.raises(BadTable, match=r"^confidence: 95; a number from 0 below 1 is needed \(95% is written 0.95\)$"):
        made(table.iloc[:1], confidence=95)
    with pytest.raises(BadTable, match=r"^table: there is no column 'practice'"):
        made(table, by="practice")


def test_missing_counts_are_none_only_where_the_caller_says_so() -> None:
    table = pd.DataFrame({"area": ["A", "B"], "count": [20, np.nan], "population": [100, 100]})
    with pytest.raises(BadTable, match=r"^table: count: row 1: missing; a number from 0 is needed$"):
        crude_rates(table)
    assert crude_rates(table, fill_missing=0)["value"].tolist() == [20_000, 0]
