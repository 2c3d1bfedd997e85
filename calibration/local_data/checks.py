"""How figures fit together: nothing twice, no month forgotten, bands that neither overlap nor leave a gap."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise
from math import isnan

from calibration.in_common import KINDS, SAME
from calibration.local_data.figures import Figure, Span, by_series, by_span
from calibration.local_data.measures import MEASURES
from calibration.local_data.sums import sum_problems
from pathways import Problem
from pathways.official.periods import band_in_words, last_of_month, next_day, period_in_words
from pathways.problems import first_few, listed
from pathways.quantity import DAYS_IN_A_WEEK

MONTHS_PER_YEAR = 12
FEWEST_ALIKE = 3
"""Dates on which two series must have the same values before they count as one under two names."""
SHOWN = 12
"""Missing months that are named; the others are counted."""
MOST_SERIES, MOST_YEARS = 2_000, 20
"""More series, or figures further apart, are nobody's targets."""


def series_problems(figures: Sequence[Figure], codes: Collection[str], *, whole: bool = True) -> list[Problem]:
    """Everything that is wrong with the figures as series; each sentence names the rows.

    `codes` are the region's practices. Where some rows or files could not be read (not `whole`), nothing is said to be
    missing: it may stand in those.
    """
    series = by_series(figures)
    if too_much := _too_much(figures, len(series)):
        return too_much
    problems = []
    for name, of_series in series.items():
        problems += [*_repeated(of_series), *_other_share(of_series), *_percent_as_share(of_series)]
        problems += [*_bands(of_series, whole=whole), *_overlapping_periods(of_series)]
        problems += _missing(name, of_series) if whole else []
    problems += _under_two_names(list(series.values()))
    if not problems:
        problems += sum_problems(figures, codes)
    return problems


def _too_much(figures: Sequence[Figure], series: int) -> list[Problem]:
    """Figures that are more, or lie further apart, than anybody's targets: a slip, or another kind of table."""
    if not figures:
        return []
    first, last = min(figures, key=lambda each: each.from_date), max(figures, key=lambda each: each.to_date)
    if series > MOST_SERIES:
        says = (
            f"there are {series:,} series, and {MOST_SERIES:,} at most can be fitted. Add places or services together."
        )
        return [Problem("few_series", first.source, says)]
    if last.to_date.year - first.from_date.year > MOST_YEARS:
        says = (
            f"the figures run from {first.from_date.isoformat()} to {last.to_date.isoformat()} ({last.source}), over more than "
            f"{MOST_YEARS} years. Is one of these dates a slip? Else leave out what is too old."
        )
        return [Problem("dates_belong_together", first.source, says)]
    return []


def _repeated(figures: Sequence[Figure]) -> Iterator[Problem]:
    seen: dict[tuple[object, ...], Figure] = {}
    twice = []
    for each in figures:
        key = (each.span, each.band_low, each.band_high)
        if key in seen:
            says = f"{_told(each)} stands in {seen[key].source} already. Remove one."
            twice.append(Problem("no_duplicates", each.source, says))
        seen.setdefault(key, each)
    yield from first_few(twice, "more figures stand twice.", f"series {figures[0].series}")


def _under_two_names(series: Sequence[Sequence[Figure]]) -> Iterator[Problem]:
    """Series that are another once more: the same count by another name, or the same values of the same service."""
    places: dict[frozenset[str], list[Sequence[Figure]]] = {}
    for each in series:
        places.setdefault(frozenset(each[0].practices), []).append(each)
    for one, other in (pair for of_place in places.values() for pair in combinations(of_place, 2)):
        first, second = one[0], other[0]
        if not set(first.services) & set(second.services):
            continue
        measures = [SAME.get(each.measure, each.measure) for each in (first, second)]
        spans = {each.span for each in one} & {each.span for each in other}
        if measures[0] == measures[1] and first.services == second.services and spans:
            says = f"'{second.series}' counts what '{first.series}' in {first.source} counts, of the same dates. Keep one of them."
            yield Problem("counted_once", second.source, says)
        elif KINDS.get(measures[0]) == KINDS.get(measures[1]) and _same_values(one, other):
            says = (
                f"'{second.series}' has the values of '{first.series}' in {first.source} on every date: one series under two "
                "names counts twice. Keep one of them."
            )
            yield Problem("counted_once", second.source, says)


def _same_values(one: Sequence[Figure], other: Sequence[Figure]) -> bool:
    """Whether two series have the same values wherever both have one: on enough dates, and not one value throughout."""
    values = [
        {(each.span, each.band_low, each.band_high): each.value for each in series if not isnan(each.value)}
        for series in (one, other)
    ]
    both = values[0].keys() & values[1].keys()
    return (
        len(both) >= FEWEST_ALIKE
        and all(values[0][key] == values[1][key] for key in both)
        and len({values[0][key] for key in both}) > 1
    )


def _told(figure: Figure) -> str:
    """A figure in words: its series, date and band."""
    parts = (
        figure.series,
        period_in_words(*figure.span),
        band_in_words(figure.band_low, figure.band_high),
    )
    return f"'{' '.join(part for part in parts if part)}'"


def _other_share(figures: Sequence[Figure]) -> Iterator[Problem]:
    first = figures[0]
    for each in figures:
        if each.share != first.share:
            says = f"the share is '{each.share}', but that of '{each.series}' is '{first.share}' in {first.source}. Use one for a series."
            yield Problem("one_share", each.source, says)
            return


def _percent_as_share(figures: Sequence[Figure]) -> Iterator[Problem]:
    written = [each for each in figures if MEASURES[each.measure].kind == "percent" and not isnan(each.value)]
    if any(each.value > 0 for each in written) and all(each.value <= 1 for each in written):
        first = next(each for each in written if each.value > 0)
        says = f"no value of '{first.series}' is above 1: these look like shares. Write percent, {100 * first.value:g} for {first.value:g}."
        yield Problem("percent_is_percent", first.source, says)


def _bands(figures: Sequence[Figure], *, whole: bool) -> Iterator[Problem]:
    for span, of_date in by_span(figures).items():
        ordered = sorted(of_date, key=lambda each: (each.band_low, each.band_high))
        for first, second in pairwise(ordered):
            when = f"in '{first.series}' of {period_in_words(*span)}"
            if (first.band_low, first.band_high) == (second.band_low, second.band_high):
                continue
            if second.band_low <= first.band_high:
                yield Problem("bands_fit", second.source, f"{_overlap(first, second)} {when}, in {first.source}.")
            elif whole and second.band_low > first.band_high + 1:
                gap = band_in_words(first.band_high + 1, second.band_low - 1)
                says = (
                    f"the band {gap} is missing {when}. Add a row for it, with a blank value if it was not submitted."
                )
                yield Problem("bands_fit", second.source, says)


def _overlap(first: Figure, second: Figure) -> str:
    whole = next((each for each in (first, second) if not each.has_band), None)
    if whole is not None:
        return "a total and its bands both stand for the same day or period; keep one of them,"
    bands = (band_in_words(each.band_low, each.band_high) for each in (second, first))
    return "the band {} overlaps {}".format(*bands)


def _overlapping_periods(figures: Sequence[Figure]) -> Iterator[Problem]:
    first_of = {each.span: each for each in reversed(figures)}
    for (_, first_end), (begin, end) in pairwise(sorted(first_of)):
        if begin <= first_end:
            each = first_of[begin, end]
            other = next(span for span in sorted(first_of) if span[1] == first_end)
            says = (
                f"the period {period_in_words(begin, end)} of '{each.series}' overlaps {period_in_words(*other)} in "
                f"{first_of[other].source}. Keep the shorter periods, or the longer one."
            )
            yield Problem("periods_apart", each.source, says)


def _missing(name: str, figures: Sequence[Figure]) -> Iterator[Problem]:
    spans = sorted({each.span for each in figures})
    missing = missing_spans(spans, snapshots=figures[0].snapshot)
    if missing:
        told = listed([period_in_words(*span) for span in missing], SHOWN)
        is_or_are = "is" if len(missing) == 1 else "are"
        says = (
            f"{told} {is_or_are} missing between {period_in_words(*spans[0])} and "
            f"{period_in_words(*spans[-1])}. Add a row for each, with a blank value if it was not submitted."
        )
        yield Problem("no_gaps", f"{figures[0].source.partition(': ')[0]}: {name}", says)


def missing_spans(spans: Sequence[Span], *, snapshots: bool) -> list[Span]:
    """The periods or days that a regular series leaves out; nothing where the series is not regular.

    Regular are periods of equally many whole months, or of seven days; and days at ends of months, or a whole number of
    weeks apart, of which there are three or more. `spans` are in order, each a first and a last day.

    >>> day = date(2025, 3, 31)
    >>> missing_spans([(date(2025, 1, 31),) * 2, (date(2025, 2, 28),) * 2, (date(2025, 4, 30),) * 2], snapshots=True)
    [(datetime.date(2025, 3, 31), datetime.date(2025, 3, 31))]
    """
    if len(spans) < (3 if snapshots else 2):
        return []
    if all(next_day(end).day == 1 and (snapshots or begin.day == 1) for begin, end in spans):
        ends = [_months(end) for _, end in spans]
        lengths = {b - a for a, b in pairwise(ends)} if snapshots else {_months(e) - _months(b) + 1 for b, e in spans}
        return [
            (last, last) if snapshots else (_month_start(number - step + 1), last)
            for step, number in _absent(ends, lengths, one_length=not snapshots)
            for last in [_month_end(number)]
        ]
    days = [end.toordinal() for _, end in spans]
    lengths = {b - a for a, b in pairwise(days)} if snapshots else {(end - begin).days + 1 for begin, end in spans}
    if any(length % DAYS_IN_A_WEEK for length in lengths):
        return []
    return [
        (last - timedelta(days=0 if snapshots else step - 1), last)
        for step, number in _absent(days, lengths, one_length=not snapshots)
        for last in [date.fromordinal(number)]
    ]


def _absent(numbers: Sequence[int], lengths: set[int], *, one_length: bool) -> list[tuple[int, int]]:
    """The step of a series and each number that it leaves out; nothing where there is no common step."""
    step = min(lengths)
    if step < 1 or (one_length and len(lengths) > 1) or any((number - numbers[0]) % step for number in numbers):
        return []
    there = set(numbers)
    return [(step, number) for number in range(numbers[0], numbers[-1], step) if number not in there]


def _months(day: date) -> int:
    return day.year * MONTHS_PER_YEAR + day.month - 1


def _month_end(number: int) -> date:
    return last_of_month(number // MONTHS_PER_YEAR, number % MONTHS_PER_YEAR + 1)


def _month_start(number: int) -> date:
    return _month_end(number).replace(day=1)
