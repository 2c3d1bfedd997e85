"""Many runs: scenarios compared over the same patients, draws of what is not known, and their record."""
