"""The streaming reducers and the tables made from them, against plain pandas over the whole event log.

The pathway is the small one in which everything happens (`tests.everything`). The recount uses the log's names and
knows nothing of the reducers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan

import numpy as np
import pandas as pd
import pytest

from sim.cohort import Cohort
from sim.layout import DECILE, EVENT, KINDS, REASONS
from sim.plan import Plan
from sim.provided import with_capacity
from sim.reducers import WAIT_WEEKS, Tallies, add_areas, copy_tallies, list_sizes, new_tallies, tally, weeks_before
from sim.results import (
    activity_table,
    by_decile_table,
    by_practice_table,
    flows_table,
    health_table,
    lists_table,
    outcome_values,
    prices_table,
    waits_table,
)
from sim.running import Running, tallies_of
from sim.state import lever_from, new_block
from tests.build import Numbers, cohort_of, pathway, plan_of, region
from tests.everything import PRICES, TICKS, UTILITY, YEARS, everything

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


def test_waits_are_those_of_first_visits_in_the_log(run: Recount) -> None:
    """Whole weeks waited, so 'within two weeks' is less than 14 days; follow-up visits do not count."""
    table = waits_table(run.tallies, run.plan)
    first = run.measured("seen").query("detail == '1'").assign(days=lambda log: log["value"] / TICKS)
    groups = first.groupby(["service", "year"])["days"]
    matches(table, ["service", "year"], "people", groups.size())
    index = pd.MultiIndex.from_frame(table[["service", "year"]])
    np.testing.assert_allclose(table["mean_wait_days"], groups.mean().reindex(index), rtol=1e-12)
    for weeks in (2, 6, 18):
        share = groups.apply(lambda days, limit=7 * weeks: (days < limit).mean())
        np.testing.assert_allclose(table[f"share_within_{weeks}_weeks"], share.reindex(index), rtol=1e-12)
    assert table["share_within_6_weeks"].between(0.01, 0.99).any()
    for name, share in (("median", 0.5), ("p92", 0.92)):  # known to the week: classes are whole weeks
        exact = groups.quantile(share).reindex(index).to_numpy()
        found = table[f"{name}_wait_days"].to_numpy()
        assert np.array_equal(np.isnan(found), np.isnan(exact))
        assert np.nanmax(np.abs(found - exact)) <= 7


def test_waits_by_decile_are_those_of_the_log(run: Recount) -> None:
    first = run.measured("seen").query("detail == '1'")
    for position, name in enumerate(run.plan.services):
        for decile in range(1, 11):
            values = first[(first["service"] == name) & (first["decile"] == decile)]["value"]
            assert run.tallies.waits_by_decile[position, decile - 1].tolist() == [len(values), values.sum()]


def test_very_long_waits_stay_in_the_last_class() -> None:
    """Three years and more: counted once, and in full in the mean."""
    word, place = everything()
    plan = plan_of(word, place, years=1)
    cohort = cohort_of(plan)
    tallies = new_tallies(plan)
    rows = np.zeros(3, dtype=EVENT)
    rows["kind"], rows["detail"], rows["service"] = KINDS.index("seen"), 1, 0
    rows["value"] = [7 * TICKS * 156 - 1, 7 * TICKS * 156, 7 * TICKS * 1000]
    tally(tallies, rows, 3, plan, practice=cohort.practice, group=cohort.group)
    assert tallies.waits[0, 0, 155] == 1
    assert tallies.waits[0, 0, WAIT_WEEKS - 1] == 2
    assert tallies.wait_ticks[0, 0] == rows["value"].sum()


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
    first = seen[(seen["detail"] == "1") & seen["service"].isin(["physio", "mri"])]
    years = lived(run)
    assert found["gp_seen"] == (seen["service"] == "gp").sum()
    assert found["referred"] == run.measured("referral")["service"].isin(["physio", "mri"]).sum()
    assert found["wait"] == pytest.approx(first["value"].mean() / TICKS, rel=1e-12)
    assert found["qalys"] == pytest.approx((years["person_years"] * years["state"].map(UTILITY)).sum(), rel=1e-12)


def test_a_wait_that_nobody_had_has_no_value() -> None:
    """Not zero: a service that sees nobody must not look like one without a wait."""
    word, place = everything()
    sites = tuple(replace(site, amount=0.0 if site.service == "ward" else site.amount) for site in place.sites)
    closed = replace(place, sites=sites)
    plan = plan_of(word, closed, years=0.5)
    found = outcome_values(Running(plan, cohort_of(plan)).finish().tallies, plan)
    assert isnan(found["ward_wait"])
    assert found["wait"] > 0


# how they are put together


def test_blocks_can_be_cut_anywhere(run: Recount) -> None:
    """The same log in one go, and in a thousand pieces of any length, some of them empty."""
    rows = Running(run.plan, run.cohort, keep_log=True).finish().log()
    at_once = tallies_of(rows, run.cohort)
    pieces = with_capacity(new_tallies(run.plan), run.plan, lever_from(run.plan, run.cohort))
    cuts = np.sort(np.random.default_rng(6).integers(0, len(rows), 1000))
    for piece in np.split(rows.rows, cuts):
        tally(pieces, piece, len(piece), run.plan, practice=run.cohort.practice, group=run.cohort.group)
    for name, one, other, streamed in zip(Tallies._fields, at_once, pieces, run.tallies, strict=True):
        assert np.array_equal(one, other), name
        assert np.array_equal(one, streamed), name


def test_only_as_many_rows_as_are_written_count(run: Recount) -> None:
    """What else lies in a block is what an earlier one left there."""
    rows = Running(run.plan, run.cohort, keep_log=True).finish().log().rows
    tallies = new_tallies(run.plan)
    tally(tallies, rows, 0, run.plan, practice=run.cohort.practice, group=run.cohort.group)
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
    tally(Tallies(**inside), rows, len(rows), plan, practice=cohort.practice, group=cohort.group)
    assert all(array.sum() == 0 for array in room.values())


def test_areas_are_added_and_their_practices_follow_each_other(run: Recount) -> None:
    together = add_areas([run.tallies, run.tallies])
    for name in Tallies._fields:
        one, both = getattr(run.tallies, name), getattr(together, name)
        if name == "by_practice":
            assert np.array_equal(both, np.concatenate([one, one], axis=2))
        else:
            assert np.array_equal(both, 2 * one), name


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
