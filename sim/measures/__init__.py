"""What is worked out from a comparison: budgets, care owed, outcomes over time and by deprivation, services by year."""
