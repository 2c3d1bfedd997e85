"""Seventy-six checks of a health-economic simulation: each is a test that carries its number, or the page says why not."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pathways import BadInput
from sim.experiments.record import run_id
from tests.helpers.build import Numbers
from tests.helpers.build import pathway as build_pathway
from tests.helpers.compared import quick
from ui.reports.comparison import html_report
from ui.reports.decision_table import comparison_csv, rows_of

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "verification.md"
LIST = ROOT.parent / "shared" / "evidence" / "verification_tests.csv"
ROW = re.compile(r"^\| (V\d\d) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def names_by_check() -> dict[str, list[str]]:
    """The names of tests by the checks whose number they carry."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            for check in re.findall(r"(?<![A-Za-z0-9])[vV]\d\d(?!\d)", name.replace("_", " ")):
                found.setdefault(check.upper(), []).append(f"{path.name}: {name}")
    return found


def rows() -> dict[str, tuple[str, str]]:
    """The rows of the page: what is checked, and where or why not."""
    return {check: (what, where) for check, what, where in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def test_every_check_stands_on_the_page_once() -> None:
    assert list(rows()) == [f"V{number:02}" for number in range(1, 77)]


def test_every_check_is_a_test_or_has_a_reason() -> None:
    tests = names_by_check()
    for check, (_, where) in rows().items():
        if where.startswith("does not apply: "):
            assert check not in tests, f"{check} has a test after all: {tests[check]}"
        else:
            assert check in tests, f"no test carries {check}"
            named = set(re.findall(r"test_\w+\.py", where))
            assert named == {name.split(":")[0] for name in tests[check]}, check


def test_the_page_says_what_the_list_says() -> None:
    if not LIST.is_file():
        pytest.skip("the list of checks is not beside the project")
    with LIST.open(encoding="utf-8") as file:
        listed = {row["id"] for row in csv.DictReader(file)}
    assert listed == set(rows())


@pytest.mark.parametrize("shares", [(0.6, 0.39), (0.6, 0.41), (1.2, -0.2)])
def test_V08_shares_that_do_not_add_up_are_refused(shares: tuple[float, float]) -> None:
    """Never made to fit in silence."""
    numbers = Numbers()
    options = {name: {"share": numbers(value, "share")} for name, value in zip(("home", "clinic"), shares, strict=True)}
    clinic = {"title": "Clinic", "capacity": "open", "price": numbers(1, "GBP"), "next": "home"}
    with pytest.raises(BadInput) as bad:
        build_pathway(
            numbers, {"clinic": clinic}, entry="way", decisions={"way": {"says": "a test", "options": options}}
        )
    assert re.search(r"the shares add to|shares run from 0 to 1", str(bad.value))


def test_V75_each_number_of_the_report_is_a_row_of_a_table_with_its_run() -> None:
    """The decision table of the report, cell by cell, from rows of differences.csv that carry the run and its seed."""
    comparison = quick()
    page = html_report(comparison)
    lines = list(csv.DictReader(comparison_csv(comparison).splitlines()))
    assert {line["run_id"] for line in lines} == {run_id(comparison, annual_rate=0.0)}
    assert {line["seed"] for line in lines} == {str(comparison.seed)}
    table = {(line["scenario"], line["outcome"]): line for line in lines}
    for scenario in comparison.scenarios:
        for row in rows_of(comparison, scenario):
            line = table[scenario, row.outcome]
            difference = comparison.difference(scenario, row.outcome)
            assert line["difference"] == ("" if difference.runs == 0 else str(difference.mean))
            assert f"<td>{row.change}</td>" in page.replace("&#x27;", "'")
            assert f"<td>{row.interval}</td>" in page


def test_V76_every_item_of_cheers_is_answered() -> None:
    page = (ROOT / "docs" / "cheers.md").read_text(encoding="utf-8")
    items = re.findall(r"^\| (\d+) ([^|]+) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert [int(number) for number, *_ in items] == list(range(1, 29))
    for number, title, asks, answer in items:
        assert title.strip(), number
        assert asks.strip(), number
        assert len(answer.strip()) > 20, number
        if answer.strip().lower().startswith("not applicable"):
            assert ": " in answer, number
