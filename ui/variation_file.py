"""The file that `backpath variation` reads: one row per practice, or per practice, sex and age band.

Everything wrong with it is told at once, by the row that a spreadsheet shows. Columns that could tell who somebody is
are refused before anything of the file is shown.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from outcomes.disclosure_cells import TOTAL_WORDS
from outcomes.tables import BadTable, Rules
from pathways import BadInput, Problem, did_you_mean, refuse
from pathways.table import Column, typed

PRACTICE = ("practice_code", "practice")
PEOPLE = ("population", "list_size", "n")
COUNTS = ("count", "events", "mri_referrals", "spinal_referrals", "physio_first", "injections")
AGES = ("ageband", "age_band")
PERIOD = ("period_start", "period_end")
FIRST_ROW = 2
"""What a spreadsheet calls the first row of data."""
MOST_SHOWN = 5
PERSONAL_NAME = re.compile(r"nhs[ _-]*(number|num|no)(?![a-z])|(?<![a-z])dob(?![a-z])|birth", re.IGNORECASE)
PERSONAL_VALUE = re.compile(r"\s*\d{3}[ -]?\d{3}[ -]?\d{4}\s*")
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y")
"""How dates may be written; spreadsheets change the first into the second."""
EXCEL = (b"PK", b"\xd0\xcf\x11\xe0")
"""How the two kinds of Excel workbook begin."""


def read_variation_file(
    path: Path, *, count: str | None = None, fill_missing: float | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and people by practice from a CSV file, for `practice_variation`; `BadInput` with everything wrong.

    Columns: `practice_code` or `practice`; the events, in `count` or in the column that `count` names; people, in
    `population` or `list_size`; if wanted `sex`, `ageband`, `imd_decile`, `period_start`, `period_end`. Others are left
    alone. UTF-8 with or without a byte-order mark, any line ends, thousands with commas. Returns events (`practice`,
    `sex`, `ageband`, `count`, and the period as dates) and population (`practice`, `sex`, `ageband`, `n`,
    `imd_decile`), each with those columns that the file has. A blank count is an error, unless `fill_missing=0`.
    """
    header, rows = _rows(path)
    _refuse_personal(header, rows, path.name)
    table, problems = _as_table(header, rows, path.name)
    columns, lacking = _columns(header, count, path.name)
    problems += lacking
    if problems:
        raise BadInput(problems)
    made = pd.DataFrame(index=table.index)
    for ours, column in columns.items():
        cells = table[column.name]
        if column.kind != "text":
            stars = cells.str.match(r"\s*(\*|<)").astype(bool)
            problems += _suppressed(cells, stars, path.name)
            cells = cells.mask(stars, "1")
        if ours == "count" and fill_missing is not None:
            cells = cells.mask(cells.str.strip() == "", str(fill_missing))
        try:
            made[ours] = typed(cells.to_frame(), [column], file=path.name)[column.name]
        except BadInput as error:
            problems += error.problems
    for ours in PERIOD:
        if ours in made:
            made[ours], wrong = _dates(made[ours], path.name)
            problems += wrong
    problems += _row_problems(made, columns, path.name)
    if problems:
        raise BadInput(problems)
    keys = [column for column in ("practice", "sex", "ageband") if column in made]
    own = [column for column in ("imd_decile",) if column in made]
    period = [column for column in PERIOD if column in made]
    return made[[*keys, "count", *period]], made[[*keys, "n", *own]]


def bad_input(error: BadTable, where: str) -> BadInput:
    """The problems of tables as problems of a file.

    >>> str(bad_input(BadTable(["population: n: row 1: 0; a number above 0 is needed"]), "south.csv"))
    'south.csv: population: n: row 1: 0; a number above 0 is needed.'
    """
    return BadInput([Problem("tables_are_good", where, f"{each.rstrip('.')}.") for each in error.problems])


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of cells."""
    if path.is_dir():
        raise refuse("file_exists", str(path), "this is a folder; a CSV file is needed.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise refuse("file_exists", str(path), "there is no such file.") from None
    except OSError as error:
        raise refuse("file_can_be_read", str(path), f"it cannot be read: {error.strerror or error}.") from None
    if data.startswith(EXCEL):
        raise refuse("file_is_csv", path.name, "this is an Excel workbook. Save it as 'CSV UTF-8' and give that file.")
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except UnicodeDecodeError:
        raise refuse("file_is_text", path.name, "this is not a text file in UTF-8. Save it as 'CSV UTF-8'.") from None
    except csv.Error:
        raise refuse("file_is_csv", path.name, "this is not a CSV table. Save it as 'CSV UTF-8'.") from None
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if len(rows) < FIRST_ROW:
        says = "there are no rows of data. Give a header and one row for each practice."
        raise refuse("rows_exist", path.name, says)
    return [cell.strip() for cell in rows[0]], rows[1:]


def _refuse_personal(header: Sequence[str], rows: Sequence[Sequence[str]], file: str) -> None:
    """Raises where a column looks like one that tells who somebody is; says no cell of it."""
    problems = []
    for position, name in enumerate(header):
        cells = [name, *(row[position] for row in rows if position < len(row))]
        named = "" if PERSONAL_VALUE.fullmatch(name) else f" ('{name}')"
        what = None
        if any(PERSONAL_VALUE.fullmatch(cell) for cell in cells):
            what = "NHS numbers"
        elif found := PERSONAL_NAME.search(name):
            what = "NHS numbers" if found[0].lower().startswith("nhs") else "dates of birth"
        if what:
            says = f"it looks like {what}. Remove it and give the file again; nothing of it was kept or shown."
            problems.append(Problem("nobody_is_named", f"{file}: column {position + 1}{named}", says))
    beyond = [cell for row in rows for cell in row[len(header) :]]
    if any(PERSONAL_VALUE.fullmatch(cell) for cell in beyond):
        says = "cells beyond the header look like NHS numbers. Remove them; nothing of the file was kept or shown."
        problems.append(Problem("nobody_is_named", file, says))
    if problems:
        raise BadInput(problems)


def _as_table(header: list[str], rows: list[list[str]], file: str) -> tuple[pd.DataFrame, list[Problem]]:
    """The cells as a table of text, and what is wrong with its shape."""
    problems = []
    separators = {";": "semicolons", "\t": "tabs"}
    if len(header) == 1 and (found := next((each for each in separators if each in header[0]), None)):
        says = f"its cells are separated by {separators[found]}. Save it with commas, as 'CSV UTF-8'."
        raise refuse("file_is_csv", file, says)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    problems += [Problem("columns_differ", file, f"two columns are called '{name}'. Remove one.") for name in twice]
    long = [row for row, cells in enumerate(rows) if any(cell.strip() for cell in cells[len(header) :])]
    for row in long[:MOST_SHOWN]:
        says = f"it has more cells than the header has names ({len(header)}). A number with a comma needs quotes."
        problems.append(Problem("rows_fit", f"{file}: row {row + FIRST_ROW}", says))
    if len(long) > MOST_SHOWN:
        problems.append(Problem("rows_fit", file, f"{len(long) - MOST_SHOWN} more rows have too many cells."))
    if problems:
        raise BadInput(problems)
    width = len(header)
    return pd.DataFrame([(cells + [""] * width)[:width] for cells in rows], columns=header, dtype=str), problems


def _columns(header: list[str], count: str | None, file: str) -> tuple[dict[str, Column], list[Problem]]:
    """Our columns, each under the name that the file gives it; and what is lacking."""
    problems: list[Problem] = []

    def one_of(names: Sequence[str]) -> str | None:
        found = [name for name in header if name.lower() in names]
        if len(found) > 1:
            says = f"the columns {', '.join(found)} stand for the same. Keep one."
            problems.append(Problem("columns_are_clear", file, says))
        return found[0] if found else None

    def needed(names: Sequence[str], what: str) -> str:
        found = one_of(names)
        if found is None:
            says = f"there is no column for {what}: {' or '.join(names)}. The file has: {', '.join(header)}."
            problems.append(Problem("columns_exist", file, says))
        return found or names[0]

    columns = {
        "practice": Column(needed(PRACTICE, "the practice")),
        "count": Column(_count_column(header, count, file, problems), "whole"),
        "n": Column(needed(PEOPLE, "its people"), "whole"),
    }
    for ours, names in (("sex", ("sex",)), ("ageband", AGES)):
        if found := one_of(names):
            columns[ours] = Column(found)
    if found := one_of(("imd_decile",)):
        columns["imd_decile"] = Column(found, "whole", optional=True, low=1, high=10)
    for ours in PERIOD:
        if found := one_of((ours,)):
            columns[ours] = Column(found)
    return columns, problems


def _count_column(header: list[str], count: str | None, file: str, problems: list[Problem]) -> str:
    """The column that holds the events: the one asked for, `count`, or the only one of the usual names."""
    if count is not None:
        if count not in header:
            says = f"there is no column '{count}' to count. {did_you_mean(count, header)}"
            problems.append(Problem("columns_exist", file, says))
        return count
    known = [name for name in header if name.lower() in COUNTS]
    plain = [name for name in known if name.lower() == "count"]
    if not known:
        says = f"there is no column of events. Call it 'count', or name it. The file has: {', '.join(header)}."
        problems.append(Problem("columns_exist", file, says))
    elif len(known) > 1 and not plain:
        says = f"there are several columns of events: {', '.join(known)}. Name the one to count."
        problems.append(Problem("columns_are_clear", file, says))
    return (plain or known or ["count"])[0]


def _suppressed(cells: pd.Series, stars: pd.Series, file: str) -> list[Problem]:
    says = (
        "'{}' stands for a small number that was hidden: it cannot be counted. "
        "Ask for the number, or leave the practice out."
    )
    rows = [row for row, is_star in enumerate(stars.tolist()) if is_star]
    problems = [
        Problem(
            "counts_are_known", f"{file}: row {row + FIRST_ROW}, column {cells.name}", says.format(cells[row].strip())
        )
        for row in rows[:MOST_SHOWN]
    ]
    if len(rows) > MOST_SHOWN:
        more = f"{len(rows) - MOST_SHOWN} more cells hold hidden numbers."
        problems.append(Problem("counts_are_known", f"{file}: column {cells.name}", more))
    return problems


def _dates(cells: pd.Series, file: str) -> tuple[pd.Series, list[Problem]]:
    """Dates, and what is not one."""
    found = [_date(cell) for cell in cells]
    bad = [row for row, day in enumerate(found) if day is None]
    problems = [
        Problem(
            "dates_are_dates",
            f"{file}: row {row + FIRST_ROW}, column {cells.name}",
            f"'{cells[row]}' is not a date. Write it like 2025-04-01 or 01/04/2025.",
        )
        for row in bad[:MOST_SHOWN]
    ]
    if len(bad) > MOST_SHOWN:
        more = f"{len(bad) - MOST_SHOWN} more cells are not dates."
        problems.append(Problem("dates_are_dates", f"{file}: column {cells.name}", more))
    return pd.Series(found, index=cells.index, dtype=object), problems


def _date(cell: str) -> date | None:
    for form in DATES:
        try:
            return datetime.strptime(cell, form).date()
        except ValueError:
            continue
    return None


def _row_problems(made: pd.DataFrame, columns: dict[str, Column], file: str) -> list[Problem]:
    """What is wrong with rows whose cells are good: nobody registered, rows that stand twice, periods that differ."""
    named = {ours: column.name for ours, column in columns.items()}
    keys = [named[column] for column in ("practice", "sex", "ageband") if column in made]
    rules = Rules(file, made.rename(columns=named), first_row=FIRST_ROW)
    if "n" in made:
        rules.rows(made["n"] == 0, named["n"], "a practice has people; leave it out, or correct the number")
    if "practice" in made:
        twice = rules.table.duplicated(keys) & (made["practice"] != "")
        rules.rows(twice, keys, "each practice, sex and age band may stand once only")
    if "practice" in made:
        whole = made["practice"].str.strip().str.casefold().isin(TOTAL_WORDS)
        rules.rows(whole, named["practice"], "a total is no practice; leave the row out")
    if set(PERIOD) <= set(made):
        start, end = made["period_start"], made["period_end"]
        both = start.notna() & end.notna()
        backwards = pd.Series([bool(ok) and a > b for a, b, ok in zip(start, end, both, strict=True)], index=made.index)
        rules.rows(backwards, [named[column] for column in PERIOD], "a period ends after it starts")
    for column in PERIOD:
        if column in made and made[column].notna().all():
            other = made[column] != made[column].iloc[0]
            rules.rows(other, named[column], "all rows need the same period: rates over different times do not compare")
    parts = [problem.removeprefix(f"{file}: ") for problem in rules.problems]
    return [Problem("rows_are_good", file, f"{part}.") for part in parts]
