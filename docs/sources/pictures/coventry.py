"""The numbers and the picture of docs/sources/coventry.md: `python docs/sources/pictures/coventry.py`.

Who the cohort finder finds, and what happens to the people who are treated beside two groups who are not: the same
people in a simulation without the offer, and people whom the finder would have found in practices without it.
Numbers are printed; the picture is drawn beside this file. A test draws a small one by the same functions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from calibration.validation.observed import observed_of
from outcomes import before_and_after, effect_beside_regression
from pathways import Condition, Region, load_pathway, load_region, load_scenario, parse_when
from pathways.health import STATES
from sim.cohort import Cohort
from sim.events import EventLog
from sim.pilot import draw_cohort
from sim.plan import Plan
from sim.run import Case
from sim.running import Running

HERE = Path(__file__).parent
YEAR = 365
TREATED, SAME, ELSEWHERE = "treated", "the same people, no offer", "people like them, practices without it"
CONSULTATIONS = ("gp", "first_contact_physio")
CASCADE = ("mri", "msk_triage", "spinal_clinic")
OFFSETS = np.arange(-360, 361, 30)
"""Days from the invitation at which pain is read."""


class Followed:
    """One simulation with its event log, from which each patient's pain and opioids are read day by day."""

    def __init__(self, plan: Plan, cohort: Cohort, events: EventLog):
        self.plan, self.cohort, self.events = plan, cohort, events

    @cached_property
    def log(self) -> pd.DataFrame:
        """The log with names, by patient, then as it happened."""
        return self.events.canonical().frame().sort_values("patient", kind="stable", ignore_index=True)

    @cached_property
    def people(self) -> pd.DataFrame:
        """Who the patients are, as they were at onset."""
        return self.cohort.table(self.plan)

    @cached_property
    def _spells(self) -> pd.DataFrame:
        return observed_of(self.events, self.cohort).spells

    @cached_property
    def _opioids(self) -> pd.DataFrame:
        """Every change of an opioid: `patient`, `tick`, `level`."""
        rows = self.log[self.log["kind"] == "prescription"]
        told = rows["detail"].astype(str).str.split(" = ", expand=True)
        return rows[["patient", "tick"]].assign(level=told[1])[told[0] == "opioid"].reset_index(drop=True)

    def state(self, patient: Iterable[int], day: Any) -> np.ndarray:
        """How bad the pain is on a day, as a position in `STATES`; well before the first episode."""
        at = _latest(self._spells["patient"], self._spells["from_day"], patient, day)
        return np.where(at >= 0, self._spells["state"].cat.codes.to_numpy()[at], 0)

    def weeks_of_pain(self, patient: Iterable[int], day: Any) -> np.ndarray:
        """Whole weeks since this episode began."""
        at = _latest(self._spells["patient"], self._spells["from_day"], patient, day)
        return (np.asarray(day) - self._spells["episode_day"].to_numpy()[at]) // 7

    def opioid(self, patient: Iterable[int], day: Any) -> np.ndarray:
        """What opioid they take on a day."""
        at = _latest(self._opioids["patient"], self._opioids["tick"], patient, day)
        at_onset = self.people["opioid"].to_numpy()[np.asarray(patient)]
        return np.where(at >= 0, self._opioids["level"].to_numpy()[at], at_onset)


def _latest(patients: pd.Series, days: pd.Series, patient: Iterable[int], day: Any) -> np.ndarray:
    """The row of each patient's latest event up to a day, -1 where there is none. Rows are by patient, then by day."""
    width = 1 << 20
    key = patients.to_numpy(np.int64) * width + days.to_numpy(np.int64) + width // 2
    asked = np.asarray(patient, np.int64) * width
    at = np.searchsorted(key, asked + np.asarray(day, np.int64) + width // 2, side="right") - 1
    return np.where((at >= 0) & (key[np.maximum(at, 0)] // width * width == asked), at, -1)


def follow(name: str, region: Region, *, years: float, replication: int = 0, practices: Iterable[str] = ()) -> Followed:
    """Runs a scenario of the library with its log; its levers in `practices` only, if some are given."""
    name, scenario, pathway = load_scenario(name)
    if codes := list(practices):
        levers = {lever: setting.model_copy(update={"practices": codes}) for lever, setting in scenario.levers.items()}
        scenario = scenario.model_copy(update={"levers": levers})
    plan = Case(name, scenario, pathway).plan(region, years)
    cohort = draw_cohort(plan, seed=1, replication=replication)
    return Followed(plan, cohort, Running(plan, cohort, keep_log=True).finish().log())


def deprived(region: Region) -> Region:
    """The same practices and services where everyone lives in the two most deprived tenths: made up."""
    shares = np.zeros_like(region.deciles)
    shares[:, :2] = 0.5
    return replace(region, deciles=shares)


def conditions() -> list[Condition]:
    """The cohort finder's conditions, as the pathway's GP applies them."""
    pathway = load_pathway("usual_care")
    when = pathway.decisions["gp_plan"].options["cft"].when
    parsed, _ = parse_when(
        when,
        attributes=pathway.attributes,
        services=set(pathway.services),
        levers=set(pathway.levers),
        quantities=set(pathway.quantities),
    )
    return parsed


def meet(followed: Followed, patient: Iterable[int], day: Any) -> pd.DataFrame:
    """Which conditions of the finder each patient meets on a day: one column each, named after its feature."""
    chosen = np.asarray(list(patient))
    facts = followed.people.iloc[chosen].reset_index(drop=True)
    facts["opioid"] = followed.opioid(chosen, day)
    facts["weeks_since_onset"] = followed.weeks_of_pain(chosen, day)
    quantities = followed.plan.pathway.quantities
    met = {}
    for condition in conditions():
        values = facts[condition.feature]
        if condition.levels is not None:
            met[condition.feature] = values.isin(list(condition.levels))
            continue
        inside = pd.Series(True, index=values.index)
        for bound, plus, above in (
            (condition.low, condition.low_plus, True),
            (condition.high, condition.high_plus, False),
        ):
            if bound is not None:
                number = (round(quantities[bound].number()) if isinstance(bound, str) else bound) + plus
                inside &= values >= number if above else values <= number
        met[condition.feature] = inside
    return pd.DataFrame(met)


def register(followed: Followed, day: int = 0) -> pd.Series:
    """How many people meet the finder's conditions on a day, one condition after another; the first row is everyone in pain."""
    everyone = np.arange(len(followed.cohort))
    in_pain = everyone[followed.state(everyone, day) > 0]
    left = meet(followed, in_pain, day)
    counts = {"in pain": len(in_pain)}
    for number, feature in enumerate(left.columns, start=1):
        counts[feature] = int(left.iloc[:, :number].all(axis=1).sum())
    return pd.Series(counts)


def invited(followed: Followed) -> pd.DataFrame:
    """People who accepted an invitation in the first measured year: `person`, and the `day` of it."""
    log = followed.log
    taken_up = log[(log["kind"] == "referral") & (log["service"] == "cft") & log["tick"].between(1, YEAR)]
    first = taken_up.groupby("patient")["tick"].min()
    return _without_listed(pd.DataFrame({"person": first.index, "day": first.to_numpy()}), followed)


def would_be_invited(followed: Followed, practices: Iterable[str]) -> pd.DataFrame:
    """People of these practices whom the finder would have found at a GP consultation in the first year: `person`, `day`."""
    log = followed.log
    seen = log[
        (log["kind"] == "seen") & (log["service"] == "gp") & (log["detail"] == "1") & log["tick"].between(0, YEAR - 1)
    ]
    here = followed.people["practice"].isin(list(practices)).to_numpy()
    seen = seen[here[seen["patient"]]]
    day = seen["tick"].to_numpy() + 1
    found = meet(followed, seen["patient"], day).all(axis=1).to_numpy()
    first = (
        pd.DataFrame({"person": seen["patient"].to_numpy()[found], "day": day[found]}).groupby("person")["day"].min()
    )
    return _without_listed(first.reset_index(), followed)


def _without_listed(people: pd.DataFrame, followed: Followed) -> pd.DataFrame:
    """Without those who entered on a waiting list on the first measured day: the year before is not known of them."""
    return people[~people["person"].isin(followed.cohort.listed)].reset_index(drop=True)


def groups(region: Region, replication: int) -> tuple[dict[str, Followed], pd.DataFrame]:
    """The simulation that each group lives in, and the groups: `group`, `person`, `day`."""
    with_offer = follow("targeted_cft", region, years=2, replication=replication)
    without = follow("usual_care", region, years=2, replication=replication)
    half = region.codes[::2]
    in_half = follow("targeted_cft", region, years=2, replication=replication, practices=half)
    treated = invited(with_offer)
    others = would_be_invited(in_half, set(region.codes) - set(half))
    people = pd.concat([treated.assign(group=TREATED), treated.assign(group=SAME), others.assign(group=ELSEWHERE)])
    return {TREATED: with_offer, SAME: without, ELSEWHERE: in_half}, people.reset_index(drop=True)


def frequent(followed: Followed, *, at_least: int) -> pd.DataFrame:
    """What becomes of people in pain on the first measured day who consulted so often in the year before, nothing done."""
    everyone = np.arange(len(followed.cohort))
    in_pain = pd.DataFrame({"group": "frequent", "person": everyone[followed.state(everyone, 0) > 0], "day": 0})
    consulted = visits({"frequent": followed}, CONSULTATIONS)
    before = consulted[consulted["day"].between(-YEAR, -1)].groupby("person").size()
    chosen = in_pain[in_pain["person"].isin(before.index[before >= at_least])]
    return before_and_after(consulted, chosen)


def visits(lived: dict[str, Followed], services: tuple[str, ...], kind: str = "seen") -> pd.DataFrame:
    """Visits to some services: `group`, `person`, `day`."""
    rows = []
    for group, followed in lived.items():
        log = followed.log[(followed.log["kind"] == kind) & followed.log["service"].isin(services)]
        rows.append(pd.DataFrame({"group": group, "person": log["patient"].to_numpy(), "day": log["tick"].to_numpy()}))
    return pd.concat(rows, ignore_index=True)


def courses(lived: dict[str, Followed], people: pd.DataFrame) -> pd.DataFrame:
    """Mean pain (0 to 100) and the share on opioids around the invitation: `group`, `offset`, `people`, `pain`, `on_opioids`."""
    tables = []
    for group, members in people.groupby("group", sort=False):
        followed = lived[str(group)]
        pain = followed.plan.pathway.health.pain or {}
        points = np.array([followed.plan.pathway.quantities[pain[state]].number() for state in STATES])
        person = np.repeat(members["person"].to_numpy(), len(OFFSETS))
        offset = np.tile(OFFSETS, len(members))
        day = np.repeat(members["day"].to_numpy(), len(OFFSETS)) + offset
        told = {"pain": points[followed.state(person, day)], "on_opioids": followed.opioid(person, day) != "none"}
        means = pd.DataFrame({"offset": offset, **told}).groupby("offset").mean().reset_index()
        tables.append(means.assign(group=group, people=len(members)))
    return pd.concat(tables, ignore_index=True)


def pooled(tables: list[pd.DataFrame], by: list[str] | None = None) -> pd.DataFrame:
    """Tables of several replications as one: means over all people, each row weighted by its `people`."""
    by = by or ["group"]
    together = pd.concat(tables)
    values = [column for column in together.columns if column not in (*by, "people")]
    together[values] = together[values].astype(float).mul(together["people"], axis=0)
    summed = together.groupby(by, sort=False).sum()
    summed[values] = summed[values].div(summed["people"], axis=0)
    return summed.reset_index()


# the picture

INK, GREY, PALE, WHITE = "#212B32", "#425563", "#D8DDE0", "#FFFFFF"
STYLE = {TREATED: ("#005EB8", ""), SAME: ("#B35900", "7 4"), ELSEWHERE: ("#007F3B", "2 4")}


def words(
    x: float, y: float, said: str, *, colour: str = INK, size: int = 14, anchor: str = "start", bold: bool = False
) -> str:
    """One line of text."""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(said)}</text>'


def draw(consultations: pd.DataFrame, courses: pd.DataFrame) -> str:
    """Pain around the invitation on the left, consultations before and after it on the right."""
    parts = [words(20, 30, "Before and after an invitation, with and without the therapy", size=18, bold=True)]
    parts += _pain(courses, left=60, top=80, width=460, height=260)
    parts += _change(consultations, left=580, top=80, width=340, height=260)
    for place, (group, (colour, dashes)) in enumerate(STYLE.items()):
        y = 408 + 24 * place
        people = int(consultations.set_index("group")["people"][group])
        parts.append(
            f'<path d="M60 {y - 5}L104 {y - 5}" stroke="{colour}" stroke-width="3" stroke-dasharray="{dashes}"/>'
        )
        parts.append(words(114, y, f"{group} ({people:,} people)"))
    says = (
        "Pain rises to the invitation and falls after it in all three groups; the treated group's falls further. "
        + "; ".join(
            f"{row.group}: {row.before:.2f} consultations in the year before, {row.after:.2f} in the year after"
            for row in consultations.itertuples()
        )
    )
    body = "\n".join(parts)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="954" height="476" viewBox="0 0 954 476" role="img" '
        'aria-label="Before and after an invitation to cognitive functional therapy" font-family="Arial, Helvetica, sans-serif">\n'
        f"<title>Regression to the mean beside the effect</title>\n<desc>{escape(says)}.</desc>\n"
        f'<rect width="954" height="476" fill="{WHITE}"/>\n{body}\n</svg>\n'
    )


def _pain(table: pd.DataFrame, *, left: float, top: float, width: float, height: float) -> list[str]:
    highest = 10 * np.ceil(table["pain"].max() / 10)
    parts = [words(left, top - 14, "Mean pain, 0 to 100", bold=True)]
    for mark in np.arange(0, highest + 1, 10):
        y = top + height * (1 - mark / highest)
        parts.append(f'<path d="M{left} {y:.1f}L{left + width} {y:.1f}" stroke="{PALE}"/>')
        parts.append(words(left - 8, y + 5, f"{mark:.0f}", colour=GREY, size=13, anchor="end"))
    for months in (-12, -6, 0, 6, 12):
        x = left + width * (months + 12) / 24
        parts.append(
            words(
                x,
                top + height + 20,
                f"{months:+d}".replace("-", "−") if months else "invited",
                colour=GREY,
                size=13,
                anchor="middle",
            )
        )
    parts.append(
        words(left + width / 2, top + height + 40, "months from the invitation", colour=GREY, size=13, anchor="middle")
    )
    parts.append(f'<path d="M{left + width / 2} {top}L{left + width / 2} {top + height}" stroke="{GREY}"/>')
    for group, rows in table.groupby("group", sort=False):
        colour, dashes = STYLE[str(group)]
        x = left + width * (rows["offset"] - OFFSETS[0]) / (OFFSETS[-1] - OFFSETS[0])
        y = top + height * (1 - rows["pain"] / highest)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="3" stroke-dasharray="{dashes}"/>'
        )
    return parts


def _change(table: pd.DataFrame, *, left: float, top: float, width: float, height: float) -> list[str]:
    parts = [words(left, top - 14, "Consultations for back pain, a person and year", bold=True)]
    highest = float(np.ceil(table[["before", "after"]].max().max()))
    for mark in np.arange(0, highest + 0.1, 0.5):
        y = top + height * (1 - mark / highest)
        parts.append(f'<path d="M{left} {y:.1f}L{left + width} {y:.1f}" stroke="{PALE}"/>')
        parts.append(words(left - 8, y + 5, f"{mark:g}", colour=GREY, size=13, anchor="end"))
    for place, row in enumerate(table.itertuples()):
        colour, _ = STYLE[str(row.group)]
        x = left + 10 + place * width / 3
        for side, (value, name, faint) in enumerate(((row.before, "before", 0.45), (row.after, "after", 1.0))):
            tall = height * value / highest
            where = f'x="{x + 46 * side:.1f}" y="{top + height - tall:.1f}" width="42" height="{tall:.1f}"'
            parts.append(f'<rect {where} fill="{colour}" fill-opacity="{faint}"/>')
            parts.append(words(x + 46 * side + 21, top + height - tall - 6, f"{value:.2f}", size=13, anchor="middle"))
            parts.append(words(x + 46 * side + 21, top + height + 20, name, colour=GREY, size=13, anchor="middle"))
    return parts


def main(replications: int) -> None:
    """Prints the numbers and draws the picture."""
    region = load_region("demonstration")
    area = deprived(region)
    found = [groups(area, replication) for replication in range(replications)]
    registers = {
        "demonstration": [
            register(follow("usual_care", region, years=0.1, replication=k)) for k in range(replications)
        ],
        "all deprived": [register(lived[SAME]) for lived, _ in found],
    }
    per_100k = {name: pd.DataFrame(rows).mean() / (region.population / 100_000) for name, rows in registers.items()}
    consultations = pooled([before_and_after(visits(lived, CONSULTATIONS), people) for lived, people in found])
    apart = pooled(
        [
            before_and_after(visits(lived, CONSULTATIONS), people.assign(day=people["day"] - 1))
            for lived, people in found
        ]
    )
    cascade = pooled([before_and_after(visits(lived, CASCADE, "referral"), people) for lived, people in found])
    often = pooled([frequent(lived[SAME], at_least=4) for lived, _ in found])
    around = pooled([courses(lived, people) for lived, people in found], by=["group", "offset"])
    told(
        f"People per 100,000 who meet the finder's conditions, {replications} replications",
        pd.DataFrame(per_100k).round(0),
    )
    mixed = [len(invited(follow("targeted_cft", region, years=1, replication=k))) for k in range(replications)]
    deprived_too = [int((people["group"] == TREATED).sum()) for _, people in found]
    for place, people in (("demonstration", mixed), ("all deprived", deprived_too)):
        told(f"Invitations taken up in a year, {place}", float(np.mean(people)))
    told("Consultations for back pain, a person, in the year before and after the invitation", consultations.round(2))
    for untreated in (SAME, ELSEWHERE):
        told(untreated, effect_beside_regression(consultations, treated=TREATED, untreated=untreated).round(2))
    told("The same without the consultation at which they were found", apart.round(2))
    told("Referrals for scans, triage and the spinal clinic", cascade.round(3))
    told("People who consulted four times and more last year, under usual care", often.round(2))
    chosen = around[around["offset"].isin([-360, 0, 90, 180, 360])]
    for what in ("pain", "on_opioids"):
        told(what, chosen.pivot_table(index="group", columns="offset", values=what).round(2))
    (HERE / "coventry.svg").write_text(draw(consultations, around), encoding="utf-8")


def told(title: str, what: Any) -> None:
    """Prints a table under its title."""
    print(f"\n{title}\n{what.to_string() if isinstance(what, pd.DataFrame) else round(what, 1)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
