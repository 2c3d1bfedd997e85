"""What `backpath journeys` says of the files that people have: it reads what can be meant, and names what cannot."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.typed import backpath

LOG = "patient,day,kind,service\n1,0,referral,mri\n1,20,seen,mri\n2,0,referral,mri\n2,25,seen,mri\n"
PEOPLE = "patient,decile\n1,1\n2,10\n"


def told(
    folder: Path, text: str | bytes, *words: str, people: str | bytes | None = None, name: str = "log.csv"
) -> dict[str, Any]:
    """What the command prints as JSON of a log with this text."""
    done = backpath("journeys", *_given(folder, text, people, name), "--disclosure", "none", *words, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def refused(
    folder: Path, text: str | bytes, *words: str, people: str | bytes | None = None, name: str = "log.csv"
) -> str:
    """What the command says when it refuses a log with this text."""
    done = backpath("journeys", *_given(folder, text, people, name), *words)
    assert (done.code, done.out) == (2, ""), done.out
    assert "should not have happened" not in done.err
    return " ".join(done.err.split())


def _given(folder: Path, text: str | bytes, people: str | bytes | None, name: str) -> list[str]:
    found = []
    for file, content in ((name, text), ("people.csv", people)):
        if content is not None:
            (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
            found += ["--people"] * (file == "people.csv") + [str(folder / file)]
    return found


def notes(found: dict[str, Any]) -> str:
    """Everything that is told beside the tables."""
    return "\n".join(found["notes"])


# orders and repeats


def test_a_visit_before_its_referral_is_told_and_in_no_table(tmp_path: Path) -> None:
    """Before: two people who waited for ever, and no word."""
    rows = "1,10,referral,mri\n1,8,seen,mri\n2,0,referral,mri\n2,30,seen,mri\n3,0,referral,mri\n3,40,seen,mri\n4,60,referral,mri\n4,2,seen,mri\n"
    found = told(tmp_path, "patient,day,kind,service\n" + rows)
    assert found["waits"][0]["waits"] == found["waits"][0]["seen"] == 2
    assert (
        "seen by a service, or gave up waiting for it, before the referral to it and not after. There: 2 people."
        in notes(found)
    )
    hidden = backpath("journeys", tmp_path / "log.csv")
    assert "fewer than 8 people" in " ".join(hidden.out.split())


def test_every_row_twice_gives_the_results_of_every_row_once(tmp_path: Path) -> None:
    """Before: 3 visits for 1.5, and a mean gap of 2.33 days for 14."""
    rows = "1,0,referral,physio,\n1,20,seen,physio,North\n1,34,seen,physio,North\n2,0,referral,physio,\n2,25,seen,physio,South\n"
    once = told(tmp_path, "patient,day,kind,service,site\n" + rows)
    twice = told(
        tmp_path, "patient,day,kind,service,site\n" + rows + rows.replace("North", " North").replace("seen", "Seen")
    )
    assert "Dropped as exact repeats of another row: 5 rows." in notes(twice)
    for name in ("waits", "lists", "treatment", "continuity"):
        assert once[name] == twice[name]


def test_rows_that_differ_in_other_columns_are_told_and_kept(tmp_path: Path) -> None:
    found = told(tmp_path, "patient,day,kind,service,clinician\n1,0,referral,gp,\n1,2,seen,gp,A\n1,2,seen,gp,B\n")
    assert found["continuity"][0]["visits"] == 2
    assert "counted as events of their own: 1 row" in notes(found)


# the end of the log


FAR = "patient,day,kind,service\n1,0,referral,spinal_clinic\n1,100,seen,discectomy\n2,10,referral,spinal_clinic\n3,50,referral,spinal_clinic\n4,60,referral,spinal_clinic\n4,120,seen,discectomy\n"


def test_the_end_is_stated_a_far_one_told_and_until_mends_it(tmp_path: Path) -> None:
    """Before: one discharge in 2099 took the median of those still waiting from 12.9 to 3,910 weeks, and no word."""
    clean, far = told(tmp_path, FAR), told(tmp_path, FAR + "2,27392,discharge,\n")
    assert "Looked at from day 0 to day 120" in notes(clean)
    assert "stands apart" not in notes(clean)
    assert "Looked at from day 0 to day 27392" in notes(far)
    assert "The end stands apart: nothing happened between day 120" in notes(far)
    assert "give --until 120" in notes(far)
    mended = told(tmp_path, FAR + "2,27392,discharge,\n", "--until", "120")
    for name in ("waits", "lists", "treatment", "continuity"):
        assert mended[name] == clean[name]
    assert mended["treatment"][0]["median_weeks"] == pytest.approx(90 / 7)
    assert "Not looked at, for they are later: 1 row." in notes(mended)


def test_a_far_beginning_is_told_and_from_mends_it(tmp_path: Path) -> None:
    found = told(tmp_path, FAR + "7,-20000,onset,\n")
    assert "The beginning stands apart" in notes(found)
    assert len(found["lists"]) > 2000
    mended = told(tmp_path, FAR + "7,-20000,onset,\n", "--from", "0")
    assert mended["lists"] == told(tmp_path, FAR)["lists"]


def test_who_still_waits_is_watched_until_the_day_that_is_given(tmp_path: Path) -> None:
    found = told(tmp_path, FAR, "--until", "200")
    assert found["treatment"][0]["median_weeks"] == pytest.approx(170 / 7)
    assert "the last event is on day 120" in notes(found)


def test_what_the_records_lack_for_a_figure_is_told(tmp_path: Path) -> None:
    rows = "1,0,referral,discectomy\n1,9,seen,discectomy\n1,10,discharge,\n1,500,referral,gp\n"
    said = notes(told(tmp_path, "patient,day,kind,service\n" + rows))
    assert "in no figure of referral to treatment: 1 person." in said
    assert "days without plan count until the person comes back" in said
    assert "onset" not in notes(told(tmp_path, "patient,day,kind,service\n" + rows + "1,490,onset,\n"))


# dates


@pytest.mark.parametrize("column", ["day", "tick", "Day "])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2025-03-30T01:30:00+00:00", "2025-04-06T09:00:00+01:00"),
        ("2025-03-30", "2025-04-06"),
        ("30/03/2025", "06/04/2025"),
        ("30-Mar-25", "6-Apr-25"),
        ("2025-03-30 23:59:59", "2025-04-06 00:00:00"),
    ],
)
def test_dates_are_read_as_dates(tmp_path: Path, column: str, first: str, second: str) -> None:
    """Before: a crash, or a refusal."""
    found = told(tmp_path, f"patient,{column},kind,service,value\n1,{first},referral,mri,0\n1,{second},seen,mri,7\n")
    assert found["waits"][0]["median_days"] == 7
    assert "Looked at from 2025-03-30 to 2025-04-06" in notes(found)


def test_dates_bound_what_is_looked_at(tmp_path: Path) -> None:
    text = "patient,day,kind,service\n1,2025-01-01,referral,mri\n1,2025-02-01,seen,mri\n2,2025-01-10,referral,mri\n3,2030-01-01,discharge,\n"
    found = told(tmp_path, text, "--until", "31/03/2025")
    assert found["waits"][0]["median_days_still_waiting"] == 80
    assert "Write it like" in refused(tmp_path, text, "--until", "90")


def test_events_of_a_day_stand_by_their_time(tmp_path: Path) -> None:
    """Seen and sent on in the afternoon, referred in the morning: the rows of the file stand the other way round."""
    text = "patient,day,kind,service\n1,2025-01-01 16:00,discharge,\n1,2025-01-01 15:00,seen,gp\n1,2025-01-01 08:30,referral,gp\n"
    row = told(tmp_path, text)["waits"][0]
    assert (row["seen"], row["median_days"]) == (1, 0)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("soon", "log.csv: row 6, column day: 'soon' is not a date."),
        ("2025-02-30", "'2025-02-30' is not a date: February 2025 has no day 30."),
        ("9999-12-31", "'9999-12-31' is not a date of the years 1900 to 2100."),
        ("01/04/25", "'01/04/25' is not a date that is clear"),
        ("2025-04-01", "row 6, column day: it is a date where others are numbers. Write all days in one way."),
        ("1e400", "row 6, column day: '1e400' is not a date."),
        ("nan", "'nan' is not a date."),
        ("", "row 6, column day: a day is needed"),
        ("1e8", "row 6, column day: '1e8' lies decades from most other days"),
    ],
)
def test_days_that_are_none_are_told_by_row(tmp_path: Path, cell: str, says: str) -> None:
    assert says in refused(tmp_path, LOG + f"3,{cell},referral,mri\n")


# names


def test_kinds_are_forgiven_their_case_and_unknown_ones_named(tmp_path: Path) -> None:
    """Before: `Seen`, `Referral` and `attended` were passed over without a word."""
    rows = "1,0,referral,mri\n1,20,Seen,mri\n2,0,referral,mri\n2,25, seen ,mri\n3,0,Referral,mri\n3,35,seen,mri\n4,0,referral,mri\n4,45,attended,mri\n4,9,Did not attend,mri\n"
    found = told(tmp_path, "patient,day,kind,service\n" + rows)
    assert (found["waits"][0]["waits"], found["waits"][0]["seen"]) == (4, 3)
    said = notes(found)
    assert "'Seen' is read as 'seen' (1 row)." in said
    assert "'attended' (1 row; did you mean 'seen'?)" in said
    assert "'Did not attend' is read as 'did_not_attend' (1 row)." in said


@pytest.mark.parametrize(("word", "meant"), [("sen", "seen"), ("died", "discharge"), ("DNA", "did_not_attend")])
def test_what_a_kind_may_mean_is_said(tmp_path: Path, word: str, meant: str) -> None:
    assert f"'{word}' (1 row; did you mean '{meant}'?)" in notes(told(tmp_path, LOG + f"3,5,{word},mri\n"))


def test_services_of_one_name_are_one_service_and_slips_are_named(tmp_path: Path) -> None:
    found = told(
        tmp_path, LOG + "3,0,referral,MRI\n3,9,seen,Mri\n4,0,referral,Spinal Clinic\n5,0,referral,spinal_clinc\n"
    )
    assert [row["service"] for row in found["waits"]] == ["mri", "spinal_clinc", "spinal_clinic"]
    said = notes(found)
    assert "Read as the service 'mri': 'MRI' (1 row), 'Mri' (1 row)." in said
    assert "'spinal_clinc' (1 row; did you mean 'spinal_clinic'?)" in said
    assert found["treatment"][0]["incomplete"] == 1


def test_services_asked_for_that_are_not_there_are_named(tmp_path: Path) -> None:
    said = notes(told(tmp_path, LOG, "--consultant-led", "mmri", "--treatments", "Mri"))
    assert "--consultant-led: no event is of 'mmri' (did you mean 'mri'?)." in said
    assert "--treatments" not in said
    assert "No clock of referral to treatment starts: no event is of 'pain_service', 'spinal_clinic'" in notes(
        told(tmp_path, LOG)
    )


def test_columns_are_forgiven_their_case(tmp_path: Path) -> None:
    assert told(tmp_path, LOG.replace("patient,day", "Patient, DAY "))["waits"][0]["seen"] == 2
    assert "there is no column 'kind'. Did you mean 'kinds'?" in refused(tmp_path, LOG.replace("kind", "kinds"))
    twice = LOG.replace("service\n", "service,Kind \n").replace("kind", "KIND")
    assert "the columns KIND, Kind stand for the same" in refused(tmp_path, twice)


# people


def test_blanks_in_a_group_are_a_row_of_every_table(tmp_path: Path) -> None:
    """Before: `nan` in one table, absent in another, and deciles of 1.0."""
    log = "patient,day,kind,service\n" + "".join(
        f"{who},0,referral,mri\n{who},{9 + who},seen,mri\n" for who in range(1, 5)
    )
    found = told(tmp_path, log, people="patient,decile\n1,1\n2,1\n3,10\n4,\n")
    for table in ("waits", "continuity"):
        assert [row["decile"] for row in found[table]] == [1, 10, "not known"], table
    assert "with nothing in the column 'decile', so that their group is 'not known': 1 person." in notes(found)
    shown = backpath("journeys", tmp_path / "log.csv", "--people", tmp_path / "people.csv", "--disclosure", "none").out
    assert "1.0" not in shown
    assert "nan" not in shown


@pytest.mark.parametrize(
    ("people", "words", "says"),
    [
        ("patient,ward\n1,2\n", [], "people.csv: there is no column 'decile'. Its columns are: patient, ward."),
        ("patient,dezile\n1,2\n", [], "people.csv: there is no column 'decile'. Did you mean 'dezile'?"),
        ("person,decile\n1,2\n", [], "people.csv: there is no column 'patient'."),
        ("patient,decile\n1,11\n2,0\n", [], "people.csv: row 3, column decile: '0' is no decile"),
        ("patient,decile\n1,n/k\n", [], "people.csv: row 2, column decile: 'n/k' is no decile"),
        ("patient,decile\n1,1\n1,2\n", [], "people.csv: row 2, column patient: the same person stands in several rows"),
        ("patient,decile\n,1\n", [], "people.csv: row 2, column patient: each person needs the number of the log"),
        ("patient,decile\n", [], "people.csv: there are no rows of data"),
        ("patient,decile\n71,1\n72,2\n", [], "people.csv: column patient: none of its people is in the log"),
        ("patient,nhs_number\n1,1\n", ["--by", "nhs_number"], "people.csv: column 2 ('nhs_number'): it looks like NHS numbers"),
        ("patient,dob\n1,1\n", ["--by", "dob"], "people.csv: column 2 ('dob'): it looks like dates of birth"),
        ("patient,key\n" + "".join(f"{who},k{who}\n" for who in range(1, 40)), ["--by", "key"], "has 39 different values among 39 people"),
    ],
)  # fmt: skip
def test_faults_of_the_people_are_told_under_their_file(
    tmp_path: Path, people: str, words: list[str], says: str
) -> None:
    assert says in refused(tmp_path, LOG, *words, people=people)


def test_faults_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, LOG.replace("20", "soon"), people="patient,decile\n1,12\n")
    assert "log.csv: row 3, column day" in said
    assert "people.csv: row 2, column decile" in said


def test_groups_of_words_are_one_where_only_case_differs(tmp_path: Path) -> None:
    found = told(tmp_path, LOG, "--by", "ward", people="patient,ward\n1,North\n2,north \n")
    assert [(row["ward"], row["patients"]) for row in found["continuity"]] == [("North", 2)]
    assert "people.csv: read as 'North': 'north' (1 row)." in notes(found)


def test_numbers_of_people_that_a_tool_wrote_with_decimals_are_the_same_people(tmp_path: Path) -> None:
    found = told(tmp_path, LOG, people="patient,decile\n1.0,1.0\n2.0,10.0\n2.0,10.0\n")
    assert [row["decile"] for row in found["continuity"]] == [1, 10]
    assert "people.csv: dropped, for they say the same of a person as another: 1 row." in notes(found)


def test_text_is_text(tmp_path: Path) -> None:
    """Before: the patient `NA` was told as missing."""
    rows = "NA,0,referral,mri,\nNA,20,seen,mri,null\nNone,0,referral,mri,\nNone,22,seen,mri,NB\n"
    found = told(tmp_path, "patient,day,kind,service,site\n" + rows, people="patient,decile\nNA,1\nNone,2\n")
    assert [(row["decile"], row["patients"]) for row in found["continuity"]] == [(1, 1), (2, 1)]
    assert "each event needs a patient" in refused(tmp_path, LOG + ",3,referral,mri\n")


# who somebody is


@pytest.mark.parametrize(
    "number", ["999 000 0018", "999-000-0018", "999.000.0018", "9990000018", "99 90 00 00 18", "9990000018.0"]
)
@pytest.mark.parametrize("place", ["patient", "site", "note", "header", "beyond", "people"])
def test_numbers_of_the_nhs_are_refused_wherever_they_stand_and_never_printed(
    tmp_path: Path, number: str, place: str
) -> None:
    """Before: with blanks they passed, and in any column but one."""
    rows = {
        "patient": f"patient,day,kind,service\n{number},0,referral,mri\n{number},9,seen,mri\n",
        "site": f"patient,day,kind,service,site\n1,0,referral,mri,\n1,9,seen,mri,{number}\n",
        "note": f"patient,day,kind,service,note\n1,0,referral,mri,\n1,9,seen,mri,see {number.removesuffix('.0')}\n",
        "header": f"patient,day,kind,service,{number}\n1,0,referral,mri,\n1,9,seen,mri,1\n",
        "beyond": f"patient,day,kind,service\n1,0,referral,mri\n1,9,seen,mri,{number}\n",
        "people": LOG,
    }[place]
    said = refused(tmp_path, rows, people=f"patient,decile\n{number},1\n" if place == "people" else None)
    for part in (number, "999000", "000 0018", "000-0018"):
        assert part not in said


@pytest.mark.parametrize("column", ["patient_name", "Surname", "forename", "date_of_birth", "DOB", "NHS No"])
def test_columns_that_name_people_are_refused(tmp_path: Path, column: str) -> None:
    said = refused(tmp_path, f"patient,day,kind,service,{column}\n1,0,referral,mri,Ann Example\n")
    assert "nothing of it was kept or shown" in said
    assert "Example" not in said


def parquet(table: dict[str, Any]) -> bytes:
    """A table as the bytes of a Parquet file."""
    made = io.BytesIO()
    pq.write_table(pa.table(table), made)
    return made.getvalue()


GOOD: dict[str, Any] = {"patient": [1, 1], "day": [0, 20], "kind": ["referral", "seen"], "service": ["mri", "mri"]}


@pytest.mark.parametrize(
    "numbers", [[9990000018, 9990000026], [9990000018.0, None], ["999 000 0018", ""], [Decimal("9990000018"), None]]
)
def test_numbers_of_the_nhs_in_parquet_are_refused(tmp_path: Path, numbers: list[Any]) -> None:
    said = refused(tmp_path, parquet(GOOD | {"other": numbers}), name="log.parquet")
    assert "column 5 ('other'): it looks like NHS numbers" in said
    assert "999" not in said


# kinds of files


@pytest.mark.parametrize(
    "days",
    [
        [Decimal("0"), Decimal("20")],
        pa.array([0, 20], type=pa.int8()),
        pa.array(["0", "20"]).dictionary_encode(),
        [datetime.date(2025, 3, 20), datetime.date(2025, 4, 9)],
        pa.array([datetime.datetime(2025, 3, 20, 23, 30), datetime.datetime(2025, 4, 9, 22, 30)], pa.timestamp("us", tz="UTC")),
        pa.array([datetime.datetime(2025, 3, 20), datetime.datetime(2025, 4, 9)], pa.timestamp("ns")),
    ],
)  # fmt: skip
def test_days_in_parquet_are_read_whatever_they_are_stored_as(tmp_path: Path, days: Any) -> None:
    assert told(tmp_path, parquet(GOOD | {"day": days}), name="log.parquet")["waits"][0]["median_days"] == 20


@pytest.mark.parametrize(
    ("column", "cells", "says"),
    [
        ("day", [[0], [20]], "column day: it holds list<element: int64>"),
        ("service", [{"a": "mri"}, {"a": "mri"}], "column service: it holds struct<a: string>"),
        ("day", [0.0, None], "row 2, column day: a day is needed"),
        ("day", [0.0, float("inf")], "row 2, column day: it is infinite"),
        ("kind", ["referral", None], "row 2, column kind: each event needs a kind"),
        ("value", ["1", "35 days"], "row 2, column value: '35 days' is not a number"),
        ("kind", [1, 2], "no event has a known kind ('1', '2')"),
    ],
)
def test_parquet_that_holds_something_else_is_told_by_column(
    tmp_path: Path, column: str, cells: Any, says: str
) -> None:
    assert says in refused(tmp_path, parquet(GOOD | {column: cells}), name="log.parquet")


def _zip(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("_", ".")), text)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (LOG.encode("utf-16"), "log.csv"),
        (b"\xef\xbb\xbf" + LOG.replace("\n", "\r\n").encode(), "log.csv"),
        (LOG.replace("\n", ",,\n").encode(), "log.csv"),
        (gzip.compress(LOG.encode(), mtime=0), "log.csv.gz"),
        (_zip(log_csv=LOG), "log.zip"),
        ((LOG + ",,,\n\n").encode(), "log.csv"),
    ],
)
def test_what_spreadsheets_and_archives_do_to_a_table_changes_nothing(tmp_path: Path, data: bytes, name: str) -> None:
    assert told(tmp_path, data, name=name)["waits"] == told(tmp_path, LOG)["waits"]


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (LOG.replace(",", ";"), "log.csv", "separated by semicolons"),
        ("patient,day,kind,service\n", "log.csv", "there are no rows of data"),
        ("", "log.csv", "the file is empty"),
        (gzip.compress(LOG.encode(), mtime=0)[:-12], "log.csv.gz", "damaged or cut short"),
        (_zip(log_csv=LOG)[:-30], "log.zip", "damaged or cut short"),
        (_zip(a_csv=LOG, b_csv=LOG), "log.zip", "the archive holds 2 CSV files"),
        (_zip(**{"xl/workbook_xml": "x"}), "log.xlsx", "Excel workbook"),
        (parquet(GOOD)[:-9], "log.parquet", "damaged or cut short"),
        (LOG, "log.parquet", "this is no table of events"),
        ("<html><body>Sign in</body></html>", "log.csv", "this is a web page"),
        (LOG.replace("mri", "caf\xe9").encode("cp1252"), "log.csv", "row 2"),
        (LOG + "3,0,referral,mri,extra\n", "log.csv", "row 6: it has more cells than the header has names"),
        (LOG.replace("day", "patient"), "log.csv", "two columns are called 'patient'"),
    ],
)
def test_what_is_no_table_of_events_is_told_in_a_sentence(
    tmp_path: Path, data: str | bytes, name: str, says: str
) -> None:
    assert says in refused(tmp_path, data, name=name)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = "patient,day,kind,service,value\n1,0,joined,mri,35 days\n,5,seen,mri,n/k\n2,soon,seen,,\n3,4,,mri,\n4,4,joined,mri,-3\n"
    said = refused(tmp_path, text)
    for fault in (
        "row 2, column value: '35 days' is not a number",
        "row 3, column value: 'n/k' is not a number",
        "row 3, column patient: each event needs a patient",
        "row 4, column day: 'soon' is not a date",
        "row 4, column service: 'seen' needs a service",
        "row 5, column kind: each event needs a kind",
        "row 6, column value: '-3' is below 0",
    ):
        assert fault in said


def test_a_simulated_log_has_nothing_impossible_in_it_and_waits_of_before_stay_out(tmp_path: Path) -> None:
    """Before: who was referred in the warm-up and joined the list later counted with the days since joining."""
    text = "tick,patient,kind,service,site,detail,value\n"
    rows = [
        "-20,1,referral,mri,,gp,4",
        "3,1,joined,mri,A,1,0",
        "9,1,seen,mri,A,1,29",
        "0,2,joined,mri,A,1,30",
        "8,2,seen,mri,A,1,38",
    ]
    rows += [
        "5,3,referral,mri,,gp,4",
        "9,3,joined,mri,A,1,0",
        "25,3,seen,mri,A,1,20",
        "30,4,onset,,,mild,0",
        "31,4,discharge,,,,0",
    ]
    found = told(tmp_path, text + "\n".join([*rows, "40,4,referral,gp,,entry,1"]) + "\n")
    row = next(row for row in found["waits"] if row["service"] == "mri")
    assert (row["waits"], row["seen"], row["median_days"]) == (2, 2, 29)
    assert "Cannot have happened" not in notes(found)
    assert "Not whole" not in notes(found)


def test_days_written_without_marks_are_dates(tmp_path: Path) -> None:
    """As records of hospitals write them. They were refused without a row."""
    dated = LOG.replace(",0,", ",20260125,").replace(",20,", ",20260214,").replace(",25,", ",20260219,")
    assert told(tmp_path, dated)["waits"] == told(tmp_path, LOG)["waits"]
    assert "row 3, column day: '20260230' is not a date" in refused(tmp_path, dated.replace("20260214", "20260230"))


@pytest.mark.parametrize(
    ("slip", "log"),
    [
        ("1900-01-20", "patient,day,kind,service\n1,2026-01-01,referral,mri\n1,1900-01-20,seen,mri\n2,2026-02-01,seen,mri\n"),
        ("-40000", LOG + "3,-40000,referral,mri\n"),
    ],
)  # fmt: skip
def test_a_day_decades_from_the_others_is_told_by_its_row(tmp_path: Path, slip: str, log: str) -> None:
    row = next(number for number, line in enumerate(log.splitlines(), 1) if slip in line)
    said = refused(tmp_path, log)
    assert said.startswith(f"log.csv: row {row}, column day: '{slip}' lies decades from most other days.")
    assert len(said.strip().splitlines()) == 1


def test_a_far_end_of_several_events_is_told(tmp_path: Path) -> None:
    """Two of 24 events in 2099 were more than a twentieth: 92 in 100 had waited up to 30,000 days, without a word."""
    log = "patient,day,kind,service\n" + "".join(f"{n},{n},referral,mri\n{n},{n + 20},seen,mri\n" for n in range(1, 11))
    log += "11,5,referral,mri\n11,30000,seen,mri\n12,5,referral,mri\n12,29990,seen,mri\n"
    done = backpath("journeys", *_given(tmp_path, log, None, "log.csv"), "--disclosure", "none")
    assert "The end stands apart: nothing happened between day 30 and the last events" in done.all
    assert "give --until 30." in done.all


def test_services_that_the_library_does_not_have_are_named_with_their_rows(tmp_path: Path) -> None:
    """`mir` beside `mri` was a service of its own, without a word: two letters had changed places."""
    log = LOG + "3,0,referral,mir\n3,9,seen,mir\n4,0,referral,hydrotherapy\n"
    said = backpath("journeys", *_given(tmp_path, log, None, "log.csv"), "--disclosure", "none").all
    assert "Kept as services of their own: 'mir' (2 rows; did you mean 'mri'?), 'hydrotherapy' (1 row)." in said


def test_a_wait_below_none_is_told_as_it_is_written(tmp_path: Path) -> None:
    log = "patient,day,kind,service,value\n1,0,joined,mri,-5\n1,5,seen,mri,\n"
    assert "row 2, column value: '-5' is below 0" in refused(tmp_path, log)
