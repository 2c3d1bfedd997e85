"""The folder of a calibration: the question it was asked, the runs, and what was found, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration.calibrate import Calibration, calibration_key
from calibration.diagnostics.verdict import as_numbers
from calibration.fitting.settings import Settings
from calibration.folder import ABOUT, POSTERIOR, PRACTICES, write_joint_draws
from calibration.local_data.local_targets import LocalTargets
from pathways import BadInput, Problem, Region, inputs_to_dict, refuse
from pathways.files.temporary import sweep
from pathways.files.toml_json import json_in
from pathways.files.writing import (
    cannot_be_written,
    csv_text,
    file_can_be_written,
    folder_can_be_written,
    renewed,
    write_text,
)
from sim.batch.run_store import key_of
from sim.experiments.record import region_digest
from sim.run import Case
from sim.version import MODEL, versions
from ui.findings.calibration import Told
from ui.findings.calibration_checks import checks_of
from ui.reports.calibration import calibration_html
from ui.reports.comparison import write_page

FORMAT = 1
"""Of `question.json`; those that do not tell have it too."""
QUESTION, RUNS = "question.json", "runs"
REPORT, DIAGNOSTICS, TARGETS, BACK_TEST, RATIOS = (
    "report.html",
    "diagnostics.json",
    "targets.csv",
    "back_test.csv",
    "practice_ratios.csv",
)
FILES = (POSTERIOR, PRACTICES, RATIOS, TARGETS, BACK_TEST, DIAGNOSTICS, REPORT, ABOUT)
"""Everything that is written at the end, in this order: a folder without the last is not taken for a calibration."""
PARTS = {
    "model": "the version of the model",
    "pathway": "the pathway or its scenario",
    "region": "the region",
    "targets": "the targets",
    "runs": "--runs",
    "seed": "--seed",
    "unknowns": "--unknowns",
    "method": "--method",
}
"""What a question consists of, in words."""


def question_of(case: Case, region: Region, targets: LocalTargets, settings: Settings) -> dict[str, Any]:
    """What a calibration is asked: its key, and the parts that tell two questions apart."""
    place = region_digest(region, grades=True)
    scenario = case.scenario.model_dump(exclude_defaults=True)
    pathway = key_of(pathway=inputs_to_dict(case.pathway), scenario=scenario)
    everything = key_of(region=place, pathway=pathway, model=MODEL)
    return {
        "key": calibration_key(everything, targets, settings),
        "model": MODEL,
        "pathway": pathway[:12],
        "region": place,
        "targets": targets.digest,
        "runs": settings.runs,
        "seed": settings.seed,
        "unknowns": settings.unknowns,
        "method": settings.method,
    }


def begin(folder: Path, question: Mapping[str, Any], *, resume: bool, overwrite: bool = False) -> list[str]:
    """Makes the folder, or finds it as it was left: `BadInput` where it holds something else than this question.

    With `overwrite` another question takes the place of the one in it: its runs are kept, for those of the same inputs
    serve again, and its results until there are new ones. Gives a sentence for each thing that a killed run had left.
    """
    path = folder / QUESTION
    if not resume and not path.exists():
        said = folder_can_be_written(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_be_written(folder, error) from None
        write_text(path, json.dumps({"format": FORMAT, **question}, indent=1))
        return said
    if not resume and not overwrite:
        says = "a calibration has been begun in it. Go on with it by --resume, or choose another name. --overwrite begins anew."
        raise refuse("folder_is_new", str(folder), says)
    if not path.exists():
        says = f"there is nothing to go on with: no {QUESTION} of a calibration is in it. Leave out --resume to begin."
        raise refuse("resume_finds_a_calibration", str(folder), says)
    said = file_can_be_written(path, overwrite=True) + sweep(folder / RUNS)
    if not resume:
        write_text(path, json.dumps({"format": FORMAT, **question}, indent=1), overwrite=True)
        return said
    asked = _read(path)
    if asked.get("key") != question["key"]:
        raise refuse("resume_same_question", str(folder), _difference(asked, question))
    return said


def _read(path: Path) -> dict[str, Any]:
    try:
        asked = json_in(path)
    except BadInput as bad:
        says = "it is not what `calibrate` wrote. Choose another --out."
        raise BadInput([*bad.problems, Problem("question_is_json", str(path), says)]) from None
    if not isinstance(asked, dict):
        return {}
    if asked.get("format", FORMAT) != FORMAT:
        says = (
            f"it has format {asked['format']}, this version reads {FORMAT}. Take the version of Backpath that wrote it."
        )
        raise refuse("question_format", str(path), says)
    return asked


def _difference(asked: Mapping[str, Any], question: Mapping[str, Any]) -> str:
    """What the question in a folder and this one do not share."""
    said = []
    for part, words in PARTS.items():
        if asked.get(part) != question[part]:
            was = f" (was {asked[part]}, is {question[part]})" if words.startswith("--") and part in asked else ""
            said.append(words + was)
    differs = ", ".join(said) or "something that is not told"
    return f"the calibration begun in it was asked another question: {differs}. Ask the same, or choose another --out."


def write_calibration(found: Calibration, folder: Path) -> list[str]:
    """Writes what was found into the folder in place of what a former call found; the names of the files.

    Where it is stopped in the midst, the folder holds no calibration: `--resume` writes it again.
    """
    with renewed(folder, FILES) as part:
        _write(found, part)
        names = [path.name for path in part.iterdir()]
    return sorted(names)


def _write(found: Calibration, folder: Path) -> None:
    simulator = found.simulator
    _csv(_figures(found), folder / TARGETS)
    write_text(folder / DIAGNOSTICS, diagnostics_json(found))
    if found.checks.back_test is not None:
        _csv(found.checks.back_test.table, folder / BACK_TEST)
    if found.practices is not None:
        _csv(found.practices.table, folder / RATIOS)
    if found.draws is not None:
        more = {
            "reasons": list(found.verdict.reasons),
            "targets": found.targets.digest,
            "figures": len(found.targets.figures),
            "from": found.targets.start.isoformat(),
            "until": found.targets.end.isoformat(),
            "kept_back": list(found.kept_back),
            "seed": found.settings.seed,
            "runs": found.settings.runs,
            "versions": versions(),
        }
        write_joint_draws(
            folder, found.draws, region=simulator.region, pathway=simulator.case.pathway, more=plain(more)
        )
    write_page(folder / REPORT, lambda: calibration_html(found))


def _csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, csv_text(table))


def _figures(found: Calibration) -> pd.DataFrame:
    """The figures as used, with lists as words and open ends blank."""
    table = found.targets.figures
    return table.assign(
        services=[" + ".join(services) for services in table["services"]],
        practices=[" ".join(practices) for practices in table["practices"]],
        band_high=table["band_high"].replace(np.inf, np.nan),
    )


def diagnostics(found: Calibration) -> dict[str, Any]:
    """Everything that was checked, with the ten checks in words, as plain values: what has no value is null."""
    told = Told(found)
    draws = found.draws
    return plain(
        {
            "title": found.targets.title,
            "id": None if draws is None else draws.id,
            **as_numbers(found.fit, found.checks, found.verdict),
            "checks": [
                {"check": check.title, "fine": check.fine, "found": list(check.found)} for check in checks_of(told)
            ],
            "audit": list(found.targets.notes),
            "targets": found.targets.digest,
            "kept_back": list(found.kept_back),
            "what_would_help": told.what_would_help(),
            "practices": [] if found.practices is None else found.practices.table.to_dict("records"),
            "seed": found.settings.seed,
            "seconds": round(found.seconds, 1),
            "versions": versions(),
        }
    )


def diagnostics_json(found: Calibration) -> str:
    """The diagnostics as JSON text."""
    return json.dumps(diagnostics(found), indent=1, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value that JSON can tell: arrays as lists, numbers that do not exist as null.

    >>> plain({"p": np.array([0.5, np.nan]), "fine": np.bool_(True)})
    {'p': [0.5, None], 'fine': True}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
