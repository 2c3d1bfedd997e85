"""A planner's files as one record: the figures that a calibration is to reproduce, and the audit of them.

What can be measured is in `measures`; a row of the template is read in `rows`, an official file in
`official`; how figures fit together is checked in `checks` and told in `audit`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import isnan
from pathlib import Path

import pandas as pd

from calibration.local_data.audit import audit
from calibration.local_data.checks import series_problems
from calibration.local_data.figures import Figure, figures_table
from calibration.local_data.known import Known
from calibration.local_data.measures import about_treatment
from calibration.local_data.official import official_figures
from calibration.local_data.planner_files import Folder, read_folder
from calibration.local_data.rows import read_rows
from calibration.local_data.sums import seen_against_referred
from pathways import BadInput, Pathway, Problem, Quantity, Region, did_you_mean, refuse

WITHOUT_EFFECT = ("series", "source")
"""Columns of the figures that tell where they are from, and can change no result."""
MOST_YEARS_AHEAD = 5
"""Figures of a later year than so many after the region's first day are slips of a date."""
DIGEST_BYTES = 6


@dataclass(frozen=True)
class LocalTargets:
    """What is known of the area: published figures, the shares of them that are back pain, and notes about both.

    `figures` has one row per published number with the columns of `calibration.local_data.figures.COLUMNS`; `quantities` are
    the shares that its column `share` names; `treatments` are the services where being seen is treatment. `notes` are
    sentences for the reader of a report. `digest` is 12 hexadecimal digits of everything that can change a result.
    """

    title: str
    says: str
    figures: pd.DataFrame
    quantities: Mapping[str, Quantity]
    treatments: tuple[str, ...]
    notes: tuple[str, ...]
    digest: str

    @property
    def start(self) -> date:
        """The first of the month in which the first period begins or the first list is counted."""
        return min(self.figures["from_date"]).replace(day=1)

    @property
    def end(self) -> date:
        """The last day of the last figure."""
        return max(self.figures["to_date"])


def load_local_targets(path: Path, *, region: Region, pathway: Pathway) -> LocalTargets:
    """The targets in a CSV file of the template, or in a folder of such files, official files and `targets.toml`.

    `BadInput` tells everything that is wrong with all of them.

    >>> import tempfile
    >>> from pathways import load_pathway, load_region
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mri.csv"
    ...     _ = file.write_text("measure,service,from,to,value\\nreferrals,mri,2025-01,,210\\nreferrals,mri,2025-02,,\\n")
    ...     targets = load_local_targets(file, region=load_region("demonstration"), pathway=load_pathway("usual_care"))
    >>> targets.figures["value"].tolist(), targets.start, targets.end
    ([210.0, nan], datetime.date(2025, 1, 1), datetime.date(2025, 2, 28))
    """
    folder = read_folder(path)
    problems = list(folder.problems)
    problems += _about_problems(folder, region, pathway)
    known = Known(region, pathway, folder.shares, folder.name)
    figures: list[Figure] = []
    notes = list(folder.notes)
    whole = not folder.problems
    for file in folder.tables:
        rows = read_rows(file, known)
        figures, problems, notes = figures + rows.figures, problems + rows.problems, notes + rows.notes
        whole = whole and rows.whole
    found, wrong, said = official_figures(folder, known)
    figures, problems, notes = figures + found, problems + wrong, notes + said
    problems += series_problems(figures, region.codes, whole=whole and not wrong)
    problems += _treatment_problems(figures, folder) + _far_ahead(figures, region)
    if not problems and all(isnan(figure.value) for figure in figures):
        says = (
            "every value of the targets is blank: there is nothing to fit."
            if figures
            else "there is no figure: nothing to fit."
        )
        problems.append(Problem("something_to_fit", figures[0].source if figures else folder.name, says))
    if problems:
        raise BadInput(problems)
    notes += seen_against_referred(figures, region.codes)
    used = {figure.share for figure in figures}
    notes += [f"The share '{name}' is used by no figure." for name in folder.quantities if name not in used]
    quantities = {name: quantity for name, quantity in folder.quantities.items() if name in used}
    table = figures_table(figures)
    return LocalTargets(
        title=folder.title,
        says=folder.says,
        figures=table,
        quantities=quantities,
        treatments=folder.treatments or (),
        notes=(*audit(figures, quantities, region), *notes),
        digest=_digest(table, quantities, folder.treatments or ()),
    )


def _about_problems(folder: Folder, region: Region, pathway: Pathway) -> list[Problem]:
    """What `targets.toml` says that does not fit the region or the pathway."""
    where = f"{folder.name}: "
    problems = []
    if folder.region and folder.region not in (region.name, region.about.name):
        says = f"region and targets do not match: these belong to '{folder.region}', and the region is '{region.name}'."
        problems.append(Problem("region_matches", f"{where}region", says))
    for name in folder.treatments or ():
        if name not in pathway.services:
            says = f"there is no service '{name}'. {did_you_mean(name, pathway.services)}"
            problems.append(Problem("treatments_exist", f"{where}treatments", says))
    for name, quantity in folder.quantities.items():
        if isinstance(quantity.value, dict) or quantity.unit != "share":
            says = "is not a single number with the unit 'share'."
        elif (
            quantity.low is None
            or quantity.high is None
            or not 0 <= quantity.low <= quantity.high <= 1
            or not quantity.value
        ):
            says = "must lie between 0 and 1 with its whole range, and not be 0."
        else:
            continue
        problems.append(Problem("shares_are_shares", f"{where}quantities.{name}", says))
    return problems


def _far_ahead(figures: list[Figure], region: Region) -> list[Problem]:
    """The first of the figures that lie years after the region's first day: nobody has counted them yet."""
    begin = region.about.start
    ahead = [each for each in figures if each.to_date.year - begin.year > MOST_YEARS_AHEAD]
    if not ahead:
        return []
    first = min(ahead, key=lambda each: each.from_date)
    says = (
        f"the figure of {first.from_date.isoformat()} is more than {MOST_YEARS_AHEAD} years after the region's first day, "
        f"{begin.isoformat()}. Is it a slip? If not, give the region a later 'start'."
    )
    return [Problem("dates_belong_together", first.source, says)]


def _treatment_problems(figures: list[Figure], folder: Folder) -> list[Problem]:
    """Clocks that stop at treatment, where nothing says what treatment is."""
    first = next((each for each in figures if about_treatment(each.measure)), None)
    if first is None or folder.treatments is None or folder.treatments:
        return []
    says = (
        f"'{first.measure}' counts to treatment, and nothing says what treatment is. Write in targets.toml, in the same "
        'folder, treatments = ["facet_injection", …]: the services where being seen is treatment. And give the folder.'
    )
    return [Problem("treatments_are_known", first.source, says)]


def until(targets: LocalTargets, day: date) -> LocalTargets:
    """The figures that end on `day` or before: those to fit, where later ones are kept to look how well they are foretold.

    `BadInput` where none is left.
    """
    return _some(targets, targets.figures["to_date"] <= day, f"until {day.isoformat()}")


def after(targets: LocalTargets, day: date) -> LocalTargets:
    """The figures that end after `day`: the others of `until`. `BadInput` where none is left."""
    return _some(targets, targets.figures["to_date"] > day, f"after {day.isoformat()}")


def _some(targets: LocalTargets, kept: pd.Series, which: str) -> LocalTargets:
    figures = targets.figures[kept].reset_index(drop=True)
    told = int(figures["value"].notna().sum())
    if not told:
        span = f"they run from {targets.start.isoformat()} to {targets.end.isoformat()}"
        raise refuse(
            "something_to_fit", targets.title, f"no figure with a value is left {which}: {span}. Choose another day."
        )
    quantities = {name: each for name, each in targets.quantities.items() if name in set(figures["share"])}
    note = f"Of {len(targets.figures)} figures only the {len(figures)} {which} are used; the other notes speak of all."
    return replace(
        targets,
        figures=figures,
        quantities=quantities,
        notes=(note, *targets.notes),
        digest=_digest(figures, quantities, targets.treatments),
    )


def _digest(figures: pd.DataFrame, quantities: Mapping[str, Quantity], treatments: tuple[str, ...]) -> str:
    """Of what can change a result: not of titles, sources and the order of rows."""
    columns = [column for column in figures.columns if column not in WITHOUT_EFFECT]
    rows = [[_exactly(cell) for cell in row] for row in figures[columns].itertuples(index=False, name=None)]
    shares = {
        name: [_exactly(each) for each in (quantity.value, quantity.low, quantity.high, quantity.distribution)]
        for name, quantity in sorted(quantities.items())
    }
    text = json.dumps([columns, rows, shares, sorted(treatments)])
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def _exactly(value: object) -> str:
    return value.hex() if isinstance(value, float) else str(value)
