"""Official files and region folders that went wrong in the field: nobody is lost, and nothing is misread, without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pathways import BadInput, load_pathway, load_region
from pathways.load import LIBRARY
from pathways.official.places import read_deprivation, read_map
from pathways.official.practices import read_registered
from pathways.official.selection import PRACTICE, codes_of
from sim.experiments.stability import offered_loads, open_sentences
from tests.helpers.official import HEAD, MAP_HEAD, MAP_ROWS, ROWS, SCORES, Files, message, row
from tests.helpers.refusals import new_region, refused
from tests.helpers.typed import backpath
from ui.command_line import spread_lists
from ui.inputs.checking import check_path

BOARD_HEAD = f"{MAP_HEAD},ICB_CODE,ICB_NAME"
BOARD_ROWS = [
    "G,01Jul2026,A1,HIGH STREET SURGERY,N,U1,ONE PCN,E1,02Y,NHS Humber & York ICB - 02Y,QOQ,NHS Humber and York ICB",
    "G,01Jul2026,A2,HIGH STREET SURGERY,N,U,,E1,03F,NHS Humber & York ICB - 03F,QOQ,NHS Humber and York ICB",
    'G,01Jul2026,A3,"CANAL, THE",N,U2,TWO PCN,E2,06T,NHS Essex ICB - 06T,QJG,NHS Essex ICB',
]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Good files, with integrated care boards."""
    made = Files(tmp_path)
    made.map = made.write("map.csv", [BOARD_HEAD, *BOARD_ROWS])
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration area that may be spoilt."""
    return Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "south"))


def problems_of(folder: Path) -> str:
    """What loading a region says is wrong with it."""
    with pytest.raises(BadInput) as bad:
        load_region(folder)
    return str(bad.value)


# the register and the map are of different months


def test_whom_the_map_and_the_register_do_not_have_in_common_is_named_and_counted(files: Files) -> None:
    old = "G,01Jan2022,A1,ABBEY,N,U1,ONE PCN,E1,52R,NHS X", "G,01Jan2022,A8,CLOSED SURGERY,N,U1,ONE PCN,E1,52R,NHS X"
    files.map = files.write("old.csv", [MAP_HEAD, *old])
    said = files.build(areas=("52R",)).about.warnings
    assert said == [
        "The map is of January 2022, and the register of July 2026: practices have opened, closed, merged and moved between "
        "the two. Use the map that was published with the register.",
        "1 chosen practice is on the map with nobody registered in July 2026, left out: A8 CLOSED SURGERY.",
        "2 registered practices are with 170 people not on the map; in which area they are is not known, and they are left "
        "out: A2 (100), A3 (70).",
    ]
    seen = new_region(files, "--sub-icb", "52R")
    assert seen.code == 0
    assert all(f"Warning: {sentence}" in seen.err for sentence in said)
    assert load_region(files.folder / "out").about.warnings == said


def test_files_that_fit_each_other_are_built_without_a_warning(files: Files) -> None:
    assert files.build().about.warnings == []


def test_rows_of_several_months_in_one_file_are_refused(files: Files) -> None:
    """A file with two extracts one below the other counted everyone twice, or told of a practice that stands twice."""
    later = row("A4", "MALE", "40_44", 9).replace("2026-07-01", "2026-08-01")
    files.registered = files.write("two.csv", [HEAD, *ROWS, later])
    files.map = files.write("two_maps.csv", [MAP_HEAD, MAP_ROWS[0], MAP_ROWS[1].replace("01Jul2026", "01Aug2026")])
    with pytest.raises(BadInput) as bad:
        files.build()
    assert (
        "two.csv: column EXTRACT_DATE: the rows are of several days (2026-07-01, and 2026-08-01 in row 12)"
        in message(bad)
    )
    assert "two_maps.csv: column EXTRACT_DATE: the rows are of several days" in message(bad)


# codes and kinds


def test_blanks_and_small_letters_of_codes_lose_nobody(files: Files) -> None:
    blanks = [line.replace(",A2,", ",a2\u00a0,").replace(",52R,", ",52r ,") for line in MAP_ROWS]
    files.map = files.write("map.csv", [MAP_HEAD.replace("PCN_CODE", " PCN_CODE "), *blanks])
    files.registered = files.write("registered.csv", [HEAD, *(line.replace(",A1,", ", a1 ,") for line in ROWS)])
    region = files.build(areas=("52R",))
    assert (region.codes, region.population) == (("A1", "A2"), 260)


def test_commas_at_the_end_of_rows_move_no_cell(files: Files) -> None:
    files.map = files.write("map.csv", [MAP_HEAD, *(f"{line},," for line in MAP_ROWS)])
    assert files.build(areas=("52R",)).names == ("ABBEY, THE", "BECK")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [row("A1", "ALL", "ALL", 149)],
            "row 2: the practice 'A1' has 149 people in all, and its age bands add to 150.",
        ),
        (
            [row("A1", "FEMALE", "ALL", 89)],
            "row 2: the practice 'A1' has 89 female people in all, and its age bands add to 90.",
        ),
        ([row("A1", "F", "40_44", 5)], "row 2: the sex 'F' is not known. There are: FEMALE, MALE, ALL."),
        ([row("", "MALE", "40_44", 5)], "row 2: there is no code of a practice."),
        ([row("A1", "MALE", "40_44", '"1,2"')], "row 2, column NUMBER_OF_PATIENTS: '1,2' is not a number"),
    ],
)
def test_impossible_rows_of_the_register_are_told(files: Files, rows: list[str], says: str) -> None:
    good = [row("A1", "FEMALE", "40_44", 90), row("A1", "MALE", "0_4", 60)]
    path = files.write("bad.csv", [HEAD, *rows, *good])
    with pytest.raises(BadInput) as bad:
        read_registered(path)
    assert f"bad.csv: {says}" in message(bad)


def test_a_practice_with_a_total_and_no_ages_is_not_taken_for_empty(files: Files) -> None:
    files.registered = files.write("bad.csv", [HEAD, *ROWS[:-1], row("A3", "ALL", "ALL", 4000)])
    with pytest.raises(
        BadInput, match=r"bad.csv: there is a total and no age of the people of A3. Download the file again."
    ):
        files.build()
    assert files.build(practices=("A1", "A2")).population == 260


def test_a_register_without_the_rows_of_a_sex_is_cut_short(files: Files) -> None:
    """Half of all people were lost, and it was told among what is assumed."""
    rows = [row("A1", "ALL", "ALL", 200), row("A1", "FEMALE", "40_44", 100)]
    rows += [row("A2", "ALL", "ALL", 100), row("A2", "FEMALE", "40_44", 50)]
    files.registered = files.write("cut.csv", [HEAD, *rows])
    with pytest.raises(BadInput) as bad:
        files.build(practices=("A1", "A2"))
    says = (
        "cut.csv: 150 of the 300 people of the chosen practices stand in no row of a sex and an age: rows are lacking."
    )
    assert says in message(bad)


def test_a_day_of_the_map_that_is_none_is_told_with_its_row(files: Files) -> None:
    good = Path(files.map).read_text()
    lines = good.splitlines()
    lines[2] = lines[2].replace(lines[2].split(",")[1], "soon")
    files.map = files.write("odd.csv", lines)
    with pytest.raises(BadInput, match=r"odd.csv: row 3, column EXTRACT_DATE: 'soon' is not a date"):
        files.build()


def test_a_closed_day_in_words_is_told_how_to_write_it(folder: Path) -> None:
    about = (folder / "region.toml").read_text()
    closed = next(line for line in about.splitlines() if line.startswith("closed"))
    (folder / "region.toml").write_text(about.replace(closed, 'closed = ["25 Dec 2026"]'))
    assert "closed[1]: must be a date like 2026-12-25, but '25 Dec 2026' is written." in problems_of(folder)


def test_thousands_of_the_register_are_read(files: Files) -> None:
    path = files.write("big.csv", [HEAD, row("A1", "MALE", "40_44", '"1,234"')])
    assert read_registered(path).people.sum() == 1234


# deprivation


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        (["1", "3", "10"], "column IMD_SCORE: these look like deciles or fifths, not scores"),
        (["0.1", "0.33", "0.9"], "column IMD_SCORE: these look like shares or places between 0 and 1"),
        (["20", "20", "20"], "column IMD_SCORE: every practice has the same score, 20"),
        (
            ["8,1", "21.0", "33.5"],
            "row 2, column IMD_SCORE: '8,1' is not a number: a comma only parts thousands (1,234). Write 8.1",
        ),
        (["8.1", "2100", "33.5"], "row 3, column IMD_SCORE: '2100' is above 100, the most that is possible."),
    ],
)
def test_what_is_no_score_is_not_taken_for_one(files: Files, scores: list[str], says: str) -> None:
    rows = [f'A{k},Surgery,2025,"{score}"' for k, score in enumerate(scores, 1)]
    path = files.write("scores.csv", ["PRACTICE_CODE,PRACTICE_NAME,IMD_YEAR,IMD_SCORE", *rows])
    with pytest.raises(BadInput) as bad:
        read_deprivation(path)
    assert says in message(bad)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            ["1,% aged over 65,A1,GP,2025,20.5"],
            "column Indicator Name: it holds '% aged over 65', which is no deprivation score.",
        ),
        (
            ["1,Deprivation score (IMD 2019),A1,PCNs,2019,20.5"],
            "column Area Type: no row is of a GP practice ('GP'). There are: PCNs.",
        ),
        (
            ["1,Deprivation score,A1,GP,2019,20.5", "1,Deprivation score,A2,GP,2025,20.5"],
            "column Time period: scores of several editions stand in it (2019, 2025). Keep one.",
        ),
    ],
)
def test_other_indicators_levels_and_editions_are_not_taken_for_scores(
    files: Files, rows: list[str], says: str
) -> None:
    head = "Indicator ID,Indicator Name,Area Code,Area Type,Time period,Value"
    path = files.write("fingertips.csv", [head, *rows])
    with pytest.raises(BadInput) as bad:
        read_deprivation(path)
    assert f"fingertips.csv: {says}" in message(bad)


def test_scores_of_other_places_are_not_taken_for_englands_average(files: Files) -> None:
    files.deprivation = files.write("lsoa.csv", ["PRACTICE_CODE,IMD_SCORE", "E01000001,6.2", "E01000002,5.1"])
    with pytest.raises(BadInput, match=r"lsoa.csv: none of the 3 chosen practices has a score in it."):
        files.build()


def test_a_register_of_few_practices_says_that_places_are_among_these(files: Files) -> None:
    assert any(
        "among the 3 practices of the file, which are not all of England's" in said
        for said in files.build().about.assumed
    )


# which practices


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        (["--sub-icb", "02Y", "--sub-icb", "03F"], ("A1", "A2")),
        (["--sub-icb", "02Y", "06T"], ("A1", "A3")),
        (["--sub-icb=02y,03F"], ("A1", "A2")),
        (["--sub-icb", "nhs humber and york icb 02Y"], ("A1",)),
        (["--icb", "QOQ"], ("A1", "A2")),
        (["--icb", "NHS Humber & York ICB", "QJG"], ("A1", "A2", "A3")),
        (["--pcn", "two pcn", "U1"], ("A1", "A3")),
        (["--practice", "Canal, The,A1"], ("A3", "A1")),
    ],
    ids=" ".join,
)
def test_areas_networks_and_practices_are_named_by_code_or_name_and_as_many_as_wanted(
    files: Files, typed: list[str], codes: tuple[str, ...]
) -> None:
    assert new_region(files, *typed).code == 0
    assert load_region(files.folder / "out").codes == codes


def test_names_that_match_nothing_or_several_are_told_all_at_once(files: Files) -> None:
    seen = new_region(files, "--practice", "High Street Surgery", "Cannal the,Z9")
    refused(
        seen,
        "3 problems:",
        "--practice High Street Surgery: 2 practices have this name. Name the one that is meant by its code: A1, A2.",
        "--practice Cannal the: no practice has this code or name. Near are: CANAL, THE (A3).",
        "--practice Z9: no practice has this code or name.",
    )
    refused(
        new_region(files, "--sub-icb", "humber"),
        "Near are: NHS Humber & York ICB - 02Y (02Y), NHS Humber & York ICB - 03F (03F).",
    )


def test_a_map_without_boards_says_so(files: Files) -> None:
    files.map = files.write("map.csv", [MAP_HEAD, *MAP_ROWS])
    refused(new_region(files, "--icb", "QOQ"), "--icb: the map does not tell integrated care boards.")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (
            ("compare", "mri_guidance", "--years", "1", "--years=2"),
            "--years 1 --years 2: give it once: it takes one value.",
        ),
        (("check", "usual_care", "--region", "a", "--region", "b"), "--region a --region b: give it once"),
        (("region", "new", "a", "--map", "x", "--map", "y", "--england"), "--map x --map y: give it once"),
        (("replay", "r.json", "--workers", "1", "--workers", "2"), "--workers 1 --workers 2: give it once"),
    ],
)
def test_an_option_that_takes_one_value_is_not_silently_the_last(typed: tuple[str, ...], says: str) -> None:
    refused(backpath(*typed), says)


def test_lists_of_options_keep_names_with_commas_whole() -> None:
    assert spread_lists(["--pcn=U1", "A, B", "--out", "x"]) == ["--pcn", "U1", "--pcn", "A, B", "--out", "x"]


# the folder of a region


def test_everything_wrong_in_all_files_of_a_region_is_told_at_once(folder: Path) -> None:
    (folder / "region.toml").write_text(
        (folder / "region.toml").read_text().replace("start = 2026-07-01", "start = 9999-07-01")
    )
    for file, old, new in (
        ("practices.csv", ",0.135,", ",0.5,"),
        ("population.csv", "D00001,female,0-4,", "D00001,women,0-4,"),
        ("capacity.csv", "mri,", "mri,,,5\nmri,"),
        ("waiting_lists.csv", "mri,County", "mri,Country"),
    ):
        (folder / file).write_text((folder / file).read_text().replace(old, new, 1))
    (folder / "prices.csv").write_text('service,price_gbp,price_year\nmri,"5,5",2024\n')
    said = problems_of(folder)
    for expected in (
        "region.toml: start: ", "practices.csv: row 2: the deprivation shares", "population.csv: row 2, column sex: 'women'",
        "capacity.csv: row 2", "prices.csv: row 2, column price_gbp: '5,5' is not a number",
    ):  # fmt: skip
        assert expected in said
    refused(backpath("check", folder), "population.csv: row 2, column sex")


def test_a_copied_region_bears_the_name_of_its_folder(folder: Path) -> None:
    assert load_region(folder).name == "south"
    said = [str(problem) for problem in check_path(folder)]
    assert not any(each.startswith("demonstration:") for each in said)
    assert any(
        each.startswith("region.toml: name: 'demonstration' is written, and the folder is 'south'") for each in said
    )


def test_check_names_practices_without_people_and_closed_days_that_are_past(folder: Path) -> None:
    lines = (folder / "population.csv").read_text().splitlines(keepends=True)
    (folder / "population.csv").write_text("".join(line for line in lines if not line.startswith("D00003,")))
    about = (folder / "region.toml").read_text()
    closed = next(line for line in about.splitlines() if line.startswith("closed"))
    (folder / "region.toml").write_text(about.replace(closed, "closed = [2019-12-25]"))
    said = "\n".join(map(str, check_path(folder)))
    assert "practices.csv: nobody is registered at 1 of the practices: D00003." in said
    assert "region.toml: closed: all closed days are before the first measured day, 2026-07-01" in said


def closed_on(weekdays: str, folder: Path) -> Path:
    """The region with every such day of its first year and a bit closed."""
    import datetime

    days = [datetime.date(2026, 7, 1) + datetime.timedelta(days=day) for day in range(400)]
    closed = ", ".join(day.isoformat() for day in days if f"{day:%a}" in weekdays)
    about = (folder / "region.toml").read_text()
    line = next(line for line in about.splitlines() if line.startswith("closed"))
    (folder / "region.toml").write_text(about.replace(line, f"closed = [{closed}]"))
    return folder


def test_slots_are_counted_in_the_days_that_are_open(folder: Path) -> None:
    """Mondays and Tuesdays closed leave three fifths of a week: 157 of the 261 working days of the year."""
    pathway = load_pathway("usual_care")
    base = {load.service: load.had for load in offered_loads(pathway, load_region("demonstration"))}
    region = load_region(closed_on("Mon Tue", folder))
    had = {load.service: load.had for load in offered_loads(pathway, region)}
    amount = sum(site.amount for site in region.sites if site.service == "community_physio")
    assert had["community_physio"] == pytest.approx(amount * 157 / 261)
    assert had["community_physio"] < 0.62 * base["community_physio"]
    assert had["pain_programme"] == base["pain_programme"]
    said = open_sentences(pathway, region)
    assert (
        f"Community physiotherapy: {amount * 157 / 261:.3g} slots a week in the first year, open on 157 of 261 days, {amount:.3g} without the closed days."
        in said
    )
    assert len(said) == sum(service.capacity == "slots" for service in pathway.services.values())


def test_a_service_that_is_never_open_is_an_error(folder: Path) -> None:
    said = "\n".join(str(problem) for problem in check_path(closed_on("Mon Tue Wed Thu Fri", folder)))
    assert (
        "region.toml: closed: 'community_physio' is never open in the first year: it has appointments on Mon, Tue, Wed, Thu, Fri"
        in said
    )


def test_a_map_and_scores_are_read_whatever_is_in_their_other_columns(files: Files) -> None:
    assert read_map(files.map).table.loc["A3", "name"] == "CANAL, THE"
    assert read_deprivation(files.deprivation) == {"A1": 33.5, "A2": 8.1, "A3": 21.0}
    assert len(SCORES) == 3


def test_names_are_told_in_one_order_whatever_order_the_files_have() -> None:
    """The order was that of a set of text, another in every run."""
    for codes in (("A2", "A1", "A3"), ("A3", "A1", "A2")):
        _, problems = codes_of(PRACTICE, ["Mill Surgery"], dict.fromkeys(codes, "Mill Surgery"))
        assert str(problems[0]).endswith("by its code: A1, A2, A3.")


@pytest.mark.parametrize("name", ["nhs_number", "patient_name", "note"])
def test_a_file_of_a_region_that_names_somebody_is_refused_and_nobody_told(folder: Path, name: str) -> None:
    """A waiting list with its patients was read, and a cell at fault was told with the number in it."""
    head, *rows = (folder / "waiting_lists.csv").read_text().splitlines()
    text = "\n".join([f"{head},{name}", *(f"{row},943 476 5919" for row in rows)]) + "\n"
    (folder / "waiting_lists.csv").write_text(text)
    said = problems_of(folder)
    assert f"waiting_lists.csv: column {head.count(',') + 2} ('{name}'): it looks like" in said
    assert "943" not in said
