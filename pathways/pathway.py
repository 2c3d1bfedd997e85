"""The pathway as a whole: its clock, its people, its services and decisions, its levers and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from pathways.decision import Attribute, Decision
from pathways.health import Effect, Health, Onset, Prevalent
from pathways.lever import Change, Lever
from pathways.quantity import Quantity
from pathways.service import Role, Service
from pathways.word import Destination, Word


class Clock(Word):
    """The length of a tick and of the warm-up that is simulated before anything is counted.

    Both are written as text with a unit: "1 day", "15 minutes", "52 weeks".
    """

    tick: str = "1 day"
    warm_up: str = "0 days"


class WhileWaiting(Word):
    """What a patient does who needs care while on a list: one visit to an open service, then a decision.

    Where that decision ends at home they keep their place; where it leads to a service they leave the list for it.
    """

    service: str
    then: Destination


class Care(Word):
    """Where care begins, and what people do while they wait."""

    entry: Destination
    while_waiting: WhileWaiting | None = None


class Outcome(Word):
    """A figure that a comparison reports.

    `of` says what it is: `seen` or `referral`, how many of them at the named services; `wait`, the mean days from
    referral to the first visit there within 52 weeks, of everyone referred, those still waiting counted; `cost`, all
    prices paid; `qalys`, health over time. `better` says which way is good for patients or for the budget; `neither`
    where a change is no good or bad in itself.
    """

    title: str = Field(min_length=1)
    of: Literal["seen", "referral", "wait", "cost", "qalys"]
    services: list[str] = []
    better: Literal["less", "more", "neither"]


@dataclass(frozen=True)
class Pathway:
    """Everything a pathway file says, with the quantities it uses. Made by `load_pathway`."""

    name: str
    title: str
    says: str
    clock: Clock
    onset: Onset
    prevalent: Prevalent | None
    health: Health
    care: Care
    services: Mapping[str, Service]
    decisions: Mapping[str, Decision]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    practice_effects: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    levers: Mapping[str, Lever] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    quantities: Mapping[str, Quantity] = field(default_factory=dict)

    @property
    def capacity_changes(self) -> list[tuple[str, Change]]:
        """Every change of capacity that a lever can make, with the lever's name."""
        return [(name, change) for name, lever in self.levers.items() for change in lever.changes if change.service]

    def services_with(self, role: Role) -> list[str]:
        """The names of the services that have a role, in the order of the file."""
        return [name for name, service in self.services.items() if role in service.roles]
