"""The dictionary of result files: every column of every table that a command writes, from `static/result_files.csv`.

`OUTCOME` and `QUANTITY` stand for a column for each outcome of the pathway, or for each quantity drawn; `calibration` is
there only where the runs rest on one. `python -m ui.result_files > docs/result-files.md` makes the page.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

FILE = Path(__file__).parent / "static" / "result_files.csv"
ONLY_SOMETIMES = {"calibration"}
EACH = {"OUTCOME", "QUANTITY"}
HEAD = """# Result files

Every column of every table that a command writes. The same as a table to read by machine:
[result_files.csv](../ui/static/result_files.csv).

**One meaning everywhere:** counts, costs and QALYs that a table on the screen tells *a year on average* are a year on
average in CSV and JSON too. `years` says how long was measured: times it, they are totals. Tables with a column `year`
tell each year by itself. The exceptions say so in their row: discounted totals in `values.csv` of `psa`, whole numbers over
the measured years in `by_practice.csv`, care owed at the end of the run. Waits are days.

JSON objects of `compare`, `run` and `budget` say `"format": 2` and `"per": "year"`. In format 1, before, `compare` and
`run` gave totals over the years. That of `psa` says `"per": "measured years"`: its costs and QALYs are discounted totals.
"""


def dictionary() -> list[dict[str, str]]:
    """One row per column: `made_by`, `file`, `column`, `unit`, `meaning`."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def columns_of(command: str, file: str) -> list[str]:
    """The columns of a file that a command writes, in order.

    >>> columns_of("journeys", "lists.csv")
    ['week', 'day', 'service', 'waiting']
    """
    return [row["column"] for row in dictionary() if row["file"] == file and command in row["made_by"].split()]


def unlike(command: str, file: str, header: Sequence[str], *, each: Sequence[str] = ()) -> str:
    """What is wrong with the dictionary, or with a file, where they differ; "" where they agree.

    `each` are the names that a column for each outcome or quantity may have.

    >>> unlike("journeys", "lists.csv", ["week", "day", "service", "people"])
    "lists.csv of 'journeys' and ui/static/result_files.csv differ: not in the dictionary: people; not in the file: waiting."
    """
    known = columns_of(command, file)
    written = [name for name in header if name not in each]
    wanted = [name for name in known if name not in EACH and (name in written or name not in ONLY_SOMETIMES)]
    more, less = [name for name in written if name not in wanted], [name for name in wanted if name not in written]
    if written == wanted:
        return ""
    said = [f"not in the dictionary: {', '.join(more)}"] * bool(more) + [f"not in the file: {', '.join(less)}"] * bool(
        less
    )
    how = "; ".join(said) or f"the order is {', '.join(written)}"
    return f"{file} of '{command}' and ui/static/result_files.csv differ: {how}."


def page() -> str:
    """The page of the documentation."""
    parts = [HEAD]
    rows = dictionary()
    for made_by, file in dict.fromkeys((row["made_by"], row["file"]) for row in rows):
        where = f"`{file}`" if file.endswith(".csv") else file
        parts.append(f"\n## {where}: {' and '.join(f'`{each}`' for each in made_by.split(' and '))}\n")
        parts.append("\n| column | unit | meaning |\n|---|---|---|\n")
        parts += [
            f"| `{row['column']}` | {row['unit']} | {row['meaning']} |\n"
            for row in rows
            if (row["made_by"], row["file"]) == (made_by, file)
        ]
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
