"""What care people get: visits, referrals, waits. Pure functions of the tables of `observed`.

What stands before the star are tables, what stands after it says which figure is meant. Rates are lists with one
value per measured year, over the residents of the age named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calibration.validation.observed import BAND_YEARS
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR

EVERYONE = ("female", "male")


def residents_aged(residents: pd.DataFrame, *, age_from: int, age_to: int) -> pd.Series:
    """People of each row who are of these ages, both included; within an age band every year of age counts alike.

    >>> residents = pd.DataFrame({"age_low": [15, 20], "people": [100.0, 100.0]})
    >>> residents_aged(residents, age_from=18, age_to=24).tolist()
    [40.0, 100.0]
    """
    oldest = residents["age_low"] == residents["age_low"].max()
    high = np.where(oldest, age_to + 1, np.minimum(residents["age_low"] + BAND_YEARS, age_to + 1))
    low = np.maximum(residents["age_low"], age_from)
    return residents["people"] * ((high - low).clip(0, BAND_YEARS) / BAND_YEARS)


def _seen(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    services: Sequence[str],
    *,
    age_from: int,
    age_to: int,
    sex: str | None = None,
) -> pd.DataFrame:
    """Visits to the services by people of an age and sex, with the measured year."""
    who = people.index[people["age"].between(age_from, age_to) & people["sex"].isin([sex] if sex else EVERYONE)]
    chosen = contacts[contacts["service"].isin(services) & contacts["patient"].isin(who)]
    return chosen.assign(year=(chosen["day"] // DAYS_IN_A_YEAR).astype(int))


def _years(days: float) -> int:
    """Whole measured years."""
    return int(days // DAYS_IN_A_YEAR)


def _population(residents: pd.DataFrame, *, age_from: int, age_to: int, sex: str | None = None) -> float:
    chosen = residents[residents["sex"].isin([sex] if sex else EVERYONE)]
    return float(residents_aged(chosen, age_from=age_from, age_to=age_to).sum())


def _each_year(table: pd.DataFrame, days: float) -> np.ndarray:
    return np.bincount(table["year"], minlength=_years(days))[: _years(days)].astype(float)


def people_seen_each_year(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    age_from: int,
    age_to: int,
    per: float,
) -> list[float]:
    """People seen at least once in a year at one of the services, per so many residents of the same ages.

    >>> contacts = pd.DataFrame({"patient": [0, 0, 1], "day": [3.0, 9.0, 40.0], "service": "gp"})
    >>> people = pd.DataFrame({"age": [30, 40], "sex": "male"})
    >>> residents = pd.DataFrame({"sex": ["male"], "age_low": [30], "people": [100.0]})
    >>> people_seen_each_year(contacts, people, residents, 365, services=["gp"], age_from=0, age_to=99, per=100)
    [2.0]
    """
    seen = _seen(contacts, people, services, age_from=age_from, age_to=age_to).drop_duplicates(["patient", "year"])
    everyone = _population(residents, age_from=age_from, age_to=age_to)
    return [float(rate) for rate in per * _each_year(seen, days) / everyone]


def visits_each_year(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    days: float,
    *,
    services: Sequence[str],
    age_from: int,
    age_to: int,
    per: float,
    sex: str | None = None,
) -> list[float]:
    """Visits to the services in a year, per so many residents of the same ages (and sex).

    >>> contacts = pd.DataFrame({"patient": [0, 0, 1], "day": [3.0, 9.0, 400.0], "service": "mri"})
    >>> people = pd.DataFrame({"age": [30, 40], "sex": "male"})
    >>> residents = pd.DataFrame({"sex": ["male"], "age_low": [30], "people": [100.0]})
    >>> visits_each_year(contacts, people, residents, 730, services=["mri"], age_from=0, age_to=99, per=100)
    [2.0, 1.0]
    """
    seen = _seen(contacts, people, services, age_from=age_from, age_to=age_to, sex=sex)
    return [
        float(rate)
        for rate in per * _each_year(seen, days) / _population(residents, age_from=age_from, age_to=age_to, sex=sex)
    ]


def ratio_of_sexes(
    contacts: pd.DataFrame,
    people: pd.DataFrame,
    residents: pd.DataFrame,
    *,
    services: Sequence[str],
    age_from: int,
    age_to: int,
) -> float:
    """The rate of visits of women over that of men of the same ages; NaN where no man is seen.

    >>> contacts = pd.DataFrame({"patient": [0, 0, 1], "day": 3.0, "service": "mri"})
    >>> people = pd.DataFrame({"age": [30, 40], "sex": ["female", "male"]})
    >>> residents = pd.DataFrame({"sex": ["female", "male"], "age_low": 30, "people": [100.0, 50.0]})
    >>> ratio_of_sexes(contacts, people, residents, services=["mri"], age_from=0, age_to=99)
    1.0
    """
    women, men = (
        len(_seen(contacts, people, services, age_from=age_from, age_to=age_to, sex=sex))
        / _population(residents, age_from=age_from, age_to=age_to, sex=sex)
        for sex in EVERYONE
    )
    return women / men if men else float("nan")


def share_returning(
    contacts: pd.DataFrame,
    cohort: pd.DataFrame,
    *,
    services: Sequence[str],
    pattern: str,
    early_days: float,
    within_days: float,
) -> float:
    """The percentage of a cohort who are seen again never, early (the last time within `early_days`), or late.

    >>> contacts = pd.DataFrame({"patient": [0, 1, 1], "day": [0.0, 0.0, 20.0], "service": "gp"})
    >>> cohort = pd.DataFrame({"patient": [0, 1], "day": 0.0})
    >>> again = {p: share_returning(contacts, cohort, services=["gp"], pattern=p, early_days=91, within_days=365)
    ...          for p in ("never", "early", "late")}
    >>> again
    {'never': 50.0, 'early': 50.0, 'late': 0.0}
    """
    if not len(cohort):
        return float("nan")
    visits = contacts.loc[contacts["service"].isin(services), ["patient", "day"]]
    again = cohort[["patient", "day"]].rename(columns={"day": "start"}).merge(visits, on="patient")
    after = again["day"] - again["start"]
    last = after[(after > 0) & (after <= within_days)].groupby(again["patient"]).max()
    days = cohort["patient"].map(last)
    early = days <= early_days
    share = {"never": days.isna(), "early": early, "late": days.notna() & ~early}[pattern]
    return 100.0 * float(share.mean())


def share_of_referrals(
    referrals: pd.DataFrame, people: pd.DataFrame, *, service: str, came_from: Sequence[str], attribute: str, level: str
) -> float:
    """The percentage of the referrals from some services to one whose patient had an attribute at onset.

    >>> referrals = pd.DataFrame({"patient": [0, 1], "service": "mri", "came_from": "gp"})
    >>> people = pd.DataFrame({"expects_scan": ["yes", "no"]})
    >>> share_of_referrals(referrals, people, service="mri", came_from=["gp"], attribute="expects_scan", level="yes")
    50.0
    """
    chosen = referrals[(referrals["service"] == service) & referrals["came_from"].isin(came_from)]
    return _percent((people[attribute].loc[chosen["patient"]] == level).to_numpy())


def share_of_visits(
    contacts: pd.DataFrame, people: pd.DataFrame, *, services: Sequence[str], attribute: str, level: str
) -> float:
    """The percentage of visits to the services by people who had an attribute at onset.

    >>> contacts = pd.DataFrame({"patient": [0, 1, 1, 1], "service": "emergency_mri"})
    >>> people = pd.DataFrame({"symptom_class": ["cauda_equina", "nonspecific"]})
    >>> share_of_visits(contacts, people, services=["emergency_mri"], attribute="symptom_class", level="cauda_equina")
    25.0
    """
    chosen = contacts[contacts["service"].isin(services)]
    return _percent((people[attribute].loc[chosen["patient"]] == level).to_numpy())


def share_led_to(
    contacts: pd.DataFrame, *, services: Sequence[str], led_to: Sequence[str], came_from: Sequence[str] | None = None
) -> float:
    """The percentage of visits to the services after which the patient went to one of `led_to`.

    Visits that were not the last of a course, or whose end the log does not hold, do not count.

    >>> contacts = pd.DataFrame({"service": "mri", "came_from": "gp", "led_to": ["home", "msk_triage", None]})
    >>> share_led_to(contacts, services=["mri"], came_from=["gp"], led_to=["msk_triage"])
    50.0
    """
    chosen = contacts[contacts["service"].isin(services) & contacts["led_to"].notna()]
    if came_from is not None:
        chosen = chosen[chosen["came_from"].isin(came_from)]
    return _percent(chosen["led_to"].isin(led_to).to_numpy())


def share_with_visits(contacts: pd.DataFrame, *, services: Sequence[str], at_least: int) -> float:
    """The percentage of people seen at the services in a year who were seen at least so often in it.

    >>> contacts = pd.DataFrame({"patient": [0, 0, 1], "day": [1.0, 2.0, 2.0], "service": "facet_injection"})
    >>> share_with_visits(contacts, services=["facet_injection"], at_least=2)
    50.0
    """
    chosen = contacts[contacts["service"].isin(services)]
    visits = chosen.groupby(["patient", chosen["day"] // DAYS_IN_A_YEAR]).size()
    return _percent((visits >= at_least).to_numpy())


def share_missed(contacts: pd.DataFrame, missed: pd.DataFrame, *, services: Sequence[str]) -> float:
    """The percentage of appointments at the services that were missed.

    >>> contacts, missed = pd.DataFrame({"service": ["mri"] * 3}), pd.DataFrame({"service": ["mri"]})
    >>> share_missed(contacts, missed, services=["mri"])
    25.0
    """
    kept, lost = contacts["service"].isin(services).sum(), missed["service"].isin(services).sum()
    return 100.0 * float(lost / (kept + lost)) if kept + lost else float("nan")


def _first_waits(contacts: pd.DataFrame, services: Sequence[str]) -> pd.Series:
    """Days from referral of those seen at the services for the first time in a course."""
    return contacts.loc[contacts["service"].isin(services) & (contacts["visit"] == 1), "waited_days"]


def median_wait_weeks(contacts: pd.DataFrame, *, services: Sequence[str]) -> float:
    """Median weeks from referral to the first visit, of those seen.

    >>> contacts = pd.DataFrame({"service": "mri", "visit": [1, 1, 2], "waited_days": [7.0, 21.0, 700.0]})
    >>> median_wait_weeks(contacts, services=["mri"])
    2.0
    """
    return float(_first_waits(contacts, services).median()) / DAYS_IN_A_WEEK


def share_seen_within(contacts: pd.DataFrame, *, services: Sequence[str], within_days: float) -> float:
    """The percentage of first visits that come within so many days of referral.

    >>> contacts = pd.DataFrame({"service": "manual_therapy", "visit": [1, 1, 2], "waited_days": [14.0, 15.0, 90.0]})
    >>> share_seen_within(contacts, services=["manual_therapy"], within_days=14)
    50.0
    """
    return _percent((_first_waits(contacts, services) <= within_days).to_numpy())


def referrals_each_year(referrals: pd.DataFrame, days: float, *, services: Sequence[str]) -> list[float]:
    """Referrals to the services in each measured year.

    >>> referrals = pd.DataFrame({"day": [1.0, 400.0, 401.0], "service": "spinal_clinic"})
    >>> referrals_each_year(referrals, 730, services=["spinal_clinic"])
    [1.0, 2.0]
    """
    chosen = referrals[referrals["service"].isin(services)]
    years = _each_year(chosen.assign(year=(chosen["day"] // DAYS_IN_A_YEAR).astype(int)), days)
    return [float(number) for number in years]


def _percent(holds: np.ndarray) -> float:
    return 100.0 * float(holds.mean()) if len(holds) else float("nan")
