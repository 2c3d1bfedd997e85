"""What it would be worth to know: expected value of perfect information, on everything and on single parameters.

Draws are a table `draw` (or `sample`), `strategy`, `cost`, `qaly` (or `effect`); parameters a table with a row per draw.
For draws that are means of a few noisy runs, whose noise no study could remove, see `nested_draws`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, checked
from outcomes.economics.acceptability import expected_loss
from outcomes.economics.discounting import discount_by_year
from outcomes.economics.draw_tables import parameter_names, read_draws, read_parameters
from outcomes.economics.regression import Method, fits


@dataclass(frozen=True)
class Evppi:
    """What it would be worth to know some parameters perfectly, in GBP for each person the choice is made for.

    `evppi` lies between 0 and `evpi`, the worth of knowing everything; `estimate` is what the regression gave, and
    `warning` says where that was above. `standard_error` is that of drawing so many times and no more; it is 0 where
    knowing the parameters would change the choice in no draw.
    """

    parameters: tuple[str, ...]
    threshold: float
    evppi: float
    standard_error: float
    evpi: float
    estimate: float
    warning: str | None


def evpi(draws: pd.DataFrame, thresholds: Numbers) -> pd.DataFrame:
    """Expected value of perfect information: mean of the best in each draw, minus the best mean, in GBP per person.

    One row per threshold (GBP per QALY): `threshold`, `evpi`. Never below 0; exactly 0 where one strategy is the best in
    every draw.

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2], "strategy": ["usual", "cft"] * 2, "cost": [5.0, 9, 6, 8],
    ...                       "qaly": [0.5, 0.75, 0.5, 1.0]})
    >>> evpi(draws, [0, 10])
       threshold  evpi
    0        0.0  0.00
    1       10.0  0.75
    """
    losses = expected_loss(draws, thresholds)
    chosen = losses[losses["on_frontier"]].reset_index(drop=True)
    return pd.DataFrame({"threshold": chosen["threshold"], "evpi": chosen["expected_loss"]})


def population_evpi(evpi: float, incidence: Numbers, *, discount_rate: float, first_year: int = 0) -> float:
    """What perfect information is worth for everyone whom the choice concerns, in GBP.

    `incidence`: people each year, in order; the whole first year is undiscounted (`first_year=1` discounts it by a
    year). EVPI x sum of incidence_t / (1 + rate)^t.

    >>> population_evpi(2, [100, 100], discount_rate=0.25)
    360.0
    """
    each = float(checked("evpi", evpi, low=0))
    people = np.atleast_1d(checked("incidence", incidence, low=0))
    return each * float(discount_by_year(people, annual_rate=discount_rate, first_year=first_year).sum())


def evppi(
    draws: pd.DataFrame,
    parameters: pd.DataFrame,
    names: str | Sequence[str],
    threshold: float,
    *,
    method: Method = "spline",
    degree: int = 2,
) -> Evppi:
    """Expected value of perfect information on one or a few parameters, at a threshold (GBP per QALY).

    `parameters`: a row per draw, a column per parameter, and `draw` (or `sample`) unless the rows come in the order of
    the draws. `names`: those that would be known. Method: regression of net benefit on them (Strong, Oakley and
    Brennan 2014), then the mean of the best fitted value minus the best mean; `method` and `degree` as in `regression`.
    Standard error by the infinitesimal jackknife, which counts the draws as well as the regression.

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2, 3, 3, 4, 4], "strategy": ["usual", "cft"] * 4, "qaly": 0.0,
    ...                       "cost": [0.0, -3, 0, -1, 0, 1, 0, 3]})
    >>> found = evppi(draws, pd.DataFrame({"p": [1, 2, 3, 4], "q": [1, 1, 1, 1]}), "p", 20_000)
    >>> round(found.evppi, 9), found.evpi, found.warning
    (1.0, 1.0, None)
    """
    found = read_draws(draws)
    chosen = (names,) if isinstance(names, str) else tuple(names)
    benefit = found.net_benefit(float(checked("threshold", threshold, low=0)))
    x = read_parameters(parameters, found.draws, chosen)
    return value_of_fit(benefit, x, names=chosen, threshold=threshold, method=method, degree=degree)


def evppi_by_parameter(
    draws: pd.DataFrame, parameters: pd.DataFrame, threshold: float, *, method: Method = "spline", degree: int = 2
) -> pd.DataFrame:
    """`evppi` of every parameter alone, the most valuable first.

    One row per parameter: `parameter`, `threshold`, `evppi`, `standard_error`, `evpi`, `warning` (missing where none).

    >>> draws = pd.DataFrame({"draw": [1, 1, 2, 2, 3, 3, 4, 4], "strategy": ["usual", "cft"] * 4, "qaly": 0.0,
    ...                       "cost": [0.0, -3, 0, -1, 0, 1, 0, 3]})
    >>> table = evppi_by_parameter(draws, pd.DataFrame({"q": [1, 1, 1, 1], "p": [1, 2, 3, 4]}), 20_000)
    >>> table[["parameter", "evppi"]].round(9)
      parameter  evppi
    0         p    1.0
    1         q    0.0
    """
    each = [
        evppi(draws, parameters, name, threshold, method=method, degree=degree) for name in parameter_names(parameters)
    ]
    rows = [(one.parameters[0], one.threshold, one.evppi, one.standard_error, one.evpi, one.warning) for one in each]
    columns = ["parameter", "threshold", "evppi", "standard_error", "evpi", "warning"]
    table = pd.DataFrame(rows, columns=columns).sort_values("evppi", ascending=False, kind="stable")
    return table.reset_index(drop=True)


def value_of_fit(
    benefit: np.ndarray,
    x: np.ndarray,
    *,
    names: Sequence[str],
    threshold: float,
    method: Method = "spline",
    degree: int = 2,
) -> Evppi:
    """`evppi` of arrays: net benefits of shape (draws, strategies) and parameters of shape (draws, parameters).

    What is fitted are differences from the strategy that is best on average, which would be chosen without knowing. In
    draw i the value is max_d fit_d(i); its influence adds what residuals r_d do through the fit: S_d(1_d)(i) r_d(i),
    where 1_d marks the draws in which d would be chosen and S_d is the smoother.

    >>> round(value_of_fit(np.array([[0, 3], [0, 1], [0, -1], [0, -3]]), np.array([[1], [2], [3], [4]]), names=["p"],
    ...                    threshold=0).estimate, 9)
    1.0
    """
    usual = int(benefit.mean(axis=0).argmax())
    more = benefit - benefit[:, [usual]]
    known = float(more.max(axis=1).mean())
    found = fits(x, more, method=method, degree=degree)
    fitted = np.column_stack([each.values for each in found])
    best, gain = fitted.argmax(axis=1), fitted.max(axis=1)
    estimate = max(0.0, float(gain.mean()))
    influence = gain
    for place, each in enumerate(found):
        influence = influence + each.smooth((best == place).astype(float)) * (more[:, place] - each.values)
    above = estimate > known and not np.isclose(estimate, known)
    listed = ", ".join(names)
    return Evppi(
        parameters=tuple(names),
        threshold=float(threshold),
        evppi=min(estimate, known),
        standard_error=float(influence.std(ddof=1) / np.sqrt(len(influence))),
        evpi=known,
        estimate=estimate,
        warning=(
            f"Knowing {listed} came out as worth {estimate:.4g} GBP at {threshold:,.0f} GBP per QALY, more than the "
            f"{known:.4g} GBP of knowing everything, which is what is shown. The regression fits badly: take more draws."
            if above
            else None
        ),
    )
