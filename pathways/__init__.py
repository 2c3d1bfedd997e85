"""What a pathway, a region and a scenario are: frozen data, loaders, readers of official files, checks.

No clock runs here and nothing is left to chance; that is `sim`.
"""

from pathways.condition import Condition, parse_when
from pathways.decision import Decision, Odds, Option
from pathways.lever import Lever, LeverSetting, Scenario
from pathways.load import (
    inputs_to_dict,
    library_names,
    load_pathway,
    load_scenario,
    pathway_from_dict,
    pathway_problems,
    pathway_to_dict,
)
from pathways.pathway import Pathway
from pathways.problems import BadInput, Problem, did_you_mean, refuse
from pathways.quantity import Quantity
from pathways.region import Region, Site, Waiting
from pathways.region_folder import load_region, save_region
from pathways.service import Service
from pathways.word import Duration

__all__ = [
    "BadInput",
    "Condition",
    "Decision",
    "Duration",
    "Lever",
    "LeverSetting",
    "Odds",
    "Option",
    "Pathway",
    "Problem",
    "Quantity",
    "Region",
    "Scenario",
    "Service",
    "Site",
    "Waiting",
    "did_you_mean",
    "inputs_to_dict",
    "library_names",
    "load_pathway",
    "load_region",
    "load_scenario",
    "parse_when",
    "pathway_from_dict",
    "pathway_problems",
    "pathway_to_dict",
    "refuse",
    "save_region",
]
