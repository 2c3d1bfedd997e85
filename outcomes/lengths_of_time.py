"""How many days a week and a year have for every measure here, as for the simulation and the files that it reads."""

from __future__ import annotations

DAYS_IN_A_WEEK = 7
DAYS_IN_A_YEAR = 365
"""A year without leap days, so that all years are alike; `pathways.quantity` says the same."""
WEEKS_OF_A_LIST = 52
"""The year of waiting lists, which count whole weeks: a day shorter."""
