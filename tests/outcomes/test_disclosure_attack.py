"""An attack on what `backpath variation` publishes: list sizes are known to everybody, and counts are whole numbers.

First that the attack is strong: on exact figures it finds every count. Then that nothing it is given depends on what is
hidden, and that what is shown leaves every hidden count all the values that the rule allows.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from outcomes import BadTable, disclosed_variation, disclosure_policy, practice_variation
from outcomes.disclosure.cells import STAR
from outcomes.disclosure.margins import every_value_stays_possible
from tests.helpers.typed import backpath
from ui.reports.variation import variation_json

BANDS = [(sex, age) for sex in ("female", "male") for age in ("18-39", "40-64", "65+")]
POLICIES = ("hes2018", "lt5")
PATHS_OF_CHARTS = re.compile(r"clip\d+")
"""Parts of a chart are numbered on and on while a process runs."""
Counts = np.ndarray
"""Events by practice and band, shape (practices, bands)."""


def area(practices: int = 11, *, seed: int = 4, few: int = 1) -> tuple[Counts, Counts]:
    """Events and people by practice and band: the older have more events, and the last `few` practices hardly any."""
    rng = np.random.default_rng(seed)
    people = rng.integers(150, 900, (practices, len(BANDS)))
    rate = np.array([0.004, 0.008, 0.014] * 2) * rng.gamma(8, 1 / 8, (practices, 1))
    counts = rng.poisson(people * rate)
    counts[:, 0] += np.maximum(0, 12 - counts.sum(axis=1))
    for place in range(practices - few, practices):
        counts[place] = 0
        counts[place, [1, 2]] = (1, 2)
    return counts, people


def tables(counts: Counts, people: Counts, *, by_band: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of `practice_variation`."""
    names = [f"A8{place:04d}" for place in range(len(counts))]
    if not by_band:
        events = pd.DataFrame({"practice": names, "count": counts.sum(axis=1)})
        return events, pd.DataFrame({"practice": names, "n": people.sum(axis=1)})
    rows = [(name, *band) for name, band in itertools.product(names, BANDS[: counts.shape[1]])]
    keys = pd.DataFrame(rows, columns=["practice", "sex", "ageband"])
    return keys.assign(count=counts.ravel()), keys.assign(n=people.ravel())


def faces(folder: Path, counts: Counts, people: Counts, policy: str, *, by_band: bool = True) -> dict[str, str]:
    """Everything that the command tells, by where it stands: terminal, page with its chart, JSON, CSV, specification."""
    events, population = tables(counts, people, by_band=by_band)
    folder.mkdir(parents=True)
    file = folder / "south.csv"
    events.assign(population=population["n"]).to_csv(file, index=False)
    done = backpath("variation", file, "--disclosure", policy, "--out", folder / "out")
    assert done.code == 0, done.err
    told = {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "out").iterdir())}
    printed = done.out.replace(str(folder), "")
    as_json, as_csv = (backpath("variation", file, "--disclosure", policy, form).out for form in ("--json", "--csv"))
    told |= {"terminal": printed, "--json": as_json, "--csv": as_csv}
    return {where: PATHS_OF_CHARTS.sub("", text) for where, text in told.items()}


# the attack


def counts_behind_a_rate(
    rate: float, people: Sequence[int], weights: Sequence[int], most: int
) -> list[tuple[int, ...]]:
    """All counts by band, `most` together at most, whose directly standardised rate per person is this one.

    Half of the bands are tried against the other half, so that six bands of up to 60 events take a moment.
    """
    step = np.array(weights) / np.sum(weights) / np.array(people)
    half = len(step) // 2

    def combinations(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        grid = np.array([each for each in itertools.product(range(most + 1), repeat=len(steps)) if sum(each) <= most])
        return grid, grid @ steps

    first, second = combinations(step[:half]), combinations(step[half:])
    order = np.argsort(second[1])
    wanted, close = rate - first[1], 1e-11 * rate
    low = np.searchsorted(second[1][order], wanted - close)
    high = np.searchsorted(second[1][order], wanted + close)
    return [
        (*first[0][row].tolist(), *second[0][order[place]].tolist())
        for row in np.flatnonzero(high > low)
        for place in range(low[row], high[row])
    ]


def hidden_from_expected(
    expected: np.ndarray, people: Counts, known: Counts, hidden: int, most: int
) -> list[list[int]]:
    """What the hidden practice can have by band, from expected events in any unit and the counts of all others.

    Expected events are people times the rates of all practices together: solved for those, they give the events of
    all by band but for a factor, and whole numbers hardly fit two factors.
    """
    of_all = np.linalg.lstsq(people, expected, rcond=None)[0] * people.sum(axis=0)
    others = np.delete(known, hidden, axis=0).sum(axis=0)
    found = []
    for total in range(others.sum() + 1, others.sum() + most + 1):
        each = of_all / of_all.sum() * total - others
        if (each > -0.01).all() and np.abs(each - each.round()).max() < 0.01:
            found.append(each.round().astype(int).tolist())
    return found


def attacked(practices: list[dict[str, Any]], multiplier: float, people: Counts) -> dict[str, Any]:
    """What the attack says of the rows of a published table: counts by band of each practice, where only one fits."""
    weights = people.sum(axis=0)
    found: dict[str, Any] = {}
    for place, row in enumerate(practices):
        if row["observed"] != STAR and row["rate"] is not None:
            most = int(row["observed"]) + 2
            fits = counts_behind_a_rate(row["rate"] / multiplier, people[place].tolist(), weights.tolist(), most)
            if len(fits) == 1:
                found[row["practice"]] = list(fits[0])
    [hidden] = [place for place, row in enumerate(practices) if row["observed"] == STAR]
    if len(found) == len(practices) - 1:
        known = np.array([found.get(row["practice"], [0] * people.shape[1]) for row in practices])
        expected = np.array([row["expected"] for row in practices])
        fits = hidden_from_expected(expected, people, known, hidden, 7)
        if len(fits) == 1:
            found[practices[hidden]["practice"]] = fits[0]
    return found


def test_exact_rates_and_expected_events_give_all_66_counts_away_and_the_starred_practice() -> None:
    """The attack is strong: a star for one practice, with figures of the true counts beside it, hides nothing."""
    counts, people = area()
    table = practice_variation(*tables(counts, people)).table
    rows = table.assign(observed=table["observed"].astype(object)).to_dict("records")
    rows[-1] |= {"observed": STAR, "rate": None}
    found = attacked(rows, 1000, people)
    assert [found[row["practice"]] for row in rows] == counts.tolist()


@pytest.mark.parametrize("policy", POLICIES)
def test_V74_the_attack_finds_no_count_in_what_is_published(tmp_path: Path, policy: str) -> None:
    """It found all 66 of them, and the starred practice, when rates and expected events were of the true counts."""
    counts, people = area()
    told = json.loads(faces(tmp_path / "a", counts, people, policy)["variation.json"])
    assert attacked(told["practices"], told["multiplier"], people) == {}


# nothing depends on what is hidden


def others_shown_alike(counts: Counts, policy: str, *, seed: int, steps: int = 1500) -> Counts:
    """Other counts of which the same is shown: events moved between bands and practices, and other small numbers."""
    rule, of_bands = disclosure_policy(policy), disclosure_policy(disclosure_policy(policy).bands_as)
    rng, made = np.random.default_rng(seed), counts.copy()
    kept = ~rule.small(pd.Series(counts.sum(axis=1))).to_numpy()

    def shown(table: Counts) -> list[list[int]]:
        rows, columns = pd.Series(table[kept].sum(axis=1)), pd.Series(table[kept].sum(axis=0))
        parts = [(each.rounded(sums), each.small(sums)) for each, sums in ((rule, rows), (of_bands, columns))]
        return [rounded.where(~small, -1).astype(int).tolist() for rounded, small in parts]

    before, rows = shown(counts), np.flatnonzero(kept)
    for _ in range(steps if len(rows) > 1 else 0):
        tried = made.copy()
        (one, other), (here, there) = rng.choice(rows, 2, replace=False), rng.choice(counts.shape[1], 2, replace=False)
        tried[one, here] += 1
        if rng.random() < 0.8:
            tried[one, there] -= 1
            tried[other, here] -= 1
            tried[other, there] += 1
        elif rng.random() < 0.5:
            tried[one, here] -= 2
        if tried.min() >= 0 and shown(tried) == before:
            made = tried
    for row in np.flatnonzero(~kept):
        total = int(rng.integers(rule.star_from, rule.star_to + 1))
        made[row] = rng.multinomial(total, np.ones(counts.shape[1]) / counts.shape[1])
    return made


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("by_band", [True, False], ids=["by band", "crude"])
def test_whatever_the_hidden_counts_are_the_same_is_told_byte_by_byte(
    tmp_path: Path, policy: str, by_band: bool
) -> None:
    """Terminal, sentences, page, chart, JSON, CSV. With rates, φ or p of the true counts these differed."""
    counts, people = area(few=3)
    other = others_shown_alike(counts, policy, seed=1)
    assert (other != counts).mean() > 0.5
    first, second = (
        faces(tmp_path / name, each, people, policy, by_band=by_band)
        for name, each in (("first", counts), ("second", other))
    )
    assert first == second


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("hidden", [1, 2, 3, 4, 5, 6, 7])
def test_a_starred_practice_may_have_any_small_number(policy: str, hidden: int) -> None:
    """One practice is starred among eleven with exact counts: no total, χ², p or τ² tells how many it has."""
    if hidden > disclosure_policy(policy).star_to:
        pytest.skip("shown by this rule")
    counts, people = area()
    counts = counts.sum(axis=1, keepdims=True)
    people = people.sum(axis=1, keepdims=True)

    def told(number: int) -> str:
        each = counts.copy()
        each[-1] = number
        return variation_json(disclosed_variation(*tables(each, people, by_band=False), policy=policy))

    assert told(hidden) == told(1)


SMALL_AREAS = st.integers(2, 6).flatmap(
    lambda bands: st.lists(
        st.lists(st.integers(0, 14), min_size=bands, max_size=bands), min_size=2, max_size=7
    )
)  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_of_small_areas_depends_on_what_is_hidden(policy: str) -> None:
    """Few practices, few bands, few events: where the sums of bands would tell too much, rates are crude."""

    @settings(max_examples=15)
    @given(cells=SMALL_AREAS, seed=st.integers(0, 99))
    def attack(cells: list[list[int]], seed: int) -> None:
        counts = np.array(cells)
        people = np.random.default_rng(seed).integers(100, 900, counts.shape)
        other = others_shown_alike(counts, policy, seed=seed, steps=100)
        told = []
        for each in (counts, other):
            try:
                told.append(variation_json(disclosed_variation(*tables(each, people), policy=policy)))
            except BadTable as bad:
                told.append(str(bad))
        assert told[0] == told[1]

    attack()


def test_the_order_of_practices_is_that_of_their_names() -> None:
    """A file sorted by events would tell which of two starred practices has more."""
    population = pd.DataFrame({"practice": ["C", "A", "B", "D"], "n": [1000] * 4})
    found = disclosed_variation(population.assign(count=[60, 5, 2, 41]).drop(columns="n"), population)
    assert found.table["practice"].tolist() == ["A", "B", "C", "D"]


def test_no_flag_tells_on_which_side_of_ten_a_rounded_count_lies() -> None:
    """8 and 12 are both shown as 10: 'fewer than 10 events' stood beside one of them."""
    rows = []
    for count in (8, 12):
        population = pd.DataFrame({"practice": ["A", "B", "C"], "n": [1000] * 3})
        events = pd.DataFrame({"practice": ["A", "B", "C"], "count": [count, 60, 41]})
        rows.append(disclosed_variation(events, population).table.iloc[0].to_dict())
    assert rows[0] == rows[1]


# what is shown leaves everything possible


def least_and_most(
    rows: list[tuple[int, int]], columns: list[tuple[int, int]], cell: tuple[int, int]
) -> tuple[int, int]:
    """The least and the most that a cell can hold, by linear programming: its corners are whole numbers."""
    shape = (len(rows), len(columns))
    sums = [np.zeros(shape) for _ in range(sum(shape))]
    for place in range(shape[0]):
        sums[place][place, :] = 1
    for place in range(shape[1]):
        sums[shape[0] + place][:, place] = 1
    margins = np.array([each.ravel() for each in sums])
    bounds = np.array([*rows, *columns])
    objective = np.zeros(shape)
    objective[cell] = 1
    found = []
    for sign in (1, -1):
        done = linprog(
            sign * objective.ravel(),
            A_ub=np.vstack([margins, -margins]),
            b_ub=np.concatenate([bounds[:, 1], -bounds[:, 0]]),
        )
        assert done.status == 0
        found.append(round(sign * done.fun))
    return found[0], found[1]


@pytest.mark.parametrize("policy", POLICIES)
def test_sums_of_bands_and_of_practices_together_leave_every_hidden_count_all_its_values(policy: str) -> None:
    """The best that anybody can do with all that is shown: each of 60 counts by band, found between its bounds."""
    counts, people = area()
    rule = disclosure_policy(policy)
    of_bands = disclosure_policy(rule.bands_as)
    found = disclosed_variation(*tables(counts, people), policy=policy)
    assert found.bands == ("sex", "ageband")
    rows = [rule.possible(each) for each in found.table["observed"] if each != STAR]
    sums = pd.Series(counts[:-1].sum(axis=0))
    columns = [of_bands.possible(each) for each in of_bands.rounded(sums)]
    for cell in itertools.product(range(len(rows)), range(len(columns))):
        least, most = least_and_most(rows, columns, cell)
        if least <= rule.star_to:
            assert (least, most >= rule.star_to) == (0, True), cell


RANGES = st.lists(
    st.sampled_from([(0, 0), (1, 7), (8, 12), (13, 17), (18, 22), (9, 9), (20, 20)]), min_size=1, max_size=4
)


@settings(max_examples=60)
@given(rows=RANGES, columns=RANGES)
def test_margins_are_let_through_only_where_no_hidden_count_is_narrowed_down(
    rows: list[tuple[int, int]], columns: list[tuple[int, int]]
) -> None:
    """The rule beside the linear programme, which knows nothing of it."""
    meet = sum(low for low, _ in rows) <= sum(high for _, high in columns) and sum(low for low, _ in columns) <= sum(
        high for _, high in rows
    )
    if not meet or not every_value_stays_possible(rows, columns, small=(1, 7)):
        return
    for cell in itertools.product(range(len(rows)), range(len(columns))):
        least, most = least_and_most(rows, columns, cell)
        assert (least <= 1 and most >= 7) or least > 7 or most < 1, cell


# and it stays useful


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("by_band", [True, False], ids=["by band", "crude"])
def test_forty_practices_of_10_to_200_events_are_shown_and_their_variation_is_right(policy: str, by_band: bool) -> None:
    """At least 95% of rows stand, and the systematic component is within 10% of the true one, in each of ten areas."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        people = rng.integers(200, 1500, (40, len(BANDS)))
        expected = people * np.array([0.005, 0.01, 0.02] * 2) * rng.gamma(8, 1 / 8, (40, 1))
        counts = rng.poisson(expected)
        totals = counts.sum(axis=1)
        counts[:, 2] += np.clip(totals, 10, 200) - totals
        counts = np.maximum(counts, 0)
        given_tables = tables(counts, people, by_band=by_band)
        true, found = practice_variation(*given_tables), disclosed_variation(*given_tables, policy=policy)
        assert found.bands == true.bands
        assert (found.table["observed"] != STAR).mean() >= 0.95
        assert found.table["ratio"].notna().mean() >= 0.95
        assert found.variation.scv == pytest.approx(true.variation.scv, rel=0.1)
        assert found.table["ratio"].to_numpy(dtype=float) == pytest.approx(true.table["ratio"].to_numpy(), rel=0.25)
