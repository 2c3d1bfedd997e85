"""Rates and ratios with confidence limits: crude, directly standardised, indirectly standardised.

What the limits of a count are is told in `limits`; what rates of many practices say together, in `practice_variation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outcomes.arrays import Numbers, as_given, plain
from outcomes.limits import CONFIDENCE, EXACT_BELOW, byar_limits, count_limits, exact_poisson_limits, wilson_limits
from outcomes.table_rules import BadTable, Rules, as_numbers, filled, hold

__all__ = [
    "Rate",
    "StandardisedRatio",
    "byar_limits",
    "checked_columns",
    "count_limits",
    "crude_proportion",
    "crude_rate",
    "directly_standardised_rate",
    "directly_standardised_rate_of_repeat_events",
    "dobson_limits",
    "exact_poisson_limits",
    "expected_events",
    "indirectly_standardised_rate",
    "indirectly_standardised_ratio",
    "standardised",
    "wilson_limits",
]

PER_100_000 = 100_000
FEWEST_EVENTS = 10
"""Directly standardised rates on fewer events are not shown: their limits do not hold."""
NOT_SHOWN = "not shown: fewer than 10 events"

EVENTS_AMONG_NOBODY = "events among nobody: correct the population, or widen the band"


@dataclass(frozen=True)
class Rate:
    """A rate or proportion times its `multiplier`, with its limits at `confidence`.

    `method` names the limits: exact, Byar, Wilson or Dobson; or says that the rate is not shown, and `value` and limits
    are NaN. `count` is the number of events, `population` that of people (or person-years).
    """

    value: float
    lower: float
    upper: float
    count: float
    population: float
    multiplier: float
    confidence: float
    method: str


@dataclass(frozen=True)
class StandardisedRatio:
    """Events observed over events expected, times `reference_value` (1, or 100), with limits at `confidence`.

    `expected` is what the people would have had at the reference's rates. `method` names the limits: exact or Byar.
    """

    value: float
    lower: float
    upper: float
    observed: float
    expected: float
    reference_value: float
    confidence: float
    method: str


def crude_rate(
    count: float,
    population: float,
    *,
    multiplier: float = PER_100_000,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> Rate:
    """Events per `multiplier` people or person-years; exact limits below 10 events, Byar's from 10.

    Raises `BadTable` for a count that is missing or negative and a population that is not above 0.

    >>> rate = crude_rate(20, 100, multiplier=100)
    >>> rate.value, round(rate.lower, 2), round(rate.upper, 2), rate.method
    (20.0, 12.21, 30.89, 'Byar')
    """
    row = checked_columns(
        "crude rate", counts={"count": [count]}, sizes={"population": [population]}, fill_missing=fill_missing
    )
    events, people = float(row["count"].iloc[0]), float(row["population"].iloc[0])
    lower, upper = (multiplier * limit / people for limit in count_limits(events, confidence=confidence))
    return Rate(
        multiplier * events / people, lower, upper, events, people, multiplier, confidence, _method_of_count(events)
    )


def crude_proportion(
    numerator: float,
    denominator: float,
    *,
    multiplier: float = 1,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> Rate:
    """A part of a whole, times `multiplier` (100 for percent), with Wilson's limits.

    Raises `BadTable` for a numerator that is missing, negative or above the denominator.

    >>> proportion = crude_proportion(65, 100, multiplier=100)
    >>> proportion.value, round(proportion.lower, 2), round(proportion.upper, 2)
    (65.0, 55.25, 73.64)
    """
    row = checked_columns(
        "crude proportion",
        counts={"numerator": [numerator]},
        sizes={"denominator": [denominator]},
        fill_missing=fill_missing,
    )
    part, whole = float(row["numerator"].iloc[0]), float(row["denominator"].iloc[0])
    lower, upper = (multiplier * limit for limit in wilson_limits(part, whole, confidence=confidence))
    return Rate(multiplier * part / whole, lower, upper, part, whole, multiplier, confidence, "Wilson")


def directly_standardised_rate(
    counts: Numbers,
    populations: Numbers,
    standard_population: Numbers,
    *,
    multiplier: float = PER_100_000,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> Rate:
    """The rate that people would have if their ages (and sexes) were those of the standard population.

    All three are by band, in the same order. Fewer than 10 events: `value` and limits are NaN and `method` says so.
    Raises `BadTable` for a band without people (widen the band), and for counts that are missing: a missing count is
    not a count of zero, unless `fill_missing=0` says it is. Where people can have several events each, take
    `directly_standardised_rate_of_repeat_events`: these limits would be too narrow.
    Method: Σ w·x/n / Σ w, limits of Dobson and others 1991 from Byar's.

    >>> rate = directly_standardised_rate([20, 60], [10_000, 15_000], [70_000, 30_000], multiplier=1000)
    >>> round(rate.value, 6), round(rate.lower, 3), round(rate.upper, 3), rate.method
    (2.6, 1.953, 3.364, 'Dobson')
    """
    bands = checked_columns(
        "bands",
        counts={"count": counts, "standard": standard_population},
        sizes={"population": populations},
        fill_missing=fill_missing,
        fill=("count",),
    )
    return _dobson_rate({1: bands["count"].to_numpy()}, bands, multiplier=multiplier, confidence=confidence)


def directly_standardised_rate_of_repeat_events(
    persons_with: Mapping[int, Numbers],
    populations: Numbers,
    standard_population: Numbers,
    *,
    multiplier: float = PER_100_000,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> Rate:
    """A directly standardised rate of events that the same person can have several times: visits, injections.

    `persons_with` holds the number of persons by band with exactly so many events: `{1: [...], 2: [...]}`. The events
    of one person come together, so the limits are wider than those of as many events in different people.
    Method: as `directly_standardised_rate`, with variance Σ f²·(variance of the rate of persons with f events).

    >>> once = directly_standardised_rate([30, 30], [10_000, 10_000], [1, 1], multiplier=1000)
    >>> thrice = directly_standardised_rate_of_repeat_events(
    ...     {3: [10, 10]}, [10_000, 10_000], [1, 1], multiplier=1000)
    >>> once.value, thrice.value, round(once.lower, 2), round(thrice.lower, 2)
    (3.0, 3.0, 2.29, 1.77)
    """
    wrong = [times for times in persons_with if not (isinstance(times, int | np.integer) and times >= 1)]
    if wrong or not persons_with:
        raise BadTable([f"persons_with: {wrong or 'nothing'}; whole numbers of events from 1 are needed as keys"])
    names = {times: f"persons_with_{times}" for times in persons_with}
    bands = checked_columns(
        "bands",
        counts={**{names[times]: persons for times, persons in persons_with.items()}, "standard": standard_population},
        sizes={"population": populations},
        fill_missing=fill_missing,
        fill=tuple(names.values()),
    )
    persons = {int(times): bands[name].to_numpy() for times, name in names.items()}
    return _dobson_rate(persons, bands, multiplier=multiplier, confidence=confidence)


def indirectly_standardised_ratio(
    counts: Numbers,
    populations: Numbers,
    reference_counts: Numbers,
    reference_populations: Numbers,
    *,
    reference_value: float = 1,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> StandardisedRatio:
    """Events observed over those expected at the reference's rates: 1 where people have as many as the reference.

    All four are by band, in the same order. Limits: Byar's, exact below 10 events. Raises `BadTable` for missing counts
    (see `fill_missing`), for a band of the reference without people, for events in a band without people, and where the
    reference has no events at all.

    >>> ratio = indirectly_standardised_ratio([10], [500], [200], [10_000])
    >>> ratio.expected, ratio.value, round(ratio.lower, 3), round(ratio.upper, 3), ratio.method
    (10.0, 1.0, 0.479, 1.839, 'Byar')
    """
    bands = _bands_with_reference(counts, populations, reference_counts, reference_populations, fill_missing)
    return _ratio(bands, reference_value=reference_value, confidence=confidence)


def indirectly_standardised_rate(
    counts: Numbers,
    populations: Numbers,
    reference_counts: Numbers,
    reference_populations: Numbers,
    *,
    multiplier: float = PER_100_000,
    confidence: float = CONFIDENCE,
    fill_missing: float | None = None,
) -> Rate:
    """The indirectly standardised ratio times the reference's crude rate: a rate that can be set beside it.

    Arguments, limits and errors as of `indirectly_standardised_ratio`.

    >>> rate = indirectly_standardised_rate([10], [500], [200], [10_000])
    >>> rate.value, round(rate.lower, 1)
    (2000.0, 957.5)
    """
    bands = _bands_with_reference(counts, populations, reference_counts, reference_populations, fill_missing)
    ratio = _ratio(bands, reference_value=1, confidence=confidence)
    reference = multiplier * bands["reference_count"].sum() / bands["reference_population"].sum()
    value, lower, upper = (float(reference * each) for each in (ratio.value, ratio.lower, ratio.upper))
    people = float(bands["population"].sum())
    return Rate(value, lower, upper, ratio.observed, people, multiplier, confidence, ratio.method)


def standardised(
    persons_with: Mapping[int, np.ndarray], populations: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directly standardised rates per person, their variances and the numbers of events, of many units at once.

    `persons_with[f]`: persons with f events, and `populations`: shape (..., bands); `weights`: the standard
    population, shape (bands,), or (..., bands) where it differs. Nothing is checked here.

    >>> rate, variance, events = standardised({1: np.array([[20, 60]])}, np.array([[10_000, 15_000]]), np.array([7, 3]))
    >>> rate.round(6).tolist(), variance.round(10).tolist(), events.tolist()
    ([0.0026], [1.22e-07], [80.0])
    """
    share = weights / weights.sum(axis=-1, keepdims=True) / populations
    each = [(times, np.asarray(persons, dtype=float)) for times, persons in persons_with.items()]
    rate = sum(times * (share * persons).sum(axis=-1) for times, persons in each)
    variance = sum(times**2 * (share**2 * persons).sum(axis=-1) for times, persons in each)
    events = sum(times * persons.sum(axis=-1) for times, persons in each)
    return np.asarray(rate), np.asarray(variance), np.asarray(events)


def dobson_limits(rate: Any, variance: Any, count: Any, *, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Limits of directly standardised rates: Byar's limits of the events, stretched to the rate's variance.

    NaN where there are no events; never below 0. Method: Dobson, Kuulasmaa, Eberle and Scherer 1991.

    >>> lower, upper = dobson_limits(0.0026, 1.22e-07, 80)
    >>> round(lower, 6), round(upper, 6)
    (0.001953, 0.003364)
    """
    lower, upper = byar_limits(count, confidence=confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        stretch = np.sqrt(np.divide(variance, count))
    # where few events weigh much, the stretch is longer than the rate: no rate is below 0
    return plain(np.maximum(rate + stretch * (lower - count), 0)), plain(rate + stretch * (upper - count))


def expected_events(populations: Any, reference_rates: Any) -> Any:
    """Events that people would have at the reference's rates by band: (bands,) and (bands,) to one number.

    Of many units at once: (units, bands) and (bands,) to (units,). Nothing is checked here.

    >>> expected_events(np.array([[1000, 500], [200, 0]]), np.array([1 / 100, 1 / 50])).tolist()
    [20.0, 2.0]
    """
    return plain(np.asarray(populations, dtype=float) @ np.asarray(reference_rates, dtype=float))


def checked_columns(
    name: str,
    *,
    counts: Mapping[str, Numbers],
    sizes: Mapping[str, Numbers],
    fill_missing: float | None = None,
    fill: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """Arrays of one length as a table: `counts` from 0, `sizes` above 0, none missing; `BadTable` with all that is wrong.

    `fill` names the counts in which `fill_missing` stands for what is missing: all of them, unless told.

    >>> checked_columns("bands", counts={"count": [1, None]}, sizes={"population": [5, 0]})
    Traceback (most recent call last):
    ...
    outcomes.table_rules.BadTable: bands: count: row 1: missing; a number from 0 is needed
    bands: population: row 1: 0; a number above 0 is needed
    """
    given = {column: np.atleast_1d(as_given(values)[0]) for column, values in {**counts, **sizes}.items()}
    lengths = {column: len(values) for column, values in given.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{column} has {length}" for column, length in lengths.items())
        raise BadTable([f"{name}: {shown}; all need as many, in the same order"])
    nested = [f"{name}: {column}: a single row of numbers is needed" for column in given if given[column].ndim > 1]
    if nested:
        raise BadTable(nested)
    table = pd.DataFrame(given)
    for column in counts if fill is None else fill:
        table = filled(table, column, fill_missing)
    rules = Rules(name, table)
    rules.numbers(*counts, low=0)
    rules.numbers(*sizes, above=0)
    if table.empty:
        rules.problems.append(f"{name}: there are no rows; one at least is needed")
    hold(rules)
    return table.apply(as_numbers)


def _bands_with_reference(
    counts: Numbers,
    populations: Numbers,
    reference_counts: Numbers,
    reference_populations: Numbers,
    fill_missing: float | None,
) -> pd.DataFrame:
    bands = checked_columns(
        "bands",
        counts={"count": counts, "population": populations, "reference_count": reference_counts},
        sizes={"reference_population": reference_populations},
        fill_missing=fill_missing,
        fill=("count", "reference_count"),
    )
    rules = Rules("bands", bands)
    rules.rows((bands["count"] > 0) & (bands["population"] == 0), ["count", "population"], EVENTS_AMONG_NOBODY)
    rules.hold()
    return bands


def _ratio(bands: pd.DataFrame, *, reference_value: float, confidence: float) -> StandardisedRatio:
    expected = expected_events(bands["population"], bands["reference_count"] / bands["reference_population"])
    if expected == 0:
        says = (
            "bands: reference_count: no events are expected; choose a reference with events in bands that have people"
        )
        raise BadTable([says])
    observed = float(bands["count"].sum())
    value, lower, upper = (
        reference_value * each / expected for each in (observed, *count_limits(observed, confidence=confidence))
    )
    method = _method_of_count(observed)
    return StandardisedRatio(value, lower, upper, observed, expected, reference_value, confidence, method)


def _dobson_rate(
    persons_with: Mapping[int, np.ndarray], bands: pd.DataFrame, *, multiplier: float, confidence: float
) -> Rate:
    populations, weights = bands["population"].to_numpy(), bands["standard"].to_numpy()
    if weights.sum() == 0:
        raise BadTable(["bands: standard: all are 0; a standard population has people"])
    rate, variance, events = (float(each) for each in standardised(persons_with, populations, weights))
    people = float(populations.sum())
    if events < FEWEST_EVENTS:
        nan = float("nan")
        return Rate(nan, nan, nan, events, people, multiplier, confidence, NOT_SHOWN)
    lower, upper = dobson_limits(rate, variance, events, confidence=confidence)
    value, lower, upper = (float(multiplier * each) for each in (rate, lower, upper))
    return Rate(value, lower, upper, events, people, multiplier, confidence, "Dobson")


def _method_of_count(count: float) -> str:
    return "exact" if count < EXACT_BELOW else "Byar"
