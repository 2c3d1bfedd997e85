"""What the variation between practices comes to, in plain sentences."""

from __future__ import annotations

import math

import pandas as pd

from outcomes.practices.funnel import Funnel
from outcomes.practices.measures_of_variation import FEWEST_EVENTS, Variation

A_REASON_TO_ASK = "Variation is a reason to ask, not proof of poor care."


def variation_words(
    table: pd.DataFrame,
    measures: Variation,
    plot: Funnel,
    *,
    what: str,
    adjusted: str,
    small_list: int,
    repeat_events: bool,
) -> tuple[str, ...]:
    """The findings in sentences, the main one first; arguments as in the fields of `PracticeVariation`.

    `adjusted` says what rates are adjusted for; `repeat_events`: whether they allow for people with several events.
    """
    sentences = [
        *_of_the_fold(measures, what),
        _of_the_ratios(measures),
        _of_the_rest(measures),
        measures.level_says,
        plot.why,
        _of_the_outliers(table, plot),
        _of_small_lists(int(table["small_list"].sum()), small_list),
        _of_rates_not_shown(int(table["rate_not_shown"].sum()), what),
        adjusted,
        "The limits of rates allow for people with several events; those of ratios and the funnel do not."
        if repeat_events
        else "",
        A_REASON_TO_ASK,
    ]
    return tuple(sentence for sentence in sentences if sentence)


def adjustment_words(bands: tuple[str, ...], *, own_standard: bool, nobody: bool, what: str) -> str:
    """What rates are adjusted for; `nobody`: whether some practice has a band without people.

    >>> adjustment_words((), own_standard=True, nobody=False, what="events")
    'Rates are crude: practices with older people can differ for that reason alone.'
    """
    if not bands:
        return "Rates are crude: practices with older people can differ for that reason alone."
    whom = "the people of all practices together" if own_standard else "the standard population given"
    said = f"Rates are adjusted for {band_words(bands)} to {whom}. Expected {what} are those at the rates of all practices."
    return f"{said} The rate of a practice with nobody in a band is over its other bands." if nobody else said


def band_words(bands: tuple[str, ...]) -> str:
    """What bands are made of.

    >>> band_words(("sex", "ageband"))
    'sex and age'
    """
    return " and ".join({"ageband": "age", "sex": "sex"}[band] for band in bands)


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "practice"), counted(1200, "practice")
    ('1 practice', '1,200 practices')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _of_the_fold(measures: Variation, what: str) -> list[str]:
    chance = measures.chance
    alike = "If all practices were alike, chance alone would give"
    if measures.zero_units:
        said = [f"The highest practice over the lowest: {measures.fold_shown}."]
        if not math.isnan(measures.ratio_95_5):
            by_chance = "" if math.isnan(chance.ratio_95_5) else f" {alike} about {chance.ratio_95_5:.1f}."
            said.append(f"The 95/5 ratio is used instead: it is {measures.ratio_95_5:.1f}.{by_chance}")
    elif math.isnan(measures.fold):
        said = [f"The highest practice over the lowest: {measures.fold_shown}."]
    else:
        number = measures.units - measures.excluded
        said = [
            f"Among {counted(number, 'practice')} with at least {FEWEST_EVENTS} {what}, the highest has "
            f"{measures.fold:.1f} times as many as the lowest, given its people.",
            f"{alike} about {chance.median:.1f} times (95% interval {chance.lower:.1f} to {chance.upper:.1f}). "
            f"{_verdict(measures)}"
            if not math.isnan(chance.median)
            else f"What chance alone would give cannot be told: so few {what} are expected that hardly two practices would "
            f"have {FEWEST_EVENTS}.",
        ]
    if measures.excluded:
        verb = "is" if measures.excluded == 1 else "are"
        few = f"{counted(measures.excluded, 'practice')} with fewer than {FEWEST_EVENTS} {what}"
        said.append(f"{few} {verb} left out when highest and lowest are compared.")
    return said


def _verdict(measures: Variation) -> str:
    if measures.fold > measures.chance.upper:
        return "Chance alone does not explain the difference."
    if measures.fold < measures.chance.lower:
        return "The difference is smaller than chance alone would usually give."
    return "Chance alone can explain the difference."


def _of_the_ratios(measures: Variation) -> str:
    far, near = (
        "not defined" if math.isnan(ratio) else f"{ratio:.1f}" for ratio in (measures.ratio_95_5, measures.ratio_75_25)
    )
    return f"With the extremes left out, high over low is {far} (95/5 ratio) and {near} (75/25 ratio)."


def _of_the_rest(measures: Variation) -> str:
    scv = measures.scv_between
    if scv == 0:
        return "With chance taken out, no variation is left (systematic component of variation: 0)."
    return f"With chance taken out, some variation is left (systematic component of variation: {scv:.1f})."


def _of_the_outliers(table: pd.DataFrame, plot: Funnel) -> str:
    far, near = (int(table["band"].str.endswith(limit).sum()) for limit in (" 99.8%", " 95%"))
    limits = "widened limits" if plot.adjusted else "limits of chance alone"
    if far + near == 0:
        return f"No practice lies beyond the {limits}."
    beyond = (
        f"{counted(far, 'practice') if far else 'No practice'} {'lies' if far < 2 else 'lie'} beyond the 99.8% limits"
    )
    more = f", {near} {'more ' * bool(far)}{'lies' if near == 1 else 'lie'} beyond the 95% limits" if near else ""
    return f"{beyond}{more} ({limits}). Of practices that are all alike, about 1 in 20 lies beyond the 95% limits."


def _of_small_lists(number: int, small_list: int) -> str:
    if not number:
        return ""
    return f"{counted(number, 'practice')} with fewer than {small_list} people: read the figures with care."


def _of_rates_not_shown(number: int, what: str) -> str:
    if not number:
        return ""
    return f"No rate is shown for {counted(number, 'practice')} with fewer than {FEWEST_EVENTS} {what}."
