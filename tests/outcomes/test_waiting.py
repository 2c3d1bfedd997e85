"""Waiting from events: by hand, and against the plainest loop over each person's events."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.journeys.event_order import ordered_events
from outcomes.journeys.referral_to_treatment import referral_to_treatment
from outcomes.journeys.waiting import days_by_which, list_sizes, share_ended_by, wait_spells, waits
from outcomes.table_rules import BadTable

KINDS = ["referral", "joined", "seen", "gave_up", "discharge", "health"]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 30), st.sampled_from(KINDS), st.sampled_from(["gp", "clinic", "surgery"])
    ),
    min_size=1,
    max_size=25,
)


def events_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """A table of events from (patient, day, kind, service)."""
    return pd.DataFrame(rows, columns=["patient", "day", "kind", "service"])


def plain_waits(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Every wait, one event after another."""
    end = max(row[1] for row in rows)
    found, open_waits, known = [], {}, set()
    for patient, day, kind, service in sorted(rows, key=lambda row: (row[0], row[1])):
        place = (patient, service)
        if kind == "discharge":
            for key in [key for key in open_waits if key[0] == patient]:
                found.append((*key, open_waits.pop(key), day, "discharge"))
            known -= {key for key in known if key[0] == patient}
        elif kind == "referral" or (kind == "joined" and place not in known):
            open_waits.setdefault(place, day)
        elif kind in ("seen", "gave_up") and place in open_waits:
            found.append((*place, open_waits.pop(place), day, kind))
        if kind not in ("discharge", "health"):
            known.add(place)
    found += [(*place, start, end, "waiting") for place, start in open_waits.items()]
    return sorted(found)


# waits


@given(rows=EVENTS)
def test_waits_are_those_of_a_loop_over_events(rows: list[tuple[Any, ...]]) -> None:
    table = wait_spells(events_of(rows))
    found = table[["patient", "service", "start_day", "end_day", "outcome"]].itertuples(index=False, name=None)
    assert sorted(found) == plain_waits(rows)
    assert (table["days"] == table["end_day"] - table["start_day"]).all()


@given(rows=EVENTS)
def test_list_sizes_are_the_people_who_wait_at_the_end_of_each_week(rows: list[tuple[Any, ...]]) -> None:
    spells, sizes = plain_waits(rows), list_sizes(events_of(rows), end_day=max(row[1] for row in rows))
    for row in sizes.itertuples():
        here = [
            s for s in spells
            if s[1] == row.service and s[2] < row.day and (s[3] >= row.day or s[4] == "waiting")
        ]  # fmt: skip
        assert row.waiting == len(here)
    assert len(sizes) == len({s[1] for s in spells}) * (max(row[1] for row in rows) // 7)


def test_everyone_who_begins_to_wait_is_seen_gives_up_is_discharged_or_waits() -> None:
    rows = [(p, 0, "referral", "clinic") for p in range(5)]
    rows += [
        (0, 10, "seen", "clinic"),
        (1, 20, "seen", "clinic"),
        (2, 5, "gave_up", "clinic"),
        (3, 6, "discharge", "gp"),
        (4, 30, "health", None),
    ]
    row = waits(events_of(rows)).iloc[0]
    assert row[["waits", "seen", "gave_up", "discharged", "still_waiting"]].tolist() == [5, 2, 1, 1, 1]
    assert row["median_days"] == 15
    assert row["median_days_still_waiting"] == 30
    assert row["share_within_2_weeks"] == 0.5
    assert row["all_share_within_2_weeks"] == pytest.approx(1 / 3)  # 3 were watched for 10 days
    assert row["all_median_days"] == 20
    assert math.isnan(row["all_p90_days"])


def test_waits_of_those_seen_leave_out_the_longest() -> None:
    """Ten are seen after 10 days, ten still wait on day 100: half are known to wait longer than the data can say."""
    rows = [(p, 0, "referral", "clinic") for p in range(20)] + [(p, 10, "seen", "clinic") for p in range(10)]
    row = waits(events_of(rows), end_day=100).iloc[0]
    assert row["p95_days"] == 10
    assert row["all_median_days"] == 10
    assert math.isnan(row["all_p75_days"])
    assert row["all_share_within_6_weeks"] == 0.5


def test_percentiles_that_count_everybody_are_those_of_kaplan_and_meier() -> None:
    """Freireich's remissions under 6-mercaptopurine: half have relapsed by week 23, survival 0.448 then."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    ended = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    days, relapsed = np.array(weeks, dtype=float), np.array(ended, dtype=bool)
    assert days_by_which(days, relapsed, np.array([0.25, 0.5, 0.75])).tolist()[:2] == [13, 23]
    assert math.isnan(days_by_which(days, relapsed, np.array([0.75]))[0])
    assert share_ended_by(days, relapsed, 23) == pytest.approx(1 - 0.448, abs=0.0005)
    assert share_ended_by(days, relapsed, 9) == pytest.approx(1 - 0.807, abs=0.0005)
    assert math.isnan(share_ended_by(days, relapsed, 36))


@given(days=st.lists(st.integers(0, 50).map(float), min_size=1, max_size=30))
def test_without_anybody_waiting_they_are_plain_shares(days: list[float]) -> None:
    array, everybody = np.array(days), np.ones(len(days), dtype=bool)
    assert share_ended_by(array, everybody, 14) == pytest.approx((array <= 14).mean())
    for share in (0.5, 0.9):
        assert days_by_which(array, everybody, np.array([share]))[0] == np.quantile(array, share, method="inverted_cdf")


def test_people_listed_when_the_data_begin_have_waited_before() -> None:
    rows = events_of(
        [(1, 0, "joined", "clinic"), (1, 5, "seen", "clinic"), (1, 20, "joined", "clinic"), (1, 21, "seen", "clinic")]
    )
    table = wait_spells(rows.assign(value=[30, 35, 0, 1]))
    assert table["days"].tolist() == [35]
    assert wait_spells(rows)["days"].tolist() == [5]
    assert list_sizes(rows.assign(value=[30, 35, 0, 1]), end_day=7)["week"].tolist() == [0, 1, 2, 3, 4]


def test_people_listed_when_the_data_begin_tell_nothing_of_the_time_before() -> None:
    """Two referred on day 0 are seen after 10 and 30 days. A third had waited 20 days by then and is seen on the first day.

    Who is known only because they still waited after 20 days cannot show how many are seen before: half are seen by
    day 10, half of the two who were still watched at 20 on that day. Counted from their referral they made it 23.3 days.
    """
    rows = events_of(
        [
            (1, 0, "referral", "clinic"),
            (1, 10, "seen", "clinic"),
            (2, 0, "referral", "clinic"),
            (2, 30, "seen", "clinic"),
            (3, 0, "joined", "clinic"),
            (3, 0, "seen", "clinic"),
        ]
    )
    row = waits(rows.assign(value=[0, 0, 0, 0, 20, 20])).iloc[0]
    assert row["waits"] == 3
    assert row["all_median_days"] == 10
    assert row["all_share_within_2_weeks"] == 0.5
    assert row["all_mean_days_within_52_weeks"] == pytest.approx(10 + 10 * 0.5 + 10 * 0.25)


def test_what_happens_after_the_end_day_is_not_looked_at() -> None:
    rows = events_of([(1, 0, "referral", "clinic"), (1, 30, "seen", "clinic"), (2, 40, "referral", "clinic")])
    table = wait_spells(rows, end_day=20)
    assert table[["patient", "outcome", "days"]].to_numpy().tolist() == [[1, "waiting", 20.0]]


@pytest.mark.parametrize("details", [["gp", "0", "1"], [None, 0, 1], ["0", "0", "1"]])
def test_a_visit_made_while_waiting_ends_no_wait(details: list[Any]) -> None:
    rows = events_of([(1, 0, "referral", "gp"), (1, 5, "seen", "gp"), (1, 8, "seen", "gp")])
    assert wait_spells(rows.assign(detail=details))["days"].tolist() == [8]
    assert wait_spells(rows)["days"].tolist() == [5]


def test_waits_by_deprivation() -> None:
    rows = events_of(
        [
            (1, 0, "referral", "clinic"),
            (1, 30, "seen", "clinic"),
            (2, 0, "referral", "clinic"),
            (2, 10, "seen", "clinic"),
        ]
    )
    people = pd.DataFrame({"patient": [1, 2, 3], "decile": [1, 10, 10]})
    found = waits(rows, people=people, by="decile")
    assert found[["service", "decile", "median_days"]].to_numpy().tolist() == [
        ["clinic", 1, 30.0],
        ["clinic", 10, 10.0],
    ]
    with pytest.raises(BadTable, match="people: there is no row for patient 2; each patient who waits needs one"):
        waits(rows, people=people.head(1), by="decile")


def test_no_events_make_no_waits() -> None:
    none = events_of([(1, 0, "health", None)])
    assert wait_spells(none).empty
    assert waits(none).empty
    assert "all_p92_days" in waits(none)
    assert list_sizes(none).empty


# referral to treatment


def plain_clocks(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Every clock, one event after another."""
    found, running, known = [], {}, set()
    for patient, day, kind, service in sorted(rows, key=lambda row: (row[0], row[1])):
        if service == "clinic" and (kind == "referral" or (kind == "joined" and patient not in known)):
            running.setdefault(patient, day)
        if kind == "discharge":
            known -= {patient}
        elif kind != "health" and service == "clinic":
            known.add(patient)
        reason = {
            ("seen", "surgery"): "treatment",
            ("gave_up", "surgery"): "gave_up",
            ("gave_up", "clinic"): "gave_up",
        }.get((kind, service))
        reason = "discharge" if kind == "discharge" else reason
        if reason and patient in running:
            found.append((patient, running.pop(patient), day, reason))
    return sorted(found + [(patient, start, -1, "runs") for patient, start in running.items()])


@given(rows=EVENTS)
def test_clocks_are_those_of_a_loop_over_events(rows: list[tuple[Any, ...]]) -> None:
    rtt = referral_to_treatment(events_of(rows), consultant_led=["clinic"], treatments=["surgery"])
    clocks = rtt.clocks.assign(
        stop_day=rtt.clocks["stop_day"].fillna(-1), stopped_by=rtt.clocks["stopped_by"].astype(object).fillna("runs")
    )
    found = clocks[["patient", "start_day", "stop_day", "stopped_by"]].itertuples(index=False, name=None)
    expected = plain_clocks(rows)
    assert sorted(found) == expected
    assert rtt.incomplete == sum(row[3] == "runs" for row in expected) == rtt.incomplete_by_week["people"].sum()
    assert rtt.completed == sum(row[3] == "treatment" for row in expected)
    assert rtt.incomplete + rtt.completed + rtt.stopped_otherwise == len(expected)


def test_a_snapshot_tells_how_long_people_have_waited_so_far() -> None:
    rows = [(p, 0, "referral", "clinic") for p in range(1, 5)] + [
        (5, 400, "health", None),
        (6, 14, "referral", "physio"),
    ]
    rows += [
        (1, 140, "seen", "surgery"),
        (2, 126, "decision_not_to_treat", None),
        (3, 7, "seen", "clinic"),
        (3, 8, "referral", "clinic"),
    ]
    rtt = referral_to_treatment(events_of(rows), consultant_led=["clinic"], treatments=["surgery"], snapshot_day=126)
    assert (rtt.incomplete, rtt.stopped_otherwise, rtt.completed) == (3, 1, 0)
    assert (rtt.share_within_18_weeks, rtt.median_weeks, rtt.p92_weeks) == (1.0, 18.0, 18.0)
    assert rtt.incomplete_by_week.query("people > 0").to_numpy().tolist() == [[18, 3]]
    assert math.isnan(rtt.completed_median_weeks)
    later = referral_to_treatment(events_of(rows), consultant_led=["clinic"], treatments=["surgery"])
    assert (later.incomplete, later.completed, later.completed_median_weeks, later.snapshot_day) == (2, 1, 20.0, 400.0)
    assert later.completed_share_within_18_weeks == 0
    assert later.incomplete_by_week.iloc[-1].tolist() == [52, 2]
    assert later.clocks["stopped_by"].astype(object).fillna("").tolist() == [
        "treatment",
        "decision_not_to_treat",
        "",
        "",
    ]


def test_being_seen_in_a_clinic_is_not_treatment() -> None:
    rows = events_of(
        [
            (1, 0, "referral", "clinic"),
            (1, 7, "seen", "clinic"),
            (1, 8, "referral", "surgery"),
            (1, 70, "seen", "surgery"),
        ]
    )
    rtt = referral_to_treatment(rows, consultant_led=["clinic", "surgery"], treatments=["surgery"])
    assert rtt.clocks[["start_day", "stop_day", "weeks"]].to_numpy().tolist() == [[0, 70, 10]]


def test_the_clock_of_people_listed_when_the_data_begin_has_run_before() -> None:
    rows = events_of(
        [(1, 0, "joined", "clinic"), (1, 9, "joined", "clinic"), (1, 21, "seen", "surgery"), (2, 0, "joined", "gp")]
    )
    rtt = referral_to_treatment(rows.assign(value=[140, 9, 21, 5]), consultant_led=["clinic"], treatments=["surgery"])
    assert rtt.clocks[["start_day", "stop_day", "weeks"]].to_numpy().tolist() == [[-140, 21, 23]]


def test_a_clock_needs_services_that_start_and_stop_it() -> None:
    with pytest.raises(BadTable) as raised:
        referral_to_treatment(events_of([(1, 0, "referral", "clinic")]), consultant_led=[], treatments=[])
    assert raised.value.problems == [
        "consultant_led: no service is named; without one no clock starts",
        "treatments: no service is named; without one no clock stops",
    ]


# events


def test_events_are_put_in_order_and_keep_it_within_a_day() -> None:
    rows = events_of(
        [("b", 1, "referral", "gp"), ("a", 2, "seen", "gp"), ("b", 1, "seen", "gp"), ("b", 0.5, "referral", "gp")]
    )
    table = ordered_events(rows, ["referral", "seen"])
    assert table["patient"].tolist() == [0, 1, 1, 1]
    assert table["kind"].tolist() == ["seen", "referral", "referral", "seen"]
    assert table.attrs["patients"].tolist() == ["a", "b"]


def test_everything_wrong_with_events_is_said_at_once() -> None:
    rows = events_of(
        [(1, None, "referral", "gp"), (None, 2, "seen", None), (1, 3, "discharge", None), (2, 4, "health", None)]
    )
    with pytest.raises(BadTable) as raised:
        waits(rows)
    assert raised.value.problems == [
        "events: day: row 0: missing; a number is needed",
        "events: patient: row 1: missing; each event needs a patient",
        "events: kind, service: row 1: 'seen', missing; such an event needs a service",
    ]
    with pytest.raises(BadTable, match=r"events: there is no column 'kind'. Its columns are: patient, day, service"):
        waits(rows.drop(columns="kind"))


@pytest.mark.slow
def test_a_million_events_take_a_moment() -> None:
    """No row is looked at by itself: a loop over so many takes minutes, columns about a second."""
    chance = np.random.default_rng(1)
    size = 1_000_000
    rows = pd.DataFrame(
        {
            "patient": chance.integers(0, size // 10, size),
            "day": chance.uniform(0, 3650, size),
            "kind": chance.choice(KINDS, size),
            "service": chance.choice(["gp", "clinic", "surgery"], size),
        }
    )
    began = time.perf_counter()
    waits(rows)
    list_sizes(rows)
    referral_to_treatment(rows, consultant_led=["clinic"], treatments=["surgery"])
    assert time.perf_counter() - began < 30
