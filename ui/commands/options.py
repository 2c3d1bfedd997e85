"""The options that commands share, and what they mean where they are left out. What one command alone has stands with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_REGION = "demonstration"
DEFAULT_BASE = "usual_care"
"""Today's pathway: what is compared with, calibrated, and given to a region."""
DEFAULT_SEED = 42
DEFAULT_DISCLOSURE = "hes2018"

# what is asked about

Scenarios = Annotated[list[str], typer.Argument(help="Scenarios of the library, or files.", metavar="SCENARIO…")]
Against = Annotated[str, typer.Option("--against", help="What to compare with.", metavar="SCENARIO")]
Region = Annotated[str, typer.Option("--region", help="A region of the library, or a folder.", metavar="NAME|DIR")]
Calibration = Annotated[
    Path | None,
    typer.Option("--calibration", help="Rest on its joint draws: the folder of a calibration.", metavar="DIR"),
]
Years = Annotated[float, typer.Option("--years", help="Measured years, after the warm-up.", metavar="N")]
PriceYear = Annotated[
    int | None,
    typer.Option("--price-year", help="Bring all prices to this year (needs --price-index).", metavar="YEAR"),
]
PriceIndex = Annotated[
    Path | None,
    typer.Option("--price-index", help="Annual rates: a CSV of year, rate_percent, source.", metavar="FILE"),
]

# how it is run

Seed = Annotated[int, typer.Option("--seed", help="Seed of all chance.", metavar="N")]
Engine = Annotated[
    str, typer.Option("--engine", help="compiled or reference (slow, to check the other).", metavar="ENGINE")
]
Workers = Annotated[
    int, typer.Option("--workers", help="Threads; the results do not depend on it. 0: one per processor.", metavar="N")
]

# what is shown, and where it is written

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Disclosure = Annotated[
    str,
    typer.Option("--disclosure", help="Small numbers: hes2018, lt5, or none for made-up data.", metavar="POLICY"),
]
Out = Annotated[Path | None, typer.Option("--out", help="Write page and tables into this new folder.", metavar="DIR")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what was written there before.")]
