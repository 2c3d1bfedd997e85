"""What `backpath journeys` is asked for: its options read with the files that they speak of, and what matches nothing told."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from pathways import BadInput, Problem, load_pathway
from pathways.service import Role
from ui.inputs.columns import key_of
from ui.inputs.journeys import ALIKE, EventFile, read_events
from ui.inputs.notes import Note, quoted
from ui.inputs.people import read_people
from ui.reports.journeys import RESULTS, Journeys, journeys_of

USUAL_GROUPS = "decile"
ROLES: Mapping[str, Role] = {
    "--consultant-led": "consultant_led",
    "--treatments": "treatment",
    "--reports-back": "imaging",
}
"""The role of the services that an option names: those of the pathway with it are meant where the option is left out."""


@dataclass(frozen=True)
class Asked:
    """The options as they were given, None where they were left out; `services` by option, names parted by commas.

    `pathway` is a name of the library or a file: it says which of its services have which role.
    """

    file: Path
    people: Path | None
    by: str | None
    since: str | None
    until: str | None
    days_per_tick: float | None
    pathway: str
    services: Mapping[str, str | None]


def journeys_in(asked: Asked) -> Journeys:
    """The tables of the files, with what is told of them.

    Raises `BadInput` with everything wrong: of both files, and of the options.
    """
    problems = _option_problems(asked)
    given = {option: _words(text) for option, text in asked.services.items() if text is not None}
    problems += [
        Problem("services_are_named", option, "it names no service. Write names parted by commas, or leave it out.")
        for option, names in given.items()
        if not names
    ]
    try:
        pathway = load_pathway(asked.pathway)
    except BadInput as bad:
        raise BadInput([*problems, *bad.problems]) from None
    services = {option: given.get(option, pathway.services_with(role)) for option, role in ROLES.items()}
    known = [*(name for names in services.values() for name in names), *pathway.services]
    by = asked.by or USUAL_GROUPS
    log, people, told, is_asked_well = None, None, list[Note](), not problems
    try:
        log = read_events(asked.file, days_per_tick=asked.days_per_tick, services=known)
    except BadInput as bad:
        problems += bad.problems
    try:
        if asked.people is not None and is_asked_well:
            table, told = read_people(asked.people, by)
            people = table, asked.people.name
    except BadInput as bad:
        problems += bad.problems
    if problems or log is None:
        raise BadInput(problems)
    from_day = None if asked.since is None else log.day_of(asked.since, "--from")
    until_day = None if asked.until is None else log.day_of(asked.until, "--until")
    meant = {option: _as_in_the_log(log, names) for option, names in services.items()}
    notes = _matched_notes(log, meant, given, pathway=asked.pathway)
    return journeys_of(
        replace(log, notes=[*log.notes, *notes, *told]),
        people,
        by=by,
        consultant_led=meant["--consultant-led"],
        treatments=meant["--treatments"],
        reports_back=meant["--reports-back"],
        from_day=0.0 if from_day is None and log.of_ticks else from_day,
        until_day=until_day,
    )


def _option_problems(asked: Asked) -> list[Problem]:
    problems = []
    if asked.days_per_tick is not None and not (isfinite(asked.days_per_tick) and asked.days_per_tick > 0):
        problems.append(Problem("tick", f"--tick {asked.days_per_tick:g}", "write days above 0, like 1 or 0.25."))
    if asked.by is not None and asked.people is None:
        says = "compares by a column of the file of people. Give that file with --people."
        problems.append(Problem("by_needs_people", f"--by {quoted(asked.by)[1:-1]}", says))
    if asked.by is not None and key_of(asked.by) in (*RESULTS, "patient", "service"):
        says = "is the name of a column of the results. Rename it in the file of people."
        problems.append(Problem("by_is_free", f"--by {quoted(asked.by)[1:-1]}", says))
    return problems


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _as_in_the_log(log: EventFile, names: list[str]) -> list[str]:
    """Names of services as the log writes them, where only case and blanks differ."""
    there = {key_of(name): name for name in log.events["service"].dropna().unique()}
    return [there.get(key_of(name), name) for name in names]


def _matched_notes(
    log: EventFile, meant: Mapping[str, list[str]], given: Mapping[str, list[str]], *, pathway: str
) -> list[Note]:
    """Services of the options that nothing in the log is of, and roles that no service of the pathway has."""
    there = sorted(name for name in log.events["service"].dropna().unique())
    absent = {option: [name for name in names if name not in there] for option, names in meant.items()}
    notes = [
        Note(f"{option}: no event is of {', '.join(f'{quoted(name)}{_near(name, there)}' for name in absent[option])}.")
        for option in given
        if absent[option]
    ]
    for option, verb in (("--consultant-led", "starts"), ("--treatments", "stops by treatment")):
        if absent[option] == meant[option]:
            names = ", ".join(map(quoted, meant[option]))
            why = (
                f"no event is of {names}"
                if names
                else f"no service of the pathway {quoted(pathway)} has the role {ROLES[option]}"
            )
            notes.append(Note(f"No clock of referral to treatment {verb}: {why}. Name yours with {option}."))
    return notes


def _near(name: str, there: list[str]) -> str:
    near = difflib.get_close_matches(name, there, n=1, cutoff=ALIKE)
    return f" (did you mean '{near[0]}'?)" if near else ""
