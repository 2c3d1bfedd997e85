"""The fit, on a toy whose answer is known: what must come out comes out, and what cannot be matched is said to be so."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from calibration.diagnostics.back_test import back_test, split_day
from calibration.diagnostics.checks import another_method, another_seed
from calibration.diagnostics.identifiability import knowledge, worth_collecting
from calibration.diagnostics.prior_predictive import placed
from calibration.diagnostics.simulated_truths import global_sbc, local_sbc
from calibration.diagnostics.verdict import (
    CALIBRATED,
    NOT_MATCHED,
    WITH_WARNINGS,
    Checks,
    Verdict,
    as_numbers,
    is_missed,
    judged,
)
from calibration.dispersion import beyond_runs
from calibration.expected import expected, inside
from calibration.fitting.de_mc import de_mc
from calibration.fitting.emulator import fit_emulator
from calibration.fitting.ensemble_smoother import smoothed
from calibration.fitting.fit import fit, prior_of, settled, tasks_at
from calibration.fitting.found import Fit
from calibration.fitting.likelihood import Posterior
from calibration.fitting.runner import Runner, bank_of
from calibration.fitting.screening import telling
from calibration.fitting.settings import Settings
from calibration.fitting.summaries import Summaries
from calibration.reproduced import Reproduced, reproduced
from sim.batch.threads import Stopped
from tests.helpers.fits import TRUE_CAPACITY, TRUE_DEMAND, published, toy_runner
from tests.helpers.toy_simulator import MONTHS, REFERRALS, WAITING, Toy, ToyTargets, figures_of


@pytest.fixture(scope="module")
def toy_fit(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    runner = toy_runner(tmp_path_factory.mktemp("toy"), published())
    return fit(runner, bank_of(runner))


# the answer


def test_the_posterior_of_the_toy_is_the_one_worked_out_by_hand(toy_fit: Fit) -> None:
    demand, capacity = (toy_fit.draws[:, toy_fit.unknowns.index(name)] for name in ("demand", "capacity"))
    # Poisson information of twelve months on each logarithm, and a standard normal prior
    on_referrals, on_waiting = 12 * 200 * np.exp(0.16), 12 * 400 * np.exp(0.39)
    slopes = np.array([[0.2, 0.0], [0.3, -0.3]])
    precision = np.eye(2) + slopes.T @ np.diag([on_referrals, on_waiting]) @ slopes
    spread = np.sqrt(np.diag(np.linalg.inv(precision)))
    assert demand.std() == pytest.approx(spread[0], rel=0.25)
    assert capacity.std() == pytest.approx(spread[1], rel=0.25)
    assert demand.mean() == pytest.approx(TRUE_DEMAND, abs=2 * spread[0])
    assert capacity.mean() == pytest.approx(TRUE_CAPACITY, abs=2 * spread[1])


def test_only_what_the_targets_depend_on_is_fitted(toy_fit: Fit) -> None:
    assert set(toy_fit.unknowns) == {"demand", "capacity"}


def test_a_good_fit_is_called_calibrated(toy_fit: Fit) -> None:
    rng = np.random.default_rng(1)
    checks = Checks(
        placed(toy_fit.bank, toy_fit.summaries),
        knowledge(toy_fit),
        reproduced(toy_fit),
        local_sbc(toy_fit, rng),
        global_sbc(toy_fit, rng),
        another_seed(toy_fit, rng),
        another_method(toy_fit),
        {},
    )
    verdict = judged(toy_fit, checks)
    assert str(verdict) == CALIBRATED
    assert checks.local is not None
    assert checks.local.coverage == pytest.approx(0.9, abs=0.08)  # of 128
    assert checks.overall is not None
    assert checks.overall.coverage == pytest.approx(0.9, abs=0.06)  # of 200
    numbers = as_numbers(toy_fit, checks, verdict)
    assert numbers["verdict"] == CALIBRATED
    assert numbers["runs"]["made"] == toy_fit.runs


def test_the_same_seed_gives_the_same_answer_and_a_store_is_taken_up(tmp_path: Path) -> None:
    settings = Settings(runs=600, unknowns=3)
    runner = toy_runner(tmp_path, published(), settings)
    first = fit(runner, bank_of(runner)).draws
    calls: list[int] = []

    class Counted(Toy):
        def __call__(self, task: Any) -> np.ndarray:
            calls.append(task.number)
            return super().__call__(task)

    again = toy_runner(tmp_path, published(), settings)
    again.simulator = cast(Any, Counted(again.simulator.targets))
    np.testing.assert_array_equal(fit(again, bank_of(again)).draws, first)
    assert not calls
    other = toy_runner(tmp_path / "other", published(), Settings(runs=600, unknowns=3, seed=7))
    assert not np.array_equal(fit(other, bank_of(other)).draws, first)


def test_intervals_of_the_toy_hold_nine_of_ten_truths(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    held = []
    for truth in range(10):
        demand, capacity = rng.normal(size=2)
        means = published(demand, capacity)
        values = {name: [float(count) for count in rng.poisson(numbers)] for name, numbers in means.items()}
        runner = toy_runner(tmp_path, values, Settings(runs=700, unknowns=2, seed=truth))
        found = fit(runner, bank_of(runner))
        low, high = np.quantile(found.draws, [0.05, 0.95], axis=0)
        true = np.array([{"demand": demand, "capacity": capacity}[name] for name in found.unknowns])
        held += ((low <= true) & (true <= high)).tolist()
    assert np.mean(held) >= 0.75  # 20 intervals of 90%: fewer than 15 held has a chance of 1%


def gamma_poisson(rng: np.random.Generator, mean: float, times: float) -> list[float]:
    """Monthly counts with so many times the variance of Poisson counts."""
    return [float(count) for count in rng.poisson(rng.gamma(mean / (times - 1), times - 1, size=MONTHS))]


def share_held(*, times: float, own_chance: bool) -> float:
    """Of 250 true demands, the share inside the 90% intervals from a year of counts with so many times Poisson's variance."""
    rng = np.random.default_rng(11)
    toy = Toy(ToyTargets(figures_of({REFERRALS: [0.0] * MONTHS})))
    scores = 0.5 * rng.normal(size=(600, 1))
    runs = toy.published(np.array([toy(task) for task in tasks_at(("demand",), scores, first=0)]))
    grid = np.linspace(-3, 3, 3001)[:, None]
    held = []
    for truth in 0.5 * rng.normal(size=250):
        mean = 200 * np.exp(0.2 * truth)
        counts = [float(y) for y in rng.poisson(mean, size=MONTHS)] if times == 1 else gamma_poisson(rng, mean, times)
        summaries = Summaries(figures_of({REFERRALS: counts}), {})
        apart = beyond_runs(summaries, runs) if own_chance else np.zeros((2, 2))
        emulator = fit_emulator(scores, summaries.of(runs))
        density = Posterior(emulator, summaries.observed, summaries.weights, apart, np.eye(1) / 4)(grid)
        below = np.exp(density - density.max())[grid[:, 0] < truth].sum() / np.exp(density - density.max()).sum()
        held.append(0.05 <= below <= 0.95)
    return float(np.mean(held))


def test_intervals_hold_what_they_should_of_counts_that_vary_more_than_runs() -> None:
    """Standard errors are 0.02: counts of Poisson's variance widen nothing, of five times that the noise is theirs."""
    assert share_held(times=1, own_chance=True) == pytest.approx(0.9, abs=0.06)
    assert share_held(times=5, own_chance=True) == pytest.approx(0.9, abs=0.06)
    assert share_held(times=5, own_chance=False) < 0.65


@pytest.mark.parametrize("again", [["visits mri"], ["visits mri", "first_visits mri", "missed mri"]])
def test_copies_of_a_series_do_not_sharpen_what_the_model_may_miss(tmp_path: Path, again: list[str]) -> None:
    counts = {REFERRALS: published()[REFERRALS]}
    settings = Settings(runs=700, unknowns=1)
    spread = []
    for names in ([], again):
        values = counts | dict.fromkeys(names, counts[REFERRALS])
        runner = toy_runner(tmp_path / f"{len(names)}", values, settings, discrepancy=0.1)
        found = fit(runner, bank_of(runner))
        spread.append(found.draws[:, found.unknowns.index("demand")].std())
    # worked out by hand: an error of a tenth moves demand by 0.5, beside a prior of 1
    assert spread[0] == pytest.approx(1 / np.sqrt(1 + 1 / 0.25), rel=0.12)
    assert spread[1] == pytest.approx(spread[0], rel=0.12)


# no data, and data that cannot be


def test_without_data_the_prior_comes_back() -> None:
    prior = np.array([[1.0, 0.7], [0.7, 1.0]])
    posterior = Posterior(None, np.zeros(0), np.zeros(0), np.zeros((0, 0)), prior)
    rng = np.random.default_rng(3)
    draws = settled(posterior, rng.normal(size=(200, 2)), rng).thinned(4000)
    np.testing.assert_allclose(np.cov(draws, rowvar=False), prior, atol=0.12)
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=0.1)


def test_data_of_no_weight_leave_the_prior(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, published(), Settings(runs=600, unknowns=2), discrepancy=1.0)
    bank = bank_of(runner)
    summaries = runner.summaries
    posterior = Posterior(
        fit_emulator(bank.scores[:, :2], summaries.of(bank.published)),
        summaries.observed,
        np.full(len(summaries), 1e-6),
        summaries.bias,
        np.eye(2),
    )
    rng = np.random.default_rng(3)
    draws = settled(posterior, rng.normal(size=(200, 2)), rng).thinned(4000)
    np.testing.assert_allclose(draws.std(axis=0), 1, atol=0.1)


def test_figures_that_contradict_each_other_are_not_matched_and_named(tmp_path: Path) -> None:
    values = published()
    values[WAITING] = [400 * np.exp(0.9) * (1.2**month) for month in range(MONTHS)]  # no scores make a list grow
    runner = toy_runner(tmp_path, values, Settings(runs=700, unknowns=2))
    found = fit(runner, bank_of(runner))
    verdict = judged(found, Checks([], knowledge(found), reproduced(found)))
    assert verdict.word == NOT_MATCHED
    assert len(verdict.reasons) >= 1
    assert verdict.reasons[0].startswith("waiting mri, trend (second half over first): 2.986 was published and the fit")
    assert "standard deviations off" in verdict.reasons[0]


GP_VISITS = [145.0, 118, 128, 136, 418, 367, 450, 378, 149, 133, 129, 125]


def judged_alone(runner: Runner) -> tuple[Fit, Verdict, Reproduced]:
    """The verdict of a fit by its fresh runs alone."""
    found = fit(runner, bank_of(runner))
    seen = reproduced(found)
    return found, judged(found, Checks([], knowledge(found), seen)), seen


def test_a_series_of_a_shape_that_no_run_has_is_not_matched(tmp_path: Path) -> None:
    values = published() | {REFERRALS: GP_VISITS}
    found, verdict, seen = judged_alone(toy_runner(tmp_path, values, Settings(runs=700, unknowns=2)))
    assert verdict.word == NOT_MATCHED
    (reason,) = verdict.reasons
    assert re.fullmatch(
        r"referrals mri: about its level, trend and season it varies \d+ times as much as runs do \(variance\), typically "
        r"by \d+% of its level\. No run has such a shape: fit the dates on one side of what happened\.",
        reason,
    )
    level = float(np.median(found.fresh.published[:, :MONTHS].mean(axis=1)))
    assert level == pytest.approx(np.mean(GP_VISITS), rel=0.12)  # the mean of roots is that of 209 a month, not 223
    told = {each.series: each for each in seen.dispersed}
    assert told[WAITING].factor < 2 < 30 < told[REFERRALS].factor


def test_a_series_that_swings_more_than_runs_is_told_and_its_noise_is_widened(tmp_path: Path) -> None:
    values = published() | {REFERRALS: [200.0, 270.0] * 6}
    runner = toy_runner(tmp_path, values, Settings(runs=700, unknowns=2))
    found, verdict, seen = judged_alone(runner)
    assert verdict.word == WITH_WARNINGS
    assert any(
        re.match(r"referrals mri: .* varies [56]\.\d times as much as runs do", each) for each in verdict.reasons
    )
    numbers = as_numbers(found, Checks([], knowledge(found), seen), verdict)
    (factor,) = [each["factor"] for each in numbers["dispersion"] if each["series"] == REFERRALS]
    variance = np.var(2 * np.sqrt(np.array([200.0, 270.0]) + 3 / 8)) * 12 / 10  # beside level and slope, of Poisson's 1
    assert factor == pytest.approx(variance, rel=0.15)
    assert numbers["posterior_predictive"]["within_90"] > 0.8  # of bands that are as wide as the series asks for


def test_figures_outside_their_bands_are_weighed() -> None:
    """Runs whose months hang together, beside figures of which hardly any is like theirs."""
    rng = np.random.default_rng(3)
    summaries = Summaries(figures_of({REFERRALS: [200.0, 240.0] * 6}), {})
    runs = rng.poisson(220, size=(64, MONTHS)).astype(float)
    draws = expected(summaries, runs, {})
    (few,) = inside(summaries, draws, [range(MONTHS)])
    assert (few.figures, few.within_50) == (12, 0)
    assert few.chance < 0.001
    like = Summaries(figures_of({REFERRALS: rng.poisson(220, size=MONTHS).astype(float).tolist()}), {})
    (even,) = inside(like, expected(like, runs, {}), [range(MONTHS)])
    assert even.chance > 0.05
    # where all months of a run are high or low together, one such series tells little
    runs = 220 + 15 * rng.normal(size=(64, 1)) + rng.normal(size=(64, MONTHS))
    far = Summaries(figures_of({REFERRALS: [220 + 2.2 * 15.0] * MONTHS}), {})
    (together,) = inside(far, expected(far, runs, {}), [range(MONTHS)])
    assert together.within_90 == 0
    assert together.chance > 0.01


def test_what_its_own_interval_excludes_by_far_is_never_passed(tmp_path: Path) -> None:
    """800 days where runs have 2 to 260: on the scale of logarithms less than three standard deviations."""
    values = published() | {"median_wait scan": [800.0] * MONTHS}
    _, verdict, seen = judged_alone(toy_runner(tmp_path, values, Settings(runs=700, unknowns=2)))
    (row,) = [each for each in seen.compared if each.series == "median_wait scan"]
    assert 2 < row.off < 3
    assert verdict.word == NOT_MATCHED
    assert verdict.reasons[0].startswith("median_wait scan, level: 800.0 was published and the fit comes to")


def in_bands(values: list[float]) -> pd.DataFrame:
    """A list of one day by how long people have waited."""
    days = ((0.0, 42.0), (43.0, 126.0), (127.0, np.inf))
    rows = [
        figures_of({WAITING: [value]}).assign(band_low=low, band_high=high)
        for value, (low, high) in zip(values, days, strict=True)
    ]
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize(
    ("figures", "runs", "expected"),
    [
        (in_bands([0, 0, 60]), [40, 15, 5], "waiting mri, 2025-01-31, 0-42 days: 0.0 was published and the fit comes to 4"),
        (in_bands([60, 0, 0]), [5, 15, 40], "waiting mri, 2025-01-31, 127+ days: 0.0 was published"),
        (in_bands([40, 15, 5]), [40, 15, 5], ""),
        (figures_of({REFERRALS: [20, 20, 60, 20, 20]}), [28] * 5, "referrals mri, 2025-03: 60.0 was published and the fit comes to 2"),
        (figures_of({REFERRALS: [20, 20, 30, 20, 20]}), [22] * 5, ""),
        (figures_of({REFERRALS: [0] * 11 + [1]}), [0.05] * 12, ""),
        (figures_of({REFERRALS: [2] * 11 + [7]}), [2.4] * 12, ""),
    ],
)  # fmt: skip
def test_a_figure_that_its_own_band_excludes_by_far_is_never_passed(
    figures: pd.DataFrame, runs: list[float], expected: str
) -> None:
    """Totals agree, and shares below a hundredth are not fitted: that nobody is where all should be went without a word."""
    rng = np.random.default_rng(5)
    summaries = Summaries(figures, {})
    fresh = SimpleNamespace(published=rng.poisson(runs, size=(64, len(runs))).astype(float))
    seen = reproduced(cast(Any, SimpleNamespace(summaries=summaries, fresh=fresh)))
    (row,) = seen.compared
    assert row.far.startswith(expected)
    assert is_missed(row) == bool(expected)


def test_a_distance_below_what_a_figure_can_tell_is_none(tmp_path: Path) -> None:
    """A full service has nearly the same count in every run: a thousandth more is no misfit, a twentieth is."""
    values = published() | {"visits full": [1000.0] * MONTHS}
    _, verdict, seen = judged_alone(toy_runner(tmp_path, values, Settings(runs=700, unknowns=2)))
    assert verdict.word == CALIBRATED
    assert max(each.off for each in seen.compared) < 1
    values["visits full"] = [1060.0] * MONTHS
    _, verdict, _ = judged_alone(toy_runner(tmp_path / "more", values, Settings(runs=700, unknowns=2)))
    assert verdict.word == NOT_MATCHED
    assert verdict.reasons[0].startswith(
        "visits full, level: 1,060 was published and the fit comes to 1,002 (90% of runs"
    )


def test_a_target_outside_what_the_prior_gives_is_told_before_any_fitting(tmp_path: Path) -> None:
    values = published()
    values[REFERRALS] = [2000.0] * MONTHS
    runner = toy_runner(tmp_path, values)
    (row,) = placed(bank_of(runner), runner.summaries)
    assert row.impossible
    assert str(row).startswith("referrals mri, level: 2,000 was published; 98 of 100 runs")
    verdict = judged(None, Checks([row]))
    assert verdict.word == NOT_MATCHED
    assert "referrals mri" in str(verdict)


def test_a_fit_stops_between_its_stages(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, published())
    seen: list[tuple[str, int, int]] = []
    runner.progress = lambda part: lambda done, total: seen.append((part, done, total))
    assert runner.then("checks", 1, lambda: "worked") == "worked"
    assert seen == [("checks", 1, 3)]
    runner.stop = Event()
    runner.stop.set()
    with pytest.raises(Stopped):
        runner.then("checks", 2, lambda: pytest.fail("it was stopped before"))


def test_a_rare_target_is_a_warning_only(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, published(demand=3.2), Settings(runs=700, unknowns=2))
    bank = bank_of(runner)
    rows = placed(bank, runner.summaries)
    assert rows
    assert not any(row.impossible for row in rows)
    found = fit(runner, bank)
    verdict = judged(found, Checks(rows, knowledge(found), reproduced(found)))
    assert verdict.word == WITH_WARNINGS
    assert any("Rare before any data" in reason for reason in verdict.reasons)


def test_a_quantity_pushed_to_the_end_of_its_range_is_told(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, published(demand=2.9), Settings(runs=700, unknowns=2))
    found = fit(runner, bank_of(runner))
    table = knowledge(found).table.set_index("quantity")
    assert table.loc["demand", "at_edge"] > 0.2
    verdict = judged(found, Checks([], knowledge(found), reproduced(found)))
    assert any("push demand to the end" in reason for reason in verdict.reasons)


# what is known


def test_what_only_a_sum_tells_is_not_told_apart(tmp_path: Path) -> None:
    values = {WAITING: published()[WAITING]}
    runner = toy_runner(tmp_path, values, Settings(runs=700, unknowns=2))
    found = fit(runner, bank_of(runner))
    known = knowledge(found)
    assert set(known.table["status"]) <= {"weak", "not informed"}
    assert abs(known.tied[0][2]) > 0.9
    assert known.collinearity > 20
    (direction,) = known.directions
    assert set(direction[0].replace("−", "-").replace("+", "-").split(" ")) >= {"demand", "capacity"}
    assert direction[1] < 0.1


def test_the_datum_that_would_help_is_named(tmp_path: Path) -> None:
    values = {REFERRALS: published()[REFERRALS]}
    runner = toy_runner(tmp_path, values, Settings(runs=700, unknowns=2))
    found = fit(runner, bank_of(runner))
    worth = worth_collecting(found, ["capacity", "idle_3"])
    assert worth["capacity"][0] == "visits mri"
    assert worth["capacity"][1] > 0.5
    assert worth["idle_3"][1] < 0.05


def test_the_second_method_and_the_second_seed_agree_with_the_first(toy_fit: Fit) -> None:
    assert another_method(toy_fit).max() < 1
    assert another_seed(toy_fit, np.random.default_rng(9)).max() < 0.25


# back-test


def test_a_back_test_predicts_what_goes_on_and_shows_what_does_not(tmp_path: Path) -> None:
    steady = toy_runner(tmp_path / "steady", published(), Settings(runs=700, unknowns=2))
    found = back_test(steady, bank_of(steady))
    assert found is not None
    assert found.split.isoformat() == "2025-08-31"
    assert found.coverage >= 0.75
    assert found.table["error"].abs().max() < 0.05
    values = published()
    values[WAITING][8:] = [value * 2.2 for value in values[WAITING][8:]]  # someone else begins to submit
    jump = toy_runner(tmp_path / "steady", values, Settings(runs=700, unknowns=2))
    found = back_test(jump, bank_of(jump))
    assert found is not None
    table = found.table.set_index("series")
    assert table.loc[WAITING, "error"] == pytest.approx(1 / 2.2 - 1, abs=0.05)
    assert table.loc[WAITING, "within_90"] == 0
    assert table.loc[REFERRALS, "within_90"] > 0.5
    np.testing.assert_array_equal(jump.summaries.published[-4:], values[WAITING][8:])


@pytest.mark.parametrize(
    ("ends", "split"),
    [
        (["2025-03-31"], None),
        (["2019-03-31", "2020-03-31"], "2019-03-31"),
        ([f"2025-{month:02}-28" for month in range(1, 13)], "2025-08-28"),
    ],
)
def test_the_split_leaves_about_a_third(ends: list[str], split: str | None) -> None:
    dates = [pd.Timestamp(end).date() for end in ends]
    figures = pd.DataFrame(
        {"from_date": [dates[0].replace(month=1, day=1)] * len(dates), "to_date": dates, "value": 1.0}
    )
    day = split_day(figures)
    assert (None if day is None else day.isoformat()) == split


# the parts


def test_the_summaries_of_a_series_are_its_level_and_slope() -> None:
    figures = figures_of({REFERRALS: [10.0, 20, 30, 40]})
    summaries = Summaries(figures, {})
    assert summaries.names == ["referrals mri level", "referrals mri slope"]
    basis = np.stack([np.ones(4) / 2, (np.array([31, 59, 90, 120]) - 75) / np.linalg.norm([44, 16, 15, 45])], axis=1)
    scale = 2 * np.sqrt(np.array([10.0, 20, 30, 40]) + 3 / 8)
    np.testing.assert_allclose(summaries.observed, [2 * 2 * np.sqrt(25 + 3 / 8), scale @ basis[:, 1]])


def test_two_years_of_months_have_a_season() -> None:
    summaries = Summaries(figures_of({REFERRALS: [100.0] * 24}), {})
    assert summaries.names[2:] == ["referrals mri season 1", "referrals mri season 2"]
    np.testing.assert_allclose(summaries.observed[1:], 0, atol=1e-9)


def test_what_was_not_submitted_is_left_out_of_both_sides() -> None:
    summaries = Summaries(figures_of({REFERRALS: [10.0, np.nan, 30.0]}), {})
    assert summaries.parts[0].columns == (0, 2)
    found = summaries.of(np.array([[10.0, 999.0, 30.0]]))
    np.testing.assert_allclose(found[0], summaries.observed)


def test_bands_become_a_total_and_shares_within() -> None:
    figures = pd.concat([figures_of({WAITING: [10.0]}), figures_of({WAITING: [30.0]})], ignore_index=True)
    figures["band_low"], figures["band_high"] = [0.0, 8.0], [7.0, np.inf]
    summaries = Summaries(figures, {})
    assert summaries.names == ["waiting mri level", "waiting mri within 7 days level"]
    np.testing.assert_allclose(summaries.observed, [2 * np.sqrt(40.375), np.arcsin(np.sqrt(0.25))])


def test_simulated_counts_are_published_before_they_are_compared() -> None:
    figures = figures_of({REFERRALS: [20.0, 1.5]})
    figures["rounded_to"], figures["suppressed_below"] = 5.0, 3
    summaries = Summaries(figures, {})
    np.testing.assert_allclose(summaries.as_published(np.array([[18.0, 2.0]])), [[20.0, 1.5]])
    np.testing.assert_allclose(summaries.of(np.array([[18.0, 2.0]]))[0], summaries.observed)


def test_practices_are_told_by_their_sum_and_how_far_they_lie_apart() -> None:
    figures = pd.concat([figures_of({REFERRALS: [10.0 * (k + 1)]}) for k in range(5)], ignore_index=True)
    figures["place"] = [f"P{k}" for k in range(5)]
    figures["series"] += " " + figures["place"]
    summaries = Summaries(figures, {f"P{k}": 1000.0 for k in range(5)})
    assert summaries.names == ["referrals mri by practice level", "referrals mri by practice spread between practices"]
    counts = np.array([10.0, 20, 30, 40, 50])
    np.testing.assert_allclose(summaries.observed, [2 * np.sqrt(150.375), np.log((counts + 0.5) / 1000).std(ddof=1)])


def test_discrepancy_is_brought_to_the_scale_of_the_summary() -> None:
    summaries = Summaries(figures_of({REFERRALS: [400.0] * 4}, discrepancy=0.1), {})
    moved = summaries.of(np.array([[440.0] * 4]))[0] - summaries.observed
    assert summaries.discrepancy[0] == pytest.approx(moved[0], rel=0.03)


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ({"measure": "visits"}, 0.9),
        ({"services": ("mri", "xray")}, 1 / np.sqrt(2)),
        ({"place": "P1", "practices": ("P1",)}, 0.9),
        ({"measure": "waiting"}, 0.0),
        ({"services": ("gp",)}, 0.0),
        ({"value": 400.0}, 1.0),  # on the same dates as the first: a copy
    ],
)
def test_what_the_model_may_miss_is_shared_as_far_as_series_count_the_same(
    other: dict[str, Any], shared: float
) -> None:
    first = figures_of({REFERRALS: [400.0, 420.0, 390.0]}, discrepancy=0.1)
    second = figures_of({REFERRALS: [380.0, 400.0, 370.0]}, discrepancy=0.1).assign(series="another")
    if "value" in other:
        second = first.assign(series="another", services=[("physio",)] * 3)
    else:
        for name, value in other.items():
            second[name] = [value] * 3
    summaries = Summaries(pd.concat([first, second], ignore_index=True), {"P1": 1.0, "P2": 1.0})
    sizes = np.sqrt(np.diag(summaries.bias))
    between = summaries.bias / np.outer(sizes, sizes)
    assert summaries.names[0::2] == ["referrals mri level", "another level"]
    assert between[0, 2] == pytest.approx(shared)
    assert between[1, 3] == pytest.approx(shared)
    assert between[0, 1] == between[0, 3] == 0


def test_the_emulator_finds_a_quadratic_and_what_it_leaves() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=(600, 3))
    truth = 1 + 2 * z[:, 0] - z[:, 1] ** 2 + 0.5 * z[:, 0] * z[:, 2]
    noise = rng.multivariate_normal([0, 0], [[0.04, 0.03], [0.03, 0.09]], size=600)
    summaries = np.stack([truth, z[:, 2]], axis=1) + noise
    emulator = fit_emulator(z, summaries)
    np.testing.assert_allclose(emulator.noise, [[0.04, 0.03], [0.03, 0.09]], atol=0.012)
    predicted, factor = emulator.mean(np.array([[0.3, 0.4, 0.5], [6.0, 6.0, 6.0]]))
    assert predicted[0] == pytest.approx([1 + 0.6 - 0.16 + 0.075, 0.5], abs=0.05)
    assert factor[0] < 1.05 < factor[1]
    assert emulator.distance(np.array([[0.0, 0, 0], [6.0, 6, 6]])).tolist() == pytest.approx([0, 3.3], abs=0.5)


def test_fresh_runs_surprise_a_wrong_emulator() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=(400, 2))
    emulator = fit_emulator(z, z[:, :1] + 0.1 * rng.normal(size=(400, 1)))
    fresh = rng.normal(size=(200, 2))
    assert emulator.surprise(fresh, fresh[:, :1] + 0.1 * rng.normal(size=(200, 1)))[0] == pytest.approx(1, abs=0.25)
    assert emulator.surprise(fresh, np.sin(3 * fresh[:, :1]))[0] > 10


def test_draws_of_one_question_never_meet_those_of_another() -> None:
    rng = np.random.default_rng(4)
    middles = np.array([-5.0, 5.0])[:, None, None]
    start = middles + rng.normal(size=(2, 40, 3))
    found = de_mc(lambda z: -0.5 * ((z - middles) ** 2).sum(axis=2), start, steps=400, warm_up=100, rng=rng, every=4)
    assert found[0].draws.shape == (100, 40, 3)
    assert found[0].draws.max() < 0.5
    assert found[1].draws.min() > -0.5
    assert 0.1 < found[0].accepted < 0.6


def test_chains_that_do_not_agree_are_seen() -> None:
    rng = np.random.default_rng(4)
    start = np.concatenate([rng.normal(size=(1, 20, 2)) - 30, rng.normal(size=(1, 20, 2)) + 30], axis=1)
    (found,) = de_mc(lambda z: -0.5 * ((np.abs(z) - 30) ** 2).sum(axis=2), start, steps=8, warm_up=0, rng=rng)
    assert found.r_hat.max() > 1.2


def test_the_smoother_is_exact_where_all_is_linear_and_normal() -> None:
    rng = np.random.default_rng(6)
    z = rng.normal(size=(3000, 2))
    emulator = fit_emulator(z, z[:, :1] + z[:, 1:] + 0.5 * rng.normal(size=(3000, 1)))
    moved = smoothed(rng.normal(size=(3000, 2)), emulator, np.array([1.5]), np.zeros((1, 1)), rng)
    share = 1 / (2 + 0.25)
    np.testing.assert_allclose(moved.mean(axis=0), [1.5 * share] * 2, atol=0.06)
    np.testing.assert_allclose(moved.var(axis=0), [1 - share] * 2, atol=0.06)


def test_screening_stops_at_what_chance_could_do() -> None:
    rng = np.random.default_rng(8)
    z = rng.normal(size=(1000, 200))
    assert telling(z, rng.normal(size=(1000, 10)), most=50) == []
    assert telling(z, z[:, [5]] * 0.5 + rng.normal(size=(1000, 1)), most=50, first=(3,)) == [3, 5]


def test_quantities_fitted_together_before_keep_their_correlation_in_the_prior() -> None:
    prior = prior_of(("worsen", "gp_price", "improve_severe_course_times"))
    assert prior[0, 1] == 0
    assert prior[0, 2] != 0
    np.testing.assert_array_equal(prior, prior.T)
    np.testing.assert_array_equal(np.diag(prior), 1)
