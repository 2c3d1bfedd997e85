"""A page that needs nothing else: its one style, what a browser may do with it, and tables. Every HTML report is made here.

A browser is told to run nothing and to fetch nothing, and to apply this one style: names in a report come from files that
somebody else may have written. What is text is escaped where it is put into HTML.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from ui.charts.theme import Chart
from ui.reports.drawing import NotDrawn, drawn

STYLE = """
body { font: 16px/1.5 Arial, Helvetica, sans-serif; color: #212B32; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.9em; } h2 { font-size: 1.35em; margin-top: 1.6em; } h3 { font-size: 1.1em; }
h1, h2, h3, p, li { overflow-wrap: break-word; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; } caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #D8DDE0; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
.message { border-left: 8px solid #005EB8; background: #F0F4F5; padding: .6rem 1rem; margin: 1rem 0; }
.good { color: #00662f; } .bad { color: #b00020; } .warning { border-left-color: #B35900; }
.small { color: #425563; font-size: .9em; } td { white-space: nowrap; }
.checks td:last-child { text-align: left; white-space: normal; } .checks th:last-child { text-align: left; }
.checks th:first-child { min-width: 11rem; font-weight: normal; }
.wide, figure { overflow-x: auto; margin: 1rem 0; } svg { max-width: 100%; min-width: 36rem; height: auto; overflow: visible; }
@page { size: A4 landscape; margin: 12mm 10mm; }
@media print {
  body { font-size: 12px; line-height: 1.35; max-width: none; margin: 0; padding: 0; }
  .wide, figure { overflow: visible; } svg { min-width: 0; }
  table { font-size: 11px; } th, td { padding: .25rem .35rem; overflow-wrap: anywhere; } td { white-space: normal; }
  .checks th:first-child { min-width: 0; }
  thead { display: table-header-group; } tr, figure, .message { break-inside: avoid; } h1, h2, h3, caption { break-after: avoid; }
}
"""
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none'; form-action 'none'"
"""What a browser may do: apply the one style, by its digest. No scripts, no other styles, nothing from elsewhere."""


def html_page(title: str, parts: Sequence[str]) -> str:
    """A whole page of parts that are HTML already; empty ones are left out."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n</head>\n<body>\n'
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls sideways where it must; the first cell of a row is its heading. Cells are text."""
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in others) + "</tr>\n"
        for first, *others in rows
    )
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def svg(chart: Chart) -> str:
    """A chart as SVG with its description inside; where it cannot be drawn, a sentence in its place, with the description."""
    try:
        return drawing(chart)
    except NotDrawn as why:
        said = f"A chart could not be drawn: {why}. What it shows: {chart.alt}"
        return f'<p class="small">{escape(said)}</p>'


def drawing(chart: Chart) -> str:
    """A chart as SVG with its description inside; `NotDrawn` where it cannot be drawn."""
    picture = drawn(chart.spec)
    start = picture.index("<svg")
    head_end = picture.index(">", start)
    description = f"<desc>{escape(chart.alt)}</desc>"
    return (
        picture[start:head_end]
        + f' role="img" aria-label="{escape(chart.alt, quote=True)}">'
        + description
        + picture[head_end + 1 :]
    )
