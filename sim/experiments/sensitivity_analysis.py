"""Probabilistic sensitivity analysis: scenarios × draws of what is not known × replications, and what could change the answer.

Every scenario of a draw meets the same patients with the same luck; the next draw meets others, so that what chance
adds can be told from what is not known. Capacity and lists that a region is assumed to have per head are drawn with
the quantities that they were assumed from. What was calibrated takes the joint draws of its calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Literal

import numpy as np
import pandas as pd

from outcomes.paired import PairedDifference, paired_difference, sign
from pathways import Problem, refuse
from pathways.assumed import region_at
from pathways.checks import quantities_of_levers
from sim.batch.asked import too_much
from sim.batch.threads import Progress, in_order
from sim.experiments.experiment import Experiment, Result
from sim.experiments.joint_draws import JointDraws
from sim.experiments.parameters import NoSensibleDraw, ParameterDraws, at_end, draw_together, problem_of, value_at_end
from sim.results import by_year, discounted, outcome_values
from sim.run import Case

ENDS = ("low", "high")


@dataclass(frozen=True)
class Psa(Result):
    """What was drawn and what came out, of an experiment whose cases each draw changes.

    `values` has one row per draw, replication and strategy: the pathway's outcomes over the measured years, and `cost`
    and `qaly`, discounted. A difference between strategies of one draw and replication is one of care alone.
    """

    annual_rate: float
    draws: ParameterDraws
    values: pd.DataFrame

    @property
    def scenarios(self) -> list[str]:
        """The scenarios that are compared with the base."""
        return [name for name in self.cases if name != self.base]

    def differences(self, scenario: str, measure: str, *, threshold: float) -> np.ndarray:
        """Scenario minus base by draw, mean over replications. `measure` is a column, or `net_benefit` at the threshold."""
        means = measured(self.values, measure, threshold).groupby(["strategy", "draw"]).mean()
        difference: np.ndarray = (means[scenario] - means[self.base]).to_numpy()
        return difference


def measured(values: pd.DataFrame, measure: str, threshold: float) -> pd.Series:
    """A measure of every row, indexed by strategy, draw and replication."""
    rows = values.set_index(["strategy", "draw", "replication"])
    return rows["qaly"] * threshold - rows["cost"] if measure == "net_benefit" else rows[measure]


def psa(
    experiment: Experiment,
    *,
    draws: int,
    annual_rate: float,
    workers: int = 1,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Psa:
    """Runs every case under every draw, `experiment.replications` times. `annual_rate` discounts cost and QALYs alike.

    Quantities of a `calibration` take its joint draws in turn, one for each draw, all others are drawn from their ranges.

    The result does not depend on `workers`. Raises `BadInput` where a request makes no sense, nothing can be drawn, or
    the region lacks what a pathway needs.
    """
    more = too_much(draws=draws)
    if draws < 2:
        more.append(Problem("draws", "draws", f"{draws} is written; use a whole number from 2."))
    experiment.check(*more, workers=workers, least=2)
    cases, replications = experiment.cases, experiment.count
    calibration = experiment.calibration.fitting(cases, draws) if experiment.calibration else None
    experiment = replace(experiment, calibration=calibration)
    drawn = draw_together(cases, draws, seed=experiment.seed, calibration=calibration)

    def one(draw: int) -> list[dict[str, object]]:
        at = at_draw(experiment, drawn.cases(cases, draw), draw)
        return runs(at, draw, first=draw * replications, annual_rate=annual_rate)

    found = in_order(one, draws, workers=workers, progress=progress, stop=stop)
    return Psa(experiment, annual_rate, drawn, pd.DataFrame([row for rows in found for row in rows]))


def at_draw(experiment: Experiment, cases: Mapping[str, Case], draw: int) -> Experiment:
    """An experiment with the cases of a draw, in the region of that draw: what is assumed there per head is by the
    base's new quantities, and practices are as the calibration draws them."""
    before, after = (each[experiment.base].pathway for each in (experiment.cases, cases))
    place = region_at(experiment.region, before, after)
    if experiment.calibration:
        place = experiment.calibration.practices_at(place, draw)
    return replace(experiment, cases=cases, region=place, calibration=None)


def runs(experiment: Experiment, draw: int, *, first: int, annual_rate: float) -> list[dict[str, object]]:
    """The values of the replications of a draw's experiment: a row for each replication and case.

    Their luck is that of replications from `first`; in the rows they are numbered from 0.
    """
    rows = []
    for replication in range(experiment.count):
        for name, tallies in experiment.tallies(first + replication).items():
            plan = experiment.plans_as_written[0][name]
            yearly = by_year(tallies, plan)
            rows.append(
                {
                    "draw": draw,
                    "replication": replication,
                    "strategy": name,
                    "cost": discounted(yearly, "cost_gbp", annual_rate=annual_rate),
                    "qaly": discounted(yearly, "qalys", annual_rate=annual_rate),
                    **outcome_values(tallies, plan),
                }
            )
    return rows


def most_telling(found: Psa, scenario: str, measure: str, *, threshold: float, count: int) -> list[str]:
    """The quantities that a tornado should look at: those of the scenario's own levers, and `count` more whose draws go
    most with the difference that it makes.

    The latter by rank correlation over the draws: a screen for `tornado`, which then measures each alone.
    """
    ranks = found.draws.scores.rank()
    outcome = pd.Series(found.differences(scenario, measure, threshold=threshold)).rank()
    strength = ranks.corrwith(outcome).abs().fillna(0.0).sort_values(ascending=False, kind="stable")
    case = found.cases[scenario]
    levers = quantities_of_levers(case.pathway, case.scenario.levers)
    own = [name for name in levers if name in strength.index]
    return [*own, *[str(name) for name in strength.index if name not in own][:count]]


@dataclass(frozen=True)
class Bar:
    """What a scenario makes of a measure with one quantity at an end of its range, all others at their values.

    `difference` is scenario minus base, and `shift` how far that lies from the base case, run by run; each with its 95%
    interval. Both are None where the quantity at that end does not fit with the others: `problem` says why.
    """

    quantity: str
    end: str
    value: float
    difference: PairedDifference | None
    shift: PairedDifference | None
    problem: str | None

    def turns(self, base_case: PairedDifference) -> Answer:
        """Whether the difference has another sign here than in the base case, or too few runs to tell.

        Where nothing moves in any run it has the same sign, whichever that is.
        """
        if self.difference is None or self.shift is None or self.shift.low == self.shift.high == 0:
            return "no"
        signs = sign(base_case), sign(self.difference)
        if 0 in signs:
            return "not shown"
        return "no" if signs[0] == signs[1] else "yes"


Answer = Literal["yes", "no", "not shown"]
"""Whether something turns an answer; 'not shown' where chance is too large to tell."""


@dataclass(frozen=True)
class Tornado:
    """One-way sensitivity: the base case, and each quantity at both ends of its range.

    Quantities that move the difference beyond chance come first, the longest bar ahead.
    """

    scenario: str
    measure: str
    threshold: float
    base_case: PairedDifference
    bars: Sequence[Bar]

    def beyond_chance(self, quantity: str) -> bool:
        """Whether the difference is another at an end of this quantity's range, by more than chance explains."""
        shifts = [bar.shift for bar in self.bars if bar.quantity == quantity and bar.shift]
        return any(shift.low > 0 or shift.high < 0 for shift in shifts)

    def turns_the_answer(self, quantity: str) -> Answer:
        """Whether the sign of the difference is another at an end of this quantity's range, or too few runs to tell.

        Told only where the interval there and that of the base case both exclude 0.
        """
        told = {bar.turns(self.base_case) for bar in self.bars if bar.quantity == quantity}
        return "yes" if "yes" in told else "not shown" if "not shown" in told else "no"

    def quantities(self) -> list[str]:
        """The quantities, in the order of the bars."""
        return list(dict.fromkeys(bar.quantity for bar in self.bars))


def tornado(
    found: Psa,
    scenario: str,
    names: Sequence[str],
    *,
    measure: str = "net_benefit",
    threshold: float,
    replications: int,
    workers: int = 1,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Tornado:
    """Each named quantity alone at both ends of its range, over the same patients as the base case.

    All others stand at their values; with a calibration, run by run at its joint draws, of which there must be one for
    each. Raises `BadInput` where there are too few, or fewer than two replications.
    """
    most = replications if found.calibration is None else found.calibration.count
    if not 2 <= replications <= most:
        says = (
            f"{replications} is written; use a whole number from 2: an interval needs two runs."
            if replications < 2
            else f"{replications} runs are asked for, each with a draw of the calibration of its own, and {most} are drawn. "
            "Write no more than that, or more --draws."
        )
        raise refuse("one-way", "--one-way", says)
    pair = {name: found.cases[name] for name in (found.base, scenario)}
    settings: list[tuple[str, str]] = [("", ""), *((name, end) for name in names for end in ENDS)]
    # without a calibration all runs of a setting are of one draw: the quantities' values
    pieces = [(0, replications)] if found.calibration is None else [(run, 1) for run in range(replications)]

    def one(position: int) -> tuple[np.ndarray | None, str | None]:
        rows = []
        for first, count in pieces:
            cases, problem = _one_way(pair, *settings[position], found.calibration, first)
            if problem is not None:
                return None, problem
            at = replace(at_draw(found.experiment, cases, first), replications=count)
            rows += runs(at, first, first=first, annual_rate=found.annual_rate)
        values = measured(pd.DataFrame(rows), measure, threshold)
        difference: np.ndarray = (values[scenario] - values[found.base]).to_numpy()
        return difference, None

    results = list(in_order(one, len(settings), workers=workers, progress=progress, stop=stop))
    base_case, base_problem = results[0]
    if base_case is None:
        raise NoSensibleDraw(f"the draws of the calibration do not fit the pathways: {base_problem}")
    nothing = np.zeros(replications)
    bars = []
    for (name, end), (result, problem) in list(zip(settings, results, strict=True))[1:]:
        shift = None if result is None else paired_difference(result, base_case)
        difference = None if result is None else paired_difference(result, nothing)
        value = value_at_end(pair[scenario].pathway, name, end, found.calibration)
        bars.append(Bar(name, end, value, difference, shift, problem))
    shifts = {name: [abs(bar.shift.mean) for bar in bars if bar.quantity == name and bar.shift] for name in names}
    length = {name: max(each, default=0.0) for name, each in shifts.items()}
    unsorted = Tornado(scenario, measure, threshold, paired_difference(base_case, nothing), bars)
    rank = {name: (not unsorted.beyond_chance(name), -length[name], name) for name in names}
    return replace(unsorted, bars=sorted(bars, key=lambda bar: (*rank[bar.quantity], ENDS.index(bar.end))))


def _one_way(
    cases: Mapping[str, Case], name: str, end: str, calibration: JointDraws | None, draw: int
) -> tuple[dict[str, Case], str | None]:
    """The cases of one bar in one draw of the calibration, and why they cannot be; no name stands for the base case."""
    if name:
        return at_end(cases, name, end, calibration=calibration, draw=draw)
    found = dict(cases) if calibration is None else calibration.cases_at(cases, draw)
    return found, problem_of(found)
