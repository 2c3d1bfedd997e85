"""The Streamlit door: `backpath app` opens it. Navigation only; the pages are in `ui`."""

from pathlib import Path

import streamlit as st

from ui import compare_page

st.set_page_config(
    page_title="Backpath", page_icon=str(Path(compare_page.__file__).parent / "static" / "icon.png"), layout="wide"
)
st.navigation(
    [st.Page(compare_page.show, title="Compare scenarios", icon=":material/compare_arrows:", url_path="compare")]
).run()
