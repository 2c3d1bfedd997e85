"""A planner's figures as rows of a CSV file: each cell read, each bad cell told by file, row and column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from math import inf, nan
from pathlib import Path

from calibration.local_data.figures import Figure
from calibration.local_data.known import Known, service_faults
from calibration.local_data.measures import MEASURES, MOST_DAYS, UNITS, Measure
from calibration.local_data.no_number import no_number
from calibration.local_data.planner_files import what_to_do
from pathways import BadInput, Problem, did_you_mean
from pathways.files.cells import cells_of
from pathways.files.persons import persons_in
from pathways.files.values import NotThat, number_in
from pathways.official.files import header_seems
from pathways.official.periods import band, period
from pathways.quantity import DAYS_IN_A_WEEK

NEEDED = ("measure", "service", "from", "value")
OPTIONAL = (
    "to", "place", "band", "unit", "rounded_to", "suppressed_below", "share", "weight", "discrepancy", "source",
)  # fmt: skip
SUPPRESSED = "*"
MOST = 1_000_000_000
"""No number is larger: a slip of the keyboard is told."""
LEAST = 1 / 1_000
"""Nobody rounds more finely, or weighs less."""
ROUNDING = 1 / 1_000_000
"""How far a number may be from a multiple but for the rounding of numbers."""
MOST_DAYS_OF_A_MONTH = 31
"""Days: what is longer is a year."""
MOST_ROWS = 200_000
"""A table of more rows holds no counts."""
YEARS = (1990, 2100)
"""Figures of other years are slips."""


@dataclass(frozen=True)
class Rows:
    """What a file of the template tells: its figures, what is wrong with it, and notes.

    A figure whose value is wrong is there with a blank one: it is told once, and not as missing too. `whole` is false
    where it cannot be said which figures some rows are.
    """

    figures: list[Figure]
    problems: list[Problem]
    notes: list[str]
    whole: bool


def read_rows(path: Path, known: Known) -> Rows:
    """The figures in a CSV file of the template, everything that is wrong with it, and notes."""
    try:
        found = cells_of(path)
    except BadInput as error:
        return Rows([], error.problems, [], False)
    header, rows = found.header, found.rows
    if persons := persons_in(found.file, header, rows):
        return Rows([], persons, [], False)
    if len(rows) > MOST_ROWS:
        says = (
            f"has {len(rows):,} rows, and a table of counts {MOST_ROWS:,} at most. Is this one row for each person? Count them by "
            "month first."
        )
        return Rows([], [Problem("rows_are_counts", found.file, says)], [], False)
    columns = (*NEEDED, *OPTIONAL)
    problems = [
        Problem("columns_exist", found.file, f"there is no column '{name}'. {did_you_mean(name, header)}")
        for name in NEEDED
        if name not in header
    ]
    if problems:
        if len(problems) > 1:
            says = f"this is not the template. {what_to_do(path)}"
            others = [] if header_seems(header) else problems
            problems = [Problem("file_is_the_right_one", found.file, says), *others]
        return Rows([], problems, [], False)
    notes = []
    for name in header:
        if name not in columns and (hint := did_you_mean(name, columns)).startswith("Did you mean"):
            problems.append(
                Problem("columns_are_known", found.file, f"there is no column '{name}' in the template. {hint}")
            )
        elif name and name not in columns:
            notes.append(f"{found.file}: the column '{name}' is none of the template and is not read.")
    figures = []
    whole = True
    for number, cells in zip(found.numbers, rows, strict=True):
        row = TemplateRow(dict(zip(header, cells, strict=True)), f"{found.file}: row {number}", known)
        if (figure := row.figure()) is not None:
            figures.append(figure)
        whole = whole and figure is not None
        problems += row.problems
    return Rows(figures, problems, notes, whole)


@dataclass
class TemplateRow:
    """One row of the template: its cells by column, and what is wrong with them."""

    cells: dict[str, str]
    where: str
    known: Known
    problems: list[Problem] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The cell of a column, blank where there is none."""
        return self.cells.get(column, "")

    def fault(self, column: str, says: str) -> None:
        """Keeps what is wrong with a cell."""
        self.problems.append(Problem("cells_are_good", f"{self.where}, column {column}", says))

    def number(
        self, column: str, *, default: float, above: bool = False, whole: bool = False, high: float = MOST
    ) -> float | None:
        """The number in a cell, `default` where it is blank, None where it is not good."""
        written = self.text(column)
        if not written:
            return default
        try:
            number = number_in(written)
        except NotThat as error:
            self.fault(column, no_number(written, str(error)))
            return None
        faults = {
            "must be above 0": above and number <= 0,
            f"is below {LEAST:g}": above and 0 < number < LEAST,
            "is negative": not above and number < 0,
            "is not a whole number": whole and number % 1 != 0,
            f"is above {high:,.0f}": number > high,
        }
        for fault, wrong in faults.items():
            if wrong:
                self.fault(column, f"'{written}' {fault}.")
                return None
        return number

    def figure(self) -> Figure | None:
        """The figure that the row tells, with a blank value where that is not good; None where it is not clear which one."""
        name = self.text("measure")
        measure = MEASURES.get(name)
        if measure is None:
            self.fault("measure", f"'{name}' is no measure. {did_you_mean(name, MEASURES)}" if name else "is blank.")
        services = self._services(measure)
        place = self.text("place")
        practices = self.known.practices(place)
        if practices is None:
            hint = did_you_mean(place, self.known.places())
            says = f"the region '{self.known.region.name}' has no practice and no network '{place}'. {hint}"
            self.fault("place", f"{says} Leave it blank for the whole region.")
        begin, end = self._dates(measure)
        low, high = self._band(measure)
        unclear = bool(self.problems)
        share = self.text("share")
        if says := self.known.share_fault(share):
            self.fault("share", says)
        weight = self.number("weight", default=1, above=True)
        discrepancy = self.number("discrepancy", default=0, high=1)
        below = self.number("suppressed_below", default=0, whole=True)
        rounded = self.number(
            "rounded_to", default=0, above=True, whole=measure is not None and measure.kind == "count"
        )
        value, suppressed, step = self._value(measure, rounded, below)
        if unclear or practices is None or begin is None or end is None:
            return None
        if self.problems:
            value, suppressed, step, below, weight, discrepancy = nan, False, 1, 0, 1, 0
        source = f"{self.where}, {self.text('source')}" if self.text("source") else self.where
        return Figure(
            name, services, place, practices, begin, end, low, high, value, suppressed, step, int(below or 0), share,
            1 if weight is None else weight, discrepancy or 0, source,
        )  # fmt: skip

    def _services(self, measure: Measure | None) -> tuple[str, ...]:
        """The services of the row in the order of the pathway, so that their order in the file makes no other series."""
        known = self.known.pathway.services
        names = [name.strip() for name in self.text("service").split("+")]
        for name in names:
            if name not in known:
                self.fault(
                    "service", f"there is no service '{name}'. {did_you_mean(name, known)}" if name else "is blank."
                )
        if len(set(names)) < len(names):
            self.fault("service", f"'{self.text('service')}' names a service twice.")
        for fault in service_faults(names, measure, self.known.pathway):
            self.fault("service", fault)
        return tuple(name for name in known if name in names)

    def _dates(self, measure: Measure | None) -> tuple[date, date] | tuple[None, None]:
        """The first and last day; for a snapshot, its day twice."""
        first, last = self._day("from"), self._day("to")
        if first is None or last is None:
            return None, None
        if not self.text("from"):
            self.fault("from", "is blank. Write a day, a month (2025-03) or a financial year (2024/25).")
            return None, None
        if last < first:
            self.fault("to", f"{self.text('to')} lies before {self.text('from')}.")
            return None, None
        if measure is None:
            return None, None
        begin, end = first[0], last[1]
        if measure.snapshot:
            if self.text("to") and first != last:
                self.fault(
                    "to", "a list is counted on one day. Write that day (or its month, for the last day) in 'from'."
                )
            elif begin != end and (end - begin).days > MOST_DAYS_OF_A_MONTH:
                self.fault(
                    "from", f"'{self.text('from')}' is a year; a list is counted on one day, or at the end of a month."
                )
            return end, end
        if begin == end and not self.text("to"):
            self.fault(
                "to", "is blank: for a period write its last day, or in 'from' a month (2025-03) or a year (2024/25)."
            )
        return begin, end

    def _day(self, column: str) -> tuple[date, date] | None:
        """First and last day of what stands in a cell; of a blank 'to', those of 'from'."""
        written = self.text(column) or self.text("from")
        if not written:
            return date.min, date.min
        found = period(written)
        says = ""
        if found is None:
            says = f"'{written}' is no date. Write 2025-03-31, 2025-03 for a month or 2024/25 for a financial year."
        elif not YEARS[0] <= found[0].year <= found[1].year <= YEARS[1]:
            says = f"'{written}' lies outside of {YEARS[0]} to {YEARS[1]}. Is it a slip?"
        if says and (column == "from" or self.text(column)):
            self.fault(column, says)
        return None if says else found

    def _band(self, measure: Measure | None) -> tuple[int, float]:
        written = self.text("band")
        if not written:
            return 0, inf
        found = band(written)
        if measure is not None and not measure.banded:
            with_bands = ", ".join(name for name, each in MEASURES.items() if each.banded)
            self.fault(
                "band", f"'{self.text('measure')}' has no bands. Leave it blank; measures by days waited: {with_bands}."
            )
        elif found is None:
            self.fault("band", f"'{written}' is no band. Write 0-7 days, 8-14 days … 366+ days, or 4-12 weeks.")
        return found or (0, inf)

    def _value(
        self, measure: Measure | None, rounded: float | None, below: float | None
    ) -> tuple[float, bool, float]:  # fmt: skip
        """The value in days, percent or people; whether it is suppressed; to what it is rounded."""
        written, unit = self.text("value"), self.text("unit").lower()
        if measure is None:
            return nan, False, 1
        units = UNITS[measure.kind]
        if unit not in ("", *units) and re.fullmatch(r"[1-9]\d?\d?", written) and re.fullmatch(r"\d{3}", unit):
            says = f"'{written},{unit}' has a comma, and stands in two columns: write {written}{unit}, or put it in quotation marks."
            self.fault("value", says)
            return nan, False, 1
        if unit and unit not in units:
            self.fault("unit", f"'{unit}' is no unit of '{self.text('measure')}'. Write {' or '.join(units)}.")
            return nan, False, 1
        if not unit and len(units) > 1 and written:
            self.fault("unit", f"is blank. Write {' or '.join(units)}.")
        if below and measure.kind != "count":
            self.fault("suppressed_below", f"only counts are suppressed, and '{self.text('measure')}' is none.")
        times = DAYS_IN_A_WEEK if unit == "weeks" else 1
        if not written:
            return nan, False, (rounded or 1) * times
        if written == SUPPRESSED:
            return self._suppressed(measure, below), True, rounded or 1
        value = self.number("value", default=nan, whole=measure.kind == "count")
        if value is None:
            return nan, False, 1
        step = rounded or (1 if measure.kind == "count" else _precision(written))
        self._sensible(measure, value * times, written=value, step=step, rounded=bool(rounded), below=int(below or 0))
        return value * times, False, step * times

    def _suppressed(self, measure: Measure, below: float | None) -> float:
        if measure.kind != "count":
            self.fault("value", "'*' is for counts. Leave it blank if nothing was submitted.")
        elif below is not None and below <= 1:
            says = "is '*', a suppressed count: write in 'suppressed_below' from which count on figures are published (2 or more)."
            self.fault("value", says)
        return (below or 0) / 2

    def _sensible(
        self, measure: Measure, value: float, *, written: float, step: float, rounded: bool, below: int
    ) -> None:
        shown = f"'{self.text('value')}'"
        if measure.kind == "percent" and value > 100:
            self.fault("value", f"{shown} is above 100 percent.")
        if measure.kind == "days" and value > MOST_DAYS:
            unit = self.text("unit").lower()
            other = " Are these days?" if unit == "weeks" else ""
            self.fault(
                "value", f"{shown} {unit} is longer than {MOST_DAYS:,} days, the longest wait that is possible.{other}"
            )
        if 0 < value < below:
            self.fault(
                "value",
                f"{shown} is written, but counts below {below} are suppressed here. Write '*', or leave 'suppressed_below' blank.",
            )
        elif rounded and abs(written / step - round(written / step)) > ROUNDING:
            self.fault("value", f"{shown} is not a multiple of {step:g}, to which it is said to be rounded.")
        population = self.known.region.population
        if measure.snapshot and not self.text("share") and value > population:
            says = f"{shown} people wait, but only {population:,} are registered in '{self.known.region.name}'. Is it another region?"
            self.fault("value", says)


def _precision(written: str) -> float:
    """The unit of a number's last figure: 0.1 for 6.3.

    >>> _precision("6.3"), _precision("6")
    (0.1, 1.0)
    """
    return 10.0 ** -len(written.partition(".")[2])
