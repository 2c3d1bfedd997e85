"""Files that carry the number of their format: the page tells them all, and another number is refused in a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from calibration import folder as calibration_folder
from pathways import BadInput, load_pathway, load_region, load_scenario
from pathways.load import FORMAT as PATHWAY
from pathways.region_folder import save_region
from sim.batch.run_store import FORMAT, RunStore
from sim.experiments import record
from tests.helpers.typed import backpath
from ui.reports import calibration_folder as calibration_files

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "formats.md"


def told() -> dict[str, int]:
    """The formats in the table of the page, by what they are of."""
    rows = re.findall(r"^\| ([a-z ]+) \| .* \| (\d+) \| .* \|$", PAGE.read_text(encoding="utf-8"), re.M)
    return {what: int(number) for what, number in rows}


def test_the_page_tells_every_format_as_it_is() -> None:
    assert told() == {
        "pathway": PATHWAY,
        "scenario": PATHWAY,
        "region": load_region("demonstration").about.format,
        "record of a run": record.FORMAT,
        "calibration": calibration_folder.FORMAT,
        "question of a calibration": calibration_files.FORMAT,
        "runs of a calibration": FORMAT,
    }


def later(folder: Path, kind: str) -> Path:
    """A file of a kind whose format is the one after the last that is known."""
    path = folder / f"mine.{'toml' if kind in ('pathway', 'scenario') else 'json'}"
    number = told()[kind] + 1
    match kind:
        case "pathway" | "scenario":
            of = 'pathway = "usual_care"\n' if kind == "scenario" else ""
            path.write_text(f'format = {number}\ntitle = "Mine"\nsays = "Ours."\n{of}')
        case "record of a run":
            path.write_text(json.dumps({"format": number, "kind": record.KIND}))
        case "calibration":
            path = folder / calibration_folder.ABOUT
            path.write_text(json.dumps({"format": number, "kind": calibration_folder.KIND}))
        case "question of a calibration":
            path = folder / calibration_files.QUESTION
            path.write_text(json.dumps({"format": number}))
    return path


READ: dict[str, Callable[[Path], object]] = {
    "pathway": lambda path: load_pathway(str(path)),
    "scenario": lambda path: load_scenario(str(path)),
    "record of a run": record.replay,
    "calibration": lambda path: calibration_folder._read_about(path.parent),
    "question of a calibration": calibration_files._read,
}


@pytest.mark.parametrize("kind", READ)
def test_a_file_of_a_later_format_is_refused_with_both_numbers(tmp_path: Path, kind: str) -> None:
    path = later(tmp_path, kind)
    with pytest.raises(BadInput) as refused:
        READ[kind](path)
    assert re.search(rf"format.*{told()[kind] + 1}", str(refused.value))
    assert re.search(rf"reads? (format )?{told()[kind]}|= {told()[kind]}", str(refused.value))


def test_a_region_of_a_later_format_is_refused(tmp_path: Path) -> None:
    save_region(load_region("demonstration"), tmp_path)
    about = tmp_path / "region.toml"
    about.write_text(about.read_text().replace("format = 1", "format = 2"))
    says = "region.toml: format: this version reads format 1, but 2 is written. A file of a later format needs a later version"
    with pytest.raises(BadInput, match=re.escape(says)):
        load_region(str(tmp_path))
    about.write_text(about.read_text().replace("format = 2", "format = 0"))
    with pytest.raises(BadInput, match="format: must be at least 1, but 0 is written"):
        load_region(str(tmp_path))


def test_a_scenario_of_a_format_that_never_was_is_told_once(tmp_path: Path) -> None:
    """It was told twice, once in the words of a library."""
    path = tmp_path / "mine.toml"
    path.write_text('format = 0\ntitle = "Mine"\nsays = "Ours."\npathway = "usual_care"\n')
    with pytest.raises(BadInput) as refused:
        load_scenario(str(path))
    assert [str(problem) for problem in refused.value.problems] == [
        "mine.toml: format: this version reads format 1, but 0 is written. A file of a later format needs a later version of Backpath."
    ]


def test_runs_of_a_later_format_are_refused_and_left_as_they_are_and_those_that_tell_none_are_read(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path)
    store.write({"a": np.array([1.0, 2.0])})
    (shard,) = tmp_path.glob("*.parquet")
    table = pyarrow.parquet.read_table(shard)
    pyarrow.parquet.write_table(table.replace_schema_metadata(None), shard, write_page_checksum=True)
    assert store.read()["a"].tolist() == [1.0, 2.0]
    later = table.replace_schema_metadata({"backpath_format": "2"})
    pyarrow.parquet.write_table(later, shard, write_page_checksum=True)
    with pytest.raises(BadInput, match=r"its runs have format 2, this version reads 1. Take the version of Backpath"):
        store.read()
    assert [path.name for path in tmp_path.iterdir()] == [shard.name]


def test_a_scenario_of_a_later_format_is_refused_by_the_command_line(tmp_path: Path) -> None:
    path = later(tmp_path, "scenario")
    seen = backpath("compare", path)
    assert seen.code == 2
    assert "format" in seen.err
