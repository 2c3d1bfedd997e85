"""What results mean: pure functions from documented tidy tables to tidy tables. They take simulated and real data alike.

Nothing here knows of pathways or engines.
"""

from outcomes.costs import cost_of_activity
from outcomes.paired import PairedDifference, paired_difference, replications_are_enough, t_half_width
from outcomes.qalys import qalys_of_time

__all__ = [
    "PairedDifference",
    "cost_of_activity",
    "paired_difference",
    "qalys_of_time",
    "replications_are_enough",
    "t_half_width",
]
