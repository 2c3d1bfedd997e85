"""Charts of a comparison, shown in the app and drawn as SVG for reports: one source for both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pathways.pathway import Outcome
from sim.experiments.comparison import Comparison
from sim.measures.deprivation import change_by_decile
from sim.measures.over_time import base_first, list_over_time, outcome_over_time
from sim.results import within_days
from ui.charts.theme import BASELINE, DASHES, INK, LABEL_ROOM, SCENARIO_COLOURS, SHAPES, UNBROKEN, Chart, specification
from ui.findings.key_message import key_message
from ui.words import figures, in_a_sentence, percent, row_title, span, waits_are

MEAN_AND_INTERVAL = "Symbol: mean of the runs. Band: its 95% interval."
MEAN_AND_RANGE = "Line: mean of the runs. Band: range of the runs, lowest to highest."


def _scales(comparison: Comparison, names: list[str], *, with_base: bool) -> tuple[list[str], list[str]]:
    """Titles in order, and their colours."""
    titles = [comparison.cases[name].scenario.title for name in names]
    colours = list(SCENARIO_COLOURS[: len(names)])
    if with_base:
        return [comparison.cases[comparison.base].scenario.title, *titles], [BASELINE, *colours]
    return titles, colours


def _colour_and_dash(titles: list[str], colours: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """How lines are told apart, the base first: by colour and by dash, with one legend of short strokes for both."""
    legend = {
        "symbolType": "stroke",
        "symbolStrokeWidth": 2.5,
        "symbolSize": 900,
        "columns": {"expr": "width < 500 ? 2 : 5"},
    }
    shared = {"field": "scenario", "type": "nominal", "legend": legend}
    dashes = [UNBROKEN, *DASHES[: len(titles) - 1]]
    return (
        shared | {"scale": {"domain": titles, "range": colours}},
        shared | {"scale": {"domain": titles, "range": dashes}},
    )


def change_chart(comparison: Comparison, outcome: str) -> Chart:
    """The change of one outcome in each scenario: a symbol at the mean, a band over its 95% interval, as in the tables.

    Of QALYs, what is gained a year. What is too rare to tell has a symbol and no band.
    """
    word = comparison.plan.pathway.outcomes[outcome]
    rows, said = [], []
    for name in comparison.scenarios:
        message = key_message(comparison, name, outcome)
        if message.verdict == "nothing to compare":
            continue
        title = comparison.cases[name].scenario.title
        text = message.figures
        mean = message.mean
        low, high = (mean if np.isnan(end) else end for end in (message.low, message.high))
        rows.append({"scenario": title, "mean": mean, "low": low, "high": high, "label": text})
        said.append(f"{title}: {text}.")
    gained = word.of == "qalys"
    titles, colours = _scales(comparison, comparison.scenarios, with_base=False)
    colour = {"field": "scenario", "type": "nominal", "scale": {"domain": titles, "range": colours}, "legend": None}
    shape = {
        "field": "scenario",
        "type": "nominal",
        "scale": {"domain": titles, "range": list(SHAPES[: len(titles)])},
        "legend": None,
    }
    y = {
        "field": "scenario",
        "type": "nominal",
        "sort": titles,
        "title": None,
        "axis": {"grid": False, "ticks": False, "domain": False},
    }
    x_axis = {
        "title": f"Change from {in_a_sentence(comparison.cases[comparison.base].scenario.title)} "
        + ("(QALYs a year)" if gained else "(%)"),
        "tickCount": 7,
    }
    room = {"padding": LABEL_ROOM}
    body = {
        "height": 130 + 56 * max(len(rows), 1),
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 9, "opacity": 0.35},
                "encoding": {
                    "y": y,
                    "x": {"field": "low", "type": "quantitative", "axis": x_axis, "scale": room},
                    "x2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 150, "opacity": 1},
                "encoding": {"y": y, "x": {"field": "mean", "type": "quantitative"}, "color": colour, "shape": shape},
            },
            {
                "mark": {"type": "text", "dy": -17, "fontSize": 13, "color": INK},
                "encoding": {"y": y, "x": {"field": "mean", "type": "quantitative"}, "text": {"field": "label"}},
            },
            {
                "data": {"values": [{"zero": 0}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": INK},
                "encoding": {"x": {"field": "zero", "type": "quantitative"}},
            },
        ],
    }
    title = f"{row_title(word)}, average over {span(comparison.years)}"
    subtitle = [MEAN_AND_INTERVAL, *_about(comparison, word), "Dashed line: no change."]
    return Chart(specification(title, subtitle, body), f"Change in {in_a_sentence(word.title)}. {' '.join(said)}")


def _about(comparison: Comparison, word: Outcome) -> list[str]:
    """A line that says what the figure is, of a wait."""
    about = waits_are(within_days(comparison.plan))
    return [f"{about[:1].upper()}{about[1:]}."] if word.of == "wait" else []


def over_time_chart(comparison: Comparison, outcome: str, *, from_zero: bool = True) -> Chart:
    """One outcome over the years in today's pathway and in each scenario: mean and range of the runs.

    Of QALYs, what each scenario gains in each year.
    """
    word = comparison.plan.pathway.outcomes[outcome]
    table, period = outcome_over_time(comparison, outcome)
    rows, names, gained = _with_titles(comparison, table), base_first(comparison), word.of == "qalys"
    titles, colours = _scales(comparison, names[1:], with_base=True)
    x = {
        "field": "year",
        "type": "quantitative",
        "title": "Years from the start",
        "axis": {"grid": False, "tickMinStep": 1},
    }
    colour, dash = _colour_and_dash(titles, colours)
    y_scale = {"zero": from_zero, "nice": True}
    unit = f"each {period}"
    body = {
        "height": 400,
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.18},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", "type": "quantitative", "title": row_title(word), "scale": y_scale},
                    "y2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "line", "strokeWidth": 2.5, "point": period == "year"},
                "encoding": {
                    "x": x,
                    "y": {"field": "mean", "type": "quantitative", "scale": y_scale},
                    "color": colour,
                    "strokeDash": dash,
                },
            },
        ],
    }
    said = "; ".join(_from_to(rows, title) for title in (titles[1:] if gained else titles))
    return Chart(
        specification(f"{row_title(word)}, {unit}", [MEAN_AND_RANGE, *_about(comparison, word)], body),
        f"{row_title(word)} over {span(comparison.years)}. {said}.",
    )


def _with_titles(comparison: Comparison, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for a chart, scenarios by their titles."""
    titles = {name: case.scenario.title for name, case in comparison.cases.items()}
    return [
        {str(of): each for of, each in row.items()}
        for row in table.assign(scenario=table["scenario"].map(titles)).to_dict("records")
    ]


def _from_to(rows: list[dict[str, Any]], title: str) -> str:
    own = [row["mean"] for row in rows if row["scenario"] == title]
    return f"{title}: from {figures(own[0])} to {figures(own[-1])}" if own else f"{title}: nothing"


def deprivation_chart(comparison: Comparison, outcome: str) -> Chart | None:
    """How an outcome that counts people changes by deprivation decile; None for other outcomes."""
    word = comparison.plan.pathway.outcomes[outcome]
    table = change_by_decile(comparison, outcome)
    if table is None:
        return None
    rows = _with_titles(comparison, table)
    titles, colours = _scales(comparison, comparison.scenarios, with_base=False)
    body = {"height": 380, "data": {"values": rows}, "layer": _deciles(titles, colours)}
    said = []
    for title in titles:
        own: dict[int, float] = {row["decile"]: row["mean"] for row in rows if row["scenario"] == title}
        if 1 in own and 10 in own:
            said.append(f"{title}: {percent(own[1])} in decile 1, {percent(own[10])} in decile 10.")
    return Chart(
        specification(f"{word.title} by deprivation", MEAN_AND_INTERVAL, body),
        f"Change in {in_a_sentence(word.title)} by deprivation. {' '.join(said)}",
    )


def _deciles(titles: list[str], colours: list[str]) -> list[dict[str, Any]]:
    """The layers: intervals, means and the line of no change, the scenarios side by side in each decile."""
    x = {
        "field": "decile",
        "type": "ordinal",
        "title": "Deprivation decile (1 = most deprived)",
        "axis": {"labelAngle": 0},
    }
    offset = {"field": "scenario", "sort": titles}
    colour = {"field": "scenario", "type": "nominal", "scale": {"domain": titles, "range": colours}, "legend": {}}
    shapes = list(SHAPES[: len(titles)])
    shape = {"field": "scenario", "type": "nominal", "scale": {"domain": titles, "range": shapes}, "legend": {}}
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.35},
            "encoding": {
                "x": x,
                "xOffset": offset,
                "y": {"field": "low", "type": "quantitative", "title": "Change (%)"},
                "y2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {
                "x": x,
                "xOffset": offset,
                "y": {"field": "mean", "type": "quantitative"},
                "color": colour,
                "shape": shape,
            },
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "strokeDash": [4, 4], "color": INK},
            "encoding": {"y": {"field": "zero", "type": "quantitative"}},
        },
    ]


def lists_chart(comparison: Comparison, service: str) -> Chart:
    """People waiting for one service at the end of each week, in today's pathway and in each scenario."""
    title = comparison.plan.pathway.services[service].title
    rows, names = _with_titles(comparison, list_over_time(comparison, service)), base_first(comparison)
    titles, colours = _scales(comparison, names[1:], with_base=True)
    colour, dash = _colour_and_dash(titles, colours)
    x = {
        "field": "year",
        "type": "quantitative",
        "title": "Years from the start",
        "axis": {"grid": False, "tickMinStep": 1},
    }
    body = {
        "height": 340,
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.18},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", "type": "quantitative", "title": "People waiting"},
                    "y2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {
                    "x": x,
                    "y": {"field": "mean", "type": "quantitative"},
                    "color": colour,
                    "strokeDash": dash,
                },
            },
        ],
    }
    said = "; ".join(_from_to(rows, name) for name in titles)
    return Chart(
        specification(f"Waiting for: {title}", MEAN_AND_RANGE, body),
        f"People waiting for {title}. {said}.",
    )
