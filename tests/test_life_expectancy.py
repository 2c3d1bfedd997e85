"""Life expectancy against a peer's life tables and by hand; quality-adjusted life expectancy by group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.life_expectancy import life_expectancy, life_table, quality_adjusted_life_expectancy
from outcomes.tables import BadTable
from tests.vectors import cases

AGES = [0, 1, *range(5, 95, 5)]


@pytest.mark.parametrize("case", cases("life_expectancy"))
@pytest.mark.parametrize("age", [0, 65])
def test_life_expectancy_agrees_with_the_peer(case: dict[str, Any], age: int) -> None:
    given, expected = case["input"], case["expected"]
    found = life_expectancy(given["startage"], given["population"], given["deaths"], at_age=age)
    assert found.value == pytest.approx(expected[f"le_{age}"], rel=1e-9)
    assert found.lower == pytest.approx(expected[f"lower_{age}"], rel=1e-9)
    assert found.upper == pytest.approx(expected[f"upper_{age}"], rel=1e-9)


def test_a_life_table_by_hand() -> None:
    """Of one newborn 0.5 die in the first year, living 0.1 of it; half a year is left at 2 deaths per person-year."""
    table = life_table([0, 1], [0.55, 1], [0.5 / (1 - 0.5 * 0.9) * 0.55, 2])
    assert table["probability_of_death"].tolist() == pytest.approx([0.5, 1])
    assert table["person_years"].tolist() == pytest.approx([0.5 + 0.5 * 0.1, 0.5 / 2])
    assert table["life_expectancy"].tolist() == pytest.approx([0.8, 0.5])


@given(rate=st.floats(0.001, 0.05), utility=st.floats(0, 1))
def test_qale_of_one_utility_is_life_expectancy_times_it(rate: float, utility: float) -> None:
    bands = pd.DataFrame({"start_age": AGES, "population": 1e6, "deaths": 1e6 * rate, "utility": utility})
    found = quality_adjusted_life_expectancy(bands.assign(group="all")).iloc[0]
    expected = life_expectancy(AGES, bands["population"], bands["deaths"]).value
    assert found["life_expectancy"] == pytest.approx(expected)
    assert found["qale"] == pytest.approx(expected * utility)


def test_groups_with_more_deaths_and_less_quality_have_less_of_both() -> None:
    band = pd.DataFrame({"start_age": AGES, "population": 10_000, "deaths": np.linspace(5, 2000, len(AGES)).round()})
    deprived = band.assign(decile=1, deaths=band["deaths"] * 1.5, utility=0.7)
    affluent = band.assign(decile=10, utility=0.9)
    found = quality_adjusted_life_expectancy(pd.concat([deprived, affluent]), group="decile")
    assert found["decile"].tolist() == [1, 10]
    assert found["life_expectancy"].is_monotonic_increasing
    assert (found["qale"] / found["life_expectancy"]).tolist() == pytest.approx([0.7, 0.9])


def test_no_deaths_in_a_band_add_no_variance_and_missing_deaths_are_not_zero() -> None:
    deaths = [1, None, 20]
    with pytest.raises(BadTable, match="bands: deaths: row 1: missing; a number from 0 is needed"):
        life_expectancy([0, 1, 50], [100, 900, 300], deaths)
    filled = life_expectancy([0, 1, 50], [100, 900, 300], deaths, fill_missing=0)
    assert filled == life_expectancy([0, 1, 50], [100, 900, 300], [1, 0, 20])
    assert filled.lower < filled.value < filled.upper


def test_everything_wrong_with_the_bands_is_said_at_once() -> None:
    with pytest.raises(BadTable) as raised:
        life_table([1, 5, 5], [10, 10, 10], [1, 1, 0])
    assert raised.value.problems == [
        "bands: start_age: row 0: 1; the first band must start at 0",
        "bands: start_age: row 2: 5; ages must rise from band to band",
        "bands: deaths: row 2: 0; the last band needs deaths: join it to the one before",
    ]
    with pytest.raises(BadTable, match="bands: deaths: row 1: 9; so many cannot die in the band"):
        life_table([0, 1, 50], [10, 10, 10], [1, 9, 5])
    with pytest.raises(BadTable, match="bands: a life table needs two age bands at least"):
        life_table([0], [10], [1])
    with pytest.raises(BadTable, match=r"at_age: 7; no band starts at it. Bands start at 0, 1"):
        life_expectancy([0, 1], [10, 10], [1, 5], at_age=7)


def test_problems_of_groups_name_the_group() -> None:
    bands = pd.DataFrame(
        {"decile": [1, 1, 2, 2], "start_age": [0, 1] * 2, "population": 10, "deaths": [1, 0, -1, 5], "utility": 0.5}
    )
    with pytest.raises(BadTable) as raised:
        quality_adjusted_life_expectancy(bands, group="decile")
    assert raised.value.problems == [
        "decile 1: deaths: row 1: 0; the last band needs deaths: join it to the one before",
        "decile 2: deaths: row 2: -1; a number from 0 is needed",
    ]
    with pytest.raises(BadTable, match=r"table: utility: row 0: 1.5; a number from -0.594 to 1 is needed"):
        quality_adjusted_life_expectancy(bands.assign(utility=[1.5, 0, 0, 0]), group="decile")
