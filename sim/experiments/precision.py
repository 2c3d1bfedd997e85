"""What a reader must know before believing a comparison: wide intervals, rare events, lists that grow without end."""

from __future__ import annotations

import numpy as np

from outcomes import replications_are_enough, t_half_width
from outcomes.paired import FEW_EVENTS
from pathways.quantity import DAYS_IN_A_WEEK, DAYS_IN_A_YEAR
from sim.experiments.as_written import unheeded
from sim.experiments.comparison import Comparison
from sim.experiments.need import far_from_need
from sim.pilot import doubts_about_lists
from sim.reducers import list_sizes, weeks_before

PRECISION = 0.02
"""Replications are enough when half the interval of a difference is within 2% of the base's figure."""
AUTO_STEP, AUTO_MOST = 10, 200
LEAST_WAIT_DAYS = 25.0
"""Precision of a wait is judged against so many days at least: 2% of them is half a day, and nobody needs to know more."""
QALYS_PER_100K = 1.0
"""Replications are enough when half the interval of the QALYs gained is within one a year per 100,000 registered people.

That is five minutes of full health for each of them. It depends neither on the difference that is found, so that a
run never stops because its result looks clear, nor on the QALYs of everyone ever ill, which grow with the horizon.
"""
MOST_SENTENCES = 3
GROWTH_WEEKS = 8
FEW_PEOPLE = 10
"""A list that grows by fewer people than this over the run is called steady."""


def warnings_of(comparison: Comparison, *, most: int | None = None) -> list[str]:
    """What a reader must know before believing the figures: too few replications, lists that grow without end.

    `most` sentences of each kind at most, the rest counted; all of them where it is None.
    """
    doubt = [comparison.calibration.warning] if comparison.calibration and comparison.calibration.warning else []
    few = ["One replication gives no interval: nothing here can be told from chance. Run at least 10."]
    if comparison.replications > 1:
        few = [sentence for sentence, _ in too_wide(comparison)]
    if not width_reached(comparison):
        stopped = (
            f"The width asked for was not reached: --replications auto stops at {comparison.replications} runs, and "
            f"{len(few)} of the differences still have a wider interval."
        )
        few = [stopped, *few]
    rare = [sentence for name in comparison.scenarios for sentence in _too_rare(comparison, name)]
    names = dict.fromkeys([comparison.base, *comparison.scenarios])
    at_start = [*far_from_need(comparison), *_doubts_about_lists(comparison)]
    lists = [sentence for name in names for sentence in growing_lists(comparison, name)]
    return [
        *doubt,
        *unheeded(comparison),
        *_shortened(few, most, "wide intervals"),
        *rare,
        *_shortened(at_start, most, "lists at the start"),
        *_shortened(lists, most, "growing lists"),
    ]


def _doubts_about_lists(comparison: Comparison) -> list[str]:
    """What the lists at the start say that the pathway does not, in every area; of a scenario what is not so today."""
    today = [says for plans in comparison.in_areas for says in doubts_about_lists(plans[comparison.base])]
    return today + [
        f"Under '{name}': {says}"
        for name in comparison.scenarios
        for plans in comparison.in_areas
        for says in doubts_about_lists(plans[name])
        if says not in today
    ]


def _too_rare(comparison: Comparison, scenario: str) -> list[str]:
    """A sentence that names the outcomes that are too rare to tell, and may matter; none where there are none."""
    outcomes = comparison.plan.pathway.outcomes
    found = [
        f"'{word.title}'"
        for name, word in outcomes.items()
        if comparison.too_rare(scenario, name) and _may_matter(comparison, scenario, name)
    ]
    if not found or comparison.replications < 2:
        return []
    return [
        f"Too rare to tell in {comparison.replications} runs under '{scenario}': {', '.join(found)}. More runs may tell."
    ]


def _may_matter(comparison: Comparison, scenario: str, outcome: str) -> bool:
    """Whether what is too rare to tell may be more than the precision that is asked for: of counts as many events as would
    be too few, of all else the largest difference of a run."""
    if comparison.plan.pathway.outcomes[outcome].of in ("seen", "referral"):
        return PRECISION * float(comparison.values[comparison.base][outcome].sum()) < FEW_EVENTS
    found = comparison.difference(scenario, outcome)
    return max(abs(found.lowest), abs(found.highest)) > PRECISION * _scale(comparison, outcome)


def _shortened(sentences: list[str], most: int | None, what: str) -> list[str]:
    """The first few sentences, and how many more there are."""
    if most is None or len(sentences) <= most:
        return sentences
    return [*sentences[:most], f"And {len(sentences) - most} more {what}: see the report (--out)."]


def width_reached(comparison: Comparison) -> bool:
    """Whether `--replications auto` found intervals as narrow as it looks for; nothing was looked for otherwise."""
    return comparison.experiment.replications != "auto" or not too_wide(comparison)


def too_wide(comparison: Comparison) -> list[tuple[str, int]]:
    """Differences whose interval is wide for the number of replications, with how many would be needed."""
    found = []
    for scenario in comparison.scenarios:
        if scenario == comparison.base:
            continue
        for outcome, word in comparison.plan.pathway.outcomes.items():
            difference = comparison.values[scenario][outcome] - comparison.values[comparison.base][outcome]
            differences = difference.dropna().to_numpy()
            scale = _scale(comparison, outcome)
            if (
                len(differences) < 2
                or scale == 0
                or comparison.too_rare(scenario, outcome)
                or replications_are_enough(differences, scale=scale, precision=PRECISION)
            ):
                continue
            half = t_half_width(differences)
            needed = int(np.ceil(len(differences) * (half / (PRECISION * scale)) ** 2))
            limit = f" (--replications auto stops at {AUTO_MOST})" if needed > AUTO_MOST else ""
            found.append(
                (
                    f"Few replications for '{word.title}' under '{scenario}': the interval is "
                    f"{_width(comparison, outcome, half, scale)}. About {needed} replications{limit} would bring it to "
                    f"{_width(comparison, outcome, PRECISION * scale, scale, short=True)}.",
                    needed,
                )
            )
    return found


def _scale(comparison: Comparison, outcome: str) -> float:
    """What the half width of an interval is measured against; 2% of it is narrow enough."""
    word = comparison.plan.pathway.outcomes[outcome]
    if word.of == "qalys":
        return QALYS_PER_100K * comparison.region.population / 100_000 * comparison.years / PRECISION
    scale = abs(comparison.mean(comparison.base, outcome))
    return max(scale, LEAST_WAIT_DAYS) if word.of == "wait" else scale


def _width(comparison: Comparison, outcome: str, half: float, scale: float, *, short: bool = False) -> str:
    """Half an interval in the unit in which it is judged."""
    word = comparison.plan.pathway.outcomes[outcome]
    if word.of == "qalys":
        per_100k = half / comparison.years / comparison.region.population * 100_000
        return f"±{per_100k:.3g}" + ("" if short else " a year per 100,000 registered people")
    if word.of == "wait" and scale == LEAST_WAIT_DAYS:
        return f"±{half:.1f} days"
    return f"±{100 * half / scale:.3g}%" if short else f"±{100 * half / scale:.1f}% of the base's figure"


def growing_lists(comparison: Comparison, scenario: str) -> list[str]:
    """Lists that still grow in the second half of the run, by more than chance between replications: no steady state.

    Growth is the mean over the replications, from before the middle of the run to its end.
    """
    plan = comparison.plan
    sizes = np.array(
        [list_sizes(tallies)[:, weeks_before(plan) :] for tallies in comparison.tallies[scenario]], dtype=float
    )
    weeks = sizes.shape[2]
    if weeks < 4 * GROWTH_WEEKS:
        return []
    middle = sizes[:, :, weeks // 2 - GROWTH_WEEKS : weeks // 2].mean(axis=2)
    end = sizes[:, :, -GROWTH_WEEKS - 1 : -1].mean(axis=2)
    sentences = []
    for position, service in enumerate(plan.services):
        late = (end - middle)[:, position]
        spread = t_half_width(late) if len(late) > 1 else 0.0
        grows = late.mean() > max(FEW_PEOPLE, 0.1 * middle[:, position].mean()) and late.mean() > spread
        if grows:
            per_year = late.mean() / (weeks - weeks // 2 - 1) * DAYS_IN_A_YEAR / DAYS_IN_A_WEEK
            sentences.append(
                f"The list for '{plan.pathway.services[service].title}' has no steady state under '{scenario}': in the "
                f"second half of the run it grows by about {per_year:.0f} people a year, to {end[:, position].mean():.0f}. "
                "Its waits depend on the years simulated."
            )
    return sentences
