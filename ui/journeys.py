"""What `backpath journeys` tells of a table of events, simulated or real: waits, lists, referral to treatment, continuity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from outcomes import (
    BadTable,
    continuity_by,
    continuity_of_care,
    disclose,
    disclosure_policy,
    disclosure_sentence,
    list_sizes,
    waits,
)
from outcomes.referral_to_treatment import ReferralToTreatment, referral_to_treatment
from pathways import BadInput, Problem, refuse
from ui.report import new_folder
from ui.words import figures, percent_of

WAIT_COUNTS = ["waits", "seen", "gave_up", "discharged", "still_waiting"]
EVERYONE = "everyone"


@dataclass(frozen=True)
class Journeys:
    """The tables of a file of events, before small numbers are hidden in them."""

    waits: pd.DataFrame
    lists: pd.DataFrame
    treatment: ReferralToTreatment | None
    continuity: pd.DataFrame

    def tables(self, policy: str) -> dict[str, pd.DataFrame]:
        """Every table as it may leave, by name: small numbers hidden under a policy, with what rests on them."""
        made = {
            "waits": (self.waits, WAIT_COUNTS, {"waits": ["seen", "gave_up", "discharged", "still_waiting"]}),
            "lists": (self.lists, ["waiting"], {}),
            "continuity": (self.continuity, ["patients"], {}),
        }
        if self.treatment is not None:
            made["treatment"] = (_treatment(self.treatment), ["completed", "incomplete"], {})
        found = {}
        hides = disclosure_policy(policy).hides
        for name, (table, counts, sums) in made.items():
            resting = [str(column) for column in table if table[column].dtype.kind == "f"]
            bases: dict[str, str | Sequence[str]] = {column: _base(column, counts) for column in resting if hides}
            found[name] = disclose(table, counts, bases, sums=sums, policy=policy)
        return found


def _base(column: str, counts: list[str]) -> str:
    """The count that a figure of a table rests on."""
    if counts == WAIT_COUNTS:
        return "waits" if column.startswith("all_") else "still_waiting" if "still_waiting" in column else "seen"
    return "completed" if column.startswith("completed_") else counts[-1]


def _treatment(found: ReferralToTreatment) -> pd.DataFrame:
    """Referral to treatment as one row."""
    return pd.DataFrame(
        {
            "completed": [found.completed],
            "completed_share_within_18_weeks": [found.completed_share_within_18_weeks],
            "completed_median_weeks": [found.completed_median_weeks],
            "completed_p92_weeks": [found.completed_p92_weeks],
            "incomplete": [found.incomplete],
            "share_within_18_weeks": [found.share_within_18_weeks],
            "median_weeks": [found.median_weeks],
            "p92_weeks": [found.p92_weeks],
        }
    )


def read_events(path: Path, *, days_per_tick: float) -> pd.DataFrame:
    """A file of events (.csv or .parquet): `patient`, `kind`, `service`, and `day`, or `tick` as `run --log` writes it."""
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except OSError as error:
        raise refuse("file_exists", str(path), f"it cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise refuse("events_are_a_table", path.name, f"this is no table of events: {error}.") from None
    if "tick" in table and "day" not in table:
        table = table.assign(day=table["tick"] * days_per_tick)
        if "value" in table:
            table["value"] = table["value"] * days_per_tick
    if "replication" in table:
        if (table["replication"] != table["replication"].iloc[0]).any():
            raise refuse(
                "one_replication",
                path.name,
                "it holds several replications: patients of all would be mixed. Log one run.",
            )
        table = table.drop(columns="replication")
    return table


def journeys_of(
    events: pd.DataFrame,
    people: pd.DataFrame | None,
    *,
    by: str,
    consultant_led: list[str],
    treatments: list[str],
    reports_back: list[str],
    file: str,
) -> Journeys:
    """The tables of events; `BadInput` with everything that is wrong with them."""
    try:
        end = float(pd.to_numeric(events["day"], errors="coerce").max()) if "day" in events else None
        care = continuity_of_care(events, reports_back=reports_back)
        if people is None:
            people, by = pd.DataFrame({"patient": care["patient"], "who": EVERYONE}), "who"
            waited = waits(events, end_day=end)
        else:
            waited = waits(events, end_day=end, people=people, by=by)
        treatment = None
        if consultant_led and treatments:
            treatment = referral_to_treatment(
                events, consultant_led=consultant_led, treatments=treatments, snapshot_day=end
            )
        return Journeys(waited, list_sizes(events, end_day=end), treatment, continuity_by(care, people, by=by))
    except BadTable as bad:
        raise BadInput([Problem("events", file, f"{said}.") for said in bad.problems]) from None


def terminal_tables(tables: dict[str, pd.DataFrame]) -> list[Table]:
    """Waits, referral to treatment and continuity for a terminal."""
    waited = tables["waits"]
    keys = list(waited.columns[: list(waited.columns).index("waits")])
    first = Table(title="Waits, those still waiting counted (days)", title_justify="left", box=box.SIMPLE_HEAD)
    shown = ["waits", "still_waiting", "all_median_days", "all_p92_days"]
    shares = ["all_share_within_2_weeks", "all_share_within_6_weeks", "all_share_within_18_weeks"]
    for name in keys:
        first.add_column(name.capitalize())
    for name in ("Waits", "Waiting", "Median", "92 in 100", "In 2 weeks", "In 6 weeks", "In 18 weeks"):
        first.add_column(name, justify="right")
    for row in waited[[*keys, *shown, *shares]].astype(object).to_numpy().tolist():
        names, numbers, parts = row[: len(keys)], row[len(keys) : -3], row[-3:]
        first.add_row(*map(str, names), *map(_figure, numbers), *map(_share, parts))
    care = tables["continuity"]
    second = Table(title="Continuity of care, means per patient", title_justify="left", box=box.SIMPLE_HEAD)
    second.add_column(str(care.columns[0]).capitalize())
    for group in care[care.columns[0]]:
        second.add_column(str(group), justify="right")
    for measure in care.columns[1:]:
        second.add_row(str(measure).replace("_", " ").capitalize(), *map(_figure, care[measure]))
    found = [first, second]
    if "treatment" in tables:
        third = Table(title="Referral to treatment (weeks)", title_justify="left", box=box.SIMPLE_HEAD)
        for name in ("", "People", "Within 18 weeks", "Median", "92 in 100"):
            third.add_column(name, justify="left" if not name else "right")
        times = tables["treatment"].iloc[0]
        for title, prefix, people in (
            ("Treated or ended", "completed_", "completed"),
            ("Still waiting", "", "incomplete"),
        ):
            cells = (
                times[f"{prefix}share_within_18_weeks"],
                times[f"{prefix}median_weeks"],
                times[f"{prefix}p92_weeks"],
            )
            third.add_row(title, _figure(times[people]), _share(cells[0]), *map(_figure, cells[1:]))
        found.insert(1, third)
    return found


def _figure(value: Any) -> str:
    return value if isinstance(value, str) else figures(float(value))


def _share(value: Any) -> str:
    return value if isinstance(value, str) else percent_of(float(value))


def json_text(tables: dict[str, pd.DataFrame], policy: str) -> str:
    """Every table as JSON; what does not exist is null, what is hidden is "*"."""
    made: dict[str, Any] = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    return json.dumps({**made, "disclosure": disclosure_sentence(policy)}, indent=1, ensure_ascii=False)


def write_journeys(tables: dict[str, pd.DataFrame], folder: Path, policy: str) -> list[str]:
    """Writes every table as CSV, and all as JSON, into a new folder, whole or not at all; the files' names."""
    with new_folder(folder) as part:
        for name, table in tables.items():
            table.to_csv(part / f"{name}.csv", index=False, lineterminator="\n")
        (part / "journeys.json").write_text(json_text(tables, policy), encoding="utf-8")
    return sorted(path.name for path in folder.iterdir())
