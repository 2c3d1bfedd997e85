"""Waiting: how long people wait to be seen, how many are on each list. Those who still wait count as well.

The clock from referral to treatment is told in `outcomes.journeys.referral_to_treatment`, the kinds of events in
`outcomes.journeys.event_order`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes.journeys.event_order import (
    days_before,
    is_kind,
    last_day,
    listed_before,
    meanwhile,
    named,
    numbered_runs,
    ordered_events,
    spells,
    spells_of_care,
)
from outcomes.journeys.groups import groups_of
from outcomes.lengths_of_time import DAYS_IN_A_WEEK, WEEKS_OF_A_LIST
from outcomes.table_rules import Rules

OUTCOMES = ("seen", "gave_up", "discharge", "waiting")
SEEN, GAVE_UP, DISCHARGED, WAITING = range(4)
KINDS = ("referral", "joined", "seen", "gave_up", "discharge")
PERCENTILES = (50, 75, 90, 92, 95)
"""Percentiles that are reported: the median, and what NHS statistics and planners ask for."""
WEEKS = (2, 6, 18, WEEKS_OF_A_LIST)
"""Waits are reported within so many weeks: two-week promises, six for tests, eighteen from referral to treatment, a year."""
YEAR_DAYS = WEEKS_OF_A_LIST * DAYS_IN_A_WEEK
"""Mean waits count nobody for longer: 52 weeks from joining."""
ROUNDING = 1e-12
"""How far a share may fall short of one that it reaches but for the rounding of numbers."""
Curve = tuple[np.ndarray, np.ndarray]
"""Lengths of time in days, and the share that had ended by each."""


def wait_spells(events: pd.DataFrame, *, end_day: float | None = None) -> pd.DataFrame:
    """Every wait, from referral to being seen: one row each.

    `events`: one row per event, with `patient`, `day`, `kind` and `service` (and `value`). Columns of the result:
    `patient`, `service`, `start_day`, `end_day`, `outcome` (seen, gave_up, discharge, or waiting at `end_day`, the day
    of the last event unless given), `days` and, of them, `days_before` anybody watched. A second referral to a service
    for which the person waits already begins no new wait; who joined a list without a referral has waited since they
    joined, and the days in `value` before. A visit with `detail` 0, where there is that column, is one made while
    waiting, and ends no wait. What happens after `end_day` is not looked at. Raises `BadTable` with everything that is
    wrong with the events.

    >>> events = pd.DataFrame({"patient": [1, 1, 2], "day": [0, 30, 10], "kind": ["referral", "seen", "referral"],
    ...                        "service": ["physio"] * 3})
    >>> wait_spells(events)[["patient", "outcome", "days"]].to_numpy().tolist()
    [[1, 'seen', 30.0], [2, 'waiting', 20.0]]
    """
    table = ordered_events(events, KINDS, also=["value", "detail"])
    patients, end = table.attrs["patients"], last_day(events, end_day)
    table = table[table["day"] <= end]
    patient, day, service = table["patient"].to_numpy(), table["day"].to_numpy(), table["service"].cat.codes.to_numpy()
    discharged = is_kind(table, "discharge")
    care = spells_of_care(patient, discharged)
    until = np.full(care.max(initial=-1) + 1, np.nan)
    until[care[discharged]] = day[discharged]
    rows = np.flatnonzero(~discharged)
    rows = rows[np.lexsort((service[rows], care[rows]))]
    group = numbered_runs(care[rows], service[rows])
    listed = listed_before(table, care)
    starts, gave_up = (is_kind(table, "referral") | listed)[rows], is_kind(table, "gave_up")[rows]
    seen = is_kind(table, "seen") & ~meanwhile(table)
    first, last = spells(group, starts, gave_up | seen[rows])
    begin, left = rows[first], until[care[rows[first]]]
    waiting = (last < 0) & np.isnan(left)
    outcome = np.select([waiting, last < 0, gave_up[last]], [WAITING, DISCHARGED, GAVE_UP], SEEN)
    before = days_before(table, listed)[begin]
    start_day = day[begin] - before
    stop_day = np.where(waiting, end, np.where(last < 0, left, day[rows[last]]))
    return pd.DataFrame(
        {
            "patient": patients[patient[begin]],
            "service": table["service"].array[begin],
            "start_day": start_day,
            "end_day": stop_day,
            "outcome": named(outcome, OUTCOMES),
            "days": stop_day - start_day,
            "days_before": before,
        }
    )


def waits(
    events: pd.DataFrame,
    *,
    end_day: float | None = None,
    from_day: float | None = None,
    people: pd.DataFrame | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """How long people wait, by service, and by what `people` says of them: those seen, and all with those still waiting.

    `events` as in `wait_spells`. With `by`, a column of `people` (one row per `patient`) such as the decile of
    deprivation, there is one row per service and value of it, "not known" where it is blank (`groups_of`). With `from_day`
    only waits count that began on that day or later, or were first seen in the data then. Columns, times in days:

    - `waits` begun, and how they ended: `seen`, `gave_up`, `discharged`, `still_waiting`;
    - `median_days`, `p75_days`, `p90_days`, `p92_days`, `p95_days` of those seen, and `share_within_2_weeks`, `_6_`, `_18_`,
      `_52_` of them, that day included (18 weeks are 126 days);
    - `all_median_days`, `all_p75_days` … and `all_share_within_2_weeks` …: the same with everybody else counted for as
      long as they waited (Kaplan-Meier); NaN where the data end before so many would have been seen. These are the ones
      to believe: the waits of those seen leave out the longest. Who had waited already when the data begin counts from
      then on alone: of them only those are known who had not been seen before;
    - `all_mean_days_within_52_weeks`: the mean with whoever waits longer counted as 52 weeks (`restricted_mean_days`). Where
      nobody was watched for so long, `all_share_within_52_weeks` is NaN, and the share last known is carried on;
    - `median_days_still_waiting` so far.

    >>> events = pd.DataFrame({"patient": [1, 1, 2], "day": [0, 30, 10], "kind": ["referral", "seen", "referral"],
    ...                        "service": ["physio"] * 3})
    >>> waits(events)[["service", "waits", "seen", "still_waiting", "median_days", "all_median_days"]]
      service  waits  seen  still_waiting  median_days  all_median_days
    0  physio      2     1              1         30.0             30.0
    """
    table = wait_spells(events, end_day=end_day)
    if from_day is not None:
        table = table[table["start_day"] + table["days_before"] >= from_day - ROUNDING].reset_index(drop=True)
    keys = ["service"]
    if people is not None and by is not None:
        rules = Rules("people", people)
        if rules.has("patient", by):
            rules.unique("patient")
            rules.problems += [
                f"people: there is no row for patient {name}; each patient who waits needs one"
                for name in table.loc[~table["patient"].isin(people["patient"]), "patient"].unique()[:1]
            ]
        rules.hold()
        table[by] = groups_of(table["patient"], people, by)
        keys.append(by)
    grouped = table.groupby(keys, observed=True)
    rows = [dict(zip(keys, name, strict=True)) | _summary(group) for name, group in grouped]
    return pd.DataFrame(rows, columns=[*keys, *_summary(table.head(0))])


def list_sizes(events: pd.DataFrame, *, end_day: float | None = None, start_day: float | None = None) -> pd.DataFrame:
    """People on each list at the end of each week: `week` from 0, `day` on which it ends, `service`, `waiting`.

    `events` as in `wait_spells`. Weeks are counted from `start_day` (unless given: 0, or the first day on which somebody
    waits where that is earlier), whole ones only. A person is on the list at the end of a week who was referred before
    it ended and was not yet seen then.

    >>> events = pd.DataFrame({"patient": [1, 1, 2], "day": [0, 10, 8], "kind": ["referral", "seen", "referral"],
    ...                        "service": ["physio"] * 3})
    >>> list_sizes(events, end_day=21)["waiting"].tolist()
    [1, 1, 1]
    """
    table = wait_spells(events, end_day=end_day)
    end = last_day(events, end_day)
    begin = min(0, float(table["start_day"].min())) if start_day is None else float(start_day)
    weeks = int((end - begin) // DAYS_IN_A_WEEK) if len(table) else 0
    services = table["service"].cat.remove_unused_categories()
    size, codes = (weeks + 1) * len(services.cat.categories), services.cat.codes.to_numpy().astype(np.int64)

    def week_of(column: str) -> np.ndarray:
        return np.clip((table[column].to_numpy() - begin) // DAYS_IN_A_WEEK, 0, weeks).astype(np.int64)

    stops = np.where(table["outcome"] == "waiting", weeks, week_of("end_day"))
    change = np.bincount(codes * (weeks + 1) + week_of("start_day"), minlength=size) - np.bincount(
        codes * (weeks + 1) + stops, minlength=size
    )
    waiting = change.reshape(-1, weeks + 1).cumsum(axis=1)[:, :weeks]
    return pd.DataFrame(
        {
            "week": np.tile(np.arange(weeks), len(waiting)),
            "day": np.tile(begin + DAYS_IN_A_WEEK * np.arange(1, weeks + 1), len(waiting)),
            "service": np.repeat(services.cat.categories.to_numpy(), weeks),
            "waiting": waiting.ravel(),
        }
    )


def share_seen(seen: np.ndarray, unseen: np.ndarray, later: np.ndarray | int = 0) -> np.ndarray:
    """The share seen by each of the days, all others counted for as long as they were watched; shape (..., days).

    `seen` and `unseen` are people by how long they waited: those who were seen then, and those who were watched for so
    long and not seen (they gave up, were discharged, or still wait). NaN once nobody is watched any longer, unless
    everybody had been seen by then. `later` are people not yet watched on each of the days, who had waited longer when
    the data begin (delayed entry). Method: Kaplan and Meier 1958; who is watched for as long as another's end counts as
    watched until after it. This is the one definition: `waits`, the simulation's tables and its comparisons all use it.

    >>> share_seen(np.array([0, 1, 0, 1, 0, 0]), np.array([0, 0, 1, 0, 1, 0]))
    array([0.   , 0.25 , 0.25 , 0.625, 0.625,   nan])
    """
    there = np.cumsum((seen + unseen)[..., ::-1], axis=-1)[..., ::-1] - later
    still = np.cumprod(1 - seen / np.maximum(there, 1), axis=-1)
    watched = (there > 0) | ((still == 0) & (there[..., :1] > 0))
    return np.where(watched, 1 - still, np.nan)


def day_by_which(reached: np.ndarray, days: np.ndarray, share: float) -> np.ndarray:
    """The first of the days by which a share has been seen; NaN where so many are not reached.

    `reached` as `share_seen` gives it, shape (..., days); `days` in rising order.

    >>> day_by_which(np.array([0.0, 0.25, 0.625]), np.array([0, 7, 14]), 0.5)
    array(14.)
    """
    enough = np.nan_to_num(reached) >= share - ROUNDING
    return np.where(enough.any(axis=-1), np.asarray(days, dtype=float)[enough.argmax(axis=-1)], np.nan)


def restricted_mean_days(reached: np.ndarray, days: np.ndarray, *, within: float) -> np.ndarray:
    """Mean days waited within the first so many, those still waiting counted: the area above the share seen.

    Who waits longer counts with `within`. Where nobody is watched for so long, the last share known is carried on, as if
    nobody else were seen before then: see `watched_days`. NaN without anybody. `reached` and `days` as in `day_by_which`.

    >>> half = share_seen(np.array([0, 1, 0]), np.array([0, 0, 1]))  # one is seen after 10 days, one watched for 20
    >>> restricted_mean_days(half, np.array([0, 10, 20]), within=364)
    array(187.)
    """
    if not reached.shape[-1]:
        return np.full(reached.shape[:-1], np.nan)
    edges = np.clip(np.concatenate([np.asarray(days, dtype=float), [np.inf]]), 0, within)
    waiting = 1 - np.maximum.accumulate(np.nan_to_num(reached), axis=-1)
    area = edges[0] + (waiting * np.diff(edges)).sum(axis=-1)
    return np.where(np.isnan(reached[..., 0]), np.nan, area)


def watched_days(reached: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The longest that anybody was watched; infinite where everybody was seen, so that nothing is left to know.

    `reached` and `days` as in `day_by_which`. NaN without anybody.

    >>> watched_days(np.array([[0.0, 0.5, np.nan], [0.5, 1.0, 1.0]]), np.array([0, 10, 20])).tolist()
    [10.0, inf]
    """
    known = ~np.isnan(reached)
    last = np.asarray(days, dtype=float)[np.maximum(known.sum(axis=-1) - 1, 0)]
    everybody = (np.nan_to_num(reached) == 1).any(axis=-1)
    return np.where(known.any(axis=-1), np.where(everybody, np.inf, last), np.nan)


def days_by_which(days: np.ndarray, ended: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The days by which these shares have ended, those who have not counted for as long as they were watched.

    `days` and `ended` are by person. NaN where so many are not reached. Method: `share_seen`.

    >>> days_by_which(np.array([10.0, 20, 30, 40]), np.array([True, False, True, False]), np.array([0.25, 0.5, 0.75]))
    array([10., 30., nan])
    """
    return _days_on(_curve(days, ended), shares)


def _days_on(curve: Curve, shares: np.ndarray) -> np.ndarray:
    times, reached = curve
    return np.array([day_by_which(reached, times, share) if len(times) else np.nan for share in shares], dtype=float)


def _summary(table: pd.DataFrame) -> dict[str, float]:
    """One row of `waits`."""
    days, before, outcome = table["days"].to_numpy(), table["days_before"].to_numpy(), table["outcome"]
    seen = (outcome == "seen").to_numpy()
    row: dict[str, float] = {"waits": len(table)}
    for name, kind in zip(("seen", "gave_up", "discharged", "still_waiting"), OUTCOMES, strict=True):
        row[name] = int((outcome == kind).sum())
    names = ["median_days", *(f"p{percentile}_days" for percentile in PERCENTILES[1:])]
    shares = np.array(PERCENTILES) / 100
    found = np.quantile(days[seen], shares) if seen.any() else np.full(len(shares), np.nan)
    row |= dict(zip(names, found.tolist(), strict=True))
    for weeks in WEEKS:
        row[f"share_within_{weeks}_weeks"] = (
            float((days[seen] <= weeks * DAYS_IN_A_WEEK).mean()) if seen.any() else np.nan
        )
    curve = times, reached = _curve(days, seen, before)
    row |= dict(zip((f"all_{name}" for name in names), _days_on(curve, shares).tolist(), strict=True))
    for weeks in WEEKS:
        row[f"all_share_within_{weeks}_weeks"] = _share_on(curve, weeks * DAYS_IN_A_WEEK)
    row["all_mean_days_within_52_weeks"] = float(restricted_mean_days(reached, times, within=YEAR_DAYS))
    still = (outcome == "waiting").to_numpy()
    row["median_days_still_waiting"] = float(np.median(days[still])) if still.any() else np.nan
    return row


def share_ended_by(days: np.ndarray, ended: np.ndarray, limit: float) -> float:
    """The share that has ended within `limit` days, as `days_by_which` counts; NaN where nobody was watched so long.

    >>> share_ended_by(np.array([10.0, 20, 30, 40]), np.array([True, False, True, False]), 30)
    0.625
    """
    return _share_on(_curve(days, ended), limit)


def _share_on(curve: Curve, limit: float) -> float:
    times, reached = curve
    place = int(np.searchsorted(times, limit, side="right"))
    if not len(times) or (place == len(times) and times[-1] < limit and reached[-1] < 1):
        return float("nan")
    return float(reached[place - 1]) if place else 0.0


def _curve(days: np.ndarray, ended: np.ndarray, before: np.ndarray | float = 0.0) -> Curve:
    """Every length of time that anybody was watched, and the share that had ended by then.

    `days` and `ended` are by person, as is `before`, the days before anybody watched them.
    """
    times, place = np.unique(days, return_inverse=True)
    seen, unseen = (np.bincount(place[chosen], minlength=len(times)) for chosen in (ended, ~ended))
    began = np.sort(np.broadcast_to(before, days.shape))
    return times, share_seen(seen, unseen, later=len(began) - np.searchsorted(began, times, side="right"))
