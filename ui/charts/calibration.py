"""Charts of a calibration: what was published beside what the model gives, and what is known before and after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from calibration.calibrate import Calibration
from calibration.diagnostics.bands import BANDS, NINETY, bands_of_quantities, bands_over_time, shares_of_ranks
from ui.charts.theme import BASELINE, GRID, INK, SCENARIO_COLOURS, Chart, specification
from ui.findings.calibration import SIGNS, Told, each_of, in_words
from ui.words import percent, percent_of

MOST_SERIES = 12
"""So many series are drawn, those furthest off first."""
MOST_QUANTITIES = 30
"""So many quantities are drawn, the best known first."""
AXIS_ENDS = 3.2
"""Spreads that the picture of quantities shows at least."""
COLUMNS = 3
PANEL_WIDTH, PANEL_HEIGHT, AXIS_ROOM = 226, 110, 42
FEWEST_TIMES = 3
"""Series with fewer times are drawn as bars: a band needs a length."""
BLUE, AMBER = SCENARIO_COLOURS[0], SCENARIO_COLOURS[3]
STATUS_COLOURS = {"informed": SCENARIO_COLOURS[1], "weak": AMBER, "not informed": BASELINE}
ALL, FIRST = "fitted to all figures", "foretold from the first part"


def series_chart(told: Told) -> Chart:
    """Every series over time: published points, and bands of 50% and 90% of fresh runs; the part that was held out is
    shaded, with what the first part foretold of it."""
    checks = told.found.checks
    assert checks.reproduced is not None
    rows = [row | {"kind": ALL} for row in _over_time(told, checks.reproduced.draws)]
    names = list(dict.fromkeys(row["series"] for row in rows))
    every = len(checks.reproduced.series)
    subtitle = ["Points: published. Bands: 50% and 90% of fresh runs of the calibrated model."]
    tested = checks.back_test
    if tested is not None:
        split = tested.split.isoformat()
        rows += [row | {"kind": FIRST} for row in _over_time(told, tested.draws) if row["day"] > split]
        subtitle.append(
            "Grey: left out of a second fit. Lines: what it foretold, median and the ends of 90% of its runs."
        )
    if every > len(names):
        subtitle.append(f"The {len(names)} of {every} series that are furthest off.")
    header = {"title": None, "labelFontSize": 12, "labelColor": INK, "labelAnchor": "start", "labelLimit": 0}
    body = {
        "autosize": {"type": "pad"},
        "data": {"values": rows},
        "columns": COLUMNS,
        "bounds": "flush",
        "spacing": {"row": 68, "column": 58},
        "facet": {"field": "series", "type": "nominal", "sort": names, "header": header},
        "spec": {
            "width": PANEL_WIDTH,
            "height": PANEL_HEIGHT,
            "layer": _series_layers([ALL]) if tested is None else [_held_out(), *_series_layers([ALL, FIRST])],
        },
        "resolve": {"scale": {"y": "independent"}, "axis": {"x": "independent"}},
    }
    spec = specification("Published figures and the model", subtitle, body)
    del spec["width"]
    said = [f"{row[0]}: {row[1]} published, {row[2]} simulated." for row in told.series_rows()[: len(names)]]
    return Chart(spec, " ".join(said))


def _series_layers(kinds: list[str]) -> list[dict[str, Any]]:
    """The layers of one panel: bands of all runs, lines of what was foretold, and points of what was published."""
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": kinds, "range": [BLUE, AMBER][: len(kinds)]},
        "legend": {"symbolType": "stroke", "symbolStrokeWidth": 6, "symbolSize": 300},
    }
    x = {"field": "day", "type": "temporal", "title": None, "axis": {"format": "%b %y", "tickCount": 3, "grid": False}}
    y_axis = {"tickCount": 4, "minExtent": AXIS_ROOM, "maxExtent": AXIS_ROOM}
    y = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": y_axis}

    def layer(kind: str, mark: dict[str, Any], low: str, high: str = "", *, few: bool = False) -> dict[str, Any]:
        second = {"y2": {"field": high}} if high else {}
        return {
            "transform": [{"filter": f"datum.kind == '{kind}' && datum.few == {str(few).lower()}"}],
            "mark": mark,
            "encoding": {"x": x, "y": {"field": low, **y}, **second, "color": colour},
        }

    return [
        layer(ALL, {"type": "area", "opacity": 0.2}, "lowest", "highest"),
        layer(ALL, {"type": "area", "opacity": 0.4}, "low", "high"),
        layer(ALL, {"type": "rule", "opacity": 0.35, "strokeWidth": 8}, "lowest", "highest", few=True),
        layer(ALL, {"type": "rule", "opacity": 0.6, "strokeWidth": 8}, "low", "high", few=True),
        layer(FIRST, {"type": "line", "strokeWidth": 1.5, "strokeDash": [4, 3]}, "lowest"),
        layer(FIRST, {"type": "line", "strokeWidth": 1.5, "strokeDash": [4, 3]}, "highest"),
        layer(FIRST, {"type": "line", "strokeWidth": 2}, "middle"),
        layer(FIRST, {"type": "rule", "strokeWidth": 2, "xOffset": 7}, "lowest", "highest", few=True),
        {
            "mark": {"type": "point", "filled": True, "size": 22, "color": INK, "opacity": 1},
            "encoding": {"x": x, "y": {"field": "published", **y}},
        },
    ]


def _held_out() -> dict[str, Any]:
    """The layer that shades the part which was held out."""
    both = [{"op": "min", "field": "day", "as": "begin"}, {"op": "max", "field": "day", "as": "end"}]
    return {
        "transform": [{"filter": f"datum.kind == '{FIRST}'"}, {"aggregate": both, "groupby": ["series"]}],
        "mark": {"type": "rect", "color": GRID, "opacity": 0.45},
        "encoding": {"x": {"field": "begin", "type": "temporal"}, "x2": {"field": "end"}},
    }


def _over_time(told: Told, draws: np.ndarray) -> list[dict[str, Any]]:
    """By series and time what was published, and bands of what might have been; the series furthest off first."""
    checked = told.found.checks.reproduced
    assert checked is not None
    order = checked.series.sort_values("off", ascending=False, kind="stable")["series"].head(MOST_SERIES)
    table = bands_over_time(told.found.summaries, [str(name) for name in order], draws)
    return [
        {
            "series": told.series(row["series"]),
            "day": _middle(row["from_date"], row["to_date"]).isoformat(),
            "published": None if np.isnan(row["published"]) else row["published"],
            "few": row["times"] < FEWEST_TIMES,
            **{band: row[band] for band in BANDS},
        }
        for row in table.to_dict("records")
    ]


def _middle(begin: Any, end: Any) -> date:
    """The day in the middle of a period."""
    day: date = begin + timedelta(days=(end - begin).days // 2)
    return day


def knowledge_chart(told: Told) -> Chart:
    """Each quantity before (its whole range) and after (50% and 90% of the draws), in standard deviations of the range."""
    found = told.found
    assert found.fit is not None
    assert found.checks.knowledge is not None
    table = found.checks.knowledge.table.sort_values("width", kind="stable").head(MOST_QUANTITIES)
    bands = bands_of_quantities(found.fit)
    rows = []
    for row in each_of(table):
        label = f"{told.in_own_unit(row.quantity)[1]} {told.quantity(row.quantity).unit}"
        rows.append(
            {
                "quantity": in_words(row.quantity),
                "status": f"{SIGNS[row.status]} {row.status}",
                "before": -NINETY,
                "until": NINETY,
                "label": label,
                **bands.loc[row.quantity].to_dict(),
            }
        )
    furthest = max([AXIS_ENDS, *(abs(row[end]) for row in rows for end in ("lowest", "highest"))])
    reach = float(np.ceil(furthest * 10) / 10)
    names = [row["quantity"] for row in rows]
    words = [f"{SIGNS[status]} {status}" for status in STATUS_COLOURS]
    colour = {
        "field": "status",
        "type": "nominal",
        "scale": {"domain": words, "range": list(STATUS_COLOURS.values())},
        "legend": {"symbolType": "stroke", "symbolStrokeWidth": 7, "symbolSize": 200},
    }
    y = {
        "field": "quantity",
        "type": "nominal",
        "sort": names,
        "title": None,
        "axis": {"grid": False, "ticks": False, "domain": False},
    }
    x = {
        "type": "quantitative",
        "title": "Standard deviations from the middle of the range that was given",
        "scale": {"domain": [-reach, reach], "nice": False},
        "axis": {"values": list(range(-int(reach), int(reach) + 1))},
    }
    body = {
        "width": 620,
        "height": 40 + 24 * len(rows),
        "autosize": {"type": "pad"},
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 15, "color": GRID},
                "encoding": {"y": y, "x": {"field": "before", **x}, "x2": {"field": "until"}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 3},
                "encoding": {"y": y, "x": {"field": "lowest", **x}, "x2": {"field": "highest"}, "color": colour},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 8},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 45, "color": "#FFFFFF", "stroke": INK, "opacity": 1},
                "encoding": {"y": y, "x": {"field": "middle", **x}},
            },
        ],
    }
    subtitle = [
        "Grey: 90% of the range before any data. Thin, thick, point: 90% and 50% of the draws, median.",
        "As wide as the grey bar: the data say nothing about it.",
    ]
    if len(rows) < len(found.fit.unknowns):
        subtitle.append(f"The {len(rows)} best known of {len(found.fit.unknowns)}.")
    alt = " ".join(f"{row['quantity']}: {row['status'][2:]}, {row['label']}." for row in rows)
    return Chart(specification("What the data tell of each quantity", subtitle, body), alt)


def ranks_chart(found: Calibration) -> Chart:
    """Where simulated truths lie within what was inferred of them: even, if intervals hold what they promise."""
    rows, said = [], []
    for title, checked in (("near the answer", found.checks.local), ("over the whole range", found.checks.overall)):
        if checked is not None:
            rows += shares_of_ranks(checked).assign(of=title, zero=0).to_dict("records")
            said.append(
                f"{title}: 90% intervals hold {percent_of(checked.coverage)} ± {percent_of(checked.error)} of the truths."
            )
    x = {"type": "quantitative", "title": "Share of the draws below the truth (%)", "axis": {"grid": False}}
    y = {"type": "quantitative", "title": "Share of truths", "axis": {"format": ".0%", "tickCount": 4}}
    ends = {"x": {"field": "from", **x}, "x2": {"field": "until"}}
    body = {
        "autosize": {"type": "pad"},
        "data": {"values": rows},
        "spacing": 30,
        "facet": {
            "column": {
                "field": "of",
                "type": "nominal",
                "sort": [row["of"] for row in rows],
                "header": {"title": None, "labelFontSize": 13, "labelColor": INK, "labelAnchor": "start"},
            }
        },
        "spec": {
            "width": 360,
            "height": 140,
            "layer": [
                {
                    "mark": {"type": "rect", "color": BLUE, "opacity": 0.75, "stroke": "#FFFFFF"},
                    "encoding": {**ends, "y": {"field": "zero", **y}, "y2": {"field": "share"}},
                },
                {
                    "mark": {"type": "rect", "color": BASELINE, "opacity": 0.35},
                    "encoding": {**ends, "y": {"field": "low", **y}, "y2": {"field": "high"}},
                },
            ],
        },
    }
    spec = specification(
        "Simulated truths within their intervals",
        ["Even bars within the grey band: intervals hold what they promise."],
        body,
    )
    del spec["width"]
    return Chart(spec, " ".join(said))


def back_test_chart(told: Told) -> Chart:
    """By series the error of what was foretold, beside the error of saying that all stays as it was last."""
    tested = told.found.checks.back_test
    assert tested is not None
    kinds = ["foretold by the model", "as it was last"]
    rows, said = [], []
    for row in each_of(tested.table.sort_values("error", key=abs, ascending=False)):
        name = told.series(row.series)
        for kind, error in zip(kinds, (row.error, row.as_last), strict=True):
            if not np.isnan(error):
                rows.append({"series": name, "kind": kind, "error": error})
        said.append(f"{name}: {percent(100 * row.error)} (as it was last: {percent(100 * row.as_last)}).")
    names = list(dict.fromkeys(row["series"] for row in rows))
    told_by: dict[str, Any] = {"field": "kind", "type": "nominal"}
    x = {
        "field": "error",
        "type": "quantitative",
        "title": "Error of the mean",
        "axis": {"format": "+.0%", "tickCount": 7},
    }
    body = {
        "width": 520,
        "autosize": {"type": "pad"},
        "height": 40 + 26 * len(names),
        "layer": [
            {
                "data": {"values": [{"zero": 0}]},
                "mark": {"type": "rule", "color": INK},
                "encoding": {"x": {"field": "zero", "type": "quantitative"}},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "point", "filled": True, "size": 110, "opacity": 0.9},
                "encoding": {
                    "y": {
                        "field": "series",
                        "type": "nominal",
                        "sort": names,
                        "title": None,
                        "axis": {"labelLimit": 340},
                    },
                    "x": x,
                    "color": told_by | {"scale": {"domain": kinds, "range": [BLUE, BASELINE]}},
                    "shape": told_by | {"scale": {"domain": kinds, "range": ["circle", "diamond"]}},
                },
            },
        ],
    }
    subtitle = f"Fitted to the figures until {tested.split.isoformat()}; errors are of the figures after it."
    return Chart(specification("How well the first part foretold the rest", subtitle, body), " ".join(said))
