"""What levers provide is counted in the run and paid for, whoever uses it; what people wait for is told beside a saving.

The smallest pathway: one clinic with its capacity, and a lever that changes it. Costs are worked out by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pathways import Pathway, Region
from sim.arrays.layout import JOINED, SEEN
from sim.costs import capacity_tables, costs_table, mean_visits, owed_table
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.experiments.price_year import price_basis
from sim.experiments.sensitivity_analysis import runs
from sim.measures.budget import budget_of
from sim.measures.owed import owed_of
from sim.reducers import add_areas
from sim.results import OWED
from sim.run import Case, Engine
from tests.helpers.build import Numbers, pathway, region, scenario
from ui.findings.key_message import key_message
from ui.findings.owed import said_of
from ui.reports.budget import budget_json, sentences
from ui.reports.decision_table import comparison_dict

PRICE, CASH = 60.0, 0.1
MANY, FEW = 20_000, 100
"""People who all fall ill within a year: many more than the clinic can see, or hardly any."""
WEEKLY = 14.0


def clinic(change: dict[str, Any], numbers: Numbers, *, capacity: str = "slots", **more: Any) -> Pathway:
    """A clinic with limited capacity at 60 pounds a contact, a tenth of it cash, and a lever on it."""
    service = {
        "capacity": capacity,
        "next": "home",
        "price": numbers(PRICE, "GBP"),
        "cash_share": numbers(CASH, "share"),
    }
    if capacity == "places":
        service["stay"] = {"fixed": numbers(10, "days")}
    lever = {
        "title": "A lever",
        "says": "For a test",
        "counter_effects": "None",
        "changes": [{"service": "clinic", **change}],
    }
    outcomes = {"cost": {"title": "Cost (£)", "of": "cost", "better": "less"}}
    return pathway(
        numbers,
        {"clinic": {**service, **more}},
        entry="clinic",
        onset_rate=1.0,
        levers={"more": lever},
        outcomes=outcomes,
    )


def compared(
    word: Pathway,
    place: Region,
    *,
    years: float = 1,
    replications: int = 1,
    engine: Engine = "compiled",
    **setting: Any,
) -> Comparison:
    """The clinic today and with the lever, over the same people."""
    cases = {"today": Case("today", scenario(), word), "more": Case("more", scenario(more=setting), word)}
    return compare(
        Experiment(cases, base="today", region=place, years=years, replications=replications, seed=1, engine=engine)
    )


def money_of(comparison: Comparison) -> dict[str, float]:
    """The three lines of the budget over all years."""
    table = budget_of(comparison, "more", setup_cost=0).by_year
    found: dict[str, float] = table.groupby("line")["mean"].sum().to_dict()
    return found


def half_as_much_again(numbers: Numbers, **more: Any) -> dict[str, Any]:
    """A change that provides a further half of the clinic's capacity."""
    return {"capacity_times": numbers(1.5, "ratio"), **more}


# what is bought


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_two_physiotherapists_who_are_all_used_are_paid_in_cash(engine: Engine) -> None:
    """14 a week become 21: 365 appointments a year more at 60 pounds. A tenth of 21,900 was told as cash."""
    numbers = Numbers()
    found = compared(
        clinic(half_as_much_again(numbers), numbers), region(MANY, sites={"clinic": WEEKLY}), engine=engine
    )
    more = found.tallies["more"][0].monthly - found.tallies["today"][0].monthly
    assert found.tallies["more"][0].provided.tolist() == [[365]]
    assert found.tallies["more"][0].existing.tolist() == found.tallies["today"][0].existing.tolist() == [[730]]
    assert more.sum() != 0
    assert money_of(found) == pytest.approx({"gross": 21_900, "cash_releasing": 21_900, "capacity": 0})


def test_two_physiotherapists_whom_nobody_needs_cost_as_much() -> None:
    """They cost nothing: cost was that of people seen."""
    numbers = Numbers()
    found = compared(clinic(half_as_much_again(numbers), numbers), region(FEW, sites={"clinic": WEEKLY}))
    assert (found.tallies["more"][0].monthly == found.tallies["today"][0].monthly).all()
    assert money_of(found) == pytest.approx({"gross": 21_900, "cash_releasing": 21_900, "capacity": 0})
    assert found.difference("more", "cost").mean == pytest.approx(21_900)


@pytest.mark.parametrize(
    ("word", "value", "unit", "gross", "cash"),
    [
        ("price", 100.0, "GBP", 36_500, 36_500),
        ("price", 0.0, "GBP", 0, 0),
        ("premium_times", 1.5, "ratio", 32_850, 32_850),
        ("cash_share", 0.25, "share", 21_900, 5475),
    ],
)
def test_a_lever_has_a_price_of_its_own(word: str, value: float, unit: str, gross: float, cash: float) -> None:
    """365 appointments at 100 pounds, for nothing, at one and a half times 60, or with staff most of whom are moved."""
    numbers = Numbers()
    change = half_as_much_again(numbers, **{word: numbers(value, unit)})
    for people in (MANY, FEW):
        found = money_of(compared(clinic(change, numbers), region(people, sites={"clinic": WEEKLY})))
        assert found == pytest.approx({"gross": gross, "cash_releasing": cash, "capacity": gross - cash})


def test_a_lever_that_ends_is_paid_until_it_does() -> None:
    """From day 70 to day 210: 20 weeks of 7 appointments."""
    numbers = Numbers()
    word = clinic(half_as_much_again(numbers), numbers)
    found = compared(word, region(MANY, sites={"clinic": WEEKLY}), starts="10 weeks", ends="30 weeks", years=2)
    assert found.tallies["more"][0].provided.tolist() == [[140, 0]]
    assert money_of(found)["cash_releasing"] == pytest.approx(140 * PRICE)


def test_capacity_taken_away_frees_capacity_and_in_cash_only_its_share() -> None:
    """Half of 730 appointments are gone, and 365 people not seen: 21,900 pounds, of which 2,190 are cash."""
    numbers = Numbers()
    word = clinic({"capacity_times": numbers(0.5, "ratio")}, numbers)
    found = compared(word, region(MANY, sites={"clinic": WEEKLY}))
    assert found.tallies["more"][0].existing.tolist() == [[365]]
    assert found.tallies["more"][0].provided.tolist() == [[0]]
    assert money_of(found) == pytest.approx({"gross": -21_900, "cash_releasing": -2190, "capacity": -19_710})


def test_capacity_taken_away_that_nobody_used_frees_nothing() -> None:
    numbers = Numbers()
    word = clinic({"capacity_times": numbers(0.5, "ratio")}, numbers)
    assert money_of(compared(word, region(FEW, sites={"clinic": WEEKLY})))["gross"] == 0


def test_places_are_paid_by_the_day() -> None:
    """10 places become 15: 5 x 365 days. A stay of 10 days costs 60 pounds, a day of a place 6 unless it says otherwise."""
    numbers = Numbers()
    for change, gross in (({}, 10_950), ({"price": numbers(20, "GBP")}, 36_500)):
        word = clinic(half_as_much_again(numbers, **change), numbers, capacity="places")
        found = compared(word, region(MANY, sites={"clinic": 10.0}))
        assert found.tallies["more"][0].provided.tolist() == [[1825]]
        assert money_of(found) == pytest.approx({"gross": gross, "cash_releasing": gross, "capacity": 0}, abs=600)
        assert capacity_tables(found.tallies["more"][0], found.plans["more"])[1]["contacts"].tolist() == [182.5]


def test_what_is_provided_is_what_the_practices_of_the_replication_provide() -> None:
    """At a reach of 0.4 one practice takes the lever up in four of ten replications, and none in the others."""
    numbers = Numbers()
    word = clinic(half_as_much_again(numbers), numbers)
    found = compared(word, region(FEW, sites={"clinic": WEEKLY}), reach=0.4, replications=12)
    provided = [int(tallies.provided.sum()) for tallies in found.tallies["more"]]
    assert set(provided) == {0, 365}
    costs = found.values["more"]["cost"] - found.values["today"]["cost"]
    assert costs.to_numpy() == pytest.approx(np.array(provided) * PRICE)


def test_levers_that_take_and_add_are_told_apart() -> None:
    """Half is taken away, and 730 of 1,460 provided by two levers on what is left: 365 exist, 365 and 730 are bought."""
    numbers = Numbers()
    changes = {
        "less": {"capacity_times": numbers(0.5, "ratio")},
        "twice": {"capacity_times": numbers(2, "ratio")},
        "plus": {"capacity_plus_per_100k": numbers(1400, "appointments per week per 100,000")},
    }
    levers = {
        name: {"title": "L", "says": "S", "counter_effects": "N", "changes": [{"service": "clinic", **change}]}
        for name, change in changes.items()
    }
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", levers=levers)
    cases = {"today": Case("today", scenario(), word), "all": Case("all", scenario(less={}, twice={}, plus={}), word)}
    place = region(1000, sites={"clinic": WEEKLY})
    found = compare(Experiment(cases, base="today", region=place, years=1, replications=1, seed=1)).tallies["all"][0]
    assert found.existing.tolist() == [[365]]
    assert found.provided.tolist() == [[0], [365], [730]]


def test_areas_add_up() -> None:
    numbers = Numbers()
    word = clinic(half_as_much_again(numbers), numbers)
    place = region(FEW, sites={"clinic": WEEKLY})
    alone = compared(word, place)
    assert alone.tallies["more"][0].provided.dtype == np.int64
    twice = add_areas([alone.tallies["more"][0]] * 2)
    assert twice.provided.tolist() == [[730]]


# one cost, on every face


def test_compare_budget_and_psa_tell_the_same_cost() -> None:
    """Discounted at nothing, over two years: the difference of costs, the sum of the budget, and that of a draw."""
    numbers = Numbers()
    change = half_as_much_again(numbers, premium_times=numbers(1.3, "ratio"))
    found = compared(clinic(change, numbers), region(MANY, sites={"clinic": WEEKLY}), years=2, starts="30 weeks")
    rows = runs(replace(found.experiment, replications=1), 0, first=0, annual_rate=0.0)
    cost = {row["strategy"]: row["cost"] for row in rows}
    owed = {row["strategy"]: row[OWED] for row in rows}
    gross = money_of(found)["gross"]
    assert gross > 0
    assert gross == pytest.approx(found.difference("more", "cost").mean)
    assert gross == pytest.approx(float(cost["more"]) - float(cost["today"]))  # type: ignore[arg-type]
    assert owed == {name: found.values[name][OWED].iloc[0] for name in ("today", "more")}
    assert costs_table(found.tallies["more"][0], found.plans["more"])["cost_gbp"].sum() == pytest.approx(cost["more"])


def test_a_budget_says_what_is_bought_and_at_what_price() -> None:
    numbers = Numbers()
    change = half_as_much_again(numbers, premium_times=numbers(1.5, "ratio"))
    found = compared(clinic(change, numbers), region(FEW, sites={"clinic": WEEKLY}))
    budget = budget_of(found, "more", setup_cost=0)
    assert budget.provided.to_numpy().tolist() == [["clinic", 365, 90, 32_850]]
    said = " ".join(sentences(found, budget))
    assert "Provided by levers and paid for, whoever uses it: clinic 365 a year at £90; £32,800 a year." in said
    assert '"provided": [' in budget_json(found, [budget])


def test_people_seen_in_what_is_bought_need_no_other_capacity() -> None:
    """365 people more are seen, all of them in the appointments that were bought."""
    numbers = Numbers()
    word = clinic(half_as_much_again(numbers), numbers)
    assert budget_of(compared(word, region(MANY, sites={"clinic": WEEKLY})), "more", setup_cost=0).capacity.empty


def test_the_year_of_a_levers_price_is_among_those_of_prices() -> None:
    numbers = Numbers()
    price = numbers(100.0, "GBP")
    numbers.quantities[price]["price_year"] = 2020
    word = clinic(half_as_much_again(numbers, price=price), numbers)
    assert price_basis(word, region(FEW)) == "2020 (some unknown)"


# care that is owed


def full(numbers: Numbers, **more: Any) -> Comparison:
    """A clinic that is full, half of which is closed: it saves by not seeing people."""
    word = clinic({"capacity_times": numbers(0.5, "ratio")}, numbers, **more)
    return compared(word, region(5000, sites={"clinic": WEEKLY}), replications=3)


def test_a_saving_that_comes_from_people_still_waiting_is_told_as_such() -> None:
    """365 people fewer are seen, who all still wait: 21,900 pounds saved are 21,900 pounds owed. It was plainly better."""
    found = full(Numbers())
    owed = owed_of(found, "more")
    assert owed.saving == pytest.approx(21_900, rel=0.01)
    assert owed.difference.mean == pytest.approx(21_900, rel=0.01)
    sentence = "all is care that people are still waiting for"
    message = key_message(found, "more", "cost")
    assert sentence in message.detail
    assert message.verdict == "changed"
    assert sentence in " ".join(sentences(found, budget_of(found, "more", setup_cost=0)))
    told = comparison_dict(found)["care_owed"]["more"]
    assert told["difference"]["mean"] == pytest.approx(owed.difference.mean)
    assert sentence in told["of_the_saving"]


def test_care_owed_is_a_course_for_those_who_wait_for_its_first_visit_and_the_next_visit_for_others() -> None:
    """Courses of two visits or four, as many of each: three on average. Who waits is counted from the log."""
    numbers = Numbers()
    course = {
        "visits": numbers({"2": 0.5, "4": 0.5}, "share"),
        "gap": {"fixed": numbers(7, "days")},
        "follow_up_priority": "routine",
    }
    found = full(numbers, course=course)
    log = next(found.cases["more"].run(found.region, years=1, seed=1, replication=0).logs()).rows
    first, later = (
        int((log["detail"][log["kind"] == JOINED] == 1).sum() - (log["detail"][log["kind"] == SEEN] == 1).sum()),
        int((log["detail"][log["kind"] == JOINED] > 1).sum() - (log["detail"][log["kind"] == SEEN] > 1).sum()),
    )
    assert first > 1000
    assert later > 10
    plan = found.plans["more"]
    assert mean_visits(plan.pathway, "clinic") == 3
    row = owed_table(found.tallies["more"][0], plan).iloc[0]
    assert row[["first", "later", "visits"]].tolist() == [first, later, 3 * first + later]
    assert row["owed_gbp"] == (3 * first + later) * PRICE


def test_nobody_waits_and_nothing_is_owed() -> None:
    numbers = Numbers()
    found = compared(clinic(half_as_much_again(numbers), numbers), region(FEW, sites={"clinic": 700.0}))
    assert owed_of(found, "more").base < 2 * PRICE
    assert said_of(owed_of(found, "more")) == ""


def test_a_saving_that_cannot_be_told_from_chance_is_not_told_as_owed() -> None:
    numbers = Numbers()
    word = clinic({"capacity_times": numbers(1.0, "ratio")}, numbers)
    found = compared(word, region(MANY, sites={"clinic": WEEKLY}), replications=2)
    assert owed_of(found, "more").saving == 0
    assert said_of(owed_of(found, "more")) == ""
