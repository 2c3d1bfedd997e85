"""A region built from official files, and from amounts per head where official files cannot tell.

What was assumed is listed in the region itself and told to whoever builds it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy import special

from pathways.assumed import assumed_sites, assumed_waiting
from pathways.load import load_quantities
from pathways.official import Registered, read_deprivation, read_map, read_registered
from pathways.pathway import Pathway
from pathways.problems import BadInput, Problem, did_you_mean, refuse
from pathways.quantity import Quantity
from pathways.region import AGE_BANDS, DECILES, SEXES, Region, RegionFile, Site, Waiting, name_fault, save_region

MANY = 8
Read = TypeVar("Read")


@dataclass(frozen=True)
class Selection:
    """Which practices make the region: those of networks, of one area, practices by code, or all of England."""

    networks: tuple[str, ...] = ()
    area: str | None = None
    practices: tuple[str, ...] = ()
    england: bool = False

    def __post_init__(self) -> None:
        ways = sum([bool(self.networks), self.area is not None, bool(self.practices), self.england])
        if ways != 1:
            raise refuse(
                "one_selection",
                "region new",
                f"{ways} selections are given; give one of --pcn, --sub-icb, --practice or --england.",
            )


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
        name, people, places, scores, selection, pathway, [registered.name, practice_map.name, deprivation.name]
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
    people: Registered,
    places: pd.DataFrame,
    scores: dict[str, float],
    selection: Selection,
    pathway: Pathway,
    files: list[str],
) -> Region:
    places = places.set_index("practice")
    chosen = _chosen(people, places, selection)
    position = {code: index for index, code in enumerate(people.codes)}
    index = np.array([position[code] for code in chosen])
    quantities = load_quantities("region.toml")
    assumed = list(people.notes)
    if people.by_age:
        counts = people.people[index]
    else:
        counts = _spread_over_ages(people.people[index], quantities["england_age_sex"])
        assumed.append(
            "Ages and sexes: not in the file of registered patients; every practice has England's shape of July 2026"
        )
    if counts.sum() == 0:
        raise refuse("people_exist", files[0], "nobody is registered at the chosen practices.")
    deciles, said = _deciles(people, scores, chosen, quantities["deprivation_correlation"].number())
    assumed += said
    areas = tuple(str(places["area"].get(code, "")) if selection.england else "" for code in chosen)
    sites, waiting, said = _assumed(pathway, counts, areas)
    assumed += said
    population = int(counts.sum())
    about = RegionFile(
        format=1,
        name=name,
        title=name.replace("_", " ").capitalize(),
        says=f"{population:,} registered people at {len(chosen)} practices, {people.date:%B %Y}. "
        "Capacity and waiting lists are assumed per head until local figures take their place.",
        start=people.date,
        sources=[
            f"Patients registered at a GP practice, {people.date:%B %Y}, NHS England ({files[0]})",
            f"Map of practices to networks, NHS England ({files[1]})",
            f"Deprivation score by practice, OHID Fingertips ({files[2]})",
        ],
        assumed=assumed,
        pathway=pathway.name,
    )
    nowhere = np.full(len(chosen), np.nan)
    return Region(
        name=name,
        about=about,
        codes=tuple(chosen),
        names=tuple(str(places["name"].get(code, "")) for code in chosen),
        networks=tuple(str(places["network"].get(code, "")) for code in chosen),
        areas=areas,
        people=counts,
        deciles=deciles,
        x_km=nowhere,
        y_km=nowhere,
        sites=tuple(sites),
        waiting=tuple(waiting),
    )


def _chosen(people: Registered, places: pd.DataFrame, selection: Selection) -> list[str]:
    """The codes of the chosen practices, each registered and on the map."""
    problems = []
    registered = set(people.codes)
    month = f"{people.date:%B %Y}"
    if selection.practices:
        chosen = list(dict.fromkeys(selection.practices))
        for code in chosen:
            if code not in registered:
                known = f" The map still lists it as {places['name'][code]}." if code in places.index else ""
                says = f"nobody was registered there in {month}: it may have closed or merged.{known} {did_you_mean(code, registered)}"
                problems.append(Problem("practices_are_open", f"--practice {code}", says))
    else:
        column = "network" if selection.networks else "area"
        wanted = selection.networks or (str(selection.area),)
        if selection.england:
            chosen = [code for code in people.codes if code in places.index]
        else:
            codes = set(places[column])
            for code in wanted:
                if code not in codes:
                    flag = "--pcn" if column == "network" else "--sub-icb"
                    says = f"the map has no practice with this code. {did_you_mean(code, codes - {''})}"
                    problems.append(Problem("selection_exists", f"{flag} {code}", says))
            on_map = [str(code) for code in places.index[places[column].isin(wanted)]]
            chosen = sorted(code for code in on_map if code in registered)
    if problems:
        raise BadInput(problems)
    if not chosen:
        raise refuse(
            "practices_exist", "region new", "no practice is left: the map and the register have none in common."
        )
    return chosen


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
    sizes = people.people.reshape(len(people.codes), -1).sum(axis=1).astype(float)
    known = np.array([code in scores for code in people.codes])
    by_score = sorted((-scores[code], k) for k, code in enumerate(people.codes) if known[k])
    order = np.array([k for _, k in by_score], dtype=int)
    place = np.full(len(people.codes), 0.5)
    if len(order) and sizes[order].sum() > 0:
        cumulative = np.cumsum(sizes[order])
        place[order] = (cumulative - sizes[order] / 2) / cumulative[-1]
    position = {code: k for k, code in enumerate(people.codes)}
    index = np.array([position[code] for code in chosen])
    points = correlation * special.ndtri(np.clip(place[index], 1e-9, 1 - 1e-9))
    cuts = special.ndtri(np.arange(len(DECILES) + 1) / len(DECILES))
    below = special.ndtr((cuts[None, :] - points[:, None]) / np.sqrt(1 - correlation**2))
    said = [f"Deprivation within practices: people's homes are correlated {correlation:g} with their practice's score"]
    without = [code for code in chosen if code not in scores]
    if without:
        shown = ", ".join(without[:MANY]) + (", …" if len(without) > MANY else "")
        said.append(f"Deprivation of {len(without)} practices without a score: taken as England's average ({shown})")
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


def write_region(region: Region, folder: Path) -> None:
    """Writes a region to a new folder, whole or not at all."""
    try:
        _write(region, folder)
    except OSError as error:
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file stands where a folder is needed" if in_the_way else error.strerror or str(error)
        says = f"it cannot be written: {why}. Choose another place."
        raise refuse("folder_can_be_written", str(folder), says) from None


def _write(region: Region, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise refuse(
            "folder_is_new", str(folder), "it exists already and is not empty. Choose another name, or remove it."
        )
    missing = [parent for parent in folder.parents if not parent.exists()]
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        save_region(region, part)
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except BaseException:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()
        raise
