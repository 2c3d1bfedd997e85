"""From a planner's figures to joint draws: the whole calibration, with its checks and its verdict.

Targets that nothing in the ranges of the quantities can give end it before any fitting: a range or a figure is wrong
then, and a fit would only hide which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import perf_counter

import numpy as np
import pandas as pd

from calibration.diagnostics.back_test import BackTest, back_test
from calibration.diagnostics.checks import another_method, another_seed
from calibration.diagnostics.identifiability import knowledge, worth_collecting
from calibration.diagnostics.prior_predictive import Placed, placed
from calibration.diagnostics.simulated_truths import global_sbc, local_sbc
from calibration.diagnostics.verdict import Checks, Verdict, judged
from calibration.fitting.fit import fit
from calibration.fitting.found import Fit, Runs
from calibration.fitting.neural import by_network, method_problems
from calibration.fitting.practices import PracticeFit, fit_practices
from calibration.fitting.runner import Runner, bank_of
from calibration.fitting.settings import NPE, Settings
from calibration.fitting.simulator import Simulator
from calibration.fitting.summaries import Summaries
from calibration.folder import joint_draws
from calibration.local_data.local_targets import LocalTargets
from calibration.reproduced import reproduced
from pathways import BadInput, Pathway, Problem, Region
from sim.batch.asked import too_much
from sim.batch.run_store import key_of
from sim.batch.threads import Progress
from sim.experiments.joint_draws import JointDraws
from sim.run import Case

FEWEST_RUNS = 400
"""Fewer runs than this in all leave nothing to learn from after the prior bank."""
MOST_FAILED = 0.5
"""Where more of the bank comes to nothing than this, nothing can be said of the prior."""
SAME_START_DAYS = 31
"""Lists at the beginning are handed on where the region begins no further from the targets than this."""


class NothingRuns(ValueError):
    """Most runs of the prior come to nothing."""


@dataclass(frozen=True)
class Calibration:
    """What a calibration found. `fit` and `draws` are None where the targets lie beyond the prior.

    `kept_back` are fitted quantities that are not handed on, because they tell of the lists at another date than the
    region's.
    """

    simulator: Simulator
    settings: Settings
    summaries: Summaries
    bank: Runs
    fit: Fit | None
    checks: Checks
    practices: PracticeFit | None
    verdict: Verdict
    draws: JointDraws | None
    kept_back: tuple[str, ...]
    seconds: float

    @property
    def targets(self) -> LocalTargets:
        """What it was fitted to."""
        return self.simulator.targets


def registered(region: Region) -> dict[str, float]:
    """People registered by practice."""
    return dict(zip(region.codes, region.people.sum(axis=(1, 2)).astype(float).tolist(), strict=True))


def calibrate(
    case: Case,
    region: Region,
    targets: LocalTargets,
    *,
    store: Path,
    settings: Settings,
    beyond_prior: bool = False,
    hold_out: bool = True,
    progress: Callable[[str], Progress | None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    stop: Event | None = None,
) -> Calibration:
    """Calibrates today's pathway in a region to its targets. Runs are kept in the folder `store` and found again.

    With `beyond_prior` targets outside of what the prior gives are fitted all the same, as near as may be. `hold_out`
    adds the back-test. Raises `BadInput` where the settings make no sense, `NothingRuns` where the ranges do not.
    """
    problems = settings_problems(settings)
    if problems:
        raise BadInput(problems)
    clock = perf_counter()
    simulator = Simulator(case, region, targets, settings.seed)
    summaries = Summaries(targets.figures, registered(region))
    if not len(summaries):
        raise BadInput([Problem("something_to_fit", targets.title, "no series has a value to fit.")])
    unweighable = method_problems(settings.method, summaries.weights)
    if unweighable:
        raise BadInput(unweighable)
    runner = Runner(simulator, summaries, folder=store, settings=settings, progress=progress, stop=stop)
    bank = bank_of(runner)
    if bank.failed > MOST_FAILED * settings.bank:
        raise NothingRuns(
            f"{bank.failed} of {settings.bank} runs with quantities drawn from their ranges came to nothing: no value "
            "for some figure, or shares above 1"
        )
    beyond = placed(bank, summaries)
    for row in beyond:
        say(f"{'Impossible' if row.impossible else 'Rare'} before any data: {row}.")
    if any(row.impossible for row in beyond) and not beyond_prior:
        checks = Checks(beyond)
        took = perf_counter() - clock
        return Calibration(
            simulator, settings, summaries, bank, None, checks, None, judged(None, checks), None, (), took
        )
    found = fit(runner, bank, say=say)
    if settings.method == NPE:
        found = by_network(found, runner)
    tested = back_test(runner, bank) if hold_out else None
    checks = _checked(found, beyond, tested, runner)
    verdict = judged(found, checks)
    practices = fit_practices(found, runner)
    names, kept_back = _handed_on(found, case.pathway, region)
    scores = pd.DataFrame(found.draws, columns=list(found.unknowns))[names]
    draws = joint_draws(
        scores,
        title=targets.title,
        verdict=verdict.short,
        region=region,
        pathway=case.pathway,
        practice_scores=practices.scores if practices else None,
    )
    return Calibration(
        simulator, settings, summaries, bank, found, checks, practices, verdict, draws, kept_back,
        perf_counter() - clock,
    )  # fmt: skip


def _checked(found: Fit, beyond: Sequence[Placed], tested: BackTest | None, runner: Runner) -> Checks:
    """All checks, one after another; `Stopped` between two of them where the user says so."""
    rng = np.random.default_rng([found.settings.seed, 2])
    known = knowledge(found)
    local = runner.then("checks", 0, lambda: local_sbc(found, rng))
    overall = runner.then("checks", 1, lambda: global_sbc(found, rng))
    seeds = runner.then("checks", 2, lambda: another_seed(found, rng))
    unclear = known.table.loc[known.table["status"] != "informed", "quantity"].tolist()
    worth = worth_collecting(found, unclear)
    return Checks(beyond, known, reproduced(found), local, overall, seeds, another_method(found), worth, tested)


def _handed_on(found: Fit, pathway: Pathway, region: Region) -> tuple[list[str], tuple[str, ...]]:
    """Which fitted quantities later runs use: those of the pathway, but for lists at another beginning."""
    start = found.simulator.targets.start
    apart = abs((region.about.start - start).days) > SAME_START_DAYS
    lists = {service.waiting_per_100k for service in pathway.services.values()} if apart else set()
    own = [name for name in found.unknowns if name in pathway.quantities]
    return [name for name in own if name not in lists], tuple(name for name in own if name in lists)


def settings_problems(settings: Settings) -> list[Problem]:
    """What is wrong with the settings, in the words of the command line."""
    said = [
        ("runs", settings.runs, FEWEST_RUNS, "fewer runs cannot tell anything"),
        ("workers", settings.workers, 1, "somebody has to do it"),
        ("unknowns", settings.unknowns, 1, "something has to be fitted"),
    ]
    problems = [
        Problem(name, f"--{name} {number}", f"write a whole number from {least}: {why}.")
        for name, number, least, why in said
        if number < least
    ]
    if settings.seed < 0:
        problems.append(Problem("seed", f"--seed {settings.seed}", "write a whole number from 0."))
    problems += too_much(runs=settings.runs, workers=settings.workers, unknowns=settings.unknowns, seed=settings.seed)
    return problems + method_problems(settings.method)


def calibration_key(region: str, targets: LocalTargets, settings: Settings) -> str:
    """Stands for what a calibration was asked: a folder with other runs in it is not taken up by mistake."""
    asked = {"runs": settings.runs, "seed": settings.seed, "most": settings.unknowns, "method": settings.method}
    return key_of(region=region, targets=targets.digest, **asked)
