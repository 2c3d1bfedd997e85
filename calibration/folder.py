"""The folder in which a calibration keeps its joint draws.

    posterior.csv      one row per draw, a column per quantity: its standard normal score (`sim.experiments.scores`)
    practices.csv      draw, effect, practice, score: of practices whose own data tell how they differ (optional)
    calibration.json   what was calibrated, where, and how well: title, verdict, region, pathway, model

A score means something by the distribution that it is of, so that is kept too, and compared with the pathway's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathways import BadInput, Pathway, Problem, Region, did_you_mean, inputs_to_dict, refuse
from pathways.explain import read_word
from pathways.files.opened import is_folder, is_there, place_of
from pathways.files.table import Column, read_csv
from pathways.files.toml_json import json_in
from pathways.files.writing import csv_text, write_text
from pathways.problems import ROWS_SHOWN, listed
from pathways.quantity import MONEY
from pathways.word import Word
from sim.experiments.joint_draws import DOUBTED, JointDraws
from sim.experiments.joint_shares import beside
from sim.experiments.record import region_digest
from sim.experiments.scores import FARTHEST, uncertain
from sim.version import MODEL

FORMAT = 2
"""Format 1 had scores of shares that were each drawn alone: they mean other shares now."""
KIND = "backpath calibration"
ABOUT, POSTERIOR, PRACTICES = "calibration.json", "posterior.csv", "practices.csv"
NOT_TODAY = ("format", "title", "says", "levers", "outcomes", "quantities")
"""Parts of a pathway that change nothing of what happens without a scenario; quantities are compared one by one."""
WORDS = ("title", "says", "source", "note", "price")
"""Fields that are for the reader, or only set a price."""


def joint_draws(
    scores: pd.DataFrame,
    *,
    title: str,
    verdict: str,
    region: Region,
    pathway: Pathway,
    practice_scores: Mapping[str, pd.DataFrame] | None = None,
) -> JointDraws:
    """Draws with the id that they get: twelve hexadecimal digits of the draws and of what they are draws of."""
    tables = dict(practice_scores or {})
    digest = hashlib.blake2b(digest_size=6)
    facts: list[Any] = [_place_of(region), pathway.name, [_prior_of(name, pathway) for name in scores.columns]]
    for effect, table in [("", scores), *sorted(tables.items())]:
        facts.append([effect, list(map(str, table.columns))])
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for table in [scores, *(tables[effect] for effect in sorted(tables))]:
        digest.update(np.ascontiguousarray(table.to_numpy(), dtype="<f8").tobytes())
    return JointDraws(scores, tables, digest.hexdigest(), title, verdict)


def _place_of(region: Region) -> str:
    """What of a region can change a calibration: all but its prices."""
    return region_digest(replace(region, prices={}), grades=True)


def _prior_of(name: str, pathway: Pathway) -> dict[str, Any]:
    """From which distribution a score of a quantity is told: another one makes another value of it.

    So do those of the shares that are drawn with it.
    """
    others = [_distribution(other, pathway) for other in beside(pathway, name)]
    return {**_distribution(name, pathway), **({"beside": others} if others else {})}


def _distribution(name: str, pathway: Pathway) -> dict[str, Any]:
    keys = {"value", "low", "high", "unit", "distribution"}
    return {"name": name, **pathway.quantities[name].model_dump(include=keys)}


def _sections_of(pathway: Pathway) -> dict[str, str]:
    """A digest of each section of a pathway that decides what happens today, whatever its words are called."""
    written = inputs_to_dict(pathway)
    return {name: _short(_without_words(part)) for name, part in written.items() if name not in NOT_TODAY}


def _others_of(pathway: Pathway) -> dict[str, str]:
    """A digest of each quantity but prices: people come and go by all of them."""
    return {
        name: _short(_distribution(name, pathway)) for name, each in pathway.quantities.items() if each.unit != MONEY
    }


def _without_words(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _without_words(each) for name, each in part.items() if name not in WORDS}
    return [_without_words(each) for each in part] if isinstance(part, list) else part


def _short(facts: Any) -> str:
    return hashlib.blake2b(json.dumps(facts, sort_keys=True, default=str).encode(), digest_size=6).hexdigest()


# the folder


class Distribution(Word):
    """A quantity, and from what it was drawn."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    distribution: str | None


class CalibratedQuantity(Distribution):
    """A quantity that was calibrated, with the distribution that its scores are of; `beside` are the shares that were
    drawn together with it."""

    beside: list[Distribution] = []


class CalibrationFile(Word):
    """What `calibration.json` must say; it may say more."""

    model_config = Word.model_config | {"extra": "ignore"}

    format: int
    kind: str
    id: str
    title: str
    region: str
    region_name: str
    pathway: str
    verdict: str
    draws: int | None = None
    model: int | None = None
    sections: dict[str, str] = {}
    others: dict[str, str] = {}
    quantities: list[CalibratedQuantity | str]


def write_joint_draws(
    folder: Path,
    draws: JointDraws,
    *,
    region: Region,
    pathway: Pathway,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Writes draws as the files that `read_joint_draws` reads, into a folder that is there.

    `region` and `pathway` are those that were calibrated, `more` is what else `calibration.json` says.
    """
    about = {
        "format": FORMAT,
        "kind": KIND,
        "id": draws.id,
        "title": draws.title,
        "region": _place_of(region),
        "region_name": region.name,
        "pathway": pathway.name,
        "verdict": draws.verdict,
        "draws": draws.count,
        "model": MODEL,
        "sections": _sections_of(pathway),
        "others": _others_of(pathway),
        "quantities": [_prior_of(name, pathway) for name in draws.names],
    }
    write_text(folder / POSTERIOR, csv_text(draws.scores), overwrite=True)
    tables = []
    for effect, table in draws.practice_scores.items():
        by_draw = table.reset_index(drop=True).rename_axis(index="draw").reset_index()
        rows = by_draw.melt(id_vars="draw", var_name="practice", value_name="score").dropna()
        tables.append(rows.assign(effect=effect))
    if tables:
        columns = ["draw", "effect", "practice", "score"]
        write_text(folder / PRACTICES, csv_text(pd.concat(tables)[columns]), overwrite=True)
    write_text(folder / ABOUT, json.dumps({**about, **(more or {})}, indent=1, ensure_ascii=False), overwrite=True)


def read_joint_draws(folder: Path, *, region: Region, pathway: Pathway, replaced: Collection[str] = ()) -> JointDraws:
    """The draws in the folder of a calibration, for use in a region and with a base's pathway.

    Quantities `replaced` by the base's own scenario file keep the distribution that it gives them.
    Raises `BadInput` with everything that is wrong: no calibration, another region, quantities that the pathway does
    not have or tells otherwise now, bad cells. A verdict against the calibration refuses nothing; see `warning`.
    """
    about = _read_about(folder)
    problems = _fits(about, folder, region, pathway, replaced)
    if problems:
        raise BadInput(problems)
    names = [each if isinstance(each, str) else each.name for each in about.quantities]
    columns = [Column(name, "number", low=-FARTHEST, high=FARTHEST) for name in names]
    scores, practices = pd.DataFrame(), pd.DataFrame()
    try:
        scores = read_csv(folder / POSTERIOR, columns).reset_index(drop=True)
        problems += _count_problems(scores, about)
    except BadInput as bad:
        problems += bad.problems
    if is_there(folder / PRACTICES):
        try:
            practices = read_csv(folder / PRACTICES, _PRACTICES)
            problems += _practice_problems(practices, len(scores), region, pathway) if len(scores) else []
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(problems)
    tables = (
        {
            str(effect): rows.pivot_table(index="draw", columns="practice", values="score").reindex(range(len(scores)))
            for effect, rows in practices.groupby("effect")
        }
        if len(practices)
        else {}
    )
    verdict = _in_doubt(about, pathway, replaced)
    return JointDraws(scores.astype(float), tables, about.id, about.title, verdict)


def _in_doubt(about: CalibrationFile, pathway: Pathway, replaced: Collection[str]) -> str:
    """The verdict of a calibration, with what must be known where the model may be another than it was fitted with."""
    if about.model is None:
        doubt = "It was made by an earlier version, which did not keep with which model. Calibrate again to be sure."
    else:
        now = _others_of(pathway)
        kept = {each if isinstance(each, str) else each.name for each in about.quantities} | set(replaced)
        changed = sorted(name for name in about.others.keys() | now.keys() if about.others.get(name) != now.get(name))
        changed = [name for name in changed if name not in kept]
        if not changed:
            return about.verdict
        told = listed([f"'{name}'" for name in changed])
        doubt = f"Since then the pathway '{pathway.name}' gives other values to {told}. Calibrate again to be sure."
    word, _, reasons = about.verdict.partition(":")
    word = word if word.startswith(DOUBTED) else DOUBTED[1]
    return f"{word}: {' '.join(part for part in (_sentence(reasons), doubt) if part)}"


def _sentence(text: str) -> str:
    return f"{text.strip().rstrip('.')}." if text.strip() else ""


_PRACTICES = [
    Column("draw", "whole"),
    Column("effect"),
    Column("practice"),
    Column("score", "number", low=-FARTHEST, high=FARTHEST),
]


def _read_about(folder: Path) -> CalibrationFile:
    """What a calibration says of itself."""
    where = place_of(folder)
    if not is_there(folder):
        raise refuse(
            "calibration_exists", where, "there is no such folder. Calibrations are written by `calibrate --out`."
        )
    if not is_folder(folder):
        raise refuse("calibration_exists", where, "this is a file; name the folder that `calibrate --out` wrote.")
    path = folder / ABOUT
    if not is_there(path):
        raise refuse("calibration_exists", where, f"this is not a calibration: there is no {ABOUT} in it.")
    written = json_in(path, what="a calibration")
    if not isinstance(written, dict) or written.get("kind") != KIND:
        raise refuse("calibration_exists", ABOUT, "this is not what a calibration writes. Name the folder of one.")
    if written.get("format") != FORMAT:
        why = (
            " Its scores are of shares that were each drawn alone. Calibrate again."
            if written.get("format") == 1
            else ""
        )
        says = f"it has format {written.get('format')}, this version reads {FORMAT}.{why}"
        raise refuse("calibration_format", ABOUT, says)
    about, problems = read_word(CalibrationFile, written, file=ABOUT, path="")
    if about is None:
        raise BadInput(problems)
    return about


def _fits(
    about: CalibrationFile, folder: Path, region: Region, pathway: Pathway, replaced: Collection[str]
) -> list[Problem]:
    """Why a calibration is not one of this model, this region and this pathway."""
    problems = []
    if about.region not in (_place_of(region), region_digest(region), region.name):
        says = (
            f"it was calibrated to the region '{about.region_name}', and this is '{region.name}'. Name that one by --region."
            if about.region_name != region.name
            else f"the region '{region.name}' has changed since it was calibrated: its people, sites, lists or dates are others. "
            "Calibrate again."
        )
        problems.append(Problem("calibration_fits_region", str(folder), says))
    if about.pathway != pathway.name:
        says = f"it was calibrated with the pathway '{about.pathway}', and the base here has '{pathway.name}'."
        problems.append(Problem("calibration_fits_pathway", str(folder), says))
    if about.model not in (None, MODEL):
        says = f"it was fitted with model {about.model}, and this is model {MODEL}: the same values give other results. Calibrate again."
        problems.append(Problem("calibration_fits_model", ABOUT, says))
    now = _sections_of(pathway)
    changed = sorted(name for name in about.sections.keys() | now.keys() if about.sections.get(name) != now.get(name))
    if about.sections and changed and about.pathway == pathway.name:
        says = f"the pathway '{pathway.name}' has changed since it was calibrated: its {', '.join(changed)}. Calibrate again."
        problems.append(Problem("calibration_fits_pathway", ABOUT, says))
    if not about.quantities:
        problems.append(Problem("calibration_has_quantities", ABOUT, "it names no quantity. Calibrate again."))
    drawn = set(uncertain(pathway))
    for each in about.quantities:
        name = each if isinstance(each, str) else each.name
        if name not in pathway.quantities:
            says = f"there is no quantity '{name}' in the pathway '{pathway.name}'. {did_you_mean(name, pathway.quantities)}"
        elif name in replaced:
            continue
        elif name not in drawn:
            says = f"'{name}' has no range to draw from in the pathway '{pathway.name}': it is fixed there. Calibrate again."
        elif not isinstance(each, str) and (change := _changed(each, pathway, replaced)):
            says = f"{change}: its scores mean something else. Calibrate again."
        else:
            continue
        problems.append(Problem("calibration_fits_pathway", ABOUT, says))
    return problems


def _changed(was: CalibratedQuantity, pathway: Pathway, replaced: Collection[str]) -> str:
    """What a score of a quantity was drawn from and is drawn from now, where that is not the same; '' where it is."""
    now = CalibratedQuantity.model_validate(_prior_of(was.name, pathway))
    for before, after in [(was, now), *_pairs(was.beside, now.beside, replaced)]:
        if before is None or after is None:
            other = before or after
            assert other is not None
            return f"'{was.name}' was drawn {'with' if before else 'without'} '{other.name}' beside it, and is not now"
        if before.model_dump(exclude={"beside"}) != after.model_dump(exclude={"beside"}):
            beside = "" if before.name == was.name else f", beside which '{was.name}' is drawn,"
            return f"'{before.name}'{beside} was {_said(before)} when it was calibrated and is {_said(after)} now"
    return ""


def _pairs(
    before: Sequence[Distribution], after: Sequence[Distribution], replaced: Collection[str]
) -> list[tuple[Distribution | None, Distribution | None]]:
    """Shares as they were and as they are, by name; those that the base's own file replaces are not compared."""
    was, now = ({each.name: each for each in shares} for shares in (before, after))
    return [(was.get(name), now.get(name)) for name in sorted({*was, *now} - set(replaced))]


def _said(quantity: Distribution) -> str:
    """A distribution in words."""
    return f"{quantity.value:g} ({quantity.low:g} to {quantity.high:g} {quantity.unit}, {quantity.distribution or 'no distribution'})"


def _count_problems(scores: pd.DataFrame, about: CalibrationFile) -> list[Problem]:
    if not len(scores):
        return [Problem("draws_exist", POSTERIOR, "there is no draw in it.")]
    if about.draws is not None and len(scores) != about.draws:
        says = (
            f"it has {len(scores)} draws, and {ABOUT} says {about.draws}: it was cut short or edited. Calibrate again."
        )
        return [Problem("draws_are_whole", POSTERIOR, says)]
    return []


def _practice_problems(practices: pd.DataFrame, count: int, region: Region, pathway: Pathway) -> list[Problem]:
    """What is wrong with the scores of practices, by row."""
    problems = []
    for row, draw, effect, practice in practices[["draw", "effect", "practice"]].itertuples(name=None):
        where = f"{PRACTICES}: row {row}"
        if draw >= count:
            problems.append(Problem("draws_exist", where, f"draw {draw} is not in {POSTERIOR}, which has {count}."))
        if effect not in pathway.practice_effects:
            says = f"there is no practice effect '{effect}'. {did_you_mean(effect, pathway.practice_effects)}"
            problems.append(Problem("effects_exist", where, says))
        if practice not in region.codes:
            says = f"there is no practice '{practice}' in the region. {did_you_mean(practice, region.codes)}"
            problems.append(Problem("practices_exist", where, says))
        if len(problems) >= ROWS_SHOWN:
            break
    for row in practices.index[practices.duplicated(["draw", "effect", "practice"])][:ROWS_SHOWN]:
        problems.append(Problem("no_duplicates", f"{PRACTICES}: row {row}", "this score stands twice. Remove one."))
    return problems
