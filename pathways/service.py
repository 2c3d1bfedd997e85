"""The words for a place where a patient is seen: service, course, attendance, waiting list, choice."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pathways.word import (
    HOME,
    CapacityPerHead,
    Count,
    Destination,
    DisciplineWeight,
    DistanceWeight,
    Duration,
    PeoplePerHead,
    Price,
    Priority,
    Ratio,
    Share,
    Sites,
    Time,
    WeekWeight,
    When,
    Word,
)

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

Role = Literal["consultant_led", "treatment", "imaging"]
"""What a service is to those who follow people through events: see `Service`."""


class Course(Word):
    """A service visited several times before moving on.

    `visits` is a table of the number of visits to the share of patients who need that many.
    With a `cap`, those who need more stop there and go to `after_cap` instead of the service's `next`.
    """

    visits: Share
    gap: Duration
    cap: Count | None = None
    after_cap: Destination | None = None
    follow_up_priority: Priority = "follow_up"

    @model_validator(mode="after")
    def _cap_leads_somewhere(self) -> Course:
        if (self.cap is None) != (self.after_cap is None):
            raise ValueError("'cap' and 'after_cap' go together: say what happens when the cap is reached")
        return self


class MissOdds(Word):
    """A multiplier on the odds of missing an appointment, for patients of whom `when` holds."""

    when: When
    times: Ratio


class Attendance(Word):
    """Appointments that are missed: how many, how often rebooked, what is paid for one, where the others go."""

    missed: Share
    rebooked: Share
    price_share_of_missed: Share | None = None
    odds: list[MissOdds] = []
    otherwise: Destination = HOME


class UrgentRule(Word):
    """Patients of whom `when` holds wait in another priority class, on a first visit and for as long as it holds."""

    when: When
    priority: Priority


class WaitingList(Word):
    """How people wait: in which class, how long they bear it, where they go when they give up."""

    priority: Priority = "routine"
    priorities: list[UrgentRule] = []
    patience: Duration | None = None
    gives_up_to: Destination = HOME
    leaves_when_better: Share | None = None


class Choice(Word):
    """How one of several sites is chosen.

    `by = "capacity"` sends patients in proportion to the sites' capacity, `"nearest"` to the nearest site
    of the practice, `"patient"` lets them weigh published wait, distance and discipline.
    `published_every` is how often the published waits are renewed.
    """

    by: Literal["capacity", "nearest", "patient"]
    wait: WeekWeight | None = None
    distance: DistanceWeight | None = None
    disciplines: dict[str, DisciplineWeight] = {}
    published_every: Time | None = None

    @model_validator(mode="after")
    def _patients_weigh_something(self) -> Choice:
        if self.by == "patient" and (self.wait is None or self.published_every is None):
            raise ValueError("a choice by patients needs 'wait', what a week more weighs, and 'published_every'")
        return self


class Service(Word):
    """A place where a patient is seen.

    Capacity is `open` (everyone is seen when they come), `slots` (appointments per week over weekdays,
    by site) or `places` (beds or servers, held for the `stay`). Amounts belong to the region;
    `per_100k` is what a region without its own figures is assumed to have, and `sites` at how many providers,
    a table by discipline. Where a contact does not happen, `cash_share` of its `price` is saved in cash; the rest is
    capacity, and `contact` is how long one takes of those who give it.

    `roles` say what it is to those who follow people through events (`backpath journeys`): `consultant_led`, a referral
    to it starts a clock of referral to treatment; `treatment`, to be seen there stops the clock; `imaging`, it is meant to
    send people back to who referred them. They change nothing of what happens.
    """

    title: str = Field(min_length=1)
    says: str | None = None
    roles: list[Role] = []
    capacity: Literal["open", "slots", "places"]
    weekdays: list[Weekday] | None = None
    per_100k: CapacityPerHead | None = None
    waiting_per_100k: PeoplePerHead | None = None
    sites: Sites | None = None
    delay: Duration | None = None
    stay: Duration | None = None
    price: Price
    cash_share: Share | None = None
    contact: Time | None = None
    next: Destination
    course: Course | None = None
    attendance: Attendance | None = None
    waiting: WaitingList | None = None
    choice: Choice | None = None
    effect: str | None = None

    @property
    def unit(self) -> str:
        """What an amount of its capacity counts, as a region writes it."""
        return "places" if self.capacity == "places" else "appointments a week"

    @model_validator(mode="after")
    def _roles_stand_once(self) -> Service:
        if len(set(self.roles)) < len(self.roles):
            raise ValueError(f"'roles' names one of {', '.join(self.roles)} twice: remove one")
        return self

    @model_validator(mode="after")
    def _fields_fit_the_capacity(self) -> Service:
        if (self.stay is None) == (self.capacity == "places"):
            raise ValueError("'stay' is for capacity 'places', and needed there: how long a place is held")
        if self.weekdays is not None and self.capacity != "slots":
            raise ValueError("'weekdays' is for capacity 'slots'")
        if self.weekdays is not None and not self.weekdays:
            raise ValueError("'weekdays' is empty: name at least one day, or remove it to use the region's")
        if self.capacity == "open":
            for field in ("waiting", "choice", "per_100k", "waiting_per_100k", "sites"):
                if getattr(self, field) is not None:
                    raise ValueError(f"'{field}' has no meaning where capacity is 'open': nobody queues there")
        if self.capacity == "places" and self.attendance is not None:
            raise ValueError("'attendance' is for appointments; a place is taken when it is free")
        return self
