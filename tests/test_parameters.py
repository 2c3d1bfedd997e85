"""Draws of what is not known: they keep to their quantities' ranges, fit together, and go with names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from calibration import natural_history
from calibration.parameters import (
    NoSensibleDraw,
    at_end,
    draw_problem,
    draw_scores,
    draw_together,
    read_correlation,
)
from pathways import Pathway, Quantity, load_pathway, pathway_problems
from pathways.checks import CHECKS, CHECKS_OF_VALUES
from sim.compare import Case
from sim.scores import HALF_INTERVAL, at_scores, uncertain, value_at
from ui.cases import gather

SCORES = special.ndtri((np.arange(4000) + 0.5) / 4000)
NONE = pd.DataFrame()


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return load_pathway("usual_care")


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return gather(["mri_guidance", "any_qualified_provider"], against="usual_care")[0]


def quantity(value: float, low: float, high: float, distribution: str, unit: str = "ratio") -> Quantity:
    return Quantity.model_validate(
        {
            "value": value,
            "low": low,
            "high": high,
            "unit": unit,
            "distribution": distribution,
            "source": "ours",
            "grade": "assumed",
        }
    )


# one quantity


def test_every_quantity_of_the_library_can_be_drawn_as_it_says(pathway: Pathway) -> None:
    assert {name: said for name, each in pathway.quantities.items() if (said := draw_problem(each))} == {}


def test_V53_no_draw_is_impossible(pathway: Pathway) -> None:
    """Over 4,000 scores and far into the tails: shares and utilities stay within bounds, prices and ratios above 0."""
    for name in uncertain(pathway):
        each = pathway.quantities[name]
        values = np.array([value_at(each, score) for score in (*SCORES[::40], -6, 6)])
        assert np.isfinite(values).all(), name
        assert (np.diff(values[:-2]) >= 0).all(), name
        if each.unit == "share":
            assert values.min() >= 0, name
            assert values.max() <= 1, name
        elif each.unit == "utility":
            assert values.max() <= 1, name
        elif each.distribution in ("gamma", "lognormal"):
            assert values.min() >= 0, name


@pytest.mark.parametrize("distribution", ["beta", "gamma", "normal", "uniform"])
def test_V48_the_mean_of_draws_is_the_value(distribution: str) -> None:
    """So that a linear model's mean over draws is what it gives at the values; lognormal keeps the median instead."""
    each = quantity(0.3, 0.2, 0.4, distribution)
    assert np.mean([value_at(each, score) for score in SCORES]) == pytest.approx(0.3, rel=1e-3)


def test_a_ratio_keeps_its_median_and_both_ends() -> None:
    each = quantity(7.9, 2.5, 14.3, "lognormal")
    assert value_at(each, 0) == pytest.approx(7.9)
    assert value_at(each, -HALF_INTERVAL) == pytest.approx(2.5)
    assert value_at(each, HALF_INTERVAL) == pytest.approx(14.3)


def test_a_share_spreads_as_its_interval_says() -> None:
    values = [value_at(quantity(0.3, 0.2, 0.4, "beta", "share"), score) for score in SCORES]
    assert np.std(values) == pytest.approx(0.2 / (2 * HALF_INTERVAL), rel=0.01)
    assert np.quantile(values, [0.025, 0.975]) == pytest.approx([0.2, 0.4], abs=0.01)


def test_a_triangular_quantity_leans_to_its_mode() -> None:
    values = [value_at(quantity(1, 0, 4, "triangular"), score) for score in SCORES]
    assert np.mean(values) == pytest.approx((0 + 1 + 4) / 3, rel=1e-3)
    assert 0 <= min(values) <= max(values) <= 4


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (quantity(0, 0, 1, "beta"), "edge of what a beta"),
        (quantity(1, 0.5, 1, "beta"), "edge of what a beta"),
        (quantity(0, 0, 2, "gamma"), "edge of what a gamma"),
        (quantity(1, 0, 2, "lognormal"), "edge of what a lognormal"),
        (quantity(0.02, 0, 0.98, "beta"), "wider than a beta distribution around 0.02 can be"),
    ],
)
def test_a_quantity_that_cannot_be_drawn_says_why(wrong: Quantity, says: str) -> None:
    assert says in str(draw_problem(wrong))


# all together


def test_luck_goes_with_the_name(pathway: Pathway) -> None:
    """One quantity more changes nobody else's draw; another seed or draw changes it."""
    names = uncertain(pathway)[:20]
    few = draw_scores(names[:5], seed=7, draw=3, correlation=NONE)
    many = draw_scores(names, seed=7, draw=3, correlation=NONE)
    assert few == {name: many[name] for name in names[:5]}
    assert many != draw_scores(names, seed=8, draw=3, correlation=NONE)
    assert many != draw_scores(names, seed=7, draw=4, correlation=NONE)


def test_scores_are_standard_normal_and_independent() -> None:
    names = ["one", "two", "three"]
    table = pd.DataFrame([draw_scores(names, seed=1, draw=draw, correlation=NONE) for draw in range(2000)])
    assert table.mean().abs().max() < 4 / np.sqrt(2000)
    assert table.std().sub(1).abs().max() < 4 / np.sqrt(4000)
    assert np.abs(table.corr().to_numpy() - np.eye(3)).max() < 4 / np.sqrt(2000)


def test_what_was_fitted_together_is_drawn_together() -> None:
    known = read_correlation()
    names = list(known.index)
    table = pd.DataFrame([draw_scores(names, seed=1, draw=draw, correlation=known) for draw in range(3000)])
    assert np.abs(table.corr() - known).to_numpy().max() < 4 / np.sqrt(3000)


@pytest.mark.slow
def test_the_correlation_is_that_of_the_fit() -> None:
    """The file is what the fit prints, to the last digit written."""
    pathway, targets = load_pathway("usual_care"), natural_history.read_targets()
    settings, free = natural_history.read_quantities("settings"), natural_history.read_quantities("free")
    _, correlation = natural_history.fit(pathway, targets, settings, free)
    written = read_correlation()
    assert list(written.index) == list(correlation.index)
    assert np.abs(written - correlation).to_numpy().max() < 0.02


def test_draws_fit_together_and_pass_every_check(cases: dict[str, Case]) -> None:
    """Only the checks of values are asked at each draw: they are enough."""
    drawn = draw_together(cases, 4, seed=11)
    assert len(drawn.scores) == 4
    for draw in range(4):
        for case in drawn.cases(cases, draw).values():
            assert pathway_problems(case.pathway, checks=CHECKS) == []


def test_V49_same_seed_same_draws(cases: dict[str, Case]) -> None:
    first, again, other = (draw_together(cases, 3, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first.scores, again.scores)
    assert (first.scores != other.scores).all(axis=None)


def test_shares_that_do_not_fit_together_are_drawn_again(cases: dict[str, Case]) -> None:
    """Without that some draws would break a rule; what stands elsewhere keeps its first luck."""
    base = cases["usual_care"].pathway
    first = [draw_scores(uncertain(base), seed=2, draw=draw, correlation=read_correlation()) for draw in range(6)]
    at_first = at_scores(cases, first[0])["usual_care"]
    broken = [
        draw
        for draw, scores in enumerate(first)
        if pathway_problems(at_scores({"a": cases["usual_care"]}, scores)["a"].pathway, checks=CHECKS_OF_VALUES)
    ]
    drawn = draw_together({"usual_care": cases["usual_care"]}, 6, seed=2)
    assert drawn.redrawn == len(broken) > 0
    for draw, scores in enumerate(first):
        kept = (drawn.scores.iloc[draw] == pd.Series(scores)).mean()
        assert kept == 1 if draw not in broken else 0.7 < kept < 1
    assert at_first.pathway.quantities.keys() == base.quantities.keys()


def test_ranges_that_never_fit_together_are_refused(cases: dict[str, Case]) -> None:
    case = cases["usual_care"]
    huge = quantity(0.99, 0.989, 0.991, "uniform", "share")
    pathway = replace(
        case.pathway, quantities={**case.pathway.quantities, "triage_physio_share": huge, "triage_mri_share": huge}
    )
    with pytest.raises(NoSensibleDraw, match=r"did not fit together: .*the shares add to .* Narrow the range"):
        draw_together({"usual_care": replace(case, pathway=pathway)}, 1, seed=1)


def test_V56_no_scores_are_the_base_case(cases: dict[str, Case]) -> None:
    assert at_scores(cases, {}) == dict(cases)


def test_one_quantity_at_an_end_changes_nothing_else(cases: dict[str, Case]) -> None:
    changed, problem = at_end(cases, "gp_price", "high")
    assert problem is None
    for name, case in changed.items():
        before = cases[name].pathway.quantities
        different = {each for each in before if before[each] != case.pathway.quantities[each]}
        assert different == {"gp_price"}
        assert case.pathway.quantities["gp_price"].value == before["gp_price"].high


def test_an_end_that_does_not_fit_says_so(cases: dict[str, Case]) -> None:
    case = cases["usual_care"]
    wide = quantity(0.1, 0.05, 0.99, "uniform", "share")
    pathway = replace(case.pathway, quantities={**case.pathway.quantities, "triage_physio_share": wide})
    _, problem = at_end({"usual_care": replace(case, pathway=pathway)}, "triage_physio_share", "high")
    assert problem is not None
    assert "the shares add to" in problem


@given(st.floats(0.05, 0.9), st.floats(0.02, 0.5), st.floats(-5, 5), st.floats(-5, 5))
def test_higher_scores_never_give_lower_values(value: float, width: float, one: float, two: float) -> None:
    for distribution in ("beta", "gamma", "normal", "lognormal", "uniform", "triangular"):
        each = quantity(value, value * (1 - width), min(1.0, value * (1 + width)), distribution)
        if draw_problem(each) is None:
            assert value_at(each, min(one, two)) <= value_at(each, max(one, two))
