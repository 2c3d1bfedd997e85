"""From a prior bank through waves of runs, or by a network, to joint draws of what local data can tell."""
