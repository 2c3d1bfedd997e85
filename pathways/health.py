"""The words for illness and what treatment does: onset, health, effect.

Health is one of four states, `well`, `mild`, `moderate`, `severe`. Three clocks run at rates that
depend on the state and on the phase of the episode: improving, worsening and seeking care.
"""

from __future__ import annotations

from typing import Literal, get_args

from pathways.decision import Decision
from pathways.word import Duration, Rate, Ratio, Score, Share, State, Time, Utility, When, Word

STATES: tuple[State, ...] = get_args(State)
PAIN_STATES = STATES[1:]

Phase = Literal["acute", "subacute", "persistent"]
PHASES: tuple[Phase, ...] = ("acute", "subacute", "persistent")

MOST_TIMES = 4000
"""The most by which a treatment, or an attribute, may multiply a rate of illness: what the engine can do."""
MOST_TIMES_TOGETHER = 2 * MOST_TIMES
"""The most by which all together may multiply it."""


class Onset(Word):
    """Who falls ill and seeks care for it, and when.

    `rate` is episodes per registered person, a true rate: how many a person has in a year is Poisson, so that 0.02 a
    year is 20 episodes among 1,000 people, some of whom may have two. Each is a patient of their own. The tables bend
    it by age band and month (a mean of one is not required of the ages: the rate is that of an age whose factor is
    one). `by_month` moves episodes within the year and changes nothing in their number.
    `most_deprived_times` is the rate in decile 1 against decile 10, geometric between.
    """

    rate: Rate
    by_age: Ratio | None = None
    female_times: Ratio | None = None
    most_deprived_times: Ratio | None = None
    by_month: Ratio | None = None
    state: Decision
    """How bad it is at first: a decision whose options are mild, moderate and severe."""


class Prevalent(Word):
    """People who are ill when the simulation starts: how many, since when, how badly."""

    share: Share
    by_age: Ratio | None = None
    female_times: Ratio | None = None
    most_deprived_times: Ratio | None = None
    since: Duration
    state: Decision


class PaceTimes(Word):
    """A multiplier on a rate for patients with certain attributes."""

    when: When
    times: Ratio


class Rates(Word):
    """Rates by state, and multipliers by phase of the episode and by attribute."""

    mild: Rate | None = None
    moderate: Rate | None = None
    severe: Rate | None = None
    phase_times: dict[Phase, Ratio] = {}
    times: list[PaceTimes] = []


class Decrement(Word):
    """What pain takes from the utility of certain patients besides what the state does.

    The condition is on facts that are fixed at onset.
    """

    when: When
    by: Utility


class Recurrence(Word):
    """Rates at which a new episode follows recovery: in the first `recent_for`, then until `forgotten_after`.

    After that a new episode belongs to the onset rate, as that of someone never ill.
    """

    recent: Rate
    later: Rate
    recent_for: Time
    forgotten_after: Time


class Health(Word):
    """How episodes run, and what they are worth.

    `utility` is that of each state in someone of average age. With `norm_by_age`, a table, someone well has the norm
    of their age, and a state takes from it what it takes from `utility.well`. `pain` (0 to 100) and `disability`
    (Roland-Morris, 0 to 24) are the scores of each state, for comparison with published courses.
    `overlap` says how two treatments act at once: the stronger in full, and this share of the other.
    """

    subacute_from: Time
    persistent_from: Time
    improve: Rates
    worsen: Rates
    consult: Rates
    recurrence: Recurrence
    overlap: Share
    utility: dict[State, Utility]
    norm_by_age: Utility | None = None
    decrements: list[Decrement] = []
    pain: dict[State, Score] = {}
    disability: dict[State, Score] = {}


class Effect(Word):
    """What a treatment does to health: multipliers on the rates of improving and worsening.

    Nothing for `starts_after` the visit; from then in full for as long as it `lasts`; then halved every `half_life`,
    or gone at once where there is none.
    """

    title: str | None = None
    improve_times: Ratio | None = None
    worsen_times: Ratio | None = None
    starts_after: Time | None = None
    lasts: Time
    half_life: Time | None = None
