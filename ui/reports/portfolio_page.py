"""The page of a portfolio: what stops, shrinks, grows and begins, what it costs and gives, and what is not to be believed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from outcomes.portfolio.value import PortfolioValue, by_service, graded, largest_first
from ui.findings.portfolio import sure
from ui.words import MINUS, NO_VALUE, counted, figures, money

if TYPE_CHECKING:
    from ui.charts.theme import Chart

SECTIONS = {
    "stopped": "What stops",
    "scaled down": "What is scaled down",
    "scaled up": "What is scaled up",
    "started": "What begins",
    "unchanged": "What stays",
}
COLOURS = {
    "stopped": "#B00020",
    "scaled down": "#B35900",
    "unchanged": "#425563",
    "scaled up": "#007F3B",
    "started": "#005EB8",
}
SHAPES = {
    "stopped": "cross",
    "scaled down": "triangle-down",
    "unchanged": "circle",
    "scaled up": "triangle-up",
    "started": "diamond",
}
MOST_IN_PICTURE = 40
ROW_HEIGHT = 19
HEAD = ("Service", "People", "Plan", "Cost", "Plan", "QALYs", "Plan", "Draws that agree", "Evidence")


def portfolio_page(value: PortfolioValue, title: str = "") -> str:
    """One HTML page that needs nothing else, its picture inside."""
    from ui.reports.page import html_page, html_table, svg

    found = value.allocation
    first, *others = value.sentences
    boxes = [f'<div class="message"><p><strong>{escape(first)}</strong></p>{_list([*others, *sure(value)])}</div>']
    if value.warnings:
        heading = "<p><strong>Before you rely on this</strong></p>"
        warning = f'<div class="message warning">{heading}{_list(value.warnings)}</div>'
        boxes.insert(0 if found.implausible else 1, warning)
    parts = [
        f"<h1>{escape(title or value.settings.title)}</h1>",
        f'<p class="small">{escape(_setting(value))}</p>',
        *boxes,
        html_table("Health for the same money, by whose gains are believed", *_by_gains(value)),
        f"<figure>{svg(portfolio_chart(value))}</figure>",
    ]
    for decision, heading in SECTIONS.items():
        rows = _rows(value, decision)
        if rows:
            parts += [f"<h2>{heading}</h2>", html_table(counted(len(rows), "option"), HEAD, rows)]
    parts += [
        "<h2>What keeps the plan from more health</h2>",
        _list(found.binding),
        "<h2>How this was made</h2>",
        f'<p class="small">{escape(_made(value))}</p>',
    ]
    return html_page(f"Backpath: {title or value.settings.title}", parts)


def portfolio_chart(value: PortfolioValue) -> Chart:
    """Money by service today and in the plan: a line from a square to a symbol that says what is decided."""
    from ui.charts.theme import BASELINE, CONFIG, Chart

    services = by_service(value.allocation.plan)
    rows: list[dict[str, Any]] = [
        {"service": str(name), "now": now, "after": after, "decision": decision}
        for name, now, after, decision in services[["cost_now", "cost_after", "decision"]]
        .head(MOST_IN_PICTURE)
        .itertuples(name=None)
    ]
    decisions = [decision for decision in COLOURS if any(row["decision"] == decision for row in rows)]
    y = {
        "field": "service",
        "type": "nominal",
        "sort": [row["service"] for row in rows],
        "title": None,
        "axis": {"labelLimit": 420, "grid": True},
    }
    x = {"type": "quantitative", "axis": {"title": "Pounds", "orient": "top", "format": ",.0f", "grid": False}}
    colour = {
        "field": "decision",
        "type": "nominal",
        "scale": {"domain": decisions, "range": [COLOURS[decision] for decision in decisions]},
        "legend": {},
    }
    shape = colour | {"scale": {"domain": decisions, "range": [SHAPES[decision] for decision in decisions]}}
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {
            "text": "Money by service, today and in the plan",
            "subtitle": ["Grey square: today. Coloured symbol: the plan. The largest changes first."],
        },
        "width": 420,
        "height": ROW_HEIGHT * max(len(rows), 1),
        "config": CONFIG,
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.6},
                "encoding": {"y": y, "x": {"field": "now", **x}, "x2": {"field": "after"}, "color": colour},
            },
            {
                "mark": {
                    "type": "point",
                    "shape": "square",
                    "filled": True,
                    "size": 45,
                    "color": BASELINE,
                    "opacity": 1,
                },
                "encoding": {"y": y, "x": {"field": "now", **x}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {"y": y, "x": {"field": "after", **x}, "color": colour, "shape": shape},
            },
        ],
    }
    left_out = len(services) - len(rows)
    largest = "; ".join(f"{row['service']}: {money(row['now'])} to {money(row['after'])}" for row in rows[:3])
    alt = f"Money by service, today and in the plan, {len(rows)} services. Largest changes: {largest}."
    return Chart(spec, alt + (f" {left_out} services with smaller changes are not shown." if left_out else ""))


def _setting(value: PortfolioValue) -> str:
    limits = value.settings.limits
    said = [
        f"Budget {money(limits['budget'])}",
        f"gains: {value.settings.gains}",
        "whole people" if limits["integer"] else "fractions of people allowed",
    ]
    if limits["deprived_share"] is not None:
        groups = ", ".join(limits["deprived_groups"])
        said.append(f"at least {100 * limits['deprived_share']:.0f}% of people from imd_group {groups}")
    if limits["equity_weights"]:
        weights = ", ".join(f"{group}: {weight:g}" for group, weight in limits["equity_weights"].items())
        said.append(f"a QALY counts by imd_group {weights}")
    return f"{'; '.join(said)}. Arithmetic on a table, not a simulation."


def _by_gains(value: PortfolioValue) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Today and plan with each set of gains."""
    head = ("Gains", "QALYs today", "QALYs in the plan", "QALYs a person today", "One QALY more costs", "Plausible?")
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{found.qalys_now:,.0f}",
            f"{found.qalys:,.0f}",
            figures(found.qalys_now / found.people_now) if found.people_now else NO_VALUE,
            money(found.shadow_price),
            "no: above what trials find" if found.implausible else "not against our rule",
        )
        for name, found in value.plans.items()
    ]
    return head, rows


def _rows(value: PortfolioValue, decision: str) -> list[tuple[str, ...]]:
    plan = largest_first(value.allocation.plan.assign(agree=value.share_same))
    chosen = plan[plan["decision"] == decision]
    return [
        (
            row["service"] + ("" if row["imd_group"] == "all" else f" (imd_group {row['imd_group']})"),
            figures(row["n_now"], 4),
            figures(row["n_after"], 4),
            money(row["cost_now"]),
            money(row["cost_after"]),
            f"{row['qalys_now']:,.1f}".replace("-", MINUS),
            f"{row['qalys_after']:,.1f}".replace("-", MINUS),
            NO_VALUE if pd.isna(row["agree"]) else f"{100 * row['agree']:.0f}%",
            str(row["evidence_class"]).replace("_", " "),
        )
        for row in chosen.to_dict("records")
    ]


def _made(value: PortfolioValue) -> str:
    """How it was worked out, and what its numbers rest on."""
    rest = ", ".join(f"{number} {grade}" for grade, number in graded(value.options).most_common() if grade)
    unsure = value.uncertainty
    return (
        "Linear programming: the most QALYs within the budget, the floors and the mosts; of equal plans the cheapest, then "
        "the nearest to need. Stopping frees only the variable share of a cost. Costs and gains are those of the file, in its "
        "prices, not discounted here. "
        + (f"Draws of the gains: {unsure.draws}, seed {value.seed}, normal. " if unsure is not None else "")
        + (f"Graded cells of the file: {rest}." if rest else "The file does not grade its numbers.")
    )


def _list(sentences: Any) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"
