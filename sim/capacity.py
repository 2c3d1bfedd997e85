"""Capacity by site and day: what the pathway has by itself, and what the levers of one replication make of it.

Amounts are appointments a week or places, in millionths, so that fractions are whole numbers on every machine. Whole
appointments are those that the cumulated amounts have come to by the end of each day. Who takes up a lever, and when,
is drawn in `sim.state`; how a part of a place is used is in `sim.rules`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pathways import Pathway, Region, Service, Site
from pathways.quantity import DAYS_IN_A_YEAR
from pathways.region import RegionFile
from pathways.service import WEEKDAYS
from sim.arrays.layout import MICRO, NEVER


def own_capacity(
    pathway: Pathway, region: Region, sites: Sequence[Site], *, first_day: int, days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Capacity without levers: people on each day at the most, and amounts in millionths; both of shape (sites, days).

    The first is int32: appointments of the day, or places, a part counted as one. Where today's list is known the
    warm-up sees everyone at once, and on the first measured day the list is put in; where it is not, the list is what
    the warm-up makes of it.
    """
    capacity = np.zeros((len(sites), days), dtype=np.int32)
    amounts = np.zeros((len(sites), days), dtype=np.int64)
    for position, site in enumerate(sites):
        if pathway.services[site.service].capacity != "open":
            amount = np.full(days, site.amount)
            capacity[position], amounts[position] = site_capacity(pathway, region, site, amount, first_day=first_day)
    return capacity, amounts


def site_capacity(
    pathway: Pathway, region: Region, site: Site, amount: np.ndarray, *, first_day: int
) -> tuple[np.ndarray, np.ndarray]:
    """The two rows of one site whose amount on each day is given, from `first_day` on; see `own_capacity`.

    A quarter of an appointment a week is one in every fourth week.
    """
    word = pathway.services[site.service]
    day_numbers = np.arange(first_day, first_day + len(amount))
    amounts = np.rint(amount * MICRO).astype(np.int64)
    if word.capacity == "places":
        most = -(-amounts // MICRO)
    else:
        has, is_open = open_days(word, region.about, day_numbers)
        days_a_week = len(set(word.weekdays or region.about.weekdays))
        made = np.cumsum(np.where(has & is_open, np.rint(amount / days_a_week * MICRO), 0).astype(np.int64))
        most = np.diff(made // MICRO, prepend=0)
    if any(row.service == site.service for row in region.waiting):
        most[day_numbers < 0] = region.population
        amounts[day_numbers < 0] = region.population * MICRO
    return most.astype(np.int32), amounts


def open_days(word: Service, about: RegionFile, day_numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each day, counted from the first measured one, whether a service has appointments on its weekday, and whether
    the region is not closed on it."""
    names = set(word.weekdays or about.weekdays)
    weekday = (day_numbers + about.start.weekday()) % 7
    closed = np.isin(day_numbers, [(day - about.start).days for day in about.closed])
    return np.isin(weekday, [WEEKDAYS.index(day) for day in names]), ~closed


def open_in_the_first_year(word: Service, about: RegionFile) -> tuple[int, int]:
    """On how many days of the first measured year a service is open, and on how many it would be without closed days."""
    has, is_open = open_days(word, about, np.arange(DAYS_IN_A_YEAR))
    return int((has & is_open).sum()), int(has.sum())


def share_acting(
    taken_up: np.ndarray, people: np.ndarray, strength: np.ndarray, *, ends: int, ticks: np.ndarray, ticks_per_day: int
) -> np.ndarray:
    """How much of what a lever does to capacity is there at each of some ticks, from 0 to 1.

    A change of capacity is that of the service, as it is written: all of it is there once every practice that ever takes
    part has taken the lever up, and before that the share of their people whose practice has. `taken_up` are the ticks at
    which the practices do (NEVER for the others), `people` their registered people, `strength` how strongly the lever acts
    by whole weeks since. Where no practice takes part nothing changes.

    >>> share_acting(np.array([0, 14, NEVER]), np.array([10, 30, 70]), np.ones(9), ends=21,
    ...              ticks=np.array([-1, 0, 14, 20, 21]), ticks_per_day=1).tolist()
    [0.0, 0.25, 1.0, 1.0, 0.0]
    """
    takes_part = taken_up < NEVER
    since, practice = np.unique(taken_up[takes_part], return_inverse=True)
    # where nobody is registered each practice that takes part counts alike
    weights = people[takes_part] if people[takes_part].any() else np.ones(takes_part.sum())
    of_people = np.bincount(practice, weights=weights, minlength=len(since)) / max(weights.sum(), 1)
    elapsed = ticks[:, None] - since[None, :].astype(np.int64)
    weeks = np.clip(elapsed // (7 * ticks_per_day), 0, len(strength) - 1)
    acts = (np.where(elapsed >= 0, strength[weeks], 0.0) * of_people).sum(axis=1)
    # rounded, so that every machine has the same number
    acting: np.ndarray = np.round(np.where(ticks < ends, acts, 0.0), 9)
    return acting
