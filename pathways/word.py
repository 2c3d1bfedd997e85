"""What every word of the pathway language shares: strict fields, names of quantities, destinations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pathways.quantity import DAYS_IN, YEARS_PER

HOME = "home"
"""Where care ends: the patient goes home and may consult again."""

PRIORITIES = ("emergency", "urgent", "follow_up", "routine")
"""Classes of a waiting list, seen in this order."""

Priority = Literal["emergency", "urgent", "follow_up", "routine"]

State = Literal["well", "mild", "moderate", "severe"]


def _name_not_number(written: Any) -> Any:
    if isinstance(written, int | float) and not isinstance(written, bool):
        raise ValueError(
            f"a bare number ({written}) is written where the name of a quantity belongs. "
            "Make it a quantity with unit, range and source, and write its name here"
        )
    return written


AMOUNT_OF = {"slots": "appointments per week per 100,000", "places": "places per 100,000"}
"""Units of capacity per head, by kind of capacity."""


@dataclass(frozen=True)
class Units:
    """Marks a field that holds the name of a quantity, with the units it may have."""

    family: str
    allowed: tuple[str, ...]


_NamesQuantity = Annotated[str, BeforeValidator(_name_not_number), Field(min_length=1)]

Share = Annotated[_NamesQuantity, Units("share", ("share",))]
Time = Annotated[_NamesQuantity, Units("length of time", tuple(DAYS_IN))]
Rate = Annotated[_NamesQuantity, Units("rate over time", tuple(YEARS_PER))]
Ratio = Annotated[_NamesQuantity, Units("ratio", ("odds ratio", "rate ratio", "hazard ratio", "ratio"))]
TimesShare = Annotated[_NamesQuantity, Units("ratio of shares", ("ratio",))]
TimesCapacity = Annotated[_NamesQuantity, Units("ratio of capacities", ("ratio",))]
Price = Annotated[_NamesQuantity, Units("price", ("GBP",))]
TimesPrice = Annotated[_NamesQuantity, Units("ratio of prices", ("ratio",))]
Utility = Annotated[_NamesQuantity, Units("utility", ("utility",))]
Score = Annotated[_NamesQuantity, Units("score", ("points 0-100", "points 0-24"))]
Count = Annotated[_NamesQuantity, Units("count", ("visits",))]
CapacityPerHead = Annotated[_NamesQuantity, Units("capacity per head", tuple(AMOUNT_OF.values()))]
PeoplePerHead = Annotated[_NamesQuantity, Units("number of people per head", ("people per 100,000",))]
Sites = Annotated[_NamesQuantity, Units("number of sites", ("sites",))]
WeekWeight = Annotated[_NamesQuantity, Units("weight of a week", ("utility per week",))]
DistanceWeight = Annotated[_NamesQuantity, Units("weight of a kilometre", ("utility per km",))]
DisciplineWeight = Annotated[_NamesQuantity, Units("weight of a discipline", ("utility of choice",))]

Destination = Annotated[str, Field(min_length=1, description="a service, a decision, or 'home'")]
When = Annotated[
    dict[str, Any],
    Field(description="conditions on features, all of which must hold: { age = '>= 65', symptom_class = 'radicular' }"),
]


class Word(BaseModel):
    """A word of the language: unknown fields are refused, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SHAPES = ("fixed", "exponential", "gamma", "lognormal", "weibull", "uniform", "empirical")


class Duration(Word):
    """How long something takes, which differs between patients. Exactly one shape is named.

    `fixed`: always this long. `exponential`: its mean. `gamma`: its mean, with `sd`.
    `lognormal`: its median, with `p90`, the time nine in ten do not exceed. `weibull`: its median,
    with `shape`. `uniform`: from, to. `empirical`: a table of cumulative share to time.
    """

    fixed: Time | None = None
    exponential: Time | None = None
    gamma: Time | None = None
    sd: Time | None = None
    lognormal: Time | None = None
    p90: Time | None = None
    weibull: Time | None = None
    shape: Ratio | None = None
    uniform: tuple[Time, Time] | None = None
    empirical: Time | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Duration:
        named = [shape for shape in SHAPES if getattr(self, shape) is not None]
        if len(named) != 1:
            raise ValueError(f"names {len(named)} shapes; a duration has exactly one of {', '.join(SHAPES)}")
        for shape, companion in (("gamma", "sd"), ("lognormal", "p90"), ("weibull", "shape")):
            if (named[0] == shape) != (getattr(self, companion) is not None):
                raise ValueError(f"'{shape}' and '{companion}' go together: write both or neither")
        return self

    @property
    def kind(self) -> str:
        """The one shape that is named."""
        return next(shape for shape in SHAPES if getattr(self, shape) is not None)


def words_within(word: Any, path: str) -> Iterator[tuple[str, Word]]:
    """Every word that stands somewhere in this one, itself included, as (where, word)."""
    if isinstance(word, Word):
        yield path, word
        for field in type(word).model_fields:
            yield from words_within(getattr(word, field), f"{path}.{field}" if path else field)
    elif isinstance(word, dict):
        for key, each in word.items():
            yield from words_within(each, f"{path}.{key}")
    elif isinstance(word, list | tuple):
        for position, each in enumerate(word, start=1):
            yield from words_within(each, f"{path}[{position}]")


def quantity_uses(word: Any, path: str) -> Iterator[tuple[str, str, Units]]:
    """Every quantity that a word names, as (where, quantity, units allowed); words within words included."""
    model: type[Word] = type(word)
    for field, annotation in _annotations(model):
        yield from _uses(getattr(word, field), annotation, f"{path}.{field}" if path else field)


@cache
def _annotations(model: type[Word]) -> tuple[tuple[str, Any], ...]:
    """The fields of a word of the language, each with all that is said of its type."""
    fields = model.model_fields.items()
    return tuple(
        (field, Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation)
        for field, info in fields
    )


def _uses(value: Any, annotation: Any, path: str) -> Iterator[tuple[str, str, Units]]:
    if isinstance(value, Word):
        yield from quantity_uses(value, path)
    elif isinstance(value, dict):
        inner = _argument(annotation, dict, -1)
        for key, each in value.items():
            yield from _uses(each, inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        inner = _argument(annotation, (list, tuple), 0)
        for position, each in enumerate(value, start=1):
            yield from _uses(each, inner, f"{path}[{position}]")
    elif isinstance(value, str) and (units := _units(annotation)):
        yield path, value, units


def _argument(annotation: Any, kinds: Any, position: int) -> Any:
    """The annotation of what a container holds, looked for inside unions and annotations."""
    if get_origin(annotation) in (kinds if isinstance(kinds, tuple) else (kinds,)):
        return get_args(annotation)[position]
    for part in get_args(annotation):
        if (found := _argument(part, kinds, position)) is not None:
            return found
    return None


def _units(annotation: Any) -> Units | None:
    for part in get_args(annotation):
        if isinstance(part, Units):
            return part
        if (found := _units(part)) is not None:
            return found
    return None
