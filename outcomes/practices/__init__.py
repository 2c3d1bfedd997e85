"""Practices compared: rates, what chance alone would give, and what is left."""
