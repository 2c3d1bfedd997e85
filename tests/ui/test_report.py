"""The report and the folder of results: one page that needs nothing else, the same words as elsewhere, whole or not at all."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from pathways import BadInput
from pathways.files.writing import folder_can_be_written
from sim.experiments.comparison import Comparison
from sim.experiments.precision import warnings_of
from sim.experiments.record import fingerprint
from tests.helpers.compared import made_up, quick
from tests.helpers.html import Page
from ui.findings.key_message import key_message, watch
from ui.reports import comparison as report
from ui.reports.comparison import HEADLINE, html_report, write_results
from ui.reports.decision_table import comparison_csv, comparison_dict, rows_of, still_waiting, terminal_table

FILES = [
    "activity.csv",
    "by_decile.csv",
    "by_practice.csv",
    "differences.csv",
    "health.csv",
    "lists.csv",
    "record.json",
    "report.html",
    "waits.csv",
]


@pytest.fixture(scope="module")
def page() -> Page:
    """The report of the quick comparison."""
    return Page(html_report(quick()))


def test_the_report_has_no_script_and_fetches_nothing(page: Page) -> None:
    text = html_report(quick())
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "link", "img", "form", "base"}
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "srcset", "action"), (tag, name)
            if "//" in str(value):
                assert name.startswith("xmlns"), (tag, name, value)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "javascript:" not in text


def test_the_report_can_be_read_by_everyone(page: Page) -> None:
    """Language, one main heading, a caption and headers for each table, a description for each drawing."""
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("h1")) == 1
    assert len(page.of("title")) == 1
    assert len(page.of("caption")) == len(page.of("table")) == 2
    assert {each.get("scope") for each in page.of("th")} == {"col", "row"}
    drawings = page.of("svg")
    assert drawings
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert drawing["aria-label"]
    assert len(page.says("desc")) == len(drawings)


def test_the_headlines_are_those_of_the_key_message(page: Page) -> None:
    for name in quick().scenarios:
        for outcome in HEADLINE:
            message = key_message(quick(), name, outcome)
            assert message.headline in page.says("strong")
            assert any(text == f"{message.detail} {message.absolute}" for text in page.says("p"))


def test_the_report_and_the_terminal_show_the_same_table_and_warn_of_the_same(page: Page) -> None:
    """Every cell and every 'Watch' sentence of the one is in the other."""
    cells = page.says("td") + page.says("th")
    for name in quick().scenarios:
        console = Console(width=200)
        with console.capture() as capture:
            console.print(terminal_table(quick(), name, width=200))
        lines = capture.get().splitlines()
        for row in rows_of(quick(), name):
            line = next(line for line in lines if line.strip().startswith(row.title))
            for cell in (row.title, row.today, row.scenario, row.change, row.interval, row.agreement):
                assert cell in cells
            for cell in (
                row.title,
                *(in_thousands(each) for each in (row.today, row.scenario, row.change, row.interval)),
            ):
                assert cell in line
            assert row.runs in line
            assert row.agreement == "none differs" or row.runs == (
                row.agreement.replace(" of ", "/").replace(" lower", "↓").replace(" higher", "↑")
            )
        for sentence in watch(quick(), name):
            assert sentence[:1].upper() + sentence[1:] in page.says("li")
    assert watch(quick(), "physio_first")


def in_thousands(cell: str) -> str:
    """A cell as a terminal shows it: £12,300 is £12.3k and 85,000 is 85k; 7,320 stays."""
    words = []
    for word in cell.split(" "):
        figures = word.lstrip("−+£")
        sign = word[: len(word) - len(figures)]
        if figures.replace(",", "").isdigit() and "," in figures and ("£" in sign or len(figures) > 5):
            word = f"{sign}{float(figures.replace(',', '')) / 1000:g}k"
        words.append(word)
    return " ".join(words)


def test_every_row_of_a_terminal_of_100_columns_takes_one_line() -> None:
    """With the library's titles and figures of the size of an area of half a million: title, heads, rule, rows, caption."""
    comparison = made_up({outcome: [-12.3, -15.6, -9.1] * 66 for outcome in quick().outcomes})
    sizes = {"seen": 45.0, "referral": 45.0, "wait": 0.2, "cost": 9_345.0, "qalys": 0.3}
    words = comparison.plan.pathway.outcomes
    scale = pd.Series({outcome: sizes[word.of] for outcome, word in words.items()})
    object.__setattr__(comparison, "values", {name: frame * scale for name, frame in comparison.values.items()})
    console = Console(width=100)
    with console.capture() as capture:
        console.print(terminal_table(comparison, "mri_guidance", width=100))
    lines = capture.get().rstrip().splitlines()
    assert len(lines) > 3 + len(comparison.outcomes) + 1
    below = " ".join(line.strip() for line in lines[3 + len(comparison.outcomes) :])
    assert "Waits: mean days from referral, each counted up to 52 weeks, those still waiting as well." in below
    assert still_waiting(comparison, "mri_guidance") in below
    assert max(map(len, lines)) <= 100
    for row, line in zip(rows_of(comparison, "mri_guidance"), lines[3:], strict=False):
        assert line.startswith(row.title)
        assert in_thousands(row.interval) in line
        assert "…" not in line


def test_a_narrow_terminal_keeps_what_matters() -> None:
    console = Console(width=90)
    with console.capture() as capture:
        console.print(terminal_table(quick(), "mri_guidance", width=90))
    shown = capture.get()
    for row in rows_of(quick(), "mri_guidance"):
        line = next(line for line in shown.splitlines() if line.strip().startswith(row.title))
        assert in_thousands(row.change) in line
        assert in_thousands(row.interval) in line
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 90


def test_the_report_tells_its_limits_and_where_it_comes_from(page: Page) -> None:
    text = " ".join(words for _, words in page.texts)
    for warning in warnings_of(quick()):
        assert warning in text
    assert fingerprint(quick()) in text
    assert "A projection from a model over 1 year, 4 runs" in text
    for sentence in [*quick().region.about.assumed, *quick().region.about.sources]:
        assert sentence in text
    assert "4 paired runs" in text


def test_names_with_angle_brackets_stay_text() -> None:
    """Titles come from files that somebody else may have written."""
    nasty = "<script>alert(1)</script> & 'more' \"quotes\""
    comparison = copy.copy(quick())
    case = comparison.cases["mri_guidance"]
    renamed = replace(
        case, scenario=case.scenario.model_copy(update={"title": nasty, "says": nasty, "evidence": nasty})
    )
    cases = dict(comparison.cases) | {"mri_guidance": renamed}
    object.__setattr__(comparison, "experiment", replace(comparison.experiment, cases=cases))
    page = Page(html_report(comparison))
    assert not page.of("script")
    assert nasty in page.says("h2")


def test_one_scenario_alone_has_no_report_and_no_differences(tmp_path: Path) -> None:
    """`backpath run --out`: nothing is compared, so nothing is said of it."""
    asked = replace(quick().experiment, cases={"usual_care": quick().cases["usual_care"]})
    alone = Comparison(asked, {"usual_care": quick().tallies["usual_care"]}, [{"usual_care": quick().plan}])
    written = write_results(alone, tmp_path / "out", region_from="demonstration")
    assert written == [name for name in FILES if name not in ("report.html", "differences.csv")]


# tables


def test_a_row_as_worked_out_by_hand() -> None:
    """Runs of −20, −21 and −19% of 1,000: mean −200, t interval −200 ± 4.30 × 10 / √3 = ± 24.8; over five years a fifth."""
    comparison = made_up({"mri_scans": [-20, -21, -19], "physio_wait_days": [5, 6, 4], "total_cost_gbp": [0, 0, 0]})
    rows = {row.outcome: row for row in rows_of(comparison, "mri_guidance")}
    scans = rows["mri_scans"]
    assert (scans.today, scans.scenario, scans.change) == ("1,000", "800", "−200 (−20%)")
    assert (scans.interval, scans.agreement, scans.message.verdict) == ("−225 to −175", "3 of 3 lower", "better")
    cost = rows["total_cost_gbp"]
    assert (cost.today, cost.change, cost.agreement, cost.runs) == ("£1,000", "£0 (0%)", "none differs", "0/3")
    assert (scans.runs, rows["physio_wait_days"].runs) == ("3/3↓", "3/3↑")
    object.__setattr__(comparison, "experiment", replace(comparison.experiment, years=5))
    rows = {row.outcome: row for row in rows_of(comparison, "mri_guidance")}
    scans, wait = rows["mri_scans"], rows["physio_wait_days"]
    assert (scans.today, scans.scenario, scans.change, scans.interval) == ("200", "160", "−40 (−20%)", "−45 to −35")
    assert (wait.today, wait.scenario, wait.change, wait.interval) == ("1,000", "1,050", "+50 (+5%)", "+25.2 to +74.8")
    assert (wait.agreement, wait.message.verdict) == ("3 of 3 higher", "worse")


def test_the_percentage_of_a_row_is_that_of_its_own_mean_difference() -> None:
    """Runs of −5, −5 and −50%: the mean is −20% of the base, like that of its message."""
    rows = {row.outcome: row for row in rows_of(made_up({"mri_scans": [-5, -5, -50]}), "mri_guidance")}
    assert rows["mri_scans"].change == "−200 (−20%)"
    assert rows["mri_scans"].message.mean == pytest.approx(-20)


def test_qalys_are_told_as_gained_without_a_total_or_a_percentage(page: Page) -> None:
    """10, 11 and 9 in one year: mean 10, ± 4.30 / √3 = 2.48."""
    rows = {row.outcome: row for row in rows_of(made_up({"qalys": [1, 1.1, 0.9]}), "mri_guidance")}
    row = rows["qalys"]
    assert (row.title, row.today, row.scenario) == ("QALYs gained", "–", "–")
    assert (row.change, row.interval, row.message.verdict) == ("+10", "+7.52 to +12.5", "better")
    assert "QALYs gained" in page.says("th")
    assert "QALYs" not in page.says("th")


def test_rows_without_a_figure_say_so() -> None:
    """Nobody was seen in any run: dashes, no claim, and no error."""
    nan = float("nan")
    rows = {row.outcome: row for row in rows_of(made_up({"mri_wait_days": [nan] * 4}), "mri_guidance")}
    row = rows["mri_wait_days"]
    assert (row.scenario, row.interval, row.agreement, row.message.verdict) == ("–", "–", "–", "nothing to compare")


def test_one_run_has_no_interval() -> None:
    row = next(row for row in rows_of(made_up({"mri_scans": [-20]}), "mri_guidance") if row.outcome == "mri_scans")
    assert (row.interval, row.agreement, row.message.verdict) == ("one run: none", "1 of 1 lower", "not shown")


def test_json_and_csv_and_table_agree() -> None:
    comparison = made_up({"mri_scans": [-20, -21, -19]})
    found = comparison_dict(comparison)["scenarios"]["mri_guidance"]["mri_scans"]
    assert (found["base"], found["scenario"]) == (1000, pytest.approx(800))
    assert found["difference"]["mean"] == pytest.approx(-200)
    assert found["difference"]["share_lower"] == 1
    half = 4.302652729911275 * 10 / 3**0.5  # the t value of two degrees of freedom, three runs that differ by 10
    assert found["difference"]["low"] == pytest.approx(-200 - half)
    assert found["difference"]["high"] == pytest.approx(-200 + half)
    lines = [line.split(",") for line in comparison_csv(comparison).splitlines()]
    row = dict(zip(lines[0], next(line for line in lines if line[:2] == ["mri_guidance", "mri_scans"]), strict=True))
    assert float(row["difference"]) == found["difference"]["mean"]
    assert float(row["low"]) == found["difference"]["low"]
    assert row["runs"] == "3"


# the folder of results


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick comparison, written."""
    path = tmp_path_factory.mktemp("written") / "deep" / "results"
    assert write_results(quick(), path, region_from="demonstration") == FILES
    return path


def test_the_folder_is_complete_and_nothing_lies_beside_it(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["results"]
    assert json.loads((folder / "record.json").read_text())["fingerprint"] == fingerprint(quick())
    assert (folder / "report.html").read_text() == html_report(quick())


@pytest.mark.parametrize("name", ["activity", "by_decile", "by_practice"])
def test_the_tables_add_up_to_the_decision_table(folder: Path, name: str) -> None:
    """MRI scans: the mean over the runs of those seen, summed over years, deciles or practices."""
    table = pd.read_csv(folder / f"{name}.csv")
    assert list(table.columns[:2]) == ["scenario", "replication"]
    chosen = table["service"].isin(quick().plan.pathway.outcomes["mri_scans"].services)
    scans = table[chosen].groupby(["scenario", "replication"])["seen"].sum()
    for scenario in quick().cases:
        assert scans[scenario].to_numpy() == pytest.approx(quick().values[scenario]["mri_scans"].to_numpy())


def test_the_differences_are_those_of_the_comparison(folder: Path) -> None:
    table = pd.read_csv(folder / "differences.csv").set_index(["scenario", "outcome"])
    for scenario in quick().scenarios:
        for outcome in quick().outcomes:
            difference = quick().difference(scenario, outcome)
            assert table.loc[(scenario, outcome), "difference"] == pytest.approx(difference.mean, nan_ok=True)


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (ValueError(), ValueError), (OSError(28, "full"), BadInput)],
)
def test_nothing_is_left_where_writing_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, told: type[BaseException]
) -> None:
    """Stopped in the midst of the tables: neither the folder nor a part of it is there."""

    def interrupted(*_: object) -> None:
        raise error

    monkeypatch.setitem(report.TABLES, "by_practice", interrupted)
    with pytest.raises(told):
        write_results(quick(), tmp_path / "results", region_from="demonstration")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_a_full_one_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert write_results(quick(), tmp_path / "empty", region_from="demonstration") == FILES
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="exists already and is not empty"):
        write_results(quick(), full, region_from="demonstration")
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


def test_a_place_where_nothing_can_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(BadInput, match="a file stands where a folder is needed"):
        folder_can_be_written(file / "results")
    with pytest.raises(BadInput, match="exists already"):
        folder_can_be_written(file)
    folder_can_be_written(tmp_path / "deep" / "results")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
