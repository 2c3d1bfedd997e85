"""A small comparison to be recorded."""

from __future__ import annotations

from typing import Any

from pathways import Pathway, Region
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.run import Case
from tests.helpers.build import Numbers, pathway, region, scenario


def small() -> Pathway:
    """A GP who asks for scans, and a form."""
    numbers = Numbers()
    form = {
        "title": "Form",
        "says": "A form",
        "counter_effects": "None",
        "changes": [{"decision": "plan", "option": "mri", "times": numbers(0.5, "ratio")}],
    }
    titles = {"scans": "seen", "wait": "wait"}
    return pathway(
        numbers,
        {"gp": {"capacity": "open", "next": "plan"}, "mri": {"capacity": "slots", "next": "home"}},
        entry="gp",
        onset_rate=0.3,
        decisions={"plan": {"options": {"home": {"share": "rest"}, "mri": {"share": numbers(0.4, "share")}}}},
        levers={"form": form},
        outcomes={
            name: {"title": name, "of": of, "services": ["mri"], "better": "less"} for name, of in titles.items()
        },
    )


def cases(word: Pathway | None = None) -> dict[str, Case]:
    """Usual care and the form."""
    word = word or small()
    return {"usual": Case("usual", scenario(), word), "form": Case("form", scenario(form={"starts": "4 weeks"}), word)}


def place() -> Region:
    """Where it runs."""
    return region(300, sites={"mri": 1.0}, practices=2, deciles=[1.0] + 9 * [0.0])


def run(where: Region | None = None, word: Pathway | None = None, **more: Any) -> Comparison:
    """The comparison of the two."""
    asked: dict[str, Any] = {"years": 0.5, "replications": 2, "seed": 3, **more}
    workers = asked.pop("workers", 1)
    return compare(Experiment(cases(word), base="usual", region=where or place(), **asked), workers=workers)
