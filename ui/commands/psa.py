"""The command `psa`: how sure, and what could change the answer."""

from __future__ import annotations

from typing import Annotated

import typer

from pathways import Problem, refuse
from ui.commands.options import (
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
    cases_asked,
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
from ui.inputs.checking import DEFAULT_YEARS

DEFAULT_DRAWS = 100
DEFAULT_RUNS_PER_DRAW = 2
DEFAULT_ONE_WAY_RUNS = 8
TELLING = 10
"""So many quantities besides those of a scenario's own levers are looked at one by one."""


def psa(
    scenarios: Scenarios,
    draws: Annotated[int, typer.Option("--draws", help="Draws of what is not known.", metavar="N")] = DEFAULT_DRAWS,
    against: Against = "usual_care",
    region: Region = "demonstration",
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Annotated[
        int, typer.Option("--replications", help="Runs of each draw.", metavar="N")
    ] = DEFAULT_RUNS_PER_DRAW,
    one_way: Annotated[
        int, typer.Option("--one-way", help="Runs of each quantity at either end of its range.", metavar="N")
    ] = DEFAULT_ONE_WAY_RUNS,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="What a QALY may cost, in pounds; the policy's if left out.", metavar="GBP"),
    ] = None,
    discount: Annotated[
        float | None,
        typer.Option(
            "--discount", help="Discount rate a year, 0.035 for 3.5%; the policy's if left out.", metavar="SHARE"
        ),
    ] = None,
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
    from outcomes.policy import policy_value
    from sim.batch.asked import too_much
    from sim.experiments.as_written import unheeded
    from sim.experiments.parameters import NoSensibleDraw
    from sim.experiments.psa import most_telling, tornado
    from sim.experiments.psa import psa as analyse
    from sim.experiments.scores import uncertain, without_distribution
    from ui.reports.psa import (
        base_case_line,
        caveat,
        csv_text,
        curve_refused,
        findings_of,
        headline,
        json_text,
        owed_line,
        terminal_tables,
        what_could_change,
        worth_of_knowing,
        write_findings,
    )

    one_format(as_json, as_csv)
    rate = policy_value("discount_rate") if discount is None else discount
    limit = policy_value("threshold") if threshold is None else threshold
    problems = [
        Problem(name, f"--{name} {number:g}", says)
        for name, number, wrong, says in (
            ("discount", rate, not 0 <= rate < 1, "write a share a year from 0, like 0.035."),
            ("years", years, not years > 0, "nothing is measured: write a number above 0."),
            ("threshold", limit, not 0 <= limit <= 1e9, "write pounds per QALY from 0."),
            ("one-way", one_way, one_way < 2, "write a whole number from 2: an interval needs two runs."),
            (
                "replications",
                replications,
                replications < 2,
                "write a whole number from 2: one run of a draw cannot be told from chance.",
            ),
        )
        if wrong
    ]
    problems += too_much(draws=draws, replications=replications, one_way=one_way, seed=seed, workers=workers)
    places_to_write(folder=folder, overwrite=overwrite)
    cases, base, place, joint = cases_asked(problems, scenarios, against, region, price_year, price_index, calibration)
    if not any(uncertain(case.pathway) or without_distribution(case.pathway) for case in cases.values()):
        raise refuse("draws", "--draws", "every quantity is fixed: there is nothing to draw. Use `backpath compare`.")
    if joint is not None and one_way > draws:
        says = f"each of these runs takes a draw of the calibration, and {draws} are drawn: write {draws} at most."
        raise refuse("one-way", f"--one-way {one_way}", says)
    try:
        with watched("Drawing and simulating") as (progress, stop):
            found = analyse(
                cases,
                base=base,
                region=place,
                years=years,
                draws=draws,
                replications=replications,
                seed=seed,
                annual_rate=rate,
                workers=threads(workers),
                progress=progress,
                stop=stop,
                calibration=joint,
            )
        tornadoes = {}
        for name in found.scenarios:
            telling = most_telling(found, name, "net_benefit", threshold=limit, count=TELLING)
            with watched(f"One quantity at a time: {name}") as (progress, stop):
                tornadoes[name] = tornado(
                    found,
                    name,
                    telling,
                    threshold=limit,
                    replications=one_way,
                    workers=threads(workers),
                    progress=progress,
                    stop=stop,
                )
    except NoSensibleDraw as error:
        raise refuse("draws", "--draws", f"{error}") from None
    findings = findings_of(found, tornadoes, threshold=limit)
    if not as_json:
        for sentence in unheeded(found):
            warn(sentence)
    if as_json:
        out.file.write(json_text(findings) + "\n")
    elif as_csv:
        out.file.write(csv_text(findings))
    else:
        for table in terminal_tables(findings):
            out.print(table)
        for name in found.scenarios:
            say(headline(findings, name))
            say(f"  {owed_line(findings, name)}")
            say(f"  {base_case_line(findings, name)}")
            for sentence in what_could_change(findings, name):
                say(f"  What could change this: {sentence}")
        say(worth_of_knowing(findings))
        say(caveat(findings))
        if findings.refused:
            warn(curve_refused(findings))
    tell_calibration(found.calibration, quiet=True)
    if folder is not None:
        tell_written(folder, write_findings(findings, folder, overwrite=overwrite))
