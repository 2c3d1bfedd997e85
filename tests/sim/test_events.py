"""The event log: its dictionary, its order, and its files, which hold names, read back whole, and are whole or absent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from pathways import BadInput
from pathways.health import STATES
from sim import events
from sim.arrays.layout import KINDS, MOST_LEVELS, REASONS
from sim.events import COLUMNS, EventLog, log_path_problem, write_logs
from sim.experiments.experiment import Experiment
from sim.plan import Plan
from sim.run import Case
from sim.running import Running
from tests.helpers.build import Numbers, cohort_of, pathway, plan_of, region, scenario
from tests.helpers.everything import TICKS, everything

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "event-log.md"
BLANK = "(blank)"
ENDINGS = [".parquet", ".csv"]


@pytest.fixture(scope="module")
def log() -> EventLog:
    """A log in which every kind of event occurs, in canonical order."""
    word, place = everything()
    plan = plan_of(word, place, years=1.0)
    return Running(plan, cohort_of(plan), keep_log=True).finish().log().canonical()


def read(path: Path) -> pd.DataFrame:
    """What a log file holds."""
    if path.suffix == ".parquet":
        frame = pa.parquet.read_table(path).to_pandas()
    else:
        frame = pd.read_csv(path, dtype=dict.fromkeys(("kind", "service", "site", "detail"), str))
    return plain(frame)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers and text, `BLANK` where there is none."""
    return frame.astype(object).fillna(BLANK)


def expected(log: EventLog) -> pd.DataFrame:
    """The rows with their names, put in one by one as the dictionary says."""
    plan = log.plan
    levels = {name: list(word.levels) for name, word in plan.pathway.attributes.items()}

    def detail(kind: str, code: int) -> str:
        match kind:
            case "onset":
                return STATES[code]
            case "referral":
                return "entry" if code == 0 else plan.services[code - 1]
            case "gave_up":
                return REASONS[code]
            case "health":
                return f"{STATES[code // 4]} to {STATES[code % 4]}"
            case "prescription":
                attribute = plan.attributes[code // MOST_LEVELS]
                return f"{attribute} = {levels[attribute][code % MOST_LEVELS]}"
            case "discharge":
                return BLANK
        return str(code)

    rows: list[dict[str, Any]] = []
    for tick, patient, value, service, site, code, kind in log.rows.tolist():
        rows.append(
            {
                "tick": tick,
                "patient": patient,
                "kind": KINDS[kind],
                "service": plan.services[service] if service >= 0 else BLANK,
                "site": plan.sites[site].name if site >= 0 else BLANK,
                "detail": detail(KINDS[kind], code),
                "value": value,
            }
        )
    return pd.DataFrame(rows).astype(object)


# the dictionary


def dictionary(text: str) -> dict[str, list[str]]:
    """The table of kinds in a text: kind to its cells (service and site, detail, value)."""
    table = text[text.index("| kind | service, site | detail | value |") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()[2:]]
    return {kind: cells for kind, *cells in rows}


@pytest.mark.parametrize("where", ["module", "docs"])
def test_the_dictionary_explains_every_kind_that_an_engine_writes(log: EventLog, where: str) -> None:
    if where == "docs" and not DOCS.exists():
        pytest.skip("the documentation is not beside the tests")
    known = dictionary(DOCS.read_text() if where == "docs" else str(events.__doc__))
    assert list(known) == list(KINDS)
    assert {KINDS[kind] for kind in np.unique(log.rows["kind"])} == set(KINDS)


def test_what_the_dictionary_leaves_blank_is_blank(log: EventLog) -> None:
    """And what it names is there: a place for every kind of care but the discharge of someone seen nowhere."""
    frame = log.frame()
    for kind, (place, detail, value) in dictionary(str(events.__doc__)).items():
        rows = frame[frame["kind"] == kind]
        assert rows["service"].isna().all() == (not place), kind
        assert rows["detail"].isna().all() == (not detail), kind
        assert rows["detail"].isna().any() == (not detail), kind
        assert (rows["value"] == 0).all() == (value == "0"), kind
    at_a_site = {"offered", "joined", "seen", "did_not_attend", "left"}
    for kind in KINDS:
        has_site = frame[frame["kind"] == kind]["site"].notna()
        assert has_site.all() if kind in at_a_site else kind == "gave_up" or not has_site.any(), kind


def test_values_are_ticks_of_what_the_dictionary_says(log: EventLog) -> None:
    """Worked out again from the other events of the same patient."""
    frame = log.frame().astype({"kind": str})
    discharged = frame[frame["kind"] == "discharge"]
    entries = frame[(frame["kind"] == "referral") & (frame["detail"] == "entry")]
    asked = set(zip(entries["patient"], entries["tick"], strict=True))
    from_entry = [
        (patient, tick - value) in asked
        for patient, tick, value in discharged[["patient", "tick", "value"]].itertuples(index=False)
    ]
    assert np.mean(from_entry) > 0.9  # all but those who were on a list at the start
    stays = frame[frame["kind"].isin(["seen", "left"]) & (frame["service"] == "ward")]
    stays = stays.sort_values(["patient", "tick"], kind="stable")
    left = stays["kind"] == "left"
    began = stays["tick"].shift(1)
    assert left.sum() > 20
    assert (stays["value"] == stays["tick"] - began)[left].all()
    changes = frame[frame["kind"].isin(["onset", "health"])].sort_values(["patient", "tick"], kind="stable")
    second = (changes["patient"] == changes["patient"].shift(1)) & (changes["patient"] == changes["patient"].shift(2))
    assert (changes["value"] == changes["tick"] - changes["tick"].shift(1))[second].all()


# names and order


def test_the_log_has_its_columns_with_names(log: EventLog) -> None:
    table = log.table()
    assert tuple(table.column_names) == COLUMNS == ("tick", "patient", "kind", "service", "site", "detail", "value")
    for column in ("tick", "patient", "value"):
        assert pa.types.is_integer(table[column].type)
    for column in ("kind", "service", "site", "detail"):
        assert pa.types.is_string(table[column].type.value_type)
    pd.testing.assert_frame_equal(plain(log.frame()), expected(log))


def test_canonical_order_is_tick_then_patient_then_as_it_happened(log: EventLog) -> None:
    """Whatever order the patients acted in; what one patient did in a tick stays as it was."""
    order = log.rows["tick"].astype(np.int64) * 2**31 + log.rows["patient"]
    assert (np.diff(order) >= 0).all()
    assert len(np.unique(order)) < len(order)  # some do several things in one tick
    mixed = np.argsort(
        np.random.default_rng(1).permutation(log.rows["patient"].max() + 1)[log.rows["patient"]], kind="stable"
    )
    assert np.array_equal(EventLog(log.rows[mixed], log.plan).canonical().rows, log.rows)
    rows = log.frame()
    rows = rows[(rows["kind"] != "seen") | (rows["detail"] != "0")]  # a visit while waiting may come before the list
    same = (rows["tick"] == rows["tick"].shift(-1)) & (rows["patient"] == rows["patient"].shift(-1))
    pairs = set(zip(rows["kind"][same], rows["kind"].shift(-1)[same], strict=True))
    assert ("joined", "seen") in pairs
    assert ("seen", "joined") not in pairs
    assert ("left", "discharge") in pairs


def test_canonical_order_leaves_the_log_it_was_made_from_alone(log: EventLog) -> None:
    backwards = EventLog(log.rows[::-1].copy(), log.plan)
    before = backwards.rows.copy()
    assert len(backwards.canonical()) == len(log)
    assert np.array_equal(backwards.rows, before)


# files


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_read_back_is_what_was_written(log: EventLog, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"events{ending}"
    assert write_logs(iter([log]), path, replications=1, areas=1) == len(log)
    found = read(path)
    assert tuple(found.columns) == COLUMNS
    pd.testing.assert_frame_equal(found, expected(log))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_several_logs_follow_each_other_with_their_replication(log: EventLog, tmp_path: Path, ending: str) -> None:
    """Two replications of two areas: the first two logs are replication 0. Names may differ from log to log."""
    path = tmp_path / f"events{ending}"
    parts = [EventLog(log.rows[start : start + 500], log.plan) for start in (0, 500, 5000, 5500)]
    assert write_logs(iter(parts), path, replications=2, areas=2) == 2000
    found = read(path)
    assert tuple(found.columns) == (*COLUMNS, "replication")
    assert found["replication"].tolist() == [0] * 1000 + [1] * 1000
    whole = pd.concat([expected(part) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(found[list(COLUMNS)], whole)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_log_without_events_is_a_file_with_columns(tmp_path: Path, ending: str) -> None:
    word = pathway(Numbers(), {"gp": {"capacity": "open", "next": "home"}}, entry="gp", onset_rate=0.0)
    plan = plan_of(word, region(100))
    nothing = Running(plan, cohort_of(plan), keep_log=True).finish().log().canonical()
    path = tmp_path / f"events{ending}"
    assert write_logs(iter([nothing]), path, replications=1, areas=1) == 0
    assert tuple(read(path).columns) == COLUMNS
    assert len(read(path)) == 0


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("there_before", [False, True])
def test_a_run_that_fails_leaves_no_half_file(
    log: EventLog, tmp_path: Path, ending: str, *, there_before: bool
) -> None:
    """Nothing where nothing was, and what was there before where something was."""

    def failing() -> Iterator[EventLog]:
        yield log
        raise KeyboardInterrupt

    path = tmp_path / f"events{ending}"
    if there_before:
        path.write_text("an older log")
    with pytest.raises(KeyboardInterrupt):
        write_logs(failing(), path, replications=1, areas=2, overwrite=there_before)
    assert [each.name for each in tmp_path.iterdir()] == ([path.name] if there_before else [])
    if there_before:
        assert path.read_text() == "an older log"


@pytest.mark.parametrize("ending", ENDINGS)
def test_two_runs_that_write_one_log_do_not_mix_their_events(log: EventLog, tmp_path: Path, ending: str) -> None:
    """One of them writes while the other is at it; the second is told, and the log is that of the first."""
    path = tmp_path / f"events{ending}"
    first, second = (EventLog(log.rows[start : start + 500], log.plan) for start in (0, 500))

    def while_the_other_writes() -> Iterator[EventLog]:
        yield second
        write_logs(iter([first]), path, replications=1, areas=1)
        yield second

    with pytest.raises(BadInput, match="was written by another run meanwhile"):
        write_logs(while_the_other_writes(), path, replications=1, areas=2)
    pd.testing.assert_frame_equal(read(path), expected(first))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_name_of_a_site_that_is_a_formula_is_text_in_a_log(log: EventLog, tmp_path: Path) -> None:
    sites = [replace(site, name=f"=1+{site.name}") for site in log.plan.sites]
    spiked = EventLog(log.rows, replace(log.plan, sites=tuple(sites)))
    write_logs(iter([spiked]), tmp_path / "events.csv", replications=1, areas=1)
    found = pd.read_csv(tmp_path / "events.csv", dtype=str)
    assert found["site"].dropna().str.startswith("'=1+").all()
    assert found["site"].notna().any()
    assert list(found["value"].astype(int)) == list(log.rows["value"])


@pytest.mark.parametrize(("ending", "writer"), [(".parquet", "parquet.ParquetWriter"), (".csv", "csv.CSVWriter")])
def test_a_disk_that_is_full_leaves_no_half_file(
    log: EventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, writer: str
) -> None:
    module, name = writer.split(".")
    real = getattr(getattr(pa, module), name)

    class Full:
        def __init__(self, path: Path, schema: pa.Schema):
            self.inner = real(path, schema)

        def write_table(self, table: pa.Table) -> None:
            self.inner.write_table(table.slice(0, 10))
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            self.inner.close()

    monkeypatch.setattr(getattr(pa, module), name, Full)
    with pytest.raises(BadInput, match="it cannot be written: the disk is full"):
        write_logs(iter([log]), tmp_path / f"events{ending}", replications=1, areas=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["events.xlsx", "events", "events.parquet.gz"])
def test_an_ending_that_is_no_log_is_refused_beforehand(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=re.escape("a log is written as .parquet or .csv")):
        log_path_problem(tmp_path / name)


def test_a_good_path_is_accepted(tmp_path: Path) -> None:
    for ending in ENDINGS:
        log_path_problem(tmp_path / f"events{ending}")


# whole regions, and other tools


def two_areas() -> tuple[Case, Any]:
    """The small pathway in a region of two areas with a practice and sites each."""
    word, place = everything()
    areas = ("North", "South", "North")
    sites = tuple(
        replace(site, area=area, name=f"{site.name} {area}") for area in ("North", "South") for site in place.sites
    )
    return Case("small", scenario(), word), replace(place, areas=areas, sites=sites, waiting=())


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_patients_are_numbered_on_from_area_to_area_and_anew_in_each_replication(engine: Any) -> None:
    case, place = two_areas()
    asked = Experiment(
        {case.name: case}, base=case.name, region=place, years=0.2, replications=2, seed=5, engine=engine
    )
    logs = list(asked.logs(case.name))
    assert len(logs) == 4
    for replication in (0, 1):
        north, south = logs[2 * replication : 2 * replication + 2]
        plan: Plan = case.plan(place.area("North"), 0.2)
        people = len(cohort_of(plan, seed=5, replication=replication))
        assert north.rows["patient"].min() == 0
        assert north.rows["patient"].max() < people == south.rows["patient"].min()
        assert {name.split()[-1] for name in south.frame()["site"].dropna() if " " in name} == {"South"}
    again = list(replace(asked, engine="compiled").logs(case.name))
    assert all(np.array_equal(one.rows, other.rows) for one, other in zip(logs, again, strict=True))


def test_process_mining_tools_get_a_row_for_each_step_of_care(log: EventLog) -> None:
    """Case, activity, time and resource; six hours are a tick, and the region's first day is 1 June 2026."""
    mined = log.for_process_mining()
    assert list(mined.columns) == ["case_id", "activity", "timestamp", "resource"]
    frame = expected(log)
    steps = frame[~frame["kind"].isin(["onset", "health", "offered", "left", "prescription"])].reset_index()
    assert len(mined) == len(steps)
    assert mined["case_id"].tolist() == steps["patient"].tolist()
    hours = (mined["timestamp"] - pd.Timestamp("2026-06-01")) / pd.Timedelta(hours=24 // TICKS)
    assert hours.tolist() == steps["tick"].tolist()
    first_visit = mined[(steps["kind"] == "seen") & (steps["service"] == "physio")].iloc[0]
    assert first_visit["activity"] == "physio: seen"
    assert first_visit["resource"] in ("physio/a", "physio/b")
    assert set(mined["activity"]) >= {"gp: referral", "mri: joined", "physio: did_not_attend", "ward: discharge"}
    ordered = mined.groupby("case_id")["timestamp"].apply(lambda times: times.is_monotonic_increasing)
    assert ordered.all()
