"""Discounting: what comes later counts for less. By whole years, as a continuous flow, or at an instant.

By whole years, the whole first year is undiscounted (year 0), the second counts 1 / (1 + rate), and so on: the convention
of most models with yearly cycles, and of `discount_by_year` and `population_evpi` unless `first_year` says otherwise. As a
flow or at an instant, discounting begins on the first day: the same 100 a year come to less, by about half a year's rate.

Also the correction for when in a cycle people change state. Times are in years from the start of the model, rates are
shares a year (0.035); the policy value `discount_rate` holds NICE's.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from outcomes.arrays import Numbers, checked, checked_rate, plain, together

CycleMethod = Literal["beginning", "end", "life_table"]
"""When in a cycle its people are counted: at its beginning, at its end, or the mean of both."""


def discount_factor(t: Numbers, *, annual_rate: float) -> Any:
    """What a pound or QALY at an instant `t` is worth at the start: (1 + rate)^-t. A float, or an array like `t`.

    >>> discount_factor(1, annual_rate=0.25), discount_factor([0, 2], annual_rate=0.25).tolist()
    (0.8, [1.0, 0.64])
    """
    return plain((1 + checked_rate(annual_rate)) ** -checked("t", t))


def discount_instant(amount: Numbers, t: Numbers, *, annual_rate: float) -> Any:
    """Amounts that fall due at instants, at what they are worth at the start.

    >>> discount_instant([100, 100], [0, 1], annual_rate=0.25).tolist()
    [100.0, 80.0]
    """
    due, when = checked("amount", amount), checked("t", t)
    together(amount=due, t=when)
    return plain(due * discount_factor(when, annual_rate=annual_rate))


def discount_flow(flow_per_year: Numbers, t_start: Numbers, t_end: Numbers, *, annual_rate: float) -> Any:
    """A steady flow from `t_start` to `t_end`, at what it is worth at the start.

    flow x (e^(-d a) - e^(-d b)) / d, with d = ln(1 + rate); at a rate of 0, flow x (b - a). A flow that ends before it
    starts raises `BadTable`.

    >>> round(discount_flow(1, 0, 10, annual_rate=0.035), 4)
    8.4613
    >>> discount_flow(2500, 0.5, 3, annual_rate=0)
    6250.0
    """
    force = np.log1p(checked_rate(annual_rate))
    start = checked("t_start", t_start)
    end, flow = checked("t_end", t_end), checked("flow_per_year", flow_per_year)
    together(flow_per_year=flow, t_start=start, t_end=end)
    years = checked("t_end - t_start", end - start, low=0)
    length = -np.expm1(-force * years) / force if force > 0 else years
    return plain(flow * np.exp(-force * start) * length)


def discount_by_year(
    values: Numbers, *, annual_rate: float, first_year: int = 0, cycles_per_year: int = 1
) -> np.ndarray:
    """Amounts by cycle, each divided by (1 + rate)^year, the same for all cycles of a year.

    `values` has one amount per cycle, in order. `first_year` is the number of the first year: with 0 the whole first year
    is undiscounted, all its cycles alike; with 1 it counts in arrears, divided by (1 + rate) as a whole. Returns an array
    of the same length. A flow that is discounted from its first day is `discount_flow`.

    >>> discount_by_year([100, 100], annual_rate=0.25).tolist()
    [100.0, 80.0]
    >>> round(float(discount_by_year([1] * 10, annual_rate=0.035, first_year=1).sum()), 4)
    8.3166
    """
    cycles = int(checked("cycles_per_year", cycles_per_year, low=1))
    amounts = np.atleast_1d(checked("values", values))
    years = first_year + np.arange(len(amounts)) // cycles
    return np.asarray(discount_instant(amounts, years, annual_rate=annual_rate))


def half_cycle_correction(trace: np.ndarray, *, method: CycleMethod = "life_table") -> np.ndarray:
    """How many people each cycle counts in each state, from how many stood there between the cycles.

    `trace` has shape (cycles + 1, states): its first row is the start, each other row the end of a cycle. Returns
    shape (cycles, states). `life_table` takes the mean of both ends, which is the half-cycle correction.

    >>> half_cycle_correction(np.array([[100, 0], [60, 40]])).tolist()
    [[80.0, 20.0]]
    """
    counts = checked("trace", trace)
    if counts.ndim == 0 or len(counts) < 2:
        raise ValueError("trace: it has no cycle; give the start and the end of each cycle, a row each")
    match method:
        case "beginning":
            return counts[:-1]
        case "end":
            return counts[1:]
        case "life_table":
            return (counts[:-1] + counts[1:]) / 2
    raise ValueError(f"method: there is no '{method}'; there are: beginning, end, life_table")
