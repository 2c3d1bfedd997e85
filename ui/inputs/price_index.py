"""The table of annual rates that brings prices to one year."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pathways import BadInput, Problem, refuse
from pathways.files.table import Column, read_csv

if TYPE_CHECKING:
    import pandas as pd

FIRST_PRICE_YEAR, LAST_PRICE_YEAR = 1990, 2100
"""Prices are of no other year."""
LIKE_SHARES, LIKE_AN_INDEX = 0.2, 50
"""Rates of inflation that are all below so many percent a year are shares; all above so many, the levels of an index."""


def read_price_index(file: Path | None, *, year: int | None) -> pd.DataFrame | None:
    """One row per year, with columns `year`, `rate_percent` and `source`; None where no year is asked for.

    Raises `BadInput` where file and year do not stand together, or the file holds something else.
    """
    if year is not None and not FIRST_PRICE_YEAR <= year <= LAST_PRICE_YEAR:
        says = f"write a year from {FIRST_PRICE_YEAR} to {LAST_PRICE_YEAR}."
        raise refuse("price_year", f"--price-year {year}", says)
    if (year is None) != (file is None):
        raise refuse(
            "price_year", "--price-year and --price-index", "go together: the year to move prices to, and the rates."
        )
    if year is None or file is None:
        return None
    index = read_csv(
        file,
        [
            Column("year", "whole", low=FIRST_PRICE_YEAR, high=LAST_PRICE_YEAR, blank="write the year"),
            Column("rate_percent", "number", low=-99, high=999, blank="write the rate, or remove the row"),
            Column("source"),
        ],
    )
    rates = index["rate_percent"].abs()
    if len(rates) and 0 < rates.max() < LIKE_SHARES:
        says = f"no rate is above {rates.max():g}: these look like shares. Write percent, {100 * rates.max():g} for {rates.max():g}."
        raise refuse("percent_is_percent", f"{file.name}: column rate_percent", says)
    if len(rates) > 1 and rates.min() > LIKE_AN_INDEX:
        says = f"no rate is below {rates.min():g}: these look like an index. Write by how many percent it rose in each year."
        raise refuse("rates_are_rates", f"{file.name}: column rate_percent", says)
    twice = index.index[index["year"].duplicated()]
    if len(twice):
        raise BadInput(
            Problem(
                "no_duplicates",
                f"{file.name}: row {row}, column year",
                f"{index['year'][row]} stands in a row above already. Give one rate for a year, of one index.",
            )
            for row in twice
        )
    return index
