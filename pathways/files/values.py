"""Numbers and dates as people write them in cells: read where only one thing can be meant, else a sentence.

Which numbers are possible (a share, a count, none below zero) is for whoever asks.
"""

from __future__ import annotations

import re
from calendar import month_abbr, month_name, monthrange
from datetime import date
from math import isfinite

from pathways.files.opened import printable
from pathways.files.persons import like_an_nhs_number

LONGEST = 60
"""No number that anybody means is written with more letters."""
EXACT = 2**53
"""Above this not every whole number can be told from its neighbour."""
FIRST_YEAR, LAST_YEAR = 1900, 2100
"""A day of another year is a slip of the keyboard."""
MONTHS = {name.lower(): number for names in (month_name, month_abbr) for number, name in enumerate(names) if name}
CENTURY, LAST_SHORT_YEAR = 2000, 49
"""Years of two figures up to 49 are of this century; the others could be of either."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?[\d.]*\d,\d+", re.ASCII)
_MEANS = (
    (re.compile(r"[+-]?(?:inf|infinity|1\.#inf)", re.I), "is not a finite number."),
    (re.compile(r".*[%٪‰]"), "is not a number: leave the sign of per cent out, and write a share as 0.12, not 12."),
    (re.compile(r"[£$€].*|.*[£$€]"), "is not a number: leave the sign of money out."),
    (re.compile(r"\(.*\)"), "is not a number: write a number below zero with a minus sign, without brackets."),
    (re.compile(r"[−–—]\s*[\d.,]+"), "is not a number: write the minus sign as a plain '-'."),
    (re.compile(r"\d{1,3}(?:\s\d{3})+(?:[.,]\d+)?"), "is not a number: leave out the blanks between thousands."),
    (re.compile(r"'.*"), "is not a number: take the apostrophe off."),
)
"""What is often written where a number is meant."""
_TIME = r"(?:[T ]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.]?)(\d\d?)\2(\d\d?){_TIME}", re.ASCII)
_DAY_FIRST = re.compile(rf"(\d\d?)([-/.])(\d\d?)\2(\d+){_TIME}", re.ASCII)
_NAMED = re.compile(rf"(\d\d?)(?:st|nd|rd|th)?[-/ ]?([A-Za-z]{{3,9}})[-/ ,]*(\d+){_TIME}", re.ASCII)
WRITE = "Write it like 2025-04-01 or 01/04/2025."


class NotThat(ValueError):
    """A cell is not what was asked for; the message is a sentence that begins with what is written."""


def told(text: str) -> str:
    """What is written, as it is told: in quotation marks, on one line, not endless; nothing that may be an NHS number."""
    if like_an_nhs_number(text):
        return "what looks like an NHS number (not shown)"
    return f"'{printable(text, longest=LONGEST)}'"


def number_in(text: str) -> float:
    """The number that is written, finite. A comma is a mark of thousands only, before groups of three figures.

    >>> number_in("1,234.5"), number_in("-12"), number_in("1e3")
    (1234.5, -12.0, 1000.0)
    >>> number_in("5,5")
    Traceback (most recent call last):
    pathways.files.values.NotThat: '5,5' is not a number: a comma only parts thousands (1,234). Write 5.5 if that is meant.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise NotThat(f"{told(text)} is not a number: it has {len(text):,} letters.")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if _NUMBER.fullmatch(text):
        if isfinite(number := float(text)):
            return number
        raise NotThat(f"{told(text)} is not a finite number.")
    raise NotThat(f"{told(text)} {_why_no_number(text)}")


def _why_no_number(text: str) -> str:
    if _DECIMAL_COMMA.fullmatch(text) and text.count(",") == 1:
        meant = text.replace(".", "").replace(",", ".").lstrip("+")
        return f"is not a number: a comma only parts thousands (1,234). Write {meant} if that is meant."
    if "," in text and not text.strip("+-0123456789,."):
        return "is not a number: a comma parts thousands, before groups of three figures (1,234,567)."
    if text.count(".") > 1 and not text.strip("+-0123456789."):
        return "is not a number: a point stands before decimals, once. Write thousands without it."
    if found := next((says for pattern, says in _MEANS if pattern.fullmatch(text)), None):
        return found
    if any(letter.isdigit() and not letter.isascii() for letter in text):
        return "is not a number: write it with the figures 0 to 9."
    return "is not a number."


def whole_in(text: str) -> int:
    """The whole number that is written.

    >>> whole_in("1,234"), whole_in("5.0")
    (1234, 5)
    >>> whole_in("2.5")
    Traceback (most recent call last):
    pathways.files.values.NotThat: '2.5' is not a whole number.
    """
    number = number_in(text)
    if number % 1:
        raise NotThat(f"{told(text.strip())} is not a whole number.")
    if abs(number) > EXACT:
        raise NotThat(f"{told(text.strip())} is a larger number than can be counted.")
    return int(number)


def date_in(text: str) -> date:
    """The day that is written, of the years 1900 to 2100; a time of day behind it is passed over.

    Years first, days first as in Britain, or the month by its name. What could be two days is refused.

    >>> date_in("2025-04-01 00:00:00") == date_in("01/04/2025") == date_in("1-Apr-25") == date_in("01APR2025")
    True
    >>> date_in("01/04/25")
    Traceback (most recent call last):
    pathways.files.values.NotThat: '01/04/25' is not a date that is clear: write the year with four figures, as in 2025-04-01.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise NotThat(f"{told(text)} is not a date. {WRITE}")
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(text, found[1], int(found[3]), found[4])
    if found := _DAY_FIRST.fullmatch(text):
        return _day(text, found[4], int(found[3]), found[1])
    if (found := _NAMED.fullmatch(text)) and (month := MONTHS.get(found[2].lower())):
        return _day(text, found[3], month, found[1], named=True)
    if re.fullmatch(r"[2-7]\d{4}(?:\.0+)?", text, re.ASCII):
        says = "is not a date but how a spreadsheet counts days. Format the column as dates, and save it again."
        raise NotThat(f"{told(text)} {says}")
    raise NotThat(f"{told(text)} is not a date. {WRITE}")


def _day(text: str, year: str, month: int, day: str, *, named: bool = False) -> date:
    """A day of the calendar; `named` where the month stands by its name, so that a short year is clear."""
    number = int(year) if len(year) <= 4 else 0
    if len(year) == 2 and named and number <= LAST_SHORT_YEAR:
        number += CENTURY
    elif len(year) == 2:
        raise NotThat(f"{told(text)} is not a date that is clear: write the year with four figures, as in 2025-04-01.")
    if not FIRST_YEAR <= number <= LAST_YEAR:
        raise NotThat(f"{told(text)} is not a date of the years {FIRST_YEAR} to {LAST_YEAR}. {WRITE}")
    if not 1 <= month <= len(month_name) - 1:
        raise NotThat(f"{told(text)} is not a date: there is no month {month}. Write the day before the month.")
    if not 1 <= int(day) <= monthrange(number, month)[1]:
        raise NotThat(f"{told(text)} is not a date: {month_name[month]} {number} has no day {int(day)}.")
    return date(number, month, int(day))
