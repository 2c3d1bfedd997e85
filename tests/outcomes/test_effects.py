"""Effects on utility over time: they begin, last and wane as they say, and combine by the rule that was named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import BadTable, effect_at, treated_utility

NOW = np.array([0.5])


def effects(*gains: float, **changes: object) -> pd.DataFrame:
    """Treatments of these gains, given at the start, that act for a year and then stop."""
    table = pd.DataFrame({"service": [f"s{k}" for k in range(len(gains))], "gain": list(gains)})
    return table.assign(**({"given": 0.0, "onset": 0.0, "duration": 1.0, "half_life": 0.0} | changes))


def test_an_effect_begins_lasts_and_wanes() -> None:
    times = np.array([0.0, 0.24, 0.25, 1.0, 1.25, 3.25])
    by_hand = [0.0, 0.0, 0.08, 0.08, 0.08, 0.02]
    assert effect_at(times, gain=0.08, onset=0.25, duration=1.0, half_life=1.0) == pytest.approx(by_hand)


def test_without_a_half_life_it_is_gone_at_once() -> None:
    assert effect_at(np.array([1.0, 1.01]), gain=0.1, onset=0.0, duration=1.0, half_life=0.0).tolist() == [0.1, 0.0]


def test_the_largest_counts_alone_harm_included() -> None:
    assert treated_utility(NOW, untreated=0.5, effects=effects(0.1, -0.2), stacking="largest").utility[
        0
    ] == pytest.approx(0.3)


def test_a_sum_stops_at_its_cap() -> None:
    assert (
        treated_utility(NOW, untreated=0.5, effects=effects(0.1, 0.2), stacking="capped_sum", cap=0.25).utility[0]
        == 0.75
    )


def test_multiplied_effects_never_pass_full_health() -> None:
    found = treated_utility(NOW, untreated=0.5, effects=effects(0.5, 0.5, 0.5), stacking="multiplicative")
    assert found.utility[0] == 1
    assert found.clipped == 0
    assert treated_utility(NOW, untreated=0.5, effects=effects(0.6, 0.2), stacking="multiplicative").clipped == 1


@pytest.mark.parametrize("stacking", ["largest", "multiplicative", "capped_sum"])
def test_two_gains_beyond_what_is_lost_are_worth_full_health_and_told(stacking: Any) -> None:
    """1 - 0.2 x (1 - 0.4 / 0.2)² = 0.8 was no gain at all from two large ones, without a word."""
    cap = 10.0 if stacking == "capped_sum" else None
    found = treated_utility(NOW, untreated=0.8, effects=effects(0.4, 0.4), stacking=stacking, cap=cap)
    assert found.utility.tolist() == [1.0]
    assert found.warning == "utility was clipped to -0.594 to 1 at 1 of 1 times"


def test_two_large_gains_are_worth_more_than_either() -> None:
    found = treated_utility(NOW, untreated=0.8, effects=effects(0.15, 0.15), stacking="multiplicative")
    assert found.utility[0] == pytest.approx(1 - 0.2 * 0.25**2)
    assert found.warning is None


def test_two_harms_to_somebody_near_full_health_take_shares_of_what_they_hold() -> None:
    """As shares of the 0.01 that is lost, two harms of 0.1 took 1.2: from 0.99 to below the worst state there is."""
    found = treated_utility(NOW, untreated=0.99, effects=effects(-0.1, -0.1), stacking="multiplicative")
    held = 0.99 + 0.594
    assert found.utility[0] == pytest.approx(-0.594 + held * (1 - 0.1 / held) ** 2)
    assert 0.79 < found.utility[0] < 0.89


def test_a_gain_that_gives_all_that_is_lost_does_not_undo_a_harm() -> None:
    """Of a product, one share of 1 left no harm to take."""
    found = treated_utility(NOW, untreated=0.8, effects=effects(0.2, -0.3), stacking="multiplicative")
    assert found.utility[0] == pytest.approx(0.7)


@pytest.mark.parametrize("untreated", [1.0, -0.594])
def test_at_either_end_of_utility_what_cannot_be_added_is_told(untreated: float) -> None:
    found = treated_utility(NOW, untreated=untreated, effects=effects(0.1, -0.1), stacking="multiplicative")
    assert found.utility[0] == pytest.approx(0.9 if untreated == 1 else -0.494)
    assert found.clipped == 1


@given(st.floats(-0.594, 1), st.lists(st.floats(-2, 2), min_size=1, max_size=4), st.floats(0, 1))
def test_another_gain_never_harms_and_another_harm_never_helps(
    untreated: float, changes: list[float], another: float
) -> None:
    def after(*each: float) -> float:
        found = treated_utility(NOW, untreated=untreated, effects=effects(*each), stacking="multiplicative")
        return float(found.utility[0])

    now = after(*changes)
    assert after(*changes, another) >= now - 1e-12
    assert after(*changes, -another) <= now + 1e-12
    assert now == pytest.approx(after(*reversed(changes)))


def test_without_treatment_nothing_changes() -> None:
    for rule in ("largest", "multiplicative"):
        assert treated_utility(NOW, untreated=0.5, effects=effects(), stacking=rule).utility.tolist() == [0.5]


def test_utility_is_clipped_only_with_a_count() -> None:
    times = np.array([0.5, 2.0])
    found = treated_utility(times, untreated=0.9, effects=effects(0.3), stacking="largest")
    assert found.utility.tolist() == [1.0, 0.9]
    assert found.warning == "utility was clipped to -0.594 to 1 at 1 of 2 times"


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=4))
def test_rules_are_ordered(gains: list[float]) -> None:
    """For gains: the largest never exceeds the multiplied, nor that the sum."""
    table = effects(*gains)
    one, product, total = (
        treated_utility(NOW, untreated=0.5, effects=table, stacking=rule, cap=cap).utility[0]
        for rule, cap in (("largest", None), ("multiplicative", None), ("capped_sum", 10.0))
    )
    assert one <= product + 1e-12 <= total + 2e-12


def test_times_caps_and_utilities_are_numbers() -> None:
    one = effects(0.1)
    with pytest.raises(BadTable, match=r"^t: place 1: nan; a number is needed$"):
        treated_utility(np.array([0.5, np.nan]), untreated=0.5, effects=one, stacking="largest")
    with pytest.raises(BadTable, match=r"^cap: -0.1; a number from 0 is needed$"):
        treated_utility(NOW, untreated=0.5, effects=one, stacking="capped_sum", cap=-0.1)
    with pytest.raises(BadTable, match=r"^untreated: missing; utilities run from -0.594 to 1$"):
        treated_utility(NOW, untreated=float("nan"), effects=one, stacking="largest")


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(BadTable) as bad:
        treated_utility(NOW, untreated=2, effects=effects(0.1, onset=-1.0), stacking="capped_sum")
    assert bad.value.problems == [
        "effects: onset: row 0: -1; a number from 0 is needed",
        "cap: it goes with stacking 'capped_sum', and is needed there: the most that effects add together",
        "untreated: 2; utilities run from -0.594 to 1",
    ]
