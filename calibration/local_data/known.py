"""What a planner's figures may name: places of the region, services of the pathway, quantities of `targets.toml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from calibration.local_data.measures import Measure
from pathways import Pathway, Region, did_you_mean

ABOUT = "targets.toml"
"""The file of a folder of targets that says what its figures are of."""


@dataclass(frozen=True)
class Known:
    """What figures may name: the region's places, the pathway's services, the quantities of shares.

    `shares` is None where nothing can be told of them, because `targets.toml` cannot be read; `file` is where they stand.
    """

    region: Region
    pathway: Pathway
    shares: Collection[str] | None
    file: str

    def share_fault(self, name: str) -> str:
        """Why a figure cannot have this share, or nothing."""
        if not name or self.shares is None or name in self.shares:
            return ""
        if self.file != ABOUT:
            return (
                f"there is no quantity '{name}': it is written in {ABOUT}, in the same folder. Write [quantities.{name}] there, "
                "and give the folder in place of the file."
            )
        hint = did_you_mean(name, self.shares) if self.shares else f"Write [quantities.{name}] there."
        return f"there is no quantity '{name}' in {ABOUT}. {hint}"

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
