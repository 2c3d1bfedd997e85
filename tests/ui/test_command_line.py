"""The command line: what is typed, what is printed, what is written, and what happens to whatever cannot be used."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
import typer.main

from pathways import load_pathway, load_region
from pathways.load import LIBRARY
from pathways.pathway import Clock
from sim.arrays.layout import KINDS
from sim.events import COLUMNS
from sim.results import activity_table
from sim.running import Running
from sim.version import MODEL
from tests.helpers.build import cohort_of, plan_of
from tests.helpers.official import HEAD, MAP_HEAD, MAP_ROWS, ROWS, Files, row
from tests.helpers.refusals import files, new_region, refused
from tests.helpers.typed import Seen, backpath
from ui import command_line
from ui.command_line import app, spread_lists
from ui.terminal import telling as terminal
from ui.words import figures

__all__ = ["files"]

DIFFERENCE = {"mean", "low", "high", "lowest_run", "highest_run", "share_lower", "too_rare"}
GALLERY = Path(__file__).parent.parent / "gallery"
OUTCOMES = (
    "gp_consultations", "first_contact_physio", "physio_referrals", "mri_scans", "msk_triage_referrals",
    "spinal_referrals", "injections", "surgery", "physio_wait_days", "mri_wait_days", "spinal_wait_days",
    "total_cost_gbp", "qalys",
)  # fmt: skip
QUICK = ("--years", 0.25, "--replications", 2)


def small_region(folder: Path, *, divided_by: int = 10) -> Path:
    """The demonstration area with a tenth of its people."""
    shutil.copytree(LIBRARY / "regions" / "demonstration", folder)
    rows = list(csv.reader(io.StringIO((folder / "population.csv").read_text())))
    fewer = [[*words[:3], str(int(words[3]) // divided_by)] for words in rows[1:]]
    (folder / "population.csv").write_text("\n".join(",".join(words) for words in [rows[0], *fewer]) + "\n")
    return folder


def test_the_version_and_that_of_the_model_are_told() -> None:
    assert backpath("--version").out.split() == ["backpath", f"{version('backpath')},", "model", str(MODEL)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small area; never changed."""
    return small_region(tmp_path_factory.mktemp("regions") / "small")


# what can be typed


def options(command: str) -> set[str]:
    """The options of a command."""
    found: Any = typer.main.get_command(app)
    for word in command.split():
        found = found.commands[word]
    return {option for each in found.params for option in each.opts if option.startswith("--")}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("compare", {"--against", "--region", "--years", "--replications", "--seed", "--engine", "--workers", "--json", "--csv", "--out"}),
        ("run", {"--region", "--years", "--replications", "--seed", "--engine", "--workers", "--json", "--csv", "--out", "--log"}),
        ("region new", {"--registered", "--map", "--deprivation", "--pcn", "--sub-icb", "--practice", "--england", "--out"}),
        ("show", set()), ("check", set()), ("schema", set()), ("replay", set()), ("app", set()),
    ],
)  # fmt: skip
def test_commands_have_the_options_that_were_promised(command: str, expected: set[str]) -> None:
    assert expected <= options(command)


@pytest.mark.parametrize(
    "command", ["", "check", "show", "schema", "region", "region new", "compare", "run", "replay", "app"]
)
def test_every_command_explains_itself(command: str) -> None:
    seen = backpath(*command.split(), "--help")
    assert seen.code == 0
    assert "Usage: backpath" in seen.out
    assert "Traceback" not in seen.all


@pytest.mark.parametrize(
    "typed",
    [[], ["compare"], ["region"], ["region", "new"], ["nonsense"], ["compare", "mri_guidance", "--nonsense"], ["compare", "mri_guidance", "--years", "two"], ["run"], ["run", "a", "b"], ["replay"]],
    ids=" ".join,
)  # fmt: skip
def test_a_command_that_is_used_wrongly_says_how_to_use_it(typed: list[str]) -> None:
    seen = backpath(*typed)
    assert seen.code == 2
    assert "Usage: backpath" in seen.all
    assert "should not have happened" not in seen.all


def test_codes_may_follow_their_option_as_a_list() -> None:
    assert spread_lists(["new", "--pcn", "U1", "U2,U3", "--out", "x"]) == ["new", "--pcn", "U1", "--pcn", "U2,U3", "--out", "x"]  # fmt: skip
    assert spread_lists(["--practice", "A", "--practice", "B"]) == ["--practice", "A", "--practice", "B"]
    assert spread_lists(["compare", "a", "b"]) == ["compare", "a", "b"]


# check, show, schema


def test_check_finds_nothing_wrong_with_the_library() -> None:
    for name in ("usual_care", "mri_guidance", "demonstration"):
        seen = backpath("check", name)
        assert seen.code == 0
        assert f"{name}: no errors" in seen.out


def test_check_tells_which_lists_would_grow(small: Path) -> None:
    """Ten times the people of the small area for the same capacity: MSK triage is offered more than it has."""
    assert "the list grows" not in backpath("check", "usual_care", "--region", small).err
    seen = backpath("check", "usual_care", "--region", "demonstration")
    assert seen.code == 0
    assert re.search(
        r"warning: demonstration: MSK triage: [\d.]+ referrals a week need [\d.]+ appointments, for [\d.]+ slots",
        seen.err,
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("shares_add_to_more_than_one", "shares_add_to_more_than_one.toml: decisions.plan: the shares add to 1.01, they must add to 1."),
        ("a_service_nobody_can_leave", "a_service_nobody_can_leave.toml: services.clinic: nobody can leave 'clinic'"),
        ("a_quantity_without_source", "a_quantity_without_source.toml: quantities.price.source: 'source' is missing. Add it."),
        ("scenario_with_an_unknown_lever", "scenario_with_an_unknown_lever.toml: levers.mri_fom: there is no lever 'mri_fom' in the pathway 'usual_care'. Did you mean 'mri_form'?"),
        ("not_toml", "not_toml.toml: this is not valid TOML"),
    ],
)  # fmt: skip
def test_check_refuses_what_is_broken_and_says_where(name: str, sentence: str) -> None:
    refused(backpath("check", GALLERY / f"{name}.toml"), sentence)


def test_check_counts_the_problems_and_tells_them_all() -> None:
    seen = backpath("check", GALLERY / "several_at_once.toml")
    refused(seen, "5 problems:")
    assert len([line for line in seen.err.splitlines() if line.startswith("several_at_once.toml: ")]) == 5


def test_check_of_what_is_not_there(tmp_path: Path) -> None:
    refused(backpath("check", "nowhere"), "nowhere: there is no such file")
    refused(backpath("check", tmp_path), "region.toml: there is no such file.")


def test_show_tells_a_pathway_and_draws_it(tmp_path: Path) -> None:
    seen = backpath("show", "pathway", "usual_care", "--svg", tmp_path / "pathway.svg")
    assert seen.code == 0
    assert seen.out.startswith("Back pain care today\n")
    assert ElementTree.parse(tmp_path / "pathway.svg").getroot().tag.endswith("svg")
    assert max(map(len, seen.out.splitlines()[:40])) <= terminal.WIDE


def test_show_tells_a_scenario() -> None:
    seen = backpath("show", "scenario", "mri_guidance")
    assert (seen.code, seen.err) == (0, "")
    assert "Lever mri_form: MRI referral form" in seen.out


def test_show_of_what_is_not_there(tmp_path: Path) -> None:
    refused(
        backpath("show", "pathway", "usual_cair"),
        "usual_cair: there is no pathway of that name",
        "Did you mean 'usual_care'?",
    )
    refused(backpath("show", "scenario", "mri"), "mri: there is no scenario of that name")
    refused(backpath("show", "picture", "usual_care"), "picture: show a 'pathway', a 'scenario' or 'evidence'")
    refused(
        backpath("show", "pathway", "usual_care", "--svg", tmp_path / "nowhere" / "pathway.svg"),
        "pathway.svg: the folder does not exist. Make it first.",
    )
    refused(
        backpath("show", "pathway", "usual_care", "--svg", tmp_path / "pathway.toml"), "a drawing is written as .svg"
    )


@pytest.mark.parametrize("kind", ["pathway", "scenario"])
def test_schema_prints_json_and_nothing_else(kind: str) -> None:
    seen = backpath("schema", kind)
    assert (seen.code, seen.err) == (0, "")
    jsonschema.Draft202012Validator.check_schema(json.loads(seen.out))
    refused(backpath("schema", "regions"), "regions: there are schemas for: pathway, scenario.")


# region new


def test_region_new_writes_a_region_and_says_what_it_assumed(files: Files) -> None:
    seen = new_region(files, "--pcn", "U1", "U2")
    assert (seen.code, seen.err) == (
        0,
        "Warning: 1 chosen practice is on the map with nobody registered in July 2026, left out: A9 CLOSED SURGERY.\n",
    )
    region = load_region(files.folder / "out")
    assert region.codes == ("A1", "A3")
    assert seen.out.startswith("230 registered people at 2 practices, written to ")
    assert "Assumed, because the official files do not tell:" in seen.out
    for sentence in region.about.assumed:
        assert f"  - {sentence}\n" in seen.out
    assert f"Next: backpath compare mri_guidance physio_first --region {files.folder / 'out'}" in seen.out


@pytest.mark.parametrize(
    ("selection", "codes"),
    [(["--sub-icb", "52R"], ("A1", "A2")), (["--practice", "A3,A1"], ("A3", "A1")), (["--practice", "A1", "--practice", "A2"], ("A1", "A2")), (["--england"], ("A1", "A2", "A3"))],
    ids=" ".join,
)  # fmt: skip
def test_regions_are_chosen_in_four_ways(files: Files, selection: list[str], codes: tuple[str, ...]) -> None:
    assert new_region(files, *selection).code == 0
    assert load_region(files.folder / "out").codes == codes


def truncate(files: Files) -> None:
    """The register as an archive of which half was fetched."""
    with zipfile.ZipFile(files.folder / "whole.zip", "w") as archive:
        archive.write(files.registered, "gp-reg.csv")
    whole = (files.folder / "whole.zip").read_bytes()
    files.registered = files.folder / "cut.zip"
    files.registered.write_bytes(whole[: len(whole) // 2])


def rows(files: Files, *more: str) -> None:
    """The register with rows added."""
    files.registered = files.write("bad.csv", [HEAD, *ROWS, *more])


@pytest.mark.parametrize(
    ("spoil", "selection", "sentence"),
    [
        (lambda f: setattr(f, "registered", f.write("bad.csv", [HEAD.replace("NUMBER", "NUMBERS"), *ROWS])), [], "bad.csv: this is not patients registered at a GP practice: there is no column"),
        (lambda f: setattr(f, "registered", f.map), [], "map.csv: this is not patients registered at a GP practice"),
        (truncate, [], "cut.zip: the archive is damaged or cut short"),
        (lambda f: None, ["--practice", "A9"], "--practice A9: nobody was registered there in July 2026: it may have closed or merged."),
        (lambda f: rows(f, row("A3", "FEMALE", "30_34", -5)), [], "bad.csv: row 12, column NUMBER_OF_PATIENTS: '-5' is negative."),
        (lambda f: rows(f, row("A3", "FEMALE", "30_34", "many")), [], "bad.csv: row 12, column NUMBER_OF_PATIENTS: 'many' is not a number."),
        (lambda f: rows(f, ROWS[4]), [], "the practice 'A1' stands twice for sex FEMALE, age 40_44."),
        (lambda f: setattr(f, "map", f.write("bad.csv", [MAP_HEAD, MAP_ROWS[0], MAP_ROWS[0]])), [], "bad.csv: row 3: the practice 'A1' stands twice."),
        (lambda f: setattr(f, "registered", f.write("bad.csv", [HEAD, row("A1", "MALE", "40_44", 0)])), ["--practice", "A1"], "bad.csv: nobody is registered at the chosen practices."),
        (lambda f: setattr(f, "deprivation", f.folder / "nowhere.csv"), [], "nowhere.csv: there is no such file."),
        (lambda f: None, ["--england", "--pcn", "U1"], "region new: 2 selections are given"),
    ],
    ids=["wrong columns", "wrong file", "truncated zip", "closed practice", "negative count", "count that is no number", "count twice", "practice twice", "nobody", "no file", "two selections"],
)  # fmt: skip
def test_bad_official_files_are_explained_and_nothing_is_written(
    files: Files, spoil: Callable[[Files], None], selection: list[str], sentence: str
) -> None:
    spoil(files)
    before = sorted(path.name for path in files.folder.iterdir())
    refused(new_region(files, *selection), sentence)
    assert sorted(path.name for path in files.folder.iterdir()) == before


def test_a_region_never_overwrites_a_folder(files: Files) -> None:
    assert new_region(files).code == 0
    before = {path.name: path.read_bytes() for path in (files.folder / "out").iterdir()}
    refused(new_region(files, "--practice", "A1"), "out: it exists already and is not empty.")
    assert {path.name: path.read_bytes() for path in (files.folder / "out").iterdir()} == before


# compare


def comparison(region: Path, *more: str | float | Path) -> Seen:
    """Types `backpath compare mri_guidance` for a quick run."""
    return backpath("compare", "mri_guidance", "--region", region, *QUICK, *more)


def test_json_is_one_object_and_nothing_else(small: Path) -> None:
    seen = backpath("compare", "mri_guidance", "physio_first", "--region", small, *QUICK, "--seed", 7, "--json")
    assert (seen.code, seen.err) == (0, "")
    found = json.loads(seen.out)
    people = load_region(small).population
    assert (found["region"], found["population"]) == (load_region(small).name, people)
    assert (found["years"], found["replications"], found["seed"]) == (0.25, 2, 7)
    assert re.fullmatch(r"[0-9a-f]{20}", found["fingerprint"])
    assert list(found["scenarios"]) == ["mri_guidance", "physio_first"]
    for outcomes in found["scenarios"].values():
        assert set(OUTCOMES) <= set(outcomes)
        for each in outcomes.values():
            difference = each["difference"]
            assert set(difference) == DIFFERENCE
            if None not in (each["base"], each["scenario"]):
                assert difference["mean"] == pytest.approx(each["scenario"] - each["base"], abs=1e-6)
                assert difference["lowest_run"] <= difference["mean"] <= difference["highest_run"]
                assert difference["too_rare"] == (difference["low"] is None)
                assert difference["too_rare"] or difference["low"] <= difference["mean"] <= difference["high"]


def test_csv_has_a_row_for_each_scenario_and_outcome(small: Path) -> None:
    seen = comparison(small, "--csv")
    assert seen.code == 0
    assert "Warning: Too rare to tell" in seen.err
    assert "Warning: " not in seen.out
    table = pd.read_csv(io.StringIO(seen.out))
    found = json.loads(comparison(small, "--json").out)["scenarios"]["mri_guidance"]
    assert list(table["outcome"]) == list(found)
    for line in table.itertuples():
        assert line.base == pytest.approx(found[line.outcome]["base"], nan_ok=True)
        assert line.difference == pytest.approx(found[line.outcome]["difference"]["mean"], nan_ok=True)


def test_the_table_names_every_outcome_and_warns_on_the_other_output(small: Path) -> None:
    seen = comparison(small)
    assert seen.code == 0
    assert seen.out.startswith("MRI guidance against usual care: ")
    for outcome in load_pathway("usual_care").outcomes.values():
        assert outcome.title in seen.out
    few = [line for line in seen.err.splitlines() if line.startswith("Warning: Few")]
    assert len(few) <= 3
    assert re.search(
        r"^Warning: Too rare to tell in 2 runs under 'mri_guidance': .*'MRI scans'", seen.err, re.MULTILINE
    )
    assert "too rare to tell" in seen.out
    assert "Warning: " in seen.err
    assert "Warning: " not in seen.out


def test_the_table_and_json_tell_the_same_scans(small: Path) -> None:
    """The table shows a yearly average of a quarter of a year: four times the total."""
    shown = next(line for line in comparison(small).out.splitlines() if line.strip().startswith("MRI scans"))
    found = json.loads(comparison(small, "--json").out)["scenarios"]["mri_guidance"]["mri_scans"]
    assert shown.split()[2:4] == [f"{found[which]:.3g}" for which in ("base", "scenario")]


def test_another_base_turns_the_differences_round(small: Path) -> None:
    forward = json.loads(comparison(small, "--json").out)["scenarios"]["mri_guidance"]["mri_scans"]
    seen = backpath("compare", "usual_care", "--against", "mri_guidance", "--region", small, *QUICK, "--json")
    found = json.loads(seen.out)
    back = found["scenarios"]["usual_care"]["mri_scans"]
    assert found["against"] == "mri_guidance"
    assert (back["base"], back["scenario"]) == (forward["scenario"], forward["base"])
    assert back["difference"]["mean"] == -forward["difference"]["mean"]


def test_workers_and_engine_do_not_change_the_results(small: Path) -> None:
    """One thread or two, and the engine that is there to be read: the same tables to the last digit."""
    alone = comparison(small, "--workers", 1, "--json")
    assert alone.code == 0
    assert comparison(small, "--workers", 2, "--json").out == alone.out
    reference = backpath("run", "usual_care", "--region", small, "--years", 0.1, "--engine", "reference", "--json")
    compiled = backpath("run", "usual_care", "--region", small, "--years", 0.1, "--engine", "compiled", "--json")
    assert reference.code == 0
    assert reference.out == compiled.out


def test_the_seed_decides_and_scenarios_may_be_named_twice(small: Path) -> None:
    one, other = (json.loads(comparison(small, "--seed", seed, "--json").out) for seed in (1, 2))
    assert one["scenarios"] != other["scenarios"]
    assert one["fingerprint"] != other["fingerprint"]
    twice = json.loads(comparison(small, "--seed", 1, "--json").out)
    assert twice == one
    seen = backpath("compare", "mri_guidance", "mri_guidance", "--region", small, *QUICK, "--seed", 1, "--json")
    assert json.loads(seen.out) == one


def test_replications_can_be_as_many_as_are_needed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` adds ten at a time until the intervals are narrow, at most 200 (here 20)."""
    monkeypatch.setattr("sim.experiments.precision.AUTO_MOST", 20)
    monkeypatch.setattr("sim.experiments.compare.AUTO_MOST", 20)
    seen = backpath("compare", "mri_guidance", "--region", small, "--years", 0.1, "--replications", "auto", "--json")
    assert seen.code == 0
    assert json.loads(seen.out)["replications"] in (10, 20)


def test_out_writes_a_folder_that_can_be_replayed(small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    seen = comparison(small, "--json", "--out", folder)
    assert seen.code == 0
    assert json.loads(seen.out)["fingerprint"] == json.loads((folder / "record.json").read_text())["fingerprint"]
    assert {"report.html", "record.json", "differences.csv", "activity.csv"} <= {path.name for path in folder.iterdir()}
    assert f"Written to {folder}: " in seen.err
    replayed = backpath("replay", folder / "record.json")
    assert (replayed.code, replayed.out) == (0, "The same results came out.\n")


def test_a_replay_that_differs_says_how_and_fails(small: Path, tmp_path: Path) -> None:
    region = Path(shutil.copytree(small, tmp_path / "region"))
    assert comparison(region, "--out", tmp_path / "results").code == 0
    text = (region / "population.csv").read_text()
    (region / "population.csv").write_text(text.replace("D00001,female,40-44,", "D00001,female,40-44,9"))
    seen = backpath("replay", tmp_path / "results" / "record.json")
    assert seen.code == 1
    assert "Other results came out:" in seen.out
    assert f"the region '{region}' has changed" in seen.out
    assert "gp_consultations under 'usual_care' was " in seen.out


@pytest.mark.parametrize(("text", "sentence"), [("no json", "record.json: this is not a record:"), ("{}", "record.json: this is not a record of a run."), ("[]", "record.json: this is not a record of a run.")])  # fmt: skip
def test_replay_refuses_what_is_no_record(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "record.json").write_text(text)
    refused(backpath("replay", tmp_path / "record.json"), sentence)
    refused(backpath("replay", tmp_path), "this is a folder; name the record.json in it.")
    refused(backpath("replay", tmp_path / "nowhere.json"), "nowhere.json: there is no such file.")


# bad input to compare and run


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["compare", "mri_guidanse"], "mri_guidanse: there is no scenario of that name in the library and no such file. Did you mean 'mri_guidance'?"),
        (["compare", "mri_guidance", "--against", "usual"], "usual: there is no scenario of that name"),
        (["compare", "mri_guidance", "--region", "atlantis"], "atlantis: there is no region of that name"),
        (["compare", "mri_guidance", "--years", "-1"], "years: -1 is written; use a number from 0 to 100."),
        (["compare", "mri_guidance", "--years", "nan"], "years: nan is written; use a number from 0 to 100."),
        (["compare", "mri_guidance", "--replications", "0"], "--replications 0: write a whole number from 1, or auto."),
        (["compare", "mri_guidance", "--replications", "1.5"], "--replications 1.5: write a whole number from 1, or auto."),
        (["compare", "mri_guidance", "--replications", "²"], "--replications ²: write a whole number from 1, or auto."),
        (["compare", GALLERY.parent.parent / "pathways" / "library" / "pathways" / "usual_care.toml"], "usual_care.toml: this is a pathway, not a scenario."),
        (["compare", "mri_guidance", "--seed", "-1"], "seed: -1 is written; use a whole number from 0."),
        (["compare", "mri_guidance", "--workers", "-2"], "workers: -2 is written; use a whole number from 1."),
        (["compare", "mri_guidance", "--seed", str(2**63)], "seed: 9223372036854775808 is written; use one below 2 to the 63."),
        (["compare", "mri_guidance", "--workers", "1000000"], "workers: 1,000,000 is written; use 1,024 at most."),
        (["compare", "mri_guidance", "--replications", "1000000000"], "replications: 1,000,000,000 is written; use 10,000 at most."),
        (["compare", "mri_guidance", "--replications", "9" * 5000], "write a whole number from 1, or auto."),
        (["compare", "mri_guidance", "--years", "1e9"], "years: 1e+09 is written; use a number from 0 to 100."),
        (["psa", "mri_guidance", "--draws", "1000000000"], "draws: 1,000,000,000 is written; use 100,000 at most."),
        (["psa", "mri_guidance", "--one-way", "1000000000"], "one-way: 1,000,000,000 is written; use 10,000 at most."),
        (["psa", "mri_guidance", "--price-year", "99999999999"], "--price-year 99999999999: write a year from"),
        (["budget", "mri_guidance", "--price-year", "99999999999"], "--price-year 99999999999: write a year from"),
        (["budget", "mri_guidance", "--replications", "1000000000"], "replications: 1,000,000,000 is written; use 10,000 at most."),
        (["validate", "--replications", "1000000000"], "replications: 1,000,000,000 is written; use 10,000 at most."),
        (["value", "midnotts", "--seed", "-1"], "--seed -1: write a whole number from 0"),
        (["compare", "mri_guidance", "--engine", "steam"], "--engine steam: there are: compiled, reference."),
        (["compare", "mri_guidance", "--json", "--csv"], "--json --csv: choose one of the two."),
        (["run", "usual_care", "--replications", "auto"], "--replications auto: a run has nothing to compare with: write a number."),
        (["run", "usual_care", "--json", "--csv"], "--json --csv: choose one of the two."),
        (["run", "usual_care", "--log", "log.txt"], "log.txt: a log is written as .parquet or .csv."),
        (["run", "usual_care", "--log", "nowhere/log.csv"], "nowhere/log.csv: the folder does not exist. Make it first."),
        (["app", "--region", "atlantis"], "atlantis: there is no region of that name"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)  # fmt: skip
def test_settings_that_cannot_be_used_are_explained(typed: list[str], sentence: str) -> None:
    refused(backpath(*typed), sentence)


def test_all_problems_of_a_command_are_told_at_once() -> None:
    seen = backpath("compare", "nothing", "--region", "nowhere", "--engine", "steam", "--replications", "many")
    refused(seen, "4 problems:", "--engine steam", "--replications many", "nothing: ", "nowhere: ")


def test_broken_scenarios_and_pathways_write_nothing(tmp_path: Path) -> None:
    """Shares that add to 1.01, a service nobody leaves, a quantity without source, a lever nobody knows."""
    out = tmp_path / "out"
    for name in ("shares_add_to_more_than_one", "a_service_nobody_can_leave", "a_quantity_without_source"):
        shutil.copy(GALLERY / f"{name}.toml", tmp_path)
        scenario = tmp_path / "mine.toml"
        scenario.write_text(f'format = 1\ntitle = "Mine"\nsays = "Ours."\npathway = "{name}.toml"\n')
        for command in ("compare", "run"):
            refused(backpath(command, scenario, "--out", out), f"{name}.toml: ")
    unknown = GALLERY / "scenario_with_an_unknown_lever.toml"
    refused(backpath("compare", unknown, "--out", out), "levers.mri_fom: there is no lever 'mri_fom'")
    refused(backpath("run", unknown, "--log", tmp_path / "log.csv"), "levers.mri_fom: there is no lever 'mri_fom'")
    assert not out.exists()
    assert not (tmp_path / "log.csv").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("practices.csv", "decile_1,", "decile_0,", "practices.csv: there is no column 'decile_1'."),
        ("practices.csv", "decile_10", "decile_11", "practices.csv: there is no column 'decile_10'."),
        ("population.csv", "D00001,female,0-4,23", "D00001,female,0-4,-23", "population.csv: row 2, column people: '-23' is negative."),
        ("population.csv", "D00001,female,0-4,23", "D00001,female,0-4,many", "population.csv: row 2, column people: 'many' is not a number."),
        ("population.csv", "D00001,female,5-9", "D00001,female,0-4", "population.csv: row 3: the count 'D00001 / female / 0-4' stands twice."),
        ("practices.csv", "D00002,", "D00001,", "practices.csv: row 3: the practice 'D00001' stands twice."),
        ("capacity.csv", "Riverside Clinic,,", "Riverside Clinic,,-", "capacity.csv: row 2, column amount: '-"),
        ("region.toml", 'title = "', 'titel = "', "region.toml: titel: there is no field 'titel' here. Did you mean 'title'?"),
    ],
    ids=["decile 0", "decile 11", "negative count", "no number", "count twice", "practice twice", "negative capacity", "misspelt"],
)  # fmt: skip
def test_spoiled_areas_write_nothing(small: Path, tmp_path: Path, file: str, old: str, new: str, sentence: str) -> None:
    region = Path(shutil.copytree(small, tmp_path / "region"))
    text = (region / file).read_text()
    assert old in text
    (region / file).write_text(text.replace(old, new, 1))
    refused(comparison(region, "--out", tmp_path / "out"), sentence)
    refused(backpath("run", "usual_care", "--region", region, "--log", tmp_path / "log.csv"), sentence)
    assert [path.name for path in tmp_path.iterdir()] == ["region"]


def test_an_area_without_people_is_refused(tmp_path: Path) -> None:
    region = small_region(tmp_path / "region", divided_by=10**9)
    refused(comparison(region), "nobody is registered: all counts are 0")


def test_an_area_without_capacity_has_a_defined_result(small: Path, tmp_path: Path) -> None:
    """No MRI appointments at all, but for emergencies: everybody waits until the end of the 91 days, and everything else goes on."""
    region = Path(shutil.copytree(small, tmp_path / "region"))
    lines = (region / "capacity.csv").read_text().splitlines()
    rows = list(csv.reader(lines))
    closed = [
        f'{row[0]},"{row[1]}",,0,,,,local,ours' if row[0] in ("mri", "mri_urgent") else line
        for row, line in zip(rows, lines, strict=True)
    ]
    (region / "capacity.csv").write_text("\n".join(closed) + "\n")
    seen = comparison(region, "--json")
    assert seen.code == 0
    found = json.loads(seen.out)["scenarios"]["mri_guidance"]
    assert load_pathway("usual_care").services["emergency_mri"].capacity == "open"
    activity = pd.read_csv(io.StringIO(backpath("run", "usual_care", "--region", region, *QUICK, "--csv").out))
    seen_at = activity.groupby("service")["seen"].sum()
    assert seen_at["mri"] == seen_at["mri_urgent"] == 0
    assert 2 * seen_at["emergency_mri"] == pytest.approx(2 * found["mri_scans"]["base"])
    assert (found["mri_wait_days"]["base"], found["mri_wait_days"]["scenario"]) == (90, 90)
    assert min(found["mri_wait_days"]["still_waiting_share"].values()) > 0.9
    assert found["gp_consultations"]["base"] > 0
    assert comparison(region).code == 0


def test_a_horizon_of_nothing_has_a_defined_result(small: Path, tmp_path: Path) -> None:
    """Only the warm-up is simulated: counts are 0, waits are unknown, and even that is written and replayed."""
    seen = backpath(
        "compare",
        "mri_guidance",
        "--region",
        small,
        "--years",
        0,
        "--replications",
        2,
        "--json",
        "--out",
        tmp_path / "out",
    )
    assert seen.code == 0, seen.err
    found = json.loads(seen.out)["scenarios"]["mri_guidance"]
    assert found["mri_scans"]["base"] == 0
    assert found["mri_wait_days"]["base"] is None
    assert backpath("compare", "mri_guidance", "--region", small, "--years", 0, "--replications", 1).code == 0
    assert backpath("replay", tmp_path / "out" / "record.json").code == 0


def test_results_never_overwrite_and_bad_places_are_told_before_the_run(tmp_path: Path) -> None:
    """The library's area with many runs would take long: the answer comes at once."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    started = time.monotonic()
    for command in ("compare", "run"):
        for place, sentence in (
            ("file", "exists already"),
            ("full", "exists already"),
            ("file/deep", "a file stands where a folder is needed"),
        ):
            refused(backpath(command, "mri_guidance", "--replications", 200, "--out", tmp_path / place), sentence)
    assert time.monotonic() - started < 5
    assert (tmp_path / "full" / "mine").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


# run


def test_run_prints_tables_json_or_csv(small: Path) -> None:
    typed = ("run", "usual_care", "--region", small, *QUICK)
    shown = backpath(*typed)
    assert shown.code == 0
    assert "By service, the first 0.25 years" in shown.out
    seen = backpath(*typed, "--json")
    assert (seen.code, seen.err) == (0, "")
    found = json.loads(seen.out)
    assert {
        "scenario",
        "region",
        "population",
        "years",
        "replications",
        "seed",
        "fingerprint",
        "outcomes",
        "services",
    } <= set(found)
    assert set(OUTCOMES) <= set(found["outcomes"])
    table = pd.read_csv(io.StringIO(backpath(*typed, "--csv").out))
    assert table.to_dict("records")[0]["service"] == found["services"][0]["service"] == "gp"
    assert table["seen"].tolist() == [each["seen"] for each in found["services"]]
    scans = load_pathway("usual_care").outcomes["mri_scans"].services
    of_part = table.set_index("service").loc[scans, "seen"].sum()
    assert found["outcomes"]["mri_scans"] == pytest.approx(of_part / found["years"])


def test_a_part_of_a_year_is_never_shown_as_a_year(small: Path) -> None:
    """Of 1.2 years the second is a fifth of one: the table is of the first, and every row says how long its year is."""
    typed = ("run", "usual_care", "--region", small, "--years", 1.2, "--replications", 1)
    shown = backpath(*typed).out
    assert "By service, year 1 " in shown
    table = pd.read_csv(io.StringIO(backpath(*typed, "--csv").out))
    gp = table[table["service"] == "gp"].set_index("year")
    assert gp["length_years"].tolist() == pytest.approx([1, 0.2])
    assert gp["referred"][2] < 0.5 * gp["referred"][1]
    below = shown[shown.index("By service") :]
    line = next(line for line in below.splitlines() if line.startswith("│ GP consultation "))
    assert f"{figures(gp['referred'][1])} " in line


def test_a_run_writes_its_record_and_tables_and_compares_nothing(small: Path, tmp_path: Path) -> None:
    seen = backpath("run", "usual_care", "--region", small, "--years", 0.1, "--out", tmp_path / "out")
    assert seen.code == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"record.json", "activity.csv"} <= written
    assert not {"report.html", "differences.csv"} & written
    assert backpath("replay", tmp_path / "out" / "record.json").code == 0


def with_clock(folder: Path, clock: str) -> Path:
    """A scenario on a copy of today's pathway with another clock."""
    shutil.copytree(LIBRARY / "pathways", folder, dirs_exist_ok=True)
    text = (folder / "usual_care.toml").read_text()
    found = re.search(r"\[clock\]\n(?:.+\n)+", text)
    assert found
    (folder / "usual_care.toml").unlink()
    (folder / "other.toml").write_text(text.replace(found[0], f"[clock]\n{clock}\n"))
    (folder / "mine.toml").write_text('format = 1\ntitle = "Mine"\nsays = "Ours."\npathway = "other.toml"\n')
    return folder / "mine.toml"


@pytest.mark.parametrize(("clock", "word"), [('tick = "1 day"\nwarm_up = "4 weeks"', "warm_up"), ('tick = "12 hours"\nwarm_up = "52 weeks"', "tick")])  # fmt: skip
def test_pathways_with_other_clocks_cannot_stand_side_by_side(tmp_path: Path, clock: str, word: str) -> None:
    """Their weeks and years would be read off the wrong rows."""
    assert load_pathway("usual_care").clock == Clock(tick="1 day", warm_up="52 weeks")
    refused(backpath("compare", with_clock(tmp_path, clock)), f"other: clock.{word}: the pathway of 'mine' has {word}")


def test_check_looks_at_a_scenario_with_its_levers(tmp_path: Path) -> None:
    """Three times as many first contacts pass more people on to physiotherapy; practices that the region lacks are told."""
    loads = {}
    for name in ("usual_care", "physio_first"):
        seen = backpath("check", name)
        found = re.search(r"Community physiotherapy: [\d.]+ referrals a week need ([\d.]+) appointments", seen.err)
        assert found
        loads[name] = float(found[1])
    assert loads["physio_first"] > loads["usual_care"] + 1
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'format = 1\ntitle = "Mine"\nsays = "Ours."\npathway = "usual_care"\n[levers.mri_form]\npractices = ["X1"]\n'
    )
    refused(backpath("check", mine, "--region", "demonstration"), "X1")
    seen = backpath("check", mine)
    assert seen.code == 0
    assert "it names practices that are not in the demonstration area; name their region" in seen.err


def test_a_runs_figures_are_those_of_the_engine(small: Path) -> None:
    """The plan run by hand, without any of the command's code between."""
    plan = plan_of(load_pathway("usual_care"), load_region(small), years=0.25, name="usual_care")
    tallies = Running(plan, cohort_of(plan, seed=42)).finish().tallies
    expected = activity_table(tallies, plan).set_index("service")["seen"]
    seen = backpath("run", "usual_care", "--region", small, "--years", 0.25, "--csv")
    found = pd.read_csv(io.StringIO(seen.out)).set_index("service")["seen"]
    assert found.to_dict() == expected.to_dict()


def test_the_log_has_every_event_in_canonical_order(small: Path, tmp_path: Path) -> None:
    """Parquet and CSV hold the same; ordered by tick and then patient; counts agree with the run's own table."""
    typed = ("run", "usual_care", "--region", small, "--years", 0.25, "--csv")
    seen = backpath(*typed, "--log", tmp_path / "log.parquet")
    assert seen.code == 0
    assert backpath(*typed, "--log", tmp_path / "log.csv").code == 0
    log = pd.read_parquet(tmp_path / "log.parquet")
    assert tuple(log.columns) == COLUMNS == ("tick", "patient", "kind", "service", "site", "detail", "value")
    assert f"Written to {tmp_path / 'log.parquet'}: {len(log):,} events" in seen.err
    key = log["tick"].to_numpy().astype(np.int64) * 2**32 + log["patient"].to_numpy()
    assert (np.diff(key) >= 0).all()
    assert set(log["kind"]) <= set(KINDS)
    again = pd.read_csv(tmp_path / "log.csv", keep_default_na=False)
    assert tuple(again.columns) == COLUMNS
    for column in COLUMNS:
        assert again[column].astype(str).tolist() == log[column].astype(object).fillna("").astype(str).tolist()
    seen_in_log = log[(log["kind"] == "seen") & (log["tick"] >= 0)]["service"].value_counts()
    table = pd.read_csv(io.StringIO(seen.out)).set_index("service")["seen"]
    assert {name: int(seen_in_log.get(name, 0)) for name in table.index} == table.astype(int).to_dict()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "log.parquet"]


def test_the_log_of_several_runs_tells_them_apart(small: Path, tmp_path: Path) -> None:
    typed = ("run", "physio_first", "--region", small, "--years", 0.1)
    assert backpath(*typed, "--replications", 2, "--log", tmp_path / "two.parquet").code == 0
    assert backpath(*typed, "--replications", 1, "--log", tmp_path / "one.parquet").code == 0
    two, one = pd.read_parquet(tmp_path / "two.parquet"), pd.read_parquet(tmp_path / "one.parquet")
    assert list(two.columns) == [*COLUMNS, "replication"]
    assert sorted(set(two["replication"])) == [0, 1]
    first = two[two["replication"] == 0].drop(columns="replication").reset_index(drop=True)
    pd.testing.assert_frame_equal(first.astype(object), one.astype(object))


def test_both_engines_write_the_same_log(small: Path, tmp_path: Path) -> None:
    typed = ("run", "mri_guidance", "--region", small, "--years", 0.1)
    for engine in ("compiled", "reference"):
        assert backpath(*typed, "--engine", engine, "--log", tmp_path / f"{engine}.csv").code == 0
    assert (tmp_path / "compiled.csv").read_bytes() == (tmp_path / "reference.csv").read_bytes()


def test_a_log_that_is_interrupted_leaves_the_old_one(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.csv").write_text("the old one")

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.experiments.experiment.Experiment.logs", interrupted)
    typed = ("run", "usual_care", "--region", small, "--years", 0.1, "--log", tmp_path / "log.csv")
    refused(
        backpath(*typed), "log.csv: it exists already, and is left as it is. Choose another name, or give --overwrite"
    )
    seen = backpath(*typed, "--overwrite")
    assert seen.code == 130
    assert "Stopped." in seen.err
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]
    assert (tmp_path / "log.csv").read_text() == "the old one"


# app, errors of ours, and the real program


def test_app_opens_streamlit_on_this_machine_only(small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[list[str], dict[str, Any]]] = []

    def called(command: list[str], **more: Any) -> int:
        calls.append((command, more))
        return 0

    monkeypatch.setattr(subprocess, "call", called)
    monkeypatch.chdir(small.parent)
    seen = backpath("app", "--region", small.name, "--port", 8777)
    assert (seen.code, seen.out) == (0, "Backpath is at http://127.0.0.1:8777 (stop with Ctrl-C)\n")
    ((command, more),) = calls
    assert command[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert Path(command[4]) == Path(command_line.__file__).parent.parent / "app.py"
    assert command[command.index("--server.port") + 1] == "8777"
    assert more["env"]["BACKPATH_REGION"] == str(small)


def test_an_error_of_ours_is_one_sentence_and_the_traceback_is_for_developers(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a pipe [burst]")

    monkeypatch.setattr("ui.inputs.checking.check_path", broken)
    seen = backpath("check", "usual_care")
    assert seen.code == 1
    assert "This should not have happened: RuntimeError: a pipe [burst]" in seen.err
    assert "Traceback" not in seen.all
    monkeypatch.setenv("BACKPATH_DEBUG", "1")
    assert "Traceback" in backpath("check", "usual_care").err


def program(*words: str | Path | float) -> list[str]:
    """The command as a process of its own."""
    return [sys.executable, "-m", "ui.command_line", *map(str, words)]


def test_the_real_program_keeps_its_outputs_apart(small: Path) -> None:
    done = subprocess.run(
        program("compare", "mri_guidance", "--region", small, *QUICK, "--json"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout) == json.loads(comparison(small, "--json").out)


def test_a_reader_that_goes_away_is_no_error() -> None:
    """As with `backpath show pathway usual_care | head -1`: not a word of it."""
    process = subprocess.Popen(program("show", "pathway", "usual_care"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) in (0, 1)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no interrupt signal")
def test_an_interrupt_stops_soon_and_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the midst of a long comparison, pressed when the terminal shows that it is at work."""
    import pty

    ours, theirs = pty.openpty()

    def more() -> bytes:
        """What appears next; nothing when the program has gone."""
        try:
            return os.read(ours, 1024)
        except OSError:
            return b""

    words = ("compare", "mri_guidance", "--years", 20, "--replications", 200, "--out", tmp_path / "out")
    process = subprocess.Popen(program(*words), stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = b""
    try:
        while b"Simulating" not in shown and (next_bytes := more()):
            shown += next_bytes
        process.send_signal(signal.SIGINT)
        while next_bytes := more():
            shown += next_bytes
        out, _ = process.communicate(timeout=240)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 130, shown
    assert b"Stopped. Nothing was written." in shown
    assert b"Traceback" not in shown
    assert out == ""
    assert list(tmp_path.iterdir()) == []
