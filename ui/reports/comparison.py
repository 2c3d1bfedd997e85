"""The report of a comparison: one HTML file without scripts, its charts drawn as SVG, readable without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from html import escape
from pathlib import Path

import pandas as pd

from outcomes.verdicts import MEANINGS, PAGE, marked
from pathways import BadInput, Region, library_names, load_region, refuse
from pathways.assumed_here import assumed_here
from pathways.files import writing
from pathways.files.writing import new_folder, write_text, written
from sim.experiments.comparison import Comparison
from sim.experiments.precision import warnings_of
from sim.experiments.record import fingerprint, record_of, region_digest, stamp
from sim.measures.owed import owed_of
from sim.results import TABLES, within_days
from sim.version import versions_in_words
from ui.charts.comparison import change_chart, lists_chart
from ui.findings.calibrated import calibration_line, calibration_line_html
from ui.findings.key_message import key_message, rests_on, watch
from ui.findings.owed import owed_sentence
from ui.reports.decision_table import capacity_lines, comparison_csv, rows_of, still_waiting
from ui.reports.page import html_page, svg
from ui.words import span, waits_are

HEADLINE = ("mri_scans", "physio_referrals", "spinal_referrals")


def in_the_headline(comparison: Comparison) -> list[str]:
    """The outcomes that a report begins with: those of `HEADLINE` that the pathway has, else its first three."""
    outcomes = list(comparison.plan.pathway.outcomes)
    return [outcome for outcome in HEADLINE if outcome in outcomes] or outcomes[:3]


def write_page(path: Path, make: Callable[[], str]) -> None:
    """Writes a page, the last of a folder's files: where memory is too short for it, a page that says so."""
    try:
        page = make()
    except MemoryError:
        says = "Memory was too short for this page: it could not be made. The tables beside it are whole."
        page = html_page("Backpath", [f"<p>{says}</p>"])
    write_text(path, page)


def html_report(comparison: Comparison) -> str:
    """The whole report as HTML."""
    region = comparison.region
    names = [comparison.cases[name].scenario.title for name in comparison.scenarios]
    parts = [
        f"<h1>{escape(' and '.join(names))} in {escape(region.about.title)}</h1>",
        f'<p class="small">{escape(region.about.says)} A projection from a model over {span(comparison.years)}, '
        f"{comparison.replications} runs; not counts of real patients. {date.today():%d %B %Y}.</p>",
        calibration_line_html(comparison.calibration),
    ]
    for name in comparison.scenarios:
        parts.append(_scenario_section(comparison, name))
    parts += [_charts(comparison), _warnings(comparison), _assumptions(comparison), _provenance(comparison)]
    return html_page(f"Backpath: {', '.join(names)} in {region.about.title}", parts)


def _scenario_section(comparison: Comparison, name: str) -> str:
    scenario = comparison.cases[name].scenario
    messages = [key_message(comparison, name, outcome) for outcome in in_the_headline(comparison)]
    said = "".join(
        f"<p><strong>{escape(message.headline)}</strong> {escape(message.detail)} {escape(message.absolute)}</p>"
        for message in messages
    )
    watched = "".join(f"<li>{escape(sentence[:1].upper() + sentence[1:])}</li>" for sentence in watch(comparison, name))
    watch_list = f"<p><strong>Watch:</strong></p><ul>{watched}</ul>" if watched else ""
    evidence = "".join(
        f"<p class='small'><strong>{label}:</strong> {escape(text)}</p>"
        for label, text in (("Evidence", scenario.evidence), ("What it cannot tell", scenario.cannot_tell))
        if text
    )
    return (
        f"<h2>{escape(scenario.title)}</h2>\n<p>{escape(' '.join(scenario.says.split()))}</p>\n"
        f'<div class="message">{said}{watch_list}{_capacity(comparison, name)}'
        f"<p>{escape(owed_sentence(comparison, owed_of(comparison, name)))}</p>"
        f'<p class="small">{escape(rests_on(comparison, name))}</p></div>\n'
        f"{_table(comparison, name)}\n{evidence}"
    )


def _capacity(comparison: Comparison, name: str) -> str:
    """What the levers of a scenario do to capacity, as a list; nothing where they leave it."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in capacity_lines(comparison, name))
    return f"<p><strong>Capacity:</strong></p><ul>{items}</ul>" if items else ""


def _table(comparison: Comparison, name: str) -> str:
    base = comparison.cases[comparison.base].scenario.title
    head = (
        base,
        comparison.cases[name].scenario.title,
        "Mean change",
        "95% interval of the change",
        "Runs that agree",
        "Verdict",
    )
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in ("Outcome", *head))
    body = ""
    for row in rows_of(comparison, name):
        verdict = row.message.verdict
        values = (row.today, row.scenario, row.change, row.interval, row.agreement)
        body += f'<tr><th scope="row">{escape(row.title)}</th>' + "".join(
            f"<td>{escape(value)}</td>" for value in values
        )
        body += f'<td class="{MEANINGS[verdict].tone}">{escape(marked(verdict))}</td></tr>\n'
    caption = f"A year on average; {waits_are(within_days(comparison.plan))}"
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    beside = still_waiting(comparison, name)
    below = f'\n<p class="small">{escape(beside)}</p>' if beside else ""
    words = f'\n<p class="small">What the verdicts mean, and from what size a change matters: {PAGE}.</p>'
    return f'<div class="wide" tabindex="0">{table}</div>{below}{words}'


def _charts(comparison: Comparison) -> str:
    pathway = comparison.plan.pathway
    charts = [change_chart(comparison, outcome) for outcome in HEADLINE if outcome in pathway.outcomes]
    waited_for = [service for word in pathway.outcomes.values() if word.of == "wait" for service in word.services]
    queued = [name for name in dict.fromkeys(waited_for) if pathway.services[name].capacity != "open"]
    charts += [lists_chart(comparison, service) for service in queued] if comparison.years > 0 else []
    return (
        "<h2>What changes, and who waits</h2>\n" + "\n".join(f"<figure>{svg(chart)}</figure>" for chart in charts)
        if charts
        else ""
    )


def _warnings(comparison: Comparison) -> str:
    warnings = warnings_of(comparison)
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in warnings)
    return f'<h2>Before you rely on this</h2>\n<div class="message warning"><ul>{items}</ul></div>'


def _assumptions(comparison: Comparison) -> str:
    quantities = comparison.cases[comparison.base].pathway.quantities.values()
    grades = {
        grade: sum(quantity.grade == grade for quantity in quantities)
        for grade in ("read", "recalled", "assumed", "local")
    }
    counted = ", ".join(f"{number} {grade}" for grade, number in grades.items() if number)
    listed = "".join(
        f"<li>{escape(sentence)}</li>" for sentence in assumed_here(comparison.region, comparison.plan.pathway)
    )
    return (
        f"<h2>What was assumed</h2>\n<p>The pathway rests on {len(quantities)} quantities: {counted}. "
        "The structure and the numbers of this version are provisional. About the area:</p>"
        f"<ul>{listed}</ul>"
    )


def _provenance(comparison: Comparison) -> str:
    used = versions_in_words()
    cover = "They cover chance only, not errors of the model or of its numbers."
    if comparison.calibration:
        cover = (
            f"{calibration_line(comparison.calibration)} Each run takes one draw, the same in every scenario. The intervals "
            "cover chance and what the calibration leaves open, not errors of the model or of its other numbers."
        )
    return (
        f'<h2>How this was made</h2>\n<p class="small">Fingerprint {fingerprint(comparison)}, seed {comparison.seed}, '
        f"{comparison.replications} paired runs under common random numbers, {comparison.region.population:,} registered people, "
        f"{escape(used)}. Tables: mean of the paired differences, its percentage of the base's mean, and its 95% t interval. "
        "The text and the charts of changes give the same mean and interval, the text also the range of the runs, from the lowest "
        f"to the highest; bands over time are that range. {escape(cover)} Costs and QALYs are not discounted; "
        "QALYs gained are those of everyone who has had back pain in the model, told with the 95% t interval of their mean. "
        f"{_say_waits(comparison)}"
        f"Sources of the area: {escape('; '.join(comparison.region.about.sources))}.</p>"
    )


def _say_waits(comparison: Comparison) -> str:
    """How waits are counted."""
    about = waits_are(within_days(comparison.plan))
    return f"{about[:1].upper()}{about[1:]}; who waits longer counts with that time, who leaves unseen for as long as they waited. "


def headline_text(comparison: Comparison) -> str:
    """What the runs show of each scenario: the sentences that its report begins with, one on each line."""
    return "\n\n".join("\n".join(_sentences(comparison, name)) for name in comparison.scenarios)


def _sentences(comparison: Comparison, name: str) -> list[str]:
    messages = [key_message(comparison, name, outcome) for outcome in in_the_headline(comparison)]
    return [
        f"{comparison.cases[name].scenario.title}, in {comparison.region.about.title}:",
        *(" ".join(filter(None, (each.headline, each.detail, each.absolute))) for each in messages),
        *(f"Watch: {sentence}" for sentence in watch(comparison, name)),
        *(f"Capacity: {sentence}" for sentence in capacity_lines(comparison, name)),
        owed_sentence(comparison, owed_of(comparison, name)),
        rests_on(comparison, name),
        *([calibration_line(comparison.calibration)] if comparison.calibration else []),
    ]


def region_named(region: Region, named: str | Path | None) -> str:
    """Where a record finds its region again: a name of the library, or a folder's whole path. `BadInput` where nothing of
    that name is this region, as with one that was changed in Python and stands in no folder.
    """
    where = str(named or region.name)
    lasting = where if where in library_names("regions") else str(Path(where).resolve())
    try:
        same = region_digest(load_region(lasting)) == region_digest(region)
    except BadInput:
        same = False
    if same:
        return lasting
    says = (
        "is not the region of these results, and a record must tell where that is found again. Write it into a folder with "
        "pathways.save_region, and name the folder: save(…, region_from=FOLDER)."
    )
    raise refuse("region_is_found_again", where, says)


def write_results(comparison: Comparison, folder: Path, *, region_from: str, overwrite: bool = False) -> list[str]:
    """Writes report, record and tables into a new folder, whole or not at all; the names of the files.

    One scenario alone has nothing to differ from: record and tables only.
    """
    with new_folder(folder, overwrite=overwrite) as part:
        if len(comparison.cases) > 1:
            write_text(part / "differences.csv", comparison_csv(comparison))
        record = record_of(comparison, region_from=region_from)
        write_text(part / "record.json", json.dumps(record, indent=1, ensure_ascii=False))
        for name in TABLES:
            _write_table(comparison, name, part / f"{name}.csv")
        if len(comparison.cases) > 1:
            write_page(part / "report.html", lambda: html_report(comparison))
    return sorted(path.name for path in folder.iterdir())


def _write_table(comparison: Comparison, name: str, path: Path) -> None:
    """One table over all scenarios and replications, of which no more than a piece is held at a time."""
    with written(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        for place, table in enumerate(_stamped(comparison, name)):
            file.write(writing.csv_text(table, header=place == 0))


def result_table(comparison: Comparison, name: str) -> pd.DataFrame:
    """One of the tables that `compare --out` writes (`sim.results.TABLES`), as it stands in its file."""
    return pd.concat(list(_stamped(comparison, name)), ignore_index=True)


def _stamped(comparison: Comparison, name: str) -> Iterator[pd.DataFrame]:
    carried = stamp(comparison)
    return (table.assign(**carried) for table in comparison.tables(name))
