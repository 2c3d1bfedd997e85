"""Both engines return the same event log, row for row: on random pathways, and on the library's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from outcomes import qalys_of_time
from pathways import BadInput, Waiting, library_names, load_region, load_scenario
from pathways.checks import age_band
from pathways.condition import in_words
from pathways.health import PAIN_STATES, STATES
from sim.arrays.layout import JOINED, KINDS
from sim.cohort import Cohort
from sim.plan import Plan
from sim.results import health_table
from sim.running import Running
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
    shrunk,
)

DAYS = 45
SERVICES = ("s0", "s1", "s2", "s3")
DECISIONS = ("d0", "d1", "d2")


def durations(numbers: Numbers, *, least: float = 0.0) -> st.SearchStrategy[dict[str, Any]]:
    """Every shape of duration, of so many days at least."""

    def days(value: float) -> str:
        return numbers(value, "days")

    length = st.sampled_from([days for days in (0.0, 0.4, 1.0, 2.5, 7.0, 20.0) if days >= least])
    return st.one_of(
        length.map(lambda value: {"fixed": days(value)}),
        length.map(lambda value: {"exponential": days(value)}),
        st.tuples(length, length).map(lambda pair: {"gamma": days(pair[0]), "sd": days(pair[1])}),
        st.sampled_from([1.0, 5.0]).map(lambda value: {"lognormal": days(value), "p90": days(3 * value)}),
        st.sampled_from([1.0, 5.0]).map(lambda value: {"weibull": days(value), "shape": numbers(1.5, "ratio")}),
        st.sampled_from([(0.0, 3.0), (2.0, 9.0)]).map(lambda pair: {"uniform": [days(pair[0]), days(pair[1])]}),
        st.just(None).map(lambda _: {"empirical": numbers({"0": 0, "0.5": 2, "1": 30}, "days")}),
    )


WHENS: tuple[dict[str, Any], ...] = (
    {},
    {"deprivation_decile": "<= 3"},
    {"kind": "b"},
    {"kind": ["a", "c"]},
    {"state": "mild"},
    {"state": ["moderate", "severe"]},
    {"weeks_since_onset": ">= 2"},
    {"weeks_waited": ">= 1"},
    {"visits": {"s0": ">= 1"}},
    {"visits": {"s1": "0 to 2"}, "sex": "female"},
    {"lever": "push"},
    {"lever": "quiet", "sex": "female"},
    {"age": "> 41"},
)
EARLY_WHENS = WHENS[:2]


@st.composite
def decision(draw: Any, numbers: Numbers, ways: list[str], *, sets: bool) -> dict[str, Any]:
    """A decision with some ways onward and home, conditions, odds, attributes set and effects started.

    What closed options leave goes to the rest, to the others in proportion where there is none, or where the rest is
    closed itself; options that are never open together may have more than everyone. Odds of 0 leave everyone a way.
    """
    when = st.sampled_from(WHENS)
    pattern = draw(st.sampled_from(["rest", "rest", "no rest", "a closed rest", "never together"]))
    stop: dict[str, Any] = {"share": "rest", "to": "home"}
    if pattern == "no rest":
        given: list[tuple[float, Any]] = [(0.3, draw(when)), (0.2, draw(when))]
        stop["share"] = numbers(0.5, "share")
    elif pattern == "a closed rest":
        given = [(0.3, {}), (0.2, draw(when))]
        stop["when"] = draw(when)
    elif pattern == "never together":
        given = [(0.7, {"kind": "a"}), (0.6, {"kind": ["b", "c"]})]
    else:
        given = [(draw(st.sampled_from([0.0, 0.1, 0.3])), draw(when)) for _ in range(draw(st.integers(0, 3)))]
    options: dict[str, Any] = {"stop": stop}
    for position, (part, condition) in enumerate(given):
        option: dict[str, Any] = {
            "share": numbers(part, "share"),
            "to": draw(st.sampled_from(ways)),
            "when": condition,
        }
        if sets and draw(st.booleans()):
            option["sets"] = {"kind": draw(st.sampled_from("abc"))}
        if sets and draw(st.booleans()):
            option["effect"] = "help"
        if sets and draw(st.booleans()):
            option["state"] = draw(st.sampled_from(STATES))
        options[f"o{position}"] = option
    odds: list[dict[str, Any]] = []
    always_open = "o0" if pattern == "a closed rest" else "stop"
    for option_name in options:
        if draw(st.booleans()):
            times = draw(st.sampled_from([0.0, 0.5, 3.0]))
            of_some = option_name == always_open and times == 0.0
            odds.append(
                {
                    "option": option_name,
                    "when": draw(st.sampled_from(WHENS[1:] if of_some else WHENS)),
                    "times": numbers(times, "odds ratio"),
                }
            )
    if draw(st.booleans()):
        odds.append({"option": "stop", "practice_effect": "local"})
    return {"options": options, "odds": odds}


@st.composite
def change(draw: Any, numbers: Numbers, decisions: dict[str, Any]) -> dict[str, Any]:
    """A lever's change of a decision: a share that falls, or that grows by `times` or `plus`, from all or from some."""
    where = draw(st.sampled_from(sorted(decisions)))
    names = list(decisions[where]["options"])
    option = draw(st.sampled_from(names))
    others = [name for name in names if name != option]
    made: dict[str, Any] = {"decision": where, "option": option, "when": draw(st.sampled_from(WHENS))}
    kind = draw(st.sampled_from(["falls", "grows by times", "grows by plus", "grows by plus"]))
    if kind == "falls":
        made["times"] = numbers(draw(st.sampled_from([0.0, 0.5])), "ratio")
        if others and draw(st.booleans()):
            made["freed"] = {others[0]: "rest"} | {name: numbers(0.3, "share") for name in others[1:]}
        return made
    if kind == "grows by times":
        made["times"] = numbers(draw(st.sampled_from([1.5, 4.0])), "ratio")
        made["at_most"] = numbers(0.9, "share")
    else:
        made["plus"] = numbers(draw(st.sampled_from([0.05, 0.3, 1.0])), "share")
        if draw(st.booleans()):
            made["at_most"] = numbers(draw(st.sampled_from([0.0, 0.4])), "share")
    if others and draw(st.booleans()):
        made["taken_from"] = draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
    return made


@st.composite
def capacity_change(draw: Any, numbers: Numbers, services: dict[str, Any], limited: list[str]) -> dict[str, Any]:
    """A lever's change of the capacity of one of the services that have a limited one."""
    name = draw(st.sampled_from(limited))
    if draw(st.booleans()):
        return {"service": name, "capacity_times": numbers(draw(st.sampled_from([0.0, 0.4, 1.1, 2.0])), "ratio")}
    unit = "places" if services[name]["capacity"] == "places" else "appointments per week"
    return {"service": name, "capacity_plus_per_100k": numbers(700, f"{unit} per 100,000")}


@st.composite
def service(draw: Any, numbers: Numbers, ways: list[str]) -> dict[str, Any]:
    """A service of any capacity, with whatever may go with it."""
    capacity = draw(st.sampled_from(["open", "slots", "places"]))
    time = durations(numbers)
    made: dict[str, Any] = {"capacity": capacity, "next": draw(st.sampled_from(["home", *DECISIONS]))}
    if draw(st.booleans()):
        made["delay"] = draw(time)
    if draw(st.booleans()):
        made["effect"] = "help"
    if draw(st.booleans()):
        made["course"] = {
            "visits": numbers(draw(st.sampled_from([{"1": 1.0}, {"1": 0.5, "3": 0.5}, {"2": 0.3, "5": 0.7}])), "share"),
            "gap": draw(time),
        }
        if draw(st.booleans()):
            made["course"] |= {"cap": numbers(2, "visits"), "after_cap": draw(st.sampled_from(ways))}
    if capacity == "places":
        made["stay"] = draw(durations(numbers, least=1.0))
    elif draw(st.booleans()):
        made["attendance"] = {
            "missed": numbers(draw(st.sampled_from([0.0, 0.2, 1.0])), "share"),
            "rebooked": numbers(draw(st.sampled_from([0.0, 0.7])), "share"),
            "odds": [{"when": draw(st.sampled_from(WHENS)), "times": numbers(2.0, "odds ratio")}],
            "otherwise": draw(st.sampled_from(ways)),
        }
    if capacity != "open":
        made["waiting"] = {
            "priority": draw(st.sampled_from(["urgent", "routine"])),
            "priorities": [
                {"when": draw(st.sampled_from(WHENS)), "priority": priority}
                for priority in draw(st.lists(st.sampled_from(["emergency", "urgent", "routine"]), max_size=3))
            ],
            "gives_up_to": draw(st.sampled_from(ways)),
            "leaves_when_better": numbers(draw(st.sampled_from([0.0, 0.5, 1.0])), "share"),
        }
        if draw(st.booleans()):
            made["waiting"]["patience"] = draw(time)
        if draw(st.booleans()):
            made["choice"] = {
                "by": draw(st.sampled_from(["capacity", "nearest", "patient"])),
                "wait": numbers(-0.5, "utility per week"),
                "published_every": numbers(draw(st.sampled_from([1, 7, 28])), "days"),
            }
    if capacity == "slots" and draw(st.booleans()):
        made["weekdays"] = draw(st.lists(st.sampled_from(["Mon", "Wed", "Sun"]), min_size=1, unique=True))
    return made


@st.composite
def utilities(draw: Any, numbers: Numbers) -> dict[str, Any]:
    """Norms by age, with a border among the people of the region, and decrements for some of them."""
    made: dict[str, Any] = {}
    if draw(st.booleans()):
        made["norm_by_age"] = numbers(draw(st.sampled_from([{"0+": 0.9}, {"0-41": 0.9, "42+": 0.3}])), "utility")
    whens = [{"kind": "b"}, {"deprivation_decile": "<= 3", "age": "> 41"}, {"kind": ["a", "c"], "sex": "female"}]
    made["decrements"] = [
        {"when": when, "by": numbers(by, "utility")}
        for when, by in zip(whens, (0.1, 0.3, 0.25), strict=True)
        if draw(st.booleans())
    ]
    return made


@st.composite
def lever_settings(draw: Any) -> dict[str, Any]:
    """A lever from any half day of the run on, perhaps until another, perhaps in some practices only."""
    starts = draw(st.integers(0, 2 * DAYS - 1))
    made: dict[str, Any] = {"starts": f"{12 * starts} hours"}
    if draw(st.booleans()):
        made["ends"] = f"{12 * (starts + draw(st.integers(1, DAYS)))} hours"
    if draw(st.booleans()):
        made["practices"] = draw(st.sampled_from([["P0"], ["P1", "P2"]]))
    return made


@st.composite
def worlds(draw: Any) -> tuple[Any, Any, Any]:
    """A random pathway with all the vocabulary, a region in which many things happen on the same day, a scenario."""
    numbers = Numbers()
    ways = ["home", *SERVICES, *DECISIONS]
    services = {name: draw(service(numbers, ways)) for name in SERVICES}
    decisions = {
        name: draw(decision(numbers, ["home", *SERVICES, *DECISIONS[position + 1 :]], sets=True))
        for position, name in enumerate(DECISIONS)
    }
    decisions["d0"]["odds"].append(
        {
            "option": "stop",
            "when": {"lever": "quiet"},
            "times": numbers(draw(st.sampled_from([0.0, 4.0])), "odds ratio"),
        }
    )
    rate = st.sampled_from([0.0, 3.0, 40.0, 400.0])

    def rates(**more: Any) -> dict[str, Any]:
        return {state: numbers(draw(rate), "per year") for state in PAIN_STATES} | more

    sections: dict[str, Any] = {
        "decisions": decisions,
        "attributes": {
            "kind": {
                "levels": {
                    "a": {"share": "rest"},
                    "b": {"share": numbers(0.3, "share")},
                    "c": {"share": numbers(0.2, "share")},
                },
                "odds": [
                    {"option": "b", "when": draw(st.sampled_from(EARLY_WHENS)), "times": numbers(2.0, "odds ratio")}
                ],
            }
        },
        "practice_effects": {"local": numbers(0.5, "SD of log odds")},
        "effects": {
            "help": {
                "improve_times": numbers(draw(st.sampled_from([0.5, 1.0, 4.0])), "hazard ratio"),
                "worsen_times": numbers(0.5, "hazard ratio"),
                "starts_after": numbers(draw(st.sampled_from([0, 3])), "days"),
                "lasts": numbers(draw(st.sampled_from([0, 5, 30])), "days"),
                "half_life": numbers(4, "days"),
            }
        },
        "levers": {
            "push": {
                "title": "A push",
                "says": "For a test",
                "counter_effects": "None",
                "reach": numbers(draw(st.sampled_from([0.0, 0.5, 1.0])), "share"),
                "adoption": draw(durations(numbers)),
                "half_life": numbers(14, "days"),
                "changes": draw(st.lists(change(numbers, decisions), min_size=1, max_size=3)),
            },
            "pull": {
                "title": "A pull",
                "says": "For a test",
                "counter_effects": "None",
                "changes": draw(st.lists(change(numbers, decisions), min_size=1, max_size=2)),
            },
            "quiet": {"title": "Quiet", "says": "Acts through conditions only", "counter_effects": "None"},
        },
        "health": health(
            numbers,
            improve=rates(times=[{"when": {"kind": "b"}, "times": numbers(0.5, "hazard ratio")}]),
            worsen=rates(phase_times={"persistent": numbers(0.5, "hazard ratio")}),
            consult=rates(),
            subacute_from=numbers(5, "days"),
            persistent_from=numbers(12, "days"),
            recurrence={
                "recent": numbers(draw(rate), "per year"),
                "later": numbers(draw(rate), "per year"),
                "recent_for": numbers(6, "days"),
                "forgotten_after": numbers(25, "days"),
            },
            **draw(utilities(numbers)),
        ),
        "prevalent": {
            "share": numbers(draw(st.sampled_from([0.0, 0.3])), "share"),
            "since": {"exponential": numbers(30, "days")},
            "state": {"options": {"mild": {"share": "rest"}, "severe": {"share": numbers(0.4, "share")}}},
        },
    }
    limited = [name for name in SERVICES if services[name]["capacity"] != "open"]
    for lever in ("push", "push", "pull") if limited else ():
        if draw(st.booleans()):
            sections["levers"][lever]["changes"].append(draw(capacity_change(numbers, services, limited)))
    opens = [name for name in SERVICES if services[name]["capacity"] == "open"]
    care: dict[str, Any] = {"entry": draw(st.sampled_from([*SERVICES, "d0"]))}
    if opens and draw(st.booleans()):
        care["while_waiting"] = {"service": opens[0], "then": draw(st.sampled_from(["home", *DECISIONS, *SERVICES]))}
    try:
        word = pathway(
            numbers,
            services,
            entry=care["entry"],
            onset_rate=draw(st.sampled_from([0.3, 5.0])),
            tick=draw(st.sampled_from(["1 day", "1 day", "12 hours"])),
            warm_up=draw(st.sampled_from(["0 days", "10 days"])),
            care=care,
            **sections,
        )
    except BadInput as bad:  # pragma: no cover - tells which rule the strategy broke
        note(str(bad))
        raise
    sites: dict[str, float] = {}
    waiting: list[Waiting] = []
    for name, made in services.items():
        if made["capacity"] != "open":
            for copy in range(draw(st.sampled_from([1, 1, 3]))):
                sites[f"{name}/{copy}"] = draw(st.sampled_from([0.0, 0.4, 1.0, 3.6, 30.0, 1e6]))
                if draw(st.booleans()):
                    waiting.append(Waiting(name, f"{name}/{copy}", "", draw(st.sampled_from([0, 2])), 3))
    place = region(
        draw(st.sampled_from([60, 300])),
        sites=sites,
        practices=3,
        waiting=tuple(waiting),
        weekdays=("Mon", "Tue", "Thu"),
    )
    levers = draw(st.dictionaries(st.sampled_from(["push", "pull", "quiet"]), lever_settings(), min_size=1))
    return word, place, scenario(**levers)


@settings(
    max_examples=int(os.environ.get("BACKPATH_RANDOM_PATHWAYS", "60")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(worlds(), st.integers(0, 1000))
def test_engines_agree_on_random_pathways(world: tuple[Any, Any, Any], seed: int) -> None:
    """And the order of processing within a phase changes nothing, in either engine, nor does a branch from the base."""
    word, place, levers = world
    plan = plan_of(word, place, years=DAYS / 365, scenario=levers)
    cohort = cohort_of(plan, seed=seed)
    running = Running(plan, cohort, keep_log=True).finish()
    log = running.log().canonical().rows
    by_reference = reference_log(plan, cohort)
    assert np.array_equal(log, by_reference)
    assert np.array_equal(log, compiled_log(plan, cohort, shuffle=seed + 1))
    assert np.array_equal(log, reference_log(plan, cohort, shuffle=seed + 1))
    base = plan_of(word, place, years=DAYS / 365)
    burnt_in = Running(base, cohort_of(base, seed=seed), keep_log=True)
    burnt_in.advance(plan.differs_from)
    assert np.array_equal(log, burnt_in.branch(plan).finish().log().canonical().rows)
    counted = qalys_of_time(health_table(running.tallies, plan))["qalys"].sum()
    assert counted == pytest.approx(qalys_person_by_person(by_reference, plan, cohort), abs=1e-9)


def qalys_person_by_person(log: np.ndarray, plan: Plan, cohort: Cohort) -> float:
    """QALYs of the measured time from an event log, each patient's states added up one after another."""
    health, quantities = plan.pathway.health, plan.pathway.quantities
    levels = quantities[health.norm_by_age].levels() if health.norm_by_age else {}
    norms = {age_band(band): norm for band, norm in levels.items()}
    takes = {state: 0.9 - quantities[name].number() for state, name in health.utility.items()}

    def worth(i: int, state: str) -> float:
        age, sex, decile, kind = (int(value) for value in cohort.patients[i]["attributes"][:4])
        holds = {
            "kind b": kind == 1,
            "deprivation_decile <= 3 and age > 41": decile <= 3 and age > 41,
            "kind a or c and sex female": kind in (0, 2) and sex == 0,
        }
        norm = next((norm for (low, high), norm in norms.items() if low <= age <= high), 0.9)
        extra = sum(quantities[word.by].number() for word in health.decrements if holds[in_words(word.when)])
        return max(norm - takes[state] - (extra if state != "well" else 0.0), -0.594)

    total = 0.0
    for i, rows in enumerate_patients(log):
        moves = rows[np.isin(rows["kind"], [KINDS.index("onset"), KINDS.index("health")])]
        states = [STATES[int(row["detail"]) % 4] if row["kind"] else STATES[int(row["detail"])] for row in moves]
        ticks = [*moves["tick"].tolist(), plan.last_tick]
        for state, since, until in zip(states, ticks, ticks[1:], strict=False):
            total += worth(i, state) * max(until - max(since, 0), 0)
    return total / (365 * plan.ticks_per_day)


def enumerate_patients(log: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each patient of a log with their rows."""
    for i in np.unique(log["patient"]):
        yield int(i), log[log["patient"] == i]


def test_engines_agree_when_everyone_arrives_at_once() -> None:
    """Everyone who came in a week is seen on Monday and joins the next list on Tuesday; only the lot decides."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {
            "gate": {"capacity": "slots", "weekdays": ["Mon"], "next": "clinic"},
            "clinic": {"capacity": "slots", "next": "home", "waiting": {"patience": {"fixed": numbers(12, "days")}}},
        },
        entry="gate",
        onset_rate=5.0,
    )
    plan = plan_of(word, region(3000, sites={"gate": 1e6, "clinic": 21}), years=30 / 365)
    cohort = cohort_of(plan)
    log = compiled_log(plan, cohort)
    assert np.array_equal(log, reference_log(plan, cohort))
    joined = log[(log["kind"] == JOINED) & (log["service"] == 1)]
    assert np.bincount(joined["tick"]).max() > 40


@pytest.mark.slow
@pytest.mark.parametrize("name", library_names("scenarios"))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_engines_agree_on_the_library(name: str, seed: int) -> None:
    """Every scenario of the library in an eighth of the demonstration region, warm-up included."""
    _, word, own = load_scenario(name)
    plan = plan_of(own, shrunk(load_region("demonstration"), 8), years=0.2, scenario=word, name=name)
    cohort = cohort_of(plan, seed=seed)
    assert np.array_equal(compiled_log(plan, cohort), reference_log(plan, cohort))
