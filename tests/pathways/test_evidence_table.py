"""The evidence table: every quantity is used, sourced, graded no better than its evidence, and told the same everywhere.

The data files and the code itself are read, so that a number cannot slip in beside the table.
"""

from __future__ import annotations

import ast
import csv
import io
import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pathways import BadInput, Quantity, library_names, load_pathway, load_scenario
from pathways.evidence_table import REGIONS, EvidenceRow, bounds_written, place_in_words, uses
from pathways.load import LIBRARY, load_quantities
from pathways.quantity import DAYS_IN
from tests.helpers.shared import SHARED
from tests.helpers.typed import backpath
from ui.reports.evidence import (
    PAGE_COMMAND,
    evidence_csv,
    evidence_json,
    evidence_tables,
    page,
    pathway_named,
    rows_of,
    summary,
)

ROOT = Path(__file__).resolve().parent.parent.parent
GALLERY = Path(__file__).parent.parent / "gallery"
EVIDENCE = SHARED / "evidence" / "evidence.csv"
ROOMS = ("pathways", "sim", "outcomes", "calibration", "ui")
CODE = sorted([*(path for room in ROOMS for path in (ROOT / room).rglob("*.py")), ROOT / "app.py", ROOT / "start.py"])
NAME = re.compile(r"[a-z]\w*")

needs_evidence = pytest.mark.skipif(
    not EVIDENCE.exists(), reason="the evidence table is not beside the project (../shared/evidence/evidence.csv)"
)


def library() -> list[EvidenceRow]:
    """The rows of the library's pathway, and those about regions."""
    return rows_of(load_pathway("usual_care"))


def strings(written: Any) -> Iterator[str]:
    """Every text in a table, however deep."""
    if isinstance(written, str):
        yield written
    elif isinstance(written, dict):
        for each in written.values():
            yield from strings(each)
    elif isinstance(written, list):
        for each in written:
            yield from strings(each)


# none unused


def test_every_quantity_of_the_library_is_used() -> None:
    assert [row.name for row in library() if not row.used] == []


def test_the_pathways_file_names_every_quantity_as_often_as_the_table_says() -> None:
    """Counted without the language: words in the file's own text that are names of quantities, conditions included."""
    written = tomllib.loads((LIBRARY / "pathways" / "usual_care.toml").read_text())
    pathway = load_pathway("usual_care")
    del written["quantities"], written["outcomes"]
    counted: dict[str, int] = {}
    for text in strings(written):
        compared = re.fullmatch(r"[<>=]+ (\w+)|(\w+) to (\w+)", text)
        for name in compared.groups() if compared else [text]:
            if name in pathway.quantities:
                counted[name] = counted.get(name, 0) + 1
    assert counted == {name: len(places) for name, places in uses(pathway).items()}


def test_quantities_about_regions_are_read_by_the_code() -> None:
    """By name, from the file that holds them; no other is read."""
    tree = ast.parse((ROOT / "pathways" / "official" / "new_region.py").read_text())
    read = {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.value, ast.Name)
        if node.value.id == "quantities"
    }
    assert read == set(load_quantities("region.toml"))
    assert {row.name for row in library() if row.used == (REGIONS,)} == read


# none unsourced


def test_every_quantity_has_source_unit_range_and_distribution() -> None:
    for row in library():
        assert row.source.strip(), row.name
        assert row.unit.strip(), row.name
        assert (row.low is None) != (row.low_times is None), row.name
        assert (row.high is None) != (row.high_times is None), row.name
        assert row.distribution is not None, f"{row.name}: say how sure we are: distribution = …"


def test_a_quantity_has_a_range_to_draw_from_or_is_fixed() -> None:
    """What is 'fixed' is drawn from nothing; a policy that is fixed may have a range all the same, for a slider."""
    wrong = [
        f"{row.name}: {row.low} to {row.high}, {row.distribution}"
        for row in library()
        if row.low is not None and row.low == row.high and row.distribution != "fixed"
    ]
    assert not wrong, "\n".join(wrong)


def test_a_share_or_utility_is_possible_over_its_whole_range() -> None:
    for row in library():
        if row.unit in ("share", "utility") and row.low is not None and row.high is not None:
            assert 0 <= row.low <= row.high <= 1, row.name


def tables_with_values(written: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table that has a `value`, with its path."""
    if isinstance(written, dict):
        if "value" in written and "unit" in written:
            yield path, written
        else:
            for key, each in written.items():
                yield from tables_with_values(each, f"{path}.{key}" if path else key)
    elif isinstance(written, list):
        for position, each in enumerate(written, 1):
            yield from tables_with_values(each, f"{path}[{position}]")


DATA = sorted([*LIBRARY.rglob("*.toml"), *(ROOT / "calibration").rglob("*.toml"), *(ROOT / "outcomes").rglob("*.toml")])


@pytest.mark.parametrize("path", DATA, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_value_in_a_data_file_has_source_and_grade(path: Path) -> None:
    """Pathways, regions and scenarios, and what the model is fitted to and compared with."""
    for where, table in tables_with_values(tomllib.loads(path.read_text())):
        assert str(table.get("source", "")).strip(), where
        assert table.get("grade") in ("read", "recalled", "assumed", "local"), where


def test_the_only_plain_numbers_of_the_pathway_say_who_or_when() -> None:
    """Ages, tenths of deprivation and whether there was a visit. A length of time is a quantity: it can be challenged."""
    plain = bounds_written(load_pathway("usual_care"))
    assert plain
    allowed = re.compile(r"(age|deprivation_decile) .*|visits to \w+ (>= 1|= 0)")
    other = {said: places for said, places in plain.items() if not allowed.fullmatch(said)}
    assert not other, f"write a quantity for the number: {other}"


# graded no better than its evidence


def evidence_rows() -> dict[str, dict[str, str]]:
    """The evidence table beside the project, by id."""
    with EVIDENCE.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def best_grade(row: dict[str, str]) -> str:
    """The best grade that a row of the evidence table allows a quantity that rests on it."""
    where = row["where_read"]
    if where.startswith("assumption"):
        return "assumed"
    if where == "recalled" or where.startswith("derived") or row["confidence"] == "low":
        return "recalled"
    return "read"


def graded() -> Iterator[tuple[str, str, str | None]]:
    """Every value of the data files with its grade and the id of its evidence."""
    for path in DATA:
        for where, table in tables_with_values(tomllib.loads(path.read_text())):
            yield f"{path.stem}: {where}", table["grade"], table.get("evidence")


@needs_evidence
def test_the_evidence_that_is_named_exists() -> None:
    """A row of the table, or another table beside it."""
    known = {*evidence_rows(), *(path.stem for path in EVIDENCE.parent.glob("*.csv"))}
    unknown = [f"{where}: {row}" for where, _, row in graded() if row is not None and row not in known]
    assert not unknown, "\n".join(unknown)


@needs_evidence
def test_nothing_is_graded_better_than_its_evidence() -> None:
    """What was recalled is not 'read'; what rests on an assumption is 'assumed' and nothing better."""
    order = ["assumed", "recalled", "read"]
    known = evidence_rows()
    too_good = [
        f"{where} is '{grade}', but {row} allows '{best_grade(known[row])}' at best"
        for where, grade, row in graded()
        if row in known and grade != "local" and order.index(grade) > order.index(best_grade(known[row]))
    ]
    assert not too_good, "\n".join(too_good)


def test_a_number_that_was_read_says_where() -> None:
    """An id of the evidence table, but for what was counted in an official file."""
    without = {row.name for row in library() if row.grade == "read" and not row.evidence}
    assert without == {"england_age_sex"}


RATIOS = {"odds ratio", "ratio", "rate ratio", "hazard ratio"}
COUNTS = {"sessions", "contacts", "visits"}


def published(row: dict[str, str], column: str, unit: str) -> float | None:
    """A number of the evidence table in a quantity's unit; None where it is no number, or the units do not agree."""
    try:
        number = float(row[column].removesuffix("x"))
    except ValueError:
        return None
    theirs = row["unit"]
    if theirs.startswith("%") and unit == "share":
        return number / 100
    if theirs in DAYS_IN and unit in DAYS_IN:
        return number * DAYS_IN[theirs] / DAYS_IN[unit]
    if theirs.startswith("people per 10,000") and unit == "per year":
        return number / 10_000
    same = theirs == unit or {theirs, unit} <= RATIOS or {theirs, unit} <= COUNTS
    return number if same else None


def is_as_published(quantity: Quantity, row: dict[str, str]) -> bool:
    """Whether value and range are those of the evidence table; a table's values are written there as 4/5/11."""
    if isinstance(quantity.value, dict):
        return "/".join(f"{value:g}" for value in quantity.value.values()) == row["value"]
    for column, ours in (("value", quantity.value), ("low", quantity.low), ("high", quantity.high)):
        theirs = published(row, column, quantity.unit)
        if theirs is None and (column == "value" or row[column]):
            return False
        if theirs is not None and ours != pytest.approx(theirs):
            return False
    return True


@needs_evidence
def test_what_was_read_is_what_is_written_there_or_the_note_says_how_it_was_derived() -> None:
    known = evidence_rows()
    unexplained = [
        f"{name} = {quantity.value}, {quantity.low} to {quantity.high} {quantity.unit}; {quantity.evidence} has "
        f"{known[quantity.evidence]['value']}, {known[quantity.evidence]['low']} to {known[quantity.evidence]['high']} "
        f"{known[quantity.evidence]['unit']}: add a note"
        for name, quantity in load_pathway("usual_care").quantities.items()
        if quantity.grade == "read" and quantity.evidence in known and not quantity.note
        if not is_as_published(quantity, known[quantity.evidence])
    ]
    assert not unexplained, "\n".join(unexplained)


# no number about the NHS in the code

EVERYWHERE = (24, 60, 365, 1440)
"""Hours, minutes and days; besides these counts up to twelve, halves, and powers of two and of ten."""

STRUCTURAL: dict[str, dict[float, str]] = {
    "sim/experiments/sensitivity_analysis.py": {63: "bits of a seed"},
    "calibration/treatment_effects.py": {0.001: "tolerance of a root", 63: "bits of a seed"},
    "calibration/validation/validate.py": {63: "bits of a seed", 0.2: "seconds between looks at a thread"},
    "calibration/validation/places.py": {20: "a seed"},
    "calibration/diagnostics/verdict.py": {50: "percent of a band", 90: "percent of a band"},
    "sim/reducers.py": {31: "bits of a number"},
    "outcomes/practices/chance.py": dict.fromkeys((11400714819323198485, 27, 30, 31, 53), "SplitMix64")
    | {40: "room above a count"},
    "outcomes/paired.py": {0.95: "level of the intervals"},
    "outcomes/journeys/referral_to_treatment.py": {50: "a percentile", 92: "a percentile"},
    "outcomes/economics/qalys.py": {0.594: "lowest utility of the scale"},
    "pathways/assumed_here.py": {20: "rounding: two figures of what is small"},
    "pathways/checks/numbers.py": {
        200: "most visits; an age that bands must reach",
        13: "months, for a range",
        999: "an age above all",
        0.594: "lowest utility of the scale",
    },
    "pathways/checks/people.py": {13: "room for attributes"},
    "pathways/explain.py": {57: "letters of a line"},
    "pathways/picture.py": dict.fromkeys((20, 26, 40, 44, 90, 190), "pixels"),
    "pathways/problems.py": {0.6: "how alike two names are"},
    "pathways/quantity.py": {1990: "a price year", 2100: "a price year"},
    "pathways/region.py": {95: "the last age band", 31: "the last day of a year"},
    "pathways/region_folder.py": {
        20_000: "half the way round the Earth",
        520: "weeks: a slip of the keyboard",
        1990: "a price year",
        2100: "a price year",
        0.001: "rounding",
    },
    "pathways/official/new_region.py": {493: "rights of a folder, 0o755"},
    "sim/experiments/precision.py": {200: "replications at the most", 0.1: "growth of a list that is told"},
    "sim/arrays/keyed_draws.py": dict.fromkeys(
        (11400714819323198485, 13787848793156543929, 10723151780598845931, 27, 30, 31, 53), "SplitMix64"
    ),
    "sim/events.py": {15: "bits", 86400: "seconds of a day"},
    "sim/illness.py": dict.fromkeys((20, 42, 62), "bits"),
    "sim/plan.py": {40: "bits of a hazard", 255: "no cap"},
    "sim/arrays/quantiles.py": dict.fromkeys((26, 31, 57, 62, 63), "bits") | {0.9: "p90"},
    "sim/reference.py": {0.25: "part of a tick", 62: "bits"},
    "sim/results.py": {18: "weeks, of the waits that are reported"},
    "sim/rules.py": {62: "bits", 255: "the last of eight bits", 3650: "days, above all published waits"},
    "sim/running.py": {15: "bits"},
}
"""The other numbers in the code, by file, each with what it is; none is about the NHS or about patients.

Constants of a module that have a docstring need not be here: they say themselves what they are.
"""


def documented(tree: ast.Module) -> set[int]:
    """Everything within a module's constants that have a docstring."""
    found: set[int] = set()
    for made, said in itertools.pairwise(tree.body):
        doc = said.value if isinstance(said, ast.Expr) else None
        constant = isinstance(made, ast.Assign | ast.AnnAssign)
        if constant and isinstance(doc, ast.Constant) and isinstance(doc.value, str):
            found |= {id(node) for node in ast.walk(made)}
    return found


def numbers_in(path: Path, *, documented_too: bool) -> Iterator[tuple[int, float]]:
    """Every number written in a file of code, with its line; perhaps those of documented constants too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set() if documented_too else documented(tree)
    for node in ast.walk(tree):
        number = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else None
        if isinstance(number, int | float) and not isinstance(number, bool):
            yield node.lineno, number


def is_arithmetic(number: float) -> bool:
    """Counts up to twelve, halves, powers of two and of ten, tolerances, and the calendar."""
    if number in EVERYWHERE or number == 0.5:
        return True
    if number != int(number) or not math.isfinite(number):
        return 0 < number <= 1e-6 and math.log10(number) % 1 == 0
    whole = int(number)
    return whole <= 12 or whole & (whole - 1) == 0 or math.log10(whole) % 1 == 0


@pytest.mark.parametrize(
    "path",
    [path for path in CODE if path.relative_to(ROOT).parts[0] != "ui"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_number_about_the_nhs_stands_in_the_code(path: Path) -> None:
    """Whole numbers too: 37 per cent as 37 would be found. The pages' own sizes, in `ui/`, are left out."""
    known = STRUCTURAL.get(str(path.relative_to(ROOT)), {})
    unknown = [
        f"{path.relative_to(ROOT)}:{line}: {number}. Is it about the NHS or about patients? Then make it a quantity. "
        "If not, make it a constant with a docstring, or say what it is in STRUCTURAL of this test."
        for line, number in numbers_in(path, documented_too=False)
        if not is_arithmetic(number) and number not in known
    ]
    assert not unknown, "\n".join(unknown)


def figures(number: float) -> int:
    """How many figures a number has, leading and closing noughts left out."""
    return len(f"{number:g}".replace(".", "").strip("0"))


def test_no_value_of_the_evidence_stands_in_the_code() -> None:
    """Of all quantities, scenarios' included: those that are hardly met by chance, having three figures, or two below 0.1."""
    quantities = [load_pathway("usual_care").quantities, load_quantities("region.toml")]
    quantities += [load_scenario(name)[2].quantities for name in library_names("scenarios")]
    values: dict[float, str] = {}
    for each in quantities:
        for name, quantity in each.items():
            held = quantity.value.values() if isinstance(quantity.value, dict) else [quantity.value]
            values |= {value: name for value in held if figures(value) >= (2 if value < 0.1 else 3)}
    assert len(values) > 50
    found = [
        f"{path.relative_to(ROOT)}:{line}: {number}, the value of {values[number]}"
        for path in CODE
        for line, number in numbers_in(path, documented_too=True)
        if number in values
    ]
    assert not found, "\n".join(found)


# where used, in words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("onset.rate", "onset, rate"),
        ("onset.state.options.mild.share", "onset, first state, option mild"),
        ("attributes.symptom_class.levels.radicular.share", "attribute symptom_class, level radicular"),
        ("decisions.gp_plan.options.mri.share", "decision gp_plan, option mri"),
        (
            "decisions.gp_plan.options.cft.when.weeks_since_onset",
            "decision gp_plan, option cft, condition on weeks_since_onset",
        ),
        ("decisions.gp_prescribes.odds[3].times", "decision gp_prescribes, odds of start if age > 70"),
        ("services.mri.price", "service mri, price"),
        ("services.gp.delay.gamma", "service gp, delay, mean"),
        ("services.community_physio.course.gap.fixed", "service community_physio, course, gap"),
        (
            "services.community_physio.attendance.odds[2].times",
            "service community_physio, attendance, odds of missing if age < 30",
        ),
        ("services.manual_therapy.choice.disciplines.osteopathy", "service manual_therapy, choice, discipline osteopathy"),
        ("health.improve.mild", "health, improve, mild"),
        ("health.decrements[1].by", "health, decrement if symptom_class radicular"),
        ("health.utility.mild", "health, utility when mild"),
        ("effects.cft.half_life", "effect cft, half life"),
        ("practice_effects.imaging", "spread of practice effect imaging"),
        ("levers.mri_form.adoption.uniform[2]", "lever mri_form, adoption, to"),
        (
            "levers.mri_form.changes[1].freed.msk_triage",
            "lever mri_form, option mri of decision gp_plan if symptom_class nonspecific or radicular, freed to msk_triage",
        ),
        (
            "levers.physio_first.changes[2].plus",
            "lever physio_first, option first_contact_physio of decision first_contact, plus",
        ),
        ("levers.reinvest.changes[1].capacity_plus_per_100k", "lever reinvest, capacity of service group_exercise, plus per 100,000"),
    ],
)  # fmt: skip
def test_a_place_is_said_as_a_reader_would_say_it(path: str, words: str) -> None:
    assert place_in_words(load_pathway("usual_care"), path) == words


def test_bounds_of_conditions_count_as_uses() -> None:
    found = {row.name: row.used for row in library()}
    assert found["denervation_weeks_of_pain"] == (
        "decision pain_plan, option denervation, condition on weeks_since_onset",
        "decision after_facet_injection, option denervation, condition on weeks_since_onset",
    )


def test_a_quantity_that_nothing_uses_is_shown_as_such(tmp_path: Path) -> None:
    spare = 'spare = { value = 1, low = 1, high = 1, unit = "GBP", source = "made up", grade = "assumed" }\n'
    path = tmp_path / "mine.toml"
    path.write_text((GALLERY / "nothing_wrong.toml").read_text() + spare)
    rows = rows_of(load_pathway(path))
    assert [row.name for row in rows if not row.used] == ["spare"]
    assert "Not used" in shown(rows, 100)


# the faces


def shown(rows: list[EvidenceRow], width: int) -> str:
    """The tables as a terminal shows them."""
    console = Console(width=width, file=io.StringIO())
    for table in evidence_tables(rows, width=width):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [100, 112, 160])
def test_a_terminal_shows_everything_within_its_width(width: int) -> None:
    rows = library()
    text = shown(rows, width)
    assert max(map(len, text.splitlines())) <= width
    for row in rows:
        assert re.search(rf"^ +{row.name} ", text, re.M), row.name  # on one line, unbroken
    words = " ".join(text.split())
    assert "decision gp_plan, option mri" in words
    assert "assumed MRI17" in words
    assert "and 10 more places" in words  # of the fifteen lists from which people leave when better


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    written = ROOT / "docs" / "evidence.md"
    again = f"docs/evidence.md is not what the library says now. Make it again: {PAGE_COMMAND}"
    assert written.exists(), again
    assert written.read_text(encoding="utf-8") == page(), again


def test_the_page_has_every_quantity_with_its_grade_and_source() -> None:
    text = page()
    cells = {line.split(" | ")[0].strip("| `"): line for line in text.splitlines() if line.startswith("| `")}
    for row in library():
        line = cells[row.name]
        assert f"| {row.grade} |" in line
        assert row.unit in line
        if row.evidence:
            assert f"({row.evidence})" in line
    assert "scenario any\\_qualified\\_provider\\_steered: service manual\\_therapy, choice, wait" in text
    assert "| ends 52 weeks | scenario waiting\\_list\\_initiative" in text
    assert {line.count(" | ") for line in cells.values()} == {8}
    assert "| lognormal | 0.366 (0.05 to 1.7) |" in cells["worsen"], "value 0.188: a median, and the mean beside it"


def test_a_scenario_shows_the_quantities_that_it_replaces() -> None:
    base, steered = (
        {row.name: row for row in rows_of(pathway_named(name))}
        for name in ("usual_care", "any_qualified_provider_steered")
    )
    changed = {name for name, row in steered.items() if row != base[name]}
    assert changed == {"choice_week", "choice_physiotherapy"}
    assert steered["choice_week"].source == "A design: the GP does not look at published waits"


def test_rows_can_be_chosen_by_grade_and_by_text() -> None:
    pathway = load_pathway("usual_care")
    read = rows_of(pathway, grade="read")
    assert {row.grade for row in read} == {"read"}
    assert len(read) == sum(row.grade == "read" for row in library())
    found = rows_of(pathway, search="HENSCHKE")
    assert "serious_share" in {row.name for row in found}
    assert all("henschke" in row.said().casefold() for row in found)
    assert {row.name for row in rows_of(pathway, search="MRI17")} == {
        "mri_form_displaced",
        "no_direct_access_displaced",
    }
    assert rows_of(pathway, search="no such thing") == []
    with pytest.raises(BadInput, match="there are: read, recalled, assumed, local"):
        rows_of(pathway, grade="good")


def test_a_summary_counts_by_grade() -> None:
    rows = library()
    by_grade = {grade: sum(row.grade == grade for row in rows) for grade in ("read", "recalled", "assumed")}
    assert sum(by_grade.values()) == len(rows)
    assert (
        summary(rows) == f"{len(rows)} quantities: " + ", ".join(f"{n} {grade}" for grade, n in by_grade.items()) + "."
    )


def test_csv_and_json_say_the_same() -> None:
    rows = library()
    as_csv = list(csv.DictReader(io.StringIO(evidence_csv(rows))))
    as_json = json.loads(evidence_json(rows))
    assert len(as_csv) == len(as_json) == len(rows)
    for line, entry, row in zip(as_csv, as_json, rows, strict=True):
        assert line["name"] == entry["name"] == row.name
        assert line["used"] == "; ".join(entry["used"])
        assert line["source"] == entry["source"]
        assert line["low"] == ("" if entry["low"] is None else str(entry["low"]))
        if not isinstance(row.value, dict):
            assert float(line["value"]) == pytest.approx(entry["value"], rel=1e-5)
        else:
            assert entry["value"] == row.value


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("evidence nonsense", "nonsense: there is no such file, and no scenario, pathway or region of this name."),
        ("evidence demonstration", "demonstration: is a region; name a pathway or a scenario."),
        ("evidence --grade good", "--grade good: there are: read, recalled, assumed, local."),
        ("evidence --json --csv", "choose one of them."),
        ("evidence --markdown --grade read", "prints the whole page"),
        ("evidence --svg x.svg", "--svg: draws a pathway; evidence is a table."),
        ("scenario usual_care --csv", "--csv: is for 'show evidence', not for a scenario."),
        ("pathway", "show pathway: which one? There are: "),
    ],
)
def test_what_cannot_be_shown_is_refused(words: str, says: str) -> None:
    seen = backpath("show", *words.split())
    assert (seen.code, seen.out) == (2, "")
    assert says in seen.err


def test_show_evidence_prints_the_library_and_what_is_asked_of_it() -> None:
    seen = backpath("show", "evidence")
    assert (seen.code, seen.err) == (0, "")
    assert seen.out.splitlines()[-1] == f"Back pain care today. {summary(library())}"
    seen = backpath("show", "evidence", "usual_care", "--grade", "recalled", "--search", "Kind", "--csv")
    lines = list(csv.DictReader(io.StringIO(seen.out)))
    assert "utility_norm_by_age" in {line["name"] for line in lines}
    assert {line["grade"] for line in lines} == {"recalled"}
    assert len(json.loads(backpath("show", "evidence", "--json").out)) == len(library())
    assert backpath("show", "evidence", "--markdown").out == page()
