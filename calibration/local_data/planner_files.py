"""The files that a planner gives: one CSV, or a folder of them with official files and a `targets.toml`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from calibration.local_data.known import ABOUT
from pathways import BadInput, Problem, Quantity, refuse
from pathways.explain import read_word
from pathways.files.opened import is_file, is_folder, is_there, place_of
from pathways.files.toml_json import toml_in
from pathways.official.files import seems_to_be
from pathways.word import Word

ARCHIVES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".zip", ".gz", ".ods", ".tsv", ".txt", ".dat", ".parquet")
"""Endings of files that are no CSV of the template and may hold figures."""
Form = Literal[
    "diagnostic_imaging_7",
    "community_waiting",
    "referral_to_treatment",
    "monthly_diagnostics",
]  # fmt: skip
TAKEN = {
    "modality": ("diagnostic_imaging_7", "monthly_diagnostics"),
    "treatment_function": ("referral_to_treatment",),
    "line": ("community_waiting",),
    "measure": ("referral_to_treatment",),
}
"""Fields that only some forms take."""
NEEDED = ("modality", "treatment_function")
"""Those of them without which nothing can be read."""
TEMPLATE = "a CSV file of the template"


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
        faults = [
            f"the form '{self.form}' takes no '{name}'"
            for name, forms in TAKEN.items()
            if getattr(self, name) and self.form not in forms
        ]
        faults += [
            f"the form '{self.form}' needs '{name}'"
            for name in NEEDED
            if self.form in TAKEN[name] and not getattr(self, name)
        ]
        codes = [code.strip() for code in self.codes]
        faults += [f"the code '{code}' stands twice" for code in dict.fromkeys(codes) if codes.count(code) > 1]
        if "" in codes:
            faults.append("a code is blank")
        if not self.files():
            faults.append("'file' names no file")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def files(self) -> list[str]:
        """The files, one or several."""
        return [self.file] if isinstance(self.file, str) else self.file


class TargetsFile(Word):
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

    `shares` are the names of the quantities, even of those in which something is wrong; None, as `treatments`, where they
    cannot be read. `name` is where to look.
    """

    name: str
    path: Path
    tables: tuple[Path, ...]
    title: str
    says: str = ""
    region: str = ""
    treatments: tuple[str, ...] | None = ()
    quantities: dict[str, Quantity] = field(default_factory=dict)
    official: tuple[OfficialFile, ...] = ()
    shares: Collection[str] | None = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def read_folder(path: Path) -> Folder:
    """What lies at a path; `BadInput` where there is nothing to read."""
    if path.name == ABOUT and is_file(path):
        path = path.parent
    if is_folder(path):
        return _folder(path)
    if not is_there(path):
        raise refuse("file_exists", place_of(path), "there is no such file or folder.")
    if path.suffix.lower() != ".csv":
        raise refuse("targets_are_csv", place_of(path), f"targets are {TEMPLATE}, or a folder. {what_to_do(path)}")
    beside = is_file(path.with_name(ABOUT))
    note = f"{ABOUT} beside {path.name} is not read: give the folder where it should be."
    return Folder(path.name, path.parent, (path,), path.stem, notes=(note,) if beside else ())


def what_to_do(path: Path) -> str:
    """What to do with a file that is not of the template: how its form is named, or that it cannot be read here."""
    if path.suffix.lower() in (".ods", ".xlsb", ".parquet"):
        return f"Files {path.suffix.lower()} are not read: save it as .xlsx, or save its figures as {TEMPLATE}."
    seems = seems_to_be(path)
    if "(form " in seems:
        form = seems.partition("(form ")[2].partition(")")[0]
        return f"{seems} {naming(path.name, form)}"
    if TEMPLATE in seems:
        return "It looks like the template in another kind of file. Save it as CSV UTF-8, with the ending .csv."
    says = f"No form is known of such a file. Write its figures into {TEMPLATE}, or leave it out of the folder."
    return f"{seems} {says}".strip()


def naming(file: str, form: str) -> str:
    """How a file of a form is named."""
    more = "".join(f', {name} = "…"' for name in NEEDED if form in TAKEN[name])
    return (
        f'Name it in {ABOUT}, in a folder with it, under [[official]]: file = "{file}", form = "{form}", codes = ["…"], '
        f'service = "…"{more}; and give the folder.'
    )


def _folder(path: Path) -> Folder:
    written: dict[str, Any] | None = {}
    problems: list[Problem] = []
    about: TargetsFile | None = None
    if is_there(path / ABOUT):
        try:
            written = None
            written = toml_in(path / ABOUT)
            about, problems = read_word(TargetsFile, written, file=ABOUT, path="")
        except BadInput as error:
            problems = error.problems
    files = sorted(entry for entry in path.iterdir() if is_file(entry) and not entry.name.startswith((".", "~")))
    if written is None:
        # which files are official ones stands in what cannot be read: of the others nothing true can be said
        return Folder(ABOUT, path, (), path.name, treatments=None, shares=None, problems=tuple(problems))
    named = _named_files(written)
    tables = tuple(entry for entry in files if entry.suffix.lower() == ".csv" and entry.name not in named)
    unread = [entry for entry in files if entry.name not in {*named, ABOUT} and entry.name.lower().endswith(ARCHIVES)]
    for entry in unread:
        says = f"nothing says what is read from this file. {what_to_do(entry)}"
        problems.append(Problem("files_are_read", entry.name, says))
    if not tables and not named and not problems:
        raise refuse(
            "something_to_fit", str(path), f"the folder holds no CSV file, and no {ABOUT} that names official files."
        )
    quantities = written.get("quantities", {})
    shares = list(quantities) if isinstance(quantities, dict) else None
    if about is None:
        treatments = tuple(written["treatments"]) if isinstance(written.get("treatments"), list) else None
        known = None if treatments is not None and not all(isinstance(each, str) for each in treatments) else treatments
        return Folder(ABOUT, path, tables, path.name, treatments=known, shares=shares, problems=tuple(problems))
    return Folder(
        ABOUT, path, tables, about.title, about.says, about.region, tuple(about.treatments), about.quantities,
        tuple(about.official), shares, tuple(problems),
    )  # fmt: skip


def _named_files(written: dict[str, Any]) -> set[str]:
    """Names of the files that are named as official ones, so that they are not read as the template."""
    entries = written.get("official", [])
    files = [entry.get("file", "") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {Path(str(name)).name for file in files for name in (file if isinstance(file, list) else [file])}
