"""Practices beside each other: rates adjusted for age and sex, a funnel, and how much of the difference is chance.

Takes tidy tables of people and of events, real or simulated. What must hold of them is in `practice_tables`, the methods
are in `rates`, `funnel` and `measures_of_variation`, and what may be shown of real people in `outcomes.disclosure.practices`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outcomes.limits import count_limits
from outcomes.practices.funnel import Funnel, Method, Trim, funnel
from outcomes.practices.measures_of_variation import DRAWS, SEED, Variation, variation
from outcomes.practices.practice_tables import Practices, practices_of, times_of
from outcomes.practices.rates import FEWEST_EVENTS, dobson_limits, expected_events, standardised
from outcomes.practices.sentences import adjustment_words, variation_words
from outcomes.table_rules import SHOWN, BadTable

SMALL_LIST = 500
"""A practice with fewer people is flagged: its figures rest on little."""
PER_1000 = 1000


@dataclass(frozen=True)
class PracticeVariation:
    """What `practice_variation` finds.

    `table`: one row per practice, in the order of the population table: `practice`, `population`, `observed` and
    `expected` events; `ratio` of the two with 95% limits `ratio_lower`, `ratio_upper`; `rate` per `multiplier` people,
    standardised, with 95% limits `rate_lower`, `rate_upper` (NaN below 10 events); the funnel's limits of the ratio,
    `lower95`, `upper95`, `lower99_8`, `upper99_8`, and those of chance alone, `unadjusted_lower95` and so on; `band`,
    where the practice lies, and `flagged_by`, which limits say so; `small_list`: fewer than 500 people;
    `rate_not_shown`: fewer than 10 events.
    `variation`, `funnel`: the measures over all practices. `rate`: of all practices together. `bands`: what rates are
    adjusted for, nothing if crude; `own_standard`: to the people of all practices together. `says`: the findings in
    sentences. `disclosure`: the rule for small numbers under which it was worked out, and `hidden` how many practices
    are hidden by it: their `observed` is "*", and they count for nothing else (`disclosed_variation`).
    """

    table: pd.DataFrame
    variation: Variation
    funnel: Funnel
    rate: float
    multiplier: float
    bands: tuple[str, ...]
    own_standard: bool
    what: str
    says: tuple[str, ...]
    disclosure: str = "none"
    hidden: int = 0


def practice_variation(
    events: pd.DataFrame,
    population: pd.DataFrame,
    standard: pd.DataFrame | None = None,
    *,
    multiplier: float = PER_1000,
    method: Method = "square_root",
    trim: Trim = "winsorise",
    what: str = "events",
    draws: int = DRAWS,
    seed: int = SEED,
    fill_missing: float | None = None,
) -> PracticeVariation:
    """Compares practices: standardised rates, a funnel, and variation beside what chance alone would give.

    `population`: one row per practice, `sex` and `ageband`, with `n` people. `events`: the same rows with `count`
    events. `sex` and `ageband` may both be left out, or one of them, in all tables alike; without both, rates are crude.
    `standard`: one row per sex and age band with `weight`, the standard population; without it rates are standardised
    to the people of all practices together. Where people can have several events, `events` may have columns
    `persons_with_1`, `persons_with_2` and so on: persons with exactly so many, for the limits of rates. Expected events
    are those at the rates of all practices together. `what` names the events in sentences. A band without people and
    events adds nothing: the rate of a practice is over the bands in which it has people.

    Nothing is hidden: of real people `disclosed_variation` says what may be shown.
    Raises `BadTable` with everything that is wrong: a count that is missing, in its row or with its row, is not a count
    of zero, unless `fill_missing=0` says so; practices without people, events at practices or bands without people.

    >>> population = pd.DataFrame({"practice": ["A", "B", "C"], "n": [1000, 2000, 1500]})
    >>> events = pd.DataFrame({"practice": ["A", "B", "C"], "count": [40, 40, 10]})
    >>> found = practice_variation(events, population, what="MRI scans")
    >>> found.table[["practice", "expected", "ratio", "rate", "band"]].round(2)
      practice  expected  ratio   rate         band
    0        A      20.0   2.00  40.00  above 99.8%
    1        B      40.0   1.00  20.00       inside
    2        C      30.0   0.33   6.67  below 99.8%
    >>> found.says[0]
    'Among 3 practices with at least 10 MRI scans, the highest has 6.0 times as many as the lowest, given its people.'
    """
    given = practices_of(events, population, standard, fill_missing=fill_missing)
    return compared(
        pd.DataFrame({"practice": given.names, **_figures(given, multiplier)}),
        multiplier=multiplier,
        bands=given.columns,
        own_standard=standard is None,
        adjusted=adjustment_words(
            given.columns, own_standard=standard is None, nobody=given.nobody_in_some_band, what=what
        ),
        repeat_events=len(given.counts) > 1,
        what=what,
        method=method,
        trim=trim,
        draws=draws,
        seed=seed,
    )


def compared(
    table: pd.DataFrame,
    *,
    multiplier: float,
    bands: tuple[str, ...],
    own_standard: bool,
    adjusted: str,
    repeat_events: bool = False,
    what: str = "events",
    method: Method = "square_root",
    trim: Trim = "winsorise",
    draws: int = DRAWS,
    seed: int = SEED,
) -> PracticeVariation:
    """Funnel, variation and sentences of a table with counts, expected events, ratios and rates by practice.

    `adjusted` says what rates are adjusted for. Raises `BadTable` for a practice of which nothing is expected.
    """
    nothing = table["practice"][table["expected"] <= 0].astype(str).tolist()
    if nothing:
        whose = f"{', '.join(nothing[:SHOWN])}{f' and {len(nothing) - SHOWN} more' if len(nothing) > SHOWN else ''}"
        raise BadTable(
            [
                f"no events are expected of {whose}: all the people there are in bands without any events; widen the bands"
            ]
        )
    plot = funnel(table["observed"], table["expected"], method=method, trim=trim)
    measures = variation(table["observed"], table["expected"], draws=draws, seed=seed)
    limits = plot.table.drop(columns=["numerator", "denominator", "value"])
    table = pd.concat([table, limits], axis=1).assign(
        small_list=table["population"] < SMALL_LIST, rate_not_shown=table["observed"] < FEWEST_EVENTS
    )
    says = variation_words(
        table, measures, plot, what=what, adjusted=adjusted, small_list=SMALL_LIST, repeat_events=repeat_events
    )
    overall = multiplier * measures.observed / float(table["population"].sum())
    return PracticeVariation(table, measures, plot, overall, multiplier, bands, own_standard, what, says)


def ratios(observed: np.ndarray, expected: np.ndarray) -> dict[str, np.ndarray]:
    """Observed over expected events with 95% limits, by column of the table.

    >>> {name: values.round(2).tolist() for name, values in ratios(np.array([40.0]), np.array([20.0])).items()}
    {'ratio': [2.0], 'ratio_lower': [1.43], 'ratio_upper': [2.72]}
    """
    lower, upper = count_limits(observed)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"ratio": observed / expected, "ratio_lower": lower / expected, "ratio_upper": upper / expected}


def rates_in_order(per: np.ndarray, rate: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> dict[str, np.ndarray]:
    """Rates and limits by column of the table, times `per`.

    >>> rates_in_order(np.array([1000.0]), *(np.array([each]) for each in (0.02, 0.01, 0.03)))["rate"].tolist()
    [20.0]
    """
    return {"rate": per * rate, "rate_lower": per * lower, "rate_upper": per * upper}


def _figures(given: Practices, multiplier: float) -> dict[str, np.ndarray]:
    """Counts, ratios and rates by practice."""
    people, counts, observed = given.people, given.counts["count"], given.events
    weights = people.sum(axis=0) if given.weights is None else given.weights
    there = people > 0
    persons = {times_of(name): each for name, each in given.counts.items() if name != "count"} or {1: counts}
    rate, variance, _ = standardised(persons, np.where(there, people, 1), np.where(there, weights, 0))
    lower, upper = dobson_limits(rate, variance, observed)
    everyone = people.sum(axis=0)
    expected = expected_events(people, counts.sum(axis=0) / np.where(everyone > 0, everyone, 1))
    per = np.where(observed >= FEWEST_EVENTS, multiplier, np.nan)
    return {
        "population": people.sum(axis=1),
        "observed": observed,
        "expected": expected,
        **ratios(observed, expected),
        **rates_in_order(per, rate, lower, upper),
    }
