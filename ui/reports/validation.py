"""The validation page: published result, simulated result, rule and verdict side by side, as HTML, Markdown and JSON.

One row for each target and none left out: what fails stays on the page. The picture shows every simulated figure
over the published one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from calibration.validation.validate import Simulated, TargetResult, Validation
from pathways import refuse
from pathways.files.writing import file_can_be_written, write_text
from sim.experiments.record import number_or_none
from ui.charts.ratio import ratio_chart
from ui.charts.theme import Chart
from ui.reports.drawing import NotDrawn
from ui.reports.page import drawing, html_page, svg
from ui.words import MINUS, NO_VALUE, figures

FORMATS = (".html", ".md")
TITLE = "The model against published results"
VERDICT_WORDS = {"pass": "✓ pass", "fail": "✗ fail", "no value": "✗ no value"}
MANY_NAMES = 3

INTRODUCTION = (
    "Each row sets a published result beside what the model gives for it, with a rule that was written before the first "
    "comparison was run. Rules are not changed afterwards and the model is not tuned to this page; what fails stays here. "
    "The model's interval is a 95% t interval over replications: it covers chance alone, not errors of the model or of its "
    "numbers. A pass means little where the last column says that the model was fitted to the figure or takes a number from "
    "the same source; 'held out' means that it does neither."
)


@dataclass(frozen=True)
class ValidationRow:
    """One row of the page, in words."""

    title: str
    unit: str
    published: str
    simulated: str
    rule: str
    verdict: str
    use: str
    details: str


# words


def exact(value: float) -> str:
    """A published figure as it is written, with a proper minus.

    >>> exact(62.5), exact(-25.0), exact(0.042), exact(591.0)
    ('62.5', '−25', '0.042', '591')
    """
    return f"{value:g}".replace("-", MINUS)


def published(result: TargetResult) -> str:
    """The published figure with its interval."""
    target = result.target
    if target.low is None or target.high is None:
        return exact(target.value)
    return f"{exact(target.value)} ({exact(target.low)} to {exact(target.high)}{', ours' if target.interval == 'ours' else ''})"


def simulated_text(found: Simulated) -> str:
    """The simulated figure with its interval."""
    if math.isnan(found.mean):
        return NO_VALUE
    return f"{figures(found.mean)} ({figures(found.low)} to {figures(found.high)})"


def use_of(result: TargetResult) -> str:
    """What else the published figure is used for: then agreement is no surprise."""
    uses = []
    if result.target.fitted:
        uses.append("used in the fit of the natural history")
    if result.target.tuned:
        uses.append("capacity set with it")
    if result.shared:
        names = ", ".join(result.shared[:MANY_NAMES])
        more = len(result.shared) - MANY_NAMES
        uses.append(f"same source as {names}{f' and {more} more' if more > 0 else ''}")
    return "; ".join(uses) or "held out"


def line_of(validation: Validation, result: TargetResult) -> ValidationRow:
    """A result in words."""
    target = result.target
    rule = validation.targets.rule_in_words(target.rule)
    simulated = simulated_text(result.found)
    if target.rule.kind == "range_contains" and not math.isnan(result.found.mean):
        simulated += f"; single runs {figures(result.found.range_low)} to {figures(result.found.range_high)}"
    if result.beside is not None and target.beside is not None:
        simulated += f"; {target.beside.title} {figures(result.beside.mean)}"
    return ValidationRow(
        title=target.title,
        unit=target.unit,
        published=published(result),
        simulated=simulated,
        rule=rule,
        verdict=VERDICT_WORDS[result.verdict],
        use=use_of(result),
        details=" ".join(sentence for sentence in _details(validation, result) if sentence),
    )


def _details(validation: Validation, result: TargetResult) -> Iterator[str]:
    target = result.target
    cohort = validation.targets.cohorts[target.cohort] if target.cohort is not None else None
    yield f"In the model: {target.compared}."
    yield f"The cohort: {cohort.says}." if cohort is not None else ""
    yield f"Measured under the scenario '{target.scenario}'." if target.scenario != "usual_care" else ""
    code = f"{target.evidence}, " if target.evidence else ""
    yield f"Source: {target.source} ({code}{target.grade})."
    yield target.tuned
    yield target.note


def summary(validation: Validation) -> str:
    """How many rules hold, of all and of those whose figures the model does not use."""
    held_out = [result for result in validation.results if result.held_out]
    passed = sum(result.verdict == "pass" for result in held_out)
    return (
        f"{validation.count('pass')} of {len(validation.results)} rules hold; of the {len(held_out)} targets that are held out, "
        f"{passed} do."
    )


def failures(validation: Validation) -> list[str]:
    """A sentence for each target that is not met."""
    sentences = []
    for result in validation.results:
        if result.verdict != "pass":
            said = simulated_text(result.found) if result.verdict == "fail" else "the model gives no value"
            sentences.append(f"{result.target.title}: {exact(result.target.value)} published, {said} here")
    return sentences


def _setting(validation: Validation) -> str:
    region = validation.region
    made_up = " The area is made up." if region.about.made_up else ""
    return (
        f"{region.about.title}, {region.population:,} people at {len(region.codes)} practices, {validation.years:g} measured "
        f"years, {validation.replications} replications, seed {validation.seed}.{made_up}"
    )


def picture_of(validation: Validation) -> Chart:
    """The picture of the page."""
    return ratio_chart(validation.results, says=summary(validation))


def _by_section(validation: Validation) -> Iterator[tuple[str, list[ValidationRow]]]:
    for section, title in validation.targets.sections.items():
        lines = [line_of(validation, result) for result in validation.results if result.target.section == section]
        if lines:
            yield title, lines


# HTML


def validation_html(validation: Validation) -> str:
    """The page as HTML without scripts, its picture inside."""
    parts = [
        f"<h1>{escape(TITLE)}</h1>",
        f'<p class="small">{escape(_setting(validation))}</p>',
        f"<p>{escape(INTRODUCTION)}</p>",
        f'<div class="message"><p><strong>{escape(summary(validation))}</strong></p></div>',
        "<h2>What fails</h2>",
        "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in failures(validation)) + "</ul>",
        f"<figure>{svg(picture_of(validation))}</figure>",
    ]
    for title, lines in _by_section(validation):
        parts += [f"<h2>{escape(title)}</h2>", _html_table(lines)]
    parts += ["<h2>Age bands by deprivation decile</h2>", f"<p>{escape(BANDS_SAY)}</p>", _html_bands(validation)]
    return html_page(f"Backpath: {TITLE}", parts)


HEAD = ("TargetResult", "Published", "Model", "Rule", "Verdict", "Used elsewhere?")


def _html_table(lines: Sequence[ValidationRow]) -> str:
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
    body = ""
    for line in lines:
        tone = "good" if line.verdict == VERDICT_WORDS["pass"] else "bad"
        body += (
            f'<tr><th scope="row">{escape(line.title)} <span class="small">({escape(line.unit)})</span>'
            f'<br><span class="small">{escape(line.details)}</span></th>'
            f"<td>{escape(line.published)}</td><td>{escape(line.simulated)}</td><td>{escape(line.rule)}</td>"
            f'<td class="{tone}">{escape(line.verdict)}</td><td>{escape(line.use)}</td></tr>\n'
        )
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


BANDS_SAY = (
    "Percentage of each decile's hospital users in each band of age: the model, with the published figure in brackets. "
    "Decile 1 is the most deprived."
)


def _band_rows(validation: Validation) -> Iterator[tuple[str, list[str]]]:
    for band, values in validation.targets.groups["age_by_decile"].items():
        model = validation.age_bands.loc[band]
        yield band, [f"{each:.1f} ({exact(value)})" for each, value in zip(model, values, strict=True)]


def _html_bands(validation: Validation) -> str:
    head = "".join(f'<th scope="col">{decile}</th>' for decile in validation.age_bands.columns)
    body = "".join(
        f'<tr><th scope="row">{band}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
        for band, cells in _band_rows(validation)
    )
    return f'<table><thead><tr><th scope="col">Age</th>{head}</tr></thead><tbody>{body}</tbody></table>'


# Markdown


def markdown_page(validation: Validation, *, picture: str) -> str:
    """The page as Markdown; `picture` is the file name of its picture."""
    parts = [
        f"# {TITLE}",
        f"{_setting(validation)} Made by `backpath validate`; do not edit it by hand.",
        INTRODUCTION,
        f"**{summary(validation)}**",
        "## What fails",
        "\n".join(f"- {sentence}" for sentence in failures(validation)),
        f"![{picture_of(validation).alt}]({picture})",
    ]
    for title, lines in _by_section(validation):
        parts += [
            f"## {title}",
            _markdown_table(lines),
            "\n".join(f"- **{line.title}.** {line.details}" for line in lines),
        ]
    columns = [str(decile) for decile in validation.age_bands.columns]
    parts += [
        "## Age bands by deprivation decile",
        BANDS_SAY,
        _grid(["Age", *columns], [[band, *cells] for band, cells in _band_rows(validation)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_table(lines: Sequence[ValidationRow]) -> str:
    rows = [
        [f"{line.title} ({line.unit})", line.published, line.simulated, line.rule, line.verdict, line.use]
        for line in lines
    ]
    return _grid(list(HEAD), rows)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


# terminal and JSON


def validation_tables(validation: Validation) -> Iterator[Table]:
    """A table for each section."""
    for title, lines in _by_section(validation):
        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
        for column in ("TargetResult", "Published", "Model"):
            table.add_column(column, justify="left" if column == "TargetResult" else "right")
        table.add_column("Verdict", no_wrap=True)
        for line in lines:
            colour = "green" if line.verdict == VERDICT_WORDS["pass"] else "red"
            table.add_row(f"{line.title} ({line.unit})", line.published, line.simulated, line.verdict, style=colour)
        yield table


def validation_json(validation: Validation) -> str:
    """Everything on the page as one object; a number that does not exist is null."""
    region = validation.region
    return json.dumps(
        {
            "region": region.name,
            "population": region.population,
            "years": validation.years,
            "replications": validation.replications,
            "seed": validation.seed,
            "interval": 0.95,
            "passed": validation.count("pass"),
            "failed": len(validation.results) - validation.count("pass"),
            "targets": {result.name: _as_json(validation, result) for result in validation.results},
            "age_bands": {band: list(row) for band, row in validation.age_bands.round(3).T.items()},
        },
        indent=2,
        ensure_ascii=False,
    )


def _as_json(validation: Validation, result: TargetResult) -> dict[str, Any]:
    target, found = result.target, result.found
    return {
        "title": target.title,
        "section": target.section,
        "unit": target.unit,
        "scenario": target.scenario,
        "published": {"value": target.value, "low": target.low, "high": target.high, "interval": target.interval},
        "simulated": {
            name: number_or_none(getattr(found, name)) for name in ("mean", "low", "high", "range_low", "range_high")
        },
        "beside": number_or_none(result.beside.mean) if result.beside is not None else None,
        "rule": {
            "kind": target.rule.kind,
            "than": target.rule.than,
            "says": validation.targets.rule_in_words(target.rule),
        },
        "verdict": result.verdict,
        "held_out": result.held_out,
        "fitted": target.fitted,
        "same_source_as": list(result.shared),
        "source": target.source,
        "read_at": target.read_at,
        "grade": target.grade,
        "evidence": target.evidence,
        "compared": target.compared,
        "note": target.note,
    }


# files


def files_of_page(path: Path) -> list[Path]:
    """The files of a page at `path`: its picture stands beside it where it is Markdown. `BadInput` for another ending."""
    if path.suffix not in FORMATS:
        raise refuse(
            "page_format", str(path), f"the page is written as {' or '.join(FORMATS)}. Choose one of these endings."
        )
    return [path.with_suffix(".svg"), path] if path.suffix == ".md" else [path]


def write_validation(validation: Validation, path: Path, *, overwrite: bool = False) -> list[str]:
    """Writes the page, with its picture beside it where it is Markdown; the names of the files."""
    files = files_of_page(path)
    for file in files:
        file_can_be_written(file, overwrite=overwrite)
    if len(files) == 1:
        write_text(path, validation_html(validation), overwrite=overwrite)
        return [path.name]
    picture = files[0]
    write_text(path, markdown_page(validation, picture=picture.name), overwrite=overwrite)
    try:
        write_text(picture, drawing(picture_of(validation)), overwrite=overwrite)
    except NotDrawn as why:
        says = f"the picture could not be drawn: {why}. The page is written without it."
        raise refuse("picture_is_drawn", str(picture), says) from None
    return [file.name for file in files]
