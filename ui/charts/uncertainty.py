"""Charts of what is not known: the cost-effectiveness plane, acceptability curves, and the tornado."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from outcomes.economics.incremental import Plane
from sim.experiments.sensitivity_analysis import Tornado
from ui.charts.theme import BASELINE, DASHES, INK, SCENARIO_COLOURS, SHAPES, UNBROKEN, Chart, specification
from ui.words import money

RULE: dict[str, Any] = {"type": "rule", "color": BASELINE, "strokeDash": [4, 4]}


def plane_chart(plane: Plane, titles: dict[str, str], *, threshold: float) -> Chart:
    """Each draw's difference in cost and health, an ellipse around 95% of them, and the threshold as a line."""
    names = [titles[name] for name in dict.fromkeys(plane.differences["strategy"])]
    rows = plane.differences.assign(strategy=plane.differences["strategy"].map(titles)).to_dict("records")
    rings = plane.ellipses.dropna().assign(
        strategy=lambda table: table["strategy"].map(titles), order=lambda table: range(len(table))
    )
    widest = float(plane.differences["inc_qaly"].abs().max()) or 1.0
    line = [{"inc_qaly": side * widest, "inc_cost": side * widest * threshold} for side in (-1, 1)]
    colour = {
        "field": "strategy",
        "type": "nominal",
        "scale": {"domain": names, "range": list(SCENARIO_COLOURS[: len(names)])},
    }
    shape = {**colour, "scale": {"domain": names, "range": list(SHAPES[: len(names)])}}
    x = {"field": "inc_qaly", "type": "quantitative", "title": "QALYs gained"}
    y = {"field": "inc_cost", "type": "quantitative", "title": "Change in cost (£)", "axis": {"format": "~s"}}
    body = {
        "height": 420,
        "layer": [
            {
                "data": {"values": [{"zero": 0}]},
                "mark": RULE,
                "encoding": {"x": {"field": "zero", "type": "quantitative"}},
            },
            {
                "data": {"values": [{"zero": 0}]},
                "mark": RULE,
                "encoding": {"y": {"field": "zero", "type": "quantitative"}},
            },
            {
                "data": {"values": line},
                "mark": {"type": "line", "color": INK, "clip": True},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "point", "filled": True, "opacity": 0.6, "size": 50},
                "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
            },
            {
                "data": {"values": rings.to_dict("records")},
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "color": colour, "order": {"field": "order"}},
            },
        ],
    }
    said = [
        f"{titles[str(row['strategy'])]}: {100 * float(row['south_east']):.0f}% of draws cheaper and better, "
        f"{100 * float(row['north_east']):.0f}% dearer and better, {100 * float(row['south_west']):.0f}% cheaper and "
        f"worse, {100 * float(row['north_west']):.0f}% dearer and worse."
        for row in plane.quadrants.to_dict("records")
    ]
    subtitle = [f"A point for each draw. Ring: 95% of draws. Line: {money(threshold)} per QALY."]
    return Chart(specification("Cost and health: change in each draw", subtitle, body), " ".join(said))


def acceptability_chart(
    curves: pd.DataFrame, titles: dict[str, str], *, base: str, grid: Sequence[float] | np.ndarray
) -> Chart:
    """The share of draws in which each strategy is the best value, by what a QALY may cost.

    Lines are broken where `curves` lack a threshold of `grid`: chance hides there how often each is the best.
    """
    names = [titles[name] for name in dict.fromkeys(curves["strategy"])]
    order = [titles[base], *(name for name in names if name != titles[base])]
    colours = [BASELINE, *SCENARIO_COLOURS][: len(order)]
    colour = {"field": "strategy", "type": "nominal", "scale": {"domain": order, "range": colours}}
    dash = {**colour, "scale": {"domain": order, "range": [UNBROKEN, *DASHES][: len(order)]}}
    rows = curves.assign(strategy=curves["strategy"].map(titles))[["threshold", "strategy", "probability"]]
    told = np.isin(grid, curves["threshold"])
    piece = dict(zip(map(float, grid), map(int, np.cumsum(~told)), strict=True))
    rows["piece"] = rows["threshold"].map(piece)
    body = {
        "height": 340,
        "data": {"values": rows.to_dict("records")},
        "mark": {"type": "line", "strokeWidth": 2.5, "strokeCap": "round"},
        "encoding": {
            "x": {
                "field": "threshold",
                "type": "quantitative",
                "title": "What a QALY may cost (£)",
                "axis": {"format": ",d"},
                "scale": {"domain": [float(min(grid)), float(max(grid))]},
            },
            "y": {
                "field": "probability",
                "type": "quantitative",
                "title": "Share of draws in which it is best",
                "scale": {"domain": [0, 1]},
                "axis": {"format": ".0%"},
            },
            "color": colour,
            "strokeDash": dash,
            "detail": {"field": "piece", "type": "nominal"},
        },
    }
    ends = rows[rows["threshold"].isin([rows["threshold"].min(), rows["threshold"].max()])]
    said = [
        f"{row['strategy']}: best in {100 * float(row['probability']):.0f}% of draws at {money(float(row['threshold']))} per QALY."
        for row in ends.to_dict("records")
    ]
    subtitle = ["Chance within draws is taken out. It covers what is drawn, not errors of the model."]
    if not told.all():
        subtitle.append("No line where chance hides how often each is the best.")
    return Chart(specification("How often each is the best value", subtitle, body), " ".join(said))


def tornado_chart(tornado: Tornado, *, title: str, words: str, count: int) -> Chart:
    """The difference a scenario makes with one quantity at either end of its range: the longest bars."""
    middle = tornado.base_case.mean
    rows, said = [], []
    chosen = tornado.quantities()[:count]
    for bar in tornado.bars:
        if bar.quantity in chosen and bar.difference is not None:
            name = bar.quantity.replace("_", " ")
            rows.append({"quantity": name, "end": f"{bar.end} end", "from": middle, "to": bar.difference.mean})
            if bar.end == "high":
                said.append(f"{name}: {money(bar.difference.mean)} at its high end.")
    colour = {
        "field": "end",
        "type": "nominal",
        "scale": {"domain": ["low end", "high end"], "range": [SCENARIO_COLOURS[3], SCENARIO_COLOURS[0]]},
    }
    y = {"field": "quantity", "type": "nominal", "sort": [name.replace("_", " ") for name in chosen], "title": None}
    x_axis = {"title": words, "axis": {"format": "~s"}, "scale": {"zero": False, "nice": True}}
    body = {
        "height": 60 + 30 * len(chosen),
        "layer": [
            {
                "data": {"values": rows},
                "mark": {"type": "bar", "height": 9},
                "encoding": {
                    "y": y,
                    "yOffset": {"field": "end", "type": "nominal"},
                    "x": {"field": "from", "type": "quantitative", **x_axis},
                    "x2": {"field": "to"},
                    "color": colour,
                },
            },
            {
                "data": {"values": [{"at": middle}]},
                "mark": {"type": "rule", "color": INK},
                "encoding": {"x": {"field": "at", "type": "quantitative"}},
            },
            {"data": {"values": [{"at": 0}]}, "mark": RULE, "encoding": {"x": {"field": "at", "type": "quantitative"}}},
        ],
    }
    subtitle = [
        "One quantity at a time at either end of its range, all others as they are.",
        "Solid line: base case. Dashed: no difference.",
    ]
    alt = f"{title}: {money(middle)} in the base case. {' '.join(said)}"
    return Chart(specification(f"What could change the answer: {title}", subtitle, body), alt)
