"""Treatment effects: the multiplier on improving with which the model shows the difference that a trial found.

Trials report differences between groups in points or QALYs; the model treats by multiplying the rate of improving. Two
groups with persistent pain are followed, one treated with a multiplier, and the multiplier is found at which they
differ by what was published (library/treatment_targets.toml). Nothing here is left to chance.

    python -m calibration.treatment_effects usual_care
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize

from calibration.natural_history import FOLDER, read_quantities
from calibration.untreated import Untreated
from pathways import Pathway, Quantity, load_pathway
from pathways.quantity import DAYS_IN, DAYS_IN_A_YEAR
from sim.plan import effect_steps

LEAST, MOST = 0.05, 15.0
"""Multipliers are looked for in between; the engine allows sixteenfold."""


class EffectTarget(Quantity):
    """A published difference between treated and untreated, after some weeks; gains are positive.

    `share` is how much of it is believed to hold for the model's people.
    """

    effect: str
    measure: Literal["pain", "disability", "qalys"]
    weeks: int
    share: float = 1.0


def read_targets() -> dict[str, EffectTarget]:
    """The published differences, by name."""
    written = tomllib.loads((FOLDER / "treatment_targets.toml").read_text(encoding="utf-8"))
    return {name: EffectTarget.model_validate(body) for name, body in written.items()}


def gain(untreated: Untreated, pathway: Pathway, target: EffectTarget, *, improve_times: float) -> float:
    """What people with persistent pain gain by a treatment of this size, as the target measures it."""
    treated = follow_treated(untreated, pathway, target.effect, improve_times)
    day = round(target.weeks * DAYS_IN["weeks"])
    difference = treated - untreated.persistent
    if target.measure == "qalys":
        utility = untreated.score(pathway.health.utility)
        return float((difference[: day + 1] @ utility).sum() / DAYS_IN_A_YEAR)
    score = untreated.score(pathway.health.pain if target.measure == "pain" else pathway.health.disability)
    return float(-(difference[day] @ score))


def follow_treated(untreated: Untreated, pathway: Pathway, effect: str, improve_times: float) -> np.ndarray:
    """The people of the untreated persistent cohort, treated on day 0, by day for a year."""
    steps = effect_steps(pathway.effects[effect], lambda name: round(pathway.quantities[name].days()))
    people = untreated.entering[None]
    for until, share in [*steps, (DAYS_IN_A_YEAR, 0.0)]:
        days = min(until, DAYS_IN_A_YEAR) - (len(people) - 1)
        step = untreated.step(improve_times=1 + (improve_times - 1) * share)
        people = np.concatenate([people[:-1], untreated.follow(people[-1], step, days=max(days, 0))])
    return people


def multiplier(untreated: Untreated, pathway: Pathway, target: EffectTarget, published: float) -> float:
    """The multiplier at which the model shows a published difference; the nearest bound where none does."""
    wanted = published * target.share

    def off(log_times: float) -> float:
        return gain(untreated, pathway, target, improve_times=float(np.exp(log_times))) - wanted

    low, high = np.log(LEAST), np.log(MOST)
    if off(high) < 0:
        return MOST
    if off(low) > 0:
        return LEAST
    return float(np.exp(optimize.brentq(off, low, high, xtol=1e-3)))


def table(pathway: Pathway, targets: Mapping[str, EffectTarget]) -> pd.DataFrame:
    """One row per target: published difference, what the pathway's own multiplier gives, and the one that would fit.

    `low` and `high` are the multipliers at the ends of the published interval.
    """
    untreated = Untreated(pathway, read_quantities("settings"))
    rows = []
    for name, target in targets.items():
        own = pathway.quantities[str(pathway.effects[target.effect].improve_times)].number()
        of = partial(multiplier, untreated, pathway, target)
        bounds = target.model_dump()
        rows.append(
            {
                "target": name,
                "effect": target.effect,
                "measure": f"{target.measure} at {target.weeks} weeks",
                "wanted": target.number() * target.share,
                "model": gain(untreated, pathway, target, improve_times=own),
                "multiplier": own,
                "fitted": of(target.number()),
                "low": of(bounds["low"]),
                "high": of(bounds["high"]),
            }
        )
    return pd.DataFrame(rows).set_index("target")


def main(arguments: list[str]) -> None:
    """Prints the table for a pathway."""
    print(table(load_pathway(arguments[0]), read_targets()).to_string(float_format="{:.3g}".format))


if __name__ == "__main__":
    main(sys.argv[1:])
