"""Every column of every result file stands in the dictionary, and every row of it in a file; a year means a year."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from calibration.fitting.practice_pooling import pooled
from calibration.local_data.figures import COLUMNS
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.measures.budget import budget_of
from sim.run import Case
from tests.helpers.build import Numbers, pathway, region, scenario, share
from tests.helpers.capacity import lever
from tests.helpers.typed import backpath
from ui.reports.budget import write_budgets
from ui.reports.comparison import write_results
from ui.reports.decision_table import comparison_csv, comparison_dict, rows_of
from ui.reports.run import run_csv, run_json
from ui.result_files import columns_of, dictionary, page, unlike

ROOT = Path(__file__).resolve().parent.parent.parent
SCANS = "practice_code,count,population\n" + "".join(f"A{k:05},{20 + 7 * k},{4000 + 300 * k}\n" for k in range(12))
LOG = "patient,day,kind,service\n1,0,referral,physio\n1,10,seen,physio\n2,3,referral,physio\n"


def header(text: str) -> list[str]:
    """The names of the columns of a CSV."""
    return next(csv.reader(io.StringIO(text)))


@pytest.fixture(scope="module")
def found() -> Comparison:
    """Two years of a small pathway in which a lever keeps half of the people at home."""
    numbers = Numbers()
    word = pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "clinic": {"capacity": "slots", "next": "home"}},
        entry="gp",
        onset_rate=0.5,
        decisions={"plan": {"options": {"clinic": share(numbers, 0.6), "home": {"share": "rest"}}}},
        levers={"less": lever({"decision": "plan", "option": "clinic", "times": numbers(0.5, "ratio")})},
        outcomes={
            "clinic": {"title": "Clinic", "of": "seen", "services": ["clinic"], "better": "less"},
            "wait": {"title": "Wait", "of": "wait", "services": ["clinic"], "better": "less"},
            "cost": {"title": "Cost", "of": "cost", "better": "less"},
            "qalys": {"title": "QALYs", "of": "qalys", "better": "more"},
        },
    )
    cases = {"usual": Case("usual", scenario(), word), "less": Case("less", scenario(less={}), word)}
    return compare(
        Experiment(cases, base="usual", region=region(2000, sites={"clinic": 30.0}), years=2, replications=3, seed=1)
    )


@pytest.fixture(scope="module")
def results(found: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `compare --out` and `budget --out` write of it."""
    folder = tmp_path_factory.mktemp("results")
    write_results(found, folder / "compare", region_from="demonstration")
    write_budgets(found, [budget_of(found, "less", setup_cost=0.0)], folder / "budget")
    return folder


FILES = {"differences", "activity", "waits", "lists", "health", "by_decile", "by_practice"}


@pytest.mark.parametrize(
    ("command", "file"),
    [*(("compare", f"{name}.csv") for name in sorted(FILES)), ("budget", "budget.csv"), ("budget", "capacity.csv")],
)
def test_the_columns_of_what_a_comparison_writes_are_in_the_dictionary(results: Path, command: str, file: str) -> None:
    assert (fault := unlike(command, file, header((results / command / file).read_text()))) == "", fault
    written = {path.name for path in (results / command).glob("*.csv")}
    known = {row["file"] for row in dictionary() if command in row["made_by"].split() and row["file"].endswith(".csv")}
    assert written == known


def test_the_columns_of_a_run_are_in_the_dictionary(found: Comparison) -> None:
    fault = unlike("run", "standard output", header(run_csv(found)))
    assert fault == "", fault


@pytest.mark.parametrize(
    ("command", "given", "options", "files"),
    [
        ("variation", SCANS, ("--disclosure", "none"), {"practices.csv"}),
        ("journeys", LOG, ("--disclosure", "none"), {"waits.csv", "lists.csv", "treatment.csv", "continuity.csv"}),
        ("value", "midnotts", (), {"plan.csv"}),
    ],
)
def test_the_columns_of_tables_of_real_data_are_in_the_dictionary(
    tmp_path: Path, command: str, given: str, options: tuple[str, ...], files: set[str]
) -> None:
    named = given
    if "\n" in given:
        (tmp_path / "given.csv").write_text(given)
        named = str(tmp_path / "given.csv")
    seen = backpath(command, named, *options, "--out", tmp_path / "out")
    assert seen.code == 0, seen.err
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == files
    faults = [unlike(command, file, header((tmp_path / "out" / file).read_text())) for file in sorted(files)]
    assert not any(faults), "\n".join(faults)


def test_the_columns_of_a_calibration_are_in_the_dictionary() -> None:
    """Those that do not need a fit to be known."""
    assert (fault := unlike("calibrate", "targets.csv", COLUMNS)) == "", fault
    assert set(columns_of("calibrate", "practice_ratios.csv")) >= {"observed", "expected", "ratio", "weight"}
    assert {"observed", "expected", "ratio", "weight"} <= set(pooled([1], [1.0], spread=0.5, slope=1))


def test_every_row_of_the_dictionary_says_something_once() -> None:
    rows = dictionary()
    assert all(row["unit"] and row["meaning"] for row in rows)
    places = [(row["made_by"], row["file"], row["column"]) for row in rows]
    assert len(set(places)) == len(places)


def test_the_page_of_result_files_is_the_dictionary() -> None:
    """`python -m ui.result_files > docs/result-files.md` makes it."""
    assert (ROOT / "docs" / "result-files.md").read_text(encoding="utf-8") == page()


# a year is a year


def test_every_file_tells_what_the_table_tells_a_year(found: Comparison) -> None:
    """CSV and JSON gave the total of both years where the table said a year."""
    table = pd.read_csv(io.StringIO(comparison_csv(found))).set_index("outcome")
    told = comparison_dict(found)
    run: dict[str, Any] = json.loads(run_json(replace(found, experiment=replace(found.experiment, base="less"))))
    assert (told["format"], told["per"], told["years"]) == (2, "year", 2)
    assert set(table["years"]) == {2.0}
    for row in rows_of(found, "less"):
        total = found.mean("less", row.outcome)
        expected = total if row.outcome == "wait" else total / 2
        assert table["scenario_mean"][row.outcome] == pytest.approx(expected)
        assert told["scenarios"]["less"][row.outcome]["scenario"] == pytest.approx(expected)
        assert run["outcomes"][row.outcome] == pytest.approx(expected)
        difference = found.difference("less", row.outcome)
        years = 1 if row.outcome == "wait" else 2
        assert table["difference"][row.outcome] == pytest.approx(difference.mean / years)
        assert table["highest"][row.outcome] == pytest.approx(difference.highest / years)
    shown = next(row for row in rows_of(found, "less") if row.outcome == "clinic").scenario
    assert float(shown.replace(",", "")) == pytest.approx(table["scenario_mean"]["clinic"], rel=0.01)


@pytest.mark.parametrize(("base", "interval"), [(1000.0, "too few differ"), (10.0, "too rare to tell")])
def test_of_what_is_common_too_few_differ_and_only_what_is_rare_is_too_rare(
    found: Comparison, base: float, interval: str
) -> None:
    """One visit more in one of three runs: of 3,000 visits it was called too rare to tell."""
    values = {name: frame.assign(clinic=base) for name, frame in found.values.items()}
    values["less"].loc[0, "clinic"] += 1
    other = copy.copy(found)
    object.__setattr__(other, "values", values)
    assert next(row for row in rows_of(other, "less") if row.outcome == "clinic").interval == interval


def test_parts_of_a_result_file_are_told_where_they_differ() -> None:
    """A developer who adds a column is told which dictionary to write it in."""
    check: Callable[..., str] = unlike
    assert "not in the dictionary: extra" in check(
        "journeys", "lists.csv", ["week", "day", "service", "waiting", "extra"]
    )
    assert "the order is" in check("journeys", "lists.csv", ["day", "week", "service", "waiting"])
