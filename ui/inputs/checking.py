"""`backpath check`: everything that can be said about a pathway, a scenario or a region before it is run."""

from __future__ import annotations

from pathlib import Path

from pathways import BadInput, Pathway, Problem, Region, Scenario, load_pathway, load_region, load_scenario, refuse
from pathways.checks import problems_of
from pathways.checks.without_effect import without_effect
from pathways.files.opened import is_folder, is_there, place_of
from pathways.files.toml_json import toml_in
from pathways.load import draft_pathway, find

MOST_AREAS = 3
MOST_SHOWN = 8
MOST_LISTS = 3
"""Lists that grow, those that grow most, with a sentence each; the others share one."""
TODAY = "usual_care"
"""The pathway of a region that names none."""
DEFAULT_YEARS = 5.0
"""Measured years of a run, unless others are asked for."""


def check_path(path: Path, region: str | None = None, pathway: str | None = None) -> list[Problem]:
    """All problems, errors and warnings, of what stands at a path (or of a name of the library).

    With a `region`, also whether the pathway can run there and which lists would grow; without one the
    demonstration area is taken where it has the pathway's services. What is checked may be a region itself: then
    against `pathway`, else the one that it names, else today's.
    """
    scenario = None
    try:
        kind, found = kind_of(path)
        if kind == "region":
            return _check_region(found, region, pathway)
        if pathway is not None:
            says = f"is for a region's folder; '{path}' is a {kind}, which has its pathway."
            raise refuse("options_fit", "--pathway", says)
        if kind == "scenario":
            _, scenario, word = load_scenario(found)
            problems: list[Problem] = []
        else:
            draft, problems = draft_pathway(found)
            problems += problems_of(draft)
            if any(problem.severity == "error" for problem in problems):
                return problems
            word = draft.pathway()
        place = region_for(word, region)
        if place is None:
            says = "its services are not those of the demonstration area; name a region with --region to learn which lists grow."
            return [*problems, Problem("stability", str(path), says, "warning")]
        named = (
            {code for setting in scenario.levers.values() for code in setting.practices or ()} if scenario else set()
        )
        if region is None and named - set(place.codes):
            says = "it names practices that are not in the demonstration area; name their region with --region to learn which lists grow."
            return [*problems, Problem("stability", str(path), says, "warning")]
        if scenario is not None:
            problems = without_effect(scenario, word, place, name=found.stem, years=DEFAULT_YEARS)
        return problems + _fits(word, place, scenario)
    except BadInput as bad:
        return bad.problems


def region_for(pathway: Pathway, named: str | None) -> Region | None:
    """The region that a pathway is looked at in: the one `named`, else the demonstration area where it has its services."""
    place = load_region(named or "demonstration")
    limited = {name for name, service in pathway.services.items() if service.capacity != "open"}
    return place if named is not None or limited == {site.service for site in place.sites} else None


def pathway_of(region: Region, named: str | None) -> Pathway:
    """The pathway that a region is checked against: the one `named`, else the region's own, else today's."""
    if named is not None or region.about.pathway is None:
        return load_pathway(named or TODAY)
    try:
        return load_pathway(region.about.pathway)
    except BadInput as bad:
        says = f"'{region.about.pathway}' is not in the library. Name its file with --pathway."
        raise refuse("pathway_exists", "region.toml: pathway", says) from bad


def region_at(path: Path, named: str | None) -> tuple[Region, Pathway] | None:
    """A region without errors, and the pathway that it was checked against; None for a pathway or a scenario."""
    kind, found = kind_of(path)
    if kind != "region":
        return None
    place = load_region(found)
    return place, pathway_of(place, named)


def _check_region(folder: Path, region: str | None, named: str | None) -> list[Problem]:
    """All problems of a region for one pathway; where there are errors, which pathway that was is among what is told."""
    if region is not None:
        raise refuse("options_fit", "--region", f"is for a pathway or a scenario; '{folder}' is a region itself.")
    place = load_region(folder)
    pathway = pathway_of(place, named)
    problems = _fits(pathway, place)
    if any(problem.severity == "error" for problem in problems):
        says = f"this is what it lacks for the pathway '{pathway.name}'. Is it for another? Name that with --pathway."
        problems.append(Problem("pathway_is_named", place.name, says, "warning"))
    return problems + _doubts(place)


def _doubts(place: Region) -> list[Problem]:
    """What in a region's files may be a slip though it can be run: warnings."""
    about, doubts = place.about, [("built_from", "region.toml: warnings", says) for says in place.about.warnings]
    if about.name != place.name:
        says = (
            f"'{about.name}' is written, and the folder is '{place.name}': that is what the region is called. If it was copied, "
            "change name, title and says."
        )
        doubts.append(("region_has_its_own_name", "region.toml: name", says))
    if about.closed and max(about.closed) < about.start:
        says = f"all closed days are before the first measured day, {about.start}: none of them closes anything. Write those to come."
        doubts.append(("closed_days_are_to_come", "region.toml: closed", says))
    empty = [code for code, people in zip(place.codes, place.people, strict=True) if not people.sum()]
    if empty:
        shown = ", ".join(empty[:MOST_SHOWN]) + (", …" if len(empty) > MOST_SHOWN else "")
        says = f"nobody is registered at {len(empty)} of the practices: {shown}. Are their codes the same in population.csv?"
        doubts.append(("practices_have_people", "practices.csv", says))
    return [Problem(rule, where, says, "warning") for rule, where, says in doubts]


def slots_of(place: Region, pathway: Pathway) -> list[str]:
    """A sentence for each service of a region on its slots in the days that are open."""
    from sim.experiments.stability import open_sentences

    areas = place.area_names()[:MOST_AREAS]
    return [f"{area}: {says}" if area else says for area in areas for says in open_sentences(pathway, place.area(area))]


def kind_of(path: Path) -> tuple[str, Path]:
    """Whether a path or a name of the library is a region, a scenario or a pathway; and the path."""
    if is_folder(path):
        return "region", path
    if is_there(path) or path.suffix == ".toml":
        return ("scenario" if "pathway" in toml_in(path) else "pathway"), path
    for kind in ("scenario", "pathway", "region"):
        try:
            return kind, find(f"{kind}s", path)
        except BadInput:
            continue
    raise BadInput(
        [
            Problem(
                "file_exists", place_of(path), "there is no such file, and no scenario, pathway or region of this name."
            )
        ]
    )


def _fits(pathway: Pathway, region: Region, scenario: Scenario | None = None) -> list[Problem]:
    """Whether a pathway, with a scenario's levers, can run in a region, and where its lists would grow without end."""
    from sim.experiments.need import capacity_beyond_need, lists_beyond_need
    from sim.experiments.stability import in_one_sentence, offered_loads, sentence
    from sim.pilot import doubts_about_lists
    from sim.plan import compile_plan

    names = region.area_names()
    problems = []
    for name in names[:MOST_AREAS]:
        area = region.area(name)
        try:
            plan = compile_plan(pathway, area, scenario=scenario, years=1)
        except BadInput as bad:
            return bad.problems
        problems += [
            Problem("lists_fit_the_pathway", region.name, says, "warning") for says in doubts_about_lists(plan)
        ]
        loads = offered_loads(pathway, area, scenario)
        growing = sorted((load for load in loads if load.too_much), key=lambda load: -load.growth_a_year)
        said = [sentence(load, pathway) for load in growing[:MOST_LISTS]]
        said += [in_one_sentence(growing[MOST_LISTS:], pathway)] if growing[MOST_LISTS:] else []
        problems += [Problem("stability", region.name, says, "warning") for says in said]
        problems += [
            Problem("figures_are_of_back_pain", region.name, says, "warning")
            for says in (*capacity_beyond_need(loads, pathway, area), *lists_beyond_need(loads, pathway, area))
        ]
    if len(names) > MOST_AREAS:
        says = f"the lists of the first {MOST_AREAS} of {len(names)} areas were looked at."
        problems.append(Problem("stability", region.name, says, "warning"))
    return problems
