"""Damaged inputs to every reader and every command: none escapes; and a fault that is planted is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import hostile, trial
from tests.fuzz.surfaces import Surface, surfaces
from tests.fuzz.trial import Trial, escape_of, fault_in, trial_of, undamaged
from tests.helpers.typed import Seen
from ui import command_line

SEED = 1
BATCHES, INPUTS = 8, 250
"""2,000 inputs in all."""


def test_good_inputs_are_taken() -> None:
    """Every surface as it is; otherwise its damaged inputs would all be refused for another reason."""
    assert undamaged() == []


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_nothing_escapes(batch: int) -> None:
    escapes = [escape_of(trial_of(SEED, number)) for number in range(batch * INPUTS, (batch + 1) * INPUTS)]
    assert "\n\n".join(str(escape) for escape in escapes if escape) == ""


def test_an_input_is_a_function_of_seed_and_number() -> None:
    assert trial_of(3, 17) == trial_of(3, 17)
    assert len({(each.surface, each.how) for each in (trial_of(3, number) for number in range(50))}) > 45


def test_every_surface_and_every_command_is_tried() -> None:
    tried = [trial_of(SEED, number) for number in range(BATCHES * INPUTS)]
    assert {surface.name for surface in surfaces()} <= {each.surface for each in tried}
    commands = {command.name or command.callback.__name__ for command in command_line.app.registered_commands}  # type: ignore[union-attr]
    typed = {each.words[0] for each in tried if each.words}
    assert commands | {"region"} <= typed


# what is planted is found


@pytest.fixture
def good() -> Trial:
    """The file of practices, undamaged."""
    surface = named("variation")
    return Trial(0, surface.name, surface.words, surface.files, (), ("practices.csv",), must_refuse=True, guarded=True)


def named(name: str) -> Surface:
    return next(surface for surface in surfaces() if surface.name == name)


def planted(monkeypatch: pytest.MonkeyPatch, does: Any) -> None:
    """Something else happens where the file of practices is read."""
    monkeypatch.setattr("ui.inputs.practices.read_variation_file", does)
    monkeypatch.setattr("ui.reports.variation.read_variation_file", does)


def test_a_crash_is_found(good: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    def crashes(*_: Any, **__: Any) -> None:
        raise RuntimeError("planted")

    planted(monkeypatch, crashes)
    escape = escape_of(good)
    assert escape is not None
    assert escape.fault == "says 'should not have happened'"
    assert "planted" in escape.seen


def test_what_works_on_and_on_is_found(good: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    def works(*_: Any, **__: Any) -> None:
        while True:
            pass

    planted(monkeypatch, works)
    monkeypatch.setattr(trial, "CPU_SECONDS", 0.2)
    escape = escape_of(good)
    assert escape is not None
    assert escape.fault == "works on and on"


def test_what_is_taken_though_it_is_wrong_is_found(good: Trial) -> None:
    escape = escape_of(good)
    assert escape is not None
    assert escape.fault == "taken though it is surely wrong"


@pytest.mark.parametrize(
    ("seen", "new", "fault"),
    [
        (Seen(2, "", "practices.csv: row 2: 'x' is not a number."), set(), ""),
        (Seen(2, "", "row 2: 'x' is not a number."), set(), "names no file"),
        (Seen(2, "", "practices.csv: could not convert string to float"), set(), "says 'could not convert'"),
        (Seen(2, "", ""), set(), "refused without a word"),
        (Seen(2, "", "practices.csv: no."), {"out/report.html"}, "refused, and yet wrote out/report.html"),
        (Seen(0, "7", ""), set(), "taken though it is surely wrong"),
        (Seen(3, "", "practices.csv: no."), set(), "exit code 3"),
        *[
            (Seen(2, "", f"practices.csv: '{person}' is no count."), set(), "printed what looks like an NHS number")
            for person in hostile.PERSONS
        ],
    ],
)
def test_faults_are_seen_in_what_is_printed(good: Trial, seen: Seen, new: set[str], fault: str) -> None:
    assert fault_in(good, seen, new=new) == fault


def test_a_good_input_that_is_refused_is_found(good: Trial) -> None:
    undamaged_input = replace(good, must_refuse=False, must_take=True)
    assert fault_in(undamaged_input, Seen(2, "", "practices.csv: no."), new=set()) == "a good input is refused"
    assert fault_in(undamaged_input, Seen(0, "7", ""), new=set()) == ""


def test_an_input_that_was_kept_can_be_looked_at(tmp_path: Path) -> None:
    chosen = next(each for each in (trial_of(SEED, number) for number in range(200)) if each.surface == "variation")
    escape_of(chosen, tmp_path)
    assert (tmp_path / "practices.csv").read_bytes() == chosen.files["practices.csv"]
