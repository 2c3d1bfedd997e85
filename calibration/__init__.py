"""Fitting the model to local data. The room is kept; nothing is in it yet, and no command offers it."""
