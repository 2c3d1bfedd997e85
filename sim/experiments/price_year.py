"""Prices of different years brought to one, before a run; and in which year's pounds results are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from outcomes.economics.inflation import uplift_factors
from outcomes.table_rules import BadTable
from pathways import BadInput, Pathway, Problem, Region
from pathways.quantity import MONEY
from sim.run import Case


def price_years(pathway: Pathway, region: Region) -> dict[str, int | None]:
    """The year of each price: by service, the region's where it has one; by lever, of what it provides. None where nobody said."""
    years = {
        name: region.prices[name][1] if name in region.prices else pathway.quantities[service.price].price_year
        for name, service in pathway.services.items()
        if name in region.prices or pathway.quantities[service.price].number() > 0
    }
    for lever, word in pathway.levers.items():
        bought = [change for change in word.changes if change.price and pathway.quantities[change.price].number() > 0]
        years |= {
            f"lever {lever} at {change.service}": pathway.quantities[str(change.price)].price_year for change in bought
        }
    return years


def price_basis(pathway: Pathway, region: Region) -> str:
    """In which year's pounds costs are: one year, or a span of years where prices were not brought to one."""
    years = {year for year in price_years(pathway, region).values() if year is not None}
    unknown = None in price_years(pathway, region).values()
    span = (
        "unknown"
        if not years
        else f"{min(years)}"
        if len(years) == 1
        else f"{min(years)} to {max(years)} (as published)"
    )
    return f"{span} (some unknown)" if years and unknown else span


def in_price_year(
    cases: Mapping[str, Case], region: Region, year: int, price_index: pd.DataFrame
) -> tuple[dict[str, Case], Region]:
    """The cases and the region with every price moved to one year. `price_index` as in `outcomes.economics.inflation`.

    Raises `BadInput` naming every price whose year nobody said, and every rate that the index lacks.
    """
    problems = []
    for name, case in cases.items():
        unknown = [service for service, known in price_years(case.pathway, region).items() if known is None]
        if unknown:
            says = f"the prices of {', '.join(unknown)} have no price_year. Add one to each quantity."
            problems.append(Problem("prices_have_a_year", name, says))
    pathways = {id(case.pathway): case.pathway for case in cases.values()}
    moved: dict[int, Pathway] = {}
    try:
        local = uplift_factors(
            price_index, pd.Series({name: price[1] for name, price in region.prices.items()}), to_year=year
        )
        for key, pathway in pathways.items():
            moved[key] = _moved(pathway, year, price_index)
    except BadTable as bad:
        problems += [Problem("price_index_has_the_years", f"--price-year {year}", f"{said}.") for said in bad.problems]
    if problems:
        raise BadInput(problems)
    prices = {name: (price * float(local[name]), year) for name, (price, _) in region.prices.items()}
    return {name: replace(case, pathway=moved[id(case.pathway)]) for name, case in cases.items()}, replace(
        region, prices=prices
    )


def _moved(pathway: Pathway, year: int, price_index: pd.DataFrame) -> Pathway:
    """The pathway with its prices of known years, and their ranges, in another year's pounds."""
    known = {
        name: quantity.price_year
        for name, quantity in pathway.quantities.items()
        if quantity.unit == MONEY and quantity.price_year is not None
    }
    factors = uplift_factors(price_index, pd.Series(known), to_year=year)
    quantities = dict(pathway.quantities)
    for name, factor in factors.items():
        quantity = quantities[str(name)]
        low, high = quantity.interval()
        quantities[str(name)] = quantity.model_copy(
            update={"value": quantity.number() * factor, "low": low * factor, "high": high * factor, "price_year": year}
        )
    return replace(pathway, quantities=quantities)
