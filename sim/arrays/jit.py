"""Numba, with a cache on disk that knows when the model's own code has changed.

Numba's cache looks at one file at a time and would keep an engine that had inlined yesterday's rules.
So the cache folder is named after the contents of every file in this room, and after the constants that they take from
the rooms below, which are inlined too.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba
from numba import njit

ROOM = Path(__file__).parent.parent
FROM_BELOW = re.compile(r"^from ((?:pathways|outcomes)[\w.]*) import (\([^)]*\)|[^\n(]*)", re.MULTILINE)


def code_digest(room: Path = ROOM) -> str:
    """A short name for the state of the code in a room, and of the constants that it takes from the rooms below."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(room.rglob("*.py")):
        digest.update(source.relative_to(room).as_posix().encode())
        text = source.read_bytes()
        digest.update(text)
        for constant in _from_below(text.decode()):
            digest.update(constant.encode())
    return digest.hexdigest()


def _from_below(text: str) -> Iterator[str]:
    """The numbers and words, or rows of them, that a module imports from the rooms below; nothing else can be inlined."""
    for module, names in FROM_BELOW.findall(text):
        for name in re.findall(r"\b[A-Z][A-Z0-9_]*\b", names):
            value = getattr(importlib.import_module(module), name, None)
            rows = value if isinstance(value, tuple) else (value,)
            if all(isinstance(each, int | float | str) for each in rows):
                yield f"{module}.{name} = {value!r}"


def cache_folder() -> Path:
    """Where compiled code is kept: BACKPATH_CACHE, or the user's cache folder, or a temporary one."""
    home = os.environ.get("BACKPATH_CACHE")
    if home:
        root = Path(home)
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "backpath"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches" / "backpath"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backpath"
    name = f"compiled-{code_digest()}"
    folder = root / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"backpath-{name}"
        folder.mkdir(parents=True, exist_ok=True)
    return folder


setattr(numba.config, "CACHE_DIR", str(cache_folder()))  # noqa: B010 (Numba makes its settings as it is imported)

scalar = njit(cache=True, error_model="numpy")
"""For the small functions that both engines call: rules, health, draws."""

loop = njit(cache=True, nogil=True, error_model="numpy")
"""For the functions that run over many patients or events; they let other threads run."""
