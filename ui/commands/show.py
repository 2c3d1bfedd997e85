"""The commands `check`, `show` and `schema`: what a file says, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pathways import BadInput, library_names, refuse
from ui.commands.asking import places_to_write
from ui.commands.options import DEFAULT_BASE, Overwrite
from ui.terminal.telling import out, print_parts, print_text, say, say_wrapped, tell_problems

Checked = Annotated[Path, typer.Argument(help="A pathway or scenario file, or a region's folder.", metavar="FILE|DIR")]
InRegion = Annotated[
    str | None,
    typer.Option("--region", help="The region it is to run in: which lists would grow?", metavar="NAME|DIR"),
]
ForPathway = Annotated[
    str | None,
    typer.Option(
        "--pathway",
        help="Of a region: the pathway it is for. Otherwise the one that its region.toml names, or today's.",
        metavar="NAME|FILE",
    ),
]
Shown = Annotated[str, typer.Argument(help="pathway, scenario or evidence", metavar="KIND")]
Named = Annotated[
    str | None,
    typer.Argument(help="A name of the library, or a file. Evidence: usual_care if left out.", metavar="NAME|FILE"),
]
CapacityOf = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="Of a scenario: where its capacity is told; the demonstration area if left out.",
        metavar="NAME|DIR",
    ),
]
Svg = Annotated[Path | None, typer.Option("--svg", help="Also draw the pathway into this file.", metavar="FILE")]
Grade = Annotated[
    str, typer.Option("--grade", help="Evidence of this grade only: read, recalled, assumed, local.", metavar="GRADE")
]
Search = Annotated[str, typer.Option("--search", help="Evidence with this text only.", metavar="TEXT")]
EvidenceAsJson = Annotated[bool, typer.Option("--json", help="Print evidence as JSON.")]
EvidenceAsCsv = Annotated[bool, typer.Option("--csv", help="Print evidence as CSV.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print evidence as the page of the documentation.")]
SchemaOf = Annotated[str, typer.Argument(help="pathway or scenario", metavar="KIND")]


def check(
    path: Checked,
    region: InRegion = None,
    pathway: ForPathway = None,
) -> None:
    """Tell everything that is wrong with a pathway, a scenario or a region."""
    from pathways.assumed_here import assumed_here
    from ui.inputs.checking import check_path, region_at, slots_of
    from ui.words import counted

    problems = check_path(path, region, pathway)
    if any(problem.severity == "error" for problem in problems):
        raise BadInput(problems)
    tell_problems(problems)
    against = ""
    if checked := region_at(path, pathway):
        for sentence in slots_of(*checked):
            say(sentence)
        for sentence in assumed_here(*checked):
            say(f"  - {sentence}")
        against = f" for the pathway '{checked[1].name}'"
    say_wrapped(f"{path}: no errors{against}{', ' + counted(len(problems), 'warning') if problems else ''}.")


def show(
    kind: Shown,
    name: Named = None,
    region: CapacityOf = None,
    svg: Svg = None,
    grade: Grade = "",
    search: Search = "",
    as_json: EvidenceAsJson = False,
    as_csv: EvidenceAsCsv = False,
    as_markdown: AsMarkdown = False,
    overwrite: Overwrite = False,
) -> None:
    """Tell a pathway or a scenario in words, with a diagram; or every quantity, its range and its source."""
    from pathways import load_pathway, load_scenario
    from pathways.files.writing import write_text
    from pathways.picture import draw, pathway_in_words, scenario_in_words

    options = {"--grade": grade, "--search": search, "--json": as_json, "--csv": as_csv, "--markdown": as_markdown}
    given = [option for option, value in options.items() if value]
    if region is not None and kind != "scenario":
        raise refuse("options_fit", "--region", f"is for a scenario: {kind} is the same everywhere.")
    if kind == "evidence":
        if svg is not None:
            raise refuse("options_fit", "--svg", "draws a pathway; evidence is a table.")
        _show_evidence(
            name or DEFAULT_BASE, grade=grade, search=search, as_json=as_json, as_csv=as_csv, as_markdown=as_markdown
        )
        return
    if kind not in ("pathway", "scenario"):
        raise refuse("kind", kind, "show a 'pathway', a 'scenario' or 'evidence': backpath show pathway usual_care")
    if given:
        raise refuse("options_fit", given[0], f"is for 'show evidence', not for a {kind}.")
    if name is None:
        raise refuse("name", f"show {kind}", f"which one? There are: {', '.join(library_names(f'{kind}s'))}.")
    if svg is not None and svg.suffix != ".svg":
        raise refuse("drawing", str(svg), "a drawing is written as .svg. Choose this ending.")
    places_to_write(files=[svg], overwrite=overwrite)
    if kind == "pathway":
        pathway = load_pathway(name)
        say_wrapped(pathway_in_words(pathway))
    else:
        from ui.inputs.checking import region_for

        file_name, scenario, pathway = load_scenario(name)
        place = region_for(pathway, region)
        say_wrapped(scenario_in_words(file_name, scenario, pathway, place))
    if svg is not None:
        write_text(svg, draw(pathway), overwrite=overwrite)
        say_wrapped(f"Drawn: {svg}")


def _show_evidence(name: str, *, grade: str, search: str, as_json: bool, as_csv: bool, as_markdown: bool) -> None:
    from ui.reports.evidence import evidence_csv, evidence_json, evidence_tables, page, pathway_named, rows_of, summary

    if as_json + as_csv + as_markdown > 1:
        raise refuse("one_format", "--json --csv --markdown", "choose one of them.")
    if as_markdown:
        if grade or search:
            raise refuse("options_fit", "--markdown", "prints the whole page: leave out --grade and --search.")
        print_text(page(name))
        return
    pathway = pathway_named(name)
    rows = rows_of(pathway, grade=grade, search=search)
    if as_json:
        print_text(evidence_json(rows))
    elif as_csv:
        print_text(evidence_csv(rows))
    else:
        print_parts(evidence_tables(rows, width=out.width))
        say_wrapped(f"{pathway.title}. {summary(rows)}")


def schema(
    kind: SchemaOf = "pathway",
) -> None:
    """Print the JSON Schema of pathway or scenario files, for completion in an editor."""
    from pathways.schema import schema_text

    print_text(schema_text(kind))
