"""The bytes of a user's file, within bounds, and what kind of file they are. What they mean is not looked at here."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Protocol

from pathways.problems import BadInput, refuse

MOST_BYTES = 1_000_000_000
"""No file of this trade is larger, packed or unpacked."""
MOST_TIMES = 100
"""Tables pack to a twentieth or so: what unpacks to more than this many times its size was made to fill a memory."""
LITTLE = 1_000_000
"""Fewer bytes than this may be any number of times their packed size."""
LONGEST_NAME, LONGEST_PATH = 80, 400
"""As many letters of a name, and of a path, are printed."""
ENCRYPTED = 1
"""The bit of a zip's entry that says so."""
STARTS = (
    (b"\xd0\xcf\x11\xe0", "old workbook"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bz2"),
    (b"PAR1", "parquet"),
    (b"%PDF", "pdf"),
    (b"{\\rtf", "document"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!", "archive"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"version https://git-lfs", "pointer"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""How files of a kind begin."""
INSIDE = (("xl/workbook", "workbook"), ("word/document.xml", "document"), ("content.xml", "open document"))
"""Which entry of a zip tells that it is another kind of file."""
SAVE_AS = "Open it, and save the sheet as 'CSV UTF-8'."
TELL = {
    "workbook": f"this is an Excel workbook (.xlsx). {SAVE_AS}",
    "old workbook": f"this is a workbook of Excel before 2007 (.xls), or one with a password. {SAVE_AS}",
    "open document": f"this is a spreadsheet or text of LibreOffice. {SAVE_AS}",
    "document": "this is a text document, not a table. Give the table as 'CSV UTF-8'.",
    "zip": "this is a zip archive. Unpack it, and give the file that is in it.",
    "gzip": "this is packed with gzip. Unpack it, and give the file that is in it.",
    "xz": "this is packed with xz. Unpack it, and give the file that is in it.",
    "bz2": "this is packed with bzip2. Unpack it, and give the file that is in it.",
    "archive": "this is an archive of a kind that is not read. Unpack it, and give the file that is in it.",
    "parquet": "this is a Parquet file. Save the table as 'CSV UTF-8'.",
    "pdf": "this is a PDF. Give the table as 'CSV UTF-8'.",
    "picture": "this is a picture. Give the table as 'CSV UTF-8'.",
    "html": "this is a web page, perhaps a message about a failed download. Download the file again.",
    "pointer": "this only points to where the file is kept (Git LFS). Download the file itself.",
    "utf-16": "this is text in UTF-16. Save it as UTF-8.",
    "binary": "this is not a text file. Give the table as 'CSV UTF-8'.",
}
"""What to say of a file of a kind where another was needed."""


def name_of(path: Path) -> str:
    """A file's name as it can be printed: one line, not endless, letters that no code knows as '?'.

    >>> name_of(Path("data") / "lists.csv"), len(name_of(Path("a" * 5000)))
    ('lists.csv', 81)
    """
    return printable(path.name or str(path))


def place_of(path: Path) -> str:
    """A file's whole path as it can be printed."""
    return printable(str(path), longest=LONGEST_PATH)


def printable(text: str, *, longest: int = LONGEST_NAME) -> str:
    """Text as it can be printed within a sentence.

    >>> printable("two\\nlines"), printable("x" * 9, longest=4)
    ('two?lines', 'xxxx…')
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


def is_there(path: Path) -> bool:
    """Whether something stands at a path; never an error, however odd the path.

    >>> is_there(Path("a" * 5000)), is_there(Path("nul\\0"))
    (False, False)
    """
    return os.path.exists(path)  # unlike `Path.exists`, which raises where a name is too long


def is_folder(path: Path) -> bool:
    """Whether a folder stands at a path; never an error."""
    return os.path.isdir(path)


def is_file(path: Path) -> bool:
    """Whether a file stands at a path; never an error."""
    return os.path.isfile(path)


def bytes_of(path: Path) -> bytes:
    """What a file holds; `BadInput` where there is none, it cannot be read, is empty or larger than 1 GB."""
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode):
            raise refuse("file_exists", place_of(path), "this is a folder; a file is needed.")
        if not stat.S_ISREG(kind.st_mode):
            says = "this is a device or a pipe; a file is needed. Save what comes from it to a file first."
            raise refuse("file_is_a_file", place_of(path), says)
        if kind.st_size > MOST_BYTES:
            raise _too_large(path, kind.st_size)
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise not_opened(path, error) from None
    if len(data) > MOST_BYTES:
        raise _too_large(path, len(data))
    if not data:
        raise refuse("file_is_not_empty", name_of(path), "the file is empty. Is it whole?")
    return data


def not_opened(path: Path, error: OSError | ValueError) -> BadInput:
    """Why a file cannot be opened, in a sentence.

    >>> print(not_opened(Path("lists.csv"), FileNotFoundError()))
    lists.csv: there is no such file.
    """
    where = place_of(path)
    if isinstance(error, ValueError):
        return refuse("file_exists", where, "no file can have this name. Is it the right one?")
    if isinstance(error, FileNotFoundError):
        return refuse("file_exists", where, "there is no such file.")
    if isinstance(error, NotADirectoryError):
        return refuse("file_exists", where, "there is no such file: a part of its path is a file, not a folder.")
    if error.errno == errno.ELOOP:
        says = "this is a link that leads back to itself. Name the file itself."
        return refuse("file_exists", where, says)
    if error.errno == errno.ENAMETOOLONG:
        return refuse("file_exists", where, "the name is longer than a file's can be. Is it the right one?")
    if isinstance(error, PermissionError):
        return refuse("file_can_be_read", where, "it may not be read: this user has no permission. Ask for it.")
    return refuse("file_can_be_read", where, f"it cannot be read: {error.strerror or error}.")


def _too_large(path: Path, size: int) -> BadInput:
    says = f"it holds {size / 1e9:.1f} GB, and at most {MOST_BYTES / 1e9:.0f} GB are read. Take out what is not needed."
    return refuse("file_is_not_too_large", name_of(path), says)


# what kind of file


def kind_of(data: bytes) -> str:
    """What the first bytes say that a file is: a word of `TELL`, or "text".

    >>> kind_of(b"practice,people\\n"), kind_of(b"PAR1..."), kind_of(b" <!DOCTYPE html>")
    ('text', 'parquet', 'html')
    """
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(data)
    if found := next((kind for start, kind in STARTS if data.startswith(start)), None):
        return found
    start = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "html"
    return "binary" if b"\x00" in data[:1000] else "text"


def _kind_of_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "zip"
    return next((kind for part, kind in INSIDE if any(name.startswith(part) for name in names)), "zip")


# packed files


def unpacked(path: Path) -> bytes:
    """What a file holds, unpacked: `unpacked_in` of its bytes."""
    return unpacked_in(bytes_of(path), path)


def unpacked_in(data: bytes, path: Path) -> bytes:
    """The bytes of a file, unpacked where it is a zip with one CSV file in it, a gzip, xz or bz2.

    `BadInput` where it cannot be read, is damaged, another kind of file, or would unpack to more than 1 GB or 100 times
    its packed size. What a Mac adds to a zip (`__MACOSX/`, names that begin with `._`) does not count.
    """
    kind = kind_of(data)
    if path.suffix.lower() == ".zip" and kind == "text":
        raise damaged(path)
    try:
        match kind:
            case "zip":
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    return _only_table(archive, path, most=most_of(data))
            case "gzip":
                return _all_of(gzip.GzipFile(fileobj=io.BytesIO(data)), path, most=most_of(data))
            case "xz":
                return _all_of(lzma.LZMAFile(io.BytesIO(data)), path, most=most_of(data))
            case "bz2":
                return _all_of(bz2.BZ2File(io.BytesIO(data)), path, most=most_of(data))
            case "text" | "utf-16" | "binary":
                return data
    except (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError, MemoryError):
        raise damaged(path) from None
    raise refuse("file_is_the_right_one", name_of(path), TELL[kind])


def most_of(data: bytes) -> int:
    """To how many bytes a packed file may unpack."""
    return min(MOST_BYTES, max(LITTLE, MOST_TIMES * len(data)))


def damaged(path: Path) -> BadInput:
    """That a packed file is damaged. What the unpacking library says of it is for programmers."""
    return refuse("archive_is_whole", name_of(path), "the archive is damaged or cut short. Download the file again.")


class Stream(Protocol):
    """What unpacks bytes as they are asked for."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or all that are left."""


def _all_of(stream: Stream, path: Path, *, most: int) -> bytes:
    """What a stream unpacks to, as long as that is no more than `most`; it is never held in memory beyond that."""
    data = stream.read(most + 1)
    if len(data) > most:
        raise bomb(path, most)
    if not data:
        raise refuse("file_is_not_empty", name_of(path), "what is packed in it is empty. Is it whole?")
    return data


def bomb(path: Path, most: int) -> BadInput:
    """That a packed file would unpack to far more than a table does."""
    says = (
        f"it would unpack to more than {most / 1e6:,.0f} MB, which is {MOST_TIMES} times its size or 1 GB: no table does. "
        "Unpack it yourself if it is meant, and give the CSV file."
    )
    return refuse("file_is_not_too_large", name_of(path), says)


def _only_table(archive: zipfile.ZipFile, path: Path, *, most: int) -> bytes:
    """The only CSV file of a zip."""
    inside = [
        entry
        for entry in archive.infolist()
        if entry.filename.lower().endswith(".csv")
        and not entry.filename.startswith("__MACOSX/")
        and not entry.filename.rpartition("/")[2].startswith("._")
    ]
    if len(inside) != 1:
        names = ", ".join(printable(entry.filename) for entry in inside[:4])
        told = f": {names}{', …' if len(inside) > 4 else ''}" if inside else ""
        says = f"the archive holds {len(inside)} CSV files{told}; one is needed. Unpack it, and give the one that is meant."
        raise refuse("archive_holds_one_table", name_of(path), says)
    if inside[0].flag_bits & ENCRYPTED:
        says = "the archive is locked with a password. Unpack it and give the CSV file."
        raise refuse("archive_is_open", name_of(path), says)
    if inside[0].file_size > most:
        raise bomb(path, most)
    try:
        return _all_of(archive.open(inside[0]), path, most=most)
    except NotImplementedError:
        says = "the archive is packed in a way that cannot be read here. Unpack it and give the CSV file."
        raise refuse("archive_is_open", name_of(path), says) from None
