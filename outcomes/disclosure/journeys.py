"""What may be shown of people who were followed through events: waits, lists, referral to treatment, continuity of care.

How many people a group has, and the same tables without groups or by something else, may be known. So parts are hidden
until nobody can subtract a small one (`parts`), shares are of the counts shown, times rest on enough people
on either side of them, and a mean on enough people who have any of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from outcomes.disclosure.cells import STAR, DisclosurePolicy
from outcomes.disclosure.parts import shown_steps, withheld_across
from outcomes.disclosure.tables import disclosure_policy

PARTS = ("seen", "gave_up", "discharged", "still_waiting")
"""How waits end: they add to all of them."""
PERCENTILE = re.compile(r"(?:median|p(\d+))_(days|weeks)")
WHOLE_DAYS, HALF_WEEKS = 1.0, 0.5
"""Times are told to so much: finer ones would tell whether a number of people is even."""
PLACES = 1
"""Means of counts per person are told to a tenth."""


def disclosed_journeys(
    waits: pd.DataFrame,
    lists: pd.DataFrame,
    continuity: pd.DataFrame,
    treatment: pd.DataFrame | None,
    *,
    by_group: bool,
    policy: str,
) -> dict[str, pd.DataFrame]:
    """Every table of `followed` as it may leave, by name: small numbers hidden, with what rests on them.

    `by_group` says whether people are compared by something. The policy "none" hides nothing.
    """
    treated = {} if treatment is None else {"treatment": treatment}
    if not disclosure_policy(policy).hides:
        return {"waits": waits, "lists": lists, "continuity": continuity, **treated}
    waited = disclosed_waits(waits, policy=policy)
    return {
        "waits": waited,
        "lists": disclosed_lists(lists, waited, by_group=by_group, policy=policy),
        "continuity": disclosed_continuity(continuity, policy=policy),
        **{name: disclosed_treatment(table, policy=policy) for name, table in treated.items()},
    }


def disclosed_waits(waits: pd.DataFrame, *, policy: str) -> pd.DataFrame:
    """The table of `waits`, by service and perhaps by group, as it may be shown."""
    rule = disclosure_policy(policy)
    made = waits.astype(object)
    hidden = pd.DataFrame(False, waits.index, list(PARTS))
    for _, rows in waits.groupby("service", sort=False, observed=True):
        hidden.loc[rows.index] = withheld_across(rows[list(PARTS)].astype(int), rule)
    stars = hidden.assign(waits=hidden.any(axis=1) | rule.small(waits["waits"]))
    for column in stars:
        made[column] = _counts(waits[column], stars[column], rule)
    for prefix, base in (("", "seen"), ("all_", "waits")):
        of_curve = rule if not prefix else disclosure_policy(rule.bands_as)
        weeks = [str(each) for each in waits if re.fullmatch(rf"{prefix}share_within_\d+_weeks", str(each))]
        _put_shares(made, waits, weeks, base=waits[base], hidden=stars[base], rule=of_curve)
        _put_times(made, waits, prefix, base=made[base], rule=rule)
    _put_time(made, waits, "all_mean_days_within_52_weeks", base=made["waits"], share=1, rule=rule)
    _put_time(made, waits, "median_days_still_waiting", base=made["still_waiting"], share=1 / 2, rule=rule)
    return made


def disclosed_lists(lists: pd.DataFrame, waits: pd.DataFrame, *, by_group: bool, policy: str) -> pd.DataFrame:
    """The table of `list_sizes` as it may be shown beside the waits shown.

    The last week's list is all who still wait: where a group's number of them is hidden, so are the lists of the service.
    """
    shown = _counts(lists["waiting"], disclosure_policy(policy).small(lists["waiting"]), disclosure_policy(policy))
    starred = set(waits.loc[waits["still_waiting"].astype(str) == STAR, "service"]) if by_group else set()
    return lists.assign(waiting=shown.mask(lists["service"].isin(starred), STAR))


def disclosed_continuity(care: pd.DataFrame, *, policy: str) -> pd.DataFrame:
    """The table of `continuity_by` as it may be shown: a mean rests on those who have any of what it counts."""
    rule = disclosure_policy(policy)
    hidden = withheld_across(care[["patients"]].astype(int), rule)["patients"]
    made = care.astype(object).assign(patients=_counts(care["patients"], hidden, rule))
    for measure, people in care.attrs["people_with_any"].items():
        few = rule.small(pd.Series(people, index=care.index)) | hidden
        made[measure] = care[measure].round(PLACES).astype(object).mask(few & care[measure].notna(), STAR)
    made.attrs = {}
    return made


def disclosed_treatment(treatment: pd.DataFrame, *, policy: str) -> pd.DataFrame:
    """Referral to treatment, one row, as it may be shown."""
    rule = disclosure_policy(policy)
    made = treatment.astype(object)
    for prefix, base in (("completed_", "completed"), ("", "incomplete")):
        small = rule.small(treatment[base])
        made[base] = _counts(treatment[base], small, rule)
        within = [f"{prefix}share_within_18_weeks"]
        _put_shares(made, treatment, within, base=treatment[base], hidden=small, rule=rule)
        _put_times(made, treatment, prefix, base=made[base], rule=rule)
    return made


def _counts(true: pd.Series, hidden: pd.Series, rule: DisclosurePolicy) -> pd.Series:
    return rule.rounded(true.astype(int)).astype(object).mask(hidden, STAR)


def _put_shares(
    made: pd.DataFrame,
    true: pd.DataFrame,
    columns: Sequence[str],
    *,
    base: pd.Series,
    hidden: pd.Series,
    rule: DisclosurePolicy,
) -> None:
    """Puts shares that rise from column to column: of the counts shown, and starred where a step between them is small."""
    shown_base = rule.rounded(base.astype(int))
    for row in true.index:
        there = [column for column in columns if pd.notna(true.loc[row, column])]
        reached = [float(true.loc[row, column] * base[row]) for column in there]
        steps = shown_steps(reached, float(base[row]), rule)
        for column, number, show in zip(there, reached, steps, strict=True):
            if hidden[row] or not show or not shown_base[row]:
                made.loc[row, column] = STAR
            else:
                rounded = float(rule.rounded(pd.Series([round(number)])).iloc[0])
                made.loc[row, column] = min(1.0, round(rounded / shown_base[row], 3))


def _put_times(made: pd.DataFrame, true: pd.DataFrame, prefix: str, *, base: pd.Series, rule: DisclosurePolicy) -> None:
    """Puts medians and percentiles of one prefix, starred where few people lie on either side."""
    for column in map(str, true.columns):
        found = PERCENTILE.fullmatch(column.removeprefix(prefix)) if column.startswith(prefix) else None
        if found:
            share = int(found[1]) / 100 if found[1] else 1 / 2
            _put_time(made, true, column, base=base, share=min(share, 1 - share), rule=rule)


def _put_time(
    made: pd.DataFrame, true: pd.DataFrame, column: str, *, base: pd.Series, share: float, rule: DisclosurePolicy
) -> None:
    """Puts a time that rests on a share of the people shown in `base`; what does not exist stays so."""
    step = HALF_WEEKS if "_weeks" in column and not column.endswith("_within_52_weeks") else WHOLE_DAYS
    few = pd.Series([each == STAR or each * share <= rule.star_to for each in base], index=base.index)
    times = (true[column].astype(float) / step).round() * step
    made[column] = times.astype(object).mask(few & np.asarray(times.notna()), STAR)
