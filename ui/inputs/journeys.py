"""The file of events that `backpath journeys` reads, simulated or real, and what is told of it.

Everything wrong with it is told at once, by the row of the file. What is read otherwise than it is written, or not looked
at, is told in notes.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from outcomes.journeys.event_order import WITHOUT_SERVICE
from outcomes.journeys.possible_order import without_repeats
from pathways import BadInput, Problem
from pathways.files.values import NotThat, number_in
from ui.inputs.columns import Columns, key_of, moment_in, one_spelling, read_as, read_columns, texts
from ui.inputs.notes import SO_MANY, Note, names_note, quoted

KINDS = (
    "onset", "referral", "joined", "seen", "did_not_attend", "gave_up", "left", "discharge", "decision_not_to_treat",
)  # fmt: skip
NOT_LOOKED_AT = ("offered", "health", "prescription")
"""Kinds of the simulation's log that no table here rests on."""
ALSO_CALLED = {
    "attended": "seen", "appointment": "seen", "visit": "seen", "visited": "seen", "treated": "seen", "admitted": "seen",
    "admission": "seen", "first_seen": "seen", "follow_up": "seen", "dna": "did_not_attend", "missed": "did_not_attend",
    "no_show": "did_not_attend", "referred": "referral", "request": "referral", "requested": "referral", "listed": "joined",
    "added_to_list": "joined", "waiting_list": "joined", "discharged": "discharge", "died": "discharge", "death": "discharge",
    "dead": "discharge", "deceased": "discharge", "removed": "gave_up", "withdrew": "gave_up", "cancelled": "gave_up",
    "declined": "decision_not_to_treat",
}  # fmt: skip
"""Words that records have for kinds of events; they are not read, but what to write is said."""
LONGEST_DAYS = 36_525
"""Days of records span no more than a century; dates written as numbers do."""
DATES_AS_NUMBERS = (19_000_101, 21_001_231)
MOST_SERVICES = 1_000
"""More names of services than this are something else."""
ALIKE, RARER = 0.8, 10
"""How alike two names are of which one may be a slip, and how many times as many rows the other has."""


@dataclass(frozen=True)
class EventFile:
    """Events ready for `outcomes`: `patient`, `day`, `kind`, `service`, and `site`, `detail`, `value` where the file has them.

    `first_date` is day 0 where the file has dates; `of_ticks` says that day 0 is the first measured day of a simulation.
    """

    file: str
    events: pd.DataFrame
    notes: list[Note] = field(default_factory=list)
    first_date: date | None = None
    of_ticks: bool = False

    def day_said(self, day: float) -> str:
        """A day as the file writes days."""
        if self.first_date is None:
            return f"day {day:g}"
        return date.fromordinal(self.first_date.toordinal() + int(day)).isoformat()

    def day_of(self, text: str, option: str) -> float:
        """The day that an option names, in the file's own way; `BadInput` where it is none."""
        try:
            if self.first_date is not None:
                return moment_in(text) // 1 - self.first_date.toordinal()
            return number_in(text)
        except NotThat as why:
            says = (
                "The file has dates."
                if self.first_date is not None
                else "The file counts days: write a day as it does."
            )
            raise BadInput([Problem("day_is_in_the_file", f"{option} {quoted(text)[1:-1]}", f"{why} {says}")]) from None


def read_events(path: Path, *, days_per_tick: float | None = None, services: Collection[str] = ()) -> EventFile:
    """A file of events (.csv or .parquet): `patient`, `kind`, `service`, and `day`, or `tick` as `run --log` writes it.

    `day` or `tick` may hold dates. `services` are names that the user or the library has for services.
    """
    columns = read_columns(path, what="events")
    made, notes, problems = pd.DataFrame(index=columns.table.index), [], []
    names = {
        name: columns.named(name) for name in ("patient", "kind", "service", "site", "detail", "value", "replication")
    }
    problems += [columns.lacks(name) for name in ("patient", "kind", "service") if names[name] is None]
    when = columns.named("day") or columns.named("tick")
    if when is None:
        problems.append(columns.lacks("day"))
    elif columns.named("day") and columns.named("tick"):
        notes.append(Note("The file has a column 'day' and a column 'tick': 'day' is used."))
    for name in ("patient", "kind", "service", "site", "detail"):
        if (column := names[name]) is not None:
            made[name] = texts(columns.table[column])
    first_date, of_ticks = None, when is not None and columns.named("day") is None
    if when is not None:
        made["day"], first_date, wrong = _days(columns, when)
        problems += wrong
    if days_per_tick is not None and when is not None and (not of_ticks or first_date is not None):
        says = (
            f"the column '{when}' holds {'dates' if first_date is not None else 'days'}, not ticks. Leave --tick out."
        )
        problems.append(Problem("ticks_are_ticks", columns.file, says))
    scale = (days_per_tick or 1.0) if of_ticks and first_date is None else 1.0
    if "kind" in made:
        made["kind"], told = _kinds(made["kind"])
        notes += told
        problems += _kind_problems(made, columns, names)
    if (column := names["value"]) is not None:
        made["value"], wrong = _values(made, columns, column)
        problems += wrong
    problems += _replications(columns, names["replication"])
    if problems:
        raise BadInput(problems)
    made = made.assign(day=made["day"] * scale)
    if "value" in made:
        made["value"] *= scale
    problems = _span_problems(made["day"], columns, str(when))
    if problems:
        raise BadInput(problems)
    made, told = _one_spelling_each(made, services)
    others = [str(name) for name in columns.table if name not in {*names.values(), when}]
    kept = made.assign(**{f"\0{name}": columns.table[name] for name in others})
    kept, repeats = without_repeats(kept)
    events = kept[list(made)]
    notes += told
    if repeats:
        notes.append(Note(f"Dropped as exact repeats of another row: {SO_MANY}.", ((repeats, "row"),)))
    notes += _alike(events, others)
    if first_date is not None:
        events = events.iloc[np.argsort(events["day"].to_numpy(), kind="stable")]
        events = events.assign(day=np.floor(events["day"]))
    events = events.reset_index(drop=True)
    for name in ("service", "site", "detail"):
        if name in events:
            events[name] = events[name].mask(events[name] == "")
    return EventFile(columns.file, events, notes, first_date, of_ticks and first_date is None)


def _days(columns: Columns, name: str) -> tuple[np.ndarray, date | None, list[Problem]]:
    """The days of a column, counted from the first where they are dates, which it returns; and what cannot be read.

    Numbers that are all like 20250401 are dates, as records write them.
    """
    column = columns.table[name]
    numbers, no_number = read_as(column, number_in)
    dates_as_numbers = ((numbers >= DATES_AS_NUMBERS[0]) & (numbers <= DATES_AS_NUMBERS[1]))[~np.isnan(numbers)]
    are_dates = dates_as_numbers.any() and dates_as_numbers.all()
    if are_dates:
        column = pd.Series(texts(column), index=column.index)
        no_number[~np.isnan(numbers)], numbers = "it is a date", numbers * np.nan
    dates, no_date = read_as(column, moment_in) if column.dtype.kind != "f" else (numbers * np.nan, no_number)
    blank = np.isnan(numbers) & (no_number == "")
    problems = columns.told(blank, name, "a day is needed: a number counted from any date, or a date like 2025-04-01.")
    is_number, is_date = ~np.isnan(numbers), ~np.isnan(dates)
    neither = ~is_number & ~is_date & ~blank
    says = "days are numbers: count them from any date, or write dates like 2025-04-01."
    reasons = [f"{why} {says[:1].upper()}{says[1:]}" for why in no_date] if neither.any() else []
    problems += columns.told(neither, name, reasons)
    dated = is_date & ~is_number
    if dated.any() and (is_number & ~is_date).any():
        odd = (is_number & ~is_date) if dated.sum() >= is_number.sum() else dated
        says = (
            "it is a number where others are dates."
            if dated.sum() >= is_number.sum()
            else "it is a date where others are numbers."
        )
        problems += columns.told(odd, name, f"{says} Write all days in one way.")
    if problems or not dated.any():
        return numbers, None, problems
    first = int(np.floor(dates.min()))
    return dates - first, date.fromordinal(first), problems


def _span_problems(days: pd.Series, columns: Columns, name: str) -> list[Problem]:
    """Days so far from most of the others that they cannot be meant, by row."""
    if days.max() - days.min() <= LONGEST_DAYS:
        return []
    far = ((days - days.median()).abs() > LONGEST_DAYS / 2).to_numpy()
    says = "lies decades from most other days. If it is a slip, correct it; write all as dates, or count all from one date."
    return columns.told(far, name, [f"{quoted(word)} {says}" for word in texts(columns.table[name])])


def _kinds(kinds: pd.Series) -> tuple[np.ndarray, list[Note]]:
    """Kinds as they are known where only case and blanks differ, and notes of what was changed or is not known."""
    every = (*KINDS, *NOT_LOOKED_AT)
    known = {key_of(name): name for name in every}
    codes, names = pd.factorize(kinds.to_numpy())
    rows = dict(zip(map(str, names), np.bincount(codes, minlength=len(names)).tolist(), strict=True))
    meant = [known.get(key_of(name), str(name)) for name in names]
    notes = [
        Note(f"{quoted(name)} is read as '{new}' ({SO_MANY}).", ((rows[name], "row"),))
        for name, new in zip(map(str, names), meant, strict=True)
        if name != new
    ]
    unknown = {name: rows[name] for name, new in zip(map(str, names), meant, strict=True) if name and new not in every}
    if unknown:
        hints = {name: _kind_meant(name) for name in unknown}
        there = f". There are: {', '.join(KINDS)}."
        notes.append(names_note("Not looked at, for no kind of event is called so: ", unknown, there, hints))
    return np.array(meant, dtype=object)[codes], notes


def _kind_meant(name: str) -> str:
    """Which kind a word may stand for."""
    found = ALSO_CALLED.get(key_of(name)) or next(iter(difflib.get_close_matches(key_of(name), KINDS, n=1)), None)
    return f"did you mean '{found}'?" if found else ""


def _kind_problems(made: pd.DataFrame, columns: Columns, names: dict[str, str | None]) -> list[Problem]:
    """Events without a kind, a patient or a service; a file in which no kind is known."""
    problems = columns.told((made["kind"] == "").to_numpy(), str(names["kind"]), "each event needs a kind.")
    known = made["kind"].isin(KINDS).to_numpy()
    if not known.any():
        found = ", ".join(quoted(name) for name in made["kind"].unique()[:5] if name) or "none"
        says = f"no event has a known kind ({found}). There are: {', '.join(KINDS)}."
        problems.append(Problem("kinds_are_known", f"{columns.file}: {names['kind']}", says))
    if "patient" in made:
        problems += columns.told(
            (made["patient"] == "").to_numpy(), str(names["patient"]), "each event needs a patient."
        )
    if "service" in made:
        bare = known & (made["service"] == "").to_numpy() & ~made["kind"].isin(WITHOUT_SERVICE).to_numpy()
        reasons = [f"'{kind}' needs a service." for kind in made["kind"]] if bare.any() else []
        problems += columns.told(bare, str(names["service"]), reasons)
        if (many := made["service"].nunique()) > MOST_SERVICES:
            says = f"it has {many:,} different names of services. Is it the right column?"
            problems.append(Problem("services_are_few", f"{columns.file}: column {names['service']}", says))
    return problems


def _values(made: pd.DataFrame, columns: Columns, name: str) -> tuple[np.ndarray, list[Problem]]:
    """The days in `value`, and what is wrong with them: they matter for people listed when the data begin."""
    values, wrong = read_as(columns.table[name], number_in)
    says = "Write a number of days, or nothing."
    problems = columns.told(wrong != "", name, [f"{why} {says}" for why in wrong])
    joined = made["kind"].eq("joined").to_numpy() if "kind" in made else np.zeros(len(values), dtype=bool)
    written = [quoted(word) for word in texts(columns.table[name])]
    says = "is below 0: these are the days waited before they joined."
    problems += columns.told(joined & (values < 0), name, [f"{word} {says}" for word in written])
    says = "is more than a century. Write days waited before."
    problems += columns.told(joined & (values > LONGEST_DAYS), name, [f"{word} {says}" for word in written])
    return values, problems


def _replications(columns: Columns, name: str | None) -> list[Problem]:
    if name is None or len(columns.table[name].unique()) <= 1:
        return []
    says = "it holds several replications: patients of all would be mixed. Log one run."
    return [Problem("one_replication", columns.file, says)]


def _one_spelling_each(made: pd.DataFrame, services: Collection[str]) -> tuple[pd.DataFrame, list[Note]]:
    """Services, sites and where referrals come from in one spelling each, and notes of what was changed or may be a slip."""
    notes: list[Note] = []
    spelled = {}
    known: Collection[str] = services
    for name in ("service", "site", "detail"):
        if name not in made:
            continue
        spelled[name], changed = one_spelling(made[name].to_numpy(), known)
        if name == "service":
            known = [*known, *pd.unique(spelled[name])]
        for new, rows in changed.items():
            if name != "detail" or key_of(new) in {key_of(each) for each in known}:
                notes.append(names_note(f"Read as the {name} {quoted(new)}: ", rows, "."))
    made = made.assign(**spelled)
    names, counts = np.unique(made.loc[made["service"] != "", "service"].to_numpy().astype(str), return_counts=True)
    rows = dict(zip(names.tolist(), counts.tolist(), strict=True))
    hints = {name: hint for name in rows if (hint := _service_meant(name, rows, services))}
    own = {name: count for name, count in rows.items() if name in hints or (services and name not in services)}
    if own:
        notes.append(names_note("Kept as services of their own: ", own, ".", hints))
    return made, notes


def _service_meant(name: str, rows: dict[str, int], services: Collection[str]) -> str:
    """The service that a name may be a slip of: one that the library has, or one with far more rows."""
    if name in services:
        return ""
    figures = [letter for letter in name if letter.isdigit()]
    others = set(services) | {each for each, count in rows.items() if count >= RARER * rows[name]}
    near = [each for each in sorted(others - {name}) if sorted(each) == sorted(name)]
    near += difflib.get_close_matches(name, sorted(others - {name}), n=1, cutoff=ALIKE)
    same = [each for each in near if [letter for letter in each if letter.isdigit()] == figures]
    return f"did you mean '{same[0]}'?" if same else ""


def _alike(events: pd.DataFrame, others: Sequence[str]) -> list[Note]:
    """That rows are the same event in all that is looked at, though columns that are not differ."""
    alike = int(events[events["kind"].isin(KINDS)].duplicated().sum()) if others else 0
    if not alike:
        return []
    says = "Like another in all that is looked at, but not in other columns, and counted as events of their own"
    return [Note(f"{says}: {SO_MANY}.", ((alike, "row"),))]
