"""How files and folders are written: whole or not at all, never over another without being told to.

Everything is written under a temporary name of one's own beside its place, and gets its name at the end. What stands in
the way is a `BadInput` in one sentence; `file_can_be_written` and `folder_can_be_written` look for it before long work.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from pathways.files.formulas import as_text_cells
from pathways.files.temporary import for_now, is_mine, new_directory, new_file, sweep
from pathways.problems import BadInput, refuse

ROOM_TRIED = 2**20
"""So many bytes are written to see whether there is room."""
RESULTS = {
    "record.json",
    "region.toml",
    "psa.json",
    "budget.json",
    "portfolio.json",
    "variation.json",
    "journeys.json",
}
"""A folder with one of these is one that was written here."""
FORMS = {".csv", ".html", ".json", ".md", ".parquet", ".svg", ".toml", ".txt"}
OVERWRITE = "Choose another name, or give --overwrite to replace it."
WHY = {
    errno.ENOSPC: "the disk is full. Make room, or choose another place",
    errno.EDQUOT: "the room that you have on this disk is used up. Make room, or choose another place",
    errno.EFBIG: "it would be larger than a file may be here. Choose another place",
    errno.EROFS: "this disk can only be read. Choose another place",
    errno.EACCES: "you may not write there. Choose another place",
    errno.EPERM: "you may not write there. Choose another place",
    errno.ENAMETOOLONG: "its name is too long. Choose a shorter one",
    errno.EEXIST: "a file stands where a folder is needed. Choose another place",
    errno.ENOTDIR: "a file stands where a folder is needed. Choose another place",
    errno.ELOOP: "it is a link in a circle of links. Choose another place",
    errno.ENOENT: "the folder does not exist, or was removed. Make it first",
}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EACCES}


# what is written


def csv_text(table: pd.DataFrame, *, header: bool = True) -> str:
    """A table as CSV, without its index. What a spreadsheet would run as a formula has an apostrophe before it.

    >>> print(csv_text(pd.DataFrame({"practice": ["=A1", "Bay"], "change": [-1.5, 2.0]})), end="")
    practice,change
    '=A1,-1.5
    Bay,2.0
    """
    text: str = as_text_cells(table).to_csv(index=False, header=header, lineterminator="\n")
    return text


def write_text(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Writes a text whole or not at all."""
    with written(path, overwrite=overwrite) as part:
        part.write_bytes(text.encode("utf-8", errors="backslashreplace"))


@contextmanager
def written(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """An empty file to write into, which becomes `path` when all is written; nothing is left where something goes wrong.

    Within a folder that `new_folder` is about to give its name, it is that file at once.
    """
    if is_mine(path.parent):
        yield path
        return
    _look(path, overwrite=overwrite)
    try:
        with for_now(new_file(path.parent)) as part:
            yield part
            _on_disk(part)
            if overwrite:
                if path.exists():
                    shutil.copymode(path, part)
                os.replace(part, path)
            else:
                _given_a_name(part, path)
    except FileExistsError:
        raise _in_the_way(path, "was written by another run meanwhile") from None
    except OSError as error:
        raise cannot_be_written(path, error) from None


@contextmanager
def new_folder(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into, which becomes `folder` when all is written; nothing is left where something goes wrong.

    Folders above it are made. With `overwrite` it takes the place of a folder of results, whole.
    """
    _look_at_folder(folder, overwrite=overwrite)
    missing = [parent for parent in folder.parents if not parent.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with for_now(new_directory(folder.parent)) as part:
            yield part
            for file in sorted(part.rglob("*")):
                _on_disk(file)
            _in_its_place(part, folder, overwrite=overwrite)
            missing = []
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and folder.is_dir():
            raise _in_the_way(folder, "was written by another run meanwhile") from None
        raise cannot_be_written(folder, error) from None
    finally:
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()


@contextmanager
def renewed(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder to write into, whose files take the place of all those in `folder` that are called `names`, in this order.

    Where it is stopped in the midst, the last of them is not there.
    """
    try:
        with for_now(new_directory(folder)) as part:
            yield part
            for file in part.iterdir():
                _on_disk(file)
            for name in reversed(names):
                (folder / name).unlink(missing_ok=True)
            for name in names:
                if (part / name).exists():
                    os.replace(part / name, folder / name)
    except OSError as error:
        raise cannot_be_written(folder, error) from None


# what stands in the way, before long work


def file_can_be_written(path: Path, *, overwrite: bool = False) -> list[str]:
    """Raises `BadInput` where a file cannot be written to `path`: before a long run, not after it.

    Removes what killed runs have left beside it, and gives a sentence for each.
    """
    _look(path, overwrite=overwrite)
    try:
        return _tried(path.parent)
    except OSError as error:
        raise cannot_be_written(path, error) from None


def folder_can_be_written(folder: Path, *, overwrite: bool = False) -> list[str]:
    """The same for a folder; folders above it need not be there."""
    _look_at_folder(folder, overwrite=overwrite)
    try:
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        return _tried(above)
    except OSError as error:
        raise cannot_be_written(folder, error) from None


def cannot_be_written(path: Path, error: OSError) -> BadInput:
    """What stops a file or folder from being written, in a sentence."""
    why = WHY.get(error.errno or 0, f"{error.strerror or error}. Choose another place")
    return refuse("can_be_written", str(path), f"it cannot be written: {why}.")


def _tried(folder: Path) -> list[str]:
    said = sweep(folder)
    with for_now(new_file(folder)) as part:
        part.write_bytes(bytes(ROOM_TRIED))
    return said


def _look(path: Path, *, overwrite: bool) -> None:
    _is_a_name(path)
    try:
        if path.is_symlink():
            raise _link(path)
        if path.is_dir():
            raise refuse("can_be_written", str(path), "this is a folder. Choose the name of a file.")
        if not path.parent.exists():
            raise refuse("can_be_written", str(path), "the folder does not exist. Make it first.")
        if path.exists():
            if not path.is_file():
                raise refuse(
                    "can_be_written", str(path), "this is no file but a device or a pipe. Choose another name."
                )
            if not overwrite:
                raise _in_the_way(path, "exists already")
    except OSError as error:
        raise cannot_be_written(path, error) from None


def _look_at_folder(folder: Path, *, overwrite: bool) -> None:
    _is_a_name(folder)
    try:
        if folder.is_symlink():
            raise _link(folder)
        if not folder.exists():
            return
        if folder.resolve() == Path.cwd():
            raise refuse("folder_is_new", str(folder), "this is the folder that you are in. Write a new name.")
        if not folder.is_dir():
            raise refuse("folder_is_new", str(folder), "a file of this name exists already. Choose another name.")
        inside = sorted(folder.iterdir())
        if inside and not overwrite:
            says = f"it exists already and is not empty. {OVERWRITE}"
            raise refuse("folder_is_new", str(folder), says)
        if inside:
            _is_of_results(folder, inside)
    except OSError as error:
        raise cannot_be_written(folder, error) from None


def _is_of_results(folder: Path, inside: list[Path]) -> None:
    """Raises `BadInput` where replacing a folder would take away something else than results."""
    others = [path.name for path in inside if path.suffix not in FORMS or path.is_symlink() or not path.is_file()]
    if others or not RESULTS & {path.name for path in inside}:
        what = f"holds '{others[0]}'" if others else "holds no results of Backpath"
        says = f"it {what}, so that --overwrite does not replace it. Choose another name, or empty it yourself."
        raise refuse("folder_is_of_results", str(folder), says)


def _link(path: Path) -> BadInput:
    says = f"this is a link to '{os.readlink(path)}'. Name that place itself, or choose another."
    return refuse("can_be_written", str(path), says)


def _in_the_way(path: Path, what: str) -> BadInput:
    return refuse("can_be_written", str(path), f"it {what}, and is left as it is. {OVERWRITE}")


def _is_a_name(path: Path) -> None:
    if "\0" in str(path):
        raise refuse("can_be_written", repr(str(path)), "this cannot be a name: it holds the sign NUL.")


# how a name is given


def _on_disk(path: Path) -> None:
    """Waits until a file is on the disk: some disks tell only then that they are full."""
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _given_a_name(part: Path, path: Path) -> None:
    """Gives a file its name, or raises `FileExistsError`; of two that try at once one succeeds."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))  # a disk without hard links: take the name first
        os.replace(part, path)


def _in_its_place(part: Path, folder: Path, *, overwrite: bool) -> None:
    """Gives a folder its name; the one that it replaces is set aside, in sight, until it has it."""
    aside = folder.with_name(f"{folder.name}.before-{os.getpid()}")
    replaces = overwrite and folder.exists() and any(folder.iterdir())
    if replaces:
        _is_of_results(folder, sorted(folder.iterdir()))
        os.rename(folder, aside)
    elif folder.exists() and os.name != "posix":
        folder.rmdir()
    try:
        os.rename(part, folder)
    except OSError:
        if replaces:
            os.rename(aside, folder)
        raise
    if replaces:
        shutil.rmtree(aside, ignore_errors=True)
