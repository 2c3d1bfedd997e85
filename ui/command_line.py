"""The command line. Every command reads its inputs whole before it works, and writes whole results or none.

Exit codes: 0 done, 1 the answer is no (a replay that differs) or an error of ours, 2 an input cannot be used, or a place
to write to, or there is not the memory for it.
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pathways import BadInput, Problem, library_names, refuse
from pathways.files.opened import not_opened, printable
from ui.calibrated import calibration_at
from ui.checking import DEFAULT_YEARS
from ui.commands import psa
from ui.commands.app import open_app
from ui.commands.calibrate import calibrate
from ui.commands.options import (
    DEFAULT_SEED,
    AsCsv,
    AsJson,
    Calibration,
    Engine,
    Overwrite,
    Region,
    Seed,
    Workers,
    Years,
    err,
    is_short_of_memory,
    one_format,
    out,
    places_to_write,
    say,
    tell_calibration,
    tell_written,
    threads,
    warn,
    watched,
)
from ui.commands.streams import outputs_done, outputs_ready

app = typer.Typer(
    help="Simulates people with back pain moving through a local NHS, under alternative pathway designs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
region_app = typer.Typer(help="Build a region from official files.", no_args_is_help=True)
app.add_typer(region_app, name="region")

LISTS = ("--icb", "--sub-icb", "--pcn", "--practice")
INTERRUPTED = 130
LONGEST_PROBLEM = 2_000
"""Letters of a sentence about what is wrong: what was written may be endless."""
DEFAULT_REPLICATIONS = "10"
VALIDATION_REPLICATIONS = 8

SHORT_OF_MEMORY = (
    "Memory is short: the work was given up. Choose fewer --workers, fewer runs or years, or a smaller region; "
    "or let the program have more (ulimit -v)."
)

UsageError: Any = typer.BadParameter.__mro__[1]
"""What Typer raises where a command is not used as its help says. Newer Typers bring their own Click, without its name."""


def main() -> None:
    """Runs the command line; turns problems into sentences and exit codes."""
    outputs_ready()
    code = _outcome()
    if why := outputs_done():
        err.print(f"What was printed could not all be handed over: {why}.", markup=False)
        code = code or 2
    sys.exit(code)


def _outcome() -> int:
    """Runs what was typed; its exit code."""
    try:
        command = typer.main.get_command(app)
        arguments = spread_lists(sys.argv[1:])
        refuse_repeated(command, arguments)
        code = command.main(args=arguments, prog_name="backpath", standalone_mode=False)
        if code == INTERRUPTED:  # newer Typers turn the interrupt into this
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BadInput as bad:
        _tell(bad.problems)
        return 2
    except UsageError as wrong:
        wrong.show()
        return 2
    except (KeyboardInterrupt, typer.Abort):
        err.print("Stopped. Nothing was written.")
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.filename and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            _tell(not_opened(Path(os.fsdecode(error.filename)), error).problems)  # a name that no file can have
            return 2
        if os.environ.get("BACKPATH_DEBUG"):
            traceback.print_exc()
        if is_short_of_memory(error):
            say(SHORT_OF_MEMORY, aside=True)
            return 2
        # an error of ours: the user gets a sentence, a developer the traceback if asked for
        what = printable(f"{type(error).__name__}: {error}", longest=LONGEST_PROBLEM)
        err.print(f"This should not have happened: {what}", markup=False)
        err.print("Nothing was written. Please report it; BACKPATH_DEBUG=1 shows where it happened.", markup=False)
        return 1


def spread_lists(arguments: list[str]) -> list[str]:
    """Lets `--pcn A B C` stand for `--pcn A --pcn B --pcn C`. Commas are parted where it is known which names have one.

    >>> spread_lists(["--pcn", "U1", "U2", "--out", "here"])
    ['--pcn', 'U1', '--pcn', 'U2', '--out', 'here']
    """
    spread: list[str] = []
    option = ""
    for argument in arguments:
        if argument.startswith("-"):
            name, equals, first = argument.partition("=")
            option = name if name in LISTS else ""
            spread += [option, first] if option and equals else [] if option else [argument]
        elif option:
            spread += [option, argument]
        else:
            spread.append(argument)
    return spread


def refuse_repeated(command: Any, arguments: list[str]) -> None:
    """Raises where an option that takes one value is given several: all but the last would be lost."""
    given: dict[str, list[str]] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            break
        command = getattr(command, "commands", {}).get(argument, command)
        name, equals, value = argument.partition("=")
        option = next((each for each in command.params if argument.startswith("-") and name in each.opts), None)
        if option is not None and not getattr(option, "is_flag", False):
            value = value if equals else next(rest, "")
            if not option.multiple:
                given.setdefault(name, []).append(value)
    problems = [
        Problem(
            "options_stand_once", " ".join(f"{name} {value}" for value in values), "give it once: it takes one value."
        )
        for name, values in given.items()
        if len(values) > 1
    ]
    if problems:
        raise BadInput(problems)


def _tell(problems: list[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if len(errors) > 1:
        err.print(f"{len(errors)} problems:", markup=False, highlight=False)
    for problem in problems:
        prefix = "warning: " if problem.severity == "warning" else ""
        # what was written may be endless: what to do about it is told all the same
        where = printable(problem.where, longest=LONGEST_PROBLEM // 4)
        told = printable(str(replace(problem, where=where)), longest=LONGEST_PROBLEM)
        say(f"{prefix}{told}", aside=True)


# check and show


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A pathway or scenario file, or a region's folder.")],
    region: Annotated[
        str | None,
        typer.Option("--region", help="The region it is to run in: which lists would grow?", metavar="NAME|DIR"),
    ] = None,
    pathway: Annotated[
        str | None,
        typer.Option(
            "--pathway",
            help="Of a region: the pathway it is for. Otherwise the one that its region.toml names, or today's.",
            metavar="NAME|FILE",
        ),
    ] = None,
) -> None:
    """Tell everything that is wrong with a pathway, a scenario or a region."""
    from pathways.assumed_here import assumed_here
    from ui.checking import check_path, region_at, slots_of
    from ui.words import counted

    problems = check_path(path, region, pathway)
    if any(problem.severity == "error" for problem in problems):
        raise BadInput(problems)
    _tell(problems)
    against = ""
    if checked := region_at(path, pathway):
        for sentence in slots_of(*checked):
            say(sentence)
        for sentence in assumed_here(*checked):
            say(f"  - {sentence}")
        against = f" for the pathway '{checked[1].name}'"
    out.print(
        f"{path}: no errors{against}{', ' + counted(len(problems), 'warning') if problems else ''}.",
        highlight=False,
        markup=False,
    )


@app.command()
def show(
    kind: Annotated[str, typer.Argument(help="pathway, scenario or evidence")],
    name: Annotated[
        str | None, typer.Argument(help="A name of the library, or a file. Evidence: usual_care if left out.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            help="Of a scenario: where its capacity is told; the demonstration area if left out.",
            metavar="NAME|DIR",
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Also draw the pathway into this file.", metavar="FILE")
    ] = None,
    grade: Annotated[
        str, typer.Option("--grade", help="Evidence of this grade only: read, recalled, assumed, local.")
    ] = "",
    search: Annotated[str, typer.Option("--search", help="Evidence with this text only.", metavar="TEXT")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print evidence as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print evidence as CSV.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print evidence as the page of the documentation.")
    ] = False,
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
        _show_evidence(name or "usual_care", grade, search, as_json=as_json, as_csv=as_csv, as_markdown=as_markdown)
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
        out.print(pathway_in_words(pathway), markup=False, highlight=False)
    else:
        from ui.checking import region_for

        file_name, scenario, pathway = load_scenario(name)
        place = region_for(pathway, region)
        out.print(scenario_in_words(file_name, scenario, pathway, place), markup=False, highlight=False)
    if svg is not None:
        write_text(svg, draw(pathway), overwrite=overwrite)
        out.print(f"Drawn: {svg}", markup=False, highlight=False)


def _show_evidence(name: str, grade: str, search: str, *, as_json: bool, as_csv: bool, as_markdown: bool) -> None:
    from ui.evidence import csv_text, json_text, page, pathway_named, rows_of, summary, terminal_tables

    if as_json + as_csv + as_markdown > 1:
        raise refuse("one_format", "--json --csv --markdown", "choose one of them.")
    if as_markdown:
        if grade or search:
            raise refuse("options_fit", "--markdown", "prints the whole page: leave out --grade and --search.")
        out.file.write(page(name))
        return
    pathway = pathway_named(name)
    rows = rows_of(pathway, grade=grade, search=search)
    if as_json:
        out.file.write(json_text(rows) + "\n")
    elif as_csv:
        out.file.write(csv_text(rows))
    else:
        for table in terminal_tables(rows, width=out.width):
            out.print(table)
        out.print(f"{pathway.title}. {summary(rows)}", markup=False, highlight=False)


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(help="pathway or scenario")] = "pathway",
) -> None:
    """Print the JSON Schema of pathway or scenario files, for completion in an editor."""
    from pathways.schema import schema_text

    out.file.write(schema_text(kind))


# region new


@region_app.command("new")
def region_new(
    name: Annotated[str, typer.Argument(help="The new region's name.")],
    registered: Annotated[
        Path, typer.Option("--registered", help="Patients registered at a GP practice.", metavar="FILE")
    ],
    practice_map: Annotated[
        Path, typer.Option("--map", help="Map of practices to networks and areas.", metavar="FILE")
    ],
    deprivation: Annotated[Path, typer.Option("--deprivation", help="Deprivation score by practice.", metavar="FILE")],
    folder: Annotated[Path, typer.Option("--out", help="The new region's folder.", metavar="DIR")],
    icb: Annotated[
        list[str] | None,
        typer.Option("--icb", help="An integrated care board, by code or name, or several.", metavar="CODE|NAME …"),
    ] = None,
    sub_icb: Annotated[
        list[str] | None,
        typer.Option(
            "--sub-icb",
            help="A sub-ICB location (formerly CCG), by code or name, or several.",
            metavar="CODE|NAME …",
        ),
    ] = None,
    pcn: Annotated[
        list[str] | None,
        typer.Option("--pcn", help="A network, by code or name, or several.", metavar="CODE|NAME …"),
    ] = None,
    practice: Annotated[
        list[str] | None,
        typer.Option("--practice", help="A practice, by code or name, or several.", metavar="CODE|NAME …"),
    ] = None,
    england: Annotated[bool, typer.Option("--england", help="All practices, area by area.")] = False,
    pathway: Annotated[
        str, typer.Option("--pathway", help="The pathway whose services the region gets.")
    ] = "usual_care",
    overwrite: Overwrite = False,
) -> None:
    """Build a region from official files as they are published, and tell what was assumed.

    Several areas, networks or practices may follow their option, be parted by commas, or have the option each.
    """
    from pathways import load_pathway
    from pathways.official.new_region import region_from_official_files, write_region
    from pathways.official.selection import Selection
    from ui.words import counted

    places_to_write(folder=folder, overwrite=overwrite)
    selection = Selection(
        icbs=tuple(icb or ()),
        areas=tuple(sub_icb or ()),
        networks=tuple(pcn or ()),
        practices=tuple(practice or ()),
        england=england,
    )
    region = region_from_official_files(
        name,
        registered=registered,
        practice_map=practice_map,
        deprivation=deprivation,
        selection=selection,
        pathway=load_pathway(pathway),
    )
    write_region(region, folder, overwrite=overwrite)
    areas = len(region.area_names())
    say(
        f"{region.population:,} registered people at {counted(len(region.codes), 'practice')}"
        f"{f' in {areas} areas' if areas > 1 else ''}, written to {folder}"
    )
    for sentence in region.about.warnings:
        warn(sentence)
    out.print("Assumed, because the official files do not tell:", markup=False, highlight=False)
    for sentence in region.about.assumed:
        say(f"  - {sentence}")
    following = f"backpath compare mri_guidance physio_first --region {shlex.quote(str(folder))}"
    say(f"Next: {following}")


# run and compare


def _engine(name: str) -> Literal["compiled", "reference"]:
    if name == "compiled":
        return "compiled"
    if name == "reference":
        return "reference"
    raise refuse("engine", f"--engine {name}", "there are: compiled, reference.")


def _replications(text: str) -> int | Literal["auto"]:
    from sim.batch.asked import LONGEST

    if text == "auto":
        return "auto"
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST and int(text) > 0:
        return int(text)
    raise refuse("replications", f"--replications {text}", "write a whole number from 1, or auto.")


def _comparison(
    scenarios: list[str],
    against: str,
    region: str,
    years: float,
    replications: str,
    seed: int,
    engine: str,
    workers: int,
    calibration: Path | None,
) -> Any:
    from pathways import load_region
    from sim.experiments.compare import compare
    from ui.cases import gather

    problems: list[Problem] = []
    chosen: list[Any] = []
    for read in (
        lambda: _engine(engine),
        lambda: _replications(replications),
        lambda: gather(scenarios, against=against),
        lambda: load_region(region),
    ):
        try:
            chosen.append(read())
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(problems)
    kind, count, (cases, base), place = chosen
    joint = calibration_at(calibration, region=place, base=cases[base])
    with watched("Simulating") as (progress, stop):
        return compare(
            cases,
            base=base,
            region=place,
            years=years,
            replications=count,
            seed=seed,
            engine=kind,
            workers=threads(workers),
            progress=progress,
            stop=stop,
            calibration=joint,
        )


@app.command()
def compare(
    scenarios: Annotated[list[str], typer.Argument(help="Scenarios of the library, or files.", metavar="SCENARIO…")],
    against: Annotated[str, typer.Option("--against", help="What to compare with.", metavar="SCENARIO")] = "usual_care",
    region: Region = "demonstration",
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Annotated[
        str, typer.Option("--replications", help="How many paired runs, or auto.", metavar="N|auto")
    ] = DEFAULT_REPLICATIONS,
    seed: Seed = DEFAULT_SEED,
    engine: Engine = "compiled",
    workers: Workers = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write report, record and tables into this new folder.", metavar="DIR")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare scenarios over the same patients: what changes, with intervals, and what gets worse."""
    from pathways.assumed_here import grades_in_short
    from sim.experiments.precision import MOST_SENTENCES, warnings_of
    from ui.key_message import rests_on, watch
    from ui.owed import owed_of, owed_sentence
    from ui.tables import capacity_lines, csv_text, json_text, terminal_table

    one_format(as_json, as_csv)
    if set(scenarios) <= {against}:
        says = f"is compared with itself ('{against}'), so nothing can differ. Name another scenario, or use `backpath run`."
        raise refuse("scenarios", " ".join(scenarios), says)
    places_to_write(folder=folder, overwrite=overwrite)
    comparison = _comparison(scenarios, against, region, years, replications, seed, engine, workers, calibration)
    if as_json:
        out.file.write(json_text(comparison) + "\n")
    elif as_csv:
        out.file.write(csv_text(comparison))
    else:
        for name in comparison.scenarios:
            out.print(terminal_table(comparison, name, width=out.width))
            for sentence in capacity_lines(comparison, name):
                say(f"  Capacity: {sentence}")
            for sentence in watch(comparison, name):
                say(f"  Watch: {sentence}")
            told = owed_sentence(owed_of(comparison, name), comparison.years)
            say(f"  {told}")
            say(f"  {rests_on(comparison, name)}")
            out.print()
        out.print(grades_in_short(comparison.region, comparison.plan.pathway), markup=False, highlight=False)
    tell_calibration(comparison.calibration, quiet=as_json or as_csv, warned=not as_json)
    if not as_json:
        for sentence in warnings_of(comparison, most=MOST_SENTENCES):
            warn(sentence)
    _write_results(comparison, folder, region, overwrite=overwrite)


def _write_results(comparison: Any, folder: Path | None, region: str, *, overwrite: bool) -> None:
    """Writes what `--out` asks for. The record names the region in the library, or its folder's whole path, so that
    it is found from anywhere."""
    from ui.report import write_results

    if folder is not None:
        lasting = region if region in library_names("regions") else str(Path(region).resolve())
        files = write_results(comparison, folder, region_from=lasting, overwrite=overwrite)
        tell_written(folder, files)


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A scenario of the library, or a file.")],
    region: Region = "demonstration",
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Annotated[str, typer.Option("--replications", help="How many runs.", metavar="N")] = "1",
    seed: Seed = DEFAULT_SEED,
    engine: Engine = "compiled",
    workers: Workers = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write record and tables into this new folder.", metavar="DIR")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="Write the full event log (.parquet or .csv).", metavar="FILE")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Run one scenario: activity, waits and lists; with --log every event of every patient."""
    from pathways.assumed_here import grades_in_short
    from sim.events import log_path_problem, write_logs
    from ui.running import run_csv, run_json, run_tables, run_warnings

    one_format(as_json, as_csv)
    if log is not None:
        log_path_problem(log)
    places_to_write(folder=folder, files=[log], overwrite=overwrite)
    if replications == "auto":
        raise refuse("replications", "--replications auto", "a run has nothing to compare with: write a number.")
    comparison = _comparison([scenario], scenario, region, years, replications, seed, engine, workers, calibration)
    if as_json:
        out.file.write(run_json(comparison) + "\n")
    elif as_csv:
        out.file.write(run_csv(comparison))
    else:
        for table in run_tables(comparison):
            out.print(table)
        out.print(grades_in_short(comparison.region, comparison.plan.pathway), markup=False, highlight=False)
    tell_calibration(comparison.calibration, quiet=as_json or as_csv)
    for sentence in () if as_json else run_warnings(comparison):
        warn(sentence)
    _write_results(comparison, folder, region, overwrite=overwrite)
    if log is not None:
        from sim.experiments.compare import logs_of

        case = comparison.cases[comparison.base]
        logs = logs_of(
            case,
            region=comparison.region,
            years=years,
            replications=comparison.replications,
            seed=seed,
            engine=_engine(engine),
            calibration=comparison.calibration,
        )
        areas = len(comparison.region.area_names())
        events = write_logs(logs, log, replications=comparison.replications, areas=areas, overwrite=overwrite)
        say(f"Written to {log}: {events:,} events", aside=True)


@app.command()
def replay(
    record: Annotated[Path, typer.Argument(help="The record.json that `compare --out` wrote.")],
    workers: Workers = 0,
) -> None:
    """Run a record again: the same results, or what has changed."""
    from sim.experiments.record import replay as run_again

    found = run_again(record, workers=threads(workers))
    if found.same:
        out.print("The same results came out.", markup=False, highlight=False)
        for sentence in found.notes:
            say(f"  - {sentence}: it makes no difference")
        return
    out.print("Other results came out:", markup=False, highlight=False)
    for sentence in found.differences:
        say(f"  - {sentence}")
    raise typer.Exit(1)


@app.command()
def validate(
    region: Region = "demonstration",
    years: Years = DEFAULT_YEARS,
    replications: Annotated[
        int, typer.Option("--replications", help="How many runs; the intervals are over these.", metavar="N")
    ] = VALIDATION_REPLICATIONS,
    seed: Seed = DEFAULT_SEED,
    workers: Workers = 0,
    as_json: AsJson = False,
    page: Annotated[
        Path | None, typer.Option("--out", help="Write the page (.html, or .md with its picture).", metavar="FILE")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare the model with published results, by rules written beforehand; what fails is shown as failed."""
    from calibration.validation.targets import load_targets
    from calibration.validation.validate import validate as compare_with_published
    from pathways import load_region
    from ui.validation import files_of_page, json_text, summary, terminal_tables, write_page

    places_to_write(files=[] if page is None else files_of_page(page), overwrite=overwrite)
    place = load_region(region)
    with watched("Simulating") as (progress, stop):
        validation = compare_with_published(
            load_targets(),
            place,
            years=years,
            replications=replications,
            seed=seed,
            workers=threads(workers),
            progress=progress,
            stop=stop,
        )
    if as_json:
        out.file.write(json_text(validation) + "\n")
    else:
        for table in terminal_tables(validation):
            out.print(table)
        say(summary(validation))
    if page is not None:
        say(f"Written: {', '.join(write_page(validation, page, overwrite=overwrite))}", aside=True)


app.command()(calibrate)
app.command()(psa.psa)
app.command()(psa.budget)
app.command()(psa.value)
app.command()(psa.variation)
app.command()(psa.journeys)


app.command("app")(open_app)


if __name__ == "__main__":
    main()
