"""People followed through events: waits, clocks, continuity, what was reported."""
