"""Conditions on features: what may stand in a `when`, and what it means.

    when = { age = ">= 65", symptom_class = ["radicular", "serious"], visits = { gp = ">= 2" } }

All entries must hold. A feature is a named fact about a patient now; the ones with levels are compared
by name, the ones with numbers by `>= 65`, `< 18`, `= 3` or `18 to 64`. Where a number could be challenged,
write the name of a quantity instead of it: `>= weeks_before_referral`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pathways.decision import Attribute
from pathways.health import STATES
from pathways.problems import did_you_mean
from pathways.quantity import DAYS_IN
from pathways.word import When

NUMBER_FEATURES = {
    "age": "age in years at onset",
    "deprivation_decile": "deprivation decile of the home, 1 = most deprived",
    "weeks_since_onset": "whole weeks since the present episode began",
    "weeks_waited": "whole weeks waited since the referral, by someone who waits; else before the last visit",
}
LEVEL_FEATURES: dict[str, tuple[str, ...]] = {"sex": ("female", "male"), "state": STATES}
NAMED_FEATURES = {
    "visits": "visits attended so far, by service",
    "lever": "a lever that is on in the patient's practice now",
}

BOUND_UNITS = {
    "age": ("years",),
    "deprivation_decile": ("decile", "deciles"),
    "weeks_since_onset": tuple(DAYS_IN),
    "weeks_waited": tuple(DAYS_IN),
    "visits": ("visits",),
}
"""The units of a quantity that a feature can be compared with."""
LARGEST_BOUND = 1_000_000

_SPAN = re.compile(r"^\s*(?P<low>\w+)\s+to\s+(?P<high>\w+)\s*$")
_COMPARISON = re.compile(r"^\s*(?P<sign>>=|<=|>|<|=)\s*(?P<bound>\w+)\s*$")


@dataclass(frozen=True)
class Condition:
    """One condition: a feature lies in a set of levels, or between two bounds (both included).

    `argument` names the service of `visits`, or the lever. A bound is a whole number or the name of a
    quantity; `None` is no bound. `low_plus` and `high_plus` (0, 1 or -1) turn `>` and `<` into `>=` and `<=`.
    """

    feature: str
    argument: str | None = None
    levels: frozenset[str] | None = None
    low: int | str | None = None
    high: int | str | None = None
    low_plus: int = 0
    high_plus: int = 0

    def excludes(self, other: Condition) -> bool:
        """Whether this and another cannot both hold, as far as the names of quantities let one see.

        >>> Condition("age", low=65).excludes(Condition("age", high=65, high_plus=-1))
        True
        """
        if (self.feature, self.argument) != (other.feature, other.argument):
            return False
        if self.levels is not None and other.levels is not None:
            return not self.levels & other.levels
        return _ends_before(self, other) or _ends_before(other, self)


def _ends_before(one: Condition, other: Condition) -> bool:
    """Whether the numbers of one condition all lie below those of the other."""
    if not isinstance(one.high, int) or not isinstance(other.low, int):
        return False
    return one.high + one.high_plus < other.low + other.low_plus


def parse_when(
    when: When, *, attributes: Mapping[str, Attribute], services: set[str], levers: set[str], quantities: set[str]
) -> tuple[list[Condition], list[str]]:
    """The conditions of a `when`, and a sentence for each entry that makes no sense.

    >>> conditions, wrong = parse_when({"age": "18 to 64", "state": "sever"},
    ...                                attributes={}, services=set(), levers=set(), quantities=set())
    >>> conditions
    [Condition(feature='age', argument=None, levels=None, low=18, high=64, low_plus=0, high_plus=0)]
    >>> wrong
    ["'state' has no level 'sever'. Did you mean 'severe'?"]
    """
    conditions: list[Condition] = []
    wrong: list[str] = []
    levels_of = LEVEL_FEATURES | {name: tuple(word.levels) for name, word in attributes.items()}
    for feature, written in when.items():
        try:
            if feature in levels_of:
                conditions.append(_of_levels(feature, written, levels_of[feature]))
            elif feature in NUMBER_FEATURES:
                conditions.append(_of_numbers(feature, None, written, quantities))
            elif feature == "visits":
                conditions += _of_visits(written, services, quantities)
            elif feature == "lever":
                conditions.append(_of_lever(written, levers))
            else:
                known = [*levels_of, *NUMBER_FEATURES, *NAMED_FEATURES]
                raise ValueError(f"there is no feature '{feature}'. {did_you_mean(feature, known)}")
        except ValueError as error:
            wrong.append(str(error))
    return conditions, wrong


def in_words(when: When) -> str:
    """A `when` as it is read aloud; nothing where there is no condition.

    >>> in_words({"age": "> 70", "state": ["moderate", "severe"], "visits": {"gp": ">= 2"}})
    'age > 70 and state moderate or severe and visits to gp >= 2'
    """
    said = []
    for feature, written in when.items():
        if isinstance(written, dict):
            said += [f"{feature} to {name} {comparison}" for name, comparison in written.items()]
        else:
            said.append(f"{feature} {' or '.join(written) if isinstance(written, list) else written}")
    return " and ".join(said)


def _of_levels(feature: str, written: object, levels: tuple[str, ...]) -> Condition:
    names = written if isinstance(written, list) else [written]
    if not names:
        raise ValueError(f"'{feature}' is compared with an empty list. Name at least one of {', '.join(levels)}")
    chosen: set[str] = set()
    for name in names:
        if name not in levels:
            raise ValueError(f"'{feature}' has no level '{name}'. {did_you_mean(str(name), levels)}")
        chosen.add(str(name))
    return Condition(feature, levels=frozenset(chosen))


def _of_numbers(feature: str, argument: str | None, written: object, quantities: set[str]) -> Condition:
    def bound(text: str) -> int | str:
        if text.isdecimal():
            if int(text) > LARGEST_BOUND:
                raise ValueError(f"'{feature}' is compared with {text}; write a number up to {LARGEST_BOUND:,}")
            return int(text)
        if text not in quantities:
            raise ValueError(
                f"'{feature}' is compared with '{text}', which is neither a whole number nor a quantity. "
                f"{did_you_mean(text, quantities)}"
            )
        return text

    text = f"= {written}" if isinstance(written, int) else str(written)
    if span := _SPAN.match(text):
        low, high = bound(span["low"]), bound(span["high"])
        if isinstance(low, int) and isinstance(high, int) and low > high:
            raise ValueError(f"'{feature}' is compared with '{written}', which is nothing. Write '{high} to {low}'")
        return Condition(feature, argument, low=low, high=high)
    if comparison := _COMPARISON.match(text):
        value = bound(comparison["bound"])
        match comparison["sign"]:
            case ">=":
                return Condition(feature, argument, low=value)
            case ">":
                return Condition(feature, argument, low=value, low_plus=1)
            case "<=":
                return Condition(feature, argument, high=value)
            case "<":
                return Condition(feature, argument, high=value, high_plus=-1)
            case _:
                return Condition(feature, argument, low=value, high=value)
    raise ValueError(f"'{feature}' is compared with '{written}'. Write '>= 3', '< 3', '= 3' or '1 to 3'")


def _of_visits(written: object, services: set[str], quantities: set[str]) -> list[Condition]:
    if not isinstance(written, dict) or not written:
        raise ValueError("'visits' needs a service: visits = { gp = '>= 2' }")
    conditions = []
    for service, comparison in written.items():
        if service not in services:
            raise ValueError(
                f"'visits' names the service '{service}', which does not exist. {did_you_mean(service, services)}"
            )
        conditions.append(_of_numbers("visits", service, comparison, quantities))
    return conditions


def _of_lever(written: object, levers: set[str]) -> Condition:
    if not isinstance(written, str) or written not in levers:
        raise ValueError(f"there is no lever '{written}'. {did_you_mean(str(written), levers)}")
    return Condition("lever", written, low=1)
