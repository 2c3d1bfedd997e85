"""The pathway language: what is wrong is told by place, with advice, all of it at once."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from pathways import (
    BadInput,
    inputs_to_dict,
    library_names,
    load_pathway,
    load_scenario,
    parse_when,
    pathway_from_dict,
    pathway_to_dict,
)
from pathways.checks import CHECKS, bounds_used, quantities_used
from pathways.draft import Draft
from pathways.load import LIBRARY, find
from pathways.schema import pathway_schema, scenario_schema, schema_text
from pathways.service import Service
from pathways.timing import length_in_days, ticks_in_a_day
from ui.inputs.checking import check_path

GALLERY = Path(__file__).parent.parent / "gallery"
BROKEN = sorted(path for path in GALLERY.glob("*.toml") if path.stem != "nothing_wrong")


def said(path: Path) -> list[str]:
    """What the gallery's file says the checks should say of it."""
    return [line.removeprefix("# says: ") for line in path.read_text().splitlines() if line.startswith("# says: ")]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_broken_file_of_the_gallery_is_explained(path: Path) -> None:
    problems = check_path(path)
    text = "\n".join(str(problem) for problem in problems)
    expected = said(path)
    assert expected
    for sentence in expected:
        assert sentence in text
    assert path.name in text or "usual_cair" in text
    reported = [problem for problem in problems if not problem.rule.startswith("stability")]
    assert len(reported) <= len(expected) + 2, text


def test_the_file_with_nothing_wrong_loads() -> None:
    assert load_pathway(GALLERY / "nothing_wrong.toml").title == "A GP and a clinic"


def test_every_check_has_a_broken_file_or_another_test() -> None:
    """Each rule's name is the rule that some file of the gallery breaks."""
    broken = {problem.rule for path in BROKEN for problem in check_path(path)}
    elsewhere = {
        "names_are_not_shared",
        "tables_only_where_needed",
        "facts_of_onset_are_known_at_onset",
        "sizes_are_in_bounds",
        "places_to_wait_are_open_services",
        "outcomes_have_services",
        "draws_mean_what_is_written",
    }
    assert {check.__name__ for check in CHECKS} - broken == elsewhere


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w["decisions"].update(gp={"options": {"home": {"share": "rest"}}}), "a service has this name too"),
        (lambda w: w["services"]["gp"].update(price="visits"), "'visits' is a table; a single number is needed here"),
        (
            lambda w: w.update(
                attributes={
                    "kind": {"levels": {"a": {"share": "rest"}, "b": {"share": "some", "when": {"state": "mild"}}}}
                }
            ),
            "'state' is not known yet when this is decided",
        ),
        (
            lambda w: w.update(
                attributes={f"a{k}": {"levels": {"x": {"share": "rest"}, "y": {"share": "some"}}} for k in range(14)}
            ),
            "at most 13 attributes are possible",
        ),
        (
            lambda w: w["care"].update(while_waiting={"service": "clinic", "then": "home"}),
            "name a service with capacity 'open'",
        ),
        (
            lambda w: w.update(outcomes={"seen": {"title": "Seen", "of": "seen", "better": "less"}}),
            "'seen' needs 'services': which ones?",
        ),
        (
            lambda w: w.update(attributes={"age": {"levels": {"a": {"share": "rest"}, "b": {"share": "some"}}}}),
            "attributes.age: conditions know 'age' as something else",
        ),
        (lambda w: w["services"].update(home=w["services"]["gp"]), "services.home: 'home' is where care ends"),
        (lambda w: w["services"]["clinic"].update(sites="visits"), "'visits' is in 'GBP', but a number of sites"),
        (
            lambda w: (
                w["services"]["clinic"].update(sites="visits"),
                w["quantities"]["visits"].update(unit="sites", value={"a": 1, "b": 0.5}),
            ),
            "the numbers of sites must be whole, and not all 0",
        ),
        (lambda w: w["quantities"]["six_weeks"].update(value=1e300, high=1e300), "1e+300 weeks is impossible"),
        (lambda w: w.update(clock={"warm_up": "999999999999 weeks"}), "is longer than 200 years"),
    ],
)
def test_rules_that_the_gallery_leaves_out(change, message: str) -> None:  # type: ignore[no-untyped-def]
    written = tomllib.loads((GALLERY / "nothing_wrong.toml").read_text())
    written["quantities"]["visits"] = {
        "value": {"1": 1.0}, "low_times": 1, "high_times": 1, "unit": "GBP", "source": "made up", "grade": "assumed",
    }  # fmt: skip
    change(written)
    with pytest.raises(BadInput) as bad:
        pathway_from_dict("small", written)
    assert message in str(bad.value)


def test_an_unused_quantity_is_a_warning_and_no_error(tmp_path: Path) -> None:
    text = (GALLERY / "nothing_wrong.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(
        text + 'spare = { value = 1, low = 1, high = 1, unit = "GBP", source = "made up", grade = "assumed" }\n'
    )
    assert load_pathway(path).name == "mine"
    problems = [problem for problem in check_path(path) if problem.rule == "own_quantities_are_used"]
    assert [problem.severity for problem in problems] == ["warning"]


def test_the_library_loads_without_a_word() -> None:
    for name in library_names("scenarios"):
        found, scenario, _ = load_scenario(name)
        assert (found, scenario.format) == (name, 1)


def test_a_pathway_survives_being_written_and_read() -> None:
    pathway = load_pathway("usual_care")
    assert pathway_from_dict(pathway.name, json.loads(json.dumps(pathway_to_dict(pathway)))) == pathway


def test_a_file_without_roles_loads_and_is_the_same_to_records_and_digests(tmp_path: Path) -> None:
    """Files written before there were roles: no service has one, and no result depends on it."""
    text = (LIBRARY / "pathways" / "usual_care.toml").read_text()
    old = tmp_path / "usual_care.toml"
    old.write_text(re.sub(r"^roles = .*\n", "", text, flags=re.MULTILINE))
    before, now = load_pathway(old), load_pathway("usual_care")
    assert now.services_with("imaging") == ["emergency_mri", "mri", "mri_urgent"]
    assert before.services_with("imaging") == []
    assert inputs_to_dict(before) == inputs_to_dict(now)
    assert pathway_to_dict(before) != pathway_to_dict(now)


def test_a_role_stands_once() -> None:
    service = load_pathway("usual_care").services["mri"].model_dump()
    with pytest.raises(ValidationError, match="'roles' names one of imaging, imaging twice: remove one"):
        Service.model_validate(service | {"roles": ["imaging", "imaging"]})


def test_schemas_fit_the_library_and_are_the_ones_that_ship() -> None:
    """Every file of the library is valid, a broken one is not, and the exported schemas are up to date."""
    jsonschema.Draft202012Validator.check_schema(pathway_schema())
    jsonschema.Draft202012Validator.check_schema(scenario_schema())
    written = tomllib.loads((LIBRARY / "pathways" / "usual_care.toml").read_text())
    jsonschema.validate(written, pathway_schema())
    for name in library_names("scenarios"):
        jsonschema.validate(tomllib.loads((LIBRARY / "scenarios" / f"{name}.toml").read_text()), scenario_schema())
    broken = tomllib.loads((GALLERY / "a_misspelt_field.toml").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, pathway_schema())
    for kind in ("pathway", "scenario"):
        assert (LIBRARY / f"{kind}.schema.json").read_text() == schema_text(kind)


def test_every_quantity_of_the_library_has_source_range_and_grade_and_is_used() -> None:
    pathway = load_pathway("usual_care")
    draft = Draft.of(pathway)
    used = {name for _, name, _ in quantities_used(draft)} | {name for _, name in bounds_used(draft)}
    assert set(pathway.quantities) == used - {"rest"}
    for name, quantity in pathway.quantities.items():
        assert quantity.source.strip(), name
        assert quantity.grade in ("read", "recalled", "assumed"), name


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [(">= 65", 65, None), ("< 18", None, 18), ("18 to 64", 18, 64), ("= 3", 3, 3), (7, 7, 7)],
)
def test_comparisons_are_read_as_they_are_said(written: object, low: int | None, high: int | None) -> None:
    conditions, wrong = parse_when({"age": written}, attributes={}, services=set(), levers=set(), quantities=set())
    assert not wrong
    assert (conditions[0].low, conditions[0].high) == (low, high)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"sex": []}, "'sex' is compared with an empty list"),
        ({"lever": ["push"]}, "there is no lever '['push']'"),
        ({"visits": {}}, "'visits' needs a service"),
        ({"age": "64 to 18"}, "Write '18 to 64'"),
        ({"age": "> 99999999999999999999"}, "write a number up to 1,000,000"),
        ({"age": "> ²"}, "neither a whole number nor a quantity"),
        ({"age": True}, "neither a whole number nor a quantity"),
        ({"age": -3}, "'age' is compared with '-3'"),
    ],
)
def test_conditions_that_mean_nothing_are_explained(when: dict[str, object], message: str) -> None:
    conditions, wrong = parse_when(when, attributes={}, services={"gp"}, levers={"push"}, quantities=set())
    assert not conditions
    assert message in wrong[0]


def test_what_lies_in_the_working_directory_does_not_hide_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name is the library's, whatever is there; with a slash or a suffix it is what is there."""
    for name in ("demonstration", "usual_care", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "usual_care.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find("regions", "demonstration") == LIBRARY / "regions" / "demonstration"
    assert find("pathways", "usual_care") == LIBRARY / "pathways" / "usual_care.toml"
    assert find("regions", "./demonstration").resolve() == tmp_path / "demonstration"
    assert find("regions", tmp_path / "demonstration") == tmp_path / "demonstration"
    assert find("pathways", "usual_care.toml").resolve() == tmp_path / "usual_care.toml"
    assert find("regions", "mine").resolve() == tmp_path / "mine"
    assert find("scenarios", "mri_guidance.toml") == LIBRARY / "scenarios" / "mri_guidance.toml"
    with pytest.raises(BadInput, match="there is no region of that name in the library and no such file"):
        find("regions", "yours")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(BadInput, match="this is a folder; a file is needed"):
        load_pathway(tmp_path / "mine.toml")
    with pytest.raises(BadInput, match="there is no pathway"):
        load_pathway(tmp_path / "mine.toml" / "more.toml")


def test_a_scenario_cannot_bring_in_an_infinite_number(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'format = 1\ntitle = "Mine"\nsays = "For a test."\npathway = "usual_care"\n[quantities.mri_price]\n'
        'value = inf\nlow = 0\nhigh = inf\nunit = "GBP"\nsource = "made up"\ngrade = "assumed"\n'
    )
    with pytest.raises(BadInput, match=r"quantities.mri_price.value: must be a finite number, but inf is written"):
        load_scenario(path)


def test_lengths_of_time() -> None:
    assert length_in_days("2 weeks") == 14
    assert ticks_in_a_day("15 minutes") == 96
    for wrong in ("soon", "3", "weeks", "-1 day"):
        with pytest.raises(ValueError, match="no length of time"):
            length_in_days(wrong)
    with pytest.raises(ValueError, match="does not divide a day"):
        ticks_in_a_day("2 days")


def test_a_pathway_that_is_not_there_is_told_where_a_scenario_names_it(tmp_path: Path) -> None:
    """And what only stands beside the pathways of the library is not offered as one."""
    path = tmp_path / "mine.toml"
    path.write_text('format = 1\ntitle = "A"\nsays = "B."\npathway = "zebra"\n')
    with pytest.raises(BadInput) as caught:
        load_scenario(path)
    assert str(caught.value) == (
        "mine.toml: pathway = 'zebra': there is no pathway of that name in the library and no such file. "
        "There are: usual_care."
    )


def test_a_blank_name_is_told_and_stands_for_nothing(tmp_path: Path) -> None:
    """It was once taken for the cap of every service without a course."""
    path = tmp_path / "mine.toml"
    blank = '[quantities.""]\nvalue = 0.4\nlow = 0\nhigh = 1\nunit = "utility"\nsource = "made up"\ngrade = "assumed"\n'
    path.write_text((LIBRARY / "pathways" / "usual_care.toml").read_text() + blank)
    with pytest.raises(BadInput) as caught:
        load_pathway(path)
    assert "mine.toml: quantities.'': the name is blank. Give it one." in str(caught.value).split("\n")
