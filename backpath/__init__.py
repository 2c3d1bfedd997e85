"""Backpath from Python: people with back pain move through a local NHS, under alternative designs of the pathway.

A planner's question in four lines, over a made-up area of the library (years and replications are few, to be quick; leave
them out for five years and ten paired runs):

>>> import backpath as bp
>>> found = bp.compare(["mri_guidance", "physio_first"], region="demonstration", years=1, replications=2)
>>> found.in_words("mri_guidance").columns.tolist()
['usual_care', 'mri_guidance', 'change', 'interval_95', 'runs', 'verdict']
>>> scans = found.differences.query("scenario == 'mri_guidance' and outcome == 'mri_scans'")
>>> scans[["base", "scenario_mean"]].round(-1).values.tolist()
[[450.0, 360.0]]

`print(found.headline())` says it in words, `found.save("results")` writes report, record and tables.

Three functions load, `load_pathway`, `load_region` and `load_scenario`; seven answer. Where a scenario, a region or a table is
asked for, a name of the library, a file and what was loaded will all do::

    bp.compare    what changes under other designs, over the same patients, with intervals, and what gets worse
    bp.run        one design: what happens at each service, who waits, every event
    bp.psa        how sure: value for money under everything that is not known
    bp.calibrate  joint draws of what is not known, fitted to what an area has counted
    bp.journeys   people followed through events, simulated or real
    bp.variation  practices compared: how much of the difference is chance
    bp.value      which services should grow, shrink or stop within the same money

Each gives an object with tables (pandas; columns and units in docs/result-files.md), `headline()` in words, and `save(folder)`.
An input that cannot be used raises `bp.BadInput` with every problem in a sentence, as on the command line:

>>> bp.compare("mri_guidence", region="demonstraton")
Traceback (most recent call last):
pathways.problems.BadInput: mri_guidence: there is no scenario of that name in the library and no such file. Did you mean 'mri_guidance'?
demonstraton: there is no region of that name in the library and no such file. Did you mean 'demonstration'?

Most numbers of the library are judgements, graded *assumed*: read docs/limits.md before you rely on a figure. More, with two
notebooks: docs/python.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpath.own_rooms import refuse_hidden
from backpath.questions import (
    calibrate,
    compare,
    journeys,
    load_pathway,
    load_region,
    load_scenario,
    psa,
    run,
    value,
    variation,
)

if TYPE_CHECKING:
    from pathways import BadInput as BadInput

__all__ = [
    "calibrate",
    "compare",
    "journeys",
    "load_pathway",
    "load_region",
    "load_scenario",
    "psa",
    "run",
    "value",
    "variation",
]

refuse_hidden()


def __getattr__(name: str) -> Any:
    """`BadInput`, which is loaded when it is asked for."""
    if name == "BadInput":
        from pathways import BadInput

        return BadInput
    raise AttributeError(f"module 'backpath' has no attribute '{name}'")
