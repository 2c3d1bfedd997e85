"""From TOML files to a `Pathway` or a `Scenario`, or to everything that is wrong with them.

A file is read word by word, so that one broken service does not hide the problems of the others;
the named checks of `pathways.checks` then look at how the words fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pathways.checks import CHECKS, Check, problems_of, scenario_problems
from pathways.draft import NAMED_SECTIONS, SINGLE_SECTIONS, Draft
from pathways.explain import LATER, read_word
from pathways.files.opened import is_folder, is_there, place_of
from pathways.files.toml_json import toml_in
from pathways.files.values import told
from pathways.lever import Scenario
from pathways.pathway import Pathway
from pathways.problems import BadInput, Problem, did_you_mean, refuse
from pathways.quantity import Quantity

LIBRARY = Path(__file__).parent / "library"
INCLUDED = "quantities.toml"
"""Stands among the library's pathways, which include it, and is none itself."""
FORMAT = 1

PLAIN_FIELDS = ("format", "title", "says", "include", "practice_effects")
NEEDED = ("format", "title", "says", "onset", "health", "care", "services")


def library_names(kind: str) -> list[str]:
    """Names in the library of a kind: `pathways`, `scenarios` or `regions`.

    >>> "mri_guidance" in library_names("scenarios")
    True
    """
    return sorted(_library(kind))


def _library(kind: str) -> dict[str, Path]:
    """What the library holds of a kind, by name."""
    entries = (LIBRARY / kind).iterdir() if is_folder(LIBRARY / kind) else ()
    return {entry.stem: entry for entry in entries if not entry.name.startswith((".", "_")) and entry.name != INCLUDED}


def find(kind: str, name_or_path: str | Path) -> Path:
    """The file or folder of that name in the library, or at that path. `BadInput` where there is none.

    A bare name, without a suffix or a slash, is looked for in the library first: what lies in the working directory
    does not hide it. Write `./demonstration` for a folder that bears a name of the library.
    """
    path = Path(name_or_path)
    library = _library(kind)
    if str(name_or_path) in library:
        return library[str(name_or_path)]
    if is_there(path) and (path.suffix == ".toml" or is_folder(path)):
        return path
    for entry in library.values():
        if entry.suffix and entry.name == str(name_or_path):
            return entry
    one = kind.removesuffix("s")
    raise refuse(
        f"{one}_exists",
        place_of(path),
        f"there is no {one} of that name in the library and no such file. "
        f"{did_you_mean(str(name_or_path), library_names(kind))}",
    )


def draft_pathway(path: Path) -> tuple[Draft, list[Problem]]:
    """A pathway file read as far as possible, and what could not be read."""
    written = toml_in(path)
    draft, problems = _draft(written, file=path.name, name=path.stem)
    problems += _include(draft, written.get("include", []), path)
    return draft, problems


def _draft(written: dict[str, Any], *, file: str, name: str) -> tuple[Draft, list[Problem]]:
    """What a pathway's table says, without what it includes."""
    draft = Draft(file=file, name=name)
    problems = _unknown_fields(written, file)
    problems += [Problem("needed", file, f"'{name}' is missing. Add it.") for name in NEEDED if name not in written]
    problems += _format_problems(written, file)
    for field in ("title", "says"):
        if not isinstance(written.get(field, ""), str):
            problems.append(Problem("schema_text", f"{file}: {field}", "must be text."))
    draft.title, draft.says = str(written.get("title", "")), str(written.get("says", ""))
    effects = written.get("practice_effects", {})
    if isinstance(effects, dict) and all(isinstance(quantity, str) for quantity in effects.values()):
        draft.practice_effects = effects
    else:
        problems.append(Problem("schema_table", f"{file}: practice_effects", "must be a table of names to quantities."))
    for section, model in SINGLE_SECTIONS.items():
        if section in written:
            word, wrong = read_word(model, written[section], file=file, path=section)
            problems += wrong
            if word is not None:
                draft.singles[section] = word
    for section in NAMED_SECTIONS:
        problems += _read_section(draft, section, written.get(section, {}), file=file, prefix=f"{section}.")
    draft.own_quantities = set(draft.known["quantities"])
    return draft, problems


def pathway_to_dict(pathway: Pathway) -> dict[str, Any]:
    """A pathway as plain tables, its quantities included: what a file of it would say."""
    written: dict[str, Any] = {"format": FORMAT, "title": pathway.title, "says": pathway.says}
    written["practice_effects"] = dict(pathway.practice_effects)
    for section in SINGLE_SECTIONS:
        if (word := getattr(pathway, section)) is not None:
            written[section] = word.model_dump(exclude_none=True)
    for section in NAMED_SECTIONS:
        words = getattr(pathway, section)
        written[section] = {name: word.model_dump(exclude_none=True) for name, word in words.items()}
    return written


def inputs_to_dict(pathway: Pathway) -> dict[str, Any]:
    """The same without the `roles` of services, which no result of a run or of a calibration depends on: what records and
    digests hold. Those of a file without roles and of the same file with them are one.

    >>> any("roles" in service for service in inputs_to_dict(load_pathway("usual_care"))["services"].values())
    False
    """
    written = pathway_to_dict(pathway)
    services = {
        name: {field: of for field, of in service.items() if field != "roles"}
        for name, service in written["services"].items()
    }
    return {**written, "services": services}


def pathway_from_dict(name: str, written: dict[str, Any]) -> Pathway:
    """The pathway that `pathway_to_dict` wrote; `BadInput` where it is not one.

    >>> pathway = load_pathway("usual_care")
    >>> pathway_from_dict("usual_care", pathway_to_dict(pathway)) == pathway
    True
    """
    draft, problems = _draft(written, file=name, name=name)
    return _accepted(draft, problems)


def pathway_problems(pathway: Pathway, *, file: str = "", checks: Iterable[Check] = CHECKS) -> list[Problem]:
    """The errors that checks find in a pathway that was built or changed in Python; `file` is where they say it stands."""
    draft = Draft.of(pathway)
    draft.file = file or draft.file
    return [problem for problem in problems_of(draft, checks) if problem.severity == "error"]


def _accepted(draft: Draft, problems: list[Problem]) -> Pathway:
    problems = problems + problems_of(draft)
    if any(problem.severity == "error" for problem in problems):
        raise BadInput(problems)
    return draft.pathway()


def _unknown_fields(written: dict[str, Any], file: str) -> list[Problem]:
    known = [*PLAIN_FIELDS, *SINGLE_SECTIONS, *NAMED_SECTIONS]
    return [
        Problem("schema_extra", file, f"there is no section '{name}'. {did_you_mean(name, known)}")
        for name in written
        if name not in known
    ]


def _format_problems(written: dict[str, Any], file: str) -> list[Problem]:
    number = written.get("format", FORMAT)
    if isinstance(number, int) and 1 <= number <= FORMAT:
        return []
    return [
        Problem(
            "format",
            f"{file}: format",
            f"this version reads format {FORMAT}, but {number!r} is written. {LATER}",
        )
    ]


def _read_section(draft: Draft, section: str, written: Any, *, file: str, prefix: str) -> list[Problem]:
    if not isinstance(written, dict):
        return [Problem("schema_table", f"{file}: {section}", "must be a table of names.")]
    problems = []
    for name, body in written.items():
        if section in ("services", "decisions") and name in ("home", "rest"):
            problems.append(
                Problem(
                    "reserved", f"{file}: {prefix}{name}", f"'{name}' is a word of the language. Choose another name."
                )
            )
        if not name.strip():
            problems.append(Problem("named", f"{file}: {prefix}{name!r}", "the name is blank. Give it one."))
        if name in draft.known[section]:
            problems.append(Problem("duplicate", f"{file}: {prefix}{name}", "is defined twice. Remove one."))
        draft.known[section].add(name)
        word, wrong = read_word(NAMED_SECTIONS[section], body, file=file, path=f"{prefix}{name}")
        problems += wrong
        if word is not None:
            draft.named[section][name] = word
    return problems


def _include(draft: Draft, files: Any, path: Path) -> list[Problem]:
    """Reads the quantity files that a pathway includes, beside it or in the library."""
    if not isinstance(files, list):
        return [Problem("schema_list", f"{path.name}: include", "must be a list of file names.")]
    problems = []
    for name in files:
        beside = path.parent / str(name)
        file = beside if is_there(beside) else LIBRARY / "pathways" / str(name)
        try:
            problems += _read_section(draft, "quantities", toml_in(file), file=file.name, prefix="")
        except BadInput as error:
            problems += error.problems
    return problems


def load_quantities(file: str) -> dict[str, Quantity]:
    """The quantities in a file of the library that no pathway includes: those about regions."""
    draft = Draft(file=file, name=file)
    problems = _read_section(draft, "quantities", toml_in(LIBRARY / file), file=file, prefix="")
    if problems:
        raise BadInput(problems)
    return draft.named["quantities"]


def load_pathway(name_or_path: str | Path) -> Pathway:
    """A pathway from the library by name, or from a file. `BadInput` tells everything that is wrong with it.

    >>> load_pathway("usual_care").services["gp"].capacity
    'open'
    """
    path = find("pathways", name_or_path)
    return _of_the_library(path) if path.parent == LIBRARY / "pathways" else _accepted(*draft_pathway(path))


@cache
def _of_the_library(path: Path) -> Pathway:
    """Read once: the library's files do not change while a program runs, and nobody changes a pathway."""
    return _accepted(*draft_pathway(path))


def load_scenario(
    name_or_path: str | Path, *, pathway_of: Callable[[str | Path], Pathway] = load_pathway
) -> tuple[str, Scenario, Pathway]:
    """The name of a scenario, what it says, and its pathway with the scenario's quantities put in.

    `pathway_of` loads the pathway; who loads many scenarios may give one that reads each pathway once.

    >>> name, scenario, pathway = load_scenario("mri_guidance")
    >>> name, scenario.pathway
    ('mri_guidance', 'usual_care')
    """
    path = find("scenarios", name_or_path)
    written = toml_in(path)
    scenario, problems = read_word(Scenario, written, file=path.name, path="")
    problems = list({problem.where: problem for problem in [*problems, *_format_problems(written, path.name)]}.values())
    if scenario is None:
        raise BadInput(problems)
    is_file = scenario.pathway.endswith(".toml")
    try:
        pathway = pathway_of(path.parent / scenario.pathway if is_file else scenario.pathway)
    except BadInput as error:
        raise BadInput(
            problems + [_in_scenario(each, scenario.pathway, path.name) for each in error.problems]
        ) from None
    overrides, wrong = _override(pathway, scenario, path.name)
    problems += wrong + scenario_problems(scenario, pathway, file=path.name)
    if problems:
        raise BadInput(problems)
    return path.stem, scenario, overrides


def _in_scenario(problem: Problem, pathway: str, file: str) -> Problem:
    """A problem of the pathway that a scenario names; where there is none, it is the scenario that has to be mended."""
    if problem.rule != "pathway_exists":
        return problem
    return replace(problem, where=f"{file}: pathway = {told(pathway)}")


def _override(pathway: Pathway, scenario: Scenario, file: str) -> tuple[Pathway, list[Problem]]:
    """The pathway with the scenario's quantities in place of its own, checked as a whole."""
    quantities = dict(pathway.quantities)
    problems: list[Problem] = []
    for name, written in scenario.quantities.items():
        where = f"quantities.{name}"
        if name not in quantities:
            hint = did_you_mean(name, quantities)
            problems.append(
                Problem("scenario_quantities_exist", f"{file}: {where}", f"there is no quantity '{name}'. {hint}")
            )
            continue
        quantity, wrong = read_word(Quantity, written, file=file, path=where)
        problems += wrong
        if quantity is not None:
            quantities[name] = quantity
    changed = replace(pathway, quantities=quantities)
    if scenario.quantities and not problems:
        problems += pathway_problems(changed, file=file)
    return changed, problems
