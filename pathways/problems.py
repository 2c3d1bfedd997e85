"""What to say when an input is wrong: where, what, what was written, what to do.

A `Problem` is one sentence about one place. Loaders and checks collect every problem
before they speak, and raise them together as one `BadInput`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

ROWS_SHOWN = 5
"""So many faults of one kind are told one by one; the others are counted."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    `rule` is the name of the check that found it, `where` a file (and row) or a dotted path
    inside a file, `says` the sentence for the reader.

    >>> print(Problem("shares_add_to_one", "usual_care.toml: decisions.red_flags", "the shares add to 1.07."))
    usual_care.toml: decisions.red_flags: the shares add to 1.07.
    """

    rule: str
    where: str
    says: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


class BadInput(Exception):
    """An input cannot be used. Carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the problems, one on each line."""
        many = f"{len(self.problems)} problems:" if len(self.problems) > 1 else "1 problem:"
        return [f"BadInput, {many}", *(f"  {problem}" for problem in self.problems)]

    def __reduce__(self) -> tuple[type[BadInput], tuple[list[Problem]]]:
        return BadInput, (self.problems,)


def refuse(rule: str, where: str, says: str) -> BadInput:
    """A `BadInput` with a single problem.

    >>> str(refuse("file_exists", "south.toml", "there is no such file."))
    'south.toml: there is no such file.'
    """
    return BadInput([Problem(rule, where, says)])


def first_few(problems: Sequence[Problem], more: str, where: str) -> list[Problem]:
    """The first problems of one kind, and where there are more one that says how many; `more` is what they are.

    >>> wrong = [Problem("rows_fit", f"lists.csv: row {row}", "it is too long.") for row in range(2, 9)]
    >>> [str(each) for each in first_few(wrong, "more rows are too long.", "lists.csv")[4:]]
    ['lists.csv: row 6: it is too long.', 'lists.csv: 2 more rows are too long.']
    """
    rest = len(problems) - ROWS_SHOWN
    told = [Problem(problems[0].rule, where, f"{rest} {more}")] if rest > 0 else []
    return [*problems[:ROWS_SHOWN], *told]


def listed(names: Sequence[str], most: int = ROWS_SHOWN) -> str:
    """Names one after the other, and how many more there are than are told.

    >>> listed(["mri", "gp", "injection"], most=2)
    'mri, gp and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def plain(name: str) -> str:
    """A name without what people write in different ways: capitals, and blanks, dashes or strokes between words.

    >>> plain("Back-pain share")
    'back_pain_share'
    """
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest one, or the whole list when it is short.

    >>> did_you_mean("msk_phyiso", ["msk_physio", "mri"])
    "Did you mean 'msk_physio'?"
    >>> did_you_mean("MRI", ["msk_physio", "mri"])
    "Did you mean 'mri'?"
    >>> did_you_mean("zebra", ["mri", "gp"])
    'There are: gp, mri.'
    >>> did_you_mean("zebra", [])
    'None is defined.'
    """
    names = sorted(set(known))
    same = {plain(name): name for name in names}.get(plain(written))
    near = [same] if same else difflib.get_close_matches(written, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return "None is defined."
    shown = ", ".join(names[:12])
    return f"There are: {shown}{', …' if len(names) > 12 else ''}."
