"""TOML and JSON files, within bounds: what a parser would stumble over is told in a sentence. What they mean is not known here."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pathways.files.opened import TELL, bytes_of, kind_of, name_of, printable
from pathways.problems import BadInput, refuse

DEEPEST = 50
"""No file of ours has tables within tables beyond this."""
LONGEST_REASON = 300
"""So many letters are printed of what a reader of the library says."""
LARGEST = 2**64
"""No number that is counted is larger."""


def toml_in(path: Path) -> dict[str, Any]:
    """The table in a TOML file; `BadInput` when it is missing, not text, not TOML, or nested or large beyond reason."""
    text = text_in(path)
    _refuse_long_keys(text, path)
    written: dict[str, Any] = _parsed(tomllib.loads, text, path, rule="file_is_toml", what="valid TOML")
    return written


def json_in(path: Path, *, what: str = "valid JSON") -> Any:
    """What a JSON file says; `BadInput` when it is missing, not text, not JSON, or nested or large beyond reason.

    `what` it should be is told where it is not even JSON.
    """
    parse = partial(json.loads, object_pairs_hook=lambda pairs: _once(pairs, path))
    return _parsed(parse, text_in(path), path, rule="file_is_json", what=what)


def text_in(path: Path) -> str:
    """The text of a file in UTF-8; `BadInput` where it is none."""
    data = bytes_of(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = kind_of(data)
        if kind in ("text", "utf-16", "binary"):
            row = data[: error.start].count(b"\n") + 1
            says = "this is not a text file in UTF-8. Save it as UTF-8 text."
            raise refuse("file_is_text", f"{name_of(path)}: row {row}", says) from None
        raise refuse("file_is_text", name_of(path), TELL[kind]) from None


def _parsed(parse: Callable[[str], Any], text: str, path: Path, *, rule: str, what: str) -> Any:
    """What a parser makes of a text; `BadInput` by `rule` where it is not `what` it should be, or beyond reason."""
    try:
        written = parse(text)
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError as error:  # what parsers raise, and Python for a number or a day that it cannot hold
        raise refuse(rule, name_of(path), f"this is not {what}: {_why(error)}") from None
    _refuse_beyond(written, path)
    return written


def _refuse_long_keys(text: str, path: Path) -> None:
    """Raises where a key has more parts than tables may be deep: a parser takes hours over some thousands."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") <= DEEPEST:
            continue
        found = re.match(r"\s*\[{0,2}((?:[\w-]+\s*\.\s*)+)", line, re.ASCII)
        if found and found[1].count(".") > DEEPEST:
            says = f"the key has more than {DEEPEST} parts. Is this the right file?"
            raise refuse("file_is_not_too_deep", f"{name_of(path)}: row {number}", says)


def _refuse_beyond(written: Any, path: Path) -> None:
    """Raises where tables are nested too deep, or a number is larger than any that is counted."""
    rest: list[tuple[str, Any, int]] = [("", written, 0)]
    while rest:
        where, value, depth = rest.pop()
        if depth > DEEPEST:
            raise _too_deep(path)
        if isinstance(value, dict):
            rest += [(f"{where}.{key}" if where else str(key), each, depth + 1) for key, each in value.items()]
        elif isinstance(value, list):
            rest += [(f"{where}[{place}]", each, depth + 1) for place, each in enumerate(value)]
        elif isinstance(value, int) and abs(value) >= LARGEST:
            says = "a whole number is written that is larger than any that is counted. Is it a slip?"
            raise refuse("numbers_can_be_counted", f"{name_of(path)}: {printable(where)}", says)


def _once(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    """The pairs of a JSON object, none of which may stand twice: the first would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise refuse("names_differ", name_of(path), f"'{printable(twice)}' stands twice in the same place. Remove one.")
    return found


def _too_deep(path: Path) -> BadInput:
    says = f"it has tables or lists within each other more than {DEEPEST} deep. Is this the right file?"
    return refuse("file_is_not_too_deep", name_of(path), says)


def _why(error: ValueError) -> str:
    if "for integer string conversion" in str(error):
        return "a number has thousands of figures. Is this the right file?"
    return f"{printable(str(error), longest=LONGEST_REASON)}."
