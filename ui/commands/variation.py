"""The command `variation`: practices compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.options import (
    AsCsv,
    AsJson,
    Out,
    Overwrite,
    one_format,
    out,
    places_to_write,
    refuse_unknown_policy,
    say,
    tell_written,
    warn,
)


def variation(
    file: Annotated[Path, typer.Argument(help="A CSV: practice_code, count, population; if wanted sex and ageband.")],
    count: Annotated[
        str | None, typer.Option("--count", help="The column of events, if it is not called count.", metavar="COLUMN")
    ] = None,
    what: Annotated[
        str, typer.Option("--what", help="What is counted, for the sentences.", metavar="WORDS")
    ] = "events",
    missing_is_zero: Annotated[
        bool, typer.Option("--missing-is-zero", help="Read blank counts as 0; otherwise they are errors.")
    ] = False,
    disclosure: Annotated[
        str, typer.Option("--disclosure", help="Small numbers: hes2018, lt5, or none for made-up data.")
    ] = "hes2018",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare practices: standardised rates, a funnel, and how much of the difference is chance."""
    from outcomes import BadTable, disclosed_variation
    from pathways.files.writing import csv_text
    from ui.reports.variation import (
        bad_input,
        disclosure_note,
        read_variation_file,
        variation_json,
        variation_terminal,
        write_variation,
    )

    one_format(as_json, as_csv)
    places_to_write(folder=folder, overwrite=overwrite)
    refuse_unknown_policy(disclosure)
    fill = 0.0 if missing_is_zero else None
    events, population = read_variation_file(file, count=count, fill_missing=fill)
    try:
        found = disclosed_variation(events, population, policy=disclosure, what=what, fill_missing=fill)
    except BadTable as bad:
        raise bad_input(bad, file.name) from None
    notes = events.attrs["notes"]
    if events.attrs["doubts"]:
        warn(events.attrs["doubts"])
    if as_json:
        out.file.write(variation_json(found, notes=notes) + "\n")
    elif as_csv:
        out.file.write(csv_text(found.table))
    else:
        for part in variation_terminal(found):
            if isinstance(part, str):
                say(part)
            else:
                out.print(part)
        for note in (*notes, disclosure_note(found)):
            say(note)
    if as_csv:
        for note in notes:
            say(note, aside=True)
    if folder is not None:
        title = f"{what[:1].upper()}{what[1:]} by practice"
        tell_written(folder, write_variation(found, folder, title=title, notes=notes, overwrite=overwrite))
