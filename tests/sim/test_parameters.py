"""Draws of what is not known: they keep to their quantities' ranges, fit together, and go with names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from calibration import natural_history
from pathways import BadInput, Pathway, Quantity, load_pathway, pathway_problems
from pathways.checks import CHECKS, CHECKS_OF_VALUES, draw_problem, problems_of, shares_together
from pathways.draft import Draft
from sim.experiments.distributions import moments
from sim.experiments.joint_shares import shares_at, sticks
from sim.experiments.parameters import NoSensibleDraw, at_end, draw_scores, draw_together, read_correlation
from sim.experiments.scores import HALF_INTERVAL, at_scores, pathway_at, uncertain, value_at, with_values
from sim.run import Case
from tests.helpers.build import Numbers
from tests.helpers.build import pathway as build
from ui.inputs.cases import gather

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


def test_what_does_not_fit_together_is_drawn_again(cases: dict[str, Case]) -> None:
    """Without that some draws would break a rule; what stands elsewhere keeps its first luck."""
    base = cases["usual_care"].pathway
    first = [draw_scores(uncertain(base), seed=2, draw=draw, correlation=read_correlation()) for draw in range(20)]
    broken = [
        draw
        for draw, scores in enumerate(first)
        if pathway_problems(at_scores({"a": cases["usual_care"]}, scores)["a"].pathway, checks=CHECKS_OF_VALUES)
    ]
    drawn = draw_together({"usual_care": cases["usual_care"]}, 20, seed=2)
    assert drawn.redrawn == len(broken) > 0
    assert sum(drawn.again.values()) >= len(broken)
    for draw, scores in enumerate(first):
        kept = drawn.scores.iloc[draw] == pd.Series(scores)
        assert kept.all() if draw not in broken else 0.9 < kept.mean() < 1
        assert set(kept.index[~kept]) <= set(drawn.again)


def test_ranges_that_never_fit_together_are_refused(cases: dict[str, Case]) -> None:
    case = cases["usual_care"]
    late, soon = quantity(100, 99, 101, "uniform", "weeks"), quantity(10, 9, 11, "uniform", "weeks")
    changed = {"physio_patience_median": late, "physio_patience_p90": soon}
    pathway = replace(case.pathway, quantities={**case.pathway.quantities, **changed})
    with pytest.raises(NoSensibleDraw, match=r"did not fit together: .*must be above the median.* Narrow the range"):
        draw_together({"usual_care": replace(case, pathway=pathway)}, 1, seed=1)


# shares of one decision


def shares_drawn(pathway: Pathway, count: int = 1500) -> pd.DataFrame:
    """The shares of a pathway's decisions in so many draws."""
    rng = np.random.default_rng(8)
    names = uncertain(pathway)
    return pd.DataFrame(
        [
            shares_at(pathway, dict(zip(names, map(float, scores), strict=True)))
            for scores in rng.normal(size=(count, len(names)))
        ]
    )


def test_every_share_of_the_library_is_drawn_with_its_stated_mean(pathway: Pathway) -> None:
    """Drawn again where they added to more than 1, `gp_sends_to_emergency_share` had a mean of 0.35 for its 0.45."""
    drawn = shares_drawn(pathway)
    assert {"gp_sends_to_emergency_share", "triage_mri_share", "mri_form_displaced"} <= set(drawn)
    for name in drawn:
        mean, spread = moments(pathway.quantities[name])
        assert mean == pathway.quantities[name].number(), name
        assert drawn[name].mean() == pytest.approx(mean, abs=4.5 * spread / np.sqrt(len(drawn))), name
    emergency = drawn["gp_sends_to_emergency_share"]
    assert emergency.mean() == pytest.approx(0.45, abs=0.01)
    assert (emergency < 0.45).mean() < 0.6


def test_every_share_keeps_its_range_as_far_as_the_others_leave_room(pathway: Pathway) -> None:
    """All of the library but one, for which 0.475 is left on average, in a range to 0.77."""
    drawn = shares_drawn(pathway)
    narrower = [name for name in drawn if abs(drawn[name].std() / moments(pathway.quantities[name])[1] - 1) > 0.1]
    assert narrower == ["gp_sends_to_emergency_share"]
    assert 0.05 < drawn[narrower[0]].std() < moments(pathway.quantities[narrower[0]])[1]


def test_shares_that_may_be_open_at_once_never_add_to_more_than_one(pathway: Pathway) -> None:
    drawn = shares_drawn(pathway)
    for cases_of in shares_together(pathway):
        for case in cases_of:
            total = sum(times * drawn.get(name, pathway.quantities[name].number()) for name, times in case.items())
            assert np.max(total) <= 1 + 1e-9


def split(
    *, when: dict[str, dict[str, str]] | None = None, second: list[str] | None = None, **shares: Quantity
) -> Pathway:
    """A GP's decision with these shares, the rest goes home; `when` some are open, and which stand in a `second` one."""
    numbers = Numbers()
    for name, each in shares.items():
        numbers.quantities[name] = each.model_dump(exclude_none=True)
    options = {
        name: {"share": name, "to": "other" if second and name in second else "home"}
        | ({"when": when[name]} if when and name in when else {})
        for name in shares
        if name != "mine"
    }
    services = {"gp": {"capacity": "open", "next": "plan"}}
    decisions = {"plan": {"options": {"home": {"share": "rest"}, **options}}}
    if second:
        others = {name: {"share": name, "to": "home"} for name in second}
        decisions["again"] = {"options": {"home": {"share": "rest"}, **others}}
        services["other"] = {"capacity": "open", "next": "again"}
    kind = {"levels": {"one": {"share": "rest"}, "two": {"share": numbers(0.5, "share")}}}
    return build(numbers, services, entry="gp", decisions=decisions, attributes={"kind": kind})


@settings(max_examples=30)
@given(
    means=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=5),
    filled=st.floats(0.1, 0.97),
    widths=st.lists(st.floats(0.05, 0.95), min_size=5, max_size=5),
    seed=st.integers(0, 10**6),
)
def test_shares_of_one_decision_always_fit_and_keep_their_means(
    means: list[float], filled: float, widths: list[float], seed: int
) -> None:
    """Over random decisions, however full and however wide their ranges."""
    values = np.array(means) / sum(means) * filled
    shares = {}
    for place, (value, width) in enumerate(zip(map(float, values), widths, strict=False)):
        reach = width * min(value, 1 - value)
        shares[f"share_{place}"] = quantity(value, value - reach, value + reach, "beta", "share")
    word = split(**shares)
    names = sorted(shares)
    scores = np.random.default_rng(seed).normal(size=(300, len(names)))
    drawn = pd.DataFrame([shares_at(word, dict(zip(names, map(float, row), strict=True))) for row in scores])
    assert drawn.to_numpy().min() >= 0
    assert drawn.sum(axis=1).max() <= 1 + 1e-9
    for name in names:
        expected, spread = shares[name].number(), drawn[name].std()
        assert drawn[name].mean() == pytest.approx(expected, abs=5.5 * spread / np.sqrt(300) + 0.002)


def test_options_that_exclude_each_other_may_add_to_more_than_one() -> None:
    """Each is as wide as it says beside what is open to all: 0.6 for one kind of patient and 0.7 for the other."""
    word = split(
        when={"ones": {"kind": "one"}, "twos": {"kind": "two"}},
        ones=quantity(0.6, 0.5, 0.7, "beta", "share"),
        twos=quantity(0.7, 0.6, 0.8, "beta", "share"),
        all_kinds=quantity(0.1, 0.08, 0.12, "beta", "share"),
    )
    drawn = shares_drawn(word)
    assert drawn.mean().to_dict() == pytest.approx({"ones": 0.6, "twos": 0.7, "all_kinds": 0.1}, abs=0.005)
    assert (drawn["ones"] + drawn["twos"]).min() > 1
    assert abs(drawn["ones"].corr(drawn["twos"])) < 0.25
    assert drawn["twos"].std() == pytest.approx(0.1 / HALF_INTERVAL, rel=0.06)


def test_a_share_of_several_decisions_is_drawn_once_and_fits_into_all() -> None:
    word = split(
        second=["both", "mine"],
        both=quantity(0.4, 0.2, 0.6, "beta", "share"),
        here=quantity(0.5, 0.4, 0.6, "beta", "share"),
        mine=quantity(0.3, 0.25, 0.35, "beta", "share"),
    )
    drawn = shares_drawn(word)
    assert (drawn[["both", "here"]].sum(axis=1)).max() <= 1
    assert (drawn[["both", "mine"]].sum(axis=1)).max() <= 1
    assert drawn["both"].mean() == pytest.approx(0.4, abs=0.01)


def test_a_share_alone_has_its_own_distribution_exactly(pathway: Pathway) -> None:
    """And so has the first of a decision; prices and ratios are not touched."""
    for name in ("opioid_review_stops_share", "emergency_share", "gp_price", "surgery_improves"):
        for score in (-2.0, 0.0, 1.3):
            drawn = pathway_at(pathway, {name: score}).quantities[name].number()
            assert drawn == value_at(pathway.quantities[name], score), name


def test_what_has_no_score_stands_at_its_value_unless_what_comes_before_it_moves(pathway: Pathway) -> None:
    """A share without a score keeps its part of what is left, so that it keeps its mean too."""
    order = [share.name for share in sticks(pathway)]
    assert order.index("gp_refers_triage_share") < order.index("gp_self_management_share")
    alone = shares_at(pathway, {"gp_self_management_share": 1.0})
    assert "gp_refers_triage_share" not in alone
    before = [shares_at(pathway, {"gp_refers_triage_share": float(score)}) for score in SCORES[::4]]
    followed = np.array([each["gp_self_management_share"] for each in before])
    assert followed.std() > 0
    assert followed.mean() == pytest.approx(pathway.quantities["gp_self_management_share"].number(), rel=1e-4)
    assert shares_at(pathway, {}) == {}


def test_the_bank_of_a_calibration_is_drawn_from_the_prior_that_its_scores_mean(cases: dict[str, Case]) -> None:
    """Drawn again, a score of the bank was no standard normal any more: 83% of one share's lay below 0."""
    base = {"usual_care": cases["usual_care"]}
    drawn = draw_together(base, 150, seed=3)
    first = [draw_scores(list(drawn.scores), seed=3, draw=draw, correlation=read_correlation()) for draw in range(150)]
    decisions = base["usual_care"].pathway.decisions.values()
    shares = {option.share for decision in decisions for option in decision.options.values()} & set(drawn.scores)
    assert "gp_sends_to_emergency_share" in shares
    for name in shares:
        assert drawn.scores[name].tolist() == [scores[name] for scores in first], name


# what is written and what is drawn


def test_the_moments_of_a_distribution_are_those_of_its_draws() -> None:
    for distribution, spread in (
        ("beta", 0.2),
        ("gamma", 0.2),
        ("normal", 0.2),
        ("lognormal", 0.2),
        ("triangular", 0.3),
    ):
        each = quantity(0.4, 0.3, 0.4 + spread, distribution, "share")
        values = np.array([value_at(each, score) for score in SCORES])
        mean, deviation = moments(each)
        assert values.mean() == pytest.approx(mean, rel=1e-3), distribution
        assert values.std() == pytest.approx(deviation, rel=1e-2), distribution


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (quantity(0.3, 0, 1, "uniform", "share"), "has its mean at 0.5, not at the value, 0.3; choose beta"),
        (quantity(2, 1, 9, "triangular"), "has its mean at 4, not at the value, 2; choose lognormal"),
        (quantity(1, 1, 2, "gamma", "weeks"), "the value 1 lies near an end of its range 1 to 2"),
        (quantity(0.02, 0.01, 0.2, "beta", "share"), "many draws would lie beyond that end; choose lognormal"),
        (quantity(0, 0, 1, "beta", "share"), "edge of what a beta"),
    ],
)
def test_a_distribution_that_cannot_mean_its_value_and_range_is_warned_of(
    pathway: Pathway, wrong: Quantity, says: str
) -> None:
    changed = replace(pathway, quantities={**pathway.quantities, "gp_price": wrong})
    told = [str(each) for each in problems_of(Draft.of(changed)) if each.rule == "draws_mean_what_is_written"]
    assert len(told) == 1
    assert says in told[0]
    assert "quantities.gp_price.distribution" in told[0]


def test_every_quantity_of_the_library_is_drawn_about_its_value_and_within_its_range(pathway: Pathway) -> None:
    """Mean or median is the value, and no more than a quarter of the draws lie beyond an end.

    A share of treatments' overlap of 0.3 was drawn with mean 0.5, and half of the gaps of a class lay below the range.
    """
    assert [each for each in problems_of(Draft.of(pathway)) if each.rule == "draws_mean_what_is_written"] == []
    for name in uncertain(pathway):
        each = pathway.quantities[name]
        values = np.array([value_at(each, score) for score in SCORES[::10]])
        low, high = each.interval()
        assert (values < low * (1 - 1e-9)).mean() < 0.25, name
        assert (values > high * (1 + 1e-9)).mean() < 0.25, name
        middle = value_at(each, 0.0) if each.distribution in ("normal", "lognormal") else moments(each)[0]
        assert middle == pytest.approx(each.number()), name


# what cannot be drawn


def test_nothing_to_draw_for_want_of_distributions_is_refused(cases: dict[str, Case]) -> None:
    """Five draws of no quantity gave an interval all the same."""
    case = cases["usual_care"]
    bare = {
        name: each if isinstance(each.value, dict) else each.model_copy(update={"distribution": None})
        for name, each in case.pathway.quantities.items()
    }
    without = replace(case, pathway=replace(case.pathway, quantities=bare))
    with pytest.raises(BadInput, match=r"nothing would be drawn: no quantity has a 'distribution'.*and .* more"):
        draw_together({"usual_care": without}, 5, seed=1)


def test_a_quantity_that_cannot_be_drawn_is_named_before_anything_runs(cases: dict[str, Case]) -> None:
    case = cases["usual_care"]
    none = with_values(case.pathway, {"self_referral_share": 0.0})
    with pytest.raises(BadInput, match=r"quantities.self_referral_share: its value 0 lies on the edge"):
        draw_together({"usual_care": replace(case, pathway=none)}, 2, seed=1)


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
