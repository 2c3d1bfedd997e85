"""What commands are asked for, read and looked at before they work: all problems are told together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pathways import BadInput, Problem, refuse
from pathways.files.writing import file_can_be_written, folder_can_be_written
from ui.findings.calibrated import calibration_at
from ui.terminal.telling import say

if TYPE_CHECKING:
    import pathways
    from sim.experiments.joint_draws import JointDraws
    from sim.run import Case
    from ui.inputs.cases import Asked


def one_format(as_json: bool, as_csv: bool) -> None:
    """Refuses two formats at once."""
    if as_json and as_csv:
        raise refuse("one_format", "--json --csv", "choose one of the two.")


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


def all_read(*ways: Callable[[], Any], problems: Sequence[Problem] = ()) -> list[Any]:
    """What each way of reading gives; `BadInput` with the problems of all, and with those found before.

    >>> all_read(lambda: 1, lambda: "two")
    [1, 'two']
    """
    found, wrong = [], list(problems)
    for read in ways:
        try:
            found.append(read())
        except BadInput as bad:
            wrong += bad.problems
    if wrong:
        raise BadInput(wrong)
    return found


def cases_asked(
    scenarios: Sequence[Asked],
    *,
    against: Asked,
    region: str | Path | pathways.Region,
    calibration: Path | None,
    price_year: int | None,
    price_index: Path | None,
    problems: Sequence[Problem],
) -> tuple[Mapping[str, Case], str, pathways.Region, JointDraws | None]:
    """Cases, base and region, in the pounds of one year where that is asked for, and a calibration.

    `BadInput` has every problem, with `problems` that were found in other options before.
    """
    from sim.experiments.price_year import in_price_year
    from ui.inputs.cases import gather, region_asked
    from ui.inputs.price_index import read_price_index

    (cases, base), place, index = all_read(
        lambda: gather(scenarios, against=against),
        lambda: region_asked(region),
        lambda: read_price_index(price_index, year=price_year),
        problems=problems,
    )
    if len(cases) < 2:
        says = f"there is nothing to compare with '{base}'. Name another scenario."
        raise refuse("scenarios", " ".join([base] * len(scenarios)), says)
    joint = calibration_at(calibration, region=place, base=cases[base])
    if price_year is not None:
        cases, place = in_price_year(cases, place, price_year, index)
    return cases, base, place, joint


def engine_asked(name: str) -> Literal["compiled", "reference"]:
    """The engine of a name."""
    if name == "compiled":
        return "compiled"
    if name == "reference":
        return "reference"
    raise refuse("engine", f"--engine {name}", "there are: compiled, reference.")


def replications_asked(text: str) -> int | Literal["auto"]:
    """How many runs, or that they are to be as many as the answer needs."""
    from sim.batch.asked import LONGEST

    if text == "auto":
        return "auto"
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST and int(text) > 0:
        return int(text)
    raise refuse("replications", f"--replications {text}", "write a whole number from 1, or auto.")


def threads(workers: int) -> int:
    """As many threads as asked for; for 0 one per processor."""
    return workers or os.cpu_count() or 1


def refuse_unknown_policy(disclosure: str) -> None:
    """Refuses a policy for small numbers that is not known."""
    from outcomes import disclosure_policy

    try:
        disclosure_policy(disclosure)
    except ValueError as error:
        raise refuse("disclosure", f"--disclosure {disclosure}", f"{error}.") from None
