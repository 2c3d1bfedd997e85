"""The command `psa`: how sure, and what could change the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathways import Problem, refuse
from ui.commands.asking import cases_asked, one_format, places_to_write, threads
from ui.commands.options import (
    DEFAULT_BASE,
    DEFAULT_REGION,
    DEFAULT_SEED,
    Against,
    AsCsv,
    AsJson,
    Calibration,
    Out,
    Overwrite,
    PriceIndex,
    PriceYear,
    Region,
    Scenarios,
    Seed,
    Workers,
    Years,
)
from ui.inputs.checking import DEFAULT_YEARS
from ui.terminal.progress import watched
from ui.terminal.telling import print_parts, print_text, say, tell_calibration, tell_written, warn

if TYPE_CHECKING:
    import pathways
    from ui.findings.value_for_money import Findings
    from ui.inputs.cases import Asked

DEFAULT_DRAWS = 100
DEFAULT_RUNS_PER_DRAW = 2
DEFAULT_ONE_WAY_RUNS = 8
TELLING = 10
"""So many quantities besides those of a scenario's own levers are looked at one by one."""

Draws = Annotated[int, typer.Option("--draws", help="Draws of what is not known.", metavar="N")]
Replications = Annotated[int, typer.Option("--replications", help="Runs of each draw.", metavar="N")]
OneWay = Annotated[
    int, typer.Option("--one-way", help="Runs of each quantity at either end of its range.", metavar="N")
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", help="What a QALY may cost, in pounds; the policy's if left out.", metavar="GBP"),
]
Discount = Annotated[
    float | None,
    typer.Option("--discount", help="Discount rate a year, 0.035 for 3.5%; the policy's if left out.", metavar="SHARE"),
]


def psa(
    scenarios: Scenarios,
    draws: Draws = DEFAULT_DRAWS,
    against: Against = DEFAULT_BASE,
    region: Region = DEFAULT_REGION,
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Replications = DEFAULT_RUNS_PER_DRAW,
    one_way: OneWay = DEFAULT_ONE_WAY_RUNS,
    threshold: Threshold = None,
    discount: Discount = None,
    seed: Seed = DEFAULT_SEED,
    workers: Workers = 0,
    price_year: PriceYear = None,
    price_index: PriceIndex = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Ask how sure: value for money under everything that is not known, and what could change the answer."""
    from ui.reports.psa import write_findings

    one_format(as_json, as_csv)
    places_to_write(folder=folder, overwrite=overwrite)
    findings = analysed(
        scenarios,
        draws=draws,
        against=against,
        region=region,
        calibration=calibration,
        years=years,
        replications=replications,
        one_way=one_way,
        threshold=threshold,
        discount=discount,
        seed=seed,
        workers=workers,
        price_year=price_year,
        price_index=price_index,
    )
    _tell(findings, as_json=as_json, as_csv=as_csv)
    if folder is not None:
        tell_written(folder, write_findings(findings, folder, overwrite=overwrite))


def analysed(
    scenarios: Sequence[Asked],
    *,
    draws: int,
    against: Asked,
    region: str | Path | pathways.Region,
    calibration: Path | None,
    years: float,
    replications: int,
    one_way: int,
    threshold: float | None,
    discount: float | None,
    seed: int,
    workers: int,
    price_year: int | None,
    price_index: Path | None,
) -> Findings:
    """Reads what is asked, all problems told together, and analyses it."""
    from outcomes.policy_values import policy_value
    from sim.batch.asked import too_much
    from sim.experiments.experiment import Experiment
    from sim.experiments.parameters import NoSensibleDraw
    from sim.experiments.sensitivity_analysis import psa as analyse
    from ui.findings.value_for_money import findings_of

    rate = policy_value("discount_rate") if discount is None else discount
    limit = policy_value("threshold") if threshold is None else threshold
    problems = _problems(discount=rate, threshold=limit, years=years, replications=replications, one_way=one_way)
    problems += too_much(draws=draws, replications=replications, one_way=one_way, seed=seed, workers=workers)
    cases, base, place, joint = cases_asked(
        scenarios,
        against=against,
        region=region,
        calibration=calibration,
        price_year=price_year,
        price_index=price_index,
        problems=problems,
    )
    _refuse_what_cannot_be_drawn(cases, draws=draws, one_way=one_way, calibrated=joint is not None)
    try:
        experiment = Experiment(
            cases, base=base, region=place, years=years, replications=replications, seed=seed, calibration=joint
        )
        with watched("Drawing and simulating") as (progress, stop):
            found = analyse(
                experiment, draws=draws, annual_rate=rate, workers=threads(workers), progress=progress, stop=stop
            )
        tornadoes = _tornadoes(found, threshold=limit, replications=one_way, workers=threads(workers))
    except NoSensibleDraw as error:
        raise refuse("draws", "--draws", f"{error}") from None
    return findings_of(found, tornadoes, threshold=limit)


def _problems(*, discount: float, threshold: float, years: float, replications: int, one_way: int) -> list[Problem]:
    says_of_replications = "write a whole number from 2: one run of a draw cannot be told from chance."
    return [
        Problem(name, f"--{name} {number:g}", says)
        for name, number, wrong, says in (
            ("discount", discount, not 0 <= discount < 1, "write a share a year from 0, like 0.035."),
            ("years", years, not years > 0, "nothing is measured: write a number above 0."),
            ("threshold", threshold, not 0 <= threshold <= 1e9, "write pounds per QALY from 0."),
            ("one-way", one_way, one_way < 2, "write a whole number from 2: an interval needs two runs."),
            ("replications", replications, replications < 2, says_of_replications),
        )
        if wrong
    ]


def _refuse_what_cannot_be_drawn(cases: Any, *, draws: int, one_way: int, calibrated: bool) -> None:
    from sim.experiments.scores import uncertain, without_distribution

    if not any(uncertain(case.pathway) or without_distribution(case.pathway) for case in cases.values()):
        raise refuse("draws", "--draws", "every quantity is fixed: there is nothing to draw. Use `backpath compare`.")
    if calibrated and one_way > draws:
        says = f"each of these runs takes a draw of the calibration, and {draws} are drawn: write {draws} at most."
        raise refuse("one-way", f"--one-way {one_way}", says)


def _tornadoes(found: Any, *, threshold: float, replications: int, workers: int) -> dict[str, Any]:
    """By scenario, what moves its net benefit when one quantity at a time goes to either end of its range."""
    from sim.experiments.sensitivity_analysis import most_telling, tornado

    tornadoes = {}
    for name in found.scenarios:
        telling = most_telling(found, name, "net_benefit", threshold=threshold, count=TELLING)
        with watched(f"One quantity at a time: {name}") as (progress, stop):
            tornadoes[name] = tornado(
                found,
                name,
                telling,
                threshold=threshold,
                replications=replications,
                workers=workers,
                progress=progress,
                stop=stop,
            )
    return tornadoes


def _tell(findings: Any, *, as_json: bool, as_csv: bool) -> None:
    from sim.experiments.as_written import unheeded
    from ui.findings.value_for_money import curve_refused, psa_sentences
    from ui.reports.psa import psa_csv, psa_json, psa_tables

    if not as_json:
        for sentence in unheeded(findings.found):
            warn(sentence)
    if as_json:
        print_text(psa_json(findings))
    elif as_csv:
        print_text(psa_csv(findings))
    else:
        print_parts(psa_tables(findings))
        for sentence in psa_sentences(findings):
            say(sentence)
        if findings.refused:
            warn(curve_refused(findings))
    tell_calibration(findings.found.calibration, quiet=True)
