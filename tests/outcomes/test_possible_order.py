"""Orders that cannot have happened are counted and left out; where one order alone can be meant, the rows stand in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import isolated_end, possible_events, referral_to_treatment, wait_spells, waits, without_repeats
from outcomes.journeys.possible_order import IMPOSSIBLE

Row = tuple[Any, ...]


def log(*rows: Row) -> pd.DataFrame:
    """Events from (patient, day, kind, service)."""
    return pd.DataFrame(rows, columns=["patient", "day", "kind", "service"])


def people_of(*rows: Row, **named: list[str]) -> dict[str, int]:
    """Faults by people, those that nobody has left out."""
    return {name: many for name, many in possible_events(log(*rows), **named).people.items() if many}


GOOD = [(9, 0, "referral", "mri"), (9, 30, "seen", "mri")]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([(1, 10, "referral", "mri"), (1, 8, "seen", "mri")], "seen_before_referral"),
        ([(1, 60, "referral", "mri"), (1, 2, "seen", "mri"), (1, 90, "discharge", None)], "seen_before_referral"),
        ([(1, 10, "referral", "mri"), (1, 8, "gave_up", "mri")], "seen_before_referral"),
        ([(1, 0, "referral", "mri"), (1, 5, "discharge", None), (1, 9, "seen", "mri")], "seen_after_discharge"),
        ([(1, 0, "referral", "mri"), (1, 5, "gave_up", "mri"), (1, 9, "seen", "mri")], "seen_after_giving_up"),
    ],
)
def test_a_wait_that_cannot_have_been_is_counted_and_in_no_result(rows: list[Row], fault: str) -> None:
    """Before: the first two wait for ever, the others count as discharged or given up, and nobody said so."""
    assert people_of(*rows, *GOOD) == {fault: 1}
    left = possible_events(log(*rows, *GOOD)).events
    assert wait_spells(left)[["patient", "outcome", "days"]].to_numpy().tolist() == [[9, "seen", 30.0]]


def test_who_is_discharged_before_being_referred_keeps_the_wait_and_loses_the_discharge() -> None:
    rows = [(1, 5, "discharge", None), (1, 10, "referral", "mri"), (1, 40, "seen", "mri")]
    assert people_of(*rows) == {"discharged_before_referral": 1}
    assert possible_events(log(*rows)).events["kind"].tolist() == ["referral", "seen"]


@pytest.mark.parametrize("kind", ["seen", "decision_not_to_treat"])
def test_treatment_before_the_referral_starts_no_clock_that_never_stops(kind: str) -> None:
    rows = [
        (1, 10, "referral", "clinic"),
        (1, 8, kind, "surgery"),
        (2, 0, "referral", "clinic"),
        (2, 50, "seen", "surgery"),
    ]
    found = possible_events(log(*rows), consultant_led=["clinic"], treatments=["surgery"])
    assert found.people["treated_before_referral"] == 1
    times = referral_to_treatment(found.events, consultant_led=["clinic"], treatments=["surgery"], snapshot_day=60)
    assert (times.completed, times.incomplete) == (1, 0)


def test_who_was_on_the_list_of_a_treatment_may_be_referred_for_the_next_later() -> None:
    rows = [(1, 0, "joined", "surgery"), (1, 8, "seen", "surgery"), (1, 20, "referral", "clinic")]
    assert people_of(*rows, consultant_led=["clinic"], treatments=["surgery"]) == {}


def test_an_earlier_course_whose_referral_is_not_in_the_file_is_told_and_left_in() -> None:
    """A visit before the referral and another after it: the second ends the wait, the first had a referral before the file."""
    rows = [(1, 2, "seen", "physio"), (1, 10, "referral", "physio"), (1, 25, "seen", "physio")]
    assert people_of(*rows) == {"seen_without_referral": 1}
    assert wait_spells(possible_events(log(*rows)).events)["days"].tolist() == [15.0]


def test_an_appointment_missed_before_the_referral_is_told() -> None:
    rows = [(1, 8, "did_not_attend", "mri"), (1, 10, "referral", "mri"), (1, 30, "seen", "mri")]
    assert people_of(*rows) == {"missed_before_referral": 1}


def test_a_referral_written_after_the_list_was_joined_is_told() -> None:
    rows = [(1, 8, "joined", "mri"), (1, 10, "referral", "mri"), (1, 30, "seen", "mri")]
    assert people_of(*rows) == {"joined_before_referral": 1}


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1]])
def test_the_rows_of_a_day_may_stand_in_any_order(order: list[int]) -> None:
    """Referred, seen and discharged on one day: before, a visit above its referral waited for ever."""
    day = [(1, 5, "referral", "gp"), (1, 5, "seen", "gp"), (1, 5, "discharge", None)]
    found = possible_events(log(*(day[place] for place in order)))
    assert set(found.people.values()) == {0}
    assert wait_spells(found.events, end_day=90)[["outcome", "days"]].to_numpy().tolist() == [["seen", 0.0]]


def test_a_discharge_on_the_day_of_the_visit_stands_behind_it() -> None:
    rows = [(1, 0, "referral", "gp"), (1, 9, "discharge", None), (1, 9, "seen", "gp")]
    assert people_of(*rows) == {}
    assert wait_spells(possible_events(log(*rows)).events)["outcome"].tolist() == ["seen"]


def test_who_is_referred_again_on_the_day_of_the_discharge_begins_anew() -> None:
    rows = [
        (1, 0, "referral", "gp"),
        (1, 5, "seen", "gp"),
        (1, 9, "discharge", None),
        (1, 9, "referral", "gp"),
        (1, 12, "seen", "gp"),
    ]
    found = possible_events(log(*rows))
    assert set(found.people.values()) == {0}
    assert found.events["kind"].tolist() == [row[2] for row in rows]


def test_visits_made_meanwhile_need_no_referral() -> None:
    table = log((1, 0, "joined", "mri"), (1, 4, "seen", "gp"), (1, 9, "seen", "mri")).assign(detail=["1", "0", "1"])
    assert set(possible_events(table).people.values()) == {0}


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(0, 6),
            st.sampled_from(["referral", "joined", "seen", "gave_up", "discharge"]),
            st.sampled_from("ab"),
        ),
        max_size=14,
    )
)
def test_what_is_left_can_have_happened(rows: list[Row]) -> None:
    """A second look finds nothing impossible, and no wait is below nothing."""
    found = possible_events(log(*rows).astype({"day": float}))
    again = possible_events(found.events)
    assert not any(again.people[name] for name in IMPOSSIBLE)
    assert len(again.events) == len(found.events)
    spells = wait_spells(found.events, end_day=9)
    assert (spells["days"] >= 0).all()
    assert len(found.events) <= len(rows)
    if not any(found.people[name] for name in IMPOSSIBLE):
        assert len(found.events) == len(rows)


def test_every_row_twice_is_every_row_once() -> None:
    once = log(*GOOD, (9, 44, "seen", "mri"))
    left, repeats = without_repeats(pd.concat([once, once], ignore_index=True))
    assert repeats == 3
    pd.testing.assert_frame_equal(waits(left), waits(once))


def test_a_last_day_far_from_all_others_is_found() -> None:
    days = np.arange(0.0, 700)
    assert isolated_end(days) is None
    assert isolated_end(np.append(days, 27_000)) == (699.0, 27_000.0, 1)
    assert isolated_end(np.append(days, [3_000, 27_000])) == (699.0, 27_000.0, 2)
    assert isolated_end(np.concatenate([days, days + 2_000])) is None
    assert isolated_end(np.array([0.0, 4, 19, 13_200, 13_200])) == (19.0, 13_200.0, 2)
    assert isolated_end(np.array([0.0, 4, 13_200, 13_200])) is None
    assert isolated_end(np.array([5.0])) is None
