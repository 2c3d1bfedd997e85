"""The funnel plot of practices: curves of the limits, and a symbol for each practice, told apart by shape and colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from outcomes.practices.funnel import BANDS, CONFIDENCE, CONTROL, NOT_SHOWN, funnel_limits
from outcomes.practices.practice_variation import PracticeVariation
from ui.charts.theme import BASELINE, CONFIG, GRID, INK, Chart
from ui.words import counted

MOST_NAMED = 12
BAND_SHAPES = {
    "below 99.8%": "triangle-down",
    "below 95%": "diamond",
    "inside": "circle",
    "above 95%": "square",
    "above 99.8%": "triangle-up",
}
LIGHT = {
    "paper": "#FFFFFF",
    "ink": INK,
    "line": BASELINE,
    "grid": GRID,
    "inside": BASELINE,
    "95%": "#B35900",
    "99.8%": "#AE2573",
}
DARK = {
    "paper": "#212B32",
    "ink": "#FFFFFF",
    "line": "#D8DDE0",
    "grid": "#425563",
    "inside": "#AEB7BD",
    "95%": "#FFB54A",
    "99.8%": "#FF9ACB",
}
CURVE_POINTS = 120


def funnel_chart(result: PracticeVariation, *, dark: bool = False) -> Chart:
    """The funnel with the sentence that says what it shows."""
    return Chart(funnel_spec(result, dark=dark), _alt(result, result.table))


def funnel_spec(result: PracticeVariation, dark: bool = False) -> dict[str, Any]:
    """The funnel as a Vega-Lite specification: a symbol per practice, by shape and colour where it lies in the limits.

    Practices beyond the 99.8% limits carry their names; the curves carry what they are.
    """
    table = result.table
    drawn = table[table["band"] != NOT_SHOWN]
    colours = DARK if dark else LIGHT
    curves, ends = _curves(result, drawn)
    furthest = curves[-1]["expected"]
    x = {
        "field": "expected",
        "type": "quantitative",
        "title": f"Expected {result.what}",
        "scale": {"domain": [0, furthest * 23 / 20], "nice": False},
    }
    y = {
        "field": "ratio",
        "type": "quantitative",
        "title": f"Observed over expected {result.what}",
        "scale": {"domain": [0, _top(drawn)], "nice": False},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": f"Practices in the funnel: {result.what}", "subtitle": _subtitle(result, drawn)},
        "width": 760,
        "height": 420,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": _config(colours),
        "layer": [
            *_limits({"x": x, "y": y}, curves, ends, colours),
            *_practices({"x": x, "y": y}, drawn, colours),
        ],
    }


def _limits(
    axes: dict[str, Any], curves: list[dict[str, Any]], ends: list[dict[str, Any]], colours: dict[str, str]
) -> list[dict[str, Any]]:
    """The layers of the limits, of the line where as many are seen as expected, and of what stands at the curves' ends."""
    dash = {
        "field": "limits",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["95%", "99.8%"], "range": [[6, 4], [1, 0]]},
    }
    return [
        {
            "mark": {"type": "line", "clip": True, "strokeWidth": 1.5, "color": colours["line"]},
            "data": {"values": curves},
            "encoding": {**axes, "detail": {"field": "curve"}, "strokeDash": dash},
        },
        {
            "data": {"values": [{"expected": 0, "ratio": 1}, {"expected": curves[-1]["expected"], "ratio": 1}]},
            "mark": {"type": "line", "color": colours["ink"], "strokeWidth": 1},
            "encoding": axes,
        },
        {
            "data": {"values": ends},
            "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 12, "color": colours["ink"], "clip": True},
            "encoding": {**axes, "text": {"field": "text"}},
        },
    ]


def _practices(axes: dict[str, Any], drawn: pd.DataFrame, colours: dict[str, str]) -> list[dict[str, Any]]:
    """The layers of the practices: a symbol for each, and the names of those furthest beyond the 99.8% limits."""
    far = drawn["band"].str.endswith("99.8%")
    named = set(drawn[far].assign(off=(drawn["ratio"] - 1).abs()).nlargest(MOST_NAMED, "off")["practice"])
    points = [
        {
            "practice": str(row["practice"]),
            "expected": float(row["expected"]),
            "ratio": float(row["ratio"]),
            "band": row["band"],
            "label": str(row["practice"]) if row["practice"] in named else "",
        }
        for row in drawn.to_dict("records")
    ]
    present = [band for band in BANDS if band in set(drawn["band"])]
    by_band = {"field": "band", "type": "nominal", "legend": {"columns": {"expr": "width < 500 ? 2 : 5"}}}
    colour = by_band | {"scale": {"domain": present, "range": [_colour(band, colours) for band in present]}}
    shape = by_band | {"scale": {"domain": present, "range": [BAND_SHAPES[band] for band in present]}}
    return [
        {
            "data": {"values": points},
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {**axes, "color": colour, "shape": shape},
        },
        {
            "data": {"values": points},
            "mark": {"type": "text", "dy": -12, "fontSize": 12, "color": colours["ink"]},
            "encoding": {**axes, "text": {"field": "label"}},
        },
    ]


def _subtitle(result: PracticeVariation, drawn: pd.DataFrame) -> list[str]:
    kind = (
        "widened, because practices differ more than by chance" if result.funnel.adjusted else "those of chance alone"
    )
    subtitle = [f"Dashed: 95% limits. Unbroken: 99.8% limits. The limits are {kind}."]
    if hidden := len(result.table) - len(drawn):
        subtitle.append(f"Not drawn, because few people are behind the figure: {counted(hidden, 'practice')}.")
    return subtitle


def _curves(result: PracticeVariation, drawn: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Points of the limits over the expected events, and the words at their right ends."""
    plot = result.funnel
    most = float(drawn["expected"].max()) if len(drawn) else 1.0
    least = float(drawn["expected"].min()) if len(drawn) else 1.0
    grid = np.linspace(least / 2, most * 21 / 20, CURVE_POINTS)
    curves, ends = [], []
    for name, confidence in (("95%", CONFIDENCE), ("99.8%", CONTROL)):
        limits = funnel_limits(
            grid, kind=plot.kind, method=plot.method, adjusted=plot.adjusted, tau2=plot.tau2, confidence=confidence
        )
        for side, values in zip(("lower", "upper"), limits, strict=True):
            curves += [
                {"expected": float(at), "ratio": float(value), "limits": name, "curve": f"{side} {name}"}
                for at, value in zip(grid, values, strict=True)
            ]
            ends.append({"expected": float(grid[-1]), "ratio": float(values[-1]), "text": name})
    ends.append({"expected": float(grid[-1]), "ratio": 1.0, "text": "average"})
    return curves, ends


def _top(drawn: pd.DataFrame) -> float:
    """Where the axis of ratios ends: above every practice and the outer limits of a middling one."""
    if drawn.empty:
        return 2.0
    return float(max(drawn["ratio"].max(), drawn["upper99_8"].median())) * 23 / 20


def _colour(band: str, colours: dict[str, str]) -> str:
    return colours[band.rpartition(" ")[2]]


def _config(colours: dict[str, str]) -> dict[str, Any]:
    """The house's settings of charts in these colours."""
    ink = {"labelColor": colours["ink"], "titleColor": colours["ink"]}
    axis = (
        CONFIG["axis"]
        | ink
        | {"gridColor": colours["grid"], "domainColor": colours["line"], "tickColor": colours["line"]}
    )
    title = CONFIG["title"] | {"color": colours["ink"], "subtitleColor": colours["line"]}
    return CONFIG | {"background": colours["paper"], "axis": axis, "title": title, "legend": CONFIG["legend"] | ink}


def _alt(result: PracticeVariation, table: pd.DataFrame) -> str:
    """What the funnel shows, in words."""
    said = [f"Funnel plot of {counted(len(table), 'practice')}: observed over expected {result.what}."]
    for band in BANDS:
        names = [str(name) for name in table["practice"][table["band"] == band]]
        if names and band != "inside":
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            said.append(f"{band[:1].upper()}{band[1:]} limits: {', '.join(names[:MOST_NAMED])}{more}.")
    inside = int((table["band"] == "inside").sum())
    return " ".join([*said, f"Inside the limits: {inside}.", result.says[-1]])
