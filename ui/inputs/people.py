"""The file of people that `backpath journeys --people` compares by. Its faults are told under its own name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from pathways import BadInput, Problem
from pathways.files.persons import shown
from pathways.files.values import number_in
from ui.inputs.columns import Columns, one_spelling, read_as, read_columns, texts
from ui.inputs.notes import SO_MANY, Note, names_note, quoted

PARTS = {"decile": 10, "quintile": 5}
"""Columns whose name says how many groups there are."""
SOME, MANY, FEW_EACH = 5, 20, 2
"""More groups than `SOME` with fewer than `FEW_EACH` people in each are told, more than `MANY` refused."""


def read_people(path: Path, by: str) -> tuple[pd.DataFrame, list[Note]]:
    """One row per person, `patient` and the column `by`, missing where it is blank; and what is told of the file.

    Whole numbers are whole, words that differ by case and blanks only are one. `BadInput` with everything wrong.
    """
    columns = read_columns(path, what="people")
    patient, group = columns.named("patient"), columns.named(by)
    problems = [columns.lacks(name) for name, found in (("patient", patient), (by, group)) if found is None]
    if patient is None or group is None:
        raise BadInput(problems)
    if patient == group:
        raise BadInput(
            [Problem("by_is_a_group", f"--by {shown(by)}", "is the column of patients. Name what to compare them by.")]
        )
    people = pd.DataFrame({"patient": texts(columns.table[patient])})
    people[by], notes, problems = _groups(columns, group, by)
    problems += columns.told((people["patient"] == "").to_numpy(), patient, "each person needs the number of the log.")
    repeated = people.duplicated().to_numpy() & (people["patient"] != "").to_numpy()
    twice = people["patient"].duplicated(keep=False).to_numpy() & ~people.duplicated(keep=False).to_numpy()
    twice &= (people["patient"] != "").to_numpy()
    problems += columns.told(twice, patient, f"the same person stands in several rows that differ in '{by}'. Keep one.")
    if problems:
        raise BadInput(problems)
    if repeated.any():
        said = f"{columns.file}: dropped, for they say the same of a person as another: {SO_MANY}."
        notes.append(Note(said, ((int(repeated.sum()), "row"),)))
    people = people[~repeated].reset_index(drop=True)
    return people, notes + _few_each(people, by, columns.file)


def _groups(columns: Columns, name: str, by: str) -> tuple[pd.Series, list[Note], list[Problem]]:
    """The group of each row: numbers where all are, else words in one spelling; None where it is blank."""
    column = columns.table[name]
    numbers, wrong = read_as(column, number_in)
    parts = next((most for word, most in PARTS.items() if re.search(word, by, re.IGNORECASE)), None)
    if parts is not None:
        says = f"a whole number from 1 to {parts} is needed, or nothing."
        bad = (wrong != "") | (numbers < 1) | (numbers > parts) | (np.nan_to_num(numbers) % 1 != 0)
        told = [f"{quoted(word)} is no {by}: {says}" for word in texts(column)] if bad.any() else []
        problems = columns.told(bad, name, told)
        return _plain(numbers), [], problems
    if not (wrong != "").any():
        return _plain(numbers), [], []
    words, changed = one_spelling(texts(column), ())
    notes = [names_note(f"{columns.file}: read as {quoted(new)}: ", rows, ".") for new, rows in changed.items()]
    return pd.Series([word or None for word in words], dtype=object), notes, []


def _plain(numbers: np.ndarray) -> pd.Series:
    """Numbers, whole where they are, None where there are none."""
    found = [None if np.isnan(number) else int(number) if number.is_integer() else float(number) for number in numbers]
    return pd.Series(found, dtype=object)


def _few_each(people: pd.DataFrame, by: str, file: str) -> list[Note]:
    """Refuses a column that has a value of its own for nearly everybody, and tells one that nearly has."""
    known = people[by].notna().sum()
    groups = people[by].nunique()
    if groups <= SOME or known >= FEW_EACH * groups:
        return []
    says = (
        f"has {groups:,} different values among {known:,} people: it tells who they are, not what they have in common."
    )
    if groups > MANY:
        raise BadInput([Problem("by_is_a_group", f"{file}: column {shown(by)}", f"{says} Choose another, or bands.")])
    return [Note(f"{file}: the column {quoted(by)} {says}")]


def matched(people: pd.DataFrame, by: str, patients: pd.Index, file: str) -> tuple[pd.DataFrame, list[Note]]:
    """The people with a row for each patient of the log, of unknown group where the file has none; and how many lack what.

    Raises `BadInput` where the two files have nobody in common.
    """
    lacking = patients[~patients.isin(people["patient"])]
    if len(lacking) == len(patients):
        says = (
            "none of its people is in the log. Both files need the same numbers of patients, written in the same way."
        )
        raise BadInput([Problem("people_are_in_the_log", f"{file}: column patient", says)])
    group = "their group is 'not known'"
    idle = int((~people["patient"].isin(patients)).sum())
    blank = int(people.loc[people["patient"].isin(patients), by].isna().sum())
    found = (
        (len(lacking), f"People of the log who are not in {file}, so that {group}: {SO_MANY}."),
        (idle, f"People of {file} who have no event, and count in no table: {SO_MANY}."),
        (blank, f"People of {file} with nothing in the column {quoted(by)}, so that {group}: {SO_MANY}."),
    )
    notes = [Note(said, ((number, "person"),)) for number, said in found if number]
    return pd.concat([people, pd.DataFrame({"patient": lacking, by: None})], ignore_index=True), notes
