"""The people on waiting lists at the start, of whom a region says only how many wait where for how long.

They are like those who join the list in a pilot of the warm-up (`sim.joiners`), and count besides everyone else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pathways import Pathway
from pathways.region import AGE_BANDS, DECILES, SEXES
from sim.arrays.jit import loop
from sim.arrays.keyed_draws import GOLDEN, child_key, label, mix
from sim.arrays.layout import AGE, DECILE, SEX
from sim.arrays.quantiles import address, first_bits, first_shares, first_ticks
from sim.joiners import Joiners, choose
from sim.people import AGE_OF, PATIENT_OF, PERSON, SINCE, by_person, ill_since
from sim.plan import Plan

CELL = label("cohort: cell of a listed patient")


@loop
def person_keys(group: Any, count: Any) -> Any:
    """Keys of so many people of a group that has a key: mixed, because steps from one would meet those of visits."""
    keys = np.empty(count, dtype=np.uint64)
    for k in range(count):
        keys[k] = mix(group + np.uint64(k + 1) * GOLDEN)
    return keys


def draw_listed(plan: Plan, run: np.uint64, joiners: Joiners | None) -> np.ndarray:
    """The people on waiting lists at the start, with their site and when they were referred."""
    region = plan.region
    position = {(site.service, site.name): index for index, site in enumerate(plan.sites)}
    people: np.ndarray = np.zeros(sum(row.people for row in region.waiting), dtype=PERSON)
    if joiners is None:
        return people
    start = 0
    for row in region.waiting:
        own = people[start : start + row.people]
        list_key = child_key(run, f"waiting: {row.area}/{row.service}/{row.site}/{row.weeks_waited}")
        own["key"] = person_keys(list_key, row.people)
        own["asked"] = max(plan.first_tick, 0) - row.weeks_waited * 7 * plan.ticks_per_day - 1
        own["site"] = position[row.service, row.site]
        start += row.people
    persons = people["key"].copy()
    people["key"] = first_bits(persons, PATIENT_OF)
    people["joiner"] = -1
    for service in np.unique([plan.services.index(row.service) for row in region.waiting if row.people]):
        own = np.flatnonzero(plan.arrays.sites["service"][people["site"]] == service)
        among = joiners.of[service]
        if len(among):
            chosen = choose(persons[own], joiners.ids[among.start : among.stop]) + among.start
            _fill_after(people, own, chosen, joiners.people[chosen])
        else:
            _fill_from_everyone(plan, people, own, persons[own])
    return people


def _fill_after(people: np.ndarray, own: np.ndarray, chosen: np.ndarray, joiner: np.ndarray) -> None:
    """Who those on a list are, from the joiners they take after."""
    people["joiner"][own] = chosen
    people["practice"][own] = joiner["practice"]
    for name, at in (("age", AGE), ("sex", SEX), ("decile", DECILE)):
        people[name][own] = joiner["attributes"][:, at]
    people["onset"][own] = people["asked"][own] + joiner["onset"]


def _fill_from_everyone(plan: Plan, people: np.ndarray, own: np.ndarray, persons: np.ndarray) -> None:
    """Who those on a list are where nobody joins it in the warm-up: registered people, by their shares of those in pain."""
    region = plan.region
    by_code = np.argsort(np.array(region.codes))  # the order of practices in a file decides nothing
    likely = region.people[by_code, :, :, None] * region.deciles[by_code, None, None, :] * _in_pain(plan.pathway)
    cumulative = np.cumsum(likely.ravel())
    cell = np.searchsorted(cumulative / cumulative[-1], first_shares(persons, CELL), side="right")
    practice, sex, band, decile = np.unravel_index(np.minimum(cell, likely.size - 1), likely.shape)
    people["practice"][own], people["sex"][own], people["decile"][own] = by_code[practice], sex, decile + 1
    people["age"][own] = 5 * band + (first_shares(persons, AGE_OF) * 5).astype(int)
    since = ill_since(plan)
    people["onset"][own] = people["asked"][own] - np.maximum(first_ticks(address(since), persons, SINCE), 1)


def _in_pain(pathway: Pathway) -> np.ndarray:
    """How likely each sex, age band and decile is to be in pain: as at the start, else as onsets are, else all alike."""
    for word in (pathway.prevalent, pathway.onset):
        if word is not None and (shares := by_person(word, pathway)).any():
            return shares
    return np.ones((len(SEXES), len(AGE_BANDS), len(DECILES)))
