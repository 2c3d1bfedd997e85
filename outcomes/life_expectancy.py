"""Life expectancy from an abridged life table, and the quality-adjusted one by group of deprivation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.aligned import Row, aligned
from outcomes.limits import CONFIDENCE, z_of
from outcomes.qalys import HIGHEST, LOWEST
from outcomes.tables import BadTable, Rules, filled

LIVED_BY_INFANTS_WHO_DIE = 0.1
"""The share of the first year that those who die in it live, as national life tables have it."""
LIVED_BY_OTHERS_WHO_DIE = 0.5
"""The share of any other band that those who die in it live: half."""


@dataclass(frozen=True)
class LifeExpectancy:
    """Years that people of an age can expect to live at today's rates of death, with limits at `confidence`."""

    value: float
    lower: float
    upper: float
    age: float
    confidence: float


def life_table(
    start_age: Row,
    population: Row,
    deaths: Row,
    *,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """The abridged life table: one row per age band.

    `start_age` is the first age of each band, rising from 0; the last band has no end. `population` is person-years (mid-year
    people times years), `deaths` in the same years. Columns beside these: `rate` of death, `probability_of_death` in
    the band, `survivors` of one newborn, `person_years` lived in the band per newborn, `life_expectancy` with `lower`
    and `upper`. Raises `BadTable` for bands out of order, people at or below 0, missing deaths (unless `fill_missing=0`), no
    deaths in the last band, and more deaths than a band can hold.
    Method: Chiang 1968; infants who die live a tenth of the first year, others half of their band; limits from the
    binomial variance of each band, in the last that of its rate.

    >>> life_table([0, 1, 90], [1000, 80_000, 1000], [5, 400, 200])["life_expectancy"].round(2).tolist()
    [76.6, 75.98, 5.0]
    """
    table = filled(aligned("bands", start_age=start_age, population=population, deaths=deaths), "deaths", fill_missing)
    _check("bands", table)
    return _life_table(table.astype(float), confidence)


def life_expectancy(
    start_age: Row,
    population: Row,
    deaths: Row,
    *,
    at_age: float = 0,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> LifeExpectancy:
    """Life expectancy at one age, which must start a band; all else is as in `life_table`.

    >>> life_expectancy([0, 1, 90], [1000, 80_000, 1000], [5, 400, 200], at_age=90).value
    5.0
    """
    table = life_table(start_age, population, deaths, confidence=confidence, fill_missing=fill_missing)
    found = table[table["start_age"] == at_age]
    if found.empty:
        ages = ", ".join(f"{age:g}" for age in table["start_age"])
        raise BadTable([f"at_age: {at_age:g}; no band starts at it. Bands start at {ages}"])
    row = found.iloc[0]
    return LifeExpectancy(
        float(row["life_expectancy"]), float(row["lower"]), float(row["upper"]), float(at_age), confidence
    )


def quality_adjusted_life_expectancy(
    table: pd.DataFrame, *, group: str = "group", fill_missing: float | None = None
) -> pd.DataFrame:
    """Life expectancy and quality-adjusted life expectancy at birth by group, in order of appearance.

    `table`: one row per group and age band, with the column named by `group`, `start_age`, `population`, `deaths` and `utility`,
    the mean utility of people in that band. Columns of the result: the group, `life_expectancy`, `qale`. Raises
    `BadTable` as `life_table` does, for all groups at once, and for utilities outside -0.594 to 1.
    Method: Sullivan 1971, years lived in each band times their utility.

    >>> bands = pd.DataFrame({"group": ["1"] * 3, "start_age": [0, 1, 90], "population": [1000, 80_000, 1000],
    ...                       "deaths": [5, 400, 200], "utility": [0.5] * 3})
    >>> quality_adjusted_life_expectancy(bands).round(2)
      group  life_expectancy  qale
    0     1             76.6  38.3
    """
    rules = Rules("table", table)
    if rules.has(group, "start_age", "population", "deaths", "utility"):
        rules.numbers("utility", low=LOWEST, high=HIGHEST)
    rules.hold()
    complete = filled(table, "deaths", fill_missing)
    problems: list[str] = []
    rows = []
    for name, bands in complete.groupby(group, sort=False):
        numbers = bands[["start_age", "population", "deaths"]]
        try:
            _check(f"{group} {name}", numbers)
        except BadTable as bad:
            problems += bad.problems
            continue
        lived = _life_table(numbers.astype(float), CONFIDENCE)
        qale = float(lived["person_years"] @ bands["utility"].to_numpy(dtype=float))
        rows.append({group: name, "life_expectancy": float(lived["life_expectancy"].iloc[0]), "qale": qale})
    if problems:
        raise BadTable(problems)
    return pd.DataFrame(rows, columns=[group, "life_expectancy", "qale"])


def _check(name: str, table: pd.DataFrame) -> None:
    """Raises `BadTable` where the bands cannot make a life table."""
    rules = Rules(name, table)
    rules.numbers("start_age", "deaths", low=0)
    rules.numbers("population", above=0)
    if len(table) < 2:
        rules.problems.append(f"{name}: a life table needs two age bands at least")
    if not rules.problems:
        last = np.arange(len(table)) == len(table) - 1
        ages = table["start_age"].to_numpy(dtype=float)
        rules.rows((ages != 0) & (np.arange(len(ages)) == 0), "start_age", "the first band must start at 0")
        rules.rows(np.diff(ages, prepend=-1) <= 0, "start_age", "ages must rise from band to band")
        rules.rows(last & (table["deaths"] == 0), "deaths", "the last band needs deaths: join it to the one before")
        if not rules.problems:
            rules.rows(_probability(table.astype(float))[0] > 1, "deaths", "so many cannot die in the band")
    rules.hold()


def _probability(bands: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The probability of death in each band (1 in the last), and how long those live in it who die in it."""
    ages, rate = bands["start_age"].to_numpy(), (bands["deaths"] / bands["population"]).to_numpy()
    width = np.diff(ages)
    lived = width * np.where(ages[:-1] == 0, LIVED_BY_INFANTS_WHO_DIE, LIVED_BY_OTHERS_WHO_DIE)
    probability = width * rate[:-1] / (1 + (width - lived) * rate[:-1])
    return np.append(probability, 1), np.append(lived, 1 / rate[-1])


def _life_table(bands: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The life table of checked bands, all numbers."""
    deaths, rate = bands["deaths"].to_numpy(), (bands["deaths"] / bands["population"]).to_numpy()
    q, lived = _probability(bands)
    survivors = np.append(1, np.cumprod(1 - q[:-1]))
    width = np.append(np.diff(bands["start_age"]), 0)
    years = survivors * ((1 - q) * width + q * lived)
    expectancy = np.cumsum(years[::-1])[::-1] / survivors
    with np.errstate(divide="ignore", invalid="ignore"):
        variance_q = np.where(deaths > 0, q**2 * (1 - q) / deaths, 0)
    later = np.append(expectancy[1:], 0)
    variance = survivors**2 * (width - lived + later) ** 2 * variance_q
    variance[-1] = survivors[-1] ** 2 / (deaths[-1] * rate[-1] ** 2)
    half = z_of(confidence) * np.sqrt(np.cumsum(variance[::-1])[::-1]) / survivors
    return bands[["start_age", "population", "deaths"]].assign(
        rate=rate,
        probability_of_death=q,
        survivors=survivors,
        person_years=years,
        life_expectancy=expectancy,
        lower=expectancy - half,
        upper=expectancy + half,
    )
