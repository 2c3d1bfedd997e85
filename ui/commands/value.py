"""The command `value`: which services should grow, shrink or stop within the same money."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pathways import refuse
from ui.commands.asking import one_format, places_to_write
from ui.commands.options import DEFAULT_SEED, AsCsv, AsJson, Out, Overwrite, Seed
from ui.terminal.telling import print_parts, print_text, tell_written

if TYPE_CHECKING:
    from outcomes.portfolio.value import PortfolioValue

Services = Annotated[
    str, typer.Argument(help="A CSV of services, or an example of the library: midnotts.", metavar="FILE|NAME")
]
Gains = Annotated[
    str, typer.Option("--gains", help="Which gains count: trial or calibrated, where both are there.", metavar="GAINS")
]
Budget = Annotated[
    float | None,
    typer.Option("--budget", help="What may be spent, in pounds; what is spent today if left out.", metavar="GBP"),
]
Deprived = Annotated[
    str, typer.Option("--deprived", help="Groups that count as deprived, with commas.", metavar="GROUPS")
]
DeprivedShare = Annotated[
    float | None, typer.Option("--deprived-share", help="At least this share of people is from them.", metavar="SHARE")
]
ChangeLimit = Annotated[
    str, typer.Option("--change-limit", help="How far a service may change: 100 people, or 25%.", metavar="LIMIT")
]
Weights = Annotated[str, typer.Option("--weights", help="Weights of groups: 1=1.5,2=1.2,…", metavar="GROUP=WEIGHT,…")]
Need = Annotated[str, typer.Option("--need", help="Shares of need of groups, for ties.", metavar="GROUP=SHARE,…")]
Capacity = Annotated[
    str, typer.Option("--capacity", help="Limits of resources: sessions=4000,…", metavar="RESOURCE=AMOUNT,…")
]
Fractions = Annotated[bool, typer.Option("--fractions", help="Allow parts of people, for shadow prices that add up.")]


def value(
    file: Services,
    gains: Gains = "trial",
    budget: Budget = None,
    deprived: Deprived = "",
    deprived_share: DeprivedShare = None,
    change_limit: ChangeLimit = "",
    weights: Weights = "",
    need: Need = "",
    capacity: Capacity = "",
    fractions: Fractions = False,
    seed: Seed = DEFAULT_SEED,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    folder: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Find which services should grow, shrink or stop if the budget stays as it is."""
    from ui.reports.portfolio import portfolio_csv, portfolio_json, portfolio_terminal, write_portfolio

    one_format(as_json, as_csv)
    places_to_write(folder=folder, overwrite=overwrite)
    found = valued(
        file,
        gains=gains,
        budget=budget,
        deprived=deprived,
        deprived_share=deprived_share,
        change_limit=change_limit,
        weights=weights,
        need=need,
        capacity=capacity,
        fractions=fractions,
        seed=seed,
    )
    if as_json:
        print_text(portfolio_json(found))
    elif as_csv:
        print_text(portfolio_csv(found))
    else:
        print_parts(portfolio_terminal(found))
    if folder is not None:
        tell_written(folder, write_portfolio(found, folder, overwrite=overwrite))


def valued(
    file: str | Path,
    *,
    gains: str,
    budget: float | None,
    deprived: str,
    deprived_share: float | None,
    change_limit: str,
    weights: str,
    need: str,
    capacity: str,
    fractions: bool,
    seed: int,
) -> PortfolioValue:
    """Reads a file of services, or an example of the library, and values it."""
    from sim.batch.asked import too_much
    from ui.reports.portfolio import read_portfolio, value_portfolio

    if deprived and deprived_share is None:
        says = "names groups of whom no share is asked, so it changes nothing. Add --deprived-share SHARE, or leave it out."
        raise refuse("options_fit", f"--deprived {deprived}", says)
    if seed < 0 or too_much(seed=seed):
        raise refuse("seed", f"--seed {seed}", "write a whole number from 0, below 2 to the 63.")
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
    return value_portfolio(options, settings, seed=seed)
