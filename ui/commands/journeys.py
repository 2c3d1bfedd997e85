"""The command `journeys`: people followed through events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.options import AsJson, Out, Overwrite, out, places_to_write, refuse_unknown_policy, say, tell_written

LED = "spinal_clinic,pain_service"
TREATMENTS = "facet_injection,nerve_root_injection,denervation,discectomy,decompression,fusion,pain_programme"
SCANS = "mri,mri_urgent,emergency_mri"


def journeys(
    file: Annotated[
        Path,
        typer.Argument(
            help="Events, as run --log writes them or as records in that form (.csv, .parquet); days as numbers or dates."
        ),
    ],
    people: Annotated[
        Path | None, typer.Option("--people", help="A table of patient and what to compare them by.", metavar="FILE")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="The column of --people to compare by; decile if left out.", metavar="COLUMN"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="Only what began on this day or later, a date or a day of the file.", metavar="DATE"
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="The last day of the records, that of the last event if left out.", metavar="DATE"
        ),
    ] = None,
    consultant_led: Annotated[
        str | None,
        typer.Option(
            "--consultant-led", help=f"Services to which a referral starts a clock ({LED}).", metavar="SERVICES"
        ),
    ] = None,
    treatments: Annotated[
        str | None,
        typer.Option(
            "--treatments", help=f"Services where being seen is treatment ({TREATMENTS}).", metavar="SERVICES"
        ),
    ] = None,
    reports_back: Annotated[
        str | None,
        typer.Option(
            "--reports-back", help=f"Services meant to send people back, such as scans ({SCANS}).", metavar="SERVICES"
        ),
    ] = None,
    tick: Annotated[
        float | None, typer.Option("--tick", help="Days of a tick, for a log of ticks; 1 if left out.", metavar="DAYS")
    ] = None,
    disclosure: Annotated[
        str, typer.Option("--disclosure", help="Small numbers: hes2018, lt5, or none for simulated data.")
    ] = "hes2018",
    as_json: AsJson = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Follow people through events, simulated or real: waits, lists, referral to treatment, continuity of care."""
    from outcomes import disclosure_sentence
    from ui.commands.journeys_asked import Asked, journeys_in
    from ui.reports.journeys import json_text, terminal_tables, write_journeys

    places_to_write(folder=folder, overwrite=overwrite)
    refuse_unknown_policy(disclosure)
    found = journeys_in(
        Asked(
            file=file,
            people=people,
            by=by,
            since=since,
            until=until,
            days_per_tick=tick,
            services={"--consultant-led": consultant_led, "--treatments": treatments, "--reports-back": reports_back},
        ),
        usual={"--consultant-led": LED, "--treatments": TREATMENTS, "--reports-back": SCANS},
    )
    tables, notes = found.tables(disclosure), found.told(disclosure)
    if as_json:
        out.file.write(json_text(tables, notes, disclosure) + "\n")
    else:
        for table in terminal_tables(tables):
            out.print(table)
        for note in notes:
            say(note)
        say(disclosure_sentence(disclosure))
    if folder is not None:
        tell_written(folder, write_journeys(tables, notes, folder, disclosure, overwrite=overwrite))
