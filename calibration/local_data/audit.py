"""The audit of local targets in sentences: how many figures, by which clock, what is missing, suppressed or assumed, and steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from math import isnan, sqrt

from calibration.in_common import SeriesScope, overlap
from calibration.local_data.figures import Figure, by_series, by_span, figures_table
from calibration.local_data.measures import MEASURES
from pathways import Quantity, Region
from pathways.official.periods import period_in_words
from pathways.quantity import DAYS_IN_A_YEAR

LONG_DAYS = DAYS_IN_A_YEAR
"""Days: figures that begin so long before the region's first day are told."""
MOST_CHANGE = 1 / 2
"""A series that changes by more than this share from one date to the next is told."""
MOST_OVERLAPS = 12
"""Series that overlap and are named; the others are counted."""
BY_CHANCE = 4
"""Standard deviations of two counts' difference that may be chance."""


def audit(figures: Sequence[Figure], quantities: Mapping[str, Quantity], region: Region) -> list[str]:
    """Notes about figures, one sentence each or a few, the most general first."""
    series = by_series(figures)
    return [
        _counted(figures, len(series)),
        *_gaps(figures),
        *_clocks(figures),
        *_shares(figures, quantities),
        *_beginning(figures, region),
        *_twice(series),
        *_overlapping(series, region),
        *(note for of_series in series.values() for note in steps(of_series)),
    ]


def _counted(figures: Sequence[Figure], series: int) -> str:
    begin, end = min(each.from_date for each in figures), max(each.to_date for each in figures)
    told = sum(not isnan(each.value) for each in figures)
    return f"{told:,} figures in {series} series, {begin.isoformat()} to {end.isoformat()}."


def _gaps(figures: Sequence[Figure]) -> Iterator[str]:
    suppressed = [each for each in figures if each.suppressed]
    missing = sum(isnan(each.value) for each in figures)
    rounded = sorted(
        {each.rounded_to for each in figures if each.rounded_to > 1 and MEASURES[each.measure].kind == "count"}
    )
    if suppressed:
        below = max(each.suppressed_below for each in suppressed)
        yield f"Suppressed, below {below}: {len(suppressed)} of them; each stands for the middle of what it can be."
    if missing:
        yield f"Not submitted, and left out: {missing} more."
    if rounded:
        yield f"Counts are rounded to {', '.join(f'{step:g}' for step in rounded)}; the model's counts are rounded likewise."


def _clocks(figures: Sequence[Figure]) -> Iterator[str]:
    for name, measure in MEASURES.items():
        if measure.clock and any(each.measure == name for each in figures):
            yield f"Clock of {name}: {measure.clock}."


def _shares(figures: Sequence[Figure], quantities: Mapping[str, Quantity]) -> Iterator[str]:
    for name, quantity in quantities.items():
        of_it = sum(each.share == name for each in figures)
        low, high = quantity.interval()
        yield (
            f"Not of back pain alone: {of_it} of them; its share '{name}' is {quantity.number():g} ({low:g} to {high:g}), "
            f"grade {quantity.grade}: {quantity.source}."
        )


def _beginning(figures: Sequence[Figure], region: Region) -> Iterator[str]:
    begin = min(each.from_date for each in figures)
    before = (region.about.start - begin).days
    if before > LONG_DAYS:
        yield (
            f"The figures begin {begin.isoformat()}, {before / LONG_DAYS:.1f} years before the region's first day, "
            f"{region.about.start.isoformat()}: people and capacity are those of the later date."
        )


def _twice(series: Mapping[str, Sequence[Figure]]) -> Iterator[str]:
    """Series of a place within another that has the same series: its people are counted in both."""
    heads = [of_series[0] for of_series in series.values()]
    for whole in heads:
        parts = [
            part
            for part in heads
            if (part.measure, part.services) == (whole.measure, whole.services)
            and part.practices
            and (not whole.practices or set(part.practices) < set(whole.practices))
        ]
        if parts:
            where = f"'{whole.place}'" if whole.place else "the whole region"
            yield (
                f"{whole.measure} of {' + '.join(whole.services)} stands both for {where} and for {len(parts)} places in it: "
                "the same people count twice unless their weights are lowered."
            )


def _overlapping(series: Mapping[str, Sequence[Figure]], region: Region) -> Iterator[str]:
    """Series that count the same people by other measures, other periods, or with other services."""
    people = dict.fromkeys(region.codes, 1.0)
    abouts = [(_head(each[0]), SeriesScope.of(figures_table(each), people)) for each in series.values()]
    pairs = [(one, other) for (one, a), (other, b) in combinations(abouts, 2) if one != other and overlap(a, b)]
    pairs = list(dict.fromkeys(pairs))
    for one, other in pairs[:MOST_OVERLAPS]:
        yield (
            f"Overlap: {one} and {other} count the same people, in whole or in part: together they tell little more than one of "
            "them. What the model may miss of one (discrepancy) it is taken to miss of the other."
        )
    if len(pairs) > MOST_OVERLAPS:
        yield f"Overlap: {len(pairs) - MOST_OVERLAPS} more pairs of series."


def _head(figure: Figure) -> str:
    """A series without its place."""
    return f"{figure.measure} {' + '.join(figure.services)}"


def steps(figures: Sequence[Figure]) -> Iterator[str]:
    """Where a series of counts changes by more than half from one date to the next, and by more than chance."""
    if MEASURES[figures[0].measure].kind != "count":
        return
    values = {span: [each.value for each in of_span] for span, of_span in by_span(figures).items()}
    told = [(span, sum(of_span)) for span, of_span in sorted(values.items()) if not any(map(isnan, of_span))]
    for (before, first), (then, second) in pairwise(told):
        change = second - first
        if abs(change) > MOST_CHANGE * first and abs(change) > BY_CHANCE * sqrt(first + second):
            grown = f" ({change / first:+.0%})" if first else ""
            yield (
                f"Step: {figures[0].series} goes from {first:,.0f} ({period_in_words(*before)}) to {second:,.0f} "
                f"({period_in_words(*then)}){grown}. This is likely a change of who submits, not of patients: "
                "fit the months on one side of it only."
            )
