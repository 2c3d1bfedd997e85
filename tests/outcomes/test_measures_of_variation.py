"""Variation between practices: its measures, what chance alone gives, and the table of practices with its words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from scipy import stats

from outcomes.disclosure.practices import disclosed_variation
from outcomes.practices.chance import even_numbers, poisson_counts
from outcomes.practices.funnel import BANDS
from outcomes.practices.measures_of_variation import (
    coefficient_of_variation,
    extremal_quotient,
    fold_by_chance,
    systematic_component_of_variation,
    variation,
)
from outcomes.practices.practice_variation import PracticeVariation, practice_variation
from outcomes.practices.rates import (
    crude_rate,
    directly_standardised_rate,
    directly_standardised_rate_of_repeat_events,
    indirectly_standardised_ratio,
)
from outcomes.practices.sentences import A_REASON_TO_ASK
from outcomes.table_rules import BadTable
from tests.helpers.html import Page
from tests.helpers.vectors import cases
from ui.charts.funnel import DARK, LIGHT
from ui.charts.theme import SCENARIO_COLOURS
from ui.reports.variation import funnel_chart, funnel_spec, variation_json, variation_page, variation_terminal

CLOSE = 1e-9
COUNTS = st.lists(st.tuples(st.integers(0, 200), st.floats(1, 200)), min_size=2, max_size=12)


def of_sizes(counts: Sequence[float], people: Sequence[float] | None = None, **settings: Any) -> PracticeVariation:
    """Practices without bands, called A, B, C and so on; P26, P27 and so on after Z."""
    names = [chr(ord("A") + place) if place < 26 else f"P{place}" for place in range(len(counts))]
    population = pd.DataFrame({"practice": names, "n": people or [1000] * len(counts)})
    return practice_variation(pd.DataFrame({"practice": names, "count": counts}), population, **settings)


def by_band(practices: int = 12, *, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and population of practices by sex and age band, the older with twice the events."""
    rows = [
        (f"P{place:02d}", sex, band, 200 + (37 * place + 91 * k) % 900)
        for place in range(practices)
        for k, (sex, band) in enumerate([("female", "18-64"), ("female", "65+"), ("male", "18-64"), ("male", "65+")])
    ]
    population = pd.DataFrame(rows, columns=["practice", "sex", "ageband", "n"])
    expected = population["n"] * np.where(population["ageband"] == "65+", 0.04, 0.02)
    events = population.assign(count=poisson_counts(expected, draws=1, seed=seed)[0]).drop(columns="n")
    return events, population


# measures


@pytest.mark.parametrize("case", cases("variation"))
def test_measures_are_those_of_the_closed_forms(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    found = variation(given["observed"], given["expected"], rates=given.get("rate"), draws=50)
    scv = systematic_component_of_variation(given["observed"], given["expected"])
    assert scv == pytest.approx(expected["scv_x100"], rel=CLOSE)
    assert found.scv == pytest.approx(max(0, expected["scv_x100"]), rel=CLOSE)
    assert (found.chi_square, found.degrees) == (pytest.approx(expected["chisq"], rel=CLOSE), expected["chisq_df"])
    if "rate" in given:
        assert found.cv == pytest.approx(expected["cv_unweighted"], rel=CLOSE)
        assert found.ratio_95_5 == pytest.approx(expected["eq_95_5"], rel=CLOSE)
        assert found.ratio_75_25 == pytest.approx(expected["iqr_ratio_75_25"], rel=CLOSE)
        assert found.p == pytest.approx(expected["chisq_p"], rel=CLOSE)
        assert found.zero_units == expected["n_zero"]
        if expected["eq_max_min"] is None:
            assert math.isnan(found.max_min)
        else:
            assert found.max_min == pytest.approx(expected["eq_max_min"], rel=CLOSE)


def test_the_fold_counts_units_with_ten_events_and_says_how_many_it_leaves_out() -> None:
    """40/20 over 10/20 = 4; the unit with 9 events over 30 would make it 6.7."""
    found = variation([40, 10, 9, 25], [20, 20, 30, 25])
    assert (found.fold, found.excluded, found.zero_units) == (4, 1, 0)
    assert found.max_min == pytest.approx(40 / 20 / (9 / 30))
    assert found.fold_shown == "4.0"


def test_V68_where_observed_is_expected_nothing_varies() -> None:
    expected = [20.0, 35.0, 50.0, 12.0]
    found = variation(expected, expected)
    assert systematic_component_of_variation(expected, expected) < 0
    assert (found.scv, found.chi_square, found.p, found.fold, found.cv) == (0, 0, 1, 1, 0)


@given(COUNTS)
def test_measures_do_not_depend_on_the_order_of_units(units: list[tuple[int, float]]) -> None:
    observed, expected = zip(*units, strict=True)
    one, other = (variation(observed[::way], expected[::way], draws=5) for way in (1, -1))
    for name in ("fold", "max_min", "scv", "cv", "chi_square", "ratio_95_5"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), nan_ok=True)


def test_small_measures() -> None:
    assert extremal_quotient([2, 8]) == 4
    assert math.isnan(extremal_quotient([0, 8]))
    assert coefficient_of_variation([1, 2, 3]) == 0.5
    assert math.isnan(coefficient_of_variation([1]))
    assert math.isnan(variation([30], [20]).p)


def test_units_without_expected_events_are_refused() -> None:
    with pytest.raises(BadTable) as caught:
        variation([5, None], [10, 0])
    assert caught.value.problems == [
        "units: observed: row 1: missing; a number from 0 is needed",
        "units: expected: row 1: 0; a number above 0 is needed",
    ]
    assert variation([5, None], [10, 10], fill_missing=0).zero_units == 1


@given(COUNTS.filter(lambda units: sum(count for count, _ in units) > 0), st.floats(0.1, 10))
def test_twice_as_many_events_expected_everywhere_change_no_measure_of_variation_between_units(
    units: list[tuple[int, float]], times: float
) -> None:
    """The level of a reference from elsewhere is not variation: nor in χ², nor in what chance alone gives."""
    observed, expected = zip(*units, strict=True)
    one = variation(observed, expected, draws=50)
    other = variation(observed, np.array(expected) * times, draws=50)
    for name in ("scv_between", "chi_square_between", "p_between", "fold", "cv"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6, abs=1e-9, nan_ok=True)
    assert one.chance.ratio_95_5 == pytest.approx(other.chance.ratio_95_5, nan_ok=True)
    assert one.chance.median == pytest.approx(other.chance.median, nan_ok=True)


def test_units_that_differ_by_chance_alone_do_so_too_against_a_reference_twice_as_high() -> None:
    """The plain component is 24 and p is 0, as if units differed: half as many events as expected, everywhere alike."""
    expected = np.linspace(100, 400, 30)
    counts = poisson_counts(expected, draws=1, seed=3)[0]
    found = variation(counts, 2 * expected)
    assert found.scv > 20
    assert found.p < 1e-6
    assert found.scv_between < 1
    assert found.p_between > 0.05
    assert found.level == pytest.approx(0.5, abs=0.02)
    assert found.level_says.startswith(f"All practices together have {found.level:.2f} times the events expected")
    assert found.chance.median == pytest.approx(fold_by_chance(expected).median, rel=0.03)


def test_where_expected_events_add_to_those_observed_both_measures_are_one() -> None:
    found = variation([10, 20, 30], [20, 20, 20])
    assert (found.scv_between, found.chi_square_between, found.p_between) == (found.scv, found.chi_square, found.p)
    assert found.level_says == ""


def test_without_any_events_there_is_no_variation_to_speak_of() -> None:
    found = variation([0, 0, 0], [20, 20, 20])
    assert math.isnan(found.scv_between)
    assert math.isnan(found.p_between)
    assert found.level == 0


def test_where_chance_cannot_be_told_the_words_say_so() -> None:
    """Two of 202 practices have ten events where one or so is expected: the words were 'about nan times'."""
    found = of_sizes([12, 11] + [1] * 200)
    assert math.isnan(found.variation.chance.median)
    assert found.says[1] == (
        "What chance alone would give cannot be told: so few events are expected that hardly two practices would have 10."
    )
    assert "nan" not in " ".join(found.says)


# chance


@given(st.integers(0, 2**40), st.integers(1, 30), st.integers(1, 6))
def test_one_seed_gives_one_set_of_draws(seed: int, rows: int, columns: int) -> None:
    drawn = even_numbers(seed, rows, columns)
    assert (drawn == even_numbers(seed, rows, columns)).all()
    assert (drawn == even_numbers(seed, rows + 3, columns)[:rows]).all()
    assert (drawn != even_numbers(seed + 1, rows, columns)).all()
    assert drawn.min() > 0
    assert drawn.max() < 1


def test_draws_are_spread_evenly_and_counts_are_poisson() -> None:
    assert stats.kstest(even_numbers(9, 20_000, 1)[:, 0], "uniform").pvalue > 0.001
    pairs = even_numbers(9, 20_000, 2)
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.03
    for mean in (0.5, 6, 80):
        counts = poisson_counts([mean], draws=20_000, seed=4)[:, 0]
        classes = np.arange(int(stats.poisson.ppf(0.001, mean)), int(stats.poisson.ppf(0.999, mean)) + 1)
        seen = np.array([(counts == value).sum() for value in classes])
        due = stats.poisson.pmf(classes, mean) * 20_000
        enough = due > 5
        assert stats.chisquare(seen[enough], due[enough] * seen[enough].sum() / due[enough].sum()).pvalue > 0.001


def test_counts_of_millions_are_drawn_without_a_table_of_all_smaller_ones() -> None:
    """A table up to 10 billion would not fit into memory."""
    counts = poisson_counts([1e10], draws=2000, seed=4)[:, 0]
    assert abs(counts.mean() - 1e10) < 5 * 1e5 / np.sqrt(2000)
    assert counts.std() == pytest.approx(1e5, rel=0.1)


def test_the_fold_by_chance_of_equal_units_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(1)
    for mean in (20, 60):
        counts = rng.poisson(mean, (4000, 40))
        kept = np.where(counts >= 10, counts, 10**6)
        assert fold_by_chance([mean] * 40).median == pytest.approx(np.median(counts.max(1) / kept.min(1)), rel=0.03)


def test_forty_practices_differ_by_1_9_and_2_9_times_by_chance_alone() -> None:
    """With about 60 and about 20 expected events, lists as unequal as real ones, and none left out.

    Where the true rates differ by a standard deviation of 0.30 of their logarithm, chance and all give 4.3 and 5.6,
    which lie beyond the interval by chance alone.
    """
    spread = np.exp(0.3 * stats.norm.ppf((np.arange(40) + 0.5) / 40))
    rng = np.random.default_rng(2)
    for mean, alone, together in ((60, 1.9, 4.3), (20, 2.9, 5.6)):
        expected = mean * spread / spread.mean()
        found = fold_by_chance(expected, fewest_events=0, observed_fold=together)
        assert found.median == pytest.approx(alone, abs=0.1)
        rates = np.exp(rng.normal(0, 0.3, (4000, 40)))
        folds = [extremal_quotient(row) for row in rng.poisson(expected * rates) / expected]
        assert np.nanmedian(folds) == pytest.approx(together, abs=0.25)
        assert found.upper < together
        assert found.share_at_least < 0.025


def test_the_fold_by_chance_grows_with_the_number_of_units_and_falls_with_their_size() -> None:
    assert fold_by_chance([60] * 10).median < fold_by_chance([60] * 40).median < fold_by_chance([60] * 160).median
    assert fold_by_chance([240] * 40).median < fold_by_chance([60] * 40).median


def test_chance_has_nothing_to_say_of_units_that_are_too_small() -> None:
    found = fold_by_chance([1, 1])
    assert math.isnan(found.median)
    assert math.isnan(found.share_at_least)


def test_V73_without_true_variation_the_systematic_component_is_near_nothing() -> None:
    """Its mean over 500 simulations; and the observed fold lies in the interval by chance in about 95 of 100."""
    expected = np.linspace(20, 100, 40)
    counts = poisson_counts(expected, draws=500, seed=11)
    found = [systematic_component_of_variation(row, expected) for row in counts]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(500)
    chance = fold_by_chance(expected, seed=1)
    folds = [variation(row, expected, draws=2).fold for row in counts]
    inside = sum(chance.lower <= fold <= chance.upper for fold in folds)
    least, most = stats.binom.interval(0.999, 500, 0.95)
    assert least <= inside <= most


# practices


def test_a_practice_has_the_rates_that_the_functions_of_rates_give_it() -> None:
    events, population = by_band()
    standard = pd.DataFrame(
        {"sex": ["male", "female"] * 2, "ageband": ["65+", "65+", "18-64", "18-64"], "weight": [4, 3, 9, 8]}
    )
    found = practice_variation(events, population, standard, multiplier=100_000)
    keys = ["sex", "ageband"]
    pooled = population.groupby(keys)["n"].sum(), events.groupby(keys)["count"].sum()
    for row in found.table.to_dict("records"):
        people, counts = (
            table[table["practice"] == row["practice"]].set_index(keys)[name]
            for table, name in ((population, "n"), (events, "count"))
        )
        weights = standard.set_index(keys)["weight"].loc[people.index]
        rate = directly_standardised_rate(counts, people, weights)
        ratio = indirectly_standardised_ratio(counts, people, pooled[1].loc[people.index], pooled[0].loc[people.index])
        assert [row["rate"], row["rate_lower"], row["rate_upper"]] == pytest.approx(
            [rate.value, rate.lower, rate.upper]
        )
        assert [row["ratio"], row["ratio_lower"], row["ratio_upper"]] == pytest.approx(
            [ratio.value, ratio.lower, ratio.upper]
        )
        assert (row["observed"], row["expected"]) == (ratio.observed, pytest.approx(ratio.expected))
    assert found.table["expected"].sum() == pytest.approx(found.table["observed"].sum())


def test_the_order_of_rows_does_not_matter() -> None:
    events, population = by_band()
    found = practice_variation(events, population)
    shuffled = practice_variation(events.iloc[::-1], population)
    pd.testing.assert_frame_equal(found.table, shuffled.table)


def test_inputs_are_left_alone() -> None:
    events, population = by_band()
    before = events.copy(), population.copy()
    practice_variation(events, population)
    pd.testing.assert_frame_equal(events, before[0])
    pd.testing.assert_frame_equal(population, before[1])


def test_without_bands_rates_are_crude() -> None:
    found = of_sizes([40, 25, 12], [1000, 2000, 1500])
    for row, count, people in zip(found.table.to_dict("records"), [40, 25, 12], [1000, 2000, 1500], strict=True):
        rate = crude_rate(count, people, multiplier=1000)
        assert [row["rate"], row["rate_lower"], row["rate_upper"]] == pytest.approx(
            [rate.value, rate.lower, rate.upper]
        )
    assert "Rates are crude: practices with older people can differ for that reason alone." in found.says


def test_persons_with_several_events_widen_the_limits_of_rates() -> None:
    population = pd.DataFrame({"practice": ["A", "B"], "n": [1000, 1000]})
    events = pd.DataFrame(
        {"practice": ["A", "B"], "count": [40, 40], "persons_with_1": [40, 10], "persons_with_3": [0, 10]}
    )
    table = practice_variation(events, population).table
    several = directly_standardised_rate_of_repeat_events({1: [10], 3: [10]}, [1000], [1], multiplier=1000)
    assert table["rate"].tolist() == pytest.approx([40, 40])
    assert [table["rate_lower"][1], table["rate_upper"][1]] == pytest.approx([several.lower, several.upper])
    assert table["rate_lower"][1] < table["rate_lower"][0]
    with pytest.raises(
        BadTable,
        match=r"^events: count, persons_with_1, persons_with_3: row 1: 41, 10, 10; the persons' events must add to the count$",
    ):
        practice_variation(events.assign(count=[40, 41]), population)


def test_V70_one_practice_is_its_own_standard() -> None:
    events, population = by_band(1)
    row = practice_variation(events, population).table.iloc[0]
    assert row["rate"] == pytest.approx(1000 * events["count"].sum() / population["n"].sum(), rel=1e-12)
    assert row["ratio"] == pytest.approx(1, rel=1e-12)


def test_V71_two_practices_merged_add_their_events_and_change_no_other() -> None:
    events, population = by_band()
    before = practice_variation(events, population).table.set_index("practice")
    keys = ["practice", "sex", "ageband"]
    merged_events, merged_people = (
        table.replace({"practice": {"P01": "P00"}}).groupby(keys, sort=False, as_index=False).sum()
        for table in (events, population)
    )
    after = practice_variation(merged_events, merged_people).table.set_index("practice")
    assert after.loc["P00", "observed"] == before.loc["P00", "observed"] + before.loc["P01", "observed"]
    assert after.loc["P00", "expected"] == pytest.approx(
        before.loc["P00", "expected"] + before.loc["P01", "expected"], rel=1e-12
    )
    assert after["observed"].sum() / after["expected"].sum() == pytest.approx(1, rel=1e-12)
    others = [name for name in before.index if name not in ("P00", "P01")]
    assert after.loc[others, "ratio"].tolist() == pytest.approx(before.loc[others, "ratio"].tolist(), rel=1e-12)


def test_V72_one_practice_with_no_events() -> None:
    """No crash; the fold is said to be not defined and the 95/5 ratio takes its place."""
    found = of_sizes([0, 30, 50, 40, 45, 35, 38, 42, 55, 33, 47, 60] * 2)
    assert found.variation.fold_shown == "not defined, 2 practices at zero"
    found = of_sizes([0, 30, 50, 40, 45, 35, 38, 42, 55, 33, 47, 60] + [45] * 12)
    assert found.variation.fold_shown == "not defined, 1 practice at zero"
    assert math.isnan(found.variation.max_min)
    assert found.says[0] == "The highest practice over the lowest: not defined, 1 practice at zero."
    assert found.says[1].startswith(f"The 95/5 ratio is used instead: it is {found.variation.ratio_95_5:.1f}. If all")
    assert found.table["ratio"].iloc[0] == 0
    assert found.table["ratio_lower"].iloc[0] == 0
    assert np.isnan(found.table["rate"].iloc[0])
    assert json.loads(variation_json(found))["variation"]["fold_shown"] == "not defined, 1 practice at zero"
    assert "not defined, 1 practice at zero" in variation_page(found, "South")


def test_short_lists_and_few_events_are_flagged() -> None:
    found = of_sizes([9, 10, 40], [400, 500, 1000])
    assert found.table["small_list"].tolist() == [True, False, False]
    assert found.table["rate_not_shown"].tolist() == [True, False, False]
    assert found.table["rate"].isna().tolist() == [True, False, False]
    assert "1 practice with fewer than 500 people: read the figures with care." in found.says
    assert "No rate is shown for 1 practice with fewer than 10 events." in found.says
    assert "1 practice with fewer than 10 events is left out when highest and lowest are compared." in found.says


def test_the_findings_in_words() -> None:
    found = of_sizes([150, 75, 100, 100, 90, 110, 95, 105, 100, 75], what="MRI scans")
    assert "\n".join(found.says) == (
        "Among 10 practices with at least 10 MRI scans, the highest has 2.0 times as many as the lowest, given its people.\n"
        "If all practices were alike, chance alone would give about 1.4 times (95% interval 1.2 to 1.6). "
        "Chance alone does not explain the difference.\n"
        "With the extremes left out, high over low is 1.8 (95/5 ratio) and 1.1 (75/25 ratio).\n"
        "With chance taken out, some variation is left (systematic component of variation: 3.0).\n"
        "The spread is wider than chance alone gives on average (φ is 1.9; chance alone gives about 0.7), "
        "so the limits are widened by the usual difference between units.\n"
        "1 practice lies beyond the 99.8% limits (widened limits). "
        "Of practices that are all alike, about 1 in 20 lies beyond the 95% limits.\n"
        "Rates are crude: practices with older people can differ for that reason alone.\n"
        "Variation is a reason to ask, not proof of poor care."
    )


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ([150, 60, 100, 90], "Chance alone does not explain the difference."),
        ([105, 95, 100, 115], "Chance alone can explain the difference."),
        ([100, 100, 100, 100], "The difference is smaller than chance alone would usually give."),
    ],
)
def test_the_verdict_compares_the_fold_with_chance(counts: list[int], verdict: str) -> None:
    assert of_sizes(counts).says[1].endswith(verdict)


def test_seeds_and_draws_are_told_and_repeat() -> None:
    one, same, other = (of_sizes([40, 20, 30], seed=seed, draws=200).variation.chance for seed in (1, 1, 2))
    assert one == same
    assert (one.seed, one.draws) == (1, 200)
    assert one != other


# bad tables


def test_everything_wrong_with_the_tables_is_told_at_once() -> None:
    population = pd.DataFrame(
        {"practice": ["A", "A", "B", "C", "C"], "ageband": ["y", "o", "y", "y", "o"], "n": [-1, 5, 5, 5, 5]}
    )
    events = pd.DataFrame(
        {
            "practice": ["A", "A", "B", "Z", "C", "C"],
            "ageband": ["y", "o", "y", "y", "y", "y"],
            "count": [1, None, 2, 3, -4, 5],
        }
    )
    standard = pd.DataFrame({"ageband": ["y", "x"], "weight": [1, -1]})
    with pytest.raises(BadTable) as caught:
        practice_variation(events, population, standard)
    assert caught.value.problems == [
        "population: n: row 0: -1; a number from 0 is needed",
        "population: there is no row for B, o; give every practice the same bands, or widen them",
        "events: practice, ageband: row 5: 'C', 'y'; each row must differ in it",
        "events: count: row 1: missing; row 4: -4; a number from 0 is needed",
        "events: practice: row 3: 'Z'; there is no population of this practice",
        "events: there is no row for C, o; a missing count is not a count of zero; add the row, or fill_missing=0",
        "standard: weight: row 1: -1; a number from 0 is needed",
        "standard: ageband: row 1: 'x'; no practice has people in this band",
        "standard: there is no row for o; give each band of the population a weight",
    ]


def test_events_in_a_band_without_people_are_refused() -> None:
    population = pd.DataFrame({"practice": ["A", "B"], "sex": ["f", "f"], "n": [50, 50]})
    events = pd.DataFrame({"practice": ["A", "B", "B"], "sex": ["f", "f", "m"], "count": [5, 5, 5]})
    with pytest.raises(
        BadTable,
        match=r"^events: practice, sex: row 2: 'B', 'm'; there is no population of this band at this practice$",
    ):
        practice_variation(events, population)


def test_tables_by_different_bands_are_refused() -> None:
    events, population = by_band(2)
    with pytest.raises(BadTable) as caught:
        practice_variation(events.drop(columns="sex"), population)
    assert caught.value.problems == [
        "events: it is by ageband, the population by sex and ageband; give all tables the same columns"
    ]
    with pytest.raises(BadTable, match=r"^population: there is no column 'n'\. Its columns are: practice$"):
        practice_variation(pd.DataFrame({"practice": ["A"], "count": [1]}), pd.DataFrame({"practice": ["A"]}))


def test_a_row_that_is_not_there_is_zero_only_where_the_caller_says_so() -> None:
    population = pd.DataFrame({"practice": ["A", "B"], "n": [1000, 1000]})
    events = pd.DataFrame({"practice": ["B"], "count": [30]})
    with pytest.raises(BadTable, match=r"^events: there is no row for A; a missing count is not a count of zero"):
        practice_variation(events, population)
    assert practice_variation(events, population, fill_missing=0).table["observed"].tolist() == [0, 30]


def test_no_events_at_all_are_nothing_to_compare() -> None:
    with pytest.raises(BadTable, match=r"^events: there are none at any practice: there is nothing to compare$"):
        of_sizes([0, 0])


# faces


LOCAL = [4, 0, 30, 50, 40, 45, 35, 38, 42, 55, 33, 140]


def test_a_hidden_count_takes_with_it_every_figure_that_gives_it_away() -> None:
    names = [f"P{place:02d}" for place in range(len(LOCAL))]
    population = pd.DataFrame({"practice": names, "n": 1000})
    events = pd.DataFrame({"practice": names, "count": LOCAL})
    found = disclosed_variation(events, population, what="MRI scans")
    assert found.table["observed"].tolist()[:3] == ["*", 0, 30]
    first, second = found.table.iloc[0], found.table.iloc[1]
    assert first[["ratio", "ratio_lower", "ratio_upper", "rate"]].isna().all()
    assert (first["band"], first["flagged_by"]) == ("not shown", "")
    assert second["ratio"] == 0
    written = json.loads(variation_json(found))
    assert written["practices"][0]["observed"] == "*"
    assert written["practices"][0]["ratio"] is None
    assert written["variation"]["max_min"] is None
    assert written["variation"]["observed"] == "*"  # a total of those shown is not one of all
    drawn = json.dumps(funnel_spec(found))
    assert '"practice": "P00"' not in drawn
    assert "Not drawn, because few people are behind the figure: 1 practice." in drawn
    assert "<td>*</td>" in variation_page(found, "South")
    assert "1 practice with few MRI scans is hidden, and left out of all figures." in found.says


def test_what_may_be_shown_is_worked_out_from_the_counts_shown() -> None:
    """The figures of 40, 40 and 60 events, whatever stands behind them; a practice with 3 counts for nothing."""
    population = pd.DataFrame({"practice": ["A", "B", "C", "D"], "n": [1000, 2000, 1500, 900]})
    found = disclosed_variation(population.assign(count=[41, 38, 62, 3]).drop(columns="n"), population)
    plain = practice_variation(
        pd.DataFrame({"practice": ["A", "B", "C"], "count": [40, 40, 60]}), population[population["practice"] != "D"]
    )
    pd.testing.assert_frame_equal(found.table.iloc[:3], plain.table, check_dtype=False)
    assert found.variation == plain.variation
    assert found.says[:-2] == plain.says[:-1]
    assert (
        disclosed_variation(plain.table[["practice"]].assign(count=[41, 38, 62]), population[:3], policy="none").rate
        == 1000 * 141 / 4500
    )


def test_where_nothing_can_be_shown_it_is_said() -> None:
    population = pd.DataFrame({"practice": ["A", "B"], "n": [1000, 2000]})
    with pytest.raises(BadTable, match=r"^events: nothing can be shown: each practice has no events, or so few"):
        disclosed_variation(pd.DataFrame({"practice": ["A", "B"], "count": [0, 7]}), population)
    with pytest.raises(BadTable, match=r"a whole number from 0 is needed"):
        disclosed_variation(pd.DataFrame({"practice": ["A", "B"], "count": [10, 7.5]}), population)


def test_a_band_of_nobody_adds_nothing() -> None:
    """A has women only: 30 of 900 and 60 of 1,800 people had an event; its rate is that of its women."""
    population = pd.DataFrame(
        {"practice": ["A", "A", "B", "B"], "sex": ["female", "male"] * 2, "n": [900, 0, 900, 900]}
    )
    found = practice_variation(population.assign(count=[30, 0, 30, 60]).drop(columns="n"), population)
    of_b = (1800 * 30 / 900 + 900 * 60 / 900) / 2700
    assert found.table["rate"].tolist() == pytest.approx([1000 * 30 / 900, 1000 * of_b])
    assert found.table["expected"].tolist() == pytest.approx([30, 90])
    assert "The rate of a practice with nobody in a band is over its other bands." in " ".join(found.says)
    with pytest.raises(BadTable, match=r"events: practice, sex, count: row 1: 'A', 'male', 2; events among nobody"):
        practice_variation(population.assign(count=[30, 2, 30, 60]).drop(columns="n"), population)


def test_json_says_everything_and_has_no_numbers_that_are_none() -> None:
    found = of_sizes(LOCAL)
    written = json.loads(variation_json(found), parse_constant=lambda name: pytest.fail(name))
    assert written["says"] == list(found.says)
    assert len(written["practices"]) == 12
    assert written["practices"][1]["rate"] is None
    assert written["variation"]["chance"]["seed"] == 42
    assert written["funnel"]["limits"] == "widened"


def printed(found: PracticeVariation) -> str:
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for part in variation_terminal(found):
        console.print(part)
    return console.export_text()


def test_the_terminal_says_the_findings_and_lists_practices_from_high_to_low() -> None:
    found = of_sizes(LOCAL, what="MRI scans")
    said = variation_terminal(found)
    assert said[: len(found.says)] == list(found.says)
    assert isinstance(said[-1], Table)
    text = printed(found)
    assert text.index("\nL  ") < text.index("\nJ  ") < text.index("\nB  ")
    assert "0.00 (0.00 to 0.09)" in text
    assert "below 99.8% (widened limits)" in text


def test_of_many_practices_the_terminal_lists_those_outside() -> None:
    names = [f"P{place:03d}" for place in range(70)]
    population = pd.DataFrame({"practice": names, "n": [1000] * 70})
    events = pd.DataFrame({"practice": names, "count": [50] * 69 + [200]})
    said = variation_terminal(practice_variation(events, population))
    assert said[-1] == "69 practices inside the limits not listed; --json has all."
    assert said[-2].row_count == 1  # type: ignore[union-attr]


def test_the_funnel_tells_bands_apart_by_shape_and_colour() -> None:
    found = of_sizes(LOCAL, what="MRI scans")
    for dark in (False, True):
        spec = funnel_spec(found, dark=dark)
        points = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")
        domain = points["encoding"]["shape"]["scale"]["domain"]
        assert domain == points["encoding"]["color"]["scale"]["domain"]
        assert domain == [band for band in BANDS if band in set(found.table["band"])]
        assert len(set(points["encoding"]["shape"]["scale"]["range"])) == len(domain) >= 3
        assert {row["practice"] for row in points["data"]["values"]} == set(found.table["practice"])
    named = [layer for layer in spec["layer"] if layer["mark"]["type"] == "text"][-1]["data"]["values"]
    far = found.table["practice"][found.table["band"].str.endswith("99.8%")]
    assert {row["label"] for row in named if row["label"]} == set(far)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_colours_of_the_funnel_stand_out(colours: dict[str, str]) -> None:
    """3 to 1 for symbols and lines, 4.5 to 1 for words, against the paper."""
    paper = luminance(colours["paper"])

    def contrast(name: str) -> float:
        low, high = sorted((luminance(colours[name]), paper))
        return (high + 0.05) / (low + 0.05)

    for name in ("inside", "95%", "99.8%", "line"):
        assert contrast(name) >= 3, name
    assert contrast("ink") >= 4.5
    assert contrast("line") >= 4.5
    assert LIGHT["99.8%"] in SCENARIO_COLOURS


def test_the_curves_are_the_limits_of_the_table() -> None:
    """A practice with the most expected events lies under the curve that the table names its limits."""
    found = of_sizes([40, 60, 30, 90, 45, 55, 25, 75, 50, 50, 200], [1000] * 10 + [1500])
    spec = funnel_spec(found)
    curve = [row for row in spec["layer"][0]["data"]["values"] if row["curve"] == "upper 95%"]
    row = found.table.iloc[-1]
    at = np.interp(row["expected"], [each["expected"] for each in curve], [each["ratio"] for each in curve])
    assert at == pytest.approx(row["upper95"], rel=1e-3)


def test_the_funnel_in_words_names_who_lies_outside() -> None:
    found = of_sizes(LOCAL, what="MRI scans")
    alt = funnel_chart(found).alt
    assert alt.startswith("Funnel plot of 12 practices: observed over expected MRI scans. ")
    assert "Below 99.8% limits: B. Below 95% limits: A. Above 95% limits: L. Inside the limits: 9." in alt
    assert alt.endswith(A_REASON_TO_ASK)


def test_the_page_needs_nothing_else_and_says_what_the_terminal_says() -> None:
    found = of_sizes(LOCAL, what="MRI <scans>")
    text = variation_page(found, "MRI scans in the <south>")
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("h1") == 1
    assert tags.count("svg") >= 1
    assert "script" not in tags
    assert "MRI scans in the &lt;south&gt;" in text
    assert not re.search(r"""(src|href)=["']http""", text)
    assert A_REASON_TO_ASK in text
    for sentence in found.says:
        assert sentence.replace("<", "&lt;").replace(">", "&gt;") in text
    assert text.count('<th scope="row">') == 12


def test_terminal_page_and_json_give_the_same_place_to_every_practice() -> None:
    found = of_sizes(LOCAL)
    text, page = printed(found), variation_page(found, "South")
    for row in json.loads(variation_json(found))["practices"]:
        place = f"{row['band']} ({row['flagged_by']})" if row["flagged_by"] else row["band"]
        assert re.search(rf"\n{row['practice']} .*{re.escape(place)}", text)
        assert re.search(rf">{row['practice']}</th>.*<td>{re.escape(place)}</td>", page)
