"""Joint draws of quantities that were calibrated to local data: what results rest on instead of the quantities' ranges.

Runs take the draws in turn, each whole: never means of them, never quantities of different draws together.
`calibration.folder` tells where they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from outcomes.paired import LEVEL
from pathways import Pathway, Region, pathway_problems, refuse
from pathways.assumed import region_at
from pathways.checks import CHECKS_OF_VALUES
from pathways.word import Word
from sim.experiments.scores import FARTHEST, at_scores, case_at, pathway_at

if TYPE_CHECKING:
    from sim.run import Case

DOUBTED = ("NOT MATCHED", "CALIBRATED WITH WARNINGS")
"""Verdicts begin so where every result must say that the calibration is in doubt."""


@dataclass(frozen=True)
class JointDraws:
    """Draws of a calibration. `scores` has a row per draw and a column per quantity.

    `practice_scores` are by practice effect: a row per draw, a column per practice code; NaN where left to chance.
    So many were `passed_over`, see `fitting`.
    """

    scores: pd.DataFrame
    practice_scores: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    id: str = ""
    title: str = ""
    verdict: str = ""
    passed_over: int = 0

    @property
    def count(self) -> int:
        """How many draws there are."""
        return len(self.scores)

    @property
    def names(self) -> list[str]:
        """The quantities that were calibrated."""
        return [str(name) for name in self.scores.columns]

    @property
    def warning(self) -> str | None:
        """What must be said with every result, where the calibration itself is in doubt."""
        if not self.verdict.startswith(DOUBTED):
            return None
        return f"The calibration '{self.title}' that these results rest on: {self.verdict}"

    def scores_of(self, draw: int) -> dict[str, float]:
        """The scores of one draw by quantity. There is no draw after the last: runs that share one are not independent.

        >>> JointDraws(pd.DataFrame({"gp_price": [0.5, -1.0]})).scores_of(1)
        {'gp_price': -1.0}
        """
        row = self.scores.iloc[draw]
        return {str(name): float(score) for name, score in row.items()}

    def ends(self, name: str) -> tuple[float, float]:
        """Between which scores of a quantity 95% of the draws lie."""
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(self.scores[name], [tail, 1 - tail])
        return float(low), float(high)

    def case_at(self, case: Case, draw: int) -> Case:
        """A case as one draw has it, by the distributions of its own pathway."""
        return case_at(case, self.scores_of(draw))

    def cases_at(self, cases: Mapping[str, Case], draw: int) -> dict[str, Case]:
        """The cases as one draw has them; those that share a pathway still do."""
        return at_scores(cases, self.scores_of(draw))

    def region_at(self, region: Region, pathway: Pathway, draw: int) -> Region:
        """The region as one draw has it: what is assumed per head, and how its practices differ.

        `pathway` is the one by whose own values the region's capacity and lists were assumed.
        """
        found = region_at(region, pathway, pathway_at(pathway, self.scores_of(draw)))
        return self.practices_at(found, draw)

    def practices_at(self, region: Region, draw: int) -> Region:
        """The region with the scores of its practices in one draw."""
        if not self.practice_scores:
            return region
        scores = {
            effect: tuple(table.reindex(columns=list(region.codes)).iloc[draw].astype(float))
            for effect, table in self.practice_scores.items()
        }
        return replace(region, practice_scores=scores)

    def fitting(self, cases: Mapping[str, Case], wanted: int, *, least: int | None = None) -> JointDraws:
        """The first so many draws that break no rule of the cases' pathways (a time above one that must exceed it).

        Those on the way that do are passed over. Raises `BadInput` where they are more than half, and where fewer are
        left than `least`, by default all that are wanted: a draw for each run, else runs would not be independent.
        """
        kept: list[int] = []
        problem, looked_at = "", 0
        while looked_at < self.count and len(kept) < wanted:
            found = {id(case.pathway): case.pathway for case in self.cases_at(cases, looked_at).values()}
            problems = [each for word in found.values() for each in pathway_problems(word, checks=CHECKS_OF_VALUES)]
            problem = problem or (str(problems[0]) if problems else "")
            kept += [] if problems else [looked_at]
            looked_at += 1
        wrong = looked_at - len(kept)
        where = f"calibration '{self.title}'"
        if 2 * wrong > looked_at:
            says = f"{wrong} of the first {looked_at} draws break a rule of the pathway. The first: {problem}"
            raise refuse("draws_fit_together", where, says)
        least = wanted if least is None else least
        if len(kept) < least:
            says = (
                f"{least} draws are asked for, one for each run, and it has {len(kept)}"
                f"{f' that fit ({wrong} passed over)' if wrong else ''}. Runs that share a draw would be counted as if "
                f"each had its own: ask for {len(kept)} at most."
            )
            raise refuse("a_draw_for_each_run", where, says)
        tables = {effect: table.iloc[kept] for effect, table in self.practice_scores.items()}
        return replace(self, scores=self.scores.iloc[kept], practice_scores=tables, passed_over=wrong)

    def first(self, draws: int) -> JointDraws:
        """The first so many draws; all of them where there are fewer."""
        tables = {effect: table.iloc[:draws] for effect, table in self.practice_scores.items()}
        return replace(self, scores=self.scores.iloc[:draws], practice_scores=tables)


# in a record

Score = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]


class WrittenDraws(Word):
    """Draws as a record holds them, so that no folder is needed to run it again: each a list by draw."""

    id: str
    title: str
    verdict: str
    scores: dict[str, list[Score]] = Field(min_length=1)
    practice_scores: dict[str, dict[str, list[Score | None]]] = {}

    @model_validator(mode="after")
    def _as_many_draws_of_each(self) -> WrittenDraws:
        counts = {len(scores) for scores in self.scores.values()}
        counts |= {len(scores) for practices in self.practice_scores.values() for scores in practices.values()}
        if len(counts) != 1 or counts == {0}:
            raise ValueError("its scores do not all have the same number of draws")
        return self

    def draws(self) -> JointDraws:
        """The draws, to run with."""
        tables = {effect: pd.DataFrame(of, dtype=float) for effect, of in self.practice_scores.items() if of}
        return JointDraws(pd.DataFrame(self.scores), tables, self.id, self.title, self.verdict)


def written_draws(draws: JointDraws) -> dict[str, Any]:
    """What `WrittenDraws` reads; what is left to chance is null."""
    by_effect = {
        effect: {
            str(code): [None if np.isnan(score) else float(score) for score in scores]
            for code, scores in sorted(table.items())
        }
        for effect, table in sorted(draws.practice_scores.items())
    }
    return {
        "id": draws.id,
        "title": draws.title,
        "verdict": draws.verdict,
        "scores": {str(name): [float(score) for score in scores] for name, scores in draws.scores.items()},
        **({"practice_scores": by_effect} if by_effect else {}),
    }
