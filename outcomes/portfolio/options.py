"""What money can be spent on: the table of options, checked, with the limits within which each may be scaled.

Nothing is chosen here; `outcomes.portfolio.allocate` chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

REQUIRED = ("service", "unit_cost", "qaly_pp", "n_now", "min_n", "max_n")
NEUTRAL: Mapping[str, Any] = {
    "imd_group": "all",
    "variable_share": 1,
    "qaly_sd": np.nan,
    "setup_cost": 0,
    "change_limit": np.nan,
    "evidence_class": "",
    "source": "",
}
"""What a column means that is not there: nothing is split, nothing is fixed, nothing is known of the rest."""
USE = "_per_person"
"""How the column ends that says how much of a resource a person uses."""
ROUNDING = 1e-9
"""A whole number is kept as such where rounding has moved it by less."""

Table = pd.DataFrame | Mapping[str, Sequence[Any]]
ByGroup = Mapping[Any, float] | pd.Series


@dataclass(frozen=True)
class Segments:
    """Stretches of the numbers of people over which one person more costs and gains the same; the cheapest come first.

    All are arrays over the stretches: the row of the option, where the stretch starts, how many people it holds (the
    last one of a row any number), pounds and QALYs a person.
    """

    row: np.ndarray
    start: np.ndarray
    width: np.ndarray
    cost: np.ndarray
    gain: np.ndarray

    def total(self, each: np.ndarray, n: np.ndarray) -> np.ndarray:
        """What `each` (pounds or QALYs of a person) comes to by row, for `n` people in each row."""
        taken = np.clip(n[self.row] - self.start, 0, self.width)
        return np.bincount(self.row, each * taken, minlength=len(n))


@dataclass(frozen=True)
class Programme:
    """A checked portfolio and everything that a plan must keep. `options` has every column of `NEUTRAL` too; `steps` say
    for each row from which person on which share of the gain is left.
    """

    options: pd.DataFrame
    budget: float
    weight: np.ndarray
    need: np.ndarray
    resources: pd.DataFrame
    deprived: np.ndarray
    deprived_share: float | None
    change_limit: float | None
    steps: Sequence[Sequence[tuple[float, float]]]
    integer: bool
    assumed: tuple[str, ...] = field(default=())

    def values(self, column: str) -> np.ndarray:
        """A column of the options as numbers."""
        return self.options[column].to_numpy(dtype=float)

    def with_gains(self, qaly_pp: np.ndarray) -> Programme:
        """The same portfolio with other gains a person, one for each row."""
        return replace(self, options=self.options.assign(qaly_pp=qaly_pp))

    @cached_property
    def now(self) -> np.ndarray:
        """People today, by row."""
        return self.values("n_now")

    @cached_property
    def lower(self) -> np.ndarray:
        """The fewest people, by row: the floor, or as far down as change may go."""
        fewest = np.maximum(self.values("min_n"), self.now - self._change)
        return np.ceil(fewest - ROUNDING) + 0.0 if self.integer else fewest

    @cached_property
    def upper(self) -> np.ndarray:
        """The most people, by row; a service without gain grows beyond today only where its floor says so."""
        most = np.minimum(self.values("max_n"), self.now + self._change)
        most = np.where(self.values("qaly_pp") > 0, most, np.minimum(most, np.maximum(self.now, self.lower)))
        return np.floor(most + ROUNDING) if self.integer else most

    @property
    def _change(self) -> np.ndarray:
        """How many people a row may gain or lose."""
        own = self.options["change_limit"].astype(float).fillna(np.inf).to_numpy()
        return own if self.change_limit is None else np.minimum(own, self.change_limit)

    @cached_property
    def service(self) -> np.ndarray:
        """The number of the service of each row, in order of appearance."""
        return pd.factorize(self.options["service"])[0]

    @cached_property
    def setup(self) -> np.ndarray:
        """What it costs to begin, by service; nothing for services that anybody has today: that is spent."""
        people = np.bincount(self.service, self.now)
        cost = np.zeros(len(people))
        cost[self.service] = self.values("setup_cost")
        return np.where(people > 0, 0, cost)

    @cached_property
    def stranded(self) -> np.ndarray:
        """What is paid by row however few people come: the part of today's cost that stopping does not free."""
        return self.now * self.values("unit_cost") * (1 - self.values("variable_share"))

    @cached_property
    def capacity(self) -> np.ndarray:
        """How much there is of each resource."""
        return self.resources["capacity"].to_numpy(dtype=float)

    @cached_property
    def use(self) -> np.ndarray:
        """How much of each resource a person uses, shape (resources, rows)."""
        columns = [f"{name}{USE}" for name in self.resources["name"]]
        return self.options[columns].to_numpy(dtype=float).T.reshape(len(columns), len(self.options))

    @cached_property
    def segments(self) -> Segments:
        """Where cost a person changes (at today's number) and where gains fall (at the tranches)."""
        parts = []
        table = zip(
            self.now,
            self.values("unit_cost"),
            self.values("unit_cost") * self.values("variable_share"),
            self.values("qaly_pp"),
            self.steps,
            strict=True,
        )
        for row, (now, cost, freed, gain, every_step) in enumerate(table):
            steps = every_step if gain > 0 else ()  # falling returns are no excuse for harm
            starts = sorted({0.0, *([now] if freed < cost else []), *(start for start, _ in steps)})
            for start, end in zip(starts, [*starts[1:], np.inf], strict=True):
                share = next((share for begin, share in reversed(steps) if begin <= start), 1)
                parts.append((row, start, end - start, freed if start < now else cost, gain * share))
        return Segments(*(np.array(column) for column in zip(*parts, strict=True)))

    def cost(self, n: np.ndarray) -> np.ndarray:
        """Pounds by row for `n` people, without setting up."""
        return self.stranded + self.segments.total(self.segments.cost, n)

    def setup_paid(self, n: np.ndarray) -> np.ndarray:
        """Pounds for setting up by row, shared within a service as its people are."""
        people = np.bincount(self.service, n)
        share = np.divide(n, people[self.service], out=np.zeros(len(n)), where=people[self.service] > 0)
        return self.setup[self.service] * share

    def spend(self, n: np.ndarray) -> float:
        """Pounds for the whole plan."""
        return float((self.cost(n) + self.setup_paid(n)).sum())

    def qalys(self, n: np.ndarray) -> np.ndarray:
        """QALYs by row."""
        return self.segments.total(self.segments.gain, n)

    @property
    def deprived_names(self) -> str:
        """The deprived groups, as a list in words."""
        return ", ".join(dict.fromkeys(self.options["imd_group"][self.deprived].astype(str)))

    def label(self, row: int) -> str:
        """A row's name: the service, with its group where it has several."""
        option = self.options.iloc[row]
        alone = (self.service == self.service[row]).sum() == 1 and option["imd_group"] == NEUTRAL["imd_group"]
        return str(option["service"]) if alone else f"{option['service']} (imd_group {option['imd_group']})"
