"""What is assumed about an area, told from the files as they are now, not as they were when the area was made.

Amounts and lists follow the grades in `capacity.csv`; a sentence of `region.toml` about an amount is told only while the
amount is still that one and still assumed.
"""

from __future__ import annotations

from collections.abc import Iterator

from pathways.pathway import Pathway
from pathways.provision import rounded
from pathways.region import ASSUMED, Region


def assumed_here(region: Region, pathway: Pathway) -> list[str]:
    """Sentences on what is assumed about an area, and on what is its own.

    >>> from pathways import load_pathway, load_region
    >>> assumed_here(load_region("demonstration"), load_pathway("usual_care"))[1][:71]
    'Capacity, assumed: Community physiotherapy 104 appointments a week; Gro'
    """
    grades = _Grades(region, pathway)
    kept = [sentence for sentence in region.about.assumed if grades.still_holds(sentence)]
    untold = [name for name in grades.assumed if not any(grades.tells(sentence, name) for sentence in kept)]
    said = [*kept]
    if untold:
        said.append(f"Capacity, assumed: {'; '.join(grades.amount(name) for name in untold)}")
    listed = [name for name in grades.assumed if region.waiting_for(name)]
    listed = [name for name in listed if not any(grades.tells_list(sentence, name) for sentence in kept)]
    if listed:
        told = "; ".join(f"{pathway.services[name].title} {region.waiting_for(name)} people" for name in listed)
        said.append(f"Waiting lists at the start, assumed as the capacity is: {told}")
    said += grades.shares()
    own = [name for name in grades.limited if name not in grades.assumed]
    if own:
        said.append(f"Not assumed but the area's own: capacity, {'; '.join(grades.amount(name) for name in own)}")
    if region.prices:
        priced = ", ".join(pathway.services[name].title for name in region.prices if name in pathway.services)
        said.append(f"Not assumed but the area's own: prices, {priced}")
    return said


def grades_in_short(region: Region, pathway: Pathway) -> str:
    """How many services have capacity of their own, and how many an assumed one, in one sentence."""
    grades = _Grades(region, pathway)
    few, all_of = len(grades.assumed), len(grades.limited)
    if not few:
        return f"Capacity of {region.about.title}: local, of all {all_of} services."
    own = [pathway.services[name].title for name in grades.limited if name not in grades.assumed]
    return f"Capacity of {region.about.title}: assumed of {few} of {all_of} services" + (
        f", local of {', '.join(own)}." if own else "."
    )


class _Grades:
    """The sites of a region by service, and how well each service's capacity is known."""

    def __init__(self, region: Region, pathway: Pathway) -> None:
        self.region, self.pathway = region, pathway
        self.limited = [
            name for name, word in pathway.services.items() if word.capacity != "open" and region.sites_of(name)
        ]
        self.assumed = [name for name in self.limited if any(site.grade == ASSUMED for site in region.sites_of(name))]
        self.several = len(region.area_names()) > 1

    def amount(self, service: str) -> str:
        """A service's capacity in words, with the part of it that is assumed where not all is."""
        word, total = self.pathway.services[service], self.region.amount_of(service)
        part = sum(site.amount for site in self.region.sites_of(service) if site.grade == ASSUMED)
        of_it = f", of which {rounded(part)} assumed" if 0 < part < total else ""
        return f"{word.title} {rounded(total)} {word.unit}{of_it}"

    def still_holds(self, sentence: str) -> bool:
        """Whether a sentence of region.toml is of no amount, or of one that still stands and is still assumed.

        A list has no grade of its own: while it has as many people as were assumed, it is the assumed one.
        """
        of = [name for name in self.limited if self._names(sentence, name)]
        return all(self.tells(sentence, name) or self.tells_list(sentence, name) for name in of)

    def _names(self, sentence: str, service: str) -> bool:
        word = self.pathway.services[service]
        return any(f"({name})" in sentence for name in (word.per_100k, word.waiting_per_100k) if name)

    def tells(self, sentence: str, service: str) -> bool:
        """Whether a sentence tells the capacity that a service has."""
        word = self.pathway.services[service]
        if f"({word.per_100k})" not in sentence:
            return False
        all_assumed = all(site.grade == ASSUMED for site in self.region.sites_of(service))
        total = self.region.amount_of(service)
        return all_assumed and (self.several or self._number(sentence, word.title, total))

    def tells_list(self, sentence: str, service: str) -> bool:
        """Whether a sentence tells the list that a service has at the start."""
        word = self.pathway.services[service]
        if f"({word.waiting_per_100k})" not in sentence:
            return False
        return self.several or self._number(sentence, word.title, self.region.waiting_for(service))

    @staticmethod
    def _number(sentence: str, title: str, number: float) -> bool:
        """Whether what a sentence says first about a service is a number, to a hundredth a provider."""
        first = sentence.removeprefix(f"{title}: ").split(" ")[0].replace(",", "")
        try:
            return abs(float(first) - number) <= max(number, 20) / 100
        except ValueError:
            return False

    def shares(self) -> Iterator[str]:
        """A sentence for each share of back pain that was taken."""
        for name in self.limited:
            title = self.pathway.services[name].title
            found = {
                (site.back_pain_share, site.grade) for site in self.region.sites_of(name) if site.back_pain_share != 1
            }
            for share, grade in sorted(found):
                yield f"{title}: of the capacity as written a share of {share:g} is for back pain ({grade})"
            for share in sorted({row.back_pain_share for row in self.region.waiting if row.service == name} - {1.0}):
                yield f"{title}: of the people on the list as written a share of {share:g} have back pain ({ASSUMED})"
