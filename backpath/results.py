"""What the ten functions of `backpath` give: an object with tables, words and `save`. Its tables are pandas DataFrames.

Each column of each table stands in docs/result-files.md, under the file that `save` writes of it. Nothing is worked out here:
a result holds what the command line would have told and written, in `found`, and hands it on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from calibration.calibrate import Calibration
    from outcomes.portfolio.value import PortfolioValue
    from outcomes.practices.practice_variation import PracticeVariation
    from sim.experiments.comparison import Comparison
    from ui.findings.value_for_money import Findings
    from ui.reports.journeys import Journeys


class _InWords(ABC):
    """What every result has: its words, which a notebook shows of it."""

    @abstractmethod
    def headline(self) -> str:
        """What was found, in words."""

    def __repr__(self) -> str:
        return self.headline()


@dataclass(frozen=True, repr=False)
class _OfRuns(_InWords):
    """What comparisons and single runs share: the tables of every run, and where they are saved."""

    found: Comparison
    region_from: str | Path | None = None

    @cached_property
    def activity(self) -> pd.DataFrame:
        """Contacts: one row per scenario, replication, service and year; see `activity.csv`."""
        return self._table("activity")

    @cached_property
    def waits(self) -> pd.DataFrame:
        """Waits in days, who still waits counted: a row per scenario, replication, service and year; see `waits.csv`."""
        return self._table("waits")

    @cached_property
    def lists(self) -> pd.DataFrame:
        """People waiting: one row per scenario, replication, service and week; see `lists.csv`."""
        return self._table("lists")

    @cached_property
    def health(self) -> pd.DataFrame:
        """Years lived by state: one row per scenario, replication, year, state, decile and utility; see `health.csv`."""
        return self._table("health")

    @cached_property
    def by_decile(self) -> pd.DataFrame:
        """Contacts by deprivation: a row per scenario, replication, decile, service and year; see `by_decile.csv`."""
        return self._table("by_decile")

    @cached_property
    def by_practice(self) -> pd.DataFrame:
        """Contacts by practice: a row per scenario, replication, practice and service; see `by_practice.csv`."""
        return self._table("by_practice")

    def _table(self, name: str) -> pd.DataFrame:
        from ui.reports.comparison import result_table

        return result_table(self.found, name)

    def save(self, folder: str | Path, *, region_from: str | Path | None = None, overwrite: bool = False) -> list[str]:
        """Writes the tables and the record into a new folder, as `--out` does, whole or not at all; the files' names.

        The record says where its region is found again. Of a region that is not in the library that is `region_from`, its
        folder; left out, it is the folder that the question named. `overwrite` replaces a folder of results.
        """
        from ui.reports.comparison import region_named, write_results

        where = region_named(self.found.region, region_from or self.region_from)
        return write_results(self.found, Path(folder), region_from=where, overwrite=overwrite)


class ComparisonResult(_OfRuns):
    """Scenarios compared over the same patients. `found` is the `sim.experiments.comparison.Comparison` behind it."""

    @cached_property
    def differences(self) -> pd.DataFrame:
        """What changes: one row per scenario and outcome, with the 95% interval and the verdict; see `differences.csv`."""
        from ui.reports.decision_table import differences_table

        return differences_table(self.found)

    def in_words(self, scenario: str | None = None) -> pd.DataFrame:
        """The decision table of a scenario as the report words it, indexed by outcome; the first scenario's if left out.

        Columns, all text: the base's and the scenario's own name (a year on average, waits in days), `change`,
        `interval_95`, `runs` (how many agree) and `verdict`.
        """
        from ui.reports.decision_table import decision_frame

        return decision_frame(self.found, scenario or self.found.scenarios[0])

    def headline(self) -> str:
        """What the runs show of each scenario, what gets worse, what care is still owed, and on what it rests: in words."""
        from ui.reports.comparison import headline_text

        return headline_text(self.found)

    @property
    def warnings(self) -> list[str]:
        """What to know before relying on it, one sentence each."""
        from sim.experiments.precision import warnings_of

        return warnings_of(self.found)


class RunResult(_OfRuns):
    """One scenario, run. `found` is the `sim.experiments.comparison.Comparison` of this scenario alone."""

    @cached_property
    def services(self) -> pd.DataFrame:
        """Means over the runs: one row per service and year; see `run --csv`."""
        from ui.reports.run import run_table

        return run_table(self.found)

    def events(self) -> pd.DataFrame:
        """Every event of every patient, one row each, as `run --log` writes them; the columns are told in docs/event-log.md.

        It is run again for this, and may be large. With more than one replication a column `replication` stands last.
        """
        from ui.reports.run import event_table

        return event_table(self.found)

    def headline(self) -> str:
        """The outcomes of the run, a year on average, one line each."""
        from ui.reports.run import outcomes_text

        return outcomes_text(self.found)

    @property
    def warnings(self) -> list[str]:
        """What to know before relying on it, one sentence each."""
        from ui.reports.run import run_warnings

        return run_warnings(self.found)


@dataclass(frozen=True, repr=False)
class PsaResult(_InWords):
    """A sensitivity analysis. `found` is the `ui.findings.value_for_money.Findings` behind it."""

    found: Findings

    @cached_property
    def values(self) -> pd.DataFrame:
        """One row per draw, replication and scenario: cost in GBP and QALYs, discounted, and outcomes; see `values.csv`."""
        from ui.reports.psa import values_table

        return values_table(self.found)

    @cached_property
    def quantities(self) -> pd.DataFrame:
        """One row per draw, one column per quantity drawn, in its own unit; see `quantities.csv`."""
        from ui.reports.psa import quantities_table

        return quantities_table(self.found)

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """One row per quantity: as it is written beside as it was drawn."""
        of = self.found.found
        return of.draws.beside_written(of.cases[of.base])

    @property
    def acceptability(self) -> pd.DataFrame | None:
        """How often each scenario is the best value, by what a QALY may cost (GBP); None where chance hides it."""
        return self.found.curves

    def headline(self) -> str:
        """Value for money of each scenario, what could change the answer, and what these draws cannot tell: in words."""
        from ui.findings.value_for_money import curve_refused, psa_sentences

        return "\n".join([*psa_sentences(self.found), *([curve_refused(self.found)] if self.found.refused else [])])

    def save(self, folder: str | Path, *, overwrite: bool = False) -> list[str]:
        """Writes page, tables and JSON into a new folder, as `psa --out` does, whole or not at all; the files' names."""
        from ui.reports.psa import write_findings

        return write_findings(self.found, Path(folder), overwrite=overwrite)


@dataclass(frozen=True, repr=False)
class CalibrationResult(_InWords):
    """A calibration, which stands in its folder. `found` is the `calibration.calibrate.Calibration` behind it.

    Give it, or the folder, as `calibration` to `compare`, `run` and `psa`.
    """

    found: Calibration
    folder: Path

    @property
    def posterior(self) -> pd.DataFrame:
        """Joint draws: one row each, one column per quantity fitted, in standard normal scores; see `posterior.csv`."""
        return self.table("posterior")

    @property
    def targets(self) -> pd.DataFrame:
        """The figures that were fitted, as they were used; see `targets.csv`."""
        return self.table("targets")

    def table(self, name: str) -> pd.DataFrame:
        """A table of the folder by its name: `targets`, `posterior`, `back_test`, `practices` or `practice_ratios`.

        Which there are depends on what was found: without a match there is no `posterior`. One that is not there raises
        `FileNotFoundError`.
        """
        import pandas as pd

        return pd.read_csv(self.folder / f"{name}.csv")

    @property
    def verdict(self) -> str:
        """CALIBRATED, CALIBRATED WITH WARNINGS or NOT MATCHED, with the reasons."""
        return str(self.found.verdict)

    def headline(self) -> str:
        """The verdict."""
        return self.verdict


@dataclass(frozen=True, repr=False)
class JourneysResult(_InWords):
    """People followed through events. `found` is the `ui.reports.journeys.Journeys` behind it, small numbers not hidden;
    the tables here have them hidden as `disclosure` says, a hidden one as "*".
    """

    found: Journeys
    disclosure: str

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by its name: `waits`, `lists`, `continuity`, and `treatment` where clocks start and stop."""
        return self.found.tables(self.disclosure)

    @property
    def waits(self) -> pd.DataFrame:
        """Waits in days by service, and by group where people are compared; see `waits.csv` of `journeys`."""
        return self.tables["waits"]

    @property
    def lists(self) -> pd.DataFrame:
        """People on each list by week; see `lists.csv` of `journeys`."""
        return self.tables["lists"]

    @property
    def treatment(self) -> pd.DataFrame | None:
        """Referral to treatment in weeks, one row; None where no service is consultant-led or treats."""
        return self.tables.get("treatment")

    @property
    def continuity(self) -> pd.DataFrame:
        """Continuity of care, means per patient, by group; see `continuity.csv`."""
        return self.tables["continuity"]

    @property
    def notes(self) -> list[str]:
        """What is told beside the tables: what was dropped, read otherwise, or cannot have happened."""
        return self.found.told(self.disclosure)

    def headline(self) -> str:
        """What is told beside the tables, one line each, and how small numbers were treated."""
        from outcomes import disclosure_sentence

        return "\n".join([*self.notes, disclosure_sentence(self.disclosure)])

    def save(self, folder: str | Path, *, overwrite: bool = False) -> list[str]:
        """Writes every table as CSV, all as JSON, and the notes into a new folder, as `journeys --out` does."""
        from ui.reports.journeys import write_journeys

        return write_journeys(self.tables, self.notes, Path(folder), self.disclosure, overwrite=overwrite)


@dataclass(frozen=True, repr=False)
class VariationResult(_InWords):
    """Practices compared. `found` is the `outcomes` result behind it, worked out from the counts that are shown.

    `notes` tell of the file: rows left out, and what to look at again.
    """

    found: PracticeVariation
    notes: tuple[str, ...]

    @property
    def practices(self) -> pd.DataFrame:
        """One row per practice: observed and expected events, ratio, rate per 1,000 people, funnel; see `practices.csv`."""
        return self.found.table

    def headline(self) -> str:
        """The findings in sentences, one line each, and how small numbers were treated."""
        from ui.reports.variation import disclosure_note

        return "\n".join([*self.found.says, *self.notes, disclosure_note(self.found)])

    def save(self, folder: str | Path, *, overwrite: bool = False) -> list[str]:
        """Writes page, table, JSON and the funnel into a new folder, as `variation --out` does; the files' names."""
        from ui.reports.variation import write_variation

        return write_variation(self.found, Path(folder), notes=self.notes, overwrite=overwrite)


@dataclass(frozen=True, repr=False)
class ValueResult(_InWords):
    """A portfolio valued. `found` is the `outcomes.portfolio.value.PortfolioValue` behind it."""

    found: PortfolioValue

    @cached_property
    def plan(self) -> pd.DataFrame:
        """One row per service (and group): people, cost in GBP and QALYs now and in the plan; see `plan.csv`."""
        return self.found.table()

    @property
    def warnings(self) -> list[str]:
        """Reasons not to rely on the plan."""
        return list(self.found.warnings)

    def headline(self) -> str:
        """That gains are implausible, if they are; the finding; how sure it is; and every warning: one line each."""
        from ui.reports.portfolio import portfolio_sentences

        return "\n".join(portfolio_sentences(self.found))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> list[str]:
        """Writes page, plan and JSON into a new folder, as `value --out` does, whole or not at all; the files' names."""
        from ui.reports.portfolio import write_portfolio

        return write_portfolio(self.found, Path(folder), overwrite=overwrite)
