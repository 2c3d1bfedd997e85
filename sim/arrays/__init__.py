"""The ground of compiled code: keyed draws, tables of quantiles, the layout of arrays, and how they are found."""
