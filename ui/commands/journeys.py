"""The command `journeys`: people followed through events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.asking import places_to_write, refuse_unknown_policy
from ui.commands.options import DEFAULT_DISCLOSURE, AsJson, Disclosure, Out, Overwrite
from ui.terminal.telling import print_parts, print_text, tell_written

Events = Annotated[
    Path,
    typer.Argument(
        help="Events, as run --log writes them or as records in that form (.csv, .parquet); days as numbers or dates.",
        metavar="FILE",
    ),
]
People = Annotated[
    Path | None, typer.Option("--people", help="A table of patient and what to compare them by.", metavar="FILE")
]
By = Annotated[
    str | None, typer.Option("--by", help="The column of --people to compare by; decile if left out.", metavar="COLUMN")
]
Since = Annotated[
    str | None,
    typer.Option("--from", help="Only what began on this day or later, a date or a day of the file.", metavar="DATE"),
]
Until = Annotated[
    str | None,
    typer.Option("--until", help="The last day of the records, that of the last event if left out.", metavar="DATE"),
]
DEFAULT_PATHWAY = "usual_care"
RolesOf = Annotated[
    str,
    typer.Option(
        "--pathway",
        help="The pathway that says which of its services are consultant-led, treatment or imaging (roles).",
        metavar="PATHWAY",
    ),
]
ConsultantLed = Annotated[
    str | None,
    typer.Option(
        "--consultant-led",
        help="Services to which a referral starts a clock, if not those of the pathway.",
        metavar="SERVICES",
    ),
]
Treatments = Annotated[
    str | None,
    typer.Option(
        "--treatments", help="Services where being seen is treatment, if not those of the pathway.", metavar="SERVICES"
    ),
]
ReportsBack = Annotated[
    str | None,
    typer.Option(
        "--reports-back",
        help="Services meant to send people back, such as scans, if not those of the pathway.",
        metavar="SERVICES",
    ),
]
Tick = Annotated[
    float | None, typer.Option("--tick", help="Days of a tick, for a log of ticks; 1 if left out.", metavar="DAYS")
]


def journeys(
    file: Events,
    people: People = None,
    by: By = None,
    since: Since = None,
    until: Until = None,
    pathway: RolesOf = DEFAULT_PATHWAY,
    consultant_led: ConsultantLed = None,
    treatments: Treatments = None,
    reports_back: ReportsBack = None,
    tick: Tick = None,
    disclosure: Disclosure = DEFAULT_DISCLOSURE,
    as_json: AsJson = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Follow people through events, simulated or real: waits, lists, referral to treatment, continuity of care."""
    from outcomes import disclosure_sentence
    from ui.commands.journeys_asked import Asked, journeys_in
    from ui.reports.journeys import journeys_json, journeys_tables, write_journeys

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
            pathway=pathway,
            services={"--consultant-led": consultant_led, "--treatments": treatments, "--reports-back": reports_back},
        )
    )
    tables, notes = found.tables(disclosure), found.told(disclosure)
    if as_json:
        print_text(journeys_json(tables, notes, disclosure))
    else:
        print_parts([*journeys_tables(tables), *notes, disclosure_sentence(disclosure)])
    if folder is not None:
        tell_written(folder, write_journeys(tables, notes, folder, disclosure, overwrite=overwrite))
