"""Practices beside each other: rates adjusted for age and sex, a funnel, and how much of the difference is chance.

Takes tidy tables of people and of events, real or simulated. The methods are in `rates`, `funnel` and `variation`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.funnel import Funnel, Method, Trim, funnel
from outcomes.limits import count_limits
from outcomes.rates import FEWEST_EVENTS, dobson_limits, expected_events, standardised
from outcomes.tables import Rules, filled, hold
from outcomes.variation import DRAWS, SEED, Variation, variation
from outcomes.variation_words import variation_words

SMALL_LIST = 500
"""A practice with fewer people is flagged: its figures rest on little."""
PER_1000 = 1000
BAND_COLUMNS = ("sex", "ageband")
PERSONS_WITH = re.compile(r"persons_with_([1-9]\d*)")


@dataclass(frozen=True)
class PracticeVariation:
    """What `practice_variation` finds.

    `table`: one row per practice, in the order of the population table: `practice`, `population`, `observed` and
    `expected` events; `ratio` of the two with 95% limits `ratio_lower`, `ratio_upper`; `rate` per `multiplier` people,
    standardised, with 95% limits `rate_lower`, `rate_upper` (NaN below 10 events); the funnel's limits of the ratio,
    `lower95`, `upper95`, `lower99_8`, `upper99_8`, and those of chance alone, `unadjusted_lower95` and so on; `band`,
    where the practice lies, and `flagged_by`, which limits say so; `small_list`: fewer than 500 people;
    `rate_not_shown`: fewer than 10 events.
    `variation`, `funnel`: the measures over all practices. `rate`: of all practices together. `bands`: what rates are
    adjusted for, nothing if crude; `own_standard`: to the people of all practices together. `says`: the findings in
    sentences.
    """

    table: pd.DataFrame
    variation: Variation
    funnel: Funnel
    rate: float
    multiplier: float
    bands: tuple[str, ...]
    own_standard: bool
    what: str
    says: tuple[str, ...]


def practice_variation(
    events: pd.DataFrame,
    population: pd.DataFrame,
    standard: pd.DataFrame | None = None,
    *,
    multiplier: float = PER_1000,
    method: Method = "square_root",
    trim: Trim = "winsorise",
    what: str = "events",
    draws: int = DRAWS,
    seed: int = SEED,
    fill_missing: float | None = None,
) -> PracticeVariation:
    """Compares practices: standardised rates, a funnel, and variation beside what chance alone would give.

    `population`: one row per practice, `sex` and `ageband`, with `n` people. `events`: the same rows with `count`
    events. `sex` and `ageband` may both be left out, or one of them, in all tables alike; without both, rates are crude.
    `standard`: one row per sex and age band with `weight`, the standard population; without it rates are standardised
    to the people of all practices together. Where people can have several events, `events` may have columns
    `persons_with_1`, `persons_with_2` and so on: persons with exactly so many, for the limits of rates. Expected events
    are those at the rates of all practices together. `what` names the events in sentences.

    Raises `BadTable` with everything that is wrong: a count that is missing, in its row or with its row, is not a count
    of zero, unless `fill_missing=0` says so; practices without people, events at practices or bands without people.

    >>> population = pd.DataFrame({"practice": ["A", "B", "C"], "n": [1000, 2000, 1500]})
    >>> events = pd.DataFrame({"practice": ["A", "B", "C"], "count": [40, 40, 10]})
    >>> found = practice_variation(events, population, what="MRI scans")
    >>> found.table[["practice", "expected", "ratio", "rate", "band"]].round(2)
      practice  expected  ratio   rate         band
    0        A      20.0   2.00  40.00  above 99.8%
    1        B      40.0   1.00  20.00       inside
    2        C      30.0   0.33   6.67  below 99.8%
    >>> found.says[0]
    'Among 3 practices with at least 10 MRI scans, the highest has 6.0 times as many as the lowest, given its people.'
    """
    columns = _checked_columns(events, population, standard)
    persons = tuple(str(column) for column in events if PERSONS_WITH.fullmatch(str(column)))
    counts = events
    for column in ("count", *persons):
        counts = filled(counts, column, fill_missing)
    _check(counts, population, standard, columns, persons, fill_missing)

    practices, bands = population["practice"].unique(), _labels(population, columns).unique()
    people = _matrix(population, columns, "n", practices, bands)
    given = {name: _matrix(counts, columns, name, practices, bands, fill_missing) for name in ("count", *persons)}
    own = people.sum(axis=0)
    weights = own if standard is None else _weights(standard, columns).reindex(bands).to_numpy()
    table = pd.DataFrame({"practice": practices, **_practices(people, given, weights, multiplier)})
    plot = funnel(table["observed"], table["expected"], method=method, trim=trim)
    measures = variation(table["observed"], table["expected"], draws=draws, seed=seed)
    limits = plot.table.drop(columns=["numerator", "denominator", "value"])
    table = pd.concat([table, limits], axis=1).assign(
        small_list=table["population"] < SMALL_LIST, rate_not_shown=table["observed"] < FEWEST_EVENTS
    )
    says = variation_words(
        table,
        measures,
        plot,
        what=what,
        bands=columns,
        own_standard=standard is None,
        small_list=SMALL_LIST,
        repeat_events=bool(persons),
    )
    overall = multiplier * measures.observed / float(people.sum())
    return PracticeVariation(table, measures, plot, overall, multiplier, columns, standard is None, what, says)


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
    columns: tuple[str, ...],
    persons: tuple[str, ...],
    fill_missing: float | None,
) -> None:
    """Raises `BadTable` with everything that is wrong with the rows."""
    about_people, about_events = Rules("population", population), Rules("events", events)
    rules = [about_people, about_events]
    for each in rules:
        for column in ("practice", *columns):
            each.rows(each.table[column].isna(), column, "a name is needed")
        each.unique("practice", *columns)
    about_people.numbers("n", above=0)
    about_events.numbers("count", *persons, low=0)
    _check_bands(about_people, about_events, columns, fill_missing)
    if persons and not about_events.problems:
        total = sum((_times(name) * events[name] for name in persons), start=pd.Series(0.0, index=events.index))
        about_events.rows(total != events["count"], ["count", *persons], "the persons' events must add to the count")
    if pd.to_numeric(events["count"], errors="coerce").sum() == 0 and not about_events.problems:
        about_events.problems.append("events: there are none at any practice: there is nothing to compare")
    if standard is not None:
        rules.append(_check_standard(standard, about_people, columns))
    hold(*rules)


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


def _times(name: str) -> int:
    """How many events persons in this column have each."""
    return int(name.removeprefix("persons_with_"))


def _matrix(
    table: pd.DataFrame,
    columns: tuple[str, ...],
    value: str,
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


def _practices(
    people: np.ndarray, given: dict[str, np.ndarray], weights: np.ndarray, multiplier: float
) -> dict[str, np.ndarray]:
    """Counts, ratios and rates by practice."""
    counts = given["count"]
    persons = {_times(name): each for name, each in given.items() if name != "count"} or {1: counts}
    rate, variance, observed = standardised(persons, people, weights)
    lower, upper = dobson_limits(rate, variance, observed)
    expected = expected_events(people, counts.sum(axis=0) / people.sum(axis=0))
    ratio_lower, ratio_upper = count_limits(observed)
    per = np.where(observed >= FEWEST_EVENTS, multiplier, np.nan)
    return {
        "population": people.sum(axis=1),
        "observed": observed,
        "expected": expected,
        "ratio": observed / expected,
        "ratio_lower": ratio_lower / expected,
        "ratio_upper": ratio_upper / expected,
        "rate": per * rate,
        "rate_lower": per * lower,
        "rate_upper": per * upper,
    }
