"""Whether Python finds Backpath's own packages, or modules of the user that bear their names."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("pathways", "outcomes", "sim", "calibration", "ui")


def refuse_hidden() -> None:
    """Raises `ImportError` where a file or folder of the user, such as a `sim.py` beside a notebook, hides a room."""
    home = Path(__file__).resolve().parent.parent
    found = {room: place_of(room) for room in ROOMS}
    hiding = {room: place for room, place in found.items() if place != home / room}
    if hiding:
        raise ImportError(told(hiding, home), name=next(iter(hiding)))


def place_of(name: str) -> Path | None:
    """The folder of a package, or the file of a module, that `import name` gives; None where it gives nothing."""
    module = sys.modules.get(name)
    spec: ModuleSpec | None = module.__spec__ if module is not None else find_spec(name)
    if spec is None:
        file = getattr(module, "__file__", None)
        return Path(file).resolve() if file else None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def told(hiding: dict[str, Path | None], home: Path) -> str:
    """What hides which room, and what to do about it.

    >>> said = told({"sim": Path("notebooks/sim.py")}, Path("site-packages"))
    >>> said.partition(". ")[0]
    "Backpath has a package 'sim', and Python finds notebooks/sim.py in its place"
    >>> said.partition(". ")[2]
    'Give that file another name or move it elsewhere, restart Python, and import backpath again.'
    >>> print(told({"ui": None}, Path("site-packages")))
    Backpath has a package 'ui', which is not in site-packages. Install Backpath again.
    """
    parts = [
        f"Backpath has a package '{room}', and Python finds {place} in its place."
        for room, place in hiding.items()
        if place
    ]
    if parts:
        what = "that file another name or move it" if len(parts) == 1 else "those files other names or move them"
        parts.append(f"Give {what} elsewhere, restart Python, and import backpath again.")
    gone = [room for room, place in hiding.items() if not place]
    parts += [f"Backpath has a package '{room}', which is not in {home}." for room in gone]
    return " ".join([*parts, *(["Install Backpath again."] if gone else [])])
