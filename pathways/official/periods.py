"""Dates, periods and bands of waiting, as planners and publishers write them.

Days are whole and both ends of a band are included. Reading files is not done here.
"""

from __future__ import annotations

import re
from calendar import month_abbr, month_name, monthrange
from datetime import date, timedelta
from math import inf

from pathways.quantity import DAYS_IN_A_WEEK

MONTHS = {name.lower(): number for names in (month_name, month_abbr) for number, name in enumerate(names) if name}
CENTURY = 2000
"""Years of two figures are of this century."""
FIRST_MONTH = 4
"""A financial year of the NHS begins in April."""

_BETWEEN = re.compile(r"(?P<more>>)?(?P<low>\d{1,5})(?:-|–| to )(?P<high>\d{1,5}) (?P<unit>day|week)s?", re.ASCII)
_OPEN = re.compile(
    r"(?:(?P<over>>|over |more than )(?P<above>\d{1,5})|(?P<least>\d{1,5})\+|(?P<least_too>\d{1,5})) (?P<unit>day|week)s?"
    r"(?P<end> and over| or more| and above)?",
    re.ASCII,
)


def last_of_month(year: int, month: int) -> date:
    """The last day of a month.

    >>> last_of_month(2024, 2)
    datetime.date(2024, 2, 29)
    """
    return date(year, month, monthrange(year, month)[1])


def financial_year(text: str) -> tuple[date, date] | None:
    """The days of a financial year written as 2024/25, 2024-25 or 2024-2025; None where it is none.

    >>> financial_year("2018/19")
    (datetime.date(2018, 4, 1), datetime.date(2019, 3, 31))
    """
    found = re.fullmatch(r"(20\d\d) ?[-/–] ?(?:20)?(\d\d)", text.strip())
    if found is None or (int(found[1]) + 1) % 100 != int(found[2]):
        return None
    begins = int(found[1])
    return date(begins, FIRST_MONTH, 1), last_of_month(begins + 1, FIRST_MONTH - 1)


def month(text: str) -> tuple[date, date] | None:
    """The days of a month written as 2025-03, March 2025 or Mar-25 (what a spreadsheet makes of it); None where it is none.

    >>> month("Mar-25")
    (datetime.date(2025, 3, 1), datetime.date(2025, 3, 31))
    """
    text = text.strip()
    if (found := re.fullmatch(r"(\d{4})-(\d\d)", text)) and 1 <= int(found[2]) <= len(month_name) - 1:
        year, number = int(found[1]), int(found[2])
    elif (found := re.fullmatch(r"([A-Za-z]+)[ -](\d{4}|\d\d)", text)) and found[1].lower() in MONTHS:
        year, number = int(found[2]), MONTHS[found[1].lower()]
        year += CENTURY if year < 100 else 0
    else:
        return None
    return (date(year, number, 1), last_of_month(year, number)) if year else None


def period(text: str) -> tuple[date, date] | None:
    """The first and last day of what is written: a day, a month or a financial year; None where it is none of them.

    A day is 2025-03-31, or 31/03/2025 as British spreadsheets save it. What could be both a month and a financial year
    (2011-12) is the month: write 2011/12 for the year.

    >>> period("2025-03-31")
    (datetime.date(2025, 3, 31), datetime.date(2025, 3, 31))
    >>> period("2024-25") == period("2024/25")
    True
    """
    text = text.strip()
    if found := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text):
        parts = (found[1], found[2], found[3])
    elif found := re.fullmatch(r"(\d\d?)/(\d\d?)/(\d{4})", text):
        parts = (found[3], found[2], found[1])
    else:
        return month(text) or financial_year(text)
    try:
        day = date(*map(int, parts))
    except ValueError:
        return None
    return day, day


def band(text: str) -> tuple[int, float] | None:
    """The least and the most whole days of a band of waiting; None where it cannot be read. The last band is open.

    Days mean what they say. Weeks are read as publishers of waits count them: 4-12 weeks is more than 4 and up to 12
    weeks, so that 0-4 and 4-12 weeks meet without overlap; 52+ weeks is more than 52.

    >>> band("8-14 days"), band("4-12 weeks"), band("0-4 weeks")
    ((8, 14), (29, 84), (0, 28))
    >>> band("366+ days"), band(">365 days"), band("over 52 weeks")
    ((366, inf), (366, inf), (365, inf))
    """
    text = re.sub(r"\s+", " ", text.strip().lower()).replace("> ", ">")
    if found := _BETWEEN.fullmatch(text):
        low, high = int(found["low"]), int(found["high"])
        if found["unit"] == "week":
            low, high = low * DAYS_IN_A_WEEK + (low > 0 or found["more"] is not None), high * DAYS_IN_A_WEEK
        else:
            low += found["more"] is not None
        return (low, high) if low <= high else None
    return _open_band(text)


def _open_band(text: str) -> tuple[int, float] | None:
    found = _OPEN.fullmatch(text)
    if found is None:
        return None
    weeks = found["unit"] == "week"
    number = int(found["above"] or found["least"] or found["least_too"])
    is_one = found["least_too"] is not None and found["end"] is None
    if is_one or (found["end"] is not None and found["least_too"] is None):
        return (number, number) if is_one and not weeks else None
    if weeks:
        return number * DAYS_IN_A_WEEK + 1, inf
    return number + (found["over"] is not None), inf


def band_in_words(low: float, high: float) -> str:
    """A band as it is told, or nothing where it is no band.

    >>> band_in_words(8, 14), band_in_words(366, inf), band_in_words(0, inf)
    ('8-14 days', '366+ days', '')
    """
    if high == inf:
        return f"{low:.0f}+ days" if low else ""
    return f"{low:.0f}-{high:.0f} days"


def period_in_words(first: date, last: date) -> str:
    """A period as short as it can be told.

    >>> period_in_words(date(2025, 2, 1), date(2025, 2, 28)), period_in_words(date(2018, 4, 1), date(2019, 3, 31))
    ('2025-02', '2018/19')
    >>> period_in_words(date(2025, 2, 3), date(2025, 2, 3))
    '2025-02-03'
    """
    if first == last:
        return first.isoformat()
    if (first, last) == month(f"{first:%Y-%m}"):
        return f"{first:%Y-%m}"
    year = f"{first.year}/{(first.year + 1) % 100:02d}"
    return year if (first, last) == financial_year(year) else f"{first.isoformat()} to {last.isoformat()}"


def next_day(day: date) -> date:
    """The day after.

    >>> next_day(date(2024, 2, 29))
    datetime.date(2024, 3, 1)
    """
    return day + timedelta(days=1)
