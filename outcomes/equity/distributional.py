"""Distributional cost-effectiveness: whose health a policy raises, whose it displaces, and whether the gap narrows.

Inequality is judged on lifetime health (quality-adjusted life expectancy), never on the gain alone. NICE does not allow
weights for aversion to inequality in its base case: what depends on `epsilon` is for exploration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy  # its parts load when they are first used

from outcomes.aligned import Row, aligned
from outcomes.arrays import Numbers, checked, plain
from outcomes.equity.equally_distributed import atkinson_ede, equity_weights
from outcomes.equity.inequality import FEWEST_GROUPS, slope_index_of_inequality
from outcomes.noise import NOISE
from outcomes.policy_values import LIBRARY, policy, policy_value
from outcomes.table_rules import BadTable, Rules

AVERSION = "atkinson_aversion"
STEPS = 30
"""The range of epsilon is tried in so many equal steps."""
ROUNDING = 1e-6
"""How far shares may add up beside 1."""


@dataclass(frozen=True)
class DistributionalResult:
    """What a policy does to lifetime health and to its distribution.

    - `groups`: one row per group, most deprived first: `group`, `population`, `baseline_qale` and `final_qale` per person,
      `qaly_gain`, `opportunity_cost` and `net_benefit` in QALYs of the group, `equity_weight` at `epsilon`.
    - `net_health`: QALYs gained less those displaced, over everybody: the vertical axis of the equity impact plane.
    - `net_inequality_benefit`: what the change in inequality is worth in QALYs at `epsilon`: its horizontal axis.
    - `slope_index_fall`: how much the slope index of lifetime health falls, in QALYs per person (NaN below 5 groups).
    - `equally_distributed_benefit`: the sum of the two, in QALYs.
    - `ede_before`, `ede_after`: equally distributed equivalent health per person.
    - `sensitivity`: by `epsilon` the three benefits; `chosen` marks the `epsilon` of this result.
    - `break_even_epsilon`: the aversion at which the policy is worth nothing either way; None where its sign never turns.
    - `quadrant`: the plane in words.
    """

    groups: pd.DataFrame
    net_health: float
    net_inequality_benefit: float
    slope_index_fall: float
    equally_distributed_benefit: float
    ede_before: float
    ede_after: float
    epsilon: float
    sensitivity: pd.DataFrame
    break_even_epsilon: float | None
    quadrant: str


def qale_by_fifth() -> pd.DataFrame:
    """Quality-adjusted life expectancy and people by fifth of deprivation, 1 the most deprived, with source and grade.

    >>> qale_by_fifth()["qale"].round(1).tolist()
    [63.2, 67.7, 70.0, 73.2, 75.1]
    """
    return pd.read_csv(LIBRARY / "qale_by_fifth.csv")


def opportunity_cost_shares(preset: str) -> list[float]:
    """Who bears the health displaced by spending, by fifth from the most deprived: `flat`, `moderate` or `steep`.

    >>> opportunity_cost_shares("steep")
    [0.26, 0.22, 0.22, 0.16, 0.14]
    """
    table = pd.read_csv(LIBRARY / "opportunity_cost_shares.csv")
    if preset not in set(table["preset"]):
        known = ", ".join(table["preset"].unique())
        raise BadTable([f"opportunity_cost_shares: there is no preset '{preset}'. There are: {known}"])
    shares: list[float] = table.loc[table["preset"] == preset, "share"].tolist()
    return shares


def distributional_cost_effectiveness(
    baseline_qale: Row,
    population: Row,
    qaly_gain: Row,
    *,
    total_cost: float,
    threshold: float,
    opportunity_cost_shares: Row | str,
    epsilon: float | None = None,
    group: Row | None = None,
) -> DistributionalResult:
    """Distributional cost-effectiveness of a policy, by group from the most deprived.

    `baseline_qale` is lifetime health per person (QALYs, above 0), `qaly_gain` the QALYs that the policy gives to all people
    of the group together, `total_cost` what it costs in all (GBP, net of savings), `threshold` what a displaced QALY
    costs (GBP; k). `opportunity_cost_shares` says who bears the QALYs displaced: shares that add up to 1, or a preset
    for fifths. `epsilon` is Atkinson's aversion, that of the policy file unless told. Raises `BadTable` with everything
    that is wrong.
    Method: Asaria, Griffin and Cookson 2016: net benefit = gain - cost/k x share; final = baseline + net benefit/people.

    >>> result = distributional_cost_effectiveness(
    ...     [60, 65, 70, 72, 75], [1000] * 5, [30, 10, 10, 10, 0], total_cost=800_000, threshold=20_000,
    ...     opportunity_cost_shares="flat")
    >>> result.groups["net_benefit"].tolist(), round(result.net_health, 6)
    ([22.0, 2.0, 2.0, 2.0, -8.0], 20.0)
    >>> result.quadrant, result.break_even_epsilon
    ('more health, less inequality', None)
    """
    shares = _shares(opportunity_cost_shares)
    table = aligned(
        "groups", group=group, baseline_qale=baseline_qale, population=population, qaly_gain=qaly_gain, share=shares
    )
    rules = Rules("groups", table)
    rules.numbers("baseline_qale", "population", above=0)
    rules.numbers("qaly_gain")
    rules.numbers("share", low=0, high=1)
    if not rules.problems and abs(table["share"].sum() - 1) > ROUNDING:
        rules.problems.append(
            f"opportunity_cost_shares: they add up to {table['share'].sum():.6g}, they must add up to 1. Divide each by their sum"
        )
    rules.hold()
    k = float(checked("threshold", threshold, low=np.nextafter(0, 1)))
    displaced = float(checked("total_cost", total_cost)) / k * table["share"]
    aversion = policy_value(AVERSION) if epsilon is None else float(checked("epsilon", epsilon, low=0))
    benefit = table["qaly_gain"] - displaced
    groups = table.assign(
        group=range(1, len(table) + 1) if group is None else table["group"],
        opportunity_cost=displaced,
        net_benefit=benefit,
        final_qale=table["baseline_qale"] + benefit / table["population"],
        equity_weight=equity_weights(table["baseline_qale"], aversion, table["population"]),
    )
    rules = Rules("groups", groups)
    rules.rows(
        groups["final_qale"] <= 0, "final_qale", "the policy would take all their lifetime health; check gains and cost"
    )
    rules.hold()
    before, after, people = groups["baseline_qale"], groups["final_qale"], groups["population"]
    net_health = float(_cleared(benefit.sum(), before, people))
    equivalent = _benefit(before, after, people, aversion)
    inequality = float(_cleared(equivalent - net_health, before, people))
    return DistributionalResult(
        groups=groups[[*COLUMNS]],
        net_health=net_health,
        net_inequality_benefit=inequality,
        slope_index_fall=_slope(before, people) - _slope(after, people),
        equally_distributed_benefit=equivalent,
        ede_before=atkinson_ede(before, people, aversion),
        ede_after=atkinson_ede(after, people, aversion),
        epsilon=aversion,
        sensitivity=_sensitivity(before, after, people, aversion),
        break_even_epsilon=_break_even(before, after, people),
        quadrant=_quadrant(net_health, inequality),
    )


COLUMNS = (
    "group",
    "population",
    "baseline_qale",
    "qaly_gain",
    "opportunity_cost",
    "net_benefit",
    "final_qale",
    "equity_weight",
)
"""The columns of `groups`."""


def _shares(shares: Row | str) -> Row:
    return opportunity_cost_shares(shares) if isinstance(shares, str) else shares


def _benefit(before: pd.Series, after: pd.Series, people: pd.Series, epsilon: Numbers) -> Any:
    """What the change in health and in its distribution is worth, in QALYs, at one aversion or several."""
    change = atkinson_ede(after, people, epsilon) - atkinson_ede(before, people, epsilon)
    return plain(_cleared(people.sum() * change, before, people))


def _cleared(qalys: Any, before: pd.Series, people: pd.Series) -> Any:
    """QALYs, 0 where they are within rounding of nothing, as a part of all lifetime health."""
    return np.where(np.abs(qalys) < NOISE * (people * before).sum(), 0, qalys)


def _slope(health: pd.Series, people: pd.Series) -> float:
    if len(health) < FEWEST_GROUPS:
        return float("nan")
    return slope_index_of_inequality(health, people).sii


def _epsilons() -> np.ndarray:
    known = policy()[AVERSION]
    return np.linspace(known["low"], known["high"], STEPS + 1)


def _sensitivity(before: pd.Series, after: pd.Series, people: pd.Series, chosen: float) -> pd.DataFrame:
    """The three benefits over the range of aversion in the policy file, and at the aversion chosen."""
    epsilons = np.unique(np.append(_epsilons(), chosen))
    health = float(_cleared((people * (after - before)).sum(), before, people))
    worth = _benefit(before, after, people, epsilons)
    return pd.DataFrame(
        {
            "epsilon": epsilons,
            "net_health": health,
            "net_inequality_benefit": worth - health,
            "equally_distributed_benefit": worth,
            "chosen": epsilons == chosen,
        }
    )


def _break_even(before: pd.Series, after: pd.Series, people: pd.Series) -> float | None:
    """The least aversion above 0 at which the worth of the policy changes its sign."""
    epsilons = _epsilons()
    worth = _benefit(before, after, people, epsilons)
    turns = np.flatnonzero(np.sign(worth[:-1]) * np.sign(worth[1:]) < 0)
    if not len(turns):
        return None
    low, high = epsilons[turns[0]], epsilons[turns[0] + 1]
    return float(scipy.optimize.brentq(lambda epsilon: _benefit(before, after, people, epsilon), low, high))


def _quadrant(net_health: float, inequality: float) -> str:
    """Where the policy lies in the equity impact plane."""
    words = []
    for value, noun in ((net_health, "health"), (-inequality, "inequality")):
        words.append(f"{'more' if value > 0 else 'less' if value < 0 else 'no change in'} {noun}")
    return ", ".join(words)
