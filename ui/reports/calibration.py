"""The report of a calibration: one page, first for planners, then the seven steps in which calibrations are reported.

The steps are those of Vanni and others, Calibrating models in economic evaluation: a seven-step approach,
PharmacoEconomics 2011; 29(1):35-49.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

import numpy as np

from calibration.calibrate import Calibration
from calibration.diagnostics.identifiability import NOT_INFORMED, WEAK
from calibration.diagnostics.verdict import CALIBRATED, MISSED, NOT_MATCHED, ROUGH, WILD
from calibration.fitting.fit import EFFECTIVE, NEAREST, R_HAT, SURPRISED, WIDER
from calibration.fitting.settings import FRESH, NPE, WAVE
from calibration.reproduced import FAR
from sim.version import versions_in_words
from ui.charts.calibration import back_test_chart, knowledge_chart, ranks_chart, series_chart
from ui.charts.theme import Chart
from ui.findings.calibration import BACK_HEAD, BEYOND_HEAD, OFFER, QUANTITY_HEAD, SERIES_HEAD, TO_DO, Told, in_words
from ui.findings.calibration_checks import Check, checks_of
from ui.reports.page import html_page, html_table, svg
from ui.words import counted, percent_of

STEPS = (
    "Which parameters are varied",
    "Which calibration targets are used",
    "Measure of goodness of fit",
    "Search strategy",
    "What counts as acceptable",
    "What ended the search",
    "Integration of results",
)
VANNI = (
    "The seven headings are those of Vanni and others, “Calibrating models in economic evaluation: a seven-step approach”, "
    "PharmacoEconomics 2011; 29(1):35–49."
)
KNOWN = "Value and range before; median and 90% of the draws after, in the quantity's own unit"


def calibration_html(found: Calibration) -> str:
    """The page. `found` may have ended before any fitting."""
    told = Told(found)
    region = found.simulator.region
    steps = (_varied, _targets, _measure, _search, _acceptable, _ended, _integration)
    made_up = "The area is made up. " if region.about.made_up else ""
    parts = [
        f"<h1>Calibration: {escape(found.targets.title)}</h1>",
        f'<p class="small">{escape(region.about.title)}, {region.population:,} registered people. {made_up}'
        f"{escape(found.targets.says)} {date.today():%d %B %Y}.</p>",
        _verdict(found),
        _planners(told),
        '<h2 id="steps">The calibration in seven steps</h2>' + _p(VANNI, small=True),
        *(
            f"<h2>{number} {escape(title)}</h2>\n{step(told)}"
            for number, (title, step) in enumerate(zip(STEPS, steps, strict=True), 1)
        ),
    ]
    return html_page(f"Backpath: calibration, {found.targets.title}", parts)


def _verdict(found: Calibration) -> str:
    kind = "message" if found.verdict.word == CALIBRATED else "message warning"
    reasons = _list(found.verdict.reasons)
    return f'<div class="{kind}"><p><strong>{escape(found.verdict.word)}</strong></p>{reasons}</div>'


def _planners(told: Told) -> str:
    found = told.found
    what = (
        f"Backpath looked for values of the pathway's quantities under which today's pathway gives the "
        f"{counted(int(found.targets.figures['value'].notna().sum()), 'figure')} of this area."
    )
    if found.fit is None:
        return (
            "<h2>In short</h2>"
            + _p(f"{what} No values within their ranges give these, so nothing was fitted:")
            + html_table("Published figures that lie outside what the ranges give", BEYOND_HEAD, told.beyond_rows())
            + _p(TO_DO)
        )
    parts = ["<h2>In short</h2>", _p(what), _list(told.in_short())]
    if found.verdict.word == NOT_MATCHED:
        parts.append(_p(TO_DO))
    parts += [
        "<h2>What was published, and what the model gives</h2>",
        _figure(series_chart(told)),
        html_table(
            "Means of each series; ▲ above 2 standard deviations off, ✗ not matched", SERIES_HEAD, told.series_rows()
        ),
    ]
    if found.checks.back_test is not None:
        parts += [
            "<h2>Would it have foretold the months that came?</h2>",
            _figure(back_test_chart(told)),
            html_table("Figures that were left out, and what was foretold", BACK_HEAD, told.back_rows()),
        ]
    vague = html_table(KNOWN, QUANTITY_HEAD, told.quantity_rows(("not informed",)))
    parts += [
        "<h2>What is known now</h2>",
        _figure(knowledge_chart(told)),
        html_table(KNOWN, QUANTITY_HEAD, told.quantity_rows(("informed", "weak"))),
        _details("Not informed, and left about as wide as they were", vague),
    ]
    for title, said in told.sentences():
        parts.append(f"<h3>{escape(title)}</h3>{_list(said)}")
    return "\n".join([*parts, _p(OFFER)])


def _varied(told: Told) -> str:
    found = told.found
    drawn = len(found.simulator.names)
    if found.fit is None:
        return _p(f"{drawn} quantities were drawn from their ranges. None was fitted.")
    shares = sorted(set(found.fit.unknowns) & set(found.targets.quantities))
    said = [
        f"{drawn} quantities have a range. {len(found.fit.unknowns)} of them visibly move what is fitted and were fitted "
        f"(at most {found.settings.unknowns}): {', '.join(map(in_words, found.fit.unknowns))}.",
        f"The other {drawn - len(found.fit.unknowns)} were drawn from their ranges in every run: what they leave open counts as "
        "noise, and they stay as wide as they were in all that follows.",
        "Each was given a standard normal score before any data, by the distribution of its range; quantities of the natural "
        "history that were fitted together keep their correlation.",
    ]
    if shares:
        said.append(
            f"Shares of the targets that are back pain were fitted with them: {', '.join(map(in_words, shares))}."
        )
    return _list(said)


def _targets(told: Told) -> str:
    found = told.found
    table = found.targets.figures
    rows = [
        (
            told.series(str(series)),
            str(len(each)),
            f"{min(each['from_date']).isoformat()} to {max(each['to_date']).isoformat()}",
            ", ".join(f"{step:g}" for step in sorted(set(each["rounded_to"]))),
            str(int(each["suppressed"].sum())),
            str(int(each["value"].isna().sum())),
            ", ".join(sorted(filter(None, set(each["share"])))) or "all of it",
            f"{each['discrepancy'].max():g}",
        )
        for series, each in table.groupby("series", sort=False)
    ]
    head = ("Series", "Figures", "Time", "Rounded to", "Suppressed", "Missing", "Back pain", "Discrepancy")
    beyond = (
        html_table("Outside what the ranges give before any data", BEYOND_HEAD, told.beyond_rows())
        if found.checks.placed
        else _p("Before any fitting, all lay inside what runs with quantities drawn from their ranges give.")
    )
    return (
        _list(found.targets.notes)
        + html_table("The series", head, rows)
        + beyond
        + _p(
            "Each series is fitted by its level, its slope and, from 24 months on, its yearly wave; lists by days waited also "
            f"by the shares within each band: {counted(len(found.summaries), 'number')} in all. Targets id {found.targets.digest}.",
            small=True,
        )
    )


def _measure(told: Told) -> str:
    return _list(
        [
            "How likely the published summaries are, given the quantities: a synthetic likelihood, Student's t around what an "
            "emulator predicts, with the spread of single runs, between which chance and the quantities that are not fitted vary.",
            "What the model cannot be expected to reproduce (the discrepancy of the targets, shared by series that count the same) "
            "is added to that spread, and what a series varies about level, trend and season beyond what runs do. Counts are "
            "compared as square roots, waits as logarithms, shares as arc sines; the model's figures are rounded and suppressed as "
            "the published ones are.",
            "The prior belongs to it: values far out in their range cost likelihood.",
        ]
    )


def _search(told: Told) -> str:
    found = told.found
    said = [
        f"A bank of {found.settings.bank:,} runs with all quantities drawn from their ranges, which finds what the figures "
        "depend on and what is possible at all.",
        "An ensemble smoother on the bank's emulator, as a pilot.",
        f"Waves of {WAVE} runs around the answer so far, spread out {WIDER:g} times; each wave fits the emulator, quadratic in "
        f"all scores, again to the {NEAREST} runs nearest to the answer, and draws from the posterior with chains that learn "
        "from each other (DE-MC).",
        f"{FRESH} fresh runs at draws of the posterior, which no emulator has seen: all that is said of the fit rests on them.",
    ]
    if found.settings.method == NPE:
        said.insert(
            3,
            "A neural network that learnt from the bank gives the joint draws; the waves' answer is what it is compared with.",
        )
    if found.fit is None:
        return _list(said)
    rows = [
        (
            str(wave.number),
            str(wave.runs),
            str(wave.failed),
            f"{np.mean(wave.surprise):.2f}",
            f"{np.mean(wave.explained):.2f}",
            percent_of(wave.beyond),
        )
        for wave in found.fit.waves
    ]
    head = ("Wave", "Runs", "Failed", "Squared error", "R² left out", "Beyond reach")
    last = found.fit.waves[-1]
    by_summary = [
        (name, f"{surprise:.2f}", f"{explained:.2f}")
        for name, surprise, explained in zip(found.summaries.names, last.surprise, last.explained, strict=True)
    ]
    return (
        _list(said)
        + html_table("Waves; squared error of fresh runs over that expected", head, rows)
        + _details(
            "The emulator by summary, last wave",
            html_table("Last wave", ("Summary", "Squared error over expected", "R² left out"), by_summary),
        )
    )


def _acceptable(told: Told) -> str:
    found = told.found
    said = [
        f"Every series comes out within {MISSED:g} standard deviations of fresh runs, and no interval of theirs excludes it by more "
        f"than its width, or the calibration is not matched; from {FAR:g} on it is told.",
        f"No series varies about level, trend and season with more than {WILD:g} times the variance of runs and by "
        f"{percent_of(ROUGH)} of its level, or the calibration is not matched; what chance between runs does not explain is told, "
        "as it is where fewer figures than chance gives lie inside the bands of fresh runs.",
        f"Fresh runs are predicted with no more than {SURPRISED:g} times the squared error expected; chains agree (R-hat at most "
        f"{R_HAT:g}, effective sample at least {EFFECTIVE}).",
        f"A quantity whose spread is above {percent_of(NOT_INFORMED)} of that before counts as not informed, above "
        f"{percent_of(WEAK)} as weakly informed.",
    ]
    table = _checks_table(checks_of(told))
    picture = _figure(ranks_chart(found)) if found.checks.local is not None else ""
    return _list(said) + table + picture


def _checks_table(checks: Sequence[Check]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{number}&nbsp;{escape(check.title)}</th><td class="{"good" if check.fine else "bad"}">'
        f"{'✓ fine' if check.fine else '▲ look'}</td><td>{'<br>'.join(map(escape, check.found))}</td></tr>\n"
        for number, check in enumerate(checks, 1)
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Check", "", "Found"))
    return (
        f'<div class="wide" tabindex="0"><table class="checks"><caption>The ten checks</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _ended(told: Told) -> str:
    found = told.found
    if found.fit is None:
        return _p(
            f"Figures beyond what the ranges give, after {found.settings.bank:,} runs of the bank and "
            f"{found.seconds / 60:.0f} minutes."
        )
    why = found.fit.why_stopped
    return _p(
        f"{why[:1].upper()}{why[1:]}. {found.fit.runs:,} runs in {found.seconds / 60:.0f} minutes, seed {found.settings.seed}."
    )


def _integration(told: Told) -> str:
    found = told.found
    used = versions_in_words()
    if found.draws is None:
        return _p(f"Nothing is handed on. Made with {used}.")
    said = [
        f"{found.draws.count} joint draws of {counted(len(found.draws.names), 'quantity').replace('quantitys', 'quantities')}, "
        f"id {found.draws.id}. Later runs take them whole and in turn, one a run: never means of them, never values of different "
        "draws together, because what is known is often known of several together.",
        "Use them with --calibration and this folder in compare, psa, budget or the app. Every result then names the id.",
        *told.kept_back(),
        f"Made with {used}.",
    ]
    practices = told.practice_rows()
    if practices:
        head = ("Practice", "Effect", "Published", "Expected", "Ratio (95%)", "Own data weigh")
        table = html_table("How practices differ, drawn towards the area where their counts are few", head, practices)
        return _list(said) + _details(f"{counted(len(practices), 'practice')}", table)
    return _list(said)


def _p(text: str, *, small: bool = False) -> str:
    kind = ' class="small"' if small else ""
    return f"<p{kind}>{escape(text)}</p>"


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def _figure(chart: Chart) -> str:
    return f"<figure>{svg(chart)}</figure>"


def _details(title: str, inside: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"
