"""People followed through events: their waits, the lists, referral to treatment and continuity of care, as tables together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from outcomes.journeys.continuity import continuity_by, continuity_of_care
from outcomes.journeys.referral_to_treatment import referral_to_treatment
from outcomes.journeys.waiting import list_sizes, waits

EVERYONE = "everyone"


@dataclass(frozen=True)
class Followed:
    """The tables of events, before small numbers are hidden in them; `by` is what people are compared by, if anything.

    `waits` as of `waits`, `lists` as of `list_sizes`, `continuity` as of `continuity_by`; `treatment` is one row with the
    numbers of `ReferralToTreatment`, None where no service starts or stops its clock.
    """

    waits: pd.DataFrame
    lists: pd.DataFrame
    continuity: pd.DataFrame
    treatment: pd.DataFrame | None
    by: str | None


def followed(
    events: pd.DataFrame,
    *,
    start_day: float,
    end_day: float,
    from_day: float | None = None,
    people: pd.DataFrame | None = None,
    by: str | None = None,
    consultant_led: Collection[str] = (),
    treatments: Collection[str] = (),
    reports_back: Collection[str] = (),
) -> Followed:
    """The tables of events that can have happened (`possible_events`), looked at from `start_day` to `end_day`.

    Waits, treatment and continuity are of what began on `from_day` or later, such as after a warm-up. `people` is a table
    of `patient` and the column `by` that they are compared by.

    >>> events = pd.DataFrame({"patient": [1, 1, 2], "day": [0, 20, 5], "kind": ["referral", "seen", "referral"],
    ...                        "service": "clinic"})
    >>> found = followed(events, start_day=0, end_day=30)
    >>> found.waits[["service", "waits", "still_waiting"]].to_numpy().tolist(), found.treatment
    ([['clinic', 2, 1]], None)
    """
    measured = events if from_day is None else events[events["day"] >= from_day]
    care = continuity_of_care(measured, reports_back=reports_back)
    if people is None or by is None:
        among, group = pd.DataFrame({"patient": care["patient"], "who": EVERYONE}), "who"
        waited = waits(events, end_day=end_day, from_day=from_day)
    else:
        among, group = people, by
        waited = waits(events, end_day=end_day, from_day=from_day, people=people, by=by)
    treatment = None
    if consultant_led and treatments:
        treatment = referral_to_treatment(
            events, consultant_led=consultant_led, treatments=treatments, snapshot_day=end_day, from_day=from_day
        ).table()
    lists = list_sizes(events, end_day=end_day, start_day=start_day)
    return Followed(waited, lists, continuity_by(care, among, by=group), treatment, None if people is None else by)
