"""Readers of where practices belong and how deprived their people are, from official files as they are published.

Publishers: NHS England (the map of practices to networks and areas), OHID Fingertips (deprivation score by practice).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from pathways.files.opened import name_of
from pathways.files.table import Column, typed
from pathways.official.practices import one_date, open_table, repeats
from pathways.problems import BadInput, Problem, refuse

NO_NETWORK = "U"
"""What the map writes where a practice is in no network."""
HIGHEST_SCORE = 100
"""The index of deprivation cannot be higher."""
DECILES_OF = 10
FEW = 3
"""From as many practices on, what their scores have in common tells what they are."""


@dataclass(frozen=True)
class PracticeMap:
    """The network and areas of each practice, and the day that the map is of, if it says so.

    `table` is by code of the practice: name, network (blank if none), network_name, area, area_name, icb, icb_name.
    """

    table: pd.DataFrame
    date: date | None


def read_map(path: Path) -> PracticeMap:
    """The map of practices to networks and areas. Names and boards that an edition lacks are blank."""
    table, named = open_table(path, what="map")
    file = name_of(path)
    if table.empty:
        raise refuse("practices_exist", file, "there is no practice on the map. Is the file whole?")
    if problems := repeats(table, ["practice"], file):
        raise BadInput(problems)
    day = one_date(table, named, file)
    blank = {name: "" for name in ("network_name", "area_name", "icb", "icb_name") if name not in table}
    table = table.assign(**blank, network=table["network"].where(table["network"] != NO_NETWORK, ""))
    return PracticeMap(table.set_index("practice"), day)


def read_deprivation(path: Path) -> dict[str, float]:
    """The deprivation score of each practice; a higher score is more deprived. Rows of other areas are left out."""
    table, named = open_table(path, what="deprivation")
    file = name_of(path)
    if "indicator" in table:
        others = sorted({name for name in table["indicator"] if "deprivation" not in name.lower()} - {""})
        if others:
            says = f"it holds '{others[0]}', which is no deprivation score. Keep the rows of one indicator, the score (IMD)."
            raise refuse("file_is_the_right_one", f"{file}: column {named['indicator']}", says)
    if "level" in table:
        levels = table["level"].str.upper()
        if not (levels == "GP").any():
            has = ", ".join(sorted(set(table["level"]) - {""})[:5]) or "none"
            says = f"no row is of a GP practice ('GP'). There are: {has}. Download the scores by GP practice."
            raise refuse("practices_exist", f"{file}: column {named['level']}", says)
        table = table[levels == "GP"]
    table = table[table["score"] != ""]
    if "edition" in table and len(set(table["edition"])) > 1:
        says = f"scores of several editions stand in it ({', '.join(sorted(set(table['edition']))[:5])}). Keep one."
        raise refuse("one_edition", f"{file}: column {named['edition']}", says)
    columns = [Column(named["practice"]), Column(named["score"], "number", high=HIGHEST_SCORE)]
    cells = table[["practice", "score"]].set_axis([column.name for column in columns], axis=1)
    scores = typed(cells, columns, file=file).set_axis(["practice", "score"], axis=1)
    problems = repeats(scores, ["practice"], file)
    if fault := score_fault(scores["score"]):
        problems.append(Problem("scores_are_scores", f"{file}: column {named['score']}", fault))
    if problems:
        raise BadInput(problems)
    return dict(zip(scores["practice"], scores["score"].astype(float), strict=True))


def score_fault(scores: pd.Series) -> str:
    """What scores of deprivation seem to be instead, or nothing.

    >>> score_fault(pd.Series([1.0, 3.0, 5.0, 10.0]))[:48]
    'these look like deciles or fifths, not scores: a'
    >>> score_fault(pd.Series([8.1, 21.0, 33.5]))
    ''
    """
    if len(scores) < FEW:
        return ""
    if (scores % 1 == 0).all() and scores.between(1, DECILES_OF).all():
        return (
            "these look like deciles or fifths, not scores: all are whole numbers from 1 to 10, and their order would be "
            "reversed. Give the scores (IMD)."
        )
    if (scores <= 1).all():
        return "these look like shares or places between 0 and 1, not scores. Give the scores (IMD)."
    if len(set(scores)) == 1:
        return f"every practice has the same score, {scores.iloc[0]:g}: that tells nothing. Give the scores (IMD)."
    return ""
