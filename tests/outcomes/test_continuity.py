"""Continuity of care: by hand, and against the plainest loop over each person's events."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.journeys.continuity import continuity_by, continuity_of_care
from outcomes.table_rules import BadTable

SERVICES = ["gp", "physio", "mri"]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 60),
        st.sampled_from(["onset", "referral", "seen", "gave_up", "discharge", "joined", "health"]),
        st.sampled_from(SERVICES),
        st.sampled_from(["north", "south", None]),
        st.sampled_from([*SERVICES, "entry", None]),
    ),
    min_size=1,
    max_size=25,
)


def events_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """A table of events from (patient, day, kind, service, site, detail)."""
    return pd.DataFrame(rows, columns=["patient", "day", "kind", "service", "site", "detail"])


def plain(rows: list[tuple[Any, ...]]) -> dict[int, dict[str, float]]:
    """The measures of each person, one event after another; scans report back."""
    people: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[0], row[1])):
        if row[2] != "health":
            people[row[0]].append(row)
    found = {}
    for patient, events in people.items():
        providers, services, gaps, passed, visits, referrals, bounced, alone = set(), set(), [], 0, 0, 0, 0, 0
        before = last_referral = left = None
        visits_since = 0
        for _, day, kind, service, site, detail in events:
            if kind == "onset":
                left = None
                continue
            if left is not None:
                alone += day - left
            left = day if kind in ("discharge", "gave_up") else None
            if kind == "seen":
                visits, visits_since = visits + 1, visits_since + 1
                providers.add((service, site))
                services.add(service)
                if before is not None:
                    gaps.append(day - before[0])
                    passed += before[1] != (service, site)
                before = (day, (service, site))
            elif kind == "discharge":
                before = None
            elif kind == "referral":
                referrals += 1
                back = last_referral is not None and last_referral == (detail, service) and None not in last_referral
                bounced += bool(back and visits_since <= 1 and detail != "mri")
                last_referral, visits_since = (service, detail), 0
        if any(kind != "onset" for _, _, kind, *_ in events):
            found[patient] = {
                "visits": visits, "providers_seen": len(providers), "services_seen": len(services), "hand_offs": passed,
                "referrals": referrals, "referrals_bounced": bounced, "days_without_plan": alone,
                "mean_gap_days": np.mean(gaps) if gaps else np.nan, "longest_gap_days": max(gaps) if gaps else np.nan,
            }  # fmt: skip
    return found


@given(rows=EVENTS)
def test_measures_are_those_of_a_loop_over_events(rows: list[tuple[Any, ...]]) -> None:
    care = continuity_of_care(events_of(rows), reports_back=["mri"])
    expected = plain(rows)
    assert care["patient"].tolist() == sorted(expected)
    for row in care.to_dict("records"):
        assert {name: row[name] for name in row if name != "patient"} == pytest.approx(
            expected[row["patient"]], nan_ok=True
        )


def test_a_person_who_was_passed_on_sent_back_and_left_alone() -> None:
    rows = [
        (7, 0, "onset", None, None, None),
        (7, 3, "referral", "gp", None, "entry"),
        (7, 5, "seen", "gp", "Elm Surgery", None),
        (7, 6, "referral", "physio", None, "gp"),
        (7, 40, "seen", "physio", "Town Hall", None),
        (7, 41, "referral", "gp", None, "physio"),
        (7, 44, "seen", "gp", "Oak Surgery", None),
        (7, 45, "discharge", "gp", None, None),
        (7, 105, "referral", "gp", None, "entry"),
        (7, 110, "seen", "gp", "Oak Surgery", None),
    ]
    assert continuity_of_care(events_of(rows)).iloc[0].to_dict() == {
        "patient": 7, "visits": 4, "providers_seen": 3, "services_seen": 2, "hand_offs": 2, "referrals": 4, "referrals_bounced": 1,
        "days_without_plan": 60, "mean_gap_days": 19.5, "longest_gap_days": 35,
    }  # fmt: skip


def test_a_scan_that_reports_back_is_no_bounce() -> None:
    rows = [
        (1, 0, "referral", "mri", None, "gp"),
        (1, 5, "seen", "mri", None, None),
        (1, 6, "referral", "gp", None, "mri"),
    ]
    assert continuity_of_care(events_of(rows))["referrals_bounced"].tolist() == [1]
    assert continuity_of_care(events_of(rows), reports_back=["mri"])["referrals_bounced"].tolist() == [0]


def test_a_course_of_treatment_that_ends_with_the_referrer_is_no_bounce() -> None:
    rows = [(1, 0, "referral", "physio", None, "gp"), *[(1, day, "seen", "physio", None, None) for day in (5, 12, 19)]]
    rows += [(1, 20, "referral", "gp", None, "physio")]
    assert continuity_of_care(events_of(rows))["referrals_bounced"].tolist() == [0]


def test_days_between_two_episodes_of_pain_are_not_days_without_a_plan() -> None:
    rows = [
        (1, 0, "discharge", "gp", None, None),
        (1, 300, "onset", None, None, None),
        (1, 310, "referral", "gp", None, "entry"),
    ]
    assert continuity_of_care(events_of(rows))["days_without_plan"].tolist() == [0]
    assert continuity_of_care(events_of([rows[0], rows[2]]))["days_without_plan"].tolist() == [310]


def test_one_provider_for_everything_is_seen_as_such() -> None:
    rows = [(1, day, "seen", "gp", "Elm Surgery", None) for day in (0, 10, 30)]
    care = continuity_of_care(events_of(rows)).iloc[0]
    assert care[["providers_seen", "hand_offs", "longest_gap_days"]].tolist() == [1, 0, 20]


def test_sites_and_origins_may_be_unknown() -> None:
    rows = events_of(
        [(1, 0, "seen", "gp", "a", None), (1, 1, "seen", "gp", "b", None), (1, 2, "seen", "physio", "a", None)]
    )
    assert continuity_of_care(rows)["providers_seen"].tolist() == [3]
    care = continuity_of_care(rows.drop(columns=["site", "detail"]))
    assert care["providers_seen"].tolist() == [2]
    assert care["hand_offs"].tolist() == [1]
    assert np.isnan(care["referrals_bounced"]).all()


def test_people_without_care_are_not_counted() -> None:
    assert continuity_of_care(events_of([(1, 0, "onset", None, None, None), (2, 1, "health", None, None, None)])).empty


def test_means_by_deprivation() -> None:
    rows = [
        (1, 0, "seen", "gp", "a", None),
        (2, 0, "seen", "gp", "a", None),
        (2, 9, "seen", "gp", "b", None),
        (3, 0, "seen", "gp", "a", None),
    ]
    people = pd.DataFrame({"patient": [1, 2, 3], "decile": [10, 1, 10]})
    table = continuity_by(continuity_of_care(events_of(rows)), people)
    assert table[["decile", "patients", "visits", "hand_offs"]].to_numpy().tolist() == [[1, 1, 2, 1], [10, 2, 1, 0]]
    assert table["mean_gap_days"].iloc[0] == 9
    assert np.isnan(table["mean_gap_days"].iloc[1])


def test_everything_wrong_is_said_at_once() -> None:
    people = pd.DataFrame({"patient": [1, 1], "decile": [1, 2]})
    with pytest.raises(BadTable) as raised:
        continuity_by(pd.DataFrame({"visits": [1]}), people)
    assert raised.value.problems == [
        "care: there is no column 'patient'. Its columns are: visits",
        "people: patient: row 1: 1; each row must differ in it",
    ]
    with pytest.raises(BadTable, match="care: patient: row 0: 5; there is no such patient among the people"):
        continuity_by(pd.DataFrame({"patient": [5], "visits": [1]}), people.head(1))
    with pytest.raises(BadTable, match="events: kind, service: row 0: 'seen', missing; such an event needs a service"):
        continuity_of_care(events_of([(1, 0, "seen", None, None, None)]))
