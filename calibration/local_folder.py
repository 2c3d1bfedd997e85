"""The files that a planner gives: one CSV, or a folder of them with official files and a `targets.toml`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from pathways import BadInput, Problem, Quantity, refuse
from pathways.explain import read_word
from pathways.files.written import toml_in
from pathways.word import Word

ABOUT = "targets.toml"
ARCHIVES = (".xlsx", ".xls", ".zip", ".gz", ".ods")
"""Endings of files that are no CSV and may hold figures."""
Form = Literal["diagnostic_imaging_7", "community_waiting", "referral_to_treatment"]


class OfficialFile(Word):
    """An official file, and which of its figures are read.

    `file` is a path (or several) beside `targets.toml`, or from the root. `codes` are the organisations whose figures are
    added together; `service` is what the pathway calls it. `people` are those registered with these organisations.
    `bands`, where given, are wider bands into which those of the file are added.
    """

    file: str | list[str]
    form: Form
    codes: list[str] = Field(min_length=1)
    service: str = Field(min_length=1)
    share: str = ""
    modality: str = ""
    treatment_function: str = ""
    line: str = ""
    measure: Literal["", "rtt_waiting", "rtt_waited"] = ""
    bands: list[str] = []
    weight: float = Field(default=1, gt=0, allow_inf_nan=False)
    discrepancy: float = Field(default=0, ge=0, le=1)
    people: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _fields_fit_the_form(self) -> OfficialFile:
        needed = {"modality": "diagnostic_imaging_7", "treatment_function": "referral_to_treatment"}
        for name, form in needed.items():
            if bool(getattr(self, name)) != (self.form == form):
                verb = "needs" if self.form == form else "takes no"
                raise ValueError(f"the form '{self.form}' {verb} '{name}'")
        if self.line and self.form != "community_waiting":
            raise ValueError(f"the form '{self.form}' takes no 'line'")
        if self.measure and self.form != "referral_to_treatment":
            raise ValueError(f"the form '{self.form}' takes no 'measure'")
        return self

    def files(self) -> list[str]:
        """The files, one or several."""
        return [self.file] if isinstance(self.file, str) else self.file


class About(Word):
    """What `targets.toml` says."""

    format: int = Field(ge=1, le=1)
    title: str = Field(min_length=1)
    says: str = ""
    region: str = ""
    treatments: list[str] = []
    quantities: dict[str, Quantity] = {}
    official: list[OfficialFile] = []


@dataclass(frozen=True)
class Folder:
    """The files to read, and what `targets.toml` says about them.

    `shares` are the names of the quantities, even of those in which something is wrong; `name` is where to look.
    """

    name: str
    path: Path
    tables: tuple[Path, ...]
    title: str
    says: str = ""
    region: str = ""
    treatments: tuple[str, ...] = ()
    quantities: dict[str, Quantity] = field(default_factory=dict)
    official: tuple[OfficialFile, ...] = ()
    shares: Collection[str] = ()
    problems: tuple[Problem, ...] = ()


def read_folder(path: Path) -> Folder:
    """What lies at a path; `BadInput` where there is nothing to read."""
    if path.name == ABOUT and path.is_file():
        path = path.parent
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise refuse("file_exists", str(path), "there is no such file or folder.")
    if path.suffix.lower() != ".csv":
        says = f"targets are a CSV file of the template, or a folder. Name an official file in {ABOUT}, in a folder of its own."
        raise refuse("targets_are_csv", str(path), says)
    return Folder(path.name, path.parent, (path,), path.stem)


def _folder(path: Path) -> Folder:
    written: dict[str, Any] = {}
    problems: list[Problem] = []
    about: About | None = None
    if (path / ABOUT).exists():
        try:
            written = toml_in(path / ABOUT)
            about, problems = read_word(About, written, file=ABOUT, path="")
        except BadInput as error:
            problems = error.problems
    named = _named_files(written)
    files = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith((".", "~")))
    tables = tuple(entry for entry in files if entry.suffix.lower() == ".csv" and entry.name not in named)
    unread = [entry for entry in files if entry.name not in {*named, ABOUT} and entry.name.lower().endswith(ARCHIVES)]
    for entry in unread:
        says = f"nothing says what is read from this file. Name it in {ABOUT} under [[official]], or take it out of the folder."
        problems.append(Problem("files_are_read", entry.name, says))
    if not tables and not named and not problems:
        raise refuse(
            "something_to_fit", str(path), f"the folder holds no CSV file, and no {ABOUT} that names official files."
        )
    quantities = written.get("quantities", {})
    shares = list(quantities) if isinstance(quantities, dict) else []
    if about is None:
        return Folder(ABOUT, path, tables, path.name, shares=shares, problems=tuple(problems))
    return Folder(
        ABOUT, path, tables, about.title, about.says, about.region, tuple(about.treatments), about.quantities,
        tuple(about.official), shares, tuple(problems),
    )  # fmt: skip


def _named_files(written: dict[str, Any]) -> set[str]:
    """Names of the files that are named as official ones, so that they are not read as the template."""
    entries = written.get("official", [])
    files = [entry.get("file", "") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {Path(str(name)).name for file in files for name in (file if isinstance(file, list) else [file])}
