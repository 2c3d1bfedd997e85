"""Whether a fit can be believed: what it knows, whether its intervals hold, whether it foretells what it has not seen."""
