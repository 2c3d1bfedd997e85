"""The file of practices: what is accepted, and that everything wrong is told at once by the rows of a spreadsheet."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes.practices.practice_variation import practice_variation
from outcomes.table_rules import BadTable
from pathways import BadInput
from tests.helpers.typed import backpath
from ui.reports.variation import bad_input, read_variation_file

HEADER = "practice,count,population\n"
NHS_NUMBER = "943 476 5919"
"""The example number that the NHS prints in its own guides."""


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Reads a text or bytes as the file south.csv."""

    def from_text(text: str | bytes, **asked: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        path = tmp_path / "south.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_variation_file(path, **asked)

    return from_text


@pytest.fixture
def refused(read: Any) -> Any:
    """What is said about a file that cannot be used."""

    def problems(text: str | bytes, **asked: Any) -> list[str]:
        with pytest.raises(BadInput) as caught:
            read(text, **asked)
        return [str(problem) for problem in caught.value.problems]

    return problems


# what is accepted


def test_a_plain_file_becomes_events_and_population(read: Any) -> None:
    events, population = read(HEADER + "A81001,45,12345\nA81002,0,2345\n")
    assert events.to_dict("list") == {"practice": ["A81001", "A81002"], "count": [45, 0]}
    assert population.to_dict("list") == {"practice": ["A81001", "A81002"], "n": [12345, 2345]}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_line_ends_commas_and_empty_last_rows_do_not_matter(read: Any, mark: str, end: str) -> None:
    rows = ["practice_code,list_size,mri_referrals,notes", 'A81001,"12,345",45,x', " A81002 , 2345 ,0,", ",,,", ""]
    events, population = read(mark + end.join(rows))
    assert events["practice"].tolist() == ["A81001", "A81002"]
    assert events["count"].tolist() == [45, 0]
    assert population["n"].tolist() == [12345, 2345]


def test_bands_period_and_deprivation_come_along(read: Any) -> None:
    events, population = read(
        "practice,sex,age_band,events,population,imd_decile,period_start,period_end\n"
        "A,female,65+,3,500,2,01/04/2024,2025-03-31\nA,male,65+,4,400,,2024-04-01,31-Mar-2025\n"
    )
    assert events.columns.tolist() == ["practice", "sex", "ageband", "count", "period_start", "period_end"]
    assert set(events["period_start"]) == {date(2024, 4, 1)}
    assert set(events["period_end"]) == {date(2025, 3, 31)}
    assert population["ageband"].tolist() == ["65+", "65+"]
    assert population["imd_decile"].tolist()[0] == 2
    assert practice_variation(events, population).table["observed"].tolist() == [7]


def test_the_column_to_count_can_be_named(read: Any, refused: Any) -> None:
    text = "practice,mri_referrals,injections,population\nA,5,7,900\n"
    assert read(text, count="injections")[0]["count"].tolist() == [7]
    assert refused(text) == [
        "south.csv: there are several columns of events: mri_referrals, injections. Name the one to count."
    ]
    assert refused(text, count="mri_referals") == [
        "south.csv: there is no column 'mri_referals' to count. Did you mean 'mri_referrals'?"
    ]
    assert read("practice,injections,count,population\nA,5,7,900\n")[0]["count"].tolist() == [7]


def test_a_blank_count_is_zero_only_where_the_caller_says_so(read: Any, refused: Any) -> None:
    text = HEADER + "A,,900\nB,4,900\n"
    assert refused(text) == ["south.csv: row 2, column count: is blank; write 0 if none."]
    assert read(text, fill_missing=0)[0]["count"].tolist() == [0, 4]


# what is refused


def test_everything_wrong_is_told_at_once_by_the_rows_of_a_spreadsheet(refused: Any) -> None:
    said = refused(HEADER + 'A,,0\nB,*,500\n"B",x,-3\n\n,4,10.5\nC,<5,1\nA,3,5\n')
    assert said == [
        "south.csv: row 6, column practice: is blank.",
        "south.csv: row 3, column count: '*' stands for a small number that was hidden: it cannot be counted. "
        "Ask for the number, or leave the practice out.",
        "south.csv: row 7, column count: '<5' stands for a small number that was hidden: it cannot be counted. "
        "Ask for the number, or leave the practice out.",
        "south.csv: row 2, column count: is blank; write 0 if none.",
        "south.csv: row 4, column count: 'x' is not a number.",
        "south.csv: row 4, column population: '-3' is negative.",
        "south.csv: row 6, column population: '10.5' is not a whole number.",
    ]


def test_practices_that_stand_twice_and_lists_of_nobody_are_refused(refused: Any) -> None:
    said = refused("practice,sex,count,list_size\nA,female,1,500\nA,male,1,0\nA,female,2,500\n")
    assert said == [
        "south.csv: count, list_size: row 3: 1, 0; events among nobody; correct one of the two.",
        "south.csv: practice, sex: row 4: 'A', 'female'; each practice, sex and age band may stand once only.",
    ]


def test_hidden_numbers_are_an_error_even_where_blanks_are_zero(refused: Any) -> None:
    said = refused(HEADER + "".join(f"P{place},*,500\n" for place in range(7)), fill_missing=0)
    assert len(said) == 6
    assert said[-1] == "south.csv: column count: 2 more cells hold hidden numbers."


def test_periods_must_be_dates_in_order_and_the_same(refused: Any) -> None:
    header = "practice,count,population,period_start,period_end\n"
    assert refused(header + "A,1,10,2024-04-01,2023-04-01\nB,1,10,2023-04-01,soon\n") == [
        "south.csv: row 3, column period_end: 'soon' is not a date. Write it like 2025-04-01 or 01/04/2025.",
        "south.csv: period_start, period_end: row 2: '2024-04-01', '2023-04-01'; a period ends after it starts.",
        "south.csv: period_start: row 3: '2023-04-01'; "
        "all rows need the same period: rates over different times do not compare.",
    ]


def test_columns_that_are_missing_twice_or_double_are_named(refused: Any) -> None:
    assert refused("code,list\nA,3\n") == [
        "south.csv: there is no column for the practice: practice_code or practice. The file has: code, list.",
        "south.csv: there is no column of events. Call it 'count', or name it. The file has: code, list.",
        "south.csv: there is no column for its people: population or list_size or n. The file has: code, list.",
    ]
    assert refused("practice,practice_code,count,population\nA,A,1,5\n") == [
        "south.csv: the columns practice, practice_code stand for the same. Keep one."
    ]
    assert refused("practice,count,count,population\nA,1,1,5\n") == [
        "south.csv: row 1: two columns are called 'count'. Remove one."
    ]


def test_numbers_with_commas_need_quotes(refused: Any) -> None:
    assert refused(HEADER + "A,4,12,345\n") == [
        "south.csv: row 2: it has more cells than the header has names (3). "
        "A number or a name with a comma needs quotation marks."
    ]


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("nhs_number", "", "NHS numbers"),
        ("NHS No", "", "NHS numbers"),
        ("id", NHS_NUMBER, "NHS numbers"),
        ("id", NHS_NUMBER.replace(" ", ""), "NHS numbers"),
        ("id", NHS_NUMBER.replace(" ", "-"), "NHS numbers"),
        ("dob", "", "dates of birth"),
        ("Date of birth", "1960-02-03", "dates of birth"),
    ],
)
def test_columns_that_tell_who_somebody_is_are_refused_before_anything_is_shown(
    refused: Any, column: str, cell: str, what: str
) -> None:
    """Nothing else of the file is said, and no cell of that column."""
    said = refused(f"practice,count,population,{column}\nA,bad,900,{cell}\nB,4,900,{cell}\n")
    assert said == [
        f"south.csv: column 4 ('{column}'): it looks like {what}. "
        "Remove it and give the file again; nothing of it was kept or shown."
    ]


def test_numbers_of_people_outside_named_columns_are_not_shown_either(refused: Any) -> None:
    assert refused(f"{NHS_NUMBER},count\nA,3\n") == [
        "south.csv: column 1: it looks like NHS numbers. Remove it and give the file again; nothing of it was kept or shown."
    ]
    [said] = refused(HEADER + f"A,3,900,{NHS_NUMBER}\n")
    assert "it has more cells than the header has names" in said
    assert "5919" not in said


@pytest.mark.parametrize("column", ["nhs_nottingham", "dobson_rate", "phone_count"])
def test_columns_that_only_sound_like_it_are_left_alone(read: Any, column: str) -> None:
    assert len(read(f"practice,count,population,{column}\nA,3,900,2024-04-01\n")[0]) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty. Is it whole?"),
        (HEADER.encode(), "there are no rows of data. Give a header and one row for each practice."),
        (
            HEADER.encode() + b"Se\xf1or,3,4\n",
            "row 2: the letter that may be '\xf1' is not in UTF-8: the file was saved in another code. Save it as 'CSV UTF-8'.",
        ),
        (
            b"practice;count;population\nA;3;4\n",
            "its cells are separated by semicolons, not by commas. Save it as 'CSV UTF-8'.",
        ),
        (b"practice\tcount\nA\t3\n", "its cells are separated by tabs, not by commas. Save it as 'CSV UTF-8'."),
    ],
)
def test_what_is_no_csv_file_is_named(refused: Any, data: bytes, says: str) -> None:
    assert refused(data) == [f"south.csv: {says}"]


def test_files_that_are_not_there_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.csv: there is no such file\."):
        read_variation_file(tmp_path / "none.csv")
    with pytest.raises(BadInput, match=r": this is a folder; a file is needed\."):
        read_variation_file(tmp_path)


def test_problems_of_tables_become_problems_of_the_file() -> None:
    made = bad_input(
        BadTable(["population: n: row 2: 0; a number above 0 is needed", "events: there are none"]), "south.csv"
    )
    assert str(made) == (
        "south.csv: population: n: row 2: 0; a number above 0 is needed.\nsouth.csv: events: there are none."
    )


# rows that are no practices

PLAIN = "A81001,30,900\nA81002,40,9000\nA81003,160,12000\nA81004,20,5000\n"


@pytest.mark.parametrize(
    ("row", "level"),
    [
        ("E92000001,396000,50270000", "nation"),
        ("england,396000,50270000", "nation"),
        ("E54000026,3000,610000", "integrated care board"),
        ("QJG,3000,610000", "integrated care board"),
        ("E38000117,900,110000", "sub-ICB location"),
        ("06L,900,110000", "sub-ICB location"),
        ("D9Y0V,900,110000", "sub-ICB location"),
        ("U12345,260,30000", "network"),
        ("Bay Primary Care Network,260,30000", "network"),
        ("E40000007,9000,1610000", "region"),
        ("NHS South East,9000,1610000", "region"),
        ("E05001234,9,1600", "area"),
        ("V81999,9,1600", "practice that is not known"),
        ("Unknown,9,1600", "practice that is not known"),
        ("-,9,1600", "practice that is not known"),
        ("No registered GP practice,9,1600", "practice that is not known"),
    ],
)
def test_rows_of_other_levels_are_told_and_left_out(read: Any, row: str, level: str) -> None:
    """England counted as a practice: the fold, the funnel and every rate were of it."""
    events, population = read(HEADER + PLAIN + row + "\n")
    assert events["practice"].tolist() == population["practice"].tolist() == ["A81001", "A81002", "A81003", "A81004"]
    assert events.attrs["notes"] == [f"Left out, being no practice: {row.split(',')[0]} ({level}, row 6)."]


def test_networks_among_themselves_are_compared_and_names_without_codes_are_left_alone(read: Any) -> None:
    for names in (
        ["U12345", "U12346", "U12347"],
        ["Q01", "P02", "Y03"],
        ["London Road", "England Lane", "Regional House"],
    ):
        events, _ = read(HEADER + "".join(f"{name},{10 + k * k},{900 + 70 * k * k}\n" for k, name in enumerate(names)))
        assert events["practice"].tolist() == names
        assert events.attrs["notes"] == []


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("label", ["Others", "A99999", "Bay"])
def test_a_row_that_is_the_sum_of_all_others_is_a_total_whatever_it_is_called(
    read: Any, place: int, label: str
) -> None:
    rows = PLAIN.splitlines()
    rows.insert(place, f"{label},250,26900")
    events, _ = read(HEADER + "\n".join(rows))
    assert label not in events["practice"].tolist()
    assert len(events) == 4
    assert events.attrs["notes"] == [f"Left out, being the sum of all others: {label} (row {place + 2})."]


def test_sums_of_areas_and_their_sum_are_all_left_out_in_any_order(read: Any) -> None:
    """By the column that says which area a practice is in; the sum of the sums goes as well."""
    rows = [
        "X9,300,31400,",
        "A81001,30,900,North",
        "A81005,50,4500,South",
        "N1,190,12900,North",
        "A81003,160,12000,North",
    ]
    rows += ["S1,110,18500,South", "A81002,40,9000,South", "A81004,20,5000,South"]
    events, _ = read("practice,count,population,area\n" + "\n".join(rows))
    assert sorted(events["practice"]) == ["A81001", "A81002", "A81003", "A81004", "A81005"]
    assert [note.split(":")[0] for note in events.attrs["notes"]] == [
        "Left out, being the sum of those of area 'North'",
        "Left out, being the sum of those of area 'South'",
        "Left out, being the sum of all others",
    ]


def test_a_subtotal_below_or_above_its_rows_is_found(read: Any) -> None:
    events, _ = read(
        HEADER + "Bay,230,21900\n" + PLAIN.replace("A81004,20,5000\n", "") + "A81004,20,5000\nA81005,7,811\n"
    )
    assert events.attrs["notes"] == ["Left out, being the sum of rows below it: Bay (row 2)."]


def test_practices_that_are_no_sum_are_all_kept(read: Any) -> None:
    """Round numbers add up by chance: each practice in its turn is that much larger."""
    events, _ = read(HEADER + "".join(f"A8{k:04d},{10 * k},{1000 * k}\n" for k in range(1, 12)))
    assert len(events) == 11
    assert events.attrs["notes"] == []


def test_a_band_that_is_the_sum_of_the_others_is_left_out(read: Any) -> None:
    """A row for women, one for men, one for both: everybody counted twice."""
    rows = [
        f"A8000{k},{sex},{4 + k + 3 * s},{800 + 10 * k}" for k in range(3) for s, sex in enumerate(("female", "male"))
    ]
    rows += [f"A8000{k},persons,{11 + 2 * k},{1600 + 20 * k}" for k in range(3)]
    events, population = read("practice,sex,count,population\n" + "\n".join(rows))
    assert set(events["sex"]) == {"female", "male"}
    assert population["n"].sum() == 2 * (800 + 810 + 820)
    assert events.attrs["notes"] == ["Left out, being the sum of all others: sex 'persons'."]


STRATA = "practice_code,sex,ageband,count,population\n" + "".join(
    f"A8100{k},{sex},{age},{7 + k + 5 * a},{400 + 31 * k + 7 * a}\n"
    for k in range(1, 5)
    for sex in ("female", "male")
    for a, age in enumerate(("20-24", "50-54", "85-89"))
)


def test_strata_of_nobody_add_nothing_whether_written_or_left_out(tmp_path: Path) -> None:
    """A row of 0 people and 0 events was refused; without it the file was refused again."""
    told = []
    for name, row in (("written", "A81001,male,85-89,0,0\n"), ("left_out", "")):
        file = tmp_path / f"{name}.csv"
        file.write_text(STRATA.replace("A81001,male,85-89,18,445\n", row))
        done = backpath("variation", file, "--json", "--disclosure", "none")
        assert done.code == 0, done.err
        told.append(json.loads(done.out))
    assert told[0]["notes"] == []
    assert told[1]["notes"] == ["Taken as nobody, having no row: A81001 (male, 85-89)."]
    assert told[0]["practices"] == told[1]["practices"]
    assert told[0]["practices"][0]["population"] == sum(400 + 31 + 7 * a for a in (0, 0, 1, 1, 2))


def test_events_among_nobody_are_an_error(refused: Any) -> None:
    assert refused(STRATA.replace("A81001,male,85-89,18,445\n", "A81001,male,85-89,3,0\n")) == [
        "south.csv: count, population: row 7: 3, 0; events among nobody; correct one of the two."
    ]


def test_a_practice_of_nobody_is_told_and_left_out(read: Any) -> None:
    events, _ = read(HEADER + PLAIN + "A81009,0,0\n")
    assert events.attrs["notes"] == ["Left out, having neither people nor events: A81009."]
    assert len(events) == 4


def test_a_file_of_nobody_is_refused(refused: Any) -> None:
    assert refused(HEADER + "A81001,0,0\n") == [
        "south.csv: no practice has any people: column population holds 0 only."
    ]


def test_a_comma_is_a_mark_of_thousands_only(read: Any, refused: Any) -> None:
    """'900,5' was read as 9,005 people."""
    assert refused(HEADER + 'A81001,30,"900,5"\nA81002,"1,0",9000\n') == [
        "south.csv: row 3, column count: '1,0' is not a number: a comma only parts thousands (1,234). Write 1.0 if that is meant.",
        "south.csv: row 2, column population: '900,5' is not a number: a comma only parts thousands (1,234). "
        "Write 900.5 if that is meant.",
    ]
    assert read(HEADER + 'A81001,30,"9,000"\n')[1]["n"].tolist() == [9000]


def test_one_practice_in_two_spellings_stands_twice(refused: Any) -> None:
    [said] = refused(HEADER + "A81001,30,900\na81001,31,905\n")
    assert said == "south.csv: practice: row 3: 'a81001'; each practice, sex and age band may stand once only."


def test_more_events_than_people_are_told_to_the_one_who_gave_them(tmp_path: Path) -> None:
    """Not in what is published: it would tell that a rounded count is above a number."""
    file = tmp_path / "south.csv"
    file.write_text(HEADER + PLAIN.replace("30,900", "930,900"))
    done = backpath("variation", file)
    assert (
        "Warning: More events than people: A81001. Where each person counts once, one of the two is wrong." in done.err
    )
    assert "More events" not in done.out


@pytest.mark.parametrize("decile", ["0", "11", "23.4"])
def test_a_decile_is_a_whole_number_from_1_to_10(refused: Any, decile: str) -> None:
    [said] = refused(f"practice,count,population,imd_decile\nA,3,900,{decile}\n")
    assert said.startswith(f"south.csv: row 2, column imd_decile: '{decile}' is ")


def test_names_of_practices_are_no_formulas_and_no_page(tmp_path: Path) -> None:
    file, out = tmp_path / "south.csv", tmp_path / "out"
    file.write_text(HEADER + "=1+1,30,900\n<b>Bay</b>,40,9000\n@x,60,7000\n")
    assert backpath("variation", file, "--out", out).code == 0
    assert "\n'=1+1," in (out / "practices.csv").read_text()
    assert "\n'@x," in backpath("variation", file, "--csv").out
    page = (out / "variation.html").read_text()
    assert "<b>Bay" not in page
    assert "&lt;b&gt;Bay" in page


CELL = st.text(st.sampled_from('A1*<,." \n\r;-é0'), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=80), st.lists(CELL, max_size=12).map(lambda cells: (HEADER + ",".join(cells)).encode())
    )
)
def test_whatever_the_file_holds_it_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    try:
        events, population = read_variation_file(path)
    except BadInput:
        return
    assert len(events) == len(population) > 0
    assert (population["n"] > 0).all()


# the command


def practices(folder: Path, counts: list[int], **more: list[object]) -> Path:
    """A file of practices of 1,000, 2,000, … people."""
    table = pd.DataFrame({"practice_code": [f"A8{k:04d}" for k in range(len(counts))], "count": counts})
    table["population"] = [1000 * (k + 1) for k in range(len(counts))]
    path = folder / "practices.csv"
    table.assign(**more).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("policy", ["hes2018", "lt5"])
def test_V74_nothing_that_is_exported_tells_hidden_counts_apart(tmp_path: Path, policy: str) -> None:
    """Two files that differ in one hidden count give the same table, chart data, and JSON of practices, byte for byte."""
    exported = []
    for hidden in (2, 4):
        folder = tmp_path / f"{hidden}"
        folder.mkdir()
        file = practices(folder, [hidden, 40, 61, 83, 104, 120, 139, 161, 180, 202, 220])
        out = folder / "out"
        done = backpath("variation", file, "--disclosure", policy, "--out", out)
        assert done.code == 0, done.err
        told = json.loads((out / "variation.json").read_text())
        assert told["practices"][0]["observed"] == "*"
        assert told["rate"] is None
        assert told["variation"]["observed"] == told["variation"]["expected"] == "*"
        table = pd.read_csv(out / "practices.csv", dtype=str)
        exported.append((table.to_csv(), told["practices"], (out / "funnel.vl.json").read_text()))
    assert exported[0] == exported[1]


def test_crude_rates_are_of_the_counts_shown(tmp_path: Path) -> None:
    """41 is shown as 40: neither its rate, its ratio nor their limits tell that it was 41."""
    file = practices(tmp_path, [20, 41, 60, 80, 100, 120, 140, 160, 180, 200])
    done = backpath("variation", file, "--csv")
    row = pd.read_csv(io.StringIO(done.out)).set_index("practice").loc["A80001"]
    assert row["observed"] == 40
    assert row["rate"] == pytest.approx(1000 * 40 / 2000)
    assert row["ratio"] * row["expected"] == pytest.approx(40)


def test_what_leaves_says_how_small_numbers_were_treated(tmp_path: Path) -> None:
    file = practices(tmp_path, [3, 41, 60, 80])
    out = tmp_path / "out"
    done = backpath("variation", file, "--what", "MRI scans", "--out", out)
    assert done.code == 0
    assert "Counts of 1 to 7 people are shown as *" in done.out
    assert "Counts of 1 to 7 people are shown as *" in (out / "variation.html").read_text()
    assert "Counts of 1 to 7 people" in json.loads((out / "variation.json").read_text())["disclosure"]
    assert "Counts of 1 to 7 people" in json.loads((out / "funnel.vl.json").read_text())["usermeta"]["disclosure"]
    made_up = backpath("variation", file, "--disclosure", "none")
    assert "SYNTHETIC DATA" in made_up.out


def test_no_total_leaves_beside_a_hidden_count(tmp_path: Path) -> None:
    told = json.loads(backpath("variation", practices(tmp_path, [3, 41, 60, 80]), "--json").out)
    assert told["rate"] is None
    assert told["variation"]["max_min"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--disclosure", "hes"], "there is no disclosure policy 'hes'"),
        (["--count", "scans"], "scans"),
        (["--json", "--csv"], "choose one of the two"),
    ],
)
def test_a_variation_that_cannot_be_told_says_why(tmp_path: Path, words: list[str], says: str) -> None:
    done = backpath("variation", practices(tmp_path, [30, 41, 60]), *words)
    assert done.code == 2
    assert says in done.err


def test_figures_of_all_counts_together_are_told_to_two_figures(tmp_path: Path) -> None:
    told = json.loads(
        backpath("variation", practices(tmp_path, [3, 40, 61, 83, 104, 120, 139, 161, 180, 202, 218]), "--json").out
    )
    for value in (
        told["variation"]["chi_square"],
        told["variation"]["scv"],
        told["funnel"]["phi"],
        told["funnel"]["tau2"],
    ):
        assert float(f"{value:.2g}") == value


def test_a_total_is_no_practice(tmp_path: Path) -> None:
    file = tmp_path / "total.csv"
    file.write_text("practice_code,count,population\nA1,12,1000\nA2,22,1000\nTotal,34,2000\n")
    done = backpath("variation", file)
    assert done.code == 2
    assert "row 4: 'Total'; a total is no practice; leave the row out" in " ".join(done.err.split())


def test_a_row_that_is_two_others_together_does_not_tell_the_fewer_of_them(read: Any) -> None:
    """Of 3, 40 and 43 events the 3 were hidden under `lt5`, and 43 and 40 shown: list sizes say that the third is the sum."""
    rows = "A81001,3,3200\nA81003,29,3600\nA81010,43,6600\nA81002,40,3400\nA81004,33,3600\n"
    events, _ = read(HEADER + rows)
    assert events["practice"].tolist() == ["A81001", "A81003", "A81002", "A81004"]
    assert events.attrs["notes"] == ["Left out, being the sum of two others: A81010 (row 4)."]
    events, _ = read(HEADER + rows.replace(",43,", ",44,"))
    assert events.attrs["notes"] == []


def test_of_bands_too_the_sum_of_two_is_left_out(read: Any) -> None:
    rows = [f"A8100{k},{sex},{count},{n}" for k, of in enumerate(((2, 5, 900, 800), (30, 20, 950, 870), (40, 9, 700, 910), (32, 25, 1850, 1670)), 1)
            for sex, count, n in (("f", of[0], of[2]), ("m", of[1], of[3]))]  # fmt: skip
    events, _ = read("practice_code,sex,count,population\n" + "\n".join(rows) + "\n")
    assert events.attrs["notes"] == ["Left out, being the sum of two others: A81004 (rows 8 to 9)."]
