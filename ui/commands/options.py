"""What all commands share: where they print, how they show progress and are stopped, and their common options."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from pathways import BadInput, Problem, refuse
from pathways.files.opened import printable
from pathways.files.writing import file_can_be_written, folder_can_be_written
from sim.batch.threads import Stopped
from ui.findings.calibrated import calibration_at, calibration_line

if TYPE_CHECKING:
    import pathways
    from sim.experiments.case import Case
    from sim.experiments.joint_draws import JointDraws


WIDE = 112
"""Columns where the output goes to a file or a pipe."""
DEFAULT_SEED = 42

out = Console(width=None if sys.stdout is not None and sys.stdout.isatty() else WIDE)
err = Console(stderr=True)

Region = Annotated[str, typer.Option("--region", help="A region of the library, or a folder.", metavar="NAME|DIR")]
Years = Annotated[float, typer.Option("--years", help="Measured years, after the warm-up.", metavar="N")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of all chance.", metavar="N")]
Engine = Annotated[str, typer.Option("--engine", help="compiled or reference (slow, to check the other).")]
Calibration = Annotated[
    Path | None,
    typer.Option("--calibration", help="Rest on its joint draws: the folder of a calibration.", metavar="DIR"),
]
Workers = Annotated[
    int, typer.Option("--workers", help="Threads; the results do not depend on it. 0: one per processor.", metavar="N")
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what was written there before.")]
INTERRUPTED = 130
LONGEST_PROBLEM = 2_000
"""Letters of a sentence about what is wrong: what was written may be endless."""
FIRST_PRICE_YEAR, LAST_PRICE_YEAR = 1990, 2100
"""Prices are of no other year."""
LIKE_SHARES, LIKE_AN_INDEX = 0.2, 50
"""Rates of inflation that are all below so many percent a year are shares; all above so many, the levels of an index."""

Scenarios = Annotated[list[str], typer.Argument(help="Scenarios of the library, or files.", metavar="SCENARIO…")]
Against = Annotated[str, typer.Option("--against", help="What to compare with.", metavar="SCENARIO")]
Out = Annotated[Path | None, typer.Option("--out", help="Write page and tables into this new folder.", metavar="DIR")]
PriceYear = Annotated[
    int | None,
    typer.Option("--price-year", help="Bring all prices to this year (needs --price-index).", metavar="YEAR"),
]
PriceIndex = Annotated[
    Path | None,
    typer.Option("--price-index", help="Annual rates: a CSV of year, rate_percent, source.", metavar="FILE"),
]


def places_to_write(*, overwrite: bool, folder: Path | None = None, files: Sequence[Path | None] = ()) -> None:
    """Raises `BadInput` where results cannot be written, before they are made; tells what killed runs had left there."""
    problems, said = [], []
    given = [path for path in (folder, *files) if path is not None]
    for path in given:
        look = folder_can_be_written if path is folder else file_can_be_written
        try:
            said += look(path, overwrite=overwrite)
        except BadInput as bad:
            problems += bad.problems
    if len({path.absolute() for path in given}) < len(given):
        problems.append(
            Problem("places_differ", str(given[0]), "two results cannot have one name. Choose another for one.")
        )
    if problems:
        raise BadInput(problems)
    for sentence in dict.fromkeys(said):
        say(sentence, aside=True)


def say(sentence: str, *, aside: bool = False) -> None:
    """Prints a sentence as it is written, on one line; `aside` what is not part of the results."""
    (err if aside else out).print(sentence, markup=False, highlight=False, soft_wrap=True)


def warn(sentence: str) -> None:
    """Prints a warning beside the results."""
    say(f"Warning: {sentence}", aside=True)


def tell_written(folder: Path, files: Sequence[str]) -> None:
    """Says which files stand in a folder now."""
    say(f"Written to {folder}: {', '.join(files)}", aside=True)


def tell_calibration(calibration: JointDraws | None, *, quiet: bool = False, warned: bool = False) -> None:
    """Says which calibration results rest on, unless only tables are wanted; warns where it is in doubt, unless that
    has been said."""
    if calibration is None:
        return
    if not quiet:
        say(calibration_line(calibration))
    if calibration.warning and not warned:
        warn(calibration.warning)


@contextmanager
def watched(what: str) -> Iterator[tuple[Any, Event]]:
    """A progress bar on a terminal, and an event that an interrupt sets; work that was stopped by it ends as interrupted."""
    with watched_stages() as (stage, stop):
        yield stage(what), stop


@contextmanager
def watched_stages() -> Iterator[tuple[Callable[[str], Callable[[int, int], None]], Event]]:
    """The same for work in several stages: a function that begins one, by its name, and gives what tells its progress.

    A second interrupt ends at once what does not look at the event.
    """
    stop = Event()
    previous = signal.getsignal(signal.SIGINT)

    def interrupt(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    try:
        signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread: then there is no interrupt to catch
        previous = None
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    shown: list[Any] = []

    def stage(what: str) -> Callable[[int, int], None]:
        while shown:
            bar.remove_task(shown.pop())
        task = bar.add_task(what, total=None)
        shown.append(task)
        return lambda done, total: bar.update(task, completed=done, total=total)

    try:
        with bar:
            yield stage, stop
    except Stopped:
        raise KeyboardInterrupt from None
    finally:
        if previous is not None:
            signal.signal(signal.SIGINT, previous)


def one_format(as_json: bool, as_csv: bool) -> None:
    """Refuses two formats at once."""
    if as_json and as_csv:
        raise refuse("one_format", "--json --csv", "choose one of the two.")


def is_short_of_memory(error: BaseException) -> bool:
    """Whether an error, or what it came of, says that the system had no memory to give.

    >>> is_short_of_memory(MemoryError()), is_short_of_memory(OSError(12, "Cannot allocate memory")), is_short_of_memory(KeyError())
    (True, True, False)
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    signs = ("can't start new thread", "failed to map segment", "allocate memory")
    if isinstance(error, RuntimeError | ImportError | OSError) and any(sign in str(error) for sign in signs):
        return True
    cause = error.__cause__ or error.__context__
    return cause is not None and is_short_of_memory(cause)


def threads(workers: int) -> int:
    """As many threads as asked for; for 0 one per processor."""
    return workers or os.cpu_count() or 1


def tell_problems(problems: list[Problem]) -> None:
    """Prints each problem in a sentence, errors and warnings."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if len(errors) > 1:
        err.print(f"{len(errors)} problems:", markup=False, highlight=False)
    for problem in problems:
        prefix = "warning: " if problem.severity == "warning" else ""
        # what was written may be endless: what to do about it is told all the same
        where = printable(problem.where, longest=LONGEST_PROBLEM // 4)
        told = printable(str(replace(problem, where=where)), longest=LONGEST_PROBLEM)
        say(f"{prefix}{told}", aside=True)


def cases_asked(
    problems: list[Problem],
    scenarios: list[str],
    against: str,
    region: str,
    price_year: int | None,
    price_index: Path | None,
    calibration: Path | None,
) -> tuple[Mapping[str, Case], str, pathways.Region, JointDraws | None]:
    """Cases, base and region, in the pounds of one year where that is asked for, and a calibration; every problem at once."""
    from pathways import load_region
    from sim.experiments.prices import in_price_year
    from ui.inputs.cases import gather

    read: list[Any] = []
    for load in (
        lambda: gather(scenarios, against=against),
        lambda: load_region(region),
        lambda: _index(price_year, price_index),
    ):
        try:
            read.append(load())
        except BadInput as bad:
            problems += bad.problems
    if not problems and len(read[0][0]) < 2:
        problems.append(
            Problem(
                "scenarios",
                " ".join(scenarios),
                f"there is nothing to compare with '{against}'. Name another scenario.",
            )
        )
    if problems:
        raise BadInput(problems)
    (cases, base), place, index = read
    joint = calibration_at(calibration, region=place, base=cases[base])
    if price_year is not None:
        cases, place = in_price_year(cases, place, price_year, index)
    return cases, base, place, joint


def _index(year: int | None, file: Path | None) -> Any:
    """The table of rates, where one is asked for."""
    from pathways.files.table import Column, read_csv

    if year is not None and not FIRST_PRICE_YEAR <= year <= LAST_PRICE_YEAR:
        says = f"write a year from {FIRST_PRICE_YEAR} to {LAST_PRICE_YEAR}."
        raise refuse("price_year", f"--price-year {year}", says)
    if (year is None) != (file is None):
        raise refuse(
            "price_year", "--price-year and --price-index", "go together: the year to move prices to, and the rates."
        )
    if year is None or file is None:
        return None
    index = read_csv(
        file,
        [
            Column("year", "whole", low=FIRST_PRICE_YEAR, high=LAST_PRICE_YEAR, blank="write the year"),
            Column("rate_percent", "number", low=-99, high=999, blank="write the rate, or remove the row"),
            Column("source"),
        ],
    )
    rates = index["rate_percent"].abs()
    if len(rates) and 0 < rates.max() < LIKE_SHARES:
        says = f"no rate is above {rates.max():g}: these look like shares. Write percent, {100 * rates.max():g} for {rates.max():g}."
        raise refuse("percent_is_percent", f"{file.name}: column rate_percent", says)
    if len(rates) > 1 and rates.min() > LIKE_AN_INDEX:
        says = f"no rate is below {rates.min():g}: these look like an index. Write by how many percent it rose in each year."
        raise refuse("rates_are_rates", f"{file.name}: column rate_percent", says)
    twice = index.index[index["year"].duplicated()]
    if len(twice):
        raise BadInput(
            Problem(
                "no_duplicates",
                f"{file.name}: row {row}, column year",
                f"{index['year'][row]} stands in a row above already. Give one rate for a year, of one index.",
            )
            for row in twice
        )
    return index


def refuse_unknown_policy(disclosure: str) -> None:
    """Refuses a policy for small numbers that is not known."""
    from outcomes import disclosure_policy

    try:
        disclosure_policy(disclosure)
    except ValueError as error:
        raise refuse("disclosure", f"--disclosure {disclosure}", f"{error}.") from None
