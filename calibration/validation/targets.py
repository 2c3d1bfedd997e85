"""Published results as data: what a target is, how its file is read, and what a target measures in a run.

A measure is a function of `courses`, `activity`, `ages` or `variation`. Its arguments before the star are tables of
`observed` (or a cohort), those after it stand in the target's `with`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, model_validator

from calibration.validation import activity, ages, courses, places
from calibration.validation.observed import Observed
from pathways import BadInput, Pathway, Problem, did_you_mean
from pathways.explain import read_word
from pathways.files.toml_json import toml_in
from pathways.word import Word

FILE = Path(__file__).parent.parent / "library" / "validation.toml"
TODAY = "usual_care"

Measure = Callable[..., float | list[float]]
MEASURES: dict[str, Measure] = {
    measure.__name__: measure
    for measure in (
        courses.mean_score,
        courses.share_reaching,
        courses.median_days_to_reach,
        courses.share_in,
        courses.share_ill_for,
        courses.share_on_course,
        courses.qalys_lost,
        activity.people_seen_each_year,
        activity.visits_each_year,
        activity.ratio_of_sexes,
        activity.share_returning,
        activity.share_of_referrals,
        activity.share_of_visits,
        activity.share_led_to,
        activity.share_with_visits,
        activity.share_missed,
        activity.median_wait_weeks,
        activity.share_seen_within,
        activity.referrals_each_year,
        ages.mean_age_of_users,
        ages.age_difference,
        ages.age_difference_of_residents,
        ages.modal_bands_that_agree,
        ages.mean_gap_to_table,
        places.ratio_of_deciles,
        places.fold,
        places.fold_by_chance,
        places.correlation_with_deprivation,
        places.prescribing_and_deprivation,
    )
}
COHORTS: dict[str, Callable[..., pd.DataFrame]] = {
    cohort.__name__: cohort
    for cohort in (courses.new_episodes, courses.consultations, courses.first_visits, courses.recoveries)
}
TABLES = tuple(field.name for field in fields(Observed))

RuleKind = Literal["mean_inside", "intervals_overlap", "above", "below", "range_contains"]


# what is written


class Rule(Word):
    """When a target is met. `than` goes with `above` and `below`."""

    kind: RuleKind
    than: float | None = None

    @model_validator(mode="after")
    def _than(self) -> Rule:
        if (self.kind in ("above", "below")) != (self.than is not None):
            raise ValueError(f"'{self.kind}' {'needs' if self.than is None else 'takes no'} 'than'")
        return self


class Measured(Word):
    """A figure of the model: a measure with its arguments."""

    measure: str = Field(min_length=1)
    arguments: dict[str, Any] = Field(default={}, alias="with")


class CohortWord(Measured):
    """People who are followed, and from when."""

    says: str = Field(min_length=1)


class Beside(Measured):
    """A figure that is printed beside another."""

    title: str = Field(min_length=1)


class ValidationTarget(Measured):
    """A published result, and what it is compared with (the fields are explained at the top of the data file)."""

    title: str = Field(min_length=1)
    section: str
    value: float
    low: float | None = None
    high: float | None = None
    interval: Literal["published", "ours"] | None = None
    unit: str = Field(min_length=1)
    source: str = Field(min_length=1)
    read_at: str = ""
    grade: Literal["read", "recalled", "assumed"]
    evidence: str = ""
    compared: str = Field(min_length=1)
    cohort: str | None = None
    rule: Rule
    scenario: str = TODAY
    change_from: str | None = None
    beside: Beside | None = None
    fitted: bool = False
    tuned: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _interval(self) -> ValidationTarget:
        if len({self.low is None, self.high is None, self.interval is None}) > 1:
            raise ValueError("'low', 'high' and 'interval' go together: write all three or none")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"the value {self.value:g} is not between low {self.low:g} and high {self.high:g}")
        if self.low is None and self.rule.kind in ("mean_inside", "intervals_overlap"):
            raise ValueError(f"the rule '{self.rule.kind}' needs 'low' and 'high'")
        return self


class Targets(Word):
    """The whole file."""

    format: int = Field(ge=1, le=1)
    rules: dict[RuleKind, str]
    sections: dict[str, str]
    groups: dict[str, Any] = {}
    cohorts: dict[str, CohortWord] = {}
    targets: dict[str, ValidationTarget]

    def rule_in_words(self, rule: Rule) -> str:
        """The sentence of a rule, with its number."""
        return self.rules[rule.kind].format(than=f"{rule.than:g}" if rule.than is not None else "")


def load_targets(path: Path = FILE) -> Targets:
    """The targets of a data file; `BadInput` tells everything that is wrong with it.

    >>> load_targets().targets["recovered_within_a_year"].value
    72.0
    """
    targets, problems = read_word(Targets, toml_in(path), file=path.name, path="")
    if targets is None:
        raise BadInput(problems)
    problems += _unknown_names(targets, path.name)
    if problems:
        raise BadInput(problems)
    return targets


def _unknown_names(targets: Targets, file: str) -> list[Problem]:
    """Sections, rules, cohorts, measures and arguments that do not exist."""
    problems = []
    for name, cohort in targets.cohorts.items():
        problems += _measure_problems(cohort, COHORTS, f"{file}: cohorts.{name}")
    for name, target in targets.targets.items():
        where = f"{file}: targets.{name}"
        for field, value, known in (
            ("section", target.section, targets.sections),
            ("rule.kind", target.rule.kind, targets.rules),
            ("cohort", target.cohort, targets.cohorts),
        ):
            if value is not None and value not in known:
                problems.append(
                    Problem(
                        "validation_names", f"{where}.{field}", f"there is no '{value}'. {did_you_mean(value, known)}"
                    )
                )
        problems += _measure_problems(target, MEASURES, where, has_cohort=target.cohort is not None)
        if target.beside is not None:
            problems += _measure_problems(target.beside, MEASURES, f"{where}.beside")
    return problems


def _measure_problems(
    word: Measured, known: Mapping[str, Callable[..., Any]], where: str, *, has_cohort: bool = False
) -> list[Problem]:
    if word.measure not in known:
        hint = did_you_mean(word.measure, known)
        return [Problem("validation_measures", f"{where}.measure", f"there is no measure '{word.measure}'. {hint}")]
    tables, needed, allowed = _arguments(known[word.measure])
    problems = [
        Problem("validation_arguments", f"{where}.with", f"'{name}' is missing. Add it.")
        for name in needed
        if name not in word.arguments
    ]
    problems += [
        Problem(
            "validation_arguments", f"{where}.with", f"there is no argument '{name}'. {did_you_mean(name, allowed)}"
        )
        for name in word.arguments
        if name not in allowed
    ]
    if ("cohort" in tables) != has_cohort:
        says = f"the measure '{word.measure}' {'needs a' if 'cohort' in tables else 'takes no'} cohort."
        problems.append(Problem("validation_cohort", f"{where}.cohort", says))
    return problems


def _arguments(measure: Callable[..., Any]) -> tuple[list[str], list[str], list[str]]:
    """A function's tables (what stands before the star), the arguments it needs, and all it takes."""
    parameters = inspect.signature(measure).parameters.values()
    named = [each for each in parameters if each.kind is each.KEYWORD_ONLY]
    return (
        [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY],
        [each.name for each in named if each.default is each.empty],
        [each.name for each in named],
    )


def shared_evidence(target: ValidationTarget, pathway: Pathway) -> list[str]:
    """The pathway's quantities that rest on the same evidence as a target (or name it in their note), by name.

    >>> from pathways import load_pathway
    >>> shared_evidence(load_targets().targets["surgical_conversion"], load_pathway("usual_care"))[0]
    'surgery_conversion_share'
    """
    if not target.evidence:
        return []
    named = re.compile(rf"\b{re.escape(target.evidence)}\b")
    return [
        name
        for name, quantity in pathway.quantities.items()
        if target.evidence == quantity.evidence or named.search(quantity.note or "")
    ]


# what is measured


def measure(word: Measured, seen: Observed, targets: Targets, *, cohort: pd.DataFrame | None = None) -> Any:
    """What a measure (or a cohort) gives for one replication."""
    function = MEASURES.get(word.measure) or COHORTS[word.measure]
    tables, _, _ = _arguments(function)
    given = {name: cohort if name == "cohort" else getattr(seen, name) for name in tables}
    named = {
        name: targets.groups[value] if isinstance(value, str) and value in targets.groups else value
        for name, value in word.arguments.items()
    }
    return function(**given, **named)


def measure_all(seen: Observed, targets: Targets, wanted: Mapping[str, ValidationTarget]) -> dict[str, list[float]]:
    """Every wanted target's value in one replication, one number or one for each period; cohorts are made once.

    What stands beside a target is found under its name with `, beside`.
    """
    needed = {target.cohort for target in wanted.values() if target.cohort is not None}
    cohorts = {name: measure(targets.cohorts[name], seen, targets) for name in sorted(needed)}
    found: dict[str, list[float]] = {}
    for name, target in wanted.items():
        cohort = cohorts[target.cohort] if target.cohort is not None else None
        found[name] = _listed(measure(target, seen, targets, cohort=cohort))
        if target.beside is not None:
            found[beside_of(name)] = _listed(measure(target.beside, seen, targets))
    return found


def beside_of(name: str) -> str:
    """The name under which the figure beside a target is found."""
    return f"{name}, beside"


def _listed(value: float | list[float]) -> list[float]:
    return list(value) if isinstance(value, list) else [value]
