"""Age at first treatment: by hand, against the published table of ages by deprivation, and where raw ages mislead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.equity.age_at_first import age_at_first_treatment
from outcomes.equity.grouped_ages import band_edges, grouped_ages, modal_band, share_of_ages
from outcomes.equity.inequality import slope_index_of_inequality
from outcomes.table_rules import BadTable
from tests.helpers.vectors import needs_vectors, vector

YEAR = 365


def seed() -> tuple[list[str], list[list[float]], list[dict[str, Any]]]:
    """The published table: bands, percentages by band and decile, and what is expected of each decile."""
    found = vector("age_imd_seed")
    return found["table"]["bands"], found["table"]["decile_1_most_deprived_to_10"], found["expected"]


# the published table


@needs_vectors
def test_medians_and_modes_of_the_published_table() -> None:
    bands, percentages, expected = seed()
    ages = grouped_ages(bands, percentages).ages
    for row, (_, found) in zip(expected, ages.iterrows(), strict=True):
        assert found["group"] == row["imd_decile"]
        assert found["sum_percent"] == pytest.approx(row["sum_percent"], abs=1e-9)
        assert found["modal_band"] == row["modal_band"]
        assert found["median_age"] == pytest.approx(row["median_age_interpolated"], abs=0.0005)
        assert found["mean_age"] == pytest.approx(row["mean_age_midpoint"], abs=0.0005)
    for name, edges in (("share_under_48", (18, 48)), ("share_18_57", (18, 58))):
        shares = share_of_ages(bands, percentages, from_age=edges[0], to_age=edges[1])
        assert shares == pytest.approx([row[name] for row in expected], abs=0.000005)


@needs_vectors
def test_the_median_rises_by_ten_years_from_the_most_to_the_least_deprived() -> None:
    """The peer takes medians rounded to three places; ours are not rounded."""
    bands, percentages, expected = seed()
    published = vector("age_imd_seed")["median_age_slope_index"]
    assert grouped_ages(bands, percentages).median_age_slope == pytest.approx(published, abs=0.001)
    rounded = slope_index_of_inequality([row["median_age_interpolated"] for row in expected], [1] * 10)
    assert rounded.sii == pytest.approx(published, rel=1e-9)


def test_columns_that_do_not_add_up_because_of_rounding_are_scaled() -> None:
    whole = grouped_ages(["0-9", "10-19"], [[25.0, 49.95], [75.0, 49.95]], groups=["north", "south"])
    assert whole.ages["group"].tolist() == ["north", "south"]
    assert whole.ages["median_age"].tolist() == pytest.approx([10 + 10 / 3, 10.0])
    assert np.isnan(whole.median_age_slope)


@given(shares=st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any))
def test_the_median_lies_in_the_band_that_takes_half(shares: list[int]) -> None:
    median = grouped_ages(["0-9", "10-19", "20-29"], [[share] for share in shares]).ages["median_age"].iloc[0]
    below = sum(share * np.clip((median - low) / 10, 0, 1) for share, low in zip(shares, (0, 10, 20), strict=True))
    assert below == pytest.approx(sum(shares) / 2)


def test_the_youngest_of_equal_bands_is_the_mode() -> None:
    assert modal_band([1, 2, 2], ["0-9", "10-19", "20-29"]) == "10-19"


@pytest.mark.parametrize("last", ["85+", "85 and over", "85 or older"])
def test_an_open_band_has_people_but_no_middle(last: str) -> None:
    """The mean and the median of whoever is in it are not known; in the other column nobody is."""
    table = grouped_ages(["18-64", "65-84", last], [[20, 60], [20, 40], [60, 0]]).ages
    assert table["modal_band"].tolist() == [last, "18-64"]
    assert table["median_age"].isna().tolist() == [True, False]
    assert table["mean_age"].isna().tolist() == [True, False]
    assert share_of_ages(["18-64", "65-84", last], [[20], [20], [60]], from_age=65, to_age=float("inf")) == [0.8]
    five = grouped_ages(["18-64", last.replace("85", "65")], [[20, 60, 60, 60, 60], [80, 40, 40, 40, 40]])
    assert np.isnan(five.median_age_slope)


def test_age_bands_of_first_treatment_can_be_written_with_an_open_one() -> None:
    people = pd.DataFrame({"patient": [1, 2], "age": [40.0, 86.0], "decile": [1, 1]})
    events = pd.DataFrame({"patient": [1, 2], "day": [1000, 1000]})
    by_text, by_age = (
        age_at_first_treatment(events, people, end_day=1500, age_bands=bands)
        for bands in (["0-64", "65-84", "85+"], [0, 65, 85])
    )
    pd.testing.assert_frame_equal(by_text.rates, by_age.rates)
    with pytest.raises(BadTable, match=r"^standard_population: there are 2 for 3 age bands; each band needs one$"):
        age_at_first_treatment(events, people, end_day=1500, age_bands=[0, 65, 85], standard_population=[1, 2])
    with pytest.raises(BadTable, match=r"^age_bands: age_band: row 1: 0; ages must rise from band to band$"):
        age_at_first_treatment(events, people, end_day=1500, age_bands=[65, 0])


def test_columns_without_anybody_and_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadTable, match=r"^percentages: a column holds nothing; there is nobody to have an age$"):
        share_of_ages(["18-27", "28+"], [[0.0], [0.0]], from_age=18, to_age=28)
    with pytest.raises(BadTable, match=r"^groups: there are 1 for 2 columns; each column needs a name$"):
        grouped_ages(["18-27", "28+"], [[1, 2], [3, 4]], groups=["a"])


def test_hidden_percentages_are_named() -> None:
    for made in (
        lambda: grouped_ages(["18-27", "28+"], [[20], ["*"]]),
        lambda: share_of_ages(["18-27", "28+"], [[20], ["*"]], from_age=18, to_age=28),
    ):
        with pytest.raises(
            BadTable, match=r"'\*'; a number from 0 is needed \('\*' stands for a small number that was hidden"
        ):
            made()
    with pytest.raises(BadTable, match=r"^bands: band: row 0: '18\+'; only the last band can be open"):
        band_edges(["18+", "28-37"])


def test_everything_wrong_with_a_table_is_said() -> None:
    with pytest.raises(
        BadTable, match="bands: band: row 1: 'old'; a band is written 18-27: the first and the last age in it"
    ):
        band_edges(["18-27", "old"])
    with pytest.raises(BadTable, match="bands: band: row 1: '38-47'; each band must begin where the one before ends"):
        band_edges(["18-27", "38-47"])
    with pytest.raises(BadTable, match="percentages: there are 1 rows for 2 bands; each band needs a row"):
        grouped_ages(["18-27", "28-37"], [[1.0]])
    with pytest.raises(BadTable, match="percentages: 1: row 18-27: missing; row 28-37: -1; a number from 0 is needed"):
        grouped_ages(["18-27", "28-37"], [[None], [-1.0]])  # type: ignore[list-item]
    with pytest.raises(BadTable, match="percentages: 2: all are 0; there is nobody to have an age"):
        grouped_ages(["18-27"], [[1.0, 0.0]])
    with pytest.raises(BadTable) as raised:
        share_of_ages(["18-27", "28-37"], [[1], [1]], from_age=20, to_age=37)
    assert raised.value.problems == [
        "from_age: 20; no band begins there. Bands begin at 18, 28",
        "to_age: 37; no band ends there. Bands end at 28, 38",
    ]


# people


def people_of(ages: list[float], decile: int | list[int] = 1) -> pd.DataFrame:
    """People numbered from 0."""
    return pd.DataFrame({"patient": range(len(ages)), "age": ages, "decile": decile})


def test_the_first_event_counts_only_after_a_clean_look_back() -> None:
    events = pd.DataFrame({"patient": [0, 0, 1, 2, 2], "day": [4 * YEAR, 3 * YEAR, 2 * YEAR - 1, 2 * YEAR, 9]})
    first = age_at_first_treatment(events, people_of([40.0, 50, 60, 70]), end_day=5 * YEAR)
    assert first.first_events["day"].tolist() == [3 * YEAR, 2 * YEAR - 1, 9]
    assert first.first_events["left_truncated"].tolist() == [False, True, True]
    assert first.ages.iloc[0].to_dict() == {
        "decile": 1, "people": 4, "first_events": 1, "left_truncated": 2, "mean_age": 43.0, "lower_quartile": 43.0,
        "median_age": 43.0, "upper_quartile": 43.0, "modal_band": "38-47",
    }  # fmt: skip


def test_a_shorter_look_back_takes_more_events_for_first_ones() -> None:
    events = pd.DataFrame({"patient": [0, 1], "day": [1 * YEAR, 3 * YEAR]})
    for years, counted in ((0, 2), (1, 2), (2, 1), (4, 0)):
        first = age_at_first_treatment(events, people_of([40.0, 50]), lookback_years=years)
        assert first.ages["first_events"].sum() == counted
        assert first.ages["left_truncated"].sum() == 2 - counted


def test_look_back_begins_when_a_person_is_first_seen() -> None:
    people = people_of([40.0]).assign(from_day=3 * YEAR)
    assert (
        age_at_first_treatment(pd.DataFrame({"patient": [0], "day": [4 * YEAR]}), people)
        .first_events["left_truncated"]
        .all()
    )


def test_person_years_at_risk_end_with_the_event_and_are_split_by_age() -> None:
    """One person is at risk from 27 to 31, the other from 47 until the event at 49."""
    events = pd.DataFrame({"patient": [1], "day": [4 * YEAR]})
    first = age_at_first_treatment(events, people_of([25.0, 45]), end_day=6 * YEAR)
    rates = first.rates.set_index("age_band")
    assert rates["person_years"].to_dict() == pytest.approx(
        {"0-17": 0, "18-27": 1, "28-37": 3, "38-47": 1, "48-57": 1, "58-67": 0, "68-77": 0, "78-87": 0, "88+": 0}
    )
    assert rates.loc["48-57", "rate"] == pytest.approx(1000)
    assert rates.loc["28-37", "rate"] == 0
    assert np.isnan(rates.loc["88+", "rate"])
    assert first.standardised["crude_rate"].tolist() == pytest.approx([1000 / 6])
    assert np.isnan(first.standardised["standardised_rate"]).all()  # fewer than 10 events


def test_younger_neighbourhoods_have_younger_patients_even_where_nobody_is_treated_sooner() -> None:
    """Everybody has the same yearly chance, 1 in 10; decile 1 is 30 years old, decile 10 is 60."""
    ages, decile = [30.0] * 500 + [60.0] * 100 + [30.0] * 100 + [60.0] * 500, [1] * 600 + [10] * 600
    people = people_of(ages, decile)
    treated = people[people["patient"] % 10 == 0]
    events = pd.DataFrame({"patient": treated["patient"], "day": 3 * YEAR - 1})
    first = age_at_first_treatment(events, people, end_day=3 * YEAR)
    medians = first.ages.set_index("decile")["median_age"]
    assert medians[10] - medians[1] == pytest.approx(30)
    standardised = first.standardised.set_index("decile")
    assert standardised.loc[1, "standardised_rate"] == pytest.approx(
        standardised.loc[10, "standardised_rate"], rel=1e-6
    )
    assert standardised.loc[1, "lower"] < standardised.loc[1, "crude_rate"] < standardised.loc[1, "upper"]


def test_the_standard_population_may_be_given() -> None:
    people = people_of([30.0] * 100 + [60.0] * 100)
    events = pd.DataFrame({"patient": range(110), "day": 3 * YEAR})
    rest = {"age_bands": [0, 50], "lookback_years": 0, "end_day": 3 * YEAR}
    young = age_at_first_treatment(events, people, standard_population=[1, 0], **rest).standardised
    old = age_at_first_treatment(events, people, standard_population=[0, 1], **rest).standardised
    assert young["standardised_rate"].tolist() == pytest.approx([1000 * 100 / 300])
    assert old["standardised_rate"].tolist() == pytest.approx([1000 * 10 / 300])


def test_ages_by_which_count_those_who_were_not_treated() -> None:
    """Four at risk from 40: one treated at 41, one lost at 42, one treated at 43: 3/4, then 3/4 · 1/2 are left."""
    people = people_of([40.0] * 4).assign(to_day=[5 * YEAR, 2 * YEAR, 5 * YEAR, 5 * YEAR])
    events = pd.DataFrame({"patient": [0, 2], "day": [YEAR, 3 * YEAR]})
    first = age_at_first_treatment(events, people, lookback_years=0)
    assert first.age_by_which["age"].tolist()[:2] == [41.0, 43.0]
    assert np.isnan(first.age_by_which["age"].iloc[2])


def test_people_are_not_at_risk_by_age_before_they_enter() -> None:
    """The one who enters at 60 was not at risk at 41: 1 of 2, not 1 of 3."""
    people = people_of([40.0, 40.0, 60.0])
    events = pd.DataFrame({"patient": [0], "day": [YEAR]})
    first = age_at_first_treatment(events, people, lookback_years=0, end_day=5 * YEAR)
    assert first.age_by_which.set_index("share")["age"].to_dict() == pytest.approx(
        {0.25: 41, 0.5: 41, 0.75: np.nan}, nan_ok=True
    )


def test_nothing_given_is_changed() -> None:
    people, events = people_of([40.0]), pd.DataFrame({"patient": [0], "day": [900]})
    copies = people.copy(), events.copy()
    age_at_first_treatment(events, people)
    pd.testing.assert_frame_equal(people, copies[0])
    pd.testing.assert_frame_equal(events, copies[1])


# bad input


def test_everything_wrong_with_people_and_events_is_said_at_once() -> None:
    people = pd.DataFrame(
        {
            "patient": [1, 1, 2],
            "age": [40, None, 50],
            "decile": [1, 1, None],
            "from_day": [0, 0, 9],
            "to_day": [9, 9, 8],
        }
    )
    with pytest.raises(BadTable) as raised:
        age_at_first_treatment(pd.DataFrame({"patient": [1]}), people)
    assert raised.value.problems == [
        "people: age: row 1: missing; a number is needed",
        "people: patient: row 1: 1; each row must differ in it",
        "people: from_day, to_day: row 2: 9, 8; nobody is seen until before they are first seen",
        "people: decile: row 2: missing; each person needs a decile",
        "events: there is no column 'day'. Its columns are: patient",
    ]


def test_events_belong_to_people_who_are_seen() -> None:
    events = pd.DataFrame({"patient": [0, 7, 0], "day": [5, 6, None]})
    with pytest.raises(BadTable) as raised:
        age_at_first_treatment(events, people_of([40.0]), end_day=10)
    assert raised.value.problems == [
        "events: day: row 2: missing; a number is needed",
        "events: patient: row 1: 7; there is no such patient among the people",
    ]
    with pytest.raises(
        BadTable, match="events: patient, day: row 0: 0, 5; the day lies outside those in which the patient is seen"
    ):
        age_at_first_treatment(pd.DataFrame({"patient": [0], "day": [5]}), people_of([40.0]), end_day=4)
