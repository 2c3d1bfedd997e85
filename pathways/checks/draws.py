"""Checks of distributions: what is drawn for a quantity must be able to mean the value and the range that are written."""

from __future__ import annotations

from collections.abc import Iterator

from scipy import special

from pathways.checks.rule import check, problem
from pathways.draft import Draft
from pathways.problems import Problem
from pathways.quantity import Quantity

HALF_INTERVAL = float(special.ndtri(0.975))
"""Half a 95% interval, in standard errors."""
OFF_CENTRE = 0.05
"""A mean that lies further from the value, as a share of the range's width, is another than the value."""
OUTER = 0.2
"""A value in so large an outer part of its range is near an end."""


def draw_problem(quantity: Quantity) -> str | None:
    """Why a quantity cannot be drawn as it says, or None.

    >>> zero = Quantity(value=0, low=0, high=1, unit="share", distribution="beta", source="ours", grade="assumed")
    >>> draw_problem(zero)
    'its value 0 lies on the edge of what a beta distribution can take; choose fixed, uniform or triangular'
    """
    if isinstance(quantity.value, dict) or quantity.distribution in (None, "fixed", "uniform", "triangular", "normal"):
        return None
    value, (low, high) = quantity.number(), quantity.interval()
    if low == high:
        return None
    lowest = low if quantity.distribution == "lognormal" else value
    if lowest <= 0 or (quantity.distribution == "beta" and value >= 1):
        return (
            f"its value {value:g} lies on the edge of what a {quantity.distribution} distribution can take; "
            "choose fixed, uniform or triangular"
        )
    if quantity.distribution == "beta" and value * (1 - value) <= ((high - low) / (2 * HALF_INTERVAL)) ** 2:
        return (
            f"its range {low:g} to {high:g} is wider than a beta distribution around {value:g} can be; choose uniform"
        )
    return None


def misleading_draws(quantity: Quantity) -> str | None:
    """Why draws of a quantity would not mean its value and range, or None.

    >>> overlap = Quantity(value=0.3, low=0, high=1, unit="share", distribution="uniform", source="ours", grade="assumed")
    >>> print(misleading_draws(overlap))  # doctest: +NORMALIZE_WHITESPACE
    a uniform distribution from 0 to 1 has its mean at 0.5, not at the value, 0.3; choose beta, or the range so that the
    value is its middle
    """
    if isinstance(quantity.value, dict) or quantity.low == quantity.high:
        return None
    value, (low, high) = quantity.number(), quantity.interval()
    width, kind = high - low, quantity.distribution
    if kind in ("uniform", "triangular"):
        mean = (low + high) / 2 if kind == "uniform" else (low + value + high) / 3
        if abs(mean - value) > OFF_CENTRE * width:
            other = "beta" if quantity.unit == "share" and 0 < value < 1 else "lognormal" if low > 0 else "normal"
            return (
                f"a {kind} distribution from {low:g} to {high:g} has its mean at {mean:.3g}, not at the value, {value:g}; "
                f"choose {other}, or the range so that the value is its middle"
            )
    if kind in ("beta", "gamma") and not OUTER < (value - low) / width < 1 - OUTER:
        return (
            f"a {kind} distribution spreads about alike to both sides, but the value {value:g} lies near an end of its "
            f"range {low:g} to {high:g}, and many draws would lie beyond that end; choose lognormal, which keeps both "
            "ends and the value as median, or another range"
        )
    return None


@check
def draws_mean_what_is_written(draft: Draft) -> Iterator[Problem]:
    """A quantity that is drawn has a distribution that can have its value and its range."""
    for name, quantity in draft.named["quantities"].items():
        if says := draw_problem(quantity) or misleading_draws(quantity):
            path = f"quantities.{name}.distribution"
            yield problem(draft, draws_mean_what_is_written, path, f"{says}.", warning=True)
