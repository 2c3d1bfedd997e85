"""What the documentation says is true: its commands run, its files load, its examples give what they show, its links lead somewhere.

A page is followed from top to bottom in a folder of its own, as a reader would: files are saved, commands typed,
Python examples run. What a fenced block is, its language says; a comment before it says more:

    <!-- file: NAME -->      the block is saved (or added) to this file, which is checked at the end
    <!-- not run: REASON --> the block is not run as it stands; `STANDS_IN` below names the test that takes its place
"""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import tomllib
import typing
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pathways import library_names, load_pathway, load_scenario
from pathways.checks import CHECKS
from pathways.condition import LEVEL_FEATURES, NAMED_FEATURES, NUMBER_FEATURES
from pathways.draft import NAMED_SECTIONS, SINGLE_SECTIONS
from pathways.lever import Scenario
from pathways.quantity import DAYS_IN, GRADES, YEARS_PER
from pathways.region import RegionFile
from pathways.word import SHAPES, quantity_uses
from sim import events
from sim.arrays import layout
from tests.helpers.documents import (
    FENCE,
    ROOT,
    blocks_of,
    example,
    for_reader,
    named,
    put_official_files,
    reader_environment,
    save,
    script,
)
from tests.helpers.small_calibration import commands
from ui.commands.app import problems_of
from ui.inputs.checking import check_path

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
"""Followed too, but in a copy of the project: see `tests/test_door.py`."""
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", CONTRIBUTING, *(ROOT / "docs").rglob("*.md")])

STANDS_IN = {
    "python3 start.py": "test_start_makes_the_comparison_that_the_readme_promises",
    "python3 start.py test": "test_start_makes_the_comparison_that_the_readme_promises",
    "python3 start.py docs": "test_start_makes_the_comparison_that_the_readme_promises",
    ". .venv/bin/activate": "test_start_makes_the_comparison_that_the_readme_promises",
    ".venv/bin/backpath app": "test_the_app_answers_where_the_command_says",
    "backpath app --region mid_notts": "test_the_app_answers_where_the_command_says",
    "backpath app --host 0.0.0.0 --allowed-host backpath.trust.nhs.uk --allowed-host 10.0.0.7": "test_the_app_for_others_is_not_tried_on_the_network",
    "backpath region new england --registered gp-reg-pat-prac-quin-age.zip --map gp-reg-pat-prac-map.zip "
    "--deprivation deprivation.csv --england --out england": "test_the_benchmark_has_the_parts_that_its_page_tells",
    "python benchmarks/ten_million.py": "test_many_events_are_timed_outcome_by_outcome",
    "python benchmarks/engine.py": "test_the_benchmark_has_the_parts_that_its_page_tells",
    "python benchmarks/engine.py england --region england": "test_the_benchmark_has_the_parts_that_its_page_tells",
    ".venv/bin/python -m tests.fuzz --inputs 100000 --seed 2": "test_the_fuzzer_has_the_options_that_its_page_tells",
    ".venv/bin/python -m tests.fuzz --seed 2 --only 1136 --keep input-1136": "test_the_fuzzer_has_the_options_that_its_page_tells",
    **dict.fromkeys(
        commands("my_area", "calibrated").splitlines(), "test_the_calibration_of_the_page_is_the_small_one"
    ),
    "python docs/pictures/draw.py": "test_the_drawings_are_what_their_script_draws",
    "python docs/pictures/photograph.py": "test_the_photograph_is_as_wide_as_a_laptop",
}
"""Commands that are not run as they stand, by the test that takes their place."""


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of a reader who has activated Backpath's."""
    return reader_environment(tmp_path / "bin")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != CONTRIBUTING and any(block.runs for block in blocks_of(page))], ids=named
)
def test_a_reader_can_follow_the_page(
    page: Path, tmp_path: Path, shell: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything on the page works in its order: commands end without error, examples show what they give."""
    folder = tmp_path / "reader"
    folder.mkdir()
    monkeypatch.chdir(folder)
    put_official_files(folder)
    known: dict[str, Any] = {}
    written: list[Path] = []
    for block in blocks_of(page):
        if not block.runs:
            continue
        if block.what == "file":
            written += save(block, folder)
        elif block.language == "sh":
            for_reader(block.text, shell)
        elif block.language == "python":
            known = example(block, known)
        else:
            pytest.fail(f"{named(page)}: a block of '{block.language}' that nothing is done with:\n{block.text}")
    for path in dict.fromkeys(written):
        check_file(path, folder)


def check_file(path: Path, folder: Path) -> None:
    """A pathway or scenario has no error; a file of quantities is included by a pathway; a table belongs to a region."""
    if path.suffix == ".csv" or path.name == "region.toml":
        assert not errors_of(path.parent), path
        return
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    if "format" in table:
        assert not errors_of(path), path
    else:
        including = [tomllib.loads(other.read_text()).get("include", []) for other in folder.glob("*.toml")]
        assert any(path.name in names for names in including), f"nothing includes {path.name}"


def errors_of(path: Path) -> list[str]:
    """What `backpath check` finds wrong; which lists grow is no error, anything else that it warns of is."""
    return [str(problem) for problem in check_path(path) if problem.rule != "stability"]


def test_every_block_is_run_or_has_a_test_that_stands_in_for_it() -> None:
    """And no test stands in for a command that no page has."""
    left_out = {
        command
        for page in PAGES
        for block in blocks_of(page)
        if block.what == "not run"
        for command in re.sub(r"\\\n *", "", block.text.strip()).splitlines()
    }
    assert left_out == set(STANDS_IN)
    for name in STANDS_IN.values():
        assert callable(globals().get(name)), name
    for page in PAGES:
        fences = re.findall(r"^```\w*$", page.read_text(encoding="utf-8"), re.M)
        assert len(fences) == 2 * len(blocks_of(page)), f"{named(page)}: a block that is not closed"


# what takes the place of commands that are not run


def test_start_makes_the_comparison_that_the_readme_promises() -> None:
    """Setting up is left to whoever has the network; that start.py is sound, refuses what it does not know, and then runs
    a comparison that a page runs too, is held here."""
    refused = subprocess.run(
        [sys.executable, str(ROOT / "start.py"), "tests"], capture_output=True, text=True, timeout=300
    )
    assert refused.returncode == 2
    assert "'python3 start.py test'" in refused.stdout
    start = (ROOT / "start.py").read_text()
    assert '"compare", "mri_guidance", "physio_first", "--out"' in start
    assert 'os.path.join(HERE, "results", "first-look")' in start
    readme = (ROOT / "README.md").read_text()
    assert "backpath compare mri_guidance physio_first\n" in readme
    assert "results/first-look/report.html" in readme


def test_the_app_answers_where_the_command_says(tmp_path: Path, shell: dict[str, str]) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    command = ["backpath", "app", "--region", "demonstration", "--port", str(port)]
    app = subprocess.Popen(
        command, env=shell, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        assert app.stdout is not None
        assert f"http://127.0.0.1:{port}" in app.stdout.readline()
        assert answered(f"http://127.0.0.1:{port}/_stcore/health", within_seconds=60) == "ok"
    finally:
        os.killpg(app.pid, signal.SIGTERM)
        app.wait(timeout=120)


def test_the_app_for_others_is_not_tried_on_the_network() -> None:
    """What the command starts is held by `test_known_hosts.py`; that its words are those of the command, here."""
    command = "backpath app --host 0.0.0.0 --allowed-host backpath.trust.nhs.uk --allowed-host 10.0.0.7"
    words = command.split()
    assert problems_of(words[3], 8501, words[5::2]) == []
    assert f"\n{command}\n" in (ROOT / "docs" / "app.md").read_text(encoding="utf-8")


def test_the_fuzzer_has_the_options_that_its_page_tells() -> None:
    """What it does with them, `test_fuzz.py` tries."""
    told = subprocess.run([sys.executable, "-m", "tests.fuzz", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    page = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    asked = set(re.findall(r" (--[a-z]+)", " ".join(re.findall(r"^.*-m tests.fuzz.*$", page, re.M))))
    assert asked
    assert asked <= set(re.findall(r"--[a-z]+", told.stdout))


def answered(address: str, *, within_seconds: float) -> str:
    """What a page of this machine answers, once it does."""
    until = time.monotonic() + within_seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def test_the_calibration_of_the_page_is_the_small_one() -> None:
    """The same words and figures are typed, and what comes of them looked at, in `ui/test_calibrate_command.py`."""
    (block,) = [block for block in blocks_of(ROOT / "docs" / "calibration.md") if block.language == "sh"]
    assert re.sub(r"\\\n *", "", block.text) == commands("my_area", "calibrated")


def test_the_benchmark_has_the_parts_that_its_page_tells() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|", page, re.M)
    help_text = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "engine.py"), "--help"],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    parts = re.search(r"parts +(\w+(?:, \w+)+)", " ".join(help_text.split()))
    assert parts is not None
    assert sorted(set(told)) == sorted(parts[1].split(", "))
    assert "--region" in help_text


def test_many_events_are_timed_outcome_by_outcome() -> None:
    """With few people: every outcome that the page tells is worked out and timed."""
    said = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "ten_million.py"), "--people", "30000"],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True, timeout=300,
    ).stdout  # fmt: skip
    assert re.match(r"[\d,]+ events of [\d,]+ patients", said)
    for outcome in (
        "costs",
        "QALYs",
        "practices",
        "inequality",
        "waits",
        "list",
        "referral to treatment",
        "continuity",
        "age at first",
    ):
        assert outcome in said
    assert said.strip().endswith("s in all")


def test_the_drawings_are_what_their_script_draws() -> None:
    folder = ROOT / "docs" / "pictures"
    pictures = script(folder / "draw.py").PICTURES
    assert {path.name for path in folder.glob("*.svg")} == set(pictures)
    for name, draw in pictures.items():
        assert (folder / name).read_text(encoding="utf-8") == draw(), (
            f"{name} is out of date: run docs/pictures/draw.py"
        )


def test_the_photograph_is_as_wide_as_a_laptop() -> None:
    """The README's picture is a PNG of the width that its script takes."""
    data = (ROOT / "docs" / "pictures" / "compare.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height > 700) == (1280, True)


# links


def links_of(page: Path) -> Iterator[str]:
    """The targets of a page's links and pictures that are not addresses of the web."""
    plain = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", plain):
        if not target.startswith(("http://", "https://")):
            yield target


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as hosts of Markdown make them."""
    plain = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", plain, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links_of(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{named(page)}: {target}"
        assert there.is_relative_to(ROOT), f"{named(page)}: {target} leads out of the project"
        if anchor:
            assert anchor in anchors_of(there), f"{named(page)}: {target}"


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    reached, frontier = set(), {ROOT / "README.md"}
    while frontier:
        reached |= frontier
        targets = {
            there
            for page in frontier
            for target in links_of(page)
            for there in within((page.parent / target.partition("#")[0]).resolve())
        }
        frontier = targets - reached
    assert set(PAGES) <= reached, set(PAGES) - reached


def within(path: Path) -> list[Path]:
    """A page, or the pages of a folder."""
    return sorted(path.glob("*.md")) if path.is_dir() else [path] if path.suffix == ".md" else []


# what pages must hold


def text_of(name: str) -> str:
    """A page of the docs."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_dictionary_of_events_is_the_one_in_the_code() -> None:
    page = text_of("event-log.md")
    for line in (events.__doc__ or "").splitlines():
        if line.startswith("|"):
            assert line in page, line
    for kind in layout.KINDS:
        assert f"\n| {kind} |" in page, kind
    for column in (*events.COLUMNS, "replication"):
        assert f"\n| {column} |" in page, column
    for reason in layout.REASONS:
        assert f"`{reason}`" in page, reason


def words_within(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A word of the language and all words within it."""
    yield model
    for field in model.model_fields.values():
        yield from words_in(field.annotation)


def words_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The words that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from words_within(annotation)
    for part in typing.get_args(annotation):
        yield from words_in(part)


def test_every_word_of_the_language_is_explained() -> None:
    """Every section, field, duration, feature, unit, grade and check is on the page, in code."""
    page = text_of("writing-pathways.md")
    code = " ".join(
        re.findall(r"`([^`\n]+)`", FENCE.sub("", page))
        + [block.text for block in blocks_of(ROOT / "docs" / "writing-pathways.md")]
    )
    models = [*NAMED_SECTIONS.values(), *SINGLE_SECTIONS.values(), Scenario]
    fields = {field for model in models for word in words_within(model) for field in word.model_fields}
    wanted = {*NAMED_SECTIONS, *SINGLE_SECTIONS, *fields, *SHAPES, *GRADES, *DAYS_IN, *YEARS_PER}
    wanted |= {*LEVEL_FEATURES, *NUMBER_FEATURES, *NAMED_FEATURES, *(check.__name__ for check in CHECKS)}
    missing = {word for word in wanted if not re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", code)}
    assert not missing
    for check in CHECKS:
        assert f"| `{check.__name__}` | {(check.__doc__ or '').splitlines()[0]} |" in page


def test_every_lever_and_scenario_of_the_library_is_told_with_its_numbers() -> None:
    page = text_of("scenarios.md")
    pathway = load_pathway("usual_care")
    for name in library_names("scenarios"):
        assert f"\n## {load_scenario(name)[1].title}" in page, name
    for name, lever in pathway.levers.items():
        assert f"`{name}`" in page
        assert lever.counter_effects in page
        for _, quantity_name, _ in quantity_uses(lever, ""):
            if quantity_name == "rest":
                continue
            quantity = pathway.quantities[quantity_name]
            row = f"| `{quantity_name}` | {quantity.number():g} | {quantity.low:g} to {quantity.high:g} | {quantity.unit} | {quantity.grade} | {quantity.source} |"
            assert row in page, row


def test_every_column_of_a_region_is_told() -> None:
    from pathways.region_folder import _CAPACITY, _POPULATION, _PRACTICES, _PRICES, _WAITING

    page = text_of("regions.md")
    tables = (_PRACTICES, _POPULATION, _CAPACITY, _WAITING, _PRICES)
    columns = {column.name for table in tables for column in table if not column.name.startswith("decile_")}
    for name in (*columns, *RegionFile.model_fields, "decile_1", "decile_10"):
        assert f"`{name}`" in page, name


def test_the_glossary_has_the_twelve_names() -> None:
    twelve = [
        "Pathway",
        "Service",
        "Decision",
        "Quantity",
        "Lever",
        "Scenario",
        "Region",
        "Cohort",
        "Plan",
        "EventLog",
        "Run",
        "Experiment",
    ]
    assert re.findall(r"^\| \*\*(\w+)\*\* \|", text_of("glossary.md"), re.M) == twelve


def test_the_glossary_leads_to_where_things_are_done() -> None:
    """In two sentences at most; a function that it names stands in a file of the same row."""
    rows = re.findall(
        r"^\| (.+?) \| (.+) \|$", text_of("glossary.md").split("## Where to find what")[1].split("\n## ")[0], re.M
    )
    assert len(rows) > 10
    for what, where in rows[1:]:
        targets = [ROOT / "docs" / target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", where)]
        assert what == "---" or targets, what
        code = "".join(target.read_text(encoding="utf-8") for target in targets if target.is_file())
        for name in re.findall(r"`(\w+)`", where):
            assert re.search(rf"\b{name}\b", code), f"{what}: no '{name}' in what is linked"
        assert len(re.findall(r"\.(?= [A-Z\[]|$)", where)) <= 2, what


def test_decisions_are_numbered_without_gaps_and_have_three_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert re.findall(r"^## (\w+)$", text, re.M) == ["Context", "Decision", "Consequence"], record.name
        assert len(text.split()) < 400, f"{record.name} is longer than half a page or so"


def test_citation_and_changelog_speak_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = dict(
        line.split(": ", 1)
        for line in (ROOT / "CITATION.cff").read_text().splitlines()
        if re.match(r"^[a-z-]+: ", line)
    )
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"].strip('"') == project["version"]
    assert citation["license"] == project["license"]
    assert {"message", "title"} <= set(citation)
    assert f'authors:\n  - name: "{project["authors"][0]["name"]}"' in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()
