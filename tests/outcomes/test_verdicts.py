"""The words of verdicts: one vocabulary, a rule that takes size and certainty, and what every claim is subject to."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from calibration.diagnostics.verdict import CALIBRATED, NOT_MATCHED, WITH_WARNINGS
from outcomes.materiality import finding, limits
from outcomes.verdicts import MEANINGS, PAGE, if_they_hold, marked
from sim.experiments.comparison import Comparison
from sim.measures.budget import budget_of
from sim.measures.changes import judgements
from tests.helpers.compared import made_up, quick
from tests.helpers.outcomes_in_words import QALYS, SCANS
from ui.findings.key_message import describe, describe_gain, key_message, rests_on, watch
from ui.reports.budget import sentences as budget_sentences
from ui.reports.comparison import html_report
from ui.reports.decision_table import comparison_csv, comparison_json, rows_of, terminal_table
from ui.reports.validation import VERDICT_WORDS

ROOT = Path(__file__).resolve().parent.parent.parent
SUBJECT = "if the assumed numbers hold: 324 of 379 are judgements"


def shown(comparison: Comparison) -> str:
    """What the terminal shows of the first scenario."""
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(terminal_table(comparison, "mri_guidance", width=120))
    return console.export_text()


# size and certainty


def test_half_a_qaly_among_349_000_people_is_no_benefit_however_sure_it_is() -> None:
    """0.6 a year, all runs between 0.5 and 0.7, was "better": of 349,000 people less than 3.49 a year does not matter."""
    gained = np.array([0.5, 0.6, 0.7, 0.6, 0.5, 0.7])
    message = describe_gain(gained, QALYS, years=1, people=349_000)
    assert (message.verdict, message.headline) == ("not material", "No material change in QALYs.")
    assert describe_gain(10 * gained, QALYS, years=1, people=349_000).verdict == "better"


def test_a_gain_that_is_sure_but_may_not_matter_is_small() -> None:
    """3 a year, ± 1.99 over the runs: shown, but less than the 3.49 that matter, and the interval reaches beyond them."""
    message = describe_gain(np.array([1.0, 3.0, 5.0, 3.0, 3.0, 3.0]), QALYS, years=1, people=349_000)
    assert message.low > 0
    assert message.high > 3.49
    assert (message.verdict, message.clear) == ("small", False)
    assert message.headline == "All 6 runs show more QALYs, by less than is known to matter."


@pytest.mark.parametrize(
    ("interval", "told"),
    [((-0.2, 0.9), "immaterial"), ((0.2, 0.9), "immaterial"), ((0.1, 1.7), "small"), ((0.2, 4.0), "material"), ((-0.1, 6.0), "not shown"), ((-9.0, -1.1), "material")],
)  # fmt: skip
def test_size_and_certainty_decide_together(interval: tuple[float, float], told: str) -> None:
    low, high = interval
    assert finding((low + high) / 2, low, high, least=1.0) == told


def test_what_too_few_runs_agree_on_is_not_shown_however_large() -> None:
    assert finding(-9.0, -12.0, -6.0, least=1.0, agree=0.94) == "not shown"
    assert finding(-9.0, -12.0, -6.0, least=1.0, agree=0.95) == "material"


def test_one_run_shows_nothing_not_even_that_a_change_does_not_matter() -> None:
    """One run of half a percent was "No material change"."""
    message = describe(np.array([0.5]), SCANS)
    assert (message.verdict, message.headline) == ("not shown", "Not shown: more MRI scans, in one run.")


def test_a_part_of_a_day_is_no_change_of_a_wait_though_it_is_two_percent_of_it() -> None:
    """20 days become 20.4 in every run: 2% was "worse", and watched."""
    comparison = made_up({"physio_wait_days": [2.0, 2.1, 1.9, 2.0]})
    values = {name: table.assign(physio_wait_days=table["physio_wait_days"] / 50) for name, table in comparison.values.items()}  # fmt: skip
    object.__setattr__(comparison, "values", values)
    assert key_message(comparison, "mri_guidance", "physio_wait_days").verdict == "not material"
    assert watch(comparison, "mri_guidance") == []


def test_one_operation_in_the_whole_area_is_not_material_though_it_is_a_large_part_of_few() -> None:
    """Of 20 a year in 104,000 people half an operation less is 2.5%; less than 1.04 does not matter."""
    comparison = made_up({"surgery": [-2.4, -2.5, -2.6] * 20})
    fewer = {name: table.assign(surgery=table["surgery"] / 50) for name, table in comparison.values.items()}
    object.__setattr__(comparison, "values", fewer)
    assert comparison.difference("mri_guidance", "surgery").high < 0
    assert key_message(comparison, "mri_guidance", "surgery").verdict == "not material"


def test_what_is_watched_never_reads_0_percent_or_less_than_matters() -> None:
    """What clearly gets worse by next to nothing was watched: "Watch: the cost goes up. … 0%"."""
    comparison = made_up(
        {"total_cost_gbp": [0.3, 0.5, 0.4, 0.4], "qalys": [-0.02, -0.03, -0.02, -0.03], "mri_scans": [9, 9, 8, 9]}
    )
    watched = watch(comparison, "mri_guidance")
    assert [sentence.split(".")[0] for sentence in watched] == ["MRI scans go up"]


# words


def test_only_what_is_the_same_in_every_run_is_called_the_same() -> None:
    """Half a percent more in every run was "= same"."""
    comparison = made_up({"mri_scans": [0.5, 0.4, 0.6, 0.5], "gp_consultations": [0, 0, 0, 0]})
    lines = {line.split("  ")[0].strip(): line for line in shown(comparison).splitlines()}
    assert lines["MRI scans"].rstrip().endswith("≈ not material")
    assert "= same" not in lines["MRI scans"]
    same = describe(np.zeros(5), SCANS)
    assert (same.verdict, same.headline, same.detail) == ("same", "No change in MRI scans.", "The same in all 5 runs.")


def test_every_face_says_the_same_words() -> None:
    """Terminal, JSON, CSV and report; the words that a face had of its own were "same", "rare" and "unclear"."""
    comparison = quick()
    words = {row.outcome: row.message.verdict for row in rows_of(comparison, "mri_guidance")}
    assert set(words.values()) <= set(MEANINGS)
    told = json.loads(comparison_json(comparison))["scenarios"]["mri_guidance"]
    assert {outcome: each["verdict"] for outcome, each in told.items()} == words
    rows = [row for row in csv.DictReader(io.StringIO(comparison_csv(comparison))) if row["scenario"] == "mri_guidance"]
    assert {row["outcome"]: row["verdict"] for row in rows} == words
    page, terminal = html_report(comparison), shown(comparison)
    for verdict in words.values():
        assert f">{marked(verdict)}</td>" in page
        assert marked(verdict) in terminal
    assert PAGE in terminal
    assert PAGE in page


def test_the_page_of_words_has_every_word_as_it_is_used_and_every_limit() -> None:
    page = " ".join((ROOT / PAGE).read_text(encoding="utf-8").split())
    for verdict, meaning in MEANINGS.items():
        assert f"| {meaning.symbol} | {verdict} | {meaning.means} |" in page
    for name, limit in limits().items():
        assert f"| `{name}` | {limit['value']:g} ({limit['low']:g} to {limit['high']:g}) {limit['unit']} | {limit['source']} | {limit['grade']} |" in page  # fmt: skip
    for word in (CALIBRATED, WITH_WARNINGS, NOT_MATCHED, *VERDICT_WORDS.values(), "released", "extra needed"):
        assert f"| {word} |" in page


def test_every_limit_is_a_judgement_that_says_so() -> None:
    for limit in limits().values():
        assert limit["grade"] == "assumed"
        assert limit["source"].startswith("Ours: ")
        assert limit["low"] <= limit["value"] <= limit["high"]


# on what a claim rests


def test_a_headline_says_on_how_many_assumed_numbers_it_rests() -> None:
    """Chance was all that a headline spoke of."""
    message = key_message(made_up({"mri_scans": [-20, -21, -19]}), "mri_guidance", "mri_scans")
    assert message.headline == f"All 3 runs show fewer MRI scans, {SUBJECT}."
    assert SUBJECT in rests_on(quick(), "mri_guidance")
    assert SUBJECT in html_report(quick())
    assert any(SUBJECT in said for said in budget_sentences(quick(), budget_of(quick(), "mri_guidance", setup_cost=0)))


def test_what_claims_nothing_is_subject_to_nothing() -> None:
    comparison = made_up({"mri_scans": [float("nan")] * 3})
    assert "judgement" not in key_message(comparison, "mri_guidance", "mri_scans").headline
    assert if_they_hold(0, 379) == ""


def test_what_a_calibration_gives_is_no_judgement() -> None:
    """Of 379 numbers 324 are assumed; a calibration of two of these leaves 322."""
    comparison = quick()
    assumed = [
        name for name, word in comparison.cases["mri_guidance"].pathway.quantities.items() if word.grade == "assumed"
    ]

    draws: Any = SimpleNamespace(scores=dict.fromkeys(assumed[:2]))

    calibrated = made_up({"mri_scans": [-20, -21]})
    object.__setattr__(calibrated, "experiment", replace(calibrated.experiment, calibration=draws))
    assert judgements(comparison, "mri_guidance") == (324, 379)
    assert judgements(calibrated, "mri_guidance") == (322, 379)
