"""A planner's figures: what is read from rows and folders, what is told of them, and what is wrong with them."""

from __future__ import annotations

import datetime
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from calibration.local_data.checks import missing_spans
from calibration.local_data.figures import COLUMNS
from calibration.local_data.local_targets import after, until
from calibration.local_data.measures import MEASURES
from calibration.local_data.official import READERS
from calibration.local_data.planner_files import Form
from calibration.local_data.rows import NEEDED, OPTIONAL
from outcomes.journeys.reported import COUNTS, SNAPSHOTS
from outcomes.journeys.reported import MEASURES as REPORTED
from pathways import BadInput
from pathways.official.files import SEEMS
from pathways.official.periods import band, band_in_words, financial_year, period, period_in_words
from tests.helpers.local_targets import SHARE, folder_of, load, region, told, write
from tests.helpers.shared import DATA

# what is read


def test_the_measures_are_those_that_a_run_reports() -> None:
    assert set(MEASURES) == set(REPORTED)
    assert {name for name, each in MEASURES.items() if each.kind == "count"} == set(COUNTS)
    assert {name for name, each in MEASURES.items() if each.snapshot} == set(SNAPSHOTS)


def test_a_row_becomes_a_figure(tmp_path: Path) -> None:
    targets = load(
        write(tmp_path, "waiting,mri,2025-03,,120,people,8-14 days,Riverside,5,3,,2,0.1,our own report"),
    )
    assert tuple(targets.figures.columns) == COLUMNS
    row = targets.figures.iloc[0]
    practices = tuple(c for c, n in zip(region().codes, region().networks, strict=True) if n == "Riverside")
    march = datetime.date(2025, 3, 31)
    assert row.to_dict() == {
        "series": "waiting mri Riverside", "measure": "waiting", "services": ("mri",), "place": "Riverside",
        "practices": practices, "from_date": march, "to_date": march, "band_low": 8, "band_high": 14.0, "value": 120.0,
        "suppressed": False, "rounded_to": 5.0, "suppressed_below": 3, "share": "", "weight": 2.0, "discrepancy": 0.1,
        "source": "figures.csv: row 2, our own report",
    }  # fmt: skip
    assert (targets.title, targets.start, targets.end) == ("figures", datetime.date(2025, 3, 1), march)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("referrals,mri,2025-03,,7", ("2025-03-01", "2025-03-31", 7)),
        ("referrals,mri,Mar-25,,7", ("2025-03-01", "2025-03-31", 7)),
        ("referrals,mri,2024-25,,7", ("2024-04-01", "2025-03-31", 7)),
        ("referrals,mri,2024/25,,7", ("2024-04-01", "2025-03-31", 7)),
        ("referrals,mri,2025-01,2025-03,7", ("2025-01-01", "2025-03-31", 7)),
        ("referrals,mri,2025-03-03,2025-03-09,7", ("2025-03-03", "2025-03-09", 7)),
        ("referrals,mri,03/03/2025,09/03/2025,\"1,007\"", ("2025-03-03", "2025-03-09", 1007)),
        ("referrals,mri,2025-03-03,2025-03-03,7", ("2025-03-03", "2025-03-03", 7)),
        ("waiting,mri,2025-03-09,,7", ("2025-03-09", "2025-03-09", 7)),
        ("waiting,mri,2025-02,,7", ("2025-02-28", "2025-02-28", 7)),
        ("waiting,mri,2029-02,,7", ("2029-02-28", "2029-02-28", 7)),
        ("median_wait,mri,2025-03,,6.3,weeks", ("2025-03-01", "2025-03-31", 44.1)),
        ("median_wait,mri,2025-03,,6.3,days", ("2025-03-01", "2025-03-31", 6.3)),
        ("missed_share,community_physio,2025-03,,8.5,percent", ("2025-03-01", "2025-03-31", 8.5)),
        ("missed_share,community_physio,2025-03,,8.5", ("2025-03-01", "2025-03-31", 8.5)),
    ],
)  # fmt: skip
def test_dates_and_units_are_understood(tmp_path: Path, row: str, expected: tuple[str, str, float]) -> None:
    found = load(write(tmp_path, row)).figures.iloc[0]
    assert (str(found["from_date"]), str(found["to_date"]), found["value"]) == (
        *expected[:2],
        pytest.approx(expected[2]),
    )


def test_a_wait_is_as_exact_as_it_is_written(tmp_path: Path) -> None:
    """A median of 6.3 weeks lies within 0.7 days, one of 6 weeks within 7."""
    rows = [
        "median_wait,mri,2025-01,,6.3,weeks",
        "median_wait,mri,2025-02,,6,weeks",
        "median_wait,mri,2025-03,,9.5,days",
    ]
    assert load(write(tmp_path, *rows)).figures["rounded_to"].tolist() == pytest.approx([0.7, 7, 0.1])


def test_blank_and_suppressed_values_are_kept_and_told(tmp_path: Path) -> None:
    targets = load(
        write(
            tmp_path,
            "referrals,mri,2025-01,,*,,,D00001,,5",
            "referrals,mri,2025-02,,,,,D00001",
            "referrals,mri,2025-03,,9,,,D00001",
        )
    )
    assert np.array_equal(targets.figures["value"], [2.5, np.nan, 9], equal_nan=True)
    assert targets.figures["suppressed"].tolist() == [True, False, False]
    assert targets.notes[:3] == (
        "2 figures in 1 series, 2025-01-01 to 2025-03-31.",
        "Suppressed, below 5: 1 of them; each stands for the middle of what it can be.",
        "Not submitted, and left out: 1 more.",
    )


def test_services_together_are_one_series_in_whatever_order(tmp_path: Path) -> None:
    targets = load(write(tmp_path, "referrals,mri_urgent + mri,2025-01,,3", "referrals,mri+mri_urgent,2025-02,,4"))
    assert set(targets.figures["series"]) == {"referrals mri + mri_urgent"}
    assert targets.figures["services"].iloc[0] == ("mri", "mri_urgent")


def test_what_a_spreadsheet_adds_does_no_harm(tmp_path: Path) -> None:
    """A mark at the beginning, line ends of Windows, rows and cells without anything, columns of one's own."""
    path = tmp_path / "figures.csv"
    text = '\ufeffmeasure,service,from,value,our notes\r\nreferrals,mri,2025-01,7,,,\r\n,,,,\r\n referrals , mri,2025-02,8,"a, b"\r\n'
    path.write_bytes(text.encode())
    targets = load(path)
    assert targets.figures["value"].tolist() == [7, 8]
    assert targets.figures["source"].tolist() == ["figures.csv: row 2", "figures.csv: row 4"]
    assert "figures.csv: the column 'our notes' is none of the template and is not read." in targets.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-7 days", (0, 7)), ("8 - 14 days", None), ("8 to 14 days", (8, 14)), ("15–28 days", (15, 28)), ("366+ days", (366, inf)),
        (">366 days", (367, inf)), ("> 366 days", (367, inf)), ("366 days and over", (366, inf)), ("over 365 days", (366, inf)),
        ("366 days or more", (366, inf)), ("3 days", (3, 3)), ("0-1 weeks", (0, 7)), (">1-2 weeks", (8, 14)), ("1-2 weeks", (8, 14)),
        ("4-12 weeks", (29, 84)), ("12-18 weeks", (85, 126)), ("52+ weeks", (365, inf)), ("over 104 weeks", (729, inf)),
        ("52 weeks and over", (365, inf)), ("3 weeks", None), ("14-8 days", None), ("0-7", None), ("seven days", None), ("over 3+ days", None), ("", None),
    ],
)  # fmt: skip
def test_bands_are_whole_days(text: str, expected: tuple[int, float] | None) -> None:
    assert band(text) == expected
    if expected is not None and expected[0] != expected[1]:
        assert band(band_in_words(*expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "2025-13", "2025-02-30", "2024-26", "2025/03", "31.3.2025", "Foo-25", "0000-01"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert period(text) is None


@pytest.mark.parametrize("text", ["2025-03", "2024/25", "2025-03-31", "1999/00"])
def test_periods_are_told_as_they_are_written(text: str) -> None:
    found = period(text)
    assert text == "1999/00" if found is None else period_in_words(*found) == text
    assert financial_year("2011-12") != period("2011-12"), "what could be both is the month"


# what is wrong


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["refferals,mri,2025-01,,3"], "figures.csv: row 2, column measure: 'refferals' is no measure. Did you mean 'referrals'?"),
        ([",mri,2025-01,,3"], "row 2, column measure: is blank."),
        (["referrals,mir,2025-01,,3"], "row 2, column service: there is no service 'mir'. Did you mean 'mri'?"),
        (["referrals,,2025-01,,3"], "row 2, column service: is blank."),
        (["referrals,mri + mri,2025-01,,3"], "column service: 'mri + mri' names a service twice."),
        (["waiting,gp,2025-01,,3"], "column service: 'gp' has no list in the pathway 'usual_care': its capacity is open, and nobody waits there."),
        (["median_wait,gp,2025-01,,3,days"], "column service: 'gp' has no list"),
        (["missed,fusion,2025-01,,3"], "column service: no appointments are missed at 'fusion' in the pathway 'usual_care'."),
        (["referrals,mri,,,3"], "row 2, column from: is blank. Write a day, a month (2025-03) or a financial year (2024/25)."),
        (["referrals,mri,soon,,3"], "column from: 'soon' is no date. Write 2025-03-31, 2025-03 for a month or 2024/25 for a financial year."),
        (["referrals,mri,2025-01,later,3"], "column to: 'later' is no date."),
        (["referrals,mri,2025-01-01,,3"], "column to: is blank: for a period write its last day, or in 'from' a month (2025-03)"),
        (["referrals,mri,2025-03,2025-01,3"], "row 2, column to: 2025-01 lies before 2025-03."),
        (["waiting,mri,2025-01,2025-02,3"], "column to: a list is counted on one day."),
        (["waiting,mri,2024/25,,3"], "column from: '2024/25' is a year; a list is counted on one day, or at the end of a month."),
        (["referrals,mri,2025-01,,many"], "row 2, column value: 'many' is not a number."),
        (["referrals,mri,2025-01,,-3"], "column value: '-3' is negative."),
        (["referrals,mri,2025-01,,3.5"], "column value: '3.5' is not a whole number."),
        (["referrals,mri,2025-01,,inf"], "column value: 'inf' is not a finite number."),
        (["referrals,mri,2025-01,,nan"], "column value: 'nan' is not a number: leave it blank where nothing was submitted, and write 0 for nobody."),
        (["median_wait,mri,2025-01,,-3,days"], "column value: '-3' is negative."),
        (["median_wait,mri,2025-01,,42"], "column unit: is blank. Write days or weeks."),
        (["median_wait,mri,2025-01,,42,people"], "column unit: 'people' is no unit of 'median_wait'. Write days or weeks."),
        (["median_wait,mri,2025-01,,560,weeks"], "column value: '560' weeks is longer than 3,650 days, the longest wait that is possible. Are these days?"),
        (["median_wait,mri,2025-01,,5000,days"], "column value: '5000' days is longer than 3,650 days"),
        (["referrals,mri,2025-01,,42,percent"], "column unit: 'percent' is no unit of 'referrals'. Write people."),
        (["missed_share,community_physio,2025-01,,102"], "column value: '102' is above 100 percent."),
        (["missed_share,community_physio,2025-01,,0.08", "missed_share,community_physio,2025-02,,0.11"], "figures.csv: row 2: no value of 'missed_share community_physio' is above 1: these look like shares. Write percent, 8 for 0.08."),
        (["referrals,mri,2025-01,,*"], "column value: is '*', a suppressed count: write in 'suppressed_below' from which count on figures are published"),
        (["median_wait,mri,2025-01,,*,days,,,,5"], "column value: '*' is for counts. Leave it blank if nothing was submitted."),
        (["referrals,mri,2025-01,,2,,,,,5"], "column value: '2' is written, but counts below 5 are suppressed here."),
        (["referrals,mri,2025-01,,7,,,,5"], "column value: '7' is not a multiple of 5, to which it is said to be rounded."),
        (["referrals,mri,2025-01,,7,,,,0"], "column rounded_to: '0' must be above 0."),
        (["referrals,mri,2025-01,,7,,,,0.5"], "column rounded_to: '0.5' is not a whole number."),
        (["referrals,mri,2025-01,,7,,,,,2.5"], "column suppressed_below: '2.5' is not a whole number."),
        (["referrals,mri,2025-01,,7,,,,,,,0"], "column weight: '0' must be above 0."),
        (["referrals,mri,2025-01,,7,,,,,,,,-1"], "column discrepancy: '-1' is negative."),
        (["referrals,mri,2025-01,,7,,,,,,,,10"], "column discrepancy: '10' is above 1."),
        (["referrals,mri,2025-01,,10000000000"], "column value: '10000000000' is above 1,000,000,000."),
        (["referrals,mri,2025-01,,7,,0-7 days"], "column band: 'referrals' has no bands. Leave it blank; measures by days waited: waiting, waited, rtt_waiting, rtt_waited."),
        (["waiting,mri,2025-01,,7,,a week"], "column band: 'a week' is no band. Write 0-7 days, 8-14 days … 366+ days, or 4-12 weeks."),
        (["waiting,mri,2025-01,,7,,0-7 days", "waiting,mri,2025-01,,7,,7-14 days"], "figures.csv: row 3: the band 7-14 days overlaps 0-7 days in 'waiting mri' of 2025-01-31, in figures.csv: row 2."),
        (["waiting,mri,2025-01,,7,,0-7 days", "waiting,mri,2025-01,,7,,15+ days"], "row 3: the band 8-14 days is missing in 'waiting mri' of 2025-01-31. Add a row for it, with a blank value if it was not submitted."),
        (["waiting,mri,2025-01,,7,,0-7 days", "waiting,mri,2025-01,,20"], "a total and its bands both stand for the same day or period; keep one of them"),
        (["waiting,mri,2025-01,,104001"], "column value: '104001' people wait, but only 104,000 are registered in 'demonstration'. Is it another region?"),
        (["referrals,mri,2025-01,,7,,,D00099"], "column place: the region 'demonstration' has no practice and no network 'D00099'. Did you mean 'D00009'? Leave it blank"),
        (["referrals,mri,2025-01,,7,,,,,,back_share"], "column share: there is no quantity 'back_share': it is written in targets.toml, in the same folder. Write [quantities.back_share] there, and give the folder in place of the file."),
        (["referrals,mri,2025-01,,3", "referrals,mri,2025-02,,3", "referrals,mri,2025-01,,4"], "figures.csv: row 4: 'referrals mri 2025-01' stands in figures.csv: row 2 already. Remove one."),
        (["referrals,mri,2025-01,,3", "referrals,mri,2025-04,,3"], "figures.csv: referrals mri: 2025-02, 2025-03 are missing between 2025-01 and 2025-04. Add a row for each, with a blank value if it was not submitted."),
        (["referrals,mri,2023-01,,3", "referrals,mri,2025-04,,3"], "2024-01 and 14 more are missing between"),
        (["waiting,mri,2025-01,,3", "waiting,mri,2025-02,,3", "waiting,mri,2025-04,,3"], "2025-03-31 is missing between"),
        (["referrals,mri,2025-03-03,2025-03-09,3", "referrals,mri,2025-03-17,2025-03-23,3"], "2025-03-10 to 2025-03-16 is missing between"),
        (["referrals,mri,2020/21,,3", "referrals,mri,2022/23,,3"], "2021/22 is missing between"),
        (["referrals,mri,2025-01,,3", "referrals,mri,2024/25,,3"], "figures.csv: row 2: the period 2025-01 of 'referrals mri' overlaps 2024/25 in figures.csv: row 3. Keep the shorter periods, or the longer one."),
        (["referrals,mri,2025-01,,", "referrals,mri,2025-02,,"], "figures.csv: row 2: every value of the targets is blank: there is nothing to fit."),
        ([], "figures.csv: there is no figure: nothing to fit."),
        (["rtt_waiting,spinal_clinic,2025-01,,7"], "figures.csv: row 2: 'rtt_waiting' counts to treatment, and nothing says what treatment is. Write in targets.toml"),
        (["referrals,mri,2025-01,,7,,,,,,,,,St Mary, the ward"], "row 2: it has more cells than the header has names (14). A number or a name with a comma needs quotation marks."),
    ],
)  # fmt: skip
def test_bad_rows_are_explained(tmp_path: Path, rows: list[str], expected: str) -> None:
    assert expected in told(write(tmp_path, *rows))


@pytest.mark.parametrize(
    ("head", "row", "expected"),
    [
        ("mesure,service,from,value", "referrals,mri,2025-01,3", "figures.csv: there is no column 'measure'. Did you mean 'mesure'?"),
        ("measure,service,from,value,discrepency", "referrals,mri,2025-01,3,1", "there is no column 'discrepency' in the template. Did you mean 'discrepancy'?"),
        ("measure,service,from,value,value", "referrals,mri,2025-01,3,4", "two columns are called 'value'. Remove one."),
        ("measure;service;from;value", "referrals;mri;2025-01;3", "its cells are separated by semicolons, not by commas. Save it as 'CSV UTF-8'."),
        ("RTT Part Type,Commissioner Org Code,Total", "Part_2,52R,3", "this is not the template. It looks like the full extract of referral to treatment (form referral_to_treatment). Name it in targets.toml, in a folder with it, under [[official]]: file = \"figures.csv\", form = \"referral_to_treatment\", codes = [\"…\"], service = \"…\", treatment_function = \"…\"; and give the folder."),
    ],
)  # fmt: skip
def test_bad_heads_are_explained(tmp_path: Path, head: str, row: str, expected: str) -> None:
    assert expected in told(write(tmp_path, row, head=head))


def test_files_that_are_no_targets_are_explained(tmp_path: Path) -> None:
    assert "nowhere.csv: there is no such file or folder." in told(tmp_path / "nowhere.csv")
    assert "the folder holds no CSV file" in told(tmp_path)
    (tmp_path / "empty.csv").write_text("")
    assert "empty.csv: the file is empty." in told(tmp_path / "empty.csv")
    (tmp_path / "letters.csv").write_bytes(b"measure\xff")
    assert "letters.csv: row 1: the letter that may be 'ÿ' is not in UTF-8" in told(tmp_path / "letters.csv")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    assert "table.xlsx: targets are a CSV file of the template, or a folder." in told(tmp_path / "table.xlsx")
    assert "table.xlsx: nothing says what is read from this file. No form is known of such a file." in told(tmp_path)


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    write(tmp_path, "refferals,mir,soon,,many,,,D00099", name="a.csv")
    write(tmp_path, "referrals,mri,2025-01,,-1", name="b.csv")
    folder_of(tmp_path, 'region = "elsewhere"\ntreatments = ["surgery"]')
    said = told(tmp_path)
    for expected in (
        "a.csv: row 2, column measure", "a.csv: row 2, column service", "a.csv: row 2, column from", "a.csv: row 2, column place",
        "b.csv: row 2, column value", "targets.toml: region", "targets.toml: treatments: there is no service 'surgery'.",
    ):  # fmt: skip
        assert expected in said, expected


OFFICIAL = '[[official]]\nfile = "x.xlsx"\nform = "community_waiting"\ncodes = ["QT1"]\nservice = "community_physio"\n'


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('region = "mid_notts"', "targets.toml: region: region and targets do not match: these belong to 'mid_notts', and the region is 'demonstration'."),
        ('titel = "x"', "targets.toml: titel: there is no field 'titel' here. Did you mean 'title'?"),
        ("[quantities.back_share]\nvalue = 0.3", "targets.toml: quantities.back_share.unit: 'unit' is missing. Add it."),
        (SHARE.replace('"share"', '"days"'), "targets.toml: quantities.back_share: is not a single number with the unit 'share'."),
        (SHARE.replace("0.4", "1.4"), "targets.toml: quantities.back_share: must lie between 0 and 1 with its whole range, and not be 0."),
        (SHARE.replace("0.25", "0.0").replace("0.1", "0.0"), "must lie between 0 and 1 with its whole range, and not be 0."),
        (SHARE.replace("0.25", "0.5"), "quantities.back_share: its value 0.5 lies outside its range 0.1 to 0.4."),
        (OFFICIAL, "x.xlsx: there is no such file."),
        (OFFICIAL.replace("community_physio", "physio"), "targets.toml: official[1].service: there is no service 'physio'."),
        (OFFICIAL.replace("community_physio", "gp"), "targets.toml: official[1].service: 'gp' has no list in the pathway 'usual_care'"),
        (OFFICIAL.replace("community_waiting", "community_waits"), "official[1].form: 'community_waits' is not one of diagnostic_imaging_7, community_waiting, referral_to_treatment, monthly_diagnostics."),
        (OFFICIAL + 'share = "back"', "targets.toml: official[1].share: there is no quantity 'back' in targets.toml."),
        (OFFICIAL + "people = 349000", "official[1].people: region and targets do not match: these figures are of 349,000 people, and 104,000 are registered in the region 'demonstration'."),
        (OFFICIAL + 'modality = "MRI"', "the form 'community_waiting' takes no 'modality'."),
        (OFFICIAL + 'measure = "rtt_waiting"', "the form 'community_waiting' takes no 'measure'."),
        (OFFICIAL.replace("community_waiting", "diagnostic_imaging_7"), "the form 'diagnostic_imaging_7' needs 'modality'."),
        (OFFICIAL.replace("community_waiting", "referral_to_treatment"), "the form 'referral_to_treatment' needs 'treatment_function'."),
        (OFFICIAL.replace('["QT1"]', "[]"), "targets.toml: official[1].codes: is empty."),
        (OFFICIAL.replace('["QT1"]', '["QT1", " ", "QT1 "]'), "targets.toml: official[1]: the code 'QT1' stands twice; a code is blank."),
        (OFFICIAL + "weight = 0", "targets.toml: official[1].weight:"),
    ],
)  # fmt: skip
def test_bad_folders_are_explained(tmp_path: Path, toml: str, expected: str) -> None:
    assert expected in told(folder_of(tmp_path, toml, "referrals,mri,2025-01,,7"))


def test_one_series_has_one_share(tmp_path: Path) -> None:
    rows = ["referrals,mri,2025-01,,7", "referrals,mri,2025-02,,7,,,,,,back_share"]
    assert (
        "figures.csv: row 3: the share is 'back_share', but that of 'referrals mri' is '' in figures.csv: row 2."
        in told(folder_of(tmp_path, SHARE, *rows))
    )


# what is told


def test_shares_are_told_with_their_grade(tmp_path: Path) -> None:
    targets = load(
        folder_of(tmp_path, SHARE + SHARE.replace("back_share", "spare"), "referrals,mri,2025-01,,70,,,,,,back_share")
    )
    assert list(targets.quantities) == ["back_share"]
    assert (
        "Not of back pain alone: 1 of them; its share 'back_share' is 0.25 (0.1 to 0.4), grade assumed: made up for a test."
        in targets.notes
    )
    assert "The share 'spare' is used by no figure." in targets.notes


def test_every_wait_has_its_clock_told(tmp_path: Path) -> None:
    toml = 'treatments = ["facet_injection"]'
    rows = [
        f"{name},mri,2025-01,,7,{'days' if each.kind == 'days' else ''}"
        for name, each in MEASURES.items()
        if each.clock
    ]
    targets = load(folder_of(tmp_path, toml, *rows))
    assert targets.treatments == ("facet_injection",)
    for name, each in MEASURES.items():
        assert (f"Clock of {name}: {each.clock}." in targets.notes) == bool(each.clock)


@pytest.mark.parametrize(
    ("values", "told_of"),
    [
        ((2540, 5815), True),
        ((5815, 2540), True),
        ((100, 140), False),
        ((4, 9), False),
        ((0, 0), False),
        ((0, 200), True),
    ],
)
def test_a_step_is_told_as_a_change_of_who_submits(tmp_path: Path, values: tuple[int, int], told_of: bool) -> None:
    targets = load(write(tmp_path, *(f"waiting,mri,2025-0{k + 2},,{value}" for k, value in enumerate(values))))
    steps = [note for note in targets.notes if note.startswith("Step: ")]
    assert bool(steps) == told_of
    if values == (2540, 5815):
        assert steps[0].startswith(
            "Step: waiting mri goes from 2,540 (2025-02-28) to 5,815 (2025-03-31) (+129%). This is likely a change of who submits"
        )


def test_figures_long_before_the_region_are_told(tmp_path: Path) -> None:
    notes = load(write(tmp_path, "referrals,mri,2018/19,,7")).notes
    assert any(
        "The figures begin 2018-04-01, 8.3 years before the region's first day, 2026-07-01" in note for note in notes
    )
    assert not any("years before" in note for note in load(write(tmp_path, "referrals,mri,2026-03,,7")).notes)


def test_the_same_people_in_two_series_are_told(tmp_path: Path) -> None:
    counts = {"": 19, "Riverside": 12, "D00001": 5, "D00012": 7}
    rows = [f"referrals,mri,2025-01,,{count},,,{place}" for place, count in counts.items()]
    notes = "\n".join(load(write(tmp_path, *rows)).notes)
    assert "referrals of mri stands both for the whole region and for 3 places in it" in notes
    assert "referrals of mri stands both for 'Riverside' and for 1 places in it" in notes


# parts and digest


@pytest.mark.parametrize(
    ("rows", "told_of"),
    [
        (["referrals,mri,2025-01,,90", "visits,mri,2025-01,,81"], "referrals mri and visits mri"),
        (["visits,mri,2025-01,,90", "visits,mri + msk_triage,2025-01,,181"], "visits mri and visits mri + msk_triage"),
        (["first_visits,mri,2025-01,,90", "waited,mri,2024/25,,900"], "first_visits mri and waited mri"),
        (["referrals,mri,2025-01,,90", "visits,mri,2025-02,,81"], None),
        (["referrals,mri,2025-01,,90", "visits,msk_triage,2025-01,,81"], None),
        (["visits,mri,2025-01,,90", "waiting,mri,2025-01,,81", "median_wait,mri,2025-01,,30,days"], None),
        (["visits,mri,2025-01,,90,,,D00001", "referrals,mri,2025-01,,90,,,D00002"], None),
    ],
)  # fmt: skip
def test_series_that_count_the_same_people_are_told(tmp_path: Path, rows: list[str], told_of: str | None) -> None:
    notes = [note for note in load(write(tmp_path, *rows)).notes if note.startswith("Overlap: ")]
    assert len(notes) == (told_of is not None)
    if told_of is not None:
        assert f"{told_of} count the same people" in notes[0]


def test_one_series_under_two_names_is_refused(tmp_path: Path) -> None:
    months = ["2025-01", "2025-02", "2025-03"]
    rows = [f"{measure},mri,{month},,{90 + k}" for measure in ("referrals", "visits") for k, month in enumerate(months)]
    says = told(write(tmp_path, *rows))
    assert "'visits mri' has the values of 'referrals mri' in figures.csv: row 2 on every date" in says
    says = told(write(tmp_path, "first_visits,mri,2025-01,,90", "waited,mri,2025-01,,90"))
    assert (
        "'waited mri' counts what 'first_visits mri' in figures.csv: row 2 counts, of the same dates. Keep one" in says
    )
    flat = [f"{measure},mri,{month},,2" for measure in ("referrals", "visits") for month in months]
    assert len(load(write(tmp_path, *flat)).figures) == 6


def test_a_part_is_kept_for_later(tmp_path: Path) -> None:
    """Two months to fit and one to foretell; together they are all, and neither has the digest of all."""
    rows = [f"referrals,mri,2025-0{month},,7" for month in (1, 2, 3)]
    targets = load(write(tmp_path, *rows))
    day = datetime.date(2025, 2, 28)
    first, second = until(targets, day), after(targets, day)
    assert [len(first.figures), len(second.figures)] == [2, 1]
    assert (first.end, second.start) == (day, datetime.date(2025, 3, 1))
    assert len({targets.digest, first.digest, second.digest}) == 3
    assert first.notes[0] == "Of 3 figures only the 2 until 2025-02-28 are used; the other notes speak of all."
    with pytest.raises(
        BadInput, match=r"no figure with a value is left after 2025-04-01: they run from 2025-01-01 to 2025-03-31."
    ):
        after(targets, datetime.date(2025, 4, 1))


def test_the_digest_is_of_what_can_change_a_result(tmp_path: Path) -> None:
    """Not of the order of rows, of sources, or of words; but of a value, a weight, a share's range and a treatment."""
    rows = ["referrals,mri,2025-01,,70,,,,,,back_share,1,0,from here", "referrals,mri,2025-02,,80,,,,,,back_share,1,0"]
    first = load(folder_of(tmp_path, SHARE, *rows))
    assert len(first.digest) == 12
    same = [SHARE.replace("made up for a test", "elsewhere"), 'says = "x"\n' + SHARE]
    assert all(load(folder_of(tmp_path, toml, *reversed(rows))).digest == first.digest for toml in same)
    others = [
        load(folder_of(tmp_path, SHARE, rows[0], rows[1].replace("80", "81"))),
        load(folder_of(tmp_path, SHARE, rows[0], rows[1].replace(",1,0", ",2,0"))),
        load(folder_of(tmp_path, SHARE.replace("0.4", "0.5"), *rows)),
        load(folder_of(tmp_path, 'treatments = ["fusion"]\n' + SHARE, *rows)),
    ]
    assert len({first.digest, *(each.digest for each in others)}) == 5


def test_months_that_a_series_leaves_out() -> None:
    def ends(*texts: str) -> list[tuple[datetime.date, datetime.date]]:
        return [(found[1], found[1]) for text in texts if (found := period(text)) is not None]

    assert missing_spans(ends("2025-03", "2025-06"), snapshots=True) == []
    assert missing_spans(ends("2024-03", "2024-06", "2024-12"), snapshots=True) == ends("2024-09")
    assert missing_spans(ends("2024-03", "2024-05", "2024-08"), snapshots=True) == []
    assert missing_spans(ends("2025-01-05", "2025-01-12", "2025-01-26"), snapshots=True) == ends("2025-01-19")
    assert missing_spans(ends("2025-01-05", "2025-01-09", "2025-01-26"), snapshots=True) == []


# official files in a folder


MRI = (
    '[[official]]\nfile = {files}\nform = "diagnostic_imaging_7"\ncodes = ["04E", "04H"]\nservice = "mri"\nshare = "back_share"\n'
    'modality = "Magnetic Resonance Imaging"\n'
)
IMAGING = [
    DATA / f"DID-Table-7-{year}-Modality-CCG-Request-to-Test-and-Test-to-Report.xlsx" for year in ("2018-19", "2019-20")
]
COMMUNITY = DATA / "chs_msk_waiting_by_icb_2024-08_to_2025-07_DERIVED.csv.gz"
JULY = DATA / "chs_waiting_lists_2025-07.xlsx"
CLOCKS = DATA / "rtt_2026-01_full_extract.zip"
needs_waits = pytest.mark.skipif(
    not CLOCKS.exists(), reason="the official files are not beside the project (../shared/data)"
)


def listed(*paths: Path) -> str:
    """Paths as a list of TOML."""
    return f"[{', '.join(repr(str(path)) for path in paths)}]"


@needs_waits
def test_organisations_and_years_of_imaging_are_added_and_joined(tmp_path: Path) -> None:
    """Mansfield and Ashfield with Newark and Sherwood: 3,060 + 2,225 within a week in 2018/19."""
    targets = load(folder_of(tmp_path, SHARE + MRI.format(files=listed(*IMAGING))))
    figures = targets.figures
    assert set(figures["series"]) == {"waited mri"}
    assert figures["band_low"].tolist() == [0, 8, 15, 32, 43, 63, 94, 187, 366] * 2
    assert figures["value"].tolist()[:9] == [5285, 2335, 6175, 6830, 2075, 620, 420, 295, 125]
    assert set(figures["rounded_to"]) == {5.0}
    assert set(figures["suppressed_below"]) == {3}
    assert (targets.start, targets.end) == (datetime.date(2018, 4, 1), datetime.date(2020, 3, 31))
    assert figures["source"].iloc[0] == f"{IMAGING[0].name}: 04E + 04H"


@needs_waits
def test_months_with_different_bands_are_brought_to_those_in_common(tmp_path: Path) -> None:
    """Until November 2024 the last band was over 52 weeks; since then there is one of over 104 weeks too."""
    toml = OFFICIAL.replace('"x.xlsx"', f"'{COMMUNITY}'") + 'share = "back_share"\n' + SHARE
    targets = load(folder_of(tmp_path, toml))
    assert len(targets.figures) == 12 * 7
    assert sorted(set(targets.figures["band_low"])) == [0, 8, 15, 29, 85, 127, 365]
    assert targets.figures.groupby("to_date")["value"].sum().tolist()[6:8] == [2540, 5815]
    assert any("Bands of waiting community_physio differ from date to date" in note for note in targets.notes)
    steps = [note for note in targets.notes if note.startswith("Step: ")]
    assert len(steps) == 1
    assert "from 2,540 (2025-02-28) to 5,815 (2025-03-31) (+129%)" in steps[0]


@needs_waits
def test_a_month_that_is_told_by_two_files_is_refused(tmp_path: Path) -> None:
    said = told(folder_of(tmp_path, OFFICIAL.replace('"x.xlsx"', listed(JULY, JULY))))
    assert (
        "'waiting community_physio 2025-07-31 0-7 days' stands in chs_waiting_lists_2025-07.xlsx: QT1 already." in said
    )
    assert "3 more figures stand twice." in said


@needs_waits
def test_clocks_are_added_into_the_bands_that_are_wanted(tmp_path: Path) -> None:
    toml = (
        'treatments = ["facet_injection"]\n[[official]]\nfile = \'{file}\'\nform = "referral_to_treatment"\ncodes = ["52R"]\n'
        'service = "spinal_clinic"\ntreatment_function = "C_110"\nbands = [{bands}]\n'
    )
    targets = load(folder_of(tmp_path, toml.format(file=CLOCKS, bands='"0-18 weeks", "18-52 weeks", "52+ weeks"')))
    assert targets.figures["value"].tolist() == [794, 769, 166, 6597, 5662, 264]
    assert set(targets.figures["measure"]) == {"rtt_waited", "rtt_waiting"}
    for bands in ('"0-18 weeks"', '"0-100 days", "101+ days"', '"0-18 weeks", "20+ weeks"'):
        said = told(folder_of(tmp_path, toml.format(file=CLOCKS, bands=bands)))
        assert (
            "official[1].bands: bands must meet, cover everything, and begin and end where the published ones do: 0-7 days"
            in said
        )
    assert "'18' is no band." in told(folder_of(tmp_path, toml.format(file=CLOCKS, bands='"18"')))


def test_a_measure_that_the_file_does_not_have_is_told(tmp_path: Path) -> None:
    head = "Period,Commissioner Org Code,RTT Part Type,Treatment Function Code,Gt 00 To 01 Weeks SUM 1"
    write(tmp_path, "RTT-January-2026,52R,Part_2,C_110,3", head=head, name="rtt.csv")
    toml = (
        OFFICIAL.replace("x.xlsx", "rtt.csv")
        .replace("community_waiting", "referral_to_treatment")
        .replace("QT1", "52R")
    )
    toml = f'treatments = ["fusion"]\n{toml}treatment_function = "C_110"\nbands = ["0-1 weeks"]\n'
    said = told(folder_of(tmp_path, f'{toml}measure = "rtt_waited"'))
    assert said == "targets.toml: official[1]: the file has no figures of rtt_waited for 52R."


def test_more_people_than_are_registered_may_wait_where_a_share_says_how_many_are_ours(tmp_path: Path) -> None:
    targets = load(folder_of(tmp_path, SHARE, "waiting,mri,2025-01,,104001,,,,,,back_share"))
    assert targets.figures["value"].tolist() == [104001]


def test_a_sum_is_not_known_where_one_has_not_submitted(tmp_path: Path) -> None:
    rows = [
        "band,org_code,msk_waiting",
        *(f'"Number waiting 0-1 weeks (0-7 days) by service, {month} 2025",{code},{value}'
          for month, code, value in (("May", "QT1", 20), ("May", "QXX", ""), ("June", "QT1", 30), ("June", "QXX", 12))),
    ]  # fmt: skip
    (tmp_path / "msk.csv").write_text("\n".join(rows))
    toml = OFFICIAL.replace("x.xlsx", "msk.csv").replace('["QT1"]', '["QT1", "QXX"]')
    targets = load(folder_of(tmp_path, toml))
    assert np.array_equal(targets.figures["value"], [np.nan, 42], equal_nan=True)
    assert (
        "msk.csv: QT1 + QXX: not all of them have submitted for 2025-05-31: their sum is not known, and is left out."
        in targets.notes
    )


def test_a_blank_row_fills_a_month_that_no_official_file_has(tmp_path: Path) -> None:
    rows = ["band,org_code,msk_waiting"]
    rows += [
        f'"Number waiting 0-1 weeks (0-7 days) by service, {month} 2025",QT1,20' for month in ("March", "April", "June")
    ]
    (tmp_path / "msk.csv").write_text("\n".join(rows))
    toml = OFFICIAL.replace("x.xlsx", "msk.csv")
    assert "msk.csv: waiting community_physio: 2025-05-31 is missing between 2025-03-31 and 2025-06-30." in told(
        folder_of(tmp_path, toml)
    )
    targets = load(folder_of(tmp_path, toml, "waiting,community_physio,2025-05,,"))
    assert targets.figures["value"].isna().sum() == 1


# the page


def test_the_page_tells_every_measure_column_and_form() -> None:
    page = (Path(__file__).resolve().parent.parent.parent / "docs" / "local-data.md").read_text(encoding="utf-8")
    for name, each in MEASURES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert each.says in row
        assert each.clock in row
    for name in (*NEEDED, *OPTIONAL, *Form.__args__):
        assert f"`{name}`" in page, name


def test_every_form_of_official_file_has_a_reader_and_is_known_by_its_columns() -> None:
    assert set(READERS) == set(Form.__args__)
    assert all(any(f"(form {form})" in seems for seems in SEEMS.values()) for form in Form.__args__)


def test_a_record_is_not_changed(tmp_path: Path) -> None:
    targets = load(write(tmp_path, "referrals,mri,2025-01,,7", "referrals,mri,2025-02,,7"))
    before = targets.figures.copy()
    until(targets, datetime.date(2025, 1, 31))
    assert before.equals(targets.figures)
    assert replace(targets, title="x").digest == targets.digest
