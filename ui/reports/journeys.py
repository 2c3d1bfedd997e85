"""What `backpath journeys` tells of a table of events, simulated or real: waits, lists, referral to treatment, continuity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from outcomes import disclosure_sentence, possible_events
from outcomes.disclosure.journeys import disclosed_journeys
from outcomes.journeys.followed import Followed, followed
from pathways import BadInput, Problem
from pathways.files.writing import csv_text, new_folder, write_text
from ui.inputs.journeys import EventFile
from ui.inputs.notes import Note, said
from ui.inputs.people import matched
from ui.inputs.period import impossible_notes, lacking_notes, period_of
from ui.words import figures, percent_of

RESULTS = (
    "waits", "seen", "gave_up", "discharged", "still_waiting", "visits", "patients", "providers_seen", "services_seen", "hand_offs",
    "referrals", "referrals_bounced", "days_without_plan", "mean_gap_days", "longest_gap_days", "day", "kind", "start_day", "end_day",
    "outcome", "days",
)  # fmt: skip
"""Names of columns of the results."""


@dataclass(frozen=True)
class Journeys:
    """The tables of a file of events, before small numbers are hidden in them, and what is told of the file."""

    found: Followed
    notes: tuple[Note, ...] = ()

    def told(self, policy: str) -> list[str]:
        """What is told beside the tables, small numbers hidden under a policy."""
        return said(self.notes, policy)

    def tables(self, policy: str) -> dict[str, pd.DataFrame]:
        """Every table as it may leave, by name."""
        of = self.found
        return disclosed_journeys(
            of.waits, of.lists, of.continuity, of.treatment, by_group=of.by is not None, policy=policy
        )


def journeys_of(
    log: EventFile,
    people: tuple[pd.DataFrame, str] | None,
    *,
    by: str,
    consultant_led: list[str],
    treatments: list[str],
    reports_back: list[str],
    from_day: float | None = None,
    until_day: float | None = None,
) -> Journeys:
    """The tables of a file of events; `BadInput` with everything that is wrong with it.

    Waits, treatment and continuity are of what began on `from_day` or later, such as after a warm-up; nothing after
    `until_day` is looked at, which is the last day of the file unless it is given. `people` is a table of `patient` and
    `by`, and the file that it is from.
    """
    period, notes = period_of(log, from_day, until_day)
    possible = possible_events(
        log.events[log.events["day"] <= period.end], consultant_led=consultant_led, treatments=treatments
    )
    events = possible.events
    if not len(events if from_day is None else events[events["day"] >= from_day]):
        says = f"there are no events that could have happened from {log.day_said(period.start)} to {log.day_said(period.end)}."
        raise BadInput([Problem("events_exist", log.file, says)])
    notes = [*notes, *log.notes, *impossible_notes(possible.people)]
    notes += lacking_notes(events, consultant_led=consultant_led, treatments=treatments)
    among = None
    if people is not None:
        among, told = matched(people[0], by, pd.Index(log.events["patient"].unique()), people[1])
        notes += told
    found = followed(
        events,
        start_day=period.start,
        end_day=period.end,
        from_day=from_day,
        people=among,
        by=None if people is None else by,
        consultant_led=consultant_led,
        treatments=treatments,
        reports_back=reports_back,
    )
    return Journeys(found, tuple(notes))


def journeys_tables(tables: dict[str, pd.DataFrame]) -> list[Table]:
    """Waits, referral to treatment and continuity for a terminal."""
    waited = tables["waits"]
    keys = list(waited.columns[: list(waited.columns).index("waits")])
    first = Table(
        title="Waits, those still waiting counted (days)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption=_carried_on(waited),
        caption_justify="left",
    )
    shown = ["waits", "still_waiting", "all_mean_days_within_52_weeks", "all_median_days", "all_p92_days"]
    shares = ["all_share_within_2_weeks", "all_share_within_6_weeks", "all_share_within_18_weeks"]
    for name in keys:
        first.add_column(name.capitalize())
    for name in (
        "Waits",
        "Waiting",
        "Mean in 52 weeks",
        "Median",
        "92 in 100",
        "In 2 weeks",
        "In 6 weeks",
        "In 18 weeks",
    ):
        first.add_column(name, justify="right")
    for row in waited[[*keys, *shown, *shares]].astype(object).to_numpy().tolist():
        names, numbers, parts = row[: len(keys)], row[len(keys) : -3], row[-3:]
        first.add_row(*map(str, names), *map(_figure, numbers), *map(_share, parts))
    care = tables["continuity"]
    second = Table(title="Continuity of care, means per patient", title_justify="left", box=box.SIMPLE_HEAD)
    second.add_column(str(care.columns[0]).capitalize())
    for group in care[care.columns[0]]:
        second.add_column(str(group), justify="right")
    for measure in care.columns[1:]:
        second.add_row(str(measure).replace("_", " ").capitalize(), *map(_figure, care[measure]))
    found = [first, second]
    if "treatment" in tables:
        third = Table(title="Referral to treatment (weeks)", title_justify="left", box=box.SIMPLE_HEAD)
        for name in ("", "People", "Within 18 weeks", "Median", "92 in 100"):
            third.add_column(name, justify="left" if not name else "right")
        times = tables["treatment"].iloc[0]
        for title, prefix, people in (
            ("Treated", "completed_", "completed"),
            ("Still waiting", "", "incomplete"),
        ):
            cells = (
                times[f"{prefix}share_within_18_weeks"],
                times[f"{prefix}median_weeks"],
                times[f"{prefix}p92_weeks"],
            )
            third.add_row(title, _figure(times[people]), _share(cells[0]), *map(_figure, cells[1:]))
        found.insert(1, third)
    return found


def _carried_on(waited: pd.DataFrame) -> str | None:
    """For which services the mean within 52 weeks takes it that nobody else was seen, for want of a longer log; None without."""
    unknown = waited["all_share_within_52_weeks"].isna() & waited["all_mean_days_within_52_weeks"].notna()
    names = ", ".join(dict.fromkeys(map(str, waited.loc[unknown, "service"])))
    if not names:
        return None
    return (
        "The log does not watch anybody for 52 weeks, and the mean takes it that whoever was not seen by then still waits at "
        f"52 weeks, which makes it too long: {names}."
    )


def _figure(value: Any) -> str:
    return value if isinstance(value, str) else figures(float(value))


def _share(value: Any) -> str:
    return value if isinstance(value, str) else percent_of(float(value))


def journeys_json(tables: dict[str, pd.DataFrame], notes: Sequence[str], policy: str) -> str:
    """Every table as JSON; what does not exist is null, what is hidden is "*"."""
    made: dict[str, Any] = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    about = {"notes": list(notes), "disclosure": disclosure_sentence(policy)}
    return json.dumps({**made, **about}, indent=1, ensure_ascii=False)


def write_journeys(
    tables: dict[str, pd.DataFrame], notes: Sequence[str], folder: Path, policy: str, *, overwrite: bool = False
) -> list[str]:
    """Writes every table as CSV, all as JSON, and the notes, into a new folder, whole or not at all; the files' names."""
    with new_folder(folder, overwrite=overwrite) as part:
        for name, table in tables.items():
            write_text(part / f"{name}.csv", csv_text(table))
        write_text(part / "notes.txt", "".join(f"{note}\n" for note in notes))
        write_text(part / "journeys.json", journeys_json(tables, notes, policy))
    return sorted(path.name for path in folder.iterdir())
