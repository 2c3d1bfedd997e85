"""The command `budget`: what a change costs each year, and what of it is cash."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pathways import Problem
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
from ui.terminal.telling import print_parts, print_text, tell_calibration, tell_written, warn

DEFAULT_BUDGET_RUNS = 20

Replications = Annotated[int, typer.Option("--replications", help="How many paired runs.", metavar="N")]
SetUp = Annotated[float, typer.Option("--set-up", help="What it costs once, in year 1, in pounds.", metavar="GBP")]


def budget(
    scenarios: Scenarios,
    against: Against = DEFAULT_BASE,
    region: Region = DEFAULT_REGION,
    calibration: Calibration = None,
    years: Years = DEFAULT_YEARS,
    replications: Replications = DEFAULT_BUDGET_RUNS,
    set_up: SetUp = 0.0,
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
    from sim.experiments.experiment import Experiment
    from sim.measures.budget import budget_of
    from ui.reports.budget import write_budgets

    one_format(as_json, as_csv)
    problems = _problems(years=years, set_up=set_up)
    places_to_write(folder=folder, overwrite=overwrite)
    cases, base, place, joint = cases_asked(
        scenarios,
        against=against,
        region=region,
        calibration=calibration,
        price_year=price_year,
        price_index=price_index,
        problems=problems,
    )
    experiment = Experiment(
        cases, base=base, region=place, years=years, replications=replications, seed=seed, calibration=joint
    )
    with watched("Simulating") as (progress, stop):
        comparison = compare(experiment, workers=threads(workers), progress=progress, stop=stop)
    budgets = [budget_of(comparison, name, setup_cost=set_up) for name in comparison.scenarios]
    _tell(comparison, budgets, as_json=as_json, as_csv=as_csv)
    if folder is not None:
        tell_written(folder, write_budgets(comparison, budgets, folder, overwrite=overwrite))


def _problems(*, years: float, set_up: float) -> list[Problem]:
    problems = []
    if not 0 <= set_up < float("inf"):
        problems.append(Problem("set_up", f"--set-up {set_up:g}", "write pounds from 0."))
    if not years >= 1 or years != int(years):
        says = "a budget is told by whole years: write a whole number from 1."
        problems.append(Problem("years", f"--years {years:g}", says))
    return problems


def _tell(comparison: Any, budgets: list[Any], *, as_json: bool, as_csv: bool) -> None:
    from ui.reports.budget import budget_csv, budget_json, budget_tables, sentences
    from ui.reports.run import run_warnings

    if not as_json:
        for sentence in run_warnings(comparison):
            warn(sentence)
    if as_json:
        print_text(budget_json(comparison, budgets))
    elif as_csv:
        print_text(budget_csv(comparison, budgets))
    else:
        for each in budgets:
            print_parts([*budget_tables(comparison, each), *sentences(comparison, each)])
    tell_calibration(comparison.calibration, quiet=as_json or as_csv)
