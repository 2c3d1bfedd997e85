"""What the levers of a scenario do to the capacity of an area in full: appointments a week, or places, before and after.

By the figures of the region and the scenario, with every practice that takes part, before anything wears off. What was
provided in the runs, days closed and parts of years and all, is counted in `sim.provided`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pathways.lever import Change, Scenario
from pathways.pathway import Pathway
from pathways.region import Region
from pathways.timing import length_in_days


def rounded(amount: float, digits: int = 4) -> str:
    """An amount to so many figures, the whole of it where it has more, and never as a power of ten.

    >>> rounded(11_449.2), rounded(25.789), rounded(1144.92, digits=3)
    ('11,449', '25.79', '1,145')
    """
    short = float(f"{amount:.{digits}g}")
    return f"{amount:,.0f}" if abs(short) >= 10**digits else f"{short:,.{digits}g}"


@dataclass(frozen=True)
class Provision:
    """The capacity of one service before and after the levers of a scenario; `unit` is 'appointments a week' or 'places'.

    `says` tells when and by which levers.
    """

    service: str
    title: str
    unit: str
    before: float
    after: float
    levers: tuple[str, ...]
    says: str

    @property
    def sentence(self) -> str:
        """The change in words."""
        return f"{self.title} from {rounded(self.before)} to {rounded(self.after)} {self.unit} ({self.says})"


def provision(pathway: Pathway, region: Region, scenario: Scenario) -> list[Provision]:
    """The services whose capacity the levers of a scenario change, with those that are on together in full, the areas
    together. Levers of one service that are never on together are told one after the other."""
    on = {name for name, setting in scenario.levers.items() if setting.reach != 0}
    changes = [(lever, change) for lever, change in pathway.capacity_changes if lever in on and moves(pathway, change)]
    found = []
    for service in dict.fromkeys(str(change.service) for _, change in changes):
        own = [(lever, change) for lever, change in changes if change.service == service]
        word = pathway.services[service]
        for levers in _together(scenario, tuple(dict.fromkeys(lever for lever, _ in own))):
            acting = [(lever, change) for lever, change in own if lever in levers]
            before, after = _amounts(pathway, region, scenario, service, acting)
            says = _when(pathway, scenario, levers)
            found.append(Provision(service, word.title, word.unit, before, after, levers, says))
    return [each for each in found if each.after != each.before]


def moves(pathway: Pathway, change: Change) -> bool:
    """Whether a change of capacity is one at all: neither a factor of 1 nor an addition of 0."""
    if change.capacity_times:
        return pathway.quantities[change.capacity_times].number() != 1
    return pathway.quantities[str(change.capacity_plus_per_100k)].number() != 0


def _together(scenario: Scenario, levers: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Which of some levers are on together, and at some time no others with them, the earliest first."""

    def is_on(name: str, day: float) -> bool:
        setting = scenario.levers[name]
        ends = length_in_days(setting.ends) if setting.ends else float("inf")
        return length_in_days(setting.starts) <= day < ends

    starts = sorted({length_in_days(scenario.levers[name].starts) for name in levers})
    sets = list(dict.fromkeys(tuple(name for name in levers if is_on(name, day)) for day in starts))
    return [each for each in sets if not any(set(each) < set(other) for other in sets)]


def _amounts(
    pathway: Pathway, region: Region, scenario: Scenario, service: str, changes: Iterable[tuple[str, Change]]
) -> tuple[float, float]:
    """What a service has in all areas, without some levers' changes and with them in full."""
    before, after = 0.0, 0.0
    for name in region.area_names():
        area = region.area(name)
        there = area.amount_of(service)
        times, plus = 1.0, 0.0
        for lever, change in changes:
            practices = scenario.levers[lever].practices
            if practices is not None and not set(practices) & set(area.codes):
                continue
            if change.capacity_times:
                times *= pathway.quantities[change.capacity_times].number()
            else:
                per_100k = pathway.quantities[str(change.capacity_plus_per_100k)].number()
                plus += per_100k * area.population / 100_000
        before, after = before + there, after + there * times + plus
    return before, after


def _when(pathway: Pathway, scenario: Scenario, levers: Iterable[str]) -> str:
    """By which levers, from when, until when."""
    said = []
    for name in levers:
        setting, word = scenario.levers[name], pathway.levers[name]
        start = "from the start" if length_in_days(setting.starts) == 0 else f"from {setting.starts} on"
        end = f" until {setting.ends}" if setting.ends else ""
        grows = ", once all that take part have taken it up" if word.adoption else ""
        fades = ", wearing off" if word.half_life else ""
        said.append(f"{word.title} {start}{end}{grows}{fades}")
    return "; ".join(said)
