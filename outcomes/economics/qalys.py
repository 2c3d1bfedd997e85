"""Quality-adjusted life years from time lived in states of health."""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes.arrays import checked, checked_rate
from outcomes.economics.discounting import discount_flow, discount_instant
from outcomes.policy_values import policy_value
from outcomes.table_rules import SHOWN, Rules, as_numbers, hidden_hint, hold

LOWEST, HIGHEST = -0.594, 1.0
"""The range of utilities (EQ-5D-3L, UK value set)."""


def qalys_of_time(time_in_state: pd.DataFrame) -> pd.DataFrame:
    """QALYs by row: years lived, times the utility of a year.

    `time_in_state` has columns `person_years` and `utility`, and whatever else. Returns it with a column `qalys`.
    A utility that is missing or outside -0.594 to 1, and time that is missing or below 0, raise ValueError, naming the
    first such rows.

    >>> time = pd.DataFrame({"state": ["well", "mild"], "utility": [0.9, 0.8], "person_years": [10.0, 2.0]})
    >>> qalys_of_time(time)["qalys"].tolist()
    [9.0, 1.6]
    """
    utility, years = (as_numbers(time_in_state[column]) for column in ("utility", "person_years"))
    for column, bad, rule in (
        ("utility", ~((utility >= LOWEST) & (utility <= HIGHEST)), f"utilities run from {LOWEST} to {HIGHEST:g}"),
        ("person_years", ~((years >= 0) & np.isfinite(years)), "time lived is a number from 0"),
    ):
        if bad.any():
            wrong = time_in_state[column][bad]
            shown = (f"row {row}: {'missing' if value is pd.NA else value}" for row, value in wrong.head(SHOWN).items())
            raise ValueError(f"{column}: {', '.join(shown)}; {rule}{hidden_hint(wrong)}")
    return time_in_state.assign(qalys=utility * years)


def qalys_over_time(health: pd.DataFrame, gains: pd.DataFrame | None = None, *, discount_rate: float) -> pd.DataFrame:
    """Discounted QALYs of each person whose utility stays the same between events.

    `health`: one row per person and stretch of time: `patient_id`, `start` and `end` (years from the start of the model)
    and `utility`. Stretches of one person must not overlap; what lies between them counts nothing, as after a death.
    `gains`, if any: one row per one-off gain or loss: `patient_id`, `t` and `qaly`. A stretch counts
    utility x (e^(-d start) - e^(-d end)) / d with d = ln(1 + rate), or utility x years at a rate of 0; a gain counts
    qaly x (1 + rate)^-t. Returns one row per person, in order of appearance: `patient_id`, `qaly` and `discount_qaly`,
    the rate. Everything wrong with the tables is raised at once (`BadTable`).

    >>> health = pd.DataFrame({"patient_id": [1, 1, 2], "start": [0, 2, 0], "end": [2, 3, 1], "utility": [0.5, 1.0, 0.5]})
    >>> gains = pd.DataFrame({"patient_id": [2], "t": [0.5], "qaly": [-0.5]})
    >>> qalys_over_time(health, gains, discount_rate=0)
       patient_id  qaly  discount_qaly
    0           1   2.0            0.0
    1           2   0.0            0.0
    """
    given = pd.DataFrame({"patient_id": [], "t": [], "qaly": []}) if gains is None else gains
    hold(_health_rules(health), _gain_rules(given, health))
    rate = checked_rate(discount_rate)
    lived = discount_flow(health["utility"], health["start"], health["end"], annual_rate=rate)
    once = discount_instant(given["qaly"], given["t"], annual_rate=rate)
    found = pd.Series(lived, dtype=float).groupby(health["patient_id"].to_numpy(), sort=False).sum()
    extra = pd.Series(once, dtype=float).groupby(given["patient_id"].to_numpy()).sum()
    total = found + extra.reindex(found.index, fill_value=0.0)
    return pd.DataFrame({"patient_id": found.index, "qaly": total.to_numpy(), "discount_qaly": rate})


def implausible_gain(
    *, qalys_gained: float, treated_person_years: float, treatment: str = "The treatment"
) -> str | None:
    """A warning where a treatment is said to gain more than trials let one believe; None where it is not.

    `qalys_gained` is the sum over the treated, undiscounted, and `treated_person_years` the time over which they gained
    it. The policy value `implausible_gain` says how much is too much.

    >>> print(implausible_gain(qalys_gained=265, treated_person_years=1000, treatment="Triage"))
    Triage gains 0.265 QALYs per treated person and year; above 0.15, check over how many years, and against whom.
    >>> implausible_gain(qalys_gained=50, treated_person_years=1000) is None
    True
    """
    years = float(checked("treated_person_years", treated_person_years, low=0))
    gained = float(checked("qalys_gained", qalys_gained))
    limit = policy_value("implausible_gain")
    if gained <= limit * years:
        return None
    if years == 0:
        return f"{treatment} gains {gained:.3g} QALYs in no time at all. Check over how many years it is gained."
    return (
        f"{treatment} gains {gained / years:.3g} QALYs per treated person and year; above {limit:g}, "
        "check over how many years, and against whom."
    )


def _health_rules(health: pd.DataFrame) -> Rules:
    """What the table of stretches must keep: known times, utilities within their range, nobody counted twice."""
    rules = Rules("health", health)
    if not rules.has("patient_id", "start", "end", "utility"):
        return rules
    rules.rows(health["patient_id"].isna(), "patient_id", "say who it is")
    rules.numbers("start", "end", low=0)
    rules.numbers("utility", low=LOWEST, high=HIGHEST)
    if not rules.problems:
        rules.rows(health["end"] < health["start"], ["start", "end"], "a stretch ends after it starts")
        ordered = health.sort_values(["patient_id", "start", "end"], kind="stable")
        furthest = ordered.groupby("patient_id")["end"].cummax().groupby(ordered["patient_id"]).shift()
        overlap = (ordered["start"] < furthest).reindex(health.index)
        columns = ["patient_id", "start", "end"]
        rules.rows(overlap, columns, "this person's time is counted already: stretches must not overlap")
    return rules


def _gain_rules(gains: pd.DataFrame, health: pd.DataFrame) -> Rules:
    """What the table of one-off gains must keep."""
    rules = Rules("gains", gains)
    rules.has("patient_id", "t", "qaly")
    rules.numbers("t", low=0)
    rules.numbers("qaly")
    if "patient_id" in health:
        rules.among("patient_id", set(health["patient_id"]), rule="health has no row for this person")
    return rules
