"""What happens: chance, the cohort, the plan, two engines, the event log and its reducers, paired runs and their record.

What a pathway is stands in `pathways`; what results mean, in `outcomes`.
"""
