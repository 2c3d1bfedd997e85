"""A comparison: scenarios over the same patients, with the values of every replication."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from outcomes import PairedDifference, paired_difference, too_few_events, too_few_runs_differ
from sim.arrays.layout import REFERRAL, SEEN
from sim.experiments.experiment import Result
from sim.plan import Plan
from sim.reducers import Tallies
from sim.results import TABLES, outcome_values, share_still_waiting


@dataclass(frozen=True)
class Comparison(Result):
    """What a comparison found.

    `in_areas` are the plans of the cases for each area. `tallies[name][r]` are the counts of scenario `name` in
    replication r, over all areas; the base is among them. With a calibration, of which the experiment has the draws that
    were taken, each replication had its own, and plans are those of the first; for prices and utilities ask `plan_of`.
    `values[name]` are the outcomes, one row per replication; those that are known already need not be worked out again.
    """

    tallies: Mapping[str, list[Tallies]]
    in_areas: Sequence[Mapping[str, Plan]]
    values: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {name: self._values_of(name) for name in self.tallies})

    def _values_of(self, scenario: str) -> pd.DataFrame:
        """The outcomes of each replication of a scenario: those known already, and of the rest what their counts give."""
        known = self.values.get(scenario, pd.DataFrame())
        runs = range(len(known), len(self.tallies[scenario]))
        found = [outcome_values(self.tallies[scenario][run], self.plan_of(scenario, run)) for run in runs]
        return pd.concat([known, pd.DataFrame(found)], ignore_index=True) if found else known

    def plan_of(self, scenario: str, replication: int) -> Plan:
        """A scenario's plan with the quantities of one replication: what its tables are read with.

        What the engines read of it, the `arrays`, is of the first replication.
        """
        plan = self.plans[scenario]
        if self.calibration is None:
            return plan
        return replace(plan, pathway=self.calibration.case_at(self.cases[scenario], replication).pathway)

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The plans of the cases for the first area."""
        return self.in_areas[0]

    @property
    def plan(self) -> Plan:
        """The base's plan for the first area."""
        return self.plans[self.base]

    @property
    def replications(self) -> int:
        """How many replications were run, which is not known before where as many were asked for as it takes."""
        return len(self.tallies[self.base])

    @property
    def scenarios(self) -> list[str]:
        """The scenarios that are compared with the base."""
        return [name for name in self.cases if name != self.base] or [self.base]

    @property
    def outcomes(self) -> list[str]:
        """The outcomes that are reported."""
        return list(self.plan.pathway.outcomes)

    def difference(self, scenario: str, outcome: str) -> PairedDifference:
        """Scenario minus base, run by run."""
        return paired_difference(self.values[scenario][outcome].to_numpy(), self.values[self.base][outcome].to_numpy())

    def mean(self, scenario: str, outcome: str) -> float:
        """The mean over replications; NaN where no run has a value."""
        values = self.values[scenario][outcome].to_numpy()
        return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")

    def too_rare(self, scenario: str, outcome: str) -> bool:
        """Whether a difference rests on too few events, or too few runs, to have an interval that means something.

        A wait rests on the people who come and who are seen: where neither differ by more than a few, the little that it
        differs hangs on single people in the queue. Where not a single count differs in any run there is no difference,
        however rare the outcome.
        """
        values, before = (self.values[name][outcome].to_numpy() for name in (scenario, self.base))
        word = self.plan.pathway.outcomes[outcome]
        rare = too_few_runs_differ(values, before)
        if word.of in ("seen", "referral"):
            rare = too_few_events(values, before)
        if word.of == "wait":
            rare = rare or all(self._few_events(scenario, kind, word.services) for kind in (REFERRAL, SEEN))
        return rare and not self.nothing_differs(scenario)

    def _few_events(self, scenario: str, kind: int, services: Sequence[str]) -> bool:
        """Whether the runs differ by too few events of a kind at some services."""
        chosen = [self.plan.services.index(name) for name in services]
        sides = (
            [tallies.monthly[kind, chosen].sum() for tallies in self.tallies[name]] for name in (scenario, self.base)
        )
        return too_few_events(*map(np.array, sides))

    def nothing_differs(self, scenario: str) -> bool:
        """Whether a scenario's runs are those of the base, to the last count."""
        pairs = zip(self.tallies[scenario], self.tallies[self.base], strict=True)
        return all(np.array_equal(one, other) for pair in pairs for one, other in zip(*pair, strict=True))

    def still_waiting(self, scenario: str, outcome: str) -> float:
        """The share of those referred in the measured years who wait at the end of the run, for an outcome that is a
        wait: the mean over replications, NaN where nobody was ever referred."""
        services, plan = self.plan.pathway.outcomes[outcome].services, self.plans[scenario]
        shares = np.array([share_still_waiting(services, tallies, plan) for tallies in self.tallies[scenario]])
        return float(np.nanmean(shares)) if not np.isnan(shares).all() else float("nan")

    def tables(self, name: str) -> Iterator[pd.DataFrame]:
        """One of `sim.results.TABLES` piece by piece, for each scenario and replication, which its first columns name."""
        for scenario, runs in self.tallies.items():
            for replication, tallies in enumerate(runs):
                table = TABLES[name](tallies, self.plan_of(self.base, replication), self.region.codes)
                table.insert(0, "replication", replication)
                table.insert(0, "scenario", scenario)
                yield table

    def table(self) -> pd.DataFrame:
        """One row per scenario and outcome: base, scenario, and the paired difference with its interval.

        `lowest` and `highest` are the range of the runs. A difference that is `too_rare` to tell has no interval. Of waits
        `base_still_waiting` and `scenario_still_waiting` are the shares who wait at the end of the run.
        """
        rows = []
        for scenario in self.scenarios:
            for outcome in self.outcomes:
                difference, rare = self.difference(scenario, outcome), self.too_rare(scenario, outcome)
                waits = self.plan.pathway.outcomes[outcome].of == "wait"
                rows.append(
                    {
                        "scenario": scenario,
                        "outcome": outcome,
                        "base": self.mean(self.base, outcome),
                        "scenario_mean": self.mean(scenario, outcome),
                        "difference": difference.mean,
                        "low": np.nan if rare else difference.low,
                        "high": np.nan if rare else difference.high,
                        "lowest": difference.lowest,
                        "highest": difference.highest,
                        "too_rare": rare,
                        "share_lower": difference.share_lower,
                        "share_higher": difference.share_higher,
                        "runs": difference.runs,
                        **{
                            f"{side}_still_waiting": self.still_waiting(name, outcome) if waits else np.nan
                            for side, name in (("base", self.base), ("scenario", scenario))
                        },
                    }
                )
        return pd.DataFrame(rows)
