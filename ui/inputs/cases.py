"""From names on a command line or in an app to cases that can be compared."""

from __future__ import annotations

import functools
from pathlib import Path

from pathways import BadInput, Problem, load_pathway, load_scenario
from pathways.files.opened import is_file
from sim.run import Case
from ui.inputs.checking import kind_of


def gather(scenarios: list[str], *, against: str) -> tuple[dict[str, Case], str]:
    """The cases of the named scenarios and of the base, by name, and the base's name.

    All problems of all files are raised together. Two files of one name, or scenarios of pathways with other
    services or another clock, cannot stand side by side.
    """
    cases: dict[str, Case] = {}
    problems: list[Problem] = []
    names = list(dict.fromkeys([against, *scenarios]))
    base = against
    pathway_of = functools.cache(load_pathway)
    for written in names:
        try:
            if is_file(Path(written)) and kind_of(Path(written))[0] == "pathway":
                says = 'this is a pathway, not a scenario. Compare scenarios; each names its pathway: pathway = "FILE".'
                problems.append(Problem("is_a_scenario", written, says))
                continue
            name, scenario, pathway = load_scenario(written, pathway_of=pathway_of)
        except BadInput as error:
            problems += [problem for problem in error.problems if problem not in problems]
            continue
        if name in cases:
            problems.append(
                Problem("names_differ", written, f"another scenario is called '{name}' too. Rename the file.")
            )
        cases[name] = Case(name, scenario, pathway)
        base = name if written == against else base
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
