"""Readers of official files as they are published, zipped or not, in the formats of several years.

Publishers: NHS England (patients registered at a GP practice, and the map of practices to networks and areas),
OHID Fingertips (deprivation score by practice). All under the Open Government Licence; no copy ships with the project.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pathways.files.opened import unpacked
from pathways.problems import BadInput, Problem, did_you_mean, refuse
from pathways.region import AGE_BANDS, MOST_PEOPLE, SEXES
from pathways.table import Column, typed

Names = Mapping[str, tuple[str, ...]]
"""Our name of a column, and the names that publishers have given it."""

REGISTERED: Names = {
    "kind": ("ORG_TYPE", "TYPE"),
    "practice": ("ORG_CODE", "CODE"),
    "sex": ("SEX",),
    "age_band": ("AGE_GROUP_5", "AGE"),
    "people": ("NUMBER_OF_PATIENTS",),
    "date": ("EXTRACT_DATE",),
}
PRACTICE_MAP: Names = {
    "practice": ("PRACTICE_CODE",),
    "name": ("PRACTICE_NAME",),
    "network": ("PCN_CODE",),
    "network_name": ("PCN_NAME",),
    "area": ("SUB_ICB_LOCATION_CODE", "CCG_CODE"),
}
DEPRIVATION: Names = {"practice": ("PRACTICE_CODE", "Area Code"), "score": ("IMD_SCORE", "Value")}
WHAT = {
    "registered": "patients registered at a GP practice",
    "map": "the map of practices to networks",
    "deprivation": "deprivation score by practice",
}
FILES: dict[str, Names] = {"registered": REGISTERED, "map": PRACTICE_MAP, "deprivation": DEPRIVATION}


@dataclass(frozen=True)
class Registered:
    """People registered by practice. `people` is by practice, sex and age band where `by_age`, else totals in one column."""

    date: date
    codes: tuple[str, ...]
    people: np.ndarray
    by_age: bool
    notes: tuple[str, ...]


def open_table(path: Path, *, what: str) -> pd.DataFrame:
    """The table in a CSV file, in a zip that holds one, or in a gzip, all as text.

    What a Mac adds to a zip (`__MACOSX/`, names that begin with `._`) does not count.
    `what` is "registered", "map" or "deprivation": the file that was asked for, so that a wrong one can be named.
    """
    data = unpacked(path)
    try:
        table = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        says = f"this is not a CSV table. The file of {WHAT[what]} is needed, as published."
        raise refuse("file_is_csv", path.name, says) from None
    table.columns = [str(column).strip() for column in table.columns]
    return _named(table, path.name, what)


def _named(table: pd.DataFrame, file: str, what: str) -> pd.DataFrame:
    """The columns that are needed, under our names; or a sentence about which file this seems to be."""
    found = {
        ours: next((name for name in theirs if name in table.columns), None) for ours, theirs in FILES[what].items()
    }
    missing = [
        theirs for ours, theirs in FILES[what].items() if found[ours] is None and ours not in ("network_name", "date")
    ]
    if missing:
        others = [
            other
            for other, names in FILES.items()
            if other != what and all(any(name in table.columns for name in theirs) for theirs in names.values())
        ]
        seems = f" It looks like {WHAT[others[0]]} (--{others[0]}): were two files swapped?" if others else ""
        columns = ", ".join(" or ".join(theirs) for theirs in missing)
        says = f"this is not {WHAT[what]}: there is no column {columns}.{seems}"
        raise refuse("file_is_the_right_one", file, says)
    kept = {theirs: ours for ours, theirs in found.items() if theirs is not None}
    extra = ["Area Type"] if what == "deprivation" and "Area Type" in table.columns else []
    return table[[*kept, *extra]].rename(columns=kept)


def read_registered(path: Path) -> Registered:
    """People registered at each GP practice, by sex and five-year age band where the file has them.

    Other organisations stand in the same file and would be counted again; totals stand in it as rows. Both are left out.
    """
    table = open_table(path, what="registered")
    table = table.assign(row=np.arange(len(table)) + 2)
    practices = table[table["kind"] == "GP"].reset_index(drop=True)
    if practices.empty:
        raise refuse("practices_exist", path.name, "no row has the organisation type 'GP'.")
    people = _counts(practices, path.name)
    practices = practices.assign(people=people)
    totals = practices[(practices["sex"] == "ALL") & (practices["age_band"] == "ALL")]
    bands = practices[practices["sex"].isin(["FEMALE", "MALE"]) & (practices["age_band"] != "ALL")]
    repeated = practices.duplicated(["practice", "sex", "age_band"])
    if repeated.any():
        first = practices[repeated].iloc[0]
        raise refuse(
            "no_duplicates",
            f"{path.name}: row {first['row']}",
            f"the practice '{first['practice']}' stands twice for sex {first['sex']}, age {first['age_band']}.",
        )
    codes = tuple(sorted(set(practices["practice"])))
    day = _date(str(practices["date"].iloc[0]) if "date" in practices else "", path.name)
    if bands.empty:
        by_code = totals.set_index("practice")["people"]
        return Registered(day, codes, by_code.reindex(codes).fillna(0).to_numpy(dtype=np.int64), False, ())
    return Registered(day, codes, _by_age(bands, codes, path.name), True, _differences(bands, totals))


def _counts(table: pd.DataFrame, file: str) -> pd.Series:
    """Counts as whole numbers; bad cells are told by the row of the file, not of the practices in it."""
    try:
        return typed(table[["people"]], [Column("people", "whole", high=MOST_PEOPLE)], file=file)["people"]
    except BadInput as error:
        rows = table["row"].tolist()
        problems = []
        for problem in error.problems:
            place = re.search(r": row (\d+), column people$", problem.where)
            where = f"{file}: row {rows[int(place[1]) - 2]}, column NUMBER_OF_PATIENTS" if place else problem.where
            problems.append(Problem(problem.rule, where, problem.says))
        raise BadInput(problems) from None


def _by_age(bands: pd.DataFrame, codes: Sequence[str], file: str) -> np.ndarray:
    names = bands["age_band"].str.replace("_", "-", regex=False)
    unknown = sorted(set(names) - set(AGE_BANDS))
    if unknown:
        says = f"the age band '{unknown[0]}' is not a five-year band. {did_you_mean(unknown[0], AGE_BANDS)}"
        raise refuse("age_bands_are_known", file, says)
    people = np.zeros((len(codes), len(SEXES), len(AGE_BANDS)), dtype=np.int64)
    position = {code: index for index, code in enumerate(codes)}
    sex = bands["sex"].map({"FEMALE": 0, "MALE": 1})
    band = names.map({name: index for index, name in enumerate(AGE_BANDS)})
    np.add.at(people, (bands["practice"].map(position), sex, band), bands["people"])
    return people


def _differences(bands: pd.DataFrame, totals: pd.DataFrame) -> tuple[str, ...]:
    """A note where the ages of a practice do not add up to its total (people without a stated sex, mostly)."""
    summed = bands.groupby("practice")["people"].sum()
    stated = totals.set_index("practice")["people"]
    short = (stated - summed.reindex(stated.index).fillna(0)).clip(lower=0)
    missing = int(short.sum())
    return (
        (f"{missing} people in {int((short > 0).sum())} practices have no stated sex or age and are left out",)
        if missing
        else ()
    )


def _date(text: str, file: str) -> date:
    for form in ("%Y-%m-%d", "%d%b%Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    raise refuse(
        "date_can_be_read", f"{file}: column EXTRACT_DATE", f"'{text}' is no date that is known: 2026-07-01, 01JUL2026."
    )


def read_map(path: Path) -> pd.DataFrame:
    """The network and area of each practice: columns practice, name, network (blank if none), network_name, area."""
    table = open_table(path, what="map")
    repeated = table["practice"].duplicated()
    if repeated.any():
        row = int(np.flatnonzero(repeated)[0])
        raise refuse(
            "no_duplicates", f"{path.name}: row {row + 2}", f"the practice '{table['practice'][row]}' stands twice."
        )
    if "network_name" not in table:
        table = table.assign(network_name="")
    return table.assign(network=table["network"].where(table["network"] != "U", ""))


def read_deprivation(path: Path) -> dict[str, float]:
    """The deprivation score of each practice; a higher score is more deprived. Rows of other areas are left out."""
    table = open_table(path, what="deprivation")
    if "Area Type" in table:
        table = table[table["Area Type"] == "GP"]
    table = table[table["score"] != ""].reset_index(drop=True)
    scores = typed(
        table[["practice", "score"]], [Column("practice"), Column("score", "number", high=100)], file=path.name
    )
    repeated = scores["practice"].duplicated()
    if repeated.any():
        code = scores["practice"][int(np.flatnonzero(repeated)[0])]
        raise refuse("no_duplicates", path.name, f"the practice '{code}' stands twice. Use one edition of the scores.")
    return dict(zip(scores["practice"], scores["score"].astype(float), strict=True))
