"""The pathway's flows: how many people went from where to where, as a diagram and for its readers as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.experiments.comparison import Comparison
from sim.measures.flows import flows
from sim.results import ENTRY, HOME
from ui.charts.theme import BASELINE, INK
from ui.words import percent

MAIN = 0.2
"""A way that brings at least this share of a service's people sets its place in the diagram."""
SMALLEST = 0.01
"""Ways taken by a smaller share of all people are left out of the diagram; they stand in the table."""
BACK = "Back to an earlier service"
LABEL_ROOM, INNER_LABEL = 110, 116
"""Pixels for the names at the right, and for those between two columns; longer ones take more lines."""
CHANGED = 2.0
"""A flow that changes by more percent than this is drawn in colour."""


def titles(comparison: Comparison) -> dict[str, str]:
    """The names of the diagram's boxes."""
    return {ENTRY: "Needs care", HOME: "Home"} | {
        name: word.title for name, word in comparison.plan.pathway.services.items()
    }


def sankey(comparison: Comparison, scenario: str) -> tuple[dict[str, Any], str]:
    """A Sankey diagram for ECharts, changed flows in colour, and the sentence that describes it.

    A Sankey cannot show a way back: people who return to an earlier service are drawn to one box at the end. Ways
    taken by fewer than `SMALLEST` of all people are left out.
    """
    table = flows(comparison, scenario)
    names = titles(comparison)
    shown = _ways(table, names)
    nodes: dict[str, dict[str, Any]] = {}
    links = []
    for source, target, base, people in shown[["from", "to", "base", "scenario"]].to_numpy().tolist():
        change = 100 * (people - base) / base if base > 0 else float("nan")
        changed = np.isfinite(change) and abs(change) > CHANGED
        links.append(
            {
                "source": source,
                "target": target,
                "value": round(people, 1),
                "lineStyle": {"color": "#005EB8" if changed else "#768692", "opacity": 0.55 if changed else 0.3},
                "tooltip": {"formatter": f"{source} to {target}: {people:,.0f} a year ({percent(change)})"},
            }
        )
        for name in (source, target):
            at_the_end = name in (names[HOME], BACK)
            label = {"width": LABEL_ROOM if at_the_end else INNER_LABEL}
            nodes.setdefault(name, {"name": name, "itemStyle": {"color": BASELINE}, "label": label})
    spec = {
        "textStyle": {"fontFamily": "Arial, Helvetica, sans-serif", "color": INK},
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "nodeAlign": "justify",
                "layoutIterations": 64,
                "nodeGap": 20,
                "nodeWidth": 14,
                "left": 4,
                "right": LABEL_ROOM + 10,
                "draggable": False,
                "data": list(nodes.values()),
                "links": links,
                "label": {
                    "color": INK,
                    "fontSize": 12,
                    "lineHeight": 13,
                    "overflow": "break",
                    "backgroundColor": "rgba(255,255,255,0.7)",
                    "padding": [1, 2],
                },
                "emphasis": {"focus": "adjacency"},
            }
        ],
    }
    return spec, _sentence(table, names)


def _ways(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The ways that are drawn, by the titles of their ends: those that many take, from boxes that are reached."""
    order = _order(table)
    back = [to != HOME and order[to] <= order[source] for source, to in zip(table["from"], table["to"], strict=True)]
    ends = pd.DataFrame(
        {
            "from": [names[str(source)] for source in table["from"]],
            "to": [BACK if returns else names[str(to)] for to, returns in zip(table["to"], back, strict=True)],
            "base": table["base"],
            "scenario": table["scenario"],
        }
    )
    ways = ends.groupby(["from", "to"], sort=False, as_index=False).sum()
    least = SMALLEST * float(table.loc[table["from"] == ENTRY, "scenario"].sum())
    ways = ways[(ways["scenario"] >= least) & (ways["scenario"] > 0)]
    while True:
        reached = ways["from"].isin([names[ENTRY], *ways["to"]])
        if reached.all():
            return ways
        ways = ways[reached]


def _order(table: pd.DataFrame) -> dict[str, int]:
    """A step for each service: one after the earliest service that sends it a good share of its people."""
    inflow = table.groupby("to")["scenario"].transform("sum")
    main = table[(table["scenario"] >= MAIN * inflow) & (table["to"] != HOME)]
    order = {ENTRY: 0}
    frontier = [ENTRY]
    while frontier:
        following = [str(to) for source in frontier for to in main.loc[main["from"] == source, "to"] if to not in order]
        order |= {
            to: order[source] + 1
            for source in frontier
            for to in main.loc[main["from"] == source, "to"]
            if to not in order
        }
        frontier = list(dict.fromkeys(following))
    for name in [*table["from"], *table["to"]]:
        order.setdefault(str(name), len(order))
    return order


def _sentence(table: pd.DataFrame, names: dict[str, str]) -> str:
    moved = table[np.isfinite(table["change"]) & (table["base"] >= 10)].copy()
    moved["size"] = (moved["scenario"] - moved["base"]).abs()
    largest = moved.sort_values("size", ascending=False).head(3)
    said = [
        f"{names[str(row[0])]} to {names[str(row[1])]}: {row.base:,.0f} to {row.scenario:,.0f} a year ({percent(float(row.change))})"
        for row in largest.itertuples(index=False)
        if row.size > 0
    ]
    return (
        "Flows between services. Largest changes: " + "; ".join(said) + "."
        if said
        else "Flows between services: none changes."
    )
