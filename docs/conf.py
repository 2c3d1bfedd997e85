"""The documentation as a site: `python start.py docs`. Warnings are errors there, and nothing is taken from the network.

Pages are the Markdown files as they stand, links among them included. Three things are added here: the table of contents
is read from `docs/index.md`; a link to a file or a folder of the project leads to a page that shows it; a notebook is read
as the page that it is. What a page may say is held by `tests/test_docs.py`, not here.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from pygments.lexers.special import TextLexer
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

project = "Backpath"
author = "The Backpath developers"
project_copyright = author
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
ROOMS = ("app.py", "backpath", "ui", "calibration", "sim", "pathways", "outcomes")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**"]
exclude_patterns = ["docs/_static"]
default_role = "code"  # `a name` in a docstring is a name of the code
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
add_module_names = False
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = f"Backpath {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # they are fetched, which a browser refuses to pages that are opened as files

LISTED = re.compile(r"^- \[([^\]]+)\]\(([^)]+?)(?:\.md|\.rst|\.ipynb)\)", re.M)
KIND = re.compile(r"^## (?P<kind>.+)$", re.M)


def setup(app: Sphinx) -> None:
    """What is added to the generator."""
    app.connect("source-read", contents)
    app.connect("doctree-read", links_to_files, priority=1)  # before they are taken for files to download
    app.connect("build-finished", write_code)
    app.add_lexer("csv", TextLexer)
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(Notebook)


# contents


def contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Makes tables of contents: of the first page one for each heading, from the list of links under it; of the page of
    decisions one of all records."""
    if docname == root_doc:
        kinds = KIND.split(source[0])
        for kind, text in zip(kinds[1::2], kinds[2::2], strict=True):
            entries = [f"{words} <{page}>" for words, page in LISTED.findall(text)]
            source[0] += "\n".join(["", ":::{toctree}", ":hidden:", f":caption: {kind}", "", *entries, ":::", ""])
    elif docname == "docs/decisions":
        source[0] += "\n:::{toctree}\n:glob:\n:titlesonly:\n\ndecisions/*\n:::\n"


# files of the project


def links_to_files(app: Sphinx, doctree: nodes.document) -> None:
    """A link to a file or a folder of the project, which is no page itself, leads to a page that shows it."""
    page = app.env.docname
    for link in [*doctree.findall(addnodes.download_reference), *doctree.findall(addnodes.pending_xref)]:
        path = ((ROOT / page).parent / link["reftarget"]).resolve()
        is_page = path.relative_to(ROOT).as_posix() in app.env.found_docs if path.is_relative_to(ROOT) else True
        if path.exists() and not is_page:
            link.replace_self(shown(app, page, path, link.children))


def shown(app: Sphinx, page: str, path: Path, words: list[nodes.Node]) -> nodes.reference:
    """A link from a page to that of a file or folder, which is remembered as one to show."""
    paths = getattr(app.env, "backpath_shown", set())
    app.env.backpath_shown = paths | {path}
    to = app.builder.get_relative_uri(page, page_of(path))
    return nodes.reference("", "", *words, refuri=to, internal=True)


def page_of(path: Path) -> str:
    """The name of the page that shows a file or folder."""
    inner = path.relative_to(ROOT).as_posix()
    return f"code/{inner}/index" if path.is_dir() else f"code/{inner}"


def write_code(app: Sphinx, problem: Exception | None) -> None:
    """Writes the page that the folder opens with, and those of all files and folders that are linked; of folders of code,
    also of the modules that stand in them. They are plain, as the theme takes its time over each."""
    if problem is not None:
        return
    written(
        app, "index", f'<meta http-equiv="refresh" content="0; url={root_doc}.html"><a href="{root_doc}.html">Pages</a>'
    )
    left, done = sorted(getattr(app.env, "backpath_shown", set())), set()
    while left:
        path = left.pop()
        if path not in done:
            done.add(path)
            left += modules_in(path)
            title = path.relative_to(ROOT).as_posix()
            home = app.builder.get_relative_uri(page_of(path), root_doc)
            body = listed(app, path) if path.is_dir() else text_of(path)
            written(app, page_of(path), f'<p><a href="{home}">{html_title}</a></p><h1>{escape(title)}</h1>{body}')


def written(app: Sphinx, page: str, body: str) -> None:
    """Writes a plain page."""
    path = Path(app.outdir) / app.builder.get_target_uri(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    style = app.builder.get_relative_uri(page, "_static/site.css").removesuffix(".html")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(page)}</title><link rel="stylesheet" href="{style}">'
    path.write_text(f'{head}<body class="code">{body}</body></html>\n', encoding="utf-8")


def modules_in(path: Path) -> list[Path]:
    """The modules and folders of modules that stand in a room or a folder of it; nothing in any other folder."""
    if path.relative_to(ROOT).parts[0] not in ROOMS or not path.is_dir():
        return []
    return [each for each in sorted(path.iterdir()) if (each / "__init__.py").is_file() or is_module(each)]


def is_module(path: Path) -> bool:
    """Whether this is a module, other than that which stands for its folder."""
    return path.suffix == ".py" and path.name != "__init__.py"


def listed(app: Sphinx, folder: Path) -> str:
    """What a folder says of itself, and what stands in it, each with what that says of itself."""
    rows, modules = [], modules_in(folder)
    for path in modules or sorted(each for each in folder.iterdir() if not each.name.startswith(("_", "."))):
        name = f"<code>{escape(path.name)}</code>"
        if path in modules:
            name = f'<a href="{app.builder.get_relative_uri(page_of(folder), page_of(path))}">{name}</a>'
        rows.append(f"<li>{name} {says(path)}</li>")
    return f"<p>{says(folder)}</p><ul>{''.join(rows)}</ul>"


def says(path: Path) -> str:
    """The first line of the docstring of a module or a folder of modules; nothing of anything else."""
    path = path / "__init__.py" if path.is_dir() else path
    if path.suffix != ".py" or not path.is_file():
        return ""
    line = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(line))


def text_of(path: Path) -> str:
    """A file's text; a picture as it looks."""
    if path.suffix == ".png":
        return f'<img src="data:image/png;base64,{b64encode(path.read_bytes()).decode()}">'
    return f"<pre>{escape(path.read_text(encoding='utf-8'))}</pre>"


# notebooks


class Notebook(MystParser):
    """Reads a notebook as the page that it is: its words, its code, and what the code gave when it was last run."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Hands the cells on as Markdown."""
        super().parse("\n".join(cell_text(cell) for cell in json.loads(inputstring)["cells"]), document)


def cell_text(cell: dict[str, Any]) -> str:
    """One cell as Markdown."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return f"{text}\n"
    return "\n".join([fenced("python", text), *(output_text(each) for each in cell.get("outputs", []))])


def output_text(output: dict[str, Any]) -> str:
    """What a cell gave, in the richest form that a page can show."""
    data = output.get("data", {})
    if "image/png" in data:
        return fenced("{raw} html", f'<img src="data:image/png;base64,{"".join(data["image/png"]).strip()}">')
    if "text/html" in data:
        return fenced("{raw} html", "".join(data["text/html"]))
    told = "\n".join(output.get("traceback", []))
    return fenced("text", "".join(data.get("text/plain", output.get("text", told))))


def fenced(language: str, text: str) -> str:
    """A block of Markdown."""
    return f"`````{language}\n{text.rstrip()}\n`````\n"
