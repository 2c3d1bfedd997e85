"""What each limit of a portfolio costs: the health that a little more of it would add."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy  # its parts load when they are first used

from outcomes.portfolio.options import Programme
from outcomes.portfolio.programme import ZERO, AllocationPlan, limits_of


def shadow_prices(programme: Programme, plan: AllocationPlan) -> pd.DataFrame:
    """What one unit more of each limit would add: one row for each limit that binds.

    Columns: `limit` ("budget", "resource", "deprived share", "floor" or "most"), `name`, `bound`, and `qalys_per_unit`: the
    (weighted) QALYs that one pound more, one unit of the resource more, one place less for the deprived groups, one person
    less on the floor or one person more at the most would add. A floor of nobody is no limit. The prices are those of the
    programme with fractions of people that begins the services which the plan begins.
    """
    limits = limits_of(programme)
    segments = programme.segments
    gains = np.zeros(len(limits.most))
    gains[: len(segments.row)] = -programme.weight[segments.row] * segments.gain
    low, high = np.zeros(len(gains)), limits.most.copy()
    services = slice(len(segments.row), len(segments.row) + len(plan.begun))
    low[services] = high[services] = plan.begun
    solved = scipy.optimize.linprog(
        gains, limits.coefficients, limits.bounds, bounds=list(zip(low, high, strict=True)), method="highs"
    )
    small = ZERO * np.abs(gains).max()
    at_floor = (plan.n == programme.lower) & (programme.lower > 0)
    at_most = plan.n == programme.upper
    rows = []
    for (limit, row), marginal in zip(limits.what.itertuples(index=False), solved.ineqlin.marginals, strict=True):
        reached = at_floor[row] if limit == "floor" else at_most[row] if limit == "most" else True
        if reached and -marginal > small:
            rows.append((limit, *_named(programme, limit, row), -marginal))
    return pd.DataFrame(rows, columns=["limit", "name", "bound", "qalys_per_unit"])


def _named(programme: Programme, limit: str, row: int) -> tuple[str, float]:
    """The name of a limit and where it lies."""
    match limit:
        case "budget":
            return "budget", programme.budget
        case "resource":
            return str(programme.resources["name"].iloc[row]), float(programme.capacity[row])
        case "deprived share":
            return programme.deprived_names, float(programme.deprived_share or 0)
        case "floor":
            return programme.label(row), float(programme.lower[row])
        case _:
            return programme.label(row), float(programme.upper[row])
