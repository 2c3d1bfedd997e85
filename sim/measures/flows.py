"""How many people a year go from where to where, in the base and in a scenario."""

from __future__ import annotations

import pandas as pd

from sim.experiments.comparison import Comparison
from sim.results import flows_table


def flows(comparison: Comparison, scenario: str) -> pd.DataFrame:
    """Mean people a year on each way, in the base and in the scenario, with the change in percent."""
    means = []
    for name in (comparison.base, scenario):
        tables = [
            flows_table(tallies, comparison.plan).set_index(["from", "to"])["people"]
            for tallies in comparison.tallies[name]
        ]
        total = pd.concat(tables, axis=1).fillna(0).sum(axis=1)
        means.append(total / len(tables) / max(comparison.years, 1e-9))
    table = pd.concat(means, axis=1, keys=["base", "scenario"]).fillna(0.0)
    change = 100 * (table["scenario"] - table["base"]) / table["base"].where(table["base"] > 0)
    return table.assign(change=change).reset_index()
