"""The faces: command line, pages, key messages, charts and reports. The only room that imports Streamlit."""
