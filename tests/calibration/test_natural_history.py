"""The fit of illness and of treatment: what was fitted lies within what is published, and the page says so."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from calibration import natural_history, treatment_effects
from calibration.untreated import Untreated
from pathways import Pathway, load_pathway
from sim.experiments.scores import with_values

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return load_pathway("usual_care")


def maker() -> ModuleType:
    """The script that writes the page."""
    found = importlib.util.spec_from_file_location("natural_history_page", DOCS / "natural_history.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_every_published_course_is_met_within_its_interval(pathway: Pathway) -> None:
    table = natural_history.compare(
        pathway, natural_history.read_targets(), natural_history.read_quantities("settings")
    )
    assert len(table) == 20
    assert table.index[~table["within"]].tolist() == []
    assert (table["errors_off"] ** 2).sum() == pytest.approx(24.3, abs=1.5)


def test_another_natural_history_would_not_meet_them(pathway: Pathway) -> None:
    """So that the test above can fail: pain that goes half as fast misses several figures."""
    slower = with_values(pathway, {"improve_mild": pathway.quantities["improve_mild"].number() / 2})
    table = natural_history.compare(slower, natural_history.read_targets(), natural_history.read_quantities("settings"))
    assert (~table["within"]).sum() >= 3


def test_the_fitted_quantities_are_those_of_the_pathway(pathway: Pathway) -> None:
    """Within rounding to three figures: the pathway holds what the fit ends at."""
    free = natural_history.read_quantities("free")
    start = {name: pathway.quantities[name] for name in free}
    off = [
        natural_history.compare(pathway, natural_history.read_targets(), natural_history.read_quantities("settings"))[
            "errors_off"
        ]
    ]
    best = float((off[0] ** 2).sum())
    for name, quantity in start.items():
        for times in (0.8, 1.25):
            moved = with_values(pathway, {name: quantity.number() * times})
            table = natural_history.compare(
                moved, natural_history.read_targets(), natural_history.read_quantities("settings")
            )
            assert float((table["errors_off"] ** 2).sum()) > best, (name, times)


def test_a_cohort_keeps_its_people(pathway: Pathway) -> None:
    untreated = Untreated(pathway, natural_history.read_quantities("settings"))
    for people in (untreated.acute, untreated.persistent):
        totals = people.sum(axis=tuple(range(1, people.ndim)))
        assert totals == pytest.approx(np.full(len(totals), totals[0]))
        assert (people >= -1e-12).all()


def test_treatments_show_the_differences_that_trials_found(pathway: Pathway) -> None:
    """To the three figures to which multipliers are written."""
    table = treatment_effects.table(pathway, treatment_effects.read_targets())
    assert len(table) == 10
    assert table["model"].to_numpy() == pytest.approx(table["wanted"].to_numpy(), rel=0.03)
    assert ((table["low"] <= table["fitted"]) & (table["fitted"] <= table["high"])).all()


def test_a_treatment_without_effect_gains_nothing(pathway: Pathway) -> None:
    untreated = Untreated(pathway, natural_history.read_quantities("settings"))
    for target in treatment_effects.read_targets().values():
        assert treatment_effects.gain(untreated, pathway, target, improve_times=1.0) == pytest.approx(0.0, abs=1e-9)


def test_an_effect_that_lasts_gains_at_least_as_much(pathway: Pathway) -> None:
    untreated = Untreated(pathway, natural_history.read_quantities("settings"))
    target = treatment_effects.read_targets()["uk_beam_exercise"]
    lasts = pathway.effects[target.effect].lasts
    longer = replace(
        pathway,
        quantities={
            **pathway.quantities,
            lasts: pathway.quantities[lasts].model_copy(update={"value": 2 * pathway.quantities[lasts].number()}),
        },
    )
    gains = [treatment_effects.gain(untreated, each, target, improve_times=2.0) for each in (pathway, longer)]
    assert gains[1] > gains[0] > 0


def test_the_page_and_its_picture_are_up_to_date() -> None:
    """Written by docs/natural_history.py; the picture's own words stand in it."""
    made = maker()
    assert made.PAGE.read_text() == made.page()
    assert made.chart().alt in made.PICTURE.read_text()
