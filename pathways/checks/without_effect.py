"""What a scenario writes and nothing comes of: the region knows better, the run ends before, nothing reads it.

Each is a warning that says who wins and what to do; none is a fault of the file, which may do all it says elsewhere.
Whoever runs or checks a scenario tells them (`sim.experiments.as_written`). Names that do not exist are errors, found by the checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pathways.checks.walk import bounds_used, conditions, quantities_used, whens_of
from pathways.decision import REST
from pathways.draft import Draft
from pathways.lever import Change, Lever, LeverSetting, Scenario
from pathways.pathway import Pathway
from pathways.problems import Problem
from pathways.provision import moves
from pathways.quantity import DAYS_IN
from pathways.region import Region
from pathways.timing import length_in_days

RULE = "scenario_has_effect"
ONLY_BUDGET = "only `backpath budget` reads it, so that nothing else changes"
ONLY_TARGETS = "only the comparison with published courses reads it (`backpath validate`), so that no result changes"


def without_effect(
    scenario: Scenario, pathway: Pathway, region: Region, *, name: str, years: float | None = None
) -> list[Problem]:
    """What a scenario says that comes to nothing in a region, in a run of so many measured years (of any length: None).

    `pathway` is the scenario's, with the scenario's quantities put in; `name` is what the scenario is called.
    """
    about = _About(scenario, pathway, region, years, Draft.of(pathway))
    found = []
    for lever in scenario.levers:
        found += [(f"levers.{lever}{part}", says) for part, says in about.lever(lever)]
    for quantity in scenario.quantities:
        if says := about.quantity(quantity):
            found.append((f"quantities.{quantity}", says))
    return [Problem(RULE, f"{name}: {where}", says, "warning") for where, says in found]


@dataclass(frozen=True)
class _About:
    """A scenario in a region."""

    scenario: Scenario
    pathway: Pathway
    region: Region
    years: float | None
    draft: Draft

    @property
    def place(self) -> str:
        return self.region.about.title

    # quantities

    def quantity(self, name: str) -> str:
        """Why a replaced quantity changes nothing, or not all that it might; "" where it does."""
        uses = [path for path, used, _ in quantities_used(self.draft) if used == name]
        uses += [path for path, used in bounds_used(self.draft) if used == name]
        if not uses:
            return f"nothing in the pathway '{self.pathway.name}' uses it, so nothing changes. Replace one that is used, or remove it."
        whys = {path: self._why_dead(path) for path in uses}
        if all(whys.values()):
            return f"changes nothing: {'; '.join(dict.fromkeys(whys.values()))}."
        by_region = dict.fromkeys(why for path, why in whys.items() if why and not path.startswith("levers."))
        if not by_region:
            return ""
        alive = ", ".join(path for path, why in whys.items() if not why)
        return f"acts on {alive} alone: {'; '.join(by_region)}."

    def _why_dead(self, path: str) -> str:
        """Why what stands at a path of the pathway is not read in this region, or without the levers that are set."""
        match path.split("."):
            case ["services", service, ("per_100k" | "sites" | "waiting_per_100k") as word]:
                return self._region_wins(service, word)
            case ["services", service, "price"] if service in self.region.prices:
                price, year = self.region.prices[service]
                title = self.pathway.services[service].title
                return (
                    f"prices.csv of {self.place} has £{price:g} ({year}) for {title} and wins over the pathway. Write the "
                    "price there, or remove its row"
                )
            case ["services", _, "cash_share" | "contact"]:
                return ONLY_BUDGET
            case ["services", service, "choice", *word]:
                return self._choice(service, word)
            case ["health", "pain" | "disability", _]:
                return ONLY_TARGETS
            case ["levers", lever, *word]:
                return self._of_lever(lever, ".".join(word))
            case _:
                return ""

    def _region_wins(self, service: str, word: str) -> str:
        title = self.pathway.services[service].title
        if word == "waiting_per_100k":
            listed = self.region.waiting_for(service)
            has = f"has {listed} people on the list of {title}" if listed else f"has nobody on the list of {title}"
            return (
                f"waiting_lists.csv of {self.place} {has} and wins over what is assumed per head. Change the list there, in "
                "a copy of the region"
            )
        amount, unit = round(self.region.amount_of(service), 2), self.pathway.services[service].unit
        grade = ", ".join(dict.fromkeys(site.grade for site in self.region.sites_of(service)))
        return (
            f"capacity.csv of {self.place} has {amount:g} {unit} of {title} ({grade}) and wins over what is assumed per head. "
            "Change the amount there, in a copy of the region, or set a lever with 'capacity_times' or 'capacity_plus_per_100k'"
        )

    def _choice(self, service: str, word: list[str]) -> str:
        title = self.pathway.services[service].title
        sites = self.region.sites_of(service)
        most = max((sum(site.area == area for site in sites) for area in self.region.area_names()), default=0)
        if most <= 1:
            return f"{self.place} has one site of {title}, so nobody chooses"
        if word == ["distance"] and np.isnan([site.x_km for site in sites]).all() | np.isnan(self.region.x_km).all():
            return f"{self.place} has no places on a map, so no distance is known. Fill in x_km and y_km"
        if word[0] == "disciplines" and all(site.discipline != word[1] for site in sites):
            return f"no site of {title} in {self.place} has the discipline '{word[1]}'"
        return ""

    # levers

    def lever(self, name: str) -> Iterator[tuple[str, str]]:
        """What of a lever that is set comes to nothing: part of the setting ("" for all of it), and why."""
        lever, setting = self.pathway.levers[name], self.scenario.levers[name]
        if why := self._never_on(name):
            yield why
            return
        closed = dict.fromkeys(str(change.service) for change in lever.changes if self._is_closed(change))
        for service in closed:
            title = self.pathway.services[service].title
            yield (
                "",
                f"multiplies the capacity of {title}, which is 0 in capacity.csv of {self.place}: it stays closed. Write an "
                "amount there, in a copy of the region, or use a lever with 'capacity_plus_per_100k'.",
            )
        whys = [self._change(change) for change in lever.changes if change.service not in closed]
        if whys and all(whys) and not self._is_named(name):
            yield "", f"changes nothing: {'; '.join(dict.fromkeys(whys))}."
        only_capacity = lever.changes and all(change.service for change in lever.changes) and not self._is_named(name)
        if only_capacity and setting.reach is not None and setting.reach < 1:
            yield (
                ".reach",
                f"{setting.reach:g} does not make the change smaller: the lever changes capacity alone, which is as written as soon "
                "as any practice takes part. For less, replace the quantity of the change.",
            )

    def _never_on(self, name: str) -> tuple[str, str] | None:
        """Why a lever that is set is on nowhere, with the part of the setting that makes it so."""
        lever, setting = self.pathway.levers[name], self.scenario.levers[name]
        reach = self._reach(lever, setting)
        if setting.practices is None and reach == 0:
            part = ".reach" if setting.reach is not None else ""
            return part, "reaches no practice, so it does nothing. Give it a reach above 0, or remove it."
        if setting.practices is not None:
            chosen = np.isin(self.region.codes, setting.practices)
            if chosen.any() and not self.region.people[chosen].any():
                return ".practices", "nobody is registered there, so it does nothing. Name other practices."
        starts = length_in_days(setting.starts)
        first = starts + self._first_adoption(lever)
        later = "" if first == starts else f", and no practice takes it up before {_weeks(first - starts)} have passed"
        if self.years is not None and first >= self.years * DAYS_IN["years"]:
            ends = f"a run of {self.years:g} years ends before"
            says = f"'{setting.starts}'{later}: {ends}, and the lever is never on. Run longer (--years), or start it sooner."
            return ".starts", says
        if setting.ends is not None and first >= length_in_days(setting.ends):
            return (
                ".ends",
                f"'{setting.ends}' is before anyone takes it up{later}, so the lever is never on. Let it last longer.",
            )
        return None

    def _reach(self, lever: Lever, setting: LeverSetting) -> float:
        if setting.reach is not None:
            return setting.reach
        return self.pathway.quantities[lever.reach].number() if lever.reach else 1.0

    def _first_adoption(self, lever: Lever) -> float:
        """Days from the start before which no practice takes a lever up, where its words say so; else 0."""
        if lever.adoption is None:
            return 0.0
        first = lever.adoption.fixed or (lever.adoption.uniform[0] if lever.adoption.uniform else None)
        return self.pathway.quantities[first].days() if first else 0.0

    def _change(self, change: Change) -> str:
        """Why a change of a lever comes to nothing; "" where it does not."""
        quantities = self.pathway.quantities
        if change.service:
            title = self.pathway.services[change.service].title
            if moves(self.pathway, change):
                return ""
            stays = f"'{change.capacity_times}' is 1, so the capacity of {title} stays"
            return stays if change.capacity_times else f"it adds 0 to {title}"
        option = f"'{change.option}' of '{change.decision}'"
        if change.plus:
            return "" if quantities[change.plus].number() else f"it adds 0 to the share of {option}"
        if quantities[str(change.times)].number() == 1:
            return f"'{change.times}' is 1, so the share of {option} stays"
        share = self.pathway.decisions[str(change.decision)].options[str(change.option)].share
        if share != REST and quantities[share].number() == 0 and not self._is_opened(change):
            return f"it multiplies the share of {option}, which is 0: only 'plus' opens it"
        return ""

    def _is_closed(self, change: Change) -> bool:
        """Whether a change multiplies the capacity of a service that has none."""
        return change.capacity_times is not None and not self.region.amount_of(str(change.service))

    def _is_opened(self, change: Change) -> bool:
        """Whether a lever that is set adds to the share that a change multiplies."""
        same = [
            other
            for lever in self.scenario.levers
            for other in self.pathway.levers[lever].changes
            if (other.decision, other.option) == (change.decision, change.option)
        ]
        return any(other.plus for other in same)

    def _is_named(self, lever: str) -> bool:
        """Whether a condition of the pathway names a lever."""
        parsed = [condition for _, when in whens_of(self.draft) for condition in conditions(self.draft, when)[0]]
        return any(condition.feature == "lever" and condition.argument == lever for condition in parsed)

    def _of_lever(self, lever: str, word: str) -> str:
        """Why a quantity of a lever is not read."""
        setting = self.scenario.levers.get(lever)
        if setting is None:
            return f"the lever '{lever}' that uses it is not set in this scenario. Add [levers.{lever}]"
        if self._never_on(lever):
            return f"the lever '{lever}' is never on"
        if word == "reach":
            for written in ("reach", "practices"):
                if getattr(setting, written) is not None:
                    return f"the scenario says itself where '{lever}' is on, and wins. Change {written} in [levers.{lever}]"
        return ONLY_BUDGET if word.endswith("cash_share") else ""


def _weeks(days: float) -> str:
    return f"{days / 7:g} weeks"
