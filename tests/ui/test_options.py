"""The options of all commands: one option is written, explained and left out alike wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from ui.command_line import app

MEANT = {
    "--calibration": "the app offers it where it fits; commands rest on it",
    "--csv": "`show` prints evidence only",
    "--json": "`show` prints evidence only",
    "--out": "each says what it writes",
    "--pathway": "a region is checked against its own, and built for one",
    "--region": "`check`, `show` and `app` do without one",
    "--replications": "each says what it repeats, and needs another number",
    "--until": "figures are fitted up to a day; records end on one",
    "--workers": "a calibration has processes",
    "file": "each reads another file",
    "kind": "`schema` has one to begin with, and no evidence",
    "name": "of a new region, or of what is shown",
}
"""Options that differ between commands, and why."""


def parameters(command: Any = None, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every option and argument, with the command that has it."""
    command = command or typer.main.get_command(app)
    for part, each in getattr(command, "commands", {}).items():
        yield from parameters(each, f"{name} {part}".strip())
    if not getattr(command, "commands", None):
        yield from ((name, parameter) for parameter in command.params)


def test_the_same_option_is_the_same_in_every_command() -> None:
    written: dict[str, set[tuple[Any, ...]]] = {}
    for _, each in parameters():
        written.setdefault(each.opts[0], set()).add((each.help, each.metavar, each.default, tuple(each.opts)))
    assert {option for option, ways in written.items() if len(ways) > 1} == set(MEANT)


def test_every_option_says_what_it_is_and_what_stands_after_it() -> None:
    """Where no word is given for the value, the help shows the type of a variable."""
    without = [
        (command, each.opts[0])
        for command, each in parameters()
        if not each.help or not (each.metavar or getattr(each, "is_flag", False))
    ]
    assert without == []
