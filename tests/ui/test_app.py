"""The Compare page, run without a browser: what it says, and that it says something whatever happens."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pathways import load_pathway, load_region, load_scenario
from pathways.load import LIBRARY
from sim.batch.threads import Stopped
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from tests.helpers.compared import calibrated_by_hand
from tests.helpers.typed import backpath
from ui.findings.key_message import key_message, watch
from ui.inputs.cases import gather
from ui.pages import jobs, own_scenario
from ui.words import in_a_sentence, row_title

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS, YEARS = 20, 1


def opened(**settings: Any) -> AppTest:
    """The page as it opens with these settings in its address; one year unless told otherwise."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in ({"years": str(YEARS)} | settings).items():
        page.query_params[name] = value
    return page.run()


def message_of(page: AppTest) -> str:
    """The text of the key message."""
    found = [each.value for each in page.get("html") if 'class="key-message"' in each.value]
    assert len(found) == 1
    return re.sub(r"<[^>]+>", "\n", found[0])


def headline_of(page: AppTest) -> str:
    """Its first line."""
    return next(line for line in message_of(page).splitlines() if line)


def labels(page: AppTest, kind: str) -> list[str]:
    """The labels of all elements of a kind."""
    return [each.label for each in page.get(kind)]


def errors(page: AppTest) -> str:
    """What stands in red."""
    return "\n".join(each.value for each in page.error)


def expected() -> Comparison:
    """The comparison that the page shows, run apart from it."""
    cases, base = gather(["mri_guidance", "physio_first"], against="usual_care")
    return compare(
        Experiment(cases, base=base, region=load_region("demonstration"), years=YEARS, replications=RUNS, seed=42),
        workers=2,
    )


@pytest.mark.slow
def test_the_first_page_answers_at_once() -> None:
    """Headline, figures, warnings and tiles are those of the same comparison run apart from the page."""
    page = opened()
    assert not page.exception
    assert page.title[0].value == "Compare back pain pathways"
    comparison = expected()
    message = key_message(comparison, "physio_first", "mri_scans")
    said = message_of(page)
    assert headline_of(page) == f"Physio first: {message.headline}"
    assert message.detail in said
    assert message.absolute in said
    for sentence in watch(comparison, "physio_first", besides="mri_scans")[:3]:
        assert sentence in said
    assert labels(page, "metric") == [row_title(word) for word in comparison.plan.pathway.outcomes.values()]
    assert page.pills(key="scenarios").value == ["MRI guidance", "Physio first"]
    assert labels(page, "tab") == ["Change", "Over time", "Pathway flow", "By deprivation", "Table and downloads"]
    assert labels(page, "download_button") == ["Report (web page)", "Differences (CSV)", "Everything (JSON)"]
    assert "made-up data" in page.sidebar.caption[0].value


def test_another_outcome_is_another_message() -> None:
    page = opened()
    pathway = load_pathway("usual_care")
    for outcome in ("qalys", "physio_wait_days"):
        title = pathway.outcomes[outcome].title
        page.selectbox(key="outcome").select(title).run()
        assert not page.exception
        assert in_a_sentence(title) in headline_of(page)
    assert any("is not counted by deprivation" in each.value for each in page.info)


def test_the_tiles_can_show_another_scenario() -> None:
    page = opened()
    before = [each.value for each in page.metric]
    page.segmented_control(key="tiles").set_value("MRI guidance").run()
    assert [each.value for each in page.metric] != before
    assert "All outcomes: MRI guidance" in [each.value for each in page.subheader]


def test_headline_and_tiles_are_of_the_same_scenario_whichever_is_shown() -> None:
    """The headline was of the scenario picked last, "Physio first", while the tiles were of another; and a scenario that is
    picked no more left its name in the tiles."""
    page = opened()
    page.segmented_control(key="tiles").set_value("MRI guidance").run()
    assert headline_of(page).startswith("MRI guidance: ")
    assert "All outcomes: MRI guidance" in [each.value for each in page.subheader]
    page.toggle(key="own_on").set_value(True).run()
    assert headline_of(page).startswith("My scenario: ")
    assert "All outcomes: My scenario" in [each.value for each in page.subheader]
    page.toggle(key="own_on").set_value(False).run()
    page.segmented_control(key="tiles").set_value("MRI guidance").run()
    page.pills(key="scenarios").set_value(["Physio first"]).run()
    assert not page.exception
    assert headline_of(page).startswith("Physio first: ")
    assert "All outcomes: Physio first" in [each.value for each in page.subheader]


def test_a_region_of_the_library_is_opened_first_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`backpath app --region demonstration` ended in "there is no region.toml" on the page."""
    monkeypatch.setenv("BACKPATH_REGION", "demonstration")
    page = opened()
    assert not page.exception
    assert errors(page) == ""
    assert page.selectbox(key="area").options == ["demonstration"]
    assert headline_of(page).startswith("Physio first: ")


def test_a_run_is_stopped_when_its_question_is_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new question had an answer already, or nothing was asked any more, the old run went on to its end."""
    opened()
    abandoned = []

    def without(page: AppTest) -> jobs.Job:
        job = jobs.Job(("another question",))
        abandoned.append(job)
        page.session_state["job"] = job
        return job

    page = opened()
    job = without(page)
    page.run()
    assert job.stop.is_set()
    job = without(page)
    page.pills(key="scenarios").set_value([]).run()
    assert job.stop.is_set()
    assert "job" not in page.session_state


@pytest.mark.slow
def test_the_message_follows_the_levers() -> None:
    """All practices with the form: fewer scans. None: no change."""
    page = opened(own_on="true")
    assert not page.exception
    assert labels(page, "slider") == [
        f"{lever.title} (% of practices)" for lever in load_pathway("usual_care").levers.values()
    ]
    assert headline_of(page) == "My scenario: No change in MRI scans."
    page.slider(key="lever_mri_form").set_value(100)
    press(page, "Update results")
    assert headline_of(page).startswith(
        f"My scenario: All {RUNS} runs show fewer MRI scans, if the assumed numbers hold: "
    )
    page.slider(key="lever_mri_form").set_value(0)
    press(page, "Update results")
    assert headline_of(page) == "My scenario: No change in MRI scans."


def press(page: AppTest, label: str) -> None:
    """Presses the button of that label."""
    next(each for each in page.button if each.label == label).click().run()
    assert not page.exception


def test_the_form_makes_the_file_that_is_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The shares and the reason that were typed stand in the file, which the command line can read."""
    files: list[str] = []

    def kept(choice: own_scenario.OwnScenario, pathway: Any) -> str:
        files.append(made(choice, pathway))
        return files[-1]

    made = own_scenario.scenario_file
    monkeypatch.setattr(own_scenario, "scenario_file", kept)
    page = opened(own_on="true")
    page.slider(key="lever_mri_form").set_value(40)
    page.text_input(key="why_mri_form").set_value('They said "yes"')
    press(page, "Update results")
    assert tomllib.loads(files[-1])["levers"] == {"mri_form": {"reach": 0.4, "why": 'They said "yes"'}}
    file = tmp_path / "my_scenario.toml"
    file.write_text(files[-1])
    assert load_scenario(file)[1].levers["mri_form"].reach == 0.4
    assert "Download my scenario (for the command line)" in labels(page, "download_button")


def test_the_command_below_the_table_gives_the_same_results() -> None:
    caption = next(each.value for each in opened().caption if "command line" in each.value)
    found = re.search(r"fingerprint (\w+)\. The same on the command line: backpath (.*)$", caption)
    assert found
    seen = backpath(*shlex.split(found[2]), "--json")
    assert seen.code == 0
    assert json.loads(seen.out)["fingerprint"] == found[1]


def test_nothing_picked_is_no_error() -> None:
    page = opened()
    page.pills(key="scenarios").set_value([]).run()
    assert not page.exception
    assert not page.error
    assert [each.value for each in page.info] == [
        "Pick at least one scenario above to compare it with today's pathway."
    ]


def test_bad_settings_in_the_address_give_the_defaults() -> None:
    good = opened()
    bad = opened(
        outcome="nonsense", scenarios="zzz", runs="9999", seed="-5", area="Atlantis", own_on="perhaps", zoom="<b>"
    )
    assert not bad.exception
    assert headline_of(bad) == headline_of(good)


def test_what_is_set_in_the_address_is_shown() -> None:
    """A link that was shared: one scenario, another outcome, a lever of one's own."""
    page = opened(scenarios="MRI guidance", outcome="GP consultations")
    assert headline_of(page).startswith(
        "MRI guidance: No material change in GP consultations, if the assumed numbers hold: "
    )
    own = opened(own_on="true", lever_mri_form="100")
    assert headline_of(own).startswith(
        f"My scenario: All {RUNS} runs show fewer MRI scans, if the assumed numbers hold: "
    )


@pytest.mark.slow
def test_more_than_four_scenarios_are_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library of six scenarios: four are shown, three beside one's own, and the page says so."""
    library = Path(shutil.copytree(LIBRARY, tmp_path / "library"))
    for k in range(1, 5):
        text = (library / "scenarios" / "mri_guidance.toml").read_text()
        (library / "scenarios" / f"mri_{k}.toml").write_text(text.replace('"MRI guidance"', f'"MRI guidance {k}"'))
    monkeypatch.setattr("pathways.load.LIBRARY", library)
    page = opened()
    page.pills(key="scenarios").set_value(["Physio first", *(f"MRI guidance {k}" for k in range(1, 5))]).run()
    assert not page.exception
    assert page.info[0].value == "At most 4 scenarios can be compared; the first 4 are shown."
    assert len(page.segmented_control(key="tiles").options) == 4
    page.toggle(key="own_on").set_value(True).run()
    assert page.info[0].value == "At most 4 scenarios can be compared; the first 3 are shown beside your own."
    assert len(page.segmented_control(key="tiles").options) == 4


# what can go wrong


def replaced(monkeypatch: pytest.MonkeyPatch, work: Callable[..., Any]) -> None:
    """Lets the page run something else than a comparison, and nothing that it keeps from before."""
    st.cache_resource.clear()
    monkeypatch.setattr(jobs, "compare", work)


def test_an_error_of_ours_is_told_without_its_details(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret details")

    replaced(monkeypatch, broken)
    page = opened(outcome="QALYs")
    assert not page.exception
    assert "This scenario could not be run. Your settings are kept." in errors(page)
    assert "secret" not in errors(page)
    assert page.selectbox(key="outcome").value == "QALYs"


def test_a_run_that_was_stopped_can_be_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        replaced(patched, stopped)
        page = opened()
        assert not page.exception
        assert [each.value for each in page.warning] == [
            "Stopped. Change a setting, or press the button to run it again."
        ]
    press(page, "Run again")
    assert headline_of(page).startswith("Physio first: ")


def test_an_area_that_does_not_fit_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No row for MRI in the capacity of a planner's own folder: the words of the command line, not a traceback."""
    folder = Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "ours"))
    for name in ("capacity.csv", "waiting_lists.csv"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join(line for line in lines if not line.startswith("mri,")))
    monkeypatch.setenv("BACKPATH_REGION", str(folder))
    page = opened()
    assert not page.exception
    assert "capacity.csv: no row for the service 'mri'" in errors(page)


def test_figures_of_more_than_back_pain_are_asked_about_beside_the_headline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It stood below the table on the fifth tab alone."""
    folder = Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "ours"))
    capacity = (folder / "capacity.csv").read_text()
    (folder / "capacity.csv").write_text(re.sub(r"(?m)^(mri,[^,]*,,)8.9,", r"\g<1>89,", capacity))
    monkeypatch.setenv("BACKPATH_REGION", str(folder))
    said = message_of(opened(scenarios="MRI guidance"))
    assert "Warning:" in said
    assert "MRI scan: there are 89 appointments a week in capacity.csv and " in said
    monkeypatch.delenv("BACKPATH_REGION")
    assert "Warning:" not in message_of(opened(scenarios="MRI guidance"))


def test_words_of_an_area_are_shown_as_written_and_fetch_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A title with a picture in it was read as Markdown, and the browser fetched the picture from where it pointed."""
    folder = Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "ours"))
    text = (folder / "region.toml").read_text()
    title = "Ours ![](http://there.example/x.png) <script>alert(1)</script> $x$"
    (folder / "region.toml").write_text(text.replace('title = "Demonstration area"', f"title = '{title}'"))
    monkeypatch.setenv("BACKPATH_REGION", str(folder))
    page = opened()
    assert not page.exception
    assert (
        r"**Ours !\[\](http://there.example/x.png) \<script>alert(1)\</script> \$x\$**"
        in page.sidebar.markdown[0].value
    )
    (folder / "capacity.csv").write_text("service,appointments_per_week\n![](http://there.example/x.png),5\n")
    st.cache_resource.clear()
    page = opened()
    assert not page.exception
    assert "capacity.csv" in errors(page)
    assert "![](http" not in errors(page)


@pytest.mark.parametrize(
    "typed",
    ['"""\n[levers.x]\nreach = 9', "\x00\x1b[31m\ud800\u202e", "</script><b>", "x" * 100_000, "\\", "'''", "🙂"],
)
def test_whatever_is_typed_as_a_reason_is_a_file_that_can_be_read(typed: str, tmp_path: Path) -> None:
    """Quotes, line ends, halves of letters and pages of text; nobody writes another lever into the file."""
    pathway = load_pathway("usual_care")
    choice = own_scenario.OwnScenario({"mri_form": 0.4}, {"mri_form": typed})
    file = tmp_path / "my_scenario.toml"
    file.write_text(own_scenario.scenario_file(choice, pathway), encoding="utf-8")
    read = load_scenario(str(file))[1]
    assert set(read.levers) == {"mri_form"}
    assert len(read.levers["mri_form"].why or "") <= own_scenario.LONGEST_REASON
    assert choice.scenario(pathway).levers == read.levers


def test_an_area_that_cannot_be_read_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "ours"))
    text = (folder / "population.csv").read_text()
    (folder / "population.csv").write_text(text.replace("D00001,female,0-4,236", "D00001,female,0-4,lots"))
    monkeypatch.setenv("BACKPATH_REGION", str(folder))
    page = opened()
    assert not page.exception
    assert "population.csv: row 2, column people: 'lots' is not a number." in errors(page)


def test_a_planners_own_area_is_offered_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also one whose name the library has; the command below the table names the folder, and gives the same."""
    folder = Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "demonstration"))
    text = (folder / "region.toml").read_text()
    (folder / "region.toml").write_text(text.replace('title = "Demonstration area"', 'title = "Our area"'))
    population = (folder / "population.csv").read_text()
    (folder / "population.csv").write_text(population.replace("D00001,female,0-4,236", "D00001,female,0-4,1236"))
    monkeypatch.setenv("BACKPATH_REGION", str(folder))
    page = opened()
    assert page.selectbox(key="area").options == ["demonstration (my folder)", "demonstration"]
    assert "Our area" in page.sidebar.markdown[0].value
    assert "105,000" in page.sidebar.markdown[0].value
    assert f"--region {folder}" in next(each.value for each in page.caption if "command line" in each.value)
    page.selectbox(key="area").select("demonstration").run()
    assert "104,000" in page.sidebar.markdown[0].value
    assert "--region" not in next(each.value for each in page.caption if "command line" in each.value)


def test_a_calibration_is_named_and_used_where_it_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Side bar, warnings, download and the command say which; an area that it is not of is told to be uncalibrated."""
    (tmp_path / "calibrated").mkdir()
    calibrated = calibrated_by_hand(tmp_path / "calibrated", count=RUNS)
    other = Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "north"))
    for name, old, new in (
        ("region.toml", 'name = "demonstration"', 'name = "north"'),
        ("population.csv", "D00001,female,0-4,236", "D00001,female,0-4,237"),
    ):
        (other / name).write_text((other / name).read_text().replace(old, new))
    monkeypatch.setenv("BACKPATH_CALIBRATION", str(calibrated))
    monkeypatch.setenv("BACKPATH_REGION", str(other))
    page = opened(area="demonstration")
    assert not page.exception
    assert any(each.value.startswith("Calibrated: By hand (") for each in page.sidebar.caption)
    assert [each.value for each in page.sidebar.warning] == [
        "The calibration 'By hand' that these results rest on: NOT MATCHED: by hand"
    ]
    assert f"--calibration {calibrated}" in next(each.value for each in page.caption if "command line" in each.value)
    assert any("The calibration 'By hand'" in each.value for each in page.markdown)
    page.selectbox(key="area").select("north").run()
    assert not page.exception
    (told,) = [each.value for each in page.sidebar.warning]
    assert told.startswith("Results are not calibrated: ")
    assert "it was calibrated to the region 'demonstration', and this is 'north'" in told
    assert "--calibration" not in next(each.value for each in page.caption if "command line" in each.value)


# what the code must keep to


def test_every_chart_has_a_text_for_those_who_cannot_see_it() -> None:
    """Every call that draws a chart gives `alt`, and no chart takes the theme with the pale text."""
    charts = []
    for path in (ROOT / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr.endswith("_chart")
            ):
                charts.append({keyword.arg: keyword.value for keyword in node.keywords})
    assert len(charts) >= 2
    for given in charts:
        assert "alt" in given
        assert isinstance(given["theme"], ast.Constant)
        assert given["theme"].value is None
