"""Official files of waits, as published and as they arrive: what is read, what is told, and which file it seems to be."""

from __future__ import annotations

import datetime
import gzip
import zipfile
from collections.abc import Callable
from math import inf
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from pathways import BadInput
from pathways.official.clocks import read_referral_to_treatment
from pathways.official.diagnostics import read_monthly_diagnostics
from pathways.official.files import COLUMNS, OfficialWaits, seems_to_be
from pathways.official.waits import read_community_waiting, read_diagnostic_imaging
from tests.helpers.shared import DATA, DEPRIVATION, MAP, REGISTERED

IMAGING = "DID-Table-7-{}-Modality-CCG-Request-to-Test-and-Test-to-Report.xlsx"
COMMUNITY = DATA / "chs_waiting_lists_2025-07.xlsx"
SERIES = DATA / "chs_msk_waiting_by_icb_2024-08_to_2025-07_DERIVED.csv.gz"
CLOCKS = DATA / "rtt_2026-01_full_extract.zip"
CLOCKS_OF_ONE = DATA / "rtt_2024-11_RBD_only.csv"
MRI = "Magnetic Resonance Imaging"

needs_waits = pytest.mark.skipif(
    not CLOCKS.exists(), reason="the official files are not beside the project (../shared/data)"
)

HEADER = [None, "Region", "ONS Code", "CCG Code", "CCG Name", "Modality", "0-7 days", "8-14 days", "15 days and over", "Time not known", "Total"]  # fmt: skip
WEEKS = ("Gt 00 To 01 Weeks SUM 1", "Gt 01 To 02 Weeks SUM 1", "Gt 02 Weeks SUM 1")
RTT = ("Period", "Commissioner Org Code", "Commissioner Org Name", "RTT Part Type", "Treatment Function Code", *WEEKS)
UNKNOWN = "Patients with unknown clock start date"


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    """A workbook of these sheets; an underscore in a name is a blank."""
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def imaging(folder: Path, *rows: list[object], period: str = "2018/19", above: int = 2, name: str = "did.xlsx") -> Path:
    """A file like Table 7: a title page, and the sheet with its header lower down."""
    head: list[list[object]] = [
        [],
        [None, "Title:", "Table 7a DID - days from request to test"],
        [None, "Period:", period],
    ]
    notes: list[list[object]] = [[], [None, "Notes:"], [None, "* = suppression"]]
    return workbook(
        folder / name,
        Title_page=[["Diagnostic Imaging Dataset statistics"]],
        Table_7a=[*head, *[[]] * above, HEADER, *rows, *notes],
    )


def ccg(code: str, *cells: object, modality: str = MRI) -> list[object]:
    """A row of Table 7."""
    return [None, "Y60", "E38000103", code, f"NHS {code} CCG", modality, *cells]


def community(folder: Path, *, below: int = 1, **values: list[object]) -> Path:
    """A workbook of the community services with one organisation's totals and bands; the header row may move down."""
    titles = {
        "Table_4": "Total waiting list by service, May 2025",
        "Table_4a": "Number waiting 0-1 weeks (0-7 days) by service, May 2025",
        "Table_4b": "Number waiting over 1 weeks (over 7 days) by service, May 2025",
    }
    head = [
        "Organisation Type",
        "Organisation Code",
        "Organisation Name",
        "(A) Audiology",
        "(A) Musculoskeletal service",
    ]
    sheets = {
        name: [
            [title],
            *[["A note"]] * below,
            head,
            *([["ICB", code, "SOMEWHERE", 9, cells[k]] for code, cells in values.items()]),
        ]
        for k, (name, title) in enumerate(titles.items())
    }
    return workbook(folder / "chs.xlsx", Table_1=[["Number of organisations that did not submit"]], **sheets)


def clocks(folder: Path, *rows: str, head: tuple[str, ...] = (*RTT, UNKNOWN), name: str = "rtt.csv") -> Path:
    """A full extract of referral to treatment."""
    path = folder / name
    path.write_bytes(("\r\n".join([",".join(head), *rows]) + "\r\n").encode("latin-1"))
    return path


def read(path: Path, codes: tuple[str, ...] = ("52R",), function: str = "C_110") -> OfficialWaits:
    """Clocks of one function."""
    return read_referral_to_treatment(path, codes=codes, treatment_function=function)


def message(bad: pytest.ExceptionInfo[BadInput]) -> str:
    """What was wrong."""
    return str(bad.value)


# imaging


def test_imaging_is_read_by_the_words_of_its_header(tmp_path: Path) -> None:
    """A star is one or two tests, a dash none; rows of other places and tests are left out."""
    for above in (0, 2, 9):
        path = imaging(
            tmp_path,
            ccg("04E", 10, "*", "-", 5, 15),
            ccg("04E", 1, 1, 1, 1, 4, modality="Plain Radiography"),
            ccg("04H", 5, 5, 5, 0, 15),
            above=above,
        )
        found = read_diagnostic_imaging(path, codes=["04E"], modality=MRI)
        assert tuple(found.table.columns) == COLUMNS
        first, last = datetime.date(2018, 4, 1), datetime.date(2019, 3, 31)
        assert found.table.to_numpy().tolist() == [
            ["waited", "04E", first, last, 0, 7.0, 10.0, False],
            ["waited", "04E", first, last, 8, 14.0, 1.5, True],
            ["waited", "04E", first, last, 15, inf, 0.0, False],
        ]
        assert (found.rounded_to, found.suppressed_below) == (5, 3)
        assert found.notes == ("did.xlsx: 04E: 5 of 15 tests have no time from request to test, and are in no band.",)


def test_a_total_that_is_not_the_sum_is_told_beyond_rounding(tmp_path: Path) -> None:
    rounded = imaging(tmp_path, ccg("04E", 10, 10, 10, 0, 35))
    assert read_diagnostic_imaging(rounded, codes=["04E"], modality=MRI).notes == ()
    wrong = imaging(tmp_path, ccg("04E", 10, 10, 10, 0, 60))
    assert read_diagnostic_imaging(wrong, codes=["04E"], modality=MRI).notes == (
        "did.xlsx: 04E: the bands add to 30 less than the total of 60.",
    )


@pytest.mark.parametrize(
    ("make", "codes", "modality", "expected"),
    [
        (lambda folder: imaging(folder, ccg("04E", 1, 1, 1, 0, 3)), ["04X"], MRI, "did.xlsx: there is no organisation '04X' in this file. Codes change when organisations merge."),
        (lambda folder: imaging(folder, ccg("04E", 1, 1, 1, 0, 3)), ["04e"], MRI, "there is no organisation '04e' in this file. Did you mean '04E'?"),
        (lambda folder: imaging(folder, ccg("04E", 1, 1, 1, 0, 3)), ["04E"], "Magnetic Resonance", f"there is no modality 'Magnetic Resonance'. Did you mean '{MRI}'?"),
        (lambda folder: imaging(folder, ccg("04E", 1, 1, 1, 0, 3), period="last year"), ["04E"], MRI, "did.xlsx: no financial year stands beside 'Period:'."),
        (lambda folder: community(folder, QT1=[3, 2, 1]), ["04E"], MRI, "chs.xlsx: this is not Table 7 of the Diagnostic Imaging Dataset by CCG. It looks like community services' waiting lists (form community_waiting)."),
        (lambda folder: clocks(folder), ["04E"], MRI, "rtt.csv: this is no workbook (.xlsx or .xls). It looks like the full extract of referral to treatment"),
        (lambda folder: folder / "none.xlsx", ["04E"], MRI, "none.xlsx: there is no such file."),
        (lambda folder: folder, ["04E"], MRI, "this is a folder; a file is needed."),
    ],
)  # fmt: skip
def test_imaging_that_cannot_be_read_is_explained(
    tmp_path: Path, make: Callable[[Path], Path], codes: list[str], modality: str, expected: str
) -> None:
    with pytest.raises(BadInput) as bad:
        read_diagnostic_imaging(make(tmp_path), codes=codes, modality=modality)
    assert expected in message(bad)


def test_damaged_and_old_workbooks_are_explained(tmp_path: Path) -> None:
    path = imaging(tmp_path, ccg("04E", 1, 1, 1, 0, 3))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"did.xlsx: the workbook is damaged or cut short"):
        read_diagnostic_imaging(path, codes=["04E"], modality=MRI)
    path.write_bytes(b"\xd0\xcf\x11\xe0 and so on")
    with pytest.raises(
        BadInput,
        match=r"did.xlsx: this is a workbook of Excel before 2007 \(.xls\) that is damaged, or one with a password",
    ):
        read_diagnostic_imaging(path, codes=["04E"], modality=MRI)


@needs_waits
@pytest.mark.parametrize(
    ("year", "code", "bands", "unknown", "total"),
    [
        ("2018-19", "04E", [3060, 1395, 3255, 4210, 1345, 330, 235, 160, 70], 5, "14,065"),
        ("2018-19", "04H", [2225, 940, 2920, 2620, 730, 290, 185, 135, 55], 0, "10,095"),
        ("2019-20", "04E", [3790, 1580, 3085, 3870, 1935, 405, 295, 150, 95], 10, "15,215"),
        ("2019-20", "04H", [2620, 1165, 2845, 2305, 1035, 330, 220, 145, 65], 5, "10,735"),
        ("2021-22", "52R", [20220, 5960, 17295, 5250, 3245, 2150, 3985, 5710, 1270], 15, "65,105"),
    ],
)
def test_the_published_imaging_files_are_read(year: str, code: str, bands: list[int], unknown: int, total: str) -> None:
    path = DATA / IMAGING.format(year)
    found = read_diagnostic_imaging(path, codes=[code], modality=MRI)
    assert found.table["value"].tolist() == bands
    assert found.table["band_low"].tolist() == [0, 8, 15, 32, 43, 63, 94, 187, 366]
    assert found.table["band_high"].tolist() == [7, 14, 31, 42, 62, 93, 186, 365, inf]
    assert set(found.table["from_date"]) == {datetime.date(int(year[:4]), 4, 1)}
    told = (f"{path.name}: {code}: {unknown} of {total} tests have no time from request to test, and are in no band.",)
    assert found.notes == (told if unknown else ())
    assert abs(sum(bands) + unknown - int(total.replace(",", ""))) <= 25


@needs_waits
def test_the_areas_of_2018_are_not_in_the_file_of_2021() -> None:
    with pytest.raises(
        BadInput, match=r"there is no organisation '04E' in this file. Codes change when organisations merge."
    ):
        read_diagnostic_imaging(DATA / IMAGING.format("2021-22"), codes=["04E"], modality=MRI)


# community services


def test_the_community_workbook_is_read(tmp_path: Path) -> None:
    """Blank is not submitted, nought is nobody; the header may stand lower; a total that differs is told."""
    for below in (0, 1, 5):
        path = community(tmp_path, below=below, QT1=[30, 20, 7], QXX=[None, None, None], QYY=[5, 5, 0])
        found = read_community_waiting(path, codes=["QT1", "QXX", "QYY"])
        day = datetime.date(2025, 5, 31)
        table = found.table.sort_values(["organisation", "band_low"])
        assert table["organisation"].tolist() == ["QT1", "QT1", "QXX", "QXX", "QYY", "QYY"]
        assert np.array_equal(table["value"], [20, 7, np.nan, np.nan, 5, 0], equal_nan=True)
        assert table["band_low"].tolist() == [0, 8] * 3
        assert table["band_high"].tolist() == [7, inf] * 3
        assert set(table["to_date"]) == set(table["from_date"]) == {day}
        assert set(table["measure"]) == {"waiting"}
        assert found.notes == (
            "chs.xlsx: QT1, May 2025: the total is 30 and its bands add to 27; the bands are used. Some providers do not tell how long people have waited.",
        )


def test_another_line_of_the_community_workbook_can_be_read(tmp_path: Path) -> None:
    path = community(tmp_path, QT1=[3, 2, 1])
    assert read_community_waiting(path, codes=["QT1"], line="(A) Audiology").table["value"].tolist() == [9, 9]
    with pytest.raises(BadInput, match=r"chs.xlsx: there is no line 'Audiology'. Did you mean '\(A\) Audiology'?"):
        read_community_waiting(path, codes=["QT1"], line="Audiology")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda folder: community(folder, QXX=[3, 2, 1]), "chs.xlsx: there is no organisation 'QT1' in this file."),
        (lambda folder: imaging(folder), "did.xlsx: this is not a file of the community services' waiting lists. It looks like Table 7 of the Diagnostic Imaging Dataset (form diagnostic_imaging_7)."),
        (lambda folder: clocks(folder), "rtt.csv: this is not a file of the community services' waiting lists. There is no column band, msk_waiting, org_code. It looks like the full extract of referral to treatment"),
    ],
)  # fmt: skip
def test_community_files_that_cannot_be_read_are_explained(
    tmp_path: Path, make: Callable[[Path], Path], expected: str
) -> None:
    with pytest.raises(BadInput) as bad:
        read_community_waiting(make(tmp_path), codes=["QT1"])
    assert expected in message(bad)


def test_totals_without_bands_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "msk.csv"
    path.write_text('band,org_code,msk_waiting\n"Total waiting list by service, May 2025",QT1,30\n')
    with pytest.raises(BadInput, match=r"msk.csv: no sheet tells how long people have waited"):
        read_community_waiting(path, codes=["QT1"])


@needs_waits
def test_the_published_community_workbook_is_read() -> None:
    found = read_community_waiting(COMMUNITY, codes=["QT1"])
    assert found.table["value"].tolist() == [863, 636, 1042, 1990, 369, 114, 0, 0]
    assert found.table["band_low"].tolist() == [0, 8, 15, 29, 85, 127, 365, 729]
    assert found.table["band_high"].tolist() == [7, 14, 28, 84, 126, 364, 728, inf]
    assert set(found.table["to_date"]) == {datetime.date(2025, 7, 31)}
    assert found.notes == ()


@needs_waits
def test_a_year_of_community_lists_is_read() -> None:
    """Nottingham and Nottinghamshire's doubles in March 2025; Bedfordshire, Luton and Milton Keynes has not submitted."""
    table = read_community_waiting(SERIES, codes=["QT1", "QHG"]).table
    ours = table[table["organisation"] == "QT1"].groupby("to_date")["value"].sum()
    assert len(ours) == 12
    assert ours[datetime.date(2025, 2, 28)] == 2540
    assert ours[datetime.date(2025, 3, 31)] == 5815
    assert table.loc[table["organisation"] == "QHG", "value"].isna().all()
    assert table[table["to_date"] == datetime.date(2024, 8, 31)]["band_low"].max() == 365
    assert table[table["to_date"] == datetime.date(2025, 7, 31)]["band_low"].max() == 729


# referral to treatment


def test_clocks_are_added_over_providers_and_parts(tmp_path: Path) -> None:
    """Only running and stopped clocks of the function, and its total of all functions never with it."""
    path = clocks(
        tmp_path,
        'RTT-January-2026,52R,"NHS X, and more",Part_2,C_110,1,2,3,0',
        "RTT-January-2026,52R,NHS X,Part_2,C_110,10,20,30,4",
        "RTT-January-2026,52R,NHS X,Part_2,C_999,500,500,500,0",
        "RTT-January-2026,52R,NHS X,Part_2A,C_110,7,7,7,0",
        "RTT-January-2026,52R,NHS X,Part_1A,C_110,1,0,0,0",
        "RTT-January-2026,52R,NHS X,Part_1B,C_110,0,5,1,0",
        "RTT-January-2026,52R,NHS X,Part_3,C_110,,,,",
        "RTT-January-2026,52Q,NHS \xc9,Part_2,C_110,9,9,9,0",
    )
    found = read(path)
    first, last = datetime.date(2026, 1, 1), datetime.date(2026, 1, 31)
    assert found.table.to_numpy().tolist() == [
        ["rtt_waited", "52R", first, last, 0, 7.0, 1.0, False],
        ["rtt_waited", "52R", first, last, 8, 14.0, 5.0, False],
        ["rtt_waited", "52R", first, last, 15, inf, 1.0, False],
        ["rtt_waiting", "52R", last, last, 0, 7.0, 11.0, False],
        ["rtt_waiting", "52R", last, last, 8, 14.0, 22.0, False],
        ["rtt_waiting", "52R", last, last, 15, inf, 33.0, False],
    ]
    assert found.notes == ("rtt.csv: 52R: 4 clocks of rtt_waiting have no start date, and are in no band.",)
    assert read(path, ("52R", "52Q")).table["organisation"].nunique() == 2
    assert read(path, function="C_999").table["value"].tolist() == [500, 500, 500]
    with zipfile.ZipFile(tmp_path / "rtt.zip", "w") as archive:
        archive.write(path, "rtt.csv")
    (tmp_path / "rtt.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name in ("rtt.zip", "rtt.csv.gz"):
        assert read(tmp_path / name).table.equals(found.table)


@pytest.mark.parametrize(
    ("make", "codes", "function", "expected"),
    [
        (lambda folder: clocks(folder, "RTT-January-2026,52R,X,Part_2,C_110,1,2,3,0"), ("52X",), "C_110", "rtt.csv: there is no organisation '52X' in this file."),
        (lambda folder: clocks(folder, "RTT-January-2026,52R,X,Part_2,C_110,1,2,3,0"), ("52R",), "110", "rtt.csv: there is no treatment function '110'. Did you mean 'C_110'?"),
        (lambda folder: clocks(folder, "RTT-January-2026,52R,X,Part_2,C_110,1,2,3,0", "RTT-January-2026,52Q,X,Part_2,C_100,1,2,3,0"), ("52R", "52Q"), "C_110", "'52Q' has no clocks of the treatment function 'C_110'. Take it out."),
        (lambda folder: clocks(folder, "January,52R,X,Part_2,C_110,1,2,3,0"), ("52R",), "C_110", "'January' in the column Period is no month such as RTT-January-2026."),
        (lambda folder: clocks(folder, head=RTT[:5]), ("52R",), "C_110", "rtt.csv: this is not the full extract of referral to treatment."),
        (lambda folder: imaging(folder), ("52R",), "C_110", "did.xlsx: this is not the full extract of referral to treatment. It looks like Table 7 of the Diagnostic Imaging Dataset (form diagnostic_imaging_7)."),
        (lambda folder: folder / "none.zip", ("52R",), "C_110", "none.zip: there is no such file."),
    ],
)  # fmt: skip
def test_clocks_that_cannot_be_read_are_explained(
    tmp_path: Path, make: Callable[[Path], Path], codes: tuple[str, ...], function: str, expected: str
) -> None:
    with pytest.raises(BadInput) as bad:
        read(make(tmp_path), codes, function)
    assert expected in message(bad)


@needs_waits
def test_the_published_clocks_are_read() -> None:
    """January 2026, Nottingham and Nottinghamshire, orthopaedics: 724 stopped with admission and 1,005 without; 12,523 run."""
    table = read(CLOCKS).table
    added = table.groupby("measure")["value"].sum()
    assert added.to_dict() == {"rtt_waited": 724 + 1005, "rtt_waiting": 12523}
    assert len(table) == 2 * 105
    assert table["band_high"].max() == inf
    assert table.loc[table["band_high"] == inf, "band_low"].tolist() == [729, 729]


@needs_waits
def test_the_published_clocks_of_one_trust_are_read() -> None:
    table = read(CLOCKS_OF_ONE, ("11J",)).table
    assert table.groupby("measure")["value"].sum().to_dict() == {"rtt_waited": 396, "rtt_waiting": 3344}
    assert set(table["to_date"]) == {datetime.date(2024, 11, 30)}


# cells that are no counts, and rows that stand twice

FULL = ("Period", "Provider Org Code", *RTT[1:])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("-12", "rtt.csv: row 2, column F: '-12' is negative. A count is 0 or more: correct it, or ask the publisher."),
        ('"5,5"', "rtt.csv: row 2, column F: '5,5' is not a number: a comma only parts thousands (1,234)."),
        ("*", "rtt.csv: row 2, column F: '*' is not what this form writes for a hidden count."),
        ("<5", "'<5' is not what this form writes for a hidden count."),
        ("-", "'-' is not what this form writes for a hidden count."),
        ("#N/A", "'#N/A' is not a number."),
        ("2.5", "'2.5' is not a whole number."),
        ("nan", "'nan' is not a number."),
        ("1e12", "'1e12' is above 1,000,000,000, which no count is."),
    ],
)
def test_a_clock_that_is_no_count_is_refused(tmp_path: Path, cell: str, expected: str) -> None:
    """All of these counted as nobody."""
    with pytest.raises(BadInput) as bad:
        read(clocks(tmp_path, f"RTT-January-2026,52R,X,Part_2,C_110,{cell},2,3,0"))
    assert message(bad).startswith("rtt.csv: row 2, column F: ")
    assert expected in message(bad)


def test_clocks_may_be_written_with_commas_and_left_blank(tmp_path: Path) -> None:
    path = clocks(tmp_path, 'RTT-January-2026,52R ,X,Part_2,C_110,"1,234",,3,0')
    assert read(path).table["value"].tolist() == [1234, 0, 3]


def test_a_clock_row_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"rtt.csv: row 2: has 6 cells for 9 columns."):
        read(clocks(tmp_path, "RTT-January-2026,52R,X,Part_2,C_110,5"))


def test_clocks_in_odd_texts_are_read_or_refused(tmp_path: Path) -> None:
    """Line ends of old Macs, UTF-16 and a name over two lines are read; a cell without end is refused."""
    row = "RTT-January-2026,52R,X,Part_2,C_110,1,2,3,0"
    path = clocks(tmp_path, row)
    text = path.read_text()
    for data in (text.replace("\n", "\r").encode(), text.encode("utf-16"), text.replace("X", '"X\nand Y"').encode()):
        path.write_bytes(data)
        assert read(path).table["value"].tolist() == [1, 2, 3]
    path.write_text(text.replace("X", "x" * 200_000))
    with pytest.raises(BadInput, match=r"rtt.csv: row 2: this is not a CSV table"):
        read(path)


def test_a_workbook_in_a_zip_of_later_times_is_refused(tmp_path: Path) -> None:
    """One changed byte says that the archive needs a version of zip that nobody has."""
    path = imaging(tmp_path, ccg("04E", 1, 1, 1, 0, 3))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 185
    path.write_bytes(bytes(data))
    with pytest.raises(BadInput, match=r"did.xlsx: .*(damaged|no workbook)"):
        read_diagnostic_imaging(path, codes=["04E"], modality=MRI)


def test_clock_rows_that_stand_twice_count_once_or_are_refused(tmp_path: Path) -> None:
    row = "RTT-January-2026,RX0,52R,X,Part_2,C_110,1,2,3,0"
    found = read(clocks(tmp_path, row, row, head=(*FULL, UNKNOWN)))
    assert found.table["value"].tolist() == [1, 2, 3]
    assert found.notes == ("rtt.csv: exact repeats of other rows are left out: row 3.",)
    with pytest.raises(BadInput, match=r"rtt.csv: row 3: .* stands in row 2 already, with other figures."):
        read(clocks(tmp_path, row, row.replace("1,2,3", "1,2,4"), head=(*FULL, UNKNOWN)))


def test_weeks_that_are_missing_are_refused_and_totals_that_differ_are_told(tmp_path: Path) -> None:
    head = (*RTT[:5], WEEKS[0], WEEKS[2])
    with pytest.raises(BadInput, match=r"the columns of waits do not follow each other from 0 on"):
        read(clocks(tmp_path, "RTT-January-2026,52R,X,Part_2,C_110,1,2", head=head))
    path = clocks(tmp_path, "RTT-January-2026,52R,X,Part_2,C_110,1,2,3,5", head=(*RTT, "Total All"))
    assert read(path).notes == ("rtt.csv: row 2: the bands add to 1 more than the total of 5.",)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (-12, "did.xlsx: sheet 'Table 7a', row 6, column G: '-12' is negative."),
        ("5,5", "column G: '5,5' is not a number: a comma only parts thousands"),
        ("#REF!", "column G: '#REF!' is not a number."),
        (True, "column G: 'True' is no count but a date, or a yes or no."),
        (datetime.datetime(2025, 1, 5), "column G: '2025-01-05 00:00:00' is no count but a date"),
    ],
)
def test_an_imaging_cell_that_is_no_count_is_refused(tmp_path: Path, cell: object, expected: str) -> None:
    """Text was taken for not submitted, and a yes for one test."""
    with pytest.raises(BadInput) as bad:
        read_diagnostic_imaging(imaging(tmp_path, ccg("04E", cell, 1, 1, 0, 3)), codes=["04E"], modality=MRI)
    assert expected.split(", column")[-1] in message(bad)
    assert "did.xlsx: sheet '" in message(bad)


def test_imaging_rows_that_stand_twice_count_once_or_are_refused(tmp_path: Path) -> None:
    one, other = ccg("04E", 10, 5, 5, 0, 20), ccg("04E", 15, 5, 5, 0, 25)
    found = read_diagnostic_imaging(imaging(tmp_path, one, one), codes=["04E"], modality=MRI)
    assert found.table["value"].tolist() == [10, 5, 5]
    assert "exact repeats of other rows are left out" in found.notes[0]
    with pytest.raises(
        BadInput, match=r"'04E Magnetic Resonance Imaging' stands in row \d+ already, with other figures"
    ):
        read_diagnostic_imaging(imaging(tmp_path, one, other), codes=["04E"], modality=MRI)


LISTS = "band,org_type,org_code,msk_waiting"
WEEK = '"Number waiting 0-1 weeks (0-7 days) by service, May 2025"'


@pytest.mark.parametrize(
    ("rows", "codes", "expected"),
    [
        ([f"{WEEK},ICB,QT1,*"], ["QT1"], "msk.csv: row 2, column D: '*' is not what this form writes for a hidden count."),
        ([f"{WEEK},ICB,QT1,-3"], ["QT1"], "msk.csv: row 2, column D: '-3' is negative."),
        ([f'{WEEK},ICB,QT1,"5,5"'], ["QT1"], "column D: '5,5' is not a number"),
        ([f"{WEEK},ICB,QT1,5", f"{WEEK},ICB,QT1,6"], ["QT1"], "msk.csv: row 3: 'Number waiting 0-1 weeks (0-7 days) by service, May 2025 QT1' stands in row 2 already, with other figures."),
        ([f"{WEEK},ICB,QT1,5", f"{WEEK},Region,Y60,9"], ["QT1", "Y60"], "msk.csv: these organisations are of several levels, and the same people stand in both: 'QT1' (ICB), 'Y60' (Region)."),
        (['"Number waiting some weeks by service, May 2025",ICB,QT1,5'], ["QT1"], "msk.csv: row 2: 'Number waiting some weeks by service, May 2025' names no month or no band"),
        (['"Number waiting 0-1 weeks by service, Smarch 2025",ICB,QT1,5'], ["QT1"], "Smarch 2025' names no month or no band"),
    ],
)  # fmt: skip
def test_lists_that_cannot_be_are_refused(tmp_path: Path, rows: list[str], codes: list[str], expected: str) -> None:
    path = tmp_path / "msk.csv"
    path.write_text("\n".join([LISTS, *rows]))
    with pytest.raises(BadInput) as bad:
        read_community_waiting(path, codes=codes)
    assert expected in message(bad)


# monthly diagnostics

DM01 = DATA / "dm01_provider_2025-07.xls"
TESTS = "REPORTING_PERIOD,PROVIDER_PARENT_ORG_CODE,PROVIDER_ORG_CODE,DIAGNOSTIC_TEST_NAME,00<01w,01<02w,02+w,Total Waiting List"


def diagnostics(folder: Path, *rows: str, head: str = TESTS) -> Path:
    """A file like the full extract of monthly diagnostics."""
    path = folder / "dm01.csv"
    path.write_text("\n".join([head, *rows]))
    return path


@needs_waits
def test_the_published_diagnostics_are_read_from_an_old_workbook() -> None:
    """Barking, Havering and Redbridge: 3,210 waited for an MRI scan in July 2025, 32 of them 13 weeks and more."""
    found = read_monthly_diagnostics(DM01, codes=["RF4"], modality=MRI)
    assert found.table["value"].tolist() == [770, 650, 565, 506, 377, 189, 34, 26, 19, 21, 5, 6, 10, 32]
    assert found.table["value"].sum() == 3210
    assert found.table["band_low"].tolist() == [7 * week for week in range(14)]
    assert found.table["band_high"].tolist() == [*(7 * week + 6 for week in range(13)), inf]
    assert set(found.table["to_date"]) == {datetime.date(2025, 7, 31)}
    assert found.notes == ()
    with pytest.raises(BadInput, match=r"there is no test 'MRI'. There are: Audiology"):
        read_monthly_diagnostics(DM01, codes=["RF4"], modality="MRI")
    with pytest.raises(BadInput, match=r"there is no organisation 'QT1' in this file."):
        read_monthly_diagnostics(DM01, codes=["QT1"], modality=MRI)


@needs_waits
@pytest.mark.parametrize("part", [0.02, 0.3, 0.9])
def test_a_damaged_old_workbook_is_refused(tmp_path: Path, part: float) -> None:
    data = DM01.read_bytes()
    path = tmp_path / "dm01.xls"
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(BadInput, match=r"dm01.xls: this is a workbook of Excel before 2007 \(.xls\) that is damaged"):
        read_monthly_diagnostics(path, codes=["RF4"], modality=MRI)


def test_diagnostics_are_added_over_providers_of_a_parent(tmp_path: Path) -> None:
    path = diagnostics(
        tmp_path,
        'DM01-JULY-2025,QT1,RX1,MRI,"1,005",6,1,1012',
        "DM01-JULY-2025,QT1,RX2,MRI,1,1,1,4",
        "DM01-JULY-2025,QT1,RX2,CT,9,9,9,27",
    )
    found = read_monthly_diagnostics(path, codes=["QT1"], modality="MRI")
    assert found.table["value"].tolist() == [1006, 7, 2]
    assert found.notes == ("dm01.csv: QT1, July 2025: the bands add to 1 less than the total of 1,016.",)
    assert read_monthly_diagnostics(path, codes=["RX1"], modality="MRI").table["value"].tolist() == [1005, 6, 1]
    with pytest.raises(
        BadInput, match=r"of several kinds, .*: RX1 in PROVIDER_ORG_CODE; QT1 in PROVIDER_PARENT_ORG_CODE"
    ):
        read_monthly_diagnostics(path, codes=["QT1", "RX1"], modality="MRI")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("DM01-JULY-2025,QT1,RX1,MRI,-5,6,1,2", "dm01.csv: row 2, column E: '-5' is negative."),
        ("DM01-JULY-2025,QT1,RX1,MRI,*,6,1,2", "dm01.csv: row 2, column E: '*' is not what this form writes"),
        ("DM01-SMARCH-2025,QT1,RX1,MRI,5,6,1,2", "dm01.csv: row 2: 'DM01-SMARCH-2025' is no month such as July 2025"),
        ("DM01-JULY-2025,QT1,RX1,CT,5,6,1,2", "there is no test 'MRI'. There are: CT."),
    ],
)
def test_diagnostics_that_cannot_be_are_refused(tmp_path: Path, row: str, expected: str) -> None:
    with pytest.raises(BadInput) as bad:
        read_monthly_diagnostics(diagnostics(tmp_path, row), codes=["RX1"], modality="MRI")
    assert expected in message(bad)


def test_a_blank_of_diagnostics_was_not_submitted(tmp_path: Path) -> None:
    found = read_monthly_diagnostics(
        diagnostics(tmp_path, "July 2025,QT1,RX1,MRI,,6,1,"), codes=["RX1"], modality="MRI"
    )
    assert np.array_equal(found.table["value"], [np.nan, 6, 1], equal_nan=True)


# which file it seems to be


@needs_waits
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (CLOCKS, "It looks like the full extract of referral to treatment (form referral_to_treatment)."),
        (SERIES, "It looks like a table of community services' waiting lists (form community_waiting)."),
        (COMMUNITY, "It looks like community services' waiting lists (form community_waiting)."),
        (DATA / "DID-Table-11-2018-19-Modality-Provider-Source-setting.xlsx", "It looks like 'Table 11 DID - Count of Imaging Activity by Modality and Patient source setting'."),
        (DATA / "dm01_provider_2025-07.xls", "It looks like monthly diagnostics, DM01 (form monthly_diagnostics)."),
        (REGISTERED, "It looks like patients registered at a GP practice."),
        (MAP, "It looks like the map of practices to networks."),
        (DEPRIVATION, ""),
        (DATA / "nowhere.csv", ""),
    ],
)  # fmt: skip
def test_other_files_are_named(path: Path, expected: str) -> None:
    assert seems_to_be(path) == expected
