"""Hidden numbers (`*`), missing ones (`pd.NA`) and text are errors that say where, what and what to do, in every function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import outcomes
from outcomes import BadTable

FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]
TAKES: dict[str, Callable[[Any], Any]] = {
    "atkinson_ede": lambda x: outcomes.atkinson_ede(x, FIVE, 1),
    "byar_limits": outcomes.byar_limits,
    "coefficient_of_variation": outcomes.coefficient_of_variation,
    "concentration_index": lambda x: outcomes.concentration_index(x, FIVE),
    "count_limits": outcomes.count_limits,
    "crude_rate": lambda x: outcomes.crude_rate(x[1], 100),
    "crude_proportion": lambda x: outcomes.crude_proportion(x[1], 100),
    "directly_standardised_rate": lambda x: outcomes.directly_standardised_rate(x, FIVE, FIVE),
    "directly_standardised_rate, people": lambda x: outcomes.directly_standardised_rate(FIVE, x, FIVE),
    "directly_standardised_rate_of_repeat_events": lambda x: outcomes.directly_standardised_rate_of_repeat_events(
        {1: x}, FIVE, FIVE
    ),
    "discount_by_year": lambda x: outcomes.discount_by_year(x, annual_rate=0.035),
    "discount_flow": lambda x: outcomes.discount_flow(1, 0, x, annual_rate=0.035),
    "discount_instant": lambda x: outcomes.discount_instant(x, 1, annual_rate=0.035),
    "equity_weights": lambda x: outcomes.equity_weights(x, 1),
    "exact_poisson_limits": outcomes.exact_poisson_limits,
    "extremal_quotient": outcomes.extremal_quotient,
    "fold_by_chance": outcomes.fold_by_chance,
    "funnel": lambda x: outcomes.funnel(x, FIVE),
    "funnel, denominators": lambda x: outcomes.funnel(FIVE, x),
    "funnel, rates": lambda x: outcomes.funnel([20] * 5, FIVE, kind="rate", rates=x),
    "funnel_limits": lambda x: outcomes.funnel_limits(x, adjusted=True),
    "grouped_ages": lambda x: outcomes.grouped_ages(["0", "1", "2", "3", "4+"], [[each] for each in x]),
    "indirectly_standardised_ratio": lambda x: outcomes.indirectly_standardised_ratio(x, FIVE, FIVE, FIVE),
    "life_expectancy": lambda x: outcomes.life_expectancy([0, 1, 2, 3, 4], [10_000.0] * 5, x),
    "net_monetary_benefit": lambda x: outcomes.net_monetary_benefit(qalys=x, cost=FIVE, threshold=20_000),
    "overdispersed_limits": lambda x: outcomes.overdispersed_limits(x, tau2=0.1),
    "overdispersion": lambda x: outcomes.overdispersion(x, FIVE),
    "population_evpi": lambda x: outcomes.population_evpi(1, x, discount_rate=0),
    "proportion_limits": lambda x: outcomes.proportion_limits(x, target=0.5),
    "rate_limits": lambda x: outcomes.rate_limits(x, target=1),
    "ratio_limits": outcomes.ratio_limits,
    "share_of_ages": lambda x: outcomes.share_of_ages(
        ["0", "1", "2", "3", "4+"], [[e] for e in x], from_age=0, to_age=1
    ),
    "slope_index_of_inequality": lambda x: outcomes.slope_index_of_inequality(x, FIVE),
    "slope_index_of_inequality, errors": lambda x: outcomes.slope_index_of_inequality(FIVE, FIVE, x),
    "systematic_component_of_variation": lambda x: outcomes.systematic_component_of_variation(x, FIVE),
    "truncated": outcomes.truncated,
    "variation": lambda x: outcomes.variation(x, FIVE),
    "variation, rates": lambda x: outcomes.variation(FIVE, FIVE, rates=x),
    "wilson_limits": lambda x: outcomes.wilson_limits(x, [10] * 5),
    "winsorised": outcomes.winsorised,
}


@pytest.mark.parametrize("name", TAKES)
@pytest.mark.parametrize("hidden", ["*", "<5", "[c]"])
def test_a_hidden_number_is_named_with_what_to_do(name: str, hidden: str) -> None:
    with pytest.raises(BadTable) as bad:
        TAKES[name]([4.0, hidden, 2.0, 3.0, 1.0])
    [problem] = bad.value.problems
    assert f"'{hidden}'" in problem
    assert "stands for a small number that was hidden, not for 0: ask for the number, or leave the row out" in problem


@pytest.mark.parametrize("name", TAKES)
@pytest.mark.parametrize("missing", [pd.NA, None, float("nan")], ids=str)
def test_a_missing_number_is_named(name: str, missing: Any) -> None:
    with pytest.raises(BadTable, match=r"missing|nan"):
        TAKES[name]([4.0, missing, 2.0, 3.0, 1.0])


@pytest.mark.parametrize("name", TAKES)
def test_whole_numbers_that_can_be_missing_are_numbers(name: str) -> None:
    """Columns of pandas' Int64, and numbers as text, as a spreadsheet gives them."""
    values = [4, 5, 2, 3, 1]
    if name == "discount_by_year" or "share_of_ages" in name:
        values = sorted(values)
    plain, nullable, text = (
        str(TAKES[name](each))
        for each in (np.array(values, dtype=float), pd.array(values, dtype="Int64"), list(map(str, values)))
    )
    assert plain == nullable == text


def test_text_that_is_no_number_is_shown_as_it_stands() -> None:
    with pytest.raises(BadTable, match=r"^count: place 1: 'many'; place 2: '1,200'; a number from 0 is needed$"):
        outcomes.byar_limits([1, "many", "1,200"])  # type: ignore[list-item]
    with pytest.raises(BadTable, match=r"^units: numerator: a single row of numbers is needed$"):
        outcomes.funnel([[1, 2], [3, 4]], [1, 2])  # type: ignore[list-item]


def test_columns_of_tables_say_the_same() -> None:
    people = pd.DataFrame({"practice": ["A", "B"], "n": [1000, 1000]})
    events = pd.DataFrame({"practice": ["A", "B"], "count": [30, "*"]})
    with pytest.raises(BadTable, match=r"^events: count: row 1: '\*'; a number from 0 is needed \('\*' stands for"):
        outcomes.practice_variation(events, people)
    with pytest.raises(BadTable, match=r"^events: count: row 1: '\*'; a number from 0 is needed \('\*' stands for"):
        outcomes.practice_variation(events, people, fill_missing=0)
    counts = pd.DataFrame({"practice": ["A", "B"], "count": pd.array([30, pd.NA], dtype="Int64")})
    with pytest.raises(BadTable, match=r"^events: count: row 1: missing; a number from 0 is needed$"):
        outcomes.practice_variation(counts, people)
    assert outcomes.practice_variation(counts, people, fill_missing=0).table["observed"].tolist() == [30, 0]
    strategies = pd.DataFrame({"strategy": ["a", "b"], "cost": [1, pd.NA], "qaly": [1, 2]})
    with pytest.raises(BadTable, match=r"^strategies: cost: row 1: missing; a number is needed$"):
        outcomes.icer_table(strategies)
    time = pd.DataFrame({"utility": [0.5, pd.NA], "person_years": [1.0, "*"]})
    with pytest.raises(ValueError, match=r"utility: row 1: missing"):
        outcomes.qalys_of_time(time)


def test_a_standard_for_rates_without_bands_is_refused_in_a_sentence() -> None:
    people = pd.DataFrame({"practice": ["A", "B"], "n": [1000, 1000]})
    events = pd.DataFrame({"practice": ["A", "B"], "count": [30, 20]})
    found = outcomes.practice_variation(events, people, pd.DataFrame({"weight": [1.0]}))
    assert found.table["rate"].tolist() == [30, 20]


def test_rows_of_different_length_are_refused_in_a_sentence() -> None:
    for made in (
        lambda: outcomes.wilson_limits([1, 2], [3, 4, 5]),
        lambda: outcomes.net_monetary_benefit(qalys=[1, 2], cost=[3, 4, 5], threshold=1),
        lambda: outcomes.net_health_benefit(qalys=[1, 2], cost=[], threshold=1),
        lambda: outcomes.discount_flow([1, 2], [0, 1, 2], 3, annual_rate=0),
        lambda: outcomes.discount_instant([1, 2], [0, 1, 2], annual_rate=0),
    ):
        with pytest.raises(BadTable, match=r"all need as many, in the same order$"):
            made()
