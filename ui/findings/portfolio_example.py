"""What must be said with the Mid-Nottinghamshire portfolio: whose its numbers are, and why not to plan with the paper's."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

import calibration
from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.value import TRIAL, graded
from ui.words import figures, money

SOURCES = Path(str(calibration.__file__)).parent / "library"
CALIBRATED = "calibrated"


@functools.cache
def published(document: str) -> Mapping[str, Any]:
    """The published figures of a source document, by name; `validation` for those of the validation page."""
    folder = SOURCES if document == "validation" else SOURCES / "sources"
    found: Mapping[str, Any] = tomllib.loads((folder / f"{document}.toml").read_text(encoding="utf-8"))
    return found


def midnotts_sentences(options: pd.DataFrame, plans: Mapping[str, Allocation]) -> list[str]:
    """The warning that goes with the portfolio, in plain words; `plans` by their gains."""
    paper = {name: fact["value"] for name, fact in published("mid_nottinghamshire").items()}
    slides = {name: fact["value"] for name, fact in published("msk_together").items()}
    targets = published("validation")["targets"]
    least, most = targets["qalys_lost_acute"]["low"], targets["qalys_lost_persistent"]["high"]
    each = paper["qalys"] / paper["people"]
    calibrated, trial = plans[CALIBRATED], plans[TRIAL]
    grades = graded(options)
    assumed = grades["assumed"] / grades.total()
    return [
        f"The published totals are reproduced as arithmetic only: {paper['qalys']:,} QALYs today and "
        f"{paper['qalys_redesigned']:,} for the same {money(paper['cost'])} and {paper['people']:,} people; here, with the "
        f"trials' gains multiplied until they fit, {calibrated.qalys_now:,.0f} and {calibrated.qalys:,.0f}.",
        f"Do not plan with them. {figures(each)} QALYs a person are {each / most:.0f} to {each / least:.0f} times all that an "
        f"average person who seeks care loses to back pain in a year ({least:g} to {most:g}): no year of treatment can give that.",
        f"With gains of the size that trials found the same table gives {trial.qalys_now:,.0f} QALYs today and "
        f"{trial.qalys:,.0f} in the plan. If everyone had the largest of them ({paper['largest_trial_gain']:g}), it would be "
        f"{paper['people'] * paper['largest_trial_gain']:,.0f}.",
        "Why the published totals are so large the abstract does not tell: people counted once for each treatment, effects "
        "over several years, or changes without a comparison group.",
        f"The sources do not agree: slides of the same area say {money(slides['back_pain_spend'])} a year and over "
        f"{slides['qalys']:,} QALYs.",
        f"{100 * assumed:.0f}% of the graded cells of the table are assumed: which treatments, how many people, what they cost, "
        "floors and mosts are ours. The paper gives totals and classes of evidence only.",
    ]
