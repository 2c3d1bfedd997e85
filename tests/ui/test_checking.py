"""`backpath check` of a region: against which pathway, and what is said of its lists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pathways import pathway_to_dict, save_region
from tests.helpers.build import Numbers, pathway, region
from tests.helpers.refusals import refused
from tests.helpers.typed import backpath
from ui.inputs.checking import MOST_LISTS


def toml(written: Any) -> str:
    """A value as TOML writes it on one line; what is None is left out."""
    if isinstance(written, dict):
        pairs = [f"{json.dumps(key)} = {toml(value)}" for key, value in written.items() if value is not None]
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(written, list | tuple):
        return f"[{', '.join(toml(value) for value in written)}]"
    return json.dumps(written)


@pytest.fixture(scope="module")
def of_another(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A region of another pathway than today's, and that pathway's file."""
    folder = tmp_path_factory.mktemp("another")
    numbers = Numbers()
    services = {"gp": {"capacity": "open", "next": "clinic"}, "clinic": {"capacity": "slots", "next": "home"}}
    word = pathway(numbers, services, entry="gp", onset_rate=0.01)
    file = folder / "clinics.toml"
    file.write_text("\n".join(f"{key} = {toml(value)}" for key, value in pathway_to_dict(word).items()))
    (folder / "place").mkdir()
    save_region(region(2000, sites={"clinic": 20.0}), folder / "place")
    return folder / "place", file


def test_a_region_is_checked_against_the_pathway_it_is_for(of_another: tuple[Path, Path]) -> None:
    place, file = of_another
    refused(
        backpath("check", place), "capacity.csv: no row for the service 'mri'", "lacks for the pathway 'usual_care'"
    )
    seen = backpath("check", place, "--pathway", file)
    assert seen.code == 0
    assert f"{place}: no errors for the pathway 'clinics'" in seen.out
    assert "demonstration: no errors for the pathway 'usual_care'" in backpath("check", "demonstration").out


def test_check_finds_the_pathway_that_a_region_names(of_another: tuple[Path, Path]) -> None:
    place, file = of_another
    text = (place / "region.toml").read_text()
    try:
        (place / "region.toml").write_text(text + 'pathway = "clinics"\n')
        refused(backpath("check", place), "region.toml: pathway: 'clinics' is not in the library. Name its file with")
        assert backpath("check", place, "--pathway", file).code == 0
        (place / "region.toml").write_text(text + 'pathway = "usual_care"\n')
        refused(backpath("check", place), "lacks for the pathway 'usual_care'")
    finally:
        (place / "region.toml").write_text(text)


def test_options_of_check_that_do_not_fit_are_refused(of_another: tuple[Path, Path]) -> None:
    place, file = of_another
    refused(backpath("check", "mri_guidance", "--pathway", file), "--pathway: is for a region's folder")
    refused(backpath("check", place, "--region", "demonstration"), "--region: is for a pathway or a scenario")


def test_the_lists_that_grow_most_have_a_sentence_each_and_the_others_share_one() -> None:
    """Eleven of the demonstration area had one each, down to a list that grows by one person a year."""
    said = [line for line in backpath("check", "mri_guidance").err.splitlines() if "grow" in line]
    growth = [
        int(match[1].replace(",", "")) for line in said if (match := re.search(r"grows by about ([\d,]+) a", line))
    ]
    assert len(growth) == MOST_LISTS
    assert growth == sorted(growth, reverse=True)
    rest = [
        int(count.replace(",", ""))
        for count in re.findall(r" ([\d,]+)(?:;|\.$)", said[-1].partition(": Lists grow")[2])
    ]
    assert len(said) == MOST_LISTS + 1
    assert len(rest) >= 2
    assert max(rest) <= growth[-1]
