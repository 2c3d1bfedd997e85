"""A region built from official files, and from amounts per head where official files cannot tell.

What was assumed is listed in the region itself and told to whoever builds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy import special

from pathways.assumed import assumed_sites, assumed_waiting
from pathways.files.writing import new_folder
from pathways.load import load_quantities
from pathways.official.places import PracticeMap, read_deprivation, read_map
from pathways.official.practices import Registered, read_registered
from pathways.official.selection import Selection
from pathways.pathway import Pathway
from pathways.problems import BadInput, Problem, listed, refuse
from pathways.quantity import Quantity
from pathways.region import AGE_BANDS, DECILES, SEXES, Region, RegionFile, Site, Waiting, name_fault
from pathways.region_folder import save_region

ONE_IN = 10
"""Of more people than one in so many, sex and age are never lacking in a whole file."""
MANY = 8
PRACTICES_OF_ENGLAND = 5_000
"""A register of England has more practices than this."""
Read = TypeVar("Read")


def region_from_official_files(
    name: str, *, registered: Path, practice_map: Path, deprivation: Path, selection: Selection, pathway: Pathway
) -> Region:
    """Reads the three files and builds the region; `BadInput` with everything that is wrong with them."""
    problems: list[Problem] = []
    if fault := name_fault(name):
        problems.append(Problem("name", "region new", f"{fault}."))
    people, places, scores = (
        _or_problems(read_registered, registered, problems),
        _or_problems(read_map, practice_map, problems),
        _or_problems(read_deprivation, deprivation, problems),
    )
    if problems or people is None or places is None or scores is None:
        raise BadInput(problems)
    return _build(
        name,
        people=people,
        places=places,
        scores=scores,
        selection=selection,
        pathway=pathway,
        files=[registered.name, practice_map.name, deprivation.name],
    )


def _or_problems(read: Callable[[Path], Read], path: Path, problems: list[Problem]) -> Read | None:
    """What a reader finds in a file; its problems are added to those of the other files."""
    try:
        return read(path)
    except BadInput as error:
        problems += error.problems
        return None


def _build(
    name: str,
    *,
    people: Registered,
    places: PracticeMap,
    scores: dict[str, float],
    selection: Selection,
    pathway: Pathway,
    files: list[str],
) -> Region:
    chosen, warnings = chosen_practices(people, places, selection)
    table = places.table
    index = people.places_of(chosen)
    quantities = load_quantities("region.toml")
    assumed = _missing(people, chosen, files[0])
    if people.by_age:
        counts = people.people[index]
    else:
        counts = _spread_over_ages(people.people[index], quantities["england_age_sex"])
        assumed.append(
            "Ages and sexes: not in the file of registered patients; every practice has England's shape of July 2026"
        )
    if counts.sum() == 0:
        raise refuse("people_exist", files[0], "nobody is registered at the chosen practices.")
    if not set(chosen) & set(scores):
        says = (
            f"none of the {len(chosen)} chosen practices has a score in it. Is it of GP practices, and of their codes?"
        )
        raise refuse("scores_are_of_practices", files[2], says)
    deciles, said = _deciles(people, scores, chosen, quantities["deprivation_correlation"].number())
    assumed += said
    areas = tuple(str(table["area"].get(code, "")) if selection.england else "" for code in chosen)
    sites, waiting, said = _assumed(pathway, counts, areas)
    assumed += said
    population = int(counts.sum())
    about = RegionFile(
        format=1,
        name=name,
        title=name.replace("_", " ").capitalize(),
        says=f"{population:,} registered people at {len(chosen)} practices, {people.date:%B %Y}.",
        start=people.date,
        sources=[
            f"Patients registered at a GP practice, {people.date:%B %Y}, NHS England ({files[0]})",
            f"Map of practices to networks, {f'{places.date:%B %Y}, ' if places.date else ''}NHS England ({files[1]})",
            f"Deprivation score by practice, OHID Fingertips ({files[2]})",
        ],
        assumed=assumed,
        warnings=warnings,
        pathway=pathway.name,
    )
    nowhere = np.full(len(chosen), np.nan)
    return Region(
        name=name,
        about=about,
        codes=tuple(chosen),
        names=tuple(str(table["name"].get(code, "")) for code in chosen),
        networks=tuple(str(table["network"].get(code, "")) for code in chosen),
        areas=areas,
        people=counts,
        deciles=deciles,
        x_km=nowhere,
        y_km=nowhere,
        sites=tuple(sites),
        waiting=tuple(waiting),
    )


def chosen_practices(people: Registered, places: PracticeMap, selection: Selection) -> tuple[list[str], list[str]]:
    """The codes of the chosen practices, each with people; and whom the two files do not have in common, in sentences."""
    table, registered = places.table, set(people.codes)
    wanted = selection.practices_on(table, registered=registered)
    month = f"{people.date:%B %Y}"
    closed = [code for code in wanted if code not in registered]
    if selection.practices and closed:
        known = {code: f" The map still lists it as {table['name'][code]}." for code in closed if code in table.index}
        says = f"nobody was registered there in {month}: it may have closed or merged."
        raise BadInput(
            Problem("practices_are_open", f"--practice {code}", says + known.get(code, "")) for code in closed
        )
    chosen = [code for code in wanted if code in registered]
    chosen = chosen if selection.practices else sorted(chosen)
    if not chosen:
        raise refuse(
            "practices_exist", "region new", "no practice is left: the map and the register have none in common."
        )
    warnings = []
    if places.date is not None and places.date != people.date:
        warnings.append(
            f"The map is of {places.date:%B %Y}, and the register of {month}: practices have opened, closed, merged and moved "
            "between the two. Use the map that was published with the register."
        )
    if closed:
        named = [f"{code} {table['name'][code]}".strip() for code in closed]
        warnings.append(
            f"{counted(len(closed), 'chosen practice')} on the map with nobody registered in {month}, left out: {listed(named, MANY)}."
        )
    size = {
        code: int(known) + people.missing.get(code, 0) for code, known in zip(people.codes, people.sizes, strict=True)
    }
    off = [code for code in (chosen if selection.practices else people.codes) if code not in table.index]
    if off:
        named = [f"{code} ({size[code]:,})" for code in sorted(off, key=lambda code: -size[code])]
        lost = (
            "they have no name and no network"
            if selection.practices
            else "in which area they are is not known, and they are left out"
        )
        warnings.append(
            f"{counted(len(off), 'registered practice')} with {sum(size[code] for code in off):,} people not on the map; "
            f"{lost}: {listed(named, MANY)}."
        )
    return chosen, warnings


def _missing(people: Registered, chosen: Sequence[str], file: str) -> list[str]:
    """People of the chosen practices whose sex or age is not stated; `BadInput` where that is everybody of a practice."""
    missing = {code: people.missing[code] for code in chosen if code in people.missing}
    sizes = dict(zip(people.codes, people.sizes, strict=True))
    if bare := [code for code in missing if sizes[code] == 0]:
        says = f"there is a total and no age of the people of {listed(bare, MANY)}. Download the file again."
        raise refuse("practices_have_ages", file, says)
    if not missing:
        return []
    lost, everybody = sum(missing.values()), sum(missing.values()) + sum(sizes[code] for code in chosen)
    if lost * ONE_IN > everybody:
        says = (
            f"{lost:,} of the {everybody:,} people of the chosen practices stand in no row of a sex and an age: rows are "
            "lacking. Download the file again."
        )
        raise refuse("people_have_ages", file, says)
    named = listed([f"{code}: {count:,}" for code, count in sorted(missing.items(), key=lambda each: -each[1])], MANY)
    return [f"Sex or age of {lost:,} people is not stated, and they are left out ({named})"]


def counted(number: int, what: str) -> str:
    """A number of things that are, as a sentence begins.

    >>> counted(1, "practice"), counted(2, "practice")
    ('1 practice is', '2 practices are')
    """
    return f"1 {what} is" if number == 1 else f"{number} {what}s are"


def _spread_over_ages(totals: np.ndarray, shape: Quantity) -> np.ndarray:
    """Totals by practice as counts by sex and age, in whole people, largest remainders first."""
    levels = shape.levels()
    shares = np.array([levels[f"{sex} {band}"] for sex in SEXES for band in AGE_BANDS])
    exact = totals[:, None] * (shares / shares.sum())[None, :]
    counts = np.floor(exact).astype(np.int64)
    for practice, missing in enumerate(totals - counts.sum(axis=1)):
        largest = np.argsort(counts[practice] - exact[practice], kind="stable")[:missing]
        counts[practice, largest] += 1
    return counts.reshape(len(totals), len(SEXES), len(AGE_BANDS))


def _deciles(
    people: Registered, scores: dict[str, float], chosen: list[str], correlation: float
) -> tuple[np.ndarray, list[str]]:
    """Shares of each practice's people by national decile of deprivation.

    A practice's place among all practices of England, weighted by people, is taken as a point of the normal
    distribution; its people are spread around `correlation` times that point so that England has a tenth in each decile.
    """
    sizes = people.sizes.astype(float)
    known = np.array([code in scores for code in people.codes])
    by_score = sorted((-scores[code], k) for k, code in enumerate(people.codes) if known[k])
    order = np.array([k for _, k in by_score], dtype=int)
    place = np.full(len(people.codes), 0.5)
    if len(order) and sizes[order].sum() > 0:
        cumulative = np.cumsum(sizes[order])
        place[order] = (cumulative - sizes[order] / 2) / cumulative[-1]
    index = people.places_of(chosen)
    points = correlation * special.ndtri(np.clip(place[index], 1e-9, 1 - 1e-9))
    cuts = special.ndtri(np.arange(len(DECILES) + 1) / len(DECILES))
    below = special.ndtr((cuts[None, :] - points[:, None]) / np.sqrt(1 - correlation**2))
    said = [f"Deprivation within practices: people's homes are correlated {correlation:g} with their practice's score"]
    without = [code for code in chosen if code not in scores]
    if without:
        says = f"Deprivation of {len(without)} practices without a score: taken as England's average ({listed(without, MANY)})"
        said.append(says)
    if known.sum() < PRACTICES_OF_ENGLAND:
        says = f"Deprivation: a practice's place is that among the {known.sum()} practices of the file, which are not all of England's"
        said.append(says)
    return np.round(np.diff(below, axis=1), 4), said


def _assumed(
    pathway: Pathway, counts: np.ndarray, areas: tuple[str, ...]
) -> tuple[list[Site], list[Waiting], list[str]]:
    """Sites and lists of every area, sized per head."""
    names = list(dict.fromkeys(areas))
    sites: list[Site] = []
    waiting: list[Waiting] = []
    said: list[str] = []
    for name in names:
        inside = np.array([area == name for area in areas])
        more, about_sites = assumed_sites(pathway, population=int(counts[inside].sum()), area=name)
        lists, about_lists = assumed_waiting(pathway, more)
        sites, waiting = sites + more, waiting + lists
        if len(names) == 1:
            said += about_sites + about_lists
    if len(names) > 1:
        _, about = assumed_sites(pathway, population=100_000, area="")
        said = [f"In each of the {len(names)} areas, for every 100,000 people: {sentence}" for sentence in about]
        said.append(f"Waiting lists at the start in each of the {len(names)} areas, per head likewise")
    return sites, waiting, said


def write_region(region: Region, folder: Path, *, overwrite: bool = False) -> None:
    """Writes a region to a new folder, whole or not at all."""
    with new_folder(folder, overwrite=overwrite) as part:
        save_region(region, part)
