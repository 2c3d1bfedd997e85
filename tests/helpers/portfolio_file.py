"""A portfolio as its file is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from outcomes.portfolio.value import PortfolioValue
from ui.reports.portfolio import read_portfolio, value_portfolio

HEAD = "service,unit_cost,variable_share,qaly_pp,qaly_sd,n_now,min_n,max_n"
ROWS = ("injection,600,1,0,0.002,100,10,100", "class,200,1,0.02,0.005,50,0,400", "programme,400,1,0.06,0.02,0,0,100")


def file(folder: Path, *rows: str, head: str = HEAD, name: str = "services.csv") -> Path:
    """A file of services."""
    path = folder / name
    path.write_text("\n".join((head, *(rows or ROWS))) + "\n", encoding="utf-8")
    return path


def valued(path: Path | str, *, draws: int = 16, **asked: Any) -> PortfolioValue:
    """The portfolio of a file, valued with few draws."""
    return value_portfolio(*read_portfolio(path, **asked), draws=draws)
