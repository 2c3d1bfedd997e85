"""The record of a run: everything that went in, what came out, and a fingerprint that any machine reproduces.

A record is JSON. `replay` runs it again and says whether the same came out, or what has changed.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import FiniteFloat, model_validator

from pathways import BadInput, Region, Scenario, inputs_to_dict, load_region, pathway_from_dict, refuse
from pathways.assumed import ASSUMED
from pathways.checks import scenario_problems
from pathways.explain import read_word
from pathways.files.opened import is_folder, printable
from pathways.files.toml_json import json_in
from pathways.word import Word
from sim.experiments.compare import compare
from sim.experiments.comparison import Comparison
from sim.experiments.experiment import Experiment, Result
from sim.experiments.joint_draws import WrittenDraws, written_draws
from sim.experiments.precision import too_wide, width_reached
from sim.experiments.price_year import price_basis
from sim.run import Case
from sim.version import MODEL, versions

FORMAT = 1
KIND = "backpath comparison"


def region_digest(region: Region, *, grades: bool = False) -> str:
    """A short name for everything in a region that can change a result.

    `grades` counts which amounts are assumed: they change where quantities are drawn, and nothing elsewhere.
    """
    digest = hashlib.blake2b(digest_size=16)
    facts = (
        region.codes,
        region.areas,
        region.prices,
        region.about.start.isoformat(),
        region.about.weekdays,
        [day.isoformat() for day in region.about.closed],
        [
            (site.service, site.name, site.area, site.amount, site.discipline, str(site.x_km), str(site.y_km))
            for site in region.sites
        ],
        [(row.service, row.site, row.area, row.weeks_waited, row.people) for row in region.waiting],
    )
    digest.update(json.dumps(facts, sort_keys=True).encode())
    if grades:
        digest.update(json.dumps([site.grade == ASSUMED for site in region.sites]).encode())
    if region.practice_scores:
        scores = {effect: [str(score) for score in of] for effect, of in region.practice_scores.items()}
        digest.update(json.dumps(scores, sort_keys=True).encode())
    for array in (region.people, region.deciles, region.x_km, region.y_km):
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def run_id(made: Result, **more: Any) -> str:
    """Twelve hexadecimal digits that stand for all inputs, and for whatever `more` a result was made from."""
    return _digest({**inputs_of(made), **more})[:12]


def stamp(made: Result, *, annual_rate: float = 0.0, **more: Any) -> dict[str, Any]:
    """What every table that is written carries: its run, the seed, how many years were measured, in which year's pounds it
    is, how it is discounted, and the id of the calibration that it rests on, if it does.

    `more` is what else the result was made from.
    """
    return {
        "run_id": run_id(made, annual_rate=annual_rate, **more),
        "seed": made.seed,
        "years": float(made.years),
        "price_year": price_basis(made.cases[made.base].pathway, made.region),
        "discount_cost": annual_rate,
        "discount_qaly": annual_rate,
        **({"calibration": made.calibration.id} if made.calibration else {}),
    }


def inputs_of(comparison: Result) -> dict[str, Any]:
    """What a result was made from, resolved: nothing is left to a library that may change."""
    return {
        "model": MODEL,
        "base": comparison.base,
        "cases": {
            name: {
                "scenario": case.scenario.model_dump(exclude_defaults=True),
                "pathway": inputs_to_dict(case.pathway),
            }
            for name, case in comparison.cases.items()
        },
        "region": region_digest(comparison.region, grades=comparison.calibration is not None),
        "years": float(comparison.years),
        "seed": comparison.seed,
        "replications": comparison.replications,
        **({"calibration": written_draws(comparison.calibration)} if comparison.calibration else {}),
    }


def fingerprint(comparison: Comparison) -> str:
    """Twenty hexadecimal digits that stand for the inputs and the counted results; the same on every machine."""
    return _fingerprint(_digest(inputs_of(comparison)), comparison)


def _fingerprint(inputs_digest: str, comparison: Comparison) -> str:
    """The same from the digest of inputs that were told otherwise, or elsewhere."""
    digest = hashlib.blake2b(digest_size=10)
    digest.update(inputs_digest.encode())
    for name in sorted(comparison.tallies):
        for tallies in comparison.tallies[name]:
            for array in tallies:
                digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()


def _digest(inputs: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(inputs, sort_keys=True).encode(), digest_size=16).hexdigest()


def record_of(comparison: Comparison, *, region_from: str) -> dict[str, Any]:
    """The record of a comparison. `region_from` is where its region can be found again: a name or a folder."""
    inputs = inputs_of(comparison)
    return {
        "format": FORMAT,
        "kind": KIND,
        "fingerprint": fingerprint(comparison),
        "inputs": inputs,
        "inputs_digest": _digest(inputs),
        "region_from": region_from,
        "engine": comparison.experiment.engine,
        **(
            {"asked": "auto", "width_reached": width_reached(comparison)}
            if comparison.experiment.replications == "auto"
            else {}
        ),
        "versions": versions(),
        "outcomes": {
            name: {outcome: number_or_none(comparison.mean(name, outcome)) for outcome in comparison.outcomes}
            for name in comparison.cases
        },
    }


def number_or_none(value: float) -> float | None:
    """A number as JSON can hold it: what does not exist is null."""
    return None if math.isnan(value) else float(value)


@dataclass(frozen=True)
class Replayed:
    """What a replay found: `same` results, or in which ways they differ.

    `notes` are what else is not as it was, and makes no difference by itself: engine and versions.
    """

    same: bool
    differences: list[str]
    comparison: Comparison
    notes: tuple[str, ...] = ()


class WrittenCase(Word):
    """A scenario as a record holds it: what it says, and its whole pathway."""

    scenario: Scenario
    pathway: dict[str, Any]


class WrittenInputs(Word):
    """What a comparison was made from, as a record holds it."""

    model: int
    base: str
    cases: dict[str, WrittenCase]
    region: str
    years: FiniteFloat
    seed: int
    replications: int
    calibration: WrittenDraws | None = None


class RecordFile(Word):
    """What stands in a record."""

    format: int
    kind: str
    fingerprint: str
    inputs: WrittenInputs
    inputs_digest: str
    region_from: str
    engine: Literal["compiled", "reference"]
    asked: Literal["auto"] | None = None
    width_reached: bool | None = None
    versions: dict[str, str]
    outcomes: dict[str, dict[str, FiniteFloat | None]]

    @model_validator(mode="after")
    def _names_agree(self) -> RecordFile:
        if self.inputs.base not in self.inputs.cases or set(self.outcomes) != set(self.inputs.cases):
            raise ValueError("its base, its cases and its outcomes do not name the same scenarios")
        return self


def replay(path: Path, *, workers: int = 1) -> Replayed:
    """Runs a record again and compares. `BadInput` where the file is no record or its region is not to be found."""
    record, edited = _read(path)
    inputs = record.inputs
    region = load_region(record.region_from)
    experiment = Experiment(
        {name: _case(name, written, path.name) for name, written in inputs.cases.items()},
        base=inputs.base,
        region=region,
        years=inputs.years,
        replications=inputs.replications,
        seed=inputs.seed,
        calibration=inputs.calibration.draws() if inputs.calibration else None,
    )
    again = compare(experiment, workers=workers)
    said = ["the inputs in the record were edited after it was written"] if edited else []
    said += _other_inputs(record, region) + _other_results(record, again)
    notes = _made_otherwise(record, again)
    return Replayed(not said, said + notes if said else [], again, tuple(notes))


def _case(name: str, written: WrittenCase, file: str) -> Case:
    """A case as the record has it, checked as if it had been read from its files."""
    pathway = pathway_from_dict(written.scenario.pathway, written.pathway)
    if problems := scenario_problems(written.scenario, pathway, file=f"{file}: inputs.cases.{name}"):
        raise BadInput(problems)
    return Case(name, written.scenario, pathway)


def _read(path: Path) -> tuple[RecordFile, bool]:
    """A record, and whether its inputs are no longer those that were written."""
    if is_folder(path):
        raise refuse("file_exists", str(path), "this is a folder; name the record.json in it.")
    written = json_in(path, what="a record")
    if not isinstance(written, dict) or written.get("kind") != KIND:
        raise refuse(
            "record_is_whole", path.name, "this is not a record of a run. Records are written by `compare --out`."
        )
    if written.get("format") != FORMAT:
        raise refuse("record_format", path.name, f"it has format {written.get('format')}, this version reads {FORMAT}.")
    record, problems = read_word(RecordFile, written, file=path.name, path="")
    if record is None:
        raise BadInput(problems)
    return record, _digest(written["inputs"]) != record.inputs_digest


def _other_inputs(record: RecordFile, region: Region) -> list[str]:
    """What is no longer as it went in, in sentences."""
    said = []
    if record.inputs.model != MODEL:
        said.append(f"the model has changed from {record.inputs.model} to {MODEL}")
    if record.inputs.region != region_digest(region, grades=record.inputs.calibration is not None):
        said.append(f"the region '{printable(record.region_from)}' has changed")
    return said


def _other_results(record: RecordFile, again: Comparison) -> list[str]:
    """What did not come out as the record has it: the counts, by their digest, and every number."""
    counts = _fingerprint(record.inputs_digest, again) == record.fingerprint
    said = []
    for name in again.cases:
        written = record.outcomes[name]
        said += [
            f"'{printable(outcome)}' under '{name}' stands in the record, and is no outcome of its pathway"
            for outcome in written
            if outcome not in again.values[name]
        ]
        for outcome in (outcome for outcome in again.outcomes if outcome in again.values[name]):
            now = number_or_none(again.mean(name, outcome))
            if outcome not in written:
                said.append(f"{outcome} under '{name}' is {now}, and is not in the record")
            elif not _same_number(written[outcome], now):
                said.append(f"{outcome} under '{name}' was {written[outcome]}, is {now}")
    if said and counts:
        said.insert(0, "the counts are the same, so that figures in the record were changed after it was written")
    if not counts and not said:
        said.append("the counts differ although no outcome does")
    if record.asked == "auto":
        reached = not too_wide(again)
        if record.width_reached != reached:
            says = {True: "narrow enough", False: "still wide", None: "not told"}
            said.append(f"the intervals were {says[record.width_reached]}, and are {says[reached]}")
    return said


def _same_number(then: float | None, now: float | None) -> bool:
    """Whether two numbers are the same but for the last digits, which depend on how a machine adds up.

    >>> _same_number(0.1 + 0.2, 0.3), _same_number(3.0, 30.0), _same_number(None, 0.0)
    (True, False, False)
    """
    if then is None or now is None:
        return then is now
    return math.isclose(then, now, rel_tol=1e-9, abs_tol=1e-9)


def _made_otherwise(record: RecordFile, again: Comparison) -> list[str]:
    """By which other engine and versions it was made, in sentences."""
    now = versions()
    engine = again.experiment.engine
    said = [] if record.engine == engine else [f"the engine was '{record.engine}', is '{engine}'"]
    return said + [
        f"{printable(name)} was {printable(record.versions.get(name, 'not told'))}, is {now.get(name, 'not installed')}"
        for name in {**record.versions, **now}
        if record.versions.get(name) != now.get(name)
    ]
