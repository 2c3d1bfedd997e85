"""The documentation's site: it is built without a warning, holds every page, and asks nothing of the network."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import start
from tests.helpers.documents import ROOT, named

FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""What a page fetches by itself, and the attribute that says from where; what a reader may follow is another matter."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built by the command that `start.py docs` runs, with warnings taken for errors."""
    for library in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(library, reason="the extra 'docs' is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", *start.SITE_COMMAND, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


def tags_of(site: Path) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """The tags of all pages of a site."""
    for page in sorted(site.rglob("*.html")):
        for tag, attributes in Tags(page.read_text(encoding="utf-8")).tags:
            yield page, tag, attributes


def is_elsewhere(address: str) -> bool:
    """Whether an address is one of the network."""
    return address.startswith(("http:", "https:", "//"))


@pytest.mark.slow
def test_the_site_holds_every_page_and_every_public_name(site: Path) -> None:
    pages = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    for page in [*pages, *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb")]:
        assert (site / page.relative_to(ROOT)).with_suffix(".html").is_file(), named(page)
    for page in sorted((ROOT / "docs" / "api").glob("*.rst")):
        text = (site / "docs" / "api" / f"{page.stem}.html").read_text(encoding="utf-8")
        for name in importlib.import_module(page.stem).__all__:
            assert f'id="{page.stem}.{name}"' in text, f"{page.stem}.{name}"
    assert "funnel" in (site / "searchindex.js").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_site_asks_nothing_of_the_network(site: Path) -> None:
    fetched = [
        (page.name, attributes[FETCHED[tag]])
        for page, tag, attributes in tags_of(site)
        if tag in FETCHED and is_elsewhere(attributes.get(FETCHED[tag], ""))
    ]
    assert not fetched
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style.name


@pytest.mark.slow
def test_every_link_of_the_site_leads_to_one_of_its_files(site: Path) -> None:
    """To code as well, which is shown on a page of its own."""
    for page, _, attributes in tags_of(site):
        address = attributes.get("href", attributes.get("src", ""))
        path = unquote(urlsplit(address).path)
        if path and not urlsplit(address).scheme:
            assert (page.parent / path).is_file(), f"{page.relative_to(site)}: {address}"
    assert "class Lever(" in (site / "code" / "pathways" / "lever.py.html").read_text(encoding="utf-8")
    assert "What happens: chance, the cohort" in (site / "code" / "sim" / "index.html").read_text(encoding="utf-8")
