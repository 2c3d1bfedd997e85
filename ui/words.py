"""Numbers and outcomes as people read them: rounding, signs, units. Used by every face."""

from __future__ import annotations

import math
import re

from outcomes.journeys.waiting import YEAR_DAYS
from pathways.pathway import Outcome
from pathways.quantity import DAYS_IN_A_WEEK

MINUS = "−"
NO_VALUE = "–"
TOO_RARE, TOO_FEW, NONE_DIFFERS = "too rare to tell", "too few differ", "none differs"
LEAST_MONEY = 0.005
"""Half a penny, in pounds."""


def percent(value: float) -> str:
    """A percentage in whole numbers with its sign, never '−0%'.

    >>> percent(-22.6), percent(0.4), percent(-0.3), percent(7.5)
    ('−23%', '0%', '0%', '+8%')
    """
    if math.isnan(value):
        return NO_VALUE
    whole = math.floor(abs(value) + 0.5)
    if whole == 0:
        return "0%"
    return f"{MINUS if value < 0 else '+'}{whole}%"


def percent_of(share: float) -> str:
    """A share in whole percent, that reads 0% or 100% only where it is.

    >>> percent_of(0.999), percent_of(1.0), percent_of(0.254)
    ('99%', '100%', '25%')
    """
    if math.isnan(share):
        return NO_VALUE
    return f"{round(100 * share) if share in (0, 1) else min(max(round(100 * share), 1), 99)}%"


def figures(value: float, digits: int = 3) -> str:
    """A number to three significant figures, with thousands separated.

    >>> figures(37572.0), figures(42.36), figures(0.0), figures(-412.4)
    ('37,600', '42.4', '0', '−412')
    """
    if math.isnan(value):
        return NO_VALUE
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    text = f"{abs(rounded):,.{max(places, 0)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if rounded < 0 else text


def money(value: float) -> str:
    """Pounds, to the nearest ten thousand from a million, to three figures below.

    Less than half a penny is nothing.

    >>> money(8_263_456.5), money(-85_855.1), money(1234.0), money(-2.7e-8)
    ('£8.26m', '−£85,900', '£1,230', '£0')
    """
    if math.isnan(value):
        return NO_VALUE
    if abs(value) < LEAST_MONEY:
        return "£0"
    sign = MINUS if value < 0 else ""
    if abs(value) >= 999_500:
        return f"{sign}£{abs(value) / 1e6:.2f}m"
    return f"{sign}£{figures(abs(value))}"


def amount(value: float, outcome: Outcome) -> str:
    """A value of an outcome as it stands in a table, whose row names the unit."""
    match outcome.of:
        case "cost":
            return money(value)
        case _:
            return figures(value)


def with_unit(value: float, outcome: Outcome) -> str:
    """A value of an outcome with its unit, for a sentence."""
    return f"{amount(value, outcome)} days" if outcome.of == "wait" else amount(value, outcome)


def signed(value: float, outcome: Outcome) -> str:
    """A change of an outcome with its sign, without the unit that its title names.

    >>> signed(5.19, Outcome(title="Wait (days)", of="wait", services=["mri"], better="less"))
    '+5.19'
    """
    text = amount(value, outcome)
    return text if text.startswith((MINUS, NO_VALUE)) or value == 0 else f"+{text}"


def per_year(value: float, outcome: Outcome, years: float) -> float:
    """Totals as a yearly average; waits as they are."""
    return value if outcome.of == "wait" or years == 0 else value / years


def span(years: float) -> str:
    """A length of time in years.

    >>> span(1), span(0.5), span(5.0)
    ('1 year', '0.5 years', '5 years')
    """
    return f"{years:g} year{'' if years == 1 else 's'}"


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "practice"), counted(1200, "practice")
    ('1 practice', '1,200 practices')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def within_words(days: int) -> str:
    """How far each wait is counted, in words.

    >>> within_words(364), within_words(181)
    ('52 weeks', '181 days')
    """
    return f"{days // DAYS_IN_A_WEEK} weeks" if days == YEAR_DAYS else counted(days, "day")


def waits_are(days: int) -> str:
    """What the figure of a wait is, for a heading or a caption.

    >>> waits_are(364)
    'waits: mean days from referral, each counted up to 52 weeks, those still waiting as well'
    """
    return f"waits: mean days from referral, each counted up to {within_words(days)}, those still waiting as well"


def row_title(outcome: Outcome) -> str:
    """What a row or a tile of an outcome is called: of QALYs only what is gained is told, never their total.

    >>> row_title(Outcome(title="QALYs", of="qalys", better="more"))
    'QALYs gained'
    """
    return f"{outcome.title} gained" if outcome.of == "qalys" else outcome.title


def comparative(outcome: Outcome, *, lower: bool) -> str:
    """The word for less or more of an outcome: fewer, shorter, lower."""
    match outcome.of:
        case "wait":
            return "a shorter" if lower else "a longer"
        case "cost":
            return "a lower" if lower else "a higher"
        case _:
            return "fewer" if lower else "more"


def as_written(text: str) -> str:
    """A text of somebody else for where Markdown is read: shown letter by letter, on one line, no picture or link made of it.

    >>> as_written("**Ours** ![](http://there/x.png)")
    '\\\\*\\\\*Ours\\\\*\\\\* !\\\\[\\\\](http://there/x.png)'
    """
    return re.sub(r"([\\`*\[\]<$])", r"\\\1", " ".join(text.split()))


def in_a_sentence(title: str) -> str:
    """A title within a sentence: its unit left out, its first letter small unless it is an abbreviation.

    >>> in_a_sentence("Physiotherapy wait (days)"), in_a_sentence("MRI scans"), in_a_sentence("QALYs")
    ('physiotherapy wait', 'MRI scans', 'QALYs')
    """
    plain = title.split(" (")[0]
    return plain if plain[:2].isupper() else plain[:1].lower() + plain[1:]
