"""`backpath value`: the file, what is wrong with it by row, and the same result as sentences, JSON, CSV and a page."""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from outcomes.policy_values import LIBRARY as DATA
from outcomes.portfolio.value import PortfolioValue
from pathways import BadInput
from tests.helpers.documents import blocks_of, example
from tests.helpers.portfolio_file import ROWS, file, valued
from tests.helpers.shared import SHARED
from ui.findings import portfolio
from ui.findings.portfolio import sure
from ui.findings.portfolio_example import CALIBRATED, published
from ui.reports.portfolio import (
    ORDER,
    portfolio_csv,
    portfolio_json,
    portfolio_page,
    portfolio_terminal,
    read_portfolio,
    value_portfolio,
    write_portfolio,
)
from ui.reports.portfolio_page import MOST_IN_PICTURE, portfolio_chart

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "portfolio.md"
EVIDENCE = SHARED / "evidence" / "midnotts.csv"


@pytest.fixture(scope="module")
def midnotts() -> PortfolioValue:
    """The portfolio of the library as the command values it."""
    return value_portfolio(*read_portfolio("midnotts"))


def printed(value: PortfolioValue) -> str:
    """What a terminal of 112 columns shows."""
    console = Console(width=112, file=io.StringIO(), record=True)
    for each in portfolio_terminal(value):
        console.print(each, soft_wrap=isinstance(each, str), markup=False)
    return console.export_text()


# the file


def test_a_file_is_read_as_people_write_it(tmp_path: Path) -> None:
    """Byte-order mark, CRLF, pounds, thousands, blanks around names, columns of one's own, empty rows at the end."""
    path = tmp_path / "ours.csv"
    text = (
        " service ,unit_cost,qaly_pp,n_now,min_n,max_n,qaly_sd,imd_group,lead\r\n"
        'surgery,"£5,107.33",0.09,"1,100",£0,137, ,,Ann\r\n'
        "belts,£45,-0.01,50,0,50,0.002,2,Bob\r\n"
        ",,,,,,,,\r\n\r\n"
    )
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    options, settings = read_portfolio(path)
    assert options.index.tolist() == [2, 3]
    assert options["unit_cost"].tolist() == [5107.33, 45]
    assert options["n_now"].tolist() == [1100, 50]
    assert options["qaly_pp"].tolist() == [0.09, -0.01]
    assert options["imd_group"].tolist() == ["all", "2"]
    assert options["lead"].tolist() == ["Ann", "Bob"]
    assert np.isnan(options["qaly_sd"].iloc[0])
    assert settings.limits["budget"] == pytest.approx(5107.33 * 1100 + 45 * 50)
    assert (settings.name, settings.title, settings.gains) == ("ours", "Portfolio ours", "trial")


def test_the_options_of_the_command_become_those_of_the_allocation(tmp_path: Path) -> None:
    _, settings = read_portfolio(
        file(tmp_path),
        budget=7e4,
        deprived="1, 2",
        deprived_share=0.4,
        change_limit="30",
        weights="1=1.5, all=1",
        need="all=1",
        capacity="sessions=120",
        integer=False,
    )
    limits = dict(settings.limits)
    assert limits.pop("resources").to_dict("list") == {"name": ["sessions"], "capacity": [120]}
    assert limits == {
        "budget": 7e4,
        "deprived_groups": ("1", "2"),
        "deprived_share": 0.4,
        "change_limit": 30,
        "equity_weights": {"1": 1.5, "all": 1},
        "need_share": {"all": 1},
        "integer": False,
    }


def test_a_limit_on_change_may_be_a_share_of_today_and_lets_new_services_begin(tmp_path: Path) -> None:
    options, settings = read_portfolio(file(tmp_path), change_limit="20%")
    assert settings.limits["change_limit"] is None
    assert options["change_limit"].tolist()[:2] == [20, 10]
    assert np.isnan(options["change_limit"].iloc[2])
    plan = valued(file(tmp_path), change_limit="20%").allocation.plan
    assert plan["n_after"].tolist() == [80, 40, 35]


def test_capacity_and_deprivation_work_from_the_file(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "class,1,200,1,0.01,0,0,100,2",
        "class,5,200,1,0.02,0,0,100,2",
        head="service,imd_group,unit_cost,variable_share,qaly_pp,n_now,min_n,max_n,sessions_per_person",
    )
    asked: dict[str, Any] = {"budget": 20_000.0, "capacity": "sessions=120"}
    assert valued(path, **asked).allocation.plan["n_after"].tolist() == [0, 60]
    shared = valued(path, **asked, deprived="1", deprived_share=0.5)
    assert shared.allocation.plan["n_after"].tolist() == [30, 30]
    weighted = valued(path, **asked, weights="1=3,5=1")
    assert weighted.allocation.plan["n_after"].tolist() == [60, 0]
    assert "a QALY counts by imd_group 1: 3, 5: 1" in portfolio_page(weighted)
    assert "at least 50% of people from imd_group 1" in portfolio_page(shared)


@pytest.mark.parametrize(
    ("rows", "asked", "said"),
    [
        (["injection,x,1,0,0,100,10,100"], {}, "services.csv: row 2, column unit_cost: 'x' is not a number."),
        (["a,,1,0,0,1,0,1"], {}, "services.csv: row 2, column unit_cost: is blank; a price that is not known is not 0: write what it is, or 0 where it costs nothing."),
        (["a,1,1,0,0,1,0,1", "b,1,1,0,0,,0,1"], {}, "services.csv: row 3, column n_now: is blank; write 0 if none."),
        (["a,1,1,0,0,1,0,"], {}, "services.csv: max_n: row 2: missing; without it the plan has no bound: write how many people could be treated at the most."),
        (["a,1,1,0.1,0,1,0,1", "b,1,4,0.1,0,1,0,1"], {}, "services.csv: variable_share: row 3: 4; a number from 0 to 1 is needed."),
        (["a,1,,0.1,0,1,0,1"], {}, "services.csv: variable_share: row 2: missing; a number from 0 to 1 is needed."),
        (["a,-1,1,0.1,0,1,0,1"], {}, "services.csv: row 2, column unit_cost: '-1' is negative."),
        (["a,1,300,1,0.1,0,1,0,1"], {}, "services.csv: row 2: it has more cells than the header has names (8). A number or a name with a comma needs quotation marks."),
        (["a,1,1,0.1,0,1,0,1", "a,1,1,0.1,0,1,0,1"], {}, "services.csv: service, imd_group: row 3: 'a', 'all'; each row must differ in it."),
        (ROWS, {"gains": "paper"}, "--gains paper: the file has no column 'qaly_pp_paper'. There are: trial."),
        (ROWS, {"weights": "1:2"}, "--weights 1:2: '1:2' is not a name and a number. Write them like 1=1.5,2=1."),
        (ROWS, {"need": "1=nan,all=inf"}, "--need 1=nan,all=inf: '1=nan' is not a name and a number. Write them like 1=1.5,2=1."),
        (ROWS, {"change_limit": "much"}, "--change-limit much: write a number of people, like 200, or a share of today's, like 25%."),
        (ROWS, {"change_limit": "-5"}, "--change-limit -5: write a number of people, like 200, or a share of today's, like 25%."),
        (ROWS, {"budget": -5.0}, "services.csv: budget: -5.0; a number from 0 is needed."),
        (ROWS, {"budget": 5000.0}, "services.csv: Infeasible: floors need £6,000, budget is £5,000 (short £1,000): largest floors injection £6,000. Lower them, or raise what there is."),
        (ROWS, {"capacity": "theatre=5"}, "services.csv: there is no column 'theatre_per_person'. Its columns are: service, unit_cost, qaly_pp, n_now, min_n, max_n, variable_share, qaly_sd, imd_group, setup_cost, change_limit, evidence_class, source."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_the_row_of_a_spreadsheet(
    tmp_path: Path, rows: list[str], asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        valued(file(tmp_path, *rows), **asked)
    assert str(caught.value) == said


HEADER = "service,unit_cost,qaly_pp,n_now,min_n,max_n"


@pytest.mark.parametrize(
    ("head", "rows", "said"),
    [
        (HEADER, ['a,"1,5",0.1,10,0,20'], "column unit_cost: '1,5' is not a number: a comma only parts thousands"),
        (HEADER, ["a,1,0.1,10,0,20", "Total,1,0.1,10,0,20"], "row 3, column service: 'Total' looks like a total of other rows. Remove it"),
        (f"{HEADER},imd_group", ["a,1,0.1,10,0,20,1", "a,1,0.1,10,0,20,"], "row 3, column imd_group: is blank, and other rows of this service have a group."),
        (f"{HEADER},variabel_share", ["a,1,0.1,10,0,20,0.5"], "column variabel_share: 'variabel_share' is none of the columns that are read. Did you mean 'variable_share'?"),
        (f"{HEADER},surname", ["a,1,0.1,10,0,20,Smith"], "it looks like names of persons. Remove it"),
        (HEADER, ["a,1e20,0.1,10,0,20"], "column unit_cost: '1e20' is above 1,000,000,000,000, the most that is possible."),
        (HEADER, ["a,1,1e12,10,0,20"], "column qaly_pp: '1e12' is above 1,000, the most that is possible."),
        (HEADER, ["a,1,0.1,10,0,20000000000.5"], "column max_n: '20000000000.5' is above 1,000,000,000, the most that is possible."),
        (HEADER, ["a,1£2,0.1,10,0,20"], "column unit_cost: '1£2' is not a number"),
    ],
)  # fmt: skip
def test_rows_and_columns_that_would_count_for_something_else_are_refused(
    tmp_path: Path, head: str, rows: list[str], said: str
) -> None:
    """Totals and blank groups counted people twice, a misspelt column counted as absent, and '1£2' as twelve pounds."""
    path = tmp_path / "services.csv"
    path.write_text("\n".join([head, *rows]))
    with pytest.raises(BadInput) as caught:
        read_portfolio(path)
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1
    assert "Smith" not in str(caught.value)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_portfolio(file(tmp_path, "a,x,1,0,0,y,0,1"), weights="1", change_limit="z", gains="q")
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"service,unit_cost\n", "there are no services in it. Write a header and one row for each."),
        (b"", "the file is empty. Is it whole?"),
        (b"service,unit_cost,service\na,1,b\n", "two columns are called 'service'. Remove one."),
        (b"service;unit_cost\na;1\n", "its cells are separated by semicolons, not by commas. Save it as 'CSV UTF-8'."),
        (
            "service,unit_cost\ncaf\xe9,1\n".encode("latin-1"),
            "the file was saved in another code. Save it as 'CSV UTF-8'.",
        ),
    ],
)
def test_a_file_that_is_no_table_of_services_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_portfolio(path)
    assert any(str(problem).endswith(said) for problem in caught.value.problems)
    assert all(str(problem).startswith("odd.csv") for problem in caught.value.problems)


def test_a_name_that_is_neither_in_the_library_nor_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"midnots: there is no portfolio of that name .* Did you mean 'midnotts'\?"):
        read_portfolio("midnots")
    with pytest.raises(BadInput, match=r"none\.csv: there is no such file\."):
        read_portfolio(tmp_path / "none.csv")


def test_a_file_without_spread_says_that_nothing_is_known_of_how_sure_it_is(tmp_path: Path) -> None:
    path = file(tmp_path, "class,200,0.02,50,0,400", head="service,unit_cost,qaly_pp,n_now,min_n,max_n")
    found = valued(path)
    assert found.uncertainty is None
    assert sure(found) == ()
    assert found.warnings == (
        "No column variable_share: stopping is taken to free the whole cost.",
        "How sure the plan is cannot be told: these gains have no spread (qaly_sd).",
    )
    assert json.loads(portfolio_json(found))["uncertainty"] is None
    assert "The file does not grade its numbers." in portfolio_page(found)


# how it is told


def test_the_terminal_shows_the_plan_then_the_finding_then_the_warnings(tmp_path: Path) -> None:
    found = valued(file(tmp_path))
    table, *sentences = portfolio_terminal(found)
    assert isinstance(table, Table)
    text = printed(found)
    assert re.search(r"injection +100 +10 +£60,000 +£6,000 +0\.0 +0\.0 +scaled down", text)
    assert re.search(r"class +50 +120 +£10,000 +£24,000 +1\.0 +2\.4 +scaled up", text)
    assert re.search(r"programme +0 +100 +£0 +£40,000 +0\.0 +6\.0 +started", text)
    assert sentences[0] == "Today £70,000 gives 1 QALYs; the plan gives 8.4 for £70,000 (7.4 more, 740%)."
    assert "Before you rely on this" not in portfolio_page(found)
    assert sentences[-1] == "Limit: programme: at its most of 100; one person more would add 0.02 QALYs."


def test_what_stops_stands_before_what_shrinks_grows_and_begins(midnotts: PortfolioValue) -> None:
    decisions = [each["decision"] for each in json.loads(portfolio_json(midnotts))["plan"]]
    assert set(decisions) == {"stopped", "scaled down", "scaled up", "started"}
    text = printed(midnotts)
    lines = [line for line in text.splitlines() if line.rstrip().endswith(tuple(ORDER)) and "£" in line]
    places = [ORDER.index(next(each for each in ORDER if line.rstrip().endswith(each))) for line in lines]
    assert len(lines) == 33
    assert places == sorted(places)
    assert "18 more limits bind; --json has all." in text


def test_json_holds_everything_and_no_number_that_does_not_exist(midnotts: PortfolioValue) -> None:
    found = json.loads(portfolio_json(midnotts), parse_constant=pytest.fail)
    assert found["portfolio"] == "midnotts"
    assert found["settings"]["budget"] == pytest.approx(4_499_972.45)
    assert found["today"] == {"people": 17_225, "spend": pytest.approx(4_499_972.45), "qalys": pytest.approx(296.78)}
    assert found["after"]["qalys"] == pytest.approx(500.183)
    assert round(found["beside"]["calibrated"]["after"]["qalys"], 1) == 7703.8
    assert found["beside"]["calibrated"]["implausible"]
    assert found["implausible"] == []
    assert found["gbp_per_qaly_at_the_margin"] == pytest.approx(26_482.5)
    assert len(found["plan"]) == 33
    assert sum(row["cost_after"] for row in found["plan"]) == pytest.approx(found["after"]["spend"])
    assert len(found["limits"]) == 24
    assert set(found["uncertainty"]) == {"draws", "probability_better", "gain", "no_regrets"}
    left = json.loads(portfolio_json(valued("midnotts", budget=1e8, draws=0)))
    assert left["gbp_per_qaly_at_the_margin"] is None
    assert left["uncertainty"] is None


def test_csv_carries_sources_and_grades_with_every_row(midnotts: PortfolioValue) -> None:
    table = pd.read_csv(io.StringIO(portfolio_csv(midnotts)))
    shipped = pd.read_csv(DATA / "midnotts_portfolio.csv")
    assert len(table) == len(shipped)
    for column in [name for name in shipped if name.endswith("_grade") or name in ("source", "note", "horizon")]:
        assert table[column].equals(shipped[column]), column
    assert table["share_of_draws_same"].between(0, 1).all()
    assert set(table["gains"]) == {"trial"}


def test_the_page_is_one_file_with_a_picture_and_all_it_must_say(midnotts: PortfolioValue) -> None:
    page = portfolio_page(midnotts, "Back pain, otherwise")
    assert page.startswith("<!doctype html>")
    assert "<h1>Back pain, otherwise</h1>" in page
    assert page.count("<svg") == 1
    assert not re.search(r"<script|<link|src=|https?://(?!www\.w3\.org)", page)
    for heading in ("What stops", "What is scaled down", "What is scaled up", "What begins"):
        assert f"<h2>{heading}</h2>" in page
    assert "What stays" not in page
    plain = re.sub(r"<[^>]+>", "", page).replace("&#x27;", "'")
    for sentence in (*midnotts.sentences, *midnotts.warnings, *sure(midnotts), *midnotts.allocation.binding):
        assert sentence in plain
    assert "no: above what trials find" in page
    assert "Graded cells of the file: 257 assumed, 3 derived, 2 published, 2 recalled." in plain


def test_the_picture_names_its_largest_changes_and_leaves_out_the_smallest(tmp_path: Path) -> None:
    many = [f"s{row:02},10,1,0,0,{row + 1},0,{row + 1}" for row in range(MOST_IN_PICTURE + 3)]
    chart = portfolio_chart(valued(file(tmp_path, *many), draws=0))
    rows = chart.spec["data"]["values"]
    assert len(rows) == MOST_IN_PICTURE
    assert rows[0] == {"service": "s42", "now": 430, "after": 0, "decision": "stopped"}
    assert chart.alt == (
        "Money by service, today and in the plan, 40 services. Largest changes: s42: £430 to £0; s41: £420 to £0; "
        "s40: £410 to £0. 3 services with smaller changes are not shown."
    )


def test_the_picture_adds_the_groups_of_a_service(tmp_path: Path) -> None:
    head = "service,imd_group,unit_cost,variable_share,qaly_pp,n_now,min_n,max_n"
    path = file(tmp_path, "class,1,200,1,0.02,10,0,50", "class,2,200,1,0.02,10,0,50", "walk,1,10,1,0,5,5,5", head=head)
    rows = portfolio_chart(valued(path, budget=12_050.0)).spec["data"]["values"]
    assert rows == [
        {"service": "class", "now": 4000, "after": 12_000, "decision": "scaled up"},
        {"service": "walk", "now": 50, "after": 50, "decision": "unchanged"},
    ]


def test_names_that_look_like_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    found = valued(file(tmp_path, "<b>yoga</b> [red],200,1,0.02,0.01,50,0,400"))
    assert "<b>yoga" not in portfolio_page(found)
    assert "[red]" in printed(found)


def test_results_are_written_whole_into_a_new_folder(tmp_path: Path) -> None:
    found = valued(file(tmp_path))
    assert write_portfolio(found, tmp_path / "out") == ["plan.csv", "portfolio.html", "portfolio.json"]
    assert (tmp_path / "out" / "plan.csv").read_text(encoding="utf-8") == portfolio_csv(found)
    with pytest.raises(BadInput, match="it exists already and is not empty"):
        write_portfolio(found, tmp_path / "out")


@pytest.mark.skipif(os.name != "posix", reason="only there is the solver silenced")
def test_what_the_solver_prints_does_not_reach_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """HiGHS 1.12 prints a line of its own past Python now and then."""
    value = portfolio.portfolio_value

    def noisy(*given: Any, **named: Any) -> Any:
        ctypes.CDLL(None).puts(b"HighsMipSolverData")
        return value(*given, **named)

    monkeypatch.setattr(portfolio, "portfolio_value", noisy)
    found = valued(file(tmp_path))
    print("then", found.settings.name)
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out == "then services\n"
    with pytest.raises(BadInput):
        valued(file(tmp_path), budget=1.0)
    print("and now")
    assert capfd.readouterr().out == "and now\n"


# the portfolio of the library


@pytest.mark.skipif(not EVIDENCE.exists(), reason="the evidence is not beside the project")
def test_the_shipped_portfolio_is_the_evidence_with_its_sources_and_no_grade_is_raised() -> None:
    """Every grade is that of the evidence: what it derives from an assumed cost is assumed."""
    ours = pd.read_csv(DATA / "midnotts_portfolio.csv")
    theirs = pd.read_csv(EVIDENCE)
    same = {
        "service": "intervention",
        "evidence_class": "evidence_class",
        "unit_cost": "unit_cost_gbp",
        "qaly_pp": "qaly_pp_trial",
        "qaly_pp_calibrated": "qaly_pp_calibrated",
        "n_now": "n_treated",
        "min_n": "min_n",
        "max_n": "max_n",
        "horizon": "horizon",
        "source": "source",
    }
    for column, name in same.items():
        assert ours[column].tolist() == theirs[name].tolist(), column
    grades = {
        "assumed": "assumed",
        "derived_from_published": "derived",
        "derived_from_published_ICER_and_assumed_cost": "assumed",
        "published": "published",
        "published_recalled": "recalled",
    }
    assert ours["qaly_pp_grade"].tolist() == theirs["qaly_trial_status"].map(grades).tolist()
    for column, status in (
        ("n_now", "n_status"),
        ("unit_cost", "cost_status"),
        ("qaly_pp_calibrated", "qaly_calibrated_status"),
    ):
        assert theirs[status].str.startswith("assumed").all()
        assert set(ours[f"{column}_grade"]) == {"assumed"}
    for column in ("qaly_sd", "variable_share", "limits", "evidence_class"):
        assert set(ours[f"{column}_grade"]) == {"assumed"}


def test_the_published_arithmetic_stands_beside_gains_as_in_trials_with_its_warning(midnotts: PortfolioValue) -> None:
    paper = {name: fact["value"] for name, fact in published("mid_nottinghamshire").items()}
    assert midnotts.settings.gains == "trial"
    assert midnotts.allocation.implausible == ()
    beside = midnotts.beside[CALIBRATED]
    assert beside.people_now == paper["people"]
    assert round(beside.qalys_now) == paper["qalys"] == 4571
    assert abs(beside.qalys - paper["qalys_redesigned"]) < 2
    assert beside.spend <= paper["cost"]
    assert beside.implausible[0].startswith("Implausible gains: 0.265 QALYs a person today")
    assert beside.implausible[0] in printed(midnotts).replace("\n", " ")
    for said in (
        "4,571 QALYs today and 7,702 for the same £4.50m and 17,225 people",
        "3 to 6 times all that an average person who seeks care loses to back pain in a year (0.042 to 0.094)",
        "gives 297 QALYs today and 500 in the plan. If everyone had the largest of them (0.099), it would be 1,705",
        "people counted once for each treatment, effects over several years, or changes without a comparison group",
        "slides of the same area say £3.80m a year and over 7,052 QALYs",
        "97% of the graded cells of the table are assumed",
    ):
        assert sum(said in warning for warning in midnotts.warnings) == 1, said


def test_with_the_published_gains_the_flag_is_the_first_warning() -> None:
    found = valued("midnotts", gains="calibrated")
    assert found.warnings[0].startswith("Implausible gains: 0.265 QALYs a person today, 0.378 in the plan")
    assert found.uncertainty is None
    assert round(found.allocation.qalys, 1) == 7703.8
    assert round(found.beside["trial"].qalys) == 500
    said = [each for each in portfolio_terminal(found) if isinstance(each, str)]
    assert said[0] == f"Warning: {found.allocation.implausible[0]}"
    assert said.count(said[0]) == 1
    page = portfolio_page(found)
    assert page.index("Before you rely on this") < page.index("Today £4.50m gives")
    assert "no: above what trials find" in portfolio_page(found)


def test_a_copy_of_the_example_is_flagged_like_any_file(tmp_path: Path) -> None:
    """Its own story goes with the library's name only; the flag goes with the gains."""
    copy = tmp_path / "copy.csv"
    copy.write_bytes((DATA / "midnotts_portfolio.csv").read_bytes())
    found = valued(copy, gains="calibrated")
    assert found.allocation.implausible[0] in found.warnings
    assert not any("slides" in warning for warning in found.warnings)


# the page of the documentation


def test_the_pages_examples_give_what_they_show() -> None:
    known: dict[str, Any] = {}
    blocks = [block for block in blocks_of(PAGE) if block.language == "python"]
    assert len(blocks) == 4
    for block in blocks:
        known = example(block, known)


def test_the_numbers_in_the_pages_sentences_are_those_of_the_plan(midnotts: PortfolioValue) -> None:
    text = PAGE.read_text(encoding="utf-8")
    trial, scaled = midnotts.allocation, midnotts.beside[CALIBRATED]
    multiplied = midnotts.options["qaly_pp_calibrated"].sum() / midnotts.options["qaly_pp"].sum()
    policy = tomllib.loads((DATA / "policy.toml").read_text(encoding="utf-8"))
    for said in (
        f"multiplied by {multiplied:.1f} until",
        f"a ratio of {scaled.qalys / scaled.qalys_now:.2f} looks",
        f"{trial.qalys - trial.qalys_now:.0f} QALYs at £{trial.shadow_price:,.0f} for the next one",
        f"{scaled.qalys - scaled.qalys_now:,.0f} at £{scaled.shadow_price:,.0f} is not",
        f"More than {policy['implausible_gain']['value']} QALYs per treated person",
        f"(£{policy['health_displaced']['value']:,} to £{policy['threshold_high']['value']:,})",
        "29 interventions for 17,225 people: £4.5 million, 4,571 QALYs, and 7,702 for the same money",
    ):
        assert said in text, said
    assert trial.qalys / trial.qalys_now == pytest.approx(scaled.qalys / scaled.qalys_now, rel=1e-3)
    spread = midnotts.options["qaly_sd"] / midnotts.options["qaly_pp"].where(midnotts.options["qaly_pp"] > 0)
    assert spread.dropna().round(9).unique().tolist() == [0.5]


def test_the_pages_template_is_a_good_file(tmp_path: Path) -> None:
    (template,) = re.findall(r"<<'END'\n(.*?)END\n", PAGE.read_text(encoding="utf-8"), re.S)
    path = tmp_path / "services.csv"
    path.write_text(template, encoding="utf-8")
    found = valued(path)
    assert found.allocation.plan["decision"].tolist()[0] == "scaled down"
    assert found.warnings == ()
    tight = valued(path, budget=180_000.0, change_limit="25%")
    assert (tight.allocation.plan["change"].abs() <= 0.25 * tight.allocation.plan["n_now"] + 1e-9)[:3].all()


def test_a_service_twice_but_for_case_is_told(tmp_path: Path) -> None:
    """Both counted, as two services."""
    with pytest.raises(
        BadInput, match=r"services.csv: row 5, column service: 'Class' is 'class' but for case and blanks"
    ):
        read_portfolio(file(tmp_path, *ROWS, "Class ,200,1,0.02,0.005,50,0,400"))


def test_a_row_that_is_the_sum_of_all_others_is_a_total_whatever_it_is_called(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"services.csv: row 5: its people are those of all other rows together"):
        read_portfolio(file(tmp_path, *ROWS, "Back pain care,400,1,0.02,0.005,150,10,600"))
    assert len(read_portfolio(file(tmp_path, *ROWS, "Back pain care,400,1,0.02,0.005,150,10,599"))[0]) == 4


def test_a_quarter_of_a_person_is_no_limit_of_change(tmp_path: Path) -> None:
    """`--change-limit 0.25` held every service within a quarter of one person of today."""
    with pytest.raises(BadInput, match=r"--change-limit 0.25: this is less than one person. Write 25%"):
        read_portfolio(file(tmp_path), change_limit="0.25")
