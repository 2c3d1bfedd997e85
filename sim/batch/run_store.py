"""Results of runs in a folder, by keys that stand for everything that can change them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from pathways import refuse
from pathways.files.opened import printable
from pathways.files.temporary import sweep
from pathways.files.writing import cannot_be_written, written

SHARD = "*.parquet"
FORMAT = 1
"""Of the files of a store; those that do not tell have it too."""
_FORMAT = b"backpath_format"
Found = dict[str, np.ndarray | None]


def key_of(**inputs: Any) -> str:
    """32 hexadecimal digits that stand for the inputs; floats count to their last bit.

    >>> key_of(wave=1, score=0.1) == key_of(score=0.1, wave=1), key_of(score=0.1) == key_of(score=0.1000001)
    (True, False)
    """
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class RunStore:
    """Results of runs in a folder, by key. Every file is written whole; none is ever changed.

    >>> import tempfile
    >>> store = RunStore(Path(tempfile.mkdtemp()))
    >>> store.write({"a": np.array([1.0, 2.0]), "b": None})
    >>> store.read()["a"].tolist(), store.read()["b"]
    ([1.0, 2.0], None)
    """

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_be_written(folder, error) from None
        sweep(folder)

    def read(self) -> Found:
        """Everything that is there. A damaged file is set aside: its runs are done again."""
        found: Found = {}
        for shard in sorted(self.folder.glob(SHARD)):
            try:
                table = pa.parquet.read_table(shard, page_checksum_verification=True)
                _format_is_known(table, shard)
                told = zip(table["key"].to_pylist(), table["values"].to_pylist(), strict=True)
                rows = {key: None if values is None else np.array(values, dtype=float) for key, values in told}
            except PermissionError:
                raise
            except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
                shard.replace(shard.with_suffix(".damaged"))
                continue
            found |= rows
        return found

    def write(self, rows: Mapping[str, np.ndarray | None]) -> None:
        """Adds a file with these runs, whose name stands for their keys."""
        table = pa.table(
            {
                "key": pa.array(list(rows), type=pa.string()),
                "values": pa.array(
                    [None if values is None else values.tolist() for values in rows.values()],
                    type=pa.list_(pa.float64()),
                ),
            }
        )
        table = table.replace_schema_metadata({_FORMAT: str(FORMAT)})
        name = self.folder / f"{next(iter(rows))[:12]}-{key_of(keys=list(rows))[:8]}.parquet"
        with written(name, overwrite=True) as part:
            pa.parquet.write_table(table, part, write_page_checksum=True)


def _format_is_known(table: pa.Table, shard: Path) -> None:
    """Raises `BadInput` where a file of runs is of another format: it is not damaged, and is left as it is."""
    told = (table.schema.metadata or {}).get(_FORMAT, str(FORMAT).encode()).decode(errors="replace")
    if told != str(FORMAT):
        says = f"its runs have format {printable(told)}, this version reads {FORMAT}. Take the version of Backpath that made them."
        raise refuse("runs_format", str(shard), says)
