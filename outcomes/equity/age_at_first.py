"""Age at first treatment by deprivation: crude ages, rates that take account of how old people are, and ages by which.

The ages of those treated alone mislead: deprived areas are younger, so their patients are younger even where nobody is
treated sooner. Rates by age, and standardised ones, stand beside them. What a published table of percentages by age
band says is read in `outcomes.equity.grouped_ages`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.arrays import checked
from outcomes.equity.age_bands import band_edges
from outcomes.lengths_of_time import DAYS_IN_A_YEAR
from outcomes.practices.rates import directly_standardised_rate
from outcomes.table_rules import Rules, hold

LOOKBACK_YEARS = 2
"""So long a person must have been seen without an event before one counts as the first, unless told."""
AGE_BANDS = (0, 18, 28, 38, 48, 58, 68, 78, 88)
"""Where bands of age begin, as in the published tables of ages by deprivation; the last has no end."""
QUANTILES = (0.25, 0.5, 0.75)
"""The shares for which ages are given."""
PER = 1000
"""Rates are per so many person-years."""


@dataclass(frozen=True)
class AgeAtFirst:
    """First treatment by deprivation; every table has the column that was named `by`, in rising order.

    - `first_events`: one row per person with an event: `patient`, the group, `day`, `age` in years, and `left_truncated`:
      there was too little time before it to know that it is the first, so it counts in no other table.
    - `ages`: by group `people` (who live there), `first_events`, `left_truncated`, `mean_age`, `lower_quartile`,
      `median_age`, `upper_quartile`, `modal_band`. Crude: read them beside the rates.
    - `rates`: by group and `age_band`: `first_events`, `person_years` at risk, `rate` per 1,000 person-years (NaN
      without any).
    - `standardised`: by group `crude_rate` and `standardised_rate` per 1,000 person-years with `lower` and `upper`. The
      standardised ones are NaN on fewer than 10 events, and where nobody of some age is at risk.
    - `age_by_which`: by group and `share`, the `age` by which that share would have had the first treatment if nobody
      died or left (Kaplan-Meier over age, people entering at the age at which they begin to be at risk); NaN where it
      is not reached.
    """

    first_events: pd.DataFrame
    ages: pd.DataFrame
    rates: pd.DataFrame
    standardised: pd.DataFrame
    age_by_which: pd.DataFrame


def age_at_first_treatment(
    events: pd.DataFrame,
    people: pd.DataFrame,
    *,
    end_day: float | None = None,
    by: str = "decile",
    lookback_years: float = LOOKBACK_YEARS,
    age_bands: Sequence[float] | Sequence[str] = AGE_BANDS,
    standard_population: Sequence[float] | None = None,
) -> AgeAtFirst:
    """First treatment after a clean look-back, by deprivation.

    `events`: one row per treatment, `patient` and `day`. `people`: one row per person who could have one, treated or not:
    `patient`, `age` in years on day 0, the column named by `by`, and where they differ `from_day` (0 unless given) and
    `to_day` (`end_day` unless given), between which treatments of theirs would be seen. `end_day` is the last day of the
    data, that of the last event unless given. `age_bands` are the ages at which bands begin, or bands as they are written
    ("0-17", "18-64", "65+"). `standard_population` is by age band, or else the person-years of all groups together.

    A person's first event counts where they were seen for `lookback_years` before it; a person is at risk from then until
    it, or until `to_day`. Raises `BadTable` with everything that is wrong: people twice, events of unknown people or
    outside the days, numbers missing.

    >>> people = pd.DataFrame({"patient": [1, 2, 3, 4], "age": [40.0, 50, 60, 20], "decile": [1, 1, 10, 10]})
    >>> events = pd.DataFrame({"patient": [1, 1, 2, 3], "day": [1095, 1200, 100, 1460]})
    >>> first = age_at_first_treatment(events, people, end_day=1825)
    >>> first.ages[["decile", "first_events", "left_truncated", "median_age", "modal_band"]]
       decile  first_events  left_truncated  median_age modal_band
    0       1             1               1        43.0      38-47
    1      10             1               0        64.0      58-67
    """
    persons, begins = _checked(events, people, end_day, by), _begins(age_bands, standard_population)
    lookback = lookback_years * DAYS_IN_A_YEAR
    first = events.groupby("patient", sort=False)["day"].min()
    persons["day"] = persons["patient"].map(first).astype(float)
    persons["left_truncated"] = persons["day"] < persons["from_day"] + lookback
    persons["counts"] = persons["day"].notna() & ~persons["left_truncated"]
    persons["age_at_event"] = persons["age"] + persons["day"] / DAYS_IN_A_YEAR
    persons["enters"] = persons["age"] + (persons["from_day"] + lookback) / DAYS_IN_A_YEAR
    persons["leaves"] = persons["age"] + persons["day"].fillna(persons["to_day"]) / DAYS_IN_A_YEAR
    rates = _rates(persons, by, begins)
    had = persons[persons["day"].notna()]
    return AgeAtFirst(
        first_events=had[["patient", by, "day", "age_at_event", "left_truncated"]]
        .rename(columns={"age_at_event": "age"})
        .reset_index(drop=True),
        ages=_ages(persons, by, begins),
        rates=rates,
        standardised=_standardised(rates, by, standard_population),
        age_by_which=_age_by_which(persons, by),
    )


def _checked(events: pd.DataFrame, people: pd.DataFrame, end_day: float | None, by: str) -> pd.DataFrame:
    """The people with their days of observation; raises `BadTable`."""
    if end_day is None:
        end_day = float(pd.to_numeric(events["day"], errors="coerce").max()) if "day" in events else float("nan")
    persons = people.assign(
        from_day=people.get("from_day", 0),
        to_day=people.get("to_day", end_day),
    ).reset_index(drop=True)
    of_people, of_events = Rules("people", persons), Rules("events", events)
    if of_people.has("patient", "age", by):
        of_people.numbers("age", "from_day", "to_day")
        of_people.unique("patient")
        of_people.rows(
            persons["to_day"] < persons["from_day"],
            ["from_day", "to_day"],
            "nobody is seen until before they are first seen",
        )
        of_people.rows(persons[by].isna(), by, f"each person needs a {by}")
    if of_events.has("patient", "day") and not of_people.problems:
        of_events.numbers("day")
        known = persons.set_index("patient")
        of_events.rows(~events["patient"].isin(known.index), "patient", "there is no such patient among the people")
        if not of_events.problems:
            outside = (events["day"] < events["patient"].map(known["from_day"])) | (
                events["day"] > events["patient"].map(known["to_day"])
            )
            of_events.rows(outside, ["patient", "day"], "the day lies outside those in which the patient is seen")
    hold(of_people, of_events)
    return persons


def _begins(bands: Sequence[float] | Sequence[str], standard: Sequence[float] | None) -> np.ndarray:
    """The ages at which bands begin, in rising order; raises `BadTable`, also for a standard population of other bands."""
    if any(isinstance(each, str) for each in bands):
        begins = band_edges(bands)[0]
    else:
        begins = np.atleast_1d(checked("age_bands", np.asarray(bands), low=0))
    rules = Rules("age_bands", pd.DataFrame({"age_band": list(bands)}))
    rules.rows(np.diff(begins, prepend=-1) <= 0, "age_band", "ages must rise from band to band")
    if not len(begins):
        rules.problems.append("age_bands: there are none; one at least is needed")
    if standard is not None and len(checked("standard_population", np.asarray(standard), low=0)) != len(begins):
        rules.problems.append(
            f"standard_population: there are {len(standard)} for {len(begins)} age bands; each band needs one"
        )
    rules.hold()
    return begins


def _bands(age: pd.Series, begins: np.ndarray) -> np.ndarray:
    return np.searchsorted(begins, age.to_numpy(dtype=float), side="right") - 1


def _labels(begins: np.ndarray) -> list[str]:
    return [*(f"{low:g}-{high - 1:g}" for low, high in itertools.pairwise(begins)), f"{begins[-1]:g}+"]


def _ages(persons: pd.DataFrame, by: str, begins: np.ndarray) -> pd.DataFrame:
    """Crude ages of those first treated."""
    grouped = persons.groupby(by)
    counted = persons[persons["counts"]]
    ages = counted.groupby(by)["age_at_event"]
    table = grouped.agg(
        people=("patient", "size"), first_events=("counts", "sum"), left_truncated=("left_truncated", "sum")
    )
    table["mean_age"] = ages.mean()
    for name, share in zip(("lower_quartile", "median_age", "upper_quartile"), QUANTILES, strict=True):
        table[name] = ages.quantile(share)
    counts = pd.crosstab(counted[by], _bands(counted["age_at_event"], begins)).reindex(
        columns=range(len(begins)), fill_value=0
    )
    labels = np.array(_labels(begins), dtype=object)
    table["modal_band"] = pd.Series(labels[counts.to_numpy().argmax(axis=1)], index=counts.index, dtype=object)
    return table.reset_index()


def _rates(persons: pd.DataFrame, by: str, begins: np.ndarray) -> pd.DataFrame:
    """First events and person-years at risk by group and age band."""
    counted = persons[persons["counts"]]
    band = pd.Series(_bands(counted["age_at_event"], begins), index=counted.index)
    tables = []
    for position, (low, high) in enumerate(zip(begins, np.append(begins[1:], np.inf), strict=True)):
        years = (persons["leaves"].clip(upper=high) - persons["enters"].clip(lower=low)).clip(lower=0)
        table = years.groupby(persons[by]).sum().rename("person_years").to_frame()
        found = counted.loc[band == position, by].value_counts()
        table["first_events"] = found.reindex(table.index, fill_value=0).astype(int)
        tables.append(table.reset_index().assign(age_band=_labels(begins)[position]))
    rates = pd.concat(tables).sort_values(by, kind="stable").reset_index(drop=True)
    rates["rate"] = PER * rates["first_events"] / rates["person_years"].where(rates["person_years"] > 0)
    return rates[[by, "age_band", "first_events", "person_years", "rate"]]


def _standardised(rates: pd.DataFrame, by: str, standard: Sequence[float] | None) -> pd.DataFrame:
    """Crude and standardised rates by group, over the bands in which anybody at all is at risk."""
    bands = rates.groupby("age_band", sort=False)["person_years"].sum()
    weights = bands if standard is None else pd.Series(list(standard), index=bands.index, dtype=float)
    rows = []
    for group, table in rates.groupby(by):
        weighed = table.set_index("age_band").loc[weights.index[weights > 0]]
        row = {
            by: group,
            "crude_rate": float("nan"),
            "standardised_rate": float("nan"),
            "lower": float("nan"),
            "upper": float("nan"),
        }
        if table["person_years"].sum() > 0:
            row["crude_rate"] = PER * table["first_events"].sum() / table["person_years"].sum()
        if len(weighed) and (weighed["person_years"] > 0).all():
            rate = directly_standardised_rate(
                weighed["first_events"], weighed["person_years"], weights[weighed.index], multiplier=PER
            )
            row |= {"standardised_rate": rate.value, "lower": rate.lower, "upper": rate.upper}
        rows.append(row)
    return pd.DataFrame(rows)


def _age_by_which(persons: pd.DataFrame, by: str) -> pd.DataFrame:
    """Kaplan-Meier over age with late entry, by group."""
    at_risk = persons[persons["leaves"] > persons["enters"]]
    rows = []
    for group in sorted(persons[by].unique()):
        table = at_risk[at_risk[by] == group]
        ages, events = np.unique(table.loc[table["counts"], "leaves"].to_numpy(), return_counts=True)
        enters, leaves = np.sort(table["enters"].to_numpy()), np.sort(table["leaves"].to_numpy())
        there = np.searchsorted(enters, ages, side="left") - np.searchsorted(leaves, ages, side="left")
        reached = 1 - np.cumprod(1 - events / there)
        for share in QUANTILES:
            found = np.flatnonzero(reached >= share)
            rows.append({by: group, "share": share, "age": float(ages[found[0]]) if len(found) else float("nan")})
    return pd.DataFrame(rows)
