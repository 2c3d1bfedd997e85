"""The command `calibrate`: what it refuses, what it writes, that a kill changes nothing, and what it says when nothing fits."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import pandas as pd
import pytest

from calibration.calibrate import Calibration, calibrate
from calibration.diagnostics.verdict import NOT_MATCHED, WITH_WARNINGS, Verdict
from calibration.fitting.practices import PracticeFit
from calibration.fitting.settings import Settings
from calibration.folder import read_joint_draws
from calibration.local_data.local_targets import LocalTargets, load_local_targets
from pathways import BadInput, Region, load_region
from sim.run import Case
from tests.helpers.documents import put_official_files
from tests.helpers.html import Page
from tests.helpers.pages import HOSTILE, check_harmless
from tests.helpers.small_calibration import AREA, BRIEFLY, FEW, HEAD, OFFICIAL, PLAUSIBLE
from tests.helpers.typed import Seen, backpath
from ui.commands.calibrate import DEFAULT_RUNS, DEFAULT_UNKNOWNS
from ui.findings.calibration import OFFER, WIDE_OPEN, Told
from ui.findings.calibration_checks import TITLES, checks_of
from ui.inputs.cases import gather
from ui.reports.calibration import STEPS, calibration_html
from ui.reports.calibration_folder import FILES, PARTS, QUESTION, begin, question_of, write_calibration

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = Settings(runs=400, unknowns=4)
IMPOSSIBLE = PLAUSIBLE.replace("gp,2026-07,2026-09,140", "gp,2026-07,2026-09,2140").replace(
    "gp,2026-10,2026-12,151", "gp,2026-10,2026-12,2151"
)
"""Ten times as many as any range gives: another unit, or another area."""


def write(path: Path, text: str) -> Path:
    """A table of targets."""
    path.write_text(f"{HEAD}\n{text}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region of six small practices, so that runs are quick, beside its targets."""
    folder = tmp_path_factory.mktemp("area")
    put_official_files(folder)
    given = [word for name, file in OFFICIAL.items() for word in (f"--{name}", folder / file)]
    assert backpath("region", "new", "six", *given, *AREA, "--out", folder / "six").code == 0
    write(folder / "targets.csv", PLAUSIBLE)
    return folder


@dataclass(frozen=True)
class Question:
    """What a calibration needs."""

    case: Case
    region: Region
    targets: LocalTargets


@pytest.fixture(scope="module")
def question(place: Path) -> Question:
    return asked(place, "targets.csv")


def asked(place: Path, targets: str) -> Question:
    """The question of a file of targets in the region."""
    case = gather(["usual_care"], against="usual_care")[0]["usual_care"]
    region = load_region(str(place / "six"))
    return Question(case, region, load_local_targets(place / targets, region=region, pathway=case.pathway))


def calibrating(place: Path, out: Path, *more: str | Path | float, targets: str = "targets.csv") -> Seen:
    """Types the command for the region; what is typed besides takes the place of what would be."""
    usual = {"--targets": place / targets, "--region": place / "six", "--out": out}
    words = [word for option, value in usual.items() if option not in more for word in (option, value)]
    return backpath("calibrate", *words, *more)


# what is refused, before any work


BAD = [
    (("--targets", "none.csv"), "none.csv: there is no such file or folder"),
    (("--region", "nowhere"), "nowhere"),
    (("--scenario", "usual_car"), "Did you mean 'usual_care'?"),
    (("--runs", 399), "--runs 399: write a whole number from 400: fewer runs cannot tell anything."),
    (("--unknowns", 0), "--unknowns 0: write a whole number from 1: something has to be fitted."),
    (("--workers", -2), "--workers -2: write a whole number from 1"),
    (("--seed", -1), "--seed -1: write a whole number from 0."),
    (("--resume",), "there is nothing to go on with: no question.json of a calibration is in it. Leave out --resume"),
    (("--targets", "blank.csv"), "there is nothing to fit"),
    (("--until", "February"), "--until February: is no date: write it as 2025-02-28."),
    (("--until", "2020-01-31"), "no figure"),
    (("--method", "luck"), "luck"),
    (
        ("--targets", "elsewhere"),
        "region and targets do not match: these belong to 'mid_notts', and the region is 'six'.",
    ),
]


@pytest.mark.parametrize(("words", "says"), BAD, ids=[str(words[-1]) for words, _ in BAD])
def test_what_cannot_be_used_is_told_before_any_work(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str | float, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "blank.csv", "referrals,mri,2026-07,2026-09,,\n")
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere" / "targets.csv", PLAUSIBLE)
    (tmp_path / "elsewhere" / "targets.toml").write_text('format = 1\ntitle = "Elsewhere"\nregion = "mid_notts"\n')
    seen = calibrating(place, tmp_path / "out", *words)
    assert seen.code == 2, seen.all
    assert says in seen.err.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_all_problems_are_told_together(place: Path, tmp_path: Path) -> None:
    write(place / "wrong.csv", "referrals,mry,2026-07,,3,\nmedian_wait,mri,2026-07,,3,\n")
    seen = calibrating(place, tmp_path / "out", "--runs", 5, "--seed", -1, targets="wrong.csv")
    assert seen.code == 2
    assert "4 problems" in seen.err
    for part in ("--runs 5", "--seed -1", "'mry'", "Write days or weeks"):
        assert part in seen.err


def test_a_folder_with_something_else_in_it_is_left_alone(place: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    seen = calibrating(place, tmp_path)
    assert seen.code == 2
    assert "it exists already and is not empty" in seen.err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_calibration_that_was_begun_is_gone_on_with_only_if_asked(
    question: Question, place: Path, tmp_path: Path
) -> None:
    begin(tmp_path / "out", question_of(question.case, question.region, question.targets, SETTINGS), resume=False)
    seen = calibrating(place, tmp_path / "out", *FEW)
    assert seen.code == 2
    assert "a calibration has been begun in it. Go on with it by --resume, or choose another name." in seen.err
    begin(tmp_path / "out", question_of(question.case, question.region, question.targets, SETTINGS), resume=True)


OTHER = [
    (("--runs", 500), "--runs (was 400, is 500)"),
    (("--seed", 7), "--seed (was 42, is 7)"),
    (("--unknowns", 9), "--unknowns (was 4, is 9)"),
    (("--region", "demonstration"), "another question: the region."),
    (("--targets", "other.csv"), "another question: the targets."),
    (("--scenario", "mri_guidance"), "another question: the pathway or its scenario."),
]


@pytest.mark.parametrize(("words", "says"), OTHER, ids=[str(words[0]) for words, _ in OTHER])
def test_another_question_is_not_gone_on_with(
    question: Question,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str | float, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "other.csv", PLAUSIBLE.replace(",11,", ",12,"))
    begin(tmp_path / "out", question_of(question.case, question.region, question.targets, SETTINGS), resume=False)
    before = (tmp_path / "out" / QUESTION).read_bytes()
    few = [word for at in (0, 2) if FEW[at] != words[0] for word in FEW[at : at + 2]]
    seen = calibrating(place, tmp_path / "out", *few, "--no-back-test", "--resume", *words)
    assert seen.code == 2
    assert says in seen.err.replace("\n", " ")
    assert (tmp_path / "out" / QUESTION).read_bytes() == before


def test_a_damaged_question_is_told(question: Question, tmp_path: Path) -> None:
    (tmp_path / QUESTION).write_text("{")
    with pytest.raises(BadInput, match="it is not what `calibrate` wrote"):
        begin(tmp_path, question_of(question.case, question.region, question.targets, SETTINGS), resume=True)


def test_a_question_is_made_of_all_that_its_parts_name(question: Question) -> None:
    made = question_of(question.case, question.region, question.targets, SETTINGS)
    assert set(made) == {"key", *PARTS}
    again = question_of(question.case, question.region, question.targets, replace(SETTINGS, workers=2))
    assert again == made


def test_the_numbers_in_the_help_are_those_of_the_fit() -> None:
    assert (Settings().runs, Settings().unknowns) == (DEFAULT_RUNS, DEFAULT_UNKNOWNS)


# a whole calibration


@pytest.fixture(scope="module")
def done(place: Path) -> tuple[Seen, Path]:
    """A small calibration, undisturbed and by one process."""
    out = place / "undisturbed"
    return calibrating(place, out, *FEW, "--workers", 1), out


@pytest.fixture(scope="module")
def found(question: Question, done: tuple[Seen, Path]) -> Calibration:
    """What it found, from its own runs."""
    _, out = done
    return calibrate(
        question.case, question.region, question.targets, store=out / "runs", settings=SETTINGS, hold_out=False
    )


@pytest.mark.slow
def test_it_ends_in_one_verdict_and_the_next_command(done: tuple[Seen, Path], place: Path) -> None:
    seen, out = done
    assert seen.code == 0, seen.all
    verdicts = [line for line in seen.out.splitlines() if re.match("CALIBRATED|NOT MATCHED", line)]
    assert len(verdicts) == 1
    assert seen.out.splitlines()[0] == "8 figures in 4 series, 2026-07-01 to 2026-12-31."
    *_, verdict, following = seen.out.splitlines()
    assert verdict == verdicts[0]
    assert following == (
        f"Next: backpath compare mri_guidance physio_first --region {place / 'six'} --calibration {out}"
    )
    assert OFFER in seen.out
    assert WIDE_OPEN in seen.out
    assert "Referrals, MRI scan" in seen.out


@pytest.mark.slow
def test_what_it_writes_can_be_used(done: tuple[Seen, Path], question: Question, place: Path) -> None:
    _, out = done
    assert {path.name for path in out.iterdir()} == {
        "calibration.json", "diagnostics.json", "posterior.csv", "question.json", "report.html", "runs", "targets.csv",
    }  # fmt: skip
    draws = read_joint_draws(out, region=question.region, pathway=question.case.pathway)
    about = json.loads((out / "calibration.json").read_text())
    assert about["id"] == draws.id
    assert about["targets"] == question.targets.digest
    assert len(pd.read_csv(out / "targets.csv")) == len(question.targets.figures)
    words = ("compare", "mri_guidance", "--region", place / "six", "--calibration", out)
    seen = backpath(*words, *BRIEFLY)
    assert seen.code == 0, seen.all
    assert draws.id in seen.out


@pytest.mark.slow
def test_the_diagnostics_tell_all_that_was_checked(done: tuple[Seen, Path]) -> None:
    told = json.loads((done[1] / "diagnostics.json").read_text())
    assert [each["check"] for each in told["checks"]] == list(TITLES)
    assert told["audit"][0] == "8 figures in 4 series, 2026-07-01 to 2026-12-31."
    assert told["runs"]["made"] > SETTINGS.runs
    assert set(told["versions"]) >= {"python", "backpath", "numpy"}
    assert {"waves", "chains", "identifiability", "posterior_predictive", "simulated_truths", "another_seed"} <= set(
        told
    )


class Killed(Exception):
    """The moment to stop did not come."""


@contextmanager
def begun(place: Path, out: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process group of its own."""
    words = ("calibrate", "--targets", place / "targets.csv", "--region", place / "six", "--out", out, *FEW, *more)
    command = [sys.executable, "-m", "ui.command_line", *map(str, words)]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for_runs(process: subprocess.Popen[str], folder: Path, *, within_seconds: float = 240) -> None:
    """Until a part of the runs has begun to be kept."""
    until = time.monotonic() + within_seconds
    while not list(folder.glob("*.parquet")):
        if process.poll() is not None or time.monotonic() > until:
            raise Killed(folder)
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to kill")
def test_killed_twice_and_gone_on_with_it_gives_the_same_to_the_last_byte(
    done: tuple[Seen, Path], place: Path, tmp_path: Path
) -> None:
    """Killed in the bank and in a wave, with two processes where the undisturbed one had one.

    Most of the bank is then taken over from the undisturbed one, which keeps the same runs: a part is left to be made.
    """
    out = tmp_path / "out"
    whole = sorted((done[1] / "runs" / "bank").glob("*.parquet"))
    for part, more in (("bank", ()), ("wave_1", ("--resume",))):
        with begun(place, out, "--workers", "2", *more) as process:
            wait_for_runs(process, out / "runs" / part)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        assert {path.name for path in out.iterdir()} == {"question.json", "runs"}
        for kept in whole[: -len(whole) // 4]:
            shutil.copy(kept, out / "runs" / "bank")
    seen = calibrating(place, out, *FEW, "--workers", 1, "--resume")
    assert seen.code == done[0].code == 0, seen.all
    for name in ("posterior.csv", "targets.csv"):
        assert (out / name).read_bytes() == (done[1] / name).read_bytes()
    ids = [json.loads((folder / "calibration.json").read_text())["id"] for folder in (out, done[1])]
    assert ids[0] == ids[1]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no interrupt signal")
def test_an_interrupt_says_that_the_runs_are_kept(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with begun(place, out, "--workers", "1") as process:
        wait_for_runs(process, out / "runs" / "bank")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 130, said
    assert f"Stopped. The runs done so far are kept in {out / 'runs'}" in said
    assert "--resume" in said
    assert "Traceback" not in said
    assert {path.name for path in out.iterdir()} == {"question.json", "runs"}


@pytest.mark.slow
def test_targets_beyond_the_ranges_are_named_and_not_fitted(
    done: tuple[Seen, Path], place: Path, tmp_path: Path
) -> None:
    """The bank does not depend on the values of the targets: that of the undisturbed calibration serves."""
    write(place / "impossible.csv", IMPOSSIBLE)
    question = asked(place, "impossible.csv")
    out = tmp_path / "out"
    begin(out, question_of(question.case, question.region, question.targets, SETTINGS), resume=False)
    shutil.copytree(done[1] / "runs" / "bank", out / "runs" / "bank")
    for name in ("calibration.json", "posterior.csv"):
        (out / name).write_text("of a former call")
    seen = calibrating(place, out, *FEW, "--workers", 1, "--resume", targets="impossible.csv")
    assert seen.code == 1, seen.all
    lines = seen.out.splitlines()
    verdict = next(line for line in lines if line.startswith("NOT MATCHED: "))
    assert "referrals gp, level: 2,146 was published" in verdict
    assert re.search(r"Referrals, GP consultation: level +2,150 .* times the highest", seen.out)
    for part in ("units", "share", "what is counted", "widen the range", "--beyond-prior"):
        assert part in lines[-1]
    assert "Next:" not in seen.out
    assert {path.name for path in out.iterdir()} == {
        "diagnostics.json", "question.json", "report.html", "runs", "targets.csv",
    }  # fmt: skip
    page = (out / "report.html").read_text()
    assert "nothing was fitted" in page
    assert all(escaped(f"{number} {title}") in page for number, title in enumerate(STEPS, 1))
    assert json.loads((out / "diagnostics.json").read_text())["verdict"] == NOT_MATCHED


def escaped(text: str) -> str:
    """As a page has it."""
    return f"<h2>{text}</h2>"


# the report


@pytest.mark.slow
def test_the_report_has_the_seven_steps_and_the_ten_checks(done: tuple[Seen, Path]) -> None:
    text = (done[1] / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    headings = [said for tag, said in page.texts if tag == "h2"]
    steps = [f"{number} {title}" for number, title in enumerate(STEPS, 1)]
    assert [heading for heading in headings if heading in steps] == steps
    first = [said for tag, said in page.texts if tag == "th" and "\xa0" in said]
    assert first == [f"{number}\xa0{title}" for number, title in enumerate(TITLES, 1)]
    assert "PharmacoEconomics 2011" in text
    assert text.index("CALIBRATED") < text.index("In short") < text.index(steps[0])
    check_harmless(text, names=False)
    drawn = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert len(drawn) == 3
    assert all(attributes.get("aria-label") for attributes in drawn)


@pytest.mark.slow
def test_a_doubtful_calibration_is_marked_as_such(found: Calibration) -> None:
    doubted = replace(found, verdict=Verdict(WITH_WARNINGS, ("The list is < 3 long.",)))
    text = calibration_html(doubted)
    assert 'class="message warning"' in text
    assert "The list is &lt; 3 long." in text
    assert not checks_of(Told(doubted))[-1].fine
    check_harmless(calibration_html(replace(found, verdict=Verdict(WITH_WARNINGS, (HOSTILE,)))))
    far = replace(found, verdict=Verdict(NOT_MATCHED, ("A series is off.",)))
    assert "--beyond-prior" in calibration_html(far)


@pytest.mark.slow
def test_every_quantity_is_told_in_its_own_unit(found: Calibration) -> None:
    told = Told(found)
    assert found.fit is not None
    rows = told.quantity_rows(("informed", "weak", "not informed"))
    assert len(rows) == len(found.fit.unknowns)
    assert any(cells[0].startswith("physio per 100k (appointments per week per 100,000)") for cells in rows)
    assert all(re.fullmatch(r"\S+ \(\S+ to \S+\)", cell) for cells in rows for cell in cells[1:3])


@pytest.mark.slow
def test_lists_at_another_date_are_kept_back_with_a_reason(found: Calibration) -> None:
    told = Told(replace(found, kept_back=("physio_waiting_per_100k",)))
    assert "physio waiting per 100k" in told.kept_back()[0]
    assert "physio waiting per 100k" in calibration_html(replace(found, kept_back=("physio_waiting_per_100k",)))


@pytest.mark.slow
def test_how_practices_differ_is_told_practice_by_practice(found: Calibration, tmp_path: Path) -> None:
    row = {"effect": "imaging", "practice": "C84000", "observed": 12.0, "expected": 8.0}
    table = pd.DataFrame([{**row, "ratio": 1.2, "low": 0.9, "high": 1.6, "weight": 0.4}])
    practised = replace(found, practices=PracticeFit({}, table))
    assert Told(practised).practice_rows() == [("C84000", "imaging", "12", "8", "1.20 (0.90 to 1.60)", "40%")]
    assert "How practices differ" in calibration_html(practised)
    assert "practice_ratios.csv" in write_calibration(practised, tmp_path)


@pytest.mark.slow
def test_results_are_written_whole_or_not_at_all(
    found: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in FILES:
        (tmp_path / name).write_text("of a former call")
    with monkeypatch.context() as broken:
        broken.setattr("ui.reports.calibration_folder.calibration_html", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_calibration(found, tmp_path)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"of a former call"}
    written = write_calibration(found, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == written
    assert "back_test.csv" not in written


@pytest.mark.slow
def test_json_is_all_that_is_printed(done: tuple[Seen, Path], place: Path) -> None:
    """The runs are there already: going on with it only tells it again."""
    _, out = done
    before = (out / "posterior.csv").read_bytes()
    seen = calibrating(place, out, *FEW, "--workers", 1, "--resume", "--json")
    told = json.loads(seen.out)
    kept = json.loads((out / "diagnostics.json").read_text())
    assert {name: value for name, value in told.items() if name != "seconds"} == {
        name: value for name, value in kept.items() if name != "seconds"
    }
    assert (out / "posterior.csv").read_bytes() == before


def test_a_stop_between_parts_is_an_interrupt(question: Question, tmp_path: Path) -> None:
    """Without any run."""
    from sim.batch.threads import Stopped

    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        calibrate(
            question.case, question.region, question.targets, store=tmp_path / "runs", settings=SETTINGS, stop=stop
        )
