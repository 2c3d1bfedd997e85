"""Who uses care where: by deprivation and by practice. Pure functions of the tables of `observed`.

What stands before the star are tables, what stands after it says which figure is meant. Standardised ratios are
people observed over those expected if the whole area's rates by age band and sex held.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calibration.validation.observed import BAND_YEARS, MOST_DEPRIVED_IS
from outcomes.practices.measures_of_variation import folds_of
from pathways.quantity import DAYS_IN_A_YEAR

CHANCE_DRAWS = 400
"""Draws from which the fold that chance alone gives is worked out."""
CHANCE_SEED = 20


def _bands_of(people: pd.DataFrame, residents: pd.DataFrame) -> pd.Series:
    oldest = residents["age_low"].max()
    return np.minimum(people["age"] // BAND_YEARS * BAND_YEARS, oldest)


def standardised(counted: pd.DataFrame, residents: pd.DataFrame, by: str) -> pd.DataFrame:
    """Observed people, and those expected from the area's rates by age band and sex, for each value of `by`.

    `counted` has one row per person counted: age, sex and the column `by`.

    >>> counted = pd.DataFrame({"age": [30, 30, 30], "sex": "male", "practice": ["A", "A", "B"]})
    >>> residents = pd.DataFrame({"practice": ["A", "B"], "sex": "male", "age_low": 30, "people": [100.0, 200.0]})
    >>> standardised(counted, residents, "practice").to_dict("list")
    {'observed': [2.0, 1.0], 'expected': [1.0, 2.0]}
    """
    groups, sexes, ages = (pd.Index(residents[name].unique()).sort_values() for name in (by, "sex", "age_low"))
    shape = (len(groups), len(sexes), len(ages))

    def total(table: pd.DataFrame, age_low: pd.Series, amounts: np.ndarray | None) -> np.ndarray:
        places = (groups.get_indexer(table[by]), sexes.get_indexer(table["sex"]), ages.get_indexer(age_low))
        flat = np.ravel_multi_index(places, shape)
        return np.bincount(flat, weights=amounts, minlength=int(np.prod(shape))).reshape(shape).astype(float)

    at_risk = total(residents, residents["age_low"], residents["people"].to_numpy())
    events = total(counted, _bands_of(counted, residents), None)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.nan_to_num(events.sum(axis=0) / at_risk.sum(axis=0), posinf=0.0)
    expected = (at_risk * rates).sum(axis=(1, 2))
    return pd.DataFrame({"observed": events.sum(axis=(1, 2)), "expected": expected}, index=groups)


def ratio_of_deciles(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    *,
    services: Sequence[str],
    deciles: Sequence[int],
    others: Sequence[int],
) -> float:
    """The standardised ratio of visits from the other deciles over that from the first named.

    >>> contacts = pd.DataFrame({"patient": [0, 0, 1], "service": "mri"})
    >>> people = pd.DataFrame({"age": [30, 30], "sex": "male", "decile": [1, 10]})
    >>> residents = pd.DataFrame({"decile": [1, 10], "sex": "male", "age_low": 30, "people": 100.0})
    >>> ratio_of_deciles(contacts, people, residents, services=["mri"], deciles=[1], others=[10])
    0.5
    """
    counted = people.loc[contacts.loc[contacts["service"].isin(services), "patient"]]
    table = standardised(counted, residents, "decile")
    one, other = (
        table.loc[table.index.isin(chosen)].sum().pipe(lambda sums: sums["observed"] / sums["expected"])
        for chosen in (deciles, others)
    )
    return float(other / one) if one > 0 else float("nan")


# practices


def fold(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    years: int,
    at_least: int,
) -> list[float]:
    """The highest over the lowest standardised ratio of practices with at least so many users, by period of `years`.

    People count once in each period. NaN where fewer than two practices have that many.

    >>> contacts = pd.DataFrame({"patient": [0, 1, 2], "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": 30, "sex": "male", "practice": ["A", "A", "B"]})
    >>> residents = pd.DataFrame({"practice": ["A", "B"], "sex": "male", "age_low": 30, "people": 100.0})
    >>> fold(contacts, people, residents, 365, services=["mri"], years=1, at_least=1)
    [2.0]
    """
    folds = []
    for table in _by_practice(contacts, people, residents, days=days, services=services, years=years):
        table = table[table["observed"] >= at_least]
        ratios = table["observed"] / table["expected"]
        folds.append(float(ratios.max() / ratios.min()) if len(ratios) > 1 else float("nan"))
    return folds


def fold_by_chance(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    years: int,
    at_least: int,
) -> list[float]:
    """The fold to expect if practices differed by chance alone: Poisson counts around each one's expected number.

    The mean over many draws, by period; practices are left out by the same rule.

    >>> contacts = pd.DataFrame({"patient": range(200), "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": 30, "sex": "male", "practice": 100 * ["A", "B"]})
    >>> residents = pd.DataFrame({"practice": ["A", "B"], "sex": "male", "age_low": 30, "people": 1000.0})
    >>> round(fold_by_chance(contacts, people, residents, 365, services=["mri"], years=1, at_least=1)[0], 1)
    1.1
    """
    return [
        chance_fold(table["expected"].to_numpy(), at_least=at_least)
        for table in _by_practice(contacts, people, residents, days=days, services=services, years=years)
    ]


def chance_fold(expected: np.ndarray, *, at_least: int) -> float:
    """The mean fold of Poisson counts around these expected numbers; NaN where fewer than two reach `at_least`.

    >>> bool(chance_fold(np.full(40, 20.0), at_least=1) > chance_fold(np.full(40, 60.0), at_least=1) > 1)
    True
    """
    drawn = np.random.default_rng(CHANCE_SEED).poisson(expected, (CHANCE_DRAWS, len(expected)))
    folds = folds_of(drawn, expected, fewest_events=at_least)
    return float(folds.mean()) if len(folds) else float("nan")


def _by_practice(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    *,
    days: float,
    services: Sequence[str],
    years: int,
) -> list[pd.DataFrame]:
    """Observed and expected users of each practice in each whole period of so many years."""
    chosen = contacts[contacts["service"].isin(services)]
    tables = []
    for period in range(int(days // (DAYS_IN_A_YEAR * years))):
        start = period * DAYS_IN_A_YEAR * years
        within = chosen[(chosen["day"] >= start) & (chosen["day"] < start + DAYS_IN_A_YEAR * years)]
        counted = people.loc[within.drop_duplicates("patient")["patient"]]
        tables.append(standardised(counted, residents, "practice"))
    return tables


def deprivation_of_practices(residents: pd.DataFrame) -> pd.Series:
    """Each practice's mean deprivation: 10 where everyone lives in decile 1, 1 where everyone lives in decile 10.

    >>> residents = pd.DataFrame({"practice": ["A", "A"], "decile": [1, 2], "people": [10.0, 10.0]})
    >>> deprivation_of_practices(residents).to_dict()
    {'A': 9.5}
    """
    weighted = (residents["people"] * (MOST_DEPRIVED_IS - residents["decile"])).groupby(
        residents["practice"], observed=True
    )
    return (weighted.sum() / residents.groupby("practice", observed=True)["people"].sum()).rename("deprivation")


def _correlation(counted: pd.DataFrame, residents: pd.DataFrame) -> float:
    """Over practices: mean deprivation with the standardised ratio of the people counted."""
    table = standardised(counted, residents, "practice")
    ratios = (table["observed"] / table["expected"]).dropna()
    if len(ratios) < 3 or ratios.nunique() < 2:
        return float("nan")
    return float(np.corrcoef(deprivation_of_practices(residents).reindex(ratios.index), ratios)[0, 1])


def correlation_with_deprivation(
    contacts: pd.DataFrame, people: pd.DataFrame, residents: pd.DataFrame, *, services: Sequence[str]
) -> float:
    """The correlation over practices of deprivation with the standardised ratio of people seen at the services.

    >>> contacts = pd.DataFrame({"patient": [0, 1, 2, 3, 4, 5], "service": "mri"})
    >>> people = pd.DataFrame({"age": 30, "sex": "male", "practice": ["A", "A", "A", "B", "B", "C"]})
    >>> residents = pd.DataFrame({"practice": list("ABC"), "sex": "male", "age_low": 30, "decile": [1, 2, 3], "people": 10.0})
    >>> round(correlation_with_deprivation(contacts, people, residents, services=["mri"]), 6)
    1.0
    """
    seen = contacts[contacts["service"].isin(services)].drop_duplicates("patient")
    return _correlation(people.loc[seen["patient"]], residents)


def prescribing_and_deprivation(
    settings: pd.DataFrame, people: pd.DataFrame, residents: pd.DataFrame, *, settings_named: Sequence[str]
) -> float:
    """The correlation over practices of deprivation with the standardised ratio of people who had one of the settings.

    >>> settings = pd.DataFrame({"patient": [0, 1, 2, 3, 4, 5], "setting": "opioid = weak"})
    >>> people = pd.DataFrame({"age": 30, "sex": "male", "practice": ["A", "B", "B", "C", "C", "C"]})
    >>> residents = pd.DataFrame({"practice": list("ABC"), "sex": "male", "age_low": 30, "decile": [1, 2, 3], "people": 10.0})
    >>> round(prescribing_and_deprivation(settings, people, residents, settings_named=["opioid = weak"]), 6)
    -1.0
    """
    had = settings[settings["setting"].isin(settings_named)].drop_duplicates("patient")
    return _correlation(people.loc[had["patient"]], residents)
