"""The user's own scenario: what is set in the app and what the downloaded file says are the same, word for word."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathways import Pathway, load_pathway, load_region, load_scenario
from sim.experiments.compare import compare
from sim.experiments.experiment import Experiment
from sim.experiments.record import fingerprint
from sim.run import Case
from ui.inputs.cases import gather
from ui.inputs.checking import check_path
from ui.pages.own_scenario import NAME, TITLE, OwnScenario, scenario_file

PATHWAY = load_pathway("usual_care")
LEVERS = list(PATHWAY.levers)


def written(choice: OwnScenario, folder: Path, pathway: Pathway = PATHWAY) -> Path:
    """The file that the button downloads."""
    file = folder / f"{NAME}.toml"
    file.write_text(scenario_file(choice, pathway), encoding="utf-8")
    return file


def test_the_file_says_what_was_set(tmp_path: Path) -> None:
    choice = OwnScenario({"mri_form": 0.35, "physio_first": 1.0, "mri_reminder": 0.0}, {"mri_form": "Signed up in May"})
    assert tomllib.loads(written(choice, tmp_path).read_text()) == {
        "format": 1,
        "title": TITLE,
        "says": "A scenario made in the app.",
        "pathway": "usual_care",
        "levers": {"mri_form": {"reach": 0.35, "why": "Signed up in May"}, "physio_first": {"reach": 1}},
    }


@pytest.mark.parametrize(
    "why",
    ['He said "now"', "C:\\new\\table", "one\ntwo\r\nthree", "tab\there", "bell \a and \x00 and \x7f", "£5, naïve – 日本 🦴", "'''", '"""', "# no comment", "]\n[levers.mri_form]"],
)  # fmt: skip
def test_reasons_may_hold_anything_that_can_be_typed(tmp_path: Path, why: str) -> None:
    """Quotes, backslashes and line ends neither break the file nor add to it."""
    choice = OwnScenario(dict.fromkeys(LEVERS, 0.5), dict.fromkeys(LEVERS, why))
    _, scenario, _ = load_scenario(written(choice, tmp_path))
    assert scenario == choice.scenario(PATHWAY)
    kept = scenario.levers["mri_form"].why
    assert kept is not None
    assert [letter for letter in kept if not letter.isspace()] == [
        letter for letter in why if letter.isprintable() and not letter.isspace()
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    reach=st.dictionaries(st.sampled_from(LEVERS), st.integers(0, 20).map(lambda step: step * 5 / 100)),
    why=st.dictionaries(st.sampled_from(LEVERS), st.text(max_size=30)),
)
def test_what_is_downloaded_is_what_was_set(tmp_path: Path, reach: dict[str, float], why: dict[str, str]) -> None:
    """Any setting of the sliders, which go in steps of five percent, and any text."""
    choice = OwnScenario(reach, why)
    name, scenario, pathway = load_scenario(written(choice, tmp_path))
    assert name == NAME
    assert scenario == choice.scenario(PATHWAY)
    assert pathway == PATHWAY
    assert set(scenario.levers) == {lever for lever, share in reach.items() if share > 0}


def test_the_checks_find_nothing_wrong_with_the_file(tmp_path: Path) -> None:
    problems = check_path(written(OwnScenario({"mri_form": 0.5, "physio_first": 0.25}, {}), tmp_path))
    assert not [problem for problem in problems if problem.severity == "error"]


def test_the_app_and_the_command_line_get_the_same_results(tmp_path: Path) -> None:
    """The scenario as the app runs it and as the command line reads it from the file: the same fingerprint."""
    choice = OwnScenario({"mri_form": 0.5, "physio_first": 0.25}, {"mri_form": "ours"})
    cases, base = gather([str(written(choice, tmp_path))], against="usual_care")
    own = cases | {NAME: Case(NAME, choice.scenario(PATHWAY), PATHWAY)}
    region = load_region("demonstration")
    from_file, from_app = (
        compare(Experiment(each, base=base, region=region, years=0.5, replications=1, seed=1)) for each in (cases, own)
    )
    assert fingerprint(from_file) == fingerprint(from_app)
    first_contacts = from_app.values[NAME]["first_contact_physio"] - from_app.values[base]["first_contact_physio"]
    assert (first_contacts > 0).all()


def test_nothing_switched_on_is_todays_pathway() -> None:
    assert OwnScenario(dict.fromkeys(LEVERS, 0.0), {}).scenario(PATHWAY).levers == {}


def test_reasons_do_not_decide_results_and_shares_do() -> None:
    one = OwnScenario({"mri_form": 0.5}, {"mri_form": "because"})
    assert one.key() == OwnScenario({"mri_form": 0.5}, {}).key()
    assert one.key() != OwnScenario({"mri_form": 0.55}, {}).key()
