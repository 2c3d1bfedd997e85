"""Small numbers of people do not get out: not in tables, not in totals, not in shares, not in JSON, not in charts."""

from __future__ import annotations

import copy
import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from outcomes.disclosure.tables import disclose, disclose_counts, disclosure_policy, disclosure_sentence
from outcomes.disclosure.tree import disclose_tree
from outcomes.table_rules import BadTable
from tests.helpers.vectors import cases

PEOPLE = st.one_of(st.integers(0, 12), st.integers(0, 400))
CELLS = st.lists(st.lists(PEOPLE, min_size=3, max_size=3), min_size=2, max_size=5)


def two_way(cells: list[list[int]]) -> pd.DataFrame:
    """People by service and decile with the totals of both, in how many ways they were dealt with, and what rests on it."""
    width = len(cells[0])
    rows = [(f"service {i}", str(j), cells[i][j]) for i in range(len(cells)) for j in range(width)]
    rows += [(f"service {i}", "all", sum(cells[i])) for i in range(len(cells))]
    rows += [("all", str(j), sum(row[j] for row in cells)) for j in range(width)]
    rows += [("all", "all", sum(map(sum, cells)))]
    table = pd.DataFrame(rows, columns=["service", "decile", "people"])
    invited = table["people"] + table.groupby("service")["people"].transform("size")
    return table.assign(
        missed=invited - table["people"],
        invited=invited,
        mean_wait=[person * 7 / 3 for person in table["people"]],
        share_seen=table["people"] / invited,
    )


def exported(table: pd.DataFrame, policy: str = "hes2018") -> str:
    """All that leaves the house: the CSV, the JSON, and the specification of a chart with its data."""
    shown = disclose(
        table,
        counts=["people", "missed"],
        resting_on={"mean_wait": "people"},
        shares={"share_seen": ("people", "invited")},
        sums={"invited": ["people", "missed"]},
        totals={"service": "all", "decile": "all"},
        policy=policy,
    )
    records = table.to_dict("records")
    nested = {
        "people": int(table["people"].iloc[-1]),
        "mean_wait": 3.5 * int(table["people"].iloc[-1]),
        "rows": [row for row in records if "all" not in (row["service"], row["decile"])],
    }
    chart = {"$schema": "v5", "mark": "bar", "data": {"values": records}, "datasets": {"d": records[:-1]}}
    arguments: dict[str, Any] = {
        "counts": ["people", "missed"],
        "resting_on": {"mean_wait": "people"},
        "shares": {"share_seen": ("people", "invited")},
        "sums": {"invited": ["people", "missed"]},
        "policy": policy,
    }
    trees = [disclose_tree(tree, **arguments) for tree in (nested, chart)]
    return "\n".join([shown.to_csv(index=False), shown.to_json(orient="records"), *map(json.dumps, trees)])


# counts


@pytest.mark.parametrize("case", cases("disclosure"))
def test_counts_are_shown_as_hospital_statistics_show_them(case: dict[str, Any]) -> None:
    assert disclose_counts([case["input"]]) == [case["expected"]]


@given(count=st.integers(0, 10**9))
def test_a_shown_count_is_within_two_of_the_count(count: int) -> None:
    (shown,) = disclose_counts([count])
    if 1 <= count <= 7:
        assert shown == "*"
    else:
        assert isinstance(shown, int)
        assert shown % 5 == 0
        assert abs(shown - count) <= 2


def test_fewer_than_five_are_starred_by_the_older_rule_and_other_counts_are_exact() -> None:
    assert disclose_counts([0, 1, 4, 5, 7, 13], policy="lt5") == [0, "*", "*", 5, 7, 13]


def test_national_counts_are_shown_as_they_are() -> None:
    assert disclose_counts([0, 3, 13], national=True) == [0, 3, 13]
    table = pd.DataFrame({"people": [3, 13], "mean_wait": [2.5, 4.0]})
    pd.testing.assert_frame_equal(disclose(table, ["people"], {"mean_wait": "people"}, national=True), table)
    assert disclose_tree({"people": 3}, ["people"], national=True)["people"] == 3


def test_simulated_people_carry_a_watermark() -> None:
    table = disclose(pd.DataFrame({"people": [3.5, 0.2]}), ["people"], policy="none")
    assert table["people"].tolist() == [3.5, 0.2]
    assert table.attrs["disclosure"].startswith("SYNTHETIC DATA: these are simulated people")
    shown = disclose_tree({"rows": [{"people": 2.5}]}, ["people"], policy="none")
    assert shown == {"rows": [{"people": 2.5}], "disclosure": disclosure_sentence("none")}


def test_every_policy_names_its_source() -> None:
    for name in ("hes2018", "lt5", "none"):
        assert disclosure_policy(name).source
        assert disclosure_policy(name).grade in ("read", "recalled", "assumed")


# figures, sums and totals


def test_means_and_shares_on_few_people_are_starred_and_the_others_stand() -> None:
    table = pd.DataFrame({"people": [0, 5, 40], "seen": [0, 5, 22], "mean_wait": [float("nan"), 12.5, 30.25]})
    shown = disclose(
        table.assign(share=[float("nan"), 1.0, 0.55]),
        ["people", "seen"],
        {"mean_wait": ["people"], "share": ["seen", "people"]},
    )
    assert shown["mean_wait"].tolist()[1:] == ["*", 30.25]
    assert pd.isna(shown["mean_wait"].iloc[0])
    assert shown["share"].tolist()[1:] == ["*", 0.55]


def test_shares_are_worked_out_again_from_what_is_shown() -> None:
    table = pd.DataFrame({"seen": [13, 97, 0], "people": [48, 100, 0], "share": [13 / 48, 0.97, float("nan")]})
    shown = disclose(table, ["seen", "people"], shares={"share": ("seen", "people")})
    assert shown["share"].tolist()[:2] == [15 / 50, 95 / 100]
    assert pd.isna(shown["share"].iloc[2])


def test_shares_of_a_column_leave_its_total_out_and_are_starred_together() -> None:
    table = pd.DataFrame({"decile": ["1", "2", "all"], "people": [30, 10, 40], "share": [0.75, 0.25, 1.0]})
    assert disclose(table, ["people"], shares={"share": "people"})["share"].tolist() == [0.75, 0.25, 1.0]
    small = table.assign(people=[30, 1, 31])
    assert disclose(small, ["people"], shares={"share": "people"})["share"].tolist() == ["*"] * 3


def test_exact_counts_do_not_give_away_those_who_are_not_in_a_share() -> None:
    table = pd.DataFrame({"seen": [97, 50], "people": [100, 100], "share": [0.97, 0.5]})
    shown = disclose(table, ["seen", "people"], shares={"share": ("seen", "people")}, policy="lt5")
    assert shown["seen"].tolist() == ["*", 50]
    assert shown["share"].tolist() == ["*", 0.5]


def test_a_sum_with_a_starred_part_is_withheld() -> None:
    table = pd.DataFrame({"seen": [50, 50], "missed": [3, 30], "booked": [53, 80]})
    shown = disclose(table, ["seen", "missed"], sums={"booked": ["seen", "missed"]}, policy="lt5")
    assert shown["booked"].tolist() == ["*", 80]


def test_rounded_totals_alone_would_give_a_person_away() -> None:
    """8, 8 and 1 person: rounded to 10, 10, * with a total of 15, the star can only be 1, as 8 + 8 + 1 = 17 at most."""
    possible = {s for a in range(8, 13) for b in range(8, 13) for s in range(1, 8) if 13 <= a + b + s <= 17}
    assert possible == {1}
    table = pd.DataFrame({"decile": ["1", "2", "3", "Total"], "people": [8, 8, 1, 17]})
    assert disclose(table, ["people"])["people"].tolist() == [10, 10, "*", "*"]


def test_totals_are_withheld_only_for_the_rows_they_cover() -> None:
    table = two_way([[8, 8, 1], [20, 30, 40]])
    shown = disclose(table, ["people"], totals={"service": "all", "decile": "all"}).set_index(["service", "decile"])[
        "people"
    ]
    assert shown[("service 0", "all")] == "*"
    assert shown[("service 1", "all")] == 90
    assert shown[("all", "0")] == 30
    assert shown[("all", "2")] == "*"
    assert shown[("all", "all")] == "*"


def test_a_total_in_the_index_is_known_and_rows_may_share_an_index() -> None:
    table = pd.DataFrame({"people": [8, 8, 1, 17]}, index=["1", "2", "3", "Total"])
    assert disclose(table, ["people"])["people"].tolist() == [10, 10, "*", "*"]
    pivot = pd.DataFrame(
        {"people": [30, 1, 31]}, index=pd.MultiIndex.from_tuples([("a", "1"), ("a", "2"), ("a", "all")])
    )
    assert disclose(pivot, ["people"])["people"].tolist() == [30, "*", "*"]
    twice = pd.DataFrame(
        {"decile": ["1", "all"] * 2, "year": [1, 1, 2, 2], "people": [3, 30, 20, 50]}, index=[0, 1, 0, 1]
    )
    assert disclose(twice, ["people"], by="year")["people"].tolist() == ["*", "*", 20, 50]


def test_other_columns_tell_which_rows_a_total_covers() -> None:
    table = pd.DataFrame({"year": [1, 1, 2, 2], "decile": ["1", "England"] * 2, "people": [3, 30, 20, 50]})
    assert disclose(table, ["people"], totals={"decile": "England"}, by="year")["people"].tolist() == ["*", "*", 20, 50]
    assert disclose(table, ["people"], totals={"decile": "England"})["people"].tolist() == ["*", "*", 20, "*"]


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("policy", ["hes2018", "lt5"])
def test_a_row_that_is_the_sum_of_others_is_a_total_whatever_it_is_called(policy: str, place: int) -> None:
    """The three people in the West were the sum of all less the others; no word said that Bay is the sum."""
    rows = [("North", 20), ("South", 40), ("West", 3), ("East", 61)]
    rows.insert(place, ("Bay", 124))
    shown = disclose(pd.DataFrame(rows, columns=["area", "people"]), ["people"], policy=policy)
    assert shown.set_index("area")["people"].to_dict() | {"East": 0} == {
        "North": 20, "South": 40, "West": "*", "East": 0, "Bay": "*",
    }  # fmt: skip
    assert shown.attrs["disclosure"].endswith("1 row that could be the sum of others is withheld as a total.")


def test_a_row_that_is_the_sum_of_its_area_is_a_total_of_it() -> None:
    rows = [("N", "a", 20), ("S", "e", 31), ("N", "b", 3), ("N", "whole", 73), ("N", "c", 50), ("S", "f", 44)]
    shown = disclose(pd.DataFrame(rows, columns=["area", "practice", "people"]), ["people"], policy="lt5")
    assert shown["people"].tolist() == [20, 31, "*", "*", 50, 44]


def test_whether_a_row_is_taken_for_a_sum_does_not_tell_what_a_star_holds() -> None:
    """66 is 20, 43 and 3, but no sum of 20, 43 and 2: shown only there, it would tell the number."""
    shown = [
        disclose(pd.DataFrame({"people": [20, 43, few, 66]}), ["people"], policy="lt5")["people"].tolist()
        for few in (1, 2, 3, 4)
    ]
    assert shown == [[20, 43, "*", "*"]] * 4


# differencing


def starred(table: pd.DataFrame, policy: str) -> list[int]:
    """The cells inside the two-way table that are starred for their own sake."""
    rule = disclosure_policy(policy)
    inside = (table["service"] != "all") & (table["decile"] != "all")
    return list(table.index[inside & rule.small(table["people"])])


@pytest.mark.parametrize("policy", ["hes2018", "lt5"])
def test_V74_nothing_exported_depends_on_how_many_people_a_starred_cell_holds(policy: str) -> None:
    """So nobody can work it out, whatever they subtract: any other small number gives the same files, byte by byte."""

    @settings(max_examples=20)
    @given(cells=CELLS, data=st.data())
    def differencing(cells: list[list[int]], data: st.DataObject) -> None:
        rule = disclosure_policy(policy)
        small = [
            (i, j) for i, row in enumerate(cells) for j, n in enumerate(row) if rule.star_from <= n <= rule.star_to
        ]
        assume(small)
        other = copy.deepcopy(cells)
        for i, j in small:
            other[i][j] = data.draw(st.integers(rule.star_from, rule.star_to))
        assert exported(two_way(other), policy) == exported(two_way(cells), policy)

    differencing()


def test_V74_the_attempt_to_recover_succeeds_where_totals_are_left_as_they_are() -> None:
    """The test above can fail: with every table passed on as it is, the files differ."""
    first, second = two_way([[8, 8, 1], [9, 9, 9]]), two_way([[8, 8, 2], [9, 9, 9]])
    assert exported(first) == exported(second)
    assert exported(first, "none") != exported(second, "none")


def solutions(parts: list[int | str], total: int | str) -> list[set[int]]:
    """What each part can be, given all parts and the total as they are shown; by trying every combination."""

    def could_be(cell: int | str) -> range:
        if cell == "*":
            return range(1, 10_000)  # a star may also be a number withheld for the sake of another
        assert isinstance(cell, int)
        return range(max(8, cell - 2), cell + 3) if cell else range(1)

    low, high = (min(could_be(total)), max(could_be(total)))
    ranges = [range(1, 8) if part == "*" else could_be(part) for part in parts]
    least, most = sum(map(min, ranges)), sum(map(max, ranges))
    return [
        {n for n in each if low - (most - max(each)) <= n <= high - (least - min(each))}
        for each in ranges
    ]  # fmt: skip


@given(parts=st.lists(PEOPLE, min_size=2, max_size=8))
def test_V74_a_starred_part_may_be_any_number_from_one_to_seven(parts: list[int]) -> None:
    table = pd.DataFrame({"decile": [*map(str, range(len(parts))), "all"], "people": [*parts, sum(parts)]})
    shown = disclose(table, ["people"])["people"].tolist()
    for part, possible in zip(shown[:-1], solutions(shown[:-1], shown[-1]), strict=True):
        if part == "*":
            assert possible == set(range(1, 8))


# trees


def test_a_count_above_others_is_taken_for_their_total() -> None:
    tree = {
        "people": 17,
        "mean_wait": 12.5,
        "by_decile": [{"decile": 1, "people": 8, "mean_wait": 3.5}, {"decile": 2, "people": 9, "mean_wait": 4.5}],
        "by_service": {"mri": {"people": 16}, "gp": {"people": 1}, "total": {"people": 17}},
        "text": "as it was",
    }
    before = copy.deepcopy(tree)
    assert disclose_tree(tree, ["people"], {"mean_wait": "people"}) == {
        "people": "*",
        "mean_wait": "*",
        "by_decile": [{"decile": 1, "people": 10, "mean_wait": 3.5}, {"decile": 2, "people": 10, "mean_wait": 4.5}],
        "by_service": {"mri": {"people": 15}, "gp": {"people": "*"}, "total": {"people": "*"}},
        "text": "as it was",
        "disclosure": disclosure_sentence(),
    }
    assert tree == before


def test_a_total_beside_a_list_is_withheld_with_it() -> None:
    tree = {"total": {"people": 25}, "deciles": [{"people": 20}, {"people": 5}]}
    assert disclose_tree(tree, ["people"])["total"] == {"people": "*"}


def test_a_sum_above_a_starred_part_is_withheld() -> None:
    tree = {"everybody": 25, "deciles": [{"people": 20}, {"people": 5}]}
    assert disclose_tree(tree, ["people"], sums={"everybody": "people"})["everybody"] == "*"


def test_lists_side_by_side_are_columns_of_a_table() -> None:
    chart = {"decile": ["1", "2", "all"], "people": [20, 5, 25], "mean_wait": [1.5, 2.5, 1.7], "colours": ["red"]}
    shown = disclose_tree([chart], ["people"], {"mean_wait": "people"})
    assert shown == [chart | {"people": [20, "*", "*"], "mean_wait": [1.5, "*", "*"]}]


def test_lists_in_lists_and_charts_are_looked_through() -> None:
    tree = {"$schema": "v5", "usermeta": {"run": 1}, "layer": [[{"data": {"values": [{"people": 3}]}}], 7, None]}
    shown = disclose_tree(tree, ["people"])
    assert shown["layer"] == [[{"data": {"values": [{"people": "*"}]}}], 7, None]
    assert shown["usermeta"] == {"run": 1, "disclosure": disclosure_sentence()}
    assert "disclosure" not in shown


# bad input


def test_everything_wrong_with_a_table_is_said_at_once() -> None:
    table = pd.DataFrame({"decile": [1, 2, 3], "people": [3.0, None, -1.0], "mean_wait": [1.0, 2.0, 3.0]})
    with pytest.raises(BadTable) as raised:
        disclose(
            table, ["people", "seen"], {"mean_wait": "patients"}, shares={"mean_wait": ("people", "seen", "people")}
        )
    assert raised.value.problems == [
        "table: there is no column 'seen'. Its columns are: decile, people, mean_wait",
        "table: people: row 1: missing; row 2: -1; a whole number from 0 is needed",
        "'mean_wait' rests on 'patients', which is not among the counts (people, seen). Add it to `counts`",
        "'mean_wait' is a share of 3 counts. Name the count above the line, then the one below it",
    ]


def test_a_missing_count_is_no_count_of_zero_unless_the_caller_says_so() -> None:
    with pytest.raises(BadTable, match="row 1: missing; a whole number from 0 is needed"):
        disclose_counts([10, float("nan")])
    assert disclose_counts([10, float("nan")], fill_missing=0) == [10, 0]


def test_what_is_wrong_in_a_tree_is_said_with_its_place() -> None:
    tree = {
        "rows": [{"people": 3}, {"people": None}],
        "more": {"a": {"people": 2.5}},
        "list": {"people": [1, 2], "mean": [1]},
    }
    with pytest.raises(BadTable) as raised:
        disclose_tree(tree, ["people"], {"mean": "people"})
    assert raised.value.problems == [
        "tree: people: row tree.rows[1]: missing; a whole number from 0 is needed",
        "tree: people: row tree.more.a: 2.5; a whole number from 0 is needed",
        "tree.list: its lists differ in length; each must be a column of one table",
    ]


def test_an_unknown_policy_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no disclosure policy 'hes2017'. There are: hes2018, lt5, none"):
        disclosure_policy("hes2017")
