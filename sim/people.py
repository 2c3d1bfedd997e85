"""Registered people: how many episodes of whom begin when, and who is ill at the start.

Everyone is asked once a year and once at the start, by draws keyed by practice, sex, age band and person. Who is on a
waiting list is another matter: see `sim.listed`. Patients are made of all of them in `sim.cohort`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special

from pathways import Pathway, Region
from pathways.checks import age_band
from pathways.health import Onset, Prevalent
from pathways.quantity import DAYS_IN_A_YEAR
from pathways.region import AGE_BANDS, DECILES, SEXES
from sim.arrays.jit import loop
from sim.arrays.keyed_draws import GOLDEN, bits, label, mix, share
from sim.arrays.quantiles import address, duration_table, ticks
from sim.builder import Builder
from sim.plan import Plan

IS_ILL = label("cohort: ill at the start")
FALLS_ILL = label("cohort: falls ill")
DAY = label("cohort: day of the year")
TIME = label("cohort: time of the day")
DECILE_OF = label("cohort: decile")
AGE_OF = label("cohort: age within band")
PATIENT_OF = label("cohort: patient")
SINCE = label("cohort: ill since")
YEARS_BEFORE = 1000
"""Added to the year's number, so that visits of a draw are never negative."""
YEARS_APART = 10_000
"""Added to it for each further onset in the year, so that it is drawn anew when that one comes."""
SHARE_DIGITS = 12
"""Shares are rounded, so that every machine has the same threshold."""
SMALLEST_SHARE = 10.0**-SHARE_DIGITS

PERSON = np.dtype(
    [
        ("key", "u8"),
        ("onset", "i4"),
        ("joiner", "i4"),  # after whom someone on a waiting list takes, among the joiners; -1 for everyone else
        ("asked", "i4"),  # of people on a waiting list at the start
        ("site", "i2"),  # theirs; -1 for everyone else
        ("practice", "i2"),
        ("sex", "u1"),
        ("age", "u1"),
        ("decile", "u1"),
    ],
    align=True,
)


class Residents(NamedTuple):
    """Who is registered, as compiled code asks them."""

    keys: Any
    """Of the draws of each practice, shape (practices,)."""
    people: Any
    """Shape (practices, 2 sexes, 20 age bands)."""
    cells: Any
    """Labels of sexes and age bands, shape (2, 20)."""
    deciles: Any
    """Cumulative share of each practice's people by deprivation decile, shape (practices, 10)."""


class Risks(NamedTuple):
    """How likely people are to be ill and to fall ill, and when."""

    onset: Any
    """Of more than k onsets in a year, by sex, age band, decile and k."""
    ill: Any
    """Of being ill at the start, by sex, age band and decile."""
    season: Any
    """Cumulative share of a year's onsets by day, shape (365,)."""
    since: Any
    """The address of the table of how long people have been ill at the start."""


class Span(NamedTuple):
    """The ticks of a run, and the calendar years that hold them."""

    first_year: int
    years: int
    first_tick: int
    last_tick: int
    ticks_per_day: int


def by_person(word: Onset | Prevalent, pathway: Pathway) -> np.ndarray:
    """Onsets a year, or the share who are ill, by sex, age band and decile: shape (2, 20, 10).

    The stated number is that of an average person: the factors of sex and deprivation are centred on one.
    """
    quantities = pathway.quantities

    def ratio(name: str | None) -> float:
        return quantities[name].number() if name else 1.0

    female = ratio(word.female_times) ** 0.5
    deprived = ratio(word.most_deprived_times) ** (0.5 - (np.array(DECILES) - 1) / (len(DECILES) - 1))
    factor = (
        np.array([female, 1 / female])[:, None, None]
        * age_factors(quantities[word.by_age].levels() if word.by_age else {"0+": 1.0})[None, :, None]
        * deprived[None, None, :]
    )
    if isinstance(word, Onset):
        return quantities[word.rate].per_year() * factor
    rounded: np.ndarray = np.round(np.minimum(quantities[word.share].number() * factor, 1.0), SHARE_DIGITS)
    return rounded


def onset_shares(rates: np.ndarray) -> np.ndarray:
    """The probability of more than k onsets in a year at a yearly rate, for k from 0 to where it is nothing.

    The number of onsets is Poisson. Shape: that of the rates, and the values of k.

    >>> onset_shares(np.array([0.02, 1.0])).round(4)[:, :3].tolist()
    [[0.0198, 0.0002, 0.0], [0.6321, 0.2642, 0.0803]]
    """
    most = 1
    while special.gammainc(most + 1, rates.max()) > 0.5 * SMALLEST_SHARE:
        most += 1
    rounded: np.ndarray = np.round(special.gammainc(np.arange(1, most + 1), rates[..., None]), SHARE_DIGITS)
    return rounded


def age_factors(table: dict[str, float]) -> np.ndarray:
    """Factors by the region's age bands from a table by its own bands: the mean over the ages of each band.

    >>> age_factors({"0-17": 0.0, "18+": 1.0})[2:5]
    array([0. , 0.4, 1. ])
    """
    by_age = np.zeros(len(AGE_BANDS) * 5)
    for band, factor in table.items():
        low, high = age_band(band)
        by_age[low : high + 1] = factor
    means: np.ndarray = by_age.reshape(-1, 5).mean(axis=1)
    return means


def _season(pathway: Pathway, region: Region) -> np.ndarray:
    """Cumulative share of a year's onsets by day, from the region's start date; shape (365,)."""
    weights = np.ones(DAYS_IN_A_YEAR)
    if pathway.onset.by_month:
        table = pathway.quantities[pathway.onset.by_month].levels()
        days = np.datetime64(region.about.start) + np.arange(DAYS_IN_A_YEAR)
        months = days.astype("datetime64[M]").astype(int) % 12 + 1
        weights = np.array([table[str(month)] for month in months])
    cumulative: np.ndarray = np.round(np.cumsum(weights) / weights.sum(), 12)
    return cumulative


def draw_people(plan: Plan, practice_keys: np.ndarray) -> np.ndarray:
    """Everyone who is ill at the start or falls ill during the run, a `PERSON` for each episode."""
    pathway, region = plan.pathway, plan.region
    onset = by_person(pathway.onset, pathway)
    ill = by_person(pathway.prevalent, pathway) if pathway.prevalent else np.zeros_like(onset)
    first_year = plan.first_tick // (DAYS_IN_A_YEAR * plan.ticks_per_day)
    years = -(-plan.last_tick // (DAYS_IN_A_YEAR * plan.ticks_per_day)) - first_year
    span = Span(first_year, years, plan.first_tick, plan.last_tick, plan.ticks_per_day)
    expected = float((region.people[:, :, :, None] * region.deciles[:, None, None, :] * (onset * years + ill)).sum())
    room = int(expected + 12 * np.sqrt(expected) + 100)
    people = np.zeros(room, dtype=PERSON)
    cells = np.array([[label(f"{sex} {band}") for band in AGE_BANDS] for sex in SEXES], dtype=np.uint64)
    since = ill_since(plan)
    residents = Residents(practice_keys, region.people, cells, np.cumsum(region.deciles, axis=1))
    risks = Risks(onset_shares(onset), ill, _season(pathway, region), address(since))
    found = _people(residents, risks, span, people)
    if found > room:
        raise RuntimeError("more people fell ill than chance allows: twelve standard deviations above the mean")
    return people[:found]


def ill_since(plan: Plan) -> np.ndarray:
    """The table of how long people have been ill at the start."""
    prevalent = plan.pathway.prevalent
    if prevalent is None:
        return duration_table("fixed", (0.0,), plan.ticks_per_day)
    builder = Builder(plan.pathway, plan.ticks_per_day)
    builder.duration(prevalent.since)
    return builder.duration_rows()[0]


@loop
def _people(residents: Any, risks: Any, span: Any, people: Any) -> Any:
    """Asks every registered person; fills `people` and returns how many were found."""
    found = 0
    onset, ill = risks.onset, risks.ill
    for practice in range(len(residents.keys)):
        deciles = residents.deciles[practice]
        for sex in range(residents.people.shape[1]):
            for band in range(residents.people.shape[2]):
                most = onset[sex, band, :, 0].max()
                most_ill = ill[sex, band].max()
                cell = mix(residents.keys[practice] + residents.cells[sex, band])
                for k in range(residents.people[practice, sex, band]):
                    person = mix(cell + np.uint64(k + 1) * GOLDEN)
                    if most_ill > 0.0:
                        at = share(bits(person, IS_ILL, 0))
                        if at < most_ill:
                            decile = _decile(person, deciles)
                            if at < ill[sex, band, decile]:
                                if found < len(people):
                                    before = max(ticks(risks.since, bits(person, SINCE, 0)), 1)
                                    record = people[found]
                                    record.key = bits(person, PATIENT_OF, 0)
                                    record.onset = span.first_tick - before
                                    _fill(record, person, practice, sex, band, decile)
                                found += 1
                    for year in range(span.first_year, span.first_year + span.years):
                        at = share(bits(person, FALLS_ILL, year + YEARS_BEFORE))
                        if at >= most:
                            continue
                        decile = _decile(person, deciles)
                        for onsets in range(onset.shape[3]):
                            if at >= onset[sex, band, decile, onsets]:
                                break
                            visit = year + YEARS_BEFORE + YEARS_APART * onsets
                            day = np.searchsorted(risks.season, share(bits(person, DAY, visit)), side="right")
                            tick = (DAYS_IN_A_YEAR * year + min(day, DAYS_IN_A_YEAR - 1)) * span.ticks_per_day
                            tick += np.int64(share(bits(person, TIME, visit)) * span.ticks_per_day)
                            if tick < span.first_tick or tick >= span.last_tick:
                                continue
                            if found < len(people):
                                record = people[found]
                                record.key = bits(person, PATIENT_OF, visit)
                                record.onset = tick
                                _fill(record, person, practice, sex, band, decile)
                            found += 1
    return found


@loop
def _decile(person: Any, cumulative: Any) -> Any:
    at = share(bits(person, DECILE_OF, 0))
    decile = 0
    while decile < len(cumulative) - 1 and at >= cumulative[decile]:
        decile += 1
    return decile


@loop
def _fill(record: Any, person: Any, practice: Any, sex: Any, band: Any, decile: Any) -> Any:
    """Writes who somebody is into the record of an episode."""
    record.joiner = -1
    record.site = -1
    record.practice = practice
    record.sex = sex
    record.age = 5 * band + np.int64(share(bits(person, AGE_OF, 0)) * 5)
    record.decile = decile + 1
