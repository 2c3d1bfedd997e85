"""What scenarios say and runs do not do: told with every result, and by `backpath check`.

What the region and the length of the run leave without effect is found by `pathways.checks.without_effect`; what a calibration
changes about a replaced quantity is found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from pathways import Problem, Region
from pathways.checks.without_effect import without_effect
from sim.experiments.experiment import Result
from sim.experiments.joint_draws import JointDraws
from sim.experiments.scores import value_of

if TYPE_CHECKING:
    from sim.run import Case

RULE = "replaced_and_calibrated"
DRAWS_LOOKED_AT = 50
"""So many draws of a calibration are enough to see what they replace."""


def unheeded(ran: Result) -> list[str]:
    """A sentence for each thing that a scenario of these results says and that did not happen, or not as it says."""
    problems = not_as_written(ran.cases, base=ran.base, region=ran.region, years=ran.years, calibration=ran.calibration)
    return [str(problem) for problem in problems]


def not_as_written(
    cases: Mapping[str, Case],
    *,
    base: str,
    region: Region,
    years: float | None,
    calibration: JointDraws | None = None,
) -> list[Problem]:
    """Warnings, scenario by scenario: what each says that comes to nothing here, or to something else than it says."""
    found = []
    for name, case in cases.items():
        found += without_effect(case.scenario, case.pathway, region, name=name, years=years)
        if calibration is not None:
            found += _calibrated(case, cases[base], calibration)
    return found


def _calibrated(case: Case, base: Case, calibration: JointDraws) -> Iterator[Problem]:
    """Replaced quantities that the calibration has draws of: how far scenario and base then are apart."""
    for name in case.scenario.quantities:
        if name not in calibration.names or case.name == base.name or name not in base.pathway.quantities:
            continue
        scores = calibration.scores[name].to_numpy()[:DRAWS_LOOKED_AT]
        today, then = (
            float(np.mean([value_of(each.pathway, name, score) for score in scores])) for each in (base, case)
        )
        unit = case.pathway.quantities[name].unit
        says = (
            f"this quantity was calibrated: over the draws it is {today:.3g} {unit} on average in '{base.name}' and {then:.3g} "
            f"in '{case.name}', whatever the files say. The difference between the two is what the results show. To change the "
            "calibrated value by a factor, set a lever."
        )
        yield Problem(RULE, f"{case.name}: quantities.{name}", says, "warning")
