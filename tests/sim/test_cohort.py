"""Who falls ill, when, and what they are like: the stated rates, by practice, sex, age, deprivation and season.

Expected numbers are worked out here from the region's counts and the stated rates. Chi-square tests fail by chance
once in ten thousand.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pathways import Pathway, Region, Waiting
from pathways.quantity import DAYS_IN_A_YEAR
from pathways.region import AGE_BANDS
from sim.arrays.keyed_draws import GOLDEN, label
from sim.arrays.layout import AGE, DECILE, DID_NOT_ATTEND, FIRST_ATTRIBUTE, NEVER, SEX
from sim.cohort import Cohort
from sim.people import age_factors
from sim.plan import Plan
from sim.running import Running
from tests.helpers.build import (
    Numbers,
    cohort_of,
    compiled_log,
    health,
    pathway,
    plan_of,
    reference_log,
    region,
    scenario,
)

RATE = 0.06
BY_AGE = {"0-17": 0.1, "18-64": 1.0, "65+": 1.6}
FEMALE, DEPRIVED = 1.4, 2.0
BY_MONTH = {str(month): 1.5 if month in (1, 2, 3) else 1.0 if month < 10 else 0.6 for month in range(1, 13)}
GP = {"gp": {"capacity": "open", "next": "home"}}


def place(people: int = 600_000, practices: int = 3, **more: Any) -> Region:
    """Practices of everyone from 0 to 99, more women than men, each with its own deprivation."""
    rng = np.random.default_rng(5)
    counts = rng.multinomial(people, np.full(practices * 40, 1 / (practices * 40))).reshape(practices, 2, 20)
    counts[:, 0] += counts[:, 0] // 10
    deciles = np.array(
        [np.roll(np.array([0.3, 0.2, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]), 3 * k) for k in range(practices)]
    )
    return replace(region(practices * 10, practices=practices), people=counts, deciles=deciles, **more)


def everyone(numbers: Numbers, *, services: dict[str, Any] = GP, **more: Any) -> Pathway:
    """A pathway whose onsets differ by everything they can differ by."""
    onset = {
        "rate": numbers(RATE, "per year"),
        "by_age": numbers(BY_AGE, "rate ratio"),
        "female_times": numbers(FEMALE, "rate ratio"),
        "most_deprived_times": numbers(DEPRIVED, "rate ratio"),
        "by_month": numbers(BY_MONTH, "rate ratio"),
        "state": {"options": {"mild": {"share": "rest"}}},
    }
    return pathway(numbers, services, entry=next(iter(services)), **{"onset": onset, **more})


def age_of_band(band: int) -> float:
    """The factor of a band of five ages, from the table of three bands: 15 to 19 are three children and two adults."""
    return float(np.mean([0.1 if age < 18 else 1.0 if age < 65 else 1.6 for age in range(5 * band, 5 * band + 5)]))


def yearly_rate(sex: int, band: int, decile: int) -> float:
    """Onsets in a year: the rate is that of an average person, sexes and deciles lie around it geometrically."""
    female = sqrt(FEMALE) if sex == 0 else 1 / sqrt(FEMALE)
    deprived = DEPRIVED ** (0.5 - (decile - 1) / 9)
    return RATE * age_of_band(band) * female * deprived


def expected_by_cell(area: Region) -> np.ndarray:
    """Onsets in a year by practice, sex, age band and decile."""
    table = np.zeros((len(area.codes), 2, 20, 10))
    for practice, sex, band, decile in np.ndindex(*table.shape):
        people = area.people[practice, sex, band] * area.deciles[practice, decile]
        table[practice, sex, band, decile] = people * yearly_rate(sex, band, decile + 1)
    return table


def observed_by_cell(cohort: Cohort, area: Region, chosen: np.ndarray | None = None) -> np.ndarray:
    """Patients by practice, sex, age band and decile."""
    people = cohort.patients if chosen is None else cohort.patients[chosen]
    about = people["attributes"].astype(int)
    table = np.zeros((len(area.codes), 2, 20, 10))
    np.add.at(table, (people["practice"], about[:, SEX], about[:, AGE] // 5, about[:, DECILE] - 1), 1)
    return table


def fits(observed: np.ndarray, expected: np.ndarray) -> None:
    """Asserts by chi-square that counts are those expected, totals included; cells with few are put together."""
    observed, expected = observed.ravel(), expected.ravel()
    large = expected >= 10
    left_over = [observed[~large].sum()], [expected[~large].sum()]
    if left_over[1][0] >= 10:
        observed, expected = np.append(observed[large], left_over[0]), np.append(expected[large], left_over[1])
    else:
        observed, expected = observed[large], expected[large]
    assert len(expected) > 1
    statistic = ((observed - expected) ** 2 / expected).sum()
    assert stats.chi2.sf(statistic, len(expected)) > 1e-4, (statistic, len(expected))


@pytest.fixture(scope="module")
def two_years() -> tuple[Plan, Cohort, Region]:
    """Two years of onsets among 600,000 people and some."""
    area = place()
    plan = plan_of(everyone(Numbers()), area, years=2)
    return plan, cohort_of(plan), area


# onsets


def test_onsets_follow_the_rates_by_practice_sex_age_and_deprivation(two_years: tuple[Plan, Cohort, Region]) -> None:
    """All of 1,200 cells against people times rate, and each margin by itself, which is the stronger test."""
    _, cohort, area = two_years
    observed, expected = observed_by_cell(cohort, area), 2 * expected_by_cell(area)
    assert observed.sum() > 50_000
    fits(observed, expected)
    for axis in range(4):
        others = tuple(other for other in range(4) if other != axis)
        fits(observed.sum(axis=others), expected.sum(axis=others))
    fits(observed.sum(axis=(0, 3)), expected.sum(axis=(0, 3)))
    fits(observed.sum(axis=(1, 2)), expected.sum(axis=(1, 2)))


def test_onsets_follow_the_months(two_years: tuple[Plan, Cohort, Region]) -> None:
    """The simulated year of 365 days begins on 1 June 2026; a day's weight is that of its month, in both years."""
    _, cohort, area = two_years
    assert area.about.start == datetime.date(2026, 6, 1)
    months = [(area.about.start + datetime.timedelta(days=day)).month for day in range(DAYS_IN_A_YEAR)]
    weights = np.array([BY_MONTH[str(month)] for month in months])
    days = cohort.patients["onset"].astype(int)
    for year in (0, 1):
        in_year = days[days // DAYS_IN_A_YEAR == year] % DAYS_IN_A_YEAR
        assert len(in_year) > 20_000
        fits(np.bincount(in_year, minlength=365), weights / weights.sum() * len(in_year))


def test_without_season_every_day_is_alike() -> None:
    word = pathway(Numbers(), GP, entry="gp", onset_rate=0.1)
    cohort = cohort_of(plan_of(word, region(300_000)))
    fits(np.bincount(cohort.patients["onset"], minlength=365), np.full(365, len(cohort) / 365))


def test_ages_within_a_band_are_alike(two_years: tuple[Plan, Cohort, Region]) -> None:
    _, cohort, _ = two_years
    ages = cohort.patients["attributes"][:, AGE].astype(int)
    for band in (5, 10, 18):
        inside = ages[ages // 5 == band] % 5
        fits(np.bincount(inside, minlength=5), np.full(5, len(inside) / 5))


def test_the_number_of_onsets_varies_as_chance_does() -> None:
    """Over 300 replications the variance is that of a Poisson number, which is its mean, within the chi-square limits."""
    people, rate = 2000, 0.2
    plan = plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=rate), region(people))
    counts = np.array([len(cohort_of(plan, replication=r)) for r in range(300)])
    mean = people * rate
    assert abs(counts.mean() - mean) < 4 * sqrt(mean / 300)
    assert stats.chi2.ppf(1e-4, 299) < 299 * counts.var(ddof=1) / mean < stats.chi2.ppf(1 - 1e-4, 299)


@pytest.mark.parametrize("rate", [0.02, 1.0, 5.0, 365.0])
def test_a_rate_of_onsets_is_that_many_onsets_a_year(rate: float) -> None:
    """Not the probability of at least one: at a rate of 1 that would be 37% fewer, at 0.02 five standard deviations of
    these 240,000. Each episode is a new patient."""
    area = region(round(240_000 / rate))
    cohort = cohort_of(plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=rate), area))
    expected = rate * area.population
    assert abs(len(cohort) - expected) < 4 * sqrt(expected)
    assert len(np.unique(cohort.patients["key"])) == len(cohort)


def test_several_onsets_in_a_year_know_nothing_of_each_others_days() -> None:
    """One person, 300 times asked, five episodes a year: their number is Poisson and their days are spread alike."""
    plan = plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=5.0), region(1))
    patients = [cohort_of(plan, replication=r).patients for r in range(300)]
    counts = np.array([len(each) for each in patients])
    assert abs(counts.mean() - 5) < 4 * sqrt(5 / 300)
    fits(np.bincount(np.minimum(counts, 12), minlength=13)[:12], 300 * stats.poisson(5).pmf(range(12)))
    days = [each["onset"][np.argsort(each["key"])].astype(int) for each in patients]
    spread = np.concatenate(days)
    fits(np.bincount(spread * 10 // DAYS_IN_A_YEAR, minlength=10), np.full(10, len(spread) / 10))
    pairs = np.array([each[:2] for each in days if len(each) > 1])
    assert abs(np.corrcoef(*pairs.T)[0, 1]) < 4.5 / sqrt(len(pairs))


def test_a_higher_rate_adds_onsets_and_takes_none_away() -> None:
    """Whoever falls ill at a rate does so at a higher one too, on the same day."""
    fewer, more = (
        cohort_of(plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=r), region(5000))) for r in (0.3, 0.9)
    )
    assert set(fewer.patients["key"].tolist()) < set(more.patients["key"].tolist())


def test_finer_ticks_spread_onsets_over_the_day_and_move_nobody_to_another() -> None:
    area = region(20_000)
    daily = cohort_of(plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=0.5), area))
    hourly = cohort_of(plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=0.5, tick="1 hour"), area))
    days = dict(zip(daily.patients["key"].tolist(), daily.patients["onset"].tolist(), strict=True))
    assert days == dict(zip(hourly.patients["key"].tolist(), (hourly.patients["onset"] // 24).tolist(), strict=True))
    fits(np.bincount(hourly.patients["onset"] % 24, minlength=24), np.full(24, len(hourly) / 24))


def test_factors_of_ages_are_means_over_each_band() -> None:
    """0.1 up to 17, 1 up to 64, 1.6 above: the band from 15 to 19 is (3 x 0.1 + 2 x 1) / 5."""
    factors = age_factors(BY_AGE)
    assert len(factors) == len(AGE_BANDS)
    assert factors[3] == pytest.approx(0.46)
    assert factors[[0, 2, 4, 12, 13, 19]] == pytest.approx([0.1, 0.1, 1.0, 1.0, 1.6, 1.6])


# pain at the start


def with_prevalence(numbers: Numbers, share: float, *, services: dict[str, Any] = GP, **more: Any) -> Pathway:
    """A pathway in which some are ill when it starts, for a year on average."""
    prevalent = {
        "share": numbers(share, "share"),
        "by_age": numbers(BY_AGE, "rate ratio"),
        "female_times": numbers(FEMALE, "rate ratio"),
        "most_deprived_times": numbers(DEPRIVED, "rate ratio"),
        "since": {"exponential": numbers(365, "days")},
        "state": {"options": {"mild": {"share": "rest"}, "severe": {"share": numbers(0.25, "share")}}},
    }
    return pathway(numbers, services, entry=next(iter(services)), onset_rate=0.01, prevalent=prevalent, **more)


def test_pain_at_the_start_follows_its_shares_by_age_sex_and_deprivation() -> None:
    """People times share times the factors; a quarter of it severe; for an exponential time with a mean of a year."""
    area = place()
    cohort = cohort_of(plan_of(with_prevalence(Numbers(), 0.05), area))
    start = np.arange(cohort.ill_at_start)
    expected = np.zeros((len(area.codes), 2, 20, 10))
    for practice, sex, band, decile in np.ndindex(*expected.shape):
        times = age_of_band(band) * (sqrt(FEMALE) if sex == 0 else 1 / sqrt(FEMALE)) * DEPRIVED ** (0.5 - decile / 9)
        people = area.people[practice, sex, band] * area.deciles[practice, decile]
        expected[practice, sex, band, decile] = people * 0.05 * times
    observed = observed_by_cell(cohort, area, start)
    assert observed.sum() > 20_000
    fits(observed, expected)
    for axis in range(4):
        others = tuple(other for other in range(4) if other != axis)
        fits(observed.sum(axis=others), expected.sum(axis=others))
    severe = (cohort.patients["state"][start] == 3).sum()
    assert abs(severe - len(start) / 4) < 4 * sqrt(len(start) * 0.25 * 0.75)
    since = -cohort.patients["onset"][start]
    assert since.min() >= 1  # nobody's pain began in the days that are simulated
    assert stats.kstest(since - 0.5, stats.expon(scale=365).cdf).statistic < 2 / sqrt(len(start))


def test_those_who_are_ill_at_the_start_come_first_and_the_others_by_onset() -> None:
    cohort = cohort_of(plan_of(with_prevalence(Numbers(), 0.02, warm_up="30 days"), place(60_000)))
    onset = cohort.patients["onset"]
    assert 100 < cohort.ill_at_start < len(cohort)
    assert (onset[: cohort.ill_at_start] < -30).all()
    assert (onset[cohort.ill_at_start :] >= -30).all()
    assert (np.diff(onset[cohort.ill_at_start :]) >= 0).all()


def test_pain_at_the_start_and_onsets_do_not_know_of_each_other() -> None:
    """More prevalent pain changes nobody's onset."""
    some, more = (cohort_of(plan_of(with_prevalence(Numbers(), share), place(60_000))) for share in (0.01, 0.04))
    onsets = [set(cohort.patients["key"][cohort.ill_at_start :].tolist()) for cohort in (some, more)]
    assert onsets[0] == onsets[1]
    at_start = [set(cohort.patients["key"][: cohort.ill_at_start].tolist()) for cohort in (some, more)]
    assert at_start[0] < at_start[1]


# waiting lists at the start


def test_everyone_on_todays_lists_is_in_the_cohort_with_their_weeks_waited() -> None:
    word = pathway(
        Numbers(),
        {"clinic": {"capacity": "slots", "next": "home"}},
        entry="clinic",
        onset_rate=0.05,
        warm_up="20 days",
    )
    rows = (
        Waiting("clinic", "clinic/a", "", 0, 40),
        Waiting("clinic", "clinic/a", "", 6, 25),
        Waiting("clinic", "clinic/b", "", 2, 10),
    )
    area = replace(place(60_000), sites=region(10, sites={"clinic/a": 5, "clinic/b": 5}).sites, waiting=rows)
    plan = plan_of(word, area)
    cohort = cohort_of(plan)
    listed = cohort.patients[cohort.listed]
    names = [plan.sites[site].name for site in listed["site"]]
    counted: dict[tuple[str, int], int] = {}
    for name, asked in zip(names, listed["asked"].tolist(), strict=True):
        weeks, days = divmod(-1 - asked, 7)  # on the eve of the first measured day
        assert days == 0
        counted[name, weeks] = counted.get((name, weeks), 0) + 1
    assert counted == {("clinic/a", 0): 40, ("clinic/a", 6): 25, ("clinic/b", 2): 10}
    assert (listed["onset"] <= listed["asked"]).all()
    assert (np.diff(listed["asked"]) >= 0).all()  # in the order in which they were referred
    assert (cohort.listed < cohort.ill_at_start).all()
    assert (cohort.patients["site"][np.setdiff1d(np.arange(len(cohort)), cohort.listed)] == -1).all()


def test_without_a_warm_up_people_on_a_list_are_like_those_who_fall_ill() -> None:
    """Practice, sex, age and decile of 20,000 listed people follow the expected onsets, as nobody has joined the list."""
    rows = (Waiting("clinic", "clinic", "", 3, 20_000),)
    area = replace(place(), sites=region(10, sites={"clinic": 5}).sites, waiting=rows)
    word = everyone(Numbers(), services={"clinic": {"capacity": "slots", "next": "home"}})
    cohort = cohort_of(plan_of(word, area, years=0.01))
    observed = observed_by_cell(cohort, area, cohort.listed)
    expected = expected_by_cell(area)
    expected *= observed.sum() / expected.sum()
    assert observed.sum() == 20_000
    for axis in range(4):
        others = tuple(other for other in range(4) if other != axis)
        fits(observed.sum(axis=others), expected.sum(axis=others))


def test_no_two_draws_of_a_cohort_are_one() -> None:
    """A draw is made of the sum of key, label and steps for the visits: no two sums agree, over everyone (ill at the
    start, on a list, falling ill later), a dozen labels and ten visits."""
    rows = (Waiting("clinic", "clinic", "", 3, 400), Waiting("clinic", "clinic", "", 4, 300))
    word = with_prevalence(Numbers(), 0.02, services={"clinic": {"capacity": "slots", "next": "home"}})
    area = replace(place(20_000), sites=region(10, sites={"clinic": 5}).sites, waiting=rows)
    cohort = cohort_of(plan_of(word, area))
    assert len(cohort.listed) == 700
    assert cohort.ill_at_start > 900
    assert len(cohort) > cohort.ill_at_start + 100
    labels = np.array([label(f"decision {k}") for k in range(12)], dtype=np.uint64)
    steps = np.arange(10, dtype=np.uint64) * GOLDEN
    sums = cohort.patients["key"][:, None, None] + labels[:, None] + steps
    assert len(np.unique(sums)) == sums.size


def test_people_on_a_list_miss_appointments_independently_of_each_other() -> None:
    """Half of the appointments are missed and every missed one booked again: 150 people miss 150 on average, with a
    variance of 2 x 150 where they know nothing of each other."""
    numbers = Numbers()
    attendance = {
        "missed": numbers(0.5, "share"),
        "rebooked": numbers(1.0, "share"),
        "price_share_of_missed": numbers(0.0, "share"),
    }
    clinic = {"capacity": "slots", "next": "home", "attendance": attendance}
    word = pathway(numbers, {"clinic": clinic}, entry="clinic", onset_rate=0.0)
    area = region(1000, sites={"clinic": 7000.0}, waiting=(Waiting("clinic", "clinic", "", 3, 150),))
    plan = plan_of(word, area, years=0.2)
    runs = 400
    missed = np.array(
        [(compiled_log(plan, cohort_of(plan, replication=r))["kind"] == DID_NOT_ATTEND).sum() for r in range(runs)]
    )
    assert abs(missed.mean() - 150) < 4 * sqrt(300 / runs)
    assert stats.chi2.ppf(1e-4, runs - 1) < (runs - 1) * missed.var(ddof=1) / 300 < stats.chi2.ppf(1 - 1e-4, runs - 1)


# the same people


def test_the_same_seed_gives_the_same_cohort_to_the_last_bit() -> None:
    plan = plan_of(with_prevalence(Numbers(), 0.02), place(60_000))
    one, again = cohort_of(plan, seed=3, replication=2), cohort_of(plan, seed=3, replication=2)
    assert np.array_equal(one.patients, again.patients)
    assert np.array_equal(one.counters, again.counters)
    assert np.array_equal(one.listed, again.listed)


@pytest.mark.parametrize("other", [{"seed": 4, "replication": 0}, {"seed": 3, "replication": 1}])
def test_other_seeds_and_replications_give_other_people(other: dict[str, int]) -> None:
    """No patient of one is a patient of the other."""
    plan = plan_of(with_prevalence(Numbers(), 0.02), place(60_000))
    one, different = cohort_of(plan, seed=3), cohort_of(plan, **other)
    assert not set(one.patients["key"].tolist()) & set(different.patients["key"].tolist())
    assert one.patients["onset"].tolist() != different.patients["onset"].tolist()


def test_replications_are_independent_of_each_other() -> None:
    """The number of patients by replication has no memory: neighbours are uncorrelated, for one seed and its next."""
    plan = plan_of(pathway(Numbers(), GP, entry="gp", onset_rate=0.2), region(500))
    counts = np.array([[len(cohort_of(plan, seed=seed, replication=r)) for r in range(400)] for seed in (1, 2)])
    limit = 4.5 / sqrt(400)
    assert abs(np.corrcoef(counts[0, :-1], counts[0, 1:])[0, 1]) < limit
    assert abs(np.corrcoef(counts[0], counts[1])[0, 1]) < limit
    assert abs(np.corrcoef(counts[0, 1:], counts[1, :-1])[0, 1]) < limit


def test_the_cohort_does_not_depend_on_what_care_there_is() -> None:
    """Services, decisions, effects and a lever more: the same people with the same illness before care meets them.

    Nobody is on a list here: those who are have been through the care of the pathway, see `test_joiners.py`.
    """
    attributes = {"work": {"levels": {"yes": {"share": "rest"}}}}

    def of(services: dict[str, Any], entry: str, sites: dict[str, float], **sections: Any) -> Cohort:
        numbers = Numbers()
        attributes["work"]["levels"]["no"] = {"share": numbers(0.3, "share")}
        word = pathway(
            numbers,
            services,
            entry=entry,
            onset_rate=0.2,
            attributes=attributes,
            **{name: section(numbers) for name, section in sections.items()},
        )
        set_levers = scenario(push={}) if "levers" in sections else None
        return cohort_of(plan_of(word, region(20_000, sites=sites), scenario=set_levers))

    plain = of(GP, "gp", {})
    rich = of(
        {
            "clinic": {"capacity": "slots", "next": "plan"},
            "gp": {"capacity": "open", "next": "plan", "effect": "help"},
        },
        "clinic",
        {"clinic": 20.0},
        decisions=lambda numbers: {
            "plan": {"options": {"home": {"share": "rest"}, "gp": {"share": numbers(0.4, "share")}}}
        },
        effects=lambda numbers: {"help": {"improve_times": numbers(2, "hazard ratio"), "lasts": numbers(9, "days")}},
        levers=lambda numbers: {
            "push": {
                "title": "A push",
                "says": "For a test",
                "counter_effects": "None",
                "changes": [{"decision": "plan", "option": "gp", "times": numbers(0.5, "ratio")}],
            }
        },
    )
    assert len(plain) > 3000
    assert np.array_equal(plain.patients, rich.patients)


def test_a_run_leaves_the_cohort_as_it_was() -> None:
    """The same people can enter one scenario after another."""
    plan = plan_of(with_prevalence(Numbers(), 0.02), place(20_000))
    cohort = cohort_of(plan)
    patients, counters = cohort.patients.copy(), cohort.counters.copy()
    assert len(compiled_log(plan, cohort)) > 500
    assert np.array_equal(cohort.patients, patients)
    assert np.array_equal(cohort.counters, counters)


def test_there_is_room_for_a_cohort_that_is_ill_at_the_start_to_the_last() -> None:
    """Everyone is due at another hour, and nobody is added later: the calendar must hold them all from the beginning."""
    numbers = Numbers()
    rates = {state: numbers(3.0, "per year") for state in ("mild", "moderate", "severe")}
    word = with_prevalence(numbers, 1.0, tick="1 hour", health=health(numbers, improve=rates, consult=rates))
    plan = plan_of(word, region(400))
    cohort = cohort_of(plan)
    assert cohort.ill_at_start > 350
    assert Running(plan, cohort)._state.memory[0]["free_chunks"] >= 0
    assert np.array_equal(compiled_log(plan, cohort), reference_log(plan, cohort))


# what they are like


def test_attributes_have_their_shares_and_odds() -> None:
    """Not working: 0.2, with odds of 3 in the most deprived fifth: 0.25 x 3 / (1 + 0.25 x 3) = 0.4286."""
    numbers = Numbers()
    odds = [{"option": "no", "when": {"deprivation_decile": "<= 2"}, "times": numbers(3.0, "odds ratio")}]
    levels = {"yes": {"share": "rest"}, "no": {"share": numbers(0.2, "share")}}
    word = everyone(numbers, attributes={"work": {"levels": levels, "odds": odds}})
    cohort = cohort_of(plan_of(word, place()))
    about = cohort.patients["attributes"]
    deprived = about[:, DECILE] <= 2
    for group, share in ((deprived, 0.75 / 1.75), (~deprived, 0.2)):
        without = (about[group, FIRST_ATTRIBUTE] == 1).sum()
        assert abs(without - group.sum() * share) < 4 * sqrt(group.sum() * share * (1 - share))


def test_nobody_has_begun_care_when_the_cohort_is_drawn() -> None:
    cohort = cohort_of(plan_of(with_prevalence(Numbers(), 0.02), place(20_000)))
    assert (cohort.patients["care_due"] == NEVER).all()
    assert (cohort.patients["effect"] == -1).all()
    assert (cohort.patients["stage"] == 0).all()
    assert (cohort.patients["felt_at"] == np.maximum(cohort.patients["onset"], 0)).all()
