"""What a run shows, as tidy tables: from the event log to people, spells of illness and visits.

The tables hold names and days, so that the measures that read them would read real records just as well:

| table | one row per | columns |
|---|---|---|
| people | patient (the index) | age, sex, decile, practice, onset_day, new, the attributes at onset, lost_mild and so on |
| spells | time in one state, by patient and day | patient, state, from_day, to_day, episode_day |
| contacts | visit in the measured years | patient, day, service, visit, waited_days, came_from, led_to |
| referrals | referral in the measured years | patient, day, service, came_from |
| missed | missed appointment in the measured years | patient, day, service |
| settings | attribute set in the measured years | patient, day, setting ("opioid = weak") |
| residents | practice, sex, age band, decile | practice, sex, age_low (of five years), decile, people |
| scores | state (the index) | pain, disability |

`new` are people who fell ill during the run; `lost_mild` is the utility they lose in mild pain. `episode_day` is the
day on which the episode began. `visit` counts within a course and is 0 for someone seen while waiting for something
else. `came_from` and `led_to` are services; `entry` is the patient's own way in, `home` the end of care, and none where the
log does not tell (a visit that is not the last of its course). Days count from the first measured one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from pathways import Region
from pathways.health import STATES
from pathways.region import DECILES, SEXES
from sim.arrays.layout import (
    DID_NOT_ATTEND,
    DISCHARGE,
    GAVE_UP,
    HEALTH,
    JOINED,
    MOST_LEVELS,
    ONSET,
    PRESCRIPTION,
    REFERRAL,
    SEEN,
)
from sim.cohort import Cohort, named
from sim.events import ENTRY, EventLog
from sim.health_utilities import utilities
from sim.plan import Plan
from sim.results import HOME
from sim.run import Run

BAND_YEARS = 5
"""Years of age in one of a region's bands."""
MOST_DEPRIVED_IS = 11
"""Deprivation is this minus the decile, so that more is more deprived."""


@dataclass(frozen=True)
class Observed:
    """The tables of one replication (see the top of this module), and how many days were measured."""

    people: pd.DataFrame
    spells: pd.DataFrame
    contacts: pd.DataFrame
    referrals: pd.DataFrame
    missed: pd.DataFrame
    settings: pd.DataFrame
    residents: pd.DataFrame
    scores: pd.DataFrame
    days: float


def observe(run: Run) -> Observed:
    """Makes a run, and tells what happened in all its areas."""
    return together([observed_of(area.log, area.cohort) for area in run.areas()])


def observed_of(log: EventLog, cohort: Cohort) -> Observed:
    """The tables of one area from its event log and its cohort."""
    plan = log.plan
    rows = log.rows[np.argsort(log.rows["patient"], kind="stable")]  # by patient, then as it happened
    measured = rows[rows["tick"] >= 0]
    return Observed(
        people=_people(cohort, plan),
        spells=_spells(rows, plan),
        contacts=_contacts(rows, plan),
        referrals=_referrals(measured[measured["kind"] == REFERRAL], plan),
        missed=_events(measured[measured["kind"] == DID_NOT_ATTEND], plan),
        settings=_settings(measured[measured["kind"] == PRESCRIPTION], plan),
        residents=residents_of(plan.region),
        scores=_scores(plan),
        days=plan.last_tick / plan.ticks_per_day,
    )


def together(areas: Sequence[Observed]) -> Observed:
    """The tables of several areas as one; patients are numbered on."""
    if len(areas) == 1:
        return areas[0]
    offsets = np.cumsum([0, *(len(area.people) for area in areas[:-1])])
    tables = {}
    for name in (field.name for field in fields(Observed) if field.name not in ("scores", "days")):
        parts = []
        for area, offset in zip(areas, offsets, strict=True):
            part = getattr(area, name)
            if name == "people":
                part = part.set_index(part.index + offset)
            elif "patient" in part:
                part = part.assign(patient=part["patient"] + offset)
            parts.append(part)
        tables[name] = pd.concat(parts, ignore_index=name != "people")
    return Observed(**tables, scores=areas[0].scores, days=areas[0].days)


def residents_of(region: Region) -> pd.DataFrame:
    """How many people live in a region, by practice, sex, age band and decile; fractions of people where shares say so."""
    people = region.people[:, :, :, None] * region.deciles[:, None, None, :]
    practice, sex, band, decile = np.indices(people.shape).reshape(4, -1)
    return pd.DataFrame(
        {
            "practice": named(practice, region.codes),
            "sex": named(sex, SEXES),
            "age_low": BAND_YEARS * band,
            "decile": np.array(DECILES)[decile],
            "people": people.ravel(),
        }
    )


def _people(cohort: Cohort, plan: Plan) -> pd.DataFrame:
    people = cohort.table(plan).drop(columns="patient").rename(columns={"deprivation_decile": "decile"})
    people["onset_day"] = people.pop("onset_tick") / plan.ticks_per_day
    people["new"] = np.arange(len(cohort)) >= cohort.ill_at_start
    lost = utilities(plan.pathway)
    lost = lost[:1] - lost  # of each state against being well, by class
    for state in STATES[1:]:
        people[f"lost_{state}"] = lost[STATES.index(state), cohort.group // 10]
    return people


def _spells(rows: np.ndarray, plan: Plan) -> pd.DataFrame:
    """Times in one state, by patient and day."""
    rows = rows[(rows["kind"] == ONSET) | (rows["kind"] == HEALTH)]
    is_onset = rows["kind"] == ONSET
    before = np.where(is_onset, 0, rows["detail"] // len(STATES))
    state = np.where(is_onset, rows["detail"], rows["detail"] % len(STATES))
    day = rows["tick"] / plan.ticks_per_day
    same = np.zeros(len(rows), dtype=bool)
    same[:-1] = rows["patient"][1:] == rows["patient"][:-1]
    until = np.full(len(rows), plan.last_tick / plan.ticks_per_day)
    until[:-1] = np.where(same[:-1], day[1:], until[:-1])
    begins = is_onset | (before == 0)
    start = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))
    began = day - np.where(is_onset, rows["value"] / plan.ticks_per_day, 0.0)
    return pd.DataFrame(
        {
            "patient": rows["patient"].astype(np.int64),
            "state": named(state, STATES),
            "from_day": day,
            "to_day": until,
            "episode_day": began[start] if len(rows) else began,
        }
    )


def _events(rows: np.ndarray, plan: Plan) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient": rows["patient"].astype(np.int64),
            "day": rows["tick"] / plan.ticks_per_day,
            "service": named(rows["service"], plan.services),
        }
    )


def _referrals(rows: np.ndarray, plan: Plan) -> pd.DataFrame:
    return _events(rows, plan).assign(came_from=named(rows["detail"], (ENTRY, *plan.services)))


def _settings(rows: np.ndarray, plan: Plan) -> pd.DataFrame:
    names = {}
    for code in np.unique(rows["detail"]):
        attribute = plan.attributes[code // MOST_LEVELS]
        names[code] = f"{attribute} = {list(plan.pathway.attributes[attribute].levels)[code % MOST_LEVELS]}"
    return (
        _events(rows, plan)
        .drop(columns="service")
        .assign(setting=[names[code] for code in rows["detail"]] if len(rows) else pd.Series(dtype=object))
    )


CARE = (REFERRAL, JOINED, SEEN, DID_NOT_ATTEND, GAVE_UP, DISCHARGE)


def _contacts(rows: np.ndarray, plan: Plan) -> pd.DataFrame:
    """Visits of the measured years, with where the patient came from and where they went next."""
    while_waiting = (rows["kind"] == SEEN) & (rows["detail"] == 0)
    care = rows[np.isin(rows["kind"], CARE) & ~while_waiting]
    places = (ENTRY, *plan.services, HOME)
    home = len(places) - 1
    here = np.arange(len(care))
    source = np.full(len(care), -1, dtype=np.int64)
    target = np.full(len(care), -1, dtype=np.int64)
    if len(care):
        is_referral = care["kind"] == REFERRAL
        last = np.maximum.accumulate(np.where(is_referral, here, -1))
        known = (last >= 0) & (care["patient"][last] == care["patient"])
        source[known] = care["detail"][last[known]]
        following = np.roll(care, -1)
        own = following["patient"] == care["patient"]
        own[-1] = False
        goes_on = own & (following["kind"] == REFERRAL) & (following["detail"] == care["service"] + 1)
        target[goes_on] = following["service"][goes_on] + 1
        target[own & (following["kind"] == DISCHARGE)] = home
    chosen = (care["kind"] == SEEN) & (care["tick"] >= 0)
    waiting = rows[while_waiting & (rows["tick"] >= 0)]
    seen = np.concatenate([care[chosen], waiting])
    blank = np.full(len(waiting), -1, dtype=np.int64)
    table = _events(seen, plan).assign(
        visit=seen["detail"].astype(np.int64),
        waited_days=seen["value"] / plan.ticks_per_day,
        came_from=named(np.concatenate([source[chosen], blank]), places),
        led_to=named(np.concatenate([target[chosen], blank]), places),
    )
    return table.sort_values(["patient", "day"], kind="stable", ignore_index=True)


def _scores(plan: Plan) -> pd.DataFrame:
    health, quantities = plan.pathway.health, plan.pathway.quantities
    scores = {}
    for name in ("pain", "disability"):
        named = {str(state): quantity for state, quantity in (getattr(health, name) or {}).items()}
        scores[name] = [quantities[named[state]].number() if state in named else np.nan for state in STATES]
    return pd.DataFrame(scores, index=list(STATES))
