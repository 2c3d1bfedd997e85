"""The commands `compare`, `run` and `replay`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathways import library_names, refuse
from ui.commands.asking import all_read, engine_asked, one_format, places_to_write, replications_asked, threads
from ui.commands.options import (
    DEFAULT_BASE,
    DEFAULT_REGION,
    DEFAULT_SEED,
    Against,
    AsCsv,
    AsJson,
    Calibration,
    Engine,
    Overwrite,
    Region,
    Scenarios,
    Seed,
    Workers,
    Years,
)
from ui.findings.calibrated import calibration_at
from ui.inputs.checking import DEFAULT_YEARS
from ui.terminal.progress import watched
from ui.terminal.telling import out, print_parts, print_text, say, say_wrapped, tell_calibration, tell_written, warn

if TYPE_CHECKING:
    import pathways
    from sim.experiments.comparison import Comparison
    from ui.inputs.cases import Asked

DEFAULT_REPLICATIONS = "10"

Replications = Annotated[str, typer.Option("--replications", help="How many paired runs, or auto.", metavar="N|auto")]
ReportOut = Annotated[
    Path | None, typer.Option("--out", help="Write report, record and tables into this new folder.", metavar="DIR")
]
Scenario = Annotated[str, typer.Argument(help="A scenario of the library, or a file.", metavar="SCENARIO")]
Runs = Annotated[str, typer.Option("--replications", help="How many runs.", metavar="N")]
RecordOut = Annotated[
    Path | None, typer.Option("--out", help="Write record and tables into this new folder.", metavar="DIR")
]
Log = Annotated[Path | None, typer.Option("--log", help="Write the full event log (.parquet or .csv).", metavar="FILE")]
Record = Annotated[Path, typer.Argument(help="The record.json that `compare --out` wrote.", metavar="FILE")]


def compare(
    scenarios: Scenarios,
    against: Against = DEFAULT_BASE,
    region: Region = DEFAULT_REGION,
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Replications = DEFAULT_REPLICATIONS,
    seed: Seed = DEFAULT_SEED,
    engine: Engine = "compiled",
    workers: Workers = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: ReportOut = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare scenarios over the same patients: what changes, with intervals, and what gets worse."""
    one_format(as_json, as_csv)
    refuse_itself(scenarios, against)
    places_to_write(folder=folder, overwrite=overwrite)
    comparison = compared(
        scenarios,
        against=against,
        region=region,
        calibration=calibration,
        years=years,
        replications=replications,
        seed=seed,
        engine=engine,
        workers=workers,
    )
    _tell_comparison(comparison, as_json=as_json, as_csv=as_csv)
    _write_results(comparison, folder, region, overwrite=overwrite)


def run(
    scenario: Scenario,
    region: Region = DEFAULT_REGION,
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Runs = "1",
    seed: Seed = DEFAULT_SEED,
    engine: Engine = "compiled",
    workers: Workers = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: RecordOut = None,
    log: Log = None,
    overwrite: Overwrite = False,
) -> None:
    """Run one scenario: activity, waits and lists; with --log every event of every patient."""
    from sim.events import log_path_problem

    one_format(as_json, as_csv)
    if log is not None:
        log_path_problem(log)
    places_to_write(folder=folder, files=[log], overwrite=overwrite)
    if replications == "auto":
        raise refuse("replications", "--replications auto", "a run has nothing to compare with: write a number.")
    comparison = compared(
        [scenario],
        against=scenario,
        region=region,
        calibration=calibration,
        years=years,
        replications=replications,
        seed=seed,
        engine=engine,
        workers=workers,
    )
    _tell_run(comparison, as_json=as_json, as_csv=as_csv)
    _write_results(comparison, folder, region, overwrite=overwrite)
    if log is not None:
        _write_log(comparison, log, overwrite=overwrite)


def replay(
    record: Record,
    workers: Workers = 0,
) -> None:
    """Run a record again: the same results, or what has changed."""
    from sim.experiments.record import replay as run_again

    found = run_again(record, workers=threads(workers))
    if found.same:
        say_wrapped("The same results came out.")
        for sentence in found.notes:
            say(f"  - {sentence}: it makes no difference")
        return
    say_wrapped("Other results came out:")
    for sentence in found.differences:
        say(f"  - {sentence}")
    raise typer.Exit(1)


def refuse_itself(scenarios: Sequence[Asked], against: Asked) -> None:
    """Refuses to compare a scenario with itself."""
    if all(each is against or each == against for each in scenarios):
        name = against if isinstance(against, str | Path) else against.name
        says = (
            f"is compared with itself ('{name}'), so nothing can differ. Name another scenario, or use `backpath run`."
        )
        raise refuse("scenarios", " ".join([str(name)] * len(scenarios)), says)


def compared(
    scenarios: Sequence[Asked],
    *,
    against: Asked,
    region: str | Path | pathways.Region,
    calibration: Path | None,
    years: float,
    replications: str,
    seed: int,
    engine: str,
    workers: int,
) -> Comparison:
    """Reads what is asked, all problems told together, and runs it."""
    from sim.experiments.compare import compare
    from sim.experiments.experiment import Experiment
    from ui.inputs.cases import gather, region_asked

    kind, count, (cases, base), place = all_read(
        lambda: engine_asked(engine),
        lambda: replications_asked(replications),
        lambda: gather(scenarios, against=against),
        lambda: region_asked(region),
    )
    joint = calibration_at(calibration, region=place, base=cases[base])
    experiment = Experiment(
        cases,
        base=base,
        region=place,
        years=years,
        replications=count,
        seed=seed,
        engine=kind,
        calibration=joint,
    )
    with watched("Simulating") as (progress, stop):
        return compare(experiment, workers=threads(workers), progress=progress, stop=stop)


def _tell_comparison(comparison: Any, *, as_json: bool, as_csv: bool) -> None:
    from sim.experiments.precision import MOST_SENTENCES, warnings_of
    from ui.reports.decision_table import comparison_csv, comparison_json

    if as_json:
        print_text(comparison_json(comparison))
    elif as_csv:
        print_text(comparison_csv(comparison))
    else:
        for name in comparison.scenarios:
            _tell_scenario(comparison, name)
        _tell_grades(comparison)
    tell_calibration(comparison.calibration, quiet=as_json or as_csv, warned=not as_json)
    if not as_json:
        for sentence in warnings_of(comparison, most=MOST_SENTENCES):
            warn(sentence)


def _tell_scenario(comparison: Any, name: str) -> None:
    from sim.measures.owed import owed_of
    from ui.findings.key_message import rests_on, watch
    from ui.findings.owed import owed_sentence
    from ui.reports.decision_table import capacity_lines, terminal_table

    out.print(terminal_table(comparison, name, width=out.width))
    for sentence in capacity_lines(comparison, name):
        say(f"  Capacity: {sentence}")
    for sentence in watch(comparison, name):
        say(f"  Watch: {sentence}")
    say(f"  {owed_sentence(comparison, owed_of(comparison, name))}")
    say(f"  {rests_on(comparison, name)}")
    out.print()


def _tell_run(comparison: Any, *, as_json: bool, as_csv: bool) -> None:
    from ui.reports.run import run_csv, run_json, run_tables, run_warnings

    if as_json:
        print_text(run_json(comparison))
    elif as_csv:
        print_text(run_csv(comparison))
    else:
        print_parts(run_tables(comparison))
        _tell_grades(comparison)
    tell_calibration(comparison.calibration, quiet=as_json or as_csv)
    for sentence in () if as_json else run_warnings(comparison):
        warn(sentence)


def _tell_grades(comparison: Any) -> None:
    from pathways.assumed_here import grades_in_short

    say_wrapped(grades_in_short(comparison.region, comparison.plan.pathway))


def _write_results(comparison: Any, folder: Path | None, region: str, *, overwrite: bool) -> None:
    """Writes what `--out` asks for. The record names the region in the library, or its folder's whole path, so that
    it is found from anywhere."""
    from ui.reports.comparison import write_results

    if folder is not None:
        lasting = region if region in library_names("regions") else str(Path(region).resolve())
        files = write_results(comparison, folder, region_from=lasting, overwrite=overwrite)
        tell_written(folder, files)


def _write_log(comparison: Any, log: Path, *, overwrite: bool) -> None:
    """Runs the same again, now with every event, and writes it."""
    from sim.events import write_logs
    from ui.reports.run import logs_of_run

    runs, areas = comparison.replications, len(comparison.region.area_names())
    events = write_logs(logs_of_run(comparison), log, replications=runs, areas=areas, overwrite=overwrite)
    say(f"Written to {log}: {events:,} events", aside=True)
