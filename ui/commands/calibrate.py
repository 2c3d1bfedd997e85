"""The command `calibrate`: from a planner's figures to a folder of joint draws, with its report and its verdict."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from pathways import BadInput, Problem, refuse
from pathways.files.opened import is_there
from ui.commands.asking import threads
from ui.commands.options import DEFAULT_BASE, DEFAULT_REGION, DEFAULT_SEED, AsJson, Overwrite, Region, Seed
from ui.terminal.progress import INTERRUPTED, watched_stages
from ui.terminal.telling import out, print_text, say, tell_written

if TYPE_CHECKING:
    import pathways
    from calibration.calibrate import Calibration
    from calibration.fitting.settings import Settings
    from calibration.local_data.local_targets import LocalTargets
    from sim.run import Case
    from ui.findings.calibration import Told
    from ui.inputs.cases import Asked

DEFAULT_RUNS, DEFAULT_UNKNOWNS = 2000, 60
"""Those of `calibration.fitting.fit`, which is not loaded until it is needed."""
STAGES = {"bank": "prior bank", "fresh": "fresh runs"}


Targets = Annotated[
    Path, typer.Option("--targets", help="Figures of the area: a CSV, or a folder of files.", metavar="FILE|DIR")
]
CalibrationOut = Annotated[Path, typer.Option("--out", help="The folder of the calibration.", metavar="DIR")]
Today = Annotated[str, typer.Option("--scenario", help="What the figures are of: today's pathway.", metavar="SCENARIO")]
Until = Annotated[
    str | None, typer.Option("--until", help="Fit only figures up to this day, such as 2025-02-28.", metavar="DATE")
]
Runs = Annotated[int, typer.Option("--runs", help="About how many runs to make.", metavar="N")]
Unknowns = Annotated[int, typer.Option("--unknowns", help="Quantities that are fitted, at most.", metavar="N")]
Processes = Annotated[
    int,
    typer.Option("--workers", help="Processes; the results do not depend on it. 0: one per processor.", metavar="N"),
]
Dask = Annotated[
    str | None, typer.Option("--dask", help="Make the runs on this Dask cluster: tcp://…", metavar="ADDRESS")
]
Method = Annotated[
    str, typer.Option("--method", help="emulate, or npe: a neural network (needs backpath[npe]).", metavar="METHOD")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the calibration begun in --out.")]
BeyondPrior = Annotated[
    bool, typer.Option("--beyond-prior", help="Fit figures that no values in the ranges give, as near as may be.")
]
NoBackTest = Annotated[
    bool, typer.Option("--no-back-test", help="Leave out the second fit that foretells the last third.")
]


def calibrate(
    targets: Targets,
    folder: CalibrationOut,
    region: Region = DEFAULT_REGION,
    scenario: Today = DEFAULT_BASE,
    until: Until = None,
    runs: Runs = DEFAULT_RUNS,
    unknowns: Unknowns = DEFAULT_UNKNOWNS,
    seed: Seed = DEFAULT_SEED,
    workers: Processes = 0,
    dask: Dask = None,
    method: Method = "emulate",
    resume: Resume = False,
    beyond_prior: BeyondPrior = False,
    no_back_test: NoBackTest = False,
    as_json: AsJson = False,
    overwrite: Overwrite = False,
) -> None:
    """Calibrate today's pathway to what the area has counted: joint draws for later runs, with a report and a verdict."""
    from ui.findings.calibration import Told
    from ui.reports.calibration_folder import diagnostics_json

    try:
        found, files = calibrated(
            targets,
            folder,
            region=region,
            scenario=scenario,
            until=until,
            runs=runs,
            unknowns=unknowns,
            seed=seed,
            workers=workers,
            dask=dask,
            method=method,
            resume=resume,
            beyond_prior=beyond_prior,
            hold_out=not no_back_test,
            overwrite=overwrite,
            aside=as_json,
        )
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    if as_json:
        print_text(diagnostics_json(found))
    else:
        _tell(Told(found), region=region, scenario=scenario, folder=folder)
    tell_written(folder, files)
    if found.verdict.word == _not_matched():
        raise typer.Exit(1)


def calibrated(
    targets: Path,
    folder: Path,
    *,
    region: str | Path | pathways.Region,
    scenario: Asked,
    until: str | None,
    runs: int,
    unknowns: int,
    seed: int,
    workers: int,
    dask: str | None,
    method: str,
    resume: bool,
    beyond_prior: bool,
    hold_out: bool,
    overwrite: bool,
    aside: bool,
) -> tuple[Calibration, list[str]]:
    """Reads what is asked, all problems told together, calibrates, and writes the folder; what was found, and the names of
    the files. Notes on the figures are told, `aside` of what is printed where that is asked for.
    """
    from calibration.calibrate import calibrate as fitted
    from calibration.fitting.settings import Settings
    from ui.reports.calibration_folder import RUNS, begin, question_of, write_calibration

    settings = Settings(runs=runs, seed=seed, unknowns=unknowns, workers=threads(workers), dask=dask, method=method)
    case, place, figures = _asked(scenario, region, targets, until, settings)
    if resume and overwrite:
        raise refuse(
            "resume", "--resume --overwrite", "choose one of the two: go on with what is there, or begin anew."
        )
    question = question_of(case, place, figures, settings)
    for sentence in begin(folder, question, resume=resume, overwrite=overwrite):
        say(sentence, aside=True)
    for note in figures.notes:
        say(note, aside=aside)
    with _telling_what_went_wrong(folder, settings):
        with watched_stages() as (stage, stop):
            found = fitted(
                case,
                place,
                figures,
                store=folder / RUNS,
                settings=settings,
                beyond_prior=beyond_prior,
                hold_out=hold_out,
                progress=lambda name: stage(stage_in_words(name)),
                say=lambda sentence: say(sentence, aside=True),
                stop=stop,
            )
        return found, write_calibration(found, folder)


def _asked(
    scenario: Asked, region: str | Path | pathways.Region, targets: Path, until: str | None, settings: Settings
) -> tuple[Case, pathways.Region, LocalTargets]:
    """Everything that is read, or all problems together."""
    from calibration.local_data.local_targets import load_local_targets
    from calibration.local_data.local_targets import until as up_to
    from ui.inputs.cases import gather, region_asked

    problems = _settings_problems(settings)
    last = _day(until, problems)
    read: dict[str, Any] = {}
    ways: dict[str, Callable[[], Any]] = {
        "case": lambda: gather([scenario], against=scenario),
        "region": lambda: region_asked(region),
    }
    for name, way in ways.items():
        try:
            read[name] = way()
        except BadInput as bad:
            problems += bad.problems
    if len(read) == len(ways):
        cases, base = read["case"]
        try:
            figures = load_local_targets(targets, region=read["region"], pathway=cases[base].pathway)
            read["targets"] = figures if last is None else up_to(figures, last)
        except BadInput as bad:
            problems += bad.problems
    elif not is_there(targets):
        problems.append(Problem("targets_exist", str(targets), "there is no such file or folder."))
    if "targets" in read and read["targets"].figures["value"].isna().all():
        problems.append(Problem("something_to_fit", str(targets), "no figure has a value: nothing to fit."))
    if problems:
        raise BadInput(problems)
    return cases[base], read["region"], read["targets"]


def _day(written: str | None, problems: list[Problem]) -> date | None:
    """A day as it is written, or a problem."""
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        problems.append(Problem("until", f"--until {written}", "is no date: write it as 2025-02-28."))
        return None


def _settings_problems(settings: Settings) -> list[Problem]:
    from calibration.calibrate import settings_problems
    from sim.batch.dask import dask_problems

    return settings_problems(settings) + (dask_problems(settings.dask) if settings.dask is not None else [])


def stage_in_words(name: str) -> str:
    """What a part of the runs is called.

    >>> stage_in_words("bank"), stage_in_words("back-test wave_1"), stage_in_words("fresh")
    ('Prior bank', 'Back-test, wave 1', 'Fresh runs')
    """
    before, _, part = name.rpartition(" ")
    words = STAGES.get(part, part.replace("_", " "))
    whole = f"{before}, {words}" if before else words
    return whole[:1].upper() + whole[1:]


@contextmanager
def _telling_what_went_wrong(folder: Path, settings: Settings) -> Iterator[None]:
    """Turns what can stop a calibration into sentences; the runs done by then are kept."""
    from calibration.calibrate import NothingRuns
    from sim.batch.pool import WorkersDie

    kept = f"The runs done so far are kept in {folder / 'runs'}; the same command with --resume goes on from there."
    try:
        yield
    except KeyboardInterrupt:
        say(f"Stopped. {kept}", aside=True)
        raise
    except NothingRuns as error:
        says = f"{error}. Look at the ranges of the quantities that were changed, and at the services of the figures."
        raise refuse("ranges_run", str(folder), says) from None
    except WorkersDie as error:
        says = f"{error}. Memory may be short: choose fewer. {kept}"
        raise refuse("workers_live", f"--workers {settings.workers}", says) from None
    except BadInput as bad:
        raise BadInput([replace(problem, says=f"{problem.says} {kept}") for problem in bad.problems]) from None
    except OSError as error:
        where = f"--dask {settings.dask}" if settings.dask else str(folder)
        raise refuse("runs_can_be_made", where, f"{error or type(error).__name__}. {kept}") from None


def _tell(told: Told, *, region: str, scenario: str, folder: Path) -> None:
    from ui.findings.calibration import BACK_HEAD, BEYOND_HEAD, OFFER, QUANTITY_HEAD, SERIES_HEAD, SHORT, TO_DO

    found = told.found
    title = f"{found.targets.title}: {found.simulator.region.about.title}"
    for caption, head, rows in (
        ("Outside what the ranges give before any data", BEYOND_HEAD, told.beyond_rows()),
        (f"{title}, published and simulated", SERIES_HEAD[:SHORT], [row[:SHORT] for row in told.series_rows()]),
        ("Quantities: range before, median and 90% after", QUANTITY_HEAD, told.quantity_rows(("informed", "weak"))),
        ("Foretold from the first part", BACK_HEAD, told.back_rows()),
    ):
        if rows:
            out.print(_table(caption, head, rows))
    for heading, sentences in told.sentences():
        say(f"{heading}:")
        for sentence in sentences:
            say(f"  {sentence}")
    not_matched = found.verdict.word == _not_matched()
    if found.fit is not None:
        say(OFFER)
    say(str(found.verdict))
    if not_matched:
        say(TO_DO)
    elif found.draws is not None:
        against = "" if scenario == DEFAULT_BASE else f" --against {shlex.quote(scenario)}"
        place = f"--region {shlex.quote(region)} --calibration {shlex.quote(str(folder))}"
        say(f"Next: backpath compare mri_guidance physio_first{against} {place}")


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for place, column in enumerate(head):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=place > 0)
    for row in rows:
        table.add_row(*row)
    return table


def _not_matched() -> str:
    from calibration.diagnostics.verdict import NOT_MATCHED

    return NOT_MATCHED
