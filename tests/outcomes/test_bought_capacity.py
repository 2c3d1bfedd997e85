"""What is bought is cash, whoever uses it; only what is freed is told apart; a price that is not known is never nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import budget_of_activity, budget_of_costs, care_owed, cost_of_activity, cost_of_care
from outcomes.table_rules import BadTable

PRICES = pd.DataFrame(
    {
        "service": ["gp", "physio"],
        "price_gbp": [40.0, 60.0],
        "price_share_of_missed": [0.0, 1.0],
        "cash_share": [0.0, 0.1],
    }
)
NOTHING = pd.DataFrame({"service": [], "year": [], "contacts": [], "price_gbp": [], "cash_share": []})


def care(
    seen: float, *, slots: float, bought: float = 0.0, price: float = 60.0, missed: float = 0.0, cash: float = 1.0
) -> pd.DataFrame:
    """Costs of a year of physiotherapy with so many slots, and so many more that were provided."""
    activity = pd.DataFrame({"service": ["physio"], "year": [1], "seen": [seen], "missed": [missed]})
    existing = pd.DataFrame({"service": ["physio"], "year": [1], "contacts": [slots]})
    provided = existing.assign(contacts=bought, price_gbp=price, cash_share=cash)
    return cost_of_care(activity, PRICES, existing=existing, provided=provided if bought else NOTHING)


def lines(after: pd.DataFrame, before: pd.DataFrame) -> list[float]:
    """Full cost, cash and capacity of a change in the year."""
    change = after.assign(**{name: after[name] - before[name] for name in ("cost_gbp", "cash_gbp")})
    found: list[float] = budget_of_costs(change)[["gross", "cash_releasing", "capacity"]].iloc[0].tolist()
    return found


# what is bought

TODAY = care(1000, slots=1000)
"""A service that is full: 1,000 contacts at 60 pounds, of which a tenth is cash."""


def test_two_physiotherapists_whose_slots_are_all_used_cost_their_price_all_of_it_cash() -> None:
    """500 slots more at 60 pounds: 30,000 in cash. The 500 contacts in them are not paid again (it was 10% cash)."""
    assert lines(care(1500, slots=1000, bought=500), TODAY) == [30_000, 30_000, 0]


def test_two_physiotherapists_who_are_half_used_cost_as_much() -> None:
    assert lines(care(1250, slots=1000, bought=500), TODAY) == [30_000, 30_000, 0]


def test_two_physiotherapists_whom_nobody_needs_cost_as_much() -> None:
    assert lines(care(1000, slots=1000, bought=500), TODAY) == [30_000, 30_000, 0]


def test_slots_at_a_premium_cost_their_own_price() -> None:
    """500 evening slots at 90 pounds."""
    assert lines(care(1400, slots=1000, bought=500, price=90.0), TODAY) == [45_000, 45_000, 0]


def test_what_is_done_beyond_the_bought_slots_is_paid_by_the_contact() -> None:
    """Of 1,000 slots 800 were used. 1,100 contacts are 200 more in them at 60, a tenth cash; 100 are in the 150 bought."""
    found = lines(care(1100, slots=1000, bought=150), care(800, slots=1000))
    assert found == pytest.approx([200 * 60 + 9000, 1200 + 9000, 10_800])


def test_capacity_taken_away_frees_capacity_and_in_cash_only_its_share() -> None:
    """100 contacts fewer at 60: 6,000 of which 600 is cash."""
    assert lines(care(900, slots=900), TODAY) == pytest.approx([-6000, -600, -5400])


def test_staff_who_are_moved_are_no_cash() -> None:
    assert lines(care(1100, slots=1000, bought=100, cash=0.0), TODAY) == [6000, 0, 6000]


def test_missed_appointments_use_slots_too() -> None:
    """1,000 seen and 200 missed in 1,000 slots and 300 bought: 200 of 1,200 are in bought slots, 1,000 are paid by the contact."""
    assert lines(care(1000, slots=1000, bought=300, missed=200), TODAY) == [18_000, 18_000, 0]


def test_without_purchases_care_costs_its_activity() -> None:
    """Also where more was done than there are slots, and where nobody counts slots."""
    activity = pd.DataFrame({"service": ["gp", "physio"], "year": [1, 1], "seen": [10, 20], "missed": [5, 2]})
    few = pd.DataFrame({"service": ["physio"], "year": [1], "contacts": [7.0]})
    found = cost_of_care(activity, PRICES, existing=few, provided=NOTHING)
    assert found["cost_gbp"].tolist() == cost_of_activity(activity, PRICES)["cost_gbp"].tolist() == [400, 1320]
    assert found["cash_gbp"].tolist() == [0, 132]


@given(st.integers(0, 2000), st.integers(1, 1500), st.integers(1, 500), st.floats(0, 200), st.integers(0, 100))
def test_full_cost_is_cash_and_capacity_and_a_slot_more_costs_its_price(
    seen: int, slots: int, bought: int, price: float, missed: int
) -> None:
    """One slot more at the same activity costs its price, less at most the contact that it takes over."""
    one = care(seen, slots=slots, bought=bought, price=price, missed=missed)
    more = care(seen, slots=slots, bought=bought + 1, price=price, missed=missed)
    rise = (more["cost_gbp"] - one["cost_gbp"]).iloc[0]
    assert price - 60 - 1e-6 <= rise <= price + 1e-6
    assert one["cost_gbp"].iloc[0] >= bought * price - 1e-6
    gross, cash, capacity = lines(one, TODAY)
    assert gross == pytest.approx(cash + capacity, abs=1e-6)


def test_several_purchases_at_one_service_are_each_at_their_price() -> None:
    activity = pd.DataFrame({"service": ["physio"], "year": [1], "seen": [100], "missed": [0]})
    existing = pd.DataFrame({"service": ["physio"], "year": [1], "contacts": [100.0]})
    provided = pd.DataFrame(
        {"service": "physio", "year": 1, "contacts": [10.0, 5.0], "price_gbp": [60.0, 100.0], "cash_share": [0.0, 1.0]}
    )
    found = cost_of_care(activity, PRICES, existing=existing, provided=provided).iloc[0]
    assert (found["provided_gbp"], found["cash_gbp"]) == (1100, 600 + 500)


def test_purchases_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BadTable, match=r"^provided: price_gbp: row 0: missing; a number from 0 is needed$"):
        care(10, slots=5, bought=5, price=float("nan"))
    with pytest.raises(BadTable, match="existing: contacts: row 0: -1; a number from 0 is needed"):
        care(10, slots=-1)


# prices that are not known


@pytest.mark.parametrize("price", [None, float("nan"), pd.NA, float("inf")])
def test_a_missing_price_is_an_error_and_names_the_service(price: object) -> None:
    """It counted as 0 pounds: 100 GP contacts fewer saved nothing, and the sum was that of MRI alone."""
    change = pd.DataFrame({"service": ["gp", "physio"], "year": [1, 1], "seen": [-100, 10], "missed": [0, 0]})
    prices = PRICES.assign(price_gbp=pd.Series([price, 60.0], dtype=object))
    for work in (cost_of_activity, budget_of_activity):
        with pytest.raises(
            BadTable, match=r"^prices: service, price_gbp: row 0: 'gp', .*; a missing price is not a price of 0"
        ):
            work(change, prices)
    with pytest.raises(BadTable, match=r"'gp', .*; a missing price is not a price of 0"):
        cost_of_care(change, prices, existing=NOTHING, provided=NOTHING)
    with pytest.raises(BadTable, match=r"'gp', .*; a missing price is not a price of 0"):
        care_owed(pd.DataFrame({"service": ["gp"], "visits": [3.0]}), prices)


def test_what_costs_nothing_says_so_and_prices_nobody_asks_for_may_be_missing() -> None:
    gp = pd.DataFrame({"service": ["gp"], "year": [1], "seen": [100], "missed": [0]})
    assert cost_of_activity(gp, PRICES.assign(price_gbp=[0.0, float("nan")]))["cost_gbp"].tolist() == [0]


@pytest.mark.parametrize("column", ["price_share_of_missed", "cash_share"])
def test_other_shares_of_a_price_that_are_missing_are_an_error_too(column: str) -> None:
    change = pd.DataFrame({"service": ["gp"], "year": [1], "seen": [-100], "missed": [0]})
    with pytest.raises(BadTable, match=f"^prices: service, {column}: row 0: 'gp', missing"):
        budget_of_activity(change, PRICES.assign(**{column: [float("nan"), 0.5]}))


def test_counts_that_are_missing_are_not_counts_of_nothing() -> None:
    change = pd.DataFrame({"service": ["gp"], "year": [1], "seen": [None], "missed": [0]})
    with pytest.raises(BadTable, match=r"^activity: seen: row 0: missing; a number is needed$"):
        cost_of_activity(change, PRICES)


# set-up


@pytest.mark.parametrize("years", [[1, 2], [2, 3], [2026, 2027], [2027, 2026], [0, 1]])
def test_set_up_costs_fall_in_the_first_year_whatever_years_are_called(years: list[int]) -> None:
    """They vanished without a year 1, and fell in the second year of years 0 and 1."""
    change = pd.DataFrame({"service": "gp", "year": years, "seen": [0, 0], "missed": [0, 0]})
    found = budget_of_activity(change, PRICES, setup_cost=500)
    assert found["year"].tolist() == sorted(years)
    assert found["setup_cost"].tolist() == found["gross"].tolist() == found["cash_releasing"].tolist() == [500, 0]


def test_set_up_costs_stand_where_nothing_else_changes() -> None:
    nothing = pd.DataFrame({"service": [], "year": [], "seen": [], "missed": []})
    assert budget_of_activity(nothing, PRICES, setup_cost=500)["gross"].tolist() == [500]
    assert budget_of_activity(nothing, PRICES).empty


# care that is owed


def test_care_owed_is_the_visits_owed_at_their_price() -> None:
    lists = pd.DataFrame({"service": ["physio", "gp"], "year": [1, 1], "visits": [12.5, 0.0]})
    assert care_owed(lists, PRICES)["owed_gbp"].tolist() == [750, 0]
