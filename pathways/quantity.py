"""A number about the world, with its unit, its range and where it comes from.

Nothing in a pathway, a region or a scenario is a bare number: every one is a `Quantity`.
The same record feeds the evidence table, a slider's range, a prior and the sensitivity analysis.
What a quantity is used for is not known here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

GRADES = {
    "read": "a page that states it was read",
    "recalled": "from memory: verify before citing as fact",
    "assumed": "no source: a judgement, open to challenge",
    "local": "taken from the area's own data",
}

DAYS_IN_A_WEEK = 7
DAYS_IN_A_YEAR = 365
"""A year without leap days, so that all years are alike; `outcomes.lengths_of_time` says the same."""
DAYS_IN_A_CALENDAR_YEAR = 365.25
"""With leap days: for figures that bear dates, and nothing else."""
DAYS_IN = {
    "minutes": 1 / 1440,
    "hours": 1 / 24,
    "days": 1.0,
    "weeks": float(DAYS_IN_A_WEEK),
    "months": DAYS_IN_A_YEAR / 12,
    "years": float(DAYS_IN_A_YEAR),
}
"""Units of time, in days. A year is 365 days and a month a twelfth of it."""

LONGEST_DAYS = 200 * DAYS_IN["years"]
"""No length of time is longer than this."""

YEARS_PER = {
    "per day": float(DAYS_IN_A_YEAR),
    "per week": DAYS_IN_A_YEAR / DAYS_IN_A_WEEK,
    "per month": 12.0,
    "per year": 1.0,
}
"""Units of a rate, as how many of them make a yearly rate."""

MONEY = "GBP"
"""The unit of every amount of money."""

Text = Annotated[str, Field(min_length=1)]


class Quantity(BaseModel):
    """One number, or one number for each named level, with range, unit, source and grade.

    `value` is a number or a table of numbers by level (an age band, a month). `low` and `high`
    bound it: the published 95% interval, or a stated judgement. For a table they may be given
    once as `low_times` and `high_times`, factors on every level. `distribution` is that of our
    uncertainty about the value; differences between patients are a duration's or a decision's business.

    >>> wait = Quantity(value=5, unit="days", low=1, high=14, source="ours", grade="assumed")
    >>> wait.days()
    5.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    value: float | dict[str, float]
    unit: Text
    low: float | None = None
    high: float | None = None
    low_times: float | None = None
    high_times: float | None = None
    distribution: Literal["beta", "gamma", "normal", "lognormal", "uniform", "triangular", "fixed"] | None = None
    price_year: int | None = Field(
        default=None, ge=1990, le=2100, description="of an amount of money: the year of its pounds"
    )
    source: Text
    grade: Literal["read", "recalled", "assumed", "local"]
    evidence: str | None = Field(default=None, description="its id in the evidence table")
    note: str | None = None

    @field_validator("source", "unit")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank. Say where the number comes from; if it is a judgement, say whose")
        return text

    @model_validator(mode="after")
    def _only_money_has_a_price_year(self) -> Quantity:
        if self.price_year is not None and self.unit != MONEY:
            raise ValueError(f"has a price_year, but its unit is '{self.unit}', not '{MONEY}'. Remove one of them")
        return self

    @model_validator(mode="after")
    def _range_holds_the_value(self) -> Quantity:
        if isinstance(self.value, dict):
            if self.low_times is None or self.high_times is None:
                raise ValueError("a table needs 'low_times' and 'high_times', the factors that bound every level")
            if not self.low_times <= 1 <= self.high_times:
                raise ValueError("'low_times' must not be above 1 and 'high_times' not below 1")
        elif self.low is None or self.high is None:
            raise ValueError("has no range. Add 'low' and 'high'")
        elif not self.low <= self.value <= self.high:
            raise ValueError(f"its value {self.value:g} lies outside its range {self.low:g} to {self.high:g}")
        return self

    def number(self) -> float:
        """The value, where it is a single number; raises TypeError for a table."""
        if isinstance(self.value, dict):
            raise TypeError("this quantity is a table: ask for a level")
        return self.value

    def interval(self) -> tuple[float, float]:
        """Both ends of its range, where it is a single number; raises TypeError for a table."""
        if self.low is None or self.high is None:
            raise TypeError("this quantity is a table: its range is given as factors")
        return self.low, self.high

    def levels(self) -> dict[str, float]:
        """The values by level, where it is a table; raises TypeError for a single number."""
        if not isinstance(self.value, dict):
            raise TypeError("this quantity is a single number")
        return dict(self.value)

    def days(self) -> float:
        """A length of time in days. Raises KeyError when the unit is no unit of time."""
        return self.number() * DAYS_IN[self.unit]

    def per_year(self) -> float:
        """A rate per year. Raises KeyError when the unit is no rate over time."""
        return self.number() * YEARS_PER[self.unit]

    def with_value(self, value: float, *, source: str, grade: Literal["assumed", "local"]) -> Quantity:
        """The same quantity with another value, its range widened to hold it; graded as someone's own.

        >>> wait = Quantity(value=5, unit="days", low=1, high=14, source="ours", grade="assumed")
        >>> wait.with_value(21, source="trust report, June", grade="local").high
        21.0
        """
        low, high = self.low, self.high
        if low is not None and high is not None:
            low, high = min(low, value), max(high, value)
        return Quantity.model_validate(
            {**self.model_dump(), "value": value, "low": low, "high": high, "source": source, "grade": grade}
        )
