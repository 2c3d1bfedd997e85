"""Where many runs are made, over threads, processes or a cluster, and where they are kept."""
