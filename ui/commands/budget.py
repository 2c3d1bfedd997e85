"""The command `budget`: what a change costs each year, and what of it is cash."""

from __future__ import annotations

from typing import Annotated

import typer

from pathways import Problem
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

DEFAULT_BUDGET_RUNS = 20


def budget(
    scenarios: Scenarios,
    against: Against = "usual_care",
    region: Region = "demonstration",
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Annotated[
        int, typer.Option("--replications", help="How many paired runs.", metavar="N")
    ] = DEFAULT_BUDGET_RUNS,
    set_up: Annotated[
        float, typer.Option("--set-up", help="What it costs once, in year 1, in pounds.", metavar="GBP")
    ] = 0.0,
    seed: Seed = DEFAULT_SEED,
    workers: Workers = 0,
    price_year: PriceYear = None,
    price_index: PriceIndex = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Tell what a change costs each year, what of it is cash, and which capacity it frees or needs."""
    from sim.experiments.compare import compare
    from ui.reports.budget import budget_of, csv_text, json_text, sentences, terminal_tables, write_budgets
    from ui.reports.run import run_warnings

    one_format(as_json, as_csv)
    problems = []
    if not 0 <= set_up < float("inf"):
        problems.append(Problem("set_up", f"--set-up {set_up:g}", "write pounds from 0."))
    if not years >= 1 or years != int(years):
        problems.append(
            Problem("years", f"--years {years:g}", "a budget is told by whole years: write a whole number from 1.")
        )
    places_to_write(folder=folder, overwrite=overwrite)
    cases, base, place, joint = cases_asked(problems, scenarios, against, region, price_year, price_index, calibration)
    with watched("Simulating") as (progress, stop):
        comparison = compare(
            cases,
            base=base,
            region=place,
            years=years,
            replications=replications,
            seed=seed,
            workers=threads(workers),
            progress=progress,
            stop=stop,
            calibration=joint,
        )
    budgets = [budget_of(comparison, name, setup_cost=set_up) for name in comparison.scenarios]
    if not as_json:
        for sentence in run_warnings(comparison):
            warn(sentence)
    if as_json:
        out.file.write(json_text(comparison, budgets) + "\n")
    elif as_csv:
        out.file.write(csv_text(comparison, budgets))
    else:
        for each in budgets:
            for table in terminal_tables(comparison, each):
                out.print(table)
            for sentence in sentences(comparison, each):
                say(sentence)
    tell_calibration(comparison.calibration, quiet=as_json or as_csv)
    if folder is not None:
        tell_written(folder, write_budgets(comparison, budgets, folder, overwrite=overwrite))
