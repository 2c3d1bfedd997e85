"""A pathway file as far as it could be read: what the checks look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from pathways.decision import Attribute, Decision
from pathways.health import Effect, Health, Onset, Prevalent
from pathways.lever import Lever
from pathways.pathway import Care, Clock, Outcome, Pathway
from pathways.quantity import Quantity
from pathways.service import Service

NAMED_SECTIONS: dict[str, type[BaseModel]] = {
    "services": Service,
    "decisions": Decision,
    "attributes": Attribute,
    "effects": Effect,
    "levers": Lever,
    "outcomes": Outcome,
    "quantities": Quantity,
}
SINGLE_SECTIONS: dict[str, type[BaseModel]] = {
    "clock": Clock,
    "onset": Onset,
    "prevalent": Prevalent,
    "health": Health,
    "care": Care,
}


@dataclass
class Draft:
    """What a pathway file says, readable or not.

    `known` holds every name that is written in a section, readable or not, so that a broken service is
    not also reported as missing.
    """

    file: str
    name: str
    title: str = ""
    says: str = ""
    singles: dict[str, Any] = field(default_factory=dict)
    named: dict[str, dict[str, Any]] = field(default_factory=lambda: {section: {} for section in NAMED_SECTIONS})
    known: dict[str, set[str]] = field(default_factory=lambda: {section: set() for section in NAMED_SECTIONS})
    practice_effects: dict[str, str] = field(default_factory=dict)
    own_quantities: set[str] = field(default_factory=set)

    def pathway(self) -> Pathway:
        """The pathway, once nothing is wrong with the draft."""
        return Pathway(
            name=self.name,
            title=self.title,
            says=self.says,
            clock=self.singles.get("clock", Clock()),
            onset=self.singles["onset"],
            prevalent=self.singles.get("prevalent"),
            health=self.singles["health"],
            care=self.singles["care"],
            practice_effects=self.practice_effects,
            **self.named,
        )

    @staticmethod
    def of(pathway: Pathway) -> Draft:
        """The draft of a pathway that was built in Python, for checking it."""
        singles = {name: getattr(pathway, name) for name in SINGLE_SECTIONS}
        named = {section: dict(getattr(pathway, section)) for section in NAMED_SECTIONS}
        return Draft(
            file=pathway.name,
            name=pathway.name,
            title=pathway.title,
            says=pathway.says,
            singles={name: word for name, word in singles.items() if word is not None},
            named=named,
            known={section: set(words) for section, words in named.items()},
            practice_effects=dict(pathway.practice_effects),
        )
