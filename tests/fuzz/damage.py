"""Damage to files: of their bytes, of their cells, of their fields. Each names itself, so that a finding can be told."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz import hostile


@dataclass(frozen=True)
class Damaged:
    """A file after it was damaged: its bytes, and what was done in a few words."""

    data: bytes
    how: str


Damage = Callable[[Random, bytes], Damaged]


def of_bytes(random: Random, data: bytes) -> Damaged:
    """A damage that any file may suffer."""
    return random.choice(BYTES)(random, data)


def _cut(random: Random, data: bytes) -> Damaged:
    end = random.randrange(len(data) + 1)
    return Damaged(data[:end], f"cut after {end} bytes")


def _gone(random: Random, data: bytes) -> Damaged:
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((1, 2, 5, 50)))
    return Damaged(data[:start] + data[end:], f"bytes {start} to {end} gone")


def _other_bytes(random: Random, data: bytes) -> Damaged:
    changed = bytearray(data)
    for _ in range(random.choice((1, 3, 20))):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return Damaged(bytes(changed), "some bytes are others")


def _twice(random: Random, data: bytes) -> Damaged:
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.randrange(1, 200))
    return Damaged(data[:end] + data[start:end] + data[end:], f"bytes {start} to {end} twice")


def _put_in(random: Random, data: bytes) -> Damaged:
    start = random.randrange(len(data) + 1)
    put = random.choice((*hostile.TEXTS, '"', ",", ",,,", ";", "\n", "\r", "\t", "\x1a", "[", "]]", "="))
    return Damaged(
        data[:start] + put.encode("utf-8", "surrogatepass") + data[start:], f"{put[:20]!r} put in at {start}"
    )


def _packed(random: Random, data: bytes) -> Damaged:
    how = random.choice(("gzip", "bz2", "zip", "zip of two", "zip in zip", "gzip cut short", "empty zip"))
    if how.startswith("gzip"):
        packed = gzip.compress(data, mtime=0)
        return Damaged(packed[: len(packed) // 2] if how.endswith("short") else packed, how)
    if how == "bz2":
        return Damaged(bz2.compress(data), how)
    made = _zipped({} if how == "empty zip" else {"a.csv": data, **({"b.csv": data} if how == "zip of two" else {})})
    return Damaged(_zipped({"a.zip": made}) if how == "zip in zip" else made, how)


def _zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return made.getvalue()


def _swells(data: bytes) -> Damaged:
    size = 200 * 2**20
    return Damaged(gzip.compress(data + b"0" * size, compresslevel=1, mtime=0), "gzip that unpacks to 200 MB")


def _other_text(random: Random, data: bytes) -> Damaged:
    how = random.choice(("utf-16", "utf-16-le", "cp1252", "utf-8-sig", "\r\n", "\r", "upper", "strip"))
    text = data.decode("utf-8", errors="replace")
    if how in ("\r\n", "\r"):
        return Damaged(text.replace("\n", how).encode(), f"line ends {how!r}")
    if how == "upper":
        return Damaged(text.upper().encode(), "in capitals")
    if how == "strip":
        return Damaged(text.replace(" ", "").encode(), "without blanks")
    return Damaged(("é" + text).encode(how, errors="replace") if how == "cp1252" else text.encode(how), f"as {how}")


def _other_kind(random: Random, data: bytes) -> Damaged:
    first = random.choice(hostile.FIRST_BYTES)
    return Damaged(first + (data if random.random() < 0.5 else b""), f"begins with {first[:6]!r}")


def _nothing(random: Random, data: bytes) -> Damaged:
    left = random.choice((b"", b"\n", b"\xef\xbb\xbf", b"\n\n\n", b" ", data.split(b"\n", 1)[0]))
    return Damaged(left, f"only {left[:12]!r} left")


BYTES: tuple[Damage, ...] = (
    _cut,
    _gone,
    _other_bytes,
    _other_bytes,
    _twice,
    _put_in,
    _put_in,
    _packed,
    _other_text,
    _other_kind,
    _nothing,
)


# tables


def of_csv(random: Random, data: bytes) -> Damaged:
    """A damage that a table may suffer."""
    rows = [line.split(",") for line in data.decode("utf-8", errors="replace").split("\n")]
    rows = [row for row in rows if row != [""]] or [[""]]
    how = random.choice(CELLS)(random, rows)
    return Damaged(("\n".join(",".join(row) for row in rows) + "\n").encode("utf-8", errors="replace"), how)


def _cell(random: Random, rows: list[list[str]]) -> str:
    row = random.randrange(len(rows))
    column = random.randrange(len(rows[row]))
    value = random.choice(random.choice((hostile.NOT_NUMBERS, hostile.STRANGE_NUMBERS, hostile.TEXTS, hostile.DATES)))
    rows[row][column] = quoted(value)
    return f"row {row + 1}, column {column + 1}: {value[:20]!r}"


def quoted(value: str) -> str:
    """A value as a cell of a CSV file.

    >>> quoted('5,5')
    '"5,5"'
    """
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value


def _row_gone(random: Random, rows: list[list[str]]) -> str:
    row = random.randrange(len(rows))
    del rows[row]
    rows[:] = rows or [[""]]
    return f"row {row + 1} gone"


def _row_twice(random: Random, rows: list[list[str]]) -> str:
    row = random.randrange(len(rows))
    rows.insert(random.randrange(len(rows) + 1), list(rows[row]))
    return f"row {row + 1} twice"


def _row_blank(random: Random, rows: list[list[str]]) -> str:
    rows.insert(random.randrange(len(rows) + 1), [""] * len(rows[0]))
    return "a blank row"


def _column_gone(random: Random, rows: list[list[str]]) -> str:
    column = random.randrange(len(rows[0]))
    for row in rows:
        if column < len(row):
            del row[column]
    return f"column {column + 1} gone"


def _column_named(random: Random, rows: list[list[str]]) -> str:
    column = random.randrange(len(rows[0]))
    name = random.choice(
        (*hostile.TEXTS, rows[0][random.randrange(len(rows[0]))], rows[0][column].upper(), f" {rows[0][column]} ")
    )
    rows[0][column] = quoted(name)
    return f"column {column + 1} is called {name[:20]!r}"


def _columns_moved(random: Random, rows: list[list[str]]) -> str:
    order = list(range(len(rows[0])))
    random.shuffle(order)
    rows[:] = [[row[k] for k in order if k < len(row)] for row in rows]
    return "columns in another order"


def _shifted(random: Random, rows: list[list[str]]) -> str:
    row = random.randrange(len(rows))
    rows[row].insert(random.randrange(len(rows[row]) + 1), random.choice(("", "1", "x")))
    return f"row {row + 1} has a cell more"


def _trailing(random: Random, rows: list[list[str]]) -> str:
    for row in rows[random.choice((0, 1)) :]:
        row += [""] * 3
    return "commas behind"


def _sum(random: Random, rows: list[list[str]]) -> str:
    sums = [sum(int(row[k]) for row in rows[1:] if k < len(row) and row[k].isdecimal()) for k in range(len(rows[0]))]
    rows.append([str(total) if total else "Total" for total in sums])
    return "a row of sums"


def _unquoted(random: Random, rows: list[list[str]]) -> str:
    row = random.randrange(len(rows))
    column = random.randrange(len(rows[row]))
    rows[row][column] = '"' + rows[row][column]
    return f"row {row + 1}: a quotation mark that does not end"


CELLS: tuple[Callable[[Random, list[list[str]]], str], ...] = (
    *(_cell,) * 8, _row_gone, _row_twice, _row_blank, _column_gone, _column_named, _columns_moved, _shifted, _trailing, _sum,
    _unquoted,
)  # fmt: skip


# TOML and JSON


def of_toml(random: Random, data: bytes) -> Damaged:
    """A damage that a file of fields may suffer."""
    lines = data.decode("utf-8", errors="replace").split("\n")
    row = random.randrange(len(lines))
    fields = [number for number, line in enumerate(lines) if "=" in line]
    how = random.choice(("value", "value", "value", "value", "gone", "twice", "name", "moved", "header"))
    if how in ("value", "name") and fields:
        row = random.choice(fields)
        name, value = lines[row].split("=", 1)
        if how == "value":
            value = random.choice(hostile.WRITTEN)
        else:
            name = random.choice((name.strip() + "x", "a.b.c", '""', name.strip()[:-1] or "x", '"é"'))
        lines[row] = f"{name}= {value}"
        return Damaged("\n".join(lines).encode(), f"line {row + 1}: {lines[row][:50]}")
    if how == "twice":
        lines.insert(row, lines[row])
    elif how == "moved":
        lines.insert(random.randrange(len(lines)), lines.pop(row))
    elif how == "header":
        lines.insert(
            row,
            random.choice(
                ("[levers]", "[[levers]]", "[a.b]", "[services.mri]", "[", "[quantities]", "[levers.mri_form]")
            ),
        )
    else:
        del lines[row]
    return Damaged("\n".join(lines).encode(), f"line {row + 1} {how}")


def of_json(random: Random, data: bytes) -> Damaged:
    """A leaf or a branch of a JSON file is another, or gone."""
    try:
        whole = json.loads(data)
    except ValueError:
        return of_bytes(random, data)
    at: Any = whole
    key: Any = None
    above: Any = None
    path = []
    while isinstance(at, dict | list) and at and (above is None or random.random() < 0.85):
        above, key = at, random.choice(list(at)) if isinstance(at, dict) else random.randrange(len(at))
        at = above[key]
        path.append(str(key))
    if above is None:
        return of_bytes(random, data)
    if random.random() < 0.25:
        del above[key]
        return Damaged(json.dumps(whole).encode(), f"{'.'.join(path)} gone")
    value = random.choice(
        (
            None,
            True,
            -1,
            0,
            1e308,
            float("nan"),
            float("inf"),
            10**30,
            "",
            "x",
            "../x",
            [],
            {},
            [1],
            {"a": 1},
            "2026-13-01",
            2**63,
        )
    )
    above[key] = value
    text = json.dumps(whole)
    if random.random() < 0.1:
        text = text.replace(json.dumps(value), random.choice(("9" * 5000, "[" * 20000, "1e999")), 1)
    return Damaged(text.encode(), f"{'.'.join(path)} is {value!r}")


def of_file(random: Random, name: str, data: bytes) -> Damaged:
    """A damage that fits what a file is, or of its bytes. One in two hundred unpacks to far more than it is."""
    if random.random() < 0.005:
        return _swells(data)
    by_kind = {".csv": of_csv, ".toml": of_toml, ".json": of_json}.get(name[name.rfind(".") :])
    return by_kind(random, data) if by_kind and random.random() < 0.75 else of_bytes(random, data)
