"""`backpath journeys`: people followed through events, simulated or real, with small numbers hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from outcomes import continuity_of_care, waits
from tests.helpers.typed import backpath
from ui.inputs.journeys import read_events

GALLERY = Path(__file__).parent.parent / "gallery"


def events(many: int, *, unseen: int = 0) -> pd.DataFrame:
    """So many people see a GP, wait ten days for a physiotherapist and go home; some still wait."""
    rows = []
    for person in range(many):
        rows += [
            (person, 0, "referral", "gp", "entry"),
            (person, 2, "seen", "gp", None),
            (person, 3, "referral", "physio", "gp"),
        ]
        if person >= unseen:
            rows += [(person, 13, "seen", "physio", None), (person, 14, "discharge", "physio", None)]
    return pd.DataFrame(rows, columns=["patient", "day", "kind", "service", "detail"])


def written(folder: Path, table: pd.DataFrame, name: str = "events.csv") -> Path:
    """The table as a file."""
    path = folder / name
    table.to_csv(path, index=False)
    return path


def told(*words: str | Path) -> dict[str, list[dict[str, object]]]:
    """What the command prints as JSON."""
    done = backpath("journeys", *words, "--json")
    assert done.code == 0, done.err
    found: dict[str, list[dict[str, object]]] = json.loads(done.out)
    return found


def test_waits_are_those_of_the_events(tmp_path: Path) -> None:
    file = written(tmp_path, events(40, unseen=10))
    row = next(row for row in told(file)["waits"] if row["service"] == "physio")
    assert (row["waits"], row["seen"], row["still_waiting"]) == (40, 30, 10)
    assert row["median_days"] == 10
    plain = waits(events(40, unseen=10)).set_index("service").loc["physio"]
    assert row["all_p92_days"] == pytest.approx(plain["all_p92_days"], nan_ok=True) or row["all_p92_days"] is None


def test_small_numbers_are_hidden_with_all_that_rests_on_them(tmp_path: Path) -> None:
    """Three who still wait: their number, the number seen (which gives it away) and their waits are stars."""
    row = next(row for row in told(written(tmp_path, events(40, unseen=3)))["waits"] if row["service"] == "physio")
    assert row["still_waiting"] == "*"
    assert row["waits"] == "*"
    assert row["median_days_still_waiting"] == "*"
    made_up = told(written(tmp_path, events(40, unseen=3)), "--disclosure", "none")
    row = next(row for row in made_up["waits"] if row["service"] == "physio")
    assert row["still_waiting"] == 3


def test_V74_one_person_more_among_the_hidden_changes_nothing_that_is_written(tmp_path: Path) -> None:
    found = []
    for unseen in (2, 5):
        folder = tmp_path / str(unseen)
        folder.mkdir()
        table = events(200 + unseen, unseen=unseen)
        done = backpath("journeys", written(folder, table), "--out", folder / "out")
        assert done.code == 0
        waited = pd.read_csv(folder / "out" / "waits.csv", dtype=str).set_index("service").loc["physio"]
        found.append(waited[["waits", "seen", "still_waiting", "median_days", "share_within_2_weeks"]].tolist())
    assert found[0] == found[1]


def test_continuity_is_compared_by_what_people_are(tmp_path: Path) -> None:
    file = written(tmp_path, events(40))
    people = written(
        tmp_path, pd.DataFrame({"patient": range(40), "decile": [1 + k % 2 for k in range(40)]}), "people.csv"
    )
    rows = told(file, "--people", people)["continuity"]
    assert [row["decile"] for row in rows] == [1, 2]
    assert all(row["patients"] == 20 and row["visits"] == 2 and row["hand_offs"] == 1 for row in rows)
    assert continuity_of_care(events(40))["visits"].mean() == 2


def test_a_log_of_a_run_can_be_followed(tmp_path: Path) -> None:
    """The command that the page names, on the log that `run --log` writes; as CSV and Parquet the same."""
    logs = [tmp_path / f"log{ending}" for ending in (".csv", ".parquet")]
    for log in logs:
        assert backpath("run", "usual_care", "--years", "1", "--log", log).code == 0
    first, second = (told(log, "--disclosure", "none") for log in logs)
    for name in ("waits", "treatment", "continuity"):
        assert sorted(map(str, first[name])) == sorted(map(str, second[name])), name
    row = next(row for row in first["waits"] if row["service"] == "community_physio")
    assert 10 < float(str(row["all_median_days"])) < 100
    assert first["treatment"][0]["completed"]
    seen = backpath("journeys", logs[1], "--disclosure", "none")
    assert "SYNTHETIC DATA" in seen.out
    assert "Continuity of care" in seen.out
    assert "Cannot have happened" not in seen.out
    assert "Not whole" not in seen.out
    assert "Dropped" not in seen.out


CLOCK = [
    (1, 0, "referral", "clinic"),
    (1, 70, "seen", "clinic"),
    (1, 70, "referral", "theatre"),
    (1, 77, "seen", "theatre"),
]


def a_pathway(folder: Path, **roles: str) -> Path:
    """The smallest pathway, the services of these names with a role."""
    text = (GALLERY / "nothing_wrong.toml").read_text()
    for name, role in roles.items():
        text = text.replace(f"[services.{name}]\n", f'[services.{name}]\nroles = ["{role}"]\n')
    path = folder / "ours.toml"
    path.write_text(text)
    return path


def test_the_roles_of_the_pathway_start_and_stop_the_clock(tmp_path: Path) -> None:
    """A clinic that is consultant-led, and a GP who treats: eleven weeks from the referral to the treatment."""
    table = pd.DataFrame(CLOCK, columns=["patient", "day", "kind", "service"]).replace({"service": {"theatre": "gp"}})
    file, pathway = written(tmp_path, table), a_pathway(tmp_path, clinic="consultant_led", gp="treatment")
    (found,) = told(file, "--pathway", pathway, "--disclosure", "none")["treatment"]
    assert (found["completed"], found["completed_median_weeks"]) == (1, 11)
    (other,) = told(file, "--disclosure", "none")["treatment"]
    assert other["completed"] == 0


def test_a_pathway_without_roles_says_that_no_clock_runs(tmp_path: Path) -> None:
    table = pd.DataFrame(CLOCK, columns=["patient", "day", "kind", "service"])
    file, pathway = written(tmp_path, table), a_pathway(tmp_path)
    made = told(file, "--pathway", pathway, "--disclosure", "none")
    assert "treatment" not in made
    said = " ".join(map(str, made["notes"]))
    assert "has the role consultant_led. Name yours with --consultant-led." in said
    assert "has the role treatment. Name yours with --treatments." in said
    options = ["--consultant-led", "clinic", "--treatments", "theatre"]
    (found,) = told(file, "--pathway", pathway, *options, "--disclosure", "none")["treatment"]
    assert found["completed"] == 1


def test_a_pathway_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = backpath("journeys", written(tmp_path, events(3)), "--pathway", "usual_car")
    assert done.code == 2
    assert "there is no pathway of that name" in done.err
    assert "Did you mean 'usual_care'?" in done.err


def test_a_log_too_short_for_a_mean_within_52_weeks_says_so(tmp_path: Path) -> None:
    """One is seen after 10 days, one still waits after 40: the mean of 187 days says that it takes this one to wait on."""
    rows = [
        (1, 0, "referral", "physio"),
        (1, 10, "seen", "physio"),
        (2, 0, "referral", "physio"),
        (3, 40, "onset", None),
    ]
    table = pd.DataFrame(rows, columns=["patient", "day", "kind", "service"])
    done = backpath("journeys", written(tmp_path, table), "--disclosure", "none")
    assert "187" in done.out
    assert "The log does not watch anybody for 52 weeks" in done.out
    watched = table.assign(day=[0, 10, 0, 400])
    assert "does not watch" not in backpath("journeys", written(tmp_path, watched), "--disclosure", "none").out


def test_ticks_are_brought_to_days(tmp_path: Path) -> None:
    table = events(20).rename(columns={"day": "tick"}).assign(value=4)
    read = read_events(written(tmp_path, table), days_per_tick=0.25).events
    assert read["day"].max() == 14 * 0.25
    assert read["value"].tolist() == [1.0] * len(read)


@pytest.mark.parametrize(
    ("table", "words", "says"),
    [
        (events(3).drop(columns="kind"), [], "there is no column 'kind'"),
        (events(3).assign(day="soon"), [], "row 2, column day: 'soon' is not a date."),
        (events(3).assign(replication=[0] * 7 + [1] * 8), [], "it holds several replications"),
        (
            events(3).assign(day=20240231),
            [],
            "row 2, column day: '20240231' is not a date: February 2024 has no day 31.",
        ),
        (
            events(3).assign(day=[1e8] + [0.0] * 14),
            [],
            "row 2, column day: '100000000' lies decades from most other days.",
        ),
        (events(3).assign(kind="letter"), [], "no event has a known kind ('letter')"),
        (events(3).assign(nhs_number=1), [], "column 6 ('nhs_number'): it looks like NHS numbers"),
        (events(3).assign(patient=4857773456), [], "column 1 ('patient'): it looks like NHS numbers"),
        (events(3), ["--disclosure", "some"], "there is no disclosure policy 'some'"),
        (events(3), ["--tick", "0"], "write days above 0"),
        (events(3), ["--tick", "inf"], "write days above 0"),
        (events(3), ["--tick", "0.5"], "the column 'day' holds days, not ticks. Leave --tick out"),
        (events(3), ["--people", "nobody.csv"], "nobody.csv: there is no such file"),
        (events(3), ["--by", "age"], "Give that file with --people"),
        (events(3), ["--until", "2025-04-01"], "The file counts days: write a day as it does"),
        (events(3), ["--until", "-1"], "nothing happened by then: the events begin on day 0"),
        (events(3), ["--from", "99"], "nothing happened then or later: the events end on day 14"),
        (events(3), ["--from", "5", "--until", "4"], "it is after the end of what is looked at, day 4"),
        (events(3), ["--until", "1e9"], "more than a century from the events"),
        (events(3), ["--from", "-1e9"], "more than a century from the events"),
        (events(3), ["--treatments", ","], "it names no service"),
    ],
)
def test_events_that_cannot_be_followed_are_told(
    tmp_path: Path, table: pd.DataFrame, words: list[str], says: str
) -> None:
    done = backpath("journeys", written(tmp_path, table), *words)
    assert done.code == 2
    assert says in " ".join(done.err.split())
    assert done.out == ""


@pytest.mark.parametrize("column", ["patient", "waits", "service", "visits"])
def test_groups_cannot_be_called_like_a_result(tmp_path: Path, column: str) -> None:
    people = written(tmp_path, pd.DataFrame({"patient": [0, 1, 2], column: [0, 1, 2]}), "people.csv")
    done = backpath("journeys", written(tmp_path, events(3)), "--people", people, "--by", column)
    assert done.code == 2
    assert "is the name of a column of the results" in done.err


def test_the_warm_up_of_a_simulated_log_counts_for_nothing(tmp_path: Path) -> None:
    """Nobody queues before the first measured day: waits that began then would make all waits look short."""
    log = tmp_path / "log.parquet"
    assert backpath("run", "usual_care", "--years", "1", "--log", log).code == 0
    found = told(log, "--disclosure", "none")
    row = next(row for row in found["waits"] if row["service"] == "spinal_clinic")
    table = pd.read_parquet(log)
    began = table[(table["kind"] == "referral") & (table["service"] == "spinal_clinic") & (table["tick"] >= 0)]
    assert row["waits"] <= len(began) * 1.5
    assert float(str(row["all_median_days"])) > 30
    assert min(float(str(each["week"])) for each in found["lists"]) == 0


def test_lists_leave_nothing_to_subtract_from(tmp_path: Path) -> None:
    """By group, a starred number still waiting cannot be had from the list of everybody."""
    file = written(tmp_path, events(40, unseen=3))
    people = written(
        tmp_path, pd.DataFrame({"patient": range(40), "decile": [1 + (k > 20) for k in range(40)]}), "people.csv"
    )
    found = told(file, "--people", people, "--disclosure", "lt5")
    assert any(row["still_waiting"] == "*" for row in found["waits"] if row["service"] == "physio")
    assert {row["waiting"] for row in found["lists"] if row["service"] == "physio"} == {"*"}


def test_means_and_shares_of_real_people_are_told_to_a_tenth(tmp_path: Path) -> None:
    row = told(written(tmp_path, events(60, unseen=13)))["continuity"][0]
    for name, value in row.items():
        if isinstance(value, float):
            assert round(value, 1) == value, name


def test_people_of_one_file_and_not_of_the_other_are_counted_and_told(tmp_path: Path) -> None:
    """Two of three are listed: the third is in a group of its own, as who has a blank there is. Two more have no events."""
    people = written(tmp_path, pd.DataFrame({"patient": [0, 1, 8, 9], "decile": [1, 2, 2, 2]}), "people.csv")
    found = told(written(tmp_path, events(3)), "--people", people, "--disclosure", "none")
    assert [(row["decile"], row["patients"]) for row in found["continuity"]] == [(1, 1), (2, 1), ("not known", 1)]
    notes = " ".join(map(str, found["notes"]))
    assert "People of the log who are not in people.csv, so that their group is 'not known': 1 person." in notes
    assert "People of people.csv who have no event, and count in no table: 2 people." in notes


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_bytes(b"not a table")
    done = backpath("journeys", tmp_path / "log.parquet")
    assert done.code == 2
    assert "this is no table of events" in done.err
