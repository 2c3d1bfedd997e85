"""An attack on what `backpath journeys` publishes: how many people there are, in each group and in all, is known."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from outcomes import disclosure_policy
from outcomes.disclosure.cells import STAR
from outcomes.disclosure.journeys import PARTS, disclosed_continuity, disclosed_waits
from outcomes.disclosure.parts import shown_steps, withheld_across
from outcomes.journeys.waiting import waits
from tests.helpers.typed import backpath

POLICIES = ("hes2018", "lt5")


def could_be(shown: Any, policy: str, total: int) -> tuple[int, int]:
    """What a part can be by what is shown of it; a star may also stand for a larger number, withheld for another's sake."""
    return (1, total) if shown == STAR else disclosure_policy(policy).possible(shown)


def attack(true: np.ndarray, shown: list[list[Any]], policy: str) -> dict[tuple[int, int], tuple[int, int]]:
    """What each small part could be, for somebody who knows the totals of all rows and columns; by linear programming."""
    rule = disclosure_policy(policy)
    total = int(true.sum())
    small = [(row, column) for row, column in np.argwhere((true >= rule.star_from) & (true <= rule.star_to)).tolist()]
    bounds = [could_be(each, policy, total) for row in shown for each in row]
    rows, columns = np.indices(true.shape)
    sums = [rows == row for row in range(len(true))]
    if len(true) > 1:  # of one group, the columns are the parts themselves
        sums += [columns == column for column in range(true.shape[1])]
    totals = [int(true[each].sum()) for each in sums]
    found = {}
    for cell in small:
        # the one who attacks is told even which stars are small numbers
        known = [
            (rule.star_from, rule.star_to) if divmod(place, true.shape[1]) in small else each
            for place, each in enumerate(bounds)
        ]
        ends = []
        for sign in (1, -1):
            objective = np.zeros(true.shape)
            objective[cell] = sign
            done = linprog(
                objective.ravel(), A_eq=[each.ravel().astype(float) for each in sums], b_eq=totals, bounds=known
            )
            ends.append(round(sign * done.fun))
        found[cell] = (ends[0], ends[1])
    return found


def test_the_attack_finds_who_waits_where_only_small_numbers_are_starred() -> None:
    """Of 40 people 35 (33 to 37) were seen: 3 to 7 wait. Exact counts tell it outright."""
    true = np.array([[37, 0, 0, 3]])
    assert attack(true, [[35, 0, 0, STAR]], "hes2018") == {(0, 3): (3, 7)}
    assert attack(true, [[37, 0, 0, STAR]], "lt5") == {(0, 3): (3, 3)}


@pytest.mark.parametrize("policy", POLICIES)
def test_V74_known_totals_leave_every_small_part_all_its_values(policy: str) -> None:
    """By group and in all: several tables of the same people can be subtracted from each other."""

    @settings(max_examples=15)
    @given(st.integers(1, 5), st.data())
    def holds(groups: int, data: st.DataObject) -> None:
        sizes = st.one_of(st.integers(0, 12), st.integers(5, 90))
        true = np.array([[data.draw(sizes) for _ in PARTS] for _ in range(groups)])
        rule = disclosure_policy(policy)
        parts = pd.DataFrame(true, columns=list(PARTS))
        hidden = withheld_across(parts, rule)
        shown = [
            [STAR if star else int(each) for each, star in zip(row, stars, strict=True)]
            for row, stars in zip(parts.apply(rule.rounded).to_numpy(), hidden.to_numpy(), strict=True)
        ]
        for cell, (least, most) in attack(true, shown, policy).items():
            everything_is_hidden = bool((hidden.to_numpy() | (true == 0)).all())
            assert everything_is_hidden or (least, most) == (rule.star_from, rule.star_to), cell

    holds()


@given(st.lists(st.integers(0, 12), min_size=2, max_size=6), st.sampled_from(POLICIES))
def test_no_difference_between_shares_that_are_shown_is_a_small_number(steps: list[int], policy: str) -> None:
    rule = disclosure_policy(policy)
    reached, total = np.cumsum(steps[:-1]).tolist(), sum(steps)
    kept = [0, *(each for each, show in zip(reached, shown_steps(reached, total, rule), strict=True) if show), total]
    if len(kept) > 2:
        assert not any(rule.star_from <= after - before <= rule.star_to for before, after in itertools.pairwise(kept))


def events(many: int, *, unseen: int = 0, late: int = 0) -> pd.DataFrame:
    """So many people are referred to physiotherapy; most are seen after ten days, `late` of them after twenty."""
    rows: list[tuple[int, int, str, str]] = []
    for person in range(many):
        rows.append((person, 0, "referral", "physio"))
        if person >= unseen:
            rows.append((person, 20 if person < unseen + late else 10, "seen", "physio"))
    return pd.DataFrame(rows, columns=["patient", "day", "kind", "service"])


@pytest.mark.parametrize("policy", POLICIES)
def test_who_knows_that_forty_were_referred_does_not_learn_how_many_wait(tmp_path: Path, policy: str) -> None:
    """35 were shown as seen, so that of the 40 between 3 and 7 waited; under lt5 37, so 3."""
    file = tmp_path / "log.csv"
    last_day = pd.DataFrame({"patient": [0], "day": [30], "kind": ["onset"], "service": [None]})
    pd.concat([events(40, unseen=3), last_day]).to_csv(file, index=False)
    row = json.loads(backpath("journeys", file, "--disclosure", policy, "--json").out)["waits"][0]
    assert [row[name] for name in ("waits", "seen", "still_waiting")] == [STAR] * 3
    assert row["all_share_within_2_weeks"] == STAR
    assert row["share_within_2_weeks"] == STAR


@pytest.mark.parametrize("policy", POLICIES)
def test_a_share_does_not_tell_how_few_are_in_it(policy: str) -> None:
    """Three of 43 were seen after two weeks: a share of 0.9 left 2 to 6 of them."""
    found = disclosed_waits(waits(events(43, late=3)), policy=policy).iloc[0]
    assert found["seen"] == (45 if policy == "hes2018" else 43)
    assert found["share_within_2_weeks"] == STAR
    assert found["share_within_6_weeks"] == 1


def test_shares_are_of_the_counts_shown() -> None:
    """Of 98 people 38 were seen late: 60 of 100 as it is shown, whoever counts."""
    found = disclosed_waits(waits(events(98, late=38)), policy="hes2018").iloc[0]
    assert (found["seen"], found["share_within_2_weeks"], found["all_share_within_2_weeks"]) == (100, 0.6, 0.6)


def test_percentiles_rest_on_more_than_a_few_people_on_either_side() -> None:
    """The 92nd percentile of 50 people is the wait of the fourth longest: one person's own."""
    found = disclosed_waits(waits(events(50, late=10)), policy="hes2018").iloc[0]
    assert found["median_days"] == 10
    assert found["p75_days"] == 10
    assert found["p92_days"] == found["p95_days"] == STAR
    many = disclosed_waits(waits(events(200, late=60)), policy="hes2018").iloc[0]
    assert (many["p92_days"], many["all_p92_days"]) == (20, 20)


def test_a_mean_per_person_rests_on_those_who_have_any() -> None:
    """2 of 40 people were handed on: a mean of 0.1 told that they were 2 to 6."""
    care = pd.DataFrame({"who": ["everyone"], "patients": [40], "visits": [2.5], "hand_offs": [0.075]})
    care.attrs["people_with_any"] = {"visits": [40], "hand_offs": [3]}
    row = disclosed_continuity(care, policy="hes2018").iloc[0]
    assert row.tolist() == ["everyone", 40, 2.5, STAR]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_group_that_is_hidden_is_not_the_rest_of_all(policy: str) -> None:
    """Three people of 90 in one decile, the others shown: 90 is known, so another decile is withheld as well."""
    care = pd.DataFrame({"decile": [1, 2, 3], "patients": [3, 40, 47], "visits": [2.0, 2.0, 2.0]})
    care.attrs["people_with_any"] = {"visits": [3, 40, 47]}
    shown = disclosed_continuity(care, policy=policy)
    assert shown["patients"].tolist()[0] == STAR
    assert (shown["patients"] == STAR).sum() == (2 if policy == "lt5" else 1) or shown["patients"].tolist()[1] == STAR
    least, most = (sum(could_be(each, policy, 90)[end] for each in shown["patients"][1:]) for end in (0, 1))
    assert least <= 90 - disclosure_policy(policy).star_to
    assert most >= 90 - 1


def test_tables_of_many_people_stay_as_they_are() -> None:
    """Nothing is hidden of 400 people of whom 100 wait."""
    found = disclosed_waits(waits(events(400, unseen=100, late=100)), policy="hes2018").iloc[0]
    assert [found[name] for name in ("waits", "seen", "gave_up", "still_waiting")] == [400, 300, 0, 100]
    assert STAR not in found.tolist()
