"""Tables of people and of events by practice and band: what must hold of them, and both as arrays.

What is worked out from them is in `practice_variation`, and what may be shown of it in `outcomes.disclosure.practices`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.practices.rates import EVENTS_AMONG_NOBODY
from outcomes.table_rules import Rules, filled, hold

BAND_COLUMNS = ("sex", "ageband")
PERSONS_WITH = re.compile(r"persons_with_([1-9]\d*)")


@dataclass(frozen=True)
class Practices:
    """People and events by practice and band.

    `names`: of practices, in the order of the population table; `columns`: what bands are made of, nothing for one band;
    `people`, and `counts` by column (`count`, and `persons_with_1` and so on where given): shape (practices, bands);
    `weights`: the standard population, shape (bands,), or None.
    """

    names: np.ndarray
    columns: tuple[str, ...]
    people: np.ndarray
    counts: dict[str, np.ndarray]
    weights: np.ndarray | None

    @property
    def events(self) -> np.ndarray:
        """Events by practice."""
        return np.asarray(self.counts["count"].sum(axis=1))

    @property
    def nobody_in_some_band(self) -> bool:
        """Whether a practice has a band without people."""
        return bool((self.people == 0).any())


def practices_of(
    events: pd.DataFrame,
    population: pd.DataFrame,
    standard: pd.DataFrame | None = None,
    *,
    fill_missing: float | None = None,
    whole: bool = False,
) -> Practices:
    """The tables of `practice_variation` as arrays; `BadTable` with everything that is wrong with them.

    A band of nobody, with 0 people and 0 events, adds nothing. `whole`: counts must be whole numbers.

    >>> population = pd.DataFrame({"practice": ["A", "A"], "sex": ["f", "m"], "n": [900, 0]})
    >>> practices_of(population.assign(count=[30, 0]).drop(columns="n"), population).counts["count"].tolist()
    [[30.0, 0.0]]
    """
    columns = _checked_columns(events, population, standard)
    persons = tuple(str(column) for column in events if PERSONS_WITH.fullmatch(str(column)))
    counts = events
    for column in ("count", *persons):
        counts = filled(counts, column, fill_missing)
    _check(counts, population, standard, columns=columns, persons=persons, fill_missing=fill_missing, whole=whole)

    names, bands = population["practice"].unique(), _labels(population, columns).unique()
    people = _matrix(population, "n", columns=columns, practices=names, bands=bands)
    given = {
        name: _matrix(counts, name, columns=columns, practices=names, bands=bands, missing=fill_missing)
        for name in ("count", *persons)
    }
    weights = None if standard is None else _weights(standard, columns).reindex(bands).to_numpy()
    return Practices(names, columns, people, given, weights)


def _checked_columns(events: pd.DataFrame, population: pd.DataFrame, standard: pd.DataFrame | None) -> tuple[str, ...]:
    """The columns of bands, alike in all tables."""
    named = {"population": (population, ["practice", "n"]), "events": (events, ["practice", "count"])}
    if standard is not None:
        named["standard"] = (standard, ["weight"])
    rules = []
    own = tuple(column for column in BAND_COLUMNS if column in population)
    for name, (table, needed) in named.items():
        each = Rules(name, table)
        each.has(*needed)
        columns = [column for column in BAND_COLUMNS if column in table]
        if columns != list(own):
            each.problems.append(
                f"{name}: it is by {' and '.join(columns) or 'neither sex nor ageband'}, the population by "
                f"{' and '.join(own) or 'neither'}; give all tables the same columns"
            )
        rules.append(each)
    hold(*rules)
    return own


def _check(
    events: pd.DataFrame,
    population: pd.DataFrame,
    standard: pd.DataFrame | None,
    *,
    columns: tuple[str, ...],
    persons: tuple[str, ...],
    fill_missing: float | None,
    whole: bool,
) -> None:
    """Raises `BadTable` with everything that is wrong with the rows."""
    about_people, about_events = Rules("population", population), Rules("events", events)
    rules = [about_people, about_events]
    for each in rules:
        for column in ("practice", *columns):
            each.rows(each.table[column].isna(), column, "a name is needed")
        each.unique("practice", *columns)
    about_people.numbers("n", low=0)
    about_events.numbers("count", *persons, low=0, whole=whole)
    if not about_people.problems and not about_events.problems:
        _check_nobody(about_people, about_events, columns)
    _check_bands(about_people, about_events, columns, fill_missing)
    if persons and not about_events.problems:
        total = sum((times_of(name) * events[name] for name in persons), start=pd.Series(0.0, index=events.index))
        about_events.rows(total != events["count"], ["count", *persons], "the persons' events must add to the count")
    if pd.to_numeric(events["count"], errors="coerce").sum() == 0 and not about_events.problems:
        about_events.problems.append("events: there are none at any practice: there is nothing to compare")
    if standard is not None:
        rules.append(_check_standard(standard, about_people, columns))
    hold(*rules)


def _check_nobody(people: Rules, events: Rules, columns: tuple[str, ...]) -> None:
    """Every practice has people, and where nobody is, nothing happens."""
    numbers = pd.to_numeric(people.table["n"])
    nobody = numbers.groupby(people.table["practice"].to_numpy()).transform("sum").to_numpy() == 0
    people.rows(nobody, ["practice", "n"], "a practice has people; leave it out, or correct the number")
    there = numbers.set_axis(_keys(people.table, columns)).reindex(_keys(events.table, columns)).to_numpy()
    among_nobody = (there == 0) & (pd.to_numeric(events.table["count"]) > 0).to_numpy()
    events.rows(among_nobody, ["practice", *columns, "count"], EVENTS_AMONG_NOBODY)


def _check_bands(people: Rules, events: Rules, columns: tuple[str, ...], fill_missing: float | None) -> None:
    """Every practice has people in every band, every row of events has people, and every row of people has a count."""
    keys, own = _keys(people.table, columns), _keys(events.table, columns)
    unknown = ~own.get_level_values(0).isin(keys.levels[0])
    events.rows(unknown, "practice", "there is no population of this practice")
    without = ~own.isin(keys) & ~unknown
    events.rows(without, ["practice", *columns], "there is no population of this band at this practice")
    every = pd.MultiIndex.from_product([keys.levels[0], keys.levels[1]])
    _lacking(people, every.difference(keys), "give every practice the same bands, or widen them")
    if fill_missing is None:
        _lacking(events, keys.difference(own), "a missing count is not a count of zero; add the row, or fill_missing=0")


def _check_standard(standard: pd.DataFrame, people: Rules, columns: tuple[str, ...]) -> Rules:
    rules = Rules("standard", standard)
    rules.numbers("weight", low=0)
    rules.unique(*columns)
    bands, own = _labels(people.table, columns), _labels(standard, columns)
    rules.rows(~own.isin(bands), list(columns) or "weight", "no practice has people in this band")
    lacking = pd.MultiIndex.from_arrays([bands[~bands.isin(own)].unique()])
    _lacking(rules, lacking, "give each band of the population a weight")
    if not rules.problems and standard["weight"].sum() == 0:
        rules.problems.append("standard: weight: all are 0; a standard population has people")
    return rules


def _lacking(rules: Rules, lacking: pd.MultiIndex, advice: str) -> None:
    """Says which practices and bands have no row."""
    if len(lacking):
        shown = "; ".join(", ".join(part for part in key if part) for key in lacking[:5])
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        rules.problems.append(f"{rules.name}: there is no row for {shown}{more}; {advice}")


def _labels(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    """Each row's band in one word: 'female, 65-74'; blank without bands."""
    label = pd.Series("", index=table.index)
    for column in columns:
        label = label + (", " if column != columns[0] else "") + table[column].astype(str)
    return label


def _keys(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([table["practice"].astype(str), _labels(table, columns)])


def times_of(name: str) -> int:
    """How many events persons in this column have each.

    >>> times_of("persons_with_3")
    3
    """
    return int(name.removeprefix("persons_with_"))


def _matrix(
    table: pd.DataFrame,
    value: str,
    *,
    columns: tuple[str, ...],
    practices: np.ndarray,
    bands: np.ndarray,
    missing: float | None = None,
) -> np.ndarray:
    """Values by practice and band, shape (practices, bands); `missing` stands where there is no row."""
    every = pd.MultiIndex.from_product([practices.astype(str), bands])
    values = pd.to_numeric(table[value]).set_axis(_keys(table, columns)).reindex(every)
    filled_in = values if missing is None else values.fillna(missing)
    return filled_in.to_numpy(dtype=float).reshape(len(practices), len(bands))


def _weights(standard: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    return standard["weight"].astype(float).set_axis(_labels(standard, columns))
