"""What a planner's figures may name: places of the region, services of the pathway, quantities of `targets.toml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from calibration.local_measures import Measure
from pathways import Pathway, Region


@dataclass(frozen=True)
class Known:
    """What figures may name: the region's places, the pathway's services, the quantities of shares."""

    region: Region
    pathway: Pathway
    shares: Collection[str]

    def practices(self, place: str) -> tuple[str, ...] | None:
        """The practices of a place: none for the whole region, None where there is no such place."""
        if not place:
            return ()
        if place in self.region.codes:
            return (place,)
        pairs = zip(self.region.codes, self.region.networks, strict=True)
        return tuple(code for code, network in pairs if network == place) or None

    def places(self) -> set[str]:
        """Codes of practices and networks."""
        return {*self.region.codes, *self.region.networks} - {""}


def service_faults(names: Collection[str], measure: Measure | None, pathway: Pathway) -> Iterator[str]:
    """Why a measure has no meaning at these services, one sentence each."""
    services = {name: pathway.services[name] for name in names if name in pathway.services}
    if measure is None:
        return
    if measure.needs == "list":
        for name, service in services.items():
            if service.capacity == "open":
                yield f"'{name}' has no list in the pathway '{pathway.name}': its capacity is open, and nobody waits there."
    if measure.needs == "attendance" and services and all(each.attendance is None for each in services.values()):
        yield f"no appointments are missed at '{' + '.join(services)}' in the pathway '{pathway.name}'."
