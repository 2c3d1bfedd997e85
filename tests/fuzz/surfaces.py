"""What is fuzzed: good files, and the words that are typed with them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pathways import load_region, pathway_to_dict, save_region
from tests.helpers.build import shrunk
from tests.helpers.compared import calibrated_by_hand
from tests.helpers.everything import everything
from tests.helpers.official import Files
from tests.helpers.typed import backpath
from tests.pathways import test_official_waits as waits

QUICK = ("--years", "0.1", "--replications", "1", "--workers", "1")
A_YEAR = ("--years", "1", "--replications", "1", "--workers", "1")
HERE = "/where/the/files/are"
"""Stands for the folder of the files, in files that name it."""
OPTION_VALUES = (
    "", "0", "-1", "1", "nan", "inf", "1e400", "1e9", "99999999999", "9" * 400, "abc", "5,5", "0.1", "٣", "\x00", "a" * 300, "../x",
    "/", ".", "-", "--", "=", "1=2=3", "mri", "usual_care", "2025-02-30", "*", "'", "\n", "%s", "true", "1/2", "[]", "é",
)  # fmt: skip


@dataclass(frozen=True)
class Surface:
    """Files that are good as they are, and the words of a command that reads them; `{}` in a word is their folder.

    `exact` names columns by file whose cells must be numbers: anything else in them has to be refused. `guarded` says
    that what looks like an NHS number is refused wherever it stands, and never printed. `weight` is how often it is tried.
    """

    name: str
    words: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    exact: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guarded: bool = False
    weight: int = 4


def toml_text(written: Mapping[str, Any]) -> str:
    """Plain tables as TOML, one field in a line down to the second level.

    >>> print(toml_text({"format": 1, "care": {"entry": "gp"}}), end="")
    format = 1
    [care]
    entry = "gp"
    """
    plain = {key: value for key, value in written.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {_inline(value)}" for key, value in plain.items()]
    for key, value in written.items():
        if isinstance(value, Mapping):
            lines += [f"[{key}]", *(f"{json.dumps(str(name))} = {_inline(body)}" for name, body in value.items())]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_inline(body)}" for key, body in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _plain_toml(written: Mapping[str, Any]) -> bytes:
    return toml_text(json.loads(json.dumps(written))).replace('"format"', "format").encode()


@cache
def surfaces() -> tuple[Surface, ...]:
    """Every surface. The files that a run makes (a log, a record) are made once."""
    pathway, _ = everything()
    small = _plain_toml(pathway_to_dict(pathway))
    area = _files(lambda folder: save_region(shrunk(load_region("demonstration"), 40), folder))
    scenario = b'format = 1\ntitle = "A form"\nsays = "Four in ten."\npathway = "usual_care"\n[levers.mri_form]\nreach = 0.4\nstarts = "26 weeks"\nwhy = "Signed up"\n'
    region_files = {f"area/{name}": data for name, data in area.items()}
    in_area = ("--region", "{}/area")
    ran = _made(region_files)
    return (
        Surface("check pathway", ("check", "{}/small.toml"), {"small.toml": small}, weight=6),
        Surface("show pathway", ("show", "pathway", "{}/small.toml", "--svg", "{}/out.svg"), {"small.toml": small}, weight=2),
        Surface("show evidence", ("show", "evidence", "{}/small.toml"), {"small.toml": small}, weight=1),
        Surface("check scenario", ("check", "{}/mine.toml"), {"mine.toml": scenario}, weight=4),
        Surface(
            "check region",
            ("check", "{}/area"),
            region_files,
            {"area/capacity.csv": ("amount",), "area/population.csv": ("people",), "area/waiting_lists.csv": ("people", "weeks_waited")},
            weight=8,
        ),
        Surface("region new", _region_new(), _official(), {"deprivation.csv": ("IMD_SCORE",)}, weight=10),
        Surface("compare", ("compare", "{}/mine.toml", *in_area, *QUICK, "--out", "{}/out"), {**region_files, "mine.toml": scenario}, weight=1),
        Surface("run", ("run", "mri_guidance", *in_area, *QUICK, "--log", "{}/log.csv"), region_files, weight=1),
        Surface("budget", ("budget", "mri_guidance", *in_area, *A_YEAR, "--price-year", "2024", "--price-index", "{}/index.csv"),
                {**region_files, "index.csv": _INDEX}, weight=2),
        Surface("run on a calibration", ("run", "usual_care", *in_area, *QUICK, "--calibration", "{}/fit"), {**region_files, **ran["fit"]}, weight=2),
        Surface("replay", ("replay", "{}/record.json", "--workers", "1"), {**region_files, "record.json": ran["record"]}, weight=2),
        Surface("journeys of a run", ("journeys", "{}/log.csv", "--disclosure", "none"), {"log.csv": ran["log"]}, {"log.csv": ("tick", "value")}, True, 3),
        Surface("journeys", ("journeys", "{}/log.csv", "--people", "{}/people.csv", "--json"), _JOURNEYS, {"log.csv": ("day",)}, True, 10),
        Surface("journeys from Parquet", ("journeys", "{}/log.parquet"), {"log.parquet": ran["parquet"]}, weight=2),
        Surface("variation", ("variation", "{}/practices.csv", "--json"), {"practices.csv": _VARIATION},
                {"practices.csv": ("count", "population")}, True, 10),
        Surface("variation by age", ("variation", "{}/strata.csv", "--disclosure", "none", "--out", "{}/out"), {"strata.csv": _STRATA},
                {"strata.csv": ("count", "population")}, True, 3),
        Surface("value", ("value", "{}/services.csv", "--json"), {"services.csv": _SERVICES},
                {"services.csv": ("unit_cost", "qaly_pp", "n_now", "min_n", "max_n")}, weight=4),
        Surface("targets", ("calibrate", "--targets", "{}/targets.csv", "--out", "{}/out"), {"targets.csv": _TARGETS}, {}, weight=8),
        Surface("targets in a folder", ("calibrate", "--targets", "{}/ours", "--out", "{}/out"), _folder(), {}, weight=8),
    )  # fmt: skip


OPTIONS = (
    ("compare", "mri_guidance", "--region", "{}/area", *QUICK),
    ("compare", "mri_guidance", "physio_first", "--against", "usual_care", *QUICK),
    ("run", "usual_care", "--region", "{}/area", *QUICK, "--seed", "1", "--engine", "compiled", "--csv"),
    ("psa", "mri_guidance", "--draws", "2", "--one-way", "2", "--discount", "0.035", "--threshold", "20000", "--region", "{}/area", *QUICK),
    ("budget", "mri_guidance", "--set-up", "1000", "--price-year", "2024", "--region", "{}/area", *A_YEAR),
    ("value", "midnotts", "--gains", "trial", "--budget", "1000000", "--deprived", "1,2", "--deprived-share", "0.3", "--change-limit", "25%",
     "--weights", "1=1.5", "--need", "1=0.5", "--capacity", "sessions=4000"),
    ("variation", "{}/practices.csv", "--count", "count", "--what", "scans", "--disclosure", "none"),
    ("journeys", "{}/log.csv", "--by", "decile", "--tick", "1", "--consultant-led", "spinal_clinic", "--treatments", "discectomy",
     "--reports-back", "mri", "--disclosure", "none"),
    ("validate", *QUICK, "--region", "{}/area"),
    ("calibrate", "--targets", "{}/targets.csv", "--out", "{}/out", "--until", "2026-12-31", "--runs", "400", "--unknowns", "2",
     "--method", "emulate", "--scenario", "usual_care", "--seed", "1"),
    ("region", "new", "small", "--registered", "{}/registered.csv", "--map", "{}/map.csv", "--deprivation", "{}/deprivation.csv",
     "--pcn", "U1", "--practice", "A3", "--out", "{}/out"),
    ("show", "evidence", "usual_care", "--grade", "read", "--search", "mri", "--json"),
    ("show", "scenario", "mri_guidance", "--svg", "{}/out.svg"),
    ("check", "mri_guidance", "--region", "demonstration", "--pathway", "usual_care"),
    ("schema", "pathway"),
    ("app", "--region", "{}/area", "--port", "8501"),
)  # fmt: skip
"""Commands whose options are fuzzed, all files beside them good."""


@cache
def good_files() -> Mapping[str, bytes]:
    """The files that the commands of `OPTIONS` read."""
    named = {surface.name: surface.files for surface in surfaces()}
    return {
        **named["check region"],
        **named["journeys"],
        **named["variation"],
        **named["targets"],
        **named["region new"],
    }


def _files(make: Any) -> dict[str, bytes]:
    """The files that a function writes into a folder, by their names below it."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make(folder)
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }


def _made(region_files: Mapping[str, bytes]) -> dict[str, Any]:
    """What runs write: a log in both forms, a record, a calibration's folder."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        place(folder, region_files)
        words = ("run", "usual_care", "--region", folder / "area", *QUICK)
        for log in ("log.csv", "log.parquet"):
            seen = backpath(*words, "--log", folder / log)
            assert seen.code == 0, seen.all
        assert backpath("run", "usual_care", "--region", folder / "area", *QUICK, "--out", folder / "ran").code == 0
        record = (folder / "ran" / "record.json").read_text().replace(str(folder), HERE)
        (folder / "fit").mkdir()
        calibrated_by_hand(folder / "fit", region=load_region(folder / "area"))
        return {
            "log": (folder / "log.csv").read_bytes(),
            "parquet": (folder / "log.parquet").read_bytes(),
            "record": record.encode(),
            "fit": {f"fit/{path.name}": path.read_bytes() for path in (folder / "fit").iterdir()},
        }


def place(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes files below a folder; where one holds `HERE`, the folder itself is put in."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(HERE.encode(), str(folder).encode()))


def _official() -> dict[str, bytes]:
    def make(folder: Path) -> None:
        Files(folder)

    return _files(make)


def _region_new() -> tuple[str, ...]:
    files = ("--registered", "{}/registered.csv", "--map", "{}/map.csv", "--deprivation", "{}/deprivation.csv")
    return ("region", "new", "small", *files, "--england", "--out", "{}/out")


def _folder() -> dict[str, bytes]:
    """A folder of targets with official files of every form."""

    def make(folder: Path) -> None:
        waits.imaging(folder, waits.ccg("52R", 5000, 2000, 6000, 10, 13010))
        waits.community(folder, QT1=[100, 40, 60])
        waits.clocks(folder, "RTT-January-2026,52R,NHS X,Part_2,C_110,5,6,7,0")

    ours = {**_files(make), "referrals.csv": _TARGETS, "targets.toml": _TARGETS_TOML}
    return {f"ours/{name}": data for name, data in ours.items()}


_INDEX = b"year,rate_percent,source\n" + b"".join(b"%d,2.5,made up\n" % year for year in range(2010, 2026))
_JOURNEYS = {
    "log.csv": b"patient,day,kind,service,site\n"
    + b"".join(
        b"p%d,%d,referral,spinal_clinic,\np%d,%d,seen,spinal_clinic,North\np%d,%d,seen,discectomy,North\n"
        % (k, k, k, k + 40, k, k + 90)
        for k in range(30)
    ),
    "people.csv": b"patient,decile\n" + b"".join(b"p%d,%d\n" % (k, k % 10 + 1) for k in range(30)),
}
_VARIATION = b"practice_code,count,population\n" + b"".join(
    b"A81%03d,%d,%d\n" % (k, 20 + 7 * k % 60, 4000 + 371 * k) for k in range(1, 25)
)
_STRATA = b"practice_code,sex,ageband,count,population\n" + b"".join(
    b"A81%03d,%s,%s,%d,%d\n" % (k, sex, band, 10 + 3 * k, 900 + 17 * k)
    for k in range(1, 9)
    for sex in (b"female", b"male")
    for band in (b"20-24", b"50-54")
)
_SERVICES = (
    b"service,imd_group,evidence_class,unit_cost,variable_share,qaly_pp,n_now,min_n,max_n\n"
    b"Exercise class,1,benefit,158.89,1,0.017,1300,650,1625\n"
    b"Exercise class,2,benefit,158.89,1,0.017,1300,650,1625\n"
    b"Facet injection,1,no_benefit,700,0.5,0,400,0,400\n"
)
_TARGETS = (
    b"measure,service,from,to,value,unit,suppressed_below,source\n"
    + b"".join(b"referrals,mri,2026-%02d,,%d,,5,made up\n" % (month, 200 + month) for month in range(7, 13))
    + b"median_wait,mri,2026-07,2026-12,5.5,weeks,,made up\n"
)
_TARGETS_TOML = b"""format = 1
title = "Our area"
treatments = ["discectomy"]
[[official]]
file = "did.xlsx"
form = "diagnostic_imaging_7"
codes = ["52R"]
service = "mri"
share = "part"
modality = "Magnetic Resonance Imaging"
[[official]]
file = "chs.xlsx"
form = "community_waiting"
codes = ["QT1"]
service = "community_physio"
share = "part"
[[official]]
file = "rtt.csv"
form = "referral_to_treatment"
codes = ["52R"]
service = "spinal_clinic"
share = "part"
treatment_function = "C_110"
[quantities.part]
value = 0.25
unit = "share"
low = 0.15
high = 0.4
distribution = "beta"
source = "made up"
grade = "assumed"
"""
