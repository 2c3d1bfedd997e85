"""Utilities: classes of patients by the norm of their age and by what else their pain takes from them.

A patient's class is fixed at onset. Utility = the norm of their age, minus what the state takes, minus, while in pain,
what each decrement that applies to them takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from outcomes.economics.qalys import LOWEST
from pathways import Pathway
from pathways.checks import age_band
from pathways.health import PAIN_STATES, STATES
from sim.arrays.jit import loop
from sim.arrays.layout import AGE, StateArrays
from sim.plan import Plan
from sim.rules import holds


def utility_class_count(pathway: Pathway) -> int:
    """How many classes there are."""
    return max(1, len(_norms(pathway))) * 2 ** len(pathway.health.decrements)


def utility_classes(plan: Plan, state: StateArrays) -> np.ndarray:
    """Each patient's class, from what they are like at onset; int32, shape (patients,)."""
    highest = [age_band(band)[1] for band in list(_norms(plan.pathway))[:-1]]
    classes = np.searchsorted(np.array(highest, dtype=np.int64), state.patients["attributes"][:, AGE], side="left")
    for first_test, count in plan.decrement_tests:
        classes = 2 * classes + _whom(plan.memory, state.memory[0], first_test, count)
    return classes.astype(np.int32)


@loop
def _whom(plan: Any, state: Any, first_test: Any, count: Any) -> Any:
    """Of whom a run of tests on facts of onset holds."""
    whom = np.zeros(state.patient_count, dtype=np.int64)
    for i in range(state.patient_count):
        whom[i] = holds(plan, state, i, first_test, count, plan.first_tick)
    return whom


def utilities(pathway: Pathway) -> np.ndarray:
    """The utility of a year by state and class, shape (4 states, classes)."""
    health, quantities = pathway.health, pathway.quantities
    of_state = {str(state): quantities[name].number() for state, name in health.utility.items()}
    norms = list(_norms(pathway).values()) or [of_state["well"]]
    takes = [quantities[decrement.by].number() for decrement in health.decrements]
    table = np.zeros((len(STATES), utility_class_count(pathway)))
    for code in range(table.shape[1]):
        norm, mask = divmod(code, 2 ** len(takes))
        extra = sum(take for k, take in enumerate(reversed(takes)) if mask >> k & 1)
        for position, state in enumerate(STATES):
            table[position, code] = norms[norm] - (of_state["well"] - of_state[state])
            table[position, code] -= extra if state in PAIN_STATES else 0.0
    return np.maximum(table, LOWEST)


def _norms(pathway: Pathway) -> dict[str, float]:
    """Norms by age band, youngest first; empty where the pathway has none."""
    name = pathway.health.norm_by_age
    levels = pathway.quantities[name].levels() if name else {}
    return dict(sorted(levels.items(), key=lambda level: age_band(level[0])[0]))
