"""The notebooks of the documentation, run anew. `python -m tests.helpers.notebooks` stores what comes out."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook as it is stored."""
    import nbformat

    return nbformat.read(path, as_version=4)


def run(path: Path) -> Any:
    """The notebook, run from its first cell to its last in an empty folder; a cell that fails ends it."""
    from nbclient import NotebookClient

    notebook = read(path)
    with TemporaryDirectory() as folder, patch.dict(os.environ, {"PYTHONPATH": str(ROOT)}):
        place = {"metadata": {"path": folder}}
        return NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()


def printed(notebook: Any) -> list[tuple[str, list[str]]]:
    """Each cell of code with the text that came out of it: what it printed, its tables as text, its problems."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found.append((cell.source, [text for output in cell.outputs if (text := _text(output))]))
    return found


def _text(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return "\n".join(output.traceback)
    return str(output.data.get("text/plain", ""))


def store(path: Path) -> None:
    """Stores what comes out now, and nothing of when and where it was run."""
    import nbformat

    notebook = run(path)
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in NOTEBOOKS:
        store(each)
