"""Parts against wholes: figures that cannot be, because a part of them is larger, and percentiles out of order.

A figure is part of another where its measure, services, places, days and band all lie within those of the other. Rounded
and suppressed figures are taken as large, or as small, as they can be: what is told here cannot be true.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from math import inf, isnan

from calibration.local_data.figures import Figure, Span, by_series, by_span
from calibration.local_data.measures import MEASURES
from pathways import Problem
from pathways.official.periods import period_in_words
from pathways.problems import ROWS_SHOWN, first_few

PARTS_OF = {"first_visits": {"first_visits", "waited", "visits"}, "waited": {"first_visits", "waited", "visits"}}
"""Measures of which a measure is a part: who is seen for the first time is seen. Every other is a part of itself alone."""
PERCENTILES = ("median_wait", "p75_wait", "p90_wait", "p92_wait", "p95_wait")
"""Percentiles from the lowest on."""


@dataclass(frozen=True)
class _Sum:
    """What a series comes to on one day or in one period: as little and as much as it can be, all bands together.

    `most` is infinite where some of it is not known. `source` is that of its first figure.
    """

    low: float
    most: float
    told: str
    source: str


@dataclass(frozen=True)
class _Series:
    """A series of counts, `sums` by day or period."""

    name: str
    measure: str
    services: frozenset[str]
    practices: frozenset[str]
    share: str
    sums: Mapping[Span, _Sum]

    @cached_property
    def spans(self) -> list[Span]:
        """Its days or periods in order."""
        return sorted(self.sums)

    def within(self, other: _Series) -> bool:
        """Whether all that it counts is counted by the other too."""
        return (
            other.measure in PARTS_OF.get(self.measure, {self.measure})
            and self.share == other.share
            and self.services <= other.services
            and self.practices <= other.practices
        )

    def counts_the_same(self, other: _Series) -> bool:
        """Whether it is the other by another name."""
        return self.within(other) and other.within(self)

    def apart(self, other: _Series) -> bool:
        """Whether nobody's referral or visit is counted by both."""
        return not (self.services & other.services and self.practices & other.practices)


def sum_problems(figures: Sequence[Figure], codes: Collection[str]) -> list[Problem]:
    """Sums that are smaller than their parts, and percentiles out of order. `codes` are the region's practices."""
    series = _counted(figures, codes)
    found = [problem for whole in series for problem in _too_large(whole, series)]
    found += _out_of_order(figures)
    more = "more figures are smaller than their parts, or out of order."
    return first_few(found, more, next((each.where for each in found[ROWS_SHOWN:]), ""))


def seen_against_referred(figures: Sequence[Figure], codes: Collection[str]) -> Iterator[str]:
    """A note where more people were seen for the first time than were referred in the same time."""
    series = _counted(figures, codes)
    for seen in (each for each in series if each.measure in ("first_visits", "waited")):
        for referred in (each for each in series if each.measure == "referrals"):
            if (seen.services, seen.practices, seen.share) != (referred.services, referred.practices, referred.share):
                continue
            spans = [span for span in seen.sums if span in referred.sums and referred.sums[span].most < inf]
            low, most = (sum(values) for values in (
                (seen.sums[span].low for span in spans), (referred.sums[span].most for span in spans)))  # fmt: skip
            if low > most:
                yield (
                    f"More were seen than referred: {seen.name} comes to {low:,.0f} and {referred.name} to {most:,.0f} over the "
                    "same time. That can be where a list is worked off: look whether both count the same people."
                )


def _counted(figures: Sequence[Figure], codes: Collection[str]) -> list[_Series]:
    found = []
    for name, of_series in by_series(figures).items():
        first = of_series[0]
        if MEASURES[first.measure].kind != "count":
            continue
        found.append(
            _Series(
                name,
                first.measure,
                frozenset(first.services),
                frozenset(first.practices or codes),
                first.share,
                {span: _sum(of_span) for span, of_span in by_span(of_series).items()},
            )
        )
    return found


def _sum(figures: Sequence[Figure]) -> _Sum:
    ordered = sorted(figures, key=lambda each: each.band_low)
    whole = (
        ordered[0].band_low == 0
        and ordered[-1].band_high == inf
        and all(one.band_high + 1 == other.band_low for one, other in pairwise(ordered))
    )
    ends = [_ends(each) for each in figures]
    low = sum(low for low, _ in ends)
    bands = f" in {len(figures)} bands" if len(figures) > 1 else ""
    known = sum(0 if isnan(each.value) else each.value for each in figures)
    most = sum(most for _, most in ends) if whole else inf
    return _Sum(low, most, f"{known:,.0f}{bands}", figures[0].source)


def _ends(figure: Figure) -> tuple[float, float]:
    """The least and the most that a count can be."""
    if isnan(figure.value):
        return 0.0, inf
    if figure.suppressed:
        return 0.0, float(max(figure.suppressed_below - 1, figure.value))
    slack = figure.rounded_to / 2 if figure.rounded_to > 1 else 0.0
    return max(figure.value - slack, 0.0), figure.value + slack


def _too_large(whole: _Series, series: Sequence[_Series]) -> Iterator[Problem]:
    """Days and periods of a series on which its parts come to more than it does."""
    parts = [each for each in series if each is not whole and each.within(whole) and not each.counts_the_same(whole)]
    for span, total in whole.sums.items() if parts else ():
        if total.most == inf:
            continue
        lows = {each.name: (each, _lows(each, span)) for each in parts}
        chosen: list[tuple[_Series, float, _Sum]] = []
        for each, (low, first) in sorted(lows.values(), key=lambda pair: -pair[1][0]):
            if first is not None and all(each.apart(other) for other, _, _ in chosen):
                chosen.append((each, low, first))
            if sum(low for _, low, _ in chosen) > total.most:
                break
        added = sum(low for _, low, _ in chosen)
        if added > total.most:
            told = " and ".join(f"'{each.name}' ({first.source}, {low:,.0f})" for each, low, first in chosen)
            says = (
                f"'{whole.name} {period_in_words(*span)}' is {total.told}, but what is part of it comes to {added:,.0f}: {told}. "
                "Correct one of them."
            )
            yield Problem("parts_fit", total.source, says)


def _lows(part: _Series, span: Span) -> tuple[float, _Sum | None]:
    """As little as a series can come to within a day or a period, and the first of its sums there."""
    if span in part.sums:
        return part.sums[span].low, part.sums[span]
    if MEASURES[part.measure].snapshot:
        return 0.0, None
    inside = []
    for begin, end in islice(part.spans, bisect_left(part.spans, span[0], key=lambda each: each[0]), None):
        if begin > span[1]:
            break
        if end <= span[1]:
            inside.append(part.sums[begin, end])
    return sum(each.low for each in inside), inside[0] if inside else None


def _out_of_order(figures: Sequence[Figure]) -> Iterator[Problem]:
    """Percentiles of one wait of which a higher one is the shorter wait."""
    found: dict[tuple[object, ...], list[Figure]] = {}
    for each in figures:
        if each.measure in PERCENTILES and not isnan(each.value):
            key = (each.services, each.practices, each.span)
            found.setdefault(key, []).append(each)
    for of_wait in found.values():
        ordered = sorted(of_wait, key=lambda each: PERCENTILES.index(each.measure))
        for lower, higher in pairwise(ordered):
            if lower.value - lower.rounded_to / 2 > higher.value + higher.rounded_to / 2:
                says = (
                    f"'{higher.series} {period_in_words(*higher.span)}' is {higher.value:,.0f} days, and the lower "
                    f"percentile '{lower.measure}' ({lower.source}) is {lower.value:,.0f} days. Correct one of them."
                )
                yield Problem("percentiles_in_order", higher.source, says)
