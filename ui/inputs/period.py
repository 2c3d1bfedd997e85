"""From when to when a file of events is looked at, what is told of its ends, and of orders that cannot have happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from outcomes import isolated_end
from outcomes.journeys.possible_order import IMPOSSIBLE, UNTOLD
from pathways import BadInput, Problem
from ui.inputs.journeys import LONGEST_DAYS, EventFile
from ui.inputs.notes import SO_MANY, Note


@dataclass(frozen=True)
class Period:
    """The first and the last day that are looked at."""

    start: float
    end: float


def period_of(log: EventFile, from_day: float | None, until_day: float | None) -> tuple[Period, list[Note]]:
    """The period, and notes that state it and tell of an end or a beginning that stands apart.

    Raises `BadInput` where nothing of the file lies in it.
    """
    days = log.events["day"].to_numpy()
    end = float(days.max()) if until_day is None else until_day
    within = days[days <= end]
    problems = []
    if until_day is not None and not len(within):
        says = f"nothing happened by then: the events begin on {log.day_said(days.min())}."
        problems.append(Problem("events_exist", f"--until {log.day_said(end)}", says))
    start = from_day if from_day is not None else float(within.min()) if len(within) else end
    if from_day is not None and not (days >= from_day).any():
        says = f"nothing happened then or later: the events end on {log.day_said(days.max())}."
        where = f"--from {log.day_said(from_day)}" if not log.of_ticks or from_day else log.file
        problems.append(Problem("events_exist", where, says))
    elif start > end:
        says = f"it is after the end of what is looked at, {log.day_said(end)}."
        problems.append(Problem("period_is_one", f"--from {log.day_said(start)}", says))
    elif max(end - days.max(), days.min() - start) > LONGEST_DAYS:
        says = f"it is more than a century from the events, {log.day_said(days.min())} to {log.day_said(days.max())}. Is it a slip?"
        problems.append(Problem("period_is_near", "--until" if end > days.max() else "--from", says))
    if problems:
        raise BadInput(problems)
    notes = [
        Note(f"Looked at from {log.day_said(start)} to {log.day_said(end)}: {_ends(log, end, until_day, days.max())}.")
    ]
    notes += _cut(log, end) + _apart(log, from_day, until_day)
    return Period(start, end), notes


def _ends(log: EventFile, end: float, until_day: float | None, last: float) -> str:
    """How the end was found, and what it means."""
    waits = "whoever was not seen by then still waits"
    if until_day is None:
        return f"the last is the day of the last event, and {waits}. Give --until where the records end on another day"
    if end > last:
        return f"the last event is on {log.day_said(last)}, and {waits}"
    return waits


def _cut(log: EventFile, end: float) -> list[Note]:
    """That events lie after the end."""
    later = int((log.events["day"] > end).sum())
    return [Note(f"Not looked at, for they are later: {SO_MANY}.", ((later, "row"),))] if later else []


def _apart(log: EventFile, from_day: float | None, until_day: float | None) -> list[Note]:
    """That the first or last events stand far apart from all others, so that one of them may be a slip."""
    notes = []
    days = log.events["day"].to_numpy()
    if until_day is None and (far := isolated_end(days)):
        before, last, beyond = far
        says = (
            f"The end stands apart: nothing happened between {log.day_said(before)} and the last events on or before "
            f"{log.day_said(last)} ({SO_MANY}). If a date is a slip, all who wait seem to wait until then: "
            f"give --until {log.day_said(before).removeprefix('day ')}."
        )
        notes.append(Note(says, ((beyond, "row"),)))
    if from_day is None and (far := isolated_end(-days)):
        before, first, beyond = far
        says = (
            f"The beginning stands apart: nothing happened between {log.day_said(-first)} and {log.day_said(-before)} but "
            f"what begins it ({SO_MANY}). If a date is a slip, give --from {log.day_said(-before).removeprefix('day ')}."
        )
        notes.append(Note(says, ((beyond, "row"),)))
    return notes


def impossible_notes(people: Mapping[str, int]) -> list[Note]:
    """What cannot have happened, and of what something is missing, by people."""
    left_out = "Cannot have happened, and is left out of every table: {}. There: "
    kept = "Not whole: {}. There: "
    return [
        Note(f"{(left_out if name in IMPOSSIBLE else kept).format(says)}{SO_MANY}.", ((people[name], "person"),))
        for name, says in (IMPOSSIBLE | UNTOLD).items()
        if people.get(name)
    ]


def lacking_notes(events: pd.DataFrame, *, consultant_led: Collection[str], treatments: Collection[str]) -> list[Note]:
    """What the records do not hold, so that a figure means less than its name says."""
    notes = []
    kind, service, patient = events["kind"], events["service"], events["patient"]
    treated = patient[(kind == "seen") & service.isin(list(treatments))]
    started = patient[kind.isin(["referral", "joined"]) & service.isin(list(consultant_led))]
    clockless = treated[~treated.isin(started)].nunique()
    if clockless:
        says = (
            f"Treated without a referral that starts a clock, and so in no figure of referral to treatment: {SO_MANY}."
        )
        notes.append(Note(says, ((clockless, "person"),)))
    if not (kind == "onset").any() and kind.isin(["discharge", "gave_up"]).any():
        says = "No event is an 'onset': days without plan count until the person comes back, be it with the same pain or another."
        notes.append(Note(says))
    return notes
