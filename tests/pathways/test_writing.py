"""Files and folders are written whole or not at all, never over another, and hold nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathways import BadInput, load_region
from pathways.files import temporary
from pathways.files.formulas import as_text_cell, from_text_cell
from pathways.files.writing import (
    csv_text,
    file_can_be_written,
    folder_can_be_written,
    new_folder,
    write_text,
    written,
)
from pathways.region_folder import save_region

ROOT = Path(__file__).resolve().parent.parent.parent


def run(code: str, **kept: object) -> subprocess.CompletedProcess[str]:
    """Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# formulas


@given(st.text(alphabet="'=+-@\t\r\n1.eEx ＝", max_size=6))
def test_every_text_comes_back_as_it_was_but_for_the_kind_of_its_line_ends(text: str) -> None:
    assert from_text_cell(as_text_cell(text)) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.text(alphabet="'=+-@\t\r\n1.eEx ＝", max_size=6))
def test_no_cell_begins_a_formula_unless_it_is_a_negative_number(text: str) -> None:
    cell = as_text_cell(text)
    if cell[:1] in set("=+-@\t\r\n＝＋－＠") - {""}:
        assert cell.startswith("-")
        float(cell)


def test_texts_and_names_of_columns_are_escaped_and_numbers_left_alone() -> None:
    table = pd.DataFrame(
        {
            "practice": ['=HYPERLINK("http://x","a")', "+44 20", "@home", "-x", "Bay"],
            "=kind": pd.Categorical(["=a", "b", "b", "b", "=a"]),
            "change": [-1.5, 2.0, -3.0, 0.0, 1e-20],
            "mixed": [-1, "-2", "+3", None, "-4%"],
        }
    )
    assert csv_text(table) == (
        "practice,'=kind,change,mixed\n"
        '"\'=HYPERLINK(""http://x"",""a"")",\'=a,-1.5,-1\n'
        "'+44 20,b,2.0,-2\n"
        "'@home,b,-3.0,'+3\n"
        "'-x,b,0.0,\n"
        "Bay,'=a,1e-20,'-4%\n"
    )


def test_a_table_without_rows_or_columns_and_one_whose_names_stand_twice_are_written() -> None:
    assert csv_text(pd.DataFrame({"a": [], "=b": []})) == "a,'=b\n"
    assert csv_text(pd.DataFrame()) == "\n"
    assert csv_text(pd.DataFrame([[1, "=x"]], columns=["a", "a"])) == "a,a\n1,'=x\n"


# files


def test_a_file_that_is_there_is_left_alone_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_text(path, "first")
    for refused in (lambda: write_text(path, "second"), lambda: file_can_be_written(path)):
        with pytest.raises(BadInput, match=r"page.html: it exists already, and is left as it is.*--overwrite"):
            refused()
    assert path.read_text() == "first"
    path.chmod(0o640)
    write_text(path, "second", overwrite=True)
    assert path.read_text() == "second"
    assert path.stat().st_mode & 0o777 == 0o640
    assert left_in(tmp_path) == ["page.html"]


def test_of_two_that_write_one_file_at_once_one_succeeds_and_the_other_is_told(tmp_path: Path) -> None:
    path, both, refused = tmp_path / "log.csv", Barrier(2), []

    def write(text: str) -> None:
        try:
            with written(path) as part:
                part.write_text(text)
                both.wait()
        except BadInput as bad:
            refused.append(str(bad))

    threads = [Thread(target=write, args=(sign * 1000,)) for sign in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in ("a" * 1000, "b" * 1000)
    assert len(refused) == 1
    assert "log.csv: it was written by another run meanwhile, and is left as it is" in refused[0]
    assert left_in(tmp_path) == ["log.csv"]


def test_a_disk_without_hard_links_gives_a_file_its_name_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    write_text(tmp_path / "a.txt", "whole")
    with pytest.raises(BadInput, match="exists already"):
        write_text(tmp_path / "a.txt", "other")
    assert (tmp_path / "a.txt").read_text() == "whole"
    assert left_in(tmp_path) == ["a.txt"]


def test_what_goes_wrong_while_a_file_is_written_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with written(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("folder", "folder: this is a folder. Choose the name of a file."),
        ("none/a.txt", "none/a.txt: the folder does not exist. Make it first."),
        ("link.txt", "link.txt: this is a link to 'real.txt'. Name that place itself, or choose another."),
        ("round.txt", "round.txt: this is a link to 'round.txt'. Name that place itself"),
        ("pipe", "pipe: this is no file but a device or a pipe."),
        ("file.txt/a.txt", "a file stands where a folder is needed. Choose another place."),
        ("n" * 300, "its name is too long. Choose a shorter one."),
        ("a\0b", "this cannot be a name: it holds the sign NUL."),
    ],
)
def test_a_place_for_a_file_that_will_not_do_is_told_before_and_after(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "link.txt").symlink_to("real.txt")
    (tmp_path / "round.txt").symlink_to("round.txt")
    os.mkfifo(tmp_path / "pipe")
    for attempt in (
        lambda: file_can_be_written(tmp_path / name),
        lambda: write_text(tmp_path / name, "x", overwrite=True),
    ):
        with pytest.raises(BadInput) as refused:
            attempt()
        assert says in str(refused.value)
        assert len(refused.value.problems) == 1


# folders


def test_a_folder_gets_its_name_when_all_is_written(tmp_path: Path) -> None:
    with new_folder(tmp_path / "deep" / "results") as part:
        write_text(part / "record.json", "{}")
        assert left_in(tmp_path / "deep") == [part.name]
    assert left_in(tmp_path / "deep") == ["results"]
    assert left_in(tmp_path / "deep" / "results") == ["record.json"]


def test_a_folder_that_goes_wrong_leaves_nothing_not_even_the_folders_above_it(tmp_path: Path) -> None:
    with pytest.raises(KeyError), new_folder(tmp_path / "deep" / "results"):
        raise KeyError
    assert left_in(tmp_path) == []


def test_results_are_replaced_whole_where_that_is_asked_for_and_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "record.json").write_text("old")
    (folder / "gone.csv").write_text("old")
    with pytest.raises(BadInput, match=r"results: it exists already and is not empty.*--overwrite"):
        folder_can_be_written(folder)
    with new_folder(folder, overwrite=True) as part:
        write_text(part / "record.json", "new")
    assert left_in(tmp_path) == ["results"]
    assert left_in(folder) == ["record.json"]
    assert (folder / "record.json").read_text() == "new"
    (folder / "thesis.docx").write_text("mine")
    with pytest.raises(BadInput, match=r"it holds 'thesis.docx', so that --overwrite does not replace it"):
        folder_can_be_written(folder, overwrite=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.csv").write_text("mine")
    with pytest.raises(BadInput, match="it holds no results of Backpath"), new_folder(other, overwrite=True):
        pass
    assert left_in(other) == ["notes.csv"]


def test_of_two_that_write_one_folder_at_once_one_succeeds_and_the_other_is_told(tmp_path: Path) -> None:
    def write() -> None:
        with new_folder(tmp_path / "results") as part:
            write_text(part / "record.json", "second")
            with new_folder(tmp_path / "results") as other:
                write_text(other / "record.json", "first")

    with pytest.raises(BadInput, match="results: it was written by another run meanwhile"):
        write()
    assert (tmp_path / "results" / "record.json").read_text() == "first"
    assert left_in(tmp_path) == ["results"]


@pytest.mark.parametrize("name", ["link", "astray", "file.txt", "file.txt/results", "n" * 300, "a\0b"])
def test_a_place_for_a_folder_that_will_not_do_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "astray").symlink_to("nowhere")
    (tmp_path / "file.txt").write_text("")
    before = left_in(tmp_path)

    def write() -> None:
        with new_folder(tmp_path / name, overwrite=True) as part:
            write_text(part / "record.json", "{}")

    for attempt in (lambda: folder_can_be_written(tmp_path / name), write):
        with pytest.raises(BadInput) as refused:
            attempt()
        assert len(refused.value.problems) == 1
    assert left_in(tmp_path) == before


def test_a_place_that_can_only_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)
    for look in (file_can_be_written, folder_can_be_written):
        with pytest.raises(
            BadInput, match=r"results: it cannot be written: this disk can only be read. Choose another place"
        ):
            look(tmp_path / "results")


def test_a_full_disk_is_told_before_long_work_and_leaves_neither_file_nor_folder(tmp_path: Path) -> None:
    """A limit on the size of a file stands for the disk: the system refuses the same call."""
    code = f"""
        import resource
        from pathlib import Path
        from pathways import BadInput, load_region
        from pathways.files.writing import *
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        here = Path({str(tmp_path)!r})
        def folder():
            with new_folder(here / "results") as part:
                write_text(part / "record.json", "small")
                write_text(part / "big.csv", "x" * 20_000)
        for attempt in (
            lambda: file_can_be_written(here / "a.csv"),
            lambda: folder_can_be_written(here / "results"),
            lambda: write_text(here / "a.csv", "x" * 20_000),
            folder,
        ):
            try:
                attempt()
            except BadInput as bad:
                print(bad)
    """
    done = run(code)
    said = done.stdout.splitlines()
    assert done.stderr == ""
    assert [Path(line.partition(":")[0]).name for line in said] == ["a.csv", "results", "a.csv", "results"]
    assert all("larger than a file may be here. Choose another place." in line for line in said)
    assert left_in(tmp_path) == []


# what killed runs leave


def test_what_a_killed_run_left_is_told_and_removed_and_what_a_live_one_makes_is_not(tmp_path: Path) -> None:
    killed = run(f"""
        import os, signal
        from pathlib import Path
        from pathways.files.writing import *
        with written(Path({str(tmp_path)!r}) / "log.csv") as part, new_folder(Path({str(tmp_path)!r}) / "results") as folder:
            part.write_text("half")
            (folder / "record.json").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert killed.returncode == -9
    assert len(left_in(tmp_path)) == 2
    (tmp_path / ".backpath-notes").write_text("mine")
    alive = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    machine = temporary._machine()
    live = tmp_path / f".backpath-{machine}-{alive.pid}-0"
    far = tmp_path / ".backpath-elsewhere-1-0"
    live.touch()
    far.touch()
    try:
        with written(tmp_path / "other.csv") as mine:
            said = file_can_be_written(tmp_path / "log.csv")
            assert mine.exists()
    finally:
        alive.kill()
        alive.wait()
    assert sum(line.endswith("a run that was killed had left this half-written; removed.") for line in said) == 2
    assert [str(far) in line for line in said if "a run on another machine" in line] == [True]
    assert left_in(tmp_path) == sorted([".backpath-notes", far.name, live.name, "other.csv"])
    said = folder_can_be_written(tmp_path / "results")
    assert f"{live}: a run that was killed had left this half-written; removed." in said


# read back by our own readers

SPIKES = ['=HYPERLINK("http://x","a, b")', "+44", "@x", "-x", "'=1", "=1\n2"]


def test_a_region_whose_names_are_formulas_comes_back_as_it_was(tmp_path: Path) -> None:
    place = load_region("demonstration")
    names = tuple(SPIKES[k % len(SPIKES)] for k in range(len(place.names)))
    codes = (*(f"{spike} {k}" for k, spike in enumerate(SPIKES[:5])), *place.codes[5:])
    sites = (replace(place.sites[0], name="=1+1"), *place.sites[1:])
    spiked = replace(place, codes=codes, names=names, sites=sites, waiting=())
    save_region(spiked, tmp_path)
    for file in tmp_path.glob("*.csv"):
        cells = {cell for row in csv.reader(io.StringIO(file.read_text())) for cell in row}
        assert not {cell for cell in cells if cell[:1] in "=+@-" and cell and not is_number(cell)}
    again = load_region(str(tmp_path))
    assert again.codes == codes
    assert again.names == names
    assert again.sites[0].name == "=1+1"
    assert [vars(site) for site in again.sites[1:]] == [vars(site) for site in place.sites[1:]]


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
