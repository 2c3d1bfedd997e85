"""What is not known for certain: quantities with ranges, drawn together.

A draw gives every uncertain quantity a standard normal score (`sim.experiments.scores`), keyed by its name and correlated where two
were fitted together. What is `fixed`, and every table of levels, is not drawn; scores that a calibration gives stay.
Shares of one decision always fit, whatever their scores (`sim.experiments.joint_shares`); what else makes no sense together is drawn again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from outcomes.economics.value_for_money import spread_of_draws
from pathways import BadInput, Pathway, Problem, pathway_problems
from pathways.checks import CHECKS_OF_VALUES, draw_problem, quantities_used
from pathways.draft import Draft
from pathways.load import LIBRARY
from pathways.problems import listed
from sim.arrays.keyed_draws import bits, label, run_key, share
from sim.experiments.joint_draws import JointDraws
from sim.experiments.scores import at_scores, pathway_at, uncertain, value_of, with_values, without_distribution
from sim.run import Case

CORRELATION = LIBRARY / "natural_history_correlation.csv"
MOST_TRIES = 100
"""Quantities that make no sense together (a median above its 90% point) are drawn again so many times."""
DRAWN = "draw"
Places = list[tuple[str, str]]
"""Where quantities stand in pathways: path and name."""


class NoSensibleDraw(ValueError):
    """The ranges of the quantities hardly ever fit together."""


def read_correlation(path: Path = CORRELATION) -> pd.DataFrame:
    """The correlation of quantities that were fitted together, by name; of their scores."""
    table = pd.read_csv(path, index_col=0, comment="#")
    return table.loc[:, list(table.index)]


@dataclass(frozen=True)
class ParameterDraws:
    """Scores of draws, one row each and a column for each quantity.

    In `redrawn` of them some quantities did not fit together at first and were drawn again; `again` says which, and in
    how many draws.
    """

    scores: pd.DataFrame
    redrawn: int
    again: Mapping[str, int] = field(default_factory=dict)

    def cases(self, cases: Mapping[str, Case], draw: int) -> dict[str, Case]:
        """The cases as one draw has them."""
        return at_scores(cases, dict(zip(self.scores.columns, self.scores.iloc[draw], strict=True)))

    def values(self, case: Case) -> pd.DataFrame:
        """The values drawn of a case's quantities: a row per draw, a column per quantity that its pathway draws."""
        drawn = [self.cases({case.name: case}, draw)[case.name].pathway for draw in range(len(self.scores))]
        return pd.DataFrame(
            {name: [pathway.quantities[name].number() for pathway in drawn] for name in uncertain(case.pathway)},
            index=range(len(drawn)),
        )

    def beside_written(self, case: Case) -> pd.DataFrame:
        """What was written of each quantity of a case beside what was drawn.

        One row per quantity: `quantity`, `unit`, `distribution`, `value`, `low`, `high`, and of the draws `drawn_mean`,
        `standard_error` of it, `drawn_low` and `drawn_high` (95% of them).
        """
        values, written = self.values(case), ("unit", "distribution", "value", "low", "high")
        quantities = case.pathway.quantities
        said = [
            {"quantity": name, **{word: getattr(quantities[name], word) for word in written}}
            for name in map(str, values)
        ]
        return pd.concat([pd.DataFrame(said), spread_of_draws(values)], axis=1)


def at_end(
    cases: Mapping[str, Case], name: str, end: str, *, calibration: JointDraws | None = None, draw: int = 0
) -> tuple[dict[str, Case], str | None]:
    """The cases with one quantity at the `low` or the `high` end of its range, and why that cannot be, if so.

    All others stand at their values, or as a draw of the calibration has them.
    """
    values = {each: value_at_end(case.pathway, name, end, calibration) for each, case in cases.items()}
    drawn = cases if calibration is None else calibration.cases_at(cases, draw)
    found = {
        each: replace(case, pathway=with_values(case.pathway, {name: values[each]})) for each, case in drawn.items()
    }
    return found, problem_of(found)


def value_at_end(pathway: Pathway, name: str, end: str, calibration: JointDraws | None = None) -> float:
    """The value of a quantity at the `low` or the `high` end of its range; once calibrated, of 95% of its draws."""
    low, high = pathway.quantities[name].interval()
    if calibration is not None and name in calibration.names:
        low, high = (value_of(pathway, name, score) for score in calibration.ends(name))
    return {"low": low, "high": high}[end]


def problem_of(cases: Mapping[str, Case]) -> str | None:
    """The first rule of its pathway that a case breaks by its values, or None."""
    for case in cases.values():
        if problems := pathway_problems(case.pathway, checks=CHECKS_OF_VALUES):
            return str(problems[0])
    return None


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


@dataclass(frozen=True)
class SensibleDraw:
    """One draw whose quantities fit together: a score for each name, and which were drawn again for that."""

    scores: dict[str, float]
    again: frozenset[str]


def sensible_draw(
    pathways: Sequence[Pathway],
    names: Sequence[str],
    *,
    seed: int,
    draw: int,
    correlation: pd.DataFrame,
    given: Mapping[str, float] | None = None,
    places: Places | None = None,
) -> SensibleDraw:
    """One draw of the named quantities that breaks no rule of the pathways; those `given` keep their scores.

    Where it breaks one (a time shorter than another that it must exceed), the quantities that stand where the rule is broken are drawn
    again. What was fitted together with a given quantity is drawn as it is given that one. `places` are those of
    `places_of`, where many draws are made. Raises `NoSensibleDraw` where nothing helps.
    """
    given = given or {}
    known = _among(correlation, names)
    again: dict[str, int] = {}
    for _ in range(MOST_TRIES):
        scores = _around(
            draw_scores(names, seed=seed, draw=draw, correlation=known, again=again), given, correlation=known
        )
        problems = [
            problem
            for pathway in pathways
            for problem in pathway_problems(pathway_at(pathway, scores), file=DRAWN, checks=CHECKS_OF_VALUES)
        ]
        if not problems:
            return SensibleDraw(scores, frozenset(again))
        places = places or places_of(pathways)
        at_fault = (_at_fault(places, problems, names) & set(names)) - set(given)
        if not at_fault:
            raise NoSensibleDraw(f"the quantities that are given do not fit together: {problems[0]}")
        again |= {name: again.get(name, 0) + 1 for name in at_fault}
    raise NoSensibleDraw(
        f"the quantities were drawn {MOST_TRIES} times and did not fit together: {problems[0]} "
        "Narrow the range of a quantity that stands there."
    )


def _among(correlation: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The correlation of those of the names that it knows."""
    wanted = set(names)
    shared = [name for name in correlation.index if name in wanted]
    return correlation.loc[shared, shared]


def places_of(pathways: Sequence[Pathway]) -> Places:
    """Every place of the pathways where a quantity stands, and its name."""
    return [(path, name) for pathway in pathways for path, name, _ in quantities_used(Draft.of(pathway))]


def _at_fault(places: Places, problems: Sequence[Problem], names: Sequence[str]) -> set[str]:
    """The quantities that stand where a rule is broken."""
    own = [(f"quantities.{name}", name) for name in names]
    faults = [problem.where.removeprefix(f"{DRAWN}: ") for problem in problems]
    return {name for path, name in [*places, *own] if any(path.startswith(fault) for fault in faults)}


def _around(scores: dict[str, float], given: Mapping[str, float], *, correlation: pd.DataFrame) -> dict[str, float]:
    """The draw with the given scores in it; what is correlated with them follows by how far they are from their draw."""
    held = [str(name) for name in correlation.index if name in given]
    free = [str(name) for name in correlation.index if name not in given]
    if held and free:
        moved = np.array([given[name] - scores[name] for name in held])
        weights = np.linalg.solve(correlation.loc[held, held].to_numpy(), moved)
        follows = correlation.loc[free, held].to_numpy() @ weights
        scores = scores | {name: scores[name] + float(more) for name, more in zip(free, follows, strict=True)}
    return scores | dict(given)


def draw_together(
    cases: Mapping[str, Case],
    count: int,
    *,
    seed: int,
    correlation: pd.DataFrame | None = None,
    calibration: JointDraws | None = None,
) -> ParameterDraws:
    """Draws of every uncertain quantity of the cases. Those of a calibration take its joint draws in turn.

    Raises `BadInput` where nothing is drawn because distributions are lacking, or one cannot be drawn from; and
    `NoSensibleDraw` where quantities hardly ever fit together.
    """
    pathways = list({id(case.pathway): case.pathway for case in cases.values()}.values())
    calibrated = calibration.names if calibration else []
    names = sorted({name for pathway in pathways for name in uncertain(pathway)} | set(calibrated))
    if problems := _cannot_be_drawn(pathways, names):
        raise BadInput(problems)
    known = read_correlation() if correlation is None else correlation
    places = places_of(pathways)
    drawn = [
        sensible_draw(
            pathways,
            names,
            seed=seed,
            draw=draw,
            correlation=known,
            given=calibration.scores_of(draw) if calibration else None,
            places=places,
        )
        for draw in range(count)
    ]
    return ParameterDraws(
        pd.DataFrame([each.scores for each in drawn], columns=names),
        sum(bool(each.again) for each in drawn),
        Counter(name for each in drawn for name in sorted(each.again)),
    )


def _cannot_be_drawn(pathways: Sequence[Pathway], names: Sequence[str]) -> list[Problem]:
    """Why there is nothing to draw, or what is written cannot be drawn."""
    found = {}
    for pathway in pathways:
        for name in uncertain(pathway):
            where = f"{pathway.name}: quantities.{name}"
            if says := draw_problem(pathway.quantities[name]):
                found[where] = Problem("draws_mean_what_is_written", where, f"{says}.")
    lacking = sorted({name for pathway in pathways for name in without_distribution(pathway)})
    if not names and lacking:
        told = listed([f"'{name}'" for name in lacking])
        says = (
            "nothing would be drawn: no quantity has a 'distribution', and an interval would be of chance alone. Add "
            f"'distribution' to those with a range: {told}."
        )
        found[""] = Problem("something_is_drawn", f"{pathways[0].name}: quantities", says)
    return list(found.values())
