"""Running what the page asks for: in the background, with progress and a way to stop, and kept for all sessions."""

from __future__ import annotations

import os
import time

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pathways import Problem
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from ui.pages import jobs
from ui.words import as_written

WAIT_QUIETLY = 0.4
STEP = 0.15
KEPT = 6


@st.cache_resource(show_spinner=False)
def _results() -> dict[tuple[object, ...], Comparison]:
    """The latest comparisons, shared by all sessions; they are never changed."""
    return {}


def compared(key: tuple[object, ...], experiment: Experiment) -> Comparison | None:
    """The comparison asked for: kept from before, or run in the background with progress and a way to stop."""
    kept = _results()
    job = stop_all_but(key)
    if key in kept:
        return kept[key]
    if job is None:
        job = jobs.start(key, experiment, workers=os.cpu_count() or 1)
        st.session_state["job"] = job
    _wait_for(job)
    st.session_state.pop("job", None)
    if job.problems:
        cannot_be_run(job.problems)
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


def stop_all_but(key: tuple[object, ...] | None) -> jobs.Job | None:
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


def cannot_be_run(problems: list[Problem]) -> None:
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
