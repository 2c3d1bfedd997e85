"""The command `variation`: practices compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.asking import one_format, places_to_write, refuse_unknown_policy
from ui.commands.options import DEFAULT_DISCLOSURE, AsCsv, AsJson, Disclosure, Out, Overwrite
from ui.terminal.telling import print_parts, print_text, say, tell_written, warn

if TYPE_CHECKING:
    from outcomes.practices.practice_variation import PracticeVariation

Practices = Annotated[
    Path,
    typer.Argument(help="A CSV: practice_code, count, population; if wanted sex and ageband.", metavar="FILE"),
]
Count = Annotated[
    str | None, typer.Option("--count", help="The column of events, if it is not called count.", metavar="COLUMN")
]
What = Annotated[str, typer.Option("--what", help="What is counted, for the sentences.", metavar="WORDS")]
MissingIsZero = Annotated[
    bool, typer.Option("--missing-is-zero", help="Read blank counts as 0; otherwise they are errors.")
]


def variation(
    file: Practices,
    count: Count = None,
    what: What = "events",
    missing_is_zero: MissingIsZero = False,
    disclosure: Disclosure = DEFAULT_DISCLOSURE,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare practices: standardised rates, a funnel, and how much of the difference is chance."""
    from pathways.files.writing import csv_text
    from ui.reports.variation import disclosure_note, variation_json, variation_terminal, write_variation

    one_format(as_json, as_csv)
    places_to_write(folder=folder, overwrite=overwrite)
    found, notes, doubts = varied(file, count=count, what=what, missing_is_zero=missing_is_zero, disclosure=disclosure)
    if doubts:
        warn(doubts)
    if as_json:
        print_text(variation_json(found, notes=notes))
    elif as_csv:
        print_text(csv_text(found.table))
        for note in notes:
            say(note, aside=True)
    else:
        print_parts([*variation_terminal(found), *notes, disclosure_note(found)])
    if folder is not None:
        tell_written(folder, write_variation(found, folder, notes=notes, overwrite=overwrite))


def varied(
    file: Path, *, count: str | None, what: str, missing_is_zero: bool, disclosure: str
) -> tuple[PracticeVariation, list[str], str]:
    """Reads a file of practices and compares them: what was found, notes on the file, and what to look at again, if anything."""
    from outcomes import BadTable, disclosed_variation
    from ui.reports.variation import bad_input, read_variation_file

    refuse_unknown_policy(disclosure)
    fill = 0.0 if missing_is_zero else None
    events, population = read_variation_file(file, count=count, fill_missing=fill)
    try:
        found = disclosed_variation(events, population, policy=disclosure, what=what, fill_missing=fill)
    except BadTable as bad:
        raise bad_input(bad, file.name) from None
    return found, events.attrs["notes"], events.attrs["doubts"]
