"""A region: its practices and people, its capacity, its waiting lists today.

One region may consist of several areas that share nothing: people are seen by their own area's sites. How it is read from
a folder of small files stands in `pathways.region_folder`; how one is built from official files, in
`pathways.official.new_region`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from pydantic import Field, field_validator

from pathways.files.values import FIRST_YEAR, LAST_YEAR
from pathways.word import Word

Kept = TypeVar("Kept")
SEXES = ("female", "male")
AGE_BANDS = (*(f"{low}-{low + 4}" for low in range(0, 95, 5)), "95+")
DECILES = tuple(range(1, 11))
ASSUMED = "assumed"
CLAIM = "Capacity and waiting lists are assumed per head until local figures take their place."
"""What `region new` wrote into `says` once. It is no longer true when local figures have taken their place, so it is not read."""
GRADES = ("local", "read", "recalled", ASSUMED)
"""Grades of what a region's files say, the best first."""


class RegionFile(Word):
    """What `region.toml` says.

    `start` is the date of the first measured day. `closed` are days without appointments besides weekends.
    `warnings` are what was told when it was built of official files that do not fit each other.
    `pathway` names the one whose services the region has, where that is not today's.
    """

    format: int = Field(ge=1, le=1)
    name: str
    title: str = Field(min_length=1)
    says: str = Field(min_length=1)
    made_up: bool = False
    start: datetime.date = Field(ge=datetime.date(FIRST_YEAR, 1, 1), le=datetime.date(LAST_YEAR, 12, 31))
    weekdays: list[str] = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    closed: list[datetime.date] = []
    sources: list[str] = []
    assumed: list[str] = []
    warnings: list[str] = []
    pathway: str | None = None

    @field_validator("says")
    @classmethod
    def _without_the_claim(cls, says: str) -> str:
        return says.replace(CLAIM, "").rstrip() or says

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if fault := name_fault(name):
            raise ValueError(fault)
        return name


def name_fault(name: str) -> str:
    """What is wrong with the name of a region, or nothing.

    >>> name_fault("mid_notts")
    ''
    >>> name_fault("Mid Notts")
    "'Mid Notts' is no name for a region: use small letters, digits and underscores, as in 'mid_notts'"
    """
    if re.fullmatch("[a-z0-9_]+", name):
        return ""
    plain = re.sub("[^a-z0-9]+", "_", name.lower()).strip("_") or "mid_notts"
    return f"{name!r} is no name for a region: use small letters, digits and underscores, as in '{plain}'"


@dataclass(frozen=True)
class Site:
    """One provider of one service in one area, with its capacity: appointments a week, or places.

    `amount` is for back pain: what was written times `back_pain_share`, where that was written. `grade` is that of the
    weaker of the two.
    """

    service: str
    name: str
    area: str
    amount: float
    discipline: str
    x_km: float
    y_km: float
    grade: str
    source: str
    back_pain_share: float = 1.0


@dataclass(frozen=True)
class Waiting:
    """People who are on a site's list when the simulation starts, by whole weeks waited.

    They have back pain: those written times `back_pain_share`, rounded over the weeks of the list together.
    """

    service: str
    site: str
    area: str
    weeks_waited: int
    people: int
    back_pain_share: float = 1.0


@dataclass(frozen=True)
class Region:
    """Practices and people, sites and lists. Arrays are by practice, in the order of `codes`.

    `people` has shape (practices, 2 sexes, 20 age bands); `deciles` (practices, 10) holds the shares of each
    practice's people by deprivation decile of their home; `x_km` and `y_km` are NaN where unknown. `practice_scores`
    are standard normal scores of the practices by practice effect, NaN where left to chance; they stand in no file,
    a calibration gives them. `elsewhere` are the codes of practices in the region's other areas, where this is one of them.
    """

    name: str
    about: RegionFile
    codes: tuple[str, ...]
    names: tuple[str, ...]
    networks: tuple[str, ...]
    areas: tuple[str, ...]
    people: np.ndarray
    deciles: np.ndarray
    x_km: np.ndarray
    y_km: np.ndarray
    sites: tuple[Site, ...]
    waiting: tuple[Waiting, ...] = ()
    prices: dict[str, tuple[float, int]] = field(default_factory=dict)
    practice_scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()

    @property
    def population(self) -> int:
        """Registered people."""
        return int(self.people.sum())

    def sites_of(self, service: str) -> list[Site]:
        """The sites of a service, in all areas."""
        return [site for site in self.sites if site.service == service]

    def amount_of(self, service: str) -> float:
        """The capacity of a service, its sites together."""
        return sum(site.amount for site in self.sites_of(service))

    def waiting_for(self, service: str) -> int:
        """People on the lists of a service at the start."""
        return sum(row.people for row in self.waiting if row.service == service)

    def area_names(self) -> list[str]:
        """The areas, in order of first appearance."""
        return list(dict.fromkeys(self.areas))

    def area(self, name: str) -> Region:
        """One area of the region, as a region of its own."""
        chosen = np.array([area == name for area in self.areas])

        def of(values: tuple[Kept, ...]) -> tuple[Kept, ...]:
            return tuple(value for value, keep in zip(values, chosen, strict=True) if keep)

        return replace(
            self,
            codes=of(self.codes),
            names=of(self.names),
            networks=of(self.networks),
            areas=of(self.areas),
            people=self.people[chosen],
            deciles=self.deciles[chosen],
            x_km=self.x_km[chosen],
            y_km=self.y_km[chosen],
            sites=tuple(site for site in self.sites if site.area == name),
            waiting=tuple(row for row in self.waiting if row.area == name),
            practice_scores={effect: of(scores) for effect, scores in self.practice_scores.items()},
            elsewhere=tuple(code for code, inside in zip(self.codes, chosen, strict=True) if not inside),
        )
