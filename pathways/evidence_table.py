"""The evidence table: every quantity with its range, unit, source and grade, and where it is used, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pathways.checks import bounds_used, conditions, quantities_used, whens_of
from pathways.condition import in_words
from pathways.decision import REST, Odds
from pathways.draft import Draft
from pathways.health import Decrement, PaceTimes
from pathways.lever import Change
from pathways.pathway import Pathway
from pathways.quantity import Quantity
from pathways.service import MissOdds, UrgentRule

GROUPS = {
    "Who falls ill": ("onset", "prevalent"),
    "What patients are like": ("attributes", "practice_effects"),
    "How illness runs, and what it takes": ("health",),
    "What treatment does": ("effects",),
    "What happens next": ("decisions",),
    "Services": ("services",),
    "Levers": ("levers",),
    "Regions": ("regions",),
    "Not used": ("",),
}
"""Groups of the table, by the section of the pathway in which a quantity is used first."""

REGIONS = "regions, where one is built from official files"

_NOUNS = {
    "attributes": "attribute",
    "capacity_plus_per_100k": "plus per 100,000",
    "capacity_times": "times",
    "changes": "",
    "decisions": "decision",
    "decrements": "",
    "disability": "disability when",
    "disciplines": "discipline",
    "effects": "effect",
    "empirical": "table",
    "exponential": "mean",
    "fixed": "",
    "freed": "freed to",
    "gamma": "mean",
    "levels": "level",
    "levers": "lever",
    "lognormal": "median",
    "odds": "",
    "options": "option",
    "p90": "nine in ten within",
    "pain": "pain when",
    "per_100k": "amount per 100,000",
    "phase_times": "phase",
    "practice_effects": "spread of practice effect",
    "premium_times": "price times",
    "priorities": "",
    "services": "service",
    "state": "first state",
    "uniform": "",
    "utility": "utility when",
    "waiting_per_100k": "waiting per 100,000",
    "weibull": "median",
}
_STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


@dataclass(frozen=True)
class EvidenceRow:
    """One quantity of the evidence table. `used` says where, in words; `group` is one of `GROUPS`.

    A table's `value` is by level, and `low_times` and `high_times`, factors on every level, stand for its range.
    """

    name: str
    group: str
    used: tuple[str, ...]
    value: float | dict[str, float]
    low: float | None
    high: float | None
    low_times: float | None
    high_times: float | None
    unit: str
    distribution: str | None
    grade: str
    source: str
    evidence: str | None
    note: str | None

    def said(self) -> str:
        """All its text, for a search."""
        said = (self.name, self.group, *self.used, self.unit, self.grade, self.source, self.evidence, self.note)
        return "\n".join(part for part in said if part)


def evidence(
    pathway: Pathway, about_regions: Mapping[str, Quantity] | None = None, *, grade: str = "", search: str = ""
) -> list[EvidenceRow]:
    """The evidence table of a pathway, a row for each quantity, by group; within one in the order of the file.

    `about_regions` are quantities that belong to no pathway. With a `grade`, only those of that grade; with
    `search`, only those whose name, use, source or note has this text in it.
    """
    used = uses(pathway)
    rows = [_row(name, quantity, used.get(name, [])) for name, quantity in pathway.quantities.items()]
    rows += [_row(name, quantity, [("regions", REGIONS)]) for name, quantity in (about_regions or {}).items()]
    order = list(GROUPS)
    rows.sort(key=lambda row: order.index(row.group))
    return [row for row in rows if grade in ("", row.grade) and search.casefold() in row.said().casefold()]


def uses(pathway: Pathway) -> dict[str, list[tuple[str, str]]]:
    """By quantity, every place where the pathway uses it: the section, and the place in words."""
    draft = Draft.of(pathway)
    found: dict[str, list[tuple[str, str]]] = {}
    places = [(path, name) for path, name, _ in quantities_used(draft)]
    places += [(_as_written(path), name) for path, name in bounds_used(draft)]
    for path, name in places:
        if name != REST:
            found.setdefault(name, []).append((path.partition(".")[0], place_in_words(pathway, path)))
    return found


def bounds_written(pathway: Pathway) -> dict[str, list[str]]:
    """The conditions with plain numbers, and where each is written: definitions, which have no range.

    >>> from pathways import load_pathway
    >>> bounds_written(load_pathway("usual_care"))["age 30 to 39"]
    ['attribute symptom_class, odds of cauda_equina if sex female and age 30 to 39']
    """
    draft = Draft.of(pathway)
    found: dict[str, list[str]] = {}
    for path, when in whens_of(draft):
        for feature, written in when.items():
            for condition in conditions(draft, {feature: written})[0]:
                if feature != "lever" and any(isinstance(bound, int) for bound in (condition.low, condition.high)):
                    place = place_in_words(pathway, _as_written(f"{path}.{feature}"))
                    found.setdefault(in_words({feature: written}), []).append(place)
    return {said: list(dict.fromkeys(found[said])) for said in sorted(found)}


def place_in_words(pathway: Pathway, path: str) -> str:
    """A dotted path into a pathway as a reader would say it.

    >>> from pathways import load_pathway
    >>> place_in_words(load_pathway("usual_care"), "decisions.gp_plan.options.mri.share")
    'decision gp_plan, option mri'
    """
    return ", ".join(part for part in _parts(pathway, path) if part)


def _parts(pathway: Pathway, path: str) -> Iterator[str]:
    at: Any = pathway
    waiting = ""
    steps = _STEP.findall(path)
    for position, step in enumerate(steps):
        if step.startswith("["):
            at = at[int(step[1:-1]) - 1]
            waiting = _item(at, first=step == "[1]")
        elif isinstance(at, Mapping):
            at = at[step]
            waiting = f"{waiting} {step}"
        else:
            yield waiting
            at = getattr(at, step)
            told = position == len(steps) - 1 and _told_already(steps)
            waiting = "" if told else _NOUNS.get(step, step.replace("_", " "))
        if step == "when":
            waiting = "" if steps[position - 1].startswith("[") else f"condition on {steps[-1]}"
            break
    yield waiting


def _told_already(steps: list[str]) -> bool:
    """Whether the last step adds nothing to what has been said: the share of an option, the size of odds."""
    match steps:
        case [*_, "options" | "levels", _, "share"]:
            return True
        case [*_, "odds" | "times", _, "times"] | [*_, "decrements", _, "by"]:
            return True
    return False


def _item(word: Any, *, first: bool) -> str:
    """What an entry of a list is about; of a bare quantity, which end of a range it is."""
    match word:
        case Odds():
            return f"odds of {word.option}{_if(word.when)}"
        case MissOdds():
            return f"odds of missing{_if(word.when)}"
        case PaceTimes():
            return f"times{_if(word.when)}"
        case Decrement():
            return f"decrement{_if(word.when)}"
        case UrgentRule():
            return f"priority {word.priority}{_if(word.when)}"
        case Change() if word.service:
            return f"capacity of service {word.service}"
        case Change():
            return f"option {word.option} of decision {word.decision}{_if(word.when)}"
    return "from" if first else "to"


def _if(when: dict[str, Any]) -> str:
    return f" if {in_words(when)}" if when else ""


def _as_written(path: str) -> str:
    """The path as it stands in the file: the options of the decision that draws an attribute are its levels."""
    return path.replace(".options.", ".levels.") if path.startswith("attributes.") else path


def _row(name: str, quantity: Quantity, used: list[tuple[str, str]]) -> EvidenceRow:
    section = used[0][0] if used else ""
    group = next((group for group, sections in GROUPS.items() if section in sections), "Not used")
    return EvidenceRow(
        name=name,
        group=group,
        used=tuple(dict.fromkeys(place for _, place in used)),
        value=quantity.value,
        low=quantity.low,
        high=quantity.high,
        low_times=quantity.low_times,
        high_times=quantity.high_times,
        unit=quantity.unit,
        distribution=quantity.distribution,
        grade=quantity.grade,
        source=quantity.source,
        evidence=quantity.evidence,
        note=quantity.note,
    )
