"""How every chart looks: colours, shapes and lines that can be told apart, and the frame of a specification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BASELINE = "#425563"
SCENARIO_COLOURS = ("#005EB8", "#007F3B", "#AE2573", "#B35900")
SHAPES = ("square", "diamond", "triangle-up", "circle")
UNBROKEN = [1, 0]
DASHES = ([8, 3], [2, 2], [10, 3, 2, 3], [14, 4])
INK = "#212B32"
GRID = "#D8DDE0"
LABEL_ROOM = 70
"""Pixels left free at both ends of an axis for labels that are centred on a symbol."""
MOST_SCENARIOS = len(SCENARIO_COLOURS)

CONFIG: dict[str, Any] = {
    "background": "#FFFFFF",
    "font": "Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": BASELINE,
        "tickColor": BASELINE,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelLimit": 260,
    },
    "title": {
        "color": INK,
        "subtitleColor": BASELINE,
        "fontSize": 16,
        "subtitleFontSize": 13,
        "anchor": "start",
        "offset": 12,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 13,
        "orient": "bottom",
        "title": None,
        "symbolSize": 160,
        "labelLimit": 400,
        "symbolOpacity": 1,
    },
}


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification and the sentence that says what it shows."""

    spec: dict[str, Any]
    alt: str


def specification(title: str, subtitle: str | list[str], body: dict[str, Any]) -> dict[str, Any]:
    """A whole Vega-Lite specification in the style of the house."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": title, "subtitle": subtitle},
        "width": 760,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": CONFIG,
        **body,
    }
