"""What planners and publishers write in place of a number, and what to write instead."""

from __future__ import annotations

import re

DASHES = ("-", "–", "—", "−", "nil", "none", "zero")
NOTHING = (
    "n/a",
    "na",
    "#n/a",
    "null",
    "nan",
    "n.a.",
    "not available",
    "not submitted",
    "#value!",
    "#ref!",
    "#div/0!",
    "[x]",
)
HIDDEN = ("c", "[c]", "x", "z", "..", "...", ":", "suppressed", "s", "**", "low")


def no_number(written: str, otherwise: str) -> str:
    """Why a cell is no number, and what to write there; `otherwise` where nothing is known of what is written.

    >>> no_number("<5", "")
    "'<5' looks like a hidden count: write *, and in 'suppressed_below' from which count on figures are published."
    >>> no_number("n/a", "")
    "'n/a' is not a number: leave it blank where nothing was submitted, and write 0 for nobody."
    """
    text = written.strip().lower()
    if text in DASHES:
        return f"'{written}' may be nobody, or nothing that was submitted: write 0, or leave it blank."
    if text in NOTHING:
        return f"'{written}' is not a number: leave it blank where nothing was submitted, and write 0 for nobody."
    if text in HIDDEN or re.fullmatch(r"[<≤] ?[0-9]{1,3}|[0-9]{1,3} ?(-|–|to) ?[0-9]{1,3}", text):
        return f"'{written}' looks like a hidden count: write *, and in 'suppressed_below' from which count on figures are published."
    if re.fullmatch(r"[0-9.,]{1,20} ?[*†‡#a-z]|\([0-9.,]{1,20}\)", text):
        return f"'{written}' is not a number: write the number alone, and what the mark says in 'source'."
    return otherwise
