"""What results mean: pure functions from documented tidy tables to tidy tables. They take simulated and real data alike.

Nothing here knows of pathways or engines. Bad tables raise `BadTable`, which says everything that is wrong at once.
"""

from outcomes.disclosure.practices import disclosed_variation
from outcomes.disclosure.tables import disclose, disclose_counts, disclosure_policy, disclosure_sentence
from outcomes.disclosure.tree import disclose_tree
from outcomes.economics.acceptability import (
    break_even_thresholds,
    ceac,
    ceaf,
    expected_loss,
    k_star,
    pairwise_acceptability,
)
from outcomes.economics.activity_costs import cost_of_activity, costs
from outcomes.economics.bought_capacity import care_owed, cost_of_care
from outcomes.economics.budget_impact import (
    BudgetImpact,
    budget_impact,
    budget_of_activity,
    budget_of_costs,
    capacity_released,
    per_year,
)
from outcomes.economics.discounting import (
    discount_by_year,
    discount_factor,
    discount_flow,
    discount_instant,
    half_cycle_correction,
)
from outcomes.economics.effects import TreatedUtility, effect_at, treated_utility
from outcomes.economics.incremental import (
    Plane,
    against_baseline,
    cost_effectiveness_plane,
    icer_table,
    incremental_result,
    net_health_benefit,
    net_monetary_benefit,
)
from outcomes.economics.inflation import inflate, read_price_index, uplift_factor, uplift_factors
from outcomes.economics.nested_draws import (
    NestedEvpi,
    between_and_within,
    ceac_of_nested_draws,
    ceac_where_told,
    corrected_draws,
    evpi_of_corrected,
    evpi_of_nested_draws,
)
from outcomes.economics.qalys import implausible_gain, qalys_of_time, qalys_over_time
from outcomes.economics.value_of_information import Evppi, evpi, evppi, evppi_by_parameter, population_evpi
from outcomes.equity.age_at_first import AgeAtFirst, age_at_first_treatment
from outcomes.equity.distributional import (
    DistributionalResult,
    distributional_cost_effectiveness,
    opportunity_cost_shares,
    qale_by_fifth,
)
from outcomes.equity.equally_distributed import (
    atkinson_ede,
    atkinson_index,
    equity_weights,
    extended_gini_ede,
    extended_gini_index,
    kolm_ede,
    kolm_index,
    mean_health,
)
from outcomes.equity.grouped_ages import GroupedAges, grouped_ages, modal_band, share_of_ages
from outcomes.equity.inequality import ConcentrationIndex, SlopeIndex, concentration_index, slope_index_of_inequality
from outcomes.equity.life_expectancy import (
    LifeExpectancy,
    life_expectancy,
    life_table,
    quality_adjusted_life_expectancy,
)
from outcomes.journeys.continuity import continuity_by, continuity_of_care
from outcomes.journeys.possible_order import PossibleEvents, isolated_end, possible_events, without_repeats
from outcomes.journeys.referral_to_treatment import ReferralToTreatment, referral_to_treatment
from outcomes.journeys.reported import as_published, reported
from outcomes.journeys.waiting import list_sizes, wait_spells, waits
from outcomes.limits import byar_limits, count_limits, exact_poisson_limits, wilson_limits
from outcomes.paired import (
    PairedDifference,
    paired_difference,
    paired_p_value,
    replications_are_enough,
    t_half_width,
    too_few_events,
    too_few_runs_differ,
    variance_ratio,
)
from outcomes.policy_values import policy, policy_value
from outcomes.portfolio.allocate import allocate
from outcomes.portfolio.allocation import Allocation
from outcomes.portfolio.programme import Infeasible
from outcomes.portfolio.uncertainty import AllocationUncertainty, allocation_uncertainty, sample_gains
from outcomes.practices.area_rates import (
    crude_proportions,
    crude_rates,
    directly_standardised_rates,
    indirectly_standardised_ratios,
)
from outcomes.practices.before_after import before_and_after, effect_beside_regression
from outcomes.practices.funnel import Funnel, funnel, funnel_limits, proportion_limits, rate_limits, ratio_limits
from outcomes.practices.measures_of_variation import (
    ChanceFold,
    Variation,
    coefficient_of_variation,
    extremal_quotient,
    fold_by_chance,
    systematic_component_of_variation,
    variation,
)
from outcomes.practices.overdispersion import (
    Overdispersion,
    overdispersed_limits,
    overdispersion,
    truncated,
    winsorised,
)
from outcomes.practices.practice_variation import PracticeVariation, practice_variation
from outcomes.practices.rates import (
    Rate,
    StandardisedRatio,
    crude_proportion,
    crude_rate,
    directly_standardised_rate,
    directly_standardised_rate_of_repeat_events,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
)
from outcomes.table_rules import BadTable

__all__ = [
    "AgeAtFirst",
    "Allocation",
    "AllocationUncertainty",
    "BadTable",
    "BudgetImpact",
    "ChanceFold",
    "ConcentrationIndex",
    "DistributionalResult",
    "Evppi",
    "Funnel",
    "GroupedAges",
    "Infeasible",
    "LifeExpectancy",
    "NestedEvpi",
    "Overdispersion",
    "PairedDifference",
    "Plane",
    "PossibleEvents",
    "PracticeVariation",
    "Rate",
    "ReferralToTreatment",
    "SlopeIndex",
    "StandardisedRatio",
    "TreatedUtility",
    "Variation",
    "against_baseline",
    "age_at_first_treatment",
    "allocate",
    "allocation_uncertainty",
    "as_published",
    "atkinson_ede",
    "atkinson_index",
    "before_and_after",
    "between_and_within",
    "break_even_thresholds",
    "budget_impact",
    "budget_of_activity",
    "budget_of_costs",
    "byar_limits",
    "capacity_released",
    "care_owed",
    "ceac",
    "ceac_of_nested_draws",
    "ceac_where_told",
    "ceaf",
    "coefficient_of_variation",
    "concentration_index",
    "continuity_by",
    "continuity_of_care",
    "corrected_draws",
    "cost_effectiveness_plane",
    "cost_of_activity",
    "cost_of_care",
    "costs",
    "count_limits",
    "crude_proportion",
    "crude_proportions",
    "crude_rate",
    "crude_rates",
    "directly_standardised_rate",
    "directly_standardised_rate_of_repeat_events",
    "directly_standardised_rates",
    "disclose",
    "disclose_counts",
    "disclose_tree",
    "disclosed_variation",
    "disclosure_policy",
    "disclosure_sentence",
    "discount_by_year",
    "discount_factor",
    "discount_flow",
    "discount_instant",
    "distributional_cost_effectiveness",
    "effect_at",
    "effect_beside_regression",
    "equity_weights",
    "evpi",
    "evpi_of_corrected",
    "evpi_of_nested_draws",
    "evppi",
    "evppi_by_parameter",
    "exact_poisson_limits",
    "expected_loss",
    "extended_gini_ede",
    "extended_gini_index",
    "extremal_quotient",
    "fold_by_chance",
    "funnel",
    "funnel_limits",
    "grouped_ages",
    "half_cycle_correction",
    "icer_table",
    "implausible_gain",
    "incremental_result",
    "indirectly_standardised_rate",
    "indirectly_standardised_ratio",
    "indirectly_standardised_ratios",
    "inflate",
    "isolated_end",
    "k_star",
    "kolm_ede",
    "kolm_index",
    "life_expectancy",
    "life_table",
    "list_sizes",
    "mean_health",
    "modal_band",
    "net_health_benefit",
    "net_monetary_benefit",
    "opportunity_cost_shares",
    "overdispersed_limits",
    "overdispersion",
    "paired_difference",
    "paired_p_value",
    "pairwise_acceptability",
    "per_year",
    "policy",
    "policy_value",
    "population_evpi",
    "possible_events",
    "practice_variation",
    "proportion_limits",
    "qale_by_fifth",
    "qalys_of_time",
    "qalys_over_time",
    "quality_adjusted_life_expectancy",
    "rate_limits",
    "ratio_limits",
    "read_price_index",
    "referral_to_treatment",
    "replications_are_enough",
    "reported",
    "sample_gains",
    "share_of_ages",
    "slope_index_of_inequality",
    "systematic_component_of_variation",
    "t_half_width",
    "too_few_events",
    "too_few_runs_differ",
    "treated_utility",
    "truncated",
    "uplift_factor",
    "uplift_factors",
    "variance_ratio",
    "variation",
    "wait_spells",
    "waits",
    "wilson_limits",
    "winsorised",
    "without_repeats",
]
