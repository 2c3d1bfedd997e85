"""Practices beside each other as they may be shown: whatever is told is worked out from the counts that are shown.

Rates, ratios, limits, χ², the systematic component, sentences and curves of true counts tell those counts, as list sizes
are published. So the counts are hidden and rounded first, and everything else is a function of them and of the people
registered: nobody can work out more from it than from the counts shown.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from outcomes.disclosure.cells import STAR, DisclosurePolicy
from outcomes.disclosure.margins import every_value_stays_possible
from outcomes.disclosure.tables import disclosure_policy, disclosure_sentence
from outcomes.practices.funnel import NOT_SHOWN, Funnel, limits_by_column
from outcomes.practices.practice_tables import Practices, practices_of
from outcomes.practices.practice_variation import (
    PER_1000,
    SMALL_LIST,
    PracticeVariation,
    compared,
    practice_variation,
    rates_in_order,
    ratios,
)
from outcomes.practices.rates import FEWEST_EVENTS
from outcomes.practices.sentences import adjustment_words, band_words, counted
from outcomes.table_rules import BadTable

LEAST = 1e-6
"""Expected events of a practice in whose bands nothing is shown: limits need some."""
NOT_ADJUSTED = (
    "Rates are crude: so few {what} are in some bands that what is shown could tell their number, so nothing is adjusted for "
    "{bands}. Practices with older people can differ for that reason alone."
)
ADJUSTED = (
    "Rates are adjusted for {bands}: each is the ratio of a practice times the rate of all practices shown together. Expected "
    "{what} are those at the rates of all practices shown, from their counts by {bands} rounded to the nearest {nearest}."
)


def disclosed_variation(
    events: pd.DataFrame,
    population: pd.DataFrame,
    *,
    policy: str = "hes2018",
    multiplier: float = PER_1000,
    what: str = "events",
    fill_missing: float | None = None,
) -> PracticeVariation:
    """What may be shown of `practice_variation` of real people: all of it worked out from the counts shown.

    Tables as of `practice_variation`, without columns of persons with several events. The count of a practice is hidden or
    rounded by the policy; `population` is shown as it is, since list sizes are published. A practice that is hidden
    counts for nothing else: not for the rates of all, nor for variation. Practices stand in the order of their names.

    With bands, rates are adjusted indirectly: events by band of all practices shown together, themselves rounded, say how
    events go with sex and age. Counts by band within a practice enter no other way. Where those sums would tell a hidden
    count (`every_value_stays_possible`), rates are crude and a sentence says so.

    The policy "none" hides nothing: the result is that of `practice_variation`.
    Raises `BadTable` where a table is wrong, and where nothing can be shown.

    >>> population = pd.DataFrame({"practice": ["B", "A", "C"], "n": [2000, 1000, 1500]})
    >>> events = pd.DataFrame({"practice": ["A", "B", "C"], "count": [42, 38, 3]})
    >>> found = disclosed_variation(events, population)
    >>> found.table[["practice", "observed", "expected", "ratio", "rate"]].round(2)
      practice observed  expected  ratio  rate
    0        A       40     26.67   1.50  40.0
    1        B       40     53.33   0.75  20.0
    2        C        *     40.00    NaN   NaN
    """
    rule = disclosure_policy(policy)
    if not rule.hides:
        return practice_variation(events, population, multiplier=multiplier, what=what, fill_missing=fill_missing)
    wanted = [column for column in ("practice", "sex", "ageband", "count") if column in events]
    given = practices_of(events[wanted], population, fill_missing=fill_missing, whole=True)
    true = pd.Series(given.events)
    kept = ~rule.small(true).to_numpy()
    shown = rule.rounded(true[kept]).to_numpy()
    if not shown.sum():
        raise BadTable([f"events: nothing can be shown: each practice has no {what}, or so few that they are hidden"])

    people, bands = given.people.sum(axis=1), given.columns
    rates_by_band = _rates_by_band(given, kept, shown, rule)
    if rates_by_band is None:
        adjusted = NOT_ADJUSTED if bands else adjustment_words((), own_standard=True, nobody=False, what=what)
        expected, bands = people * shown.sum() / people[kept].sum(), ()
    else:
        adjusted = ADJUSTED
        expected = given.people @ rates_by_band
        expected *= shown.sum() / expected[kept].sum()
    nearest = disclosure_policy(rule.bands_as).nearest
    table = _table(given.names[kept], people[kept], shown, expected[kept], multiplier)
    found = compared(
        table,
        multiplier=multiplier,
        bands=bands,
        own_standard=True,
        adjusted=adjusted.format(what=what, bands=band_words(given.columns), nearest=nearest),
        what=what,
    )
    hidden = pd.DataFrame({"practice": given.names, "population": people, "expected": expected})[~kept]
    whole = pd.concat([found.table.astype({"observed": object}), _rows_of_hidden(hidden, found.funnel)])
    whole["observed"] = [each if isinstance(each, str) else int(each) for each in whole["observed"]]
    whole = whole.sort_values("practice", key=lambda names: names.astype(str), kind="stable", ignore_index=True)
    says = found.says
    if len(hidden):
        verb = "is" if len(hidden) == 1 else "are"
        left_out = f"{counted(len(hidden), 'practice')} with few {what} {verb} hidden, and left out of all figures."
        says = (*says[:-1], left_out, says[-1])
    return dataclasses.replace(found, table=whole, says=says, disclosure=policy, hidden=len(hidden))


def disclosure_note(result: PracticeVariation) -> str:
    """How small numbers were treated, as readers must be told beside the numbers."""
    note = disclosure_sentence(result.disclosure)
    if result.disclosure == "none":
        return note
    return f"{note} Every figure, and every sentence, is worked out from the counts shown."


def disclosed_measures(result: PracticeVariation) -> dict[str, Any]:
    """The measures over all practices as they may be shown: `rate`, `variation` by name, `phi` and `tau2` of the funnel.

    Where a practice is hidden, so are the totals: those of the practices shown are not those of all. Where counts are
    rounded, two figures are told: more would tell nothing.
    """
    measures: dict[str, Any] = {
        "rate": result.rate,
        "variation": dataclasses.asdict(result.variation),
        "phi": result.funnel.phi,
        "tau2": result.funnel.tau2,
    }
    if result.hidden:
        measures["variation"] |= {"observed": STAR, "expected": STAR, "max_min": math.nan}
        measures["rate"] = math.nan
    if result.disclosure == "none":
        return measures
    return {name: of if name == "rate" else _coarse(of) for name, of in measures.items()}


def _coarse(value: Any) -> Any:
    """Numbers to two figures; whole numbers and words as they are."""
    if isinstance(value, dict):
        return {name: _coarse(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_coarse(each) for each in value]
    if isinstance(value, (float, np.floating)) and math.isfinite(value):
        return float(f"{value:.2g}")
    return value


def _rates_by_band(given: Practices, kept: np.ndarray, shown: np.ndarray, rule: DisclosurePolicy) -> np.ndarray | None:
    """Events per person by band in the practices shown, from their sums as they are shown; None where there are no bands,
    or the sums would tell too much.
    """
    if not given.columns:
        return None
    of_bands = disclosure_policy(rule.bands_as)
    sums = pd.Series(given.counts["count"][kept].sum(axis=0))
    small = of_bands.small(sums).to_numpy()
    rounded = of_bands.rounded(sums).to_numpy()
    rows = [rule.possible(each) for each in shown]
    columns = [of_bands.possible(STAR if few else each) for few, each in zip(small, rounded, strict=True)]
    if not every_value_stays_possible(rows, columns, small=(rule.star_from, rule.star_to)):
        return None
    middle = (of_bands.star_from + of_bands.star_to) / 2
    people = given.people[kept].sum(axis=0)
    return np.asarray(np.where(small, middle, rounded) / np.where(people > 0, people, 1) * (people > 0))


def _table(
    names: np.ndarray, people: np.ndarray, shown: np.ndarray, expected: np.ndarray, multiplier: float
) -> pd.DataFrame:
    """The practices that are shown: counts, ratios, and rates as ratios of the rate of all."""
    of_ratios = ratios(shown, expected)
    per = np.where(shown >= FEWEST_EVENTS, multiplier * shown.sum() / people.sum(), np.nan)
    return pd.DataFrame(
        {
            "practice": names,
            "population": people,
            "observed": shown,
            "expected": expected,
            **of_ratios,
            **rates_in_order(per, *of_ratios.values()),
        }
    )


def _rows_of_hidden(hidden: pd.DataFrame, plot: Funnel) -> pd.DataFrame:
    """The rows of practices that are hidden: their people, and what the practices shown say of so many."""
    found = hidden.assign(
        observed=STAR, band=NOT_SHOWN, flagged_by="", small_list=hidden["population"] < SMALL_LIST, rate_not_shown=True
    )
    limits = limits_by_column(
        found["expected"].clip(lower=LEAST).to_numpy(),
        kind=plot.kind,
        method=plot.method,
        target=plot.target,
        adjusted=plot.adjusted,
        tau2=plot.tau2,
    )
    return found.assign(**limits)
