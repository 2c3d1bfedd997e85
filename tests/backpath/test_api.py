"""`import backpath`: the same questions, tables and errors as the command line, by names, files and loaded objects."""

from __future__ import annotations

import inspect
import io
import pydoc
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import backpath as bp
from backpath.results import ComparisonResult, RunResult
from sim.experiments.record import fingerprint
from sim.results import TABLES
from tests.helpers.typed import backpath
from ui.commands.asking import refuse_unknown_policy
from ui.commands.calibrate import calibrate
from ui.commands.compare import compare, run
from ui.commands.journeys import journeys
from ui.commands.psa import psa
from ui.commands.value import value
from ui.commands.variation import variation
from ui.result_files import unlike

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = (compare, run, psa, calibrate, journeys, variation, value)
SHORT: dict[str, Any] = {"years": 1, "replications": 2}
OTHERWISE = {
    "replications": "of compare and run: text on a command line, where it may be auto",
    "calibration": "a Path there",
    "targets": "needed",
    "folder": "needed, or --out",
    "change_limit": "text there, where nothing is ''",
    "deprived": "text there",
    "weights": "text there",
    "need": "text there",
    "capacity": "text there",
}
PRACTICES = "practice_code,count,population\n" + "".join(f"A{k:05},{20 + 7 * k},{4000 + 300 * k}\n" for k in range(12))


@pytest.fixture(scope="module")
def found() -> ComparisonResult:
    """Two scenarios against today, two runs of a year."""
    return bp.compare(["mri_guidance", "physio_first"], **SHORT)


@pytest.fixture(scope="module")
def ran() -> RunResult:
    """Today's pathway, one run of a year."""
    return bp.run("usual_care", years=1)


# importing


def test_importing_loads_nothing_heavy() -> None:
    heavy = ("numba", "simpy", "streamlit", "vl_convert", "pandas", "numpy", "pydantic", "typer", "scipy")
    code = f"import sys, backpath; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("mine", "named"),
    [("sim.py", "sim.py"), ("ui.py", "ui.py"), ("pathways.py", "pathways.py"), ("outcomes/__init__.py", "outcomes")],
)
def test_a_users_own_module_that_hides_ours_is_named(tmp_path: Path, mine: str, named: str) -> None:
    """It lies beside the notebook, whose folder is searched first."""
    (tmp_path / mine).parent.mkdir(exist_ok=True)
    (tmp_path / mine).write_text("raise RuntimeError('never run')\n")
    code = f"import sys; sys.path[1:1] = [{str(ROOT)!r}]\nimport backpath"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    room = mine.partition("/")[0].removesuffix(".py")
    says = f"ImportError: Backpath has a package '{room}', and Python finds {tmp_path / named} in its place. Give that file"
    assert says in done.stderr, done.stderr


def test_a_module_of_the_user_that_was_imported_before_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "sim.py").write_text("")
    code = f"import sim, sys; sys.path[:1] = [{str(ROOT)!r}]\nimport backpath"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"finds {tmp_path / 'sim.py'} in its place" in done.stderr


def test_help_tells_the_ten_functions_and_their_examples() -> None:
    text = pydoc.render_doc(bp, renderer=pydoc.plaintext)
    assert len(bp.__all__) == 10
    for name in bp.__all__:
        assert f"\n    {name}(" in text
        assert ">>> " in (getattr(bp, name).__doc__ or ""), name
        assert "BadInput" in (getattr(bp, name).__doc__ or ""), name


# the same as on the command line


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_what_is_left_out_means_what_it_means_on_the_command_line(command: Callable) -> None:
    there = inspect.signature(command).parameters
    for name, parameter in inspect.signature(getattr(bp, command.__name__)).parameters.items():
        if parameter.default is inspect.Parameter.empty or name == "back_test":
            continue
        default = there[name].default
        if name in OTHERWISE:
            default = type(parameter.default)(default or parameter.default) if parameter.default is not None else None
        assert parameter.default == default, name


def test_tables_are_those_that_the_command_writes(found: ComparisonResult, tmp_path: Path) -> None:
    typed = backpath(
        "compare", "mri_guidance", "physio_first", "--years", 1, "--replications", 2, "--out", tmp_path / "typed"
    )
    assert typed.code == 0
    saved = found.save(tmp_path / "saved")
    assert saved == sorted(path.name for path in (tmp_path / "typed").iterdir())
    for name in ("differences", *TABLES):
        text = (tmp_path / "typed" / f"{name}.csv").read_text()
        assert (tmp_path / "saved" / f"{name}.csv").read_text() == text
        table = getattr(found, name)
        assert unlike("compare", f"{name}.csv", list(table.columns)) == ""
        assert_frame_equal(table, pd.read_csv(io.StringIO(text), keep_default_na=True), check_dtype=False)
    assert backpath("replay", tmp_path / "saved" / "record.json").out.startswith("The same results came out.")


def test_the_words_are_those_of_the_terminal(found: ComparisonResult) -> None:
    typed = backpath("compare", "mri_guidance", "physio_first", "--years", 1, "--replications", 2)
    said = " ".join(typed.out.split())
    assert f"{found!r}" == found.headline()
    lines = [
        line for line in found.headline().splitlines() if line.startswith(("Watch", "Capacity", "Care", "Its levers"))
    ]
    assert len(lines) >= 4
    assert all(line in said for line in lines)
    verdicts = set(found.differences["verdict"])
    assert set(found.in_words("mri_guidance")["verdict"]) | set(found.in_words("physio_first")["verdict"]) == verdicts


def test_a_run_gives_its_services_and_its_events(ran: RunResult, tmp_path: Path) -> None:
    typed = backpath("run", "usual_care", "--years", 1, "--csv", "--log", tmp_path / "log.csv")
    assert_frame_equal(ran.services, pd.read_csv(io.StringIO(typed.out)), check_dtype=False)
    assert unlike("run", "standard output", list(ran.services.columns)) == ""
    events = ran.events()
    log = pd.read_csv(tmp_path / "log.csv")
    assert list(events.columns) == list(log.columns)
    assert len(events) == len(log)
    assert events["tick"].tolist() == log["tick"].tolist()


def test_the_events_of_a_run_are_followed_as_their_file_is(ran: RunResult, tmp_path: Path) -> None:
    typed = backpath("run", "usual_care", "--years", 1, "--log", tmp_path / "events.csv")
    assert typed.code == 0
    of_file = bp.journeys(tmp_path / "events.csv", disclosure="none", since="0")
    of_table = bp.journeys(ran.events(), disclosure="none", since="0")
    for name, table in of_file.tables.items():
        assert_frame_equal(of_table.tables[name], table)
    assert of_table.headline() == of_file.headline()
    assert set(of_file.save(tmp_path / "saved")) >= {"waits.csv", "lists.csv", "continuity.csv", "treatment.csv"}


def test_practices_and_services_are_read_from_files_and_tables_alike(tmp_path: Path) -> None:
    (tmp_path / "practices.csv").write_text(PRACTICES)
    of_file = bp.variation(tmp_path / "practices.csv", what="MRI scans")
    of_table = bp.variation(pd.read_csv(io.StringIO(PRACTICES)), what="MRI scans")
    assert_frame_equal(of_file.practices, of_table.practices)
    assert of_file.headline() == of_table.headline()
    assert "practices.csv" in of_file.save(tmp_path / "variation")
    midnotts = bp.value("midnotts", change_limit="25%", weights={"all": 1.5})
    typed = backpath("value", "midnotts", "--change-limit", "25%", "--weights", "all=1.5", "--csv")
    assert_frame_equal(midnotts.plan.reset_index(drop=True), pd.read_csv(io.StringIO(typed.out)), check_dtype=False)
    of_its_table = bp.value(bp.value("midnotts").found.options)
    assert of_its_table.plan["n_after"].tolist() == bp.value("midnotts").plan["n_after"].tolist()
    assert "plan.csv" in midnotts.save(tmp_path / "value")


def test_a_sensitivity_analysis_gives_what_the_command_gives(tmp_path: Path) -> None:
    asked = bp.psa("mri_guidance", draws=2, years=1, one_way=2)
    typed = backpath("psa", "mri_guidance", "--draws", 2, "--years", 1, "--one-way", 2, "--out", tmp_path / "typed")
    asked.save(tmp_path / "saved")
    for name in ("values", "quantities"):
        text = (tmp_path / "typed" / f"{name}.csv").read_text()
        assert (tmp_path / "saved" / f"{name}.csv").read_text() == text
        assert_frame_equal(getattr(asked, name), pd.read_csv(io.StringIO(text)), check_dtype=False)
    assert asked.headline().splitlines()[0] in " ".join(typed.out.split())
    assert asked.acceptability is None


# what may be given


def test_names_files_and_loaded_objects_are_one(found: ComparisonResult, tmp_path: Path) -> None:
    case, region = bp.load_scenario("mri_guidance"), bp.load_region("demonstration")
    base = bp.load_scenario(ROOT / "pathways" / "library" / "scenarios" / "usual_care.toml")
    again = bp.compare([case, "physio_first"], against=base, region=region, **SHORT)
    assert fingerprint(again.found) == fingerprint(found.found)
    folder = ROOT / "pathways" / "library" / "regions" / "demonstration"
    one = bp.compare(ROOT / "pathways" / "library" / "scenarios" / "mri_guidance.toml", region=folder, **SHORT)
    assert (
        one.differences["difference"].tolist()
        == found.differences.query("scenario == 'mri_guidance'")["difference"].tolist()
    )
    assert "record.json" in again.save(tmp_path / "of_a_loaded_region")


def test_a_pathway_stands_for_itself_without_levers() -> None:
    pathway = replace(bp.load_pathway("usual_care"), name="mine")
    mine, theirs = bp.run(pathway, years=1), bp.run("usual_care", years=1)
    assert mine.activity.drop(columns=["scenario", "run_id"]).equals(
        theirs.activity.drop(columns=["scenario", "run_id"])
    )


def test_what_was_changed_is_looked_at_as_a_file_is() -> None:
    case = bp.load_scenario("mri_guidance")
    levers = {"mri_from": next(iter(case.scenario.levers.values()))}
    changed = replace(case, name="mine", scenario=case.scenario.model_copy(update={"levers": levers}))
    services = {name: service for name, service in case.pathway.services.items() if name != "mri"}
    without = replace(case, name="without", pathway=replace(case.pathway, services=services))
    with pytest.raises(bp.BadInput) as refused:
        bp.compare([changed, without, "no_such"], **SHORT)
    said = str(refused.value)
    assert "mine: levers.mri_from" in said
    assert "mri_form" in said
    assert "'mri'" in said
    assert "no_such: there is no scenario of that name" in said


def test_a_region_that_no_record_could_find_again_is_not_saved_under_its_name(tmp_path: Path) -> None:
    from pathways import save_region

    region = bp.load_region("demonstration")
    other = replace(region, waiting=())
    found = bp.run("usual_care", region=other, years=1)
    with pytest.raises(bp.BadInput, match="save_region"):
        found.save(tmp_path / "results")
    assert not (tmp_path / "results").exists()
    (tmp_path / "other").mkdir()
    save_region(other, tmp_path / "other")
    assert "record.json" in found.save(tmp_path / "results", region_from=tmp_path / "other")


def test_every_problem_is_told_and_a_notebook_shows_no_traceback() -> None:
    with pytest.raises(bp.BadInput) as refused:
        bp.compare(["mri_guidence", "physio_frist"], region="demonstraton", replications=0, engine="fast")
    assert len(refused.value.problems) == 5
    shown = refused.value._render_traceback_()
    assert shown[0] == "BadInput, 5 problems:"
    assert shown[1:] == [f"  {problem}" for problem in refused.value.problems]
    with pytest.raises(bp.BadInput, match="compared with itself"):
        bp.compare("usual_care")
    with pytest.raises(bp.BadInput, match="disclosure"):
        bp.journeys(pd.DataFrame(), disclosure="nothing")
    with pytest.raises(bp.BadInput, match="disclosure"):
        refuse_unknown_policy("nothing")
