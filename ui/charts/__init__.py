"""Charts as plain Vega-Lite specifications, each with the sentence that states its finding."""
