"""The cells of a planner's CSV file, as spreadsheets save it: rows numbered as a spreadsheet shows them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pathways import refuse


def cells_of(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a CSV file and its rows that are not blank, each with its number in a spreadsheet.

    A mark at the beginning, line ends of Windows and blanks around a cell are taken off. `BadInput` where the file
    cannot be read, is empty, or has other separators than commas.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise refuse("file_exists", path.name, "there is no such file.") from None
    except UnicodeDecodeError:
        raise refuse("file_is_text", path.name, "this is not a text file in UTF-8. Save it as CSV UTF-8.") from None
    except OSError as error:
        raise refuse("file_can_be_read", path.name, f"it cannot be read: {error.strerror}.") from None
    try:
        rows = [
            (number, [cell.strip() for cell in cells])
            for number, cells in enumerate(csv.reader(io.StringIO(text), skipinitialspace=True), start=1)
        ]
    except csv.Error as error:
        raise refuse("file_is_csv", path.name, f"this is not a CSV table: {error}.") from None
    rows = [(number, cells) for number, cells in rows if any(cells)]
    if not rows:
        raise refuse("file_is_csv", path.name, "the file is empty.")
    header = rows[0][1]
    if len(header) == 1 and (header[0].count(";") > 1 or "\t" in header[0]):
        raise refuse("file_is_csv", path.name, "its columns are not separated by commas. Save it as CSV with commas.")
    return header, rows[1:]
