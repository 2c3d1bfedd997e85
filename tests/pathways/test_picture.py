"""Pathways and scenarios in words and as a drawing: nothing is left out, and the shares shown are whole."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from pathways import Pathway, library_names, load_pathway, load_scenario, pathway_from_dict, pathway_to_dict
from pathways.picture import draw, edges, option_shares, pathway_in_words, scenario_in_words
from pathways.word import HOME

NOTHING_WRONG = Path(__file__).parent.parent / "gallery" / "nothing_wrong.toml"
SVG = "{http://www.w3.org/2000/svg}"
PATHWAYS = {"usual_care": load_pathway("usual_care"), "nothing_wrong": load_pathway(NOTHING_WRONG)}


@pytest.fixture(params=list(PATHWAYS))
def pathway(request: pytest.FixtureRequest) -> Pathway:
    """A pathway of the library, and a small one."""
    return PATHWAYS[request.param]


def box_titles(drawing: str) -> list[str]:
    """The texts of the boxes, lines put together."""
    root = ElementTree.fromstring(drawing)
    titles: list[str] = []
    for element in root:
        if element.tag == f"{SVG}rect" and "rx" in element.attrib:
            titles.append("")
        elif element.tag == f"{SVG}text":
            titles[-1] = f"{titles[-1]} {element.text}".strip()
    return titles


def squeezed(text: str) -> str:
    """A text without its line ends and blanks, which depend on where lines are broken."""
    return "".join(text.split())


def test_every_service_and_decision_is_told(pathway: Pathway) -> None:
    words = squeezed(pathway_in_words(pathway))
    for service in pathway.services.values():
        assert squeezed(f"{service.title}: £") in words
    for name, decision in pathway.decisions.items():
        assert squeezed(decision.says or name) in words
    for name, lever in pathway.levers.items():
        assert squeezed(f"{name}: {lever.title}. {lever.says}. Counter-effects: {lever.counter_effects}.") in words


def test_every_price_and_capacity_is_told_with_its_grade() -> None:
    words = pathway_in_words(PATHWAYS["usual_care"])
    pathway = PATHWAYS["usual_care"]
    lines = words.splitlines()
    for service in pathway.services.values():
        price = pathway.quantities[service.price]
        line = next(line for line in lines if line.startswith(f"{service.title}: £"))
        assert line.startswith(f"{service.title}: £{price.number():g}")
        assert (f"({price.grade})" in line.split(";")[0]) == (price.grade != "read")


def test_the_shares_of_each_decision_add_up(pathway: Pathway) -> None:
    """Of those open to everyone, where one takes the rest: what others may take comes from the rest."""
    for decision in pathway.decisions.values():
        shares = option_shares(pathway, decision)
        has_rest = any(option.share == "rest" for option in decision.options.values())
        counted = [share for name, share in shares.items() if not (has_rest and decision.options[name].when)]
        assert sum(counted) == pytest.approx(1)


def test_the_shares_printed_for_the_first_decision_add_to_a_hundred() -> None:
    """The tree below 'People need care', as the reader sees it."""
    tree = pathway_in_words(PATHWAYS["usual_care"]).split("People need care")[1].split("\n\n")[0]
    shares = [float(found) for found in re.findall(r"[├└]─ *([\d.]+)%", tree)]
    assert len(shares) == len(PATHWAYS["usual_care"].decisions["first_contact"].options)
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))


def test_everyone_who_leaves_a_service_goes_somewhere(pathway: Pathway) -> None:
    """Decisions worked through: from each service, and from the start, the shares add to one."""
    leaving: dict[str, float] = {}
    for (source, target), share in edges(pathway).items():
        assert target == HOME or target in pathway.services
        leaving[source] = leaving.get(source, 0) + share
    assert set(leaving) == {"", *pathway.services}
    assert all(share == pytest.approx(1) for share in leaving.values())


def test_the_drawing_has_a_box_for_every_service_and_an_arrow_for_every_way(pathway: Pathway) -> None:
    drawing = draw(pathway)
    assert sorted(box_titles(drawing)) == sorted(["Needs care", *(word.title for word in pathway.services.values())])
    root = ElementTree.fromstring(drawing)
    arrows = [path for path in root.iter(f"{SVG}path") if "marker-end" in path.attrib]
    assert len(arrows) == len([way for way, share in edges(pathway).items() if way[1] != HOME and share > 0])
    assert root.attrib["role"] == "img"
    assert pathway.title in root.attrib["aria-label"]


def test_boxes_do_not_lie_on_each_other_and_stay_inside_the_drawing(pathway: Pathway) -> None:
    root = ElementTree.fromstring(draw(pathway))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    corners = []
    for box in root.iter(f"{SVG}rect"):
        if "rx" not in box.attrib:
            continue
        x, y, w, h = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
        corners.append((x, y, x + w, y + h))
    for k, (left, top, right, bottom) in enumerate(corners):
        for other in corners[k + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_titles_with_angle_brackets_can_be_drawn() -> None:
    written = pathway_to_dict(PATHWAYS["nothing_wrong"])
    first = next(iter(written["services"]))
    written["services"][first]["title"] = "GP <b> & co"
    assert "GP <b> & co" in box_titles(draw(pathway_from_dict("small", written)))


@pytest.mark.parametrize("name", library_names("scenarios"))
def test_scenarios_tell_every_lever_its_size_and_what_it_cannot_tell(name: str) -> None:
    _, scenario, pathway = load_scenario(name)
    words = squeezed(scenario_in_words(name, scenario, pathway))
    assert words.startswith(squeezed(scenario.title))
    for lever_name in scenario.levers:
        lever = pathway.levers[lever_name]
        assert squeezed(f"Lever {lever_name}: {lever.title}") in words
        assert squeezed(f"Counter-effects: {lever.counter_effects}.") in words
        for change in lever.changes:
            sizes = (change.times, change.plus, change.capacity_times, change.capacity_plus_per_100k)
            quantity = pathway.quantities[next(size for size in sizes if size)]
            size = f"{quantity.value:g} {quantity.unit} ({quantity.low:g} to {quantity.high:g}; {quantity.grade}: "
            assert squeezed(size) in words
            assert squeezed(change.decision or pathway.services[str(change.service)].title) in words
    assert squeezed(f"Evidence: {scenario.evidence}") in words
    assert squeezed(f"What it cannot tell: {scenario.cannot_tell}") in words
    assert ("Nothingisswitchedon." in words) == (not scenario.levers)


def test_where_and_when_a_lever_is_on_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'format = 1\ntitle = "Mine"\nsays = "Ours."\npathway = "usual_care"\n'
        '[levers.mri_form]\nreach = 0.4\nstarts = "26 weeks"\n[levers.physio_first]\npractices = ["D00001", "D00002"]\n'
    )
    words = scenario_in_words(*load_scenario(file))
    assert "On from 26 weeks after the start, in 40% of practices" in words
    assert "On from the start, in 2 named practices" in words
