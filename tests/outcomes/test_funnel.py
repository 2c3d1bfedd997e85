"""Funnels: limits, overdispersion and flags against two independent peers, exact Poisson tails and simulated chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from outcomes.limits import exact_poisson_limits, wilson_limits
from outcomes.practices.chance import poisson_counts
from outcomes.practices.chance_limits import exact_proportion_limits
from outcomes.practices.funnel import BANDS, bands, funnel, funnel_limits, proportion_limits, rate_limits, ratio_limits
from outcomes.practices.overdispersion import overdispersed_limits, overdispersion, truncated, winsorised
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases, needs_vectors, vector

CLOSE = 1e-9
ROUNDED_Z = 1e-6
"""The peer's limits rest on z rounded to 1.959964 and 3.090232."""
BY_SEARCH = 1e-4
"""The other peer finds expected events by steps."""
CONFIDENCES = {"95": 0.95, "998": 0.998}
KINDS = {"SR": "ratio", "PR": "proportion", "RC": "counts"}
CLASSES = dict(
    zip(
        BANDS,
        ("Low (0.001)", "Low (0.025)", "Not significant", "High (0.025)", "High (0.001)"),
        strict=True,
    )
)


def classes(values: pd.Series, table: pd.DataFrame) -> list[str]:
    """The peer's words for where values lie between the limits of chance alone."""
    names = ("lower95", "upper95", "lower99_8", "upper99_8")
    found = bands(pd.DataFrame({"value": values, **{name: table[f"unadjusted_{name}"] for name in names}}))
    return [CLASSES[band] for band in found]


def published(part: str) -> dict[str, Any]:
    found: dict[str, Any] = vector("funnel_phe")[part]
    return found


# limits of chance alone, beside the peer of public health


@needs_vectors
def test_ratios_lie_where_the_peer_puts_them() -> None:
    """All 300 units, sharply: the exact test of a count."""
    part = published("ratio")
    made = funnel([each["obs"] for each in part["input"]], [each["expected"] for each in part["input"]])
    assert classes(made.table["value"], made.table) == part["expected_significance"]


@needs_vectors
def test_expected_events_at_which_a_count_stands_out_are_the_peers() -> None:
    rows = published("poisson_limits")["rows"]
    assert rows
    for row in rows:
        for name, confidence in (("2s", 0.95), ("3s", 0.998)):
            lower, upper = exact_poisson_limits(row["observed"], confidence=confidence)
            assert upper == pytest.approx(row[f"expected_{name}_upper_bound"], rel=BY_SEARCH)
            assert lower == pytest.approx(row[f"expected_{name}_lower_bound"], rel=BY_SEARCH)


@needs_vectors
def test_the_curves_of_ratios_pass_through_the_peers_points() -> None:
    """The peer gives points: so many events, and how many expected put them on the limit."""
    rows = published("ratio_full_limits")["table"]
    assert len(rows) >= 50
    for row in rows:
        for name, confidence in (("2s", 0.95), ("3s", 0.998)):
            for side, position in (("lower", 0), ("upper", 1)):
                limit = ratio_limits(row[f"{side}_{name}_exp_events"], confidence=confidence)[position]
                assert 100 * limit == pytest.approx(row[f"{side}_{name}_limit"], rel=BY_SEARCH)


@needs_vectors
def test_proportions_and_their_limits_are_the_peers() -> None:
    part = published("proportion")
    numerator, denominator = ([each[name] for each in part["input"]] for name in ("numerator", "denominator"))
    made = funnel(numerator, denominator, kind="proportion", multiplier=100)
    for row in part["limits"]:
        assert made.target == pytest.approx(row["Baseline"], abs=1e-6)
        for side, name, confidence in (
            (0, "2s0025", 0.95),
            (1, "2s0025", 0.95),
            (0, "3s0001", 0.998),
            (1, "3s0001", 0.998),
        ):
            limit = proportion_limits(row["Population"], target=made.target, multiplier=100, confidence=confidence)[
                side
            ]
            assert limit == pytest.approx(row[f"{('Lower', 'Upper')[side]}{name}limit"], abs=1e-6)
    assert classes(made.table["value"], made.table) == part["expected_significance"]


@needs_vectors
@pytest.mark.parametrize("column", ["dsr_per_100000_with_0", "crude_per_100000_with_0"])
def test_rates_lie_where_the_peer_puts_them(column: str) -> None:
    """Standardised rates count people as events over rate, and have no place below 10 events."""
    part = published("rate")
    counts, people = ([each[name] for each in part["input"]] for name in ("count", "pop"))
    rates = [each["rate_dsr"] for each in part["input"]] if column.startswith("dsr") else None
    rates = None if rates is None else [float("nan") if rate is None else rate for rate in rates]
    made = funnel(counts, people, kind="rate", rates=rates, multiplier=100_000)
    shown = made.table["band"] != "not shown"
    expected = [each[column] for each in part["expected_significance"]]
    assert [not each.startswith("Not applicable") for each in expected] == shown.tolist()
    found = classes(made.table["value"][shown], made.table[shown])
    assert found == [each for each, is_shown in zip(expected, shown, strict=True) if is_shown]


@given(st.integers(0, 300), st.floats(0.5, 300), st.sampled_from([0.95, 0.998]))
def test_a_ratio_is_outside_just_where_its_tail_is_small(observed: int, expected: float, confidence: float) -> None:
    tail = (1 - confidence) / 2
    lower, upper = ratio_limits(expected, confidence=confidence)
    low, high = stats.poisson.cdf(observed, expected), stats.poisson.sf(observed - 1, expected)
    if abs(low - tail) > 1e-6:
        assert (observed / expected < lower) == (low < tail)
    if abs(high - tail) > 1e-6:
        assert (observed / expected > upper) == (high < tail)


@given(st.integers(0, 500), st.integers(1, 500), st.floats(0.05, 0.95))
def test_a_proportion_is_outside_just_where_its_wilson_limits_exclude_the_target(
    part: int, more: int, target: float
) -> None:
    total = part + more
    lower, upper = proportion_limits(total, target=target)
    low, high = wilson_limits(part, total)
    if min(abs(target - low), abs(target - high)) > 1e-9:
        assert (part / total < lower or part / total > upper) == (target < low or target > high)


def test_limits_of_rates_are_those_of_ratios_around_the_average() -> None:
    lower, upper = rate_limits([1000, 5000], target=20, multiplier=1000)
    ratio_lower, ratio_upper = ratio_limits([20, 100])
    assert lower == pytest.approx(20 * ratio_lower)
    assert upper == pytest.approx(20 * ratio_upper)
    per_head = ratio_limits([1000, 5000], target=0.02)
    assert 1000 * per_head[0] == pytest.approx(lower)


# limits that count: never narrower than chance


WIDE = [20, 60, 30, 90, 45, 55, 25, 75, 50, 50, 150]
"""Units of 50 expected events that differ by more than chance."""


def test_a_tiny_unit_without_events_is_inside_widened_limits() -> None:
    """3 events expected and none seen: by chance in 1 of 20. Widened limits alone are so narrow there as to flag it."""
    made = funnel([*WIDE, 0], [50] * 11 + [3])
    assert made.adjusted
    assert math.exp(-3) > 0.025
    assert overdispersed_limits(3, tau2=made.tau2, confidence=0.95)[0] > 0 or made.tau2 > 0.05
    assert made.table["band"].iloc[-1] == "inside"
    assert funnel_limits(3, adjusted=True, tau2=0.01, confidence=0.998)[0] == 0


@given(
    st.sampled_from(["ratio", "rate", "proportion"]),
    st.sampled_from(["square_root", "log"]),
    st.floats(0, 0.5),
    st.floats(0.02, 0.98),
    st.integers(1, 400),
    st.sampled_from([0.95, 0.998]),
    st.booleans(),
)
def test_no_unit_is_outside_that_chance_alone_puts_there_often_enough(
    kind: Any, method: Any, tau2: float, target: float, size: int, confidence: float, adjusted: bool
) -> None:
    """Every count whose tail is at least the share beyond a limit lies inside, whatever the size of the unit."""
    lower, upper = funnel_limits(
        size, kind=kind, method=method, target=target, adjusted=adjusted, tau2=tau2, confidence=confidence
    )
    counts = np.arange(size + 1)
    known = stats.binom(size, target) if kind == "proportion" else stats.poisson(size * target)
    tail = (1 - confidence) / 2 + 1e-6
    likely = (known.cdf(counts) > tail) & (known.sf(counts - 1) > tail)
    values = counts[likely] / size
    assert (values >= lower - 1e-9).all()
    assert (values <= upper + 1e-9).all()


def test_one_of_four_is_no_outlier_among_proportions_of_one_in_fifty() -> None:
    """The normal limits of 4 people end below 1 in 4, at 99.8%; by chance 1 or more of 4 comes in 8 of 100."""
    assert proportion_limits(4, target=0.02, confidence=0.998)[1] < 0.25
    made = funnel([1, *[20] * 5], [4, *[1000] * 5], kind="proportion", target=0.02)
    assert made.table["band"].iloc[0] == "inside"


@given(st.integers(1, 300), st.floats(0.001, 0.999), st.sampled_from([0.95, 0.998]))
def test_exact_limits_of_proportions_are_binomial_tails(total: int, target: float, confidence: float) -> None:
    lower, upper = exact_proportion_limits(total, target=target, confidence=confidence)
    tail, counts = (1 - confidence) / 2, np.arange(total + 1)
    low, high = stats.binom.cdf(counts, total, target), stats.binom.sf(counts - 1, total, target)
    clear = (abs(low - tail) > 1e-6) & (abs(high - tail) > 1e-6)
    assert ((counts / total < lower - 1e-12) == (low < tail))[clear].all()
    assert ((counts / total > upper + 1e-12) == (high < tail))[clear].all()


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_where_nobody_or_everybody_is_expected_any_other_count_stands_out(target: float) -> None:
    assert exact_proportion_limits(20, target=target) == (target, target)


# overdispersion, beside the peer of funnel plots


def of_case(case: dict[str, Any]) -> dict[str, Any]:
    """How a case is asked of ours: its SHMI method takes logarithms and leaves units out."""
    data, shmi = case["input"]["data_type"], case["input"]["sr_method"] == "SHMI"
    log = data == "SR" and shmi
    return {
        "kind": KINDS[data],
        "method": "log" if log else "square_root",
        "trim": "truncate" if log else "winsorise",
        "trim_share": case["input"]["trim_by"],
    }


@pytest.mark.parametrize("case", cases("funnel_overdispersion"))
def test_z_scores_phi_and_tau2_are_the_peers(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    found = overdispersion(given["numerator"], given["denominator"], **of_case(case))
    used = [float("nan") if each is None else each for each in expected["zscore_used"]]
    assert found.z == pytest.approx(expected["zscore"], rel=CLOSE, abs=1e-12)
    assert found.z_used == pytest.approx(used, rel=CLOSE, abs=1e-12, nan_ok=True)
    assert found.standard_error == pytest.approx(expected["s"], rel=CLOSE)
    assert found.units == expected["n_used"]
    assert found.phi == pytest.approx(expected["phi"], rel=CLOSE)
    assert found.tau2 == pytest.approx(expected["tau2"], rel=CLOSE)


@pytest.mark.parametrize("case", cases("funnel_overdispersion"))
def test_widened_limits_are_the_peers_where_the_peer_is_right(case: dict[str, Any]) -> None:
    """The peer is wrong twice, and the test says how.

    Limits on the scale of square roots are drawn on that of ratios without being squared: they are the roots of ours,
    half as wide. Limits of ratios of counts take the standard error of arcsines, 1/(2√n), instead of that of the
    logarithm of a ratio of counts.
    """
    given, expected = case["input"], case["expected"]
    asked = of_case(case)
    for name, confidence in CONFIDENCES.items():
        limits = overdispersed_limits(
            given["denominator"],
            tau2=expected["tau2"],
            kind=asked["kind"],
            method=asked["method"],
            target=expected["target"],
            confidence=confidence,
        )
        theirs = [np.array(expected["limits"][f"od{side}{name}"]) for side in ("ll", "ul")]
        if given["data_type"] == "SR" and given["sr_method"] == "CQC":
            limits = tuple(np.sqrt(each) for each in limits)
        if given["data_type"] == "RC":
            size = np.array(given["denominator"])
            half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(1 / (4 * size) + expected["tau2"])
            assert theirs[1] == pytest.approx(expected["target"] * np.exp(half), rel=ROUNDED_Z)
            assert (limits[1] > theirs[1]).all()
            continue
        assert limits[0] == pytest.approx(np.maximum(theirs[0], 0), rel=ROUNDED_Z)
        assert limits[1] == pytest.approx(theirs[1], rel=ROUNDED_Z)


@pytest.mark.parametrize("case", cases("funnel_overdispersion"))
def test_the_peers_limits_of_ratios_are_limits_of_a_mean(case: dict[str, Any]) -> None:
    """Without overdispersion the peer draws the limits of a mean of E events, where limits of a count belong.

    With 3 events expected they flag a unit without events as low, which happens by chance in 1 of 20, not 1 of 40.
    """
    given, expected = case["input"], case["expected"]
    if given["data_type"] == "SR":
        size = np.array(given["denominator"])
        for name, confidence in CONFIDENCES.items():
            lower, upper = exact_poisson_limits(size, confidence=confidence)
            assert lower / size == pytest.approx(expected["limits"][f"ll{name}"], rel=CLOSE)
            assert upper / size == pytest.approx(expected["limits"][f"ul{name}"], rel=CLOSE)
    assert exact_poisson_limits(3)[0] > 0
    assert math.exp(-3) > 0.025
    assert ratio_limits(3)[0] == 0


def test_widened_limits_without_overdispersion_are_about_those_of_chance() -> None:
    """So that nothing jumps where units begin to differ; the peer's roots do not pass this."""
    plain, widened = ratio_limits(200), overdispersed_limits(200, tau2=0)
    assert widened == pytest.approx(plain, abs=0.005)


def test_winsorised_scores_are_drawn_in_and_truncated_ones_left_out() -> None:
    scores = list(range(20))
    assert winsorised(scores, 0.1) == pytest.approx([1.9, 1.9, *range(2, 18), 17.1, 17.1])
    left = truncated(scores, 0.1)
    assert np.flatnonzero(np.isnan(left)).tolist() == [0, 1, 18, 19]
    with pytest.raises(
        BadTable, match=r"^trim_share: 10; a number from 0 below 0\.5 is needed \(10% at each end is written 0\.1\)$"
    ):
        winsorised(scores, 10)


# funnels


def test_V68_where_all_are_as_expected_nobody_is_flagged() -> None:
    expected = np.arange(10, 60, 2.5)
    made = funnel(expected, expected)
    assert set(made.table["band"]) == {"inside"}
    assert set(made.table["flagged_by"]) == {""}
    assert (made.phi, made.tau2, made.adjusted) == (0, 0, False)


def test_fewer_than_ten_units_are_not_adjusted_and_the_funnel_says_so() -> None:
    nine, ten = (funnel(([20, 90] * 5)[:units], [50] * units) for units in (9, 10))
    assert ten.adjusted
    assert not nine.adjusted
    assert math.isnan(nine.phi)
    assert nine.why == (
        "There are fewer than 10 units: how much they differ cannot be told from so few, "
        "so the limits are those of chance alone."
    )
    assert nine.table["flagged_by"].tolist() == ["limits of chance alone"] * 9


def test_an_outlier_says_which_limits_flagged_it() -> None:
    """Most of the units that stand out by chance alone are inside the widened limits."""
    made = funnel([20, 60, 30, 90, 45, 55, 25, 75, 50, 50, 200], [50] * 11)
    assert made.adjusted
    assert made.why == (
        f"The spread is wider than chance alone gives on average (φ is {made.phi:.1f}; chance alone gives about 0.7), "
        "so the limits are widened by the usual difference between units."
    )
    flagged = made.table[made.table["flagged_by"] != ""]
    assert flagged["numerator"].tolist() == [200]
    assert flagged["flagged_by"].tolist() == ["widened limits"]
    alone = made.table["value"] > made.table["unadjusted_upper99_8"]
    assert made.table["numerator"][alone].tolist() == [90, 75, 200]


def test_units_that_differ_no_more_than_by_chance_keep_plain_limits() -> None:
    made = funnel([50, 52, 48, 51, 49, 55, 45, 50, 53, 47], [50] * 10)
    assert not made.adjusted
    assert made.why.startswith("Units differ no more than chance alone would make them (φ is ")
    for name in ("lower95", "upper95", "lower99_8", "upper99_8"):
        assert (made.table[name] == made.table[f"unadjusted_{name}"]).all()


def test_units_without_events_pass_by_square_roots_and_are_refused_by_logarithms() -> None:
    counts, expected = [0, 40, 60] * 4, [50] * 12
    assert funnel(counts, expected).table["band"].tolist()[0] in {"below 95%", "below 99.8%", "inside"}
    with pytest.raises(BadTable) as caught:
        funnel(counts, expected, method="log")
    assert caught.value.problems == [
        "units: numerator: row 0: 0; row 3: 0; row 6: 0; row 9: 0; no events have no logarithm; take method='square_root'"
    ]


@pytest.mark.parametrize(
    ("kind", "method"), [("ratio", "square_root"), ("ratio", "log"), ("proportion", "square_root"), ("counts", "log")]
)
@pytest.mark.parametrize("adjusted", [True, False])
def test_limits_hold_the_target_and_the_outer_hold_the_inner(kind: Any, method: Any, adjusted: bool) -> None:
    settings: dict[str, Any] = {"kind": kind, "method": method, "target": 0.3, "adjusted": adjusted, "tau2": 0.02}
    sizes = [1, 5, 20, 100, 5000]
    lower, upper = funnel_limits(sizes, **settings)
    far_lower, far_upper = funnel_limits(sizes, confidence=0.998, **settings)
    assert (far_lower <= lower).all()
    assert (lower <= 0.3).all()
    assert (upper >= 0.3).all()
    assert (far_upper >= upper).all()
    assert (lower >= 0).all()


def test_V73_of_units_that_are_alike_about_one_in_twenty_lies_outside() -> None:
    """500 simulations of 40 units: 5% outside the 95% and 0.2% outside the 99.8% limits.

    Counts are whole numbers, so an exact test flags a little less than it says, more so where few events are expected:
    with 400 to 4,000 events expected the shares lie in the binomial 99.9% interval, with 60 they may only be lower.
    """
    for low, high, exact in ((400, 4000, True), (60, 60, False)):
        expected = np.linspace(low, high, 40)
        counts = poisson_counts(expected, draws=500, seed=7)
        for confidence, share in ((0.95, 0.05), (0.998, 0.002)):
            lower, upper = ratio_limits(expected, confidence=confidence)
            ratios = counts / expected
            outside = int(((ratios < lower) | (ratios > upper)).sum())
            least, most = stats.binom.interval(0.999, counts.size, share)
            assert outside <= most
            assert outside >= (least if exact else 0.75 * least)


def test_V73_funnels_of_units_that_are_alike_are_rarely_widened() -> None:
    """φ of drawn-in scores lies below 1 by chance alone, so that plain limits stay.

    Normal scores drawn in beyond z = 1.2816 have a mean square of 0.8 - 2·z·density(z) + 0.2·z² = 0.679.
    """
    expected = np.linspace(40, 400, 40)
    made = [funnel(counts, expected) for counts in poisson_counts(expected, draws=100, seed=3)]
    assert sum(each.adjusted for each in made) <= 15
    assert np.mean([each.phi for each in made]) == pytest.approx(0.679, abs=0.03)


@pytest.mark.parametrize(
    ("kind", "trim", "share", "mean"),
    [
        ("ratio", "winsorise", 0.1, 3),
        ("ratio", "winsorise", 0.1, 60),
        ("ratio", "truncate", 0.1, 60),
        ("ratio", "winsorise", 0, 60),
        ("proportion", "winsorise", 0.1, 8),
    ],
)
def test_what_chance_alone_gives_is_what_it_gives(kind: Any, trim: Any, share: float, mean: float) -> None:
    """φ of 1,500 simulations of 40 units that are all alike: 0.69 with a tenth drawn in at each end, never 1."""
    rng = np.random.default_rng(8)
    sizes = np.full(40, 20 if kind == "proportion" else mean)
    drawn = rng.binomial(20, mean / 20, (1500, 40)) if kind == "proportion" else rng.poisson(mean, (1500, 40))
    target = mean / 20 if kind == "proportion" else 1
    settings: dict[str, Any] = {"kind": kind, "trim": trim, "trim_share": share, "target": target}
    phis = [overdispersion(counts, sizes, **settings).phi for counts in drawn]
    assert funnel(drawn[0], sizes, **settings).phi_by_chance == pytest.approx(np.mean(phis), rel=0.04)


def test_units_of_one_event_each_are_not_widened_for_what_chance_alone_does() -> None:
    """φ of such units is 1.7 by chance alone: above 1 it says nothing."""
    rng = np.random.default_rng(4)
    made = [funnel(rng.poisson(1, 200), [1] * 200, target=1) for _ in range(40)]
    assert all(each.phi > 1 for each in made)
    assert sum(each.adjusted for each in made) < 30
    assert all("chance alone gives about 1.7" in each.why for each in made)


def test_a_spread_between_that_of_chance_and_one_is_told_as_what_it_is() -> None:
    made = funnel([50, 60, 43, 56, 44, 57, 42, 56, 45, 58, 41, 50] * 2, [50] * 24)
    assert 0.75 < made.phi <= 1
    assert not made.adjusted
    assert made.why.startswith("Units differ a little more than chance alone makes them on average (φ is ")


def test_everything_wrong_with_the_units_is_told() -> None:
    with pytest.raises(BadTable) as caught:
        funnel([1, None, -1], [0, 5, 5])
    assert caught.value.problems == [
        "units: numerator: row 1: missing; row 2: -1; a number from 0 is needed",
        "units: denominator: row 0: 0; a number above 0 is needed",
    ]
    with pytest.raises(BadTable, match=r"^units: numerator, denominator: row 0: 6, 5; a part is at most the whole$"):
        funnel([6], [5], kind="proportion")
    with pytest.raises(BadTable, match=r"^kind: 'share'; there are: ratio, rate, proportion, counts$"):
        funnel([6], [5], kind="share")  # type: ignore[arg-type]
    with pytest.raises(BadTable, match=r"^method: 'arcsine'; there are: square_root, log$"):
        overdispersed_limits([6], tau2=0, method="arcsine")  # type: ignore[arg-type]
    with pytest.raises(
        BadTable, match=r"^rates: they belong to kind 'rate', not 'ratio'\. Leave them out, or say kind='rate'$"
    ):
        funnel([60], [50], rates=[2])
    with pytest.raises(
        BadTable, match=r"^units: rate: row 1: missing; a rate above 0 is needed where there are events$"
    ):
        funnel([60, 20], [50, 50], kind="rate", rates=[2, float("nan")])
    with pytest.raises(BadTable, match=r"^rates: there are 1 for 2 units; one for each is needed$"):
        funnel([60, 20], [50, 50], kind="rate", rates=[2])
    with pytest.raises(BadTable, match=r"^target: 0; a number above 0 is needed: there is no funnel around no events$"):
        funnel([0, 0], [50, 50], kind="rate")
    with pytest.raises(BadTable, match=r"^target: 30; a proportion is at most 1 \(before the multiplier\)$"):
        overdispersion([1, 2], [5, 5], kind="proportion", target=30)
