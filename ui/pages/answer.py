"""The answer of the Compare page: the key message, charts, tables and downloads of a comparison."""

from __future__ import annotations

import os
import shlex
from html import escape
from typing import Literal

import streamlit as st

from outcomes.verdicts import MEANINGS, Tone, marked
from pathways.assumed_here import assumed_here
from pathways.pathway import Outcome
from sim.experiments.comparison import Comparison
from sim.experiments.precision import warnings_of
from sim.experiments.record import fingerprint, region_digest
from sim.measures.flows import flows
from sim.measures.owed import owed_of
from sim.results import within_days
from ui.charts.comparison import change_chart, deprivation_chart, over_time_chart
from ui.charts.flow import sankey, titles
from ui.charts.theme import Chart
from ui.findings.key_message import KeyMessage, key_message, rests_on, watch
from ui.findings.owed import owed_sentence
from ui.pages import own_scenario
from ui.pages.loaded import region_of
from ui.reports.comparison import html_report
from ui.reports.decision_table import capacity_lines, comparison_csv, comparison_json, rows_of, still_waiting
from ui.reports.run import run_warnings
from ui.words import NO_VALUE, amount, as_written, per_year, percent, row_title, signed, waits_are

COLOURS: dict[Tone, Literal["green", "red", "gray"]] = {"good": "green", "bad": "red", "doubt": "gray", "plain": "gray"}


def answer(comparison: Comparison, outcome: str) -> None:
    """Draws the answer on one outcome: the message, and charts and tables in tabs."""
    leading = _leading(comparison)
    word = comparison.plan.pathway.outcomes[outcome]
    _message(comparison, leading, outcome)
    change, course, flow, deprivation, table = st.tabs(
        ["Change", "Over time", "Pathway flow", "By deprivation", "Table and downloads"], key="tab"
    )
    with change:
        _chart(change_chart(comparison, outcome))
        _all_outcomes(comparison, leading)
    with course:
        zoom = st.toggle("Zoom the axis", key="zoom", bind="query-params")
        _chart(over_time_chart(comparison, outcome, from_zero=not zoom))
    with flow:
        _flow(comparison)
    with deprivation:
        chart = deprivation_chart(comparison, outcome)
        if chart is None:
            st.info(f"{word.title} is not counted by deprivation. Choose an outcome that counts people.")
        else:
            _chart(chart)
    with table:
        _table(comparison)


def _leading(comparison: Comparison) -> str:
    """The scenario that headline and tiles are of: that picked last, until another is asked for."""
    names = {comparison.cases[name].scenario.title: name for name in comparison.scenarios}
    asked_before = st.session_state.get("compared")
    st.session_state["compared"] = tuple(names)
    if len(names) == 1:
        return comparison.scenarios[0]
    if asked_before != tuple(names) or st.session_state.get("tiles") not in names:
        st.session_state["tiles"] = list(names)[-1]
    return names[st.segmented_control("The answer for", list(names), required=True, key="tiles") or list(names)[-1]]


def _message(comparison: Comparison, leading: str, outcome: str) -> None:
    """The key message of a scenario, what to watch, and what of the inputs did not happen or cannot be right."""
    message = key_message(comparison, leading, outcome)
    title = comparison.cases[leading].scenario.title
    watched = "".join(
        f"<p><strong>Watch:</strong> {escape(sentence)}</p>"
        for sentence in watch(comparison, leading, besides=outcome)[:3]
    )
    doubted = "".join(f"<p><strong>Warning:</strong> {escape(sentence)}</p>" for sentence in run_warnings(comparison))
    st.html(
        f'<section class="key-message" aria-label="Key message"><h2>{escape(title)}: {escape(message.headline)}</h2>'
        f"<p>{escape(message.detail)}</p><p>{escape(message.absolute)}</p>{watched}{doubted}"
        f"{''.join(f'<p>Capacity: {escape(said)}</p>' for said in capacity_lines(comparison, leading))}"
        f"<p>{escape(owed_sentence(comparison, owed_of(comparison, leading)))}</p>"
        f"<p>{escape(rests_on(comparison, leading))}</p></section>"
    )


def _chart(chart: Chart) -> None:
    st.vega_lite_chart(chart.spec, theme=None, width="stretch", alt=chart.alt)


def _all_outcomes(comparison: Comparison, leading: str) -> None:
    """A tile for each outcome of the scenario that the headline is of."""
    st.subheader(as_written(f"All outcomes: {comparison.cases[leading].scenario.title}"))
    st.caption(
        f"A year on average; {waits_are(within_days(comparison.plan))}. Change: mean of the runs, in brackets its 95% interval."
    )
    with st.grid(min_column_width=210):
        for outcome, word in comparison.plan.pathway.outcomes.items():
            _tile(
                word,
                key_message(comparison, leading, outcome),
                per_year(comparison.mean(leading, outcome), word, comparison.years),
            )


def _tile(word: Outcome, message: KeyMessage, value: float) -> None:
    gained = word.of == "qalys" and message.verdict != "nothing to compare"
    change = message.figures or NO_VALUE
    arrow: Literal["up", "down", "off"] = "off" if not message.clear else "up" if message.mean > 0 else "down"
    st.metric(
        row_title(word),
        signed(message.mean, word) if gained else amount(value, word),
        change.partition(" ")[2] or change if gained else change,
        delta_color=COLOURS[MEANINGS[message.verdict].tone],
        delta_arrow=arrow,
        delta_description=message.verdict,
        border=True,
        help=f"{message.headline} {message.detail} {MEANINGS[message.verdict].means}",
    )


def _flow(comparison: Comparison) -> None:
    by_title = {comparison.cases[name].scenario.title: name for name in comparison.scenarios}
    shown = st.selectbox("Flows of", list(by_title), index=len(by_title) - 1, key="flow_of")
    spec, alt = sankey(comparison, by_title[shown])
    with st.container(key="flow"):
        st.echarts_chart(spec, height=660, renderer="svg", theme=None, alt=alt)
    st.caption(
        "Blue: changed by more than 2% from today. Ways taken by fewer than 1% of all people are left out here and stand "
        "in the table; people who go back to a service are drawn to one box at the end."
    )
    with st.expander("The same as a table"):
        names = titles(comparison)
        table = flows(comparison, by_title[shown])
        table = table[(table["base"] >= 1) | (table["scenario"] >= 1)].sort_values("scenario", ascending=False)
        st.table(
            {
                "From": [names[str(name)] for name in table["from"]],
                "To": [names[str(name)] for name in table["to"]],
                "Today, a year": [f"{value:,.0f}" for value in table["base"]],
                "Scenario, a year": [f"{value:,.0f}" for value in table["scenario"]],
                "Change": [percent(value) for value in table["change"]],
            },
            hide_index=True,
        )


def _table(comparison: Comparison) -> None:
    for name in comparison.scenarios:
        title = comparison.cases[name].scenario.title
        st.subheader(as_written(title))
        rows = rows_of(comparison, name)
        st.table(
            {
                "Outcome (a year)": [row.title for row in rows],
                "Today": [row.today for row in rows],
                title: [row.scenario for row in rows],
                "Mean change": [row.change for row in rows],
                "95% interval": [row.interval for row in rows],
                "Runs": [row.agreement for row in rows],
                "Verdict": [marked(row.message.verdict) for row in rows],
            },
            hide_index=True,
            alt=f"Decision table of {title}",
        )
        if beside := still_waiting(comparison, name):
            about = waits_are(within_days(comparison.plan))
            st.caption(as_written(f"{about[:1].upper()}{about[1:]}. {beside}"))
    st.download_button(
        "Report (web page)",
        lambda: html_report(comparison),
        file_name="backpath-report.html",
        mime="text/html",
        on_click="ignore",
        type="primary",
    )
    st.download_button(
        "Differences (CSV)",
        lambda: "\ufeff" + comparison_csv(comparison),
        file_name="differences.csv",
        mime="text/csv",
        on_click="ignore",
    )
    st.download_button(
        "Everything (JSON)",
        lambda: comparison_json(comparison),
        file_name="comparison.json",
        mime="application/json",
        on_click="ignore",
    )
    warnings = warnings_of(comparison)
    if warnings:
        st.subheader("Before you rely on this")
        st.markdown("\n".join(f"- {as_written(sentence)}" for sentence in warnings))
    with st.expander("What was assumed about the area"):
        said = assumed_here(comparison.region, comparison.plan.pathway)
        st.markdown("\n".join(f"- {as_written(sentence)}" for sentence in said))
    st.caption(
        f"{comparison.replications} runs, seed {comparison.seed}, fingerprint {fingerprint(comparison)}. "
        f"The same on the command line: {as_written(_command(comparison))}"
    )


def _command(comparison: Comparison) -> str:
    """The command that gives the same results; the user's own scenario is the file that the page offers."""
    names = [f"{name}.toml" if name == own_scenario.NAME else name for name in comparison.scenarios]
    folder = os.environ.get("BACKPATH_REGION")
    local = folder is not None and region_digest(region_of(folder)) == region_digest(comparison.region)
    region = f" --region {shlex.quote(str(folder))}" if local else ""
    if comparison.calibration:
        region += f" --calibration {shlex.quote(os.environ.get('BACKPATH_CALIBRATION', 'DIR'))}"
    return (
        f"backpath compare {' '.join(names)}{region} --years {comparison.years:g} "
        f"--replications {comparison.replications} --seed {comparison.seed}"
    )
