"""What holds for the whole suite."""

from hypothesis import settings

# A busy machine may take any time over an example: what is judged is the answer, and the suite's own limit bounds the rest.
settings.register_profile("backpath", deadline=None)
settings.load_profile("backpath")
