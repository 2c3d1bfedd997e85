"""The evidence table as people read it: on a terminal, as CSV and JSON, and as a page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from textwrap import wrap

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from pathways import Pathway, library_names, load_pathway, load_scenario, refuse
from pathways.evidence_table import GROUPS, EvidenceRow, bounds_written, evidence
from pathways.files import writing
from pathways.load import load_quantities
from pathways.quantity import GRADES
from sim.experiments.joint_shares import drawn_of
from ui.inputs.checking import kind_of

NAME_WIDTH, VALUE_WIDTH, LEAST_SOURCE_WIDTH = 42, 18, 30
BORDERS = 10
MOST_USES = 5
"""Uses shown on a terminal; CSV, JSON and the page have all of them."""

PAGE_COMMAND = "backpath show evidence --markdown > docs/evidence.md"


def pathway_named(name: str) -> Pathway:
    """The pathway of that name or file, or that of a scenario, with the quantities that the scenario replaces."""
    kind, path = kind_of(Path(name))
    if kind == "region":
        raise refuse("kind", name, "is a region; name a pathway or a scenario.")
    return load_scenario(path)[2] if kind == "scenario" else load_pathway(path)


def rows_of(pathway: Pathway, *, grade: str = "", search: str = "") -> list[EvidenceRow]:
    """The rows of a pathway's evidence table, with the library's quantities about regions; filtered as asked."""
    if grade and grade not in GRADES:
        raise refuse("grade", f"--grade {grade}", f"there are: {', '.join(GRADES)}.")
    return evidence(pathway, load_quantities("region.toml"), grade=grade, search=search)


def summary(rows: list[EvidenceRow]) -> str:
    """How many there are, by grade.

    >>> summary([])
    'No quantity.'
    """
    if not rows:
        return "No quantity."
    counts = {grade: sum(row.grade == grade for row in rows) for grade in GRADES}
    by_grade = ", ".join(f"{count} {grade}" for grade, count in counts.items() if count)
    return f"{len(rows)} {'quantity' if len(rows) == 1 else 'quantities'}: {by_grade}."


def value_in_words(row: EvidenceRow) -> str:
    """The value, or a table's values by level."""
    if isinstance(row.value, dict):
        return "; ".join(f"{level}: {value:g}" for level, value in row.value.items())
    return f"{row.value:g}"


def range_in_words(row: EvidenceRow) -> str:
    """From the lowest to the highest value, or what bounds every level of a table."""
    if row.low is None or row.high is None:
        return f"each times {row.low_times:g} to {row.high_times:g}"
    return f"{row.low:g} to {row.high:g}"


# the terminal


def evidence_tables(rows: list[EvidenceRow], *, width: int) -> Iterator[Table]:
    """A table for each group, of one width throughout."""
    source_width = max(LEAST_SOURCE_WIDTH, width - NAME_WIDTH - VALUE_WIDTH - BORDERS)
    for group in GROUPS:
        own = [row for row in rows if row.group == group]
        if own:
            yield _terminal_table(group, own, source_width)


def _terminal_table(group: str, rows: list[EvidenceRow], source_width: int) -> Table:
    table = Table(title=group, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1), leading=1)
    table.add_column("Quantity, and where it is used", width=NAME_WIDTH, overflow="fold")
    table.add_column("Value, range, unit", width=VALUE_WIDTH)
    table.add_column("Grade, source", width=source_width, overflow="fold")
    for row in rows:
        uses = list(row.used[:MOST_USES])
        if len(row.used) > MOST_USES:
            uses.append(f"and {len(row.used) - MOST_USES} more places")
        name = Text(row.name, style="bold")
        for use in uses:
            name.append("\n" + "\n".join(wrap(use, NAME_WIDTH, initial_indent="  ", subsequent_indent="    ")), "dim")
        value = Text(f"{value_in_words(row)}\n({range_in_words(row)})\n{row.unit}")
        source = Text(f"{row.grade}{f' {row.evidence}' if row.evidence else ''}: {row.source}")
        if row.note:
            source.append(f"\n{row.note}", "dim")
        table.add_row(name, value, source)
    return table


# files

COLUMNS = tuple(field.name for field in fields(EvidenceRow))


def evidence_csv(rows: list[EvidenceRow]) -> str:
    """The table as CSV; several uses, and the levels of a table, are parted by semicolons."""
    cells = [asdict(row) | {"used": "; ".join(row.used), "value": value_in_words(row)} for row in rows]
    return writing.csv_text(pd.DataFrame(cells, columns=list(COLUMNS), dtype=object))


def evidence_json(rows: list[EvidenceRow]) -> str:
    """The table as a JSON list of objects."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)


# the page

PAGE = """\
# Evidence: every quantity and its source

Made by `{command}`; do not edit. Change the quantity, then make the page again.

Every number about the NHS or about patients is a *quantity* in a file of the library, with unit, range, source and
grade. This page lists those of the pathway *{title}*, those that a scenario replaces, and those about regions.
{summary} A region brings its own capacity, lists and prices, each row with its own source.

Grades: {grades}.

A range is the published 95% interval, or a judgement where the source says "ours". The distribution is that of our
uncertainty, and *drawn* is what a sensitivity analysis draws from it: mean, and 95% of the draws. The value is the mean,
but for `lognormal` and `normal` the median ([how](uncertainty.md#what-is-drawn-and-how)). An id such as `MRI04` is that of
the row in the project's evidence table from which a value comes.
"""


def page(name: str = "usual_care") -> str:
    """The page of the documentation, for a pathway of the library and the scenarios on it."""
    pathway = load_pathway(name)
    rows = rows_of(pathway)
    grades = "; ".join(f"*{grade}*, {meaning}" for grade, meaning in GRADES.items())
    parts = [PAGE.format(command=PAGE_COMMAND, title=pathway.title, summary=summary(rows), grades=grades)]
    for group in GROUPS:
        own = [row for row in rows if row.group == group]
        if own:
            parts.append(f"## {group}\n\n{_table(own, _drawn(pathway))}")
    replaced = [line for scenario in library_names("scenarios") for line in _replaced(scenario, name)]
    if replaced:
        parts.append("## Replaced in a scenario\n\n" + "\n".join([*HEAD, *replaced]) + "\n")
    parts.append(f"## Definitions\n\n{_definitions(pathway)}")
    return "\n".join(parts)


def _replaced(name: str, base: str) -> list[str]:
    """A line for each quantity that a scenario on this pathway replaces."""
    _, scenario, pathway = load_scenario(name)
    if scenario.pathway != base:
        return []
    rows = {row.name: row for row in evidence(pathway)}
    return _lines([_of_scenario(rows[quantity], name) for quantity in scenario.quantities], _drawn(pathway))


def _drawn(pathway: Pathway) -> dict[str, str]:
    """What is drawn of each quantity that is: mean, and 95% of it."""
    return {name: f"{mean:.3g} ({low:.3g} to {high:.3g})" for name, (mean, low, high) in drawn_of(pathway).items()}


def _of_scenario(row: EvidenceRow, scenario: str) -> EvidenceRow:
    return EvidenceRow(**{**vars(row), "used": tuple(f"scenario {scenario}: {use}" for use in row.used)})


HEAD = (
    "| quantity | value | range | unit | distribution | drawn | grade | source | used in |",
    "|---|---|---|---|---|---|---|---|---|",
)


def _table(rows: list[EvidenceRow], drawn: dict[str, str]) -> str:
    return "\n".join([*HEAD, *_lines(rows, drawn)]) + "\n"


def _lines(rows: list[EvidenceRow], drawn: dict[str, str]) -> list[str]:
    lines = []
    for row in rows:
        source = row.source + (f" ({row.evidence})" if row.evidence else "") + (f". {row.note}" if row.note else "")
        cells = (
            f"`{row.name}`",
            value_in_words(row),
            range_in_words(row),
            row.unit,
            row.distribution or "",
            drawn.get(row.name, ""),
            row.grade,
            source,
            "<br>".join(_escaped(use) for use in row.used),
        )
        lines.append(f"| {' | '.join([cells[0], *map(_escaped, cells[1:-1]), cells[-1]])} |")
    return lines


def _escaped(text: str) -> str:
    """Text that stands in a cell of a Markdown table as it is written."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;").replace("*", "\\*").replace("_", "\\_")


def _definitions(pathway: Pathway) -> str:
    """The plain numbers of a pathway and of the scenarios on it: in conditions, of the clock, of when a lever is on."""
    lines = [
        "Plain numbers stand in these places only. They say who or when, and are no estimates; where one could be",
        "challenged it is a quantity instead.",
        "",
        "| written | where |",
        "|---|---|",
        f"| tick {pathway.clock.tick}, warm-up {pathway.clock.warm_up} | clock |",
    ]
    for said, places in bounds_written(pathway).items():
        lines.append(f"| {_escaped(said)} | {'<br>'.join(map(_escaped, places))} |")
    for name in library_names("scenarios"):
        _, scenario, base = load_scenario(name)
        if base.name == pathway.name:
            for lever, setting in scenario.levers.items():
                written = [f"{word} {value}" for word, value in setting.model_dump(exclude_defaults=True).items()]
                if written:
                    place = _escaped(f"scenario {name}, lever {lever}")
                    lines.append(f"| {_escaped(', '.join(written))} | {place} |")
    return "\n".join(lines) + "\n"
