"""How an outcome that counts people changes by deprivation decile."""

from __future__ import annotations

import numpy as np
import pandas as pd

from outcomes import paired_difference
from sim.experiments.comparison import Comparison
from sim.results import by_decile_table


def change_by_decile(comparison: Comparison, outcome: str) -> pd.DataFrame | None:
    """The change in percent of the base's mean: a row for each scenario and decile, with `scenario`, `decile` (1 is most
    deprived), `mean`, and `low` and `high`, the 95% interval of it over paired runs, or the mean where there is one run.

    None for outcomes that do not count people.
    """
    word = comparison.plan.pathway.outcomes[outcome]
    if word.of not in ("seen", "referral"):
        return None
    column = "seen" if word.of == "seen" else "referred"

    def counts(name: str) -> np.ndarray:
        runs = range(comparison.replications)
        return np.array([_by_decile(comparison, name, run, word.services, column) for run in runs])

    rows = []
    for name in comparison.scenarios:
        after, before = counts(name), counts(comparison.base)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 100 * (after - before) / before.mean(axis=0)
        for decile in range(share.shape[1]):
            usable = share[:, decile][np.isfinite(share[:, decile])]
            if len(usable):
                found = paired_difference(usable, np.zeros(len(usable)))
                low, high = (found.mean if len(usable) == 1 else end for end in (found.low, found.high))
                rows.append((name, decile + 1, found.mean, float(low), float(high)))
    return pd.DataFrame(rows, columns=["scenario", "decile", "mean", "low", "high"])


def _by_decile(comparison: Comparison, scenario: str, run: int, services: list[str], column: str) -> np.ndarray:
    table: pd.DataFrame = by_decile_table(comparison.tallies[scenario][run], comparison.plan)
    chosen = table[table["service"].isin(services)]
    counts: np.ndarray = chosen.groupby("decile")[column].sum().to_numpy(dtype=float)
    return counts
