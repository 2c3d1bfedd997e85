"""What is not known for certain: quantities with ranges, drawn together.

A draw gives every uncertain quantity a standard normal score, keyed by its name and correlated where two were fitted
together; `value_at` turns a score into a value by the quantity's own distribution. Two pathways that write a quantity
differently so have the same luck with it. What is `fixed`, and every table of levels, is not drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from pathways import Pathway, Quantity, pathway_problems
from pathways.checks import CHECKS_OF_VALUES, quantities_used
from pathways.draft import Draft
from sim.compare import Case
from sim.draws import bits, label, run_key, share

CORRELATION = Path(__file__).parent / "library" / "natural_history_correlation.csv"
HALF_INTERVAL = float(special.ndtri(0.975))
"""Half a 95% interval, in standard errors."""
MOST_TRIES = 100
"""Quantities that make no sense together (shares above 1) are drawn again so many times."""
DRAWN = "draw"


class NoSensibleDraw(ValueError):
    """The ranges of the quantities hardly ever fit together."""


def uncertain(pathway: Pathway) -> list[str]:
    """The names of the quantities that are drawn: single numbers with a range and a distribution, in order of name."""
    return sorted(
        name
        for name, quantity in pathway.quantities.items()
        if not isinstance(quantity.value, dict)
        and quantity.distribution not in (None, "fixed")
        and quantity.low != quantity.high
    )


def value_at(quantity: Quantity, score: float) -> float:
    """The value of a quantity at a standard normal score: 0 is its middle, -1.96 and 1.96 the ends of its interval.

    `beta` and `gamma` keep the value as their mean and take the standard error that the interval's width implies;
    `normal` and `lognormal` keep it as their median and meet both ends of the interval, which may lie at different
    distances; `uniform` and `triangular` run from end to end. Method: Briggs, Sculpher and Claxton, Decision Modelling
    for Health Economic Evaluation, chapter 4.

    >>> price = Quantity(value=40, low=30, high=50, unit="GBP", distribution="gamma", source="ours", grade="assumed")
    >>> round(value_at(price, -1.96), 1), round(value_at(price, 1.96), 1)
    (30.6, 50.6)
    >>> ratio = Quantity(value=2, low=1, high=8, unit="ratio", distribution="lognormal", source="ours", grade="assumed")
    >>> round(value_at(ratio, -1.96), 2), value_at(ratio, 0), round(value_at(ratio, 1.96), 2)
    (1.0, 2.0, 8.0)
    """
    value, (low, high) = quantity.number(), quantity.interval()
    match quantity.distribution:
        case "lognormal":
            return math.exp(_about(math.log(value), math.log(low), math.log(high), score))
        case "normal":
            return _about(value, low, high, score)
        case "uniform":
            return low + (high - low) * float(special.ndtr(score))
        case "triangular":
            under, rises = float(special.ndtr(score)), (value - low) / (high - low)
            if under <= rises:
                return low + math.sqrt(under * (high - low) * (value - low))
            return high - math.sqrt((1 - under) * (high - low) * (high - value))
        case "gamma":
            error = (high - low) / (2 * HALF_INTERVAL)
            shape = (value / error) ** 2
            return float(special.gammaincinv(shape, float(special.ndtr(score))) * value / shape)
        case "beta":
            error = (high - low) / (2 * HALF_INTERVAL)
            size = value * (1 - value) / error**2 - 1
            return float(special.betaincinv(value * size, (1 - value) * size, float(special.ndtr(score))))
        case _:
            return value


def _about(value: float, low: float, high: float, score: float) -> float:
    """From the middle towards one of two ends at unlike distances."""
    return value + score / HALF_INTERVAL * (high - value if score > 0 else value - low)


def draw_problem(quantity: Quantity) -> str | None:
    """Why a quantity cannot be drawn as it says, or None.

    >>> zero = Quantity(value=0, low=0, high=1, unit="share", distribution="beta", source="ours", grade="assumed")
    >>> draw_problem(zero)
    'its value 0 lies on the edge of what a beta distribution can take; choose fixed, uniform or triangular'
    """
    if isinstance(quantity.value, dict) or quantity.distribution in (None, "fixed", "uniform", "triangular", "normal"):
        return None
    value, (low, high) = quantity.number(), quantity.interval()
    lowest = low if quantity.distribution == "lognormal" else value
    if lowest <= 0 or (quantity.distribution == "beta" and value >= 1):
        return (
            f"its value {value:g} lies on the edge of what a {quantity.distribution} distribution can take; "
            "choose fixed, uniform or triangular"
        )
    if quantity.distribution == "beta" and value * (1 - value) <= ((high - low) / (2 * HALF_INTERVAL)) ** 2:
        return (
            f"its range {low:g} to {high:g} is wider than a beta distribution around {value:g} can be; choose uniform"
        )
    return None


def read_correlation(path: Path = CORRELATION) -> pd.DataFrame:
    """The correlation of quantities that were fitted together, by name; of their scores."""
    table = pd.read_csv(path, index_col=0, comment="#")
    return table.loc[:, list(table.index)]


@dataclass(frozen=True)
class Draws:
    """Scores of draws, one row each and a column for each quantity.

    In `redrawn` of them some quantities did not fit together at first and were drawn again.
    """

    scores: pd.DataFrame
    redrawn: int

    def cases(self, cases: Mapping[str, Case], draw: int) -> dict[str, Case]:
        """The cases as one draw has them."""
        return at_scores(cases, dict(zip(self.scores.columns, self.scores.iloc[draw], strict=True)))


def at_scores(cases: Mapping[str, Case], scores: Mapping[str, float]) -> dict[str, Case]:
    """The cases with other values of the quantities named: each pathway by its own distributions.

    Cases that share a pathway still do, so that they share its warm-up.
    """
    changed = {id(case.pathway): case.pathway for case in cases.values()}
    changed = {key: pathway_at(pathway, scores) for key, pathway in changed.items()}
    return {name: replace(case, pathway=changed[id(case.pathway)]) for name, case in cases.items()}


def pathway_at(pathway: Pathway, scores: Mapping[str, float]) -> Pathway:
    """The pathway with the values of some quantities at these scores."""
    quantities = pathway.quantities
    drawn = {name: score for name, score in scores.items() if quantities[name].distribution not in (None, "fixed")}
    return with_values(pathway, {name: value_at(quantities[name], score) for name, score in drawn.items()})


def with_values(pathway: Pathway, values: Mapping[str, float]) -> Pathway:
    """The pathway with other values of some of its quantities, their ranges left as they are."""
    changed = {name: pathway.quantities[name].model_copy(update={"value": value}) for name, value in values.items()}
    return replace(pathway, quantities={**pathway.quantities, **changed})


def at_end(cases: Mapping[str, Case], name: str, end: str) -> tuple[dict[str, Case], str | None]:
    """The cases with one quantity at the `low` or the `high` end of its range, and why that cannot be, if so."""
    found, problem = {}, None
    for case_name, case in cases.items():
        low, high = case.pathway.quantities[name].interval()
        value = {"low": low, "high": high}[end]
        changed = replace(case, pathway=with_values(case.pathway, {name: value}))
        problems = pathway_problems(changed.pathway, checks=CHECKS_OF_VALUES)
        problem = problem or (str(problems[0]) if problems else None)
        found[case_name] = changed
    return found, problem


def draw_scores(
    names: Sequence[str], *, seed: int, draw: int, correlation: pd.DataFrame, again: Mapping[str, int] | None = None
) -> dict[str, float]:
    """One draw: a score for each name. It depends on the name, not on which others there are, but for correlations.

    `again` says how often the luck of a name was drawn before; 0 where it is not there.

    >>> none = pd.DataFrame()
    >>> one = draw_scores(["gp_price"], seed=1, draw=0, correlation=none)
    >>> two = draw_scores(["gp_price", "mri_price"], seed=1, draw=0, correlation=none)
    >>> one["gp_price"] == two["gp_price"]
    True
    """
    key, tries = run_key(seed, draw), again or {}
    together = [str(name) for name in correlation.index]
    with np.errstate(over="ignore"):
        luck = {
            name: share(np.uint64(bits(key, label(f"quantity: {name}"), tries.get(name, 0))))
            for name in dict.fromkeys([*names, *together])
        }
    # a share may be 0: half the last bit keeps its score finite
    scores = {name: float(special.ndtri(found + 0.5 * np.finfo(float).eps)) for name, found in luck.items()}
    if together:
        mixed = np.linalg.cholesky(correlation.to_numpy()) @ np.array([scores[name] for name in together])
        scores |= dict(zip(together, map(float, mixed), strict=True))
    return {name: scores[name] for name in names}


def draw_together(
    cases: Mapping[str, Case], count: int, *, seed: int, correlation: pd.DataFrame | None = None
) -> Draws:
    """Draws of every uncertain quantity of the cases.

    Where a draw breaks a rule of a pathway (shares that add to more than 1), the quantities that stand where the rule
    is broken are drawn again. Raises `NoSensibleDraw` where that does not help.
    """
    names = sorted({name for case in cases.values() for name in uncertain(case.pathway)})
    known = read_correlation() if correlation is None else correlation
    shared = [name for name in known.index if name in names]
    known = known.loc[shared, shared]
    pathways = list({id(case.pathway): case.pathway for case in cases.values()}.values())
    places = [(path, name) for pathway in pathways for path, name, _ in quantities_used(Draft.of(pathway))]
    places += [(f"quantities.{name}", name) for name in names]
    rows, redrawn = [], 0
    for draw in range(count):
        again: dict[str, int] = {}
        for _ in range(MOST_TRIES):
            scores = draw_scores(names, seed=seed, draw=draw, correlation=known, again=again)
            drawn = [pathway_at(pathway, scores) for pathway in pathways]
            problems = [
                problem for each in drawn for problem in pathway_problems(each, file=DRAWN, checks=CHECKS_OF_VALUES)
            ]
            if not problems:
                break
            faults = [problem.where.removeprefix(f"{DRAWN}: ") for problem in problems]
            at_fault = {name for path, name in places if any(path.startswith(fault) for fault in faults)}
            again |= {name: again.get(name, 0) + 1 for name in at_fault & set(names)}
        else:
            raise NoSensibleDraw(
                f"the quantities were drawn {MOST_TRIES} times and did not fit together: {problems[0]} "
                "Narrow the range of a quantity that stands there."
            )
        redrawn += bool(again)
        rows.append(scores)
    return Draws(pd.DataFrame(rows, columns=names), redrawn)
