"""Counts in the cells of official files: read or refused, each by its form's own rule for blanks, dashes and stars.

Which cells are read, and what they mean, is said by the reader of each form.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite

from openpyxl.utils import get_column_letter

from pathways.files.values import NotThat, number_in, told
from pathways.problems import ROWS_SHOWN, BadInput, Problem, first_few, listed, refuse

MOST = 1_000_000_000
"""No count of an official file is larger."""
DASHES = ("-", "–", "—")


@dataclass(frozen=True)
class OfficialRow:
    """A row of an official table: the file (and sheet) it stands in, its number as a spreadsheet shows it, its cells."""

    where: str
    number: int
    cells: Sequence[object]

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.where}: row {self.number}"

    def at(self, column: int) -> object:
        """The cell of a column, counted from 0; None beyond the end of the row."""
        return self.cells[column] if column < len(self.cells) else None

    def text(self, column: int) -> str:
        """A cell as text without blanks around it; a number that is whole as it is written."""
        cell = self.at(column)
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        return "" if cell is None else str(cell).strip().strip("\ufeff\u200b")

    @property
    def texts(self) -> list[str]:
        """All cells as text."""
        return [self.text(column) for column in range(len(self.cells))]


@dataclass
class Counts:
    """Reads the counts of a file and keeps what is wrong with them.

    `instead` says what stands for a number in this form: nothing written, a dash, a star. All else is a number of people
    or of tests, whole and not negative, or it is a problem.

    >>> counts = Counts({"": float("nan"), "-": 0.0})
    >>> row = OfficialRow("did.xlsx", 7, ["04E", "1,234", "-", "-12"])
    >>> [counts.of(row, column) for column in (1, 2, 3)]
    [1234.0, 0.0, nan]
    >>> print(counts.problems[0])
    did.xlsx: row 7, column D: '-12' is negative. A count is 0 or more: correct it, or ask the publisher.
    """

    instead: Mapping[str, float]
    problems: list[Problem] = field(default_factory=list)

    def of(self, row: OfficialRow, column: int, *, needed: bool = True) -> float:
        """The count in a cell. What stands in the way is a problem where the count is needed, else it is NaN."""
        cell = row.at(column)
        text = row.text(column)
        if text in self.instead:
            return self.instead[text]
        fault = _fault(cell, text)
        if not fault:
            return float(cell) if isinstance(cell, int | float) else number_in(text)
        if needed:
            place = f"{row.place}, column {get_column_letter(column + 1)}"
            self.problems.append(Problem("cells_are_good", place, fault))
        return float("nan")

    def refused(self) -> None:
        """Raises `BadInput` with everything that is wrong, of much the first cells only."""
        if self.problems:
            where = self.problems[0].where.partition(": row")[0]
            raise BadInput(first_few(self.problems, "more cells are no counts.", where))


def _fault(cell: object, text: str) -> str:
    """Why a cell is no count, or nothing."""
    if not text:
        return "is blank, and the form leaves no count blank. Download the file again."
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return f"{told(text)} is no count but a date, or a yes or no. Download the file again: the sheet was edited."
    try:
        number = float(cell) if isinstance(cell, int | float) else number_in(text)
    except NotThat as error:
        if text in DASHES or text.startswith(("*", "<")):
            return f"{told(text)} is not what this form writes for a hidden count. Download the file again."
        return str(error)
    except OverflowError:
        number = inf
    faults = {
        "is not a finite number. Download the file again.": not isfinite(number),
        "is negative. A count is 0 or more: correct it, or ask the publisher.": number < 0,
        "is not a whole number. These are counts: download the file again.": isfinite(number) and number % 1 != 0,
        f"is above {MOST:,}, which no count is. Download the file again.": number > MOST,
    }
    return next((f"{told(text)} {says}" for says, wrong in faults.items() if wrong), "")


def once(rows: Iterable[tuple[tuple[object, ...], OfficialRow]]) -> tuple[list[OfficialRow], list[str]]:
    """Rows by their keys, each once: exact repeats are left out with a note. `BadInput` where two of a key differ."""
    kept: dict[tuple[object, ...], OfficialRow] = {}
    repeated: list[OfficialRow] = []
    problems = []
    for key, row in rows:
        first = kept.setdefault(key, row)
        if first is row:
            continue
        if list(first.cells) == list(row.cells):
            repeated.append(row)
        else:
            named = " ".join(str(part) for part in key)
            says = f"'{named}' stands in row {first.number} already, with other figures. Remove one of them."
            problems.append(Problem("no_duplicates", row.place, says))
    if problems:
        raise BadInput(problems[:ROWS_SHOWN])
    notes = []
    if repeated:
        told = listed([str(row.number) for row in repeated])
        notes = [f"{repeated[0].where}: exact repeats of other rows are left out: row {told}."]
    return list(kept.values()), notes


def check_bands(bands: Iterable[tuple[int, float]], where: str) -> None:
    """Refuses columns of waits that overlap, leave a gap, or do not begin at 0: some column is not there.

    That the last one is missing cannot be seen here, but in the totals (`sums_told`).
    """
    ordered = sorted(bands)
    meet = all(high + 1 == low for (_, high), (low, _) in pairwise(ordered))
    if not ordered or ordered[0][0] != 0 or not meet:
        says = "the columns of waits do not follow each other from 0 on: one is missing, or stands twice. Download it again."
        raise refuse("bands_fit", where, says)


def sums_told(where: str, added: float, total: float, *, unknown: float = 0.0, slack: float = 0.0) -> Iterator[str]:
    """A note where bands, with those whose wait is not known, come to more or less than the total beside them."""
    difference = added + unknown - total
    if isfinite(difference) and abs(difference) > slack:
        less = "more" if difference > 0 else "less"
        yield f"{where}: the bands add to {abs(difference):,.0f} {less} than the total of {total:,.0f}."


def stripped(codes: Collection[str]) -> list[str]:
    """Codes without blanks around them, each once, in their order."""
    return list(dict.fromkeys(code.strip() for code in codes))
