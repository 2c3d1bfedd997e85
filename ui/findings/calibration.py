"""What a calibration found, as rows and sentences: the same for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from calibration.calibrate import Calibration
from calibration.diagnostics.bands import bands_of
from calibration.diagnostics.verdict import doubts, is_missed
from calibration.reproduced import FAR
from pathways import Quantity
from sim.experiments.joint_shares import shares_at
from sim.experiments.scores import value_at
from ui.words import MINUS, figures, in_a_sentence, percent, percent_of

NARROWS = 0.05
"""A figure that narrows a quantity by less is not worth naming."""
SIGNS = {"informed": "●", "weak": "◐", "not informed": "○"}
MEASURE_WORDS = {
    "first_visits": "first visits",
    "missed": "missed appointments",
    "missed_share": "percent missed",
    "waiting": "people waiting",
    "waited": "waits of those seen",
    "mean_wait": "waits of those seen",
    "median_wait": "median wait (days)",
    "rtt_waiting": "clocks running",
    "rtt_waited": "clocks stopped",
    **{f"p{share}_wait": f"{share}% wait (days)" for share in (75, 90, 92, 95)},
}
LEADS = {"referrals": "to", "waiting": "for"}
"""The word between a measure and its service; else at."""

SERIES_HEAD = ("Series", "Published", "Simulated", "Off (sd)", "Inside 90%", "Furthest off in")
SHORT = 5
"""So many of these columns fit a terminal."""
QUANTITY_HEAD = ("Quantity", "Before", "Calibrated", "Width left", "Data say")
BEYOND_HEAD = ("Series", "Published", "98 of 100 runs before any data", "")
BACK_HEAD = ("Series", "Published", "Foretold", "Error", "As last", "Inside 90%")
OFFER = (
    "Targets and validation figures are different files: what a calibration is fitted to cannot also show that the model is "
    "right. Keep figures back, or validate with others."
)
WIDE_OPEN = (
    "These stay about as wide as the range they were given, and results go on to carry that: the calibration has not made them "
    "known."
)
TO_DO = (
    "Check the units of these figures (days or weeks), which clock they use, what is counted, and the share of them that is "
    "back pain; widen the range of a quantity that may lie outside it; or look how near a fit comes with --beyond-prior."
)


class Told:
    """A calibration in words. `found` is what was found."""

    def __init__(self, found: Calibration):
        self.found = found
        self.pathway = found.simulator.case.pathway

    @cached_property
    def _series(self) -> dict[str, str]:
        """Series in words, by name; those of practices taken together too."""
        words = {}
        for row in each_of(self.found.targets.figures.drop_duplicates("series")):
            services = " + ".join(self.pathway.services[name].title for name in row.services)
            said = f"{measure_words(row.measure)}, {services}"
            words[str(row.series)] = f"{said}, {row.place}" if row.place else said
            words[f"{row.measure} {' + '.join(row.services)} by practice"] = f"{said}, by practice"
        return {name: said[:1].upper() + said[1:] for name, said in words.items()}

    def series(self, name: str) -> str:
        """A series in words."""
        return self._series.get(name, name)

    def quantity(self, name: str) -> Quantity:
        """A quantity of the pathway, or a share of the targets."""
        shares = self.found.targets.quantities
        return shares[name] if name in shares else self.pathway.quantities[name]

    @cached_property
    def _shares(self) -> list[dict[str, float]]:
        """The shares of decisions in each draw, where the draw moves them."""
        assert self.found.fit is not None
        names = self.found.fit.unknowns
        return [shares_at(self.pathway, dict(zip(names, map(float, row), strict=True))) for row in self.found.fit.draws]

    def in_own_unit(self, name: str) -> tuple[str, str]:
        """A quantity's value and range before, and its median and 90% interval after."""
        assert self.found.fit is not None
        quantity = self.quantity(name)
        low, high = quantity.interval()
        scores = self.found.fit.draws[:, self.found.fit.unknowns.index(name)]
        # shares of one decision have their values together: their own score alone does not tell them
        drawn = [
            shares[name] if name in shares else value_at(quantity, float(score))
            for shares, score in zip(self._shares, scores, strict=True)
        ]
        ends = bands_of(np.array(drawn))
        before = f"{figures(quantity.number())} ({figures(low)} to {figures(high)})"
        return before, f"{figures(ends['middle'])} ({figures(ends['lowest'])} to {figures(ends['highest'])})"

    def series_rows(self) -> list[tuple[str, ...]]:
        """Published beside simulated, the furthest off first."""
        checked = self.found.checks.reproduced
        if checked is None:
            return []
        table = checked.series.sort_values("off", ascending=False, kind="stable")
        return [
            (
                self.series(row.series),
                figures(row.published),
                figures(row.simulated),
                f"{row.off:.1f}{' ✗' if is_missed(row) else ' ▲' if row.off > FAR else ''}",
                percent_of(row.within_90),
                f"{row.worst}: {figures(row.worst_published)} published, {figures(row.worst_simulated)} simulated",
            )
            for row in each_of(table)
        ]

    def quantity_rows(self, statuses: Collection[str]) -> list[tuple[str, ...]]:
        """Fitted quantities before and after, of some statuses, the best known first."""
        known = self.found.checks.knowledge
        if known is None:
            return []
        return [
            (
                f"{in_words(row.quantity)} ({self.quantity(row.quantity).unit})",
                *self.in_own_unit(row.quantity),
                percent_of(row.width) if row.width < 1 else f"{100 * row.width:.0f}%",
                f"{SIGNS[row.status]} {row.status}",
            )
            for row in each_of(known.table.sort_values("width", kind="stable"))
            if row.status in statuses
        ]

    def beyond_rows(self) -> list[tuple[str, ...]]:
        """What lies outside what the ranges give."""
        return [
            (
                f"{self.series(row.series)}: {row.what}",
                figures(row.published),
                f"{figures(row.low)} to {figures(row.high)}",
                how_far(row.published, row.low, row.high) + ("" if row.impossible else " (rare)"),
            )
            for row in self.found.checks.placed
        ]

    def back_rows(self) -> list[tuple[str, ...]]:
        """What the first part of the data foretold of the rest."""
        tested = self.found.checks.back_test
        if tested is None:
            return []
        return [
            (
                self.series(row.series),
                figures(row.published),
                figures(row.predicted),
                percent(100 * row.error),
                percent(100 * row.as_last),
                percent_of(row.within_90),
            )
            for row in each_of(tested.table)
        ]

    def practice_rows(self) -> list[tuple[str, ...]]:
        """How practices differ, by effect."""
        if self.found.practices is None:
            return []
        return [
            (
                row.practice,
                in_words(row.effect),
                figures(row.observed),
                figures(row.expected),
                f"{row.ratio:.2f} ({row.low:.2f} to {row.high:.2f})",
                percent_of(row.weight),
            )
            for row in each_of(self.found.practices.table)
        ]

    def combinations(self) -> list[str]:
        """What is known of several quantities together better than of each."""
        known = self.found.checks.knowledge
        if known is None:
            return []
        said = [
            f"{upright(in_words(words))}, each in its spread: known to {percent_of(width)} of what was open before."
            for words, width in known.directions
            if " " in words.removeprefix("− ")
        ]
        return said + [
            f"{in_words(one)} and {in_words(other)} only together (correlation {between:.2f})."
            for one, other, between in known.tied
        ]

    def what_would_help(self) -> list[str]:
        """The figure, of those that nobody gave, that would narrow each quantity that is not well known."""
        known, worth = self.found.checks.knowledge, self.found.checks.worth or {}
        if known is None:
            return []
        said, none = [], []
        status = dict(zip(known.table["quantity"], known.table["status"], strict=True))
        for name, (figure, narrower) in sorted(worth.items(), key=lambda each: -each[1][1]):
            if figure and narrower >= NARROWS:
                said.append(
                    f"{in_words(name)} ({status[name]}): {self.figure(figure)} would narrow it by {percent_of(narrower)}."
                )
            elif status[name] == "not informed":
                none.append(in_words(name))
        if none:
            said.append(f"No figure of one service would narrow these by {percent_of(NARROWS)}: {', '.join(none)}.")
        return said

    def figure(self, label: str) -> str:
        """A candidate of the simulator in words: measure and service."""
        measure, _, service = label.partition(" ")
        return (
            f"{measure_words(measure)} {LEADS.get(measure, 'at')} {in_a_sentence(self.pathway.services[service].title)}"
        )

    def not_informed(self) -> list[str]:
        """Which fitted quantities stay about as wide as they were."""
        known = self.found.checks.knowledge
        if known is None or not known.not_informed:
            return []
        return [f"{', '.join(map(in_words, sorted(known.not_informed)))}. {WIDE_OPEN}"]

    def kept_back(self) -> list[str]:
        """Why some fitted quantities are not handed on."""
        if not self.found.kept_back:
            return []
        start, begin = self.found.simulator.region.about.start, self.found.targets.start
        return [
            f"Fitted, but not handed on: {', '.join(map(in_words, self.found.kept_back))}. They tell how long lists were when "
            f"the figures begin ({begin.isoformat()}), and runs of the region begin {start.isoformat()}: give the region its own "
            "lists of that day."
        ]

    def in_short(self) -> list[str]:
        """What a planner should take away, a sentence each."""
        checks = self.found.checks
        if checks.reproduced is None or checks.knowledge is None or self.found.fit is None:
            return []
        table, status = checks.reproduced.series, checks.knowledge.table["status"]
        near = int((table["off"] <= FAR).sum())
        said = [
            f"Of {len(table)} series that were fitted, {near if near < len(table) else 'all'} come out as published, "
            f"within {FAR:g} standard deviations; {percent_of(checks.reproduced.share_inside(90))} of the figures lie inside the "
            "model's 90% bands.",
            f"Of {len(status)} quantities looked at, the data inform {(status == 'informed').sum()}, inform "
            f"{(status == 'weak').sum()} weakly, and say next to nothing about {(status == 'not informed').sum()}.",
        ]
        if checks.back_test is not None:
            tested = checks.back_test
            error, last = tested.typical("error"), tested.typical("as_last")
            said.append(
                f"Fitted to the figures until {tested.split.isoformat()} alone, it foretold the rest with a typical error of "
                f"{percent_of(error)} (saying that all stays as it was last: {percent_of(last)}), and {percent_of(tested.coverage)} "
                "of those figures lay inside their 90% bands."
            )
        return said

    @cached_property
    def doubts(self) -> dict[str, list[str]]:
        """What each check holds against the fit, by check; nothing where nothing was fitted."""
        return doubts(self.found.fit, self.found.checks) if self.found.fit else {}

    def sentences(self) -> Iterator[tuple[str, list[str]]]:
        """Lists of sentences under a heading, those that are there."""
        for title, said in (
            ("Not informed", self.not_informed()),
            ("Known together better than apart", self.combinations()),
            ("What would tell more", self.what_would_help()),
            ("Not handed on", self.kept_back()),
        ):
            if said:
                yield title, said


def each_of(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, its columns by name."""
    return iter(table.itertuples())


def measure_words(measure: str) -> str:
    """A measure as a planner says it.

    >>> measure_words("median_wait"), measure_words("referrals")
    ('median wait (days)', 'referrals')
    """
    return MEASURE_WORDS.get(measure, measure.replace("_", " "))


def in_words(name: str) -> str:
    """A quantity's name, or several, without underscores."""
    return name.replace("_", " ")


def upright(words: str) -> str:
    """A combination whose first part counts positively.

    >>> upright("− beds − staff + wait")
    'beds + staff − wait'
    """
    if not words.startswith(f"{MINUS} "):
        return words
    other = {"+": MINUS, MINUS: "+"}
    return " ".join(other.get(word, word) for word in words.split()).removeprefix("+ ")


def how_far(value: float, low: float, high: float) -> str:
    """By how much a value lies beyond the nearer end of a range.

    >>> how_far(300, 20, 100), how_far(10, 20, 100), how_far(50, 20, 100)
    ('3 times the highest', '0.5 times the lowest', 'inside, but not with the rest')
    """
    if value > high:
        return f"{figures(value / high)} times the highest" if high > 0 else f"{figures(value - high)} above"
    if value < low:
        return f"{figures(value / low)} times the lowest"
    return "inside, but not with the rest"
