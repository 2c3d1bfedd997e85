"""The table of practices as it may be shown: small numbers hidden, with every figure that gives them away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from outcomes.funnel import CONFIDENCE, CONTROL, NOT_SHOWN, funnel_limits
from outcomes.limits import count_limits
from outcomes.practice_variation import PracticeVariation

Protect = Callable[[pd.DataFrame, Sequence[str]], pd.DataFrame]
"""Hides small numbers in the columns of counts that are named, such as `outcomes.disclose` under a policy."""

COUNTS = ["observed"]
"""Columns of the table that count people who were treated; list sizes are published."""
PLACES = 6
PLACES_OF_TAU2 = 3
LEAST = 1e-6
"""Expected events where everything is hidden: limits need some."""
RESTING = ["ratio", "ratio_lower", "ratio_upper", "rate", "rate_lower", "rate_upper"]
"""Columns of the table that give a count away, or rest on it."""


def variation_table(result: PracticeVariation, *, protect: Protect | None = None) -> pd.DataFrame:
    """The table of practices as it may be shown: with `protect`, small numbers are hidden in it.

    Where a count is hidden, so are its ratio, its rate and its place in the funnel: ratio times expected is the count.
    Expected events add to all events, and limits follow from them, so that the others would give a hidden count away:
    they are those of the counts shown, and so are ratios and crude rates. Standardised rates stay as they are: the rules
    exempt them.
    """
    table = result.table
    if protect is None:
        return table
    shown = protect(table, COUNTS)
    counts = pd.to_numeric(shown["observed"], errors="coerce")
    hidden = counts.isna()
    expected = table["expected"] * counts.sum() / table["observed"].sum()
    shown["expected"] = expected.round(PLACES)  # the last digits of a product tell what was multiplied
    shown = shown.assign(**_of_counts("ratio", counts, shown["expected"]), **_limits(result, shown["expected"]))
    if not result.bands:
        rates = _of_counts("rate", counts, table["population"] / result.multiplier)
        shown = shown.assign(**{name: values.where(table["rate"].notna()) for name, values in rates.items()})
    return shown.assign(
        **{name: shown[name].mask(hidden) for name in RESTING},
        band=shown["band"].mask(hidden, NOT_SHOWN),
        flagged_by=shown["flagged_by"].mask(hidden, ""),
    )


def _limits(result: PracticeVariation, expected: pd.Series) -> dict[str, pd.Series]:
    """The funnel's limits at the expected events that are shown."""
    plot = result.funnel
    found: dict[str, pd.Series] = {}
    for prefix, adjusted in (("", plot.adjusted), ("unadjusted_", False)):
        for name, confidence in (("95", CONFIDENCE), ("99_8", CONTROL)):
            limits = funnel_limits(
                expected.clip(lower=LEAST),
                kind=plot.kind,
                method=plot.method,
                target=plot.target,
                adjusted=adjusted,
                tau2=round(plot.tau2, PLACES_OF_TAU2),
                confidence=confidence,
            )
            for end, values in zip(("lower", "upper"), limits, strict=True):
                found[f"{prefix}{end}{name}"] = pd.Series(values, index=expected.index)
    return found


def _of_counts(name: str, counts: pd.Series, base: pd.Series) -> dict[str, pd.Series]:
    """Counts over what they are measured by, with 95% limits; hidden counts as none, for the caller to take out."""
    known = counts.fillna(0.0)
    lower, upper = count_limits(known.to_numpy())
    return {name: known / base, f"{name}_lower": lower / base, f"{name}_upper": upper / base}
