"""Life expectancy from an abridged life table, and the quality-adjusted one by group of deprivation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.aligned import Row, aligned
from outcomes.economics.qalys import HIGHEST, LOWEST
from outcomes.equity.age_bands import first_ages
from outcomes.limits import CONFIDENCE, z_of
from outcomes.policy_values import policy_value
from outcomes.table_rules import BadTable, Rules, as_numbers, filled

LIVED_BY_INFANTS_WHO_DIE = 0.1
"""The share of the first year that those who die in it live, as national life tables have it."""
LIVED_BY_OTHERS_WHO_DIE = 0.5
"""The share of any other band that those who die in it live: half."""

ROUNDING = 1e-12
"""How far a probability may lie above 1 by the rounding of numbers alone."""


@dataclass(frozen=True)
class LifeExpectancy:
    """Years that people of an age can expect to live at today's rates of death, with limits at `confidence`.

    NaN, and `note` says why, where there are too few `person_years` to publish one.
    """

    value: float
    lower: float
    upper: float
    age: float
    confidence: float
    person_years: float = float("nan")
    note: str = ""


def life_table(
    start_age: Row,
    population: Row,
    deaths: Row,
    *,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    """The abridged life table: one row per age band.

    `start_age` is the first age of each band, rising from 0, or the band itself ("0", "1-4", "90+", "90 and over"); the
    last band has no end. `population` is person-years (mid-year
    people times years), `deaths` in the same years. Columns beside these: `rate` of death, `probability_of_death` in
    the band, `survivors` of one newborn, `person_years` lived in the band per newborn, `life_expectancy` with `lower`
    and `upper`. Raises `BadTable` for bands out of order, people at or below 0, missing deaths (unless `fill_missing=0`), no
    deaths in the last band, and more deaths than a band can hold. Where all die in a band before the last, nobody lives in
    those after it; what whoever reached them could expect is told all the same. This is the arithmetic, for however few
    people: what may be published of it is `life_expectancy`.
    Method: Chiang 1968; infants who die live a tenth of the first year, others half of their band; limits from the
    binomial variance of each band, in the last that of its rate.

    >>> life_table([0, 1, 90], [1000, 80_000, 1000], [5, 400, 200])["life_expectancy"].round(2).tolist()
    [76.6, 75.98, 5.0]
    """
    table = filled(aligned("bands", start_age=start_age, population=population, deaths=deaths), "deaths", fill_missing)
    return _life_table(_checked("bands", table), confidence)


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

    With fewer person-years in all than the policy value `fewest_person_years` (5,000) it is not shown: NaN, with a note.

    >>> life_expectancy(["0", "1-89", "90+"], [1000, 80_000, 1000], [5, 400, 200], at_age=90).value
    5.0
    """
    table = life_table(start_age, population, deaths, confidence=confidence, fill_missing=fill_missing)
    found = table[table["start_age"] == at_age]
    if found.empty:
        ages = ", ".join(f"{age:g}" for age in table["start_age"])
        raise BadTable([f"at_age: {at_age:g}; no band starts at it. Bands start at {ages}"])
    row, people = found.iloc[0], float(table["population"].sum())
    note = _too_few(people)
    value, lower, upper = (float("nan") if note else float(row[name]) for name in ("life_expectancy", "lower", "upper"))
    return LifeExpectancy(value, lower, upper, float(at_age), confidence, people, note)


def quality_adjusted_life_expectancy(
    table: pd.DataFrame, *, group: str = "group", fill_missing: float | None = None
) -> pd.DataFrame:
    """Life expectancy and quality-adjusted life expectancy at birth by group, in order of appearance.

    `table`: one row per group and age band, with the column named by `group`, `start_age`, `population`, `deaths` and `utility`,
    the mean utility of people in that band. Columns of the result: the group, `life_expectancy`, `qale`, and `note`, which
    says why they are NaN where a group has too few person-years (`fewest_person_years`); otherwise blank. Raises
    `BadTable` as `life_table` does, for all groups at once, for groups without a name and for utilities outside -0.594 to 1.
    Method: Sullivan 1971, years lived in each band times their utility.

    >>> bands = pd.DataFrame({"group": ["1"] * 3, "start_age": [0, 1, 90], "population": [1000, 80_000, 1000],
    ...                       "deaths": [5, 400, 200], "utility": [0.5] * 3})
    >>> quality_adjusted_life_expectancy(bands).round(2).to_dict("records")
    [{'group': '1', 'life_expectancy': 76.6, 'qale': 38.3, 'note': ''}]
    """
    rules = Rules("table", table)
    if rules.has(group, "start_age", "population", "deaths", "utility"):
        rules.numbers("utility", low=LOWEST, high=HIGHEST)
        rules.rows(table[group].isna(), group, "say which group it is")
        if table.empty:
            rules.problems.append("table: there are no rows; give one for each group and age band")
    rules.hold()
    complete = filled(table, "deaths", fill_missing)
    problems: list[str] = []
    rows = []
    for name, bands in complete.groupby(group, sort=False):
        numbers = bands[["start_age", "population", "deaths"]]
        try:
            lived = _life_table(_checked(f"{group} {name}", numbers), CONFIDENCE)
        except BadTable as bad:
            problems += bad.problems
            continue
        qale = float(lived["person_years"] @ as_numbers(bands["utility"]))
        note = _too_few(float(lived["population"].sum()))
        found = {"life_expectancy": float(lived["life_expectancy"].iloc[0]), "qale": qale}
        rows.append({group: name, **({column: float("nan") for column in found} if note else found), "note": note})
    if problems:
        raise BadTable(problems)
    return pd.DataFrame(rows, columns=[group, "life_expectancy", "qale", "note"])


def _too_few(person_years: float) -> str:
    """Why no life expectancy is shown of so few; blank where it is."""
    fewest = policy_value("fewest_person_years")
    if person_years >= fewest:
        return ""
    return f"not shown: {person_years:,.0f} person-years, fewer than {fewest:,.0f}; join areas or years"


def _checked(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The bands as numbers; raises `BadTable` where they cannot make a life table."""
    rules = Rules(name, table)
    starts = first_ages(rules, "start_age")
    rules.numbers("deaths", low=0)
    rules.numbers("population", above=0)
    if len(table) < 2:
        rules.problems.append(f"{name}: a life table needs two age bands at least")
    numbers = table.assign(start_age=starts).apply(as_numbers)
    if not rules.problems:
        last = np.arange(len(table)) == len(table) - 1
        ages = numbers["start_age"].to_numpy()
        rules.rows((ages != 0) & (np.arange(len(ages)) == 0), "start_age", "the first band must start at 0")
        rules.rows(np.diff(ages, prepend=-1) <= 0, "start_age", "ages must rise from band to band")
        rules.rows(last & (numbers["deaths"] == 0), "deaths", "the last band needs deaths: join it to the one before")
        if not rules.problems:
            too_many = _probability(numbers)[0] > 1 + ROUNDING
            rules.rows(
                too_many, "deaths", "so many cannot die in the band: join it to the one beside it, or correct it"
            )
    rules.hold()
    return numbers.set_axis(table.index)


def _probability(bands: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The probability of death in each band (1 in the last), and how long those live in it who die in it."""
    ages, rate = bands["start_age"].to_numpy(), (bands["deaths"] / bands["population"]).to_numpy()
    width = np.diff(ages)
    lived = width * np.where(ages[:-1] == 0, LIVED_BY_INFANTS_WHO_DIE, LIVED_BY_OTHERS_WHO_DIE)
    probability = width * rate[:-1] / (1 + (width - lived) * rate[:-1])
    return np.append(probability, 1), np.append(lived, 1 / rate[-1])


def _life_table(bands: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The life table of checked bands, all numbers.

    Years to come are worked out from the last band back: whoever reaches an age can expect them, even if nobody does.
    """
    deaths, rate = bands["deaths"].to_numpy(), (bands["deaths"] / bands["population"]).to_numpy()
    q, lived = _probability(bands)
    q = np.minimum(q, 1)
    survivors = np.append(1, np.cumprod(1 - q[:-1]))
    width = np.append(np.diff(bands["start_age"]), 0)
    each = (1 - q) * width + q * lived
    variance_q = np.divide(q**2 * (1 - q), deaths, out=np.zeros(len(q)), where=deaths > 0)
    expectancy, variance = each.copy(), np.append(np.zeros(len(q) - 1), 1 / (deaths[-1] * rate[-1] ** 2))
    for band in range(len(q) - 2, -1, -1):
        later = expectancy[band + 1]
        expectancy[band] += (1 - q[band]) * later
        variance[band] = (1 - q[band]) ** 2 * variance[band + 1]
        variance[band] += (width[band] - lived[band] + later) ** 2 * variance_q[band]
    half = z_of(confidence) * np.sqrt(variance)
    return bands[["start_age", "population", "deaths"]].assign(
        rate=rate,
        probability_of_death=q,
        survivors=survivors,
        person_years=survivors * each,
        life_expectancy=expectancy,
        lower=np.maximum(expectancy - half, 0),
        upper=expectancy + half,
    )
