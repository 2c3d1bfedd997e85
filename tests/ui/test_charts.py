"""Charts: valid, readable without colour and without a network, and showing the very figures that the words tell."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

import altair
import numpy as np
import pytest

from sim.measures.flows import flows
from sim.measures.over_time import over_time
from sim.results import activity_table, by_decile_table, lists_table
from tests.helpers.compared import made_up, quick
from ui.charts.comparison import change_chart, deprivation_chart, lists_chart, over_time_chart
from ui.charts.flow import sankey, titles
from ui.charts.theme import BASELINE, CONFIG, DASHES, INK, MOST_SCENARIOS, SCENARIO_COLOURS, SHAPES, UNBROKEN, Chart
from ui.findings.key_message import key_message
from ui.reports.page import svg
from ui.words import percent

OUTCOMES = ("gp_consultations", "mri_scans", "spinal_referrals", "mri_wait_days", "total_cost_gbp", "qalys")
KINDS = ("change", "over time", "deprivation", "lists")


def chart(kind: str, outcome: str = "mri_scans") -> Chart:
    """One chart of the quick comparison."""
    match kind:
        case "change":
            return change_chart(quick(), outcome)
        case "over time":
            return over_time_chart(quick(), outcome)
        case "deprivation":
            found = deprivation_chart(quick(), outcome)
            assert found is not None
            return found
        case _:
            return lists_chart(quick(), "mri")


def texts(chart: Chart) -> list[str]:
    """Every text in the drawing."""
    root = ElementTree.fromstring(svg(chart))
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a specification with its path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from walk(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from walk(each, path)
    else:
        yield path, value


def luminance(colour: str) -> float:
    """Relative luminance as the accessibility guidelines define it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_charts_follow_the_grammar_and_can_be_drawn(kind: str) -> None:
    """Valid by the published schema of Vega-Lite 6, and drawn without an error as an image with its description."""
    each = chart(kind)
    altair.LayerChart.from_dict(each.spec)
    root = ElementTree.fromstring(svg(each))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == each.alt
    description = root.find("{http://www.w3.org/2000/svg}desc")
    assert description is not None
    assert description.text == each.alt


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        ("change", "mri_scans", ["MRI scans, average over 1 year", "Change from usual care (%)", "MRI guidance", "Physio first"]),
        ("change", "mri_wait_days", ["MRI wait (days), average over 1 year", "Change from usual care (%)"]),
        ("over time", "mri_scans", ["MRI scans, each quarter", "MRI scans", "Years from the start", "Usual care", "MRI guidance", "Physio first"]),
        ("over time", "mri_wait_days", ["MRI wait (days), each year", "MRI wait (days)", "Years from the start"]),
        ("over time", "total_cost_gbp", ["Cost (£), each year", "Cost (£)", "Years from the start"]),
        ("deprivation", "spinal_referrals", ["Spinal clinic referrals by deprivation", "Change (%)", "Deprivation decile (1 = most deprived)", "MRI guidance", "Physio first"]),
        ("lists", "", ["Waiting for: MRI scan", "People waiting", "Years from the start", "Usual care", "MRI guidance", "Physio first"]),
    ],
)  # fmt: skip
def test_charts_name_what_they_show_with_its_unit(kind: str, outcome: str, expected: list[str]) -> None:
    drawn = texts(chart(kind, outcome))
    for words in expected:
        assert words in drawn
    assert any("mean of the runs. Band: " in words for words in drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_charts_fetch_nothing(kind: str) -> None:
    """No address of another machine, but for the name of the grammar, which is not fetched."""
    leaves = dict(walk(chart(kind).spec))
    assert leaves.pop(".$schema") == "https://vega.github.io/schema/vega-lite/v6.json"
    assert not [path for path in leaves if path.endswith((".url", ".href"))]
    assert not [value for value in leaves.values() if isinstance(value, str) and "//" in value]
    drawn = (
        svg(chart(kind))
        .replace('xmlns="http://www.w3.org/2000/svg"', "")
        .replace('xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    )
    assert "//" not in drawn


def test_every_colour_stands_out_from_the_background() -> None:
    """At least 3 to 1 for marks and 4.5 to 1 for text, as the accessibility guidelines ask."""
    background = CONFIG["background"]
    for colour in (BASELINE, *SCENARIO_COLOURS):
        assert contrast(colour, background) >= 3
    for path, colour in walk(CONFIG):
        if path.endswith(("labelColor", "titleColor", "subtitleColor", ".color")):
            assert contrast(str(colour), background) >= 4.5, path
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_charts_use_no_colours_but_these(kind: str) -> None:
    used = {str(value) for _, value in walk(chart(kind).spec) if isinstance(value, str) and value.startswith("#")}
    assert used <= {BASELINE, *SCENARIO_COLOURS, INK, *(str(value) for _, value in walk(CONFIG))}
    assert used & set(SCENARIO_COLOURS)


def test_scenarios_differ_by_more_than_colour() -> None:
    """Every scenario has a shape and a dash of its own, and none is drawn like today's pathway."""
    assert len(SCENARIO_COLOURS) == len(SHAPES) == len(DASHES) == MOST_SCENARIOS
    dashes = [tuple(dash) for dash in (UNBROKEN, *DASHES)]
    for each in (SHAPES, dashes, (BASELINE, *SCENARIO_COLOURS)):
        assert len(set(each)) == len(each)
    lines = chart("over time").spec["layer"][1]["encoding"]
    assert lines["strokeDash"]["scale"]["range"] == [UNBROKEN, DASHES[0], DASHES[1]]
    assert lines["color"]["scale"]["range"] == [BASELINE, *SCENARIO_COLOURS[:2]]
    assert lines["color"]["scale"]["domain"] == ["Usual care", "MRI guidance", "Physio first"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_change_chart_shows_the_figures_of_the_key_message(outcome: str) -> None:
    each = chart("change", outcome)
    rows = {row["scenario"]: row for row in each.spec["data"]["values"]}
    for name in quick().scenarios:
        message = key_message(quick(), name, outcome)
        row = rows[quick().cases[name].scenario.title]
        percents = f"{percent(message.mean)} ({percent(message.low)} to {percent(message.high)})"
        if math.isnan(message.low):  # too rare to tell: a symbol without a band
            assert row["low"] == row["mean"] == row["high"] == message.mean
            assert row["label"] == "too rare to tell"
            continue
        assert (row["low"], row["mean"], row["high"]) == (message.low, message.mean, message.high)
        assert row["label"] == (message.figures if outcome == "qalys" else percents)
        assert f"{row['scenario']}: {row['label']}." in each.alt


def test_the_change_chart_leaves_out_what_has_no_figure() -> None:
    """Nobody was ever seen, so there is no wait to compare."""
    comparison = made_up({"mri_wait_days": [math.nan] * 4})
    assert [row["scenario"] for row in change_chart(comparison, "mri_wait_days").spec["data"]["values"]] == [
        "Physio first"
    ]


@pytest.mark.parametrize("outcome", ["gp_consultations", "spinal_referrals", "surgery", "total_cost_gbp", "qalys"])
def test_the_periods_of_a_chart_add_up_to_the_total(outcome: str) -> None:
    for name in quick().cases:
        values, _ = over_time(quick(), name, outcome)
        assert values.sum(axis=1) == pytest.approx(quick().values[name][outcome].to_numpy())


def test_qalys_are_drawn_as_what_is_gained() -> None:
    """Symbols at the mean difference a year (here of one year); over time, each run minus its base, without the base."""
    gained = quick().values["physio_first"]["qalys"] - quick().values["usual_care"]["qalys"]
    change = chart("change", "qalys")
    row = next(row for row in change.spec["data"]["values"] if row["scenario"] == "Physio first")
    assert row["mean"] == pytest.approx(gained.mean())
    assert "%" not in change.alt
    assert "Change from usual care (QALYs a year)" in texts(change)
    assert any("Symbol: mean of the runs. Band: its 95% interval." in words for words in texts(change))
    course = over_time_chart(quick(), "qalys")
    rows = course.spec["data"]["values"]
    assert {row["scenario"] for row in rows} == {"MRI guidance", "Physio first"}
    own = next(row for row in rows if row["scenario"] == "Physio first")
    assert own["mean"] == pytest.approx(gained.mean())
    assert course.alt.startswith("QALYs gained over 1 year. MRI guidance: ")


def test_waits_of_one_year_are_the_waits_of_the_run() -> None:
    values, period = over_time(quick(), "usual_care", "mri_wait_days")
    assert period == "year"
    assert values[:, 0] == pytest.approx(quick().values["usual_care"]["mri_wait_days"].to_numpy())


def test_the_bands_of_a_chart_over_time_hold_all_runs() -> None:
    values, _ = over_time(quick(), "physio_first", "mri_scans")
    rows = [row for row in chart("over time").spec["data"]["values"] if row["scenario"] == "Physio first"]
    assert len(rows) == 4
    assert [row["year"] for row in rows] == [0.125, 0.375, 0.625, 0.875]
    for row, column in zip(rows, values.T, strict=True):
        assert (row["low"], row["mean"], row["high"]) == (column.min(), column.mean(), column.max())


def test_an_axis_starts_at_zero_unless_it_is_zoomed() -> None:
    for from_zero in (True, False):
        spec = over_time_chart(quick(), "mri_scans", from_zero=from_zero).spec
        assert {layer["encoding"]["y"]["scale"]["zero"] for layer in spec["layer"]} == {from_zero}


def test_only_outcomes_that_count_people_are_shown_by_deprivation() -> None:
    assert deprivation_chart(quick(), "mri_wait_days") is None
    assert deprivation_chart(quick(), "total_cost_gbp") is None
    assert deprivation_chart(quick(), "qalys") is None


def test_deciles_are_those_of_the_table() -> None:
    """The mean of the runs in percent of the base's, counted again from the table of activity by decile."""
    rows = chart("deprivation", "gp_consultations").spec["data"]["values"]
    assert len(rows) == 20
    for decile, name in ((1, "mri_guidance"), (10, "physio_first")):
        changes = []
        for run in range(quick().replications):
            counts = []
            for case in (name, "usual_care"):
                table = by_decile_table(quick().tallies[case][run], quick().plan)
                counts.append(table.loc[(table["service"] == "gp") & (table["decile"] == decile), "seen"].sum())
            changes.append(counts)
        row = next(
            row for row in rows if row["decile"] == decile and row["scenario"] == quick().cases[name].scenario.title
        )
        then, before = np.mean(changes, axis=0)
        assert row["mean"] == pytest.approx(100 * (then / before - 1))


def test_lists_are_those_of_the_table() -> None:
    """The first point is the end of the first measured week, the last the end of a week of the table."""
    rows = [row for row in chart("lists").spec["data"]["values"] if row["scenario"] == "Usual care"]
    assert rows[0]["year"] == pytest.approx(7 / 365)
    for row in (rows[0], rows[-1]):
        week = round(row["year"] * 365 / 7) - 1
        waiting = []
        for tallies in quick().tallies["usual_care"]:
            table = lists_table(tallies, quick().plan)
            waiting.append(int(table.loc[(table["service"] == "mri") & (table["week"] == week), "waiting"].iloc[0]))
        assert row["mean"] == np.mean(waiting)


# flows


def test_what_flows_into_a_service_are_its_referrals() -> None:
    table = flows(quick(), "mri_guidance")
    for service in ("gp", "community_physio", "mri", "spinal_clinic"):
        arriving = table.loc[table["to"] == service, "scenario"].sum()
        tables = [activity_table(tallies, quick().plan) for tallies in quick().tallies["mri_guidance"]]
        referred = np.mean([table.loc[table["service"] == service, "referred"].sum() for table in tables])
        assert arriving == pytest.approx(referred)


def test_nothing_changes_between_a_scenario_and_itself() -> None:
    spec, alt = sankey(quick(), "usual_care")
    assert alt == "Flows between services: none changes."
    assert {link["lineStyle"]["color"] for link in spec["series"][0]["links"]} == {"#768692"}


@pytest.mark.parametrize("name", ["mri_guidance", "physio_first"])
def test_a_sankey_has_no_circles_and_every_link_has_its_boxes(name: str) -> None:
    """The drawing library refuses circles: people who go back are drawn to a box of their own."""
    spec, alt = sankey(quick(), name)
    series = spec["series"][0]
    boxes = [node["name"] for node in series["data"]]
    assert len(set(boxes)) == len(boxes)
    assert {link[end] for link in series["links"] for end in ("source", "target")} == set(boxes)
    onward: dict[str, set[str]] = {box: set() for box in boxes}
    for link in series["links"]:
        onward[link["source"]].add(link["target"])
    gone: set[str] = set()
    while free := [box for box in boxes if box not in gone and onward[box] <= gone]:
        gone |= set(free)
    assert gone == set(boxes)
    assert any(link["lineStyle"]["color"] == "#005EB8" for link in series["links"])
    assert "Largest changes: " in alt


@pytest.mark.parametrize("name", ["mri_guidance", "physio_first"])
def test_a_sankey_of_many_services_stays_readable(name: str) -> None:
    """Nothing below 1% of those who need care, every box reached from there, ways back in one box; at most 20 boxes."""
    series = sankey(quick(), name)[0]["series"][0]
    table = flows(quick(), name)
    everyone = table.loc[table["from"] == "entry", "scenario"].sum()
    assert min(link["value"] for link in series["links"]) >= 0.01 * everyone - 0.05
    ways = [(link["source"], link["target"]) for link in series["links"]]
    assert len(set(ways)) == len(ways)
    assert {source for source, _ in ways} - {target for _, target in ways} == {"Needs care"}
    boxes = {node["name"] for node in series["data"]}
    assert [box for box in boxes if box.startswith("Back to")] == ["Back to an earlier service"]
    assert 8 <= len(boxes) <= 20 < len(quick().plan.services)


def test_boxes_are_called_as_the_pathway_calls_them() -> None:
    services = quick().plan.pathway.services
    assert {name: title for name, title in titles(quick()).items() if name in services} == {
        name: word.title for name, word in services.items()
    }
    for one, other in itertools.combinations(titles(quick()).values(), 2):
        assert one != other
