"""The test suite. Its folders mirror the house: what `sim/joiners.py` promises stands in `sim/test_joiners.py`.

At the top stand the tests that look across rooms: the pages (`test_docs.py`), the examples in docstrings, damaged inputs
(`test_fuzz.py`, with `fuzz/`), the house's own rules, the numbered checks, setting up, and one file for each source
document of a design. What several files need stands in `helpers/`; no test file imports another.
`conftest.py` says in which order the files begin.
"""
