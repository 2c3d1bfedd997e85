"""Prices of one year as prices of another, by chained annual rates of inflation.

`library/price_index.csv` is where the rates belong: `year`, `rate_percent` (how much prices rose from the year before
to this one) and `source`. It holds none yet: the NHS Cost Inflation Index (NHSCII) stands in the annual volume "Unit
Costs of Health and Social Care" (PSSRU, University of Kent). Copy the rates from the newest volume, name the volume and
its table in `source`, and do not mix two indices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, checked, plain
from outcomes.policy_values import LIBRARY
from outcomes.table_rules import BadTable, Rules

FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Prices are of no other year."""
PRICE_INDEX = LIBRARY / "price_index.csv"
"""The table of rates that is shipped."""


def read_price_index(path: Path = PRICE_INDEX) -> pd.DataFrame:
    """A table of annual rates: `year`, `rate_percent`, `source`; one row per year, each with its source.

    >>> read_price_index().columns.tolist()
    ['year', 'rate_percent', 'source']
    """
    index = pd.read_csv(path)
    rules = _rules(index, first_row=2)
    if rules.has("source"):
        rules.rows(index["source"].isna(), ["year", "source"], "say where the rate comes from")
    rules.hold()
    return index


def uplift_factor(price_index: pd.DataFrame | None, *, from_year: int, to_year: int, item: str = "prices") -> float:
    """By how much a price is multiplied to move it from one year to another.

    The rates of all years after the earlier one, up to the later one, are chained: (1 + r/100) each. Backwards, the
    product divides. `item` is what the message names where a rate is lacking.

    >>> rates = pd.DataFrame({"year": [2023, 2024], "rate_percent": [25, 60]})
    >>> uplift_factor(rates, from_year=2022, to_year=2024), uplift_factor(rates, from_year=2024, to_year=2022)
    (2.0, 0.5)
    """
    return float(uplift_factors(price_index, pd.Series({item: from_year}), to_year=to_year).iloc[0])


def uplift_factors(price_index: pd.DataFrame | None, from_years: pd.Series, *, to_year: int) -> pd.Series:
    """`uplift_factor` of several items: the year of each price, by item. What is lacking for any is said at once.

    >>> uplift_factors(None, pd.Series({"MRI lumbar": 2022, "GP": 2025}), to_year=2023)
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: price_index has no rate for 2023 (needed to move 'MRI lumbar' from 2022 to 2023)
    price_index has no rate for 2024, 2025 (needed to move 'GP' from 2025 to 2023)
    """
    index = pd.DataFrame({"year": [], "rate_percent": []}) if price_index is None else price_index
    _rules(index).hold()
    rates = dict(zip(index["year"].astype(int), index["rate_percent"].astype(float), strict=True))
    problems, factors = [], []
    for item, from_year in from_years.items():
        if beyond := [str(year) for year in (from_year, to_year) if not FIRST_YEAR <= year <= LAST_YEAR]:
            named = "prices" if item == "prices" else f"'{item}'"
            problems.append(f"{named}: the price year {beyond[0]} is none from {FIRST_YEAR} to {LAST_YEAR}")
            continue
        years = range(min(from_year, to_year) + 1, max(from_year, to_year) + 1)
        if lacking := [str(year) for year in years if year not in rates]:
            named = item if item == "prices" else f"'{item}'"
            needed = f"needed to move {named} from {from_year} to {to_year}"
            problems.append(f"price_index has no rate for {', '.join(lacking)} ({needed})")
            continue
        product = float(np.prod([1 + rates[year] / 100 for year in years]))
        factors.append(product if to_year >= from_year else 1 / product)
    if problems:
        raise BadTable(problems)
    return pd.Series(factors, index=from_years.index, dtype=float)


def inflate(
    cost: Numbers, price_index: pd.DataFrame | None, *, from_year: int, to_year: int, item: str = "prices"
) -> Any:
    """A cost in the prices of another year; see `uplift_factor`. A float, or an array like `cost`.

    >>> rates = pd.DataFrame({"year": [2015], "rate_percent": [2.7]})
    >>> round(inflate(100, rates, from_year=2014, to_year=2015), 10)
    102.7
    """
    factor = uplift_factor(price_index, from_year=from_year, to_year=to_year, item=item)
    return plain(checked("cost", cost) * factor)


def _rules(index: pd.DataFrame, *, first_row: int = 0) -> Rules:
    """What every table of rates must keep."""
    rules = Rules("price_index", index, first_row=first_row)
    if rules.has("year", "rate_percent"):
        rules.numbers("year", whole=True)
        rules.numbers("rate_percent", above=-100)
        rules.unique("year")
    return rules
