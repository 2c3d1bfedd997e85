"""What the app reads once for all sessions: scenarios, regions, the calibration that it was opened with."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pathways import BadInput, Problem, Region, library_names, load_region
from sim.experiments.joint_draws import JointDraws
from sim.run import Case
from ui.findings.calibrated import calibration_at
from ui.inputs.cases import gather

BASE = "usual_care"


@st.cache_resource(show_spinner=False)
def cases_of(names: tuple[str, ...]) -> tuple[dict[str, Case], str]:
    """Scenarios by name, with today's pathway, and what that is called."""
    return gather(list(names), against=BASE)


@st.cache_resource(show_spinner=False)
def region_of(name: str) -> Region:
    """A region by its name or folder."""
    return load_region(name)


@st.cache_resource(show_spinner=False)
def calibration_of(folder: str, region: str) -> tuple[JointDraws | None, list[Problem]]:
    """The calibration that the app was opened with, for a region by name; or why it cannot be used there."""
    cases, base = cases_of((BASE,))
    try:
        return calibration_at(Path(folder), region=region_of(region), base=cases[base]), []
    except BadInput as bad:
        return None, bad.problems


def presets() -> dict[str, str]:
    """The scenarios of the library by title."""
    names = [name for name in library_names("scenarios") if name != BASE]
    cases, _ = cases_of(tuple(names))
    return {cases[name].scenario.title: name for name in names}
