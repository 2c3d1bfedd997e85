"""The Compare page: scenarios beside today's pathway, in words, charts and tables."""

from __future__ import annotations

import os
import shlex
import time
from html import escape
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from outcomes.verdicts import MEANINGS, Tone, marked
from pathways import BadInput, Problem, Region, library_names, load_region
from pathways.assumed_here import assumed_here
from pathways.pathway import Outcome
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.experiments.joint_draws import JointDraws
from sim.experiments.precision import warnings_of
from sim.experiments.record import fingerprint, region_digest
from sim.results import within_days
from sim.run import Case
from ui.charts.comparison import change_chart, deprivation_chart, over_time_chart
from ui.charts.flow import flows, sankey, titles
from ui.charts.theme import MOST_SCENARIOS, Chart
from ui.findings.calibrated import calibration_at, calibration_line
from ui.findings.key_message import KeyMessage, key_message, rests_on, watch
from ui.findings.owed import owed_of, owed_sentence
from ui.inputs.cases import gather
from ui.pages import jobs, own_scenario
from ui.reports.comparison import html_report
from ui.reports.decision_table import capacity_lines, comparison_csv, comparison_json, rows_of, still_waiting
from ui.reports.run import run_warnings
from ui.words import NO_VALUE, amount, as_written, counted, per_year, percent, row_title, signed, waits_are

BASE = "usual_care"
YEARS = (1, 3, 5, 10)
RUNS = (20, 50, 100, 200)
DEFAULT_RUNS = 20
FIRST_OUTCOME = "MRI scans"
FIRST_SCENARIOS = ("mri_guidance", "physio_first")
WAIT_QUIETLY = 0.4
STEP = 0.15

CSS = """
<style>
[data-testid="stMainBlockContainer"] { max-width: 62rem; padding-top: 3rem; }
h1 { font-size: 2.1rem !important; }
.key-message { border-left: 8px solid #005EB8; background: #F0F4F5; padding: .7rem 1.1rem; margin: .4rem 0 1rem 0; color: #212B32; }
.key-message h2 { font-size: 1.45rem; padding: 0 0 .2rem 0; margin: 0; color: #212B32; }
.key-message p { margin: .25rem 0; font-size: 1.02rem; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: #425563 !important; opacity: 1 !important; }
[data-testid="stMetricDelta"] { color: #212B32; }
[data-testid="stTable"] td:not(:first-child) * { white-space: nowrap; }
.st-key-flow { overflow-x: auto; }
.st-key-flow > div { min-width: 44rem; }
*:focus-visible, label:has(input:focus-visible), [data-testid="stSlider"] div:has(> div > input:focus-visible) {
  outline: 3px solid #FFB81C !important; box-shadow: 0 0 0 5px #212B32 !important;
}
</style>
"""


@st.cache_resource(show_spinner=False)
def _cases(names: tuple[str, ...]) -> tuple[dict[str, Case], str]:
    return gather(list(names), against=BASE)


@st.cache_resource(show_spinner=False)
def _region(name: str) -> Region:
    return load_region(name)


@st.cache_resource(show_spinner=False)
def _calibration(folder: str, region: str) -> tuple[JointDraws | None, list[Problem]]:
    """The calibration that the app was opened with, for a region by name; or why it cannot be used there."""
    cases, base = _cases((BASE,))
    try:
        return calibration_at(Path(folder), region=_region(region), base=cases[base]), []
    except BadInput as bad:
        return None, bad.problems


@st.cache_resource(show_spinner=False)
def _results() -> dict[tuple[object, ...], Comparison]:
    """The latest comparisons, shared by all sessions; they are never changed."""
    return {}


KEPT = 6


def presets() -> dict[str, str]:
    """The scenarios of the library by title."""
    names = [name for name in library_names("scenarios") if name != BASE]
    cases, _ = _cases(tuple(names))
    return {cases[name].scenario.title: name for name in names}


def _first(by_title: dict[str, str]) -> list[str]:
    """The titles of the scenarios that the page starts with; the first two of a library that lacks them."""
    wanted = [title for name in FIRST_SCENARIOS for title, own in by_title.items() if own == name]
    return wanted or list(by_title)[: len(FIRST_SCENARIOS)]


def show() -> None:
    """Draws the page."""
    st.html(CSS)
    st.title("Compare back pain pathways")
    try:
        place, calibration, years, runs, seed = _sidebar()
    except BadInput as bad:
        _stop_all_but(None)
        _cannot_be_run(bad.problems)
        return
    by_title = presets()
    chosen = st.pills(
        f"Compare with today's pathway (up to {MOST_SCENARIOS})",
        list(by_title),
        selection_mode="multi",
        default=_first(by_title),
        key="scenarios",
        bind="query-params",
    )
    cases, base = _cases(tuple(by_title.values()))
    outcomes = {word.title: name for name, word in cases[base].pathway.outcomes.items()}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    first = list(outcomes).index(FIRST_OUTCOME) if FIRST_OUTCOME in outcomes else 0
    outcome_title = left.selectbox("Outcome", list(outcomes), index=first, key="outcome", bind="query-params")
    own = right.toggle("Add my own scenario", key="own_on", bind="query-params")
    most = MOST_SCENARIOS - int(own)
    wanted = {by_title[title]: cases[by_title[title]] for title in chosen[:most]}
    if len(chosen) > most:
        beside = " beside your own" if own else ""
        st.info(f"At most {MOST_SCENARIOS} scenarios can be compared; the first {most} are shown{beside}.")
    own_key: tuple[object, ...] = ()
    if own:
        choice = own_scenario.form(cases[base].pathway)
        wanted[own_scenario.NAME] = Case(own_scenario.NAME, choice.scenario(cases[base].pathway), cases[base].pathway)
        own_key = choice.key()
        st.download_button(
            "Download my scenario (for the command line)",
            own_scenario.scenario_file(choice, cases[base].pathway),
            file_name="my_scenario.toml",
            on_click="ignore",
        )
    if not wanted:
        _stop_all_but(None)
        st.info("Pick at least one scenario above to compare it with today's pathway.")
        return
    key = (region_digest(place), calibration and calibration.id, years, runs, seed, tuple(wanted), own_key)
    experiment = Experiment(
        {base: cases[base], **wanted},
        base=base,
        region=place,
        years=years,
        replications=runs,
        seed=seed,
        calibration=calibration,
    )
    comparison = _compared(key, experiment)
    if comparison is not None:
        _answer(comparison, outcomes[outcome_title])


def _sidebar() -> tuple[Region, JointDraws | None, float, int, int]:
    with st.sidebar:
        st.header("Area")
        names = {name: name for name in library_names("regions")}
        first = os.environ.get("BACKPATH_REGION") or next(iter(names))
        if first not in names:
            own = Path(first).name
            names = {f"{own} (my folder)" if own in names else own: first} | names
        chosen = st.selectbox(
            "Area",
            list(names),
            index=list(names.values()).index(first),
            key="area",
            bind="query-params",
            label_visibility="collapsed",
        )
        place = _region(names[chosen])
        st.markdown(
            f"**{as_written(place.about.title)}**: {place.population:,} registered people, {counted(len(place.codes), 'practice')}"
        )
        calibration = _told_calibration(names[chosen])
        years = st.segmented_control("Years ahead", YEARS, default=5, required=True, key="years", bind="query-params")
        with st.expander("Model run settings"):
            runs = st.segmented_control(
                "Runs", RUNS, default=DEFAULT_RUNS, required=True, key="runs", bind="query-params"
            )
            seed = st.number_input("Seed", 0, 2**31, 42, 1, key="seed", bind="query-params")
        made_up = "Example area, made-up data. " if place.about.made_up else ""
        st.caption(f"{made_up}Results are projections from a model, not counts of real patients.")
    return place, calibration, float(years or 5), int(runs or DEFAULT_RUNS), int(seed)


def _told_calibration(region: str) -> JointDraws | None:
    """The calibration that results of the chosen area rest on, told in the side bar; or that they rest on none."""
    folder = os.environ.get("BACKPATH_CALIBRATION")
    if not folder:
        return None
    calibration, problems = _calibration(folder, region)
    if calibration is None:
        st.warning(as_written("Results are not calibrated: " + " ".join(str(problem) for problem in problems)))
        return None
    if calibration.warning:
        st.warning(as_written(calibration.warning))
    st.caption(as_written(calibration_line(calibration)))
    return calibration


# running


def _compared(key: tuple[object, ...], experiment: Experiment) -> Comparison | None:
    """The comparison asked for: kept from before, or run in the background with progress and a way to stop."""
    kept = _results()
    job = _stop_all_but(key)
    if key in kept:
        return kept[key]
    if job is None:
        job = jobs.start(key, experiment, workers=os.cpu_count() or 1)
        st.session_state["job"] = job
    _wait_for(job)
    st.session_state.pop("job", None)
    if job.problems:
        _cannot_be_run(job.problems)
        return None
    if job.failed:
        st.error(
            "This scenario could not be run. Your settings are kept. Lower the number of runs or reset the levers.",
            title="Something went wrong",
        )
        return None
    if job.result is None:
        st.warning("Stopped. Change a setting, or press the button to run it again.")
        st.button("Run again")
        return None
    while len(kept) >= KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = job.result
    return job.result


def _stop_all_but(key: tuple[object, ...] | None) -> jobs.Job | None:
    """The job of this session that works at what is asked now; one that works at anything else is stopped."""
    job: jobs.Job | None = st.session_state.get("job")
    if job is None or job.key == key:
        return job
    job.stop.set()
    del st.session_state["job"]
    return None


def _somebody_looks() -> bool:
    """Whether the page of this session is still open in a browser."""
    context = get_script_run_ctx()
    return context is None or not runtime.exists() or bool(runtime.get_instance().is_active_session(context.session_id))


def _cannot_be_run(problems: list[Problem]) -> None:
    """What is wrong with the area or the scenarios, in the words of the command line."""
    st.error("\n\n".join(as_written(str(problem)) for problem in problems), title="This cannot be run")


def _wait_for(job: jobs.Job) -> None:
    """Shows progress until the job is done. What stood on the page before stays, dimmed, until then."""
    started = time.monotonic()
    slot = st.empty()
    drawn = False
    while job.running:
        if _somebody_looks():
            job.is_wanted()
        if time.monotonic() - started > WAIT_QUIETLY:
            with slot.container():
                done, total = job.done, max(job.total, 1)
                said = f"Simulating: {done} of {job.total} runs" if job.total else "Preparing the simulation"
                st.progress(min(done / total, 1.0), text=said)
                if not drawn:
                    st.button("Stop", key="stop", on_click=job.stop.set)
                    drawn = True
        time.sleep(STEP)
    slot.empty()


# the answer


def _answer(comparison: Comparison, outcome: str) -> None:
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
        f"<p>{escape(owed_sentence(owed_of(comparison, leading), comparison.years))}</p>"
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


COLOURS: dict[Tone, Literal["green", "red", "gray"]] = {"good": "green", "bad": "red", "doubt": "gray", "plain": "gray"}


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
    local = folder is not None and region_digest(_region(folder)) == region_digest(comparison.region)
    region = f" --region {shlex.quote(str(folder))}" if local else ""
    if comparison.calibration:
        region += f" --calibration {shlex.quote(os.environ.get('BACKPATH_CALIBRATION', 'DIR'))}"
    return (
        f"backpath compare {' '.join(names)}{region} --years {comparison.years:g} "
        f"--replications {comparison.replications} --seed {comparison.seed}"
    )
