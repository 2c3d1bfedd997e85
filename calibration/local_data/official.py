"""Official files of waits as figures: organisations added together, months brought to the same bands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf, isnan
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from calibration.local_data.figures import Figure, by_series
from calibration.local_data.known import ABOUT, Known, service_faults
from calibration.local_data.measures import MEASURES
from calibration.local_data.planner_files import Folder, Form, OfficialFile
from pathways import BadInput, Problem, did_you_mean
from pathways.official.clocks import WAITED, WAITING, read_referral_to_treatment
from pathways.official.diagnostics import read_monthly_diagnostics
from pathways.official.files import OfficialWaits
from pathways.official.periods import band, band_in_words, period_in_words
from pathways.official.waits import MUSCULOSKELETAL, read_community_waiting, read_diagnostic_imaging

MOST_APART = 1 / 5
"""A region and its targets whose numbers of people differ by more than this share do not belong together."""
SHOWN = 12
"""Bands that are shown."""
MORE = ", …"


class Reader(NamedTuple):
    """What reads a file of a form, and the measures that it gives, of which an entry may want one only."""

    read: Callable[[Path, OfficialFile], OfficialWaits]
    measures: tuple[str, ...]


READERS: dict[Form, Reader] = {
    "diagnostic_imaging_7": Reader(
        lambda path, entry: read_diagnostic_imaging(path, codes=entry.codes, modality=entry.modality), ("waited",)
    ),
    "monthly_diagnostics": Reader(
        lambda path, entry: read_monthly_diagnostics(path, codes=entry.codes, modality=entry.modality), ("waiting",)
    ),
    "community_waiting": Reader(
        lambda path, entry: read_community_waiting(path, codes=entry.codes, line=entry.line or MUSCULOSKELETAL),
        ("waiting",),
    ),
    "referral_to_treatment": Reader(
        lambda path, entry: read_referral_to_treatment(
            path, codes=entry.codes, treatment_function=entry.treatment_function
        ),
        (WAITING, WAITED),
    ),
}
"""What reads a file of each form, and the measures of its figures."""


def official_figures(folder: Folder, known: Known) -> tuple[list[Figure], list[Problem], list[str]]:
    """The figures of every official file that a folder names, everything that is wrong with them, and notes."""
    figures: list[Figure] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for number, entry in enumerate(folder.official, start=1):
        wrong = _entry_problems(entry, f"{ABOUT}: official[{number}]", known)
        found: list[Figure] = []
        for file in entry.files():
            try:
                waits = READERS[entry.form].read(folder.path / file, entry)
            except BadInput as error:
                wrong += error.problems
                continue
            added, said = _added(waits, entry, Path(file).name, known)
            found += added
            notes += [*waits.notes, *said]
        if not found and not wrong:
            says = f"the file has no figures of {' or '.join(_measures(entry))} for {', '.join(entry.codes)}."
            wrong.append(Problem("something_to_fit", f"{ABOUT}: official[{number}]", says))
        if entry.bands and not wrong:
            found, wrong = _wider(found, entry, f"{ABOUT}: official[{number}].bands")
        figures += found
        problems += wrong
    merged, said = _same_bands(figures)
    return merged, problems, notes + said


def _measures(entry: OfficialFile) -> tuple[str, ...]:
    """The measures that are read from an entry's files."""
    return (entry.measure,) if entry.measure else READERS[entry.form].measures


def _entry_problems(entry: OfficialFile, where: str, known: Known) -> list[Problem]:
    services = _names(entry)
    pathway, region = known.pathway, known.region
    problems = [
        Problem(
            "services_exist",
            f"{where}.service",
            f"there is no service '{name}'. {did_you_mean(name, pathway.services)}",
        )
        for name in services
        if name not in pathway.services
    ]
    faults = dict.fromkeys(
        fault for name in _measures(entry) for fault in service_faults(services, MEASURES[name], pathway)
    )
    problems += [Problem("services_fit", f"{where}.service", fault) for fault in faults]
    if says := known.share_fault(entry.share):
        problems.append(Problem("shares_exist", f"{where}.share", says))
    if entry.people is not None and abs(entry.people - region.population) > MOST_APART * region.population:
        says = (
            f"region and targets do not match: these figures are of {entry.people:,} people, and {region.population:,} are "
            f"registered in the region '{region.name}'. Use another region, or figures of it."
        )
        problems.append(Problem("region_matches", f"{where}.people", says))
    return problems


def _names(entry: OfficialFile) -> list[str]:
    return [name.strip() for name in entry.service.split("+")]


def _added(
    waits: OfficialWaits, entry: OfficialFile, file: str, known: Known
) -> tuple[list[Figure], list[str]]:  # fmt: skip
    """A file's figures, those of its organisations added together. A sum is known only where all have submitted."""
    wanted = waits.table[waits.table["measure"].isin(_measures(entry))]
    keys = ["measure", "from_date", "to_date", "band_low", "band_high"]
    grouped = wanted.groupby(keys, as_index=False, sort=True)
    table = grouped.agg(
        value=("value", _sum), some=("value", "count"), all=("value", "size"), suppressed=("suppressed", "any")
    )
    services = tuple(name for name in known.pathway.services if name in _names(entry))
    source = f"{file}: {' + '.join(entry.codes)}"
    figures = [
        Figure(
            measure=str(row["measure"]),
            services=services,
            place="",
            practices=(),
            from_date=row["from_date"],
            to_date=row["to_date"],
            band_low=int(row["band_low"]),
            band_high=float(row["band_high"]),
            value=float(row["value"]),
            suppressed=bool(row["suppressed"]),
            rounded_to=waits.rounded_to,
            suppressed_below=waits.suppressed_below,
            share=entry.share,
            weight=entry.weight,
            discrepancy=entry.discrepancy,
            source=source,
        )
        for row in table.to_dict("records")
    ]
    return figures, list(_partly(table, source))


def _sum(values: pd.Series) -> float:
    return float(values.sum(skipna=False))


def _partly(table: pd.DataFrame, source: str) -> Iterator[str]:
    partly = table[(table["some"] > 0) & (table["some"] < table["all"])]
    for begin, end in dict.fromkeys(zip(partly["from_date"], partly["to_date"], strict=True)):
        when = period_in_words(begin, end)
        yield f"{source}: not all of them have submitted for {when}: their sum is not known, and is left out."


def _wider(
    figures: Sequence[Figure], entry: OfficialFile, where: str
) -> tuple[list[Figure], list[Problem]]:  # fmt: skip
    """Figures in the bands that an entry asks for, or why that cannot be."""
    bands = [(text, band(text)) for text in entry.bands]
    wrong = [text for text, found in bands if found is None]
    if wrong:
        says = f"'{wrong[0]}' is no band. Write 0-7 days, 8-14 days … 366+ days, or 4-12 weeks."
        return [], [Problem("bands_are_bands", where, says)]
    wanted = sorted(found for _, found in bands if found is not None)
    lows = {low for low, _ in wanted}
    published = {(each.band_low, each.band_high) for each in figures}
    fits = (
        lows <= {low for low, _ in published}
        and min(lows) == min(low for low, _ in published)
        and all(high + 1 == low for (_, high), (low, _) in pairwise(wanted))
        and wanted[-1][1] == inf
    )
    if not fits:
        shown = ", ".join(band_in_words(*each) for each in sorted(published)[:SHOWN])
        shown += MORE if len(published) > SHOWN else ""
        says = f"bands must meet, cover everything, and begin and end where the published ones do: {shown}."
        return [], [Problem("bands_fit", where, says)]
    return _merged(figures, lows), []


def _same_bands(figures: Sequence[Figure]) -> tuple[list[Figure], list[str]]:
    """Each series in the finest bands that all of its dates have in common."""
    made: list[Figure] = []
    notes = []
    for name, of_series in by_series(figures).items():
        dates = {each.to_date for each in of_series}
        lows = [{each.band_low for each in of_series if each.to_date == day} for day in sorted(dates)]
        common = set.intersection(*lows)
        if all(each == common for each in lows) or not common:
            made += of_series
            continue
        merged = _merged(of_series, common)
        told = ", ".join(band_in_words(*each) for each in sorted({(each.band_low, each.band_high) for each in merged}))
        notes.append(f"Bands of {name} differ from date to date; those that all have in common are used: {told}.")
        made += merged
    return made, notes


def _merged(figures: Sequence[Figure], lows: set[int]) -> list[Figure]:
    """Figures with the bands that begin at `lows`: those between are added to the one below."""
    together: dict[tuple[object, ...], list[Figure]] = {}
    for each in sorted(figures, key=lambda each: each.band_low):
        low = max((low for low in lows if low <= each.band_low), default=each.band_low)
        together.setdefault((each.series, each.from_date, each.to_date, low, each.source), []).append(each)
    return [
        replace(
            parts[0],
            band_high=parts[-1].band_high,
            value=sum(each.value for each in parts),
            suppressed=any(each.suppressed and not isnan(each.value) for each in parts),
        )
        for parts in together.values()
    ]
