"""The words of verdicts, each with its symbol and what it means: one vocabulary for tables, files, reports and the app.

docs/verdicts.md is the page of these words; a test holds the two together. What a finding is, `outcomes.materiality` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from outcomes.materiality import Finding

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
