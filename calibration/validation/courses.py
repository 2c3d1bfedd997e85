"""How back pain runs: cohorts, and what happens to the people in them. Pure functions of the tables of `observed`.

A cohort has one row per person followed: patient, day (from which), weeks_ill (how old the episode is then).
What stands before the star are tables, what stands after it says which figure is meant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR

WELL = "well"
BAD = ("moderate", "severe")
MONTHS_FOLLOWED = 6
MONTH_DAYS = DAYS_IN_A_YEAR / 12
"""Of courses that were asked for month by month."""

FAR = 1e6
"""More days than any run has: keeps the days of one patient apart from the next one's."""


# cohorts


def new_episodes(
    people: pd.DataFrame,
    spells: pd.DataFrame,
    referrals: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    kinds: Sequence[str],
    age_from: int,
    follow_up_days: float,
) -> pd.DataFrame:
    """People whose illness begins in the measured years and whose own first step is to one of `services`.

    >>> people = pd.DataFrame({"age": [40, 40], "symptom_class": "nonspecific", "onset_day": [3.0, 5.0], "new": True})
    >>> steps = pd.DataFrame({"patient": [0, 1], "day": [3.0, 5.0], "service": ["gp", "private"], "came_from": "entry"})
    >>> new_episodes(people, _course((0, "mild", 3, 9), (1, "mild", 5, 9)), steps, 9,
    ...              services=["gp"], kinds=["nonspecific"], age_from=18, follow_up_days=0)["patient"].tolist()
    [0]
    """
    own = referrals[(referrals["came_from"] == "entry") & referrals["service"].isin(services)]
    who = people[people["new"] & people["symptom_class"].isin(kinds) & (people["age"] >= age_from)]
    chosen = own[own["patient"].isin(who.index)]
    chosen = chosen[chosen["day"].to_numpy() == who["onset_day"].loc[chosen["patient"]].to_numpy()]
    return _cohort(spells, chosen, days - follow_up_days)


def consultations(
    people: pd.DataFrame,
    spells: pd.DataFrame,
    contacts: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    kinds: Sequence[str],
    age_from: int,
    weeks_from: float,
    weeks_to: float,
    follow_up_days: float,
) -> pd.DataFrame:
    """People in pain who are seen at one of `services` with an episode of that age: each one's first such visit of a year.

    >>> people = pd.DataFrame({"age": [40], "symptom_class": "nonspecific"})
    >>> visits = pd.DataFrame({"patient": 0, "day": [10.0, 100.0, 120.0], "service": "gp"})
    >>> consultations(people, _course((0, "mild", 0, 400)), visits, 400, services=["gp"], kinds=["nonspecific"],
    ...               age_from=18, weeks_from=12, weeks_to=52, follow_up_days=0)["day"].tolist()
    [100.0]
    """
    who = people.index[people["symptom_class"].isin(kinds) & (people["age"] >= age_from)]
    seen = contacts[contacts["service"].isin(services) & contacts["patient"].isin(who)]
    found = _cohort(spells, seen, days - follow_up_days)
    ill = state_on(spells, found["patient"], found["day"]) != WELL
    found = found[ill & (found["weeks_ill"] >= weeks_from) & (found["weeks_ill"] < weeks_to)]
    return _first(found.assign(year=found["day"] // DAYS_IN_A_YEAR), ["patient", "year"]).drop(columns="year")


def first_visits(
    people: pd.DataFrame,
    spells: pd.DataFrame,
    contacts: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    age_from: int,
    age_to: int,
    follow_up_days: float,
) -> pd.DataFrame:
    """People who fell ill in the measured years, from their first visit to one of `services`.

    >>> people = pd.DataFrame({"age": [40, 80], "onset_day": 1.0, "new": True})
    >>> visits = pd.DataFrame({"patient": [0, 0, 1], "day": [4.0, 8.0, 4.0], "service": "gp"})
    >>> first_visits(people, _course((0, "mild", 1, 9), (1, "mild", 1, 9)), visits, 9, services=["gp"], age_from=18,
    ...              age_to=75, follow_up_days=0)["day"].tolist()
    [4.0]
    """
    who = people.index[people["new"] & (people["onset_day"] >= 0) & people["age"].between(age_from, age_to)]
    seen = contacts[contacts["service"].isin(services) & contacts["patient"].isin(who)]
    return _cohort(spells, _first(seen, ["patient"]), days - follow_up_days)


def recoveries(
    people: pd.DataFrame,
    spells: pd.DataFrame,
    days: float,
    *,
    kinds: Sequence[str],
    age_from: int,
    follow_up_days: float,
) -> pd.DataFrame:
    """People who fell ill during the run, from their first day without pain, where that is in the measured years.

    >>> people = pd.DataFrame({"age": [40], "symptom_class": "nonspecific", "new": True})
    >>> recoveries(people, _course((0, "mild", 1.0, 9.0), (0, "well", 9.0, 20.0)), 20, kinds=["nonspecific"], age_from=18,
    ...            follow_up_days=11)["day"].tolist()
    [9.0]
    """
    who = people.index[people["new"] & people["symptom_class"].isin(kinds) & (people["age"] >= age_from)]
    well = _first(spells[(spells["state"] == WELL) & spells["patient"].isin(who)], ["patient"])
    well = well[well["from_day"] >= 0].rename(columns={"from_day": "day"})
    return _cohort(spells, well, days - follow_up_days)


def _cohort(spells: pd.DataFrame, chosen: pd.DataFrame, last_day: float) -> pd.DataFrame:
    """Patients and days, up to the last that leaves room to follow them, with the age of the episode."""
    chosen = chosen[(chosen["day"] >= 0) & (chosen["day"] <= last_day)]
    at = _spell_at(spells, chosen["patient"], chosen["day"])
    began = spells["episode_day"].to_numpy()[at]
    return pd.DataFrame(
        {
            "patient": chosen["patient"].to_numpy(),
            "day": chosen["day"].to_numpy(),
            "weeks_ill": (chosen["day"].to_numpy() - began) / DAYS_IN_A_WEEK,
        }
    )


def _first(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The first row of each; the table is by patient and day."""
    return table.drop_duplicates(by)


# states


def _spell_at(spells: pd.DataFrame, patient: pd.Series, day: pd.Series) -> np.ndarray:
    """The row of `spells` in which each patient is on a day."""
    key = spells["patient"].to_numpy() * FAR + spells["from_day"].to_numpy()
    at: np.ndarray = np.searchsorted(key, patient.to_numpy() * FAR + day.to_numpy(), side="right") - 1
    return at


def state_on(spells: pd.DataFrame, patient: pd.Series, day: pd.Series) -> np.ndarray:
    """The state in which each patient is on a day.

    >>> spells = _course((0, "severe", 0, 5), (0, "well", 5, 9))
    >>> state_on(spells, pd.Series([0, 0]), pd.Series([4.9, 5.0])).tolist()
    ['severe', 'well']
    """
    states: np.ndarray = np.asarray(spells["state"].astype(object))[_spell_at(spells, patient, day)]
    return states


def days_until(spells: pd.DataFrame, cohort: pd.DataFrame, states: Sequence[str]) -> np.ndarray:
    """Days until each of a cohort is in one of the states; 0 for those who are, infinity where it is not seen.

    >>> days_until(_course((0, "mild", 0, 5), (0, "well", 5, 9)), _followed((0, 1.0)), ["well"]).tolist()
    [4.0]
    """
    reached = spells[spells["state"].isin(states)]
    ends = reached["patient"].to_numpy() * FAR + reached["to_day"].to_numpy()
    at = np.searchsorted(ends, cohort["patient"].to_numpy() * FAR + cohort["day"].to_numpy(), side="right")
    patient = np.append(reached["patient"].to_numpy(), -1)[at]
    begins = np.append(reached["from_day"].to_numpy(), np.inf)[at]
    after = np.maximum(begins - cohort["day"].to_numpy(), 0.0)
    return np.where(patient == cohort["patient"].to_numpy(), after, np.inf)


# measures


def mean_score(spells: pd.DataFrame, scores: pd.DataFrame, cohort: pd.DataFrame, *, score: str, weeks: float) -> float:
    """The mean pain or disability of a cohort so many weeks on.

    >>> scores = pd.DataFrame({"pain": [0, 20, 50, 80]}, index=["well", "mild", "moderate", "severe"])
    >>> spells = _course((0, "severe", 0, 5), (0, "well", 5, 9), (1, "mild", 0, 9))
    >>> cohort = _followed((0, 0.0), (1, 0.0))
    >>> mean_score(spells, scores, cohort, score="pain", weeks=0), mean_score(spells, scores, cohort, score="pain", weeks=1)
    (50.0, 10.0)
    """
    states = state_on(spells, cohort["patient"], cohort["day"] + DAYS_IN_A_WEEK * weeks)
    return float(scores[score].loc[states].mean()) if len(states) else float("nan")


def share_reaching(spells: pd.DataFrame, cohort: pd.DataFrame, *, states: Sequence[str], within_days: float) -> float:
    """The percentage of a cohort who are in one of the states on some day of those that follow.

    >>> spells = _course((0, "mild", 0, 5), (0, "well", 5, 9), (1, "mild", 0, 9))
    >>> share_reaching(spells, _followed((0, 0.0), (1, 0.0)), states=["well"], within_days=7)
    50.0
    """
    return _percent(days_until(spells, cohort, states) <= within_days)


def median_days_to_reach(
    spells: pd.DataFrame, cohort: pd.DataFrame, *, states: Sequence[str], within_days: float
) -> float:
    """Days until half of a cohort have been in one of the states; NaN where it takes more than `within_days`.

    >>> spells = _course((0, "mild", 0, 5), (0, "well", 5, 9), (1, "mild", 0, 7), (1, "well", 7, 9), (2, "mild", 0, 9))
    >>> median_days_to_reach(spells, _followed((0, 0.0), (1, 0.0), (2, 0.0)), states=["well"], within_days=9)
    7.0
    """
    reached = np.sort(days_until(spells, cohort, states))
    half = reached[(len(reached) - 1) // 2] if len(reached) else np.inf
    return float(half) if half <= within_days else float("nan")


def share_in(spells: pd.DataFrame, cohort: pd.DataFrame, *, states: Sequence[str], weeks: float) -> float:
    """The percentage of a cohort who are in one of the states so many weeks on.

    >>> spells = _course((0, "well", 0, 5), (0, "mild", 5, 9))
    >>> share_in(spells, _followed((0, 0.0)), states=["well"], weeks=0), share_in(spells, _followed((0, 0.0)), states=["well"], weeks=1)
    (100.0, 0.0)
    """
    return _percent(np.isin(state_on(spells, cohort["patient"], cohort["day"] + DAYS_IN_A_WEEK * weeks), states))


def share_ill_for(cohort: pd.DataFrame, *, weeks: float) -> float:
    """The percentage of a cohort whose episode is at least so many weeks old.

    >>> share_ill_for(pd.DataFrame({"weeks_ill": [1.0, 13.0, 30.0, 2.0]}), weeks=13)
    50.0
    """
    return _percent(cohort["weeks_ill"].to_numpy() >= weeks)


def share_on_course(spells: pd.DataFrame, cohort: pd.DataFrame, *, course: str) -> float:
    """The percentage of a cohort on one of four courses over six months (see `courses_of`).

    >>> share_on_course(_course((0, "severe", 0, 400)), _followed((0, 0.0)), course="severe")
    100.0
    """
    months = [cohort["day"] + MONTH_DAYS * month for month in range(1, MONTHS_FOLLOWED + 1)]
    states = np.array([state_on(spells, cohort["patient"], day) for day in months], dtype=object)
    return _percent(courses_of(states.T) == course)


def courses_of(states: np.ndarray) -> np.ndarray:
    """Which of four courses each person's states of six months are; `states` has shape (people, months).

    Recovering: without pain at the last two. Severe: moderate or severe pain at all or all but one. Fluctuating:
    the line between mild and moderate is crossed at least twice. Persistent mild: all else.

    >>> courses_of(np.array([["severe", "mild", "mild", "mild", "well", "well"], 5 * ["moderate"] + ["mild"]])).tolist()
    ['recovering', 'severe']
    >>> courses_of(np.array([["mild", "severe", "mild", "mild", "mild", "mild"], 6 * ["mild"]])).tolist()
    ['fluctuating', 'persistent mild']
    """
    bad = np.isin(states, BAD)
    crossings = (bad[:, 1:] != bad[:, :-1]).sum(axis=1)
    conditions = [
        (states[:, -2:] == WELL).all(axis=1),
        bad.sum(axis=1) >= states.shape[1] - 1,
        crossings >= 2,
    ]
    return np.select(conditions, ["recovering", "severe", "fluctuating"], "persistent mild")


def qalys_lost(spells: pd.DataFrame, people: pd.DataFrame, cohort: pd.DataFrame, *, weeks: float) -> float:
    """QALYs that a person of a cohort loses to pain, on average, over so many weeks.

    >>> people = pd.DataFrame({"lost_mild": [0.1], "lost_moderate": [0.2], "lost_severe": [0.4]})
    >>> spells = _course((0, "severe", 0, 73), (0, "well", 73, 365))
    >>> round(qalys_lost(spells, people, _followed((0, 0.0)), weeks=365 / 7), 3)
    0.08
    """
    if not len(cohort):
        return float("nan")
    lived = cohort.rename(columns={"day": "start"}).merge(spells[spells["state"] != WELL], on="patient")
    end = lived["start"] + DAYS_IN_A_WEEK * weeks
    days = np.minimum(lived["to_day"], end) - np.maximum(lived["from_day"], lived["start"])
    lost = np.zeros(len(lived))
    for state in ("mild", "moderate", "severe"):
        chosen = (lived["state"] == state).to_numpy()
        lost[chosen] = people[f"lost_{state}"].loc[lived["patient"][chosen]]
    return float((lost * np.maximum(days, 0.0)).sum() / DAYS_IN_A_YEAR / len(cohort))


def _percent(holds: np.ndarray) -> float:
    return 100.0 * float(holds.mean()) if len(holds) else float("nan")


# for the examples above


def _course(*spells: tuple[int, str, float, float]) -> pd.DataFrame:
    """Spells of a single episode each: patient, state, from, to."""
    table = pd.DataFrame(spells, columns=["patient", "state", "from_day", "to_day"])
    return table.assign(episode_day=table.groupby("patient")["from_day"].transform("min"))


def _followed(*people: tuple[int, float]) -> pd.DataFrame:
    """A cohort of patients and days."""
    return pd.DataFrame(people, columns=["patient", "day"])
