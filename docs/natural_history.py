"""Writes docs/natural-history.md and its picture: `python docs/natural_history.py`. A test holds that they are up to date."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from calibration import natural_history, treatment_effects
from calibration.untreated import Untreated
from pathways import load_pathway
from ui.charts.theme import INK, SCENARIO_COLOURS, SHAPES, UNBROKEN, Chart, specification
from ui.reports.page import drawing

HERE = Path(__file__).parent
PAGE, PICTURE = HERE / "natural-history.md", HERE / "natural-history.svg"
COURSES = {"acute_pain": "New pain", "persistent_pain": "Persistent pain"}


def page() -> str:
    """The page with its tables as the pathway now gives them; everything else stays as it is written there."""
    pathway = load_pathway("usual_care")
    targets, settings = natural_history.read_targets(), natural_history.read_quantities("settings")
    fitted = natural_history.compare(pathway, targets, settings).reset_index()
    effects = treatment_effects.table(pathway, treatment_effects.read_targets()).reset_index()
    tables = {
        "fit": _table(fitted, ["target", "evidence", "published", "low", "high", "expected", "within"]),
        "effects": _table(effects, ["target", "effect", "measure", "wanted", "model", "multiplier", "low", "high"]),
        "count": f"{int(fitted['within'].sum())} of {len(fitted)} figures lie within their published intervals.",
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = before + begin + table + end + rest.split(end)[1]
    return text


def _table(table: pd.DataFrame, columns: list[str]) -> str:
    """A table in Markdown, numbers to three figures."""

    def cell(value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "**no**"
        if isinstance(value, float):
            return "" if pd.isna(value) else f"{value:.3g}"
        return "" if value is None or value is pd.NA else str(value).replace("_", " ")

    rows = [[cell(value) for value in row] for row in table[columns].astype(object).itertuples(index=False)]
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])


def chart() -> Chart:
    """Mean pain over a year: the forward calculation as lines, published figures as points with their intervals."""
    pathway, settings = load_pathway("usual_care"), natural_history.read_quantities("settings")
    untreated = Untreated(pathway, settings)
    curves = {"acute_pain": untreated.acute, "persistent_pain": untreated.persistent}
    lines = [
        {"week": day / 7, "pain": float(people @ untreated.pain), "course": COURSES[name]}
        for name, curve in curves.items()
        for day, people in enumerate(curve)
        if day % 2 == 0
    ]
    points = [
        {"week": each.weeks, "pain": each.number(), "low": each.low, "high": each.high, "course": COURSES[each.measure]}
        for each in natural_history.read_targets().values()
        if each.measure in COURSES
    ]
    names = list(COURSES.values())
    colour = {"field": "course", "type": "nominal", "scale": {"domain": names, "range": list(SCENARIO_COLOURS[:2])}}
    dash = {**colour, "scale": {"domain": names, "range": [UNBROKEN, [8, 3]]}}
    x = {"field": "week", "type": "quantitative", "title": "Weeks since entry"}
    y = {"field": "pain", "type": "quantitative", "title": "Mean pain (0 to 100)", "scale": {"domain": [0, 65]}}
    body = {
        "height": 340,
        "layer": [
            {
                "data": {"values": lines},
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash},
            },
            {
                "data": {"values": points},
                "mark": {"type": "rule", "color": INK},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": points},
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": colour,
                    "shape": {**colour, "scale": {"domain": names, "range": list(SHAPES[:2])}},
                },
            },
        ],
    }
    said = "; ".join(f"{point['course']} at week {point['week']}: {point['pain']:g} published" for point in points)
    subtitle = "Lines: the model. Points: published means (Costa 2012) with their 95% intervals."
    return Chart(
        specification("Pain of people who consult, over a year", subtitle, body), f"Mean pain over a year. {said}."
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    PICTURE.write_text(drawing(chart()), encoding="utf-8")
