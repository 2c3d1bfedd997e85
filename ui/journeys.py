"""What `backpath journeys` tells of a table of events, simulated or real: waits, lists, referral to treatment, continuity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
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
from ui.variation_file import PERSONAL_NAME
from ui.words import figures, percent_of

RESULTS = (
    "waits", "seen", "gave_up", "discharged", "still_waiting", "visits", "patients", "providers_seen", "services_seen", "hand_offs",
    "referrals", "referrals_bounced", "days_without_plan", "mean_gap_days", "longest_gap_days", "day", "kind", "start_day", "end_day",
    "outcome", "days",
)  # fmt: skip
"""Names of columns of the results."""
WAIT_COUNTS = ["waits", "seen", "gave_up", "discharged", "still_waiting"]
EVERYONE = "everyone"
STAR = "*"
PLACES = 1
"""Shares and means of real people are told to a tenth: more digits would tell the counts behind them."""
KINDS = (
    "onset",
    "referral",
    "joined",
    "seen",
    "did_not_attend",
    "gave_up",
    "left",
    "discharge",
    "decision_not_to_treat",
)
LONGEST_DAYS = 36_525
"""Days of records span no more than a century; dates written as numbers do."""
DATES_AS_NUMBERS = (19_000_101, 21_001_231)
NHS_NUMBERS = (1_000_000_000, 9_999_999_999)


@dataclass(frozen=True)
class Journeys:
    """The tables of a file of events, before small numbers are hidden in them; `by` is what people are compared by, if
    anything.
    """

    waits: pd.DataFrame
    lists: pd.DataFrame
    treatment: ReferralToTreatment | None
    continuity: pd.DataFrame
    by: str | None

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
            found[name] = disclose(table.round(PLACES) if hides else table, counts, bases, sums=sums, policy=policy)
        if hides and self.by is not None:
            starred = set(found["waits"].loc[found["waits"]["still_waiting"] == STAR, "service"])
            lists = found["lists"]
            found["lists"] = lists.assign(waiting=lists["waiting"].mask(lists["service"].isin(starred), STAR))
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
    except (ValueError, pa.ArrowInvalid):
        says = "this is no table of events: give a CSV with commas and a header, or a Parquet file."
        raise refuse("events_are_a_table", path.name, says) from None
    refuse_personal(table, path.name)
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


def refuse_personal(table: pd.DataFrame, file: str) -> None:
    """Raises where a table seems to name people; says no cell of it."""
    for column in table.columns:
        numbers = pd.to_numeric(table[column], errors="coerce") if column == "patient" else pd.Series(dtype=float)
        if PERSONAL_NAME.search(str(column)) or numbers.between(*NHS_NUMBERS).any():
            says = (
                f"the column '{column}' looks like NHS numbers or dates of birth. Number the patients from 1 instead; "
                "nothing of it was kept or shown."
            )
            raise refuse("nobody_is_named", file, says)


def _day_problems(events: pd.DataFrame, file: str) -> list[Problem]:
    """Days that cannot be meant, and kinds that nobody knows."""
    problems = []
    if "day" in events and len(events):
        days = pd.to_numeric(events["day"], errors="coerce")
        if days.isna().any():
            says = "days are numbers: count them from any date, for example (date - first date).days."
            problems.append(Problem("days_are_numbers", f"{file}: day", says))
        elif days.between(*DATES_AS_NUMBERS).all() or days.max() - days.min() > LONGEST_DAYS:
            says = f"days run from {days.min():g} to {days.max():g}: these look like dates, or one is a slip. Count days from any date."
            problems.append(Problem("days_are_days", f"{file}: day", says))
    if "kind" in events and not events["kind"].isin(KINDS).any():
        found = ", ".join(map(str, events["kind"].dropna().unique()[:5])) or "none"
        problems.append(
            Problem(
                "kinds_are_known",
                f"{file}: kind",
                f"no event has a known kind ({found}). There are: {', '.join(KINDS)}.",
            )
        )
    return problems


def journeys_of(
    events: pd.DataFrame,
    people: pd.DataFrame | None,
    *,
    by: str,
    consultant_led: list[str],
    treatments: list[str],
    reports_back: list[str],
    file: str,
    from_day: float | None = None,
) -> Journeys:
    """The tables of events; `BadInput` with everything that is wrong with them.

    Waits, treatment and continuity are of what began on `from_day` or later, such as after a warm-up.
    """
    problems = _day_problems(events, file)
    if people is not None and by in (*RESULTS, "patient", "service"):
        problems.append(
            Problem(
                "by_is_free", f"--by {by}", "is the name of a column of the results. Rename it in the file of people."
            )
        )
    if problems:
        raise BadInput(problems)
    try:
        end = float(pd.to_numeric(events["day"], errors="coerce").max()) if "day" in events else None
        measured = events if from_day is None else events[events["day"] >= from_day]
        care = continuity_of_care(measured, reports_back=reports_back)
        groups = None if people is None else by
        if people is None:
            waited = waits(measured, end_day=end)
            among = pd.DataFrame({"patient": care["patient"], "who": EVERYONE})
        else:
            waited = waits(measured, end_day=end, people=people, by=by)
            among = people
        treatment = None
        if consultant_led and treatments:
            treatment = referral_to_treatment(
                measured, consultant_led=consultant_led, treatments=treatments, snapshot_day=end
            )
        start = float(events["day"].min()) if from_day is None and "day" in events and len(events) else from_day
        lists = list_sizes(events, end_day=end, start_day=start)
        return Journeys(waited, lists, treatment, continuity_by(care, among, by=groups or "who"), groups)
    except BadTable as bad:
        raise BadInput([Problem("events", file, f"{said}.") for said in bad.problems]) from None


def terminal_tables(tables: dict[str, pd.DataFrame]) -> list[Table]:
    """Waits, referral to treatment and continuity for a terminal."""
    waited = tables["waits"]
    keys = list(waited.columns[: list(waited.columns).index("waits")])
    first = Table(
        title="Waits, those still waiting counted (days)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption=_carried_on(waited),
        caption_justify="left",
    )
    shown = ["waits", "still_waiting", "all_mean_days_within_52_weeks", "all_median_days", "all_p92_days"]
    shares = ["all_share_within_2_weeks", "all_share_within_6_weeks", "all_share_within_18_weeks"]
    for name in keys:
        first.add_column(name.capitalize())
    for name in (
        "Waits",
        "Waiting",
        "Mean in 52 weeks",
        "Median",
        "92 in 100",
        "In 2 weeks",
        "In 6 weeks",
        "In 18 weeks",
    ):
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
            ("Treated", "completed_", "completed"),
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


def _carried_on(waited: pd.DataFrame) -> str | None:
    """For which services the mean within 52 weeks takes it that nobody else was seen, for want of a longer log; None without."""
    unknown = waited["all_share_within_52_weeks"].isna() & waited["all_mean_days_within_52_weeks"].notna()
    names = ", ".join(dict.fromkeys(map(str, waited.loc[unknown, "service"])))
    if not names:
        return None
    return (
        "The log does not watch anybody for 52 weeks, and the mean takes it that whoever was not seen by then still waits at "
        f"52 weeks, which makes it too long: {names}."
    )


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
