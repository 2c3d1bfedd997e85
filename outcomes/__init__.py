"""What results mean: pure functions from documented tidy tables to tidy tables. They take simulated and real data alike.

Nothing here knows of pathways or engines.
"""

from outcomes.before_after import before_and_after, effect_beside_regression
from outcomes.costs import cost_of_activity
from outcomes.paired import PairedDifference, paired_difference, replications_are_enough, t_half_width
from outcomes.qalys import qalys_of_time

__all__ = [
    "PairedDifference",
    "before_and_after",
    "cost_of_activity",
    "effect_beside_regression",
    "paired_difference",
    "qalys_of_time",
    "replications_are_enough",
    "t_half_width",
]
