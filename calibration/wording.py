"""Numbers of one sentence, written so that they can be compared."""

from __future__ import annotations

from math import floor, isfinite, log10

DIGITS = 4


def alike_written(*values: float, digits: int = DIGITS) -> tuple[str, ...]:
    """Numbers with as many decimals each, enough for so many digits of the largest.

    >>> alike_written(1, 1.003), alike_written(2150, 39.6), alike_written(385, 22, digits=3)
    (('1.000', '1.003'), ('2,150', '40'), ('385', '22'))
    """
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    decimals = max(0, digits - 1 - floor(log10(largest))) if largest > 0 else 0
    return tuple(f"{value:,.{decimals}f}" if isfinite(value) else "none" for value in values)
