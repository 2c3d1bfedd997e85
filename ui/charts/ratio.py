"""The picture of the validation page: every simulated figure over the published one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from calibration.validation.validate import TargetResult
from ui.charts.theme import BASELINE, CONFIG, INK, Chart

VERDICT_COLOURS = {"pass": "#007F3B", "fail": "#B00020", "no value": "#B00020"}
VERDICT_SHAPES = {"pass": "circle", "fail": "diamond", "no value": "diamond"}
FARTHEST = 2.5
"""Where the picture ends: figures more than so many times the published one stand at its edge."""
ROW_HEIGHT = 19


def ratio_chart(results: Sequence[TargetResult], *, says: str) -> Chart:
    """Every simulated figure over the published one: a dot with its interval, over a band for the published interval.

    Targets whose published figure is 0 or that have no value are named in the sentence that goes with the picture, after
    `says`.
    """
    rows = [_row(result) for result in results if _has_ratio(result)]
    apart = [result.target.title for result in results if not _has_ratio(result)]
    subtitle = ["Dot and line: the model, mean and 95% interval. Band: the published interval."]
    if apart:
        subtitle.append(f"Not in the picture, because a ratio says nothing or there is no value: {len(apart)} targets.")
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": "The model over published results", "subtitle": subtitle},
        "width": 420,
        "height": ROW_HEIGHT * len(rows),
        "config": CONFIG,
        "data": {"values": rows},
        "layer": _layers([row["title"] for row in rows]),
    }
    alt = f"Simulated over published figures, {len(rows)} targets in the order of the tables. {says}"
    if apart:
        alt += f" Not shown: {'; '.join(apart)}."
    return Chart(spec, alt)


def _has_ratio(result: TargetResult) -> bool:
    return result.target.value != 0 and not math.isnan(result.found.mean)


def _row(result: TargetResult) -> dict[str, Any]:
    """What is drawn of one target: ratios, those beyond the picture at its edge."""
    target, found = result.target, result.found
    low, high = sorted((found.low / target.value, found.high / target.value))
    ratio = found.mean / target.value
    row: dict[str, Any] = {
        "title": target.title,
        "verdict": result.verdict,
        "ratio": min(max(ratio, 0.0), FARTHEST),
        "low": min(max(low, 0.0), FARTHEST),
        "high": min(max(high, 0.0), FARTHEST),
        "edge": "◂" if ratio < 0 else "▸" if ratio > FARTHEST else "",
    }
    if target.low is not None and target.high is not None:
        limits = sorted((target.low / target.value, target.high / target.value))
        row |= {"published_low": max(limits[0], 0.0), "published_high": min(limits[1], FARTHEST)}
    return row


def _layers(titles: list[str]) -> list[dict[str, Any]]:
    """Published bands, the line where both are the same, the model's intervals and dots, and signs at the edge."""
    y = {"field": "title", "type": "nominal", "sort": titles, "title": None, "axis": {"labelLimit": 420, "grid": True}}
    x = {
        "type": "quantitative",
        "scale": {"domain": [0, FARTHEST], "nice": False},
        "axis": {"title": "Model over published (1: the same)", "orient": "top", "grid": False, "tickCount": 5},
    }
    verdicts = [verdict for verdict in VERDICT_COLOURS if verdict != "no value"]
    colour, shape = (
        {
            "field": "verdict",
            "type": "nominal",
            "scale": {"domain": verdicts, "range": [looks[verdict] for verdict in verdicts]},
            "legend": {},
        }
        for looks in (VERDICT_COLOURS, VERDICT_SHAPES)
    )
    return [
        {
            "transform": [{"filter": "isValid(datum.published_low)"}],
            "mark": {"type": "bar", "height": 11, "opacity": 0.3, "color": BASELINE},
            "encoding": {"y": y, "x": {"field": "published_low", **x}, "x2": {"field": "published_high"}},
        },
        {
            "data": {"values": [{"same": 1}]},
            "mark": {"type": "rule", "strokeDash": [4, 4], "color": INK},
            "encoding": {"x": {"field": "same", "type": "quantitative"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2.5},
            "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}, "color": colour},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {"y": y, "x": {"field": "ratio", **x}, "color": colour, "shape": shape},
        },
        {
            "mark": {"type": "text", "fontSize": 12, "dx": 8, "color": INK},
            "encoding": {"y": y, "x": {"field": "ratio", **x}, "text": {"field": "edge"}},
        },
    ]
