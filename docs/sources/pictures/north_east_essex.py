"""The numbers and the picture of docs/sources/north-east-essex.md: `python docs/sources/pictures/north_east_essex.py`.

Any qualified provider in the demonstration area, with one number of the library's scenario changed at a time: policies
after the cap, session caps, capacity, choice. Numbers are printed; the picture is drawn beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from pathways import Region, load_region, load_scenario
from sim.cohort import Cohort
from sim.pilot import draw_cohort
from sim.plan import Plan
from sim.reducers import Tallies
from sim.results import outcome_values
from sim.run import Case
from sim.running import Running

HERE = Path(__file__).parent
SERVICE = "manual_therapy"
TWO_WEEKS = 14
SIX_WEEKS = 42
AFTER_CAP = {
    "back to the GP": ("", "gp"),
    "switch provider": ("cap_switches_provider_share", SERVICE),
    "switch discipline": ("cap_switches_discipline_share", "community_physio"),
    "more sessions": ("cap_more_sessions_share", SERVICE),
    "triage": ("manual_therapy_cap_to_triage_share", "msk_triage"),
    "CFT": ("manual_therapy_cap_to_cft_share", "cft"),
    "pay": ("manual_therapy_cap_to_private_share", "private_therapy"),
    "give up": ("manual_therapy_cap_gives_up_share", "home"),
}
"""Each policy: the quantity that is its share (none for the rest), and where it sends people."""
DECILES = {"1-2": (1, 2), "3-8": (3, 8), "9-10": (9, 10)}


class Lived(NamedTuple):
    """One run: its plan, who was in it, what was counted, and its measured events with names."""

    plan: Plan
    cohort: Cohort
    tallies: Tallies
    log: pd.DataFrame

    @property
    def outcomes(self) -> dict[str, float]:
        """The pathway's outcomes."""
        return outcome_values(self.tallies, self.plan)

    def events(self, kind: str, service: str = SERVICE) -> pd.DataFrame:
        """Events of one kind at one service."""
        return self.log[(self.log["kind"] == kind) & (self.log["service"] == service)]


def with_numbers(name: str, **numbers: float) -> Case:
    """A scenario of the library with other values of quantities."""
    name, scenario, pathway = load_scenario(name)
    changed = {each: pathway.quantities[each].model_copy(update={"value": value}) for each, value in numbers.items()}
    return Case(name, scenario, replace(pathway, quantities={**pathway.quantities, **changed}))


def live(case: Case, region: Region, *, years: float, replication: int = 0) -> Lived:
    """Runs a case once."""
    plan = case.plan(region, years)
    cohort = draw_cohort(plan, seed=1, replication=replication)
    running = Running(plan, cohort, keep_log=True).finish()
    log = running.log().canonical().frame()
    return Lived(plan, cohort, running.tallies, log[log["tick"] >= 0])


def policy(name: str) -> dict[str, float]:
    """The shares after the cap when everyone is treated by one policy."""
    return {share: float(each == name) for each, (share, _) in AFTER_CAP.items() if share}


def after_visit(lived: Lived, visit: int) -> pd.Series:
    """Where people went after this visit of a course of manual therapy: shares by service."""
    visits = lived.events("seen")
    visits = visits[(visits["detail"] == str(visit)) & (visits["tick"] < lived.plan.last_tick - 2)][["patient", "tick"]]
    onward = lived.log[(lived.log["kind"] == "referral") & (lived.log["detail"] == SERVICE)]
    onward = onward.assign(tick=onward["tick"] - 1)[["patient", "tick", "service"]]
    to = visits.merge(onward, on=["patient", "tick"], how="left")["service"]
    return to.astype(object).fillna("home").value_counts(normalize=True)


def first_visits(lived: Lived) -> pd.DataFrame:
    """First visits of courses of manual therapy: `patient`, `site`, `discipline`, `wait` in days."""
    visits = lived.events("seen")
    visits = visits[visits["detail"] == "1"]
    disciplines = {site.name: site.discipline for site in lived.plan.sites}
    site = visits["site"].astype(str)
    return pd.DataFrame(
        {
            "patient": visits["patient"],
            "tick": visits["tick"],
            "site": site,
            "discipline": site.map(disciplines),
            "wait": visits["value"],
        }
    )


def share_within(lived: Lived, days: int = TWO_WEEKS) -> float:
    """The share of people whose first visit came within so many days of referral."""
    return float((first_visits(lived)["wait"] <= days).mean())


def utilisation(lived: Lived) -> float:
    """Appointments used, missed ones included, over appointments offered in the measured days."""
    used = len(lived.events("seen")) + len(lived.events("did_not_attend"))
    sites = [k for k, site in enumerate(lived.plan.sites) if site.service == SERVICE]
    days = slice(-lived.plan.first_tick, lived.plan.last_tick - lived.plan.first_tick)
    return used / float(lived.plan.arrays.capacity[sites, days].sum())


def with_capacity(region: Region, times: float) -> Region:
    """The region with more or fewer appointments at every provider of manual therapy."""
    sites = [replace(s, amount=s.amount * times) if s.service == SERVICE else s for s in region.sites]
    return replace(region, sites=tuple(sites))


def larger(region: Region, times: int) -> Region:
    """A region of so many times the people, appointments and waiting lists, with no more providers."""
    return replace(
        region,
        people=region.people * times,
        sites=tuple(replace(site, amount=site.amount * times) for site in region.sites),
        waiting=tuple(replace(row, people=row.people * times) for row in region.waiting),
    )


def by_decile(lived: Lived, patients: pd.Series) -> pd.Series:
    """How many of these events belong to people of each group of deciles."""
    decile = lived.cohort.table(lived.plan)["deprivation_decile"].to_numpy()[patients]
    return pd.Series({name: int(((decile >= low) & (decile <= high)).sum()) for name, (low, high) in DECILES.items()})


def paying(lived: Lived) -> pd.DataFrame:
    """By deciles: consultations while waiting, how many then left the list to pay, and the rate."""
    asked = lived.log[(lived.log["kind"] == "seen") & (lived.log["service"] == "gp") & (lived.log["detail"] == "0")]
    left = lived.log[(lived.log["kind"] == "gave_up") & (lived.log["detail"] == "went elsewhere")]
    table = pd.DataFrame({"asked": by_decile(lived, asked["patient"]), "paid": by_decile(lived, left["patient"])})
    return table.assign(rate=table["paid"] / table["asked"])


def soon(lived: Lived) -> pd.Series:
    """By deciles: the share of people referred to physiotherapy who have some, theirs or paid for, within six weeks."""
    referred = lived.events("referral", "community_physio")[["patient", "tick"]]
    referred = referred[referred["tick"] < lived.plan.last_tick - SIX_WEEKS]
    seen = pd.concat([lived.events("seen", service) for service in ("community_physio", "private_therapy")])
    seen = seen.assign(day=seen["tick"])[["patient", "tick", "day"]].sort_values("tick")
    both = pd.merge_asof(referred.sort_values("tick"), seen, on="tick", by="patient", direction="forward")
    quick = both[both["day"] - both["tick"] <= SIX_WEEKS]
    return by_decile(lived, quick["patient"]) / by_decile(lived, both["patient"])


# the page's tables


def averaged(rows: Callable[[int], pd.DataFrame], replications: int) -> pd.DataFrame:
    """The mean of a table over replications."""
    tables = [rows(replication) for replication in range(replications)]
    return sum(tables[1:], tables[0]) / replications


def policies(region: Region, replication: int) -> pd.DataFrame:
    """Each policy after the cap against usual care, two years: a year's difference."""
    base = live(with_numbers("usual_care"), region, years=2, replication=replication).outcomes
    rows = {}
    for name in AFTER_CAP:
        lived = live(with_numbers("any_qualified_provider", **policy(name)), region, years=2, replication=replication)
        rows[name] = _against(lived.outcomes, base) | {"within two weeks": share_within(lived)}
    return pd.DataFrame(rows).T


def _against(outcomes: dict[str, float], base: dict[str, float]) -> dict[str, float]:
    names = ["gp_consultations", "mri_scans", "spinal_referrals", "private_visits", "total_cost_gbp", "qalys"]
    return {name: (outcomes[name] - base[name]) / 2 for name in names}


def caps(region: Region, replication: int) -> pd.DataFrame:
    """Session caps from 2 to 12, one year."""
    rows = {}
    for cap in (2, 4, 6, 8, 12):
        lived = live(
            with_numbers("any_qualified_provider", manual_therapy_cap=cap), region, years=1, replication=replication
        )
        people = len(first_visits(lived))
        last = int(min(cap, 12))
        ended = lived.events("seen")
        rows[cap] = {
            "people": people,
            "sessions a person": len(ended) / people,
            "reach the cap": (ended["detail"] == str(last)).sum() / people,
            "within two weeks": share_within(lived),
            "GP consultations": lived.outcomes["gp_consultations"],
            "QALYs": lived.outcomes["qalys"],
        }
    return pd.DataFrame(rows).T


def curve(region: Region, replication: int) -> pd.DataFrame:
    """Utilisation and the share seen within two weeks, by the size of the area and the appointments offered."""
    rows = {}
    for size in (1, 3):
        for times in (0.75, 0.85, 1.0, 1.25, 1.5, 2.0):
            place = with_capacity(larger(region, size), times)
            lived = live(with_numbers("any_qualified_provider"), place, years=1, replication=replication)
            rows[size, times] = {"utilisation": utilisation(lived), "within two weeks": share_within(lived)}
    return pd.DataFrame(rows).T


def choices(region: Region, replication: int) -> pd.DataFrame:
    """Who is chosen when patients choose and when the GP does: shares by discipline, waits."""
    rows = {}
    for name in ("any_qualified_provider", "any_qualified_provider_steered"):
        lived = live(with_numbers(name), region, years=2, replication=replication)
        shares = first_visits(lived)["discipline"].value_counts(normalize=True).to_dict()
        rows[name] = shares | {"within two weeks": share_within(lived), "wait": first_visits(lived)["wait"].mean()}
    return pd.DataFrame(rows).T


def topping_up(region: Region, replication: int) -> pd.DataFrame:
    """Nobody, the default and the highest share who pay while they wait, under usual care: rates and access by decile."""
    rows = {}
    for share in (0.0, 0.05, 0.12):
        lived = live(
            with_numbers("usual_care", private_while_waiting_share=share), region, years=2, replication=replication
        )
        rates, access = paying(lived)["rate"], soon(lived)
        rows[share] = {f"paid, {g}": rates[g] for g in DECILES} | {f"in six weeks, {g}": access[g] for g in DECILES}
    return pd.DataFrame(rows).T


# the picture

INK, GREY, PALE, WHITE = "#212B32", "#425563", "#D8DDE0", "#FFFFFF"
STYLE = {
    1: ("#B35900", "7 4", "demonstration area, 104,000 people"),
    3: ("#005EB8", "", "three times as large, 312,000 people"),
}


def draw(table: pd.DataFrame) -> str:
    """The share seen within two weeks against utilisation, for twenty small and twenty larger providers."""
    left, top, width, height = 70, 70, 520, 260
    lowest, highest = 0.3, 1.0

    def x(value: float) -> float:
        return left + width * (value - 0.2) / 0.8

    def y(value: float) -> float:
        return top + height * (highest - value) / (highest - lowest)

    parts = [_words(20, 30, "Seen within two weeks, by how full twenty providers are", size=18)]
    for mark in np.arange(lowest, 1.01, 0.1):
        parts.append(f'<path d="M{left} {y(mark):.1f}L{left + width} {y(mark):.1f}" stroke="{PALE}"/>')
        parts.append(_words(left - 8, y(mark) + 5, f"{100 * mark:.0f}%", colour=GREY, anchor="end"))
    for mark in np.arange(0.2, 1.01, 0.2):
        parts.append(_words(x(mark), top + height + 20, f"{100 * mark:.0f}%", colour=GREY, anchor="middle"))
    parts.append(_words(left + width / 2, top + height + 42, "appointments used", colour=GREY, anchor="middle"))
    parts.append(f'<path d="M{left} {y(0.97):.1f}L{left + width} {y(0.97):.1f}" stroke="{INK}"/>')
    parts.append(_words(left + 6, y(0.97) + 16, "97%, as published"))
    for size, (colour, dashes, name) in STYLE.items():
        rows = table.loc[size].sort_values("utilisation")
        points = [(x(row["utilisation"]), y(row["within two weeks"])) for _, row in rows.iterrows()]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="3" stroke-dasharray="{dashes}"/>'
        )
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in points]
        below = 400 + 24 * list(STYLE).index(size)
        parts.append(
            f'<path d="M70 {below - 5}L114 {below - 5}" stroke="{colour}" stroke-width="3" stroke-dasharray="{dashes}"/>'
        )
        parts.append(_words(124, below, name))
    says = "The fuller the providers, the fewer are seen within two weeks; at the same fullness larger providers do better."
    body = "\n".join(parts)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="444" viewBox="0 0 640 444" role="img" '
        'aria-label="Seen within two weeks by utilisation" font-family="Arial, Helvetica, sans-serif">\n'
        f"<title>Seen within two weeks by utilisation</title>\n<desc>{escape(says)}</desc>\n"
        f'<rect width="640" height="444" fill="{WHITE}"/>\n{body}\n</svg>\n'
    )


def _words(x: float, y: float, said: str, *, colour: str = INK, size: int = 14, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if size > 14 else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(said)}</text>'


def main(replications: int) -> None:
    """Prints the tables and draws the picture."""
    region = load_region("demonstration")
    pd.set_option("display.width", 200)
    for table in (policies, caps, curve, choices, topping_up):
        found = averaged(lambda replication, table=table: table(region, replication), replications)
        print(f"\n{table.__doc__}\n{found.round(3).to_string()}")
        if table is curve:
            (HERE / "north_east_essex.svg").write_text(draw(found), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
