"""Every HTML report: a policy that lets it run and fetch nothing, hostile names as text, and no column lost on paper."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from calibration.validation.validate import Validation
from outcomes import practice_variation
from pathways import load_region
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment
from sim.experiments.sensitivity_analysis import psa, tornado
from tests.helpers.compared import quick
from tests.helpers.pages import HOSTILE, check_harmless
from tests.helpers.portfolio_file import file, valued
from tests.helpers.validation import imagined
from ui.findings.value_for_money import findings_of
from ui.inputs.cases import gather
from ui.reports.comparison import html_report
from ui.reports.page import STYLE, html_page
from ui.reports.portfolio_page import portfolio_page
from ui.reports.psa import psa_html
from ui.reports.validation import validation_html
from ui.reports.variation import variation_page

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAPER = {"A4 landscape": 1047, "A4 upright": 718}
"""Pixels between the margins of a sheet, at 96 to the inch."""


def named(case: Any, name: str = HOSTILE) -> Any:
    """A case whose every title is hostile."""
    pathway = case.pathway
    services = {of: word.model_copy(update={"title": name}) for of, word in pathway.services.items()}
    outcomes = {of: word.model_copy(update={"title": name}) for of, word in pathway.outcomes.items()}
    written = {"title": name, "says": name, "evidence": name, "cannot_tell": name}
    return replace(
        case,
        scenario=case.scenario.model_copy(update=written),
        pathway=replace(pathway, services=services, outcomes=outcomes),
    )


def in_a_hostile_place(name: str = HOSTILE) -> Any:
    """The demonstration area, with hostile words in its files."""
    place = load_region("demonstration")
    words = {"title": name, "says": name, "assumed": [name], "sources": [name], "made_up": False}
    return replace(place, about=place.about.model_copy(update=words))


def hostile_comparison(name: str = HOSTILE) -> Comparison:
    """The quick comparison, as if all its files were written by somebody who means ill."""
    comparison = copy.copy(quick())
    cases = {of: named(case, name) for of, case in comparison.cases.items()}
    plans = {of: replace(plan, pathway=cases[of].pathway) for of, plan in comparison.plans.items()}
    asked = replace(comparison.experiment, cases=cases, region=in_a_hostile_place(name))
    for attribute, value in (("experiment", asked), ("in_areas", [plans])):
        object.__setattr__(comparison, attribute, value)
    return comparison


def portfolio_of(folder: Path, name: str = HOSTILE) -> str:
    """A portfolio with a hostile service."""
    quoted = '"' + name.replace('"', '""') + '"'
    return portfolio_page(valued(file(folder, f"{quoted},200,1,0.02,0.01,50,0,400")), name)


def variation_of(name: str = HOSTILE) -> str:
    """Practices of whom one has a hostile name."""
    names = [name, *"BCDEFGHIJKL"]
    events = pd.DataFrame({"practice": names, "count": range(20, 44, 2)})
    population = pd.DataFrame({"practice": names, "n": [1000 + 40 * at for at in range(12)]})
    return variation_page(practice_variation(events, population), name)


def psa_of(name: str = HOSTILE) -> str:
    """A sensitivity analysis of few draws, told under hostile names."""
    cases, base = gather(["mri_guidance"], against="usual_care")
    place = load_region("demonstration")
    found = psa(
        Experiment(cases, base=base, region=place, years=0.2, replications=2, seed=1),
        draws=2,
        annual_rate=0.035,
        workers=2,
    )
    bars = tornado(found, "mri_guidance", ["mri_price"], threshold=20_000, replications=2, workers=2)
    hostile = {of: named(case, name) for of, case in cases.items()}
    asked = replace(found.experiment, cases=hostile, region=in_a_hostile_place(name))
    renamed = replace(found, experiment=asked)
    return psa_html(findings_of(renamed, {"mri_guidance": bars}, threshold=20_000))


def validation_of(name: str = HOSTILE) -> str:
    """The page of validation, of targets with hostile titles."""
    found: Validation = imagined(lambda target: -1000.0)
    first = found.results[0]
    target = first.target.model_copy(update={"title": name, "source": name, "note": name})
    return validation_html(replace(found, results=[replace(first, target=target), *found.results[1:]]))


def test_a_report_with_hostile_names_runs_nothing_and_shows_them_as_text() -> None:
    page = check_harmless(html_report(hostile_comparison()))
    assert HOSTILE in page.says("h2")


def test_a_portfolio_with_hostile_names_runs_nothing_and_shows_them_as_text(tmp_path: Path) -> None:
    check_harmless(portfolio_of(tmp_path))


def test_practices_with_hostile_names_run_nothing_and_are_shown_as_text() -> None:
    check_harmless(variation_of())


def test_a_sensitivity_analysis_with_hostile_names_runs_nothing_and_shows_them_as_text() -> None:
    check_harmless(psa_of())


def test_validation_with_hostile_names_runs_nothing_and_shows_them_as_text() -> None:
    check_harmless(validation_of())


def test_a_page_with_two_styles_or_none_of_its_own_is_no_page_of_ours() -> None:
    """The check of harmless pages sees what it looks for; and no report is made elsewhere, without the policy."""
    check_harmless(html_page("A page", ["<p>Said.</p>"]), names=False)
    for added in (
        "<style>p { color: red; }</style>",
        "<script>x</script>",
        '<p onclick="x">',
        '<a href="http://x">x</a>',
    ):
        with pytest.raises((AssertionError, ValueError)):
            check_harmless(html_page("A page", [added]), names=False)
    made = [path for path in (ROOT / "ui").rglob("*.py") if "<!doctype" in path.read_text(encoding="utf-8").lower()]
    assert [path.name for path in made] == ["page.py"]
    assert "@page" in STYLE


# on paper


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, where there is one."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed on this machine")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


BEYOND = """wide => [...document.querySelectorAll('h1, h2, p, li, th, td, figure, svg, caption')]
  .map(e => [e.tagName, e.textContent.trim().slice(0, 40), e.getBoundingClientRect().right])
  .filter(([, , right]) => right > wide + 1)"""


@pytest.mark.browser
@pytest.mark.slow
def test_no_report_loses_a_column_on_paper(browser: Any, tmp_path: Path) -> None:
    """The last column, the verdict, lay beyond the edge of the sheet in all four reports; and the style is applied in spite of
    the policy."""
    plain = "A scenario with quite a long name"
    reports = {
        "compare": html_report(hostile_comparison(plain)),
        "portfolio": portfolio_of(tmp_path, plain),
        "variation": variation_of("Practice of a long name"),
        "psa": psa_of(plain),
        "validation": validation_of(plain),
    }
    for sheet, wide in PAPER.items():
        page = browser.new_page(viewport={"width": wide, "height": 700})
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        for name, text in reports.items():
            page.set_content(text)
            page.emulate_media(media="print")
            assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Arial")
            assert page.evaluate(BEYOND, wide) == [], (name, sheet)
        assert said == []
        page.close()


def test_the_style_of_paper_is_in_every_page() -> None:
    (printed,) = re.findall(r"@media print \{(.*)\}\s*$", STYLE, re.S)
    assert "td { white-space: normal; }" in printed
    assert ".wide, figure { overflow: visible; }" in printed
