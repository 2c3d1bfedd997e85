"""Records of runs: a fingerprint that any machine gives, a replay that gives the same or says what changed."""

from __future__ import annotations

import copy
import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pathways import BadInput, Pathway, load_region, pathway_from_dict, pathway_to_dict, save_region
from sim.experiments import record as module
from sim.experiments.comparison import Comparison
from sim.experiments.record import fingerprint, inputs_of, record_of, region_digest, replay
from sim.version import MODEL
from tests.helpers.records import place, run, small

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the region's files and a record of the comparison there."""
    (tmp_path / "area").mkdir()
    save_region(place(), tmp_path / "area")
    written = record_of(run(load_region(tmp_path / "area")), region_from=str(tmp_path / "area"))
    (tmp_path / "record.json").write_text(json.dumps(written))
    return tmp_path


def edit(home: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The record with something changed in it."""
    path = home / "record.json"
    written = json.loads(path.read_text())
    change(written)
    path.write_text(json.dumps(written))
    return path


# the fingerprint


def test_the_same_inputs_have_the_same_fingerprint_wherever_they_lie(home: Path) -> None:
    """From memory, from a folder, from a copy elsewhere; however many threads, whichever engine, whole years or not."""
    (home / "elsewhere" / "deep").mkdir(parents=True)
    save_region(place(), home / "elsewhere" / "deep")
    prints = {
        fingerprint(run()),
        fingerprint(run(load_region(home / "area"))),
        fingerprint(run(load_region(home / "elsewhere" / "deep"))),
        fingerprint(run(workers=2)),
        fingerprint(run(engine="reference")),
    }
    assert len(prints) == 1
    assert fingerprint(run(years=1)) == fingerprint(run(years=1.0))


def test_what_the_fingerprint_stands_for_names_no_path(home: Path) -> None:
    inputs = json.dumps(inputs_of(run(load_region(home / "area"))))
    assert str(home) not in inputs
    assert "/" not in inputs
    assert "\\" not in inputs


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.helpers.records import run
from sim.experiments.record import fingerprint
print(fingerprint(run()))
"""


def test_another_process_in_another_folder_gives_the_same_fingerprint(tmp_path: Path) -> None:
    """With another seed of Python's own hashing, another locale and another time zone."""
    surroundings = {"PYTHONHASHSEED": "12345", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT)],
        cwd=tmp_path,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [fingerprint(run())]


def other_quantity(word: Pathway) -> Pathway:
    """The pathway with another share of scans."""
    name = next(name for name, quantity in word.quantities.items() if quantity.value == 0.4)
    changed = word.quantities[name].with_value(0.8, source="a test", grade="assumed")
    return replace(word, quantities={**word.quantities, name: changed})


@pytest.mark.parametrize(
    "changed",
    [
        lambda: run(seed=4),
        lambda: run(replications=3),
        lambda: run(years=0.6),
        lambda: run(word=other_quantity(small())),
        lambda: run(word=replace(small(), title="Another title")),
        lambda: run(replace(place(), people=place().people + 1)),
        lambda: run(replace(place(), codes=("P0", "P9"))),
        lambda: run(replace(place(), sites=(replace(place().sites[0], amount=1.5),))),
        lambda: run(replace(place(), sites=(replace(place().sites[0], name="other"),))),
        lambda: run(replace(place(), prices={"mri": (200.0, 2026)})),
    ],
)
def test_any_other_input_has_another_fingerprint(changed: Callable[[], Comparison]) -> None:
    assert fingerprint(changed()) != fingerprint(run())


def test_a_single_other_count_has_another_fingerprint() -> None:
    """The results are in it, and not only what they were made from."""
    compared = run()
    before = fingerprint(compared)
    compared.tallies["form"][1].seen_after[1, 0, 0] += 1
    assert fingerprint(compared) != before
    compared.tallies["form"][1].seen_after[1, 0, 0] -= 1
    assert fingerprint(compared) == before


def test_names_and_sources_of_a_region_change_no_result_and_no_digest() -> None:
    """What is only said of a region is not part of it."""
    about = place().about.model_copy(update={"title": "Elsewhere", "sources": ["another table"]})
    said = replace(place(), about=about, names=("One", "Two"), networks=("N", "N"))
    assert region_digest(said) == region_digest(place())


# the record


def test_a_record_holds_all_that_went_in_and_what_came_out(home: Path) -> None:
    written = json.loads((home / "record.json").read_text())
    compared = run()
    assert written["fingerprint"] == fingerprint(compared)
    assert set(written["versions"]) == {"python", "backpath", "numpy", "numba", "scipy", "simpy"}
    assert written["inputs"]["seed"] == 3
    assert written["inputs"]["replications"] == 2
    assert written["outcomes"]["form"]["scans"] == compared.values["form"]["scans"].mean()
    read_back = written["inputs"]["cases"]["form"]
    assert read_back["scenario"]["levers"] == {"form": {"starts": "4 weeks"}}
    assert pathway_from_dict("small", read_back["pathway"]) == small()


def test_a_wait_that_nobody_had_is_null_in_the_record() -> None:
    """Nobody falls ill in the one practice there is, so that nobody is referred."""
    nobody = replace(place(), people=place().people * 0)
    assert record_of(run(nobody), region_from="nowhere")["outcomes"]["usual"] == {"scans": 0.0, "wait": None}


# replay


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replay_gives_the_same_tables(home: Path, workers: int) -> None:
    found = replay(home / "record.json", workers=workers)
    assert found.same
    assert found.differences == []
    for name, values in run().values.items():
        pd.testing.assert_frame_equal(found.comparison.values[name], values, check_exact=True)


def test_a_record_of_the_reference_engine_replays_too(home: Path) -> None:
    written = record_of(run(load_region(home / "area"), engine="reference"), region_from=str(home / "area"))
    (home / "record.json").write_text(json.dumps(written))
    assert replay(home / "record.json").same


def test_a_replay_needs_nothing_of_the_library_but_its_region(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pathway is in the record: a library that has changed since then changes nothing."""
    monkeypatch.setattr("pathways.load.LIBRARY", home / "nothing")
    assert replay(home / "record.json").same


def test_a_changed_region_is_named_with_what_it_changes(home: Path) -> None:
    path = home / "area" / "capacity.csv"
    path.write_text(path.read_text().replace(",1.0,", ",40.0,"))
    found = replay(home / "record.json")
    assert not found.same
    assert found.differences[0] == f"the region '{home / 'area'}' has changed"
    assert any(sentence.startswith("scans under 'usual' was ") for sentence in found.differences)
    assert any(sentence.startswith("wait under 'form' was ") for sentence in found.differences)


@pytest.mark.parametrize(
    "change",
    [
        lambda inputs: inputs.update(seed=4),
        lambda inputs: inputs.update(years=0.4),
        lambda inputs: inputs.update(replications=3),
        lambda inputs: inputs["cases"]["form"]["scenario"]["levers"]["form"].update(starts="10 weeks"),
        lambda inputs: inputs["cases"]["form"]["pathway"].update(title="Another title"),
    ],
)
def test_an_edited_record_is_told_to_be_edited(home: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Also where no figure is another: the pathway's title alone."""
    found = replay(edit(home, lambda written: change(written["inputs"])))
    assert not found.same
    assert found.differences[0] == "the inputs in the record were edited after it was written"


def test_an_edited_pathway_says_which_figures_are_others(home: Path) -> None:
    def change(written: dict[str, Any]) -> None:
        written["inputs"]["cases"]["form"]["pathway"] = pathway_to_dict(other_quantity(small()))

    found = replay(edit(home, change))
    assert any(sentence.startswith("scans under 'form' was ") for sentence in found.differences)
    assert not any("under 'usual'" in sentence for sentence in found.differences)


def test_another_model_and_other_versions_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODEL", 99)
    found = replay(edit(home, lambda written: written["versions"].update(numpy="0.1", cobol="3")))
    assert f"the model has changed from {MODEL} to 99" in found.differences
    assert any(sentence.startswith("numpy was 0.1, is ") for sentence in found.differences)
    assert "cobol was 3, is not installed" in found.differences
    assert not any("edited" in sentence for sentence in found.differences)


def test_versions_alone_are_no_difference(home: Path) -> None:
    """The same counts with another library are the same results."""
    assert replay(edit(home, lambda written: written["versions"].update(numpy="0.1"))).same


def times_ten(written: dict[str, Any]) -> None:
    for outcomes in written["outcomes"].values():
        for name, value in outcomes.items():
            outcomes[name] = None if value is None else value * 10


def test_figures_that_were_changed_in_the_record_are_told_one_by_one(home: Path) -> None:
    """The counts are the same, and so is their digest: every figure is compared all the same."""
    before = json.loads((home / "record.json").read_text())["outcomes"]
    found = replay(edit(home, times_ten))
    assert not found.same
    assert found.differences == [
        "the counts are the same, so that figures in the record were changed after it was written",
        *(
            f"{outcome} under '{name}' was {value * 10}, is {value}"
            for name, outcomes in before.items()
            for outcome, value in outcomes.items()
        ),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r["outcomes"]["form"].pop("scans"), "scans under 'form' is "),
        (lambda r: r["outcomes"]["form"].update(mri=1.0), "'mri' under 'form' stands in the record, and is no outcome"),
        (lambda r: r["outcomes"]["form"].update(wait=None), "wait under 'form' was None, is "),
        (lambda r: r.update(inputs_digest="0" * 32), "the inputs in the record were edited after it was written"),
        (lambda r: r.update(asked="auto", width_reached=False), "the intervals were still wide, and are narrow enough"),
        (lambda r: r.update(asked="auto"), "the intervals were not told, and are narrow enough"),
    ],
)
def test_whatever_else_of_the_results_was_changed_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    monkeypatch.setattr(module, "width_reached", lambda _: True)
    found = replay(edit(home, change))
    assert not found.same
    assert any(sentence.startswith(expected) for sentence in found.differences), found.differences


def test_another_engine_and_other_versions_are_told_where_they_make_no_difference(home: Path) -> None:
    def change(written: dict[str, Any]) -> None:
        written["engine"] = "reference"
        written["versions"]["cobol"] = "3\x1b[2J"

    found = replay(edit(home, change))
    assert found.same
    assert found.notes == (
        "the engine was 'reference', is 'compiled'",
        "cobol was 3?[2J, is not installed",
    )


def test_versions_that_a_record_does_not_tell_are_told(home: Path) -> None:
    """A record without its versions was called the same without a word."""
    numba = json.loads((home / "record.json").read_text())["versions"]["numba"]
    found = replay(edit(home, lambda written: written["versions"].pop("numba")))
    assert (found.same, found.notes) == (True, (f"numba was not told, is {numba}",))


def test_runs_are_asked_for_by_number_or_auto_alone(home: Path) -> None:
    assert "asked: 'many' is not one of auto" in told(edit(home, lambda written: written.update(asked="many")))


def test_a_pathway_that_lost_its_outcomes_is_an_edited_input(home: Path) -> None:
    """It ended in a KeyError."""

    def change(written: dict[str, Any]) -> None:
        written["inputs"]["cases"]["form"]["pathway"]["outcomes"] = {}

    assert replay(edit(home, change)).differences[0] == "the inputs in the record were edited after it was written"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[" * 100_000, "more than 50 deep"),
        ('{"kind": "backpath comparison", "format": ' + "9" * 5000 + "}", "a number has thousands of figures"),
    ],
    ids=["deep", "long"],
)
def test_a_hostile_record_is_refused_in_a_sentence(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    assert expected in told(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r["inputs"].update(years=float("nan")), "inputs.years"),
        (
            lambda r: r["inputs"].update(replications=10**9),
            "replications: 1,000,000,000 is written; use 10,000 at most.",
        ),
        (lambda r: r["inputs"].update(seed=2**63), "seed: 9223372036854775808 is written; use one below 2 to the 63."),
        (lambda r: r["outcomes"]["form"].update(scans=float("inf")), "outcomes.form.scans"),
        (lambda r: r.update(engine="steam"), "engine"),
    ],
)
def test_numbers_of_a_record_that_no_run_has_are_refused(
    home: Path, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    with pytest.raises(BadInput) as bad:
        replay(edit(home, change))
    assert expected in str(bad.value)


def test_a_fingerprint_that_is_not_the_results_is_told(home: Path) -> None:
    found = replay(edit(home, lambda written: written.update(fingerprint="0" * 20)))
    assert found.differences == ["the counts differ although no outcome does"]


# damaged records


def told(path: Path) -> str:
    """What is said of a record that cannot be used; it always names the file."""
    with pytest.raises(BadInput) as bad:
        replay(path)
    assert all(path.name in problem.where for problem in bad.value.problems)
    return str(bad.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty. Is it whole?"),
        ("{", "this is not a record: Expecting property name"),
        ('{"format": 1', "this is not a record: Expecting ',' delimiter"),
        ("[]", "this is not a record of a run. Records are written by `compare --out`."),
        ("null", "this is not a record of a run"),
        ("17", "this is not a record of a run"),
        ('{"kind": "a recipe"}', "this is not a record of a run"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    assert expected in told(path)


def test_a_record_cut_short_is_refused(home: Path) -> None:
    path = home / "record.json"
    path.write_text(path.read_text()[:-200])
    assert "this is not a record: " in told(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(b"\xff\xfe\x00\x81")
    assert "this is not a text file in UTF-8" in told(path)


def test_no_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    assert "there is no such file" in told(tmp_path / "record.json")
    assert "this is a folder; name the record.json in it" in told(tmp_path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r.update(format=2), "it has format 2, this version reads 1."),
        (lambda r: r.pop("inputs"), "'inputs' is missing. Add it."),
        (lambda r: r["inputs"].pop("seed"), "record.json: inputs.seed: 'seed' is missing. Add it."),
        (lambda r: r["inputs"].update(seed="seven"), "inputs.seed: must be a whole number, but 'seven' is written."),
        (lambda r: r["inputs"].update(years=None), "inputs.years: must be a number, but None is written."),
        (lambda r: r["inputs"]["cases"]["form"].pop("pathway"), "'pathway' is missing. Add it."),
        (lambda r: r["inputs"]["cases"]["form"]["scenario"].update(leevers={}), "there is no field 'leevers' here."),
        (lambda r: r["inputs"].update(base="today"), "do not name the same scenarios"),
        (lambda r: r["inputs"].update(cases={}), "do not name the same scenarios"),
        (lambda r: r["outcomes"].pop("form"), "do not name the same scenarios"),
    ],
)
def test_a_damaged_record_is_told_by_place(home: Path, change: Callable[[dict[str, Any]], None], expected: str) -> None:
    assert expected in told(edit(home, change))


def test_a_lever_that_the_recorded_pathway_does_not_have_is_told(home: Path) -> None:
    def change(written: dict[str, Any]) -> None:
        written["inputs"]["cases"]["form"]["scenario"]["levers"] = {"frm": {}}

    assert "there is no lever 'frm' in the pathway 'small'. Did you mean 'form'?" in told(edit(home, change))


def test_a_region_that_is_gone_is_told(home: Path) -> None:
    (home / "area").rename(home / "moved")
    with pytest.raises(BadInput, match="there is no region of that name in the library and no such file"):
        replay(home / "record.json")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record, the outermost first."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [None, [], {}, -1, "x", 1e300], ids=repr)
def test_whatever_is_damaged_there_is_a_sentence_and_no_traceback(
    home: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    """Every place of a record in turn, inside its pathways too, is replaced: a problem is told, or other results are,
    or (where it says nothing that matters) the same come out. Anything else would be an error of ours."""
    monkeypatch.setattr(module, "load_region", functools.cache(load_region))  # it is read once, to save time
    path = home / "record.json"
    whole = json.loads(path.read_text())
    every = [each for each in places(whole) if each[:3] != ("inputs", "cases", "usual")]
    assert len(every) > 200
    refused = sum(_is_refused(path, damaged) for damaged in _damaged(whole, every, wrong))
    assert len(every) / 3 < refused < len(every)


def _damaged(whole: dict[str, Any], every: list[tuple[Any, ...]], wrong: Any) -> Iterator[dict[str, Any]]:
    """The record with each of the places replaced by something else."""
    for where in every:
        damaged = copy.deepcopy(whole)
        holder: Any = damaged
        for step in where[:-1]:
            holder = holder[step]
        holder[where[-1]] = wrong
        yield damaged


def _is_refused(path: Path, damaged: dict[str, Any]) -> bool:
    path.write_text(json.dumps(damaged))
    try:
        replay(path)
    except BadInput as bad:
        return len(bad.problems) > 0
    return False
