"""Prices of one year as those of another, and costs over time by service, year, decile and practice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.economics.activity_costs import costs
from outcomes.economics.inflation import inflate, read_price_index, uplift_factor, uplift_factors
from outcomes.economics.qalys import qalys_over_time
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases, needs_vectors, vector

INDEX = pd.DataFrame({"year": [2022, 2023, 2024, 2025], "rate_percent": [2.5, 10.0, -4.0, 5.0]})
UNIT_COST = pd.DataFrame(
    {
        "service": ["gp", "mri", "surgery"],
        "cost": [40.0, 200.0, 9000.0],
        "price_year": [2024, 2022, 2024],
        "perspective": "NHS and PSS",
        "variable_share": [0.25, 0.5, 1.0],
        "source": "an example",
    }
)
ACTIVITY = pd.DataFrame(
    {
        "patient_id": [1, 2, 2, 3],
        "t": [0.0, 0.5, 1.25, 2.75],
        "service": ["gp", "mri", "gp", "gp"],
        "qty": [10, 1, 5, 2],
        "imd": [1, 10, 10, 5],
        "practice": ["A", "B", "B", "A"],
    }
)


def table(activity: pd.DataFrame = ACTIVITY, unit_cost: pd.DataFrame = UNIT_COST, **changes: Any) -> pd.DataFrame:
    """Costs of the example."""
    return costs(activity, unit_cost, INDEX, **{"price_year": 2024, "discount_rate": 0.035, **changes})


def part(found: pd.DataFrame, by: str, column: str = "cost") -> dict[str, float]:
    """One column of the rows by something."""
    rows = found[found["by"] == by]
    return dict(zip(rows["group"], rows[column], strict=True))


# prices


@needs_vectors
@pytest.mark.parametrize("case", cases("price_year"))
def test_published_uplifts_are_reproduced(case: dict[str, Any]) -> None:
    """The peer's own test returns the raw percent (2.7 for a cost of 1): wrong."""
    index = pd.DataFrame(vector("price_year")["table"])
    asked = case["input"]
    found = inflate(asked["cost"], index, from_year=asked["from_year"], to_year=asked["to_year"])
    assert found == pytest.approx(case["expected"], rel=1e-12)


def test_rates_are_chained_over_the_years_after_the_first() -> None:
    """1.10 x 0.96 x 1.05; the rate of 2022 itself does not count. In any order of rows."""
    expected = 1.10 * 0.96 * 1.05
    assert uplift_factor(INDEX, from_year=2022, to_year=2025) == pytest.approx(expected, rel=1e-12)
    assert uplift_factor(INDEX.iloc[::-1], from_year=2025, to_year=2022) == pytest.approx(1 / expected, rel=1e-12)


@given(st.integers(2021, 2025), st.integers(2021, 2025), st.floats(0.01, 1e6))
def test_V10_to_the_same_year_is_unchanged_and_there_and_back_too(one: int, other: int, cost: float) -> None:
    assert inflate(cost, INDEX, from_year=one, to_year=one) == cost
    there = inflate(cost, INDEX, from_year=one, to_year=other)
    assert inflate(there, INDEX, from_year=other, to_year=one) == pytest.approx(cost, rel=1e-12)


def test_V09_a_year_without_a_rate_is_named_with_the_item() -> None:
    lacking = INDEX[INDEX["year"] != 2024]
    with pytest.raises(BadTable) as found:
        inflate(100, lacking, from_year=2022, to_year=2025, item="MRI lumbar")
    assert str(found.value) == "price_index has no rate for 2024 (needed to move 'MRI lumbar' from 2022 to 2025)"
    with pytest.raises(
        BadTable, match=r"^price_index has no rate for 2026, 2027 \(needed to move prices from 2025 to 2027\)$"
    ):
        inflate(100, INDEX, from_year=2025, to_year=2027)


def test_V09_costs_name_every_item_that_cannot_be_moved_and_every_price_without_a_year() -> None:
    with pytest.raises(BadTable) as found:
        costs(ACTIVITY, UNIT_COST, price_year=2023, discount_rate=0)
    assert found.value.problems == [
        "price_index has no rate for 2024 (needed to move 'gp' from 2024 to 2023)",
        "price_index has no rate for 2023 (needed to move 'mri' from 2022 to 2023)",
        "price_index has no rate for 2024 (needed to move 'surgery' from 2024 to 2023)",
    ]
    with pytest.raises(BadTable) as found:
        costs(ACTIVITY, UNIT_COST.assign(price_year=[2024, None, 2024.5]), INDEX, price_year=2024, discount_rate=0)
    assert found.value.problems == [
        "unit_cost: service, price_year: row 1: 'mri', missing; row 2: 'surgery', 2024.5; say of which year the price is"
    ]


def test_the_table_of_rates_that_is_shipped_invents_none() -> None:
    assert read_price_index().columns.tolist() == ["year", "rate_percent", "source"]
    assert len(read_price_index()) == 0


def test_a_table_of_rates_needs_a_source_for_each(tmp_path: Path) -> None:
    path = tmp_path / "price_index.csv"
    path.write_text("year,rate_percent,source\n2023,4.0,volume of 2023\n2023,,\n", encoding="utf-8")
    with pytest.raises(BadTable) as found:
        read_price_index(path)
    assert found.value.problems == [
        "price_index: rate_percent: row 3: missing; a number above -100 is needed",
        "price_index: year: row 3: 2023; each row must differ in it",
        "price_index: year, source: row 3: 2023, missing; say where the rate comes from",
    ]
    path.write_text("year,rate_percent,source\n2023,4.0,volume of 2023\n", encoding="utf-8")
    assert uplift_factor(read_price_index(path), from_year=2022, to_year=2023) == 1.04


# costs


def test_costs_are_worked_out_by_hand() -> None:
    """gp: 17 x 40; mri: 200 x 1.10 x 0.96. By year 1, 2, 3; by decile; by practice."""
    found = table(discount_rate=0)
    mri = 200 * 1.10 * 0.96
    assert part(found, "total") == pytest.approx({"all": 680 + mri})
    assert part(found, "service") == pytest.approx({"gp": 680, "mri": mri, "surgery": 0})
    assert part(found, "year") == pytest.approx({"1": 400 + mri, "2": 200, "3": 80})
    assert part(found, "practice") == pytest.approx({"A": 480, "B": 200 + mri})
    assert part(found, "imd") == pytest.approx({str(k): {1: 400, 5: 80, 10: 200 + mri}.get(k, 0) for k in range(1, 11)})
    assert part(found, "service", "cash_releasing") == pytest.approx({"gp": 170, "mri": mri / 2, "surgery": 0})
    assert part(found, "service", "qty") == {"gp": 17, "mri": 1, "surgery": 0}
    assert found["discounted_cost"].tolist() == found["cost"].tolist()


def test_each_contact_is_discounted_from_its_own_moment() -> None:
    found = table(ACTIVITY[ACTIVITY["service"] == "gp"])
    expected = 400 + 200 * 1.035**-1.25 + 80 * 1.035**-2.75
    assert part(found, "total", "discounted_cost")["all"] == pytest.approx(expected, rel=1e-12)
    assert part(found, "total", "discounted_cash_releasing")["all"] == pytest.approx(expected / 4, rel=1e-12)


MONEY = ["cost", "discounted_cost", "cash_releasing", "discounted_cash_releasing"]


def test_V01_without_prices_every_cost_is_nothing() -> None:
    assert (table(unit_cost=UNIT_COST.assign(cost=0.0))[MONEY] == 0).all(axis=None)


def test_V02_twice_the_prices_are_twice_the_costs_and_the_same_activity() -> None:
    once, twice = table(), table(unit_cost=UNIT_COST.assign(cost=2 * UNIT_COST["cost"]))
    np.testing.assert_allclose(twice[MONEY], 2 * once[MONEY], rtol=1e-12)
    assert twice["qty"].tolist() == once["qty"].tolist()


@pytest.mark.parametrize(("service", "contacts"), [("gp", 17), ("mri", 1.10 * 0.96), ("surgery", 0)])
def test_V03_a_pound_more_costs_as_many_pounds_as_there_are_contacts(service: str, contacts: float) -> None:
    """A pound of 2022, in which the price of a scan stands, is 1.10 x 0.96 pounds of 2024."""
    dearer = UNIT_COST.assign(cost=UNIT_COST["cost"] + (UNIT_COST["service"] == service))
    more = part(table(unit_cost=dearer), "total")["all"] - part(table(), "total")["all"]
    assert more == pytest.approx(contacts, abs=1e-9)


@pytest.mark.parametrize("rate", [0.0, 0.035])
@pytest.mark.parametrize("by", ["service", "year", "imd", "practice"])
def test_V37_parts_add_up_to_the_total(by: str, rate: float) -> None:
    """Of 500 random contacts, discounted and not, in cash and in full."""
    rng = np.random.default_rng(1)
    many = pd.DataFrame(
        {
            "t": rng.uniform(0, 5, 500),
            "service": rng.choice(UNIT_COST["service"], 500),
            "qty": rng.integers(0, 9, 500),
            "imd": rng.integers(1, 11, 500),
            "practice": rng.choice(["A", "B", "C"], 500),
        }
    )
    found = table(many, discount_rate=rate)
    columns = ["qty", "cost", "discounted_cost", "cash_releasing", "discounted_cash_releasing"]
    total = found.loc[found["by"] == "total", columns].to_numpy()[0]
    np.testing.assert_allclose(found.loc[found["by"] == by, columns].sum(), total, rtol=1e-9)


def test_V33_discounted_costs_fall_as_the_rate_rises() -> None:
    totals = [part(table(discount_rate=rate), "total", "discounted_cost")["all"] for rate in (0.0, 0.035, 0.06)]
    assert totals[0] > totals[1] > totals[2]


def test_V34_a_contact_at_the_start_is_not_discounted() -> None:
    found = table(ACTIVITY.iloc[:1])
    assert found["discounted_cost"].tolist() == found["cost"].tolist()


def test_V35_the_rate_of_costs_changes_costs_only_and_that_of_qalys_qalys_only() -> None:
    health = pd.DataFrame({"patient_id": [1], "start": [0.0], "end": [5.0], "utility": [0.7]})
    values = {
        (of_costs, of_qalys): (
            part(table(discount_rate=of_costs), "total", "discounted_cost")["all"],
            qalys_over_time(health, discount_rate=of_qalys)["qaly"][0],
        )
        for of_costs in (0.0, 0.035)
        for of_qalys in (0.0, 0.035)
    }
    plain, only_costs, only_qalys = values[0.0, 0.0], values[0.035, 0.0], values[0.0, 0.035]
    assert (only_costs[0] < plain[0], only_costs[1] == plain[1]) == (True, True)
    assert (only_qalys[0] == plain[0], only_qalys[1] < plain[1]) == (True, True)


def test_V29_the_same_activity_costs_exactly_the_same() -> None:
    difference = table()["discounted_cost"] - table(ACTIVITY.copy())["discounted_cost"]
    assert (difference == 0).all()


@settings(max_examples=30)
@given(st.permutations(range(4)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    pd.testing.assert_frame_equal(table(ACTIVITY.iloc[order].reset_index(drop=True)), table(), rtol=1e-12)


def test_without_activity_there_are_rows_of_nothing() -> None:
    found = table(ACTIVITY.iloc[:0], years=3, practices=["A", "B"])
    assert found["by"].value_counts().to_dict() == {"total": 1, "service": 3, "year": 3, "imd": 10, "practice": 2}
    assert (found[["qty", "cost", "discounted_cost", "cash_releasing"]] == 0).all(axis=None)


def test_without_deciles_and_practices_there_are_no_rows_by_them() -> None:
    assert set(table(ACTIVITY[["t", "service", "qty"]])["by"]) == {"total", "service", "year"}


def test_the_table_says_what_it_is_in_and_leaves_its_input_alone() -> None:
    before = (ACTIVITY.copy(), UNIT_COST.copy(), INDEX.copy())
    found = table()
    assert found[["price_year", "perspective", "discount_cost"]].drop_duplicates().to_numpy().tolist() == [
        [2024, "NHS and PSS", 0.035]
    ]
    for one, other in zip(before, (ACTIVITY, UNIT_COST, INDEX), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_V11_deciles_and_practices_that_do_not_exist_are_named_the_first_five_of_each() -> None:
    many = pd.concat([ACTIVITY.assign(imd=0, practice="X")] * 2, ignore_index=True)
    with pytest.raises(BadTable) as found:
        table(many.assign(imd=[0, 11, 0, 11, 5.5, float("nan"), 0, 1]), practices=["A", "B"])
    assert found.value.problems == [
        "activity: imd: row 0: 0; row 1: 11; row 2: 0; row 3: 11; row 4: 5.5 and 2 more; "
        "deciles run from 1 (most deprived) to 10",
        "activity: practice: row 0: 'X'; row 1: 'X'; row 2: 'X'; row 3: 'X'; row 4: 'X' and 3 more; "
        "it is not among the practices; add it or correct the code",
    ]


def test_everything_wrong_with_the_tables_is_said_at_once() -> None:
    activity = ACTIVITY.assign(qty=[1, None, -2, 3], t=[0.0, 1.0, 2.0, 9.0], service=["gp", "mri", "gp", "physio"])
    prices = UNIT_COST.assign(
        service=["gp", "gp", "mri"],
        cost=[40.0, -1.0, 200.0],
        variable_share=[0.25, 50, 1],
        source=["a list", None, "a list"],
        perspective=["NHS and PSS", "NHS and PSS", "societal"],
    )
    with pytest.raises(BadTable) as found:
        costs(activity, prices, INDEX, price_year=2024, discount_rate=0, years=5)
    assert found.value.problems == [
        "activity: qty: row 1: missing; row 2: -2; a number from 0 is needed",
        "activity: t: row 3: 9; the horizon is 5 years: leave out what comes later, or lengthen it",
        "activity: service: row 3: 'physio'; unit_cost has no row for it; add what it costs",
        "unit_cost: cost: row 1: -1; a number from 0 is needed",
        "unit_cost: variable_share: row 1: 50; a number from 0 to 1 is needed",
        "unit_cost: service, source: row 1: 'gp', missing; say where the price comes from",
        "unit_cost: service: row 1: 'gp'; each row must differ in it",
        "unit_cost: perspective: there are NHS and PSS, societal; costs are added up from one: choose it",
    ]


def test_a_missing_count_is_not_a_count_of_nothing_unless_it_is_said_to_be() -> None:
    missing = ACTIVITY.assign(qty=[10, None, 5, 2])
    with pytest.raises(BadTable, match="activity: qty: row 1: missing; a number from 0 is needed"):
        table(missing)
    assert part(table(missing, fill_missing=0), "service")["mri"] == 0


def test_a_price_year_that_is_none_is_told_at_once() -> None:
    """A year with a digit too many made a list of a hundred thousand million years."""
    with pytest.raises(BadTable, match=r"^'gp': the price year 20223 is none from 1900 to 2100$"):
        uplift_factors(None, pd.Series({"gp": 20223}), to_year=2025)
    with pytest.raises(BadTable, match=r"^prices: the price year 99999999999 is none from 1900 to 2100$"):
        uplift_factor(None, from_year=2022, to_year=99999999999)
