"""The streaming reducers and the tables made from them, against plain pandas over the whole event log.

The pathway is the small one in which everything happens (`tests.helpers.everything`). The recount uses the log's names and
knows nothing of the reducers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import waits as tell_waits
from outcomes.journeys.waiting import days_by_which, restricted_mean_days, share_ended_by, share_seen
from sim.arrays.layout import DECILE, EVENT, KINDS, REASONS
from sim.cohort import Cohort
from sim.plan import Plan
from sim.provided import with_capacity
from sim.reducers import (
    Counter,
    Tallies,
    add_areas,
    class_days,
    copy_tallies,
    last_day,
    list_sizes,
    narrow,
    new_tallies,
    nobody_waiting,
    weeks_before,
)
from sim.results import (
    activity_table,
    by_decile_table,
    by_practice_table,
    flows_table,
    health_table,
    lists_table,
    outcome_values,
    prices_table,
    share_still_waiting,
    waits_table,
)
from sim.running import Running, tallies_of
from sim.state import lever_from, new_block
from tests.helpers.build import Numbers, cohort_of, pathway, plan_of, region
from tests.helpers.everything import PRICES, TICKS, UTILITY, YEARS, everything

DAYS = 365


@dataclass
class Recount:
    """A finished run, its tallies, and its log with names, years and people's facts beside each event."""

    plan: Plan
    cohort: Cohort
    tallies: Tallies
    log: pd.DataFrame

    def measured(self, *kinds: str) -> pd.DataFrame:
        """Events of these kinds in the measured years."""
        return self.log[self.log["kind"].isin(kinds) & (self.log["tick"] >= 0)]


@pytest.fixture(scope="module")
def run() -> Recount:
    """One run, counted while it went on, block by block, with blocks so small that there are many."""
    word, place = everything()
    plan = plan_of(word, place, years=YEARS)
    cohort = cohort_of(plan)
    running = Running(plan, cohort, keep_log=True)
    running._block = new_block(700)
    running.finish()
    assert running.kept is not None
    assert len(running.kept) > 20
    log = running.log().canonical().frame().astype({"kind": str, "service": object, "site": object, "detail": object})
    log["year"] = log["tick"] // (DAYS * TICKS) + 1
    log["practice"] = np.array(place.codes)[cohort.practice[log["patient"]]]
    log["decile"] = cohort.patients["attributes"][:, DECILE][log["patient"]].astype(int)
    return Recount(plan, cohort, running.tallies, log)


def matches(table: pd.DataFrame, keys: list[str], column: str, counted: pd.Series) -> None:
    """Asserts that a column of a table holds these counts, and zero where there are none."""
    wanted = pd.MultiIndex.from_frame(table[keys]) if len(keys) > 1 else pd.Index(table[keys[0]])
    assert set(counted.index) <= set(wanted)
    assert counted.sum() == table[column].sum() > 0
    assert table[column].tolist() == counted.reindex(wanted, fill_value=0).tolist()


def test_the_run_holds_everything_that_can_be_counted(run: Recount) -> None:
    """So that none of the comparisons below is one of nothing with nothing."""
    assert set(run.log["kind"]) == set(KINDS)
    assert set(run.measured("gave_up")["detail"]) == set(REASONS)
    assert run.measured("gave_up")["site"].isna().any()
    assert (run.log["tick"] < 0).sum() > 100
    assert set(run.log["year"]) >= {0, 1, 2, 3}


def test_activity_is_that_of_the_log(run: Recount) -> None:
    table = activity_table(run.tallies, run.plan)
    assert len(table) == 4 * 3
    kinds = {
        "referred": "referral",
        "joined": "joined",
        "seen": "seen",
        "missed": "did_not_attend",
        "gave_up": "gave_up",
    }
    for column, kind in kinds.items():
        matches(table, ["service", "year"], column, run.measured(kind).groupby(["service", "year"]).size())


def test_months_are_twelfths_of_a_year(run: Recount) -> None:
    """Month by month: a year of 1,460 ticks in twelve equal parts."""
    for name in ("gp", "physio"):
        seen = run.measured("seen").query("service == @name")
        month = (seen["tick"] * 12 // (DAYS * TICKS)).value_counts().reindex(range(36), fill_value=0)
        counted = run.tallies.monthly[KINDS.index("seen"), run.plan.services.index(name)]
        assert counted.tolist() == month.tolist()


def waits_of(log: pd.DataFrame, last_day: int) -> pd.DataFrame:
    """Every wait for a first visit, patient by patient: `service`, `since` (day), `days` watched and how it ended.

    A wait begins with a referral, or with joining a list at the start; it ends with the first visit, with giving up, and
    with being referred elsewhere or discharged after a missed appointment.
    """
    found = []
    for _, events in log.groupby("patient", sort=False):
        since, service = 0, None
        for kind, at, tick, detail, value in events[["kind", "service", "tick", "detail", "value"]].itertuples(
            index=False
        ):
            ends = kind in ("gave_up", "referral", "discharge") or (kind == "seen" and detail == "1" and at == service)
            if service is not None and ends:
                outcome = "seen" if kind == "seen" else "left"
                if tick >= 0:
                    found.append((service, since, tick // TICKS - since // TICKS, outcome, tick - since))
                service = None
            if kind == "referral" or (kind == "joined" and detail == "1" and service is None):
                since, service = (tick if kind == "referral" else tick - value), at
        if service is not None:
            found.append((service, since, last_day - since // TICKS, "waiting", 0))
    table = pd.DataFrame(found, columns=["service", "since", "days", "outcome", "ticks"])
    return table.assign(year=np.where(table["since"] >= 0, table["since"] // (DAYS * TICKS) + 1, 0))


def test_waits_are_those_of_everybody_who_was_referred(run: Recount) -> None:
    """By year of referral: those seen, those who left and those still waiting, and what `outcomes` makes of just these."""
    table = waits_table(run.tallies, run.plan)
    spells = waits_of(run.log, last_day(run.plan))
    index = pd.MultiIndex.from_frame(table[["service", "year"]])
    assert set(table["year"]) == {0, 1, 2, 3}
    assert table["length_years"].tolist()[1:4] == pytest.approx([1, 1, YEARS - 2])
    matches(table, ["service", "year"], "people", spells.groupby(["service", "year"]).size())
    for column, outcome in (("seen", "seen"), ("left", "left"), ("still_waiting", "waiting")):
        matches(
            table, ["service", "year"], column, spells[spells["outcome"] == outcome].groupby(["service", "year"]).size()
        )
    seen = spells[spells["outcome"] == "seen"].groupby(["service", "year"])["ticks"].mean() / TICKS
    np.testing.assert_allclose(table["mean_wait_days_of_seen"], seen.reindex(index), rtol=1e-12)
    told = table.set_index(["service", "year"])
    for key, group in spells.groupby(["service", "year"]):
        row, days, was_seen = told.loc[key], group["days"].to_numpy(float), (group["outcome"] == "seen").to_numpy()
        if key[1] == 0:
            assert row[["restricted_mean_wait_days", "median_wait_days", "share_within_2_weeks"]].isna().all()
            continue
        assert [row["median_wait_days"], row["p92_wait_days"]] == pytest.approx(
            days_by_which(days, was_seen, np.array([0.5, 0.92])).tolist(), nan_ok=True
        )
        for weeks in (2, 6, 18, 52):
            expected = share_ended_by(days, was_seen, 7 * weeks)
            assert row[f"share_within_{weeks}_weeks"] == pytest.approx(expected, nan_ok=True)
    assert told["share_within_2_weeks"].between(0.01, 0.99).any()


def test_waits_by_decile_are_those_of_the_log(run: Recount) -> None:
    first = run.measured("seen").query("detail == '1'")
    for position, name in enumerate(run.plan.services):
        for decile in range(1, 11):
            values = first[(first["service"] == name) & (first["decile"] == decile)]["value"]
            assert run.tallies.waits_by_decile[position, decile - 1].tolist() == [len(values), values.sum()]


def one_by_one(waits: list[tuple[int, int | None]], *, years: float = 1.0) -> tuple[Tallies, Plan]:
    """Tallies of people who are referred to the first service on a day, and seen after so many days (None: not yet)."""
    word, place = everything()
    plan = plan_of(word, place, years=years)
    cohort = cohort_of(plan)
    tallies, waiting = new_tallies(plan), nobody_waiting(len(cohort))
    events = [(day * TICKS, patient, "referral", 0, 0) for patient, (day, _) in enumerate(waits)]
    events += [
        ((day + after) * TICKS, patient, "seen", 1, after * TICKS)
        for patient, (day, after) in enumerate(waits)
        if after is not None
    ]
    rows = np.zeros(len(events), dtype=EVENT)
    for row, (tick, patient, kind, detail, value) in zip(rows, sorted(events), strict=True):
        row["tick"], row["patient"], row["kind"] = tick, patient, KINDS.index(kind)
        row["service"], row["detail"], row["value"] = 0, detail, value
    Counter(tallies, plan, practice=cohort.practice, group=cohort.group, waiting=waiting).count(rows, len(rows))
    return tallies, plan


def first_year(waits: list[tuple[int, int | None]], *, years: float = 1.0) -> pd.Series:
    """What the table of waits says of the first service and those referred in the first year."""
    return waits_table(*one_by_one(waits, years=years)).iloc[1]


def test_people_seen_on_the_day_of_referral_have_not_waited() -> None:
    row = first_year([(10, 0)] * 5)
    assert row[["median_wait_days", "p92_wait_days", "restricted_mean_wait_days"]].tolist() == [0, 0, 0]
    assert row["share_within_2_weeks"] == 1


def test_eighteen_weeks_are_126_days_that_day_included() -> None:
    assert first_year([(10, 126)] * 5)["share_within_18_weeks"] == 1
    assert first_year([(10, 127)] * 5)["share_within_18_weeks"] == 0
    assert first_year([(10, 126)] * 5)[["median_wait_days", "p92_wait_days"]].tolist() == [126, 126]


def test_those_still_waiting_count_in_the_mean() -> None:
    """Of ten referred on day 0, nine are seen after 10 days, one still waits after 52 weeks: (9 x 10 + 364) / 10."""
    row = first_year([(0, 10)] * 9 + [(0, None)])
    assert row["restricted_mean_wait_days"] == pytest.approx(45.4)
    assert row["mean_wait_days_of_seen"] == 10
    assert row[["share_still_waiting", "within_days"]].tolist() == [0.1, 364]
    assert isnan(row["carried_on_from_day"])


def test_a_mean_that_had_to_be_carried_on_says_from_which_day() -> None:
    """Referred on day 200 and watched for 164 days of 364: half of them were seen after 100 days, nobody knows of the rest."""
    row = first_year([(200, 100), (200, None)])
    assert row["restricted_mean_wait_days"] == (100 + 364) / 2
    assert row["carried_on_from_day"] == 164
    assert isnan(row["share_within_52_weeks"])


def test_in_a_run_of_part_of_a_year_means_are_within_what_was_watched() -> None:
    """Half a year is 182 whole days, and who is referred on the first is watched for 181."""
    row = first_year([(0, 10), (0, None)], years=0.5)
    assert row["within_days"] == 181
    assert row["restricted_mean_wait_days"] == (10 + 181) / 2
    assert isnan(row["carried_on_from_day"])
    assert row["length_years"] == 182 / 365


def test_waits_beyond_a_year_are_known_to_the_week_and_beyond_three_not() -> None:
    waits: list[tuple[int, int | None]] = [(0, 364), (0, 365), (0, 371), (0, 372), (0, 1092), (0, 1093), (0, 1400)]
    tallies, plan = one_by_one(waits, years=4)
    counted = {day: count for day, count in zip(class_days(), tallies.seen_after[0, 1], strict=True) if count}
    assert list(counted.values()) == [1, 2, 1, 1, 2]
    assert list(counted)[:-1] == [364, 371, 378, 1092]
    assert isnan(list(counted)[-1])
    row = waits_table(tallies, plan).iloc[1]
    assert row["median_wait_days"] == 378
    assert isnan(row["p92_wait_days"])
    assert row["restricted_mean_wait_days"] == 364
    assert tallies.wait_ticks[0, 1] == sum(after for _, after in waits if after) * TICKS


@given(waits=st.lists(st.tuples(st.integers(0, 364), st.none() | st.integers(0, 400)), min_size=1, max_size=30))
def test_the_tables_of_a_run_and_of_a_log_tell_the_same_waits(waits: list[tuple[int, int | None]]) -> None:
    """Counted day by day while the run goes on, or person by person from its events: the same to the last digit."""
    known = [(day, after if after is not None and day + after <= 364 else None) for day, after in waits]
    row = first_year(known)
    events = [(who, day, "referral") for who, (day, _) in enumerate(known)]
    events += [(who, day + after, "seen") for who, (day, after) in enumerate(known) if after is not None]
    log = pd.DataFrame(events, columns=["patient", "day", "kind"]).assign(service="first")
    told = tell_waits(log, end_day=364).iloc[0]
    same = {
        "people": "waits",
        "seen": "seen",
        "still_waiting": "still_waiting",
        "restricted_mean_wait_days": "all_mean_days_within_52_weeks",
        "median_wait_days": "all_median_days",
        "p92_wait_days": "all_p92_days",
        **{f"share_within_{weeks}_weeks": f"all_share_within_{weeks}_weeks" for weeks in (2, 6, 18, 52)},
    }
    for mine, theirs in same.items():
        assert row[mine] == pytest.approx(told[theirs], rel=1e-12, abs=1e-12, nan_ok=True), mine


def test_lists_at_the_end_of_every_week_are_those_of_the_log(run: Recount) -> None:
    """Joined less seen, missed and given up by a site's list, up to the end of each week. The 17 days of warm-up
    begin in week -3; week 0 ends on day 6.
    """
    table = lists_table(run.tallies, run.plan)
    ends = (table["week"] + 1) * 7 * TICKS
    assert table["week"].min() == -3
    assert set(table["service"]) == {"physio", "mri", "ward"}
    for name, own in table.groupby("service"):
        events = run.log[(run.log["service"] == name) & run.log["site"].notna()]
        change = events["kind"].map({"joined": 1, "seen": -1, "did_not_attend": -1, "gave_up": -1}).fillna(0)
        for end, waiting in zip(ends[own.index], own["waiting"], strict=True):
            assert waiting == change[events["tick"] < end].sum(), (name, end)
    assert table.query("service == 'physio' and week == 0")["waiting"].item() > 0


@pytest.mark.parametrize("days", [0, 1, 7, 10, 364])
def test_week_0_is_the_first_measured_week_whatever_the_warm_up(days: int) -> None:
    """Nobody is ever seen, so the list at the end of week 0 is everyone who joined before day 7."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        onset_rate=1.0,
        warm_up=f"{days} days",
    )
    plan = plan_of(word, region(500, sites={"clinic": 0.0}), years=0.2)
    running = Running(plan, cohort_of(plan), keep_log=True).finish()
    joined = running.log().frame().query("kind == 'joined'")["tick"]
    table = lists_table(running.tallies, plan).set_index("week")["waiting"]
    assert weeks_before(plan) == -table.index.min() == -(-days // 7)
    assert table[0] == (joined < 7).sum() > table.get(-1, 0)
    assert table.iloc[-1] == len(joined)
    assert list_sizes(running.tallies)[0, weeks_before(plan)] == table[0]


def test_practices_are_those_of_the_patients(run: Recount) -> None:
    codes = run.plan.region.codes
    table = by_practice_table(run.tallies, run.plan, codes)
    for column, kind in (("seen", "seen"), ("referred", "referral"), ("missed", "did_not_attend")):
        matches(table, ["practice", "service"], column, run.measured(kind).groupby(["practice", "service"]).size())
    assert (table.groupby("practice")["seen"].sum() > 100).all()


def test_deciles_are_those_of_the_patients(run: Recount) -> None:
    table = by_decile_table(run.tallies, run.plan)
    for column, kind in (("seen", "seen"), ("referred", "referral"), ("missed", "did_not_attend")):
        counted = run.measured(kind).groupby(["decile", "service", "year"]).size()
        matches(table, ["decile", "service", "year"], column, counted)
    assert table.query("decile in (2, 9)")["seen"].sum() == 0


def test_flows_are_the_steps_of_each_patient(run: Recount) -> None:
    """From each referral's origin to its service, and home from the last service at each discharge."""
    table = flows_table(run.tallies, run.plan)
    steps = run.measured("referral").rename(columns={"detail": "from", "service": "to"})
    home = run.measured("discharge").rename(columns={"service": "from"}).assign(to="home")
    home["from"] = home["from"].where(home["from"].notna(), "entry")
    counted = pd.concat([steps, home]).groupby(["from", "to"]).size()
    matches(table, ["from", "to"], "people", counted)
    assert (table["people"] > 0).all()


def lived(run: Recount) -> pd.DataFrame:
    """Years of people by year, state and decile: patient by patient from their own events."""
    health_events = run.log[run.log["kind"].isin(["onset", "health"])].copy()
    health_events["state"] = health_events["detail"].str.split(" to ").str[-1]
    spans = health_events.sort_values(["patient", "tick"], kind="stable")
    until = spans.groupby("patient")["tick"].shift(-1).fillna(run.plan.last_tick).to_numpy()
    rows = []
    for year in (1, 2, 3):
        start, end = (year - 1) * DAYS * TICKS, min(year * DAYS * TICKS, run.plan.last_tick)
        ticks = np.clip(until, start, end) - np.clip(spans["tick"].to_numpy(), start, end)
        rows.append(spans[["state", "decile"]].assign(year=year, ticks=ticks))
    table = pd.concat(rows).groupby(["year", "state", "decile"])["ticks"].sum() / (DAYS * TICKS)
    return table.rename("person_years").reset_index()


def test_time_in_each_state_is_that_of_the_log(run: Recount) -> None:
    """By year (the third is 0.4 of one), state and decile."""
    table = health_table(run.tallies, run.plan).set_index(["year", "state", "decile"])["person_years"]
    expected = lived(run).set_index(["year", "state", "decile"])["person_years"].reindex(table.index, fill_value=0.0)
    np.testing.assert_allclose(table, expected, rtol=1e-12, atol=1e-12)
    assert table.groupby("state").sum().min() > 10


def test_costs_are_prices_times_events_in_the_log(run: Recount) -> None:
    """Every contact has its price; a quarter of it is paid for a missed physiotherapy appointment."""
    seen = run.measured("seen")["service"].map(PRICES).sum()
    missed = run.measured("did_not_attend")["service"].map(PRICES).sum() * 0.25
    assert missed > 0
    assert outcome_values(run.tallies, run.plan)["cost"] == pytest.approx(seen + missed, rel=1e-12)


def test_a_price_of_the_region_takes_the_place_of_the_pathways(run: Recount) -> None:
    word, place = everything()
    dearer = {"physio": (75.0, 2026)}
    table = prices_table(word, replace(place, prices=dearer)).set_index("service")
    assert table["price_gbp"].to_dict() == PRICES | {"physio": 75.0}
    assert table["price_share_of_missed"].to_dict() == dict.fromkeys(PRICES, 0.0) | {"physio": 0.25}


def test_outcomes_are_those_of_the_log(run: Recount) -> None:
    found = outcome_values(run.tallies, run.plan)
    seen = run.measured("seen")
    spells = waits_of(run.log, last_day(run.plan)).query("service in ('physio', 'mri') and year > 0")
    counts = [
        np.bincount(spells["days"][(spells["outcome"] == "seen") == seen_then], minlength=900)
        for seen_then in (True, False)
    ]
    mean = restricted_mean_days(share_seen(*counts), np.arange(900), within=364)
    years = lived(run)
    assert found["gp_seen"] == (seen["service"] == "gp").sum()
    assert found["referred"] == run.measured("referral")["service"].isin(["physio", "mri"]).sum()
    assert found["wait"] == pytest.approx(float(mean), rel=1e-12)
    waiting = (spells["outcome"] == "waiting").mean()
    assert share_still_waiting(["physio", "mri"], run.tallies, run.plan) == pytest.approx(waiting, rel=1e-12)
    assert found["qalys"] == pytest.approx((years["person_years"] * years["state"].map(UTILITY)).sum(), rel=1e-12)


def test_a_service_that_sees_nobody_has_the_longest_wait_and_one_without_referrals_none() -> None:
    """Half a year without a bed: all who are sent there wait for as long as anybody is watched."""
    word, place = everything()
    sites = tuple(replace(site, amount=0.0 if site.service == "ward" else site.amount) for site in place.sites)
    plan = plan_of(word, replace(place, sites=sites), years=0.5)
    tallies = Running(plan, cohort_of(plan)).finish().tallies
    found = outcome_values(tallies, plan)
    assert found["ward_wait"] == 181
    assert share_still_waiting(["ward"], tallies, plan) > 0.5
    assert 0 < found["wait"] < 181
    assert isnan(outcome_values(new_tallies(plan), plan)["ward_wait"])
    assert isnan(share_still_waiting(["ward"], new_tallies(plan), plan))


# how they are put together


def test_blocks_can_be_cut_anywhere(run: Recount) -> None:
    """The same log in one go, and in a thousand pieces of any length, some of them empty."""
    rows = Running(run.plan, run.cohort, keep_log=True).finish().log()
    at_once = tallies_of(rows, run.cohort)
    pieces = with_capacity(new_tallies(run.plan), run.plan, lever_from(run.plan, run.cohort))
    cuts = np.sort(np.random.default_rng(6).integers(0, len(rows), 1000))
    counter = Counter(
        pieces, run.plan, practice=run.cohort.practice, group=run.cohort.group, waiting=nobody_waiting(len(run.cohort))
    )
    for piece in np.split(rows.rows, cuts):
        counter.count(piece, len(piece))
    for name, one, other, streamed in zip(Tallies._fields, at_once, pieces, run.tallies, strict=True):
        assert np.array_equal(one, other), name
        assert np.array_equal(one, streamed), name


def test_only_as_many_rows_as_are_written_count(run: Recount) -> None:
    """What else lies in a block is what an earlier one left there."""
    rows = Running(run.plan, run.cohort, keep_log=True).finish().log().rows
    tallies = new_tallies(run.plan)
    waiting = nobody_waiting(len(run.cohort))
    Counter(tallies, run.plan, practice=run.cohort.practice, group=run.cohort.group, waiting=waiting).count(rows, 0)
    assert all(array.sum() == 0 for array in tallies)


def test_a_run_without_a_single_tick_counts_nothing() -> None:
    """Those who are ill at the start are in its log. They are not written beyond the counts, which have no row for them."""
    word, place = everything()
    plan = plan_of(replace(word, clock=word.clock.model_copy(update={"warm_up": "0 days"})), place, years=0)
    cohort = cohort_of(plan)
    rows = Running(plan, cohort, keep_log=True).log().rows
    assert len(rows) > 50
    tallies = new_tallies(plan)
    room = {name: np.zeros(array.size + 10_000, dtype=np.int64) for name, array in tallies._asdict().items()}
    inside = {name: room[name][: array.size].reshape(array.shape) for name, array in tallies._asdict().items()}
    waiting = nobody_waiting(len(cohort))
    Counter(Tallies(**inside), plan, practice=cohort.practice, group=cohort.group, waiting=waiting).count(
        rows, len(rows)
    )
    assert all(array.sum() == 0 for array in room.values())


def test_areas_are_added_and_their_practices_follow_each_other(run: Recount) -> None:
    together = add_areas([run.tallies, run.tallies])
    for name in Tallies._fields:
        one, both = getattr(run.tallies, name), getattr(together, name)
        if name == "by_practice":
            assert np.array_equal(both, np.concatenate([one, one], axis=2))
        else:
            assert np.array_equal(both, 2 * one), name


def test_what_is_kept_of_a_run_takes_half_the_memory_and_says_the_same(run: Recount) -> None:
    kept = narrow(run.tallies)
    assert kept.seen_after.nbytes * 2 == run.tallies.seen_after.nbytes
    pd.testing.assert_frame_equal(waits_table(kept, run.plan), waits_table(run.tallies, run.plan))
    assert all(np.array_equal(one, other) for one, other in zip(kept, run.tallies, strict=True))
    assert add_areas([kept, kept]).seen_after.dtype == np.int64


def test_a_copy_of_tallies_is_its_own(run: Recount) -> None:
    copy = copy_tallies(run.tallies)
    for array in copy:
        array += 1
    assert all((one != other).all() for one, other in zip(copy, run.tallies, strict=True))


def test_memory_does_not_grow_with_the_events() -> None:
    """A run of ten times as many people has tallies of the same shapes, and keeps no log unless asked to."""
    word, place = everything()
    shapes = []
    for times in (1, 10):
        own = replace(place, people=place.people * times)
        plan = plan_of(word, own, years=0.5)
        running = Running(plan, cohort_of(plan)).finish()
        assert running.kept is None
        with pytest.raises(ValueError, match="keep_log=True"):
            running.log()
        shapes.append([array.shape for array in running.tallies])
    assert shapes[0] == shapes[1]
