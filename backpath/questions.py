"""The ten functions of `backpath`: three that load, seven that answer. Each hands on to the room that does the work.

Nothing heavy is imported before a function is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from backpath.results import (
    CalibrationResult,
    ComparisonResult,
    JourneysResult,
    PsaResult,
    RunResult,
    ValueResult,
    VariationResult,
)

if TYPE_CHECKING:
    import pandas as pd

    from pathways import Pathway, Region
    from sim.run import Case

    AScenario: TypeAlias = str | Path | Case | Pathway
    ARegion: TypeAlias = str | Path | Region
    ACalibration: TypeAlias = str | Path | CalibrationResult
    ATable: TypeAlias = str | Path | pd.DataFrame

One = TypeVar("One")


def load_pathway(name_or_path: str | Path) -> Pathway:
    """A pathway of the library by its name, or from a TOML file: its services, decisions, levers and quantities.

    Raises `BadInput` with everything that is wrong with the file.

    >>> pathway = load_pathway("usual_care")
    >>> pathway.services["mri"].title, pathway.quantities["mri_price"].unit
    ('MRI scan', 'GBP')
    """
    from pathways import load_pathway

    return load_pathway(name_or_path)


def load_region(name_or_folder: str | Path) -> Region:
    """A region of the library by its name, or from its folder: practices and people, capacity, waiting lists, prices.

    `people` has the shape (practices, 2 sexes, 20 age bands). Raises `BadInput` with everything that is wrong with its files.

    >>> region = load_region("demonstration")
    >>> region.population, region.people.shape, region.about.title
    (104000, (12, 2, 20), 'Demonstration area')
    """
    from pathways import load_region

    return load_region(name_or_folder)


def load_scenario(name_or_path: str | Path) -> Case:
    """A scenario of the library by its name, or from a TOML file: its `name`, what the `scenario` sets, and its `pathway`.

    It may be changed by `dataclasses.replace` and given to `compare`, `run` and `psa`, which look at it as at a file.
    Raises `BadInput` with everything that is wrong with the file.

    >>> case = load_scenario("mri_guidance")
    >>> case.name, case.pathway.name, list(case.scenario.levers)[:2]
    ('mri_guidance', 'usual_care', ['mri_form', 'mri_reminder'])
    """
    from pathways import load_scenario
    from sim.run import Case

    return Case(*load_scenario(name_or_path))


def compare(
    scenarios: AScenario | Sequence[AScenario],
    *,
    against: AScenario = "usual_care",
    region: ARegion = "demonstration",
    calibration: ACalibration | None = None,
    years: float = 5.0,
    replications: int | Literal["auto"] = 10,
    seed: int = 42,
    engine: str = "compiled",
    workers: int = 0,
) -> ComparisonResult:
    """Runs scenarios over the same patients and tells what changes against one of them, with intervals.

    - `scenarios`, `against`: names of the library, files, or what `load_scenario` or `load_pathway` gave;
    - `region`: a name of the library, a folder, or a region that was loaded;
    - `calibration`: a calibration or its folder; each run then takes one of its joint draws;
    - `years`: measured years, after the warm-up;
    - `replications`: paired runs, or `"auto"`: as many as the intervals need, up to 200;
    - `seed` of all chance; `engine`: compiled, or reference (slow, to check the other);
    - `workers`: threads, 0 for one per processor. The results do not depend on it.

    Its tables are `differences` (a row per scenario and outcome) and `activity`, `waits`, `lists`, `health`, `by_decile` and
    `by_practice` (rows per scenario and replication), the same as `backpath compare --out` writes: counts and pounds a year
    on average in `differences`, waits in days.

    Raises `BadInput` with every problem of every file and argument.

    >>> found = compare("mri_guidance", years=1, replications=2)
    >>> found.differences.query("outcome == 'mri_scans'")[["scenario", "runs"]].values.tolist()
    [['mri_guidance', 2]]
    """
    from ui.commands.compare import compared, refuse_itself

    named: list[AScenario] = _all(scenarios)
    refuse_itself(named, against)
    found = compared(
        named,
        against=against,
        region=region,
        calibration=_folder(calibration),
        years=years,
        replications=str(replications),
        seed=seed,
        engine=engine,
        workers=workers,
    )
    return ComparisonResult(found, _named(region))


def run(
    scenario: AScenario,
    *,
    region: ARegion = "demonstration",
    calibration: ACalibration | None = None,
    years: float = 5.0,
    replications: int = 1,
    seed: int = 42,
    engine: str = "compiled",
    workers: int = 0,
) -> RunResult:
    """Runs one scenario: what happens at each service, who waits, and, if wanted, every event of every patient.

    Arguments are those of `compare`. Its tables are `services` (means over the runs: a row per service and year; counts
    are of that year, waits in days) and `activity`, `waits`, `lists`, `health`, `by_decile` and `by_practice` (rows per
    replication); `events()` gives the event log, a row per event, which `journeys` reads.

    Raises `BadInput` with every problem of every file and argument.

    >>> found = run("usual_care", years=1)
    >>> found.services.columns[:6].tolist(), found.events()["kind"].iloc[0]
    (['service', 'year', 'length_years', 'referred', 'joined', 'seen'], 'onset')
    """
    from pathways import refuse
    from ui.commands.compare import compared

    if replications == "auto":
        raise refuse("replications", "replications='auto'", "a run has nothing to compare with: write a number.")
    found = compared(
        [scenario],
        against=scenario,
        region=region,
        calibration=_folder(calibration),
        years=years,
        replications=str(replications),
        seed=seed,
        engine=engine,
        workers=workers,
    )
    return RunResult(found, _named(region))


def psa(
    scenarios: AScenario | Sequence[AScenario],
    *,
    draws: int = 100,
    against: AScenario = "usual_care",
    region: ARegion = "demonstration",
    calibration: ACalibration | None = None,
    years: float = 5.0,
    replications: int = 2,
    one_way: int = 8,
    threshold: float | None = None,
    discount: float | None = None,
    seed: int = 42,
    workers: int = 0,
    price_year: int | None = None,
    price_index: str | Path | None = None,
) -> PsaResult:
    """Asks how sure: value for money under everything that is not known, and what could change the answer.

    Arguments are those of `compare`, and

    - `draws` of what is not known, each run `replications` times (2 at least);
    - `one_way`: runs of each quantity at either end of its range;
    - `threshold`: what a QALY may cost, in pounds; `discount`: a share a year, 0.035 for 3.5%. Left out, both are the
      policy's;
    - `price_year` and `price_index`: bring all prices to a year, by a CSV of `year`, `rate_percent`, `source`.

    Its tables are `values` (a row per draw, replication and scenario: `cost` in GBP and `qaly`, discounted totals over the
    measured years), `quantities` (a row per draw) and `drawn` (a row per quantity). It takes draws × replications runs of
    each scenario, and more for `one_way`: minutes, where the defaults are kept.

    Raises `BadInput` with every problem of every file and argument.

    >>> found = psa("mri_guidance", years=1, draws=2, one_way=2)
    >>> found.values[["draw", "replication", "scenario"]].drop_duplicates().shape
    (8, 3)
    """
    from ui.commands.psa import analysed

    found = analysed(
        _all(scenarios),
        draws=draws,
        against=against,
        region=region,
        calibration=_folder(calibration),
        years=years,
        replications=replications,
        one_way=one_way,
        threshold=threshold,
        discount=discount,
        seed=seed,
        workers=workers,
        price_year=price_year,
        price_index=None if price_index is None else Path(price_index),
    )
    return PsaResult(found)


def calibrate(
    targets: ATable,
    folder: str | Path,
    *,
    region: ARegion = "demonstration",
    scenario: AScenario = "usual_care",
    until: str | None = None,
    runs: int = 2000,
    unknowns: int = 60,
    seed: int = 42,
    workers: int = 0,
    dask: str | None = None,
    method: str = "emulate",
    resume: bool = False,
    beyond_prior: bool = False,
    back_test: bool = True,
    overwrite: bool = False,
) -> CalibrationResult:
    """Calibrates today's pathway to what an area has counted, and writes joint draws, report and verdict into `folder`.

    - `targets`: a CSV, a folder of files, or a table of figures (docs/local-data.md);
    - `scenario`: what the figures are of; `until`: fit only figures up to this day, such as "2025-02-28";
    - `runs`: about how many runs to make; `unknowns`: quantities that are fitted, at most;
    - `workers`: processes, 0 for one per processor; in a script keep the call under `if __name__ == "__main__":`;
    - `dask`: the address of a cluster; `method`: emulate, or npe, a neural network;
    - `resume`: go on with what was begun in `folder`; `overwrite`: begin anew there;
    - `beyond_prior`: fit figures that no values in the ranges give; `back_test=False` leaves out the second fit.

    Its tables are `posterior` (a row per joint draw), `targets`, and others by `table(name)`. It takes many minutes. Give
    what it returns, or the folder, as `calibration` to `compare`, `run` and `psa`.

    Raises `BadInput` with every problem of every file and argument.

    >>> calibrate("no_such_file.csv", "calibrated", runs=10)
    Traceback (most recent call last):
    pathways.problems.BadInput: --runs 10: write a whole number from 400: fewer runs cannot tell anything.
    no_such_file.csv: there is no such file or folder.
    """
    from ui.commands.calibrate import calibrated

    with _as_file(targets, "targets") as file:
        found, _ = calibrated(
            file,
            Path(folder),
            region=region,
            scenario=scenario,
            until=until,
            runs=runs,
            unknowns=unknowns,
            seed=seed,
            workers=workers,
            dask=dask,
            method=method,
            resume=resume,
            beyond_prior=beyond_prior,
            hold_out=back_test,
            overwrite=overwrite,
            aside=True,
        )
    return CalibrationResult(found, Path(folder))


def journeys(
    events: ATable,
    *,
    people: ATable | None = None,
    by: str | None = None,
    since: str | None = None,
    until: str | None = None,
    pathway: str | Path = "usual_care",
    consultant_led: Sequence[str] | None = None,
    treatments: Sequence[str] | None = None,
    reports_back: Sequence[str] | None = None,
    tick: float | None = None,
    disclosure: str = "hes2018",
) -> JourneysResult:
    """Follows people through events, simulated or real: waits, lists, referral to treatment, continuity of care.

    - `events`: a file (.csv, .parquet) or a table of `patient`, `day` (or `tick`), `kind` and `service`, as `run` gives them;
    - `people`: a file or a table of `patient` and the column `by` to compare them by (`decile` if left out);
    - `since`, `until`: the first and the last day that count, as the events write days;
    - `pathway`: a name of the library or a file, which says which of its services have which role;
    - `consultant_led`, `treatments`, `reports_back`: names of services to which a referral starts a clock, where being seen
      is treatment, and which are meant to send people back; those with that role in the pathway if left out;
    - `tick`: days of a tick, for a log of ticks;
    - `disclosure`: how small numbers are hidden: hes2018, lt5, or none for simulated data.

    Its tables are `waits` (days), `lists` (people by week), `treatment` (weeks) and `continuity` (means per patient).

    Raises `BadInput` with every problem of the files and arguments.

    >>> import pandas as pd
    >>> events = pd.DataFrame({"patient": [1, 1], "day": [0, 10], "kind": ["referral", "seen"], "service": "mri"})
    >>> journeys(events, disclosure="none").waits[["service", "waits", "median_days"]].values.tolist()
    [['mri', 1, 10.0]]
    """
    from ui.commands.asking import refuse_unknown_policy
    from ui.commands.journeys_asked import Asked, journeys_in

    refuse_unknown_policy(disclosure)
    services = {
        "--consultant-led": consultant_led,
        "--treatments": treatments,
        "--reports-back": reports_back,
    }
    with _as_file(events, "events") as file, nullcontext() if people is None else _as_file(people, "people") as whom:
        found = journeys_in(
            Asked(
                file=file,
                people=whom,
                by=by,
                since=None if since is None else str(since),
                until=None if until is None else str(until),
                days_per_tick=tick,
                pathway=str(pathway),
                services={name: None if given is None else ",".join(_all(given)) for name, given in services.items()},
            )
        )
    return JourneysResult(found, disclosure)


def variation(
    practices: ATable,
    *,
    count: str | None = None,
    what: str = "events",
    missing_is_zero: bool = False,
    disclosure: str = "hes2018",
) -> VariationResult:
    """Compares practices: standardised rates, a funnel, and how much of the difference is chance.

    - `practices`: a CSV or a table of `practice_code`, `count` (of events), `population`, and if wanted `sex` and `ageband`;
    - `count`: the column of events, if it is called otherwise; `what` is counted, for the sentences;
    - `missing_is_zero`: read blank counts as 0, else they are errors;
    - `disclosure`: how small numbers are hidden: hes2018, lt5, or none for made-up data.

    Its table is `practices`: a row per practice, rates per 1,000 people.

    Raises `BadInput` with every problem of the file.

    >>> import pandas as pd
    >>> counts = {"practice_code": ["A81001", "A81002"], "count": [40, 90], "population": [5000, 6000]}
    >>> variation(pd.DataFrame(counts), what="MRI scans").practices["observed"].tolist()
    [40, 90]
    """
    from ui.commands.variation import varied

    with _as_file(practices, "practices") as file:
        found, notes, doubts = varied(
            file, count=count, what=what, missing_is_zero=missing_is_zero, disclosure=disclosure
        )
    return VariationResult(found, (*notes, *([doubts] if doubts else [])))


def value(
    services: ATable,
    *,
    gains: str = "trial",
    budget: float | None = None,
    deprived: Sequence[str] = (),
    deprived_share: float | None = None,
    change_limit: float | str | None = None,
    weights: Mapping[str, float] | None = None,
    need: Mapping[str, float] | None = None,
    capacity: Mapping[str, float] | None = None,
    fractions: bool = False,
    seed: int = 42,
) -> ValueResult:
    """Finds which services should grow, shrink or stop if the budget stays as it is.

    - `services`: a CSV or a table of services (docs/portfolio.md), or an example of the library: "midnotts";
    - `gains`: which count, trial or calibrated, where both are there; `budget`: pounds, what is spent today if left out;
    - `deprived`: groups of whom `deprived_share` of the people must be;
    - `change_limit`: how far a service may change: 100 people, or "25%";
    - `weights`, `need`: by group; `capacity`: limits of resources, by name;
    - `fractions`: allow parts of people, for shadow prices that add up.

    Its table is `plan`: a row per service and group, with people, cost in GBP and QALYs now and in the plan.

    Raises `BadInput` with every problem of the file, and where no plan keeps all limits.

    >>> found = value("midnotts")
    >>> {"service", "n_now", "n_after", "decision"} <= set(found.plan.columns)
    True
    """
    from ui.commands.value import valued

    with _as_file(services, "services") as file:
        found = valued(
            str(file),
            gains=gains,
            budget=budget,
            deprived=",".join(_all(deprived)),
            deprived_share=deprived_share,
            change_limit="" if change_limit is None else str(change_limit),
            weights=_pairs(weights),
            need=_pairs(need),
            capacity=_pairs(capacity),
            fractions=fractions,
            seed=seed,
        )
    return ValueResult(found)


def _all(given: One | Sequence[One]) -> list[One]:
    """Several where several may be given: one alone is several of one."""
    return list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]


def _folder(calibration: ACalibration | None) -> Path | None:
    """The folder of a calibration."""
    if calibration is None:
        return None
    return calibration.folder if isinstance(calibration, CalibrationResult) else Path(calibration)


def _named(region: ARegion) -> str | Path | None:
    """Where a region was named; a loaded one bears its name."""
    return region if isinstance(region, str | Path) else None


def _pairs(given: Mapping[str, float] | None) -> str:
    """Numbers by name, as the command line writes them.

    >>> _pairs({"sessions": 4000, "beds": 2.5})
    'sessions=4000,beds=2.5'
    """
    return ",".join(f"{name}={number}" for name, number in (given or {}).items())


@contextmanager
def _as_file(given: ATable, name: str) -> Iterator[Path]:
    """A file as it is; a table as a CSV for as long as it is read, so that it is looked at as a file is."""
    if isinstance(given, str | Path):
        yield Path(given)
        return
    from pathways.files.writing import csv_text, write_text

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        write_text(path, csv_text(given))
        yield path
