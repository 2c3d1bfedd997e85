"""Practices beside each other, as people read it: for a terminal, as JSON, as a funnel plot, as a page.

What is told of real people comes from `outcomes.disclosed_variation`: every figure is worked out from the counts shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from outcomes.disclosure.practices import disclosed_measures, disclosure_note
from outcomes.practices.practice_variation import PracticeVariation
from pathways.files.writing import csv_text, new_folder, write_text
from ui.charts.funnel import funnel_chart, funnel_spec
from ui.inputs.practices import bad_input, read_variation_file
from ui.words import NO_VALUE, counted

__all__ = [
    "bad_input",
    "disclosure_note",
    "funnel_chart",
    "funnel_spec",
    "read_variation_file",
    "variation_json",
    "variation_page",
    "variation_terminal",
    "write_variation",
]

MANY = 60
"""A terminal lists so many practices; of more, only those outside the limits."""
PAGE_COLUMNS = {
    "practice": "Practice",
    "population": "People",
    "observed": "Observed",
    "expected": "Expected",
    "ratio": "Ratio (95% limits)",
    "rate": "Rate (95% limits)",
    "band": "In the funnel",
    "notes": "Notes",
}


def title_of(result: PracticeVariation) -> str:
    """What is compared, as the head of a table or a page."""
    return f"{result.what[:1].upper()}{result.what[1:]} by practice"


def variation_terminal(result: PracticeVariation) -> list[Table | str]:
    """The findings in sentences, then practices from the highest ratio to the lowest.

    Of more than 60 practices only those outside the limits are listed.
    """
    table = result.table
    outside = ~table["band"].isin(["inside"])
    listed = table if len(table) <= MANY else table[outside]
    title = f"{title_of(result)}, rate per {result.multiplier:,.0f} people"
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column, name in PAGE_COLUMNS.items():
        made.add_column(name, justify="left" if column in ("practice", "band", "notes") else "right")
    for row in _rows(listed):
        made.add_row(*row)
    said: list[Table | str] = [*result.says, made]
    if len(listed) < len(table):
        said.append(f"{counted(len(table) - len(listed), 'practice')} inside the limits not listed; --json has all.")
    return said


def variation_json(result: PracticeVariation, *, notes: Sequence[str] = ()) -> str:
    """Everything as JSON text; a number that does not exist is null, a hidden count is "*". `notes` tell of the file."""
    measures, plot = disclosed_measures(result), result.funnel
    found = {
        "what": result.what,
        "multiplier": result.multiplier,
        "rate": measures["rate"],
        "adjusted_for": list(result.bands),
        "own_standard": result.own_standard,
        "variation": measures["variation"],
        "funnel": {
            "method": plot.method,
            "phi": measures["phi"],
            "tau2": measures["tau2"],
            "limits": "widened" if plot.adjusted else "chance alone",
            "why": plot.why,
        },
        "says": list(result.says),
        "notes": list(notes),
        "practices": result.table.to_dict("records"),
        "disclosure": disclosure_note(result),
    }
    return json.dumps(_plain(found), indent=2, ensure_ascii=False, allow_nan=False)


def variation_page(result: PracticeVariation, title: str, *, notes: Sequence[str] = ()) -> str:
    """One HTML page that needs nothing else: the findings, the funnel as SVG, the table of practices, and notes below."""
    from ui.reports.page import html_page, html_table, svg

    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in result.says[1:-1])
    practices = counted(len(result.table), "practice")
    caption = f"{practices} from the highest ratio to the lowest; rates per {result.multiplier:,.0f} people"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<div class="message"><p><strong>{escape(result.says[0])}</strong></p><ul>{said}</ul>'
        f"<p><strong>{escape(result.says[-1])}</strong></p></div>",
        f"<figure>{svg(funnel_chart(result))}</figure>",
        html_table(caption, list(PAGE_COLUMNS.values()), _rows(result.table)),
        "".join(f'<p class="small">{escape(sentence)}</p>' for sentence in (*notes, disclosure_note(result))),
    ]
    return html_page(f"Backpath: {title}", parts)


def write_variation(
    result: PracticeVariation, folder: Path, *, notes: Sequence[str] = (), overwrite: bool = False
) -> list[str]:
    """Writes page, table, JSON and the chart's specification into a new folder, whole or not at all; the files' names."""
    from ui.reports.comparison import write_page

    with new_folder(folder, overwrite=overwrite) as part:
        write_text(part / "variation.json", variation_json(result, notes=notes))
        chart = {**funnel_spec(result), "usermeta": {"disclosure": disclosure_note(result)}}
        write_text(part / "funnel.vl.json", json.dumps(_plain(chart), ensure_ascii=False))
        write_text(part / "practices.csv", csv_text(result.table))
        write_page(part / "variation.html", lambda: variation_page(result, title_of(result), notes=notes))
    return sorted(path.name for path in folder.iterdir())


def _rows(table: pd.DataFrame) -> list[list[str]]:
    """Practices from the highest ratio to the lowest, in words, one cell for each of `PAGE_COLUMNS`."""
    ordered = table.sort_values("ratio", ascending=False, kind="stable", na_position="last")
    return [
        [
            str(row["practice"]),
            _count(row["population"]),
            _count(row["observed"]),
            f"{row['expected']:,.1f}",
            _with_limits(row, "ratio"),
            _with_limits(row, "rate"),
            _place(row),
            _notes(row),
        ]
        for row in ordered.to_dict("records")
    ]


def _count(value: object) -> str:
    return value if isinstance(value, str) else f"{value:,.0f}"


def _with_limits(row: dict[Any, Any], name: str) -> str:
    if math.isnan(row[name]):
        return NO_VALUE
    places = 2 if name == "ratio" else 1
    value, lower, upper = (f"{row[column]:,.{places}f}" for column in (name, f"{name}_lower", f"{name}_upper"))
    return f"{value} ({lower} to {upper})"


def _place(row: dict[Any, Any]) -> str:
    return f"{row['band']} ({row['flagged_by']})" if row["flagged_by"] else str(row["band"])


def _notes(row: dict[Any, Any]) -> str:
    notes = ["fewer than 500 people"] * bool(row["small_list"]) + ["fewer than 10 events"] * bool(row["rate_not_shown"])
    return "; ".join(notes)


def _plain(value: Any) -> Any:
    """Values as JSON can hold them."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return None if not math.isfinite(value) else int(value) if value.is_integer() else value
    return value
