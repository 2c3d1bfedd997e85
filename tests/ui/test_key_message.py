"""The key message: what it may claim of the runs, and what it must not. The rows are those of the specification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import paired_difference
from outcomes.paired import percent_changes
from pathways.pathway import Outcome
from sim.experiments.precision import warnings_of
from tests.helpers.compared import made_up
from tests.helpers.outcomes_in_words import COST, NAN, QALYS, SCANS, WAIT
from ui.findings.key_message import KeyMessage, describe, describe_gain, key_message, watch
from ui.words import percent_of


def runs(falls: int, of: int, *, fall: float = -10.0, rise: float = 5.0) -> np.ndarray:
    """Percent changes of paired runs, so many of which fall."""
    return np.array([fall] * falls + [rise] * (of - falls))


@pytest.mark.parametrize(
    ("changes", "headline", "verdict"),
    [
        (np.linspace(-0.9, 1.0, 200), "No material change in MRI scans.", "not material"),
        (np.zeros(5), "No change in MRI scans.", "same"),
        (runs(190, 200), "95% of runs show fewer MRI scans.", "better"),
        (runs(199, 200), "99% of runs show fewer MRI scans.", "better"),
        (runs(10, 200, fall=-1, rise=8), "95% of runs show more MRI scans.", "worse"),
        (runs(1, 200, fall=-1, rise=8), "99% of runs show more MRI scans.", "worse"),
        (runs(168, 200), "Not shown: fewer MRI scans, in 84% of runs.", "not shown"),
        (runs(160, 200), "Not shown: fewer MRI scans, in 80% of runs.", "not shown"),
        (runs(32, 200), "Not shown: more MRI scans, in 84% of runs.", "not shown"),
        (runs(122, 200), "No clear change in MRI scans. 61% of runs are lower, 39% are higher.", "not shown"),
        (runs(158, 200), "No clear change in MRI scans. 79% of runs are lower, 21% are higher.", "not shown"),
        (runs(40, 200, rise=9), "Not shown: more MRI scans, in 80% of runs.", "not shown"),
        (runs(42, 200), "No clear change in MRI scans. 21% of runs are lower, 79% are higher.", "not shown"),
        (runs(200, 200), "All 200 runs show fewer MRI scans.", "better"),
        (runs(0, 30), "All 30 runs show more MRI scans.", "worse"),
    ],
)  # fmt: skip
def test_each_row_of_the_specification_has_its_sentence(changes: np.ndarray, headline: str, verdict: str) -> None:
    message = describe(changes, SCANS)
    assert (message.headline, message.verdict) == (headline, verdict)


def test_figures_are_the_mean_with_its_interval_and_the_range_of_the_runs() -> None:
    """Of −1 to −101 in steps of one: mean −51, standard deviation 29.3, so ± 1.984 × 29.3 / √101 = 5.78."""
    message = describe(-np.arange(1.0, 102.0), SCANS)
    assert (message.mean, message.lowest, message.highest) == (-51, -101, -1)
    assert (message.low, message.high) == pytest.approx((-56.78, -45.22), abs=0.01)
    assert message.detail == "Mean −51%, 95% interval −57% to −45%; range of the 101 runs −101% to −1%."
    assert message.figures == "−51% (−57% to −45%)"


def test_ten_runs_are_told_with_an_interval_that_holds_the_mean_as_often_as_it_says() -> None:
    """The 5th to 95th percentile of ten runs, once called their 90% interval, holds 76% of new runs; the t interval of the
    mean holds the mean 95 times in 100."""
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        message = describe(chance.normal(-20, 5, 10), SCANS)
        held += message.low <= -20 <= message.high
    assert 0.94 <= held / 2000 <= 0.96


@pytest.mark.parametrize("edge", [1.0, -1.0])
def test_a_change_of_just_over_one_percent_is_material(edge: float) -> None:
    assert describe(np.full(20, edge), SCANS).verdict == "not material"
    assert describe(np.full(20, 1.02 * edge), SCANS).verdict == ("worse" if edge > 0 else "better")


def test_no_change_is_mentioned_only_where_the_interval_includes_it() -> None:
    """18 of 19 runs fall, fewer than 95%: not clear, though the interval, −9.4 ± 1.2, is below nought."""
    assert "includes no change" not in describe(runs(18, 19, rise=0.5), SCANS).detail
    mostly = describe(runs(18, 19, rise=0.5), SCANS)
    assert mostly.high < 0
    assert mostly.verdict == "not shown"


def test_nineteen_of_twenty_runs_are_no_proof_while_the_interval_includes_no_change() -> None:
    """With one run far off: mean +4.05 and ± 2.09 × 22.6 / √20 = 10.6."""
    message = describe(runs(19, 20, fall=-1, rise=100), SCANS)
    assert message.high == pytest.approx(4.05 + 10.57, abs=0.01)
    assert message.headline == "Not shown: fewer MRI scans, in 95% of runs."
    assert message.verdict == "not shown"
    assert message.detail.endswith("The interval includes no change: more runs may tell.")


@pytest.mark.parametrize(
    ("outcome", "falls", "rises"),
    [
        (SCANS, "All 30 runs show fewer MRI scans.", "All 30 runs show more MRI scans."),
        (WAIT, "All 30 runs show a shorter MRI wait.", "All 30 runs show a longer MRI wait."),
        (COST, "All 30 runs show a lower cost.", "All 30 runs show a higher cost."),
    ],
)
def test_the_comparative_fits_the_outcome_and_better_is_what_the_outcome_says(
    outcome: Outcome, falls: str, rises: str
) -> None:
    down, up = describe(runs(30, 30), outcome), describe(runs(0, 30), outcome)
    assert (down.headline, up.headline) == (falls, rises)
    assert (down.verdict, up.verdict) == (("better", "worse") if outcome.better == "less" else ("worse", "better"))


def test_a_change_that_is_neither_good_nor_bad_is_called_a_change() -> None:
    """More first contacts are what a design is for, and no benefit in themselves."""
    visits = Outcome(title="First contact physio", of="seen", services=["physio"], better="neither")
    for falls in (0, 30):
        message = describe(runs(falls, 30), visits)
        assert (message.verdict, message.clear) == ("changed", True)
    assert describe(runs(168, 200), visits).verdict == "not shown"


# QALYs


def gain(*gained: float, years: float = 2, people: int = 50_000) -> KeyMessage:
    """The key message for totals over two years in an area of 50,000."""
    return describe_gain(np.array(gained), QALYS, years=years, people=people)


def test_qalys_gained_are_clear_where_the_interval_excludes_zero_however_small_they_are() -> None:
    """Gains of 9, 10 and 11 over two years: 5 a year, ± 4.303 × 0.5 / √3 = 1.24; in 50,000 people 0.1 per 1,000."""
    message = gain(9, 10, 11)
    assert message.headline == "All 3 runs show more QALYs."
    assert message.verdict == "better"
    assert message.detail == "Mean +5 a year, 95% interval +3.76 to +6.24; range of the 3 runs +4.5 to +5.5."
    assert message.absolute == "+0.1 a year per 1,000 registered people."
    assert message.figures == "+5 (+3.76 to +6.24)"
    assert gain(-9, -10, -11).verdict == "worse"
    assert "%" not in message.headline + message.detail.replace("95%", "") + message.absolute


def test_qalys_that_cannot_be_told_from_zero_say_so() -> None:
    """Gains of 30, -10 and 10: 5 a year, ± 4.303 × 10 / √3 = 24.8."""
    message = gain(30, -10, 10)
    assert message.headline == "No clear change in QALYs. 33% of runs are lower, 67% are higher."
    assert message.verdict == "not shown"
    assert message.detail.endswith("range of the 3 runs −5 to +15. This cannot be told from no change.")
    assert gain(30.0).verdict == "not shown"
    assert gain(0, 0, 0).headline == "No change in QALYs."
    assert gain().verdict == "nothing to compare"


def test_qalys_gained_do_not_depend_on_the_qalys_of_everyone_ever_ill() -> None:
    """The same gain beside 1,000 QALYs and beside 20,000, of which it is 0.05%: the same words, and never the total."""
    comparison, larger = made_up({"qalys": [1.0, 1.1, 0.9]}), made_up({"qalys": [1.0, 1.1, 0.9]})
    values = {name: frame.assign(qalys=frame["qalys"] + 19_000) for name, frame in comparison.values.items()}
    object.__setattr__(larger, "values", values)
    messages = [key_message(each, "mri_guidance", "qalys") for each in (comparison, larger)]
    assert [message.verdict for message in messages] == ["better", "better"]
    assert messages[0].detail == messages[1].detail
    assert messages[0].absolute == "+0.0962 a year per 1,000 registered people."  # 10 among 104,000
    assert "1,000 a year today" not in messages[0].absolute


def test_one_run_claims_nothing_and_gives_no_interval() -> None:
    message = describe(np.array([-23.0]), SCANS)
    assert message.headline == "Not shown: fewer MRI scans, in one run."
    assert message.detail == "−23% in one run, which gives no interval."
    assert message.verdict == "not shown"


def test_nothing_to_compare_is_said_in_words() -> None:
    message = describe(np.array([]), WAIT)
    assert message.headline == "No change in MRI wait can be told: there is nothing to compare with."
    assert message.verdict == "nothing to compare"


def test_percentages_are_of_the_bases_mean_and_runs_without_both_are_left_out() -> None:
    """From 4, 4 and 1, on average 3, to 3, 5 and 7: −1, +1 and +6 are −33%, +33% and +200%. Of nothing there is none."""
    changes = percent_changes(np.array([3.0, 5.0, 7.0, NAN, 2.0]), np.array([4.0, 4.0, 1.0, 4.0, NAN]))
    assert changes == pytest.approx([-100 / 3, 100 / 3, 200])
    assert len(percent_changes(np.array([3.0, 5.0]), np.zeros(2))) == 0


def check_claim(message: KeyMessage, changes: np.ndarray) -> None:
    """What holds for whatever the runs show."""
    found = paired_difference(changes, np.zeros(len(changes)))
    low, high = found.low, found.high
    if message.clear:
        assert not low <= 0 <= high
        assert (message.verdict == "better") == (message.mean < 0)
        assert abs(message.mean) > 1
    words = message.headline + message.detail
    assert "100%" not in message.headline
    assert "certain" not in words
    assert "−0%" not in words
    assert "+0%" not in words
    assert "probab" not in words
    assert (
        len(changes) == 1
        or not changes.any()
        or ("95% interval" in message.detail and "range of the" in message.detail)
    )
    assert "90% interval" not in message.detail
    assert ("fewer" in message.headline) <= (int((changes < 0).sum()) > len(changes) / 2)
    assert ("more" in message.headline) <= (int((changes > 0).sum()) > len(changes) / 2)


@given(st.lists(st.floats(-40, 40), min_size=1, max_size=60))
def test_never_a_claim_while_the_interval_contains_zero(changes: list[float]) -> None:
    check_claim(describe(np.array(changes), SCANS), np.array(changes))


@given(st.integers(1, 60), st.integers(0, 3), st.floats(0, 200), st.floats(0, 200))
def test_never_a_claim_where_few_runs_stand_against_many(many: int, few: int, fall: float, rise: float) -> None:
    """Near the boundary of 95% agreement, where the claim is decided."""
    changes = runs(many, many + few, fall=-fall, rise=rise)
    check_claim(describe(changes, SCANS), changes)


# with a comparison


def test_runs_that_agree_prove_nothing_while_the_mean_may_be_nought() -> None:
    """Three falls of 1, 60 and 5%: mean −22, t interval −22 ± 4.30 × 32.9 / √3 = −22 ± 82, which includes zero."""
    comparison = made_up({"mri_scans": [-1, -60, -5]})
    message = key_message(comparison, "mri_guidance", "mri_scans")
    difference = comparison.difference("mri_guidance", "mri_scans")
    assert difference.low < 0 < difference.high
    assert message.headline.startswith("Not shown: fewer MRI scans, in all 3 runs, if the assumed numbers hold: ")
    assert message.verdict == "not shown"
    assert message.detail.endswith("The interval includes no change: more runs may tell.")


def test_runs_that_agree_closely_are_enough() -> None:
    message = key_message(made_up({"mri_scans": [-20, -21, -19]}), "mri_guidance", "mri_scans")
    assert message.verdict == "better"
    assert message.detail == "Mean −20%, 95% interval −22% to −18%; range of the 3 runs −21% to −19%."


def test_absolute_figures_are_always_given() -> None:
    """The base is 1,000 in every run of one year; a fifth less is 800."""
    comparison = made_up({"mri_scans": [-20] * 4, "mri_wait_days": [-20] * 4, "total_cost_gbp": [-20] * 4})
    said = {outcome: key_message(comparison, "mri_guidance", outcome).absolute for outcome in comparison.outcomes}
    assert said["mri_scans"] == "About 1,000 a year today, about 800 averaged over 1 year."
    assert said["mri_wait_days"].startswith(
        "About 1,000 days today, about 800 days with it: the mean, each wait counted up to 52 weeks, of all who are referred "
        "over 1 year, those still waiting as well. At the end "
    )
    shares = (percent_of(comparison.still_waiting(name, "mri_wait_days")) for name in ("usual_care", "mri_guidance"))
    assert said["mri_wait_days"].endswith("At the end {} of them still wait today, {} with it.".format(*shares))
    assert said["total_cost_gbp"] == "About £1,000 a year today, about £800 averaged over 1 year."
    assert all(words for outcome, words in said.items() if outcome != "qalys")


def test_what_clearly_gets_worse_is_watched_and_nothing_else() -> None:
    comparison = made_up(
        {
            "mri_scans": [-20] * 4,
            "msk_triage_referrals": [4, 5, 5, 6],
            "physio_referrals": [4, 5, 5, 6],
            "physio_wait_days": [10, 11, 12, 13],
            "qalys": [-5, -6, -5, -6],
            "surgery": [-30, 30, -30, 30],
            "gp_consultations": [0.5, 0.5, 0.5, 0.5],
        }
    )
    assert watch(comparison, "mri_guidance") == [
        "MSK triage referrals go up. Mean +5%, 95% interval +4% to +6%; range of the 4 runs +4% to +6%.",
        "physiotherapy wait goes up. Mean +12%, 95% interval +9% to +14%; range of the 4 runs +10% to +13%.",
        "QALYs go down. Mean −55 a year, 95% interval −64.2 to −45.8; range of the 4 runs −60 to −50.",
    ]
    assert len(watch(comparison, "mri_guidance", besides="physio_wait_days")) == 2
    assert watch(comparison, "physio_first") == []


def test_two_operations_in_ten_runs_are_told_as_too_rare_and_not_as_certain() -> None:
    """The same two on both sides: every run is equal, and the t interval would be from 0 to 0."""
    comparison = made_up({"surgery": [0.0] * 10})
    for name in ("usual_care", "mri_guidance"):
        comparison.values[name]["surgery"] = [0.0] * 8 + [1.0, 1.0]
    message = key_message(comparison, "mri_guidance", "surgery")
    assert (message.verdict, message.clear) == ("too rare to tell", False)
    assert message.headline == "Too rare to tell: spinal operations."
    assert message.detail == "2 today and 2 then in all 10 runs together; none of the runs differs."
    assert message.figures == "too rare to tell"


def test_operations_that_no_run_shows_to_differ_are_not_told_as_certainly_the_same() -> None:
    """Fifty in ten runs on both sides. Measured, an interval from 0 to 0 held the truth in none of 998 batches."""
    comparison = made_up({"surgery": [0.0] * 10})
    for name in ("usual_care", "mri_guidance"):
        comparison.values[name]["surgery"] = [5.0] * 10
    message = key_message(comparison, "mri_guidance", "surgery")
    assert (message.verdict, message.headline) == ("too rare to tell", "Too rare to tell: spinal operations.")
    assert "'Spinal operations'" in next(each for each in warnings_of(comparison) if each.startswith("Too rare"))


def test_a_wait_that_hangs_on_single_people_in_the_queue_is_too_rare() -> None:
    """Waits differ in every run, but neither those who come nor those who are seen by more than a few."""
    comparison = made_up({"spinal_wait_days": [5, 6, 4, 5]})
    assert not comparison.too_rare("mri_guidance", "spinal_wait_days")
    base = comparison.tallies["usual_care"]
    other = [each._replace(listed=each.listed + 1) for each in base]
    object.__setattr__(comparison, "tallies", dict(comparison.tallies) | {"mri_guidance": other})
    assert comparison.too_rare("mri_guidance", "spinal_wait_days")


def test_a_few_that_differ_among_many_are_no_material_change_and_have_no_interval() -> None:
    """A thousand scans in each of ten runs, in two of which there is one more: 0.02%."""
    comparison = made_up({"mri_scans": [0.0] * 8 + [0.1, 0.1]})
    message = key_message(comparison, "mri_guidance", "mri_scans")
    assert (message.verdict, message.figures) == ("not material", "too rare to tell")
    assert message.headline.startswith("No material change in MRI scans, if the assumed numbers hold: ")


def test_where_nothing_differs_nothing_is_too_rare() -> None:
    """A scenario that is the base in every count has differences of exactly nought, of the rarest things as well."""
    comparison = made_up({"surgery": [0.0] * 4})
    same = dict(comparison.tallies) | {"mri_guidance": comparison.tallies["usual_care"]}
    object.__setattr__(comparison, "tallies", same)
    for name in ("usual_care", "mri_guidance"):
        comparison.values[name]["surgery"] = [0.0, 0.0, 1.0, 0.0]
    assert not comparison.too_rare("mri_guidance", "surgery")
    assert key_message(comparison, "mri_guidance", "surgery").verdict == "same"
