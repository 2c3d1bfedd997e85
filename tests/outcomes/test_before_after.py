"""Before and after, beside a comparison: who counts, from which day, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from outcomes import BadTable, before_and_after, effect_beside_regression

PEOPLE = pd.DataFrame({"group": ["a", "a", "b"], "person": [1, 2, 1], "day": [400.0, 500.0, 400.0]})
VISITS = pd.DataFrame({"group": ["a", "a", "b"], "person": [1, 2, 1], "day": [399, 865, 401]})


def test_a_person_without_an_index_day_is_named_and_not_counted_as_without_visits() -> None:
    """Both groups' means fell for each such person: 0 visits before, 0 after."""
    for missing in (np.nan, None, pd.NA, "*"):
        people = PEOPLE.assign(day=pd.Series([400, missing, 400], dtype=object))
        with pytest.raises(BadTable) as bad:
            before_and_after(VISITS, people)
        shown = "'*'" if isinstance(missing, str) else "missing"
        assert bad.value.problems == [
            f"people: person, day: row 1: 2, {shown}; an index day is needed: without one there is no before and after"
        ]


def test_everything_wrong_is_told_at_once() -> None:
    people = pd.DataFrame({"group": ["a", "a", None], "person": [1, 1, 2], "day": [400, 410, 5]})
    visits = pd.DataFrame({"group": ["a", "a"], "person": [1, 1], "day": [None, 3.0]})
    with pytest.raises(BadTable) as bad:
        before_and_after(visits, people, days=0)
    assert bad.value.problems == [
        "people: group, person: row 2: missing, 2; say who it is, in which group",
        "people: group, person: row 1: 'a', 1; this person stands in the group already; keep the first index day",
        "days: 0; a number above 0 is needed",
        "visits: day: row 0: missing; a number is needed",
    ]
    with pytest.raises(BadTable, match=r"^people: there is no column 'day'. Its columns are: group, person$"):
        before_and_after(VISITS, PEOPLE.drop(columns="day"))


def test_people_without_visits_count_as_none_and_strangers_count_nowhere() -> None:
    none = VISITS.iloc[:0]
    found = before_and_after(none, PEOPLE)
    assert found[["people", "before", "after", "change"]].to_numpy().tolist() == [[2, 0, 0, 0], [1, 0, 0, 0]]
    strangers = pd.concat([VISITS, VISITS.assign(person=9)])
    pd.testing.assert_frame_equal(before_and_after(strangers, PEOPLE), before_and_after(VISITS, PEOPLE))
    assert before_and_after(VISITS, PEOPLE)["before"].tolist() == [0.5, 0.0]
    assert before_and_after(VISITS, PEOPLE)["after"].tolist() == [0.5, 1.0]


def test_a_group_that_is_not_there_is_named() -> None:
    table = before_and_after(VISITS, PEOPLE)
    with pytest.raises(BadTable, match=r"^untreated: there is no group 'c'; there are: a, b$"):
        effect_beside_regression(table, treated="a", untreated="c")
