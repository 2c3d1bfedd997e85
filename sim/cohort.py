"""The cohort: who falls ill, when, and what they are like. The same in every scenario of a replication.

Every registered person is asked once a year whether a new episode begins, and once at the start whether they are
ill already; people on today's waiting lists are added. Draws are keyed by practice, sex, age band and person, so
that a practice more, a year more or another scenario changes nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pathways import Pathway, Region
from pathways.checks import age_band
from pathways.health import Onset, Prevalent
from pathways.region import AGE_BANDS, DECILES, SEXES
from sim.draws import GOLDEN, bits, child_key, label, mix, run_key, share
from sim.elements import decisions, options, plan_sites, settings
from sim.elements import patients as patients_of
from sim.health import ONE, foresee, set_pace, wind
from sim.jit import loop
from sim.layout import (
    AGE,
    AT_HOME,
    DECILE,
    FIRST_ATTRIBUTE,
    NEVER,
    PATIENT,
    SEX,
    bare_state,
    blank,
)
from sim.plan import DAYS_IN_A_YEAR, Plan
from sim.quantiles import address, duration_table, first_bits, first_shares, first_ticks, ticks
from sim.rules import decide
from sim.worth import worth_classes

IS_ILL = label("cohort: ill at the start")
FALLS_ILL = label("cohort: falls ill")
DAY = label("cohort: day of the year")
TIME = label("cohort: time of the day")
DECILE_OF = label("cohort: decile")
AGE_OF = label("cohort: age within band")
PATIENT_OF = label("cohort: patient")
SINCE = label("cohort: ill since")
CELL = label("cohort: cell of a listed patient")
YEARS_BEFORE = 1000
"""Added to the year's number, so that visits of a draw are never negative."""

PERSON = np.dtype(
    [
        ("key", "u8"),
        ("onset", "i4"),
        ("asked", "i4"),  # of people on a waiting list at the start
        ("site", "i2"),  # theirs; -1 for everyone else
        ("practice", "i2"),
        ("sex", "u1"),
        ("age", "u1"),
        ("decile", "u1"),
    ],
    align=True,
)


@dataclass(frozen=True)
class Cohort:
    """The patients of one replication, ready to enter either engine, ordered by onset.

    `patients` holds a `PATIENT` record each and `counters` what they have met so far; the first `ill_at_start`
    of them are ill when the simulation begins, or are on a waiting list when the measured years do: those are
    `listed`, by date joined.
    `practice_effects` are the multipliers of each practice, shape (effects, practices). `group` is ten times each
    patient's class of worth, plus their deprivation decile from 0; shape (patients,).
    """

    seed: int
    replication: int
    patients: np.ndarray
    counters: np.ndarray
    ill_at_start: int
    listed: np.ndarray
    practice_effects: np.ndarray
    practice_keys: np.ndarray
    group: np.ndarray

    @cached_property
    def practice(self) -> np.ndarray:
        """Each patient's practice, as a position; shape (patients,)."""
        return np.ascontiguousarray(self.patients["practice"])

    def __len__(self) -> int:
        return len(self.patients)

    def table(self, plan: Plan) -> pd.DataFrame:
        """Who the patients are, one row each in the order of the event log's numbers.

        `patient`, `practice`, `sex`, `age`, `deprivation_decile`, `onset_tick` of the first episode, and the
        pathway's attributes as they are at onset.
        """
        attributes = self.patients["attributes"]
        columns = {
            "patient": np.arange(len(self)),
            "practice": named(self.practice, plan.region.codes),
            "sex": named(attributes[:, SEX], SEXES),
            "age": attributes[:, AGE].astype(np.int64),
            "deprivation_decile": attributes[:, DECILE].astype(np.int64),
            "onset_tick": self.patients["onset"],
        }
        for position, (name, word) in enumerate(plan.pathway.attributes.items(), start=FIRST_ATTRIBUTE):
            columns[name] = named(attributes[:, position], list(word.levels))
        return pd.DataFrame(columns)


def named(codes: np.ndarray, names: Sequence[str]) -> pd.Categorical[str]:
    """Names for codes, none for -1."""
    return pd.Categorical.from_codes(codes.astype(np.int64), categories=pd.Index(list(names)))


def draw_cohort(plan: Plan, *, seed: int, replication: int) -> Cohort:
    """Draws the people of one replication. Takes well under a second for a million registered."""
    pathway, region = plan.pathway, plan.region
    run = run_key(seed, replication)
    practice_keys = np.array([child_key(run, f"practice: {code}") for code in region.codes], dtype=np.uint64)
    people = np.concatenate([_draw_people(plan, practice_keys), _draw_listed(plan, run)])
    at_start = (people["onset"] < plan.first_tick) | (people["site"] >= 0)
    ill_at_start = int(at_start.sum())
    effects = _practice_effects(pathway, region, practice_keys)
    patients = blank(len(people), PATIENT)
    counters = np.zeros((len(people), plan.counters), dtype=np.uint8)
    state = bare_state(patients, counters, effects)
    _become_patients(
        plan.memory,
        state.memory[0],
        people,
        _order(people, at_start, plan.first_tick),
        ill_at_start,
        np.array(plan.attribute_decisions, dtype=np.int64),
        _prevalent_state(plan),
    )
    listed = np.flatnonzero(patients["site"][:ill_at_start] >= 0)
    return Cohort(
        seed=seed,
        replication=replication,
        patients=patients,
        counters=counters,
        ill_at_start=ill_at_start,
        listed=listed[np.argsort(patients["asked"][listed], kind="stable")].astype(np.int32),
        practice_effects=effects,
        practice_keys=practice_keys,
        group=(10 * worth_classes(plan, state) + patients["attributes"][:, DECILE] - 1).astype(np.int16),
    )


def _order(people: np.ndarray, at_start: np.ndarray, first_tick: int) -> np.ndarray:
    """Those who are ill at the start, then by onset; by key within a tick."""
    after = np.where(at_start, 0, people["onset"].astype(np.int64) - first_tick + 1).astype(np.uint64)
    return np.argsort((after << np.uint64(32)) | (people["key"] >> np.uint64(32)), kind="stable")


def _prevalent_state(plan: Plan) -> int:
    path = "prevalent.state" if plan.pathway.prevalent else "onset.state"
    return plan.decisions.index(path)


# rates


def yearly_share(word: Onset | Prevalent, pathway: Pathway) -> np.ndarray:
    """The probability by sex, age band and decile, shape (2, 20, 10): of an onset in a year, or of being ill.

    The stated rate is that of an average person: the factors of sex and deprivation are centred on one.
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
        shares = -np.expm1(-quantities[word.rate].per_year() * factor)
    else:
        shares = np.minimum(quantities[word.share].number() * factor, 1.0)
    # rounded, so that every machine has the same threshold
    rounded: np.ndarray = np.round(shares, 12)
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


def _practice_effects(pathway: Pathway, region: Region, practice_keys: np.ndarray) -> np.ndarray:
    """The multipliers of each practice: from its luck, or from its score where the region has one."""
    effects = np.ones((max(1, len(pathway.practice_effects)), len(practice_keys)))
    for position, (name, quantity) in enumerate(pathway.practice_effects.items()):
        at = first_shares(practice_keys, label(f"practice_effects.{name}"))
        spread = pathway.quantities[quantity].number()
        scores = special.ndtri(np.clip(at, 1e-12, 1 - 1e-12))
        given = np.array(region.practice_scores.get(name, ()), dtype=float)
        if len(given):
            scores = np.where(np.isnan(given), scores, given)
        effects[position] = np.round(np.exp(spread * scores), 9)
    return effects


# people


def _draw_people(plan: Plan, practice_keys: np.ndarray) -> np.ndarray:
    pathway, region = plan.pathway, plan.region
    onset = yearly_share(pathway.onset, pathway)
    ill = yearly_share(pathway.prevalent, pathway) if pathway.prevalent else np.zeros_like(onset)
    first_year = plan.first_tick // (DAYS_IN_A_YEAR * plan.ticks_per_day)
    years = -(-plan.last_tick // (DAYS_IN_A_YEAR * plan.ticks_per_day)) - first_year
    expected = float((region.people[:, :, :, None] * region.deciles[:, None, None, :] * (onset * years + ill)).sum())
    room = int(expected + 12 * np.sqrt(expected) + 100)
    people = np.zeros(room, dtype=PERSON)
    cells = np.array([[label(f"{sex} {band}") for band in AGE_BANDS] for sex in SEXES], dtype=np.uint64)
    since = _since(plan)
    found = _people(
        practice_keys,
        region.people,
        cells,
        np.cumsum(region.deciles, axis=1),
        onset,
        ill,
        _season(pathway, region),
        address(since),
        first_year,
        years,
        plan.first_tick,
        plan.last_tick,
        plan.ticks_per_day,
        people,
    )
    if found > room:
        raise RuntimeError("more people fell ill than chance allows: twelve standard deviations above the mean")
    return people[:found]


def _since(plan: Plan) -> np.ndarray:
    """The table of how long people have been ill at the start."""
    prevalent = plan.pathway.prevalent
    if prevalent is None:
        return duration_table("fixed", (0.0,), plan.ticks_per_day)
    from sim.builder import Builder

    builder = Builder(plan.pathway, plan.ticks_per_day)
    builder.duration(prevalent.since)
    return builder.duration_rows()[0]


@loop
def _people(
    practice_keys: Any,
    population: Any,
    cells: Any,
    deciles: Any,
    onset: Any,
    ill: Any,
    season: Any,
    since: Any,
    first_year: Any,
    years: Any,
    first_tick: Any,
    last_tick: Any,
    ticks_per_day: Any,
    people: Any,
) -> Any:
    """Asks every registered person; fills `people` and returns how many were found."""
    found = 0
    for practice in range(len(practice_keys)):
        for sex in range(population.shape[1]):
            for band in range(population.shape[2]):
                most = onset[sex, band].max()
                most_ill = ill[sex, band].max()
                cell = mix(practice_keys[practice] + cells[sex, band])
                for k in range(population[practice, sex, band]):
                    person = mix(cell + np.uint64(k + 1) * GOLDEN)
                    if most_ill > 0.0:
                        at = share(bits(person, IS_ILL, 0))
                        if at < most_ill:
                            decile = _decile(person, deciles[practice])
                            if at < ill[sex, band, decile]:
                                if found < len(people):
                                    before = max(ticks(since, bits(person, SINCE, 0)), 1)
                                    _fill(
                                        people[found],
                                        person,
                                        bits(person, PATIENT_OF, 0),
                                        first_tick - before,
                                        practice,
                                        sex,
                                        band,
                                        decile,
                                    )
                                found += 1
                    for year in range(first_year, first_year + years):
                        at = share(bits(person, FALLS_ILL, year + YEARS_BEFORE))
                        if at >= most:
                            continue
                        decile = _decile(person, deciles[practice])
                        if at >= onset[sex, band, decile]:
                            continue
                        day = np.searchsorted(season, share(bits(person, DAY, year + YEARS_BEFORE)), side="right")
                        tick = (DAYS_IN_A_YEAR * year + min(day, DAYS_IN_A_YEAR - 1)) * ticks_per_day
                        tick += np.int64(share(bits(person, TIME, year + YEARS_BEFORE)) * ticks_per_day)
                        if tick < first_tick or tick >= last_tick:
                            continue
                        if found < len(people):
                            key = bits(person, PATIENT_OF, year + YEARS_BEFORE)
                            _fill(people[found], person, key, tick, practice, sex, band, decile)
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
def _fill(record: Any, person: Any, key: Any, onset: Any, practice: Any, sex: Any, band: Any, decile: Any) -> Any:
    record.key = key
    record.onset = onset
    record.site = -1
    record.practice = practice
    record.sex = sex
    record.age = 5 * band + np.int64(share(bits(person, AGE_OF, 0)) * 5)
    record.decile = decile + 1


# waiting lists


@loop
def person_keys(group: Any, count: Any) -> Any:
    """Keys of so many people of a group that has a key: mixed, because steps from one would meet those of visits."""
    keys = np.empty(count, dtype=np.uint64)
    for k in range(count):
        keys[k] = mix(group + np.uint64(k + 1) * GOLDEN)
    return keys


def _draw_listed(plan: Plan, run: np.uint64) -> np.ndarray:
    """The people on waiting lists at the start, with their site and when they were referred."""
    region, pathway = plan.region, plan.pathway
    position = {(site.service, site.name): index for index, site in enumerate(plan.sites)}
    people = np.zeros(sum(row.people for row in region.waiting), dtype=PERSON)
    if not len(people):
        return people
    start = 0
    for row in region.waiting:
        own = people[start : start + row.people]
        list_key = child_key(run, f"waiting: {row.area}/{row.service}/{row.site}/{row.weeks_waited}")
        own["key"] = person_keys(list_key, row.people)
        own["asked"] = max(plan.first_tick, 0) - row.weeks_waited * 7 * plan.ticks_per_day - 1
        own["site"] = position[row.service, row.site]
        start += row.people
    by_code = np.argsort(np.array(region.codes))  # the order of practices in a file decides nothing
    likely = region.people[:, :, :, None] * region.deciles[:, None, None, :] * yearly_share(pathway.onset, pathway)
    cumulative = np.cumsum(likely[by_code].ravel())
    persons = np.ascontiguousarray(people["key"])
    cell = np.searchsorted(cumulative / cumulative[-1], first_shares(persons, CELL), side="right")
    place, people["sex"], band, decile = np.unravel_index(np.minimum(cell, likely.size - 1), likely.shape)
    people["practice"] = by_code[place]
    people["decile"] = decile + 1
    people["age"] = 5 * band + (first_shares(persons, AGE_OF) * 5).astype(int)
    since = _since(plan)
    people["onset"] = people["asked"] - np.maximum(first_ticks(address(since), persons, SINCE), 1)
    people["key"] = first_bits(persons, PATIENT_OF)
    return people


@loop
def _become_patients(
    plan: Any, state: Any, people: Any, order: Any, ill_at_start: Any, attributes: Any, prevalent_state: Any
) -> Any:
    """Fills the patients' records: who they are, their attributes, first state and thresholds, and when health changes."""
    for i in range(state.patient_count):
        person = people[order[i]]
        patient = patients_of(state, i)
        patient.key = person.key
        patient.practice = person.practice
        patient.attributes[AGE] = person.age
        patient.attributes[SEX] = person.sex
        patient.attributes[DECILE] = person.decile
        patient.onset = patient.since = person.onset
        patient.care_due = patient.effects_until = NEVER
        patient.effect[0] = patient.effect[1] = -1
        patient.improve_times = patient.worsen_times = ONE
        patient.last_service = patient.list_next = patient.list_previous = -1
        patient.stage = AT_HOME
        patient.site = person.site
        patient.service = plan_sites(plan, person.site).service if person.site >= 0 else -1
        patient.asked = person.asked
        begins = np.int64(plan.first_tick if i < ill_at_start else person.onset)
        if person.site >= 0:
            begins = np.int64(max(plan.first_tick, 0))
        for decision in attributes:
            chosen = decide(plan, state, i, decision, begins)
            setting = settings(plan, options(plan, decisions(plan, decision).first_option + chosen).first_setting)
            patient.attributes[setting.attribute] = setting.level
        first = np.int64(prevalent_state if i < ill_at_start else plan.onset_state)
        chosen = decide(plan, state, i, first, begins)
        patient.state = options(plan, decisions(plan, first).first_option + chosen).to
        set_pace(plan, state, i, begins)
        for which in range(3):
            wind(plan, state, i, which)
        patient.felt_at = begins
        patient.back_due = foresee(plan, patient, plan.last_tick)
