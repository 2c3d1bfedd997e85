"""What is told of a file beside its tables: what was dropped, read otherwise, left out. Nobody is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from outcomes import disclosure_policy
from pathways.files.opened import printable
from ui.words import counted

SO_MANY = "\0"
"""Where a number stands in a note: a letter that no file's name or cell has once it is printable."""
NAMES_TOLD = 8
LONGEST = 40


@dataclass(frozen=True)
class Note:
    """A sentence in which `SO_MANY` stands for rows or people, told as the rule for small numbers allows.

    It is the same sentence whatever the number, so that a hidden one cannot be had from its grammar.
    """

    text: str
    numbers: tuple[tuple[int, str], ...] = ()

    def said(self, policy: str) -> str:
        """The sentence under a policy.

        >>> Note(f"Seen too early: {SO_MANY}.", ((3, "person"),)).said("hes2018")
        'Seen too early: fewer than 8 people.'
        >>> Note(f"Seen too early: {SO_MANY}.", ((3, "person"),)).said("none")
        'Seen too early: 3 people.'
        """
        first, *rest = self.text.split(SO_MANY)
        told = (number_said(number, what, policy) for number, what in self.numbers)
        return "".join([first, *(f"{number}{text}" for number, text in zip(told, rest, strict=True))])


def number_said(number: int, what: str, policy: str) -> str:
    """A number of rows or people as it may be shown.

    >>> number_said(1, "person", "none"), number_said(13, "row", "hes2018")
    ('1 person', 'about 15 rows')
    """
    before, shown = disclosure_policy(policy).told(number)
    return f"{before}{_many(shown, what)}"


def _many(number: int, what: str) -> str:
    return f"{number:,} people" if what == "person" and number != 1 else counted(number, what)


def quoted(name: str) -> str:
    """A name from a file as it is told."""
    return f"'{printable(name, longest=LONGEST)}'"


def names_note(before: str, rows: Mapping[str, int], after: str, hints: Mapping[str, str] | None = None) -> Note:
    """A note that lists names from a file, each with its rows and what may be meant; the most frequent first."""
    names = sorted(rows, key=lambda name: (-rows[name], name))
    parts, numbers = [], []
    for name in names[:NAMES_TOLD]:
        hint = (hints or {}).get(name, "")
        parts.append(f"{quoted(name)} ({SO_MANY}{'; ' * bool(hint)}{hint})")
        numbers.append((rows[name], "row"))
    if len(names) > NAMES_TOLD:
        parts.append(f"and {len(names) - NAMES_TOLD} more ({SO_MANY})")
        numbers.append((sum(rows[name] for name in names[NAMES_TOLD:]), "row"))
    return Note(f"{before}{', '.join(parts)}{after}", tuple(numbers))


def said(notes: Iterable[Note], policy: str) -> list[str]:
    """All notes under a policy, each once."""
    return list(dict.fromkeys(note.said(policy) for note in notes))
