"""Which practices make a region: named by code or by name, as the map of practices has them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from pathways.files.opened import printable
from pathways.problems import BadInput, Problem, refuse

NEAR, SHORTEST = 6, 3
"""How many near names are told; of how many letters a part of a name must be."""
ALIKE = 0.6
"""How alike two names are at least, of 1, where one may be meant for the other."""


@dataclass(frozen=True)
class SelectionLevel:
    """Something that practices are chosen by: its option, its columns of codes and names on the map, what it is."""

    option: str
    code: str
    name: str
    one: str
    several: str


ICB = SelectionLevel("--icb", "icb", "icb_name", "integrated care board", "integrated care boards")
AREA = SelectionLevel("--sub-icb", "area", "area_name", "sub-ICB location", "sub-ICB locations")
NETWORK = SelectionLevel("--pcn", "network", "network_name", "network", "networks")
PRACTICE = SelectionLevel("--practice", "practice", "name", "practice", "practices")


@dataclass(frozen=True)
class Selection:
    """Which practices make the region: those of boards, of sub-ICB locations, of networks, single ones, or all of England.

    Each is named by its code or by its name; a text with commas is several of them, unless it is one name.
    """

    icbs: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    practices: tuple[str, ...] = ()
    england: bool = False

    def __post_init__(self) -> None:
        ways = len(self._given()) + self.england
        if ways != 1:
            says = (
                f"{ways} selections are given; give one of --icb, --sub-icb, --pcn, --practice or --england, "
                "with as many codes or names as you like."
            )
            raise refuse("one_selection", "region new", says)

    def _given(self) -> dict[SelectionLevel, tuple[str, ...]]:
        all_of = {ICB: self.icbs, AREA: self.areas, NETWORK: self.networks, PRACTICE: self.practices}
        return {level: names for level, names in all_of.items() if names}

    def practices_on(self, places: pd.DataFrame, *, registered: Collection[str]) -> list[str]:
        """The codes of the chosen practices on the map, and of single ones that are not on it but have people.

        `places` is by practice. `BadInput` with every name that matches nothing, or several.
        """
        if self.england:
            return [str(code) for code in places.index]
        level, wanted = next(iter(self._given().items()))
        columns = places.reset_index()
        known = {
            str(code): str(name) for code, name in zip(columns[level.code], columns[level.name], strict=True) if code
        }
        if level is PRACTICE:
            known = {**dict.fromkeys(registered, ""), **known}
        if not known:
            says = f"the map does not tell {level.several}. Use one that does, or name {AREA.several} by {AREA.option}."
            raise refuse("selection_exists", level.option, says)
        codes, problems = codes_of(level, wanted, known)
        if problems:
            raise BadInput(problems)
        return codes if level is PRACTICE else [str(code) for code in places.index[places[level.code].isin(codes)]]


def codes_of(
    level: SelectionLevel, wanted: Collection[str], known: Mapping[str, str]
) -> tuple[list[str], list[Problem]]:
    """The codes that are meant, each once, in the order of what is wanted; and what matches none, or several.

    `known` has the name of every code.

    >>> known = {"02Y": "NHS Humber ICB - 02Y", "03F": "NHS Humber ICB - 03F"}
    >>> codes_of(AREA, ["03f,nhs humber icb 02y"], known)
    (['03F', '02Y'], [])
    >>> [str(problem) for problem in codes_of(AREA, ["Humber"], known)[1]]
    ['--sub-icb Humber: no sub-ICB location has this code or name. Near are: NHS Humber ICB - 02Y (02Y), NHS Humber ICB - 03F (03F).']
    """
    by_name: dict[str, list[str]] = {}
    known = dict(sorted(known.items()))
    for code, name in known.items():
        by_name.setdefault(plain(name), []).append(code)
    found: list[str] = []
    problems: list[Problem] = []
    for text in wanted:
        for part in _parts(text, known, by_name):
            match _matches(part, known, by_name):
                case [code]:
                    found.append(code)
                case []:
                    says = f"no {level.one} has this code or name. {near(part, known)}".strip()
                    problems.append(Problem("selection_exists", f"{level.option} {printable(part)}", says))
                case several:
                    codes = ", ".join(several[:NEAR]) + (", …" if len(several) > NEAR else "")
                    says = f"{len(several)} {level.several} have this name. Name the one that is meant by its code: {codes}."
                    problems.append(Problem("selection_is_clear", f"{level.option} {printable(part)}", says))
    return list(dict.fromkeys(found)), problems


def _parts(text: str, known: Mapping[str, str], by_name: Mapping[str, list[str]]) -> list[str]:
    """What stands between commas, put together again where that is a name with a comma in it."""
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()] or [text]
    parts: list[str] = []
    while pieces:
        ends = range(len(pieces), 0, -1)
        end = next((end for end in ends if _matches(", ".join(pieces[:end]), known, by_name)), 1)
        parts.append(", ".join(pieces[:end]))
        pieces = pieces[end:]
    return parts


def _matches(text: str, known: Mapping[str, str], by_name: Mapping[str, list[str]]) -> list[str]:
    """The codes that a text can stand for: the one that it is, else those of its name."""
    code = text.strip().upper()
    return [code] if code in known else by_name.get(plain(text), []) if plain(text) else []


def plain(name: str) -> str:
    """A name as it is compared: capitals, signs and blanks do not count.

    >>> plain("NHS Humber & North  Yorkshire ICB - 03K")
    'nhs humber and north yorkshire icb 03k'
    """
    return re.sub(r"[\W_]+", " ", name.casefold().replace("&", " and ")).strip()


def near(text: str, known: Mapping[str, str]) -> str:
    """A sentence with the codes and names that are near a text, or with what there is where that is little."""
    part = plain(text)
    found = [code for code, name in known.items() if len(part) >= SHORTEST and part in plain(name)]
    if not found:
        names = {plain(name): code for code, name in known.items() if name}
        alike = difflib.get_close_matches(part, names, n=NEAR, cutoff=ALIKE)
        found = difflib.get_close_matches(text.strip().upper(), known, n=NEAR, cutoff=ALIKE) or [
            names[name] for name in alike
        ]
    if not found and len(known) <= 2 * NEAR:
        found = sorted(known)
    shown = [f"{known[code]} ({code})" if known[code] else code for code in found[:NEAR]]
    return f"Near are: {', '.join(shown)}{', …' if len(found) > NEAR else ''}." if shown else ""
