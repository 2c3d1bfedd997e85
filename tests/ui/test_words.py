"""Numbers as people read them: rounding, signs, units, and the words for less and more."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathways.pathway import Outcome
from tests.helpers.outcomes_in_words import COST, NAN, QALYS, SCANS, WAIT
from ui.words import (
    MINUS,
    NO_VALUE,
    amount,
    comparative,
    figures,
    in_a_sentence,
    money,
    per_year,
    percent,
    signed,
    with_unit,
)

REFERRALS = Outcome(title="Spinal clinic referrals", of="referral", services=["spinal_clinic"], better="less")

values = st.floats(-1e12, 1e12, allow_nan=False)


def test_less_than_half_a_penny_is_nothing() -> None:
    """A standard error of 0.0000000273 pounds was told to ten places."""
    assert money(2.73e-8) == money(-2.73e-8) == "£0"
    assert money(0.05) == "£0.05"


def read_back(text: str) -> float:
    """The number that a reader sees."""
    return float(text.replace(MINUS, "-").replace(",", "").replace("£", "").replace("%", "").replace("+", ""))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0%"), (-0.0, "0%"), (-0.49, "0%"), (0.49, "0%"), (0.5, "+1%"), (-0.5, "−1%"), (2.5, "+3%"), (-2.5, "−3%"), (-100.0, "−100%"), (1234.4, "+1234%"), (NAN, "–")],
)  # fmt: skip
def test_percentages_are_whole_with_a_sign_and_never_minus_nought(value: float, expected: str) -> None:
    """Halves go away from zero on both sides, so that −2.5 and +2.5 read alike."""
    assert percent(value) == expected


@given(values)
def test_a_percentage_is_within_half_a_point_and_uses_the_true_minus(value: float) -> None:
    text = percent(value)
    assert abs(read_back(text) - value) <= 0.5 + 1e-9 * abs(value)
    assert "-" not in text
    assert text == "0%" or text[0] in (MINUS, "+")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (7, "7"), (42.36, "42.4"), (404.4, "404"), (6_270.4, "6,270"), (37_572, "37,600"), (999.6, "1,000"), (0.0432, "0.0432"), (-412.4, "−412"), (1_000_000, "1,000,000"), (NAN, "–")],
)  # fmt: skip
def test_counts_have_three_significant_figures(value: float, expected: str) -> None:
    assert figures(value) == expected


@given(values.filter(lambda value: abs(value) > 1e-6))
def test_three_figures_are_never_off_by_more_than_half_a_percent(value: float) -> None:
    """Rounding to three significant figures moves a number by at most 5 in 1,000."""
    assert read_back(figures(value)) == pytest.approx(value, rel=0.005)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "£0"), (999_499, "£999,000"), (999_500, "£1.00m"), (8_263_456.5, "£8.26m"), (-16_500, "−£16,500"), (-2_004_000, "−£2.00m"), (NAN, "–")],
)  # fmt: skip
def test_money_is_told_to_ten_thousand_pounds_from_a_million(value: float, expected: str) -> None:
    assert money(value) == expected


@given(st.floats(1_000_000, 1e9))
def test_money_from_a_million_is_within_five_thousand_pounds(value: float) -> None:
    text = money(value)
    assert text.startswith("£")
    assert text.endswith("m")
    assert abs(1e6 * read_back(text[1:-1]) - value) <= 5_000 + 1e-3


def test_amounts_leave_the_unit_to_the_row_and_sentences_name_it() -> None:
    assert (amount(42.36, WAIT), with_unit(42.36, WAIT)) == ("42.4", "42.4 days")
    assert (amount(1_640_000, COST), with_unit(1_640_000, COST)) == ("£1.64m", "£1.64m")
    assert (amount(405.1, SCANS), with_unit(405.1, SCANS)) == ("405", "405")


@pytest.mark.parametrize(
    ("value", "outcome", "expected"),
    [(5.19, WAIT, "+5.19"), (-5.19, WAIT, "−5.19"), (0.0, SCANS, "0"), (-16_500, COST, "−£16,500"), (16_500, COST, "+£16,500"), (NAN, COST, NO_VALUE)],
)  # fmt: skip
def test_changes_carry_their_sign(value: float, outcome: Outcome, expected: str) -> None:
    assert signed(value, outcome) == expected


def test_totals_become_yearly_and_waits_stay_as_they_are() -> None:
    assert per_year(2000, SCANS, 5) == 400
    assert per_year(40, WAIT, 5) == 40
    assert per_year(0, SCANS, 0) == 0
    assert math.isnan(per_year(NAN, WAIT, 5))


@pytest.mark.parametrize(
    ("outcome", "less", "more"),
    [(SCANS, "fewer", "more"), (REFERRALS, "fewer", "more"), (QALYS, "fewer", "more"), (WAIT, "a shorter", "a longer"), (COST, "a lower", "a higher")],
)  # fmt: skip
def test_less_and_more_have_the_word_that_fits_the_outcome(outcome: Outcome, less: str, more: str) -> None:
    assert comparative(outcome, lower=True) == less
    assert comparative(outcome, lower=False) == more


@pytest.mark.parametrize(
    ("title", "expected"),
    [("MRI scans", "MRI scans"), ("GP consultations", "GP consultations"), ("Spinal clinic wait (days)", "spinal clinic wait"), ("Cost (£)", "cost"), ("QALYs", "QALYs")],
)  # fmt: skip
def test_titles_fit_into_sentences(title: str, expected: str) -> None:
    assert in_a_sentence(title) == expected
