"""The commands `compare`, `run` and `replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pathways import BadInput, Problem, library_names, refuse
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
from ui.findings.calibrated import calibration_at
from ui.inputs.checking import DEFAULT_YEARS

DEFAULT_REPLICATIONS = "10"


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
    from ui.inputs.cases import gather

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
    from ui.findings.key_message import rests_on, watch
    from ui.findings.owed import owed_of, owed_sentence
    from ui.reports.decision_table import capacity_lines, csv_text, json_text, terminal_table

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
    from ui.reports.comparison import write_results

    if folder is not None:
        lasting = region if region in library_names("regions") else str(Path(region).resolve())
        files = write_results(comparison, folder, region_from=lasting, overwrite=overwrite)
        tell_written(folder, files)


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
    from ui.reports.run import run_csv, run_json, run_tables, run_warnings

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
