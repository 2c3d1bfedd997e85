"""How old people are who use care, by deprivation decile. Pure functions of the tables of `observed`.

What stands before the star are tables, what stands after it says which figure is meant. Decile 1 is the most deprived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from calibration.validation.activity import residents_aged
from calibration.validation.observed import BAND_YEARS, MOST_DEPRIVED_IS


def users(contacts: pd.DataFrame, people: pd.DataFrame, services: Sequence[str]) -> pd.DataFrame:
    """People seen at the services, each once, at their first visit: their rows of `people`, with the day.

    >>> contacts = pd.DataFrame({"patient": [1, 1], "day": [4.0, 9.0], "service": "mri"})
    >>> users(contacts, pd.DataFrame({"age": [30, 40]}), ["mri"]).to_dict("records")
    [{'age': 40, 'day': 4.0}]
    """
    first = contacts[contacts["service"].isin(services)].drop_duplicates("patient")
    return people.loc[first["patient"]].assign(day=first["day"].to_numpy())


def _of_deciles(table: pd.DataFrame, deciles: Sequence[int], age_from: int, age_to: int) -> pd.Series:
    return table.loc[table["decile"].isin(deciles) & table["age"].between(age_from, age_to), "age"]


def mean_age_of_users(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    *,
    services: Sequence[str],
    deciles: Sequence[int],
    age_from: int,
    age_to: int,
) -> float:
    """Mean age (half a year added to whole years) of those seen at the services, from some deciles.

    >>> contacts = pd.DataFrame({"patient": [0, 1], "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": [40, 60], "decile": [1, 10]})
    >>> mean_age_of_users(contacts, people, services=["mri"], deciles=[1], age_from=18, age_to=97)
    40.5
    """
    return float(_of_deciles(users(contacts, people, services), deciles, age_from, age_to).mean()) + 1 / 2


def age_difference(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    *,
    services: Sequence[str],
    deciles: Sequence[int],
    others: Sequence[int],
    age_from: int,
    age_to: int,
) -> float:
    """Mean age of the users from the other deciles, minus that of those from the first named.

    >>> contacts = pd.DataFrame({"patient": [0, 1], "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": [40, 60], "decile": [1, 10]})
    >>> age_difference(contacts, people, services=["mri"], deciles=[1], others=[10], age_from=18, age_to=97)
    20.0
    """
    table = users(contacts, people, services)
    one, other = (_of_deciles(table, chosen, age_from, age_to).mean() for chosen in (deciles, others))
    return float(other - one)


def age_difference_of_residents(
    residents: pd.DataFrame, *, deciles: Sequence[int], others: Sequence[int], age_from: int, age_to: int
) -> float:
    """The same difference between all who live there, from the middles of the age bands.

    >>> residents = pd.DataFrame({"age_low": [40, 60], "decile": [1, 10], "people": 100.0})
    >>> age_difference_of_residents(residents, deciles=[1], others=[10], age_from=18, age_to=97)
    20.0
    """
    people = residents_aged(residents, age_from=age_from, age_to=age_to)
    middle = residents["age_low"] + BAND_YEARS / 2
    one, other = (
        float(
            (people * middle)[residents["decile"].isin(chosen)].sum() / people[residents["decile"].isin(chosen)].sum()
        )
        for chosen in (deciles, others)
    )
    return other - one


def percent_by_age_band(
    contacts: pd.DataFrame, people: pd.DataFrame, *, services: Sequence[str], bands: Sequence[str]
) -> pd.DataFrame:
    """The percentage of each decile's users in each age band ("18-27"); rows are bands, columns the deciles 1 to 10.

    >>> contacts = pd.DataFrame({"patient": [0, 1], "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": [40, 60], "decile": [1, 1]})
    >>> percent_by_age_band(contacts, people, services=["mri"], bands=["38-47", "58-67"])[1].tolist()
    [50.0, 50.0]
    """
    table = users(contacts, people, services)
    limits = [tuple(int(age) for age in band.split("-")) for band in bands]
    counts = pd.DataFrame(
        [
            np.bincount(table.loc[table["age"].between(low, high), "decile"], minlength=MOST_DEPRIVED_IS)[1:]
            for low, high in limits
        ],
        index=list(bands),
        columns=range(1, MOST_DEPRIVED_IS),
    )
    return 100.0 * counts / counts.sum()


def modal_bands_that_agree(
    contacts: pd.DataFrame, people: pd.DataFrame, *, services: Sequence[str], published: Mapping[str, Sequence[float]]
) -> float:
    """How many deciles have their commonest age band where the published table has it.

    >>> contacts = pd.DataFrame({"patient": [0], "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": [40], "decile": [1]})
    >>> published = {"38-47": [60.0] + 9 * [10.0], "58-67": [40.0] + 9 * [90.0]}
    >>> modal_bands_that_agree(contacts, people, services=["mri"], published=published)
    1.0
    """
    found = percent_by_age_band(contacts, people, services=services, bands=list(published))
    expected = pd.DataFrame(published, index=found.columns).T.idxmax()
    known = found.columns[found.notna().all()]
    return float((found[known].idxmax() == expected[known]).sum())


def mean_gap_to_table(
    contacts: pd.DataFrame, people: pd.DataFrame, *, services: Sequence[str], published: Mapping[str, Sequence[float]]
) -> float:
    """Mean absolute gap to the published percentages, in percentage points.

    >>> contacts = pd.DataFrame({"patient": range(10), "day": 1.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": 40, "decile": range(1, 11)})
    >>> published = {"38-47": 10 * [60.0], "58-67": 10 * [40.0]}
    >>> mean_gap_to_table(contacts, people, services=["mri"], published=published)
    40.0
    """
    found = percent_by_age_band(contacts, people, services=services, bands=list(published))
    return float((found - pd.DataFrame(published, index=found.columns).T).abs().to_numpy().mean())
