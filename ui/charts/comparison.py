"""Charts of a comparison, shown in the app and drawn as SVG for reports: one source for both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from outcomes import paired_difference, qalys_of_time
from pathways.pathway import Outcome
from sim.arrays.layout import REFERRAL, SEEN
from sim.costs import costs_table
from sim.experiments.comparison import Comparison
from sim.reducers import list_sizes, weeks_before
from sim.results import by_decile_table, health_table, wait_by_year, within_days, year_lengths
from ui.charts.theme import BASELINE, DASHES, INK, LABEL_ROOM, SCENARIO_COLOURS, SHAPES, UNBROKEN, Chart, specification
from ui.findings.key_message import key_message
from ui.words import figures, in_a_sentence, percent, row_title, span, waits_are

ROUNDING = 1e-9
"""A year that falls short of a whole one by less is whole."""
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


def over_time(comparison: Comparison, scenario: str, outcome: str) -> tuple[np.ndarray, str]:
    """One outcome by period in each run, shape (runs, periods), and the period: counts by quarter, all else by year.

    Only whole quarters and years: a last part of one would look like a fall. Waits are by the year of referral. In a run
    of less than a quarter or a year its only part is given.
    """
    word = comparison.plan.pathway.outcomes[outcome]
    plan = comparison.plan
    chosen = [plan.services.index(name) for name in word.services]
    runs = comparison.tallies[scenario]
    whole = max(int(year_lengths(plan).sum() + ROUNDING), 1)
    match word.of:
        case "seen" | "referral":
            kind = SEEN if word.of == "seen" else REFERRAL
            monthly = np.array([tallies.monthly[kind, chosen].sum(axis=0) for tallies in runs], dtype=float)
            quarters = monthly.reshape(len(runs), -1, 3).sum(axis=2)
            return quarters[:, : max(int(4 * year_lengths(plan).sum() + ROUNDING), 1)], "quarter"
        case "wait":
            means = [wait_by_year(word.services, tallies, plan) for tallies in runs]
            return np.array(means)[:, :whole], "year"
        case "cost":
            costs = [costs_table(tallies, comparison.plan_of(scenario, run)) for run, tallies in enumerate(runs)]
            return np.array([each.groupby("year")["cost_gbp"].sum() for each in costs])[:, :whole], "year"
        case _:
            worths = [qalys_of_time(health_table(tallies, plan)) for tallies in runs]
            return np.array([each.groupby("year")["qalys"].sum() for each in worths])[:, :whole], "year"


def over_time_chart(comparison: Comparison, outcome: str, *, from_zero: bool = True) -> Chart:
    """One outcome over the years in today's pathway and in each scenario: mean and range of the runs.

    Of QALYs, what each scenario gains in each year.
    """
    word = comparison.plan.pathway.outcomes[outcome]
    rows: list[dict[str, Any]] = []
    period = "year"
    names = [comparison.base, *(name for name in comparison.scenarios if name != comparison.base)]
    gained = word.of == "qalys"
    for name in names[1:] if gained else names:
        values, period = over_time(comparison, name, outcome)
        if gained:
            values = values - over_time(comparison, comparison.base, outcome)[0]
        per_year = 4 if period == "quarter" else 1
        for k in range(values.shape[1]):
            column = values[:, k][~np.isnan(values[:, k])]
            if not len(column):
                continue
            low, mean, high = column.min(), column.mean(), column.max()
            at = (k + (0.5 if period == "quarter" else 1)) / per_year
            rows.append(
                {
                    "scenario": comparison.cases[name].scenario.title,
                    "year": at,
                    "mean": float(mean),
                    "low": float(low),
                    "high": float(high),
                }
            )
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


def _from_to(rows: list[dict[str, Any]], title: str) -> str:
    own = [row["mean"] for row in rows if row["scenario"] == title]
    return f"{title}: from {figures(own[0])} to {figures(own[-1])}" if own else f"{title}: nothing"


def deprivation_chart(comparison: Comparison, outcome: str) -> Chart | None:
    """How an outcome that counts people changes by deprivation decile; None for other outcomes."""
    word = comparison.plan.pathway.outcomes[outcome]
    if word.of not in ("seen", "referral"):
        return None
    column = "seen" if word.of == "seen" else "referred"
    rows: list[dict[str, Any]] = []
    for name in comparison.scenarios:
        changes = np.array(
            [_by_decile(comparison, name, run, word.services, column) for run in range(comparison.replications)]
        )
        before = np.array(
            [
                _by_decile(comparison, comparison.base, run, word.services, column)
                for run in range(comparison.replications)
            ]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 100 * (changes - before) / before.mean(axis=0)
        for decile in range(10):
            usable = share[:, decile][np.isfinite(share[:, decile])]
            if len(usable):
                found = paired_difference(usable, np.zeros(len(usable)))
                low, high = (found.mean if len(usable) == 1 else end for end in (found.low, found.high))
                rows.append(
                    {
                        "scenario": comparison.cases[name].scenario.title,
                        "decile": decile + 1,
                        "mean": found.mean,
                        "low": float(low),
                        "high": float(high),
                    }
                )
    titles, colours = _scales(comparison, comparison.scenarios, with_base=False)
    x = {
        "field": "decile",
        "type": "ordinal",
        "title": "Deprivation decile (1 = most deprived)",
        "axis": {"labelAngle": 0},
    }
    offset = {"field": "scenario", "sort": titles}
    colour = {"field": "scenario", "type": "nominal", "scale": {"domain": titles, "range": colours}, "legend": {}}
    body = {
        "height": 380,
        "data": {"values": rows},
        "layer": [
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
                    "shape": {
                        "field": "scenario",
                        "type": "nominal",
                        "scale": {"domain": titles, "range": list(SHAPES[: len(titles)])},
                        "legend": {},
                    },
                },
            },
            {
                "data": {"values": [{"zero": 0}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": INK},
                "encoding": {"y": {"field": "zero", "type": "quantitative"}},
            },
        ],
    }
    said = []
    for title in titles:
        own: dict[int, float] = {row["decile"]: row["mean"] for row in rows if row["scenario"] == title}
        if 1 in own and 10 in own:
            said.append(f"{title}: {percent(own[1])} in decile 1, {percent(own[10])} in decile 10.")
    return Chart(
        specification(f"{word.title} by deprivation", MEAN_AND_INTERVAL, body),
        f"Change in {in_a_sentence(word.title)} by deprivation. {' '.join(said)}",
    )


def _by_decile(comparison: Comparison, scenario: str, run: int, services: list[str], column: str) -> np.ndarray:
    table: pd.DataFrame = by_decile_table(comparison.tallies[scenario][run], comparison.plan)
    chosen = table[table["service"].isin(services)]
    counts: np.ndarray = chosen.groupby("decile")[column].sum().to_numpy(dtype=float)
    return counts


def lists_chart(comparison: Comparison, service: str) -> Chart:
    """People waiting for one service at the end of each week, in today's pathway and in each scenario."""
    plan = comparison.plan
    first_week = weeks_before(plan)
    position = plan.services.index(service)
    title = plan.pathway.services[service].title
    names = [comparison.base, *(name for name in comparison.scenarios if name != comparison.base)]
    rows = []
    for name in names:
        sizes = np.array([list_sizes(tallies)[position, first_week:] for tallies in comparison.tallies[name]])[:, :-1]
        for week in range(0, sizes.shape[1], 4):
            low, mean, high = sizes[:, week].min(), sizes[:, week].mean(), sizes[:, week].max()
            rows.append(
                {
                    "scenario": comparison.cases[name].scenario.title,
                    "year": (week + 1) * 7 / 365,
                    "mean": float(mean),
                    "low": float(low),
                    "high": float(high),
                }
            )
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
