"""Whether a table could tell who somebody is: by a number of ten figures, a name, a day of birth, a home.

What is found is told by its place only: nothing of such a cell is ever said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pathways.problems import Problem

FIGURES = 10
"""As many has an NHS number."""
_APART = r"[\s\u00ad\u200b-\u200f\u2060\ufeff._\-‐‑‒–—−]{0,3}"
_TEN = re.compile(rf"(?<![\w.,])\d(?:{_APART}\d){{9}}(?![\w])(?!\.\d)")
_THREE_THREE_FOUR = re.compile(r"(?<![\w.])\(?\d{3}\)?[^\w\n]{1,3}\d{3}[^\w\n]{1,3}\d{4}(?![\w])")
"""As an NHS number is printed, whatever stands between its parts: commas and strokes as well."""
_AFTER_NHS = re.compile(rf"nhs\W*(?:number|num|no)?\W*(\d(?:{_APART}\d){{9}})(?!\d)", re.IGNORECASE)
_COMMAS = re.compile(r"\d,\d{3},\d{3},\d{3}")
_DECIMAL = re.compile(r"\d{10}\.0+|\d(?:\.\d+)?[eE]\+?0?9")
_DATE = re.compile(r"(?:19|20|21)\d\d[-/.]\d\d?[-/.]\d\d?\b|\d\d?[-/.]\d\d?[-/.](?:19|20|21)\d\d\b")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}", re.IGNORECASE)
_NUMBER_NAME = re.compile(r"nhs[ _.-]*(?:number|num|no|id)(?![a-z])|(?<![a-z])nhs(?![a-z])(?=\W*$)")
_BIRTH_NAME = re.compile(r"(?<![a-z])d[._]?o[._]?b(?![a-z])|birth|(?<![a-z])born(?![a-z])")
_PERSON = r"(?:patient|(?<![a-z])pt|person|client|service[ _-]?user|subject)(?:['’]?s)?"
_PERSONS_NAME = re.compile(
    rf"surname|forename|(?:fore|first|last|family|given|middle|maiden|christian|full)[ _.-]*name|next[ _-]*of[ _-]*kin|"
    rf"{_PERSON}[ _.-]*(?:name|initials)|name[ _-]*of[ _-]*(?:the[ _-]*)?{_PERSON}"
)
_HOME_NAME = re.compile(
    rf"(?:{_PERSON}|home|residential|own)[ _.-]*(?:address|post[ _-]?code|e[ _-]?mail|tele?phone|phone|mobile)"
)
_OF_A_PLACE = re.compile(
    r"practice|surgery|(?<![a-z])gp|site|clinic|hospital|provider|service(?!.*user)|trust|org|network|pcn"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?"
_TWO_WORDS = re.compile(rf"(?i:(?!(?:patient|person|case|subject)\b)){_WORD}(?:(?:,\s*|\s+){_WORD})+")
"""As persons are called: two words or more, without figures."""
NAMES_ALONE = ("name", "names", "initials", "full_name")
"""Columns of names, where a row is of one person."""
PERSON_COLUMNS = ("patient", "patient_id", "person", "person_id", "patientid", "personid")
"""Columns that say that a row is of one person, so that a postcode in it is a home's."""


def like_an_nhs_number(text: str) -> bool:
    """Whether text holds ten figures as an NHS number has them, whatever parts them.

    Dates with a time and numbers with decimals are not taken for one.

    >>> [like_an_nhs_number(text) for text in ("943 476 5919", "943-476-5919", "94.3476.5919", "9434765919.0")]
    [True, True, True, True]
    >>> [like_an_nhs_number(text) for text in ("2025-04-01 00:00", "0.123456789", "07700 900 1234", "12345")]
    [False, False, False, False]
    """
    if len(text) < FIGURES and "e" not in text.lower():
        return False
    if _THREE_THREE_FOUR.search(text) or any(not _DATE.match(found[1]) for found in _AFTER_NHS.finditer(text)):
        return True
    if _COMMAS.fullmatch(text.strip()) or (_DECIMAL.fullmatch(text.strip()) and _is_ten(text)):
        return True
    for found in _TEN.finditer(text):
        apart = re.sub(r"\d", "", found[0])
        is_decimal = apart == "." and not found[0].endswith(".")
        if not is_decimal and not (apart and _DATE.match(found[0])):
            return True
    return False


def _is_ten(text: str) -> bool:
    number = float(text)
    return 10 ** (FIGURES - 1) <= number < 10**FIGURES and number % 1 == 0


def shown(name: str) -> str:
    """The name of a column as it may be told."""
    return "(not shown)" if like_an_nhs_number(name) else name


def persons_in(file: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Problem]:
    """What in a table could tell who somebody is, by column; empty where nothing could.

    >>> rows = [["P1", "943 476 5919"]]
    >>> [str(problem) for problem in persons_in("south.csv", ["practice", "note"], rows)]
    ["south.csv: column 2 ('note'): it looks like NHS numbers. Remove it and give the file again; nothing of it was kept or shown."]
    """
    of_persons = any(name.strip().lower() in PERSON_COLUMNS for name in header)
    problems = []
    for position, name in enumerate(header):
        cells = {row[position] for row in rows if position < len(row)}
        if what := _what(name, cells, of_persons=of_persons):
            named = "" if like_an_nhs_number(name) else f" ('{name}')"
            says = f"it looks like {what}. Remove it and give the file again; nothing of it was kept or shown."
            problems.append(Problem("nobody_is_named", f"{file}: column {position + 1}{named}", says))
    beyond = {cell for row in rows for cell in row[len(header) :]}
    if any(map(like_an_nhs_number, beyond)):
        says = "cells beyond the header look like NHS numbers. Remove them; nothing of the file was kept or shown."
        problems.append(Problem("nobody_is_named", file, says))
    return problems


def _what(name: str, cells: set[str], *, of_persons: bool) -> str:
    """What a column looks like that tells who somebody is, or nothing."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).lower()
    if like_an_nhs_number(name) or _NUMBER_NAME.search(plain) or any(map(like_an_nhs_number, cells)):
        return "NHS numbers"
    if _BIRTH_NAME.search(plain):
        return "dates of birth"
    if _PERSONS_NAME.search(plain):
        return "names of persons"
    if _HOME_NAME.search(plain):
        return "where persons live or how they are reached"
    return _of_one_person(plain, {cell.strip() for cell in cells} - {""}) if of_persons else ""


def _of_one_person(plain: str, cells: set[str]) -> str:
    """What a column looks like in a table of which each row is of one person, or nothing."""
    if plain in NAMES_ALONE or (plain in PERSON_COLUMNS and cells and all(map(_TWO_WORDS.fullmatch, cells))):
        return "names of persons"
    if _OF_A_PLACE.search(plain):
        return ""
    if any(map(_EMAIL.fullmatch, cells)):
        return "where persons live or how they are reached"
    if any(map(_POSTCODE.fullmatch, cells)):
        return "postcodes of persons"
    return ""
