"""From names on a command line or in an app, or what was loaded in Python, to cases that can be compared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from pathways import (
    BadInput,
    Pathway,
    Problem,
    Region,
    Scenario,
    load_pathway,
    load_region,
    load_scenario,
    pathway_problems,
    refuse,
)
from pathways.checks import scenario_problems
from pathways.files.opened import is_file
from pathways.load import FORMAT
from sim.run import Case
from ui.inputs.checking import kind_of

Asked: TypeAlias = str | Path | Case | Pathway
"""What may stand for a scenario: its name in the library, its file, a case that was loaded; or a pathway, without levers."""


def region_asked(region: str | Path | Region) -> Region:
    """A region of the library by its name, of a folder, or one that was loaded."""
    return region if isinstance(region, Region) else load_region(region)


def _read(written: str, pathway_of: Callable[[str | Path], Pathway]) -> Case:
    """The case of a name or a file."""
    if is_file(Path(written)) and kind_of(Path(written))[0] == "pathway":
        says = 'this is a pathway, not a scenario. Compare scenarios; each names its pathway: pathway = "FILE".'
        raise refuse("is_a_scenario", written, says)
    return Case(*load_scenario(written, pathway_of=pathway_of))


def _loaded(asked: Case | Pathway) -> Case:
    """What was loaded, and perhaps changed, as a case; `BadInput` with all that is wrong with it."""
    case = asked
    if isinstance(case, Pathway):
        case = Case(case.name, Scenario(format=FORMAT, title=case.title, says=case.says, pathway=case.name), case)
    problems = [
        *pathway_problems(case.pathway, file=case.name),
        *scenario_problems(case.scenario, case.pathway, file=case.name),
    ]
    if problems:
        raise BadInput(problems)
    return case


def gather(scenarios: Sequence[Asked], *, against: Asked) -> tuple[dict[str, Case], str]:
    """The cases of the named scenarios and of the base, by name, and the base's name.

    All problems of all files are raised together. Two files of one name, or scenarios of pathways with other
    services or another clock, cannot stand side by side.
    """
    cases: dict[str, Case] = {}
    problems: list[Problem] = []
    asked: list[Asked] = []
    for each in (against, *scenarios):
        plain = str(each) if isinstance(each, Path) else each
        if plain not in asked:
            asked.append(plain)
    base = ""
    pathway_of = functools.cache(load_pathway)
    for each in asked:
        try:
            case = _loaded(each) if isinstance(each, Case | Pathway) else _read(str(each), pathway_of)
        except BadInput as error:
            problems += [problem for problem in error.problems if problem not in problems]
            continue
        if case.name in cases:
            loaded = isinstance(each, Case | Pathway)
            what = "Give it another name: replace(it, name=…)" if loaded else "Rename the file"
            says = f"another scenario is called '{case.name}' too. {what}."
            problems.append(Problem("names_differ", case.name if loaded else str(each), says))
        cases[case.name] = case
        base = base or case.name
    if problems:
        raise BadInput(problems)
    services = list(cases[base].pathway.services)
    outcomes = list(cases[base].pathway.outcomes)
    for name, case in cases.items():
        if list(case.pathway.services) != services or list(case.pathway.outcomes) != outcomes:
            says = f"its pathway '{case.pathway.name}' has other services or outcomes than that of '{base}': they cannot be compared."
            problems.append(Problem("pathways_compare", name, says))
        ours, theirs = case.pathway.clock, cases[base].pathway.clock
        for word in ("tick", "warm_up"):
            if getattr(ours, word) != getattr(theirs, word):
                says = (
                    f"the pathway of '{name}' has {word} = \"{getattr(ours, word)}\", that of '{base}' "
                    f'"{getattr(theirs, word)}": they cannot be compared. Write the same in both.'
                )
                problems.append(Problem("clocks_compare", f"{case.pathway.name}: clock.{word}", says))
    if problems:
        raise BadInput(problems)
    return cases, base
