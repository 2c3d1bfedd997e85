"""The clock from referral to treatment: who still waits and how long, and how long those waited whose clock has stopped."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.journeys.event_order import (
    among,
    days_before,
    is_kind,
    last_day,
    listed_before,
    named,
    ordered_events,
    spells,
    spells_of_care,
)
from outcomes.lengths_of_time import DAYS_IN_A_WEEK, WEEKS_OF_A_LIST
from outcomes.table_rules import BadTable

KINDS = ("referral", "joined", "seen", "gave_up", "discharge", "decision_not_to_treat")
STANDARD_WEEKS = 18
"""The standard of the NHS constitution: treated within so many weeks of referral."""
MOST_WEEKS = WEEKS_OF_A_LIST
"""Longer waits stand in one row."""
TOLD = (
    "completed", "completed_share_within_18_weeks", "completed_median_weeks", "completed_p92_weeks",
    "incomplete", "share_within_18_weeks", "median_weeks", "p92_weeks",
)  # fmt: skip
"""What is told of clocks in one row."""


@dataclass(frozen=True)
class ReferralToTreatment:
    """Clocks of referral to treatment on a snapshot day.

    - `clocks`: one row per clock: `patient`, `service` referred to, `start_day`, `stop_day` (NaN while it runs), `stopped_by`
      (treatment, gave_up, discharge, decision_not_to_treat; missing while it runs), `weeks` waited until it stopped or so far.
    - `incomplete_by_week`: people whose clock runs, by `weeks_waited`: 0 for less than one week … 52 for 52 and over.
    - `incomplete`: how many; of them `share_within_18_weeks`, `median_weeks` and `p92_weeks` so far.
    - `completed`: how many were stopped by treatment; `completed_share_within_18_weeks`, `completed_median_weeks` and
      `completed_p92_weeks`.
    - `stopped_otherwise`: how many ended without treatment.

    Shares and medians of nobody are NaN.
    """

    clocks: pd.DataFrame
    incomplete_by_week: pd.DataFrame
    incomplete: int
    share_within_18_weeks: float
    median_weeks: float
    p92_weeks: float
    completed: int
    completed_share_within_18_weeks: float
    completed_median_weeks: float
    completed_p92_weeks: float
    stopped_otherwise: int
    snapshot_day: float

    def table(self) -> pd.DataFrame:
        """Those who were treated and those who still wait, as one row."""
        return pd.DataFrame({name: [getattr(self, name)] for name in TOLD})


def referral_to_treatment(
    events: pd.DataFrame,
    *,
    consultant_led: Collection[str],
    treatments: Collection[str],
    snapshot_day: float | None = None,
    from_day: float | None = None,
) -> ReferralToTreatment:
    """The clock that starts at referral to a consultant-led service and stops at first treatment or a decision not to treat.

    `events`: one row per event, with `patient`, `day`, `kind` and `service` (and `value`). `consultant_led` names the
    services to which a referral starts a clock; `treatments` those where being seen is treatment (therapy, injection,
    surgery; not a scan or an assessment). Discharge, giving up the wait for one of these services, and events of the
    kind "decision_not_to_treat" stop it as well. A person has one clock at a time: referrals from one consultant-led
    service to another do not start it again. Who joined a consultant-led list without a referral has waited since they
    joined, and the days in `value` before, as in `wait_spells`. What happens after `snapshot_day` (that of the last
    event unless given) is not looked at.
    Raises `BadTable` for events that are wrong, and where `treatments` or `consultant_led` name nothing.

    >>> events = pd.DataFrame({"patient": [1, 1, 1, 2], "day": [0, 20, 70, 7],
    ...                        "kind": ["referral", "seen", "seen", "referral"],
    ...                        "service": ["clinic", "clinic", "surgery", "clinic"]})
    >>> rtt = referral_to_treatment(events, consultant_led=["clinic"], treatments=["surgery"])
    >>> rtt.completed, rtt.completed_median_weeks, rtt.incomplete, rtt.median_weeks
    (1, 10.0, 1, 9.0)
    """
    end = last_day(events, snapshot_day)
    clocks = clocks_of(events, consultant_led=consultant_led, treatments=treatments, end_day=end, from_day=from_day)
    runs = clocks["stop_day"].isna().to_numpy()
    weeks = clocks["weeks"].to_numpy()
    completed = (clocks["stopped_by"] == "treatment").to_numpy(dtype=bool)
    so_far, until_treated = _of(weeks[runs]), _of(weeks[completed])
    by_week = np.bincount(np.minimum(weeks[runs], MOST_WEEKS).astype(int), minlength=MOST_WEEKS + 1)
    return ReferralToTreatment(
        clocks=clocks,
        incomplete_by_week=pd.DataFrame({"weeks_waited": range(MOST_WEEKS + 1), "people": by_week}),
        incomplete=int(runs.sum()),
        share_within_18_weeks=so_far[0],
        median_weeks=so_far[1],
        p92_weeks=so_far[2],
        completed=int(completed.sum()),
        completed_share_within_18_weeks=until_treated[0],
        completed_median_weeks=until_treated[1],
        completed_p92_weeks=until_treated[2],
        stopped_otherwise=int(len(clocks) - runs.sum() - completed.sum()),
        snapshot_day=end,
    )


def clocks_of(
    events: pd.DataFrame,
    *,
    consultant_led: Collection[str],
    treatments: Collection[str],
    end_day: float | None = None,
    from_day: float | None = None,
) -> pd.DataFrame:
    """The `clocks` of `referral_to_treatment`, and nothing else: those of a whole log serve snapshots on any day.

    A clock ran at the end of a day that started on it or before, and that had not stopped by then.

    >>> events = pd.DataFrame({"patient": [1, 1], "day": [0, 70], "kind": ["referral", "seen"],
    ...                        "service": ["clinic", "surgery"]})
    >>> clocks = clocks_of(events, consultant_led=["clinic"], treatments=["surgery"])
    >>> clocks[["start_day", "stop_day"]].to_numpy().tolist()
    [[0.0, 70.0]]
    """
    problems = [
        f"{name}: no service is named; without one no clock {verb}"
        for name, services, verb in (("consultant_led", consultant_led, "starts"), ("treatments", treatments, "stops"))
        if not len(services)
    ]
    if problems:
        raise BadTable(problems)
    table = ordered_events(events, KINDS, also=["value"])
    patients, end = table.attrs["patients"], last_day(events, end_day)
    table = table[table["day"] <= end]
    led, treats = (among(table["service"], names) for names in (consultant_led, treatments))
    treated, gave_up = is_kind(table, "seen") & treats, is_kind(table, "gave_up") & (led | treats)
    refused, discharged = is_kind(table, "decision_not_to_treat"), is_kind(table, "discharge")
    patient, day = table["patient"].to_numpy(), table["day"].to_numpy()
    listed = listed_before(table, spells_of_care(patient, discharged)) & led
    starts = (is_kind(table, "referral") & led) | listed
    first, last = spells(patient, starts, treated | gave_up | refused | discharged)
    if from_day is not None:
        first, last = first[day[first] >= from_day], last[day[first] >= from_day]
    runs = last < 0
    reasons = np.select([treated[last], gave_up[last], refused[last]], [0, 1, 2], 3)
    start_day, stop_day = (day - days_before(table, listed))[first], np.where(runs, np.nan, day[last])
    return pd.DataFrame(
        {
            "patient": patients[patient[first]],
            "service": table["service"].array[first],
            "start_day": start_day,
            "stop_day": stop_day,
            "stopped_by": named(np.where(runs, -1, reasons), STOPPED_BY),
            "weeks": (np.where(runs, end, stop_day) - start_day) / DAYS_IN_A_WEEK,
        }
    )


STOPPED_BY = ("treatment", "gave_up", "decision_not_to_treat", "discharge")
"""What stops a clock."""


def _of(weeks: np.ndarray) -> tuple[float, float, float]:
    """The share within the standard, the median and the 92nd percentile."""
    if not len(weeks):
        return float("nan"), float("nan"), float("nan")
    median, high = np.percentile(weeks, [50, 92]).tolist()
    return float((weeks <= STANDARD_WEEKS).mean()), median, high
