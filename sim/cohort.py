"""The cohort: who falls ill, when, and what they are like. The same in every scenario of a replication.

Patients are made here of registered people who fall ill or are ill at the start (`sim.people`), and of those on
today's waiting lists (`sim.listed`). Draws are keyed by practice, sex, age band and person, so that a practice more,
a year more or another scenario changes nobody else.
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
from pathways.region import SEXES
from sim.arrays.elements import decisions, options, plan_sites, settings
from sim.arrays.elements import patients as patients_of
from sim.arrays.jit import loop, scalar
from sim.arrays.keyed_draws import child_key, label, run_key
from sim.arrays.layout import (
    AGE,
    AT_HOME,
    DECILE,
    FIRST_ATTRIBUTE,
    MOST_ATTRIBUTES,
    NEVER,
    PATIENT,
    SEX,
    bare_state,
    blank,
)
from sim.arrays.quantiles import first_shares
from sim.health_utilities import utility_classes
from sim.illness import ONE, foresee, renew_effects, set_pace, wind
from sim.joiners import Joiners
from sim.listed import draw_listed
from sim.people import draw_people
from sim.plan import Plan
from sim.rules import ATTENDED, decide


@dataclass(frozen=True)
class Cohort:
    """The patients of one replication, ready to enter either engine, ordered by onset.

    `patients` holds a `PATIENT` record each and `counters` what they have met so far; the first `ill_at_start`
    of them are ill when the simulation begins, or are on a waiting list when the measured years do: those are
    `listed`, by date joined.
    `practice_effects` are the multipliers of each practice, shape (effects, practices). `group` is ten times each
    patient's utility class, plus their deprivation decile from 0; shape (patients,).
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


def cohort_with(joiners: Joiners | None, plan: Plan, *, seed: int, replication: int) -> Cohort:
    """Draws the people of one replication, those on the lists at the start after `joiners`; without them nobody is on one."""
    pathway, region = plan.pathway, plan.region
    run = run_key(seed, replication)
    practice_keys = np.array([child_key(run, f"practice: {code}") for code in region.codes], dtype=np.uint64)
    people = np.concatenate([draw_people(plan, practice_keys), draw_listed(plan, run, joiners)])
    at_start = (people["onset"] < plan.first_tick) | (people["site"] >= 0)
    ill_at_start = int(at_start.sum())
    effects = _practice_effects(pathway, region, practice_keys)
    patients = blank(len(people), PATIENT)
    counters = np.zeros((len(people), plan.counters), dtype=np.uint8)
    state = bare_state(patients, counters, effects)
    order = _order(people, at_start, plan.first_tick)
    _become_patients(
        plan.memory,
        state.memory[0],
        people,
        order,
        ill_at_start,
        np.array(plan.attribute_decisions, dtype=np.int64),
        _prevalent_state(plan),
        joiners.people if joiners else blank(0, PATIENT),
    )
    if joiners:
        _count_visits(plan, counters, people["joiner"][order], joiners)
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
        group=(10 * utility_classes(plan, state) + patients["attributes"][:, DECILE] - 1).astype(np.int32),
    )


def _count_visits(plan: Plan, counters: np.ndarray, joiner: np.ndarray, joiners: Joiners) -> None:
    """The visits that people on lists have behind them are those of whom they take after."""
    taking_after = np.flatnonzero(joiner >= 0)
    first = plan.arrays.services["counter"] + ATTENDED
    counters[taking_after[:, None], first] = joiners.attended[joiner[taking_after]]


def _order(people: np.ndarray, at_start: np.ndarray, first_tick: int) -> np.ndarray:
    """Those who are ill at the start, then by onset; by key within a tick."""
    after = np.where(at_start, 0, people["onset"].astype(np.int64) - first_tick + 1).astype(np.uint64)
    return np.argsort((after << np.uint64(32)) | (people["key"] >> np.uint64(32)), kind="stable")


def _prevalent_state(plan: Plan) -> int:
    path = "prevalent.state" if plan.pathway.prevalent else "onset.state"
    return plan.decisions.index(path)


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


@scalar
def _take_after(plan: Any, patient: Any, joiner: Any, begins: Any) -> Any:
    """Someone on a list is as one of those who joined it was then; the weeks on the list come on top."""
    for at in range(FIRST_ATTRIBUTE, MOST_ATTRIBUTES):
        patient.attributes[at] = joiner.attributes[at]
    patient.state = joiner.state
    patient.since = patient.asked + joiner.since
    patient.last_service = joiner.last_service
    for slot in range(2):
        if joiner.effect[slot] >= 0:
            patient.effect[slot] = joiner.effect[slot]
            patient.effect_from[slot] = patient.asked + joiner.effect_from[slot]
    renew_effects(plan, patient, begins)


@loop
def _become_patients(
    plan: Any,
    state: Any,
    people: Any,
    order: Any,
    ill_at_start: Any,
    attributes: Any,
    prevalent_state: Any,
    joiners: Any,
) -> Any:
    """Fills the patients' records: who they are, their attributes, first state and thresholds, and when health changes.

    Those who take after one of the `joiners` have their attributes, state and treatments.
    """
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
        if person.joiner >= 0:
            _take_after(plan, patient, joiners[person.joiner], begins)
        else:
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
