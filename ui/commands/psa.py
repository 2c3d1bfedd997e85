"""The commands about value: psa and budget of scenarios, value of a portfolio, variation between practices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathways import BadInput, Problem, refuse
from ui.calibrated import calibration_at
from ui.checking import DEFAULT_YEARS
from ui.commands.options import (
    DEFAULT_SEED,
    AsCsv,
    AsJson,
    Calibration,
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

if TYPE_CHECKING:
    import pathways
    from sim.experiments.case import Case
    from sim.experiments.joint_draws import JointDraws

DEFAULT_DRAWS = 100
DEFAULT_RUNS_PER_DRAW = 2
DEFAULT_ONE_WAY_RUNS = 8
DEFAULT_BUDGET_RUNS = 20
FIRST_PRICE_YEAR, LAST_PRICE_YEAR = 1990, 2100
"""Prices are of no other year."""
LIKE_SHARES, LIKE_AN_INDEX = 0.2, 50
"""Rates of inflation that are all below so many percent a year are shares; all above so many, the levels of an index."""
TELLING = 10
"""So many quantities besides those of a scenario's own levers are looked at one by one."""

LED = "spinal_clinic,pain_service"
TREATMENTS = "facet_injection,nerve_root_injection,denervation,discectomy,decompression,fusion,pain_programme"
SCANS = "mri,mri_urgent,emergency_mri"

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
    from ui.psa import (
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
    cases, base, place, joint = _asked(problems, scenarios, against, region, price_year, price_index, calibration)
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
    from ui.budget import budget_of, csv_text, json_text, sentences, terminal_tables, write_budgets
    from ui.running import run_warnings

    one_format(as_json, as_csv)
    problems = []
    if not 0 <= set_up < float("inf"):
        problems.append(Problem("set_up", f"--set-up {set_up:g}", "write pounds from 0."))
    if not years >= 1 or years != int(years):
        problems.append(
            Problem("years", f"--years {years:g}", "a budget is told by whole years: write a whole number from 1.")
        )
    places_to_write(folder=folder, overwrite=overwrite)
    cases, base, place, joint = _asked(problems, scenarios, against, region, price_year, price_index, calibration)
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


def value(
    file: Annotated[
        str, typer.Argument(help="A CSV of services, or an example of the library: midnotts.", metavar="FILE|NAME")
    ],
    gains: Annotated[
        str, typer.Option("--gains", help="Which gains count: trial or calibrated, where both are there.")
    ] = "trial",
    budget: Annotated[
        float | None,
        typer.Option("--budget", help="What may be spent, in pounds; what is spent today if left out.", metavar="GBP"),
    ] = None,
    deprived: Annotated[
        str, typer.Option("--deprived", help="Groups that count as deprived, with commas.", metavar="GROUPS")
    ] = "",
    deprived_share: Annotated[
        float | None,
        typer.Option("--deprived-share", help="At least this share of people is from them.", metavar="SHARE"),
    ] = None,
    change_limit: Annotated[
        str, typer.Option("--change-limit", help="How far a service may change: 100 people, or 25%.", metavar="LIMIT")
    ] = "",
    weights: Annotated[
        str, typer.Option("--weights", help="Weights of groups: 1=1.5,2=1.2,…", metavar="GROUP=WEIGHT,…")
    ] = "",
    need: Annotated[
        str, typer.Option("--need", help="Shares of need of groups, for ties.", metavar="GROUP=SHARE,…")
    ] = "",
    capacity: Annotated[
        str, typer.Option("--capacity", help="Limits of resources: sessions=4000,…", metavar="RESOURCE=AMOUNT,…")
    ] = "",
    fractions: Annotated[
        bool, typer.Option("--fractions", help="Allow parts of people, for shadow prices that add up.")
    ] = False,
    seed: Seed = DEFAULT_SEED,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Find which services should grow, shrink or stop if the budget stays as it is."""
    from sim.batch.asked import too_much
    from ui.portfolio import (
        portfolio_csv,
        portfolio_json,
        portfolio_terminal,
        read_portfolio,
        value_portfolio,
        write_portfolio,
    )

    one_format(as_json, as_csv)
    if deprived and deprived_share is None:
        says = "names groups of whom no share is asked, so it changes nothing. Add --deprived-share SHARE, or leave it out."
        raise refuse("options_fit", f"--deprived {deprived}", says)
    if seed < 0 or too_much(seed=seed):
        raise refuse("seed", f"--seed {seed}", "write a whole number from 0, below 2 to the 63.")
    places_to_write(folder=folder, overwrite=overwrite)
    options, settings = read_portfolio(
        file,
        gains=gains,
        budget=budget,
        deprived=deprived,
        deprived_share=deprived_share,
        change_limit=change_limit,
        weights=weights,
        need=need,
        capacity=capacity,
        integer=not fractions,
    )
    found = value_portfolio(options, settings, seed=seed)
    if as_json:
        out.file.write(portfolio_json(found) + "\n")
    elif as_csv:
        out.file.write(portfolio_csv(found))
    else:
        for part in portfolio_terminal(found):
            if isinstance(part, str):
                say(part)
            else:
                out.print(part)
    if folder is not None:
        tell_written(folder, write_portfolio(found, folder, overwrite=overwrite))


def variation(
    file: Annotated[Path, typer.Argument(help="A CSV: practice_code, count, population; if wanted sex and ageband.")],
    count: Annotated[
        str | None, typer.Option("--count", help="The column of events, if it is not called count.", metavar="COLUMN")
    ] = None,
    what: Annotated[
        str, typer.Option("--what", help="What is counted, for the sentences.", metavar="WORDS")
    ] = "events",
    missing_is_zero: Annotated[
        bool, typer.Option("--missing-is-zero", help="Read blank counts as 0; otherwise they are errors.")
    ] = False,
    disclosure: Annotated[
        str, typer.Option("--disclosure", help="Small numbers: hes2018, lt5, or none for made-up data.")
    ] = "hes2018",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare practices: standardised rates, a funnel, and how much of the difference is chance."""
    from outcomes import BadTable, disclosed_variation
    from pathways.files.writing import csv_text
    from ui.variation import (
        bad_input,
        disclosure_note,
        read_variation_file,
        variation_json,
        variation_terminal,
        write_variation,
    )

    one_format(as_json, as_csv)
    places_to_write(folder=folder, overwrite=overwrite)
    _refuse_unknown(disclosure)
    fill = 0.0 if missing_is_zero else None
    events, population = read_variation_file(file, count=count, fill_missing=fill)
    try:
        found = disclosed_variation(events, population, policy=disclosure, what=what, fill_missing=fill)
    except BadTable as bad:
        raise bad_input(bad, file.name) from None
    notes = events.attrs["notes"]
    if events.attrs["doubts"]:
        warn(events.attrs["doubts"])
    if as_json:
        out.file.write(variation_json(found, notes=notes) + "\n")
    elif as_csv:
        out.file.write(csv_text(found.table))
    else:
        for part in variation_terminal(found):
            if isinstance(part, str):
                say(part)
            else:
                out.print(part)
        for note in (*notes, disclosure_note(found)):
            say(note)
    if as_csv:
        for note in notes:
            say(note, aside=True)
    if folder is not None:
        title = f"{what[:1].upper()}{what[1:]} by practice"
        tell_written(folder, write_variation(found, folder, title=title, notes=notes, overwrite=overwrite))


def journeys(
    file: Annotated[
        Path,
        typer.Argument(
            help="Events, as run --log writes them or as records in that form (.csv, .parquet); days as numbers or dates."
        ),
    ],
    people: Annotated[
        Path | None, typer.Option("--people", help="A table of patient and what to compare them by.", metavar="FILE")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="The column of --people to compare by; decile if left out.", metavar="COLUMN"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="Only what began on this day or later, a date or a day of the file.", metavar="DATE"
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="The last day of the records, that of the last event if left out.", metavar="DATE"
        ),
    ] = None,
    consultant_led: Annotated[
        str | None,
        typer.Option(
            "--consultant-led", help=f"Services to which a referral starts a clock ({LED}).", metavar="SERVICES"
        ),
    ] = None,
    treatments: Annotated[
        str | None,
        typer.Option(
            "--treatments", help=f"Services where being seen is treatment ({TREATMENTS}).", metavar="SERVICES"
        ),
    ] = None,
    reports_back: Annotated[
        str | None,
        typer.Option(
            "--reports-back", help=f"Services meant to send people back, such as scans ({SCANS}).", metavar="SERVICES"
        ),
    ] = None,
    tick: Annotated[
        float | None, typer.Option("--tick", help="Days of a tick, for a log of ticks; 1 if left out.", metavar="DAYS")
    ] = None,
    disclosure: Annotated[
        str, typer.Option("--disclosure", help="Small numbers: hes2018, lt5, or none for simulated data.")
    ] = "hes2018",
    as_json: AsJson = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Follow people through events, simulated or real: waits, lists, referral to treatment, continuity of care."""
    from outcomes import disclosure_sentence
    from ui.commands.journeys_asked import Asked, journeys_in
    from ui.journeys import json_text, terminal_tables, write_journeys

    places_to_write(folder=folder, overwrite=overwrite)
    _refuse_unknown(disclosure)
    found = journeys_in(
        Asked(
            file=file,
            people=people,
            by=by,
            since=since,
            until=until,
            days_per_tick=tick,
            services={"--consultant-led": consultant_led, "--treatments": treatments, "--reports-back": reports_back},
        ),
        usual={"--consultant-led": LED, "--treatments": TREATMENTS, "--reports-back": SCANS},
    )
    tables, notes = found.tables(disclosure), found.told(disclosure)
    if as_json:
        out.file.write(json_text(tables, notes, disclosure) + "\n")
    else:
        for table in terminal_tables(tables):
            out.print(table)
        for note in notes:
            say(note)
        say(disclosure_sentence(disclosure))
    if folder is not None:
        tell_written(folder, write_journeys(tables, notes, folder, disclosure, overwrite=overwrite))


def _refuse_unknown(disclosure: str) -> None:
    """Refuses a policy for small numbers that is not known."""
    from outcomes import disclosure_policy

    try:
        disclosure_policy(disclosure)
    except ValueError as error:
        raise refuse("disclosure", f"--disclosure {disclosure}", f"{error}.") from None


def _asked(
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
    from ui.cases import gather

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
    from pathways.table import Column, read_csv

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
