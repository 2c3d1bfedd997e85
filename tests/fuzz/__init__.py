"""Damaged inputs for every reader and every command, in this process: none may escape as a crash, a hang or a silence.

`python -m tests.fuzz --inputs 100000` tries so many and tells what escaped; the suite tries 2,000. Each input is a
function of the seed and its number, so that `--only NUMBER` makes the same one again.
"""
