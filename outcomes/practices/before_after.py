"""Before and after, beside a comparison: how much of a fall would have come anyway.

People who are chosen because they had much of something lately have less of it afterwards, treated or not. A
before-after difference without a comparison group counts this regression to the mean as an effect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes.lengths_of_time import DAYS_IN_A_YEAR
from outcomes.table_rules import Rules, as_numbers, hold


def before_and_after(visits: pd.DataFrame, people: pd.DataFrame, *, days: int = DAYS_IN_A_YEAR) -> pd.DataFrame:
    """Mean visits per person in the days before and after each person's own index day, by group.

    `visits`: one row per visit, with `group`, `person` and `day`. `people`: one row per person in each group, with
    `group`, `person` and `day`, the index day; a person may be in several groups (treated in one simulation, untreated
    in another). The index day itself counts for neither side. Returns one row per group, in order of appearance:
    `group`, `people`, `before`, `after`, `change`. People without visits count as zero; visits of others than the people
    count nowhere. Raises `BadTable` with everything that is wrong: days that are missing (a person without an index day
    has no before and no after, which is not no visits), persons without a name, or twice in a group.

    >>> people = pd.DataFrame({"group": ["treated", "untreated"], "person": [1, 2], "day": [400, 400]})
    >>> visits = pd.DataFrame({"group": ["treated"] * 3 + ["untreated"] * 3, "person": [1, 1, 1, 2, 2, 2],
    ...                        "day": [100, 300, 500, 200, 399, 764]})
    >>> before_and_after(visits, people)
           group  people  before  after  change
    0    treated       1     2.0    1.0    -1.0
    1  untreated       1     2.0    1.0    -1.0
    """
    hold(*_rules(visits, people, days))
    visits, people = (table.assign(day=as_numbers(table["day"])) for table in (visits, people))
    joined = visits.merge(people, on=["group", "person"], suffixes=("", "_index"))
    since = joined["day"] - joined["day_index"]
    counts = people.groupby("group", sort=False).size().rename("people").to_frame()
    for name, chosen in (("before", (since < 0) & (since >= -days)), ("after", (since > 0) & (since <= days))):
        total = joined[chosen].groupby("group").size().reindex(counts.index, fill_value=0)
        counts[name] = total / counts["people"]
    counts["change"] = counts["after"] - counts["before"]
    return counts.reset_index()


def effect_beside_regression(before_after: pd.DataFrame, *, treated: str, untreated: str) -> pd.DataFrame:
    """Splits the treated group's change into what the untreated show as well and what is left.

    `before_after` is what `before_and_after` returns. One row per part: `part`, `visits` per person.

    >>> table = pd.DataFrame({"group": ["cft", "same people without"], "before": [6.0, 6.0], "after": [3.0, 4.0],
    ...                       "change": [-3.0, -2.0]})
    >>> effect_beside_regression(table, treated="cft", untreated="same people without")
                             part  visits
    0    change seen in treatment    -3.0
    1  would have come without it    -2.0
    2                      effect    -1.0
    """
    rules = Rules("before_after", before_after)
    if rules.has("group", "change"):
        rules.numbers("change")
        rules.unique("group")
        listed = ", ".join(map(str, before_after["group"]))
        for role, name in (("treated", treated), ("untreated", untreated)):
            if name not in set(before_after["group"]):
                rules.problems.append(f"{role}: there is no group '{name}'; there are: {listed}")
    rules.hold()
    change = before_after.set_index("group")["change"]
    seen, anyway = float(change[treated]), float(change[untreated])
    parts = ["change seen in treatment", "would have come without it", "effect"]
    return pd.DataFrame({"part": parts, "visits": [seen, anyway, seen - anyway]})


def _rules(visits: pd.DataFrame, people: pd.DataFrame, days: int) -> list[Rules]:
    """What both tables must keep."""
    of_people, of_visits = Rules("people", people), Rules("visits", visits)
    for rules in (of_people, of_visits):
        if rules.has("group", "person", "day"):
            rules.rows(
                rules.table[["group", "person"]].isna().any(axis=1),
                ["group", "person"],
                "say who it is, in which group",
            )
    if "day" in people:
        columns = [column for column in ("person", "day") if column in people]
        missing = ~np.isfinite(as_numbers(people["day"]))
        of_people.rows(missing, columns, "an index day is needed: without one there is no before and after")
    of_visits.numbers("day")
    if {"group", "person"} <= set(people):
        twice = people.duplicated(["group", "person"])
        of_people.rows(twice, ["group", "person"], "this person stands in the group already; keep the first index day")
    if not days > 0:
        of_people.problems.append(f"days: {days:g}; a number above 0 is needed")
    return [of_people, of_visits]
