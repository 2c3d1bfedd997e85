"""Budget impact and capacity: money in cash, money's worth, and sessions, each told apart."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.economics.budget_impact import budget_impact, capacity_released, per_year
from outcomes.table_rules import BadTable

CHANGE = pd.DataFrame({"service": ["gp", "mri", "surgery"], "change": [-1200.0, 96.0, -10.0], "per": "year"})
RESOURCES = pd.DataFrame(
    {
        "service": ["gp", "mri", "surgery", "surgery"],
        "resource": ["GP appointments", "MRI slots", "theatre sessions", "bed days"],
        "minutes_per_contact": [10, 30, 120, 2],
        "minutes_per_session": [10, 30, 240, 1],
    }
)


# budget


def test_a_budget_impact_is_worked_out_by_hand() -> None:
    """Year 2: 1,200 x 0.25 = 300 people at -40 are -12,000; a quarter of it in cash; 1,000 to set up."""
    found = budget_impact([1000, 1200], [0.1, 0.25], [-50, -40], variable_share=0.25, setup_cost=[5000, 1000])
    year = found.by_year.iloc[1]
    assert year.to_dict() == {
        "year": 2,
        "people": 300,
        "setup_cost": 1000,
        "gross": -11_000,
        "cash_releasing": -2000,
        "capacity": -9000,
    }


AMOUNTS = st.lists(
    st.tuples(st.integers(0, 10_000), st.floats(0, 1), st.integers(-500, 500), st.floats(0, 1), st.integers(0, 9999)),
    min_size=1,
    max_size=5,
)


@given(AMOUNTS)
def test_V45_years_add_up_to_the_total_and_nothing_is_discounted(years: list[tuple[float, ...]]) -> None:
    eligible, uptake, net, share, setup = (list(column) for column in zip(*years, strict=True))
    found = budget_impact(eligible, uptake, net, variable_share=share, setup_cost=setup)
    by_hand = sum(n * u * c + s for n, u, c, s in zip(eligible, uptake, net, setup, strict=True))
    assert found.gross == pytest.approx(by_hand, rel=1e-9, abs=1e-6)
    assert found.gross == found.by_year["gross"].sum()
    assert found.cash_releasing == found.by_year["cash_releasing"].sum()
    assert found.gross == pytest.approx(found.cash_releasing + found.capacity, rel=1e-9, abs=1e-6)


def test_V45_there_is_no_rate_to_discount_by() -> None:
    """The same amount counts as much in year 5 as in year 1."""
    assert not [name for name in inspect.signature(budget_impact).parameters if "rate" in name or "discount" in name]
    assert budget_impact(100, [1] * 5, 10, variable_share=1).by_year["gross"].tolist() == [1000] * 5


def test_V46_activity_avoided_saves_its_cost_where_all_of_it_is_cash_and_nothing_where_none_is() -> None:
    """1,200 GP contacts avoided at 42 pounds. What is released in appointments does not depend on the share."""
    whole = budget_impact(1200, 1, -42, variable_share=1)
    none = budget_impact(1200, 1, -42, variable_share=0)
    assert (whole.gross, whole.cash_releasing, whole.capacity) == (-50_400, -50_400, 0)
    assert (none.gross, none.cash_releasing, none.capacity) == (-50_400, 0, -50_400)
    assert "variable_share" not in inspect.signature(capacity_released).parameters
    released = capacity_released(CHANGE, RESOURCES).set_index("resource")
    assert released.loc["GP appointments", "sessions"] == 1200


def test_V01_without_costs_the_budget_impact_is_nothing() -> None:
    found = budget_impact([10, 20], 0.5, 0, variable_share=0.5)
    assert (found.gross, found.cash_releasing, found.capacity) == (0, 0, 0)


def test_budgets_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BadTable, match=r"^uptake: 30; a number from 0 to 1 is needed$"):
        budget_impact(100, 30, 5, variable_share=1)
    with pytest.raises(BadTable, match=r"^eligible: place 0: nan; a number from 0 is needed$"):
        budget_impact([float("nan")], 1, 5, variable_share=1)
    with pytest.raises(
        ValueError,
        match="Give one number for all years or one for each, for 1 to 5 years; there are: eligible 2, uptake 3",
    ):
        budget_impact([1, 2], [0, 1, 1], 5, variable_share=1)
    with pytest.raises(ValueError, match="for 1 to 5 years; there are: eligible 6"):
        budget_impact([1] * 6, 1, 5, variable_share=1)


# capacity


def test_capacity_is_worked_out_by_hand_and_what_is_not_freed_is_extra_need() -> None:
    """1,200 appointments fewer; 96 slots more; 10 operations fewer: 1,200 minutes are 5 sessions, and 20 bed days."""
    found = capacity_released(CHANGE, RESOURCES)
    assert found["resource"].tolist() == RESOURCES["resource"].tolist()
    assert found["sessions"].tolist() == [1200, 96, 5, 20]
    assert found["minutes"].tolist() == [12_000, 2880, 1200, 20]
    assert found["direction"].tolist() == ["released", "extra needed", "released", "released"]


def test_services_that_share_a_resource_are_netted() -> None:
    """40 minutes fewer and 100 more of the same sessions: 60 minutes, a quarter of a session, are needed."""
    change = pd.DataFrame({"service": ["first", "follow-up"], "change": [-1, 5], "per": "year"})
    resources = pd.DataFrame(
        {
            "service": ["first", "follow-up", "unused"],
            "resource": ["sessions", "sessions", "rooms"],
            "minutes_per_contact": [40, 20, 10],
            "minutes_per_session": 240,
        }
    )
    found = capacity_released(change, resources)
    assert found.to_numpy().tolist() == [["sessions", 60, 0.25, "extra needed"], ["rooms", 0, 0, "no change"]]


def test_capacity_has_no_price() -> None:
    assert set(capacity_released(CHANGE, RESOURCES)) == {"resource", "minutes", "sessions", "direction"}


def test_V12_monthly_counts_flagged_as_such_give_the_same_as_yearly_ones() -> None:
    monthly = CHANGE.assign(change=CHANGE["change"] / 12, per="month")
    pd.testing.assert_frame_equal(
        capacity_released(monthly, RESOURCES), capacity_released(CHANGE, RESOURCES), rtol=1e-12
    )
    for per, times in (("day", 365), ("week", 365 / 7), ("month", 12), ("quarter", 4), ("year", 1)):
        table = pd.DataFrame({"rate": [1.0], "per": [per]})
        assert per_year(table, "rate").to_numpy().tolist() == [[pytest.approx(times, rel=1e-12), "year"]]


def test_V12_counts_without_their_unit_of_time_are_refused() -> None:
    with pytest.raises(BadTable, match=r"^change: there is no column 'per'. Its columns are: service, change$"):
        capacity_released(CHANGE.drop(columns="per"), RESOURCES)
    with pytest.raises(BadTable, match=r"^table: per: row 0: missing; there are: day, week, month, quarter, year$"):
        per_year(pd.DataFrame({"rate": [1.0], "per": [None]}), "rate")


def test_everything_wrong_with_the_tables_is_said_at_once() -> None:
    change = pd.DataFrame(
        {"service": ["gp", "physio", "gp"], "change": [1.0, None, 2.0], "per": ["year", "fortnight", "year"]}
    )
    resources = RESOURCES.assign(
        resource="rooms", minutes_per_contact=[-10, 30, 120, 2], minutes_per_session=[10, 0, 240, 1]
    )
    with pytest.raises(BadTable) as found:
        capacity_released(change, resources)
    assert found.value.problems == [
        "change: change: row 1: missing; a number is needed",
        "change: service: row 2: 'gp'; each row must differ in it",
        "change: service: row 1: 'physio'; resources has no row for it; say what a contact takes",
        "change: per: row 1: 'fortnight'; there are: day, week, month, quarter, year",
        "resources: minutes_per_contact: row 0: -10; a number from 0 is needed",
        "resources: minutes_per_session: row 1: 0; a number above 0 is needed",
        "resources: service, resource: row 3: 'surgery', 'rooms'; each row must differ in it",
        "resources: resource, minutes_per_session: row 0: 'rooms', 10; row 1: 'rooms', 0; row 2: 'rooms', 240; "
        "row 3: 'rooms', 1; a session of one resource has one length",
    ]
