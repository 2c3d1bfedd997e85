"""Life expectancy against a peer's life tables and by hand; quality-adjusted life expectancy by group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.equity.life_expectancy import life_expectancy, life_table, quality_adjusted_life_expectancy
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases

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
    deaths, people = [1, None, 20], [1000, 9000, 3000]
    with pytest.raises(BadTable, match="bands: deaths: row 1: missing; a number from 0 is needed"):
        life_expectancy([0, 1, 50], people, deaths)
    filled = life_expectancy([0, 1, 50], people, deaths, fill_missing=0)
    assert filled == life_expectancy([0, 1, 50], people, [1, 0, 20])
    assert filled.lower < filled.value < filled.upper


def test_where_all_die_before_the_last_band_the_years_to_come_are_known_all_the_same() -> None:
    """Width 5 at 0.4 deaths a year: nobody reaches 90, limits and later ages were NaN (0 divided by 0)."""
    ages, people, deaths = [0, 1, 85, 90], [1000, 80_000, 50, 10], [5, 400, 20, 8]
    table = life_table(ages, people, deaths)
    assert table["probability_of_death"].tolist()[2:] == [1, 1]
    assert table["survivors"].tolist()[3] == 0
    assert table["life_expectancy"].tolist()[2:] == pytest.approx([2.5, 10 / 8])
    assert np.isfinite(table.to_numpy()).all()
    found = life_expectancy(ages, people, deaths)
    assert found.lower < found.value < found.upper
    by_hand = table["person_years"].sum()
    assert found.value == pytest.approx(by_hand)


def test_a_probability_of_one_but_for_rounding_is_one() -> None:
    for width in (3, 5, 7, 10, 11, 13):
        table = life_table([0, 1, 1 + width], [1e5, 1e5, 1e5], [1000, 1e5 * 2 / width, 10_000])
        assert table["probability_of_death"].iloc[1] == pytest.approx(1, abs=1e-15)
        assert np.isfinite(table.to_numpy()).all()


def test_so_few_people_have_no_life_expectancy_and_it_says_why() -> None:
    """4,999 person-years in all; published practice asks for 5,000."""
    ages, deaths = [0, 1, 90], [1, 20, 30]
    few, enough = (life_expectancy(ages, [500, size, 500], deaths) for size in (3999, 4000))
    assert np.isnan([few.value, few.lower, few.upper]).all()
    assert few.note == "not shown: 4,999 person-years, fewer than 5,000; join areas or years"
    assert enough.lower < enough.value < enough.upper
    assert (enough.person_years, enough.note) == (5000, "")
    bands = pd.DataFrame({"start_age": ages * 2, "deaths": deaths * 2, "utility": 0.8, "area": ["A"] * 3 + ["B"] * 3})
    table = quality_adjusted_life_expectancy(bands.assign(population=[500, 3999, 500, 500, 4000, 500]), group="area")
    assert table["life_expectancy"].isna().tolist() == [True, False]
    assert table["qale"].isna().tolist() == [True, False]
    assert table["note"].tolist() == [few.note, ""]
    assert life_table(ages, [500, 3999, 500], deaths)["life_expectancy"].notna().all()


@pytest.mark.parametrize("last", ["90+", "90 +", "90 and over", "90 or more", "aged 90 and above", "90 plus", "90"])
def test_bands_are_read_as_they_are_written(last: str) -> None:
    people, deaths = [1000, 80_000, 1000], [5, 400, 200]
    numbers = life_table([0, 1, 90], people, deaths)
    pd.testing.assert_frame_equal(life_table(["<1", "1-89", last], people, deaths), numbers, check_dtype=False)


@pytest.mark.parametrize(
    ("bands", "problem"),
    [
        (["0", "1-84", "90+"], "bands: start_age: row 1: '1-84'; each band must end where the next begins"),
        (["0", "1+", "90+"], "bands: start_age: row 1: '1+'; only the last band can be open; give the ages of this one"),
        (["0", "1-89", "90-94"], "bands: start_age: row 2: '90-94'; the last band of a life table has no end: write it like 90+"),
        (["0", "1-89", "old"], "bands: start_age: row 2: 'old'; a band is written 18-27: the first and the last age in it; "
         "the last can be open, as 85+ or 85 and over"),
    ],
)  # fmt: skip
def test_bands_that_do_not_join_are_named(bands: list[str], problem: str) -> None:
    with pytest.raises(BadTable) as raised:
        life_table(bands, [1000, 80_000, 1000], [5, 400, 200])
    assert raised.value.problems == [problem]


def test_hidden_deaths_are_neither_none_nor_a_crash() -> None:
    for hidden in ("*", "<5", "[c]"):
        with pytest.raises(BadTable, match=r"stands for a small number that was hidden, not for 0: ask for the number"):
            life_table([0, 1, 90], [1000, 80_000, 1000], [hidden, 400, 200], fill_missing=0)
    with pytest.raises(BadTable, match=r"^bands: deaths: row 0: missing; a number from 0 is needed$"):
        life_table([0, 1, 90], [1000, 80_000, 1000], [pd.NA, 400, 200])


def test_a_group_without_a_name_is_not_left_out() -> None:
    bands = pd.DataFrame(
        {"group": ["A", None], "start_age": [0, 1], "population": [9000, 900], "deaths": [1, 9], "utility": 0.5}
    )
    with pytest.raises(BadTable, match=r"^table: group: row 1: missing; say which group it is$"):
        quality_adjusted_life_expectancy(bands)
    with pytest.raises(BadTable, match=r"^table: there are no rows; give one for each group and age band$"):
        quality_adjusted_life_expectancy(bands.iloc[:0])


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
