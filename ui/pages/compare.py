"""The Compare page: what is asked, beside the area and the settings; the answer is drawn by `ui.pages.answer`."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from pathways import BadInput, Region, library_names
from sim.experiments.experiment import Experiment
from sim.experiments.joint_draws import JointDraws
from sim.experiments.record import region_digest
from sim.run import Case
from ui.charts.theme import MOST_SCENARIOS
from ui.findings.calibrated import calibration_line
from ui.pages import own_scenario
from ui.pages.answer import answer
from ui.pages.comparing import cannot_be_run, compared, stop_all_but
from ui.pages.loaded import calibration_of, cases_of, presets, region_of
from ui.words import as_written, counted

YEARS = (1, 3, 5, 10)
RUNS = (20, 50, 100, 200)
DEFAULT_RUNS = 20
FIRST_OUTCOME = "MRI scans"
FIRST_SCENARIOS = ("mri_guidance", "physio_first")

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
        stop_all_but(None)
        cannot_be_run(bad.problems)
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
    cases, base = cases_of(tuple(by_title.values()))
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
        stop_all_but(None)
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
    comparison = compared(key, experiment)
    if comparison is not None:
        answer(comparison, outcomes[outcome_title])


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
        place = region_of(names[chosen])
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
    calibration, problems = calibration_of(folder, region)
    if calibration is None:
        st.warning(as_written("Results are not calibrated: " + " ".join(str(problem) for problem in problems)))
        return None
    if calibration.warning:
        st.warning(as_written(calibration.warning))
    st.caption(as_written(calibration_line(calibration)))
    return calibration
