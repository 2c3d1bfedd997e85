"""Costs, health gained, and what a choice is worth when neither is certain."""
