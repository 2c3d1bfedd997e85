"""What the tests of the source documents share: their pages and tables, and small runs of the library's pathway."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from calibration.validation.observed import Observed, observe
from pathways import Pathway, Region, Scenario, load_pathway, load_region, load_scenario
from sim.run import Case
from tests.helpers.shared import SHARED

ROOT = Path(__file__).resolve().parent.parent.parent
FIGURES = ROOT / "calibration" / "library" / "sources"
SEED = 42
NOT_SHOWN = "not shown"


class Fact(NamedTuple):
    """A row of a page's table of facts."""

    fact: str
    document: str
    model: str
    shown: str


def plain(text: str) -> str:
    """A cell without the marks of Markdown and outer blanks."""
    return re.sub(r"[*`]", "", text).strip()


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table_after(text: str, head: str) -> list[list[str]]:
    """The rows of the first table whose head begins with this cell."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return rows


def page_of(name: str) -> str:
    """The text of a document's page."""
    return (ROOT / "docs" / "sources" / f"{name}.md").read_text(encoding="utf-8")


def facts_on_page(name: str) -> list[Fact]:
    """The facts on a document's page."""
    return [Fact(*row) for row in table_after(page_of(name), "fact")]


def facts_of_document(number: str) -> list[str]:
    """The facts of a document in the list that came with the project; skips where that is not beside it."""
    path = SHARED / "SOURCES.md"
    if not path.exists():
        pytest.skip("the list of the documents' facts is not beside the project (../shared/SOURCES.md)")
    _, _, section = path.read_text(encoding="utf-8").partition(f"## Document {number}")
    return [plain(row[0]) for row in table_after(section, "fact")]


def every_fact_is_on_the_page(name: str, number: str) -> None:
    """Asserts that the page has a row for each fact of the document, in its order, and no other."""
    assert [plain(row.fact) for row in facts_on_page(name)] == facts_of_document(number)


def every_row_names_its_tests(name: str, module: Mapping[str, Any]) -> None:
    """Asserts that each row names tests of this module, or says why nothing is shown; and that no test is left out."""
    tests = {key for key in module if key.startswith("test_") and not key.startswith("test_the_page")}
    named: set[str] = set()
    for row in facts_on_page(name):
        shown = set(re.findall(r"`(test_\w+)`", row.shown))
        assert shown <= tests, f"{row.fact}: there is no {sorted(shown - tests)}"
        assert shown or row.shown.startswith(f"{NOT_SHOWN}: "), f"{row.fact}: neither a test nor a reason"
        named |= shown
    assert named == tests, f"no row names {sorted(tests - named)}"


def figures(name: str) -> dict[str, Any]:
    """The published figures of a document, by name: their values."""
    written = tomllib.loads((FIGURES / f"{name}.toml").read_text(encoding="utf-8"))
    for key, record in written.items():
        assert {"value", "unit", "source", "grade"} <= set(record), key
    return {key: record["value"] for key, record in written.items()}


# runs


@functools.cache
def demonstration() -> Region:
    """The region that ships."""
    return load_region("demonstration")


@functools.cache
def today() -> Pathway:
    """Today's pathway."""
    return load_pathway("usual_care")


def with_numbers(pathway: Pathway, **numbers: float) -> Pathway:
    """The pathway with other values of quantities."""
    changed = {
        name: pathway.quantities[name].model_copy(update={"value": value, "low": value, "high": value})
        for name, value in numbers.items()
    }
    return replace(pathway, quantities={**pathway.quantities, **changed})


def variant(name: str, levers: Mapping[str, Any] | None = None, **numbers: float) -> Case:
    """Today's pathway with levers set as a scenario sets them, and other values of quantities."""
    scenario = Scenario.model_validate(
        {"format": 1, "title": name, "says": "For a test.", "pathway": "usual_care", "levers": dict(levers or {})}
    )
    return Case(name, scenario, with_numbers(today(), **numbers))


def from_library(name: str) -> Case:
    """A scenario of the library."""
    return Case(*load_scenario(name))


class Runs:
    """Runs of some cases over the same patients of the demonstration area; each is made once, when it is asked for."""

    def __init__(self, *cases: Case, years: float = 1, region: Region | None = None):
        self.cases = {case.name: case for case in cases}
        self.years = years
        self.region = region or demonstration()
        self._made: dict[tuple[str, int], Observed] = {}

    def seen(self, name: str, replication: int) -> Observed:
        """The tables of one run."""
        key = (name, replication)
        if key not in self._made:
            run = self.cases[name].run(self.region, years=self.years, seed=SEED, replication=replication)
            self._made[key] = observe(run)
        return self._made[key]


def gp_requests(seen: Observed) -> pd.DataFrame:
    """Requests for a routine scan that GPs made."""
    chosen = (seen.referrals["service"] == "mri") & (seen.referrals["came_from"] == "gp")
    return seen.referrals[chosen]


def visits(seen: Observed, *services: str) -> int:
    """How many visits there were at the services."""
    return int(seen.contacts["service"].isin(services).sum())


def referrals(seen: Observed, *services: str) -> int:
    """How many referrals there were to the services."""
    return int(seen.referrals["service"].isin(services).sum())


def clearly(differences: list[float] | np.ndarray) -> int:
    """The sign of a mean, or 0 where it lies within three standard errors of none."""
    values = np.asarray(differences, dtype=float)
    error = values.std(ddof=1) / np.sqrt(len(values))
    return int(np.sign(values.mean())) if abs(values.mean()) > 3 * error else 0
