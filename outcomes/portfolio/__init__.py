"""The same money, otherwise: which services should grow, shrink or stop."""
