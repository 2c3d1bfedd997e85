"""The columns of a Parquet file as numbers and text, whatever they are stored as. What they mean is not known here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pathways.files.cells import BLANKS, named_twice
from pathways.files.opened import MOST_BYTES, printable
from pathways.files.persons import shown
from pathways.files.values import EXACT
from pathways.problems import BadInput, Problem, refuse

MOST_ROWS = 200_000_000
"""A small file can hold any number of rows that are all alike."""
INDEX = "__index_level_"
"""How pandas names an index that it stores as a column."""


def parquet_in(data: bytes, file: str) -> pd.DataFrame:
    """The table in the bytes of a Parquet file; `BadInput` where it is damaged, or a column holds neither numbers nor text.

    Numbers are floats, NaN where nothing stands, as are decimals; all else is text, "" where nothing stands: dates as
    2025-04-01, times of day in the time of the column's own zone, whole numbers too long to be floats.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        stored = pq.ParquetFile(pa.BufferReader(data))
        size = sum(stored.metadata.row_group(group).total_byte_size for group in range(stored.metadata.num_row_groups))
        if size > MOST_BYTES or stored.metadata.num_rows > MOST_ROWS:
            says = f"it would unpack to {size / 1e9:.1f} GB and {stored.metadata.num_rows:,} rows, which is more than is read."
            raise refuse("file_is_not_too_large", file, f"{says} Take out what is not needed.")
        table = stored.read()
        names = [name for name in table.column_names if not name.startswith(INDEX)]
    except (pa.ArrowException, OSError, ValueError, MemoryError):
        says = "this is no Parquet file that can be read: it is damaged or cut short. Save it again."
        raise refuse("archive_is_whole", file, says) from None
    problems = named_twice(names, file)
    made = {}
    for name in dict.fromkeys(names) if not problems else ():
        try:
            made[name.strip(BLANKS)] = _plain(table.column(name))
        except (pa.ArrowException, ValueError, OverflowError):
            kind = printable(str(table.schema.field(name).type))
            says = f"it holds {kind}, which cannot be read here. Store numbers, text or dates, or remove it."
            problems.append(Problem("columns_are_plain", f"{file}: column {shown(name)}", says))
    if problems:
        raise BadInput(problems)
    return pd.DataFrame(made, index=range(table.num_rows))


def _plain(column: Any) -> np.ndarray:
    """A column as floats or as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    while pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind):
        raise ValueError("not plain")
    whole = pa.types.is_integer(kind) and column.null_count < len(column)
    large = whole and max(map(abs, pc.min_max(column).as_py().values())) > EXACT
    if not large and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return np.asarray(numbers, dtype=float)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = pc.local_timestamp(column)
    text = pc.fill_null(column.cast(pa.large_string()), "")
    codes = text.dictionary_encode().combine_chunks()
    values = np.array([value.strip(BLANKS) for value in codes.dictionary.to_pylist()], dtype=object)
    if not len(values):
        return np.full(len(column), "", dtype=object)
    return np.asarray(values[codes.indices.to_numpy(zero_copy_only=False)], dtype=object)
