"""What a scenario writes either happens or is named, with who wins and what to do: on every face, from one place."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pathways import (
    BadInput,
    Pathway,
    Region,
    Scenario,
    library_names,
    load_pathway,
    load_region,
    load_scenario,
    save_region,
)
from pathways.checks.without_effect import without_effect
from sim.experiments.as_written import not_as_written
from sim.experiments.joint_draws import JointDraws
from sim.run import Case
from tests.helpers.build import Numbers, pathway, plan_of, region, scenario, share, shrunk
from tests.helpers.capacity import lever
from tests.helpers.typed import backpath

USUAL = load_pathway("usual_care")
DEMONSTRATION = load_region("demonstration")

FEWER_SCANS = """
format = 1
title = "Fewer scanners"
says = "A tenth fewer scans than today can be done."
pathway = "usual_care"

[quantities.mri_per_100k]
value = 7.7
low = 7
high = 8
unit = "appointments per week per 100,000"
source = "ours"
grade = "local"
"""


def said(
    quantities: dict[str, float] | None = None,
    levers: dict[str, Any] | None = None,
    *,
    word: Pathway = USUAL,
    place: Region = DEMONSTRATION,
    years: float | None = 1.0,
) -> list[str]:
    """What is said of a scenario that writes other values of some quantities and sets some levers."""
    changed = {
        name: word.quantities[name].model_copy(update={"value": value}) for name, value in (quantities or {}).items()
    }
    setting = Scenario.model_validate(
        {
            "format": 1,
            "title": "Mine",
            "says": "For a test.",
            "pathway": word.name,
            "levers": levers or {},
            "quantities": {name: quantity.model_dump() for name, quantity in changed.items()},
        }
    )
    own = replace(word, quantities={**word.quantities, **changed})
    return [str(problem) for problem in without_effect(setting, own, place, name="mine", years=years)]


# quantities


def test_a_scenario_that_is_shown_says_what_of_it_comes_to_nothing_there(tmp_path: Path) -> None:
    """It was shown as if the scanners were a tenth fewer."""
    file = tmp_path / "fewer.toml"
    file.write_text(FEWER_SCANS)
    shown = " ".join(backpath("show", "scenario", file).out.split())
    assert "Without effect in Demonstration area - quantities.mri_per_100k: changes nothing: capacity.csv of" in shown
    assert "Without effect" not in backpath("show", "scenario", "waiting_list_initiative").out


def test_an_amount_per_head_loses_to_the_amount_in_capacity_csv() -> None:
    """It printed 0 (0%) on every line."""
    (one,) = said({"mri_per_100k": 7.7})
    assert one.startswith("mine: quantities.mri_per_100k: changes nothing: capacity.csv of Demonstration area has 8.9 ")
    assert "(assumed) and wins" in one
    assert "'capacity_times'" in one


@pytest.mark.parametrize(
    ("quantity", "value", "why"),
    [
        ("mri_waiting_per_100k", 10.0, "waiting_lists.csv of Demonstration area has 18 people on the list of MRI scan"),
        ("reinvest_triage_plus", 0.1, "the lever 'reinvest' that uses it is not set in this scenario"),
        ("physio_first_reach", 0.9, "the lever 'physio_first' that uses it is not set"),
        ("community_physio_contact", 45.0, "only `backpath budget` reads it"),
        ("pain_well", 1.0, "only the comparison with published courses reads it"),
    ],
)
def test_quantities_that_nothing_reads_here_are_named(quantity: str, value: float, why: str) -> None:
    name = quantity if quantity in USUAL.quantities else _of(quantity)
    assert any(why in sentence for sentence in said({name: value})), said({name: value})


def _of(path: str) -> str:
    """The quantity at a place of today's pathway that another name tells better."""
    if path == "pain_well":
        return str(USUAL.health.pain.well)  # type: ignore[union-attr]
    if path == "community_physio_contact":
        return str(USUAL.services["community_physio"].contact)
    return str(USUAL.services["mri"].waiting_per_100k)


def test_a_price_loses_to_prices_csv_and_acts_where_there_is_none() -> None:
    price = USUAL.services["mri"].price
    assert said({price: 300.0}) == []
    priced = replace(DEMONSTRATION, prices={"mri": (205.0, 2026)})
    (one,) = said({price: 300.0}, place=priced)
    assert "prices.csv of Demonstration area has £205 (2026) for MRI scan and wins over the pathway" in one


def test_a_quantity_that_acts_in_one_place_and_not_in_another_says_where() -> None:
    """One price of two services, and the region has its own for one of them."""
    numbers = Numbers()
    price = numbers(60, "GBP")
    services = {
        "one": {"capacity": "slots", "next": "two", "price": price},
        "two": {"capacity": "slots", "next": "home", "price": price},
    }
    word = pathway(numbers, services, entry="one")
    place = replace(region(sites={"one": 5.0, "two": 5.0}), prices={"one": (70.0, 2026)})
    (one,) = said({price: 80.0}, word=word, place=place)
    assert one.startswith(f"mine: quantities.{price}: acts on services.two.price alone: prices.csv of Small has £70")


def test_a_quantity_that_no_word_uses_is_named() -> None:
    numbers = Numbers()
    spare = numbers(1, "ratio")
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic")
    (one,) = said({spare: 2.0}, word=word, place=region(sites={"clinic": 5.0}))
    assert "nothing in the pathway 'small' uses it" in one


def test_nobody_chooses_between_one_site_or_by_a_distance_that_is_not_known() -> None:
    numbers = Numbers()
    week, km = numbers(-0.2, "utility per week"), numbers(-0.3, "utility per km")
    choice = {"by": "patient", "wait": week, "distance": km, "published_every": numbers(14, "days")}
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home", "choice": choice}}, entry="clinic")
    (alone,) = said({week: -0.5}, word=word, place=region(sites={"clinic": 5.0}))
    assert "Small has one site of clinic, so nobody chooses" in alone
    two = region(sites={"clinic/a": 5.0, "clinic/b": 5.0})
    assert said({week: -0.5}, word=word, place=two) == []
    (far,) = said({km: -0.5}, word=word, place=two)
    assert "Small has no places on a map" in far


# levers


@pytest.mark.parametrize(
    ("levers", "why"),
    [
        ({"mri_form": {"reach": 0}}, "levers.mri_form.reach: reaches no practice"),
        ({"mri_form": {"starts": "53 weeks"}}, "levers.mri_form.starts: '53 weeks': a run of 1 years ends before"),
        ({"reinvest": {"starts": "40 weeks"}}, "no practice takes it up before 13 weeks have passed"),
        ({"reinvest": {"ends": "12 weeks"}}, "levers.reinvest.ends: '12 weeks' is before anyone takes it up"),
        ({"waiting_list_initiative": {"reach": 0.5}}, "levers.waiting_list_initiative.reach: 0.5 does not make"),
    ],
)
def test_levers_that_are_never_on_or_not_in_part_are_named(levers: dict[str, Any], why: str) -> None:
    assert any(why in sentence for sentence in said(levers=levers)), said(levers=levers)


def test_a_lever_on_a_closed_service_is_named() -> None:
    closed = tuple(replace(site, amount=0.0) if site.service == "mri" else site for site in DEMONSTRATION.sites)
    (one,) = said(levers={"waiting_list_initiative": {}}, place=replace(DEMONSTRATION, sites=closed))
    assert (
        "multiplies the capacity of MRI scan, which is 0 in capacity.csv of Demonstration area: it stays closed" in one
    )


def test_a_lever_that_multiplies_a_share_of_nought_is_named_unless_another_opens_it() -> None:
    numbers = Numbers()
    plan = {"options": {"clinic": share(numbers, 0.0), "home": {"share": "rest"}}}
    twice = {"decision": "plan", "option": "clinic", "times": numbers(2, "ratio"), "at_most": numbers(0.9, "share")}
    opened = {"decision": "plan", "option": "clinic", "plus": numbers(0.2, "share")}
    word = pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "clinic": {"capacity": "slots", "next": "home"}},
        entry="gp",
        decisions={"plan": plan},
        levers={"twice": lever(twice), "opened": lever(opened)},
    )
    place = region(sites={"clinic": 5.0})
    (one,) = said(levers={"twice": {}}, word=word, place=place)
    assert "it multiplies the share of 'clinic' of 'plan', which is 0: only 'plus' opens it" in one
    assert said(levers={"twice": {}, "opened": {}}, word=word, place=place) == []


def test_practices_of_other_areas_may_be_named() -> None:
    """A region of two areas: a practice of the second was 'no practice' in the first."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        levers={"more": lever({"service": "clinic", "capacity_times": numbers(2, "ratio")})},
    )
    place = region(practices=2, sites={"clinic": 5.0})
    sites = tuple(replace(place.sites[0], area=area) for area in ("north", "south"))
    place = replace(place, areas=("north", "south"), sites=sites)
    setting = scenario(more={"practices": ["P1"]})
    plans = [plan_of(word, place.area(name), scenario=setting) for name in ("north", "south")]
    assert [len(plan.region.codes) for plan in plans] == [1, 1]
    with pytest.raises(BadInput, match="there is no practice 'P2' in Small"):
        plan_of(word, place.area("north"), scenario=scenario(more={"practices": ["P2"]}))


def test_a_replaced_quantity_that_was_calibrated_tells_what_the_runs_have() -> None:
    name = "physio_first_times"
    other = USUAL.quantities[name].model_copy(update={"value": 2.5})
    setting = scenario(physio_first={}).model_copy(update={"quantities": {name: {}}})
    cases = {
        "usual_care": Case("usual_care", scenario(), USUAL),
        "mine": Case("mine", setting, replace(USUAL, quantities={**USUAL.quantities, name: other})),
    }
    draws = JointDraws(pd.DataFrame({name: np.full(4, 1.0)}))
    told = not_as_written(cases, base="usual_care", region=DEMONSTRATION, years=1, calibration=draws)
    assert any("this quantity was calibrated: over the draws it is" in str(one) for one in told)
    assert not not_as_written(cases, base="usual_care", region=DEMONSTRATION, years=1)


@pytest.mark.parametrize("name", library_names("scenarios"))
def test_all_that_the_librarys_scenarios_say_happens_in_the_demonstration_area(name: str) -> None:
    _, setting, word = load_scenario(name)
    assert without_effect(setting, word, DEMONSTRATION, name=name, years=1.0) == []


# faces


@pytest.fixture(scope="module")
def fewer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("scenario") / "fewer.toml"
    file.write_text(FEWER_SCANS)
    return file


@pytest.fixture(scope="module")
def tenth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration area with a tenth of its people."""
    folder = tmp_path_factory.mktemp("tenth")
    save_region(shrunk(DEMONSTRATION, 10), folder)
    return folder


SHORT = ("--years", 1, "--replications", 2, "--region", "AREA")


@pytest.mark.parametrize(
    "command",
    [
        ("check", "FILE", "--region", "AREA"),
        ("compare", "FILE", *SHORT),
        ("compare", "FILE", *SHORT, "--json"),
        ("compare", "FILE", *SHORT, "--csv"),
        ("run", "FILE", *SHORT),
        ("run", "FILE", *SHORT, "--json"),
        ("budget", "FILE", *SHORT),
        ("budget", "FILE", *SHORT, "--json"),
        ("psa", "FILE", *SHORT, "--draws", 2, "--one-way", 2),
        ("psa", "FILE", *SHORT, "--draws", 2, "--one-way", 2, "--json"),
    ],
)
def test_every_command_says_that_the_region_wins(command: tuple[Any, ...], fewer: Path, tenth: Path) -> None:
    seen = backpath(*({"FILE": fewer, "AREA": tenth}.get(str(word), word) for word in command))
    assert seen.code == 0, seen.err
    told = re.sub(r"\s+", " ", seen.out + seen.err)
    if "--json" in command:
        told = " ".join(json.loads(seen.out)["warnings"])
    assert (
        "fewer: quantities.mri_per_100k: changes nothing: capacity.csv of Demonstration area has 0.89 appointments"
        in told
    )
