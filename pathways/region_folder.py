"""The folder of a region: its tables read and checked whole, and written.

region.toml         name, dates, working calendar, where the figures come from
practices.csv       practice, name, network, area, shares of people by deprivation decile, place on a map
population.csv      practice, sex, age_band, people
capacity.csv        service, site, amount (appointments a week, or places), discipline, place on a map
waiting_lists.csv   service, site, weeks_waited, people
prices.csv          service, price_gbp, price_year (optional: otherwise the pathway's)
"""

from __future__ import annotations

import json
import os
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathways.explain import read_word
from pathways.files.opened import is_folder
from pathways.files.table import PRICE_BLANK, Column, read_csv
from pathways.files.toml_json import toml_in
from pathways.files.values import told
from pathways.files.writing import csv_text, write_text
from pathways.load import find
from pathways.problems import ROWS_SHOWN, BadInput, Problem
from pathways.region import AGE_BANDS, ASSUMED, DECILES, GRADES, SEXES, Region, RegionFile, Site, Waiting, name_fault

ABOUT, PRACTICES, POPULATION = "region.toml", "practices.csv", "population.csv"
CAPACITY, LISTS, PRICES = "capacity.csv", "waiting_lists.csv", "prices.csv"
"""The files of a region; the last two may be left out."""

# The most that one row of a table can say: far above anything real, so that a slip of the keyboard is told.
MOST_PEOPLE = 10_000_000
MOST_WAITING = 1_000_000
MOST_AMOUNT = 1_000_000
HIGHEST_PRICE = 10_000_000
FARTHEST_KM = 20_000


_PRACTICES = [
    Column("practice"),
    Column("name", optional=True),
    Column("network", optional=True),
    Column("area", optional=True),
    *(Column(f"decile_{decile}", "number", high=1) for decile in DECILES),
    Column("x_km", "number", optional=True, low=-FARTHEST_KM, high=FARTHEST_KM),
    Column("y_km", "number", optional=True, low=-FARTHEST_KM, high=FARTHEST_KM),
]
_POPULATION = [Column("practice"), Column("sex"), Column("age_band"), Column("people", "whole", high=MOST_PEOPLE)]
_CAPACITY = [
    Column("service"),
    Column("site"),
    Column("area", optional=True),
    Column("amount", "number", high=MOST_AMOUNT),
    Column("discipline", optional=True),
    Column("x_km", "number", optional=True, low=-FARTHEST_KM, high=FARTHEST_KM),
    Column("y_km", "number", optional=True, low=-FARTHEST_KM, high=FARTHEST_KM),
    Column("grade", optional=True),
    Column("source", optional=True),
    Column("back_pain_share", "number", optional=True, high=1),
    Column("back_pain_share_grade", optional=True),
]
_WAITING = [
    Column("service"),
    Column("site"),
    Column("area", optional=True),
    Column("weeks_waited", "whole", high=520),
    Column("people", "whole", high=MOST_WAITING),
    Column("back_pain_share", "number", optional=True, high=1),
]
_PRICES = [
    Column("service"),
    Column("price_gbp", "number", high=HIGHEST_PRICE, blank=PRICE_BLANK),
    Column("price_year", "whole", low=1990, high=2100, blank="write the year of the price"),
]


def load_region(name_or_path: str | Path) -> Region:
    """A region from the library by name, or from a folder. `BadInput` tells everything that is wrong with it.

    >>> region = load_region("demonstration")
    >>> region.about.made_up, len(region.codes)
    (True, 12)
    """
    folder = find("regions", name_or_path)
    if not is_folder(folder):
        folder = folder.parent
    about, problems = _about(folder)
    tables: dict[str, pd.DataFrame] = {}
    files: list[tuple[str, list[Column], bool]] = [
        (PRACTICES, _PRACTICES, False),
        (POPULATION, _POPULATION, False),
        (CAPACITY, _CAPACITY, False),
        (LISTS, _WAITING, True),
        (PRICES, _PRICES, True),
    ]
    for file, columns, optional in files:
        if optional and not os.path.lexists(folder / file):
            tables[file] = pd.DataFrame({column.name: [] for column in columns})
            continue
        try:
            tables[file] = read_csv(folder / file, columns)
        except BadInput as error:
            problems += error.problems
    problems += _table_problems(tables)
    if problems or about is None:
        raise BadInput(problems)
    return _region(called(folder, about), about, tables)


def called(folder: Path, about: RegionFile) -> str:
    """The name of a region: its folder's, so that a copy does not bear the name of what it was copied from.

    Where the folder's name is none for a region, that in `region.toml`.
    """
    name = folder.resolve().name
    return about.name if name_fault(name) else name


def _about(folder: Path) -> tuple[RegionFile | None, list[Problem]]:
    try:
        return read_word(RegionFile, toml_in(folder / ABOUT), file=ABOUT, path="")
    except BadInput as error:
        return None, error.problems


def _table_problems(tables: dict[str, pd.DataFrame]) -> list[Problem]:
    """How the rows of the tables fit together, of those tables that could be read."""
    problems = []
    keys = {
        PRACTICES: (["practice"], "practice"),
        POPULATION: (["practice", "sex", "age_band"], "count"),
        CAPACITY: (["area", "service", "site"], "site"),
        LISTS: (["area", "service", "site", "weeks_waited"], "list"),
        PRICES: (["service"], "price of"),
    }
    for file, (columns, what) in keys.items():
        if file in tables:
            problems += _repeats(tables[file], columns, file, what)
    if (practices := tables.get(PRACTICES)) is not None:
        problems += _practice_problems(practices)
    if (population := tables.get(POPULATION)) is not None:
        problems += _people_problems(population, practices)
    if (capacity := tables.get(CAPACITY)) is not None:
        if practices is not None:
            problems += _area_problems(practices, capacity)
        if (waiting := tables.get(LISTS)) is not None:
            problems += _list_problems(capacity, waiting)
    return problems


def _practice_problems(practices: pd.DataFrame) -> list[Problem]:
    problems = []
    if practices.empty:
        problems.append(Problem("practices_exist", PRACTICES, "there is no practice in the file."))
    shares = practices[[f"decile_{decile}" for decile in DECILES]].sum(axis=1)
    for row in shares.index[np.abs(shares - 1) > 1e-3][:ROWS_SHOWN]:
        says = f"the deprivation shares add to {shares[row]:.3f}, they must add to 1."
        problems.append(Problem("deciles_add_to_one", f"{PRACTICES}: row {row}", says))
    return problems


def _people_problems(population: pd.DataFrame, practices: pd.DataFrame | None) -> list[Problem]:
    """People of no practice, sex or age that there is; practices without people, which a slip in a code leaves behind."""
    problems = []
    allowed = {"sex": set(SEXES), "age_band": set(AGE_BANDS)}
    if practices is not None:
        allowed = {"practice": set(practices["practice"]), **allowed}
    for column, known in allowed.items():
        for row in population.index[~population[column].isin(known)][:ROWS_SHOWN]:
            wanted = f"in {PRACTICES}" if column == "practice" else "one of " + ", ".join(sorted(known))
            says = f"{told(population[column][row])} is not {wanted}."
            problems.append(Problem("population_fits", f"{POPULATION}: row {row}, column {column}", says))
    if not problems and int(population["people"].sum()) == 0:
        problems.append(Problem("people_exist", POPULATION, "nobody is registered: all counts are 0."))
    return problems


def _area_problems(practices: pd.DataFrame, capacity: pd.DataFrame) -> list[Problem]:
    """Sites in areas without practices."""
    problems = []
    areas = set(practices["area"])
    named = ", ".join(sorted(areas - {""})) or "none, so leave the column blank"
    for row in capacity.index[~capacity["area"].isin(areas)][:ROWS_SHOWN]:
        area = capacity["area"][row]
        says = (
            f"no practice is in the area '{area}'." if area else "the site is in no area, and every practice is in one."
        )
        where = f"{CAPACITY}: row {row}"
        problems.append(Problem("sites_have_areas", where, f"{says} Areas in practices.csv: {named}."))
    return problems


def _list_problems(capacity: pd.DataFrame, waiting: pd.DataFrame) -> list[Problem]:
    """Lists of sites that are not there."""
    problems = []
    columns = ["area", "service", "site"]
    sites = set(capacity[columns].itertuples(index=False, name=None))
    for row, area, service, site in waiting[columns].itertuples(name=None):
        if (area, service, site) not in sites:
            elsewhere = sorted(other[0] for other in sites if other[1:] == (service, site))
            where = f" in the area '{area}'" if area else ""
            hint = f" There it is in the area '{elsewhere[0]}'." if elsewhere else ""
            says = f"there is no site '{site}' of '{service}'{where} in capacity.csv.{hint}"
            problems.append(Problem("lists_have_sites", f"{LISTS}: row {row}", says))
    return problems


def _repeats(table: pd.DataFrame, keys: list[str], file: str, what: str) -> list[Problem]:
    repeated = table.duplicated(keys)
    return [
        Problem(
            "no_duplicates",
            f"{file}: row {row}",
            f"the {what} '{' / '.join(str(table[key][row]) for key in keys if table[key][row])}' stands twice. Remove one.",
        )
        for row in table.index[repeated][:ROWS_SHOWN]
    ]


def _region(name: str, about: RegionFile, tables: dict[str, pd.DataFrame]) -> Region:
    practices, population = tables[PRACTICES], tables[POPULATION]
    codes = tuple(practices["practice"])
    position = {code: index for index, code in enumerate(codes)}
    people = np.zeros((len(codes), len(SEXES), len(AGE_BANDS)), dtype=np.int64)
    np.add.at(
        people,
        (
            population["practice"].map(position).to_numpy(),
            population["sex"].map({sex: index for index, sex in enumerate(SEXES)}).to_numpy(),
            population["age_band"].map({band: index for index, band in enumerate(AGE_BANDS)}).to_numpy(),
        ),
        population["people"].to_numpy(),
    )
    deciles = practices[[f"decile_{decile}" for decile in DECILES]].to_numpy(dtype=float)
    prices = tables[PRICES]
    return Region(
        name=name,
        about=about,
        codes=codes,
        names=tuple(practices["name"]),
        networks=tuple(practices["network"]),
        areas=tuple(practices["area"]),
        people=people,
        deciles=deciles / deciles.sum(axis=1, keepdims=True),
        x_km=practices["x_km"].to_numpy(dtype=float),
        y_km=practices["y_km"].to_numpy(dtype=float),
        sites=tuple(Site(**_site_fields(row)) for row in _rows(tables[CAPACITY])),
        waiting=_lists(tables[LISTS]),
        prices={str(row["service"]): (float(row["price_gbp"]), int(row["price_year"])) for row in _rows(prices)},
    )


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _site_fields(row: dict[str, Any]) -> dict[str, Any]:
    fields = {key: row[key] for key in ("service", "area", "amount", "discipline", "x_km", "y_km", "source")}
    fields |= {"name": row["site"], "grade": row["grade"] or "local"}
    share = row["back_pain_share"]
    if np.isnan(share):
        return fields
    of_share = row["back_pain_share_grade"] or ASSUMED
    weaker = max(fields["grade"], of_share, key=lambda grade: GRADES.index(grade) if grade in GRADES else 0)
    return fields | {"amount": row["amount"] * share, "back_pain_share": float(share), "grade": weaker}


def _lists(table: pd.DataFrame) -> tuple[Waiting, ...]:
    """The lists, of those written the share who have back pain: each site's total is rounded, not each week."""
    exact: dict[tuple[str, str, str], float] = {}
    rows = []
    for row in _rows(table):
        share = 1.0 if np.isnan(row["back_pain_share"]) else float(row["back_pain_share"])
        place = (row["area"], row["service"], row["site"])
        so_far = exact.get(place, 0.0)
        exact[place] = so_far + int(row["people"]) * share
        people = floor(exact[place] + 0.5) - floor(so_far + 0.5)
        rows.append(Waiting(row["service"], row["site"], row["area"], int(row["weeks_waited"]), people, share))
    return tuple(rows)


def save_region(region: Region, folder: Path) -> None:
    """Writes a region as the folder that `load_region` reads. The folder must exist and be empty."""
    practices = pd.DataFrame(
        {"practice": region.codes, "name": region.names, "network": region.networks, "area": region.areas}
        | {f"decile_{decile}": np.round(region.deciles[:, decile - 1], 4) for decile in DECILES}
        | {"x_km": region.x_km, "y_km": region.y_km}
    )
    practice, sex, band = np.nonzero(region.people)
    population = pd.DataFrame(
        {
            "practice": np.array(region.codes)[practice],
            "sex": np.array(SEXES)[sex],
            "age_band": np.array(AGE_BANDS)[band],
            "people": region.people[practice, sex, band],
        }
    )
    # amounts and people are those with back pain: no share is to be taken of them again
    capacity = pd.DataFrame([vars(site) for site in region.sites]).rename(columns={"name": "site"})
    capacity = capacity.drop(columns="back_pain_share", errors="ignore")
    waiting = pd.DataFrame([vars(row) for row in region.waiting]).drop(columns="back_pain_share", errors="ignore")
    for name, table in (("practices", practices), ("population", population), ("capacity", capacity)):
        write_text(folder / f"{name}.csv", csv_text(table), overwrite=True)
    if region.waiting:
        write_text(folder / LISTS, csv_text(waiting), overwrite=True)
    if region.prices:
        prices = [(service, price, year) for service, (price, year) in region.prices.items()]
        table = pd.DataFrame(prices, columns=["service", "price_gbp", "price_year"])
        write_text(folder / PRICES, csv_text(table), overwrite=True)
    write_text(folder / ABOUT, _region_toml(region.about), overwrite=True)


def _region_toml(about: RegionFile) -> str:
    def text(value: str) -> str:
        # a string of JSON is one of TOML too, but for this character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

    def texts(values: list[str]) -> str:
        return "[\n" + "".join(f"    {text(value)},\n" for value in values) + "]" if values else "[]"

    lines = [
        f"format = {about.format}",
        f"name = {text(about.name)}",
        f"title = {text(about.title)}",
        f"says = {text(about.says)}",
        f"made_up = {str(about.made_up).lower()}",
        f"start = {about.start.isoformat()}",
        f"weekdays = [{', '.join(text(day) for day in about.weekdays)}]",
        f"closed = [{', '.join(day.isoformat() for day in about.closed)}]",
        f"sources = {texts(about.sources)}",
        f"assumed = {texts(about.assumed)}",
        *([f"warnings = {texts(about.warnings)}"] if about.warnings else []),
    ]
    if about.pathway:
        lines.append(f"pathway = {text(about.pathway)}")
    return "\n".join(lines) + "\n"
