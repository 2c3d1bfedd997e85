"""What is told of a planner's figures that cannot be right: once, where it stands, and nothing untrue besides."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from calibration.local_data.planner_files import Form
from tests.helpers.local_targets import SHARE, folder_of, load, told, write
from tests.helpers.shared import DATA

CELLS = [
    ("8%", "'8%' is not a number: leave the sign of per cent out"),
    ("£12", "'£12' is not a number: leave the sign of money out."),
    (
        "<5",
        "'<5' looks like a hidden count: write *, and in 'suppressed_below' from which count on figures are published.",
    ),
    ("1-4", "'1-4' looks like a hidden count"),
    ("c", "'c' looks like a hidden count"),
    ("..", "'..' looks like a hidden count"),
    ("-", "'-' may be nobody, or nothing that was submitted: write 0, or leave it blank."),
    ("–", "'–' may be nobody"),
    ("n/a", "'n/a' is not a number: leave it blank where nothing was submitted, and write 0 for nobody."),
    ("#N/A", "'#N/A' is not a number: leave it blank"),
    ("NULL", "'NULL' is not a number: leave it blank"),
    ("1.2k", "'1.2k' is not a number: write the number alone"),
    ("0x10", "'0x10' is not a number."),
    ("１２", "'１２' is not a number: write it with the figures 0 to 9."),
    ("−3", "'−3' is not a number: write the minus sign as a plain '-'."),
    ("5*", "'5*' is not a number: write the number alone"),
    ("(5)", "'(5)' is not a number: write the number alone"),
    ("nan", "'nan' is not a number"),
    ("inf", "'inf' is not a finite number."),
    ('"5,5"', "'5,5' is not a number: a comma only parts thousands (1,234). Write 5.5 if that is meant."),
    ('"12,34"', "'12,34' is not a number: a comma only parts thousands"),
    ('"1.234,5"', "'1.234,5' is not a number"),
    ('"1,23,456"', "'1,23,456' is not a number"),
    ("9" * 5000, "is not a number: it has 5,000 letters."),
    ("1e400", "'1e400' is not a finite number."),
]


@pytest.mark.parametrize(("cell", "expected"), CELLS, ids=[cell[:8] for cell, _ in CELLS])
def test_a_bad_value_is_told_once_and_not_as_a_missing_row(tmp_path: Path, cell: str, expected: str) -> None:
    """Its month is there: what is wrong is the value. Today's neighbours are good, so that nothing else is wrong."""
    rows = ["referrals,mri,2026-01,,10", f"referrals,mri,2026-02,,{cell},,,,,5", "referrals,mri,2026-03,,12"]
    said = told(write(tmp_path, *rows))
    assert said.startswith("figures.csv: row 3, column value: ")
    assert expected in said
    assert len(said.splitlines()) == 1


def test_groups_of_three_figures_may_be_parted_by_commas(tmp_path: Path) -> None:
    assert load(write(tmp_path, 'referrals,mri,2026-01,,"1,234"')).figures["value"].tolist() == [1234.0]


@pytest.mark.parametrize("bad", ["referrals,mir,2026-02,,3", "referrals,mri,soon,,3", "refferals,mri,2026-02,,3"])
def test_a_row_that_cannot_be_placed_makes_no_month_missing(tmp_path: Path, bad: str) -> None:
    said = told(write(tmp_path, "referrals,mri,2026-01,,10", bad, "referrals,mri,2026-03,,12"))
    assert len(said.splitlines()) == 1
    assert "missing" not in said


def test_a_file_that_cannot_be_read_makes_no_month_missing(tmp_path: Path) -> None:
    write(tmp_path, "referrals,mri,2026-01,,10", "referrals,mri,2026-03,,12", name="a.csv")
    (tmp_path / "b.csv").write_bytes(b"measure,service,from,value\nreferrals,mri,2026-02,caf\xe9\n")
    said = told(tmp_path)
    assert said.startswith("b.csv: row 2: the letter that may be 'é' is not in UTF-8")
    assert len(said.splitlines()) == 1


def test_other_faults_of_a_row_are_told_without_their_echo(tmp_path: Path) -> None:
    """A star without a readable limit is not also told to lack one; blank values beside a fault are not 'every value'."""
    said = told(write(tmp_path, "referrals,mri,2026-01,,*,,,,,few"))
    assert said == "figures.csv: row 2, column suppressed_below: 'few' is not a number."
    said = told(write(tmp_path, 'median_wait,mri,2026-01,,"5,5",weeks,,,1'))
    assert "column value: '5,5' is not a number" in said
    assert len(said.splitlines()) == 1


def test_what_a_broken_about_says_is_not_told_as_absent(tmp_path: Path) -> None:
    """Shares and treatments that stand in a file with a fault are there; of one that is no TOML nothing is known."""
    rows = ["rtt_waiting,spinal_clinic,2025-01,,70,,,,,,back_share"]
    broken = folder_of(tmp_path, 'treatments = ["discectomy"]\ntitel = "x"\n' + SHARE, *rows)
    assert told(broken) == "targets.toml: titel: there is no field 'titel' here. Did you mean 'title'?"
    (tmp_path / "targets.toml").write_text("format = 1\ntitle = ")
    said = told(tmp_path)
    assert said.startswith("targets.toml")
    assert len(said.splitlines()) == 1


def test_utf_16_with_a_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "utf16.csv"
    path.write_bytes("measure,service,from,value\nreferrals,mri,2026-07,10\n".encode("utf-16"))
    assert load(path).figures["value"].tolist() == [10.0]


# parts and wholes

PARTS = [
    (
        ["referrals,mri,2026-07,,10", "referrals,mri,2026-07,,4,,,D00001", "referrals,mri,2026-07,,11,,,D00002"],
        "figures.csv: row 2: 'referrals mri 2026-07' is 10, but what is part of it comes to 11: 'referrals mri D00002' (figures.csv: row 4, 11).",
    ),
    (
        ["referrals,mri,2026-07,,10", "referrals,mri,2026-07,,5,,,D00001", "referrals,mri,2026-07,,6,,,D00002"],
        "but what is part of it comes to 11: 'referrals mri D00002' (figures.csv: row 4, 6) and 'referrals mri D00001' (figures.csv: row 3, 5).",
    ),
    (
        ["referrals,mri + mri_urgent,2026-07,,10", "referrals,mri,2026-07,,14"],
        "figures.csv: row 2: 'referrals mri + mri_urgent 2026-07' is 10, but what is part of it comes to 14: 'referrals mri'",
    ),
    (
        ["referrals,mri,2025/26,,10", "referrals,mri,2025-04,,6,,,D00001", "referrals,mri,2025-05,,6,,,D00001"],
        "'referrals mri 2025/26' is 10, but what is part of it comes to 12",
    ),
    (
        ["visits,mri,2026-07,,10", "first_visits,mri,2026-07,,11"],
        "'visits mri 2026-07' is 10, but what is part of it comes to 11: 'first_visits mri'",
    ),
    (
        ["waiting,mri,2026-07,,5,,0-7 days", "waiting,mri,2026-07,,5,,8+ days", "waiting,mri,2026-07,,11,,,D00001"],
        "'waiting mri 2026-07-31' is 10 in 2 bands, but what is part of it comes to 11",
    ),
    (
        ["median_wait,mri,2026-07,,60,days", "p90_wait,mri,2026-07,,40,days"],
        "figures.csv: row 3: 'p90_wait mri 2026-07' is 40 days, and the lower percentile 'median_wait' (figures.csv: row 2) is 60 days.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), PARTS, ids=[str(at) for at in range(len(PARTS))])
def test_a_sum_that_is_smaller_than_its_part_is_refused(tmp_path: Path, rows: list[str], expected: str) -> None:
    said = told(write(tmp_path, *rows))
    assert expected in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "rows",
    [
        ["referrals,mri,2026-07,,10", "referrals,mri,2026-07,,4,,,D00001", "referrals,mri,2026-07,,6,,,D00002"],
        ["referrals,mri,2026-07,,10,,,,5", "referrals,mri,2026-07,,12,,,D00001"],
        ["referrals,mri,2026-07,,2", "referrals,mri,2026-07,,*,,,D00001,,5", "referrals,mri,2026-07,,*,,,D00002,,5"],
        ["referrals,mri,2026-07,,", "referrals,mri,2026-07,,4,,,D00001"],
        ["referrals,mri,2026-07,,10", "referrals,mri,2026-08,,14,,,D00001"],
        ["median_wait,mri,2026-07,,6,weeks", "p75_wait,mri,2026-07,,40,days"],
    ],
)  # fmt: skip
def test_parts_that_can_be_are_not_told(tmp_path: Path, rows: list[str]) -> None:
    """A rounded 10 may be 12, a hidden count 0, a blank anything; another month is no part; 6 weeks may be 39 days."""
    assert len(load(write(tmp_path, *rows)).figures) == len(rows)


def test_more_seen_than_referred_is_told(tmp_path: Path) -> None:
    rows = ["referrals,mri,2026-07,,10", "first_visits,mri,2026-07,,40"]
    notes = [note for note in load(write(tmp_path, *rows)).notes if note.startswith("More were seen")]
    assert notes[0].startswith(
        "More were seen than referred: first_visits mri comes to 40 and referrals mri to 10 over the same time."
    )


# too much, too far, too much of a person


def test_dates_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    said = told(write(tmp_path, "waiting,mri,2025-01,,10", "waiting,mri,2052-02,,12"))
    assert "the figures run from 2025-01-31 to 2052-02-29 (figures.csv: row 3), over more than 20 years." in said
    assert "'9999-12-31' lies outside of 1990 to 2100." in told(write(tmp_path, "waiting,mri,9999-12-31,,10"))


def test_a_table_of_persons_is_refused_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("measure,service,from,value,nhs_number\nreferrals,mri,2026-07,10,943 476 5919\n")
    said = told(path)
    assert "it looks like NHS numbers" in said
    assert "943" not in said


def test_a_million_rows_are_no_counts(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("measure,service,from,value\n" + "referrals,mri,2026-07,1\n" * 200_001)
    assert "has 200,001 rows, and a table of counts 200,000 at most. Is this one row for each person?" in told(path)


def test_bands_with_endless_numbers_are_no_bands(tmp_path: Path) -> None:
    said = told(write(tmp_path, f"waiting,mri,2026-07,,7,,0-{'9' * 5000} days"))
    assert "is no band. Write 0-7 days" in said


# advice leads somewhere


def test_an_official_file_on_its_own_is_told_how_it_is_named_and_that_works(tmp_path: Path) -> None:
    """The advice is followed to the letter: a folder, an entry with these fields, and the figures are there."""
    head = "SUBMITTER_NAME,REPORTING_PERIOD,PROVIDER_ORG_CODE,DIAGNOSTIC_ID,DIAGNOSTIC_TEST_NAME,00<01w,01<02w,Total Waiting List"
    path = write(tmp_path, "X,DM01-JULY-2025,RX0,1,MRI,5,6,11", head=head, name="dm01.csv")
    said = told(path)
    for word in ('file = "dm01.csv"', 'form = "monthly_diagnostics"', "codes =", "service =", "modality ="):
        assert word in said
    assert "nothing says what is read" not in said
    official = '[[official]]\nfile = "dm01.csv"\nform = "monthly_diagnostics"\ncodes = ["RX0"]\nservice = "mri"\nmodality = "MRI"\n'
    figures = load(folder_of(tmp_path, official)).figures
    assert figures["value"].tolist() == [5.0, 6.0]
    assert figures["series"].tolist() == ["waiting mri"] * 2
    assert [(str(day), low, high) for day, low, high in figures[["to_date", "band_low", "band_high"]].to_numpy()] == [
        ("2025-07-31", 0, 6.0),
        ("2025-07-31", 7, 13.0),
    ]


@pytest.mark.skipif(not DATA.exists(), reason="the official files are not beside the project (../shared/data)")
def test_every_file_that_is_told_to_be_named_has_a_form() -> None:
    """Of all published files here: those of which a form is told are read by one, the others are not said to be."""
    for path in sorted(DATA.glob("*")):
        if path.suffix in (".md", ".csv") or not path.is_file():
            continue
        said = told(path)
        if "Name it in targets.toml" in said:
            assert any(f'form = "{form}"' in said for form in Form.__args__), path.name
        else:
            assert "No form is known of such a file." in said, path.name
    assert 'form = "monthly_diagnostics"' in told(DATA / "dm01_provider_2025-07.xls")
    assert "No form is known" in told(DATA / "gp-reg-pat-prac-map_2026-07.zip")


def test_the_template_in_a_workbook_is_told_to_be_saved_as_csv(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["measure", "service", "from", "value"], ["referrals", "mri", "2026-07", 10]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(tmp_path / "figures.xlsx")
    assert "It looks like the template in another kind of file. Save it as CSV UTF-8" in told(tmp_path / "figures.xlsx")


def test_a_file_beside_targets_toml_says_that_it_is_not_read(tmp_path: Path) -> None:
    folder_of(tmp_path, 'region = "elsewhere"', "referrals,mri,2026-07,,10")
    notes = load(tmp_path / "figures.csv").notes
    assert "targets.toml beside figures.csv is not read: give the folder where it should be." in notes


def test_a_rounding_step_that_is_next_to_nothing_is_refused(tmp_path: Path) -> None:
    said = told(write(tmp_path, "median_wait,mri,2026-01,,40,days,,,1e-320"))
    assert said == "figures.csv: row 2, column rounded_to: '1e-320' is below 0.001."


def test_a_thousand_without_quotation_marks_is_told_as_one(tmp_path: Path) -> None:
    """It was told as a unit called '234'."""
    said = told(write(tmp_path, "referrals,mri,2026-01,,1,234", "referrals,mri,2026-02,,900"))
    assert said == (
        "figures.csv: row 2, column value: '1,234' has a comma, and stands in two columns: write 1234, or put it in "
        "quotation marks."
    )


def test_names_in_capitals_are_told_with_the_name_that_is_meant(tmp_path: Path) -> None:
    said = told(write(tmp_path, "Referrals,MRI,2026-01,,10"))
    assert "Did you mean 'referrals'?" in said
    assert "there is no service 'MRI'. Did you mean 'mri'?" in said


def test_a_figure_of_a_year_to_come_is_a_slip(tmp_path: Path) -> None:
    """A single month of 2099 was a target, without a word."""
    said = told(write(tmp_path, "referrals,mri,2099-07,,10"))
    assert said.startswith(
        "figures.csv: row 2: the figure of 2099-07-01 is more than 5 years after the region's first day"
    )
    assert load(write(tmp_path, "referrals,mri,2026-07,,10")).figures["value"].tolist() == [10.0]
