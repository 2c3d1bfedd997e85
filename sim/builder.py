"""Collects the rows of a plan's arrays while a pathway is compiled. Names become positions here."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathways import Condition, Decision, Duration, Pathway, Service, parse_when
from pathways.decision import REST
from pathways.durations import shape_in_days
from pathways.health import STATES
from pathways.quantity import DAYS_IN
from pathways.word import HOME as HOME_WORD
from sim.arrays.keyed_draws import label
from sim.arrays.layout import (
    AGE,
    ATTRIBUTE,
    CHANGE,
    DECILE,
    DECISION,
    DECISION_RECORD,
    FIRST_ATTRIBUTE,
    FREED,
    HOME,
    LEVER_ON,
    NEVER,
    ODDS,
    OPTION,
    SETTING,
    SEX,
    STATE_NOW,
    TEST,
    VISITS,
    WEEKS_SINCE_ONSET,
    WEEKS_WAITED,
)
from sim.arrays.quantiles import ROW, duration_table
from sim.rules import ATTENDED

CLOCKS_COUNTED = 3
COUNTERS_PER_SERVICE = 4


class Builder:
    """The growing rows, and the positions of names."""

    def __init__(self, pathway: Pathway, ticks_per_day: int):
        self.pathway = pathway
        self.ticks_per_day = ticks_per_day
        self.services = {name: position for position, name in enumerate(pathway.services)}
        self.decisions = {name: position for position, name in enumerate(pathway.decisions)}
        self.attributes = {name: FIRST_ATTRIBUTE + position for position, name in enumerate(pathway.attributes)}
        self.levers = {name: position for position, name in enumerate(pathway.levers)}
        self.practice_effects = {name: position for position, name in enumerate(pathway.practice_effects)}
        self.effects = {name: position for position, name in enumerate(pathway.effects)}
        self.counters = CLOCKS_COUNTED + COUNTERS_PER_SERVICE * len(self.services)
        self.rows: dict[str, list[tuple[Any, ...]]] = {
            name: [] for name in ("decisions", "options", "settings", "odds", "changes", "freed", "tests")
        }
        self.tables: dict[tuple[Any, ...], int] = {}
        self._changes_of: dict[str, tuple[int, int]] = {}

    # quantities

    def number(self, quantity: str) -> float:
        """The value of a quantity by name."""
        return self.pathway.quantities[quantity].number()

    def ticks(self, quantity: str) -> int:
        """A length of time in whole ticks, to the nearest."""
        return round(self.pathway.quantities[quantity].days() * self.ticks_per_day)

    def shares(self, shares: dict[str, str]) -> dict[str, float]:
        """Shares by name, with 'rest' worked out; it is below zero where options that exclude each other add to more
        than one, and rises as they are closed."""
        values = {name: self.number(share) for name, share in shares.items() if share != REST}
        return {name: values.get(name, 1 - sum(values.values())) for name in shares}

    # names

    def destination(self, name: str) -> int:
        """The number of a destination."""
        if name == HOME_WORD:
            return HOME
        return self.services[name] if name in self.services else DECISION + self.decisions[name]

    def service_counter(self, service: str) -> int:
        """The first of a service's counters."""
        return CLOCKS_COUNTED + COUNTERS_PER_SERVICE * self.services[service]

    # durations

    def duration(self, duration: Duration | None) -> int:
        """The position of a duration's table; -1 where there is none."""
        if duration is None:
            return -1
        shape = shape_in_days(duration, self.pathway.quantities)
        return self.tables.setdefault(shape, len(self.tables))

    def duration_rows(self) -> np.ndarray:
        """All tables of durations, one row each."""
        rows = [duration_table(kind, parameters, self.ticks_per_day) for kind, parameters in self.tables]
        return np.array(rows, dtype=np.int32).reshape(len(rows), ROW)

    # conditions

    def tests(self, when: dict[str, Any]) -> tuple[int, int]:
        """Adds the tests of a `when`; their first position and their number."""
        parsed, _ = parse_when(
            when,
            attributes=self.pathway.attributes,
            services=set(self.services),
            levers=set(self.levers),
            quantities=set(self.pathway.quantities),
        )
        first = len(self.rows["tests"])
        self.rows["tests"] += [self._test(condition) for condition in parsed]
        return first, len(parsed)

    def _test(self, condition: Condition) -> tuple[Any, ...]:
        code, argument = self._feature(condition)
        if condition.levels is not None:
            names = {"sex": ("female", "male"), "state": STATES}.get(condition.feature)
            levels = names or tuple(self.pathway.attributes[condition.feature].levels)
            mask = sum(1 << levels.index(level) for level in condition.levels)
            return mask, code, argument, 0, 0
        low = -NEVER if condition.low is None else self._bound(condition.low, code) + condition.low_plus
        high = NEVER if condition.high is None else self._bound(condition.high, code) + condition.high_plus
        return 0, code, argument, low, high

    def _feature(self, condition: Condition) -> tuple[int, int]:
        name = condition.feature
        if name in self.attributes:
            return ATTRIBUTE, self.attributes[name]
        match name:
            case "age":
                return ATTRIBUTE, AGE
            case "sex":
                return ATTRIBUTE, SEX
            case "deprivation_decile":
                return ATTRIBUTE, DECILE
            case "state":
                return STATE_NOW, 0
            case "weeks_since_onset":
                return WEEKS_SINCE_ONSET, 0
            case "weeks_waited":
                return WEEKS_WAITED, 0
            case "visits":
                return VISITS, self.service_counter(str(condition.argument)) + ATTENDED
            case _:
                return LEVER_ON, self.levers[str(condition.argument)]

    def _bound(self, bound: int | str, code: int) -> int:
        if isinstance(bound, int):
            return bound
        quantity = self.pathway.quantities[bound]
        weeks = code in (WEEKS_SINCE_ONSET, WEEKS_WAITED) and quantity.unit in DAYS_IN
        return round(quantity.days() / 7 if weeks else quantity.number())

    # decisions

    def decision(self, path: str, decision: Decision, to: dict[str, int]) -> int:
        """Adds a decision whose options lead to the numbers in `to`; its position."""
        first_option, first_odds = len(self.rows["options"]), len(self.rows["odds"])
        shares = self.shares({name: option.share for name, option in decision.options.items()})
        for name, option in decision.options.items():
            first_setting = len(self.rows["settings"])
            for attribute, level in option.sets.items():
                code = list(self.pathway.attributes[attribute].levels).index(level)
                self.rows["settings"].append((self.attributes[attribute], code))
            effect = self.effects[option.effect] if option.effect else -1
            state = STATES.index(option.state) if option.state else -1
            self.rows["options"].append(
                (shares[name], to[name], *self.tests(option.when), first_setting, len(option.sets), effect, state)
            )
        names = list(decision.options)
        for odds in decision.odds:
            times = self.number(odds.times) if odds.times else 1.0
            effect = self.practice_effects[odds.practice_effect] if odds.practice_effect else -1
            self.rows["odds"].append((times, names.index(odds.option), effect, *self.tests(odds.when)))
        first_change, changes = self._changes_of.get(path, (0, 0))
        self.rows["decisions"].append(
            (
                int(label(path)),
                self.counters,
                next((position for position, name in enumerate(names) if decision.options[name].share == REST), -1),
                first_option,
                len(names),
                first_odds,
                len(decision.odds),
                first_change,
                changes,
            )
        )
        self.counters += 1
        return len(self.rows["decisions"]) - 1

    def attendance(self, name: str, service: Service) -> int:
        """Adds the decision between attending an appointment (option 0) and missing it (option 1)."""
        path = f"services.{name}.attendance"
        assert service.attendance is not None
        first_option, first_odds = len(self.rows["options"]), len(self.rows["odds"])
        missed = self.number(service.attendance.missed)
        self.rows["options"] += [(share, HOME, 0, 0, 0, 0, -1, -1) for share in (1 - missed, missed)]
        for odds in service.attendance.odds:
            self.rows["odds"].append((self.number(odds.times), 1, -1, *self.tests(odds.when)))
        odds_added = len(service.attendance.odds)
        self.rows["decisions"].append(
            (int(label(path)), self.counters, -1, first_option, 2, first_odds, odds_added, 0, 0)
        )
        self.counters += 1
        return len(self.rows["decisions"]) - 1

    def add_changes(self, levers: list[str]) -> None:
        """Adds what the levers that are set change in decisions. Call before the decisions are added."""
        for decision in self.pathway.decisions:
            first = len(self.rows["changes"])
            for lever in levers:
                self._add_changes_of(lever, decision)
            self._changes_of[f"decisions.{decision}"] = (first, len(self.rows["changes"]) - first)

    def _add_changes_of(self, lever: str, decision: str) -> None:
        options = list(self.pathway.decisions[decision].options)
        same: dict[str, int] = {}
        for change in self.pathway.levers[lever].changes:
            if change.decision != decision:
                continue
            option = str(change.option)
            same[option] = same.get(option, -1) + 1
            moved = self.shares(change.freed) if change.freed else dict.fromkeys(change.taken_from, 1.0)
            first_freed = len(self.rows["freed"])
            self.rows["freed"] += [(share, options.index(name)) for name, share in moved.items()]
            self.rows["changes"].append(
                (
                    int(label(f"levers.{lever}.{decision}.{option}.{same[option]}")),
                    self.number(change.times) if change.times else 1.0,
                    self.number(change.plus) if change.plus else 0.0,
                    self.number(change.at_most) if change.at_most else 1.0,
                    self.levers[lever],
                    options.index(option),
                    *self.tests(change.when),
                    first_freed,
                    len(moved),
                )
            )

    def array(self, name: str) -> np.ndarray:
        """The rows collected under a name, as a record array."""
        dtypes = {
            "decisions": DECISION_RECORD,
            "options": OPTION,
            "settings": SETTING,
            "odds": ODDS,
            "changes": CHANGE,
            "freed": FREED,
            "tests": TEST,
        }
        return np.array(self.rows[name], dtype=dtypes[name])
