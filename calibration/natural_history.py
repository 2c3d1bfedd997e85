"""The natural history fitted to published courses: what is published, what is free, and how well they meet.

The published figures are in library/natural_history_targets.toml; what is free, within which bounds, and how the
published cohorts are found in the model is in library/fit.toml; all else is read from the pathway. Nothing here is left
to chance.

    python -m calibration.natural_history usual_care          expected against published
    python -m calibration.natural_history usual_care --fit    refits, and prints the fitted quantities as TOML
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import optimize

from calibration.untreated import Untreated
from pathways import Pathway, Quantity, load_pathway
from pathways.quantity import DAYS_IN
from sim.experiments.scores import HALF_INTERVAL, with_values

FOLDER = Path(__file__).parent / "library"
STEP = 1e-3
"""Of the numerical slopes, as a share of the logarithm."""
PRINTED = ("value", "low", "high", "unit", "distribution", "source", "grade", "evidence", "note")


class NaturalHistoryTarget(Quantity):
    """A published figure and what it is in the model: a measure, after some weeks or of a course where it needs one."""

    measure: Literal[
        "acute_pain",
        "persistent_pain",
        "recovered",
        "days_to_recovery",
        "recurred",
        "days_to_recurrence",
        "share_of_consulters",
        "pain_of_consulters",
    ]
    weeks: int = 0
    course: str = ""

    def standard_error(self) -> float:
        """As the published interval implies."""
        return (self.model_dump()["high"] - self.model_dump()["low"]) / (2 * HALF_INTERVAL)

    def expected(self, untreated: Untreated) -> float:
        """What the model gives."""
        day = round(self.weeks * DAYS_IN["weeks"])
        of_course = [name == self.course for name in untreated.courses]
        match self.measure:
            case "acute_pain":
                return float(untreated.acute[day] @ untreated.pain)
            case "persistent_pain":
                return float(untreated.persistent[day] @ untreated.pain)
            case "recovered":
                return float(untreated.recovered[day].sum())
            case "days_to_recovery":
                return median_day(untreated.recovered.sum(axis=1))
            case "recurred":
                return float(untreated.recurred[day])
            case "days_to_recurrence":
                return median_day(untreated.recurred)
            case "share_of_consulters":
                mix = untreated.by_course(untreated.consulters)
                return float(mix[of_course].sum() / mix.sum())
            case "pain_of_consulters":
                return float(untreated.pain_of_consulters[of_course].sum())


def median_day(share: np.ndarray) -> float:
    """When a rising share reaches a half, in days from the first; as if it rose evenly, where it does not get there.

    >>> median_day(np.array([0.0, 0.4, 0.6])), median_day(np.array([0.0, 0.1, 0.2]))
    (1.5, 5.0)
    """
    if share[-1] >= 0.5:
        return float(np.interp(0.5, share, np.arange(len(share))))
    return float((len(share) - 1) * 0.5 / share[-1])


def read_targets() -> dict[str, NaturalHistoryTarget]:
    """The published figures, by name."""
    written = tomllib.loads((FOLDER / "natural_history_targets.toml").read_text(encoding="utf-8"))
    return {name: NaturalHistoryTarget.model_validate(body) for name, body in written.items()}


def read_quantities(section: Literal["free", "settings"]) -> dict[str, Quantity]:
    """The quantities in a section of fit.toml, by name."""
    written = tomllib.loads((FOLDER / "fit.toml").read_text(encoding="utf-8"))
    return {name: Quantity.model_validate(body) for name, body in written[section].items()}


def compare(
    pathway: Pathway, targets: Mapping[str, NaturalHistoryTarget], settings: Mapping[str, Quantity]
) -> pd.DataFrame:
    """Expected against published; one row per target.

    Columns: evidence, published, low, high, expected, within, and errors_off: expected minus published, in
    standard errors.
    """
    untreated = Untreated(pathway, settings)
    rows = [(name, t.evidence, t.number(), t.low, t.high, t.expected(untreated)) for name, t in targets.items()]
    table = pd.DataFrame(rows, columns=["target", "evidence", "published", "low", "high", "expected"])
    table["within"] = table["expected"].between(table["low"], table["high"])
    errors = np.array([target.standard_error() for target in targets.values()])
    table["errors_off"] = (table["expected"] - table["published"]) / errors
    return table.set_index("target")


def fit(
    pathway: Pathway,
    targets: Mapping[str, NaturalHistoryTarget],
    settings: Mapping[str, Quantity],
    free: Mapping[str, Quantity],
) -> tuple[dict[str, Quantity], pd.DataFrame]:
    """The free quantities by least squares in standard errors, on a log scale; and the correlation of their logs.

    Their ranges are 95% intervals from the curvature at the fit, widened where more is left over than the degrees of
    freedom explain, and cut at the bounds.
    """

    def errors_off(logs: np.ndarray) -> np.ndarray:
        values = dict(zip(free, np.exp(logs), strict=True))
        off: np.ndarray = compare(with_values(pathway, values), targets, settings)["errors_off"].to_numpy()
        return off

    start, low, high = (np.log([quantity.model_dump()[of] for quantity in free.values()]) for of in PRINTED[:3])
    found = optimize.least_squares(errors_off, start, bounds=(low, high), diff_step=np.full(len(free), STEP))
    freedom = len(targets) - len(free)
    slopes = np.asarray(found.jac, dtype=float)
    covariance = np.linalg.inv(slopes.T @ slopes) * max(1.0, 2 * found.cost / freedom)
    deviations = np.sqrt(np.diag(covariance))
    half = HALF_INTERVAL * deviations
    ranges = np.exp([found.x, np.maximum(found.x - half, low), np.minimum(found.x + half, high)])
    ids = sorted({target.evidence for target in targets.values() if target.evidence})
    note = f"fitted to {', '.join(ids)} by calibration/natural_history.py"
    fitted = {}
    for (name, quantity), numbers in zip(free.items(), ranges.T, strict=True):
        body = dict(zip(PRINTED[:3], (float(f"{number:.3g}") for number in numbers), strict=True))
        distribution = "beta" if quantity.unit == "share" else "lognormal"
        fitted[name] = Quantity.model_validate(
            {**quantity.model_dump(), **body, "distribution": distribution, "note": note}
        )
    correlation = covariance / np.outer(deviations, deviations)
    return fitted, pd.DataFrame(correlation, index=list(free), columns=list(free))


def as_toml(name: str, quantity: Quantity) -> str:
    """One quantity as it stands in a quantities file.

    >>> print(as_toml("wait", Quantity(value=5, low=1, high=14, unit="days", source="ours", grade="assumed")))
    [wait]
    value = 5.0
    low = 1.0
    high = 14.0
    unit = "days"
    source = "ours"
    grade = "assumed"
    """
    body: dict[str, Any] = quantity.model_dump(exclude_none=True)
    return "\n".join([f"[{name}]", *(f"{key} = {json.dumps(body[key])}" for key in PRINTED if key in body)])


def main(arguments: list[str]) -> None:
    """Prints the comparison for a pathway; with `--fit` refits first and prints what was fitted."""
    pathway, targets, settings = load_pathway(arguments[0]), read_targets(), read_quantities("settings")
    if "--fit" in arguments:
        fitted, correlation = fit(pathway, targets, settings, read_quantities("free"))
        print("\n\n".join(as_toml(name, quantity) for name, quantity in fitted.items()))
        print(f"\nCorrelation of the logs\n{correlation.round(2).to_string()}\n")
        pathway = replace(pathway, quantities={**pathway.quantities, **fitted})
    print(compare(pathway, targets, settings).to_string(float_format="{:.3g}".format))


if __name__ == "__main__":
    main(sys.argv[1:])
