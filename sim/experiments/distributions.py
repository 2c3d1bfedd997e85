"""Distributions of what is not known of a quantity: its value at a standard normal score, and their mean and spread.

`beta` and `gamma` keep the value as their mean, `normal` and `lognormal` as their median: half of the draws lie on either
side, and the mean lies nearer to the longer side. `uniform` has it in the middle, `triangular` at its peak.
"""

from __future__ import annotations

import math

from scipy import special

from pathways import Quantity
from pathways.checks import HALF_INTERVAL


def is_drawn(quantity: Quantity) -> bool:
    """Whether a quantity is drawn: a single number with a range and a distribution."""
    return (
        not isinstance(quantity.value, dict)
        and quantity.distribution not in (None, "fixed")
        and quantity.low != quantity.high
    )


def value_at(quantity: Quantity, score: float) -> float:
    """The value of a quantity at a standard normal score: 0 is its middle, -1.96 and 1.96 the ends of its interval.

    `beta` and `gamma` keep the value as their mean and take the standard error that the interval's width implies;
    `normal` and `lognormal` keep it as their median and meet both ends of the interval, which may lie at different
    distances; `uniform` and `triangular` run from end to end. Method: Briggs, Sculpher and Claxton, Decision Modelling
    for Health Economic Evaluation, chapter 4.

    >>> price = Quantity(value=40, low=30, high=50, unit="GBP", distribution="gamma", source="ours", grade="assumed")
    >>> round(value_at(price, -1.96), 1), round(value_at(price, 1.96), 1)
    (30.6, 50.6)
    >>> ratio = Quantity(value=2, low=1, high=8, unit="ratio", distribution="lognormal", source="ours", grade="assumed")
    >>> round(value_at(ratio, -1.96), 2), value_at(ratio, 0), round(value_at(ratio, 1.96), 2)
    (1.0, 2.0, 8.0)
    """
    value, (low, high) = quantity.number(), quantity.interval()
    match quantity.distribution:
        case "lognormal":
            return math.exp(_about(math.log(value), math.log(low), math.log(high), score))
        case "normal":
            return _about(value, low, high, score)
        case "uniform":
            return low + (high - low) * float(special.ndtr(score))
        case "triangular":
            under, rises = float(special.ndtr(score)), (value - low) / (high - low)
            if under <= rises:
                return low + math.sqrt(under * (high - low) * (value - low))
            return high - math.sqrt((1 - under) * (high - low) * (high - value))
        case "gamma":
            error = (high - low) / (2 * HALF_INTERVAL)
            shape = (value / error) ** 2
            return float(special.gammaincinv(shape, float(special.ndtr(score))) * value / shape)
        case "beta":
            error = (high - low) / (2 * HALF_INTERVAL)
            size = value * (1 - value) / error**2 - 1
            return float(special.betaincinv(value * size, (1 - value) * size, float(special.ndtr(score))))
        case _:
            return value


def _about(value: float, low: float, high: float, score: float) -> float:
    """From the middle towards one of two ends at unlike distances."""
    return value + score / HALF_INTERVAL * (high - value if score > 0 else value - low)


def moments(quantity: Quantity) -> tuple[float, float]:
    """Mean and standard deviation of what is drawn for a quantity; its value and 0 where nothing is.

    >>> ratio = Quantity(value=2, low=1, high=8, unit="ratio", distribution="lognormal", source="ours", grade="assumed")
    >>> round(moments(ratio)[0], 2)
    2.72
    """
    value = quantity.number()
    if not is_drawn(quantity):
        return value, 0.0
    low, high = quantity.interval()
    width = high - low
    match quantity.distribution:
        case "uniform":
            return (low + high) / 2, width / math.sqrt(12)
        case "triangular":
            spread = low**2 + high**2 + value**2 - low * high - low * value - high * value
            return (low + value + high) / 3, math.sqrt(spread / 2) / 3
        case "normal":
            under, over = (value - low) / HALF_INTERVAL, (high - value) / HALF_INTERVAL
            variance = (under**2 + over**2) / 2 - (over - under) ** 2 / (2 * math.pi)
            return value + (over - under) / math.sqrt(2 * math.pi), math.sqrt(variance)
        case "lognormal":
            under, over = math.log(value / low) / HALF_INTERVAL, math.log(high / value) / HALF_INTERVAL
            times, squares = (
                math.exp((k * under) ** 2 / 2) * float(special.ndtr(-k * under))
                + math.exp((k * over) ** 2 / 2) * float(special.ndtr(k * over))
                for k in (1, 2)
            )
            return value * times, value * math.sqrt(max(squares - times**2, 0.0))
        case _:
            return value, width / (2 * HALF_INTERVAL)
