"""Who gains: by age, by deprivation, and what that is worth to a society that minds."""
