"""Continuity of care, in the words of patients: how many people they saw, how often they were passed on or sent back,
and how long they were left without a plan.

Patients of a musculoskeletal service called their care fragmented, felt abandoned and left to fend for themselves. These
counts say how often that happens. The kinds of events are told in `outcomes.journeys.event_order`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from outcomes.journeys.event_order import is_kind, ordered_events, spells_of_care
from outcomes.journeys.groups import groups_of
from outcomes.table_rules import Rules, hold

KINDS = ("onset", "referral", "joined", "seen", "did_not_attend", "gave_up", "left", "discharge")
MEASURES = (
    "visits",
    "providers_seen",
    "services_seen",
    "hand_offs",
    "referrals",
    "referrals_bounced",
    "days_without_plan",
    "mean_gap_days",
    "longest_gap_days",
)


def continuity_of_care(events: pd.DataFrame, *, reports_back: Collection[str] = ()) -> pd.DataFrame:
    """One row per person with any care: `patient` and how joined up it was.

    `events`: one row per event, with `patient`, `day`, `kind` and `service`, and where known `site` and `detail` (of a
    referral: the service it comes from). Columns of the result:

    - `visits`, `providers_seen` (different sites; services where no site is known), `services_seen`;
    - `hand_offs`: visits to another provider than the visit before, within the same spell of care (up to a discharge);
    - `referrals`, and `referrals_bounced`: those that send a person back where the referral before had come from, after
      at most one visit. Services named in `reports_back` (scans, tests) are meant to send people back and do not count.
      NaN for tables without `detail`;
    - `days_without_plan`: days from a discharge, or from giving up a wait, until the person comes back with the same
      episode of pain (no `onset` lies between). Those who never come back count for nothing: nothing is known of them;
    - `mean_gap_days`, `longest_gap_days`: days between visits of the same spell of care; NaN for fewer than two.

    Raises `BadTable` with everything that is wrong with the events.

    >>> events = pd.DataFrame({"patient": [1] * 7, "day": [0, 5, 6, 40, 41, 60, 160], "kind":
    ...     ["referral", "seen", "referral", "seen", "referral", "discharge", "referral"], "service":
    ...     ["gp", "gp", "physio", "physio", "gp", "gp", "gp"], "detail": ["entry", None, "gp", None, "physio", None, "entry"]})
    >>> care = continuity_of_care(events).iloc[0]
    >>> care[["visits", "providers_seen", "hand_offs", "referrals_bounced", "days_without_plan"]].astype(int).tolist()
    [2, 2, 1, 1, 100]
    """
    table = ordered_events(events, KINDS, also=["site", "detail"])
    names, everyone = table.attrs["patients"], len(table.attrs["patients"])
    patient, day = table["patient"].to_numpy(), table["day"].to_numpy()
    seen, discharged, onset = is_kind(table, "seen"), is_kind(table, "discharge"), is_kind(table, "onset")
    spell = spells_of_care(patient, discharged)
    service = table["service"].cat.codes.to_numpy().astype(np.int64)
    provider = _providers(table, service)
    visits = np.flatnonzero(seen)
    same = np.append(False, spell[visits][1:] == spell[visits][:-1])[: len(visits)]
    gap = np.append(0, np.diff(day[visits]))[: len(visits)]
    passed_on = same & np.append(False, np.diff(provider[visits]) != 0)[: len(visits)]
    gaps = _count(patient[visits[same]], everyone)
    longest = np.full(everyone, np.nan)
    np.fmax.at(longest, patient[visits[same]], gap[same])
    referrals = np.flatnonzero(is_kind(table, "referral"))
    with np.errstate(invalid="ignore"):
        mean_gap = np.bincount(patient[visits[same]], weights=gap[same], minlength=everyone) / np.where(
            gaps > 0, gaps, np.nan
        )
    measures = {
        "visits": _count(patient[visits], everyone),
        "providers_seen": _different(patient[visits], provider[visits], everyone),
        "services_seen": _different(patient[visits], service[visits], everyone),
        "hand_offs": _count(patient[visits[passed_on]], everyone),
        "referrals": _count(patient[referrals], everyone),
        "referrals_bounced": _bounced(table, referrals, np.cumsum(seen), set(reports_back), everyone),
        "days_without_plan": _without_plan(patient, day, onset, discharged | is_kind(table, "gave_up"), everyone),
        "mean_gap_days": mean_gap,
        "longest_gap_days": longest,
    }
    cared_for = np.bincount(patient[~onset], minlength=everyone) > 0
    return pd.DataFrame({"patient": names, **measures})[cared_for].reset_index(drop=True)


def continuity_by(care: pd.DataFrame, people: pd.DataFrame, *, by: str = "decile") -> pd.DataFrame:
    """Means per person of what `continuity_of_care` returns, by a column of `people`, one row per `patient`.

    Columns: the one named by `by`, in rising order ("not known" for those of whom it is blank, `groups_of`), `patients`, and
    each measure; gaps are means over those who have any.
    `attrs["people_with_any"]` holds how many people of each group have any of each measure.
    Raises `BadTable` for patients who are not among the people, and people who are there twice.

    >>> care = pd.DataFrame({"patient": [1, 2], "visits": [2, 4], "hand_offs": [0, 1]})
    >>> continuity_by(care, pd.DataFrame({"patient": [1, 2], "decile": [1, 1]}))
       decile  patients  visits  hand_offs
    0       1         2     3.0        0.5
    """
    of_care, of_people = Rules("care", care), Rules("people", people)
    if of_people.has("patient", by):
        of_people.unique("patient")
    if of_care.has("patient") and not of_people.problems:
        of_care.rows(~care["patient"].isin(people["patient"]), "patient", "there is no such patient among the people")
    hold(of_care, of_people)
    joined = care.assign(**{by: groups_of(care["patient"], people, by)})
    grouped = joined.groupby(by, observed=True)
    means = grouped[[measure for measure in MEASURES if measure in care]].mean()
    means.insert(0, "patients", grouped.size())
    means.insert(0, by, pd.Series(means.index.tolist(), index=means.index).infer_objects())
    found = means.reset_index(drop=True)
    found.attrs["people_with_any"] = _people_with_any(grouped, means)
    return found


def _people_with_any(grouped: Any, means: pd.DataFrame) -> dict[str, list[int]]:
    """By measure, how many people of each group have any of it: on so many its mean rests."""
    measures = [measure for measure in MEASURES if measure in means]
    counts = grouped[measures].agg(lambda values: int((values > 0).sum())).reindex(means.index)
    return {str(measure): counts[measure].astype(int).tolist() for measure in measures}


def _providers(table: pd.DataFrame, service: np.ndarray) -> np.ndarray:
    """A number for each provider: the site within its service, or the service where no site is known."""
    if "site" not in table:
        return service
    site = table["site"].cat.codes.to_numpy().astype(np.int64) + 1
    return np.asarray(service * (len(table["site"].cat.categories) + 1) + site)


def _count(patients: np.ndarray, everyone: int) -> np.ndarray:
    return np.bincount(patients, minlength=everyone)


def _different(patients: np.ndarray, values: np.ndarray, everyone: int) -> np.ndarray:
    """How many different values each person has."""
    pairs = patients.astype(np.int64) * (values.max(initial=0) + 1) + values
    return _count(pd.unique(pairs) // (values.max(initial=0) + 1), everyone)


def _bounced(
    table: pd.DataFrame, referrals: np.ndarray, visits_so_far: np.ndarray, reports_back: set[str], everyone: int
) -> np.ndarray:
    """How many referrals of each person go back where the one before came from, after at most one visit."""
    if "detail" not in table:
        return np.full(everyone, np.nan)
    places = table["service"].cat.categories.union(table["detail"].cat.categories)
    to = _codes(table["service"], places)[referrals]
    origin = _codes(table["detail"], places)[referrals]
    patient, visits = table["patient"].to_numpy()[referrals], visits_so_far[referrals]
    expected = np.isin(origin, np.flatnonzero(places.isin(sorted(reports_back))))
    back = (patient[1:] == patient[:-1]) & (to[1:] == origin[:-1]) & (origin[1:] == to[:-1])
    back &= (visits[1:] - visits[:-1] <= 1) & (to[1:] >= 0) & (origin[1:] >= 0) & ~expected[1:]
    return _count(patient[1:][back], everyone)


def _codes(column: pd.Series, places: pd.Index) -> np.ndarray:
    """The place of each value of a categorical column in `places`; -1 where there is none."""
    place = np.append(places.get_indexer(column.cat.categories), -1)
    return np.asarray(place[column.cat.codes.to_numpy()])


def _without_plan(
    patient: np.ndarray, day: np.ndarray, onset: np.ndarray, ends: np.ndarray, everyone: int
) -> np.ndarray:
    """Days from the end of care or of a wait until the next event of care, unless a new episode began between."""
    care = np.flatnonzero(~onset)
    episodes = np.cumsum(onset)[care]
    back = (patient[care][1:] == patient[care][:-1]) & (episodes[1:] == episodes[:-1]) & ends[care][:-1]
    return np.bincount(patient[care][1:][back], weights=np.diff(day[care])[back], minlength=everyone)
