"""The words of verdicts, each with its symbol and what it means: one vocabulary for tables, files, reports and the app.

docs/verdicts.md is the page of these words; a test holds the two together. What a finding is, `outcomes.materiality` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from outcomes.materiality import Finding, finding, limit
from outcomes.paired import FEW_EVENTS, paired_difference

PAGE = "docs/verdicts.md"
"""Where the words are explained."""

Verdict = Literal[
    "better", "worse", "changed", "small", "not material", "same", "not shown", "too rare to tell", "nothing to compare"
]
Tone = Literal["good", "bad", "doubt", "plain"]


@dataclass(frozen=True)
class Meaning:
    """What stands for a verdict, and what it means. `tone` is what faces colour it by, never alone."""

    symbol: str
    tone: Tone
    means: str


MEANINGS: dict[Verdict, Meaning] = {
    "better": Meaning(
        "✓",
        "good",
        "A change for the good that is shown and matters: the 95% interval excludes no change, at least 95% of the runs agree, "
        "and the mean is larger than the least change that matters.",
    ),
    "worse": Meaning("✗", "bad", "The same for the bad."),
    "changed": Meaning(
        "≠",
        "plain",
        "A change that is shown and matters, and is neither good nor bad in itself; also a saving that is no larger than the "
        "care that people are still waiting for.",
    ),
    "small": Meaning(
        "≈",
        "plain",
        "A change that is shown, but not to matter: the mean is no larger than the least change that matters.",
    ),
    "not material": Meaning(
        "≈",
        "plain",
        "Whatever the change is, it does not matter: the whole 95% interval lies within the least change that matters.",
    ),
    "same": Meaning("=", "plain", "The same in every run: the scenario does not touch this."),
    "not shown": Meaning(
        "?",
        "doubt",
        "The runs do not show whether it changes: the interval includes no change and changes that matter as well, or fewer than "
        "95% of the runs agree, or there is one run only. It does not mean that nothing changes. "
        "More runs narrow the interval; they do not change in how many of a hundred runs luck outweighs the change.",
    ),
    "too rare to tell": Meaning(
        "?", "doubt", "So few events or runs differ that no interval means anything (decision 26)."
    ),
    "nothing to compare": Meaning("–", "plain", "Neither or only one of the two has a value."),
}
"""Every verdict on a change, in the order in which the page explains them."""

CLAIMS: frozenset[Verdict] = frozenset({"better", "worse", "changed"})
"""Verdicts that say that something changes, and that it matters."""


def verdict_of(found: Finding, *, rises: bool, better: Literal["less", "more", "neither"]) -> Verdict:
    """The word for a finding: a change that matters is better or worse where the outcome says which way is good.

    >>> verdict_of("material", rises=True, better="more"), verdict_of("material", rises=True, better="less")
    ('better', 'worse')
    >>> verdict_of("material", rises=True, better="neither"), verdict_of("immaterial", rises=True, better="more")
    ('changed', 'not material')
    """
    match found:
        case "material" if better == "neither":
            return "changed"
        case "material":
            return "better" if rises == (better == "more") else "worse"
        case "immaterial":
            return "not material"
        case _:
            return found


@dataclass(frozen=True)
class Judged:
    """What paired changes come to: the finding, its word, and how many runs fall and rise."""

    finding: Finding
    verdict: Verdict
    falls: int
    rises: int

    @property
    def lower(self) -> bool:
        """Whether no fewer runs fall than rise."""
        return self.falls >= self.rises

    @property
    def agree(self) -> int:
        """How many runs agree on the direction of most."""
        return max(self.falls, self.rises)

    def likely(self, runs: int) -> bool:
        """Whether so many of the runs agree that a direction may be named at all."""
        return 100 * self.agree >= limit("likely") * runs


def judged(changes: np.ndarray, *, least: float, better: Literal["less", "more", "neither"]) -> Judged:
    """What changes come to, one for each paired run; `least` is the least that matters, in their unit.

    >>> found = judged(np.array([-23.0, -30.0, -16.0]), least=5.0, better="less")
    >>> found.verdict, found.agree, found.likely(3)
    ('better', 3, True)
    """
    falls, rises = int((changes < 0).sum()), int((changes > 0).sum())
    of = paired_difference(changes, np.zeros(len(changes)))
    came_to = finding(of.mean, of.low, of.high, least=least, agree=max(falls, rises) / len(changes))
    return Judged(came_to, verdict_of(came_to, rises=falls < rises, better=better), falls, rises)


def judged_rare(
    changes: np.ndarray, *, least: float, events: float | None
) -> Literal["not material", "too rare to tell"]:
    """The word for what rests on too few events, or too few runs that differ, to be told from chance.

    Not material where no run changes by as much as matters, and among so many `events` (of the base, over all runs) even as
    many as are too few would not; None where there are none to be counted, as of money and of waits. Changes and `least`
    are in percent of the base.

    >>> judged_rare(np.array([-0.1, 0.0]), least=1.0, events=5000), judged_rare(np.array([-0.1, 0.0]), least=1.0, events=50)
    ('not material', 'too rare to tell')
    """
    many = events is None or least * events >= 100 * FEW_EVENTS
    return "not material" if many and np.abs(changes).max() <= least else "too rare to tell"


def marked(verdict: Verdict) -> str:
    """A verdict with its symbol, for a cell of a table.

    >>> marked("better"), marked("not material"), marked("nothing to compare")
    ('✓ better', '≈ not material', '–')
    """
    symbol = MEANINGS[verdict].symbol
    return symbol if verdict == "nothing to compare" else f"{symbol} {verdict}"


def if_they_hold(assumed: int, of: int, *, what: str = "numbers") -> str:
    """What every claim is subject to where numbers are assumed, to stand at the end of its sentence; "" where none is.

    >>> if_they_hold(296, 342)
    ', if the assumed numbers hold: 296 of 342 are judgements'
    >>> if_they_hold(1, 342), if_they_hold(0, 342)
    (', if the assumed numbers hold: 1 of 342 is a judgement', '')
    """
    if not assumed:
        return ""
    are = "is a judgement" if assumed == 1 else "are judgements"
    return f", if the assumed {what} hold: {assumed} of {of} {are}"
