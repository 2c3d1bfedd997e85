"""What a publisher would report of a table of events: by hand, by a loop over spells, and against the model's own tables."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import as_published, list_sizes, referral_to_treatment, reported, wait_spells
from outcomes.journeys.reported import COUNTED, COUNTS, MEASURES, PERCENTILE_OF
from outcomes.journeys.waiting import days_by_which, share_ended_by
from outcomes.table_rules import BadTable
from pathways import Waiting, load_region, load_scenario
from sim.arrays.layout import DID_NOT_ATTEND, REFERRAL, SEEN
from sim.cohort import Cohort
from sim.pilot import draw_cohort
from sim.plan import Plan
from sim.reducers import Tallies
from sim.results import activity_table, by_practice_table, lists_table, waits_table
from sim.run import Case
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, pathway, plan_of, region

INF = math.inf
TREATMENTS = ("discectomy", "decompression", "fusion", "facet_injection", "nerve_root_injection", "denervation")
LED = ("spinal_clinic", "pain_service")


def events_of(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """A table of events from (patient, day, kind, service) or (patient, day, kind, service, days waited before)."""
    return pd.DataFrame([(*row, 0)[:5] for row in rows], columns=["patient", "day", "kind", "service", "value"])


def figures_of(*rows: tuple[Any, ...], practices: tuple[str, ...] = ()) -> pd.DataFrame:
    """Figures from (measure, service or services, from, to) or (measure, service or services, from, to, low, high)."""
    return pd.DataFrame(
        [
            (
                measure,
                (services,) if isinstance(services, str) else services,
                practices,
                first,
                last,
                *(band or (0, INF)),
            )
            for measure, services, first, last, *band in rows
        ],
        columns=["measure", "services", "practices", "from_day", "to_day", "band_low", "band_high"],
    )


def asked(events: pd.DataFrame, *rows: tuple[Any, ...], **others: Any) -> list[float]:
    """The figures of these rows."""
    return reported(events, figures_of(*rows), **others).tolist()


VISITS = events_of(
    (1, 0, "referral", "physio"),
    (1, 10, "joined", "physio"),
    (1, 30, "seen", "physio"),
    (1, 37, "seen", "physio"),
    (1, 44, "did_not_attend", "physio"),
    (1, 51, "seen", "physio"),
    (1, 52, "discharge", "physio"),
    (2, 5, "referral", "physio"),
    (2, 40, "gave_up", "physio"),
    (3, 6, "referral", "physio"),
    (3, 35, "did_not_attend", "physio"),
    (3, 56, "seen", "physio"),
    (4, 31, "referral", "physio"),
    (5, 7, "referral", "mri"),
    (5, 60, "discharge", "gp"),
    (6, 61, "referral", "mri"),
    (6, 61, "seen", "mri"),
)
"""Physio: person 1 waits 30 days and comes 3 times; 2 gives up on day 40; 3 waits 50 days; 4 waits. Scan: 5 goes home; 6 waits no day."""


# periods


def test_referrals_visits_and_missed_appointments_are_events_of_the_period() -> None:
    assert asked(
        VISITS, ("referrals", "physio", 0, 5), ("referrals", "physio", 5, 5), ("referrals", "physio", 1, 30)
    ) == [2, 1, 2]
    assert asked(VISITS, ("visits", "physio", 30, 37), ("visits", "physio", 31, 36), ("visits", "physio", 0, 99)) == [
        2,
        0,
        4,
    ]
    assert asked(VISITS, ("missed", "physio", 0, 43), ("missed", "physio", 0, 44)) == [1, 2]


def test_services_together_are_counted_together_and_others_not_at_all() -> None:
    both = ("physio", "mri")
    assert asked(VISITS, ("referrals", both, 0, 99), ("visits", both, 0, 99), ("visits", "gp", 0, 99)) == [6, 5, 0]
    assert asked(VISITS, ("first_visits", both, 0, 99), ("waiting", both, 20, 20)) == [3, 4]


def test_the_missed_share_is_per_cent_of_missed_and_attended() -> None:
    half, tenth, nobody = asked(
        VISITS, ("missed_share", "physio", 31, 37), ("missed_share", "physio", 0, 99), ("missed_share", "physio", 0, 9)
    )
    assert half == 50
    assert tenth == pytest.approx(100 * 2 / 6)
    assert math.isnan(nobody)


def test_first_visits_end_a_wait_and_further_visits_of_a_course_do_not() -> None:
    assert asked(VISITS, ("first_visits", "physio", 0, 29), ("first_visits", "physio", 30, 30)) == [0, 1]
    assert asked(VISITS, ("first_visits", "physio", 31, 55), ("first_visits", "physio", 31, 56)) == [0, 1]


def test_bands_of_those_seen_hold_both_their_edges() -> None:
    rows = [(low, high) for low, high in ((0, 29), (30, 30), (31, 49), (30, 50), (50, INF), (51, INF), (0, INF))]
    assert asked(VISITS, *(("waited", "physio", 0, 99, *band) for band in rows)) == [0, 1, 0, 2, 1, 0, 2]
    assert asked(VISITS, ("waited", "mri", 61, 61, 0, 0), ("waited", "mri", 61, 61, 1, INF)) == [1, 0]


def test_percentiles_are_of_the_days_of_those_seen_in_the_period() -> None:
    days = {"median_wait": 40, "p75_wait": 45, "p90_wait": 48, "p92_wait": 48.4, "p95_wait": 49}
    assert asked(VISITS, *((name, "physio", 0, 99) for name in days)) == pytest.approx(list(days.values()))
    assert asked(VISITS, ("median_wait", "physio", 0, 30), ("p95_wait", "physio", 31, 99)) == [30, 50]
    assert all(map(math.isnan, asked(VISITS, *((name, "physio", 0, 29) for name in PERCENTILE_OF))))


def test_parts_of_days_are_the_days_they_fall_on() -> None:
    events = events_of((1, 3.9, "referral", "mri"), (1, 13.1, "seen", "mri"), (2, 4.0, "referral", "mri"))
    assert asked(events, ("referrals", "mri", 0, 3), ("referrals", "mri", 4, 4)) == [1, 1]
    assert asked(events, ("waited", "mri", 13, 13, 10, 10), ("median_wait", "mri", 13, 13)) == [1, 10]
    assert asked(events, ("waiting", "mri", 12, 12, 9, 9), ("waiting", "mri", 13, 13)) == [1, 1]


def test_days_before_the_start_count_like_others() -> None:
    events = events_of((1, -10, "referral", "mri"), (1, -1, "seen", "mri"), (2, -4.5, "referral", "mri"))
    assert asked(events, ("referrals", "mri", -10, -6), ("waited", "mri", -1, -1, 9, 9)) == [1, 1]
    assert asked(events, ("waiting", "mri", -2, -2), ("waiting", "mri", 0, 0, 5, 5)) == [2, 1]


def test_a_visit_made_while_waiting_is_a_visit_and_ends_no_wait() -> None:
    events = events_of((1, 0, "referral", "gp"), (1, 5, "seen", "gp"), (1, 8, "seen", "gp")).assign(
        detail=["entry", "0", "1"]
    )
    assert asked(events, ("visits", "gp", 0, 9), ("waited", "gp", 0, 9, 8, 8), ("waiting", "gp", 6, 6)) == [2, 1, 1]


# snapshots


def test_a_snapshot_stands_at_the_end_of_its_day() -> None:
    """Referred on that day: waits. Seen or gone on that day: does not."""
    days = (-1, 0, 5, 6, 29, 30, 31, 39, 40, 55, 56, 99)
    assert asked(VISITS, *(("waiting", "physio", day, day) for day in days)) == [0, 1, 2, 3, 3, 2, 3, 3, 2, 2, 1, 1]
    assert asked(VISITS, *(("waiting", "mri", day, day) for day in (6, 7, 59, 60, 61))) == [0, 1, 1, 0, 0]


def test_bands_of_a_snapshot_count_days_since_referral() -> None:
    """On day 20 they have waited 20, 15 and 14 days."""
    bands = [(0, 13), (14, 14), (14, 15), (15, 19), (20, 20), (16, INF), (21, INF), (0, INF)]
    assert asked(VISITS, *(("waiting", "physio", 20, 20, *band) for band in bands)) == [0, 1, 2, 1, 1, 1, 0, 3]


def test_people_on_the_list_at_the_start_have_waited_before() -> None:
    events = events_of(
        (1, 0, "joined", "clinic", 140),
        (1, 10, "seen", "clinic", 150),
        (1, 40, "joined", "clinic", 30),
        (1, 47, "seen", "clinic", 37),
        (2, 0, "joined", "clinic", 7),
    )
    assert asked(
        events, ("waiting", "clinic", 0, 0), ("waiting", "clinic", 0, 0, 140, 140), ("waiting", "clinic", 10, 10)
    ) == [2, 1, 1]
    assert asked(events, ("waiting", "clinic", -7, -7), ("waiting", "clinic", -8, -8)) == [2, 1]
    assert asked(events, ("waiting", "clinic", 20, 20, 27, 27), ("referrals", "clinic", -99, 99)) == [1, 0]
    assert asked(
        events, ("waited", "clinic", 0, 99, 150, 150), ("waited", "clinic", 0, 99), ("visits", "clinic", 0, 99)
    ) == [1, 1, 2]


def test_a_wait_that_goes_on_beyond_the_data_is_a_wait() -> None:
    assert asked(VISITS, ("waiting", "physio", 4000, 4000, 3969, 3969)) == [1]


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 4),
            st.integers(-5, 30),
            st.sampled_from(["referral", "joined", "seen", "gave_up", "did_not_attend", "discharge"]),
            st.sampled_from(["gp", "clinic", "surgery"]),
            st.integers(0, 20),
        ),
        max_size=30,
    ),
    day=st.integers(-6, 32),
    cuts=st.lists(st.integers(1, 40), unique=True, max_size=4).map(sorted),
)
def test_bands_add_to_the_whole_and_are_those_of_a_loop(rows: list[tuple[Any, ...]], day: int, cuts: list[int]) -> None:
    events, services = events_of(*rows), ("clinic", "surgery")
    bands = list(zip([0, *cuts], [*(cut - 1 for cut in cuts), INF], strict=True))
    for measure in ("waiting", "waited", "rtt_waiting", "rtt_waited"):
        whole, *parts = asked(
            events,
            (measure, services, day, day),
            *((measure, services, day, day, *band) for band in bands),
            treatments=["surgery"],
        )
        assert sum(parts) == whole
    spells = wait_spells(events, end_day=1000)
    spells = spells[spells["service"].isin(services)]
    loop = [row for row in spells.itertuples() if row.start_day <= day < row.end_day]
    assert asked(events, *(("waiting", services, day, day, *band) for band in bands)) == [
        sum(low <= day - row.start_day <= high for row in loop) for low, high in bands
    ]


# places


def test_places_count_the_patients_of_their_practices() -> None:
    practice_of = pd.Series({1: "A", 2: "B", 3: "B", 4: "C", 5: None, 6: "A", 7: "D"})

    def at(practices: tuple[str, ...]) -> list[float]:
        wanted = [
            ("referrals", "physio", 0, 99),
            ("waiting", "physio", 20, 20),
            ("median_wait", "physio", 0, 99),
            ("missed", "physio", 0, 99),
        ]
        return reported(VISITS, figures_of(*wanted, practices=practices), practice_of=practice_of).tolist()

    assert at(()) == [4, 3, 40, 2]
    assert at(("A",)) == [1, 1, 30, 1]
    assert at(("B", "C")) == [3, 2, 50, 1]
    assert at(("A", "B", "C", "D")) == at(())
    assert at(("D",))[:2] == [0, 0]
    assert math.isnan(at(("D",))[2])
    assert at(("unheard of",))[:2] == [0, 0]
    clinic = events_of((1, 0, "referral", "clinic"), (2, 0, "referral", "clinic"), (2, 9, "seen", "surgery"))
    wanted = figures_of(("rtt_waiting", "clinic", 20, 20), ("rtt_waited", "clinic", 0, 20), practices=("A",))
    assert reported(clinic, wanted, treatments=["surgery"], practice_of=practice_of).tolist() == [1, 0]


def test_the_order_of_figures_and_of_patients_changes_nothing() -> None:
    """What happens to one person on one day stays in its order."""
    wanted = figures_of(*((name, "physio", 20, 40) for name in COUNTS), ("p75_wait", "mri", 0, 99))
    others = VISITS.sort_values("patient", ascending=False, kind="stable")
    found = reported(VISITS, wanted, treatments=["surgery"])
    assert reported(others, wanted.iloc[::-1], treatments=["surgery"]).tolist() == found[::-1].tolist()


# referral to treatment


def test_clocks_run_until_treatment() -> None:
    events = events_of(
        (1, 0, "referral", "clinic"),
        (1, 20, "seen", "clinic"),
        (1, 21, "referral", "surgery"),
        (1, 70, "seen", "surgery"),
        (2, 7, "referral", "clinic"),
        (2, 50, "discharge", "clinic"),
        (3, 0, "joined", "clinic", 100),
        (3, 70, "seen", "surgery", 10),
        (4, 0, "referral", "surgery"),
    )
    days = (6, 7, 49, 50, 69, 70)
    assert asked(events, *(("rtt_waiting", "clinic", day, day) for day in days), treatments=["surgery"]) == [
        2,
        3,
        3,
        2,
        2,
        0,
    ]
    bands = [(0, 69), (70, 70), (170, 170), (0, INF)]
    assert asked(events, *(("rtt_waited", "clinic", 0, 99, *band) for band in bands), treatments=["surgery"]) == [
        0,
        1,
        1,
        2,
    ]
    assert asked(events, ("rtt_waiting", ("clinic", "surgery"), 70, 70), treatments=["surgery"]) == [1]
    assert asked(events, ("rtt_waiting", "clinic", 49, 49, 42, 49), treatments=["surgery"]) == [2]


# a simulated log


@dataclass(frozen=True)
class Run:
    """A finished run of the demonstration region, with its log as events."""

    plan: Plan
    cohort: Cohort
    tallies: Tallies
    events: pd.DataFrame

    @property
    def practice_of(self) -> pd.Series:
        """Each patient's practice."""
        return pd.Series(np.array(self.plan.region.codes)[self.cohort.practice])


@pytest.fixture(scope="module")
def run() -> Run:
    """Two years of usual care."""
    plan = Case(*load_scenario("usual_care")).plan(load_region("demonstration"), 2.0)
    cohort = draw_cohort(plan, seed=1, replication=0)
    running = Running(plan, cohort, keep_log=True).finish()
    return Run(plan, cohort, running.tallies, running.log().for_outcomes())


def test_months_are_those_of_the_tallies(run: Run) -> None:
    months = [(-(-365 * month // 12), -(-365 * (month + 1) // 12) - 1) for month in range(24)]
    for measure, kind in (("referrals", REFERRAL), ("visits", SEEN), ("missed", DID_NOT_ATTEND)):
        for position, service in enumerate(run.plan.services):
            found = asked(run.events, *((measure, service, *month) for month in months))
            assert found == run.tallies.monthly[kind, position].tolist(), (measure, service)


def test_years_are_those_of_the_activity_table(run: Run) -> None:
    table = activity_table(run.tallies, run.plan)
    for measure, column in (("referrals", "referred"), ("visits", "seen"), ("missed", "missed")):
        rows = zip(table["service"], table["year"], strict=True)
        found = asked(run.events, *((measure, service, 365 * (year - 1), 365 * year - 1) for service, year in rows))
        assert found == table[column].tolist()


def test_practices_are_those_of_the_practice_table(run: Run) -> None:
    table = by_practice_table(run.tallies, run.plan, run.plan.region.codes)
    wanted = figures_of(*(("referrals", service, 0, 729) for service in table["service"]))
    wanted["practices"] = [(code,) for code in table["practice"]]
    found = reported(run.events, wanted, practice_of=run.practice_of)
    assert found.tolist() == table["referred"].tolist()
    assert (table["referred"] > 0).sum() > 100


def test_waits_of_those_referred_in_a_year_are_those_of_the_waits_table(run: Run) -> None:
    """Counted while the run went on, and by `outcomes` from the log: the same people, percentiles, shares and means."""
    table = waits_table(run.tallies, run.plan).query("year > 0 and people > 0")
    assert len(table) > 30
    spells = wait_spells(run.events, end_day=729)
    spells = spells.assign(year=spells["start_day"] // 365 + 1, seen=spells["outcome"] == "seen")
    begun = dict(list(spells.groupby(["service", "year"], observed=True)))
    for row in table.itertuples():
        own = begun[row.service, row.year]
        days, seen = own["days"].to_numpy(), own["seen"].to_numpy()
        assert (row.people, row.seen) == (len(days), seen.sum())
        assert row.still_waiting == (own["outcome"] == "waiting").sum()
        found = days_by_which(days, seen, np.array([0.5, 0.92]))
        assert [row.median_wait_days, row.p92_wait_days] == pytest.approx(found.tolist(), nan_ok=True)
        assert row.share_within_18_weeks == pytest.approx(share_ended_by(days, seen, 126), nan_ok=True)


def test_first_visits_are_those_of_the_tallies(run: Run) -> None:
    """Whenever they were referred: people on the lists at the start are among them."""
    found = asked(run.events, *(("first_visits", service, 0, 729) for service in run.plan.services))
    assert found == run.tallies.seen_after.sum(axis=(1, 2)).tolist()


def test_lists_at_week_ends_are_those_that_outcomes_counts(run: Run) -> None:
    sizes = list_sizes(run.events, start_day=-371).query("day > 0")
    found = asked(run.events, *(("waiting", row.service, row.day - 1, row.day - 1) for row in sizes.itertuples()))
    assert found == sizes["waiting"].tolist()
    assert sum(found) > 10_000


def test_lists_at_week_ends_are_those_of_the_lists_table() -> None:
    """One clinic with one visit each, which people ask for and join on the same day: all who wait are on the list."""
    numbers = Numbers()
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", onset_rate=0.5)
    place = region(500, sites={"clinic": 4.0}, waiting=(Waiting("clinic", "clinic", "", 3, 12),))
    plan = plan_of(word, place)
    running = Running(plan, cohort_of(plan), keep_log=True).finish()
    table, events = lists_table(running.tallies, plan), running.log().for_outcomes()
    table = table[table["week"].between(0, 51)]
    days = 7 * table["week"] + 6
    assert asked(events, *(("waiting", "clinic", day, day) for day in days)) == table["waiting"].tolist()
    assert asked(events, ("waiting", "clinic", 0, 0, 21, INF)) == [
        12 - asked(events, ("waited", "clinic", 0, 0, 21, INF))[0]
    ]
    assert table["waiting"].max() > 12


def test_snapshots_of_clocks_are_those_of_referral_to_treatment(run: Run) -> None:
    bands = [(7 * week, 7 * week + 6) for week in range(52)] + [(364, INF)]
    for day in (-200, 0, 90, 365, 600, 729):
        treatment = referral_to_treatment(run.events, consultant_led=LED, treatments=TREATMENTS, snapshot_day=day)
        found = asked(run.events, *(("rtt_waiting", LED, day, day, *band) for band in bands), treatments=TREATMENTS)
        assert found == treatment.incomplete_by_week["people"].tolist()
        before, within = asked(
            run.events, ("rtt_waited", LED, -1000, day), ("rtt_waited", LED, -1000, day, 0, 126), treatments=TREATMENTS
        )
        assert before == treatment.completed
        assert within / before == pytest.approx(treatment.completed_share_within_18_weeks) if before else True
    assert sum(found) > 100


def test_people_listed_at_the_start_have_a_clock(run: Run) -> None:
    """Nobody is on a list in the warm-up: those whose clocks are older than it were listed when it ended."""
    listed = sum(row.people for row in run.plan.region.waiting if row.service in LED and row.weeks_waited >= 4)
    assert listed > 10
    found, before = asked(
        run.events, ("rtt_waiting", LED, 0, 0, 28, INF), ("rtt_waiting", LED, -1, -1), treatments=TREATMENTS
    )
    assert 0.8 * listed <= found <= listed + before


@pytest.mark.slow
def test_five_hundred_figures_of_half_a_million_events_take_a_moment(run: Run) -> None:
    more = run.events.assign(patient=run.events["patient"] + len(run.cohort))
    events = pd.concat([run.events, more], ignore_index=True)
    wanted = figures_of(
        *((MEASURES[k % len(MEASURES)], [("mri", "mri_urgent"), ("gp",), LED][k % 3], k, k + 29) for k in range(500))
    )
    began = time.perf_counter()
    reported(events, wanted, treatments=TREATMENTS)
    assert len(events) > 500_000
    assert time.perf_counter() - began < 3


# publishing


def test_published_counts_are_rounded_and_small_ones_suppressed() -> None:
    true = np.array([0, 1, 2, 3, 7, 8, 12, 13, 100, np.nan])
    assert as_published(true, 5, 3).tolist()[:-1] == [0, 1.5, 1.5, 5, 5, 10, 10, 15, 100]
    assert math.isnan(as_published(true, 5, 3)[-1])
    assert as_published(true, 1, 0).tolist()[:-1] == true.tolist()[:-1]
    assert as_published(true, 1, 8).tolist()[:-1] == [0, 4, 4, 4, 4, 8, 12, 13, 100]
    assert as_published(true, 5, 0).tolist()[:-1] == [0, 0, 0, 5, 5, 10, 10, 15, 100]
    assert as_published(np.array([15, 25, 14]), 10, 0).tolist() == [20, 30, 10]


def test_each_count_may_have_its_own_rules_and_any_shape() -> None:
    table = as_published(np.array([[2.0, 12], [2, 13]]), np.array([1, 5]), np.array([3, 0]))
    assert table.tolist() == [[1.5, 10], [1.5, 15]]


# what is refused


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"measure": "wating"}, f"figures: measure: row 0: 'wating'; there are: {', '.join(MEASURES)}"),
        ({"from_day": 0.5}, "figures: from_day: row 0: 0.5; a whole number is needed"),
        ({"from_day": 8}, "figures: from_day, to_day: row 0: 8, 7; it must not end before it begins"),
        ({"band_low": -1}, "figures: band_low: row 0: -1; a number from 0 is needed"),
        ({"band_low": 9, "band_high": 8}, "figures: band_low, band_high: row 0: 9, 8; a band ends where it begins, or above"),
        ({"measure": "rtt_waited"}, "figures: measure: row 0: 'rtt_waited'; treatments must name the services where a clock stops"),
        ({"services": [()]}, "figures: services: row 0: '()'; a tuple with the names of services is needed"),
        ({"services": "mri"}, "figures: services: row 0: 'mri'; a tuple with the names of services is needed"),
        ({"practices": "A"}, "figures: practices: row 0: 'A'; a tuple of codes is needed, () for everybody"),
        ({"practices": [("A",)]}, "figures: practices: row 0: '('A',)'; practice_of must say which practice each patient is of"),
    ],
)  # fmt: skip
def test_a_bad_figure_is_told_where_and_why(change: dict[str, Any], said: str) -> None:
    wanted = figures_of(("waiting", "mri", 7, 7)).assign(**change)
    with pytest.raises(BadTable) as raised:
        reported(VISITS, wanted)
    assert raised.value.problems == [said]


def test_everything_wrong_is_said_at_once() -> None:
    wanted = figures_of(("rtt_waiting", "mri", 7, 6, 3, 2), practices=("A",))
    with pytest.raises(BadTable) as raised:
        reported(VISITS, wanted)
    assert len(raised.value.problems) == 4
    with pytest.raises(BadTable, match="there is no column 'band_low'"):
        reported(VISITS, wanted.drop(columns="band_low"))


def test_each_patient_needs_one_practice() -> None:
    wanted = figures_of(("visits", "physio", 0, 99), practices=("A",))
    with pytest.raises(BadTable, match="practice_of: there is no row for patient 3; each patient needs one"):
        reported(VISITS, wanted, practice_of=pd.Series({1: "A"}))
    with pytest.raises(BadTable, match="practice_of: patient: row 1: 1; each row must differ in it"):
        reported(VISITS, wanted, practice_of=pd.Series(["A", "B"], index=[1, 1]))


def test_bad_events_are_refused() -> None:
    with pytest.raises(BadTable, match="events: kind, service: row 0: 'seen', missing; such an event needs a service"):
        asked(events_of((1, 3, "seen", None)), ("visits", "gp", 0, 9))
    with pytest.raises(BadTable, match="there is no column 'kind'"):
        asked(VISITS.drop(columns="kind"), ("visits", "gp", 0, 9))


def test_no_events_and_no_figures_are_no_trouble() -> None:
    assert asked(events_of(), *((name, "gp", 0, 9) for name in COUNTS), treatments=["x"]) == [0] * len(COUNTS)
    assert reported(VISITS, figures_of()).shape == (0,)
    assert tuple(COUNTED) == COUNTS
    assert set(COUNTS) < set(MEASURES)
