"""Which rows of a file of practices are practices: not areas, not totals, not nobody.

A row of another level would count its practices twice, and set apart what chance cannot. It is found by its code, by its
name, or by its numbers, left out, and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

PRACTICE_CODE = re.compile(r"[A-HJ-NPTV-Y]\d{5}")
AREA_CODE = re.compile(r"[EWSNKJ]\d{8}")
CODES = {
    "network": r"U\d{5}",
    "sub-ICB location": r"E38\d{6}|\d{2}[A-Z]|[A-Z]\d[A-Z]\d[A-Z]",
    "integrated care board": r"E54\d{6}|Q[A-Z0-9]{2}",
    "region": r"E(40|12|39)\d{6}|Y\d{2}",
    "nation": r"[EWSNKJ]92\d{6}|K0\d{7}",
    "area": r"[EWSNKJ]\d{8}",
    "practice that is not known": r"V8199\d",
}
"""How levels above practices are coded, by the NHS and the Office for National Statistics; the lowest level first."""
NAMES = {
    "network": r".*\b(PCN|primary care network)\b.*",
    "sub-ICB location": r".*\b(sub[ -]?ICB|CCG|clinical commissioning group)\b.*",
    "integrated care board": r".*\b(ICB|ICS|integrated care (board|system))\b.*",
    "region": (
        r"(.* )?(commissioning )?region|(NHS )?(London|Midlands|North West|South East|South West|East of England|"
        r"North East and Yorkshire)"
    ),
    "practice that is not known": (
        r"-+|n/?a|none|null|other|unknown|not (known|stated|recorded|applicable|registered)|unregistered|unallocated|"
        r"(unknown|no|other) (gp )?practice|practice (unknown|not known)|no registered (gp|practice)( practice)?"
    ),
    "nation": (
        r"(NHS )?(England|Wales|Scotland|Northern Ireland|Great Britain|United Kingdom|UK)( average| total)?|"
        r"national( average| total)?"
    ),
}
"""How they are called in words."""
UNKNOWN = "practice that is not known"
"""People without a practice: they are of no level, and their rate is nobody's."""
ROWS_SHOWN = 5
FEWEST_SUMMED = 2
"""Of one row alone another is a copy, not a sum."""
FEWEST_IN_A_BLOCK = 3
"""Two rows may add to the third next to them by chance, where numbers are round."""
FEW_EVENTS, MOST_IN_PAIRS = 10, 50
"""A pair with fewer events in one of them is looked for, as its sum would tell them; among more rows pairs fit by chance."""
KEYS = ["practice", "sex", "ageband"]
VALUES = ["count", "n"]


def practices_only(made: pd.DataFrame, groups: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows that are of practices, and what is told of the others.

    `made`: `practice`, `count`, `n` and bands, the index being the rows of the file; `groups`: other columns of text, such
    as the area that a practice belongs to.

    >>> made = pd.DataFrame({"practice": ["A81001", "A81002", "E92000001"], "count": [30, 40, 9], "n": [900, 800, 90]}, [2, 3, 4])
    >>> kept, told = practices_only(made, pd.DataFrame(index=made.index))
    >>> kept["practice"].tolist(), told
    (['A81001', 'A81002'], ['Left out, being no practice: E92000001 (nation, row 4).'])
    """
    kept, told = _of_one_level(made)
    kept, more = _without_sums(kept, groups)
    told += more
    for column in [each for each in ("sex", "ageband") if each in kept]:
        kept, more = _without_summed_bands(kept, column)
        told += more
    kept, more = _without_nobody(kept)
    return kept, told + more


def with_bands_of_nobody(made: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows, and one of nobody for each band that a practice has no row for; what is told of them.

    >>> made = pd.DataFrame({"practice": ["A", "A", "B"], "sex": ["f", "m", "f"], "count": [3, 4, 5], "n": [90, 80, 70]})
    >>> full, told = with_bands_of_nobody(made)
    >>> full[["practice", "sex", "count", "n"]].to_numpy().tolist()[-1], told
    (['B', 'm', 0, 0], ['Taken as nobody, having no row: B (m).'])
    """
    bands = [column for column in ("sex", "ageband") if column in made]
    if not bands:
        return made, []
    there = pd.MultiIndex.from_frame(made[["practice", *bands]])
    each_band = made[bands].drop_duplicates()
    every = pd.MultiIndex.from_frame(made[["practice"]].drop_duplicates().merge(each_band, how="cross"))
    lacking = every.difference(there, sort=False)
    if not len(lacking):
        return made, []
    nobody = lacking.to_frame(index=False).assign(count=0, n=0)
    for column in made.columns.difference(nobody.columns):
        nobody[column] = made[column].iloc[0]
    names = [f"{key[0]} ({', '.join(key[1:])})" for key in lacking]
    return pd.concat([made, nobody[made.columns]], ignore_index=True), [
        f"Taken as nobody, having no row: {_listed(names)}."
    ]


def more_events_than_people(made: pd.DataFrame) -> str:
    """A sentence for the one who gave the file, where practices have more events than people; else nothing.

    It tells of counts, and so belongs to no result.
    """
    totals = made.groupby("practice", sort=False)[VALUES].sum()
    names = totals.index[totals["count"] > totals["n"]].astype(str).tolist()
    if not names:
        return ""
    return f"More events than people: {_listed(names)}. Where each person counts once, one of the two is wrong."


def level_of(name: str, *, coded: bool = True) -> str:
    """The level that a code or a name is of: a practice, another level, or blank where nothing tells.

    `coded`: whether practices of the file go by their codes. If not, `Q01` may be anybody, but `E92000001` is England.

    >>> [level_of(name) for name in ("A81001", "U12345", "Q01", "E92000001", "Bay Surgery", "Bay PCN")]
    ['practice', 'network', 'integrated care board', 'nation', '', 'network']
    >>> level_of("Q01", coded=False)
    ''
    """
    if PRACTICE_CODE.fullmatch(name.upper()) and not re.fullmatch(CODES[UNKNOWN], name.upper()):
        return "practice"
    if coded or AREA_CODE.fullmatch(name.upper()):
        for level, code in CODES.items():
            if re.fullmatch(code, name.upper()):
                return level
    return next((level for level, called in NAMES.items() if re.fullmatch(called, name, re.IGNORECASE)), "")


def _of_one_level(made: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the level that the file is of: practices and names that could be; else the lowest level that is there."""
    names = made["practice"].unique()
    coded = any(PRACTICE_CODE.fullmatch(name.upper()) for name in names)
    levels = made["practice"].map({name: level_of(name, coded=coded) for name in names})
    found = [level for level in ("practice", "", *CODES) if (levels == level).any()]
    keep = {"practice", ""} if found[0] in ("practice", "") else {found[0]}
    out = ~levels.isin(keep)
    if not out.any():
        return made, []
    told = [
        f"{name} ({levels[rows.index[0]]}, {_rows(rows.index)})"
        for name, rows in made[out].groupby("practice", sort=False)
    ]
    return made[~out], [f"Left out, being no practice: {_listed(told)}."]


def _without_sums(made: pd.DataFrame, groups: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows without practices that are the sum of others, in people and events, band by band."""
    told: list[str] = []
    bands = [column for column in ("sex", "ageband") if column in made]
    while made["practice"].nunique() > FEWEST_SUMMED:
        vectors = _vectors(made, "practice", bands)
        of_group = groups.loc[made.index].groupby(made["practice"], sort=False).first().reindex(vectors.index)
        found = _a_sum(vectors.to_numpy(), of_group)
        if found is None:
            return made, told
        name, whom = vectors.index[found[0]], found[1]
        rows = made.index[made["practice"] == name]
        told.append(f"Left out, being the sum of {whom}: {name} ({_rows(rows)}).")
        made = made[made["practice"] != name]
    return made, told


def _a_sum(vectors: np.ndarray, of_group: pd.DataFrame) -> tuple[int, str] | None:
    """The place of a row that is the sum of others, and of which; shape (rows, values). None where no row is one."""
    candidates = np.flatnonzero(vectors.sum(axis=1) > 0)
    everything = vectors.sum(axis=0)
    for place in candidates:
        if (2 * vectors[place] == everything).all():
            return int(place), "all others"
    for column in of_group:
        for group in of_group[column].dropna().unique():
            members = (of_group[column] == group).to_numpy() & bool(group)
            # the total of a group stands in it, or beside it with the group's name
            named = of_group.index.astype(str) == str(group)
            for place in candidates[(members | named)[candidates]]:
                others = members.copy()
                others[place] = False
                if others.sum() >= FEWEST_SUMMED and (vectors[place] == vectors[others].sum(axis=0)).all():
                    return int(place), f"those of {column} '{group}'"
    cumulated = np.vstack([np.zeros_like(vectors[:1]), vectors.cumsum(axis=0)])
    for place in candidates:
        above = cumulated[place] - cumulated[: max(place - FEWEST_IN_A_BLOCK + 1, 0)]
        below = cumulated[place + 1 + FEWEST_IN_A_BLOCK :] - cumulated[place + 1]
        for block, where in ((above, "above"), (below, "below")):
            if len(block) and (block == vectors[place]).all(axis=1).any():
                return int(place), f"rows {where} it"
    return _a_sum_of_two(vectors)


def _a_sum_of_two(vectors: np.ndarray) -> tuple[int, str] | None:
    """The place of a row that is the sum of two others, one of them with so few events that it may have to be hidden."""
    events = vectors.reshape(len(vectors), len(VALUES), -1)[:, 0].sum(axis=1)
    someone = vectors.sum(axis=1) > 0
    if someone.sum() > MOST_IN_PAIRS:
        return None
    for small in np.flatnonzero(someone & (events > 0) & (events < FEW_EVENTS)):
        for other in np.flatnonzero(someone & (np.arange(len(vectors)) != small)):
            alike = (vectors == vectors[small] + vectors[other]).all(axis=1)
            if alike.any():
                return int(np.flatnonzero(alike)[0]), "two others"
    return None


def _without_summed_bands(made: pd.DataFrame, column: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows without a sex or age band that is the sum of all others, in each practice."""
    others = [each for each in KEYS if each in made and each != column]
    vectors = _vectors(made, column, others)
    everything = vectors.to_numpy().sum(axis=0)
    if len(vectors) <= FEWEST_SUMMED:
        return made, []
    whole = [name for name, row in zip(vectors.index, vectors.to_numpy(), strict=True) if (2 * row == everything).all()]
    if not whole:
        return made, []
    return made[made[column] != whole[0]], [f"Left out, being the sum of all others: {column} '{whole[0]}'."]


def _vectors(made: pd.DataFrame, of: str, across: Sequence[str]) -> pd.DataFrame:
    """Events and people of each value of a column, in the order of the file, by all that lies across."""
    if not across:
        return made.groupby(of, sort=False)[VALUES].sum()
    table = made.pivot_table(index=of, columns=list(across), values=VALUES, aggfunc="sum", fill_value=0, observed=True)
    return table.reindex(made[of].unique())


def _without_nobody(made: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows without practices that have neither people nor events."""
    totals = made.groupby("practice", sort=False)[VALUES].sum()
    empty = totals.index[(totals == 0).all(axis=1)].astype(str).tolist()
    if not empty or len(empty) == len(totals):
        return made, []
    return made[~made["practice"].isin(empty)], [f"Left out, having neither people nor events: {_listed(empty)}."]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - ROWS_SHOWN} more" if len(names) > ROWS_SHOWN else ""
    return f"{'; '.join(names[:ROWS_SHOWN])}{more}"


def _rows(numbers: Iterable[int]) -> str:
    each = list(numbers)
    return f"row {each[0]}" if len(each) == 1 else f"rows {each[0]} to {each[-1]}"
