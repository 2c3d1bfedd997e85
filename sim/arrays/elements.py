"""The elements of the plan's, the state's and the log's arrays, by number, in compiled code.

`patients(state, i)` is the record of patient i, `services(plan, s)` that of a service; changing a field changes the
array. Arrays with more than one dimension are numbered along their rows.
"""

from sim.arrays.layout import (
    CHANGE,
    DECISION_RECORD,
    EFFECT,
    EVENT,
    FREED,
    LISTED,
    ODDS,
    OPTION,
    PACE,
    PATIENT,
    SEGMENT,
    SERVICE,
    SETTING,
    SITE,
    SITE_NOW,
    STANDING,
    TEST,
    URGENCY,
    VISITS_NEEDED,
)
from sim.arrays.memory import numbers, records

services = records("services", SERVICE)
decisions = records("decisions", DECISION_RECORD)
options = records("options", OPTION)
settings = records("settings", SETTING)
odds_of = records("odds", ODDS)
changes = records("changes", CHANGE)
freed_to = records("freed", FREED)
tests = records("tests", TEST)
urgencies = records("urgencies", URGENCY)
paces = records("paces", PACE)
visits_table = records("visits_needed", VISITS_NEEDED)
effects = records("effects", EFFECT)
segments = records("segments", SEGMENT)
plan_sites = records("sites", SITE)
patients = records("patients", PATIENT)
lists = records("lists", LISTED)
standings = records("standings", STANDING)
sites_now = records("sites", SITE_NOW)
rows = records("rows", EVENT)

rates, _ = numbers("rates", "i8")
capacities, _ = numbers("capacity", "i4")
amounts, _ = numbers("amounts", "i8")
attractions, _ = numbers("attraction", "i8")
strengths, _ = numbers("strength", "f8")
counters, set_counter = numbers("counters", "u1")
heads, set_head = numbers("heads", "i4")
due_counts, set_due_count = numbers("due", "i4")
chunk_numbers, set_chunk_number = numbers("chunks", "i4")
practice_effects, _ = numbers("practice_effects", "f8")
adopted_at, _ = numbers("lever_from", "i4")
ends, _ = numbers("ends", "i4")
acting, set_acting = numbers("acting", "i4")
lots, set_lot = numbers("lots", "u8")
weights, set_weight = numbers("weights", "f8")
