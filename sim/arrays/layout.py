"""What the arrays hold: the record types of a plan, of a patient, of a queue and of the event log.

Plan arrays say what can happen and never change during a run; state arrays say what is so now.
Numbers into other arrays are positions; -1 is none. Ticks count from the first measured day, so that the
warm-up has negative ticks. No rule is here: see `sim.rules` and `sim.illness`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.jit import scalar
from sim.arrays.memory import place

NEVER = 2**31 - 1
"""A tick that never comes."""

MICRO = 1_000_000
"""Amounts of capacity are kept in millionths."""

HOME = -1
"""The destination where care ends."""

DECISION = 10_000
"""A destination from here on is a decision: its position, plus this number. Below it is a service."""

MOST_ATTRIBUTES = 16
MOST_LEVELS = 64
"""Levels of an attribute; also how a setting is written in the log: attribute times this, plus level."""
AGE, SEX, DECILE, FIRST_ATTRIBUTE = 0, 1, 2, 3

OPEN, SLOTS, PLACES = 0, 1, 2
PRIORITIES = 4

# features, as tests name them
ATTRIBUTE, STATE_NOW, WEEKS_SINCE_ONSET, WEEKS_WAITED, VISITS, LEVER_ON = range(6)

# the clocks of illness
IMPROVE, WORSEN, CONSULT = range(3)

# how a site is chosen
BY_CAPACITY, NEAREST, BY_PATIENT = range(3)

# stages of the care thread
AT_HOME, REFERRED, WAITING, IN_VISIT, MISSED, BETWEEN_VISITS = range(6)

# what the back thread may ask of the care thread
NOT_CALLED, NEEDS_CARE, IS_BETTER, HAS_CHANGED = range(4)

# what a service's rules of priority read that can change while people wait: added up
READS_WAIT, READS_EPISODE, READS_CHANGES = 1, 2, 4

# kinds of events
KINDS = (
    "onset",
    "referral",
    "offered",
    "joined",
    "seen",
    "did_not_attend",
    "gave_up",
    "left",
    "health",
    "prescription",
    "discharge",
)
(ONSET, REFERRAL, OFFERED, JOINED, SEEN, DID_NOT_ATTEND, GAVE_UP, LEFT, HEALTH, PRESCRIPTION, DISCHARGE) = range(11)

# why someone gave up
OUT_OF_PATIENCE, GOT_BETTER, WENT_ELSEWHERE = range(3)
REASONS = ("out of patience", "got better", "went elsewhere")

SERVICE = np.dtype(
    [
        ("label", "u8"),
        ("rebooked", "f8"),  # share of missed appointments that are booked again
        ("leaves_when_better", "f8"),  # share of those who recover that leave the list
        ("choice_wait", "i8"),  # weight of a tick of published wait, in 2^-24
        ("turnover", "f8"),  # ticks in which one of its amount sees a person: a week, or the mean stay at a place
        ("capacity", "i4"),
        ("first_site", "i4"),
        ("sites", "i4"),
        ("counter", "i4"),  # four counters from here: referrals, appointments, visits attended, joinings
        ("delay", "i4"),
        ("stay", "i4"),
        ("patience", "i4"),
        ("gap", "i4"),
        ("first_visits", "i4"),
        ("visits", "i4"),  # rows of the table of visits needed; 0 without a course
        ("cap", "i4"),
        ("next", "i4"),
        ("after_cap", "i4"),
        ("gives_up_to", "i4"),
        ("misses_to", "i4"),
        ("attendance", "i4"),  # the decision between attending (0) and missing (1)
        ("effect", "i4"),
        ("first_urgency", "i4"),
        ("urgencies", "i4"),
        ("priority", "i4"),
        ("follow_up_priority", "i4"),
        ("reviews", "i4"),  # why priority is looked at again while people wait: READS_..., or 0 if it is not
        ("choice", "i4"),
        ("published_every", "i4"),  # ticks between two publications of its waits
    ],
    align=True,
)
DECISION_RECORD = np.dtype(
    [
        ("label", "u8"),
        ("counter", "i4"),
        ("rest", "i4"),  # the option that takes what the others leave, or -1
        ("first_option", "i4"),
        ("options", "i4"),
        ("first_odds", "i4"),
        ("odds", "i4"),
        ("first_change", "i4"),
        ("changes", "i4"),
    ],
    align=True,
)
OPTION = np.dtype(
    [
        ("share", "f8"),
        ("to", "i4"),
        ("first_test", "i4"),
        ("tests", "i4"),
        ("first_setting", "i4"),
        ("settings", "i4"),
        ("effect", "i4"),
        ("state", "i4"),  # of health, into which the patient is put; -1 to leave it
    ],
    align=True,
)
SETTING = np.dtype([("attribute", "i4"), ("level", "i4")])
ODDS = np.dtype(
    [("times", "f8"), ("option", "i4"), ("practice_effect", "i4"), ("first_test", "i4"), ("tests", "i4")], align=True
)
CHANGE = np.dtype(
    [
        ("label", "u8"),
        ("times", "f8"),
        ("plus", "f8"),
        ("at_most", "f8"),
        ("lever", "i4"),
        ("option", "i4"),
        ("first_test", "i4"),
        ("tests", "i4"),
        ("first_freed", "i4"),
        ("freed", "i4"),
    ],
    align=True,
)
FREED = np.dtype([("share", "f8"), ("option", "i4")], align=True)
TEST = np.dtype(
    [("levels", "u8"), ("feature", "i4"), ("argument", "i4"), ("low", "i4"), ("high", "i4")], align=True
)  # with levels: the bit of the level is set; without: low <= value <= high
URGENCY = np.dtype([("first_test", "i4"), ("tests", "i4"), ("priority", "i4")])
PACE = np.dtype([("clock", "i4"), ("first_test", "i4"), ("tests", "i4"), ("times", "i4")])  # times in 1/65536
VISITS_NEEDED = np.dtype([("up_to_share", "f8"), ("visits", "i4")], align=True)
EFFECT = np.dtype([("first_segment", "i4"), ("segments", "i4")])
SEGMENT = np.dtype([("until", "i4"), ("improve", "i4"), ("worsen", "i4")])  # excess over 1, in 1/65536
SITE = np.dtype([("label", "u8"), ("service", "i4")], align=True)


class PlanArrays(NamedTuple):
    """A compiled pathway for one area: what the engines read."""

    services: np.ndarray
    decisions: np.ndarray
    options: np.ndarray
    settings: np.ndarray
    odds: np.ndarray
    changes: np.ndarray
    freed: np.ndarray
    tests: np.ndarray
    urgencies: np.ndarray
    paces: np.ndarray
    visits_needed: np.ndarray
    effects: np.ndarray
    segments: np.ndarray
    sites: np.ndarray
    rates: np.ndarray  # int64, (3 clocks, 4 states, 3 phases): hazard per tick in 2^-40
    durations: np.ndarray  # int32, (tables, quantiles.ROW)
    exponential: np.ndarray  # int32, (quantiles.ROW,)
    gumbel: np.ndarray  # int32, (quantiles.ROW,)
    capacity: np.ndarray  # int32, (sites, days): without levers; the engines read the state's
    amounts: np.ndarray  # int64, (sites, days): the same
    attraction: np.ndarray  # int64, (practices, sites): fixed part of a site's utility in 2^-24
    strength: np.ndarray  # float64, (levers, weeks since adoption)
    ends: np.ndarray  # int32, (levers,): the tick from which a lever is off again


PLAN = np.dtype(
    [
        *((name, "u8") for name in PlanArrays._fields),
        ("first_tick", "i8"),
        ("last_tick", "i8"),  # the run ends before this tick
        ("ticks_per_day", "i8"),
        ("entry", "i8"),
        ("waiting_service", "i8"),  # the open service visited while waiting
        ("waiting_then", "i8"),
        ("onset_state", "i8"),
        ("overlap", "i8"),  # in 1/65536
        ("pace_rules", "i8"),
        ("reviews", "i8"),  # whether any service looks at priority again
        ("most_settings", "i8"),  # attributes and states that one chain of decisions can set, at the most
        ("subacute_from", "i8"),
        ("persistent_from", "i8"),
        ("recent_until", "i8"),
        ("forgotten_after", "i8"),
        ("days", "i8"),
        ("weeks", "i8"),
        ("site_count", "i8"),
    ]
)
"""The plan as compiled code sees it: where its arrays are, and its single numbers."""


PATIENT = np.dtype(
    [
        ("key", "u8"),
        ("clocks", "i4", (3,)),  # what is left of each threshold, in 2^-24
        ("pace", "i4", (3,)),  # the patient's own multiplier on each rate, in 1/65536
        ("felt_at", "i4"),  # when the clocks were last brought up to date
        ("onset", "i4"),  # of the present episode
        ("since", "i4"),  # in the present state
        ("back_due", "i4"),
        ("care_due", "i4"),
        ("asked", "i4"),  # when referred, or when the follow-up was due
        ("care_since", "i4"),
        ("waited", "i4"),  # the last wait
        ("list_next", "i4"),
        ("list_previous", "i4"),
        ("effect_from", "i4", (2,)),
        ("improve_times", "i4"),  # what the effects multiply the rates by, in 1/65536
        ("worsen_times", "i4"),
        ("effects_until", "i4"),  # the tick until when they do
        ("effect", "i2", (2,)),
        ("service", "i2"),
        ("last_service", "i2"),
        ("site", "i2"),
        ("practice", "i2"),
        ("stage", "u1"),
        ("state", "u1"),
        ("called", "u1"),
        ("priority", "u1"),
        ("visit", "u1"),
        ("planned", "u1"),
        ("capped", "u1"),
        ("attributes", "u1", (MOST_ATTRIBUTES,)),
    ],
    align=True,
)
LISTED = np.dtype([("head", "i4"), ("tail", "i4"), ("newcomers", "i4"), ("new", "i4")])
STANDING = np.dtype([("joined", "i4"), ("review_due", "i4")])  # on a list where priority is looked at again
SITE_NOW = np.dtype(
    [
        ("waiting", "i4"),
        ("occupied", "i4"),
        ("published", "i4"),
        ("debt", "i8"),  # of the place of which there is only a part: ticks it was used too long, in millionths
    ],
    align=True,
)
LINE = 64
"""Bytes in a line of the processor's cache."""
CHUNK = 16
"""Numbers in a chunk of the calendar: the next chunk, and 15 patients."""
PER_CHUNK = CHUNK - 1


MOST_WEIGHTS = 64


class StateArrays(NamedTuple):
    """Everything that is so at one tick, and room to work in."""

    memory: np.ndarray  # STATE, shape (1,)
    patients: np.ndarray
    counters: np.ndarray  # uint8, (patients, counters)
    lists: np.ndarray  # LISTED, (sites * PRIORITIES,)
    standings: np.ndarray  # STANDING, (patients,), or (1,) where no service looks at priority again
    sites: np.ndarray  # SITE_NOW
    heads: np.ndarray  # int32, (2 threads, ticks): first chunk of each tick's bucket
    due: np.ndarray  # int32, (2 threads, ticks): how many entries it has
    chunks: np.ndarray  # int32, (chunks, CHUNK)
    practice_effects: np.ndarray  # float64, (effects, practices): multipliers on odds
    lever_from: np.ndarray  # int32, (levers, practices): the tick of adoption
    capacity: np.ndarray  # int32, (sites, days): people at the most: appointments of the day, or places, a part as one
    amounts: np.ndarray  # int64, (sites, days): appointments a week, or places, in millionths
    acting: np.ndarray  # int32: the patients of this phase
    lots: np.ndarray  # uint64: lots of the newcomers to a list
    weights: np.ndarray  # float64: a decision's weights


STATE = np.dtype(
    [
        *((name, "u8") for name in StateArrays._fields if name != "memory"),
        ("shuffle", "u8"),
        ("tick", "i8"),
        ("next_arrival", "i8"),
        ("free_chunk", "i8"),
        ("free_chunks", "i8"),
        ("patient_count", "i8"),
        ("counter_count", "i8"),
        ("practice_count", "i8"),
        ("span", "i8"),
        ("scratch", "i8"),
    ]
)
"""The state as compiled code sees it: where its arrays are, and its single numbers."""


@scalar
def chunks_for(entries: Any, span: Any) -> Any:
    """Chunks that are enough for so many new entries of a calendar of two threads, wherever in its span they fall."""
    return entries // PER_CHUNK + min(entries, 2 * span) + 2


def blank(shape: int | tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros that begin at a line of the processor's cache, so that a patient's record fills two lines and no more."""
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.zeros(size + LINE, dtype=np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)


def bare_state(patients: np.ndarray, counters: np.ndarray, practice_effects: np.ndarray) -> StateArrays:
    """A state with patients and nothing else: enough for drawing what they are like."""
    never = np.full((1, practice_effects.shape[1]), NEVER, dtype=np.int32)
    return placed(
        StateArrays(
            memory=np.zeros(1, dtype=STATE),
            patients=patients,
            counters=counters,
            lists=np.zeros(0, dtype=LISTED),
            standings=np.zeros(0, dtype=STANDING),
            sites=np.zeros(0, dtype=SITE_NOW),
            heads=np.zeros((2, 0), dtype=np.int32),
            due=np.zeros((2, 0), dtype=np.int32),
            chunks=np.zeros((0, CHUNK), dtype=np.int32),
            practice_effects=practice_effects,
            lever_from=never,
            capacity=np.zeros((0, 0), dtype=np.int32),
            amounts=np.zeros((0, 0), dtype=np.int64),
            acting=np.zeros(0, dtype=np.int32),
            lots=np.zeros(0, dtype=np.uint64),
            weights=np.zeros(MOST_WEIGHTS),
        )
    )


def placed(state: StateArrays) -> StateArrays:
    """The same state, its record telling where its arrays are and how large."""
    place(state.memory, state)
    row = state.memory[0]
    row["patient_count"], row["counter_count"] = state.counters.shape
    row["practice_count"] = state.practice_effects.shape[1]
    row["span"] = state.heads.shape[1]
    row["scratch"] = len(state.acting)
    return state


EVENT = np.dtype(
    [
        ("tick", "i4"),
        ("patient", "i4"),
        ("value", "i4"),
        ("service", "i2"),
        ("site", "i2"),
        ("detail", "i2"),
        ("kind", "u1"),
    ]
)


LOG = np.dtype([("rows", "u8"), ("room", "i8"), ("written", "i8")])


class LogArrays(NamedTuple):
    """A block of the event log."""

    memory: np.ndarray  # LOG, shape (1,)
    rows: np.ndarray  # EVENT
