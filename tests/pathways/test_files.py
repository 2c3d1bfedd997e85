"""Reading users' files: the same bounds and the same sentences everywhere."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.folder import read_joint_draws
from calibration.local_data.local_targets import load_local_targets
from pathways import BadInput, load_pathway, load_region, load_scenario
from pathways.files.cells import cells_in, cells_of
from pathways.files.opened import bytes_of, kind_of, unpacked
from pathways.files.persons import persons_in
from pathways.files.toml_json import json_in, toml_in
from pathways.files.values import NotThat, date_in, number_in, whole_in
from ui.inputs.checking import check_path


def refused(read: Callable[[Path], object], path: Path) -> str:
    """The sentences with which a reader refuses a file."""
    with pytest.raises(BadInput) as bad:
        read(path)
    return str(bad.value)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


# what can be opened


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    loop, pipe, empty = tmp_path / "loop.csv", tmp_path / "pipe.csv", tmp_path / "empty.csv"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    empty.touch()
    (tmp_path / "a_file").write_text("x")
    for path, says in {
        tmp_path: "this is a folder",
        tmp_path / "none.csv": "there is no such file",
        tmp_path / "a_file" / "x.csv": "a part of its path is a file",
        loop: "a link that leads back to itself",
        pipe: "a device or a pipe",
        Path("/dev/null"): "a device or a pipe",
        tmp_path / ("a" * 5000): "the name is longer",
        Path("nul\x00.csv"): "no file can have this name",
        empty: "the file is empty",
    }.items():
        for read in (bytes_of, unpacked, cells_of, toml_in, json_in):
            assert says in refused(read, path), (path, read)


def test_what_is_read_by_its_name_survives_any_name(tmp_path: Path) -> None:
    """A name too long for the file system, one with a NUL, and a link that leads to itself."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for name in ("a" * 5000, "b" * 5000 + ".toml", "nul\x00", str(loop)):
        for read in (
            load_pathway,
            load_region,
            load_scenario,
            load_targets_of,
            draws_of,
            lambda path: check_path(Path(path)),
        ):
            try:
                found = read(name)
            except BadInput as bad:
                found = bad.problems
            assert all(len(str(problem)) < 1000 for problem in found)
            assert found


def load_targets_of(name: str) -> object:
    """Local targets at a path."""
    return load_local_targets(Path(name), region=load_region("demonstration"), pathway=load_pathway("usual_care"))


def draws_of(name: str) -> object:
    """A calibration at a path."""
    return read_joint_draws(Path(name), region=load_region("demonstration"), pathway=load_pathway("usual_care"))


def test_names_of_files_that_no_code_knows_can_be_printed(tmp_path: Path) -> None:
    said = refused(bytes_of, tmp_path / os.fsdecode(b"caf\xe9\x1b[31m.csv"))
    said.encode("utf-8")
    assert "\x1b" not in said


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped({"a.csv": data})])
def test_packed_tables_are_read_and_those_made_to_fill_a_memory_are_not(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    table = b"practice,people\n" + b"".join(b"P%05d,%d\n" % (row, row * 7919 % 9973) for row in range(2000))
    path = tmp_path / "table.packed"
    path.write_bytes(pack(table))
    assert unpacked(path) == table
    path.write_bytes(pack(bytes(30_000_000)))
    assert "it would unpack to more than" in refused(unpacked, path)
    path.write_bytes(pack(table)[:-20])
    assert "damaged or cut short" in refused(unpacked, path)


def test_an_archive_of_several_tables_names_them(tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    path.write_bytes(zipped({"quin/registered.csv": b"a,b\n1,2\n", "map/map.csv": b"a\n", "__MACOSX/._map.csv": b"x"}))
    said = refused(unpacked, path)
    assert "holds 2 CSV files: quin/registered.csv, map/map.csv; one is needed" in said


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (zipped({"xl/workbook.xml": b"<x/>"}), "workbook", "this is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "old workbook", "Excel before 2007"),
        (b"PAR1abc", "parquet", "this is a Parquet file"),
        (b"%PDF-1.7", "pdf", "this is a PDF"),
        (b"\n<!DOCTYPE html><p>404", "html", "a message about a failed download"),
        (b"version https://git-lfs.github.com/spec/v1", "pointer", "only points to where the file is kept"),
        (b"a\x00b\x00,\x00", "binary", "not a text file"),
    ],
)
def test_another_kind_of_file_is_named_with_what_to_do(data: bytes, kind: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    assert kind_of(data) == kind
    assert says in refused(cells_of, path)


# cells


def test_text_is_text_and_only_an_empty_cell_is_missing() -> None:
    found = cells_in(b"id,x\nNA,null\nNone,nan\n#N/A,\n", "a.csv")
    assert found.rows == [["NA", "null"], ["None", "nan"], ["#N/A", ""]]


def test_what_nobody_sees_around_cells_and_names_is_taken_off() -> None:
    text = "\ufeffpractice\u00a0, people\u200b\r\n\u2060P1 ,\u202f5\t\r\n"
    found = cells_in(text.encode(), "a.csv")
    assert (found.header, found.rows) == (["practice", "people"], [["P1", "5"]])
    assert cells_in(("\ufeff" + text.lstrip("\ufeff")).encode("utf-16-le"), "a.csv").rows == [["P1", "5"]]


def test_rows_have_the_numbers_of_a_spreadsheet_behind_blank_rows_and_line_breaks_in_cells() -> None:
    found = cells_in(b'\npractice,note\n\nP1,"two\nlines"\n,\nP2,x\n\n', "a.csv")
    assert found.numbers == [4, 6]
    assert found.rows[0][1] == "two\nlines"


def test_a_letter_of_another_code_is_told_by_its_row() -> None:
    data = b'practice,note\nP1,"two\nlines"\nP2,caf\xe9\n'
    with pytest.raises(BadInput, match=r"a\.csv: row 3: the letter that may be 'é' is not in UTF-8.*'CSV UTF-8'"):
        cells_in(data, "a.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a;b\n1;2\n", "separated by semicolons"),
        ("a\tb\n1\t2\n", "separated by tabs"),
        ("sep=,\na,b\n1,2\n", "row 1: 'sep=' is not a header"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,b\n1,2,3\n", "row 2: it has more cells than the header has names (2)"),
        ("a,b,\n1,2,3\n", "row 2: it has more cells"),
        ("a,,b\n1,9,3\n", "column 2: it has cells (as in row 2) and no name"),
        ('a,b\n1,"2\n3,4\n', "row 2: a quotation mark is opened and never closed"),
        ('a,b\n1,"2"x\n3,4\n', "row 2: text stands behind a closing quotation mark"),
        ("a,b\n1," + "x" * 20_000 + "\n", "row 2, column 2: it has more than 10,000 letters"),
        ("a,b\n1," + "x" * 200_000 + "\n", "row 2: a cell is far too long"),
        (" ,\n,\n", "nothing in it but blanks"),
    ],
)
def test_a_table_that_is_not_in_shape_is_told(text: str, says: str) -> None:
    with pytest.raises(BadInput) as bad:
        cells_in(text.encode(), "a.csv")
    assert says in str(bad.value)


def test_empty_columns_and_rows_at_the_end_are_left_out() -> None:
    found = cells_in(b"a,b,,\n1,2,,\n3,,\n,,,\n", "a.csv")
    assert (found.header, found.rows) == (["a", "b"], [["1", "2"], ["3", ""]])


# numbers and dates


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234", 1234), ("1,234,567.5", 1234567.5), ("-12", -12), (" 5 ", 5), ("1e3", 1000), (".5", 0.5), ("+7", 7)],
)
def test_numbers_are_read(text: str, number: float) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5,5", "Write 5.5 if that is meant"),
        ("900,5", "Write 900.5 if that is meant"),
        ("0,500", "Write 0.500 if that is meant"),
        ("1.234,5", "Write 1234.5 if that is meant"),
        ("12,34,567", "groups of three figures"),
        ("1.234.567", "a point stands before decimals, once"),
        ("1 234", "blanks between thousands"),
        ("12 %", "leave the sign of per cent out"),
        ("£5", "leave the sign of money out"),
        ("(5)", "with a minus sign, without brackets"),
        ("−3", "write the minus sign as a plain '-'"),
        ("１２", "with the figures 0 to 9"),
        ("1e400", "is not a finite number"),
        ("inf", "is not a finite number"),
        ("9" * 5000, "5,000 letters"),
        *[
            (text, "is not a number")
            for text in ("nan", "1_000", "0x10", "1.2k", "5*", "<5", "", "n/a", "--5", "1e", ".")
        ],
    ],
)
def test_what_is_no_number_is_refused_with_what_is_meant(text: str, says: str) -> None:
    with pytest.raises(NotThat) as error:
        number_in(text)
    assert says in str(error.value)
    assert len(str(error.value)) < 250


@given(st.text(max_size=30))
def test_any_text_is_a_finite_number_or_refused(text: str) -> None:
    with suppress(NotThat):
        assert abs(number_in(text)) < float("inf")


def test_whole_numbers_are_whole() -> None:
    assert whole_in("1,234") == 1234
    for text in ("2.5", "1e300"):
        with pytest.raises(NotThat):
            whole_in(text)


@pytest.mark.parametrize(
    "text",
    ["2025-04-01", "2025-04-01 00:00:00", "2025-04-01T09:30:00Z", "20250401", "01/04/2025", "1/4/2025", "01.04.2025",
     "01-Apr-25", "1 April 2025", "01APR2025", "1st April 2025"],
)  # fmt: skip
def test_days_are_read_as_people_write_them(text: str) -> None:
    assert date_in(text) == date(2025, 4, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("01/04/25", "write the year with four figures"),
        ("01-Apr-87", "write the year with four figures"),
        ("04/13/2025", "there is no month 13"),
        ("31/02/2025", "February 2025 has no day 31"),
        ("9999-12-31", "of the years 1900 to 2100"),
        ("1/4/99999999999", "of the years 1900 to 2100"),
        ("45748", "how a spreadsheet counts days"),
        ("soon", "is not a date"),
        ("", "is not a date"),
        ("２０２５-04-01", "is not a date"),
        ("9" * 5000, "is not a date"),
    ],
)
def test_what_is_no_day_is_refused(text: str, says: str) -> None:
    with pytest.raises(NotThat) as error:
        date_in(text)
    assert says in str(error.value)


@given(st.text(alphabet="0123456789-/.: TAprJun", max_size=25))
def test_any_text_is_a_day_within_two_centuries_or_refused(text: str) -> None:
    with suppress(NotThat):
        assert 1900 <= date_in(text).year <= 2100


# persons


@pytest.mark.parametrize(
    "cell",
    ["9434765919", "943 476 5919", "943-476-5919", "943.476.5919", "94 34 76 59 19", "9434765919.0", "9,434,765,919",
     "943\u00a0476\u00a05919", "943–476–5919", "9.434765919E9", "see 943 476 5919 of May", "９４３４７６５９１９",
     "943/476/5919", "943,476,5919", "(943) 476 5919", "943 : 476 : 5919", "NHS9434765919", "NHS no: 94 34 76 59 19"],
)  # fmt: skip
def test_nhs_numbers_are_found_in_any_column_and_never_told(cell: str) -> None:
    for header, rows in ((["a", "note"], [["x", cell]]), (["a", cell], [["x", "y"]]), (["a"], [["x", cell]])):
        problems = persons_in("a.csv", header, rows)
        assert problems
        assert "NHS numbers" in str(problems[0])
        assert not any(part in str(problem) for problem in problems for part in ("434", "4765", "5919"))


@pytest.mark.parametrize(
    "cell",
    ["2025-04-01 00:00:00", "01/04/2025 12:30", "0.1234567891", "123456.7891", "12345", "A12345678901", "1234567890ab",
     "1 in 10", "07700 900123", "3f9c1234567890de", "NHS, 2025-04-01 10:15", "100/200/300", "C81001, C81002", "12,345,678"],
)  # fmt: skip
def test_dates_decimals_and_codes_are_no_nhs_numbers(cell: str) -> None:
    assert persons_in("a.csv", ["a", "note"], [["x", cell]]) == []


@pytest.mark.parametrize(
    "name",
    ["NHS Number", "nhs_no", "NHSNumber", "patient_nhs_num", "DOB", "date of birth", "D.O.B.", "patient_dob", "Surname",
     "patient_name", "PatientName", "forename", "First Name", "last-name", "name_of_patient", "patient postcode",
     "home_address", "client's name", "pt_name", "PtName"],
)  # fmt: skip
def test_columns_that_name_people_are_found(name: str) -> None:
    assert persons_in("a.csv", ["a", name], [["x", "y"]])


def test_columns_of_practices_are_nothing_personal() -> None:
    header = [
        "practice",
        "practice_name",
        "postcode",
        "network_name",
        "nhs_region",
        "service",
        "day",
        "NHS England region",
    ]
    assert persons_in("a.csv", header, [["P1", "Mill", "AA1 1AA", "River", "North", "mri", "5", "x"]]) == []
    assert persons_in("a.csv", ["patient", "home"], [["1", "AA1 1AA"]])


@pytest.mark.parametrize(
    ("name", "cell", "what"),
    [
        ("name", "John", "names of persons"),
        ("initials", "JS", "names of persons"),
        ("email", "j.smith@example.org", "how they are reached"),
        ("lives", "S1 2AB", "postcodes of persons"),
    ],
)
def test_of_a_table_of_patients_more_is_personal(name: str, cell: str, what: str) -> None:
    assert what in str(persons_in("a.csv", ["patient", name], [["1", cell]])[0])
    assert persons_in("a.csv", ["practice", name], [["P1", cell]]) == []


@pytest.mark.parametrize("name", ["practice_postcode", "Site postcode", "gp_postcode", "provider post code"])
def test_the_postcode_of_a_practice_is_nobodys_home(name: str) -> None:
    assert persons_in("a.csv", ["patient", name], [["1", "S1 2AB"]]) == []


@pytest.mark.parametrize("cells", [["John Smith", "Ann O'Neill"], ["SMITH, John", "JONES, Ann Mary"]])
def test_patients_go_by_numbers_not_by_their_names(cells: list[str]) -> None:
    assert "names of persons" in str(persons_in("a.csv", ["patient", "day"], [[cell, "1"] for cell in cells])[0])


@pytest.mark.parametrize(
    "cells", [["NA", "NB"], ["P 1", "P 2"], ["Patient One", "Patient Two"], ["a1b2", "c3d4"], ["7"]]
)
def test_numbers_and_codes_of_patients_are_no_names(cells: list[str]) -> None:
    assert persons_in("a.csv", ["patient", "day"], [[cell, "1"] for cell in cells]) == []


# TOML and JSON


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = " + "[" * 3000 + "]" * 3000, "within each other more than 50 deep"),
        ("x = " + "[" * 60 + "]" * 60, "within each other more than 50 deep"),
        (".".join(["a"] * 20_000) + " = 1", "row 1: the key has more than 50 parts"),
        ("x = " + "9" * 5000, "a number has thousands of figures"),
        ("[t]\nx = " + "9" * 100, "t.x: a whole number is written that is larger"),
        ("x = 0x" + "F" * 5000, "larger than any that is counted"),
        ("x = 2025-02-31", "not valid TOML"),
        ("x = \n", "not valid TOML"),
    ],
)
def test_hostile_toml_is_refused_in_a_sentence(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    said = refused(toml_in, path)
    assert says in said
    assert len(said) < 500


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "within each other more than 50 deep"),
        ("[" * 60 + "]" * 60, "within each other more than 50 deep"),
        ('{"x": ' + "9" * 5000 + "}", "a number has thousands of figures"),
        ('{"x": ' + "9" * 100 + "}", "x: a whole number is written that is larger"),
        ('{"x": 1, "x": 2}', "'x' stands twice"),
        ("{", "not valid JSON"),
    ],
)
def test_hostile_json_is_refused_in_a_sentence(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert says in refused(json_in, path)


def test_a_number_or_a_day_that_is_none_is_not_told_where_it_may_be_somebodys() -> None:
    for read in (number_in, whole_in, date_in):
        with pytest.raises(NotThat) as fault:
            read("943 476 5919")
        assert "5919" not in str(fault.value)
        assert str(fault.value).startswith("what looks like an NHS number (not shown) is not a")
