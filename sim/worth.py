"""What time in a state is worth to whom: classes of patients by age norm and by what else their pain takes from them.

A patient's class is fixed at onset. Utility = the norm of their age, minus what the state takes, minus, while in pain,
what each decrement that applies to them takes.
"""

from __future__ import annotations

import numpy as np

from pathways import Condition, Pathway, parse_when
from pathways.checks import age_band
from pathways.health import PAIN_STATES, STATES
from sim.layout import AGE, DECILE, FIRST_ATTRIBUTE, SEX


def class_count(pathway: Pathway) -> int:
    """How many classes there are."""
    return max(1, len(_norms(pathway))) * 2 ** len(pathway.health.decrements)


def worth_classes(pathway: Pathway, attributes: np.ndarray) -> np.ndarray:
    """Each patient's class; `attributes` as at onset, shape (patients, attributes)."""
    bands = list(_norms(pathway))
    highest = np.array([age_band(band)[1] for band in bands[:-1]], dtype=np.int64)
    classes = np.searchsorted(highest, attributes[:, AGE], side="left")
    for decrement in pathway.health.decrements:
        conditions, _ = parse_when(
            decrement.when,
            attributes=pathway.attributes,
            services=set(),
            levers=set(),
            quantities=set(pathway.quantities),
        )
        applies = np.ones(len(attributes), dtype=bool)
        for condition in conditions:
            applies &= _holds(pathway, condition, attributes)
        classes = 2 * classes + applies
    return classes.astype(np.int16)


def _holds(pathway: Pathway, condition: Condition, attributes: np.ndarray) -> np.ndarray:
    names = list(pathway.attributes)
    at = {"age": AGE, "sex": SEX, "deprivation_decile": DECILE}
    column = attributes[:, at.get(condition.feature, FIRST_ATTRIBUTE)]
    if condition.feature in names:
        column = attributes[:, FIRST_ATTRIBUTE + names.index(condition.feature)]
    if condition.levels is not None:
        levels = (
            ("female", "male") if condition.feature == "sex" else tuple(pathway.attributes[condition.feature].levels)
        )
        held: np.ndarray = np.isin(column, [levels.index(level) for level in condition.levels])
        return held
    inside = np.ones(len(column), dtype=bool)
    if condition.low is not None:
        inside &= column >= _bound(pathway, condition.low) + condition.low_plus
    if condition.high is not None:
        inside &= column <= _bound(pathway, condition.high) + condition.high_plus
    return inside


def _bound(pathway: Pathway, bound: int | str) -> int:
    return bound if isinstance(bound, int) else round(pathway.quantities[bound].number())


def worth(pathway: Pathway) -> np.ndarray:
    """The utility of a year by state and class, shape (4 states, classes)."""
    health, quantities = pathway.health, pathway.quantities
    of_state = {str(state): quantities[name].number() for state, name in health.utility.items()}
    norms = list(_norms(pathway).values()) or [of_state["well"]]
    takes = [quantities[decrement.by].number() for decrement in health.decrements]
    table = np.zeros((len(STATES), class_count(pathway)))
    for code in range(table.shape[1]):
        norm, mask = divmod(code, 2 ** len(takes))
        extra = sum(take for k, take in enumerate(reversed(takes)) if mask >> k & 1)
        for position, state in enumerate(STATES):
            table[position, code] = norms[norm] - (of_state["well"] - of_state[state])
            table[position, code] -= extra if state in PAIN_STATES else 0.0
    return np.maximum(table, LOWEST)


LOWEST = -0.594
"""The lowest utility of the scale in use (EQ-5D-3L, UK); `outcomes` refuses anything below."""


def _norms(pathway: Pathway) -> dict[str, float]:
    """Norms by age band, youngest first; empty where the pathway has none."""
    name = pathway.health.norm_by_age
    levels = pathway.quantities[name].levels() if name else {}
    return dict(sorted(levels.items(), key=lambda level: age_band(level[0])[0]))
