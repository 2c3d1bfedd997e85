"""The command `validate`: the model beside published results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.asking import places_to_write, threads
from ui.commands.options import (
    DEFAULT_REGION,
    DEFAULT_SEED,
    AsJson,
    Overwrite,
    Region,
    Seed,
    Workers,
    Years,
)
from ui.inputs.checking import DEFAULT_YEARS
from ui.terminal.progress import watched
from ui.terminal.telling import print_parts, print_text, say

VALIDATION_REPLICATIONS = 8

Replications = Annotated[
    int, typer.Option("--replications", help="How many runs; the intervals are over these.", metavar="N")
]
PageOut = Annotated[
    Path | None, typer.Option("--out", help="Write the page (.html, or .md with its picture).", metavar="FILE")
]


def validate(
    region: Region = DEFAULT_REGION,
    years: Years = DEFAULT_YEARS,
    replications: Replications = VALIDATION_REPLICATIONS,
    seed: Seed = DEFAULT_SEED,
    workers: Workers = 0,
    as_json: AsJson = False,
    page: PageOut = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare the model with published results, by rules written beforehand; what fails is shown as failed."""
    from calibration.validation.targets import load_targets
    from calibration.validation.validate import validate as compare_with_published
    from pathways import load_region
    from ui.reports.validation import files_of_page, summary, validation_json, validation_tables, write_validation

    places_to_write(files=[] if page is None else files_of_page(page), overwrite=overwrite)
    place = load_region(region)
    with watched("Simulating") as (progress, stop):
        validation = compare_with_published(
            load_targets(),
            place,
            years=years,
            replications=replications,
            seed=seed,
            workers=threads(workers),
            progress=progress,
            stop=stop,
        )
    if as_json:
        print_text(validation_json(validation))
    else:
        print_parts([*validation_tables(validation), summary(validation)])
    if page is not None:
        say(f"Written: {', '.join(write_validation(validation, page, overwrite=overwrite))}", aside=True)
