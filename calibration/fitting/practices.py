"""Practices: what their own counts say of how they differ, drawn towards the area as far as the counts are few.

The area's level is fitted elsewhere; here only how practices lie around it. Two small sets of runs tell what each would
have if none differed, and how strongly a practice effect moves the count; the rest is partial pooling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calibration.fitting.fit import tasks_at
from calibration.fitting.found import Fit
from calibration.fitting.practice_pooling import draw_effects, pooled
from calibration.fitting.runner import Runner
from calibration.fitting.summaries import FEWEST_PRACTICES
from outcomes.journeys.reported import COUNTS
from pathways import Pathway
from sim.experiments.scores import value_at

TAILS = (1 - 0.975, 0.975)
"""Between these quantiles lies a 95% interval."""
RUNS = 16
"""Runs without differences between practices, and as many with all of them one spread up."""
ONE_UP = 1.0
LEAST_SPREAD = 1e-3
"""A spread between practices is never taken as less, so that it can be divided by."""
LEAST_SLOPE = 0.05
"""An effect that moves a count by less is not told by it."""


@dataclass(frozen=True)
class PracticeFit:
    """How practices differ. `scores` by effect: a row per draw, a column per practice.

    `table`: by effect and practice the `observed` count, the count `expected` of a practice like the area, the pooled
    ratio with its 95% interval (`ratio`, `low`, `high`), and the `weight` of its own data, from 0 to 1.
    """

    scores: dict[str, pd.DataFrame]
    table: pd.DataFrame


def fit_practices(fit: Fit, runner: Runner) -> PracticeFit | None:
    """Pools the practices for every practice effect that moves a count given by practice; None where there is none."""
    rng = np.random.default_rng([fit.settings.seed, 3])
    scores, tables = {}, []
    for effect, columns in _counts_by_practice(fit):
        found = _one_effect(fit, runner, effect, columns, rng)
        if found is not None:
            scores[effect], table = found
            tables.append(table)
    return PracticeFit(scores, pd.concat(tables, ignore_index=True)) if tables else None


def _counts_by_practice(fit: Fit) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """Each practice effect with the figures that tell it, by practice: those of the series with the largest counts."""
    figures, pathway = fit.summaries.figures, fit.simulator.case.pathway
    whole = (figures["band_low"] == 0) & np.isinf(figures["band_high"]) & figures["value"].notna()
    rows = figures[figures["place"].isin(fit.summaries.people) & figures["measure"].isin(COUNTS) & whole]
    best: dict[str, tuple[float, dict[str, list[int]]]] = {}
    for (_, services), each in rows.groupby(["measure", "services"], sort=False):
        by_place = {str(place): [int(at) for at in group.index] for place, group in each.groupby("place")}
        if len(by_place) < FEWEST_PRACTICES:
            continue
        for effect in effects_on(pathway, services):
            total = float(each["value"].sum())
            if total > best.get(effect, (0.0, {}))[0]:
                best[effect] = (total, by_place)
    for effect, (_, columns) in best.items():
        yield effect, columns


def effects_on(pathway: Pathway, services: tuple[str, ...]) -> list[str]:
    """The practice effects on ways that lead to one of the services.

    >>> from pathways import load_pathway
    >>> effects_on(load_pathway("usual_care"), ("mri",))
    ['imaging']
    """
    found = {
        odds.practice_effect
        for decision in pathway.decisions.values()
        for odds in decision.odds
        if odds.practice_effect is not None and decision.destination(odds.option) in services
    }
    return sorted(found)


def _one_effect(
    fit: Fit, runner: Runner, effect: str, columns: dict[str, list[int]], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    pathway = fit.simulator.case.pathway
    spread = pathway.practice_effects[effect]
    at = np.linspace(0, len(fit.draws) - 1, RUNS).astype(int)
    totals = []
    for score in (0.0, ONE_UP):
        pins = {name: score if name == effect else 0.0 for name in pathway.practice_effects}
        tasks = tasks_at(fit.unknowns, fit.draws[at], first=fit.settings.runs * 10, practices=pins)
        runs, _ = runner.made("practices", tasks)
        if not len(runs):
            return None
        totals.append(np.array([runs.published[:, each].sum(axis=1).mean() for each in columns.values()]))
    spreads = _spreads(fit, spread)
    middle = float(np.median(spreads))
    slope = float(np.log(totals[1].sum() / totals[0].sum()) / middle) if totals[0].sum() and middle else 0.0
    if slope < LEAST_SLOPE:
        return None
    published = fit.summaries.published
    observed = np.array([published[each].sum() for each in columns.values()])
    people = np.array([fit.summaries.people[place] for place in columns])
    # one more count, shared by registered people: a practice without any in these few runs is not impossible
    expected = totals[0] + people / people.sum()
    told = ~np.isnan(observed)
    # practices that differ add to the mean: what one like the area expects is that much less
    expected *= observed[told].sum() / expected[told].sum() / np.exp((slope * middle) ** 2 / 2)
    effects = draw_effects(observed, expected, spreads, slope, rng)
    scores = pd.DataFrame(effects / spreads[:, None], columns=list(columns))
    table = pooled(observed, expected, spread=middle, slope=slope)
    ratios = np.exp(slope * effects)
    low, high = np.quantile(ratios, TAILS, axis=0)
    shown = pd.DataFrame(
        {
            "effect": effect,
            "practice": list(columns),
            "observed": observed,
            "expected": expected,
            "ratio": np.median(ratios, axis=0),
            "low": low,
            "high": high,
            "weight": table["weight"].to_numpy(),
        }
    )
    return scores, shown


def _spreads(fit: Fit, name: str) -> np.ndarray:
    """The spread between practices in each draw: fitted where it was, else as its range has it."""
    quantity = fit.simulator.case.pathway.quantities[name]
    if name not in fit.unknowns:
        return np.full(len(fit.draws), quantity.number())
    scores = fit.draws[:, fit.unknowns.index(name)]
    return np.maximum([value_at(quantity, float(score)) for score in scores], LEAST_SPREAD)
