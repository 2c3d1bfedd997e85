"""Who is seen next: priority is looked at again while people wait, by time and by what happens to them.

Most tests hold a whole run against an account of their own: on every day, whoever is seen stands before everybody who
goes on waiting, by the class that the rules give them on that day and then by the day they joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pathways import Pathway, Waiting
from sim.arrays.layout import HEALTH, JOINED, ONSET, PRESCRIPTION, REFERRAL, SEEN
from sim.cohort import Cohort
from sim.illness import foresee
from sim.plan import Plan
from tests.helpers.build import (
    Numbers,
    cohort_of,
    compiled_log,
    health,
    pathway,
    plan_of,
    reference_log,
    region,
    scenario,
)

EMERGENCY, URGENT, FOLLOW_UP, ROUTINE = range(4)
MILD, SEVERE = 1, 3
UNIT = 2**24


@dataclass
class Waiter:
    """Someone on the list, as the events tell."""

    patient: int
    referred: int
    joined: int
    onset: int
    state: int
    flagged: bool = False
    b: bool = False
    practice: int = 0


Rule = Callable[[Waiter, int], int]


def everyone_seen_in_order(log: np.ndarray, cohort: Cohort, service: int, rule: Rule) -> dict[int, int]:
    """Asserts that nobody is seen who stands behind someone who goes on waiting. First waits by patient, in days."""
    people: dict[int, Waiter] = {}
    waiting: dict[int, Waiter] = {}
    waits: dict[int, int] = {}
    for tick in np.unique(log["tick"]):
        today = log[log["tick"] == tick]
        seen: list[Waiter] = []
        for row in today:
            i, kind = int(row["patient"]), int(row["kind"])
            if kind == ONSET:
                people[i] = Waiter(i, 0, 0, int(tick) - int(row["value"]), int(row["detail"]))
                people[i].b = cohort.patients["attributes"][i][3] == 1
                people[i].practice = int(cohort.patients["practice"][i])
            elif kind == HEALTH:
                people[i].state = int(row["detail"]) % 4
                if int(row["detail"]) // 4 == 0:
                    people[i].onset = int(tick)
            elif kind == PRESCRIPTION:
                people[i].flagged = True
            elif kind == REFERRAL and row["service"] == service:
                people[i].referred = int(tick)
            elif kind == JOINED and row["service"] == service:
                people[i].joined = int(tick) - int(row["value"])
                people[i].referred -= int(row["value"])
                waiting[i] = people[i]
            elif kind == SEEN and row["service"] == service and row["detail"] > 0:
                seen.append(waiting.pop(i))
                waits.setdefault(i, int(row["value"]))
        if seen and waiting:
            last = max((rule(each, int(tick)), each.joined) for each in seen)
            first = min((rule(each, int(tick)), each.joined) for each in waiting.values())
            assert last <= first, (tick, last, first)
    assert len(waits) > 20
    for i, each in waiting.items():
        waits.setdefault(i, int(log["tick"].max()) - each.referred)
    return waits


def clinic(
    numbers: Numbers, rules: list[dict[str, Any]], *, rate: float = 0.22, delay: int = 0, **sections: Any
) -> Pathway:
    """A clinic that everyone is referred to; half of them are of kind b."""
    kind = {"levels": {"a": {"share": "rest"}, "b": {"share": numbers(0.5, "share")}}}
    flag = {"levels": {"no": {"share": "rest"}, "yes": {"share": numbers(0.0, "share")}}}
    services = {
        "gp": {"capacity": "open", "next": "home"},
        "clinic": {
            "capacity": "slots",
            "delay": {"fixed": numbers(delay, "days")},
            "next": "home",
            "waiting": {"priorities": rules},
            **sections.pop("more", {}),
        },
    }
    return pathway(
        numbers,
        services,
        entry="clinic",
        onset_rate=rate,
        attributes={"kind": kind, "flag": flag},
        care=sections.pop("care", {"entry": "clinic"}),
        **sections,
    )


def both_logs(plan: Plan, cohort: Cohort) -> list[np.ndarray]:
    """The log of either engine, and of the compiled one in another order; all must be the same."""
    log = compiled_log(plan, cohort)
    assert np.array_equal(log, reference_log(plan, cohort))
    assert np.array_equal(log, compiled_log(plan, cohort, shuffle=7))
    return [log]


def run(word: Pathway, people: int = 2000, **more: Any) -> tuple[Plan, Cohort, np.ndarray]:
    """A year of a clinic with one appointment a day."""
    plan = plan_of(word, region(people, sites={"clinic": 7.0}), **more)
    cohort = cohort_of(plan)
    return plan, cohort, both_logs(plan, cohort)[0]


def weeks(since: int, tick: int) -> int:
    """Whole weeks."""
    return (tick - since) // 7


AGEING: list[dict[str, Any]] = [
    {"when": {"weeks_waited": ">= 10"}, "priority": "emergency"},
    {"when": {"kind": "b"}, "priority": "urgent"},
]


@pytest.mark.parametrize("delay", [0, 4])
def test_who_has_waited_ten_weeks_is_urgent_from_that_day_on(delay: int) -> None:
    """Half are urgent and the list grows: without the rule the others wait without end. With it nobody waits longer
    than ten weeks or than capacity makes unavoidable, which is what they wait who are seen in the order they joined."""
    plain = run(clinic(Numbers(), [], delay=delay))
    unavoidable = max(everyone_seen_in_order(plain[2], plain[1], 1, lambda each, tick: ROUTINE).values())

    def rule(each: Waiter, tick: int) -> int:
        return EMERGENCY if weeks(each.referred, tick) >= 10 else URGENT if each.b else ROUTINE

    _, cohort, log = run(clinic(Numbers(), AGEING, delay=delay))
    waits = everyone_seen_in_order(log, cohort, 1, rule)
    assert max(waits.values()) > 70
    # who is due gives way only to those who were due before: at most some days more
    assert max(waits.values()) <= max(70, unavoidable) + 7
    _, cohort, log = run(clinic(Numbers(), AGEING[1:], delay=delay))
    without = everyone_seen_in_order(log, cohort, 1, lambda each, tick: URGENT if each.b else ROUTINE)
    assert max(without.values()) > max(70, unavoidable) + 25


def test_who_worsens_while_listed_becomes_urgent_and_who_improves_no_longer_is() -> None:
    """Severe pain is urgent, in the first four weeks of an episode an emergency; states change all the time."""
    numbers = Numbers()
    often = {state: numbers(8, "per year") for state in ("mild", "moderate", "severe")}
    again = numbers(20, "per year")
    times = {"recent_for": numbers(100, "days"), "forgotten_after": numbers(365, "days")}
    illness = {"improve": often, "worsen": often, "recurrence": {"recent": again, "later": again, **times}}
    rules: list[dict[str, Any]] = [
        {"when": {"state": "severe", "weeks_since_onset": "< 4"}, "priority": "emergency"},
        {"when": {"state": "severe"}, "priority": "urgent"},
    ]
    word = clinic(numbers, rules, health=health(numbers, **illness))

    def rule(each: Waiter, tick: int) -> int:
        if each.state != SEVERE:
            return ROUTINE
        return EMERGENCY if weeks(each.onset, tick) < 4 else URGENT

    _, cohort, log = run(word)
    everyone_seen_in_order(log, cohort, 1, rule)


def listed(word: Pathway, *, days: int = 30) -> tuple[Plan, Cohort]:
    """Twenty people who are on the list at the start and nobody else: ten for three weeks, then ten for one."""
    waiting = (Waiting("clinic", "clinic", "", 3, 10), Waiting("clinic", "clinic", "", 1, 10))
    plan = plan_of(word, region(10, sites={"clinic": 7.0}, waiting=waiting), years=days / 365)
    return plan, cohort_of(plan)


def strike(plan: Plan, cohort: Cohort, i: int, **thresholds: float) -> None:
    """Gives patient i these thresholds of illness, and all others none that is reached."""
    for other in cohort.listed:
        patient = cohort.patients[other]
        limits = thresholds if other == i else {}
        patient["clocks"] = [round(limits.get(clock, 100.0) * UNIT) for clock in ("improve", "worsen", "consult")]
        patient["back_due"] = foresee(plan.memory, patient, plan.last_tick)


def days_seen(log: np.ndarray) -> dict[int, int]:
    """The day on which each patient is first seen at the clinic."""
    rows = log[(log["kind"] == SEEN) & (log["service"] == 1) & (log["detail"] > 0)]
    return dict(zip(rows["patient"].tolist()[::-1], rows["tick"].tolist()[::-1], strict=True))


def test_the_last_on_the_list_who_worsens_on_day_five_is_seen_on_day_five() -> None:
    """One appointment a day, twenty people: the last would be seen on day 19; everyone after the fifth is a day later."""
    numbers = Numbers()
    illness = {"worsen": {"mild": numbers(365 / 16, "per year")}}
    rules = [{"when": {"state": "moderate"}, "priority": "urgent"}]
    plan, cohort = listed(clinic(numbers, rules, rate=1e-9, health=health(numbers, **illness)))
    strike(plan, cohort, -1)
    before = days_seen(both_logs(plan, cohort)[0])
    assert sorted(before.values()) == list(range(20))
    last = next(i for i, day in before.items() if day == 19)
    strike(plan, cohort, last, worsen=5 / 16)
    after = days_seen(both_logs(plan, cohort)[0])
    assert after == {i: 5 if i == last else day + (day >= 5) for i, day in before.items()}


def test_a_decision_made_while_waiting_can_make_someone_urgent() -> None:
    """The GP, asked on day 5 by the last on the list, marks them: they are seen on that day."""
    numbers = Numbers()
    illness = {"consult": {"mild": numbers(365 / 16, "per year")}}
    rules = [{"when": {"flag": "yes"}, "priority": "urgent"}]
    marks = {"options": {"marked": {"share": "rest", "to": "home", "sets": {"flag": "yes"}}}}
    care = {"entry": "clinic", "while_waiting": {"service": "gp", "then": "marks"}}
    word = clinic(numbers, rules, rate=1e-9, health=health(numbers, **illness), decisions={"marks": marks}, care=care)
    plan, cohort = listed(word)
    strike(plan, cohort, -1)
    before = days_seen(both_logs(plan, cohort)[0])
    last = next(i for i, day in before.items() if day == 19)
    strike(plan, cohort, last, consult=5 / 16)
    assert days_seen(both_logs(plan, cohort)[0])[last] == 5


def test_people_on_the_list_at_the_start_bring_the_weeks_they_have_waited() -> None:
    """Urgent from four weeks, routine before: all are of one class in the end, and the order is that of joining."""
    numbers = Numbers()
    rules: list[dict[str, Any]] = [
        {"when": {"weeks_waited": ">= 4"}, "priority": "emergency"},
        {"when": {"kind": "b"}, "priority": "urgent"},
    ]
    plan, cohort = listed(clinic(numbers, rules, rate=1e-9))
    (log,) = both_logs(plan, cohort)
    seen = days_seen(log)
    kind_b = cohort.patients["attributes"][:, 3] == 1
    asked = cohort.patients["asked"]
    waiting = dict.fromkeys(seen)
    for day in range(20):
        classes = {
            i: (EMERGENCY if (day - asked[i]) // 7 >= 4 else URGENT if kind_b[i] else ROUTINE, asked[i])
            for i in waiting
        }
        today = next(i for i, when in seen.items() if when == day)
        assert classes[today] == min(classes.values()), day
        del waiting[today]
    # those who had waited three weeks are due on day 6, before the b of one week
    assert max(seen[i] for i in seen if asked[i] < -21) <= 19


def test_a_lever_that_starts_is_noticed_within_a_week_by_those_who_wait() -> None:
    """Appointments are protected for practice P1 from day 120 on, where half of the people are registered."""
    numbers = Numbers()
    levers = {"protected": {"title": "Protected", "says": "For a test", "counter_effects": "None"}}
    word = clinic(numbers, [{"when": {"lever": "protected"}, "priority": "urgent"}], levers=levers)
    place = region(2000, sites={"clinic": 7.0}, practices=2)
    uses = scenario(protected={"starts": "120 days", "practices": ["P1"]})
    plan = plan_of(word, place, scenario=uses)
    cohort = cohort_of(plan)
    (log,) = both_logs(plan, cohort)

    def rule(each: Waiter, tick: int) -> int:
        noticed = 120 + (each.joined - 120) % 7 if each.joined < 120 else 120
        return URGENT if each.practice == 1 and tick >= noticed else ROUTINE

    everyone_seen_in_order(log, cohort, 1, rule)


def test_a_follow_up_keeps_the_class_of_follow_ups() -> None:
    """Second visits stand in their own class, whatever the rules say of first ones."""
    numbers = Numbers()
    course = {
        "visits": numbers({"2": 1.0}, "share"),
        "gap": {"fixed": numbers(7, "days")},
        "follow_up_priority": "routine",
    }
    rules = [{"when": {"weeks_waited": ">= 2"}, "priority": "emergency"}]
    word = clinic(numbers, rules, rate=0.12, more={"course": course})
    _, _, log = run(word)
    rows = log[(log["kind"] == SEEN) & (log["service"] == 1)]
    late = rows["value"] >= 14
    assert (rows["detail"][late] == 2).sum() > 10
    # a first visit that is due goes before every follow-up: none waits for more than a few days after two weeks
    assert rows["value"][rows["detail"] == 1].max() < rows["value"][rows["detail"] == 2].max()


def test_decisions_read_the_present_wait_of_someone_who_waits() -> None:
    """The GP sends home nobody before the third week of waiting, and marks everyone after it."""
    numbers = Numbers()
    illness = {"consult": {"mild": numbers(365 / 4, "per year")}}
    marks = {
        "options": {
            "no": {"share": "rest", "to": "home"},
            "yes": {"share": numbers(1.0, "share"), "to": "home", "when": {"weeks_waited": ">= 3"}, "sets": {"flag": "yes"}},
        }
    }  # fmt: skip
    care = {"entry": "clinic", "while_waiting": {"service": "gp", "then": "marks"}}
    word = clinic(numbers, [], health=health(numbers, **illness), decisions={"marks": marks}, care=care, rate=0.4)
    plan, _, log = run(word, years=0.3)
    referred = dict.fromkeys(range(int(log["patient"].max()) + 1), 0)
    marked = 0
    for row in log:
        i = int(row["patient"])
        if row["kind"] == REFERRAL:
            referred[i] = int(row["tick"])
        elif row["kind"] == SEEN and row["service"] == 0:
            after = log[(log["patient"] == i) & (log["tick"] == row["tick"]) & (log["kind"] == PRESCRIPTION)]
            assert len(after) == (row["tick"] - referred[i] >= 21)
            marked += len(after)
    assert marked > 20
    assert plan.memory["reviews"] == 0
