"""The Streamlit door: `backpath app` opens it. Who may ask, and navigation; the pages are in `ui`."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.pages.known_hosts import OnlyKnownHosts, close_what_can_be_closed

if (
    get_script_run_ctx(suppress_warning=True) is None
):  # the server loads this file once to serve it, then runs it for every session
    close_what_can_be_closed()
    app = st.App(Path(__file__).resolve(), middleware=[Middleware(OnlyKnownHosts)])
else:
    from ui.pages import compare

    st.set_page_config(
        page_title="Backpath",
        page_icon=str(Path(compare.__file__).parent.parent / "static" / "icon.png"),
        layout="wide",
    )
    st.navigation(
        [st.Page(compare.show, title="Compare scenarios", icon=":material/compare_arrows:", url_path="compare")]
    ).run()
