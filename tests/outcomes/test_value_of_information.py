"""Value of information: against published runs, closed forms, and simulated models of nested draws with a known answer."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

from outcomes.economics.acceptability import ceac, expected_loss
from outcomes.economics.nested_draws import (
    between_and_within,
    ceac_of_nested_draws,
    ceac_where_told,
    corrected_draws,
    evpi_of_corrected,
    evpi_of_nested_draws,
)
from outcomes.economics.value_of_information import evpi, evppi, evppi_by_parameter, population_evpi
from outcomes.table_rules import BadTable
from tests.helpers.samples import SAMPLES, published_draws, table_of
from tests.helpers.vectors import VECTORS, cases, needs_vectors, vector

THRESHOLD = 20_000.0


def listed(params: str | list[str]) -> list[str]:
    """One name or several, as a list."""
    return [params] if isinstance(params, str) else params


@pytest.fixture(scope="module")
def draws() -> pd.DataFrame:
    """The published sample."""
    return published_draws()


@pytest.fixture(scope="module")
def parameters() -> pd.DataFrame:
    """The parameters of the published sample, in the order of its draws."""
    return pd.read_csv(VECTORS / "psa_sample.csv")[["p_resp", "u_gain", "c_sess", "p_mri"]]


# published runs


@needs_vectors
def test_published_evpi_is_reproduced(draws: pd.DataFrame) -> None:
    psa = vector("psa_ceac_evpi_evppi")
    found = evpi(draws, psa["wtp"])
    np.testing.assert_allclose(found["evpi"], psa["evpi_exact"], rtol=1e-9)
    np.testing.assert_allclose(found["evpi"], psa["evpi"]["EVPI"], atol=1e-3)
    assert evpi(draws, THRESHOLD)["evpi"][0] == pytest.approx(vector("evppi_voi")["evpi"], rel=1e-9)


@needs_vectors
@pytest.mark.parametrize(
    "case", vector("psa_ceac_evpi_evppi").get("evppi", []), ids=lambda case: f"{case['params']} {case['type']}"
)
def test_published_evppi_is_reproduced(case: dict[str, Any], draws: pd.DataFrame, parameters: pd.DataFrame) -> None:
    """Polynomials to 1e-6; splines within 5% or half a pound of the peer's additive model.

    The peer's polynomial in two parameters has no product of them and is worth more than perfect information at the
    higher thresholds, which cannot be: what it gives is our `estimate`, and what is shown stops at EVPI.
    """
    for threshold, expected in zip(case["wtp"], case["evppi"], strict=True):
        method = "polynomial" if case["type"] == "poly" else "spline"
        found = evppi(draws, parameters, listed(case["params"]), threshold, method=method)
        tolerance = 1e-6 if case["type"] == "poly" else max(0.5, 0.05 * expected)
        assert found.estimate == pytest.approx(expected, abs=tolerance)
        assert found.evppi == min(found.estimate, found.evpi)
        assert (found.warning is not None) == (expected > found.evpi)


@needs_vectors
def test_evppi_of_a_second_peer_is_reproduced(draws: pd.DataFrame, parameters: pd.DataFrame) -> None:
    """Its `earth` in two parameters gives 5.52, above EVPI (5.11): wrong, and not to be matched."""
    for case in vector("evppi_voi")["evppi"]:
        found = evppi(draws, parameters, listed(case["params"]), case["wtp"])
        if case["evppi"] > found.evpi:
            assert (case["params"], case["method"]) == (["p_resp", "u_gain"], "earth")
        else:
            assert found.evppi == pytest.approx(case["evppi"], abs=max(0.5, 0.05 * case["evppi"]))


@needs_vectors
def test_what_is_above_evpi_is_cut_and_said(draws: pd.DataFrame, parameters: pd.DataFrame) -> None:
    found = evppi(draws, parameters, ["p_resp", "u_gain"], THRESHOLD, method="polynomial")
    assert found.evppi == found.evpi
    assert found.warning == (
        "Knowing p_resp, u_gain came out as worth 5.82 GBP at 20,000 GBP per QALY, more than the 5.111 GBP of knowing "
        "everything, which is what is shown. The regression fits badly: take more draws."
    )


# closed forms


def linear_normal(case: dict[str, Any], count: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draws of two strategies whose incremental net benefit is a sum of two normals, and the parameters."""
    z = np.random.default_rng(seed).normal(size=(count, 2))
    gain = case["mean_inb"] + case["sd_param1"] * z[:, 0] + case["sd_param2"] * z[:, 1]
    values = np.zeros((count, 2, 2))
    values[:, 1, 0] = -gain
    return table_of(values), pd.DataFrame(z, columns=["one", "two"])


@pytest.mark.parametrize("case", cases("evpi_evppi_analytic"))
def test_closed_forms_lie_within_four_standard_errors(case: dict[str, Any]) -> None:
    """4,000 draws; of EVPI the standard error is that of the loss of the strategy chosen."""
    table, z = linear_normal(case["input"], 4000, 3)
    expected = case["expected"]
    best = evppi(table, z, ["one", "two"], THRESHOLD)
    for name, key in (("one", "evppi_param1"), ("two", "evppi_param2")):
        found = evppi(table, z, name, THRESHOLD)
        assert abs(found.evppi - expected[key]) <= 4 * found.standard_error + 1e-5
    assert abs(evpi(table, THRESHOLD)["evpi"][0] - expected["evpi"]) <= 4 * best.standard_error
    assert best.evppi == pytest.approx(best.evpi, rel=1e-3)
    share = ceac(table, THRESHOLD)["probability"][1]
    assert abs(share - expected["prob_ce"]) < 4 * np.sqrt(0.25 / 4000)


def test_the_standard_error_is_how_far_estimates_scatter() -> None:
    """150 samples of 500 draws: mean standard error against the standard deviation of the estimates."""
    case = {"mean_inb": -60, "sd_param1": 80, "sd_param2": 50}
    found = []
    for seed in range(150):
        table, z = linear_normal(case, 500, seed)
        one = evppi(table, z, "one", THRESHOLD)
        found.append((one.evppi, one.standard_error))
    values = np.array(found)
    assert 0.75 < values[:, 1].mean() / values[:, 0].std(ddof=1) < 1.33
    truth = 80 * stats.norm.pdf(60 / 80) - 60 * stats.norm.sf(60 / 80)
    assert abs(values[:, 0].mean() - truth) < 4 * values[:, 0].std(ddof=1) / np.sqrt(150)


def test_a_bend_and_a_product_are_found() -> None:
    """INB = 100 (|x| - 0.8) is worth nothing to a straight line, and 100 xy only to those who know both."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 2))
    z = pd.DataFrame(x, columns=["x", "y"])
    values = np.zeros((2000, 2, 2))
    values[:, 1, 0] = -100 * (np.abs(x[:, 0]) - np.abs(x[:, 0]).mean())
    bent = evppi(table_of(values), z, "x", THRESHOLD)
    assert bent.evppi == pytest.approx(bent.evpi, rel=0.03)
    assert evppi(table_of(values), z, "x", THRESHOLD, method="polynomial", degree=1).evppi < bent.evpi / 5
    values[:, 1, 0] = -100 * x[:, 0] * x[:, 1]
    both = evppi(table_of(values), z, ["x", "y"], THRESHOLD)
    assert both.evppi == pytest.approx(both.evpi, rel=0.01)
    assert evppi(table_of(values), z, "x", THRESHOLD).evppi < both.evpi / 5


# in general


@settings(max_examples=40)
@given(SAMPLES)
def test_V51_evpi_is_never_negative_and_is_the_loss_of_the_best(table: pd.DataFrame) -> None:
    found = evpi(table, [0, 3, 1e4])
    assert (found["evpi"] >= 0).all()
    losses = expected_loss(table, [0, 3, 1e4])
    assert found["evpi"].tolist() == losses.groupby("threshold")["expected_loss"].min().tolist()


def test_V51_evpi_is_exactly_nothing_where_one_is_the_best_in_every_draw() -> None:
    values = np.random.default_rng(2).uniform(0.1, 0.9, (999, 2, 2))
    values[:, 1, 0] = values[:, 0, 0] - 0.05
    values[:, 1, 1] = values[:, 0, 1]
    assert (evpi(table_of(values), [0, 1, 20_000])["evpi"] == 0).all()


@needs_vectors
def test_V51_no_parameter_is_worth_more_than_everything(draws: pd.DataFrame, parameters: pd.DataFrame) -> None:
    for threshold in (0, 5000, 20_000, 1e6):
        known = evpi(draws, threshold)["evpi"][0]
        table = evppi_by_parameter(draws, parameters, threshold)
        assert table["evppi"].between(0, known).all()
        assert table["evpi"].tolist() == pytest.approx([known] * 4, rel=1e-12)
        assert table["evppi"].is_monotonic_decreasing


@pytest.mark.parametrize("mean", [0, 50])
def test_V52_a_parameter_that_is_not_used_is_worth_nothing(mean: float) -> None:
    table, z = linear_normal({"mean_inb": mean, "sd_param1": 100, "sd_param2": 0}, 1000, 4)
    found = evppi(table, z, "two", THRESHOLD)
    assert found.evppi <= 3 * found.standard_error


def test_V47_without_spread_there_is_nothing_to_learn() -> None:
    same = table_of(np.tile([[[500.0, 0.6], [700.0, 0.65]]], (50, 1, 1)))
    found = evppi(same, pd.DataFrame({"p": np.full(50, 0.3)}), "p", THRESHOLD)
    assert (found.evppi, found.evpi, found.standard_error, found.warning) == (0, 0, 0, None)


def test_the_order_of_arms_and_of_rows_does_not_matter() -> None:
    table, z = linear_normal({"mean_inb": 10, "sd_param1": 100, "sd_param2": 50}, 400, 6)
    one = evppi(table, z, "one", THRESHOLD)
    mixed = table.sort_values(["strategy", "draw"], ascending=[False, True]).sample(frac=1, random_state=1)
    other = evppi(mixed, z.assign(draw=range(400)).sample(frac=1, random_state=2), "one", THRESHOLD)
    assert other.evppi == pytest.approx(one.evppi, rel=1e-9)
    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-9)


def test_twenty_parameters_of_a_thousand_draws_take_less_than_a_second_each() -> None:
    z = pd.DataFrame(np.random.default_rng(3).normal(size=(1000, 20))).add_prefix("p")
    values = np.zeros((1000, 2, 2))
    values[:, 1, 0] = -(60 + 100 * z["p0"] + 50 * z["p1"] * z["p2"]).to_numpy()
    start = time.perf_counter()
    found = evppi_by_parameter(table_of(values), z, THRESHOLD)
    assert time.perf_counter() - start < 20
    assert found["parameter"][0] == "p0"
    assert found.set_index("parameter")["evppi"].drop("p0").max() < found["evppi"][0] / 10


def test_the_worth_to_a_population_is_discounted_by_hand() -> None:
    """5 a head; 1,000 people now, 1,250 in a year at 25%."""
    assert population_evpi(5, [1000, 1250], discount_rate=0.25) == 10_000
    assert population_evpi(5, [1000, 1250], discount_rate=0.25, first_year=1) == 8_000
    assert population_evpi(5, [1000, 1250], discount_rate=0) == 11_250


def test_bad_parameters_are_all_named_at_once() -> None:
    table = table_of(np.zeros((3, 2, 2)))
    with pytest.raises(BadTable) as found:
        evppi(table, pd.DataFrame({"draw": [0, 0], "p": [1.0, None]}), ["p", "q"], THRESHOLD)
    assert found.value.problems == [
        "parameters: there is no column 'q'. Its columns are: draw, p",
        "parameters: p: row 1: missing; a number is needed",
        "parameters: draw: row 1: 0; each row must differ in it",
        "parameters: draw: there is no row for draw 1, 2",
    ]
    with pytest.raises(
        BadTable, match="parameters: there are 2 rows for 3 draws; give one for each, or a column 'draw'"
    ):
        evppi(table, pd.DataFrame({"p": [1.0, 2.0]}), "p", THRESHOLD)
    with pytest.raises(BadTable, match="parameters: none is named; give at least one"):
        evppi(table, pd.DataFrame({"p": [1.0, 2.0, 3.0]}), [], THRESHOLD)
    with pytest.raises(ValueError, match="draws: 3 are too few for 1 parameters; at least 4 are needed"):
        evppi(table, pd.DataFrame({"p": [1.0, 2.0, 3.0]}), "p", THRESHOLD)
    with pytest.raises(ValueError, match="method: there is no 'gam'; there are: spline, polynomial"):
        evppi(table, pd.DataFrame({"p": [1.0, 2.0, 3.0]}), "p", THRESHOLD, method="gam")  # type: ignore[arg-type]


# nested draws

SPREAD, TRUE_EVPI = 0.885, 0.885 * stats.norm.pdf(0)


def nested(draws: int, replications: int, noise: float, *, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A model whose net benefit differs by a normal of SD 0.885 between draws, and by chance within them.

    `noise` is the standard deviation of a draw's mean. Both arms share luck that cancels in their difference.
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(draws, 2))
    inner = noise * np.sqrt(replications) * rng.normal(size=(draws, replications))
    shared = 10 * rng.normal(size=(draws, replications))
    gain = SPREAD * z @ [0.8, 0.6]
    cost = np.stack([100 + shared, 100 + shared - gain[:, None] - inner], axis=2)
    count = draws * replications
    table = pd.DataFrame(
        {
            "draw": np.repeat(np.arange(draws), 2 * replications),
            "replication": np.tile(np.repeat(np.arange(replications), 2), draws),
            "strategy": ["usual", "cft"] * count,
            "cost": cost.ravel(),
            "qaly": 0.5,
        }
    )
    return table, pd.DataFrame(z, columns=["p", "q"]).assign(draw=range(draws))


def test_noise_within_draws_is_no_uncertainty_of_the_decision() -> None:
    """True EVPI 0.353. The best of noisy means gives 0.499 where their noise is as large as what they differ by."""
    table, parameters = nested(2000, 4, SPREAD)
    found = evpi_of_nested_draws(table, parameters, THRESHOLD)
    assert found.naive > 1.3 * TRUE_EVPI
    assert abs(found.evpi - TRUE_EVPI) < 4 * found.standard_error < 0.1
    assert found.naive == pytest.approx(
        evpi(table.groupby(["draw", "strategy"], sort=False, as_index=False)[["cost", "qaly"]].mean(), THRESHOLD)[
            "evpi"
        ][0]
    )


def test_components_of_variance_are_found() -> None:
    table, _ = nested(2000, 4, 0.4)
    row = between_and_within(table, threshold=THRESHOLD, baseline="usual").iloc[0]
    assert row["outer_sd"] == pytest.approx(SPREAD, rel=0.06)
    assert row["inner_se"] == pytest.approx(0.4, rel=0.06)
    assert row["within_variance"] == pytest.approx(row["inner_se"] ** 2 * 4)
    assert row["noise"] == pytest.approx(row["inner_se"] / row["outer_sd"])
    needed = row["replications_needed"]
    assert row["inner_se"] * np.sqrt(4 / needed) <= 0.25 * row["outer_sd"] < row["inner_se"] * np.sqrt(4 / (needed - 1))


def test_where_draws_do_not_differ_no_number_of_replications_would_do() -> None:
    """Means of 5 and 5, runs of 4 and 6: the variance between is 0 - 2/2, shown as 0."""
    table = pd.DataFrame(
        {
            "draw": [1, 1, 1, 1, 2, 2, 2, 2],
            "replication": [1, 1, 2, 2] * 2,
            "strategy": ["usual", "cft"] * 4,
            "cost": [0.0, 4, 0, 6] * 2,
            "qaly": 0.0,
        }
    )
    row = between_and_within(table, threshold=0, baseline="usual").iloc[0]
    assert (row["between_variance"], row["within_variance"], row["inner_se"]) == (0, 2, 1)
    assert row[["noise", "replications_needed"]].isna().all()
    with pytest.raises(BadTable) as found:
        ceac_of_nested_draws(table, [0, 1])
    assert found.value.problems == [
        "replications: with 2 in each draw, draws differ by no more than chance ('cft' against 'usual', 0 GBP per QALY): "
        "no curve can be drawn. Run many more in each draw, or show the mean difference with its interval."
    ]


def test_a_curve_of_noisy_draws_is_refused_with_the_number_of_replications_needed() -> None:
    table, _ = nested(500, 4, 0.5)
    row = between_and_within(table, threshold=THRESHOLD, baseline="usual").iloc[0]
    with pytest.raises(BadTable) as found:
        ceac_of_nested_draws(table, THRESHOLD)
    assert found.value.problems == [
        f"replications: with 4 in each draw, chance is {row['noise']:.0%} of the spread between draws ('cft' against 'usual', "
        f"20,000 GBP per QALY); an acceptability curve needs at most 25%. Run {row['replications_needed']:.0f} in each draw."
    ]
    enough, _ = nested(500, int(row["replications_needed"]) + 2, 0.5 * np.sqrt(4 / (row["replications_needed"] + 2)))
    assert ceac_of_nested_draws(enough, THRESHOLD)["probability"].sum() == 1


def test_a_curve_is_told_at_just_those_thresholds_at_which_it_would_be_accepted() -> None:
    """Checked at £20,000 alone, a curve was drawn at £0 too, where costs are chance: from 0.63 to 1.00 for 0.84."""
    table, _ = nested(300, 2, 0.1)
    rng = np.random.default_rng(4)
    treated = table["strategy"] == "cft"
    health = np.where(treated, table["draw"].map(dict(enumerate(rng.normal(size=300)))), 0.0)
    noisy = table.assign(qaly=health, cost=np.where(treated, 2000 * rng.normal(size=len(table)), 0.0))
    grid = np.arange(0, 50_001, 5000)
    curves, refused = ceac_where_told(noisy, grid)
    told = sorted(set(curves["threshold"]))
    for threshold in grid:
        if threshold in told:
            assert ceac_of_nested_draws(noisy, threshold)["probability"].tolist() == pytest.approx(
                curves.loc[curves["threshold"] == threshold, "probability"].tolist()
            )
        else:
            with pytest.raises(BadTable):
                ceac_of_nested_draws(noisy, threshold)
    assert 0 not in told
    assert 20_000 in told
    assert refused is not None
    assert "0 GBP per QALY" in refused
    assert ceac_where_told(nested(300, 2, 0.1)[0], grid)[1] is None


def test_the_value_of_information_is_refused_where_a_curve_is() -> None:
    """It was told from draws whose curve was refused, as 15.2 for a true 7.3 of hidden draws."""
    for noise, told in ((0.1, True), (1.0, False)):
        table, _ = nested(200, 2, noise)
        refusals = []
        for function in (ceac_of_nested_draws, evpi_of_corrected):
            try:
                function(table, THRESHOLD)
            except BadTable as refused:
                refusals.append(str(refused).partition(";")[0])
        assert len(refusals) == (0 if told else 2)
        assert len(set(refusals)) <= 1


@pytest.mark.parametrize(
    ("ahead", "truth"),
    [(0.0, TRUE_EVPI), (0.6, SPREAD * stats.norm.pdf(0.6 / SPREAD) - 0.6 * stats.norm.sf(0.6 / SPREAD))],
)
def test_the_standard_error_of_the_value_of_information_is_how_far_estimates_scatter(
    ahead: float, truth: float
) -> None:
    """Over fresh draws of a model with a known answer, noise and its correction included.

    Where two are as good as each other estimates scatter less than the standard error says, never more.
    """
    found = []
    for seed in range(60):
        table, _ = nested(100, 2, 0.15, seed=seed)
        cost = table["cost"] - np.where(table["strategy"] == "cft", ahead, 0.0)
        found.append(evpi_of_corrected(table.assign(cost=cost), THRESHOLD))
    estimates, errors = np.array([each.evpi for each in found]), np.array([each.standard_error for each in found])
    assert estimates.mean() == pytest.approx(truth, abs=4 * estimates.std() / np.sqrt(60) + 0.02)
    assert 0.75 * errors.mean() < estimates.std(ddof=1) * (1.0 if ahead else 1.5)
    assert estimates.std(ddof=1) < 1.25 * errors.mean()
    assert (np.abs(estimates - truth) < 2 * errors).mean() > 0.85


def test_corrected_draws_vary_as_much_as_the_truth() -> None:
    """Their variance is the component between draws, and EVPI of them the true one, where noise is as large as it.

    To 0.5%, because in usual care draws do not differ at all: chance leaves a variance below 0, which is taken as 0.
    """
    table, _ = nested(2000, 4, SPREAD)
    corrected = corrected_draws(table)
    wide = corrected.pivot_table(index="draw", columns="strategy", values="cost")
    row = between_and_within(table, threshold=THRESHOLD, baseline="usual").iloc[0]
    assert (wide["usual"] - wide["cft"]).var() == pytest.approx(row["between_variance"], rel=0.005)
    assert evpi(corrected, THRESHOLD)["evpi"][0] == pytest.approx(TRUE_EVPI, rel=0.12)
    means = table.groupby("strategy")["cost"].mean()
    assert corrected.groupby("strategy")["cost"].mean().to_dict() == pytest.approx(means.to_dict(), rel=1e-12)


def test_the_covariance_of_corrected_draws_is_exactly_that_between_draws() -> None:
    """Of the first arm, and of what the other differs from it: costs and QALYs differ between draws more than by chance."""
    rng = np.random.default_rng(9)
    mix = np.array([[50, 30, 0.02, 0.01], [0, 40, 0.01, 0.03], [20, 0, 0.05, 0.02], [0, 10, 0.0, 0.06]])
    runs = rng.normal(size=(300, 1, 4)) @ mix + rng.normal(size=(300, 5, 4)) * [20, 30, 0.02, 0.03]
    cells = [
        (draw, run, name, runs[draw, run, k], runs[draw, run, 2 + k])
        for draw in range(300)
        for run in range(5)
        for k, name in enumerate(("usual", "cft"))
    ]
    table = pd.DataFrame(cells, columns=["draw", "replication", "strategy", "cost", "qaly"])
    means = runs.mean(axis=1)
    inside = (runs - means[:, None]).reshape(-1, 4)
    between = np.cov(means, rowvar=False) - inside.T @ inside / (300 * 4) / 5
    wide = corrected_draws(table).pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    usual = wide[[("cost", "usual"), ("qaly", "usual")]].to_numpy()
    more = wide[[("cost", "cft"), ("qaly", "cft")]].to_numpy() - usual
    of_usual, of_more = np.array([[1, 0, 0, 0], [0, 0, 1, 0]]), np.array([[-1, 1, 0, 0], [0, 0, -1, 1]])
    np.testing.assert_allclose(np.cov(usual, rowvar=False), of_usual @ between @ of_usual.T, rtol=1e-9)
    np.testing.assert_allclose(np.cov(more, rowvar=False), of_more @ between @ of_more.T, rtol=1e-9)


@pytest.mark.parametrize("draws", [2, 4, 10, 100])
@pytest.mark.parametrize("arms", [1, 3])
def test_correcting_never_widens_a_small_difference_beside_a_large_level(draws: int, arms: int) -> None:
    """Levels of thousands of QALYs that vary by thousands, differences of a tenth: as a scenario's are."""
    rng = np.random.default_rng(draws)
    rows = []
    for draw in range(draws):
        level, effects = rng.normal(8000, 3000), rng.normal(0.05, 0.1, arms)
        for run in range(2):
            base = level + rng.normal(0, 50)
            rows.append((draw, run, "base", 250 * base, base))
            rows += [
                (draw, run, f"arm{k}", 250 * base - 12_000 + rng.normal(0, 5000), base + each + rng.normal(0, 0.03))
                for k, each in enumerate(effects)
            ]
    table = pd.DataFrame(rows, columns=["draw", "replication", "strategy", "cost", "qaly"])
    raw = table.pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    corrected = corrected_draws(table).pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    for measure in ("cost", "qaly"):
        for arm in range(arms):
            before, after = (each[measure][f"arm{arm}"] - each[measure]["base"] for each in (raw, corrected))
            assert after.std() <= before.std() * (1 + 1e-6)
            assert after.mean() == pytest.approx(before.mean(), abs=1e-6)


def test_without_noise_nested_draws_are_plain_draws() -> None:
    table, _ = nested(100, 3, 0.0)
    quiet = table.assign(cost=table["cost"] - table.groupby(["draw", "replication"])["cost"].transform("first"))
    once = quiet[quiet["replication"] == 0].drop(columns="replication")
    corrected = corrected_draws(quiet)
    np.testing.assert_allclose(corrected["cost"], once["cost"], atol=1e-9)
    pd.testing.assert_frame_equal(ceac_of_nested_draws(quiet, [0, THRESHOLD]), ceac(once, [0, THRESHOLD]))


def test_V29_two_arms_that_are_the_same_stay_exactly_the_same() -> None:
    """Ties stay ties: the first of the two is always the best."""
    table, _ = nested(60, 3, 0.1)
    twin = table[table["strategy"] == "cft"].assign(strategy="twin")
    corrected = corrected_draws(pd.concat([table, twin]))
    wide = corrected.pivot_table(index="draw", columns="strategy", values="cost")
    assert (wide["cft"] == wide["twin"]).all()
    rows = between_and_within(pd.concat([table, twin]), threshold=0, baseline="cft").set_index("strategy")
    assert rows.loc["twin", ["inc_nmb", "between_variance", "within_variance"]].tolist() == [0, 0, 0]
    assert ceac_of_nested_draws(pd.concat([table, twin]), 0).set_index("strategy").loc["twin", "probability"] == 0


def test_the_order_of_rows_in_nested_draws_does_not_matter() -> None:
    table, parameters = nested(40, 3, 0.3)
    mixed = table.sample(frac=1, random_state=3)
    one, other = (between_and_within(each, threshold=1, baseline="usual") for each in (table, mixed))
    pd.testing.assert_frame_equal(one, other)
    assert evpi_of_nested_draws(mixed, parameters, 1).evpi == pytest.approx(
        evpi_of_nested_draws(table, parameters, 1).evpi, rel=1e-6
    )


def test_replications_that_differ_between_draws_are_refused() -> None:
    table, _ = nested(3, 2, 0.1)
    with pytest.raises(BadTable) as found:
        corrected_draws(table[(table["draw"] > 0) | (table["replication"] > 0)])
    assert found.value.problems == [
        "table: replication: there are 3 draws with 1 to 2 replications; at least 2 draws are needed, each with the same "
        "number of replications, at least 2"
    ]
    with pytest.raises(BadTable, match="table: there is no column 'replication'"):
        corrected_draws(table.drop(columns="replication"))
    with pytest.raises(BadTable, match=r"draws: draw \(0, 1\) has no row for 'cft'; every draw needs every strategy"):
        corrected_draws(table.drop(index=3))
