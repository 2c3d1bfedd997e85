"""Quantities fitted to what was counted: by an area, or in published courses; and whether a fit can be believed."""
